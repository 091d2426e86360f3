// SPDX-License-Identifier: MIT
#include "engine/debug_switch.hpp"

#include <fmt/format.h>

#include <string_view>

namespace nettune {

std::expected<bool, std::string> wants_debug(const char* value) {
  const std::string_view word = value == nullptr ? "" : value;
  if (word.empty()) return false;
  if (word == "debug") return true;
  return std::unexpected(
      fmt::format("NETTUNE_LOG is ignored: it may be \"debug\", not \"{}\"", word));
}

}  // namespace nettune
