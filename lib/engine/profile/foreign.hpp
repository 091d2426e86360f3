// SPDX-License-Identifier: MIT
// Files of other tools as profiles: a sysctl.d file or a TuneD profile is audited by what the
// kernel holds after its lines are written, and linted for what its author may not expect.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/profile/profile.hpp"

namespace nettune::profile {

/// The sysctl.d files at `paths` as one profile, read in this order: as with systemd-sysctl, a
/// later line wins over an earlier one, and a named key over a glob. Errors are lines that a loader
/// or the kernel refuses; warnings are lines that do something else than they seem to. nullopt
/// where a file cannot be read; lines with errors are left out of the profile.
std::optional<Profile> load_sysctl_d(const std::vector<std::string>& paths,
                                     Diagnostics& diagnostics);

/// The TuneD profile called `name_or_path` (a path holds a slash or ends in .conf) with all that it
/// includes, looked for below `root`. What TuneD alone can compute is left out, with a warning.
std::optional<Profile> load_tuned(const std::string& name_or_path, const std::string& root,
                                  Diagnostics& diagnostics);

}  // namespace nettune::profile
