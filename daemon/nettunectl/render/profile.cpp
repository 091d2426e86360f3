// SPDX-License-Identifier: MIT
#include "render/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/sysctl/value.hpp"
#include "engine/text/characters.hpp"
#include "output/terminal.hpp"

namespace nettune::ctl {
namespace {

using profile::Dimension;
using profile::Entry;
using profile::Expression;
using profile::Quantity;
using profile::Rule;
using sysctl::Integer;

// Exact, for literals are: their denominators are products of 2 and 5.
std::string decimal(Integer numerator, Integer denominator) {
  std::string text;
  if (numerator < 0) {
    text = "-";
    numerator = -numerator;
  }
  text += sysctl::to_string(numerator / denominator);
  Integer rest = numerator % denominator;
  if (rest == 0) return text;
  text += '.';
  for (int digits = 0; rest != 0 && digits < 18; ++digits) {
    rest *= 10;
    text += static_cast<char>('0' + static_cast<int>(rest / denominator));
    rest %= denominator;
  }
  return text;
}

struct UnitStep {
  std::string_view name;
  Integer base_units;
};

constexpr auto byte_steps = std::to_array<UnitStep>({{"GiB", Integer{1} << 30},
                                                     {"GB", 1'000'000'000},
                                                     {"MiB", Integer{1} << 20},
                                                     {"MB", 1'000'000},
                                                     {"KiB", 1024},
                                                     {"kB", 1000}});
constexpr auto rate_steps =
    std::to_array<UnitStep>({{"Gbit/s", 1'000'000'000}, {"Mbit/s", 1'000'000}, {"kbit/s", 1000}});
constexpr auto time_steps = std::to_array<UnitStep>(
    {{"min", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1000}});

template <std::size_t Count>
std::string in_units(const Quantity& quantity, const std::array<UnitStep, Count>& steps,
                     std::string_view base) {
  // The largest unit that leaves a whole number; else the largest that leaves one above 1.
  if (quantity.denominator == 1 && quantity.numerator != 0) {
    for (const UnitStep& step : steps) {
      if (quantity.numerator % step.base_units == 0) {
        return fmt::format("{} {}", sysctl::to_string(quantity.numerator / step.base_units),
                           step.name);
      }
    }
  }
  if (base.empty() || quantity.denominator != 1) {
    const UnitStep& last = steps.back();
    return fmt::format("{} {}", decimal(quantity.numerator, quantity.denominator * last.base_units),
                       last.name);
  }
  return fmt::format("{} {}", sysctl::to_string(quantity.numerator), base);
}

std::string quantity_text(const Quantity& quantity) {
  switch (quantity.dimension) {
    case Dimension::number:
      break;
    case Dimension::bytes:
      return in_units(quantity, byte_steps, "B");
    case Dimension::pages:
      return decimal(quantity.numerator, quantity.denominator) + " pages";
    case Dimension::bit_rate:
      return in_units(quantity, rate_steps, "bit/s");
    case Dimension::duration:
      return in_units(quantity, time_steps, "");
  }
  return decimal(quantity.numerator, quantity.denominator);
}

std::string expression_text(const Expression& expression) {
  std::string_view function;
  switch (expression.kind) {
    case Expression::Kind::literal:
      return quantity_text(expression.quantity);
    case Expression::Kind::ram_percent:
      return decimal(expression.quantity.numerator, expression.quantity.denominator) + "% ram";
    case Expression::Kind::word:
      return std::string(expression.word.view());
    case Expression::Kind::bdp:
      function = "bdp";
      break;
    case Expression::Kind::minimum:
      function = "min";
      break;
    case Expression::Kind::maximum:
      function = "max";
      break;
  }
  std::vector<std::string> arguments;
  arguments.reserve(expression.arguments().size());
  for (const Expression& argument : expression.arguments()) {
    arguments.push_back(expression_text(argument));
  }
  return fmt::format("{}({})", function, fmt::join(arguments, ", "));
}

std::string operand_text(const Expression& operand, const sysctl::Parameter* parameter) {
  const bool is_flag = parameter != nullptr && parameter->unit == sysctl::Unit::flag &&
                       operand.kind == Expression::Kind::literal &&
                       operand.quantity.denominator == 1;
  if (is_flag && operand.quantity.numerator == 0) return "false";
  if (is_flag && operand.quantity.numerator == 1) return "true";
  return expression_text(operand);
}

std::string list_text(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const std::string& item : items) {
    if (text.size() > 1) text += ", ";
    text += yaml_scalar(item, true);
  }
  return text + "]";
}

}  // namespace

std::string text_of(const Rule& rule, const sysctl::Parameter* parameter) {
  std::vector<std::string> operands;
  operands.reserve(rule.operands().size());
  for (const Expression& operand : rule.operands()) {
    operands.push_back(operand_text(operand, parameter));
  }
  switch (rule.kind) {
    case Rule::Kind::exactly:
      return operands.empty() ? std::string() : operands.front();
    case Rule::Kind::at_least:
      return "at least " + operands.front();
    case Rule::Kind::at_most:
      return "at most " + operands.front();
    case Rule::Kind::between:
      return fmt::format("between {} and {}", operands.front(), operands.back());
    case Rule::Kind::one_of:
      return fmt::format("one of [{}]", fmt::join(operands, ", "));
    case Rule::Kind::keep:
      break;
  }
  return "keep";
}

std::string text_of(const Entry& entry) {
  if (entry.rules.size() == 1) return text_of(entry.rules.front(), entry.parameter);
  std::vector<std::string> fields;
  fields.reserve(entry.rules.size());
  for (const Rule& rule : entry.rules) fields.push_back(text_of(rule, entry.parameter));
  return fmt::format("[{}]", fmt::join(fields, ", "));
}

std::string yaml_scalar(std::string_view text, bool in_list) {
  const auto is_plain = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" ._/%()+-").contains(c) ||
           (!in_list && std::string_view(",[]").contains(c));
  };
  const auto begins_well = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.';
  };
  bool plain = !text.empty() && begins_well(text.front()) && text.back() != ' ';
  for (const char c : text) plain = plain && is_plain(c);
  if (text.size() > 1 && text.front() == '-') {  // a negative number
    plain = text.find_first_not_of("0123456789.", 1) == std::string_view::npos;
  }
  if (plain) return std::string(text);
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    const std::string_view bytes = text.substr(i, length);
    i += length;
    if (bytes == "\"" || bytes == "\\" || character.length == 0) quoted += '\\';
    // Where printable() writes an escape for a character, it is one of YAML as well.
    quoted += printable(bytes);
  }
  return quoted + '"';
}

