// SPDX-License-Identifier: MIT
// nettunectl plan: what "apply" would write, in which order, and what it would leave alone.
#include "engine/change/plan.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

#include "command.hpp"
#include "command/new_file.hpp"
#include "engine/audit/compare.hpp"
#include "engine/file/unique_fd.hpp"
#include "input/change_state.hpp"
#include "input/chosen_profile.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "render/audit.hpp"
#include "render/plan.hpp"
#include "render/plan_json.hpp"

namespace nettune::ctl {
namespace {

int run(const Command& self, Arguments arguments) {
  std::string argument;
  std::string format = "table";
  Destination destination;
  bool all = false;
  MachineOptions which;
  Options options(self);
  options.argument("PROFILE", argument);
  options.choice("-f,--format", format, {"table", "json"}, "output format");
  destination.add_to(options, "save the plan in a file for \"apply --plan\"");
  options.flag("-a,--all", all, "show the keys that are right already as well");
  which.add_netns(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const profile::Store store = make_store(machine->root, machine->host.kernel);
  const std::optional<Chosen> chosen = choose_profile("plan", argument, *machine, store);
  if (!chosen) return exit_trouble;
  const std::optional<profile::ResolvedProfile> resolved = resolve_chosen(*chosen, *machine, store);
  if (!resolved) return exit_trouble;
  const auto place = place_of(*machine);
  const auto state = look_at_state(*machine);
  if (!place || !state) {
    complain_of(!place ? place.error() : state.error());
    return exit_trouble;
  }
  if (state->journal) {
    complain("a change is under way or was cut short; the next \"apply\" or \"revert\" settles it");
  }
  const audit::Audit audit = audit::compare(*resolved, *machine->tree);
  const change::Plan plan =
      change::make_plan(*resolved, audit, *state, *machine->tree, lasting_name(chosen->argument));
  const int status = complain_of_unread(plan) ? exit_trouble
                     : plan.writes().empty()  ? exit_ok
                                              : exit_differs;
  const bool is_printed = format == "json" || destination.file == "-";
  if (is_printed || destination.is_file()) {
    const auto json = plan_to_json(plan, *place, machine->host);
    if (!json) {
      complain(json.error());
      return exit_trouble;
    }
    if (destination.is_file() && !save(destination, *json)) return exit_trouble;
    if (is_printed) return print(*json, status);
  }
  const PlanView view{plan, machine->host,
                      fmt::format("plan for {}, on {}: {}", chosen->argument, machine->description,
                                  host_text(machine->host)),
                      store.directories()};
  const Terminal terminal = look_at_terminal(STDOUT_FILENO);
  std::string out = render_plan(view, terminal, all);
  if (destination.is_file()) {
    append_wrapped(out, terminal, "", "",
                   fmt::format("saved; \"nettunectl apply --plan {}\" carries it out",
                               printable(destination.file)));
  }
  return print(out, status);
}

constexpr Example examples[] = {
    {"nettunectl plan latency", "what would be written, in which order"},
    {"nettunectl plan latency -o ./latency.plan",
     "save it; \"nettunectl apply --plan ./latency.plan\" carries out that and nothing else"},
};

}  // namespace

const Command plan_command = {
    "plan",
    "[PROFILE|FILE]",
    "show what apply would write, in which order",
    "Compares the live values with what a profile declares, and lists the writes that would make "
    "them agree. What a rule already allows is not written; keys that only the profile before had "
    "go back to their baseline. Nothing is changed.\n"
    "Without PROFILE it is the active profile, else the first that \"nettunectl recommend\" "
    "names.\n"
    "Needs no root. Exit status: 0 nothing to change, 1 there is, 2 trouble.",
    examples,
    run,
};

}  // namespace nettune::ctl
