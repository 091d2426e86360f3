// SPDX-License-Identifier: MIT
// A plan as JSON: printed for programs, saved for a later "apply --plan", read again with distrust;
// and what became of one.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "engine/change/plan.hpp"
#include "engine/change/state.hpp"
#include "engine/change/transaction.hpp"
#include "engine/profile/host.hpp"

namespace nettune::ctl {

/// The host's name, as uname(2) has it.
std::string host_name();

/// packaging/schema/nettune-plan.schema.json. On failure, why it can't be written: what is read
/// again has to be the same then, and JSON holds UTF-8 alone.
std::expected<std::string, std::string> plan_to_json(const change::Plan& plan,
                                                     const change::Place& place,
                                                     const profile::Host& host);

/// What became of a plan: packaging/schema/nettune-change.schema.json. `result` is one of its
/// words.
std::string outcome_to_json(std::string_view result, const change::Plan& plan,
                            const change::Outcome& outcome, const profile::Host& host);

struct SavedPlan {
  change::Plan plan;
  std::string host;
  change::Place place;
};

/// The reason why `text` is no saved plan, on failure.
std::expected<SavedPlan, std::string> plan_from_json(std::string_view text);

}  // namespace nettune::ctl
