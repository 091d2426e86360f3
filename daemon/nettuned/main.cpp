// SPDX-License-Identifier: MIT
// nettuned: makes the objects, connects them and runs the loop; alone in knowing them all.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus.hpp"
#include "drift_watch.hpp"
#include "engine/debug_switch.hpp"
#include "engine/diagnostic.hpp"
#include "engine/file/read.hpp"
#include "engine/file/trust.hpp"
#include "engine/profile/host.hpp"
#include "engine/profile/store.hpp"
#include "engine/sysctl/proc_tree.hpp"
#include "engine/sysctl/traced_tree.hpp"
#include "file_watch.hpp"
#include "handles.hpp"
#include "journal.hpp"
#include "link_watch.hpp"
#include "module_watch.hpp"
#include "service.hpp"
#include "settings.hpp"
#include "timer.hpp"

namespace nettune::daemon {
namespace {

constexpr const char* proc_sys = "/proc/sys";
constexpr const char* state_folder = "/run/nettune";
// What cannot be seen is looked for.
constexpr std::uint64_t trim_pause = 500'000;    // microseconds
constexpr std::uint64_t deadline_slack = 1'000;  // microseconds

std::int64_t read_clock(clockid_t clock) {
  struct timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

Moment now() {
  return {read_clock(CLOCK_BOOTTIME),
          static_cast<std::uint64_t>(read_clock(CLOCK_REALTIME) / 1000)};
}

// systemd makes the folders of ConfigurationDirectory= and StateDirectory=, and names them here.
std::string in_folder(const char* variable, const char* usual, const char* file) {
  const char* folder = ::secure_getenv(variable);
  return fmt::format("{}/{}", folder != nullptr && *folder == '/' ? folder : usual, file);
}

std::expected<Settings, Refusal> read_settings() {
  const std::string settings_file =
      in_folder("CONFIGURATION_DIRECTORY", "/etc/nettune", "nettuned.yaml");
  if (const std::optional<std::string> why = why_untrusted(settings_file)) {
    return std::unexpected(Refusal{Refusal::Kind::invalid_profile,
                                   fmt::format("{} is not trusted: {}", settings_file, *why)});
  }
  Diagnostics diagnostics;
  std::optional<Settings> settings = load_settings(settings_file, diagnostics);
  log_debug("opened {}", settings_file);
  if (!settings) {
    return std::unexpected(Refusal{Refusal::Kind::invalid_profile, format_errors(diagnostics)});
  }
  return *std::move(settings);
}

profile::Store make_store(sysctl::Version kernel) {
  std::vector<std::string> directories;
  const char* path = ::secure_getenv("NETTUNE_PROFILE_PATH");
  if (path != nullptr && *path != '\0') {
    directories = profile::Store::split_directories(path);
  } else {
    directories = profile::Store::default_directories("");
    if (std::ranges::find(directories, NETTUNE_PROFILE_DIR) == directories.end()) {
      directories.emplace_back(NETTUNE_PROFILE_DIR);
    }
  }
  profile::Store store(std::move(directories), kernel);
  store.trust_only_root();
  return store;
}

std::string choice_file() { return in_folder("STATE_DIRECTORY", "/var/lib/nettune", "active"); }

// Some twenty for itself, and the rest for the folders that are watched.
constexpr rlim_t least_descriptors = 64;

// Each watched folder is held open, and as many keys as half of the limit allows.
rlim_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return least_descriptors;
  constexpr rlim_t enough = 65'536;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, enough));
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  return limit.rlim_cur;
}

// Whether this service is shut off from the writes of others: see drift_watch.hpp.
bool is_shut_off() {
  if (::secure_getenv("INVOCATION_ID") == nullptr) return false;
  constexpr std::size_t most = 4u << 20;
  const Result<std::string> mounts = read_file("/proc/self/mountinfo", most);
  return mounts && has_own_proc(*mounts);
}

// systemd waits for these words: that they do not reach it is worth one.
void tell_systemd(const std::string& words) {
  if (const int code = sd_notify(0, words.c_str()); code < 0) {
    log_line(LOG_WARNING, fmt::format("cannot tell systemd {}: {}",
                                      words.substr(0, words.find('\n')), std::strerror(-code)));
  }
}

// What a turn of the loop is about: a few of the names.
std::string names_of(const std::vector<sysctl::Key>& keys) {
  if (!is_debugging) return {};
  constexpr std::size_t most = 10;
  std::string names;
  for (std::size_t i = 0; i < std::min(keys.size(), most); ++i) {
    names += (i == 0 ? "" : ", ") + keys[i].name();
  }
  return keys.size() > most ? fmt::format("{} and {} more", names, keys.size() - most) : names;
}

std::function<void(std::string_view)> debug_teller() {
  if (!is_debugging) return {};
  return [](std::string_view line) { log_line(LOG_DEBUG, line); };
}

// SYSTEMD_LOG_LEVEL is systemd's own, with levels that are not for here.
void look_at_log_level() {
  const std::expected<bool, std::string> asked = wants_debug(::secure_getenv("NETTUNE_LOG"));
  const char* level = ::secure_getenv("SYSTEMD_LOG_LEVEL");
  const std::string_view word = level == nullptr ? "" : level;
  is_debugging = asked.value_or(false) || word == "debug" || word == "7";
  if (!asked) log_line(LOG_WARNING, asked.error());
}

class Daemon {
 public:
  // Puts the profile in force and looks after it; READY once the bus has given the name.
  Daemon(sd_event* loop, sysctl::Tree& tree, const profile::Host& host, const change::Place& place)
      : loop_(loop),
        store_(make_store(host.kernel)),
        outside_{now, read_settings},
        service_({tree, store_, host, place, state_folder, choice_file(), debug_teller()},
                 first_settings()),
        shut_off_(is_shut_off() ? "this service has a /proc of its own" : ""),
        drift_watch_(loop, proc_sys,
                     {[this](const std::vector<sysctl::Key>& keys) {
                        log_debug("woken by writes of {}", names_of(keys));
                        service_.look_at(keys, now());
                      },
                      [this] {
                        log_debug("woken by more writes than inotify tells of");
                        sweep();
                      }}),
        state_watch_(loop, state_folder,
                     [this] {
                       log_debug("woken by a change of {}", state_folder);
                       service_.look_at_state(now());
                     }),
        link_watch_(loop,
                    [this](const std::vector<std::string>& links) {
                      log_debug("woken by links; new: {}", fmt::join(links, ", "));
                      service_.look_for_keys(links, now());
                    }),
        module_watch_(loop,
                      [this] {
                        log_debug("woken by a module");
                        service_.look_for_keys({}, now());
                      }),
        sweep_(loop, CLOCK_MONOTONIC, 1,
               [this] {
                 log_debug("woken by the time of a sweep");
                 sweep();
                 arm_sweep();
               }),
        deadline_(loop, CLOCK_BOOTTIME, deadline_slack,
                  [this] {
                    log_debug("woken by a deadline");
                    service_.pass_time(now());
                  }),
        trim_(loop, CLOCK_MONOTONIC, trim_pause, [] { ::malloc_trim(0); }) {
    for (const std::string* why : std::initializer_list<const std::string*>{
             &shut_off_, &drift_watch_.why_blind(), &state_watch_.why_blind(),
             &link_watch_.why_blind(), &module_watch_.why_blind()}) {
      if (!why->empty()) log_line(LOG_WARNING, "not everything is seen at once: " + *why);
    }
    service_.set_blind(why_blind());
    service_.start(now());
    on_signal<SIGTERM>();
    on_signal<SIGINT>();
    add(sd_event_add_signal(loop_, &source_, SIGHUP, on_hangup, this));
    add(sd_event_add_post(loop_, &source_, on_post, this));
    // Where systemd asks for it. It would take this service for one that hangs.
    if (const int code = sd_event_set_watchdog(loop_, 1); code < 0) {
      throw std::runtime_error(fmt::format("watchdog: {}", std::strerror(-code)));
    }
    settle();
    bus_ = std::make_unique<BusConnection>(
        loop_, service_, outside_,
        BusConnection::Listener{[this] { become_ready(); },
                                [this] {
                                  state_watch_.catch_up();
                                  service_.catch_up(now());
                                },
                                [this](int) {
                                  // It fails only where the loop has ended.
                                  static_cast<void>(sd_event_exit(loop_, EXIT_FAILURE));
                                }});
  }

