// SPDX-License-Identifier: MIT
// Import, less its command line: a profile's text of other tools' files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command/new_file.hpp"
#include "engine/diagnostic.hpp"
#include "input/machine.hpp"

namespace nettune::ctl {

struct ImportedProfile {
  std::string text;               ///< passes "nettunectl check" on that machine
  std::vector<LeftOut> left_out;  ///< by file and line
  std::vector<SourcePtr> sources;
};

/// What `names` (paths for "sysctl.d", one name or path for "tuned") come to as a profile.
/// `diagnostics` gets what is said of the files, or why there is no profile.
std::optional<ImportedProfile> import_profile(const std::string& kind,
                                              const std::vector<std::string>& names,
                                              const Machine& machine, Diagnostics& diagnostics);

}  // namespace nettune::ctl
