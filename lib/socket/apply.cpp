// SPDX-License-Identifier: MIT
#include "apply.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>

#include "kernel_option.hpp"
#include "socket_state.hpp"

namespace nettune::socket {
namespace {

constexpr unsigned known_flags =
    NETTUNE_ATOMIC | NETTUNE_AUDIT | NETTUNE_NO_VERIFY | NETTUNE_FORCE | NETTUNE_FORCE_BUFFERS;

struct Target {
  int fd;
  SocketState state;
  nettune_role role;
  unsigned flags;

  bool has(unsigned flag) const { return (flags & flag) != 0; }
};

struct Verdict {
  nettune_outcome outcome;
  nettune_reason reason = NETTUNE_NO_REASON;
  int error = 0;
};

nettune_result row_of(const OptionFacts& facts, const nettune_preset& preset) {
  nettune_result row{};
  row.option = facts.option;
  row.requested = preset.values[facts.option];
  return row;
}

void judge(nettune_result& row, const Verdict& verdict) {
  row.outcome = verdict.outcome;
  row.reason = verdict.reason;
  row.error = verdict.error;
}

// What follows from the kind of socket and its role alone, before anything is asked of it.
std::optional<Verdict> decide_early(const OptionFacts& facts, std::int64_t requested,
                                    const SocketState& state, nettune_role role) {
  if (!state.is_ip() || (facts.traits.is_tcp && !state.is_tcp)) {
    return Verdict{NETTUNE_NOT_APPLICABLE, NETTUNE_WRONG_TYPE};
  }
  if ((facts.roles & bit(role)) == 0) return Verdict{NETTUNE_NOT_APPLICABLE, NETTUNE_WRONG_ROLE};
  // Setting 0 would delay the next acknowledgement; "off" is to leave it to the kernel.
  if (facts.kind == Kind::every_read && requested == 0) return Verdict{NETTUNE_ALREADY};
  if (role == NETTUNE_LISTENER && facts.traits.per_connection) {
    return Verdict{NETTUNE_DEFERRED, NETTUNE_PER_CONNECTION};
  }
  if (facts.stage == Stage::connected && state.phase != Phase::connected) {
    return Verdict{NETTUNE_DEFERRED, NETTUNE_BEFORE_CONNECT};
  }
  return std::nullopt;
}

// Why it is too late for this option to have an effect; NETTUNE_NO_REASON where it is not.
nettune_reason lateness(const OptionFacts& facts, const SocketState& state) {
  if (facts.stage == Stage::before_bind && state.phase != Phase::closed) return NETTUNE_AFTER_BIND;
  if (facts.stage == Stage::before_connect && state.phase == Phase::connected) {
    return NETTUNE_AFTER_CONNECT;
  }
  return NETTUNE_NO_REASON;
}

Verdict judge_refusal(const OptionFacts& facts, const Target& target, int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      if (facts.kind == Kind::text) {
        return {NETTUNE_DENIED, NETTUNE_ALGORITHM_NOT_ALLOWED, error};
      }
      if (facts.traits.needs_net_admin || (is_buffer(facts) && target.has(NETTUNE_FORCE_BUFFERS))) {
        return {NETTUNE_DENIED, NETTUNE_NEEDS_CAP_NET_ADMIN, error};
      }
      return {NETTUNE_DENIED, NETTUNE_REFUSED_BY_SANDBOX, error};
    case ENOENT:
      if (facts.kind == Kind::text) return {NETTUNE_UNSUPPORTED, NETTUNE_UNKNOWN_ALGORITHM, error};
      break;
    case EOPNOTSUPP:
      if (facts.option == NETTUNE_FAST_OPEN_CONNECT && !target.state.is_mptcp) {
        return {NETTUNE_FAILED, NETTUNE_FAST_OPEN_OFF, error};
      }
      [[fallthrough]];
    case ENOPROTOOPT:
    case ENOSYS:
      return {NETTUNE_UNSUPPORTED,
              target.state.is_mptcp ? NETTUNE_PROTOCOL_LACKS_IT : NETTUNE_KERNEL_LACKS_IT, error};
    case EINVAL:
    case ERANGE:
    case EDOM:
      return {NETTUNE_INVALID, NETTUNE_NO_REASON, error};
    default:
      break;
  }
  return {NETTUNE_FAILED, NETTUNE_NO_REASON, error};
}

// What goes with a value that is in force as asked.
void explain_success(const OptionFacts& facts, const Target& target, nettune_result& row) {
  if (facts.kind == Kind::every_read) row.reason = NETTUNE_REARM;
  if (!is_buffer(facts) || !target.state.is_tcp) return;
  // About half of a buffer is the kernel's own: a window holds what was asked for.
  row.detail = row.effective.number / 2;
  const bool is_late = facts.option == NETTUNE_RECEIVE_BUFFER &&
                       target.state.phase == Phase::connected && target.role == NETTUNE_CLIENT &&
                       row.outcome == NETTUNE_APPLIED;
  row.reason = is_late ? NETTUNE_LATE_FOR_WINDOW_SCALE : NETTUNE_AUTOTUNING_OFF;
}

// Why the kernel made another value of it.
void explain_adjusted(const OptionFacts& facts, nettune_result& row) {
  const std::int64_t expected = expected_of(facts, row.requested).number;
  const bool is_less = row.effective.number < expected;
  row.outcome = NETTUNE_ADJUSTED;
  row.reason = is_less ? NETTUNE_ROUNDED : NETTUNE_RAISED_TO_MINIMUM;
  switch (facts.option) {
    case NETTUNE_RECEIVE_BUFFER:
    case NETTUNE_SEND_BUFFER:
      if (!is_less) return;
      row.detail = row.effective.number / 2;
      row.reason = facts.option == NETTUNE_SEND_BUFFER ? NETTUNE_CLAMPED_BY_WMEM_MAX
                                                       : NETTUNE_CLAMPED_BY_RMEM_MAX;
      return;
    case NETTUNE_FAST_OPEN_QUEUE:
      row.detail = row.effective.number;
      row.reason = NETTUNE_CLAMPED_BY_SOMAXCONN;
      return;
    case NETTUNE_RECEIVE_LOWAT:
      row.reason = NETTUNE_CLAMPED_BY_BUFFER;
      return;
    case NETTUNE_DEFER_ACCEPT:
      row.reason = NETTUNE_ROUNDED;
      return;
    case NETTUNE_TOS:
      row.reason = NETTUNE_ECN_BITS;
      return;
    default:
      return;
  }
}

std::int64_t pack(const TosState& tos) { return tos.priority | tos.ipv4 << 32 | tos.ipv6 << 40; }

TosState unpack(std::int64_t packed) {
  return {packed & 0xffffffff, packed >> 32 & 0xff, packed >> 40 & 0xff};
}

// Remembers for undo() what `before` does not say. Gives an errno value or 0.
int remember(const OptionFacts& facts, const Target& target, nettune_result& row) {
  if (facts.option != NETTUNE_TOS) return 0;
  TosState tos;
  if (const int failed = read_tos_state(target.fd, target.state, tos)) return failed;
  row.restore = pack(tos);
  return 0;
}

void set_one(const OptionFacts& facts, const Target& target, nettune_result& row) {
  const bool sets_blindly = target.has(NETTUNE_FORCE) && target.has(NETTUNE_NO_VERIFY) &&
                            !target.has(NETTUNE_ATOMIC) && !target.has(NETTUNE_AUDIT);
  const nettune_reason late = lateness(facts, target.state);
  if (!sets_blindly || late != NETTUNE_NO_REASON) {
    if (const int error = read_option(target.fd, target.state, facts, row.before)) {
      return judge(row, judge_refusal(facts, target, error));
    }
    row.effective = row.before;
    bool is_right = matches(facts, target.state, row.requested, row.before);
    if (is_buffer(facts)) {
      // A size that autotuning came to by itself is not a fixed one.
      const BufferLock lock = read_lock(target.fd, facts);
      row.restore = static_cast<std::int64_t>(lock);
      is_right = is_right && lock == BufferLock::fixed;
    }
    if (is_right &&
        (!target.has(NETTUNE_FORCE) || target.has(NETTUNE_AUDIT) || late != NETTUNE_NO_REASON)) {
      row.outcome = NETTUNE_ALREADY;
      return explain_success(facts, target, row);
    }
    if (target.has(NETTUNE_AUDIT)) return judge(row, {NETTUNE_DIFFERS, late});
    if (late != NETTUNE_NO_REASON) {
      return judge(row, {NETTUNE_FAILED, late, late == NETTUNE_AFTER_BIND ? EINVAL : EISCONN});
    }
    if (const int error = remember(facts, target, row)) {
      return judge(row, judge_refusal(facts, target, error));
    }
  }

  if (const int error = set_option(target.fd, target.state, facts, row.requested,
                                   target.has(NETTUNE_FORCE_BUFFERS))) {
    return judge(row, judge_refusal(facts, target, error));
  }
  row.outcome = NETTUNE_APPLIED;
  row.effective = expected_of(facts, row.requested);
  if (target.has(NETTUNE_NO_VERIFY)) return explain_success(facts, target, row);

  if (const int error = read_option(target.fd, target.state, facts, row.effective)) {
    return judge(row, {NETTUNE_FAILED, NETTUNE_NO_REASON, error});
  }
  if (matches(facts, target.state, row.requested, row.effective)) {
    explain_success(facts, target, row);
  } else {
    explain_adjusted(facts, row);
  }
}

bool is_hard_failure(const nettune_result& row) {
  return row.outcome == NETTUNE_DENIED || row.outcome == NETTUNE_INVALID ||
         row.outcome == NETTUNE_FAILED || row.outcome == NETTUNE_UNSUPPORTED;
}

bool is_in_force(const nettune_result& row) {
  return !is_hard_failure(row) && row.outcome != NETTUNE_ADJUSTED && row.outcome != NETTUNE_DIFFERS;
}

bool was_changed(const nettune_result& row) {
  return row.outcome == NETTUNE_APPLIED || row.outcome == NETTUNE_ADJUSTED;
}

// Puts one option back. 0 or an errno value.
int put_back(int fd, const SocketState& state, const nettune_result& row) {
  const OptionFacts* facts = find_option(row.option);
  if (facts == nullptr) return EINVAL;
  // It lasts until the next reply; 0 would delay an acknowledgement.
  if (facts->kind == Kind::every_read) return 0;
  if (facts->option == NETTUNE_TOS) return set_tos_state(fd, state, unpack(row.restore));
  if (!is_buffer(*facts)) return set_option(fd, state, *facts, row.before, false);
  nettune_value half = row.before;
  half.number /= 2;
  if (const int error = set_option(fd, state, *facts, half, false)) return error;
  if (row.restore == static_cast<std::int64_t>(BufferLock::tuned)) return unlock_buffer(fd, *facts);
  if (row.restore == static_cast<std::int64_t>(BufferLock::unknown)) return ENOPROTOOPT;
  nettune_value now{};
  if (const int error = read_option(fd, state, *facts, now)) return error;
  return now.number == row.before.number ? 0 : EPERM;
}

// After a hard failure: what was changed goes back, and what was to follow is not tried.
void take_back(const Target& target, std::span<nettune_result> rows) {
  for (std::size_t i = rows.size(); i-- > 0;) {
    nettune_result& row = rows[i];
    if (!was_changed(row)) continue;
    if (const int error = put_back(target.fd, target.state, row)) {
      judge(row, {NETTUNE_FAILED, NETTUNE_UNDONE, error});
    } else {
      judge(row, {NETTUNE_DEFERRED, NETTUNE_UNDONE});
      row.effective = row.before;
    }
  }
}

int count_wrong(const Rows& rows) {
  return static_cast<int>(std::count_if(rows.list.begin(), rows.list.begin() + rows.count,
                                        [](const auto& row) { return !is_in_force(row); }));
}

// An option by which one can tell whether an accepted socket has what its listener has: exact, and
// not what every fresh socket has anyway. nullptr: the preset holds none.
const OptionFacts* telltale(const nettune_preset& preset) {
  for (const OptionFacts& facts : all_options()) {
    const bool can_tell = facts.traits.is_tcp && facts.traits.inherited &&
                          facts.stage == Stage::any && facts.option != NETTUNE_WINDOW_CLAMP;
    if (can_tell && preset.holds(facts.option) && preset.values[facts.option].number != 0) {
      return &facts;
    }
  }
  return nullptr;
}

Inheritance look_at_inheritance(const nettune_preset& preset, int fd) {
  const OptionFacts* facts = telltale(preset);
  if (facts == nullptr) return Inheritance::works;
  const SocketState state{.is_tcp = true, .phase = Phase::connected};
  nettune_value live{};
  if (read_option(fd, state, *facts, live) != 0) return Inheritance::fails;
  return matches(*facts, state, preset.values[facts->option], live) ? Inheritance::works
                                                                    : Inheritance::fails;
}

bool is_passed_on(const OptionFacts& facts) {
  return facts.traits.inherited && (facts.roles & bit(NETTUNE_LISTENER)) != 0;
}

}  // namespace

