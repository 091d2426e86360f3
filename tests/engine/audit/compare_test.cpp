// SPDX-License-Identifier: MIT
#include "engine/audit/compare.hpp"

#include <doctest/doctest.h>

#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"

using namespace nettune;
using namespace nettune::audit;

namespace {

// "verdict: reason" of the only key that `rule` is about, against `live`.
std::string judged(std::string_view rule, const FakeTree& tree,
                   const profile::Host& host = test::host_of(8)) {
  const profile::ResolvedProfile resolved =
      test::resolved_of("sysctl:\n  " + std::string(rule) + "\n", tree, host);
  const Audit audit = compare(resolved, tree);
  REQUIRE(audit.findings().size() == 1);
  const Finding& finding = audit.findings()[0];
  std::string text(verdict_name(finding.verdict));
  if (!finding.reason.empty()) text += ": " + std::string(finding.reason.view());
  return text;
}

}  // namespace

TEST_CASE("a rule decides what is right") {
  struct Row {
    std::string_view rule;
    std::string live;
    std::string_view verdict;
  };
  const Row rows[] = {
      {"net.core.rmem_max: 4 MiB", "4194304", "match"},
      {"net.core.rmem_max: 4 MiB", "4194305", "drift"},
      {"net.core.rmem_max: at least 16 MiB", "33554432", "match"},
      {"net.core.rmem_max: at least 16 MiB", "212992", "drift"},
      {"net.core.rmem_max: at most 16 MiB", "212992", "match"},
      {"net.core.rmem_max: at most 16 MiB", "16777217", "drift"},
      {"net.core.rmem_max: between 1 MiB and 2 MiB", "1048576", "match"},
      {"net.core.rmem_max: between 1 MiB and 2 MiB", "2097153", "drift"},
      {"net.core.rmem_max: one of [1 MiB, 2 MiB]", "2097152", "match"},
      {"net.core.rmem_max: one of [1 MiB, 2 MiB]", "3", "drift"},
      {"net.core.rmem_max: keep", "3", "skipped: the profile leaves it as it is"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    CAPTURE(row.live);
    CHECK(judged(row.rule, FakeTree{{"net.core.rmem_max", row.live}}) == row.verdict);
  }
}

TEST_CASE("a tuple is compared field by field, whatever the white space") {
  const FakeTree tree{{"net.ipv4.tcp_rmem", "4096\t131072\t33554432"}};
  CHECK(judged("net.ipv4.tcp_rmem: [4096, 131072, 32 MiB]", tree) == "match");
  CHECK(judged("net.ipv4.tcp_rmem: [keep, keep, at least 6 MiB]", tree) == "match");
  CHECK(judged("net.ipv4.tcp_rmem: [keep, 87380, at least 64 MiB]", tree) ==
        "drift: only its default and max differ");
  CHECK(judged("net.ipv4.tcp_rmem: [4096, 131072, 6 MiB]", tree) == "drift: only its max differs");
}

TEST_CASE("a flag is on whatever number says so") {
  CHECK(judged("net.ipv4.tcp_no_metrics_save: true",
               FakeTree{{"net.ipv4.tcp_no_metrics_save", "2"}}) == "match");
  CHECK(judged("net.ipv4.tcp_no_metrics_save: false",
               FakeTree{{"net.ipv4.tcp_no_metrics_save", "2"}}) == "drift");
}

TEST_CASE("milliseconds that the kernel keeps in jiffies match what it makes of them") {
  const auto with = [](const char* live) {
    return judged("net.ipv4.neigh.lo.retrans_time_ms: 1 ms",
                  FakeTree{{"net.ipv4.neigh.lo.retrans_time_ms", live}});
  };
  CHECK(with("1") == "match");
  CHECK(with("4") == "match");
  CHECK(with("10") == "match");
  CHECK(with("5") == "drift");
  // With 300 ticks a second 5 ms are 2 of them: 6.67 ms, which the kernel prints rounded up.
  const auto five = [](const char* live) {
    return judged("net.ipv4.neigh.lo.retrans_time_ms: 5 ms",
                  FakeTree{{"net.ipv4.neigh.lo.retrans_time_ms", live}});
  };
  CHECK(five("7") == "match");
  CHECK(five("6") == "drift");
}

TEST_CASE("names are compared as names, lists of them as sets") {
  const FakeTree tree{{"net.ipv4.tcp_congestion_control", "cubic"},
                      {"net.ipv4.tcp_available_congestion_control", "reno cubic"},
                      {"net.ipv4.tcp_allowed_congestion_control", "reno cubic"}};
  CHECK(judged("net.ipv4.tcp_congestion_control: cubic", tree) == "match");
  CHECK(judged("net.ipv4.tcp_congestion_control: one of [bbr, cubic]", tree) == "match");
  CHECK(judged("net.ipv4.tcp_congestion_control: reno", tree) == "drift");
  CHECK(judged("net.ipv4.tcp_allowed_congestion_control: cubic reno", tree) == "match");
  CHECK(judged("net.ipv4.tcp_allowed_congestion_control: [reno, cubic]", tree) == "match");
  CHECK(judged("net.ipv4.tcp_allowed_congestion_control: reno", tree) == "drift");
}

TEST_CASE("an unknown congestion control is refused, not missing") {
  const FakeTree tree{{"net.ipv4.tcp_congestion_control", "cubic"},
                      {"net.ipv4.tcp_available_congestion_control", "reno cubic"}};
  CHECK(judged("net.ipv4.tcp_congestion_control: bbr2", tree) ==
        "drift: refused: no such congestion control; available: reno cubic");
  // One that is a module of the kernel's own comes with a write.
  CHECK(judged("net.ipv4.tcp_congestion_control: bbr", tree) ==
        "drift: not loaded: a write loads tcp_bbr where this kernel has that module; available: "
        "reno cubic");
}

TEST_CASE("a key that only root may read is left alone, and its value shown nowhere") {
  FakeTree tree{{"net.ipv4.tcp_fastopen_key", "12345678-9abcdef0-12345678-9abcdef0"}};
  tree.make_secret("net.ipv4.tcp_fastopen_key");
  CHECK(judged("net.ipv4.tcp_fastopen_key: 0-0-0-0", tree) ==
        "skipped: readable by root only; not read, because nettune's reports are public");
}

TEST_CASE("an absent key says why it is absent") {
  const FakeTree tree{{"net.core.rmem_max", "1"}, {"net.ipv4.conf.lo.rp_filter", "0"}};
  CHECK(judged("net.ipv4.tcp_tw_recycle: 0", tree) == "missing: Linux 4.12 removed it");
  CHECK(judged("net.ipv4.tcp_shrink_window: 1", tree, test::host_of(8, {5, 10})) ==
        "missing: new in Linux 6.5, and this is 5.10");
  CHECK(judged("net.ipv4.conf.eth7.rp_filter: 1", tree) == "pending: there is no link eth7 yet");
  CHECK(judged("net.netfilter.nf_conntrack_max: 1000000", tree) ==
        "pending: the module nf_conntrack is not loaded");
  CHECK(judged("net.core.never_heard_of: 1", tree) == "missing: this kernel has no such key");
  CHECK(judged("net.core.rmem_maxx: 1", tree) ==
        "missing: this kernel has no such key; was net.core.rmem_max meant?");
  CHECK(judged("net.core.never_heard_of: {value: 1, optional: true}", tree) ==
        "skipped: optional, and this kernel has no such key");
}

TEST_CASE("a host-wide key is skipped in a namespace that cannot hold it") {
  FakeTree tree{{"net.core.rmem_max", "4194304"}, {"net.core.somaxconn", "4096"}};
  tree.make_read_only("net.core.rmem_max");
  CHECK(judged("net.core.rmem_max: 8 MiB", tree) == "skipped: host-wide: read-only here");
  CHECK(judged("net.core.netdev_max_backlog: 2000", tree) ==
        "skipped: host-wide: not in this namespace");
  CHECK(judged("net.core.somaxconn: 4096", tree) == "match");
  const FakeTree older{{"net.core.somaxconn", "4096"}};
  CHECK(judged("net.core.rmem_max: 8 MiB", older) == "skipped: host-wide: not in this namespace");
}

TEST_CASE("what can't be read or understood is unreadable, with the reason") {
  FakeTree tree{{"net.core.rmem_max", "1"}, {"net.ipv4.tcp_rmem", "4096 many 1"}};
  tree.hide("net.core.rmem_max", EACCES);
  CHECK(judged("net.core.rmem_max: 8 MiB", tree) ==
        "unreadable: read net.core.rmem_max: Permission denied");
  CHECK(judged("net.ipv4.tcp_rmem: [keep, keep, 8 MiB]", tree) ==
        "unreadable: its value \"many\" is not a whole number");
}

TEST_CASE("an audit goes on past a bad key, and counts what it found") {
  FakeTree tree{{"net.core.rmem_max", "1"},
                {"net.core.wmem_max", "4194304"},
                {"net.core.optmem_max", "131072"}};
  tree.hide("net.core.optmem_max", EIO);
  const profile::ResolvedProfile resolved = test::resolved_of(R"(sysctl:
  net.core.optmem_max: 131072
  net.core.rmem_max: 4 MiB
  net.core.wmem_max: 4 MiB
  net.core.somaxconn: 4096
)",
                                                              tree);
  const Audit audit = compare(resolved, tree);
  CHECK(audit.counts().match == 1);
  CHECK(audit.counts().drift == 1);
  CHECK(audit.counts().missing == 1);
  CHECK(audit.counts().unreadable == 1);
  CHECK_FALSE(audit.is_in_sync());
}

TEST_CASE("skipped keys alone are in sync") {
  const FakeTree tree{{"net.core.rmem_max", "1"}};
  const profile::ResolvedProfile resolved =
      test::resolved_of("sysctl:\n  net.core.rmem_max: keep\n", tree);
  CHECK(compare(resolved, tree).is_in_sync());
}
