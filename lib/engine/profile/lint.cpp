// SPDX-License-Identifier: MIT
#include "engine/profile/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "engine/profile/kernel_default.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;
using sysctl::Parameter;

class Linter {
 public:
  Linter(const ResolvedProfile& resolved, Diagnostics& diagnostics)
      : resolved_(resolved), host_(resolved.host()), diagnostics_(diagnostics) {}

  void run() {
    for (const Desired& desired : resolved_.desired()) {
      // What a glob says is said once, not for each of its keys.
      if (desired.keeps_all() || !seen_.insert(desired.entry).second) continue;
      if (desired.parameter == nullptr) continue;
      dead_key(desired);
      side_effects(desired);
      pages_for_bytes(desired);
      against_default(desired);
      unusable_words(desired);
      unknown_words(desired);
      depends_on_ticks(desired);
    }
    unknown_keys();
    keepalive();
    bounds();
    presets();
    fixed_buffers();
    ports();
    syn_backlog();
    time_wait();
    reordering();
    proven_peers();
    neighbours();
    forwarding();
    memory();
  }

 private:
  void add(Severity severity, const Origin& origin, Lint lint, std::string message,
           std::string help = {}) {
    diagnostics_.list.push_back({severity, origin, std::move(message), std::move(help), lint});
  }

  const Desired* find(std::string_view path) const {
    const auto& all = resolved_.desired();
    const auto found = std::ranges::lower_bound(
        all, path, {}, [](const Desired& d) { return std::string_view(d.key.path()); });
    return found != all.end() && found->key.path() == path && !found->keeps_all() ? &*found
                                                                                  : nullptr;
  }

  // The profile says "keep" of it, or something that is wrong: what it will be is not known.
  bool is_open(std::string_view path) const {
    const auto& all = resolved_.desired();
    const auto found = std::ranges::lower_bound(
        all, path, {}, [](const Desired& d) { return std::string_view(d.key.path()); });
    return found != all.end() && found->key.path() == path && found->keeps_all();
  }

  // What a field will be at least, and at most, once the profile is applied, where that is certain.
  static std::optional<Integer> minimum(const Desired* desired, std::size_t field) {
    if (desired == nullptr || field >= desired->rules().size()) return std::nullopt;
    const ResolvedRule& rule = desired->rules()[field];
    if (!rule.words().empty()) return std::nullopt;
    switch (rule.kind) {
      case Rule::Kind::exactly:
      case Rule::Kind::at_least:
      case Rule::Kind::between:
        return rule.low;
      case Rule::Kind::one_of:
        return *std::ranges::min_element(rule.numbers());
      case Rule::Kind::at_most:
      case Rule::Kind::keep:
        return std::nullopt;
    }
    return std::nullopt;
  }
  static std::optional<Integer> maximum(const Desired* desired, std::size_t field) {
    if (desired == nullptr || field >= desired->rules().size()) return std::nullopt;
    const ResolvedRule& rule = desired->rules()[field];
    if (!rule.words().empty()) return std::nullopt;
    switch (rule.kind) {
      case Rule::Kind::exactly:
        return rule.low;
      case Rule::Kind::at_most:
      case Rule::Kind::between:
        return rule.high;
      case Rule::Kind::one_of:
        return *std::ranges::max_element(rule.numbers());
      case Rule::Kind::at_least:
      case Rule::Kind::keep:
        return std::nullopt;
    }
    return std::nullopt;
  }

  // What a limit is once the profile is applied: of "at least" on a machine that has the kernel's
  // own default, where that is known.
  std::optional<Integer> limit(const Desired* desired) const {
    if (const std::optional<Integer> most = maximum(desired, 0)) return most;
    KernelDefault own;
    if (desired == nullptr || desired->rules().front().kind != Rule::Kind::at_least ||
        !has_kernel_default(*desired->parameter, host_, own)) {
      return std::nullopt;
    }
    return std::max(desired->rules().front().low, own.numbers.front());
  }

  // "4 MiB, the kernel's default" where "at least" asks for less.
  std::string limit_text(const Desired& desired, Integer limit) const {
    const bool is_own = desired.rules().front().kind == Rule::Kind::at_least &&
                        desired.rules().front().low != limit;
    return amount(limit, desired.parameter->unit) + (is_own ? ", the kernel's default" : "");
  }

