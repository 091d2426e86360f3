// SPDX-License-Identifier: MIT
#include "engine/sysctl/traced_tree.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/debug_switch.hpp"
#include "support/fake_tree.hpp"

using namespace nettune;
using namespace nettune::sysctl;

namespace {

Key key(const char* name) { return *Key::parse(name); }

std::unique_ptr<FakeTree> holding(const std::string& name, const std::string& value) {
  return std::make_unique<FakeTree>(
      std::initializer_list<std::pair<std::string, std::string>>{{name, value}});
}

}  // namespace

TEST_CASE("each read, write and list is told, with what came of it") {
  auto fake = holding("net.core.somaxconn", "4096");
  fake->refuse("net.core.optmem_max", EPERM);
  std::vector<std::string> lines;
  TracedTree tree(std::move(fake), [&](std::string_view line) { lines.emplace_back(line); });

  CHECK(tree.read(key("net.core.somaxconn")) == "4096");
  CHECK_FALSE(tree.read(key("net.core.rmem_max")).has_value());
  CHECK(tree.write(key("net.core.somaxconn"), "8192").has_value());
  CHECK_FALSE(tree.write(key("net.core.optmem_max"), "1").has_value());
  CHECK(tree.write_and_read(key("net.core.somaxconn"), "16") == "16");
  CHECK_FALSE(tree.write_and_read(key("net.core.optmem_max"), "1").has_value());
  CHECK(tree.list(*KeyGlob::parse("net.core.so*")).has_value());

  CHECK(lines == std::vector<std::string>{
                     "read net.core.somaxconn: 4096",
                     "read net.core.rmem_max: No such file or directory",
                     "wrote net.core.somaxconn: 8192",
                     "write net.core.optmem_max: 1: Operation not permitted",
                     "wrote net.core.somaxconn: 16; read 16",
                     "write net.core.optmem_max: 1: Operation not permitted",
                     "list net.core.so*: 1 keys",
                 });
}

TEST_CASE("a secret is not told") {
  auto fake = holding("net.ipv6.conf.all.stable_secret", "2001:db8::5ec:e7");
  fake->make_secret("net.ipv6.conf.all.stable_secret");
  std::string all;
  TracedTree tree(std::move(fake), [&](std::string_view line) { all += line; });
  const Key secret = key("net.ipv6.conf.all.stable_secret");

  CHECK(tree.read(secret) == "2001:db8::5ec:e7");
  CHECK(tree.write(secret, "2001:db8::5ec:e8").has_value());
  CHECK(tree.write_and_read(secret, "2001:db8::5ec:e9") == "2001:db8::5ec:e9");

  CHECK(all.contains("(not shown)"));
  CHECK_FALSE(all.contains("5ec"));
}

TEST_CASE("NETTUNE_LOG is debug or nothing") {
  CHECK(wants_debug(nullptr) == false);
  CHECK(wants_debug("") == false);
  CHECK(wants_debug("debug") == true);
  for (const char* other : {"1", "DEBUG", "info", "debug "}) {
    CAPTURE(other);
    REQUIRE_FALSE(wants_debug(other).has_value());
    CHECK(wants_debug(other).error() ==
          "NETTUNE_LOG is ignored: it may be \"debug\", not \"" + std::string(other) + "\"");
  }
}
