// SPDX-License-Identifier: MIT
// Timer: a time source of the loop that is made once and armed again and again.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>

#include "handles.hpp"

namespace nettune::daemon {

class Timer {
 public:
  /// `loop` outlives the timer; `work` runs once each time that it was armed, at most `slack`
  /// microseconds late, so that it comes with another wakeup. Where the loop takes no timer it
  /// ends with a failure, for what is to be done in time never would be.
  Timer(sd_event* loop, clockid_t clock, std::uint64_t slack, std::function<void()> work);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void arm_after(std::uint64_t microseconds);
  /// As arm_after(), with another slack from now on.
  void arm_after(std::uint64_t microseconds, std::uint64_t slack);
  void arm_at(std::uint64_t microseconds);  ///< of its clock
  void stop();
  bool is_armed() const;

 private:
  static int on_time(sd_event_source* source, std::uint64_t now, void* self);
  void enable(int code);

  sd_event* loop_;
  std::function<void()> work_;
  Source source_;
};

/// CLOCK_MONOTONIC, microseconds.
std::uint64_t monotonic_now();

/// The loop ends with a failure, which is said: what `what` was for would never be done.
void end_loop(sd_event* loop, const char* what, int code);

}  // namespace nettune::daemon
