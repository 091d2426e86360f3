// SPDX-License-Identifier: MIT
#include "service.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <ranges>
#include <utility>

#include "engine/diagnostic.hpp"
#include "engine/file/trust.hpp"
#include "engine/foreign/load.hpp"
#include "engine/sysctl/value.hpp"
#include "saved_choice.hpp"

namespace nettune::daemon {
namespace {

using audit::Finding;
using audit::Verdict;
using Kind = Refusal::Kind;

constexpr std::int64_t millisecond = 1'000'000;
// A writer normally holds the lock for a few milliseconds: retry quickly. If it waits for its user,
// back off.
constexpr std::int64_t least_patience = 2 * millisecond;
constexpr std::int64_t most_patience = 50 * millisecond;

Refusal refusal_of(const change::Failure& failure) {
  switch (failure.kind) {
    case change::Failure::Kind::busy:
      return {Kind::busy, failure.message};
    case change::Failure::Kind::denied:
      return {Kind::denied, failure.message};
    case change::Failure::Kind::stale:
      return {Kind::stale, failure.message};
    case change::Failure::Kind::state:
    case change::Failure::Kind::system:
      break;
  }
  return {Kind::failed, failure.message};
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

// Its findings stay valid: what they point to is not copied.
std::shared_ptr<const profile::ResolvedProfile> shared(profile::ResolvedProfile resolved) {
  return std::make_shared<const profile::ResolvedProfile>(std::move(resolved));
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".conf");
}

// Whether other links or modules may bring it other keys.
bool has_globs(const profile::Profile& profile) {
  return std::ranges::any_of(profile.entries(),
                             [](const profile::Entry& entry) { return !entry.key.is_literal(); });
}

bool is_wrong(Verdict verdict) {
  return verdict == Verdict::drift || verdict == Verdict::missing || verdict == Verdict::unreadable;
}

// "net/ipv4/conf/eth0/rp_filter" is a key of the link eth0.
std::string count_keys(std::size_t count) {
  return count == 1 ? "1 key" : fmt::format("{} keys", count);
}

// Whether both say the same of what nettune has left.
bool is_same(const change::State& a, const change::State& b) {
  const auto is_same_end = [](const change::Baseline& one, const change::Baseline& other) {
    return one.key == other.key && one.left == other.left;
  };
  return a.profile == b.profile && std::ranges::equal(a.baselines, b.baselines, is_same_end);
}

// What another writer has changed from the one state to the other.
std::vector<Event::Change> changes_between(const change::State& before, const change::State& after,
                                           const sysctl::Tree& tree) {
  std::vector<Event::Change> changes;
  for (const change::Baseline& now : after.baselines) {
    const change::Baseline* const was = before.find(now.key);
    const std::string& from = was != nullptr ? was->left : now.before;
    if (!now.is_side_effect && from != now.left) {
      changes.push_back({now.key.name(), from, now.left});
    }
  }
  for (const change::Baseline& was : before.baselines) {
    if (was.is_side_effect || after.find(was.key) != nullptr) continue;
    // A key that has gone, or that something else had changed, was not put back.
    const Result<std::string> live = tree.read(was.key);
    if (live && sysctl::one_line(*live) == was.before) {
      changes.push_back({was.key.name(), was.left, was.before, true});
    }
  }
  return changes;
}

}  // namespace

std::string_view status_name(Status status) {
  switch (status) {
    case Status::inactive:
      return "inactive";
    case Status::in_sync:
      return "in-sync";
    case Status::drifted:
      return "drifted";
    case Status::contested:
      return "contested";
    case Status::failed:
      return "failed";
  }
  return "";
}

Service::Service(Surroundings surroundings, Settings settings)
    : surroundings_(std::move(surroundings)), settings_(std::move(settings)) {}

// --- what is so ---

Status Service::status() const {
  if (!failure_.empty()) return Status::failed;
  if (profile_.empty()) return Status::inactive;
  if (keys_.contested_count() > 0) return Status::contested;
  const bool has_wrong = std::ranges::any_of(
      keys_, [](const ManagedKey& managed) { return is_wrong(managed.view.verdict); });
  return has_wrong ? Status::drifted : Status::in_sync;
}

std::string Service::sentence() const {
  if (!failure_.empty()) return failure_;
  if (profile_.empty()) return "no profile is active";
  std::size_t counts[6] = {};
  for (const ManagedKey& managed : keys_) ++counts[static_cast<std::size_t>(managed.view.verdict)];
  const auto count = [&](Verdict verdict) { return counts[static_cast<std::size_t>(verdict)]; };
  std::vector<std::string> parts;
  const auto add = [&](std::size_t number, std::string_view what) {
    if (number > 0) parts.push_back(fmt::format("{} {}", number, what));
  };
  add(count(Verdict::match), "as declared");
  add(count(Verdict::drift) - keys_.contested_count(), "drifted");
  add(keys_.contested_count(), "contested");
  add(count(Verdict::missing), "missing");
  add(count(Verdict::unreadable), "unreadable");
  add(count(Verdict::pending), "pending");
  add(count(Verdict::skipped), "skipped");
  std::string text = fmt::format("{} {}: {}", keys_.size(), keys_.size() == 1 ? "key" : "keys",
                                 joined(parts, ", "));
  if (waits_for_confirmation()) text += "; on trial until it is confirmed";
  if (!blind_.empty()) {
    text += fmt::format("; polling every {} s because writes cannot be monitored: {}",
                        blind_sweep.count(), blind_);
  }
  return text;
}

void Service::set_blind(std::string why) {
  if (blind_ == why) return;
  blind_ = std::move(why);
  ++revision_;
}

std::vector<Event> Service::take_events() { return std::exchange(events_, {}); }

void Service::views_are_told() {
  for (ManagedKey& managed : keys_) {
    managed.told.reset();
    managed.is_told = true;
  }
}

std::expected<profile::ResolvedProfile, Refusal> Service::load(const std::string& name) const {
  if (is_path(name) && !name.starts_with('/')) {  // this process's folder is not the caller's
    return std::unexpected(Refusal{Kind::no_such_profile,
                                   fmt::format("\"{}\" is neither a profile's name nor an absolute "
                                               "path",
                                               printable(name))});
  }
  if (!is_path(name) && !surroundings_.store.find(name)) {
    Diagnostics diagnostics;
    static_cast<void>(surroundings_.store.load(name, diagnostics));  // says what is near
    return std::unexpected(Refusal{Kind::no_such_profile, format_errors(diagnostics)});
  }
  if (is_path(name) && surroundings_.store.trusts_only_root()) {
    if (const std::optional<std::string> why = why_untrusted(name)) {
      return std::unexpected(Refusal{Kind::invalid_profile,
                                     fmt::format("{} is not trusted: {}", printable(name), *why)});
    }
  }
  // To whoever asks the file is there: the unit hides it from the service, or its mode does.
  if (is_path(name) && ::access(name.c_str(), R_OK) != 0 && (errno == EACCES || errno == ENOENT)) {
    return std::unexpected(
        Refusal{Kind::invalid_profile,
                fmt::format("the service can't read {}: {}; it sees neither /root, /home nor /tmp: "
                            "put the file into /etc/nettune/profiles, and name it without its path",
                            printable(name), std::strerror(errno))});
  }
  Diagnostics diagnostics;
  std::optional<profile::Profile> loaded =
      profile::load_profile(surroundings_.store, "", name, diagnostics);
  if (loaded) {
    for (const SourcePtr& source : loaded->sources())
      tell([&] { return fmt::format("opened {}", source->name); });
  }
  // A TuneD profile, as a folder or by its file, reads others: none of them but what root wrote.
  if (loaded && surroundings_.store.trusts_only_root()) {
    for (const SourcePtr& source : loaded->sources()) {
      if (const std::optional<std::string> why = why_untrusted(source->name)) {
        return std::unexpected(
            Refusal{Kind::invalid_profile,
                    fmt::format("{} is not trusted: {}", printable(source->name), *why)});
      }
    }
  }
  std::optional<profile::ResolvedProfile> resolved;
  if (loaded) {
    resolved =
        profile::resolve(std::move(*loaded), surroundings_.host, surroundings_.tree, diagnostics);
  }
  if (!resolved || diagnostics.has_errors()) {
    return std::unexpected(Refusal{Kind::invalid_profile, format_errors(diagnostics)});
  }
  if (!resolved->unmet().empty()) {
    return std::unexpected(
        Refusal{Kind::not_applicable,
                fmt::format("profile {} does not apply to this host: {}",
                            resolved->profile().name(), joined(resolved->unmet(), ", "))});
  }
  return *std::move(resolved);
}

// --- the right to change, and the state that goes with it ---

// Where another writer has changed the state, the service goes on from there, or leaves that to a
// caller which is about to change it.
std::expected<change::Session, Refusal> Service::begin(Moment now, OtherState other) {
  const change::StateStamp before = known_.stamp;
  auto session = change::begin(surroundings_.state_folder, surroundings_.place, 0,
                               surroundings_.tree, &known_);
  if (!session) {
    if (session.error().kind == change::Failure::Kind::busy) {
      patience_ = std::clamp(2 * patience_, least_patience, most_patience);
      look_again_ = now.boot + patience_;
      const auto state = change::look_at_state(surroundings_.state_folder, surroundings_.place);
      if (state) note_trial(*state, now);
      // A trial ends by itself: to look all the time is of no use.
      if (trial_until_ != 0) look_again_ = 0;
    }
    tell([&] { return fmt::format("nothing is changed now: {}", session.error().message); });
    return std::unexpected(refusal_of(session.error()));
  }
  patience_ = 0;
  if (const auto& recovery = session->recovery) {
    Event event{.kind =
                    recovery->was_unconfirmed ? Event::Kind::trial_ended : Event::Kind::recovered};
    event.text =
        fmt::format("{}: {} put back",
                    recovery->was_unconfirmed ? trial_name() + " was not confirmed in time"
                                              : "a change was cut short when its process ended",
                    count_keys(recovery->restored.size()));
    for (const std::string& sentence : recovery->left) event.text += "; " + sentence;
    for (const change::JournalEntry& entry : recovery->restored) {
      event.changes.push_back({entry.key.name(), entry.after, entry.before, true});
    }
    say(std::move(event), now);
    if (recovery->was_unconfirmed) {
      has_trial_choice_ = false;
      trial_.reset();
    }
  }
  const bool is_confirmed = end_trial(session->state, now);
  const auto stamp = session->folder.stamp();
  const bool is_other = !stamp || *stamp != before || session->recovery;
  if (is_other && other == OtherState::take_over) take_over(*session, is_confirmed, now);
  return *std::move(session);
}

void Service::end(change::Session session) {
  const auto stamp = session.folder.stamp();
  known_.state = std::move(session.state);
  known_.stamp = stamp ? *stamp : change::StateStamp::unknown();
  has_looked_ = true;
  keys_.note_baselines(known_.state);
}

void Service::note_trial(const change::State& state, Moment now) {
  // One whose time is over waits for nobody: it is being taken back.
  const std::int64_t until = state.confirm_until() > now.boot ? state.confirm_until() : 0;
  if (until == trial_until_) return;
  const bool starts = !trial_;
  trial_until_ = until;
  if (until == 0) return;  // what becomes of it is known once its journal is gone
  trial_ = state;
  if (!starts) return;
  say({.kind = Event::Kind::trial_started,
       .text = fmt::format("{} is on trial: {} s to confirm it", trial_name(),
                           (until - now.boot) / (1000 * millisecond))},
      now);
}

// "latency", or what else is on trial.
std::string Service::trial_name() const {
  if (!trial_) return "a change";
  const std::optional<change::Journal>& journal = trial_->journal;
  return journal && !journal->profile.empty() ? printable(journal->profile) : "a change";
}

// Says what became of a trial whose journal is gone. true: it was confirmed.
bool Service::end_trial(const change::State& state, Moment now) {
  if (!trial_) return false;
  // Another change may have followed the confirmation already.
  const bool is_confirmed = is_same(change::kept(*trial_), state) || !is_same(*trial_, state);
  say({.kind = Event::Kind::trial_ended,
       .text = is_confirmed ? fmt::format("confirmed: {} is kept", trial_name())
                            : fmt::format("{} was not confirmed and is taken back", trial_name())},
      now);
  trial_.reset();
  trial_until_ = 0;
  return is_confirmed;
}

// Another writer has changed the state, or it is the first look at it.
void Service::take_over(change::Session& session, bool is_confirmed, Moment now) {
  change::State& state = session.state;
  // What was right before may have been nettune's own work, which the other has taken back since.
  for (ManagedKey& managed : keys_) managed.settled.clear();
  Event others{.kind = Event::Kind::taken_over, .writer = "nettunectl", .profile = state.profile};
  // A recovery has said what it put back, and before the first look nothing is known.
  if (has_looked_ && !session.recovery) {
    others.changes = changes_between(is_confirmed ? change::kept(known_.state) : known_.state,
                                     state, surroundings_.tree);
  }
  const auto say_reason = [&](const char* reason) {
    if (session.recovery) return session.recovery->was_unconfirmed ? "the trial is over" : "";
    return is_confirmed ? "confirmed" : reason;
  };
  if (has_trial_choice_ && !state.journal) {
    has_trial_choice_ = false;
    if (state.profile == trial_choice_) {
      if (const auto chosen = choose(trial_choice_); !chosen) {
        say({.kind = Event::Kind::failed, .text = chosen.error().message}, now);
      }
    }
  }
  failure_.clear();
  if (state.profile.empty()) {
    keys_.adopt(nullptr, nullptr);
    if (!profile_.empty()) {
      set_profile("", say_reason("nettunectl took it back"), now);
    }
    if (!others.changes.empty()) say(std::move(others), now);
    keys_.note_baselines(state);
    return;
  }
  auto resolved = load(state.profile);
  if (!resolved) {
    profile_ = state.profile;
    if (!others.changes.empty()) say(std::move(others), now);
    fail(fmt::format("nettunectl applied the profile {}, which can't be read: {}",
                     printable(state.profile), resolved.error().message),
         now);
    return;
  }
  const audit::Audit audit = audit::compare(*resolved, surroundings_.tree);
  last_audited_ = now.wall;
  keys_.adopt(shared(*std::move(resolved)), &audit);
  const bool is_new = profile_ != state.profile;
  if (is_new) set_profile(state.profile, say_reason("nettunectl applied it"), now);
  const bool is_news = !others.changes.empty() || (!is_new && !session.recovery && !is_confirmed);
  if (is_news) say(std::move(others), now);
  last_applied_ = now.wall;
  keys_.note_baselines(state);
  // What is not right now has changed after the other's work.
  look_again_ = now.boot;
}

// --- the keys ---

bool Service::is_restored(const profile::Desired& desired) const {
  using profile::OnDrift;
  const OnDrift by_profile =
      desired.entry->on_drift.value_or(keys_.profile()->profile().on_drift());
  return settings_.on_drift.value_or(by_profile) == OnDrift::restore;
}

// Reads the keys at these places again, and does about what drifts what the profile says. Those
// that `are_new` had no time to drift: they are put right without a word about drift.
void Service::judge(const std::vector<std::size_t>& which, bool are_new, Moment now) {
  if (!keys_.profile()) return;
  std::vector<Finding> drifted;
  for (const std::size_t i : which) {
    const profile::Desired& desired = keys_.profile()->desired()[i];
    ManagedKey& managed = keys_[i];
    // What keeps changing a key that is left alone is not worth a look, a line and a signal each
    // time.
    if (managed.contest != nullptr && managed.contest->puts_off_look(now.boot)) {
      tell([&] {
        return fmt::format("{} is skipped: it is left alone, and was looked at a moment ago",
                           managed.key().name());
      });
      continue;
    }
    Finding finding = audit::compare_one(*keys_.profile(), desired, surroundings_.tree);
    if (finding.verdict == Verdict::drift) {
      const bool is_known = managed.view.verdict == Verdict::drift &&
                            managed.view.live == finding.live_text &&
                            (managed.is_left_alone() || !is_restored(desired));
      if (is_known) {
        tell([&] {
          return fmt::format(
              "{} is skipped: it is still {}, and {}", managed.key().name(),
              sysctl::shown(finding.live_text),
              managed.is_left_alone() ? "left alone" : "drift is reported, not restored");
        });
      } else {
        drifted.push_back(std::move(finding));
      }
      continue;
    }
    const bool has_ended =
        managed.view.verdict == Verdict::drift && finding.verdict == Verdict::match;
    managed.note(finding);
    if (has_ended) {
      say({.kind = Event::Kind::drift_ended,
           .key = managed.key().name(),
           .desired = managed.desired_text(),
           .live = managed.view.live},
          now);
    }
  }
  if (drifted.empty()) return;

  // Without the lock it may be another writer's work that is seen half done.
  const std::string profile_before = profile_;
  const std::size_t events_before = events_.size();
  auto session = begin(now);
  if (!session) return;  // looked at again, see begin()
  const bool took_over = events_.size() != events_before || profile_ != profile_before;
  if (took_over) {  // `drifted` is about a profile that is gone, and look_again_ is set
    end(*std::move(session));
    return;
  }
  std::vector<change::Drifted> restored;
  for (Finding& finding : drifted) {
    const profile::Desired& desired = *finding.desired;
    ManagedKey& managed = keys_[keys_.place_of(desired)];
    const bool is_news = !are_new && (managed.view.verdict != Verdict::drift ||
                                      managed.view.live != finding.live_text);
    std::string before = managed.view.live;
    managed.note(finding);
    if (is_news) {
      ParameterView& view = managed.change();
      ++view.changes;
      view.last_changed = now.wall;
      say({.kind = Event::Kind::drift_detected,
           .key = managed.key().name(),
           .desired = managed.desired_text(),
           .live = managed.view.live,
           .before = std::move(before)},
          now);
    }
    if (!are_new && !is_restored(desired)) {
      tell([&] {
        return fmt::format("{} is not restored: drift is reported", managed.key().name());
      });
      continue;
    }
    if (managed.is_left_alone()) {
      tell([&] {
        return fmt::format("{} is not restored: it is left alone", managed.key().name());
      });
      continue;
    }
    const bool is_fight =
        !are_new && managed.contest != nullptr &&
        managed.contest->is_fight(now.boot, settings_.contest_restores, settings_.contest_within);
    if (is_fight) {
      leave_alone(managed, now);
      continue;
    }
    restored.push_back({std::move(finding), are_new ? "" : managed.settled});
  }
  if (!restored.empty()) restore(restored, are_new, *session, now);
  end(*std::move(session));
}

void Service::leave_alone(ManagedKey& managed, Moment now) {
  const unsigned minutes = managed.contest->leave_alone(now.boot);
  managed.change().is_contested = true;
  say({.kind = Event::Kind::contested,
       .key = managed.key().name(),
       .desired = managed.desired_text(),
       .live = managed.view.live,
       .text =
           fmt::format("something else keeps changing it back: left alone for {} min", minutes)},
      now);
}

void Service::restore(const std::vector<change::Drifted>& drifted, bool are_new,
                      change::Session& session, Moment now) {
  const change::Plan plan =
      change::make_drift_plan(drifted, surroundings_.tree, session.state.profile);
  const auto outcome = change::carry_out(plan, surroundings_.tree, session.folder, session.state,
                                         {.keep_going = true, .kernel = surroundings_.host.kernel});
  if (!outcome) {
    say({.kind = Event::Kind::refused, .text = outcome.error().message}, now);
    return;
  }
  for (const change::Refused& refused : outcome->refused) {
    ManagedKey* const managed = keys_.find(refused.key);
    std::string text = describe(refused);
    // Each sweep tries again; it is said once.
    if (managed != nullptr && managed->contest != nullptr && managed->contest->refused == text) {
      continue;
    }
    if (managed != nullptr) managed->add_contest().refused = text;
    say({.kind = Event::Kind::refused,
         .key = refused.key.name(),
         .desired = refused.asked,
         .live = refused.got,
         .text = std::move(text)},
        now);
  }
  for (const change::Write& write : plan.writes()) {
    if (std::ranges::find(outcome->written, write.key) == outcome->written.end()) continue;
    ManagedKey& managed = *keys_.find(write.key);
    managed.note(audit::compare_one(*keys_.profile(), *managed.desired, surroundings_.tree));
    if (!are_new) managed.add_contest().add_restore(now.boot);
    if (managed.contest != nullptr) managed.contest->refused.clear();
    say({.kind = are_new ? Event::Kind::applied : Event::Kind::drift_restored,
         .key = managed.key().name(),
         .desired = managed.desired_text(),
         .live = managed.view.live,
         .before = write.before},
        now);
  }
  last_applied_ = now.wall;
}

// --- what is asked for ---

void Service::say(Event event, Moment now) {
  event.when = now.wall;
  events_.push_back(std::move(event));
}

void Service::say_written(const change::Plan& plan, const change::Outcome& outcome, Moment now) {
  std::vector<std::string_view> written;
  written.reserve(outcome.written.size());
  for (const sysctl::Key& key : outcome.written) written.push_back(key.path());
  std::ranges::sort(written);
  Event event{.kind = Event::Kind::written, .profile = plan.profile()};
  for (const change::Write& write : plan.writes()) {
    if (!std::ranges::binary_search(written, std::string_view(write.key.path()))) continue;
    event.changes.push_back({write.key.name(), write.before, write.text,
                             write.purpose != change::JournalEntry::Purpose::desired});
  }
  if (!event.changes.empty()) say(std::move(event), now);
}

void Service::set_profile(std::string profile, std::string why, Moment now) {
  profile_ = std::move(profile);
  say({.kind = Event::Kind::profile_changed, .profile = profile_, .text = std::move(why)}, now);
}

void Service::fail(std::string why, Moment now) {
  keys_.adopt(nullptr, nullptr);
  failure_ = std::move(why);
  say({.kind = Event::Kind::failed, .text = failure_}, now);
}

std::expected<void, Refusal> Service::choose(const std::string& profile) {
  if (const Result<void> written = write_choice(surroundings_.choice_file, profile); !written) {
    return std::unexpected(Refusal{
        Kind::failed,
        profile.empty()
            ? fmt::format("{} is no longer in force, but will be again after the next boot: {}",
                          choice_.empty() ? "the profile" : choice_, describe(written.error()))
            : fmt::format("the profile was applied, but could not be saved for the next boot: {}",
                          describe(written.error()))});
  }
  choice_ = profile;
  return {};
}

void Service::start(Moment now) {
  ++revision_;
  const bool is_another_try = std::exchange(starts_again_, false);
  const std::string& file = surroundings_.choice_file;
  const Result<std::optional<std::string>> chosen = read_choice(file);
  const bool is_file = chosen && chosen->has_value();
  if (is_file && surroundings_.store.trusts_only_root()) {
    if (const std::optional<std::string> why = why_untrusted(file)) {
      return fail(fmt::format("the choice in {} is not trusted: {}", file, *why), now);
    }
  }
  if (chosen) choice_ = chosen->value_or(settings_.profile);
  tell([&] {
    return fmt::format("{}: {}", file,
                       !chosen ? std::strerror(chosen.error().number)
                       : choice_.empty()
                           ? "no profile is chosen"
                           : choice_ + (is_file ? " is chosen" : " is chosen by the settings"));
  });
  // Also where nothing was chosen: what another writer left unfinished is taken back.
  const bool has_choice = chosen && !choice_.empty();
  auto session = begin(now, has_choice ? OtherState::leave : OtherState::take_over);
  if (!session) {
    starts_again_ = session.error().kind == Kind::busy;
    if (!starts_again_ || !is_another_try) fail(session.error().message, now);
    return;
  }
  if (!has_choice) {
    end(*std::move(session));
    if (!chosen) fail(describe(chosen.error()), now);
    return;
  }
  auto resolved = load(choice_);
  std::expected<void, Refusal> done;
  if (resolved) {
    done = put_in_force(choice_, *std::move(resolved), *session, 0, now);
  } else {
    done = std::unexpected(resolved.error());
  }
  if (!done) take_over(*session, false, now);  // what is in force is the profile before
  end(*std::move(session));
  if (!done) fail(done.error().message, now);
}

// The profile becomes the one of the state; on refusal all is as it was.
std::expected<void, Refusal> Service::put_in_force(const std::string& name,
                                                   profile::ResolvedProfile resolved,
                                                   change::Session& session,
                                                   std::int64_t confirm_for, Moment now) {
  sysctl::Tree& tree = surroundings_.tree;
  const audit::Audit audit = audit::compare(resolved, tree);
  last_audited_ = now.wall;
  const change::Plan plan = change::make_plan(resolved, audit, session.state, tree, name);
  const auto outcome =
      change::carry_out(plan, tree, session.folder, session.state,
                        {.confirm_for = confirm_for, .kernel = surroundings_.host.kernel});
  if (!outcome) return std::unexpected(refusal_of(outcome.error()));
  if (outcome->is_rolled_back) {
    std::vector<std::string> sentences;
    for (const change::Refused& refused : outcome->refused) sentences.push_back(describe(refused));
    sentences.emplace_back(outcome->stuck.empty() ? "all was rolled back"
                                                  : "rolled back, but not all of it");
    sentences.insert(sentences.end(), outcome->stuck.begin(), outcome->stuck.end());
    return std::unexpected(Refusal{Kind::kernel_refused, joined(sentences, "; ")});
  }
  failure_.clear();
  last_applied_ = now.wall;
  keys_.adopt(shared(std::move(resolved)), &audit);
  // What was written is seen as it was read back at the end, and what was not, as it is now.
  for (ManagedKey& managed : keys_) {
    managed.end_contest();
    if (managed.view.verdict != Verdict::drift) continue;
    const profile::Desired& desired = *managed.desired;
    const bool is_left =
        std::ranges::binary_search(plan.left_alone(), desired.key, {}, &change::LeftAlone::key);
    const change::Baseline* known =
        is_left || session.state.journal ? nullptr : session.state.find(desired.key);
    managed.note(known != nullptr
                     ? audit::compare_read(*keys_.profile(), desired, known->left, tree)
                     : audit::compare_one(*keys_.profile(), desired, tree));
  }
  for (const change::LeftAlone& left : plan.left_alone()) {
    if (!left.is_unread) continue;
    say({.kind = Event::Kind::refused, .key = left.key.name(), .text = left.reason}, now);
  }
  note_trial(session.state, now);
  say_written(plan, *outcome, now);
  if (profile_ != name) {
    set_profile(name, session.state.journal ? "on trial" : "", now);
  } else {
    say({.kind = Event::Kind::profile_changed, .profile = profile_, .text = "applied again"}, now);
  }
  return {};
}

std::expected<void, Refusal> Service::activate(const std::string& name, std::int64_t confirm_for,
                                               Moment now) {
  ++revision_;
  auto resolved = load(name);
  if (!resolved) return std::unexpected(resolved.error());
  auto session = begin(now);
  if (!session) return std::unexpected(session.error());
  std::expected<void, Refusal> done =
      put_in_force(name, *std::move(resolved), *session, confirm_for, now);
  const bool is_on_trial = session->state.journal.has_value();
  end(*std::move(session));
  if (!done) return done;
  has_trial_choice_ = is_on_trial;
  if (is_on_trial) {
    trial_choice_ = name;
    return {};
  }
  return choose(name);
}

std::expected<void, Refusal> Service::confirm(Moment now) {
  ++revision_;
  {
    const auto folder =
        change::StateFolder::lock(surroundings_.state_folder, surroundings_.place, 0);
    if (!folder) return std::unexpected(refusal_of(folder.error()));
    const auto confirmed = change::confirm(*folder);
    if (!confirmed) return std::unexpected(refusal_of(confirmed.error()));
  }
  // Goes on as with any other writer's state: this makes it the choice as well.
  look_at_state(now);
  return {};
}

std::expected<void, Refusal> Service::go_back(change::Session& session, bool force, Moment now) {
  const change::Plan plan = change::make_revert_plan(session.state, surroundings_.tree, force);
  const auto outcome = change::carry_out(plan, surroundings_.tree, session.folder, session.state,
                                         {.keep_going = true});
  if (!outcome) return std::unexpected(refusal_of(outcome.error()));
  std::vector<std::string> refused;
  for (const change::Refused& one : outcome->refused) refused.push_back(describe(one));
  if (outcome->is_rolled_back) {
    refused.emplace_back("nothing was reverted; the changes stay recorded");
    refused.insert(refused.end(), outcome->stuck.begin(), outcome->stuck.end());
    return std::unexpected(Refusal{Kind::kernel_refused, joined(refused, "; ")});
  }
  failure_.clear();
  keys_.adopt(nullptr, nullptr);
  say_written(plan, *outcome, now);
  std::vector<std::string> left;
  for (const change::LeftAlone& one : plan.left_alone()) {
    if (one.is_wrong) left.push_back(fmt::format("{}: {}", one.key.name(), one.reason));
    if (one.is_unread) refused.push_back(one.reason + ", so that its baseline is kept");
  }
  if (!profile_.empty() || !left.empty()) {
    std::string what = count_keys(outcome->written.size()) + " put back";
    if (!left.empty()) what += "; left as it is: " + joined(left, "; ");
    set_profile("", std::move(what), now);
  }
  if (!refused.empty()) {
    return std::unexpected(Refusal{Kind::kernel_refused, joined(refused, "; ")});
  }
  return {};
}

std::expected<void, Refusal> Service::deactivate(bool keep, Moment now) {
  ++revision_;
  auto session = begin(now);
  if (!session) return std::unexpected(session.error());
  const bool was_inactive = profile_.empty();
  std::expected<void, Refusal> done;
  if (keep) {
    const auto outcome = change::carry_out(change::restore_plan("", {}), surroundings_.tree,
                                           session->folder, session->state, {});
    if (outcome) {
      failure_.clear();
      keys_.adopt(nullptr, nullptr);
      if (!profile_.empty()) set_profile("", "the values are kept", now);
    } else {
      done = std::unexpected(refusal_of(outcome.error()));
    }
  } else {
    done = go_back(*session, false, now);
  }
  end(*std::move(session));
  if (!done) return done;
  const std::string chosen = choice_;
  done = choose("");
  if (done && was_inactive && !chosen.empty()) {
    set_profile("", chosen + " is no longer chosen", now);
  }
  return done;
}

std::expected<void, Refusal> Service::revert(bool force, Moment now) {
  ++revision_;
  auto session = begin(now);
  if (!session) return std::unexpected(session.error());
  std::expected<void, Refusal> done = go_back(*session, force, now);
  end(*std::move(session));
  return done;
}

std::expected<void, Refusal> Service::reload(Settings settings, Moment now) {
  ++revision_;
  const bool follows_settings = choice_ == settings_.profile;
  if (follows_settings && settings.profile != settings_.profile) choice_ = settings.profile;
  settings_ = std::move(settings);
  // What was applied beside the choice was for the time until now.
  const std::string name = choice_.empty() ? profile_ : choice_;
  if (name.empty()) {
    failure_.clear();
    return {};
  }
  auto resolved = load(name);
  std::expected<void, Refusal> done;
  if (resolved) {
    auto session = begin(now);
    if (session) {
      done = put_in_force(name, *std::move(resolved), *session, 0, now);
      end(*std::move(session));
    } else {
      done = std::unexpected(session.error());
    }
  } else {
    done = std::unexpected(resolved.error());
  }
  if (done) return done;
  if (keys_.profile()) {
    say({.kind = Event::Kind::failed,
         .text = fmt::format("{} stays in force as it was: {}", printable(profile_),
                             done.error().message)},
        now);
  } else {
    fail(done.error().message, now);
  }
  return done;
}

// --- what happened ---

void Service::look_at(const std::vector<sysctl::Key>& keys, Moment now) {
  ++revision_;
  if (!keys_.profile()) return;
  judge(keys_.places_of(keys), false, now);
}

void Service::sweep(Moment now) {
  ++revision_;
  look_at_state(now);
  // Each key is read once: what is judged as new is not looked at again.
  const std::vector<std::size_t> fresh =
      find_new_keys({}, now).value_or(std::vector<std::size_t>{});
  judge(fresh, true, now);
  std::vector<std::size_t> others;
  others.reserve(keys_.size());
  std::ranges::set_difference(std::views::iota(std::size_t{0}, keys_.size()), fresh,
                              std::back_inserter(others));
  judge(others, false, now);
  last_audited_ = now.wall;
}

void Service::look_for_keys(const std::vector<std::string>& links, Moment now) {
  ++revision_;
  const std::optional<std::vector<std::size_t>> fresh = find_new_keys(links, now);
  if (!fresh) return;
  keys_.renew();  // a key of the same name may be of a folder made anew
  judge(*fresh, true, now);
  // A link or module that went took its keys along, and one that changes, as by its MTU, may change
  // some.
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const bool may_go = sysctl::may_go(keys_[i].desired->parameter);
    if (may_go && !std::ranges::binary_search(*fresh, i)) others.push_back(i);
  }
  judge(others, false, now);
}

