// SPDX-License-Identifier: MIT
// One option of one socket: read, set, compared. The only place that calls getsockopt(2) and
// setsockopt(2) for an option of a preset.
#pragma once

#include "options.hpp"
#include "socket_state.hpp"

namespace nettune::socket {

/// What the kernel says of it now. 0 or an errno value.
int read_option(int fd, const SocketState& state, const OptionFacts& facts, nettune_value& value);
/// Sets it. `past_limit`: a buffer, beyond net.core.rmem_max or wmem_max. 0 or an errno value.
int set_option(int fd, const SocketState& state, const OptionFacts& facts,
               const nettune_value& value, bool past_limit);

/// What read_option() gives for tos where the two families of a socket have different ones.
inline constexpr std::int64_t tos_differs = -1;
/// All that setting tos changes: IP_TOS sets the priority too.
struct TosState {
  std::int64_t priority = 0;
  std::int64_t ipv4 = 0;
  std::int64_t ipv6 = 0;
};
int read_tos_state(int fd, const SocketState& state, TosState& tos);
int set_tos_state(int fd, const SocketState& state, const TosState& tos);

/// What reads back where `requested` is in force: twice as much for a buffer.
nettune_value expected_of(const OptionFacts& facts, const nettune_value& requested);
/// Whether `live`, as it was read, is what `requested` asks for.
bool matches(const OptionFacts& facts, const SocketState& state, const nettune_value& requested,
             const nettune_value& live);

/// Whether the buffer's size is fixed, so that the kernel's autotuning leaves it alone
/// (SO_BUF_LOCK, since Linux 5.15).
enum class BufferLock { fixed, tuned, unknown };
BufferLock read_lock(int fd, const OptionFacts& facts);
/// Gives the buffer back to autotuning. 0 or an errno value.
int unlock_buffer(int fd, const OptionFacts& facts);
bool is_buffer(const OptionFacts& facts);

}  // namespace nettune::socket
