// SPDX-License-Identifier: MIT
#include "engine/profile/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>  // parser.h declares YAML::Node, and clang-tidy wants it whole
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <exception>
#include <istream>
#include <streambuf>
#include <string_view>

#include "engine/profile/plain_yaml.hpp"
#include "engine/profile/repeated.hpp"
#include "engine/text/characters.hpp"

namespace nettune::profile {
namespace {

// --- the text as lines ---

// Offsets of lines. yaml-cpp counts lines and columns from 0, a Source from 1.
class Lines {
 public:
  explicit Lines(const Source& source) : source_(&source), text_(source.text) {
    starts_.push_back(0);
    for (std::size_t i = text_.find('\n'); i != std::string_view::npos;
         i = text_.find('\n', i + 1)) {
      starts_.push_back(i + 1);
    }
  }

  std::size_t count() const { return starts_.size(); }
  std::size_t start(std::size_t line) const { return starts_[line]; }

  // Without its end; `line` counts from 0.
  std::string_view line(std::size_t line) const {
    if (line >= starts_.size()) return {};
    const std::size_t end = line + 1 < starts_.size() ? starts_[line + 1] - 1 : text_.size();
    std::string_view found = text_.substr(starts_[line], end - starts_[line]);
    if (found.ends_with('\r')) found.remove_suffix(1);
    return found;
  }

  std::size_t offset(const YAML::Mark& mark) const {
    const std::size_t line = mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line);
    if (line >= starts_.size()) return text_.size();
    const std::size_t column = mark.column < 0 ? 0 : static_cast<std::size_t>(mark.column);
    return std::min(text_.size(), starts_[line] + column);
  }

  std::size_t offset(const Origin& origin) const {
    return starts_[static_cast<std::size_t>(origin.line) - 1] +
           static_cast<std::size_t>(origin.column) - 1;
  }

  Origin origin(std::size_t offset, std::size_t length) const {
    const std::size_t line = line_at(offset);
    return {source_, static_cast<int>(line) + 1, static_cast<int>(offset - starts_[line]) + 1,
            static_cast<int>(std::max<std::size_t>(length, 1))};
  }

  std::size_t line_number(std::size_t offset) const {
    return line_at(std::min(offset, text_.size())) + 1;
  }

  std::string_view text() const { return text_; }

  // What is left of the line from `offset` on.
  std::string_view rest(std::size_t offset) const {
    const std::size_t index = line_number(offset) - 1;  // no scan: a line may be the whole file
    const std::string_view whole = line(index);
    return whole.substr(std::min(offset - starts_[index], whole.size()));
  }

 private:
  // From 0. Most questions are about the line of the question before, or the next one.
  std::size_t line_at(std::size_t offset) const {
    const auto holds = [&](std::size_t line) {
      return line < starts_.size() && starts_[line] <= offset &&
             (line + 1 == starts_.size() || offset < starts_[line + 1]);
    };
    if (!holds(last_)) ++last_;
    if (!holds(last_)) {
      const auto next = std::ranges::upper_bound(starts_, offset);
      last_ = static_cast<std::size_t>(next - starts_.begin()) - 1;
    }
    return last_;
  }

  const Source* source_;
  std::string_view text_;
  std::vector<std::size_t> starts_;
  mutable std::size_t last_ = 0;  // what line_at() has answered
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Neither nothing nor only a comment.
bool has_content(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] != '#';
}

class Report {
 public:
  Report(Diagnostics& diagnostics, const Lines& lines) : diagnostics_(diagnostics), lines_(lines) {}

  void error(const Origin& origin, std::string message, std::string help = {}) {
    ++count_;
    diagnostics_.list.push_back({Severity::error, origin, std::move(message), std::move(help), {}});
  }
  void error_at(std::size_t offset, std::size_t length, std::string message,
                std::string help = {}) {
    error(lines_.origin(std::min(offset, lines_.text().size()), length), std::move(message),
          std::move(help));
  }
  std::size_t count() const { return count_; }

