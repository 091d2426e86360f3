// SPDX-License-Identifier: MIT
#include "engine/profile/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/profile/correction.hpp"
#include "engine/profile/repeated.hpp"
#include "engine/profile/value_checks.hpp"
#include "engine/sysctl/kernel_form.hpp"
#include "engine/sysctl/value.hpp"
#include "engine/text/words.hpp"

namespace nettune::profile {
namespace {

using sysctl::Parameter;

constexpr auto top_words =
    std::to_array<std::string_view>({"nettune", "summary", "inherits", "requires", "on-drift",
                                     "flush-metrics", "sysctl", "sockets"});
constexpr auto entry_words =
    std::to_array<std::string_view>({"value", "optional", "why", "on-drift"});
constexpr auto requirement_words = std::to_array<std::string_view>({"kernel", "memory"});

class Reporter {
 public:
  explicit Reporter(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void error(const Origin& origin, std::string message, std::string help = {}) {
    diagnostics_.list.push_back({Severity::error, origin, std::move(message), std::move(help), {}});
  }
  void warning(const Origin& origin, std::string message, std::string help, Lint lint) {
    diagnostics_.list.push_back(
        {Severity::warning, origin, std::move(message), std::move(help), lint});
  }
  std::size_t count() const { return diagnostics_.list.size(); }
  // What was reported since `before` is about one text, and `help` mends all of it.
  void help_since(std::size_t before, std::string help) {
    for (std::size_t i = before; i < diagnostics_.list.size(); ++i) {
      diagnostics_.list[i].help = std::exchange(help, {});
    }
  }
  void unknown_word(const Node& word, std::string_view what,
                    std::span<const std::string_view> known) {
    const std::string_view near = nearest(word.text, known);
    std::string help;
    if (near.empty()) {
      help = fmt::format("known here: {}", fmt::join(known, ", "));
    } else {
      help = fmt::format("did you mean \"{}\"?", near);
    }
    error(word.origin, fmt::format("unknown word \"{}\" {}", printable(word.text), what),
          std::move(help));
  }

 private:
  Diagnostics& diagnostics_;
};

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::scalar:
      return node.empty ? "nothing" : "one value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "";
}

// The origin of a part of a scalar's text; that of the whole scalar where it does not stand in the
// file letter for letter (folded lines, escapes).
Origin part_of(const Node& node, std::size_t offset, std::size_t length) {
  Origin origin = node.origin;
  if (!node.verbatim) return origin;
  origin.column += static_cast<int>(offset) + (node.quoted ? 1 : 0);
  origin.length = static_cast<int>(std::max<std::size_t>(length, 1));
  return origin;
}

std::optional<bool> read_bool(const Node& node, std::string_view word, Reporter& report) {
  if (node.kind == Node::Kind::scalar && node.text == "true") return true;
  if (node.kind == Node::Kind::scalar && node.text == "false") return false;
  std::string help;
  if (node.kind == Node::Kind::scalar) {
    help = help_of(readings_of_amount(node.text, {.unit = sysctl::Unit::flag}));
    // "1" is an amount, and no word of the language here.
    if (node.text == "1") help = "write true";
    if (node.text == "0") help = "write false";
  }
  report.error(node.origin, fmt::format("{} is true or false", word), std::move(help));
  return std::nullopt;
}

std::optional<std::string> read_text(const Node& node, std::string_view word, Reporter& report) {
  if (node.kind == Node::Kind::scalar && !node.empty) return sysctl::one_line(node.text);
  report.error(node.origin, fmt::format("{} is a text, not {}", word, kind_name(node)));
  return std::nullopt;
}

// Characters that a person does not see, wherever a scalar holds one: also as an escape, which the
// document has taken for what it stands for.
void refuse_strangers(const Node& node, TextKind kind, Reporter& report) {
  if (node.kind == Node::Kind::scalar) {
    if (const std::optional<Stranger> found = find_stranger(node, kind)) {
      report.error(origin_of(node, *found), found->what(node.text), found->help());
    }
  }
  for (const Node& item : node.items()) refuse_strangers(item, TextKind::name, report);
  for (const Node::Entry& entry : node.entries()) {
    refuse_strangers(entry.key, TextKind::name, report);
    const bool is_prose = entry.key.text == "why" || entry.key.text == "summary";
    refuse_strangers(entry.value, is_prose ? TextKind::prose : TextKind::name, report);
  }
}

std::optional<OnDrift> read_on_drift(const Node& node, Reporter& report) {
  if (node.kind == Node::Kind::scalar && node.text == "restore") return OnDrift::restore;
  if (node.kind == Node::Kind::scalar && node.text == "report") return OnDrift::report;
  constexpr auto policies = std::to_array<std::string_view>({"restore", "report"});
  const std::string_view near = nearest(node.text, policies);
  report.error(node.origin, "on-drift is \"restore\" or \"report\"",
               near.empty() ? "" : fmt::format("write {}", near));
  return std::nullopt;
}

// The numbers of a rule that are the same on every host. False after a report of amounts that no
// host could make right, such as 1500 ms for a key in seconds.
bool read_amounts(const Rule& rule, const Parameter* parameter, FieldBounds& field,
                  Reporter& report) {
  bool good = true;
  const Host any_host;
  const sysctl::Unit unit = parameter == nullptr ? sysctl::Unit::none : parameter->unit;
  for (const Expression& operand : rule.operands()) {
    if (operand.kind == Expression::Kind::word || uses_memory(operand)) continue;
    const auto number = evaluate(operand, unit, any_host);
    if (number) {
      field.operands.push_back(*number);
    } else {
      report.error(number.error().origin, number.error().message, number.error().help);
      good = false;
    }
  }
  field.known = !rule.operands().empty() && field.operands.size() == rule.operands().size();
  return good;
}

// Reads the rules of one key. Where there is no parameter, numbers are numbers and anything else is
// a text, as the kernel has it.
class EntryReader {
 public:
  // `range`: what the kernel takes of each number.
  EntryReader(const sysctl::KeyGlob& key, const Parameter* parameter, const sysctl::Range& range,
              Reporter& report)
      : key_(key), parameter_(parameter), range_(range), report_(report) {}

