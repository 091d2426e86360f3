// SPDX-License-Identifier: MIT
// Characters of UTF-8, and which of them a person does not see: what a file may hold and an output
// shows is decided here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nettune {

/// One character of UTF-8; `length` is 0 where the bytes are none.
struct Character {
  char32_t code = 0;
  std::size_t length = 0;
};

Character character_at(std::string_view text, std::size_t offset);
bool is_utf8(std::string_view text);

enum class Sight : std::uint8_t {
  seen,
  blank,   ///< looks like a blank, and is none to nettune, YAML or the kernel
  joiner,  ///< not seen, and a part of how some languages and emoji are written
  /// A control character, or one that is not seen, ends a line for some programs only, or turns the
  /// reading order round: with it a line can look like another one than it is.
  hidden,
};

Sight sight_of(char32_t code);

/// Whether an output may hold it as it is.
inline bool is_shown(char32_t code) { return sight_of(code) <= Sight::blank; }

/// "U+200B (zero width space)".
std::string code_point(char32_t code);

/// A character that does not belong into a text, and its place.
struct Stranger {
  std::size_t offset = 0;
  Character character;

  /// "control character U+0007 (bell)", "invisible character U+200B (zero width space)", "unusual
  /// blank U+00A0 (no-break space)", "byte 0xFF is not valid UTF-8"; `text` is that in which it was
  /// found.
  std::string what(std::string_view text) const;
  std::string help() const;  ///< what to do about it
};

enum class TextKind : std::uint8_t {
  name,   ///< a key, a value, a name: what is seen, and tabs
  prose,  ///< line ends, other blanks and joiners as well
};

/// The first one of `text`, where there is one.
std::optional<Stranger> find_stranger(std::string_view text, TextKind kind, std::size_t from = 0);

}  // namespace nettune
