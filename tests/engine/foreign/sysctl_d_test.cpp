// SPDX-License-Identifier: MIT
// The lines of sysctl.d files, in both dialects. tests/kernel/loaders_test.cpp holds the rules
// against the real loaders.
#include "engine/foreign/sysctl_d.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "engine/profile/document.hpp"

using namespace nettune;
using namespace nettune::profile;

namespace {

// "1:key=value", "-key" for an exclusion, "!line" for a fault, "?" behind what may fail.
std::string scanned(std::string_view text, Dialect dialect) {
  SysctlScanner scanner(text, dialect);
  SysctlLine line;
  std::string all;
  while (scanner.next(line)) {
    if (!all.empty()) all += '|';
    all += fmt::format("{}:", line.number);
    if (line.kind == SysctlLine::Kind::fault) {
      all += fmt::format("!{}", line.key);
    } else if (line.kind == SysctlLine::Kind::exclusion) {
      all += fmt::format("-{}", line.key);
    } else {
      all += fmt::format("{}={}{}", line.key, line.value, line.ignore_failure ? "?" : "");
    }
  }
  return all;
}

struct Parsed {
  Diagnostics diagnostics;
  bool is_read = false;
  SysctlFile file;

  explicit Parsed(std::string text) {
    if (auto read = parse_sysctl_d("a.conf", std::move(text), diagnostics)) {
      file = std::move(*read);
      is_read = true;
    }
  }

  // "1:5: error: message; …"
  std::string said() const {
    std::string all;
    for (const Diagnostic& diagnostic : diagnostics.list) {
      if (!all.empty()) all += "; ";
      all += fmt::format("{}:{}: {}: {}", diagnostic.origin.line, diagnostic.origin.column,
                         diagnostic.severity == Severity::error ? "error" : "warning",
                         diagnostic.message);
    }
    return all;
  }
};

}  // namespace

TEST_CASE("white space around keys and values, comments and blank lines do not count") {
  const std::string_view text = "  net.a.b \t= 1 2  \n\n# c = 1\n  ; d = 2\n\tnet.c.d=3";
  for (const Dialect dialect : {Dialect::systemd, Dialect::procps}) {
    CHECK(scanned(text, dialect) == "1:net.a.b=1 2|5:net.c.d=3");
  }
}

TEST_CASE("a comment behind a value is a part of it") {
  CHECK(scanned("a = 1 # one\n", Dialect::systemd) == "1:a=1 # one");
  CHECK(scanned("a = 1;\n", Dialect::procps) == "1:a=1;");
}

TEST_CASE("the first equals sign parts key and value") {
  CHECK(scanned("a = 1 = 2\na == 3\n=4\n", Dialect::systemd) == "1:a=1 = 2|2:a== 3|3:=4");
}

TEST_CASE("a dash excludes, or lets a write fail") {
  for (const Dialect dialect : {Dialect::systemd, Dialect::procps}) {
    CHECK(scanned("-a\n -a = 1\n", dialect) == "1:-a|2:a=1?");
  }
  CHECK(scanned("- a = 1\n- b\n--c = 1\n", Dialect::systemd) == "1:a=1?|2:-b|3:-c=1?");
  CHECK(scanned("- a = 1\n- b\n--c = 1\n", Dialect::procps) == "1: a=1?|2:- b|3:c=1?");
}

TEST_CASE("a line without an equals sign is a fault") {
  CHECK(scanned("net.a.b 1\n", Dialect::systemd) == "1:!net.a.b 1");
  CHECK(scanned("a = 1 \\\n  2\n", Dialect::procps) == "1:a=1 \\|2:!2");
}

TEST_CASE("line ends differ between the loaders") {
  CHECK(scanned("a=1\r\nb=2\r\n", Dialect::systemd) == "1:a=1|2:b=2");
  CHECK(scanned("a=1\r\nb=2\r\n", Dialect::procps) == "1:a=1|2:b=2");
  CHECK(scanned("a=1\rb=2\nc=3", Dialect::systemd) == "1:a=1|1:b=2|2:c=3");
  CHECK(scanned("a=1\rb=2\nc=3", Dialect::procps) == "1:a=1\rb=2|2:c=3");
  const std::string nul("a=1\0b=2\nc=3", 11);
  CHECK(scanned(nul, Dialect::systemd) == "1:a=1|1:b=2|2:c=3");
  CHECK(scanned(nul, Dialect::procps) == "1:a=1|2:c=3");
}

