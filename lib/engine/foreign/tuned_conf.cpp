// SPDX-License-Identifier: MIT
// The file format is that of Python's ConfigParser with "=" alone between name and value, "#"
// behind a blank for comments, and values that go on in indented lines; the merge is TuneD's.
#include "engine/foreign/tuned_conf.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <string_view>
#include <unordered_map>

#include "engine/file/read.hpp"
#include "engine/foreign/text.hpp"
#include "engine/profile/document.hpp"
#include "engine/profile/profile.hpp"
#include "engine/profile/store.hpp"
#include "engine/text/words.hpp"

namespace nettune::profile {
namespace {

constexpr std::size_t max_tuned_files = max_inherited_files;
constexpr std::size_t max_sections = 1000;
constexpr std::string_view blanks = " \t";

// ---- the file format --------------------------------------------------------------------------

struct Option {
  std::string name;
  std::string value;
  Origin origin;
  Origin value_origin;
  bool is_one_line = true;
};

class Section {
 public:
  Section() = default;
  explicit Section(std::string section_name) : name(std::move(section_name)) {}

  std::string name;
  Origin origin{};

  const std::vector<Option>& options() const { return options_; }
  const Option* find(std::string_view option) const {
    const auto found = places_.find(option);
    return found == places_.end() ? nullptr : &options_[found->second];
  }
  /// A repeated option keeps its place and takes the new value.
  Option* put(Option option) {
    const auto [place, is_new] = places_.try_emplace(option.name, options_.size());
    if (is_new) {
      options_.push_back(std::move(option));
    } else {
      options_[place->second] = std::move(option);
    }
    return &options_[place->second];
  }
  void replace_everywhere(std::string_view what, std::string_view with) {
    for (Option& option : options_) {
      for (std::size_t at = option.value.find(what); at != std::string::npos;
           at = option.value.find(what, at + with.size())) {
        option.value.replace(at, what.size(), with);
      }
    }
  }
  template <class Predicate>
  void remove_if(Predicate predicate) {
    if (std::erase_if(options_, predicate) == 0) return;
    places_.clear();
    for (std::size_t i = 0; i < options_.size(); ++i) places_.emplace(options_[i].name, i);
  }

 private:
  std::vector<Option> options_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

class IniReader {
 public:
  // `variables_file`: options stand before any section, and may lack a value.
  IniReader(const ForeignText& text, bool variables_file, Diagnostics& diagnostics)
      : text_(text), variables_file_(variables_file), diagnostics_(diagnostics) {
    if (variables_file) section_ = add_section("");
  }

  // false where TuneD refuses the file.
  bool read(std::vector<Section>& sections) {
    std::string_view rest = text_.source->text;
    for (int number = 1; !rest.empty(); ++number) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!text_.is_bad(number)) take(line, number);
    }
    const auto defaults = std::ranges::find(sections_, "DEFAULT", &Section::name);
    for (Section& section : sections_) {
      if (section.name == "DEFAULT") continue;
      if (defaults != sections_.end()) {
        for (const Option& option : defaults->options()) {
          if (section.find(option.name) == nullptr) section.put(option);
        }
      }
      sections.push_back(std::move(section));
    }
    return good_;
  }

 private:
  static std::size_t comment_start(std::string_view line) {
    const std::string_view all = trim(line);
    if (all.starts_with('#') || all.starts_with(';')) return 0;
    for (std::size_t at = line.find('#'); at != std::string_view::npos;
         at = line.find('#', at + 1)) {
      if (at == 0 || blanks.find(line[at - 1]) != std::string_view::npos) return at;
    }
    return std::string_view::npos;
  }

