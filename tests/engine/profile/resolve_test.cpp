// SPDX-License-Identifier: MIT
#include "engine/profile/resolve.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <stdexcept>

#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::profile;

namespace {

std::string desired(const ResolvedProfile& resolved, std::string_view name) {
  for (const Desired& one : resolved.desired()) {
    if (one.key.name() == name) return to_string(one);
  }
  return "(none)";
}

std::string refusal(std::string_view body, const Host& host) {
  const FakeTree tree{};
  Diagnostics diagnostics;
  static_cast<void>(resolve(test::profile_of(body), host, tree, diagnostics));
  CHECK(diagnostics.has_errors());
  return test::formatted(diagnostics);
}

}  // namespace

TEST_CASE("every expression becomes a number of the key's unit") {
  const FakeTree tree{};
  const ResolvedProfile resolved = test::resolved_of(R"(sysctl:
  net.core.rmem_max: at least 16 MiB
  net.core.wmem_max: at least max(16 MiB, bdp(10 Gbit/s, 20 ms))
  net.ipv4.tcp_rmem: [keep, 128 KiB, at least 32 MiB]
  net.ipv4.tcp_mem: [4% ram, 6% ram, 9% ram]
  net.ipv4.tcp_wmem: [4096, 16384, 4194304]
  net.ipv4.tcp_no_metrics_save: true
  net.core.somaxconn: between 4096 and 65535
  net.core.optmem_max: at most 1 MiB
  net.ipv4.tcp_ecn: one of [1, 2]
  net.ipv4.tcp_congestion_control: one of [bbr, cubic]
)",
                                                     tree);
  CHECK(desired(resolved, "net.core.rmem_max") == "at least 16777216");
  CHECK(desired(resolved, "net.core.wmem_max") == "at least 25000000");
  CHECK(desired(resolved, "net.ipv4.tcp_rmem") == "[keep, 131072, at least 33554432]");
  CHECK(desired(resolved, "net.ipv4.tcp_mem") == "83886 125829 188743");
  CHECK(desired(resolved, "net.ipv4.tcp_wmem") == "4096 16384 4194304");
  CHECK(desired(resolved, "net.ipv4.tcp_no_metrics_save") == "1");
  CHECK(desired(resolved, "net.core.somaxconn") == "between 4096 and 65535");
  CHECK(desired(resolved, "net.core.optmem_max") == "at most 1048576");
  CHECK(desired(resolved, "net.ipv4.tcp_ecn") == "one of [1, 2]");
  CHECK(desired(resolved, "net.ipv4.tcp_congestion_control") == "one of [bbr, cubic]");
}

TEST_CASE("globs over the same keys of many links list them once, and the later one wins") {
  FakeTree tree{};
  for (int link = 0; link < 60; ++link) {
    for (const char* key : {"rp_filter", "log_martians", "arp_notify"}) {
      tree.set(fmt::format("net.ipv4.conf.d{}.{}", link, key), "0");
    }
  }
  // Each matches d1, some others too: by a beginning, an end, a set, or a sign alone.
  std::string body = "sysctl:\n";
  int value = 0;
  for (const char* key : {"rp_filter", "log_martians", "arp_notify"}) {
    for (const char* link : {"*", "d*", "d1*", "*1", "d?", "d[12]", "*d1", "d*1", "e*"}) {
      body += fmt::format("  net.ipv4.conf.{}.{}: {}\n", link, key, value++ % 3);
    }
  }
  const ResolvedProfile resolved = test::resolved_of(body, tree);
  CHECK(tree.lists() == 3);
  REQUIRE(resolved.desired().size() == 180);
  REQUIRE(resolved.unmatched().size() == 3);
  CHECK(resolved.unmatched()[0]->key.name() == "net.ipv4.conf.e*.rp_filter");
  CHECK(resolved.unmatched()[2]->key.name() == "net.ipv4.conf.e*.arp_notify");
  // As if each glob were matched with each key, one after the other.
  for (const Desired& one : resolved.desired()) {
    const Entry* last = nullptr;
    for (const Entry& entry : resolved.profile().entries()) {
      if (entry.key.matches(one.key)) last = &entry;
    }
    CHECK(one.entry == last);
  }
}

