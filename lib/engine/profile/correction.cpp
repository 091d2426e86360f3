// SPDX-License-Identifier: MIT
#include "engine/profile/correction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "engine/diagnostic.hpp"
#include "engine/profile/quantity.hpp"
#include "engine/sysctl/value.hpp"
#include "engine/text/braces.hpp"
#include "engine/text/words.hpp"

namespace nettune::profile {
namespace {

using sysctl::Encoding;
using sysctl::Integer;
using sysctl::Unit;
using Text = std::optional<std::string>;

constexpr std::size_t longest_text = 200;  // what is longer was no slip
constexpr std::string_view blanks = " \t";

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_time(Unit unit) {
  return unit == Unit::seconds || unit == Unit::centiseconds || unit == Unit::milliseconds ||
         unit == Unit::microseconds || unit == Unit::nanoseconds;
}

// --- numbers ---

// digits / 10^scale
struct Decimal {
  Integer digits = 0;
  int scale = 0;
};

constexpr int most_digits = 24;

std::string to_text(Decimal number) {
  while (number.scale > 0 && number.digits % 10 == 0) {
    number.digits /= 10;
    --number.scale;
  }
  const bool negative = number.digits < 0;
  std::string text = sysctl::to_string(negative ? -number.digits : number.digits);
  const auto scale = static_cast<std::size_t>(number.scale);
  if (scale > 0) {
    if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
    text.insert(text.size() - scale, ".");
  }
  return (negative ? "-" : "") + text;
}

// number * factor, where it is whole.
std::optional<Integer> times(const Decimal& number, Integer factor) {
  Integer divisor = 1;
  for (int i = 0; i < number.scale; ++i) divisor *= 10;
  const Integer product = number.digits * factor;
  if (product % divisor != 0) return std::nullopt;
  return product / divisor;
}

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  const char small = to_lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : 99;
}

// --- one reading ---

// `variant` 0 is the likelier reading; where a text has another, is_ambiguous() says so.
class Reader {
 public:
  Reader(const Meant& meant, int variant) : meant_(meant), variant_(variant) {}

  bool is_ambiguous() const { return ambiguous_; }
  const std::string& note() const { return note_; }

  Text rule(std::string_view text) {
    text = trim(text);
    if (text.empty() || text.size() > longest_text) return std::nullopt;
    if (!is_text() && nearest(text, std::array<std::string_view, 1>{"keep"}) == "keep") {
      return "keep";
    }
    if (Text found = bound(text)) return found;
    if (Text found = between(text)) return found;
    if (Text found = one_of(text)) return found;
    return value(text);
  }

  Text value(std::string_view text) {
    if (is_text()) return word(text);
    return amount(text, sort());
  }

  Text fields(std::string_view text, std::size_t count) {
    std::vector<std::string_view> parts;
    for (const std::string_view separators : {",;", blanks.data(), " \t,;"}) {
      parts = split(text, separators);
      if (parts.size() == count) break;
    }
    if (parts.size() == 2 * count) {  // each number with its unit
      std::vector<std::string_view> joined;
      for (std::size_t i = 0; i < parts.size(); i += 2) {
        joined.emplace_back(
            parts[i].data(),
            static_cast<std::size_t>(parts[i + 1].data() - parts[i].data()) + parts[i + 1].size());
      }
      parts = std::move(joined);
    }
    if (parts.size() != count && count == 2) parts = split_range(text);
    if (parts.size() != count) return std::nullopt;
    std::string list;
    for (const std::string_view part : parts) {
      const Text one = amount(part, sort());
      if (!one) return std::nullopt;
      list += (list.empty() ? "[" : ", ") + *one;
    }
    return list + "]";
  }

  // What follows `spelling` at the start of `text`; a blank in it stands for any blanks, "-" and
  // "_", or for none.
  static std::optional<std::string_view> after(std::string_view text, std::string_view spelling) {
    std::size_t at = 0;
    for (const char c : spelling) {
      if (c == ' ') {
        while (at < text.size() &&
               (blanks.contains(text[at]) || text[at] == '-' || text[at] == '_')) {
          ++at;
        }
      } else if (at < text.size() && to_lower(text[at]) == c) {
        ++at;
      } else {
        return std::nullopt;
      }
    }
    std::string_view rest = text.substr(at);
    if (is_letter(spelling.back()) && !rest.empty() &&
        (is_letter(rest.front()) || rest.front() == '(')) {
      return std::nullopt;
    }
    rest = trim(rest);
    if (is_letter(spelling.back()) && (rest.starts_with(':') || rest.starts_with('='))) {
      rest = trim(rest.substr(1));
    }
    return rest;
  }