  std::vector<Rule> read(const Node& value) {
    if (value.kind == Node::Kind::scalar) return read_scalar(value);
    if (value.kind == Node::Kind::sequence) return read_fields(value);
    report_.error(value.origin, fmt::format("{} takes a value or a list here", key_.name()));
    return {};
  }

 private:
  bool is_text() const {
    return parameter_ != nullptr && !sysctl::is_numeric(parameter_->encoding);
  }
  bool is_list_of_words() const {
    return parameter_ != nullptr && parameter_->encoding == sysctl::Encoding::words;
  }
  std::size_t field_count() const { return parameter_ == nullptr ? 0 : parameter_->fields; }

  std::string field_list() const {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < field_count() && i < 3; ++i) {
      if (!parameter_->field_names[i].empty()) names.push_back(parameter_->field_names[i]);
    }
    return names.empty() ? "" : fmt::format(": {}", fmt::join(names, ", "));
  }

  std::vector<Rule> read_scalar(const Node& node) {
    const std::string_view text = trim(node.text);
    const bool is_null = !node.quoted && (text == "~" || text == "null");  // YAML's "no value"
    if (text.empty() && node.quoted && parameter_ != nullptr &&
        parameter_->encoding == sysctl::Encoding::number_list) {
      return exactly("", node.origin);
    }
    if (text.empty() || is_null) {
      report_.error(node.origin, fmt::format("{} has no value", key_.name()),
                    "to leave a key as it is, write \"keep\"");
      return {};
    }
    if (field_count() > 1 && text != "keep") {
      report_.error(node.origin,
                    fmt::format("{} holds {} numbers{}", key_.name(), field_count(), field_list()),
                    tuple_help(text));
      return {};
    }
    std::optional<Rule> rule = read_rule(node, 0, false);
    if (!rule) return {};
    std::vector<Rule> rules;
    rules.push_back(std::move(*rule));
    return rules;
  }

  std::string tuple_help(std::string_view text) const {
    std::vector<Reading> readings = readings_of_fields(text, field_count(), meant_by(parameter_));
    std::erase_if(readings, [&](const Reading& reading) {
      std::string_view rest = std::string_view(reading.text).substr(1, reading.text.size() - 2);
      for (std::size_t field = 0; field < field_count(); ++field) {
        const std::size_t end = std::min(rest.find(", "), rest.size());
        if (!is_taken(rest.substr(0, end), field)) return true;
        rest.remove_prefix(std::min(end + 2, rest.size()));
      }
      return false;
    });
    if (readings.empty()) {
      return "write one rule for each, as a list; \"keep\" leaves a field as it is";
    }
    return help_of(readings);
  }

  std::vector<Rule> read_fields(const Node& node) {
    if (is_list_of_words()) return read_words(node);
    if (is_text() || field_count() == 1) {
      report_.error(
          node.origin,
          fmt::format("{} holds {}, not a list", key_.name(), is_text() ? "a text" : "one number"),
          "write the value without brackets");
      return {};
    }
    if (node.items().empty()) {
      report_.error(node.origin, fmt::format("the list of {} is empty", key_.name()));
      return {};
    }
    if (parameter_ != nullptr && node.items().size() != field_count()) {
      const bool cut = std::ranges::any_of(node.items(), [](const Node& item) {
        return std::ranges::count(item.text, '(') != std::ranges::count(item.text, ')');
      });
      report_.error(node.origin,
                    fmt::format("this list has {} items, and {} holds {} numbers{}",
                                node.items().size(), key_.name(), field_count(), field_list()),
                    cut ? "inside [..] YAML's own commas win: quote an expression that holds a "
                          "comma, or write one item to a line"
                        : "\"keep\" leaves a field as it is");
      return {};
    }
    std::vector<Rule> rules;
    bool good = true;
    for (const Node& item : node.items()) {
      if (item.kind != Node::Kind::scalar) {
        report_.error(item.origin, fmt::format("a field takes one rule, not {}", kind_name(item)));
        good = false;
        continue;
      }
      if (item.empty || trim(item.text).empty()) {
        report_.error(item.origin, "this field has no value",
                      "to leave a field as it is, write \"keep\"");
        good = false;
        continue;
      }
      std::optional<Rule> rule = read_rule(item, rules.size(), true);
      if (rule) {
        rules.push_back(std::move(*rule));
      } else {
        good = false;
      }
    }
    if (!good) rules.clear();
    return rules;
  }

