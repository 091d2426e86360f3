// SPDX-License-Identifier: MIT
// nettunectl recommend: the shipped profiles ranked for this machine, with the facts.
#include <fmt/format.h>
#include <unistd.h>

#include "command.hpp"
#include "engine/profile/quantity.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "input/recommendation.hpp"
#include "output/output.hpp"
#include "render/json.hpp"

namespace nettune::ctl {
namespace {

struct Ranked {
  Recommendation recommendation;
  std::string summary;
  std::vector<std::string> unmet;
};

// What applies here, with evidence for it.
bool is_ranked(const Ranked& item) { return item.unmet.empty() && item.recommendation.points > 0; }

// Those that the store has; what does not apply comes last.
std::vector<Ranked> ranked(const Facts& facts, const profile::Host& host,
                           const profile::Store& store) {
  std::vector<Ranked> applicable;
  std::vector<Ranked> others;
  for (Recommendation& recommendation : rank(facts)) {
    Diagnostics diagnostics;
    if (!store.find(recommendation.name)) continue;
    const auto profile = told(store.load(recommendation.name, diagnostics));
    if (!profile) continue;
    Ranked item{std::move(recommendation), profile->summary(), {}};
    for (const profile::Requirement& requirement : profile->requirements()) {
      if (auto reason = profile::unmet(requirement, host)) item.unmet.push_back(std::move(*reason));
    }
    (item.unmet.empty() ? applicable : others).push_back(std::move(item));
  }
  std::ranges::move(others, std::back_inserter(applicable));
  return applicable;
}

std::string memory_text(const Facts& facts) {
  if (facts.memory_bytes == 0) return "not known";
  return profile::readable(static_cast<sysctl::Integer>(facts.memory_bytes), sysctl::Unit::bytes,
                           4096);
}

std::string link_text(const Facts& facts) {
  if (facts.fastest_link == 0) return "not known: no link says how fast it is";
  if (facts.fastest_link < 1000) {
    return fmt::format("{}, {} Mbit/s", facts.fastest_link_name, facts.fastest_link);
  }
  const auto tenths = facts.fastest_link / 100;
  const std::string rate = tenths % 10 == 0 ? std::to_string(tenths / 10)
                                            : fmt::format("{}.{}", tenths / 10, tenths % 10);
  return fmt::format("{}, {} Gbit/s", facts.fastest_link_name, rate);
}

void append_facts(std::string& out, const Terminal& terminal, const Facts& facts) {
  out += paint(terminal, Ink::bold, "facts");
  out += '\n';
  const auto line = [&](std::string_view name, const std::string& text) {
    if (terminal.width < 44) {
      append_wrapped(out, terminal, "  ", "  ", name, Ink::cyan);
      append_wrapped(out, terminal, "    ", "    ", printable(text));
      return;
    }
    const std::string label = "  " + pad(paint(terminal, Ink::cyan, name), 21);
    append_wrapped(out, terminal, label, std::string(columns(label), ' '), printable(text));
  };
  line("memory", memory_text(facts));
  line("fastest link", link_text(facts));
  line("listening TCP ports", facts.listening_ports.empty()
                                  ? "none seen"
                                  : fmt::format("{}", fmt::join(facts.listening_ports, ", ")));
  line("known servers", facts.processes.empty()
                            ? "none seen (without root, a host may hide processes)"
                            : fmt::format("{}", fmt::join(facts.processes, ", ")));
  line("TCP sockets",
       fmt::format("{} in use, {} in TIME-WAIT", facts.tcp_sockets, facts.time_wait_sockets));
  line("since boot",
       fmt::format("ListenOverflows {}, TCPRcvCollapsed {}, PruneCalled {}, TCPMemoryPressures {}, "
                   "softnet drops {}",
                   facts.listen_overflows, facts.receive_collapsed, facts.receive_pruned,
                   facts.memory_pressures, facts.softnet_dropped));
}

std::string to_text(const std::vector<Ranked>& list, const Facts& facts, const Terminal& terminal,
                    bool verbose) {
  std::string out;
  std::size_t width = 0;
  for (const Ranked& item : list) {
    if (is_ranked(item)) width = std::max(width, columns(item.recommendation.name));
  }
  const bool narrow = terminal.width < width + 30;
  std::vector<std::string> without;
  int number = 0;
  for (const Ranked& item : list) {
    const Recommendation& recommendation = item.recommendation;
    if (!is_ranked(item)) {
      if (item.unmet.empty()) without.push_back(recommendation.name);
      continue;
    }
    const std::string rank_text = fmt::format("{}. ", ++number);
    const std::string name =
        paint(terminal, number == 1 ? Ink::green : Ink::bold, printable(recommendation.name));
    const std::string indent(narrow ? 4 : rank_text.size() + width + 2, ' ');
    std::string first = rank_text + (narrow ? name : pad(name, width + 2));
    if (narrow) {
      out += first + '\n';
      first = indent;
    }
    append_wrapped(out, terminal, first, indent, printable(item.summary));
    for (const std::string& reason : recommendation.reasons) {
      append_wrapped(out, terminal, indent + "+ ", indent + "  ", reason, Ink::dim);
    }
  }
  if (number > 0) out += '\n';
  if (!without.empty()) {
    append_wrapped(out, terminal, "", "",
                   fmt::format("no evidence here for {}", fmt::join(without, ", ")), Ink::dim);
  }
  for (const Ranked& item : list) {
    for (const std::string& reason : item.unmet) {
      append_wrapped(
          out, terminal, "", "  ",
          printable(fmt::format("{} does not apply here: {}", item.recommendation.name, reason)),
          Ink::dim);
    }
  }
  out += '\n';
  if (verbose) {
    append_facts(out, terminal, facts);
    out += '\n';
  }
  if (!list.front().unmet.empty()) {
    append_wrapped(out, terminal, "", "", "no profile that ships applies to this machine",
                   Ink::yellow);
    return out;
  }
  append_wrapped(
      out, terminal, "", "",
      fmt::format("\"nettunectl audit {}\" compares this machine with {}{}",
                  printable(list.front().recommendation.name), number > 1 ? "the first" : "it",
                  verbose ? "" : "; \"nettunectl recommend --verbose\" shows all the facts"),
      Ink::dim);
  return out;
}

std::string to_json(const std::vector<Ranked>& list, const Facts& facts) {
  Json json = start_json("recommend/1");
  json["profiles"] = Json::array();
  int rank = 0;
  for (const Ranked& item : list) {
    json["profiles"].push_back({{"name", item.recommendation.name},
                                {"rank", is_ranked(item) ? Json(++rank) : Json(nullptr)},
                                {"points", item.recommendation.points},
                                {"summary", item.summary},
                                {"reasons", item.recommendation.reasons},
                                {"applies", item.unmet.empty()},
                                {"unmet", item.unmet}});
  }
  const auto number = [](std::uint64_t n) { return json_number(static_cast<sysctl::Integer>(n)); };
  json["facts"] = {
      {"memory_bytes", facts.memory_bytes == 0 ? Json(nullptr) : number(facts.memory_bytes)},
      {"fastest_link_mbit",
       facts.fastest_link == 0 ? Json(nullptr) : json_number(facts.fastest_link)},
      {"fastest_link",
       facts.fastest_link_name.empty() ? Json(nullptr) : Json(facts.fastest_link_name)},
      {"listening_ports", facts.listening_ports},
      {"processes", facts.processes},
      {"tcp_sockets", number(facts.tcp_sockets)},
      {"time_wait_sockets", number(facts.time_wait_sockets)},
      {"listen_overflows", number(facts.listen_overflows)},
      {"receive_collapsed", number(facts.receive_collapsed)},
      {"receive_pruned", number(facts.receive_pruned)},
      {"memory_pressures", number(facts.memory_pressures)},
      {"softnet_dropped", number(facts.softnet_dropped)}};
  return json_text(json);
}

int run(const Command& self, Arguments arguments) {
  std::string format = "text";
  bool verbose = false;
  MachineOptions which;
  Options options(self);
  options.choice("-f,--format", format, {"text", "json"}, "output format");
  options.flag("-v,--verbose", verbose, "show all the facts that were looked at");
  which.add_facts(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const profile::Store store = make_store(machine->root, machine->host.kernel);
  const Facts facts = gather_facts(machine->root, machine->host);
  const std::vector<Ranked> list = ranked(facts, machine->host, store);
  if (list.empty()) {
    std::string searched;
    for (const std::string& directory : store.directories()) {
      searched += searched.empty() ? directory : ", " + directory;
    }
    complain("none of the profiles that ship is found in " + searched);
    return exit_trouble;
  }
  if (format == "json") return print(to_json(list, facts), exit_ok);
  return print(to_text(list, facts, look_at_terminal(STDOUT_FILENO), verbose), exit_ok);
}

constexpr Example examples[] = {
    {"nettunectl recommend", "which profile to begin with, and why"},
    {"nettunectl recommend --verbose", "with every fact that was looked at"},
};

}  // namespace

const Command recommend_command = {
    "recommend",
    "",
    "rank the shipped profiles for this machine, with reasons",
    "Looks at the memory, the speed of the links, what listens, which servers run and what the "
    "kernel's counters say, and ranks the profiles that ship. It changes nothing and needs no "
    "root. It cannot see how far away the peers are: for long paths read about wan-bulk.",
    examples,
    run,
};

}  // namespace nettune::ctl