  static std::optional<std::string_view> before(std::string_view text, std::string_view spelling) {
    if (text.size() <= spelling.size() ||
        to_lower(text.substr(text.size() - spelling.size())) != spelling) {
      return std::nullopt;
    }
    return trim(text.substr(0, text.size() - spelling.size()));
  }

 private:
  enum class Sort { plain, memory, time, rate, unknown };

  bool is_text() const { return !sysctl::is_numeric(meant_.encoding) && !is_unknown(); }
  bool is_unknown() const { return meant_.encoding == Encoding::unknown; }
  Sort sort() const {
    if (meant_.is_rate) return Sort::rate;
    if (is_unknown()) return Sort::unknown;
    if (meant_.unit == Unit::bytes || meant_.unit == Unit::pages) return Sort::memory;
    return is_time(meant_.unit) ? Sort::time : Sort::plain;
  }

  // --- rules ---

  Text bound(std::string_view text) {
    struct Spelling {
      std::string_view text;
      std::string_view rule;
    };
    constexpr auto leading = std::to_array<Spelling>({
        {">=", "at least"},
        {"=>", "at least"},
        {"\u2265", "at least"},
        {">", "at least"},
        {"at least", "at least"},
        {"minimum of", "at least"},
        {"minimum", "at least"},
        {"min", "at least"},
        {"no less than", "at least"},
        {"not less than", "at least"},
        {"not below", "at least"},
        {"<=", "at most"},
        {"=<", "at most"},
        {"\u2264", "at most"},
        {"<", "at most"},
        {"at most", "at most"},
        {"maximum of", "at most"},
        {"maximum", "at most"},
        {"max", "at most"},
        {"no more than", "at most"},
        {"not more than", "at most"},
        {"not above", "at most"},
        {"up to", "at most"},
    });
    constexpr auto trailing = std::to_array<Spelling>({
        {" or more", "at least"},
        {" or higher", "at least"},
        {" at least", "at least"},
        {" minimum", "at least"},
        {"+", "at least"},
        {" or less", "at most"},
        {" or fewer", "at most"},
        {" or lower", "at most"},
        {" at most", "at most"},
        {" maximum", "at most"},
    });
    for (const Spelling& spelling : leading) {
      if (const auto rest = after(text, spelling.text)) return with(spelling.rule, *rest);
    }
    for (const Spelling& spelling : trailing) {
      if (const auto rest = before(text, spelling.text)) return with(spelling.rule, *rest);
    }
    // "at leest 9000", "atlest on"
    constexpr auto bounds =
        std::to_array<std::string_view>({"at least", "at most", "atleast", "atmost"});
    const std::size_t one = std::min(text.find(' '), text.size());
    const std::size_t two = std::min(text.find(' ', one + 1), text.size());
    for (const std::size_t end : {text.find_first_of("0123456789"), two, one}) {
      if (end >= text.size()) continue;
      const std::string_view words = trim(text.substr(0, end));
      const std::string_view near = words.size() < 5 ? "" : nearest(words, bounds);
      if (near.empty()) continue;
      return with(near.ends_with("least") ? "at least" : "at most", text.substr(end));
    }
    return std::nullopt;
  }

  // A text is never more or less than another: there the value alone is left.
  Text with(std::string_view rule, std::string_view operand) {
    const Text amount = value(operand);
    if (!amount) return std::nullopt;
    return is_text() ? *amount : fmt::format("{} {}", rule, *amount);
  }

  Text between(std::string_view text) {
    if (is_text()) return std::nullopt;
    const auto rest = after(text, "between");
    const auto from = rest ? std::nullopt : after(text, "from");
    const std::string_view bounds = rest ? *rest : from ? *from : text;
    // "1 hour and 30 minutes" is one amount.
    const bool is_sum = !rest && !from && bounds.contains(" and ");
    const std::vector<std::string_view> parts =
        is_sum ? std::vector<std::string_view>() : split_range(bounds);
    if (parts.size() == 2) {
      const Text low = value(parts[0]);
      const Text high = value(parts[1]);
      if (!low || !high) return std::nullopt;
      return fmt::format("between {} and {}", *low, *high);
    }
    if (!rest) return std::nullopt;
    ambiguous_ = true;
    return with(variant_ == 0 ? "at least" : "at most", *rest);
  }

  // "A and B", "A to B", "A..B", "A-B": two parts, or none.
  static std::vector<std::string_view> split_range(std::string_view text) {
    constexpr auto signs = std::to_array<std::string_view>(
        {" and ", " to ", "..", "\u2026", "\u2013", " & ", " - ", "-"});
    for (const std::string_view sign : signs) {
      const std::size_t at = text.find(sign, 1);
      if (at == std::string_view::npos) continue;
      const std::string_view low = trim(text.substr(0, at));
      std::string_view high = trim(text.substr(at + sign.size()));
      if (sign == ".." && high.starts_with('.')) high = trim(high.substr(1));
      const bool good =
          !low.empty() && !high.empty() && (is_digit(low.front()) || is_letter(low.front()));
      if (good && high.front() != '-') return {low, high};
      return {};
    }
    return {};
  }

