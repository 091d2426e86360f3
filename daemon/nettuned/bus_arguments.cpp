// SPDX-License-Identifier: MIT
#include "bus_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "dispatch.hpp"
#include "engine/diagnostic.hpp"

namespace nettune::daemon {
namespace {

constexpr std::size_t max_name = 1024;  // bytes

int invalid(sd_bus_error* error, std::string_view message) {
  return set_error(error, SD_BUS_ERROR_INVALID_ARGS, message);
}

}  // namespace

int read_name(sd_bus_message* call, std::string& name, sd_bus_error* error) {
  const char* text = nullptr;
  const int code = sd_bus_message_read(call, "s", &text);
  if (code < 0) return code;
  name = text;
  if (name.size() > max_name) {
    return invalid(error, fmt::format("a name has at most {} bytes", max_name));
  }
  if (printable(name) != name) return invalid(error, "a name holds no control character");
  return 1;
}

int read_options(sd_bus_message* call, std::initializer_list<Option> known, sd_bus_error* error) {
  int code = sd_bus_message_enter_container(call, 'a', "{sv}");
  if (code < 0) return code;
  std::size_t count = 0;
  while ((code = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
    const char* name = nullptr;
    code = sd_bus_message_read(call, "s", &name);
    if (code < 0) return code;
    const auto* const option = std::ranges::find(known, std::string_view(name), &Option::name);
    if (option == known.end()) {
      std::string names;
      for (const Option& one : known) names += fmt::format(" {}", one.name);
      return invalid(error, fmt::format("no option is called \"{}\"; there are:{}", printable(name),
                                        names.empty() ? " none" : names));
    }
    // A call that waits is to be small.
    if (++count > known.size()) return invalid(error, "an option is given twice");
    const char type[2] = {option->type, '\0'};
    int flag = 0;
    code = option->type == 'b' ? sd_bus_message_read(call, "v", type, &flag)
                               : sd_bus_message_read(call, "v", type, option->value);
    if (code < 0) {
      return invalid(error, fmt::format("option \"{}\" is of type {}", option->name, type));
    }
    if (option->type == 'b') *option->value = flag != 0 ? 1 : 0;
    code = sd_bus_message_exit_container(call);
    if (code < 0) return code;
  }
  if (code < 0) return code;
  code = sd_bus_message_exit_container(call);
  return code < 0 ? code : 1;
}

}  // namespace nettune::daemon
