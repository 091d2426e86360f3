// SPDX-License-Identifier: MIT
// Command: one word of nettunectl. The table of them in main.cpp is the program, and its --help.
#pragma once

#include <span>
#include <string_view>

namespace nettune::ctl {

// Exit statuses, as those of diff(1).
inline constexpr int exit_ok = 0;       ///< in sync, or done
inline constexpr int exit_differs = 1;  ///< at least one key is not as declared
inline constexpr int exit_trouble = 2;  ///< no answer: bad arguments, a faulty file, no right

/// What follows the command's word. Views of argv.
using Arguments = std::span<const std::string_view>;

struct Example {
  std::string_view line;
  std::string_view meaning;
};

struct Command {
  std::string_view name;
  std::string_view arguments;  ///< for the usage line: "[PROFILE|FILE]"
  std::string_view summary;    ///< one line for the list of commands
  std::string_view details;    ///< paragraphs for the command's own --help
  std::span<const Example> examples;
  int (*run)(const Command& self, Arguments arguments);  ///< gives the exit status
};

extern const Command apply_command;
extern const Command audit_command;
extern const Command check_command;
extern const Command confirm_command;
extern const Command export_command;
extern const Command import_command;
extern const Command list_command;
extern const Command show_command;
extern const Command explain_command;
extern const Command plan_command;
extern const Command recommend_command;
extern const Command revert_command;
extern const Command run_command;
extern const Command sockets_command;

// Of nettunectl-bus.
extern const Command status_command;
extern const Command activate_command;
extern const Command deactivate_command;
extern const Command reload_command;
extern const Command monitor_command;
extern const Command history_command;

}  // namespace nettune::ctl