int apply(const nettune_preset& preset, int fd, nettune_role role, unsigned flags, Rows& rows) {
  rows.count = 0;
  if ((flags & ~known_flags) != 0 || role < NETTUNE_AUTO || role > NETTUNE_DATAGRAM) return -EINVAL;
  Target target{fd, {}, role, flags};
  if (const int failed = look_at_socket(fd, target.state); failed != 0) return failed;
  if (target.state.is_ip()) {
    target.role = role_of(target.state, role);
    if (target.role == NETTUNE_AUTO) return -EINVAL;
  }
  bool has_failed = false;
  for (const OptionFacts& facts : all_options()) {
    if (!preset.holds(facts.option)) continue;
    nettune_result& row = rows.list[rows.count++] = row_of(facts, preset);
    if (has_failed) {
      judge(row, {NETTUNE_DEFERRED, NETTUNE_UNDONE});
    } else if (const auto early =
                   decide_early(facts, row.requested.number, target.state, target.role)) {
      judge(row, *early);
    } else if (facts.kind == Kind::every_read && target.has(NETTUNE_AUDIT)) {
      judge(row, {NETTUNE_DEFERRED, NETTUNE_REARM});  // what it reads now says nothing
    } else {
      set_one(facts, target, row);
    }
    if (!has_failed && target.has(NETTUNE_ATOMIC) && !target.has(NETTUNE_AUDIT) &&
        is_hard_failure(row)) {
      has_failed = true;
      take_back(target, {rows.list.data(), rows.count});
    }
  }
  return count_wrong(rows);
}

