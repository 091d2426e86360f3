// SPDX-License-Identifier: MIT
#include "engine/profile/plain_yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <algorithm>
#include <optional>
#include <string>

namespace nettune::profile {
namespace {

using Style = YAML::EmitterStyle;

constexpr int deepest = 8;                // a profile needs four
constexpr std::size_t longest_key = 512;  // YAML takes 1024 characters up to the colon

const std::string plain_tag = "?";
const std::string quoted_tag = "!";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_key_sign(char c) { return is_letter(c) || c == '.' || c == '/' || c == '-' || c == '*'; }

// yaml-cpp tells of these by another event.
bool is_null(std::string_view text) {
  return text == "null" || text == "Null" || text == "NULL" || text == "~";
}

// Whether a plain text may begin with `text`'s first sign, by no more than a look at the next.
bool begins_plain(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '-') return text.size() > 1 && is_letter(text[1]);
  return is_letter(text.front()) || text.front() == '/';
}

class Reader {
 public:
  Reader(std::string_view text, YAML::EventHandler& events) : text_(text), events_(events) {}

  bool read() {
    if (text_.find('\r') != std::string_view::npos) return false;
    next_content();
    if (!has_line_ || indent_ != 0) return false;
    events_.OnDocumentStart(mark(0));
    if (!read_mapping(0, 1) || has_line_) return false;
    events_.OnDocumentEnd();
    return true;
  }

 private:
  // --- lines ---

  // The line at next_ becomes the current one; false at the end of the text.
  bool next_line() {
    has_line_ = next_ < text_.size();
    if (!has_line_) return false;
    start_ = next_;
    ++number_;
    const std::size_t end = std::min(text_.find('\n', start_), text_.size());
    line_ = text_.substr(start_, end - start_);
    next_ = end + 1;
    indent_ = std::min(line_.find_first_not_of(' '), line_.size());
    return true;
  }

  bool is_blank() const { return indent_ == line_.size(); }

  void next_content() {
    while (next_line()) {
      if (!is_blank() && line_[indent_] != '#') return;
    }
  }

  YAML::Mark mark(std::size_t column) const {
    YAML::Mark mark;
    mark.pos = static_cast<int>(start_ + column);
    mark.line = number_ - 1;
    mark.column = static_cast<int>(column);
    return mark;
  }

  // Nothing but blanks, or a comment behind one, from `column` on.
  bool ends_at(std::size_t column) const {
    const std::size_t next = line_.find_first_not_of(' ', column);
    return next == std::string_view::npos || (next > column && line_[next] == '#');
  }

  // --- blocks: each leaves the first line that does not belong to it as the current one ---

  bool read_mapping(std::size_t indent, int depth) {
    if (depth > deepest) return false;
    events_.OnMapStart(mark(indent), plain_tag, 0, Style::Block);
    while (has_line_ && indent_ == indent) {
      const std::optional<std::size_t> colon = read_key();
      if (!colon) return false;
      if (ends_at(*colon + 1)) {
        next_content();
        if (!read_block(indent, depth + 1)) return false;
      } else {
        const std::size_t value = line_.find_first_not_of(' ', *colon + 1);
        if (value == *colon + 1) return false;
        if (line_.substr(value) == ">-") {
          if (!read_folded(indent, value)) return false;
        } else if (!read_inline(value) || !is_complete(indent)) {
          return false;
        }
      }
    }
    if (has_line_ && indent_ > indent) return false;
    events_.OnMapEnd();
    return true;
  }

  // The column of the colon.
  std::optional<std::size_t> read_key() {
    std::size_t end = indent_;
    if (!is_letter(line_[end])) return std::nullopt;
    while (end < line_.size() && is_key_sign(line_[end])) ++end;
    if (end == line_.size() || line_[end] != ':' || end - indent_ > longest_key) {
      return std::nullopt;
    }
    if (!tell_plain(indent_, end)) return std::nullopt;
    return end;
  }

  // What stands below a key with `indent`.
  bool read_block(std::size_t indent, int depth) {
    if (!has_line_) return false;
    const bool is_list = line_.substr(indent_).starts_with("- ");
    if (indent_ < indent || (indent_ == indent && !is_list)) return false;
    return is_list ? read_list(indent_, depth) : read_mapping(indent_, depth);
  }

  bool read_list(std::size_t indent, int depth) {
    if (depth > deepest) return false;
    events_.OnSequenceStart(mark(indent), plain_tag, 0, Style::Block);
    while (has_line_ && indent_ == indent && line_.substr(indent).starts_with("- ")) {
      const std::size_t item = line_.find_first_not_of(' ', indent + 1);
      if (item == std::string_view::npos || !read_inline(item) || !is_complete(indent)) {
        return false;
      }
    }
    if (has_line_ && indent_ > indent) return false;
    events_.OnSequenceEnd();
    return true;
  }

  // Goes on to the next line: a deeper one would be more of this value.
  bool is_complete(std::size_t indent) {
    next_content();
    return !has_line_ || indent_ <= indent;
  }

