// SPDX-License-Identifier: MIT
// The audit for CI servers: a test case for each key. The shape is the common part of what Jenkins,
// GitLab and pytest understand: testsuites, testsuite, properties, testcase, failure, error,
// skipped.
#include <fmt/format.h>

#include "engine/diagnostic.hpp"
#include "render.hpp"

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

}  // namespace nettune::ctl
