// SPDX-License-Identifier: MIT
// nettunectl check: everything that is wrong with profiles, sysctl.d files and TuneD profiles.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "command.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/resolve.hpp"
#include "input/machine.hpp"
#include "input/options.hpp"
#include "input/profile_arguments.hpp"
#include "output/output.hpp"
#include "render/json.hpp"

namespace nettune::ctl {
namespace {

struct Totals {
  std::size_t errors = 0;
  std::size_t warnings = 0;
};

// Of all the files, before the list is cut to what is shown.
Totals count(const Diagnostics& diagnostics) {
  Totals totals;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    if (diagnostic.severity == Severity::error) ++totals.errors;
    if (diagnostic.severity == Severity::warning) ++totals.warnings;
  }
  return totals;
}

// A file that two arguments inherit is faulty once.
void drop_repeated(Diagnostics& diagnostics) {
  using Identity = std::tuple<std::string, int, int, Severity, std::string>;
  std::set<Identity> known;
  std::erase_if(diagnostics.list, [&](const Diagnostic& one) {
    const std::string file = one.origin.source == nullptr ? "" : one.origin.source->name;
    return !known.emplace(file, one.origin.line, one.origin.column, one.severity, one.message)
                .second;
  });
}

std::string summary(const Totals& totals, std::size_t files) {
  if (totals.errors + totals.warnings == 0) {
    return files == 1 ? "no fault found" : fmt::format("no fault found in {} files", files);
  }
  std::string text;
  if (totals.errors > 0) text = count_of(totals.errors, "error");
  if (totals.warnings > 0) {
    if (!text.empty()) text += ", ";
    text += count_of(totals.warnings, "warning");
  }
  return text;
}

std::string to_json(const Diagnostics& diagnostics, const Totals& totals,
                    const std::vector<std::string>& files) {
  Json json = start_json("check/1");
  json["files"] = files;
  json["errors"] = totals.errors;
  json["warnings"] = totals.warnings;
  json["diagnostics"] = Json::array();
  for (const Diagnostic& diagnostic : diagnostics.list) {
    const bool has_place = diagnostic.origin.source != nullptr && diagnostic.origin.line > 0;
    Json one;
    one["severity"] = severity_name(diagnostic.severity);
    one["file"] =
        diagnostic.origin.source == nullptr ? Json(nullptr) : Json(diagnostic.origin.source->name);
    one["line"] = has_place ? Json(diagnostic.origin.line) : Json(nullptr);
    one["column"] = has_place ? Json(diagnostic.origin.column) : Json(nullptr);
    one["length"] = has_place ? Json(diagnostic.origin.length) : Json(nullptr);
    one["message"] = diagnostic.message;
    one["help"] = diagnostic.help.empty() ? Json(nullptr) : Json(diagnostic.help);
    one["lint"] = diagnostic.lint.empty() ? Json(nullptr) : Json(diagnostic.lint.name());
    json["diagnostics"].push_back(std::move(one));
  }
  return json_text(json);
}

int run(const Command& self, Arguments arguments) {
  std::vector<std::string> files;
  std::string format = "text";
  bool strict = false;
  bool quiet = false;
  MachineOptions which;
  Options options(self);
  options.arguments("FILE", files);
  options.flag("-s,--strict", strict, "a warning is an error");
  options.choice("-f,--format", format, {"text", "json"}, "output format");
  options.flag("-q,--quiet", quiet, "print nothing; the exit status is the answer");
  which.add_facts(options);
  which.add_root(options);
  if (const std::optional<int> status = options.parse(arguments)) return *status;

  const std::optional<Machine> machine = open_machine(which);
  if (!machine) return exit_trouble;
  profile::Store store = make_store(machine->root, machine->host.kernel);
  store.keep_faulty();  // the rest of a file with a fault is linted in the same run

  Diagnostics diagnostics;
  for (profile::Profile& profile : load_all(store, machine->root, files, diagnostics)) {
    const std::optional<profile::ResolvedProfile> resolved =
        profile::resolve(std::move(profile), machine->host, *machine->tree, diagnostics);
    if (resolved) profile::lint(*resolved, diagnostics);
  }
  drop_repeated(diagnostics);
  if (strict) {
    for (Diagnostic& diagnostic : diagnostics.list) {
      if (diagnostic.severity == Severity::warning) diagnostic.severity = Severity::error;
    }
  }
  const Totals totals = count(diagnostics);
  const int status = totals.errors > 0 ? exit_trouble : exit_ok;
  if (quiet) return status;
  if (format == "json") {
    sort_and_cut(diagnostics);
    return print(to_json(diagnostics, totals, files), status);
  }
  const Terminal terminal = look_at_terminal(STDOUT_FILENO);
  std::string out = format_all(diagnostics, terminal);
  if (!out.empty()) out += '\n';
  const Ink ink = totals.errors > 0 ? Ink::red : totals.warnings > 0 ? Ink::yellow : Ink::green;
  out += paint(terminal, ink, summary(totals, files.size()));
  out += '\n';
  return print(out, status);
}

constexpr Example examples[] = {
    {"nettunectl check ./web.yaml", "a profile of your own, with what it inherits"},
    {"nettunectl check /etc/sysctl.d/*.conf",
     "dead keys, inverted triples, pages taken for bytes, lines that another file overrides"},
    {"nettunectl check --strict --memory \"1 GiB\" profiles/*.yaml",
     "as a gate in CI, for the smallest host that the profiles are meant for"},
};

}  // namespace

const Command check_command = {
    "check",
    "FILE...",
    "say what is wrong with profiles, sysctl.d files and TuneD profiles",
    "Prints every fault at once, as a compiler does: file, line, column, what is wrong and what "
    "would be right. Expressions such as \"4% ram\" are worked out for this machine.\n"
    "FILE is a profile (its name or a .yaml file), a file of sysctl.d (.conf) or a TuneD profile "
    "(tuned.conf). Several files of sysctl.d are taken in the order in which systemd reads them, "
    "and a line that a later file overrides is named.\n"
    "Exit status: 0 no error (warnings may have been printed), 2 at least one error, or a warning "
    "with --strict.",
    examples,
    run,
};

}  // namespace nettune::ctl
