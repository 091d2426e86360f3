// SPDX-License-Identifier: MIT
#include "drift_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "engine/sysctl/side_effects.hpp"

namespace nettune::daemon {

DriftWatch::DriftWatch(sd_event* loop, std::string directory, Listener listener)
    : directory_(std::move(directory)),
      listener_(std::move(listener)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!inotify_) {
    why_blind_ = fmt::format("inotify: {}", std::strerror(errno));
    return;
  }
  sd_event_source* source = nullptr;
  const int code = sd_event_add_io(loop, &source, inotify_.get(), EPOLLIN, on_events, this);
  source_.reset(source);
  if (code < 0) {
    why_blind_ = fmt::format("inotify: {}", std::strerror(-code));
    return;
  }
  // What was written is looked at before anything else.
  sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
}

bool DriftWatch::is_current(const std::string& path, const Folder& folder) const {
  struct stat held{};
  struct stat now{};
  return ::fstat(folder.fd.get(), &held) == 0 &&
         ::stat((directory_ + "/" + path).c_str(), &now) == 0 && held.st_ino == now.st_ino &&
         held.st_dev == now.st_dev;
}

void DriftWatch::drop(std::map<std::string, Folder>::iterator folder) {
  if (folder->second.watch >= 0) {
    ::inotify_rm_watch(inotify_.get(), folder->second.watch);
    paths_.erase(folder->second.watch);
  }
  folders_.erase(folder);
}

bool DriftWatch::add(const std::string& path) {
  Folder folder;
  folder.fd = UniqueFd(
      ::open((directory_ + "/" + path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY));
  if (!folder.fd) {
    // A link or module that is not there.
    if (errno != ENOENT) why_blind_ = fmt::format("{}: {}", path, std::strerror(errno));
    return false;
  }
  folder.watch =
      ::inotify_add_watch(inotify_.get(), fmt::format("/proc/self/fd/{}", folder.fd.get()).c_str(),
                          IN_MODIFY | IN_ONLYDIR);
  if (folder.watch < 0) {
    why_blind_ = errno == ENOSPC ? "fs.inotify.max_user_watches allows no more watches"
                                 : fmt::format("{}: {}", path, std::strerror(errno));
    return false;
  }
  paths_[folder.watch] = path;
  folders_.insert_or_assign(path, std::move(folder));
  return true;
}

std::string_view DriftWatch::folder_of(const sysctl::Key& key) {
  return key.path().substr(0, key.path().rfind('/'));
}

std::vector<sysctl::Key> DriftWatch::watch(const std::vector<sysctl::Key>& keys) {
  if (!source_) return {};
  std::set<std::string, std::less<>> wanted;
  std::string_view last;  // keys come in order: most are in the folder of the one before
  for (const sysctl::Key& key : keys) {
    // Of keys that change each other (side_effects.hpp).
    for (const sysctl::KeyGlob& other : sysctl::side_effects_of(key)) {
      if (other.is_literal()) wanted.emplace(folder_of(other.literal()));
    }
    if (folder_of(key) == last) continue;
    last = folder_of(key);
    const std::string_view path = key.path();
    wanted.emplace(last);
    // Writing these changes keys of links.
    for (const std::string_view family : {"net/ipv4/", "net/ipv6/"}) {
      if (path.starts_with(std::string(family) + "neigh/")) {
        wanted.insert(std::string(family) + "neigh/default");
      }
      if (!path.starts_with(std::string(family) + "conf/")) continue;
      if (family == "net/ipv4/") wanted.insert("net/ipv4");
      wanted.insert(std::string(family) + "conf/all");
      wanted.insert(std::string(family) + "conf/default");
    }
  }
  why_blind_.clear();
  for (auto folder = folders_.begin(); folder != folders_.end();) {
    const auto next = std::next(folder);
    if (!wanted.contains(folder->first) || !is_current(folder->first, folder->second)) {
      drop(folder);
    }
    folder = next;
  }
  std::set<std::string, std::less<>> added;
  for (const std::string& path : wanted) {
    if (!folders_.contains(path) && add(path)) added.insert(path);
  }
  std::vector<sysctl::Key> fresh;
  bool is_added = false;
  last = {};
  for (const sysctl::Key& key : keys) {
    if (folder_of(key) != last) {
      last = folder_of(key);
      is_added = added.contains(last);
    }
    if (is_added) fresh.push_back(key);
  }
  return fresh;
}

int DriftWatch::on_events(sd_event_source*, int, unsigned, void* self) {
  static_cast<DriftWatch*>(self)->read_events();
  return 0;
}

void DriftWatch::read_events() {
  std::vector<sysctl::Key> written;
  bool is_lost = false;
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer, sizeof buffer);
    if (size <= 0) break;  // EAGAIN: that was all
    for (const char* at = buffer; at < buffer + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        is_lost = true;
        continue;
      }
      const auto path = paths_.find(event->wd);
      if (path == paths_.end()) continue;
      if ((event->mask & IN_IGNORED) != 0) {
        // The kernel ended it: watch() makes it anew where the folder is there again.
        folders_.erase(path->second);
        paths_.erase(path);
        continue;
      }
      if (event->len == 0) continue;
      const auto key = sysctl::Key::parse(path->second + "/" + event->name);
      if (key) written.push_back(*key);
    }
  }
  if (is_lost) {
    listener_.lost();
  } else if (!written.empty()) {
    listener_.written(written);
  }
}

bool has_own_proc(std::string_view mountinfo) {
  // "36 35 98:0 / /proc rw,noatime shared:2 master:1 - proc proc rw"
  // systemd makes all of a unit's mounts shared again: only a master tells where one comes from.
  bool root_belongs = false;
  bool proc_belongs = false;
  bool has_proc = false;
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    const std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    const std::string_view optional = line.substr(0, line.find(" - "));
    const bool belongs = optional.find(" master:") != std::string_view::npos;
    std::size_t begin = 0;
    for (int field = 0; field < 4; ++field) {
      begin = std::min(line.find(' ', begin), line.size() - 1) + 1;
    }
    const std::string_view point = line.substr(begin, line.find(' ', begin) - begin);
    // The last mount at a place is the one that is seen.
    if (point == "/") root_belongs = belongs;
    if (point == "/proc") {
      has_proc = true;
      proc_belongs = belongs;
    }
  }
  return root_belongs && has_proc && !proc_belongs;
}

}  // namespace nettune::daemon
