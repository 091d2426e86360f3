// SPDX-License-Identifier: MIT
#include "render/audit_netns.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/diagnostic.hpp"
#include "engine/text/columns.hpp"

namespace nettune::ctl {
namespace {

using audit::Verdict;
using sysctl::ListedNetNamespace;

constexpr std::size_t widest_name = 32;
constexpr std::size_t narrowest_result = 24;

// "nginx[812] (initial, this one)"
std::string title_of(const ListedNetNamespace& listed) {
  std::string title = name_of(listed);
  if (listed.is_initial) title += listed.is_own ? " (initial, this one)" : " (initial)";
  if (listed.is_own && !listed.is_initial) title += " (this one)";
  return title;
}

std::size_t host_wide(const audit::Audit& audit) {
  // The reasons that compare() gives: "host-wide: not in this namespace", "… read-only here".
  return static_cast<std::size_t>(
      std::ranges::count_if(audit.findings(), [](const audit::Finding& finding) {
        return finding.verdict == Verdict::skipped &&
               finding.reason.view().starts_with("host-wide: ");
      }));
}

// "2 of 4 keys differ, as in blue; 3 host-wide keys skipped"; `as_in` is "" for a namespace whose
// rows follow.
std::string result_of(const NamespaceView& view, const std::string& as_in) {
  if (view.state == NamespaceState::vanished) return "vanished while this ran";
  if (view.report == nullptr) return "not read: " + printable(view.reason);
  const audit::Counts& counts = view.report->audit().counts();
  const std::size_t wrong = counts.drift + counts.pending + counts.missing + counts.unreadable;
  const std::size_t checked = wrong + counts.match;
  std::string text;
  if (checked == 0) {
    text = "nothing to compare";
  } else if (wrong == 0) {
    text = fmt::format("in sync: {}", count_of(checked, "key"));
  } else {
    text = fmt::format("{} of {} {}", wrong, count_of(checked, "key"),
                       wrong == 1 ? "differs" : "differ");
  }
  if (!as_in.empty()) text += ", as in " + as_in;
  const std::size_t of_host = host_wide(view.report->audit());
  if (of_host > 0) text += fmt::format("; {} skipped", count_of(of_host, "host-wide key"));
  if (counts.skipped > of_host) {
    text += fmt::format("; {} {}skipped", counts.skipped - of_host, of_host > 0 ? "more " : "");
  }
  return text;
}

std::string_view mark_of(NamespaceState state) {
  switch (state) {
    case NamespaceState::in_sync:
      return "✓";
    case NamespaceState::differs:
      return "✗";
    case NamespaceState::unreadable:
      return "?";
    case NamespaceState::vanished:
      break;
  }
  return "-";
}

Ink ink_of(NamespaceState state) {
  switch (state) {
    case NamespaceState::in_sync:
      return Ink::green;
    case NamespaceState::differs:
      return Ink::red;
    case NamespaceState::unreadable:
      return Ink::yellow;
    case NamespaceState::vanished:
      break;
  }
  return Ink::dim;
}

std::string what_of(const audit::Row& row) {
  const std::string& desired = row.desired_readable.empty() ? row.desired : row.desired_readable;
  const std::string& live = row.live_readable.empty() ? row.live : row.live_readable;
  switch (row.finding->verdict) {
    case Verdict::match:
      return live;
    case Verdict::drift:
      return fmt::format("{}; desired {}{}", live, desired,
                         row.reason.empty() ? "" : " (" + row.reason + ")");
    case Verdict::pending:
    case Verdict::missing:
    case Verdict::unreadable:
    case Verdict::skipped:
      break;
  }
  return row.reason;
}

// As --netns takes it.
std::string netns_argument(const ListedNetNamespace& listed) {
  if (listed.is_own) return ".";
  if (!listed.names.empty()) return listed.names.front();
  return listed.processes.empty() ? "" : std::to_string(listed.processes.front());
}

}  // namespace

std::string name_of(const ListedNetNamespace& listed) {
  std::string name;
  for (const std::string& one : listed.names) name += (name.empty() ? "" : ", ") + one;
  if (!name.empty()) return printable(name);
  if (listed.first_process > 0) {
    return fmt::format("{}[{}]", printable(listed.command), listed.first_process);
  }
  return fmt::format("inode {}", listed.inode);
}

std::string hidden_text(std::size_t processes) {
  const std::string whose = processes == 1
                                ? "the namespace of 1 process is"
                                : fmt::format("the namespaces of {} processes are", processes);
  return whose + " not shown to this user, so there may be more; it needs root (CAP_SYS_PTRACE)";
}

NamespaceTable::NamespaceTable(const Terminal& terminal, bool all,
                               const std::vector<ListedNetNamespace>& namespaces)
    : terminal_(terminal), all_(all), name_width_(columns("NAMESPACE")) {
  for (const ListedNetNamespace& listed : namespaces) {
    name_width_ = std::max(name_width_, std::min(columns(title_of(listed)), widest_name));
  }
}

std::string NamespaceTable::rows_of(const audit::Report& report) const {
  std::size_t key_width = 0;
  std::size_t verdict_width = 0;
  std::vector<const audit::Row*> rows;
  for (const audit::Row& row : report.rows()) {
    const Verdict verdict = row.finding->verdict;
    if (!all_ && (verdict == Verdict::match || verdict == Verdict::skipped)) continue;
    rows.push_back(&row);
    key_width = std::max(key_width, columns(printable(row.key)));
    verdict_width = std::max(verdict_width, columns(audit::verdict_name(verdict)));
  }
  std::string out;
  for (const audit::Row* row : rows) {
    const std::string key = printable(row->key);
    const std::string verdict(audit::verdict_name(row->finding->verdict));
    const std::string first =
        fmt::format("    {}  {}  ", pad(key, key_width), pad(verdict, verdict_width));
    if (terminal_.width < columns(first) + narrowest_result) {
      append_wrapped(out, terminal_, "    ", "    ", key);
      append_wrapped(out, terminal_, "      ", "      ", verdict + ": " + printable(what_of(*row)));
    } else {
      append_wrapped(out, terminal_, first, std::string(columns(first), ' '),
                     printable(what_of(*row)));
    }
  }
  return out;
}

void NamespaceTable::add(const NamespaceView& view) {
  const Ink ink = ink_of(view.state);
  const std::string mark =
      terminal_.unicode ? paint(terminal_, ink, mark_of(view.state)) + " " : std::string();
  const std::string title = title_of(view.listed);
  std::string as_in;
  std::string rows;
  if (view.report != nullptr) rows = rows_of(*view.report);
  if (view.state == NamespaceState::differs) {
    if (first_differing_.empty()) first_differing_ = netns_argument(view.listed);
    const auto [first, is_new] = first_with_.emplace(rows, name_of(view.listed));
    if (!is_new && !all_) {
      as_in = first->second;
      rows.clear();
    }
  }
  const std::string result = result_of(view, as_in);
  const std::string first =
      fmt::format("{}{}  {:>9}  ", mark, pad(paint(terminal_, Ink::bold, title), name_width_),
                  view.listed.processes.size());
  if (terminal_.width < columns(first) + narrowest_result) {
    append_wrapped(parts_, terminal_, mark, "  ", title, Ink::bold);
    append_wrapped(parts_, terminal_, "  ", "  ", result, ink);
  } else {
    append_wrapped(parts_, terminal_, first, std::string(columns(first), ' '), result, ink);
  }
  parts_ += rows;
}

std::string NamespaceTable::finish(const NamespacesView& view) const {
  const profile::Profile& profile = view.resolved.profile();
  const NamespaceTotals& totals = view.totals;
  const std::string name = profile_name(profile, view.profile_directories);
  std::string out;
  std::string heading =
      fmt::format("{}{}, in {} of {}", name, chosen_text(view.chosen_by),
                  count_of(totals.all(), "network namespace"), printable(view.machine.description));
  const std::string facts = host_text(view.resolved.host());
  if (!facts.empty()) heading += ": " + facts;
  append_wrapped(out, terminal_, "", "  ", heading);
  out += '\n';
  const std::string columns_line = fmt::format(
      "{}{}  PROCESSES  RESULT", terminal_.unicode ? "  " : "", pad("NAMESPACE", name_width_));
  if (terminal_.width >= columns(columns_line) + narrowest_result) {
    out += paint(terminal_, Ink::dim, columns_line) + '\n';
  }
  out += parts_;
  out += '\n';

  const std::size_t read = totals.in_sync + totals.differing;
  if (totals.differing > 0) {
    append_wrapped(out, terminal_, "", "",
                   fmt::format("{} of {} {}", totals.differing, count_of(read, "network namespace"),
                               totals.differing == 1 ? "differs" : "differ"),
                   Ink::bold);
  } else if (read > 0) {
    append_wrapped(out, terminal_, terminal_.unicode ? paint(terminal_, Ink::green, "✓ ") : "", "",
                   read == 1
                       ? std::string("the one network namespace that was read is in sync")
                       : fmt::format("all {} network namespaces that were read are in sync", read),
                   Ink::green);
  }
  if (totals.unreadable > 0) {
    append_wrapped(out, terminal_, "", "", fmt::format("{} could not be read", totals.unreadable),
                   Ink::yellow);
  }
  if (totals.hidden_processes > 0) {
    append_wrapped(out, terminal_, "", "", hidden_text(totals.hidden_processes), Ink::yellow);
  }
  if (totals.vanished > 0) {
    append_wrapped(out, terminal_, "", "",
                   fmt::format("{} vanished while this ran", totals.vanished), Ink::dim);
  }
  if (!first_differing_.empty()) {
    const std::string option =
        first_differing_ == "." ? std::string() : " --netns " + printable(first_differing_);
    append_wrapped(out, terminal_, "", "",
                   fmt::format("\"nettunectl audit {}{}\" says more of one", name, option),
                   Ink::dim);
  }
  return out;
}

}  // namespace nettune::ctl
