// SPDX-License-Identifier: MIT
#include "engine/change/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"

using namespace nettune;
using namespace nettune::change;

namespace {

using Purpose = JournalEntry::Purpose;

sysctl::Key key(std::string_view name) { return *sysctl::Key::parse(name); }

Plan planned(std::string_view rules, const FakeTree& tree, const State& state = {}) {
  const profile::ResolvedProfile resolved =
      test::resolved_of("sysctl:\n" + std::string(rules), tree);
  return make_plan(resolved, audit::compare(resolved, tree), state, tree, "test");
}

// "net.core.rmem_max=5" for each write, in order.
std::vector<std::string> texts(const Plan& plan) {
  std::vector<std::string> list;
  for (const Write& write : plan.writes()) list.push_back(write.key.name() + "=" + write.text);
  return list;
}

Keys keys(const Plan& plan) {
  Keys list;
  for (const Write& write : plan.writes()) list.push_back(write.key.name());
  return list;
}

const LeftAlone& left(const Plan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.left_alone(), key(name), &LeftAlone::key);
  REQUIRE(found != plan.left_alone().end());
  return *found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "what a rule allows is not written, and what it does not is changed as little as can be") {
  const FakeTree tree{
      {"net.core.rmem_max", "33554432"}, {"net.core.wmem_max", "1048576"},
      {"net.core.somaxconn", "100"},     {"net.core.netdev_budget", "900"},
      {"net.core.dev_weight", "64"},     {"net.ipv4.tcp_rmem", "4096\t131072\t6291456"},
      {"net.ipv4.tcp_mtu_probing", "0"}, {"net.ipv4.tcp_sack", "1"}};
  const Plan plan = planned(
      "  net.core.rmem_max: at least 16 MiB\n"
      "  net.core.wmem_max: at least 16 MiB\n"
      "  net.core.somaxconn: between 4096 and 8192\n"
      "  net.core.netdev_budget: at most 600\n"
      "  net.core.dev_weight: keep\n"
      "  net.ipv4.tcp_rmem: [keep, 256 KiB, at least 8 MiB]\n"
      "  net.ipv4.tcp_mtu_probing: one of [1, 2]\n"
      "  net.ipv4.tcp_sack: true\n",
      tree);
  CHECK(texts(plan) == Texts{"net.core.netdev_budget=600", "net.core.somaxconn=4096",
                             "net.core.wmem_max=16777216", "net.ipv4.tcp_mtu_probing=1",
                             "net.ipv4.tcp_rmem=4096 262144 8388608"});
  CHECK(plan.writes()[4].before == "4096 131072 6291456");
  CHECK(describe(plan.writes()[4].declared_at) == "test.yaml:8");
  CHECK(left(plan, "net.core.rmem_max").is_right());
  CHECK(reason_of(left(plan, "net.core.rmem_max")) == "it is right already");
  CHECK_FALSE(left(plan, "net.core.rmem_max").is_wrong);
  CHECK(left(plan, "net.core.dev_weight").reason == "skipped: the profile leaves it as it is");
  CHECK_FALSE(left(plan, "net.core.dev_weight").is_wrong);
  CHECK(plan.profile() == "test");
}

TEST_CASE("a key that is not there is left alone, and that is said") {
  const FakeTree tree{{"net.core.rmem_max", "212992"}, {"net.core.somaxconn", "4096"}};
  const Plan plan =
      planned("  net.core.busy_poll: 50\n  net.netfilter.nf_conntrack_max: 70000\n", tree);
  CHECK(plan.writes().empty());
  CHECK(left(plan, "net.core.busy_poll").reason == "missing: this kernel has no such key");
  CHECK(left(plan, "net.core.busy_poll").is_wrong);
  CHECK(left(plan, "net.netfilter.nf_conntrack_max").reason ==
        "pending: the module nf_conntrack is not loaded");
}

