// SPDX-License-Identifier: MIT
#include "engine/change/transaction.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::change;

namespace {

const Place here{"boot-1", {.device = 4, .inode = 4026531840, .cookie = 1}};

sysctl::Key key(std::string_view name) { return *sysctl::Key::parse(name); }

// A machine: keys, and a folder for the state.
struct Machine {
  explicit Machine(FakeTree& keys) : tree(keys) {}

  Session begin_now() const {
    auto session = begin(folder.path(), here, 0, tree);
    REQUIRE_MESSAGE(session.has_value(), session.error().message);
    return *std::move(session);
  }

  std::expected<Outcome, Failure> apply(std::string_view rules,
                                        const TransactionOptions& options = {}) const {
    Session session = begin_now();
    const profile::ResolvedProfile resolved =
        test::resolved_of("sysctl:\n" + std::string(rules), tree);
    const Plan plan = make_plan(resolved, audit::compare(resolved, tree), session.state, tree, "p");
    return carry_out(plan, tree, session.folder, session.state, options);
  }

  std::expected<Outcome, Failure> revert(bool force = false) const {
    Session session = begin_now();
    return carry_out(make_revert_plan(session.state, tree, force), tree, session.folder,
                     session.state, {.keep_going = true});
  }

  State state() const { return *look_at_state(folder.path(), here); }
  std::string state_text() const { return to_text(state(), here); }

  FakeTree& tree;
  test::TempTree folder;
};

constexpr std::string_view both = "  net.core.rmem_max: 16 MiB\n  net.core.wmem_max: 16 MiB\n";

FakeTree two_keys() {
  return FakeTree{{"net.core.rmem_max", "212992"}, {"net.core.wmem_max", "212992"}};
}

}  // namespace

TEST_CASE("a change is written, read back and remembered") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  const auto outcome = machine.apply(both);
  REQUIRE(outcome.has_value());
  CHECK(outcome->written.size() == 2);
  CHECK(tree.live("net.core.rmem_max") == "16777216");
  const State state = machine.state();
  CHECK(state.profile == "p");
  CHECK_FALSE(state.journal.has_value());
  REQUIRE(state.baselines.size() == 2);
  CHECK(state.baselines[0].before == "212992");
  CHECK(state.baselines[0].left == "16777216");
}

TEST_CASE("the same profile a second time writes nothing") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  REQUIRE(machine.apply(both).has_value());
  const std::size_t writes = tree.writes().size();
  REQUIRE(machine.apply(both).has_value());
  CHECK(tree.writes().size() == writes);
}

TEST_CASE("the range is said of a value outside of it alone") {
  FakeTree tree{{"net.core.somaxconn", "128"}};
  const Machine machine(tree);
  tree.refuse("net.core.somaxconn", EINVAL);
  constexpr std::string_view large = "  net.core.somaxconn: 70000\n";
  const auto older = machine.apply(large, {.kernel = {4, 0}});
  REQUIRE(older.has_value());
  REQUIRE(older->refused.size() == 1);
  CHECK(describe(older->refused[0]) ==
        "net.core.somaxconn: asked 70000, got 128 (Invalid argument): the kernel takes 0 to 65535");
  const auto newer = machine.apply(large, {.kernel = {4, 1}});
  REQUIRE(newer.has_value());
  REQUIRE(newer->refused.size() == 1);
  CHECK(describe(newer->refused[0]) ==
        "net.core.somaxconn: asked 70000, got 128 (Invalid argument)");
}

TEST_CASE("a refused write rolls back what was already written") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  tree.refuse("net.core.wmem_max", EINVAL);
  const auto outcome = machine.apply(both, {.kernel = {6, 18}});
  REQUIRE(outcome.has_value());
  CHECK(outcome->is_rolled_back);
  REQUIRE(outcome->refused.size() == 1);
  CHECK(describe(outcome->refused[0]) ==
        "net.core.wmem_max: asked 16777216, got 212992 (Invalid argument)");
  CHECK(tree.live("net.core.rmem_max") == "212992");
  CHECK(tree.writes() == Keys{"net.core.rmem_max", "net.core.wmem_max", "net.core.rmem_max"});
  CHECK(machine.state().is_empty());
}

