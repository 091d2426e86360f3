// SPDX-License-Identifier: MIT
// The audit for people: what is wrong first, the cause below the row, and what to do next. Wide
// terminals get a table, narrow ones a paragraph for each key; nothing is ever cut.
#include <fmt/format.h>

#include <algorithm>

#include "engine/diagnostic.hpp"
#include "engine/profile/quantity.hpp"
#include "input/profile_arguments.hpp"
#include "render/audit.hpp"

namespace nettune::ctl {
namespace {

using audit::Row;
using audit::Verdict;

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest_desired = 16;
constexpr std::size_t narrowest_live = 12;
constexpr std::size_t widest_cell =
    60;  // where there is no limit: one long cell moves only its row

bool is_wrong(const Row& row) {
  return row.finding->verdict != Verdict::match && row.finding->verdict != Verdict::skipped;
}

// Right now, and set to something else at the next boot.
bool is_endangered(const Row& row) {
  return row.finding->verdict == Verdict::match && !row.causes.empty();
}

Ink ink_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::match:
      return Ink::green;
    case Verdict::drift:
    case Verdict::missing:
    case Verdict::unreadable:
      return Ink::red;
    case Verdict::pending:
      return Ink::yellow;
    case Verdict::skipped:
      break;
  }
  return Ink::dim;
}

std::string_view mark_of(const Row& row) {
  switch (row.finding->verdict) {
    case Verdict::match:
      return is_endangered(row) ? "!" : "✓";
    case Verdict::pending:
      return "…";
    case Verdict::skipped:
      return "-";
    case Verdict::drift:
    case Verdict::missing:
    case Verdict::unreadable:
      break;
  }
  return "✗";
}

// One row's cells, fit for a terminal.
struct Cells {
  const Row* row;
  std::string key;
  std::string verdict;
  std::string desired;      // with units, where that helps
  std::string desired_raw;  // in parentheses; "" where `desired` is raw already
  std::string live;
  std::string live_raw;
  std::string declared_at;
  std::vector<std::string> below;  // the reason, then the causes
};

std::string in_one(const std::string& text, const std::string& raw) {
  return raw.empty() ? text : text + ' ' + raw;
}

// The raw form behind the readable one, without the words that both begin with:
// "at least 8 MiB (8388608)".
std::string parenthesised(const std::string& raw, const std::string& readable) {
  std::size_t same = 0;
  if (readable.find('[') == std::string::npos) {
    const auto [end, other] = std::ranges::mismatch(raw, readable);
    same = raw.rfind(' ', static_cast<std::size_t>(end - raw.begin()));
    same = end == raw.begin() || same == std::string::npos ? 0 : same + 1;
  }
  return "(" + printable(raw.substr(same)) + ")";
}

// The one cause that all wrong rows have in common: said once, below the table. "" where there is
// no such, or only one row.
std::string shared_cause(const std::vector<Row>& rows) {
  std::string cause;
  std::size_t wrong = 0;
  for (const Row& row : rows) {
    if (!is_wrong(row)) break;
    if (row.causes.size() != 1 || (wrong > 0 && row.causes.front() != cause)) return "";
    cause = row.causes.front();
    ++wrong;
  }
  return wrong > 1 ? cause : "";
}

Cells make_cells(const Row& row, const std::vector<std::string>& directories,
                 const std::string& said_below) {
  Cells cells;
  cells.row = &row;
  cells.key = printable(row.key);
  cells.verdict = audit::verdict_name(row.finding->verdict);
  if (row.desired_readable.empty()) {
    cells.desired = printable(sysctl::shown(row.desired));
  } else {
    cells.desired = printable(row.desired_readable);
    cells.desired_raw = parenthesised(row.desired, row.desired_readable);
  }
  if (row.live_readable.empty()) {
    const Verdict verdict = row.finding->verdict;
    const bool is_there = verdict == Verdict::match || verdict == Verdict::drift;
    cells.live = row.live.empty() && !is_there ? "-" : printable(sysctl::shown(row.live));
  } else {
    cells.live = printable(row.live_readable);
    cells.live_raw = parenthesised(row.live, "");
  }
  cells.declared_at = printable(short_origin(row.declared_at, directories));
  if (!row.reason.empty()) cells.below.push_back(printable(row.reason));
  for (const std::string& cause : row.causes) {
    if (cause != said_below) cells.below.push_back(printable(cause));
  }
  return cells;
}