TEST_CASE("of globs of different shapes over one key the later one wins") {
  const FakeTree tree{{"net.ipv4.conf.d1.rp_filter", "0"}, {"net.ipv4.conf.d2.rp_filter", "0"}};
  const auto desired_of = [&](std::string_view body) {
    return desired(test::resolved_of(body, tree), "net.ipv4.conf.d1.rp_filter");
  };
  CHECK(desired_of("sysctl:\n  net.ipv4.conf.*.rp_filter: 1\n  net.*.conf.d1.rp_filter: 2\n"
                   "  net.ipv4.conf.d?.rp_filter: 0\n") == "0");
  CHECK(desired_of("sysctl:\n  net.ipv4.conf.*.rp_filter: 1\n  net.ipv4.conf.d?.rp_filter: 0\n"
                   "  net.*.conf.d1.rp_filter: 2\n") == "2");
}

TEST_CASE("a key that is named wins over a glob, wherever either stands") {
  const FakeTree tree{{"net.ipv4.conf.all.rp_filter", "0"},
                      {"net.ipv4.conf.docker0.rp_filter", "0"},
                      {"net.ipv4.conf.eth0.rp_filter", "0"}};
  const ResolvedProfile resolved = test::resolved_of(R"(sysctl:
  net.ipv4.conf.docker0.rp_filter: keep
  net.ipv4.conf.*.rp_filter: 2
  net.ipv4.conf.eth*.rp_filter: 1
)",
                                                     tree);
  CHECK(desired(resolved, "net.ipv4.conf.all.rp_filter") == "2");
  CHECK(desired(resolved, "net.ipv4.conf.docker0.rp_filter") == "keep");
  CHECK(desired(resolved, "net.ipv4.conf.eth0.rp_filter") == "1");
  CHECK(resolved.unmatched().empty());
}

TEST_CASE("a glob that matches nothing yet is remembered") {
  const FakeTree tree{};
  const ResolvedProfile resolved =
      test::resolved_of("sysctl:\n  net.ipv4.conf.wg*.rp_filter: 2\n", tree);
  CHECK(resolved.desired().empty());
  REQUIRE(resolved.unmatched().size() == 1);
  CHECK(resolved.unmatched()[0]->key.name() == "net.ipv4.conf.wg*.rp_filter");
}

TEST_CASE("the same profile is resolved again for another tree, and shared") {
  const FakeTree first{{"net.ipv4.conf.lo.rp_filter", "0"}};
  const FakeTree second{{"net.ipv4.conf.eth0.rp_filter", "0"}};
  const ResolvedProfile resolved = test::resolved_of(R"(sysctl:
  net.ipv4.conf.*.rp_filter: 2
  net.core.somaxconn: at least 4096
)",
                                                     first);
  Diagnostics diagnostics;
  const auto again = resolve_again(resolved, second, diagnostics);
  if (!again) throw std::runtime_error("it was resolved once already");
  CHECK(diagnostics.list.empty());
  CHECK(&again->profile() == &resolved.profile());
  CHECK(desired(resolved, "net.ipv4.conf.lo.rp_filter") == "2");
  CHECK(desired(*again, "net.ipv4.conf.lo.rp_filter") == "(none)");
  CHECK(desired(*again, "net.ipv4.conf.eth0.rp_filter") == "2");
  CHECK(desired(*again, "net.core.somaxconn") == "at least 4096");
}