TEST_CASE("a value that the kernel changed on the way rolls all back") {
  FakeTree tree = two_keys();
  tree.behave("net.core.wmem_max", [](FakeTree& self, std::string_view text) {
    self.set("net.core.wmem_max", text == "16777216" ? "8388608" : std::string(text));
    return 0;
  });
  const Machine machine(tree);
  const auto outcome = machine.apply(both);
  REQUIRE(outcome.has_value());
  CHECK(outcome->is_rolled_back);
  REQUIRE(outcome->refused.size() == 1);
  CHECK(outcome->refused[0].number == 0);
  CHECK(outcome->refused[0].got == "8388608");
  CHECK(tree.live("net.core.wmem_max") == "212992");
  CHECK(tree.live("net.core.rmem_max") == "212992");
}

TEST_CASE("reads that fail for good in the middle leave the journal for the next command") {
  constexpr std::string_view profile =
      "  net.core.rmem_max: 16 MiB\n  net.core.wmem_max: 16 MiB\n  net.ipv4.ip_forward: true\n";
  int torn = 0;
  for (const bool by_revert : {false, true}) {
    for (int count = 0;; ++count) {
      CAPTURE(by_revert);
      CAPTURE(count);
      FakeTree tree{{"net.core.rmem_max", "212992"},
                    {"net.core.wmem_max", "212992"},
                    {"net.ipv4.conf.all.accept_redirects", "1"},
                    {"net.ipv4.conf.all.forwarding", "0"},
                    {"net.ipv4.conf.eth0.forwarding", "0"},
                    {"net.ipv4.ip_forward", "0"}};
      tree.behave("net.ipv4.ip_forward", [](FakeTree& keys, std::string_view text) {
        for (const char* other : {"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding",
                                  "net.ipv4.conf.eth0.forwarding"}) {
          keys.set(other, std::string(text));
        }
        return 0;
      });
      const Machine machine(tree);
      const auto values = [&] {
        std::string text;
        for (const char* name :
             {"net.core.rmem_max", "net.core.wmem_max", "net.ipv4.conf.all.accept_redirects",
              "net.ipv4.conf.all.forwarding", "net.ipv4.conf.eth0.forwarding",
              "net.ipv4.ip_forward"}) {
          text += tree.live(name) + " ";
        }
        return text;
      };
      const std::string start = values();
      if (by_revert) REQUIRE(machine.apply(profile).has_value());
      const std::string before = values();
      tree.fail_reads(EIO, count);
      const auto outcome = by_revert ? machine.revert() : machine.apply(profile);
      const bool is_done = !tree.has_failed();
      tree.fail_reads(0);
      if (values() != before && values() != start) {
        if (!is_done) ++torn;
        CHECK_FALSE(machine.state().is_empty());
      }
      if (!by_revert && outcome && outcome->is_rolled_back && outcome->stuck.empty()) {
        CHECK(values() == before);
      }
      REQUIRE(machine.revert().has_value());
      CHECK(values() == start);
      CHECK(machine.state().is_empty());
      if (is_done) break;
    }
  }
  CHECK(torn > 0);
}

TEST_CASE("a read that fails once keeps every baseline") {
  constexpr std::string_view profile = "  net.core.rmem_max: 16 MiB\n  net.core.wmem_max: 16 MiB\n";
  for (int count = 0;; ++count) {
    CAPTURE(count);
    FakeTree tree = two_keys();
    const Machine machine(tree);
    REQUIRE(machine.apply(profile).has_value());
    tree.fail_reads(EMFILE, count, 1);
    const auto outcome = machine.revert();
    const bool is_done = !tree.has_failed();
    tree.fail_reads(0);
    REQUIRE(machine.revert().has_value());
    CHECK(tree.live("net.core.rmem_max") == "212992");
    CHECK(tree.live("net.core.wmem_max") == "212992");
    CHECK(machine.state().is_empty());
    if (is_done) break;
  }
}

