// SPDX-License-Identifier: MIT
#include "engine/profile/socket_preset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>

#include "engine/profile/correction.hpp"
#include "engine/profile/quantity.hpp"
#include "engine/sysctl/value.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;
using sysctl::Unit;

constexpr Integer int_max = 2'147'483'647;
constexpr Integer uint_max = 4'294'967'295;
constexpr std::size_t longest_algorithm = 15;  // TCP_CA_NAME_MAX less its end

// --- the options ---

// Where the kernel takes a number and makes another one of it, the range is of those it keeps.
const std::vector<SocketOptionFacts>& facts() {
  static const std::vector<SocketOptionFacts> all{
      {"nodelay", Unit::flag, 0, 1, "",
       "Sends small segments at once instead of waiting for an acknowledgement (TCP_NODELAY)."},
      {"quickack", Unit::mode, 0, 1, "off every-read",
       "Acknowledges at once; the kernel forgets it with each reply, so that it is set anew after "
       "every read (TCP_QUICKACK)."},
      {"notsent-lowat", Unit::bytes, 1, uint_max, "kernel",
       "How much unsent data a socket takes before it no longer counts as writable; \"kernel\" "
       "follows net.ipv4.tcp_notsent_lowat (TCP_NOTSENT_LOWAT)."},
      {"user-timeout", Unit::milliseconds, 0, int_max, "",
       "Ends a connection whose data has not been acknowledged for so long; 0 leaves it to the "
       "kernel. Longer than any legitimate pause of the reader (TCP_USER_TIMEOUT)."},
      {"keepalive", Unit::flag, 0, 1, "off",
       "Probes an idle peer: \"off\", or a mapping of idle, interval and probes (SO_KEEPALIVE)."},
      {"keepalive-idle", Unit::seconds, 1, 32767, "",
       "Idle time before the first probe (TCP_KEEPIDLE)."},
      {"keepalive-interval", Unit::seconds, 1, 32767, "",
       "Time between two probes (TCP_KEEPINTVL)."},
      {"keepalive-probes", Unit::count, 1, 127, "",
       "Unanswered probes after which the connection ends (TCP_KEEPCNT)."},
      {"congestion-control", Unit::none, 0, 0, "",
       "The congestion control algorithm, by its name (TCP_CONGESTION)."},
      {"receive-buffer", Unit::bytes, 1152, int_max / 2, "",
       "A fixed receive buffer. It switches the kernel's autotuning off, and so caps the "
       "throughput "
       "of a long path (SO_RCVBUF)."},
      {"send-buffer", Unit::bytes, 2304, int_max / 2, "",
       "A fixed send buffer. It switches the kernel's autotuning off, and so caps the throughput "
       "of "
       "a long path (SO_SNDBUF)."},
      {"receive-lowat", Unit::bytes, 1, int_max, "",
       "How much must have arrived before a socket counts as readable (SO_RCVLOWAT)."},
      {"defer-accept", Unit::seconds, 0, int_max, "",
       "Accepts a connection only once its first data is there, at most so long; the kernel rounds "
       "up to its retransmission times (TCP_DEFER_ACCEPT)."},
      {"fast-open-queue", Unit::connections, 0, int_max, "",
       "How many connections a listener may have whose data came with the SYN (TCP_FASTOPEN)."},
      {"fast-open-connect", Unit::flag, 0, 1, "",
       "Sends the first data with the SYN (TCP_FASTOPEN_CONNECT)."},
      {"syn-count", Unit::count, 1, 127, "",
       "How often a SYN is sent again before connect() fails (TCP_SYNCNT)."},
      {"max-segment", Unit::bytes, 88, 32767, "",
       "The largest segment that is announced to the peer (TCP_MAXSEG)."},
      {"window-clamp", Unit::bytes, 1152, int_max, "",
       "The largest window that is announced; autotuning may raise it again (TCP_WINDOW_CLAMP)."},
      {"max-pacing-rate", Unit::bytes, 1, ((static_cast<Integer>(1) << 63) - 1) / 8, "unlimited",
       "Sends no faster than this; written as a bit rate, kept in bytes per second "
       "(SO_MAX_PACING_RATE)."},
      {"busy-poll", Unit::microseconds, 0, int_max, "",
       "How long a read may spin on the device queue (SO_BUSY_POLL)."},
      {"prefer-busy-poll", Unit::flag, 0, 1, "",
       "Leaves the device's interrupts off while an application polls; needs CAP_NET_ADMIN "
       "(SO_PREFER_BUSY_POLL)."},
      {"priority", Unit::none, 0, int_max, "",
       "The queueing priority of what is sent; above 6 it needs CAP_NET_ADMIN (SO_PRIORITY)."},
      {"tos", Unit::bits, 0, 255, "",
       "The type-of-service byte of IPv4 and the traffic class of IPv6, which may be written in "
       "hexadecimal; it sets the priority as well (IP_TOS, IPV6_TCLASS)."},
      {"mark", Unit::bits, 0, uint_max, "",
       "The mark by which packets are routed and filtered, which may be written in hexadecimal; "
       "needs CAP_NET_ADMIN (SO_MARK)."},
      {"incoming-cpu", Unit::none, 0, 8191, "",
       "The CPU whose connections a listener among several takes (SO_INCOMING_CPU)."},
      {"reuse-port", Unit::flag, 0, 1, "",
       "Lets several listeners share one port; before bind() (SO_REUSEPORT)."},
      {"zero-copy", Unit::flag, 0, 1, "",
       "Allows MSG_ZEROCOPY; its records count against net.core.optmem_max (SO_ZEROCOPY)."},
      {"thin-linear-timeouts", Unit::flag, 0, 1, "",
       "No exponential back-off for a stream with few packets in flight "
       "(TCP_THIN_LINEAR_TIMEOUTS)."},
      {"bind-address-no-port", Unit::flag, 0, 1, "",
       "Chooses the local port at connect() instead of bind(), so that more connections fit "
       "(IP_BIND_ADDRESS_NO_PORT)."},
      {"linger2", Unit::seconds, 0, 120, "",
       "How long an orphaned connection waits for the peer's FIN; 0 follows "
       "net.ipv4.tcp_fin_timeout (TCP_LINGER2)."},
      {"save-syn", Unit::mode, 0, 2, "",
       "Keeps the headers of the SYN for the accepted socket; 2 with the link's (TCP_SAVE_SYN)."},
      {"write-buffer-high", Unit::bytes, 0, int_max, "",
       "asyncio: writing pauses above so many bytes in user space."},
      {"write-buffer-low", Unit::bytes, 0, int_max, "",
       "asyncio: writing goes on below so many bytes in user space."},
      {"read-limit", Unit::bytes, 1, int_max, "",
       "asyncio: the limit of a StreamReader; reading pauses at twice as much."},
  };
  return all;
}

