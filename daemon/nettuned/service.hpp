// SPDX-License-Identifier: MIT
// Service: what nettuned knows and decides. It keeps the active profile in force, judges what has
// changed, and says what happened. No bus, no event loop, no clock: the time is an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/audit/compare.hpp"
#include "engine/change/transaction.hpp"
#include "engine/profile/host.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/profile/store.hpp"
#include "engine/sysctl/tree.hpp"
#include "managed_keys.hpp"
#include "settings.hpp"

namespace nettune::daemon {

/// An instant on two clocks: deadlines are counted on the one, and people are told the other.
struct Moment {
  std::int64_t boot = 0;   ///< CLOCK_BOOTTIME, nanoseconds
  std::uint64_t wall = 0;  ///< CLOCK_REALTIME, microseconds
};

enum class Status { inactive, in_sync, drifted, contested, failed };
std::string_view status_name(Status status);  ///< "inactive", "in-sync", …

/// Why something that was asked for was not done.
struct Refusal {
  enum class Kind {
    no_such_profile,
    invalid_profile,
    not_applicable,
    stale,
    kernel_refused,
    busy,
    denied,  ///< this process lacks a right
    failed,
  };
  Kind kind;
  std::string message;  ///< of one line, or diagnostics of several
};

struct Event {
  enum class Kind {
    profile_changed,  ///< another profile is active, or none
    applied,          ///< a key became what the profile wants, without having drifted before
    drift_detected,
    drift_restored,
    drift_ended,  ///< right again, and not by this service
    contested,
    refused,        ///< the kernel refused a key
    recovered,      ///< what another writer left unfinished was taken back
    taken_over,     ///< another writer changed the state: `changes`; the service goes on from there
    failed,         ///< the profile can't be put in force
    trial_started,  ///< a change waits for its confirmation
    trial_ended,    ///< it was confirmed, or taken back: `changes`
    written,        ///< a profile was put in force or taken back: `changes`
  };
  struct Change {
    std::string key, before, after;
    bool is_restored = false;  ///< the profile does not want it: it went back
  };
  Kind kind;
  std::string key{};  ///< of one key
  std::string desired{};
  std::string live{};     ///< what it is then
  std::string before{};   ///< what it was until then; "" where that is not known
  std::string writer{};   ///< who wrote that; "" where it is not known
  std::string profile{};  ///< profile_changed: the one that is active now
  std::string text{};     ///< a sentence
  std::vector<Change> changes{};
  std::uint64_t when = 0;  ///< wall clock
};

/// Where a service works. All is borrowed, and outlives the service.
struct Surroundings {
  sysctl::Tree& tree;
  const profile::Store& store;
  profile::Host host;
  change::Place place;
  std::string state_folder;  ///< /run/nettune
  std::string choice_file;   ///< /var/lib/nettune/active
  /// Is told what is read beside keys, and which keys are left as they are and why; may be empty.
  std::function<void(std::string_view line)> tell{};
};

/// From one sweep to the next while the writes of others are not seen.
constexpr std::chrono::seconds blind_sweep{2};

class Service {
 public:
  Service(Surroundings surroundings, Settings settings);

  /// Takes back what another writer left unfinished, and puts the chosen profile in force: that of
  /// the choice file, else that of the settings, else what was applied in this boot.
  void start(Moment now);

  // --- what is asked for ---

  /// Puts the profile in force and makes it the choice. With `confirm_for` nanoseconds all is taken
  /// back unless it is confirmed in time.
  std::expected<void, Refusal> activate(const std::string& profile, std::int64_t confirm_for,
                                        Moment now);
  std::expected<void, Refusal> confirm(Moment now);
  /// No profile is the choice any more. `keep` leaves the values as they are.
  std::expected<void, Refusal> deactivate(bool keep, Moment now);
  /// Back to the baseline; with `force` also where something else has changed a key since.
  std::expected<void, Refusal> revert(bool force, Moment now);
  /// Reads the profile again. One with a fault leaves the last good one in force.
  std::expected<void, Refusal> reload(Settings settings, Moment now);

  // --- what happened ---

  /// These keys may have changed. Others are passed over.
  void look_at(const std::vector<sysctl::Key>& keys, Moment now);
  /// Anything may have changed, and any key may have come or gone.
  void sweep(Moment now);
  /// Links or modules have come, gone or changed, and keys with them; all those of `links` are new.
  void look_for_keys(const std::vector<std::string>& links, Moment now);
  /// The state on disk may be another one.
  void look_at_state(Moment now);
  /// What another writer was in the way of is tried again where it is done by now, rather than in
  /// its time: who asks right after it is to hear of its work.
  void catch_up(Moment now);
  /// Writes of others are not seen when they happen, and why; "": they are.
  void set_blind(std::string why);
  /// Does what is due.
  void pass_time(Moment now);
  /// When pass_time() has something to do, boot clock; nullopt: nothing.
  std::optional<std::int64_t> deadline() const;

