// SPDX-License-Identifier: MIT
// The language of `sockets:`: each option with its range, and what is refused, to the letter.
#include "engine/profile/socket_preset.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "engine/sysctl/value.hpp"

using namespace nettune;
using namespace nettune::profile;

namespace {

struct Checked {
  Diagnostics diagnostics;
  std::optional<Document> document;
  std::vector<SocketPreset> presets;
};

Checked checked(const std::string& text) {
  Checked result;
  result.document = parse_document("p.yaml", text, result.diagnostics);
  if (!result.document) throw std::runtime_error("no document");
  result.presets = check_presets(result.document->root(), result.diagnostics);
  sort_and_cut(result.diagnostics);
  return result;
}

// "nodelay=1 quickack=every-read/1": every option of the one preset.
std::string options(const std::string& lines) {
  const Checked result = checked("p:\n  " + lines + "\n");
  std::string out;
  for (const Diagnostic& diagnostic : result.diagnostics.list) {
    out += diagnostic.message + "; " + diagnostic.help;
  }
  if (!out.empty()) return out;
  REQUIRE(result.presets.size() == 1);
  for (const SocketOption& option : result.presets[0].options) {
    if (!out.empty()) out += ' ';
    out += option.name + "=" + (option.is_word ? option.word + "/" : "") +
           sysctl::to_string(option.number);
  }
  return out;
}

}  // namespace

