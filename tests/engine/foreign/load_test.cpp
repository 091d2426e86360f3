// SPDX-License-Identifier: MIT
// sysctl.d files and TuneD profiles as profiles: what each line becomes, and what is said of it.
#include "engine/foreign/load.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "engine/sysctl/value.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::profile;
using nettune::test::TempTree;

namespace {

std::string text_of(const Rule& rule) {
  if (rule.kind == Rule::Kind::keep) return "keep";
  const Expression& operand = rule.operands()[0];
  std::string value = operand.kind == Expression::Kind::word
                          ? std::string(operand.word.view())
                          : sysctl::to_string(operand.quantity.numerator);
  switch (rule.kind) {
    case Rule::Kind::at_least:
      return "at least " + value;
    case Rule::Kind::at_most:
      return "at most " + value;
    default:
      return value;
  }
}

// A profile where there must be one; an empty one, which no test expects, where there is none.
const Profile& got(const std::optional<Profile>& profile) {
  static const Profile none;
  CHECK(profile.has_value());
  return profile ? *profile : none;
}

std::string text_of(const std::optional<Profile>& profile) {
  if (!profile) return "none";
  std::string all;
  for (const Entry& entry : profile->entries()) {
    std::vector<std::string> rules;
    rules.reserve(entry.rules.size());
    for (const Rule& rule : entry.rules) rules.push_back(text_of(rule));
    all += fmt::format("{}{}: {}{}", all.empty() ? "" : " | ", entry.key.name(),
                       fmt::join(rules, ", "), entry.optional ? "?" : "");
  }
  return all;
}

// "2:5+3 error: message [lint] (help)", one a line.
std::string text_of(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    const char* severity = diagnostic.severity == Severity::error     ? "error"
                           : diagnostic.severity == Severity::warning ? "warning"
                                                                      : "note";
    all += fmt::format("{}:{}+{} {}: {}", diagnostic.origin.line, diagnostic.origin.column,
                       diagnostic.origin.length, severity, diagnostic.message);
    if (!diagnostic.lint.empty()) all += fmt::format(" [{}]", diagnostic.lint.name());
    if (!diagnostic.help.empty()) all += fmt::format(" ({})", diagnostic.help);
    all += '\n';
  }
  return all;
}

struct Loaded {
  TempTree root;
  Diagnostics diagnostics;
  std::optional<Profile> profile;

  // One file, or several in the order of precedence.
  explicit Loaded(const std::vector<std::string>& texts) {
    std::vector<std::string> paths;
    paths.reserve(texts.size());
    for (const std::string& text : texts) {
      paths.push_back(root.add(fmt::format("{}.conf", paths.size()), text));
    }
    profile = load_sysctl_d(paths, diagnostics);
  }
  std::string said() const { return text_of(diagnostics); }
};

struct LoadedTuned {
  TempTree root;
  Diagnostics diagnostics;
  std::optional<Profile> profile;

  explicit LoadedTuned(const std::string& text) {
    root.add("etc/tuned/p/tuned.conf", text);
    profile = load_tuned("p", root.path(), diagnostics);
  }
  std::string said() const { return text_of(diagnostics); }
};

}  // namespace

TEST_CASE("plain lines become exact values without a word") {
  const Loaded loaded(
      {"net.core.rmem_max = 16777216\nnet.ipv4.tcp_rmem = 4096\t131072 16777216\n"
       "-net.ipv4.tcp_sack=1\nnet.ipv4.tcp_congestion_control = bbr\n"
       "kernel.pid_max = 1\n"});
  CHECK(text_of(loaded.profile) ==
        "net.core.rmem_max: 16777216 | net.ipv4.tcp_rmem: 4096, 131072, 16777216 | "
        "net.ipv4.tcp_sack: 1? | net.ipv4.tcp_congestion_control: bbr");
  CHECK(loaded.said().empty());
  CHECK(got(loaded.profile).name() == "0");
  CHECK(got(loaded.profile).summary() ==
        "the lines of a sysctl.d file; one about keys outside net. is passed over");
}

