// SPDX-License-Identifier: MIT
// Contest: whether something else keeps changing a key back, and how long the key is left alone
// then. Pure: the time is an argument, nanoseconds of CLOCK_BOOTTIME.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nettune::daemon {

/// A key that is left alone is looked at so often at most, however often it is written.
constexpr std::chrono::seconds contested_look{1};

/// What became of one key that nettune had to restore.
class Contest {
 public:
  std::string refused{};  ///< what was said of the kernel's last refusal; "" for none

  void add_restore(std::int64_t now) { restores_.push_back(now); }
  /// Whether one restore more is a fight: there were `most` of them `within` that time, or one
  /// since the key was left alone for the last time.
  bool is_fight(std::int64_t now, std::size_t most, std::chrono::nanoseconds within);

  /// From now on it is left alone, for longer each time in a row. Gives the minutes: 1 to 60.
  unsigned leave_alone(std::int64_t now);
  bool is_left_alone() const { return left_until_ != 0; }
  std::int64_t left_until() const { return left_until_; }
  /// It is as declared again, or is gone.
  void end_leave() { left_until_ = 0; }

  /// Whether a look at the key that is left alone has to wait, because there was one just now.
  bool puts_off_look(std::int64_t now);
  /// Whether the key is to be looked at now: because it is left alone no longer, or because a look
  /// was put off.
  bool pass_time(std::int64_t now);
  /// When pass_time() may have something to do; nullopt: never.
  std::optional<std::int64_t> deadline() const;

 private:
  std::vector<std::int64_t> restores_;  // when; the oldest first
  std::int64_t left_until_ = 0;         // 0: it is not left alone
  unsigned times_ = 0;                  // it was left alone, in a row
  bool tries_again_ = false;            // the first restore after that is due
  std::int64_t looked_at_ = 0;          // while it is left alone
  bool is_written_ = false;             // since then
};

}  // namespace nettune::daemon
