// SPDX-License-Identifier: MIT
// Holds what a check says of a number against the running kernel: each key of one number of a
// network namespace of its own, with the numbers at which kernels change their mind. What is
// accepted without a word is held as it was written; what is refused, the kernel refuses or
// changes.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "engine/profile/document.hpp"
#include "engine/profile/host.hpp"
#include "engine/profile/profile.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/proc_tree.hpp"
#include "engine/sysctl/value.hpp"

using namespace nettune;
using sysctl::Integer;

namespace {

std::vector<sysctl::Key> keys_of(const sysctl::Tree& tree) {
  std::vector<sysctl::Key> keys;
  for (const char* pattern : {"net/*/*", "net/*/*/*", "net/*/*/*/*"}) {
    const auto found = tree.list(*sysctl::KeyGlob::parse(pattern));
    REQUIRE(found);
    keys.insert(keys.end(), found->begin(), found->end());
  }
  // Of the host in every namespace, and it does not go back before the next boot.
  std::erase(keys, *sysctl::Key::parse("net.netfilter.nf_hooks_lwtunnel"));
  return keys;
}

// Those that a namespace has of its own, with one number.
const sysctl::Parameter* number_of_namespace(const sysctl::Key& key) {
  const sysctl::Parameter* parameter = sysctl::find_parameter(key);
  const bool is_number = parameter != nullptr && parameter->fields == 1 &&
                         sysctl::is_numeric(parameter->encoding) &&
                         parameter->scope == sysctl::Scope::net_namespace &&
                         parameter->per_namespace_since == sysctl::Version{};
  return is_number ? parameter : nullptr;
}

std::set<Integer> numbers_for(const sysctl::Parameter& parameter) {
  constexpr Integer word = Integer{1} << 32;
  std::set<Integer> numbers{-word, -1,    0,     1,        2,        3,       5,
                            255,   65535, 65536, word / 2, word - 1, word + 1};
  for (const Integer end : {parameter.minimum, parameter.maximum, word / 2 / 100, word / 2 / 250,
                            word / 2 / 1000, -word / 2 / 250}) {
    numbers.insert({end - 1, end, end + 1});
  }
  return numbers;
}

struct Judgement {
  bool is_accepted;
  std::string reason;
};

Judgement judge(const sysctl::Key& key, Integer number, const profile::Host& host,
                const sysctl::Tree& tree) {
  Diagnostics diagnostics;
  const auto document = profile::parse_document(
      "walk.yaml",
      fmt::format("nettune: 1\nsysctl:\n  {}: {}\n", key.path(), sysctl::to_string(number)),
      diagnostics);
  REQUIRE(document);
  auto made = profile::ProfileBuilder::check(*document, diagnostics, host.kernel);
  if (made) static_cast<void>(profile::resolve(*std::move(made), host, tree, diagnostics));
  for (const Diagnostic& one : diagnostics.list) {
    if (one.severity == Severity::error || one.lint == "rounded") return {false, one.message};
  }
  return {true, ""};
}

// A value that does harm is refused by nettune alone. The others depend on more than the number.
bool is_known(const sysctl::Key& key, const Judgement& judgement) {
  if (judgement.reason.find(" is harmful for ") != std::string::npos) return true;
  return key.path().ends_with("/addr_gen_mode") ||  // 2 needs a secret
         key.path().ends_with("/mtu");              // at most that of the link
}

}  // namespace

TEST_CASE("a number that is accepted is one that the kernel takes and keeps") {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    MESSAGE("skipped: no network namespace: " << std::strerror(errno));
    return;
  }
  auto tree = sysctl::ProcTree::open("/proc/sys");
  REQUIRE(tree);
  auto host = profile::read_host("");
  REQUIRE(host);
  CHECK(host->timer_hz > 0);
  std::size_t compared = 0;
  for (const sysctl::Key& key : keys_of(*tree)) {
    const sysctl::Parameter* parameter = number_of_namespace(key);
    if (parameter == nullptr || tree->access_of(key) != sysctl::Access::writable) continue;
    const Result<std::string> before = tree->read(key);
    if (!before || !tree->write(key, *before)) continue;  // read-only, or it is the host's
    for (const Integer number : numbers_for(*parameter)) {
      const Judgement judgement = judge(key, number, *host, *tree);
      const std::string text = sysctl::to_string(number);
      const Result<void> written = tree->write(key, text);
      const Result<std::string> after = tree->read(key);
      REQUIRE(after);
      const bool is_kept = written && sysctl::one_line(*after) == text;
      CHECK(tree->write(key, *before).has_value());
      ++compared;
      if (judgement.is_accepted == is_kept || is_known(key, judgement)) continue;
      FAIL_CHECK(key.name() << " = " << text << ": "
                            << (judgement.is_accepted ? "accepted" : judgement.reason)
                            << "; the kernel: "
                            << (written ? "holds " + sysctl::one_line(*after)
                                        : std::string(std::strerror(written.error().number))));
    }
  }
  CHECK(compared > 1000);
  MESSAGE("compared " << compared << " numbers at " << host->timer_hz << " ticks a second");
}
