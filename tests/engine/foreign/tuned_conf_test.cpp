// SPDX-License-Identifier: MIT
// TuneD profiles on temporary roots. What TuneD does was read off its own version 2.20.
#include "engine/foreign/tuned_conf.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::profile;
using nettune::test::TempTree;

namespace {

struct Read {
  Diagnostics diagnostics;
  bool is_read = false;
  TunedProfile profile;

  Read(const TempTree& root, const std::vector<std::string>& names) {
    if (auto read = read_tuned(names, root.path(), diagnostics)) {
      profile = std::move(*read);
      is_read = true;
    }
  }

  // What counts, in the order of the files: "net.a.b=1 net.c.d>2".
  std::string counts() const {
    if (!is_read) return "none";
    std::string all;
    for (const TunedAssignment& line : profile.assignments) {
      if (!line.is_effective()) continue;
      const char* sign = line.bound == TunedAssignment::Bound::exactly    ? "="
                         : line.bound == TunedAssignment::Bound::at_least ? ">"
                                                                          : "<";
      all += fmt::format("{}{}{}{}", all.empty() ? "" : " | ", line.key.name(), sign, line.value);
      if (!line.open.empty()) all += fmt::format(" (open: {})", line.open);
    }
    return all;
  }

  std::string said() const {
    std::string all;
    for (const Diagnostic& diagnostic : diagnostics.list) {
      all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", diagnostic.origin.line,
                         diagnostic.message);
    }
    return all;
  }
};

std::string counts_of(const std::string& text) {
  TempTree root;
  root.add("etc/tuned/p/tuned.conf", text);
  return Read(root, {"p"}).counts();
}

}  // namespace

TEST_CASE("the sysctl section, and sections of that type, set keys") {
  CHECK(counts_of("[main]\nsummary=x\n[sysctl]\nnet.core.somaxconn=>2048\n"
                  "net.ipv4.tcp_rmem=\"4096 131072 16777216\"\nvm.swappiness=10\n"
                  "net.core.optmem_max = <9000\n[more]\ntype=sysctl\nnet.ipv4.tcp_sack=1\n"
                  "[net]\nnet.ipv4.tcp_ecn=1\n") ==
        "net.core.somaxconn>2048 | net.ipv4.tcp_rmem=4096 131072 16777216 | "
        "net.core.optmem_max<9000 | net.ipv4.tcp_sack=1");
}

TEST_CASE("a hash behind a blank begins a comment") {
  CHECK(counts_of("[sysctl]\n# c\n; c\nnet.ipv4.tcp_sack=1 # one\nnet.ipv4.tcp_ecn=2#two\n"
                  "net.ipv4.tcp_fack=1 ; three\n") ==
        "net.ipv4.tcp_sack=1 | net.ipv4.tcp_ecn=2#two | net.ipv4.tcp_fack=1 ; three");
}

TEST_CASE("an indented line goes on with the value above") {
  CHECK(counts_of("[sysctl]\nnet.ipv4.tcp_rmem=4096\n  8192\n\n  16384\nnet.ipv4.tcp_sack=1\n") ==
        "net.ipv4.tcp_rmem=4096\n8192\n\n16384 | net.ipv4.tcp_sack=1");
}

TEST_CASE("what is included comes first and is overridden") {
  TempTree root;
  root.add("usr/lib/tuned/base/tuned.conf",
           "[main]\nsummary=Base\n[sysctl]\nnet.ipv4.tcp_sack=1\nnet.ipv4.tcp_ecn=1\n");
  root.add("usr/lib/tuned/child/tuned.conf",
           "[main]\ninclude=base\nsummary=Child\n[sysctl]\nnet.ipv4.tcp_ecn=2\n");
  const Read read(root, {"child"});
  CHECK(read.counts() == "net.ipv4.tcp_sack=1 | net.ipv4.tcp_ecn=2");
  CHECK(read.profile.summary == "Child");
  CHECK(read.profile.path == root.path() + "/usr/lib/tuned/child/tuned.conf");
  REQUIRE(read.profile.assignments.size() == 3);
  const TunedAssignment& lost = read.profile.assignments[1];
  CHECK_FALSE(lost.is_effective());
  CHECK(describe(lost.overridden_by) == root.path() + "/usr/lib/tuned/child/tuned.conf:5");
}

