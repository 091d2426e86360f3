// SPDX-License-Identifier: MIT
// The facts behind a recommendation and the points they give. Reads only what any user may read.
#include "input/recommendation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "engine/diagnostic.hpp"
#include "engine/profile/quantity.hpp"
#include "input/files.hpp"
#include "input/profile_arguments.hpp"

namespace nettune::ctl {
namespace {

constexpr std::size_t socket_table_limit = 1u << 20;  // bytes; the kernel lists listeners first

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0;;) {
    at = line.find_first_not_of(" \t\n", at);
    if (at == std::string_view::npos) return words;
    const std::size_t end = std::min(line.find_first_of(" \t\n", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
}

template <class Function>
void for_each_line(std::string_view text, Function function) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    function(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

template <class Number>
Number number_of(std::string_view text, int base = 10) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

// Ports of the sockets in state 0A (listen).
void add_ports(const std::string& table, std::vector<int>& ports) {
  for_each_line(table, [&](std::string_view line) {
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() < 4 || words[3] != "0A") return;
    const std::size_t colon = words[1].rfind(':');
    if (colon == std::string_view::npos) return;
    ports.push_back(number_of<int>(words[1].substr(colon + 1), 16));
  });
}

// The tables of /proc/net/netstat are pairs of lines: names, then numbers.
std::uint64_t counter(const std::string& table, std::string_view group, std::string_view name) {
  std::vector<std::string_view> names;
  std::uint64_t found = 0;
  for_each_line(table, [&](std::string_view line) {
    if (!line.starts_with(group)) return;
    std::vector<std::string_view> words = words_of(line);
    if (names.empty()) {
      names = std::move(words);
      return;
    }
    for (std::size_t i = 1; i < words.size() && i < names.size(); ++i) {
      if (names[i] == name) found = number_of<std::uint64_t>(words[i]);
    }
  });
  return found;
}

struct Hint {
  std::string_view profile;
  int points;
};

struct ProcessHint {
  std::string_view name;  // of /proc/PID/comm; one that ends in '*' is the beginning of one
  Hint hint;
};

// A process's name is stronger evidence than a port, and a port than a library's runtime.
constexpr auto process_hints = std::to_array<ProcessHint>({
    {"uvicorn", {"asyncio", 40}},
    {"gunicorn", {"asyncio", 40}},
    {"hypercorn", {"asyncio", 40}},
    {"daphne", {"asyncio", 40}},
    {"nginx", {"latency", 30}},
    {"apache2", {"latency", 30}},
    {"httpd", {"latency", 30}},
    {"caddy", {"latency", 30}},
    {"envoy", {"latency", 30}},
    {"traefik", {"latency", 30}},
    {"varnishd", {"latency", 30}},
    {"postgres", {"latency", 30}},
    {"mysqld", {"latency", 30}},
    {"mariadbd", {"latency", 30}},
    {"redis-server", {"latency", 30}},
    {"valkey-server", {"latency", 30}},
    {"memcached", {"latency", 30}},
    {"haproxy", {"many-connections", 30}},
    {"mosquitto", {"many-connections", 30}},
    {"beam.smp", {"many-connections", 20}},
    {"coturn", {"many-connections", 20}},
    {"minio", {"throughput", 30}},
    {"ceph-osd", {"throughput", 30}},
    {"glusterfsd", {"throughput", 30}},
    {"nfsd", {"throughput", 30}},
    {"smbd", {"throughput", 25}},
    {"iperf3", {"throughput", 15}},
    {"globus-gridftp*", {"wan-bulk", 40}},
    {"xrootd", {"wan-bulk", 40}},
    {"rsync", {"wan-bulk", 15}},
    {"bbcp", {"wan-bulk", 40}},
});

struct PortHint {
  int port;
  Hint hint;
};

constexpr auto port_hints = std::to_array<PortHint>({
    {80, {"latency", 15}},
    {443, {"latency", 15}},
    {3306, {"latency", 15}},
    {5432, {"latency", 15}},
    {6379, {"latency", 15}},
    {11211, {"latency", 15}},
    {50051, {"latency", 15}},
    {8443, {"latency", 10}},
    {8080, {"latency", 5}},
    {1883, {"many-connections", 20}},
    {8883, {"many-connections", 20}},
    {5222, {"many-connections", 20}},
    {3478, {"many-connections", 15}},
    {2049, {"throughput", 25}},
    {445, {"throughput", 20}},
    {9000, {"throughput", 5}},
    {5201, {"throughput", 10}},
    {2811, {"wan-bulk", 30}},
    {1094, {"wan-bulk", 30}},
    {873, {"wan-bulk", 15}},
    {8000, {"asyncio", 5}},
});

bool is_named(std::string_view process, std::string_view pattern) {
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    return process.starts_with(pattern);
  }
  return process == pattern;
}

class Ranking {
 public:
  Ranking() {
    for (const std::string_view name : {"server-base", "latency", "throughput", "wan-bulk",
                                        "many-connections", "asyncio", "small-memory"}) {
      list_.push_back({std::string(name), 0, {}});
    }
  }

  void give(std::string_view profile, int points, std::string reason) {
    const auto item = std::ranges::find(list_, profile, &Recommendation::name);
    if (item == list_.end()) return;
    item->points += points;
    item->reasons.push_back(std::move(reason));
  }

  std::vector<Recommendation> sorted() && {
    // Among equals the earlier one first: the more general profile.
    std::vector<Recommendation> sorted;
    while (!list_.empty()) {
      const auto best = std::ranges::max_element(list_, {}, &Recommendation::points);
      sorted.push_back(std::move(*best));
      list_.erase(best);
    }
    return sorted;
  }

 private:
  std::vector<Recommendation> list_;
};

// Several facts of one kind make one reason; the strongest alone gives the points.
struct Gathered {
  int points = 0;
  std::vector<std::string> things;
  void add(int more, std::string thing) {
    points = std::max(points, more);
    things.push_back(std::move(thing));
  }
};

constexpr std::array<std::string_view, 5> worked = {"latency", "throughput", "wan-bulk",
                                                    "many-connections", "asyncio"};

}  // namespace

Facts gather_facts(const std::string& root, const profile::Host& host) {
  Facts facts;
  facts.memory_bytes = host.memory_bytes;

  const std::string links = root + "/sys/class/net";
  for (const std::string& name : list_facts(links)) {
    if (name == "lo") continue;
    // A link that is down or virtual answers with -1 or with EINVAL.
    const auto speed =
        number_of<std::int64_t>(read_fact(fmt::format("{}/{}/speed", links, name), 64));
    if (speed > facts.fastest_link) {
      facts.fastest_link = speed;
      facts.fastest_link_name = name;
    }
  }

  add_ports(read_fact(root + "/proc/net/tcp", socket_table_limit), facts.listening_ports);
  add_ports(read_fact(root + "/proc/net/tcp6", socket_table_limit), facts.listening_ports);
  std::ranges::sort(facts.listening_ports);
  const auto same_ports = std::ranges::unique(facts.listening_ports);
  facts.listening_ports.erase(same_ports.begin(), same_ports.end());

  for (const std::string& name : list_facts(root + "/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string process = read_fact(fmt::format("{}/proc/{}/comm", root, name), 64);
    if (process.ends_with('\n')) process.pop_back();
    const bool counts = std::ranges::any_of(
        process_hints, [&](const ProcessHint& hint) { return is_named(process, hint.name); });
    if (counts) facts.processes.push_back(std::move(process));
  }
  std::ranges::sort(facts.processes);
  const auto same_names = std::ranges::unique(facts.processes);
  facts.processes.erase(same_names.begin(), same_names.end());

  for_each_line(read_fact(root + "/proc/net/sockstat"), [&](std::string_view line) {
    if (!line.starts_with("TCP:")) return;
    const std::vector<std::string_view> words = words_of(line);
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
      const auto number = number_of<std::uint64_t>(words[i + 1]);
      if (words[i] == "inuse") facts.tcp_sockets = number;
      if (words[i] == "tw") facts.time_wait_sockets = number;
    }
  });

  const std::string netstat = read_fact(root + "/proc/net/netstat");
  facts.listen_overflows = counter(netstat, "TcpExt:", "ListenOverflows");
  facts.receive_collapsed = counter(netstat, "TcpExt:", "TCPRcvCollapsed");
  facts.receive_pruned = counter(netstat, "TcpExt:", "PruneCalled");
  facts.memory_pressures = counter(netstat, "TcpExt:", "TCPMemoryPressures");

  for_each_line(read_fact(root + "/proc/net/softnet_stat"), [&](std::string_view line) {
    const std::vector<std::string_view> words = words_of(line);  // one line for each CPU
    if (words.size() > 1) facts.softnet_dropped += number_of<std::uint64_t>(words[1], 16);
  });
  return facts;
}

std::vector<Recommendation> rank(const Facts& facts) {
  Ranking ranking;
  ranking.give("server-base", 10, "suits any server: nothing need be known of its work");

  const auto size = [](std::uint64_t bytes) {
    return profile::readable(static_cast<sysctl::Integer>(bytes), sysctl::Unit::bytes, 4096);
  };
  constexpr std::uint64_t gib = 1u << 30;
  if (facts.memory_bytes > 0 && facts.memory_bytes <= gib) {
    ranking.give("small-memory", 70, fmt::format("{} of memory", size(facts.memory_bytes)));
  } else if (facts.memory_bytes > 0 && facts.memory_bytes <= 2 * gib) {
    ranking.give("small-memory", 20, fmt::format("{} of memory", size(facts.memory_bytes)));
  }

  for (const std::string_view profile : worked) {
    Gathered processes;
    for (const std::string& process : facts.processes) {
      for (const ProcessHint& item : process_hints) {
        if (item.hint.profile == profile && is_named(process, item.name)) {
          processes.add(item.hint.points, printable(process));
          break;
        }
      }
    }
    if (!processes.things.empty()) {
      ranking.give(profile, processes.points,
                   fmt::format("{} {}", fmt::join(processes.things, ", "),
                               processes.things.size() == 1 ? "runs" : "run"));
    }
    Gathered ports;
    for (const int port : facts.listening_ports) {
      for (const PortHint& item : port_hints) {
        if (item.hint.profile == profile && item.port == port) {
          ports.add(item.hint.points, std::to_string(port));
        }
      }
    }
    if (!ports.things.empty()) {
      ranking.give(profile, ports.points,
                   fmt::format("listens on TCP {} {}", ports.things.size() == 1 ? "port" : "ports",
                               fmt::join(ports.things, ", ")));
    }
  }

  if (facts.fastest_link >= 10'000) {
    const std::string link = fmt::format("{} runs at {} Gbit/s", printable(facts.fastest_link_name),
                                         facts.fastest_link / 1000);
    ranking.give("throughput", facts.fastest_link >= 25'000 ? 20 : 8, link);
    ranking.give("wan-bulk", facts.fastest_link >= 25'000 ? 8 : 4, link);
  }
  if (facts.tcp_sockets >= 10'000) {
    ranking.give("many-connections", 50, fmt::format("{} TCP sockets in use", facts.tcp_sockets));
  }
  if (facts.time_wait_sockets >= 20'000) {
    ranking.give("many-connections", 20,
                 fmt::format("{} sockets in TIME-WAIT", facts.time_wait_sockets));
  }
  if (facts.listen_overflows > 0) {
    ranking.give("many-connections", 8,
                 fmt::format("listen queues overflowed {} times since boot (ListenOverflows)",
                             facts.listen_overflows));
  }
  if (facts.memory_pressures > 0 && facts.memory_bytes <= 4 * gib) {
    ranking.give("small-memory", 8,
                 fmt::format("TCP ran into its memory limit {} times since boot "
                             "(TCPMemoryPressures)",
                             facts.memory_pressures));
  }
  if (facts.receive_pruned + facts.receive_collapsed > 0) {
    ranking.give("throughput", 4,
                 fmt::format("receive buffers overran {} times since boot (PruneCalled, "
                             "TCPRcvCollapsed)",
                             facts.receive_pruned + facts.receive_collapsed));
  }
  if (facts.softnet_dropped > 0) {
    ranking.give("throughput", 6,
                 fmt::format("{} packets dropped before the network stack since boot "
                             "(softnet_stat)",
                             facts.softnet_dropped));
  }
  return std::move(ranking).sorted();
}

std::optional<std::string> recommended_profile(const std::string& root, const profile::Host& host,
                                               const profile::Store& store) {
  for (const Recommendation& item : rank(gather_facts(root, host))) {
    Diagnostics diagnostics;
    const std::optional<profile::Profile> profile =
        store.find(item.name) ? told(store.load(item.name, diagnostics)) : std::nullopt;
    if (!profile) continue;
    const bool applies =
        std::ranges::none_of(profile->requirements(), [&](const profile::Requirement& requirement) {
          return profile::unmet(requirement, host).has_value();
        });
    if (applies) return item.name;
  }
  return std::nullopt;
}

}  // namespace nettune::ctl
