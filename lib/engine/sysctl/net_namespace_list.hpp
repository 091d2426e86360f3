// SPDX-License-Identifier: MIT
// The network namespaces of a host, once each, and what runs in them. None is entered, and none is
// held: a host may have more of them than a process may open files.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/file/unique_fd.hpp"
#include "engine/result.hpp"

namespace nettune::sysctl {

struct ListedNetNamespace {
  std::uint64_t device = 0, inode = 0;  ///< of its nsfs file
  std::vector<std::string> names;       ///< below /run/netns, sorted
  std::vector<pid_t> processes;         ///< that are in it, ascending
  pid_t first_process = 0;              ///< the first whose command could be read; 0: none
  std::string command;                  ///< of that process, as /proc/PID/comm has it
  bool is_own = false;                  ///< the calling thread's
  bool is_initial = false;              ///< the one that the kernel started with
};

struct NetNamespaceList {
  std::vector<ListedNetNamespace> namespaces;  ///< own, initial, named ones by name, by process
  std::vector<Error> unreadable;               ///< names below /run/netns that show no namespace
  std::size_t hidden_processes = 0;            ///< whose namespace the caller may not see
};

/// Those of the processes below `root`/proc and of the files in `root`/run/netns; `root` is "" for
/// this host, and the calling thread's own is then always among them.
Result<NetNamespaceList> list_net_namespaces(const std::string& root);

/// By whichever of its names and processes still leads there. ENOENT: it is gone since.
Result<UniqueFd> open_listed(const ListedNetNamespace& listed, const std::string& root);

}  // namespace nettune::sysctl
