// SPDX-License-Identifier: MIT
#include "engine/profile/value_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/sysctl/value.hpp"
#include "engine/sysctl/written.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;

std::string name_of(const sysctl::Parameter& parameter) {
  std::string name(parameter.pattern);
  std::ranges::replace(name, '/', '.');
  return name;
}

std::string field_name(const sysctl::Parameter& parameter, std::size_t field) {
  if (parameter.fields == 1) return name_of(parameter);
  const std::string_view name = field < 3 ? parameter.field_names[field].view() : "";
  return name.empty() ? fmt::format("field {} of {}", field + 1, name_of(parameter))
                      : fmt::format("the {} of {}", name, name_of(parameter));
}

// Bytes in units; a number of pages as it is, since nothing here knows how large one is.
std::string amount(Integer number, const sysctl::Parameter& parameter) {
  std::string text;
  if (parameter.unit == sysctl::Unit::bytes) text = readable(number, parameter.unit, 0);
  return text.empty() ? sysctl::to_string(number) : text;
}

// What the field will certainly be at least, and at most, once the profile is applied.
std::optional<Integer> certain_minimum(const FieldBounds& field) {
  if (!field.known) return std::nullopt;
  switch (field.rule->kind) {
    case Rule::Kind::exactly:
    case Rule::Kind::at_least:
    case Rule::Kind::between:
      return field.operands[0];
    case Rule::Kind::one_of:
      return *std::ranges::min_element(field.operands);
    case Rule::Kind::at_most:
    case Rule::Kind::keep:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Integer> certain_maximum(const FieldBounds& field) {
  if (!field.known) return std::nullopt;
  switch (field.rule->kind) {
    case Rule::Kind::exactly:
    case Rule::Kind::at_most:
      return field.operands[0];
    case Rule::Kind::between:
      return field.operands[1];
    case Rule::Kind::one_of:
      return *std::ranges::max_element(field.operands);
    case Rule::Kind::at_least:
    case Rule::Kind::keep:
      return std::nullopt;
  }
  return std::nullopt;
}

void check_order(const sysctl::Parameter& parameter, const std::vector<FieldBounds>& fields,
                 Diagnostics& diagnostics) {
  for (std::size_t low = 0; low < fields.size(); ++low) {
    const std::optional<Integer> minimum = certain_minimum(fields[low]);
    if (!minimum) continue;
    for (std::size_t high = low + 1; high < fields.size(); ++high) {
      const std::optional<Integer> maximum = certain_maximum(fields[high]);
      if (!maximum || *minimum <= *maximum) continue;
      diagnostics.list.push_back(
          {Severity::error, fields[high].rule->operands()[0].origin,
           fmt::format("{} ({}) is below its {} ({})", field_name(parameter, high),
                       amount(*maximum, parameter), parameter.field_names[low],
                       amount(*minimum, parameter)),
           fmt::format("the kernel takes the fields in any order and does not check them; write "
                       "them ascending: {}, {}, {}",
                       parameter.field_names[0], parameter.field_names[1],
                       parameter.field_names[2]),
           "inverted"});
      return;
    }
  }
}

// Some keys refuse a combination, or store another one by a rule of their own: what apply writes
// would never be what it reads.
void check_held(const sysctl::Parameter& parameter, const sysctl::Range& range, int hz,
                const std::vector<FieldBounds>& fields, Diagnostics& diagnostics) {
  std::vector<Integer> numbers;
  for (const FieldBounds& field : fields) {
    if (!field.known || field.rule->kind != Rule::Kind::exactly) return;
    numbers.push_back(field.operands[0]);
  }
  if (numbers.size() != parameter.fields) return;
  const sysctl::Value asked = sysctl::Value::of_numbers(std::move(numbers));
  const auto held = sysctl::held_after_write(parameter, asked, asked.to_string(), hz, range);
  if (held && held->value == asked) return;
  // Compared with this in mind: it is no drift.
  if (held && parameter.encoding == sysctl::Encoding::milliseconds) {
    diagnostics.list.push_back(
        {Severity::warning, fields[0].rule->operands()[0].origin,
         fmt::format("the kernel makes {} of {} for {}: its timer ticks {} times a second",
                     held->value.to_string(), asked.to_string(), name_of(parameter), hz),
         "", "rounded"});
    return;
  }
  diagnostics.list.push_back(
      {Severity::error, fields[0].rule->operands()[0].origin,
       held ? fmt::format("the kernel makes {} of {} for {}", held->value.to_string(),
                          asked.to_string(), name_of(parameter))
            : fmt::format("the kernel refuses {} for {}: {}", asked.to_string(), name_of(parameter),
                          held.error().reason),
       held && !held->remarks.empty() ? held->remarks.front().text : "", ""});
}

}  // namespace

sysctl::Range widest_range(const sysctl::Parameter& parameter) {
  sysctl::Range range{parameter.minimum, parameter.maximum};
  for (const sysctl::EarlierRange& earlier : parameter.earlier_ranges) {
    range.minimum = std::min(range.minimum, earlier.minimum);
    range.maximum = std::max(range.maximum, earlier.maximum);
  }
  return range;
}

void check_values(const sysctl::Parameter& parameter, const sysctl::Range& range, int hz,
                  const std::vector<FieldBounds>& fields, Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.list.size();
  for (std::size_t field = 0; field < fields.size(); ++field) {
    const FieldBounds& bounds = fields[field];
    if (!bounds.known) continue;
    for (std::size_t i = 0; i < bounds.operands.size(); ++i) {
      const Integer number = bounds.operands[i];
      if (number < range.minimum || number > range.maximum) {
        diagnostics.list.push_back(
            {Severity::error, bounds.rule->operands()[i].origin,
             fmt::format("the kernel refuses {} for {}", sysctl::to_string(number),
                         field_name(parameter, field)),
             fmt::format("it takes {} to {}", sysctl::to_string(range.minimum),
                         sysctl::to_string(range.maximum)),
             ""});
        continue;
      }
      for (const sysctl::Harm& harm : parameter.harms) {
        if (harm.field >= 0 && static_cast<std::size_t>(harm.field) != field) continue;
        if (!sysctl::holds(harm.comparison, number, harm.bound)) continue;
        diagnostics.list.push_back(
            {Severity::error, bounds.rule->operands()[i].origin,
             fmt::format("{} is harmful for {}: {}", sysctl::to_string(number),
                         field_name(parameter, field), harm.result),
             "", "harmful"});
        break;
      }
    }
    if (bounds.rule->kind == Rule::Kind::between && bounds.operands[0] > bounds.operands[1]) {
      diagnostics.list.push_back(
          {Severity::error, bounds.rule->operands()[0].origin,
           fmt::format("nothing lies between {} and {}", sysctl::to_string(bounds.operands[0]),
                       sysctl::to_string(bounds.operands[1])),
           "write the smaller bound first", ""});
    }
  }
  if (parameter.ordered) check_order(parameter, fields, diagnostics);
  if (diagnostics.list.size() == before) check_held(parameter, range, hz, fields, diagnostics);
}

}  // namespace nettune::profile
