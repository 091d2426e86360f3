// SPDX-License-Identifier: MIT
// What a help line says to write is taken, and means what was meant: each kind of key with each
// kind of slip, the text that the help line names put in the place of the slip.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/profile/lint.hpp"
#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"

using namespace nettune;

namespace {

using Texts = std::vector<std::string>;

struct Checked {
  Texts desired;  // of each key, as audit shows the rule; empty where there are errors
  Texts helps;    // of the errors
};

Checked check(const std::string& text) {
  const FakeTree tree{};
  const sysctl::Version kernel = test::host_of(8).kernel;
  Diagnostics diagnostics;
  Checked checked;
  const auto document = profile::parse_document("test.yaml", text, diagnostics);
  if (document) {
    if (auto profile = profile::ProfileBuilder::check(*document, diagnostics, kernel)) {
      const auto resolved =
          profile::resolve(std::move(*profile), test::host_of(8), tree, diagnostics);
      for (std::size_t i = 0; resolved && i < resolved->desired().size(); ++i) {
        checked.desired.push_back(to_string(resolved->desired()[i]));
      }
    }
  }
  for (const Diagnostic& one : diagnostics.list) {
    if (one.severity == Severity::error) checked.helps.push_back(one.help);
  }
  if (!checked.helps.empty()) checked.desired.clear();
  return checked;
}

std::string file_of(std::string_view key, std::string_view rule) {
  return fmt::format("nettune: 1\nsysctl:\n  {}: {}\n", key, rule);
}

// The texts in "write A (note) or B (note)", without their notes; none where it says something
// else.
Texts suggested(const std::string& help) {
  Texts texts;
  constexpr std::string_view beginning = "write ";
  if (!help.starts_with(beginning)) return texts;
  for (std::string_view rest = std::string_view(help).substr(beginning.size()); !rest.empty();) {
    const std::size_t end = std::min(rest.find(" or "), rest.size());
    std::string_view one = rest.substr(0, end);
    if (const std::size_t note = one.find(" ("); note != std::string_view::npos) {
      one = one.substr(0, note);
    }
    texts.emplace_back(one);
    rest.remove_prefix(std::min(end + 4, rest.size()));
  }
  return texts;
}

// An amount as somebody wrote it, and the numbers that may be meant, the likelier first.
struct Slip {
  std::string text;
  Texts meant;
  bool is_right = false;  // taken where no rule stands before it
};

struct Kind {
  std::string key;
  std::vector<Slip> slips;
};

// What is the same for all numbers of things.
std::vector<Slip> counts(const std::string& unit) {
  std::vector<Slip> slips{
      {"5,000", {"5000"}},        {"5_000", {"5000"}},        {"5 000", {"5000"}},
      {"5'000", {"5000"}},        {"5.000", {"5000", "5"}},

      {"16,384", {"16384"}},      {"16.384", {"16384"}},      {"1,048,576", {"1048576"}},
      {"1.048.576", {"1048576"}}, {"1 048 576", {"1048576"}}, {"1_048_576", {"1048576"}},
      {"0x1000", {"4096"}},       {"0X1F40", {"8000"}},       {"010000", {"10000", "4096"}},
      {"09000", {"9000"}},        {"0o20000", {"8192"}},      {"0b1000000000000", {"4096"}},
      {"1e4", {"10000"}},         {"1E4", {"10000"}},         {"1.5e4", {"15000"}},
      {"1e+4", {"10000"}},        {"+9000", {"9000"}},        {"9k", {"9000"}},
      {"9K", {"9000"}},           {"9 k", {"9000"}},          {"10 thousand", {"10000"}},
      {"1M", {"1000000"}},        {"9000,", {"9000"}},        {"9000;", {"9000"}},
      {"8Ki", {"8192"}},          {"9000.", {"9000"}},
  };
  if (!unit.empty()) {
    slips.push_back({"9000 " + unit, {"9000"}});
    slips.push_back({"9,000 " + unit, {"9000"}});
    slips.push_back({"9000 " + unit.substr(0, unit.size() - 1), {"9000"}});
  }
  return slips;
}

std::vector<Slip> bytes() {
  return {
      {"16M", {"16777216", "16000000"}},
      {"16m", {"16777216", "16000000"}},
      {"16 mb", {"16777216", "16000000"}},
      {"16Mb", {"16777216", "16000000"}},
      {"16 Mib", {"16777216"}},
      {"16 mib", {"16777216"}},
      {"16 MEG", {"16777216", "16000000"}},
      {"16 megabytes", {"16000000"}},
      {"16 mebibytes", {"16777216"}},
      {"256k", {"262144", "256000"}},
      {"256K", {"262144", "256000"}},
      {"256 kb", {"262144", "256000"}},
      {"256 KB", {"262144", "256000"}},
      {"128 kilobytes", {"128000"}},
      {"1.5M", {"1572864", "1500000"}},
      {"1,5 MiB", {"1572864"}},
      {"1G", {"1073741824", "1000000000"}},
      {"1 gib", {"1073741824"}},
      {"16777216 bytes", {"16777216"}},
      {"16777216 b", {"16777216"}},
      {"16,777,216", {"16777216"}},
      {"16_777_216 B", {"16777216"}},
      {"16 777 216", {"16777216"}},
      {"16.777.216", {"16777216"}},
      {"0x1000000", {"16777216"}},
      {"1e6", {"1000000"}},
      {"010000", {"10000", "4096"}},
      {"+16 MiB", {"16777216"}},
      {"16MiB.", {"16777216"}},
      {"1.500 MiB", {"1572864000", "1572864"}},
      {"16384 k", {"16777216", "16384000"}},
      {"= 16 MiB", {"16777216"}},
      {"16MB", {"16000000"}, true},
      {"16 MIiB", {"16777216"}},
  };
}

std::vector<Slip> pages() {
  return {
      {"4%", {"83886"}},
      {"4 %", {"83886"}},
      {"4% of ram", {"83886"}},
      {"4% RAM", {"83886"}},
      {"4%memory", {"83886"}},
      {"4 percent", {"83886"}},
      {"4 percent of memory", {"83886"}},
      {"1,5%", {"31457"}},
      {"4%ram", {"83886"}, true},
      {"64M", {"16384", "15625"}},
      {"64 mib", {"16384"}},
      {"16384 page", {"16384"}},
      {"16,384 pages", {"16384"}},
      {"16384 Pages", {"16384"}},
      {"16,384", {"16384"}},
  };
}

// `unit`: nanoseconds in one of the key's.
std::vector<Slip> times(std::int64_t unit) {
  const auto of = [&](double seconds) -> Texts {
    return {fmt::format("{}", static_cast<std::int64_t>(seconds * 1e9) / unit)};
  };
  const bool is_whole = unit == 1'000'000'000;  // 1.8 s is no number of the key's then
  std::vector<Slip> slips{
      {"1 hour", of(3600)},
      {"2 hours", of(7200)},
      {"1h", of(3600)},
      {"1.5 hours", of(5400)},
      {"2 days", of(172800)},
      {"2d", of(172800)},
      {"90 sec", of(90)},
      {"90 secs", of(90)},
      {"90 seconds", of(90)},
      {"90 S", of(90)},
      {"5 minutes", of(300)},
      {"5m", of(300)},
      {"5 mins", of(300)},
      {"1h30m", of(5400)},
      {"1 min 30 s", of(90)},
      {"1 hour and 30 minutes", of(5400)},
      {"1 week", of(604800)},
      {"1,800 s", is_whole ? Texts{of(1800)[0]} : Texts{of(1800)[0], of(1.8)[0]}},
      {"90 sec.", {}},
      {"1_800", {"1800"}},
      {"1,800", {"1800"}},
      {"+90 s", of(90)},
      {"90 Sec", of(90)},
      {"7200sec", of(7200)},
      {"90 secodns", of(90)},
  };
  if (unit < 1'000'000'000) {
    slips.push_back({"1500 msec", of(1.5)});
    slips.push_back({"1500 milliseconds", of(1.5)});
    slips.push_back({"1500 MS", of(1.5)});
  }
  return slips;
}

std::vector<Slip> microseconds() {
  return {
      {"8000 usec", {"8000"}},   {"8000 \u00b5s", {"8000"}},   {"8000 microseconds", {"8000"}},
      {"8 msec", {"8000"}},      {"8000 US", {"8000"}},        {"8,000", {"8000"}},
      {"8.000", {"8000"}},       {"8 milliseconds", {"8000"}}, {"0x1F40", {"8000"}},
      {"1 second", {"1000000"}}, {"1.5 secs", {"1500000"}},    {"8e3", {"8000"}},
  };
}

std::vector<Slip> switches() {
  std::vector<Slip> slips;
  for (const char* word : {"on", "yes", "y", "enabled", "enable", "True", "TRUE", "On", "Yes"}) {
    slips.push_back({word, {"1"}});
  }
  for (const char* word : {"off", "no", "n", "disabled", "disable", "False", "OFF", "No"}) {
    slips.push_back({word, {"0"}});
  }
  return slips;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"net.core.somaxconn", counts("connections")},
      {"net.core.netdev_max_backlog", counts("packets")},
      {"net.ipv4.tcp_max_tw_buckets", counts("sockets")},
      {"net.ipv4.neigh.default.gc_thresh3", counts("entries")},
      {"net.netfilter.nf_conntrack_max", counts("")},
      {"net.core.rmem_max", bytes()},
      {"net.ipv4.udp_mem", pages()},
      {"net.ipv4.inet_peer_maxttl", times(1'000'000'000)},
      {"net.ipv4.neigh.default.locktime", times(10'000'000)},
      {"net.ipv4.icmp_ratelimit", times(1'000'000)},
      {"net.core.netdev_budget_usecs", microseconds()},
      {"net.ipv4.tcp_comp_sack_delay_ns", times(1)},
      {"net.ipv4.tcp_sack", switches()},
      {"net.ipv4.tcp_moderate_rcvbuf", switches()},
      {"net.ipv4.tcp_timestamps", switches()},
      {"net.ipv4.tcp_mtu_probing", switches()},
  };
  return all;
}

struct Wrapping {
  std::string text;  // {} is the amount
  std::string meant;
  bool is_rule = false;  // as it stands
};

const std::vector<Wrapping>& wrappings() {
  static const std::vector<Wrapping> all{
      {"{}", "{}", true},
      {"at least {}", "at least {}", true},
      {"at most {}", "at most {}", true},
      {"atleast {}", "at least {}"},
      {"at  least {}", "at least {}"},
      {"At least {}", "at least {}"},
      {"at-least {}", "at least {}"},
      {"at_least {}", "at least {}"},
      {"at leest {}", "at least {}"},
      {"at least: {}", "at least {}"},
      {">= {}", "at least {}"},
      {">={}", "at least {}"},
      {"=> {}", "at least {}"},
      {"\u2265 {}", "at least {}"},
      {"min {}", "at least {}"},
      {"minimum {}", "at least {}"},
      {"{} or more", "at least {}"},
      {"atmost {}", "at most {}"},
      {"AT MOST {}", "at most {}"},
      {"<= {}", "at most {}"},
      {"<{}", "at most {}"},
      {"up to {}", "at most {}"},
      {"max {}", "at most {}"},
      {"{} or less", "at most {}"},
  };
  return all;
}

std::string filled(const std::string& form, const std::string& amount) {
  std::string text = form;
  return text.replace(text.find("{}"), 2, amount);
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

TEST_CASE("what a help line says to write is taken, and means what was meant") {
  std::size_t tried = 0;
  for (const Kind& kind : kinds()) {
    const bool is_triple = kind.key == "net.ipv4.udp_mem";
    const auto field = [&](const std::string& text) {
      return is_triple ? fmt::format("[keep, keep, {}]", text) : text;
    };
    for (const Wrapping& wrapping : wrappings()) {
      for (const Slip& slip : kind.slips) {
        if (wrapping.is_rule && slip.is_right) continue;
        const std::string written = filled(wrapping.text, slip.text);
        INFO(kind.key << ": " << written);
        const Checked wrong = check(file_of(kind.key, field(quoted(written))));
        CHECK(wrong.helps.size() == 1);
        if (wrong.helps.empty()) continue;
        INFO("help: " << wrong.helps[0]);
        const Texts texts = suggested(wrong.helps[0]);
        if (slip.meant.empty()) {
          CHECK(texts.empty());
          continue;
        }
        CHECK(texts.size() == slip.meant.size());
        if (texts.size() != slip.meant.size()) continue;
        for (std::size_t i = 0; i < texts.size(); ++i) {
          const Checked right = check(file_of(kind.key, field(texts[i])));
          CHECK(right.helps == Texts{});
          CHECK(right.desired == Texts{field(filled(wrapping.meant, slip.meant[i]))});
          ++tried;
        }
      }
    }
  }
  CHECK(tried > 5000);
}

TEST_CASE("a help line for a word, a list or several fields is taken as well") {
  struct Row {
    const char* key;
    const char* written;
    Texts desired;
  };
  const std::vector<Row> rows{
      {"net.ipv4.tcp_congestion_control", "one of bbr, cubic", {"one of [bbr, cubic]"}},
      {"net.ipv4.tcp_congestion_control", "one of (bbr, cubic)", {"one of [bbr, cubic]"}},
      {"net.ipv4.tcp_congestion_control", "oneof [bbr, cubic]", {"one of [bbr, cubic]"}},
      {"net.ipv4.tcp_congestion_control", "any of [bbr, cubic]", {"one of [bbr, cubic]"}},
      {"net.ipv4.tcp_congestion_control", "One of [bbr, cubic]", {"one of [bbr, cubic]"}},
      {"net.ipv4.tcp_congestion_control", "bbr or cubic", {"one of [bbr, cubic]"}},
      {"net.ipv4.tcp_congestion_control", "bbr, cubic", {"one of [bbr, cubic]"}},
      {"net.ipv4.tcp_congestion_control", "at least bbr", {"bbr"}},
      {"net.core.somaxconn", "one of 4096", {"one of [4096]"}},
      {"net.core.somaxconn", "one of 4k, 8k", {"one of [4000, 8000]"}},
      {"net.core.somaxconn", "4096 or 8192", {"one of [4096, 8192]"}},
      {"net.core.somaxconn", "between 4,096 and 8,192", {"between 4096 and 8192"}},
      {"net.core.somaxconn", "between 4096 to 8192", {"between 4096 and 8192"}},
      {"net.core.somaxconn", "between 4096-8192", {"between 4096 and 8192"}},
      {"net.core.somaxconn", "4096..8192", {"between 4096 and 8192"}},
      {"net.core.somaxconn", "4096 to 8192", {"between 4096 and 8192"}},
      {"net.core.somaxconn", "from 4096 to 8192", {"between 4096 and 8192"}},
      {"net.core.somaxconn", "between 4096", {"at least 4096", "at most 4096"}},
      {"net.core.somaxconn", "Keep", {"keep"}},
      {"net.core.somaxconn", "kep", {"keep"}},
      {"net.core.rmem_max",
       "at least MAX(16M, bdp(10G, 20ms))",
       {"at least 25000000", "at least 25000000"}},
      {"net.core.rmem_max", "bdp(1 Gbps, 80 msec)", {"10000000"}},
      {"net.core.rmem_max", "bdp(1 Gbit/sec, 80 ms)", {"10000000"}},
      {"net.core.rmem_max", "bdp(80 ms, 1 Gbit/s)", {"10000000"}},
      {"net.core.rmem_max", "bdp(100 MB/s, 100 ms)", {"10000000"}},
      {"net.ipv4.ip_local_reserved_ports", "80, 443", {"80,443"}},
      {"net.ipv4.ip_local_reserved_ports", "8080..8090", {"8080-8090"}},
      {"net.ipv4.ip_local_reserved_ports", "080,443", {"80,443"}},
      {"net.core.rps_default_mask", "0xf", {"f"}},
      {"net.core.rps_default_mask", "0-3", {"f"}},
      {"net.ipv4.tcp_rmem", "4096 131072 6291456", {"4096 131072 6291456"}},
      {"net.ipv4.tcp_rmem", "4096,131072,6291456", {"4096 131072 6291456"}},
      {"net.ipv4.tcp_rmem", "4096, 131072, 6291456", {"4096 131072 6291456"}},
      {"net.ipv4.tcp_rmem", "4,096 131,072 6,291,456", {"4096 131072 6291456"}},
      {"net.ipv4.tcp_rmem", "4k 128k 6M", {"4096 131072 6291456", "4000 128000 6000000"}},
      {"net.ipv4.tcp_rmem", "4 KiB 128 KiB 6 MiB", {"4096 131072 6291456"}},
      {"net.ipv4.tcp_mem", "1% 2% 3%", {"20971 41943 62914"}},
      {"net.ipv4.ip_local_port_range", "32768-60999", {"32768 60999"}},
      {"net.ipv4.ip_local_port_range", "32768 60999", {"32768 60999"}},
      {"net.ipv4.ip_local_port_range", "32768 to 60999", {"32768 60999"}},
      {"net.core.unheard_of", "5,000", {"5000"}},
      {"net.core.unheard_of", "0x10", {"16"}},
      {"net.core.unheard_of", "64k", {"65536", "64000"}},
      {"net.core.unheard_of", "true", {"1"}},
  };
  for (const Row& row : rows) {
    INFO(row.key << ": " << row.written);
    const Checked wrong = check(file_of(row.key, quoted(row.written)));
    CHECK(wrong.helps.size() >= 1);
    if (wrong.helps.empty()) continue;
    INFO("help: " << wrong.helps[0]);
    const Texts texts = suggested(wrong.helps[0]);
    CHECK(texts.size() == row.desired.size());
    if (texts.size() != row.desired.size()) continue;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const Checked right = check(file_of(row.key, texts[i]));
      CHECK(right.helps == Texts{});
      CHECK(right.desired == Texts{row.desired[i]});
    }
  }
}

TEST_CASE("no help line names an amount of another unit than the key counts") {
  struct Row {
    const char* key;
    const char* written;
  };
  // Nothing that the key could hold can be read out of these.
  for (const Row& row :
       {Row{"net.core.somaxconn", "16 MiB"}, Row{"net.core.somaxconn", "1 Gbps"},
        Row{"net.core.somaxconn", "4%"}, Row{"net.core.rmem_max", "30 s"},
        Row{"net.core.rmem_max", "1 Gbit/s"}, Row{"net.ipv4.tcp_sack", "maybe"},
        Row{"net.ipv4.tcp_keepalive_time", "16 MiB"}, Row{"net.core.somaxconn", "one of"},
        Row{"net.core.somaxconn", "at least"}}) {
    INFO(row.key << ": " << row.written);
    const Checked wrong = check(file_of(row.key, quoted(row.written)));
    CHECK(wrong.helps.size() == 1);
    if (wrong.helps.empty()) continue;
    INFO("help: " << wrong.helps[0]);
    for (const std::string& text : suggested(wrong.helps[0])) {
      CHECK(std::ranges::none_of(text, [](char c) { return c >= '0' && c <= '9'; }));
    }
  }
}

TEST_CASE("a help line of requires is taken") {
  struct Row {
    const char* word;
    const char* written;
    Texts texts;
  };
  for (const Row& row : {
           Row{"kernel", "5.10", {"\">= 5.10\""}},
           Row{"kernel", "5.10+", {"\">= 5.10\""}},
           Row{"kernel", "v5.10", {"\">= 5.10\""}},
           Row{"kernel", "at least 5.10", {"\">= 5.10\""}},
           Row{"kernel", "=> 5.10", {"\">= 5.10\""}},
           Row{"kernel", "older than 6.1", {"\"< 6.1\""}},
           Row{"kernel", "linux 5.10 or newer", {"\">= 5.10\""}},
           Row{"kernel", ">= 6", {"\">= 6.0\""}},
           Row{"memory", "2 GiB", {"\">= 2 GiB\""}},
           Row{"memory", "2G", {"\">= 2 GiB\"", "\">= 2 GB\""}},
           Row{"memory", ">= 2G", {"\">= 2 GiB\"", "\">= 2 GB\""}},
           Row{"memory", "at least 2 gib", {"\">= 2 GiB\""}},
           Row{"memory", ">= 24", {"\">= 24 GiB\""}},
           Row{"memory", "512", {"\">= 512 GiB\"", "\">= 512 MiB\""}},
           Row{"memory", "max 2,5 GiB", {"\"<= 2.5 GiB\""}},
       }) {
    INFO(row.word << ": " << row.written);
    const auto text = [&](const std::string& value) {
      return fmt::format("nettune: 1\nrequires:\n  {}: {}\n", row.word, value);
    };
    const Checked wrong = check(text(quoted(row.written)));
    CHECK(wrong.helps.size() == 1);
    if (wrong.helps.empty()) continue;
    CHECK(suggested(wrong.helps[0]) == row.texts);
    for (const std::string& right : suggested(wrong.helps[0])) {
      CHECK(check(text(right)).helps == Texts{});
    }
  }
}
