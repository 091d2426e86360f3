// SPDX-License-Identifier: MIT
// nettunectl monitor: what the service sees, one line an event, until Ctrl-C.
#include <fmt/core.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus_client.hpp"
#include "engine/diagnostic.hpp"
#include "input/options.hpp"
#include "output/output.hpp"
#include "times.hpp"

namespace nettune::ctl {
namespace {

using Json = nlohmann::ordered_json;

struct Watcher {
  bool is_json = false;
  int status = -1;                       // not -1: it ends
  std::optional<std::string> profile{};  // the active one, "" for none; nullopt where not known
};

struct Signal {
  std::string_view member;
  std::string_view event;
  std::vector<const char*> fields;
};

const Signal signals[] = {
    {"ProfileChanged", "profile-changed", {"profile", "reason"}},
    {"DriftDetected", "drift-detected", {"key", "desired", "live", "writer"}},
    {"DriftRestored", "drift-restored", {"key", "desired", "live"}},
    {"Contested", "contested", {"key", "desired", "live", "reason"}},
};

std::uint64_t now() {
  struct timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

// "from: web  to: latency", or the one profile where it stays or nobody knows what was before.
std::string profile_words(const std::optional<std::string>& before, const std::string& after) {
  const auto named = [](const std::string& profile) {
    return profile.empty() ? std::string("none") : printable(profile);
  };
  if (!before || *before == after) return "  profile: " + named(after);
  return fmt::format("  from: {}  to: {}", named(*before), named(after));
}

void show(Watcher& watcher, const Json& event) {
  std::string line;
  if (watcher.is_json) {
    line = event.dump(-1, ' ', true, Json::error_handler_t::replace);
  } else {
    line = local_time(event.value("time", std::uint64_t{0}));
    for (const auto& [name, value] : event.items()) {
      if (name == "time") continue;
      if (name == "event") {
        line += " " + value.get<std::string>();
      } else if (name == "profile") {
        line += profile_words(watcher.profile, value.get<std::string>());
      } else if (const std::string text = printable(value.get<std::string>()); !text.empty()) {
        line += name == "key" ? " " + text : fmt::format("  {}: {}", name, text);
      }
    }
  }
  if (print(line + "\n", exit_ok) != exit_ok) watcher.status = exit_trouble;
}

int on_signal(sd_bus_message* message, void* data, sd_bus_error*) {
  auto& watcher = *static_cast<Watcher*>(data);
  const std::string_view member = sd_bus_message_get_member(message);
  for (const Signal& signal : signals) {
    if (signal.member != member) continue;
    Json event = {{"time", now()}, {"event", signal.event}};
    for (const char* field : signal.fields) {
      const char* text = nullptr;
      if (sd_bus_message_read(message, "s", &text) < 0) return 0;
      event[field] = text;
    }
    if (event.contains("writer") && event["writer"] == "") event["writer"] = "unknown";
    show(watcher, event);
    if (event.contains("profile")) watcher.profile = event["profile"].get<std::string>();
  }
  return 0;
}

int on_owner(sd_bus_message* message, void* data, sd_bus_error*) {
  const char* name = nullptr;
  const char* before = nullptr;
  const char* after = nullptr;
  if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0) return 0;
  const bool has_come = *after != '\0';
  auto& watcher = *static_cast<Watcher*>(data);
  watcher.profile.reset();
  show(watcher, {{"time", now()}, {"event", has_come ? "service-started" : "service-stopped"}});
  return 0;
}

int run(const Command& self, Arguments arguments) {
  std::string format = "text";
  Where where;
  Options options(self);
  options.choice("-f,--format", format, {"text", "json"},
                 "print each event as text or as one JSON object per line");
  where.add(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  const daemon::Bus bus = connect(where);
  if (bus == nullptr) return exit_trouble;
  Watcher watcher{.is_json = format == "json"};
  int code = sd_bus_match_signal(bus.get(), nullptr, service_name, manager_path, manager_interface,
                                 nullptr, on_signal, &watcher);
  if (code >= 0) {
    code = sd_bus_add_match(
        bus.get(), nullptr,
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
        "member='NameOwnerChanged',arg0='org.nettune1'",
        on_owner, &watcher);
  }
  int has_owner = 0;
  sd_bus_message* answer = nullptr;
  if (code >= 0) {
    code = sd_bus_call_method(bus.get(), "org.freedesktop.DBus", "/org/freedesktop/DBus",
                              "org.freedesktop.DBus", "NameHasOwner", nullptr, &answer, "s",
                              service_name);
  }
  const daemon::Message owned(answer);
  if (code >= 0) code = sd_bus_message_read(answer, "b", &has_owner);
  if (code >= 0 && has_owner == 0) {
    complain("nettuned is not running yet; what it sees is shown once it is");
  }
  if (code >= 0 && has_owner != 0) watcher.profile = text_property(bus.get(), "ActiveProfile");
  while (code >= 0 && watcher.status < 0) {
    code = sd_bus_process(bus.get(), nullptr);
    if (code == 0) code = sd_bus_wait(bus.get(), UINT64_MAX);
    if (code == -EINTR) code = 0;
  }
  if (watcher.status >= 0) return watcher.status;
  if (where.is_here()) {
    complain("lost the connection to the bus");
  } else {
    complain_of({}, code, where);
  }
  return exit_trouble;
}

constexpr Example examples[] = {
    {"nettunectl monitor", "until Ctrl-C"},
    {"nettunectl monitor --format json", "one JSON object on each line"},
};

}  // namespace

const Command monitor_command = {
    "monitor",
    "",
    "watch what the service sees, line by line",
    "Prints a line for each event: a key that something else changed, one that was put back, one "
    "that is contested, another profile, the service's start and stop. It goes on until Ctrl-C.\n"
    "Needs no root. Exit status: 2 where there is no bus.",
    examples,
    run,
};

}  // namespace nettune::ctl
