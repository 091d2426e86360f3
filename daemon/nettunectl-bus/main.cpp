// SPDX-License-Identifier: MIT
// nettunectl-bus: the commands of nettunectl that ask nettuned. nettunectl runs it; people do not.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

constexpr std::array commands = {&status_command, &activate_command, &deactivate_command,
                                 &reload_command, &monitor_command,  &history_command};

int run(const std::vector<std::string_view>& arguments) {
  if (!arguments.empty()) {
    const auto* const found = std::ranges::find_if(
        commands, [&](const Command* command) { return command->name == arguments.front(); });
    if (found != commands.end()) {
      return (*found)->run(**found, Arguments(arguments).subspan(1));
    }
  }
  complain("this program is a part of nettunectl; see \"nettunectl --help\"");
  return exit_trouble;
}

}  // namespace
}  // namespace nettune::ctl

int main(int argc, char** argv) {
  // A reader that has seen enough is no error: print() is told by EPIPE instead of a signal.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    nettune::ctl::look_at_log_level(false);  // nettunectl has complained
    return nettune::ctl::run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::exception& error) {
    nettune::ctl::complain(fmt::format("internal error: {}", error.what()));
  }
  return nettune::ctl::exit_trouble;
}
