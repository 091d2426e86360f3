// SPDX-License-Identifier: MIT
#include "engine/audit/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "engine/profile/kernel_default.hpp"
#include "engine/sysctl/written.hpp"

namespace nettune::audit {
namespace {

using profile::Desired;
using profile::Host;
using profile::ResolvedRule;
using profile::Rule;
using sysctl::Integer;
using sysctl::Parameter;
using sysctl::Unit;

// The unit that a number of the key is in, short; "" where it needs none.
std::string_view own_unit(Unit unit) {
  switch (unit) {
    case Unit::bytes:
      return "B";
    case Unit::seconds:
      return "s";
    case Unit::milliseconds:
      return "ms";
    case Unit::microseconds:
      return "us";
    case Unit::nanoseconds:
      return "ns";
    default:
      return "";
  }
}

// A number as a person reads it; `helps` is set where that says more than the digits.
std::string number_text(Integer number, Unit unit, const Host& host, Units units, bool& helps) {
  std::string text = profile::readable(number, unit, host.page_size);
  if (text.empty() && units == Units::always && number > 0 && !own_unit(unit).empty()) {
    text = fmt::format("{} {}", sysctl::to_string(number), own_unit(unit));
  }
  if (text.empty()) return sysctl::to_string(number);
  helps = true;
  return text;
}

std::string rule_text(const ResolvedRule& rule, Unit unit, const Host& host, Units units,
                      bool& helps) {
  const auto text = [&](Integer number) { return number_text(number, unit, host, units, helps); };
  switch (rule.kind) {
    case Rule::Kind::exactly:
      return rule.words().empty() ? text(rule.low) : rule.words().front();
    case Rule::Kind::at_least:
      return "at least " + text(rule.low);
    case Rule::Kind::at_most:
      return "at most " + text(rule.high);
    case Rule::Kind::between:
      return "between " + text(rule.low) + " and " + text(rule.high);
    case Rule::Kind::keep:
      return "keep";
    case Rule::Kind::one_of:
      break;
  }
  std::vector<std::string> items(rule.words().begin(), rule.words().end());
  for (const Integer number : rule.numbers()) items.push_back(text(number));
  return fmt::format("one of [{}]", fmt::join(items, ", "));
}

// As profile::to_string(Desired), with units; "" where that says the same.
std::string desired_readable(const Desired& desired, const Host& host, Units units) {
  if (desired.parameter == nullptr) return "";
  bool helps = false;
  std::vector<std::string> fields;
  fields.reserve(desired.rules().size());
  for (const ResolvedRule& rule : desired.rules()) {
    fields.push_back(rule_text(rule, desired.parameter->unit, host, units, helps));
  }
  if (!helps) return "";
  if (fields.size() == 1) return std::move(fields.front());
  return fmt::format("[{}]", fmt::join(fields, ", "));
}

std::string numbers_readable(std::span<const Integer> numbers, const Parameter* parameter,
                             const Host& host, Units units = Units::where_they_help) {
  if (parameter == nullptr) return "";
  bool helps = false;
  std::vector<std::string> fields;
  fields.reserve(numbers.size());
  for (const Integer number : numbers) {
    fields.push_back(number_text(number, parameter->unit, host, units, helps));
  }
  if (!helps) return "";
  return fmt::format("{}", fmt::join(fields, ", "));
}

// What the key holds once `text` was written to it; nullopt: the kernel refuses the text.
std::optional<sysctl::Value> after_write(const Desired& desired, const sysctl::Value& before,
                                         std::string_view text) {
  if (desired.parameter == nullptr) {
    const auto value = sysctl::Value::parse(nullptr, text);
    return value ? std::optional(*value) : std::nullopt;
  }
  auto held = sysctl::held_after_write(*desired.parameter, before, text, 0);
  if (!held) return std::nullopt;
  return std::move(held->value);
}

// A bound's number: ">2048" is "2048".
std::string_view bare_value(const Setter& setter) {
  return std::string_view(setter.value).substr(setter.bound == Setter::Bound::exactly ? 0 : 1);
}

// The same once `setter` has had its say. TuneD compares single numbers alone: of anything else it
// writes the sign as well.
std::optional<sysctl::Value> after_setter(const Desired& desired, const sysctl::Value& before,
                                          const Setter& setter) {
  const auto bound = sysctl::Value::parse(desired.parameter, bare_value(setter));
  const bool is_compared = setter.bound != Setter::Bound::exactly && bound &&
                           bound->numbers().size() == 1 && before.numbers().size() == 1;
  if (!is_compared) return after_write(desired, before, setter.value);
  const bool is_beyond = setter.bound == Setter::Bound::at_least
                             ? bound->numbers()[0] > before.numbers()[0]
                             : bound->numbers()[0] < before.numbers()[0];
  return is_beyond ? after_write(desired, before, bare_value(setter)) : before;
}

// Whether the key is as the profile wants it with `value` in it.
bool is_right(const Desired& desired, const sysctl::Value& value) {
  if (desired.keeps_all()) return true;
  const ResolvedRule& first = desired.rules().front();
  if (!first.words().empty()) {
    const bool is_list =
        desired.parameter != nullptr && desired.parameter->encoding == sysctl::Encoding::words;
    return std::ranges::any_of(first.words(), [&](const std::string& word) {
      const sysctl::Value wanted = sysctl::Value::of_text(word);
      return is_list ? wanted.same_words(value) : wanted.to_string() == value.to_string();
    });
  }
  const auto numbers = value.numbers();
  if (numbers.size() > desired.rules().size()) return false;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!allows(desired.rules()[i], desired.parameter, numbers[i])) return false;
  }
  return !numbers.empty();
}

