// SPDX-License-Identifier: MIT
// What is done to a socket: apply, plan, undo, accept, as nettune.h promises them. No memory, no
// lock, no exception; errno is the caller's to keep.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>

#include "preset.hpp"

namespace nettune::socket {

/// The rows of one call.
struct Rows {
  std::array<nettune_result, option_count> list;  // filled up to count, and no further
  std::size_t count = 0;
};

/// As nettune_apply().
int apply(const nettune_preset& preset, int fd, nettune_role role, unsigned flags, Rows& rows);
/// As nettune_plan().
int plan(const nettune_preset& preset, nettune_role role, Rows& rows);
/// As nettune_undo().
int undo(int fd, const nettune_result* results, std::size_t count);
/// As nettune_accept().
int accept_tuned(const nettune_preset& preset, int listener, sockaddr* address, socklen_t* length,
                 int flags, Rows& rows);
/// What accept_tuned() does to `fd`, which came from a TCP listener.
void tune_accepted(const nettune_preset& preset, int fd, Rows& rows);
/// Sets TCP_QUICKACK. 0 or -errno.
int rearm_quickack(int fd);

}  // namespace nettune::socket