// Resolves the profile in force again for the links and modules that there are now; all keys of
// `links` are new. Gives the places of what was not there before; nullopt where nothing is in
// force, or the profile does not resolve, which is said.
std::optional<std::vector<std::size_t>> Service::find_new_keys(
    const std::vector<std::string>& links, Moment now) {
  if (!keys_.profile()) return std::nullopt;
  const std::shared_ptr<const profile::ResolvedProfile> before = keys_.profile();
  std::shared_ptr<const profile::ResolvedProfile> again = before;
  if (has_globs(before->profile())) {
    Diagnostics diagnostics;
    std::optional<profile::ResolvedProfile> resolved =
        profile::resolve_again(*before, surroundings_.tree, diagnostics);
    if (!resolved || diagnostics.has_errors()) {
      // The same rules gave numbers before; a glob may give keys that they do not fit.
      say({.kind = Event::Kind::failed, .text = format_errors(diagnostics)}, now);
      return std::nullopt;
    }
    const bool is_same = std::ranges::equal(before->desired(), resolved->desired(), {},
                                            &profile::Desired::key, &profile::Desired::key);
    if (!is_same) again = shared(*std::move(resolved));
  }
  std::vector<std::string> sorted = links;
  std::ranges::sort(sorted);
  const std::vector<const sysctl::Key*> known = keys_.known_keys(sorted);
  if (again != before) keys_.adopt(std::move(again), nullptr);
  return keys_.places_of_new(known);
}

