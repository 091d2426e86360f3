// SPDX-License-Identifier: MIT
// Each file of tests/profiles/bad against the diagnostics that stand beside it, to the letter: the
// message is the feature. NETTUNE_UPDATE_EXPECTED=1 writes them anew, to be read before they land.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

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

// What `nettunectl check` finds on a host of 8 GiB with Linux 6.18.
std::string diagnosed(const std::string& file) {
  const FakeTree tree{{"net.ipv4.conf.all.rp_filter", "0"}};
  profile::Store store({"."}, test::host_of(8).kernel);
  store.keep_faulty();
  Diagnostics diagnostics;
  if (std::optional<profile::Profile> profile = store.load(file, diagnostics)) {
    const auto resolved =
        profile::resolve(std::move(*profile), test::host_of(8), tree, diagnostics);
    if (resolved) profile::lint(*resolved, diagnostics);
  }
  return test::formatted(diagnostics);
}

}  // namespace

TEST_CASE("every bad profile gets the diagnostics that stand beside it") {
  std::filesystem::current_path(std::string(NETTUNE_SOURCE_DIR) + "/tests/profiles/bad");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(".")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  REQUIRE(files.size() > 60);
  for (const std::filesystem::path& file : files) {
    std::filesystem::path expected = file;
    expected.replace_extension(".expected");
    const std::string found = diagnosed(file.filename().string());
    INFO(file.filename().string());
    CHECK_FALSE(found.empty());
    if (std::getenv("NETTUNE_UPDATE_EXPECTED") != nullptr) {
      std::ofstream(expected, std::ios::binary) << found;
    }
    CHECK(found == contents(expected));
  }
}
