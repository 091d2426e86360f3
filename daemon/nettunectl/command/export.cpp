// SPDX-License-Identifier: MIT
// nettunectl export: what a profile comes to on this machine, as a file of sysctl.d.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "command.hpp"
#include "command/new_file.hpp"
#include "engine/audit/compare.hpp"
#include "engine/change/plan.hpp"
#include "engine/sysctl/side_effects.hpp"
#include "engine/text/characters.hpp"
#include "input/chosen_profile.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"
#include "render/audit.hpp"
#include "render/profile.hpp"

namespace nettune::ctl {
namespace {

using audit::Finding;
using audit::Verdict;
using profile::Desired;
using profile::ResolvedRule;
using profile::Rule;

// --- values ---

struct Line {
  const Finding* finding;
  std::optional<std::string> value;  // none: a comment alone
  std::string remark;
};

// The text of a rule that needs no live value.
std::optional<std::string> exact_value(const Desired& desired) {
  const bool is_exact = std::ranges::all_of(
      desired.rules(), [](const ResolvedRule& rule) { return rule.kind == Rule::Kind::exactly; });
  if (!is_exact) return std::nullopt;
  return profile::to_string(desired);
}

// systemd-sysctl takes these signs in a key for a glob, or for its end.
bool is_writable_name(const sysctl::Key& key) {
  return key.path().find_first_of("*?[=\\") == std::string::npos;
}

Line line_of(const Finding& finding,
             const std::unordered_map<std::string_view, std::string>& planned,
             std::vector<LeftOut>& left_out) {
  const Desired& desired = *finding.desired;
  const std::string reason(finding.reason.view());
  Line line{&finding, std::nullopt, reason};
  const auto leave_out = [&](std::string why) {
    left_out.push_back({desired.entry->origin, desired.key.name(), why});
    line.remark = std::move(why);
    return line;
  };
  if (finding.verdict != Verdict::skipped && !is_writable_name(desired.key)) {
    return leave_out("a line of sysctl.d cannot hold this name");
  }
  switch (finding.verdict) {
    case Verdict::match:
      line.value = exact_value(desired).value_or(finding.live().to_string());
      line.remark.clear();
      return line;
    case Verdict::drift: {
      // That it differs now is no fact about the file; that the kernel will refuse it is.
      if (!line.remark.starts_with("refused")) line.remark.clear();
      line.value = exact_value(desired);
      const auto write = planned.find(desired.key.path());
      if (!line.value && write != planned.end()) line.value = write->second;
      return line.value ? line : leave_out(reason);
    }
    case Verdict::pending:
      line.value = exact_value(desired);
      if (line.value) return line;
      return leave_out(reason + ", and the value depends on the live one");
    case Verdict::missing:
    case Verdict::unreadable:
      return leave_out(reason);
    case Verdict::skipped:
      break;
  }
  // What the profile itself leaves alone is not lost.
  const bool is_meant = desired.keeps_all() || desired.entry->optional;
  return is_meant ? line : leave_out(reason);
}

// --- order ---

// What may be written at 1024, the kernel's default, may be written before the range is.
constexpr std::string_view port_start = "net/ipv4/ip_unprivileged_port_start";
constexpr std::string_view port_range = "net/ipv4/ip_local_port_range";

// By key, but a maximum before what it bounds, and a key that changes others before these.
class Order {
 public:
  explicit Order(std::vector<Line>& lines) : lines_(lines), before_(lines.size()) {
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < lines_.size(); ++i) index.emplace(key_at(i).path(), i);
    const auto add = [&](std::string_view first, std::size_t second) {
      const auto found = index.find(first);
      if (found != index.end()) before_[second].push_back(found->second);
    };
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const sysctl::Parameter* parameter = lines_[i].finding->desired->parameter;
      if (parameter != nullptr && parameter->pattern != port_start)
        add(parameter->bounded_by.key, i);
      for (const sysctl::KeyGlob& glob : sysctl::side_effects_of(key_at(i))) add_changed(glob, i);
    }
    // The kernel refuses a range that begins below the ports for root, whichever is written first.
    const auto start = index.find(port_start);
    const auto range = index.find(port_range);
    if (start == index.end() || range == index.end()) return;
    const std::optional<std::string>& value = lines_[start->second].value;
    if (!value) return;
    const auto number = sysctl::parse_decimal(*value);
    if (number && *number <= 1024) before_[range->second].push_back(start->second);
  }

