// SPDX-License-Identifier: MIT
// Which profile a command is about where none is named, and what it comes to on the machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/profile/resolve.hpp"
#include "engine/profile/store.hpp"
#include "input/machine.hpp"

namespace nettune::ctl {

/// How the profile came to be the one.
enum class ChosenBy {
  argument,
  active,  ///< it is in force
  choice,  ///< the service is to put it in force, and it is not, or not any more
  recommend,
};

struct Chosen {
  std::string argument;
  ChosenBy by;
};

/// What is in force on this machine; "" for nothing.
std::string profile_in_force(const Machine& machine);

/// What the service of this machine puts in force when it starts; "" for nothing.
std::string profile_of_service(const Machine& machine);

/// Whether the service of this machine starts at boot and then puts that profile in force.
bool is_service_profile(const Machine& machine, const std::string& argument);

/// The one in force, else that of the service.
std::string active_profile(const Machine& machine);

/// `argument`, else the active profile, else what "recommend" puts first. nullopt: there is none,
/// and why was said on standard error, in the name of `command`.
std::optional<Chosen> choose_profile(std::string_view command, const std::string& argument,
                                     const Machine& machine, const profile::Store& store);

/// The profile in numbers for `machine`. nullopt where it has a fault or does not apply, which was
/// said on standard error.
std::optional<profile::ResolvedProfile> resolve_chosen(const Chosen& chosen, const Machine& machine,
                                                       const profile::Store& store);

}  // namespace nettune::ctl
