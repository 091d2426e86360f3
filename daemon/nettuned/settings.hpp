// SPDX-License-Identifier: MIT
// Settings: what /etc/nettune/nettuned.yaml says, read as strictly as a profile.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "engine/diagnostic.hpp"
#include "engine/profile/profile.hpp"

namespace nettune::daemon {

struct Settings {
  std::string profile;  ///< active until `activate` or `deactivate` says otherwise; "" for none
  /// What is done about drift, whatever the profiles say.
  std::optional<profile::OnDrift> on_drift;
  std::chrono::nanoseconds sweep = std::chrono::minutes(5);  ///< a second at least
  /// A key that was restored so often within that time is contested when it changes once more.
  unsigned contest_restores = 5;
  std::chrono::nanoseconds contest_within = std::chrono::seconds(60);
};

/// Reads `text`, the file called `name`. nullopt where it has a fault, which is a diagnostic.
std::optional<Settings> parse_settings(std::string name, std::string text,
                                       Diagnostics& diagnostics);

/// Reads the file at `path`; what a missing one means are the defaults. nullopt as above, or where
/// it can't be read.
std::optional<Settings> load_settings(const std::string& path, Diagnostics& diagnostics);

}  // namespace nettune::daemon