TEST_CASE("a change is not begun where its side effects can't be found") {
  FakeTree tree{{"net.ipv4.conf.all.forwarding", "0"},
                {"net.ipv4.conf.eth0.forwarding", "0"},
                {"net.ipv4.ip_forward", "0"}};
  const Machine machine(tree);
  tree.fail_folders(EMFILE);
  const auto outcome = machine.apply("  net.ipv4.ip_forward: true\n");
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == Failure::Kind::system);
  CHECK(outcome.error().message.ends_with(": Too many open files"));
  CHECK(tree.writes().empty());
  CHECK(machine.state().is_empty());
}

TEST_CASE("a link that goes between plan and write is passed over, and the rest holds") {
  FakeTree tree{{"net.core.somaxconn", "128"},
                {"net.ipv4.conf.eth0.rp_filter", "0"},
                {"net.ipv4.conf.eth1.rp_filter", "0"}};
  const Machine machine(tree);
  tree.behave("net.core.somaxconn", [](FakeTree& keys, std::string_view text) {
    keys.set("net.core.somaxconn", std::string(text));
    keys.remove("net.ipv4.conf.eth0.rp_filter");
    return 0;
  });
  const auto outcome = machine.apply("  net.core.somaxconn: 256\n  net.ipv4.conf.*.rp_filter: 2\n");
  REQUIRE(outcome.has_value());
  CHECK_FALSE(outcome->is_rolled_back);
  CHECK(outcome->refused.empty());
  REQUIRE(outcome->gone.size() == 1);
  CHECK(outcome->gone[0].name() == "net.ipv4.conf.eth0.rp_filter");
  CHECK(outcome->written.size() == 2);
  CHECK(tree.live("net.ipv4.conf.eth1.rp_filter") == "2");
  CHECK(machine.state().baselines.size() == 2);
}

TEST_CASE("a revert that was refused one of two names for a value loses neither") {
  constexpr std::string_view profile = "  net.core.somaxconn: 256\n  net.ipv4.ip_forward: true\n";
  for (const char* refused : {"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"}) {
    for (const bool also_other : {false, true}) {
      FakeTree tree{{"net.core.somaxconn", "128"},
                    {"net.ipv4.conf.all.forwarding", "0"},
                    {"net.ipv4.ip_forward", "0"}};
      int refusals = 0;
      for (const char* name : {"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"}) {
        tree.behave(name, [&, name](FakeTree& keys, std::string_view text) {
          if (refusals > 0 && (also_other || name == std::string_view(refused))) {
            --refusals;
            return EIO;
          }
          keys.set("net.ipv4.ip_forward", std::string(text));
          keys.set("net.ipv4.conf.all.forwarding", std::string(text));
          return 0;
        });
      }
      const Machine machine(tree);
      REQUIRE(machine.apply(profile).has_value());
      refusals = also_other ? 2 : 1;
      REQUIRE(machine.revert().has_value());
      refusals = 0;
      REQUIRE(machine.apply("  net.core.somaxconn: 512\n").has_value());
      REQUIRE(machine.revert().has_value());
      CHECK(tree.live("net.ipv4.ip_forward") == "0");
      CHECK(tree.live("net.ipv4.conf.all.forwarding") == "0");
      CHECK(tree.live("net.core.somaxconn") == "128");
      CHECK(machine.state().is_empty());
    }
  }
}

TEST_CASE("a key that can be neither left out nor put back is still known") {
  FakeTree tree{{"net.core.somaxconn", "128"}, {"net.ipv4.tcp_rmem", "4096 131072 6291456"}};
  const Machine machine(tree);
  tree.behave("net.ipv4.tcp_rmem", [](FakeTree& keys, std::string_view text) {
    if (text.starts_with("4096")) return EIO;  // what was before is refused as well
    keys.set("net.ipv4.tcp_rmem", "8192 131072 6291456");
    return EINVAL;
  });
  const auto outcome =
      machine.apply("  net.core.somaxconn: 256\n  net.ipv4.tcp_rmem: [8192, 262144, 8 MiB]\n",
                    {.keep_going = true});
  REQUIRE(outcome.has_value());
  CHECK(outcome->stuck.size() == 1);
  tree.behave("net.ipv4.tcp_rmem", [](FakeTree& keys, std::string_view text) {
    keys.set("net.ipv4.tcp_rmem", std::string(text));
    return 0;
  });
  REQUIRE(machine.revert().has_value());
  CHECK(tree.live("net.ipv4.tcp_rmem") == "4096 131072 6291456");
  CHECK(tree.live("net.core.somaxconn") == "128");
}

