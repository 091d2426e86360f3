// SPDX-License-Identifier: MIT
// The words for what an entry says, and the look-up of a key in the table.
#include "engine/sysctl/catalogue/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/sysctl/catalogue/table.hpp"
#include "engine/sysctl/value.hpp"

namespace nettune::sysctl {

std::string_view unit_name(Unit unit) {
  switch (unit) {
    case Unit::none:
      return "";
    case Unit::flag:
      return "flag";
    case Unit::mode:
      return "mode";
    case Unit::bits:
      return "bitmap";
    case Unit::bytes:
      return "bytes";
    case Unit::pages:
      return "pages";
    case Unit::packets:
      return "packets";
    case Unit::segments:
      return "segments";
    case Unit::sockets:
      return "sockets";
    case Unit::connections:
      return "connections";
    case Unit::entries:
      return "entries";
    case Unit::count:
      return "count";
    case Unit::factor:
      return "factor";
    case Unit::percent:
      return "percent";
    case Unit::log2:
      return "log2";
    case Unit::port:
      return "port";
    case Unit::hops:
      return "hops";
    case Unit::seconds:
      return "seconds";
    case Unit::centiseconds:
      return "hundredths of a second";
    case Unit::milliseconds:
      return "milliseconds";
    case Unit::microseconds:
      return "microseconds";
    case Unit::nanoseconds:
      return "nanoseconds";
  }
  return "";
}

std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::host:
      return "host (absent in other network namespaces)";
    case Scope::host_read_only:
      return "host (read-only in other network namespaces)";
    case Scope::net_namespace:
      return "network namespace";
  }
  return "";
}

std::string_view effect_text(Effect effect) {
  switch (effect) {
    case Effect::at_once:
      return "at once";
    case Effect::new_sockets:
      return "for new sockets";
    case Effect::next_listen:
      return "at the next listen()";
    case Effect::new_connections:
      return "for new connections";
    case Effect::new_links:
      return "for links and queues made later";
    case Effect::new_namespaces:
      return "for network namespaces made later";
    case Effect::never:
      return "never";
  }
  return "";
}