struct Layout {
  bool stacked = false;
  bool declared_below = false;
  std::size_t mark = 0, key = 0, verdict = 0, desired = 0, live = 0, declared = 0;
};

Layout choose_layout(const std::vector<Cells>& rows, const Terminal& terminal) {
  Layout layout;
  layout.mark = terminal.unicode ? 2 : 0;
  layout.key = columns("KEY");
  layout.verdict = columns("VERDICT");
  layout.desired = columns("DESIRED");
  layout.live = columns("LIVE");
  layout.declared = columns("DECLARED AT");
  const bool is_limited = terminal.width != Terminal::unlimited;
  const auto widen = [&](std::size_t& width, std::size_t needed) {
    if (is_limited || needed <= widest_cell) width = std::max(width, needed);
  };
  for (const Cells& cells : rows) {
    layout.key = std::max(layout.key, columns(cells.key));
    layout.verdict = std::max(layout.verdict, columns(cells.verdict));
    widen(layout.desired, columns(in_one(cells.desired, cells.desired_raw)));
    widen(layout.live, columns(in_one(cells.live, cells.live_raw)));
    layout.declared = std::max(layout.declared, columns(cells.declared_at));
  }
  if (!is_limited) return layout;

  const std::size_t fixed = layout.mark + layout.key + gap + layout.verdict + gap + gap;
  std::size_t room = terminal.width > fixed ? terminal.width - fixed : 0;
  const std::size_t wanted = layout.desired + layout.live;
  const std::size_t least =
      std::min(layout.desired, narrowest_desired) + std::min(layout.live, narrowest_live);
  if (room >= std::min(wanted, least + least / 2) + gap + layout.declared) {
    room -= gap + layout.declared;
  } else if (room >= least) {
    layout.declared_below = true;
  } else {
    layout.stacked = true;
    return layout;
  }
  if (wanted > room) {
    const std::size_t live_share = std::max(narrowest_live, room * 2 / 5);
    std::size_t live = std::min(layout.live, live_share);
    const std::size_t desired = std::min(layout.desired, room - live);
    live = std::min(layout.live, room - desired);
    layout.desired = desired;
    layout.live = live;
  }
  return layout;
}

// A line of a cell, painted, and the columns it takes.
struct Line {
  std::string text;
  std::size_t width;
};

// The cell in lines: on one where both forms fit, else the raw one below.
std::vector<Line> cell_lines(const Terminal& terminal, const std::string& text,
                             const std::string& raw, std::size_t width) {
  const std::size_t together = columns(in_one(text, raw));
  if (terminal.width == Terminal::unlimited || together <= width) {
    return {{in_one(text, paint(terminal, Ink::dim, raw)), together}};
  }
  std::vector<Line> lines;
  for (std::string& line : wrap(text, width)) {
    const std::size_t taken = columns(line);
    lines.push_back({std::move(line), taken});
  }
  if (raw.empty()) return lines;
  for (const std::string& line : wrap(raw, width)) {
    lines.push_back({paint(terminal, Ink::dim, line), columns(line)});
  }
  return lines;
}

// The i-th line of a cell, in a column of that width and the gap behind it.
std::string column_line(const std::vector<Line>& lines, std::size_t i, std::size_t width) {
  if (i >= lines.size()) return std::string(width + gap, ' ');
  return lines[i].text + std::string(std::max(lines[i].width, width) - lines[i].width + gap, ' ');
}

void append_below(std::string& out, const Terminal& terminal, const Cells& cells,
                  std::size_t indent, bool declared_below) {
  const std::string blanks(indent, ' ');
  const std::string first = blanks + (terminal.unicode ? "└ " : "- ");
  const std::string rest = blanks + "  ";
  for (const std::string& sentence : cells.below) {
    append_wrapped(out, terminal, first, rest, sentence);
  }
  if (declared_below) {
    append_wrapped(out, terminal, first, rest, "declared at " + cells.declared_at, Ink::dim);
  }
}

