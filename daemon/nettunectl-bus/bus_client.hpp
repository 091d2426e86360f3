// SPDX-License-Identifier: MIT
// BusClient: what the commands here ask of nettuned, on this host, another one or in a container.
#pragma once

#include <optional>
#include <string>

#include "command.hpp"
#include "handles.hpp"
#include "input/options.hpp"

namespace nettune::ctl {

inline constexpr const char* service_name = "org.nettune1";
inline constexpr const char* manager_path = "/org/nettune1";
inline constexpr const char* manager_interface = "org.nettune1.Manager";
/// Of "status": there is no profile.
inline constexpr int exit_inactive = 3;

/// Which bus is meant; each command that has one offers these options.
struct Where {
  std::string host;       ///< user@host, by ssh
  std::string container;  ///< by systemd-machined

  void add(Options& options) {
    options.option("-H,--host", "USER@HOST", host, "ask the service of another host, through ssh");
    options.option("-M,--machine", "CONTAINER", container, "ask the service in a local container");
  }
  bool is_here() const { return host.empty() && container.empty(); }
};

/// The bus, or nullptr after saying why not.
daemon::Bus connect(const Where& where);

/// A call of the manager that is still to be given its arguments; one that says nothing to a
/// service that is not running.
daemon::Message make_call(sd_bus* bus, const char* method);

/// Sends it and waits. nullptr after saying what the service refused.
daemon::Message send_call(sd_bus* bus, sd_bus_message* call, const Where& where);

/// A text of the manager's, fit for a terminal; "" where it does not answer. Starts the service.
std::string text_property(sd_bus* bus, const char* name);

/// Says why a call failed, and where there is no service, how to start it.
void complain_of(const sd_bus_error& error, int code, const Where& where);

/// While it lives, a person on this terminal can be asked for a password (polkit's agent for text
/// terminals). Nothing where there is no terminal, or the caller is root.
class TerminalAgent {
 public:
  explicit TerminalAgent(const Where& where);
  ~TerminalAgent();
  TerminalAgent(const TerminalAgent&) = delete;
  TerminalAgent& operator=(const TerminalAgent&) = delete;

 private:
  int pid_ = 0;
};

}  // namespace nettune::ctl
