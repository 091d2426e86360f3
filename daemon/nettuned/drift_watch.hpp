// SPDX-License-Identifier: MIT
// DriftWatch: inotify on the folders of managed keys. It says which keys were written; whether one
// has changed, and what of it, is the service's to find out.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sysctl/key.hpp"
#include "engine/unique_fd.hpp"
#include "handles.hpp"

namespace nettune::daemon {

class DriftWatch {
 public:
  struct Listener {
    std::function<void(const std::vector<sysctl::Key>&)> written;
    std::function<void()> lost;  ///< the kernel dropped events: anything may have been written
  };

  /// `directory` is /proc/sys. It and `loop` outlive the watch. `why_blind` says why there is none
  /// where that fails.
  DriftWatch(sd_event* loop, std::string directory, Listener listener);

  /// From now on the folders of these keys are watched, and those of the keys that the kernel
  /// changes these with. Gives the paths ("net/ipv4", in order) of those that were not watched
  /// until now: their keys may have been written just before.
  std::vector<std::string> watch(const std::vector<sysctl::Key>& keys);
  /// The same folders: those that were missing or were made anew are watched, and given.
  std::vector<std::string> renew();

  /// Why some writes are not seen; "" where all are.
  const std::string& why_blind() const { return why_blind_; }

 private:
  // Memory reclaim takes away the dentry of a file or folder that nobody holds open, and the watch
  // with it, without a word: so each folder is held.
  struct Folder {
    UniqueFd fd;  // empty: there is no such folder now
    int watch = -1;
  };

  static int on_events(sd_event_source* source, int fd, unsigned events, void* self);
  void read_events();
  bool hold(const std::string& path, Folder& folder);
  void release(Folder& folder);

  std::string directory_;
  Listener listener_;
  UniqueFd inotify_;
  std::map<std::string, Folder> folders_;  // all that are wanted, by path: "net/ipv4"
  std::map<int, std::string> paths_;       // by watch
  std::string why_blind_;
  Source source_;  // last: it ends first
};

/// Whether writes of other processes to /proc/sys can't be seen, because this service has a /proc
/// of its own: `mountinfo` is the text of /proc/self/mountinfo of a process that systemd started.
/// Then "/" has a master, the host's own, and /proc has none.
bool has_own_proc(std::string_view mountinfo);

}  // namespace nettune::daemon
