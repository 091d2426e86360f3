// SPDX-License-Identifier: MIT
// nettunectl apply: make the machine what a profile declares, all of it or none of it; and confirm,
// which keeps a change that was made on trial.
#include <fmt/core.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <functional>

#include "command.hpp"
#include "engine/audit/compare.hpp"
#include "engine/change/plan.hpp"
#include "engine/change/transaction.hpp"
#include "engine/file/read.hpp"
#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/net_namespace.hpp"
#include "input/change_state.hpp"
#include "input/chosen_profile.hpp"
#include "input/files.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "netlink/tcp_metrics.hpp"
#include "output/output.hpp"
#include "render/audit.hpp"
#include "render/plan.hpp"
#include "render/plan_json.hpp"

namespace nettune::ctl {
namespace {

constexpr std::size_t max_plan_size = 64u << 20;  // bytes

// Why a saved plan is not for what is there now; "" where it is.
std::string why_stale(const SavedPlan& saved, const change::Place& place,
                      const sysctl::Tree& tree) {
  if (saved.host != host_name()) {
    return fmt::format("it was made for host {}, and this is {}", printable(saved.host),
                       host_name());
  }
  if (saved.place.boot_id != place.boot_id) return "the host was booted since it was made";
  if (saved.place.netns != place.netns) return "it was made for another network namespace";
  std::string moved;
  for (const change::Write& write : saved.plan.writes()) {
    const Result<std::string> live = tree.read(write.key);
    const std::string now = live ? sysctl::one_line(*live) : describe(live.error());
    if (live && now == write.before) continue;
    moved += fmt::format("{}{} was {} and is {}", moved.empty() ? "" : "; ", write.key.name(),
                         write.before, now);
  }
  return moved;
}

// Signals that would end the process between two writes wait until the change is complete.
class SignalsHeld {
 public:
  SignalsHeld() {
    ::sigemptyset(&held_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
      ::sigaddset(&held_, signal);
    }
    ::sigprocmask(SIG_BLOCK, &held_, &before_);
  }
  ~SignalsHeld() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  const sigset_t& set() const { return held_; }

