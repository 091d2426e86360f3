// SPDX-License-Identifier: MIT
// Where profiles are found and how they inherit: search path, limits, file types.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/profile/profile.hpp"
#include "engine/result.hpp"

namespace nettune::profile {

inline constexpr std::size_t max_inherited_files = 64;

class Store {
 public:
  /// `directories` in the order of precedence. NETTUNE_PROFILE_PATH is the callers' business.
  /// Profiles are checked for `kernel`, see ProfileBuilder::check.
  explicit Store(std::vector<std::string> directories, sysctl::Version kernel = {})
      : directories_(std::move(directories)), kernel_(kernel) {}

  /// The directories of a text that separates them by colons, as NETTUNE_PROFILE_PATH has them.
  static std::vector<std::string> split_directories(std::string_view path);

  /// From now on files that are not to be trusted are refused.
  void trust_only_root() { trusts_only_root_ = true; }
  bool trusts_only_root() const { return trusts_only_root_; }

  /// From now on profiles with a fault are given all the same, see Faulty::keep: whoever asks for
  /// one looks at the diagnostics.
  void keep_faulty() { faulty_ = Faulty::keep; }
  Faulty faulty() const { return faulty_; }

  /// /etc, /run, /usr/share below `root`; in a source tree's build the shipped ones last.
  static std::vector<std::string> default_directories(const std::string& root);

  /// The profile called `name`, or the file at a path (one that holds a slash, or ends in .yaml),
  /// with all it inherits. Faults are added to `diagnostics`, those of inherited files as well.
  std::optional<Profile> load(const std::string& name_or_path, Diagnostics& diagnostics) const;

  /// The path of the profile called `name`; nullopt where no directory has it.
  std::optional<std::string> find(const std::string& name) const;

  struct Listed {
    std::string name;
    std::string path;
    std::vector<std::string> hidden;  ///< paths of the same name that come later on the path
  };
  /// All that can be listed, sorted by name. A directory that is there and can't be listed is added
  /// to `problems`.
  std::vector<Listed> list(std::vector<Error>& problems) const;

  const std::vector<std::string>& directories() const { return directories_; }
  sysctl::Version kernel() const { return kernel_; }

 private:
  std::vector<std::string> directories_;
  sysctl::Version kernel_;
  bool trusts_only_root_ = false;
  Faulty faulty_ = Faulty::refuse;
};

}  // namespace nettune::profile
