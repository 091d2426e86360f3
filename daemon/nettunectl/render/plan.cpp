// SPDX-License-Identifier: MIT
#include "render/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/audit/report.hpp"
#include "engine/diagnostic.hpp"
#include "input/profile_arguments.hpp"

namespace nettune::ctl {
namespace {

using change::LeftAlone;
using change::Write;
using Purpose = change::JournalEntry::Purpose;

std::string value_cell(const std::string& text, const std::string& readable) {
  return readable.empty() ? printable(sysctl::shown(text))
                          : fmt::format("{} ({})", readable, printable(text));
}

// LIVE and NEW: both with their units where one is.
std::pair<std::string, std::string> value_cells(const Write& write, const profile::Host& host) {
  const auto readable = [&](const std::string& text, audit::Units units) {
    return audit::readable_text(text, write.parameter, host, units);
  };
  std::string live = readable(write.before, audit::Units::where_they_help);
  std::string desired = readable(write.text, audit::Units::where_they_help);
  if (live.empty() && !desired.empty()) live = readable(write.before, audit::Units::always);
  if (desired.empty() && !live.empty()) desired = readable(write.text, audit::Units::always);
  return {value_cell(write.before, live), value_cell(write.text, desired)};
}

std::string why_cell(const Write& write, const std::vector<std::string>& directories) {
  std::string why = write.purpose == Purpose::desired
                        ? printable(short_origin(describe(write.declared_at), directories))
                        : std::string("back to its baseline");
  if (!write.order.empty()) why += (why.empty() ? "" : "; ") + printable(write.order);
  return why;
}

void append_writes(std::string& out, const PlanView& view, const Terminal& terminal,
                   const std::vector<const Write*>& writes) {
  if (writes.empty()) return;
  Table table;
  table.header = {"", "KEY", "LIVE", "NEW", "DECLARED AT"};
  table.inks = {Ink::dim, Ink::bold, Ink::plain, Ink::green, Ink::dim};
  for (const Write* write : writes) {
    auto [live, desired] = value_cells(*write, view.host);
    table.rows.push_back({fmt::format("{}", table.rows.size() + 1), write->key.name(),
                          std::move(live), std::move(desired),
                          why_cell(*write, view.profile_directories)});
  }
  append_table(out, terminal, std::move(table));
  out += '\n';
}

void append_left_alone(std::string& out, const PlanView& view, const Terminal& terminal, bool all) {
  for (const LeftAlone& left : view.plan.left_alone()) {
    if (left.is_right() && !all) continue;
    const std::string live =
        left.live.empty() ? "" : fmt::format(" (live: {})", printable(left.live));
    append_wrapped(
        out, terminal, "", "  ",
        fmt::format("{} is left alone{}: {}", left.key.name(), live, printable(reason_of(left))),
        left.is_wrong ? Ink::yellow : Ink::dim);
  }
}

std::size_t right_already(const change::Plan& plan) {
  return static_cast<std::size_t>(std::ranges::count_if(plan.left_alone(), &LeftAlone::is_right));
}

// "; left out: a, b, c and 2 more": the keys that are not as they were to be. Why not stands above,
// or on standard error where the kernel refused. "" where there is none.
std::string left_out_text(const change::Plan& plan, const std::vector<change::Refused>& refused) {
  constexpr std::size_t most = 3;
  std::vector<std::string> names;
  for (const LeftAlone& left : plan.left_alone()) {
    if (left.is_wrong) names.push_back(printable(left.key.name()));
  }
  for (const change::Refused& one : refused) names.push_back(printable(one.key.name()));
  if (names.empty()) return "";
  const std::size_t more = names.size() > most ? names.size() - most : 0;
  names.resize(names.size() - more);
  return fmt::format("; left out: {}{}", fmt::join(names, ", "),
                     more == 0 ? "" : fmt::format(" and {} more", more));
}

}  // namespace

std::string render_plan(const PlanView& view, const Terminal& terminal, bool all) {
  std::string out;
  append_wrapped(out, terminal, "", "  ", view.subject);
  out += '\n';
  std::vector<const Write*> writes;
  for (const Write& write : view.plan.writes()) writes.push_back(&write);
  append_writes(out, view, terminal, writes);
  append_left_alone(out, view, terminal, all);
  const std::size_t right = right_already(view.plan);
  const std::string already = right == 0 ? "" : fmt::format("; {} right already", right);
  const std::string left_out = left_out_text(view.plan, {});
  if (writes.empty()) {
    append_wrapped(out, terminal, "", "", "nothing to change" + already + left_out,
                   left_out.empty() ? Ink::green : Ink::yellow);
  } else {
    append_wrapped(out, terminal, "", "",
                   fmt::format("{} would be written, in this order{}{}",
                               count_of(writes.size(), "key"), already, left_out),
                   Ink::bold);
  }
  return out;
}

std::string render_outcome(const PlanView& view, const change::Outcome& outcome,
                           std::string_view done, const Terminal& terminal) {
  std::string out;
  std::vector<const Write*> writes;
  for (const Write& write : view.plan.writes()) {
    if (std::ranges::find(outcome.written, write.key) != outcome.written.end()) {
      writes.push_back(&write);
    }
  }
  append_writes(out, view, terminal, writes);
  append_left_alone(out, view, terminal, false);
  const std::size_t right = right_already(view.plan);
  const std::string left_out = left_out_text(view.plan, outcome.refused);
  const bool is_whole = left_out.empty();
  std::string summary = is_whole ? "nothing to change" : "nothing was changed";
  if (!writes.empty()) {
    summary = fmt::format("{}{}: {} written and read back", is_whole ? "" : "partly ", done,
                          count_of(writes.size(), "key"));
  }
  if (right > 0) summary += fmt::format("; {} right already", right);
  if (!outcome.gone.empty()) {
    summary += fmt::format("; {} went with {} meanwhile", count_of(outcome.gone.size(), "key"),
                           outcome.gone.size() == 1 ? "its link" : "their links");
  }
  const Ink ink = is_whole ? Ink::green : Ink::yellow;
  append_wrapped(out, terminal,
                 terminal.unicode ? paint(terminal, ink, is_whole ? "✓ " : "! ") : "", "",
                 summary + left_out, ink);
  return out;
}

}  // namespace nettune::ctl
