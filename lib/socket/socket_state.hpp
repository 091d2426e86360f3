// SPDX-License-Identifier: MIT
// SocketState: what a descriptor is, asked of the socket itself and never of what made it: asyncio,
// for one, takes a pre-bound listener for no TCP socket.
#pragma once

#include <cstdint>

#include "nettune/nettune.h"

namespace nettune::socket {

enum class Phase : std::uint8_t { closed, bound, listening, connected };

struct SocketState {
  bool is_tcp = false;  ///< or MPTCP
  bool is_mptcp = false;
  bool is_udp = false;
  bool is_ipv6 = false;
  Phase phase = Phase::closed;  ///< of a datagram socket: closed or bound

  bool is_ip() const { return is_tcp || is_udp; }
};

/// Looks at `fd`. 0, or -EBADF, -ENOTSOCK.
int look_at_socket(int fd, SocketState& state);

/// What `role` is for such a socket: `role` itself, or what NETTUNE_AUTO stands for. NETTUNE_AUTO:
/// a role that it cannot have.
nettune_role role_of(const SocketState& state, nettune_role role);

}  // namespace nettune::socket
