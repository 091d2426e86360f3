// SPDX-License-Identifier: MIT
// The audit for programs. packaging/schema/nettune-audit.schema.json is the contract.
#include "json.hpp"
#include "render.hpp"

namespace nettune::ctl {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json rule_json(const profile::ResolvedRule& rule) {
  using Kind = profile::Rule::Kind;
  Json json;
  switch (rule.kind) {
    case Kind::exactly:
      json["rule"] = "exactly";
      json["value"] = rule.words.empty() ? json_number(rule.low) : Json(rule.words.front());
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
      for (const std::string& word : rule.words) json["values"].push_back(word);
      for (const sysctl::Integer number : rule.numbers) {
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
  for (const profile::ResolvedRule& rule : desired.rules) rules.push_back(rule_json(rule));
  json["desired"] = {{"text", row.desired},
                     {"readable", text_or_null(row.desired_readable)},
                     {"fields", std::move(rules)}};
  if (row.live.empty() && finding.live.numbers().empty()) {
    json["live"] = nullptr;
  } else {
    Json numbers = nullptr;
    if (finding.live.is_numeric()) {
      numbers = Json::array();
      for (const sysctl::Integer number : finding.live.numbers()) {
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

std::string_view chosen_text(ChosenBy chosen_by) {
  switch (chosen_by) {
    case ChosenBy::argument:
      return "argument";
    case ChosenBy::active:
      return "active";
    case ChosenBy::recommend:
      break;
  }
  return "recommend";
}

}  // namespace

std::string render_json(const AuditView& view) {
  const profile::Profile& profile = view.resolved.profile();
  const profile::Host& host = view.resolved.host();
  const audit::Counts& counts = view.report.audit().counts();
  Json json = start_json("audit/1");
  json["profile"] = {{"name", profile.name()},
                     {"path", profile.path()},
                     {"summary", text_or_null(profile.summary())},
                     {"chosen_by", chosen_text(view.chosen_by)}};
  json["machine"] = {
      {"description", view.machine.description},
      {"kernel", text_or_null(host.kernel_release)},
      {"memory_bytes", host.memory_bytes == 0
                           ? Json(nullptr)
                           : json_number(static_cast<sysctl::Integer>(host.memory_bytes))},
      {"page_size", host.page_size}};
  json["in_sync"] = view.report.audit().is_in_sync();
  json["counts"] = {{"match", counts.match},           {"drift", counts.drift},
                    {"pending", counts.pending},       {"missing", counts.missing},
                    {"unreadable", counts.unreadable}, {"skipped", counts.skipped}};
  json["looked_for_conflicts"] = view.looked_for_conflicts;
  json["overridden_at_boot"] = view.report.overridden_at_boot();
  json["unmatched"] = Json::array();
  for (const profile::Entry* entry : view.resolved.unmatched()) {
    json["unmatched"].push_back(
        {{"glob", entry->key.name()}, {"declared_at", json_origin(entry->origin)}});
  }
  json["keys"] = Json::array();
  for (const audit::Row& row : view.report.rows()) json["keys"].push_back(row_json(row));
  return json_text(json);
}

}  // namespace nettune::ctl