  std::vector<Line> sorted() {
    std::vector<Line> result;
    result.reserve(lines_.size());
    is_visited_.assign(lines_.size(), false);
    for (std::size_t i = 0; i < lines_.size(); ++i) visit(i, result);
    return result;
  }

 private:
  const sysctl::Key& key_at(std::size_t i) const { return lines_[i].finding->desired->key; }

  void add_changed(const sysctl::KeyGlob& glob, std::size_t first) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (i != first && glob.matches(key_at(i))) before_[i].push_back(first);
    }
  }

  // What goes in a circle stays in the order of keys. A chain is at most three keys long.
  void visit(std::size_t i, std::vector<Line>& result) {
    if (is_visited_[i]) return;
    is_visited_[i] = true;
    for (const std::size_t first : before_[i]) visit(first, result);
    result.push_back(lines_[i]);
  }

  std::vector<Line>& lines_;
  std::vector<std::vector<std::size_t>> before_;  // of each: those that come before it
  std::vector<bool> is_visited_;
};

// --- what has no place in sysctl.d ---

void leave_out_whole(const profile::ResolvedProfile& resolved, std::vector<LeftOut>& left_out) {
  const profile::Profile& profile = resolved.profile();
  if (!profile.presets().empty()) {
    left_out.push_back({profile.presets().front().origin,
                        count_of(profile.presets().size(), "socket preset"),
                        "sysctl.d holds no options of sockets", false});
  }
  if (profile.on_drift() == profile::OnDrift::report) {
    left_out.push_back(
        {{}, "on-drift: report", "systemd-sysctl does not watch what it has set", false});
  }
  std::vector<const profile::Entry*> seen;
  for (const Desired& desired : resolved.desired()) {
    const profile::Entry& entry = *desired.entry;
    if (std::ranges::find(seen, &entry) != seen.end()) continue;
    if (entry.key.is_literal() && !entry.on_drift) continue;
    seen.push_back(&entry);
    if (entry.on_drift) {
      left_out.push_back(
          {entry.origin,
           fmt::format("on-drift: {} of {}", on_drift_text(*entry.on_drift), entry.key.name()),
           "systemd-sysctl does not watch what it has set", false});
    }
    if (!entry.key.is_literal() && !desired.keeps_all()) {
      left_out.push_back({entry.origin, entry.key.name(),
                          "only the keys that it matches now are here; links that come later are "
                          "not covered"});
    }
  }
  for (const profile::Entry* entry : resolved.unmatched()) {
    left_out.push_back({entry->origin, entry->key.name(), "it matches no key now"});
  }
}

// --- writing ---

std::string head_of(const profile::ResolvedProfile& resolved, const Machine& machine,
                    const std::string& argument) {
  const profile::Profile& profile = resolved.profile();
  std::string out;
  const auto say = [&](std::string_view text) { append_comment(out, "# ", "# ", text); };
  say(fmt::format("sysctl.d(5): what the profile {} comes to on {}: {}", profile.name(),
                  machine.description, host_text(machine.host)));
  for (const SourcePtr& source : profile.sources()) say("From " + source->name);
  for (const profile::Requirement& requirement : profile.requirements()) {
    const bool is_kernel = requirement.subject == profile::Requirement::Subject::kernel;
    say(fmt::format("For machines with {} {}", is_kernel ? "Linux" : "memory", requirement.text));
  }
  say(
      fmt::format("Made by \"nettunectl export sysctl.d {}\". \"at least\" and the like are here "
                  "what they come to with the live values of this machine; make the file anew for "
                  "another one. systemd-sysctl sets the values at boot, and nothing watches them.",
                  argument));
  return out;
}

std::string comment_of(const Line& line, const std::vector<std::string>& directories) {
  const profile::Entry& entry = *line.finding->desired->entry;
  std::string text =
      fmt::format("{}: {}", short_origin(describe(entry.origin), directories), text_of(entry));
  if (!entry.key.is_literal()) text += fmt::format(", for {}", entry.key.name());
  if (!line.remark.empty()) text += fmt::format("; {}", line.remark);
  return text;
}