 private:
  Diagnostics& diagnostics_;
  const Lines& lines_;
  std::size_t count_ = 0;
};

// --- what is refused before YAML is read ---

// A program or a picture, say: that it is one says more than each of its bytes. A slip has a NUL
// byte or two in a file of lines.
bool is_binary(std::string_view text) {
  return std::ranges::count(text.substr(0, 1024), '\0') >= 8;
}

void check_characters(std::string_view text, Report& report) {
  if (is_binary(text)) {
    return report.error_at(text.find('\0'), 1, "a binary file: it is full of NUL bytes",
                           "a profile is plain text");
  }
  std::size_t i = 0;
  while (const std::optional<Stranger> found = find_stranger(text, TextKind::prose, i)) {
    if (report.count() > max_diagnostics) return;
    const Character character = found->character;
    i = found->offset + std::max<std::size_t>(character.length, 1);
    if (character.length == 1 && character.code == '\r') {
      if (i < text.size() && text[i] == '\n') continue;
      report.error_at(found->offset, 1, "a carriage return that ends no line",
                      "end lines with a line feed, or with both");
      continue;
    }
    report.error_at(found->offset, std::max<std::size_t>(character.length, 1), found->what(text),
                    found->help());
    // One report for a run of bad bytes: a file in another encoding has one on each word.
    while (character.length == 0 && i < text.size() &&
           static_cast<unsigned char>(text[i]) >= 0x80 && character_at(text, i).length == 0) {
      ++i;
    }
  }
}

bool is_marker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) && (line.size() == 3 || is_blank(line[3]));
}

// Tabs, directives and document markers: yaml-cpp ignores some of them, and answers to others with
// a fault in a line that is right.
void check_lines(const Lines& lines, Report& report) {
  std::size_t tabs = 0;
  std::size_t first_tab = 0;
  std::size_t end_marker = 0;
  bool content = false;
  bool started = false;  // by ---
  bool ended = false;    // by ...
  for (std::size_t i = 0; i < lines.count(); ++i) {
    const std::string_view line = lines.line(i);
    const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
    if (indent == line.size() || line[indent] == '#') continue;
    const std::size_t tab = line.substr(0, indent).find('\t');
    if (tab != std::string_view::npos) {
      if (tabs == 0) first_tab = lines.start(i) + tab;
      ++tabs;
    }
    if (ended) {
      report.error_at(lines.start(i) + indent, trim_end(line.substr(indent)).size(),
                      "text after the end of the document",
                      fmt::format("\"...\" in line {} ends it", end_marker));
      break;
    }
    if (line.front() == '%' && !content && !started) {
      report.error_at(lines.start(i), trim_end(line).size(), "directives are not supported",
                      "delete the line");
      continue;
    }
    if (is_marker(line, "---")) {
      if (content || started) {
        report.error_at(lines.start(i), 3, "a second document begins here",
                        "a file holds one profile");
        break;
      }
      started = true;
      content = has_content(line.substr(3));
      continue;
    }
    if (is_marker(line, "...")) {
      ended = true;
      end_marker = i + 1;
      if (has_content(line.substr(3))) {
        report.error_at(lines.start(i), trim_end(line).size(), "text after the end of the document",
                        "\"...\" ends it");
        break;
      }
      continue;
    }
    content = true;
  }
  if (tabs > 0) {
    report.error_at(first_tab, 1, "a tab in the indentation",
                    tabs == 1
                        ? "indent with blanks: YAML takes no tabs there"
                        : fmt::format("indent with blanks: YAML takes no tabs there; {} lines "
                                      "have one",
                                      tabs));
  }
  if (!content && tabs == 0 && report.count() == 0) {
    Origin whole = lines.origin(0, 1);
    whole.line = 0;
    report.error(whole, "the file is empty", "a profile begins with \"nettune: 1\"");
  }
}

