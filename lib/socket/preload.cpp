// SPDX-License-Identifier: MIT
// libnettune-preload.so: a preset for a program that nobody can change. "nettunectl run" has the
// dynamic linker load it before libc; it stands in front of the calls below, sets the options
// before the real listen and connect, and gives back what the real call gave, errno included.
//
// NETTUNE_PRESET_LINE is the preset; a faulty one changes nothing. NETTUNE_REPORT is a file to
// which a block is added for each socket, and one more where a later call changes it.
//
// No call takes a lock or memory. Before this library's constructor has run, where there is no
// preset, and once the process has a seccomp filter of its own, each is the real call and a branch:
// a filter that allows what the program does may kill it for what this library adds.
#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include "apply.hpp"
#include "names.hpp"
#include "nettune/nettune.h"
#include "preset.hpp"
#include "seccomp_filters.hpp"
#include "socket_state.hpp"

// Not there in a program of musl's, to whose calls nothing is added: what is here is for glibc.
#pragma weak gnu_get_libc_version

namespace nettune::socket {
namespace {

constinit nettune_preset given;
constinit nettune_preset for_accepted;  // without quickack, which the reads see to
constinit std::atomic<bool> is_on{false};
constinit std::atomic<bool> rearms{false};
// That this process has set, or is about to set. What another thread has begun by then is not
// waited for: that would cost two atomic writes at each read, for a window of some nanoseconds.
constinit std::atomic<int> own_filters{0};
// Copies: programs write their title over the arguments and the environment.
constinit std::array<char, PATH_MAX> report_path{};
constinit std::array<char, 64> program_name{};

class ErrnoKeeper {
 public:
  ErrnoKeeper() = default;
  ~ErrnoKeeper() { errno = kept_; }
  ErrnoKeeper(const ErrnoKeeper&) = delete;
  ErrnoKeeper& operator=(const ErrnoKeeper&) = delete;

 private:
  int kept_ = errno;
};

// The function that this library stands in front of. Our constructor looks all of them up, as
// dlsym() is no call for a signal handler or a child of fork(); another library's constructor may
// be earlier, and then its first use does.
template <typename Function>
class Real;
template <typename Answer, typename... Arguments>
class Real<Answer(Arguments...)> {
 public:
  explicit constexpr Real(const char* name) : name_(name) {}

  auto* find() {
    auto* function = function_.load(std::memory_order_acquire);
    if (function == nullptr) {
      const ErrnoKeeper keeper;
      function = reinterpret_cast<Answer (*)(Arguments...)>(::dlsym(RTLD_NEXT, name_));
      function_.store(function, std::memory_order_release);
    }
    return function;
  }

  Answer operator()(Arguments... arguments) {
    auto* function = find();
    if (function == nullptr) {  // an older libc: it has no such call, and so says the kernel's word
      errno = ENOSYS;
      return static_cast<Answer>(-1);
    }
    return function(arguments...);
  }

