// SPDX-License-Identifier: MIT
#include "nettuned/call_queue.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "support/bus_pair.hpp"

using namespace nettune;
using namespace nettune::daemon;

namespace {

using Texts = std::vector<std::string>;

// An object with methods, of which Slow waits for its turn, and a property, which does not.
struct Host {
  Host() {
    sd_event* made = nullptr;
    REQUIRE(sd_event_new(&made) >= 0);
    loop.reset(made);
    REQUIRE(sd_bus_attach_event(pair.service(), made, SD_EVENT_PRIORITY_NORMAL) >= 0);
    REQUIRE(sd_bus_add_filter(pair.service(), nullptr, on_message, this) >= 0);
    REQUIRE(sd_bus_add_object_vtable(pair.service(), nullptr, "/object", "test.Object", vtable,
                                     this) >= 0);
  }
  ~Host() { sd_bus_detach_event(pair.service()); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  static int on_message(sd_bus_message* message, void* data, sd_bus_error* error) {
    if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0) return 0;
    return static_cast<Host*>(data)->queue.keeps(message, error) ? 1 : 0;
  }
  static int slow(sd_bus_message* call, void* data, sd_bus_error*) {
    static_cast<Host*>(data)->served.emplace_back(sd_bus_message_get_sender(call));
    return sd_bus_reply_method_return(call, "");
  }
  static int quick(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                   void* data, sd_bus_error*) {
    static_cast<Host*>(data)->served.emplace_back("quick");
    return sd_bus_message_append(reply, "s", "");
  }

  const test::Reply& send(const char* method, const char* sender) {
    return pair.send("/object", "test.Object", method, [&](sd_bus_message* call) {
      REQUIRE(sd_bus_message_set_sender(call, sender) >= 0);
    });
  }
  const test::Reply& read() {
    return pair.send("/object", "org.freedesktop.DBus.Properties", "Get",
                     [&](sd_bus_message* call) {
                       REQUIRE(sd_bus_message_set_sender(call, ":1.4") >= 0);
                       REQUIRE(sd_bus_message_append(call, "ss", "test.Object", "Quick") >= 0);
                     });
  }
  // Whether anything was done.
  bool step() {
    const int client = sd_bus_process(pair.client(), nullptr);
    const int service = sd_event_run(loop.get(), 1000);
    REQUIRE(service >= 0);
    return client != 0 || service != 0;
  }
  void run() {
    for (int idle = 0; idle < 3 || queue.size() > 0;) idle = step() ? 0 : idle + 1;
  }

  static const sd_bus_vtable vtable[];
  Loop loop;
  test::BusPair pair;
  // Turns are counted here: how much one of them sees must not depend on how fast this machine is.
  CallQueue queue{pair.service(), 60'000'000};
  Texts served;
};

const sd_bus_vtable Host::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Slow", "", "", Host::slow, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Activate", "", "", Host::slow, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Quick", "s", Host::quick, 0, 0),
    SD_BUS_VTABLE_END,
};

}  // namespace

TEST_CASE("callers have their turns one after another, and what costs nothing does not wait") {
  Host host;
  for (int i = 0; i < 100; ++i) host.send("Slow", ":1.1");
  for (int i = 0; i < 50; ++i) host.send("Slow", ":1.2");
  host.send("Slow", ":1.3");
  host.read();
  host.run();
  REQUIRE(host.served.size() == 152);
  CHECK(host.queue.size() == 0);
  const auto place_of = [&](const char* name) {
    return std::ranges::find(host.served, name) - host.served.begin();
  };
  // A turn looks through some of what is there: few turns, and all of it is known.
  CHECK(place_of("quick") <= 10);
  // Who has had no turn is before those who had one.
  CHECK(place_of(":1.3") <= 10);
  CHECK(std::ranges::count(host.served.begin(), host.served.begin() + 40, ":1.2") >= 10);
}

TEST_CASE("who asks once does not wait for a turn of each who asks all the time") {
  Host host;
  constexpr int many = 200;
  for (int i = 0; i < many; ++i) {
    for (int j = 0; j < 3; ++j) host.send("Slow", fmt::format(":1.{}", 100 + i).c_str());
  }
  for (int i = 0; host.served.size() < many + 20 && i < 1000; ++i) host.step();
  const std::size_t before = host.served.size();
  host.send("Slow", ":1.2");
  host.run();
  REQUIRE(host.served.size() == 3 * many + 1);
  const auto waited = std::ranges::find(host.served, ":1.2") - host.served.begin() -
                      static_cast<std::ptrdiff_t>(before);
  CHECK(waited <= 10);
}

TEST_CASE("a call that needs a right is taken before a Ping that comes after it") {
  Host host;
  for (int i = 0; i < 50; ++i) host.send("Slow", ":1.1");
  host.send("Activate", ":1.4");
  const test::Reply& ping = host.pair.send(
      "/object", "org.freedesktop.DBus.Peer", "Ping",
      [](sd_bus_message* call) { REQUIRE(sd_bus_message_set_sender(call, ":1.4") >= 0); });
  while (!ping.is_there) host.step();
  CHECK(std::ranges::count(host.served, ":1.4") == 1);
  host.run();
}

TEST_CASE("the objects of sd-bus itself wait as well") {
  Host host;
  for (int i = 0; i < 5; ++i) {
    host.pair.send(
        "/object", "org.freedesktop.DBus.Introspectable", "Introspect",
        [](sd_bus_message* call) { REQUIRE(sd_bus_message_set_sender(call, ":1.1") >= 0); });
  }
  const test::Reply& quick = host.read();
  while (!quick.is_there) host.step();
  CHECK(host.queue.size() > 0);
  host.run();
  CHECK(host.queue.size() == 0);
}

TEST_CASE("only so many calls of one caller wait, and the others' are taken all the same") {
  Host host;
  constexpr std::size_t many = 2 * CallQueue::most_calls_of_caller;
  std::vector<const test::Reply*> replies;
  replies.reserve(many);
  for (std::size_t i = 0; i < many; ++i) replies.push_back(&host.send("Slow", ":1.1"));
  const test::Reply& other = host.send("Slow", ":1.2");
  host.run();
  CHECK(other.is_there);
  CHECK(other.error == "");
  const auto refused =
      std::ranges::count(replies, std::string(SD_BUS_ERROR_LIMITS_EXCEEDED), &test::Reply::error);
  CHECK(refused > 0);
  CHECK(host.served.size() + static_cast<std::size_t>(refused) == many + 1);
}