// --- the tree ---

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Lines& lines, Report& report) : lines_(lines), report_(report) {}

  bool is_broken() const { return broken_; }
  bool has_root() const { return has_root_; }
  NodeTree take_tree() { return std::move(tree_); }
  std::size_t last_offset() const { return last_offset_; }  // of the last event
  // The opening quote of the last scalar, where its text goes on over several lines.
  std::optional<std::size_t> folded_quote() const { return folded_quote_; }
  // The innermost list or mapping in brackets that is open.
  std::optional<Origin> open_bracket() const {
    for (std::size_t i = open_.size(); i-- > 0;) {
      if (open_[i].flow) return open_[i].node.origin;
    }
    return std::nullopt;
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    const std::size_t offset = find_from(mark, '&');
    report_.error_at(offset, name.size() + 1, fmt::format("anchor \"&{}\"", printable(name)),
                     "anchors and aliases are not supported: write the value where it is needed");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse_alias(lines_.offset(mark));
    Node node = node_at(Node::Kind::scalar, mark);
    node.empty = true;
    add(std::move(node));
  }

  void refuse_alias(std::size_t offset) {
    const std::string_view rest = lines_.rest(offset);
    const std::size_t length = std::min(rest.find_first_of(" \t,]}"), rest.size());
    report_.error_at(offset, length, fmt::format("alias \"{}\"", printable(rest.substr(0, length))),
                     "anchors and aliases are not supported; quote a value that begins with *");
  }

  // An absent value, and the plain words ~ and null, which are texts here like any other.
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    const std::size_t offset = lines_.offset(mark);
    Node node = node_at(Node::Kind::scalar, mark);
    const std::string_view word = null_word(offset);
    if (word.empty()) check_tag(offset, "?");
    if (!word.empty() && belongs_here(mark)) {
      node.text = word;
      node.verbatim = true;
      node.origin.length = static_cast<int>(word.size());
    } else {
      node.empty = true;
      // The mark is that of whatever follows, perhaps lines below.
      if (!open_.empty() && open_.back().has_key) node.origin = open_.back().key.origin;
    }
    add(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const std::size_t offset = lines_.offset(mark);
    Node node = node_at(Node::Kind::scalar, mark);
    check_tag(offset, tag);
    if (broken_) return;
    node.text = value;
    node.quoted = tag != "?";
    if (anchor == 0) measure(node, offset);
    // The event's text ends with the event.
    node.text = node.verbatim ? lines_.text().substr(offset + (node.quoted ? 1 : 0), value.size())
                              : tree_.texts.emplace_back(value);
    folded_quote_ = std::nullopt;
    if (node.quoted && anchor == 0 && !check_quote(offset)) return;
    if (!node.quoted && !node.verbatim && anchor == 0) check_folded(node, offset);
    if (node.quoted && value.empty() && node.origin.length < 2) node.origin.length = 2;
    last_offset_ = offset;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    begin(Node::Kind::sequence, mark, tag, style);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    begin(Node::Kind::mapping, mark, tag, style);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    Node node;
    Node key;  // of a mapping, while its value is awaited
    bool has_key = false;
    bool bad_key = false;  // reported already; its value is dropped
    bool flow = false;
    int column = 0;  // as marked
  };

  Node node_at(Node::Kind kind, const YAML::Mark& mark) const {
    Node node;
    node.kind = kind;
    node.origin = lines_.origin(lines_.offset(mark), 1);
    return node;
  }

  std::size_t find_from(const YAML::Mark& mark, char sign) const {
    const std::size_t offset = lines_.offset(mark);
    const std::size_t found = lines_.rest(offset).find(sign);
    return found == std::string_view::npos ? offset : offset + found;
  }

  // Plain scalars come as "?", quoted and block ones as "!".
  void check_tag(std::size_t offset, const std::string& tag) {
    const bool tagged = (tag != "?" && tag != "!" && !tag.empty()) ||
                        (offset < lines_.text().size() && lines_.text()[offset] == '!');
    if (!tagged) return;
    const std::string_view rest = lines_.rest(offset);
    const std::size_t begin = std::min(rest.find('!'), rest.size());
    const std::size_t end = std::min(rest.find_first_of(" \t,]}", begin), rest.size());
    const std::string_view word = rest.substr(begin, end - begin);
    report_.error_at(offset + begin, word.size(), fmt::format("tag \"{}\"", printable(word)),
                     "tags are not supported: a profile says by its own words what a value is");
  }

  // How far a scalar reaches on its first line, and whether it stands there letter for letter.
  void measure(Node& node, std::size_t offset) const {
    const std::string_view rest = lines_.rest(offset);
    if (rest.empty()) return;
    const char sign = rest.front();
    if (!node.quoted) {
      node.verbatim = rest.starts_with(node.text);
      node.origin.length =
          static_cast<int>(node.verbatim ? node.text.size() : trim_end(rest).size());
      return;
    }
    std::size_t end = rest.size();  // one past the closing quote
    if (sign == '"' || sign == '\'') {
      for (std::size_t i = 1; i < rest.size(); ++i) {
        if (sign == '"' && rest[i] == '\\') {
          ++i;
        } else if (rest[i] == sign) {
          if (sign == '\'' && i + 1 < rest.size() && rest[i + 1] == '\'') {
            ++i;
            continue;
          }
          end = i + 1;
          break;
        }
      }
      node.verbatim = end >= 2 && rest.substr(1, end - 2) == node.text;
    }
    node.origin.length =
        static_cast<int>(std::max<std::size_t>(1, trim_end(rest.substr(0, end)).size()));
  }

  // yaml-cpp takes the end of the file for the closing quote.
  bool check_quote(std::size_t offset) {
    const std::string_view text = lines_.text();
    const char sign = offset < text.size() ? text[offset] : '\0';
    if (sign != '"' && sign != '\'') return true;
    for (std::size_t i = offset + 1; i < text.size(); ++i) {
      if (sign == '"' && text[i] == '\\') {
        ++i;
      } else if (text[i] == '\n') {
        folded_quote_ = offset;
      } else if (text[i] == sign) {
        if (sign == '"' || i + 1 >= text.size() || text[i + 1] != sign) return true;
        ++i;
      }
    }
    report_.error_at(offset, 1, fmt::format("this {} is never closed", sign),
                     fmt::format("end the text with another {}", sign));
    broken_ = true;
    return false;
  }

  // An item that is indented deeper than the one before is, to YAML, more of that one's text.
  void check_folded(const Node& node, std::size_t offset) {
    std::string_view text = node.text;
    std::string_view line = trim_end(lines_.rest(offset));
    auto index = static_cast<std::size_t>(node.origin.line);
    while (!line.empty() && text.starts_with(line) && text.size() > line.size()) {
      text.remove_prefix(line.size() + 1);
      if (index >= lines_.count()) return;
      const std::string_view whole = lines_.line(index);
      const std::size_t indent = std::min(whole.find_first_not_of(' '), whole.size());
      line = trim_end(whole.substr(indent));
      if (line.starts_with("- ") && text.starts_with(line)) {
        report_.error_at(lines_.start(index) + indent, line.size(),
                         "this list item is read as more of the text above",
                         "give all items of a list the same indentation");
        return;
      }
      ++index;
    }
  }

  std::string_view null_word(std::size_t offset) const {
    const std::string_view rest = lines_.rest(offset);
    const std::size_t end = std::min(rest.find_first_of(" \t,:]}"), rest.size());
    const std::string_view word = rest.substr(0, end);
    const bool is_null = word == "~" || word == "null" || word == "Null" || word == "NULL";
    return is_null ? word : std::string_view{};
  }

  // Whether a word at `mark` is the awaited node, and not the next key after an absent one.
  bool belongs_here(const YAML::Mark& mark) const {
    if (open_.empty()) return true;
    const Open& open = open_.back();
    if (open.node.kind == Node::Kind::mapping && !open.has_key) return true;
    if (open.has_key && open.key.origin.line == mark.line + 1 &&
        open.key.origin.column == mark.column + 1) {
      return false;
    }
    return open.flow || mark.column > open.column;
  }

  void begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
             YAML::EmitterStyle::value style) {
    ++depth_;
    if (broken_) return;
    const std::size_t offset = lines_.offset(mark);
    check_tag(offset, tag);
    if (depth_ > max_depth) {
      report_.error_at(offset, 1, fmt::format("more than {} levels of nesting", max_depth),
                       "a profile needs four");
      broken_ = true;
      return;
    }
    last_offset_ = offset;
    Open open;
    open.node = node_at(kind, mark);
    open.flow = style == YAML::EmitterStyle::Flow;
    open.column = mark.column;
    open_.push_back(std::move(open));
  }

  void end() {
    --depth_;
    if (broken_ || open_.empty()) return;
    Node node = std::move(open_.back().node);
    open_.pop_back();
    if (!node.entries().empty()) drop_duplicates(node);
    add(std::move(node));
  }

  // Each key that stands twice is reported, and its first value is the one that stays.
  void drop_duplicates(Node& node) {
    drop_repeated(
        node.children->entries, [](const Node::Entry& entry) { return entry.key.text; },
        [&](const Node::Entry& entry, const Node::Entry& first) {
          report_.error(entry.key.origin,
                        fmt::format("\"{}\" stands twice: first in line {}",
                                    printable(entry.key.text), first.key.origin.line),
                        "keep one of the two");
        });
  }

  void add(Node node) {
    if (broken_) return;
    if (++nodes_ > max_nodes) {
      report_.error(node.origin, fmt::format("more than {} values in one file", max_nodes));
      broken_ = true;
      return;
    }
    if (open_.empty()) {
      tree_.root = std::move(node);
      has_root_ = true;
      return;
    }
    Open& open = open_.back();
    if (open.node.children == nullptr) open.node.children = std::make_unique<Node::Children>();
    if (open.node.kind == Node::Kind::sequence) {
      open.node.children->items.push_back(std::move(node));
    } else if (!open.has_key) {
      open.bad_key = !is_good_key(node);
      open.key = std::move(node);
      open.has_key = true;
    } else {
      if (!open.bad_key) {
        open.node.children->entries.push_back({std::move(open.key), std::move(node)});
      }
      open.has_key = false;
    }
  }

  bool is_good_key(const Node& key) {
    if (key.kind != Node::Kind::scalar) {
      report_.error(key.origin, "a key is a plain word, not a list or a mapping",
                    key.kind == Node::Kind::mapping ? "quote a value that begins with a brace"
                                                    : "quote a value that begins with a bracket");
      return false;
    }
    if (key.empty || key.text.empty()) {
      report_.error(key.origin, "a key is missing before the colon");
      return false;
    }
    if (key.text == "<<" && !key.quoted) {
      report_.error(key.origin, "merge keys (<<) are not supported",
                    "\"inherits\" takes over another profile");
      return false;
    }
    return true;
  }

  const Lines& lines_;
  Report& report_;
  std::vector<Open> open_;
  NodeTree tree_;
  std::size_t last_offset_ = 0;
  std::optional<std::size_t> folded_quote_;
  int depth_ = 0;
  int nodes_ = 0;
  bool has_root_ = false;
  bool broken_ = false;
};

