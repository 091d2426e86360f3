// SPDX-License-Identifier: MIT
#include "engine/audit/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>

namespace nettune::audit {
namespace {

using profile::Desired;
using profile::ResolvedRule;
using profile::Rule;
using sysctl::Integer;
using sysctl::Parameter;

constexpr Integer jiffy_rates[] = {100, 250, 300, 1000};  // CONFIG_HZ: the four that Kconfig offers

// What the kernel makes of `milliseconds`: rounded up to a jiffy, and printed rounded up as well
// (jiffies_to_msecs() where a jiffy is no whole number of them).
Integer rounded_to_jiffies(Integer milliseconds, Integer rate) {
  const Integer jiffies = (milliseconds * rate + 999) / 1000;
  return (jiffies * 1000 + rate - 1) / rate;
}

bool is_same_number(const Parameter* parameter, Integer desired, Integer live) {
  if (desired == live) return true;
  if (parameter == nullptr) return false;
  // Every number but 0 is on: a live 2 is what `true` asked for.
  if (parameter->unit == sysctl::Unit::flag) return (desired != 0) == (live != 0);
  if (parameter->encoding == sysctl::Encoding::milliseconds) {
    return std::ranges::any_of(
        jiffy_rates, [&](Integer rate) { return rounded_to_jiffies(desired, rate) == live; });
  }
  return false;
}

bool allows_text(const ResolvedRule& rule, const Parameter* parameter, const sysctl::Value& live) {
  const bool is_list = parameter != nullptr && parameter->encoding == sysctl::Encoding::words;
  return std::ranges::any_of(rule.words(), [&](const std::string& word) {
    const sysctl::Value desired = sysctl::Value::of_text(word);
    return is_list ? desired.same_words(live) : desired == live;
  });
}

// Facts about the tree that several keys need, read once when first asked for.
class Surroundings {
 public:
  Surroundings(const sysctl::Tree& tree, const profile::Host& host) : tree_(tree), host_(host) {}

  bool is_child_namespace() {
    if (!is_child_) is_child_ = host_.is_child_namespace || shows_host_keys_read_only();
    return *is_child_;
  }

  // The words that the kernel has loaded; "" where it lists none.
  const std::string& available(const sysctl::Choices& choices) {
    const auto [found, is_new] = available_.try_emplace(choices.listed_by);
    if (is_new) {
      const auto key = sysctl::Key::parse(choices.listed_by.view());
      const Result<std::string> text =
          key ? tree_.read(*key) : std::unexpected(Error{ENOENT, "read", {}});
      if (text) found->second = sysctl::one_line(*text);
    }
    return found->second;
  }

 private:
  // In a namespace of its own, a process sees rmem_max read-only, or not at all before Linux 6.12.
  bool shows_host_keys_read_only() const {
    const auto rmem_max = sysctl::Key::parse("net.core.rmem_max");
    const Result<sysctl::Access> access = tree_.access_of(*rmem_max);
    if (access && *access != sysctl::Access::unknown) return access == sysctl::Access::read_only;
    const auto somaxconn = sysctl::Key::parse("net.core.somaxconn");
    const Result<std::string> host_key = tree_.read(*rmem_max);
    return !host_key && host_key.error().number == ENOENT && tree_.read(*somaxconn).has_value();
  }

