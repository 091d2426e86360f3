// SPDX-License-Identifier: MIT
// What the kernel holds after a text is written to a key: its own reading of bases, short vectors,
// surplus fields and trailing text, and what it refuses. Nothing is written here.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/value.hpp"

namespace nettune::sysctl {

/// In what the kernel's reading differs from a person's.
enum class Surprise {
  octal,           ///< 010 is 8
  hexadecimal,     ///< 0x10 is 16
  short_vector,    ///< the fields that were not given keep their values
  surplus_fields,  ///< numbers beyond the last field are dropped
  trailing_text,   ///< anything else behind the last number is dropped
  rounded,         ///< the kernel counts in ticks of its timer
  wrapped,         ///< only the lower 32 bits count
  cut,             ///< the text is longer than the key holds, or goes on in a second line
  changed,         ///< the kernel stores something else, by a rule of this one key
  nothing,         ///< an empty write changes nothing
};

/// A surprise, and the bytes of the written text that it is about.
struct Remark {
  Surprise kind;
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;  ///< "octal: 010 is 8"; one clause, no full stop
};

struct Held {
  Value value;
  std::size_t written = 0;  ///< fields that the text itself gave; 0 for a text key
  std::vector<Remark> remarks;
};

/// EINVAL, or ENOENT for a name that cannot be one.
struct Refusal {
  int number;  ///< an errno value
  std::string reason;
  std::size_t offset = 0;  ///< the bytes of the text that the kernel stumbles on
  std::size_t length = 0;
  Value held;  ///< the key's value then: the fields before the bad one are stored all the same
};

/// What `parameter`'s key holds once `text` was written in one write(2) at offset 0, having held
/// `before`. `hz` is the kernel's timer rate; 0: not known, and nothing is rounded to it. Whether a
/// name exists (an algorithm, a queue discipline) is not known here: any single word is taken.
std::expected<Held, Refusal> held_after_write(const Parameter& parameter, const Value& before,
                                              std::string_view text, int hz, const Range& range);

/// The same with the range of the newest kernel that the catalogue knows.
std::expected<Held, Refusal> held_after_write(const Parameter& parameter, const Value& before,
                                              std::string_view text, int hz);

}  // namespace nettune::sysctl
