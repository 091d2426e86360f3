// SPDX-License-Identifier: MIT
// Joins the tables of the parts into one without addresses, while compiling: no work is left for
// the start-up, be it the loader's.
#include "engine/sysctl/catalogue/table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "engine/sysctl/catalogue/core.hpp"
#include "engine/sysctl/catalogue/ipv4.hpp"
#include "engine/sysctl/catalogue/ipv6.hpp"
#include "engine/sysctl/catalogue/neighbours.hpp"
#include "engine/sysctl/catalogue/netfilter.hpp"
#include "engine/sysctl/catalogue/tcp.hpp"

namespace nettune::sysctl {
namespace {

using Written = data::Parameter;

constexpr auto neighbours_of_ipv4 = data::neighbour_parameters(data::Family::ipv4);
constexpr auto neighbours_of_ipv6 = data::neighbour_parameters(data::Family::ipv6);

// Some of the entries, whose patterns begin behind the folder.
struct Part {
  std::string_view folder;
  std::span<const Written> entries;
};

// In the order of their patterns: find_parameter() searches by halves.
constexpr auto parts = std::to_array<Part>({
    {"", data::core_parameters},
    {"", data::ipv4_parameters},
    {"net/ipv4/neigh/", neighbours_of_ipv4},
    {"", data::ipv4_parameters_after_neigh},
    {"", data::tcp_parameters},
    {"", data::ipv6_parameters},
    {"net/ipv6/neigh/", neighbours_of_ipv6},
    {"", data::ipv6_parameters_after_neigh},
    {"", data::netfilter_parameters},
});

constexpr std::size_t entry_count = [] {
  std::size_t count = 0;
  for (const Part& part : parts) count += part.entries.size();
  return count;
}();

// The program's form of the tables, with more room than they need.
struct Packed {
  std::array<Parameter, entry_count> parameters{};
  std::array<Harm, 32> harms{};
  std::size_t harm_count = 0;
  std::array<EarlierRange, 64> ranges{};
  std::size_t range_count = 0;
  std::array<Default, 128> defaults{};
  std::size_t default_count = 0;
  std::array<Text, 64> lists{};
  std::size_t list_count = 0;
  std::array<Choices, 4> choices{};
  std::size_t choices_count = 0;
  std::array<char, std::size_t{128} * 1024> texts{};
  std::size_t text_size = 0;
  std::size_t longest = 0;

  constexpr Text add(std::string_view text) {
    const std::size_t first = text_size;
    longest = std::max(longest, text.size());
    std::ranges::copy(text, texts.data() + first);
    text_size += text.size();
    return {first, text.size()};
  }

  constexpr Text add(std::string_view folder, std::string_view rest) {
    const std::size_t first = text_size;
    add(folder);
    add(rest);
    return {first, folder.size() + rest.size()};
  }

  constexpr std::string_view view(Text text) const {
    return {texts.data() + text.first(), text.size()};
  }

  constexpr Slice<Harm> add(std::span<const data::Harm> entry) {
    const std::size_t first = harm_count;
    for (const data::Harm& harm : entry) {
      harms[harm_count++] = {harm.comparison, harm.bound, harm.field, add(harm.result)};
    }
    return {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(entry.size())};
  }

  constexpr Slice<EarlierRange> add(std::span<const EarlierRange> entry) {
    const std::size_t first = range_count;
    for (const EarlierRange& range : entry) ranges[range_count++] = range;
    return {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(entry.size())};
  }

  constexpr Slice<Default> add(const data::Defaults& entry) {
    const std::size_t first = default_count;
    for (std::size_t i = 0; i < entry.count; ++i) defaults[default_count++] = entry.all[i];
    return {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(entry.count)};
  }

  constexpr Slice<Text> add(std::span<const std::string_view> entry) {
    const std::size_t first = list_count;
    for (const std::string_view text : entry) lists[list_count++] = add(text);
    return {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(entry.size())};
  }

