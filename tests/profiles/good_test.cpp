// SPDX-License-Identifier: MIT
// Each file of tests/profiles/good, which hold every word of the language between them: no fault,
// no warning, on a middling and on a large host.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/profile/lint.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/profile/store.hpp"
#include "support/fake_tree.hpp"
#include "support/profile_text.hpp"

namespace nettune {
namespace {

const std::string directory = NETTUNE_SOURCE_DIR "/tests/profiles/good";

std::vector<std::string> files() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    all.push_back(entry.path().string());
  }
  std::ranges::sort(all);
  return all;
}

profile::ResolvedProfile resolved(const std::string& name, const profile::Host& host) {
  const FakeTree tree{
      {"net.ipv4.conf.all.rp_filter", "0"},         {"net.ipv4.conf.eth0.rp_filter", "0"},
      {"net.ipv4.conf.docker0.rp_filter", "0"},     {"net.ipv4.conf.eth0.arp_announce", "0"},
      {"net/ipv4/conf/eth0.100/arp_announce", "0"}, {"net.ipv6.conf.eth0.accept_dad", "1"}};
  const profile::Store store({directory});
  Diagnostics diagnostics;
  std::optional<profile::Profile> loaded = store.load(name, diagnostics);
  std::optional<profile::ResolvedProfile> resolved;
  if (loaded) resolved = profile::resolve(std::move(*loaded), host, tree, diagnostics);
  if (resolved) profile::lint(*resolved, diagnostics);
  CAPTURE(name);
  const std::string text = test::formatted(diagnostics);
  CHECK(text == "");
  // doctest counts an exception as a failure of the case.
  if (!resolved) throw std::runtime_error(text);
  return std::move(*resolved);
}

const profile::Desired& desired_of(const profile::ResolvedProfile& all, std::string_view name) {
  const auto found = std::ranges::find_if(
      all.desired(), [&](const profile::Desired& desired) { return desired.key.name() == name; });
  REQUIRE(found != all.desired().end());
  return *found;
}

TEST_CASE("every good profile resolves without a word") {
  const std::vector<std::string> all = files();
  REQUIRE(all.size() > 10);
  for (const std::string& file : all) {
    for (const std::uint64_t gib : {8u, 1024u}) resolved(file, test::host_of(gib));
  }
}

TEST_CASE("every unit means what it says") {
  const profile::ResolvedProfile units = resolved("units", test::host_of(8));
  const auto text = [&](std::string_view name) { return to_string(desired_of(units, name)); };
  CHECK(text("net.core.rmem_max") == "at least 8388608");
  CHECK(text("net.core.wmem_max") == "at least 8388608");
  CHECK(text("net.core.rmem_default") == "at least 262144");
  CHECK(text("net.core.wmem_default") == "at least 1048576");
  CHECK(text("net.core.optmem_max") == "at least 200000");
  CHECK(text("net.ipv4.tcp_limit_output_bytes") == "at least 8000000");
  CHECK(text("net.ipv4.tcp_mem") == "[at least 1000, at least 94371, at least 193986]");
  CHECK(text("net.ipv4.udp_mem") == "[at least 16384, at least 17920, at least 209715]");
  CHECK(text("net.ipv4.udp_rmem_min") == "at least 8192");
  CHECK(text("net.ipv4.tcp_keepalive_time") == "at most 300");
  CHECK(text("net.ipv4.tcp_keepalive_intvl") == "60");
  CHECK(text("net.ipv4.tcp_fin_timeout") == "at most 60");
  CHECK(text("net.core.netdev_budget_usecs") == "at least 8000");
  CHECK(text("net.ipv4.tcp_rto_min_us") == "between 5000 and 200000");
}

TEST_CASE("expressions are computed for the host") {
  const profile::ResolvedProfile small = resolved("expressions", test::host_of(2));
  const auto text = [&](std::string_view name) { return to_string(desired_of(small, name)); };
  CHECK(text("net.core.rmem_max") == "at least 25000000");
  CHECK(text("net.core.wmem_max") == "at least 31250000");
  CHECK(text("net.core.rmem_default") == "at least 262144");
  CHECK(text("net.core.somaxconn") == "at least 8192");
  CHECK(text("net.ipv4.tcp_keepalive_time") == "at most 300");
  CHECK(text("net.ipv4.tcp_rmem") == "[keep, keep, at least 21474836]");
  CHECK(text("net.ipv4.tcp_wmem") == "[keep, keep, at least 21474836]");
  CHECK(text("net.ipv4.tcp_mem") == "[at least 26214, at least 36700, at least 52428]");
  CHECK(text("net.ipv4.udp_rmem_min") == "8192");
  CHECK(text("net.ipv4.tcp_limit_output_bytes") == "at least 4194304");
  const profile::ResolvedProfile large = resolved("expressions", test::host_of(1024));
  CHECK(to_string(desired_of(large, "net.ipv4.tcp_rmem")) == "[keep, keep, at least 33554432]");
  CHECK(to_string(desired_of(large, "net.ipv4.tcp_mem")) ==
        "[at least 1048576, at least 1572864, at least 2359296]");
}

TEST_CASE("a named key wins over a glob, and a dot within a link's name survives") {
  const profile::ResolvedProfile keys = resolved("keys", test::host_of(8));
  CHECK(to_string(desired_of(keys, "net.ipv4.conf.eth0.rp_filter")) == "2");
  CHECK(to_string(desired_of(keys, "net.ipv4.conf.docker0.rp_filter")) == "keep");
  CHECK(to_string(desired_of(keys, "net/ipv4/conf/eth0.100/arp_announce")) == "2");
  CHECK(to_string(desired_of(keys, "net/ipv4/conf/eth0.200/arp_announce")) == "2");
}

TEST_CASE("the corpus holds every word of the language") {
  std::string all;
  for (const std::string& file : files()) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    all += text.str();
  }
  std::vector<std::string> words = {"nettune:",
                                    "summary:",
                                    "inherits:",
                                    "requires:",
                                    "kernel:",
                                    "memory:",
                                    "on-drift: report",
                                    "on-drift: restore",
                                    "sysctl:",
                                    "sockets:",
                                    "value:",
                                    "optional: true",
                                    "optional: false",
                                    "why:",
                                    "at least ",
                                    "at most ",
                                    "between ",
                                    " and ",
                                    "one of [",
                                    "keep",
                                    "true",
                                    "false",
                                    "bdp(",
                                    "min(",
                                    "max(",
                                    "% ram",
                                    " pages",
                                    " B\n",
                                    " KiB",
                                    " MiB",
                                    " GiB",
                                    " kB",
                                    " MB",
                                    " GB",
                                    " bit/s",
                                    " kbit/s",
                                    " Mbit/s",
                                    " Gbit/s",
                                    "us\n",
                                    " us)",
                                    " ms",
                                    " s\n",
                                    " min\n"};
  for (const profile::SocketOptionFacts& facts : profile::all_socket_options()) {
    std::string name(facts.name);
    for (const std::string_view group : {"keepalive-", "fast-open-", "write-buffer-"}) {
      if (name.starts_with(group)) name = name.substr(group.size());
    }
    words.push_back(name + ":");
  }
  for (const std::string& word : words) {
    CAPTURE(word);
    CHECK(all.find(word) != std::string::npos);
  }
}

}  // namespace
}  // namespace nettune