  static const Origin& origin_of(const Desired& desired, std::size_t field) {
    const std::vector<Rule>& rules = desired.entry->rules;
    const Rule& rule = rules[std::min(field, rules.size() - 1)];
    return rule.operands().empty() ? rule.origin : rule.operands().front().origin;
  }

  std::string amount(Integer number, sysctl::Unit unit) const {
    const std::string text = readable(number, unit, host_.page_size);
    return text.empty() ? sysctl::to_string(number) : text;
  }

  static std::string field_name(const Desired& desired, std::size_t field) {
    if (desired.rules().size() == 1 || field >= 3) return desired.key.name();
    return fmt::format("the {} of {}", desired.parameter->field_names[field], desired.key.name());
  }

  bool kernel_is(sysctl::Version version) const {
    return version != sysctl::Version{} &&
           (host_.kernel == sysctl::Version{} || host_.kernel >= version);
  }

  // ProfileBuilder::check says it of a profile; a line of sysctl.d that no loader can set is as
  // easily misspelt, and the loaders pass over it.
  void unknown_keys() {
    if (!is_foreign()) return;
    for (const Entry& entry : resolved_.profile().entries()) {
      if (entry.parameter != nullptr) continue;
      const std::string near = sysctl::nearest_name(entry.key);
      if (near.empty()) continue;
      add(Severity::warning, entry.origin, "unknown-key",
          fmt::format("nettune does not know the key {}", entry.key.name()),
          fmt::format("did you mean {}?", near));
    }
  }

  void dead_key(const Desired& desired) {
    const Parameter& parameter = *desired.parameter;
    const std::string instead(parameter.instead);
    if (kernel_is(parameter.removed)) {
      add(Severity::warning, desired.entry->origin, "removed-key",
          fmt::format("Linux {} removed {}", sysctl::to_string(parameter.removed),
                      desired.key.name()),
          instead);
    } else if (kernel_is(parameter.dead_since)) {
      add(Severity::warning, desired.entry->origin, "dead-key",
          parameter.dead_since < sysctl::Version{3, 11}
              ? fmt::format("{} has no effect", desired.key.name())
              : fmt::format("{} has no effect since Linux {}", desired.key.name(),
                            sysctl::to_string(parameter.dead_since)),
          instead);
    } else if (parameter.effect == sysctl::Effect::never) {
      add(Severity::warning, desired.entry->origin, "dead-key",
          fmt::format("{} has no effect", desired.key.name()), instead);
    } else if (!instead.empty() && parameter.removed == sysctl::Version{} &&
               desired.entry->why.empty()) {
      add(Severity::note, desired.entry->origin, "misleading-key",
          fmt::format("{} is often taken for something else", desired.key.name()), instead);
    }
  }

  // A `why` is the author's word that these were thought of.
  void side_effects(const Desired& desired) {
    if (!desired.entry->why.empty()) return;
    const Parameter& parameter = *desired.parameter;
    if (!parameter.lock_out.empty() && is_risky(desired)) {
      add(Severity::warning, desired.entry->origin, "lock-out",
          fmt::format("{} may cut this host off", desired.key.name()),
          std::string(parameter.lock_out) +
              (is_foreign() ? "" : "\nSay in a \"why\" that this is meant."));
    }
    if (!parameter.side_effects.empty()) {
      add(Severity::warning, desired.entry->origin, "side-effects",
          fmt::format("{} changes more than itself", desired.key.name()),
          std::string(parameter.side_effects));
    }
  }

  // A sysctl.d file or a TuneD profile, which knows exact values alone.
  bool is_foreign() const { return resolved_.profile().path().ends_with(".conf"); }

  static bool is_risky(const Desired& desired) {
    const sysctl::Values& at = desired.parameter->lock_out_at;
    const auto is_at = [&](std::optional<Integer> number) {
      return number && sysctl::holds(at.comparison, *number, at.bound);
    };
    return !desired.rules().front().words().empty() || is_at(minimum(&desired, 0)) ||
           is_at(maximum(&desired, 0));
  }