  std::vector<Rule> read_words(const Node& node) {
    std::string words;
    for (const Node& item : node.items()) {
      if (item.kind != Node::Kind::scalar || item.text.empty()) {
        report_.error(item.origin, "an item of this list is a name");
        return {};
      }
      if (!words.empty()) words += ' ';
      words += item.text;
    }
    if (words.empty()) {
      report_.error(node.origin, fmt::format("the list of {} is empty", key_.name()));
      return {};
    }
    return exactly(sysctl::one_line(words), node.origin);
  }

  static std::vector<Rule> exactly(std::string_view word, const Origin& origin) {
    Rule rule;
    rule.origin = origin;
    rule.add_operand(word_operand(word, origin));
    std::vector<Rule> rules;
    rules.push_back(std::move(rule));
    return rules;
  }

  static Expression word_operand(std::string_view word, const Origin& origin) {
    Expression expression;
    expression.kind = Expression::Kind::word;
    expression.word = SharedText(word);
    expression.origin = origin;
    return expression;
  }

  std::optional<Rule> read_rule(const Node& node, std::size_t field, bool in_list) {
    const std::size_t before = report_.count();
    std::optional<Rule> rule = strict_rule(node);
    if (rule) return rule;
    std::vector<Reading> readings = readings_of_rule(node.text, meant_by(parameter_));
    std::erase_if(readings, [&](const Reading& reading) { return !is_taken(reading.text, field); });
    const bool has_signs = std::ranges::any_of(readings, [](const Reading& reading) {
      return reading.text.find_first_of(",[]") != std::string::npos;
    });
    if (!readings.empty()) report_.help_since(before, help_of(readings, in_list && has_signs));
    return std::nullopt;
  }

  // Whether `text` is a rule of the field without any fault.
  bool is_taken(std::string_view text, std::size_t field) const {
    Diagnostics faults;
    Reporter report(faults);
    Node node;
    node.text = text;
    const std::optional<Rule> rule =
        EntryReader(key_, parameter_, range_, report).strict_rule(node);
    if (!rule) return false;
    std::vector<FieldBounds> fields(std::max(field_count(), field + 1));
    fields[field].begin(*rule);
    if (!read_amounts(*rule, parameter_, fields[field], report)) return false;
    if (parameter_ != nullptr && sysctl::is_numeric(parameter_->encoding)) {
      check_values(*parameter_, range_, 0, fields, faults);
    }
    return !faults.has_errors();
  }

  std::optional<Rule> strict_rule(const Node& node) {
    const std::string_view whole = node.text;
    const std::string_view text = trim(whole);
    const auto offset_of = [&](std::string_view part) {
      return static_cast<std::size_t>(part.data() - whole.data());
    };
    Rule rule;
    rule.origin = node.origin;
    const auto operand = [&](std::string_view part) {
      const std::string_view trimmed = trim(part);
      const std::string_view place = trimmed.empty() ? part : trimmed;
      std::optional<Expression> expression = read_operand(node, trimmed, offset_of(place));
      if (!expression) return false;
      rule.add_operand(std::move(*expression));
      return true;
    };

    if (text == "keep") {
      rule.kind = Rule::Kind::keep;
      return rule;
    }
    if (const auto rest = after(text, "at least")) {
      rule.kind = Rule::Kind::at_least;
      if (!refuse_for_text(node, "at least") || !operand(*rest)) return std::nullopt;
      return rule;
    }
    if (const auto rest = after(text, "at most")) {
      rule.kind = Rule::Kind::at_most;
      if (!refuse_for_text(node, "at most") || !operand(*rest)) return std::nullopt;
      return rule;
    }
    if (const auto rest = after(text, "between")) {
      rule.kind = Rule::Kind::between;
      if (!refuse_for_text(node, "between")) return std::nullopt;
      const std::size_t conjunction = rest->find(" and ");
      if (conjunction == std::string_view::npos) {
        report_.error(node.origin, "\"between\" needs two bounds",
                      "write the lower bound, \"and\", and the upper one");
        return std::nullopt;
      }
      const bool low = operand(rest->substr(0, conjunction));
      const bool high = operand(rest->substr(conjunction + 5));
      if (!low || !high) return std::nullopt;
      return rule;
    }
    if (const auto rest = after(text, "one of")) return read_one_of(node, *rest, std::move(rule));
    if (is_misspelt_rule(text)) {
      report_.error(node.origin, fmt::format("\"{}\" is not a valid rule", printable(text)),
                    "a rule is a value, \"at least\", \"at most\" or \"between\" with one, "
                    "\"one of\" a list, or \"keep\"");
      return std::nullopt;
    }
    if (!operand(text)) return std::nullopt;
    return rule;
  }

  // What follows `words`, where the text is these words, alone or followed by a blank.
  static std::optional<std::string_view> after(std::string_view text, std::string_view words) {
    if (!text.starts_with(words)) return std::nullopt;
    const std::string_view rest = text.substr(words.size());
    if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') return std::nullopt;
    return rest;
  }

  bool refuse_for_text(const Node& node, std::string_view rule) {
    if (!is_text()) return true;
    report_.error(node.origin,
                  fmt::format("{} holds a text, which is never \"{}\" another", key_.name(), rule),
                  "a text is given exactly, as \"one of [..]\", or \"keep\"");
    return false;
  }

