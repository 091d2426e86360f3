// SPDX-License-Identifier: MIT
// Plan: the ordered writes that turn live into desired, and what is left alone. Nothing is written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/audit/compare.hpp"
#include "engine/change/state.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/sysctl/tree.hpp"

namespace nettune::change {

struct Write {
  sysctl::Key key;
  const sysctl::Parameter* parameter = nullptr;  ///< nullptr: not in the catalogue
  std::string before;                            ///< the live text that the plan was made for
  std::string text;                              ///< what is to be written
  JournalEntry::Purpose purpose = JournalEntry::Purpose::desired;
  Location declared_at{};  ///< none for a key that goes back to its baseline
  std::string order;       ///< why it stands where it stands; "" where the order does not matter
  /// It is right already, and the kernel may change it with a key before it: then it is written.
  bool only_if_changed = false;
  /// What it was, and rightly so, until something else changed it: its baseline, where nettune has
  /// not written it before. "" where that is not known.
  std::string settled{};
};

/// A key that was right, and something else has changed.
struct Drifted {
  audit::Finding finding;
  std::string settled;  ///< as Write has it
};

/// A key that is not written, and why.
struct LeftAlone {
  sysctl::Key key;
  std::string live;    ///< "" where there is none
  std::string reason;  ///< "": it is right already
  /// It is not as the profile, or the baseline, would have it.
  bool is_wrong = false;
  /// It could not be read, so that nobody knows how it is: a baseline that it has stays.
  bool is_unread = false;

  bool is_right() const { return reason.empty(); }
};
std::string_view reason_of(const LeftAlone& left);  ///< never empty

class Plan {
 public:
  const std::vector<Write>& writes() const { return writes_; }
  const std::vector<LeftAlone>& left_alone() const { return left_alone_; }  ///< by key
  const std::string& profile() const { return profile_; }  ///< active afterwards; "" for none
  /// A revert: afterwards nothing is known of what was changed but foreign().
  bool forgets() const { return forgets_; }
  /// What a revert leaves for one by force, by key.
  const std::vector<Baseline>& foreign() const { return foreign_; }
  /// What a revert leaves for the next one, as its keys can't be read now; by key.
  const std::vector<Baseline>& unread() const { return unread_; }

 private:
  friend Plan make_plan(const profile::ResolvedProfile& resolved, const audit::Audit& audit,
                        const State& state, const sysctl::Tree& tree, std::string profile);
  friend Plan make_revert_plan(const State& state, const sysctl::Tree& tree, bool force);
  friend Plan make_drift_plan(const std::vector<Drifted>& drifted, const sysctl::Tree& tree,
                              std::string profile);
  friend Plan restore_plan(std::string profile, std::vector<Write> writes);
  std::vector<Write> writes_;
  std::vector<LeftAlone> left_alone_;
  std::string profile_;
  bool forgets_ = false;
  std::vector<Baseline> foreign_;
  std::vector<Baseline> unread_;
};

/// What leads from the live values that `audit` has seen to `resolved`. Keys that only the profile
/// before had go back to their baseline in `state`, where they are still as nettune left them.
/// `profile` is what the state is to call it.
Plan make_plan(const profile::ResolvedProfile& resolved, const audit::Audit& audit,
               const State& state, const sysctl::Tree& tree, std::string profile);

/// What leads back to the baseline: each key that is still as nettune left it; with `force` all,
/// and what earlier reverts have left.
Plan make_revert_plan(const State& state, const sysctl::Tree& tree, bool force);

/// What puts these keys right, and touches nothing else: for a profile that is in force already.
Plan make_drift_plan(const std::vector<Drifted>& drifted, const sysctl::Tree& tree,
                     std::string profile);

/// A plan that was saved, from its writes in their order.
Plan restore_plan(std::string profile, std::vector<Write> writes);

/// The number that `rule` makes of `live` with the smallest change.
sysctl::Integer target_of(const profile::ResolvedRule& rule, sysctl::Integer live);

}  // namespace nettune::change
