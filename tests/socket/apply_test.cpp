// SPDX-License-Identifier: MIT
// Options on real sockets of the loopback: set, read back, inherited, refused, put back.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/file/unique_fd.hpp"
#include "nettune/nettune.h"
#include "options.hpp"

using nettune::UniqueFd;

namespace {

struct Unref {
  void operator()(nettune_preset* preset) const { nettune_preset_unref(preset); }
};
using Preset = std::unique_ptr<nettune_preset, Unref>;

Preset preset_of(const std::string& line) {
  nettune_preset* preset = nullptr;
  std::array<char, 512> message{};
  INFO(message.data());
  REQUIRE(nettune_preset_line(line.c_str(), &preset, message.data(), message.size()) == 0);
  return Preset(preset);
}

struct Report {
  int status = 0;
  std::vector<nettune_result> rows;

  const nettune_result& operator[](nettune_option option) const {
    const auto found = std::ranges::find(rows, static_cast<int>(option), &nettune_result::option);
    REQUIRE(found != rows.end());
    return *found;
  }
};

Report apply(const Preset& preset, int fd, nettune_role role, unsigned flags = 0) {
  Report report;
  report.rows.resize(NETTUNE_MOST_RESULTS);
  std::size_t count = 0;
  report.status =
      nettune_apply(preset.get(), fd, role, flags, report.rows.data(), report.rows.size(), &count);
  report.rows.resize(count);
  return report;
}

int number_of(int fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(fd, level, option, &value, &size) == 0);
  return value;
}

// How a test reaches its listener.
enum class Family { ipv4, ipv6, mapped };

UniqueFd make_socket(Family family, int type = SOCK_STREAM) {
  UniqueFd fd(::socket(family == Family::ipv4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
  REQUIRE(fd.get() >= 0);
  return fd;
}

std::pair<sockaddr_storage, socklen_t> loopback(Family family, bool listens) {
  sockaddr_storage storage{};
  if (family == Family::ipv4) {
    auto& address = reinterpret_cast<sockaddr_in&>(storage);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return {storage, sizeof address};
  }
  auto& address = reinterpret_cast<sockaddr_in6&>(storage);
  address.sin6_family = AF_INET6;
  address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  if (family == Family::mapped) {
    address.sin6_addr = IN6ADDR_ANY_INIT;
    if (!listens) ::inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr);
  }
  return {storage, sizeof address};
}

void bind_loopback(int fd, Family family) {
  const auto [address, size] = loopback(family, true);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
}

void connect_to(int client, int listener, Family family) {
  auto [address, size] = loopback(family, false);
  sockaddr_storage bound{};
  socklen_t bound_size = sizeof bound;
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &bound_size) == 0);
  // The port stands at the same place in both families.
  reinterpret_cast<sockaddr_in&>(address).sin_port = reinterpret_cast<sockaddr_in&>(bound).sin_port;
  REQUIRE(::connect(client, reinterpret_cast<const sockaddr*>(&address), size) == 0);
}

// A listener, a client connected to it, and the socket that was accepted.
struct Connection {
  UniqueFd listener, client, accepted;
};

UniqueFd listen_on(Family family, const Preset* preset = nullptr) {
  UniqueFd listener = make_socket(family);
  if (preset != nullptr) apply(*preset, listener.get(), NETTUNE_LISTENER);
  bind_loopback(listener.get(), family);
  REQUIRE(::listen(listener.get(), 8) == 0);
  return listener;
}

Connection connect(Family family, const Preset* on_listener = nullptr,
                   const Preset* on_client = nullptr) {
  Connection connection{listen_on(family, on_listener), make_socket(family), {}};
  if (on_client != nullptr) apply(*on_client, connection.client.get(), NETTUNE_CLIENT);
  connect_to(connection.client.get(), connection.listener.get(), family);
  connection.accepted = UniqueFd(::accept4(connection.listener.get(), nullptr, nullptr, 0));
  REQUIRE(connection.accepted.get() >= 0);
  return connection;
}

