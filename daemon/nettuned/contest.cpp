// SPDX-License-Identifier: MIT
#include "contest.hpp"

#include <algorithm>

namespace nettune::daemon {
namespace {

constexpr std::int64_t minute = 60'000'000'000;
constexpr unsigned longest_leave = 60;  // minutes
constexpr std::int64_t look_interval = std::chrono::nanoseconds(contested_look).count();

}  // namespace

bool Contest::is_fight(std::int64_t now, std::size_t most, std::chrono::nanoseconds within) {
  std::erase_if(restores_, [&](std::int64_t when) { return now - when > within.count(); });
  if (restores_.empty()) {
    if (!tries_again_) times_ = 0;
    tries_again_ = false;
    return false;
  }
  // After a contest the first change back begins the next one.
  return times_ > 0 || restores_.size() >= most;
}

unsigned Contest::leave_alone(std::int64_t now) {
  const unsigned minutes = times_ >= 6 ? longest_leave : std::min(1U << times_, longest_leave);
  ++times_;
  restores_.clear();
  left_until_ = now + minutes * minute;
  looked_at_ = now;
  is_written_ = false;
  return minutes;
}

bool Contest::puts_off_look(std::int64_t now) {
  if (!is_left_alone()) return false;
  is_written_ = now - looked_at_ < look_interval;
  if (!is_written_) looked_at_ = now;
  return is_written_;
}

bool Contest::pass_time(std::int64_t now) {
  if (!is_left_alone()) return false;
  if (left_until_ > now) return is_written_;
  left_until_ = 0;
  tries_again_ = true;
  return true;
}

std::optional<std::int64_t> Contest::deadline() const {
  if (!is_left_alone()) return std::nullopt;
  return is_written_ ? std::min(left_until_, looked_at_ + look_interval) : left_until_;
}

}  // namespace nettune::daemon