const SocketOptionFacts& facts_of(std::string_view name) {
  return *std::ranges::find(facts(), name, &SocketOptionFacts::name);
}

// Options that are written as a mapping, and how their fields are called there.
struct Group {
  std::string_view name;
  std::span<const std::string_view> fields;
  std::string_view shape;
};

constexpr auto keepalive_fields = std::to_array<std::string_view>({"idle", "interval", "probes"});
constexpr auto fast_open_fields = std::to_array<std::string_view>({"queue", "connect"});
constexpr auto write_buffer_fields = std::to_array<std::string_view>({"high", "low"});
constexpr auto groups = std::to_array<Group>({
    {"keepalive", keepalive_fields, "keepalive: {idle: TIME, interval: TIME, probes: NUMBER}"},
    {"fast-open", fast_open_fields, "fast-open: {queue: NUMBER, connect: true or false}"},
    {"write-buffer", write_buffer_fields, "write-buffer: {high: BYTES, low: BYTES}"},
});

const Group* group_of(std::string_view name) {
  const auto found = std::ranges::find(groups, name, &Group::name);
  return found == groups.end() ? nullptr : &*found;
}

// The words of the language at the level of a preset.
const std::vector<std::string_view>& option_words() {
  static const std::vector<std::string_view> words = [] {
    std::vector<std::string_view> all;
    for (const SocketOptionFacts& option : facts()) {
      const bool is_field = std::ranges::any_of(groups, [&](const Group& group) {
        return option.name.size() > group.name.size() && option.name.starts_with(group.name);
      });
      if (!is_field) all.push_back(option.name);
    }
    all.push_back("fast-open");
    all.push_back("write-buffer");
    return all;
  }();
  return words;
}

