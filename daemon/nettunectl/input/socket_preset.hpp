// SPDX-License-Identifier: MIT
// Which preset a command means: a preset of a profile, by its name, or one given as a line.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace nettune::ctl {

struct ChosenPreset {
  std::string line;  ///< as libnettune writes it
  std::string name;  ///< "latency of server-base", "the given line"
};

/// `preset`: a name, "" for "default", or a line (it holds "="). `profile`: a profile's name or
/// file; "" for the active one, else server-base, which has the presets that ship. nullopt: there
/// is no such, or it has a fault, which was said on standard error.
std::optional<ChosenPreset> choose_preset(const std::string& preset, const std::string& profile);

/// The names of the presets of such a profile, as they stand in it.
std::optional<std::vector<std::string>> preset_names(const std::string& profile);

}  // namespace nettune::ctl
