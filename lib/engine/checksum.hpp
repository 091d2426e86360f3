// SPDX-License-Identifier: MIT
// A checksum against accidental damage: any one byte that is another one changes it for certain,
// anything else but for once in 2^64. No protection against somebody who means harm.
#pragma once

#include <string>
#include <string_view>

namespace nettune {

/// FNV-1a of 64 bits, as 16 lower-case hexadecimal digits.
std::string checksum(std::string_view text);

}  // namespace nettune
