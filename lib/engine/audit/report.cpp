// SPDX-License-Identifier: MIT
#include "engine/audit/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace nettune::audit {
namespace {

using profile::Desired;
using profile::Host;
using profile::ResolvedRule;
using profile::Rule;
using sysctl::Integer;
using sysctl::Parameter;
using sysctl::Unit;

// A number as a person reads it; `helps` is set where that says more than the digits.
std::string number_text(Integer number, Unit unit, const Host& host, bool& helps) {
  std::string text = profile::readable(number, unit, host.page_size);
  if (text.empty()) return sysctl::to_string(number);
  helps = true;
  return text;
}

std::string rule_text(const ResolvedRule& rule, Unit unit, const Host& host, bool& helps) {
  const auto text = [&](Integer number) { return number_text(number, unit, host, helps); };
  switch (rule.kind) {
    case Rule::Kind::exactly:
      return rule.words.empty() ? text(rule.low) : rule.words.front();
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
  std::vector<std::string> items = rule.words;
  for (const Integer number : rule.numbers) items.push_back(text(number));
  return fmt::format("one of [{}]", fmt::join(items, ", "));
}

// As profile::to_string(Desired), with units; "" where that says the same.
std::string desired_readable(const Desired& desired, const Host& host) {
  if (desired.parameter == nullptr) return "";
  bool helps = false;
  std::vector<std::string> fields;
  fields.reserve(desired.rules.size());
  for (const ResolvedRule& rule : desired.rules) {
    fields.push_back(rule_text(rule, desired.parameter->unit, host, helps));
  }
  if (!helps) return "";
  if (fields.size() == 1) return std::move(fields.front());
  return fmt::format("[{}]", fmt::join(fields, ", "));
}

std::string numbers_readable(std::span<const Integer> numbers, const Parameter* parameter,
                             const Host& host) {
  if (parameter == nullptr) return "";
  bool helps = false;
  std::vector<std::string> fields;
  fields.reserve(numbers.size());
  for (const Integer number : numbers) {
    fields.push_back(number_text(number, parameter->unit, host, helps));
  }
  if (!helps) return "";
  return fmt::format("{}", fmt::join(fields, ", "));
}

// What the kernel makes of the text of a foreign file: decimal, hexadecimal with 0x, octal with a
// leading 0; numbers beyond the key's fields are dropped. nullopt: it refuses the text.
std::optional<std::vector<Integer>> as_the_kernel_reads(std::string_view text,
                                                        std::size_t fields) {
  std::vector<Integer> numbers;
  for (std::size_t at = 0; numbers.size() < fields;) {
    at = text.find_first_not_of(" \t", at);
    if (at == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    std::string_view digits = text.substr(at, end - at);
    at = end;
    const bool negative = digits.starts_with('-');
    if (negative) digits.remove_prefix(1);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
      base = 16;
      digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits.front() == '0') {
      base = 8;
    }
    if (digits.empty() || digits.size() > 22) return std::nullopt;
    Integer number = 0;
    for (const char c : digits) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : base;
      if (digit >= base) return std::nullopt;
      number = number * base + digit;
    }
    numbers.push_back(negative ? -number : number);
  }
  if (numbers.empty()) return std::nullopt;
  return numbers;
}

enum class Fit { right, wrong, refused };

// Whether the key would be as the profile wants it, had this line alone set it.
Fit fit_of(const Setter& setter, const Desired& desired) {
  if (desired.keeps_all()) return Fit::right;
  if (!desired.rules.front().words.empty()) {
    const sysctl::Value value = sysctl::Value::of_text(setter.value);
    const bool is_list =
        desired.parameter != nullptr && desired.parameter->encoding == sysctl::Encoding::words;
    for (const std::string& word : desired.rules.front().words) {
      const sysctl::Value wanted = sysctl::Value::of_text(word);
      if (is_list ? wanted.same_words(value) : wanted == value) return Fit::right;
    }
    return Fit::wrong;
  }
  const auto numbers = as_the_kernel_reads(setter.value, desired.rules.size());
  if (!numbers) return Fit::refused;
  for (std::size_t i = 0; i < numbers->size(); ++i) {  // a short vector leaves the other fields
    if (!allows(desired.rules[i], desired.parameter, (*numbers)[i])) return Fit::wrong;
  }
  return Fit::right;
}

// Whether what this line wrote is what the kernel now has.
bool is_live(const Setter& setter, const Finding& finding) {
  if (!finding.live.is_numeric()) {
    return sysctl::Value::of_text(setter.value) == finding.live;
  }
  const auto live = finding.live.numbers();
  const auto numbers = as_the_kernel_reads(setter.value, live.size());
  return numbers && std::ranges::equal(*numbers, live.first(std::min(live.size(), numbers->size())));
}

std::string value_text(const Setter& setter, const Desired& desired, const Host& host) {
  const auto numbers = as_the_kernel_reads(setter.value, desired.rules.size());
  const std::string readable =
      numbers ? numbers_readable(*numbers, desired.parameter, host) : std::string();
  const std::string raw = sysctl::Value::of_text(setter.value).to_string();
  return readable.empty() ? raw : fmt::format("{} ({})", raw, readable);
}

// The last word of each loader, as a sentence each; loaders that end with the same line share one.
// Adds to `overridden` where a line gives a key that is right now another value at boot.
void add_setters(const Conflict& conflict, const Finding& finding, const Host& host, Row& row,
                 bool& overridden) {
  const Desired& desired = *finding.desired;
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
    const Fit fit = fit_of(setter, desired);
    if (finding.verdict == Verdict::match) {
      if (fit == Fit::right) continue;
      overridden = true;
    }
    std::string sentence = fmt::format("{}:{} sets {}", setter.file, setter.line,
                                       value_text(setter, desired, host));
    if (setter.loader == Loader::tuned) {
      sentence += ", by the active TuneD profile";
    } else {
      sentence += fmt::format(" at boot ({})", fmt::join(loaders, " and "));
    }
    if (fit == Fit::refused) {
      sentence += ": the kernel refuses that text";
    } else if (finding.verdict == Verdict::match) {
      sentence += ": right now, wrong after the next boot";
    } else if (finding.verdict == Verdict::drift && is_live(setter, finding)) {
      sentence += ": that is the live value";
    } else if (finding.verdict == Verdict::drift && fit == Fit::right) {
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
  if (finding.live.is_numeric() && profile::has_kernel_default(*parameter, host, usual) &&
      finding.live.numbers().size() <= usual.numbers.size() &&
      std::ranges::equal(finding.live.numbers(),
                         std::span(usual.numbers).first(finding.live.numbers().size()))) {
    row.causes.emplace_back("the live value is the kernel's own default on this host");
  }
  if (parameter->dead_since != sysctl::Version{} && host.kernel >= parameter->dead_since) {
    row.causes.push_back(fmt::format("the key has no effect since Linux {}",
                                     profile::to_string(parameter->dead_since)));
  }
}

bool is_wrong(Verdict verdict) {
  return verdict != Verdict::match && verdict != Verdict::skipped;
}

}  // namespace

Report make_report(const profile::ResolvedProfile& resolved, Audit audit,
                   std::vector<Conflict> conflicts) {
  Report report;
  report.audit_ = std::move(audit);
  report.conflicts_ = std::move(conflicts);
  const Host& host = resolved.host();
  report.rows_.reserve(report.audit_.findings().size());
  auto conflict = report.conflicts_.begin();  // both are in the order of keys
  for (const Finding& finding : report.audit_.findings()) {
    const Desired& desired = *finding.desired;
    Row row;
    row.finding = &finding;
    row.key = desired.key.name();
    row.desired = profile::to_string(desired);
    row.desired_readable = desired_readable(desired, host);
    row.live = finding.live_text;
    row.live_readable = numbers_readable(finding.live.numbers(), desired.parameter, host);
    row.declared_at = describe(desired.entry->origin);
    row.why = desired.entry->why;
    row.reason = finding.reason;
    while (conflict != report.conflicts_.end() && conflict->key < desired.key) ++conflict;
    if (conflict != report.conflicts_.end() && conflict->key == desired.key) {
      row.conflict = &*conflict;
      bool overridden = false;
      add_setters(*conflict, finding, host, row, overridden);
      if (overridden) ++report.overridden_at_boot_;
    }
    add_kernel_causes(finding, host, row);
    report.rows_.push_back(std::move(row));
  }
  std::ranges::stable_partition(report.rows_,
                                [](const Row& row) { return is_wrong(row.finding->verdict); });
  return report;
}

}  // namespace nettune::audit
