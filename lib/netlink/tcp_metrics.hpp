// SPDX-License-Identifier: MIT
// What the kernel remembers of TCP peers (round-trip times, windows), which no sysctl forgets:
// counted and flushed through the generic netlink family tcp_metrics. libnl stays in the .cpp.
#pragma once

#include <cstddef>

#include "engine/result.hpp"

namespace nettune::netlink {

/// How many peers are remembered in the calling thread's network namespace. ENOENT: this kernel
/// has no such family.
Result<std::size_t> count_tcp_metrics();

/// Forgets them all. EPERM without CAP_NET_ADMIN in the initial user namespace. It can't be undone:
/// the kernel learns anew.
Result<void> flush_tcp_metrics();

}  // namespace nettune::netlink
