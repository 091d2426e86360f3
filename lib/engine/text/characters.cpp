// SPDX-License-Identifier: MIT
#include "engine/text/characters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nettune {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
  Sight sight;
};

// Sorted; what lies between is seen. From Unicode's Default_Ignorable_Code_Point, White_Space and
// Bidi_Control (PropList.txt, DerivedCoreProperties.txt of Unicode 15); and the code points that
// are no characters, of which XML refuses some.
constexpr auto unseen = std::to_array<CodeRange>({
    {0x00, 0x1f, Sight::hidden},       {0x7f, 0x9f, Sight::hidden},
    {0xa0, 0xa0, Sight::blank},        {0xad, 0xad, Sight::joiner},
    {0x34f, 0x34f, Sight::joiner},     {0x61c, 0x61c, Sight::hidden},
    {0x115f, 0x1160, Sight::hidden},   {0x1680, 0x1680, Sight::blank},
    {0x17b4, 0x17b5, Sight::hidden},   {0x180b, 0x180f, Sight::joiner},
    {0x2000, 0x200a, Sight::blank},    {0x200b, 0x200b, Sight::hidden},
    {0x200c, 0x200d, Sight::joiner},   {0x200e, 0x200f, Sight::hidden},
    {0x2028, 0x202e, Sight::hidden},   {0x202f, 0x202f, Sight::blank},
    {0x205f, 0x205f, Sight::blank},    {0x2060, 0x206f, Sight::hidden},
    {0x2800, 0x2800, Sight::blank},    {0x3000, 0x3000, Sight::blank},
    {0x3164, 0x3164, Sight::hidden},   {0xfdd0, 0xfdef, Sight::hidden},
    {0xfe00, 0xfe0f, Sight::joiner},   {0xfeff, 0xfeff, Sight::hidden},
    {0xffa0, 0xffa0, Sight::hidden},   {0xfff0, 0xfffb, Sight::hidden},
    {0xfffe, 0xffff, Sight::hidden},   {0x1bca0, 0x1bca3, Sight::hidden},
    {0x1d173, 0x1d17a, Sight::hidden}, {0xe0000, 0xe00ff, Sight::hidden},
    {0xe0100, 0xe01ef, Sight::joiner}, {0xe01f0, 0xe0fff, Sight::hidden},
});

struct Name {
  char32_t code;
  std::string_view name;
};

constexpr auto names = std::to_array<Name>({
    {0x00, "NUL"},
    {0x07, "bell"},
    {0x08, "backspace"},
    {0x09, "tab"},
    {0x0a, "line feed"},
    {0x0d, "carriage return"},
    {0x1b, "escape"},
    {0x7f, "delete"},
    {0x85, "next line"},
    {0xa0, "no-break space"},
    {0xad, "soft hyphen"},
    {0x61c, "Arabic letter mark"},
    {0x200b, "zero width space"},
    {0x200c, "zero width non-joiner"},
    {0x200d, "zero width joiner"},
    {0x200e, "left-to-right mark"},
    {0x200f, "right-to-left mark"},
    {0x2028, "line separator"},
    {0x2029, "paragraph separator"},
    {0x202a, "left-to-right embedding"},
    {0x202b, "right-to-left embedding"},
    {0x202c, "pop directional formatting"},
    {0x202d, "left-to-right override"},
    {0x202e, "right-to-left override"},
    {0x202f, "narrow no-break space"},
    {0x2060, "word joiner"},
    {0x2066, "left-to-right isolate"},
    {0x2067, "right-to-left isolate"},
    {0x2068, "first strong isolate"},
    {0x2069, "pop directional isolate"},
    {0x3000, "ideographic space"},
    {0xfeff, "byte order mark"},
});

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7f && code <= 0x9f); }

}  // namespace

Character character_at(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) {
    return offset + i < text.size() ? static_cast<unsigned char>(text[offset + i]) : 0u;
  };
  if (offset >= text.size()) return {};
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {};
  char32_t code = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {};
    code = (code << 6u) | (byte(i) & 0x3fu);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_at(text, i).length;
    if (length == 0) return false;
    i += length;
  }
  return true;
}

Sight sight_of(char32_t code) {
  if (code >= 0x20 && code < 0x7f) return Sight::seen;
  const auto found = std::ranges::lower_bound(unseen, code, {}, &CodeRange::last);
  return found != unseen.end() && code >= found->first ? found->sight : Sight::seen;
}

std::string code_point(char32_t code) {
  std::string point = fmt::format("U+{:04X}", static_cast<unsigned>(code));
  const auto found = std::ranges::lower_bound(names, code, {}, &Name::code);
  if (found == names.end() || found->code != code) return point;
  return fmt::format("{} ({})", point, found->name);
}

std::string Stranger::what(std::string_view text) const {
  if (character.length == 0) {
    return fmt::format("byte 0x{:02X} is not valid UTF-8",
                       static_cast<unsigned char>(text[offset]));
  }
  if (sight_of(character.code) == Sight::blank) {
    return fmt::format("unusual blank {}", code_point(character.code));
  }
  return fmt::format("{} character {}", is_control(character.code) ? "control" : "invisible",
                     code_point(character.code));
}

std::string Stranger::help() const {
  if (character.length == 0) return "save the file as UTF-8";
  switch (sight_of(character.code)) {
    case Sight::blank:
      return "write an ordinary blank, or none";
    case Sight::joiner:
      return "delete it: only a summary, a why or a comment may hold it";
    case Sight::hidden:
    case Sight::seen:
      break;
  }
  if (character.code == '\n') return "write it on one line";
  return is_control(character.code) ? "delete it: only tabs and line ends may stand in a file"
                                    : "delete it: the line reads differently from what it says";
}

std::optional<Stranger> find_stranger(std::string_view text, TextKind kind, std::size_t from) {
  for (std::size_t i = from; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f) {
      ++i;
      continue;
    }
    const Character character = character_at(text, i);
    const Sight sight = sight_of(character.code);
    const bool is_prose = kind == TextKind::prose;
    const bool is_fine = sight == Sight::seen || byte == '\t' ||
                         (is_prose && (sight != Sight::hidden || byte == '\n'));
    if (character.length == 0 || !is_fine) return Stranger{i, character};
    i += character.length;
  }
  return std::nullopt;
}

}  // namespace nettune
