// SPDX-License-Identifier: MIT
// nettunectl activate, deactivate and reload: what the service is asked to do.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "bus_client.hpp"
#include "engine/diagnostic.hpp"
#include "input/change_state.hpp"
#include "input/options.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

// What a ProfileChanged gives as its reason.
int keep_reason(sd_bus_message* message, void* data, sd_bus_error*) {
  const char* profile = nullptr;
  const char* reason = nullptr;
  if (sd_bus_message_read(message, "ss", &profile, &reason) >= 0) {
    *static_cast<std::string*>(data) = printable(reason);
  }
  return 0;
}

// How it is after a call.
struct After {
  std::string before;  // the profile that was active
  std::string now;     // the one that is
  std::string state;   // in words
  std::string reason;  // of the change of the profile; "" where there was none
};

std::string state_words(const After& after) {
  return (after.now.empty() ? "" : "profile " + after.now + ": ") + after.state + "\n";
}

// "deactivated throughput: 7 keys put back".
std::string deactivation_words(const After& after) {
  if (after.reason.empty()) return "no profile is active: nothing to do\n";
  return fmt::format("deactivated{}{}: {}\n", after.before.empty() ? "" : " ", after.before,
                     after.reason);
}

// Asks, with a person on the terminal to answer polkit, and says how it is afterwards: what `words`
// makes of that, and what the service left as it is. `append` adds the arguments of the call.
template <class Append, class Words>
int ask(const Where& where, const char* method, bool waits, bool quiet, Append append,
        Words words) {
  std::string reason;  // outlives the bus, whose signals fill it
  const daemon::Bus bus = connect(where);
  if (bus == nullptr) return exit_trouble;
  // Where that fails, the answer lacks the reason.
  if (waits) {
    sd_bus_match_signal(bus.get(), nullptr, service_name, manager_path, manager_interface,
                        "ProfileChanged", keep_reason, &reason);
  }
  After after;
  after.before = waits ? text_property(bus.get(), "ActiveProfile") : "";
  const TerminalAgent agent(where);
  const daemon::Message call = make_call(bus.get(), method);
  // A request to do something starts the service where it is not running.
  sd_bus_message_set_auto_start(call.get(), 1);
  sd_bus_message_set_allow_interactive_authorization(call.get(), ::isatty(STDIN_FILENO));
  if (append(call.get()) < 0) {
    complain("the name is not valid UTF-8");
    return exit_trouble;
  }
  // The service asks the bus who calls: a caller that has gone by then is nobody. Once it answers a
  // Ping, it has asked. Whom polkit has to judge is still to be there when polkit looks, so that
  // only root does not wait.
  if (!waits && where.is_here() && ::geteuid() == 0) {
    sd_bus_message_set_expect_reply(call.get(), 0);
    if (sd_bus_send(bus.get(), call.get(), nullptr) < 0) {
      complain("the request could not be sent");
      return exit_trouble;
    }
    sd_bus_message* made = nullptr;
    if (sd_bus_message_new_method_call(bus.get(), &made, service_name, manager_path,
                                       "org.freedesktop.DBus.Peer", "Ping") < 0) {
      return exit_trouble;
    }
    const daemon::Message ping(made);
    return send_call(bus.get(), ping.get(), where) != nullptr ? exit_ok : exit_trouble;
  }
  const daemon::Message answer = send_call(bus.get(), call.get(), where);
  if (answer == nullptr) return exit_trouble;
  if (!waits) return exit_ok;
  after.now = text_property(bus.get(), "ActiveProfile");
  after.state = text_property(bus.get(), "StateText");
  // The service has sent its signals before it answered these questions.
  while (sd_bus_process(bus.get(), nullptr) > 0) {
  }
  // "7 keys put back; left as it is: net.core.rmem_max: something else changed it".
  const std::size_t left = reason.find("left as it is: ");
  const bool has_left = left != std::string::npos;
  after.reason = reason.substr(0, has_left && left >= 2 ? left - 2 : left);
  std::string out = words(after);
  if (has_left) {
    out += fmt::format("{}\n\"nettunectl revert --force\"{} puts that back as well\n",
                       reason.substr(left), where.is_here() ? "" : " there");
  }
  const int status = has_left ? exit_differs : exit_ok;
  return quiet ? status : print(out, status);
}

int append_flag(sd_bus_message* call, const char* name, bool is_set) {
  return is_set ? sd_bus_message_append(call, "a{sv}", 1, name, "b", 1)
                : sd_bus_message_append(call, "a{sv}", 0);
}