// Whether `meaning` names the kernel's constant, with or without its TCP_, SO_ or IP_.
bool names_constant(std::string_view meaning, std::string_view constant) {
  for (std::size_t at = meaning.find(constant); at != std::string_view::npos;
       at = meaning.find(constant, at + 1)) {
    const char before = at == 0 ? ' ' : meaning[at - 1];
    const std::size_t end = at + constant.size();
    const char after = end < meaning.size() ? meaning[end] : ' ';
    if ((before == '(' || before == '_' || before == ' ') && (after == ')' || after == ',')) {
      return true;
    }
  }
  return false;
}

// The option that was meant by a misspelt word, a word cut short ("congestion") or the constant of
// C ("SO_RCVBUF", "rcvbuf"); "" where none is like it.
std::string_view option_like(std::string_view name) {
  const std::vector<std::string_view>& known = option_words();
  if (const std::string_view near = nearest(name, known); !near.empty()) return near;
  constexpr std::size_t shortest = 4;  // letters: less than these begin too many words
  if (name.size() < shortest) return {};
  const auto longer = std::ranges::find_if(
      known, [&](std::string_view word) { return word.starts_with(name) && word != name; });
  if (longer != known.end()) return *longer;
  std::string constant(name);
  for (char& c : constant) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  for (const SocketOptionFacts& option : facts()) {
    if (!names_constant(option.meaning, constant)) continue;
    const auto group = std::ranges::find_if(
        groups, [&](const Group& candidate) { return option.name.starts_with(candidate.name); });
    return group == groups.end() ? option.name : group->name;
  }
  return {};
}

std::vector<std::string_view> words_of(const SocketOptionFacts& option) {
  std::vector<std::string_view> words;
  for (std::string_view rest = option.words; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

bool takes_hexadecimal(const SocketOptionFacts& option) { return option.unit == Unit::bits; }
bool takes_rate(const SocketOptionFacts& option) { return option.name == "max-pacing-rate"; }

// What stands in a diagnostic after "takes".
std::string_view amount_name(const SocketOptionFacts& option) {
  if (takes_rate(option)) return "a bit rate: kbit/s, Mbit/s or Gbit/s";
  switch (option.unit) {
    case Unit::bytes:
      return "an amount of bytes";
    case Unit::seconds:
    case Unit::milliseconds:
    case Unit::microseconds:
      return "a time: us, ms, s or min";
    default:
      return "a plain number";
  }
}

Integer nanoseconds_in(Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return 1'000'000'000;
    case Unit::milliseconds:
      return 1'000'000;
    case Unit::microseconds:
      return 1'000;
    default:
      return 0;
  }
}

bool is_name(std::string_view text) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !text.empty() && text.front() != '-' && text.front() != '.' &&
         std::ranges::all_of(text, is_good);
}

// --- reading ---

class PresetReader {
 public:
  PresetReader(SocketPreset& preset, Diagnostics& diagnostics)
      : preset_(preset), diagnostics_(diagnostics) {}

  void read(const Node& options) {
    for (const Node::Entry& entry : options.entries()) read_entry(entry.key, entry.value);
  }

 private:
  void error(const Origin& origin, std::string message, std::string help = {}) {
    diagnostics_.list.push_back({Severity::error, origin, std::move(message), std::move(help), {}});
  }

