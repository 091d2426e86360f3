// SPDX-License-Identifier: MIT
// The text of `sysctl -a` from another machine. What is listed can be read, what is read can be
// written out and read again, and each fault names a line that is there.
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/saved_tree.hpp"
#include "engine/sysctl/value.hpp"
#include "invariant.hpp"

namespace {

using nettune::fuzz::invariant;
namespace sysctl = nettune::sysctl;

std::vector<sysctl::Key> keys_of(const sysctl::SavedTree& tree) {
  std::vector<sysctl::Key> keys;
  std::string pattern = "net/*";
  for (int depth = 0; depth < 6; ++depth) {
    pattern += "/*";
    const auto listed = tree.list(*sysctl::KeyGlob::parse(pattern));
    invariant(listed.has_value(), "listing a saved tree does not fail");
    invariant(std::ranges::is_sorted(*listed), "keys are sorted");
    keys.insert(keys.end(), listed->begin(), listed->end());
  }
  return keys;
}

// The value that the catalogue sees in `text`, printed and read again, is the same.
void check_value(const sysctl::Key& key, const std::string& text) {
  const sysctl::Parameter* parameter = sysctl::find_parameter(key);
  const auto value = sysctl::Value::parse(parameter, text);
  if (!value) {
    invariant(!value.error().empty(), "a value that is none says why");
    return;
  }
  const auto again = sysctl::Value::parse(parameter, value->to_string());
  invariant(again && *again == *value, "a value survives being printed");
  invariant(value->same_words(*value), "a value has the same words as itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<sysctl::SavedTree::Fault> faults;
  const sysctl::SavedTree tree = sysctl::SavedTree::parse(text, faults);
  int before = 0;
  for (const sysctl::SavedTree::Fault& fault : faults) {
    invariant(fault.line >= before && fault.line > 0, "faults are in order");
    invariant(fault.line <= 1 + std::ranges::count(text, '\n'), "a fault's line is there");
    invariant(!fault.reason.empty(), "a fault says something");
    before = fault.line;
  }

  const std::vector<sysctl::Key> keys = keys_of(tree);
  invariant(keys.size() <= tree.size(), "no key is listed twice");
  std::string printed;
  for (const sysctl::Key& key : keys) {
    const auto same = sysctl::Key::parse(key.name());
    invariant(same && *same == key, "a key's name is that key");
    invariant(tree.has_folder_of(key) == true, "a key that is there has a folder");
    const auto read = tree.read(key);
    if (!read) {
      invariant(read.error().number == EACCES, "what is listed can be read, or is refused");
      printed += "sysctl: permission denied on key '" + key.name() + "'\n";
      continue;
    }
    check_value(key, *read);
    printed += key.name() + " = " + *read + "\n";
  }

  faults.clear();
  const sysctl::SavedTree again = sysctl::SavedTree::parse(printed, faults);
  for (const sysctl::Key& key : keys) {
    const auto first = tree.read(key);
    const auto second = again.read(key);
    invariant(first.has_value() == second.has_value() && (!first || *first == *second),
              "a saved tree survives being printed");
  }
  return 0;
}
