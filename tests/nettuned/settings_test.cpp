// SPDX-License-Identifier: MIT
#include "nettuned/settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::daemon;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// The first line of the diagnostics, without the file's name; "" for none.
std::string fault_of(const std::string& text) {
  Diagnostics diagnostics;
  const bool is_read = parse_settings("nettuned.yaml", text, diagnostics).has_value();
  CHECK(is_read == diagnostics.list.empty());
  if (diagnostics.list.empty()) return {};
  const std::string whole = format_diagnostic(diagnostics.list.front(), {});
  return whole.substr(std::string("nettuned.yaml:").size(),
                      whole.find('\n') - std::string("nettuned.yaml:").size());
}

}  // namespace

TEST_CASE("the example of nettuned.yaml(5)") {
  Diagnostics diagnostics;
  const auto settings = parse_settings("nettuned.yaml",
                                       "profile: latency\n"
                                       "on-drift: report\n"
                                       "sweep: 10 min\n"
                                       "contest: {restores: 3, within: 30 s}\n",
                                       diagnostics);
  REQUIRE(settings.has_value());
  CHECK(settings->profile == "latency");
  CHECK(settings->on_drift == profile::OnDrift::report);
  CHECK(settings->sweep == minutes(10));
  CHECK(settings->contest_restores == 3);
  CHECK(settings->contest_within == seconds(30));
}

TEST_CASE("a missing file, an empty one and one of comments mean the defaults") {
  const test::TempTree folder;
  for (const std::string& path : {folder.path() + "/none", folder.add("empty", ""),
                                  folder.add("comments", "# a\n\n  # b\n")}) {
    CAPTURE(path);
    Diagnostics diagnostics;
    const auto settings = load_settings(path, diagnostics);
    REQUIRE(settings.has_value());
    CHECK(settings->profile.empty());
    CHECK_FALSE(settings->on_drift.has_value());
    CHECK(settings->sweep == minutes(5));
    CHECK(settings->contest_restores == 5);
    CHECK(settings->contest_within == seconds(60));
  }
}

TEST_CASE("the sample that is installed means the defaults, and says what they are") {
  const std::string sample = NETTUNE_SOURCE_DIR "/packaging/nettuned.yaml";
  Diagnostics diagnostics;
  const auto settings = load_settings(sample, diagnostics);
  REQUIRE(settings.has_value());
  CHECK(settings->profile.empty());

  // Its examples are comments without a blank; all but the choices are the defaults.
  std::string text;
  std::ifstream file(sample);
  for (std::string line; std::getline(file, line);) {
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ') text += line.substr(1) + '\n';
  }
  const auto examples = parse_settings("nettuned.yaml", text, diagnostics);
  REQUIRE(examples.has_value());
  CHECK(diagnostics.list.empty());
  CHECK_FALSE(examples->profile.empty());
  CHECK(examples->on_drift.has_value());
  CHECK(examples->sweep == settings->sweep);
  CHECK(examples->contest_restores == settings->contest_restores);
  CHECK(examples->contest_within == settings->contest_within);
}

TEST_CASE("each fault is said with its place") {
  struct Row {
    const char* text;
    const char* fault;
  };
  const Row rows[] = {
      {"- a\n", "1:1: error: the settings must be a mapping"},
      {"sweeep: 5 min\n", "1:1: error: unknown setting \"sweeep\""},
      {"profile: [a]\n", "1:10: error: \"profile\" must be a word"},
      {"on-drift: maybe\n", "1:11: error: \"maybe\" is neither \"restore\" nor \"report\""},
      {"sweep: 5\n", "1:8: error: \"sweep\" must be a time with its unit"},
      {"sweep: 5 MiB\n", "1:8: error: \"sweep\" must be a time with its unit"},
      {"sweep: 1 ms\n", "1:8: error: \"sweep\" must be from 1 s to 24 h"},
      {"sweep: 2000 min\n", "1:8: error: \"sweep\" must be from 1 s to 24 h"},
      {"sweep: soon\n", "1:8: error: \"sweep\" must be a time with its unit"},
      {"contest: 5\n", "1:10: error: \"contest\" must be a mapping"},
      {"contest: {restores: 0}\n", "1:21: error: \"restores\" must be a number from 1 to 1000"},
      {"contest: {restores: 3.5}\n", "1:21: error: \"restores\" must be a number from 1 to 1000"},
      {"contest: {within: 0 s}\n", "1:19: error: \"within\" must be from 1 s to 24 h"},
      {"contest: {during: 9 s}\n", "1:11: error: unknown setting \"during\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(fault_of(row.text) == row.fault);
  }
  // What the reader of profiles refuses as well.
  CHECK(fault_of("sweep: 5 min\nsweep: 6 min\n").find("2:1: error: ") == 0);
  CHECK(fault_of("profile: &a b\n").find("1:") == 0);
}

TEST_CASE("all faults of a file are said in one run") {
  Diagnostics diagnostics;
  CHECK_FALSE(parse_settings("s", "sweep: x\non-drift: y\nz: 1\n", diagnostics).has_value());
  CHECK(diagnostics.list.size() == 3);
}
