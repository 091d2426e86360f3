// SPDX-License-Identifier: MIT
#include "file_watch.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace nettune::daemon {

FileWatch::FileWatch(sd_event* loop, const std::string& folder, std::function<void()> changed)
    : changed_(std::move(changed)), inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  static_cast<void>(::mkdir(folder.c_str(), 0755));  // the watch says why there is none
  if (!inotify_ || ::inotify_add_watch(inotify_.get(), folder.c_str(),
                                       IN_MOVED_TO | IN_DELETE | IN_ONLYDIR) < 0) {
    why_blind_ = fmt::format("{}: {}", folder, std::strerror(errno));
    return;
  }
  sd_event_source* source = nullptr;
  int code = sd_event_add_io(loop, &source, inotify_.get(), EPOLLIN, on_events, this);
  // Who asks for the state right after a change is told of it.
  if (code >= 0) code = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
  source_.reset(source);
  if (code < 0) {
    why_blind_ = fmt::format("{}: {}", folder, std::strerror(-code));
    source_.reset();
  }
}

int FileWatch::on_events(sd_event_source*, int, unsigned, void* data) {
  static_cast<FileWatch*>(data)->catch_up();
  return 0;
}

void FileWatch::catch_up() {
  constexpr int most_reads = 64;  // of a queue that is filled all the time
  char buffer[4096];
  int reads = 0;
  while (reads < most_reads && ::read(inotify_.get(), buffer, sizeof buffer) > 0) ++reads;
  if (reads > 0) changed_();  // what it was does not matter
}

}  // namespace nettune::daemon
