// SPDX-License-Identifier: MIT
#include "engine/change/transaction.hpp"

#include <fmt/format.h>
#include <signal.h>  // kill

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <utility>

#include "engine/audit/compare.hpp"
#include "engine/sysctl/side_effects.hpp"

namespace nettune::change {
namespace {

using Purpose = JournalEntry::Purpose;

// A write of no bytes changes nothing (proc_sysctl.c), and an empty text is a value of some keys.
std::string_view writable(std::string_view text) { return text.empty() ? "\n" : text; }

// The kernel's range, where the value is not in it: what else a kernel refuses it does not say.
std::string reason_of(const Write& write, int number, const sysctl::Tree& tree,
                      sysctl::Version kernel) {
  if (write.parameter == nullptr) return {};
  for (const sysctl::Choices& choices : write.parameter->choices) {
    const auto list = sysctl::Key::parse(choices.listed_by.view());
    if (!list || number == EACCES) continue;
    const Result<std::string> available = tree.read(*list);
    if (available) return "available: " + sysctl::one_line(*available);
  }
  if (write.parameter->encoding == sysctl::Encoding::cpu_mask && number == EOVERFLOW) {
    return "this machine has no such CPUs";
  }
  if (!sysctl::is_numeric(write.parameter->encoding)) return {};
  if (number != EINVAL && number != 0) return {};
  const sysctl::Range range = sysctl::range_on(*write.parameter, kernel);
  const auto asked = sysctl::Value::parse(write.parameter, write.text);
  if (asked && std::ranges::all_of(asked->numbers(), [&](sysctl::Integer one) {
        return one >= range.minimum && one <= range.maximum;
      })) {
    return {};
  }
  return fmt::format("the kernel takes {} to {}", sysctl::to_string(range.minimum),
                     sysctl::to_string(range.maximum));
}

// Whether `got` is what was asked. A value that goes back to its baseline is exactly that one.
bool holds(const Write& write, const std::string& got) {
  if (got == write.text) return true;
  if (write.purpose != Purpose::desired) return false;
  const auto asked = sysctl::Value::parse(write.parameter, write.text);
  const auto value = sysctl::Value::parse(write.parameter, got);
  return asked && value && audit::is_same(write.parameter, *asked, *value);
}

// The writes of `plan`, and the keys that the kernel may change with them; `changes_others` is set
// where there may be any.
Result<std::vector<JournalEntry>> journal_of(const Plan& plan, const sysctl::Tree& tree,
                                             bool& changes_others) {
  std::vector<JournalEntry> entries;
  entries.reserve(plan.writes().size());
  std::vector<sysctl::KeyGlob> globs;
  for (const Write& write : plan.writes()) {
    entries.push_back({write.key, write.before, write.text, write.purpose});
    std::ranges::move(sysctl::side_effects_of(write.key), std::back_inserter(globs));
  }
  changes_others = !globs.empty();
  if (!changes_others) return entries;
  std::set<sysctl::Key> known;
  for (const JournalEntry& entry : entries) known.insert(entry.key);
  for (const sysctl::KeyGlob& glob : globs) {
    const Result<std::vector<sysctl::Key>> keys = tree.list(glob);
    if (!keys) return std::unexpected(keys.error());
    for (const sysctl::Key& key : *keys) {
      const Result<sysctl::Access> access = tree.access_of(key);
      if (!access) return std::unexpected(access.error());
      if (*access == sysctl::Access::read_only) continue;
      if (!known.insert(key).second) continue;
      const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree, key);
      // The one secret, stable_secret, is not even root's to read before it is set.
      if (!live && tree.is_secret(key) == true) continue;
      if (!live) return std::unexpected(live.error());
      if (!*live) continue;
      const std::string before = sysctl::one_line(**live);
      entries.push_back({key, before, before, Purpose::side_effect});
    }
  }
  return entries;
}

// Whether a key of a change that was cut short holds what that change may have left: its text, or
// the first fields of it, for a vector is stored field by field.
bool is_of_this_change(const JournalEntry& entry, const std::string& live) {
  if (live == entry.after) return true;
  const sysctl::Parameter* parameter = sysctl::find_parameter(entry.key);
  const auto before = sysctl::Value::parse(parameter, entry.before);
  const auto after = sysctl::Value::parse(parameter, entry.after);
  const auto now = sysctl::Value::parse(parameter, live);
  if (!before || !after || !now) return false;
  if (audit::is_same(parameter, *after, *now)) return true;
  const std::size_t fields = now->numbers().size();
  if (before->numbers().size() != fields || after->numbers().size() != fields) return false;
  for (std::size_t i = 0; i < fields; ++i) {
    const sysctl::Integer number = now->numbers()[i];
    if (number != before->numbers()[i] && number != after->numbers()[i]) return false;
  }
  return fields > 0;
}

using Texts = std::map<sysctl::Key, std::string>;

// Puts the keys back to what they were before the change, the last one first; side effects at the
// end, for most of them follow the key that caused them.
class Rollback {
 public:
  Rollback(sysctl::Tree& tree, const std::vector<JournalEntry>& entries)
      : tree_(tree), entries_(entries) {}

