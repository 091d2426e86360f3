// SPDX-License-Identifier: MIT
// ResolvedProfile: the profile on this host: every expression a number, every glob a list of keys.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/profile/profile.hpp"
#include "engine/sysctl/tree.hpp"
#include "engine/sysctl/value.hpp"

namespace nettune::profile {

/// A rule in numbers, in the key's unit; or in words for a key that holds text.
struct ResolvedRule {
  struct Choices {
    std::vector<sysctl::Integer> numbers;
    std::vector<std::string> words;
  };
  Rule::Kind kind = Rule::Kind::exactly;
  std::unique_ptr<const Choices> choices;  ///< of one_of and of texts; else nullptr
  sysctl::Integer low = 0;                 ///< exactly, at_least, between
  sysctl::Integer high = 0;                ///< at_most, between

  /// What one_of is one of.
  std::span<const sysctl::Integer> numbers() const {
    return choices == nullptr ? std::span<const sysctl::Integer>() : choices->numbers;
  }
  /// What exactly and one_of of a text are.
  std::span<const std::string> words() const {
    return choices == nullptr ? std::span<const std::string>() : choices->words;
  }
};

struct Desired {
  sysctl::Key key;
  const sysctl::Parameter* parameter = nullptr;
  const Entry* entry = nullptr;              ///< where it was declared
  const ResolvedRule* first_rule = nullptr;  ///< both are owned by the ResolvedProfile

  /// One for each field; a single keep covers all.
  std::span<const ResolvedRule> rules() const { return {first_rule, entry->rules.size()}; }
  bool keeps_all() const { return rules().size() == 1 && first_rule->kind == Rule::Kind::keep; }
};

std::string to_string(const ResolvedRule& rule);
/// "16777216", "at least 16777216", "[keep, 131072, at least 33554432]".
std::string to_string(const Desired& desired);

class ResolvedProfile {
 public:
  const Profile& profile() const { return *profile_; }
  const Host& host() const { return host_; }
  const std::vector<Desired>& desired() const { return desired_; }  ///< one for each key, by key
  /// Globs that match no key now: a link or module may yet bring one.
  const std::vector<const Entry*>& unmatched() const { return unmatched_; }
  /// Why the profile is not applicable here; empty if it is.
  const std::vector<std::string>& unmet() const { return unmet_; }

 private:
  friend std::optional<ResolvedProfile> resolve(Profile profile, const Host& host,
                                                const sysctl::Tree& tree, Diagnostics& diagnostics);
  friend std::optional<ResolvedProfile> resolve_again(const ResolvedProfile& known,
                                                      const sysctl::Tree& tree,
                                                      Diagnostics& diagnostics);
  std::shared_ptr<const Profile> profile_;
  Host host_;
  std::vector<Desired> desired_;
  std::vector<ResolvedRule> rules_;  // of one desired_ after another, which point to them
  std::vector<const Entry*> unmatched_;
  std::vector<std::string> unmet_;
};

/// A key that is named wins over a glob, wherever either stands; among equals the later one wins.
/// Faults: an expression that overflows, or that needs the memory size where it is not known: then
/// nullopt. A number that leaves the range the kernel takes on this host, or does harm, is an
/// error, and leaves a profile that can be linted: see ProfileBuilder::check.
std::optional<ResolvedProfile> resolve(Profile profile, const Host& host, const sysctl::Tree& tree,
                                       Diagnostics& diagnostics);

/// The same profile for another tree of the same host: what its globs match there. The profile
/// itself is shared with `known`. Without globs in it, `known` itself is the answer.
std::optional<ResolvedProfile> resolve_again(const ResolvedProfile& known, const sysctl::Tree& tree,
                                             Diagnostics& diagnostics);

}  // namespace nettune::profile