  void take(std::string_view line, int number) {
    const std::size_t comment = comment_start(line);
    const std::string_view value = trim(line.substr(0, comment));
    if (value.empty()) {
      // An empty line belongs to the value above, if more of it follows.
      if (comment == std::string_view::npos && option_ != nullptr) ++empty_lines_;
      return;
    }
    const std::size_t indent = line.find_first_not_of(blanks);
    if (section_ != none && option_ != nullptr && indent > indent_) {
      option_->value.append(empty_lines_ + 1, '\n');
      option_->value += value;
      option_->is_one_line = false;
      empty_lines_ = 0;
      return;
    }
    indent_ = indent;
    empty_lines_ = 0;
    if (value.front() == '[' && value.find(']') != std::string_view::npos && value.size() > 2) {
      // Greedy, as the pattern of ConfigParser is; what follows the last bracket is passed over.
      section_ = add_section(value.substr(1, value.rfind(']') - 1));
      sections_[section_].origin = origin_in(*text_.source, number, value);
      option_ = nullptr;
      return;
    }
    const Origin origin = origin_in(*text_.source, number, value);
    if (section_ == none)
      return refuse(origin,
                    "this line stands before the first [section], so TuneD refuses the profile");
    const std::size_t equals = value.find('=');
    if (equals == std::string_view::npos && variables_file_) {
      option_ = nullptr;
      return;
    }
    if (equals == std::string_view::npos)
      return refuse(origin,
                    "this is neither a [section] nor name = value, so TuneD refuses the profile");
    const std::string_view name = trim(value.substr(0, equals));
    const std::string_view text = trim(value.substr(equals + 1));
    if (name.empty())
      return refuse(origin, "there is no name before the \"=\", so TuneD refuses the profile");
    const Origin name_origin = origin_in(*text_.source, number, name);
    if (++options_ > max_keys) {
      if (options_ == max_keys + 1) {
        refuse(origin, fmt::format("more than {} options are not read", max_keys));
      }
      return;
    }
    if (const Option* old = sections_[section_].find(name)) {
      diagnostics_.list.push_back(
          {Severity::warning, old->origin,
           fmt::format("{} is set again on line {}, which counts", printable(name), number), "",
           "overridden"});
    }
    option_ = sections_[section_].put(
        {std::string(name), std::string(text), name_origin,
         text.empty() ? name_origin : origin_in(*text_.source, number, text), true});
  }

  void refuse(const Origin& origin, std::string message) {
    option_ = nullptr;
    good_ = false;
    diagnostics_.list.push_back({Severity::error, origin, std::move(message), "", ""});
  }

