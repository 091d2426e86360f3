// SPDX-License-Identifier: MIT
// The profiles that ship: each loads without a word, gives its reasons with their sources, and
// lowers no ceiling of the kernel on a small, a middling and a large host.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/audit/compare.hpp"
#include "engine/profile/kernel_default.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/profile/store.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "support/fake_tree.hpp"

namespace nettune {
namespace {

using profile::Host;
using profile::ResolvedRule;
using profile::Rule;
using sysctl::Integer;
using sysctl::Version;

const std::vector<std::string> names = {"asyncio",     "latency",      "many-connections",
                                        "server-base", "small-memory", "throughput",
                                        "wan-bulk"};

// What bounds the kernel's own tuning, or what programs may ask for.
constexpr auto ceilings = std::to_array<std::string_view>(
    {"net.core.optmem_max", "net.core.rmem_max", "net.core.somaxconn", "net.core.wmem_max",
     "net.ipv4.tcp_mem", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.udp_mem"});

constexpr std::uint64_t mib = 1u << 20;
constexpr std::uint64_t tib = mib << 20;

// The share of memory that the kernel takes as a base differs from host to host.
Host host_with(std::uint64_t memory, double share, Version kernel) {
  Host host;
  host.memory_bytes = memory;
  host.kernel = kernel;
  host.kernel_release = fmt::format("{}.{}.0-test", kernel.major, kernel.minor);
  host.buffer_pages =
      static_cast<std::uint64_t>(static_cast<double>(memory) / host.page_size * share);
  return host;
}

std::vector<Host> hosts() {
  std::vector<Host> all;
  for (const Version kernel : {Version{5, 10}, Version{6, 1}, Version{6, 12}, Version{6, 18}}) {
    all.push_back(host_with(512 * mib, 0.98, kernel));
    all.push_back(host_with(8192 * mib, 0.985, kernel));
    all.push_back(host_with(tib, 0.99, kernel));
  }
  return all;
}

std::string describe(const Host& host) {
  return fmt::format("{} MiB, Linux {}", host.memory_bytes / mib, host.kernel_release);
}

std::string messages(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    all += format_diagnostic(diagnostic, DiagnosticStyle{});
  }
  return all;
}

const profile::Store& store() {
  static const profile::Store shipped({NETTUNE_SOURCE_DIR "/profiles"});
  return shipped;
}

profile::Profile load(const std::string& name) {
  Diagnostics diagnostics;
  std::optional<profile::Profile> loaded = store().load(name, diagnostics);
  // doctest counts an exception as a failure of the case.
  if (!loaded || !diagnostics.list.empty()) throw std::runtime_error(messages(diagnostics));
  return std::move(*loaded);
}

const sysctl::Parameter& parameter_of(std::string_view name) {
  const auto key = sysctl::Key::parse(name);
  REQUIRE(key.has_value());
  const sysctl::Parameter* parameter = sysctl::find_parameter(*key);
  REQUIRE(parameter != nullptr);
  return *parameter;
}

std::vector<Integer> kernel_default(std::string_view name, const Host& host) {
  const sysctl::Parameter& parameter = parameter_of(name);
  profile::KernelDefault own;
  INFO(name << " on " << describe(host));
  REQUIRE(profile::has_kernel_default(parameter, host, own));
  return {own.numbers.begin(), own.numbers.begin() + parameter.fields};
}

std::string text_of(const std::vector<Integer>& numbers) {
  return sysctl::Value::of_numbers(numbers).to_string();
}

// A host as it is after boot, as far as the shipped profiles look at it.
void boot(FakeTree& tree, const Host& host) {
  for (const std::string_view name : ceilings) tree.set(name, text_of(kernel_default(name, host)));
  const std::map<std::string, std::string> rest = {
      {"net.core.rmem_default", "212992"},
      {"net.core.wmem_default", "212992"},
      {"net.core.netdev_max_backlog", "1000"},
      {"net.core.netdev_budget", "300"},
      {"net.core.netdev_budget_usecs", "8000"},
      {"net.core.default_qdisc", "pfifo_fast"},
      {"net.ipv4.tcp_no_metrics_save", "0"},
      {"net.ipv4.tcp_mtu_probing", "0"},
      {"net.ipv4.tcp_keepalive_time", "7200"},
      {"net.ipv4.tcp_notsent_lowat", "4294967295"},
      {"net.ipv4.tcp_slow_start_after_idle", "1"},
      {"net.ipv4.tcp_congestion_control", "cubic"},
      {"net.ipv4.tcp_available_congestion_control", "reno cubic"},
      {"net.ipv4.ip_local_port_range", "32768\t60999"},
  };
  for (const auto& [name, text] : rest) tree.set(name, text);
}

// What the field holds once the rule is met with the least change.
Integer after(const ResolvedRule& rule, Integer live) {
  switch (rule.kind) {
    case Rule::Kind::exactly:
      return rule.low;
    case Rule::Kind::at_least:
      return std::max(live, rule.low);
    case Rule::Kind::at_most:
      return std::min(live, rule.high);
    case Rule::Kind::between:
      return std::clamp(live, rule.low, rule.high);
    case Rule::Kind::one_of:
      return std::ranges::find(rule.numbers(), live) != rule.numbers().end()
                 ? live
                 : rule.numbers().front();
    case Rule::Kind::keep:
      return live;
  }
  return live;
}

std::vector<Integer> after(const profile::Desired& desired, std::vector<Integer> live) {
  if (desired.keeps_all()) return live;
  REQUIRE(desired.rules().size() == live.size());
  for (std::size_t i = 0; i < live.size(); ++i) live[i] = after(desired.rules()[i], live[i]);
  return live;
}

void make_it_so(FakeTree& tree, const profile::ResolvedProfile& resolved) {
  for (const profile::Desired& desired : resolved.desired()) {
    const Result<std::string> text = tree.read(desired.key);
    if (!text) continue;
    const auto live = sysctl::Value::parse(desired.parameter, *text);
    REQUIRE(live.has_value());
    if (!live->is_numeric()) {
      // cubic is among the wanted ones; the discipline is the first that is named.
      const auto& words = desired.rules().front().words();
      if (std::ranges::find(words, *text) == words.end())
        tree.set(desired.key.name(), words.front());
      continue;
    }
    tree.set(desired.key.name(),
             text_of(after(desired, {live->numbers().begin(), live->numbers().end()})));
  }
}

profile::ResolvedProfile resolve(const std::string& name, const Host& host, const FakeTree& tree,
                                 Diagnostics& diagnostics) {
  std::optional<profile::ResolvedProfile> resolved =
      profile::resolve(load(name), host, tree, diagnostics);
  if (!resolved) throw std::runtime_error(messages(diagnostics));
  return std::move(*resolved);
}

TEST_CASE("the seven profiles ship, and no other") {
  std::vector<std::string> found;
  std::vector<Error> problems;
  for (const profile::Store::Listed& listed : store().list(problems)) found.push_back(listed.name);
  CHECK(found == names);
}

TEST_CASE("every shipped profile loads without a diagnostic and has a summary") {
  for (const std::string& name : names) {
    CAPTURE(name);
    const profile::Profile loaded = load(name);
    CHECK_FALSE(loaded.summary().empty());
    CHECK(loaded.summary().size() <= 80);
    CHECK_FALSE(loaded.entries().empty());
  }
}

TEST_CASE("every key of a shipped profile has a reason that names its source") {
  constexpr auto sources = std::to_array<std::string_view>(
      {"ip-sysctl.rst", "admin-guide/sysctl/net.rst", "nf_conntrack-sysctl.rst",
       "measured on Linux", "ESnet", "Red Hat", "RFC ", "quic-go"});
  for (const std::string& name : names) {
    const profile::Profile loaded = load(name);
    for (const profile::Entry& entry : loaded.entries()) {
      CAPTURE(name);
      CAPTURE(entry.key.name());
      CHECK(entry.parameter != nullptr);
      CHECK(std::ranges::any_of(sources, [&](std::string_view source) {
        return entry.why.view().find(source) != std::string::npos;
      }));
    }
  }
}

TEST_CASE("the seven groups of memory and backlog keys are all treated, and asyncio treats each") {
  const std::set<std::string> groups = {"net.ipv4.tcp_mem",
                                        "net.core.rmem_default",
                                        "net.core.rmem_max",
                                        "net.core.wmem_default",
                                        "net.core.wmem_max",
                                        "net.core.optmem_max",
                                        "net.core.netdev_max_backlog",
                                        "net.ipv4.tcp_no_metrics_save"};
  for (const std::string name : {"asyncio", "throughput", "wan-bulk", "small-memory"}) {
    std::set<std::string> treated;
    const profile::Profile loaded = load(name);
    for (const profile::Entry& entry : loaded.entries()) treated.insert(entry.key.name());
    std::vector<std::string> left;
    std::ranges::set_difference(groups, treated, std::back_inserter(left));
    // Whether metrics are saved costs neither memory nor rate on these two.
    if (std::string_view(name) == "throughput" || std::string_view(name) == "small-memory") {
      std::erase(left, "net.ipv4.tcp_no_metrics_save");
    }
    CAPTURE(name);
    CHECK(left == std::vector<std::string>{});
  }
}

TEST_CASE("every profile resolves on small, middling and large hosts, and lints clean") {
  for (const Host& host : hosts()) {
    FakeTree tree{};
    boot(tree, host);
    for (const std::string& name : names) {
      Diagnostics diagnostics;
      const profile::ResolvedProfile resolved = resolve(name, host, tree, diagnostics);
      profile::lint(resolved, diagnostics);
      CAPTURE(name);
      CAPTURE(describe(host));
      CHECK(messages(diagnostics) == "");
      // small-memory says itself that it is for hosts of up to 4 GiB.
      const bool is_too_large = name == "small-memory" && host.memory_bytes > 4096 * mib;
      CHECK(resolved.unmet().size() == (is_too_large ? 1 : 0));
    }
  }
}

TEST_CASE("no profile ends below the kernel's own ceiling, nor out of order") {
  for (const Host& host : hosts()) {
    for (const std::string& name : names) {
      FakeTree tree{};
      boot(tree, host);
      Diagnostics diagnostics;
      make_it_so(tree, resolve(name, host, tree, diagnostics));
      for (const std::string_view key : ceilings) {
        const std::vector<Integer> own = kernel_default(key, host);
        const auto now = sysctl::Value::parse(&parameter_of(key), tree.live(key));
        REQUIRE(now.has_value());
        REQUIRE(now->numbers().size() == own.size());
        CAPTURE(name);
        CAPTURE(key);
        CAPTURE(describe(host));
        CAPTURE(tree.live(key));
        CAPTURE(text_of(own));
        for (std::size_t i = 0; i < own.size(); ++i) CHECK(now->numbers()[i] >= own[i]);
        CHECK(std::ranges::is_sorted(now->numbers()));
      }
    }
  }
}

TEST_CASE("a host that was made to follow a profile is in sync with it") {
  for (const Host& host : hosts()) {
    for (const std::string& name : names) {
      FakeTree tree{};
      boot(tree, host);
      Diagnostics diagnostics;
      const profile::ResolvedProfile resolved = resolve(name, host, tree, diagnostics);
      CAPTURE(name);
      CAPTURE(describe(host));
      CHECK_FALSE(audit::compare(resolved, tree).is_in_sync());
      make_it_so(tree, resolved);
      CHECK(audit::compare(resolved, tree).is_in_sync());
    }
  }
}

TEST_CASE("what somebody raised beyond a floor stays raised") {
  const Host host = host_with(8192 * mib, 0.985, {6, 18});
  FakeTree tree{};
  boot(tree, host);
  tree.set("net.core.rmem_max", "2147483647");
  tree.set("net.ipv4.tcp_rmem", "4096 131072 1073741824");
  for (const std::string name : {"server-base", "latency", "throughput", "wan-bulk", "asyncio"}) {
    Diagnostics diagnostics;
    make_it_so(tree, resolve(name, host, tree, diagnostics));
    CAPTURE(name);
    CHECK(tree.live("net.core.rmem_max") == "2147483647");
    CHECK(tree.live("net.ipv4.tcp_rmem") == "4096 131072 1073741824");
  }
}

TEST_CASE("small-memory bounds what was copied from a large host") {
  const Host host = host_with(512 * mib, 0.98, {6, 18});
  FakeTree tree{};
  boot(tree, host);
  tree.set("net.core.rmem_max", "268435456");
  tree.set("net.ipv4.tcp_rmem", "4096 87380 134217728");
  tree.set("net.ipv4.tcp_mem", "16777216 16777216 16777216");
  Diagnostics diagnostics;
  const profile::ResolvedProfile resolved = resolve("small-memory", host, tree, diagnostics);
  make_it_so(tree, resolved);
  CHECK(tree.live("net.core.rmem_max") == "8388608");
  CHECK(tree.live("net.ipv4.tcp_rmem") == "4096 87380 5368709");
  CHECK(tree.live("net.ipv4.tcp_mem") == "7864 10485 15728");
}

TEST_CASE("wan-bulk's buffers hold two bandwidth-delay products where memory allows") {
  const Host host = host_with(tib, 0.99, {6, 12});
  FakeTree tree{};
  boot(tree, host);
  Diagnostics diagnostics;
  make_it_so(tree, resolve("wan-bulk", host, tree, diagnostics));
  CHECK(tree.live("net.ipv4.tcp_rmem") == "4096 131072 250000000");
  CHECK(tree.live("net.ipv4.tcp_wmem") == "4096 16384 250000000");
  CHECK(tree.live("net.core.rmem_max") == "250000000");
}

std::string summary_of(const profile::SocketPreset& preset) {
  std::string text;
  for (const profile::SocketOption& option : preset.options) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", option.name,
                        option.is_word ? option.word : sysctl::to_string(option.number));
  }
  return text;
}

TEST_CASE("the presets are the measured ones, and each profile's default is one of them") {
  const std::map<std::string, std::string> expected = {
      {"latency",
       "nodelay=1 notsent-lowat=16384 quickack=every-read keepalive=1 keepalive-idle=60 "
       "keepalive-interval=10 "
       "keepalive-probes=6 user-timeout=30000 write-buffer-high=16384 write-buffer-low=4096 "
       "read-limit=65536"},
      {"interactive",
       "nodelay=1 notsent-lowat=16384 quickack=every-read keepalive=1 keepalive-idle=15 "
       "keepalive-interval=5 "
       "keepalive-probes=3 user-timeout=15000 tos=16 priority=6 thin-linear-timeouts=1 "
       "write-buffer-high=0 write-buffer-low=0 read-limit=65536"},
      {"throughput",
       "nodelay=1 notsent-lowat=131072 quickack=off keepalive=1 keepalive-idle=120 "
       "keepalive-interval=30 "
       "keepalive-probes=4 user-timeout=120000 write-buffer-high=262144 write-buffer-low=65536 "
       "read-limit=262144"},
      {"bulk",
       "nodelay=0 notsent-lowat=kernel quickack=off keepalive=1 keepalive-idle=300 "
       "keepalive-interval=60 "
       "keepalive-probes=5 tos=4 priority=2 write-buffer-high=1048576 write-buffer-low=262144 "
       "read-limit=1048576"},
      {"memory",
       "nodelay=1 notsent-lowat=16384 quickack=off keepalive=1 keepalive-idle=120 "
       "keepalive-interval=30 "
       "keepalive-probes=4 user-timeout=60000 receive-buffer=65536 send-buffer=65536 "
       "write-buffer-high=0 write-buffer-low=0 read-limit=16384"},
  };
  const std::map<std::string, std::string> defaults = {
      {"server-base", "throughput"}, {"latency", "latency"}, {"throughput", "throughput"},
      {"wan-bulk", "bulk"},          {"asyncio", "latency"}, {"small-memory", "memory"}};
  for (const std::string& name : names) {
    CAPTURE(name);
    std::map<std::string, std::string> presets;
    const profile::Profile loaded = load(name);
    for (const profile::SocketPreset& preset : loaded.presets()) {
      presets.emplace(preset.name, summary_of(preset));
    }
    for (const auto& [preset, options] : expected) {
      CAPTURE(preset);
      CHECK(presets[preset] == options);
    }
    REQUIRE(presets.contains("default"));
    if (defaults.contains(name)) CHECK(presets["default"] == expected.at(defaults.at(name)));
  }
}

TEST_CASE("only the memory preset sets buffer sizes, which switch autotuning off") {
  for (const std::string& name : names) {
    const profile::Profile loaded = load(name);
    for (const profile::SocketPreset& preset : loaded.presets()) {
      const bool sets =
          std::ranges::any_of(preset.options, [](const profile::SocketOption& option) {
            return option.name == "receive-buffer" || option.name == "send-buffer";
          });
      CAPTURE(name);
      CAPTURE(preset.name);
      const bool may =
          preset.name == "memory" || (name == "small-memory" && preset.name == "default");
      CHECK(sets == may);
    }
  }
}

}  // namespace
}  // namespace nettune
