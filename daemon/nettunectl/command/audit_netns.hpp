// SPDX-License-Identifier: MIT
// audit --netns all: the walk through every network namespace of the host.
#pragma once

#include <string>
#include <vector>

#include "engine/profile/resolve.hpp"
#include "input/machine.hpp"
#include "render/audit.hpp"

namespace nettune::ctl {

struct NamespacesAudit {
  const profile::ResolvedProfile& resolved;  ///< in the caller's own namespace
  const Machine& machine;
  ChosenBy chosen_by;
  std::vector<std::string> profile_directories;
  std::string format;  ///< table, json or junit
  bool all = false;
  bool quiet = false;
};

/// Prints the answer, unless `quiet`, and gives the exit status: 0 all in sync, 1 at least one
/// differs, 2 not all could be read. One that vanishes meanwhile is reported, and changes nothing.
int audit_namespaces(const NamespacesAudit& what);

}  // namespace nettune::ctl
