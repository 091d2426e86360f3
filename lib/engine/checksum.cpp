// SPDX-License-Identifier: MIT
#include "engine/checksum.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace nettune {

std::string checksum(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char c : text) {
    sum ^= static_cast<unsigned char>(c);
    sum *= 0x100000001b3;  // odd: two sums that differ stay different
  }
  return fmt::format("{:016x}", sum);
}

}  // namespace nettune
