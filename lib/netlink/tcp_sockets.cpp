// SPDX-License-Identifier: MIT
#include "netlink/tcp_sockets.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace nettune::netlink {
namespace {

// By the kernel's number, include/net/tcp_states.h.
constexpr auto states = std::to_array<const char*>(
    {"UNKNOWN", "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN",
     "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "NEW-SYN-RECV"});
constexpr int listening = 10;

struct FreeSocket {
  void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
};

std::string address_text(int family, const __be32* address, __be16 port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_ipv6 = family == AF_INET6;
  const bool is_any =
      is_ipv6 ? IN6_IS_ADDR_UNSPECIFIED(reinterpret_cast<const in6_addr*>(address)) : *address == 0;
  if (is_any) return fmt::format("*:{}", ntohs(port));
  ::inet_ntop(family, address, text.data(), text.size());
  return is_ipv6 ? fmt::format("[{}]:{}", text.data(), ntohs(port))
                 : fmt::format("{}:{}", text.data(), ntohs(port));
}

int add_one(nl_msg* message, void* target) {
  const nlmsghdr* header = nlmsg_hdr(message);
  if (!nlmsg_valid_hdr(header, sizeof(inet_diag_msg))) return NL_SKIP;
  const auto* diag = static_cast<const inet_diag_msg*>(nlmsg_data(header));
  TcpSocket socket;
  socket.inode = diag->idiag_inode;
  socket.is_listening = diag->idiag_state == listening;
  socket.state = states[diag->idiag_state < states.size() ? diag->idiag_state : 0];
  socket.local = address_text(diag->idiag_family, diag->id.idiag_src, diag->id.idiag_sport);
  if (!socket.is_listening) {
    socket.remote = address_text(diag->idiag_family, diag->id.idiag_dst, diag->id.idiag_dport);
  }
  static_cast<std::vector<TcpSocket>*>(target)->push_back(std::move(socket));
  return NL_OK;
}

}  // namespace

Result<std::vector<TcpSocket>> list_tcp_sockets() {
  const auto failed = [](int code) {
    const int number = code == -NLE_NOMEM ? ENOMEM : code == -NLE_DUMP_INTR ? EINTR : EIO;
    return std::unexpected(Error{number, "list", "the TCP sockets"});
  };
  const std::unique_ptr<nl_sock, FreeSocket> socket(nl_socket_alloc());
  if (socket == nullptr) return failed(-NLE_NOMEM);
  if (const int code = nl_connect(socket.get(), NETLINK_SOCK_DIAG); code < 0) return failed(code);
  std::vector<TcpSocket> sockets;
  nl_socket_modify_cb(socket.get(), NL_CB_VALID, NL_CB_CUSTOM, add_one, &sockets);
  for (const int family : {AF_INET, AF_INET6}) {
    inet_diag_req_v2 request{};
    request.sdiag_family = static_cast<__u8>(family);
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = ~0U;
    int code =
        nl_send_simple(socket.get(), SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof request);
    if (code >= 0) code = nl_recvmsgs_default(socket.get());
    // While sockets come and go, a dump may miss one that moved: what it has is right.
    if (code < 0 && code != -NLE_DUMP_INTR) return failed(code);
  }
  std::ranges::sort(sockets, {}, &TcpSocket::inode);
  const auto is_same = [](const TcpSocket& a, const TcpSocket& b) {
    return a.inode == b.inode && a.inode != 0;
  };
  const auto same = std::ranges::unique(sockets, is_same);
  sockets.erase(same.begin(), same.end());
  return sockets;
}

}  // namespace nettune::netlink