TEST_CASE("what another program writes between a write and its read-back is written over") {
  FakeTree tree = two_keys();
  int writes = 0;
  tree.behave("net.core.rmem_max", [&](FakeTree& keys, std::string_view text) {
    keys.set("net.core.rmem_max", ++writes == 1 ? "5000" : std::string(text));
    return 0;
  });
  const Machine machine(tree);
  const auto outcome = machine.apply(both);
  REQUIRE(outcome.has_value());
  CHECK_FALSE(outcome->is_rolled_back);
  CHECK(tree.live("net.core.rmem_max") == "16777216");
  CHECK(writes == 2);
}

TEST_CASE("a vector of which the kernel stored the first fields before it refused is put back") {
  FakeTree tree{{"net.ipv4.tcp_rmem", "4096 131072 6291456"}, {"net.ipv4.tcp_sack", "0"}};
  tree.behave("net.ipv4.tcp_rmem", [](FakeTree& self, std::string_view text) {
    if (text != "8192 262144 8388608") {
      self.set("net.ipv4.tcp_rmem", std::string(text));
      return 0;
    }
    self.set("net.ipv4.tcp_rmem", "8192 262144 6291456");
    return EINVAL;
  });
  const Machine machine(tree);
  const std::string_view rules =
      "  net.ipv4.tcp_rmem: [8192, 262144, 8388608]\n  net.ipv4.tcp_sack: true\n";
  REQUIRE(machine.apply(rules)->is_rolled_back);
  CHECK(tree.live("net.ipv4.tcp_rmem") == "4096 131072 6291456");

  const auto outcome = machine.apply(rules, {.keep_going = true});
  REQUIRE(outcome.has_value());
  CHECK_FALSE(outcome->is_rolled_back);
  CHECK(outcome->written == std::vector{key("net.ipv4.tcp_sack")});
  CHECK(outcome->refused.size() == 1);
  CHECK(tree.live("net.ipv4.tcp_rmem") == "4096 131072 6291456");
  CHECK(machine.state().baselines.size() == 1);
}

TEST_CASE("what the kernel changes with a key is put back, and only where it changed") {
  FakeTree tree{{"net.ipv4.conf.all.accept_redirects", "1"},
                {"net.ipv4.conf.all.forwarding", "0"},
                {"net.ipv4.conf.eth0.forwarding", "1"},
                {"net.ipv4.ip_forward", "0"},
                {"net.ipv4.tcp_sack", "0"}};
  tree.behave("net.ipv4.ip_forward", [](FakeTree& self, std::string_view text) {
    const std::string value(text);
    self.set("net.ipv4.ip_forward", value);
    self.set("net.ipv4.conf.all.forwarding", value);
    self.set("net.ipv4.conf.eth0.forwarding", value);
    self.set("net.ipv4.conf.all.accept_redirects", value == "1" ? "0" : "1");
    return 0;
  });
  const Machine machine(tree);
  const std::string_view rules = "  net.ipv4.ip_forward: true\n  net.ipv4.tcp_sack: true\n";
  tree.refuse("net.ipv4.tcp_sack", EINVAL);
  REQUIRE(machine.apply(rules)->is_rolled_back);
  CHECK(tree.live("net.ipv4.ip_forward") == "0");
  CHECK(tree.live("net.ipv4.conf.eth0.forwarding") == "1");
  CHECK(tree.live("net.ipv4.conf.all.accept_redirects") == "1");

  REQUIRE_FALSE(machine.apply(rules, {.keep_going = true})->is_rolled_back);
  const State state = machine.state();
  CHECK(state.find(key("net.ipv4.conf.all.forwarding"))->is_side_effect);
  CHECK(state.find(key("net.ipv4.conf.eth0.forwarding")) == nullptr);  // it was 1 already

  REQUIRE(machine.revert().has_value());
  CHECK(tree.live("net.ipv4.conf.all.forwarding") == "0");
  CHECK(tree.live("net.ipv4.conf.all.accept_redirects") == "1");
  CHECK(machine.state().is_empty());
}

