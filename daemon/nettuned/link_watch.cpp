// SPDX-License-Identifier: MIT
#include "link_watch.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <utility>

namespace nettune::daemon {
namespace {

// A storm of a thousand links is a few megabytes of messages.
constexpr int buffer_size = 8 << 20;                  // bytes
constexpr std::uint64_t pause_before_look = 100'000;  // microseconds
constexpr std::array<std::uint64_t, 2> pauses_after_message = {2'000, 20'000};
constexpr int most_messages = 64;                   // of the kernel's packets in one turn
constexpr std::uint64_t longest_pause = 1'000'000;  // microseconds

struct FreeCache {
  void operator()(nl_cache* cache) const noexcept { nl_cache_free(cache); }
};

}  // namespace

void LinkWatch::FreeSocket::operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }

LinkWatch::~LinkWatch() = default;

LinkWatch::LinkWatch(sd_event* loop, Changed changed)
    : changed_(std::move(changed)),
      socket_(nl_socket_alloc()),
      first_look_(loop, CLOCK_MONOTONIC, pause_before_look, [this] { look_first(); }),
      next_look_(loop, CLOCK_MONOTONIC, 100, [this] { tell(); }) {
  why_blind_ = connect(loop);
}

// Why it can't; "" where it could.
std::string LinkWatch::connect(sd_event* loop) {
  const auto reason = [&](const char* why) { return fmt::format("rtnetlink: {}", why); };
  nl_sock* socket = socket_.get();
  if (socket == nullptr) return reason("no memory");
  nl_socket_disable_seq_check(socket);  // what is told was not asked for
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, this);
  int code = nl_connect(socket, NETLINK_ROUTE);
  // Before the links that are there are looked at: none is missed between the two.
  if (code >= 0) code = nl_socket_add_membership(socket, RTNLGRP_LINK);
  if (code >= 0) code = nl_socket_set_nonblocking(socket);
  if (code < 0) return reason(nl_geterror(code));
  // Where the limit of the host is lower, what is lost is told by ENOBUFS.
  static_cast<void>(nl_socket_set_buffer_size(socket, buffer_size, 0));
  sd_event_source* source = nullptr;
  // Which links there are is asked when the start is over: it takes long where they are many.
  first_look_.arm_after(pause_before_look);
  code = sd_event_add_io(loop, &source, nl_socket_get_fd(socket), EPOLLIN, on_readable, this);
  source_.reset(source);
  return code < 0 ? reason(std::strerror(-code)) : std::string();
}

void LinkWatch::look_first() {
  const int code = look_at_all();
  if (code < 0) why_blind_ = fmt::format("rtnetlink: {}", nl_geterror(code));
  // Most of them are those that the profile was resolved for; one may have come just after.
  fresh_.clear();
  has_changed_ = false;
  changed_({});
}

// Which links there are, asked through a socket of its own. Gives libnl's code.
int LinkWatch::look_at_all() {
  const std::unique_ptr<nl_sock, FreeSocket> socket(nl_socket_alloc());
  if (socket == nullptr) return -NLE_NOMEM;
  int code = nl_connect(socket.get(), NETLINK_ROUTE);
  nl_cache* cache = nullptr;
  if (code >= 0) code = rtnl_link_alloc_cache(socket.get(), AF_UNSPEC, &cache);
  const std::unique_ptr<nl_cache, FreeCache> owned(cache);
  if (code < 0) return code;
  std::map<int, std::string> names;
  for (nl_object* object = nl_cache_get_first(cache); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* link = reinterpret_cast<rtnl_link*>(object);
    const char* name = rtnl_link_get_name(link);
    const int index = rtnl_link_get_ifindex(link);
    if (name == nullptr) continue;
    names[index] = name;
    const auto known = names_.find(index);
    if (known == names_.end() || known->second != name) fresh_.emplace_back(name);
  }
  names_ = std::move(names);
  has_changed_ = true;
  return 0;
}

int LinkWatch::on_message(nl_msg* message, void* self) {
  static_cast<LinkWatch*>(self)->note(message);
  return NL_OK;
}

void LinkWatch::note(const nl_msg* message) {
  nlmsghdr* header = nlmsg_hdr(const_cast<nl_msg*>(message));
  if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) return;
  nlattr* attributes[IFLA_MAX + 1] = {};
  if (nlmsg_parse(header, sizeof(ifinfomsg), attributes, IFLA_MAX, nullptr) < 0) return;
  const auto* info = static_cast<const ifinfomsg*>(nlmsg_data(header));
  // A bridge tells of its ports in messages of its own family.
  if (info->ifi_family != AF_UNSPEC) return;
  has_changed_ = true;
  if (header->nlmsg_type == RTM_DELLINK) {
    names_.erase(info->ifi_index);
    return;
  }
  if (attributes[IFLA_IFNAME] == nullptr) return;
  std::string name = nla_get_string(attributes[IFLA_IFNAME]);
  std::string& known = names_[info->ifi_index];
  if (known == name) return;
  known = name;
  fresh_.push_back(std::move(name));
}

int LinkWatch::on_readable(sd_event_source*, int, unsigned, void* self) {
  static_cast<LinkWatch*>(self)->read_messages();
  return 0;
}

// A bounded number of what is there: the rest has its turn after what else is waiting.
void LinkWatch::read_messages() {
  for (int i = 0; i < most_messages; ++i) {
    const int code = nl_recvmsgs_default(socket_.get());
    if (code == -NLE_NOMEM || code == -NLE_MSG_OVERFLOW) {  // ENOBUFS: some were lost
      static_cast<void>(look_at_all());
    }
    if (code < 0) break;  // -NLE_AGAIN: that was all
  }
  if (!has_changed_) return;
  has_changed_ = false;
  looks_ = 0;
  const std::uint64_t now = monotonic_now();
  if (now >= may_tell_at_) return tell();
  next_look_.arm_after(may_tell_at_ - now);
}

void LinkWatch::tell() {
  const std::uint64_t begin = monotonic_now();
  changed_(std::exchange(fresh_, {}));
  const std::uint64_t end = monotonic_now();
  const std::uint64_t pause = std::min(4 * (end - begin), longest_pause);
  may_tell_at_ = end + pause;
  if (looks_ == pauses_after_message.size()) return;
  next_look_.arm_after(std::max(pauses_after_message[looks_++], pause));
}

}  // namespace nettune::daemon