  std::optional<Rule> read_one_of(const Node& node, std::string_view rest, Rule rule) {
    rule.kind = Rule::Kind::one_of;
    std::string_view list = trim(rest);
    if (!list.starts_with('[') || !list.ends_with(']') || list.size() < 2) {
      report_.error(node.origin, "\"one of\" needs a list in brackets",
                    "its items stand in brackets, with commas between them");
      return std::nullopt;
    }
    list = list.substr(1, list.size() - 2);
    bool good = true;
    int depth = 0;
    for (std::size_t begin = 0, i = 0; i <= list.size(); ++i) {
      if (i < list.size() && list[i] == '(') ++depth;
      if (i < list.size() && list[i] == ')') --depth;
      if (i < list.size() && (list[i] != ',' || depth > 0)) continue;
      const std::string_view item = list.substr(begin, i - begin);
      begin = i + 1;
      const std::string_view trimmed = trim(item);
      const std::string_view place = trimmed.empty() ? item : trimmed;
      std::optional<Expression> expression =
          read_operand(node, trimmed, static_cast<std::size_t>(place.data() - node.text.data()));
      if (expression) {
        rule.add_operand(std::move(*expression));
      } else {
        good = false;
      }
    }
    if (!good) return std::nullopt;
    return rule;
  }

  // A value never begins so; other slips show as what is left over behind it.
  static bool is_misspelt_rule(std::string_view text) {
    constexpr auto beginnings = std::to_array<std::string_view>(
        {">",       "<",       "\u2265",  "\u2264",   "=>",       "=<",      "at ",
         "At ",     "AT ",     "atleast", "at-least", "at_least", "AtLeast", "atmost",
         "at-most", "at_most", "AtMost",  "min ",     "minimum ", "max ",    "maximum ",
         "one-of",  "oneof",   "one_of",  "any of",   "One of"});
    return std::ranges::any_of(
        beginnings, [&](std::string_view beginning) { return text.starts_with(beginning); });
  }

  std::optional<Expression> read_operand(const Node& node, std::string_view text,
                                         std::size_t offset) {
    if (text.empty()) {
      report_.error(part_of(node, offset, 1), "a value is missing here");
      return std::nullopt;
    }
    if (is_text()) return read_word(node, text, offset);
    if (parameter_ == nullptr && !looks_numeric(text)) return read_word(node, text, offset);

    std::expected<Expression, QuantityFault> parsed =
        parse_expression(text, part_of(node, offset, text.size()));
    if (!parsed) return fault_at(node, offset, parsed.error());
    if (parsed->kind == Expression::Kind::word) return read_flag(std::move(*parsed));
    const std::expected<Dimension, QuantityFault> dimension = dimension_of(*parsed);
    if (!dimension) return fault_at(node, offset, dimension.error());
    if (!fits(*dimension, *parsed)) return std::nullopt;
    return std::move(*parsed);
  }

  std::optional<Expression> fault_at(const Node& node, std::size_t offset,
                                     const QuantityFault& fault) {
    report_.error(part_of(node, offset + fault.offset, fault.length), fault.message, fault.help);
    return std::nullopt;
  }

  static bool looks_numeric(std::string_view text) {
    const char c = text.front();
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || text.starts_with("min(") ||
           text.starts_with("max(") || text.starts_with("bdp(");
  }

  std::optional<Expression> read_word(const Node& node, std::string_view text, std::size_t offset) {
    const Origin origin = part_of(node, offset, text.size());
    constexpr std::size_t longest_name = 15;
    const bool is_name = parameter_ != nullptr && parameter_->encoding == sysctl::Encoding::word;
    if (is_name && text.find_first_of(" \t") != std::string_view::npos) {
      report_.error(origin, fmt::format("{} holds one name", key_.name()));
      return std::nullopt;
    }
    if (is_name && text.size() > longest_name) {
      report_.error(origin, "a name has at most 15 characters: the kernel would cut it");
      return std::nullopt;
    }
    if (parameter_ == nullptr && (text == "true" || text == "false")) {
      report_.error(origin, fmt::format("the kernel takes no \"{}\"", text),
                    text == "true" ? "write 1" : "write 0");
      return std::nullopt;
    }
    if (parameter_ == nullptr) return word_operand(text, origin);
    // The kernel ends the list at a second blank, and takes a tab for a part of a name.
    if (is_list_of_words()) return word_operand(sysctl::one_line(text), origin);
    if (parameter_->encoding == sysctl::Encoding::number_list && has_other_base(text)) {
      report_.error(origin, "the kernel reads a 0 before a number as octal or hexadecimal",
                    "write the numbers in decimal, without zeros before them");
      return std::nullopt;
    }
    const std::expected<std::string, std::string> form = sysctl::kernel_form(*parameter_, text);
    if (!form) {
      const bool is_mask = parameter_->encoding == sysctl::Encoding::cpu_mask;
      report_.error(
          origin, fmt::format("the kernel refuses it: {}", form.error()),
          is_mask ? "a mask is hexadecimal, and its last digit stands for the first four CPUs"
                  : fmt::format("write numbers up to {} and ranges with \"-\", a comma between two",
                                sysctl::to_string(parameter_->maximum)));
      return std::nullopt;
    }
    return word_operand(*form, origin);
  }