  Text one_of(std::string_view text) {
    std::optional<std::string_view> rest;
    for (const std::string_view spelling : {"one of", "any of", "either"}) {
      if (!rest) rest = after(text, spelling);
    }
    std::vector<std::string_view> items;
    if (rest) {
      std::string_view list = *rest;
      while (!list.empty() && std::string_view("[({").contains(list.front())) list.remove_prefix(1);
      while (!list.empty() && std::string_view("])}").contains(list.back())) list.remove_suffix(1);
      items = split_alternatives(list);
      if (items.size() == 1 && is_text()) items = split(list, blanks);
    } else if (meant_.encoding != Encoding::words && meant_.encoding != Encoding::number_list &&
               meant_.encoding != Encoding::cpu_mask && meant_.encoding != Encoding::text) {
      items = split_alternatives(text);
      if (items.size() < 2) return std::nullopt;
      // "5,000" is one number.
      if (!is_text() && is_one_number(text)) return std::nullopt;
    }
    if (items.empty()) return std::nullopt;
    std::string list;
    for (const std::string_view item : items) {
      const Text one = value(item);
      if (!one) return std::nullopt;
      list += (list.empty() ? "" : ", ") + *one;
    }
    return fmt::format("one of [{}]", list);
  }

  static bool is_one_number(std::string_view text) {
    const std::size_t comma = text.find(',');
    return comma != std::string_view::npos && comma + 1 < text.size() && is_digit(text[comma + 1]);
  }

