// SPDX-License-Identifier: MIT
// Loads a running nettuned, or measures it from outside, until the time is over:
//   service_load writers SECONDS COUNT FILE...        COUNT processes that write these keys, "0"
//   and
//                                                     "1" in turn, as fast as they can
//   service_load calls SECONDS CONNECTIONS AHEAD METHOD [deaf]
//                                                     each of the connections has AHEAD calls of
//                                                     METHOD waiting all the time; a deaf one reads
//                                                     no answer
//   service_load reads SECONDS [FILE...]              reads the property State every 2 ms, asks the
//                                                     bus itself for its id ("bus"), and writes one
//                                                     FILE after another, every 50 ms,
//                                                     and waits until it is put back
//   service_load answers SECONDS      has the service's name, and answers each call with nothing
//   and
//                                     each State with "": what the bus by itself takes
// Prints "name value" lines at the end: counts, milliseconds.
#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* name = "org.nettune1";
constexpr const char* path = "/org/nettune1";
constexpr const char* manager = "org.nettune1.Manager";
constexpr const char* object_manager = "org.freedesktop.DBus.ObjectManager";

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "service_load: {}\n", why);
  std::exit(1);
}

void check(int code, const char* what) {
  if (code < 0) die(fmt::format("{}: {}", what, std::strerror(-code)));
}

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void print_times(const char* what, std::vector<double> times) {
  fmt::print("{} {}\n", what, times.size());
  if (times.empty()) return;
  std::ranges::sort(times);
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  fmt::print("{0}_p50_ms {1:.3f}\n{0}_p99_ms {2:.3f}\n{0}_max_ms {3:.3f}\n", what, at(0.5),
             at(0.99), times.back());
}

sd_bus* open_bus() {
  sd_bus* bus = nullptr;
  check(sd_bus_open_system(&bus), "the bus");
  return bus;
}

// --- writers ---

