// SPDX-License-Identifier: MIT
// What nettuned costs and how quick it is, as a client sees it:
//   bench_service NETTUNED PROFILE-0 PROFILE-1 KEY IDLE-SECONDS
// Starts it in this network namespace, with these two profiles of the same keys (0 and 1), of which
// KEY is one. Prints "name value" lines: milliseconds for calls, microseconds where the name says
// so.
#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "bench_service: {}\n", why);
  std::exit(1);
}

double percentile(std::vector<double>& values, double share) {
  std::ranges::sort(values);
  const auto place = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  return values[place];
}

constexpr const char* name = "org.nettune1";
constexpr const char* path = "/org/nettune1";
constexpr const char* manager = "org.nettune1.Manager";

void call(sd_bus* bus, const char* interface, const char* method, const char* argument) {
  sd_bus_error error{};
  sd_bus_message* answer = nullptr;
  const int code = argument == nullptr
                       ? sd_bus_call_method(bus, name, path, interface, method, &error, &answer, "")
                       : sd_bus_call_method(bus, name, path, interface, method, &error, &answer,
                                            "sa{sv}", argument, 0);
  if (code < 0) die(fmt::format("{}: {}", method, error.message != nullptr ? error.message : "?"));
  sd_bus_message_unref(answer);
}

template <class Work>
std::vector<double> measure(int times, Work work) {
  std::vector<double> values;
  for (int i = 0; i < times; ++i) {
    const auto begin = Clock::now();
    work(i);
    values.push_back(microseconds_since(begin));
  }
  return values;
}

// Until READY=1 comes; gives the milliseconds.
double start(const char* program, pid_t& pid) {
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = fmt::format("/tmp/nettune-bench-{}", ::getpid());
  text.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(text.c_str());
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
  const auto begin = Clock::now();
  pid = ::fork();
  if (pid == 0) {
    ::setenv("NOTIFY_SOCKET", text.c_str(), 1);
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, STDERR_FILENO);
    ::execl(program, program, nullptr);
    ::_exit(127);
  }
  char buffer[4096];
  for (;;) {
    const ssize_t size = ::recv(socket, buffer, sizeof buffer, 0);
    if (size < 0) die("recv");
    if (std::string_view(buffer, static_cast<std::size_t>(size)).find("READY=1") !=
        std::string_view::npos) {
      break;
    }
  }
  const double milliseconds = microseconds_since(begin) / 1000;
  ::close(socket);
  ::unlink(text.c_str());
  return milliseconds;
}

void stop(pid_t pid) {
  ::kill(pid, SIGTERM);
  ::waitpid(pid, nullptr, 0);
}

long number_in(const std::string& file, const std::string& word) {
  std::ifstream in(file);
  long sum = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.find(word) != std::string::npos) {
      sum += std::strtol(line.c_str() + line.find(':') + 1, nullptr, 10);
    }
  }
  return sum;
}

// Writes another value, and waits until the first one is back: told by inotify as well, for to look
// all the time would keep the processor from whom it waits for. Its own wakeup is in the time.
double restored_after(int key, int events) {
  char value = 0;
  ::pread(key, &value, 1, 0);
  const char other = value == '0' ? '1' : '0';
  if (::pwrite(key, &other, 1, 0) != 1) die("the key can't be written");
  const auto begin = Clock::now();
  for (;;) {
    char now = 0;
    ::pread(key, &now, 1, 0);
    const double passed = microseconds_since(begin);
    if (now == value) return passed;
    if (passed > 1e6) return -1;
    pollfd source{events, POLLIN, 0};
    ::poll(&source, 1, 1000);
    char buffer[4096];
    ::read(events, buffer, sizeof buffer);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) die("usage: bench_service NETTUNED PROFILE-0 PROFILE-1 KEY IDLE-SECONDS");
  const char* profiles[] = {argv[2], argv[3]};
  sd_bus* bus = nullptr;
  if (sd_bus_open_system(&bus) < 0) die("no system bus");

  pid_t pid = 0;
  start(argv[1], pid);
  call(bus, manager, "Activate", profiles[0]);
  stop(pid);
  std::vector<double> starts;
  for (int i = 0; i < 10; ++i) {
    starts.push_back(start(argv[1], pid));
    if (i < 9) stop(pid);
  }
  fmt::print("start_ms {:.2f}\n", percentile(starts, 0.5));

  std::vector<double> pings;
  std::vector<double> gets;
  for (int i = 0; i < 3000; ++i) {
    auto begin = Clock::now();
    call(bus, "org.freedesktop.DBus.Peer", "Ping", nullptr);
    pings.push_back(microseconds_since(begin));
    begin = Clock::now();
    char* text = nullptr;
    sd_bus_get_property_string(bus, name, path, manager, "State", nullptr, &text);
    gets.push_back(microseconds_since(begin));
    std::free(text);
  }
  fmt::print("ping_us {:.1f}\nproperty_us {:.1f}\nproperty_p99_us {:.1f}\n", percentile(pings, 0.5),
             percentile(gets, 0.5), percentile(gets, 0.99));

  std::vector<double> audits = measure(50, [&](int) { call(bus, manager, "Audit", ""); });
  fmt::print("audit_ms {:.3f}\n", percentile(audits, 0.5) / 1000);
  std::vector<double> switches;
  for (int i = 0; i < 20; ++i) {
    const auto one =
        measure(1, [&](int) { call(bus, manager, "Activate", profiles[(i + 1) % 2]); });
    switches.push_back(one.front());
    const struct timespec pause{0, 200'000'000};  // the signals of the change before are out
    ::nanosleep(&pause, nullptr);
  }
  fmt::print("activate_ms {:.2f}\n", percentile(switches, 0.5) / 1000);

  // One process may be told by many writes; a contest is no part of this.
  const int key = ::open(argv[4], O_RDWR | O_CLOEXEC);
  if (key < 0) die(fmt::format("{} can't be opened", argv[4]));
  const int events = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (::inotify_add_watch(events, argv[4], IN_MODIFY) < 0) die("inotify");
  std::vector<double> restores;
  int lost = 0;
  for (int i = 0; i < 1000; ++i) {
    const double time = restored_after(key, events);
    if (time < 0) {
      ++lost;
    } else {
      restores.push_back(time);
    }
    const struct timespec pause{0, 3'000'000};
    ::nanosleep(&pause, nullptr);
  }
  fmt::print("restored {}\nrestore_p50_us {:.1f}\nrestore_p99_us {:.1f}\nrestore_max_us {:.1f}\n",
             1000 - lost, percentile(restores, 0.5), percentile(restores, 0.99), restores.back());
  const double bounds[] = {30, 50, 70, 100, 200, 500, 1000, 5000, 1e9};
  double before = 0;
  for (const double bound : bounds) {
    const auto count = std::ranges::count_if(
        restores, [&](double time) { return time > before && time <= bound; });
    fmt::print("restore_histogram {:.0f} {}\n", bound, count);
    before = bound;
  }

  const std::string status = fmt::format("/proc/{}/status", pid);
  const long switches_before = number_in(status, "ctxt_switches");
  ::sleep(static_cast<unsigned>(std::atoi(argv[5])));
  fmt::print("idle_switches {}\n", number_in(status, "ctxt_switches") - switches_before);
  fmt::print("pss_kib {}\n", number_in(fmt::format("/proc/{}/smaps_rollup", pid), "Pss:"));
  stop(pid);
  sd_bus_flush_close_unref(bus);
}