std::string value_text(const Setter& setter, const Desired& desired,
                       const std::optional<sysctl::Value>& value, const Host& host) {
  const std::string raw = sysctl::Value::of_text(setter.value).to_string();
  if (setter.is_computed) return "what TuneD works out when it runs: " + raw;
  if (!value) return fmt::format("\"{}\"", raw);
  if (setter.bound != Setter::Bound::exactly) {
    const auto bound = sysctl::Value::parse(desired.parameter, bare_value(setter));
    const std::string readable = numbers_readable(bound->numbers(), desired.parameter, host);
    return fmt::format("at {} {}{}", setter.bound == Setter::Bound::at_least ? "least" : "most",
                       bare_value(setter), readable.empty() ? "" : fmt::format(" ({})", readable));
  }
  const std::string readable = numbers_readable(value->numbers(), desired.parameter, host);
  return readable.empty() ? raw : fmt::format("{} ({})", raw, readable);
}

// TuneD carries the files of sysctl.d out once more, after its profile.
bool is_reapplied(const Setter& setter) {
  return setter.loader == Loader::tuned &&
         (setter.file.starts_with("/etc/sysctl.") || setter.file.starts_with("/run/sysctl."));
}

// The last word of each loader, as a sentence each; loaders that end with the same line share one.
// Sets `overridden` where a line gives a key that is right now another value at boot.
void add_setters(const Conflict& conflict, const Finding& finding, const Host& host, Boot boot,
                 Row& row, bool& overridden) {
  const Desired& desired = *finding.desired;
  const sysctl::Value live = finding.live();
  const Setter* const last = conflict.last_at_boot();
  const bool has_tuned = last != nullptr && last->loader == Loader::tuned;
  for (std::size_t i = 0; i < conflict.setters.size(); ++i) {
    const Setter& setter = conflict.setters[i];
    if (!setter.wins) continue;
    const auto is_same_line = [&](const Setter& other) {
      return other.wins && other.file == setter.file && other.line == setter.line &&
             other.value == setter.value;
    };
    const auto begin = conflict.setters.begin();
    if (std::any_of(begin, begin + static_cast<std::ptrdiff_t>(i), is_same_line)) continue;
    std::vector<std::string_view> loaders;
    for (const Setter& other : conflict.setters) {
      if (is_same_line(other)) loaders.push_back(loader_name(other.loader));
    }
    // systemd-sysctl has its say, and TuneD another one after it.
    const bool is_undone = has_tuned && !is_same_line(*last);
    const std::optional<sysctl::Value> value =
        setter.is_computed ? std::nullopt : after_setter(desired, live, setter);
    // A bound that has nothing to raise or to lower.
    if (setter.bound != Setter::Bound::exactly && value == live &&
        live.to_string() != bare_value(setter)) {
      continue;
    }
    const bool right = value && is_right(desired, *value);
    if (finding.verdict == Verdict::match) {
      // A text that the kernel refuses leaves the right value in place, and what is worked out may.
      if (right || !value || is_undone) continue;
      overridden = true;
    }
    std::string sentence = fmt::format("{}:{} sets {}", setter.file, setter.line,
                                       value_text(setter, desired, value, host));
    if (setter.loader == Loader::tuned && !is_reapplied(setter)) {
      sentence += ", by the active TuneD profile";
    } else {
      sentence += fmt::format(" at boot ({})", fmt::join(loaders, " and "));
    }
    if (setter.is_computed) {
      // Neither refused nor right: nobody knows before it runs.
    } else if (!value) {
      sentence += ": the kernel refuses that text";
    } else if (is_undone) {
      sentence += fmt::format(", and TuneD another value after it ({}:{})", last->file, last->line);
    } else if (finding.verdict == Verdict::match && boot == Boot::service) {
      const std::string readable = desired_readable(desired, host, Units::where_they_help);
      sentence += fmt::format(", before nettuned sets {}: drop the line",
                              readable.empty() ? profile::to_string(desired) : readable);
    } else if (finding.verdict == Verdict::match) {
      sentence += ": right today, and no longer after the next boot";
    } else if (finding.verdict == Verdict::drift && *value == live) {
      sentence += ": that is the live value";
    } else if (finding.verdict == Verdict::drift && right) {
      sentence += ": that would be right, and something changed it since";
    }
    row.causes.push_back(std::move(sentence));
  }
  if (conflict.loaders_disagree && !row.causes.empty()) {
    row.causes.emplace_back(
        "systemd-sysctl and \"sysctl --system\" end with different values for it");
  }
}

