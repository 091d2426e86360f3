// SPDX-License-Identifier: MIT
// An audit's report as text: for people, for programs, for a CI server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/audit/report.hpp"
#include "engine/profile/resolve.hpp"
#include "input/chosen_profile.hpp"
#include "input/machine.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {

struct AuditView {
  const profile::ResolvedProfile& resolved;
  const audit::Report& report;
  const Machine& machine;
  ChosenBy chosen_by = ChosenBy::argument;
  std::vector<std::string> profile_directories;  ///< left out of "declared at" in the table
  bool looked_for_conflicts = false;
};

/// What is wrong, and with `all` what is right too.
std::string render_table(const AuditView& view, const Terminal& terminal, bool all);

/// Every key, whatever its verdict: packaging/schema/nettune-audit.schema.json.
std::string render_json(const AuditView& view);

/// One test case for each key, in the shape that Jenkins and GitLab read.
std::string render_junit(const AuditView& view);

/// "Linux 6.1.0-13-amd64, 23.5 GiB": the known facts, "" where there are none.
std::string host_text(const profile::Host& host);

/// "server-base" of a shipped profile, the path of a file that was named by it.
std::string profile_name(const profile::Profile& profile,
                         const std::vector<std::string>& directories);

/// " (the active profile)": what follows the name where the caller did not give it.
std::string_view chosen_text(ChosenBy chosen_by);

}  // namespace nettune::ctl