void append_table_row(std::string& out, const Terminal& terminal, const Layout& layout,
                      const Cells& cells) {
  const Ink ink = is_endangered(*cells.row) ? Ink::yellow : ink_of(cells.row->finding->verdict);
  const std::vector<Line> desired =
      cell_lines(terminal, cells.desired, cells.desired_raw, layout.desired);
  const std::vector<Line> live = cell_lines(terminal, cells.live, cells.live_raw, layout.live);
  const std::size_t count = std::max(desired.size(), live.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::string line;
    if (layout.mark > 0) {
      line = pad(i == 0 ? paint(terminal, ink, mark_of(*cells.row)) : "", layout.mark);
    }
    line += pad(i == 0 ? paint(terminal, Ink::bold, cells.key) : "", layout.key + gap);
    line += pad(i == 0 ? paint(terminal, ink, cells.verdict) : "", layout.verdict + gap);
    line += column_line(desired, i, layout.desired);
    line += column_line(live, i, layout.live);
    if (i == 0 && !layout.declared_below) line += paint(terminal, Ink::dim, cells.declared_at);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    out += '\n';
  }
  append_below(out, terminal, cells, layout.mark + 2, layout.declared_below);
}

void append_stacked_row(std::string& out, const Terminal& terminal, const Cells& cells) {
  const Ink ink = is_endangered(*cells.row) ? Ink::yellow : ink_of(cells.row->finding->verdict);
  const std::string mark =
      terminal.unicode ? paint(terminal, ink, mark_of(*cells.row)) + " " : std::string();
  append_wrapped(out, terminal, mark, "  ", cells.key, Ink::bold);
  const auto line = [&](std::string_view name, std::string_view text, Ink text_ink) {
    const std::string first = fmt::format("  {:<8} ", name);
    const bool tight = terminal.width < 40;
    append_wrapped(out, terminal, tight ? fmt::format("  {} ", name) : first,
                   tight ? "    " : std::string(first.size(), ' '), text, text_ink);
  };
  line("verdict", cells.verdict, ink);
  line("desired", in_one(cells.desired, cells.desired_raw), Ink::plain);
  line("live", in_one(cells.live, cells.live_raw), Ink::plain);
  line("at", cells.declared_at, Ink::dim);
  append_below(out, terminal, cells, 2, false);
}

std::string heading(const AuditView& view) {
  std::string text = profile_name(view.resolved.profile(), view.profile_directories);
  text += chosen_text(view.chosen_by);
  text += ", on " + printable(view.machine.description);
  const std::string facts = host_text(view.resolved.host());
  if (!facts.empty()) text += ": " + facts;
  return text;
}

void append_summary(std::string& out, const AuditView& view, const Terminal& terminal,
                    const std::string& shared) {
  const audit::Counts& counts = view.report.audit().counts();
  const std::size_t wrong = counts.drift + counts.pending + counts.missing + counts.unreadable;
  const std::size_t checked = wrong + counts.match;
  const std::string skipped =
      counts.skipped == 0 ? std::string() : fmt::format("; {} skipped", counts.skipped);
  const std::string name = profile_name(view.resolved.profile(), view.profile_directories);
  if (wrong > 0) {
    std::string parts;
    const auto add = [&](std::size_t number, Verdict verdict) {
      if (number == 0) return;
      if (!parts.empty()) parts += ", ";
      parts += fmt::format("{} {}", number, audit::verdict_name(verdict));
    };
    add(counts.drift, Verdict::drift);
    add(counts.pending, Verdict::pending);
    add(counts.missing, Verdict::missing);
    add(counts.unreadable, Verdict::unreadable);
    // That all of them drift is no news.
    parts = counts.drift == wrong ? "" : ": " + parts;
    append_wrapped(out, terminal, "", "",
                   fmt::format("{} of {} {}{}{}", wrong, count_of(checked, "key"),
                               wrong == 1 ? "differs" : "differ", parts, skipped),
                   Ink::bold);
    if (!shared.empty()) {
      append_wrapped(out, terminal, "", "", fmt::format("in each case {}", printable(shared)));
    }
  } else if (checked == 0) {
    append_wrapped(out, terminal, "", "",
                   fmt::format("nothing to compare: {} declares no key that this machine has{}",
                               name, skipped),
                   Ink::yellow);
  } else {
    append_wrapped(out, terminal, terminal.unicode ? paint(terminal, Ink::green, "✓ ") : "", "",
                   fmt::format("in sync: {} of {} {} as declared{}",
                               checked == 1 ? "the one key" : fmt::format("all {} keys", checked),
                               name, checked == 1 ? "is" : "are", skipped),
                   Ink::green);
  }
  if (const std::size_t overridden = view.report.overridden_at_boot(); overridden > 0) {
    append_wrapped(
        out, terminal, "", "",
        fmt::format("{} right now and will be wrong after the next boot: another file "
                    "sets {}",
                    overridden == 1 ? "1 key is" : fmt::format("{} keys are", overridden),
                    overridden == 1 ? "it" : "them"),
        Ink::yellow);
  }
  if (const std::size_t corrected = view.report.corrected_at_boot(); corrected > 0) {
    append_wrapped(out, terminal, "", "",
                   fmt::format("another file sets {} at boot, before nettuned puts {} right",
                               count_of(corrected, "key"), corrected == 1 ? "it" : "them"),
                   Ink::yellow);
  }
  std::vector<std::string> unknown;  // keys that are here, and of which nettune has no facts
  for (const audit::Finding& finding : view.report.audit().findings()) {
    const bool is_here = finding.verdict == Verdict::match || finding.verdict == Verdict::drift;
    if (is_here && finding.desired->parameter == nullptr) {
      unknown.push_back(printable(finding.desired->key.name()));
    }
  }
  if (!unknown.empty()) {
    append_wrapped(
        out, terminal, "", "",
        fmt::format("{} not in nettune's catalogue: compared as the kernel prints {}",
                    unknown.size() == 1
                        ? unknown.front() + " is"
                        : fmt::format("{} and {} more are", unknown.front(), unknown.size() - 1),
                    unknown.size() == 1 ? "it" : "them"),
        Ink::dim);
  }
  for (const profile::Entry* entry : view.resolved.unmatched()) {
    append_wrapped(out, terminal, "", "",
                   fmt::format("no key matches {} now ({})", printable(entry->key.name()),
                               printable(describe(entry->origin))),
                   Ink::dim);
  }
  if (wrong > 0) {
    const Row& first = view.report.rows().front();
    append_wrapped(out, terminal, "", "",
                   fmt::format("\"nettunectl explain {}\" says what it means, what it may be and "
                               "who sets it",
                               printable(first.key)),
                   Ink::dim);
  }
}

}  // namespace

