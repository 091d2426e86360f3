// SPDX-License-Identifier: MIT
#include "engine/foreign/load.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "engine/file/read.hpp"
#include "engine/foreign/sysctl_d.hpp"
#include "engine/foreign/tuned_conf.hpp"
#include "engine/profile/correction.hpp"
#include "engine/profile/store.hpp"
#include "engine/profile/value_checks.hpp"
#include "engine/sysctl/written.hpp"
#include "engine/text/characters.hpp"

namespace nettune::profile {
namespace {

using sysctl::Encoding;
using sysctl::Integer;
using sysctl::Parameter;
using sysctl::Surprise;

constexpr std::string_view blanks = " \t\r\n\v\f";

// What a line writes, and where it stands.
struct Written {
  std::string text;     // without the line feed that sysctl.d's loaders add
  Origin origin;        // of the value
  bool is_verbatim;     // offsets in `text` are columns
  bool with_line_feed;  // TuneD adds none
};

Origin part_of(const Written& written, std::size_t offset, std::size_t length) {
  Origin origin = written.origin;
  if (!written.is_verbatim || offset >= written.text.size()) return origin;
  origin.column += static_cast<int>(offset);
  origin.length = std::max(1, static_cast<int>(std::min(length, written.text.size() - offset)));
  return origin;
}

struct Field {
  std::size_t offset;
  std::string_view text;
};

std::vector<Field> fields_of(std::string_view text) {
  std::vector<Field> fields;
  for (std::size_t begin = text.find_first_not_of(blanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, begin), text.size());
    fields.push_back({begin, text.substr(begin, end - begin)});
    begin = text.find_first_not_of(blanks, end);
  }
  return fields;
}

Rule number_rule(Rule::Kind kind, Integer number, const Origin& origin) {
  Expression expression;
  expression.origin = origin;
  expression.quantity.numerator = number;
  Rule rule;
  rule.kind = kind;
  rule.origin = origin;
  rule.add_operand(std::move(expression));
  return rule;
}

Rule keep_rule(const Origin& origin) {
  Rule rule;
  rule.kind = Rule::Kind::keep;
  rule.origin = origin;
  return rule;
}

Rule word_rule(std::string_view word, const Origin& origin) {
  Expression expression;
  expression.kind = Expression::Kind::word;
  expression.origin = origin;
  expression.word = SharedText(word);
  Rule rule;
  rule.origin = origin;
  rule.add_operand(std::move(expression));
  return rule;
}

Lint lint_of(Surprise kind) {
  switch (kind) {
    case Surprise::octal:
      return "octal";
    case Surprise::hexadecimal:
      return "hexadecimal";
    case Surprise::short_vector:
      return "short-vector";
    case Surprise::surplus_fields:
      return "surplus-fields";
    case Surprise::trailing_text:
      return "trailing-text";
    case Surprise::rounded:
      return "rounded";
    case Surprise::wrapped:
      return "wrapped";
    case Surprise::cut:
      return "cut-text";
    case Surprise::changed:
      return "changed-by-kernel";
    case Surprise::nothing:
      return "empty-value";
  }
  return "";
}

std::string_view without_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : digits.substr(first);
}

std::string field_names(const Parameter& parameter) {
  std::string names;
  for (std::size_t i = 0; i < parameter.fields; ++i) {
    const bool has_name = i < parameter.field_names.size() && !parameter.field_names[i].empty();
    names += (i == 0 ? "" : " ");
    names += has_name ? std::string(parameter.field_names[i]) : fmt::format("field{}", i + 1);
  }
  return names;
}

