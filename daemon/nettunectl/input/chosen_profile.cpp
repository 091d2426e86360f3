// SPDX-License-Identifier: MIT
#include "input/chosen_profile.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "engine/file/read.hpp"
#include "engine/foreign/load.hpp"
#include "engine/profile/document.hpp"
#include "input/change_state.hpp"
#include "input/files.hpp"
#include "input/profile_arguments.hpp"
#include "input/recommendation.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

// As "systemctl is-enabled nettuned" has it, without asking systemd: a unit wants it, and it is not
// masked. A link to /dev/null or an empty file masks a unit.
bool is_service_enabled(const std::string& root) {
  constexpr std::string_view unit = "nettuned.service";
  const std::string masking = fmt::format("{}/etc/systemd/system/{}", root, unit);
  std::error_code error;
  const std::filesystem::path target = std::filesystem::read_symlink(masking, error);
  if (!error && target == "/dev/null") return false;
  if (error && std::filesystem::is_empty(masking, error) && !error) return false;
  for (const std::string_view place : {"/etc/systemd/system", "/usr/lib/systemd/system"}) {
    const std::string folder = fmt::format("{}{}", root, place);
    for (const std::string& name : list_facts(folder)) {
      if (!name.ends_with(".wants") && !name.ends_with(".requires")) continue;
      const auto link =
          std::filesystem::symlink_status(fmt::format("{}/{}/{}", folder, name, unit), error);
      if (std::filesystem::exists(link)) return true;
    }
  }
  return false;
}

}  // namespace

std::string profile_in_force(const Machine& machine) {
  const auto state = look_at_state(machine);
  return state ? state->profile : "";
}

std::string profile_of_service(const Machine& machine) {
  const Result<std::string> text = read_file(machine.root + "/var/lib/nettune/active", 4096);
  if (text) return text->substr(0, text->find('\n'));
  if (text.error().number != ENOENT) return {};
  Result<std::string> settings =
      read_file(machine.root + "/etc/nettune/nettuned.yaml", profile::max_file_size);
  if (!settings) return {};
  Diagnostics diagnostics;  // the service says them
  const auto document = profile::parse_document("nettuned.yaml", *std::move(settings), diagnostics);
  if (!document || document->root().kind != profile::Node::Kind::mapping) return {};
  for (const profile::Node::Entry& entry : document->root().entries()) {
    if (entry.key.text == "profile") return std::string(entry.value.text);
  }
  return {};
}

bool is_service_profile(const Machine& machine, const std::string& argument) {
  const std::string choice = profile_of_service(machine);
  return !choice.empty() && choice == lasting_name(argument) && is_service_enabled(machine.root);
}

std::string active_profile(const Machine& machine) {
  std::string profile = profile_in_force(machine);
  return profile.empty() ? profile_of_service(machine) : profile;
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
  if (std::string active = profile_in_force(machine); !active.empty()) {
    return Chosen{std::move(active), ChosenBy::active};
  }
  if (std::string choice = profile_of_service(machine); !choice.empty()) {
    return Chosen{std::move(choice), ChosenBy::choice};
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
      told(load_profile(store, machine.root, chosen.argument, diagnostics));
  std::optional<profile::ResolvedProfile> resolved;
  if (profile) {
    resolved = profile::resolve(std::move(*profile), machine.host, *machine.tree, diagnostics);
  }
  if (!resolved || diagnostics.has_errors()) {
    fold_repeated(diagnostics);
    print_error(format_all(diagnostics, look_at_terminal(STDERR_FILENO)));
    if (chosen.by == ChosenBy::active || chosen.by == ChosenBy::choice) {
      complain(fmt::format("the {} profile is \"{}\"",
                           chosen.by == ChosenBy::active ? "active" : "chosen", chosen.argument));
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