  constexpr Slice<Choices> add(const data::Choices* entry) {
    if (entry == nullptr) return {};
    const std::size_t first = choices_count;
    choices[choices_count++] = {add(entry->what),  add(entry->known),     add(entry->unusable),
                                add(entry->usual), add(entry->listed_by), add(entry->module)};
    return {static_cast<std::uint8_t>(first), 1};
  }
};

constexpr Packed packed = [] {
  Packed all;
  const Written none{};
  // Each search reads patterns, so they stand together.
  std::size_t i = 0;
  for (const Part& part : parts) {
    for (const Written& entry : part.entries) {
      all.parameters[i++].pattern = all.add(part.folder, entry.pattern);
    }
  }
  i = 0;
  for (const Part& part : parts)
    for (std::size_t place = 0; place < part.entries.size(); ++place, ++i) {
      const Written from = part.entries[place];  // GCC 12 cannot look into it in place
      Parameter& to = all.parameters[i];
      // The entry before often has the same text at the same place.
      const Written last = place == 0 ? none : part.entries[place - 1];
      const Parameter& packed_last = all.parameters[place == 0 ? i : i - 1];
      const auto add = [&](std::string_view text, std::string_view text_before, Text before) {
        return text == text_before ? before : all.add(text);
      };
      to.instead = add(from.instead, last.instead, packed_last.instead);
      to.module = add(from.module, last.module, packed_last.module);
      to.default_text = add(from.default_text, last.default_text, packed_last.default_text);
      to.side_effects = add(from.side_effects, last.side_effects, packed_last.side_effects);
      to.lock_out = add(from.lock_out, last.lock_out, packed_last.lock_out);
      to.meaning = add(from.meaning, last.meaning, packed_last.meaning);
      to.source = add(from.source, last.source, packed_last.source);
      for (std::size_t field = 0; field < from.field_names.size(); ++field) {
        to.field_names[field] = all.add(from.field_names[field]);
      }
      to.harms = all.add(from.harms);
      to.earlier_ranges = all.add(from.earlier_ranges);
      to.defaults = all.add(from.defaults);
      const data::Bound& bound = from.bounded_by;
      to.bounded_by = {all.add(bound.key), bound.field, bound.key_field, bound.kind};
      if (!from.alias_of.empty()) {
        // Of a part with a folder, as the pattern.
        to.alias_of = all.add(part.folder, from.alias_of);
      }
      to.changes = all.add(from.changes);
      to.choices = all.add(from.choices);
      to.encoding = from.shape.encoding;
      to.fields = from.shape.fields;
      to.unit = from.shape.unit;
      to.minimum = from.shape.minimum;
      to.maximum = from.shape.maximum;
      to.is_capacity = from.is_capacity;
      to.scope = from.scope;
      to.effect = from.effect;
      to.ordered = from.ordered;
      to.since = from.since;
      to.removed = from.removed;
      to.dead_since = from.dead_since;
      to.per_namespace_since = from.per_namespace_since;
      to.lock_out_at = from.lock_out_at;
    }
  return all;
}();

static_assert([] {
  for (std::size_t i = 1; i < entry_count; ++i) {
    data::check_order(packed.view(packed.parameters[i - 1].pattern),
                      packed.view(packed.parameters[i].pattern));
  }
  return true;
}());

static_assert(packed.longest < Text::longest && packed.text_size <= Text::pool_end);

template <std::size_t size>
constexpr auto first_of(const auto& items) {
  std::array<typename std::remove_cvref_t<decltype(items)>::value_type, size> first{};
  std::ranges::copy_n(items.begin(), size, first.begin());
  return first;
}

constexpr auto parameters = packed.parameters;
constexpr auto harms = first_of<packed.harm_count>(packed.harms);
constexpr auto ranges = first_of<packed.range_count>(packed.ranges);
constexpr auto defaults = first_of<packed.default_count>(packed.defaults);
constexpr auto lists = first_of<packed.list_count>(packed.lists);
constexpr auto choices = first_of<packed.choices_count>(packed.choices);
constexpr auto texts = first_of<packed.text_size>(packed.texts);

}  // namespace

std::span<const Parameter> catalogue_data() { return parameters; }

std::string_view Text::view() const { return {texts.data() + first(), size()}; }

template <>
const Harm* Slice<Harm>::begin() const {
  return harms.data() + first;
}

template <>
const EarlierRange* Slice<EarlierRange>::begin() const {
  return ranges.data() + first;
}

template <>
const Default* Slice<Default>::begin() const {
  return defaults.data() + first;
}

template <>
const Text* Slice<Text>::begin() const {
  return lists.data() + first;
}

template <>
const Choices* Slice<Choices>::begin() const {
  return choices.data() + first;
}

}  // namespace nettune::sysctl
