// SPDX-License-Identifier: MIT
#include "input/options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <type_traits>

#include "engine/diagnostic.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {
namespace {

// "-q,--quiet" as "-q, --quiet".
std::string spaced(std::string_view names) {
  const std::size_t comma = names.find(',');
  if (comma == std::string_view::npos) return fmt::format("    {}", names);
  return fmt::format("{}, {}", names.substr(0, comma), names.substr(comma + 1));
}

bool is_plain(std::string_view argument) { return !argument.empty() && argument.front() != '-'; }

}  // namespace

void Options::flag(const char* names, bool& target, std::string_view meaning) {
  options_.push_back({names, "", std::string(meaning), &target});
}

void Options::option(const char* names, std::string_view value, std::string& target,
                     std::string_view meaning) {
  options_.push_back({names, value, std::string(meaning), &target});
}

void Options::choice(const char* names, std::string& target,
                     std::initializer_list<const char*> choices, std::string_view meaning) {
  options_.push_back({names, "", std::string(meaning), &target, {choices}, target});
}

void Options::argument(const char* name, std::string& target, bool required) {
  options_.push_back({name, "", "", &target, {}, "", required});
}

void Options::arguments(const char* name, std::vector<std::string>& target, bool required) {
  options_.push_back({name, "", "", &target, {}, "", required});
}

std::string Options::name_near(std::string_view word) const {
  std::vector<std::string_view> names;
  for (const Option& option : options_) {
    const std::string_view text = option.names;
    const std::size_t begin = text.find("--");
    if (begin != std::string_view::npos) names.push_back(text.substr(begin));
  }
  names.push_back("--help");
  return std::string(nearest(word.substr(0, word.find('=')), names));
}

int Options::refuse(std::string_view message) const {
  complain(
      fmt::format("{}: {}; see \"nettunectl {} --help\"", command_.name, message, command_.name));
  return exit_trouble;
}

// Where there is no option among them. False: too many, which CLI11 finds words for.
bool Options::take_plain(Arguments arguments) const {
  auto next = arguments.begin();
  for (const Option& option : options_) {
    if (!option.is_argument() || next == arguments.end()) continue;
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&option.target)) {
      (*list)->assign(next, arguments.end());
      next = arguments.end();
    } else {
      *std::get<std::string*>(option.target) = *next++;
    }
  }
  return next == arguments.end();
}

