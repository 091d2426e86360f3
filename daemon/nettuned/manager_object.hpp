// SPDX-License-Identifier: MIT
// ManagerObject: /org/nettune1, interface org.nettune1.Manager: the service as the bus shows it. A
// handler reads its arguments, calls the service, and replies; it decides nothing.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "handles.hpp"
#include "polkit.hpp"
#include "profile_cache.hpp"
#include "service.hpp"

namespace nettune::daemon {

inline constexpr const char* manager_path = "/org/nettune1";
inline constexpr const char* manager_interface = "org.nettune1.Manager";

/// What the objects need of the program around them.
struct Outside {
  std::function<Moment()> now;
  /// Reads the settings anew; the reason why that is not possible is given as a refusal.
  std::function<std::expected<Settings, Refusal>()> read_settings;
};

/// What the files of the profile in force say now.
struct OnDisk {
  bool is_other = false;  ///< not what is in force
  std::string fault{};    ///< why they would be refused
  bool operator==(const OnDisk&) const = default;
};

class ManagerObject {
 public:
  /// All of them outlive the object; `bus` gets it as long as it lives.
  ManagerObject(sd_bus* bus, Service& service, const Outside& outside);
  ManagerObject(const ManagerObject&) = delete;
  ManagerObject& operator=(const ManagerObject&) = delete;

  /// Negative: it is not on the bus, sd-bus's code says why.
  int code() const { return code_; }

  /// Emits the events as signals. Gives the first negative code of sd-bus.
  int emit(const std::vector<Event>& events);
  /// Emits PropertiesChanged for what is not as it was at the last call. The same.
  int emit_changes();

  // The members of the interface, for the vtable.
  int list_profiles(sd_bus_message* call, sd_bus_error* error);
  int describe_profile(sd_bus_message* call, sd_bus_error* error);
  int audit(sd_bus_message* call, sd_bus_error* error);
  int plan(sd_bus_message* call, sd_bus_error* error);
  int explain(sd_bus_message* call, sd_bus_error* error);
  int describe(sd_bus_message* call, sd_bus_error* error);
  int activate(sd_bus_message* call, sd_bus_error* error);
  int confirm(sd_bus_message* call, sd_bus_error* error);
  int deactivate(sd_bus_message* call, sd_bus_error* error);
  int revert(sd_bus_message* call, sd_bus_error* error);
  int reload(sd_bus_message* call, sd_bus_error* error);

  std::string version() const;
  std::string state() const;
  std::string sentence() const;
  std::string active_profile() const;
  std::uint32_t drift_count() const;
  std::uint32_t contested_count() const;
  std::uint64_t last_applied() const;
  std::uint64_t last_audited() const;
  std::vector<std::string> features() const;

 private:
  int ask_and(Polkit::Then then, sd_bus_message* call, sd_bus_error* error);
  int do_reload(sd_bus_message* call, sd_bus_error* error);
  /// The profile of that name, or the active one for "", which is the service's own.
  ProfileCache::Loaded load(const std::string& name);
  OnDisk look_on_disk();

  sd_bus* bus_;
  Service& service_;
  const Outside& outside_;
  Polkit polkit_;
  ProfileCache profiles_;
  std::string description_;                   // what Describe gave last
  OnDisk described_disk_;                     // with this
  std::uint64_t described_revision_ = 0;      // and at that time
  std::map<std::string, std::string> shown_;  // by property, as a text to compare
  int code_ = 0;
  Slot slot_;
};

}  // namespace nettune::daemon
