// SPDX-License-Identifier: MIT
// The text of a sysctl.d file, as both loaders take it apart. Lines come in order and lie within
// the text, and what the scanner calls an assignment is what the parser makes one of.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/foreign/sysctl_d.hpp"
#include "invariant.hpp"

namespace {

using nettune::Diagnostics;
using nettune::fuzz::check_diagnostics;
using nettune::fuzz::check_origin;
using nettune::fuzz::invariant;
namespace profile = nettune::profile;
namespace sysctl = nettune::sysctl;

bool lies_in(std::string_view part, std::string_view whole) {
  if (part.empty()) return true;  // an empty view may point nowhere
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// The number of lines that set or exclude a key.
std::size_t scan(std::string_view text, profile::Dialect dialect) {
  profile::SysctlScanner scanner(text, dialect);
  profile::SysctlLine line;
  const auto lines = 1 + std::ranges::count(text, '\n');
  std::size_t found = 0;
  int before = 0;
  while (scanner.next(line)) {
    invariant(line.number >= before && line.number > 0, "lines come in order");
    // procps cuts a very long line into several.
    invariant(line.number <= lines + static_cast<int>(text.size()), "a line is there");
    invariant(lies_in(line.key, text) && lies_in(line.value, text), "a line lies in its text");
    invariant(line.kind != profile::SysctlLine::Kind::exclusion || line.value.empty(),
              "an exclusion has no value");
    if (line.kind != profile::SysctlLine::Kind::fault) ++found;
    const std::string key = profile::normal_key(line.key, dialect);
    invariant(key.empty() || key.starts_with("net"), "a normal key is below net");
    before = line.number;
  }
  invariant(!scanner.next(line), "the end stays the end");
  return found;
}

void parse(std::string_view text) {
  const std::size_t scanned = scan(text, profile::Dialect::systemd);
  Diagnostics diagnostics;
  const std::optional<profile::SysctlFile> file =
      profile::parse_sysctl_d("fuzz.conf", std::string(text), diagnostics);
  if (file) {
    int before = 0;
    std::size_t lines = file->outside_net.size();
    for (const profile::Assignment& assignment : file->assignments) {
      check_origin(assignment.origin);
      check_origin(assignment.value_origin);
      invariant(assignment.origin.line >= before, "assignments are in the order of the file");
      // Braces make several of one line.
      if (assignment.origin.line != before) ++lines;
      before = assignment.origin.line;
      invariant(!assignment.is_exclusion || assignment.value.empty(), "an exclusion has no value");
      const auto again = sysctl::KeyGlob::parse(assignment.key.name());
      invariant(again && *again == assignment.key, "a key's name is that key");
    }
    invariant(lines <= scanned, "assignments are made of lines that set or exclude a key");
  } else {
    invariant(diagnostics.has_errors(), "a refused file has a reason");
  }
  check_diagnostics(std::move(diagnostics));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse(text);
  scan(text, profile::Dialect::procps);
  return 0;
}
