// SPDX-License-Identifier: MIT
#include "nettuned/drift_watch.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::daemon;

namespace {

sysctl::Key key(std::string_view name) { return *sysctl::Key::parse(name); }

Loop make_loop() {
  sd_event* made = nullptr;
  REQUIRE(sd_event_new(&made) >= 0);
  return Loop(made);
}

void write(const std::string& path, const char* text) {
  std::ofstream file(path);
  file << text;
}

// This thread in a network namespace of its own, as long as this lives.
struct OtherNetwork {
  UniqueFd before{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  bool is_there = before && ::unshare(CLONE_NEWNET) == 0;

  OtherNetwork() = default;
  OtherNetwork(const OtherNetwork&) = delete;
  OtherNetwork& operator=(const OtherNetwork&) = delete;
  ~OtherNetwork() {
    if (is_there && ::setns(before.get(), CLONE_NEWNET) != 0) std::abort();
  }
};

}  // namespace

TEST_CASE("a write below a watched folder is told with its key, a dot in a link's name included") {
  const test::TempTree tree;
  const std::string one = tree.add("net/ipv4/conf/eth0.100/rp_filter", "0");
  const std::string other = tree.add("net/core/rmem_max", "0");
  const Loop loop = make_loop();
  std::vector<std::string> told;
  DriftWatch watch(loop.get(), tree.path(),
                   {[&](const std::vector<sysctl::Key>& keys) {
                      for (const sysctl::Key& written : keys) told.push_back(written.name());
                    },
                    [] { FAIL("nothing was lost"); }});
  const std::vector<sysctl::Key> keys = {key("net/ipv4/conf/eth0.100/rp_filter")};
  const std::vector<std::string> folders = {"net/ipv4", "net/ipv4/conf/eth0.100"};
  CHECK(watch.watch(keys) == folders);  // fresh; there is no conf/all here
  CHECK(watch.watch(keys).empty());     // watched already
  CHECK(watch.renew().empty());
  CHECK(watch.why_blind().empty());
  write(one, "1");
  write(other, "1");
  while (sd_event_run(loop.get(), 0) > 0) {
  }
  REQUIRE_FALSE(told.empty());
  CHECK(told.front() == "net/ipv4/conf/eth0.100/rp_filter");
  CHECK(told.back() == told.front());

  SUBCASE("a folder that was made anew is watched anew") {
    std::filesystem::remove_all(tree.path() + "/net/ipv4/conf/eth0.100");
    while (sd_event_run(loop.get(), 0) > 0) {
    }
    tree.add("net/ipv4/conf/eth0.100/rp_filter", "0");
    CHECK(watch.renew() == std::vector<std::string>{"net/ipv4/conf/eth0.100"});
    told.clear();
    write(one, "2");
    while (sd_event_run(loop.get(), 0) > 0) {
    }
    CHECK_FALSE(told.empty());
  }
  SUBCASE("a folder that is no longer wanted is let go") {
    CHECK(watch.watch({}).empty());
    told.clear();
    write(one, "2");
    while (sd_event_run(loop.get(), 0) > 0) {
    }
    CHECK(told.empty());
  }
}

TEST_CASE("the kernel's folder of a link that was made anew without a word is watched by renew()") {
  const OtherNetwork other;
  if (!other.is_there) {
    MESSAGE("skipped: a network namespace needs CAP_SYS_ADMIN");
    return;
  }
  const std::string file = "/proc/sys/net/ipv4/conf/nt0/rp_filter";
  REQUIRE(std::system("ip link add nt0 type veth peer name nt0p") == 0);
  const Loop loop = make_loop();
  int told = 0;
  DriftWatch watch(loop.get(), "/proc/sys",
                   {[&](const std::vector<sysctl::Key>&) { ++told; }, [] {}});
  const std::vector<sysctl::Key> keys = {key("net/ipv4/conf/nt0/rp_filter"),
                                         key("net/ipv4/conf/nt1/rp_filter")};
  const auto is_heard = [&] {
    told = 0;
    write(file, "1");
    while (sd_event_run(loop.get(), 0) > 0) {
    }
    return told > 0;
  };
  CHECK(watch.watch(keys).back() == "net/ipv4/conf/nt0");
  CHECK(is_heard());
  REQUIRE(std::system("ip link del nt0 && ip link add nt0 type veth peer name nt0p") == 0);
  CHECK_FALSE(is_heard());
  CHECK(watch.renew() == std::vector<std::string>{"net/ipv4/conf/nt0"});
  CHECK(is_heard());
  REQUIRE(std::system("ip link add nt1 type veth peer name nt1p") == 0);
  CHECK(watch.renew() == std::vector<std::string>{"net/ipv4/conf/nt1"});
  CHECK(watch.renew().empty());
  CHECK(watch.why_blind().empty());
}

TEST_CASE("a queue that overflows is said") {
  const test::TempTree tree;
  std::vector<std::string> files;
  files.reserve(64);
  for (int i = 0; i < 64; ++i) {
    files.push_back(tree.add("net/core/key" + std::to_string(i), "0"));
  }
  const Loop loop = make_loop();
  int lost = 0;
  DriftWatch watch(loop.get(), tree.path(),
                   {[](const std::vector<sysctl::Key>&) {}, [&] { ++lost; }});
  watch.watch({key("net.core.key0")});
  std::size_t most = 16384;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  // Two events in a row about one file are one.
  for (std::size_t i = 0; i <= most; ++i) write(files[i % files.size()], "1");
  constexpr std::uint64_t patience = 10'000'000;  // microseconds
  while (lost == 0 && sd_event_run(loop.get(), patience) > 0) {
  }
  CHECK(lost == 1);
}

TEST_CASE("a folder that is written all the time rests, and each key is looked at afterwards") {
  const test::TempTree tree;
  std::vector<std::string> files;
  files.reserve(8);
  for (int i = 0; i < 8; ++i) {
    files.push_back(tree.add("net/core/key" + std::to_string(i), "0"));
  }
  const std::string calm = tree.add("net/ipv4/calm", "0");
  const Loop loop = make_loop();
  std::vector<std::vector<std::string>> told;
  DriftWatch watch(loop.get(), tree.path(),
                   {[&](const std::vector<sysctl::Key>& keys) {
                      std::vector<std::string>& names = told.emplace_back();
                      for (const sysctl::Key& written : keys) names.push_back(written.name());
                    },
                    [] {}});
  watch.watch({key("net.core.key0"), key("net.ipv4.calm")});
  // Two events in a row about one file are one.
  const auto write_often = [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) write(files[i % 7], "1");
  };
  // Again where this machine was held up for longer than a window.
  for (int tries = 0; tries < 100 && !watch.is_resting(); ++tries) {
    write(calm, "1");  // in the same window: its folder rests as well
    write_often(DriftWatch::most_events + 1);
    while (!watch.is_resting() && sd_event_run(loop.get(), 0) > 0) {
    }
  }
  REQUIRE(watch.is_resting());
  for (const auto& names : told) CHECK(names.size() <= 8);  // each key once
  told.clear();
  write_often(DriftWatch::most_events + 1);
  write(files[7], "2");
  while (watch.is_resting() && told.empty()) sd_event_run(loop.get(), UINT64_MAX);
  std::size_t keys_told = 0;
  for (const auto& names : told) keys_told += names.size();
  CHECK(keys_told <= 9);  // what was written meanwhile has cost no event
  CHECK(std::ranges::count(told.back(), "net.core.key7") == 1);
  told.clear();
  write(files[0], "3");
  while (told.empty() && sd_event_run(loop.get(), 0) > 0) {
  }
  CHECK(told == std::vector<std::vector<std::string>>{{"net.core.key0"}});
}

