// SPDX-License-Identifier: MIT
// DriftWatch: inotify on the folders of managed keys. It says which keys were written; whether one
// has changed, and what of it, is the service's to find out. Folders that are written all the time
// are looked at from time to time instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/key.hpp"
#include "handles.hpp"
#include "timer.hpp"

namespace nettune::daemon {

class DriftWatch {
 public:
  struct Listener {
    /// Each key once; of a folder that had rested, all keys.
    std::function<void(const std::vector<sysctl::Key>&)> written;
    std::function<void()> lost;  ///< the kernel dropped events: anything may have been written
  };

  /// After so many events within a window, or so much time spent on them that others lack it, the
  /// folders that they are of rest: their watches end, what is written there costs nothing, and a
  /// moment later each key is looked at. The rest is longer where that look takes long.
  static constexpr std::size_t most_events = 512;
  static constexpr std::uint64_t window = 10'000;           // microseconds
  static constexpr std::uint64_t most_debt = 5'000;         // microseconds
  static constexpr std::uint64_t shortest_rest = 20'000;    // microseconds
  static constexpr std::uint64_t longest_rest = 1'000'000;  // microseconds

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
  bool is_resting() const { return rest_.is_armed(); }

 private:
  // Memory reclaim takes away the dentry of a file or folder that nobody holds open, and the watch
  // with it, without a word: so each folder is held.
  struct Folder {
    UniqueFd fd;  // empty: there is no such folder now
    int watch = -1;
    std::uint64_t written = 0;  // in which window it was written last
    bool rests = false;         // held and not watched
  };
  using Folders = std::map<std::string, Folder>;

  static int on_events(sd_event_source* source, int fd, unsigned events, void* self);
  void read_events();
  void note(const char* events, std::size_t size, std::vector<sysctl::Key>& written);
  void begin_window(std::uint64_t now);
  void begin_rest();
  void end_rest();
  bool watch_held(const std::string& path, Folder& folder);
  bool hold(const std::string& path, Folder& folder);
  void release(Folder& folder);

  std::string directory_;
  Listener listener_;
  UniqueFd inotify_;
  Folders folders_;                        // all that are wanted, by path: "net/ipv4"
  std::map<int, Folders::iterator> held_;  // by watch
  std::string why_blind_;
  std::uint64_t window_ = 0;        // counts the windows
  std::uint64_t window_begin_ = 0;  // microseconds, as all below
  std::size_t events_ = 0;          // in this window
  std::uint64_t turn_end_ = 0;      // of the last turn
  std::uint64_t debt_ = 0;          // time spent beyond half of what was left to others
  std::uint64_t look_took_ = 0;     // the last one after a rest
  bool is_lost_ = false;
  Timer rest_;
  Source source_;  // last: it ends first
};

/// Whether writes of other processes to /proc/sys can't be seen, because this service has a /proc
/// of its own: `mountinfo` is the text of /proc/self/mountinfo of a process that systemd started.
/// Then "/" has a master, the host's own, and /proc has none.
bool has_own_proc(std::string_view mountinfo);

}  // namespace nettune::daemon
