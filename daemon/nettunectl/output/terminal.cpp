// SPDX-License-Identifier: MIT
#include "output/terminal.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cstdlib>
#include <cwchar>
#include <iterator>
#include <utility>

#include "engine/diagnostic.hpp"
#include "engine/text/characters.hpp"
#include "engine/text/words.hpp"

namespace nettune::ctl {
namespace {

constexpr std::size_t narrowest = 8;  // columns: below it, text is one word a line anyway
constexpr std::size_t gap = 2;        // blanks between columns

std::size_t terminal_width(int fd, bool is_terminal) {
  if (const char* text = std::getenv("COLUMNS")) {
    const std::string_view digits = text;
    std::size_t width = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), width);
    if (error == std::errc() && end == digits.end() && width > 0) return width;
  }
  if (!is_terminal) return Terminal::unlimited;
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

// As setlocale(3) chooses it for LC_CTYPE.
std::string_view locale_name() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  return {};
}

// "C.UTF-8", "de_DE.utf8@euro".
bool names_utf8(std::string_view locale) {
  const std::size_t point = locale.find('.');
  if (point == std::string_view::npos) return false;
  std::string codeset = to_lower(locale.substr(point + 1, locale.find('@') - point - 1));
  std::erase(codeset, '-');
  return codeset == "utf8";
}

// How many bytes of `word` fit into `width` columns; at least one character. Prefers to end after a
// sign that separates the parts of a key or a path.
std::size_t cut_of(std::string_view word, std::size_t width) {
  std::size_t taken = 0;
  std::size_t fits = 0;
  std::size_t after_sign = 0;
  while (fits < word.size()) {
    const Character character = character_at(word, fits);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    const std::size_t own = columns(word.substr(fits, length));
    if (taken + own > width && fits > 0) break;
    taken += own;
    fits += length;
    if (std::string_view("./_-,").contains(word[fits - 1])) after_sign = fits;
  }
  if (fits == word.size()) return fits;
  return after_sign >= fits / 3 && after_sign > 0 ? after_sign : fits;
}

