// SPDX-License-Identifier: MIT
// nettunectl revert: put back what nettune has changed since the boot.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "command.hpp"
#include "engine/change/plan.hpp"
#include "engine/change/transaction.hpp"
#include "engine/diagnostic.hpp"
#include "input/change_state.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"
#include "render/plan.hpp"
#include "render/plan_json.hpp"

namespace nettune::ctl {
namespace {

// How to put back what was left, on the same machine.
std::string advice(const MachineOptions& which) {
  std::string command = "nettunectl revert --force";
  if (!which.netns.empty()) command += " --netns " + printable(which.netns);
  if (!which.root.empty()) command += " --root " + printable(which.root);
  return fmt::format("\"{}\" puts back also what something else has changed", command);
}

int run(const Command& self, Arguments arguments) {
  bool force = false;
  bool quiet = false;
  std::string wait = "5";
  std::string format = "table";
  MachineOptions which;
  Options options(self);
  options.flag("--force", force, "put back also what something else has changed since");
  options.option("--wait", "SECONDS", wait,
                 "seconds to wait for another nettune process to finish (default: 5)");
  options.choice("-f,--format", format, {"table", "json"}, "output format");
  options.flag("-q,--quiet", quiet, "print nothing but what went wrong");
  which.add_netns(options, "change");
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  const std::optional<double> wait_seconds = parse_seconds("--wait", wait);
  if (!wait_seconds) return exit_trouble;

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  std::optional<change::Session> session = begin_change(*machine, *wait_seconds);
  if (!session) return exit_trouble;
  const bool is_json = format == "json";
  if (session->state.is_empty()) {
    if (quiet) return exit_ok;
    return print(is_json ? outcome_to_json("unchanged", {}, {}, machine->host)
                         : "nothing to revert: nettune has changed no key since the boot\n",
                 exit_ok);
  }
  const change::Plan plan = change::make_revert_plan(session->state, *machine->tree, force);
  const auto outcome = change::carry_out(plan, *machine->tree, session->folder, session->state,
                                         {.keep_going = true, .kernel = machine->host.kernel});
  if (!outcome) {
    complain_of(outcome.error());
    return exit_trouble;
  }
  for (const change::Refused& refused : outcome->refused) complain(describe(refused));
  if (outcome->is_rolled_back) complain("nothing was reverted; the changes stay recorded");
  for (const std::string& sentence : outcome->stuck) complain(sentence);
  if (outcome->is_rolled_back) {
    return quiet || !is_json
               ? exit_trouble
               : print(outcome_to_json("rolled-back", plan, *outcome, machine->host), exit_trouble);
  }
  const bool has_left = std::ranges::any_of(plan.left_alone(), [](const change::LeftAlone& left) {
    return left.is_wrong && !left.is_unread;
  });
  const bool has_unread = complain_of_unread(plan);
  if (has_unread)
    complain("what can't be read keeps its baseline: run \"nettunectl revert\" again");
  const int status = has_unread                              ? exit_trouble
                     : has_left || !outcome->refused.empty() ? exit_differs
                                                             : exit_ok;
  if (quiet) return status;
  if (is_json) {
    return print(outcome_to_json(outcome->written.empty() ? "unchanged" : "changed", plan, *outcome,
                                 machine->host),
                 status);
  }
  const PlanView view{plan, machine->host, "", {}};
  const Terminal terminal = look_at_terminal(STDOUT_FILENO);
  std::string text = render_outcome(view, *outcome, "reverted", terminal);
  if (!plan.foreign().empty()) append_wrapped(text, terminal, "", "", advice(which));
  return print(text, status);
}

constexpr Example examples[] = {
    {"nettunectl revert", "each key that is still as nettune left it"},
    {"nettunectl revert --force", "also those that something else has changed since"},
};

}  // namespace

const Command revert_command = {
    "revert",
    "",
    "put back what nettune has changed",
    "Gives each key that nettune has written since the boot the value that it had before, where "
    "it is still as nettune left it. What something else has changed since is listed and left, for "
    "a revert with --force.\n"
    "Needs root, or CAP_NET_ADMIN. Exit status: 0 all is as before, 1 some keys were left, 2 "
    "trouble; what nettune has changed and could not put back stays known for another revert.",
    examples,
    run,
};

}  // namespace nettune::ctl
