// SPDX-License-Identifier: MIT
// The catalogue's entries hold together, and a key finds its own. Whether they are true is for
// tests/kernel/catalogue_walk_test.cpp.
#include "engine/sysctl/catalogue/catalogue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace nettune::sysctl;

namespace {

bool has_number_on_some_kernel(const Parameter& parameter, Integer number) {
  if (number >= parameter.minimum && number <= parameter.maximum) return true;
  return std::ranges::any_of(parameter.earlier_ranges, [number](const EarlierRange& earlier) {
    return number >= earlier.minimum && number <= earlier.maximum;
  });
}

const Parameter& parameter_of(std::string_view path) {
  const Parameter* parameter = find_parameter(path);
  REQUIRE_MESSAGE(parameter != nullptr, path);
  return *parameter;
}

}  // namespace

TEST_CASE("the catalogue is sorted by pattern, and holds each pattern once") {
  const auto all = all_parameters();
  CHECK(all.size() > 400);
  for (std::size_t i = 1; i < all.size(); ++i) {
    CAPTURE(all[i].pattern);
    CHECK(all[i - 1].pattern.view() < all[i].pattern.view());
  }
}

TEST_CASE("every entry is a key below net, with a shape, a meaning and a source") {
  for (const Parameter& parameter : all_parameters()) {
    CAPTURE(parameter.pattern);
    CHECK(parameter.pattern.view().starts_with("net/"));
    // The kernel's one key with two components, which no profile may name: its namesake in
    // net/netfilter is the same value.
    if (parameter.pattern != "net/nf_conntrack_max") {
      CHECK(KeyGlob::parse(parameter.pattern).has_value());
    }
    CHECK(parameter.encoding != Encoding::unknown);
    CHECK(parameter.meaning.view().size() >= 20);
    CHECK(parameter.meaning.view().ends_with('.'));
    CHECK(parameter.source.view().size() >= 6);
    CHECK_FALSE(parameter.source.view().ends_with('.'));
  }
}

TEST_CASE("ranges are those of the encoding or within them, and older ones come in order") {
  constexpr Integer two_to_32 = static_cast<Integer>(1) << 32;
  for (const Parameter& parameter : all_parameters()) {
    CAPTURE(parameter.pattern);
    if (!is_numeric(parameter.encoding)) {
      CHECK(parameter.unit == Unit::none);
      CHECK(parameter.fields == 1);
      CHECK(parameter.harms.empty());
      continue;
    }
    CHECK(parameter.minimum < parameter.maximum);
    switch (parameter.encoding) {
      case Encoding::uint8:
        CHECK(parameter.minimum >= 0);
        CHECK(parameter.maximum <= 255);
        break;
      case Encoding::uint32:
        CHECK(parameter.minimum >= 0);
        CHECK(parameter.maximum < two_to_32);
        break;
      case Encoding::ulong:
        CHECK(parameter.minimum >= 0);
        CHECK(parameter.maximum < two_to_32 * two_to_32);
        break;
      case Encoding::static_key:
        CHECK(parameter.minimum == 0);
        CHECK(parameter.maximum == 1);
        break;
      default:
        CHECK(parameter.minimum >= -two_to_32 / 2);
        CHECK(parameter.maximum < two_to_32 / 2);
    }
    Version last{};
    for (const EarlierRange& earlier : parameter.earlier_ranges) {
      CHECK(earlier.minimum < earlier.maximum);
      CHECK(last < earlier.until);
      last = earlier.until;
    }
  }
}

TEST_CASE("the fields of a tuple have names, as many as there are fields") {
  for (const Parameter& parameter : all_parameters()) {
    CAPTURE(parameter.pattern);
    const auto names = static_cast<std::size_t>(std::ranges::count_if(
        parameter.field_names, [](std::string_view name) { return !name.empty(); }));
    CHECK(names == (parameter.fields == 1 ? 0u : parameter.fields));
    if (parameter.ordered) CHECK(parameter.fields > 1);
  }
}

TEST_CASE("what bounds a number is a number of another entry with the same unit") {
  for (const Parameter& parameter : all_parameters()) {
    const Bound& bound = parameter.bounded_by;
    if (bound.key.empty()) continue;
    CAPTURE(parameter.pattern);
    const Parameter* other = find_parameter(bound.key);
    REQUIRE(other != nullptr);
    CHECK(other != &parameter);
    CHECK(other->unit == parameter.unit);
    CHECK(bound.field < parameter.fields);
    CHECK(bound.key_field < other->fields);
  }
}

TEST_CASE("two names of one value name each other") {
  std::size_t pairs = 0;
  for (const Parameter& parameter : all_parameters()) {
    if (parameter.alias_of.empty()) continue;
    ++pairs;
    CAPTURE(parameter.pattern);
    const Parameter* other = find_parameter(parameter.alias_of);
    REQUIRE(other != nullptr);
    CHECK(other != &parameter);
    CHECK(find_parameter(other->alias_of) == &parameter);
  }
  CHECK(pairs >= 16);
}

