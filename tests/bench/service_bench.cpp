// SPDX-License-Identifier: MIT
// What nettuned costs and how quick it is, as a client sees it:
//   bench_service NETTUNED PROFILE-0 PROFILE-1 LINKS KEY IDLE-SECONDS
// Starts it in this network namespace, with these two profiles of the same keys (0 and 1), of which
// KEY is one; LINKS is a third that wants the keys of `link_keys` to be 1, of links by a glob and
// of one link by its name. Writes the settings into $CONFIGURATION_DIRECTORY. Prints "name value"
// lines: milliseconds for calls, microseconds where the name says so.
#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/format.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/audit/compare.hpp"
#include "engine/foreign/load.hpp"
#include "engine/profile/host.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/profile/store.hpp"
#include "engine/sysctl/proc_tree.hpp"

namespace {

namespace profile = nettune::profile;
namespace sysctl = nettune::sysctl;

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

// What WatchdogSec= is in nettuned's unit; of a short run it is the same share.
long watchdog_seconds(int idle) { return std::max(2, idle / 2); }

const std::string& notify_path() {
  static const std::string socket = fmt::format("/tmp/nettune-bench-{}", ::getpid());
  return socket;
}

// As systemd's end of what a service tells.
int listen_to_service() {
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  notify_path().copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(notify_path().c_str());
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
  return socket;
}

// Between what is measured nobody reads: what the service tells then is lost, and it does not wait.
void stop_listening(int socket) {
  ::unlink(notify_path().c_str());
  ::close(socket);
}

// The next of its messages; nullopt with MSG_DONTWAIT where there is none.
std::optional<std::string> told(int socket, int flags) {
  char buffer[4096];
  const ssize_t size = ::recv(socket, buffer, sizeof buffer, flags);
  if (size < 0 && errno == EAGAIN) return std::nullopt;
  if (size < 0) die("recv");
  return std::string(buffer, static_cast<std::size_t>(size));
}

// Until READY=1 comes; gives the milliseconds.
double start(const char* program, int idle, pid_t& pid) {
  const int socket = listen_to_service();
  const auto begin = Clock::now();
  pid = ::fork();
  if (pid == 0) {
    ::setenv("NOTIFY_SOCKET", notify_path().c_str(), 1);
    ::setenv("WATCHDOG_USEC", fmt::format("{}000000", watchdog_seconds(idle)).c_str(), 1);
    ::setenv("WATCHDOG_PID", fmt::format("{}", ::getpid()).c_str(), 1);
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, STDERR_FILENO);
    ::execl(program, program, nullptr);
    ::_exit(127);
  }
  while (told(socket, 0)->find("READY=1") == std::string::npos) {
  }
  const double milliseconds = microseconds_since(begin) / 1000;
  stop_listening(socket);
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

void pause(long milliseconds) {
  const struct timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  ::nanosleep(&time, nullptr);
}

// The service reads them with its next reload. A contest is no part of what is measured.
void write_settings(int sweep_seconds) {
  const char* folder = std::getenv("CONFIGURATION_DIRECTORY");
  if (folder == nullptr) die("CONFIGURATION_DIRECTORY is not set");
  std::ofstream file(fmt::format("{}/nettuned.yaml", folder));
  file << fmt::format("contest: {{restores: 1000, within: 1 s}}\nsweep: {} s\n", sweep_seconds);
  if (!file.flush()) die("the settings can't be written");
}

// --- links ---

constexpr const char* link_keys[] = {"accept_local", "arp_filter", "arp_notify"};

std::string folder_of(const std::string& link) {
  return fmt::format("/proc/sys/net/ipv4/conf/{}", link);
}

bool has_values(const std::vector<std::string>& links) {
  for (const std::string& link : links) {
    for (const char* key : link_keys) {
      const int fd = ::open(fmt::format("{}/{}", folder_of(link), key).c_str(), O_RDONLY);
      char value = 0;
      if (fd >= 0 && ::read(fd, &value, 1) < 0) value = 0;
      if (fd >= 0) ::close(fd);
      if (value != '1') return false;
    }
  }
  return true;
}

rtnl_link* veth_pair(const std::string& one, const std::string& other) {
  rtnl_link* link = rtnl_link_veth_alloc();
  rtnl_link_set_name(link, one.c_str());
  rtnl_link* peer = rtnl_link_veth_get_peer(link);
  rtnl_link_set_name(peer, other.c_str());
  rtnl_link_put(peer);
  return link;
}

// Makes a pair of links, and gives the microseconds from the kernel's acknowledgement until
// `watched` of the two have their values; -1: not within a second. Told by inotify, as in
// restored_after().
double link_set_after(nl_sock* socket, const std::string& one, const std::string& other,
                      const std::vector<std::string>& watched, double& making) {
  rtnl_link* pair = veth_pair(one, other);
  const auto asked = Clock::now();
  const int code = rtnl_link_add(socket, pair, NLM_F_CREATE | NLM_F_EXCL);
  const auto begin = Clock::now();
  making = std::chrono::duration<double, std::micro>(begin - asked).count();
  if (code < 0) die(fmt::format("{} can't be made: {}", one, nl_geterror(code)));
  const int events = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  for (const std::string& link : watched) {
    if (::inotify_add_watch(events, folder_of(link).c_str(), IN_MODIFY) < 0) die("inotify");
  }
  double passed = -1;
  for (;;) {
    const bool is_set = has_values(watched);
    passed = microseconds_since(begin);
    if (is_set) break;
    if (passed > 1e6) {
      passed = -1;
      break;
    }
    pollfd source{events, POLLIN, 0};
    ::poll(&source, 1, 1000);
    char buffer[4096];
    while (::read(events, buffer, sizeof buffer) > 0) {
    }
  }
  ::close(events);
  rtnl_link_delete(socket, pair);
  rtnl_link_put(pair);
  pause(40);  // the service is done with it
  return passed;
}

void print_links(const char* what, const std::vector<double>& times) {
  std::vector<double> in_time;
  std::ranges::copy_if(times, std::back_inserter(in_time), [](double time) { return time >= 0; });
  fmt::print("{}_set {}\n", what, in_time.size());
  if (in_time.empty()) return;
  fmt::print("{0}_p50_us {1:.1f}\n{0}_p99_us {2:.1f}\n", what, percentile(in_time, 0.5),
             percentile(in_time, 0.99));
}

void measure_links() {
  nl_sock* socket = nl_socket_alloc();
  if (socket == nullptr || nl_connect(socket, NETLINK_ROUTE) < 0) die("no netlink");
  constexpr std::size_t pairs = 200;
  std::vector<double> globbed;
  std::vector<double> pending;
  std::vector<double> makings(pairs);
  double ignored = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::string one = fmt::format("new{}a", i);
    const std::string other = fmt::format("new{}b", i);
    globbed.push_back(link_set_after(socket, one, other, {one, other}, makings[i]));
    pending.push_back(link_set_after(socket, "later0", "other0", {"later0"}, ignored));
  }
  print_links("link", globbed);
  fmt::print("link_making_p50_us {:.1f}\n", percentile(makings, 0.5));
  print_links("pending", pending);
  nl_socket_free(socket);
}