  // Leaves alone what something else has written since.
  void respect_others() { respects_others_ = true; }

  void run() {
    // A key may change with one that is put back after it; two rounds are enough for all known. And
    // what fails in one round for want of a descriptor, say, may succeed in the next.
    constexpr int rounds = 3;
    for (int round = 0; round < rounds; ++round) {
      bool changed = false;
      for (std::size_t i = entries_.size(); i-- > 0;) {
        if (entries_[i].purpose != Purpose::side_effect) changed |= put_back(entries_[i]);
      }
      for (const JournalEntry& entry : entries_) {
        if (entry.purpose == Purpose::side_effect) changed |= put_back(entry);
      }
      if (!changed) break;
    }
    for (const JournalEntry& entry : entries_) check(entry);
  }

  const std::set<sysctl::Key>& restored() const { return restored_; }
  const std::vector<std::string>& left() const { return left_; }
  /// What could not be put back, a sentence each, and what these keys hold.
  const std::vector<std::string>& stuck() const { return stuck_; }
  const Texts& stuck_keys() const { return stuck_keys_; }
  /// What can't be read, so that nobody knows whether it is back: a sentence each. None: all that
  /// could be done is done.
  const std::vector<std::string>& unread() const { return unread_; }

 private:
  // Whether another round may be of use.
  bool put_back(const JournalEntry& entry) {
    const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree_, entry.key);
    if (!live) return true;
    const std::optional<std::string>& text = *live;
    if (!text) return false;
    const bool is_first_look = looked_at_.insert(entry.key).second;
    const std::string now = sysctl::one_line(*text);
    if (now == entry.before || foreign_.contains(entry.key)) return false;
    if (respects_others_ && is_first_look && entry.purpose != Purpose::side_effect &&
        !is_of_this_change(entry, now)) {
      foreign_.insert(entry.key);
      left_.push_back(fmt::format("{} is {} now, which is neither {} nor {}: left as it is",
                                  entry.key.name(), now, entry.before, entry.after));
      return false;
    }
    const Result<void> written = tree_.write(entry.key, writable(entry.before));
    if (written) restored_.insert(entry.key);
    return true;  // check() says what was refused
  }

  void check(const JournalEntry& entry) {
    if (foreign_.contains(entry.key)) return;
    const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree_, entry.key);
    if (!live) {
      unread_.push_back(describe(live.error()));
      return;
    }
    const std::optional<std::string>& text = *live;
    if (!text) return;
    std::string now = sysctl::one_line(*text);
    if (now == entry.before) return;
    if (!looked_at_.contains(entry.key)) {
      unread_.push_back(fmt::format("{} could not be read before now", entry.key.name()));
      return;
    }
    stuck_.push_back(fmt::format("{} is {} and was {}, and can't be put back", entry.key.name(),
                                 now, entry.before));
    stuck_keys_.insert_or_assign(entry.key, std::move(now));
  }

  sysctl::Tree& tree_;
  const std::vector<JournalEntry>& entries_;
  bool respects_others_ = false;
  std::set<sysctl::Key> restored_;
  std::set<sysctl::Key> looked_at_;
  std::set<sysctl::Key> foreign_;
  Texts stuck_keys_;
  std::vector<std::string> left_;
  std::vector<std::string> stuck_;
  std::vector<std::string> unread_;
};

