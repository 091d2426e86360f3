// SPDX-License-Identifier: MIT
// Any text in each field of the reports that programs read: an audit in JSON and in JUnit's XML, of
// one namespace and of several, a plan and what became of it. A strict parser reads each, and finds
// the text again, as far as the format holds it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command/new_file.hpp"
#include "engine/diagnostic.hpp"
#include "engine/sysctl/value.hpp"
#include "engine/text/characters.hpp"
#include "invariant.hpp"
#include "render/audit.hpp"
#include "render/audit_netns.hpp"
#include "render/json.hpp"
#include "render/plan_json.hpp"
#include "render/profile.hpp"
#include "support/fake_tree.hpp"

namespace {

using namespace nettune;
using nettune::fuzz::invariant;

// The input, cut at each of these bytes.
constexpr char cut = '\x1e';

struct Fields {
  std::string path, why, live, link, description, kernel, file, value, name, reason;
};

Fields fields_of(std::string_view rest) {
  Fields fields;
  for (std::string* field :
       {&fields.path, &fields.why, &fields.live, &fields.link, &fields.description, &fields.kernel,
        &fields.file, &fields.value, &fields.name, &fields.reason}) {
    const std::size_t end = std::min(rest.find(cut), rest.size());
    *field = rest.substr(0, end);
    // What is cut nowhere is the text of all.
    if (end < rest.size()) rest.remove_prefix(end + 1);
  }
  return fields;
}

// --- JSON ---

ctl::Json read_json(const std::string& text) {
  for (const char c : text) invariant((c >= ' ' && c <= '~') || c == '\n', "JSON is ASCII");
  ctl::Json json = ctl::Json::parse(text, nullptr, false);
  invariant(json.is_object(), "JSON can be read");
  return json;
}

void check_held(const ctl::Json& json, const std::string& text) {
  if (text.empty()) return invariant(json.is_null() || json == "", "nothing is nothing in JSON");
  invariant(json.is_string(), "a text is a text in JSON");
  invariant(!is_utf8(text) || json.get<std::string>() == text, "JSON holds the text");
}

// --- XML 1.0, as much of it as JUnit's form has ---

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;
};

class Xml {
 public:
  explicit Xml(std::string_view text) : rest_(text) {}

  // Each element, outer ones first.
  std::vector<Element> read() {
    expect("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    do {
      if (!takes("<")) {
        elements_[open_.back()].text += character();
      } else if (takes("/")) {
        expect(elements_[open_.back()].name);
        expect(">");
        open_.pop_back();
      } else {
        begin_element();
      }
    } while (!open_.empty());
    expect("\n");
    invariant(rest_.empty(), "nothing follows the root of XML");
    return std::move(elements_);
  }

 private:
  bool takes(std::string_view what) {
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }
  void expect(std::string_view what) { invariant(takes(what), "XML is well-formed"); }

  std::string name() {
    const std::size_t end = rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyz");
    invariant(end != 0 && end != std::string_view::npos, "an XML name is a word");
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }

  void begin_element() {
    Element element{.name = name(), .attributes = {}, .text = {}};
    while (takes(" ")) {
      const std::string attribute = name();
      expect("=\"");
      std::string value;
      while (!takes("\"")) {
        // A parser makes blanks of those.
        invariant(!rest_.starts_with('\n'), "an XML attribute is one line");
        value += character();
      }
      invariant(element.attributes.emplace(attribute, value).second, "an XML attribute is one");
    }
    const bool is_empty = takes("/");
    expect(">");
    if (!is_empty) open_.push_back(elements_.size());
    invariant(is_empty || !elements_.empty() || open_.size() == 1, "XML has one root");
    elements_.push_back(std::move(element));
  }

  std::string character() {
    constexpr std::array<std::pair<std::string_view, char>, 4> entities{
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}}};
    for (const auto& [entity, meant] : entities) {
      if (takes(entity)) return {meant};
    }
    const Character first = character_at(rest_, 0);
    invariant(first.length > 0, "XML is UTF-8, and complete");
    invariant(first.code == '\n' || is_shown(first.code), "XML holds what is seen");
    invariant(first.code != 0xfffe && first.code != 0xffff, "XML 1.0 has no such character");
    invariant(std::string_view("<>&\"").find(rest_.front()) == std::string_view::npos,
              "XML's own signs are escaped");
    std::string text(rest_.substr(0, first.length));
    rest_.remove_prefix(first.length);
    return text;
  }

  std::string_view rest_;
  std::vector<Element> elements_;
  std::vector<std::size_t> open_;  // of elements_
};

