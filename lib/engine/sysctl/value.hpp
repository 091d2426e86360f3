// SPDX-License-Identifier: MIT
// Value: what a key holds, read as the kernel prints it and compared by meaning.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::sysctl {

/// The integers of a numeric key, or the text of any other. Two values are equal if the kernel
/// means the same by them: white space, and the order in a list of names, do not count.
class Value {
 public:
  /// Reads what the kernel printed. `parameter` may be null: a key outside the catalogue. On
  /// failure, why the text is not of the parameter's shape.
  static std::expected<Value, std::string> parse(const Parameter* parameter, std::string_view text);
  static Value of_numbers(std::vector<Integer> numbers);
  static Value of_text(std::string_view text);  ///< runs of white space become one blank

  bool is_numeric() const { return numeric_; }
  std::span<const Integer> numbers() const { return numbers_; }  ///< empty for a text
  const std::string& text() const { return text_; }              ///< empty for numbers

  /// As sysctl(8) takes it: fields joined by one blank, decimal.
  std::string to_string() const;

  bool same_words(const Value& other) const;  ///< equal as sets of words
  friend bool operator==(const Value&, const Value&) = default;

 private:
  bool numeric_ = false;
  std::vector<Integer> numbers_;
  std::string text_;
};

/// `text` with each run of white space as one blank, and none at its ends.
std::string one_line(std::string_view text);

/// A value's text for a sentence or a table: "(empty)" where it has no character.
std::string_view shown(std::string_view text);

/// Decimal digits of `number`.
std::string to_string(Integer number);

/// A decimal integer, as the kernel prints one: optional minus, digits, nothing else.
std::expected<Integer, std::string> parse_decimal(std::string_view text);

}  // namespace nettune::sysctl