int run_activate(const Command& self, Arguments arguments) {
  std::string profile;
  std::string confirm;
  bool waits = true;
  bool does_not_wait = false;
  bool quiet = false;
  Where where;
  Options options(self);
  options.argument("PROFILE", profile, true);
  options.option("--confirm", "SECONDS", confirm,
                 "take all back after that time unless \"nettunectl confirm\" comes");
  options.flag("--wait", waits, "wait until it is in force (the default)");
  options.flag("--no-wait", does_not_wait, "ask, and do not wait for the answer");
  options.flag("-q,--quiet", quiet, "print nothing but what went wrong");
  where.add(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  std::uint64_t microseconds = 0;
  std::string trial;
  if (!confirm.empty()) {
    const std::optional<double> seconds = parse_seconds("--confirm", confirm, 1);
    if (!seconds) return exit_trouble;
    microseconds = static_cast<std::uint64_t>(*seconds * 1e6);
    trial = fmt::format(
        "run \"nettunectl confirm\"{} within {:g} s to keep it; otherwise it is taken back\n",
        where.is_here() ? "" : " there", *seconds);
  }
  // A file means the same to the service as here.
  const std::string name = where.is_here() ? lasting_name(profile) : profile;
  return ask(
      where, "Activate", !does_not_wait, quiet,
      [&](sd_bus_message* call) {
        return microseconds == 0 ? sd_bus_message_append(call, "sa{sv}", name.c_str(), 0)
                                 : sd_bus_message_append(call, "sa{sv}", name.c_str(), 1, "confirm",
                                                         "t", microseconds);
      },
      [&](const After& after) { return state_words(after) + trial; });
}

int run_deactivate(const Command& self, Arguments arguments) {
  bool keep = false;
  bool quiet = false;
  Where where;
  Options options(self);
  options.flag("--keep", keep, "leave the values as they are");
  options.flag("-q,--quiet", quiet, "print nothing but what went wrong");
  where.add(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  return ask(
      where, "Deactivate", true, quiet,
      [&](sd_bus_message* call) { return append_flag(call, "keep", keep); }, deactivation_words);
}

int run_reload(const Command& self, Arguments arguments) {
  bool quiet = false;
  Where where;
  Options options(self);
  options.flag("-q,--quiet", quiet, "print nothing but what went wrong");
  where.add(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  return ask(where, "Reload", true, quiet, [](sd_bus_message*) { return 0; }, state_words);
}

constexpr Example activate_examples[] = {
    {"nettunectl activate latency", "now, and after each boot"},
    {"nettunectl activate web --confirm 60", "back after a minute unless it is confirmed"},
};
constexpr Example deactivate_examples[] = {
    {"nettunectl deactivate", "each key goes back to what it was"},
    {"nettunectl deactivate --keep", "the values stay, and are no longer looked after"},
};
constexpr Example reload_examples[] = {
    {"nettunectl reload", "after a profile or nettuned.yaml was edited"},
};

}  // namespace

const Command activate_command = {
    "activate",
    "PROFILE",
    "have the service put a profile in force",
    "Asks nettuned to apply a profile, to keep it so, and to apply it again after each boot. "
    "PROFILE is a name (see \"nettunectl list\"); profiles of your own belong into "
    "/etc/nettune/profiles. It may also be the absolute path of a file that only root may write; "
    "the "
    "service does not see /root, /home and /tmp.\n"
    "Needs root or a polkit authorization (org.nettune1.activate). Exit status: 0 it is in force, "
    "2 it was refused and nothing was changed.",
    activate_examples,
    run_activate,
};

const Command deactivate_command = {
    "deactivate",
    "",
    "have the service put back what it changed and keep no profile",
    "Asks nettuned to put back what it changed, and to keep nothing in force, also after the next "
    "boot. What something else has changed since is listed and left as it is.\n"
    "Needs root or a polkit authorization (org.nettune1.deactivate). Exit status: 0 done, 1 some "
    "keys were left, 2 trouble.",
    deactivate_examples,
    run_deactivate,
};

const Command reload_command = {
    "reload",
    "",
    "have the service read the profile again",
    "Asks nettuned to read its settings and the chosen profile again and to apply it, also where "
    "\"nettunectl apply\" or \"revert\" has put something else in force meanwhile. A profile with "
    "a "
    "fault is refused with its diagnostics, and the last good one stays in force. Keys that were "
    "contested are tried again.\n"
    "Needs root or a polkit authorization (org.nettune1.reload). Exit status: 0 done, 2 it was "
    "refused.",
    reload_examples,
    run_reload,
};

}  // namespace nettune::ctl
