// SPDX-License-Identifier: MIT
#include "render/plan_json.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>
#include <set>

#include "engine/audit/report.hpp"
#include "engine/checksum.hpp"
#include "engine/diagnostic.hpp"
#include "engine/text/characters.hpp"
#include "render/json.hpp"

namespace nettune::ctl {
namespace {

using change::Write;
using Purpose = change::JournalEntry::Purpose;

constexpr std::string_view format_name = "plan/2";
constexpr std::string_view format_without_checksum = "plan/1";
constexpr std::string_view checksum_begin = ",\n  \"checksum\": \"";
constexpr std::string_view json_end = "\n}\n";
constexpr std::string_view outcome_format_name = "change/2";

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json write_json(const Write& write, const profile::Host& host) {
  Json json;
  json["key"] = write.key.name();
  json["unit"] = write.parameter == nullptr
                     ? Json(nullptr)
                     : text_or_null(std::string(sysctl::unit_name(write.parameter->unit)));
  json["before"] = write.before;
  json["before_readable"] = text_or_null(audit::readable_text(write.before, write.parameter, host));
  json["after"] = write.text;
  json["after_readable"] = text_or_null(audit::readable_text(write.text, write.parameter, host));
  json["purpose"] = write.purpose == Purpose::desired ? "desired" : "restored";
  json["declared_at"] = json_location(write.declared_at);
  json["order"] = text_or_null(write.order);
  json["only_if_changed"] = write.only_if_changed;
  return json;
}

Json left_alone_json(const change::Plan& plan) {
  Json json = Json::array();
  for (const change::LeftAlone& left : plan.left_alone()) {
    json.push_back({{"key", left.key.name()},
                    {"live", text_or_null(left.live)},
                    {"reason", reason_of(left)},
                    {"wrong", left.is_wrong}});
  }
  return json;
}

// The first of what plan_from_json reads that JSON cannot hold as it is.
std::optional<std::string> unwritable_part(const change::Plan& plan, std::string_view host) {
  if (!is_utf8(plan.profile())) return fmt::format("the profile's path \"{}\"", plan.profile());
  if (!is_utf8(host)) return fmt::format("the host's name \"{}\"", host);
  for (const Write& write : plan.writes()) {
    for (const std::string* text : {&write.before, &write.text}) {
      if (!is_utf8(*text)) return fmt::format("the value \"{}\" of {}", *text, write.key.name());
    }
  }
  return std::nullopt;
}

// The checksum is the last member, of all that stands before it.
std::string with_checksum(std::string text) {
  text.resize(text.size() - json_end.size());
  text += checksum_begin;
  const std::string sum = checksum(text);
  return text + sum + '"' + std::string(json_end);
}

// --- reading ---

bool has_right_checksum(std::string_view text) {
  const std::size_t begin = text.rfind(checksum_begin);
  if (begin == std::string_view::npos) return false;
  const std::string_view sum = text.substr(begin + checksum_begin.size());
  return sum == checksum(text.substr(0, text.size() - sum.size())) + '"' + std::string(json_end);
}

std::optional<std::string> text_member(const Json& json, const char* name) {
  const auto member = json.find(name);
  if (member == json.end() || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

std::optional<std::uint64_t> number_member(const Json& json, const char* name) {
  const auto member = json.find(name);
  if (member == json.end() || !member->is_number_unsigned()) return std::nullopt;
  return member->get<std::uint64_t>();
}

// Of a plan of before, one text.
Location location_from(const Json& json) {
  if (const auto text = text_member(json, "declared_at")) return {.file = *text};
  const auto member = json.find("declared_at");
  if (member == json.end() || !member->is_object()) return {};
  const auto number = [&](const char* name) {
    return static_cast<int>(
        std::min<std::uint64_t>(number_member(*member, name).value_or(0), INT_MAX));
  };
  return {text_member(*member, "file").value_or(""), number("line"), number("column")};
}

std::expected<Write, std::string> write_from(const Json& json) {
  if (!json.is_object()) return std::unexpected("is not an object");
  const auto name = text_member(json, "key");
  const auto before = text_member(json, "before");
  const auto after = text_member(json, "after");
  const auto purpose = text_member(json, "purpose");
  if (!name || !before || !after || !purpose) {
    return std::unexpected("lacks key, before, after or purpose");
  }
  if (*purpose != "desired" && *purpose != "restored") {
    return std::unexpected(fmt::format("has the purpose \"{}\"", printable(*purpose)));
  }
  std::expected<sysctl::Key, std::string> key = sysctl::Key::parse(*name);
  if (!key)
    return std::unexpected(
        fmt::format("\"{}\" is not a valid key: {}", printable(*name), key.error()));
  if (sysctl::one_line(*after) != *after || sysctl::one_line(*before) != *before) {
    return std::unexpected("has a value of more than one line, or with blanks around it");
  }
  const sysctl::Parameter* parameter = sysctl::find_parameter(*key);
  if (!after->empty() && !sysctl::Value::parse(parameter, *after)) {
    return std::unexpected(
        fmt::format("\"{}\" is not a valid value of {}", printable(*after), key->name()));
  }
  return Write{.key = *std::move(key),
               .parameter = parameter,
               .before = *before,
               .text = *after,
               .purpose = *purpose == "desired" ? Purpose::desired : Purpose::restored,
               .declared_at = location_from(json),
               .order = text_member(json, "order").value_or(""),
               .only_if_changed = json.value("only_if_changed", Json(false)) == Json(true)};
}

}  // namespace

std::string host_name() {
  struct utsname names{};
  return ::uname(&names) == 0 ? names.nodename : "";
}

std::expected<std::string, std::string> plan_to_json(const change::Plan& plan,
                                                     const change::Place& place,
                                                     const profile::Host& host) {
  const std::string name = host_name();
  if (const std::optional<std::string> part = unwritable_part(plan, name)) {
    return std::unexpected(
        fmt::format("the plan can't be written as JSON: {} is not valid UTF-8", printable(*part)));
  }
  Json json = start_json(format_name);
  json["profile"] = plan.profile();
  json["host"] = {{"name", name},
                  {"kernel", text_or_null(host.kernel_release)},
                  {"memory_bytes", host.memory_bytes}};
  json["boot_id"] = place.boot_id;
  json["netns"] = {
      {"device", place.netns.device}, {"inode", place.netns.inode}, {"cookie", place.netns.cookie}};
  json["writes"] = Json::array();
  for (const Write& write : plan.writes()) json["writes"].push_back(write_json(write, host));
  json["left_alone"] = left_alone_json(plan);
  return with_checksum(json_text(json));
}

std::string outcome_to_json(std::string_view result, const change::Plan& plan,
                            const change::Outcome& outcome, const profile::Host& host) {
  Json json = start_json(outcome_format_name);
  json["result"] = result;
  json["profile"] = text_or_null(plan.profile());
  json["written"] = Json::array();
  const std::set<sysctl::Key> written(outcome.written.begin(), outcome.written.end());
  for (const Write& write : plan.writes()) {
    if (!written.contains(write.key)) continue;
    json["written"].push_back(write_json(write, host));
  }
  json["refused"] = Json::array();
  for (const change::Refused& refused : outcome.refused) {
    const char* name = refused.number == 0 ? nullptr : ::strerrorname_np(refused.number);
    json["refused"].push_back({{"key", refused.key.name()},
                               {"asked", refused.asked},
                               {"got", refused.got},
                               {"error", name == nullptr ? Json(nullptr) : Json(name)},
                               {"reason", text_or_null(refused.reason)}});
  }
  json["gone"] = Json::array();
  for (const sysctl::Key& key : outcome.gone) json["gone"].push_back(key.name());
  json["stuck"] = outcome.stuck;
  json["left_alone"] = left_alone_json(plan);
  return json_text(json);
}

std::expected<SavedPlan, std::string> plan_from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return std::unexpected("it is not a JSON object");
  const auto format = text_member(json, "format");
  if (!format || !format->starts_with("plan/")) {
    return std::unexpected("it is not a plan of \"nettunectl plan -o\"");
  }
  if (*format != format_name && *format != format_without_checksum) {
    return std::unexpected(fmt::format("its format is {}, and this nettunectl knows {} and {}",
                                       printable(*format), format_without_checksum, format_name));
  }
  if (*format == format_name && !has_right_checksum(text)) {
    return std::unexpected("it was changed since it was made: its checksum does not match");
  }
  SavedPlan saved;
  const auto profile = text_member(json, "profile");
  const auto boot_id = text_member(json, "boot_id");
  const auto host = json.find("host");
  const auto netns = json.find("netns");
  const auto writes = json.find("writes");
  const bool has_all = profile && boot_id && host != json.end() && host->is_object() &&
                       netns != json.end() && netns->is_object() && writes != json.end() &&
                       writes->is_array();
  if (!has_all) return std::unexpected("profile, host, boot_id, netns or writes is missing");
  const auto name = text_member(*host, "name");
  const auto device = number_member(*netns, "device");
  const auto inode = number_member(*netns, "inode");
  const auto cookie = number_member(*netns, "cookie");
  if (!name || !device || !inode || !cookie) {
    return std::unexpected("host or netns is not complete");
  }
  std::vector<Write> list;
  std::set<sysctl::Key> known;
  for (const Json& item : *writes) {
    std::expected<Write, std::string> write = write_from(item);
    if (!write) {
      return std::unexpected(fmt::format("write {} {}", list.size() + 1, write.error()));
    }
    if (!known.insert(write->key).second) {
      return std::unexpected(fmt::format("{} appears twice", write->key.name()));
    }
    list.push_back(*std::move(write));
  }
  saved.plan = change::restore_plan(*profile, std::move(list));
  saved.host = *name;
  saved.place.boot_id = *boot_id;
  saved.place.netns = {.device = *device, .inode = *inode, .cookie = *cookie};
  return saved;
}

}  // namespace nettune::ctl