TEST_CASE("each option is read into its own unit") {
  struct Row {
    const char* line;
    const char* options;
  };
  const Row rows[] = {
      {"nodelay: true", "nodelay=1"},
      {"nodelay: false", "nodelay=0"},
      {"quickack: off", "quickack=off/0"},
      {"quickack: every-read", "quickack=every-read/1"},
      {"notsent-lowat: 16 KiB", "notsent-lowat=16384"},
      {"notsent-lowat: kernel", "notsent-lowat=kernel/0"},
      {"user-timeout: 30 s", "user-timeout=30000"},
      {"user-timeout: 1500 ms", "user-timeout=1500"},
      {"user-timeout: 1500", "user-timeout=1500"},
      {"user-timeout: 0", "user-timeout=0"},
      {"keepalive: off", "keepalive=off/0"},
      {"keepalive: {idle: 1 min, interval: 10 s, probes: 6}",
       "keepalive=1 keepalive-idle=60 keepalive-interval=10 keepalive-probes=6"},
      {"keepalive: {probes: 127}", "keepalive=1 keepalive-probes=127"},
      {"congestion-control: bbr", "congestion-control=bbr/0"},
      {"receive-buffer: 64 KiB", "receive-buffer=65536"},
      {"send-buffer: 1.5 MiB", "send-buffer=1572864"},
      {"receive-lowat: 1", "receive-lowat=1"},
      {"defer-accept: 5 s", "defer-accept=5"},
      {"fast-open: {queue: 256, connect: true}", "fast-open-queue=256 fast-open-connect=1"},
      {"syn-count: 3", "syn-count=3"},
      {"max-segment: 1400", "max-segment=1400"},
      {"window-clamp: 1 MiB", "window-clamp=1048576"},
      {"max-pacing-rate: 100 Mbit/s", "max-pacing-rate=12500000"},
      {"max-pacing-rate: 12 bit/s", "max-pacing-rate=1"},
      {"max-pacing-rate: unlimited", "max-pacing-rate=unlimited/0"},
      {"busy-poll: 50 us", "busy-poll=50"},
      {"prefer-busy-poll: true", "prefer-busy-poll=1"},
      {"priority: 6", "priority=6"},
      {"tos: 0x10", "tos=16"},
      {"tos: 184", "tos=184"},
      {"mark: 0xFFFFffff", "mark=4294967295"},
      {"incoming-cpu: 3", "incoming-cpu=3"},
      {"reuse-port: true", "reuse-port=1"},
      {"zero-copy: true", "zero-copy=1"},
      {"thin-linear-timeouts: true", "thin-linear-timeouts=1"},
      {"bind-address-no-port: true", "bind-address-no-port=1"},
      {"linger2: 30 s", "linger2=30"},
      {"save-syn: 2", "save-syn=2"},
      {"write-buffer: {high: 64 KiB, low: 16 KiB}",
       "write-buffer-high=65536 write-buffer-low=16384"},
      {"write-buffer: {high: 0, low: 0}", "write-buffer-high=0 write-buffer-low=0"},
      {"read-limit: 64 KiB", "read-limit=65536"},
      {"'nodelay': 'true'", "nodelay=1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(options(row.line) == row.options);
  }
}

TEST_CASE("a number outside the range is refused with the range") {
  struct Row {
    const char* line;
    const char* fault;
  };
  const Row rows[] = {
      {"keepalive: {idle: 0}", "keepalive-idle takes 1 to 32767 seconds; "},
      {"keepalive: {idle: 600 min}", "keepalive-idle takes 1 to 32767 seconds; 600 min is 36000"},
      {"keepalive: {probes: 128}", "keepalive-probes takes 1 to 127; "},
      {"syn-count: 128", "syn-count takes 1 to 127; "},
      {"max-segment: 10", "max-segment takes 88 to 32767 bytes; "},
      {"user-timeout: -1", "user-timeout takes 0 to 2147483647 milliseconds; "},
      {"tos: 0x100", "tos takes 0 to 255; 0x100 is 256"},
      {"mark: 4294967296", "mark takes 0 to 4294967295; "},
      {"save-syn: 3", "save-syn takes 0 to 2; "},
      {"linger2: 121 s", "linger2 takes 0 to 120 seconds; 121 s is 121"},
      {"receive-buffer: 100", "receive-buffer takes 1152 to 1073741823 bytes; "},
      {"send-buffer: 2 GiB", "send-buffer takes 2304 to 1073741823 bytes; 2 GiB is 2147483648"},
      {"notsent-lowat: 0",
       "notsent-lowat takes 1 to 4294967295 bytes; to follow net.ipv4.tcp_notsent_lowat, write "
       "\"kernel\""},
      {"max-pacing-rate: 1 bit/s",
       "max-pacing-rate takes 1 to 1152921504606846975 bytes per second; 1 bit/s is 0"},
      {"priority: -1", "priority takes 0 to 2147483647; "},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(options(row.line) == row.fault);
  }
}

TEST_CASE("a value of the wrong kind is refused, and the right one named") {
  struct Row {
    const char* line;
    const char* fault;
  };
  const Row rows[] = {
      {"nodelay: yes", "nodelay is true or false; write true"},
      {"nodelay: on", "nodelay is true or false; write true"},
      {"nodelay: 1", "nodelay is true or false; write true"},
      {"nodelay: False", "nodelay is true or false; write false"},
      {"nodelay: 2", "nodelay is true or false; \"2\" is neither"},
      {"nodelay:", "nodelay has no value; "},
      {"nodelay: [true]", "nodelay takes one value, not a list; "},
      {"quickack: true", "quickack is off or every-read; \"true\" is neither"},
      {"quickack: evry-read", "quickack is off or every-read; did you mean \"every-read\"?"},
      {"notsent-lowat: kernal",
       "notsent-lowat takes an amount of bytes, or \"kernel\"; did you mean "
       "\"kernel\"?"},
      {"notsent-lowat: 30 s", "notsent-lowat takes an amount of bytes, or \"kernel\"; "},
      {"notsent-lowat: 4% ram",
       "notsent-lowat takes an amount of bytes, or \"kernel\"; a preset is the "
       "same on every host: it takes no % ram and no function"},
      {"receive-buffer: 4 pages", "receive-buffer takes an amount of bytes; "},
      {"user-timeout: 1 MiB", "user-timeout takes a time: us, ms, s or min; "},
      {"defer-accept: 1500 ms",
       "1500 ms is not a whole number of seconds; the nearest are 1 and 2"},
      {"max-pacing-rate: 1000",
       "max-pacing-rate takes a bit rate: kbit/s, Mbit/s or Gbit/s, or \"unlimited\"; "},
      {"max-pacing-rate: 1 MiB",
       "max-pacing-rate takes a bit rate: kbit/s, Mbit/s or Gbit/s, or \"unlimited\"; "},
      {"syn-count: 3 s", "syn-count takes a plain number; "},
      {"syn-count: 0x3", "\"0x3\" is not a decimal number; write 3"},
      {"tos: 0xzz", "\"0xzz\" is not a hexadecimal number of at most 8 digits; "},
      {"tos: 0x", "\"0x\" is not a hexadecimal number of at most 8 digits; "},
      {"congestion-control: a-name-too-long-x",
       "congestion-control has 17 characters, and a name at most 15; "},
      {"congestion-control: b b",
       "\"b b\" is not an algorithm's name; a name consists of letters, digits, \"_\", \"-\" and "
       "\".\""},
      {"keepalive: true",
       "keepalive is off, or a mapping of idle, interval, probes; its form is keepalive: {idle: "
       "TIME, interval: TIME, probes: NUMBER}; each field may be left out"},
      {"keepalive: {idel: 3 s}", "unknown word \"idel\" in keepalive; did you mean \"idle\"?"},
      {"fast-open: 5", "fast-open is a mapping of queue, connect; write fast-open: {queue: 5}"},
      {"write-buffer: {high: 1 KiB, low: 2 KiB}",
       "low is 2048 bytes, more than high with 1024; writing goes on below low, and pauses above "
       "high"},
      {"write-buffer: {low: 2 KiB}",
       "low stands without high; give both: writing pauses above high, and goes on below low"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(options(row.line) == row.fault);
  }
}

TEST_CASE("an unknown option is answered by the nearest, and some by their reason") {
  CHECK(options("nodelya: true") == "unknown socket option \"nodelya\"; did you mean \"nodelay\"?");
  CHECK(options("notsent_lowat: 1") ==
        "unknown socket option \"notsent_lowat\"; did you mean \"notsent-lowat\"?");
  CHECK(options("keepalive-idle: 1") ==
        "keepalive-idle is a part of keepalive; write keepalive: {idle: 1}");
  CHECK(options("cork: true") ==
        "cork can't stand in a preset; each accepted socket inherits it from its listener, and "
        "then holds partial segments back");
  CHECK(options("linger: 0") ==
        "linger can't stand in a preset; each accepted socket inherits it from its listener, and "
        "close() then blocks or resets the connection");
  CHECK(options("zzzzzzzz: 1").starts_with("unknown socket option \"zzzzzzzz\"; known are: "));
}

TEST_CASE("the caret stands under the part that is wrong") {
  const Checked result = checked("rpc:\n  notsent-lowat: 16M\n  tos: \"0x10 \"\n");
  REQUIRE(result.diagnostics.list.size() == 2);
  CHECK(format_diagnostic(result.diagnostics.list[0], {}) ==
        "p.yaml:2:20: error: unknown unit \"M\"\n"
        "    2 |   notsent-lowat: 16M\n"
        "      |                    ^\n"
        "      help: write 16 MiB (16777216 bytes) or 16 MB (16000000 bytes)\n");
}

TEST_CASE("presets have names and options, and all faults come in one run") {
  const Checked good = checked("a: {nodelay: true}\nb:\n  tos: 0x10\n  priority: 6\n");
  CHECK(good.diagnostics.list.empty());
  REQUIRE(good.presets.size() == 2);
  CHECK(good.presets[1].name == "b");
  CHECK(good.presets[1].origin.line == 2);
  CHECK(good.presets[1].options[0].text == "0x10");
  CHECK(good.presets[1].options[0].origin.line == 3);

  const Checked bad = checked("nodelay: true\n\"a b\": {tos: 1}\nc:\nd: [x]\ne: {x: 1, y: 2}\n");
  std::string text;
  for (const Diagnostic& diagnostic : bad.diagnostics.list) text += diagnostic.message + "\n";
  CHECK(text ==
        "nodelay is an option, and stands below a preset's name\n"
        "\"a b\" is not a valid preset name\n"
        "the preset \"c\" is a mapping of socket options\n"
        "the preset \"d\" is a mapping of socket options\n"
        "unknown socket option \"x\"\n"
        "unknown socket option \"y\"\n");
  CHECK(checked("[a]\n").diagnostics.list.size() == 1);
}

TEST_CASE("the list of options is complete, and says of each what it is") {
  const std::vector<SocketOptionFacts>& all = all_socket_options();
  for (const SocketOptionFacts& option : all) {
    CAPTURE(option.name);
    CHECK(option.minimum <= option.maximum);
    CHECK(option.meaning.ends_with('.'));
    CHECK(std::ranges::count(all, option.name, &SocketOptionFacts::name) == 1);
  }
  CHECK(all.size() == 34);
}
