// SPDX-License-Identifier: MIT
// nettunectl status: what the service has in force, and what has become of it.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "bus_client.hpp"
#include "engine/diagnostic.hpp"
#include "input/chosen_profile.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"
#include "times.hpp"

namespace nettune::ctl {
namespace {

using Json = nlohmann::ordered_json;

int exit_of(const std::string& state) {
  if (state == "in-sync") return exit_ok;
  if (state == "inactive") return exit_inactive;
  return state == "failed" ? exit_trouble : exit_differs;
}

std::string text_of(const Json& object, const char* name) {
  return printable(object.value(name, std::string()));
}

bool is_notable(const Json& key) {
  const std::string verdict = key.value("verdict", "");
  return verdict != "match" && verdict != "skipped";
}

std::string render(const Json& json, const Terminal& terminal) {
  const std::string state = json.value("state", "");
  const Ink ink = state == "in-sync" ? Ink::green : state == "inactive" ? Ink::bold : Ink::red;
  std::string out = paint(terminal, ink, state) + "\n";
  append_wrapped(out, terminal, "  ", "  ", text_of(json, "state_text"));
  const std::string profile = text_of(json, "profile");
  const std::string choice = text_of(json, "choice");
  if (!profile.empty()) {
    std::string line = "profile: " + profile;
    if (json.value("on_trial", false)) {
      line += " (on trial)";
    } else if (choice != profile) {
      line += choice.empty()
                  ? " (until the next boot)"
                  : fmt::format(" (until a reload or the service's next start; then {})", choice);
    }
    append_wrapped(out, terminal, "  ", "  ", line);
  } else if (!choice.empty()) {
    append_wrapped(
        out, terminal, "  ", "  ",
        fmt::format("{} is chosen, and not in force until a reload or the service's next start",
                    choice));
  }
  const auto applied = json.value("last_applied", std::uint64_t{0});
  if (applied != 0 && !profile.empty()) {
    out += "  applied: " + local_time(applied) + "\n";
  }
  const std::string on_disk = text_of(json, "on_disk");
  if (on_disk == "changed") {
    append_wrapped(out, terminal, "  ", "  ",
                   "its files have changed since: \"nettunectl reload\" puts them in force");
  } else if (on_disk == "faulty") {
    const std::string fault = text_of(json, "on_disk_fault");
    append_wrapped(out, terminal, "  ", "  ",
                   "its files have a fault now, with which the next start would fail: " +
                       printable(fault.substr(0, fault.find('\n'))));
  }
  bool has_contested = false;
  Table table{{"KEY", "VERDICT", "DESIRED", "LIVE", "CHANGED", "WHY"}, {}};
  for (const Json& key : json.value("keys", Json::array())) {
    if (!is_notable(key)) continue;
    const auto changes = key.value("changes", 0U);
    const auto last = key.value("last_changed", std::uint64_t{0});
    const auto left_until = key.value("left_until", std::uint64_t{0});
    std::string why = last == 0
                          ? text_of(key, "reason")
                          : fmt::format("last changed {} by an unknown writer", local_time(last));
    if (left_until != 0) {
      has_contested = true;
      why += fmt::format("; left alone until {}", local_time(left_until));
    }
    table.rows.push_back({text_of(key, "key"),
                          key.value("contested", false) ? "contested" : text_of(key, "verdict"),
                          text_of(key, "desired"), text_of(key, "live"),
                          changes == 0 ? "" : count_of(changes, "time"), std::move(why)});
  }
  if (!table.rows.empty()) {
    out += '\n';
    append_table(out, terminal, std::move(table));
  }
  if (has_contested) {
    append_wrapped(out, terminal, "", "",
                   "something else keeps changing a key that is left alone; \"nettunectl reload\" "
                   "tries to put it back at once");
  }
  return out;
}

// Without the service: what is known all the same.
void say_what_is_chosen() {
  const std::optional<Machine> machine = open_machine({});
  if (!machine) return;
  const std::string active = active_profile(*machine);
  print_error(active.empty() ? "no profile is active or chosen\n"
                             : fmt::format("the profile is {}; \"nettunectl audit\" compares this "
                                           "machine with it\n",
                                           printable(active)));
}

int run(const Command& self, Arguments arguments) {
  std::string format = "table";
  Where where;
  Options options(self);
  options.choice("-f,--format", format, {"table", "json"}, "output format");
  where.add(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  const daemon::Bus bus = connect(where);
  daemon::Message answer;
  if (bus != nullptr) {
    const daemon::Message call = make_call(bus.get(), "Describe");
    answer = send_call(bus.get(), call.get(), where);
  }
  if (answer == nullptr) {
    if (where.is_here()) say_what_is_chosen();
    return exit_trouble;
  }
  const char* text = nullptr;
  const bool is_text = sd_bus_message_read(answer.get(), "s", &text) >= 0;
  const Json json = is_text ? Json::parse(text, nullptr, false) : Json();
  if (!json.is_object() || json.value("format", "") != "service/2") {
    complain("the service's answer is not understood; is it of another version?");
    return exit_trouble;
  }
  const int status = exit_of(json.value("state", ""));
  if (format == "json") return print(json.dump(2, ' ', true) + "\n", status);
  return print(render(json, look_at_terminal(STDOUT_FILENO)), status);
}

constexpr Example examples[] = {
    {"nettunectl status", "this host"},
    {"nettunectl status --format json", "for a program"},
    {"nettunectl status -H root@db1", "another host, through ssh"},
};

}  // namespace

const Command status_command = {
    "status",
    "",
    "ask the service what is in force",
    "Says in one word and one sentence how this host's keys are, then the profile, when it was "
    "applied, whether its files have changed since, and each key that is not as declared, with how "
    "often something else has changed it.\n"
    "Needs no root. Exit status: 0 in sync, 1 drifted or contested, 2 failed or no service, 3 "
    "inactive. The JSON is described by nettune-service.schema.json.",
    examples,
    run,
};

}  // namespace nettune::ctl