// --- yaml-cpp's refusals in plain words ---

// The first quote from `offset` on that may begin a value.
std::optional<std::size_t> opening_quote(std::string_view text, std::size_t offset) {
  for (std::size_t i = offset; i < text.size(); ++i) {
    if (text[i] != '"' && text[i] != '\'') continue;
    if (i == 0 || std::string_view(" \t\n[{,:").find(text[i - 1]) != std::string_view::npos) {
      return i;
    }
  }
  return std::nullopt;
}

// "key: a: b": where the first of the two colons ends a key.
bool has_colon_before(std::string_view line, std::size_t column) {
  const std::size_t colon = line.substr(0, column).find(": ");
  return colon != std::string_view::npos && colon < column;
}

class Explainer {
 public:
  Explainer(const Lines& lines, TreeBuilder& tree, Report& report)
      : lines_(lines), tree_(tree), report_(report) {}

  void explain(const YAML::ParserException& fault) {
    const std::string_view what = fault.msg;
    const std::size_t offset =
        fault.mark.is_null() ? lines_.text().size() : lines_.offset(fault.mark);
    if (const std::optional<std::size_t> quote = tree_.folded_quote()) {
      // Most often a closing quote is missing above, and this line's opening one took its place.
      return report_.error_at(*quote, 1,
                              fmt::format("the text that begins with this {} goes on to line {}",
                                          lines_.text()[*quote], lines_.line_number(offset)),
                              "a closing quote is probably missing");
    }
    namespace msg = YAML::ErrorMsg;
    if (what == msg::END_OF_SEQ_FLOW || what == msg::END_OF_MAP_FLOW || what == msg::FLOW_END) {
      return bracket(what, offset);
    }
    if (what == msg::EOF_IN_SCALAR || what == msg::DOC_IN_SCALAR) return open_quote(offset);
    if (what == msg::MAP_VALUE) return colon(offset);
    if (what == msg::MAP_KEY || what == msg::BLOCK_ENTRY || what == msg::END_OF_MAP ||
        what == msg::END_OF_SEQ) {
      return structure(what, offset);
    }
    if (what.starts_with(msg::UNKNOWN_ANCHOR)) return alias(offset);
    if (what.starts_with(msg::INVALID_ESCAPE) || what.starts_with(msg::INVALID_UNICODE) ||
        what == msg::INVALID_HEX) {
      return report_.error_at(offset, 1, "an escape that YAML does not know",
                              "in double quotes a backslash begins an escape: write \\\\ for it, "
                              "or use single quotes");
    }
    if (what == msg::UNKNOWN_TOKEN) return unknown_sign(offset);
    if (what == msg::CHAR_IN_BLOCK || what == msg::ZERO_INDENT_IN_BLOCK) {
      return block_sign(offset);
    }
    if (what == msg::ALIAS_NOT_FOUND || what == msg::CHAR_IN_ALIAS || what == msg::ALIAS_CONTENT) {
      return alias(offset);
    }
    if (what == msg::ANCHOR_NOT_FOUND || what == msg::CHAR_IN_ANCHOR) {
      return report_.error_at(offset, 1, "a value can't begin with & here",
                              "quote a value that begins with &");
    }
    if (what == msg::TAB_IN_INDENTATION) {
      return report_.error_at(offset, 1, "a tab in the indentation",
                              "indent with blanks: YAML takes no tabs there");
    }
    if (what.starts_with(msg::BAD_FILE)) {
      return report_.error_at(offset, 1, fmt::format("more than {} levels of nesting", max_depth),
                              "a profile needs four");
    }
    report_.error_at(offset, 1, fmt::format("not valid YAML: {}", printable(what)));
  }