  // The lines below a ">-", joined by blanks.
  bool read_folded(std::size_t indent, std::size_t column) {
    const YAML::Mark begin = mark(column);
    if (!next_line() || is_blank() || indent_ <= indent || line_[indent_] == '#') return false;
    const std::size_t own_indent = indent_;
    folded_.clear();
    do {
      if (line_.back() == ' ' || line_.find('\t') != std::string_view::npos) return false;
      if (!folded_.empty()) folded_ += ' ';
      folded_ += line_.substr(own_indent);
    } while (next_line() && !is_blank() && indent_ == own_indent);
    // Empty lines and comments may follow, but no more of the text: a blank or a deep comment is.
    const auto is_passed_over = [&] {
      return line_.empty() || (!is_blank() && line_[indent_] == '#' && indent_ <= indent);
    };
    while (has_line_ && is_passed_over()) next_line();
    if (has_line_ && (is_blank() || indent_ > indent)) return false;
    events_.OnScalar(begin, quoted_tag, 0, folded_);
    return true;
  }

  // --- values on one line ---

  bool read_inline(std::size_t column) {
    if (line_.find('\t', column) != std::string_view::npos) return false;
    const char sign = line_[column];
    std::optional<std::size_t> end;
    if (sign == '[') {
      end = read_brackets(column);
    } else if (sign == '{') {
      end = read_braces(column);
    } else if (sign == '"' || sign == '\'') {
      end = read_quoted(column);
    } else {
      return read_plain(column);
    }
    return end && ends_at(*end);
  }

  // To the end of the line or its comment.
  bool read_plain(std::size_t column) {
    if (!begins_plain(line_.substr(column))) return false;
    std::size_t end = std::min(line_.find(" #", column), line_.size());
    while (line_[end - 1] == ' ') --end;
    const std::string_view text = line_.substr(column, end - column);
    if (text.ends_with(':') || text.find(": ") != std::string_view::npos) return false;
    return tell_plain(column, end);
  }

  // Each of these three gives the column behind what it has read.

  std::optional<std::size_t> read_quoted(std::size_t column) {
    const char sign = line_[column];
    const std::size_t end = line_.find(sign, column + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = line_.substr(column + 1, end - column - 1);
    const bool is_doubled = end + 1 < line_.size() && line_[end + 1] == sign;
    if (is_doubled || (sign == '"' && text.find('\\') != std::string_view::npos)) {
      return std::nullopt;
    }
    scalar_ = text;
    events_.OnScalar(mark(column), quoted_tag, 0, scalar_);
    return end + 1;
  }

  std::optional<std::size_t> read_brackets(std::size_t column) {
    events_.OnSequenceStart(mark(column), plain_tag, 0, Style::Flow);
    const std::optional<std::size_t> end =
        read_items(column, ']', [&](std::size_t item) { return read_item(item); });
    if (end) events_.OnSequenceEnd();
    return end;
  }

  std::optional<std::size_t> read_braces(std::size_t column) {
    events_.OnMapStart(mark(column), plain_tag, 0, Style::Flow);
    const std::optional<std::size_t> end =
        read_items(column, '}', [&](std::size_t item) -> std::optional<std::size_t> {
          std::size_t colon = item;
          while (colon < line_.size() && (is_letter(line_[colon]) || line_[colon] == '-')) ++colon;
          if (colon == item || !is_letter(line_[item]) || colon - item > longest_key) {
            return std::nullopt;
          }
          if (!line_.substr(colon).starts_with(": ") || !tell_plain(item, colon)) {
            return std::nullopt;
          }
          const std::size_t value = line_.find_first_not_of(' ', colon + 1);
          return value == std::string_view::npos ? std::nullopt : read_item(value);
        });
    if (end) events_.OnMapEnd();
    return end;
  }

  // `read_one` reads one from a column on, and gives the column behind it.
  template <typename ReadOne>
  std::optional<std::size_t> read_items(std::size_t column, char closing, ReadOne read_one) {
    for (;;) {
      column = line_.find_first_not_of(' ', column + 1);
      if (column == std::string_view::npos) return std::nullopt;
      const std::optional<std::size_t> end = read_one(column);
      if (!end) return std::nullopt;
      column = line_.find_first_not_of(' ', *end);
      if (column == std::string_view::npos) return std::nullopt;
      if (line_[column] == closing) return column + 1;
      if (line_[column] != ',') return std::nullopt;
    }
  }

  // In brackets a plain text ends at a comma or bracket; colons and comments are left to yaml-cpp.
  std::optional<std::size_t> read_item(std::size_t column) {
    if (line_[column] == '"' || line_[column] == '\'') return read_quoted(column);
    if (!begins_plain(line_.substr(column))) return std::nullopt;
    std::size_t end = std::min(line_.find_first_of(",[]{}:#?\"'", column), line_.size());
    const std::size_t next = end;
    while (line_[end - 1] == ' ') --end;
    if (!tell_plain(column, end)) return std::nullopt;
    return next;
  }

  bool tell_plain(std::size_t column, std::size_t end) {
    scalar_ = line_.substr(column, end - column);
    if (is_null(scalar_)) return false;
    events_.OnScalar(mark(column), plain_tag, 0, scalar_);
    return true;
  }

  std::string_view text_;
  YAML::EventHandler& events_;
  std::size_t next_ = 0;  // where the line after the current one starts

  bool has_line_ = false;
  std::size_t start_ = 0;  // of the current line
  std::string_view line_;
  std::size_t indent_ = 0;  // blanks before its first sign
  int number_ = 0;          // from 1

  std::string scalar_;  // reused: an event takes a std::string
  std::string folded_;
};

}  // namespace

bool read_plain_yaml(std::string_view text, YAML::EventHandler& events) {
  return Reader(text, events).read();
}

}  // namespace nettune::profile
