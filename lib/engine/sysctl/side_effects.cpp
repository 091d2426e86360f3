// SPDX-License-Identifier: MIT
#include "engine/sysctl/side_effects.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "engine/sysctl/catalogue/catalogue.hpp"

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

// The catalogue's: the other name of the value, and what it says of further keys.
void add_catalogue(std::vector<KeyGlob>& globs, std::string_view path) {
  const Parameter* parameter = find_parameter(path);
  if (parameter == nullptr || (parameter->alias_of.empty() && parameter->changes.empty())) return;
  const std::string_view pattern = parameter->pattern;
  const std::string_view alias = parameter->alias_of;
  const std::size_t star = pattern.find('*');
  std::string_view link;
  if (star != std::string_view::npos) {
    link = path.substr(star, path.find('/', star) - star);
    const std::size_t place = alias.find('*');
    if (place != std::string_view::npos) {
      // A neighbour table's `default` is written to each link's.
      const bool is_neighbour = pattern.substr(0, star).ends_with("/neigh/");
      add(globs, fmt::format("{}{}{}", alias.substr(0, place),
                             is_neighbour && link == "default" ? "*" : without_wildcards(link),
                             alias.substr(place + 1)));
    }
    if (link != "all") return;
    if (place == std::string_view::npos && !alias.empty()) add(globs, std::string(alias));
  } else if (!alias.empty()) {
    add(globs, std::string(alias));
  }
  for (const Text& changed : parameter->changes) add(globs, std::string(changed));
}

}  // namespace

std::vector<KeyGlob> side_effects_of(const Key& key) {
  std::vector<KeyGlob> globs;
  const std::string_view path = key.path();
  add_catalogue(globs, path);
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
  if (folder == "neigh" && link == "default") {
    add(globs, fmt::format("net/{}/neigh/*/{}", family, name));
  }
  return globs;
}

std::span<const std::string_view> folders_that_change(std::string_view folder) {
  // ip_forward lies in net/ipv4.
  static constexpr std::string_view conf_of_ipv4[] = {"net/ipv4", "net/ipv4/conf/all",
                                                      "net/ipv4/conf/default"};
  static constexpr std::string_view conf_of_ipv6[] = {"net/ipv6/conf/all", "net/ipv6/conf/default"};
  static constexpr std::string_view neighbours_of_ipv4[] = {"net/ipv4/neigh/default"};
  static constexpr std::string_view neighbours_of_ipv6[] = {"net/ipv6/neigh/default"};
  if (folder.starts_with("net/ipv4/conf/")) return conf_of_ipv4;
  if (folder.starts_with("net/ipv6/conf/")) return conf_of_ipv6;
  if (folder.starts_with("net/ipv4/neigh/")) return neighbours_of_ipv4;
  if (folder.starts_with("net/ipv6/neigh/")) return neighbours_of_ipv6;
  return {};
}

}  // namespace nettune::sysctl