 private:
  void bracket(std::string_view what, std::size_t offset) {
    namespace msg = YAML::ErrorMsg;
    const std::optional<Origin> open = tree_.open_bracket();
    if (what == msg::FLOW_END || !open) {
      return report_.error_at(offset, 1, "a closing bracket that nothing opened",
                              "quote a value that holds brackets");
    }
    const std::string_view pair = what == msg::END_OF_SEQ_FLOW ? "[]" : "{}";
    // At the end of the text yaml-cpp names its beginning.
    const std::size_t opened = lines_.offset(*open);
    if (offset <= opened ||
        lines_.text().find_first_not_of(" \t\r\n", offset) == std::string_view::npos) {
      return report_.error(*open, fmt::format("this {} is never closed", pair[0]),
                           fmt::format("end it with {}", pair[1]));
    }
    report_.error_at(offset, 1, fmt::format("a comma or {} is missing before this", pair[1]),
                     fmt::format("the {} that is open stands in line {}", pair[0], open->line));
  }

  void open_quote(std::size_t offset) {
    if (const auto quote = opening_quote(lines_.text(), tree_.last_offset())) {
      const char sign = lines_.text()[*quote];
      return report_.error_at(*quote, 1, fmt::format("this {} is never closed", sign),
                              fmt::format("end the text with another {}", sign));
    }
    report_.error_at(offset, 1, "the file ends within a quoted text");
  }

