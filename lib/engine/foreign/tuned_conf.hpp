// SPDX-License-Identifier: MIT
// The keys that TuneD profiles set: tuned.conf files with their includes, plain variables, and the
// order in which TuneD merges them. Nothing is executed: a value with a function call stays open.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/sysctl/key.hpp"

namespace nettune::profile {

struct TunedAssignment {
  /// ">2048" raises only, "<2048" lowers only.
  enum class Bound { exactly, at_least, at_most };

  sysctl::KeyGlob key;  ///< a literal: TuneD knows no globs
  std::string value;    ///< without quotes and bound; variables are expanded
  Bound bound = Bound::exactly;
  Origin origin;                ///< of the key
  Origin value_origin;          ///< of the value, without quotes and bound
  bool is_verbatim = true;      ///< the value stands in the file letter for letter
  std::string open;             ///< what is left to TuneD: "${f:exec:…}"; "" where nothing is
  bool is_conditional = false;  ///< the section asks for a kind of processor or kernel
  /// The line that TuneD takes instead; no source where this one counts.
  Origin overridden_by{};
  bool is_dropped = false;  ///< a later file drops the key, or replaces the section

  bool is_effective() const { return overridden_by.source == nullptr && !is_dropped; }
};

/// A section that sets something else than sysctls, and is not switched off.
struct TunedSection {
  std::string name;
  Origin origin;  ///< where the last file that has it begins it
};

struct TunedProfile {
  std::string name;  ///< as TuneD shows it: the names, joined by blanks
  std::string path;  ///< the file of the last name
  std::string summary;
  std::vector<SourcePtr> sources;
  std::vector<TunedAssignment> assignments;  ///< as the files are read: what is included first
  std::vector<Origin> outside_net;           ///< lines about other keys: passed over
  std::vector<TunedSection> other_sections;
  /// TuneD carries out the files of sysctl.d in /run and /etc, and /etc/sysctl.conf, once more
  /// after the profile's sections of the type sysctl: `reapply_sysctl` in tuned-main.conf.
  bool reapplies_sysctl_d = false;
};

/// The profiles called `names`, merged as TuneD does when several are active. A name that holds a
/// slash is a path. Includes are looked for below `root`, in the folders that `profile_dirs` of
/// etc/tuned/tuned-main.conf names, then in etc/tuned and usr/lib/tuned, each with and without the
/// sub-folder `profiles` of newer versions. nullopt where TuneD would refuse too.
std::optional<TunedProfile> read_tuned(const std::vector<std::string>& names,
                                       const std::string& root, Diagnostics& diagnostics);

/// The names in etc/tuned/active_profile and post_loaded_profile below `root`; none where TuneD is
/// not there or not active. What cannot be read is told in `problems`.
std::vector<std::string> active_tuned_profiles(const std::string& root,
                                               std::vector<std::string>& problems);

}  // namespace nettune::profile
