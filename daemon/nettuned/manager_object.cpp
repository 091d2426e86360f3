// SPDX-License-Identifier: MIT
#include "manager_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "bus_arguments.hpp"
#include "bus_error.hpp"
#include "dispatch.hpp"
#include "engine/change/plan.hpp"
#include "engine/diagnostic.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "json_location.hpp"

namespace nettune::daemon {
namespace {

int refuse(sd_bus_error* error, const Refusal& refusal) {
  return set_error(error, bus_error_name(refusal.kind), refusal.message);
}

int answer(sd_bus_message* call, const std::expected<void, Refusal>& done, sd_bus_error* error) {
  if (!done) return refuse(error, done.error());
  return sd_bus_reply_method_return(call, "");
}

std::string text_of(std::uint64_t number) { return fmt::format_int(number).str(); }

// A reply that is put together piece by piece; the first error stays, and ends the rest.
class Reply {
 public:
  explicit Reply(sd_bus_message* call) {
    sd_bus_message* made = nullptr;
    code_ = sd_bus_message_new_method_return(call, &made);
    message_.reset(made);
  }

  Reply& open(char type, const char* contents) {
    if (code_ >= 0) code_ = sd_bus_message_open_container(message_.get(), type, contents);
    return *this;
  }
  Reply& close() {
    if (code_ >= 0) code_ = sd_bus_message_close_container(message_.get());
    return *this;
  }
  template <class T>
  Reply& add(const T& value) {
    if (code_ >= 0) code_ = append(message_.get(), value);
    return *this;
  }
  // A struct of strings.
  Reply& row(const char* signature, std::initializer_list<std::string_view> fields) {
    open('r', signature);
    for (const std::string_view field : fields) add(field);
    return close();
  }
  // One pair of an a{sv}.
  Reply& pair(const char* name, std::string_view value) {
    return open('e', "sv").add(name).open('v', "s").add(value).close().close();
  }
  Reply& pair(const char* name, const std::vector<std::string>& values) {
    return open('e', "sv").add(name).open('v', "as").add(values).close().close();
  }

  int send() {
    if (code_ >= 0) code_ = sd_bus_message_send(message_.get());
    return code_ < 0 ? code_ : 1;
  }
  sd_bus_message* get() { return message_.get(); }

