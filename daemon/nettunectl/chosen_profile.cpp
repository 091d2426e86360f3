// SPDX-License-Identifier: MIT
#include "chosen_profile.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "engine/profile/foreign.hpp"
#include "files.hpp"
#include "output.hpp"
#include "profiles.hpp"
#include "recommend.hpp"
#include "session.hpp"

namespace nettune::ctl {

std::string active_profile(const Machine& machine) {
  if (const auto state = look_at_state(machine); state && !state->profile.empty()) {
    return state->profile;
  }
  std::string text = read_fact(machine.root + "/var/lib/nettune/active", 4096);
  text.erase(std::min(text.find('\n'), text.size()));
  return text;
}

std::optional<Chosen> choose_profile(std::string_view command, const std::string& argument,
                                     const Machine& machine, const profile::Store& store) {
  if (!argument.empty()) return Chosen{argument, ChosenBy::argument};
  if (machine.is_saved) {
    complain(
        fmt::format("{}: --live needs the name of a profile: nothing but its keys is known of that "
                    "machine",
                    command));
    return std::nullopt;
  }
  if (std::string active = active_profile(machine); !active.empty()) {
    return Chosen{std::move(active), ChosenBy::active};
  }
  if (std::optional<std::string> name = recommended_profile(machine.root, machine.host, store)) {
    return Chosen{std::move(*name), ChosenBy::recommend};
  }
  std::string searched;
  for (const std::string& directory : store.directories()) {
    searched += searched.empty() ? directory : ", " + directory;
  }
  complain(fmt::format("no profile is active and none that ships is found in {}", searched));
  return std::nullopt;
}

std::optional<profile::ResolvedProfile> resolve_chosen(const Chosen& chosen, const Machine& machine,
                                                       const profile::Store& store) {
  Diagnostics diagnostics;
  std::optional<profile::Profile> profile =
      load_profile(store, machine.root, chosen.argument, diagnostics);
  std::optional<profile::ResolvedProfile> resolved;
  if (profile) {
    resolved = profile::resolve(std::move(*profile), machine.host, *machine.tree, diagnostics);
  }
  if (!resolved || diagnostics.has_errors()) {
    fold_repeated(diagnostics);
    print_error(format_all(diagnostics, look_at_terminal(STDERR_FILENO)));
    if (chosen.by == ChosenBy::active) {
      complain(fmt::format("the active profile is \"{}\"", chosen.argument));
    }
    return std::nullopt;
  }
  if (!resolved->unmet().empty()) {
    std::string reasons;
    for (const std::string& reason : resolved->unmet()) {
      reasons += reasons.empty() ? reason : ", " + reason;
    }
    complain(fmt::format("profile {} does not apply to {}: {}", resolved->profile().name(),
                         machine.description, reasons));
    return std::nullopt;
  }
  return resolved;
}

}  // namespace nettune::ctl
