// SPDX-License-Identifier: MIT
#include "engine/change/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>

#include "engine/sysctl/side_effects.hpp"

namespace nettune::change {
namespace {

using profile::Desired;
using profile::ResolvedRule;
using profile::Rule;
using sysctl::Integer;
using Purpose = JournalEntry::Purpose;

// --- what is written ---

// The words that the kernel lists as available for `key`; nullopt where it lists none.
std::optional<sysctl::Value> available_words(const sysctl::Key& key, const sysctl::Tree& tree) {
  const sysctl::Parameter* parameter = sysctl::find_parameter(key);
  if (parameter == nullptr || parameter->choices.empty()) return std::nullopt;
  const auto list = sysctl::Key::parse(parameter->choices.begin()->listed_by.view());
  if (!list) return std::nullopt;
  const Result<std::string> text = tree.read(*list);
  if (!text) return std::nullopt;
  return sysctl::Value::of_text(*text);
}

// The first word of the rule that this kernel has; the first one where none is: the kernel may have
// a module for it, and else says no.
std::string target_word(const Desired& desired, const sysctl::Tree& tree) {
  const std::span<const std::string> words = desired.rules().front().words();
  if (words.size() == 1) return words.front();
  if (const std::optional<sysctl::Value> available = available_words(desired.key, tree)) {
    const std::string padded = " " + available->text() + " ";
    for (const std::string& word : words) {
      if (padded.find(" " + word + " ") != std::string::npos) return word;
    }
  }
  return words.front();
}

// nullopt where the live value has not the fields that the rules are for.
std::optional<std::string> target_text(const Desired& desired, const sysctl::Value& live,
                                       const sysctl::Tree& tree) {
  if (!desired.rules().front().words().empty()) return target_word(desired, tree);
  const auto numbers = live.numbers();
  if (numbers.size() != desired.rules().size()) return std::nullopt;
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) text += ' ';
    text += sysctl::to_string(audit::allows(desired.rules()[i], desired.parameter, numbers[i])
                                  ? numbers[i]
                                  : target_of(desired.rules()[i], numbers[i]));
  }
  return text;
}

// --- the order ---

std::optional<Integer> number_at(const Write& write, const std::string& text, std::size_t field) {
  const auto value = sysctl::Value::parse(write.parameter, text);
  if (!value || value->numbers().size() <= field) return std::nullopt;
  return value->numbers()[field];
}

// Puts the writes into an order in which every "first before second" holds; among those that are
// free, by key. What goes in a circle is left in the order of keys.
class Sorter {
 public:
  explicit Sorter(std::vector<Write>& writes) : writes_(writes), after_(writes.size()) {
    if (!std::ranges::is_sorted(writes_, {}, &Write::key)) {
      std::ranges::sort(writes_, {}, &Write::key);
    }
    for (std::size_t i = 0; i < writes_.size(); ++i) {
      const sysctl::Parameter* parameter = writes_[i].parameter;
      if (parameter != nullptr && !parameter->bounded_by.key.empty()) {
        add_bound(i, parameter->bounded_by);
      }
      add_side_effects(i);
    }
  }

  void sort() {
    std::vector<Write> sorted;
    sorted.reserve(writes_.size());
    marks_.assign(writes_.size(), Mark::none);
    for (std::size_t i = 0; i < writes_.size(); ++i) visit(i, sorted);
    writes_ = std::move(sorted);
  }

 private:
  enum class Mark : std::uint8_t { none, open, done };

  // Only while the writes are in the order of their keys.
  std::optional<std::size_t> find(std::string_view path) const {
    const auto path_of = [](const Write& write) -> std::string_view { return write.key.path(); };
    const auto found = std::ranges::lower_bound(writes_, path, {}, path_of);
    if (found == writes_.end() || path_of(*found) != path) return std::nullopt;
    return static_cast<std::size_t>(found - writes_.begin());
  }

  void add(std::size_t first, std::size_t second) { after_[second].push_back(first); }

  void add_bound(std::size_t bounded, const sysctl::Bound& by) {
    const std::optional<std::size_t> found = find(by.key);
    if (!found) return;
    Write& write = writes_[bounded];
    Write& bound = writes_[*found];
    const auto before = number_at(bound, bound.before, by.key_field);
    const auto after = number_at(bound, bound.text, by.key_field);
    if (!before || !after || !number_at(write, write.text, by.field)) return;
    if (*after >= *before) {
      add(*found, bounded);
      bound.order = fmt::format("grows before {}: limits go first", write.key.name());
    } else {
      add(bounded, *found);
      write.order = fmt::format("shrinks before {}: limits go last", bound.key.name());
    }
  }