TEST_CASE("a key that is right and changes with another one is written again") {
  FakeTree tree{{"net.ipv4.conf.all.accept_redirects", "1"},
                {"net.ipv4.conf.all.forwarding", "0"},
                {"net.ipv4.conf.eth0.forwarding", "0"},
                {"net.ipv4.ip_forward", "0"}};
  tree.behave("net.ipv4.ip_forward", [](FakeTree& self, std::string_view text) {
    self.set("net.ipv4.ip_forward", std::string(text));
    self.set("net.ipv4.conf.all.accept_redirects", text == "1" ? "0" : "1");
    return 0;
  });
  const Machine machine(tree);
  const auto outcome = machine.apply(
      "  net.ipv4.ip_forward: true\n  net.ipv4.conf.all.accept_redirects: true\n"
      "  net.ipv4.conf.eth0.forwarding: false\n");
  REQUIRE(outcome.has_value());
  CHECK(tree.live("net.ipv4.conf.all.accept_redirects") == "1");
  CHECK(outcome->written ==
        std::vector{key("net.ipv4.ip_forward"), key("net.ipv4.conf.all.accept_redirects")});
  CHECK(tree.writes() == Keys{"net.ipv4.ip_forward", "net.ipv4.conf.all.accept_redirects"});
}

TEST_CASE("reverting restores what is as nettune left it, and leaves the rest for one by force") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  REQUIRE(machine.apply(both).has_value());
  tree.set("net.core.wmem_max", "5");
  REQUIRE(machine.revert().has_value());
  CHECK(tree.live("net.core.rmem_max") == "212992");
  CHECK(tree.live("net.core.wmem_max") == "5");
  const State left = machine.state();
  CHECK(left.profile.empty());
  CHECK(left.baselines.empty());
  REQUIRE(left.foreign.size() == 1);
  CHECK(left.foreign.front().before == "212992");

  SUBCASE("another revert leaves it as well, even with the value that nettune once wrote") {
    tree.set("net.core.wmem_max", "16777216");
    const auto outcome = machine.revert();
    REQUIRE(outcome.has_value());
    CHECK(outcome->written.empty());
    CHECK(tree.live("net.core.wmem_max") == "16777216");
    CHECK(machine.state().foreign.size() == 1);
  }
  SUBCASE("by force it is put back and forgotten") {
    REQUIRE(machine.revert(true).has_value());
    CHECK(tree.live("net.core.wmem_max") == "212992");
    CHECK(machine.state().is_empty());
  }
  SUBCASE("one that the kernel refuses stays known") {
    tree.refuse("net.core.wmem_max", EBUSY);
    const auto outcome = machine.revert(true);
    REQUIRE(outcome.has_value());
    CHECK(outcome->refused.size() == 1);
    CHECK(machine.state().foreign.size() == 1);
  }
  SUBCASE("once it is as it was it is forgotten") {
    tree.set("net.core.wmem_max", "212992");
    REQUIRE(machine.revert().has_value());
    CHECK(machine.state().is_empty());
  }
  SUBCASE("a profile without it has nothing to do with it") {
    for (int i = 0; i < 2; ++i) {
      const auto applied = machine.apply("  net.core.rmem_max: 5000\n");
      REQUIRE(applied.has_value());
      CHECK(tree.live("net.core.wmem_max") == "5");
    }
    REQUIRE(machine.revert().has_value());
    CHECK(tree.live("net.core.rmem_max") == "212992");
    CHECK(tree.live("net.core.wmem_max") == "5");
    REQUIRE(machine.revert(true).has_value());
    CHECK(tree.live("net.core.wmem_max") == "212992");
    CHECK(machine.state().is_empty());
  }
  SUBCASE("a profile that writes it begins with what it finds") {
    REQUIRE(machine.apply("  net.core.wmem_max: 7000\n").has_value());
    CHECK(machine.state().foreign.empty());
    REQUIRE(machine.revert().has_value());
    CHECK(tree.live("net.core.wmem_max") == "5");
    CHECK(machine.state().is_empty());
  }
}