  static std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
      if (const std::string_view part = trim(text.substr(begin, end - begin)); !part.empty()) {
        parts.push_back(part);
      }
      begin = end + 1;
    }
    return parts;
  }

  static std::vector<std::string_view> split_alternatives(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::string_view part : split(text, ",|")) {
      for (std::size_t at = part.find(" or "); at != std::string_view::npos;
           at = part.find(" or ")) {
        if (at > 0) parts.push_back(trim(part.substr(0, at)));
        part = trim(part.substr(at + 4));
      }
      if (const auto rest = after(part, "or"); rest && !rest->empty() && part.size() > 3)
        part = *rest;
      if (!part.empty()) parts.push_back(part);
    }
    return parts;
  }

  // --- values ---

  Text word(std::string_view text) {
    text = trim(text);
    if (text.empty()) return std::nullopt;
    if (meant_.encoding == Encoding::number_list) return number_list(text);
    if (meant_.encoding == Encoding::cpu_mask) return cpu_mask(text);
    return std::string(text);
  }

  static Text number_list(std::string_view text) {
    std::string list;
    for (const std::string_view part : split(text, ",; \t")) {
      std::string range;
      std::vector<std::string_view> ends = split_range(part);
      if (ends.empty()) ends = {part};
      for (std::string_view end : ends) {
        if (!std::ranges::all_of(end, is_digit)) return std::nullopt;
        end.remove_prefix(std::min(end.find_first_not_of('0'), end.size() - 1));
        range += (range.empty() ? "" : "-") + std::string(end);
      }
      list += (list.empty() ? "" : ",") + range;
    }
    return list.empty() ? Text() : list;
  }

  static Text cpu_mask(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) return std::string(text.substr(2));
    const std::vector<std::string_view> ends = split_range(text);  // "0-3"
    if (ends.size() != 2 || ends[0].size() > 2 || ends[1].size() > 2 ||
        !std::ranges::all_of(ends[0], is_digit) || !std::ranges::all_of(ends[1], is_digit)) {
      return std::nullopt;
    }
    const auto number = [](std::string_view digits) {
      unsigned value = 0;
      for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
      return value;
    };
    constexpr unsigned most_cpus = 32;
    const unsigned first = number(ends[0]);
    const unsigned last = number(ends[1]);
    if (first > last || last >= most_cpus) return std::nullopt;
    std::uint64_t mask = 0;
    for (unsigned cpu = first; cpu <= last; ++cpu) mask |= std::uint64_t{1} << cpu;
    return fmt::format("{:x}", mask);
  }

  Text amount(std::string_view text, Sort sort) {
    text = trim(text);
    while (!text.empty() && std::string_view(",;").contains(text.back())) text.remove_suffix(1);
    if (text.starts_with('=')) text = trim(text.substr(1));
    if (text.empty()) return std::nullopt;
    if (Text found = flag(text)) return found;
    const auto strict = parse_expression(text, Origin{});
    if (strict && strict->kind != Expression::Kind::word && dimension_of(*strict)) {
      return std::string(text);
    }
    if (text.back() == ')') return call(text);
    std::string_view rest = text;
    const std::optional<Decimal> number = take_number(rest);
    if (!number) return std::nullopt;
    return with_unit(*number, trim(rest), sort);
  }

  // Words for off and on, where a number says it.
  Text flag(std::string_view text) const {
    if (meant_.unit != Unit::flag && meant_.unit != Unit::mode) return std::nullopt;
    const std::string word = to_lower(text);
    const bool on = is_one_of(word, {"yes", "on", "true", "y", "t", "enabled", "enable", "active"});
    const bool off = is_one_of(
        word, {"no", "off", "false", "n", "f", "disabled", "disable", "none", "inactive"});
    if (!on && !off) return std::nullopt;
    if (meant_.unit == Unit::flag) return on ? "true" : "false";
    return on ? "1" : "0";
  }

  Text call(std::string_view text) {
    const std::size_t open = text.find('(');
    if (open == std::string_view::npos) return std::nullopt;
    const std::string name = to_lower(trim(text.substr(0, open)));
    std::string_view function;
    if (name == "bdp") function = "bdp";
    if (is_one_of(name, {"min", "minimum"})) function = "min";
    if (is_one_of(name, {"max", "maximum"})) function = "max";
    if (function.empty()) return std::nullopt;
    std::vector<std::string_view> parts =
        split_arguments(text.substr(open + 1, text.size() - open - 2));
    if (function == "bdp" && parts.size() == 2) {
      const auto first = parse_expression(parts[0], Origin{});
      if (first && first->quantity.dimension == Dimension::duration) std::swap(parts[0], parts[1]);
    }
    std::string arguments;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Sort wanted = function != "bdp" ? sort() : i == 0 ? Sort::rate : Sort::time;
      const Text argument = amount(parts[i], wanted);
      if (!argument) return std::nullopt;
      arguments += (i == 0 ? "" : ", ") + *argument;
    }
    return fmt::format("{}({})", function, arguments);
  }

  static std::vector<std::string_view> split_arguments(std::string_view inside) {
    std::vector<std::string_view> parts;
    int depth = 0;
    for (std::size_t begin = 0, i = 0; i <= inside.size(); ++i) {
      if (i < inside.size() && inside[i] == '(') ++depth;
      if (i < inside.size() && inside[i] == ')') --depth;
      if (i < inside.size() && (inside[i] != ',' || depth > 0)) continue;
      parts.push_back(trim(inside.substr(begin, i - begin)));
      begin = i + 1;
    }
    return parts;
  }

  // --- numbers ---

  static std::size_t digits_at(std::string_view text) {
    return std::min(text.find_first_not_of("0123456789"), text.size());
  }

  // Whether three digits, and no fourth, stand at the start.
  static bool is_group(std::string_view text) { return digits_at(text) == 3; }

  // Cuts a number off the front of `text`.
  std::optional<Decimal> take_number(std::string_view& text) {
    bool negative = false;
    if (text.starts_with('+') || text.starts_with('-')) {
      negative = text.front() == '-';
      text.remove_prefix(1);
    }
    std::optional<Decimal> number =
        text.size() > 2 && text[0] == '0' && is_letter(text[1]) ? based(text) : decimal(text);
    if (number && negative) number->digits = -number->digits;
    return number;
  }

  static std::optional<Decimal> based(std::string_view& text) {
    const char sign = to_lower(text[1]);
    const int base = sign == 'x' ? 16 : sign == 'o' ? 8 : sign == 'b' ? 2 : 0;
    std::size_t end = 2;
    Decimal number;
    for (; end < text.size() && digit_value(text[end]) < base; ++end) {
      if (end > 2 + 16) return std::nullopt;
      number.digits = number.digits * base + digit_value(text[end]);
    }
    if (base == 0 || end == 2) return std::nullopt;
    text.remove_prefix(end);
    return number;
  }

  std::optional<Decimal> decimal(std::string_view& text) {
    std::string whole(text.substr(0, digits_at(text)));
    std::string fraction;
    std::string_view rest = text.substr(whole.size());
    char grouped = '\0';  // the sign between groups
    std::size_t groups = 0;
    while (!whole.empty() && !rest.empty()) {
      const char sign = rest.front();
      if (!std::string_view(" ,_'.").contains(sign) || (grouped != '\0' && sign != grouped)) break;
      const bool any = sign == '_' && digits_at(rest.substr(1)) > 0;
      if (!any && (whole.size() > 3 * (groups + 1) || !is_group(rest.substr(1)))) break;
      const std::size_t length = digits_at(rest.substr(1));
      whole += rest.substr(1, length);
      rest.remove_prefix(1 + length);
      grouped = sign;
      ++groups;
    }
    // One point, or one comma before a unit: it may be that of a fraction as well.
    if (groups == 1 &&
        (grouped == '.' || (grouped == ',' && sort() != Sort::plain && !trim(rest).empty()))) {
      ambiguous_ = true;
      if (variant_ == 1) {
        fraction = whole.substr(whole.size() - 3);
        whole.resize(whole.size() - 3);
      }
    } else if (!rest.empty() && (rest.front() == '.' || rest.front() == ',') &&
               rest.front() != grouped) {
      const std::size_t length = digits_at(rest.substr(1));
      fraction = rest.substr(1, length);
      if (length > 0 || rest.front() == '.') rest.remove_prefix(1 + length);
    }
    if (whole.empty() && fraction.empty()) return std::nullopt;
    int exponent = 0;
    if (rest.size() > 1 && (rest[0] == 'e' || rest[0] == 'E')) {
      const std::size_t sign = rest[1] == '+' || rest[1] == '-' ? 1 : 0;
      const std::size_t length = digits_at(rest.substr(1 + sign));
      if (length > 0 && length <= 2) {
        for (const char c : rest.substr(1 + sign, length)) exponent = exponent * 10 + (c - '0');
        if (rest[1] == '-') exponent = -exponent;
        rest.remove_prefix(1 + sign + length);
      }
    }
    if (whole.size() + fraction.size() > static_cast<std::size_t>(most_digits)) return std::nullopt;
    Decimal number;
    const bool is_octal = whole.size() > 1 && whole.front() == '0' && fraction.empty() &&
                          groups == 0 && exponent == 0 &&
                          whole.find_first_of("89") == std::string::npos &&
                          whole.find_first_not_of('0') != std::string::npos;
    if (is_octal) {
      ambiguous_ = true;
      if (variant_ == 1) note_ = "octal, as the kernel reads it";
    }
    const int base = is_octal && variant_ == 1 ? 8 : 10;
    for (const char c : whole) number.digits = number.digits * base + (c - '0');
    for (const char c : fraction) number.digits = number.digits * 10 + (c - '0');
    number.scale = static_cast<int>(fraction.size()) - exponent;
    for (; number.scale < 0; ++number.scale) {
      if (number.digits > (static_cast<Integer>(1) << 100)) return std::nullopt;
      number.digits *= 10;
    }
    if (number.scale > most_digits) return std::nullopt;
    text = rest;
    return number;
  }

  // --- units ---

  Text with_unit(const Decimal& number, std::string_view unit, Sort sort) {
    if (unit.empty()) return to_text(number);
    if (unit.front() == '%' || to_lower(unit).starts_with("percent")) return percent(number, unit);
    if (Text found = known_unit(number, unit, sort)) return found;
    // A slip of the finger: "16 MIiB", "20 Mbti/s".
    constexpr auto names = std::to_array<std::string_view>(
        {"KiB", "MiB", "GiB", "kB", "MB", "GB", "bytes", "pages", "kbit/s", "Mbit/s", "Gbit/s",
         "us", "ms", "seconds", "min", "minutes", "hours", "days"});
    const std::string_view near = nearest(unit, names);
    return near.empty() ? std::nullopt : known_unit(number, near, sort);
  }

  Text known_unit(const Decimal& number, std::string_view unit, Sort sort) {
    const std::string name = to_lower(unit);
    switch (sort) {
      case Sort::memory:
        return memory(number, name);
      case Sort::time:
        return time(number, unit);
      case Sort::rate:
        return rate(number, unit);
      case Sort::plain:
        return plain(number, name);
      case Sort::unknown:
        return multiple(number, name, true);
    }
    return std::nullopt;
  }

  Text percent(const Decimal& number, std::string_view unit) const {
    const std::string rest = to_lower(trim(unit.substr(unit.front() == '%' ? 1 : 7)));
    if (meant_.unit == Unit::percent && rest.empty()) return to_text(number);
    const bool known = is_one_of(rest, {"", "ram", "rem", "memory", "mem", "of ram", "of memory",
                                        "of the memory", "of mem", "of the ram"});
    if (sort() != Sort::memory || !known) return std::nullopt;
    return to_text(number) + "% ram";
  }

  // The power of a thousand that a prefix stands for, and whether it is said to be binary or not.
  struct Prefix {
    int power;
    enum { either, of_two, of_ten } kind;
  };
  static std::optional<Prefix> prefix_of(const std::string& name) {
    struct Named {
      char letter;
      std::string_view decimal;
      std::string_view binary;
    };
    constexpr auto prefixes = std::to_array<Named>({{'k', "kilo", "kibi"},
                                                    {'m', "mega", "mebi"},
                                                    {'g', "giga", "gibi"},
                                                    {'t', "tera", "tebi"}});
    std::string stem = name;
    for (const std::string_view ending : {"bytes", "byte", "b"}) {
      if (stem.size() > ending.size() && stem.ends_with(ending)) {
        stem.resize(stem.size() - ending.size());
        break;
      }
    }
    for (int power = 1; power <= static_cast<int>(prefixes.size()); ++power) {
      const Named& prefix = prefixes[static_cast<std::size_t>(power) - 1];
      const std::string letter(1, prefix.letter);
      if (stem == prefix.decimal) return Prefix{power, Prefix::of_ten};
      if (stem == prefix.binary || stem == letter + "i") return Prefix{power, Prefix::of_two};
      if (stem == letter || stem == letter + "eg" || stem == letter + "ig") {
        return Prefix{power, Prefix::either};
      }
    }
    return std::nullopt;
  }

  static Integer to_power(Integer base, int power) {
    Integer result = 1;
    for (int i = 0; i < power; ++i) result *= base;
    return result;
  }

  Text memory(const Decimal& number, const std::string& name) {
    if (is_one_of(name, {"b", "byte", "bytes", "octets"})) return to_text(number) + " B";
    if (is_one_of(name, {"page", "pages", "pgs", "p"})) {
      if (variant_ == 1 && number.scale > 0) return std::nullopt;  // "16,384 pages"
      return to_text(number) + " pages";
    }
    const std::optional<Prefix> prefix = prefix_of(name);
    if (!prefix) return std::nullopt;
    bool is_binary = prefix->kind == Prefix::of_two;
    if (prefix->kind == Prefix::either) {
      ambiguous_ = true;
      is_binary = variant_ == 0;
    }
    constexpr auto binary_names = std::to_array<std::string_view>({"KiB", "MiB", "GiB"});
    constexpr auto decimal_names = std::to_array<std::string_view>({"kB", "MB", "GB"});
    constexpr int largest = 3;
    const Integer step = is_binary ? 1024 : 1000;
    Decimal shown = number;
    if (prefix->power > largest) shown.digits *= step;
    const auto place = static_cast<std::size_t>(std::min(prefix->power, largest)) - 1;
    if (prefix->kind == Prefix::either) {
      const std::optional<Integer> bytes = times(number, to_power(step, prefix->power));
      if (bytes && note_.empty()) note_ = sysctl::to_string(*bytes) + " bytes";
    }
    return fmt::format("{} {}", to_text(shown),
                       is_binary ? binary_names[place] : decimal_names[place]);
  }

  // "10k" of things: a thousand each; of what may be bytes also 1024.
  Text multiple(const Decimal& number, const std::string& name, bool may_be_bytes) {
    std::optional<Prefix> prefix = prefix_of(name);
    if (is_one_of(name, {"thousand"})) prefix = Prefix{1, Prefix::of_ten};
    if (is_one_of(name, {"million", "mio"})) prefix = Prefix{2, Prefix::of_ten};
    if (!prefix || (!may_be_bytes && name.ends_with('b'))) return std::nullopt;
    bool is_binary = prefix->kind == Prefix::of_two;
    if (prefix->kind == Prefix::either && may_be_bytes) {
      ambiguous_ = true;
      is_binary = variant_ == 0;
    }
    const std::optional<Integer> product =
        times(number, to_power(is_binary ? 1024 : 1000, prefix->power));
    return product ? Text(sysctl::to_string(*product)) : std::nullopt;
  }

  Text plain(const Decimal& number, const std::string& name) {
    const std::string_view own = sysctl::unit_name(meant_.unit);  // "packets"
    if (!own.empty() && (name == own || name + "s" == own || name == std::string(own) + "s")) {
      return to_text(number);
    }
    return multiple(number, name, false);
  }

  // The nanoseconds of a unit of time; 0 for no unit.
  static Integer nanoseconds_of(std::string_view unit) {
    constexpr Integer second = 1'000'000'000;
    if (is_one_of(unit, {"M"})) return 60 * second;
    const std::string name = to_lower(unit);
    if (is_one_of(name, {"ns", "nsec", "nsecs", "nanosecond", "nanoseconds"})) return 1;
    if (is_one_of(name, {"us", "usec", "usecs", "\u00b5s", "\u03bcs", "micros", "microsecond",
                         "microseconds"})) {
      return 1'000;
    }
    if (is_one_of(name, {"ms", "msec", "msecs", "millis", "millisecond", "milliseconds"})) {
      return 1'000'000;
    }
    if (is_one_of(name, {"s", "sec", "secs", "second", "seconds"})) return second;
    if (is_one_of(name, {"m", "min", "mins", "minute", "minutes"})) return 60 * second;
    if (is_one_of(name, {"h", "hr", "hrs", "hour", "hours"})) return 3600 * second;
    if (is_one_of(name, {"d", "day", "days"})) return 86400 * second;
    if (is_one_of(name, {"w", "week", "weeks"})) return 604800 * second;
    return 0;
  }

  // Also a sum, "1h30m".
  Text time(Decimal number, std::string_view rest) {
    Integer total = 0;
    for (;;) {
      std::size_t end = 0;
      while (end < rest.size() && !is_digit(rest[end]) && !blanks.contains(rest[end])) ++end;
      const Integer unit = nanoseconds_of(rest.substr(0, end));
      if (unit == 0 || number.digits > (static_cast<Integer>(1) << 70)) return std::nullopt;
      const std::optional<Integer> part = times(number, unit);
      if (!part) return std::nullopt;
      total += *part;
      rest = trim(rest.substr(end));
      if (const auto further = after(rest, "and"); further && !rest.empty()) rest = *further;
      if (rest.empty()) break;
      const std::optional<Decimal> next = take_number(rest);
      if (!next) return std::nullopt;
      number = *next;
      rest = trim(rest);
    }
    struct Step {
      Integer nanoseconds;
      std::string_view name;
    };
    constexpr auto steps = std::to_array<Step>(
        {{60'000'000'000, "min"}, {1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}});
    // 90 s stay what they are, and two hours become 120 min.
    for (const Step& step : steps) {
      const bool is_own = step.nanoseconds > 1'000'000'000 && total < 5 * step.nanoseconds &&
                          total % step.nanoseconds != 0;
      if (total % step.nanoseconds == 0 && !is_own) {
        return fmt::format("{} {}", sysctl::to_string(total / step.nanoseconds), step.name);
      }
    }
    if (meant_.unit == Unit::nanoseconds) return sysctl::to_string(total);
    return std::nullopt;
  }

  static Text rate(const Decimal& number, std::string_view unit) {
    std::string name(unit);
    for (const std::string_view ending : {"/sec", "/second", "/s", "ps"}) {
      if (to_lower(name).ends_with(ending)) {
        name.resize(name.size() - ending.size());
        break;
      }
    }
    // "B" and "bytes" are eight bits each; "b" is one.
    const bool is_bytes = name.ends_with('B') || to_lower(name).ends_with("byte") ||
                          to_lower(name).ends_with("bytes");
    const std::string small = to_lower(name);
    for (const std::string_view ending : {"bits", "bit", "bytes", "byte", "b"}) {
      if (small.ends_with(ending)) {
        name.resize(name.size() - ending.size());
        break;
      }
    }
    const std::string prefix = to_lower(trim(name));
    std::string_view shown;
    if (is_one_of(prefix, {"k", "kilo"}))
      shown = "k";
    else if (is_one_of(prefix, {"m", "mega"}))
      shown = "M";
    else if (is_one_of(prefix, {"g", "giga"}))
      shown = "G";
    else if (!prefix.empty())
      return std::nullopt;
    Decimal bits = number;
    if (is_bytes) bits.digits *= 8;
    return fmt::format("{} {}bit/s", to_text(bits), shown);
  }

  Meant meant_;
  int variant_;
  bool ambiguous_ = false;
  std::string note_;
};

template <class Read>
std::vector<Reading> readings(std::string_view text, const Meant& meant, const Read& read) {
  std::vector<Reading> found;
  if (text.size() > longest_text) return found;
  for (int variant = 0; variant < 2; ++variant) {
    Reader reader(meant, variant);
    Text one = read(reader);
    const bool is_new = one && std::ranges::find(found, *one, &Reading::text) == found.end();
    if (is_new) found.push_back({std::move(*one), reader.note()});
    if (!reader.is_ambiguous()) break;
  }
  return found;
}

// --- comparisons of "requires:" ---

struct Comparison {
  std::string_view sign = ">=";
  std::string_view rest;
};

Comparison comparison_in(std::string_view text) {
  struct Spelling {
    std::string_view text;
    std::string_view sign;
  };
  constexpr auto leading = std::to_array<Spelling>({
      {">=", ">="},       {"=>", ">="},   {"\u2265", ">="}, {"at least", ">="},
      {"minimum", ">="},  {"min", ">="},  {"from", ">="},   {"since", ">="},
      {"<=", "<="},       {"=<", "<="},   {"\u2264", "<="}, {"at most", "<="},
      {"maximum", "<="},  {"max", "<="},  {"up to", "<="},  {"newer than", ">"},
      {"more than", ">"}, {"above", ">"}, {">", ">"},       {"older than", "<"},
      {"less than", "<"}, {"below", "<"}, {"before", "<"},  {"<", "<"},
      {"==", "="},        {"=", "="},     {"exactly", "="},
  });
  text = trim(text);
  for (const Spelling& spelling : leading) {
    if (const auto rest = Reader::after(text, spelling.text)) return {spelling.sign, *rest};
  }
  constexpr auto trailing = std::to_array<Spelling>({{" or less", "<="}, {" or older", "<="}});
  for (const Spelling& spelling : trailing) {
    if (const auto rest = Reader::before(text, spelling.text)) return {spelling.sign, *rest};
  }
  for (const std::string_view more : {"+", " or more", " or newer", " or later", " or higher"}) {
    if (const auto rest = Reader::before(text, more)) return {">=", *rest};
  }
  return {">=", text};
}

}  // namespace

Meant meant_by(const sysctl::Parameter* parameter) {
  if (parameter == nullptr) return {Unit::none, Encoding::unknown, false};
  return {parameter->unit, parameter->encoding, false};
}

std::vector<Reading> readings_of_rule(std::string_view text, const Meant& meant) {
  return readings(text, meant, [&](Reader& reader) { return reader.rule(text); });
}

std::vector<Reading> readings_of_amount(std::string_view text, const Meant& meant) {
  return readings(text, meant, [&](Reader& reader) { return reader.value(text); });
}

std::vector<Reading> readings_of_fields(std::string_view text, std::size_t count,
                                        const Meant& meant) {
  return readings(text, meant, [&](Reader& reader) { return reader.fields(text, count); });
}

std::string version_in(std::string_view text) {
  std::string version;
  for (const char c : text.substr(std::min(text.find_first_of("0123456789"), text.size()))) {
    if (!is_digit(c) && c != '.' && c != ',') break;
    version += c == ',' ? '.' : c;
  }
  while (version.ends_with('.')) version.pop_back();
  if (!version.empty() && version.find('.') == std::string::npos) version += ".0";
  return version;
}

std::vector<Reading> readings_of_kernel(std::string_view text) {
  const Comparison comparison = comparison_in(text);
  const std::string version = version_in(comparison.rest);
  if (version.empty()) return {};
  return {{fmt::format("{} {}", comparison.sign, version), ""}};
}

std::vector<Reading> readings_of_memory_bound(std::string_view text) {
  const Comparison comparison = comparison_in(text);
  std::vector<Reading> readings = readings_of_memory(comparison.rest);
  for (Reading& reading : readings) {
    reading.text = fmt::format("{} {}", comparison.sign, reading.text);
  }
  return readings;
}

std::vector<Reading> readings_of_memory(std::string_view text) {
  std::vector<Reading> readings = readings_of_amount(text, {.unit = Unit::bytes});
  if (readings.size() != 1 || !std::ranges::all_of(readings.front().text, is_digit)) {
    return readings;
  }
  // Nobody has 512 GiB in mind more often than 512 MiB, or 24 MiB more often than 24 GiB.
  const std::string number = readings.front().text;
  constexpr std::size_t gigabytes = 3;  // digits
  constexpr std::size_t megabytes = 6;
  constexpr std::size_t kilobytes = 9;
  const std::string_view unit = number.size() < gigabytes    ? "GiB"
                                : number.size() <= megabytes ? "MiB"
                                : number.size() < kilobytes  ? "KiB"
                                                             : "B";
  readings.front().text = fmt::format("{} {}", number, unit);
  if (number.size() == gigabytes) {
    readings.insert(readings.begin(), {number + " GiB", ""});
  }
  return readings;
}

std::string help_of(const std::vector<Reading>& readings, bool quote) {
  std::string help;
  for (const Reading& reading : readings) {
    help += help.empty() ? "write " : " or ";
    help += quote ? fmt::format("\"{}\"", reading.text) : reading.text;
    if (!reading.note.empty()) help += fmt::format(" ({})", reading.note);
  }
  return help;
}

std::optional<std::string> help_for_braces(std::string_view key) {
  if (!key.contains('{')) return std::nullopt;
  constexpr std::size_t most_named = 4;
  const std::vector<std::string> meant = alternatives_of(std::string(key), most_named + 1);
  if (meant.size() == 1 && meant.front() == key) return std::nullopt;
  if (meant.size() < 2 || meant.size() > most_named) return "write a line for each key";
  return fmt::format("write a line for each: {}", fmt::join(meant, ", "));
}

}  // namespace nettune::profile