std::string profile_name(const profile::Profile& profile,
                         const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    if (profile.path() == directory + "/" + profile.name() + ".yaml") {
      return printable(profile.name());
    }
  }
  return printable(profile.path());
}

std::string_view chosen_text(ChosenBy chosen_by) {
  switch (chosen_by) {
    case ChosenBy::argument:
      return "";
    case ChosenBy::active:
      return " (the active profile)";
    case ChosenBy::choice:
      return " (chosen, not in force)";
    case ChosenBy::recommend:
      break;
  }
  return " (none is active; it is what \"nettunectl recommend\" picks)";
}

std::string host_text(const profile::Host& host) {
  std::string text;
  if (!host.kernel_release.empty()) text = "Linux " + printable(host.kernel_release);
  if (host.memory_bytes > 0) {
    if (!text.empty()) text += ", ";
    text += profile::readable(static_cast<sysctl::Integer>(host.memory_bytes), sysctl::Unit::bytes,
                              host.page_size);
    text += " of memory";
  }
  return text;
}

std::string render_table(const AuditView& view, const Terminal& terminal, bool all) {
  const std::string shared = shared_cause(view.report.rows());
  std::vector<Cells> rows;
  for (const Row& row : view.report.rows()) {
    if (all || is_wrong(row) || is_endangered(row)) {
      rows.push_back(make_cells(row, view.profile_directories, shared));
    }
  }
  std::string out;
  append_wrapped(out, terminal, "", "  ", heading(view));
  out += '\n';
  if (!rows.empty()) {
    const Layout layout = choose_layout(rows, terminal);
    if (!layout.stacked) {
      std::string header(layout.mark, ' ');
      header += pad("KEY", layout.key + gap) + pad("VERDICT", layout.verdict + gap) +
                pad("DESIRED", layout.desired + gap) + pad("LIVE", layout.live + gap);
      if (!layout.declared_below) header += "DECLARED AT";
      header.erase(header.find_last_not_of(' ') + 1);
      out += paint(terminal, Ink::dim, header);
      out += '\n';
    }
    for (const Cells& cells : rows) {
      if (layout.stacked) {
        append_stacked_row(out, terminal, cells);
      } else {
        append_table_row(out, terminal, layout, cells);
      }
    }
    out += '\n';
  }
  append_summary(out, view, terminal, shared);
  return out;
}

}  // namespace nettune::ctl