// "write 16777216 or 16000000" for "16M": what `text` may have meant, in the plain numbers that the
// loaders take; "" where nothing can be read out of it.
std::string number_meant(std::string_view text, const Parameter& parameter) {
  const sysctl::Range range = widest_range(parameter);
  std::vector<Reading> readings = readings_of_amount(text, meant_by(&parameter));
  std::erase_if(readings, [&](Reading& reading) {
    if (reading.text == "true" || reading.text == "false") {
      reading.text = reading.text == "true" ? "1" : "0";
    }
    const auto expression = parse_expression(reading.text, Origin{});
    if (!expression || uses_memory(*expression)) return true;
    const auto number = evaluate(*expression, parameter.unit, Host{});
    if (!number || *number < range.minimum || *number > range.maximum) return true;
    const std::string plain = sysctl::to_string(*number);
    reading.note = std::exchange(reading.text, plain);
    return false;
  });
  if (readings.size() == 1) readings.front().note.clear();
  return help_of(readings);
}

std::string help_for(const sysctl::Remark& remark, const Parameter& parameter,
                     std::string_view text) {
  const std::string_view part = text.substr(std::min(remark.offset, text.size()), remark.length);
  switch (remark.kind) {
    case Surprise::octal: {
      const bool is_negative = part.starts_with('-');
      const std::string meant = fmt::format("{}{}", is_negative ? "-" : "",
                                            without_zeros(part.substr(is_negative ? 1 : 0)));
      return fmt::format("write {} without the leading 0 if that is meant", meant);
    }
    case Surprise::short_vector:
      return fmt::format("write all of its fields: {}", field_names(parameter));
    case Surprise::surplus_fields:
    case Surprise::trailing_text:
      if (part.starts_with('#') || part.starts_with(';')) {
        return "a comment stands on a line of its own";
      }
      if (parameter.fields == 1) {
        if (std::string help = number_meant(text, parameter); !help.empty()) return help;
      }
      return "leave it out";
    case Surprise::hexadecimal:
    case Surprise::rounded:
    case Surprise::wrapped:
    case Surprise::cut:
    case Surprise::changed:
    case Surprise::nothing:
      break;
  }
  return {};
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string help_for(const sysctl::Refusal& refusal, const Parameter& parameter,
                     std::string_view text) {
  const std::string_view word = text.substr(std::min(refusal.offset, text.size()), refusal.length);
  if (!sysctl::is_numeric(parameter.encoding)) {
    return parameter.encoding == Encoding::word ? "write one name, with nothing behind it" : "";
  }
  if (word.find_first_of("\"'") != std::string_view::npos) return "write it without quotes";
  const std::size_t comma = word.find(',');
  const bool is_first = comma != std::string_view::npos && is_digits(word.substr(0, comma));
  if (is_first && parameter.fields > 1) return "separate the fields by blanks";
  if (parameter.fields == 1) {
    // "16 MiB" and "5 000" are one amount.
    if (std::string help = number_meant(text, parameter); !help.empty()) return help;
  }
  if (std::string help = number_meant(word, parameter); !help.empty()) return help;
  const bool has_suffix =
      !word.empty() && is_digits(word.substr(0, 1)) && !word.starts_with("0x") && !is_digits(word);
  if (!has_suffix) return {};
  const std::string_view unit = unit_name(parameter.unit);
  return fmt::format("write a plain number{}{}", unit.empty() ? "" : " of ", unit);
}

class Converter {
 public:
  explicit Converter(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // The rules of what a line writes; nullopt where the kernel refuses it.
  std::optional<std::vector<Rule>> rules_of(const sysctl::KeyGlob& key, const Parameter* parameter,
                                            const Written& written, Rule::Kind kind) {
    if (const std::optional<Stranger> found = find_stranger(written.text, TextKind::name)) {
      report(Severity::error,
             part_of(written, found->offset, std::max<std::size_t>(found->character.length, 1)),
             fmt::format("{} in a value", found->what(written.text)), found->help(), "");
      return std::nullopt;
    }
    if (parameter == nullptr) return unknown_rules(key, written, kind);
    const std::string text = written.text + (written.with_line_feed ? "\n" : "");
    const sysctl::Range range = widest_range(*parameter);
    // What is not written may be anything; the highest number fits with every other.
    const sysctl::Value before =
        sysctl::is_numeric(parameter->encoding)
            ? sysctl::Value::of_numbers(std::vector<Integer>(parameter->fields, range.maximum))
            : sysctl::Value();
    const auto held = sysctl::held_after_write(*parameter, before, text, 0, range);
    if (!held) {
      refused(*parameter, written, held.error());
      return std::nullopt;
    }
    remark(*parameter, written, held->remarks);
    if (!sysctl::is_numeric(parameter->encoding)) return text_rules(*parameter, written, *held);

    const std::vector<Field> fields = fields_of(written.text);
    std::vector<Rule> rules;
    for (std::size_t i = 0; i < parameter->fields; ++i) {
      if (i >= held->written) {
        rules.push_back(keep_rule(written.origin));
        continue;
      }
      const Origin origin = i < fields.size()
                                ? part_of(written, fields[i].offset, fields[i].text.size())
                                : written.origin;
      rules.push_back(number_rule(kind, held->value.numbers()[i], origin));
    }
    return rules;
  }

  void report(Severity severity, const Origin& origin, std::string message, std::string help,
              Lint lint) {
    diagnostics_.list.push_back({severity, origin, std::move(message), std::move(help), lint});
  }

  // A link called eth0.100 in a dotted key: each dot became a folder.
  void check_link_name(const sysctl::KeyGlob& key, const Origin& origin) {
    constexpr auto folders = std::to_array<std::string_view>(
        {"net/ipv4/conf/", "net/ipv6/conf/", "net/ipv4/neigh/", "net/ipv6/neigh/"});
    const std::string_view path = key.pattern();
    for (const std::string_view folder : folders) {
      if (!path.starts_with(folder)) continue;
      const std::size_t last = path.rfind('/');
      std::string link(path.substr(folder.size(), std::max(last, folder.size()) - folder.size()));
      if (link.find('/') == std::string::npos) return;
      std::ranges::replace(link, '/', '.');
      report(Severity::warning, origin, "no link has a slash in its name, so there is no such key",
             fmt::format("for the link {} write {}{}{}", link, folder, link, path.substr(last)),
             "dotted-link");
    }
  }

 private:
  void refused(const Parameter& parameter, const Written& written, const sysctl::Refusal& refusal) {
    std::string help = help_for(refusal, parameter, written.text);
    if (refusal.offset > 0 && parameter.fields > 1 && parameter.encoding != Encoding::word) {
      help += help.empty() ? "" : "\n";
      help += "the fields before it are stored all the same";
    }
    report(Severity::error, part_of(written, refusal.offset, refusal.length),
           fmt::format("the kernel refuses this value: {}", refusal.reason), std::move(help), "");
  }

  void remark(const Parameter& parameter, const Written& written,
              const std::vector<sysctl::Remark>& remarks) {
    for (const sysctl::Remark& remark : remarks) {
      const bool is_note = remark.kind == Surprise::hexadecimal;
      report(is_note ? Severity::note : Severity::warning,
             part_of(written, remark.offset, remark.length), remark.text,
             help_for(remark, parameter, written.text), lint_of(remark.kind));
    }
  }

  std::vector<Rule> text_rules(const Parameter& parameter, const Written& written,
                               const sysctl::Held& held) {
    const std::string& word = held.value.text();
    for (const sysctl::Choices& choices : parameter.choices) {
      // Where the kernel takes any name, none is passed over.
      if (choices.listed_by.empty() || sysctl::knows(choices, word)) continue;
      std::vector<std::string_view> known;
      for (const sysctl::Text& one : choices.known) known.push_back(one);
      const std::string_view near = nearest(word, known);
      report(Severity::warning, written.origin,
             fmt::format("Linux has no {} \"{}\" of its own; where there is none, "
                         "the loaders pass over the line",
                         choices.what, printable(word)),
             near.empty() ? "" : fmt::format("did you mean {}?", near), "unknown-algorithm");
    }
    if (parameter.pattern == "net/ipv4/tcp_allowed_congestion_control" && word.empty()) {
      report(Severity::error, written.origin,
             "an empty list is harmful: no process without CAP_NET_ADMIN may choose a congestion "
             "control then, not even the default one",
             "leave the line out, or name the algorithms", "harmful");
    }
    std::vector<Rule> rules;
    rules.push_back(word_rule(word, written.origin));
    return rules;
  }

  // A key outside the catalogue: its fields as they stand, if all of them are plain numbers.
  std::vector<Rule> unknown_rules(const sysctl::KeyGlob& key, const Written& written,
                                  Rule::Kind kind) {
    check_link_name(key, written.origin);
    const std::vector<Field> fields = fields_of(written.text);
    const bool is_numbers = std::ranges::all_of(fields, [](const Field& field) {
      const std::string_view digits = field.text.substr(field.text.starts_with('-') ? 1 : 0);
      return is_digits(digits) && digits.size() < 20 && (digits == "0" || digits[0] != '0');
    });
    std::vector<Rule> rules;
    if (fields.empty() || !is_numbers) {
      rules.push_back(word_rule(written.text, written.origin));
      return rules;
    }
    for (const Field& field : fields) {
      rules.push_back(number_rule(kind, *sysctl::parse_decimal(field.text),
                                  part_of(written, field.offset, field.text.size())));
    }
    return rules;
  }

  Diagnostics& diagnostics_;
};

std::string place_of(const Origin& winner, const Origin& loser) {
  if (winner.source == loser.source) return fmt::format("line {}", winner.line);
  return describe(winner);
}

std::string name_of_file(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.ends_with(".conf")) name.resize(name.size() - 5);
  return name;
}

// Gives the bytes that an origin underlines; asked line by line, it reads a file once.
class OriginReader {
 public:
  std::string text_at(const Origin& origin) {
    if (origin.source == nullptr || origin.line < 1) return {};
    if (origin.source != source_ || origin.line < line_) {
      source_ = origin.source;
      line_ = 1;
      begin_ = 0;
    }
    const std::string_view text = source_->text;
    for (; line_ < origin.line; ++line_)
      begin_ = std::min(text.find('\n', begin_), text.size()) + 1;
    if (begin_ >= text.size()) return {};
    const std::string_view line = text.substr(begin_, text.find('\n', begin_) - begin_);
    const auto column = static_cast<std::size_t>(origin.column - 1);
    if (column >= line.size()) return {};
    return std::string(line.substr(column, static_cast<std::size_t>(origin.length)));
  }

 private:
  const Source* source_ = nullptr;
  int line_ = 1;
  std::size_t begin_ = 0;  // of that line
};

// What the profile will lack, for whoever asked.
class Leftovers {
 public:
  explicit Leftovers(std::vector<LeftOut>* list) : list_(list) {}

  void add(const Origin& origin, std::string what, std::string reason) {
    if (list_ != nullptr) list_->push_back({origin, std::move(what), std::move(reason)});
  }
  void add(const Origin& origin, const sysctl::KeyGlob& key, std::string reason) {
    if (list_ != nullptr) add(origin, key.name(), std::move(reason));
  }
  void add_outside(const std::vector<Origin>& origins) {
    if (list_ == nullptr) return;
    for (const Origin& origin : origins)
      add(origin, reader_.text_at(origin), "it is not below net.");
  }
  // Those of `diagnostics` from the one at `first` on that tell of a line that is passed over.
  template <class Predicate>
  void add_reported(const Diagnostics& diagnostics, std::size_t first, Predicate is_lost) {
    if (list_ == nullptr) return;
    for (std::size_t i = first; i < diagnostics.list.size(); ++i) {
      const Diagnostic& one = diagnostics.list[i];
      if (!is_lost(one)) continue;
      // A byte that cannot be read is no name.
      const std::string what = one.origin.length > 1 ? reader_.text_at(one.origin) : "";
      add(one.origin, what, one.message);
    }
  }

 private:
  std::vector<LeftOut>* list_;
  OriginReader reader_;
};

// Tells of each line that another one makes void, and returns those that count, in the order in
// which systemd-sysctl keeps them: an equal line keeps its place, another one goes to the end.
std::vector<const Assignment*> effective_lines(const std::vector<SysctlFile>& files,
                                               Converter& converter, Leftovers& leftovers) {
  std::vector<const Assignment*> lines;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const SysctlFile& file : files) {
    for (const Assignment& line : file.assignments) {
      const auto [place, is_new] = places.try_emplace(line.written, lines.size());
      if (is_new) {
        lines.push_back(&line);
        continue;
      }
      const Assignment& old = *lines[place->second];
      const std::string where = place_of(line.origin, old.origin);
      if (old.is_exclusion == line.is_exclusion && old.value == line.value) {
        converter.report(Severity::note, line.origin,
                         fmt::format("{} says the same again", place_of(old.origin, line.origin)),
                         "", "repeated");
        continue;
      }
      if (line.is_exclusion) {
        converter.report(Severity::warning, old.origin,
                         fmt::format("{} excludes this key: systemd-sysctl does not set it then, "
                                     "and sysctl(8) does",
                                     where),
                         "keep one of the two lines", "excluded");
        leftovers.add(old.origin, old.key, fmt::format("{} excludes it", where));
      } else if (!old.is_exclusion) {
        const Parameter* parameter = sysctl::find_parameter(line.key.pattern());
        const bool is_short =
            parameter != nullptr && fields_of(line.value).size() < parameter->fields;
        converter.report(
            Severity::warning, old.origin,
            fmt::format(
                "{}: {} sets {} to {}",
                is_short ? "systemd-sysctl passes this line over" : "this line has no effect",
                where, line.key.name(), printable(line.value)),
            is_short ? "sysctl(8) writes both, and keeps this line's other fields; write one line "
                       "with all of them"
                     : "keep one of the two lines",
            "overridden");
        leftovers.add(old.origin, old.key, fmt::format("{} sets it again", where));
      }
      lines[place->second] = nullptr;
      place->second = lines.size();
      lines.push_back(&line);
    }
  }
  std::erase(lines, nullptr);
  return lines;
}

}  // namespace

