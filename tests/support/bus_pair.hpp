// SPDX-License-Identifier: MIT
// BusPair: two ends of one D-Bus connection over a socketpair, without a bus daemon. The service's
// objects are on one; the other is the client, and answers for the daemon and for polkit.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "handles.hpp"

namespace nettune::test {

/// What came back: an error's name and text, or the message, rewound.
struct Reply {
  bool is_there = false;
  std::string error;
  std::string text;
  daemon::Message message;
};

class BusPair {
 public:
  BusPair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    sd_id128_t id{};
    REQUIRE(sd_id128_randomize(&id) >= 0);
    service_ = open(ends[0]);
    REQUIRE(sd_bus_set_server(service_.get(), 1, id) >= 0);
    client_ = open(ends[1]);
    REQUIRE(sd_bus_start(service_.get()) >= 0);
    REQUIRE(sd_bus_start(client_.get()) >= 0);
    REQUIRE(sd_bus_add_filter(client_.get(), nullptr, on_message, this) >= 0);
    run();
  }
  BusPair(const BusPair&) = delete;
  BusPair& operator=(const BusPair&) = delete;

  sd_bus* service() const { return service_.get(); }
  sd_bus* client() const { return client_.get(); }

  /// Until neither end has anything to do.
  void run() const {
    for (int idle = 0; idle < 2;) {
      const int service = sd_bus_process(service_.get(), nullptr);
      const int client = sd_bus_process(client_.get(), nullptr);
      REQUIRE(service >= 0);
      REQUIRE(client >= 0);
      idle = service == 0 && client == 0 ? idle + 1 : 0;
    }
  }

  /// A call whose arguments `fill` appends. The reply is valid as long as the pair; it is there
  /// after run(), unless somebody is still asked.
  const Reply& send(const char* path, const char* interface, const char* method,
                    const std::function<void(sd_bus_message*)>& fill = {}) {
    sd_bus_message* made = nullptr;
    REQUIRE(sd_bus_message_new_method_call(client_.get(), &made, "org.nettune1", path, interface,
                                           method) >= 0);
    const daemon::Message call(made);
    if (fill) fill(made);
    Reply& reply = replies_.emplace_back();
    REQUIRE(sd_bus_call_async(client_.get(), nullptr, made, on_reply, &reply, UINT64_MAX) >= 0);
    return reply;
  }
  const Reply& call(const char* path, const char* interface, const char* method,
                    const std::function<void(sd_bus_message*)>& fill = {}) {
    const Reply& reply = send(path, interface, method, fill);
    run();
    return reply;
  }

  /// The signals that came since the last time: the member, and the path where it is not the
  /// manager's. PropertiesChanged has the names, "State,StateText".
  std::vector<std::string> take_signals() { return std::exchange(signals_, {}); }

 private:
  static daemon::Bus open(int end) {
    sd_bus* made = nullptr;
    REQUIRE(sd_bus_new(&made) >= 0);
    daemon::Bus bus(made);
    REQUIRE(sd_bus_set_fd(made, end, end) >= 0);
    return bus;
  }

  static int on_reply(sd_bus_message* message, void* data, sd_bus_error*) {
    auto& reply = *static_cast<Reply*>(data);
    reply.is_there = true;
    if (sd_bus_message_is_method_error(message, nullptr) != 0) {
      reply.error = sd_bus_message_get_error(message)->name;
      reply.text = sd_bus_message_get_error(message)->message;
    }
    reply.message.reset(sd_bus_message_ref(message));
    return 1;
  }

  static std::string changed_names(sd_bus_message* message) {
    std::string names;
    sd_bus_message_skip(message, "s");
    sd_bus_message_enter_container(message, 'a', "{sv}");
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
      const char* name = nullptr;
      sd_bus_message_read(message, "s", &name);
      sd_bus_message_skip(message, "v");
      sd_bus_message_exit_container(message);
      names += (names.empty() ? "" : ",") + std::string(name);
    }
    return names;
  }

  static int on_message(sd_bus_message* message, void* data, sd_bus_error*) {
    if (sd_bus_message_is_signal(message, nullptr, nullptr) <= 0) return 0;
    std::string text = sd_bus_message_get_member(message);
    const std::string path = sd_bus_message_get_path(message);
    if (text == "PropertiesChanged") text += " " + changed_names(message);
    if (path != "/org/nettune1") text += " of " + path.substr(path.rfind('/') + 1);
    if (text == "InterfacesAdded" || text == "InterfacesRemoved") {
      const char* object = nullptr;
      sd_bus_message_read(message, "o", &object);
      text += " " + std::string(object).substr(std::string(object).rfind('/') + 1);
    }
    static_cast<BusPair*>(data)->signals_.push_back(text);
    return 0;
  }

  daemon::Bus service_, client_;
  std::list<Reply> replies_;
  std::vector<std::string> signals_;
};

}  // namespace nettune::test