 private:
  static Settings first_settings() {
    std::expected<Settings, Refusal> settings = read_settings();
    if (settings) return *std::move(settings);
    log_diagnostics(LOG_ERR, settings.error().message);
    return {};
  }

  void add(int code) {
    if (code < 0) throw std::runtime_error(fmt::format("event loop: {}", std::strerror(-code)));
    sources_.emplace_back(std::exchange(source_, nullptr));
  }

  template <int Signal>
  void on_signal() {
    add(sd_event_add_signal(loop_, &source_, Signal, nullptr, nullptr));
  }

  static int on_hangup(sd_event_source*, const signalfd_siginfo*, void* data) {
    auto& self = *static_cast<Daemon*>(data);
    log_debug("woken by SIGHUP");
    tell_systemd(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_now()));
    std::expected<Settings, Refusal> settings = read_settings();
    if (settings) {
      // What it refuses it has said.
      [[maybe_unused]] const auto done = self.service_.reload(*std::move(settings), now());
    } else {
      log_diagnostics(LOG_ERR, "the settings stay as they were: " + settings.error().message);
    }
    tell_systemd("READY=1");
    return 0;
  }

  static int on_post(sd_event_source*, void* data) {
    static_cast<Daemon*>(data)->settle();
    return 0;
  }

  // What inotify and netlink may have missed: the watched folders are looked at as well.
  void sweep() {
    service_.sweep(now());
    watches_again_ = true;
  }

