// SPDX-License-Identifier: MIT
// The commands that ask nettuned: they are in a program of their own, nettunectl-bus, so that no
// other command pays for loading the bus's library.
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

#include "command.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

constexpr std::string_view helper = "nettunectl-bus";

// Beside this program where it was built, else where it is installed.
std::string helper_path() {
  char self[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
  if (size > 0) {
    std::string path(self, static_cast<std::size_t>(size));
    path.erase(path.rfind('/') + 1);
    path += helper;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return fmt::format("{}/{}", NETTUNE_LIBEXEC_DIR, helper);
}

int run_helper(const Command& self, Arguments arguments) {
  const std::string path = helper_path();
  std::vector<std::string> texts{std::string(helper), std::string(self.name)};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  words.reserve(texts.size() + 1);
  for (std::string& text : texts) words.push_back(text.data());
  words.push_back(nullptr);
  debug("starting {}", path);
  ::execv(path.c_str(), words.data());
  const int error = errno;
  complain(fmt::format("{} can't be run: {}", path, std::strerror(error)));
  if (error == ENOENT) {
    complain(
        fmt::format("\"{}\" is about the service, and needs nettune to be installed", self.name));
  }
  return exit_trouble;
}

constexpr Command asking(std::string_view name, std::string_view summary) {
  return {name, "", summary, "", {}, run_helper};
}

}  // namespace

const Command status_command = asking("status", "ask the service what is in force");
const Command activate_command = asking("activate", "have the service put a profile in force");
const Command deactivate_command =
    asking("deactivate", "have the service put back what it changed and keep no profile");
const Command reload_command = asking("reload", "have the service read the profile again");
const Command monitor_command = asking("monitor", "watch what the service sees, line by line");
const Command history_command =
    asking("history", "read from the journal who changed what, and when");

}  // namespace nettune::ctl
