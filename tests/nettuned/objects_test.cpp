// SPDX-License-Identifier: MIT
// The objects as a client meets them: the real vtables, errors, properties and signals over a
// socketpair, and who is asked before a change is made. The client answers for the bus and polkit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "engine/change/transaction.hpp"
#include "engine/text/characters.hpp"
#include "manager_object.hpp"
#include "parameter_objects.hpp"
#include "service.hpp"
#include "support/bus_pair.hpp"
#include "support/fake_tree.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::daemon;
using nettune::test::Reply;

namespace {

constexpr const char* properties = "org.freedesktop.DBus.Properties";
constexpr const char* rmem_node = "net_2ecore_2ermem_5fmax";
constexpr const char* wmem_node = "net_2ecore_2ewmem_5fmax";

// What the client says when it is asked for the bus daemon and for polkit.
struct Authority {
  std::uint32_t uid = 1000;
  enum class Says { yes, no, challenge, nothing, is_absent } says = Says::yes;
  std::vector<std::string> asked;  // "org.nettune1.activate", with "!" where it may ask the user
  std::vector<Message> open;       // what it has not answered
  std::vector<std::string> ids;    // of all that was asked
  std::vector<std::string> cancelled;

  static int cancel(sd_bus_message* call, void* data, sd_bus_error*) {
    const char* id = nullptr;
    if (const int code = sd_bus_message_read(call, "s", &id); code < 0) return code;
    static_cast<Authority*>(data)->cancelled.emplace_back(id);
    return sd_bus_reply_method_return(call, "");
  }

  static int credentials(sd_bus_message* call, void* data, sd_bus_error*) {
    return sd_bus_reply_method_return(call, "a{sv}", 2, "UnixUserID", "u",
                                      static_cast<Authority*>(data)->uid, "LinuxSecurityLabel",
                                      "ay", 2, 'x', 0);
  }

  static int check(sd_bus_message* call, void* data, sd_bus_error* error) {
    auto& self = *static_cast<Authority*>(data);
    const char* action = nullptr;
    std::uint32_t flags = 0;
    sd_bus_message_skip(call, "(sa{sv})");
    sd_bus_message_read(call, "s", &action);
    sd_bus_message_skip(call, "a{ss}");
    const char* id = nullptr;
    sd_bus_message_read(call, "us", &flags, &id);
    self.ids.emplace_back(id);
    self.asked.push_back(std::string(action) + (flags == 1 ? "!" : ""));
    if (self.says == Says::is_absent) {
      return sd_bus_error_set(error, SD_BUS_ERROR_SERVICE_UNKNOWN, "no such service");
    }
    if (self.says == Says::nothing) {
      self.open.emplace_back(sd_bus_message_ref(call));
      return 1;
    }
    return answer(call, self.says == Says::yes, self.says == Says::challenge);
  }

