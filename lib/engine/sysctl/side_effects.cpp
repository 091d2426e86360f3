// SPDX-License-Identifier: MIT
#include "engine/sysctl/side_effects.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace nettune::sysctl {
namespace {

using Components = std::vector<std::string_view>;

Components components_of(const Key& key) {
  Components components;
  const std::string_view path = key.path();
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    components.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return components;
}

void add(std::vector<KeyGlob>& globs, const std::string& pattern) {
  if (std::expected<KeyGlob, std::string> glob = KeyGlob::parse(pattern)) {
    globs.push_back(*std::move(glob));
  }
}

// One value that two keys show in two units: a write of either changes both.
struct Pair {
  std::string_view one;
  std::string_view other;
};

constexpr auto neighbour_pairs = std::to_array<Pair>({
    {"base_reachable_time", "base_reachable_time_ms"},
    {"retrans_time", "retrans_time_ms"},
    {"unres_qlen", "unres_qlen_bytes"},
});

constexpr auto pairs = std::to_array<Pair>({
    {"net/ipv6/route/gc_min_interval", "net/ipv6/route/gc_min_interval_ms"},
    {"net/mptcp/pm_type", "net/mptcp/path_manager"},
    {"net/nf_conntrack_max", "net/netfilter/nf_conntrack_max"},
});

}  // namespace

std::vector<KeyGlob> side_effects_of(const Key& key) {
  std::vector<KeyGlob> globs;
  const std::string_view path = key.path();
  for (const Pair& pair : pairs) {
    if (path == pair.one) add(globs, std::string(pair.other));
    if (path == pair.other) add(globs, std::string(pair.one));
  }
  if (path == "net/ipv4/tcp_congestion_control") {
    // In the initial namespace programs may choose the algorithm from then on (tcp_cong.c).
    add(globs, "net/ipv4/tcp_allowed_congestion_control");
  }
  const bool is_forwarding = path == "net/ipv4/conf/all/forwarding";
  if (is_forwarding || path == "net/ipv4/ip_forward") {
    add(globs, is_forwarding ? "net/ipv4/ip_forward" : "net/ipv4/conf/all/forwarding");
    add(globs, "net/ipv4/conf/*/forwarding");
    add(globs, "net/ipv4/conf/all/accept_redirects");
  }

  const bool is_of_a_link = path.starts_with("net/ipv4/") || path.starts_with("net/ipv6/");
  const bool is_in_conf = is_of_a_link && path.compare(9, 5, "conf/") == 0;
  // Most keys of links change nothing else: told without taking the path apart.
  if (is_in_conf && path.compare(14, 4, "all/") != 0 && path.compare(14, 8, "default/") != 0) {
    return globs;
  }
  if (!is_in_conf && (!is_of_a_link || path.compare(9, 6, "neigh/") != 0)) return globs;
  const Components parts = components_of(key);
  if (parts.size() != 5) return globs;
  const std::string family(parts[1]);
  const std::string_view folder = parts[2];
  const std::string link(parts[3]);
  const std::string name(parts[4]);
  // A link follows conf.default of IPv4 until its own key is written for the first time. IPv6 has
  // a few keys of which conf.all rewrites every link's.
  if (folder == "conf" && link == (family == "ipv4" ? "default" : "all")) {
    add(globs, fmt::format("net/{}/conf/*/{}", family, name));
  }
  if (folder == "neigh") {
    const std::string links = link == "default" ? "*" : link;
    if (link == "default") add(globs, fmt::format("net/{}/neigh/*/{}", family, name));
    for (const Pair& pair : neighbour_pairs) {
      const std::string prefix = fmt::format("net/{}/neigh/{}/", family, links);
      if (name == pair.one) add(globs, prefix + std::string(pair.other));
      if (name == pair.other) add(globs, prefix + std::string(pair.one));
    }
  }
  return globs;
}

}  // namespace nettune::sysctl