  void pages_for_bytes(const Desired& desired) {
    if (desired.parameter->unit != sysctl::Unit::pages || host_.memory_bytes == 0) return;
    const auto memory = static_cast<Integer>(host_.memory_bytes);
    for (std::size_t field = 0; field < desired.rules().size(); ++field) {
      const std::optional<Integer> pages = minimum(&desired, field);
      if (!pages || *pages <= memory / host_.page_size) continue;
      add(Severity::error, origin_of(desired, field), "pages-for-bytes",
          fmt::format("{} counts pages, and {} of them are more than this host's memory",
                      desired.key.name(), sysctl::to_string(*pages)),
          is_foreign() ? fmt::format("if bytes were meant, write {}, the number of pages",
                                     sysctl::to_string(*pages / host_.page_size))
                       : fmt::format("if bytes were meant, write {} B", sysctl::to_string(*pages)));
      return;
    }
  }

  void against_default(const Desired& desired) {
    KernelDefault own;
    if (!has_kernel_default(*desired.parameter, host_, own)) return;
    const bool is_capacity = desired.parameter->is_capacity;
    const sysctl::Unit unit = desired.parameter->unit;
    bool repeats = true;
    for (std::size_t field = 0; field < desired.rules().size() && field < own.numbers.size();
         ++field) {
      const ResolvedRule& rule = desired.rules()[field];
      const bool is_exact = rule.kind == Rule::Kind::exactly && rule.words().empty();
      if (rule.kind != Rule::Kind::keep && !(is_exact && rule.low == own.numbers[field])) {
        repeats = false;
      }
      const std::optional<Integer> most = maximum(&desired, field);
      if (!is_capacity || !most || is_close(*most, own.numbers[field], *desired.parameter))
        continue;
      add(Severity::warning, origin_of(desired, field), "lowers-kernel",
          fmt::format("this lowers {} below the kernel's own default for this host: {} instead of "
                      "{}",
                      field_name(desired, field), amount(*most, unit),
                      amount(own.numbers[field], unit)),
          is_foreign()
              ? "leave the line out; a profile's \"at least\" raises a value and never lowers it"
              : "to raise a value and never lower it, write \"at least\"");
    }
    if (repeats && desired.entry->why.empty()) {
      add(Severity::note, desired.entry->origin, "repeats-default",
          fmt::format("{} repeats the kernel's own default", desired.key.name()),
          is_foreign() ? "" : "leave it out, or say in a \"why\" what it guards against");
    }
  }

  // Defaults that follow the memory size are known to about half a percent only.
  static bool is_close(Integer value, Integer own, const Parameter& parameter) {
    const bool follows_memory = parameter.unit == sysctl::Unit::pages || parameter.fields == 3;
    return value >= (follows_memory ? own - own / 50 : own);
  }

  void unusable_words(const Desired& desired) {
    for (const sysctl::Choices& choices : desired.parameter->choices) {
      for (const std::string& word : desired.rules().front().words()) {
        if (std::ranges::find(choices.unusable, word, &sysctl::Text::view) ==
            choices.unusable.end()) {
          continue;
        }
        add(Severity::error, origin_of(desired, 0), "harmful",
            fmt::format("the kernel takes {} as a default, and no link can work with it", word),
            fmt::format("usual are {}", choices.usual));
      }
    }
  }

  // A name that the kernel need not know. Of a foreign file its reader has said it where the kernel
  // looks at the name.
  void unknown_words(const Desired& desired) {
    for (const sysctl::Choices& choices : desired.parameter->choices) {
      if (is_foreign() && !choices.listed_by.empty()) continue;
      std::vector<std::string_view> known;
      for (const sysctl::Text& word : choices.known) known.push_back(word);
      for (const Expression& operand : desired.entry->rules.front().operands()) {
        const std::string_view word = operand.word.view();
        const std::string_view near = nearest(word, known);
        if (sysctl::knows(choices, word) || near.empty()) continue;
        add(Severity::warning, operand.origin, "unknown-name",
            fmt::format("Linux has no {} \"{}\" of its own", choices.what, printable(word)),
            fmt::format("did you mean {}?", near));
      }
    }
  }

