// SPDX-License-Identifier: MIT
#include "bus_client.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "engine/diagnostic.hpp"
#include "engine/file/unique_fd.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

constexpr const char* agent_program = "/usr/bin/pkttyagent";
constexpr int agent_patience = 2000;  // milliseconds until it has registered itself

// Whether it was ssh that ended; it may have said why.
bool is_cut(const Where& where, int number) {
  return !where.host.empty() && (number == ENOTCONN || number == ECONNRESET || number == EPIPE);
}

std::string why_cut(const Where& where) {
  return fmt::format("no answer from {0} through ssh; \"ssh {0} true\" shows why",
                     printable(where.host));
}

// What is known of it: the bus of a container is reached by entering that.
std::string why_no_bus(const Where& where, int number) {
  const char* const reason = std::strerror(number);
  if (is_cut(where, number)) return why_cut(where);
  if (!where.host.empty()) return fmt::format("no system bus of {}: {}", where.host, reason);
  if (where.container.empty()) return fmt::format("no system bus: {}", reason);
  if (number == EHOSTDOWN) {
    return fmt::format("no container \"{}\" is running; \"machinectl\" lists those that are",
                       printable(where.container));
  }
  return fmt::format("no system bus of the container {}: {}{}", printable(where.container), reason,
                     number == EACCES || number == EPERM ? "; only root may enter one" : "");
}

}  // namespace

daemon::Bus connect(const Where& where) {
  sd_bus* opened = nullptr;
  int code = 0;
  if (!where.host.empty()) {
    code = sd_bus_open_system_remote(&opened, where.host.c_str());
  } else if (!where.container.empty()) {
    code = sd_bus_open_system_machine(&opened, where.container.c_str());
  } else {
    code = sd_bus_open_system(&opened);
  }
  daemon::Bus bus(opened);
  debug("connecting with the system bus{}{}{}", where.is_here() ? "" : " of ", where.host,
        where.container);
  if (code >= 0) return bus;
  complain(why_no_bus(where, -code));
  return nullptr;
}

daemon::Message make_call(sd_bus* bus, const char* method) {
  sd_bus_message* made = nullptr;
  if (sd_bus_message_new_method_call(bus, &made, service_name, manager_path, manager_interface,
                                     method) < 0) {
    return nullptr;
  }
  // To ask how a service is must not start it.
  sd_bus_message_set_auto_start(made, 0);
  return daemon::Message(made);
}

daemon::Message send_call(sd_bus* bus, sd_bus_message* call, const Where& where) {
  sd_bus_error error{};
  sd_bus_message* answer = nullptr;
  debug("asking nettuned: {}", sd_bus_message_get_member(call));
  // A person who is asked for a password may take minutes.
  const int code = sd_bus_call(bus, call, UINT64_MAX, &error, &answer);
  debug("nettuned {}", code >= 0               ? "has answered"
                       : error.name == nullptr ? std::strerror(-code)
                                               : error.name);
  if (code < 0) complain_of(error, code, where);
  sd_bus_error_free(&error);
  return daemon::Message(code < 0 ? nullptr : answer);
}

std::string text_property(sd_bus* bus, const char* name) {
  char* text = nullptr;
  debug("asking nettuned: property {}", name);
  if (sd_bus_get_property_string(bus, service_name, manager_path, manager_interface, name, nullptr,
                                 &text) < 0) {
    return {};
  }
  std::string value = printable(in_one_line(text));
  std::free(text);
  return value;
}

void complain_of(const sd_bus_error& error, int code, const Where& where) {
  const std::string_view name = error.name == nullptr ? "" : error.name;
  if (name == SD_BUS_ERROR_SERVICE_UNKNOWN || name == SD_BUS_ERROR_NAME_HAS_NO_OWNER) {
    complain(where.is_here()
                 ? "nettuned is not running; \"systemctl enable --now nettuned\" starts it"
                 : "nettuned is not running there");
    return;
  }
  if (is_cut(where, -code)) return complain(why_cut(where));
  const std::string_view text =
      error.message == nullptr ? std::string_view(std::strerror(-code)) : error.message;
  if (text.find('\n') == std::string_view::npos) return complain(text);
  // Diagnostics, as a compiler prints them.
  print_error(printable_lines(text) + (text.ends_with('\n') ? "" : "\n"));
}

TerminalAgent::TerminalAgent(const Where& where) {
  if (!where.is_here() || ::geteuid() == 0 || ::isatty(STDIN_FILENO) == 0) return;
  if (::access(agent_program, X_OK) != 0) return;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const UniqueFd ready(ends[0]);
  UniqueFd theirs(ends[1]);
  const std::string number = std::to_string(theirs.get());
  pid_ = ::fork();
  if (pid_ == 0) {
    ::fcntl(theirs.get(), F_SETFD, 0);
    ::execl(agent_program, agent_program, "--notify-fd", number.c_str(), "--fallback", nullptr);
    ::_exit(127);
  }
  theirs = UniqueFd();
  // It closes its end once it can be asked.
  pollfd source{ready.get(), POLLIN, 0};
  ::poll(&source, 1, agent_patience);
}

TerminalAgent::~TerminalAgent() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::kill(pid_, SIGCONT);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace nettune::ctl
