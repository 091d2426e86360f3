// SPDX-License-Identifier: MIT
// Output: the only file that writes to the standard streams. A command makes one text and hands it
// over, so that a reader never sees half an answer followed by an error.
#pragma once

#include <string_view>

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

/// `text` as it is on standard error: diagnostics, which are already fit for a terminal.
void print_error(std::string_view text);

}  // namespace nettune::ctl