  void block_sign(std::size_t offset) {
    const std::string_view text = lines_.text();
    std::size_t sign = std::min(offset, text.size());
    while (sign > 0 && text[sign - 1] != '\n') {
      --sign;
      if (text[sign] == '|' || text[sign] == '>') break;
    }
    const std::string_view value = trim_end(lines_.rest(sign));
    report_.error_at(sign, value.size(),
                     "a value that begins with | or > is a block of text, which stands on the next "
                     "lines",
                     comparison_help(sign, value));
  }

  // A comparison is quoted below "requires:", and a rule has words for it.
  std::string comparison_help(std::size_t sign, std::string_view value) const {
    const std::string_view text = lines_.text();
    const std::size_t line = lines_.start(lines_.line_number(sign) - 1);
    const std::string_view key = text.substr(line, sign - line);
    std::string quoted = fmt::format("write \"{}\"", printable(value));
    if (key.contains("kernel:") || key.contains("memory:") || !key.contains("net")) return quoted;
    const std::size_t amount = value.find_first_not_of("|>= ");
    if (amount == std::string_view::npos) return "";
    return fmt::format("write at least {}", printable(value.substr(amount)));
  }

  void colon(std::size_t offset) {
    const Origin origin = lines_.origin(std::min(offset, lines_.text().size()), 1);
    const auto index = static_cast<std::size_t>(origin.line) - 1;
    const std::string_view line = lines_.line(index);
    if (has_colon_before(line, static_cast<std::size_t>(origin.column) - 1)) {
      return report_.error(origin, "a second \": \" within a value",
                           "quote a value that holds a colon and a blank");
    }
    wrong_indentation(index);
  }

  // The line at fault is often right, and the one before it wrong: name both.
  void wrong_indentation(std::size_t index) {
    const std::string_view line = lines_.line(index);
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    std::size_t before = index;
    while (before > 0 && !has_content(lines_.line(before - 1))) --before;
    std::string help = "the keys of one mapping have the same indentation";
    if (before > 0) {
      const std::string_view previous = lines_.line(before - 1);
      const std::size_t previous_indent =
          std::min(previous.find_first_not_of(' '), previous.size());
      if (indent > previous_indent) {
        help = fmt::format(
            "line {} has a value already, so that nothing may stand below it: indent both alike, "
            "or "
            "move the value",
            before);
      } else if (indent == previous_indent && previous.find(": ") == std::string_view::npos &&
                 !trim_end(previous).ends_with(':')) {
        help = fmt::format("the colon and the blank after it may be missing in line {}", before);
      }
    }
    report_.error_at(lines_.start(index) + indent,
                     trim_end(line.substr(std::min(indent, line.size()))).size(),
                     "this line does not fit the indentation of the lines before", std::move(help));
  }

