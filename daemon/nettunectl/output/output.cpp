// SPDX-License-Identifier: MIT
#include "output/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "command.hpp"
#include "engine/debug_switch.hpp"
#include "engine/diagnostic.hpp"
#include "engine/file/replace.hpp"
#include "engine/result.hpp"

namespace nettune::ctl {
namespace {

constinit bool ignored_before = false;

}  // namespace

void ignore_sigpipe() { ignored_before = std::signal(SIGPIPE, SIG_IGN) == SIG_IGN; }

void restore_sigpipe() {
  if (!ignored_before) std::signal(SIGPIPE, SIG_DFL);
}

int print(std::string_view text, int status) {
  const int number = write_all(STDOUT_FILENO, text);
  if (number == 0 || number == EPIPE) return status;
  complain(describe(Error{number, "write", "standard output"}));
  return exit_trouble;
}

void complain(std::string_view message) {
  std::string line = "nettunectl: ";
  line += printable(message);
  line += '\n';
  print_error(line);
}

void look_at_log_level(bool complains) {
  const std::expected<bool, std::string> asked = wants_debug(::secure_getenv("NETTUNE_LOG"));
  is_debugging = asked.value_or(false);
  if (!asked && complains) complain("warning: " + asked.error());
}

void debug_line(std::string_view message) { complain(fmt::format("debug: {}", message)); }

void print_error(std::string_view text) {
  // Where even standard error is closed, nobody is left to be told; the exit status still speaks.
  static_cast<void>(write_all(STDERR_FILENO, text));
}

}  // namespace nettune::ctl
