// SPDX-License-Identifier: MIT
// The audit for programs. packaging/schema/nettune-audit.schema.json is the contract.
#include "render/audit.hpp"
#include "render/audit_netns.hpp"
#include "render/json.hpp"

namespace nettune::ctl {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json rule_json(const profile::ResolvedRule& rule) {
  using Kind = profile::Rule::Kind;
  Json json;
  switch (rule.kind) {
    case Kind::exactly:
      json["rule"] = "exactly";
      json["value"] = rule.words().empty() ? json_number(rule.low) : Json(rule.words().front());
      break;
    case Kind::at_least:
      json["rule"] = "at least";
      json["minimum"] = json_number(rule.low);
      break;
    case Kind::at_most:
      json["rule"] = "at most";
      json["maximum"] = json_number(rule.high);
      break;
    case Kind::between:
      json["rule"] = "between";
      json["minimum"] = json_number(rule.low);
      json["maximum"] = json_number(rule.high);
      break;
    case Kind::one_of:
      json["rule"] = "one of";
      json["values"] = Json::array();
      for (const std::string& word : rule.words()) json["values"].push_back(word);
      for (const sysctl::Integer number : rule.numbers()) {
        json["values"].push_back(json_number(number));
      }
      break;
    case Kind::keep:
      json["rule"] = "keep";
      break;
  }
  return json;
}

Json setters_json(const audit::Row& row) {
  Json setters = Json::array();
  if (row.conflict == nullptr) return setters;
  for (const audit::Setter& setter : row.conflict->setters) {
    Json json;
    json["loader"] = audit::loader_name(setter.loader);
    json["file"] = setter.file;
    json["line"] = setter.line;
    json["value"] = setter.value;
    json["wins"] = setter.wins;
    json["at_boot"] = &setter == row.conflict->last_at_boot();
    setters.push_back(std::move(json));
  }
  return setters;
}

Json row_json(const audit::Row& row) {
  const audit::Finding& finding = *row.finding;
  const profile::Desired& desired = *finding.desired;
  Json json;
  json["key"] = row.key;
  json["verdict"] = audit::verdict_name(finding.verdict);
  json["unit"] = desired.parameter == nullptr
                     ? Json(nullptr)
                     : text_or_null(std::string(sysctl::unit_name(desired.parameter->unit)));
  json["in_catalogue"] = desired.parameter != nullptr;
  Json rules = Json::array();
  for (const profile::ResolvedRule& rule : desired.rules()) rules.push_back(rule_json(rule));
  json["desired"] = {{"text", row.desired},
                     {"readable", text_or_null(row.desired_readable)},
                     {"fields", std::move(rules)}};
  const sysctl::Value live = finding.live();
  if (row.live.empty() && live.numbers().empty()) {
    json["live"] = nullptr;
  } else {
    Json numbers = nullptr;
    if (live.is_numeric()) {
      numbers = Json::array();
      for (const sysctl::Integer number : live.numbers()) {
        numbers.push_back(json_number(number));
      }
    }
    json["live"] = {{"text", row.live},
                    {"readable", text_or_null(row.live_readable)},
                    {"numbers", std::move(numbers)}};
  }
  json["declared_at"] = json_origin(desired.entry->origin);
  json["why"] = text_or_null(row.why);
  json["reason"] = text_or_null(row.reason);
  json["causes"] = row.causes;
  json["setters"] = setters_json(row);
  json["loaders_disagree"] = row.conflict != nullptr && row.conflict->loaders_disagree;
  return json;
}

std::string_view chosen_word(ChosenBy chosen_by) {
  switch (chosen_by) {
    case ChosenBy::argument:
      return "argument";
    case ChosenBy::active:
      return "active";
    case ChosenBy::choice:
      return "choice";
    case ChosenBy::recommend:
      break;
  }
  return "recommend";
}

Json profile_json(const profile::Profile& profile, ChosenBy chosen_by) {
  return {{"name", profile.name()},
          {"path", profile.path()},
          {"summary", text_or_null(profile.summary())},
          {"chosen_by", chosen_word(chosen_by)}};
}

Json machine_json(const Machine& machine, const profile::Host& host) {
  return {{"description", machine.description},
          {"kernel", text_or_null(host.kernel_release)},
          {"memory_bytes", host.memory_bytes == 0
                               ? Json(nullptr)
                               : json_number(static_cast<sysctl::Integer>(host.memory_bytes))},
          {"page_size", host.page_size}};
}

Json counts_json(const audit::Counts& counts) {
  return {{"match", counts.match},           {"drift", counts.drift},
          {"pending", counts.pending},       {"missing", counts.missing},
          {"unreadable", counts.unreadable}, {"skipped", counts.skipped}};
}

Json unmatched_json(const profile::ResolvedProfile& resolved) {
  Json unmatched = Json::array();
  for (const profile::Entry* entry : resolved.unmatched()) {
    unmatched.push_back({{"glob", entry->key.name()}, {"declared_at", json_origin(entry->origin)}});
  }
  return unmatched;
}

std::string_view state_word(NamespaceState state) {
  switch (state) {
    case NamespaceState::in_sync:
      return "in sync";
    case NamespaceState::differs:
      return "differs";
    case NamespaceState::unreadable:
      return "unreadable";
    case NamespaceState::vanished:
      break;
  }
  return "vanished";
}

}  // namespace

