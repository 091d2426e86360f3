// SPDX-License-Identifier: MIT
// Each file of tests/profiles/bad, TuneD's in its etc/ too, against the diagnostics that stand
// beside it, to the letter: the message is the feature. NETTUNE_UPDATE_EXPECTED=1 writes them anew,
// to be read before they land. No lint is without a case there.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/foreign/load.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/store.hpp"
#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"

using namespace nettune;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// What `nettunectl check` finds on a host of 8 GiB with Linux 6.18, whose timer ticks 250 times a
// second.
std::string diagnosed(const std::string& file) {
  const FakeTree tree{{"net.ipv4.conf.all.rp_filter", "0"}};
  profile::Host host = test::host_of(8);
  host.timer_hz = 250;
  profile::Store store({"."}, host.kernel);
  store.keep_faulty();
  Diagnostics diagnostics;
  const std::string root = ".";  // for what a TuneD profile includes
  if (auto profile = profile::load_profile(store, root, file, diagnostics)) {
    const auto resolved = profile::resolve(std::move(*profile), host, tree, diagnostics);
    if (resolved) profile::lint(*resolved, diagnostics);
  }
  return test::formatted(diagnostics);
}

}  // namespace

TEST_CASE(
    "every bad file gets the diagnostics that stand beside it, and every lint is among them") {
  std::filesystem::current_path(std::string(NETTUNE_SOURCE_DIR) + "/tests/profiles/bad");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(".")) {
    if (!entry.is_regular_file() || entry.path().extension() == ".expected") continue;
    const bool is_here = entry.path().parent_path() == ".";
    files.push_back(is_here ? entry.path().filename() : entry.path());
  }
  std::ranges::sort(files);
  REQUIRE(files.size() > 60);
  std::string all;
  for (const std::filesystem::path& file : files) {
    std::filesystem::path expected = file;
    expected.replace_extension(".expected");
    const std::string found = diagnosed(file.string());
    all += found;
    INFO(file.string());
    CHECK_FALSE(found.empty());
    if (std::getenv("NETTUNE_UPDATE_EXPECTED") != nullptr) {
      std::ofstream(expected, std::ios::binary) << found;
    }
    CHECK(found == contents(expected));
  }
  for (const std::string_view name : lint_names) {
    CAPTURE(name);
    CHECK(all.contains(fmt::format("[{}]\n", name)));
  }
}
