// SPDX-License-Identifier: MIT
// Journal: what happened, for people and for programs: one line an event, with NETTUNE_* fields and
// a stable MESSAGE_ID each (packaging/systemd/nettune.catalog explains them).
#pragma once

#include <fmt/format.h>
#include <syslog.h>

#include <string>
#include <string_view>
#include <utility>

#include "service.hpp"

namespace nettune::daemon {

/// "drift-detected", as NETTUNE_EVENT and `monitor` have it.
std::string_view event_name(Event::Kind kind);

/// The event in one sentence, without a full stop.
std::string describe(const Event& event);

/// Logs to the journal where this service's standard error goes there, else to standard error.
void log_event(const Event& event);

/// A caller who was refused.
struct Denied {
  std::string method;
  std::string action;
  std::string unit;  ///< "" where it is not known
  long uid = -1;     ///< -1: not known
};
void log_denied(const Denied& denied);

/// Anything else, at a priority of syslog(3).
void log_line(int priority, std::string_view line);

/// Diagnostics, whose lines stay lines.
void log_diagnostics(int priority, std::string_view text);

/// Whether what the service does is told as it does it; set once, at the start.
inline constinit bool is_debugging = false;

/// One line of that, at debug priority.
template <class... Values>
void log_debug(fmt::format_string<Values...> text, Values&&... values) {
  if (is_debugging) log_line(LOG_DEBUG, fmt::format(text, std::forward<Values>(values)...));
}

}  // namespace nettune::daemon
