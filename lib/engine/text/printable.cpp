// SPDX-License-Identifier: MIT
#include "engine/text/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/text/columns.hpp"

namespace nettune {
namespace {

// A character by its code point, a byte that is none as \xNN.
void append_escaped(std::string& out, std::string_view bytes, const Character& character) {
  const unsigned number =
      character.length == 0 ? static_cast<unsigned char>(bytes.front()) : character.code;
  const std::string_view form = number < 0x80 || character.length == 0 ? "\\x{:02X}"
                                : number < 0x10000                     ? "\\u{:04X}"
                                                                       : "\\U{:08X}";
  fmt::format_to(std::back_inserter(out), fmt::runtime(form), number);
}

}  // namespace

Shown append_printable(std::string& out, std::string_view text, std::size_t offset, bool unicode,
                       Sight most) {
  const Character character = character_at(text, offset);
  const std::size_t length = std::max<std::size_t>(character.length, 1);
  const std::string_view bytes = text.substr(offset, length);
  if (character.length == 0 || sight_of(character.code) > most ||
      (!unicode && character.code >= 0x80)) {
    if (character.code == 0x2026) {  // an ellipsis of nettune's own messages
      out += "...";
      return {length, 3};
    }
    const std::size_t before = out.size();
    append_escaped(out, bytes, character);
    return {length, static_cast<int>(out.size() - before)};
  }
  out += bytes;
  return {length, columns_of(character.code)};
}

std::string printable(std::string_view text, bool unicode) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (is_plain) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) i += append_printable(out, text, i, unicode).length;
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string lines;
  lines.reserve(text.size());
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) lines += '\n';
    lines += printable(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace nettune
