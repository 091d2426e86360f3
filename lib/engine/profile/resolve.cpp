// SPDX-License-Identifier: MIT
#include "engine/profile/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "engine/profile/value_checks.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;

struct ResolvedFields {
  std::vector<ResolvedRule> rules;
  std::vector<FieldBounds> bounds;
};

void set_numbers(ResolvedRule& rule, const std::vector<Integer>& operands) {
  switch (rule.kind) {
    case Rule::Kind::exactly:
      rule.low = rule.high = operands[0];
      break;
    case Rule::Kind::at_least:
      rule.low = operands[0];
      break;
    case Rule::Kind::at_most:
      rule.high = operands[0];
      break;
    case Rule::Kind::between:
      rule.low = operands[0];
      rule.high = operands[1];
      break;
    case Rule::Kind::one_of:
      rule.numbers = operands;
      break;
    case Rule::Kind::keep:
      break;
  }
}

// nullopt where an expression has no amount on this host.
std::optional<ResolvedFields> numbers_of(const Entry& entry, const sysctl::Parameter* parameter,
                                         const Host& host, Diagnostics& diagnostics) {
  const sysctl::Unit unit = parameter == nullptr ? sysctl::Unit::none : parameter->unit;
  ResolvedFields fields;
  fields.rules.reserve(entry.rules.size());
  fields.bounds.reserve(entry.rules.size());
  bool good = true;
  for (const Rule& rule : entry.rules) {
    ResolvedRule resolved;
    resolved.kind = rule.kind;
    FieldBounds bounds{false, &rule, {}};
    bounds.operands.reserve(rule.operands.size());
    for (const Expression& operand : rule.operands) {
      if (operand.kind == Expression::Kind::word) {
        resolved.words.push_back(operand.word);
        continue;
      }
      const std::expected<Integer, EvaluationFault> number = evaluate(operand, unit, host);
      if (!number) {
        diagnostics.list.push_back({Severity::error, number.error().origin, number.error().message,
                                    number.error().help, ""});
        good = false;
        continue;
      }
      bounds.operands.push_back(*number);
    }
    if (bounds.operands.size() == rule.operands.size() && !rule.operands.empty()) {
      bounds.known = true;
      set_numbers(resolved, bounds.operands);
    }
    fields.rules.push_back(std::move(resolved));
    fields.bounds.push_back(std::move(bounds));
  }
  if (!good) return std::nullopt;
  return fields;
}

std::string rule_text(const ResolvedRule& rule) {
  const auto number = [](Integer n) { return sysctl::to_string(n); };
  switch (rule.kind) {
    case Rule::Kind::exactly:
      return rule.words.empty() ? number(rule.low) : rule.words.front();
    case Rule::Kind::at_least:
      return "at least " + number(rule.low);
    case Rule::Kind::at_most:
      return "at most " + number(rule.high);
    case Rule::Kind::between:
      return "between " + number(rule.low) + " and " + number(rule.high);
    case Rule::Kind::keep:
      return "keep";
    case Rule::Kind::one_of:
      break;
  }
  std::vector<std::string> items = rule.words;
  for (const Integer n : rule.numbers) items.push_back(number(n));
  return fmt::format("one of [{}]", fmt::join(items, ", "));
}

}  // namespace

std::string to_string(const Desired& desired) {
  if (desired.rules.size() == 1) return rule_text(desired.rules.front());
  const bool is_exact = std::ranges::all_of(
      desired.rules, [](const ResolvedRule& rule) { return rule.kind == Rule::Kind::exactly; });
  std::vector<std::string> fields;
  fields.reserve(desired.rules.size());
  for (const ResolvedRule& rule : desired.rules) fields.push_back(rule_text(rule));
  if (is_exact) return fmt::format("{}", fmt::join(fields, " "));
  return fmt::format("[{}]", fmt::join(fields, ", "));
}

std::optional<ResolvedProfile> resolve(Profile profile, const Host& host, const sysctl::Tree& tree,
                                       Diagnostics& diagnostics) {
  ResolvedProfile unresolved;
  unresolved.profile_ = std::make_shared<const Profile>(std::move(profile));
  unresolved.host_ = host;
  return resolve_again(unresolved, tree, diagnostics);
}

std::optional<ResolvedProfile> resolve_again(const ResolvedProfile& known, const sysctl::Tree& tree,
                                             Diagnostics& diagnostics) {
  const Host& host = known.host();
  ResolvedProfile resolved;
  resolved.profile_ = known.profile_;
  resolved.host_ = host;
  for (const Requirement& requirement : resolved.profile_->requirements()) {
    if (std::optional<std::string> reason = unmet(requirement, host)) {
      resolved.unmet_.push_back(std::move(*reason));
    }
  }

  // The entry that decides a key: the last that names it, else the last glob that matches it.
  const std::vector<Entry>& entries = resolved.profile_->entries();
  std::unordered_map<std::string_view, const Entry*> named;
  named.reserve(entries.size());
  for (const Entry& entry : entries) {
    if (entry.key.is_literal()) named.insert_or_assign(entry.key.pattern(), &entry);
  }
  std::unordered_map<std::string, std::pair<sysctl::Key, const Entry*>> matched;
  for (const Entry& entry : entries) {
    if (entry.key.is_literal()) continue;
    const Result<std::vector<sysctl::Key>> keys = tree.list(entry.key);
    if (!keys || keys->empty()) {
      resolved.unmatched_.push_back(&entry);
      continue;
    }
    for (const sysctl::Key& key : *keys) {
      if (named.contains(key.path())) continue;
      matched.insert_or_assign(key.path(), std::pair{key, &entry});
    }
  }
  std::vector<std::pair<sysctl::Key, const Entry*>> chosen;
  chosen.reserve(named.size() + matched.size());
  for (const Entry& entry : entries) {
    if (!entry.key.is_literal() || named[entry.key.pattern()] != &entry) continue;
    chosen.emplace_back(entry.key.literal(), &entry);
  }
  for (auto& [path, match] : matched) chosen.push_back(std::move(match));
  const auto key_of = [](const auto& item) -> const sysctl::Key& { return item.first; };
  if (!std::ranges::is_sorted(chosen, {}, key_of)) std::ranges::sort(chosen, {}, key_of);

  bool good = true;
  resolved.desired_.reserve(chosen.size());
  const Entry* reported = nullptr;
  for (auto& [key, entry] : chosen) {
    Desired desired{.key = std::move(key), .parameter = nullptr, .entry = entry, .rules = {}};
    desired.parameter =
        entry->parameter != nullptr ? entry->parameter : sysctl::find_parameter(desired.key);
    // One diagnostic for a glob, not one for each of its keys.
    Diagnostics of_this;
    std::optional<ResolvedFields> fields = numbers_of(*entry, desired.parameter, host, of_this);
    if (fields && desired.parameter != nullptr && sysctl::is_numeric(desired.parameter->encoding)) {
      check_values(*desired.parameter, sysctl::range_on(*desired.parameter, host.kernel),
                   fields->bounds, of_this);
    }
    if (!fields) good = false;
    if (!of_this.list.empty() && reported != entry) {
      std::ranges::move(of_this.list, std::back_inserter(diagnostics.list));
      reported = entry;
    }
    if (!fields) continue;
    desired.rules = std::move(fields->rules);
    resolved.desired_.push_back(std::move(desired));
  }
  for (const SourcePtr& source : resolved.profile_->sources()) {
    if (std::ranges::find(diagnostics.sources, source) == diagnostics.sources.end()) {
      diagnostics.sources.push_back(source);
    }
  }
  if (!good) return std::nullopt;
  return resolved;
}

}  // namespace nettune::profile
