// SPDX-License-Identifier: MIT
// How an entry of the catalogue's tables is written, and what several of them share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::sysctl::data {

// With plain texts; table.cpp turns them into the program's form while compiling.
using Harm = BasicHarm<std::string_view>;
using Bound = BasicBound<std::string_view>;
using Choices = BasicChoices<std::string_view, std::span<const std::string_view>>;

// At most four, which an entry holds itself.
struct Defaults {
  constexpr Defaults() = default;
  constexpr Defaults(std::initializer_list<Default> list) : count(list.size()) {
    std::ranges::copy(list, all.begin());
  }
  std::array<Default, 4> all{};
  std::size_t count = 0;
};

// As sysctl::Parameter, which says what each means.
struct Parameter {
  std::string_view pattern;
  Shape shape{};
  Scope scope = Scope::net_namespace;
  Effect effect = Effect::at_once;
  std::array<std::string_view, 3> field_names{};
  bool ordered = false;
  Version since{};
  Version removed{};
  Version dead_since{};
  Version per_namespace_since{};
  std::string_view instead{};
  std::string_view module{};
  std::string_view default_text{};
  std::string_view side_effects{};
  std::string_view lock_out{};
  Values lock_out_at{};
  std::span<const Harm> harms{};
  std::span<const EarlierRange> earlier_ranges{};
  Defaults defaults{};
  bool is_capacity = false;
  Bound bounded_by{};
  std::string_view alias_of{};
  std::span<const std::string_view> changes{};
  const Choices* choices = nullptr;
  std::string_view meaning{};
  std::string_view source{};
};

enum class Family : std::uint8_t { ipv4, ipv6 };

inline constexpr Integer mib = 1 << 20;
inline constexpr Integer int_max = 2147483647;
inline constexpr Integer int_min = -int_max - 1;
inline constexpr Integer uint_max = 4294967295;
// SKB_TRUESIZE(ETH_FRAME_LEN) on 64-bit machines: what a queued packet counts in unres_qlen_bytes.
inline constexpr Integer packet_memory = 2090;
inline constexpr Integer long_max = 9223372036854775807;
inline constexpr Integer ulong_max = (static_cast<Integer>(1) << 64) - 1;

// A number of seconds must fit into an int once it is in timer ticks. The kernel's rate of ticks is
// not known here, so this is the limit of the slowest one in use, 100 a second: beyond it every
// kernel refuses, and one with a faster tick refuses some numbers below it as well.
inline constexpr Integer seconds_max = int_max / 100;

// Flags and small numbers of TCP took any int until their storage became one byte (Linux 5.14; some
// stable branches of 5.10 earlier).
inline constexpr EarlierRange int_before_uint8[] = {{{5, 14}, int_min, int_max}};

// Not defined: where check_order() calls it while compiling, the compiler prints what it was for.
void entries_are_not_in_order(std::string_view pattern, std::string_view next);

constexpr void check_order(std::string_view pattern, std::string_view next) {
  if (pattern >= next) entries_are_not_in_order(pattern, next);
}

}  // namespace nettune::sysctl::data
