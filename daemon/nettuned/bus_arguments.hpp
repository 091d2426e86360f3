// SPDX-License-Identifier: MIT
// Arguments of a call, read and held to their limits: what comes over the bus is not trusted.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "handles.hpp"

namespace nettune::daemon {

/// A profile's or a key's name. Over the limit, or not printable: InvalidArgs. Returns 1, or the
/// error that was set.
int read_name(sd_bus_message* call, std::string& name, sd_bus_error* error);

/// An option that a method knows.
struct Option {
  std::string_view name;
  char type;             ///< 'b' or 't'
  std::uint64_t* value;  ///< a boolean is 0 or 1; left alone where the option is not given
};

/// Reads an a{sv}. An option that is not known, or of another type: InvalidArgs.
int read_options(sd_bus_message* call, std::initializer_list<Option> known, sd_bus_error* error);

}  // namespace nettune::daemon