TEST_CASE("keys have one form, whatever their separators") {
  const struct {
    std::string_view key, systemd, procps;
  } rows[] = {
      {"net.ipv4.tcp_sack", "net/ipv4/tcp_sack", "net/ipv4/tcp_sack"},
      {"net/ipv4/tcp_sack", "net/ipv4/tcp_sack", "net/ipv4/tcp_sack"},
      {"/net/ipv4/tcp_sack", "net/ipv4/tcp_sack", "net/ipv4/tcp_sack"},
      {"net//ipv4/tcp_sack", "net/ipv4/tcp_sack", "net/ipv4/tcp_sack"},
      {"net..ipv4.tcp_sack", "net/ipv4/tcp_sack", "net/ipv4/tcp_sack"},
      {"net/ipv4/tcp_sack/", "net/ipv4/tcp_sack", ""},
      {"net.ipv4.tcp_sack.", "net/ipv4/tcp_sack", ""},
      {"net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding",
       "net/ipv4/conf/eth0.100/forwarding"},
      {"net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding",
       "net/ipv4/conf/eth0.100/forwarding"},
      {"kernel.pid_max", "", ""},
      {"network.x.y", "", ""},
      {"proc/sys/net/ipv4/tcp_sack", "", ""},
      {"", "", ""},
      {"/", "", ""},
      {"net", "", ""},
  };
  for (const auto& row : rows) {
    CHECK(normal_key(row.key, Dialect::systemd) == row.systemd);
    CHECK(normal_key(row.key, Dialect::procps) == row.procps);
  }
}

TEST_CASE("assignments know where key and value stand") {
  const Parsed parsed("# first\n  -net.ipv4.tcp_sack = 1 2\n-net.ipv4.conf.lo.rp_filter\n");
  REQUIRE(parsed.is_read);
  REQUIRE(parsed.file.assignments.size() == 2);
  const Assignment& first = parsed.file.assignments[0];
  CHECK(first.key.name() == "net.ipv4.tcp_sack");
  CHECK(first.value == "1 2");
  CHECK(first.ignore_failure);
  CHECK(first.origin.line == 2);
  CHECK(first.origin.column == 4);
  CHECK(first.origin.length == 17);
  CHECK(first.value_origin.column == 24);
  CHECK(first.value_origin.length == 3);
  CHECK(parsed.file.assignments[1].is_exclusion);
  CHECK(parsed.said().empty());
}

TEST_CASE("other keys are counted and passed over") {
  const Parsed parsed("kernel.pid_max = 1\nvm/swappiness=10\nnet.ipv4.tcp_sack=1\n");
  CHECK(parsed.file.outside_net.size() == 2);
  CHECK(parsed.file.assignments.size() == 1);
  CHECK(parsed.said().empty());
}

TEST_CASE("each faulty line is told, and the others are kept") {
  const Parsed parsed(
      "net.ipv4.tcp_rmem = 4096 \\\n  8192\nnet.ipv4.tcp_sack 1\nnet.ipv4.../x = 1\n"
      "\"net.ipv4.tcp_sack\" = 1\n*.ipv4.tcp_sack = 1\nnet.ipv4.tcp_sack = 1\n");
  CHECK(parsed.said() ==
        "2:3: error: this line is not an assignment, and every loader passes it over; "
        "3:1: error: this line is not an assignment, and every loader passes it over; "
        "5:1: error: the quotes are a part of the name here, and no key has any; "
        "6:1: warning: a glob over more than net. is not looked at");
  CHECK(parsed.diagnostics.list[0].help ==
        "a line is not continued in the next one: write it as one line");
  CHECK(parsed.diagnostics.list[1].help == "write it as key = value");
  CHECK(parsed.file.assignments.size() == 3);
}