[[noreturn]] void write_until(Clock::time_point end, const std::vector<std::string>& files) {
  std::vector<int> keys;
  for (const std::string& file : files) {
    keys.push_back(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (keys.back() < 0) die(file);
  }
  for (int i = 0; Clock::now() < end; ++i) {
    for (const int key : keys) {
      if (::pwrite(key, i % 2 == 0 ? "0" : "1", 1, 0) != 1) die("a key can't be written");
    }
  }
  std::exit(0);
}

void run_writers(Clock::time_point end, int count, const std::vector<std::string>& files) {
  for (int i = 0; i < count; ++i) {
    if (::fork() == 0) write_until(end, files);
  }
  while (::wait(nullptr) > 0) {
  }
}

// --- calls ---

struct Caller {
  sd_bus* bus = nullptr;
  const char* method = nullptr;
  std::uint64_t answers = 0;
  std::uint64_t refusals = 0;
};

int on_answer(sd_bus_message* answer, void* data, sd_bus_error*);

void ask(Caller& caller) {
  const std::string_view method = caller.method;
  const bool is_of_objects = method == "GetManagedObjects";
  const bool takes_nothing = is_of_objects || method == "Introspect" || method == "ListProfiles" ||
                             method == "Describe" || method == "Reload";
  const bool takes_options = method == "Deactivate" || method == "Revert";
  sd_bus_message* call = nullptr;
  check(sd_bus_message_new_method_call(caller.bus, &call, name, path,
                                       is_of_objects ? object_manager
                                       : method == "Introspect"
                                           ? "org.freedesktop.DBus.Introspectable"
                                           : manager,
                                       caller.method),
        "a call");
  if (takes_options) {
    check(sd_bus_message_append(call, "a{sv}", 0), "a call");
  } else if (!takes_nothing) {
    check(sd_bus_message_append(call, "sa{sv}", "latency", 0), "a call");
  }
  check(sd_bus_call_async(caller.bus, nullptr, call, on_answer, &caller, UINT64_MAX), "a call");
  sd_bus_message_unref(call);
}

int on_answer(sd_bus_message* answer, void* data, sd_bus_error*) {
  auto& caller = *static_cast<Caller*>(data);
  ++caller.answers;
  if (sd_bus_message_is_method_error(answer, nullptr) != 0) ++caller.refusals;
  ask(caller);
  return 1;
}

void run_calls(Clock::time_point end, int connections, int ahead, const char* method,
               bool is_deaf) {
  std::deque<Caller> callers;
  std::vector<pollfd> sources;
  for (int i = 0; i < connections; ++i) {
    Caller& caller = callers.emplace_back();
    caller.bus = open_bus();
    caller.method = method;
    for (int j = 0; j < ahead; ++j) ask(caller);
    if (is_deaf) check(sd_bus_flush(caller.bus), "flush");
    sources.push_back({sd_bus_get_fd(caller.bus), POLLIN, 0});
  }
  if (is_deaf) {
    ::poll(nullptr, 0, static_cast<int>(std::max(0.0, -milliseconds_since(end))));
  } else {
    while (Clock::now() < end) {
      for (std::size_t i = 0; i < callers.size(); ++i) {
        for (int j = 0; j < ahead && sd_bus_process(callers[i].bus, nullptr) > 0; ++j) {
        }
        const int events = sd_bus_get_events(callers[i].bus);
        sources[i].events = static_cast<short>(std::max(events, 0));
      }
      ::poll(sources.data(), sources.size(), 20);
    }
  }
  std::uint64_t answers = 0;
  std::uint64_t refusals = 0;
  for (const Caller& caller : callers) {
    answers += caller.answers;
    refusals += caller.refusals;
  }
  fmt::print("answers {}\nrefusals {}\n", answers, refusals);
  std::fflush(stdout);
  ::_exit(0);  // what still waits is nobody's
}

// --- reads ---

void run_reads(Clock::time_point end, const std::vector<std::string>& files) {
  sd_bus* bus = open_bus();
  std::vector<int> keys;
  for (const std::string& file : files) {
    keys.push_back(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (keys.back() < 0) die(file);
  }
  std::size_t turn = 0;
  std::vector<double> reads;
  std::vector<double> bus_reads;
  std::vector<double> restores;
  std::uint64_t lost = 0;
  Clock::time_point next = Clock::now();
  while (Clock::now() < end) {
    const auto begin = Clock::now();
    char* text = nullptr;
    sd_bus_error error{};
    const int code = sd_bus_get_property_string(bus, name, path, manager, "State", &error, &text);
    sd_bus_error_free(&error);
    check(code, "State");
    std::free(text);
    reads.push_back(milliseconds_since(begin));
    const auto asked = Clock::now();
    sd_bus_error no_id{};
    check(sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                             "org.freedesktop.DBus", "GetId", &no_id, nullptr, ""),
          "GetId");
    bus_reads.push_back(milliseconds_since(asked));
    if (!keys.empty() && Clock::now() >= next) {
      const int key = keys[turn++ % keys.size()];
      char value = 0;
      if (::pread(key, &value, 1, 0) != 1) die("the key can't be read");
      const char other = value == '0' ? '1' : '0';
      if (::pwrite(key, &other, 1, 0) != 1) die("the key can't be written");
      const auto written = Clock::now();
      char now = other;
      while (now != value && milliseconds_since(written) < 1000) {
        const timespec time{0, 200'000};
        ::nanosleep(&time, nullptr);
        if (::pread(key, &now, 1, 0) != 1) die("the key can't be read");
      }
      if (now == value) {
        restores.push_back(milliseconds_since(written));
      } else {
        ++lost;
        if (::pwrite(key, &value, 1, 0) != 1) die("the key can't be written");
      }
      next = Clock::now() + milliseconds(50);
    }
    const timespec time{0, 2'000'000};
    ::nanosleep(&time, nullptr);
  }
  print_times("reads", reads);
  print_times("bus", bus_reads);
  if (!keys.empty()) {
    print_times("restores", restores);
    fmt::print("lost {}\n", lost);
  }
}

// --- answers ---

int answer(sd_bus_message* call, void*, sd_bus_error*) {
  if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "Get") > 0) {
    return sd_bus_reply_method_return(call, "v", "s", "");
  }
  if (sd_bus_message_is_method_call(call, nullptr, nullptr) <= 0) return 0;
  return sd_bus_reply_method_return(call, "");
}

void run_answers(Clock::time_point end) {
  sd_bus* bus = open_bus();
  check(sd_bus_add_filter(bus, nullptr, answer, nullptr), "a filter");
  check(sd_bus_request_name(bus, name, 0), name);
  while (Clock::now() < end) {
    const int code = sd_bus_process(bus, nullptr);
    check(code, "the bus");
    if (code == 0) check(sd_bus_wait(bus, 100'000), "the bus");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<const char*> words(argv, argv + argc);
  const std::string_view what = argc > 2 ? words[1] : "";
  if (what != "writers" && what != "calls" && what != "reads" && what != "answers") {
    die("usage: service_load {writers|calls|reads|answers} SECONDS ...");
  }
  const auto time = milliseconds(static_cast<std::int64_t>(1000 * std::atof(words[2])));
  const auto end = Clock::now() + time;
  if (what == "writers" && argc > 4) {
    run_writers(end, std::atoi(words[3]), {words.begin() + 4, words.end()});
  } else if (what == "calls" && argc > 5) {
    run_calls(end, std::atoi(words[3]), std::atoi(words[4]), words[5], argc > 6);
  } else if (what == "answers") {
    run_answers(end);
  } else if (what == "reads") {
    run_reads(end, {words.begin() + 3, words.end()});
  } else {
    die("too few words");
  }
}
