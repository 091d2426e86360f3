// SPDX-License-Identifier: MIT
#include "profile_cache.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "engine/diagnostic.hpp"

namespace nettune::daemon {
namespace {

constexpr std::int64_t second = 1'000'000'000;
// A file may change twice within a tick of the kernel's clock, and look the same.
constexpr std::int64_t oldest_tick = second / 10;

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * second + time.tv_nsec; }

}  // namespace

// Of a folder on the way only what makes it trusted matters: others write into /etc all the time.
ProfileCache::Stamp::Stamp(const std::string& path, bool is_way) {
  struct stat file{};
  if (::lstat(path.c_str(), &file) != 0) return;  // there is none
  device = file.st_dev;
  inode = file.st_ino;
  mode = file.st_mode;
  user = file.st_uid;
  if (is_way) return;
  size = static_cast<std::uint64_t>(file.st_size);
  changed = nanoseconds(file.st_ctim);
  modified = nanoseconds(file.st_mtim);
}

// Drops what is known where anything has changed since.
std::vector<profile::Store::Listed> ProfileCache::look(std::vector<Error>& problems) {
  const profile::Store& store = service_.surroundings().store;
  const auto now = static_cast<std::int64_t>(wall_clock_() * 1000);
  std::vector<profile::Store::Listed> listed = store.list(problems);
  std::vector<Stamp> stamps;
  for (const std::string& folder : store.directories()) {
    for (std::size_t end = folder.find('/', 1); end != std::string::npos;
         end = folder.find('/', end + 1)) {
      stamps.emplace_back(folder.substr(0, end), true);
    }
    stamps.emplace_back(folder, false);
  }
  std::vector<std::string> paths;
  for (const profile::Store::Listed& one : listed) {
    stamps.emplace_back(one.path, false);
    paths.push_back(one.path);
  }
  std::ranges::sort(paths);
  // What a link leads to has folders of its own on the way: such profiles are read each time.
  is_kept_ = problems.empty() && std::ranges::all_of(stamps, [&](const Stamp& stamp) {
               return !S_ISLNK(static_cast<mode_t>(stamp.mode)) &&
                      now - stamp.changed > oldest_tick && now - stamp.modified > oldest_tick;
             });
  if (!is_kept_ || stamps != stamps_) known_.clear();
  stamps_ = std::move(stamps);
  paths_ = std::move(paths);
  return listed;
}

bool ProfileCache::is_of_store(const profile::Profile& profile) const {
  return std::ranges::all_of(profile.sources(), [&](const SourcePtr& source) {
    return std::ranges::binary_search(paths_, source->name);
  });
}

ProfileCache::Loaded ProfileCache::load_looked_at(const std::string& name) {
  if (const auto known = known_.find(name); known != known_.end()) {
    // Links come and go: what a glob matches is looked at each time.
    Diagnostics diagnostics;
    std::optional<profile::ResolvedProfile> again =
        profile::resolve_again(*known->second, service_.surroundings().tree, diagnostics);
    if (again && !diagnostics.has_errors()) {
      return std::make_shared<const profile::ResolvedProfile>(*std::move(again));
    }
  }
  ++reads_;
  auto resolved = service_.load(name);
  if (!resolved) return std::unexpected(resolved.error());
  auto shared = std::make_shared<const profile::ResolvedProfile>(*std::move(resolved));
  if (is_kept_ && is_of_store(shared->profile())) known_[name] = shared;
  return shared;
}

ProfileCache::Loaded ProfileCache::load(const std::string& name) {
  std::vector<Error> problems;  // the profile itself is found all the same
  look(problems);
  return load_looked_at(name);
}

std::expected<std::vector<ProfileCache::Row>, Refusal> ProfileCache::list() {
  std::vector<Error> problems;
  std::vector<profile::Store::Listed> list = look(problems);
  if (!problems.empty()) {
    return std::unexpected(Refusal{Refusal::Kind::failed, describe(problems.front())});
  }
  std::vector<Row> rows;
  for (profile::Store::Listed& listed : list) {
    Loaded loaded = load_looked_at(listed.name);
    rows.push_back({std::move(listed), std::move(loaded)});
  }
  return rows;
}

}  // namespace nettune::daemon