TEST_CASE("a glob with braces is several for systemd-sysctl, and an escaped sign is itself") {
  struct Row {
    const char* path;
    std::vector<std::string> systemd;
    std::vector<std::string> procps;
  };
  const Row rows[] = {
      {"net/a/{b,c}", {"net/a/{b,c}"}, {"net/a/{b,c}"}},
      {"net/a/\\b", {"net/a/\\b"}, {"net/a/\\b"}},
      {"net/a/{b,c}/*", {"net/a/b/*", "net/a/c/*"}, {"net/a/{b,c}/*"}},
      {"net/{a,b{c,d}}/?", {"net/a/?", "net/bc/?", "net/bd/?"}, {"net/{a,b{c,d}}/?"}},
      {"net/{a,b/*}", {"net/[a]", "net/b/*"}, {"net/{a,b/*}"}},
      {"net/a{}/*", {"net/a/*"}, {"net/a{}/*"}},
      {"net/{a/*", {"net/{a/*"}, {"net/{a/*"}},
      {"net/\\{a,b\\}/*", {"net/{a,b}/*"}, {"net/{a,b}/*"}},
      {"net/*/\\lo", {"net/*/lo"}, {"net/*/lo"}},
      {"net/a/\\*", {"net/a/[*]"}, {"net/a/[*]"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CHECK(globs_of(row.path, Dialect::systemd) == row.systemd);
    CHECK(globs_of(row.path, Dialect::procps) == row.procps);
  }
  // Each brace doubles them.
  std::string many = "net/*";
  for (int i = 0; i < 40; ++i) many += "{a,b}";
  CHECK(globs_of(many, Dialect::systemd).size() <= 1000);
}

TEST_CASE("the words of a command before a key are told, and the line that is meant") {
  const Parsed parsed(
      "sysctl -w net.core.somaxconn=1024\nexport net.ipv4.tcp_fin_timeout=15\n"
      "kernel.core_pattern = |/bin/x net.y\n");
  REQUIRE(parsed.diagnostics.list.size() == 2);
  CHECK(parsed.diagnostics.list[0].help == "write net.core.somaxconn = 1024");
  CHECK(parsed.diagnostics.list[1].help == "write net.ipv4.tcp_fin_timeout = 15");
  CHECK(parsed.file.assignments.empty());
  CHECK(parsed.file.outside_net.size() == 1);
}

TEST_CASE("braces without a glob are told, and the keys that are meant") {
  const Parsed parsed("net.ipv4.conf.{lo,default}.arp_notify = 1\n");
  CHECK(parsed.said() ==
        "1:1: warning: no loader expands braces in a key without *, ? or [, and no key has this "
        "name");
  CHECK(parsed.diagnostics.list[0].help ==
        "write a line for each: net/ipv4/conf/lo/arp_notify, net/ipv4/conf/default/arp_notify");
  CHECK(parsed.file.assignments.empty());
}

TEST_CASE("braces in a glob are told, for sysctl(8) does not expand them") {
  const Parsed parsed("net.ipv4.conf.{lo,default}.arp_n* = 1\nnet.ipv4.conf.{lo.arp_n* = 1\n");
  CHECK(parsed.said() ==
        "1:1: warning: sysctl(8) does not expand braces, and finds no key of this name");
  CHECK(parsed.diagnostics.list[0].help ==
        "write a line for each: net/ipv4/conf/lo/arp_n*, net/ipv4/conf/default/arp_n*");
  CHECK(parsed.file.assignments.size() == 3);
}

TEST_CASE("a key that would leave the tree is refused") {
  const Parsed parsed("net/ipv4/../../kernel/pid_max = 1\n");
  CHECK(parsed.said() == "1:1: error: a key never leaves /proc/sys/net");
  CHECK(parsed.file.assignments.empty());
}

TEST_CASE("bytes that mean nothing make their line void") {
  const Parsed parsed(std::string("net.ipv4.tcp_sack = 1\0\n", 23) +
                      "net.ipv4.tcp_\xff = 1\nnet.ipv4.tcp_sack = \x1b[31m1\n"
                      "net.ipv4.tcp_ecn = 1\r\nnet.ipv4.tcp_fack = 1\rx\n");
  CHECK(parsed.said() ==
        "1:22: error: a NUL byte: systemd-sysctl goes on behind it, sysctl(8) does not; "
        "2:14: error: byte 0xFF is not valid UTF-8; "
        "3:21: error: control character U+001B (escape); "
        "5:22: error: a carriage return inside the line: systemd-sysctl ends the line here, "
        "sysctl(8) does not");
  REQUIRE(parsed.file.assignments.size() == 1);
  CHECK(parsed.file.assignments[0].key.name() == "net.ipv4.tcp_ecn");
  CHECK(parsed.file.assignments[0].value == "1");
}

TEST_CASE("UTF-8 is held to the letter") {
  for (const char* bytes : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    CHECK(Parsed(std::string("# ") + bytes + "\n").diagnostics.list.size() == 1);
  }
  CHECK(Parsed("# \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n").diagnostics.list.empty());
}

TEST_CASE("a byte order mark makes the first line void") {
  const Parsed parsed("\xef\xbb\xbfnet.ipv4.tcp_sack = 1\nnet.ipv4.tcp_ecn = 1\n");
  CHECK(parsed.said() ==
        "1:1: error: the file begins with a byte order mark, which the loaders take for a part of "
        "this line");
  CHECK(parsed.file.assignments.size() == 1);
}

TEST_CASE("a file that is too large is not read, one that is just not is") {
  const Parsed large(std::string(max_file_size + 1, '#'));
  CHECK_FALSE(large.is_read);
  CHECK(large.said() ==
        "0:0: error: the file has 1048577 bytes, and more than 1048576 are not read");
  const Parsed line("net.ipv4.tcp_sack = " + std::string(max_file_size - 20, '1'));
  CHECK(line.file.assignments.size() == 1);
  CHECK(line.said().empty());
}

TEST_CASE("a file of noise gives a bounded number of diagnostics") {
  std::string noise;
  for (int i = 0; i < 200'000; ++i) noise += std::string(1, static_cast<char>(i % 32)) + "\n";
  const Parsed parsed(noise);
  CHECK(parsed.diagnostics.list.size() <= max_diagnostics + 1);
}