TEST_CASE("a write changes keys that the catalogue knows") {
  for (const Parameter& parameter : all_parameters()) {
    for (const Text& changed : parameter.changes) {
      CAPTURE(parameter.pattern);
      CHECK(find_parameter(changed) != nullptr);
    }
  }
}

TEST_CASE("the words of a key are listed by another one, and none is usable and unusable") {
  std::size_t lists = 0;
  for (const Parameter& parameter : all_parameters()) {
    for (const Choices& choices : parameter.choices) {
      ++lists;
      CAPTURE(parameter.pattern);
      CHECK(parameter.encoding == Encoding::word);
      CHECK_FALSE(choices.what.empty());
      CHECK(std::ranges::is_sorted(choices.known, {}, &Text::view));
      if (!choices.listed_by.empty()) CHECK(find_parameter(choices.listed_by) != nullptr);
      for (const Text& word : choices.unusable) CHECK_FALSE(knows(choices, word));
    }
  }
  CHECK(lists == 2);
}

TEST_CASE("the numbers of a default are in the range of their kernels, one default for each") {
  std::size_t count = 0;
  for (const Parameter& parameter : all_parameters()) {
    CAPTURE(parameter.pattern);
    Version end{};
    for (const Default& one : parameter.defaults) {
      ++count;
      CHECK(parameter.default_text.empty());
      CHECK(one.from < one.until);
      CHECK(one.from >= end);
      end = one.until;
      if (one.formula != Formula::fixed) {
        CHECK(parameter.defaults.size() == 1);
        continue;
      }
      const Range range = range_on(parameter, one.from);
      for (std::size_t field = 0; field < parameter.fields; ++field) {
        CHECK(one.numbers[field] >= range.minimum);
        CHECK(one.numbers[field] <= range.maximum);
      }
    }
  }
  CHECK(count >= 70);
}

TEST_CASE("a default is told with the kernels that have it") {
  const auto text_of = [](const char* path) { return default_text(*find_parameter(path)); };
  CHECK(text_of("net/core/dev_weight") == "64");
  CHECK(text_of("net/core/somaxconn") == "4096 since Linux 5.4, 128 before 5.4");
  CHECK(text_of("net/core/optmem_max") == "131072 since Linux 6.8, 20480 before 6.6");
  CHECK(text_of("net/ipv4/ip_local_port_range") == "32768 60999");
  CHECK(text_of("net/core/default_qdisc") == "pfifo_fast, or as the kernel was built");
}

TEST_CASE("harm is told of values that some kernel takes, in a field that there is") {
  for (const Parameter& parameter : all_parameters()) {
    for (const Harm& harm : parameter.harms) {
      CAPTURE(parameter.pattern);
      CHECK(has_number_on_some_kernel(parameter, harm.bound));
      CHECK(harm.field >= -1);
      CHECK(harm.field < parameter.fields);
      CHECK_FALSE(harm.result.empty());
    }
  }
}

TEST_CASE("what is gone or without effect says what to do instead") {
  for (const Parameter& parameter : all_parameters()) {
    CAPTURE(parameter.pattern);
    const bool dead = parameter.dead_since != Version{};
    const bool removed = parameter.removed != Version{};
    if (dead || removed) CHECK_FALSE(parameter.instead.empty());
    if (removed) CHECK(parameter.since < parameter.removed);
    if (dead) CHECK(parameter.since < parameter.dead_since);
    CHECK(dead == (parameter.effect == Effect::never));
    if (parameter.per_namespace_since != Version{}) {
      CHECK(parameter.scope == Scope::net_namespace);
      CHECK(parameter.since <= parameter.per_namespace_since);
    }
  }
}

TEST_CASE("a key of old configuration files is known as removed or dead") {
  for (const char* path :
       {"net/ipv4/tcp_tw_recycle", "net/ipv4/tcp_abc", "net/ipv4/ip_conntrack_max",
        "net/ipv4/netfilter/ip_conntrack_max", "net/ipv4/tcp_thin_dupack"}) {
    CAPTURE(path);
    CHECK(parameter_of(path).removed != Version{});
  }
  for (const char* path : {"net/ipv4/tcp_low_latency", "net/ipv4/tcp_fack", "net/core/warnings",
                           "net/ipv4/tcp_adv_win_scale", "net/ipv4/udp_wmem_min"}) {
    CAPTURE(path);
    CHECK(parameter_of(path).dead_since != Version{});
  }
}

