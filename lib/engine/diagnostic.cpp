// SPDX-License-Identifier: MIT
#include "engine/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace nettune {
namespace {

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
      const Shown part = append_printable(cell.text, line, i, unicode, Sight::seen);
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

std::string describe_place(std::string_view file, int line_number) {
  std::string text = printable(file);
  if (line_number > 0) {
    const fmt::format_int line(line_number);
    text.reserve(text.size() + 1 + line.size());
    text += ':';
    text.append(line.data(), line.size());
  }
  return text;
}

}  // namespace

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

Location location_of(const Origin& origin) {
  if (origin.source == nullptr) return {};
  return {origin.source->name, origin.line, origin.column};
}

std::string describe(const Origin& origin) {
  return origin.source == nullptr ? "" : describe_place(origin.source->name, origin.line);
}

std::string describe(const Location& location) {
  return location.file.empty() ? "" : describe_place(location.file, location.line);
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
  out += " " + coloured(bold, printable(diagnostic.message, style.unicode));
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
    out += printable(help.substr(0, end), style.unicode) + '\n';
    help.remove_prefix(std::min(end + 1, help.size()));
  }
  return out;
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