std::string to_string(Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

bool is_numeric(Encoding encoding) {
  switch (encoding) {
    case Encoding::int32:
    case Encoding::uint32:
    case Encoding::uint8:
    case Encoding::ulong:
    case Encoding::seconds:
    case Encoding::milliseconds:
    case Encoding::userhz:
    case Encoding::static_key:
      return true;
    case Encoding::word:
    case Encoding::words:
    case Encoding::number_list:
    case Encoding::cpu_mask:
    case Encoding::text:
    case Encoding::trigger:
    case Encoding::unknown:
      return false;
  }
  return false;
}

bool holds(Comparison comparison, Integer number, Integer bound) {
  switch (comparison) {
    case Comparison::equal:
      return number == bound;
    case Comparison::less:
      return number < bound;
    case Comparison::less_or_equal:
      return number <= bound;
    case Comparison::greater:
      return number > bound;
  }
  return false;
}

Range range_on(const Parameter& parameter, Version kernel) {
  if (kernel != Version{}) {
    for (const EarlierRange& earlier : parameter.earlier_ranges) {
      if (kernel < earlier.until) return {earlier.minimum, earlier.maximum};
    }
  }
  return {parameter.minimum, parameter.maximum};
}

namespace {

// Longer than any pattern, which a test holds true; a longer path is in no table.
constexpr std::size_t longest_pattern = 128;

// Where a folder holds one sub-folder for each link, the link's component becomes "*". Written to
// `buffer` then, so that an audit of many keys allocates nothing; empty where it does not fit.
std::string_view pattern_of(std::string_view path, std::array<char, longest_pattern>& buffer) {
  constexpr std::string_view per_link[] = {"net/ipv4/conf/", "net/ipv6/conf/", "net/ipv4/neigh/",
                                           "net/ipv6/neigh/", "net/mpls/conf/"};
  for (const std::string_view folder : per_link) {
    if (!path.starts_with(folder)) continue;
    const std::size_t slash = path.find('/', folder.size());
    if (slash == std::string_view::npos) break;
    const std::string_view rest = path.substr(slash);
    const std::size_t size = folder.size() + 1 + rest.size();
    if (size > buffer.size()) return {};
    char* end = std::ranges::copy(folder, buffer.data()).out;
    *end++ = '*';
    std::ranges::copy(rest, end);
    return {buffer.data(), size};
  }
  return path;
}

}  // namespace

const Parameter* find_parameter(std::string_view path) {
  std::array<char, longest_pattern> buffer;
  const std::string_view pattern = pattern_of(path, buffer);
  const std::span<const Parameter> all = all_parameters();
  const auto found = std::ranges::lower_bound(
      all, pattern, {}, [](const Parameter& parameter) { return parameter.pattern.view(); });
  return found != all.end() && found->pattern == pattern ? &*found : nullptr;
}

const Parameter* find_parameter(const Key& key) { return find_parameter(key.path()); }

bool may_go(const Parameter* parameter) {
  return parameter == nullptr || !parameter->module.empty() ||
         parameter->pattern.view().find('*') != std::string_view::npos;
}

std::string nearest_name(std::string_view path) {
  static const std::vector<std::string_view> patterns = [] {
    std::vector<std::string_view> all;
    for (const Parameter& parameter : all_parameters()) all.push_back(parameter.pattern);
    return all;
  }();
  // A link's key is held against those of each link, and goes by its own link's name.
  std::array<char, longest_pattern> buffer;
  const std::string_view pattern = pattern_of(path, buffer);
  const std::string_view near = nearest(pattern, patterns);
  const std::size_t star = near.find('*');
  std::string name(near.substr(0, star));
  std::ranges::replace(name, '/', '.');
  if (star == std::string_view::npos) return name;
  std::string rest(near.substr(star + 1));
  std::ranges::replace(rest, '/', '.');
  // As a key's name spells it: what is a dot in the link's name is a slash there.
  const bool is_of_link = pattern.data() == buffer.data();
  const std::size_t begin = is_of_link ? pattern.find('*') : 0;
  std::string link(is_of_link ? path.substr(begin, path.find('/', begin) - begin) : "*");
  std::ranges::replace(link, '.', '/');
  return name + link + rest;
}

std::string nearest_name(const KeyGlob& glob) {
  const std::string_view pattern = glob.pattern();
  const std::size_t sign = pattern.find_first_of("*?[");
  const bool is_of_all_links = sign != std::string_view::npos &&
                               pattern.substr(sign - 1, 3) == "/*/" &&
                               pattern.find_first_of("*?[", sign + 1) == std::string_view::npos;
  return glob.is_literal() || is_of_all_links ? nearest_name(pattern) : std::string();
}

bool knows(const Choices& choices, std::string_view word) {
  return std::ranges::find(choices.known, word, &Text::view) != choices.known.end();
}

namespace {

std::string numbers_of(const Parameter& parameter, const Default& one) {
  switch (one.formula) {
    case Formula::fixed:
      return parameter.fields == 1
                 ? to_string(one.numbers[0])
                 : fmt::format("{} {}", to_string(one.numbers[0]), to_string(one.numbers[1]));
    case Formula::page:
      return "one page: 4096";
    case Formula::mebibyte_in_pages:
      return "1 MiB: 256 pages of 4 KiB";
    case Formula::tcp_memory:
      return "from the memory at boot: about 4.6 %, 6.25 % and 9.4 % of what is free for buffers";
    case Formula::udp_memory:
      return "from the memory at boot: twice tcp_mem";
    case Formula::receive_buffers:
      return "4096 131072 and, by memory, up to 33554432 (up to 6291456 before Linux 6.17)";
    case Formula::send_buffers:
      return "4096 16384 and, by memory, 65536 to 4194304";
  }
  return {};
}

}  // namespace

std::string default_text(const Parameter& parameter) {
  if (parameter.defaults.empty()) return std::string(parameter.default_text);
  const Default* one = parameter.defaults.end() - 1;
  std::string text = numbers_of(parameter, *one);
  if (parameter.defaults.size() == 1) return text;
  text += " since Linux " + to_string(one->from);
  while (one != parameter.defaults.begin()) {
    --one;
    text += fmt::format(", {} before {}", numbers_of(parameter, *one), to_string(one->until));
  }
  return text;
}

std::span<const Parameter> all_parameters() { return catalogue_data(); }

}  // namespace nettune::sysctl
