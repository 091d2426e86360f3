// SPDX-License-Identifier: MIT
#include "engine/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <tuple>

#include "engine/characters.hpp"

namespace nettune {
namespace {

// --- text for a terminal ---

struct CodeRange {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool is_in(const std::array<CodeRange, N>& ranges, char32_t code) {
  return std::ranges::any_of(
      ranges, [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

// Terminal columns. wcwidth(3) answers by the locale, which a diagnostic must not depend on.
int width_of(char32_t code) {
  constexpr auto combining = std::to_array<CodeRange>({{0x300, 0x36f},
                                                       {0x483, 0x489},
                                                       {0x591, 0x5bd},
                                                       {0x64b, 0x65f},
                                                       {0x200b, 0x200d},
                                                       {0x20d0, 0x20f0},
                                                       {0xfe00, 0xfe0f},
                                                       {0xfe20, 0xfe2f}});
  constexpr auto wide = std::to_array<CodeRange>({{0x1100, 0x115f},
                                                  {0x2e80, 0x303e},
                                                  {0x3041, 0xa4cf},
                                                  {0xa960, 0xa97f},
                                                  {0xac00, 0xd7a3},
                                                  {0xf900, 0xfaff},
                                                  {0xfe30, 0xfe6f},
                                                  {0xff00, 0xff60},
                                                  {0xffe0, 0xffe6},
                                                  {0x1f300, 0x1f64f},
                                                  {0x1f680, 0x1f6ff},
                                                  {0x1f900, 0x1f9ff},
                                                  {0x20000, 0x3fffd}});
  if (code < 0x300) return 1;
  if (is_in(combining, code)) return 0;
  return is_in(wide, code) ? 2 : 1;
}

// A character by its code point, a byte that is none as \xNN.
void append_escaped(std::string& out, std::string_view bytes, const Character& character) {
  const unsigned number =
      character.length == 0 ? static_cast<unsigned char>(bytes.front()) : character.code;
  const std::string_view form = number < 0x80 || character.length == 0 ? "\\x{:02X}"
                                : number < 0x10000                     ? "\\u{:04X}"
                                                                       : "\\U{:08X}";
  fmt::format_to(std::back_inserter(out), fmt::runtime(form), number);
}

struct Shown {
  std::size_t length;  // bytes of the source that it stands for
  int width;           // columns
};

// Appends the character at `offset` as a terminal may have it.
Shown append_shown(std::string& out, std::string_view text, std::size_t offset, bool unicode,
                   Sight most = Sight::blank) {
  const Character character = character_at(text, offset);
  const std::size_t length = std::max<std::size_t>(character.length, 1);
  const std::string_view bytes = text.substr(offset, length);
  if (character.length == 0 || sight_of(character.code) > most ||
      (!unicode && character.code >= 0x80)) {
    if (character.code == 0x2026) {  // an ellipsis of nettune's own messages
      out += "...";
      return {length, 3};
    }
    const std::size_t before = out.size();
    append_escaped(out, bytes, character);
    return {length, static_cast<int>(out.size() - before)};
  }
  out += bytes;
  return {length, width_of(character.code)};
}

std::string shown(std::string_view text, bool unicode) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (is_plain) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) i += append_shown(out, text, i, unicode).length;
  return out;
}

// --- the source line ---

constexpr int excerpt_width = 100;  // columns of a source line that are shown at most
constexpr int tab_width = 8;

std::string_view line_of(std::string_view text, int number) {
  std::size_t begin = 0;
  for (int line = 1; line < number; ++line) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return {};
    begin = end + 1;
  }
  std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

struct Cell {
  std::string text;
  std::size_t offset = 0;  // in the line
  int width = 0;
};

struct Excerpt {
  std::string line;
  std::string marks;  // the caret and its tail
};

Excerpt excerpt_of(std::string_view line, const Origin& origin, bool unicode) {
  const std::size_t caret =
      std::min(line.size(), static_cast<std::size_t>(std::max(origin.column, 1)) - 1);
  const std::size_t end =
      std::min(line.size(), caret + static_cast<std::size_t>(std::max(origin.length, 1)));

  // A line may be a whole file; no more of it is looked at than could be shown.
  constexpr std::size_t margin = std::size_t{excerpt_width} * 4;
  std::size_t first = 0;
  if (line.size() > 4 * margin && caret > margin) {
    first = caret - margin;
    while (first > 0 && (static_cast<unsigned char>(line[first]) & 0xc0u) == 0x80u) --first;
  }
  const std::size_t last =
      line.size() > 4 * margin ? std::min(line.size(), caret + margin) : line.size();
  std::vector<Cell> cells;
  int total = 0;
  int caret_at = -1;  // column of the caret
  int caret_end = -1;
  for (std::size_t i = first; i < last;) {
    Cell cell{{}, i, 0};
    std::size_t length = 1;
    if (line[i] == '\t') {
      cell.width = tab_width - total % tab_width;
      cell.text.assign(static_cast<std::size_t>(cell.width), ' ');
    } else {
      // What was written is looked at letter by letter: another blank is seen as such.
      const Shown part = append_shown(cell.text, line, i, unicode, Sight::seen);
      length = part.length;
      cell.width = part.width;
    }
    if (caret_at < 0 && i + length > caret) caret_at = total;
    if (i < end) caret_end = total + cell.width;
    total += cell.width;
    i += length;
    cells.push_back(std::move(cell));
  }
  if (caret_at < 0) caret_at = total;
  caret_end = std::max(caret_end, caret_at + 1);

  int from = 0;
  int to = total;
  if (total > excerpt_width || first > 0 || last < line.size()) {
    // The caret with what stands before it, and as much as fits of what follows.
    from = std::max(0, std::min(caret_at - excerpt_width / 3, total - excerpt_width));
    to = std::min(total, from + excerpt_width);
  }
  const std::string_view cut = unicode ? "\u2026" : "...";
  const int cut_width = unicode ? 1 : 3;
  const bool cut_before = from > 0 || first > 0;
  const bool cut_after = to < total || last < line.size();

  Excerpt excerpt;
  int column = 0;
  int shift = from;
  if (cut_before) {
    excerpt.line += cut;
    shift -= cut_width;
  }
  for (const Cell& cell : cells) {
    if (column >= from && column + cell.width <= to) {
      // The first whole character need not begin where the cut does.
      if (column > from && excerpt.line.size() == (cut_before ? cut.size() : 0)) {
        shift += column - from;
      }
      excerpt.line += cell.text;
    }
    column += cell.width;
  }
  if (cut_after) excerpt.line += cut;

  const int mark = std::max(0, caret_at - shift);
  const int tail = std::max(1, std::min(caret_end, to) - caret_at);
  excerpt.marks.assign(static_cast<std::size_t>(mark), ' ');
  excerpt.marks += '^';
  excerpt.marks.append(static_cast<std::size_t>(tail) - 1, '~');
  return excerpt;
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "";
}

std::string_view severity_colour(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "\033[1;31m";
    case Severity::warning:
      return "\033[1;35m";
    case Severity::note:
      return "\033[1;36m";
  }
  return "";
}

// --- the distance between words ---

// Case, and the choice between - and _, are no mistake worth counting.
std::string folded(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

// Insertions, deletions, replacements and swaps of neighbours, or more than `limit`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  const std::size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit) return limit + 1;
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string describe(const Origin& origin) {
  if (origin.source == nullptr) return "";
  std::string text = printable(origin.source->name);
  if (origin.line > 0) {
    const fmt::format_int line(origin.line);
    text.reserve(text.size() + 1 + line.size());
    text += ':';
    text.append(line.data(), line.size());
  }
  return text;
}

bool Diagnostics::has_errors() const {
  return std::ranges::any_of(
      list, [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; });
}

void sort_and_cut(Diagnostics& diagnostics) {
  // Without a source first: such a diagnostic is about the question, not about a file.
  const auto rank = [&](const Source* source) -> std::size_t {
    if (source == nullptr) return 0;
    const auto found = std::ranges::find(diagnostics.sources, source, &SourcePtr::get);
    return 1 + static_cast<std::size_t>(found - diagnostics.sources.begin());
  };
  struct Ranked {
    std::size_t file;
    std::size_t index;  // equals keep their order
    Diagnostic diagnostic;
  };
  std::vector<Ranked> ranked;
  ranked.reserve(diagnostics.list.size());
  const Source* last = nullptr;
  std::size_t last_rank = 0;
  for (Diagnostic& diagnostic : diagnostics.list) {
    if (diagnostic.origin.source != last) {
      last = diagnostic.origin.source;
      last_rank = rank(last);
    }
    ranked.push_back({last_rank, ranked.size(), std::move(diagnostic)});
  }
  std::ranges::sort(ranked, [](const Ranked& a, const Ranked& b) {
    const Origin& x = a.diagnostic.origin;
    const Origin& y = b.diagnostic.origin;
    return std::tie(a.file, x.line, x.column, a.index) <
           std::tie(b.file, y.line, y.column, b.index);
  });

  // Two stages may see one fault: each is told once.
  const auto is_same_place = [](const Ranked& a, const Ranked& b) {
    return a.file == b.file && a.diagnostic.origin.line == b.diagnostic.origin.line &&
           a.diagnostic.origin.column == b.diagnostic.origin.column;
  };
  std::vector<Ranked> once;
  once.reserve(ranked.size());
  std::size_t place = 0;  // where the diagnostics of one place begin
  for (Ranked& next : ranked) {
    if (!once.empty() && !is_same_place(once.back(), next)) place = once.size();
    const auto begin = once.begin() + static_cast<std::ptrdiff_t>(place);
    if (std::any_of(begin, once.end(), [&](const Ranked& other) {
          return other.diagnostic.message == next.diagnostic.message;
        })) {
      continue;
    }
    once.push_back(std::move(next));
  }
  ranked = std::move(once);

  diagnostics.list.clear();
  for (std::size_t begin = 0; begin < ranked.size();) {
    std::size_t end = begin;
    std::size_t errors = 0;
    while (end < ranked.size() && ranked[end].file == ranked[begin].file) {
      if (ranked[end].diagnostic.severity == Severity::error) ++errors;
      ++end;
    }
    const std::size_t count = end - begin;
    // Errors before the rest: a flood of warnings must not hide the one that matters.
    std::size_t errors_left = std::min(errors, max_diagnostics);
    std::size_t others_left = max_diagnostics - errors_left;
    for (std::size_t i = begin; i < end; ++i) {
      Diagnostic& diagnostic = ranked[i].diagnostic;
      std::size_t& left = diagnostic.severity == Severity::error ? errors_left : others_left;
      if (left == 0) continue;
      --left;
      diagnostics.list.push_back(std::move(diagnostic));
    }
    if (count > max_diagnostics) {
      const Origin whole{ranked[begin].diagnostic.origin.source, 0, 0, 1};
      diagnostics.list.push_back(
          {Severity::note,
           whole,
           "and " + std::to_string(count - max_diagnostics) + " more that are not shown",
           {},
           {}});
    }
    begin = end;
  }
}

std::string format_diagnostic(const Diagnostic& diagnostic, const DiagnosticStyle& style) {
  const Origin& origin = diagnostic.origin;
  const auto coloured = [&](std::string_view colour, const std::string& text) {
    if (!style.colour) return text;
    return std::string(colour) + text + "\033[0m";
  };
  constexpr std::string_view bold = "\033[1m";

  std::string out;
  if (origin.source != nullptr) {
    // The name stays as it is where it is printable: it is meant to be copied.
    std::string place = printable(origin.source->name) + ":";
    if (origin.line > 0) {
      place += std::to_string(origin.line) + ":" + std::to_string(std::max(origin.column, 1)) + ":";
    }
    out += coloured(bold, place) + " ";
  }
  out += coloured(severity_colour(diagnostic.severity),
                  std::string(severity_name(diagnostic.severity)) + ":");
  out += " " + coloured(bold, shown(diagnostic.message, style.unicode));
  if (!diagnostic.lint.empty()) out += fmt::format(" [{}]", diagnostic.lint.name());
  out += '\n';

  std::string gutter = "      ";
  if (origin.source != nullptr && origin.line > 0) {
    const Excerpt excerpt =
        excerpt_of(line_of(origin.source->text, origin.line), origin, style.unicode);
    std::string number = std::to_string(origin.line);
    if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
    gutter.assign(number.size() + 1, ' ');
    out += number + " |";
    if (!excerpt.line.empty()) out += " " + excerpt.line;
    out += '\n' + gutter + "| " + coloured("\033[1;32m", excerpt.marks) + '\n';
  }

  std::string_view help = diagnostic.help;
  for (bool is_first = true; !help.empty(); is_first = false) {
    const std::size_t end = std::min(help.find('\n'), help.size());
    out += gutter + (is_first ? coloured(bold, "help:") + " " : "      ");
    out += shown(help.substr(0, end), style.unicode) + '\n';
    help.remove_prefix(std::min(end + 1, help.size()));
  }
  return out;
}

std::string printable(std::string_view text) { return shown(text, true); }

std::string printable_lines(std::string_view text) {
  std::string lines;
  lines.reserve(text.size());
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) lines += '\n';
    lines += printable(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string in_one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    const std::size_t number = std::min(part.find_first_not_of("0123456789"), part.size());
    const bool is_source = part.substr(number).starts_with("|") ||
                           (number > 0 && part.substr(number).starts_with(" |"));
    if (part.empty() || is_source) continue;
    if (!line.empty()) line += "; ";
    line += part;
  }
  return line;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 128;  // what is longer was no slip of the finger
  if (word.empty() || word.size() > longest) return {};
  const std::string wanted = folded(word);
  // A third of the letters may be wrong; of a short word one, of the shortest none.
  const std::size_t allowed =
      wanted.size() < 3 ? 0 : std::clamp<std::size_t>(wanted.size() / 3, 1, 4);
  std::string_view best;
  std::size_t best_distance = allowed + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > wanted.size() + allowed || candidate.size() + allowed < wanted.size()) {
      continue;
    }
    const std::size_t found = distance(wanted, folded(candidate), best_distance - 1);
    if (found < best_distance) {  // the first of equals
      best = candidate;
      best_distance = found;
      if (found == 0) break;
    }
  }
  return best;
}

std::string format_errors(Diagnostics& diagnostics) {
  sort_and_cut(diagnostics);
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    if (diagnostic.severity == Severity::error) text += format_diagnostic(diagnostic, {});
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace nettune