TEST_CASE("writers that never pause leave other sources their turns") {
  const test::TempTree tree;
  const std::string files[] = {tree.add("net/core/one", "0"), tree.add("net/core/other", "0")};
  const Loop loop = make_loop();
  std::size_t told = 0;
  DriftWatch watch(
      loop.get(), tree.path(),
      {[&](const std::vector<sysctl::Key>& keys) { told += keys.size(); }, [&] { told += 2; }});
  watch.watch({key("net.core.one")});
  const pid_t writer = ::fork();
  if (writer == 0) {
    const int one = ::open(files[0].c_str(), O_WRONLY);
    const int other = ::open(files[1].c_str(), O_WRONLY);
    const timespec instant{0, 1000};
    for (;;) {
      for (int i = 0; i < 100; ++i) {
        if (::pwrite(one, "1", 1, 0) != 1 || ::pwrite(other, "1", 1, 0) != 1) ::_exit(1);
      }
      ::nanosleep(&instant, nullptr);
    }
  }
  REQUIRE(writer > 0);
  int turns = 0;
  sd_event_source* source = nullptr;
  REQUIRE(sd_event_add_defer(
              loop.get(), &source,
              [](sd_event_source*, void* data) { return ++*static_cast<int*>(data), 0; },
              &turns) >= 0);
  const Source other(source);
  REQUIRE(sd_event_source_set_enabled(source, SD_EVENT_ON) >= 0);
  while (told == 0 || turns < 1000) sd_event_run(loop.get(), UINT64_MAX);
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
  // One event a turn was one key; those that rested were looked at in one piece.
  CHECK(told < 10'000);
}

TEST_CASE("a procfs of its own is told from the host's by mountinfo") {
  CHECK(
      has_own_proc("21 1 8:1 / / rw master:1 - ext4 /dev/sda1 rw\n"
                   "22 21 0:5 / /proc rw - proc proc rw\n"));
  CHECK(
      has_own_proc("21 1 8:1 / / rw master:1 - ext4 /dev/sda1 rw\n"
                   "22 21 0:5 / /proc rw master:5 - proc proc rw\n"
                   "30 22 0:9 / /proc rw,nosuid - proc proc rw\n"));
  // As a unit of systemd 252 sees it with ProtectProc=invisible, and without.
  CHECK(
      has_own_proc("273 236 0:42 / / ro,nosuid shared:44 master:1 - overlay root rw\n"
                   "285 273 0:61 / /proc rw,nosuid shared:88 - proc proc rw,hidepid=invisible\n"
                   "287 285 0:61 /sys /proc/sys ro,nosuid shared:90 - proc proc rw\n"));
  CHECK_FALSE(
      has_own_proc("273 236 0:42 / / ro,nosuid shared:44 master:1 - overlay root rw\n"
                   "299 273 0:51 / /proc rw,nosuid shared:81 master:10 - proc proc rw\n"
                   "300 299 0:51 /sys /proc/sys ro,nosuid shared:82 master:10 - proc proc rw\n"));
  CHECK_FALSE(
      has_own_proc("21 1 8:1 / / rw master:1 - ext4 /dev/sda1 rw\n"
                   "22 21 0:5 / /proc rw master:5 - proc proc rw\n"));
  CHECK_FALSE(
      has_own_proc("21 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
                   "22 21 0:5 / /proc rw shared:5 - proc proc rw\n"
                   "23 22 0:6 / /proc/sys/net rw - proc proc rw\n"));
  // Without systemd's shared mounts nothing can be told.
  CHECK_FALSE(
      has_own_proc("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:5 / /proc rw - proc p rw\n"));
  CHECK_FALSE(has_own_proc(""));
  CHECK_FALSE(has_own_proc("garbage\n"));
}
