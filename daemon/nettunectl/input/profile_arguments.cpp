// SPDX-License-Identifier: MIT
#include "input/profile_arguments.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/foreign/load.hpp"
#include "engine/foreign/sysctl_d_order.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
profile::Store make_store(const std::string& root, sysctl::Version kernel) {
  if (const char* path = secure_getenv("NETTUNE_PROFILE_PATH"); path != nullptr && *path != '\0') {
    return profile::Store(profile::Store::split_directories(path), kernel);
  }
  std::vector<std::string> directories = profile::Store::default_directories(root);
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
  debug("looking for profiles in {}", fmt::join(directories, ", "));
  return profile::Store(std::move(directories), kernel);
}

std::optional<profile::Profile> told(std::optional<profile::Profile> profile) {
  if (!profile || !is_debugging) return profile;
  for (const SourcePtr& source : profile->sources()) debug("opened {}", source->name);
  return profile;
}

std::vector<profile::Profile> load_all(const profile::Store& store, const std::string& root,
                                       const std::vector<std::string>& arguments,
                                       Diagnostics& diagnostics) {
  std::vector<profile::Profile> profiles;
  std::vector<std::string> sysctl_files;
  for (const std::string& argument : arguments) {
    if (profile::kind_of(argument) == profile::FileKind::sysctl_d) {
      sysctl_files.push_back(argument);
    } else if (auto profile = told(load_profile(store, root, argument, diagnostics))) {
      profiles.push_back(std::move(*profile));
    }
  }
  profile::SysctlOrder order = profile::order_of_sysctl_d(std::move(sysctl_files));
  if (!order.read.empty()) {
    if (auto profile = told(profile::load_sysctl_d(order.read, diagnostics))) {
      profiles.push_back(std::move(*profile));
    }
  }
  for (const auto& [path, by] : order.masked) {
    auto profile = told(profile::load_sysctl_d({path}, diagnostics));
    if (!profile) continue;
    if (!profile->sources().empty()) {
      Diagnostic note;
      note.severity = Severity::note;
      note.origin.source = profile->sources().front().get();
      note.message = "systemd-sysctl does not read this file: " + printable(by) +
                     " has the same name and comes first";
      diagnostics.list.push_back(std::move(note));
    }
    profiles.push_back(std::move(*profile));
  }
  return profiles;
}

std::string short_origin(const std::string& origin, const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    const std::string folder = directory + (directory.ends_with('/') ? "" : "/");
    if (origin.starts_with(folder)) return origin.substr(folder.size());
  }
  return origin;
}

void fold_repeated(Diagnostics& diagnostics) {
  struct Folded {
    Diagnostic first;
    std::vector<int> others;  // lines
  };
  std::vector<Folded> all;
  std::map<std::tuple<const Source*, std::string, std::string>, std::size_t> places;
  for (Diagnostic& next : diagnostics.list) {
    const bool may_fold = next.severity == Severity::error && next.origin.line > 0;
    const auto [place, is_new] =
        may_fold ? places.try_emplace({next.origin.source, next.message, next.help}, all.size())
                 : std::pair(places.end(), true);
    if (is_new) {
      all.push_back({std::move(next), {}});
      continue;
    }
    Folded* const same = &all[place->second];
    same->others.push_back(next.origin.line);
    if (next.origin.line < same->first.origin.line) {
      std::swap(same->first.origin, next.origin);
      same->others.back() = next.origin.line;
    }
  }
  diagnostics.list.clear();
  for (Folded& one : all) {
    std::ranges::sort(one.others);
    const auto [end, last] = std::ranges::unique(one.others);
    one.others.erase(end, last);
    std::erase(one.others, one.first.origin.line);
    if (!one.others.empty()) {
      one.first.help +=
          fmt::format("{}the same in {} {}", one.first.help.empty() ? "" : "\n",
                      one.others.size() == 1 ? "line" : "lines", fmt::join(one.others, ", "));
    }
    diagnostics.list.push_back(std::move(one.first));
  }
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
