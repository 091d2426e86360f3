// SPDX-License-Identifier: MIT
// guarded: the border where exceptions end. dispatch: a member function as a handler of sd-bus
// behind it. property: the same for a getter. append, set_error: what goes out.
#pragma once

#include <cerrno>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "bus_error.hpp"
#include "engine/diagnostic.hpp"
#include "handles.hpp"
#include "journal.hpp"

namespace nettune::daemon {

template <class T>
struct MemberOf;
template <class Object, class Result, class... Arguments>
struct MemberOf<Result (Object::*)(Arguments...)> {
  using type = Object;
};
template <class Object, class Result, class... Arguments>
struct MemberOf<Result (Object::*)(Arguments...) const> {
  using type = const Object;
};

/// What `work` gives: as for a handler of sd-bus. An exception becomes `error`.
template <class Work>
int guarded(sd_bus_error* error, Work work) noexcept {
  try {
    return work();
  } catch (const std::exception& fault) {
    return sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "internal error: %s",
                             printable_lines(fault.what()).c_str());
  }
}

inline void log_call(sd_bus_message* call) {
  const char* sender = sd_bus_message_get_sender(call);
  log_debug("woken by a call of {} from {}", sd_bus_message_get_member(call),
            sender == nullptr ? "a peer" : sender);
}

/// Calls the member on the vtable's userdata. It replies itself; an error that it sets, or a
/// negative errno value that it returns, becomes the reply.
template <auto Method>
int dispatch(sd_bus_message* call, void* object, sd_bus_error* error) noexcept {
  using Object = typename MemberOf<decltype(Method)>::type;
  return guarded(error, [&] {
    if (is_debugging) log_call(call);
    return (static_cast<Object*>(object)->*Method)(call, error);
  });
}

/// A string of the bus is UTF-8 without NUL, and who sends another is disconnected. Clients show it
/// on terminals, too. Sentences and descriptions may have several lines.
inline int append(sd_bus_message* reply, std::string_view value) {
  return sd_bus_message_append_basic(reply, 's', printable_lines(value).c_str());
}
inline int set_error(sd_bus_error* error, const char* name, std::string_view message) {
  return sd_bus_error_set(error, name, printable_lines(message).c_str());
}
inline int append(sd_bus_message* reply, std::uint32_t value) {
  return sd_bus_message_append_basic(reply, 'u', &value);
}
inline int append(sd_bus_message* reply, std::uint64_t value) {
  return sd_bus_message_append_basic(reply, 't', &value);
}
inline int append(sd_bus_message* reply, const std::vector<std::string>& values) {
  int code = sd_bus_message_open_container(reply, 'a', "s");
  for (const std::string& value : values) {
    if (code >= 0) code = append(reply, value);
  }
  return code < 0 ? code : sd_bus_message_close_container(reply);
}

/// Appends what the member gives.
template <auto Getter>
int property(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* object,
             sd_bus_error* error) noexcept {
  using Object = typename MemberOf<decltype(Getter)>::type;
  return guarded(error, [&] { return append(reply, (static_cast<Object*>(object)->*Getter)()); });
}

}  // namespace nettune::daemon