void add_kernel_causes(const Finding& finding, const Host& host, Row& row) {
  const Parameter* parameter = finding.desired->parameter;
  if (parameter == nullptr || finding.verdict != Verdict::drift) return;
  profile::KernelDefault usual;
  const sysctl::Value live = finding.live();
  if (live.is_numeric() && profile::has_kernel_default(*parameter, host, usual) &&
      live.numbers().size() <= usual.numbers.size() &&
      std::ranges::equal(live.numbers(), std::span(usual.numbers).first(live.numbers().size()))) {
    row.causes.emplace_back("the live value is the kernel's own default on this host");
  }
  if (parameter->dead_since != sysctl::Version{} && host.kernel >= parameter->dead_since) {
    row.causes.push_back(fmt::format("the key has no effect since Linux {}",
                                     sysctl::to_string(parameter->dead_since)));
  }
}

// Something else has changed what nettune had written.
void add_change_since(const Finding& finding, std::span<const Left> left, const Host& host,
                      Row& row) {
  if (finding.verdict != Verdict::drift || left.empty()) return;
  const sysctl::Key& key = finding.desired->key;
  const auto found = std::ranges::lower_bound(left, key, {}, &Left::key);
  if (found == left.end() || found->key != key || found->text == finding.live_text) return;
  const std::string readable = readable_text(found->text, finding.desired->parameter, host);
  row.causes.push_back(fmt::format("something changed it since nettune left {}{} in it",
                                   sysctl::shown(found->text),
                                   readable.empty() ? "" : fmt::format(" ({})", readable)));
}

bool is_wrong(Verdict verdict) { return verdict != Verdict::match && verdict != Verdict::skipped; }

}  // namespace

std::string readable_text(std::string_view text, const Parameter* parameter, const Host& host,
                          Units units) {
  const auto value = sysctl::Value::parse(parameter, text);
  return value ? numbers_readable(value->numbers(), parameter, host, units) : std::string();
}

Report make_report(const profile::ResolvedProfile& resolved, Audit audit,
                   std::vector<Conflict> conflicts, Rows rows, std::span<const Left> left,
                   Boot boot) {
  Report report;
  report.audit_ = std::move(audit);
  report.conflicts_ = std::move(conflicts);
  const Host& host = resolved.host();
  if (rows == Rows::all) report.rows_.reserve(report.audit_.findings().size());
  auto conflict = report.conflicts_.begin();  // both are in the order of keys
  for (const Finding& finding : report.audit_.findings()) {
    const Desired& desired = *finding.desired;
    while (conflict != report.conflicts_.end() && conflict->key < desired.key) ++conflict;
    const bool contested = conflict != report.conflicts_.end() && conflict->key == desired.key;
    const bool is_wanted = rows == Rows::all || is_wrong(finding.verdict);
    if (!is_wanted && !contested) continue;
    Row row;
    row.finding = &finding;
    if (contested) {
      row.conflict = &*conflict;
      bool overridden = false;
      if (finding.verdict != Verdict::skipped) {
        add_setters(*conflict, finding, host, boot, row, overridden);
      }
      if (overridden) {
        ++(boot == Boot::service ? report.corrected_at_boot_ : report.overridden_at_boot_);
      }
      if (!is_wanted && !overridden) continue;
    }
    add_change_since(finding, left, host, row);
    add_kernel_causes(finding, host, row);
    row.key = desired.key.name();
    row.desired = profile::to_string(desired);
    row.desired_readable = desired_readable(desired, host, Units::where_they_help);
    row.live = finding.live_text;
    const sysctl::Value live = finding.live();
    row.live_readable = numbers_readable(live.numbers(), desired.parameter, host);
    // "15" beside "1 min": both with their unit.
    if (row.desired_readable.empty() && !row.live_readable.empty()) {
      row.desired_readable = desired_readable(desired, host, Units::always);
    } else if (row.live_readable.empty() && !row.desired_readable.empty()) {
      row.live_readable = numbers_readable(live.numbers(), desired.parameter, host, Units::always);
    }
    row.declared_at = describe(desired.entry->origin);
    row.why = desired.entry->why.view();
    row.reason = finding.reason.view();
    report.rows_.push_back(std::move(row));
  }
  // By key within each group. Not stable_partition(): Clang warns of what libstdc++ 12 does in it.
  std::ranges::sort(report.rows_, {}, [](const Row& row) {
    return std::pair(!is_wrong(row.finding->verdict), row.finding);
  });
  return report;
}

}  // namespace nettune::audit
