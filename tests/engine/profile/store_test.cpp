// SPDX-License-Identifier: MIT
// Which file a name finds, what is no file to read, and how profiles inherit.
#include "engine/profile/store.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::profile;
namespace fs = std::filesystem;

namespace {

struct Loaded {
  Diagnostics diagnostics;
  std::optional<Profile> profile;

  std::string text() {
    sort_and_cut(diagnostics);
    std::string out;
    for (const Diagnostic& diagnostic : diagnostics.list) out += format_diagnostic(diagnostic, {});
    return out;
  }
};

Loaded load(const Store& store, const std::string& name) {
  Loaded loaded;
  loaded.profile = store.load(name, loaded.diagnostics);
  return loaded;
}

// doctest counts an exception as a failure of the case.
const Profile& profile_of(const Loaded& loaded) {
  if (!loaded.profile) throw std::runtime_error("no profile");
  return *loaded.profile;
}

// "net/core/a net/core/b ": in the order in which they apply.
std::string keys(const Loaded& loaded) {
  std::string out;
  for (const Entry& entry : profile_of(loaded).entries())
    out.append(entry.key.pattern()).append(" ");
  return out;
}

std::string profile_text(const std::string& inherits, const std::string& key) {
  return "nettune: 1\nsummary: x\n" + (inherits.empty() ? "" : "inherits: [" + inherits + "]\n") +
         "sysctl:\n  net.core." + key + ": 1\n";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from)) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

TEST_CASE("the first directory that has a name wins, and list() shows what is hidden") {
  const test::TempTree folder;
  folder.add("etc/web.yaml", profile_text("", "a"));
  folder.add("usr/web.yaml", profile_text("", "b"));
  folder.add("usr/base.yaml", profile_text("", "c"));
  folder.add("usr/-bad.yaml", "");
  folder.add("usr/note.txt", "");
  fs::create_directories(folder / "usr/folder.yaml");
  const Store store({folder / "etc", folder / "run", folder / "usr"});
  CHECK(store.find("web") == folder / "etc/web.yaml");
  CHECK(store.find("base") == folder / "usr/base.yaml");
  CHECK_FALSE(store.find("none"));
  CHECK_FALSE(store.find("../usr/base"));
  CHECK_FALSE(store.find(""));
  std::vector<nettune::Error> problems;
  const std::vector<Store::Listed> list = store.list(problems);
  CHECK(problems.empty());
  REQUIRE(list.size() == 2);
  CHECK(list[0].name == "base");
  CHECK(list[1].name == "web");
  CHECK(list[1].path == folder / "etc/web.yaml");
  CHECK(list[1].hidden == std::vector<std::string>{folder / "usr/web.yaml"});
  CHECK(keys(load(store, "web")) == "net/core/a ");
}

TEST_CASE("a directory that can't be listed is told, and the others are listed") {
  const test::TempTree folder;
  folder.add("usr/base.yaml", profile_text("", "c"));
  fs::create_symlink("loop", folder / "loop");
  const Store store({folder / "none", folder / "usr/base.yaml", folder / "loop", folder / "usr"});
  std::vector<nettune::Error> problems;
  CHECK(store.list(problems).size() == 1);
  REQUIRE(problems.size() == 1);
  CHECK(describe(problems[0]) ==
        "list " + (folder / "loop") + ": Too many levels of symbolic links");
}

TEST_CASE("the search path stands below the root that was given") {
  CHECK(Store::default_directories("") == std::vector<std::string>{"/etc/nettune/profiles",
                                                                   "/run/nettune/profiles",
                                                                   "/usr/share/nettune/profiles"});
  CHECK(Store::default_directories("/mnt/").front() == "/mnt/etc/nettune/profiles");
}

TEST_CASE("a name that nothing has is answered by the nearest one and the directories") {
  const test::TempTree folder;
  folder.add("web-server.yaml", profile_text("", "a"));
  const Store store({folder.path(), "/nowhere"});
  CHECK(load(store, "web-sever").text() ==
        "error: no profile is called \"web-sever\"\n"
        "      help: did you mean \"web-server\"?\n"
        "            searched: " +
            folder.path() + ", /nowhere\n");
  CHECK(load(store, "a b").text().starts_with("error: \"a b\" is not a valid profile name\n"));
  CHECK(load(store, "").text() == "error: a profile's name is missing\n");
  CHECK(load(store, folder / "x.yaml").text() ==
        "error: " + (folder / "x.yaml") + " can't be read: No such file or directory\n");
  CHECK(load(store, folder.path() + "/").text() == "error: " + folder.path() +
                                                       "/ can't be read: it is a directory\n"
                                                       "      help: name its files: " +
                                                       folder.path() + "/*.yaml\n");
}

TEST_CASE("what is inherited comes left to right, depth first, each file once") {
  const test::TempTree folder;
  folder.add("base.yaml", profile_text("", "base"));
  folder.add("left.yaml", profile_text("base", "left"));
  folder.add("right.yaml", profile_text("base", "right"));
  folder.add("child.yaml", profile_text("left, right", "child"));
  const Store store({folder.path()});
  Loaded loaded = load(store, "child");
  CHECK(loaded.text() == "");
  CHECK(keys(loaded) == "net/core/base net/core/left net/core/right net/core/child ");
  CHECK(profile_of(loaded).name() == "child");
  CHECK(profile_of(loaded).path() == folder / "child.yaml");
  CHECK(loaded.diagnostics.sources.size() == 4);
}

