// SPDX-License-Identifier: MIT
#include "input/socket_preset.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "engine/foreign/load.hpp"
#include "engine/profile/socket_preset.hpp"
#include "input/chosen_profile.hpp"
#include "input/machine.hpp"
#include "input/profile_arguments.hpp"
#include "nettune/nettune.h"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

constexpr const char* usual_profile = "server-base";

// The line as the library writes it: what it does not take is said.
std::optional<std::string> as_written(const std::string& line) {
  std::array<char, 8192> text{};
  nettune_preset* preset = nullptr;
  if (nettune_preset_line(line.c_str(), &preset, text.data(), text.size()) != 0) {
    complain(fmt::format("--preset: {}", text.data()));
    return std::nullopt;
  }
  nettune_preset_text(preset, text.data(), text.size());
  nettune_preset_unref(preset);
  return text.data();
}

// The profile `name`, or the usual one; nullopt: why was said.
std::optional<profile::Profile> load(const std::string& name) {
  const std::optional<Machine> machine = open_machine({});
  if (!machine) return std::nullopt;
  const profile::Store store = make_store("", machine->host.kernel);
  std::string argument = name.empty() ? active_profile(*machine) : name;
  if (argument.empty()) argument = usual_profile;
  Diagnostics diagnostics;
  auto loaded = told(profile::load_profile(store, "", argument, diagnostics));
  if (loaded && !diagnostics.has_errors()) return loaded;
  print_error(format_all(diagnostics, look_at_terminal(STDERR_FILENO)));
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<std::string>> preset_names(const std::string& profile) {
  const std::optional<profile::Profile> loaded = load(profile);
  if (!loaded) return std::nullopt;
  std::vector<std::string> names;
  for (const profile::SocketPreset& one : loaded->presets()) names.push_back(one.name);
  return names;
}

std::optional<ChosenPreset> choose_preset(const std::string& preset, const std::string& profile) {
  if (preset.find('=') != std::string::npos) {
    if (!profile.empty()) {
      complain("--preset gives a line of options, and --profile a profile; give one of them");
      return std::nullopt;
    }
    if (const std::optional<std::string> line = as_written(preset)) {
      return ChosenPreset{*line, "the given line"};
    }
    return std::nullopt;
  }
  const std::optional<profile::Profile> loaded = load(profile);
  if (!loaded) return std::nullopt;
  const std::string name = preset.empty() ? "default" : preset;
  const auto found = std::ranges::find(loaded->presets(), name, &profile::SocketPreset::name);
  if (found == loaded->presets().end()) {
    std::string names;
    for (const profile::SocketPreset& one : loaded->presets()) {
      names += (names.empty() ? "" : ", ") + one.name;
    }
    complain(fmt::format("the profile {} has no preset \"{}\"; {}", loaded->name(), printable(name),
                         names.empty() ? "it has none" : "it has " + names));
    return std::nullopt;
  }
  const std::optional<std::string> line = as_written(profile::to_line(*found));
  if (!line) return std::nullopt;
  return ChosenPreset{*line, fmt::format("{} of {}", name, loaded->name())};
}

}  // namespace nettune::ctl
