// SPDX-License-Identifier: MIT
// libnettune in C++20: nettune.h with owners, enum classes and spans, and no logic of its own.
//
//   const auto preset = nettune::Preset::line("nodelay=1,notsent-lowat=16KiB");
//   if (!preset) return fail(preset.error().message);
//   const nettune::Report report = preset.value().apply(socket);
//   for (const nettune::Row& row : report.rows()) log(nettune::text(row));
//
// A socket is a descriptor, or what has native_handle(), such as Asio's.
//
// What a function does, gives and needs is said in nettune.h, at the C function of its name.
// Result::value() throws where there is none; what gives a std::string may lack the memory for it;
// all else is noexcept. A Preset that was moved from may be destroyed or assigned to, and no more.
#ifndef NETTUNE_NETTUNE_HPP
#define NETTUNE_NETTUNE_HPP

#include <nettune/nettune.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace nettune {

// --- words: the numbers of nettune.h ---

enum class Option : std::int32_t {
  reuse_port = NETTUNE_REUSE_PORT,
  bind_address_no_port = NETTUNE_BIND_ADDRESS_NO_PORT,
  receive_buffer = NETTUNE_RECEIVE_BUFFER,
  send_buffer = NETTUNE_SEND_BUFFER,
  receive_lowat = NETTUNE_RECEIVE_LOWAT,
  window_clamp = NETTUNE_WINDOW_CLAMP,
  max_segment = NETTUNE_MAX_SEGMENT,
  congestion_control = NETTUNE_CONGESTION_CONTROL,
  nodelay = NETTUNE_NODELAY,
  notsent_lowat = NETTUNE_NOTSENT_LOWAT,
  user_timeout = NETTUNE_USER_TIMEOUT,
  keepalive_idle = NETTUNE_KEEPALIVE_IDLE,
  keepalive_interval = NETTUNE_KEEPALIVE_INTERVAL,
  keepalive_probes = NETTUNE_KEEPALIVE_PROBES,
  keepalive = NETTUNE_KEEPALIVE,
  defer_accept = NETTUNE_DEFER_ACCEPT,
  fast_open_queue = NETTUNE_FAST_OPEN_QUEUE,
  fast_open_connect = NETTUNE_FAST_OPEN_CONNECT,
  syn_count = NETTUNE_SYN_COUNT,
  linger2 = NETTUNE_LINGER2,
  save_syn = NETTUNE_SAVE_SYN,
  thin_linear_timeouts = NETTUNE_THIN_LINEAR_TIMEOUTS,
  zero_copy = NETTUNE_ZERO_COPY,
  max_pacing_rate = NETTUNE_MAX_PACING_RATE,
  busy_poll = NETTUNE_BUSY_POLL,
  prefer_busy_poll = NETTUNE_PREFER_BUSY_POLL,
  tos = NETTUNE_TOS,
  priority = NETTUNE_PRIORITY,
  mark = NETTUNE_MARK,
  incoming_cpu = NETTUNE_INCOMING_CPU,
  quickack = NETTUNE_QUICKACK,
};

// `automatic` is NETTUNE_AUTO: auto is a word of the language.
enum class Role : std::int32_t {
  automatic = NETTUNE_AUTO,
  listener = NETTUNE_LISTENER,
  client = NETTUNE_CLIENT,
  accepted = NETTUNE_ACCEPTED,
  datagram = NETTUNE_DATAGRAM,
};

enum class Outcome : std::int32_t {
  applied = NETTUNE_APPLIED,
  already = NETTUNE_ALREADY,
  inherited = NETTUNE_INHERITED,
  adjusted = NETTUNE_ADJUSTED,
  deferred = NETTUNE_DEFERRED,
  not_applicable = NETTUNE_NOT_APPLICABLE,
  unsupported = NETTUNE_UNSUPPORTED,
  denied = NETTUNE_DENIED,
  invalid = NETTUNE_INVALID,
  failed = NETTUNE_FAILED,
  differs = NETTUNE_DIFFERS,
  planned = NETTUNE_PLANNED,
};