// Keys that could not be put back stay known, so that `revert` can try again.
void remember_stuck(State& state, const std::vector<JournalEntry>& entries, const Texts& stuck) {
  for (const JournalEntry& entry : entries) {
    const auto found = stuck.find(entry.key);
    if (found == stuck.end()) continue;
    const auto place = std::ranges::lower_bound(state.baselines, entry.key, {}, &Baseline::key);
    if (place != state.baselines.end() && place->key == entry.key) {
      place->left = found->second;
    } else {
      state.baselines.insert(
          place, {entry.key, entry.before, found->second, entry.purpose == Purpose::side_effect});
    }
  }
  state.drop_foreign_with_baseline();
}

// `state` once the change in `journal` was taken back.
State without_change(State state, const Journal& journal, const Texts& stuck) {
  state.journal.reset();
  remember_stuck(state, journal.entries, stuck);
  return state;
}

Failure failure_of(const Error& error) { return {Failure::Kind::system, describe(error)}; }

bool is_alive(int pid) { return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM); }

class Transaction {
 public:
  Transaction(const Plan& plan, sysctl::Tree& tree, const StateFolder& folder, State& state,
              const TransactionOptions& options)
      : plan_(plan), tree_(tree), folder_(folder), state_(state), options_(options) {}

  std::expected<Outcome, Failure> run() {
    try {
      return carry_out();
    } catch (const std::bad_alloc&) {
      reserve_.reset();
      // Where that is not enough, the journal on disk is for the next writer.
      if (has_begun_) return fail({Failure::Kind::system, "out of memory"});
      state_.journal.reset();
      return std::unexpected(Failure{Failure::Kind::system, "out of memory"});
    }
  }

 private:
  std::expected<Outcome, Failure> carry_out() {
    Result<std::vector<JournalEntry>> entries = journal_of(plan_, tree_, changes_others_);
    if (!entries) return std::unexpected(failure_of(entries.error()));
    journal_ = Journal{*std::move(entries), plan_.profile(), 0, 0};
    const bool puts_back = only_puts_back();
    if (!puts_back) {
      // Before this is on disk nothing is written to the kernel.
      state_.journal = journal_;
      if (const auto stored = folder_.store(state_); !stored) {
        state_.journal.reset();
        return std::unexpected(stored.error());
      }
    }
    has_begun_ = true;

    for (const Write& write : plan_.writes()) {
      if (write_one(write) || options_.keep_going) continue;
      return roll_back();
    }
    for (const Write& write : plan_.writes()) {
      if (is_refused(write.key) || check_again(write)) continue;
      if (!options_.keep_going) return roll_back();
    }
    accept_what_followed();
    if (!outcome_.refused.empty() && !leave_out_refused()) return roll_back();
    if (const Result<void> noted = note_side_effects(); !noted) {
      return fail(failure_of(noted.error()));
    }
    outcome_.gone.assign(gone_.begin(), gone_.end());
    if (puts_back && is_as_left()) return std::move(outcome_);
    std::erase_if(journal_.entries,
                  [&](const JournalEntry& entry) { return gone_.contains(entry.key); });
    return keep();
  }

  // Whether all that is written is what the state on disk says that nettune left.
  bool only_puts_back() const {
    if (changes_others_ || options_.confirm_for > 0 || state_.profile != plan_.profile()) {
      return false;
    }
    return std::ranges::all_of(plan_.writes(), [&](const Write& write) {
      const Baseline* known = state_.find(write.key);
      if (write.purpose != Purpose::desired) return false;
      if (known == nullptr) return write.settled == write.text;
      return !known->is_side_effect && holds(write, known->left);
    });
  }

  // What was read back may be written differently, or be refused.
  bool is_as_left() const {
    if (!outcome_.refused.empty()) return false;
    for (std::size_t i = 0; i < plan_.writes().size(); ++i) {
      const JournalEntry& entry = journal_.entries[i];
      if (gone_.contains(entry.key)) continue;
      const Baseline* known = state_.find(entry.key);
      if (entry.after != (known == nullptr ? plan_.writes()[i].settled : known->left)) return false;
    }
    return true;
  }

  // A key that was right by itself, until something else changed it, goes back to that one day, and
  // not to what the other made of it.
  void remember_settled(State& next) const {
    for (const Write& write : plan_.writes()) {
      if (write.settled.empty() || state_.find(write.key) != nullptr) continue;
      const auto place = std::ranges::lower_bound(next.baselines, write.key, {}, &Baseline::key);
      if (place == next.baselines.end() || place->key != write.key) continue;
      place->before = write.settled;
      if (place->left == place->before) next.baselines.erase(place);
    }
  }