std::string render_json(const AuditView& view) {
  Json json = start_json("audit/1");
  json["profile"] = profile_json(view.resolved.profile(), view.chosen_by);
  json["machine"] = machine_json(view.machine, view.resolved.host());
  json["in_sync"] = view.report.audit().is_in_sync();
  json["counts"] = counts_json(view.report.audit().counts());
  json["looked_for_conflicts"] = view.looked_for_conflicts;
  json["overridden_at_boot"] = view.report.overridden_at_boot();
  json["corrected_at_boot"] = view.report.corrected_at_boot();
  json["unmatched"] = unmatched_json(view.resolved);
  json["keys"] = Json::array();
  for (const audit::Row& row : view.report.rows()) json["keys"].push_back(row_json(row));
  return json_text(json);
}

std::string render_netns_json_part(const NamespaceView& view, bool is_first) {
  const sysctl::ListedNetNamespace& listed = view.listed;
  Json json;
  json["name"] = name_of(listed);
  json["names"] = listed.names;
  json["inode"] = listed.inode == 0 ? Json(nullptr) : Json(listed.inode);
  json["own"] = listed.is_own;
  json["initial"] = listed.is_initial;
  json["processes"] = listed.processes.size();
  json["first_process"] = nullptr;
  if (listed.first_process > 0) {
    json["first_process"] = {{"pid", listed.first_process}, {"command", listed.command}};
  }
  json["state"] = state_word(view.state);
  json["reason"] = text_or_null(view.reason);
  json["counts"] = nullptr;
  json["unmatched"] = Json::array();
  json["keys"] = Json::array();
  if (view.report != nullptr) {
    json["counts"] = counts_json(view.report->audit().counts());
    json["unmatched"] = unmatched_json(*view.resolved);
    for (const audit::Row& row : view.report->rows()) json["keys"].push_back(row_json(row));
  }
  // A member of a list two levels down. No line feed stands within a JSON string.
  std::string text = is_first ? "" : ",\n";
  const std::string lines = json_text(json);
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    text += "    ";
    text.append(lines, at, end + 1 - at);
    at = end + 1;
  }
  text.pop_back();
  return text;
}

std::string render_netns_json(const NamespacesView& view, const std::string& parts) {
  const NamespaceTotals& totals = view.totals;
  Json json = start_json("audit-netns/1");
  json["profile"] = profile_json(view.resolved.profile(), view.chosen_by);
  json["machine"] = machine_json(view.machine, view.resolved.host());
  json["in_sync"] = totals.differing == 0 && totals.in_sync > 0;
  json["complete"] = totals.is_complete();
  json["counts"] = {{"in_sync", totals.in_sync},
                    {"differs", totals.differing},
                    {"unreadable", totals.unreadable},
                    {"vanished", totals.vanished}};
  json["hidden_processes"] = totals.hidden_processes;
  std::string text = json_text(json);
  text.erase(text.rfind("\n}"));
  text += ",\n  \"namespaces\": [";
  if (!parts.empty()) text += "\n" + parts + "\n  ";
  return text + "]\n}\n";
}

}  // namespace nettune::ctl
