// SPDX-License-Identifier: MIT
#include "parameter_objects.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "dispatch.hpp"
#include "engine/diagnostic.hpp"
#include "manager_object.hpp"

namespace nettune::daemon {
namespace {

struct FreeText {
  void operator()(char* text) const noexcept { std::free(text); }
};
using Text = std::unique_ptr<char, FreeText>;

// A getter of a ManagedKey, which is what find() gives as the object.
template <auto Get>
int get(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* object,
        sd_bus_error* error) noexcept {
  return guarded(error,
                 [&] { return append(reply, Get(*static_cast<const ManagedKey*>(object))); });
}

std::string key_of(const ManagedKey& managed) { return managed.key().name(); }
std::string verdict_of(const ManagedKey& managed) {
  return std::string(audit::verdict_name(managed.view.verdict));
}
std::string desired_of(const ManagedKey& managed) { return managed.desired_text(); }
std::string live_of(const ManagedKey& managed) { return managed.view.live; }
std::string baseline_of(const ManagedKey& managed) { return managed.view.baseline; }
std::string declared_at_of(const ManagedKey& managed) { return managed.declared_at(); }
std::string reason_of(const ManagedKey& managed) { return std::string(managed.view.reason.view()); }
std::uint32_t changes_of(const ManagedKey& managed) { return managed.view.changes; }
std::uint64_t last_changed_of(const ManagedKey& managed) { return managed.view.last_changed; }

int get_contested(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                  void* object, sd_bus_error*) noexcept {
  const int is_contested = static_cast<ManagedKey*>(object)->view.is_contested ? 1 : 0;
  return sd_bus_message_append_basic(reply, 'b', &is_contested);
}

const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Key", "s", get<key_of>, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Verdict", "s", get<verdict_of>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Contested", "b", get_contested, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Desired", "s", get<desired_of>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Live", "s", get<live_of>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Baseline", "s", get<baseline_of>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("DeclaredAt", "s", get<declared_at_of>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Reason", "s", get<reason_of>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Changes", "u", get<changes_of>, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("LastChanged", "t", get<last_changed_of>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_VTABLE_END,
};

bool is_same_line(const Origin& one, const Origin& other) {
  return one.line == other.line && one.source->name == other.source->name;
}

// What is not as it was told. `desired` is what the profile said then.
std::vector<char*> changed_properties(const profile::Desired& desired, const ManagedKey& managed) {
  std::vector<char*> names;
  // A key that went and came within one turn has no view of before: all of it may be another.
  const auto compare = [&](bool differs, const char* name) {
    if (differs || !managed.is_told) names.push_back(const_cast<char*>(name));
  };
  const ParameterView& now = managed.view;
  const ParameterView& before = managed.told != nullptr ? *managed.told : now;
  const bool is_same_profile = &desired == managed.desired;
  compare(before.verdict != now.verdict, "Verdict");
  compare(before.is_contested != now.is_contested, "Contested");
  compare(!is_same_profile && profile::to_string(desired) != managed.desired_text(), "Desired");
  compare(before.live != now.live, "Live");
  compare(before.baseline != now.baseline, "Baseline");
  compare(!is_same_profile && !is_same_line(desired.entry->origin, managed.desired->entry->origin),
          "DeclaredAt");
  compare(!(before.reason == now.reason), "Reason");
  compare(before.changes != now.changes, "Changes");
  compare(before.last_changed != now.last_changed, "LastChanged");
  return names;
}

}  // namespace

ParameterObjects::ParameterObjects(sd_bus* bus, Service& service) : bus_(bus), service_(service) {
  code_ = publish();
}

int ParameterObjects::publish() {
  sd_bus_slot* slot = nullptr;  // stays as it is where sd-bus fails
  int code = sd_bus_add_fallback_vtable(bus_, &slot, parameter_prefix, parameter_interface, vtable,
                                        find, this);
  vtable_.reset(std::exchange(slot, nullptr));
  if (code >= 0) code = sd_bus_add_node_enumerator(bus_, &slot, parameter_prefix, enumerate, this);
  enumerator_.reset(std::exchange(slot, nullptr));
  if (code >= 0) code = sd_bus_add_object_manager(bus_, &slot, manager_path);
  manager_.reset(slot);
  return code;
}

std::string ParameterObjects::path_of(const sysctl::Key& key) {
  char* path = nullptr;
  if (sd_bus_path_encode(parameter_prefix, key.name().c_str(), &path) < 0) return {};
  const Text owned(path);
  return path;
}

int ParameterObjects::find(sd_bus*, const char* path, const char*, void* self, void** found,
                           sd_bus_error*) {
  char* name = nullptr;
  const int code = sd_bus_path_decode(path, parameter_prefix, &name);
  const Text owned(name);
  if (code <= 0) return code;
  const auto key = sysctl::Key::parse(name);
  if (!key) return 0;
  const ManagedKey* managed = static_cast<ParameterObjects*>(self)->service_.find(*key);
  if (managed == nullptr || path_of(*key) != path) return 0;
  *found = const_cast<ManagedKey*>(managed);
  return 1;
}

int ParameterObjects::enumerate(sd_bus*, const char*, void* self, char*** nodes, sd_bus_error*) {
  const std::vector<ManagedKey>& keys = static_cast<ParameterObjects*>(self)->service_.keys();
  auto** list = static_cast<char**>(std::calloc(keys.size() + 1, sizeof(char*)));
  if (list == nullptr) return -ENOMEM;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const int code = sd_bus_path_encode(parameter_prefix, keys[i].key().name().c_str(), &list[i]);
    if (code >= 0) continue;
    for (std::size_t made = 0; made < i; ++made) std::free(list[made]);
    std::free(static_cast<void*>(list));
    return code;
  }
  *nodes = list;
  return 1;
}

int ParameterObjects::emit_changes() {
  int code = 0;
  const auto keep_first = [&](int other) { code = code < 0 ? code : other; };
  const std::vector<profile::Desired> none;
  const std::vector<profile::Desired>& shown = shown_ != nullptr ? shown_->desired() : none;
  auto old = shown.begin();
  std::vector<const sysctl::Key*> gone;
  for (const ManagedKey& managed : service_.keys()) {
    while (old != shown.end() && old->key < managed.key()) gone.push_back(&(old++)->key);
    if (old != shown.end() && old->key == managed.key()) {
      std::vector<char*> names = changed_properties(*old++, managed);
      if (names.empty()) continue;
      names.push_back(nullptr);
      keep_first(sd_bus_emit_properties_changed_strv(bus_, path_of(managed.key()).c_str(),
                                                     parameter_interface, names.data()));
    } else if (!is_first_) {
      keep_first(sd_bus_emit_interfaces_added(bus_, path_of(managed.key()).c_str(),
                                              parameter_interface, nullptr));
    }
  }
  while (old != shown.end()) gone.push_back(&(old++)->key);
  for (const sysctl::Key* key : gone) {
    keep_first(
        sd_bus_emit_interfaces_removed(bus_, path_of(*key).c_str(), parameter_interface, nullptr));
  }
  shown_ = service_.resolved();
  service_.views_are_told();
  is_first_ = false;
  return code;
}

}  // namespace nettune::daemon
