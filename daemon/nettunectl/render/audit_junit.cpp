// SPDX-License-Identifier: MIT
// The audit for CI servers: a test case for each key. The shape is the common part of what Jenkins,
// GitLab and pytest understand: testsuites, testsuite, properties, testcase, failure, error,
// skipped.
#include <fmt/format.h>

#include "engine/diagnostic.hpp"
#include "render/audit.hpp"
#include "render/audit_netns.hpp"

namespace nettune::ctl {
namespace {

using audit::Verdict;

// XML 1.0 has no way to write most control characters, so they go through printable() first.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

void append_property(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, escaped(value));
}

std::string message_of(const audit::Row& row) {
  if (row.finding->verdict == Verdict::drift) {
    const std::string& desired = row.desired_readable.empty() ? row.desired : row.desired_readable;
    const std::string& live = row.live_readable.empty() ? row.live : row.live_readable;
    return fmt::format("desired {}, live {}", desired, live);
  }
  return fmt::format("{}: {}", audit::verdict_name(row.finding->verdict), row.reason);
}

void append_details(std::string& out, const audit::Row& row) {
  const auto line = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) out += fmt::format("{}: {}\n", name, escaped(text));
  };
  line("desired", row.desired);
  line("live", row.live);
  line("declared at", row.declared_at);
  line("reason", row.reason);
  for (const std::string& cause : row.causes) line("cause", cause);
}

void append_case(std::string& out, const std::string& suite, const audit::Row& row) {
  const std::string head = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
                                       escaped(suite), escaped(row.key));
  const auto element = [&](std::string_view name) {
    out += fmt::format("{}>\n      <{} message=\"{}\" type=\"{}\">", head, name,
                       escaped(message_of(row)), audit::verdict_name(row.finding->verdict));
    append_details(out, row);
    out += fmt::format("</{}>\n    </testcase>\n", name);
  };
  switch (row.finding->verdict) {
    case Verdict::match:
      out += head + "/>\n";
      break;
    case Verdict::drift:
    case Verdict::missing:
    case Verdict::pending:
      element("failure");
      break;
    case Verdict::unreadable:
      element("error");
      break;
    case Verdict::skipped:
      out += fmt::format("{}>\n      <skipped message=\"{}\"/>\n    </testcase>\n", head,
                         escaped(row.reason));
      break;
  }
}

}  // namespace

std::string render_junit(const AuditView& view) {
  const profile::Profile& profile = view.resolved.profile();
  const profile::Host& host = view.resolved.host();
  const audit::Counts& counts = view.report.audit().counts();
  const std::string suite = "nettune." + profile.name();
  const std::string numbers =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\"", view.report.rows().size(),
                  counts.drift + counts.missing + counts.pending, counts.unreadable);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites name=\"nettune\" {} time=\"0\">\n", numbers);
  out += fmt::format("  <testsuite name=\"{}\" {} skipped=\"{}\" time=\"0\">\n", escaped(suite),
                     numbers, counts.skipped);
  out += "    <properties>\n";
  append_property(out, "profile", profile.path());
  append_property(out, "machine", view.machine.description);
  append_property(out, "kernel", host.kernel_release);
  if (host.memory_bytes > 0) {
    append_property(out, "memory_bytes", std::to_string(host.memory_bytes));
  }
  out += "    </properties>\n";
  for (const audit::Row& row : view.report.rows()) append_case(out, suite, row);
  out += "  </testsuite>\n</testsuites>\n";
  return out;
}

void append_netns_junit(JunitPart& sum, const NamespaceView& view) {
  const std::string name = name_of(view.listed);
  std::string cases;
  std::size_t tests = 1;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  if (view.report != nullptr) {
    const audit::Counts& counts = view.report->audit().counts();
    const std::string suite = "nettune." + view.resolved->profile().name() + "." + name;
    for (const audit::Row& row : view.report->rows()) append_case(cases, suite, row);
    tests = view.report->rows().size();
    failures = counts.drift + counts.missing + counts.pending;
    errors = counts.unreadable;
    skipped = counts.skipped;
  } else {
    const bool is_gone = view.state == NamespaceState::vanished;
    cases = fmt::format("    <testcase classname=\"nettune.netns.{}\" name=\"read\" time=\"0\">\n",
                        escaped(name));
    cases += is_gone ? std::string("      <skipped message=\"vanished while this ran\"/>\n")
                     : fmt::format("      <error message=\"{}\" type=\"unreadable\"/>\n",
                                   escaped(view.reason));
    cases += "    </testcase>\n";
    ++(is_gone ? skipped : errors);
  }
  sum.text += fmt::format(
      "  <testsuite name=\"nettune.netns.{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "skipped=\"{}\" time=\"0\">\n    <properties>\n",
      escaped(name), tests, failures, errors, skipped);
  append_property(sum.text, "inode",
                  view.listed.inode == 0 ? "" : std::to_string(view.listed.inode));
  append_property(sum.text, "processes", std::to_string(view.listed.processes.size()));
  sum.text += "    </properties>\n" + cases + "  </testsuite>\n";
  sum.tests += tests;
  sum.failures += failures;
  sum.errors += errors;
}

std::string render_netns_junit(const NamespacesView& view, const JunitPart& sum) {
  JunitPart whole = sum;
  if (const std::size_t hidden = view.totals.hidden_processes; hidden > 0) {
    ++whole.tests;
    ++whole.errors;
    whole.text += fmt::format(
        "  <testsuite name=\"nettune.netns\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" "
        "time=\"0\">\n    <testcase classname=\"nettune.netns\" name=\"list\" time=\"0\">\n"
        "      <error message=\"the namespaces of {} processes are not shown to this user\" "
        "type=\"unreadable\"/>\n    </testcase>\n  </testsuite>\n",
        hidden);
  }
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"nettune\" "
             "tests=\"{}\" "
             "failures=\"{}\" errors=\"{}\" time=\"0\">\n",
             whole.tests, whole.failures, whole.errors) +
         whole.text + "</testsuites>\n";
}

}  // namespace nettune::ctl