TEST_CASE("several includes are read from left to right, each file once") {
  TempTree root;
  root.add("usr/lib/tuned/a/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=1\n");
  root.add("usr/lib/tuned/b/tuned.conf", "[main]\ninclude=a\n[sysctl]\nnet.ipv4.tcp_sack=2\n");
  root.add("usr/lib/tuned/c/tuned.conf", "[main]\ninclude=b ; a,-nowhere\n");
  const Read read(root, {"c"});
  CHECK(read.counts() == "net.ipv4.tcp_sack=2");
  CHECK(read.said().empty());
}

TEST_CASE("/etc hides /usr, and may include what it hides") {
  TempTree root;
  root.add("usr/lib/tuned/a/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=1\nnet.ipv4.tcp_ecn=1\n");
  root.add("etc/tuned/a/tuned.conf", "[main]\ninclude=a\n[sysctl]\nnet.ipv4.tcp_sack=2\n");
  CHECK(Read(root, {"a"}).counts() == "net.ipv4.tcp_ecn=1 | net.ipv4.tcp_sack=2");
}

TEST_CASE("newer versions keep profiles in a sub-folder") {
  TempTree root;
  root.add("usr/lib/tuned/profiles/a/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=1\n");
  root.add("etc/tuned/profiles/b/tuned.conf", "[main]\ninclude=a\n");
  CHECK(Read(root, {"b"}).counts() == "net.ipv4.tcp_sack=1");
}

TEST_CASE("drop takes single keys away, replace the whole section, enabled=0 all of it") {
  TempTree root;
  root.add("usr/lib/tuned/a/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=1\nnet.ipv4.tcp_ecn=1\n");
  root.add("usr/lib/tuned/drop/tuned.conf",
           "[main]\ninclude=a\n[sysctl]\ndrop=net.ipv4.tcp_sack, net.x\nnet.ipv4.tcp_fack=0\n");
  root.add("usr/lib/tuned/replace/tuned.conf",
           "[main]\ninclude=a\n[sysctl]\nreplace=1\nnet.ipv4.tcp_fack=0\n");
  root.add("usr/lib/tuned/off/tuned.conf", "[main]\ninclude=a\n[sysctl]\nenabled=0\n");
  CHECK(Read(root, {"drop"}).counts() == "net.ipv4.tcp_ecn=1 | net.ipv4.tcp_fack=0");
  CHECK(Read(root, {"replace"}).counts() == "net.ipv4.tcp_fack=0");
  CHECK(Read(root, {"off"}).counts().empty());
}

TEST_CASE("the last of two sections wins, by priority first") {
  CHECK(counts_of("[sysctl]\nnet.ipv4.tcp_sack=1\n[z]\ntype=sysctl\nnet.ipv4.tcp_sack=2\n") ==
        "net.ipv4.tcp_sack=2");
  CHECK(counts_of("[sysctl]\npriority=5\nnet.ipv4.tcp_sack=1\n[z]\ntype=sysctl\n"
                  "net.ipv4.tcp_sack=2\n") == "net.ipv4.tcp_sack=1");
}

TEST_CASE("several active profiles are merged in their order") {
  TempTree root;
  root.add("etc/tuned/a/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=1\n");
  root.add("etc/tuned/b/tuned.conf", "[sysctl]\nnet.ipv4.tcp_sack=2\n");
  CHECK(Read(root, {"a", "b"}).counts() == "net.ipv4.tcp_sack=2");
  CHECK(Read(root, {"b", "a"}).counts() == "net.ipv4.tcp_sack=1");
}

TEST_CASE("plain variables are expanded, calls are left open") {
  TempTree root;
  root.add("etc/tuned/vars.conf", "backlog = 4096 # from a file\nalone\n");
  root.add(
      "etc/tuned/p/tuned.conf",
      "[variables]\ninclude=/etc/tuned/vars.conf\nn = 10\nm = ${n}0\n"
      "[sysctl]\nnet.core.somaxconn=${backlog}\nnet.ipv4.tcp_fastopen=>${m}\n"
      "net.ipv4.tcp_sack=\\${n}\nnet.ipv4.tcp_ecn=${f:exec:echo:1}\nnet.ipv4.tcp_fack=${no}\n");
  const Read read(root, {"p"});
  CHECK(read.counts() ==
        "net.core.somaxconn=4096 | net.ipv4.tcp_fastopen>100 | net.ipv4.tcp_sack=${n} | "
        "net.ipv4.tcp_ecn=${f:exec:echo:1} (open: ${f:exec:echo:1}) | "
        "net.ipv4.tcp_fack=${no} (open: ${no})");
  CHECK(read.said().empty());
}