TEST_CASE("a child's key takes the place of its parent's") {
  const FakeTree tree{};
  Profile parent =
      test::profile_of("sysctl:\n  net.core.rmem_max: 8 MiB\n  net.core.wmem_max: 8 MiB\n");
  Profile other = test::profile_of("on-drift: report\nsysctl:\n  net.core.wmem_max: 16 MiB\n");
  Profile own = test::profile_of("summary: own\nsysctl:\n  net.core.rmem_max: keep\n");
  std::vector<Profile> parents;
  parents.push_back(std::move(parent));
  parents.push_back(std::move(other));
  Diagnostics diagnostics;
  const auto resolved = resolve(ProfileBuilder::merge(std::move(parents), std::move(own)),
                                test::host_of(8), tree, diagnostics);
  if (!resolved) throw std::runtime_error(test::formatted(diagnostics));
  CHECK(desired(*resolved, "net.core.rmem_max") == "keep");
  CHECK(desired(*resolved, "net.core.wmem_max") == "16777216");
  CHECK(resolved->profile().summary() == "own");
  CHECK(resolved->profile().on_drift() == OnDrift::report);
}

TEST_CASE(
    "requirements that this host does not meet are told, unknown facts are not held against it") {
  const FakeTree tree{};
  constexpr std::string_view body = "requires:\n  kernel: \">= 5.10\"\n  memory: \">= 2 GiB\"\n";
  CHECK(test::resolved_of(body, tree, test::host_of(8)).unmet().empty());
  const ResolvedProfile old = test::resolved_of(body, tree, test::host_of(1, {4, 19}));
  REQUIRE(old.unmet().size() == 2);
  CHECK(old.unmet()[0] == "it requires kernel >= 5.10, and this one is 4.19");
  CHECK(old.unmet()[1] == "it requires memory >= 2 GiB, and this host has 1 GiB");
  CHECK(test::resolved_of(body, tree, Host{}).unmet().empty());
}

TEST_CASE("a share of memory needs the memory's size") {
  CHECK(refusal("sysctl:\n  net.ipv4.tcp_mem: [4% ram, 6% ram, 9% ram]\n", Host{})
            .starts_with("test.yaml:3:22: error: the memory size of that machine is not known\n"));
}

TEST_CASE("a value that leaves the kernel's range on this host alone is refused") {
  CHECK(refusal("sysctl:\n  net.core.rmem_max: 50% ram\n", test::host_of(1024))
            .starts_with("test.yaml:3:22: error: the kernel refuses 549755813888 for "
                         "net.core.rmem_max\n"));
}

