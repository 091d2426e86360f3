// SPDX-License-Identifier: MIT
#include "managed_keys.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/sysctl/side_effects.hpp"

namespace nettune::daemon {
namespace {

using audit::Finding;
using audit::Verdict;

bool is_of_link(const sysctl::Key& key, const std::vector<std::string>& links) {
  if (links.empty()) return false;
  std::string_view path = key.path();
  for (std::size_t begin = path.find('/'); begin != std::string_view::npos;) {
    const std::size_t end = path.find('/', begin + 1);
    if (end == std::string_view::npos) return false;
    if (std::ranges::binary_search(links, path.substr(begin + 1, end - begin - 1))) return true;
    begin = end;
  }
  return false;
}

}  // namespace

std::string ManagedKey::declared_at() const { return describe(desired->entry->origin); }

ParameterView& ManagedKey::change() {
  if (is_told && told == nullptr) told = std::make_unique<const ParameterView>(view);
  return view;
}

Contest& ManagedKey::add_contest() {
  if (contest == nullptr) contest = std::make_unique<Contest>();
  return *contest;
}

void ManagedKey::end_contest() {
  contest.reset();
  if (view.is_contested) change().is_contested = false;
}

void ManagedKey::note(const Finding& finding) {
  const bool is_contested = view.is_contested && finding.verdict == Verdict::drift;
  if (view.verdict != finding.verdict || view.is_contested != is_contested ||
      view.live != finding.live_text || !(view.reason == finding.reason)) {
    ParameterView& changed = change();
    changed.verdict = finding.verdict;
    changed.is_contested = is_contested;
    changed.live = finding.live_text;
    changed.reason = finding.reason;
  }
  if (finding.verdict == Verdict::match) settled = finding.live_text;
  if (is_left_alone() && finding.verdict != Verdict::drift) contest->end_leave();
}

const ManagedKey* ManagedKeys::find(const sysctl::Key& key) const {
  const auto found = std::ranges::lower_bound(keys_, key, {}, &ManagedKey::key);
  return found != keys_.end() && found->key() == key ? &*found : nullptr;
}

std::uint32_t ManagedKeys::drift_count() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      keys_, [](const ManagedKey& managed) { return managed.view.verdict == Verdict::drift; }));
}

std::uint32_t ManagedKeys::contested_count() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      keys_, [](const ManagedKey& managed) { return managed.view.is_contested; }));
}

ManagedKey* ManagedKeys::find(const sysctl::Key& key) {
  return const_cast<ManagedKey*>(std::as_const(*this).find(key));
}

std::size_t ManagedKeys::place_of(const profile::Desired& desired) const {
  return static_cast<std::size_t>(&desired - profile_->desired().data());
}

std::vector<std::size_t> ManagedKeys::places_of(const std::vector<sysctl::Key>& written) const {
  std::vector<std::size_t> places;
  const auto add = [&](const sysctl::Key& key) {
    if (const ManagedKey* managed = find(key)) {
      places.push_back(static_cast<std::size_t>(managed - keys_.data()));
    }
  };
  for (const sysctl::Key& key : written) {
    add(key);
    for (const sysctl::KeyGlob& glob : sysctl::side_effects_of(key)) {
      if (glob.is_literal()) {
        add(glob.literal());
        continue;
      }
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (glob.matches(keys_[i].key())) places.push_back(i);
      }
    }
  }
  std::ranges::sort(places);
  const auto repeated = std::ranges::unique(places);
  places.erase(repeated.begin(), repeated.end());
  return places;
}

std::vector<const sysctl::Key*> ManagedKeys::known_keys(
    const std::vector<std::string>& links) const {
  std::vector<const sysctl::Key*> known;
  known.reserve(keys_.size());
  for (const ManagedKey& managed : keys_) {
    const bool was_there = managed.view.verdict != Verdict::pending &&
                           managed.view.verdict != Verdict::missing &&
                           !is_of_link(managed.key(), links);
    if (was_there) known.push_back(&managed.key());
  }
  return known;
}

std::vector<std::size_t> ManagedKeys::places_of_new(
    const std::vector<const sysctl::Key*>& before) const {
  std::vector<std::size_t> fresh;
  auto next = before.begin();
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    while (next != before.end() && **next < keys_[i].key()) ++next;
    if (next == before.end() || **next != keys_[i].key()) fresh.push_back(i);
  }
  return fresh;
}

void ManagedKeys::adopt(std::shared_ptr<const profile::ResolvedProfile> profile,
                        const audit::Audit* audit) {
  std::vector<ManagedKey> keys;
  if (profile) {
    keys.reserve(profile->desired().size());
    auto known = keys_.begin();
    for (const profile::Desired& desired : profile->desired()) {
      while (known != keys_.end() && known->key() < desired.key) ++known;
      if (known != keys_.end() && known->key() == desired.key) {
        keys.push_back(std::move(*known++));
        keys.back().desired = &desired;
      } else {
        keys.push_back({.desired = &desired});
      }
    }
  }
  profile_ = std::move(profile);
  keys_ = std::move(keys);
  ++version_;
  if (audit == nullptr) return;
  for (std::size_t i = 0; i < keys_.size(); ++i) keys_[i].note(audit->findings()[i]);
}

void ManagedKeys::note_baselines(change::State& state) {
  auto baseline = state.baselines.begin();
  for (ManagedKey& managed : keys_) {
    while (baseline != state.baselines.end() && baseline->key < managed.key()) ++baseline;
    const bool is_known = baseline != state.baselines.end() && baseline->key == managed.key();
    if (is_known) baseline->key = managed.key();
    const std::string_view before = is_known ? std::string_view(baseline->before) : "";
    if (managed.view.baseline != before) managed.change().baseline = before;
  }
}

}  // namespace nettune::daemon
