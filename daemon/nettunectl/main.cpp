// SPDX-License-Identifier: MIT
// nettunectl: the table of commands, and the border where other people's exceptions end.
#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "command.hpp"
#include "engine/diagnostic.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {
namespace {

constexpr std::array commands = {
    &audit_command,    &plan_command,       &apply_command,  &confirm_command, &revert_command,
    &check_command,    &list_command,       &show_command,   &explain_command, &recommend_command,
    &import_command,   &export_command,     &run_command,    &sockets_command, &status_command,
    &activate_command, &deactivate_command, &reload_command, &monitor_command, &history_command,
};

std::string help() {
  Terminal terminal = look_at_terminal(STDOUT_FILENO);
  terminal.width = std::min<std::size_t>(terminal.width, 80);
  std::string out;
  out += paint(terminal, Ink::bold, "usage:");
  out += " nettunectl COMMAND [options]\n\n";
  append_wrapped(
      out, terminal, "", "",
      "Says exactly where a host's network sysctls differ from a profile, and why; and makes "
      "them agree.");
  out += '\n';
  out += paint(terminal, Ink::bold, "commands:");
  out += '\n';
  for (const Command* command : commands) {
    const std::string first =
        "  " + paint(terminal, Ink::cyan, pad(std::string(command->name), 12));
    append_wrapped(out, terminal, first, std::string(14, ' '), command->summary);
  }
  out += '\n';
  out += paint(terminal, Ink::bold, "options:");
  out += '\n';
  out += "  -h, --help     this text; after a command: its own, with examples\n";
  out += "  -V, --version  the version\n\n";
  append_wrapped(out, terminal, "", "",
                 "NETTUNE_PROFILE_PATH: the folders to look for profiles in, separated by colons, "
                 "instead of the usual ones. NO_COLOR: no colours. NETTUNE_LOG=debug: what is "
                 "opened, read, written and asked.");
  return out;
}

int run(const std::vector<std::string_view>& arguments) {
  if (arguments.empty()) {
    print_error(help());
    return exit_trouble;
  }
  const std::string_view word = arguments.front();
  if (word == "--version" || word == "-V") {
    return print("nettunectl " NETTUNE_VERSION "\n", exit_ok);
  }
  const auto find = [](std::string_view name) -> const Command* {
    const auto found = std::ranges::find_if(
        commands, [&](const Command* command) { return command->name == name; });
    return found == commands.end() ? nullptr : *found;
  };
  const Arguments rest = Arguments(arguments).subspan(1);
  if (word == "--help" || word == "-h" || word == "help") {
    if (rest.empty()) return print(help(), exit_ok);
    if (const Command* command = find(rest.front())) {
      const std::vector<std::string_view> help_option = {"--help"};
      return command->run(*command, help_option);
    }
    return run({rest.front()});  // says that there is no such command
  }
  if (const Command* command = find(word)) return command->run(*command, rest);

  std::vector<std::string_view> names;
  names.reserve(commands.size() + 2);
  for (const Command* command : commands) names.push_back(command->name);
  names.insert(names.end(), {"--help", "--version"});
  const bool asks_version = word == "version" || word == "-v";
  const std::string_view near = asks_version ? "--version" : nearest(word, names);
  complain(fmt::format("unknown {} \"{}\"; {}", word.starts_with('-') ? "option" : "command", word,
                       near.empty() ? "see \"nettunectl --help\""
                                    : fmt::format("did you mean \"nettunectl {}\"?", near)));
  return exit_trouble;
}

}  // namespace
}  // namespace nettune::ctl

int main(int argc, char** argv) {
  nettune::ctl::ignore_sigpipe();
  // A command is short: what one stage frees serves the next, and does not go back to the kernel to
  // be asked for again, a page fault for each page.
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 16 << 20);
  try {
    nettune::ctl::look_at_log_level(true);
    return nettune::ctl::run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::bad_alloc&) {
    nettune::ctl::print_error(
        "nettunectl: out of memory; a change that is not complete is taken back by the next "
        "\"nettunectl apply\" or \"revert\"\n");
  } catch (const std::exception& error) {
    nettune::ctl::complain(fmt::format("internal error: {}", error.what()));
  }
  return nettune::ctl::exit_trouble;
}
