// SPDX-License-Identifier: MIT
// A place in a file, as each JSON answer of nettunectl and of nettuned has it.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/diagnostic.hpp"

namespace nettune {

/// {"file", "line", "column"}; null without a file, null line where the file as a whole is meant.
inline nlohmann::ordered_json json_location(const Location& location) {
  using Json = nlohmann::ordered_json;
  if (location.file.empty()) return nullptr;
  return {{"file", location.file},
          {"line", location.line > 0 ? Json(location.line) : Json(nullptr)},
          {"column", location.column > 0 ? Json(location.column) : Json(nullptr)}};
}

}  // namespace nettune
