// SPDX-License-Identifier: MIT
#include "nettuned/contest.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using nettune::daemon::Contest;
using std::chrono::minutes;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t minute = 60 * second;

// Restores at `now`, which is no fight yet.
void restore(Contest& contest, std::int64_t now) {
  REQUIRE_FALSE(contest.is_fight(now, 2, minutes(1)));
  contest.add_restore(now);
}

}  // namespace

TEST_CASE("so many restores within the time make a fight of the next one") {
  Contest contest;
  restore(contest, 1 * second);
  restore(contest, 2 * second);
  CHECK(contest.is_fight(3 * second, 2, minutes(1)));
  CHECK_FALSE(contest.is_fight(3 * second, 3, minutes(1)));
  // At 61 s the first one is a minute old, a moment later it counts no more.
  CHECK(contest.is_fight(61 * second, 2, minutes(1)));
  CHECK_FALSE(contest.is_fight(61 * second + 1, 2, minutes(1)));
}

TEST_CASE("a key is left alone for longer each time in a row, and for an hour at most") {
  Contest contest;
  std::vector<unsigned> left;
  std::int64_t now = second;
  for (int i = 0; i < 9; ++i) {
    left.push_back(contest.leave_alone(now));
    CHECK(contest.is_left_alone());
    CHECK(contest.left_until() == now + left.back() * minute);
    CHECK(contest.deadline() == contest.left_until());
    CHECK_FALSE(contest.pass_time(contest.left_until() - 1));
    now = contest.left_until();
    CHECK(contest.pass_time(now));
    CHECK_FALSE(contest.is_left_alone());
    CHECK(contest.deadline() == std::nullopt);
    // The first restore after it is tried; the first change back begins the next contest.
    CHECK_FALSE(contest.is_fight(now, 5, minutes(1)));
    contest.add_restore(now);
    CHECK(contest.is_fight(now + second, 5, minutes(1)));
  }
  CHECK(left == std::vector<unsigned>{1, 2, 4, 8, 16, 32, 60, 60, 60});
  // Who keeps the peace for the time begins at one minute again.
  CHECK_FALSE(contest.is_fight(now + 2 * minute, 5, minutes(1)));
  CHECK(contest.leave_alone(now + 3 * minute) == 1);
}

TEST_CASE("a key that is left alone is looked at once a second, and once more after that") {
  Contest contest;
  CHECK_FALSE(contest.puts_off_look(second));
  contest.leave_alone(second);
  CHECK(contest.puts_off_look(second + second / 2));
  CHECK(contest.deadline() == 2 * second);
  CHECK(contest.pass_time(2 * second));
  CHECK_FALSE(contest.puts_off_look(2 * second));
  CHECK_FALSE(contest.pass_time(2 * second));
  CHECK(contest.deadline() == contest.left_until());
}

TEST_CASE("a key that is as declared again is left alone no longer") {
  Contest contest;
  contest.leave_alone(second);
  contest.end_leave();
  CHECK_FALSE(contest.is_left_alone());
  CHECK_FALSE(contest.pass_time(2 * minute));
  CHECK(contest.deadline() == std::nullopt);
}
