// SPDX-License-Identifier: MIT
#include "netlink/tcp_metrics.hpp"

#include <linux/tcp_metrics.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include <cerrno>
#include <memory>

namespace nettune::netlink {
namespace {

constexpr const char* family_name = TCP_METRICS_GENL_NAME;

struct FreeSocket {
  void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
};
struct FreeMessage {
  void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
};
using Socket = std::unique_ptr<nl_sock, FreeSocket>;
using Message = std::unique_ptr<nl_msg, FreeMessage>;

// libnl's codes as errno values, as far as there is one.
int errno_of(int code) {
  switch (code < 0 ? -code : code) {
    case NLE_OBJ_NOTFOUND:
    case NLE_NOATTR:
      return ENOENT;
    case NLE_PERM:
    case NLE_NOACCESS:
      return EPERM;
    case NLE_NOMEM:
      return ENOMEM;
    case NLE_OPNOTSUPP:
      return EOPNOTSUPP;
    case NLE_DUMP_INTR:
      return EINTR;
    default:
      return EIO;
  }
}

struct Family {
  Socket socket;
  int id = 0;
};

Result<Family> connect(const char* action) {
  const auto failed = [&](int number) {
    return std::unexpected(Error{number, action, "the TCP metrics"});
  };
  Family family{Socket(nl_socket_alloc()), 0};
  if (family.socket == nullptr) return failed(ENOMEM);
  if (const int code = genl_connect(family.socket.get()); code < 0) return failed(errno_of(code));
  family.id = genl_ctrl_resolve(family.socket.get(), family_name);
  if (family.id < 0) return failed(errno_of(family.id));
  return family;
}

// Sends one request; the socket then holds the answer.
int send(const Family& family, std::uint8_t command, int flags) {
  const Message message(nlmsg_alloc());
  if (message == nullptr) return -NLE_NOMEM;
  if (genlmsg_put(message.get(), NL_AUTO_PORT, NL_AUTO_SEQ, family.id, 0, flags, command,
                  TCP_METRICS_GENL_VERSION) == nullptr) {
    return -NLE_NOMEM;
  }
  return nl_send_auto(family.socket.get(), message.get());
}

int count_one(nl_msg*, void* count) {
  ++*static_cast<std::size_t*>(count);
  return NL_OK;
}

}  // namespace

Result<std::size_t> count_tcp_metrics() {
  const Result<Family> family = connect("count");
  if (!family) return std::unexpected(family.error());
  std::size_t count = 0;
  nl_socket_modify_cb(family->socket.get(), NL_CB_VALID, NL_CB_CUSTOM, count_one, &count);
  int code = send(*family, TCP_METRICS_CMD_GET, NLM_F_DUMP);
  if (code >= 0) code = nl_recvmsgs_default(family->socket.get());
  if (code < 0) return std::unexpected(Error{errno_of(code), "count", "the TCP metrics"});
  return count;
}

Result<void> flush_tcp_metrics() {
  const Result<Family> family = connect("flush");
  if (!family) return std::unexpected(family.error());
  // Without an address it is about all of them (net/ipv4/tcp_metrics.c).
  int code = send(*family, TCP_METRICS_CMD_DEL, NLM_F_ACK);
  if (code >= 0) code = nl_wait_for_ack(family->socket.get());
  if (code < 0) return std::unexpected(Error{errno_of(code), "flush", "the TCP metrics"});
  return {};
}

}  // namespace nettune::netlink
