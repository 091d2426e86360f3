// SPDX-License-Identifier: MIT
// Where nettunectl finds profiles, and what a file on its command line is.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/profile/store.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {

/// The directories below `root`, then those of this installation and of this build; or those of
/// NETTUNE_PROFILE_PATH alone, where that is set and the process runs with its caller's own rights.
/// Profiles are checked for `kernel`.
profile::Store make_store(const std::string& root, sysctl::Version kernel);

/// Says in the debug lines from which files it was read; gives it on.
std::optional<profile::Profile> told(std::optional<profile::Profile> profile);

/// Errors of one file that say the same are one, with the other lines behind its help: for who
/// wants to use a profile, and is kept from it by one thing at many places.
void fold_repeated(Diagnostics& diagnostics);

/// All of `arguments`, as load_profile() does; files of sysctl.d among them are one profile, in the
/// order in which systemd reads them.
std::vector<profile::Profile> load_all(const profile::Store& store, const std::string& root,
                                       const std::vector<std::string>& arguments,
                                       Diagnostics& diagnostics);

/// "web.yaml:12" for a file in one of `directories`, else as it is.
std::string short_origin(const std::string& origin, const std::vector<std::string>& directories);

/// The diagnostics as a compiler prints them, sorted and cut.
std::string format_all(Diagnostics& diagnostics, const Terminal& terminal);

}  // namespace nettune::ctl
