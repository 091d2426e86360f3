// SPDX-License-Identifier: MIT
#include "module_watch.hpp"

#include <fmt/format.h>

#include <cstring>
#include <ctime>
#include <utility>

#include "journal.hpp"

namespace nettune::daemon {
namespace {

// The kernel tells of a module before its init function runs, which makes the keys.
constexpr unsigned looks = 8;
constexpr std::uint64_t pause_between = 10'000;  // microseconds
constexpr std::uint64_t slack = 250'000;         // microseconds

}  // namespace

ModuleWatch::ModuleWatch(sd_event* loop, std::function<void()> changed)
    : changed_(std::move(changed)), timer_(loop, CLOCK_MONOTONIC, slack, [this] { look(); }) {
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
  if (const char* name = nullptr; is_debugging && sd_device_get_sysname(device, &name) >= 0) {
    log_debug("module {} has {}", name, action == SD_DEVICE_ADD ? "come" : "gone");
  }
  // One that waits already does for this one as well: modules that come and go all the time leave
  // the time between to others.
  const bool is_waiting = std::exchange(self.looks_left_, looks) > 0;
  if (!is_waiting) self.look();
  return 0;
}

void ModuleWatch::look() {
  changed_();
  if (--looks_left_ > 0) timer_.arm_after(pause_between);
}

}  // namespace nettune::daemon
