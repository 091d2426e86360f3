// SPDX-License-Identifier: MIT
// What every JSON answer shares: its first two members, exact numbers, ASCII out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/diagnostic.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "json_location.hpp"

namespace nettune::ctl {

using Json = nlohmann::ordered_json;

/// {"nettune": 1, "format": "audit/1"}
Json start_json(std::string_view format);

/// A number, or a string of digits where a double could not hold it (beyond 2^53).
Json json_number(sysctl::Integer number);

/// Null without a source.
inline Json json_origin(const Origin& origin) { return json_location(location_of(origin)); }

/// Indented, in ASCII whatever the text holds, with a line feed at its end.
std::string json_text(const Json& json);

}  // namespace nettune::ctl
