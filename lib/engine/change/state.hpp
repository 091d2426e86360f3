// SPDX-License-Identifier: MIT
// State: what nettune has changed in this boot and network namespace: the baseline, and the journal
// of a change that is under way. On disk it is one file of /run/nettune, replaced as a whole.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/change/failure.hpp"
#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/key.hpp"
#include "engine/sysctl/net_namespace.hpp"

namespace nettune::change {

/// A key that nettune changed. Texts are what the kernel printed, in one line.
struct Baseline {
  sysctl::Key key;
  std::string before;  ///< just before nettune first changed it in this boot
  std::string left;    ///< after the last change of nettune's
  /// Never written for itself: the kernel changed it together with another key.
  bool is_side_effect = false;
};

/// A key of a change that is under way.
struct JournalEntry {
  enum class Purpose {
    desired,      ///< a profile wants it
    restored,     ///< it goes back to its baseline
    side_effect,  ///< not written; the kernel may change it together with another key
  };
  sysctl::Key key;
  std::string before;  ///< just before this change
  std::string after;   ///< as written; read back once the change is complete
  Purpose purpose = Purpose::desired;
};

struct Journal {
  std::vector<JournalEntry> entries;  ///< in the order of the writes, side effects last
  std::string profile;                ///< active once the change is kept; "" for none
  /// A complete change that is taken back unless it is confirmed in time: CLOCK_BOOTTIME in
  /// nanoseconds. 0: the change is being written.
  std::int64_t confirm_until = 0;
  int waiting_pid = 0;  ///< the process that takes it back then; 0: none
};

struct State {
  std::string profile;              ///< as it was named: a profile or a file; "" for none
  std::vector<Baseline> baselines;  ///< by key
  /// Keys that a revert did not restore because another program had changed them: by key, disjoint
  /// from `baselines`. Only a forced revert writes them.
  std::vector<Baseline> foreign;
  std::optional<Journal> journal;

  /// Until when a change waits for its confirmation, as Journal has it; 0 where none waits.
  std::int64_t confirm_until() const { return journal ? journal->confirm_until : 0; }
  bool is_empty() const {
    return profile.empty() && baselines.empty() && foreign.empty() && !journal;
  }
  const Baseline* find(const sysctl::Key& key) const;  ///< among the baselines
  /// Forgets what a revert has left of keys that have a baseline again.
  void drop_foreign_with_baseline();
};

/// The journal's keys become part of the baseline, and its profile the active one.
State kept(State state);

/// What belongs to whom: a state of another boot or network namespace is not this one's.
struct Place {
  std::string boot_id;  ///< /proc/sys/kernel/random/boot_id
  sysctl::NetNamespace netns;
};

/// The boot that the machine below `root` is in, and the network namespace behind `netns_fd`; -1:
/// the calling thread's.
std::expected<Place, Failure> find_place(const std::string& root, int netns_fd = -1);

/// The text of the file: lines of words, the first of them its format, the last a checksum against
/// accidental damage.
std::string to_text(const State& state, const Place& place);

/// Reads that text, and that of the format before, which had no checksum. A state of another boot
/// or namespace is an empty one: its values are gone. The reason, where the text is not understood:
/// nothing is guessed.
std::expected<State, std::string> parse_state(std::string_view text, const Place& place);

/// CLOCK_BOOTTIME in nanoseconds: it runs on while the machine sleeps.
std::int64_t boot_time();

/// Tells one stored state from the next without reading it: each is a file of its own.
struct StateStamp {
  std::uint64_t inode = 0;    ///< 0: no file
  std::int64_t modified = 0;  ///< nanoseconds
  std::int64_t size = 0;

  /// That of no stored state, nor of none.
  static StateStamp unknown() { return {.inode = 0, .modified = -1, .size = -1}; }
  friend bool operator==(const StateStamp&, const StateStamp&) = default;
};

/// The folder with the lock and the states, held by the one writer. Others wait, or are told who
/// holds it. Not for several threads.
class StateFolder {
 public:
  /// Makes the folder (0755) where it is missing and takes the lock, waiting up to `wait_seconds`.
  /// A lock that root makes belongs to the folder's owner, so that the service can take it as well.
  /// Refused: a folder or file that anybody but root, the service's user and this process's may
  /// write.
  static std::expected<StateFolder, Failure> lock(const std::string& directory, const Place& place,
                                                  double wait_seconds);

  /// The state on disk; an empty one where there is no file.
  std::expected<State, Failure> load() const;

  /// Of the state on disk.
  std::expected<StateStamp, Failure> stamp() const;

  /// Replaces the file by `state`, which is synced to disk before it takes the old one's place;
  /// removes it for an empty state. On failure the old file is still there. The folder is not
  /// synced: what a crash of the machine could undo ends with the boot, as the kernel's values do.
  std::expected<void, Failure> store(const State& state) const;

  const Place& place() const { return place_; }

 private:
  StateFolder() = default;
  std::string directory_;
  Place place_;
  UniqueFd folder_;
  UniqueFd lock_;  // released with its descriptor
};

/// As StateFolder::load without the lock, for whoever only looks.
std::expected<State, Failure> look_at_state(const std::string& directory, const Place& place);

}  // namespace nettune::change
