// SPDX-License-Identifier: MIT
#include "engine/sysctl/saved_tree.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace nettune;
using namespace nettune::sysctl;

namespace {
struct Parsed {
  std::vector<SavedTree::Fault> faults;
  SavedTree tree;
};
Parsed parse(std::string_view text) {
  std::vector<SavedTree::Fault> faults;
  SavedTree tree = SavedTree::parse(text, faults);
  return {std::move(faults), std::move(tree)};
}
}  // namespace

TEST_CASE("what sysctl -a prints is read") {
  const Parsed parsed = parse(
      "kernel.sysrq = 176\nnet.core.rmem_max = 212992\nnet.ipv4.tcp_rmem = 4096\t131072\t6291456\n"
      "net/ipv4/conf/eth0.100/rp_filter = 2\nnet.ipv4.conf.eth0/200.rp_filter=1\n");
  CHECK(parsed.faults.empty());
  CHECK(parsed.tree.size() == 4);
  CHECK(parsed.tree.read(*Key::parse("net.core.rmem_max")) == "212992");
  CHECK(parsed.tree.read(*Key::parse("net/ipv4/conf/eth0.200/rp_filter")) == "1");
  CHECK(parsed.tree.read(*Key::parse("net.core.wmem_max")).error().number == ENOENT);
  CHECK(parsed.tree.list(*KeyGlob::parse("net.ipv4.conf.*.rp_filter"))->size() == 2);
  CHECK(parsed.tree.has_folder_of(*Key::parse("net/ipv4/conf/eth0.100/mtu")) == true);
  CHECK(parsed.tree.has_folder_of(*Key::parse("net/ipv4/conf/eth1/mtu")) == false);
}

TEST_CASE("CRLF line ends are no part of a value") {
  const Parsed parsed = parse("net.core.rmem_max = 212992\r\nnet.core.wmem_max = 1\r\n");
  CHECK(parsed.faults.empty());
  CHECK(parsed.tree.read(*Key::parse("net.core.rmem_max")) == "212992");
}

TEST_CASE("a carriage return before the blanks at a line's end is no part of a value either") {
  CHECK(parse("net.core.rmem_max = 212992\r \n").tree.read(*Key::parse("net.core.rmem_max")) ==
        "212992");
}

TEST_CASE("a key that sysctl could not read is unreadable, not missing") {
  const Parsed parsed = parse(
      "sysctl: permission denied on key 'net.core.bpf_jit_harden'\n"
      "sysctl: reading key \"net.ipv6.conf.all.stable_secret\"\nnet.core.rmem_max = 1\n");
  CHECK(parsed.faults.empty());
  CHECK(parsed.tree.read(*Key::parse("net.core.bpf_jit_harden")).error().number == EACCES);
  CHECK(parsed.tree.read(*Key::parse("net.ipv6.conf.all.stable_secret")).error().number == EACCES);
}

TEST_CASE("a cut last line is a fault, for its value may be cut") {
  const Parsed parsed = parse("net.core.rmem_max = 212992\nnet.core.wmem_max = 2129");
  REQUIRE(parsed.faults.size() == 1);
  CHECK(parsed.faults[0].line == 2);
  CHECK_FALSE(parsed.tree.read(*Key::parse("net.core.wmem_max")));
}

TEST_CASE("lines that sysctl never prints are faults") {
  const Parsed parsed = parse("hello\nnet..core = 5\n\nnet.../etc = 1\n");
  REQUIRE(parsed.faults.size() == 3);
  CHECK(parsed.faults[0].line == 1);
  CHECK(parsed.faults[1].line == 2);
  CHECK(parsed.faults[2].line == 4);
}

TEST_CASE("a saved tree is never written") {
  Parsed parsed = parse("net.core.rmem_max = 1\n");
  CHECK(parsed.tree.write(*Key::parse("net.core.rmem_max"), "2").error().number == EROFS);
}