TEST_CASE("of several algorithms the first that this kernel has is written") {
  FakeTree tree{{"net.ipv4.tcp_congestion_control", "reno"},
                {"net.ipv4.tcp_available_congestion_control", "reno cubic bbr"}};
  CHECK(texts(planned("  net.ipv4.tcp_congestion_control: one of [dctcp, bbr, cubic]\n", tree)) ==
        Texts{"net.ipv4.tcp_congestion_control=bbr"});
  tree.set("net.ipv4.tcp_available_congestion_control", "reno");
  CHECK(texts(planned("  net.ipv4.tcp_congestion_control: one of [dctcp, bbr]\n", tree)) ==
        Texts{"net.ipv4.tcp_congestion_control=dctcp"});
}

TEST_CASE("growing, a maximum is written before what it bounds; shrinking, after it") {
  const std::string_view up =
      "  net.core.rmem_default: 1 MiB\n  net.core.rmem_max: 2 MiB\n"
      "  net.ipv4.tcp_rmem: [4096, 131072, 8388608]\n";
  const FakeTree small{{"net.core.rmem_default", "212992"},
                       {"net.core.rmem_max", "212992"},
                       {"net.ipv4.tcp_rmem", "4096 131072 6291456"}};
  const Plan growing = planned(up, small);
  CHECK(keys(growing) == Keys{"net.core.rmem_max", "net.core.rmem_default", "net.ipv4.tcp_rmem"});
  CHECK(growing.writes()[0].order == "grows before net.ipv4.tcp_rmem: limits go first");

  const FakeTree large{{"net.core.rmem_default", "4194304"},
                       {"net.core.rmem_max", "8388608"},
                       {"net.ipv4.tcp_rmem", "4096 131072 16777216"}};
  const Plan shrinking = planned(up, large);
  CHECK(keys(shrinking) == Keys{"net.core.rmem_default", "net.ipv4.tcp_rmem", "net.core.rmem_max"});
  CHECK(shrinking.writes()[0].order == "shrinks before net.core.rmem_max: limits go last");
}

TEST_CASE("the port range is raised before the first unprivileged port, and lowered after it") {
  const std::string_view rules =
      "  net.ipv4.ip_local_port_range: [20000, 60999]\n"
      "  net.ipv4.ip_unprivileged_port_start: 15000\n";
  CHECK(keys(planned(rules, {{"net.ipv4.ip_local_port_range", "1024 60999"},
                             {"net.ipv4.ip_unprivileged_port_start", "1000"}})) ==
        Keys{"net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"});
  CHECK(keys(planned(rules, {{"net.ipv4.ip_local_port_range", "32768 60999"},
                             {"net.ipv4.ip_unprivileged_port_start", "30000"}})) ==
        Keys{"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_port_range"});
}

TEST_CASE("a key that changes others is written before them") {
  const FakeTree tree{{"net.ipv4.conf.all.accept_redirects", "1"},
                      {"net.ipv4.conf.default.rp_filter", "0"},
                      {"net.ipv4.conf.eth0.forwarding", "1"},
                      {"net.ipv4.conf.eth0.rp_filter", "0"},
                      {"net.ipv4.ip_forward", "0"}};
  const Plan plan = planned(
      "  net.ipv4.conf.all.accept_redirects: false\n  net.ipv4.conf.eth0.forwarding: false\n"
      "  net.ipv4.conf.eth0.rp_filter: 1\n  net.ipv4.conf.default.rp_filter: 2\n"
      "  net.ipv4.ip_forward: true\n",
      tree);
  CHECK(keys(plan) == Keys{"net.ipv4.ip_forward", "net.ipv4.conf.all.accept_redirects",
                           "net.ipv4.conf.default.rp_filter", "net.ipv4.conf.eth0.forwarding",
                           "net.ipv4.conf.eth0.rp_filter"});
}

TEST_CASE("two keys of one value that change each other are both written") {
  const FakeTree tree{{"net.ipv4.conf.all.forwarding", "0"}, {"net.ipv4.ip_forward", "0"}};
  const Plan plan =
      planned("  net.ipv4.conf.all.forwarding: true\n  net.ipv4.ip_forward: true\n", tree);
  CHECK(plan.writes().size() == 2);
}

