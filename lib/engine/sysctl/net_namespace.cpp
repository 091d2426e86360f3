// SPDX-License-Identifier: MIT
#include "engine/sysctl/net_namespace.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <string>
#include <utility>

#include "engine/file/unique_fd.hpp"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71  // include/uapi/asm-generic/socket.h of Linux 5.14
#endif

namespace nettune::sysctl {
namespace {

// Not "self": that is the main thread, and a namespace belongs to a thread.
constexpr const char* own_file = "/proc/thread-self/ns/net";
constexpr const char* own_name = "the own network namespace";

NetNamespace without_cookie(const struct stat& status) {
  return {.device = status.st_dev, .inode = status.st_ino, .cookie = 0};
}

// Of the namespace that the calling thread is in; any socket is made there.
Result<std::uint64_t> read_cookie() {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) {
    // A sandbox that allows no socket is no trouble: the cookie is then not known.
    if (errno == EACCES || errno == EPERM || errno == EAFNOSUPPORT) return 0;
    return std::unexpected(Error{errno, "read", "the network namespace's cookie"});
  }
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) {
    if (errno == ENOPROTOOPT) return 0;  // before Linux 5.14
    return std::unexpected(Error{errno, "read", "the network namespace's cookie"});
  }
  return cookie;
}

// Brings the thread back where it was when this goes, also past an exception.
class Return {
 public:
  explicit Return(UniqueFd own) : own_(std::move(own)) {}
  Return(const Return&) = delete;
  Return& operator=(const Return&) = delete;
  ~Return() {
    if (own_) ::setns(own_.get(), CLONE_NEWNET);
  }

  Result<void> now() {
    const UniqueFd own = std::move(own_);
    if (::setns(own.get(), CLONE_NEWNET) == 0) return {};
    return std::unexpected(Error{errno, "return to", own_name});
  }

 private:
  UniqueFd own_;
};

}  // namespace

Result<NetNamespace> current_net_namespace() {
  struct stat status{};
  if (::stat(own_file, &status) != 0) return std::unexpected(Error{errno, "read", own_file});
  const Result<std::uint64_t> cookie = read_cookie();
  if (!cookie) return std::unexpected(cookie.error());
  NetNamespace result = without_cookie(status);
  result.cookie = *cookie;
  return result;
}

Result<NetNamespace> net_namespace_of(int netns_fd) {
  struct stat status{};
  struct stat own{};
  if (::fstat(netns_fd, &status) != 0) {
    return std::unexpected(Error{errno, "look at", "the network namespace"});
  }
  if (::stat(own_file, &own) != 0) return std::unexpected(Error{errno, "read", own_file});
  NetNamespace result = without_cookie(status);
  if (result == without_cookie(own)) return current_net_namespace();
  const Result<void> done = in_net_namespace(netns_fd, [&]() -> Result<void> {
    const Result<std::uint64_t> cookie = read_cookie();
    if (!cookie) return std::unexpected(cookie.error());
    result.cookie = *cookie;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return result;
}

Result<void> in_net_namespace(int netns_fd, const std::function<Result<void>()>& work) {
  struct statfs filesystem{};
  if (::fstatfs(netns_fd, &filesystem) != 0) {
    return std::unexpected(Error{errno, "enter", "the network namespace"});
  }
  if (filesystem.f_type != NSFS_MAGIC) {
    return std::unexpected(Error{EINVAL, "enter", "the network namespace"});
  }
  UniqueFd own(::open(own_file, O_RDONLY | O_CLOEXEC));
  if (!own) return std::unexpected(Error{errno, "open", own_file});
  // The way back, tried before it is needed. In a user namespace that has not made its network
  // namespace itself, one that it made can be entered, and its own not again (man 2 setns).
  if (::setns(own.get(), CLONE_NEWNET) != 0) {
    return std::unexpected(Error{errno, "leave", own_name});
  }
  if (::setns(netns_fd, CLONE_NEWNET) != 0) {
    return std::unexpected(Error{errno, "enter", "the network namespace"});
  }
  Return back(std::move(own));
  const Result<void> worked = work();
  if (Result<void> returned = back.now(); !returned) return returned;
  return worked;
}

}  // namespace nettune::sysctl