std::optional<int> Options::take_with_options(Arguments arguments) const {
  CLI::App app;
  app.set_help_flag("-h,--help");
  app.allow_extras();
  for (const Option& option : options_) {
    std::visit(
        [&](auto* target) {
          if constexpr (std::is_same_v<decltype(target), bool*>) {
            app.add_flag(option.names, *target);
          } else {
            app.add_option(option.names, *target);
          }
        },
        option.target);
  }
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return print(help(), exit_ok);
  } catch (const CLI::ParseError& error) {
    // CLI11's own sentences: "--format: 1 required TEXT missing".
    std::string message = error.what();
    for (char& c : message) {
      if (c == '\n') c = ' ';
    }
    if (error.get_name() == "ArgumentMismatch") {
      message = fmt::format("{} needs a value", message.substr(0, message.find(':')));
    }
    return refuse(message);
  }
  std::vector<std::string> extras = app.remaining();
  std::erase(extras, "--");  // CLI11 2.1 counts the mark itself among what it did not take
  if (!extras.empty()) {
    const std::string& extra = extras.front();
    if (!extra.starts_with('-')) return refuse(fmt::format("unexpected argument \"{}\"", extra));
    const std::string near = name_near(extra);
    return refuse(fmt::format("unknown option \"{}\"{}", extra,
                              near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  // A script's variable that was never set must not read as "not given".
  for (const CLI::Option* option : app.get_options()) {
    if (std::ranges::find(option->results(), "") == option->results().end()) continue;
    return refuse(fmt::format("{} is given an empty value", option->get_name()));
  }
  return std::nullopt;
}

std::optional<int> Options::parse(Arguments arguments) {
  // A tenth of a short command's time is CLI11's: most are called with a name alone.
  if (!std::ranges::all_of(arguments, is_plain) || !take_plain(arguments)) {
    if (const std::optional<int> status = take_with_options(arguments)) return status;
  }
  for (const Option& option : options_) {
    const auto* const* text = std::get_if<std::string*>(&option.target);
    if (option.choices.empty() ||
        std::ranges::find(option.choices, **text) != option.choices.end()) {
      continue;
    }
    std::string list;
    for (const char* const& name : option.choices) {
      if (!list.empty()) list += &name == &option.choices.back() ? " or " : ", ";
      list += name;
    }
    return refuse(fmt::format("{} takes {}, not \"{}\"", option.names, list, **text));
  }
  for (const Option& option : options_) {
    if (!option.is_required) continue;
    const auto* const* text = std::get_if<std::string*>(&option.target);
    const auto* const* list = std::get_if<std::vector<std::string>*>(&option.target);
    if (text != nullptr ? (*text)->empty() : (*list)->empty()) {
      return refuse(fmt::format("no {} is given", option.names));
    }
  }
  return std::nullopt;
}

std::string Options::help() const {
  const Terminal terminal = look_at_terminal(STDOUT_FILENO);
  std::string out;
  out += paint(terminal, Ink::bold, "usage:");
  std::string arguments(command_.arguments);
  if (arguments.starts_with("--")) {  // what follows is another program's
    arguments.insert(0, "[options] ");
  } else {
    arguments += arguments.empty() ? "[options]" : " [options]";
  }
  out += fmt::format(" nettunectl {} {}\n\n", command_.name, arguments);
  // A pipe has no limit, but help is prose: 80 columns there.
  Terminal prose = terminal;
  prose.width = std::min<std::size_t>(terminal.width, 80);
  std::string_view rest = command_.details;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    append_wrapped(out, prose, "", "", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    out += '\n';
  }
  out += paint(terminal, Ink::bold, "options:");
  out += '\n';
  struct Row {
    std::string left, meaning;
  };
  std::vector<Row> rows;
  for (const Option& option : options_) {
    if (option.is_argument()) continue;
    Row& row = rows.emplace_back(spaced(option.names), option.meaning);
    if (!option.choices.empty()) {
      row.left += fmt::format(" {}", fmt::join(option.choices, "|"));
      row.meaning += fmt::format(" (default: {})", option.usual);
    } else if (!option.value.empty()) {
      row.left += fmt::format(" {}", option.value);
    }
  }
  rows.emplace_back("-h, --help", "this text");
  std::size_t left = 0;
  for (const Row& row : rows) left = std::max(left, row.left.size());
  left = std::min<std::size_t>(left, 30);
  for (const Row& row : rows) {
    const std::string indent(left + 4, ' ');
    if (prose.width < left + 24) {
      append_wrapped(out, prose, "  ", "    ", row.left, Ink::cyan);
      append_wrapped(out, prose, "    ", "    ", row.meaning);
    } else if (row.left.size() > left) {
      out += "  " + paint(terminal, Ink::cyan, row.left) + "\n";
      append_wrapped(out, prose, indent, indent, row.meaning);
    } else {
      const std::string first = "  " + pad(paint(terminal, Ink::cyan, row.left), left + 2);
      append_wrapped(out, prose, first, indent, row.meaning);
    }
  }
  if (command_.examples.empty()) return out;
  out += '\n';
  out += paint(terminal, Ink::bold, "examples:");
  out += '\n';
  for (const Example& example : command_.examples) {
    out += fmt::format("  {}\n", example.line);
    append_wrapped(out, prose, "      ", "      ", example.meaning, Ink::dim);
  }
  return out;
}

}  // namespace nettune::ctl
