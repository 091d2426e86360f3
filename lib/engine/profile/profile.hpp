// SPDX-License-Identifier: MIT
// Profile: what one YAML file declares, typed and checked: known words, shapes, units and ranges.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/profile/document.hpp"
#include "engine/profile/quantity.hpp"
#include "engine/profile/socket_preset.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/key.hpp"

namespace nettune::profile {

/// What a profile says of a value, or of one field of it.
class Rule {
 public:
  enum class Kind : std::uint8_t { exactly, at_least, at_most, between, one_of, keep };
  [[no_unique_address]] Origin origin;
  Kind kind = Kind::exactly;

  /// 1; 2 for between; 0 for keep; 1 or more for one_of.
  std::span<const Expression> operands() const {
    if (several_ != nullptr) return *several_;
    return {&one_, has_one_ ? 1U : 0U};
  }
  std::span<Expression> operands() {
    if (several_ != nullptr) return *several_;
    return {&one_, has_one_ ? 1U : 0U};
  }
  void add_operand(Expression operand) {
    if (several_ == nullptr && !has_one_) {
      one_ = std::move(operand);
      has_one_ = true;
      return;
    }
    if (several_ == nullptr) {
      several_ = std::make_unique<std::vector<Expression>>();
      several_->push_back(std::move(one_));
    }
    several_->push_back(std::move(operand));
  }

 private:
  bool has_one_ = false;                                ///< in `one_`: most rules have no more
  std::unique_ptr<std::vector<Expression>> several_{};  ///< all of them where they are more
  Expression one_{};
};

enum class OnDrift : std::uint8_t { restore, report };

/// One line below `sysctl:`, or one line of a foreign file.
struct Entry {
  sysctl::KeyGlob key;
  const sysctl::Parameter* parameter = nullptr;  ///< nullptr: not in the catalogue
  [[no_unique_address]] Origin origin;           ///< of the key
  bool optional = false;                         ///< no such key on this kernel: skipped
  std::optional<OnDrift> on_drift;
  std::vector<Rule> rules;  ///< one for each field; a single keep covers all
  SharedText why;
};

struct Inherited {
  std::string name;
  Origin origin;
};

/// `requires:`. A bound that is not given holds.
struct Requirement {
  enum class Subject { kernel, memory };
  enum class Comparison { at_least, greater, at_most, less, equal };
  Subject subject;
  Comparison comparison;
  sysctl::Version version{};   ///< of the kernel
  sysctl::Integer memory = 0;  ///< bytes
  std::string text;            ///< as written: ">= 5.10"
  Origin origin;
};

/// Why this requirement does not hold on `host`; nullopt if it does, or where the fact is unknown.
std::optional<std::string> unmet(const Requirement& requirement, const Host& host);

class Profile {
 public:
  const std::string& name() const { return name_; }  ///< the file's stem
  const std::string& path() const { return path_; }  ///< as it was opened
  const std::string& summary() const { return summary_; }
  const std::vector<Inherited>& inherits() const { return inherits_; }
  const std::vector<Requirement>& requirements() const { return requirements_; }
  OnDrift on_drift() const { return on_drift_; }
  /// Whether a change that sets tcp_no_metrics_save also forgets what the kernel remembers of
  /// peers.
  bool flush_metrics() const { return flush_metrics_.value_or(false); }
  /// In the order of the files: what is inherited first, then this file's own.
  const std::vector<Entry>& entries() const { return entries_; }
  std::vector<Entry> take_entries() && { return std::move(entries_); }
  const std::vector<SocketPreset>& presets() const { return presets_; }
  const std::vector<SourcePtr>& sources() const { return sources_; }

 private:
  friend class ProfileBuilder;
  std::string name_, path_, summary_;
  std::vector<Inherited> inherits_;
  std::vector<Requirement> requirements_;
  OnDrift on_drift_ = OnDrift::restore;
  bool has_on_drift_ = false;
  std::optional<bool> flush_metrics_;
  std::vector<Entry> entries_;
  std::vector<SocketPreset> presets_;
  std::vector<SourcePtr> sources_;  // keeps every Origin valid
};

inline constexpr std::size_t max_keys = 10'000;  ///< of a profile with all it inherits

/// What becomes of a profile with a fault.
enum class Faulty : std::uint8_t {
  refuse,
  keep,  ///< it is given with what of it was understood, to be linted: a key that was not is `keep`
};

/// The one maker of profiles other than store.cpp's merge and the readers of foreign files.
class ProfileBuilder {
 public:
  /// The profile that `document` declares by itself: `inherits` is not followed. Every fault is a
  /// diagnostic. nullopt where a word or a shape is wrong, unless `faulty` profiles are kept, and
  /// where the document is no mapping. A number that `kernel` refuses, that
  /// does harm or that is out of order is an error as well, and leaves a profile: it can be
  /// resolved and linted in the same run, and whoever goes further asks Diagnostics::has_errors()
  /// first. Kernel {0, 0} stands for what every kernel refuses. `inherits`, where given, is set in
  /// any case: the faults of what it names belong to the same run.
  static std::optional<Profile> check(const Document& document, Diagnostics& diagnostics,
                                      sysctl::Version kernel = {},
                                      std::vector<Inherited>* inherits = nullptr,
                                      Faulty faulty = Faulty::refuse);

  /// `own` on top of `parents`, left to right: entries, presets and `requires` are joined; summary,
  /// on-drift and flush-metrics are the child's, the latter two the last parent's where it says
  /// nothing.
  static Profile merge(std::vector<Profile> parents, Profile own);

  /// A profile that no YAML stands behind: the exact values of a sysctl.d file or a tuned.conf.
  static Profile from_entries(std::string name, std::string path, std::string summary,
                              std::vector<Entry> entries, std::vector<SourcePtr> sources);
};

/// "server-base" for "/usr/share/nettune/profiles/server-base.yaml".
std::string stem_of(const std::string& path);

}  // namespace nettune::profile