  // Some limits follow the kernel's rate of timer ticks, which a program can't ask for:
  // distributions choose 250 or 1000 a second, and some 100 or 300.
  void depends_on_ticks(const Desired& desired) {
    const Parameter& parameter = *desired.parameter;
    if (parameter.encoding == sysctl::Encoding::seconds) {
      constexpr Integer most = 2147483647 / 1000;
      for (std::size_t field = 0; field < desired.rules().size(); ++field) {
        const std::optional<Integer> seconds = minimum(&desired, field);
        if (!seconds || *seconds <= most) continue;
        add(Severity::warning, origin_of(desired, field), "depends-on-ticks",
            fmt::format("a kernel with 1000 timer ticks a second refuses more than {} s",
                        sysctl::to_string(most)));
      }
      return;
    }
    const std::optional<Integer> microseconds = maximum(&desired, 0);
    constexpr sysctl::Version with_minimum{6, 14};
    if (parameter.pattern != "net/core/netdev_budget_usecs" || !microseconds ||
        *microseconds >= 8000 ||
        (host_.kernel != sysctl::Version{} && host_.kernel < with_minimum)) {
      return;
    }
    add(Severity::warning, origin_of(desired, 0), "depends-on-ticks",
        fmt::format(
            "the kernel refuses less than two timer ticks: {} us are enough with 1000 ticks a "
            "second, and not with 250",
            sysctl::to_string(*microseconds)),
        "two ticks are 8000 us with 250 ticks a second, as Debian's kernels have them");
  }

  void keepalive() {
    const Desired* time = find("net/ipv4/tcp_keepalive_time");
    const Desired* interval = find("net/ipv4/tcp_keepalive_intvl");
    const std::optional<Integer> longest_time = maximum(time, 0);
    const std::optional<Integer> longest_interval = maximum(interval, 0);
    if (longest_time && longest_interval && *longest_time <= 0 && *longest_interval <= 0) {
      add(Severity::error, origin_of(*interval, 0), "harmful",
          "with tcp_keepalive_time and tcp_keepalive_intvl both 0, idle connections with keepalive "
          "die within seconds (ETIMEDOUT)",
          "leave one of them out: the kernel's own are 2 h and 75 s");
    }
  }

  // What the kernel itself refuses resolve() has looked at.
  void bounds() {
    for (const Desired& desired : resolved_.desired()) {
      if (desired.parameter == nullptr || desired.parameter->bounded_by.key.empty()) continue;
      const sysctl::Bound& bound = desired.parameter->bounded_by;
      const Desired* other = find(bound.key);
      const std::optional<Integer> value = minimum(&desired, bound.field);
      if (!value) continue;
      if (bound.kind == sysctl::BoundKind::by_meaning) above_maximum(desired, *value, other);
      if (bound.kind == sysctl::BoundKind::advised) below_need(desired, *value, other);
    }
  }

  void above_maximum(const Desired& desired, Integer value, const Desired* ceiling) {
    const std::optional<Integer> most = limit(ceiling);
    if (!most || value <= *most) return;
    add(Severity::warning, origin_of(desired, 0), "default-above-max",
        fmt::format("{} ({}) is above {} ({})", desired.key.name(),
                    amount(value, desired.parameter->unit), ceiling->key.name(),
                    limit_text(*ceiling, *most)),
        "the kernel does not check it: a program that sets its buffer gets less than one that "
        "does not");
  }

  void below_need(const Desired& tcp, Integer autotuned, const Desired* core) {
    // "at least" below it is as the kernel's own defaults are.
    const std::optional<Integer> most = maximum(core, 0);
    if (!most || autotuned <= *most) return;
    const bool is_receive = tcp.parameter->pattern == "net/ipv4/tcp_rmem";
    add(Severity::warning, origin_of(*core, 0), "limit-below-need",
        fmt::format("{} ({}) is below the max of {} ({})", core->key.name(),
                    amount(*most, sysctl::Unit::bytes), tcp.key.name(),
                    amount(autotuned, sysctl::Unit::bytes)),
        fmt::format("a program that sets {} itself gets less than the kernel's own tuning would "
                    "give it",
                    is_receive ? "SO_RCVBUF" : "SO_SNDBUF"));
  }

