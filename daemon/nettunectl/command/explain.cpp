// SPDX-License-Identifier: MIT
// nettunectl explain: what a key means, what it may be, what it is, and who sets it.
#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "command.hpp"
#include "engine/audit/conflicts.hpp"
#include "engine/profile/kernel_default.hpp"
#include "engine/profile/quantity.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "input/change_state.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "render/json.hpp"
#include "render/profile.hpp"

namespace nettune::ctl {
namespace {

using sysctl::Integer;
using sysctl::Parameter;

// --- what is asked for

struct Match {
  std::string name;                // as people write it; a link's key of the catalogue has a "*"
  const Parameter* parameter;      // nullptr: only the kernel knows it
  std::optional<sysctl::Key> key;  // absent for a pattern
};

Match of_key(const sysctl::Key& key) { return {key.name(), sysctl::find_parameter(key), key}; }

Match of_parameter(const Parameter& parameter) {
  Match match{sysctl::name_of(parameter.pattern), &parameter, std::nullopt};
  if (parameter.pattern.view().find('*') == std::string_view::npos) {
    if (const auto key = sysctl::Key::parse(parameter.pattern)) match.key = *key;
  }
  return match;
}

bool is_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

std::vector<Match> everything_like(const std::string& path_glob, const sysctl::Tree& tree) {
  std::vector<Match> matches;
  for (const Parameter& parameter : sysctl::all_parameters()) {
    const std::string pattern(parameter.pattern);
    if (fnmatch(path_glob.c_str(), pattern.c_str(), 0) == 0) {
      matches.push_back(of_parameter(parameter));
    }
  }
  if (const auto glob = sysctl::KeyGlob::parse(path_glob)) {
    if (const Result<std::vector<sysctl::Key>> keys = tree.list(*glob)) {
      for (const sysctl::Key& key : *keys) {
        Match match = of_key(key);
        // The catalogue's entry for every link says it once for all links.
        if (match.parameter == nullptr) matches.push_back(std::move(match));
      }
    }
  }
  std::ranges::sort(matches, {}, &Match::name);
  return matches;
}

// A word without "net." is looked for as the end of a key: "rmem_max", "core.rmem_max".
std::vector<Match> ending_with(const std::string& text) {
  std::string path = text;
  std::ranges::replace(path, '.', '/');
  std::vector<Match> matches;
  for (const Parameter& parameter : sysctl::all_parameters()) {
    if (parameter.pattern.view().ends_with("/" + path)) matches.push_back(of_parameter(parameter));
  }
  return matches;
}

std::vector<Match> mentioning(const std::string& word) {
  std::string path = word;
  std::ranges::replace(path, '.', '/');
  std::vector<Match> matches;
  for (const Parameter& parameter : sysctl::all_parameters()) {
    if (parameter.pattern.view().find(path) != std::string_view::npos) {
      matches.push_back(of_parameter(parameter));
    }
  }
  return matches;
}

// --- what is known of one key

struct Usage {
  std::string profile;
  std::string value;
  Location declared_at;
  std::string why;
};

struct Explanation {
  Match match;
  std::string live;
  std::string live_readable;
  std::string live_fault;
  bool is_there = false;
  std::vector<std::pair<std::string, std::string>> each;  // of a pattern: its keys here, and values
  std::vector<Usage> profiles;
  std::string changed_by;  // the profile in force; "" where nettune left the key alone
  std::optional<change::Baseline> change;  // what it was before that, and what nettune made of it
  std::vector<audit::Conflict> conflicts;
};

std::string readable_numbers(std::span<const Integer> numbers, const Parameter* parameter,
                             const profile::Host& host) {
  if (parameter == nullptr) return {};
  bool helps = false;
  std::string text;
  for (const Integer number : numbers) {
    std::string one = profile::readable(number, parameter->unit, host.page_size);
    helps = helps || !one.empty();
    if (one.empty()) one = sysctl::to_string(number);
    text += (text.empty() ? "" : ", ") + one;
  }
  return helps ? text : std::string();
}

std::vector<Usage> usages_of(const Match& match, const profile::Store& store) {
  std::vector<Usage> usages;
  std::vector<Error> problems;
  const std::vector<profile::Store::Listed> list = store.list(problems);
  for (const Error& problem : problems) complain("warning: " + describe(problem));
  for (const profile::Store::Listed& listed : list) {
    Diagnostics diagnostics;
    const auto profile = told(store.load(listed.name, diagnostics));
    if (!profile) continue;
    const profile::Entry* winner = nullptr;
    bool is_named = false;
    for (const profile::Entry& entry : profile->entries()) {
      const bool names = sysctl::name_of(entry.key.pattern()) == match.name;
      const bool covers = names || (match.key && entry.key.matches(*match.key));
      if (!covers || (is_named && !names)) continue;
      winner = &entry;
      is_named = names;
    }
    if (winner == nullptr) continue;
    usages.push_back({listed.name, text_of(*winner), location_of(winner->origin),
                      std::string(winner->why.view())});
  }
  return usages;
}

// A key of each link, or of something else that comes and goes.
void add_values_of_each(Explanation& result, const Machine& machine) {
  const auto glob = sysctl::KeyGlob::parse(result.match.name);
  if (!glob) return;
  const Result<std::vector<sysctl::Key>> keys = machine.tree->list(*glob);
  if (!keys) return;
  for (const sysctl::Key& key : *keys) {
    if (const Result<std::string> text = machine.tree->read(key)) {
      result.each.emplace_back(key.name(), sysctl::Value::of_text(*text).to_string());
    }
  }
}

// What stands for the "*" of `pattern` in a key's name.
std::string_view part_of(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  const std::size_t behind = pattern.size() - star - 1;
  return name.substr(star, name.size() - star - behind);
}

// "0: all, lo", "2: default, eth0 and 3 more": the values of the pattern's keys, one line each.
std::vector<std::string> lines_of_each(const Explanation& explanation) {
  constexpr std::size_t most = 8;
  std::map<std::string_view, std::vector<std::string_view>> names;
  for (const auto& [name, value] : explanation.each) {
    names[value].push_back(part_of(name, explanation.match.name));
  }
  std::vector<std::string> lines;
  for (auto& [value, list] : names) {
    const std::size_t more = list.size() > most ? list.size() - most : 0;
    list.resize(list.size() - more);
    lines.push_back(fmt::format("{}: {}{}", sysctl::shown(value), fmt::join(list, ", "),
                                more == 0 ? "" : fmt::format(" and {} more", more)));
  }
  return lines;
}

Explanation explain(const Match& match, const Machine& machine, const profile::Store& store,
                    bool looks_for_conflicts) {
  Explanation result;
  result.match = match;
  result.profiles = usages_of(match, store);
  if (!match.key) {
    add_values_of_each(result, machine);
    return result;
  }
  const Result<std::string> text = machine.tree->read(*match.key);
  if (text) {
    result.is_there = true;
    result.live = sysctl::Value::of_text(*text).to_string();
    if (const auto value = sysctl::Value::parse(match.parameter, *text)) {
      result.live_readable = readable_numbers(value->numbers(), match.parameter, machine.host);
    }
  } else if (text.error().number == ENOENT) {
    result.live_fault = "this kernel has no such key here";
  } else {
    result.is_there = true;
    result.live_fault = describe(text.error());
  }
  if (const auto state = look_at_state(machine)) {
    if (const change::Baseline* known = state->find(*match.key)) {
      result.changed_by = state->profile;
      result.change = *known;
    }
  }
  if (looks_for_conflicts) {
    std::vector<std::string> problems;
    result.conflicts = audit::find_conflicts(machine.root, {*match.key}, problems);
    for (const std::string& problem : problems) complain("warning: " + problem);
  }
  return result;
}

std::string_view encoding_text(const Parameter& parameter) {
  switch (parameter.encoding) {
    case sysctl::Encoding::int32:
    case sysctl::Encoding::uint32:
    case sysctl::Encoding::uint8:
    case sysctl::Encoding::ulong:
    case sysctl::Encoding::seconds:
    case sysctl::Encoding::milliseconds:
    case sysctl::Encoding::userhz:
    case sysctl::Encoding::static_key:
      return "number";
    case sysctl::Encoding::word:
      return "name";
    case sysctl::Encoding::words:
      return "list of names";
    case sysctl::Encoding::number_list:
      return "list of numbers";
    case sysctl::Encoding::cpu_mask:
      return "mask of CPUs";
    case sysctl::Encoding::trigger:
      return "nothing: a write does something";
    case sysctl::Encoding::text:
    case sysctl::Encoding::unknown:
      break;
  }
  return "text";
}

std::string with_readable(Integer number, const Parameter& parameter, const profile::Host& host) {
  const std::string readable = profile::readable(number, parameter.unit, host.page_size);
  const std::string raw = sysctl::to_string(number);
  return readable.empty() ? raw : fmt::format("{} ({})", raw, readable);
}

std::string shape_text(const Parameter& parameter, const profile::Host& host) {
  std::string text;
  if (!sysctl::is_numeric(parameter.encoding)) return std::string(encoding_text(parameter));
  if (parameter.fields == 1) {
    text = "a number";
  } else {
    text = fmt::format("{} numbers", parameter.fields);
    if (!parameter.field_names[0].empty()) {
      text += ": ";
      for (std::size_t i = 0; i < parameter.fields && i < parameter.field_names.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::string(parameter.field_names[i]);
      }
    }
    if (parameter.ordered) text += ", ascending";
  }
  if (const std::string_view unit = sysctl::unit_name(parameter.unit); !unit.empty()) {
    if (parameter.unit == sysctl::Unit::flag) {
      text += "; 0 is off";
    } else {
      text += fmt::format("; {}", unit);
      if (parameter.unit == sysctl::Unit::pages) {
        text += fmt::format(" of {} bytes", host.page_size);
      }
    }
  }
  return text;
}

std::string range_text(const Parameter& parameter, const profile::Host& host) {
  const sysctl::Range range = sysctl::range_on(parameter, host.kernel);
  return fmt::format("{} to {}", with_readable(range.minimum, parameter, host),
                     with_readable(range.maximum, parameter, host));
}

struct Default {
  std::string text;
  bool is_estimate = false;
};

Default default_of(const Parameter& parameter, const profile::Host& host) {
  profile::KernelDefault usual;
  if (profile::has_kernel_default(parameter, host, usual)) {
    const auto numbers = std::span(usual.numbers)
                             .first(std::min<std::size_t>(parameter.fields, usual.numbers.size()));
    std::string raw;
    for (const Integer number : numbers)
      raw += (raw.empty() ? "" : " ") + sysctl::to_string(number);
    const std::string readable = readable_numbers(numbers, &parameter, host);
    return {readable.empty() ? raw : fmt::format("{} ({})", raw, readable), usual.is_estimate};
  }
  return {sysctl::default_text(parameter), false};
}

std::string harm_text(const sysctl::Harm& harm, const Parameter& parameter) {
  std::string_view sign;
  switch (harm.comparison) {
    case sysctl::Comparison::equal:
      sign = "";
      break;
    case sysctl::Comparison::less:
      sign = "less than ";
      break;
    case sysctl::Comparison::less_or_equal:
      sign = "at most ";
      break;
    case sysctl::Comparison::greater:
      sign = "more than ";
      break;
  }
  std::string field;
  const std::size_t place =
      harm.field < 0 ? parameter.field_names.size() : static_cast<unsigned char>(harm.field);
  if (parameter.fields > 1 && place < parameter.field_names.size()) {
    const std::string_view name = parameter.field_names[place];
    field = name.empty() ? fmt::format("field {}: ", harm.field + 1) : fmt::format("{} of ", name);
  }
  return fmt::format("{}{}{}: {}", field, sign, sysctl::to_string(harm.bound), harm.result);
}

bool is_same_line(const audit::Setter& a, const audit::Setter& b) {
  return a.file == b.file && a.line == b.line && a.value == b.value && a.wins == b.wins;
}

// "/etc/sysctl.d/99.conf:1: 1024 (systemd-sysctl and sysctl --system, their last word)": a line
// that several loaders read is told once, with the first of them; "" for the others.
std::string setter_text(const audit::Conflict& conflict, const audit::Setter& setter) {
  std::vector<std::string_view> loaders;
  for (const audit::Setter& other : conflict.setters) {
    if (!is_same_line(other, setter)) continue;
    if (loaders.empty() && &other != &setter) return "";
    loaders.push_back(audit::loader_name(other.loader));
  }
  std::string text = fmt::format("{}:{}: {} ({}", setter.file, setter.line, setter.value,
                                 fmt::join(loaders, " and "));
  const char* const last_word = loaders.size() == 1 ? ", its last word" : ", their last word";
  text += setter.wins ? last_word : ", overridden";
  const audit::Setter* const last = conflict.last_at_boot();
  if (&setter == last && last->loader == audit::Loader::tuned) text += ", and the last at boot";
  text += ')';
  return text;
}

std::string history_text(const Parameter& parameter) {
  std::string text;
  const auto add = [&](std::string_view what, sysctl::Version version) {
    if (version == sysctl::Version{}) return;
    text +=
        fmt::format("{}{} Linux {}", text.empty() ? "" : ", ", what, sysctl::to_string(version));
  };
  add("new in", parameter.since);
  add("for each network namespace since", parameter.per_namespace_since);
  add("without effect since", parameter.dead_since);
  add("removed in", parameter.removed);
  return text;
}

// --- as text

class Paper {
 public:
  explicit Paper(const Terminal& terminal) : terminal_(terminal) {
    if (terminal_.width == Terminal::unlimited) terminal_.width = 100;  // prose, wherever it goes
  }

