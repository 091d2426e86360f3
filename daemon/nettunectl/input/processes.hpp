// SPDX-License-Identifier: MIT
// Which process has which socket: /proc/PID/fd, and a copy of a descriptor of another process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/file/unique_fd.hpp"
#include "engine/result.hpp"

namespace nettune::ctl {

struct OpenSocket {
  pid_t pid = 0;
  int fd = -1;
  std::uint32_t inode = 0;
};

struct OpenSockets {
  std::vector<OpenSocket> list;  ///< by process, then by descriptor; one inode may come again
  std::size_t unreadable = 0;    ///< processes whose descriptors this user may not see
};

/// Of the processes `pids`. One that has ended meanwhile has none.
Result<OpenSockets> open_sockets(const std::vector<pid_t>& pids);

Result<std::vector<pid_t>> all_processes();
/// Those in the control group of a systemd unit, and below it; none where there is no such.
Result<std::vector<pid_t>> processes_of_unit(const std::string& unit);
/// Whether an error says that a process, or what it had, is gone.
bool is_gone(const Error& error);
/// "redis-server"; "" where it is gone.
std::string process_name(pid_t pid);

/// A process that is held, so that its number can't become another one's.
class HeldProcess {
 public:
  /// ESRCH: it is gone.
  static Result<HeldProcess> hold(pid_t pid);
  /// The same open socket as its descriptor `fd` (pidfd_getfd(2), Linux 5.6). EPERM without
  /// CAP_SYS_PTRACE for another user's; EBADF where it was closed; ESRCH.
  Result<UniqueFd> copy_of(int fd) const;

 private:
  explicit HeldProcess(UniqueFd fd) : pidfd_(std::move(fd)) {}
  UniqueFd pidfd_;
};

}  // namespace nettune::ctl