  static bool has_other_base(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      const bool is_first = i == 0 || text[i - 1] == ',' || text[i - 1] == '-';
      if (is_first && text[i] == '0' && text[i + 1] != ',' && text[i + 1] != '-') return true;
    }
    return false;
  }

  // true and false, for keys that are off and on; else what a person may have meant.
  std::optional<Expression> read_flag(Expression expression) {
    const bool is_flag = parameter_ != nullptr && parameter_->unit == sysctl::Unit::flag;
    const std::string_view word = expression.word.view();
    if (is_flag && (word == "true" || word == "false")) {
      expression.kind = Expression::Kind::literal;
      expression.quantity.numerator = word == "true" ? 1 : 0;
      return expression;
    }
    constexpr auto words = std::to_array<std::string_view>({"keep", "true", "false"});
    const std::string_view near = nearest(word, words);
    std::string help;
    if (near == "keep") {
      help = "did you mean \"keep\"?";
    } else if (is_flag) {
      const bool on = word == "yes" || word == "on" || word == "True" || word == "TRUE" ||
                      word == "enabled" || word == "y";
      const bool off = word == "no" || word == "off" || word == "False" || word == "FALSE" ||
                       word == "disabled" || word == "n";
      help = on ? "write true" : off ? "write false" : "write true or false";
    } else if (word == "true" || word == "false") {
      help = fmt::format("{} is not a flag; write the number", key_.name());
    } else if (!near.empty()) {
      help = fmt::format("did you mean \"{}\"?", near);
    }
    report_.error(expression.origin, fmt::format("\"{}\" is not a number", printable(word)),
                  std::move(help));
    return std::nullopt;
  }

  bool fits(Dimension dimension, const Expression& expression) {
    using sysctl::Unit;
    if (dimension == Dimension::number) return true;
    const Unit unit = parameter_ == nullptr ? Unit::none : parameter_->unit;
    const bool is_memory = dimension == Dimension::bytes || dimension == Dimension::pages;
    if (is_memory && (unit == Unit::bytes || unit == Unit::pages)) return true;
    const bool is_time = unit == Unit::seconds || unit == Unit::centiseconds ||
                         unit == Unit::milliseconds || unit == Unit::microseconds ||
                         unit == Unit::nanoseconds;
    if (dimension == Dimension::duration && is_time) return true;
    std::string_view found = "an amount of bytes";
    if (dimension == Dimension::pages) found = "a number of pages";
    if (dimension == Dimension::duration) found = "a time";
    if (dimension == Dimension::bit_rate) found = "a bit rate";
    if (parameter_ == nullptr) {
      if (unit_refused_) return false;  // once for a key, not for each of its fields
      unit_refused_ = true;
      report_.error(expression.origin,
                    fmt::format("the catalogue does not know what {} counts, so it takes no unit",
                                key_.name()),
                    "write the plain number that the kernel is to hold");
      return false;
    }
    const std::string_view name = sysctl::unit_name(unit);
    std::string counts = name.empty() ? "has no unit" : fmt::format("counts {}", name);
    if (unit == Unit::flag) counts = "is a flag";
    if (unit == Unit::mode) counts = "is a mode";
    if (unit == Unit::bits) counts = "is a bitmap";
    std::string help = "write a plain number";
    if (unit == Unit::bytes || unit == Unit::pages) help += ", or an amount in B, KiB, MiB or GiB";
    if (is_time) help += ", or a time in us, ms, s or min";
    if (dimension == Dimension::bit_rate) help = "a bit rate stands within bdp(rate, rtt)";
    report_.error(expression.origin,
                  fmt::format("{} {}, and this is {}", key_.name(), counts, found),
                  std::move(help));
    return false;
  }

  const sysctl::KeyGlob& key_;
  const Parameter* parameter_;
  const sysctl::Range& range_;
  Reporter& report_;
  bool unit_refused_ = false;
};

// The numbers of all of an entry's rules, in `fields`: their memory serves one entry after another.
bool read_amounts(const Entry& entry, std::vector<FieldBounds>& fields, Reporter& report) {
  fields.resize(entry.rules.size());
  bool good = true;
  for (std::size_t i = 0; i < entry.rules.size(); ++i) {
    fields[i].begin(entry.rules[i]);
    if (!read_amounts(entry.rules[i], entry.parameter, fields[i], report)) good = false;
  }
  return good;
}

// A key outside the catalogue is allowed; one that is nearly a known one is probably misspelt.
void warn_of_unknown_key(const Entry& entry, Reporter& report) {
  const std::string near = sysctl::nearest_name(entry.key);
  if (near.empty()) return;
  report.warning(entry.origin, fmt::format("nettune does not know the key {}", entry.key.name()),
                 fmt::format("did you mean {}?", near), "unknown-key");
}

Entry kept(Entry entry) {
  entry.rules.clear();
  entry.rules.emplace_back().kind = Rule::Kind::keep;
  return entry;
}

