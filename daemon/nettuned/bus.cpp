// SPDX-License-Identifier: MIT
#include "bus.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "dispatch.hpp"
#include "journal.hpp"

namespace nettune::daemon {
namespace {

constexpr const char* bus_name = "org.nettune1";
constexpr std::uint64_t pause_before_retry = 500'000;  // microseconds
constexpr std::uint64_t slack = 250'000;               // microseconds

}  // namespace

BusConnection::BusConnection(sd_event* loop, Service& service, const Outside& outside,
                             Listener listener)
    : loop_(loop),
      service_(service),
      outside_(outside),
      listener_(std::move(listener)),
      retry_(loop, CLOCK_MONOTONIC, slack, [this] { connect(); }) {
  connect();
}

void BusConnection::connect() {
  connected_.reset();
  sd_bus* opened = nullptr;
  if (sd_bus_open_system(&opened) < 0) return retry_.arm_after(pause_before_retry);
  auto connected = std::make_unique<Connected>(Bus(opened), service_, outside_);
  int code = std::min(connected->manager.code(), connected->parameters.code());
  if (code >= 0) code = connected->parameters.emit_changes();
  if (code >= 0) code = connected->manager.emit_changes();
  sd_bus_slot* slot = nullptr;
  if (code >= 0) code = sd_bus_add_filter(opened, &slot, on_message, this);
  connected->filter.reset(slot);
  if (code >= 0) code = sd_bus_attach_event(opened, loop_, SD_EVENT_PRIORITY_NORMAL);
  slot = nullptr;
  if (code >= 0) code = sd_bus_request_name_async(opened, &slot, bus_name, 0, on_name, this);
  connected->name.reset(slot);
  if (code < 0) {
    log_line(LOG_WARNING, fmt::format("the bus can't be used yet: {}", std::strerror(-code)));
    return retry_.arm_after(pause_before_retry);
  }
  connected_ = std::move(connected);
}

int BusConnection::on_message(sd_bus_message* message, void* data, sd_bus_error* error) {
  auto& self = *static_cast<BusConnection*>(data);
  if (sd_bus_message_is_method_call(message, nullptr, nullptr) > 0) {
    return guarded(error, [&] {
      if (self.connected_->calls.keeps(message, error)) return 1;
      self.listener_.asked();
      return 0;
    });
  }
  if (sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
    log_line(LOG_WARNING, "lost the connection to the system bus; the profile is still enforced");
    // Not in the midst of its own message.
    self.retry_.arm_after(pause_before_retry);
  }
  return 0;
}

int BusConnection::on_name(sd_bus_message* answer, void* data, sd_bus_error*) {
  auto& self = *static_cast<BusConnection*>(data);
  std::uint32_t result = 0;
  if (sd_bus_message_is_method_error(answer, nullptr) != 0) {
    const int number = sd_bus_message_get_errno(answer);
    const sd_bus_error* error = sd_bus_message_get_error(answer);
    // A policy that it has read before the account was made is void.
    const bool is_denied = sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) > 0;
    log_line(
        LOG_ERR,
        fmt::format("cannot take the name {} on the bus: {}{}", bus_name,
                    error->message == nullptr ? error->name : error->message,
                    is_denied ? "; \"systemctl reload dbus\" makes it read its policy again" : ""));
    // A bus that went away while it was asked is asked again.
    if (sd_bus_is_open(self.connected_->bus.get()) > 0) self.listener_.refused(number);
    return 0;
  }
  const int code = sd_bus_message_read(answer, "u", &result);
  constexpr std::uint32_t primary_owner = 1;
  constexpr std::uint32_t already_owner = 4;
  if (code < 0 || (result != primary_owner && result != already_owner)) {
    log_line(LOG_ERR, fmt::format("another process owns the name {} on the bus", bus_name));
    self.listener_.refused(EEXIST);
    return 0;
  }
  self.listener_.owned();
  return 0;
}

void BusConnection::emit(const std::vector<Event>& events) {
  if (connected_ == nullptr) return;
  int code = connected_->manager.emit(events);
  if (code >= 0) code = connected_->parameters.emit_changes();
  if (code >= 0) code = connected_->manager.emit_changes();
  // A bus that has gone says so itself. Else a client would not know that it does not know: with a
  // new connection it asks again.
  if (code >= 0 || sd_bus_is_open(connected_->bus.get()) <= 0) return;
  log_line(LOG_WARNING, fmt::format("cannot tell the bus what has changed: {}; connecting again",
                                    std::strerror(-code)));
  retry_.arm_after(pause_before_retry);
}

}  // namespace nettune::daemon