  void read_entry(const Node& key, const Node& value) {
    const std::string_view name = key.text;
    if (name == "why") return read_why(value);
    if (const Group* group = group_of(name)) return read_group(*group, key, value);
    if (name == "cork") {
      return error(key.origin, "cork can't stand in a preset",
                   "each accepted socket inherits it from its listener, and then holds partial "
                   "segments back");
    }
    if (name == "linger") {
      return error(key.origin, "linger can't stand in a preset",
                   "each accepted socket inherits it from its listener, and close() then blocks or "
                   "resets the connection");
    }
    for (const Group& group : groups) {
      if (!name.starts_with(group.name) || name.size() < group.name.size() + 2) continue;
      const std::string_view field = name.substr(group.name.size() + 1);
      if (std::ranges::find(group.fields, field) != group.fields.end()) {
        return error(
            key.origin, fmt::format("{} is a part of {}", name, group.name),
            value.kind == Node::Kind::scalar && !value.empty
                ? fmt::format("write {}: {{{}: {}}}", group.name, field, printable(value.text))
                : "");
      }
    }
    const std::vector<std::string_view>& known = option_words();
    if (std::ranges::find(known, name) == known.end()) {
      const std::string_view near = option_like(name);
      return error(key.origin, fmt::format("unknown socket option \"{}\"", printable(name)),
                   near.empty() ? fmt::format("known are: {}", fmt::join(known, ", "))
                                : fmt::format("did you mean \"{}\"?", near));
    }
    read_option(facts_of(name), key, value);
  }

  void read_why(const Node& value) {
    if (value.kind == Node::Kind::scalar && !value.empty && !value.text.empty()) {
      preset_.why = sysctl::one_line(value.text);
    } else {
      error(value.origin, "why is a text", "it says what the preset is for, in one line");
    }
  }

  void read_group(const Group& group, const Node& key, const Node& value) {
    const bool has_switch = group.name == "keepalive";
    if (has_switch && value.kind == Node::Kind::scalar && value.text == "off") {
      return add(key, value, "keepalive", 0, "off");
    }
    if (value.kind != Node::Kind::mapping || value.entries().empty()) {
      return error(value.origin,
                   fmt::format("{} is {}a mapping of {}", group.name, has_switch ? "off, or " : "",
                               fmt::join(group.fields, ", ")),
                   group_help(group, value));
    }
    if (has_switch) add(key, value, "keepalive", 1, {});
    std::optional<Integer> high;
    std::optional<Integer> low;
    const Node* low_node = nullptr;
    for (const Node::Entry& entry : value.entries()) {
      const std::string_view field = entry.key.text;
      if (std::ranges::find(group.fields, field) == group.fields.end()) {
        const std::string_view near = nearest(field, group.fields);
        error(entry.key.origin,
              fmt::format("unknown word \"{}\" in {}", printable(field), group.name),
              near.empty() ? fmt::format("known here: {}", fmt::join(group.fields, ", "))
                           : fmt::format("did you mean \"{}\"?", near));
        continue;
      }
      const SocketOptionFacts& option = facts_of(fmt::format("{}-{}", group.name, field));
      const std::optional<Integer> number = read_option(option, entry.key, entry.value);
      if (field == "high") high = number;
      if (field == "low") {
        low = number;
        low_node = &entry.value;
      }
    }
    if (low && high && *low > *high) {
      error(low_node->origin,
            fmt::format("low is {} bytes, more than high with {}", sysctl::to_string(*low),
                        sysctl::to_string(*high)),
            "writing goes on below low, and pauses above high");
    }
    if (low_node != nullptr && !has_field(value, "high")) {
      error(low_node->origin, "low stands without high",
            "give both: writing pauses above high, and goes on below low");
    }
  }

  // "keepalive: 60 s" is its first field.
  std::string group_help(const Group& group, const Node& value) const {
    const std::string_view field = group.fields.front();
    if (value.kind == Node::Kind::scalar && !value.empty) {
      const SocketOptionFacts& option = facts_of(fmt::format("{}-{}", group.name, field));
      const std::vector<Reading> readings = readings_of(option, value);
      if (!readings.empty()) {
        return fmt::format("write {}: {{{}: {}}}", group.name, field, readings.front().text);
      }
    }
    return fmt::format("its form is {}; each field may be left out", group.shape);
  }

