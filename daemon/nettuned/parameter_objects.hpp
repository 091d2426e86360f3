// SPDX-License-Identifier: MIT
// ParameterObjects: /org/nettune1/parameter/…, one object with the interface org.nettune1.Parameter
// for each managed key, and the ObjectManager that lists them.
#pragma once

#include <memory>
#include <string>

#include "engine/sysctl/key.hpp"
#include "handles.hpp"
#include "service.hpp"

namespace nettune::daemon {

inline constexpr const char* parameter_prefix = "/org/nettune1/parameter";
inline constexpr const char* parameter_interface = "org.nettune1.Parameter";

class ParameterObjects {
 public:
  /// Both outlive the object.
  ParameterObjects(sd_bus* bus, Service& service);
  ParameterObjects(const ParameterObjects&) = delete;
  ParameterObjects& operator=(const ParameterObjects&) = delete;

  /// Negative: they are not on the bus, sd-bus's code says why.
  int code() const { return code_; }

  /// Emits InterfacesAdded, InterfacesRemoved and PropertiesChanged for what is not as it was at
  /// the last call; the first call says nothing. Gives the first negative code of sd-bus.
  int emit_changes();

  static std::string path_of(const sysctl::Key& key);

 private:
  int publish();
  static int find(sd_bus* bus, const char* path, const char* interface, void* self, void** found,
                  sd_bus_error* error);
  static int enumerate(sd_bus* bus, const char* prefix, void* self, char*** nodes,
                       sd_bus_error* error);

  sd_bus* bus_;
  Service& service_;
  std::shared_ptr<const profile::ResolvedProfile> shown_;  // its keys are on the bus
  bool is_first_ = true;
  int code_ = 0;
  Slot vtable_, enumerator_, manager_;
};

}  // namespace nettune::daemon