enum class Reason : std::int32_t {
  none = NETTUNE_NO_REASON,
  clamped_by_rmem_max = NETTUNE_CLAMPED_BY_RMEM_MAX,
  clamped_by_wmem_max = NETTUNE_CLAMPED_BY_WMEM_MAX,
  clamped_by_somaxconn = NETTUNE_CLAMPED_BY_SOMAXCONN,
  clamped_by_buffer = NETTUNE_CLAMPED_BY_BUFFER,
  raised_to_minimum = NETTUNE_RAISED_TO_MINIMUM,
  rounded = NETTUNE_ROUNDED,
  ecn_bits = NETTUNE_ECN_BITS,
  autotuning_off = NETTUNE_AUTOTUNING_OFF,
  after_bind = NETTUNE_AFTER_BIND,
  after_connect = NETTUNE_AFTER_CONNECT,
  after_listen = NETTUNE_AFTER_LISTEN,
  before_connect = NETTUNE_BEFORE_CONNECT,
  per_connection = NETTUNE_PER_CONNECTION,
  rearm = NETTUNE_REARM,
  wrong_role = NETTUNE_WRONG_ROLE,
  wrong_type = NETTUNE_WRONG_TYPE,
  kernel_lacks_it = NETTUNE_KERNEL_LACKS_IT,
  protocol_lacks_it = NETTUNE_PROTOCOL_LACKS_IT,
  unknown_algorithm = NETTUNE_UNKNOWN_ALGORITHM,
  algorithm_not_allowed = NETTUNE_ALGORITHM_NOT_ALLOWED,
  needs_cap_net_admin = NETTUNE_NEEDS_CAP_NET_ADMIN,
  fast_open_off = NETTUNE_FAST_OPEN_OFF,
  refused_by_sandbox = NETTUNE_REFUSED_BY_SANDBOX,
  late_for_window_scale = NETTUNE_LATE_FOR_WINDOW_SCALE,
  undone = NETTUNE_UNDONE,
};

enum class Flags : unsigned {
  none = 0,
  atomic = NETTUNE_ATOMIC,
  audit = NETTUNE_AUDIT,
  no_verify = NETTUNE_NO_VERIFY,
  force = NETTUNE_FORCE,
  force_buffers = NETTUNE_FORCE_BUFFERS,
};
[[nodiscard]] constexpr Flags operator|(Flags left, Flags right) noexcept {
  return static_cast<Flags>(static_cast<unsigned>(left) | static_cast<unsigned>(right));
}

// The first and the last of each, as programs were compiled with them: they are the ABI.
static_assert(static_cast<int>(Option::reuse_port) == 1 &&
              static_cast<int>(Option::quickack) == 31);
static_assert(static_cast<int>(Role::automatic) == 0 && static_cast<int>(Role::datagram) == 4);
static_assert(static_cast<int>(Outcome::applied) == 1 && static_cast<int>(Outcome::planned) == 12);
static_assert(static_cast<int>(Reason::none) == 0 && static_cast<int>(Reason::undone) == 25);
static_assert(static_cast<unsigned>(Flags::force_buffers) == 16);
static_assert(sizeof(nettune_result) == 112 && sizeof(nettune_value) == 16);

// nullptr: no such number.
[[nodiscard]] inline const char* name(Option option) noexcept {
  return nettune_option_name(static_cast<int>(option));
}
[[nodiscard]] inline const char* name(Role role) noexcept {
  return nettune_role_name(static_cast<int>(role));
}
[[nodiscard]] inline const char* name(Outcome outcome) noexcept {
  return nettune_outcome_name(static_cast<int>(outcome));
}
[[nodiscard]] inline const char* name(Reason reason) noexcept {
  return nettune_reason_name(static_cast<int>(reason));
}
[[nodiscard]] inline const char* constant(Option option) noexcept {
  return nettune_option_constant(static_cast<int>(option));
}
[[nodiscard]] inline const char* text(Reason reason) noexcept {
  return nettune_reason_text(static_cast<int>(reason));
}
[[nodiscard]] inline const char* version() noexcept { return nettune_version(); }

// --- results ---

// Why there is no value: an errno, and one line for people, which may be empty.
struct Error {
  int number = 0;
  std::string message;
};

// A value or an Error. error() is for those that have no value: else it is an empty one.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Not explicit: a function that gives a Result returns either of the two as it is.
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // Throws std::system_error where there is an Error.
  [[nodiscard]] const T& value() const& {
    require();
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    require();
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] const Error& error() const noexcept {
    static const Error none;
    const Error* error = std::get_if<1>(&state_);
    return error != nullptr ? *error : none;
  }

 private:
  void require() const {
    if (!has_value()) {
      throw std::system_error(error().number, std::generic_category(), error().message);
    }
  }
  std::variant<T, Error> state_;
};

// One option's row; the next three give its words as enum classes.
using Row = nettune_result;
[[nodiscard]] constexpr Option option(const Row& row) noexcept {
  return static_cast<Option>(row.option);
}
[[nodiscard]] constexpr Outcome outcome(const Row& row) noexcept {
  return static_cast<Outcome>(row.outcome);
}
[[nodiscard]] constexpr Reason reason(const Row& row) noexcept {
  return static_cast<Reason>(row.reason);
}
// The row as one line for a log.
[[nodiscard]] inline std::string text(const Row& row) {
  std::string line(static_cast<std::size_t>(nettune_result_text(&row, nullptr, 0)), '\0');
  nettune_result_text(&row, line.data(), line.size() + 1);
  return line;
}