  const sysctl::Tree& tree_;
  const profile::Host& host_;
  std::optional<bool> is_child_;
  std::map<std::string_view, std::string> available_;  // by the key that lists them
};

bool is_of_a_link(const Parameter& parameter) {
  return parameter.pattern.view().find('*') != std::string_view::npos;
}

std::string link_of(const sysctl::Key& key) {
  const std::string_view path = key.path();
  const std::size_t end = path.rfind('/');
  const std::size_t begin = path.rfind('/', end - 1) + 1;
  return std::string(path.substr(begin, end - begin));
}

void judge_absent(Finding& finding, const sysctl::Tree& tree, const profile::Host& host,
                  Surroundings& surroundings) {
  const Desired& desired = *finding.desired;
  const Parameter* parameter = desired.parameter;
  const auto conclude = [&](Verdict verdict, std::string_view reason) {
    finding.verdict = verdict;
    finding.reason = SharedText(reason);
  };
  const bool knows_kernel = host.kernel != sysctl::Version{};
  if (parameter != nullptr) {
    if (parameter->scope != sysctl::Scope::net_namespace && surroundings.is_child_namespace()) {
      return conclude(Verdict::skipped, "host-wide: not in this namespace");
    }
    if (desired.entry->optional) {
      return conclude(Verdict::skipped, fmt::format("optional, and {}", tree.absence()));
    }
    if (parameter->removed != sysctl::Version{} &&
        (!knows_kernel || host.kernel >= parameter->removed)) {
      return conclude(Verdict::missing,
                      fmt::format("Linux {} removed it", sysctl::to_string(parameter->removed)));
    }
    if (parameter->since != sysctl::Version{} && knows_kernel && host.kernel < parameter->since) {
      return conclude(Verdict::missing, fmt::format("new in Linux {}, and this is {}",
                                                    sysctl::to_string(parameter->since),
                                                    sysctl::to_string(host.kernel)));
    }
    const Result<bool> has_folder = tree.has_folder_of(desired.key);
    if (!has_folder) return conclude(Verdict::unreadable, describe(has_folder.error()));
    const bool is_a_links = is_of_a_link(*parameter) && !*has_folder;
    const bool is_template = is_a_links && link_of(desired.key) == "default";
    if (is_template && surroundings.is_child_namespace()) {  // neigh/default
      return conclude(Verdict::skipped, "host-wide: not in this namespace");
    }
    if (is_a_links) {
      return conclude(Verdict::pending,
                      fmt::format("there is no link {} yet", link_of(desired.key)));
    }
    if (!parameter->module.empty()) {
      return conclude(Verdict::pending,
                      fmt::format("the module {} is not loaded", parameter->module));
    }
  }
  if (desired.entry->optional) {
    return conclude(Verdict::skipped, fmt::format("optional, and {}", tree.absence()));
  }
  const std::string near =
      parameter == nullptr ? sysctl::nearest_name(desired.key.path()) : std::string();
  conclude(Verdict::missing, near.empty() ? std::string(tree.absence())
                                          : fmt::format("{}; was {} meant?", tree.absence(), near));
}

// Why a text differs, where more can be said than that it does.
std::string reason_of_text(const Desired& desired, Surroundings& surroundings) {
  if (desired.parameter == nullptr || desired.parameter->choices.empty()) return {};
  const sysctl::Choices& choices = *desired.parameter->choices.begin();
  const std::string& available = surroundings.available(choices);
  if (available.empty()) return {};
  const std::string padded = " " + available + " ";
  const auto has = [&](const std::string& word) {
    return padded.find(" " + word + " ") != std::string::npos;
  };
  const std::span<const std::string> words = desired.rules().front().words();
  if (std::ranges::any_of(words, has)) return {};
  const auto loadable = std::ranges::find_if(
      words, [&](const std::string& word) { return sysctl::knows(choices, word); });
  if (loadable != words.end()) {
    return fmt::format(
        "not loaded: a write loads {}{} where this kernel has that module; "
        "available: {}",
        choices.module, *loadable, available);
  }
  return fmt::format("refused: no such {}; available: {}", choices.what, available);
}

// `text` is what reading the key gave.
Finding judge(const Desired& desired, const Result<std::string>& text, const sysctl::Tree& tree,
              const profile::Host& host, Surroundings& surroundings) {
  Finding finding;
  finding.desired = &desired;
  if (text) finding.live_text = sysctl::one_line(*text);
  if (desired.keeps_all()) {
    finding.verdict = Verdict::skipped;
    finding.reason = SharedText("the profile leaves it as it is");
    return finding;
  }
  if (desired.parameter != nullptr && desired.parameter->encoding == sysctl::Encoding::trigger) {
    finding.verdict = Verdict::skipped;
    finding.reason = SharedText("a write to it does something, and it holds no value");
    return finding;
  }
  // What nettune finds and stores is for everybody to read.
  const bool may_be_secret =
      desired.parameter == nullptr || desired.parameter->encoding == sysctl::Encoding::text;
  const Result<bool> is_secret = may_be_secret ? tree.is_secret(desired.key) : Result<bool>(false);
  if (!is_secret) {
    finding.live_text.clear();
    finding.verdict = Verdict::unreadable;
    finding.reason = SharedText(describe(is_secret.error()));
    return finding;
  }
  if (*is_secret) {
    finding.live_text.clear();
    finding.verdict = Verdict::skipped;
    finding.reason =
        SharedText("readable by root only; not read, because nettune's reports are public");
    return finding;
  }
  if (!text) {
    if (text.error().number == ENOENT || text.error().number == ENOTDIR) {
      judge_absent(finding, tree, host, surroundings);
      return finding;
    }
    finding.verdict = Verdict::unreadable;
    finding.reason = SharedText(describe(text.error()));
    return finding;
  }
  const Parameter* parameter = desired.parameter;
  if (parameter != nullptr && parameter->scope != sysctl::Scope::net_namespace &&
      surroundings.is_child_namespace()) {
    finding.verdict = Verdict::skipped;
    finding.reason = SharedText("host-wide: read-only here");
    return finding;
  }
  const std::expected<sysctl::Value, std::string> live = sysctl::Value::parse(parameter, *text);
  if (!live) {
    finding.verdict = Verdict::unreadable;
    finding.reason = SharedText("its value " + live.error());
    return finding;
  }

  bool is_right = true;
  if (!desired.rules().front().words().empty()) {
    is_right = allows_text(desired.rules().front(), parameter, *live);
    if (!is_right) finding.reason = SharedText(reason_of_text(desired, surroundings));
  } else if (!live->is_numeric()) {
    is_right = false;
    finding.reason = SharedText("the profile gives a number, and the kernel holds a text");
  } else if (live->numbers().size() != desired.rules().size()) {
    is_right = false;
    finding.reason = SharedText(fmt::format("the profile gives {} numbers, and the kernel holds {}",
                                            desired.rules().size(), live->numbers().size()));
  } else {
    std::vector<std::string_view> wrong;
    for (std::size_t i = 0; i < desired.rules().size(); ++i) {
      if (allows(desired.rules()[i], parameter, live->numbers()[i])) continue;
      is_right = false;
      if (parameter != nullptr && i < 3 && parameter->fields > 1) {
        wrong.push_back(parameter->field_names[i]);
      }
    }
    if (!wrong.empty() && wrong.size() < desired.rules().size() && !wrong.front().empty()) {
      finding.reason = SharedText(fmt::format("only its {} {}", fmt::join(wrong, " and "),
                                              wrong.size() == 1 ? "differs" : "differ"));
    }
  }
  finding.verdict = is_right ? Verdict::match : Verdict::drift;
  if (!is_right) tree.keep(desired.key);
  return finding;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::match:
      return "match";
    case Verdict::drift:
      return "drift";
    case Verdict::pending:
      return "pending";
    case Verdict::missing:
      return "missing";
    case Verdict::unreadable:
      return "unreadable";
    case Verdict::skipped:
      return "skipped";
  }
  return "";
}

bool allows(const ResolvedRule& rule, const Parameter* parameter, Integer live) {
  switch (rule.kind) {
    case Rule::Kind::exactly:
      return is_same_number(parameter, rule.low, live);
    case Rule::Kind::at_least:
      return live >= rule.low;
    case Rule::Kind::at_most:
      return live <= rule.high || is_same_number(parameter, rule.high, live);
    case Rule::Kind::between:
      return live >= rule.low && (live <= rule.high || is_same_number(parameter, rule.high, live));
    case Rule::Kind::one_of:
      return std::ranges::any_of(
          rule.numbers(), [&](Integer number) { return is_same_number(parameter, number, live); });
    case Rule::Kind::keep:
      return true;
  }
  return false;
}

bool is_same(const Parameter* parameter, const sysctl::Value& asked, const sysctl::Value& got) {
  if (!asked.is_numeric() || !got.is_numeric()) {
    const bool is_list = parameter != nullptr && parameter->encoding == sysctl::Encoding::words;
    return is_list ? asked.same_words(got) : asked == got;
  }
  return std::ranges::equal(asked.numbers(), got.numbers(), [&](Integer one, Integer other) {
    return is_same_number(parameter, one, other);
  });
}

sysctl::Value Finding::live() const {
  if (verdict != Verdict::match && verdict != Verdict::drift) return {};
  return sysctl::Value::parse(desired->parameter, live_text).value_or(sysctl::Value());
}

bool Audit::is_in_sync() const {
  return counts_.drift + counts_.pending + counts_.missing + counts_.unreadable == 0;
}

Audit compare(const profile::ResolvedProfile& resolved, const sysctl::Tree& tree) {
  Audit audit;
  Surroundings surroundings(tree, resolved.host());
  audit.findings_.reserve(resolved.desired().size());
  for (const Desired& desired : resolved.desired()) {
    Finding finding = judge(desired, tree.read(desired.key), tree, resolved.host(), surroundings);
    switch (finding.verdict) {
      case Verdict::match:
        ++audit.counts_.match;
        break;
      case Verdict::drift:
        ++audit.counts_.drift;
        break;
      case Verdict::pending:
        ++audit.counts_.pending;
        break;
      case Verdict::missing:
        ++audit.counts_.missing;
        break;
      case Verdict::unreadable:
        ++audit.counts_.unreadable;
        break;
      case Verdict::skipped:
        ++audit.counts_.skipped;
        break;
    }
    audit.findings_.push_back(std::move(finding));
  }
  return audit;
}

Finding compare_one(const profile::ResolvedProfile& resolved, const profile::Desired& desired,
                    const sysctl::Tree& tree) {
  Surroundings surroundings(tree, resolved.host());
  return judge(desired, tree.read(desired.key), tree, resolved.host(), surroundings);
}

Finding compare_read(const profile::ResolvedProfile& resolved, const profile::Desired& desired,
                     const std::string& live, const sysctl::Tree& tree) {
  Surroundings surroundings(tree, resolved.host());
  return judge(desired, live, tree, resolved.host(), surroundings);
}

}  // namespace nettune::audit
