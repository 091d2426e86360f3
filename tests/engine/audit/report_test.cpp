// SPDX-License-Identifier: MIT
#include "engine/audit/report.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"

using namespace nettune;
using namespace nettune::audit;

namespace {

using Causes = std::vector<std::string>;

// A report owns pointers into its resolved profile, so a test holds both.
struct Made {
  std::unique_ptr<profile::ResolvedProfile> resolved;
  Report report;
};

Conflict conflict_of(std::string_view key, std::vector<Setter> setters, bool disagree = false) {
  return {*sysctl::Key::parse(key), std::move(setters), disagree};
}

Made made(std::string_view rules, const FakeTree& tree, std::vector<Conflict> conflicts = {},
          const profile::Host& host = test::host_of(8), Rows rows = Rows::all) {
  Made result{std::make_unique<profile::ResolvedProfile>(
                  test::resolved_of("sysctl:\n" + std::string(rules), tree, host)),
              {}};
  Audit audit = compare(*result.resolved, tree);
  result.report = make_report(*result.resolved, std::move(audit), std::move(conflicts), rows);
  return result;
}

// The causes of somaxconn, which is to be at least 8192 and is `live`, where `setters` set it.
Causes causes(const std::string& live, std::vector<Setter> setters, bool disagree = false) {
  const FakeTree tree{{"net.core.somaxconn", live}};
  const Made result = made("  net.core.somaxconn: at least 8192\n", tree,
                           {conflict_of("net.core.somaxconn", std::move(setters), disagree)});
  return result.report.rows().at(0).causes;
}

constexpr const char* file = "/etc/sysctl.d/50-net.conf";

}  // namespace

TEST_CASE("what is wrong comes first, and each group by key") {
  const FakeTree tree{{"net.core.rmem_max", "1048576"},
                      {"net.core.somaxconn", "8192"},
                      {"net.core.wmem_max", "1048576"}};
  const Made result = made(
      "  net.core.wmem_max: 2 MiB\n"
      "  net.core.somaxconn: 8192\n"
      "  net.core.rmem_max: 1 MiB\n"
      "  net.core.busy_poll: 50\n"
      "  net.core.busy_read: {value: 50, optional: true}\n",
      tree);
  std::vector<std::string> keys;
  for (const Row& row : result.report.rows()) keys.push_back(row.key);
  CHECK(keys == std::vector<std::string>{"net.core.busy_poll", "net.core.wmem_max",
                                         "net.core.busy_read", "net.core.rmem_max",
                                         "net.core.somaxconn"});
}

TEST_CASE("a row has the rule and the live value, raw and as a person reads them") {
  struct Line {
    std::string_view rule;
    std::string live_key;
    std::string live;
    std::string desired;
    std::string desired_readable;
    std::string live_text;
    std::string live_readable;
  };
  const Line lines[] = {
      {"net.core.rmem_max: at least 16 MiB", "net.core.rmem_max", "4194304", "at least 16777216",
       "at least 16 MiB", "4194304", "4 MiB"},
      {"net.core.somaxconn: 4096", "net.core.somaxconn", "128", "4096", "", "128", ""},
      {"net.ipv4.tcp_rmem: [keep, 128 KiB, at least 32 MiB]", "net.ipv4.tcp_rmem",
       "4096\t131072\t6291456", "[keep, 131072, at least 33554432]",
       "[keep, 128 KiB, at least 32 MiB]", "4096 131072 6291456", "4 KiB, 128 KiB, 6 MiB"},
      {"net.ipv4.tcp_keepalive_time: between 60 s and 10 min", "net.ipv4.tcp_keepalive_time",
       "7200", "between 60 and 600", "between 1 min and 10 min", "7200", "2 h"},
      {"net.core.rmem_max: one of [1 MiB, 2 MiB]", "net.core.rmem_max", "212992",
       "one of [1048576, 2097152]", "one of [1 MiB, 2 MiB]", "212992", "208 KiB"},
      {"net.ipv4.tcp_congestion_control: one of [bbr, cubic]", "net.ipv4.tcp_congestion_control",
       "reno", "one of [bbr, cubic]", "", "reno", ""},
  };
  for (const Line& line : lines) {
    CAPTURE(line.rule);
    const FakeTree tree{{line.live_key, line.live}};
    const Made result = made("  " + std::string(line.rule) + "\n", tree);
    const Row& row = result.report.rows().at(0);
    CHECK(row.desired == line.desired);
    CHECK(row.desired_readable == line.desired_readable);
    CHECK(row.live == line.live_text);
    CHECK(row.live_readable == line.live_readable);
    CHECK(row.declared_at == "test.yaml:3");
  }
}

