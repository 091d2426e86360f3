// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <limits>

namespace nettune::socket {
namespace {

using enum Kind;
using enum Stage;

constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t uint_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t long_max = std::numeric_limits<std::int64_t>::max();

constexpr std::uint8_t listener = bit(NETTUNE_LISTENER);
constexpr std::uint8_t client = bit(NETTUNE_CLIENT);
constexpr std::uint8_t accepted = bit(NETTUNE_ACCEPTED);
constexpr std::uint8_t datagram = bit(NETTUNE_DATAGRAM);
constexpr std::uint8_t stream = listener | client | accepted;
constexpr std::uint8_t every = stream | datagram;

// Ranges are of what the kernel keeps as it was given: tcp(7), socket(7), net/ipv4/tcp.c
// do_tcp_setsockopt(), net/core/sock.c sk_setsockopt(). What accepted sockets inherit was read from
// them; tests/socket does so again.
// KERNEL(NAME): the number of the constant and its name.
#define KERNEL(constant) constant, #constant
// clang-format off: two lines a row.
constexpr std::array<OptionFacts, option_count> table{{
    {NETTUNE_REUSE_PORT, "reuse-port", flag, SOL_SOCKET, KERNEL(SO_REUSEPORT),
     0, 1, "", 0, listener | datagram, before_bind, {.inherited = true}},
    {NETTUNE_BIND_ADDRESS_NO_PORT, "bind-address-no-port", flag, IPPROTO_IP,
     KERNEL(IP_BIND_ADDRESS_NO_PORT),
     0, 1, "", 0, client | datagram, before_bind, {}},
    {NETTUNE_RECEIVE_BUFFER, "receive-buffer", bytes, SOL_SOCKET, KERNEL(SO_RCVBUF),
     1152, int_max / 2, "", 0, every, any, {.inherited = true}},
    {NETTUNE_SEND_BUFFER, "send-buffer", bytes, SOL_SOCKET, KERNEL(SO_SNDBUF),
     2304, int_max / 2, "", 0, every, any, {.inherited = true}},
    {NETTUNE_RECEIVE_LOWAT, "receive-lowat", bytes, SOL_SOCKET, KERNEL(SO_RCVLOWAT),
     1, int_max, "", 0, every, any, {.inherited = true}},
    {NETTUNE_WINDOW_CLAMP, "window-clamp", bytes, IPPROTO_TCP, KERNEL(TCP_WINDOW_CLAMP),
     1152, int_max, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_MAX_SEGMENT, "max-segment", bytes, IPPROTO_TCP, KERNEL(TCP_MAXSEG),
     88, 32767, "", 0, listener | client, before_connect, {.is_tcp = true, .inherited = true}},
    {NETTUNE_CONGESTION_CONTROL, "congestion-control", text, IPPROTO_TCP, KERNEL(TCP_CONGESTION),
     0, 0, "", 0, stream, any, {.is_tcp = true, .inherited = true, .needs_net_admin = true}},
    {NETTUNE_NODELAY, "nodelay", flag, IPPROTO_TCP, KERNEL(TCP_NODELAY),
     0, 1, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_NOTSENT_LOWAT, "notsent-lowat", bytes, IPPROTO_TCP, KERNEL(TCP_NOTSENT_LOWAT),
     1, uint_max, "kernel", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_USER_TIMEOUT, "user-timeout", milliseconds, IPPROTO_TCP, KERNEL(TCP_USER_TIMEOUT),
     0, int_max, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_KEEPALIVE_IDLE, "keepalive-idle", seconds, IPPROTO_TCP, KERNEL(TCP_KEEPIDLE),
     1, 32767, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_KEEPALIVE_INTERVAL, "keepalive-interval", seconds, IPPROTO_TCP, KERNEL(TCP_KEEPINTVL),
     1, 32767, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_KEEPALIVE_PROBES, "keepalive-probes", count, IPPROTO_TCP, KERNEL(TCP_KEEPCNT),
     1, 127, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_KEEPALIVE, "keepalive", flag, SOL_SOCKET, KERNEL(SO_KEEPALIVE),
     0, 1, "off", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_DEFER_ACCEPT, "defer-accept", seconds, IPPROTO_TCP, KERNEL(TCP_DEFER_ACCEPT),
     0, int_max, "", 0, listener, any, {.is_tcp = true}},
    {NETTUNE_FAST_OPEN_QUEUE, "fast-open-queue", count, IPPROTO_TCP, KERNEL(TCP_FASTOPEN),
     0, int_max, "", 0, listener, any, {.is_tcp = true}},
    {NETTUNE_FAST_OPEN_CONNECT, "fast-open-connect", flag, IPPROTO_TCP,
     KERNEL(TCP_FASTOPEN_CONNECT),
     0, 1, "", 0, client, before_connect, {.is_tcp = true}},
    {NETTUNE_SYN_COUNT, "syn-count", count, IPPROTO_TCP, KERNEL(TCP_SYNCNT),
     1, 127, "", 0, client, before_connect, {.is_tcp = true}},
    {NETTUNE_LINGER2, "linger2", seconds, IPPROTO_TCP, KERNEL(TCP_LINGER2),
     0, 120, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_SAVE_SYN, "save-syn", count, IPPROTO_TCP, KERNEL(TCP_SAVE_SYN),
     0, 2, "", 0, listener, any, {.is_tcp = true}},
    {NETTUNE_THIN_LINEAR_TIMEOUTS, "thin-linear-timeouts", flag, IPPROTO_TCP,
     KERNEL(TCP_THIN_LINEAR_TIMEOUTS),
     0, 1, "", 0, stream, any, {.is_tcp = true, .inherited = true}},
    {NETTUNE_ZERO_COPY, "zero-copy", flag, SOL_SOCKET, KERNEL(SO_ZEROCOPY),
     0, 1, "", 0, every, any, {.inherited = true}},
    {NETTUNE_MAX_PACING_RATE, "max-pacing-rate", rate, SOL_SOCKET, KERNEL(SO_MAX_PACING_RATE),
     1, long_max / 8, "unlimited", -1, every, any, {.inherited = true}},
    {NETTUNE_BUSY_POLL, "busy-poll", microseconds, SOL_SOCKET, KERNEL(SO_BUSY_POLL),
     0, int_max, "", 0, every, any, {.inherited = true, .needs_net_admin = true}},
    {NETTUNE_PREFER_BUSY_POLL, "prefer-busy-poll", flag, SOL_SOCKET, KERNEL(SO_PREFER_BUSY_POLL),
     0, 1, "", 0, every, any, {.inherited = true, .needs_net_admin = true}},
    {NETTUNE_TOS, "tos", bits, IPPROTO_IP, KERNEL(IP_TOS),
     0, 255, "", 0, every, any, {.inherited = true}},
    {NETTUNE_PRIORITY, "priority", count, SOL_SOCKET, KERNEL(SO_PRIORITY),
     0, int_max, "", 0, every, any, {.per_connection = true, .needs_net_admin = true}},
    {NETTUNE_MARK, "mark", bits, SOL_SOCKET, KERNEL(SO_MARK),
     0, uint_max, "", 0, every, any, {.inherited = true, .needs_net_admin = true}},
    {NETTUNE_INCOMING_CPU, "incoming-cpu", count, SOL_SOCKET, KERNEL(SO_INCOMING_CPU),
     0, 8191, "", 0, listener | datagram, any, {}},
    {NETTUNE_QUICKACK, "quickack", every_read, IPPROTO_TCP, KERNEL(TCP_QUICKACK),
     0, 1, "", 0, stream, connected, {.is_tcp = true, .per_connection = true}},
}};
// clang-format on
#undef KERNEL

}  // namespace

std::span<const OptionFacts> all_options() { return table; }

const OptionFacts* find_option(int option) {
  if (option < 1 || option > static_cast<int>(option_count)) return nullptr;
  return &table[static_cast<std::size_t>(option) - 1];
}

}  // namespace nettune::socket