// A value for each option that no fresh socket has, and that the kernel keeps as it is. Only
// quickack has none: what it reads says nothing.
struct Sample {
  nettune_option option;
  const char* line;
  std::int64_t live;             // as it reads
  bool needs_net_admin = false;  // this value does
};
constexpr auto samples = std::to_array<Sample>({
    {NETTUNE_REUSE_PORT, "reuse-port=1", 1},
    {NETTUNE_BIND_ADDRESS_NO_PORT, "bind-address-no-port=1", 1},
    {NETTUNE_RECEIVE_BUFFER, "receive-buffer=20000", 40000},
    {NETTUNE_SEND_BUFFER, "send-buffer=20000", 40000},
    {NETTUNE_RECEIVE_LOWAT, "receive-lowat=100", 100},
    {NETTUNE_WINDOW_CLAMP, "window-clamp=50000", 50000},
    {NETTUNE_MAX_SEGMENT, "max-segment=1000", 1000},
    {NETTUNE_CONGESTION_CONTROL, "congestion-control=reno", 0},
    {NETTUNE_NODELAY, "nodelay=1", 1},
    {NETTUNE_NOTSENT_LOWAT, "notsent-lowat=16KiB", 16384},
    {NETTUNE_USER_TIMEOUT, "user-timeout=30s", 30000},
    {NETTUNE_KEEPALIVE_IDLE, "keepalive-idle=61s", 61},
    {NETTUNE_KEEPALIVE_INTERVAL, "keepalive-interval=11s", 11},
    {NETTUNE_KEEPALIVE_PROBES, "keepalive-probes=7", 7},
    {NETTUNE_KEEPALIVE, "keepalive=1", 1},
    {NETTUNE_DEFER_ACCEPT, "defer-accept=7s", 7},
    {NETTUNE_FAST_OPEN_QUEUE, "fast-open-queue=3", 3},
    {NETTUNE_FAST_OPEN_CONNECT, "fast-open-connect=1", 1},
    {NETTUNE_SYN_COUNT, "syn-count=4", 4},
    {NETTUNE_LINGER2, "linger2=11s", 11},
    {NETTUNE_SAVE_SYN, "save-syn=1", 1},
    {NETTUNE_THIN_LINEAR_TIMEOUTS, "thin-linear-timeouts=1", 1},
    {NETTUNE_ZERO_COPY, "zero-copy=1", 1},
    {NETTUNE_MAX_PACING_RATE, "max-pacing-rate=80Mbit/s", 10'000'000},
    {NETTUNE_BUSY_POLL, "busy-poll=50us", 50, true},
    {NETTUNE_PREFER_BUSY_POLL, "prefer-busy-poll=1", 1, true},
    {NETTUNE_TOS, "tos=0x10", 0x10},
    {NETTUNE_PRIORITY, "priority=5", 5},
    {NETTUNE_PRIORITY, "priority=7", 7, true},
    {NETTUNE_MARK, "mark=0x10", 0x10, true},
    {NETTUNE_INCOMING_CPU, "incoming-cpu=1", 1},
});
static_assert([] {
  std::uint64_t missing = (std::uint64_t{1} << NETTUNE_QUICKACK) - 2;  // the options before it
  for (const Sample& sample : samples) missing &= ~(std::uint64_t{1} << sample.option);
  return missing == 0;
}());

const nettune::socket::OptionFacts& facts_of(nettune_option option) {
  return *nettune::socket::find_option(option);
}

bool is_for(nettune_option option, nettune_role role) {
  return (facts_of(option).roles & nettune::socket::bit(role)) != 0;
}

constexpr auto families = std::to_array<Family>({Family::ipv4, Family::ipv6, Family::mapped});

bool can_set(int option, int value) {
  const UniqueFd fd = make_socket(Family::ipv4);
  return ::setsockopt(fd.get(), SOL_SOCKET, option, &value, sizeof value) == 0;
}

// Whether this thread has the host's CAP_NET_ADMIN; in a user namespace of its own it has another.
bool is_admin() { return can_set(SO_PREFER_BUSY_POLL, 1); }

// Some kernels want CAP_NET_ADMIN for it, and some do not.
bool can_busy_poll() { return can_set(SO_BUSY_POLL, 50); }

std::string key_of_host(const char* path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

// The samples that this host, and this thread, can set.
std::vector<Sample> usable_samples() {
  const bool privileged = is_admin();
  const bool fast_open = std::stoi("0" + key_of_host("/proc/sys/net/ipv4/tcp_fastopen")) & 1;
  const bool is_reno = key_of_host("/proc/sys/net/ipv4/tcp_congestion_control") == "reno";
  std::vector<Sample> usable;
  std::ranges::copy_if(samples, std::back_inserter(usable), [&](const Sample& sample) {
    if (sample.option == NETTUNE_FAST_OPEN_CONNECT && !fast_open) return false;
    if (sample.option == NETTUNE_CONGESTION_CONTROL && is_reno) return false;
    if (sample.option == NETTUNE_BUSY_POLL) return can_busy_poll();
    return privileged || !sample.needs_net_admin;
  });
  return usable;
}

// Capabilities and filters of system calls are a thread's own.
void in_thread(auto prepare, auto work) {
  std::thread([&] {
    prepare();
    work();
  }).join();
}

// With CAP_NET_RAW, which since Linux 5.17 is as good for mark and priority.
void drop_net_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  REQUIRE(::syscall(SYS_capget, &header, sets.data()) == 0);
  sets[0].effective &= ~(1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW);
  REQUIRE(::syscall(SYS_capset, &header, sets.data()) == 0);
}

// Each call of setsockopt() and getsockopt() for a TCP option gives `error`: a kernel that lacks
// it, or a sandbox.
void refuse_tcp_option(int option, int error) {
  const auto argument = [](unsigned i) {
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + i * sizeof(std::uint64_t));
  };
  const auto number = static_cast<std::uint32_t>(option);
  const auto answer = SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
  std::array<sock_filter, 9> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(1)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(2)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{code.size(), code.data()};
  REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