// Faults of numbers go to `values`: they leave a profile that can be examined further. A key whose
// rules are wrong is kept as it is; nullopt where it is no key.
std::optional<Entry> read_entry(const Node& key_node, const Node& value, sysctl::Version kernel,
                                std::vector<FieldBounds>& amounts, Reporter& report,
                                Diagnostics& values) {
  std::expected<sysctl::KeyGlob, std::string> key = sysctl::KeyGlob::parse(key_node.text);
  if (!key) {
    report.error(key_node.origin, fmt::format("\"{}\" is not a valid key: {}",
                                              printable(key_node.text), key.error()));
    return std::nullopt;
  }
  if (const auto help = help_for_braces(key_node.text)) {
    report.error(key_node.origin,
                 fmt::format("{} has braces, which a profile does not expand", key->name()), *help);
    return std::nullopt;
  }
  const sysctl::Parameter* parameter = sysctl::find_parameter(key->pattern());
  Entry entry{.key = *std::move(key),
              .parameter = parameter,
              .origin = key_node.origin,
              .optional = false,
              .on_drift = {},
              .rules = {},
              .why = {}};
  const Node* rules = &value;
  if (value.kind == Node::Kind::mapping) {
    rules = nullptr;
    for (const Node::Entry& word : value.entries()) {
      if (word.key.text == "value") {
        rules = &word.value;
      } else if (word.key.text == "optional") {
        entry.optional = read_bool(word.value, "optional", report).value_or(false);
      } else if (word.key.text == "why") {
        entry.why = SharedText(read_text(word.value, "why", report).value_or(""));
      } else if (word.key.text == "on-drift") {
        entry.on_drift = read_on_drift(word.value, report);
      } else {
        report.unknown_word(word.key, "in the long form of a key", entry_words);
      }
    }
    if (rules == nullptr) {
      report.error(key_node.origin, fmt::format("{} has no value", entry.key.name()),
                   "the long form of a key needs \"value:\"");
      return kept(std::move(entry));
    }
  }
  if (entry.parameter == nullptr) warn_of_unknown_key(entry, report);
  if (entry.parameter != nullptr && entry.parameter->encoding == sysctl::Encoding::trigger) {
    report.error(key_node.origin, "this key holds no value: each write to it does something",
                 "flush-metrics: true empties what is learned of routes after a change");
    return kept(std::move(entry));
  }
  sysctl::Range range{};
  if (entry.parameter != nullptr) {
    range = kernel == sysctl::Version{} ? widest_range(*entry.parameter)
                                        : sysctl::range_on(*entry.parameter, kernel);
  }
  entry.rules = EntryReader(entry.key, entry.parameter, range, report).read(*rules);
  if (entry.rules.empty() || !read_amounts(entry, amounts, report)) return kept(std::move(entry));
  if (entry.parameter != nullptr && sysctl::is_numeric(entry.parameter->encoding)) {
    check_values(*entry.parameter, range, 0, amounts, values);
  }
  return entry;
}

// What to write instead of a text that stands where sysctl has its mapping: "net.core.somaxconn =
// 8192", or a list of such items.
std::string sysctl_help(const Node& node) {
  if (node.kind == Node::Kind::sequence) {
    return "write the keys one below the other, without \"-\" before them";
  }
  const std::size_t sign = node.text.find('=');
  const std::string_view key = trim(node.text.substr(0, sign));
  if (sign != std::string_view::npos && sysctl::KeyGlob::parse(key)) {
    return fmt::format("write:\nsysctl:\n  {}: {}", printable(key),
                       printable(trim(node.text.substr(sign + 1))));
  }
  return "write one key to a line, below \"sysctl:\" and indented, with a colon and its value";
}

std::vector<Entry> read_entries(const Node& node, sysctl::Version kernel, Reporter& report,
                                Diagnostics& values) {
  std::vector<Entry> entries;
  if (node.kind == Node::Kind::scalar && node.empty) return entries;
  if (node.kind != Node::Kind::mapping) {
    report.error(node.origin, fmt::format("sysctl is a mapping of keys, not {}", kind_name(node)),
                 sysctl_help(node));
    return entries;
  }
  entries.reserve(node.entries().size());
  std::vector<FieldBounds> amounts;
  for (const Node::Entry& item : node.entries()) {
    std::optional<Entry> entry = read_entry(item.key, item.value, kernel, amounts, report, values);
    if (entry) entries.push_back(std::move(*entry));
  }
  drop_repeated(
      entries, [](const Entry& entry) { return entry.key.pattern(); },
      [&](const Entry& entry, const Entry& first) {
        report.error(
            entry.origin,
            fmt::format("{} stands twice: first in line {}", entry.key.name(), first.origin.line),
            "the dotted and the slash form are one key");
      });
  return entries;
}

std::vector<Inherited> read_inherits(const Node& node, Reporter& report) {
  std::vector<Inherited> inherits;
  const auto add = [&](const Node& item) {
    if (item.kind != Node::Kind::scalar || item.text.empty()) {
      report.error(item.origin, "inherits is a list of profile names");
      return;
    }
    for (const Inherited& before : inherits) {
      if (before.name == item.text) {
        report.error(item.origin, fmt::format("\"{}\" is inherited twice", printable(item.text)));
        return;
      }
    }
    inherits.push_back({std::string(item.text), item.origin});
  };
  if (node.kind == Node::Kind::sequence) {
    for (const Node& item : node.items()) add(item);
  } else if (node.kind == Node::Kind::scalar && !node.empty) {
    report.error(node.origin, "inherits is a list of profile names",
                 fmt::format("write: inherits: [{}]", printable(node.text)));
  } else {
    report.error(node.origin,
                 fmt::format("inherits is a list of profile names, not {}", kind_name(node)));
  }
  return inherits;
}