 private:
  sigset_t held_{};
  sigset_t before_{};
};

enum class Answer { confirmed, elsewhere, expired, interrupted };

// Until somebody answers, here or by "nettunectl confirm", or the time is over. A terminal that
// hangs up is no answer: whoever was cut off can log in again and confirm.
Answer wait_for_answer(const Machine& machine, std::int64_t until, const sigset_t& signals) {
  const UniqueFd interrupts(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  bool has_terminal = ::isatty(STDIN_FILENO) == 1;
  for (;;) {
    const std::int64_t left = until - change::boot_time();
    if (left <= 0) return Answer::expired;
    pollfd sources[2] = {{interrupts.get(), POLLIN, 0},
                         {has_terminal ? STDIN_FILENO : -1, POLLIN, 0}};
    // "confirm" has no way to wake this process; a look at the state four times a second does.
    const int patience = static_cast<int>(std::min<std::int64_t>(left / 1'000'000 + 1, 250));
    ::poll(sources, 2, patience);
    if ((sources[0].revents & POLLIN) != 0) {
      signalfd_siginfo signal{};
      const ssize_t size = ::read(interrupts.get(), &signal, sizeof signal);
      const bool is_hangup = size == sizeof signal && signal.ssi_signo == SIGHUP;
      if (size == sizeof signal && !is_hangup) return Answer::interrupted;
      if (is_hangup) has_terminal = false;
    }
    if ((sources[1].revents & POLLIN) != 0) {
      char line[256];
      const ssize_t size = ::read(STDIN_FILENO, line, sizeof line);
      if (size > 0) return Answer::confirmed;
      has_terminal = false;
    } else if (sources[1].revents != 0) {
      has_terminal = false;
    }
    const auto state = look_at_state(machine);
    if (state && state->confirm_until() != until) {
      return Answer::elsewhere;
    }
  }
}

// Whether the change is kept in the end.
bool conclude_trial(const Machine& machine, std::int64_t until, const sigset_t& signals,
                    double seconds, double wait) {
  complain(
      fmt::format("on trial: press Enter or run \"nettunectl confirm\" within {:g} s to keep "
                  "it; Ctrl-C takes it back now",
                  seconds));
  const Answer answer = wait_for_answer(machine, until, signals);
  if (answer == Answer::elsewhere) {
    const auto state = look_at_state(machine);
    if (!state) {
      complain_of(state.error());
      return false;
    }
    const bool is_kept = !state->profile.empty();
    complain(is_kept ? "confirmed: the change is kept" : "the change was taken back elsewhere");
    return is_kept;
  }
  const auto place = place_of(machine);
  if (!place) {
    complain_of(place.error());
    return false;
  }
  auto folder = change::StateFolder::lock(state_folder(machine), *place, std::max(wait, 10.0));
  if (!folder) {
    complain_of(folder.error());
    return false;
  }
  if (answer == Answer::confirmed) {
    const auto profile = change::confirm(*folder);
    if (profile) {
      complain("confirmed: the change is kept");
      return true;
    }
    complain_of(profile.error());
    return false;
  }
  auto state = folder->load();
  if (!state) {
    complain_of(state.error());
    return false;
  }
  if (state->confirm_until() != until) {
    complain("the change was kept or taken back elsewhere");
    return false;
  }
  const auto recovery = change::take_back(*machine.tree, *folder, *state);
  if (!recovery) {
    complain_of(recovery.error());
    return false;
  }
  complain(answer == Answer::expired ? "not confirmed in time: taken back"
                                     : "interrupted: taken back");
  for (const std::string& sentence : recovery->left) complain(sentence);
  return false;
}

struct Request {
  std::string argument;
  std::string plan_file;
  std::string confirm;
  std::string wait = "5";
  std::string format = "table";
  bool keep_going = false;
  bool flush_metrics = false;
  bool quiet = false;
};

struct Planned {
  change::Plan plan;
  bool flushes_metrics = false;  ///< the profile says so
};

// How many keys may be held open at once, beside what a command opens otherwise. Raises the
// process's limit as far as it may itself.
std::size_t descriptors_to_spare() {
  constexpr rlim_t others = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t wanted = profile::max_keys + others;
  const rlim_t most = std::min(limit.rlim_max, wanted);
  if (limit.rlim_cur < most) {
    rlimit raised = limit;
    raised.rlim_cur = most;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur > others ? std::min(limit.rlim_cur, wanted) - others : 0;
}

// nullopt after saying why there is none.
std::optional<SavedPlan> read_plan(const std::string& file) {
  const Result<std::string> text = read_file(file, max_plan_size);
  if (!text) {
    complain(fmt::format("the plan {} can't be read: {}", printable(file),
                         why_unreadable(text.error(), max_plan_size)));
    return std::nullopt;
  }
  std::expected<SavedPlan, std::string> saved = plan_from_json(*text);
  if (!saved) {
    complain(fmt::format("{}: {}", file, saved.error()));
    return std::nullopt;
  }
  return *std::move(saved);
}

// By `saved`, or by the profile that was named. nullopt after saying why there is none.
std::optional<Planned> make_the_plan(const Request& request, std::optional<SavedPlan> saved,
                                     const Machine& machine, const profile::Store& store,
                                     const change::Session& session) {
  if (saved) {
    const std::string stale = why_stale(*saved, session.folder.place(), *machine.tree);
    if (!stale.empty()) {
      complain(fmt::format("stale: {}; make the plan again", stale));
      return std::nullopt;
    }
    return Planned{std::move(saved->plan)};
  }
  const std::optional<profile::ResolvedProfile> resolved =
      resolve_chosen({request.argument, ChosenBy::argument}, machine, store);
  if (!resolved) return std::nullopt;
  machine.tree->expect_writes(descriptors_to_spare());
  return Planned{change::make_plan(*resolved, audit::compare(*resolved, *machine.tree),
                                   session.state, *machine.tree, lasting_name(request.argument)),
                 resolved->profile().flush_metrics()};
}

bool turns_metrics_off(const change::Plan& plan, const change::Outcome& outcome) {
  return std::ranges::any_of(plan.writes(), [&](const change::Write& write) {
    return write.key.path() == "net/ipv4/tcp_no_metrics_save" && write.text != "0" &&
           std::ranges::find(outcome.written, write.key) != outcome.written.end();
  });
}

Result<void> in_namespace_of(const Machine& machine, const std::function<Result<void>()>& work) {
  return machine.netns ? sysctl::in_net_namespace(machine.netns.get(), work) : work();
}

// Once a change is kept: forgets what the kernel remembers of TCP peers, or says how much that is
// where no more is added to it. False where it could not be forgotten.
bool settle_metrics(const Machine& machine, bool flush, bool is_turned_off) {
  if (!flush && !is_turned_off) return true;
  std::size_t count = 0;
  const Result<void> done = in_namespace_of(machine, [&]() -> Result<void> {
    const Result<std::size_t> counted = netlink::count_tcp_metrics();
    if (!counted) return std::unexpected(counted.error());
    count = *counted;
    return flush ? netlink::flush_tcp_metrics() : Result<void>();
  });
  if (!done) {
    // A kernel without the family remembers nothing.
    if (done.error().number == ENOENT) return true;
    complain(describe(done.error()) +
             (done.error().number == EPERM ? "; it needs root of the initial user namespace" : ""));
    return false;
  }
  if (flush) {
    complain(fmt::format("the kernel has forgotten what it remembered of {}",
                         count_of(count, "TCP peer")));
  } else if (count > 0) {
    complain(
        fmt::format("the kernel remembers {}, and goes on using what it knows of {}; "
                    "--flush-metrics makes it forget",
                    count_of(count, "TCP peer"), count == 1 ? "it" : "them"));
  }
  return true;
}

bool any_denied(const change::Outcome& outcome) {
  return std::ranges::any_of(outcome.refused, [](const change::Refused& refused) {
    return refused.number == EACCES || refused.number == EPERM;
  });
}

// What the kernel refused, on standard error.
void complain_of_refusals(const change::Outcome& outcome) {
  for (const change::Refused& refused : outcome.refused) complain(describe(refused));
  if (any_denied(outcome)) {
    complain("writing keys needs root or CAP_NET_ADMIN; \"nettunectl activate\" asks the service");
  }
  if (outcome.is_rolled_back) {
    complain(outcome.stuck.empty() ? "all was rolled back: the machine is as it was"
                                   : "rolled back, but not all of it:");
  }
  for (const std::string& sentence : outcome.stuck) complain(sentence);
}

int apply_it(const Request& request, const Machine& machine, const profile::Store& store,
             double confirm_seconds, double wait_seconds) {
  // Before all that needs a right.
  std::optional<SavedPlan> saved;
  if (!request.plan_file.empty()) {
    saved = read_plan(request.plan_file);
    if (!saved) return exit_trouble;
  }
  const SignalsHeld signals;
  std::optional<Planned> planned;
  change::Outcome outcome;
  std::int64_t until = 0;
  {
    std::optional<change::Session> session = begin_change(machine, wait_seconds);
    if (!session) return exit_trouble;
    planned = make_the_plan(request, std::move(saved), machine, store, *session);
    if (!planned) return exit_trouble;
    const change::TransactionOptions options{
        .keep_going = request.keep_going,
        .confirm_for = static_cast<std::int64_t>(confirm_seconds * 1e9),
        .kernel = machine.host.kernel};
    auto done =
        change::carry_out(planned->plan, *machine.tree, session->folder, session->state, options);
    machine.tree->expect_writes(0);
    if (!done) {
      complain_of(done.error());
      return exit_trouble;
    }
    outcome = *std::move(done);
    until = session->state.confirm_until();
  }
  const change::Plan& plan = planned->plan;
  complain_of_refusals(outcome);
  const auto answer_in_json = [&](std::string_view result, int status) {
    return print(outcome_to_json(result, plan, outcome, machine.host), status);
  };
  const bool is_json = request.format == "json" && !request.quiet;
  if (outcome.is_rolled_back) {
    return is_json ? answer_in_json("rolled-back", exit_trouble) : exit_trouble;
  }
  const bool has_wrong = std::ranges::any_of(
      plan.left_alone(), [](const change::LeftAlone& left) { return left.is_wrong; });
  int status = complain_of_unread(plan)                ? exit_trouble
               : has_wrong || !outcome.refused.empty() ? exit_differs
                                                       : exit_ok;
  if (!is_json && !request.quiet) {
    const PlanView view{plan, machine.host, "", store.directories()};
    status = print(
        render_outcome(view, outcome, "applied " + plan.profile(), look_at_terminal(STDOUT_FILENO)),
        status);
  }
  if (until != 0 && !conclude_trial(machine, until, signals.set(), confirm_seconds, wait_seconds)) {
    return is_json ? answer_in_json("taken-back", exit_trouble) : exit_trouble;
  }
  if (is_json) status = answer_in_json(outcome.written.empty() ? "unchanged" : "changed", status);
  const bool is_turned_off = turns_metrics_off(plan, outcome);
  const bool flush = request.flush_metrics || (planned->flushes_metrics && is_turned_off);
  return settle_metrics(machine, flush, is_turned_off) ? status : exit_trouble;
}

int run(const Command& self, Arguments arguments) {
  Request request;
  MachineOptions which;
  Options options(self);
  options.argument("PROFILE", request.argument);
  options.option("--plan", "FILE", request.plan_file, "carry out a plan of \"plan -o FILE\"");
  options.option("--confirm", "SECONDS", request.confirm,
                 "take all back after that time unless it is confirmed");
  options.flag("-k,--keep-going", request.keep_going,
               "leave out what the kernel refuses instead of rolling all back");
  options.flag("--flush-metrics", request.flush_metrics,
               "make the kernel forget what it remembers of TCP peers");
  options.option("--wait", "SECONDS", request.wait,
                 "seconds to wait for another nettune process to finish (default: 5)");
  options.choice("-f,--format", request.format, {"table", "json"}, "output format");
  options.flag("-q,--quiet", request.quiet, "print nothing but what went wrong");
  which.add_netns(options, "change");
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  if (request.argument.empty() == request.plan_file.empty()) {
    return options.refuse(request.argument.empty() ? "a PROFILE or --plan FILE is required"
                                                   : "PROFILE and --plan cannot be combined");
  }
  double confirm_seconds = 0;
  if (!request.confirm.empty()) {
    const std::optional<double> seconds = parse_seconds("--confirm", request.confirm, 1);
    if (!seconds) return exit_trouble;
    confirm_seconds = *seconds;
  }
  const std::optional<double> wait = parse_seconds("--wait", request.wait);
  if (!wait) return exit_trouble;

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const profile::Store store = make_store(machine->root, machine->host.kernel);
  return apply_it(request, *machine, store, confirm_seconds, *wait);
}

int run_confirm(const Command& self, Arguments arguments) {
  MachineOptions which;
  Options options(self);
  which.add_netns(options, "change");
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const auto place = place_of(*machine);
  if (!place) {
    complain_of(place.error());
    return exit_trouble;
  }
  const auto folder = change::StateFolder::lock(state_folder(*machine), *place, 5);
  if (!folder) {
    complain_of(folder.error());
    return exit_trouble;
  }
  const auto profile = change::confirm(*folder);
  if (!profile) {
    complain_of(profile.error());
    return exit_trouble;
  }
  return print(fmt::format("confirmed: {} is kept\n", printable(*profile)), exit_ok);
}

constexpr Example examples[] = {
    {"nettunectl apply latency", "all of it, or none of it"},
    {"nettunectl apply latency --confirm 60",
     "taken back after a minute unless Enter or \"nettunectl confirm\" comes in time"},
    {"nettunectl plan latency -o ./p; nettunectl apply --plan ./p",
     "what was looked at, and nothing else"},
};

}  // namespace

const Command apply_command = {
    "apply",
    "PROFILE|FILE",
    "write what a profile declares, all of it or none of it",
    "Writes the keys that differ, in the order of \"nettunectl plan\", and reads each back. Where "
    "the kernel refuses one, or makes another value of it, everything is rolled back. What the "
    "keys were before is kept in /run/nettune until \"nettunectl revert\" or the next boot.\n"
    "Needs root, or CAP_NET_ADMIN. Exit status: 0 as declared, 1 some keys could not be made so "
    "(absent, or left out by --keep-going), 2 trouble: nothing was changed, all was rolled back, "
    "or "
    "a key could not be read; what could not be taken back is said, and the next command does it.",
    examples,
    run,
};

const Command confirm_command = {
    "confirm",
    "",
    "keep a change that was made with apply --confirm",
    "Keeps the values that \"nettunectl apply --confirm\" has written and would take back. Needs "
    "the rights of apply. Exit status: 0 kept, 2 there is nothing to keep, or trouble.",
    {},
    run_confirm,
};

}  // namespace nettune::ctl