TEST_CASE("the keys that matter most have the shape that the kernel gives them") {
  const Parameter& memory = parameter_of("net/ipv4/tcp_mem");
  CHECK(memory.encoding == Encoding::ulong);
  CHECK(memory.fields == 3);
  CHECK(memory.unit == Unit::pages);
  CHECK(memory.scope == Scope::host);
  CHECK(memory.ordered);
  CHECK(memory.field_names[1] == "pressure");

  for (const char* path : {"net/core/rmem_default", "net/core/rmem_max", "net/core/wmem_default",
                           "net/core/wmem_max"}) {
    CAPTURE(path);
    const Parameter& buffer = parameter_of(path);
    CHECK(buffer.unit == Unit::bytes);
    CHECK(buffer.scope == Scope::host_read_only);
    // The kernel lets a default exceed its maximum; a profile that does so contradicts itself.
    const bool is_default = std::string_view(path).contains("default");
    CHECK(buffer.bounded_by.key.empty() != is_default);
    CHECK(buffer.minimum == (std::string_view(path).contains("rmem") ? 2304 : 4608));
  }

  CHECK(parameter_of("net/core/netdev_max_backlog").unit == Unit::packets);
  CHECK(parameter_of("net/core/netdev_max_backlog").scope == Scope::host);
  CHECK(parameter_of("net/core/optmem_max").per_namespace_since == Version{6, 8});
  CHECK(parameter_of("net/ipv4/tcp_no_metrics_save").encoding == Encoding::uint8);
}

TEST_CASE("each pattern finds itself, and with a link's name in place of the star too") {
  for (const Parameter& parameter : all_parameters()) {
    CAPTURE(parameter.pattern);
    CHECK(find_parameter(parameter.pattern) == &parameter);
    std::string path(parameter.pattern);
    const std::size_t star = path.find('*');
    if (star == std::string::npos) continue;
    path.replace(star, 1, "enp0s31f6.100");
    CHECK(find_parameter(path) == &parameter);
  }
}

TEST_CASE("a dot inside a link's name does not hide its parameter") {
  const auto key = Key::parse("net/ipv4/conf/eth0.100/rp_filter");
  REQUIRE(key.has_value());
  const Parameter* parameter = find_parameter(*key);
  REQUIRE(parameter != nullptr);
  CHECK(parameter->pattern == "net/ipv4/conf/*/rp_filter");
}

TEST_CASE("a key outside the catalogue finds nothing") {
  for (const char* path :
       {"net/ipv4/tcp_nothing", "net/ipv4/conf/eth0", "net/ipv4/conf/eth0/nothing", "net", "",
        "net/ipv4/conf/eth0/rp_filter/more", "net/ipv4/tcp_me", "net/ipv4/tcp_memory", "zzz"}) {
    CAPTURE(path);
    CHECK(find_parameter(std::string_view(path)) == nullptr);
  }
  const std::string long_link = "net/ipv4/conf/eth0/" + std::string(4096, 'x');
  CHECK(find_parameter(long_link) == nullptr);
  const std::string long_name = "net/ipv4/conf/" + std::string(4096, 'x') + "/rp_filter";
  CHECK(find_parameter(long_name) == find_parameter("net/ipv4/conf/*/rp_filter"));
}

TEST_CASE("the nearest key of a link is of the same link") {
  CHECK(nearest_name("net/ipv4/tcp_rmen") == "net.ipv4.tcp_rmem");
  CHECK(nearest_name("net/ipv4/conf/eth0/rp_filer") == "net.ipv4.conf.eth0.rp_filter");
  CHECK(nearest_name("net/ipv4/conf/all/rp_filer") == "net.ipv4.conf.all.rp_filter");
  CHECK(nearest_name("net/ipv4/conf/*/rp_filer") == "net.ipv4.conf.*.rp_filter");
  CHECK(nearest_name("net/ipv6/conf/eth0.100/hop_limt") == "net.ipv6.conf.eth0/100.hop_limit");
  CHECK(nearest_name("net/ipv4/conf/a-link-with-a-long-name/zzzzzzzzzz").empty());
}

TEST_CASE("an older kernel has its own range, and an unknown one the newest") {
  const Parameter& ecn = parameter_of("net/ipv4/tcp_ecn");
  CHECK(range_on(ecn, {5, 10}).maximum == 255);
  CHECK(range_on(ecn, {5, 19}).maximum == 2);
  CHECK(range_on(ecn, {6, 18}).maximum == 2);
  CHECK(range_on(ecn, {7, 2}).maximum == 5);
  CHECK(range_on(ecn, {}).maximum == 5);

  const Parameter& somaxconn = parameter_of("net/core/somaxconn");
  CHECK(range_on(somaxconn, {3, 19}).maximum == 65535);
  CHECK(range_on(somaxconn, {4, 1}).maximum == 2147483647);
}

TEST_CASE("every unit, scope and effect has its words") {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(Unit::nanoseconds); ++i) {
    words.insert(unit_name(static_cast<Unit>(i)));
  }
  CHECK(words.size() == static_cast<std::size_t>(Unit::nanoseconds) + 1);
  for (int i = 0; i <= static_cast<int>(Scope::net_namespace); ++i) {
    CHECK_FALSE(scope_name(static_cast<Scope>(i)).empty());
  }
  for (int i = 0; i <= static_cast<int>(Effect::never); ++i) {
    CHECK_FALSE(effect_text(static_cast<Effect>(i)).empty());
  }
}
