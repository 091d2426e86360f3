// SPDX-License-Identifier: MIT
// Files that people copy from lists, and those of TuneD, against the lints that each of their lines
// must get. Beside each file stands FILE.lints: a line number and the names, in order.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "engine/foreign/load.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/resolve.hpp"
#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"
#include "support/temp_tree.hpp"

namespace nettune {
namespace {

const std::filesystem::path directory = NETTUNE_SOURCE_DIR "/tests/profiles/foreign";

using Lints = std::map<int, std::set<std::string>>;

// The host whose defaults the values are held against: 24 GiB, Linux 6.18.
Diagnostics diagnosed(std::optional<profile::Profile> loaded, Diagnostics diagnostics) {
  const FakeTree tree{{"net.ipv4.conf.all.rp_filter", "0"}};
  // doctest counts an exception as a failure of the case.
  if (!loaded) throw std::runtime_error(test::formatted(diagnostics));
  const auto resolved = profile::resolve(std::move(*loaded), test::host_of(24), tree, diagnostics);
  if (resolved) profile::lint(*resolved, diagnostics);
  return diagnostics;
}

// Of errors and warnings in one file; an error that is no lint is called "error".
Lints lints_in(const Diagnostics& diagnostics, const std::string& file) {
  Lints lints;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    if (diagnostic.severity == Severity::note || diagnostic.origin.source == nullptr) continue;
    if (diagnostic.origin.source->name != file) continue;
    const std::string name(diagnostic.lint.empty() ? "error" : diagnostic.lint.name());
    lints[diagnostic.origin.line].insert(name);
  }
  return lints;
}

Lints expected(const std::filesystem::path& file) {
  std::ifstream in(file.string() + ".lints");
  REQUIRE(in.good());
  Lints lints;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    int number = 0;
    words >> number;
    for (std::string name; words >> name;) lints[number].insert(name);
  }
  return lints;
}

std::string text_of(const Lints& lints) {
  std::string text;
  for (const auto& [line, names] : lints) {
    text += std::to_string(line);
    for (const std::string& name : names) text += " " + name;
    text += '\n';
  }
  return text;
}

void check_file(const std::filesystem::path& file, const Diagnostics& diagnostics) {
  Diagnostics shown = diagnostics;
  const std::string text = test::formatted(shown);
  INFO(text);
  CHECK(text_of(lints_in(diagnostics, file.string())) == text_of(expected(file)));
}

TEST_CASE("each line of a list of settings gets its lints") {
  for (const char* name :
       {"blog-sysctl.conf", "blog-errors.conf", "blog-keepalive.conf", "large-host.conf"}) {
    const std::filesystem::path file = directory / name;
    Diagnostics diagnostics;
    std::optional<profile::Profile> loaded = profile::load_sysctl_d({file.string()}, diagnostics);
    CAPTURE(name);
    check_file(file, diagnosed(std::move(loaded), std::move(diagnostics)));
  }
}

TEST_CASE("each line of TuneD's profiles gets its lints") {
  // A root of its own, for what they include may be on this machine in another version, or not.
  const test::TempTree root;
  std::filesystem::create_directories(root.path() + "/usr/lib");
  std::filesystem::copy(directory / "tuned", root.path() + "/usr/lib/tuned",
                        std::filesystem::copy_options::recursive);
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root.path() + "/usr/lib/tuned")) {
    const std::filesystem::path file = entry.path() / "tuned.conf";
    Diagnostics diagnostics;
    std::optional<profile::Profile> loaded =
        profile::load_tuned(file.string(), root.path(), diagnostics);
    CAPTURE(file.string());
    check_file(file, diagnosed(std::move(loaded), std::move(diagnostics)));
    ++count;
  }
  CHECK(count >= 6);
}

}  // namespace
}  // namespace nettune