void set_read_and_put_back() {
  for (const Family family : families) {
    for (const Sample& sample : usable_samples()) {
      CAPTURE(static_cast<int>(family));
      CAPTURE(sample.line);
      const Preset preset = preset_of(sample.line);
      const bool listens =
          is_for(sample.option, NETTUNE_LISTENER) && !facts_of(sample.option).traits.per_connection;
      const nettune_role role = listens ? NETTUNE_LISTENER : NETTUNE_CLIENT;
      const UniqueFd fd = make_socket(family);

      const Report first = apply(preset, fd.get(), role);
      CHECK(first.status == 0);
      const nettune_result& row = first[sample.option];
      CHECK(row.outcome == NETTUNE_APPLIED);
      CHECK(row.error == 0);
      if (sample.option == NETTUNE_CONGESTION_CONTROL) {
        CHECK(std::string(row.effective.text) == "reno");
      } else {
        CHECK(row.effective.number == sample.live);
      }

      const Report again = apply(preset, fd.get(), role);
      CHECK(again.status == 0);
      CHECK(again[sample.option].outcome == NETTUNE_ALREADY);

      CHECK(nettune_undo(fd.get(), first.rows.data(), first.rows.size()) == 0);
      const Report audit = apply(preset, fd.get(), role, NETTUNE_AUDIT);
      CHECK(audit.status == 1);
      CHECK(audit[sample.option].outcome == NETTUNE_DIFFERS);
      if (!nettune::socket::find_option(sample.option)->constant.ends_with("BUF")) {
        CHECK(audit[sample.option].effective.number == row.before.number);
      }
    }
  }
}

}  // namespace

TEST_CASE("each option is set, read back, found so, and put back") { set_read_and_put_back(); }

TEST_CASE("without CAP_NET_ADMIN: what needs it is denied and says so, and all else is set") {
  in_thread(drop_net_admin, [] {
    REQUIRE(!is_admin());
    set_read_and_put_back();
    for (const Family family : families) {
      for (const Sample& sample : samples) {
        if (!sample.needs_net_admin) continue;
        if (sample.option == NETTUNE_BUSY_POLL && can_busy_poll()) continue;
        CAPTURE(sample.line);
        const UniqueFd fd = make_socket(family);
        const Preset preset = preset_of(sample.line);
        const Report report = apply(preset, fd.get(), NETTUNE_CLIENT);
        CHECK(report.status == 1);
        const nettune_result& row = report[sample.option];
        CHECK(row.outcome == NETTUNE_DENIED);
        CHECK(row.reason == NETTUNE_NEEDS_CAP_NET_ADMIN);
        CHECK(row.error == EPERM);
        CHECK(row.effective.number == row.before.number);
      }
      const UniqueFd fd = make_socket(family);
      const Report forced = apply(preset_of("receive-buffer=20000,send-buffer=20000"), fd.get(),
                                  NETTUNE_CLIENT, NETTUNE_FORCE_BUFFERS);
      CHECK(forced.status == 2);
      for (const nettune_result& row : forced.rows) {
        CHECK(row.outcome == NETTUNE_DENIED);
        CHECK(row.reason == NETTUNE_NEEDS_CAP_NET_ADMIN);
        CHECK(row.error == EPERM);
      }
    }
  });
  if (!is_admin()) {
    MESSAGE("no CAP_NET_ADMIN of the host: what needs it was only seen denied");
    return;
  }
  const UniqueFd fd = make_socket(Family::ipv4);
  const Report forced =
      apply(preset_of("receive-buffer=1GB"), fd.get(), NETTUNE_CLIENT, NETTUNE_FORCE_BUFFERS);
  CHECK(forced.status == 0);
  CHECK(forced[NETTUNE_RECEIVE_BUFFER].outcome == NETTUNE_APPLIED);
}

TEST_CASE("an option that the kernel lacks is unsupported, and one that a sandbox refuses denied") {
  const Preset preset = preset_of("nodelay=1,notsent-lowat=16KiB,user-timeout=30s");
  const auto apply_to_fresh = [&] {
    const UniqueFd fd = make_socket(Family::ipv4);
    return apply(preset, fd.get(), NETTUNE_CLIENT);
  };
  in_thread([] { refuse_tcp_option(TCP_NOTSENT_LOWAT, ENOPROTOOPT); },
            [&] {
              const Report report = apply_to_fresh();
              CHECK(report.status == 1);
              CHECK(report[NETTUNE_NODELAY].outcome == NETTUNE_APPLIED);
              CHECK(report[NETTUNE_NOTSENT_LOWAT].outcome == NETTUNE_UNSUPPORTED);
              CHECK(report[NETTUNE_NOTSENT_LOWAT].reason == NETTUNE_KERNEL_LACKS_IT);
              CHECK(report[NETTUNE_NOTSENT_LOWAT].error == ENOPROTOOPT);
              CHECK(report[NETTUNE_USER_TIMEOUT].outcome == NETTUNE_APPLIED);
            });
  in_thread([] { refuse_tcp_option(TCP_USER_TIMEOUT, EPERM); },
            [&] {
              const Report report = apply_to_fresh();
              CHECK(report.status == 1);
              CHECK(report[NETTUNE_USER_TIMEOUT].outcome == NETTUNE_DENIED);
              CHECK(report[NETTUNE_USER_TIMEOUT].reason == NETTUNE_REFUSED_BY_SANDBOX);
            });
}