// `name` is "kernel" or "memory".
std::optional<Requirement> strict_requirement(std::string_view name, const Node& node,
                                              Reporter& report) {
  using Comparison = Requirement::Comparison;
  const bool is_kernel = name == "kernel";
  if (node.kind != Node::Kind::scalar || node.empty) {
    report.error(node.origin, fmt::format("{} is a comparison", name),
                 is_kernel ? "write >= and a version, in quotes"
                           : "write >= and an amount of bytes, in quotes");
    return std::nullopt;
  }
  Requirement requirement{};
  requirement.subject = is_kernel ? Requirement::Subject::kernel : Requirement::Subject::memory;
  requirement.origin = node.origin;
  requirement.text = trim(node.text);
  struct Sign {
    std::string_view text;
    Comparison comparison;
  };
  constexpr auto signs = std::to_array<Sign>({{">=", Comparison::at_least},
                                              {"<=", Comparison::at_most},
                                              {">", Comparison::greater},
                                              {"<", Comparison::less},
                                              {"=", Comparison::equal}});
  std::string_view rest = requirement.text;
  const auto sign =
      std::ranges::find_if(signs, [&](const Sign& s) { return rest.starts_with(s.text); });
  if (sign == signs.end()) {
    report.error(node.origin,
                 fmt::format("\"{}\" does not begin with >=, >, <=, < or =", printable(rest)));
    return std::nullopt;
  }
  requirement.comparison = sign->comparison;
  rest = trim(rest.substr(sign->text.size()));
  if (is_kernel) {
    requirement.version = parse_kernel_version(rest);
    const bool plain = rest.find_first_not_of("0123456789.") == std::string_view::npos;
    if (!plain || requirement.version == sysctl::Version{}) {
      report.error(node.origin, fmt::format("\"{}\" is not a kernel version", printable(rest)),
                   "a version is two numbers with a point between them");
      return std::nullopt;
    }
    return requirement;
  }
  const std::size_t offset = static_cast<std::size_t>(node.text.size() - rest.size());
  const auto amount = parse_expression(rest, part_of(node, offset, rest.size()));
  if (!amount) {
    report.error(part_of(node, offset + amount.error().offset, amount.error().length),
                 amount.error().message, amount.error().help);
    return std::nullopt;
  }
  const std::expected<Dimension, QuantityFault> dimension = dimension_of(*amount);
  const auto bytes = evaluate(*amount, sysctl::Unit::bytes, Host{});
  if (!dimension || *dimension != Dimension::bytes || uses_memory(*amount) || !bytes) {
    report.error(node.origin, fmt::format("\"{}\" is not an amount of bytes", printable(rest)),
                 "an amount has a unit: MiB or GiB");
    return std::nullopt;
  }
  requirement.memory = *bytes;
  return requirement;
}

// The readings of `text` that are taken as a requirement.
std::vector<Reading> requirements_in(std::string_view name, std::string_view text) {
  std::vector<Reading> readings =
      name == "kernel" ? readings_of_kernel(text) : readings_of_memory_bound(text);
  std::erase_if(readings, [&](const Reading& reading) {
    Diagnostics faults;
    Reporter report(faults);
    Node node;
    node.text = reading.text;
    return !strict_requirement(name, node, report);
  });
  return readings;
}

std::optional<Requirement> read_requirement(const Node& word, const Node& node, Reporter& report) {
  if (word.text != "kernel" && word.text != "memory") {
    report.unknown_word(word, "in requires", requirement_words);
    return std::nullopt;
  }
  const std::size_t before = report.count();
  std::optional<Requirement> requirement = strict_requirement(word.text, node, report);
  if (requirement) return requirement;
  const std::vector<Reading> readings = requirements_in(word.text, node.text);
  if (!readings.empty()) report.help_since(before, help_of(readings, true));
  return std::nullopt;
}

// What to write instead of a text that stands where requires has its mapping.
std::string requires_help(const Node& value) {
  if (value.kind == Node::Kind::scalar) {
    for (const std::string_view name : requirement_words) {
      const std::vector<Reading> readings = requirements_in(name, value.text);
      if (!readings.empty()) {
        return fmt::format("write:\nrequires:\n  {}: \"{}\"", name, readings.front().text);
      }
    }
  }
  return "it holds \"kernel:\", \"memory:\" or both, one below the other";
}

}  // namespace

std::optional<std::string> unmet(const Requirement& requirement, const Host& host) {
  using Comparison = Requirement::Comparison;
  const auto holds = [&](const auto& have, const auto& want) {
    switch (requirement.comparison) {
      case Comparison::at_least:
        return have >= want;
      case Comparison::greater:
        return have > want;
      case Comparison::at_most:
        return have <= want;
      case Comparison::less:
        return have < want;
      case Comparison::equal:
        return have == want;
    }
    return false;
  };
  if (requirement.subject == Requirement::Subject::kernel) {
    if (host.kernel == sysctl::Version{} || holds(host.kernel, requirement.version)) {
      return std::nullopt;
    }
    return fmt::format("it requires kernel {}, and this one is {}", requirement.text,
                       host.kernel_release.empty() ? to_string(host.kernel) : host.kernel_release);
  }
  const auto memory = static_cast<sysctl::Integer>(host.memory_bytes);
  if (memory == 0 || holds(memory, requirement.memory)) return std::nullopt;
  return fmt::format("it requires memory {}, and this host has {}", requirement.text,
                     readable(memory, sysctl::Unit::bytes, host.page_size));
}