  void become_ready() {
    tell_systemd("READY=1");
    tell_status();
  }

  void tell_status() {
    std::string status = service_.sentence();
    if (status == told_) return;
    // For people, who have "nettunectl status" as well: where it fails, nothing is lost.
    static_cast<void>(sd_notifyf(0, "STATUS=%s", status.substr(0, status.find('\n')).c_str()));
    told_ = std::move(status);
  }

  // Watches the folders of all managed keys. Gives those that were not watched until now.
  std::vector<std::string> watch() {
    if (watched_version_ == service_.keys_version()) return drift_watch_.renew();
    watched_version_ = service_.keys_version();
    std::vector<sysctl::Key> keys;
    keys.reserve(service_.keys().size());
    for (const ManagedKey& managed : service_.keys()) keys.push_back(managed.key());
    return drift_watch_.watch(keys);
  }

  std::vector<sysctl::Key> keys_in(const std::vector<std::string>& folders) const {
    std::vector<sysctl::Key> keys;
    for (const ManagedKey& managed : service_.keys()) {
      if (std::ranges::binary_search(folders, managed.key().folder())) {
        keys.push_back(managed.key());
      }
    }
    return keys;
  }

  // At the end of each turn: what happened is told, and what is managed now is watched.
  void settle() {
    if (settled_revision_ == service_.revision()) return;
    const bool has_changed = watched_version_ != service_.keys_version();
    while (std::exchange(watches_again_, false) || watched_version_ != service_.keys_version()) {
      const std::string was_blind = drift_watch_.why_blind();
      const std::vector<std::string> fresh = watch();
      if (!fresh.empty()) service_.look_at(keys_in(fresh), now());
      if (was_blind != drift_watch_.why_blind()) {
        log_line(LOG_WARNING, drift_watch_.why_blind().empty()
                                  ? "every write is seen at once again"
                                  : "not every write is seen at once: " + drift_watch_.why_blind());
      }
    }
    service_.set_blind(why_blind());
    if (armed_sweep_ != sweep_pause()) arm_sweep();
    settled_revision_ = service_.revision();
    const std::vector<Event> events = service_.take_events();
    for (const Event& event : events) log_event(event);
    if (bus_ != nullptr) {
      bus_->emit(events);
      tell_status();
    }
    arm_deadline();
    // What reading a profile and telling of each key took is not needed again soon. Once all of it
    // was told: until then the messages stand between what is free.
    if (has_changed) trim_.arm_after(trim_pause);
  }

  // Why not all that matters is seen when it happens; "" where it is.
  const std::string& why_blind() const {
    if (!shut_off_.empty()) return shut_off_;
    return drift_watch_.why_blind().empty() ? link_watch_.why_blind() : drift_watch_.why_blind();
  }

  // Microseconds from one sweep to the next.
  std::uint64_t sweep_pause() const {
    const std::chrono::nanoseconds pause =
        why_blind().empty() ? service_.settings().sweep : std::chrono::nanoseconds(blind_sweep);
    return static_cast<std::uint64_t>(pause.count() / 1000);
  }

