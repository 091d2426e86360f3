// SPDX-License-Identifier: MIT
// Text fit for a terminal: what a person does not see is written as an escape.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/text/characters.hpp"

namespace nettune {

/// `text` fit for a terminal, in one line: control characters and bytes that are no UTF-8 become
/// \xNN, other characters that are not seen (is_shown) \uNNNN or \UNNNNNNNN; where
/// the terminal does not show UTF-8 (`unicode`), all beyond ASCII.
std::string printable(std::string_view text, bool unicode = true);

/// The same, line by line: the line ends stay.
std::string printable_lines(std::string_view text);

struct Shown {
  std::size_t length;  ///< bytes of the text that it stands for
  int width;           ///< columns
};

/// Appends the one character at `offset`; one that is seen less than `most` is escaped.
Shown append_printable(std::string& out, std::string_view text, std::size_t offset, bool unicode,
                       Sight most = Sight::blank);

}  // namespace nettune
