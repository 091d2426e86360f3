// SPDX-License-Identifier: MIT
#include "engine/profile/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string_view>
#include <unordered_map>

#include "engine/profile/value_checks.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;

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
      rule.choices =
          std::make_unique<const ResolvedRule::Choices>(ResolvedRule::Choices{operands, {}});
      break;
    case Rule::Kind::keep:
      break;
  }
}

// Appends the rules in numbers to `rules`, and sets `fields` for check_values(): its memory serves
// one key after another. False where an expression has no amount on this host.
bool resolve_rules(const Entry& entry, const sysctl::Parameter* parameter, const Host& host,
                   std::vector<ResolvedRule>& rules, std::vector<FieldBounds>& fields,
                   Diagnostics& diagnostics) {
  const sysctl::Unit unit = parameter == nullptr ? sysctl::Unit::none : parameter->unit;
  fields.resize(entry.rules.size());
  bool good = true;
  for (std::size_t i = 0; i < entry.rules.size(); ++i) {
    const Rule& rule = entry.rules[i];
    ResolvedRule resolved;
    resolved.kind = rule.kind;
    FieldBounds& bounds = fields[i];
    bounds.begin(rule);
    std::vector<std::string> words;
    for (const Expression& operand : rule.operands()) {
      if (operand.kind == Expression::Kind::word) {
        words.emplace_back(operand.word.view());
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
    if (bounds.operands.size() == rule.operands().size() && !rule.operands().empty()) {
      bounds.known = true;
      set_numbers(resolved, bounds.operands);
    }
    if (!words.empty()) {
      resolved.choices = std::make_unique<const ResolvedRule::Choices>(
          ResolvedRule::Choices{{}, std::move(words)});
    }
    rules.push_back(std::move(resolved));
  }
  return good;
}

// The kernel refuses CPUs that it can't have.
void check_mask(const Entry& entry, const Host& host, Diagnostics& diagnostics) {
  for (const Rule& rule : entry.rules) {
    for (const Expression& operand : rule.operands()) {
      if (operand.kind != Expression::Kind::word) continue;
      // As kernel_form() has it: no zero before the first digit.
      std::string digits(operand.word.view());
      std::erase(digits, ',');
      if (digits.empty() || digits == "0") continue;
      constexpr std::string_view two_bits = "23";
      constexpr std::string_view three_bits = "4567";
      const std::size_t bits = digits.front() == '1'                 ? 1
                               : two_bits.contains(digits.front())   ? 2
                               : three_bits.contains(digits.front()) ? 3
                                                                     : 4;
      const std::size_t highest = (digits.size() - 1) * 4 + bits - 1;
      const std::size_t count = possible_cpus(host);
      if (count == 0 || highest < count) continue;
      diagnostics.list.push_back(
          {Severity::error, operand.origin,
           fmt::format("the kernel refuses a mask with CPU {} for {}: this host has at most {}",
                       highest, entry.key.name(), count),
           fmt::format("its CPUs are 0 to {}, the lowest bits of the mask", count - 1), "refused"});
    }
  }
}

// What a number will be once the profile is applied, where that is certain: what the profile says
// exactly, or the live value of a key that it leaves alone.
struct Certain {
  Integer number = 0;
  const Origin* origin = nullptr;  // of the profile's own
};

std::optional<Certain> certain_number(const ResolvedProfile& resolved, const sysctl::Tree& tree,
                                      std::string_view path, std::size_t field) {
  const auto path_of = [](const Desired& desired) { return desired.key.path(); };
  const auto found = std::ranges::lower_bound(resolved.desired(), path, {}, path_of);
  const bool is_there = found != resolved.desired().end() && path_of(*found) == path;
  if (is_there && !found->keeps_all() && field < found->rules().size() &&
      found->rules()[field].kind != Rule::Kind::keep) {
    const ResolvedRule& rule = found->rules()[field];
    if (rule.kind != Rule::Kind::exactly || !rule.words().empty()) return std::nullopt;
    return Certain{rule.low, &found->entry->rules[std::min(field, found->entry->rules.size() - 1)]
                                  .operands()
                                  .front()
                                  .origin};
  }
  const auto key = sysctl::Key::parse(path);
  const Result<std::string> text = tree.read(*key);
  if (!text) return std::nullopt;
  const auto value = sysctl::Value::parse(sysctl::find_parameter(*key), *text);
  if (!value || value->numbers().size() <= field) return std::nullopt;
  return Certain{value->numbers()[field], nullptr};
}

// Numbers that the kernel refuses beside those of another key.
void check_bounds(const ResolvedProfile& resolved, const sysctl::Tree& tree,
                  Diagnostics& diagnostics) {
  const auto is_named = [&](std::string_view path) {
    return std::ranges::binary_search(resolved.desired(), path, {},
                                      [](const Desired& desired) { return desired.key.path(); });
  };
  for (const sysctl::Parameter& parameter : sysctl::all_parameters()) {
    const sysctl::Bound& bound = parameter.bounded_by;
    const bool is_checked_once = bound.kind == sysctl::BoundKind::checked_once;
    if (bound.kind != sysctl::BoundKind::checked && !is_checked_once) continue;
    const std::string_view key = parameter.pattern;
    if (!is_named(key) && !is_named(bound.key)) continue;
    const auto low = certain_number(resolved, tree, key, bound.field);
    const auto high = certain_number(resolved, tree, bound.key, bound.key_field);
    if (!low || !high || low->number <= high->number) continue;
    const Certain& own = low->origin != nullptr ? *low : *high;
    if (own.origin == nullptr) continue;
    const bool is_low = &own == &*low;
    if (!is_low && is_checked_once) continue;
    const Certain& other = is_low ? *high : *low;
    diagnostics.list.push_back(
        {Severity::error, *own.origin,
         fmt::format("the kernel refuses {} for {}: {} is {}{}", sysctl::to_string(own.number),
                     sysctl::name_of(is_low ? key : bound.key.view()),
                     sysctl::name_of(is_low ? bound.key.view() : key),
                     sysctl::to_string(other.number), other.origin == nullptr ? " now" : ""),
         fmt::format("{} is at most {}", sysctl::name_of(key), sysctl::name_of(bound.key)),
         "refused"});
  }
}

// Of the entries that `entry_of` gives for the items.
template <typename Items, typename EntryOf>
std::size_t rule_count(const Items& items, EntryOf entry_of) {
  std::size_t count = 0;
  for (const auto& item : items) count += entry_of(item)->rules.size();
  return count;
}

// Globs whose keys lie in the same folders under the same names, but for what their signs match:
// these are listed once for all of them.
struct GlobGroup {
  sysctl::KeyGlob shape;  ///< each component with a sign in it is "*"
  std::vector<const Entry*> globs;
};

std::string shape_of(std::string_view pattern) {
  std::string shape;
  for (std::size_t begin = 0; begin <= pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    const std::string_view component = pattern.substr(begin, end - begin);
    if (begin > 0) shape += '/';
    shape += component.find_first_of("*?[") == std::string_view::npos ? component : "*";
    begin = end + 1;
  }
  return shape;
}

std::vector<GlobGroup> grouped_globs(const std::vector<Entry>& entries) {
  std::vector<GlobGroup> groups;
  std::unordered_map<std::string, std::size_t> places;
  for (const Entry& entry : entries) {
    if (entry.key.is_literal()) continue;
    std::string shape = shape_of(entry.key.pattern());
    const auto [place, is_new] = places.try_emplace(std::move(shape), groups.size());
    // As long as one that was parsed, or shorter, and of the same components.
    if (is_new) groups.push_back({*sysctl::KeyGlob::parse(place->first), {}});
    groups[place->second].globs.push_back(&entry);
  }
  return groups;
}

// The last of the group's globs that matches each of `keys`, nullptr for none. A glob that matches
// no key at all is added to `unmatched`.
std::vector<const Entry*> last_matches(const GlobGroup& group, const std::vector<sysctl::Key>& keys,
                                       std::vector<const Entry*>& unmatched) {
  std::vector<const Entry*> last(keys.size(), nullptr);
  // From the last on: of a key that has its glob, none before counts.
  for (const Entry* entry : std::views::reverse(group.globs)) {
    const std::string_view pattern = entry->key.pattern();
    const std::size_t sign = pattern.find_first_of("*?[");
    const std::string_view prefix = pattern.substr(0, sign);
    const std::string_view suffix = pattern.substr(sign + 1);
    // Every key that has the shape and this beginning and end is one that matches.
    const bool is_simple =
        pattern[sign] == '*' && suffix.find_first_of("*?[") == std::string_view::npos;
    // The keys are sorted: those that begin as the glob does stand together.
    auto key = std::ranges::lower_bound(keys, prefix, {}, &sysctl::Key::path);
    bool is_matched = false;
    for (; key != keys.end() && key->path().starts_with(prefix); ++key) {
      const Entry*& glob = last[static_cast<std::size_t>(key - keys.begin())];
      if (glob != nullptr && is_matched) continue;
      const bool matches = is_simple ? key->path().size() >= prefix.size() + suffix.size() &&
                                           key->path().ends_with(suffix)
                                     : entry->key.matches(*key);
      if (!matches) continue;
      if (glob == nullptr) glob = entry;
      is_matched = true;
    }
    if (!is_matched) unmatched.push_back(entry);
  }
  return last;
}

}  // namespace

std::string to_string(const ResolvedRule& rule) {
  const auto number = [](Integer n) { return sysctl::to_string(n); };
  switch (rule.kind) {
    case Rule::Kind::exactly:
      return rule.words().empty() ? number(rule.low) : rule.words().front();
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
  std::vector<std::string> items(rule.words().begin(), rule.words().end());
  for (const Integer n : rule.numbers()) items.push_back(number(n));
  return fmt::format("one of [{}]", fmt::join(items, ", "));
}

std::string to_string(const Desired& desired) {
  if (desired.rules().size() == 1) return to_string(desired.rules().front());
  const bool is_exact = std::ranges::all_of(
      desired.rules(), [](const ResolvedRule& rule) { return rule.kind == Rule::Kind::exactly; });
  std::vector<std::string> fields;
  fields.reserve(desired.rules().size());
  for (const ResolvedRule& rule : desired.rules()) fields.push_back(to_string(rule));
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
  // Before what lives shorter: memory that is freed below the result is no use to who goes on.
  resolved.desired_.reserve(entries.size());
  resolved.rules_.reserve(rule_count(entries, [](const Entry& entry) { return &entry; }));
  std::vector<const Entry*> named;  // by key
  named.reserve(entries.size());
  for (const Entry& entry : entries) {
    if (entry.key.is_literal()) named.push_back(&entry);
  }
  const auto pattern_of = [](const Entry* entry) { return entry->key.pattern(); };
  if (!std::ranges::is_sorted(named, {}, pattern_of)) {
    std::ranges::stable_sort(named, {}, pattern_of);
  }
  bool good = true;
  const auto is_named = [&](const sysctl::Key& key) {
    return std::ranges::binary_search(named, key.path(), {}, pattern_of);
  };
  std::unordered_map<sysctl::Key, const Entry*> matched;
  const auto match = [&](const sysctl::Key& key, const Entry* entry) {
    const auto [place, is_new] = matched.try_emplace(key, entry);
    if (!is_new && place->second < entry) place->second = entry;  // the later of the entries
  };
  for (const GlobGroup& group : grouped_globs(entries)) {
    const sysctl::KeyGlob& listed =
        group.globs.size() == 1 ? group.globs.front()->key : group.shape;
    const Result<std::vector<sysctl::Key>> keys = tree.list(listed);
    if (!keys) {
      for (const Entry* entry : group.globs) {
        diagnostics.list.push_back({Severity::error,
                                    entry->origin,
                                    "its keys can't be listed: " + describe(keys.error()),
                                    {},
                                    {}});
      }
      good = false;
      continue;
    }
    const std::vector<const Entry*> last = last_matches(group, *keys, resolved.unmatched_);
    for (std::size_t i = 0; i < keys->size(); ++i) {
      if (last[i] != nullptr && !is_named((*keys)[i])) match((*keys)[i], last[i]);
    }
  }
  std::ranges::sort(resolved.unmatched_);  // in the order of the entries
  std::vector<std::pair<sysctl::Key, const Entry*>> chosen;
  chosen.reserve(named.size() + matched.size());
  for (std::size_t i = 0; i < named.size(); ++i) {
    const bool is_last = i + 1 == named.size() || pattern_of(named[i]) != pattern_of(named[i + 1]);
    if (is_last) chosen.emplace_back(named[i]->key.literal(), named[i]);
  }
  for (const auto& [key, entry] : matched) chosen.emplace_back(key, entry);
  const auto key_of = [](const auto& item) -> const sysctl::Key& { return item.first; };
  if (!std::ranges::is_sorted(chosen, {}, key_of)) std::ranges::sort(chosen, {}, key_of);

  resolved.desired_.reserve(chosen.size());
  // The rules stay where they are: desired_ points to them.
  resolved.rules_.reserve(rule_count(chosen, [](const auto& item) { return item.second; }));
  const Entry* reported = nullptr;
  std::vector<FieldBounds> bounds;
  for (auto& [key, entry] : chosen) {
    Desired desired{
        .key = std::move(key), .parameter = nullptr, .entry = entry, .first_rule = nullptr};
    desired.parameter =
        entry->parameter != nullptr ? entry->parameter : sysctl::find_parameter(desired.key);
    // One diagnostic for a glob, not one for each of its keys.
    Diagnostics of_this;
    const std::size_t before = resolved.rules_.size();
    const bool has_numbers =
        resolve_rules(*entry, desired.parameter, host, resolved.rules_, bounds, of_this);
    if (has_numbers && desired.parameter != nullptr &&
        sysctl::is_numeric(desired.parameter->encoding)) {
      check_values(*desired.parameter, sysctl::range_on(*desired.parameter, host.kernel),
                   host.timer_hz, bounds, of_this);
    }
    if (desired.parameter != nullptr && desired.parameter->encoding == sysctl::Encoding::cpu_mask) {
      check_mask(*entry, host, of_this);
    }
    if (!has_numbers) good = false;
    if (!of_this.list.empty() && reported != entry) {
      std::ranges::move(of_this.list, std::back_inserter(diagnostics.list));
      reported = entry;
    }
    desired.first_rule = resolved.rules_.data() + before;
    resolved.desired_.push_back(std::move(desired));
  }
  if (good) check_bounds(resolved, tree, diagnostics);
  for (const SourcePtr& source : resolved.profile_->sources()) {
    if (std::ranges::find(diagnostics.sources, source) == diagnostics.sources.end()) {
      diagnostics.sources.push_back(source);
    }
  }
  if (!good) return std::nullopt;
  return resolved;
}

}  // namespace nettune::profile