  void arm_sweep() {
    armed_sweep_ = sweep_pause();
    sweep_.arm_after(armed_sweep_, armed_sweep_ / 4);  // it may come with another wakeup
  }

  void arm_deadline() {
    const std::optional<std::int64_t> deadline = service_.deadline();
    if (deadline) {
      deadline_.arm_at(static_cast<std::uint64_t>(*deadline) / 1000 + 1);
    } else {
      deadline_.stop();
    }
  }

  sd_event* loop_;
  profile::Store store_;
  Outside outside_;
  Service service_;
  std::string shut_off_;  // why foreign writes are not seen; "" where they are
  DriftWatch drift_watch_;
  FileWatch state_watch_;
  LinkWatch link_watch_;
  ModuleWatch module_watch_;
  Timer sweep_, deadline_, trim_;
  std::unique_ptr<BusConnection> bus_;  // once all else is there
  bool watches_again_ = false;
  std::uint64_t watched_version_ = 0;
  std::uint64_t settled_revision_ = 0;
  std::uint64_t armed_sweep_ = 0;  // microseconds
  std::string told_;
  sd_event_source* source_ = nullptr;  // of the call that add() looks at
  std::vector<Source> sources_;
};

int fail(const std::string& why) {
  log_line(LOG_ERR, why);
  static_cast<void>(sd_notifyf(0, "STATUS=%s", why.c_str()));  // it is logged
  return EXIT_FAILURE;
}

int run() {
  // Those that the loop takes: none may come before it does.
  sigset_t signals{};
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const rlim_t descriptors = raise_descriptor_limit();
  if (descriptors < least_descriptors) {
    return fail(
        fmt::format("this process may have {} open files, and needs at least {}: raise "
                    "LimitNOFILE= of its unit, or \"ulimit -n\"",
                    descriptors, least_descriptors));
  }

  const Result<profile::Host> host = profile::read_host("");
  if (!host) return fail(describe(host.error()));
  const auto place = change::find_place("");
  if (!place) return fail(place.error().message);
  Result<sysctl::ProcTree> tree = sysctl::ProcTree::open(proc_sys);
  if (!tree) return fail(describe(tree.error()));
  tree->keep_open(std::min<std::size_t>(descriptors / 2, profile::max_keys));
  std::unique_ptr<sysctl::Tree> keys = std::make_unique<sysctl::ProcTree>(*std::move(tree));
  if (is_debugging) {
    keys = std::make_unique<sysctl::TracedTree>(std::move(keys), debug_teller());
  }
  sd_event* made = nullptr;
  if (const int code = sd_event_new(&made); code < 0) {
    return fail(fmt::format("event loop: {}", std::strerror(-code)));
  }
  const Loop loop(made);
  Daemon daemon(loop.get(), *keys, *host, *place);
  const int status = sd_event_loop(loop.get());
  tell_systemd("STOPPING=1");
  return status < 0 ? fail(fmt::format("event loop: {}", std::strerror(-status))) : status;
}

constexpr std::string_view usage =
    "usage: nettuned\n\n"
    "Keeps this host's network sysctls as the active profile declares them; see nettuned(8).\n"
    "It is started by systemd, and asked by \"nettunectl status\" and \"nettunectl activate\".\n\n"
    "options:\n"
    "  -h, --help     this text\n"
    "  -V, --version  the version\n";

}  // namespace
}  // namespace nettune::daemon

int main(int argc, char** argv) {
  using namespace nettune::daemon;
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "--help" || word == "-h") {
    fmt::print("{}", usage);
    return EXIT_SUCCESS;
  }
  if (word == "--version" || word == "-V") {
    fmt::print("nettuned {}\n", NETTUNE_VERSION);
    return EXIT_SUCCESS;
  }
  if (argc > 1) {
    fmt::print(stderr, "nettuned: unexpected argument \"{}\"; see \"nettuned --help\"\n",
               nettune::printable(word));
    return 2;
  }
  try {
    look_at_log_level();
    return run();
  } catch (const std::exception& error) {
    log_line(LOG_ERR, fmt::format("internal error: {}", error.what()));
  }
  return EXIT_FAILURE;
}
