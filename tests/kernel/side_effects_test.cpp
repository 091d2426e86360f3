// SPDX-License-Identifier: MIT
// Holds side_effects_of() against the running kernel: writes each key of a network namespace of its
// own, and looks at all others. A rollback restores what that function names, and no more.
#include "engine/sysctl/side_effects.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/proc_tree.hpp"
#include "engine/sysctl/value.hpp"

using namespace nettune::sysctl;

namespace {

using Snapshot = std::map<Key, std::string>;

std::vector<Key> keys_of(const Tree& tree) {
  std::vector<Key> keys;
  for (const char* pattern : {"net/*/*", "net/*/*/*", "net/*/*/*/*"}) {
    const auto found = tree.list(*KeyGlob::parse(pattern));
    REQUIRE(found);
    keys.insert(keys.end(), found->begin(), found->end());
  }
  // Of the host in every namespace, and it does not go back before the next boot: neither written
  // nor looked at, for others may write it.
  std::erase(keys, *Key::parse("net.netfilter.nf_hooks_lwtunnel"));
  return keys;
}

// Keys that do not answer (triggers, secrets nobody has set) are left out.
Snapshot read_all(const Tree& tree, const std::vector<Key>& keys) {
  Snapshot values;
  for (const Key& key : keys) {
    if (auto text = tree.read(key)) values.emplace(key, *std::move(text));
  }
  return values;
}

std::set<Key> changed(const Snapshot& before, const Snapshot& after) {
  std::set<Key> keys;
  for (const auto& [key, text] : after) {
    const auto was = before.find(key);
    if (was != before.end() && was->second != text) keys.insert(key);
  }
  return keys;
}

// Only what belongs to a namespace on every kernel: nothing of the host changes by this test.
bool may_be_written(const Tree& tree, const Key& key) {
  const Parameter* parameter = find_parameter(key.path());
  return parameter != nullptr && parameter->scope == Scope::net_namespace &&
         parameter->per_namespace_since == Version{} && tree.access_of(key) == Access::writable;
}

// Two other values that the kernel is likely to take: of a flag 1 and 2, of a number its
// neighbours.
std::vector<std::string> other_values(const Tree& tree, const Key& key, const std::string& live) {
  if (key.path() == "net/ipv4/tcp_congestion_control") {
    std::vector<std::string> names;
    const auto known = tree.read(*Key::parse("net.ipv4.tcp_available_congestion_control"));
    REQUIRE(known);
    std::istringstream words(*known);
    for (std::string name; words >> name;) {
      if (name != live) names.push_back(name);
    }
    return names;
  }
  const auto value = Value::parse(find_parameter(key.path()), live);
  if (!value || value->numbers().empty()) return {};
  const Integer first = value->numbers()[0];
  const std::size_t rest = std::min(live.find_first_of(" \t"), live.size());
  const auto text = [&](Integer number) {
    return fmt::format("{}{}", static_cast<long long>(number), live.substr(rest));
  };
  if (first == 0 || first == 1) return {text(1 - first), text(2)};
  return {text(first + 1), text(first - 1)};
}

bool is_named(const std::vector<KeyGlob>& globs, const Key& key) {
  return std::ranges::any_of(globs, [&](const KeyGlob& glob) { return glob.matches(key); });
}

}  // namespace

TEST_CASE("a write changes no other key than those that side_effects_of names") {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    MESSAGE("skipped: no network namespace: " << std::strerror(errno));
    return;
  }
  // A link may be called what is special in a pattern.
  REQUIRE(std::system("ip link add 'v[*]?' type veth peer name 'v*'") == 0);
  auto tree = ProcTree::open("/proc/sys");
  REQUIRE(tree);
  const std::vector<Key> keys = keys_of(*tree);
  int writes = 0;
  std::set<Key> with_effects;
  Snapshot before = read_all(*tree, keys);
  for (const Key& key : keys) {
    if (!may_be_written(*tree, key)) continue;
    const std::vector<KeyGlob> named = side_effects_of(key);
    const auto live = tree->read(key);
    if (!live) continue;
    for (const std::string& text : other_values(*tree, key, *live)) {
      if (!tree->write(key, text)) continue;
      ++writes;
      std::set<Key> touched = changed(before, read_all(*tree, keys));
      touched.erase(key);
      CHECK_MESSAGE(tree->write(key, *live), key.name() << " does not take " << *live << " back");
      // The way back may touch others again. Where it touches those alone that the way there did
      // not, the next key's row shows it.
      if (!touched.empty()) touched.merge(changed(before, read_all(*tree, keys)));
      for (const Key& other : touched) {
        if (other == key) continue;  // rounded: it did not take its old value back
        with_effects.insert(key);
        CHECK_MESSAGE(is_named(named, other), key.name()
                                                  << " = " << text << " changes " << other.name());
        CHECK_MESSAGE(tree->write(other, before.at(other)), other.name());
      }
      if (!touched.empty()) before = read_all(*tree, keys);
    }
  }
  std::string names;
  for (const Key& key : with_effects) names += "\n  " + key.name();
  MESSAGE(writes << " writes of " << keys.size() << " keys; " << with_effects.size()
                 << " keys change others:" << names);
  CHECK(writes > 100);
  // What every kernel does, so that a test that sees nothing does not pass.
  for (const std::string name :
       {"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv4.neigh.lo.retrans_time",
        "net.ipv4.neigh.v[*]?.retrans_time"}) {
    CHECK_MESSAGE(with_effects.contains(*Key::parse(name)), name);
  }
}
