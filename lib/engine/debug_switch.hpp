// SPDX-License-Identifier: MIT
// What NETTUNE_LOG asks for. Whoever logs reads it; the engine does not.
#pragma once

#include <expected>
#include <string>

namespace nettune {

/// Whether the value of NETTUNE_LOG, nullptr where it is not set, asks for debug lines; or why it
/// is ignored.
std::expected<bool, std::string> wants_debug(const char* value);

}  // namespace nettune
