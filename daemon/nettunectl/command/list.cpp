// SPDX-License-Identifier: MIT
// nettunectl list: the profiles, where they come from, and whether they apply to this machine.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "command.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "render/json.hpp"

namespace nettune::ctl {
namespace {

struct Entry {
  std::string name;
  std::string path;
  std::string summary;
  std::vector<std::string> hidden;
  std::vector<std::string> unmet;
  bool is_valid = true;
};

// What could be listed. Where not all could, that is said, and `status` is exit_trouble.
std::vector<profile::Store::Listed> list_profiles(const profile::Store& store, int& status) {
  std::vector<Error> problems;
  std::vector<profile::Store::Listed> listed = store.list(problems);
  for (const Error& problem : problems) complain(describe(problem));
  status = problems.empty() ? exit_ok : exit_trouble;
  return listed;
}

std::vector<Entry> entries_of(const profile::Store& store,
                              const std::vector<profile::Store::Listed>& list,
                              const profile::Host& host) {
  std::vector<Entry> entries;
  for (const profile::Store::Listed& listed : list) {
    Entry entry{listed.name, listed.path, {}, listed.hidden, {}, true};
    Diagnostics diagnostics;
    if (const auto profile = told(store.load(listed.name, diagnostics))) {
      entry.summary = profile->summary();
      for (const profile::Requirement& requirement : profile->requirements()) {
        if (auto reason = profile::unmet(requirement, host)) {
          entry.unmet.push_back(std::move(*reason));
        }
      }
    } else {
      entry.is_valid = false;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += text.empty() ? part : ", " + part;
  return text;
}

std::string applies_text(const Entry& entry) {
  if (!entry.is_valid) return "faulty";
  return entry.unmet.empty() ? "yes" : "no";
}

std::string to_json(const std::vector<Entry>& entries) {
  Json json = start_json("list/1");
  json["profiles"] = Json::array();
  for (const Entry& entry : entries) {
    json["profiles"].push_back(
        {{"name", entry.name},
         {"path", entry.path},
         {"summary", entry.summary.empty() ? Json(nullptr) : Json(entry.summary)},
         {"valid", entry.is_valid},
         {"applies", entry.is_valid ? Json(entry.unmet.empty()) : Json(nullptr)},
         {"unmet", entry.unmet},
         {"hides", entry.hidden}});
  }
  return json_text(json);
}

std::string folder_of(const Entry& entry) {
  return printable(entry.path.substr(0, entry.path.rfind('/')));
}

// Where all are in one folder, it is said once.
std::string to_table(const std::vector<Entry>& entries, const Terminal& terminal) {
  const std::string folder = folder_of(entries.front());
  const bool has_one_folder =
      std::ranges::all_of(entries, [&](const Entry& entry) { return folder_of(entry) == folder; });
  Table table;
  table.header = {"PROFILE", "APPLIES", "FROM", "SUMMARY"};
  table.inks = {Ink::bold, Ink::plain, Ink::dim, Ink::plain};
  if (has_one_folder) {
    table.header = {"PROFILE", "APPLIES", "SUMMARY"};
    table.inks = {Ink::bold, Ink::plain, Ink::plain};
  }
  for (const Entry& entry : entries) {
    std::string text = printable(entry.summary);
    const auto add_line = [&](const std::string& more) {
      text += (text.empty() ? "" : "\n") + printable(more);
    };
    if (!entry.is_valid) {
      add_line(fmt::format("\"nettunectl check {}\" says what is wrong", entry.name));
    }
    for (const std::string& reason : entry.unmet) add_line("not here: " + reason);
    for (const std::string& path : entry.hidden) add_line("hides " + path);
    std::vector<std::string> row = {printable(entry.name), applies_text(entry)};
    if (!has_one_folder) row.push_back(folder_of(entry));
    row.push_back(std::move(text));
    table.rows.push_back(std::move(row));
  }
  std::string out;
  append_table(out, terminal, std::move(table));
  if (has_one_folder) {
    out += '\n';
    append_wrapped(
        out, terminal, "", "  ",
        fmt::format("{} from {}", entries.size() == 1 ? "it is" : "all of them are", folder),
        Ink::dim);
  }
  return out;
}

int run(const Command& self, Arguments arguments) {
  std::string format = "table";
  MachineOptions which;
  Options options(self);
  options.choice("-f,--format", format, {"table", "json", "names"}, "output format");
  which.add_facts(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;

  int status = exit_ok;
  if (format == "names") {  // for completion: no profile is opened
    std::string out;
    for (const auto& listed : list_profiles(make_store(which.root, {}), status)) {
      out += listed.name + '\n';
    }
    return print(out, status);
  }
  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  const profile::Store store = make_store(machine->root, machine->host.kernel);
  const std::vector<Entry> entries = entries_of(store, list_profiles(store, status), machine->host);
  if (format == "json") return print(to_json(entries), status);
  if (entries.empty()) {
    if (status == exit_ok) complain("no profile found in " + join(store.directories()));
    return exit_trouble;
  }
  return print(to_table(entries, look_at_terminal(STDOUT_FILENO)), status);
}

constexpr Example examples[] = {
    {"nettunectl list", "the profiles that \"audit\" and \"show\" take by name"},
    {"nettunectl list --memory \"512 MiB\"", "which of them apply to a small machine"},
};

}  // namespace

const Command list_command = {
    "list",
    "",
    "list the profiles and whether they apply here",
    "Lists the profiles in /etc/nettune/profiles, /run/nettune/profiles and "
    "/usr/share/nettune/profiles (or in NETTUNE_PROFILE_PATH). Where two have one name, the first "
    "hides the others. A profile applies where everything in its \"requires\" holds.",
    examples,
    run,
};

}  // namespace nettune::ctl
