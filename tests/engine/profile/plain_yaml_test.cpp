// SPDX-License-Identifier: MIT
// read_plain_yaml tells what yaml-cpp tells, or nothing that counts.
#include "engine/profile/plain_yaml.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "support/yaml_events.hpp"

namespace {

namespace profile = nettune::profile;
using nettune::test::YamlEvents;

std::string by_yaml_cpp(const std::string& text) {
  YamlEvents events;
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(events);
    if (parser) return events.text() + "and more follows\n";
  } catch (const YAML::Exception& fault) {
    return fmt::format("{}refused: {}\n", events.text(), fault.what());
  }
  return events.text();
}

// Whether the text is plain; if it is, both readers tell the same of it.
bool is_plain(const std::string& text) {
  YamlEvents events;
  if (!profile::read_plain_yaml(text, events)) return false;
  INFO("the text: ", text);
  CHECK_EQ(events.text(), by_yaml_cpp(text));
  return true;
}

std::vector<std::filesystem::path> yaml_files(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(NETTUNE_SOURCE_DIR "/" + folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  REQUIRE_FALSE(files.empty());
  return files;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("the profiles that ship are plain") {
  for (const auto& file : yaml_files("profiles")) {
    CAPTURE(file.string());
    CHECK(is_plain(content(file)));
  }
}

TEST_CASE("every file of the corpus is told as yaml-cpp tells it, or left to it") {
  int plain = 0;
  int files = 0;
  for (const char* folder : {"tests/profiles/good", "tests/profiles/bad"}) {
    for (const auto& file : yaml_files(folder)) {
      CAPTURE(file.string());
      const std::string text = content(file);
      if (text.find('\0') != std::string::npos) continue;  // refused before YAML is read
      plain += is_plain(text) ? 1 : 0;
      ++files;
    }
  }
  CHECK_GT(plain, 10);
  CHECK_LT(plain, files);
}

TEST_CASE("plain are block mappings and lists, and brackets, quotes and folded text of one form") {
  for (const std::string text : {
           "a: b",
           "a: b\n",
           "\n# comment\n\na: b  # comment\n  # comment\nc: d e  f\n\n",
           "a:\n  b: 1\n  c:\n      d: 2\ne: 3\n",
           "a:   # comment\n\n  b: 1\n",
           "a:\n- 1\n- two words\nb: 2\n",
           "a:\n  - 1\n  -   2\n",
           "a:\n  b:\n    - 1\n  c: 2\n",
           "a: [1, two words,3 , -4]\n",
           "a: {b: 1, c-d: 2 s}  # comment\n",
           "a: \">= 5.10\"\nb: 'it is'\nc: \"\"\nd: ['a, b', \"c # d\"]\n",
           "a: at least max(16 MiB, 3 MiB)\n",
           "a: -1\nb: a#b\nc: a:b\nd: a [b] {c} 'd' \"e\"\ne: /x\n",
           "a: >-\n  one\n  two\nb: 1\n",
           "a: >-\n    one # no comment\n    two: three\n\n\n# comment\nb: 1\n",
           "a:\n  b: >-\n    one\n",
           "net.ipv4.conf.*.rp_filter: 2\nnet/ipv4/conf/eth0.1/rp_filter: 1\n",
           "a: 5 µs\nb: \"µs\"\nc: >-\n  µs\nd: [5 µs]\n",
       }) {
    CAPTURE(text);
    CHECK(is_plain(text));
  }
}

TEST_CASE("what needs more of YAML is left to yaml-cpp") {
  for (const std::string text : {
           "",
           "# only a comment\n",
           "a\n",
           "- a\n",
           "  a: 1\n",
           "a: 1\n b: 2\n",
           "a:\n    b: 1\n  c: 2\n",
           "a: b: c\n",
           "a: b:\n",
           "a:b\n",
           "a:\n",
           "a:\nb: 1\n",
           "a: null\n",
           "a: ~\n",
           "null: 1\n",
           "a: one\n  two\n",
           "a:\n  one\n",
           "a: \"one\n  two\"\n",
           "a: \"one\\n\"\n",
           "a: 'it''s'\n",
           "a: \"b\" c\n",
           "a: \"b\"#c\n",
           "a: [1, 2\n",
           "a: [1,\n  2]\n",
           "a: []\n",
           "a: [1, ]\n",
           "a: [b: c]\n",
           "a: [[1]]\n",
           "a: {b}\n",
           "a: {b:1}\n",
           "a: [1] 2\n",
           "a: &b c\n",
           "a: *b\n",
           "a: !b c\n",
           "a: |\n  b\n",
           "a: >\n  b\n",
           "a: >-\nb: 1\n",
           "a: >-\n\n  b\n",
           "a: >-\n  b\n\n  c\n",
           "a: >-\n  b\n    c\n",
           "a: >-\n  b\n c\n",
           "a: >-\n  b \n",
           "a: >-\n  b\n\n  # text\n",
           "a: >-\n  b\n ",
           "a:\n  b: >-\n    c\n  \n  d: 1\n",
           "a:\n  - b\n    - c\n",
           "a:\n  - b: c\n",
           "a:\n  -\n",
           "a: - b\n",
           "a:\n  -b\n",
           "a:\tb\n",
           "a: b\tc\n",
           "a: b\r\n",
           "%a: b\n",
           "---\na: b\n",
           "a: b\n---\nc: d\n",
           "a: b\n...\n",
           "? a\n: b\n",
           "\"a\": b\n",
           "<<: a\n",
           "a: @b\n",
           "a: `b\n",
       }) {
    CAPTURE(text);
    CHECK_FALSE(is_plain(text));
  }
}

TEST_CASE("a key of more than YAML's 1024 characters, and too deep a nesting, are left to it") {
  CHECK(is_plain(std::string(500, 'k') + ": 1\n"));
  CHECK_FALSE(is_plain(std::string(1100, 'k') + ": 1\n"));
  std::string nested;
  for (std::size_t depth = 0; depth < 100; ++depth) nested += std::string(2 * depth, ' ') + "a:\n";
  CHECK_FALSE(is_plain(nested + std::string(200, ' ') + "b: 1\n"));
}