 private:
  Message message_;
  int code_ = 0;
};

// Until when a contested key is left alone, wall clock; 0: it is not.
std::uint64_t left_until(const ManagedKey& managed, Moment now) {
  if (!managed.view.is_contested || !managed.is_left_alone()) return 0;
  const std::int64_t left = std::max(managed.contest->left_until() - now.boot, std::int64_t{0});
  return now.wall + static_cast<std::uint64_t>(left) / 1000;
}

std::string range_of(const sysctl::Parameter& parameter, const profile::Host& host) {
  if (!sysctl::is_numeric(parameter.encoding)) return {};
  const sysctl::Range range = sysctl::range_on(parameter, host.kernel);
  return fmt::format("{} to {}", sysctl::to_string(range.minimum),
                     sysctl::to_string(range.maximum));
}

const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Version", "s", property<&ManagerObject::version>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("State", "s", property<&ManagerObject::state>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("StateText", "s", property<&ManagerObject::sentence>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ActiveProfile", "s", property<&ManagerObject::active_profile>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("DriftCount", "u", property<&ManagerObject::drift_count>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("ContestedCount", "u", property<&ManagerObject::contested_count>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("LastApplied", "t", property<&ManagerObject::last_applied>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("LastAudited", "t", property<&ManagerObject::last_audited>, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Features", "as", property<&ManagerObject::features>, 0,
                    SD_BUS_VTABLE_PROPERTY_CONST),

    SD_BUS_METHOD_WITH_ARGS("ListProfiles", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssb)", profiles),
                            dispatch<&ManagerObject::list_profiles>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("DescribeProfile", SD_BUS_ARGS("s", profile, "a{sv}", options),
                            SD_BUS_RESULT("a{sv}", description),
                            dispatch<&ManagerObject::describe_profile>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Audit", SD_BUS_ARGS("s", profile, "a{sv}", options),
                            SD_BUS_RESULT("a(ssssss)", findings), dispatch<&ManagerObject::audit>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Plan", SD_BUS_ARGS("s", profile, "a{sv}", options),
                            SD_BUS_RESULT("a(ssssss)", writes, "a(sss)", left_alone),
                            dispatch<&ManagerObject::plan>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("s", key, "a{sv}", options),
                            SD_BUS_RESULT("a{sv}", explanation), dispatch<&ManagerObject::explain>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                            dispatch<&ManagerObject::describe>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Activate", SD_BUS_ARGS("s", profile, "a{sv}", options),
                            SD_BUS_NO_RESULT, dispatch<&ManagerObject::activate>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Confirm", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            dispatch<&ManagerObject::confirm>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Deactivate", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            dispatch<&ManagerObject::deactivate>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Revert", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            dispatch<&ManagerObject::revert>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                            dispatch<&ManagerObject::reload>, SD_BUS_VTABLE_UNPRIVILEGED),

    SD_BUS_SIGNAL_WITH_ARGS("ProfileChanged", SD_BUS_ARGS("s", profile, "s", reason), 0),
    SD_BUS_SIGNAL_WITH_ARGS("DriftDetected",
                            SD_BUS_ARGS("s", key, "s", desired, "s", live, "s", writer), 0),
    SD_BUS_SIGNAL_WITH_ARGS("DriftRestored", SD_BUS_ARGS("s", key, "s", desired, "s", live), 0),
    SD_BUS_SIGNAL_WITH_ARGS("Contested",
                            SD_BUS_ARGS("s", key, "s", desired, "s", live, "s", reason), 0),
    SD_BUS_VTABLE_END,
};

}  // namespace

ManagerObject::ManagerObject(sd_bus* bus, Service& service, const Outside& outside)
    : bus_(bus), service_(service), outside_(outside), polkit_(bus), profiles_(service, [this] {
        return outside_.now().wall;
      }) {
  sd_bus_slot* slot = nullptr;
  code_ = sd_bus_add_object_vtable(bus, &slot, manager_path, manager_interface, vtable, this);
  slot_.reset(slot);
}

// --- properties ---

std::string ManagerObject::version() const { return NETTUNE_VERSION; }
std::string ManagerObject::state() const { return std::string(status_name(service_.status())); }
std::string ManagerObject::sentence() const { return service_.sentence(); }
std::string ManagerObject::active_profile() const { return printable(service_.profile()); }
std::uint32_t ManagerObject::drift_count() const { return service_.drift_count(); }
std::uint32_t ManagerObject::contested_count() const { return service_.contested_count(); }
std::uint64_t ManagerObject::last_applied() const { return service_.last_applied(); }
std::uint64_t ManagerObject::last_audited() const { return service_.last_audited(); }
std::vector<std::string> ManagerObject::features() const { return {"confirm", "contest", "links"}; }

int ManagerObject::emit_changes() {
  const std::pair<const char*, std::string> now[] = {
      {"State", state()},
      {"StateText", sentence()},
      {"ActiveProfile", active_profile()},
      {"DriftCount", text_of(drift_count())},
      {"ContestedCount", text_of(contested_count())},
      {"LastApplied", text_of(last_applied())},
      {"LastAudited", text_of(last_audited())},
  };
  std::vector<char*> changed;
  for (const auto& [name, text] : now) {
    std::string& shown = shown_[name];
    if (shown == text) continue;
    shown = text;
    changed.push_back(const_cast<char*>(name));
  }
  if (changed.empty()) return 0;
  changed.push_back(nullptr);
  return sd_bus_emit_properties_changed_strv(bus_, manager_path, manager_interface, changed.data());
}

int ManagerObject::emit(const std::vector<Event>& events) {
  int first = 0;
  const auto signal = [&](const char* name, std::initializer_list<std::string_view> fields) {
    sd_bus_message* made = nullptr;
    int code = sd_bus_message_new_signal(bus_, &made, manager_path, manager_interface, name);
    const Message message(made);
    for (const std::string_view field : fields) {
      if (code >= 0) code = append(made, field);
    }
    if (code >= 0) code = sd_bus_send(bus_, made, nullptr);
    if (first >= 0) first = code;
  };
  for (const Event& event : events) {
    switch (event.kind) {
      case Event::Kind::profile_changed:
        signal("ProfileChanged", {printable(event.profile), event.text});
        break;
      case Event::Kind::drift_detected:
        signal("DriftDetected", {event.key, event.desired, event.live, event.writer});
        break;
      case Event::Kind::drift_restored:
        signal("DriftRestored", {event.key, event.desired, event.live});
        break;
      case Event::Kind::contested:
        signal("Contested", {event.key, event.desired, event.live, event.text});
        break;
      default:
        break;
    }
  }
  return first;
}

// --- what anybody may ask ---

ProfileCache::Loaded ManagerObject::load(const std::string& name) {
  const bool is_in_force = service_.resolved() != nullptr;
  if (is_in_force && (name.empty() || name == service_.profile())) return service_.resolved();
  if (name.empty()) {
    return std::unexpected(Refusal{Refusal::Kind::no_such_profile, "no profile is active"});
  }
  // A path would show a caller what only the service may read.
  if (name.find('/') != std::string::npos) {
    return std::unexpected(
        Refusal{Refusal::Kind::no_such_profile, "expected the name of a profile, not a path"});
  }
  return profiles_.load(name);
}

int ManagerObject::list_profiles(sd_bus_message* call, sd_bus_error* error) {
  const auto rows = profiles_.list();
  if (!rows) return refuse(error, rows.error());
  Reply reply(call);
  reply.open('a', "(sssb)");
  for (const auto& [listed, resolved] : *rows) {
    reply.open('r', "sssb").add(printable(listed.name)).add(printable(listed.path));
    reply.add(resolved ? (*resolved)->profile().summary() : std::string());
    if (const int code = sd_bus_message_append(reply.get(), "b", resolved ? 1 : 0); code < 0) {
      return code;
    }
    reply.close();
  }
  return reply.close().send();
}

int ManagerObject::describe_profile(sd_bus_message* call, sd_bus_error* error) {
  std::string name;
  int code = read_name(call, name, error);
  if (code >= 0) code = read_options(call, {}, error);
  if (code < 0) return code;
  const auto resolved = load(name);
  if (!resolved) return refuse(error, resolved.error());
  const profile::ResolvedProfile& found = **resolved;
  const profile::Profile& profile = found.profile();
  const std::string_view on_drift =
      profile.on_drift() == profile::OnDrift::restore ? "restore" : "report";
  std::vector<std::string> parents;
  for (const profile::Inherited& inherited : profile.inherits()) parents.push_back(inherited.name);
  Reply reply(call);
  reply.open('a', "{sv}")
      .pair("Name", printable(profile.name()))
      .pair("Path", printable(profile.path()))
      .pair("Summary", profile.summary())
      .pair("OnDrift", on_drift)
      .pair("Inherits", parents)
      .open('e', "sv")
      .add("Keys")
      .open('v', "a(sss)")
      .open('a', "(sss)");
  for (const profile::Desired& desired : found.desired()) {
    reply.row("sss", {desired.key.name(), profile::to_string(desired),
                      nettune::describe(desired.entry->origin)});
  }
  return reply.close().close().close().close().send();
}

int ManagerObject::audit(sd_bus_message* call, sd_bus_error* error) {
  std::string name;
  std::uint64_t wrong_only = 0;
  int code = read_name(call, name, error);
  if (code >= 0) code = read_options(call, {{"wrong-only", 'b', &wrong_only}}, error);
  if (code < 0) return code;
  const auto resolved = load(name);
  if (!resolved) return refuse(error, resolved.error());
  const audit::Audit audit = audit::compare(**resolved, service_.surroundings().tree);
  Reply reply(call);
  reply.open('a', "(ssssss)");
  for (const audit::Finding& finding : audit.findings()) {
    const bool is_right =
        finding.verdict == audit::Verdict::match || finding.verdict == audit::Verdict::skipped;
    if (wrong_only != 0 && is_right) continue;
    reply.row("ssssss", {finding.desired->key.name(), audit::verdict_name(finding.verdict),
                         profile::to_string(*finding.desired), finding.live_text,
                         nettune::describe(finding.desired->entry->origin), finding.reason.view()});
  }
  return reply.close().send();
}

int ManagerObject::plan(sd_bus_message* call, sd_bus_error* error) {
  std::string name;
  int code = read_name(call, name, error);
  if (code >= 0) code = read_options(call, {}, error);
  if (code < 0) return code;
  const auto resolved = load(name);
  if (!resolved) return refuse(error, resolved.error());
  const Surroundings& place = service_.surroundings();
  const auto state = change::look_at_state(place.state_folder, place.place);
  if (!state) {
    return set_error(error, SD_BUS_ERROR_FAILED, state.error().message);
  }
  const change::Plan plan = change::make_plan(**resolved, audit::compare(**resolved, place.tree),
                                              *state, place.tree, name);
  Reply reply(call);
  reply.open('a', "(ssssss)");
  for (const change::Write& write : plan.writes()) {
    if (write.only_if_changed) continue;
    const bool is_back = write.purpose != change::JournalEntry::Purpose::desired;
    reply.row("ssssss",
              {write.key.name(), write.before, write.text, is_back ? "restored" : "desired",
               nettune::describe(write.declared_at), write.order});
  }
  reply.close().open('a', "(sss)");
  for (const change::LeftAlone& left : plan.left_alone()) {
    reply.row("sss", {left.key.name(), left.live, std::string(reason_of(left))});
  }
  return reply.close().send();
}

int ManagerObject::explain(sd_bus_message* call, sd_bus_error* error) {
  std::string name;
  int code = read_name(call, name, error);
  if (code >= 0) code = read_options(call, {}, error);
  if (code < 0) return code;
  const auto key = sysctl::Key::parse(name);
  if (!key) return set_error(error, SD_BUS_ERROR_INVALID_ARGS, key.error());
  Reply reply(call);
  reply.open('a', "{sv}").pair("Key", key->name());
  if (const sysctl::Parameter* parameter = sysctl::find_parameter(*key)) {
    reply.pair("Meaning", parameter->meaning)
        .pair("Source", parameter->source)
        .pair("Unit", sysctl::unit_name(parameter->unit))
        .pair("Range", range_of(*parameter, service_.surroundings().host));
  }
  const Result<std::string> live = service_.surroundings().tree.read(*key);
  if (live && service_.surroundings().tree.is_secret(*key) == false) {
    reply.pair("Live", sysctl::one_line(*live));
  }
  if (const ManagedKey* managed = service_.find(*key)) {
    reply.pair("Desired", managed->desired_text())
        .pair("Verdict", audit::verdict_name(managed->view.verdict))
        .pair("Baseline", managed->view.baseline)
        .pair("DeclaredAt", managed->declared_at());
  }
  return reply.close().send();
}

// What the files say now that the profile in force was read from.
OnDisk ManagerObject::look_on_disk() {
  const auto& in_force = service_.resolved();
  if (in_force == nullptr) return {};
  const std::string& name = service_.profile();
  ProfileCache::Loaded loaded = std::unexpected(Refusal{});
  if (name.find('/') == std::string::npos) {
    loaded = profiles_.load(name);
  } else if (auto resolved = service_.load(name)) {
    loaded = std::make_shared<const profile::ResolvedProfile>(*std::move(resolved));
  } else {
    loaded = std::unexpected(resolved.error());
  }
  if (!loaded) return {.is_other = true, .fault = loaded.error().message};
  const auto& now = (*loaded)->profile().sources();
  const bool is_same = std::ranges::equal(
      in_force->profile().sources(), now, [](const SourcePtr& one, const SourcePtr& other) {
        return one->name == other->name && one->text == other->text;
      });
  return {.is_other = !is_same};
}

int ManagerObject::describe(sd_bus_message* call, sd_bus_error*) {
  OnDisk disk = look_on_disk();
  if (described_revision_ == service_.revision() && described_disk_ == disk &&
      !description_.empty()) {
    return Reply(call).add(description_).send();
  }
  const Moment now = outside_.now();
  using Json = nlohmann::ordered_json;
  Json json = {{"nettune", 1}, {"format", "service/2"}};
  json["version"] = version();
  json["state"] = state();
  json["state_text"] = printable(in_one_line(sentence()));
  json["profile"] = service_.profile();
  json["choice"] = service_.choice();
  json["last_applied"] = last_applied();
  json["last_audited"] = last_audited();
  json["on_trial"] = service_.waits_for_confirmation();
  json["on_disk"] = !disk.fault.empty() ? "faulty" : disk.is_other ? "changed" : "same";
  json["on_disk_fault"] = disk.fault;
  json["keys"] = Json::array();
  for (const ManagedKey& managed : service_.keys()) {
    const ParameterView& view = managed.view;
    json["keys"].push_back(
        {{"key", managed.key().name()},
         {"verdict", audit::verdict_name(view.verdict)},
         {"contested", view.is_contested},
         {"left_until", left_until(managed, now)},
         {"desired", managed.desired_text()},
         {"live", view.live},
         {"baseline", view.baseline},
         {"declared_at", json_location(location_of(managed.desired->entry->origin))},
         {"reason", view.reason.view()},
         {"changes", view.changes},
         {"last_changed", view.last_changed}});
  }
  description_ = json.dump(2, ' ', true, Json::error_handler_t::replace);
  described_disk_ = std::move(disk);
  described_revision_ = service_.revision();
  return Reply(call).add(description_).send();
}

// --- what needs a right ---

// The arguments are read before: a call that waits is one that can be done.
int ManagerObject::ask_and(Polkit::Then then, sd_bus_message* call, sd_bus_error* error) {
  return polkit_.authorize(call, action_of(sd_bus_message_get_member(call)), std::move(then),
                           error);
}

int ManagerObject::activate(sd_bus_message* call, sd_bus_error* error) {
  constexpr std::uint64_t second = 1'000'000;  // microseconds
  constexpr std::uint64_t longest = 86'400 * second;
  std::string name;
  std::uint64_t confirm = 0;
  int code = read_name(call, name, error);
  if (code >= 0) code = read_options(call, {{"confirm", 't', &confirm}}, error);
  if (code < 0) return code;
  if (name.empty() || (name.find('/') != std::string::npos && !name.starts_with('/'))) {
    return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
                            "expected the name of a profile or an absolute path");
  }
  if (confirm != 0 && (confirm < second || confirm > longest)) {
    return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
                            "option \"confirm\" must be from 1 s to 24 h, in microseconds");
  }
  return ask_and(
      [this, name, confirm](sd_bus_message* allowed, sd_bus_error* fault) {
        const auto time = static_cast<std::int64_t>(confirm * 1000);
        return answer(allowed, service_.activate(name, time, outside_.now()), fault);
      },
      call, error);
}

int ManagerObject::confirm(sd_bus_message* call, sd_bus_error* error) {
  return ask_and(
      [this](sd_bus_message* allowed, sd_bus_error* fault) {
        return answer(allowed, service_.confirm(outside_.now()), fault);
      },
      call, error);
}

int ManagerObject::deactivate(sd_bus_message* call, sd_bus_error* error) {
  std::uint64_t keep = 0;
  if (const int code = read_options(call, {{"keep", 'b', &keep}}, error); code < 0) return code;
  return ask_and(
      [this, keep](sd_bus_message* allowed, sd_bus_error* fault) {
        return answer(allowed, service_.deactivate(keep != 0, outside_.now()), fault);
      },
      call, error);
}

int ManagerObject::revert(sd_bus_message* call, sd_bus_error* error) {
  std::uint64_t force = 0;
  if (const int code = read_options(call, {{"force", 'b', &force}}, error); code < 0) return code;
  return ask_and(
      [this, force](sd_bus_message* allowed, sd_bus_error* fault) {
        return answer(allowed, service_.revert(force != 0, outside_.now()), fault);
      },
      call, error);
}

int ManagerObject::reload(sd_bus_message* call, sd_bus_error* error) {
  return ask_and(
      [this](sd_bus_message* allowed, sd_bus_error* fault) { return do_reload(allowed, fault); },
      call, error);
}

int ManagerObject::do_reload(sd_bus_message* call, sd_bus_error* error) {
  std::expected<Settings, Refusal> settings = outside_.read_settings();
  if (!settings) return refuse(error, settings.error());
  return answer(call, service_.reload(*std::move(settings), outside_.now()), error);
}

}  // namespace nettune::daemon