TEST_CASE("numbers are what the kernel makes of them") {
  const Loaded loaded(
      {"net.core.somaxconn = 010\nnet.core.optmem_max = 0x5000\n"
       "net.ipv4.tcp_rmem = 8192 010000\n"});
  CHECK(text_of(loaded.profile) ==
        "net.core.somaxconn: 8 | net.core.optmem_max: 20480 | "
        "net.ipv4.tcp_rmem: 8192, 4096, keep");
  CHECK(loaded.said() ==
        "1:22+3 warning: octal: 010 is 8 [octal] (write 10 without the leading 0 if that is "
        "meant)\n"
        "2:23+6 note: hexadecimal: 0x5000 is 20480 [hexadecimal]\n"
        "3:26+6 warning: octal: 010000 is 4096 [octal] (write 10000 without the leading 0 if that "
        "is meant)\n"
        "3:21+11 warning: the third field keeps its value [short-vector] (write all of its fields: "
        "min default max)\n");
}

TEST_CASE("what the kernel drops is told") {
  const Loaded loaded(
      {"net.core.somaxconn = 4096 # was 128\nnet.core.optmem_max = 1 2 3\n"
       "net.ipv4.tcp_rmem = 4096 8192 16384 ; x\nnet.ipv4.tcp_sack = 1 on\n"});
  CHECK(loaded.said() ==
        "1:27+9 warning: \"# was 128\" is trailing text: the kernel drops it without a word "
        "[trailing-text] (a comment stands on a line of its own)\n"
        "2:25+3 warning: the key has 1 field: \"2 3\" is dropped without a word [surplus-fields] "
        "(leave it out)\n"
        "3:37+3 warning: \"; x\" is trailing text: the kernel drops it without a word "
        "[trailing-text] (a comment stands on a line of its own)\n"
        "4:23+2 warning: \"on\" is trailing text: the kernel drops it without a word "
        "[trailing-text] (leave it out)\n");
  CHECK(text_of(loaded.profile) ==
        "net.core.somaxconn: 4096 | net.core.optmem_max: 1 | "
        "net.ipv4.tcp_rmem: 4096, 8192, 16384 | net.ipv4.tcp_sack: 1");
}

TEST_CASE("what the kernel refuses is an error with what would be right") {
  const struct {
    const char *line, *said;
  } rows[] = {
      {"net.core.rmem_max = \"16777216\"",
       "1:21+10 error: the kernel refuses this value: '\"16777216\"' is not a number: the kernel "
       "takes "
       "digits alone (write it without quotes)\n"},
      {"net.core.rmem_max = 16M",
       "1:21+3 error: the kernel refuses this value: \"16M\" has more than digits, which is all "
       "the "
       "kernel takes (write 16777216 (16 MiB) or 16000000 (16 MB))\n"},
      {"net.ipv4.tcp_fin_timeout = 30s",
       "1:28+3 error: the kernel refuses this value: \"30s\" has more than digits, which is all "
       "the "
       "kernel takes (write 30)\n"},
      {"net.ipv4.tcp_rmem = 4096,8192,16384",
       "1:21+15 error: the kernel refuses this value: \"4096,8192,16384\" has more than digits, "
       "which is all the kernel takes (separate the fields by blanks)\n"},
      {"net.ipv4.tcp_rmem = 4096 x 16384",
       "1:26+1 error: the kernel refuses this value: \"x\" is not a number: the kernel takes "
       "digits "
       "alone (the fields before it are stored all the same)\n"},
      {"net.ipv4.tcp_sack = true",
       "1:21+4 error: the kernel refuses this value: \"true\" is not a number: the kernel takes "
       "digits "
       "alone (write 1)\n"},
      {"net.core.somaxconn = -1",
       "1:22+2 error: the kernel refuses this value: -1 is outside 0 to 2147483647\n"},
      {"net.ipv4.tcp_fin_timeout = +30",
       "1:28+3 error: the kernel refuses this value: \"+30\" is not a number: the kernel takes "
       "digits "
       "alone (write 30)\n"},
      {"net.core.somaxconn = 08",
       "1:22+2 error: the kernel refuses this value: \"08\" begins with 0, which makes it octal, "
       "and "
       "has other digits (write 8)\n"},
      {"net.core.somaxconn =",
       "1:1+18 error: the kernel refuses this value: a blank text is not a number\n"},
      {"net.ipv4.tcp_congestion_control = bbr # fast",
       "1:38+1 error: the kernel refuses this value: the kernel takes the blank for a part of the "
       "name, and no name has one (write one name, with nothing behind it)\n"},
  };
  for (const auto& row : rows) {
    const Loaded loaded({std::string(row.line) + "\n"});
    CHECK(loaded.said() == row.said);
    CHECK(text_of(loaded.profile).empty());
  }
}