bool is_mask(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(1, 3);
}

std::optional<Profile> load_sysctl_d(const std::vector<std::string>& paths,
                                     Diagnostics& diagnostics, std::vector<LeftOut>* left_out) {
  Leftovers leftovers(left_out);
  bool is_complete = true;
  std::vector<SourcePtr> sources;
  std::vector<SysctlFile> files;
  for (const std::string& path : paths) {
    Result<std::string> text = read_file(path, max_file_size);
    if (!text) {
      auto source = std::make_shared<Source>(Source{path, ""});
      diagnostics.sources.push_back(source);
      if (is_mask(path)) {
        const Origin whole{source.get(), 0, 0, 1};
        diagnostics.list.push_back(
            {Severity::note, whole, "a mask, which hides the files of its name", "", ""});
        sources.push_back(std::move(source));
        continue;
      }
      diagnostics.list.push_back(
          {Severity::error,
           {source.get(), 0, 0, 1},
           fmt::format("the file can't be read: {}", why_unreadable(text.error(), max_file_size)),
           "",
           ""});
      is_complete = false;
      continue;
    }
    const std::size_t first = diagnostics.list.size();
    std::optional<SysctlFile> file = parse_sysctl_d(path, std::move(*text), diagnostics);
    // A line that systemd-sysctl takes and sysctl(8) does not is no leftover.
    leftovers.add_reported(diagnostics, first, [&](const Diagnostic& one) {
      const auto line_of = [](const Assignment& line) { return line.origin.line; };
      return !file || !std::ranges::binary_search(file->assignments, one.origin.line, {}, line_of);
    });
    if (file) {
      leftovers.add_outside(file->outside_net);
      files.push_back(std::move(*file));
    } else {
      is_complete = false;
    }
  }
  if (!is_complete) return std::nullopt;

  Converter converter(diagnostics);
  std::vector<Entry> entries;
  for (const Assignment* line : effective_lines(files, converter, leftovers)) {
    Entry entry{.key = line->key,
                .parameter = sysctl::find_parameter(line->key.pattern()),
                .origin = line->origin,
                .optional = line->ignore_failure,
                .on_drift = std::nullopt,
                .rules = {},
                .why = {}};
    if (line->is_exclusion) {
      // It takes the key out of the globs; an excluded glob is taken back itself.
      if (!line->key.is_literal()) {
        leftovers.add(line->origin, line->key, "a glob excludes no key");
        continue;
      }
      entry.rules.push_back(keep_rule(line->origin));
    } else {
      const Written written{line->value, line->value_origin, !line->value.empty(), true};
      std::optional<std::vector<Rule>> rules =
          converter.rules_of(line->key, entry.parameter, written, Rule::Kind::exactly);
      if (!rules) {
        leftovers.add(line->origin, line->key, diagnostics.list.back().message);
        continue;
      }
      entry.rules = std::move(*rules);
    }
    entries.push_back(std::move(entry));
  }
  std::size_t outside = 0;
  for (const SysctlFile& file : files) {
    sources.push_back(file.source);
    outside += file.outside_net.size();
  }
  std::string summary = paths.size() == 1
                            ? "the lines of a sysctl.d file"
                            : fmt::format("the lines of {} sysctl.d files", paths.size());
  if (outside > 0) {
    summary +=
        fmt::format("; {} about keys outside net. {} passed over",
                    outside == 1 ? "one" : std::to_string(outside), outside == 1 ? "is" : "are");
  }
  const std::string path = paths.empty() ? std::string() : paths.front();
  return ProfileBuilder::from_entries(paths.size() == 1 ? name_of_file(path) : "sysctl.d", path,
                                      std::move(summary), std::move(entries), std::move(sources));
}

