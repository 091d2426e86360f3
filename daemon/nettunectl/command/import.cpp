// SPDX-License-Identifier: MIT
// nettunectl import: a profile that says what files of sysctl.d or a TuneD profile say.
#include "command/import.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "command.hpp"
#include "engine/foreign/sysctl_d_order.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/resolve.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "render/profile.hpp"

namespace nettune::ctl {
namespace {

using profile::Entry;
using profile::Expression;
using profile::Quantity;
using sysctl::Integer;
using sysctl::Unit;

// What was read, and what of it the profile does not hold.
struct Imported {
  std::string origin;   // for the head: "the TuneD profile balanced"
  std::string summary;  // of the profile
  std::vector<Entry> entries;
  std::vector<SourcePtr> sources;
  std::vector<LeftOut> left_out;
};

// --- reading ---

// A file as a whole; its source is kept with the others.
void leave_file_out(Imported& imported, const std::string& path, std::string reason) {
  auto source = std::make_shared<Source>(Source{path, ""});
  imported.left_out.push_back({{source.get(), 0, 0, 1}, "", std::move(reason)});
  imported.sources.push_back(std::move(source));
}

// A file without a line of net. is not among those that the summary counts.
std::string summary_of(const Imported& imported, const std::vector<std::string>& read) {
  std::vector<std::string> with_lines;
  for (const std::string& path : read) {
    const auto is_of_it = [&](const auto& one) {
      return one.origin.line > 0 && one.origin.source->name == path;
    };
    if (std::ranges::any_of(imported.entries, is_of_it) ||
        std::ranges::any_of(imported.left_out, is_of_it)) {
      with_lines.push_back(path);
    }
  }
  if (with_lines.empty()) with_lines = read;
  return with_lines.size() == 1 ? fmt::format("What {} sets", with_lines.front())
                                : count_of(with_lines.size(), "file") + " of sysctl.d";
}

std::optional<Imported> read_sysctl_d(const std::vector<std::string>& files,
                                      Diagnostics& diagnostics) {
  Imported imported;
  profile::SysctlOrder order = profile::order_of_sysctl_d(files);
  for (const std::string& path : order.read) {
    if (profile::is_mask(path)) {
      leave_file_out(imported, path, "it is a mask, which hides the files of its name");
    }
  }
  std::erase_if(order.read, profile::is_mask);
  for (const auto& [path, by] : order.masked) {
    leave_file_out(
        imported, path,
        fmt::format("systemd-sysctl does not read it: {} has the same name and comes first",
                    printable(by)));
  }
  std::optional<profile::Profile> profile =
      told(profile::load_sysctl_d(order.read, diagnostics, &imported.left_out));
  if (!profile) return std::nullopt;
  imported.entries = std::move(*profile).take_entries();
  imported.sources.insert(imported.sources.end(), profile->sources().begin(),
                          profile->sources().end());
  imported.origin = fmt::format("{}", fmt::join(order.read, ", "));
  imported.summary = summary_of(imported, order.read);
  return imported;
}

std::optional<Imported> read_tuned(std::string name, const std::string& root,
                                   Diagnostics& diagnostics) {
  Imported imported;
  const bool has_slash = name.find('/') != std::string::npos;
  // TuneD's profiles are folders.
  const std::string inside = name + (name.ends_with('/') ? "" : "/") + "tuned.conf";
  if (has_slash && access(inside.c_str(), F_OK) == 0) name = inside;
  std::optional<profile::Profile> profile =
      told(profile::load_tuned(name, root, diagnostics, &imported.left_out));
  if (!profile) return std::nullopt;
  imported.entries = std::move(*profile).take_entries();
  imported.sources = profile->sources();
  imported.origin = fmt::format("the TuneD profile {}, {}", profile->name(), profile->path());
  imported.summary = fmt::format("TuneD's {}{}{}", profile->name(),
                                 profile->summary().empty() ? "" : ": ", profile->summary());
  return imported;
}

// --- keys that are not there ---

// A loader passes over a line whose key is not there, and a profile that asked for the key would
// never be met: what Linux has removed is left out, and the others become optional. With --kernel
// the keys of this machine tell nothing of the other one. false after a report.
bool settle_absent(Imported& imported, const Machine& machine, Diagnostics& diagnostics) {
  const sysctl::Version kernel = machine.host.kernel;
  std::vector<Entry> kept;
  for (Entry& entry : imported.entries) {
    const sysctl::Parameter* parameter = entry.parameter;
    if (parameter != nullptr && parameter->removed != sysctl::Version{} &&
        kernel >= parameter->removed) {
      imported.left_out.push_back(
          {entry.origin, entry.key.name(),
           fmt::format("Linux {} removed it", sysctl::to_string(parameter->removed))});
      continue;
    }
    bool is_absent = false;
    if (!machine.is_other_kernel && entry.key.is_literal()) {
      const Result<sysctl::Access> access = machine.tree->access_of(entry.key.literal());
      if (!access) {
        diagnostics.list.push_back(
            {Severity::error, entry.origin, describe(access.error()), "", ""});
        return false;
      }
      is_absent = *access == sysctl::Access::unknown;
    } else if (parameter != nullptr) {
      is_absent = kernel < parameter->since || !parameter->module.empty();
    }
    const bool keeps = entry.rules.size() == 1 && entry.rules[0].kind == profile::Rule::Kind::keep;
    if (is_absent && !keeps) entry.optional = true;
    kept.push_back(std::move(entry));
  }
  imported.entries = std::move(kept);
  return true;
}

// --- values ---

// The unit in which `number` is plain to read, as an amount of base units; as it is where none is.
Quantity readable_quantity(Integer number, Unit unit) {
  constexpr Integer nanoseconds_per_us = 1000;
  const Quantity plain{number, 1, profile::Dimension::number};
  if (number <= 0) return plain;
  const auto time = [&](Integer nanoseconds) {
    // Without a limit, times a factor: what counts days in nanoseconds is far below.
    if (number > std::numeric_limits<std::int64_t>::max()) return plain;
    if (number * nanoseconds % nanoseconds_per_us != 0) return plain;
    return Quantity{number * nanoseconds, 1, profile::Dimension::duration};
  };
  switch (unit) {
    case Unit::bytes:
      if (number % 1024 != 0 && number % 1000 != 0) return plain;
      return {number, 1, profile::Dimension::bytes};
    case Unit::seconds:
      return time(1'000'000'000);
    case Unit::centiseconds:
      return time(10'000'000);
    case Unit::milliseconds:
      return time(1'000'000);
    case Unit::microseconds:
      return time(1000);
    case Unit::nanoseconds:
      return time(1);
    default:
      return plain;
  }
}

void give_units(Entry& entry) {
  if (entry.parameter == nullptr) return;
  for (profile::Rule& rule : entry.rules) {
    for (Expression& operand : rule.operands()) {
      if (operand.kind != Expression::Kind::literal) continue;
      operand.quantity = readable_quantity(operand.quantity.numerator, entry.parameter->unit);
    }
  }
}

// The place of the line, and what it does not seem to say.
std::string why_of(const Entry& entry, const Diagnostics& diagnostics) {
  std::string why = describe(entry.origin);
  for (const Diagnostic& one : diagnostics.list) {
    const bool is_here =
        one.origin.source == entry.origin.source && one.origin.line == entry.origin.line;
    if (is_here && one.severity != Severity::error && one.lint != "repeated") {
      why += fmt::format("; {}", printable(one.message));
    }
  }
  return why;
}

// --- writing ---

struct Written {
  std::string text;
  std::vector<int> first_lines;  // of each entry
};

Written to_yaml(const Imported& imported) {
  Written written;
  std::string& out = written.text;
  append_comment(out, "# ", "# ", fmt::format("Made by nettunectl import of {}", imported.origin));
  out += fmt::format("nettune: 1\nsummary: {}\n", yaml_scalar(printable(imported.summary)));
  if (!imported.entries.empty()) out += "sysctl:\n";
  int line = static_cast<int>(std::ranges::count(out, '\n')) + 1;
  for (const Entry& entry : imported.entries) {
    const std::size_t begin = out.size();
    written.first_lines.push_back(line);
    append_yaml_entry(out, entry.key.name(), yaml_value(entry), entry, "");
    line += static_cast<int>(std::ranges::count(std::string_view(out).substr(begin), '\n'));
  }
  append_left_out(out, imported.left_out);
  return written;
}

// Whether a rule that was read back is the one that was written.
bool is_same(const profile::Rule& a, const profile::Rule& b, Unit unit, const profile::Host& host) {
  return a.kind == b.kind &&
         std::ranges::equal(a.operands(), b.operands(),
                            [&](const Expression& x, const Expression& y) {
                              const bool is_word = x.kind == Expression::Kind::word;
                              if (is_word || y.kind == Expression::Kind::word)
                                return x.word == y.word;
                              const auto first = profile::evaluate(x, unit, host);
                              const auto second = profile::evaluate(y, unit, host);
                              return first && second && *first == *second;
                            });
}

// A text may be a word of the language: a queue discipline called "keep".
void find_changed(const std::vector<Entry>& written, const std::vector<Entry>& read,
                  const profile::Host& host, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < std::min(written.size(), read.size()); ++i) {
    const Unit unit = written[i].parameter == nullptr ? Unit::none : written[i].parameter->unit;
    const bool is_kept =
        std::ranges::equal(written[i].rules, read[i].rules,
                           [&](const auto& a, const auto& b) { return is_same(a, b, unit, host); });
    if (is_kept) continue;
    Diagnostic fault;
    fault.origin = read[i].origin;
    fault.message = "the value means something else in a profile";
    diagnostics.list.push_back(std::move(fault));
  }
}

// What "check" has against the profile, and what it does not say as it was meant.
Diagnostics check(const std::string& text, const std::vector<Entry>& entries,
                  const Machine& machine) {
  Diagnostics diagnostics;
  const std::optional<profile::Document> document =
      profile::parse_document("the profile", text, diagnostics);
  if (!document) return diagnostics;
  std::optional<profile::Profile> profile =
      profile::ProfileBuilder::check(*document, diagnostics, machine.host.kernel);
  if (!profile) return diagnostics;
  if (diagnostics.has_errors()) return diagnostics;
  find_changed(entries, profile->entries(), machine.host, diagnostics);
  const std::optional<profile::ResolvedProfile> resolved =
      profile::resolve(std::move(*profile), machine.host, *machine.tree, diagnostics);
  if (resolved) profile::lint(*resolved, diagnostics);
  return diagnostics;
}

// The entry that a diagnostic of the written text is about.
std::optional<std::size_t> entry_at(const Written& written, int line) {
  const auto after = std::ranges::upper_bound(written.first_lines, line);
  if (after == written.first_lines.begin()) return std::nullopt;
  return static_cast<std::size_t>(after - written.first_lines.begin()) - 1;
}

// Says in an entry's "why" what it risks: a "why" is an author's word that this was thought of, and
// nobody has looked at what is imported.
void name_risks(Imported& imported, const Machine& machine) {
  const Written bare = to_yaml(imported);
  for (const Diagnostic& one : check(bare.text, imported.entries, machine).list) {
    if (one.lint != "lock-out" && one.lint != "side-effects") continue;
    const std::optional<std::size_t> i = entry_at(bare, one.origin.line);
    if (!i) continue;
    Entry& entry = imported.entries[*i];
    // The help's first line is the catalogue's text. A glob's entry has no parameter to ask.
    const std::string_view risk = std::string_view(one.help).substr(0, one.help.find('\n'));
    entry.why =
        SharedText(fmt::format("{}{}{}", entry.why.view(), entry.why.empty() ? "" : " ", risk));
  }
}

// Takes out the entries that "check" calls errors: the kernel may take them, a profile may not.
// false where an error is about no entry.
bool drop_faulty(Imported& imported, const Written& written, const Diagnostics& diagnostics) {
  std::vector<bool> is_faulty(imported.entries.size(), false);
  for (const Diagnostic& one : diagnostics.list) {
    if (one.severity != Severity::error) continue;
    const std::optional<std::size_t> i = entry_at(written, one.origin.line);
    if (!i) return false;
    if (is_faulty[*i]) continue;
    is_faulty[*i] = true;
    const Entry& entry = imported.entries[*i];
    imported.left_out.push_back({entry.origin, entry.key.name(), one.message});
  }
  std::size_t i = 0;
  std::erase_if(imported.entries, [&](const Entry&) { return is_faulty[i++]; });
  return true;
}

// Takes out entries until "check" finds no error in the rest; the errors where that is in vain.
Diagnostics make_good(Imported& imported, const Machine& machine) {
  for (;;) {
    const Written written = to_yaml(imported);
    Diagnostics faults = check(written.text, imported.entries, machine);
    if (!faults.has_errors()) return {};
    if (!drop_faulty(imported, written, faults)) return faults;
  }
}

// By file and line, files in the order in which they were read.
void sort_by_place(Imported& imported) {
  const auto rank = [&](const LeftOut& one) {
    const auto source = std::ranges::find_if(
        imported.sources, [&](const SourcePtr& known) { return known.get() == one.origin.source; });
    return std::pair(source - imported.sources.begin(), one.origin.line);
  };
  std::ranges::stable_sort(imported.left_out, {}, rank);
}

int run(const Command& self, Arguments arguments) {
  std::vector<std::string> words;
  Destination destination;
  MachineOptions which;
  Options options(self);
  options.arguments("KIND", words, false);
  destination.add_to(options);
  which.add_facts(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  if (words.empty() || (words.front() != "sysctl.d" && words.front() != "tuned")) {
    return options.refuse(
        fmt::format("expected \"sysctl.d\" or \"tuned\" as the first argument{}",
                    words.empty() ? std::string() : fmt::format(", got \"{}\"", words.front())));
  }
  const std::string kind = words.front();
  const std::vector<std::string> names(words.begin() + 1, words.end());
  if (names.empty()) {
    return options.refuse(kind == "tuned" ? "no PROFILE is given" : "no FILE is given");
  }
  if (kind == "tuned" && names.size() > 1) {
    return options.refuse(fmt::format("unexpected argument \"{}\"", names[1]));
  }

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  Diagnostics diagnostics;
  const std::optional<ImportedProfile> imported =
      import_profile(kind, names, *machine, diagnostics);
  if (!imported) {
    print_error(format_all(diagnostics, look_at_terminal(STDERR_FILENO)));
    return exit_trouble;
  }
  return hand_over(imported->text, destination, imported->left_out);
}

constexpr Example examples[] = {
    {"nettunectl import sysctl.d /etc/sysctl.d/*.conf -o ./mine.yaml",
     "what systemd-sysctl would set from these files, as a profile"},
    {"nettunectl import tuned network-latency", "a TuneD profile with what it includes"},
};

}  // namespace

std::optional<ImportedProfile> import_profile(const std::string& kind,
                                              const std::vector<std::string>& names,
                                              const Machine& machine, Diagnostics& diagnostics) {
  std::optional<Imported> imported = kind == "tuned"
                                         ? read_tuned(names.front(), machine.root, diagnostics)
                                         : read_sysctl_d(names, diagnostics);
  if (!imported) return std::nullopt;
  if (!settle_absent(*imported, machine, diagnostics)) return std::nullopt;
  std::ranges::for_each(imported->entries, give_units);
  Diagnostics faults = make_good(*imported, machine);
  if (!faults.has_errors()) name_risks(*imported, machine);
  for (Entry& entry : imported->entries) {
    const std::string place = why_of(entry, diagnostics);
    entry.why =
        SharedText(entry.why.empty() ? place : fmt::format("{}. {}", place, entry.why.view()));
  }
  if (!faults.has_errors()) faults = make_good(*imported, machine);
  if (faults.has_errors()) {
    faults.list.push_back({Severity::error, {}, "no profile can say this", {}, {}});
    diagnostics = std::move(faults);
    return std::nullopt;
  }
  sort_by_place(*imported);
  std::string text = to_yaml(*imported).text;
  return ImportedProfile{std::move(text), std::move(imported->left_out),
                         std::move(imported->sources)};
}

const Command import_command = {
    "import",
    "sysctl.d FILE... | tuned PROFILE|FILE",
    "make a profile of sysctl.d files or of a TuneD profile",
    "Writes a profile that sets what the files set: the values that the kernel holds after them, "
    "in units where these are exact, each with its line as the reason.\n"
    "\"sysctl.d\" takes files of sysctl.d(5), in the order in which systemd reads them; \"tuned\" "
    "takes a TuneD profile with what it includes, by its name or as the path of its tuned.conf.\n"
    "What a profile cannot hold is left out, and listed with the reason on standard error and at "
    "the end of the profile: keys outside net., keys that Linux has removed, values that the "
    "kernel refuses or that do harm, lines that a later one overrides, what TuneD computes when it "
    "runs, its other sections. A key that is not there now, as its module or link is not, or as "
    "this kernel is too old, becomes optional. The profile passes \"nettunectl check\".\n"
    "Exit status: 0 all is carried over, 1 something is left out, 2 trouble.",
    examples,
    run,
};

}  // namespace nettune::ctl
