// SPDX-License-Identifier: MIT
#include "engine/result.hpp"

#include <system_error>

namespace nettune {

std::string describe(const Error& error) {
  return error.action + " " + error.object + ": " + std::generic_category().message(error.number);
}

}  // namespace nettune