  // --- what is so ---

  Status status() const;
  std::string sentence() const;  ///< the same in words
  const std::string& profile() const { return profile_; }
  /// The choice that lasts over a reboot; "" for none.
  const std::string& choice() const { return choice_; }
  const std::vector<ManagedKey>& keys() const { return keys_.all(); }  ///< by key
  const ManagedKey* find(const sysctl::Key& key) const { return keys_.find(key); }
  /// Incremented by each of the calls above that may change something: where it is the same, so is
  /// every answer below.
  std::uint64_t revision() const { return revision_; }
  /// Another number after each time that keys may have come, gone or been made anew.
  std::uint64_t keys_version() const { return keys_.version(); }
  std::uint32_t drift_count() const { return keys_.drift_count(); }
  std::uint32_t contested_count() const { return keys_.contested_count(); }
  std::uint64_t last_applied() const { return last_applied_; }  ///< wall clock; 0: never
  std::uint64_t last_audited() const { return last_audited_; }
  bool waits_for_confirmation() const { return trial_until_ != 0; }
  const Settings& settings() const { return settings_; }
  const Surroundings& surroundings() const { return surroundings_; }
  /// nullptr where no profile is in force.
  const std::shared_ptr<const profile::ResolvedProfile>& resolved() const {
    return keys_.profile();
  }

  /// What happened since the last call, in order.
  std::vector<Event> take_events();
  /// Marks all views as published.
  void views_are_told();
  /// Loads and resolves a profile without putting it in force.
  std::expected<profile::ResolvedProfile, Refusal> load(const std::string& profile) const;

 private:
  enum class OtherState { take_over, leave };
  std::expected<change::Session, Refusal> begin(Moment now,
                                                OtherState other = OtherState::take_over);
  void end(change::Session session);
  std::expected<void, Refusal> put_in_force(const std::string& name,
                                            profile::ResolvedProfile resolved,
                                            change::Session& session, std::int64_t confirm_for,
                                            Moment now);
  std::expected<void, Refusal> go_back(change::Session& session, bool force, Moment now);
  void take_over(change::Session& session, bool is_confirmed, Moment now);
  std::optional<std::vector<std::size_t>> find_new_keys(const std::vector<std::string>& links,
                                                        Moment now);
  void judge(const std::vector<std::size_t>& which, bool are_new, Moment now);
  void restore(const std::vector<change::Drifted>& drifted, bool are_new, change::Session& session,
               Moment now);
  void leave_alone(ManagedKey& managed, Moment now);
  void note_trial(const change::State& state, Moment now);
  std::string trial_name() const;
  bool end_trial(const change::State& state, Moment now);
  bool is_restored(const profile::Desired& desired) const;
  void fail(std::string why, Moment now);
  void set_profile(std::string profile, std::string why, Moment now);
  std::expected<void, Refusal> choose(const std::string& profile);
  void say(Event event, Moment now);
  template <class MakeLine>
  void tell(MakeLine make_line) const {
    if (surroundings_.tell) surroundings_.tell(make_line());
  }
  void say_written(const change::Plan& plan, const change::Outcome& outcome, Moment now);

  Surroundings surroundings_;
  Settings settings_;
  std::string profile_;  ///< as the state calls it; "" for none
  std::string choice_;
  std::string blind_;    ///< why not every write is seen at once; "" where it is
  std::string failure_;  ///< why no profile is in force although one was chosen
  ManagedKeys keys_;
  std::uint64_t revision_ = 0;
  change::KnownState known_;
  std::int64_t trial_until_ = 0;
  std::optional<change::State>
      trial_;                 ///< as it was on disk last; while what becomes of it is open
  bool has_looked_ = false;   ///< `known_` was read
  std::string trial_choice_;  ///< becomes the choice once the trial is confirmed
  bool has_trial_choice_ = false;
  bool starts_again_ = false;    ///< another writer was in the way of start()
  std::int64_t look_again_ = 0;  ///< when to try once more what another writer was in the way of
  std::int64_t patience_ = 0;    ///< how long that was put off last
  std::uint64_t last_applied_ = 0, last_audited_ = 0;
  std::vector<Event> events_;
};

}  // namespace nettune::daemon
