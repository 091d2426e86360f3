// SPDX-License-Identifier: MIT
#include "module_watch.hpp"

#include <fmt/format.h>

#include <cstring>
#include <ctime>
#include <utility>

namespace nettune::daemon {
namespace {

// The kernel tells of a module before its init function runs, which makes the keys.
constexpr unsigned looks = 8;
constexpr std::uint64_t pause_between = 10'000;  // microseconds

}  // namespace

ModuleWatch::ModuleWatch(sd_event* loop, std::function<void()> changed)
    : loop_(loop), changed_(std::move(changed)) {
  sd_device_monitor* made = nullptr;
  int code = sd_device_monitor_new(&made);
  monitor_.reset(made);
  if (code >= 0) {
    code = sd_device_monitor_filter_add_match_subsystem_devtype(made, "module", nullptr);
  }
  if (code >= 0) code = sd_device_monitor_attach_event(made, loop);
  if (code >= 0) code = sd_device_monitor_start(made, on_device, this);
  if (code < 0) why_blind_ = fmt::format("uevents: {}", std::strerror(-code));
}

int ModuleWatch::on_device(sd_device_monitor*, sd_device* device, void* data) {
  auto& self = *static_cast<ModuleWatch*>(data);
  sd_device_action_t action{};
  if (sd_device_get_action(device, &action) < 0) return 0;
  if (action != SD_DEVICE_ADD && action != SD_DEVICE_REMOVE) return 0;
  self.looks_left_ = looks;
  return on_time(nullptr, 0, data);
}

int ModuleWatch::on_time(sd_event_source*, std::uint64_t, void* data) {
  auto& self = *static_cast<ModuleWatch*>(data);
  self.changed_();
  if (--self.looks_left_ == 0) return 0;
  sd_event_source* source = nullptr;
  sd_event_add_time_relative(self.loop_, &source, CLOCK_MONOTONIC, pause_between, 0, on_time,
                             &self);
  self.timer_.reset(source);
  return 0;
}

}  // namespace nettune::daemon
