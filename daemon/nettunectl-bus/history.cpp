// SPDX-License-Identifier: MIT
// nettunectl history: who changed what, when, and what nettuned did, read from the journal.
#include <fmt/core.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "command.hpp"
#include "engine/diagnostic.hpp"
#include "engine/file/folder.hpp"
#include "engine/sysctl/key.hpp"
#include "engine/sysctl/value.hpp"
#include "input/options.hpp"
#include "output/output.hpp"
#include "output/terminal.hpp"
#include "render/json.hpp"
#include "times.hpp"

namespace nettune::ctl {
namespace {

struct CloseJournal {
  void operator()(sd_journal* journal) const noexcept { sd_journal_close(journal); }
};
using Journal = std::unique_ptr<sd_journal, CloseJournal>;

std::string field(sd_journal* journal, const char* name) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal, name, &data, &size) < 0) return {};
  const std::string_view whole(static_cast<const char*>(data), size);
  return std::string(whole.substr(std::min(whole.find('=') + 1, whole.size())));
}

struct Line {
  std::uint64_t time;
  std::string event, key, before, live, desired, writer, message;
};

// "KEY<tab>BEFORE<tab>AFTER" of an entry about several keys; that of `key` alone where one is
// named.
std::vector<std::array<std::string, 3>> changes_of(sd_journal* journal, std::string_view key) {
  constexpr std::string_view prefix = "NETTUNE_CHANGE=";
  std::vector<std::array<std::string, 3>> changes;
  const void* data = nullptr;
  std::size_t size = 0;
  sd_journal_restart_data(journal);
  while (sd_journal_enumerate_available_data(journal, &data, &size) > 0) {
    std::string_view text(static_cast<const char*>(data), size);
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    std::array<std::string, 3> parts;
    for (std::string& part : parts) {
      const std::size_t tab = std::min(text.find('\t'), text.size());
      part = text.substr(0, tab);
      text.remove_prefix(std::min(tab + 1, text.size()));
    }
    if (key.empty() || parts[0] == key) changes.push_back(std::move(parts));
  }
  std::ranges::sort(changes);  // the journal gives an entry's fields in no order
  return changes;
}

// Where the system's journal is.
std::vector<std::string> system_folders() {
  sd_id128_t machine{};
  char id[SD_ID128_STRING_MAX];
  if (sd_id128_get_machine(&machine) < 0) return {};
  sd_id128_to_string(machine, id);
  return {std::string("/var/log/journal/") + id, std::string("/run/log/journal/") + id};
}

// Why the journal in `folders` can't be read; 0 where it can, or there is none. libsystemd passes
// over what it can't open without a word. Of the files only those that begin with `prefix` count:
// it is enough to read one.
int why_closed(const std::vector<std::string>& folders, std::string_view prefix) {
  int number = 0;
  bool is_any_open = false;
  for (const std::string& folder : folders) {
    const Result<std::vector<std::string>> files = names_in(folder);
    if (!files) {
      const int why = files.error().number;
      if (why == ENOENT) continue;
      if (why != EACCES) return why;
      number = why;
      continue;
    }
    for (const std::string& file : *files) {
      if (!file.starts_with(prefix) || !file.ends_with(".journal")) continue;
      if (::access(fmt::format("{}/{}", folder, file).c_str(), R_OK) == 0) {
        is_any_open = true;
      } else {
        number = errno;
      }
    }
  }
  return is_any_open ? 0 : number;
}