TEST_CASE("a path in inherits is relative to the file that names it") {
  const test::TempTree folder;
  folder.add("a/own.yaml", profile_text("./sub/parent.yaml", "own"));
  folder.add("a/sub/parent.yaml", profile_text("../other.yaml", "parent"));
  folder.add("a/other.yaml", profile_text("", "other"));
  Loaded loaded = load(Store({}), folder / "a/own.yaml");
  CHECK(loaded.text() == "");
  CHECK(keys(loaded) == "net/core/other net/core/parent net/core/own ");
}

TEST_CASE("a cycle is named as a whole, where it closes") {
  const test::TempTree folder;
  folder.add("a.yaml", profile_text("b", "a"));
  folder.add("b.yaml", profile_text("c", "b"));
  folder.add("c.yaml", profile_text("b", "c"));
  Loaded loaded = load(Store({folder.path()}), "a");
  CHECK_FALSE(loaded.profile);
  CHECK(replaced(loaded.text(), folder.path(), "DIR") ==
        "DIR/c.yaml:3:12: error: a profile can't inherit itself: b -> c -> b\n"
        "    3 | inherits: [b]\n"
        "      |            ^\n");
  folder.add("link.yaml", "");
  fs::remove(folder / "link.yaml");
  REQUIRE(::symlink("b.yaml", (folder / "link.yaml").c_str()) == 0);
  folder.add("c.yaml", profile_text("link", "c"));
  CHECK(load(Store({folder.path()}), "a").text().find("can't inherit itself") != std::string::npos);
}

TEST_CASE("a profile that hides the one it means to build on is told its path") {
  const test::TempTree folder;
  folder.add("etc/base.yaml", profile_text("base", "a"));
  folder.add("usr/base.yaml", profile_text("", "b"));
  Loaded loaded = load(Store({folder / "etc", folder / "usr"}), "base");
  CHECK(loaded.text().find("help: to build on the one that this file hides, name its path: " +
                           (folder / "usr/base.yaml")) != std::string::npos);
  folder.add("etc/base.yaml", profile_text(folder / "usr/base.yaml", "a"));
  CHECK(load(Store({folder / "etc", folder / "usr"}), "base").profile.has_value());
}

TEST_CASE("the faults of inherited files are reported with those of the others") {
  const test::TempTree folder;
  folder.add("a.yaml", profile_text("b, nothing, c", "a"));
  folder.add("b.yaml", "nettune: 1\nnonsense: 1\n");
  folder.add("c.yaml", "a: [1\n");
  Loaded loaded = load(Store({folder.path()}), "a");
  CHECK_FALSE(loaded.profile);
  const std::string text = loaded.text();
  CHECK(text.find("a.yaml:3:15: error: no profile is called \"nothing\"") != std::string::npos);
  CHECK(text.find("b.yaml:2:1: error: unknown word \"nonsense\"") != std::string::npos);
  CHECK(text.find("c.yaml:1:4: error: this [ is never closed") != std::string::npos);
}

TEST_CASE("a duplicate key is no profile, although the rest of the file is checked") {
  const test::TempTree folder;
  folder.add("a.yaml", "nettune: 1\nnettune: 1\n");
  Loaded loaded = load(Store({folder.path()}), "a");
  CHECK_FALSE(loaded.profile);
  CHECK(loaded.text().find("stands twice") != std::string::npos);
}

TEST_CASE("sixty-four inherited files are taken, and one more is refused where it is named") {
  const test::TempTree folder;
  for (int i = 0; i < 70; ++i) {
    folder.add("p" + std::to_string(i) + ".yaml",
               profile_text(i == 0 ? "" : "p" + std::to_string(i - 1), "k"));
  }
  const Store store({folder.path()});
  CHECK(profile_of(load(store, "p64")).entries().size() == 65);
  Loaded loaded = load(store, "p65");
  CHECK_FALSE(loaded.profile);
  CHECK(replaced(loaded.text(), folder.path(), "DIR") ==
        "DIR/p1.yaml:3:12: error: more than 64 files are inherited\n"
        "    3 | inherits: [p0]\n"
        "      |            ^~\n");
}

TEST_CASE("diamond upon diamond costs the sum of the files") {
  const test::TempTree folder;
  folder.add("l0.yaml", profile_text("", "l0"));
  folder.add("r0.yaml", profile_text("", "r0"));
  for (int i = 1; i < 30; ++i) {
    const std::string parents = fmt::format("l{0}, r{0}", i - 1);
    for (const char* side : {"l", "r"}) {
      const std::string name = fmt::format("{}{}", side, i);
      folder.add(name + ".yaml", profile_text(parents, name));
    }
  }
  Loaded loaded = load(Store({folder.path()}), "l29");
  CHECK(profile_of(loaded).entries().size() == 59);
  CHECK(loaded.diagnostics.sources.size() == 59);
}

TEST_CASE("ten thousand keys are taken in all, and the next one is refused where it stands") {
  const test::TempTree folder;
  const auto many = [](const std::string& inherits, const std::string& prefix, int count) {
    std::string text = "nettune: 1\n" + inherits + "sysctl:\n";
    for (int i = 0; i < count; ++i) {
      text.append("  net.core.").append(prefix).append(std::to_string(i)).append(": 1\n");
    }
    return text;
  };
  folder.add("base.yaml", many("", "a", 6000));
  folder.add("own.yaml", many("inherits: [base]\n", "b", 4000));
  const Store store({folder.path()});
  Loaded fitting = load(store, "own");
  CHECK(fitting.text() == "");
  CHECK(profile_of(fitting).entries().size() == 10'000);
  folder.add("own.yaml", many("inherits: [base]\n", "b", 4001));
  Loaded loaded = load(store, "own");
  CHECK_FALSE(loaded.profile);
  CHECK(loaded.text().find("own.yaml:4004:3: error: more than 10000 keys, with those that are "
                           "inherited") != std::string::npos);
}
