// SPDX-License-Identifier: MIT
// NetNamespace: which network namespace something belongs to, and work done inside another one.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/result.hpp"

namespace nettune::sysctl {

struct NetNamespace {
  std::uint64_t device = 0, inode = 0;  ///< of its nsfs file
  /// Unique in this boot (SO_NETNS_COOKIE, Linux 5.14); 0: not known. An inode is used again, a
  /// cookie is not.
  std::uint64_t cookie = 0;

  friend bool operator==(const NetNamespace&, const NetNamespace&) = default;
};

/// The calling thread's.
Result<NetNamespace> current_net_namespace();

/// That behind `netns_fd`; the calling thread is in it for an instant (needs CAP_SYS_ADMIN, unless
/// it is its own), and back in its own when this returns.
Result<NetNamespace> net_namespace_of(int netns_fd);

/// Runs `work` with the calling thread in that namespace, and returns to its own, whatever `work`
/// does. EINVAL: not a network namespace. EPERM: without CAP_SYS_ADMIN for both namespaces; a
/// thread that could enter and not return is not let in. An error of `work` is handed on.
Result<void> in_net_namespace(int netns_fd, const std::function<Result<void>()>& work);

}  // namespace nettune::sysctl