int run(const Command& self, Arguments arguments) {
  std::string name;
  std::string since;
  std::string format = "table";
  std::string folder;
  Options options(self);
  options.argument("KEY", name);
  options.option("--since", "TIME", since,
                 "from then on: \"2026-11-23 13:10\", \"13:10\", today, yesterday, -2h");
  options.choice("-f,--format", format, {"table", "json"}, "output format");
  options.option("--directory", "DIR", folder, "read the journal's files in DIR");
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  std::uint64_t begin = 0;
  // What is asked for, in words.
  std::string asked = folder.empty()
                          ? "the journal has no entry of nettuned"
                          : fmt::format("the journal in {} has no entry", printable(folder));
  if (!since.empty()) {
    const auto now = static_cast<std::uint64_t>(std::time(nullptr)) * 1'000'000;
    const std::optional<std::uint64_t> time = parse_time(since, now);
    if (!time) return options.refuse(fmt::format("\"{}\" is not a valid time", printable(since)));
    begin = *time;
  }
  if (!name.empty()) {
    const auto key = sysctl::Key::parse(name);
    if (!key) return options.refuse(fmt::format("\"{}\": {}", printable(name), key.error()));
    name = key->name();
  }
  const int why =
      folder.empty() ? why_closed(system_folders(), "system") : why_closed({folder}, "");
  if (why != 0) {
    complain(fmt::format("{} can't be read: {}{}",
                         folder.empty() ? "the system's journal"
                                        : fmt::format("the journal in {}", printable(folder)),
                         std::strerror(why),
                         folder.empty() && why == EACCES
                             ? "; reading it needs root or the group systemd-journal"
                             : ""));
    return exit_trouble;
  }
  sd_journal* opened = nullptr;
  const int code = folder.empty()
                       ? sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM)
                       : sd_journal_open_directory(&opened, folder.c_str(), 0);
  const Journal journal(opened);
  if (code < 0) {
    complain(fmt::format("the journal can't be opened: {}", std::strerror(-code)));
    return exit_trouble;
  }
  // Anybody may write to the journal; the unit is what the journal itself has seen.
  if (folder.empty()) {
    sd_journal_add_match(opened, "_SYSTEMD_UNIT=nettuned.service", 0);
    sd_journal_add_conjunction(opened);
  }
  if (!name.empty()) {
    sd_journal_add_match(opened, ("NETTUNE_KEY=" + name).c_str(), 0);
  }
  if (begin != 0) {
    sd_journal_seek_realtime_usec(opened, begin);
  } else {
    sd_journal_seek_head(opened);
  }
  std::vector<Line> lines;
  int step = 0;
  while ((step = sd_journal_next(opened)) > 0) {
    Line line{};
    line.event = field(opened, "NETTUNE_EVENT");
    if (line.event.empty() || sd_journal_get_realtime_usec(opened, &line.time) < 0) continue;
    line.key = field(opened, "NETTUNE_KEY");
    line.live = field(opened, "NETTUNE_LIVE");
    line.desired = field(opened, "NETTUNE_DESIRED");
    line.writer = field(opened, "NETTUNE_WRITER");
    line.before = field(opened, "NETTUNE_BEFORE");
    line.message = field(opened, "MESSAGE");
    const auto changes = changes_of(opened, name);
    // The entry itself, which says what was done as a whole; of one key, that key's line says it.
    if (changes.empty() || name.empty()) lines.push_back(line);
    for (const auto& [key, before, after] : changes) {
      Line one = line;
      one.key = key;
      one.before = before;
      one.live = after;
      one.message =
          fmt::format("{} was {} and is {} now", key, sysctl::shown(before), sysctl::shown(after));
      lines.push_back(std::move(one));
    }
  }
  if (step < 0) {
    complain(fmt::format("the journal can't be read: {}", std::strerror(-step)));
    return exit_trouble;
  }
  if (format == "json") {
    Json json = start_json("history/1");
    json["events"] = Json::array();
    for (const Line& line : lines) {
      json["events"].push_back({{"time", line.time},
                                {"event", line.event},
                                {"key", line.key},
                                {"before", line.before},
                                {"live", line.live},
                                {"desired", line.desired},
                                {"writer", line.writer},
                                {"message", line.message}});
    }
    return print(json_text(json), exit_ok);
  }
  if (lines.empty()) {
    if (!name.empty()) asked += " about " + printable(name);
    if (!since.empty()) asked += fmt::format(" since {}", printable(since));
    complain(asked);
    return exit_ok;
  }
  Table table{{"TIME", "EVENT", "WHAT"}, {}};
  for (const Line& line : lines) {
    table.rows.push_back(
        {local_time(line.time), printable(line.event), printable(in_one_line(line.message))});
  }
  std::string out;
  append_table(out, look_at_terminal(STDOUT_FILENO), std::move(table));
  return print(out, exit_ok);
}

constexpr Example examples[] = {
    {"nettunectl history", "all that the journal has kept"},
    {"nettunectl history net.ipv4.tcp_rmem --since yesterday", "one key"},
};

}  // namespace

const Command history_command = {
    "history",
    "[KEY]",
    "read from the journal who changed what, and when",
    "Lists what nettuned has logged: what was changed, from what, by whom where that is known, "
    "and what nettuned did about it.\n"
    "Needs root or the group systemd-journal. Exit status: 0, or 2 where the journal can't be "
    "read.",
    examples,
    run,
};

}  // namespace nettune::ctl