  std::size_t add_section(std::string_view name) {
    const auto found = std::ranges::find(sections_, name, &Section::name);
    if (found != sections_.end()) return static_cast<std::size_t>(found - sections_.begin());
    // Far more than any profile has; what is beyond it joins the last.
    if (sections_.size() == max_sections) return sections_.size() - 1;
    sections_.emplace_back(std::string(name));
    return sections_.size() - 1;
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  const ForeignText& text_;
  bool variables_file_;
  Diagnostics& diagnostics_;
  std::vector<Section> sections_;
  std::size_t section_ = none;
  Option* option_ = nullptr;  // into sections_[section_].options; set anew with each option
  std::size_t indent_ = 0;
  std::size_t options_ = 0;
  std::size_t empty_lines_ = 0;
  bool good_ = true;
};

// ---- variables --------------------------------------------------------------------------------

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

struct Variable {
  std::string name;
  std::string value;
};

struct Expanded {
  std::string text;
  std::string open;  // the first part that stays unexpanded
};

Expanded expand(std::string_view text, const std::vector<Variable>& variables) {
  // Far more than any key takes: variables that name others twice would double without end.
  constexpr std::size_t most = 65536;
  Expanded result;
  for (std::size_t i = 0; i < text.size();) {
    if (result.text.size() > most) break;
    const bool is_escaped = text[i] == '\\' && text.substr(i + 1).starts_with("${");
    const std::size_t begin = i + (is_escaped ? 1 : 0);
    const std::size_t end =
        text.substr(begin).starts_with("${") ? text.find('}', begin) : std::string_view::npos;
    if (end == std::string_view::npos) {
      result.text += text[i++];
      continue;
    }
    const std::string_view whole = text.substr(begin, end + 1 - begin);
    const std::string_view name = whole.substr(2, whole.size() - 3);
    const auto found = std::ranges::find(variables, name, &Variable::name);
    if (is_escaped) {
      result.text += whole;
    } else if (found != variables.end()) {
      result.text += found->value;
      if (result.open.empty() && found->value.find("${") != std::string::npos) {
        result.open = found->value;
      }
    } else {
      result.text += whole;
      if (result.open.empty()) result.open = whole;
    }
    i = end + 1;
  }
  if (result.text.size() > most) result.open = "a text of more than 65536 bytes";
  return result;
}

// ---- units: a section as TuneD merges it ------------------------------------------------------

struct Unit {
  std::string name;
  std::string type;
  Origin origin{};
  bool enabled = true;
  bool replace = false;
  bool is_conditional = false;
  int priority = 0;
  std::vector<std::string> drop;
  Section options;
};

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(",;", begin), text.size());
    items.emplace_back(trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return items;
}

// For sections; tuned-main.conf knows more words for it.
bool is_true(std::string_view text) { return text == "True" || text == "true" || text == "1"; }

Unit make_unit(Section section) {
  Unit unit;
  unit.name = section.name;
  unit.type = section.name;
  unit.origin = section.origin;
  section.remove_if([&](const Option& option) {
    const std::string& value = option.value;
    if (option.name == "type") {
      unit.type = value;
    } else if (option.name == "enabled") {
      unit.enabled = is_true(value);
    } else if (option.name == "replace") {
      unit.replace = is_true(value);
    } else if (option.name == "drop") {
      unit.drop = split_list(value);
    } else if (option.name == "uname_regex" || option.name == "cpuinfo_regex") {
      unit.is_conditional = true;
    } else if (option.name == "priority") {
      std::from_chars(value.data(), value.data() + value.size(), unit.priority);
    } else {
      constexpr std::array<std::string_view, 4> others = {"devices", "devices_udev_regex",
                                                          "script_pre", "script_post"};
      return std::ranges::find(others, option.name) != others.end();
    }
    return true;
  });
  unit.options = std::move(section);
  return unit;
}

void merge_unit(std::vector<Unit>& units, Unit unit) {
  const auto old = std::ranges::find(units, unit.name, &Unit::name);
  if (old == units.end()) {
    units.push_back(std::move(unit));
    return;
  }
  if (unit.replace) {
    *old = std::move(unit);
    return;
  }
  old->type = unit.type;
  old->origin = unit.origin;
  old->enabled = unit.enabled;
  if (unit.is_conditional) old->is_conditional = true;
  if (unit.priority != 0) old->priority = unit.priority;
  for (const std::string& name : unit.drop) {
    if (old->options.find(name) != nullptr) {
      old->options.remove_if([&](const Option& option) { return option.name == name; });
    }
  }
  for (const Option& option : unit.options.options()) old->options.put(option);
}

// ---- files ------------------------------------------------------------------------------------

bool is_regular_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string base_name(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

class TunedReader {
 public:
  TunedReader(const std::string& root, Diagnostics& diagnostics)
      : root_(root), diagnostics_(diagnostics) {}

  std::optional<TunedProfile> read(const std::vector<std::string>& names) {
    profile_.name = fmt::format("{}", fmt::join(names, " "));
    read_settings();
    for (const std::string& name : names) load(name, {}, names.size() == 1);
    if (!good_) return std::nullopt;
    collect_variables();
    finish();
    return std::move(profile_);
  }

 private:
  void fail(const Origin& origin, std::string message, std::string help = "") {
    good_ = false;
    diagnostics_.list.push_back({Severity::error, origin, std::move(message), std::move(help), ""});
  }

  void warn(const Origin& origin, std::string message, std::string help, Lint lint) {
    diagnostics_.list.push_back(
        {Severity::warning, origin, std::move(message), std::move(help), lint});
  }

  // tuned-main.conf. Where it can't be read, TuneD does not start.
  void read_settings() {
    const std::string path = root_ + "/etc/tuned/tuned-main.conf";
    Result<std::string> text = read_file(path, max_file_size);
    if (!text) {
      if (text.error().number == ENOENT) return;
      return warn(
          {},
          fmt::format("{} can't be read: {}", path, why_unreadable(text.error(), max_file_size)),
          "", "not-plain");
    }
    const std::optional<ForeignText> taken =
        take_foreign_text(path, std::move(*text), diagnostics_);
    std::vector<Section> sections;
    if (!taken || !IniReader(*taken, true, diagnostics_).read(sections)) return;
    profile_.sources.push_back(taken->source);
    const Section& settings = sections.front();
    if (const Option* folders = settings.find("profile_dirs")) {
      // The last one wins.
      for (const std::string& folder : split_list(folders->value)) {
        if (folder.starts_with('/')) folders_.insert(folders_.begin(), folder);
      }
    }
    if (const Option* reapply = settings.find("reapply_sysctl")) {
      std::string value = reapply->value;
      std::ranges::transform(value, value.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      });
      reapplies_ =
          value == "1" || value == "Y" || value == "YES" || value == "T" || value == "TRUE";
    }
  }

  // "": TuneD passes the name over. nullopt: there is none.
  std::optional<std::string> find(std::string name) const {
    const bool may_lack = name.starts_with('-');
    if (may_lack) name.erase(0, 1);
    const std::string base = base_name(name);
    bool was_read = false;
    for (const std::string& folder : folders_) {
      std::string path = fmt::format("{}{}/{}/tuned.conf", root_, folder, base);
      // A profile of /etc may include the one of the same name in /usr: each file is read once.
      if (std::ranges::find(paths_, path) != paths_.end()) {
        was_read = true;
      } else if (!base.empty() && base != "." && base != ".." && is_regular_file(path)) {
        return path;
      }
    }
    if (was_read || may_lack) return "";
    return std::nullopt;
  }

  void load(const std::string& name, const Origin& asked_at, bool may_be_path) {
    const bool is_path = may_be_path && name.find('/') != std::string::npos;
    const std::optional<std::string> path = is_path ? name : find(name);
    if (!path) {
      return fail(
          asked_at, fmt::format("there is no TuneD profile \"{}\"", printable(name)),
          fmt::format("looked for {0}/tuned.conf and profiles/{0}/tuned.conf in {1}/etc/tuned and "
                      "{1}/usr/lib/tuned",
                      printable(name), root_));
    }
    if (path->empty()) {
      const std::string own = base_name(name);
      if (std::ranges::find(chain_, own) != chain_.end()) {
        warn(asked_at,
             fmt::format("\"{}\" includes itself, which TuneD passes over", printable(own)), "",
             "include-loop");
      }
      return;
    }
    if (paths_.size() >= max_tuned_files || chain_.size() >= static_cast<std::size_t>(max_depth)) {
      return fail(asked_at,
                  fmt::format("more than {} included files, or {} levels of them, are not followed",
                              max_tuned_files, max_depth));
    }
    paths_.push_back(*path);
    std::vector<Section> sections;
    if (!read_sections(*path, asked_at, false, sections)) return;

    chain_.push_back(is_path ? base_name(folder_of(*path)) : base_name(name));
    if (const auto main = std::ranges::find(sections, "main", &Section::name);
        main != sections.end()) {
      include(*main, sections);
    }
    chain_.pop_back();
    profile_.path = *path;
    for (Section& section : sections) {
      if (section.name == "main") {
        if (const Option* summary = section.find("summary")) profile_.summary = summary->value;
        continue;
      }
      Unit unit = make_unit(std::move(section));
      unit.options.name = unit.name;
      if (unit.type == "sysctl") {
        for (const Option& option : unit.options.options()) {
          lines_.push_back({option, unit.is_conditional});
        }
      }
      merge_unit(units_, std::move(unit));
    }
  }

  void include(Section& main, const std::vector<Section>& sections) {
    const Option* option = main.find("include");
    if (option == nullptr) return;
    std::vector<Variable> own;
    for (const Section& section : sections) {
      if (section.name == "variables") add_variables(section, own);
    }
    const Expanded names = expand(option->value, own);
    if (!names.open.empty()) {
      return warn(option->value_origin,
                  fmt::format("what {} includes is known to TuneD alone", printable(names.open)),
                  "", "not-plain");
    }
    for (const std::string& name : split_list(names.text)) {
      load(name, option->value_origin, false);
    }
  }

  bool read_sections(const std::string& path, const Origin& asked_at, bool variables_file,
                     std::vector<Section>& sections) {
    Result<std::string> text = read_file(path, max_file_size);
    if (!text) {
      fail(asked_at, fmt::format("{} can't be read: {}", printable(path),
                                 why_unreadable(text.error(), max_file_size)));
      return false;
    }
    const std::optional<ForeignText> taken =
        take_foreign_text(path, std::move(*text), diagnostics_);
    if (!taken || !taken->bad_lines.empty()) {
      good_ = false;
      return false;
    }
    profile_.sources.push_back(taken->source);
    if (!IniReader(*taken, variables_file, diagnostics_).read(sections)) {
      good_ = false;
      return false;
    }
    const std::string folder = folder_of(path);
    for (Section& section : sections) section.replace_everywhere("${i:PROFILE_DIR}", folder);
    return true;
  }

  void add_variables(const Section& section, std::vector<Variable>& variables) {
    for (const Option& option : section.options()) {
      if (option.name == "include") {
        // One file deep, as TuneD reads it: there "include" is a name like any other.
        std::vector<Section> sections;
        // What PROFILE_DIR gave stands below the root already.
        const std::string path =
            !root_.empty() && option.value.starts_with(root_)
                ? option.value
                : fmt::format("{}{}{}", root_, option.value.starts_with('/') ? "" : "/",
                              option.value);
        if (!is_regular_file(path)) {
          warn(option.value_origin,
               fmt::format("there is no file {}: TuneD goes on without its variables",
                           printable(option.value)),
               "", "no-variables");
          continue;
        }
        if (!read_sections(path, option.value_origin, true, sections)) continue;
        for (const Section& inner : sections) {
          for (const Option& variable : inner.options()) add_variable(variable, variables);
        }
        continue;
      }
      add_variable(option, variables);
    }
  }

  static void add_variable(const Option& option, std::vector<Variable>& variables) {
    if (!is_name(option.name)) return;
    std::string value = expand(option.value, variables).text;
    const auto found = std::ranges::find(variables, option.name, &Variable::name);
    if (found != variables.end()) {
      found->value = std::move(value);
    } else {
      variables.push_back({option.name, std::move(value)});
    }
  }

  void collect_variables() {
    for (const Unit& unit : units_) {
      if (unit.name == "variables") add_variables(unit.options, variables_);
    }
  }

  // The lines in the order in which they were read, each with what became of it.
  void finish() {
    std::vector<std::pair<int, std::size_t>> order;
    order.reserve(units_.size());
    for (std::size_t i = 0; i < units_.size(); ++i) order.emplace_back(units_[i].priority, i);
    std::ranges::sort(order);
    std::unordered_map<std::string, Origin> winners;
    for (const auto& [priority, i] : order) {
      const Unit& unit = units_[i];
      if (unit.type != "sysctl" || !unit.enabled) continue;
      for (const Option& option : unit.options.options()) {
        if (const auto key = key_of(option.name)) {
          winners.insert_or_assign(std::string(key->pattern()), option.origin);
        }
      }
    }
    for (const Unit& unit : units_) {
      if (unit.type == "sysctl" && unit.enabled) profile_.reapplies_sysctl_d = reapplies_;
      if (unit.type == "sysctl" || unit.name == "variables" || !unit.enabled) continue;
      profile_.other_sections.push_back({unit.name, unit.origin});
    }
    for (const Line& line : lines_) add_assignment(line);
    for (TunedAssignment& assignment : profile_.assignments) {
      const auto winner = winners.find(std::string(assignment.key.pattern()));
      if (winner == winners.end()) {
        assignment.is_dropped = true;
      } else if (winner->second.source != assignment.origin.source ||
                 winner->second.line != assignment.origin.line) {
        assignment.overridden_by = winner->second;
      }
    }
  }

  struct Line {
    Option option;
    bool is_conditional;
  };

  static std::optional<sysctl::KeyGlob> key_of(const std::string& name) {
    if (!name.starts_with("net.") && !name.starts_with("net/")) return std::nullopt;
    std::expected<sysctl::KeyGlob, std::string> key = sysctl::KeyGlob::parse(name);
    if (!key || !key->is_literal()) return std::nullopt;
    return std::move(*key);
  }

  void add_assignment(const Line& line) {
    const Option& option = line.option;
    if (!option.name.starts_with("net.") && !option.name.starts_with("net/")) {
      profile_.outside_net.push_back(option.origin);
      return;
    }
    std::expected<sysctl::KeyGlob, std::string> key = sysctl::KeyGlob::parse(option.name);
    if (!key) {
      diagnostics_.list.push_back({Severity::error, option.origin, key.error(), "", ""});
      return;
    }
    if (!key->is_literal()) {
      return warn(option.origin, "TuneD knows no globs: no key has this name",
                  "name each key, or use a sysctl.d file", "tuned-glob");
    }
    TunedAssignment assignment{std::move(*key),
                               {},
                               TunedAssignment::Bound::exactly,
                               option.origin,
                               option.value_origin,
                               option.is_one_line,
                               {},
                               line.is_conditional,
                               {},
                               false};
    // TuneD strips the quotes first, then expands, then looks for ">" and "<".
    std::string_view text = option.value;
    std::size_t skipped = 0;
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
      text = text.substr(1, text.size() - 2);
      ++skipped;
    }
    Expanded expanded = expand(text, variables_);
    assignment.is_verbatim = option.is_one_line && expanded.text == text;
    std::string_view value = expanded.text;
    if (value.size() > 1 && (value.front() == '>' || value.front() == '<')) {
      assignment.bound =
          value.front() == '>' ? TunedAssignment::Bound::at_least : TunedAssignment::Bound::at_most;
      value.remove_prefix(1);
      ++skipped;
    }
    if (assignment.is_verbatim && !value.empty()) {
      assignment.value_origin.column += static_cast<int>(skipped);
      assignment.value_origin.length = static_cast<int>(value.size());
    }
    assignment.value = value;
    assignment.open = std::move(expanded.open);
    profile_.assignments.push_back(std::move(assignment));
  }