TEST_CASE("a line that gives the live value is the cause") {
  CHECK(causes("4000", {{Loader::systemd_sysctl, file, 3, "4000", true},
                        {Loader::procps, file, 3, "4000", true}}) ==
        Causes{"/etc/sysctl.d/50-net.conf:3 sets 4000 at boot (systemd-sysctl and sysctl "
               "--system): that is the live value"});
}

TEST_CASE("a line that would be right shows that something changed the key since") {
  CHECK(causes("4000", {{Loader::systemd_sysctl, file, 3, "9000", true}}) ==
        Causes{"/etc/sysctl.d/50-net.conf:3 sets 9000 at boot (systemd-sysctl): that would be "
               "right, and something changed it since"});
}

TEST_CASE("a line that is overridden is no cause") {
  CHECK(causes("4000", {{Loader::systemd_sysctl, file, 3, "100", false},
                        {Loader::systemd_sysctl, file, 9, "4000", true}})
            .size() == 1);
}

TEST_CASE("TuneD sets a key when its profile is activated, not at boot") {
  CHECK(causes("4000", {{Loader::tuned, "/etc/tuned/x/tuned.conf", 7, "4000", true}}) ==
        Causes{"/etc/tuned/x/tuned.conf:7 sets 4000, by the active TuneD profile: that is the "
               "live value"});
}

TEST_CASE("where TuneD writes after systemd-sysctl, TuneD has the last word at boot") {
  const std::string profile = "/etc/tuned/x/tuned.conf";
  CHECK(causes("4000", {{Loader::systemd_sysctl, file, 3, "9000", true},
                        {Loader::tuned, profile, 7, "4000", true}}) ==
        Causes{"/etc/sysctl.d/50-net.conf:3 sets 9000 at boot (systemd-sysctl), and TuneD another "
               "value after it (/etc/tuned/x/tuned.conf:7)",
               "/etc/tuned/x/tuned.conf:7 sets 4000, by the active TuneD profile: that is the "
               "live value"});
  // A key that is right: only the last word counts.
  CHECK(causes("8192", {{Loader::systemd_sysctl, file, 3, "4000", true},
                        {Loader::tuned, profile, 7, "8192", true}})
            .empty());
  // By its own settings TuneD carries out sysctl.d again after its profile.
  CHECK(causes("8192", {{Loader::systemd_sysctl, file, 3, "4000", true},
                        {Loader::tuned, profile, 7, "8192", false},
                        {Loader::tuned, file, 3, "4000", true}}) ==
        Causes{"/etc/sysctl.d/50-net.conf:3 sets 4000 at boot (systemd-sysctl and TuneD): right "
               "today, and no longer after the next boot"});
}

