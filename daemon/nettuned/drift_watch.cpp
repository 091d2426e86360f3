// SPDX-License-Identifier: MIT
#include "drift_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>
#include <utility>

#include "engine/file/folder.hpp"
#include "engine/sysctl/side_effects.hpp"

namespace nettune::daemon {
namespace {

// What a turn reads at most: some hundred events.
constexpr std::size_t turn_size = 16'384;  // bytes

// Adds all keys of a folder that is held open. False where it can't be listed: its link or module
// has gone, or there are too many open files.
bool append_keys(int folder, const std::string& path, std::vector<sysctl::Key>& keys) {
  Result<Folder> directory = Folder::open(".", folder);
  if (!directory) return false;
  for (;;) {
    const Result<const dirent*> entry = directory->next();
    if (!entry) return false;
    if (*entry == nullptr) return true;
    if ((*entry)->d_type == DT_DIR) continue;
    if (const auto key = sysctl::Key::parse(path + "/" + (*entry)->d_name)) keys.push_back(*key);
  }
}

}  // namespace

DriftWatch::DriftWatch(sd_event* loop, std::string directory, Listener listener)
    : directory_(std::move(directory)),
      listener_(std::move(listener)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      rest_(loop, CLOCK_MONOTONIC, 1000, [this] { end_rest(); }) {
  if (!inotify_) {
    why_blind_ = fmt::format("inotify: {}", std::strerror(errno));
    return;
  }
  sd_event_source* source = nullptr;
  int code = sd_event_add_io(loop, &source, inotify_.get(), EPOLLIN, on_events, this);
  // What was written is looked at before anything else; begin_rest() sees to it that all else has
  // its turn.
  if (code >= 0) code = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
  source_.reset(source);
  if (code < 0) {
    why_blind_ = fmt::format("inotify: {}", std::strerror(-code));
    source_.reset();
  }
}

void DriftWatch::release(Folder& folder) {
  if (folder.watch >= 0) {
    ::inotify_rm_watch(inotify_.get(), folder.watch);
    held_.erase(folder.watch);
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
  return watch_held(path, folder);
}

bool DriftWatch::watch_held(const std::string& path, Folder& folder) {
  folder.watch =
      ::inotify_add_watch(inotify_.get(), fmt::format("/proc/self/fd/{}", folder.fd.get()).c_str(),
                          IN_MODIFY | IN_ONLYDIR);
  if (folder.watch < 0) {
    why_blind_ = errno == ENOSPC ? "fs.inotify.max_user_watches allows no more watches"
                                 : fmt::format("{}: {}", path, std::strerror(errno));
    folder = {};
    return false;
  }
  held_[folder.watch] = folders_.find(path);
  return true;
}

std::vector<std::string> DriftWatch::watch(const std::vector<sysctl::Key>& keys) {
  if (!source_) return {};
  std::set<std::string, std::less<>> wanted;
  std::string_view last;  // keys come in order: most are in the folder of the one before
  for (const sysctl::Key& key : keys) {
    // Of keys that change each other.
    for (const sysctl::KeyGlob& other : sysctl::side_effects_of(key)) {
      if (other.is_literal()) wanted.emplace(other.literal().folder());
    }
    if (key.folder() == last) continue;
    last = key.folder();
    wanted.emplace(last);
    for (const std::string_view folder : sysctl::folders_that_change(last)) wanted.emplace(folder);
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

// One bounded piece of what is there: the rest has its turn after what else is waiting.
void DriftWatch::read_events() {
  std::vector<sysctl::Key> written;
  alignas(inotify_event) char buffer[turn_size];
  const ssize_t size = ::read(inotify_.get(), buffer, sizeof buffer);
  if (size <= 0) return;  // EAGAIN: another turn has read it
  const std::uint64_t begin = monotonic_now();
  begin_window(begin);
  debt_ -= std::min(debt_, (begin - turn_end_) / 2);
  note(buffer, static_cast<std::size_t>(size), written);
  if (!written.empty()) listener_.written(written);
  turn_end_ = monotonic_now();
  debt_ += turn_end_ - begin;
  if (events_ > most_events || debt_ > most_debt || is_lost_) begin_rest();
}

// Counts the events, and adds each key that they tell of once.
void DriftWatch::note(const char* events, std::size_t size, std::vector<sysctl::Key>& written) {
  std::vector<std::pair<Folders::iterator, std::string_view>> names;
  for (const char* at = events; at < events + size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(at);
    at += sizeof(inotify_event) + event->len;
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
      is_lost_ = true;
      continue;
    }
    const auto found = held_.find(event->wd);
    if (found == held_.end()) continue;  // it was let go, or rests
    const Folders::iterator folder = found->second;
    if ((event->mask & IN_IGNORED) != 0) {
      // The kernel ended it: renew() begins it anew where the folder is there again.
      held_.erase(found);
      folder->second = {};
      continue;
    }
    if (event->len == 0) continue;
    ++events_;
    folder->second.written = window_;
    names.emplace_back(folder, event->name);
  }
  const auto place = [](const auto& one) {
    return std::pair<std::string_view, std::string_view>(one.first->first, one.second);
  };
  std::ranges::sort(names, {}, place);
  const auto repeated = std::ranges::unique(names, {}, place);
  names.erase(repeated.begin(), repeated.end());
  for (const auto& [folder, name] : names) {
    const auto key = sysctl::Key::parse(fmt::format("{}/{}", folder->first, name));
    if (key) written.push_back(*key);
  }
}

void DriftWatch::begin_window(std::uint64_t now) {
  if (window_ != 0 && now - window_begin_ < window) return;
  ++window_;
  window_begin_ = now;
  events_ = 0;
}

// Of the folders that were written in this window. Events of theirs that wait already are passed
// over, as those of any watch that was ended.
void DriftWatch::begin_rest() {
  for (auto& [path, folder] : folders_) {
    if (folder.watch < 0 || folder.written != window_) continue;
    ::inotify_rm_watch(inotify_.get(), folder.watch);
    held_.erase(folder.watch);
    folder.watch = -1;
    folder.rests = true;
  }
  events_ = 0;
  debt_ = 0;
  if (!rest_.is_armed()) {
    rest_.arm_after(std::clamp(4 * look_took_, shortest_rest, longest_rest));
  }
}

void DriftWatch::end_rest() {
  const std::uint64_t begin = monotonic_now();
  bool is_lost = std::exchange(is_lost_, false);
  std::vector<sysctl::Key> keys;
  for (auto& [path, folder] : folders_) {
    if (!folder.rests) continue;
    folder.rests = false;
    // Watched before it is looked at: nothing is missed between the two.
    // Where that fails, a look at all says what is not seen now.
    is_lost |= !watch_held(path, folder) || !append_keys(folder.fd.get(), path, keys);
  }
  std::ranges::sort(keys);
  if (is_lost) {
    listener_.lost();
  } else if (!keys.empty()) {
    listener_.written(keys);
  }
  look_took_ = monotonic_now() - begin;
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
