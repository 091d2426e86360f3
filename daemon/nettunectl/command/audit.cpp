// SPDX-License-Identifier: MIT
// nettunectl audit: is this machine what the profile says, and where it is not, why.
#include "render/audit.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "command.hpp"
#include "command/audit_netns.hpp"
#include "engine/audit/conflicts.hpp"
#include "engine/audit/report.hpp"
#include "engine/profile/resolve.hpp"
#include "input/change_state.hpp"
#include "input/chosen_profile.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

std::vector<audit::Conflict> look_for_conflicts(const std::string& root,
                                                const profile::ResolvedProfile& resolved) {
  std::vector<sysctl::Key> keys;
  keys.reserve(resolved.desired().size());
  for (const profile::Desired& desired : resolved.desired()) keys.push_back(desired.key);
  std::vector<std::string> problems;
  std::vector<audit::Conflict> conflicts = audit::find_conflicts(root, keys, problems);
  for (const std::string& problem : problems) complain("warning: " + problem);
  debug("looked for {} keys in the files of sysctl.d and TuneD below {}/: {} are set there",
        keys.size(), root, conflicts.size());
  return conflicts;
}

// What nettune has written in this boot; nothing where it has not, or where that is not known.
std::vector<audit::Left> look_for_changes(const Machine& machine) {
  std::vector<audit::Left> left;
  auto state = look_at_state(machine);
  if (!state) return left;
  left.reserve(state->baselines.size());
  for (change::Baseline& baseline : state->baselines) {
    left.push_back({std::move(baseline.key), std::move(baseline.left)});
  }
  return left;
}

int run(const Command& self, Arguments arguments) {
  std::string argument;
  std::string format = "table";
  bool all = false;
  bool quiet = false;
  MachineOptions which;
  Options options(self);
  options.argument("PROFILE", argument);
  options.choice("-f,--format", format, {"table", "json", "junit"}, "output format");
  options.flag("-a,--all", all, "show the keys that are right as well (JSON and JUnit always do)");
  options.flag("-q,--quiet", quiet, "print nothing; the exit status is the answer");
  which.add_live(options);
  which.add_facts(options);
  which.add_netns_or_all(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  const bool everywhere = which.netns == "all";
  if (everywhere && !which.live.empty()) {
    return options.refuse("--live and --netns cannot be combined");
  }
  if (everywhere) which.netns.clear();  // the own one, and from there all others

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const profile::Store store =
      make_store(machine->is_saved ? "" : machine->root, machine->host.kernel);
  const std::optional<Chosen> chosen = choose_profile("audit", argument, *machine, store);
  if (!chosen) return exit_trouble;
  const std::optional<profile::ResolvedProfile> resolved = resolve_chosen(*chosen, *machine, store);
  if (!resolved) return exit_trouble;

  if (everywhere) {
    return audit_namespaces(
        {*resolved, *machine, chosen->by, store.directories(), format, all, quiet});
  }
  std::vector<audit::Conflict> conflicts;
  if (!machine->is_saved && which.netns.empty() && !quiet) {
    conflicts = look_for_conflicts(machine->root, *resolved);
  }
  audit::Audit compared = audit::compare(*resolved, *machine->tree);
  std::vector<audit::Left> left;
  if (!machine->is_saved && !quiet && compared.counts().drift > 0)
    left = look_for_changes(*machine);
  const bool is_held = !conflicts.empty() && is_service_profile(*machine, chosen->argument);
  const audit::Report report =
      audit::make_report(*resolved, std::move(compared), std::move(conflicts),
                         format == "table" && !all ? audit::Rows::notable : audit::Rows::all, left,
                         is_held ? audit::Boot::service : audit::Boot::files);
  const int status = report.audit().is_in_sync() ? exit_ok : exit_differs;
  if (quiet) return status;

  AuditView view{*resolved,
                 report,
                 *machine,
                 chosen->by,
                 store.directories(),
                 !machine->is_saved && which.netns.empty()};
  if (format == "json") return print(render_json(view), status);
  if (format == "junit") return print(render_junit(view), status);
  return print(render_table(view, look_at_terminal(STDOUT_FILENO), all), status);
}

constexpr Example examples[] = {
    {"nettunectl audit", "this machine, against the active profile or the one that suits it"},
    {"nettunectl audit latency --all", "also the keys that are right"},
    {"nettunectl audit latency --netns all", "every network namespace of this host, in one table"},
    {"nettunectl audit ./web.yaml --format json", "for a program; junit is for a CI server"},
    {"ssh db1 /usr/sbin/sysctl -a | nettunectl audit throughput --live - --memory \"64 GiB\"",
     "another machine, where nothing needs to be installed"},
};

}  // namespace

const Command audit_command = {
    "audit",
    "[PROFILE|FILE]",
    "compare this machine with a profile and say why it differs",
    "Compares the live values with what a profile declares. What is wrong comes first, with the "
    "cause where one can be found: the kernel, a line in sysctl.d, the active TuneD profile.\n"
    "PROFILE is a name (see \"nettunectl list\"); FILE is a profile (.yaml), a file of sysctl.d "
    "(.conf) or a TuneD profile (tuned.conf). Without either it is the active profile, else the "
    "first that \"nettunectl recommend\" names.\n"
    "Needs no root and no service; other network namespaces need root. Exit status: 0 in sync, 1 "
    "at "
    "least one key differs, is missing, pending or unreadable, 2 trouble.",
    examples,
    run,
};

}  // namespace nettune::ctl
