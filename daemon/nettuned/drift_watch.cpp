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

void DriftWatch::release(Folder& folder) {
  if (folder.watch >= 0) {
    ::inotify_rm_watch(inotify_.get(), folder.watch);
    paths_.erase(folder.watch);
  }
  folder = {};
}

bool DriftWatch::hold(const std::string& path, Folder& folder) {
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
    folder = {};
    return false;
  }
  paths_[folder.watch] = path;
  return true;
}

std::vector<std::string> DriftWatch::watch(const std::vector<sysctl::Key>& keys) {
  if (!source_) return {};
  std::set<std::string, std::less<>> wanted;
  std::string_view last;  // keys come in order: most are in the folder of the one before
  for (const sysctl::Key& key : keys) {
    // Of keys that change each other (side_effects.hpp).
    for (const sysctl::KeyGlob& other : sysctl::side_effects_of(key)) {
      if (other.is_literal()) wanted.emplace(other.literal().folder());
    }
    if (key.folder() == last) continue;
    last = key.folder();
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
  for (auto folder = folders_.begin(); folder != folders_.end();) {
    const auto next = std::next(folder);
    if (!wanted.contains(folder->first)) {
      release(folder->second);
      folders_.erase(folder);
    }
    folder = next;
  }
  for (const std::string& path : wanted) folders_.try_emplace(path);
  return renew();
}

std::vector<std::string> DriftWatch::renew() {
  if (!source_) return {};
  std::vector<std::string> fresh;
  why_blind_.clear();
  for (auto& [path, folder] : folders_) {
    // A folder that the kernel has taken away since says so itself (ENOENT in procfs): to look at
    // its path costs ten times as much.
    struct stat status{};
    if (folder.fd && ::fstat(folder.fd.get(), &status) == 0 && status.st_nlink != 0) continue;
    release(folder);
    if (hold(path, folder)) fresh.push_back(path);
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
        // The kernel ended it: renew() begins it anew where the folder is there again.
        folders_[path->second] = {};
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
