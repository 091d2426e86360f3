// SPDX-License-Identifier: MIT
#include "engine/sysctl/proc_tree.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::sysctl;

namespace {
Key key(const char* name) { return *Key::parse(name); }
}  // namespace

TEST_CASE("a folder is read as /proc/sys is") {
  const test::TempTree temp;
  temp.add("net/core/rmem_max", "212992\n");
  temp.add("net/ipv4/tcp_rmem", "4096\t131072\t33554432\n");
  const auto tree = ProcTree::open(temp.path());
  REQUIRE(tree);
  CHECK(tree->read(key("net.core.rmem_max")) == "212992");
  CHECK(tree->read(key("net.ipv4.tcp_rmem")) == "4096\t131072\t33554432");
  CHECK(tree->read(key("net.core.wmem_max")).error().number == ENOENT);
  CHECK(tree->read(key("net.ipv4.conf.eth9.forwarding")).error().number == ENOENT);
  CHECK(describe(tree->read(key("net.core.wmem_max")).error()) ==
        "read net.core.wmem_max: No such file or directory");
}

TEST_CASE("folders that are held open change no answer") {
  const test::TempTree temp;
  temp.add("net/core/rmem_max", "212992\n");
  temp.add("net/ipv4/tcp_rmem", "4096\t131072\t33554432\n");
  const std::string held[] = {"ipv4", "ipv6"};
  const auto tree = ProcTree::open(temp.path(), held);
  REQUIRE(tree);
  CHECK(tree->read(key("net.core.rmem_max")) == "212992");
  CHECK(tree->read(key("net.ipv4.tcp_rmem")) == "4096\t131072\t33554432");
  CHECK(tree->read(key("net.ipv6.mtu")).error().number == ENOENT);
  CHECK(tree->list(*KeyGlob::parse("net.*.*"))->size() == 2);
  CHECK(tree->has_folder_of(key("net.ipv4.tcp_wmem")) == true);
  CHECK(tree->has_folder_of(key("net.ipv6.mtu")) == false);
}

TEST_CASE("without net below it, a folder is no tree") {
  const test::TempTree temp;
  const auto tree = ProcTree::open(temp.path());
  REQUIRE_FALSE(tree);
  CHECK(tree.error().number == ENOENT);
}

TEST_CASE("a glob lists the keys that are there, sorted") {
  const test::TempTree temp;
  for (const char* link : {"all", "default", "eth0.100", "lo"}) {
    temp.add(std::string("net/ipv4/conf/") + link + "/rp_filter", "0\n");
  }
  temp.add("net/ipv4/conf/eth0.100/forwarding", "1\n");
  const auto tree = ProcTree::open(temp.path());
  REQUIRE(tree);
  const auto keys = tree->list(*KeyGlob::parse("net.ipv4.conf.*.rp_filter"));
  REQUIRE(keys);
  REQUIRE(keys->size() == 4);
  CHECK(keys->at(2).name() == "net/ipv4/conf/eth0.100/rp_filter");
  CHECK(tree->list(*KeyGlob::parse("net.ipv4.conf.eth*.forwarding"))->size() == 1);
  CHECK(tree->list(*KeyGlob::parse("net.ipv6.conf.*.mtu"))->empty());
}

TEST_CASE("a link whose name no key can have is passed over") {
  const test::TempTree temp;
  temp.add("net/ipv4/conf/a b/rp_filter", "0\n");
  temp.add("net/ipv4/conf/lo/rp_filter", "0\n");
  const auto tree = ProcTree::open(temp.path());
  CHECK(tree->list(*KeyGlob::parse("net.ipv4.conf.*.rp_filter"))->size() == 1);
}

TEST_CASE("a write replaces nothing behind its end, and needs the key to be there") {
  const test::TempTree temp;
  temp.add("net/core/rmem_max", "212992\n");
  auto tree = ProcTree::open(temp.path());
  REQUIRE(tree->write(key("net.core.rmem_max"), "4194304"));
  CHECK(tree->read(key("net.core.rmem_max")) == "4194304");
  CHECK(tree->write(key("net.core.wmem_max"), "1").error().number == ENOENT);
}

TEST_CASE("read-only keys and absent folders are told") {
  const test::TempTree temp;
  const std::string file = temp.add("net/core/rmem_max", "212992\n");
  auto tree = ProcTree::open(temp.path());
  CHECK(tree->access_of(key("net.core.rmem_max")) == Access::writable);
  REQUIRE(::chmod(file.c_str(), 0444) == 0);
  CHECK(tree->access_of(key("net.core.rmem_max")) == Access::read_only);
  CHECK(tree->access_of(key("net.core.wmem_max")) == Access::unknown);
  CHECK(tree->has_folder_of(key("net.core.wmem_max")) == true);
  CHECK(tree->has_folder_of(key("net.ipv4.conf.eth9.forwarding")) == false);
}

TEST_CASE("a key that is kept is written through the descriptor that has read it") {
  const test::TempTree temp;
  const std::string kept = temp.add("net/core/rmem_max", "1\n");
  const std::string other = temp.add("net/core/wmem_max", "2\n");
  auto tree = ProcTree::open(temp.path());
  REQUIRE(tree);
  tree->expect_writes(2);
  for (const char* name : {"net.core.rmem_max", "net.core.wmem_max"}) {
    REQUIRE(tree->read(key(name)));
    if (name == std::string_view("net.core.rmem_max")) tree->keep(key(name));
  }
  tree->keep(key("net.core.somaxconn"));  // was not read
  // Whatever opens the files from here on sees others.
  for (const std::string& path : {kept, other}) std::filesystem::rename(path, path + ".old");
  temp.add("net/core/rmem_max", "3\n");
  temp.add("net/core/wmem_max", "4\n");
  CHECK(tree->write_and_read(key("net.core.rmem_max"), "5") == "5");
  CHECK(tree->write_and_read(key("net.core.wmem_max"), "6") == "6");
  CHECK(tree->read(key("net.core.rmem_max")) == "3");
  CHECK(tree->read(key("net.core.wmem_max")) == "6");
}

TEST_CASE("the host's own tree has the keys of the mission") {
  const auto tree = ProcTree::open("/proc/sys");
  REQUIRE(tree);
  for (const char* name : {"net.core.optmem_max", "net.ipv4.tcp_no_metrics_save"}) {
    CAPTURE(name);
    CHECK(tree->read(key(name)).has_value());
  }
}
