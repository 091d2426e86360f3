// SPDX-License-Identifier: MIT
#include "timer.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "journal.hpp"

namespace nettune::daemon {

std::uint64_t monotonic_now() {
  struct timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

void end_loop(sd_event* loop, const char* what, int code) {
  log_line(LOG_ERR, fmt::format("{}: {}; the service ends", what, std::strerror(-code)));
  // It fails only where the loop has ended.
  static_cast<void>(sd_event_exit(loop, EXIT_FAILURE));
}

Timer::Timer(sd_event* loop, clockid_t clock, std::uint64_t slack, std::function<void()> work)
    : loop_(loop), work_(std::move(work)) {
  sd_event_source* source = nullptr;
  // 0 is the loop's own idea of it, a quarter of a second.
  int code =
      sd_event_add_time(loop, &source, clock, UINT64_MAX, slack == 0 ? 1 : slack, on_time, this);
  source_.reset(source);
  if (code >= 0) code = sd_event_source_set_enabled(source, SD_EVENT_OFF);
  if (code < 0) end_loop(loop, "no timer", code);
}

int Timer::on_time(sd_event_source*, std::uint64_t, void* self) {
  static_cast<Timer*>(self)->work_();
  return 0;
}

void Timer::enable(int code) {
  if (code >= 0) code = sd_event_source_set_enabled(source_.get(), SD_EVENT_ONESHOT);
  if (code < 0) end_loop(loop_, "a timer can't be armed", code);
}

void Timer::arm_after(std::uint64_t microseconds) {
  if (source_ != nullptr) enable(sd_event_source_set_time_relative(source_.get(), microseconds));
}

void Timer::arm_after(std::uint64_t microseconds, std::uint64_t slack) {
  if (source_ == nullptr) return;
  const int code = sd_event_source_set_time_accuracy(source_.get(), slack == 0 ? 1 : slack);
  if (code < 0) return enable(code);
  arm_after(microseconds);
}

void Timer::arm_at(std::uint64_t microseconds) {
  if (source_ != nullptr) enable(sd_event_source_set_time(source_.get(), microseconds));
}

void Timer::stop() {
  // It fails only for a source that is not there.
  static_cast<void>(sd_event_source_set_enabled(source_.get(), SD_EVENT_OFF));
}

bool Timer::is_armed() const {
  return source_ != nullptr && sd_event_source_get_enabled(source_.get(), nullptr) > 0;
}

}  // namespace nettune::daemon
