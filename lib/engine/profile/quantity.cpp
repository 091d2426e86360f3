// SPDX-License-Identifier: MIT
#include "engine/profile/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/sysctl/value.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;
using sysctl::Unit;

constexpr Integer integer_max = ((static_cast<Integer>(1) << 126) - 1) * 2 + 1;

// Clang has no 128-bit __builtin_mul_overflow without its own run-time library.
bool multiply(Integer a, Integer b, Integer& product) {
  const Integer x = a < 0 ? -a : a;
  const Integer y = b < 0 ? -b : b;
  if (x != 0 && y > integer_max / x) return false;
  product = a * b;
  return true;
}

Integer floor_divide(Integer a, Integer b) {
  const Integer quotient = a / b;
  return (a % b != 0 && a < 0) ? quotient - 1 : quotient;
}

Integer ceil_divide(Integer a, Integer b) {
  const Integer quotient = a / b;
  return (a % b != 0 && a > 0) ? quotient + 1 : quotient;
}

Integer greatest_common_divisor(Integer a, Integer b) {
  while (b != 0) {
    const Integer rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

void reduce(Quantity& quantity) {
  const Integer divisor = greatest_common_divisor(quantity.numerator, quantity.denominator);
  if (divisor > 1) {
    quantity.numerator /= divisor;
    quantity.denominator /= divisor;
  }
}

struct NamedUnit {
  std::string_view name;
  Dimension dimension;
  Integer factor;  // base units
};

constexpr Integer kib = 1024;
constexpr auto units = std::to_array<NamedUnit>({
    {"B", Dimension::bytes, 1},
    {"KiB", Dimension::bytes, kib},
    {"MiB", Dimension::bytes, kib* kib},
    {"GiB", Dimension::bytes, kib* kib* kib},
    {"kB", Dimension::bytes, 1'000},
    {"MB", Dimension::bytes, 1'000'000},
    {"GB", Dimension::bytes, 1'000'000'000},
    {"bit/s", Dimension::bit_rate, 1},
    {"kbit/s", Dimension::bit_rate, 1'000},
    {"Mbit/s", Dimension::bit_rate, 1'000'000},
    {"Gbit/s", Dimension::bit_rate, 1'000'000'000},
    {"us", Dimension::duration, 1'000},
    {"ms", Dimension::duration, 1'000'000},
    {"s", Dimension::duration, 1'000'000'000},
    {"min", Dimension::duration, 60'000'000'000},
    {"pages", Dimension::pages, 1},
});

constexpr std::string_view all_units =
    "B KiB MiB GiB, kB MB GB, bit/s kbit/s Mbit/s Gbit/s, us ms s min, % ram, pages";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; }

constexpr int max_nesting = 16;
constexpr std::size_t max_text = 4096;  // bytes of one expression
constexpr std::size_t max_digits = 30;

class Parser {
 public:
  Parser(std::string_view text, const Origin& origin) : text_(text), origin_(origin) {}

  std::expected<Expression, QuantityFault> whole() {
    if (text_.size() > max_text) {
      return fault(0, text_.size(), "an expression has at most 4096 bytes", "");
    }
    skip_blanks();
    if (at_end()) return fault(0, 1, "a value is missing", "");
    std::expected<Expression, QuantityFault> expression = parse(0);
    if (!expression) return expression;
    skip_blanks();
    if (!at_end()) return rest_fault(*expression);
    return expression;
  }

 private:
  using Parsed = std::expected<Expression, QuantityFault>;

  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  void skip_blanks() {
    while (!at_end() && (peek() == ' ' || peek() == '\t')) ++position_;
  }
  static std::unexpected<QuantityFault> fault(std::size_t offset, std::size_t length,
                                              std::string message, std::string help) {
    return std::unexpected(
        QuantityFault{offset, length == 0 ? 1 : length, std::move(message), std::move(help)});
  }
  Origin origin_at(std::size_t offset, std::size_t length) const {
    Origin origin = origin_;
    origin.column += static_cast<int>(offset);
    origin.length = static_cast<int>(length);
    return origin;
  }

  Parsed parse(int depth) {
    skip_blanks();
    if (depth > max_nesting) return fault(position_, 1, "the expression is nested too deeply", "");
    if (is_digit(peek()) || peek() == '-' || peek() == '+' || peek() == '.') return number();
    if (is_letter(peek())) return word_or_call(depth);
    if (at_end()) return fault(position_, 1, "the expression ends too early", "");
    return fault(position_, 1,
                 fmt::format("\"{}\" begins no value", printable(text_.substr(position_, 1))),
                 "a value is a number with a unit, bdp(..), min(..) or max(..)");
  }

  Parsed number() {
    const std::size_t begin = position_;
    if (peek() == '+') {
      return fault(begin, 1, "a number has no plus sign", "the kernel refuses one");
    }
    const bool negative = peek() == '-';
    if (negative) ++position_;
    const std::size_t digits = position_;
    while (is_digit(peek())) ++position_;
    std::string_view whole = text_.substr(digits, position_ - digits);
    if (whole.empty()) {
      return fault(begin, position_ - begin + 1, "a number begins with a digit", "");
    }
    std::string_view fraction;
    if (peek() == '.') {
      ++position_;
      const std::size_t fraction_begin = position_;
      while (is_digit(peek())) ++position_;
      fraction = text_.substr(fraction_begin, position_ - fraction_begin);
      if (fraction.empty()) {
        return fault(begin, position_ - begin, "a digit is missing after the point", "");
      }
    }
    if (Parsed bad = unusual_number(begin, digits, whole); !bad) return bad;
    if (whole.size() + fraction.size() > max_digits) {
      return fault(begin, position_ - begin, "a number has at most 30 digits", "");
    }
    Expression expression;
    Integer& numerator = expression.quantity.numerator;
    for (const char c : whole) numerator = numerator * 10 + (c - '0');
    for (const char c : fraction) {
      numerator = numerator * 10 + (c - '0');
      expression.quantity.denominator *= 10;
    }
    if (negative) numerator = -numerator;
    reduce(expression.quantity);
    return with_unit(std::move(expression), begin);
  }

  // What YAML, C or a person's habit would read in some other way.
  Parsed unusual_number(std::size_t begin, std::size_t digits, std::string_view whole) {
    std::size_t end = position_;
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == ',')) ++end;
    const std::string_view token = text_.substr(begin, end - begin);
    const char next = peek();
    if (whole == "0" && (next == 'x' || next == 'X' || next == 'o' || next == 'b')) {
      return fault(begin, token.size(),
                   fmt::format("\"{}\" is not a decimal number", printable(token)),
                   "write the number in decimal");
    }
    if (whole.size() > 1 && whole.front() == '0') {
      return fault(digits, whole.size(), fmt::format("\"{}\" begins with a zero", printable(whole)),
                   "the kernel would read it as octal");
    }
    if (next == '_' || ((next == 'e' || next == 'E') && position_ + 1 < text_.size() &&
                        (is_digit(text_[position_ + 1]) || text_[position_ + 1] == '+' ||
                         text_[position_ + 1] == '-'))) {
      return fault(begin, token.size(),
                   fmt::format("\"{}\" is not a plain decimal number", printable(token)),
                   "write all digits");
    }
    return Expression{};
  }

  Parsed with_unit(Expression expression, std::size_t begin) {
    const std::size_t number_end = position_;
    skip_blanks();
    if (peek() == '%') return percent(std::move(expression), begin);
    if (!is_letter(peek())) {
      position_ = number_end;
      expression.origin = origin_at(begin, number_end - begin);
      if (is_grouped(text_.substr(begin, number_end - begin))) return grouped(begin, number_end);
      return expression;
    }
    const std::size_t unit_begin = position_;
    while (is_letter(peek()) || peek() == '/') ++position_;
    const std::string_view name = text_.substr(unit_begin, position_ - unit_begin);
    for (const NamedUnit& unit : units) {
      if (unit.name != name) continue;
      const std::string_view number = text_.substr(begin, number_end - begin);
      if (number.ends_with('0') && is_grouped(number)) return grouped(begin, number_end);
      expression.quantity.dimension = unit.dimension;
      if (!multiply(expression.quantity.numerator, unit.factor, expression.quantity.numerator)) {
        return fault(begin, position_ - begin, "the amount is too large", "");
      }
      reduce(expression.quantity);
      expression.origin = origin_at(begin, position_ - begin);
      return expression;
    }
    return fault(unit_begin, name.size(), fmt::format("unknown unit \"{}\"", printable(name)),
                 fmt::format("the units are {}", all_units));
  }

  // "5.000": five to some readers, and five thousand to others.
  static bool is_grouped(std::string_view number) {
    constexpr std::size_t group = 3;
    const std::size_t point = number.find('.');
    const std::size_t first = number.find_first_of("123456789");
    return point != std::string_view::npos && number.size() - point - 1 == group && first < point;
  }
  static Parsed grouped(std::size_t begin, std::size_t end) {
    return fault(begin, end - begin, "a point and three digits may also mean thousands", "");
  }

  Parsed percent(Expression expression, std::size_t begin) {
    const std::size_t sign = position_;
    ++position_;
    skip_blanks();
    const std::size_t word = position_;
    while (is_letter(peek())) ++position_;
    if (text_.substr(word, position_ - word) != "ram") {
      return fault(sign, position_ - sign, "a percentage is one of the host's memory", "");
    }
    if (expression.quantity.numerator < 0 ||
        expression.quantity.numerator > expression.quantity.denominator * 100) {
      return fault(begin, position_ - begin, "a share of memory is between 0% and 100%", "");
    }
    expression.kind = Expression::Kind::ram_percent;
    expression.origin = origin_at(begin, position_ - begin);
    return expression;
  }

  Parsed word_or_call(int depth) {
    const std::size_t begin = position_;
    while (is_word(peek())) ++position_;
    const std::string_view name = text_.substr(begin, position_ - begin);
    const std::size_t name_end = position_;
    skip_blanks();
    if (peek() != '(') {
      position_ = name_end;
      Expression expression;
      expression.kind = Expression::Kind::word;
      expression.word = SharedText(name);
      expression.origin = origin_at(begin, name.size());
      return expression;
    }
    Expression expression;
    if (name == "bdp") {
      expression.kind = Expression::Kind::bdp;
    } else if (name == "min") {
      expression.kind = Expression::Kind::minimum;
    } else if (name == "max") {
      expression.kind = Expression::Kind::maximum;
    } else {
      constexpr auto functions = std::to_array<std::string_view>({"bdp", "min", "max"});
      const std::string_view near = nearest(name, functions);
      return fault(begin, name.size(), fmt::format("\"{}\" is not a function", printable(name)),
                   near.empty() ? "the functions are bdp(rate, rtt), min(..) and max(..)"
                                : fmt::format("did you mean \"{}\"?", near));
    }
    ++position_;
    expression.of_call = std::make_unique<std::vector<Expression>>();
    for (;;) {
      Parsed argument = parse(depth + 1);
      if (!argument) return argument;
      expression.of_call->push_back(std::move(*argument));
      skip_blanks();
      if (peek() == ',') {
        ++position_;
        continue;
      }
      if (peek() == ')') break;
      if (at_end()) {
        return fault(position_, 1, fmt::format("the \")\" of {}(..) is missing", name),
                     "inside [..] YAML's own commas win: quote an expression that holds a comma");
      }
      return rest_fault(expression.arguments().back());
    }
    ++position_;
    expression.origin = origin_at(begin, position_ - begin);
    return expression;
  }

  Parsed rest_fault(const Expression& before) {
    const std::string_view rest = text_.substr(position_);
    if (before.kind == Expression::Kind::literal && rest.front() == ',') {
      return fault(position_, 1, "a number holds no comma", "write its digits alone");
    }
    return fault(position_, rest.size(),
                 fmt::format("\"{}\" is left over after the value", printable(rest)), "");
  }

  std::string_view text_;
  Origin origin_;
  std::size_t position_ = 0;
};

std::string_view dimension_name(Dimension dimension) {
  switch (dimension) {
    case Dimension::number:
      return "a plain number";
    case Dimension::bytes:
      return "an amount of bytes";
    case Dimension::pages:
      return "a number of pages";
    case Dimension::bit_rate:
      return "a bit rate";
    case Dimension::duration:
      return "a time";
  }
  return "";
}

bool is_memory(Dimension dimension) {
  return dimension == Dimension::bytes || dimension == Dimension::pages;
}

std::size_t offset_in(const Expression& outer, const Expression& inner) {
  return static_cast<std::size_t>(std::max(0, inner.origin.column - outer.origin.column));
}

using Dimensioned = std::expected<Dimension, QuantityFault>;

// Offsets in faults count from the first byte of `top`.
Dimensioned dimension_within(const Expression& top, const Expression& expression) {
  const auto fault = [&](const Expression& at, std::string message, std::string help) {
    return std::unexpected(QuantityFault{offset_in(top, at),
                                         static_cast<std::size_t>(at.origin.length),
                                         std::move(message), std::move(help)});
  };
  switch (expression.kind) {
    case Expression::Kind::literal:
      return expression.quantity.dimension;
    case Expression::Kind::ram_percent:
      return Dimension::bytes;
    case Expression::Kind::word:
      return fault(expression,
                   fmt::format("\"{}\" is not a number", printable(expression.word.view())), "");
    case Expression::Kind::bdp: {
      if (expression.arguments().size() != 2) {
        return fault(
            expression, "bdp() takes a rate and a round-trip time",
            "bdp(rate, rtt): a number of bit/s, kbit/s, Mbit/s or Gbit/s, and a time in ms or s");
      }
      constexpr std::array wanted{Dimension::bit_rate, Dimension::duration};
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const Expression& argument = expression.arguments()[i];
        const Dimensioned found = dimension_within(top, argument);
        if (!found) return found;
        if (*found != wanted[i]) {
          return fault(
              argument,
              fmt::format("bdp() takes {} here, not {}", dimension_name(wanted[i]),
                          dimension_name(*found)),
              "bdp(rate, rtt): a number of bit/s, kbit/s, Mbit/s or Gbit/s, and a time in ms or s");
        }
      }
      return Dimension::bytes;
    }
    case Expression::Kind::minimum:
    case Expression::Kind::maximum: {
      Dimensioned common = dimension_within(top, expression.arguments().front());
      if (!common) return common;
      for (const Expression& argument : expression.arguments()) {
        const Dimensioned found = dimension_within(top, argument);
        if (!found) return found;
        if (*found == *common) continue;
        if (is_memory(*found) && is_memory(*common)) {
          common = Dimension::bytes;
          continue;
        }
        return fault(argument,
                     fmt::format("{} and {} can't be compared", dimension_name(*common),
                                 dimension_name(*found)),
                     "give every argument a unit of the same kind");
      }
      return common;
    }
  }
  return Dimension::number;
}

// An amount in the base unit of its dimension; pages have become bytes.
struct Amount {
  Dimension dimension;
  Integer numerator;
  Integer denominator;
};
using Evaluated = std::expected<Amount, EvaluationFault>;

std::unexpected<EvaluationFault> too_large(const Expression& expression) {
  return std::unexpected(
      EvaluationFault{expression.origin, "the amount is too large to be computed", ""});
}

// Whether a < b; nullopt on overflow.
std::optional<bool> is_less(const Amount& a, const Amount& b) {
  Integer left = 0;
  Integer right = 0;
  if (!multiply(a.numerator, b.denominator, left) || !multiply(b.numerator, a.denominator, right)) {
    return std::nullopt;
  }
  return left < right;
}

Evaluated amount_of(const Expression& expression, const Host& host) {
  const Quantity& quantity = expression.quantity;
  switch (expression.kind) {
    case Expression::Kind::literal: {
      Amount amount{quantity.dimension, quantity.numerator, quantity.denominator};
      if (quantity.dimension == Dimension::pages) {
        amount.dimension = Dimension::bytes;
        if (!multiply(amount.numerator, host.page_size, amount.numerator)) {
          return too_large(expression);
        }
      }
      return amount;
    }
    case Expression::Kind::ram_percent: {
      if (host.memory_bytes == 0) {
        return std::unexpected(EvaluationFault{expression.origin,
                                               "the memory size of that machine is not known",
                                               "give it with --memory"});
      }
      Amount amount{Dimension::bytes, 0, 0};
      if (!multiply(quantity.numerator, static_cast<Integer>(host.memory_bytes),
                    amount.numerator) ||
          !multiply(quantity.denominator, 100, amount.denominator)) {
        return too_large(expression);
      }
      return amount;
    }
    case Expression::Kind::bdp: {
      const Evaluated rate = amount_of(expression.arguments()[0], host);
      if (!rate) return rate;
      const Evaluated time = amount_of(expression.arguments()[1], host);
      if (!time) return time;
      constexpr Integer bit_nanoseconds_per_byte = static_cast<Integer>(8) * 1'000'000'000;
      Integer numerator = 0;
      Integer denominator = 0;
      if (!multiply(rate->numerator, time->numerator, numerator) ||
          !multiply(rate->denominator, time->denominator, denominator) ||
          !multiply(denominator, bit_nanoseconds_per_byte, denominator)) {
        return too_large(expression);
      }
      // Up: a buffer one byte short of the product stalls the path, one byte more costs nothing.
      return Amount{Dimension::bytes, ceil_divide(numerator, denominator), 1};
    }
    case Expression::Kind::minimum:
    case Expression::Kind::maximum: {
      Evaluated best = amount_of(expression.arguments().front(), host);
      if (!best) return best;
      for (const Expression& argument : expression.arguments()) {
        const Evaluated next = amount_of(argument, host);
        if (!next) return next;
        const bool wants_less = expression.kind == Expression::Kind::minimum;
        const std::optional<bool> better =
            wants_less ? is_less(*next, *best) : is_less(*best, *next);
        if (!better) return too_large(expression);
        if (*better) best = next;
      }
      return best;
    }
    case Expression::Kind::word:
      break;
  }
  return std::unexpected(EvaluationFault{expression.origin, "a name has no amount", ""});
}

Integer nanoseconds_of(Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return 1'000'000'000;
    case Unit::centiseconds:
      return 10'000'000;
    case Unit::milliseconds:
      return 1'000'000;
    case Unit::microseconds:
      return 1'000;
    case Unit::nanoseconds:
      return 1;
    default:
      return 0;
  }
}

std::string trimmed_decimal(Integer number, Integer unit) {
  // Two decimals at most, rounded down: a ceiling is never shown higher than it is.
  const Integer hundredths = number * 100 / unit;
  std::string text = sysctl::to_string(hundredths / 100);
  const int fraction = static_cast<int>(hundredths % 100);
  if (fraction != 0) {
    text +=
        fraction % 10 == 0 ? fmt::format(".{}", fraction / 10) : fmt::format(".{:02}", fraction);
  }
  return hundredths * unit == number * 100 ? text : "~" + text;
}

// Digits alone, as most operands are: no number that another reader would take for something else.
bool is_plain_number(std::string_view text) {
  constexpr std::size_t few = 18;
  if (text.empty() || text.size() > few || (text.size() > 1 && text.front() == '0')) return false;
  return std::ranges::all_of(text, is_digit);
}

}  // namespace

std::expected<Expression, QuantityFault> parse_expression(std::string_view text,
                                                          const Origin& origin) {
  if (is_plain_number(text)) {
    std::expected<Expression, QuantityFault> literal{};
    for (const char c : text) {
      literal->quantity.numerator = literal->quantity.numerator * 10 + (c - '0');
    }
    literal->origin = origin;
    literal->origin.length = static_cast<int>(text.size());
    return literal;
  }
  return Parser(text, origin).whole();
}

std::expected<Dimension, QuantityFault> dimension_of(const Expression& expression) {
  return dimension_within(expression, expression);
}

std::expected<Integer, EvaluationFault> evaluate(const Expression& expression, Unit unit,
                                                 const Host& host) {
  // Most operands are whatever the key counts.
  const Quantity& quantity = expression.quantity;
  if (expression.kind == Expression::Kind::literal && quantity.dimension == Dimension::number &&
      quantity.denominator == 1) {
    return quantity.numerator;
  }
  const std::expected<Dimension, QuantityFault> dimension = dimension_of(expression);
  if (!dimension) {
    Origin origin = expression.origin;
    origin.column += static_cast<int>(dimension.error().offset);
    origin.length = static_cast<int>(dimension.error().length);
    return std::unexpected(
        EvaluationFault{origin, dimension.error().message, dimension.error().help});
  }
  const auto wrong_unit = [&](std::string help) {
    const std::string_view name = sysctl::unit_name(unit);
    return std::unexpected(EvaluationFault{
        expression.origin,
        fmt::format("{} does not fit a key that counts {}", dimension_name(*dimension),
                    name.empty() ? "plain numbers" : name),
        std::move(help)});
  };
  const Evaluated amount = amount_of(expression, host);
  if (!amount) return std::unexpected(amount.error());

  Integer per_unit = 1;
  bool rounds_down = expression.kind != Expression::Kind::literal;
  switch (amount->dimension) {
    case Dimension::number:
      break;
    case Dimension::bytes:
      if (unit == Unit::pages) {
        per_unit = host.page_size;
        rounds_down = true;
      } else if (unit != Unit::bytes) {
        return wrong_unit("write a plain number");
      }
      break;
    case Dimension::duration:
      per_unit = nanoseconds_of(unit);
      if (per_unit == 0) return wrong_unit("write a plain number, or a unit that the key has");
      break;
    case Dimension::bit_rate:
      return wrong_unit("a bit rate stands within bdp(rate, rtt)");
    case Dimension::pages:
      break;  // amount_of makes them bytes
  }
  Integer divisor = 0;
  if (!multiply(amount->denominator, per_unit, divisor)) {
    return std::unexpected(
        EvaluationFault{expression.origin, "the amount is too large to be computed", ""});
  }
  const Integer result = floor_divide(amount->numerator, divisor);
  const bool is_whole = result * divisor == amount->numerator;
  if (!is_whole && !rounds_down) {
    const std::string_view name = sysctl::unit_name(unit);
    return std::unexpected(EvaluationFault{
        expression.origin,
        fmt::format("the key counts whole {}, and this is not one",
                    name.empty() || unit == Unit::flag || unit == Unit::mode ? "numbers" : name),
        fmt::format("the nearest are {} and {}", sysctl::to_string(result),
                    sysctl::to_string(result + 1))});
  }
  if (result == 0 && amount->numerator > 0 && unit == Unit::pages) {
    return std::unexpected(EvaluationFault{expression.origin, "that is less than one page",
                                           fmt::format("a page has {} bytes", host.page_size)});
  }
  return result;
}

bool uses_memory(const Expression& expression) {
  if (expression.kind == Expression::Kind::ram_percent) return true;
  for (const Expression& argument : expression.arguments()) {
    if (uses_memory(argument)) return true;
  }
  return false;
}

std::string readable(Integer number, Unit unit, std::uint32_t page_size) {
  if (number <= 0) return "";
  if (unit == Unit::pages) {
    if (!multiply(number, page_size, number)) return "";
  } else if (unit != Unit::bytes) {
    struct Step {
      Integer nanoseconds;
      std::string_view name;
    };
    constexpr auto steps = std::to_array<Step>({{static_cast<Integer>(3'600'000'000'000), "h"},
                                                {60'000'000'000, "min"},
                                                {1'000'000'000, "s"},
                                                {1'000'000, "ms"},
                                                {1'000, "us"}});
    const Integer own = nanoseconds_of(unit);
    if (own == 0 || !multiply(number, own, number)) return "";
    for (const Step& step : steps) {
      if (step.nanoseconds > own && number % step.nanoseconds == 0) {
        return sysctl::to_string(number / step.nanoseconds) + " " + std::string(step.name);
      }
    }
    return "";
  }
  constexpr Integer unlimited = 4294967295;  // how 32-bit keys say it: UINT_MAX
  if (number == unlimited) return "no limit";
  constexpr Integer eib = kib * kib * kib * kib * kib * kib;
  if (number >= 1024 * eib) return "no limit";
  struct Step {
    Integer bytes;
    std::string_view name;
  };
  constexpr auto steps = std::to_array<Step>(
      {{kib * kib * kib * kib, "TiB"}, {kib * kib * kib, "GiB"}, {kib * kib, "MiB"}, {kib, "KiB"}});
  for (const Step& step : steps) {
    if (number >= step.bytes)
      return trimmed_decimal(number, step.bytes) + " " + std::string(step.name);
  }
  return "";
}

}  // namespace nettune::profile
