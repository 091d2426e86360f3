// SPDX-License-Identifier: MIT
// What a person probably meant by a text that the profile language does not take: "5,000",
// "atleast 9000", "1 hour". Made from that text alone. Whoever shows a reading has it read strictly
// first, so that what a help line says to write is taken.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::profile {

struct Reading {
  std::string text;  ///< in the words of the language
  std::string note;  ///< in what it differs from the other reading: "16777216 bytes"; or ""
};

/// What the text stands for.
struct Meant {
  sysctl::Unit unit = sysctl::Unit::none;
  sysctl::Encoding encoding = sysctl::Encoding::int32;
  bool is_rate = false;  ///< a bit rate, whatever `unit` is
};
/// `nullptr`: a key outside the catalogue, which takes no unit.
Meant meant_by(const sysctl::Parameter* parameter);

/// One rule, or one amount: none, one, or two readings, the likelier first. They may be wrong.
std::vector<Reading> readings_of_rule(std::string_view text, const Meant& meant);
std::vector<Reading> readings_of_amount(std::string_view text, const Meant& meant);

/// The `count` fields of one value that were written as one text: "4k 128k 6M", "32768-60999".
std::vector<Reading> readings_of_fields(std::string_view text, std::size_t count,
                                        const Meant& meant);

/// `requires:`, with its sign of comparison: ">= 5.10", ">= 2 GiB".
std::vector<Reading> readings_of_kernel(std::string_view text);
std::vector<Reading> readings_of_memory_bound(std::string_view text);

/// The size of a memory: of a lone number also the unit is found.
std::vector<Reading> readings_of_memory(std::string_view text);

/// The version in "v6.1", "linux 6,1"; "" where there is none.
std::string version_in(std::string_view text);

/// "write 16 MiB (16777216 bytes) or 16 MB (16000000 bytes)"; "" for none. With `quote` each stands
/// in double quotes.
std::string help_of(const std::vector<Reading>& readings, bool quote = false);

/// What to write instead of a key whose braces are not expanded: "write a line for each: A, B".
/// nullopt where the key has none, or none that is closed.
std::optional<std::string> help_for_braces(std::string_view key);

}  // namespace nettune::profile
