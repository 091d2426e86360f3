// SPDX-License-Identifier: MIT
// nettune_preset: the values of a preset, one place for each option. It is made in one piece by
// read_line(), and never changes but for the count of its owners and what it found out about
// inheritance.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "nettune/nettune.h"
#include "options.hpp"

/// Whether accepted sockets have what their listener has; looked at once, see nettune_accept().
enum class Inheritance : std::uint8_t { unknown, works, fails };

struct nettune_preset {
  bool rearms_quickack = false;  ///< first for ever: nettune.h looks at it
  mutable std::atomic<Inheritance> inheritance{Inheritance::unknown};
  std::atomic<std::uint32_t> owners{1};
  std::uint64_t held = 0;  ///< bit N: the option with the number N is in the preset
  std::array<nettune_value, nettune::socket::option_count + 1>
      values{};  ///< by the option's number
  std::array<std::int64_t, nettune::socket::hint_count> hints{-1, -1, -1};

  bool holds(nettune_option option) const { return (held >> option & 1U) != 0; }
};
static_assert(offsetof(nettune_preset, rearms_quickack) == 0);

namespace nettune::socket {

/// Where a text is built up within a fixed size, and how long it would have been.
class TextOut {
 public:
  TextOut(char* text, std::size_t size) : text_(text), size_(size) {
    if (size_ > 0) text_[0] = '\0';
  }
  TextOut& operator<<(std::string_view part);
  TextOut& operator<<(std::int64_t number);
  /// Lower-case hexadecimal, with 0x.
  TextOut& hexadecimal(std::int64_t number);
  std::size_t length() const { return length_; }
  /// How many characters more it holds.
  std::size_t room() const { return length_ + 1 < size_ ? size_ - 1 - length_ : 0; }

 private:
  char* text_;
  std::size_t size_;
  std::size_t length_ = 0;
};

/// Reads `line` into `preset`, which is fresh. false: `message` says at which character what is
/// wrong, and `preset` is of no use.
bool read_line(std::string_view line, nettune_preset& preset, TextOut& message);
/// The reverse. Values in the largest unit that has them whole.
void write_line(const nettune_preset& preset, TextOut& line);
/// One value as in a line: "16KiB", "30s", "every-read", "bbr".
void write_value(const OptionFacts& facts, const nettune_value& value, TextOut& out);

}  // namespace nettune::socket