  void add_side_effects(std::size_t i) {
    for (const sysctl::KeyGlob& glob : sysctl::side_effects_of(writes_[i].key)) {
      if (glob.is_literal()) {
        const std::optional<std::size_t> found = find(glob.pattern());
        if (found && *found != i) add_side_effect(i, *found);
        continue;
      }
      for (std::size_t other = 0; other < writes_.size(); ++other) {
        if (other != i && glob.matches(writes_[other].key)) add_side_effect(i, other);
      }
    }
  }

  void add_side_effect(std::size_t i, std::size_t other) {
    add(i, other);
    writes_[i].order =
        fmt::format("before {}, which the kernel changes with it", writes_[other].key.name());
  }

  // Not recursive by much: a chain is at most three keys long.
  void visit(std::size_t i, std::vector<Write>& sorted) {
    if (marks_[i] != Mark::none) return;
    marks_[i] = Mark::open;
    std::ranges::sort(after_[i]);
    for (const std::size_t first : after_[i]) visit(first, sorted);
    marks_[i] = Mark::done;
    sorted.push_back(std::move(writes_[i]));
  }

  std::vector<Write>& writes_;
  std::vector<std::vector<std::size_t>> after_;  // of each: those that come before it
  std::vector<Mark> marks_;
};

void sort_writes(std::vector<Write>& writes) { Sorter(writes).sort(); }

// Keys that are right, and that the kernel may change with one that is written, are written again
// after it.
void add_endangered(std::vector<Write>& writes, std::vector<LeftAlone>& left_alone,
                    const audit::Audit& audit) {
  std::vector<sysctl::KeyGlob> globs;
  for (const Write& write : writes) {
    std::ranges::move(sysctl::side_effects_of(write.key), std::back_inserter(globs));
  }
  if (globs.empty()) return;
  for (const audit::Finding& finding : audit.findings()) {
    if (finding.verdict != audit::Verdict::match) continue;
    const Desired& desired = *finding.desired;
    const bool is_endangered = std::ranges::any_of(
        globs, [&](const sysctl::KeyGlob& glob) { return glob.matches(desired.key); });
    if (!is_endangered) continue;
    std::erase_if(left_alone, [&](const LeftAlone& left) { return left.key == desired.key; });
    writes.push_back({.key = desired.key,
                      .parameter = desired.parameter,
                      .before = finding.live_text,
                      .text = finding.live_text,
                      .purpose = Purpose::desired,
                      .declared_at = location_of(desired.entry->origin),
                      .order = "right already; written again if the kernel changes it with another",
                      .only_if_changed = true});
  }
}

// nullopt where the live value has not the fields that the rules are for.
std::optional<Write> write_for(const audit::Finding& finding, const sysctl::Tree& tree) {
  const Desired& desired = *finding.desired;
  std::optional<std::string> text = target_text(desired, finding.live(), tree);
  if (!text) return std::nullopt;
  return Write{.key = desired.key,
               .parameter = desired.parameter,
               .before = finding.live_text,
               .text = *std::move(text),
               .purpose = Purpose::desired,
               .declared_at = location_of(desired.entry->origin),
               .order = {},
               .only_if_changed = false};
}

// --- back to the baseline ---

struct Restored {
  std::vector<Write> written;
  std::vector<Write> side_effects;  // after all others: most of them follow by themselves
};

// Which keys are nettune's to put back.
enum class Right { as_left, all, none };

// What becomes of a baseline.
enum class Fate {
  settled,  // it is of no more use
  gone,     // so is that, as its key has gone with its link or module
  foreign,  // something else has changed its key, which is left alone
  unread,   // its key can't be read now
};

