// SPDX-License-Identifier: MIT
// BusConnection: the system bus with the service's objects on it and its name; comes back by itself
// when the bus was away.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "call_queue.hpp"
#include "handles.hpp"
#include "manager_object.hpp"
#include "parameter_objects.hpp"
#include "service.hpp"
#include "timer.hpp"

namespace nettune::daemon {

class BusConnection {
 public:
  struct Listener {
    std::function<void()> owned;  ///< the name is this service's
    /// Before a call is answered: what other programs have finished by now is to be known.
    std::function<void()> asked;
    /// Another program has it, or the bus forbids it: there is no use in going on.
    std::function<void(int number)> refused;
  };

  /// Connects, now or when the bus is there. All outlive the connection.
  BusConnection(sd_event* loop, Service& service, const Outside& outside, Listener listener);
  BusConnection(const BusConnection&) = delete;
  BusConnection& operator=(const BusConnection&) = delete;

  /// Tells the bus what happened and what has changed.
  void emit(const std::vector<Event>& events);

 private:
  // What lives as long as one connection. The objects go before the bus that has them.
  struct Connected {
    Connected(Bus opened, Service& service, const Outside& outside)
        : bus(std::move(opened)),
          manager(bus.get(), service, outside),
          parameters(bus.get(), service),
          calls(bus.get()) {}

    Bus bus;
    ManagerObject manager;
    ParameterObjects parameters;
    CallQueue calls;
    Slot filter{}, name{};
  };

  static int on_message(sd_bus_message* message, void* self, sd_bus_error* error);
  static int on_name(sd_bus_message* answer, void* self, sd_bus_error* error);
  void connect();

  sd_event* loop_;
  Service& service_;
  const Outside& outside_;
  Listener listener_;
  std::unique_ptr<Connected> connected_;
  Timer retry_;
};

}  // namespace nettune::daemon
