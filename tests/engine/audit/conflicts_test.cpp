// SPDX-License-Identifier: MIT
// Who sets a key, on temporary roots. tests/kernel/loaders_test.cpp holds the winners against the
// real loaders.
#include "engine/audit/conflicts.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::audit;
using nettune::test::TempTree;

namespace {

struct World {
  TempTree root;
  std::vector<std::string> problems;

  // One line for each key: "key: systemd /etc/…:1=5! …", "!" behind what wins, "<>" where the
  // loaders disagree.
  std::string about(const std::vector<std::string>& names) {
    std::vector<sysctl::Key> keys;
    keys.reserve(names.size());
    for (const std::string& name : names) keys.push_back(*sysctl::Key::parse(name));
    std::string all;
    for (const Conflict& conflict : find_conflicts(root.path(), keys, problems)) {
      all += conflict.key.name() + (conflict.loaders_disagree ? " <>:" : ":");
      for (const Setter& setter : conflict.setters) {
        const char loader = setter.loader == Loader::systemd_sysctl ? 's'
                            : setter.loader == Loader::procps       ? 'p'
                                                                    : 't';
        all += fmt::format(" {}({}:{}={}){}", loader, setter.file, setter.line, setter.value,
                           setter.wins ? "!" : "");
      }
      all += '\n';
    }
    return all;
  }

  void link(const std::string& target, const std::string& file) const {
    const std::filesystem::path path = root.path() + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::create_symlink(target, path);
  }
};

const std::string sack = "net.ipv4.tcp_sack";
const std::string lo = "net.ipv4.conf.lo.rp_filter";

}  // namespace

TEST_CASE("an empty host sets nothing") {
  World world;
  CHECK(world.about({sack}).empty());
  CHECK(world.problems.empty());
}

TEST_CASE("every line that sets a key is told, and the last one wins") {
  World world;
  world.root.add("etc/sysctl.d/10.conf", "# x\nnet.ipv4.tcp_sack = 1\n");
  world.root.add("usr/lib/sysctl.d/20.conf", "net/ipv4/tcp_sack=0\n");
  CHECK(world.about({"net.core.somaxconn", sack}) ==
        "net.ipv4.tcp_sack: s(/etc/sysctl.d/10.conf:2=1) s(/usr/lib/sysctl.d/20.conf:1=0)! "
        "p(/etc/sysctl.d/10.conf:2=1) p(/usr/lib/sysctl.d/20.conf:1=0)!\n");
  CHECK(world.problems.empty());
}

TEST_CASE(
    "a key in a comment is set by nobody, and behind a comment's other end by systemd alone") {
  World world;
  world.root.add("etc/sysctl.d/10.conf", "# net\n#net.ipv4.tcp_sack = 1\n;net.ipv4.tcp_sack=1\n#");
  CHECK(world.about({sack}).empty());
  world.root.add("etc/sysctl.d/20.conf", "# x\n# net\rnet.ipv4.tcp_sack=0\n");
  CHECK(world.about({sack}) == "net.ipv4.tcp_sack <>: s(/etc/sysctl.d/20.conf:2=0)!\n");
  world.root.add("etc/sysctl.d/30.conf", "# net\n# net\n\t-net.ipv4.tcp_sack=1");
  CHECK(world.about({sack}) ==
        "net.ipv4.tcp_sack: s(/etc/sysctl.d/20.conf:2=0) s(/etc/sysctl.d/30.conf:3=1)! "
        "p(/etc/sysctl.d/30.conf:3=1)!\n");
}

TEST_CASE("the first folder with a file's name hides the others") {
  World world;
  world.root.add("usr/lib/sysctl.d/a.conf", sack + " = 1\n");
  world.root.add("run/sysctl.d/a.conf", sack + " = 2\n");
  world.root.add("usr/lib/sysctl.d/b.conf", sack + " = 3\n");
  world.link("/dev/null", "etc/sysctl.d/b.conf");
  CHECK(world.about({sack}) ==
        "net.ipv4.tcp_sack: s(/run/sysctl.d/a.conf:1=2)! p(/run/sysctl.d/a.conf:1=2)!\n");
  CHECK(world.problems.empty());
}

TEST_CASE("/etc/sysctl.conf is sysctl(8)'s alone, and read last") {
  World world;
  world.root.add("etc/sysctl.d/z.conf", sack + " = 1\n");
  world.root.add("etc/sysctl.conf", sack + " = 0\n");
  CHECK(world.about({sack}) ==
        "net.ipv4.tcp_sack <>: s(/etc/sysctl.d/z.conf:1=1)! p(/etc/sysctl.d/z.conf:1=1) "
        "p(/etc/sysctl.conf:1=0)!\n");
}