std::string yaml_value(const Entry& entry) {
  if (entry.rules.size() == 1) return yaml_scalar(text_of(entry.rules.front(), entry.parameter));
  std::vector<std::string> fields;
  fields.reserve(entry.rules.size());
  for (const Rule& rule : entry.rules) fields.push_back(text_of(rule, entry.parameter));
  return list_text(fields);
}

std::string yaml_value(const profile::Desired& desired) {
  if (desired.rules().size() == 1) return yaml_scalar(profile::to_string(desired.rules().front()));
  std::vector<std::string> fields;
  fields.reserve(desired.rules().size());
  for (const profile::ResolvedRule& rule : desired.rules())
    fields.push_back(profile::to_string(rule));
  return list_text(fields);
}

std::string yaml_comment(std::string_view text) {
  // YAML takes what follows "# " to the end of the line; printable() leaves no line feed in it.
  return "  # " + printable(text);
}

std::string_view on_drift_text(profile::OnDrift on_drift) {
  return on_drift == profile::OnDrift::restore ? "restore" : "report";
}

void append_yaml_why(std::string& out, std::string_view text) {
  if (text.empty()) return;
  constexpr std::size_t width = 90;
  // A folded text has no escapes.
  const bool has_escapes = printable(text) != text;
  if (const std::string why = yaml_scalar(text); why.size() <= width || has_escapes) {
    out += fmt::format("    why: {}\n", why);
    return;
  }
  out += "    why: >-\n";
  for (const std::string& line : wrap(text, width)) {
    out += fmt::format("      {}\n", line);
  }
}

void append_yaml_entry(std::string& out, const std::string& key, const std::string& value,
                       const Entry& entry, const std::string& comment) {
  const std::string name = yaml_scalar(key);
  if (entry.why.empty() && !entry.optional && !entry.on_drift) {
    out += fmt::format("  {}: {}{}\n", name, value, comment);
    return;
  }
  out += fmt::format("  {}:{}\n    value: {}\n", name, comment, value);
  if (entry.optional) out += "    optional: true\n";
  if (entry.on_drift) out += fmt::format("    on-drift: {}\n", on_drift_text(*entry.on_drift));
  append_yaml_why(out, entry.why.view());
}

}  // namespace nettune::ctl
