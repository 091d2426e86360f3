// SPDX-License-Identifier: MIT
// CallQueue: method calls whose answers cost time wait here, and the callers have their turns one
// after another, however many calls one of them has sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>

#include "handles.hpp"
#include "timer.hpp"

namespace nettune::daemon {

class CallQueue {
 public:
  static constexpr std::size_t most_calls = 16'384;
  static constexpr std::size_t most_calls_of_caller = 512;

  /// Microseconds that a turn looks through what waits on the bus, before it answers.
  static constexpr std::uint64_t longest_look = 5'000;

  /// The bus outlives this, and has a loop.
  explicit CallQueue(sd_bus* bus, std::uint64_t look = longest_look) : bus_(bus), look_(look) {}
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  /// For the filter of the bus. True: the call waits, or `error` says why it may not; it comes back
  /// to the filter when its caller has a turn, and then, as a call that costs nothing, gets false:
  /// whoever has the object is to answer.
  bool keeps(sd_bus_message* call, sd_bus_error* error);

  std::size_t size() const { return size_; }

 private:
  struct Caller {
    std::string name;
    bool is_new = true;  // has had no turn yet
    std::deque<Message> calls{};
  };

  static int on_turn(sd_event_source* source, void* self);
  int wake();
  bool is_bus_full() const;
  void take_calls();
  void serve();

  sd_bus* bus_;
  std::uint64_t look_;
  std::list<Caller> callers_;  // the first one is next; the new ones are before all others
  std::size_t size_ = 0;
  Message in_turn_;  // it has left the queue, and is on its way to the filter
  Source source_;
  std::optional<Timer> pause_;  // with source_
};

}  // namespace nettune::daemon