// --- sweeps ---

// Its sweeps are heard of as the property that changes with each.
int on_properties(sd_bus_message* message, void* count, sd_bus_error*) {
  const char* interface = nullptr;
  if (sd_bus_message_read(message, "s", &interface) < 0 || interface != std::string_view(manager)) {
    return 0;
  }
  if (sd_bus_message_enter_container(message, 'a', "{sv}") < 0) return 0;
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    const char* property = nullptr;
    if (sd_bus_message_read(message, "s", &property) < 0) return 0;
    if (property == std::string_view("LastAudited")) ++*static_cast<int*>(count);
    sd_bus_message_skip(message, "v");
    sd_bus_message_exit_container(message);
  }
  return 0;
}

void drain(sd_bus* bus) {
  while (sd_bus_process(bus, nullptr) > 0) {
  }
}

double processor_milliseconds(pid_t pid) {
  double nanoseconds = 0;
  std::ifstream(fmt::format("/proc/{}/schedstat", pid)) >> nanoseconds;
  return nanoseconds / 1e6;
}

double processor_milliseconds() {
  struct timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// Processor time of a sweep, of an Audit that the same process is asked for between every two of
// them, and of a bare comparison of the same keys in this process: all find the caches as cold.
void measure_sweeps(sd_bus* bus, pid_t pid, const char* file, const int& sweeps) {
  nettune::Diagnostics diagnostics;
  const auto host = profile::read_host("");
  auto tree = sysctl::ProcTree::open("/proc/sys");
  if (!host || !tree) die("the host can't be read");
  tree->keep_open(profile::max_keys);
  const profile::Store store({}, host->kernel);
  auto loaded = profile::load_profile(store, "", file, diagnostics);
  if (!loaded) die("the profile can't be read");
  const auto resolved = profile::resolve(*std::move(loaded), *host, *tree, diagnostics);
  if (!resolved) die("the profile does not resolve");
  static_cast<void>(nettune::audit::compare(*resolved, *tree));  // opens the keys

  drain(bus);
  std::vector<double> swept;
  std::vector<double> audited;
  std::vector<double> compared;
  while (swept.size() < 20) {
    double before = processor_milliseconds(pid);
    const int known = sweeps;
    while (sweeps == known) {
      if (sd_bus_process(bus, nullptr) == 0 && sd_bus_wait(bus, 5'000'000) <= 0) die("no sweep");
    }
    pause(250);  // what it does after it has told
    swept.push_back(processor_milliseconds(pid) - before);
    before = processor_milliseconds(pid);
    call(bus, manager, "Audit", "");
    pause(250);
    audited.push_back(processor_milliseconds(pid) - before);
    before = processor_milliseconds();
    static_cast<void>(nettune::audit::compare(*resolved, *tree));
    compared.push_back(processor_milliseconds() - before);
  }
  fmt::print("sweep_ms {:.3f}\naudit_processor_ms {:.3f}\nin_process_audit_ms {:.3f}\n",
             percentile(swept, 0.5), percentile(audited, 0.5), percentile(compared, 0.5));
}

// How often the processor was given to another beyond once for each watchdog and sweep.
void measure_idle(sd_bus* bus, pid_t pid, int seconds, const int& sweeps) {
  const std::string status = fmt::format("/proc/{}/status", pid);
  pause(1000);  // what the change before left to do: memory that is given back
  drain(bus);
  const int socket = listen_to_service();
  const int sweeps_before = sweeps;
  const long before = number_in(status, "ctxt_switches");
  ::sleep(static_cast<unsigned>(seconds));
  const long switches = number_in(status, "ctxt_switches") - before;
  drain(bus);
  int watchdogs = 0;
  while (const auto message = told(socket, MSG_DONTWAIT)) {
    if (message->find("WATCHDOG=1") != std::string::npos) ++watchdogs;
  }
  stop_listening(socket);
  fmt::print("idle_switches {}\nidle_watchdogs {}\nidle_sweeps {}\nidle_beyond {}\n", switches,
             watchdogs, sweeps - sweeps_before, switches - watchdogs - (sweeps - sweeps_before));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) die("usage: bench_service NETTUNED PROFILE-0 PROFILE-1 LINKS KEY IDLE-SECONDS");
  const char* profiles[] = {argv[2], argv[3]};
  const char* links = argv[4];
  const int idle = std::atoi(argv[6]);
  sd_bus* bus = nullptr;
  if (sd_bus_open_system(&bus) < 0) die("no system bus");

  write_settings(300);
  pid_t pid = 0;
  start(argv[1], idle, pid);
  call(bus, manager, "Activate", profiles[0]);
  stop(pid);
  std::vector<double> starts;
  for (int i = 0; i < 10; ++i) {
    starts.push_back(start(argv[1], idle, pid));
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
    pause(200);  // the signals of the change before are out
  }
  fmt::print("activate_ms {:.2f}\n", percentile(switches, 0.5) / 1000);

  // One process may be told by many writes; a contest is no part of this.
  const int key = ::open(argv[5], O_RDWR | O_CLOEXEC);
  if (key < 0) die(fmt::format("{} can't be opened", argv[5]));
  const int events = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (::inotify_add_watch(events, argv[5], IN_MODIFY) < 0) die("inotify");
  std::vector<double> restores;
  int lost = 0;
  for (int i = 0; i < 1000; ++i) {
    const double time = restored_after(key, events);
    if (time < 0) {
      ++lost;
    } else {
      restores.push_back(time);
    }
    pause(3);
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

  int sweeps = 0;
  if (sd_bus_match_signal(bus, nullptr, name, path, "org.freedesktop.DBus.Properties",
                          "PropertiesChanged", on_properties, &sweeps) < 0) {
    die("no signals");
  }
  // One of its sweeps falls into the idle time: it may be a quarter late.
  write_settings(std::max(1, idle * 2 / 3));
  call(bus, manager, "Reload", nullptr);
  measure_idle(bus, pid, idle, sweeps);
  fmt::print("pss_kib {}\n", number_in(fmt::format("/proc/{}/smaps_rollup", pid), "Pss:"));

  write_settings(1);
  call(bus, manager, "Reload", nullptr);
  pause(700);
  measure_sweeps(bus, pid, profiles[0], sweeps);
  write_settings(300);
  call(bus, manager, "Activate", links);
  pause(200);
  measure_links();
  stop(pid);
  sd_bus_flush_close_unref(bus);
}
