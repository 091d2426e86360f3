// SPDX-License-Identifier: MIT
#include "engine/sysctl/net_namespace_list.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "engine/sysctl/net_namespace.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::sysctl;

namespace {

constexpr const char* own_file = "/proc/self/ns/net";
// Another file of the same file system, which stands for another namespace.
constexpr const char* other_file = "/proc/self/ns/uts";

void add_process(const test::TempTree& temp, int process, const char* command, const char* file) {
  const std::string folder = "proc/" + std::to_string(process);
  temp.add(folder + "/comm", std::string(command) + "\n");
  std::filesystem::create_directories(temp.path() + "/" + folder + "/ns");
  std::filesystem::create_symlink(file, temp.path() + "/" + folder + "/ns/net");
}

void add_name(const test::TempTree& temp, const char* name, const char* file) {
  std::filesystem::create_directories(temp.path() + "/run/netns");
  std::filesystem::create_symlink(file, temp.path() + "/run/netns/" + name);
}

}  // namespace

TEST_CASE("each namespace is listed once, with its names and processes") {
  const test::TempTree temp;
  add_process(temp, 10, "late", other_file);
  add_process(temp, 9, "first", other_file);
  add_process(temp, 30, "shell", own_file);
  add_name(temp, "green", other_file);
  add_name(temp, "blue", other_file);
  temp.add("proc/meminfo", "");
  const auto list = list_net_namespaces(temp.path());
  REQUIRE(list);
  REQUIRE(list->namespaces.size() == 2);
  CHECK(list->unreadable.empty());
  CHECK(list->hidden_processes == 0);
  const ListedNetNamespace& own = list->namespaces[0];
  CHECK(own.is_own);
  CHECK_FALSE(own.is_initial);
  CHECK(own.names.empty());
  CHECK(own.command == "shell");
  CHECK(own.inode == current_net_namespace()->inode);
  const ListedNetNamespace& other = list->namespaces[1];
  CHECK_FALSE(other.is_own);
  CHECK(other.names == std::vector<std::string>{"blue", "green"});
  CHECK(other.processes == std::vector<pid_t>{9, 10});
  CHECK(other.command == "first");
  CHECK(other.first_process == 9);
}

TEST_CASE("the namespace of the kernel's own threads is the initial one") {
  const test::TempTree temp;
  add_process(temp, 1, "systemd", own_file);
  add_process(temp, 2, "kthreadd", own_file);
  auto list = list_net_namespaces(temp.path());
  REQUIRE(list);
  CHECK(list->namespaces.at(0).is_initial);
  CHECK(list->namespaces.at(0).command == "systemd");

  const test::TempTree container;
  add_process(container, 2, "nginx", own_file);
  list = list_net_namespaces(container.path());
  REQUIRE(list);
  CHECK_FALSE(list->namespaces.at(0).is_initial);
}

TEST_CASE("a process that has ended is passed over, and its command is the next one's") {
  const test::TempTree temp;
  add_process(temp, 5, "gone", "/nowhere");
  add_process(temp, 6, "", own_file);
  add_process(temp, 7, "here", own_file);
  const auto list = list_net_namespaces(temp.path());
  REQUIRE(list);
  REQUIRE(list->namespaces.size() == 1);
  CHECK(list->namespaces[0].processes == std::vector<pid_t>{6, 7});
  CHECK(list->namespaces[0].first_process == 7);
  CHECK(list->namespaces[0].command == "here");
}

TEST_CASE("a name over which no namespace is mounted is told, and the rest listed") {
  const test::TempTree temp;
  add_process(temp, 5, "one", own_file);
  const std::string left = temp.add("run/netns/left", "");
  add_name(temp, "right", own_file);
  const auto list = list_net_namespaces(temp.path());
  REQUIRE(list);
  REQUIRE(list->namespaces.size() == 1);
  CHECK(list->namespaces[0].names == std::vector<std::string>{"right"});
  REQUIRE(list->unreadable.size() == 1);
  CHECK(list->unreadable[0].object == left);
}

TEST_CASE("without processes to look at there is no list") {
  const test::TempTree temp;
  CHECK(list_net_namespaces(temp.path()).error().number == ENOENT);
}

TEST_CASE("this host's list has the own namespace, with this process") {
  const auto list = list_net_namespaces("");
  REQUIRE(list);
  REQUIRE_FALSE(list->namespaces.empty());
  CHECK(list->namespaces[0].is_own);
  CHECK(std::ranges::binary_search(list->namespaces[0].processes, ::getpid()));
  CHECK(open_listed(list->namespaces[0], ""));
}

TEST_CASE("a namespace is opened by what still leads to it") {
  const test::TempTree temp;
  add_process(temp, 5, "one", own_file);
  add_process(temp, 6, "two", own_file);
  add_name(temp, "blue", own_file);
  const auto list = list_net_namespaces(temp.path());
  REQUIRE(list);
  const ListedNetNamespace& own = list->namespaces.at(0);
  // The name and one process now lead elsewhere: used again.
  std::filesystem::remove(temp.path() + "/run/netns/blue");
  add_name(temp, "blue", other_file);
  std::filesystem::remove_all(temp.path() + "/proc/5");
  const auto fd = open_listed(own, temp.path());
  REQUIRE(fd);
  struct stat status{};
  REQUIRE(::fstat(fd->get(), &status) == 0);
  CHECK(status.st_ino == own.inode);
  std::filesystem::remove_all(temp.path() + "/proc/6");
  CHECK(open_listed(own, temp.path()).error().number == ENOENT);
}