 private:
  const char* name_;
  std::atomic<Answer (*)(Arguments...)> function_{nullptr};
};

// Both are variadic in libc: here they take the most that a system call has, all in registers or,
// the last of syscall(), where its caller may have put something else that the kernel does not look
// at.
constinit Real<int(int, long, long, long, long)> real_prctl("prctl");
constinit Real<long(long, long, long, long, long, long, long)> real_syscall("syscall");
constinit Real<int(int, int, int)> real_socket("socket");
constinit Real<int(int, int)> real_listen("listen");
constinit Real<int(int, const sockaddr*, socklen_t)> real_connect("connect");
constinit Real<int(int, sockaddr*, socklen_t*)> real_accept("accept");
constinit Real<int(int, sockaddr*, socklen_t*, int)> real_accept4("accept4");
constinit Real<int(int)> real_close("close");
constinit Real<int(unsigned, unsigned, int)> real_close_range("close_range");
constinit Real<int(int)> real_dup("dup");
constinit Real<int(int, int)> real_dup2("dup2");
constinit Real<int(int, int, int)> real_dup3("dup3");
constinit Real<ssize_t(int, void*, std::size_t)> real_read("read");
constinit Real<ssize_t(int, const iovec*, int)> real_readv("readv");
constinit Real<ssize_t(int, void*, std::size_t, int)> real_recv("recv");
constinit Real<ssize_t(int, void*, std::size_t, int, sockaddr*, socklen_t*)> real_recvfrom(
    "recvfrom");
constinit Real<ssize_t(int, msghdr*, int)> real_recvmsg("recvmsg");
constinit Real<ssize_t(int, void*, std::size_t, std::size_t)> real_read_chk("__read_chk");
constinit Real<ssize_t(int, void*, std::size_t, std::size_t, int)> real_recv_chk("__recv_chk");
constinit Real<ssize_t(int, void*, std::size_t, std::size_t, int, sockaddr*, socklen_t*)>
    real_recvfrom_chk("__recvfrom_chk");

// --- which descriptors are TCP ---

enum class Kind : std::uint8_t { unknown, tcp, reported_tcp, other };

// Asked of the kernel once for each descriptor. One that is closed by libc itself (fclose) keeps
// its entry; a socket() or accept() that takes its number forgets it, and a file that does is found
// out by the first refusal. Pages of the table that no descriptor needs are never touched.
constexpr unsigned table_size = 1U << 20;  // fs.nr_open's usual value; what is above is let alone
constinit std::array<std::atomic<Kind>, table_size> kinds{};
constinit std::atomic<unsigned> known_end{0};  // no entry at or after it was ever written

void remember(int fd, Kind kind) {
  const auto index = static_cast<unsigned>(fd);
  if (index >= table_size) return;
  unsigned end = known_end.load(std::memory_order_relaxed);
  while (end <= index &&
         !known_end.compare_exchange_weak(end, index + 1, std::memory_order_relaxed)) {
  }
  kinds[index].store(kind, std::memory_order_relaxed);
}

void forget(unsigned first, unsigned last) {
  const unsigned end = known_end.load(std::memory_order_relaxed);
  for (unsigned index = first; index < end && index <= last; ++index) {
    kinds[index].store(Kind::unknown, std::memory_order_relaxed);
  }
}

void forget(int fd) {
  if (fd >= 0) forget(static_cast<unsigned>(fd), static_cast<unsigned>(fd));
}

bool is_tcp(int fd) {
  const auto index = static_cast<unsigned>(fd);
  if (index >= table_size) return false;
  Kind kind = kinds[index].load(std::memory_order_relaxed);
  if (kind == Kind::unknown) {
    SocketState state;
    kind = look_at_socket(fd, state) == 0 && state.is_tcp ? Kind::tcp : Kind::other;
    remember(fd, kind);
  }
  return kind == Kind::tcp || kind == Kind::reported_tcp;
}

bool is_reported(int fd) {
  const auto index = static_cast<unsigned>(fd);
  return index < table_size && kinds[index].load(std::memory_order_relaxed) == Kind::reported_tcp;
}

// --- the report ---

// Writes without the signal by which a file over the program's limit of size ends it: this thread
// gets it, and only then there is one to take away that was not there before.
void write_within_limits(int fd, std::string_view text) {
  sigset_t too_large;
  sigset_t kept;
  sigset_t pending;
  ::sigemptyset(&too_large);
  ::sigaddset(&too_large, SIGXFSZ);
  ::pthread_sigmask(SIG_BLOCK, &too_large, &kept);
  ::sigpending(&pending);
  if (::write(fd, text.data(), text.size()) < 0 && errno == EFBIG &&
      ::sigismember(&pending, SIGXFSZ) == 0) {
    const timespec at_once{};
    ::sigtimedwait(&too_large, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &kept, nullptr);
}

// One write to the end of the file, so that the blocks of several processes stay whole. Nobody can
// be told where it fails: the program's own streams are not ours. What is no file by now might keep
// the program waiting.
void add_to_report(std::string_view text) {
  int state = 0;
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  const int fd = ::open(report_path.data(),
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
  if (fd >= 0) {
    struct stat facts{};
    if (::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) write_within_limits(fd, text);
    real_close(fd);
  }
  ::pthread_setcancelstate(state, nullptr);
}

constexpr std::size_t report_size = 6144;  // a line for each option, and more

void start_block(TextOut& out) {
  out << "pid " << static_cast<std::int64_t>(::getpid()) << ", " << program_name.data();
}

// Its buffers are on the stack, which a thread may have little of: apart from who calls it.
[[gnu::noinline]] void write_block(int fd, nettune_role role, const Rows& rows) {
  std::array<char, report_size> text;
  TextOut out(text.data(), text.size());
  start_block(out);
  out << ", " << role_name(role) << ", descriptor " << std::int64_t{fd} << ":\n";
  for (std::size_t i = 0; i < rows.count; ++i) {
    out << "  ";
    write_result(rows.list[i], out);
    out << "\n";
  }
  add_to_report({text.data(), std::min(out.length(), text.size() - 1)});
}

// nginx listens twice on each socket: what says nothing new is left out.
void report(int fd, nettune_role role, const Rows& rows) {
  if (report_path[0] == '\0') return;
  const auto was_changed = [](const nettune_result& row) {
    return row.outcome == NETTUNE_APPLIED || row.outcome == NETTUNE_ADJUSTED;
  };
  const bool is_new = std::any_of(rows.list.begin(), rows.list.begin() + rows.count, was_changed);
  if (is_reported(fd) && !is_new) return;
  write_block(fd, role, rows);
  remember(fd, Kind::reported_tcp);
}

// --- what the calls do beside the real ones ---

bool may_call() {
  return is_on.load(std::memory_order_acquire) && own_filters.load(std::memory_order_acquire) == 0;
}

void tune(int fd, nettune_role role) {
  if (!may_call()) return;
  const ErrnoKeeper keeper;
  SocketState state;
  if (look_at_socket(fd, state) != 0 || !state.is_tcp) return;
  // A call that the kernel will refuse, or connect() that asks how far it is.
  if (state.phase == Phase::connected) return;
  if (role == NETTUNE_CLIENT && state.phase == Phase::listening) return;
  if (!is_reported(fd)) remember(fd, Kind::tcp);
  Rows rows;
  if (apply(given, fd, role, 0, rows) >= 0) report(fd, role, rows);
}

int after_accept(int listener, int fd) {
  if (fd < 0) return fd;
  const ErrnoKeeper keeper;
  forget(fd);
  if (!may_call() || !is_tcp(listener)) return fd;
  remember(fd, Kind::tcp);
  Rows rows;
  tune_accepted(for_accepted, fd, rows);
  report(fd, NETTUNE_ACCEPTED, rows);
  return fd;
}

int after_new(int fd) {
  forget(fd);
  return fd;
}

ssize_t after_read(int fd, ssize_t size) {
  if (size <= 0 || !rearms.load(std::memory_order_acquire) || !may_call()) return size;
  const ErrnoKeeper keeper;
  if (is_tcp(fd) && rearm_quickack(fd) != 0) remember(fd, Kind::other);
  return size;
}

// Runs `set`, by which the program sets a seccomp filter; -1: it has none more than before. It
// counts from before the call, as another thread may be about to make one of ours. `is_trial`: it
// only asks whether the kernel knows filters.
template <typename Set>
auto set_filter(bool is_trial, const Set& set) {
  if (!is_trial && may_call() && report_path[0] != '\0') {
    const ErrnoKeeper keeper;
    std::array<char, 256> text;
    TextOut out(text.data(), text.size());
    start_block(out);
    out << ": sets a seccomp filter: from here on its sockets are left alone\n";
    add_to_report({text.data(), std::min(out.length(), text.size() - 1)});
  }
  own_filters.fetch_add(1, std::memory_order_acq_rel);
  const auto answer = set();
  if (answer == -1) own_filters.fetch_sub(1, std::memory_order_acq_rel);
  return answer;
}

// The name is the caller's to choose, and must not look like a line of the report.
void remember_name() {
  const std::string_view name = program_invocation_short_name;
  const std::size_t size = std::min(name.size(), program_name.size() - 1);
  std::transform(name.begin(), name.begin() + size, program_name.begin(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f ? '?' : c;
  });
}

void find_all(auto&... calls) { (static_cast<void>(calls.find()), ...); }

__attribute__((constructor)) void start() {
  if (&gnu_get_libc_version == nullptr) return;
  const ErrnoKeeper keeper;
  find_all(real_prctl, real_syscall, real_socket, real_listen, real_connect, real_accept,
           real_accept4, real_close, real_close_range, real_dup, real_dup2, real_dup3, real_read,
           real_readv, real_recv, real_recvfrom, real_recvmsg, real_read_chk, real_recv_chk,
           real_recvfrom_chk);
  remember_name();
  const char* path = ::secure_getenv("NETTUNE_REPORT");
  if (path != nullptr && std::strlen(path) < report_path.size()) {
    std::memcpy(report_path.data(), path, std::strlen(path));
  }
  const char* line = ::secure_getenv("NETTUNE_PRESET_LINE");
  if (line == nullptr) return;
  std::array<char, 512> message{};
  TextOut fault(message.data(), message.size());
  if (!read_line(line, given, fault)) {
    if (report_path[0] == '\0') return;
    std::array<char, 1024> text;
    TextOut out(text.data(), text.size());
    start_block(out);
    out << ": NETTUNE_PRESET_LINE is faulty, and no socket is changed: " << message.data() << "\n";
    add_to_report({text.data(), std::min(out.length(), text.size() - 1)});
    return;
  }
  // Both readings of one line come out alike.
  static_cast<void>(read_line(line, for_accepted, fault));
  for_accepted.held &= ~(std::uint64_t{1} << NETTUNE_QUICKACK);
  // A filter that was there when "nettunectl run" started, as a container's, was tried there. One
  // that came since was made by a program that knows nothing of this library.
  const char* known = ::secure_getenv(known_filters_variable);
  const int filters = seccomp_filters();
  if (filters < 0 || filters > (known == nullptr ? 0 : std::atoi(known))) return;
  rearms.store(given.rearms_quickack, std::memory_order_release);
  is_on.store(true, std::memory_order_release);
}

}  // namespace
}  // namespace nettune::socket

using namespace nettune::socket;

extern "C" {

// A program with gcc's AddressSanitizer ends at once where a library is loaded before the
// sanitizer's own, unless this tells it not to look. The program's calls pass through both.
const char* sanitizer_options() __asm__("__asan_default_options");
const char* sanitizer_options() { return "verify_asan_link_order=0"; }

// What libstdc++ would throw has no place in this library, which does without libstdc++: that needs
// functions of glibc's, for which a program of musl's could not load it.
[[noreturn]] void out_of_range() __asm__("_ZSt24__throw_out_of_range_fmtPKcz");
void out_of_range() { std::abort(); }

int filtered_prctl(int option, long a, long b, long c, long d) __asm__("prctl");
long filtered_syscall(long number, long a, long b, long c, long d, long e,
                      long f) __asm__("syscall");

int filtered_prctl(int option, long a, long b, long c, long d) {
  if (option != PR_SET_SECCOMP) return real_prctl(option, a, b, c, d);
  const bool is_trial = a == SECCOMP_MODE_FILTER && b == 0;
  return set_filter(is_trial, [&] { return real_prctl(option, a, b, c, d); });
}

// glibc has no seccomp(), and libseccomp calls this.
long filtered_syscall(long number, long a, long b, long c, long d, long e, long f) {
  const bool is_seccomp =
      number == SYS_seccomp && (a == SECCOMP_SET_MODE_FILTER || a == SECCOMP_SET_MODE_STRICT);
  const bool is_prctl = number == SYS_prctl && a == PR_SET_SECCOMP;
  if (!is_seccomp && !is_prctl) return real_syscall(number, a, b, c, d, e, f);
  const bool is_trial =
      c == 0 && (is_seccomp ? a == SECCOMP_SET_MODE_FILTER : b == SECCOMP_MODE_FILTER);
  return set_filter(is_trial, [&] { return real_syscall(number, a, b, c, d, e, f); });
}

int socket(int domain, int type, int protocol) noexcept {
  return after_new(real_socket(domain, type, protocol));
}

int listen(int fd, int backlog) noexcept {
  tune(fd, NETTUNE_LISTENER);
  return real_listen(fd, backlog);
}

// What may be cancelled must let the unwinding through, and is not noexcept.
int connect(int fd, const sockaddr* address, socklen_t length) {
  tune(fd, NETTUNE_CLIENT);
  return real_connect(fd, address, length);
}

int accept(int fd, sockaddr* address, socklen_t* length) {
  return after_accept(fd, real_accept(fd, address, length));
}

int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  return after_accept(fd, real_accept4(fd, address, length, flags));
}

// Forgotten first: once it is closed, another thread may be given the number.
int close(int fd) {
  forget(fd);
  return real_close(fd);
}

int close_range(unsigned first, unsigned last, int flags) noexcept {
  forget(first, last);
  return real_close_range(first, last, flags);
}

int dup(int fd) noexcept { return after_new(real_dup(fd)); }

int dup2(int fd, int fd2) noexcept {
  forget(fd2);
  return after_new(real_dup2(fd, fd2));
}

int dup3(int fd, int fd2, int flags) noexcept {
  forget(fd2);
  return after_new(real_dup3(fd, fd2, flags));
}

ssize_t read(int fd, void* buffer, std::size_t size) {
  return after_read(fd, real_read(fd, buffer, size));
}

ssize_t readv(int fd, const iovec* vectors, int count) {
  return after_read(fd, real_readv(fd, vectors, count));
}

ssize_t recv(int fd, void* buffer, std::size_t size, int flags) {
  return after_read(fd, real_recv(fd, buffer, size, flags));
}

ssize_t recvfrom(int fd, void* buffer, std::size_t size, int flags, sockaddr* address,
                 socklen_t* length) {
  return after_read(fd, real_recvfrom(fd, buffer, size, flags, address, length));
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  return after_read(fd, real_recvmsg(fd, message, flags));
}

// What a program calls instead that was compiled with _FORTIFY_SOURCE.
ssize_t read_checked(int fd, void* buffer, std::size_t size,
                     std::size_t room) __asm__("__read_chk");
ssize_t recv_checked(int fd, void* buffer, std::size_t size, std::size_t room,
                     int flags) __asm__("__recv_chk");
ssize_t recvfrom_checked(int fd, void* buffer, std::size_t size, std::size_t room, int flags,
                         sockaddr* address, socklen_t* length) __asm__("__recvfrom_chk");

ssize_t read_checked(int fd, void* buffer, std::size_t size, std::size_t room) {
  return after_read(fd, real_read_chk(fd, buffer, size, room));
}

ssize_t recv_checked(int fd, void* buffer, std::size_t size, std::size_t room, int flags) {
  return after_read(fd, real_recv_chk(fd, buffer, size, room, flags));
}

ssize_t recvfrom_checked(int fd, void* buffer, std::size_t size, std::size_t room, int flags,
                         sockaddr* address, socklen_t* length) {
  return after_read(fd, real_recvfrom_chk(fd, buffer, size, room, flags, address, length));
}

}  // extern "C"
