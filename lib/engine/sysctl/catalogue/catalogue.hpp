// SPDX-License-Identifier: MIT
// What nettune knows of each key: shape, unit, range, scope, history, meaning. Data without code;
// the facts stand in the tables that table.cpp joins, how they are looked up in
// catalogue.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "engine/sysctl/key.hpp"

namespace nettune::sysctl {

/// Wide enough for every number a sysctl holds (0 … 2^64-1, and negative ones) and for the products
/// of profile arithmetic.
__extension__ typedef __int128 Integer;

/// How the kernel reads a written text and prints the value: one for each of its handlers.
enum class Encoding : std::uint8_t {
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
  number_list,   ///< proc_do_large_bitmap: 1-5,8080; the numbers go up to `maximum`
  cpu_mask,      ///< proc_cpumask: hexadecimal, with a comma before each 8 digits
  text,          ///< anything else that is not numbers, such as a key
  trigger,       ///< write only: a write does something, and nothing is held
  unknown,       ///< not in the catalogue: compared field by field
};

/// What a number of the key counts.
enum class Unit : std::uint8_t {
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
enum class Scope : std::uint8_t {
  host,            ///< one for the host; absent in a child network namespace
  host_read_only,  ///< one for the host; shown, but read-only, in a child network namespace
  net_namespace,   ///< each network namespace has its own
};

std::string_view scope_name(Scope scope);  ///< "host", "host (read-only in a network namespace)", …

/// When a changed value begins to matter.
enum class Effect : std::uint8_t {
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

std::string to_string(Version version);  ///< "6.1"

enum class Comparison : std::uint8_t { equal, less, less_or_equal, greater };

/// A text of the catalogue: a place in its one pool of characters, not an address. So nothing of
/// the table waits for the address that a program is loaded at: no start writes it, and its pages
/// are shared.
class Text {
 public:
  constexpr Text() = default;
  /// Shorter than `longest`, and from before `pool_end`; table.cpp sees to both.
  constexpr Text(std::size_t first, std::size_t size)
      : place_(static_cast<std::uint32_t>(first << size_bits | size)) {}

  std::string_view view() const;  ///< static storage
  operator std::string_view() const { return view(); }
  // What libfmt 10 and later print of it; earlier ones take the operator.
  friend std::string_view format_as(const Text& text) { return text.view(); }
  bool empty() const { return size() == 0; }
  constexpr std::size_t first() const { return place_ >> size_bits; }
  constexpr std::size_t size() const { return place_ & ((1U << size_bits) - 1); }
  friend bool operator==(const Text& one, std::string_view other) { return one.view() == other; }

  static constexpr unsigned size_bits = 12;
  static constexpr std::size_t longest = std::size_t{1} << size_bits;
  static constexpr std::size_t pool_end = std::size_t{1} << (32 - size_bits);

 private:
  std::uint32_t place_ = 0;
};

/// A value that the kernel accepts and that does harm.
template <class Text>
struct BasicHarm {
  Comparison comparison;
  std::int64_t bound;
  std::int8_t field;  ///< the field it is about; -1: any of them
  Text result;        ///< what then happens: "every TCP write of the namespace blocks for ever"
};
using Harm = BasicHarm<Text>;

/// The values of a key that are meant; by default all.
struct Values {
  Comparison comparison = Comparison::greater;
  std::int64_t bound = std::numeric_limits<std::int64_t>::min();
};

/// An older kernel's range.
struct EarlierRange {
  Version until;  ///< the first version without it
  Integer minimum;
  Integer maximum;
};

/// Some of the catalogue's items of one kind, by their place in the list of all.
template <class Item>
struct Slice {
  std::uint8_t first = 0;
  std::uint8_t count = 0;
  const Item* begin() const;  ///< static storage
  const Item* end() const { return begin() + count; }
  std::size_t size() const { return count; }
  bool empty() const { return count == 0; }
};

/// How the kernel holds a key's value.
struct Shape {
  Encoding encoding = Encoding::unknown;
  Unit unit = Unit::none;
  Integer minimum = 0;  ///< of each field, on the newest kernel known; numbers only
  Integer maximum = 0;
  std::uint8_t fields = 1;  ///< numbers in the value; 1 for texts
};

/// What the kernel makes a default from.
enum class Formula : std::uint8_t {
  fixed,              ///< the same numbers on every machine
  page,               ///< one page
  mebibyte_in_pages,  ///< 1 MiB
  tcp_memory,         ///< shares of the memory, of tcp_mem
  udp_memory,         ///< of udp_mem
  receive_buffers,    ///< of tcp_rmem
  send_buffers,       ///< of tcp_wmem
};

/// The value that a kernel from `from` until, and without, `until` starts with. A version that is
/// in none of a key's defaults is one of which the value is not certain.
struct Default {
  constexpr Default() = default;
  constexpr Default(Integer number, Version first = {3, 16}, Version end = never)
      : numbers{number}, from(first), until(end) {}
  constexpr Default(std::array<Integer, 2> both, Version first = {3, 16}, Version end = never)
      : numbers(both), from(first), until(end) {}
  constexpr Default(Formula how) : formula(how) {}

