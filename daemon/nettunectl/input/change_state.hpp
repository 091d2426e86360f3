// SPDX-License-Identifier: MIT
// What the commands that change keys share: where the state is, the right to change, the words for
// what went wrong.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "engine/change/state.hpp"
#include "engine/change/transaction.hpp"
#include "input/machine.hpp"

namespace nettune::ctl {

/// The folder of the lock and the states: run/nettune below the machine's root.
std::string state_folder(const Machine& machine);

/// The boot and the network namespace that a change of `machine` belongs to.
std::expected<change::Place, change::Failure> place_of(const Machine& machine);

/// What the state is to call a profile: its name, or the whole path of a file, which means the same
/// in every folder.
std::string lasting_name(const std::string& argument);

/// What is known of nettune's changes, without the lock.
std::expected<change::State, change::Failure> look_at_state(const Machine& machine);

/// The lock and a state in order; what a killed writer left is taken back, and said on standard
/// error. nullopt: why not was said there.
std::optional<change::Session> begin_change(const Machine& machine, double wait_seconds);

/// Says on standard error what was taken back, and what was not.
void complain_of(const change::Recovery& recovery);

/// Says on standard error which keys could not be read. False where there is none.
bool complain_of_unread(const change::Plan& plan);

/// Says a failure on standard error, and where a right is missing, which one.
void complain_of(const change::Failure& failure);

/// "10" or "2.5" seconds, at least `least`; nullopt, after saying so, where `text` is no such
/// number.
std::optional<double> parse_seconds(const std::string& option, const std::string& text,
                                    double least = 0);

}  // namespace nettune::ctl
