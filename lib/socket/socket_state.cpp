// SPDX-License-Identifier: MIT
#include "socket_state.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace nettune::socket {
namespace {

int ask(int fd, int level, int number, int& value) {
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, number, &value, &size) == 0 ? 0 : -errno;
}

bool is_bound(int fd, bool is_ipv6) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  return is_ipv6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port != 0
                 : reinterpret_cast<const sockaddr_in*>(&address)->sin_port != 0;
}

Phase phase_of_tcp(int fd, const SocketState& state) {
  // One byte of TCP_INFO is its first member, the state. MPTCP has it since Linux 5.16.
  constexpr unsigned char closed = 7;      // TCP_CLOSE, include/net/tcp_states.h
  constexpr unsigned char listening = 10;  // TCP_LISTEN
  unsigned char tcp_state = closed;
  socklen_t size = sizeof tcp_state;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp_state, &size) != 0) {
    int accepts = 0;
    if (ask(fd, SOL_SOCKET, SO_ACCEPTCONN, accepts) == 0 && accepts != 0) return Phase::listening;
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) {
      return Phase::connected;
    }
  }
  if (tcp_state == listening) return Phase::listening;
  if (tcp_state != closed) return Phase::connected;
  return is_bound(fd, state.is_ipv6) ? Phase::bound : Phase::closed;
}

}  // namespace

int look_at_socket(int fd, SocketState& state) {
  int domain = 0;
  int type = 0;
  int protocol = 0;
  if (const int failed = ask(fd, SOL_SOCKET, SO_DOMAIN, domain); failed != 0) return failed;
  state = {};
  if (domain != AF_INET && domain != AF_INET6) return 0;
  if (const int failed = ask(fd, SOL_SOCKET, SO_PROTOCOL, protocol); failed != 0) return failed;
  if (const int failed = ask(fd, SOL_SOCKET, SO_TYPE, type); failed != 0) return failed;
  if (type == SOCK_RAW) return 0;  // its protocol may be TCP's number
  state.is_ipv6 = domain == AF_INET6;
  state.is_mptcp = protocol == IPPROTO_MPTCP;
  state.is_tcp = protocol == IPPROTO_TCP || state.is_mptcp;
  state.is_udp = protocol == IPPROTO_UDP;
  if (state.is_tcp) state.phase = phase_of_tcp(fd, state);
  if (state.is_udp) state.phase = is_bound(fd, state.is_ipv6) ? Phase::bound : Phase::closed;
  return 0;
}

nettune_role role_of(const SocketState& state, nettune_role role) {
  if (state.is_udp) {
    return role == NETTUNE_AUTO || role == NETTUNE_DATAGRAM ? NETTUNE_DATAGRAM : NETTUNE_AUTO;
  }
  switch (role) {
    case NETTUNE_LISTENER:
      return state.phase == Phase::connected ? NETTUNE_AUTO : role;
    case NETTUNE_CLIENT:
      return state.phase == Phase::listening ? NETTUNE_AUTO : role;
    case NETTUNE_ACCEPTED:
      return state.phase == Phase::connected ? role : NETTUNE_AUTO;
    case NETTUNE_DATAGRAM:
      return NETTUNE_AUTO;
    case NETTUNE_AUTO:
      break;
  }
  switch (state.phase) {
    case Phase::listening:
    case Phase::bound:
      return NETTUNE_LISTENER;
    case Phase::connected:
      return NETTUNE_ACCEPTED;
    case Phase::closed:
      break;
  }
  return NETTUNE_CLIENT;
}

}  // namespace nettune::socket
