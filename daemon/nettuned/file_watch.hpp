// SPDX-License-Identifier: MIT
// FileWatch: inotify on a folder of ordinary files: one of them was replaced or removed.
#pragma once

#include <functional>
#include <string>

#include "engine/file/unique_fd.hpp"
#include "handles.hpp"

namespace nettune::daemon {

class FileWatch {
 public:
  /// The folder is made where it is missing.
  FileWatch(sd_event* loop, const std::string& folder, std::function<void()> changed);

  /// Tells of what has happened by now, rather than in the next turn of the loop.
  void catch_up();

  const std::string& why_blind() const { return why_blind_; }

 private:
  static int on_events(sd_event_source* source, int fd, unsigned events, void* self);

  std::function<void()> changed_;
  UniqueFd inotify_;
  std::string why_blind_;
  Source source_;
};

}  // namespace nettune::daemon
