// SPDX-License-Identifier: MIT
// CallQueue: calls whose answers cost time wait here, and the callers have their turns one after
// another, however many calls one of them has sent.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "handles.hpp"
#include "timer.hpp"

namespace nettune::daemon {

class CallQueue {
 public:
  /// Answers a call. Negative: an errno value, as for a handler of sd-bus.
  using Work = std::function<int(sd_bus_message* call, sd_bus_error* error)>;

  static constexpr std::size_t most_calls = 16'384;
  static constexpr std::size_t most_calls_of_caller = 512;

  /// The bus outlives this.
  explicit CallQueue(sd_bus* bus) : bus_(bus) {}
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  /// Keeps `call`, whose arguments are read already, and runs `work` when its caller has a turn; at
  /// once where the bus has no loop. What it returns is what the handler is to return.
  int add(sd_bus_message* call, Work work, sd_bus_error* error);

  std::size_t size() const { return size_; }

 private:
  struct Waiting {
    Message call;
    Work work;
  };
  struct Caller {
    std::string name;
    std::deque<Waiting> calls{};
  };

  static int on_turn(sd_event_source* source, void* self);
  int wake();
  bool is_bus_full() const;
  void take_calls();
  void serve();

  sd_bus* bus_;
  std::list<Caller> callers_;  // the first one is next; each has a call
  std::size_t size_ = 0;
  Source source_;
  std::optional<Timer> pause_;  // with source_
};

}  // namespace nettune::daemon