// Calls `take` with each line of `text`.
template <class Take>
void for_each_line(std::string_view text, const Take& take) {
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    if (end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Terminal look_at_terminal(int fd) {
  Terminal terminal;
  const bool is_terminal = isatty(fd) == 1;
  terminal.width = terminal_width(fd, is_terminal);
  if (is_terminal) {
    std::setlocale(LC_CTYPE, "");
    terminal.unicode = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  } else {
    // The locale's name says it as well, and loading the locale is a tenth of a short command.
    terminal.unicode = names_utf8(locale_name());
  }
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  terminal.colour = is_terminal && (no_colour == nullptr || *no_colour == '\0') &&
                    kind != nullptr && std::string_view(kind) != "dumb";
  return terminal;
}

std::string paint(const Terminal& terminal, Ink ink, std::string_view text) {
  std::string_view code;
  switch (ink) {
    case Ink::plain:
      break;
    case Ink::bold:
      code = "1";
      break;
    case Ink::dim:
      code = "2";
      break;
    case Ink::red:
      code = "31";
      break;
    case Ink::green:
      code = "32";
      break;
    case Ink::yellow:
      code = "33";
      break;
    case Ink::cyan:
      code = "36";
      break;
  }
  std::string painted;
  if (!terminal.colour || code.empty() || text.empty()) return painted.append(text);
  return painted.append("\033[").append(code).append("m").append(text).append("\033[0m");
}

std::string pad(std::string text, std::size_t width) {
  const std::size_t used = columns(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(' ', at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    at = end;
    std::size_t word_width = columns(word);
    if (used > 0 && used + 1 + word_width > width) {
      lines.push_back(std::exchange(line, {}));
      used = 0;
    }
    while (word_width > width) {  // only at the start of a line: see above
      const std::size_t cut = cut_of(word, width);
      if (cut == word.size()) break;
      lines.emplace_back(word.substr(0, cut));
      word.remove_prefix(cut);
      word_width = columns(word);
    }
    if (used > 0) {
      line += ' ';
      ++used;
    }
    line += word;
    used += word_width;
  }
  if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
  return lines;
}

void append_wrapped(std::string& out, const Terminal& terminal, std::string_view first,
                    std::string_view rest, std::string_view text, Ink ink) {
  std::size_t width = Terminal::unlimited;
  if (terminal.width != Terminal::unlimited) {
    const std::size_t indent = std::max(columns(first), columns(rest));
    width = terminal.width > indent + narrowest ? terminal.width - indent : narrowest;
  }
  bool is_first = true;
  for (const std::string& line : wrap(printable(text), width)) {
    out += is_first ? first : rest;
    out += paint(terminal, ink, line);
    out += '\n';
    is_first = false;
  }
}

std::string count_of(std::size_t number, std::string_view noun) {
  std::string text = std::to_string(number);
  text += ' ';
  text += noun;
  if (number != 1) text += 's';
  return text;
}

namespace {

Ink ink_of(const Table& table, std::size_t column) {
  return column < table.inks.size() ? table.inks[column] : Ink::plain;
}

// A paragraph for each row: the first cell as its title (with the next one, where the first is but
// a number without a heading), each other cell below it behind its column's name.
void append_paragraphs(std::string& out, const Terminal& terminal, const Table& table) {
  constexpr std::size_t tight = 40;  // columns below which names are not aligned
  const std::size_t begin = table.header.front().empty() ? 2 : 1;
  std::vector<std::string> names(table.header);
  std::size_t widest = 0;
  for (std::size_t column = begin; column < names.size(); ++column) {
    for (char& c : names[column]) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    widest = std::max(widest, names[column].size());
  }
  for (const auto& row : table.rows) {
    std::string title = row[0];
    if (begin == 2) title += ' ' + row[1];
    if (!title.empty()) append_wrapped(out, terminal, "", "  ", title, Ink::bold);
    for (std::size_t column = begin; column < row.size(); ++column) {
      if (row[column].empty()) continue;
      std::string before = "  " + names[column] + ' ';
      if (terminal.width >= tight) before = pad(std::move(before), widest + 4);
      const std::string rest(terminal.width < tight ? 4 : before.size(), ' ');
      for_each_line(row[column], [&](std::string_view line) {
        append_wrapped(out, terminal, before, rest, line, ink_of(table, column));
        before = rest;
      });
    }
  }
}

}  // namespace

void append_table(std::string& out, const Terminal& terminal, Table table) {
  const std::size_t count = table.header.size();
  for (auto& row : table.rows) {
    for (std::string& cell : row) {
      cell = &cell == &row[count - 1] ? printable_lines(cell) : printable(cell);
    }
  }
  std::vector<std::size_t> widths(count);
  for (std::size_t column = 0; column < count; ++column) {
    widths[column] = columns(table.header[column]);
    for (const auto& row : table.rows) {
      for_each_line(row[column], [&](std::string_view line) {
        widths[column] = std::max(widths[column], columns(line));
      });
    }
  }
  std::size_t before_last = 0;
  for (std::size_t column = 0; column + 1 < count; ++column) before_last += widths[column] + gap;
  std::size_t last = widths[count - 1];
  if (terminal.width != Terminal::unlimited) {
    constexpr std::size_t readable = 24;  // columns that a wrapped sentence needs
    const std::size_t room = terminal.width > before_last ? terminal.width - before_last : 0;
    if (room < std::min(last, readable)) {
      append_paragraphs(out, terminal, table);
      return;
    }
    last = std::min(last, room);
  }
  std::string header;
  for (std::size_t column = 0; column < count; ++column) {
    header +=
        column + 1 < count ? pad(table.header[column], widths[column] + gap) : table.header[column];
  }
  out += paint(terminal, Ink::bold, header);
  out += '\n';
  for (const auto& row : table.rows) {
    std::vector<std::string> lines;
    for_each_line(row[count - 1], [&](std::string_view part) {
      std::ranges::move(wrap(part, last), std::back_inserter(lines));
    });
    std::string line;
    for (std::size_t column = 0; column + 1 < count; ++column) {
      line += pad(paint(terminal, ink_of(table, column), row[column]), widths[column] + gap);
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) line.assign(before_last, ' ');
      line += paint(terminal, ink_of(table, count - 1), lines[i]);
      line.erase(line.find_last_not_of(' ') + 1);
      out += line;
      out += '\n';
    }
  }
}

}  // namespace nettune::ctl