TEST_CASE("each option in both orders with listen") {
  for (const Family family : families) {
    for (const Sample& sample : usable_samples()) {
      if (!is_for(sample.option, NETTUNE_LISTENER) ||
          facts_of(sample.option).traits.per_connection) {
        continue;
      }
      CAPTURE(static_cast<int>(family));
      CAPTURE(sample.line);
      const Preset preset = preset_of(sample.line);
      const UniqueFd early = listen_on(family, &preset);
      CHECK(apply(preset, early.get(), NETTUNE_LISTENER)[sample.option].outcome == NETTUNE_ALREADY);
      const UniqueFd late = listen_on(family);
      const Report report = apply(preset, late.get(), NETTUNE_LISTENER);
      if (facts_of(sample.option).stage == nettune::socket::Stage::before_bind) {
        CHECK(report.status == 1);
        CHECK(report[sample.option].outcome == NETTUNE_FAILED);
        CHECK(report[sample.option].reason == NETTUNE_AFTER_BIND);
      } else {
        CHECK(report.status == 0);
        CHECK(report[sample.option].outcome == NETTUNE_APPLIED);
      }
    }
  }
}

TEST_CASE("each option in both orders with connect") {
  using nettune::socket::Stage;
  for (const Family family : families) {
    for (const Sample& sample : usable_samples()) {
      if (!is_for(sample.option, NETTUNE_CLIENT)) continue;
      CAPTURE(static_cast<int>(family));
      CAPTURE(sample.line);
      const Preset preset = preset_of(sample.line);
      const Connection early = connect(family, nullptr, &preset);
      CHECK(apply(preset, early.client.get(), NETTUNE_CLIENT)[sample.option].outcome ==
            NETTUNE_ALREADY);
      const Connection late = connect(family);
      const Report report = apply(preset, late.client.get(), NETTUNE_CLIENT);
      const nettune_result& row = report[sample.option];
      const Stage stage = facts_of(sample.option).stage;
      CHECK(report.status == (stage == Stage::any ? 0 : 1));
      CHECK(row.outcome == (stage == Stage::any ? NETTUNE_APPLIED : NETTUNE_FAILED));
      if (stage == Stage::before_bind) CHECK(row.reason == NETTUNE_AFTER_BIND);
      if (stage == Stage::before_connect) CHECK(row.reason == NETTUNE_AFTER_CONNECT);
    }
  }
}

TEST_CASE("each option on what is no TCP socket") {
  for (const Sample& sample : usable_samples()) {
    CAPTURE(sample.line);
    const Preset preset = preset_of(sample.line);
    for (const Family family : families) {
      const UniqueFd udp = make_socket(family, SOCK_DGRAM);
      const Report report = apply(preset, udp.get(), NETTUNE_AUTO);
      CHECK(report.status == 0);
      const nettune_result& row = report[sample.option];
      if (is_for(sample.option, NETTUNE_DATAGRAM)) {
        CHECK(row.outcome == NETTUNE_APPLIED);
        CHECK(row.effective.number == sample.live);
      } else {
        CHECK(row.outcome == NETTUNE_NOT_APPLICABLE);
        CHECK(row.error == 0);
      }
    }
    const UniqueFd local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Report on_unix = apply(preset, local.get(), NETTUNE_AUTO);
    CHECK(on_unix.status == 0);
    REQUIRE(on_unix.rows.size() == 1);
    CHECK(on_unix.rows[0].outcome == NETTUNE_NOT_APPLICABLE);
    CHECK(on_unix.rows[0].reason == NETTUNE_WRONG_TYPE);

    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    for (const int end : ends) {
      const Report on_pipe = apply(preset, end, NETTUNE_AUTO);
      CHECK(on_pipe.status == -ENOTSOCK);
      CHECK(on_pipe.rows.empty());
      ::close(end);
      const Report on_closed = apply(preset, end, NETTUNE_AUTO);
      CHECK(on_closed.status == -EBADF);
      CHECK(on_closed.rows.empty());
    }
  }
}