Fate restore(const Baseline& baseline, const sysctl::Tree& tree, Right right, Restored& restored,
             std::vector<LeftAlone>& left_alone) {
  const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree, baseline.key);
  if (!live) {
    left_alone.push_back({baseline.key, "", describe(live.error()), true, true});
    return Fate::unread;
  }
  const std::optional<std::string>& text = *live;
  if (!text) {
    left_alone.push_back({baseline.key, "", "it has gone with its link or module", false});
    return Fate::gone;
  }
  const std::string now = sysctl::one_line(*text);
  if (now == baseline.before) return Fate::settled;
  if (right == Right::none || (right == Right::as_left && now != baseline.left)) {
    left_alone.push_back(
        {baseline.key, now,
         fmt::format("something else changed it: nettune left {}, and it was {} before",
                     sysctl::shown(baseline.left), sysctl::shown(baseline.before)),
         true});
    return Fate::foreign;
  }
  tree.keep(baseline.key);
  std::vector<Write>& writes = baseline.is_side_effect ? restored.side_effects : restored.written;
  writes.push_back({.key = baseline.key,
                    .parameter = sysctl::find_parameter(baseline.key),
                    .before = now,
                    .text = baseline.before,
                    .purpose = Purpose::restored,
                    .declared_at = {},
                    .order = {},
                    .only_if_changed = false});
  return Fate::settled;
}

// Keys of links that hold what nettune left in keys of links that have `gone`: such a link may have
// another name now, under which nothing leads back.
Result<void> find_renamed(const std::vector<const Baseline*>& gone, const State& state,
                          const sysctl::Tree& tree, std::vector<LeftAlone>& left_alone) {
  std::map<std::string_view, std::vector<const Baseline*>> by_pattern;
  for (const Baseline* baseline : gone) {
    const sysctl::Parameter* parameter = sysctl::find_parameter(baseline->key);
    if (parameter == nullptr || !parameter->pattern.view().contains('*')) continue;
    by_pattern[parameter->pattern.view()].push_back(baseline);
  }
  for (const auto& [pattern, baselines] : by_pattern) {
    const auto glob = sysctl::KeyGlob::parse(pattern);
    if (!glob) continue;
    const Result<std::vector<sysctl::Key>> keys = tree.list(*glob);
    if (!keys) return std::unexpected(keys.error());
    for (const sysctl::Key& key : *keys) {
      const std::string_view path = key.path();
      if (state.find(key) != nullptr || path.contains("/all/") || path.contains("/default/")) {
        continue;
      }
      const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree, key);
      if (!live) return std::unexpected(live.error());
      const std::optional<std::string>& text = *live;
      if (!text) continue;
      const std::string now = sysctl::one_line(*text);
      const auto same = std::ranges::find_if(baselines, [&](const Baseline* baseline) {
        return baseline->left == now && baseline->before != now;
      });
      if (same == baselines.end()) continue;
      left_alone.push_back(
          {key, now,
           fmt::format("it is as nettune left {}, whose link has gone: perhaps the "
                       "same link, renamed; it was {} before",
                       (*same)->key.name(), sysctl::shown((*same)->before)),
           true});
    }
  }
  return {};
}

}  // namespace

Integer target_of(const ResolvedRule& rule, Integer live) {
  switch (rule.kind) {
    case Rule::Kind::exactly:
    case Rule::Kind::at_least:
      return rule.low;
    case Rule::Kind::at_most:
      return rule.high;
    case Rule::Kind::between:
      return live < rule.low ? rule.low : rule.high;
    case Rule::Kind::one_of:
      return rule.numbers().front();
    case Rule::Kind::keep:
      break;
  }
  return live;
}

std::string_view reason_of(const LeftAlone& left) {
  return left.is_right() ? "it is right already" : std::string_view(left.reason);
}