void Service::look_at_state(Moment now) {
  ++revision_;
  if (starts_again_) return start(now);
  auto session = begin(now);
  if (session) end(*std::move(session));
}

void Service::catch_up(Moment now) {
  if (patience_ == 0) return;
  const std::int64_t look_again = look_again_;
  const std::int64_t patience = patience_;
  look_at_state(now);
  // One that is in the way still is not put off by each question.
  if (patience_ == 0) return;
  patience_ = patience;
  if (look_again_ != 0) look_again_ = look_again;
}

std::optional<std::int64_t> Service::deadline() const {
  std::optional<std::int64_t> first;
  const auto consider = [&](std::int64_t time) {
    if (time != 0 && (!first || time < *first)) first = time;
  };
  consider(look_again_);
  consider(trial_until_);
  for (const ManagedKey& managed : keys_) {
    if (managed.contest != nullptr) consider(managed.contest->deadline().value_or(0));
  }
  return first;
}

void Service::pass_time(Moment now) {
  ++revision_;
  if (trial_until_ != 0 && trial_until_ <= now.boot) {
    trial_until_ = 0;
    look_at_state(now);
  }
  std::vector<std::size_t> calm;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    ManagedKey& managed = keys_[i];
    if (managed.contest == nullptr || !managed.contest->pass_time(now.boot)) continue;
    if (!managed.is_left_alone() && managed.view.is_contested) {
      managed.change().is_contested = false;
    }
    calm.push_back(i);
  }
  if (!calm.empty()) judge(calm, false, now);
  if (look_again_ != 0 && look_again_ <= now.boot) {
    look_again_ = 0;
    sweep(now);
  }
}

}  // namespace nettune::daemon
