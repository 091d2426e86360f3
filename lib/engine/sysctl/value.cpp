// SPDX-License-Identifier: MIT
#include "engine/sysctl/value.hpp"

#include <algorithm>

#include "engine/sysctl/kernel_form.hpp"

namespace nettune::sysctl {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Cuts the first word off `text`; empty where there is none.
std::string_view next_word(std::string_view& text) {
  const char* const begin = std::ranges::find_if_not(text, is_blank);
  const char* const end = std::find_if(begin, text.end(), is_blank);
  text = std::string_view(end, text.end());
  return {begin, end};
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
    words.push_back(word);
  }
  return words;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

std::string_view shown(std::string_view text) { return text.empty() ? "(empty)" : text; }

std::string to_string(Integer number) {
  if (number == 0) return "0";
  const bool negative = number < 0;
  std::string digits;
  for (; number != 0; number /= 10) {
    const int digit = static_cast<int>(number % 10);
    digits.push_back(static_cast<char>('0' + (negative ? -digit : digit)));
  }
  if (negative) digits.push_back('-');
  std::ranges::reverse(digits);
  return digits;
}

std::expected<Integer, std::string> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  const bool all_digits = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (digits.empty() || !all_digits) return std::unexpected("is not a whole number");
  if (digits.size() > 30) return std::unexpected("has too many digits");
  Integer number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return negative ? -number : number;
}

std::expected<Value, std::string> Value::parse(const Parameter* parameter, std::string_view text) {
  const Encoding encoding = parameter == nullptr ? Encoding::unknown : parameter->encoding;
  if (!sysctl::is_numeric(encoding) && encoding != Encoding::unknown) {
    const std::expected<std::string, std::string> form = kernel_form(*parameter, one_line(text));
    if (!form) return std::unexpected(form.error());
    return of_text(*form);
  }

  std::vector<Integer> numbers;
  if (parameter != nullptr) numbers.reserve(parameter->fields);
  std::string_view rest = text;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    const std::expected<Integer, std::string> number = parse_decimal(word);
    if (!number) {
      if (encoding == Encoding::unknown) return of_text(text);
      return std::unexpected("\"" + std::string(word) + "\" " + number.error());
    }
    numbers.push_back(*number);
  }
  if (encoding == Encoding::unknown) {
    if (numbers.empty()) return of_text(text);
    return of_numbers(std::move(numbers));
  }
  if (numbers.size() != parameter->fields) {
    return std::unexpected("has " + std::to_string(numbers.size()) +
                           " numbers where the key holds " + std::to_string(parameter->fields));
  }
  return of_numbers(std::move(numbers));
}

Value Value::of_numbers(std::vector<Integer> numbers) {
  Value value;
  value.numeric_ = true;
  value.numbers_ = std::move(numbers);
  return value;
}

Value Value::of_text(std::string_view text) {
  Value value;
  value.text_ = one_line(text);
  return value;
}

std::string Value::to_string() const {
  if (!numeric_) return text_;
  std::string result;
  for (const Integer number : numbers_) {
    if (!result.empty()) result += ' ';
    result += sysctl::to_string(number);
  }
  return result;
}

bool Value::same_words(const Value& other) const {
  std::vector<std::string_view> mine = split(text_);
  std::vector<std::string_view> others = split(other.text_);
  std::ranges::sort(mine);
  std::ranges::sort(others);
  return mine == others;
}

}  // namespace nettune::sysctl