  State state_with_journal() const {
    State state = state_;
    state.journal = journal_;
    return state;
  }

  bool is_refused(const sysctl::Key& key) const {
    return std::ranges::any_of(outcome_.refused,
                               [&](const Refused& refused) { return refused.key == key; });
  }

  void refuse(const Write& write, int number) {
    const Result<std::string> live = tree_.read(write.key);
    outcome_.refused.push_back({write.key, write.text, live ? sysctl::one_line(*live) : "", number,
                                reason_of(write, number, tree_, options_.kernel)});
  }

  bool write_one(const Write& write) {
    if (write.purpose != Purpose::desired || write.only_if_changed) {
      // What goes back may have followed another key already, and what is right may have stayed.
      const Result<std::string> live = tree_.read(write.key);
      if (live && sysctl::one_line(*live) == write.text) {
        if (write.only_if_changed) untouched_.insert(write.key);
        return take(write, live);
      }
    }
    Result<std::string> got = tree_.write_and_read(write.key, writable(write.text));
    // What another program wrote in between is no answer of the kernel's, and a link that went may
    // be there anew.
    const bool is_other = got && !holds(write, sysctl::one_line(*got));
    const bool is_anew = !got && got.error().number == ENOENT && !has_gone(write.key);
    if (is_other || is_anew) got = tree_.write_and_read(write.key, writable(write.text));
    return take(write, got);
  }