int plan(const nettune_preset& preset, nettune_role role, Rows& rows) {
  rows.count = 0;
  if (role <= NETTUNE_AUTO || role > NETTUNE_DATAGRAM) return -EINVAL;
  SocketState state;
  state.is_udp = role == NETTUNE_DATAGRAM;
  state.is_tcp = !state.is_udp;
  state.phase = role == NETTUNE_ACCEPTED ? Phase::connected : Phase::closed;
  int planned = 0;
  for (const OptionFacts& facts : all_options()) {
    if (!preset.holds(facts.option)) continue;
    nettune_result& row = rows.list[rows.count++] = row_of(facts, preset);
    if (const auto early = decide_early(facts, row.requested.number, state, role)) {
      judge(row, *early);
    } else if (role == NETTUNE_ACCEPTED && is_passed_on(facts)) {
      judge(row, {NETTUNE_INHERITED});
    } else {
      judge(row, {NETTUNE_PLANNED});
      ++planned;
    }
  }
  return planned;
}

int undo(int fd, const nettune_result* results, std::size_t count) {
  SocketState state;
  if (const int failed = look_at_socket(fd, state); failed != 0) return failed;
  int left = 0;
  for (std::size_t i = count; i-- > 0;) {
    if (was_changed(results[i]) && put_back(fd, state, results[i]) != 0) ++left;
  }
  return left;
}

