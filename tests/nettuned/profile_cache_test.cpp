// SPDX-License-Identifier: MIT
#include "nettuned/profile_cache.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <filesystem>

#include "support/fake_tree.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::daemon;

namespace {

struct World {
  World()
      : store({folder.path() + "/etc/profiles", folder.path() + "/usr/profiles"}),
        service({tree,
                 store,
                 {},
                 {"boot-1", {.device = 4, .inode = 4026531840, .cookie = 1}},
                 folder.path() + "/state",
                 folder.path() + "/active"},
                {}) {
    add("usr/profiles/base", "1024");
    add("usr/profiles/web", "2048", "inherits: [base]\n");
    folder.add("etc/profiles/wrong.yaml",
               "nettune: 1\nsummary: wrong\nsysctl:\n  net.core.x: 1 apple\n");
  }

  void add(const std::string& name, const std::string& value, const std::string& more = "") const {
    folder.add(name + ".yaml", "nettune: 1\nsummary: about " + value + "\n" + more +
                                   "sysctl:\n  net.core.somaxconn: " + value + "\n");
  }
  std::uint64_t wall_clock() const {
    struct timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<std::uint64_t>(time.tv_sec + (is_later ? 10 : 0)) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec) / 1000;
  }
  std::string value_of(const char* name) {
    const auto loaded = cache.load(name);
    if (!loaded) return "refused";
    return profile::to_string((*loaded)->desired().front());
  }

  FakeTree tree{{"net.core.somaxconn", "128"}};
  test::TempTree folder;
  profile::Store store;
  Service service;
  // What was written just now may be written again within the same tick of the clock, and is not
  // kept; what was written seconds ago is.
  bool is_later = true;
  ProfileCache cache{service, [this] { return wall_clock(); }};
};

}  // namespace

TEST_CASE("what has not changed is not read again") {
  World world;
  CHECK(world.cache.list()->size() == 3);
  CHECK(world.cache.reads() == 3);
  for (int i = 0; i < 10; ++i) {
    const auto listed = world.cache.list();
    REQUIRE(listed);
    const auto& rows = *listed;
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].listed.name == "base");
    CHECK(rows[0].loaded.has_value());
    CHECK(rows[1].loaded.has_value());
    CHECK_FALSE(rows[2].loaded.has_value());
  }
  // What is refused is looked at anew: whence it came is not known.
  CHECK(world.cache.reads() == 13);
  CHECK(world.value_of("web") == "2048");
  CHECK(world.cache.reads() == 13);
}

TEST_CASE("whatever has changed is seen at once") {
  World world;
  CHECK(world.value_of("web") == "2048");
  CHECK(world.value_of("base") == "1024");

  SUBCASE("in the file itself, with the same length, within one tick of the clock") {
    world.is_later = false;
    for (const char* value : {"2049", "2050", "2051"}) {
      world.add("usr/profiles/web", value, "inherits: [base]\n");
      CHECK(world.value_of("web") == value);
    }
  }
  SUBCASE("in the file itself, with the old time") {
    const std::string path = world.folder.path() + "/usr/profiles/web.yaml";
    struct stat before{};
    REQUIRE(::stat(path.c_str(), &before) == 0);
    const timespec times[] = {before.st_atim, before.st_mtim};
    struct stat after = before;
    while (after.st_ctim.tv_nsec == before.st_ctim.tv_nsec) {  // until the clock has ticked
      world.add("usr/profiles/web", "2049", "inherits: [base]\n");
      REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
      REQUIRE(::stat(path.c_str(), &after) == 0);
    }
    CHECK(world.value_of("web") == "2049");
  }
  SUBCASE("in what it inherits") {
    world.folder.add("usr/profiles/base.yaml", "nettune: 2\n");
    CHECK(world.value_of("web") == "refused");
  }
  SUBCASE("by a file that comes before it on the path") {
    world.add("etc/profiles/web", "4096");
    CHECK(world.value_of("web") == "4096");
    CHECK(world.value_of("web") == "4096");
    std::filesystem::remove(world.folder.path() + "/etc/profiles/web.yaml");
    CHECK(world.value_of("web") == "2048");
  }
  SUBCASE("by its end") {
    std::filesystem::remove(world.folder.path() + "/usr/profiles/web.yaml");
    CHECK(world.value_of("web") == "refused");
  }
  SUBCASE("behind a link") {
    const std::string link = world.folder.path() + "/etc/profiles/linked.yaml";
    world.add("elsewhere", "5000");
    std::filesystem::create_symlink(world.folder.path() + "/elsewhere.yaml", link);
    CHECK(world.value_of("linked") == "5000");
    world.add("elsewhere", "5001");
    CHECK(world.value_of("linked") == "5001");
  }
  SUBCASE("outside of the path") {
    world.add("elsewhere", "5000");
    world.folder.add("etc/profiles/child.yaml",
                     "nettune: 1\nsummary: x\ninherits: [" + world.folder.path() +
                         "/elsewhere.yaml]\nsysctl:\n  net.core.wmem_max: 1000000\n");
    CHECK(world.value_of("child") == "5000");
    world.add("elsewhere", "5001");
    CHECK(world.value_of("child") == "5001");
  }
}

TEST_CASE("a profile that others may write now is no longer trusted") {
  World world;
  world.store.trust_only_root();
  // Where the folder of the test is trusted at all.
  if (world.value_of("web") == "refused") {
    MESSAGE("skipped: the folder of this test is not to be trusted");
    return;
  }
  SUBCASE("itself") {
    REQUIRE(::chmod((world.folder.path() + "/usr/profiles/web.yaml").c_str(), 0666) == 0);
  }
  SUBCASE("its folder") {
    REQUIRE(::chmod((world.folder.path() + "/usr/profiles").c_str(), 0777) == 0);
  }
  SUBCASE("a folder on the way") {
    REQUIRE(::chmod((world.folder.path() + "/usr").c_str(), 0777) == 0);
  }
  CHECK(world.value_of("web") == "refused");
}

TEST_CASE(
    "where a folder of the search path can't be listed, no list is given as if it were whole") {
  World world;
  std::filesystem::remove_all(world.folder.path() + "/etc/profiles");
  std::filesystem::create_symlink("profiles", world.folder.path() + "/etc/profiles");
  const auto listed = world.cache.list();
  REQUIRE_FALSE(listed);
  CHECK(listed.error().message ==
        "list " + world.folder.path() + "/etc/profiles: Too many levels of symbolic links");
}
