// SPDX-License-Identifier: MIT
// Two readers of one text: what read_plain_yaml takes, yaml-cpp reads as the same.
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "engine/profile/plain_yaml.hpp"
#include "invariant.hpp"
#include "support/yaml_events.hpp"

namespace {

using nettune::fuzz::invariant;
using nettune::test::YamlEvents;

// A document takes no other control character, and checks its UTF-8, before YAML is read.
bool can_be_in_a_document(const std::string& text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\t'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (!can_be_in_a_document(text)) return -1;
  YamlEvents plain;
  if (!nettune::profile::read_plain_yaml(text, plain)) return 0;

  YamlEvents full;
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(full);
    invariant(!parser, "a plain text is one document, and nothing more");
  } catch (const YAML::Exception&) {
    invariant(false, "yaml-cpp refuses no plain text");
  }
  invariant(plain.text() == full.text(), "both readers tell the same");
  return 0;
}