  bool has_gone(const sysctl::Key& key) const {
    const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree_, key);
    return live && !*live;
  }

  // Whether the key holds what was asked, or there is none any more.
  bool take(const Write& write, const Result<std::string>& got) {
    if (!got && got.error().number == ENOENT && has_gone(write.key)) {
      gone_.insert(write.key);
      return true;
    }
    if (!got) {
      refuse(write, got.error().number);
      return false;
    }
    std::string now = sysctl::one_line(*got);
    if (!holds(write, now)) {
      refuse(write, 0);
      return false;
    }
    entry_of(write.key).after = std::move(now);
    return true;
  }

  // A key that a later write may have changed is read once more, at the end.
  bool check_again(const Write& write) {
    if (gone_.contains(write.key)) return true;
    if (changes_others_ && !take(write, tree_.read(write.key))) return false;
    const bool is_written = !untouched_.contains(write.key) && !gone_.contains(write.key);
    if (is_written) outcome_.written.push_back(write.key);
    return true;
  }

  // Plan and journal have the writes in the same order; entries are found again by position.
  JournalEntry& entry_of(const sysctl::Key& key) {
    std::vector<JournalEntry>& entries = journal_.entries;
    if (next_ >= entries.size() || entries[next_].key != key) {
      next_ = static_cast<std::size_t>(std::ranges::find(entries, key, &JournalEntry::key) -
                                       entries.begin());
    }
    return entries[next_++];
  }

  // A key that was refused by itself may hold what was asked all the same: another that the kernel
  // changes it with was not. To put it back would change that one.
  void accept_what_followed() {
    if (!changes_others_) return;
    std::erase_if(outcome_.refused, [&](const Refused& refused) {
      const auto write = std::ranges::find(plan_.writes(), refused.key, &Write::key);
      const Result<std::string> live = tree_.read(refused.key);
      if (!live || !holds(*write, sysctl::one_line(*live))) return false;
      entry_of(refused.key).after = sysctl::one_line(*live);
      return true;
    });
  }

  // Whether a revert is done with the key: it is seen to be back, or has gone. Where one was left
  // out, the kernel may have changed another with it.
  bool is_back(const Baseline& baseline) const {
    if (outcome_.refused.empty()) return true;
    const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree_, baseline.key);
    if (!live) return false;
    const std::optional<std::string>& text = *live;
    return !text || sysctl::one_line(*text) == baseline.before;
  }

  // A refused vector may hold its first fields already: put it back, and forget that it was tried.
  // False where that can't be told.
  bool leave_out_refused() {
    std::ranges::copy_if(journal_.entries, std::back_inserter(left_out_),
                         [&](const JournalEntry& entry) { return is_refused(entry.key); });
    Rollback rollback(tree_, left_out_);
    rollback.run();
    if (!rollback.unread().empty()) return false;
    std::erase_if(journal_.entries,
                  [&](const JournalEntry& entry) { return is_refused(entry.key); });
    outcome_.stuck = rollback.stuck();
    stuck_ = rollback.stuck_keys();
    return true;
  }

  Result<void> note_side_effects() {
    for (JournalEntry& entry : journal_.entries) {
      if (entry.purpose != Purpose::side_effect) continue;
      const Result<std::optional<std::string>> live = sysctl::read_unless_gone(tree_, entry.key);
      if (!live) return std::unexpected(live.error());
      const std::optional<std::string>& text = *live;
      if (text) entry.after = sysctl::one_line(*text);
    }
    return {};
  }

  std::expected<Outcome, Failure> keep() {
    if (options_.confirm_for > 0) {
      journal_.confirm_until = boot_time() + options_.confirm_for;
      journal_.waiting_pid = ::getpid();
    }
    State next = state_with_journal();
    remember_stuck(next, left_out_, stuck_);
    if (options_.confirm_for == 0) {
      next = kept(std::move(next));
      remember_settled(next);
      if (plan_.forgets()) {
        std::erase_if(next.baselines, [&](const Baseline& baseline) {
          return !is_refused(baseline.key) &&
                 !std::ranges::binary_search(plan_.unread(), baseline.key, {}, &Baseline::key) &&
                 is_back(baseline);
        });
        next.foreign = plan_.foreign();
        std::ranges::copy_if(state_.foreign, std::back_inserter(next.foreign),
                             [&](const Baseline& one) { return is_refused(one.key); });
        std::ranges::sort(next.foreign, {}, &Baseline::key);
      }
    }
    // On failure the journal on disk still says that the change is open: it has to be taken back.
    if (const auto stored = folder_.store(next); !stored) return fail(stored.error());
    state_ = std::move(next);
    return std::move(outcome_);
  }

  std::unexpected<Failure> fail(const Failure& failure) {
    const Outcome undone = roll_back();
    return std::unexpected(
        Failure{failure.kind, undone.stuck.empty()
                                  ? failure.message + "; all was taken back"
                                  : fmt::format("{}; not all of it was taken back: {}",
                                                failure.message, fmt::join(undone.stuck, "; "))});
  }

  Outcome roll_back() {
    Rollback rollback(tree_, journal_.entries);
    rollback.run();
    outcome_.written.clear();
    outcome_.is_rolled_back = true;
    outcome_.stuck = rollback.stuck();
    if (!rollback.unread().empty()) {
      outcome_.stuck.insert(outcome_.stuck.end(), rollback.unread().begin(),
                            rollback.unread().end());
      if (state_.journal)
        outcome_.stuck.emplace_back(
            "the next \"nettunectl apply\" or \"revert\" takes the change back");
      return std::move(outcome_);
    }
    State settled = without_change(state_, journal_, rollback.stuck_keys());
    remember_stuck(settled, left_out_, stuck_);
    // Where this fails the journal stays, and the next writer finds nothing left to take back.
    if (const auto stored = folder_.store(settled); !stored) {
      outcome_.stuck.push_back(stored.error().message);
      return std::move(outcome_);
    }
    state_ = std::move(settled);
    return std::move(outcome_);
  }

  const Plan& plan_;
  sysctl::Tree& tree_;
  const StateFolder& folder_;
  State& state_;
  const TransactionOptions& options_;
  Journal journal_;
  Outcome outcome_;
  std::set<sysctl::Key> untouched_;     // right, and not written
  std::set<sysctl::Key> gone_;          // with their links
  std::vector<JournalEntry> left_out_;  // refused, and put back; stuck_ where that failed
  Texts stuck_;
  bool changes_others_ = false;  // one of the writes has side effects
  bool has_begun_ = false;       // what is on disk leads back from whatever is written
  std::size_t next_ = 0;
  // Given back where memory has run out, so that there is some for taking the change back.
  std::unique_ptr<char[]> reserve_{new char[std::size_t{64} * 1024]};
};

}  // namespace

std::string describe(const Refused& refused) {
  std::string text = fmt::format("{}: asked {}, ", refused.key.name(), refused.asked);
  text += refused.got.empty() ? "got nothing" : "got " + refused.got;
  if (refused.number != 0) text += fmt::format(" ({})", std::strerror(refused.number));
  if (!refused.reason.empty()) text += ": " + refused.reason;
  return text;
}