std::optional<Profile> load_tuned(const std::string& name_or_path, const std::string& root,
                                  Diagnostics& diagnostics, std::vector<LeftOut>* left_out) {
  Leftovers leftovers(left_out);
  const bool lacks_slash = name_or_path.find('/') == std::string::npos;
  const std::string name =
      lacks_slash && name_or_path.ends_with(".conf") ? "./" + name_or_path : name_or_path;
  const std::size_t first = diagnostics.list.size();
  const std::optional<TunedProfile> tuned = read_tuned({name}, root, diagnostics);
  if (!tuned) return std::nullopt;
  OriginReader reader;
  leftovers.add_reported(diagnostics, first, [&](const Diagnostic& one) {
    // A repeated option of another section is a part of what that section's own line says.
    return one.severity == Severity::error || one.lint == "tuned-glob" || one.lint == "not-plain" ||
           (one.lint == "overridden" && reader.text_at(one.origin).starts_with("net."));
  });
  leftovers.add_outside(tuned->outside_net);
  for (const TunedSection& section : tuned->other_sections) {
    leftovers.add(section.origin, fmt::format("[{}]", section.name), "it sets no sysctls");
  }

  Converter converter(diagnostics);
  std::vector<Entry> entries;
  for (const TunedAssignment& line : tuned->assignments) {
    if (line.is_dropped) {
      leftovers.add(line.origin, line.key,
                    "a later file drops it, or its section is replaced or switched off");
    } else if (!line.is_effective()) {
      leftovers.add(line.origin, line.key,
                    fmt::format("{} sets it again", place_of(line.overridden_by, line.origin)));
    }
    if (!line.is_effective()) continue;
    if (!line.open.empty()) {
      leftovers.add(line.origin, line.key,
                    fmt::format("TuneD computes {} when it runs", printable(line.open)));
      converter.report(Severity::warning, line.value_origin,
                       fmt::format("TuneD computes {} when it runs, so this key is left out",
                                   printable(line.open)),
                       "", "not-plain");
      continue;
    }
    const Parameter* parameter = sysctl::find_parameter(line.key.pattern());
    const Written written{line.value, line.value_origin, line.is_verbatim && !line.value.empty(),
                          false};
    Rule::Kind kind = Rule::Kind::exactly;
    if (line.bound != TunedAssignment::Bound::exactly) {
      const bool is_raise = line.bound == TunedAssignment::Bound::at_least;
      const bool has_one_number =
          parameter == nullptr ? fields_of(line.value).size() == 1
                               : parameter->fields == 1 && sysctl::is_numeric(parameter->encoding);
      if (!has_one_number) {
        converter.report(
            Severity::error, line.value_origin,
            fmt::format("TuneD compares single numbers alone: here it writes the \"{}\" "
                        "as well, and the kernel refuses it",
                        is_raise ? '>' : '<'),
            fmt::format("write the value without \"{}\"", is_raise ? '>' : '<'), "");
        leftovers.add(line.origin, line.key, diagnostics.list.back().message);
        continue;
      }
      kind = is_raise ? Rule::Kind::at_least : Rule::Kind::at_most;
    }
    std::optional<std::vector<Rule>> rules = converter.rules_of(line.key, parameter, written, kind);
    if (!rules) {
      leftovers.add(line.origin, line.key, diagnostics.list.back().message);
      continue;
    }
    if (line.is_conditional) {
      leftovers.add(line.origin, line.key, "its section counts on some processors or kernels only");
      converter.report(Severity::note, line.origin,
                       "this section counts on some processors or kernels only, so the key is left "
                       "out",
                       "", "conditional");
      continue;
    }
    entries.push_back({.key = line.key,
                       .parameter = parameter,
                       .origin = line.origin,
                       .optional = false,
                       .on_drift = std::nullopt,
                       .rules = std::move(*rules),
                       .why = {}});
  }
  std::string profile_name = name;
  if (name.find('/') != std::string::npos) {
    const std::size_t slash = name.rfind('/');
    const std::string folder = name.substr(0, slash);
    profile_name =
        name.ends_with("/tuned.conf") && folder != "." ? name_of_file(folder) : name_of_file(name);
  }
  return ProfileBuilder::from_entries(std::move(profile_name), tuned->path, tuned->summary,
                                      std::move(entries), tuned->sources);
}

FileKind kind_of(const std::string& argument) {
  const std::string_view name = std::string_view(argument).substr(argument.rfind('/') + 1);
  if (name == "tuned.conf") return FileKind::tuned;
  if (name.ends_with(".conf")) return FileKind::sysctl_d;
  return FileKind::yaml;
}

std::optional<Profile> load_profile(const Store& store, const std::string& root,
                                    const std::string& argument, Diagnostics& diagnostics) {
  switch (kind_of(argument)) {
    case FileKind::sysctl_d:
      return load_sysctl_d({argument}, diagnostics);
    case FileKind::tuned:
      return load_tuned(argument, root, diagnostics);
    case FileKind::yaml:
      break;
  }
  // TuneD's profiles are folders; a folder can be no profile of nettune's.
  const std::string inside = argument + (argument.ends_with('/') ? "" : "/") + "tuned.conf";
  if (argument.find('/') != std::string::npos && access(inside.c_str(), F_OK) == 0) {
    return load_tuned(inside, root, diagnostics);
  }
  return store.load(argument, diagnostics);
}

}  // namespace nettune::profile