TEST_CASE("TuneD's bounds raise or lower, and what it works out itself is not known") {
  const std::string profile = "/etc/tuned/x/tuned.conf";
  const auto bound = [&](std::string value, Setter::Bound kind) {
    Setter setter{Loader::tuned, profile, 7, std::move(value), true};
    setter.bound = kind;
    return setter;
  };
  const std::string begin = "/etc/tuned/x/tuned.conf:7 sets ";
  const std::string end = ", by the active TuneD profile";
  // The profile of these tests wants at least 8192.
  CHECK(causes("4000", {bound(">2048", Setter::Bound::at_least)}).empty());
  CHECK(causes("4000", {bound(">4000", Setter::Bound::at_least)}) ==
        Causes{begin + "at least 4000" + end + ": that is the live value"});
  CHECK(causes("4000", {bound(">9000", Setter::Bound::at_least)}) ==
        Causes{begin + "at least 9000" + end +
               ": that would be right, and something changed it since"});
  CHECK(causes("8192", {bound(">2048", Setter::Bound::at_least)}).empty());
  CHECK(causes("8192", {bound("<4000", Setter::Bound::at_most)}) ==
        Causes{begin + "at most 4000" + end + ": right today, and no longer after the next boot"});
  // Of anything but a number TuneD writes the sign as well.
  CHECK(causes("4000", {bound(">9k", Setter::Bound::at_least)}) ==
        Causes{begin + "\">9k\"" + end + ": the kernel refuses that text"});
  Setter computed{Loader::tuned, profile, 7, "${f:exec:nproc}", true};
  computed.is_computed = true;
  CHECK(causes("4000", {computed}) ==
        Causes{begin + "what TuneD works out when it runs: ${f:exec:nproc}" + end});
  CHECK(causes("8192", {computed}).empty());
}

TEST_CASE("a foreign value is read as the kernel reads it") {
  // 0x2000 and 020000 are 8192; a text that is refused leaves the key alone.
  CHECK(causes("8192", {{Loader::systemd_sysctl, file, 3, "0x2000", true}}).empty());
  CHECK(causes("8192", {{Loader::systemd_sysctl, file, 3, "020000", true}}).empty());
  CHECK(causes("8192", {{Loader::systemd_sysctl, file, 3, "8k", true}}).empty());
  CHECK(causes("4000", {{Loader::systemd_sysctl, file, 3, "8k", true}}) ==
        Causes{"/etc/sysctl.d/50-net.conf:3 sets \"8k\" at boot (systemd-sysctl): the kernel "
               "refuses that text"});
}

TEST_CASE("a short vector leaves the other fields as they are") {
  const FakeTree tree{{"net.ipv4.tcp_rmem", "4096\t131072\t33554432"}};
  const auto causes_of = [&](std::string value) {
    const Made result = made(
        "  net.ipv4.tcp_rmem: [keep, 128 KiB, at least 32 MiB]\n", tree,
        {conflict_of("net.ipv4.tcp_rmem", {{Loader::procps, file, 1, std::move(value), true}})});
    return result.report.rows().at(0).causes.size();
  };
  CHECK(causes_of("8192") == 0);
  CHECK(causes_of("8192 87380") == 1);
  CHECK(causes_of("8192 131072 6291456") == 1);
}

TEST_CASE("a key that is right now and wrong after the next boot is counted") {
  const FakeTree tree{{"net.core.rmem_max", "212992"},
                      {"net.core.somaxconn", "8192"},
                      {"net.core.wmem_max", "8388608"}};
  const Made result =
      made("  net.core.somaxconn: at least 8192\n  net.core.wmem_max: at least 8 MiB\n", tree,
           {conflict_of("net.core.somaxconn", {{Loader::systemd_sysctl, file, 3, "128", true},
                                               {Loader::procps, file, 3, "128", true}}),
            conflict_of("net.core.wmem_max", {{Loader::procps, file, 4, "16777216", true}})});
  CHECK(result.report.audit().is_in_sync());
  CHECK(result.report.overridden_at_boot() == 1);
  CHECK(result.report.rows().at(0).causes ==
        Causes{"/etc/sysctl.d/50-net.conf:3 sets 128 at boot (systemd-sysctl and sysctl "
               "--system): right today, and no longer after the next boot"});
  CHECK(result.report.rows().at(1).causes.empty());
  CHECK(result.report.rows().at(1).conflict != nullptr);
}

