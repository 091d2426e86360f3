// SPDX-License-Identifier: MIT
// The one-line form of a preset: read without memory, written back.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include "preset.hpp"

namespace nettune::socket {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr auto byte_units = std::to_array<Unit>({{"GiB", std::int64_t{1} << 30},
                                                 {"MiB", std::int64_t{1} << 20},
                                                 {"KiB", std::int64_t{1} << 10},
                                                 {"GB", 1'000'000'000},
                                                 {"MB", 1'000'000},
                                                 {"kB", 1'000},
                                                 {"B", 1}});
// Microseconds.
constexpr auto time_units =
    std::to_array<Unit>({{"min", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}});
// Bits per second.
constexpr auto rate_units = std::to_array<Unit>(
    {{"Gbit/s", 1'000'000'000}, {"Mbit/s", 1'000'000}, {"kbit/s", 1'000}, {"bit/s", 1}});

std::span<const Unit> units_of(Kind kind) {
  switch (kind) {
    case Kind::bytes:
      return byte_units;
    case Kind::seconds:
    case Kind::milliseconds:
    case Kind::microseconds:
      return time_units;
    case Kind::rate:
      return rate_units;
    default:
      return {};
  }
}

// How many of the kernel's unit make one of units_of()'s smallest: seconds are 1 000 000 us.
std::int64_t divisor_of(Kind kind) {
  switch (kind) {
    case Kind::seconds:
      return 1'000'000;
    case Kind::milliseconds:
      return 1'000;
    case Kind::rate:
      return 8;
    default:
      return 1;
  }
}

std::string_view example_of(Kind kind) {
  switch (kind) {
    case Kind::bytes:
      return "an amount of bytes, such as 16KiB or 16384";
    case Kind::seconds:
      return "a time, such as 30s";
    case Kind::milliseconds:
      return "a time, such as 30s or 1500ms";
    case Kind::microseconds:
      return "a time, such as 50us";
    case Kind::rate:
      return "a bit rate, such as 100Mbit/s";
    case Kind::bits:
      return "a number, such as 16 or 0x10";
    default:
      return "a number";
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What a line may show of itself in a message: no control characters, and not too much.
void quote(std::string_view text, TextOut& out) {
  constexpr std::size_t most = 40;
  out << "\"";
  for (const char c : text.substr(0, most)) {
    const bool is_plain = c >= ' ' && c <= '~';
    out << (is_plain ? std::string_view(&c, 1) : "?");
  }
  out << (text.size() > most ? "...\"" : "\"");
}

// The words of the kernel and of C that stand in no preset, each with its reason.
struct Refused {
  std::string_view name;
  std::string_view why;
};
constexpr auto refused = std::to_array<Refused>({
    {"cork",
     "cork can't stand in a preset: each accepted socket inherits it from its listener, and then "
     "holds partial segments back"},
    {"linger",
     "linger can't stand in a preset: each accepted socket inherits it from its listener, and "
     "close() then blocks or resets the connection"},
});

// Of the names that it looks at, the one that takes the fewest slips of the finger to be what was
// written: a third of its letters at most.
class Nearest {
 public:
  explicit Nearest(std::string_view written) : written_(written) {}

  void look_at(std::string_view name) {
    if (written_.size() < 3 || written_.size() > most || name.size() > most) return;
    const std::size_t found = distance(name);
    if (found >= best_) return;
    best_ = found;
    name_ = name;
  }

  // "" where none is near.
  std::string_view name() const { return best_ <= written_.size() / 3 ? name_ : ""; }

 private:
  static constexpr std::size_t most = 40;

  // How many letters are added, left out or wrong, row by row of the usual table.
  std::size_t distance(std::string_view name) const {
    std::array<std::size_t, most + 1> row{};
    for (std::size_t i = 0; i <= name.size(); ++i) row[i] = i;
    for (std::size_t i = 0; i < written_.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i + 1;
      for (std::size_t j = 0; j < name.size(); ++j) {
        const std::size_t changed = diagonal + (written_[i] == name[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
      }
    }
    return row[name.size()];
  }

  std::string_view written_;
  std::string_view name_;
  std::size_t best_ = most + 1;
};

class LineReader {
 public:
  LineReader(std::string_view line, nettune_preset& preset, TextOut& message)
      : line_(line), preset_(preset), message_(message) {}

  bool read() {
    if (line_.size() > longest) {
      message_ << "a line has at most " << static_cast<std::int64_t>(longest) << " characters";
      return false;
    }
    if (std::ranges::all_of(line_, [](char c) { return c == ' '; })) {
      message_ << "the line is empty; write, for example, nodelay=1,notsent-lowat=16KiB";
      return false;
    }
    for (std::size_t at = 0; at <= line_.size();) {
      const std::size_t end = std::min(line_.find(',', at), line_.size());
      if (!read_entry(trimmed(line_.substr(at, end - at)))) return false;
      at = end + 1;
    }
    return check_pairs();
  }

 private:
  // A line that names every option once, with the longest of values, has less.
  static constexpr std::size_t longest = 4096;

  static std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
  }

  // Begins a message at `part`, which lies within the line.
  TextOut& wrong(std::string_view part) {
    return message_ << "character " << static_cast<std::int64_t>(part.data() - line_.data() + 1)
                    << ": ";
  }

  bool read_entry(std::string_view entry) {
    const std::size_t equals = entry.find('=');
    const std::string_view name = trimmed(entry.substr(0, std::min(equals, entry.size())));
    if (entry.empty()) {
      wrong(entry) << "an option is missing between two commas, or at the end";
      return false;
    }
    for (const Refused& word : refused) {
      if (name != word.name) continue;
      wrong(name) << word.why;
      return false;
    }
    if (equals == std::string_view::npos) {
      quote(entry, wrong(entry));
      message_ << " has no value; write NAME=VALUE, for example nodelay=1";
      return false;
    }
    const std::string_view value = trimmed(entry.substr(equals + 1));
    for (std::size_t hint = 0; hint < hint_count; ++hint) {
      if (name == hint_names[hint]) return read_hint(hint, name, value);
    }
    for (const OptionFacts& facts : all_options()) {
      if (name == facts.name) return read_option(facts, name, value);
    }
    quote(name, wrong(name) << "there is no socket option ");
    suggest(name);
    return false;
  }

  // The name that is meant, or all of them where they have room: half a list is of no use.
  void suggest(std::string_view name) {
    Nearest near(name);
    std::size_t length = 0;
    each_name([&](std::string_view known) {
      near.look_at(known);
      length += known.size() + 2;
    });
    if (!near.name().empty()) {
      message_ << "; did you mean " << near.name() << "?";
      return;
    }
    if (length + 16 > message_.room()) {
      message_ << "; libnettune(3) lists them";
      return;
    }
    std::string_view between = "; known are ";
    each_name([&](std::string_view known) {
      message_ << between << known;
      between = ", ";
    });
  }

  template <typename Visit>
  static void each_name(const Visit& visit) {
    for (const OptionFacts& facts : all_options()) visit(facts.name);
    for (const std::string_view hint : hint_names) visit(hint);
  }

  bool read_hint(std::size_t hint, std::string_view name, std::string_view value) {
    if (preset_.hints[hint] >= 0) return twice(name);
    OptionFacts like_bytes{};
    like_bytes.name = name;
    like_bytes.kind = Kind::bytes;
    like_bytes.minimum = hint == read_limit ? 1 : 0;
    like_bytes.maximum = std::numeric_limits<std::int32_t>::max();
    const std::optional<std::int64_t> number = read_number(like_bytes, value);
    if (number) preset_.hints[hint] = *number;
    return number.has_value();
  }

  bool twice(std::string_view name) {
    wrong(name) << name << " appears twice";
    return false;
  }

  bool read_option(const OptionFacts& facts, std::string_view name, std::string_view value) {
    if (preset_.holds(facts.option)) return twice(name);
    preset_.held |= std::uint64_t{1} << facts.option;
    nettune_value& place = preset_.values[facts.option];
    if (facts.kind == Kind::text) return read_text(facts, value, place);
    const std::optional<std::int64_t> number = read_number(facts, value);
    if (!number) return false;
    place.number = *number;
    if (facts.option == NETTUNE_QUICKACK) preset_.rearms_quickack = *number == 1;
    return true;
  }

  bool read_text(const OptionFacts& facts, std::string_view value, nettune_value& place) {
    const bool is_name = !value.empty() && value.front() != '-' && value.front() != '.' &&
                         std::ranges::all_of(value, [](char c) {
                           return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  c == '_' || c == '-' || c == '.';
                         });
    constexpr std::size_t longest_name = sizeof(place.text) - 1;
    if (!is_name || value.size() > longest_name) {
      quote(value, wrong(value));
      message_ << " is not the name of an algorithm; write, for example, " << facts.name << "=bbr";
      return false;
    }
    std::memcpy(place.text, value.data(), value.size());
    return true;
  }

  std::optional<std::int64_t> read_number(const OptionFacts& facts, std::string_view value) {
    if (!facts.word.empty() && value == facts.word) return facts.word_value;
    if (facts.kind == Kind::every_read) {
      if (value == "every-read") return 1;
      if (value == "off") return 0;
      quote(value, wrong(value) << facts.name << " is off or every-read, not ");
      return std::nullopt;
    }
    if (facts.kind == Kind::flag) {
      if (value == "1" || value == "true") return 1;
      if (value == "0" || value == "false") return 0;
      quote(value, wrong(value) << facts.name << " is 1 or 0, not ");
      return std::nullopt;
    }
    const std::optional<std::int64_t> number = facts.kind == Kind::bits && value.starts_with("0x")
                                                   ? read_hexadecimal(value)
                                                   : read_decimal(facts, value);
    if (!number) return std::nullopt;
    if (*number < facts.minimum || *number > facts.maximum) {
      wrong(value) << facts.name << " takes " << facts.minimum << " to " << facts.maximum
                   << unit_name(facts.kind);
      if (facts.option == NETTUNE_NOTSENT_LOWAT) {
        message_ << "; to follow net.ipv4.tcp_notsent_lowat, write kernel";
      }
      return std::nullopt;
    }
    return number;
  }

  static std::string_view unit_name(Kind kind) {
    switch (kind) {
      case Kind::bytes:
        return " bytes";
      case Kind::seconds:
        return " seconds";
      case Kind::milliseconds:
        return " milliseconds";
      case Kind::microseconds:
        return " microseconds";
      case Kind::rate:
        return " bytes per second";
      default:
        return "";
    }
  }

  std::optional<std::int64_t> read_hexadecimal(std::string_view value) {
    constexpr std::size_t most_digits = 8;
    const std::string_view digits = value.substr(2);
    std::int64_t number = 0;
    for (const char c : digits) {
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      const bool is_letter = lower >= 'a' && lower <= 'f';
      if ((!is_digit(c) && !is_letter) || digits.size() > most_digits) return not_a_hex(value);
      number = number * 16 + (is_letter ? lower - 'a' + 10 : lower - '0');
    }
    if (digits.empty()) return not_a_hex(value);
    return number;
  }

  std::optional<std::int64_t> not_a_hex(std::string_view value) {
    quote(value, wrong(value));
    message_ << " is not a hexadecimal number of at most 8 digits";
    return std::nullopt;
  }

  std::optional<std::int64_t> read_decimal(const OptionFacts& facts, std::string_view value) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::size_t digits = 0;
    std::int64_t number = 0;
    bool is_too_large = false;
    for (; digits < value.size() && is_digit(value[digits]); ++digits) {
      const int digit = value[digits] - '0';
      is_too_large = is_too_large || number > (most - digit) / 10;
      if (!is_too_large) number = number * 10 + digit;
    }
    const std::string_view unit = trimmed(value.substr(digits));
    if (digits == 0 || (digits > 1 && value.front() == '0')) return not_a_value(facts, value);

    std::int64_t factor = divisor_of(facts.kind);
    const std::span<const Unit> units = units_of(facts.kind);
    if (!unit.empty()) {
      const auto found = std::ranges::find(units, unit, &Unit::name);
      if (found == units.end()) return not_a_value(facts, value);
      factor = found->factor;
    } else if (!units.empty() && facts.kind != Kind::bytes && number != 0) {
      quote(value, wrong(value));
      message_ << " has no unit; write " << example_of(facts.kind);
      return std::nullopt;
    }
    if (is_too_large || number > most / factor) {
      quote(value, wrong(value));
      message_ << " is too large";
      return std::nullopt;
    }
    const std::int64_t smallest = number * factor;
    if (smallest % divisor_of(facts.kind) != 0) {
      quote(value, wrong(value));
      message_ << " is not a whole number of" << unit_name(facts.kind);
      return std::nullopt;
    }
    return smallest / divisor_of(facts.kind);
  }

  std::optional<std::int64_t> not_a_value(const OptionFacts& facts, std::string_view value) {
    quote(value, wrong(value) << facts.name << " takes " << example_of(facts.kind) << ", not ");
    if (!facts.word.empty()) message_ << "; or " << facts.word;
    return std::nullopt;
  }

  bool check_pairs() {
    if (preset_.hints[write_low] >= 0 && preset_.hints[write_high] < 0) {
      message_ << "write-buffer-low needs write-buffer-high";
      return false;
    }
    if (preset_.hints[write_low] > preset_.hints[write_high]) {
      message_ << "write-buffer-low is " << preset_.hints[write_low]
               << ", more than write-buffer-high with " << preset_.hints[write_high];
      return false;
    }
    return true;
  }

  std::string_view line_;
  nettune_preset& preset_;
  TextOut& message_;
};

}  // namespace

TextOut& TextOut::operator<<(std::string_view part) {
  if (length_ + 1 < size_ && !part.empty()) {
    const std::size_t fits = std::min(part.size(), size_ - 1 - length_);
    std::memcpy(text_ + length_, part.data(), fits);
    text_[length_ + fits] = '\0';
  }
  length_ += part.size();
  return *this;
}

TextOut& TextOut::operator<<(std::int64_t number) {
  std::array<char, 20> digits{};
  std::size_t at = digits.size();
  // Of the number's opposite where it is positive: the least one has no positive opposite.
  std::int64_t rest = number < 0 ? number : -number;
  do {
    digits[--at] = static_cast<char>('0' - rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) digits[--at] = '-';
  return *this << std::string_view(&digits[at], digits.size() - at);
}

TextOut& TextOut::hexadecimal(std::int64_t number) {
  std::array<char, 16> digits{};
  std::size_t at = digits.size();
  auto rest = static_cast<std::uint64_t>(number);
  do {
    digits[--at] = "0123456789abcdef"[rest % 16];
    rest /= 16;
  } while (rest != 0);
  return *this << "0x" << std::string_view(&digits[at], digits.size() - at);
}

bool read_line(std::string_view line, nettune_preset& preset, TextOut& message) {
  return LineReader(line, preset, message).read();
}

void write_value(const OptionFacts& facts, const nettune_value& value, TextOut& out) {
  const std::int64_t number = value.number;
  if (facts.kind == Kind::text) {
    const std::string_view text(value.text, ::strnlen(value.text, sizeof value.text));
    out << text;
    return;
  }
  if (facts.kind == Kind::every_read) {
    out << (number != 0 ? "every-read" : "off");
    return;
  }
  if (!facts.word.empty() && number == facts.word_value) {
    out << facts.word;
    return;
  }
  if (facts.kind == Kind::bits) {
    out.hexadecimal(number);
    return;
  }
  const std::span<const Unit> units = units_of(facts.kind);
  if (units.empty() || number <= 0) {
    out << number;
    return;
  }
  const std::int64_t smallest = number * divisor_of(facts.kind);  // no range reaches further
  for (const Unit& unit : units) {
    const bool is_decimal = facts.kind == Kind::bytes && unit.factor % 1000 == 0;
    if (is_decimal || smallest % unit.factor != 0) continue;
    out << smallest / unit.factor << (unit.name == "B" ? "" : unit.name);
    return;
  }
}

void write_line(const nettune_preset& preset, TextOut& line) {
  std::string_view between;
  for (const OptionFacts& facts : all_options()) {
    if (!preset.holds(facts.option)) continue;
    line << between << facts.name << "=";
    write_value(facts, preset.values[facts.option], line);
    between = ",";
  }
  for (std::size_t hint = 0; hint < hint_count; ++hint) {
    if (preset.hints[hint] < 0) continue;
    nettune_value value{};
    value.number = preset.hints[hint];
    OptionFacts bytes{};
    bytes.kind = Kind::bytes;
    line << between << hint_names[hint] << "=";
    write_value(bytes, value, line);
    between = ",";
  }
}

}  // namespace nettune::socket
