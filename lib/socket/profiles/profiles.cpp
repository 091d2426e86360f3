// SPDX-License-Identifier: MIT
// libnettune-profiles.so: a preset of a profile as one line of text. See ../profiles.hpp.
#include "../profiles.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "engine/change/state.hpp"
#include "engine/diagnostic.hpp"
#include "engine/file/read.hpp"
#include "engine/foreign/load.hpp"
#include "engine/profile/host.hpp"
#include "engine/profile/socket_preset.hpp"
#include "engine/profile/store.hpp"

namespace nettune {
namespace {

// What shipped with the machine's nettune: where no profile is active, its presets are still there.
constexpr const char* usual_profile = "server-base";

profile::Store make_store() {
  if (const char* path = ::secure_getenv("NETTUNE_PROFILE_PATH");
      path != nullptr && *path != '\0') {
    return profile::Store(profile::Store::split_directories(path));
  }
  std::vector<std::string> directories = profile::Store::default_directories("");
  if (std::ranges::find(directories, NETTUNE_PROFILE_DIR) == directories.end()) {
    directories.emplace_back(NETTUNE_PROFILE_DIR);
  }
  return profile::Store(std::move(directories));
}

// The active profile: what the state of this network namespace names, else what was chosen.
std::string active_profile() {
  if (const auto place = change::find_place("")) {
    const auto state = change::look_at_state("/run/nettune", *place);
    if (state && !state->profile.empty()) return state->profile;
  }
  constexpr std::size_t longest_path = 4096;
  Result<std::string> chosen = read_file("/var/lib/nettune/active", longest_path);
  if (!chosen) return {};
  chosen->erase(std::min(chosen->find('\n'), chosen->size()));
  return *std::move(chosen);
}

int answer(std::string_view text, int status, char* line, std::size_t size) {
  const std::size_t fits = std::min(text.size(), size - 1);
  std::memcpy(line, text.data(), fits);
  line[fits] = '\0';
  return status == 0 && fits < text.size() ? -ENOBUFS : status;
}

// One fault that lies in no file is a sentence; others are shown with their lines.
std::string faults(Diagnostics& diagnostics) {
  if (diagnostics.list.size() != 1 || diagnostics.list.front().origin.source != nullptr) {
    return format_errors(diagnostics);
  }
  std::string text = diagnostics.list.front().message;
  if (!diagnostics.list.front().help.empty()) text += "; " + diagnostics.list.front().help;
  std::ranges::replace(text, '\n', ' ');
  return text;
}

int read(std::string argument, bool is_path, std::string_view name, char* line, std::size_t size) {
  const profile::Store store = make_store();
  if (argument.empty()) argument = active_profile();
  if (argument.empty()) argument = usual_profile;
  if (is_path && argument.find('/') == std::string::npos) argument.insert(0, "./");

  const bool names_file = argument.find('/') != std::string::npos;
  const bool is_there = names_file ? ::access(argument.c_str(), F_OK) == 0 || errno != ENOENT
                                   : store.find(argument).has_value();
  std::vector<Error> problems;
  if (!is_there && !names_file && store.list(problems).empty() && problems.empty()) {
    return answer(fmt::format("no profiles are installed: they are in the package nettune; needed "
                              "for the preset \"{}\"; searched: {}",
                              printable(name), fmt::join(store.directories(), ", ")),
                  -ENOENT, line, size);
  }
  Diagnostics diagnostics;
  const std::optional<profile::Profile> profile =
      profile::load_profile(store, "", argument, diagnostics);
  if (!profile || diagnostics.has_errors()) {
    return answer(faults(diagnostics), is_there ? -EINVAL : -ENOENT, line, size);
  }
  const auto found = std::ranges::find(profile->presets(), name, &profile::SocketPreset::name);
  if (found == profile->presets().end()) {
    std::string names;
    for (const profile::SocketPreset& preset : profile->presets()) {
      names += (names.empty() ? "" : ", ") + preset.name;
    }
    return answer(fmt::format("the profile {} has no preset \"{}\"; {}", profile->name(),
                              printable(name), names.empty() ? "it has none" : "it has " + names),
                  -ENOENT, line, size);
  }
  return answer(profile::to_line(*found), 0, line, size);
}

}  // namespace
}  // namespace nettune

extern "C" __attribute__((visibility("default"))) int nettune_profiles_line(
    const char* profile, bool is_path, const char* preset, char* line, std::size_t size) noexcept {
  try {
    return nettune::read(profile, is_path, preset, line, size);
  } catch (const std::bad_alloc&) {
    return nettune::answer("out of memory", -ENOMEM, line, size);
  } catch (const std::exception& error) {
    return nettune::answer(error.what(), -EINVAL, line, size);
  }
}