  void presets() {
    struct Pair {
      std::string_view option;
      std::string_view key;
    };
    constexpr auto pairs = std::to_array<Pair>(
        {{"receive-buffer", "net/core/rmem_max"}, {"send-buffer", "net/core/wmem_max"}});
    for (const SocketPreset& preset : resolved_.profile().presets()) {
      for (const SocketOption& option : preset.options) {
        for (const Pair& pair : pairs) {
          const Desired* core = find(pair.key);
          const std::optional<Integer> most = limit(core);
          if (option.name != pair.option || option.is_word || !most || option.number <= *most) {
            continue;
          }
          add(Severity::warning, option.origin, "limit-below-need",
              fmt::format("the preset {} asks for {}, and this profile's {} cuts it to {}",
                          preset.name, amount(option.number, sysctl::Unit::bytes), core->key.name(),
                          limit_text(*core, *most)));
        }
      }
    }
  }

  // A buffer that a program sets stays as large: the kernel no longer fits it to the path. A `why`
  // is the author's word that this was thought of.
  void fixed_buffers() {
    for (const SocketPreset& preset : resolved_.profile().presets()) {
      if (!preset.why.empty()) continue;
      for (const SocketOption& option : preset.options) {
        if (option.name != "receive-buffer" && option.name != "send-buffer") continue;
        std::string size = amount(option.number, sysctl::Unit::bytes);
        if (size.starts_with('~')) size.erase(0, 1);
        add(Severity::warning, option.origin, "fixed-buffer",
            fmt::format("a {} of {} switches the kernel's autotuning off for each socket of the "
                        "preset {}",
                        option.name, size, preset.name),
            fmt::format(
                "a connection then carries about {} per round trip: {} at 100 ms, whatever "
                "the path could do\nleave the option out, or say in a \"why\" of the preset "
                "that this is meant",
                size, rate_at_100_ms(option.number)));
      }
    }
  }

  // One decimal, rounded down: "5.2 Mbit/s" for 64 KiB in each tenth of a second.
  static std::string rate_at_100_ms(Integer bytes) {
    constexpr auto units = std::to_array<std::string_view>({"bit/s", "kbit/s", "Mbit/s", "Gbit/s"});
    constexpr Integer tenths_of_bits_per_byte = static_cast<Integer>(8) * 10 * 10;
    Integer tenths = bytes * tenths_of_bits_per_byte;
    std::size_t unit = 0;
    while (tenths >= 10'000 && unit + 1 < units.size()) {
      tenths /= 1000;
      ++unit;
    }
    const std::string fraction = tenths % 10 == 0 ? "" : "." + sysctl::to_string(tenths % 10);
    return fmt::format("{}{} {}", sysctl::to_string(tenths / 10), fraction, units[unit]);
  }

  bool is_refused(const Origin& origin) const {
    return std::ranges::any_of(diagnostics_.list, [&](const Diagnostic& one) {
      return one.lint == "refused" && one.origin.source == origin.source &&
             one.origin.line == origin.line && one.origin.column == origin.column;
    });
  }

  void ports() {
    const Desired* range = find("net/ipv4/ip_local_port_range");
    const Desired* start = find("net/ipv4/ip_unprivileged_port_start");
    // By the live values, where resolve() had them.
    const bool is_told = (start != nullptr && is_refused(origin_of(*start, 0))) ||
                         (range != nullptr && is_refused(origin_of(*range, 0)));
    const std::optional<Integer> low = maximum(range, 0);
    const std::optional<Integer> high = maximum(range, 1);
    if (range != nullptr && low && high && *low % 2 == *high % 2) {
      add(Severity::note, origin_of(*range, 0), "port-parity",
          "both ends of the port range are even, or both odd: the kernel logs a warning, for it "
          "wants one of each");
    }
    if (is_told) return;
    constexpr Integer usual_low = 32768;
    const std::optional<Integer> new_start = minimum(start, 0);
    if (range == nullptr && !is_open("net/ipv4/ip_local_port_range") && new_start &&
        *new_start > usual_low) {
      add(Severity::warning, origin_of(*start, 0), "refused",
          fmt::format(
              "the kernel refuses to begin the unprivileged ports ({}) above the first port "
              "of net.ipv4.ip_local_port_range, which is {} by default",
              sysctl::to_string(*new_start), sysctl::to_string(usual_low)),
          "raise the range as well: nettune writes it first");
    }
    constexpr Integer usual_start = 1024;
    const Integer first = minimum(start, 0).value_or(usual_start);
    if (range == nullptr || !low || *low >= first) return;
    if (is_open("net/ipv4/ip_unprivileged_port_start")) return;
    add(Severity::error, origin_of(*range, 0), "refused",
        fmt::format("the kernel refuses a port range that begins ({}) below "
                    "net.ipv4.ip_unprivileged_port_start ({})",
                    sysctl::to_string(*low), sysctl::to_string(first)));
  }

