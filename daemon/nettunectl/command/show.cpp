// SPDX-License-Identifier: MIT
// nettunectl show: a profile with all that it inherits, each value with the line it comes from.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "command.hpp"
#include "engine/audit/report.hpp"
#include "engine/foreign/load.hpp"
#include "engine/profile/resolve.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "render/json.hpp"
#include "render/profile.hpp"

namespace nettune::ctl {
namespace {

using profile::Entry;

// An entry that counts, and those of the same key that it replaces.
struct Merged {
  const Entry* entry;
  std::vector<const Entry*> replaced;
};

// By key, in the order in which the keys first appear.
std::vector<Merged> merge(const profile::Profile& profile) {
  std::vector<Merged> merged;
  std::map<std::string_view, std::size_t> places;
  for (const Entry& entry : profile.entries()) {
    const auto [place, is_new] = places.try_emplace(entry.key.pattern(), merged.size());
    if (is_new) {
      merged.push_back({&entry, {}});
    } else {
      Merged& known = merged[place->second];
      known.replaced.push_back(std::exchange(known.entry, &entry));
    }
  }
  return merged;
}

std::string origin_comment(const Entry& entry, const std::vector<const Entry*>& replaced,
                           const std::vector<std::string>& directories) {
  std::string text = short_origin(describe(entry.origin), directories);
  for (std::size_t i = 0; i < replaced.size(); ++i) {
    text +=
        (i == 0 ? "; replaces " : ", ") + short_origin(describe(replaced[i]->origin), directories);
  }
  return yaml_comment(text);
}

void append_head(std::string& out, const profile::Profile& profile, bool resolved,
                 const Machine& machine, const std::vector<std::string>& directories) {
  out += fmt::format("# {}{}\n", printable(profile.path()),
                     profile.sources().size() > 1 ? ", with what it inherits from" : "");
  for (const SourcePtr& source : profile.sources()) {
    if (source->name != profile.path()) out += fmt::format("#   {}\n", printable(source->name));
  }
  if (resolved) out += fmt::format("# In numbers for {}.\n", printable(machine.description));
  out += "nettune: 1\n";
  if (!profile.summary().empty()) {
    out += fmt::format("summary: {}\n", yaml_scalar(profile.summary()));
  }
  if (!profile.requirements().empty()) {
    out += "requires:\n";
    // Parents may ask for the same thing; a profile holds one bound of each kind, the strictest is
    // not known here, so further ones stand as comments.
    std::vector<profile::Requirement::Subject> seen;
    for (const profile::Requirement& requirement : profile.requirements()) {
      const bool is_kernel = requirement.subject == profile::Requirement::Subject::kernel;
      const bool repeated = std::ranges::find(seen, requirement.subject) != seen.end();
      seen.push_back(requirement.subject);
      out += fmt::format("  {}{}: {}{}\n", repeated ? "# and " : "",
                         is_kernel ? "kernel" : "memory", yaml_scalar(requirement.text),
                         yaml_comment(short_origin(describe(requirement.origin), directories)));
    }
  }
  out += fmt::format("on-drift: {}\n", on_drift_text(profile.on_drift()));
  if (profile.flush_metrics()) out += "flush-metrics: true\n";
}

// The options that the language groups in a mapping, as socket_preset.cpp flattens them.
constexpr std::string_view groups[] = {"fast-open", "keepalive", "write-buffer"};

std::string_view group_of(std::string_view option) {
  for (const std::string_view group : groups) {
    if (option.size() > group.size() && option.starts_with(group) && option[group.size()] == '-') {
      return group;
    }
  }
  return "";
}

void append_preset(std::string& out, const profile::SocketPreset& preset,
                   const std::vector<std::string>& directories) {
  out += fmt::format("  {}:{}\n", yaml_scalar(preset.name),
                     yaml_comment(short_origin(describe(preset.origin), directories)));
  append_yaml_why(out, preset.why);
  for (auto option = preset.options.begin(); option != preset.options.end(); ++option) {
    const std::string_view group = group_of(option->name);
    if (group.empty()) {
      // A group's own switch is written only where it is off: else its members say that it is on.
      if (option->text.empty()) continue;
      out += fmt::format("    {}: {}\n", option->name, yaml_scalar(option->text));
      continue;
    }
    std::string members;
    for (; option != preset.options.end() && group_of(option->name) == group; ++option) {
      members +=
          fmt::format("{}{}: {}", members.empty() ? "" : ", ",
                      option->name.substr(group.size() + 1), yaml_scalar(option->text, true));
    }
    --option;
    out += fmt::format("    {}: {{{}}}\n", group, members);
  }
}

std::string to_yaml(const profile::Profile& profile, const profile::ResolvedProfile* resolved,
                    const Machine& machine, const std::vector<std::string>& directories) {
  std::string out;
  append_head(out, profile, resolved != nullptr, machine, directories);
  if (!profile.entries().empty()) out += "sysctl:\n";
  const std::vector<Merged> merged = merge(profile);
  if (resolved == nullptr) {
    for (const Merged& item : merged) {
      append_yaml_entry(out, item.entry->key.name(), yaml_value(*item.entry), *item.entry,
                        origin_comment(*item.entry, item.replaced, directories));
    }
  } else {
    const audit::Report report =
        audit::make_report(*resolved, audit::compare(*resolved, *machine.tree), {});
    std::vector<const audit::Row*> rows;
    for (const audit::Row& row : report.rows()) rows.push_back(&row);
    std::ranges::sort(rows, {}, [](const audit::Row* row) { return row->key; });
    for (const audit::Row* row : rows) {
      const profile::Desired& desired = *row->finding->desired;
      std::string text = short_origin(row->declared_at, directories);
      if (!row->desired_readable.empty()) text.insert(0, row->desired_readable + "; ");
      if (!desired.entry->key.is_literal()) text.append(", ").append(desired.entry->key.name());
      append_yaml_entry(out, row->key, yaml_value(desired), *desired.entry, yaml_comment(text));
    }
    for (const Entry* entry : resolved->unmatched()) {
      out += fmt::format("  # {}: matches no key now ({})\n", printable(entry->key.name()),
                         printable(describe(entry->origin)));
    }
  }
  if (!profile.presets().empty()) out += "sockets:\n";
  for (const profile::SocketPreset& preset : profile.presets()) {
    append_preset(out, preset, directories);
  }
  return out;
}

std::string to_json(const profile::Profile& profile, const profile::ResolvedProfile* resolved) {
  Json json = start_json("show/1");
  json["name"] = profile.name();
  json["path"] = profile.path();
  json["summary"] = profile.summary().empty() ? Json(nullptr) : Json(profile.summary());
  json["inherits"] = Json::array();
  for (const profile::Inherited& inherited : profile.inherits()) {
    json["inherits"].push_back(inherited.name);
  }
  json["requires"] = Json::array();
  for (const profile::Requirement& requirement : profile.requirements()) {
    const bool is_kernel = requirement.subject == profile::Requirement::Subject::kernel;
    json["requires"].push_back({{"subject", is_kernel ? "kernel" : "memory"},
                                {"text", requirement.text},
                                {"declared_at", json_origin(requirement.origin)}});
  }
  json["on_drift"] = on_drift_text(profile.on_drift());
  json["flush_metrics"] = profile.flush_metrics();
  json["sysctl"] = Json::array();
  for (const Merged& item : merge(profile)) {
    const Entry& entry = *item.entry;
    Json replaced = Json::array();
    for (const Entry* other : item.replaced) replaced.push_back(json_origin(other->origin));
    Json on_drift = nullptr;
    if (const std::optional<profile::OnDrift> policy = entry.on_drift; policy) {
      on_drift = on_drift_text(*policy);
    }
    json["sysctl"].push_back({{"key", entry.key.name()},
                              {"value", text_of(entry)},
                              {"optional", entry.optional},
                              {"on_drift", std::move(on_drift)},
                              {"why", entry.why.empty() ? Json(nullptr) : Json(entry.why.view())},
                              {"declared_at", json_origin(entry.origin)},
                              {"replaces", std::move(replaced)}});
  }
  if (resolved != nullptr) {
    json["resolved"] = Json::array();
    for (const profile::Desired& desired : resolved->desired()) {
      json["resolved"].push_back({{"key", desired.key.name()},
                                  {"value", profile::to_string(desired)},
                                  {"declared_at", json_origin(desired.entry->origin)}});
    }
  }
  json["sockets"] = Json::array();
  for (const profile::SocketPreset& preset : profile.presets()) {
    Json options = Json::object();
    for (const profile::SocketOption& option : preset.options) {
      options[option.name] = option.is_word ? Json(option.word) : json_number(option.number);
    }
    json["sockets"].push_back({{"name", preset.name},
                               {"declared_at", json_origin(preset.origin)},
                               {"why", preset.why.empty() ? Json(nullptr) : Json(preset.why)},
                               {"options", std::move(options)}});
  }
  return json_text(json);
}

int run(const Command& self, Arguments arguments) {
  std::string argument;
  std::string format = "yaml";
  bool wants_numbers = false;
  MachineOptions which;
  Options options(self);
  options.argument("PROFILE", argument, true);
  options.flag("-r,--resolved", wants_numbers,
               "in numbers for this machine, each glob as its keys");
  options.choice("-f,--format", format, {"yaml", "json"}, "output format");
  which.add_facts(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const profile::Store store = make_store(machine->root, machine->host.kernel);
  Diagnostics diagnostics;
  std::optional<profile::Profile> profile =
      told(load_profile(store, machine->root, argument, diagnostics));
  std::optional<profile::ResolvedProfile> resolved;
  if (profile && wants_numbers) {
    resolved = profile::resolve(std::move(*profile), machine->host, *machine->tree, diagnostics);
  }
  const profile::Profile* shown = resolved ? &resolved->profile() : profile ? &*profile : nullptr;
  if (shown == nullptr || (wants_numbers && !resolved) || diagnostics.has_errors()) {
    fold_repeated(diagnostics);
    print_error(format_all(diagnostics, look_at_terminal(STDERR_FILENO)));
    return exit_trouble;
  }
  const profile::ResolvedProfile* numbers = resolved ? &*resolved : nullptr;
  if (format == "json") return print(to_json(*shown, numbers), exit_ok);
  return print(to_yaml(*shown, numbers, *machine, store.directories()), exit_ok);
}

constexpr Example examples[] = {
    {"nettunectl show latency", "with what it inherits, and where each value comes from"},
    {"nettunectl show latency --resolved", "as numbers, on this machine"},
    {"nettunectl show server-base > ./mine.yaml", "a start for a profile of your own"},
};

}  // namespace

const Command show_command = {
    "show",
    "PROFILE|FILE",
    "print a profile with all it inherits and where each value comes from",
    "Writes the profile as one file that stands for itself: what it inherits is merged, and a "
    "comment names the line that each value comes from. The answer is a profile again.\n"
    "With --resolved every expression is a number for this machine, and every glob the keys that "
    "it matches now.",
    examples,
    run,
};

}  // namespace nettune::ctl
