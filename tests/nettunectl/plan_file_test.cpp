// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "render/plan_json.hpp"

using namespace nettune;

namespace {

const change::Place here{"boot-1", {.device = 4, .inode = 4026531840, .cookie = 1}};

change::Plan plan() {
  std::vector<change::Write> writes;
  for (const char* name : {"net.core.somaxconn", "net.ipv4.tcp_fin_timeout"}) {
    const sysctl::Key key = *sysctl::Key::parse(name);
    writes.push_back({.key = key,
                      .parameter = sysctl::find_parameter(key),
                      .before = "60",
                      .text = "30",
                      .declared_at = {"p.yaml", 3, 3},
                      .order = {}});
  }
  return change::restore_plan("p", std::move(writes));
}

std::string saved() { return *ctl::plan_to_json(plan(), here, {}); }

}  // namespace

TEST_CASE("a saved plan is read again as it was") {
  const auto plan = ctl::plan_from_json(saved());
  REQUIRE_MESSAGE(plan.has_value(), plan.error());
  CHECK(plan->plan.profile() == "p");
  CHECK(plan->place.boot_id == "boot-1");
  REQUIRE(plan->plan.writes().size() == 2);
  CHECK(plan->plan.writes()[1].key.name() == "net.ipv4.tcp_fin_timeout");
  CHECK(plan->plan.writes()[1].text == "30");
  CHECK(plan->plan.writes()[1].declared_at == Location{"p.yaml", 3, 3});
}

TEST_CASE("a plan that would be read otherwise is not written") {
  const auto why_not = [](const std::string& profile, const std::string& before,
                          const std::string& after) {
    std::vector<change::Write> writes = plan().writes();
    writes[1].before = before;
    writes[1].text = after;
    const auto text = ctl::plan_to_json(change::restore_plan(profile, writes), here, {});
    return text ? "" : text.error();
  };
  CHECK(why_not("/tmp/caf\u00e9.yaml", "\u65e5", "30") == "");
  CHECK(why_not("/tmp/caf\xe9.yaml", "60", "30") ==
        "the plan can't be written as JSON: the profile's path \"/tmp/caf\\xE9.yaml\" is not valid "
        "UTF-8");
  CHECK(why_not("p", "\xe9", "30") ==
        "the plan can't be written as JSON: the value \"\\xE9\" of net.ipv4.tcp_fin_timeout is not "
        "valid UTF-8");
  CHECK(why_not("p", "60", "\xed\xa0\x80") ==
        "the plan can't be written as JSON: the value \"\\xED\\xA0\\x80\" of "
        "net.ipv4.tcp_fin_timeout is not valid UTF-8");
}

TEST_CASE("a plan with any one bit changed, cut at any byte or longer is refused") {
  const std::string text = saved();
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ (1U << bit));
      if (ctl::plan_from_json(flipped)) ++accepted;
    }
    if (ctl::plan_from_json(text.substr(0, i))) ++accepted;
  }
  if (ctl::plan_from_json(text + "\n")) ++accepted;
  CHECK(accepted == 0);
}

TEST_CASE("a plan of the format before, without a checksum, is still read") {
  std::string text = saved();
  text.replace(text.find("plan/2"), 6, "plan/1");
  text.erase(text.find(",\n  \"checksum\""));
  text += "\n}\n";
  CHECK(ctl::plan_from_json(text).has_value());
}