TEST_CASE("a preset and its sockets go with a fork, and neither process sees the other's owners") {
  const Preset preset = preset_of("nodelay=1,user-timeout=30s,priority=5");
  const Connection connection = connect(Family::ipv4, &preset);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_right = nettune_apply(preset.get(), fd, NETTUNE_CLIENT, 0, nullptr, 0, nullptr) == 0;
    is_right = nettune_apply(preset.get(), connection.listener.get(), NETTUNE_AUTO, NETTUNE_AUDIT,
                             nullptr, 0, nullptr) == 0 &&
               is_right;
    is_right = nettune_apply(preset.get(), connection.accepted.get(), NETTUNE_ACCEPTED, 0, nullptr,
                             0, nullptr) == 0 &&
               is_right;
    nettune_preset_unref(preset.get());
    ::_exit(is_right ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  // One socket, two processes.
  CHECK(number_of(connection.accepted.get(), SOL_SOCKET, SO_PRIORITY) == 5);
  const UniqueFd fresh = make_socket(Family::ipv4);
  CHECK(apply(preset, fresh.get(), NETTUNE_CLIENT).status == 0);
}

TEST_CASE("accepted sockets inherit what the table says, and nothing else of it") {
  for (const Family family : families) {
    for (const Sample& sample : usable_samples()) {
      if (!is_for(sample.option, NETTUNE_LISTENER) || !is_for(sample.option, NETTUNE_ACCEPTED)) {
        continue;
      }
      CAPTURE(static_cast<int>(family));
      CAPTURE(sample.line);
      const Preset preset = preset_of(sample.line);
      const Connection connection = connect(family, &preset);
      // What accepted sockets have without it tells nothing.
      const Connection plain = connect(family);
      CHECK(apply(preset, plain.accepted.get(), NETTUNE_ACCEPTED, NETTUNE_AUDIT).status == 1);
      const Report report =
          apply(preset, connection.accepted.get(), NETTUNE_ACCEPTED, NETTUNE_AUDIT);
      const bool inherited = report[sample.option].outcome == NETTUNE_ALREADY;
      CHECK(inherited == facts_of(sample.option).traits.inherited);
    }
  }
}

TEST_CASE("accepting costs no system call for what is inherited, and sets the rest") {
  const Preset preset = preset_of("nodelay=1,user-timeout=30s,priority=5,quickack=every-read");
  UniqueFd listener = make_socket(Family::ipv4);
  const Report tuned = apply(preset, listener.get(), NETTUNE_LISTENER);
  CHECK(tuned.status == 0);
  CHECK(tuned[NETTUNE_PRIORITY].outcome == NETTUNE_DEFERRED);
  CHECK(tuned[NETTUNE_PRIORITY].reason == NETTUNE_PER_CONNECTION);
  CHECK(tuned[NETTUNE_QUICKACK].outcome == NETTUNE_DEFERRED);
  bind_loopback(listener.get(), Family::ipv4);
  REQUIRE(::listen(listener.get(), 8) == 0);
  const UniqueFd client = make_socket(Family::ipv4);
  connect_to(client.get(), listener.get(), Family::ipv4);

  std::array<nettune_result, NETTUNE_MOST_RESULTS> rows{};
  std::size_t count = 0;
  const UniqueFd accepted(nettune_accept(preset.get(), listener.get(), nullptr, nullptr,
                                         SOCK_NONBLOCK, rows.data(), rows.size(), &count));
  REQUIRE(accepted.get() >= 0);
  REQUIRE(count == 4);
  CHECK(rows[0].outcome == NETTUNE_INHERITED);
  CHECK(rows[1].outcome == NETTUNE_INHERITED);
  CHECK(rows[2].outcome == NETTUNE_APPLIED);
  CHECK(number_of(accepted.get(), SOL_SOCKET, SO_PRIORITY) == 5);
  CHECK(number_of(accepted.get(), IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK((::fcntl(accepted.get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("a listener that nobody tuned: its accepted sockets are set in full") {
  const Preset preset = preset_of("nodelay=1,user-timeout=30s");
  UniqueFd listener = make_socket(Family::ipv4);
  bind_loopback(listener.get(), Family::ipv4);
  REQUIRE(::listen(listener.get(), 8) == 0);
  for (int round = 0; round < 2; ++round) {
    const UniqueFd client = make_socket(Family::ipv4);
    connect_to(client.get(), listener.get(), Family::ipv4);
    const UniqueFd accepted(
        nettune_accept(preset.get(), listener.get(), nullptr, nullptr, 0, nullptr, 0, nullptr));
    REQUIRE(accepted.get() >= 0);
    CHECK(number_of(accepted.get(), IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(number_of(accepted.get(), IPPROTO_TCP, TCP_USER_TIMEOUT) == 30000);
  }
  CHECK(nettune_accept(preset.get(), -1, nullptr, nullptr, 0, nullptr, 0, nullptr) == -EBADF);
}

TEST_CASE("what has to precede bind or connect is refused afterwards, with the reason") {
  const Preset preset = preset_of("syn-count=4,max-segment=400,fast-open-connect=1");
  const Connection connection = connect(Family::ipv4);
  const Report report = apply(preset, connection.client.get(), NETTUNE_CLIENT);
  CHECK(report.status == 3);
  for (const nettune_result& row : report.rows) {
    CHECK(row.outcome == NETTUNE_FAILED);
    CHECK(row.reason == NETTUNE_AFTER_CONNECT);
    CHECK(row.error == EISCONN);
  }
  const Preset shared = preset_of("reuse-port=1");
  const Report late = apply(shared, connection.listener.get(), NETTUNE_LISTENER);
  CHECK(late[NETTUNE_REUSE_PORT].reason == NETTUNE_AFTER_BIND);
  // In order, each of them is in force, and stays found so.
  const Connection early = connect(Family::ipv4, &shared, &preset);
  CHECK(apply(preset, early.client.get(), NETTUNE_CLIENT).status == 0);
  CHECK(apply(shared, early.listener.get(), NETTUNE_LISTENER).status == 0);
}

TEST_CASE("the role is told from the socket, and one that it cannot have is refused") {
  const Preset preset = preset_of("defer-accept=1s,nodelay=1,syn-count=4,quickack=every-read");
  const Connection connection = connect(Family::ipv6);
  const Report listener = apply(preset, connection.listener.get(), NETTUNE_AUTO);
  CHECK(listener[NETTUNE_DEFER_ACCEPT].outcome == NETTUNE_APPLIED);
  CHECK(listener[NETTUNE_SYN_COUNT].reason == NETTUNE_WRONG_ROLE);
  const Report accepted = apply(preset, connection.accepted.get(), NETTUNE_AUTO);
  CHECK(accepted[NETTUNE_DEFER_ACCEPT].outcome == NETTUNE_NOT_APPLICABLE);
  CHECK(accepted[NETTUNE_QUICKACK].reason == NETTUNE_REARM);
  const UniqueFd fresh = make_socket(Family::ipv6);
  const Report client = apply(preset, fresh.get(), NETTUNE_AUTO);
  CHECK(client[NETTUNE_SYN_COUNT].outcome == NETTUNE_APPLIED);
  CHECK(client[NETTUNE_QUICKACK].reason == NETTUNE_BEFORE_CONNECT);

  CHECK(apply(preset, connection.listener.get(), NETTUNE_CLIENT).status == -EINVAL);
  CHECK(apply(preset, connection.accepted.get(), NETTUNE_LISTENER).status == -EINVAL);
  CHECK(apply(preset, fresh.get(), NETTUNE_DATAGRAM).status == -EINVAL);
  CHECK(apply(preset, fresh.get(), NETTUNE_AUTO, 1U << 20).status == -EINVAL);
}

TEST_CASE("what is no TCP socket") {
  const Preset preset = preset_of("nodelay=1,tos=0x10");
  const UniqueFd udp = make_socket(Family::ipv4, SOCK_DGRAM);
  const Report report = apply(preset, udp.get(), NETTUNE_AUTO);
  CHECK(report.status == 0);
  CHECK(report[NETTUNE_NODELAY].reason == NETTUNE_WRONG_TYPE);
  CHECK(number_of(udp.get(), IPPROTO_IP, IP_TOS) == 0x10);

  const UniqueFd local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Report on_unix = apply(preset, local.get(), NETTUNE_AUTO);
  CHECK(on_unix.status == 0);
  for (const nettune_result& row : on_unix.rows) CHECK(row.outcome == NETTUNE_NOT_APPLICABLE);

  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  errno = 0;
  CHECK(apply(preset, reader.get(), NETTUNE_AUTO).status == -ENOTSOCK);
  CHECK(apply(preset, -1, NETTUNE_AUTO).status == -EBADF);
  CHECK(errno == 0);
  CHECK(nettune_undo(-1, nullptr, 0) == -EBADF);
}

TEST_CASE("rows are counted in full and given as far as there is room") {
  const Preset preset = preset_of("nodelay=1,user-timeout=30s");
  const UniqueFd fd = make_socket(Family::ipv4);
  std::size_t count = 0;
  CHECK(nettune_apply(preset.get(), fd.get(), NETTUNE_CLIENT, 0, nullptr, 0, &count) == 0);
  CHECK(count == 2);
  std::array<nettune_result, 2> rows{};
  CHECK(nettune_apply(preset.get(), fd.get(), NETTUNE_CLIENT, 0, rows.data(), 1, &count) == 0);
  CHECK(count == 2);
  CHECK(rows[0].option == NETTUNE_NODELAY);
  CHECK(rows[1].option == 0);
  CHECK(nettune_apply(preset.get(), fd.get(), NETTUNE_CLIENT, 0, rows.data(), 1, nullptr) == 0);
}

TEST_CASE("atomic: one failure, and all is as it was") {
  const Preset preset =
      preset_of("nodelay=1,congestion-control=no_such_one,tos=0x10,receive-buffer=20000");
  const UniqueFd fd = make_socket(Family::ipv4);
  const int buffer = number_of(fd.get(), SOL_SOCKET, SO_RCVBUF);
  const Report report = apply(preset, fd.get(), NETTUNE_CLIENT, NETTUNE_ATOMIC);
  CHECK(report.status == 1);
  CHECK(report[NETTUNE_CONGESTION_CONTROL].outcome == NETTUNE_UNSUPPORTED);
  CHECK(report[NETTUNE_CONGESTION_CONTROL].reason == NETTUNE_UNKNOWN_ALGORITHM);
  CHECK(report[NETTUNE_RECEIVE_BUFFER].reason == NETTUNE_UNDONE);
  CHECK(report[NETTUNE_TOS].reason == NETTUNE_UNDONE);
  CHECK(number_of(fd.get(), IPPROTO_TCP, TCP_NODELAY) == 0);
  CHECK(number_of(fd.get(), IPPROTO_IP, IP_TOS) == 0);
  CHECK(number_of(fd.get(), SOL_SOCKET, SO_RCVBUF) == buffer);
  // Autotuning is on again: SO_BUF_LOCK, since Linux 5.15.
  CHECK((number_of(fd.get(), SOL_SOCKET, SO_BUF_LOCK) & 2) == 0);
  // Without it, the others stay.
  CHECK(apply(preset, fd.get(), NETTUNE_CLIENT).status == 1);
  CHECK(number_of(fd.get(), IPPROTO_TCP, TCP_NODELAY) == 1);
}

TEST_CASE("tos sets the priority too, and takes it back") {
  const Preset preset = preset_of("tos=0x10,priority=2");
  for (const Family family : families) {
    const UniqueFd fd = make_socket(family);
    const int three = 3;
    REQUIRE(::setsockopt(fd.get(), SOL_SOCKET, SO_PRIORITY, &three, sizeof three) == 0);
    const Report report = apply(preset, fd.get(), NETTUNE_CLIENT);
    CHECK(report.status == 0);
    CHECK(number_of(fd.get(), SOL_SOCKET, SO_PRIORITY) == 2);
    CHECK(nettune_undo(fd.get(), report.rows.data(), report.rows.size()) == 0);
    CHECK(number_of(fd.get(), SOL_SOCKET, SO_PRIORITY) == 3);
    CHECK(number_of(fd.get(), IPPROTO_IP, IP_TOS) == 0);
    if (family != Family::ipv4) CHECK(number_of(fd.get(), IPPROTO_IPV6, IPV6_TCLASS) == 0);
  }
}

TEST_CASE("tos of an IPv6 socket is that of its IPv4 peers as well, and half of it is not right") {
  const Preset preset = preset_of("tos=0x10");
  const UniqueFd fd = make_socket(Family::mapped);
  CHECK(apply(preset, fd.get(), NETTUNE_CLIENT).status == 0);
  CHECK(number_of(fd.get(), IPPROTO_IP, IP_TOS) == 0x10);
  CHECK(number_of(fd.get(), IPPROTO_IPV6, IPV6_TCLASS) == 0x10);
  const int none = 0;
  REQUIRE(::setsockopt(fd.get(), IPPROTO_IP, IP_TOS, &none, sizeof none) == 0);
  const Report report = apply(preset, fd.get(), NETTUNE_CLIENT, NETTUNE_AUDIT);
  CHECK(report[NETTUNE_TOS].outcome == NETTUNE_DIFFERS);
  CHECK(report[NETTUNE_TOS].effective.number == -1);
}

TEST_CASE("what the kernel makes another value of") {
  const UniqueFd fd = make_socket(Family::ipv4);
  const Report wide =
      apply(preset_of("receive-buffer=1GB,tos=0xff,defer-accept=10s"), fd.get(), NETTUNE_LISTENER);
  CHECK(wide.status == 3);
  const nettune_result& buffer = wide[NETTUNE_RECEIVE_BUFFER];
  CHECK(buffer.outcome == NETTUNE_ADJUSTED);
  CHECK(buffer.reason == NETTUNE_CLAMPED_BY_RMEM_MAX);
  CHECK(buffer.requested.number == 1'000'000'000);
  CHECK(buffer.effective.number == number_of(fd.get(), SOL_SOCKET, SO_RCVBUF));
  CHECK(buffer.detail == buffer.effective.number / 2);
  CHECK(wide[NETTUNE_TOS].reason == NETTUNE_ECN_BITS);
  CHECK(wide[NETTUNE_TOS].effective.number == 0xfc);
  CHECK(wide[NETTUNE_DEFER_ACCEPT].reason == NETTUNE_ROUNDED);
  CHECK(wide[NETTUNE_DEFER_ACCEPT].effective.number == 15);
  std::array<char, 200> text{};
  nettune_result_text(&buffer, text.data(), text.size());
  CHECK(std::string(text.data())
            .find("net.core.rmem_max allows no more: it is " + std::to_string(buffer.detail)) !=
        std::string::npos);
}

TEST_CASE("a buffer that autotuning made as large as asked is still fixed") {
  const UniqueFd fd = make_socket(Family::ipv4);
  const int live = number_of(fd.get(), SOL_SOCKET, SO_RCVBUF);
  const Preset preset = preset_of("receive-buffer=" + std::to_string(live / 2));
  CHECK(apply(preset, fd.get(), NETTUNE_CLIENT)[NETTUNE_RECEIVE_BUFFER].outcome == NETTUNE_APPLIED);
  CHECK((number_of(fd.get(), SOL_SOCKET, SO_BUF_LOCK) & 2) == 2);
}

TEST_CASE("a plan needs no socket") {
  const Preset preset = preset_of("nodelay=1,quickack=every-read,syn-count=4,priority=5");
  std::array<nettune_result, NETTUNE_MOST_RESULTS> rows{};
  std::size_t count = 0;
  CHECK(nettune_plan(preset.get(), NETTUNE_LISTENER, rows.data(), rows.size(), &count) == 1);
  REQUIRE(count == 4);
  CHECK(rows[0].outcome == NETTUNE_PLANNED);
  CHECK(rows[1].outcome == NETTUNE_NOT_APPLICABLE);
  CHECK(rows[2].outcome == NETTUNE_DEFERRED);
  CHECK(nettune_plan(preset.get(), NETTUNE_ACCEPTED, rows.data(), rows.size(), &count) == 2);
  CHECK(rows[0].outcome == NETTUNE_INHERITED);
  CHECK(nettune_plan(preset.get(), NETTUNE_AUTO, nullptr, 0, nullptr) == -EINVAL);
}

TEST_CASE("quickack is set again after a read, and only where the preset says so") {
  const Connection connection = connect(Family::ipv4);
  const Preset on = preset_of("quickack=every-read");
  const Preset off = preset_of("quickack=off");
  const int zero = 0;
  const int fd = connection.accepted.get();
  REQUIRE(::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &zero, sizeof zero) == 0);
  CHECK(nettune_quickack_rearm(off.get(), fd) == 0);
  CHECK(number_of(fd, IPPROTO_TCP, TCP_QUICKACK) == 0);
  CHECK(nettune_quickack_rearm(on.get(), fd) == 0);
  CHECK(number_of(fd, IPPROTO_TCP, TCP_QUICKACK) == 1);
  CHECK(nettune_quickack_rearm(on.get(), -1) == -EBADF);
}

TEST_CASE("hints: asyncio's buffers, low being a quarter of high where it is not said") {
  nettune_hints hints{sizeof(nettune_hints), 0, 0, 0};
  CHECK(nettune_buffer_hints(preset_of("write-buffer-high=16KiB,read-limit=64KiB").get(), &hints) ==
        0);
  CHECK(hints.write_high == 16384);
  CHECK(hints.write_low == 4096);
  CHECK(hints.read_limit == 65536);
  CHECK(nettune_buffer_hints(preset_of("nodelay=1").get(), &hints) == 0);
  CHECK(hints.write_high == -1);
  CHECK(hints.write_low == -1);
  hints.struct_size = 8;
  CHECK(nettune_buffer_hints(preset_of("nodelay=1").get(), &hints) == -EINVAL);
}

TEST_CASE("MPTCP has what it has, and says so of the rest") {
  constexpr int mptcp = 262;  // IPPROTO_MPTCP
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, mptcp));
  if (fd.get() < 0) {
    MESSAGE("this kernel has no MPTCP");
    return;
  }
  const Report report = apply(preset_of("user-timeout=30s,nodelay=1"), fd.get(), NETTUNE_CLIENT);
  CHECK(report[NETTUNE_NODELAY].outcome == NETTUNE_APPLIED);
  CHECK(report[NETTUNE_USER_TIMEOUT].outcome == NETTUNE_UNSUPPORTED);
  CHECK(report[NETTUNE_USER_TIMEOUT].reason == NETTUNE_PROTOCOL_LACKS_IT);
}

TEST_CASE("every number has its words, and no other number has any") {
  for (int option = 1; option <= NETTUNE_QUICKACK; ++option) {
    CHECK(facts_of(static_cast<nettune_option>(option)).option == option);
    CHECK(nettune_option_name(option) != nullptr);
    CHECK(nettune_option_constant(option) != nullptr);
  }
  CHECK(nettune_option_name(0) == nullptr);
  CHECK(nettune_option_name(NETTUNE_QUICKACK + 1) == nullptr);
  CHECK(std::string(nettune_outcome_name(NETTUNE_PLANNED)) == "planned");
  CHECK(nettune_outcome_name(NETTUNE_PLANNED + 1) == nullptr);
  CHECK(nettune_outcome_name(0) == nullptr);
  CHECK(std::string(nettune_reason_name(NETTUNE_UNDONE)) == "undone");
  CHECK(nettune_reason_text(NETTUNE_UNDONE + 1) == nullptr);
  CHECK(std::string(nettune_role_name(NETTUNE_DATAGRAM)) == "datagram");
  CHECK(nettune_role_name(-1) == nullptr);
}