void tune_accepted(const nettune_preset& preset, int fd, Rows& rows) {
  rows.count = 0;
  Inheritance inheritance = preset.inheritance.load(std::memory_order_relaxed);
  if (inheritance == Inheritance::unknown) {
    inheritance = look_at_inheritance(preset, fd);
    preset.inheritance.store(inheritance, std::memory_order_relaxed);
  }
  if (inheritance == Inheritance::fails) {
    // Its rows tell what was refused; the connection is there in any case.
    static_cast<void>(apply(preset, fd, NETTUNE_ACCEPTED, 0, rows));
    return;
  }
  Target target{fd, {.is_tcp = true, .phase = Phase::connected}, NETTUNE_ACCEPTED, 0};
  for (const OptionFacts& facts : all_options()) {
    if (!preset.holds(facts.option)) continue;
    nettune_result& row = rows.list[rows.count++] = row_of(facts, preset);
    if (const auto early = decide_early(facts, row.requested.number, target.state, target.role)) {
      judge(row, *early);
    } else if (is_passed_on(facts)) {
      judge(row, {NETTUNE_INHERITED});
      row.effective = expected_of(facts, row.requested);
    } else {
      set_one(facts, target, row);
    }
  }
}

int accept_tuned(const nettune_preset& preset, int listener, sockaddr* address, socklen_t* length,
                 int flags, Rows& rows) {
  rows.count = 0;
  const int fd = ::accept4(listener, address, length, flags);
  if (fd < 0) return -errno;
  tune_accepted(preset, fd, rows);
  return fd;
}

int rearm_quickack(int fd) {
  const int kept = errno;
  const int on = 1;
  const int done = ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on) == 0 ? 0 : -errno;
  errno = kept;
  return done;
}

}  // namespace nettune::socket
