// SPDX-License-Identifier: MIT
// A plan, and what became of it, as text for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/change/plan.hpp"
#include "engine/change/transaction.hpp"
#include "engine/profile/host.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {

/// What the words of a plan's text depend on.
struct PlanView {
  const change::Plan& plan;
  const profile::Host& host;
  std::string subject;                           ///< "latency, on this machine"
  std::vector<std::string> profile_directories;  ///< left out of "declared at"
};

/// The writes in their order, what is left alone and why, and how many there are. With `all` also
/// the keys that are right already.
std::string render_plan(const PlanView& view, const Terminal& terminal, bool all);

/// The same once it was carried out. `done` is what happened: "applied", "reverted".
std::string render_outcome(const PlanView& view, const change::Outcome& outcome,
                           std::string_view done, const Terminal& terminal);

}  // namespace nettune::ctl
