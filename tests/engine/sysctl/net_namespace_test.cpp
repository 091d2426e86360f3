// SPDX-License-Identifier: MIT
#include "engine/sysctl/net_namespace.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/proc_tree.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::sysctl;

namespace {

constexpr int no_right = 77;

UniqueFd own_namespace() {
  return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

// In a process of its own, that is in a new user namespace and, with `and_network`, in a new
// network namespace: `body` gives 0, or the line that failed. 77: this machine makes none for its
// users.
int apart(bool and_network, int (*body)()) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int flags = CLONE_NEWUSER | (and_network ? CLONE_NEWNET : 0);
    ::_exit(::unshare(flags) != 0 ? no_right : body());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

void judge(int line) {
  if (line == no_right) {
    MESSAGE("skipped: this machine makes no namespaces for its users");
  } else {
    CHECK(line == 0);
  }
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

// A second namespace, with the thread back in the one it had.
UniqueFd make_namespace() {
  const UniqueFd before = own_namespace();
  if (::unshare(CLONE_NEWNET) != 0) return UniqueFd();
  UniqueFd made = own_namespace();
  if (::setns(before.get(), CLONE_NEWNET) != 0) return UniqueFd();
  return made;
}

#define EXPECT(condition)              \
  do {                                 \
    if (!(condition)) return __LINE__; \
  } while (false)

}  // namespace

TEST_CASE("the own network namespace is the same each time, by any way") {
  const auto first = current_net_namespace();
  REQUIRE(first);
  CHECK(first->inode != 0);
  CHECK(current_net_namespace() == *first);
  // One's own needs no right.
  CHECK(net_namespace_of(own_namespace().get()) == *first);
}

TEST_CASE("a file that is no network namespace is refused") {
  const test::TempTree temp;
  const UniqueFd fd(::open(temp.add("file", "").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(net_namespace_of(fd.get()).error().number == EINVAL);
  CHECK(net_namespace_of(-1).error().number == EBADF);
  const auto entered = in_net_namespace(fd.get(), []() -> Result<void> {
    FAIL("this is not to run");
    return {};
  });
  CHECK(entered.error().number == EINVAL);
}

TEST_CASE("another namespace is told from the own one, and left again") {
  const int line = apart(true, [] {
    const auto own = current_net_namespace();
    const UniqueFd other_fd = make_namespace();
    EXPECT(own && other_fd);
    const auto before = open_descriptors();
    const auto other = net_namespace_of(other_fd.get());
    EXPECT(other);
    EXPECT(other->inode != own->inode);
    EXPECT(other->cookie == 0 || other->cookie != own->cookie);
    EXPECT(current_net_namespace() == *own);
    EXPECT(open_descriptors() == before);
    return 0;
  });
  judge(line);
}

TEST_CASE("work runs inside, and the thread is back after success, an error and an exception") {
  const int line = apart(true, [] {
    const auto own = current_net_namespace();
    const UniqueFd other_fd = make_namespace();
    EXPECT(own && other_fd);
    const auto other = net_namespace_of(other_fd.get());
    const auto before = open_descriptors();
    Result<NetNamespace> inside;
    EXPECT(in_net_namespace(other_fd.get(), [&]() -> Result<void> {
      inside = current_net_namespace();
      return {};
    }));
    EXPECT(inside && other && *inside == *other);
    EXPECT(current_net_namespace() == *own);

    const auto refused = in_net_namespace(other_fd.get(), []() -> Result<void> {
      return std::unexpected(Error{ENOSPC, "write", "a key"});
    });
    EXPECT(!refused && refused.error().number == ENOSPC);
    EXPECT(current_net_namespace() == *own);

    bool caught = false;
    try {
      const auto done = in_net_namespace(
          other_fd.get(), []() -> Result<void> { throw std::runtime_error("of a library"); });
      EXPECT(!done);
    } catch (const std::runtime_error&) {
      caught = true;
    }
    EXPECT(caught);
    EXPECT(current_net_namespace() == *own);
    EXPECT(open_descriptors() == before);
    return 0;
  });
  judge(line);
}

TEST_CASE("a namespace from which there is no way back is not entered") {
  // The own network namespace belongs to the user namespace outside, the other one to that inside.
  const int line = apart(false, [] {
    const auto own = current_net_namespace();
    int ends[2];
    EXPECT(own && ::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      char byte = ::unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
      const bool told = ::write(ends[1], &byte, 1) == 1;
      ::pause();
      ::_exit(told ? 0 : 1);
    }
    char made = 'n';
    const bool heard = ::read(ends[0], &made, 1) == 1;
    const std::string path = "/proc/" + std::to_string(child) + "/ns/net";
    const UniqueFd other(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    bool ran = false;
    const auto entered = in_net_namespace(other.get(), [&]() -> Result<void> {
      ran = true;
      return {};
    });
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT(heard && made == 'y' && other);
    EXPECT(!entered && entered.error().number == EPERM && !ran);
    EXPECT(describe(entered.error()) == "leave the own network namespace: Operation not permitted");
    EXPECT(current_net_namespace() == *own);
    return 0;
  });
  judge(line);
}

TEST_CASE("a tree that was opened in another namespace stays there") {
  const int line = apart(true, [] {
    const UniqueFd other = make_namespace();
    EXPECT(other);
    const Key key = *Key::parse("net.ipv4.tcp_fin_timeout");
    auto tree = ProcTree::open_in_namespace("/proc/sys", other.get());
    auto own = ProcTree::open("/proc/sys");
    EXPECT(tree && own);
    EXPECT(own->write(key, "31"));
    EXPECT(tree->write(key, "17"));
    EXPECT(tree->read(key) == "17");
    EXPECT(own->read(key) == "31");
    const auto absent = ProcTree::open_in_namespace("/nowhere", other.get());
    EXPECT(!absent && absent.error().number == ENOENT);
    return 0;
  });
  judge(line);
}
