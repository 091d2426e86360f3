// SPDX-License-Identifier: MIT
// The kernel's parsers of kernel/sysctl.c, as their behaviour was measured: the facts stand beside
// the code, and tests/kernel/written_test.cpp holds them against the running kernel.
#include "engine/sysctl/written.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "engine/sysctl/kernel_form.hpp"

namespace nettune::sysctl {
namespace {

constexpr Integer int_max = 2147483647;
constexpr Integer long_max = 9223372036854775807;
constexpr Integer ulong_max = (static_cast<Integer>(1) << 64) - 1;
constexpr Integer user_hz = 100;

// The kernel copies a page less its end; digits beyond are never seen.
constexpr std::size_t most_bytes = 4095;
// A token as long as the kernel's buffer is refused, for the buffer may have cut it.
constexpr std::size_t longest_token = 21;
// TCP_CA_NAME_MAX and IFNAMSIZ are 16, of which one byte ends the name.
constexpr std::size_t longest_name = 15;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The kernel's isspace() takes the no-break space of Latin-1 as well.
bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || static_cast<unsigned char>(c) == 0xa0;
}

bool ends_number(char c) { return c == ' ' || c == '\t' || c == '\n'; }

int digit_of(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

// The word at `at`, as a person sees it.
std::string_view word_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && !is_blank(text[end])) ++end;
  return text.substr(at, end - at);
}

std::string quoted(std::string_view word) {
  constexpr std::size_t most = 40;
  const char mark = word.find('"') == std::string_view::npos ? '"' : '\'';
  std::string result(1, mark);
  for (const char c : word.substr(0, most)) {
    const bool is_plain = c >= ' ' && c != '\x7f' && static_cast<unsigned char>(c) < 0x80;
    result +=
        is_plain ? std::string(1, c) : fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
  }
  return result + (word.size() > most ? "…" : "") + mark;
}

struct Token {
  bool negative = false;
  Integer magnitude = 0;  // 0 … 2^64-1
  int base = 10;
  std::size_t length = 0;
};

// One number at the start of `text`, as the kernel takes it; the reason where it does not.
std::expected<Token, std::string> read_token(std::string_view text) {
  const std::string_view word = word_at(text, 0);
  const std::string_view buffer = text.substr(0, longest_token);
  Token token;
  std::size_t at = 0;
  if (buffer[0] == '-' && text.size() > 1) {
    token.negative = true;
    at = 1;
  }
  if (at >= buffer.size() || !is_digit(buffer[at])) {
    return std::unexpected(quoted(word) + " is not a number: the kernel takes digits alone");
  }
  if (buffer[at] == '0') {
    token.base = 8;
    if (at + 2 < buffer.size() && (buffer[at + 1] | 0x20) == 'x' && digit_of(buffer[at + 2]) < 16) {
      token.base = 16;
      at += 2;
    }
  }
  for (; at < buffer.size() && digit_of(buffer[at]) < token.base; ++at) {
    token.magnitude = token.magnitude * token.base + digit_of(buffer[at]);
    if (token.magnitude > ulong_max) {
      return std::unexpected(quoted(word) + " needs more than 64 bits");
    }
  }
  if (at == longest_token) {
    return std::unexpected(quoted(word) +
                           " is longer than the 20 characters that the kernel reads");
  }
  if (at < text.size() && !ends_number(text[at])) {
    if (token.base == 8 && is_digit(text[at])) {
      return std::unexpected(quoted(word) +
                             " begins with 0, which makes it octal, and has other digits");
    }
    return std::unexpected(quoted(word) + " has more than digits, which is all the kernel takes");
  }
  token.length = at;
  return token;
}

std::string range_text(const Range& range) {
  return fmt::format("{} to {}", to_string(range.minimum), to_string(range.maximum));
}

struct Stored {
  Integer number;
  std::optional<Surprise> surprise;
};

