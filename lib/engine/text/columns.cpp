// SPDX-License-Identifier: MIT
#include "engine/text/columns.hpp"

#include <algorithm>
#include <array>

#include "engine/text/characters.hpp"

namespace nettune {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool is_in(const std::array<CodeRange, N>& ranges, char32_t code) {
  return std::ranges::any_of(
      ranges, [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

}  // namespace

int columns_of(char32_t code) {
  constexpr auto combining = std::to_array<CodeRange>({{0x300, 0x36f},
                                                       {0x483, 0x489},
                                                       {0x591, 0x5bd},
                                                       {0x64b, 0x65f},
                                                       {0x200b, 0x200d},
                                                       {0x20d0, 0x20f0},
                                                       {0xfe00, 0xfe0f},
                                                       {0xfe20, 0xfe2f}});
  constexpr auto wide = std::to_array<CodeRange>({{0x1100, 0x115f},
                                                  {0x2e80, 0x303e},
                                                  {0x3041, 0xa4cf},
                                                  {0xa960, 0xa97f},
                                                  {0xac00, 0xd7a3},
                                                  {0xf900, 0xfaff},
                                                  {0xfe30, 0xfe6f},
                                                  {0xff00, 0xff60},
                                                  {0xffe0, 0xffe6},
                                                  {0x1f300, 0x1f64f},
                                                  {0x1f680, 0x1f6ff},
                                                  {0x1f900, 0x1f9ff},
                                                  {0x20000, 0x3fffd}});
  if (code < 0x300) return 1;
  if (is_in(combining, code)) return 0;
  return is_in(wide, code) ? 2 : 1;
}

std::size_t columns(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\033') {
      const std::size_t end = text.find('m', at);
      if (end == std::string_view::npos) break;
      at = end + 1;
      continue;
    }
    const Character character = character_at(text, at);
    width += character.length == 0 ? 1 : static_cast<std::size_t>(columns_of(character.code));
    at += std::max<std::size_t>(character.length, 1);
  }
  return width;
}

}  // namespace nettune