  void structure(std::string_view what, std::size_t offset) {
    namespace msg = YAML::ErrorMsg;
    const Origin origin = lines_.origin(std::min(offset, lines_.text().size()), 1);
    const auto index = static_cast<std::size_t>(origin.line) - 1;
    if (what == msg::BLOCK_ENTRY) {
      return report_.error(origin, "a list item can't stand here",
                           "put the items below their key, all with the same indentation; quote a "
                           "value that begins with \"- \"");
    }
    if (what == msg::MAP_KEY) {
      return report_.error(origin, "a key can't stand here",
                           "quote a value that begins with \"? \"");
    }
    const std::string_view rest = lines_.rest(std::min(offset, lines_.text().size()));
    if (!rest.empty() && (rest.front() == ']' || rest.front() == '}')) {
      return report_.error(origin, "a closing bracket that nothing opened",
                           "quote a value that holds brackets");
    }
    const std::string_view before =
        trim_end(lines_.text().substr(lines_.start(index), offset - lines_.start(index)));
    if (before.find_first_not_of(' ') == std::string_view::npos || rest.empty()) {
      return wrong_indentation(index);
    }
    const char last = before.back();
    if (last == '"' || last == '\'' || last == ']' || last == '}') {
      return report_.error_at(
          offset, trim_end(rest).size(), fmt::format("text after the closing {}", last),
          "quote the value as a whole, with the other kind of quotes around it");
    }
    unknown_sign(offset);
  }

  void alias(std::size_t offset) {
    const std::string_view text = lines_.text();
    std::size_t star = std::min(offset, text.size());
    if (star >= text.size() || text[star] != '*') {
      const std::size_t found = text.rfind('*', star);
      if (found != std::string_view::npos &&
          lines_.line_number(found) == lines_.line_number(star)) {
        star = found;
      }
    }
    tree_.refuse_alias(star);
  }

  void unknown_sign(std::size_t offset) {
    const std::string_view rest = lines_.rest(std::min(offset, lines_.text().size()));
    const std::string sign(rest.substr(0, rest.empty() ? 0 : 1));
    report_.error_at(offset, 1, fmt::format("a value can't begin with {}", sign),
                     fmt::format("quote a value that begins with {}", sign));
  }

  const Lines& lines_;
  TreeBuilder& tree_;
  Report& report_;
};

// Notes where a second document begins, and takes nothing of it.
class RestFinder final : public YAML::EventHandler {
 public:
  const std::optional<YAML::Mark>& found() const { return found_; }