TEST_CASE("what a revert's own writes change along with them stays something else's") {
  FakeTree tree{{"net.ipv4.ip_forward", "0"}, {"net.ipv4.conf.all.accept_redirects", "1"}};
  tree.behave("net.ipv4.ip_forward", [&](FakeTree& self, std::string_view text) {
    self.set("net.ipv4.ip_forward", std::string(text));
    self.set("net.ipv4.conf.all.accept_redirects", text == "1" ? "0" : "7");
    return 0;
  });
  const Machine machine(tree);
  REQUIRE(machine.apply("  net.ipv4.ip_forward: 1\n").has_value());
  tree.set("net.ipv4.conf.all.accept_redirects", "5");
  REQUIRE(machine.revert().has_value());
  CHECK(tree.live("net.ipv4.ip_forward") == "0");
  for (int i = 0; i < 2; ++i) {
    CHECK(tree.live("net.ipv4.conf.all.accept_redirects") == "7");
    REQUIRE(machine.state().foreign.size() == 1);
    REQUIRE(machine.revert().has_value());
  }
  REQUIRE(machine.revert(true).has_value());
  CHECK(tree.live("net.ipv4.conf.all.accept_redirects") == "1");
  CHECK(machine.state().is_empty());
}

TEST_CASE("an empty text is put back by a write that is not empty") {
  FakeTree tree{{"net.ipv4.ip_local_reserved_ports", ""}};
  std::vector<std::string> written;
  tree.behave("net.ipv4.ip_local_reserved_ports", [&](FakeTree& self, std::string_view text) {
    written.emplace_back(text);
    if (!text.empty()) {  // the kernel takes no empty write for a change
      self.set("net.ipv4.ip_local_reserved_ports", sysctl::one_line(text));
    }
    return 0;
  });
  const Machine machine(tree);
  REQUIRE(machine.apply("  net.ipv4.ip_local_reserved_ports: \"8080\"\n").has_value());
  REQUIRE(machine.revert().has_value());
  CHECK(tree.live("net.ipv4.ip_local_reserved_ports") == "");
  CHECK(written == std::vector<std::string>{"8080", "\n"});
}

TEST_CASE("what cannot be rolled back is said, and stays known for a revert") {
  FakeTree tree = two_keys();
  bool stuck = true;
  tree.behave("net.core.rmem_max", [&](FakeTree& self, std::string_view text) {
    if (text == "212992" && stuck) return EBUSY;
    self.set("net.core.rmem_max", std::string(text));
    return 0;
  });
  tree.refuse("net.core.wmem_max", EINVAL);
  const Machine machine(tree);
  const auto outcome = machine.apply(both);
  REQUIRE(outcome.has_value());
  CHECK(outcome->is_rolled_back);
  CHECK(outcome->stuck ==
        std::vector<std::string>{"net.core.rmem_max is 16777216 and was 212992, and can't be put "
                                 "back"});
  REQUIRE(machine.state().find(key("net.core.rmem_max")) != nullptr);
  stuck = false;
  REQUIRE(machine.revert().has_value());
  CHECK(tree.live("net.core.rmem_max") == "212992");
  CHECK(machine.state().is_empty());
}

TEST_CASE("where the state cannot be stored nothing is written to the kernel") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  Session session = machine.begin_now();
  const profile::ResolvedProfile resolved =
      test::resolved_of("sysctl:\n" + std::string(both), tree);
  const Plan plan = make_plan(resolved, audit::compare(resolved, tree), session.state, tree, "p");
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const struct rlimit tiny{10, before.rlim_max};  // bytes a file
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tiny) == 0);
  const auto outcome = carry_out(plan, tree, session.folder, session.state, {});
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == Failure::Kind::state);
  CHECK(outcome.error().message.ends_with(": File too large"));
  CHECK(tree.writes().empty());
  CHECK(machine.state().is_empty());
}

TEST_CASE("a change that was cut short is taken back by the next writer") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  {
    // As after a kill between the two writes.
    const auto folder = StateFolder::lock(machine.folder.path(), here, 0);
    State open;
    open.journal =
        Journal{{{key("net.core.rmem_max"), "212992", "16777216", JournalEntry::Purpose::desired},
                 {key("net.core.wmem_max"), "212992", "16777216", JournalEntry::Purpose::desired}},
                "p",
                0,
                0};
    REQUIRE(folder->store(open).has_value());
    tree.set("net.core.rmem_max", "16777216");
  }
  const Session session = machine.begin_now();
  REQUIRE(session.recovery.has_value());
  REQUIRE(session.recovery->restored.size() == 1);
  CHECK(session.recovery->restored[0].key == key("net.core.rmem_max"));
  CHECK(session.recovery->left.empty());
  CHECK(tree.live("net.core.rmem_max") == "212992");
  CHECK(machine.state().is_empty());
}

