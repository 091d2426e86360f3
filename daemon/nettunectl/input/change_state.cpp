// SPDX-License-Identifier: MIT
#include "input/change_state.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "engine/foreign/load.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {

std::string state_folder(const Machine& machine) { return machine.root + "/run/nettune"; }

std::expected<change::Place, change::Failure> place_of(const Machine& machine) {
  return change::find_place(machine.root, machine.netns.get());
}

std::string lasting_name(const std::string& argument) {
  const bool is_path = argument.find('/') != std::string::npos ||
                       profile::kind_of(argument) != profile::FileKind::yaml ||
                       argument.ends_with(".yaml");
  if (!is_path) return argument;
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(argument, error);
  return error ? argument : whole.lexically_normal().string();
}

std::expected<change::State, change::Failure> look_at_state(const Machine& machine) {
  const auto place = place_of(machine);
  if (!place) return std::unexpected(place.error());
  auto state = change::look_at_state(state_folder(machine), *place);
  if (!is_debugging) return state;
  debug("looked at {}: {}", state_folder(machine),
        state ? fmt::format("{} changed by nettune, profile \"{}\"",
                            count_of(state->baselines.size(), "key"), state->profile)
              : state.error().message);
  return state;
}

std::optional<change::Session> begin_change(const Machine& machine, double wait_seconds) {
  const auto place = place_of(machine);
  if (!place) {
    complain_of(place.error());
    return std::nullopt;
  }
  std::expected<change::Session, change::Failure> session =
      change::begin(state_folder(machine), *place, wait_seconds, *machine.tree);
  if (!session) {
    complain_of(session.error());
    return std::nullopt;
  }
  debug("took the lock in {}", state_folder(machine));
  const std::optional<change::Recovery>& recovery = session->recovery;
  if (recovery) complain_of(*recovery);
  return std::move(*session);
}

void complain_of(const change::Recovery& recovery) {
  std::string names;
  for (const change::JournalEntry& entry : recovery.restored) {
    names += (names.empty() ? "" : ", ") + entry.key.name();
  }
  complain(fmt::format(
      "{}; {} back to what {} before{}",
      recovery.was_unconfirmed ? "a change was not confirmed in time"
                               : "a change was cut short when its process ended",
      recovery.restored.empty() ? std::string("every key is")
                                : count_of(recovery.restored.size(), "key") +
                                      (recovery.restored.size() == 1 ? " was put" : " were put"),
      recovery.restored.size() == 1 ? "it was" : "they were", names.empty() ? "" : ": " + names));
  for (const std::string& sentence : recovery.left) complain(sentence);
}

bool complain_of_unread(const change::Plan& plan) {
  bool has_any = false;
  for (const change::LeftAlone& left : plan.left_alone()) {
    if (!left.is_unread) continue;
    has_any = true;
    complain(fmt::format("{} is left alone: {}", left.key.name(), left.reason));
  }
  return has_any;
}

void complain_of(const change::Failure& failure) {
  if (failure.kind != change::Failure::Kind::denied) {
    complain(failure.message);
    return;
  }
  complain(failure.message +
           "; changing keys needs root, or CAP_NET_ADMIN and write access to /run/nettune; "
           "\"nettunectl activate\" asks the service");
}

std::optional<double> parse_seconds(const std::string& option, const std::string& text,
                                    double least) {
  constexpr double most = 86400;
  const std::string number = text.ends_with('s') ? text.substr(0, text.size() - 1) : text;
  // strtod(3) takes signs, blanks, exponents and names as well.
  const bool is_decimal =
      !number.empty() && number.find_first_not_of("0123456789.") == std::string::npos;
  char* rest = nullptr;
  const double seconds = is_decimal ? std::strtod(number.c_str(), &rest) : most + 1;
  if (seconds >= least && seconds <= most && rest == number.c_str() + number.size()) return seconds;
  complain(
      fmt::format("{} must be from {:g} to {:.0f} seconds, not \"{}\"", option, least, most, text));
  return std::nullopt;
}

}  // namespace nettune::ctl
