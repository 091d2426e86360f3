// SPDX-License-Identifier: MIT
#include "engine/sysctl/kernel_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace nettune::sysctl {
namespace {

using Form = std::expected<std::string, std::string>;

// One number with strtoul's bases: 0x10 is 16, and 010 is 8.
std::expected<Integer, std::string> read_number(std::string_view word) {
  std::string_view digits = word;
  int base = 10;
  if (word.starts_with("0x") || word.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (word.starts_with('0') && word.size() > 1) {
    base = 8;
  }
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(digits.begin(), digits.end(), number, base);
  if (fault == std::errc() && end == digits.end()) return static_cast<Integer>(number);
  return std::unexpected(word.empty() ? "a number is missing in it"
                                      : fmt::format("\"{}\" is not a number", word));
}

Form form_of_numbers(std::string_view text, Integer maximum) {
  using Span = std::pair<Integer, Integer>;  // from, to
  std::vector<Span> spans;
  if (text.ends_with(',')) text.remove_suffix(1);  // the kernel looks no further
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto from = read_number(part.substr(0, dash));
    const auto to = dash == std::string_view::npos ? from : read_number(part.substr(dash + 1));
    if (!from || !to) return std::unexpected(from ? to.error() : from.error());
    if (*from > *to) return std::unexpected(fmt::format("{} runs backwards", part));
    if (*to > maximum) {
      return std::unexpected(fmt::format("{} is above {}", static_cast<std::uint64_t>(*to),
                                         static_cast<int>(maximum)));
    }
    spans.emplace_back(*from, *to);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::unexpected("a number is missing in it");
  }
  std::ranges::sort(spans);
  std::string form;
  for (std::size_t i = 0; i < spans.size();) {
    Span joined = spans[i];
    for (++i; i < spans.size() && spans[i].first <= joined.second + 1; ++i) {
      joined.second = std::max(joined.second, spans[i].second);
    }
    if (!form.empty()) form += ',';
    form += std::to_string(static_cast<std::uint64_t>(joined.first));
    if (joined.second != joined.first) {
      form += '-' + std::to_string(static_cast<std::uint64_t>(joined.second));
    }
  }
  return form;
}

bool is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

Form form_of_mask(std::string_view text) {
  constexpr std::size_t group_digits = 8;
  constexpr std::size_t most_digits = 65536 / 4;  // a digit is four CPUs
  constexpr std::string_view separators = ", \t\n\v\f\r";
  std::string digits;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
    if (text.empty()) break;
    const std::string_view group = text.substr(0, text.find_first_of(separators));
    if (!std::ranges::all_of(group, is_hexadecimal)) {
      return std::unexpected(
          fmt::format("\"{}\" is not a hexadecimal number, written without 0x", group));
    }
    if (group.size() > group_digits) {
      return std::unexpected(
          fmt::format("\"{}\" has more than 8 digits between its commas", group));
    }
    if (!digits.empty()) digits.append(group_digits - group.size(), '0');
    for (const char c : group) {
      digits += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    text.remove_prefix(group.size());
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return "0";
  if (digits.size() > most_digits) return std::unexpected("no kernel has that many CPUs");
  const std::size_t first = (digits.size() - 1) % group_digits + 1;
  std::string form = digits.substr(0, first);
  for (std::size_t at = first; at < digits.size(); at += group_digits) {
    form.append(1, ',').append(digits, at, group_digits);
  }
  return form;
}

}  // namespace

Form kernel_form(const Parameter& parameter, std::string_view text) {
  if (parameter.encoding == Encoding::number_list) return form_of_numbers(text, parameter.maximum);
  if (parameter.encoding == Encoding::cpu_mask) return form_of_mask(text);
  return std::string(text);
}

}  // namespace nettune::sysctl