TEST_CASE("taking back leaves alone what something else has written since") {
  FakeTree tree{{"net.core.rmem_max", "4711"}, {"net.ipv4.tcp_rmem", "8192 131072 6291456"}};
  const Machine machine(tree);
  {
    const auto folder = StateFolder::lock(machine.folder.path(), here, 0);
    State open;
    open.journal =
        Journal{{{key("net.core.rmem_max"), "212992", "16777216", JournalEntry::Purpose::desired},
                 {key("net.ipv4.tcp_rmem"), "4096 131072 6291456", "8192 262144 8388608",
                  JournalEntry::Purpose::desired}},
                "p",
                0,
                0};
    REQUIRE(folder->store(open).has_value());
  }
  const Session session = machine.begin_now();
  CHECK(tree.live("net.core.rmem_max") == "4711");
  CHECK(tree.live("net.ipv4.tcp_rmem") == "4096 131072 6291456");  // half of it was ours
  CHECK(session.recovery->left ==
        std::vector<std::string>{
            "net.core.rmem_max is 4711 now, which is neither 212992 nor 16777216: left as it is"});
}

TEST_CASE("a change on trial waits for its confirmation, and others are told so") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  REQUIRE(machine.apply(both, {.confirm_for = 60'000'000'000}).has_value());
  CHECK(tree.live("net.core.rmem_max") == "16777216");
  REQUIRE(machine.state().journal.has_value());
  CHECK(machine.state().journal->waiting_pid == ::getpid());

  const auto busy = begin(machine.folder.path(), here, 0, tree);
  REQUIRE_FALSE(busy.has_value());
  CHECK(busy.error().kind == Failure::Kind::busy);
  {
    const auto folder = StateFolder::lock(machine.folder.path(), here, 0);
    CHECK(confirm(*folder) == "p");
    CHECK(confirm(*folder).error().message == "no change is waiting for confirmation");
  }
  CHECK_FALSE(machine.state().journal.has_value());
  CHECK(machine.state().baselines.size() == 2);
}

TEST_CASE("a change on trial whose process has gone, or whose time is over, is taken back") {
  for (const bool is_over : {false, true}) {
    CAPTURE(is_over);
    FakeTree tree = two_keys();
    const Machine machine(tree);
    REQUIRE(machine.apply(both, {.confirm_for = 60'000'000'000}).has_value());
    {
      const auto folder = StateFolder::lock(machine.folder.path(), here, 0);
      State state = *folder->load();
      if (is_over) {
        state.journal->confirm_until = boot_time() - 1;
      } else {
        state.journal->waiting_pid = 0;  // none waits
      }
      REQUIRE(folder->store(state).has_value());
      if (is_over) CHECK_FALSE(confirm(*folder).has_value());
    }
    const Session session = machine.begin_now();
    REQUIRE(session.recovery.has_value());
    CHECK(session.recovery->was_unconfirmed);
    CHECK(tree.live("net.core.rmem_max") == "212992");
    CHECK(machine.state().is_empty());
  }
}

TEST_CASE("switching remembers the first baseline, and reverting leads back to it") {
  FakeTree tree = two_keys();
  const Machine machine(tree);
  REQUIRE(machine.apply(both).has_value());
  REQUIRE(machine.apply("  net.core.rmem_max: 1 MiB\n").has_value());
  CHECK(tree.live("net.core.rmem_max") == "1048576");
  CHECK(tree.live("net.core.wmem_max") == "212992");
  CHECK(machine.state().baselines.size() == 1);
  CHECK(machine.state().baselines[0].before == "212992");
  REQUIRE(machine.revert().has_value());
  CHECK(tree.live("net.core.rmem_max") == "212992");
  CHECK(tree.writes() == Keys{"net.core.rmem_max", "net.core.wmem_max", "net.core.rmem_max",
                              "net.core.wmem_max", "net.core.rmem_max"});
}
