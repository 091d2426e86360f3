// SPDX-License-Identifier: MIT
#include "journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/sysctl/value.hpp"

namespace nettune::daemon {
namespace {

using sysctl::shown;
using Kind = Event::Kind;

struct Meaning {
  std::string_view name;
  std::string_view id;  // of the message catalogue
  int priority;
};

Meaning meaning_of(Kind kind) {
  switch (kind) {
    case Kind::profile_changed:
      return {"profile-changed", "d01b68c7bc974a848c2dfec102913a67", LOG_NOTICE};
    case Kind::applied:
      return {"applied", "6051bd1e3a344994b813b974cd1ec3cb", LOG_INFO};
    case Kind::drift_detected:
      return {"drift-detected", "19f2e42d50b84642b025b9e3042e8adf", LOG_WARNING};
    case Kind::drift_restored:
      return {"drift-restored", "5994a6c374074d208024969fbe39f881", LOG_NOTICE};
    case Kind::drift_ended:
      return {"drift-ended", "8d9e6a5b2f1f4c3aa331e36328f4a4cc", LOG_NOTICE};
    case Kind::contested:
      return {"contested", "c346768aa29543e0a7304ae12f84327a", LOG_WARNING};
    case Kind::refused:
      return {"refused", "2f041ed619874d90b14be0b5f62109ae", LOG_ERR};
    case Kind::recovered:
      return {"recovered", "188752f10aa1404fbbd0242066aa27b2", LOG_WARNING};
    case Kind::taken_over:
      return {"taken-over", "502b7a011998424999e19b5f90e7f556", LOG_NOTICE};
    case Kind::failed:
      return {"failed", "72a5a340508a4a2892fdf10da421a6a4", LOG_ERR};
    case Kind::trial_started:
      return {"trial-started", "f616b330973549868156012c7f5e4ca2", LOG_NOTICE};
    case Kind::trial_ended:
      return {"trial-ended", "8cb2278256474b1ba3fbdf3b1c51f04a", LOG_NOTICE};
    case Kind::written:
      return {"written", "4a61fe4be2164f67a6e9f54935f3b76d", LOG_INFO};
  }
  return {};
}

constexpr std::string_view denied_id = "6591bf1f614c47caba20b2e4d3c37c00";

// systemd.exec(5): which stream the journal is connected to.
bool is_in_journal() {
  static const bool is = [] {
    const char* stream = ::secure_getenv("JOURNAL_STREAM");
    struct stat status{};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
  }();
  return is;
}

void send(int priority, const std::string& line, std::vector<std::string> fields) {
  const auto print = [](const std::string& text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
  };
  if (!is_in_journal()) return print("nettuned: " + line + "\n");
  fields.push_back(fmt::format("PRIORITY={}", priority));
  fields.push_back("MESSAGE=" + line);  // the only one that may have several lines
  std::vector<iovec> parts;
  parts.reserve(fields.size());
  for (std::string& field : fields) parts.push_back({field.data(), field.size()});
  const int code = ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
  if (code < 0) print(line + "\n");  // standard error is the journal's as well
}

// Whoever reads the journal sees it on a terminal, and may take it line by line: a foreign value, a
// file's name.
std::string field(std::string_view name, std::string_view value) {
  return fmt::format("{}={}", name, printable(value));
}

std::string by(const Event& event) {
  return "by " + (event.writer.empty() ? std::string("an unknown writer") : event.writer);
}

// "2 keys: net.core.rmem_max and net.core.wmem_max".
std::string list_keys(std::span<const Event::Change* const> changes) {
  constexpr std::size_t most_names = 3;
  const std::size_t count = changes.size();
  std::string text = fmt::format("{} {}: ", count, count == 1 ? "key" : "keys");
  for (std::size_t i = 0; i < std::min(count, most_names); ++i) {
    if (i > 0) text += i + 1 == count ? " and " : ", ";
    text += changes[i]->key;
  }
  if (count > most_names) text += fmt::format(" and {} more", count - most_names);
  return text;
}

// "web set 2 keys: ...; put back 1 key: ...".
std::string describe_written(const Event& event) {
  std::vector<const Event::Change*> set;
  std::vector<const Event::Change*> restored;
  for (const Event::Change& change : event.changes) {
    (change.is_restored ? restored : set).push_back(&change);
  }
  std::string text;
  if (!set.empty()) text = fmt::format("{} set {}", printable(event.profile), list_keys(set));
  if (!restored.empty()) {
    text += (text.empty() ? "put back " : "; put back ") + list_keys(restored);
  }
  return text;
}

// sendmsg(2) takes 1024 pieces, sd_journal_sendv(3) needs two a field, and a key is two fields:
// what one entry has no room for goes into the next.
void log_changes(const Event& event, int priority, const std::vector<std::string>& fields) {
  constexpr std::size_t most = 200;
  for (std::size_t first = 0; first < event.changes.size(); first += most) {
    Event part{.kind = event.kind, .profile = event.profile, .text = event.text};
    const std::size_t last = std::min(first + most, event.changes.size());
    part.changes.assign(event.changes.begin() + static_cast<std::ptrdiff_t>(first),
                        event.changes.begin() + static_cast<std::ptrdiff_t>(last));
    std::vector<std::string> all = fields;
    for (const Event::Change& change : part.changes) {
      all.push_back(field("NETTUNE_KEY", change.key));
      all.push_back(field("NETTUNE_CHANGE", change.key) + "\t" + printable(change.before) + "\t" +
                    printable(change.after));
    }
    send(priority, printable_lines(describe(part)), std::move(all));
  }
}

}  // namespace

std::string_view event_name(Kind kind) { return meaning_of(kind).name; }

std::string describe(const Event& event) {
  const std::string& text = event.text;
  const std::string tail = text.empty() ? "" : ": " + text;
  switch (event.kind) {
    case Kind::profile_changed:
      if (event.profile.empty()) return "no profile is active any more" + tail;
      return fmt::format("profile {} is active{}", printable(event.profile), tail);
    case Kind::applied:
      return fmt::format("{} was {} and is {} now", event.key, shown(event.before),
                         shown(event.live));
    case Kind::drift_detected:
      return fmt::format("{} was changed {}to {} {}; the profile wants {}", event.key,
                         event.before.empty() ? "" : "from " + event.before + " ",
                         shown(event.live), by(event), shown(event.desired));
    case Kind::written:
      return describe_written(event);
    case Kind::taken_over:
      if (event.changes.empty()) return "nettunectl applied " + printable(event.profile) + " again";
      return "nettunectl: " + describe_written(event);
    case Kind::drift_restored:
      return fmt::format("{} is {} again; it was {}", event.key, shown(event.live),
                         shown(event.before));
    case Kind::drift_ended:
      return fmt::format("{} is {} again, and not by nettuned", event.key, shown(event.live));
    case Kind::contested:
      return fmt::format("{} is contested at {}{}", event.key, shown(event.live), tail);
    case Kind::refused:
    case Kind::recovered:
    case Kind::failed:
    case Kind::trial_started:
    case Kind::trial_ended:
      break;
  }
  return text;
}

void log_event(const Event& event) {
  const Meaning meaning = meaning_of(event.kind);
  std::vector<std::string> fields;
  fields.push_back(fmt::format("MESSAGE_ID={}", meaning.id));
  fields.push_back(fmt::format("NETTUNE_EVENT={}", meaning.name));
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) fields.push_back(field(name, value));
  };
  add("NETTUNE_KEY", event.key);
  add("NETTUNE_DESIRED", event.desired);
  add("NETTUNE_LIVE", event.live);
  add("NETTUNE_BEFORE", event.before);
  add("NETTUNE_PROFILE", event.profile);
  if (event.kind == Kind::drift_detected || event.kind == Kind::contested) {
    add("NETTUNE_WRITER", event.writer.empty() ? "unknown" : event.writer);
  } else {
    add("NETTUNE_WRITER", event.writer);
  }
  if (!event.changes.empty()) return log_changes(event, meaning.priority, fields);
  send(meaning.priority, printable_lines(describe(event)), std::move(fields));
}

void log_denied(const Denied& denied) {
  const std::string uid = denied.uid < 0 ? "unknown" : std::to_string(denied.uid);
  const std::string unit = denied.unit.empty() ? "unknown" : denied.unit;
  send(LOG_WARNING,
       printable(fmt::format("{} was refused to user {} in unit {}: not authorized for {}",
                             denied.method, uid, unit, denied.action)),
       {fmt::format("MESSAGE_ID={}", denied_id), "NETTUNE_EVENT=denied",
        field("NETTUNE_METHOD", denied.method), field("NETTUNE_ACTION", denied.action),
        field("NETTUNE_CALLER_UID", uid), field("NETTUNE_CALLER_UNIT", unit)});
}

void log_line(int priority, std::string_view line) { send(priority, printable(line), {}); }

void log_diagnostics(int priority, std::string_view text) {
  send(priority, printable_lines(text), {});
}

}  // namespace nettune::daemon
