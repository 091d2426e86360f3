// SPDX-License-Identifier: MIT
// Quantity: an amount with a dimension, exact; and the expressions of the profile language that
// give one: "16 MiB", "4% ram", bdp(..), min(..), max(..).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/profile/host.hpp"
#include "engine/shared_text.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::profile {

enum class Dimension {
  number,    ///< without a unit: whatever the key counts
  bytes,     ///< base unit: byte
  pages,     ///< base unit: page of the host
  bit_rate,  ///< base unit: bit/s
  duration,  ///< base unit: nanosecond
};

/// numerator / denominator base units, in lowest terms; the denominator is positive. A literal's
/// digits are kept exactly: 1.5 MiB and 0.1 kB are what they say.
struct Quantity {
  sysctl::Integer numerator = 0;
  sysctl::Integer denominator = 1;
  Dimension dimension = Dimension::number;
};

struct Expression {
  enum class Kind {
    literal,      ///< quantity
    ram_percent,  ///< quantity is the percentage, a number
    bdp,          ///< arguments: a bit rate and a duration
    minimum,      ///< arguments: at least one
    maximum,
    word,  ///< a name, for keys that hold text
  };
  // Most of a profile's memory is these: `kind` and `origin` begin in what others leave over.
  [[no_unique_address]] Quantity quantity;
  Kind kind = Kind::literal;
  SharedText word;
  [[no_unique_address]] Origin origin;
  std::unique_ptr<std::vector<Expression>> of_call;  ///< the arguments of a call; else nullptr

  std::span<const Expression> arguments() const {
    return of_call == nullptr ? std::span<const Expression>() : *of_call;
  }
};

/// What is wrong with a text, as a diagnostic needs it. `offset` and `length` are bytes of the
/// text.
struct QuantityFault {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
  std::string help;
};

/// Parses one expression; the whole text must be one. `origin` is that of the text's first byte.
std::expected<Expression, QuantityFault> parse_expression(std::string_view text,
                                                          const Origin& origin);

/// The dimension that `expression` has, or why its parts do not fit together.
std::expected<Dimension, QuantityFault> dimension_of(const Expression& expression);

/// The amount in the unit of the key, for `host`. Rounding, always stated in the documents: pages
/// and `% ram` round down to the whole page or byte, bdp() rounds up to the whole byte; a literal
/// that is not a whole number of the key's unit is a fault. Overflow of 128 bits is a fault. A
/// fault names the expression it is about by its origin.
struct EvaluationFault {
  Origin origin;
  std::string message;
  std::string help;
};
std::expected<sysctl::Integer, EvaluationFault> evaluate(const Expression& expression,
                                                         sysctl::Unit unit, const Host& host);

/// Whether the value depends on the memory of the host.
bool uses_memory(const Expression& expression);

/// "16 MiB" for a number of bytes, "64 MiB" (of pages, with the host's page size), "2 h" …: what a
/// person reads beside the raw number; "" where the raw number says it all.
std::string readable(sysctl::Integer number, sysctl::Unit unit, std::uint32_t page_size);

}  // namespace nettune::profile
