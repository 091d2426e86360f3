// SPDX-License-Identifier: MIT
// nettunectl activate, deactivate and reload: what the service is asked to do.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdint>

#include "bus_client.hpp"
#include "engine/diagnostic.hpp"
#include "options.hpp"
#include "output.hpp"
#include "session.hpp"

namespace nettune::ctl {
namespace {

// Asks, with a person on the terminal to answer polkit, and says how it is afterwards. `append`
// adds the arguments of the call.
template <class Append>
int ask(const Where& where, const char* method, bool waits, bool quiet, Append append) {
  const daemon::Bus bus = connect(where);
  if (bus == nullptr) return exit_trouble;
  const TerminalAgent agent(where);
  const daemon::Message call = make_call(bus.get(), method);
  // A request to do something starts the service where it is not running.
  sd_bus_message_set_auto_start(call.get(), 1);
  sd_bus_message_set_allow_interactive_authorization(call.get(), ::isatty(STDIN_FILENO));
  if (append(call.get()) < 0) {
    complain("a name that is no text can't be sent");
    return exit_trouble;
  }
  if (!waits) {
    sd_bus_message_set_expect_reply(call.get(), 0);
    const int code = sd_bus_send(bus.get(), call.get(), nullptr);
    if (code >= 0) return sd_bus_flush(bus.get()) >= 0 ? exit_ok : exit_trouble;
    complain("the request could not be sent");
    return exit_trouble;
  }
  const daemon::Message answer = send_call(bus.get(), call.get(), where);
  if (answer == nullptr) return exit_trouble;
  if (quiet) return exit_ok;
  const auto property = [&](const char* name) -> std::string {
    char* text = nullptr;
    if (sd_bus_get_property_string(bus.get(), service_name, manager_path, manager_interface, name,
                                   nullptr, &text) < 0) {
      return {};
    }
    std::string value = printable(text);
    std::free(text);
    return value;
  };
  const std::string profile = property("ActiveProfile");
  return print((profile.empty() ? "" : "profile " + profile + ": ") + property("StateText") + "\n",
               exit_ok);
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
  if (!confirm.empty()) {
    const std::optional<double> seconds = parse_seconds("--confirm", confirm);
    if (!seconds) return exit_trouble;
    if (*seconds < 1) return options.refuse("--confirm needs a second at least");
    microseconds = static_cast<std::uint64_t>(*seconds * 1e6);
  }
  // A file means the same to the service as here.
  const std::string name = where.is_here() ? lasting_name(profile) : profile;
  return ask(where, "Activate", !does_not_wait, quiet, [&](sd_bus_message* call) {
    return microseconds == 0 ? sd_bus_message_append(call, "sa{sv}", name.c_str(), 0)
                             : sd_bus_message_append(call, "sa{sv}", name.c_str(), 1, "confirm",
                                                     "t", microseconds);
  });
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
  return ask(where, "Deactivate", true, quiet,
             [&](sd_bus_message* call) { return append_flag(call, "keep", keep); });
}

int run_reload(const Command& self, Arguments arguments) {
  bool quiet = false;
  Where where;
  Options options(self);
  options.flag("-q,--quiet", quiet, "print nothing but what went wrong");
  where.add(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  return ask(where, "Reload", true, quiet, [](sd_bus_message*) { return 0; });
}

constexpr Example activate_examples[] = {
    {"nettunectl activate latency", "now, and after each boot"},
    {"nettunectl activate ./web.yaml --confirm 60", "back after a minute unless it is confirmed"},
};
constexpr Example deactivate_examples[] = {
    {"nettunectl deactivate", "each key goes back to what it was"},
    {"nettunectl deactivate --keep", "the values stay, and nobody looks after them"},
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
    "PROFILE is a name (see \"nettunectl list\") or a file that nobody but root may write.\n"
    "Root may; others are asked by polkit (org.nettune1.activate). Exit status: 0 it is in force, "
    "2 it was refused and nothing was changed.",
    activate_examples,
    run_activate,
};

const Command deactivate_command = {
    "deactivate",
    "",
    "have the service let go of the profile",
    "Asks nettuned to put back what it changed, and to keep nothing in force, also after the next "
    "boot. What something else has changed since is left as it is.\n"
    "Root may; others are asked by polkit (org.nettune1.deactivate). Exit status: 0 done, 2 "
    "trouble.",
    deactivate_examples,
    run_deactivate,
};

const Command reload_command = {
    "reload",
    "",
    "have the service read the profile again",
    "Asks nettuned to read its settings and the active profile again and to apply it. A profile "
    "with a fault is refused with its diagnostics, and the last good one stays in force. Keys that "
    "were contested are tried again.\n"
    "Root may; others are asked by polkit (org.nettune1.reload). Exit status: 0 done, 2 it was "
    "refused.",
    reload_examples,
    run_reload,
};

}  // namespace nettune::ctl
