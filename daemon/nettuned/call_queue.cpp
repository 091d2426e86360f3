// SPDX-License-Identifier: MIT
#include "call_queue.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "polkit.hpp"

namespace nettune::daemon {
namespace {

// Calls that cost nothing, as to read a property, are answered where they are met. So before each
// answer that takes time those behind it are looked through: a caller of such a one does not wait
// for what others have sent before.
constexpr int most_messages = 1024;
// What is answered goes the same way as what was answered before. The bus takes little at a time
// (dbus-daemon: 2 KiB of each connection in turn), the socket to it holds megabytes.
constexpr int most_bytes_on_the_way = 8192;
constexpr std::uint64_t pause_of_full = 200;  // microseconds
// The answers that cost nothing are not counted by that: whoever asks for them faster than the bus
// takes them is refused before they fill the memory.
constexpr std::uint64_t most_answers_waiting = 512;

// A call that needs a right costs nothing yet: the bus is asked who calls, which a caller who does
// not wait for the answer makes sure of by a Ping behind it.
bool costs_nothing(sd_bus_message* call) {
  const auto text_of = [](const char* text) {
    return std::string_view(text == nullptr ? "" : text);
  };
  const std::string_view interface = text_of(sd_bus_message_get_interface(call));
  return interface == "org.freedesktop.DBus.Properties" ||
         interface == "org.freedesktop.DBus.Peer" ||
         !action_of(text_of(sd_bus_message_get_member(call))).empty();
}

std::uint64_t answers_waiting(sd_bus* bus) {
  std::uint64_t waiting = 0;
  return sd_bus_get_n_queued_write(bus, &waiting) < 0 ? 0 : waiting;
}

}  // namespace

bool CallQueue::keeps(sd_bus_message* call, sd_bus_error* error) {
  if (call == in_turn_.get()) {
    in_turn_.reset();
    return false;
  }
  if (costs_nothing(call)) {
    if (answers_waiting(bus_) <= most_answers_waiting) return false;
    sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many answers wait already");
    return true;
  }
  const char* sender = sd_bus_message_get_sender(call);
  const std::string name = sender == nullptr ? "" : sender;
  auto caller = std::ranges::find(callers_, name, &Caller::name);
  if (size_ >= most_calls ||
      (caller != callers_.end() && caller->calls.size() >= most_calls_of_caller)) {
    sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many calls wait already");
    return true;
  }
  if (const int code = wake(); code < 0) {
    sd_bus_error_set_errno(error, code);
    return true;
  }
  if (caller == callers_.end()) {
    caller = callers_.insert(std::ranges::find(callers_, false, &Caller::is_new), Caller{name});
  }
  caller->calls.emplace_back(sd_bus_message_ref(call));
  ++size_;
  return true;
}

int CallQueue::wake() {
  if (source_ == nullptr) {
    sd_event* loop = sd_bus_get_event(bus_);
    sd_event_source* source = nullptr;
    const int code = sd_event_add_defer(loop, &source, on_turn, this);
    source_.reset(source);
    if (code < 0) return code;
    pause_.emplace(loop, CLOCK_MONOTONIC, 0, [this, loop] {
      if (const int failed = wake(); failed < 0) end_loop(loop, "calls", failed);
    });
  }
  return sd_event_source_set_enabled(source_.get(), SD_EVENT_ON);
}

int CallQueue::on_turn(sd_event_source*, void* data) {
  auto& self = *static_cast<CallQueue*>(data);
  self.take_calls();
  if (self.pause_ && self.is_bus_full()) {
    self.pause_->arm_after(pause_of_full);
  } else {
    if (self.in_turn_ == nullptr) self.serve();
    if (!self.callers_.empty()) return 0;
  }
  return sd_event_source_set_enabled(self.source_.get(), SD_EVENT_OFF);
}

bool CallQueue::is_bus_full() const {
  if (answers_waiting(bus_) > 0) return true;
  int bytes = 0;
  return ::ioctl(sd_bus_get_fd(bus_), SIOCOUTQ, &bytes) == 0 && bytes > most_bytes_on_the_way;
}

void CallQueue::take_calls() {
  const std::uint64_t end = monotonic_now() + look_;
  for (int i = 0; i < most_messages && monotonic_now() < end; ++i) {
    // What is wrong with the bus its own source finds as well.
    if (sd_bus_process(bus_, nullptr) <= 0) return;
  }
}

// A caller stays until a turn finds it without calls: one that asks again in between is no new one.
void CallQueue::serve() {
  while (!callers_.empty() && callers_.front().calls.empty()) callers_.pop_front();
  if (callers_.empty()) return;
  Caller& caller = callers_.front();
  in_turn_ = std::move(caller.calls.front());
  caller.calls.pop_front();
  caller.is_new = false;
  --size_;
  callers_.splice(callers_.end(), callers_, callers_.begin());
  if (const int code = sd_bus_enqueue_for_read(bus_, in_turn_.get()); code < 0) {
    // It fails where the caller or the bus has gone: then nobody waits.
    static_cast<void>(sd_bus_reply_method_errno(in_turn_.get(), code, nullptr));
    in_turn_.reset();
  }
}

}  // namespace nettune::daemon
