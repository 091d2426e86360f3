// SPDX-License-Identifier: MIT
// The TCP sockets of a network namespace, as sock_diag(7) lists them. libnl stays in the .cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/result.hpp"

namespace nettune::netlink {

struct TcpSocket {
  std::uint32_t inode = 0;  ///< what /proc/PID/fd/N is called after: "socket:[INODE]"; 0 where no
                            ///< program has it any more, or not yet
  bool is_listening = false;
  const char* state = "";  ///< as ss(8) calls it: "ESTAB", "LISTEN"
  std::string local;       ///< "127.0.0.1:80", "[::1]:80"; "*" for any address
  std::string remote;      ///< "" of a listener
};

/// Those of the calling thread's network namespace, sorted by inode.
Result<std::vector<TcpSocket>> list_tcp_sockets();

}  // namespace nettune::netlink