  void title(std::string_view text) {
    append_wrapped(out_, terminal_, "", "  ", printable(text), Ink::bold);
  }
  void paragraph(std::string_view text) { append_wrapped(out_, terminal_, "  ", "  ", text); }
  void gap() { out_ += '\n'; }
  void line(std::string_view name, std::string_view text, Ink ink = Ink::plain) {
    if (text.empty()) return;
    const bool is_new = name != last_name_;
    last_name_ = name;
    if (terminal_.width < 40) {
      if (is_new) out_ += "  " + paint(terminal_, Ink::cyan, name) + "\n";
      append_wrapped(out_, terminal_, "    ", "    ", printable(text), ink);
      return;
    }
    const std::string label = paint(terminal_, Ink::cyan, is_new ? name : "");
    append_wrapped(out_, terminal_, "  " + pad(label, label_width),
                   std::string(2 + label_width, ' '), printable(text), ink);
  }
  std::string take() { return std::move(out_); }

 private:
  static constexpr std::size_t label_width = 14;
  Terminal terminal_;
  std::string out_;
  std::string_view last_name_;
};

void write(Paper& paper, const Explanation& explanation, const Machine& machine,
           const std::vector<std::string>& directories) {
  const Parameter* parameter = explanation.match.parameter;
  paper.title(explanation.match.name);
  if (parameter == nullptr) {
    paper.paragraph(
        "nettune's catalogue does not have this key: its value is compared as the kernel prints "
        "it, field by field, and nothing more is known of it.");
  } else if (!parameter->meaning.empty()) {
    paper.paragraph(parameter->meaning);
  }
  paper.gap();
  std::string live = explanation.live;
  if (!explanation.live_readable.empty()) live += fmt::format(" ({})", explanation.live_readable);
  if (!explanation.live_fault.empty()) live = explanation.live_fault;
  if (explanation.is_there) live = sysctl::shown(live);
  paper.line("live value", live, explanation.live_fault.empty() ? Ink::bold : Ink::yellow);
  for (const std::string& line : lines_of_each(explanation)) {
    paper.line("live values", line, Ink::bold);
  }
  if (parameter != nullptr) {
    const profile::Host& host = machine.host;
    const Default usual = default_of(*parameter, host);
    paper.line("default", usual.is_estimate ? "about " + usual.text : usual.text);
    paper.line("value", shape_text(*parameter, host));
    if (sysctl::is_numeric(parameter->encoding)) paper.line("range", range_text(*parameter, host));
    const sysctl::Bound& bound = parameter->bounded_by;
    if (!bound.key.empty() && bound.kind != sysctl::BoundKind::advised) {
      paper.line("at most", "the value of " + sysctl::name_of(bound.key));
    }
    paper.line("belongs to", sysctl::scope_name(parameter->scope));
    paper.line("takes effect", sysctl::effect_text(parameter->effect));
    paper.line("module", parameter->module);
    paper.line("history", history_text(*parameter));
    paper.line("instead", parameter->instead, Ink::yellow);
    paper.line("also changes", parameter->side_effects, Ink::yellow);
    paper.line("lock-out", parameter->lock_out, Ink::yellow);
    for (const sysctl::Harm& harm : parameter->harms) {
      paper.line("harmful", harm_text(harm, *parameter), Ink::red);
    }
  }
  // Profiles that inherit one line are told together.
  for (auto usage = explanation.profiles.begin(); usage != explanation.profiles.end(); ++usage) {
    const auto is_same = [&](const Usage& other) {
      return other.declared_at == usage->declared_at && other.value == usage->value;
    };
    if (std::any_of(explanation.profiles.begin(), usage, is_same)) continue;
    std::string names;
    for (const Usage& other : explanation.profiles) {
      if (is_same(other)) names += (names.empty() ? "" : ", ") + other.profile;
    }
    paper.line("profiles", fmt::format("{}: {} ({})", names, usage->value,
                                       short_origin(describe(usage->declared_at), directories)));
    paper.line("profiles", usage->why, Ink::dim);
  }
  if (explanation.change) {
    paper.line("set here by",
               fmt::format("nettune, with profile {}: {}; before that {}", explanation.changed_by,
                           explanation.change->left, explanation.change->before));
  }
  for (const audit::Conflict& conflict : explanation.conflicts) {
    for (const audit::Setter& setter : conflict.setters) {
      paper.line("set here by", setter_text(conflict, setter), setter.wins ? Ink::plain : Ink::dim);
    }
    if (conflict.loaders_disagree) {
      paper.line("set here by",
                 "systemd-sysctl and \"sysctl --system\" end with different values for it",
                 Ink::yellow);
    }
  }
  if (explanation.match.key && explanation.conflicts.empty()) {
    paper.line("set here by", "no file of sysctl.d, no active TuneD profile", Ink::dim);
  }
  if (parameter != nullptr) paper.line("source", parameter->source, Ink::dim);
}

std::string first_sentence(std::string_view text) {
  for (std::size_t at = text.find(". "); at != std::string_view::npos;
       at = text.find(". ", at + 1)) {
    return std::string(text.substr(0, at));
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  return std::string(text);
}

std::string to_table(const std::vector<Match>& matches, const Machine& machine,
                     const Terminal& terminal) {
  Table table;
  table.header = {"KEY", "LIVE", "MEANING"};
  table.inks = {Ink::bold, Ink::plain, Ink::plain};
  for (const Match& match : matches) {
    std::string live = match.key ? "-" : "(each link)";
    if (match.key) {
      if (const Result<std::string> text = machine.tree->read(*match.key)) {
        live = sysctl::Value::of_text(*text).to_string();
      }
    }
    constexpr std::size_t most = 40;  // a table is for finding; the whole value is one command away
    if (columns(live) > most) live = live.substr(0, most - 3) + "...";
    table.rows.push_back({match.name, printable(live),
                          match.parameter == nullptr ? "not in the catalogue"
                                                     : first_sentence(match.parameter->meaning)});
  }
  std::string out;
  append_table(out, terminal, std::move(table));
  return out;
}

// --- as JSON

Json version_json(sysctl::Version version) {
  return version == sysctl::Version{} ? Json(nullptr) : Json(sysctl::to_string(version));
}

Json view_json(std::string_view text) { return text.empty() ? Json(nullptr) : Json(text); }

Json parameter_json(const Parameter& parameter, const profile::Host& host) {
  Json json;
  json["shape"] = encoding_text(parameter);
  json["fields"] = parameter.fields;
  json["field_names"] = Json::array();
  for (std::size_t i = 0; i < parameter.fields && i < parameter.field_names.size(); ++i) {
    if (!parameter.field_names[i].empty()) json["field_names"].push_back(parameter.field_names[i]);
  }
  json["unit"] = view_json(sysctl::unit_name(parameter.unit));
  if (sysctl::is_numeric(parameter.encoding)) {
    const sysctl::Range range = sysctl::range_on(parameter, host.kernel);
    json["minimum"] = json_number(range.minimum);
    json["maximum"] = json_number(range.maximum);
  } else {
    json["minimum"] = nullptr;
    json["maximum"] = nullptr;
  }
  json["scope"] = sysctl::scope_name(parameter.scope);
  json["takes_effect"] = sysctl::effect_text(parameter.effect);
  const Default usual = default_of(parameter, host);
  json["default"] = view_json(usual.text);
  json["default_is_estimate"] = usual.is_estimate;
  json["since"] = version_json(parameter.since);
  json["removed"] = version_json(parameter.removed);
  json["dead_since"] = version_json(parameter.dead_since);
  json["per_namespace_since"] = version_json(parameter.per_namespace_since);
  json["instead"] = view_json(parameter.instead);
  json["module"] = view_json(parameter.module);
  const sysctl::Bound& bound = parameter.bounded_by;
  const bool has_ceiling = !bound.key.empty() && bound.kind != sysctl::BoundKind::advised;
  json["ceiling"] = has_ceiling ? Json(sysctl::name_of(bound.key)) : Json(nullptr);
  json["side_effects"] = view_json(parameter.side_effects);
  json["lock_out"] = view_json(parameter.lock_out);
  json["harmful"] = Json::array();
  for (const sysctl::Harm& harm : parameter.harms) {
    json["harmful"].push_back(harm_text(harm, parameter));
  }
  json["meaning"] = view_json(parameter.meaning);
  json["source"] = view_json(parameter.source);
  return json;
}

Json explanation_json(const Explanation& explanation, const Machine& machine) {
  Json json;
  json["key"] = explanation.match.name;
  json["parameter"] = explanation.match.parameter == nullptr
                          ? Json(nullptr)
                          : parameter_json(*explanation.match.parameter, machine.host);
  json["live"] =
      explanation.is_there && explanation.live_fault.empty()
          ? Json({{"text", explanation.live}, {"readable", view_json(explanation.live_readable)}})
          : Json(nullptr);
  json["live_fault"] = view_json(explanation.live_fault);
  json["live_of_each"] = Json::array();
  for (const auto& [name, value] : explanation.each) {
    json["live_of_each"].push_back({{"key", name}, {"text", value}});
  }
  json["profiles"] = Json::array();
  for (const Usage& usage : explanation.profiles) {
    json["profiles"].push_back({{"profile", usage.profile},
                                {"value", usage.value},
                                {"declared_at", json_location(usage.declared_at)},
                                {"why", view_json(usage.why)}});
  }
  json["nettune"] = explanation.change ? Json({{"profile", explanation.changed_by},
                                               {"value", explanation.change->left},
                                               {"before", explanation.change->before}})
                                       : Json(nullptr);
  json["setters"] = Json::array();
  json["loaders_disagree"] = false;
  for (const audit::Conflict& conflict : explanation.conflicts) {
    for (const audit::Setter& setter : conflict.setters) {
      json["setters"].push_back({{"loader", audit::loader_name(setter.loader)},
                                 {"file", setter.file},
                                 {"line", setter.line},
                                 {"value", setter.value},
                                 {"wins", setter.wins},
                                 {"at_boot", &setter == conflict.last_at_boot()}});
    }
    if (conflict.loaders_disagree) json["loaders_disagree"] = true;
  }
  return json;
}

// --- the command

// What `word` may mean; empty where nothing fits, which has then been said.
std::vector<Match> find(std::string word, const Machine& machine) {
  // As a path it is a key as well.
  if (word.starts_with("/proc/sys/")) word.erase(0, std::string_view("/proc/sys/").size());
  if (is_glob(word)) {
    std::string path = word;
    if (path.find('/') == std::string::npos) std::ranges::replace(path, '.', '/');
    std::vector<Match> matches;
    // A link's pattern, spelled as the catalogue has it, is that one parameter.
    if (const Parameter* parameter = sysctl::find_parameter(path)) {
      return {of_parameter(*parameter)};
    }
    matches = everything_like(path.starts_with("net/") ? path : "net/*" + path, *machine.tree);
    if (matches.empty()) {
      const std::string near = sysctl::nearest_name(path);
      complain(fmt::format("no key matches \"{}\"{}", word,
                           near.empty() ? "" : fmt::format("; did you mean {}?", near)));
    }
    return matches;
  }
  std::string why = "a key is below net.";
  std::string near_key;
  if (const auto key = sysctl::Key::parse(word)) {
    Match match = of_key(*key);
    if (match.parameter != nullptr || machine.tree->read(*key)) return {std::move(match)};
    why.clear();
    near_key = sysctl::nearest_name(key->path());
  } else if (word.starts_with("net.") || word.starts_with("net/")) {
    why = key.error();
  }
  std::string plain = word;
  while (plain.ends_with('.') || plain.ends_with('/')) plain.pop_back();
  std::vector<Match> matches = ending_with(plain);
  if (!matches.empty()) return matches;

  std::vector<std::string> names;
  for (const Parameter& parameter : sysctl::all_parameters()) {
    names.push_back(sysctl::name_of(parameter.pattern));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::string_view near = near_key.empty() ? nearest(word, views) : near_key;
  if (near.empty()) near = nearest("net.ipv4." + word, views);
  if (near.empty()) near = nearest("net.core." + word, views);
  if (near.empty()) {
    // A folder, or a part of a name: everything that holds it.
    matches = mentioning(plain);
    if (!matches.empty()) return matches;
    // The last part alone, as "rp_filter" is taken.
    std::vector<std::string_view> last_parts = views;
    for (std::string_view& name : last_parts) name.remove_prefix(name.rfind('.') + 1);
    near = nearest(word, last_parts);
  }
  complain(fmt::format("there is no key \"{}\"{}{}", word,
                       why.empty() || !near.empty() ? "" : ": " + why,
                       near.empty() ? "; \"nettunectl explain\" lists all that are known"
                                    : fmt::format("; did you mean {}?", near)));
  return {};
}

int run(const Command& self, Arguments arguments) {
  std::string word;
  std::string format = "text";
  MachineOptions which;
  Options options(self);
  options.argument("KEY", word);
  options.choice("-f,--format", format, {"text", "json", "names"}, "output format");
  which.add_netns(options);
  which.add_facts(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  std::vector<Match> matches;
  if (word.empty()) {
    for (const Parameter& parameter : sysctl::all_parameters()) {
      matches.push_back(of_parameter(parameter));
    }
  } else {
    matches = find(word, *machine);
    if (matches.empty()) return exit_trouble;
  }
  if (format == "names") {
    std::string out;
    for (const Match& match : matches) out += printable(match.name) + '\n';
    return print(out, exit_ok);
  }
  const Terminal terminal = look_at_terminal(STDOUT_FILENO);
  if (format == "text" && matches.size() > 1) {
    return print(to_table(matches, *machine, terminal), exit_ok);
  }
  const profile::Store store = make_store(machine->root, machine->host.kernel);
  const bool looks_for_conflicts = which.netns.empty();
  if (format == "json") {
    Json json = start_json("explain/2");
    json["keys"] = Json::array();
    for (const Match& match : matches) {
      json["keys"].push_back(
          explanation_json(explain(match, *machine, store, looks_for_conflicts), *machine));
    }
    return print(json_text(json), exit_ok);
  }
  Paper paper(terminal);
  write(paper, explain(matches.front(), *machine, store, looks_for_conflicts), *machine,
        store.directories());
  return print(paper.take(), exit_ok);
}

constexpr Example examples[] = {
    {"nettunectl explain net.ipv4.tcp_mem", "one key"},
    {"nettunectl explain rmem_max", "the end of its name will do"},
    {"nettunectl explain 'net.ipv4.tcp_*'", "a list; without a KEY, of all that is known"},
    {"nettunectl explain net.core.somaxconn --format json", "for a program"},
};

}  // namespace

const Command explain_command = {
    "explain",
    "[KEY]",
    "say what a key means, what it may be, what it is and who sets it",
    "Prints what nettune knows of a key: its meaning, unit and range on this kernel, whose it is, "
    "when a change takes effect, which values do harm; its live value; the profiles that set it, "
    "what nettune made of it, and the files on this machine that set it.\n"
    "KEY is a key (net.core.rmem_max), the end of one (rmem_max), or a glob.",
    examples,
    run,
};

}  // namespace nettune::ctl