// What a call gave, and a row for each option.
class Report {
 public:
  // As the C function gives it: below 0 is -errno, 0 all in force, above 0 so many are not.
  [[nodiscard]] int status() const noexcept { return status_; }
  // Of apply(): all that the socket can have now is in force as asked.
  [[nodiscard]] bool ok() const noexcept { return status_ == 0; }
  [[nodiscard]] std::span<const Row> rows() const noexcept {
    return {rows_.data(), std::min(count_, rows_.size())};
  }
  // nullptr: the preset does not hold it.
  [[nodiscard]] const Row* find(Option wanted) const noexcept {
    for (const Row& row : rows()) {
      if (option(row) == wanted) return &row;
    }
    return nullptr;
  }

 private:
  friend class Preset;
  int status_ = 0;
  std::size_t count_ = 0;
  std::array<Row, NETTUNE_MOST_RESULTS> rows_;  // as far as count_: the rest is never written
};

// --- sockets ---

// What has native_handle(), such as an Asio socket.
template <typename T>
concept HasHandle = requires(T& socket) {
  { socket.native_handle() } -> std::convertible_to<int>;
};
[[nodiscard]] constexpr int descriptor(int fd) noexcept { return fd; }
[[nodiscard]] int descriptor(HasHandle auto& socket) noexcept { return socket.native_handle(); }
template <typename T>
concept Socket = std::same_as<std::remove_cvref_t<T>, int> || HasHandle<std::remove_reference_t<T>>;

// Puts back what a report of apply() for this socket says was there before.
template <Socket T>
[[nodiscard]] int undo(T&& socket, const Report& report) noexcept {
  return nettune_undo(descriptor(socket), report.rows().data(), report.rows().size());
}

// A preset, owned; a copy is one owner more.
class Preset {
 public:
  [[nodiscard]] static Result<Preset> line(const char* line) {
    return make([&](auto... out) { return nettune_preset_line(line, out...); });
  }
  [[nodiscard]] static Result<Preset> named(const char* name = nullptr,
                                            const char* profile = nullptr) {
    return make([&](auto... out) { return nettune_preset_named(name, profile, out...); });
  }
  [[nodiscard]] static Result<Preset> load(const char* path, const char* name = nullptr) {
    return make([&](auto... out) { return nettune_preset_load(path, name, out...); });
  }

  Preset(const Preset& other) noexcept : preset_(nettune_preset_ref(other.preset_)) {}
  Preset(Preset&& other) noexcept : preset_(std::exchange(other.preset_, nullptr)) {}
  Preset& operator=(Preset other) noexcept {
    std::swap(preset_, other.preset_);
    return *this;
  }
  ~Preset() { nettune_preset_unref(preset_); }

  // For the C functions; it stays this object's.
  [[nodiscard]] nettune_preset* get() const noexcept { return preset_; }

  [[nodiscard]] std::string text() const {
    std::string line(static_cast<std::size_t>(nettune_preset_text(preset_, nullptr, 0)), '\0');
    nettune_preset_text(preset_, line.data(), line.size() + 1);
    return line;
  }

  template <Socket T>
  [[nodiscard]] Report apply(T&& socket, Role role = Role::automatic,
                             Flags flags = Flags::none) const noexcept {
    Report report;
    report.status_ = nettune_apply(preset_, descriptor(socket), static_cast<nettune_role>(role),
                                   static_cast<unsigned>(flags), report.rows_.data(),
                                   report.rows_.size(), &report.count_);
    return report;
  }

  // status() is how many are planned.
  [[nodiscard]] Report plan(Role role) const noexcept {
    Report report;
    report.status_ = nettune_plan(preset_, static_cast<nettune_role>(role), report.rows_.data(),
                                  report.rows_.size(), &report.count_);
    return report;
  }

  // status() is the new descriptor, the caller's, or -errno.
  template <Socket T>
  [[nodiscard]] Report accept(T&& listener, int flags = SOCK_CLOEXEC, sockaddr* address = nullptr,
                              socklen_t* length = nullptr) const noexcept {
    Report report;
    report.status_ = nettune_accept(preset_, descriptor(listener), address, length, flags,
                                    report.rows_.data(), report.rows_.size(), &report.count_);
    return report;
  }

  template <Socket T>
  int quickack_rearm(T&& socket) const noexcept {
    return nettune_quickack_rearm(preset_, descriptor(socket));
  }

  [[nodiscard]] nettune_hints hints() const noexcept {
    nettune_hints hints{sizeof(nettune_hints), -1, -1, -1};
    nettune_buffer_hints(preset_, &hints);
    return hints;
  }

 private:
  explicit Preset(nettune_preset* preset) noexcept : preset_(preset) {}

  template <typename Call>
  static Result<Preset> make(Call call) {
    nettune_preset* preset = nullptr;
    std::array<char, 1024> message{};
    const int status = call(&preset, message.data(), message.size());
    if (status < 0) return Error{-status, message.data()};
    return Preset(preset);
  }

  nettune_preset* preset_;
};

}  // namespace nettune

#endif
