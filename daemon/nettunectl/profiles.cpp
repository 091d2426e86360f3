// SPDX-License-Identifier: MIT
#include "profiles.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace nettune::ctl {

profile::Store make_store(const std::string& root) {
  std::vector<std::string> directories;
  if (const char* path = secure_getenv("NETTUNE_PROFILE_PATH"); path != nullptr && *path != '\0') {
    for (std::string_view rest = path; !rest.empty();) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (end > 0) directories.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return profile::Store(std::move(directories));
  }
  directories = profile::Store::default_directories(root);
  const auto add = [&](const char* directory) {
    if (std::ranges::find(directories, directory) == directories.end()) {
      directories.emplace_back(directory);
    }
  };
  add(NETTUNE_PROFILE_DIR);
  // Of a build that is not installed. Where it is installed, the folder may be somebody else's.
  struct stat status{};
  if (access(NETTUNE_PROFILE_DIR, F_OK) != 0 && stat(NETTUNE_BUILD_PROFILE_DIR, &status) == 0 &&
      S_ISDIR(status.st_mode)) {
    add(NETTUNE_BUILD_PROFILE_DIR);
  }
  return profile::Store(std::move(directories));
}

FileKind kind_of(const std::string& argument) {
  const std::string_view name = std::string_view(argument).substr(argument.rfind('/') + 1);
  if (name == "tuned.conf") return FileKind::tuned;
  if (name.ends_with(".conf")) return FileKind::sysctl_d;
  return FileKind::yaml;
}

std::optional<profile::Profile> load_profile(const profile::Store& store, const std::string& root,
                                             const std::string& argument,
                                             Diagnostics& diagnostics) {
  static_cast<void>(root);
  return store.load(argument, diagnostics);
}

std::vector<profile::Profile> load_all(const profile::Store& store, const std::string& root,
                                       const std::vector<std::string>& arguments,
                                       Diagnostics& diagnostics) {
  std::vector<profile::Profile> profiles;
  for (const std::string& argument : arguments) {
    if (auto profile = load_profile(store, root, argument, diagnostics)) {
      profiles.push_back(std::move(*profile));
    }
  }
  return profiles;
}

std::string format_all(Diagnostics& diagnostics, const Terminal& terminal) {
  sort_and_cut(diagnostics);
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    out += format_diagnostic(diagnostic, {terminal.colour, terminal.unicode});
  }
  return out;
}

}  // namespace nettune::ctl