std::expected<Outcome, Failure> carry_out(const Plan& plan, sysctl::Tree& tree,
                                          const StateFolder& folder, State& state,
                                          const TransactionOptions& options) {
  if (plan.writes().empty()) {
    // Without a baseline to forget, what is foreign still is a part of what was.
    const bool forgets_any = plan.forgets() && (!state.baselines.empty() ||
                                                plan.foreign().size() != state.foreign.size());
    if (state.profile == plan.profile() && !forgets_any) return Outcome{};
    State next = state;
    if (plan.forgets()) {
      next.baselines = plan.unread();
      next.foreign = plan.foreign();
    }
    next.profile = plan.profile();
    if (const auto stored = folder.store(next); !stored) return std::unexpected(stored.error());
    state = std::move(next);
    return Outcome{};
  }
  return Transaction(plan, tree, folder, state, options).run();
}

std::expected<Recovery, Failure> take_back(sysctl::Tree& tree, const StateFolder& folder,
                                           State& state) {
  if (!state.journal) return Recovery{};
  const Journal journal = *state.journal;
  Recovery recovery;
  recovery.was_unconfirmed = journal.confirm_until != 0;
  Rollback rollback(tree, journal.entries);
  rollback.respect_others();
  rollback.run();
  for (const JournalEntry& entry : journal.entries) {
    if (rollback.restored().contains(entry.key)) recovery.restored.push_back(entry);
  }
  if (!rollback.unread().empty()) {
    return std::unexpected(
        Failure{Failure::Kind::system,
                fmt::format("a change that was cut short can't be taken back yet: {}",
                            fmt::join(rollback.unread(), "; "))});
  }
  recovery.left = rollback.left();
  recovery.left.insert(recovery.left.end(), rollback.stuck().begin(), rollback.stuck().end());
  State settled = without_change(state, journal, rollback.stuck_keys());
  if (const auto stored = folder.store(settled); !stored) return std::unexpected(stored.error());
  state = std::move(settled);
  return recovery;
}

std::expected<Session, Failure> begin(const std::string& directory, const Place& place,
                                      double wait_seconds, sysctl::Tree& tree, KnownState* known) {
  std::expected<StateFolder, Failure> folder = StateFolder::lock(directory, place, wait_seconds);
  if (!folder) return std::unexpected(folder.error());
  const auto stamp = folder->stamp();
  if (!stamp) return std::unexpected(stamp.error());
  const bool is_known = known != nullptr && *stamp == known->stamp;
  std::expected<State, Failure> read;
  if (!is_known) read = folder->load();
  if (!read) return std::unexpected(read.error());
  const std::optional<Journal>& open = is_known ? known->state.journal : read->journal;
  if (open && open->confirm_until > boot_time() && is_alive(open->waiting_pid)) {
    return std::unexpected(Failure{
        Failure::Kind::busy,
        fmt::format("a change waits {} s more for its confirmation (process {}): \"nettunectl "
                    "confirm\" keeps it",
                    (open->confirm_until - boot_time()) / 1'000'000'000, open->waiting_pid)});
  }
  Session session{*std::move(folder), is_known ? std::move(known->state) : *std::move(read),
                  std::nullopt};
  // Whatever becomes of the session: what was moved from is no state.
  if (is_known) known->stamp = StateStamp::unknown();
  if (!session.state.journal) return session;
  std::expected<Recovery, Failure> recovery = take_back(tree, session.folder, session.state);
  if (!recovery) {
    if (is_known) *known = {std::move(session.state), *stamp};  // still what is on disk
    return std::unexpected(recovery.error());
  }
  session.recovery = *std::move(recovery);
  return session;
}

std::expected<std::string, Failure> confirm(const StateFolder& folder) {
  std::expected<State, Failure> state = folder.load();
  if (!state) return std::unexpected(state.error());
  if (state->confirm_until() == 0) {
    return std::unexpected(Failure{Failure::Kind::stale, "no change is waiting for confirmation"});
  }
  if (state->confirm_until() <= boot_time()) {
    return std::unexpected(Failure{Failure::Kind::stale,
                                   "the time to confirm it has expired: it is being taken back"});
  }
  const State next = kept(*std::move(state));
  if (const auto stored = folder.store(next); !stored) return std::unexpected(stored.error());
  return next.profile;
}

}  // namespace nettune::change
