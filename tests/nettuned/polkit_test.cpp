// SPDX-License-Identifier: MIT
#include "nettuned/polkit.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

using nettune::daemon::action_of;

TEST_CASE("every method of the manager asks for the action that it is to ask for") {
  const std::map<std::string, std::string> asked = {
      {"ListProfiles", ""},
      {"DescribeProfile", ""},
      {"Audit", ""},
      {"Plan", ""},
      {"Explain", ""},
      {"Describe", ""},
      {"Activate", "org.nettune1.activate"},
      {"Confirm", "org.nettune1.activate"},
      {"Deactivate", "org.nettune1.deactivate"},
      {"Revert", "org.nettune1.revert"},
      {"Reload", "org.nettune1.reload"},
  };
  std::ifstream file(NETTUNE_SOURCE_DIR "/packaging/dbus/org.nettune1.xml");
  std::stringstream contract;
  contract << file.rdbuf();
  const std::string text = contract.str();
  const std::regex method("<method name=\"(\\w+)\"");
  std::size_t count = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), method), end; at != end; ++at) {
    ++count;
    const std::string name = (*at)[1];
    CAPTURE(name);
    REQUIRE(asked.contains(name));
    CHECK(action_of(name) == asked.at(name));
  }
  CHECK(count == asked.size());

  // And each action is one that polkit knows.
  std::ifstream policy(NETTUNE_SOURCE_DIR "/packaging/polkit/org.nettune1.policy");
  std::stringstream actions;
  actions << policy.rdbuf();
  for (const auto& [name, action] : asked) {
    if (action.empty()) continue;
    CHECK(actions.str().find("<action id=\"" + action + "\">") != std::string::npos);
  }
}