TEST_CASE("a range of an older kernel is no error here: resolve() knows the kernel") {
  const Loaded loaded({"net.ipv4.tcp_no_metrics_save = 1000\n"});
  CHECK(loaded.said().empty());
}

TEST_CASE("a line with a character that is not seen is refused, and its code point is named") {
  const struct {
    const char* text;
    const char* said;
  } rows[] = {
      {"\xe2\x80\x8bnet.ipv4.tcp_sack = 1",
       "1:1+3 error: invisible character U+200B (zero width "
       "space) (delete it: the line reads differently from "
       "what it says)\n"},
      {"net.ipv4.tcp_sack\xc2\xa0= 1",
       "1:18+2 error: unusual blank U+00A0 (no-break space) in a key: every loader takes it for a "
       "part of the name, and no key has it (write an ordinary blank, or none)\n"},
      {"net.ipv4.tcp_sack =\xc2\xa0"
       "1",
       "1:20+2 error: unusual blank U+00A0 (no-break space) in a value (write an ordinary blank, "
       "or none)\n"},
      {"net.ipv4.tcp_congestion_control = re\xe2\x80\x8dno",
       "1:37+3 error: invisible character U+200D (zero width joiner) in a value (delete it: only a "
       "summary, a why or a comment may hold it)\n"},
      {"# 10\xc2\xa0%, \xe2\x80\x8d", ""},
      {"# \xe2\x80\xae",
       "1:3+3 error: invisible character U+202E (right-to-left override) (delete "
       "it: the line reads differently from what it says)\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const Loaded loaded({std::string(row.text) + "\n"});
    CHECK(loaded.said() == row.said);
    CHECK(text_of(loaded.profile).empty());
  }
}

TEST_CASE("an algorithm that Linux does not have is doubted") {
  const Loaded loaded({"net.ipv4.tcp_congestion_control = cubik\n"});
  CHECK(
      loaded.said() ==
      "1:35+5 warning: Linux has no congestion control \"cubik\" of its own; where there is none, "
      "the loaders pass over the line [unknown-algorithm] (did you mean cubic?)\n");
  CHECK(text_of(loaded.profile) == "net.ipv4.tcp_congestion_control: cubik");
}

TEST_CASE("an empty list of allowed algorithms is an error") {
  const Loaded loaded({"net.ipv4.tcp_allowed_congestion_control =\n"});
  CHECK(loaded.said().find(" error: an empty list is harmful") != std::string::npos);
}

TEST_CASE("the later of two lines counts, and the earlier one is told") {
  const Loaded loaded(
      {"net.core.somaxconn = 1\nnet.ipv4.tcp_sack = 0\n"
       "net/core/somaxconn = 2\nnet.ipv4.tcp_sack = 0\n"});
  CHECK(text_of(loaded.profile) == "net.ipv4.tcp_sack: 0 | net.core.somaxconn: 2");
  CHECK(loaded.said() ==
        "1:1+18 warning: this line has no effect: line 3 sets net.core.somaxconn to 2 [overridden] "
        "(keep one of the two lines)\n"
        "4:1+17 note: line 2 says the same again [repeated]\n");
}

TEST_CASE("a later line with fewer fields overrides for systemd alone") {
  const Loaded loaded(
      {"net.ipv4.tcp_rmem = 4096 131072 33554432\nnet.ipv4.tcp_rmem = 8192\n"
       "net.ipv4.tcp_wmem = 4096 16384 4194304\nnet.ipv4.tcp_wmem = 4096 16384 8388608\n"});
  CHECK(loaded.said().find("1:1+17 warning: systemd-sysctl passes this line over: line 2 sets "
                           "net.ipv4.tcp_rmem to 8192 [overridden]") != std::string::npos);
  CHECK(loaded.said().find("3:1+17 warning: this line has no effect: line 4 sets") !=
        std::string::npos);
}

TEST_CASE("a later file overrides an earlier one") {
  const Loaded loaded({"net.core.somaxconn = 1\n", "net.core.somaxconn = 2\n"});
  CHECK(text_of(loaded.profile) == "net.core.somaxconn: 2");
  CHECK(loaded.said() ==
        fmt::format("1:1+18 warning: this line has no effect: {}/1.conf:1 sets net.core.somaxconn "
                    "to 2 [overridden] (keep one of the two lines)\n",
                    loaded.root.path()));
  CHECK(got(loaded.profile).name() == "sysctl.d");
  CHECK(got(loaded.profile).sources().size() == 2);
}

TEST_CASE("an exclusion keeps the key out of the globs") {
  const Loaded loaded({"net.ipv4.conf.*.rp_filter = 1\n-net.ipv4.conf.eth0.rp_filter\n"});
  CHECK(text_of(loaded.profile) ==
        "net.ipv4.conf.*.rp_filter: 1 | net.ipv4.conf.eth0.rp_filter: keep");
  CHECK(loaded.said().empty());
}

TEST_CASE("an exclusion behind a value ends it for systemd alone") {
  const Loaded loaded({"net.ipv4.conf.eth0.rp_filter = 2\n-net.ipv4.conf.eth0.rp_filter\n"});
  CHECK(text_of(loaded.profile) == "net.ipv4.conf.eth0.rp_filter: keep");
  CHECK(loaded.said() ==
        "1:1+28 warning: line 2 excludes this key: systemd-sysctl does not set it then, and "
        "sysctl(8) does [excluded] (keep one of the two lines)\n");
}

TEST_CASE("a line that systemd-sysctl alone takes is warned of, and no leftover") {
  const TempTree root;
  const std::string path = root.add("a.conf",
                                    "- net.ipv4.tcp_sack = 0\n"
                                    "net.ipv4.conf.{lo,default}.arp_n* = 1\n"
                                    "net.ipv4.conf.{lo,default}.arp_ignore = 1\n");
  Diagnostics diagnostics;
  std::vector<LeftOut> left;
  const std::optional<Profile> profile = load_sysctl_d({path}, diagnostics, &left);
  CHECK(text_of(profile).starts_with("net.ipv4.tcp_sack: 0? | "));
  CHECK(diagnostics.list.size() == 3);
  REQUIRE(left.size() == 1);
  CHECK(left.front().origin.line == 3);
}

TEST_CASE("a dotted link's name in a dotted key is told") {
  const Loaded loaded({"net.ipv4.conf.eth0.100.rp_filter = 1\n"});
  CHECK(loaded.said() ==
        "1:36+1 warning: no link has a slash in its name, so there is no such key [dotted-link] "
        "(for the link eth0.100 write net/ipv4/conf/eth0.100/rp_filter)\n");
}

TEST_CASE("keys outside the catalogue are numbers if they look so, else a word") {
  const Loaded loaded({"net.x.y = 1 2\nnet.x.z = 010\nnet.x.w = a  b\n"});
  CHECK(text_of(loaded.profile) == "net.x.y: 1, 2 | net.x.z: 010 | net.x.w: a  b");
}

TEST_CASE("a refused hexadecimal number gets no advice about leading zeros") {
  const Loaded loaded({"net.core.wmem_max = 0x1000\n"});
  CHECK(loaded.said() ==
        "1:21+6 error: the kernel refuses this value: 4096 is outside 4608 to 2147483647\n");
}

TEST_CASE("a file that cannot be read is told, and no profile comes of it") {
  Diagnostics diagnostics;
  CHECK_FALSE(load_sysctl_d({"/nowhere/x.conf"}, diagnostics).has_value());
  CHECK(text_of(diagnostics) == "0:0+1 error: the file can't be read: No such file or directory\n");
}

TEST_CASE("variables that double are not followed without end") {
  std::string text = "[variables]\nv0=12345678\n";
  for (int i = 1; i < 40; ++i) {
    text += fmt::format("v{0}=${{v{1}}}${{v{1}}}\n", i, i - 1);
  }
  const LoadedTuned loaded(text + "[sysctl]\nnet.core.somaxconn=${v39}\n");
  CHECK(loaded.said().find("a text of more than 65536 bytes") != std::string::npos);
}

TEST_CASE("TuneD's bounds become rules, and its order counts") {
  const LoadedTuned loaded(
      "[main]\nsummary=Many\n[sysctl]\nnet.core.somaxconn=>2048\nnet.ipv4.tcp_fin_timeout=<30\n"
      "net.ipv4.tcp_rmem=\"4096 131072 16777216\"\n");
  CHECK(text_of(loaded.profile) ==
        "net.core.somaxconn: at least 2048 | net.ipv4.tcp_fin_timeout: at most 30 | "
        "net.ipv4.tcp_rmem: 4096, 131072, 16777216");
  CHECK(loaded.said().empty());
  CHECK(got(loaded.profile).name() == "p");
  CHECK(got(loaded.profile).summary() == "Many");
}

TEST_CASE("TuneD's bound before a vector is an error") {
  const LoadedTuned loaded("[sysctl]\nnet.ipv4.tcp_rmem = >4096 131072 16777216\n");
  CHECK(text_of(loaded.profile).empty());
  CHECK(loaded.said() ==
        "2:22+20 error: TuneD compares single numbers alone: here it writes the \">\" as well, and "
        "the kernel refuses it (write the value without \">\")\n");
}

TEST_CASE("what TuneD alone can compute is left out") {
  const LoadedTuned loaded(
      "[sysctl]\nnet.core.somaxconn=${f:exec:echo:1}\nnet.ipv4.tcp_sack=1\n"
      "[arm]\ntype=sysctl\nuname_regex=aarch64\nnet.ipv4.tcp_ecn=1\n");
  CHECK(text_of(loaded.profile) == "net.ipv4.tcp_sack: 1");
  CHECK(loaded.said() ==
        "2:20+16 warning: TuneD computes ${f:exec:echo:1} when it runs, so this key is left out "
        "[not-plain]\n"
        "7:1+16 note: this section counts on some processors or kernels only, so the key is left "
        "out [conditional]\n");
}

TEST_CASE("a tuned.conf is found by its path") {
  TempTree root;
  const std::string path = root.add("own/tuned.conf", "[sysctl]\nnet.core.somaxconn = 077\n");
  Diagnostics diagnostics;
  const auto profile = load_tuned(path, root.path(), diagnostics);
  CHECK(text_of(profile) == "net.core.somaxconn: 63");
  CHECK(got(profile).name() == "own");
  CHECK(got(profile).path() == path);
  CHECK(text_of(diagnostics) ==
        "2:22+3 warning: octal: 077 is 63 [octal] (write 77 without the leading 0 if that is "
        "meant)\n");
}

TEST_CASE("whoever asks is told of each line of a sysctl.d file that the profile lacks") {
  TempTree root;
  const std::string path = root.add(
      "a.conf",
      "kernel.panic = 1\nnet.ipv4.tcp_sack = 1\nnet.ipv4.tcp_sack = 0\nnet.core.wmem_max = 1M\n"
      "no assignment\n-net.ipv4.conf.*.rp_filter\nnet.ipv4.tcp_ecn = 2\n-net.ipv4.tcp_ecn\n"
      "net.core.somaxconn = 010\nnet.core.somaxconn = 010\nnet.x.\x01 = 1\n");
  Diagnostics diagnostics;
  std::vector<LeftOut> left_out;
  const auto profile = load_sysctl_d({path}, diagnostics, &left_out);
  CHECK(text_of(profile) ==
        "net.ipv4.tcp_sack: 0 | net.ipv4.tcp_ecn: keep | net.core.somaxconn: 8");
  std::string all;
  for (const LeftOut& one : left_out) {
    all += fmt::format("{}: {}: {}\n", one.origin.line, one.what, one.reason);
  }
  CHECK(
      all ==
      "11: : control character U+0001\n"
      "5: no assignment: this line is not an assignment, and every loader passes it over\n"
      "1: kernel.panic: it is not below net.\n"
      "2: net.ipv4.tcp_sack: line 3 sets it again\n"
      "7: net.ipv4.tcp_ecn: line 8 excludes it\n"
      "4: net.core.wmem_max: the kernel refuses this value: \"1M\" has more than digits, which is "
      "all the kernel takes\n"
      "6: net.ipv4.conf.*.rp_filter: a glob excludes no key\n");
}

TEST_CASE("whoever asks is told of each line and section of a tuned.conf that the profile lacks") {
  TempTree root;
  root.add("usr/lib/tuned/base/tuned.conf",
           "[cpu]\ngovernor=performance\n[disk]\nreadahead=>4096\n[sysctl]\n"
           "net.ipv4.tcp_sack=1\nnet.ipv4.tcp_ecn=1\n");
  root.add("etc/tuned/p/tuned.conf",
           "[main]\ninclude=base\n[disk]\nenabled=false\n[sysctl]\ndrop=net.ipv4.tcp_ecn\n"
           "net.ipv4.tcp_sack=0\nvm.swappiness=10\nnet.core.somaxconn=${f:exec:echo:1}\n"
           "net.ipv4.conf.*.rp_filter=1\nnet.ipv4.tcp_rmem=>1 2 3\nnet.ipv4.tcp_sack=0\n"
           "[arm]\ntype=sysctl\nuname_regex=aarch64\nnet.ipv4.tcp_fastopen=1\n");
  Diagnostics diagnostics;
  std::vector<LeftOut> left_out;
  const auto profile = load_tuned("p", root.path(), diagnostics, &left_out);
  CHECK(text_of(profile) == "net.ipv4.tcp_sack: 0");
  std::vector<std::string> all;
  all.reserve(left_out.size());
  for (const LeftOut& one : left_out) {
    all.push_back(fmt::format("{}: {}: {}", one.origin.line, one.what, one.reason));
  }
  const std::string gone = "a later file drops it, or its section is replaced or switched off";
  const std::string compares = "TuneD compares single numbers alone: here it writes";
  CHECK(all ==
        std::vector<std::string>{
            "7: net.ipv4.tcp_sack: net.ipv4.tcp_sack is set again on line 12, which counts",
            "10: net.ipv4.conf.*.rp_filter: TuneD knows no globs: no key has this name",
            "8: vm.swappiness: it is not below net.", "1: [cpu]: it sets no sysctls",
            fmt::format("6: net.ipv4.tcp_sack: {}/etc/tuned/p/tuned.conf:12 sets it again",
                        root.path()),
            "7: net.ipv4.tcp_ecn: " + gone,
            "9: net.core.somaxconn: TuneD computes ${f:exec:echo:1} when it runs",
            "11: net.ipv4.tcp_rmem: " + compares + " the \">\" as well, and the kernel refuses it",
            "16: net.ipv4.tcp_fastopen: its section counts on some processors or kernels only"});
}