  void syn_backlog() {
    const Desired* backlog = find("net/ipv4/tcp_max_syn_backlog");
    if (backlog == nullptr || !backlog->entry->why.empty()) return;
    const std::optional<Integer> cookies = maximum(find("net/ipv4/tcp_syncookies"), 0);
    if ((cookies && *cookies == 0) || is_open("net/ipv4/tcp_syncookies")) return;
    if (host_.kernel != sysctl::Version{} && host_.kernel < sysctl::Version{4, 4}) return;
    add(Severity::warning, backlog->entry->origin, "no-effect",
        "tcp_max_syn_backlog matters only while tcp_syncookies is 0",
        "since Linux 4.4 the listen backlog limits the SYN queue: raise net.core.somaxconn and the "
        "program's own listen(2) backlog");
  }

  void time_wait() {
    const Desired* reuse = find("net/ipv4/tcp_tw_reuse");
    const std::optional<Integer> stamps = maximum(find("net/ipv4/tcp_timestamps"), 0);
    if (reuse == nullptr || !stamps || *stamps != 0 || minimum(reuse, 0).value_or(0) == 0) return;
    add(Severity::warning, origin_of(*reuse, 0), "no-effect",
        "tcp_tw_reuse needs tcp_timestamps, which this profile switches off");
  }

  void reordering() {
    const Desired* initial = find("net/ipv4/tcp_reordering");
    const Desired* maximal = find("net/ipv4/tcp_max_reordering");
    const std::optional<Integer> limit = maximum(maximal, 0);
    const std::optional<Integer> value = minimum(initial, 0);
    constexpr Integer usual_limit = 300;
    if (value && *value > usual_limit && maximal == nullptr &&
        !is_open("net/ipv4/tcp_max_reordering")) {
      add(Severity::warning, origin_of(*initial, 0), "refused",
          fmt::format("the kernel refuses a tcp_reordering ({}) above tcp_max_reordering, which is "
                      "{} by default",
                      sysctl::to_string(*value), sysctl::to_string(usual_limit)),
          "raise net.ipv4.tcp_max_reordering as well");
    }
    if (!limit || !value || *value <= *limit) return;
    add(Severity::error, origin_of(*initial, 0), "refused",
        fmt::format("the kernel refuses a tcp_reordering ({}) above tcp_max_reordering ({})",
                    sysctl::to_string(*value), sysctl::to_string(*limit)));
  }

  // Of a peer whose round-trip time is not remembered the kernel has no proof that it is one.
  void proven_peers() {
    const Desired* forgets = find("net/ipv4/tcp_no_metrics_save");
    const std::optional<Integer> cookies = maximum(find("net/ipv4/tcp_syncookies"), 0);
    if (minimum(forgets, 0).value_or(0) == 0 || !cookies || *cookies != 0) return;
    add(Severity::warning, origin_of(*forgets, 0), "no-effect",
        "with tcp_syncookies at 0, known peers lose their places in a full tcp_max_syn_backlog: "
        "what "
        "is known of them is no longer saved");
  }

