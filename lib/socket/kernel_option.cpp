// SPDX-License-Identifier: MIT
#include "kernel_option.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nettune::socket {
namespace {

int get_number(int fd, int level, int number, std::int64_t& value) {
  std::uint32_t raw = 0;
  socklen_t size = sizeof raw;
  if (::getsockopt(fd, level, number, &raw, &size) != 0) return errno;
  value = raw;
  return 0;
}

int set_number(int fd, int level, int number, std::int64_t value) {
  const auto raw = static_cast<std::uint32_t>(value);
  return ::setsockopt(fd, level, number, &raw, sizeof raw) == 0 ? 0 : errno;
}

// The bits of SO_BUF_LOCK, include/uapi/linux/socket.h.
constexpr std::int64_t lock_of(const OptionFacts& facts) {
  return facts.option == NETTUNE_SEND_BUFFER ? 1 : 2;
}

// tos is the traffic class of an IPv6 socket, and what its v4-mapped peers get as well: both, but
// where the socket speaks IPv6 alone.
bool has_ipv4(int fd) {
  std::int64_t v6_only = 0;
  return get_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only) == 0 && v6_only == 0;
}

int read_tos(int fd, std::int64_t& value) {
  if (const int failed = get_number(fd, IPPROTO_IPV6, IPV6_TCLASS, value)) return failed;
  if (!has_ipv4(fd)) return 0;
  std::int64_t of_ipv4 = 0;
  if (const int failed = get_number(fd, IPPROTO_IP, IP_TOS, of_ipv4)) return failed;
  if (of_ipv4 != value) value = tos_differs;
  return 0;
}

int set_tos(int fd, std::int64_t value) {
  if (const int failed = set_number(fd, IPPROTO_IPV6, IPV6_TCLASS, value)) return failed;
  return has_ipv4(fd) ? set_number(fd, IPPROTO_IP, IP_TOS, value) : 0;
}

}  // namespace

bool is_buffer(const OptionFacts& facts) {
  return facts.option == NETTUNE_RECEIVE_BUFFER || facts.option == NETTUNE_SEND_BUFFER;
}

int read_option(int fd, const SocketState& state, const OptionFacts& facts, nettune_value& value) {
  if (facts.kind == Kind::text) {
    value = {};
    socklen_t size = sizeof value.text - 1;
    return ::getsockopt(fd, facts.level, facts.number, value.text, &size) == 0 ? 0 : errno;
  }
  if (facts.kind == Kind::rate) {
    socklen_t size = sizeof value.number;
    return ::getsockopt(fd, facts.level, facts.number, &value.number, &size) == 0 ? 0 : errno;
  }
  if (facts.option == NETTUNE_TOS && state.is_ipv6) return read_tos(fd, value.number);
  const int failed = get_number(fd, facts.level, facts.number, value.number);
  // Those two may read -1: no wait at all, no processor.
  if (facts.option == NETTUNE_LINGER2 || facts.option == NETTUNE_INCOMING_CPU) {
    value.number = static_cast<std::int32_t>(value.number);
  }
  return failed;
}

int set_option(int fd, const SocketState& state, const OptionFacts& facts,
               const nettune_value& value, bool past_limit) {
  if (facts.kind == Kind::text) {
    const auto size = static_cast<socklen_t>(::strnlen(value.text, sizeof value.text));
    return ::setsockopt(fd, facts.level, facts.number, value.text, size) == 0 ? 0 : errno;
  }
  if (facts.kind == Kind::rate) {
    const int done =
        ::setsockopt(fd, facts.level, facts.number, &value.number, sizeof value.number);
    return done == 0 ? 0 : errno;
  }
  if (facts.option == NETTUNE_TOS && state.is_ipv6) return set_tos(fd, value.number);
  int number = facts.number;
  if (past_limit && is_buffer(facts)) {
    number = facts.option == NETTUNE_SEND_BUFFER ? SO_SNDBUFFORCE : SO_RCVBUFFORCE;
  }
  return set_number(fd, facts.level, number, value.number);
}

nettune_value expected_of(const OptionFacts& facts, const nettune_value& requested) {
  nettune_value expected = requested;
  if (is_buffer(facts)) expected.number *= 2;
  return expected;
}

bool matches(const OptionFacts& facts, const SocketState& state, const nettune_value& requested,
             const nettune_value& live) {
  if (facts.kind == Kind::text) {
    return std::strncmp(requested.text, live.text, sizeof live.text) == 0;
  }
  // What follows a sysctl reads as that key's value.
  if (facts.option == NETTUNE_LINGER2 && requested.number == 0) return live.number > 0;
  // A connected socket tells the size that it uses, which the peer or an option may have lowered.
  if (facts.option == NETTUNE_MAX_SEGMENT && state.phase == Phase::connected) {
    return live.number <= requested.number;
  }
  return live.number == expected_of(facts, requested).number;
}

int read_tos_state(int fd, const SocketState& state, TosState& tos) {
  if (const int failed = get_number(fd, SOL_SOCKET, SO_PRIORITY, tos.priority)) return failed;
  if (!state.is_ipv6) return get_number(fd, IPPROTO_IP, IP_TOS, tos.ipv4);
  if (const int failed = get_number(fd, IPPROTO_IPV6, IPV6_TCLASS, tos.ipv6)) return failed;
  return has_ipv4(fd) ? get_number(fd, IPPROTO_IP, IP_TOS, tos.ipv4) : 0;
}

int set_tos_state(int fd, const SocketState& state, const TosState& tos) {
  if (state.is_ipv6) {
    if (const int failed = set_number(fd, IPPROTO_IPV6, IPV6_TCLASS, tos.ipv6)) return failed;
  }
  if (!state.is_ipv6 || has_ipv4(fd)) {
    if (const int failed = set_number(fd, IPPROTO_IP, IP_TOS, tos.ipv4)) return failed;
  }
  return set_number(fd, SOL_SOCKET, SO_PRIORITY, tos.priority);
}

BufferLock read_lock(int fd, const OptionFacts& facts) {
  std::int64_t locks = 0;
  if (get_number(fd, SOL_SOCKET, SO_BUF_LOCK, locks) != 0) return BufferLock::unknown;
  return (locks & lock_of(facts)) != 0 ? BufferLock::fixed : BufferLock::tuned;
}

int unlock_buffer(int fd, const OptionFacts& facts) {
  std::int64_t locks = 0;
  if (const int failed = get_number(fd, SOL_SOCKET, SO_BUF_LOCK, locks)) return failed;
  return set_number(fd, SOL_SOCKET, SO_BUF_LOCK, locks & ~lock_of(facts));
}

}  // namespace nettune::socket