bool has(const std::vector<Element>& elements, std::string_view name, const std::string& attribute,
         const std::string& value) {
  for (const Element& element : elements) {
    const auto found = element.attributes.find(attribute);
    if (element.name == name && found != element.attributes.end() && found->second == value) {
      return true;
    }
  }
  return false;
}

// --- what is reported ---

std::optional<profile::ResolvedProfile> resolved_of(const Fields& fields,
                                                    const sysctl::Tree& tree) {
  profile::Host host;
  host.kernel_release = fields.kernel;
  Diagnostics diagnostics;
  const auto document = profile::parse_document(
      fields.path,
      "nettune: 1\nsummary: " + ctl::yaml_scalar(fields.why, false) +
          "\nsysctl:\n  net.x.text: one of [a, b]\n  net.ipv4.conf.*.rp_filter: 2\n"
          "  net.ipv4.none*: 1\n  net.core.somaxconn:\n    value: 1\n    why: " +
          ctl::yaml_scalar(fields.why, false) + "\n",
      diagnostics);
  if (!document) return std::nullopt;
  std::optional<profile::Profile> profile = profile::ProfileBuilder::check(*document, diagnostics);
  if (!profile) return std::nullopt;
  return profile::resolve(*std::move(profile), host, tree, diagnostics);
}

audit::Report report_of(const Fields& fields, const profile::ResolvedProfile& resolved,
                        const sysctl::Tree& tree) {
  std::vector<audit::Conflict> conflicts;
  conflicts.push_back({*sysctl::Key::parse("net.x.text"),
                       {{.loader = audit::Loader::systemd_sysctl,
                         .file = fields.file,
                         .line = 1,
                         .value = fields.value,
                         .wins = true}}});
  return audit::make_report(resolved, audit::compare(resolved, tree), std::move(conflicts));
}

void check_keys(const ctl::Json& keys, const Fields& fields, const FakeTree& tree) {
  bool has_text = false;
  for (const ctl::Json& key : keys) {
    const auto name = sysctl::Key::parse(key["key"].get<std::string>());
    invariant(name && tree.read(*name), "a key's name is that of the key");
    if (key["key"] != "net.x.text") continue;
    has_text = true;
    if (!key["live"].is_null()) check_held(key["live"]["text"], sysctl::one_line(fields.live));
    check_held(key["setters"][0]["file"], fields.file);
    check_held(key["setters"][0]["value"], fields.value);
  }
  invariant(has_text, "no key is lost");
}

void check_audit(const Fields& fields, const ctl::AuditView& view, const FakeTree& tree) {
  const ctl::Json json = read_json(ctl::render_json(view));
  check_held(json["profile"]["path"], fields.path);
  check_held(json["machine"]["description"], fields.description);
  check_held(json["machine"]["kernel"], fields.kernel);
  check_keys(json["keys"], fields, tree);

  const std::vector<Element> elements = Xml(ctl::render_junit(view)).read();
  const auto has_property = [&](const std::string& value) {
    return value.empty() || has(elements, "property", "value", printable(value));
  };
  invariant(
      has_property(fields.path) && has_property(fields.description) && has_property(fields.kernel),
      "XML holds the properties");
  for (const audit::Row& row : view.report.rows()) {
    invariant(has(elements, "testcase", "name", printable(row.key)), "XML holds the key");
    if (row.finding->verdict != audit::Verdict::drift || row.live.empty()) continue;
    const std::string line = "\nlive: " + printable(row.live) + "\n";
    bool is_there = false;
    for (const Element& element : elements) {
      is_there = is_there || ("\n" + element.text).find(line) != std::string::npos;
    }
    invariant(is_there, "XML holds the live value");
  }
}