std::string to_sysctl_d(const profile::ResolvedProfile& resolved, const Machine& machine,
                        const std::vector<Line>& lines, const std::vector<LeftOut>& left_out,
                        const std::string& argument, const std::vector<std::string>& directories) {
  std::string out = head_of(resolved, machine, argument);
  for (const Line& line : lines) {
    const Desired& desired = *line.finding->desired;
    out += '\n';
    append_comment(out, "# ", "#   ", comment_of(line, directories));
    if (line.value) {
      // "-": where the key is not there, that is no failure.
      const bool may_lack = desired.entry->optional || line.finding->verdict == Verdict::pending;
      out += fmt::format("{}{} = {}\n", may_lack ? "-" : "", desired.key.name(), *line.value);
    } else {
      out += fmt::format("# {} is not set\n", printable(desired.key.name()));
    }
  }
  append_left_out(out, left_out);
  return out;
}

int run(const Command& self, Arguments arguments) {
  std::vector<std::string> words;
  Destination destination;
  MachineOptions which;
  Options options(self);
  options.arguments("KIND", words, false);
  destination.add_to(options);
  which.add_netns(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  if (words.empty() || words.front() != "sysctl.d") {
    return options.refuse(
        fmt::format("expected \"sysctl.d\" as the first argument{}",
                    words.empty() ? std::string() : fmt::format(", got \"{}\"", words.front())));
  }
  if (words.size() < 2) return options.refuse("no PROFILE is given");
  if (words.size() > 2) return options.refuse(fmt::format("unexpected argument \"{}\"", words[2]));
  const std::string& argument = words[1];

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const profile::Store store = make_store(machine->root, machine->host.kernel);
  const std::optional<profile::ResolvedProfile> resolved =
      resolve_chosen({argument, ChosenBy::argument}, *machine, store);
  if (!resolved) return exit_trouble;
  const audit::Audit audit = audit::compare(*resolved, *machine->tree);
  // What apply would write, had it never written anything.
  const change::Plan plan =
      change::make_plan(*resolved, audit, change::State{}, *machine->tree, argument);
  std::unordered_map<std::string_view, std::string> planned;
  for (const change::Write& write : plan.writes()) planned.emplace(write.key.path(), write.text);

  std::vector<LeftOut> left_out;
  std::vector<Line> lines;
  for (const Finding& finding : audit.findings()) {
    Line line = line_of(finding, planned, left_out);
    // A live value may hold anything: what ends a line would begin another one, for any key.
    if (line.value && find_stranger(*line.value, TextKind::name)) {
      line.value.reset();
      line.remark = "a line of sysctl.d cannot hold this value";
      left_out.push_back(
          {finding.desired->entry->origin, finding.desired->key.name(), line.remark});
    }
    lines.push_back(std::move(line));
  }
  leave_out_whole(*resolved, left_out);
  lines = Order(lines).sorted();
  return hand_over(to_sysctl_d(*resolved, *machine, lines, left_out, argument, store.directories()),
                   destination, left_out);
}

constexpr Example examples[] = {
    {"nettunectl export sysctl.d server-base", "what would be set here at boot"},
    {"nettunectl export sysctl.d server-base -o ./90-nettune.conf",
     "a file for /etc/sysctl.d, on a host without the service"},
};

}  // namespace

const Command export_command = {
    "export",
    "sysctl.d PROFILE|FILE",
    "write a profile as a file of sysctl.d, for this machine",
    "Writes a file that systemd-sysctl applies at boot: each key with the number that the profile "
    "comes to on this machine with its live values, and the line that declares it as a comment. A "
    "maximum stands before what it bounds.\n"
    "What sysctl.d cannot say is listed with the reason on standard error and at the end of the "
    "file: socket presets, what to do on drift, links that come later, keys that are not there.\n"
    "Exit status: 0 the value of each key is carried over (socket presets and what to do on drift "
    "are not counted), 1 one is left out, 2 trouble.",
    examples,
    run,
};

}  // namespace nettune::ctl