  static int answer(sd_bus_message* call, bool is_allowed, bool is_challenge) {
    return sd_bus_reply_method_return(call, "(bba{ss})", is_allowed ? 1 : 0, is_challenge ? 1 : 0,
                                      0);
  }
};

const sd_bus_vtable bus_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("GetConnectionCredentials", "s", "a{sv}", Authority::credentials,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
const sd_bus_vtable polkit_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", Authority::check,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("CancelCheckAuthorization", "s", "", Authority::cancel,
                  SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

// A service over two keys, with its objects on one end of a connection.
struct World {
  World()
      : store({folder.path() + "/profiles"}),
        service({tree,
                 store,
                 host(),
                 {"boot-1", {.device = 4, .inode = 4026531840, .cookie = 1}},
                 folder.path() + "/state",
                 folder.path() + "/active"},
                {}),
        outside{[] { return Moment{1'000'000'000'000, 1'000'000'000}; },
                [this]() -> std::expected<Settings, Refusal> {
                  if (settings_fault != nullptr) throw std::runtime_error(settings_fault);
                  return Settings{};
                }},
        manager(pair.service(), service, outside),
        parameters(pair.service(), service) {
    add("big", "sysctl:\n  net.core.rmem_max: 16777216\n  net.core.wmem_max: 16777216\n");
    add("one", "sysctl:\n  net.core.rmem_max: 8388608\n");
    add("wrong", "sysctl:\n  net.core.rmem_max: fast\n");
    add("elsewhere", "requires:\n  memory: \">= 64 GiB\"\nsysctl:\n  net.core.rmem_max: 1 MiB\n");
    REQUIRE(sd_bus_add_object_vtable(pair.client(), nullptr, "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", bus_vtable, &authority) >= 0);
    REQUIRE(sd_bus_add_object_vtable(
                pair.client(), nullptr, "/org/freedesktop/PolicyKit1/Authority",
                "org.freedesktop.PolicyKit1.Authority", polkit_vtable, &authority) >= 0);
    parameters.emit_changes();
    manager.emit_changes();
    pair.run();
    pair.take_signals();
  }

  static profile::Host host() {
    profile::Host host;
    host.memory_bytes = std::uint64_t{8} << 30;
    return host;
  }
  void add(const std::string& name, const std::string& rules) const {
    folder.add("profiles/" + name + ".yaml", "nettune: 1\nsummary: About " + name + "\n" + rules);
  }

  const Reply& call(const char* method, const std::function<void(sd_bus_message*)>& fill = {}) {
    return pair.call(manager_path, manager_interface, method, fill);
  }
  // With a name and no options, as most methods take it.
  const Reply& call_with(const char* method, const char* name) {
    return call(method,
                [&](sd_bus_message* call) { sd_bus_message_append(call, "sa{sv}", name, 0); });
  }
  // At the end of a turn of the loop.
  std::vector<std::string> told() {
    manager.emit(service.take_events());
    parameters.emit_changes();
    manager.emit_changes();
    pair.run();
    return pair.take_signals();
  }
  std::string text_property(const char* path, const char* interface, const char* name) {
    const Reply& reply = pair.call(path, properties, "Get", [&](sd_bus_message* call) {
      sd_bus_message_append(call, "ss", interface, name);
    });
    CAPTURE(reply.text);
    const char* text = nullptr;
    REQUIRE(sd_bus_message_read(reply.message.get(), "v", "s", &text) > 0);
    return text;
  }

  FakeTree tree{{"net.core.rmem_max", "212992"}, {"net.core.wmem_max", "212992"}};
  test::TempTree folder;
  profile::Store store;
  Service service;
  const char* settings_fault = nullptr;
  Outside outside;
  test::BusPair pair;
  Authority authority;
  ManagerObject manager;
  ParameterObjects parameters;
};

using Texts = std::vector<std::string>;

// The rows of an array of structs of strings, each joined by "|".
Texts rows(const Reply& reply, const char* row) {
  Texts texts;
  sd_bus_message* message = reply.message.get();
  REQUIRE(sd_bus_message_enter_container(message, 'a', ("(" + std::string(row) + ")").c_str()) > 0);
  while (sd_bus_message_enter_container(message, 'r', row) > 0) {
    std::string text;
    for (std::size_t i = 0; i < std::strlen(row); ++i) {
      const char* field = nullptr;
      REQUIRE(sd_bus_message_read(message, "s", &field) > 0);
      text += (i == 0 ? "" : "|") + std::string(field);
    }
    texts.push_back(text);
    sd_bus_message_exit_container(message);
  }
  sd_bus_message_exit_container(message);
  return texts;
}

// Each string of the message, in it or in what it holds: characters that a person sees, and line
// ends. How many there are.
int check_strings(sd_bus_message* message) {
  int count = 0;
  char type = 0;
  const char* contents = nullptr;
  while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
    if (type == 's') {
      const char* text = nullptr;
      REQUIRE(sd_bus_message_read(message, "s", &text) > 0);
      CAPTURE(text);
      CHECK(!find_stranger(text, TextKind::prose));
      ++count;
    } else if (contents != nullptr) {
      REQUIRE(sd_bus_message_enter_container(message, type, contents) > 0);
      count += check_strings(message);
      REQUIRE(sd_bus_message_exit_container(message) >= 0);
    } else {
      REQUIRE(sd_bus_message_skip(message, nullptr) >= 0);
    }
  }
  return count;
}
int check_signal(sd_bus_message* message, void* count, sd_bus_error*) {
  *static_cast<int*>(count) += check_strings(message);
  sd_bus_message_rewind(message, 1);
  return 0;
}

}  // namespace

TEST_CASE("an activation over the bus is one signal for each object, with what has changed") {
  World world;
  world.authority.uid = 0;
  CHECK(world.text_property(manager_path, manager_interface, "State") == "inactive");
  CHECK(world.call_with("Activate", "big").error == "");
  CHECK(world.authority.asked.empty());  // root needs no polkit
  CHECK(world.tree.live("net.core.rmem_max") == "16777216");
  CHECK(world.told() ==
        Texts{"ProfileChanged", "InterfacesAdded " + std::string(rmem_node),
              "InterfacesAdded " + std::string(wmem_node),
              "PropertiesChanged State,StateText,ActiveProfile,LastApplied,LastAudited"});
  CHECK(world.told().empty());

  // Another program changes one key: it is seen, and put right.
  world.tree.set("net.core.rmem_max", "4096");
  world.service.look_at({*sysctl::Key::parse("net.core.rmem_max")}, world.outside.now());
  CHECK(world.told() ==
        Texts{"DriftDetected", "DriftRestored",
              "PropertiesChanged Changes,LastChanged of " + std::string(rmem_node)});
  const std::string path = std::string(parameter_prefix) + "/" + rmem_node;
  CHECK(world.text_property(path.c_str(), parameter_interface, "Live") == "16777216");
  CHECK(world.text_property(path.c_str(), parameter_interface, "Baseline") == "212992");
  CHECK(
      world.text_property(path.c_str(), parameter_interface, "DeclaredAt").ends_with("big.yaml:4"));

  // A key that the next profile lacks goes, with its value; one in both stays.
  CHECK(world.call_with("Activate", "one").error == "");
  CHECK(world.tree.live("net.core.wmem_max") == "212992");
  const Texts told = world.told();
  CHECK(std::ranges::count(told, "InterfacesRemoved " + std::string(wmem_node)) == 1);
  CHECK(std::ranges::count(
            told, "PropertiesChanged Desired,Live,DeclaredAt of " + std::string(rmem_node)) == 1);
}

TEST_CASE("each refusal has its name on the bus") {
  World world;
  world.authority.uid = 0;
  const std::string error = "org.nettune1.Error.";
  CHECK(world.call_with("Activate", "none-such").error == error + "NoSuchProfile");
  CHECK(world.call_with("Activate", "wrong").error == error + "InvalidProfile");
  CHECK(world.call_with("Activate", "wrong").text.find("wrong.yaml:4:") != std::string::npos);
  CHECK(world.call_with("Activate", "elsewhere").error == error + "NotApplicable");
  CHECK(world.call("Confirm").error == error + "Stale");
  world.tree.refuse("net.core.wmem_max", EINVAL);
  CHECK(world.call_with("Activate", "big").error == error + "KernelRefused");
  CHECK(world.tree.live("net.core.rmem_max") == "212992");  // rolled back
  const Reply& trial = world.call("Activate", [](sd_bus_message* call) {
    sd_bus_message_append(call, "sa{sv}", "one", 1, "confirm", "t", std::uint64_t{60'000'000});
  });
  CHECK(trial.error == "");
  CHECK(world.call_with("Activate", "one").error == error + "Busy");
  CHECK(world.call("Confirm").error == "");
  CHECK(world.call_with("Activate", "one").error == "");
  // Anybody may read; a path would show what only the service may.
  CHECK(world.call_with("Audit", "/etc/nettune/profiles/x.yaml").error == error + "NoSuchProfile");
  CHECK(world.call_with("Audit", "x.yaml").error == error + "NoSuchProfile");
  CHECK(world.call_with("Explain", "net.../etc/passwd").error == SD_BUS_ERROR_INVALID_ARGS);
  const Reply& unknown = world.call("Audit", [](sd_bus_message* call) {
    sd_bus_message_append(call, "sa{sv}", "one", 1, "colour", "s", "red");
  });
  CHECK(unknown.error == SD_BUS_ERROR_INVALID_ARGS);
  CHECK(unknown.text.find("colour") != std::string::npos);
  const Reply& wrong_type = world.call("Deactivate", [](sd_bus_message* call) {
    sd_bus_message_append(call, "a{sv}", 1, "keep", "s", "yes");
  });
  CHECK(wrong_type.error == SD_BUS_ERROR_INVALID_ARGS);
  CHECK(world.call("Frobnicate").error == SD_BUS_ERROR_UNKNOWN_METHOD);
}

TEST_CASE("a broken choice hides no other profile") {
  World world;
  world.folder.add("active", "wrong\n");
  world.service.start(world.outside.now());
  CHECK(world.text_property(manager_path, manager_interface, "State") == "failed");
  CHECK(rows(world.call_with("Audit", "big"), "ssssss").size() == 2);
  CHECK(world.call_with("Audit", "wrong").error == "org.nettune1.Error.InvalidProfile");
  CHECK(world.call_with("Audit", "").text == "no profile is active");
}

TEST_CASE("an exception of a handler is an error of that call alone") {
  World world;
  world.authority.uid = 0;
  world.settings_fault = "out of luck";
  const Reply& reply = world.call("Reload");
  CHECK(reply.error == SD_BUS_ERROR_FAILED);
  CHECK(reply.text == "internal error: out of luck");
  world.settings_fault = nullptr;
  CHECK(world.call("Reload").error == "");
}

TEST_CASE("what is asked is answered in rows") {
  World world;
  world.authority.uid = 0;
  REQUIRE(world.call_with("Activate", "one").error == "");
  world.told();
  CHECK(rows(world.call_with("Audit", "big"), "ssssss") ==
        Texts{"net.core.rmem_max|drift|16777216|8388608|" + world.folder.path() +
                  "/profiles/big.yaml:4|",
              "net.core.wmem_max|drift|16777216|212992|" + world.folder.path() +
                  "/profiles/big.yaml:5|"});
  CHECK(rows(world.call_with("Audit", ""), "ssssss").size() == 1);  // the active one
  const Texts writes = rows(world.call_with("Plan", "big"), "ssssss");
  REQUIRE(writes.size() == 2);
  CHECK(writes.front().starts_with("net.core.rmem_max|8388608|16777216|desired|"));
}

TEST_CASE("who is not root is asked about at polkit, by the action of the method") {
  World world;
  const auto options = [](sd_bus_message* call) { sd_bus_message_append(call, "a{sv}", 0); };
  const std::map<const char*, std::function<void(sd_bus_message*)>> methods = {
      {"Activate", [](sd_bus_message* call) { sd_bus_message_append(call, "sa{sv}", "big", 0); }},
      {"Confirm", {}},
      {"Deactivate", options},
      {"Revert", options},
      {"Reload", {}}};
  for (const auto& [method, fill] : methods) {
    CAPTURE(method);
    for (const auto says :
         {Authority::Says::no, Authority::Says::challenge, Authority::Says::is_absent}) {
      world.authority.says = says;
      CHECK(world.call(method, fill).error == "org.nettune1.Error.NotAuthorized");
      CHECK(world.authority.asked == Texts{std::string(action_of(method))});
      world.authority.asked.clear();
    }
  }
  CHECK(world.tree.writes().empty());

  world.authority.says = Authority::Says::yes;
  const Reply& reply = world.call("Activate", [](sd_bus_message* call) {
    sd_bus_message_set_allow_interactive_authorization(call, 1);
    sd_bus_message_append(call, "sa{sv}", "big", 0);
  });
  CHECK(reply.error == "");
  CHECK(world.authority.asked == Texts{"org.nettune1.activate!"});
  CHECK(world.tree.live("net.core.rmem_max") == "16777216");

  // Who only reads is asked nothing.
  world.authority.asked.clear();
  world.call_with("Audit", "big");
  world.call("Describe");
  world.call("ListProfiles");
  CHECK(world.authority.asked.empty());
}

TEST_CASE("while polkit waits for a person nobody else waits") {
  World world;
  world.authority.says = Authority::Says::nothing;
  const auto fill = [](sd_bus_message* call) { sd_bus_message_append(call, "sa{sv}", "big", 0); };
  std::vector<const Reply*> waiting;
  waiting.reserve(9);
  for (int i = 0; i < 9; ++i) {
    waiting.push_back(&world.pair.call(manager_path, manager_interface, "Activate", fill));
  }
  // The ninth of one user is refused; the eight wait.
  CHECK(waiting.back()->error == SD_BUS_ERROR_LIMITS_EXCEEDED);
  CHECK(world.authority.open.size() == 8);
  CHECK_FALSE(waiting.front()->is_there);
  CHECK(world.tree.writes().empty());
  // Reading goes on, root is let in, and another user is asked about.
  CHECK(world.text_property(manager_path, manager_interface, "State") == "inactive");
  world.authority.uid = 1001;
  CHECK_FALSE(world.pair.call(manager_path, manager_interface, "Activate", fill).is_there);
  CHECK(world.authority.open.size() == 9);
  world.authority.uid = 0;
  CHECK(world.call_with("Activate", "one").error == "");
  CHECK(world.tree.live("net.core.rmem_max") == "8388608");
  // The answers come late, one by one.
  Authority::answer(world.authority.open[0].get(), true, false);
  Authority::answer(world.authority.open[1].get(), false, false);
  world.pair.run();
  CHECK(waiting[0]->is_there);
  CHECK(waiting[0]->error == "");
  CHECK(waiting[1]->error == "org.nettune1.Error.NotAuthorized");
  CHECK(world.tree.live("net.core.rmem_max") == "16777216");
}

TEST_CASE("a caller who leaves before polkit answers is forgotten, and its place is free") {
  World world;
  world.authority.says = Authority::Says::nothing;
  const auto ask_as = [&](const std::string& name) -> const Reply& {
    return world.call("Activate", [&](sd_bus_message* call) {
      REQUIRE(sd_bus_message_set_sender(call, name.c_str()) >= 0);
      sd_bus_message_append(call, "sa{sv}", "big", 0);
    });
  };
  const auto change_owner = [&](const std::string& name, const char* after) {
    sd_bus_message* made = nullptr;
    REQUIRE(sd_bus_message_new_signal(world.pair.client(), &made, "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus", "NameOwnerChanged") >= 0);
    const Message signal(made);
    REQUIRE(sd_bus_message_set_sender(made, "org.freedesktop.DBus") >= 0);
    REQUIRE(sd_bus_message_append(made, "sss", name.c_str(), name.c_str(), after) >= 0);
    REQUIRE(sd_bus_send(world.pair.client(), made, nullptr) >= 0);
    world.pair.run();
  };
  for (int i = 0; i < 8; ++i) CHECK_FALSE(ask_as(":1.10" + std::to_string(i)).is_there);
  CHECK(ask_as(":1.200").error == SD_BUS_ERROR_LIMITS_EXCEEDED);
  REQUIRE(world.authority.ids.size() == 8);
  change_owner(":1.100", ":1.100");  // it has not left
  CHECK(world.authority.cancelled.empty());
  for (int i = 0; i < 8; ++i) change_owner(":1.10" + std::to_string(i), "");
  CHECK(world.authority.cancelled == world.authority.ids);
  CHECK_FALSE(ask_as(":1.201").is_there);  // its turn is waited for
  REQUIRE(world.authority.open.size() == 9);
  for (std::size_t i = 0; i < 8; ++i) {
    Authority::answer(world.authority.open[i].get(), true, false);
  }
  world.pair.run();
  CHECK(world.tree.writes().empty());  // nobody wants it any more
  Authority::answer(world.authority.open[8].get(), true, false);
  world.pair.run();
  CHECK(world.tree.live("net.core.rmem_max") == "16777216");
}

TEST_CASE("the description tells what has become of the files of the profile in force") {
  World world;
  world.authority.uid = 0;
  const auto description = [&] {
    const char* text = nullptr;
    REQUIRE(sd_bus_message_read(world.call("Describe").message.get(), "s", &text) > 0);
    return std::string(text);
  };
  const auto has = [&](const char* part) { return description().find(part) != std::string::npos; };
  REQUIRE(world.call_with("Activate", "big").error == "");
  CHECK(has("\"on_disk\": \"same\""));
  world.add("big", "sysctl:\n  net.core.rmem_max: 8388608\n");
  CHECK(has("\"on_disk\": \"changed\""));
  world.add("big", "sysctl:\n  net.core.rmem_max: many\n");
  CHECK(has("\"on_disk\": \"faulty\""));
  CHECK(has("big.yaml:4:"));
  CHECK(world.call("Reload").error == "org.nettune1.Error.InvalidProfile");
  CHECK(has("\"on_disk\": \"faulty\""));
  CHECK(has("\"desired\": \"16777216\""));
  world.add("big", "sysctl:\n  net.core.rmem_max: 8388608\n");
  CHECK(world.call("Reload").error == "");
  CHECK(has("\"on_disk\": \"same\""));
  CHECK(has("\"desired\": \"8388608\""));
  // What it is asked again is what it was, until something happens.
  CHECK(description() == description());
  world.tree.set("net.core.rmem_max", "4096");
  world.service.look_at({*sysctl::Key::parse("net.core.rmem_max")}, world.outside.now());
  CHECK(has("\"changes\": 1"));
}

TEST_CASE("no text from outside is on the bus as it is, and none ends the connection") {
  const std::string hostile = "a\x1b[31m\x07\r\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xff\xc3z";
  World world;
  world.authority.uid = 0;
  int told = 0;
  REQUIRE(sd_bus_add_filter(world.pair.client(), nullptr, check_signal, &told) >= 0);
  world.tree.set("net.core.default_qdisc", hostile);
  const std::string name = world.folder.path() + "/" + hostile + "\nNETTUNE_KEY=net.forged.yaml";
  world.folder.add(hostile + "\nNETTUNE_KEY=net.forged.yaml",
                   "nettune: 1\non-drift: report\nsysctl:\n  net.core.rmem_max: 8388608\n"
                   "  net.core.default_qdisc: fq\n");
  world.folder.add("profiles/" + hostile + ".yaml", "nettune: 1\n" + hostile);

  // What nettunectl does, which takes any path.
  {
    auto session = change::begin(world.folder.path() + "/state", world.service.surroundings().place,
                                 0, world.tree);
    REQUIRE(session.has_value());
    const auto resolved = world.service.load(name);
    REQUIRE(resolved.has_value());
    const change::Plan plan = change::make_plan(*resolved, audit::compare(*resolved, world.tree),
                                                session->state, world.tree, name);
    REQUIRE(change::carry_out(plan, world.tree, session->folder, session->state, {}).has_value());
  }
  world.service.look_at_state(world.outside.now());
  CHECK(world.service.profile() == name);
  CHECK(world.text_property(manager_path, manager_interface, "ActiveProfile")
            .ends_with("\\xFF\\xC3z\\x0ANETTUNE_KEY=net.forged.yaml"));
  world.told();
  world.tree.set("net.core.default_qdisc", hostile + " " + hostile);
  world.service.look_at({*sysctl::Key::parse("net.core.default_qdisc")}, world.outside.now());
  const Texts signals = world.told();
  CHECK(std::ranges::count(signals, "DriftDetected") == 1);
  CHECK(told > 8);

  const auto check = [](const Reply& reply, int least) {
    CAPTURE(reply.error);
    REQUIRE(reply.is_there);
    CHECK(reply.error == "");
    CHECK(check_strings(reply.message.get()) >= least);
  };
  const auto check_error = [](const Reply& reply) {
    CHECK(reply.error != "");
    CHECK(!find_stranger(reply.text, TextKind::prose));
  };
  for (const char* method : {"Audit", "Plan"}) check(world.call_with(method, ""), 6);
  check(world.call_with("Explain", "net.core.default_qdisc"), 8);
  check(world.call("Describe"), 1);
  check(world.call("ListProfiles"), 12);
  check(world.call_with("DescribeProfile", ""), 8);
  check(world.pair.call(manager_path, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
        30);
  check(world.pair.call(
            manager_path, properties, "GetAll",
            [](sd_bus_message* call) { sd_bus_message_append(call, "s", manager_interface); }),
        8);
  // The file is gone: the path is in what is said of that.
  REQUIRE(std::filesystem::remove(name));
  check_error(world.call("Reload"));
  check(world.call("Describe"), 1);
  CHECK(world.call("Confirm").error == "org.nettune1.Error.Stale");  // still connected
}
