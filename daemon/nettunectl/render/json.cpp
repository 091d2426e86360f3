// SPDX-License-Identifier: MIT
#include "render/json.hpp"

#include "engine/sysctl/value.hpp"

namespace nettune::ctl {

Json start_json(std::string_view format) {
  Json json;
  json["nettune"] = 1;
  json["format"] = format;
  return json;
}

Json json_number(sysctl::Integer number) {
  constexpr sysctl::Integer exact = static_cast<sysctl::Integer>(1) << 53;
  if (number >= -exact && number <= exact) return static_cast<std::int64_t>(number);
  return sysctl::to_string(number);
}

std::string json_text(const Json& json) {
  // A key's value or a file's name may hold any byte: what is no UTF-8 becomes U+FFFD.
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + '\n';
}

}  // namespace nettune::ctl