  static constexpr Version never{std::numeric_limits<std::uint16_t>::max(), 0};
  std::array<Integer, 2> numbers{};
  Formula formula = Formula::fixed;
  Version from{3, 16};
  Version until = never;
};

/// What it means that a number is above another key's.
enum class BoundKind : std::uint8_t {
  by_meaning,    ///< the kernel does not look, and what is above has no use
  checked,       ///< the kernel refuses it, whichever of the two is written
  checked_once,  ///< it refuses it where this key is written, and not where the other one is
  advised,       ///< it has a use, and good sense keeps it below
};

/// Another key's number that this key's should not be above.
template <class Text>
struct BasicBound {
  Text key{};  ///< slash form; "" for none
  std::uint8_t field = 0;
  std::uint8_t key_field = 0;
  BoundKind kind = BoundKind::by_meaning;
};
using Bound = BasicBound<Text>;

/// The words that a key takes, where the kernel has a list of them.
template <class Text, class Texts>
struct BasicChoices {
  Text what;       ///< "congestion control"
  Texts known;     ///< those of mainline Linux, now or once, sorted; others come from elsewhere
  Texts unusable;  ///< those that the kernel takes and no link can work with, sorted
  Text usual;      ///< what to use in their place
  Text listed_by;  ///< the key (slash form) that lists those that are loaded; "" for none
  Text module;     ///< the module of a word is called this and the word; "" where it is not known
};
using Choices = BasicChoices<Text, Slice<Text>>;

template <>
const Text* Slice<Text>::begin() const;
template <>
const Harm* Slice<Harm>::begin() const;
template <>
const EarlierRange* Slice<EarlierRange>::begin() const;
template <>
const Default* Slice<Default>::begin() const;
template <>
const Choices* Slice<Choices>::begin() const;

/// The facts about one key, or about one key of each link (`*` in the pattern).
struct Parameter {
  Text pattern;                           ///< slash form; "*" stands for a link's name
  Encoding encoding = Encoding::unknown;  ///< this and the next four: see Shape
  std::uint8_t fields = 1;
  Unit unit = Unit::none;
  Integer minimum = 0;
  Integer maximum = 0;
  Scope scope = Scope::net_namespace;
  Effect effect = Effect::at_once;
  std::array<Text, 3> field_names{};  ///< {"min", "default", "max"}
  bool ordered = false;               ///< the fields must ascend for the value to make sense
  bool is_capacity = false;           ///< less of it means that the host can do less
  Version since{};                    ///< first kernel with it; {0, 0}: before 3.10
  Version removed{};                  ///< first kernel without it; {0, 0}: still there
  Version dead_since{};           ///< first kernel on which it has no effect; {0, 0}: it has one
  Version per_namespace_since{};  ///< scope net_namespace only: host-wide before
  Text instead{};                 ///< what to use for a dead, removed or misleading key; a sentence
  Text module{};                  ///< the key is there once this module is; "" where it is built in
  Text default_text{};            ///< the kernel's own default in words, where no numbers are sure
  Slice<Default> defaults{};      ///< its numbers, the latest last
  Bound bounded_by{};
  Text alias_of{};  ///< the other name of the same value, maybe in another unit; with "*" it is the
                    ///< same link's, and without it, of a link's key, that of `all`
  Slice<Text> changes{};  ///< further keys that a write changes, of a link's key a write of `all`;
                          ///< "*" stands for all links
  Slice<Choices> choices{};  ///< one or none
  Text side_effects{};       ///< what else a write changes, in words; "" for nothing
  Text lock_out{};           ///< how lock_out_at may cut the host off; "" where none can
  Values lock_out_at{};
  Slice<Harm> harms{};
  Slice<EarlierRange> earlier_ranges{};
  Text meaning{};  ///< one paragraph
  Text source{};   ///< where that is documented
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

/// Whether a key is there only as long as a link or a module is; of one that the catalogue lacks
/// (nullptr) nobody knows.
bool may_go(const Parameter* parameter);

/// The name of the parameter that was probably meant by `path`, for the same link; "" where none is
/// near.
std::string nearest_name(std::string_view path);
/// The same of a glob: one whose only sign stands for all links means one parameter; "" for others.
std::string nearest_name(const KeyGlob& glob);

/// Whether `choices` knows the word.
bool knows(const Choices& choices, std::string_view word);

/// The kernel's own default in words: "4096 since Linux 5.4, 128 before"; "" where none is known.
std::string default_text(const Parameter& parameter);

/// All of them, sorted by pattern.
std::span<const Parameter> all_parameters();

}  // namespace nettune::sysctl
