// SPDX-License-Identifier: MIT
// Files of other tools as profiles: a sysctl.d file or a TuneD profile is audited by what the
// kernel holds after its lines are written, and linted for what its author may not expect.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/profile/profile.hpp"
#include "engine/profile/store.hpp"

namespace nettune::profile {

/// What a foreign file says and its profile does not hold: a line, or a whole section.
struct LeftOut {
  Origin origin;
  std::string what;      ///< "kernel.panic", "[cpu]"; "" where the line names nothing
  std::string reason;    ///< one clause, no full stop
  bool is_value = true;  ///< false: no value of a key, but what the other form has no word for
};

/// Whether the file is a link to /dev/null, which hides the files of its name: sysctl.d(5).
bool is_mask(const std::string& path);

/// The sysctl.d files at `paths` as one profile, read in this order: as with systemd-sysctl, a
/// later line wins over an earlier one, and a named key over a glob. Errors are lines that a loader
/// or the kernel refuses; warnings are lines that do something else than they seem to. nullopt
/// where a file cannot be read, unless it is a mask; lines with errors are left out of the profile.
/// `left_out`, where given, gets all that is.
std::optional<Profile> load_sysctl_d(const std::vector<std::string>& paths,
                                     Diagnostics& diagnostics,
                                     std::vector<LeftOut>* left_out = nullptr);

/// The TuneD profile called `name_or_path` (a path holds a slash or ends in .conf) with all that it
/// includes, looked for below `root`. What TuneD alone can compute is left out, with a warning.
std::optional<Profile> load_tuned(const std::string& name_or_path, const std::string& root,
                                  Diagnostics& diagnostics,
                                  std::vector<LeftOut>* left_out = nullptr);

enum class FileKind { yaml, sysctl_d, tuned };

/// What `argument` is by its name: a profile unless it ends in ".conf". A directory that holds a
/// tuned.conf is a TuneD profile.
FileKind kind_of(const std::string& argument);

/// The profile that `argument` names, or the file that it is. Faults are added to `diagnostics`.
std::optional<Profile> load_profile(const Store& store, const std::string& root,
                                    const std::string& argument, Diagnostics& diagnostics);

}  // namespace nettune::profile