  // The readings of a value that the option takes.
  static std::vector<Reading> readings_of(const SocketOptionFacts& option, const Node& value) {
    Meant meant{.unit = option.unit, .is_rate = takes_rate(option)};
    std::vector<Reading> readings = readings_of_amount(value.text, meant);
    std::erase_if(readings, [&](const Reading& reading) {
      SocketPreset preset;
      Diagnostics faults;
      Node node;
      node.text = reading.text;
      PresetReader(preset, faults).read_strictly(option, node, node);
      return faults.has_errors();
    });
    return readings;
  }

  static bool has_field(const Node& mapping, std::string_view name) {
    return std::ranges::any_of(mapping.entries(),
                               [&](const Node::Entry& entry) { return entry.key.text == name; });
  }

  // The number of the option, where it has one and it is right.
  std::optional<Integer> read_option(const SocketOptionFacts& option, const Node& key,
                                     const Node& value) {
    const std::size_t before = diagnostics_.list.size();
    const std::optional<Integer> number = read_strictly(option, key, value);
    const bool is_amount = value.kind == Node::Kind::scalar && option.name != "congestion-control";
    if (diagnostics_.list.size() == before || !is_amount) return number;
    const std::vector<Reading> readings = readings_of(option, value);
    if (!readings.empty()) diagnostics_.list[before].help = help_of(readings);
    return number;
  }

