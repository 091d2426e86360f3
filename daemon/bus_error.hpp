// SPDX-License-Identifier: MIT
// What the bus calls a refusal: one table for both programs.
#pragma once

#include <string_view>

#include "nettuned/service.hpp"

namespace nettune::daemon {

inline constexpr const char* error_not_authorized = "org.nettune1.Error.NotAuthorized";

/// "org.nettune1.Error.NoSuchProfile", …
const char* bus_error_name(Refusal::Kind kind);

}  // namespace nettune::daemon