// What the key's encoding makes of a token; the reason where the kernel refuses it.
std::expected<Stored, std::string> store(const Parameter& parameter, const Range& range,
                                         const Token& token, std::string_view word, int hz) {
  const auto refused = [&](std::string_view why) {
    return std::unexpected(fmt::format("{} {}", quoted(word), why));
  };
  const auto in_range = [&](Integer number) -> std::expected<Stored, std::string> {
    if (number < range.minimum || number > range.maximum) {
      return std::unexpected(fmt::format("{} is outside {}", to_string(number), range_text(range)));
    }
    return Stored{number, std::nullopt};
  };
  const Integer number = token.negative ? -token.magnitude : token.magnitude;
  switch (parameter.encoding) {
    case Encoding::int32:
    case Encoding::static_key:
      if (token.magnitude > int_max + (token.negative ? 1 : 0)) {
        return refused("does not fit into 32 bits");
      }
      return in_range(number);
    case Encoding::uint32:
    case Encoding::uint8:
    case Encoding::ulong:
      // Also -0: the sign itself is refused.
      if (token.negative) return refused("has a sign, and the key takes none");
      if (parameter.encoding != Encoding::ulong && token.magnitude > 0xffffffff) {
        return refused("does not fit into 32 bits");
      }
      // The one key in seconds without a sign: as many as 32 bits of ticks hold.
      if (hz > 0 && parameter.pattern == "net/ipv4/tcp_probe_interval" &&
          number > Integer{0xffffffff} / hz) {
        return refused(
            fmt::format("is more than the {} seconds that fit into 32 bits of timer "
                        "ticks, {} a second",
                        to_string(Integer{0xffffffff} / hz), hz));
      }
      return in_range(number);
    case Encoding::seconds:
      if (hz > 0 && token.magnitude > int_max / hz) {
        return std::unexpected(fmt::format(
            "{} seconds are more than the {} that fit into 32 bits of timer ticks, {} a second",
            to_string(number), to_string(int_max / hz), hz));
      }
      return in_range(number);
    case Encoding::milliseconds: {
      const auto low = static_cast<std::uint32_t>(token.magnitude);
      const Integer taken = token.negative ? static_cast<std::uint32_t>(0 - low) : low;
      // The upper half of the 32 bits stands for "for ever", which no int holds.
      if (taken > int_max) return refused("does not fit into 32 bits");
      if (taken < range.minimum || taken > range.maximum) {
        return std::unexpected(
            fmt::format("{} is outside {}", to_string(taken), range_text(range)));
      }
      Stored stored{taken, std::nullopt};
      if (taken != number) stored.surprise = Surprise::wrapped;
      if (hz <= 0) return stored;
      const Integer ticks = (taken * hz + 999) / 1000;
      if (ticks > int_max) return refused("is more than the kernel's timer counts");
      stored.number = (ticks * 1000 + hz - 1) / hz;
      if (taken == number && stored.number != number) stored.surprise = Surprise::rounded;
      return stored;
    }
    case Encoding::userhz: {
      if (hz <= 0) return Stored{number, std::nullopt};
      if (hz > user_hz && token.magnitude > long_max / hz * user_hz) {
        return refused("is more than the kernel's timer counts");
      }
      // No range is asked: a sign makes the number of ticks the largest there is, of which the
      // lower 32 bits are -1; a large number loses its upper bits.
      const bool is_negative = token.negative && token.magnitude > 0;
      const Integer ticks = is_negative ? Integer{-1}
                                        : static_cast<std::int32_t>(static_cast<std::uint32_t>(
                                              token.magnitude * hz / user_hz));
      Stored stored{ticks * user_hz / hz, std::nullopt};
      if (ticks < 0 || token.magnitude * hz / user_hz != ticks) {
        stored.surprise = Surprise::wrapped;
      } else if (stored.number != number) {
        stored.surprise = Surprise::rounded;
      }
      return stored;
    }
    case Encoding::word:
    case Encoding::words:
    case Encoding::number_list:
    case Encoding::cpu_mask:
    case Encoding::text:
    case Encoding::trigger:
    case Encoding::unknown:
      break;
  }
  return Stored{number, std::nullopt};
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// "the third field keeps its value", for the fields from `from` (counted from 0) of `fields`.
std::string keeping(const Parameter& parameter, std::size_t from) {
  constexpr std::string_view ordinals[] = {"first", "second", "third"};
  const std::size_t fields = parameter.fields;
  if (fields <= std::size(ordinals)) {
    if (from + 1 == fields) return fmt::format("the {} field keeps its value", ordinals[from]);
    return fmt::format("the {} and {} fields keep their values", ordinals[fields - 2],
                       ordinals[fields - 1]);
  }
  return fmt::format("the last {} keep their values", plural(fields - from, "field"));
}

void remark_on_rest(const Parameter& parameter, std::string_view text, std::size_t at,
                    std::vector<Remark>& remarks) {
  at = skip_blanks(text, at);
  if (at >= text.size()) return;
  std::size_t end = text.size();
  while (end > at && is_blank(text[end - 1])) --end;
  bool is_numbers = true;
  for (std::size_t i = at; i < end; ++i) {
    is_numbers = is_numbers && (is_digit(text[i]) || text[i] == '-' || is_blank(text[i]));
  }
  if (is_numbers) {
    remarks.push_back(
        {Surprise::surplus_fields, at, end - at,
         fmt::format("the key has {}: {} dropped without a word", plural(parameter.fields, "field"),
                     quoted(text.substr(at, end - at)) + " is")});
    return;
  }
  remarks.push_back({Surprise::trailing_text, at, end - at,
                     quoted(text.substr(at, end - at)) +
                         " is trailing text: the kernel drops it without a word"});
}

void remark_on_base(const Token& token, std::string_view word, std::size_t at,
                    std::vector<Remark>& remarks) {
  if (token.base == 16) {
    remarks.push_back({Surprise::hexadecimal, at, token.length,
                       fmt::format("hexadecimal: {} is {}", word, to_string(token.magnitude))});
  } else if (token.base == 8 && token.length > (token.negative ? 2U : 1U)) {
    remarks.push_back({Surprise::octal, at, token.length,
                       fmt::format("octal: {} is {}", word, to_string(token.magnitude))});
  }
}

// Keys whose handler parses a copy of the tuple and stores it only when all of it is right.
bool is_atomic(const Parameter& parameter) {
  return parameter.pattern == "net/ipv4/ip_local_port_range" ||
         parameter.pattern == "net/ipv4/ping_group_range";
}

// What single keys do with a value whose parts were taken: a reason where they refuse it.
std::optional<std::string> finish(const Parameter& parameter, std::vector<Integer>& numbers,
                                  std::vector<Remark>& remarks, std::size_t length) {
  if (parameter.pattern == "net/ipv4/ip_local_port_range" && numbers[0] > numbers[1]) {
    return fmt::format("the low end {} is above the high end {}", to_string(numbers[0]),
                       to_string(numbers[1]));
  }
  if (parameter.pattern == "net/ipv4/ping_group_range" && numbers[0] > numbers[1] &&
      !(numbers[0] == 1 && numbers[1] == 0)) {
    numbers = {1, 0};
    remarks.push_back({Surprise::changed, 0, length, "an inverted range becomes 1 0: no group"});
  }
  if (parameter.pattern == "net/core/rps_sock_flow_entries" && numbers[0] > 0) {
    Integer power = 1;
    while (power < numbers[0]) power *= 2;
    if (power != numbers[0]) {
      numbers[0] = power;
      remarks.push_back(
          {Surprise::changed, 0, length,
           fmt::format("the kernel rounds up to a power of two, {}", to_string(power))});
    }
  }
  return std::nullopt;
}

std::expected<Held, Refusal> held_numbers(const Parameter& parameter, const Value& before,
                                          std::string_view whole, int hz, const Range& range) {
  const std::string_view text = whole.substr(0, most_bytes);
  const std::size_t fields = parameter.fields;
  const std::vector<Integer> old(before.numbers().begin(), before.numbers().end());
  std::vector<Integer> numbers = old;
  numbers.resize(std::max(fields, old.size()));
  const auto refuse = [&](std::string reason, std::size_t at, std::size_t length) {
    return std::unexpected(Refusal{EINVAL, std::move(reason), at, length,
                                   is_atomic(parameter) ? before : Value::of_numbers(numbers)});
  };

  Held held;
  std::size_t at = 0;
  std::size_t field = 0;
  for (; field < fields; ++field) {
    at = skip_blanks(text, at);
    if (at >= text.size()) break;
    const std::string_view word = word_at(text, at);
    const std::expected<Token, std::string> token = read_token(text.substr(at));
    if (!token) return refuse(token.error(), at, word.size());
    const std::expected<Stored, std::string> stored = store(parameter, range, *token, word, hz);
    if (!stored) return refuse(stored.error(), at, word.size());
    remark_on_base(*token, text.substr(at, token->length), at, held.remarks);
    if (stored->surprise == Surprise::rounded) {
      held.remarks.push_back(
          {Surprise::rounded, at, token->length,
           fmt::format("the kernel's timer ticks {} times a second, so {} becomes {}", hz, word,
                       to_string(stored->number))});
    } else if (stored->surprise == Surprise::wrapped) {
      held.remarks.push_back(
          {Surprise::wrapped, at, token->length,
           fmt::format("only 32 bits count, so {} becomes {}", word, to_string(stored->number))});
    }
    numbers[field] = stored->number;
    at += token->length;
  }
  if (field == 0) {
    return refuse("a blank text is not a number", 0, whole.size());
  }
  if (field < fields) {
    held.remarks.push_back({Surprise::short_vector, 0, at, keeping(parameter, field)});
  } else {
    remark_on_rest(parameter, whole, at, held.remarks);
  }
  if (std::optional<std::string> reason = finish(parameter, numbers, held.remarks, at)) {
    return refuse(std::move(*reason), 0, at);
  }
  held.written = field;
  held.value = Value::of_numbers(std::move(numbers));
  return held;
}

std::expected<Held, Refusal> held_text(const Parameter& parameter, const Value& before,
                                       std::string_view whole) {
  Held held;
  std::string_view text = whole.substr(0, whole.find_first_of(std::string_view("\n\0", 2)));
  if (skip_blanks(whole, text.size() + 1) < whole.size()) {
    held.remarks.push_back({Surprise::cut, text.size(), whole.size() - text.size(),
                            "the kernel takes the first line alone"});
  }
  if (parameter.encoding == Encoding::word) {
    if (text.size() > longest_name) {
      held.remarks.push_back(
          {Surprise::cut, longest_name, text.size() - longest_name,
           fmt::format("the kernel cuts a name behind {} characters", longest_name)});
      text = text.substr(0, longest_name);
    }
    const std::size_t blank =
        static_cast<std::size_t>(std::ranges::find_if(text, is_blank) - text.begin());
    if (text.empty() || blank < text.size()) {
      return std::unexpected(
          Refusal{ENOENT,
                  text.empty() ? "an empty text is the name of nothing"
                               : "the kernel takes the blank for a part of the name, and no name "
                                 "has one",
                  blank, text.empty() ? whole.size() : 1, before});
    }
  }
  if (parameter.encoding == Encoding::words) {
    // Names stand one blank apart; where there is none between two blanks, the list ends.
    const std::size_t end = text.starts_with(' ') ? 0 : text.find("  ");
    if (end != std::string_view::npos && skip_blanks(text, end) < text.size()) {
      held.remarks.push_back({Surprise::cut, end, text.size() - end,
                              "the kernel ends the list at a blank that no name precedes"});
    }
    text = text.substr(0, end);
  }
  const std::expected<std::string, std::string> form = kernel_form(parameter, text);
  if (!form) return std::unexpected(Refusal{EINVAL, form.error(), 0, text.size(), before});
  held.value = Value::of_text(*form);
  return held;
}

}  // namespace

std::expected<Held, Refusal> held_after_write(const Parameter& parameter, const Value& before,
                                              std::string_view text, int hz, const Range& range) {
  if (text.empty()) {
    Held held{before, 0, {}};
    held.remarks.push_back({Surprise::nothing, 0, 0, "an empty write changes nothing"});
    return held;
  }
  if (is_numeric(parameter.encoding)) return held_numbers(parameter, before, text, hz, range);
  return held_text(parameter, before, text);
}

std::expected<Held, Refusal> held_after_write(const Parameter& parameter, const Value& before,
                                              std::string_view text, int hz) {
  return held_after_write(parameter, before, text, hz, range_on(parameter, {}));
}

}  // namespace nettune::sysctl
