// SPDX-License-Identifier: MIT
// OptionFacts: what the library knows of each option of nettune.h: its name in a preset, the
// kernel's constant, its range, whom it is for, when it can be set and whether accepted sockets
// inherit it. The table is the only place that knows; all else walks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "nettune/nettune.h"

namespace nettune::socket {

/// How a value is written and kept.
enum class Kind : std::uint8_t {
  flag,          ///< 0 or 1
  count,         ///< a plain number
  bits,          ///< a number, in hexadecimal too
  bytes,         ///< B, KiB ... or a plain number
  seconds,       ///< a time, kept in seconds
  milliseconds,  ///< a time, kept in milliseconds
  microseconds,  ///< a time, kept in microseconds
  rate,          ///< bit/s ..., kept in bytes per second; 64 bits in the kernel
  text,          ///< the name of an algorithm
  every_read,    ///< off or every-read
};

/// Until when the kernel takes it to any effect.
enum class Stage : std::uint8_t {
  any,
  before_bind,
  before_connect,  ///< of a client; a listener can have it at any time
  connected,       ///< not before there is a connection
};

constexpr std::uint8_t bit(nettune_role role) { return static_cast<std::uint8_t>(1U << role); }

struct Traits {
  bool is_tcp = false;           ///< a TCP connection's alone
  bool inherited = false;        ///< by accepted sockets from their listener
  bool per_connection = false;   ///< meant for accepted sockets, which do not inherit it
  bool needs_net_admin = false;  ///< CAP_NET_ADMIN, for some or for all values
};

struct OptionFacts {
  nettune_option option;
  std::string_view name;  ///< a literal: data() ends with '\0'
  Kind kind;
  int level;                  ///< of setsockopt(2)
  int number;                 ///< of setsockopt(2), within the level
  std::string_view constant;  ///< its name; a literal as well
  std::int64_t minimum;
  std::int64_t maximum;
  std::string_view word;  ///< a word that stands for word_value; "" where there is none
  std::int64_t word_value;
  std::uint8_t roles;  ///< bits of the roles that it means something for
  Stage stage;
  Traits traits;
};

/// In the order of nettune_option, which is the order in which they are set.
std::span<const OptionFacts> all_options();
inline constexpr std::size_t option_count = NETTUNE_QUICKACK;
/// nullptr: no such number.
const OptionFacts* find_option(int option);

/// What a preset holds for the program itself, which no socket has.
enum Hint : std::uint8_t { write_high, write_low, read_limit, hint_count };
inline constexpr std::string_view hint_names[] = {"write-buffer-high", "write-buffer-low",
                                                  "read-limit"};

}  // namespace nettune::socket