Plan make_plan(const profile::ResolvedProfile& resolved, const audit::Audit& audit,
               const State& state, const sysctl::Tree& tree, std::string profile) {
  using audit::Verdict;
  Plan plan;
  plan.profile_ = std::move(profile);
  plan.left_alone_.reserve(audit.findings().size() - audit.counts().drift);
  plan.writes_.reserve(audit.counts().drift);
  for (const audit::Finding& finding : audit.findings()) {
    const Desired& desired = *finding.desired;
    const auto leave = [&](std::string reason, bool is_wrong) {
      // A value that is there and not understood is no failure.
      const bool is_unread = finding.verdict == Verdict::unreadable && finding.live_text.empty();
      plan.left_alone_.push_back(
          {desired.key, finding.live_text, std::move(reason), is_wrong, is_unread});
    };
    if (finding.verdict == Verdict::match) {
      leave({}, false);
      continue;
    }
    if (finding.verdict != Verdict::drift) {
      // What a glob has found, and a link took along since, nobody asked for by its name.
      const bool has_gone = finding.verdict == Verdict::pending && !desired.entry->key.is_literal();
      leave(fmt::format("{}: {}", audit::verdict_name(finding.verdict), finding.reason.view()),
            finding.verdict != Verdict::skipped && !has_gone);
      continue;
    }
    std::optional<Write> write = write_for(finding, tree);
    if (!write) {
      leave(std::string(finding.reason.view()), true);
      continue;
    }
    plan.writes_.push_back(*std::move(write));
  }
  // What the kernel changed with a key that is still wanted stays as that key has made it.
  std::vector<sysctl::KeyGlob> still_caused;
  if (!state.baselines.empty()) {
    for (const Desired& desired : resolved.desired()) {
      std::ranges::move(sysctl::side_effects_of(desired.key), std::back_inserter(still_caused));
    }
  }
  Restored restored;
  for (const Baseline& baseline : state.baselines) {
    const auto wanted =
        std::ranges::lower_bound(resolved.desired(), baseline.key, {}, &Desired::key);
    if (wanted != resolved.desired().end() && wanted->key == baseline.key) continue;
    const bool is_still_caused =
        baseline.is_side_effect && std::ranges::any_of(still_caused, [&](const auto& glob) {
          return glob.matches(baseline.key);
        });
    if (is_still_caused) continue;
    restore(baseline, tree, Right::as_left, restored, plan.left_alone_);
  }
  std::ranges::move(restored.written, std::back_inserter(plan.writes_));
  add_endangered(plan.writes_, plan.left_alone_, audit);
  sort_writes(plan.writes_);
  std::ranges::move(restored.side_effects, std::back_inserter(plan.writes_));
  if (!std::ranges::is_sorted(plan.left_alone_, {}, &LeftAlone::key)) {
    std::ranges::sort(plan.left_alone_, {}, &LeftAlone::key);
  }
  return plan;
}

Plan make_revert_plan(const State& state, const sysctl::Tree& tree, bool force) {
  Plan plan;
  plan.forgets_ = true;
  Restored restored;
  std::vector<const Baseline*> gone;
  const auto go_through = [&](const std::vector<Baseline>& baselines, Right right) {
    for (const Baseline& baseline : baselines) {
      const Fate fate = restore(baseline, tree, right, restored, plan.left_alone_);
      const bool was_foreign = &baselines == &state.foreign;
      if (fate == Fate::foreign || (fate == Fate::unread && was_foreign)) {
        plan.foreign_.push_back(baseline);
      } else if (fate == Fate::unread) {
        plan.unread_.push_back(baseline);
      } else if (fate == Fate::gone && !was_foreign) {
        gone.push_back(&baseline);
      }
    }
  };
  go_through(state.baselines, force ? Right::all : Right::as_left);
  go_through(state.foreign, force ? Right::all : Right::none);
  if (const Result<void> looked = find_renamed(gone, state, tree, plan.left_alone_); !looked) {
    for (const Baseline* baseline : gone) {
      plan.unread_.push_back(*baseline);
      const auto left = std::ranges::find(plan.left_alone_, baseline->key, &LeftAlone::key);
      *left = {baseline->key, "", describe(looked.error()), true, true};
    }
  }
  std::ranges::sort(plan.unread_, {}, &Baseline::key);
  std::ranges::sort(plan.foreign_, {}, &Baseline::key);
  std::ranges::sort(plan.left_alone_, {}, &LeftAlone::key);
  plan.writes_ = std::move(restored.written);
  sort_writes(plan.writes_);
  std::ranges::sort(restored.side_effects, {}, &Write::key);
  std::ranges::move(restored.side_effects, std::back_inserter(plan.writes_));
  return plan;
}

Plan make_drift_plan(const std::vector<Drifted>& drifted, const sysctl::Tree& tree,
                     std::string profile) {
  Plan plan;
  plan.profile_ = std::move(profile);
  for (const auto& [finding, settled] : drifted) {
    if (finding.verdict != audit::Verdict::drift) continue;
    if (std::optional<Write> write = write_for(finding, tree)) {
      write->settled = settled;
      plan.writes_.push_back(*std::move(write));
    } else {
      plan.left_alone_.push_back(
          {finding.desired->key, finding.live_text, std::string(finding.reason.view()), true});
    }
  }
  sort_writes(plan.writes_);
  return plan;
}

Plan restore_plan(std::string profile, std::vector<Write> writes) {
  Plan plan;
  plan.profile_ = std::move(profile);
  plan.writes_ = std::move(writes);
  return plan;
}

}  // namespace nettune::change
