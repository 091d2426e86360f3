// SPDX-License-Identifier: MIT
// ManagedKeys: the keys of the profile in force, in its order, and what is known of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "contest.hpp"
#include "engine/audit/compare.hpp"
#include "engine/change/state.hpp"
#include "engine/profile/resolve.hpp"

namespace nettune::daemon {

/// What is shown of a managed key beside what the profile says. A change of a member is announced.
struct ParameterView {
  audit::Verdict verdict = audit::Verdict::match;
  bool is_contested = false;
  std::string live;
  std::string baseline;            ///< "" where nettune has not changed it
  SharedText reason;               ///< why the verdict is not match
  std::uint32_t changes = 0;       ///< how often something else has changed it
  std::uint64_t last_changed = 0;  ///< when; wall clock, 0: never
};

/// A key of the profile in force, and what is known of it.
struct ManagedKey {
  const profile::Desired* desired;  ///< of the profile in force
  ParameterView view{};             ///< changed through change() alone

  /// The view as it was told last, once it is another one.
  std::unique_ptr<const ParameterView> told{};
  bool is_told = false;  ///< `view` or `told` was told; else nothing was

  std::string settled{};  ///< what it last was when it was right; "" for never

  std::unique_ptr<Contest> contest{};  ///< nullptr: a restore was never tried

  const sysctl::Key& key() const { return desired->key; }
  std::string desired_text() const { return profile::to_string(*desired); }
  std::string declared_at() const;  ///< "web.yaml:12"
  /// The view to be changed: it is kept as it was told.
  ParameterView& change();
  Contest& add_contest();  ///< the one that it has, or a new one
  bool is_left_alone() const { return contest != nullptr && contest->is_left_alone(); }
  void end_contest();
  /// Takes over what was found; a key that has not drifted is left alone no longer.
  void note(const audit::Finding& finding);
};

class ManagedKeys {
 public:
  /// nullptr where no profile is in force.
  const std::shared_ptr<const profile::ResolvedProfile>& profile() const { return profile_; }
  const std::vector<ManagedKey>& all() const { return keys_; }
  /// Incremented each time that keys may have come, gone or been made anew.
  std::uint64_t version() const { return version_; }

  std::size_t size() const { return keys_.size(); }
  ManagedKey& operator[](std::size_t place) { return keys_[place]; }
  auto begin() { return keys_.begin(); }
  auto end() { return keys_.end(); }
  auto begin() const { return keys_.begin(); }
  auto end() const { return keys_.end(); }

  /// nullptr where the profile has no such key.
  const ManagedKey* find(const sysctl::Key& key) const;
  ManagedKey* find(const sysctl::Key& key);
  /// The place of a key by what the profile desires of it.
  std::size_t place_of(const profile::Desired& desired) const;
  /// The places of those that a write to one of `written` may change, sorted.
  std::vector<std::size_t> places_of(const std::vector<sysctl::Key>& written) const;
  /// The places of those that were not there before; all of `links` (sorted) are new. `before` is
  /// what known_keys() gave for the profile before this one.
  std::vector<std::size_t> places_of_new(const std::vector<const sysctl::Key*>& before) const;
  /// Those that are there, but for the keys of `links` (sorted).
  std::vector<const sysctl::Key*> known_keys(const std::vector<std::string>& links) const;

  std::uint32_t drift_count() const;
  std::uint32_t contested_count() const;

  /// Makes the keys those of `profile`; what is known of keys that stay is kept. `audit` is of that
  /// profile; what it has not seen is judged later.
  void adopt(std::shared_ptr<const profile::ResolvedProfile> profile, const audit::Audit* audit);
  /// Keys may be of folders that were made anew.
  void renew() { ++version_; }
  /// Takes over the baselines, and gives them the text of these keys to share: those of a profile
  /// that is gone would keep it scattered in memory.
  void note_baselines(change::State& state);

 private:
  std::shared_ptr<const profile::ResolvedProfile> profile_;
  std::vector<ManagedKey> keys_;  // one for each of profile_'s, in its order
  std::uint64_t version_ = 0;
};

}  // namespace nettune::daemon
