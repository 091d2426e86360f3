// SPDX-License-Identifier: MIT
#include "call_queue.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <utility>

#include "dispatch.hpp"
#include "timer.hpp"

namespace nettune::daemon {
namespace {

// Calls that cost nothing, as to read a property, are answered where they are met. So before each
// answer that takes time those behind it are looked through: a caller of such a one does not wait
// for what others have sent before.
constexpr int most_messages = 1024;
constexpr std::uint64_t longest_look = 5'000;   // microseconds
constexpr std::uint64_t pause_of_full = 1'000;  // microseconds

}  // namespace

int CallQueue::add(sd_bus_message* call, Work work, sd_bus_error* error) {
  if (sd_bus_get_event(bus_) == nullptr) return work(call, error);
  const char* sender = sd_bus_message_get_sender(call);
  const std::string name = sender == nullptr ? "" : sender;
  auto caller = std::ranges::find(callers_, name, &Caller::name);
  if (size_ >= most_calls ||
      (caller != callers_.end() && caller->calls.size() >= most_calls_of_caller)) {
    return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many calls wait already");
  }
  if (const int code = wake(); code < 0) return code;
  if (caller == callers_.end()) caller = callers_.insert(callers_.end(), Caller{name});
  caller->calls.push_back({Message(sd_bus_message_ref(call)), std::move(work)});
  ++size_;
  return 1;
}

int CallQueue::wake() {
  if (source_ == nullptr) {
    sd_event* loop = sd_bus_get_event(bus_);
    sd_event_source* source = nullptr;
    const int code = sd_event_add_defer(loop, &source, on_turn, this);
    source_.reset(source);
    if (code < 0) return code;
    pause_.emplace(loop, CLOCK_MONOTONIC, pause_of_full, [this, loop] {
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
    self.serve();
    if (!self.callers_.empty()) return 0;
  }
  return sd_event_source_set_enabled(self.source_.get(), SD_EVENT_OFF);
}

// The bus takes answers more slowly than they are made: they would wait in memory.
bool CallQueue::is_bus_full() const {
  std::uint64_t waiting = 0;
  return sd_bus_get_n_queued_write(bus_, &waiting) >= 0 && waiting > max_answers_waiting;
}

void CallQueue::take_calls() {
  const std::uint64_t end = monotonic_now() + longest_look;
  for (int i = 0; i < most_messages && monotonic_now() < end; ++i) {
    // What is wrong with the bus its own source finds as well.
    if (sd_bus_process(bus_, nullptr) <= 0) return;
  }
}

void CallQueue::serve() {
  if (callers_.empty()) return;
  Caller& caller = callers_.front();
  const Waiting next = std::move(caller.calls.front());
  caller.calls.pop_front();
  --size_;
  if (caller.calls.empty()) {
    callers_.pop_front();
  } else {
    callers_.splice(callers_.end(), callers_, callers_.begin());
  }
  sd_bus_error error{};
  const int code = guarded(&error, [&] { return next.work(next.call.get(), &error); });
  if (code < 0 || sd_bus_error_is_set(&error) != 0) {
    // It fails where the caller or the bus has gone: then nobody waits.
    static_cast<void>(sd_bus_reply_method_errno(next.call.get(), code, &error));
  }
  sd_bus_error_free(&error);
}

}  // namespace nettune::daemon
