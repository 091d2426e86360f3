// SPDX-License-Identifier: MIT
#include "engine/sysctl/key.hpp"

#include <doctest/doctest.h>

#include <string>

using nettune::sysctl::Key;
using nettune::sysctl::KeyGlob;

TEST_CASE("dotted and slash spellings are one key") {
  const auto dotted = Key::parse("net.ipv4.tcp_mem");
  const auto slashed = Key::parse("net/ipv4/tcp_mem");
  REQUIRE(dotted);
  REQUIRE(slashed);
  CHECK(*dotted == *slashed);
  CHECK(dotted->path() == "net/ipv4/tcp_mem");
  CHECK(slashed->name() == "net.ipv4.tcp_mem");
}

TEST_CASE("a dot inside a link's name survives") {
  const auto dotted = Key::parse("net.ipv4.conf.eth0/100.forwarding");
  const auto slashed = Key::parse("net/ipv4/conf/eth0.100/forwarding");
  REQUIRE(dotted);
  REQUIRE(slashed);
  CHECK(*dotted == *slashed);
  CHECK(dotted->name() == "net/ipv4/conf/eth0.100/forwarding");
  CHECK(Key::parse(dotted->name()) == *dotted);
}

TEST_CASE("a key never leaves /proc/sys/net") {
  struct Row {
    std::string text;
    std::string reason;
  };
  const Row rows[] = {
      {"", "a key must not be empty"},
      {"net.../../../etc/x", "a key has no empty component"},
      {"net/../../../etc/x", "a key never leaves /proc/sys/net"},
      {"net/ipv4/../../kernel/sysrq", "a key never leaves /proc/sys/net"},
      {"net/ipv4/./tcp_mem", "a key never leaves /proc/sys/net"},
      {"/proc/sys/net/ipv4/tcp_mem", "a key is relative to /proc/sys, so it begins with \"net.\""},
      {"kernel.sysrq", "only keys below net. are supported"},
      {"network.ipv4.tcp_mem", "only keys below net. are supported"},
      {"net", "\"net\" is a folder of keys, not a key"},
      {"net..ipv4.tcp_mem", "a key has no empty component"},
      {"net.ipv4.tcp_mem.", "a key has no empty component"},
      {"net.ipv4.tcp mem", "a key holds no white space and no control character"},
      {"net.ipv4.conf.b\xff"
       "0.rp_filter",
       "a key is valid UTF-8"},
      {"net.ipv4.conf.\xc3(.rp_filter", "a key is valid UTF-8"},
      {std::string("net.ipv4.tcp\0mem", 16), "a key holds no white space and no control character"},
      {"net.ipv4." + std::string(256, 'x'), "a key's component has at most 255 bytes"},
      {"net.ipv4." + std::string(2000, 'x'), "a key has at most 1024 bytes"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto key = Key::parse(row.text);
    REQUIRE_FALSE(key);
    CHECK(key.error() == row.reason);
    CHECK_FALSE(KeyGlob::parse(row.text));
  }
}

TEST_CASE("a glob matches within one component") {
  const auto glob = KeyGlob::parse("net.ipv4.conf.*.rp_filter");
  REQUIRE(glob);
  CHECK_FALSE(glob->is_literal());
  CHECK(glob->matches(*Key::parse("net.ipv4.conf.eth0.rp_filter")));
  CHECK(glob->matches(*Key::parse("net/ipv4/conf/eth0.100/rp_filter")));
  CHECK_FALSE(glob->matches(*Key::parse("net.ipv4.conf.eth0.forwarding")));
  CHECK_FALSE(glob->matches(*Key::parse("net.ipv6.conf.eth0.rp_filter")));
  CHECK_FALSE(glob->matches(*Key::parse("net.ipv4.conf.a.b.rp_filter")));
}

TEST_CASE("a glob without a wildcard is a key") {
  const auto glob = KeyGlob::parse("net.core.rmem_max");
  REQUIRE(glob);
  CHECK(glob->is_literal());
  CHECK(glob->literal() == *Key::parse("net.core.rmem_max"));
  CHECK(
      KeyGlob::parse("net.ipv4.conf.eth[01].mtu")->matches(*Key::parse("net.ipv4.conf.eth1.mtu")));
  CHECK_FALSE(
      KeyGlob::parse("net.ipv4.conf.eth?.mtu")->matches(*Key::parse("net.ipv4.conf.eth10.mtu")));
}