TEST_CASE("the loaders agree where the kernel means the same") {
  World world;
  world.root.add("etc/sysctl.d/z.conf", "net.core.somaxconn = 4096\n");
  world.root.add("etc/sysctl.conf", "net.core.somaxconn = 0x1000 # same\n");
  CHECK(world.about({"net.core.somaxconn"}) ==
        "net.core.somaxconn: s(/etc/sysctl.d/z.conf:1=4096)! p(/etc/sysctl.d/z.conf:1=4096) "
        "p(/etc/sysctl.conf:1=0x1000 # same)!\n");
}

TEST_CASE("a named key wins over every glob, and an exclusion keeps globs away") {
  World world;
  world.root.add("etc/sysctl.d/a.conf",
                 "net.ipv4.conf.lo.rp_filter = 2\n-net.ipv4.conf.eth0.rp_filter\n"
                 "net.ipv4.conf.*.rp_filter = 1\n");
  CHECK(
      world.about({lo, "net.ipv4.conf.eth0.rp_filter", "net.ipv4.conf.eth1.rp_filter"}) ==
      "net.ipv4.conf.lo.rp_filter: s(/etc/sysctl.d/a.conf:1=2)! s(/etc/sysctl.d/a.conf:3=1) "
      "p(/etc/sysctl.d/a.conf:1=2)! p(/etc/sysctl.d/a.conf:3=1)\n"
      "net.ipv4.conf.eth0.rp_filter: s(/etc/sysctl.d/a.conf:3=1) p(/etc/sysctl.d/a.conf:3=1)\n"
      "net.ipv4.conf.eth1.rp_filter: s(/etc/sysctl.d/a.conf:3=1)! p(/etc/sysctl.d/a.conf:3=1)!\n");
}

TEST_CASE("a link inside the root stays inside the root") {
  World world;
  world.root.add("opt/own.conf", sack + " = 1\n");
  world.link("/opt/own.conf", "etc/sysctl.d/a.conf");
  world.link("../../opt/own.conf", "etc/sysctl.d/b.conf");
  CHECK(world.about({sack}) ==
        "net.ipv4.tcp_sack: s(/etc/sysctl.d/a.conf:1=1) s(/etc/sysctl.d/b.conf:1=1)! "
        "p(/etc/sysctl.d/a.conf:1=1) p(/etc/sysctl.d/b.conf:1=1)!\n");
}

TEST_CASE("what cannot be read is a problem, and the rest is told") {
  World world;
  world.root.add("etc/sysctl.d/z.conf", sack + " = 1\n");
  world.root.add("etc/sysctl.d/big.conf", std::string((1u << 20) + 1, '#'));
  std::filesystem::create_directory(world.root.path() + "/etc/sysctl.d/folder.conf");
  REQUIRE(::mkfifo((world.root.path() + "/etc/sysctl.d/fifo.conf").c_str(), 0600) == 0);
  world.link("loop.conf", "etc/sysctl.d/loop.conf");
  CHECK(world.about({sack}) ==
        "net.ipv4.tcp_sack: s(/etc/sysctl.d/z.conf:1=1)! p(/etc/sysctl.d/z.conf:1=1)!\n");
  std::ranges::sort(world.problems);
  const std::string base = "read " + world.root.path() + "/etc/sysctl.d/";
  REQUIRE(world.problems.size() == 4);
  CHECK(world.problems[0] == base + "big.conf: File too large");
  CHECK(world.problems[1].starts_with(base + "fifo.conf: "));
  CHECK(world.problems[2] == base + "folder.conf: Is a directory");
  CHECK(world.problems[3] == base + "loop.conf: Too many levels of symbolic links");
}