TEST_CASE("PROFILE_DIR is the folder of the file") {
  TempTree root;
  root.add("etc/tuned/p/v.conf", "n = 7\n");
  root.add("etc/tuned/p/tuned.conf",
           "[variables]\ninclude=${i:PROFILE_DIR}/v.conf\n[sysctl]\nnet.ipv4.tcp_sack=${n}\n");
  CHECK(Read(root, {"p"}).counts() == "net.ipv4.tcp_sack=7");
}

TEST_CASE("what TuneD refuses is refused") {
  TempTree root;
  root.add("etc/tuned/p/tuned.conf", "x=1\n[sysctl]\nnet.ipv4.tcp_sack\n=3\n");
  const Read read(root, {"p"});
  CHECK_FALSE(read.is_read);
  CHECK(read.said() ==
        "1: this line stands before the first [section], so TuneD refuses the profile; "
        "3: this is neither a [section] nor name = value, so TuneD refuses the profile; "
        "4: there is no name before the \"=\", so TuneD refuses the profile");
}

TEST_CASE("a profile that is not there is told with where it was looked for") {
  TempTree root;
  root.add("etc/tuned/p/tuned.conf", "[main]\ninclude=nowhere\n");
  const Read read(root, {"p"});
  CHECK_FALSE(read.is_read);
  CHECK(read.said() == "2: there is no TuneD profile \"nowhere\"");
  CHECK_FALSE(Read(root, {"../p"}).is_read);
  CHECK_FALSE(Read(root, {".."}).is_read);
}

TEST_CASE("a profile that includes itself is read once, and told") {
  TempTree root;
  root.add("etc/tuned/a/tuned.conf", "[main]\ninclude=b\n[sysctl]\nnet.ipv4.tcp_sack=1\n");
  root.add("etc/tuned/b/tuned.conf", "[main]\ninclude=a\n[sysctl]\nnet.ipv4.tcp_sack=2\n");
  const Read read(root, {"a"});
  CHECK(read.counts() == "net.ipv4.tcp_sack=1");
  CHECK(read.said() == "2: \"a\" includes itself, which TuneD passes over");
}

TEST_CASE("a chain of includes has an end") {
  TempTree root;
  for (int i = 0; i < 40; ++i) {
    root.add(fmt::format("etc/tuned/p{}/tuned.conf", i),
             fmt::format("[main]\ninclude=p{}\n", i + 1));
  }
  const Read read(root, {"p0"});
  CHECK_FALSE(read.is_read);
  CHECK(read.said() == "2: more than 64 included files, or 16 levels of them, are not followed");
}

TEST_CASE("a glob and a name that is set twice are told") {
  TempTree root;
  root.add("etc/tuned/p/tuned.conf",
           "[sysctl]\nnet.ipv4.conf.*.rp_filter=1\nnet.ipv4.tcp_sack=1\nnet.ipv4.tcp_sack=2\n");
  const Read read(root, {"p"});
  CHECK(read.counts() == "net.ipv4.tcp_sack=2");
  CHECK(read.said() ==
        "3: net.ipv4.tcp_sack is set again on line 4, which counts; "
        "2: TuneD knows no globs: no key has this name");
}

TEST_CASE("too many options are refused in bounded time") {
  TempTree root;
  std::string text = "[sysctl]\n";
  for (int i = 0; i < 20'000; ++i) text += fmt::format("net.ipv4.k{}=1\n", i);
  root.add("etc/tuned/p/tuned.conf", text);
  const Read read(root, {"p"});
  CHECK_FALSE(read.is_read);
  CHECK(read.said() == "10002: more than 10000 options are not read");
}

TEST_CASE("the active profiles are those of both files") {
  TempTree root;
  std::vector<std::string> problems;
  CHECK(active_tuned_profiles(root.path(), problems).empty());
  root.add("etc/tuned/active_profile", "a  b $(x)\n");
  root.add("etc/tuned/post_loaded_profile", "c\n");
  CHECK(active_tuned_profiles(root.path(), problems) == std::vector<std::string>{"a", "b", "c"});
  CHECK(problems.empty());
}
