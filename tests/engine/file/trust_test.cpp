// SPDX-License-Identifier: MIT
#include "engine/file/trust.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/temp_tree.hpp"

using namespace nettune;
namespace fs = std::filesystem;

TEST_CASE("a way through another user's link or folder is not trusted, wherever it leads") {
  const test::TempTree folder;
  folder.add("root/good.yaml", "text");
  fs::create_directories(folder / "other");
  fs::create_symlink(folder / "root", folder / "other/cur");
  CHECK_FALSE(why_untrusted(folder / "other/cur/good.yaml").has_value());
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can give a link away");
    return;
  }
  REQUIRE(::lchown((folder / "other/cur").c_str(), 65534, 65534) == 0);
  CHECK(why_untrusted(folder / "other/cur/good.yaml") ==
        (folder / "other/cur") + " belongs to user 65534");
}

TEST_CASE("a file that others may write is not trusted, and a sticky folder on the way is") {
  const test::TempTree folder;
  folder.add("sticky/a", "text");
  const std::string file = folder / "sticky/a";
  REQUIRE(::chmod((folder / "sticky").c_str(), 01777) == 0);
  CHECK_FALSE(why_untrusted(file).has_value());
  REQUIRE(::chmod((folder / "sticky").c_str(), 0777) == 0);
  CHECK(why_untrusted(file) == "others may write " + (folder / "sticky") + " (mode 0777)");
  REQUIRE(::chmod((folder / "sticky").c_str(), 0755) == 0);
  REQUIRE(::chmod(file.c_str(), 0664) == 0);
  CHECK(why_untrusted(file) == "others may write " + file + " (mode 0664)");
  CHECK_FALSE(why_untrusted(folder / "absent").has_value());
}

TEST_CASE("of a file that is open, its owner and mode tell") {
  struct stat status{};
  status.st_uid = ::geteuid();
  status.st_mode = S_IFREG | 0644;
  CHECK_FALSE(why_untrusted(status, "it").has_value());
  status.st_mode = S_IFREG | 0666;
  CHECK(why_untrusted(status, "it") == "others may write it (mode 0666)");
  status.st_uid = ::geteuid() + 1;
  CHECK(why_untrusted(status, "it") == "it belongs to user " + std::to_string(status.st_uid));
}
