// SPDX-License-Identifier: MIT
// Transaction: a plan carried out, all of it or none of it. The only code that writes to the kernel
// on a profile's behalf; the caller holds the lock.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "engine/change/failure.hpp"
#include "engine/change/plan.hpp"
#include "engine/change/state.hpp"
#include "engine/sysctl/tree.hpp"

namespace nettune::change {

/// A key that did not become what was asked.
struct Refused {
  sysctl::Key key;
  std::string asked;
  std::string got;  ///< what it held then
  int number = 0;   ///< the kernel's errno; 0: the write succeeded, and the value is another one
  std::string
      reason;  ///< what is known of it: the range, the algorithms that there are; "" for none
};

/// "net.core.rmem_max: asked 1, got 4194304 (Invalid argument): the kernel takes 2304 to …"
std::string describe(const Refused& refused);

struct Outcome {
  std::vector<sysctl::Key> written;  ///< in order; empty where all was rolled back
  std::vector<Refused> refused;      ///< none, or the one that ended it, or all with keep_going
  std::vector<sysctl::Key> gone;     ///< they went with their links meanwhile, and are no fault
  bool is_rolled_back = false;
  std::vector<std::string> stuck;  ///< what could not be rolled back: a sentence each
};

struct TransactionOptions {
  bool keep_going = false;       ///< what the kernel refuses is left out, and the rest kept
  std::int64_t confirm_for = 0;  ///< nanoseconds until it is taken back unless confirmed; 0: kept
  sysctl::Version kernel{};      ///< for the range in a Refused
};

/// Journal to disk, writes, read-back, and the state to disk. A plan that only puts back what
/// `state` says that nettune left needs no journal: at any instant the state on disk is right.
/// `state` becomes what is on disk then. A Failure says that nothing was changed, or that all of it
/// was taken back but for what it names. Where a key can't be looked at for that, the journal stays
/// for the next writer.
std::expected<Outcome, Failure> carry_out(const Plan& plan, sysctl::Tree& tree,
                                          const StateFolder& folder, State& state,
                                          const TransactionOptions& options);

/// What was found of a change that its writer did not finish, and what became of it.
struct Recovery {
  std::vector<JournalEntry> restored;  ///< of the change, whose keys are as before it
  std::vector<std::string> left;  ///< keys that something else has changed since: a sentence each
  bool was_unconfirmed = false;   ///< it was complete, and nobody confirmed it in time
};

/// Takes back the change in the journal of `state`, on disk as well. On failure the journal stays.
std::expected<Recovery, Failure> take_back(sysctl::Tree& tree, const StateFolder& folder,
                                           State& state);

/// The right to change keys, with everything in order: the lock, and a state without a journal.
struct Session {
  StateFolder folder;
  State state;
  std::optional<Recovery> recovery;  ///< where there was something to take back
};

/// A state that the caller has read or stored before.
struct KnownState {
  State state;
  StateStamp stamp;
};

/// Takes the lock and takes back what a killed writer left. Busy as well while a change waits for
/// its confirmation. Where `known` is what is still on disk it is not read again, but moved into
/// the session; then `known` is no state's until the caller gives it another.
std::expected<Session, Failure> begin(const std::string& directory, const Place& place,
                                      double wait_seconds, sysctl::Tree& tree,
                                      KnownState* known = nullptr);

/// Keeps the change that waits for its confirmation. The profile's name, or why there is none.
std::expected<std::string, Failure> confirm(const StateFolder& folder);

}  // namespace nettune::change
