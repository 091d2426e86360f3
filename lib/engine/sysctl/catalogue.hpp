// SPDX-License-Identifier: MIT
// What nettune knows of each key: shape, unit, range, scope, history, meaning. Data without code;
// the facts stand in catalogue_data.cpp, how they are looked up in catalogue.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/sysctl/key.hpp"

namespace nettune::sysctl {

/// Wide enough for every number a sysctl holds (0 … 2^64-1, and negative ones) and for the products
/// of profile arithmetic.
__extension__ typedef __int128 Integer;

/// How the kernel reads a written text and prints the value: one for each of its handlers.
enum class Encoding {
  int32,         ///< proc_dointvec: signed 32 bits
  uint32,        ///< proc_douintvec
  uint8,         ///< proc_dou8vec
  ulong,         ///< proc_doulongvec: unsigned 64 bits
  seconds,       ///< proc_dointvec_jiffies: seconds, kept in jiffies
  milliseconds,  ///< proc_dointvec_ms_jiffies: rounded up to a jiffy on write
  userhz,        ///< proc_dointvec_userhz_jiffies: hundredths of a second
  static_key,    ///< 0 or 1, nothing else
  word,          ///< one name, such as a congestion control
  words,         ///< a list of names whose order has no meaning
  text,          ///< anything else that is not numbers: masks, keys, port lists
  unknown,       ///< not in the catalogue: compared field by field
};

/// What a number of the key counts.
enum class Unit {
  none,
  flag,  ///< 0 is off
  mode,  ///< an enumeration; the meaning lists the numbers
  bits,  ///< a bitmap; the meaning lists the bits
  bytes,
  pages,  ///< of the host's page size
  packets,
  segments,
  sockets,
  connections,
  entries,
  count,
  factor,
  percent,
  log2,
  port,
  hops,
  seconds,
  centiseconds,
  milliseconds,
  microseconds,
  nanoseconds,
};

std::string_view unit_name(Unit unit);  ///< "bytes", "pages", ""

/// Whose value it is.
enum class Scope {
  host,            ///< one for the host; absent in a child network namespace
  host_read_only,  ///< one for the host; shown, but read-only, in a child network namespace
  net_namespace,   ///< each network namespace has its own
};

std::string_view scope_name(Scope scope);  ///< "host", "host (read-only in a network namespace)", …

/// When a changed value begins to matter.
enum class Effect {
  at_once,
  new_sockets,      ///< sampled by socket(2)
  next_listen,      ///< sampled by listen(2)
  new_connections,  ///< agreed in the handshake
  new_links,        ///< links or queues made later
  new_namespaces,   ///< network namespaces made later
  never,            ///< no effect at all, see dead_since
};

std::string_view effect_text(Effect effect);  ///< "at once", "for new sockets", …

/// A kernel version; {0, 0} stands for "before anything that matters here" or "never", as said.
struct Version {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

enum class Comparison { equal, less, less_or_equal, greater };

/// A value that the kernel accepts and that does harm.
struct Harm {
  Comparison comparison;
  Integer bound;
  std::int8_t field;  ///< the field it is about; -1: any of them
  std::string_view
      result;  ///< what then happens: "every TCP write of the namespace blocks for ever"
};

/// The values of a key that are meant; by default all.
struct Values {
  Comparison comparison = Comparison::greater;
  Integer bound = -(static_cast<Integer>(1) << 64);
};

/// An older kernel's range.
struct EarlierRange {
  Version until;  ///< the first version without it
  Integer minimum;
  Integer maximum;
};

/// The facts about one key, or about one key of each link (`*` in the pattern). All text is static.
struct Parameter {
  std::string_view pattern;  ///< slash form; "*" stands for a link's name
  Encoding encoding = Encoding::unknown;
  std::uint8_t fields = 1;  ///< numbers in the value; 1 for texts
  Unit unit = Unit::none;
  Integer minimum = 0;  ///< of each field, on the newest kernel known; numbers only
  Integer maximum = 0;
  Scope scope = Scope::net_namespace;
  Effect effect = Effect::at_once;
  std::array<std::string_view, 3> field_names{};  ///< {"min", "default", "max"}
  bool ordered = false;           ///< the fields must ascend for the value to make sense
  Version since{};                ///< first kernel with it; {0, 0}: before 3.10
  Version removed{};              ///< first kernel without it; {0, 0}: still there
  Version dead_since{};           ///< first kernel on which it has no effect; {0, 0}: it has one
  Version per_namespace_since{};  ///< scope net_namespace only: host-wide before
  std::string_view instead{};     ///< what to use for a dead, removed or misleading key; a sentence
  std::string_view module{};      ///< the key is there once this module is; "" where it is built in
  std::string_view ceiling{};     ///< the key (slash form) that holds this one's maximum
  std::string_view default_text{};  ///< the kernel's own default, as a person reads it
  std::string_view side_effects{};  ///< what else a write changes; "" for nothing
  std::string_view lock_out{};      ///< how lock_out_at may cut the host off; "" where none can
  Values lock_out_at{};
  std::span<const Harm> harms{};
  std::span<const EarlierRange> earlier_ranges{};
  std::string_view meaning{};  ///< one paragraph
  std::string_view source{};   ///< where that is documented
};

struct Range {
  Integer minimum;
  Integer maximum;
};

bool is_numeric(Encoding encoding);

/// number == bound, number < bound, …
bool holds(Comparison comparison, Integer number, Integer bound);

/// The range of each field on `kernel`.
Range range_on(const Parameter& parameter, Version kernel);

/// The parameter of `key`, also of a link's key; nullptr where the catalogue lacks it. A pattern's
/// own text (net/ipv4/conf/*/rp_filter) finds its parameter as well. Static storage.
const Parameter* find_parameter(const Key& key);
const Parameter* find_parameter(std::string_view path);

/// The name of the parameter that was probably meant by `path`; "" where none is near.
std::string nearest_name(std::string_view path);

/// The congestion controls that mainline Linux has or had, sorted. Others come from elsewhere, or
/// are misspelt.
std::span<const std::string_view> congestion_controls();
bool is_congestion_control(std::string_view name);

/// All of them, sorted by pattern.
std::span<const Parameter> all_parameters();

}  // namespace nettune::sysctl