namespace {

// The messages about one key, with the lint's name, on a host of the given rate of ticks.
std::string said_at(int hz, std::string_view line, const FakeTree& tree = FakeTree{},
                    const std::string& possible_cpus = "") {
  Host host = test::host_of(8);
  host.timer_hz = hz;
  host.possible_cpus = possible_cpus;
  Diagnostics diagnostics;
  static_cast<void>(
      resolve(test::profile_of("sysctl:\n  " + std::string(line) + "\n"), host, tree, diagnostics));
  std::string all;
  for (const Diagnostic& one : diagnostics.list) {
    all += one.message + (one.lint.empty() ? "" : " [" + std::string(one.lint.name()) + "]") + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("what the kernel makes of a time in its timer's ticks is told") {
  CHECK(said_at(0, "net.ipv4.icmp_ratelimit: 3") == "");
  CHECK(said_at(1000, "net.ipv4.icmp_ratelimit: 3") == "");
  CHECK(said_at(250, "net.ipv4.icmp_ratelimit: 3") ==
        "the kernel makes 4 of 3 for net.ipv4.icmp_ratelimit: its timer ticks 250 times a second "
        "[rounded]\n");
  CHECK(said_at(250, "net.ipv4.neigh.lo.locktime: 3") ==
        "the kernel makes 2 of 3 for net.ipv4.neigh.*.locktime\n");
  CHECK(said_at(250, "net.ipv4.neigh.lo.locktime: 4") == "");
}

TEST_CASE("seconds that do not fit into 32 bits of timer ticks are refused at both ends") {
  CHECK(said_at(100, "net.ipv4.tcp_fin_timeout: 21474836") == "");
  CHECK(said_at(250, "net.ipv4.tcp_fin_timeout: 8589934") == "");
  for (const char* line :
       {"net.ipv4.tcp_fin_timeout: 8589935", "net.ipv4.tcp_fin_timeout: -8589935"}) {
    CHECK(said_at(250, line).find("8589934 that fit into 32 bits of timer ticks") !=
          std::string::npos);
  }
  CHECK(said_at(250, "net.ipv4.tcp_probe_interval: 17179869") == "");
  CHECK(said_at(250, "net.ipv4.tcp_probe_interval: 17179870").find("17179869 seconds") !=
        std::string::npos);
}

TEST_CASE("a number that the kernel refuses beside another key is an error, by the live value") {
  const FakeTree tree{{"net.ipv4.ipfrag_low_thresh", "3145728"},
                      {"net.ipv4.ipfrag_high_thresh", "4194304"},
                      {"net.ipv4.ip_local_port_range", "32768\t60999"},
                      {"net.ipv4.tcp_max_reordering", "300"},
                      {"net.ipv4.tcp_reordering", "3"}};
  CHECK(said_at(0, "net.ipv4.ipfrag_high_thresh: 65536", tree) ==
        "the kernel refuses 65536 for net.ipv4.ipfrag_high_thresh: net.ipv4.ipfrag_low_thresh is "
        "3145728 now [refused]\n");
  CHECK(said_at(0, "net.ipv4.ipfrag_low_thresh: 4194305", tree) ==
        "the kernel refuses 4194305 for net.ipv4.ipfrag_low_thresh: net.ipv4.ipfrag_high_thresh is "
        "4194304 now [refused]\n");
  CHECK(said_at(0, "net.ipv4.ip_unprivileged_port_start: 65535", tree) ==
        "the kernel refuses 65535 for net.ipv4.ip_unprivileged_port_start: "
        "net.ipv4.ip_local_port_range is 32768 now [refused]\n");
  CHECK(said_at(0, "net.ipv4.tcp_reordering: 301", tree) ==
        "the kernel refuses 301 for net.ipv4.tcp_reordering: net.ipv4.tcp_max_reordering is 300 "
        "now [refused]\n");
  CHECK(said_at(0, "net.ipv4.tcp_max_reordering: 2", tree) == "");  // that one is not looked at
  CHECK(said_at(0, "net.ipv4.ipfrag_high_thresh: 65536\n  net.ipv4.ipfrag_low_thresh: 65536",
                tree) == "");
  CHECK(said_at(0, "net.ipv6.ip6frag_low_thresh: 8388608\n  net.ipv6.ip6frag_high_thresh: 4194304",
                tree) ==
        "the kernel refuses 8388608 for net.ipv6.ip6frag_low_thresh: "
        "net.ipv6.ip6frag_high_thresh is 4194304 [refused]\n");
}

TEST_CASE("a mask with a CPU that the host can't have is an error") {
  const test::TempTree root;
  const std::string file = root.add("possible", "0-3,8-9\n");
  CHECK(said_at(0, "net.core.rps_default_mask: 3ff", FakeTree{}, file) == "");
  CHECK(said_at(0, "net.core.rps_default_mask: 400", FakeTree{}, file) ==
        "the kernel refuses a mask with CPU 10 for net.core.rps_default_mask: this host has at "
        "most 10 [refused]\n");
  CHECK(said_at(0, "net.core.rps_default_mask: \"1,00000000\"", FakeTree{}, file) ==
        "the kernel refuses a mask with CPU 32 for net.core.rps_default_mask: this host has at "
        "most 10 [refused]\n");
  CHECK(said_at(0, "net.core.rps_default_mask: 400") == "");
}
