// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "engine/diagnostic.hpp"
#include "output.hpp"
#include "terminal.hpp"

namespace nettune::ctl {

struct Options::Parser {
  struct Choice {
    std::string name;
    std::string* target;
    std::vector<std::string> choices;
  };
  CLI::App app;
  std::vector<Choice> choices;
  std::vector<std::pair<std::string, const std::string*>> required;
  std::vector<std::pair<std::string, const std::vector<std::string>*>> required_lists;
};

Options::Options(const Command& command) : command_(command), parser_(std::make_unique<Parser>()) {
  parser_->app.set_help_flag("-h,--help");
  parser_->app.allow_extras();
}

Options::~Options() = default;

void Options::show(const char* names, std::string_view value, std::string meaning) {
  const std::string_view text = names;
  const std::size_t comma = text.find(',');
  std::string left;
  if (comma == std::string_view::npos) {
    left = fmt::format("    {}", text);
  } else {
    left = fmt::format("{}, {}", text.substr(0, comma), text.substr(comma + 1));
  }
  if (!value.empty()) left += fmt::format(" {}", value);
  shown_.push_back({std::move(left), std::move(meaning)});
}

void Options::flag(const char* names, bool& target, std::string_view meaning) {
  parser_->app.add_flag(names, target);
  show(names, "", std::string(meaning));
}

void Options::option(const char* names, std::string_view value, std::string& target,
                     std::string_view meaning) {
  parser_->app.add_option(names, target);
  show(names, value, std::string(meaning));
}

void Options::choice(const char* names, std::string& target,
                     std::initializer_list<const char*> choices, std::string_view meaning) {
  parser_->app.add_option(names, target);
  std::string list;
  for (const char* name : choices) {
    if (!list.empty()) list += '|';
    list += name;
  }
  show(names, list, fmt::format("{} (default: {})", meaning, target));
  parser_->choices.push_back({names, &target, {choices.begin(), choices.end()}});
}

void Options::argument(const char* name, std::string& target, bool required) {
  parser_->app.add_option(name, target);
  if (required) parser_->required.emplace_back(name, &target);
}

void Options::arguments(const char* name, std::vector<std::string>& target) {
  parser_->app.add_option(name, target);
  parser_->required_lists.emplace_back(name, &target);
}

std::string Options::name_near(std::string_view word) const {
  std::vector<std::string> names;
  for (const CLI::Option* option : parser_->app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return std::string(nearest(word.substr(0, word.find('=')), views));
}

int Options::refuse(std::string_view message) const {
  complain(
      fmt::format("{}: {}; see \"nettunectl {} --help\"", command_.name, message, command_.name));
  return exit_trouble;
}

std::optional<int> Options::parse(Arguments arguments) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    parser_->app.parse(reversed);
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
  std::vector<std::string> extras = parser_->app.remaining();
  std::erase(extras, "--");  // CLI11 2.1 counts the mark itself among what it did not take
  if (!extras.empty()) {
    const std::string& extra = extras.front();
    if (!extra.starts_with('-')) return refuse(fmt::format("unexpected argument \"{}\"", extra));
    const std::string near = name_near(extra);
    return refuse(fmt::format("unknown option \"{}\"{}", extra,
                              near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  // A script's variable that was never set must not read as "not given".
  for (const CLI::Option* option : parser_->app.get_options()) {
    if (std::ranges::find(option->results(), "") == option->results().end()) continue;
    return refuse(fmt::format("{} is given an empty value", option->get_name()));
  }
  for (const Parser::Choice& choice : parser_->choices) {
    if (std::ranges::find(choice.choices, *choice.target) != choice.choices.end()) continue;
    std::string list;
    for (const std::string& name : choice.choices) {
      if (!list.empty()) list += &name == &choice.choices.back() ? " or " : ", ";
      list += name;
    }
    return refuse(fmt::format("{} takes {}, not \"{}\"", choice.name, list, *choice.target));
  }
  for (const auto& [name, target] : parser_->required) {
    if (target->empty()) return refuse(fmt::format("{} is missing", name));
  }
  for (const auto& [name, target] : parser_->required_lists) {
    if (target->empty()) return refuse(fmt::format("{} is missing", name));
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
  std::vector<Shown> rows = shown_;
  rows.push_back({"-h, --help", "this text"});
  std::size_t left = 0;
  for (const Shown& row : rows) left = std::max(left, row.left.size());
  left = std::min<std::size_t>(left, 30);
  for (const Shown& row : rows) {
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