TEST_CASE(
    "switching goes straight to the new values, and back where only the old profile had a key") {
  State state;
  state.profile = "old";
  state.baselines = {{key("net.core.busy_poll"), "0", "50", false},
                     {key("net.core.busy_read"), "0", "50", false},
                     {key("net.core.optmem_max"), "131072", "262144", true},
                     {key("net.core.somaxconn"), "4096", "8192", false},
                     {key("net.core.wmem_max"), "212992", "4194304", false}};
  const FakeTree tree{{"net.core.busy_poll", "50"},
                      {"net.core.busy_read", "70"},  // somebody else
                      {"net.core.optmem_max", "262144"},
                      {"net.core.somaxconn", "8192"},
                      {"net.core.wmem_max", "4194304"}};
  const Plan plan =
      planned("  net.core.somaxconn: 16384\n  net.core.wmem_max: keep\n", tree, state);
  CHECK(texts(plan) ==
        Texts{"net.core.busy_poll=0", "net.core.somaxconn=16384", "net.core.optmem_max=131072"});
  CHECK(plan.writes()[0].purpose == Purpose::restored);
  CHECK(plan.writes()[1].purpose == Purpose::desired);
  CHECK(left(plan, "net.core.busy_read").reason ==
        "something else changed it: nettune left 50, and it was 0 before");
  CHECK(left(plan, "net.core.busy_read").is_wrong);
}

TEST_CASE("a side effect stays while the key that causes it is wanted, and goes with it") {
  State state;
  state.profile = "test";
  state.baselines = {{key("net.ipv4.conf.all.forwarding"), "0", "1", true},
                     {key("net.ipv4.ip_forward"), "0", "1", false}};
  const FakeTree tree{{"net.ipv4.conf.all.forwarding", "1"},
                      {"net.ipv4.ip_forward", "1"},
                      {"net.ipv4.tcp_sack", "1"}};
  CHECK(planned("  net.ipv4.ip_forward: true\n", tree, state).writes().empty());
  CHECK(texts(planned("  net.ipv4.tcp_sack: true\n", tree, state)) ==
        Texts{"net.ipv4.ip_forward=0", "net.ipv4.conf.all.forwarding=0"});
}

TEST_CASE("a revert keeps the baseline of a key that can't be read, and says why") {
  State state;
  state.baselines = {{key("net.core.busy_poll"), "0", "50", false},
                     {key("net.core.busy_read"), "0", "50", false},
                     {key("net.core.rmem_max"), "1", "2", false},
                     {key("net.ipv4.conf.eth9.rp_filter"), "1", "2", false},
                     {key("net.netfilter.nf_conntrack_max"), "1", "2", false}};
  state.foreign = {{key("net.core.wmem_max"), "3", "4", false}};
  FakeTree tree{{"net.core.busy_poll", "50"}, {"net.core.busy_read", "50"}};
  tree.hide("net.core.busy_read", EMFILE);
  tree.hide("net.core.wmem_max", EIO);
  const Plan plan = make_revert_plan(state, tree, false);
  CHECK(texts(plan) == Texts{"net.core.busy_poll=0"});
  REQUIRE(plan.unread().size() == 2);
  CHECK(plan.unread()[0].key.name() == "net.core.busy_read");
  CHECK(plan.unread()[1].key.name() == "net.core.rmem_max");  // no kernel takes it away
  CHECK(left(plan, "net.core.busy_read").is_unread);
  CHECK(left(plan, "net.core.busy_read").is_wrong);
  CHECK(left(plan, "net.core.busy_read").reason == "read net.core.busy_read: Too many open files");
  CHECK(left(plan, "net.core.wmem_max").is_unread);
  REQUIRE(plan.foreign().size() == 1);
  CHECK(plan.foreign()[0].key.name() == "net.core.wmem_max");
  CHECK_FALSE(left(plan, "net.ipv4.conf.eth9.rp_filter").is_wrong);
  CHECK_FALSE(left(plan, "net.netfilter.nf_conntrack_max").is_wrong);

  // A link may have gone, and only its folder tells.
  tree.fail_folders(ENFILE);
  const Plan blind = make_revert_plan(state, tree, false);
  CHECK(blind.unread().size() == 4);
  CHECK(left(blind, "net.ipv4.conf.eth9.rp_filter").is_unread);
}

