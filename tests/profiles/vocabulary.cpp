// SPDX-License-Identifier: MIT
// Prints what the profile language knows of keys and socket options, as JSON: the input of
// make_schema.py, so that the schema never knows other words than the program.
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/profile/socket_preset.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/value.hpp"

namespace {

using nettune::sysctl::Encoding;

std::string_view shape_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::word:
      return "word";
    case Encoding::words:
      return "words";
    case Encoding::number_list:
    case Encoding::cpu_mask:
    case Encoding::text:
    case Encoding::trigger:
    case Encoding::unknown:
      return "text";
    default:
      return "numbers";
  }
}

nlohmann::json vocabulary() {
  nlohmann::json keys = nlohmann::json::array();
  for (const nettune::sysctl::Parameter& parameter : nettune::sysctl::all_parameters()) {
    nlohmann::json fields = nlohmann::json::array();
    for (std::size_t i = 0; i < parameter.fields; ++i) {
      fields.push_back(i < parameter.field_names.size() ? parameter.field_names[i].view() : "");
    }
    keys.push_back({{"pattern", parameter.pattern},
                    {"shape", shape_of(parameter.encoding)},
                    {"fields", std::move(fields)},
                    {"unit", unit_name(parameter.unit)},
                    {"meaning", parameter.meaning}});
  }
  nlohmann::json options = nlohmann::json::array();
  for (const nettune::profile::SocketOptionFacts& facts : nettune::profile::all_socket_options()) {
    options.push_back({{"name", facts.name},
                       {"unit", unit_name(facts.unit)},
                       {"minimum", nettune::sysctl::to_string(facts.minimum)},
                       {"maximum", nettune::sysctl::to_string(facts.maximum)},
                       {"words", facts.words},
                       {"meaning", facts.meaning}});
  }
  return {{"keys", std::move(keys)}, {"options", std::move(options)}};
}

}  // namespace

int main() {
  try {
    std::cout << vocabulary().dump(1) << '\n' << std::flush;
    return std::cout.good() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
  }
}