std::optional<Profile> ProfileBuilder::check(const Document& document, Diagnostics& diagnostics,
                                             sysctl::Version kernel,
                                             std::vector<Inherited>* inherits, Faulty faulty) {
  const std::size_t before = diagnostics.list.size();
  Reporter report(diagnostics);
  Diagnostics values;
  Profile profile;
  profile.path_ = document.source()->name;
  profile.name_ = stem_of(profile.path_);
  profile.sources_.push_back(document.source());

  const Node& root = document.root();
  refuse_strangers(root, TextKind::name, report);
  if (diagnostics.list.size() > before) return std::nullopt;  // the rest would be told of twice
  if (root.kind != Node::Kind::mapping) {
    report.error(root.origin, fmt::format("a profile is a mapping, not {}", kind_name(root)),
                 "begin with \"nettune: 1\"");
    return std::nullopt;
  }
  if (root.entries().empty() || root.entries().front().key.text != "nettune") {
    report.error(root.entries().empty() ? root.origin : root.entries().front().key.origin,
                 "a profile begins with its language version", "write \"nettune: 1\" first");
  }
  for (const Node::Entry& entry : root.entries()) {
    const std::string_view word = entry.key.text;
    const Node& value = entry.value;
    if (word == "nettune") {
      if (value.kind != Node::Kind::scalar || value.text != "1") {
        report.error(value.origin, "this nettune reads language version 1", "write \"nettune: 1\"");
      }
    } else if (word == "summary") {
      profile.summary_ = read_text(value, "summary", report).value_or("");
    } else if (word == "inherits") {
      profile.inherits_ = read_inherits(value, report);
    } else if (word == "requires") {
      if (value.kind != Node::Kind::mapping) {
        report.error(value.origin, fmt::format("requires is a mapping, not {}", kind_name(value)),
                     requires_help(value));
        continue;
      }
      for (const Node::Entry& item : value.entries()) {
        std::optional<Requirement> requirement = read_requirement(item.key, item.value, report);
        if (requirement) profile.requirements_.push_back(std::move(*requirement));
      }
    } else if (word == "on-drift") {
      if (const std::optional<OnDrift> policy = read_on_drift(value, report)) {
        profile.on_drift_ = *policy;
        profile.has_on_drift_ = true;
      }
    } else if (word == "flush-metrics") {
      profile.flush_metrics_ = read_bool(value, "flush-metrics", report);
    } else if (word == "sysctl") {
      profile.entries_ = read_entries(value, kernel, report, values);
    } else if (word == "sockets") {
      profile.presets_ = check_presets(value, diagnostics);
    } else {
      report.unknown_word(entry.key, "at the top level", top_words);
    }
  }
  const bool failed = std::any_of(
      diagnostics.list.begin() + static_cast<std::ptrdiff_t>(before), diagnostics.list.end(),
      [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; });
  std::ranges::move(values.list, std::back_inserter(diagnostics.list));
  if (inherits != nullptr) *inherits = profile.inherits_;
  if (failed && faulty == Faulty::refuse) return std::nullopt;
  return profile;
}

Profile ProfileBuilder::merge(std::vector<Profile> parents, Profile own) {
  if (parents.empty()) return own;
  Profile merged;
  std::size_t entries = own.entries_.size();
  for (const Profile& parent : parents) entries += parent.entries_.size();
  merged.entries_.reserve(entries);
  const auto add = [&](Profile& profile) {
    std::ranges::move(profile.requirements_, std::back_inserter(merged.requirements_));
    std::ranges::move(profile.entries_, std::back_inserter(merged.entries_));
    for (const SourcePtr& source : profile.sources_) {
      if (std::ranges::find(merged.sources_, source) == merged.sources_.end()) {
        merged.sources_.push_back(source);
      }
    }
    for (SocketPreset& preset : profile.presets_) {
      const auto same = std::ranges::find(merged.presets_, preset.name, &SocketPreset::name);
      if (same == merged.presets_.end()) {
        merged.presets_.push_back(std::move(preset));
      } else {
        *same = std::move(preset);
      }
    }
    if (profile.has_on_drift_) {
      merged.on_drift_ = profile.on_drift_;
      merged.has_on_drift_ = true;
    }
    if (profile.flush_metrics_) merged.flush_metrics_ = profile.flush_metrics_;
  };
  for (Profile& parent : parents) add(parent);
  add(own);
  merged.name_ = std::move(own.name_);
  merged.path_ = std::move(own.path_);
  merged.summary_ = std::move(own.summary_);
  merged.inherits_ = std::move(own.inherits_);
  return merged;
}

Profile ProfileBuilder::from_entries(std::string name, std::string path, std::string summary,
                                     std::vector<Entry> entries, std::vector<SourcePtr> sources) {
  Profile profile;
  profile.name_ = std::move(name);
  profile.path_ = std::move(path);
  profile.summary_ = std::move(summary);
  profile.entries_ = std::move(entries);
  profile.sources_ = std::move(sources);
  return profile;
}

std::string stem_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string stem = slash == std::string::npos ? path : path.substr(slash + 1);
  if (stem.ends_with(".yaml")) stem.resize(stem.size() - 5);
  return stem;
}

}  // namespace nettune::profile