  void neighbours() {
    for (const std::string_view family : {"ipv4", "ipv6"}) {
      const Desired* previous = nullptr;
      for (int level = 1; level <= 3; ++level) {
        const Desired* next = find(fmt::format("net/{}/neigh/default/gc_thresh{}", family, level));
        const std::optional<Integer> low = minimum(previous, 0);
        const std::optional<Integer> high = maximum(next, 0);
        if (low && high && *low > *high) {
          add(Severity::warning, origin_of(*next, 0), "inverted",
              fmt::format("{} ({}) is below {} ({})", next->key.name(), sysctl::to_string(*high),
                          previous->key.name(), sysctl::to_string(*low)),
              "gc_thresh1, gc_thresh2 and gc_thresh3 ascend");
        }
        if (next != nullptr) previous = next;
      }
    }
  }

  // Two names of one value.
  void forwarding() {
    const Desired* host = find("net/ipv4/ip_forward");
    const Desired* all = find("net/ipv4/conf/all/forwarding");
    const auto is_off = [](const Desired* desired) { return maximum(desired, 0) == Integer{0}; };
    const auto is_on = [](const Desired* desired) { return minimum(desired, 0) > Integer{0}; };
    if (!(is_on(host) && is_off(all)) && !(is_off(host) && is_on(all))) return;
    // Of lines the later one wins, so the earlier one is wrong.
    const Origin& one = origin_of(*host, 0);
    const Origin& other = origin_of(*all, 0);
    const bool is_earlier = one.source == other.source && one.line < other.line;
    add(is_foreign() ? Severity::warning : Severity::error, is_earlier ? one : other,
        "contradiction",
        "net.ipv4.conf.all.forwarding and net.ipv4.ip_forward are one value, and here it is both "
        "on and off",
        is_foreign() ? "the later line wins"
                     : "ip_forward sets all links; give single links their own "
                       "conf.LINK.forwarding");
  }

  // What could be tied up at worst: the pools' hard limits, and how few sockets fill TCP's.
  void memory() {
    if (host_.memory_bytes == 0) return;
    const auto memory = static_cast<Integer>(host_.memory_bytes);
    const Desired* tcp = find("net/ipv4/tcp_mem");
    // Of udp_mem the first field is the one that limits.
    const Desired* udp = find("net/ipv4/udp_mem");
    const Integer tcp_pages = minimum(tcp, 2).value_or(0);
    const Integer udp_pages = minimum(udp, 0).value_or(0);
    if (tcp_pages > memory / host_.page_size || udp_pages > memory / host_.page_size) {
      return;  // pages taken for bytes: said already
    }
    const Integer pool = (tcp_pages + udp_pages) * host_.page_size;
    const bool is_tcp = tcp_pages >= udp_pages;
    if (const Desired* larger = is_tcp ? tcp : udp; larger != nullptr && pool > memory / 2) {
      add(Severity::warning, origin_of(*larger, is_tcp ? 2 : 0), "worst-case-memory",
          fmt::format("at worst, sockets may tie up {} of this host's {}",
                      readable(pool, sysctl::Unit::bytes, host_.page_size),
                      readable(memory, sysctl::Unit::bytes, host_.page_size)),
          "the kernel's own limit for TCP is about 9% of the memory");
    }
    const Desired* receive = find("net/ipv4/tcp_rmem");
    const Desired* send = find("net/ipv4/tcp_wmem");
    const Integer one = std::max(minimum(receive, 2).value_or(0), minimum(send, 2).value_or(0));
    const Integer limit = tcp_pages > 0 ? tcp_pages * host_.page_size : memory / 11;
    constexpr Integer few = 8;
    const Desired* larger = one == minimum(receive, 2).value_or(0) ? receive : send;
    if (larger != nullptr && one > 0 && limit / one < few) {
      add(Severity::warning, origin_of(*larger, 2), "worst-case-memory",
          fmt::format(
              "{} connections with full buffers of {} exhaust what TCP may use on this host "
              "({})",
              sysctl::to_string(limit / one + 1),
              readable(one, sysctl::Unit::bytes, host_.page_size),
              readable(limit, sysctl::Unit::bytes, host_.page_size)));
    }
  }

  const ResolvedProfile& resolved_;
  const Host& host_;
  Diagnostics& diagnostics_;
  std::set<const Entry*> seen_;
};

}  // namespace

void lint(const ResolvedProfile& resolved, Diagnostics& diagnostics) {
  Linter(resolved, diagnostics).run();
}

}  // namespace nettune::profile
