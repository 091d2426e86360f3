// SPDX-License-Identifier: MIT
// TempTree: a folder that looks like /proc/sys, or like a whole root, gone with the object.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace nettune::test {

class TempTree {
 public:
  TempTree() {
    // mkdtemp(3) wants six letters X at the end, and puts others in their place.
    path_ = std::filesystem::temp_directory_path() / ("nettune-test-" + std::string(6, 'X'));
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempTree() { std::filesystem::remove_all(path_); }
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;

  const std::string& path() const { return path_; }
  /// The path of `name` in the folder.
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  /// Writes `text` to `file`, relative to the folder; makes the folders on the way.
  std::string add(std::string_view file, std::string_view text) const {
    const std::filesystem::path path = std::filesystem::path(path_) / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    REQUIRE(out.good());
    return path;
  }

 private:
  std::string path_;
};

}  // namespace nettune::test