TEST_CASE("notable are the keys that are wrong now or will be after the next boot") {
  const FakeTree tree{{"net.core.rmem_max", "1048576"},
                      {"net.core.somaxconn", "8192"},
                      {"net.core.wmem_max", "1048576"},
                      {"net.core.busy_poll", "0"}};
  const Made result = made(
      "  net.core.wmem_max: 2 MiB\n  net.core.somaxconn: 8192\n  net.core.rmem_max: 1 MiB\n"
      "  net.core.busy_poll: keep\n",
      tree,
      {conflict_of("net.core.busy_poll", {{Loader::procps, file, 2, "50", true}}),
       conflict_of("net.core.rmem_max", {{Loader::procps, file, 3, "1048576", true}}),
       conflict_of("net.core.somaxconn", {{Loader::procps, file, 4, "128", true}})},
      test::host_of(8), Rows::notable);
  std::vector<std::string> keys;
  for (const Row& row : result.report.rows()) keys.push_back(row.key);
  CHECK(keys == std::vector<std::string>{"net.core.wmem_max", "net.core.somaxconn"});
  CHECK(result.report.overridden_at_boot() == 1);
  CHECK(result.report.audit().findings().size() == 4);
}

TEST_CASE("loaders that end with different values are told apart") {
  CHECK(causes("8192",
               {{Loader::systemd_sysctl, file, 3, "8192", true},
                {Loader::procps, "/etc/sysctl.conf", 1, "128", true}},
               true) ==
        Causes{"/etc/sysctl.conf:1 sets 128 at boot (sysctl --system): right today, and no longer "
               "after the next boot",
               "systemd-sysctl and \"sysctl --system\" end with different values for it"});
}

TEST_CASE("a live value that is the kernel's own default is called that") {
  const FakeTree tree{{"net.core.somaxconn", "4096"}};
  const std::string rule = "  net.core.somaxconn: at least 8192\n";
  CHECK(made(rule, tree).report.rows().at(0).causes ==
        Causes{"the live value is the kernel's own default on this host"});
  // Before Linux 5.4 the default was another one.
  CHECK(made(rule, tree, {}, test::host_of(8, {4, 19})).report.rows().at(0).causes.empty());
}

TEST_CASE("a key without effect on this kernel says so") {
  const FakeTree tree{{"net.ipv4.tcp_adv_win_scale", "2"}};
  const Made result = made("  net.ipv4.tcp_adv_win_scale: 1\n", tree);
  CHECK(result.report.rows().at(0).causes == Causes{"the key has no effect since Linux 6.6"});
}

TEST_CASE("who sets a key that is skipped is no cause of anything") {
  const FakeTree tree{{"net.core.somaxconn", "128"}};
  const Made result =
      made("  net.core.somaxconn: keep\n", tree,
           {conflict_of("net.core.somaxconn", {{Loader::procps, file, 2, "1", true}})});
  CHECK(result.report.rows().at(0).causes.empty());
  CHECK(result.report.rows().at(0).conflict != nullptr);
}

TEST_CASE("conflicts of keys that the profile does not have are passed over") {
  const FakeTree tree{{"net.core.somaxconn", "128"}};
  const Made result =
      made("  net.core.somaxconn: 4096\n", tree,
           {conflict_of("net.core.rmem_max", {{Loader::procps, file, 1, "1", true}}),
            conflict_of("net.core.somaxconn", {{Loader::procps, file, 2, "128", true}}),
            conflict_of("net.core.wmem_max", {{Loader::procps, file, 3, "1", true}})});
  REQUIRE(result.report.rows().size() == 1);
  REQUIRE(result.report.rows()[0].conflict != nullptr);
  CHECK(result.report.rows()[0].conflict->setters[0].line == 2);
}