  void OnDocumentStart(const YAML::Mark& mark) override { found_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::optional<YAML::Mark> found_;
};

void refuse_rest(const Lines& lines, const std::optional<YAML::Mark>& mark, Report& report) {
  const std::size_t offset = mark ? lines.offset(*mark) : lines.text().size();
  std::size_t before = lines.line_number(offset) - 1;
  while (before > 0 && !has_content(lines.line(before - 1))) --before;
  const std::string help =
      before > 0 && lines.line(before - 1).starts_with('%')
          ? fmt::format("line {} begins with %, which ends the mapping: delete or quote it", before)
          : "a profile is one mapping; quote a value that holds quotes";
  report.error_at(offset, trim_end(lines.rest(offset)).size(), "the document ended before this",
                  help);
}

// A stream over memory: std::istringstream would copy the file once more.
class MemoryBuffer final : public std::streambuf {
 public:
  explicit MemoryBuffer(std::string_view text) {
    // A streambuf reads through pointers to char, and this one writes through none of them.
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

// The tree of a text without any fault, in plain lines.
std::optional<NodeTree> parse_plain(const Lines& lines) {
  Diagnostics faults;  // yaml-cpp's reading reports them
  Report report(faults, lines);
  TreeBuilder tree(lines, report);
  if (!read_plain_yaml(lines.text(), tree) || report.count() > 0) return std::nullopt;
  return tree.take_tree();
}

std::optional<NodeTree> parse_tree(const Lines& lines, Report& report) {
  if (std::optional<NodeTree> tree = parse_plain(lines)) return tree;
  TreeBuilder tree(lines, report);
  try {
    MemoryBuffer buffer(lines.text());
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(tree);
    if (!tree.is_broken() && parser) {
      // yaml-cpp stops where its document is complete, and says nothing of what is left over.
      RestFinder rest;
      parser.HandleNextDocument(rest);
      refuse_rest(lines, rest.found(), report);
      return std::nullopt;
    }
  } catch (const YAML::ParserException& fault) {
    if (!tree.is_broken()) Explainer(lines, tree, report).explain(fault);
    return std::nullopt;
  } catch (const std::exception& fault) {
    report.error_at(tree.last_offset(), 1,
                    fmt::format("not readable as YAML: {}", printable(fault.what())));
    return std::nullopt;
  }
  if (tree.is_broken()) return std::nullopt;
  if (!tree.has_root()) {
    report.error_at(0, 1, "the file holds no value", "a profile begins with \"nettune: 1\"");
    return std::nullopt;
  }
  return tree.take_tree();
}

// What an escape of a text in double quotes stands for; `escape` begins behind the backslash. Its
// length without the backslash is 0 where it is none that stands for a character.
Character escaped_character(std::string_view escape) {
  struct Letter {
    char letter;
    char32_t code;
  };
  constexpr auto letters = std::to_array<Letter>({{'0', 0x00},
                                                  {'a', 0x07},
                                                  {'b', 0x08},
                                                  {'t', 0x09},
                                                  {'\t', 0x09},
                                                  {'n', 0x0a},
                                                  {'v', 0x0b},
                                                  {'f', 0x0c},
                                                  {'r', 0x0d},
                                                  {'e', 0x1b},
                                                  {'N', 0x85},
                                                  {'_', 0xa0},
                                                  {'L', 0x2028},
                                                  {'P', 0x2029}});
  if (escape.empty()) return {};
  const auto letter = std::ranges::find(letters, escape.front(), &Letter::letter);
  if (letter != letters.end()) return {letter->code, 1};
  const std::size_t digits = escape.front() == 'x'   ? 2
                             : escape.front() == 'u' ? 4
                             : escape.front() == 'U' ? 8
                                                     : 0;
  std::uint32_t code = 0;
  const std::string_view number = escape.substr(1, digits);
  const auto [end, fault] = std::from_chars(number.begin(), number.end(), code, 16);
  if (digits == 0 || fault != std::errc() || end != number.begin() + digits) return {};
  return {code, 1 + digits};
}

}  // namespace

std::optional<Stranger> find_stranger(const Node& node, TextKind kind) {
  std::optional<Stranger> found = find_stranger(node.text, kind);
  // yaml-cpp writes a bare byte for \N and \_. The file itself is valid.
  if (found && found->character.length == 0) {
    found->character = {static_cast<unsigned char>(node.text[found->offset]), 1};
  }
  return found;
}

Origin origin_of(const Node& node, const Stranger& stranger) {
  Origin origin = node.origin;
  if (node.verbatim) {
    origin.column += static_cast<int>(stranger.offset) + (node.quoted ? 1 : 0);
    origin.length = static_cast<int>(std::max<std::size_t>(stranger.character.length, 1));
    return origin;
  }
  const Lines lines(*origin.source);
  const std::string_view text = lines.text();
  const std::size_t begin = lines.offset(origin);
  if (begin >= text.size() || text[begin] != '"') return origin;
  const char32_t wanted = stranger.character.code;
  for (std::size_t i = begin + 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\') continue;
    const Character escape = escaped_character(text.substr(i + 1));
    if (escape.length > 0 && escape.code == wanted) {
      return lines.origin(i, escape.length + 1);
    }
    ++i;
  }
  return origin;
}

std::optional<Document> parse_document(std::string name, std::string text,
                                       Diagnostics& diagnostics) {
  const std::size_t size = text.size();
  const bool is_utf16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  if (size > max_file_size || is_utf16) text.clear();
  // Some editors begin UTF-8 with a mark; yaml-cpp skips it, and would count its columns.
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  const SourcePtr source = std::make_shared<const Source>(std::move(name), std::move(text));
  diagnostics.sources.push_back(source);
  const Lines lines(*source);
  Report report(diagnostics, lines);
  const Origin whole{source.get(), 0, 0, 1};
  if (size > max_file_size) {
    report.error(
        whole, fmt::format("the file has {} bytes, and a profile at most {}", size, max_file_size));
    return std::nullopt;
  }
  if (is_utf16) {
    report.error(whole, "the file is UTF-16", "save the file as UTF-8");
    return std::nullopt;
  }
  check_characters(source->text, report);
  if (report.count() > 0) return std::nullopt;
  check_lines(lines, report);
  if (report.count() > 0) return std::nullopt;

  std::optional<NodeTree> tree = parse_tree(lines, report);
  if (!tree) return std::nullopt;
  return Document(source, std::move(*tree));
}

}  // namespace nettune::profile
