// SPDX-License-Identifier: MIT
// How wide a text is on a terminal. wcwidth(3) answers by the locale, which no output may depend
// on.
#pragma once

#include <cstddef>
#include <string_view>

namespace nettune {

/// 0 for a mark that stands on the character before it, 2 for a wide one.
int columns_of(char32_t code);

/// Of a whole text; a byte that is not UTF-8 is one column, and an escape sequence of a colour
/// none.
std::size_t columns(std::string_view text);

}  // namespace nettune
