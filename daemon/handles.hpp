// SPDX-License-Identifier: MIT
// Owning aliases for the objects of libsystemd.
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-device.h>
#include <systemd/sd-event.h>

#include <memory>

namespace nettune::daemon {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

using Bus = Handle<sd_bus, sd_bus_flush_close_unref>;
using Slot = Handle<sd_bus_slot, sd_bus_slot_unref>;
using Message = Handle<sd_bus_message, sd_bus_message_unref>;
using Loop = Handle<sd_event, sd_event_unref>;
using Source = Handle<sd_event_source, sd_event_source_disable_unref>;
using DeviceMonitor = Handle<sd_device_monitor, sd_device_monitor_unref>;

}  // namespace nettune::daemon