  const std::string& root_;
  Diagnostics& diagnostics_;
  TunedProfile profile_;
  std::vector<std::string> paths_;  // every file that was read
  std::vector<std::string> chain_;  // names that are being included
  std::vector<Unit> units_;
  std::vector<Line> lines_;
  std::vector<Variable> variables_;
  std::vector<std::string> folders_ = {"/etc/tuned/profiles", "/etc/tuned",
                                       "/usr/lib/tuned/profiles", "/usr/lib/tuned"};
  bool reapplies_ = true;
  bool good_ = true;
};

}  // namespace

std::optional<TunedProfile> read_tuned(const std::vector<std::string>& names,
                                       const std::string& root, Diagnostics& diagnostics) {
  return TunedReader(root, diagnostics).read(names);
}

std::vector<std::string> active_tuned_profiles(const std::string& root,
                                               std::vector<std::string>& problems) {
  std::vector<std::string> names;
  for (const std::string_view file : {"active_profile", "post_loaded_profile"}) {
    const Result<std::string> text =
        read_file(fmt::format("{}/etc/tuned/{}", root, file), max_file_size);
    if (!text) {
      if (text.error().number != ENOENT) problems.push_back(describe(text.error()));
      // Without the first there is no TuneD.
      if (file == "active_profile") return names;
      continue;
    }
    constexpr std::string_view all_blanks = " \t\r\n\v\f";
    for (std::size_t begin = text->find_first_not_of(all_blanks); begin != std::string::npos;) {
      const std::size_t end = std::min(text->find_first_of(all_blanks, begin), text->size());
      std::string name = text->substr(begin, end - begin);
      // TuneD passes over names with other characters.
      const bool is_safe = std::ranges::all_of(
          name, [](char c) { return c == '.' || c == '-' || is_name(std::string_view(&c, 1)); });
      if (is_safe) names.push_back(std::move(name));
      begin = text->find_first_not_of(all_blanks, end);
    }
  }
  return names;
}

}  // namespace nettune::profile
