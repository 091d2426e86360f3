// SPDX-License-Identifier: MIT
// Texts taken apart: blanks, words, lines, letters of ASCII.
#pragma once

#include <string>
#include <string_view>

namespace nettune {

/// `text` without the `blanks` at both ends; where nothing is left, its empty end.
std::string_view trim(std::string_view text, std::string_view blanks = " \t");

/// Cuts the first word off `text`, and the blanks before it; "" where there is none.
std::string_view cut_word(std::string_view& text, std::string_view blanks = " \t");

/// Cuts the first line off `text`, which is given without its line end; "" at the end.
std::string_view cut_line(std::string_view& text);

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// In any locale, of the letters of ASCII alone.
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string to_lower(std::string_view text);

}  // namespace nettune
