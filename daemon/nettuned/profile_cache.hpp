// SPDX-License-Identifier: MIT
// ProfileCache: the profiles of the search path, read again only when a file or folder there has
// changed: to list them must not cost what it costs to read them all.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service.hpp"

namespace nettune::daemon {

class ProfileCache {
 public:
  using Loaded = std::expected<std::shared_ptr<const profile::ResolvedProfile>, Refusal>;
  struct Row {
    profile::Store::Listed listed;
    Loaded loaded;
  };

  /// `service` outlives this; `wall_clock` gives microseconds.
  ProfileCache(const Service& service, std::function<std::uint64_t()> wall_clock)
      : service_(service), wall_clock_(std::move(wall_clock)) {}

  /// As Service::load(), of a profile by its name.
  Loaded load(const std::string& name);
  /// Refused where not all of the search path can be listed.
  std::expected<std::vector<Row>, Refusal> list();

  std::size_t reads() const { return reads_; }  ///< how often a profile was read from its files

 private:
  // What tells a file or folder from any other, and from itself as it was.
  struct Stamp {
    explicit Stamp(const std::string& path, bool is_way);
    bool operator==(const Stamp&) const = default;

    std::uint64_t device = 0, inode = 0, mode = 0, user = 0, size = 0;
    std::int64_t changed = 0, modified = 0;  // nanoseconds
  };

  std::vector<profile::Store::Listed> look(std::vector<Error>& problems);
  Loaded load_looked_at(const std::string& name);
  bool is_of_store(const profile::Profile& profile) const;

  const Service& service_;
  std::function<std::uint64_t()> wall_clock_;
  std::vector<Stamp> stamps_;
  std::vector<std::string> paths_;  // of all profiles, sorted
  bool is_kept_ = false;            // the stamps tell of every change
  std::map<std::string, std::shared_ptr<const profile::ResolvedProfile>> known_;
  std::size_t reads_ = 0;
};

}  // namespace nettune::daemon
