// SPDX-License-Identifier: MIT
// ModuleWatch: kernel uevents through sd-device. It says that a module was loaded or has gone; its
// keys come and go now, or an instant later.
#pragma once

#include <functional>
#include <string>

#include "handles.hpp"
#include "timer.hpp"

namespace nettune::daemon {

class ModuleWatch {
 public:
  ModuleWatch(sd_event* loop, std::function<void()> changed);

  const std::string& why_blind() const { return why_blind_; }

 private:
  static int on_device(sd_device_monitor* monitor, sd_device* device, void* self);
  void look();

  std::function<void()> changed_;
  std::string why_blind_;
  unsigned looks_left_ = 0;
  Timer timer_;
  DeviceMonitor monitor_;
};

}  // namespace nettune::daemon
