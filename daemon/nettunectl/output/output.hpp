// SPDX-License-Identifier: MIT
// Output: the only file that writes to the standard streams. A command makes one text and hands it
// over, so that a reader never sees half an answer followed by an error.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace nettune::ctl {

/// From here on print() is told by EPIPE of a reader that has seen enough, instead of a signal.
void ignore_sigpipe();
/// For a program that is started in this one's place: as it was before.
void restore_sigpipe();

/// Writes `text` to standard output and returns `status`. A reader that has gone away is no error;
/// a full disk is: it is said on standard error, and the status is then exit_trouble.
[[nodiscard]] int print(std::string_view text, int status);

/// "nettunectl: MESSAGE" on standard error, made fit for a terminal.
void complain(std::string_view message);

/// Whether what a command does is told as it does it; set once, by main().
inline constinit bool is_debugging = false;
/// As NETTUNE_LOG has it; why that is ignored is said on standard error where `complains`.
void look_at_log_level(bool complains);

/// "nettunectl: debug: MESSAGE" on standard error, made fit for a terminal.
void debug_line(std::string_view message);
template <class... Values>
void debug(fmt::format_string<Values...> text, Values&&... values) {
  if (is_debugging) debug_line(fmt::format(text, std::forward<Values>(values)...));
}

/// `text` as it is on standard error: diagnostics, which are already fit for a terminal.
void print_error(std::string_view text);

}  // namespace nettune::ctl