  std::optional<Integer> read_strictly(const SocketOptionFacts& option, const Node& key,
                                       const Node& value) {
    if (value.kind != Node::Kind::scalar) {
      error(value.origin, fmt::format("{} takes one value, not a {}", option.name,
                                      value.kind == Node::Kind::mapping ? "mapping" : "list"));
      return std::nullopt;
    }
    if (value.empty || value.text.empty()) {
      error(value.origin, fmt::format("{} has no value", option.name));
      return std::nullopt;
    }
    if (option.name == "congestion-control") {
      read_algorithm(option, key, value);
      return std::nullopt;
    }
    if (option.unit == Unit::flag) return read_flag(option, key, value);
    const std::vector<std::string_view> words = words_of(option);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (value.text != words[i]) continue;
      add(key, value, option.name, option.unit == Unit::mode ? static_cast<Integer>(i) : 0,
          words[i]);
      return std::nullopt;
    }
    if (option.unit == Unit::mode && !words.empty()) {
      const std::string_view near = nearest(value.text, words);
      error(value.origin, fmt::format("{} is {}", option.name, fmt::join(words, " or ")),
            near.empty() ? fmt::format("\"{}\" is neither", printable(value.text))
                         : fmt::format("did you mean \"{}\"?", near));
      return std::nullopt;
    }
    const std::optional<Integer> number = read_number(option, value, words);
    if (!number) return std::nullopt;
    if (*number < option.minimum || *number > option.maximum) {
      error(value.origin,
            fmt::format("{} takes {} to {}{}", option.name, sysctl::to_string(option.minimum),
                        sysctl::to_string(option.maximum), range_unit(option)),
            range_help(option, value, *number));
      return std::nullopt;
    }
    add(key, value, option.name, *number, {});
    return number;
  }

  static std::string range_unit(const SocketOptionFacts& option) {
    if (takes_rate(option)) return " bytes per second";
    if (option.unit == Unit::bytes || nanoseconds_in(option.unit) != 0) {
      return fmt::format(" {}", sysctl::unit_name(option.unit));
    }
    return "";
  }

  static std::string range_help(const SocketOptionFacts& option, const Node& value,
                                Integer number) {
    if (option.name == "notsent-lowat" && number == 0) {
      return "to follow net.ipv4.tcp_notsent_lowat, write \"kernel\"";
    }
    const std::string plain = sysctl::to_string(number);
    return plain == value.text ? "" : fmt::format("{} is {}", printable(value.text), plain);
  }

  void read_algorithm(const SocketOptionFacts& option, const Node& key, const Node& value) {
    if (!is_name(value.text)) {
      return error(value.origin,
                   fmt::format("\"{}\" is not an algorithm's name", printable(value.text)),
                   "a name consists of letters, digits, \"_\", \"-\" and \".\"");
    }
    if (value.text.size() > longest_algorithm) {
      return error(value.origin, fmt::format("{} has {} characters, and a name at most {}",
                                             option.name, value.text.size(), longest_algorithm));
    }
    add(key, value, option.name, 0, value.text);
  }

  std::optional<Integer> read_flag(const SocketOptionFacts& option, const Node& key,
                                   const Node& value) {
    if (value.text == "true" || value.text == "false") {
      const Integer number = value.text == "true" ? 1 : 0;
      add(key, value, option.name, number, {});
      return number;
    }
    const std::string lower = [&] {
      std::string text(value.text);
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      return text;
    }();
    constexpr auto yes = std::to_array<std::string_view>({"yes", "on", "1", "y", "true"});
    constexpr auto no = std::to_array<std::string_view>({"no", "off", "0", "n", "false"});
    std::string help = fmt::format("\"{}\" is neither", printable(value.text));
    if (std::ranges::find(yes, lower) != yes.end()) help = "write true";
    if (std::ranges::find(no, lower) != no.end()) help = "write false";
    error(value.origin, fmt::format("{} is true or false", option.name), std::move(help));
    return std::nullopt;
  }

  // In the option's unit.
  std::optional<Integer> read_number(const SocketOptionFacts& option, const Node& value,
                                     const std::vector<std::string_view>& words) {
    if (takes_hexadecimal(option) && value.text.starts_with("0x")) {
      return read_hexadecimal(value);
    }
    const auto expression = parse_expression(value.text, part_of(value, 0, value.text.size()));
    if (!expression) {
      const QuantityFault& fault = expression.error();
      error(part_of(value, fault.offset, fault.length), fault.message, fault.help);
      return std::nullopt;
    }
    const auto refuse = [&]() -> std::optional<Integer> {
      std::string message = fmt::format("{} takes {}", option.name, amount_name(option));
      if (!words.empty()) message += fmt::format(", or \"{}\"", fmt::join(words, "\" or \""));
      std::string help;
      if (expression->kind == Expression::Kind::word) {
        const std::string_view near = nearest(value.text, words);
        if (!near.empty()) help = fmt::format("did you mean \"{}\"?", near);
      } else if (expression->kind != Expression::Kind::literal) {
        help = "a preset is the same on every host: it takes no % ram and no function";
      }
      error(value.origin, std::move(message), std::move(help));
      return std::nullopt;
    };
    if (expression->kind != Expression::Kind::literal) return refuse();

    const Quantity& quantity = expression->quantity;
    Integer per_unit = 1;  // base units of the quantity
    switch (quantity.dimension) {
      case Dimension::number:
        if (takes_rate(option)) return refuse();
        break;
      case Dimension::bytes:
        if (option.unit != Unit::bytes || takes_rate(option)) return refuse();
        break;
      case Dimension::duration:
        per_unit = nanoseconds_in(option.unit);
        if (per_unit == 0) return refuse();
        break;
      case Dimension::bit_rate:
        if (!takes_rate(option)) return refuse();
        // Down to the whole byte: the rate is a ceiling.
        return quantity.numerator / (quantity.denominator * 8);
      case Dimension::pages:
        return refuse();
    }
    // A quantity's denominator is a power of ten of at most 30 digits: the product fits.
    const Integer divisor = quantity.denominator * per_unit;
    if (quantity.numerator % divisor != 0) {
      const Integer below = quantity.numerator / divisor;
      const std::string_view unit = sysctl::unit_name(option.unit);
      error(value.origin,
            fmt::format("{} is not a whole number of {}", printable(value.text),
                        unit.empty() ? "units" : unit),
            fmt::format("the nearest are {} and {}", sysctl::to_string(below),
                        sysctl::to_string(below + 1)));
      return std::nullopt;
    }
    return quantity.numerator / divisor;
  }

  std::optional<Integer> read_hexadecimal(const Node& value) {
    const std::string_view digits = std::string_view(value.text).substr(2);
    constexpr std::string_view known = "0123456789abcdef";
    Integer number = 0;
    for (const char c : digits) {
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      const std::size_t digit = known.find(lower);
      if (digit == std::string_view::npos || digits.size() > 8) {
        number = -1;
        break;
      }
      number = number * 16 + static_cast<Integer>(digit);
    }
    if (number >= 0 && !digits.empty()) return number;
    error(value.origin, fmt::format("\"{}\" is not a hexadecimal number of at most 8 digits",
                                    printable(value.text)));
    return std::nullopt;
  }

  static Origin part_of(const Node& node, std::size_t offset, std::size_t length) {
    Origin origin = node.origin;
    if (!node.verbatim) return origin;
    origin.column += static_cast<int>(offset) + (node.quoted ? 1 : 0);
    origin.length = static_cast<int>(std::max<std::size_t>(length, 1));
    return origin;
  }

  void add(const Node& key, const Node& value, std::string_view name, Integer number,
           std::string_view word) {
    SocketOption option;
    option.name = name;
    option.origin = key.origin;
    option.is_word = !word.empty();
    option.word = word;
    option.number = number;
    option.text = value.text;
    preset_.options.push_back(std::move(option));
  }

  SocketPreset& preset_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::vector<SocketPreset> check_presets(const Node& sockets, Diagnostics& diagnostics) {
  std::vector<SocketPreset> presets;
  const auto error = [&](const Origin& origin, std::string message, std::string help) {
    diagnostics.list.push_back({Severity::error, origin, std::move(message), std::move(help), {}});
  };
  const std::string shape = "write:\nsockets:\n  NAME:\n    OPTION: VALUE";
  if (sockets.kind == Node::Kind::scalar && sockets.empty) return presets;
  if (sockets.kind != Node::Kind::mapping) {
    error(sockets.origin, "sockets is a mapping of preset names", shape);
    return presets;
  }
  for (const Node::Entry& entry : sockets.entries()) {
    const std::string name(entry.key.text);
    if (!is_name(name)) {
      error(entry.key.origin, fmt::format("\"{}\" is not a valid preset name", printable(name)),
            "a name consists of letters, digits, \"_\", \"-\" and \".\"");
      continue;
    }
    if (entry.value.kind != Node::Kind::mapping || entry.value.entries().empty()) {
      const std::vector<std::string_view>& words = option_words();
      // An option that was not indented below its preset.
      const bool is_option =
          group_of(name) != nullptr || std::ranges::find(words, name) != words.end();
      error(entry.value.origin,
            is_option ? fmt::format("{} is an option, and stands below a preset's name", name)
                      : fmt::format("the preset \"{}\" is a mapping of socket options", name),
            is_option && entry.value.kind == Node::Kind::scalar
                ? fmt::format("write:\nsockets:\n  default:\n    {}: {}", name,
                              printable(entry.value.text))
                : shape);
      continue;
    }
    SocketPreset preset{name, entry.key.origin, {}, {}};
    PresetReader(preset, diagnostics).read(entry.value);
    if (entry.value.entries().size() == 1 && !preset.why.empty()) {
      error(entry.key.origin, fmt::format("the preset \"{}\" has a why and no option", name),
            shape);
    }
    presets.push_back(std::move(preset));
  }
  return presets;
}

std::string to_line(const SocketPreset& preset) {
  std::string line;
  for (const SocketOption& option : preset.options) {
    const SocketOptionFacts& known = facts_of(option.name);
    std::string value = option.word;
    if (!option.is_word) {
      const Integer number = takes_rate(known) ? option.number * 8 : option.number;
      value = sysctl::to_string(number);
      if (takes_rate(known)) value += "bit/s";
      if (known.unit == Unit::seconds) value += "s";
      if (known.unit == Unit::milliseconds) value += "ms";
      if (known.unit == Unit::microseconds) value += "us";
    }
    line += fmt::format("{}{}={}", line.empty() ? "" : ",", option.name, value);
  }
  return line;
}

const std::vector<SocketOptionFacts>& all_socket_options() { return facts(); }

}  // namespace nettune::profile
