// SPDX-License-Identifier: MIT
// How an entry of the catalogue's tables is written, and what several of them share.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::sysctl::data {

// With plain texts; table.cpp turns them into the program's form while compiling.
using Harm = BasicHarm<std::string_view>;
using Parameter =
    BasicParameter<std::string_view, std::span<const Harm>, std::span<const EarlierRange>>;

enum class Family : std::uint8_t { ipv4, ipv6 };

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