TEST_CASE("a revert says what stayed of a link that was renamed") {
  State state;
  state.baselines = {{key("net.ipv4.conf.eth0.rp_filter"), "0", "2", false},
                     {key("net.ipv4.conf.eth1.rp_filter"), "0", "2", false}};
  FakeTree tree{{"net.ipv4.conf.all.rp_filter", "2"},
                {"net.ipv4.conf.eth1.rp_filter", "2"},
                {"net.ipv4.conf.lan0.rp_filter", "2"},
                {"net.ipv4.conf.lan1.rp_filter", "0"}};
  const Plan plan = make_revert_plan(state, tree, false);
  CHECK(texts(plan) == Texts{"net.ipv4.conf.eth1.rp_filter=0"});
  REQUIRE(plan.left_alone().size() == 2);
  CHECK_FALSE(left(plan, "net.ipv4.conf.eth0.rp_filter").is_wrong);
  CHECK(left(plan, "net.ipv4.conf.lan0.rp_filter").is_wrong);
  CHECK(left(plan, "net.ipv4.conf.lan0.rp_filter").reason ==
        "it is as nettune left net.ipv4.conf.eth0.rp_filter, whose link has gone: perhaps the same "
        "link, renamed; it was 0 before");
  // Where it can't be looked for, nothing is forgotten.
  tree.hide("net.ipv4.conf.lan0.rp_filter", EMFILE);
  const Plan blind = make_revert_plan(state, tree, false);
  REQUIRE(blind.unread().size() == 1);
  CHECK(left(blind, "net.ipv4.conf.eth0.rp_filter").is_unread);
}

TEST_CASE("a switch keeps the baseline of a key that can't be read, and says why") {
  State state;
  state.baselines = {{key("net.core.busy_read"), "0", "50", false}};
  FakeTree tree{{"net.core.busy_read", "50"}, {"net.core.somaxconn", "128"}};
  tree.hide("net.core.busy_read", ENOMEM);
  const Plan plan = planned("  net.core.somaxconn: 256\n", tree, state);
  CHECK(texts(plan) == Texts{"net.core.somaxconn=256"});
  CHECK(left(plan, "net.core.busy_read").is_unread);
}

TEST_CASE("a revert restores what is still as nettune left it, and with force all") {
  State state;
  state.baselines = {{key("net.core.busy_poll"), "0", "50", false},
                     {key("net.core.busy_read"), "0", "50", false},
                     {key("net.core.rmem_default"), "212992", "1048576", false},
                     {key("net.core.rmem_max"), "212992", "4194304", false},
                     {key("net.core.somaxconn"), "4096", "8192", false},
                     {key("net.ipv4.conf.eth9.rp_filter"), "1", "2", false}};
  const FakeTree tree{{"net.core.busy_poll", "50"},
                      {"net.core.busy_read", "70"},
                      {"net.core.rmem_default", "1048576"},
                      {"net.core.rmem_max", "4194304"},
                      {"net.core.somaxconn", "4096"}};  // somebody put it back already
  const Plan plan = make_revert_plan(state, tree, false);
  CHECK(texts(plan) ==
        Texts{"net.core.busy_poll=0", "net.core.rmem_default=212992", "net.core.rmem_max=212992"});
  CHECK(plan.forgets());
  CHECK(plan.profile() == "");
  CHECK(plan.left_alone().size() == 2);
  CHECK(left(plan, "net.core.busy_read").live == "70");
  CHECK_FALSE(left(plan, "net.ipv4.conf.eth9.rp_filter").is_wrong);  // the link has gone

  CHECK(texts(make_revert_plan(state, tree, true)) ==
        Texts{"net.core.busy_poll=0", "net.core.busy_read=0", "net.core.rmem_default=212992",
              "net.core.rmem_max=212992"});
}
