// SPDX-License-Identifier: MIT
#include "engine/file/replace.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "engine/file/folder.hpp"
#include "engine/file/read.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;

namespace {

struct Case {
  Case() { folder.add("old", "before"); }
  std::string path(const std::string& name) const { return folder / name; }
  auto replace(const std::string& text, const struct stat* owner = nullptr) const {
    const std::string name = path("old");
    const std::string next = path("next");
    return replace_file({.folder = AT_FDCWD,
                         .name = name.c_str(),
                         .next = next.c_str(),
                         .text = text,
                         .owner = owner});
  }
  std::string text_of(const std::string& name) const { return read_file(path(name), 4096).value(); }
  std::vector<std::string> names() const { return names_in(folder.path()).value(); }

  test::TempTree folder;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a file is replaced as a whole, with its mode whatever the umask says") {
  const Case it;
  const mode_t mask = ::umask(0077);
  REQUIRE(it.replace("after").has_value());
  ::umask(mask);
  CHECK(it.text_of("old") == "after");
  struct stat status{};
  REQUIRE(::stat(it.path("old").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0644);
  CHECK(it.names() == Names{"old"});
  status.st_mode = S_IFREG | 0640;
  REQUIRE(it.replace("again", &status).has_value());
  REQUIRE(::stat(it.path("old").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
}

TEST_CASE("what a killed process left is thrown away, and a link in its place is not followed") {
  const Case it;
  it.folder.add("next", "half of a te");
  REQUIRE(it.replace("after").has_value());
  CHECK(it.text_of("old") == "after");
  it.folder.add("other", "another's");
  REQUIRE(::symlink("other", it.path("next").c_str()) == 0);
  REQUIRE(it.replace("last").has_value());
  CHECK(it.text_of("old") == "last");
  CHECK(it.text_of("other") == "another's");
  CHECK(it.names() == Names{"old", "other"});
}

TEST_CASE("where it fails, the old file is in place and nothing is left beside it") {
  const Case it;
  REQUIRE(::mkdir(it.path("folder").c_str(), 0755) == 0);
  const std::string name = it.path("folder");
  const std::string next = it.path("next");
  const auto replaced =
      replace_file({.folder = AT_FDCWD, .name = name.c_str(), .next = next.c_str(), .text = "x"});
  REQUIRE_FALSE(replaced.has_value());
  CHECK(replaced.error().number == EISDIR);
  CHECK(std::string(replaced.error().action) == "replace");
  CHECK(it.names() == Names{"folder", "old"});

  const std::string absent = it.path("absent/next");
  const auto made =
      replace_file({.folder = AT_FDCWD, .name = name.c_str(), .next = absent.c_str(), .text = "x"});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().number == ENOENT);
  CHECK(std::string(made.error().action) == "write");
}

TEST_CASE("a device that is full says so") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  CHECK(write_all(full, "x") == ENOSPC);
  CHECK(write_all(full, "") == 0);
  ::close(full);
  CHECK(write_all(-1, "x") == EBADF);
}

TEST_CASE("a folder is synced, and one that is not there is told") {
  const Case it;
  CHECK(sync_folder(it.folder.path().c_str()) == 0);
  CHECK(sync_folder(it.path("absent").c_str()) == ENOENT);
}