void check_namespaces(const Fields& fields, const ctl::AuditView& view, const FakeTree& tree) {
  sysctl::ListedNetNamespace named;
  named.names = {fields.name, fields.name};
  sysctl::ListedNetNamespace unnamed;
  unnamed.first_process = 1;
  unnamed.command = fields.name;
  using State = ctl::NamespaceState;
  const std::array<ctl::NamespaceView, 3> namespaces{
      {{named, State::differs, "", &view.resolved, &view.report},
       {unnamed, State::unreadable, fields.reason, nullptr, nullptr},
       {unnamed, State::vanished, "", nullptr, nullptr}}};
  ctl::NamespaceTotals totals;
  totals.hidden_processes = 1;
  const ctl::NamespacesView whole{view.resolved, view.machine, view.chosen_by,
                                  view.profile_directories, totals};
  std::string parts;
  ctl::JunitPart sum;
  for (const ctl::NamespaceView& one : namespaces) {
    parts += ctl::render_netns_json_part(one, parts.empty());
    ctl::append_netns_junit(sum, one);
  }
  const ctl::Json json = read_json(ctl::render_netns_json(whole, parts));
  invariant(json["namespaces"].size() == namespaces.size(), "no namespace is lost");
  check_held(json["namespaces"][0]["names"][1], fields.name);
  check_keys(json["namespaces"][0]["keys"], fields, tree);
  check_held(json["namespaces"][1]["first_process"]["command"], fields.name);
  check_held(json["namespaces"][1]["reason"], fields.reason);

  const std::vector<Element> elements = Xml(ctl::render_netns_junit(whole, sum)).read();
  for (const ctl::NamespaceView& one : namespaces) {
    const std::string name = "nettune.netns." + ctl::name_of(one.listed);
    invariant(has(elements, "testsuite", "name", name), "XML holds the namespace");
  }
  invariant(has(elements, "error", "message", printable(fields.reason)), "XML holds the reason");
}

void check_plan(const Fields& fields) {
  const sysctl::Key key = *sysctl::Key::parse("net.x.text");
  const change::Write write{.key = key,
                            .before = sysctl::one_line(fields.live),
                            .text = sysctl::one_line(fields.value),
                            .declared_at = {fields.file, 1, 1},
                            .order = fields.reason};
  const change::Plan plan = change::restore_plan(fields.path, {write});
  const auto text = ctl::plan_to_json(plan, {.boot_id = "b", .netns = {}}, {});
  const bool is_writable = is_utf8(fields.path) && is_utf8(write.before) && is_utf8(write.text);
  invariant(text.has_value() == is_writable, "a plan is written where JSON holds it");
  if (text) {
    read_json(*text);
    const auto saved = ctl::plan_from_json(*text);
    invariant(saved && saved->plan.profile() == fields.path, "a plan is read as it was");
    const change::Write& read = saved->plan.writes()[0];
    invariant(read.before == write.before && read.text == write.text, "so are its values");
  }
  const change::Outcome outcome{.written = {key},
                                .refused = {{key, fields.value, fields.live, 0, fields.reason}},
                                .gone = {},
                                .stuck = {fields.reason}};
  const ctl::Json json = read_json(ctl::outcome_to_json("changed", plan, outcome, {}));
  check_held(json["profile"], fields.path);
  check_held(json["written"][0]["before"], write.before);
  const ctl::Json& place = json["written"][0]["declared_at"];
  check_held(place.is_null() ? place : place["file"], fields.file);
  check_held(json["refused"][0]["got"], fields.live);
  check_held(json["refused"][0]["reason"], fields.reason);
  check_held(json["stuck"][0], fields.reason);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Fields fields = fields_of({reinterpret_cast<const char*>(data), size});
  FakeTree tree{{"net.core.somaxconn", "4096"}, {"net.x.text", fields.live}};
  const std::string link = "net/ipv4/conf/" + fields.link + "/rp_filter";
  if (sysctl::Key::parse(link)) tree.set(link, fields.live);
  check_plan(fields);
  const std::optional<profile::ResolvedProfile> resolved = resolved_of(fields, tree);
  if (!resolved) return 0;
  const audit::Report report = report_of(fields, *resolved, tree);
  ctl::Machine machine;
  machine.description = fields.description;
  const ctl::AuditView view{*resolved, report, machine, ctl::ChosenBy::argument, {}};
  check_audit(fields, view, tree);
  check_namespaces(fields, view, tree);
  return 0;
}
