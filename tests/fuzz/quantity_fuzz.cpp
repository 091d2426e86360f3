// SPDX-License-Identifier: MIT
// An expression's text, evaluated for several units and hosts. Its value does not depend on what it
// must not depend on, and each fault points into the text.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "engine/profile/quantity.hpp"
#include "engine/sysctl/value.hpp"
#include "invariant.hpp"

namespace {

using nettune::Origin;
using nettune::fuzz::invariant;
namespace profile = nettune::profile;
namespace sysctl = nettune::sysctl;

using Evaluated = std::expected<sysctl::Integer, profile::EvaluationFault>;

constexpr std::array units = {
    sysctl::Unit::none,    sysctl::Unit::bytes,        sysctl::Unit::pages,
    sysctl::Unit::packets, sysctl::Unit::seconds,      sysctl::Unit::milliseconds,
    sysctl::Unit::percent, sysctl::Unit::centiseconds, sysctl::Unit::nanoseconds};

profile::Host host_with(std::uint64_t memory, std::uint32_t page_size) {
  profile::Host host;
  host.memory_bytes = memory;
  host.page_size = page_size;
  return host;
}

bool same(const Evaluated& one, const Evaluated& other) {
  return one.has_value() == other.has_value() && (!one || *one == *other);
}

void check_fault(const profile::QuantityFault& fault, std::string_view text) {
  invariant(!fault.message.empty(), "a fault says something");
  invariant(fault.message.find('\n') == std::string::npos, "a message is one line");
  invariant(fault.offset <= text.size(), "a fault points into the text");
  invariant(fault.length <= text.size() - fault.offset + 1, "a fault ends within the text");
}

void check_origins(const profile::Expression& expression, const Origin& start, std::size_t size) {
  invariant(expression.origin.source == start.source && expression.origin.line == start.line,
            "an expression stays on its line");
  const int offset = expression.origin.column - start.column;
  invariant(offset >= 0 && static_cast<std::size_t>(offset) <= size,
            "an expression starts within the text");
  invariant(expression.quantity.denominator > 0, "a denominator is positive");
  for (const profile::Expression& argument : expression.arguments()) {
    check_origins(argument, start, size);
  }
}

bool names_pages(const profile::Expression& expression) {
  if (expression.kind == profile::Expression::Kind::literal &&
      expression.quantity.dimension == profile::Dimension::pages) {
    return true;
  }
  return std::ranges::any_of(expression.arguments(), names_pages);
}

sysctl::Integer floor_divide(sysctl::Integer number, sysctl::Integer divisor) {
  return number / divisor - (number % divisor < 0 ? 1 : 0);
}

// `usual` and `larger` are of two hosts that differ in their pages alone: 4 KiB and 64 KiB.
void check_page_size(const profile::Expression& expression, sysctl::Unit unit,
                     const Evaluated& usual, const Evaluated& larger) {
  const auto dimension = profile::dimension_of(expression);
  const bool counts_pages = unit == sysctl::Unit::pages;
  if (!names_pages(expression) && !counts_pages) {
    invariant(same(usual, larger), "without pages their size does not matter");
    return;
  }
  if (!dimension || !usual || !larger) return;  // a larger page may be more than the amount
  if (counts_pages && *dimension == profile::Dimension::pages) {
    invariant(*usual == *larger, "pages are as many pages on every host");
  } else if (counts_pages && !names_pages(expression)) {
    const bool is_memory = *dimension == profile::Dimension::bytes;
    invariant(*larger == (is_memory ? floor_divide(*usual, 16) : *usual),
              "an amount is a sixteenth of the pages where each is sixteen times as large");
  }
}

// A whole number that a key may hold is itself, whatever the unit of the key.
void check_whole_number(sysctl::Integer number, sysctl::Unit unit, const Origin& origin) {
  if (number < 0 || number > UINT64_MAX) return;
  const std::string text = sysctl::to_string(number);
  const auto parsed = profile::parse_expression(text, origin);
  invariant(parsed.has_value(), "a value can be written as a plain number");
  const Evaluated again = profile::evaluate(*parsed, unit, host_with(0, 4096));
  invariant(again && *again == number, "a plain number is itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const nettune::Source source{"fuzz.yaml", std::string(text)};
  const Origin origin{&source, 1, 1, 1};
  const auto parsed = profile::parse_expression(text, origin);
  if (!parsed) {
    check_fault(parsed.error(), text);
    return 0;
  }
  check_origins(*parsed, origin, size);
  const auto dimension = profile::dimension_of(*parsed);
  if (!dimension) check_fault(dimension.error(), text);

  const profile::Host small = host_with(512ull << 20, 4096);
  const profile::Host large = host_with(1ull << 40, 4096);
  const profile::Host arm = host_with(1ull << 40, 65536);
  const profile::Host unknown = host_with(0, 4096);
  for (const sysctl::Unit unit : units) {
    const Evaluated on_small = profile::evaluate(*parsed, unit, small);
    const Evaluated on_large = profile::evaluate(*parsed, unit, large);
    const Evaluated on_unknown = profile::evaluate(*parsed, unit, unknown);
    check_page_size(*parsed, unit, on_large, profile::evaluate(*parsed, unit, arm));
    if (!dimension) invariant(!on_small, "parts that do not fit together have no value");
    if (profile::uses_memory(*parsed)) {
      invariant(!on_unknown, "a share of an unknown memory has no value");
      if (on_small && on_large) {
        invariant(*on_small <= *on_large, "more memory does not give less");
      }
    } else {
      invariant(same(on_small, on_large) && same(on_small, on_unknown),
                "without \"ram\" the memory does not matter");
    }
    if (!on_small) {
      invariant(!on_small.error().message.empty(), "a fault says something");
      continue;
    }
    check_whole_number(*on_small, unit, origin);
    static_cast<void>(profile::readable(*on_small, unit, 4096));
    if (size > 100) continue;  // deeper texts meet the parser's own limits
    for (const char* wrap : {"min", "max"}) {
      const std::string wrapped = std::string(wrap) + "(" + std::string(text) + ")";
      const auto again = profile::parse_expression(wrapped, origin);
      if (!again) continue;  // nested as deep as it may be, or a word
      // Comparing may overflow where the amount alone does not.
      const Evaluated wrapped_value = profile::evaluate(*again, unit, small);
      invariant(!wrapped_value || *wrapped_value == *on_small,
                "the least and the greatest of one is that one");
    }
  }
  return 0;
}
