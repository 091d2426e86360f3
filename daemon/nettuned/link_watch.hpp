// SPDX-License-Identifier: MIT
// LinkWatch: rtnetlink through libnl-route. It says that links came, went or changed, and which of
// them are new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/result.hpp"
#include "handles.hpp"
#include "timer.hpp"

struct nl_sock;
struct nl_msg;

namespace nettune::daemon {

class LinkWatch {
 public:
  /// Links that are new or were renamed, by their names now; it may be none, where one went or
  /// changed. One call for all messages that are there, and two soon after: a renamed link is told
  /// of before its keys have moved (rtnetlink_event() comes before inetdev_event()). Where the call
  /// takes long the next one waits, so that links that come and go all the time leave most of it to
  /// others.
  using Changed = std::function<void(const std::vector<std::string>& links)>;

  LinkWatch(sd_event* loop, Changed changed);
  ~LinkWatch();
  LinkWatch(const LinkWatch&) = delete;
  LinkWatch& operator=(const LinkWatch&) = delete;

  /// Why links are not seen; "" where they are.
  const std::string& why_blind() const { return why_blind_; }

 private:
  struct FreeSocket {
    void operator()(nl_sock* socket) const noexcept;
  };

  static int on_readable(sd_event_source* source, int fd, unsigned events, void* self);
  static int on_message(nl_msg* message, void* self);
  std::string connect(sd_event* loop);
  void look_first();
  void tell();
  void read_messages();
  void note(const nl_msg* message);
  int look_at_all();

  Changed changed_;
  std::unique_ptr<nl_sock, FreeSocket> socket_;
  std::map<int, std::string> names_;  // by interface index
  std::vector<std::string> fresh_;
  bool has_changed_ = false;
  std::string why_blind_;
  std::size_t looks_ = 0;          // since the last message
  std::uint64_t may_tell_at_ = 0;  // microseconds
  Timer first_look_, next_look_;
  Source source_;
};

}  // namespace nettune::daemon
