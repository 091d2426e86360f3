// SPDX-License-Identifier: MIT
// compare: ResolvedProfile + Tree -> Audit, one verdict for each key. The engine's answer to "is
// this machine what the profile says?".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/profile/resolve.hpp"
#include "engine/sysctl/tree.hpp"
#include "engine/sysctl/value.hpp"

namespace nettune::audit {

enum class Verdict { match, drift, pending, missing, unreadable, skipped };
std::string_view verdict_name(Verdict verdict);  ///< "match", "drift", …

struct Finding {
  const profile::Desired* desired = nullptr;  ///< owned by the ResolvedProfile
  Verdict verdict = Verdict::match;
  std::string live_text;  ///< what the kernel printed, tabs as blanks; unreadable: what it was
  SharedText reason;      ///< why, for every verdict but match; one clause, no full stop

  /// What `live_text` means; empty for every verdict but match and drift.
  sysctl::Value live() const;
};

struct Counts {
  std::size_t match = 0, drift = 0, pending = 0, missing = 0, unreadable = 0, skipped = 0;
};

class Audit {
 public:
  const std::vector<Finding>& findings() const { return findings_; }  ///< in the order of keys
  const Counts& counts() const { return counts_; }
  /// Nothing drifts, is pending, missing or unreadable.
  bool is_in_sync() const;

 private:
  friend Audit compare(const profile::ResolvedProfile& resolved, const sysctl::Tree& tree);
  std::vector<Finding> findings_;
  Counts counts_;
};

/// `resolved` must outlive the audit.
Audit compare(const profile::ResolvedProfile& resolved, const sysctl::Tree& tree);

/// The finding about one key of `resolved`, which must outlive it.
Finding compare_one(const profile::ResolvedProfile& resolved, const profile::Desired& desired,
                    const sysctl::Tree& tree);

/// The same where it was read just now: `live` is what the kernel printed.
Finding compare_read(const profile::ResolvedProfile& resolved, const profile::Desired& desired,
                     const std::string& live, const sysctl::Tree& tree);

/// Whether `live` is what `rule` wants of field `field`.
bool allows(const profile::ResolvedRule& rule, const sysctl::Parameter* parameter,
            sysctl::Integer live);

/// Whether `got` is what the kernel makes of `asked`: rounded to its timer's ticks, a flag by any
/// number but 0, names in another order.
bool is_same(const sysctl::Parameter* parameter, const sysctl::Value& asked,
             const sysctl::Value& got);

}  // namespace nettune::audit