TEST_CASE("a large file is read as well as a small one") {
  World world;
  world.root.add("etc/sysctl.d/a.conf", std::string(100'000, '#') + "\n" + sack + " = 1\n");
  CHECK(world.about({sack}) ==
        "net.ipv4.tcp_sack: s(/etc/sysctl.d/a.conf:2=1)! p(/etc/sysctl.d/a.conf:2=1)!\n");
}

TEST_CASE("the active TuneD profile is told with its includes") {
  World world;
  world.root.add("etc/tuned/active_profile", "child\n");
  world.root.add("usr/lib/tuned/base/tuned.conf",
                 "[sysctl]\nnet.core.somaxconn=>2048\nnet.ipv4.tcp_sack=0\n");
  world.root.add("etc/tuned/child/tuned.conf",
                 "[main]\ninclude=base\n[variables]\ns=1\n[sysctl]\nnet.ipv4.tcp_sack=${s}\n");
  CHECK(world.about({sack, "net.core.somaxconn"}) ==
        "net.ipv4.tcp_sack: t(/usr/lib/tuned/base/tuned.conf:3=0) "
        "t(/etc/tuned/child/tuned.conf:6=1)!\n"
        "net.core.somaxconn: t(/usr/lib/tuned/base/tuned.conf:2=>2048)!\n");
  CHECK(world.problems.empty());
  const auto key = sysctl::Key::parse("net.core.somaxconn");
  const std::vector<Conflict> bounds = find_conflicts(world.root.path(), {*key}, world.problems);
  CHECK(bounds.at(0).setters.at(0).bound == Setter::Bound::at_least);
  world.root.add("etc/tuned/child/tuned.conf", "[sysctl]\nnet.core.somaxconn=${f:exec:nproc}\n");
  CHECK(find_conflicts(world.root.path(), {*key}, world.problems).at(0).setters.at(0).is_computed);
}

TEST_CASE("TuneD carries out sysctl.d again after its profile, unless its settings say no") {
  World world;
  world.root.add("etc/tuned/active_profile", "p\n");
  world.root.add("etc/tuned/p/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=0\nnet.core.somaxconn=1\n");
  // Of two files of one name it takes that in /run; what no loader of sysctl.d takes, neither.
  world.root.add("run/sysctl.d/a.conf", "net.ipv4.tcp_sack = 1 \n-net.core.somaxconn=2\n");
  world.root.add("etc/sysctl.d/a.conf", "net.ipv4.tcp_sack=2\n");
  world.root.add("usr/lib/sysctl.d/z.conf", "net.ipv4.tcp_sack=3\n");
  const std::string by_loaders =
      "net.ipv4.tcp_sack: s(/etc/sysctl.d/a.conf:1=2) s(/usr/lib/sysctl.d/z.conf:1=3)! "
      "p(/etc/sysctl.d/a.conf:1=2) p(/usr/lib/sysctl.d/z.conf:1=3)! ";
  const std::string somaxconn = "net.core.somaxconn: t(/etc/tuned/p/tuned.conf:3=1)!\n";
  CHECK(world.about({sack, "net.core.somaxconn"}) ==
        by_loaders + "t(/etc/tuned/p/tuned.conf:2=0) t(/run/sysctl.d/a.conf:1=1)!\n" + somaxconn);
  const std::string by_profile = by_loaders + "t(/etc/tuned/p/tuned.conf:2=0)!\n" + somaxconn;
  for (const char* const no : {"0", "no", "False", "whatever"}) {
    world.root.add("etc/tuned/tuned-main.conf",
                   fmt::format("daemon = 1\nreapply_sysctl = {}  # why\n", no));
    CHECK(world.about({sack, "net.core.somaxconn"}) == by_profile);
  }
  // Without a section of its own for sysctls it does neither.
  world.root.add("etc/tuned/tuned-main.conf", "reapply_sysctl = yes\n");
  CHECK(world.about({sack}) ==
        by_loaders + "t(/etc/tuned/p/tuned.conf:2=0) t(/run/sysctl.d/a.conf:1=1)!\n");
  world.root.add("etc/tuned/p/tuned.conf", "[cpu]\ngovernor=performance\n");
  CHECK(world.about({sack}) == by_loaders.substr(0, by_loaders.size() - 1) + "\n");
  CHECK(world.problems.empty());
}

TEST_CASE("TuneD's settings name the folders of its profiles, the last of them first") {
  World world;
  world.root.add("etc/tuned/active_profile", "p\n");
  world.root.add("etc/tuned/p/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=0\n");
  world.root.add("opt/one/p/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=1\n");
  world.root.add("opt/two/p/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=2\n");
  world.root.add("etc/tuned/tuned-main.conf", "profile_dirs = /opt/one, /opt/two\n");
  CHECK(world.about({sack}) == "net.ipv4.tcp_sack: t(/opt/two/p/tuned.conf:2=2)!\n");
  world.root.add("etc/tuned/tuned-main.conf", "profile_dirs = /opt/two,/opt/one,/opt/none\n");
  CHECK(world.about({sack}) == "net.ipv4.tcp_sack: t(/opt/one/p/tuned.conf:2=1)!\n");
}

TEST_CASE("an active TuneD profile that is not there is a problem") {
  World world;
  world.root.add("etc/tuned/active_profile", "gone\n");
  CHECK(world.about({sack}).empty());
  REQUIRE(world.problems.size() == 1);
  CHECK(world.problems[0] == "read the TuneD profile gone: there is no TuneD profile \"gone\"");
}

TEST_CASE("an include that only TuneD can work out is a problem") {
  World world;
  world.root.add("etc/tuned/active_profile", "p\n");
  const std::string path =
      world.root.add("etc/tuned/p/tuned.conf",
                     "[main]\ninclude=${f:virt_check:a:b}\n[sysctl]\nnet.ipv4.tcp_sack=1\n");
  CHECK(world.about({sack}) == "net.ipv4.tcp_sack: t(/etc/tuned/p/tuned.conf:4=1)!\n");
  REQUIRE(world.problems.size() == 1);
  CHECK(world.problems[0] == "read the TuneD profile p: " + path +
                                 ":2: what ${f:virt_check:a:b} includes is known to TuneD alone");
}

TEST_CASE("loaders have the names of their commands") {
  CHECK(loader_name(Loader::systemd_sysctl) == "systemd-sysctl");
  CHECK(loader_name(Loader::procps) == "sysctl --system");
  CHECK(loader_name(Loader::tuned) == "TuneD");
}
