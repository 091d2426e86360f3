// SPDX-License-Identifier: MIT
// The engine's stages by themselves, without a process's start. tests/bench/run starts this in a
// network namespace with enough links.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <stdlib.h>  // mkdtemp

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/audit/compare.hpp"
#include "engine/audit/conflicts.hpp"
#include "engine/file/read.hpp"
#include "engine/profile/document.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/profile.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/profile/store.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/proc_tree.hpp"

namespace {

using nettune::Diagnostics;
namespace audit = nettune::audit;
namespace profile = nettune::profile;
namespace sysctl = nettune::sysctl;

// A profile with the keys of `links` links from `first`, 25 lines of about 100 bytes for each.
std::string profile_text(int first, int links) {
  static constexpr const char* names[] = {"accept_local",
                                          "accept_redirects",
                                          "accept_source_route",
                                          "arp_accept",
                                          "arp_announce",
                                          "arp_filter",
                                          "arp_ignore",
                                          "arp_notify",
                                          "bc_forwarding",
                                          "disable_policy",
                                          "disable_xfrm",
                                          "drop_gratuitous_arp",
                                          "forwarding",
                                          "log_martians",
                                          "medium_id",
                                          "promote_secondaries",
                                          "proxy_arp",
                                          "proxy_arp_pvlan",
                                          "route_localnet",
                                          "rp_filter",
                                          "secure_redirects",
                                          "send_redirects",
                                          "shared_media",
                                          "src_valid_mark",
                                          "tag"};
  std::string text = "nettune: 1\nsummary: many keys\nsysctl:\n";
  for (int link = first; link < first + links; ++link) {
    for (const char* name : names) {
      text += fmt::format("  net.ipv4.conf.link{}.{}: 1  # {:-<{}}\n", link, name, "",
                          50 - std::char_traits<char>::length(name));
    }
  }
  return text;
}

std::optional<profile::Profile> checked(std::string text, Diagnostics& diagnostics) {
  const std::optional<profile::Document> document =
      profile::parse_document("bench.yaml", std::move(text), diagnostics);
  if (!document) return std::nullopt;
  return profile::ProfileBuilder::check(*document, diagnostics);
}

// What `nettunectl check` does with the largest file that it takes.
void check_one_mebibyte(benchmark::State& state) {
  std::string text = profile_text(0, 395);
  while (text.size() + 101 <= profile::max_file_size) text += "#" + std::string(99, '-') + "\n";
  for (auto _ : state) {
    Diagnostics diagnostics;
    const auto made = checked(text, diagnostics);
    if (!made) {
      state.SkipWithError(diagnostics.list.empty() ? "no profile"
                                                   : diagnostics.list.front().message.c_str());
      return;
    }
    benchmark::DoNotOptimize(made->entries().size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(check_one_mebibyte)->Unit(benchmark::kMillisecond);

void parse_one_mebibyte(benchmark::State& state) {
  std::string text = profile_text(0, 395);
  while (text.size() + 101 <= profile::max_file_size) text += "#" + std::string(99, '-') + "\n";
  for (auto _ : state) {
    Diagnostics diagnostics;
    const auto document = profile::parse_document("bench.yaml", text, diagnostics);
    if (!document) {
      state.SkipWithError("no document");
      return;
    }
    benchmark::DoNotOptimize(document->root().entries().size());
  }
}
BENCHMARK(parse_one_mebibyte)->Unit(benchmark::kMillisecond);

// 64 files in a folder of their own, and one that inherits them all.
class ManyFiles {
 public:
  static constexpr int count = static_cast<int>(profile::max_inherited_files);

  ManyFiles() {
    // mkdtemp(3) wants six letters X at the end, and puts others in their place.
    folder_ = std::filesystem::temp_directory_path() / ("nettune-bench-" + std::string(6, 'X'));
    if (::mkdtemp(folder_.data()) == nullptr) std::abort();
    std::ofstream all(folder_ + "/all.yaml");
    all << "nettune: 1\nsummary: all of them\ninherits:\n";
    for (int file = 0; file < count; ++file) {
      std::ofstream(folder_ + "/" + name(file) + ".yaml") << profile_text(file * 6, 6);
      all << "  - " << name(file) << "\n";
    }
    std::ofstream(folder_ + "/sum.yaml") << profile_text(0, count * 6);
  }
  ~ManyFiles() { std::filesystem::remove_all(folder_); }
  ManyFiles(const ManyFiles&) = delete;
  ManyFiles& operator=(const ManyFiles&) = delete;

  static std::string name(int file) { return fmt::format("part{}", file); }
  profile::Store store() const { return profile::Store({folder_}); }
  std::string all() const { return folder_ + "/all.yaml"; }

 private:
  std::string folder_;
};

void load_or_skip(benchmark::State& state, const profile::Store& store, const std::string& name) {
  Diagnostics diagnostics;
  const auto loaded = store.load(name, diagnostics);
  if (!loaded) {
    state.SkipWithError(diagnostics.list.empty() ? "no profile"
                                                 : diagnostics.list.front().message.c_str());
    return;
  }
  benchmark::DoNotOptimize(loaded->entries().size());
}

void load_64_inherited(benchmark::State& state) {
  const ManyFiles files;
  const profile::Store store = files.store();
  for (auto _ : state) load_or_skip(state, store, "all");
}
BENCHMARK(load_64_inherited)->Unit(benchmark::kMillisecond);

// As many keys as those 64 files have, in one.
void load_sum_of_64(benchmark::State& state) {
  const ManyFiles files;
  const profile::Store store = files.store();
  for (auto _ : state) load_or_skip(state, store, "sum");
}
BENCHMARK(load_sum_of_64)->Unit(benchmark::kMillisecond);

// The same 65 files: that which inherits the others is read without them.
void load_64_one_by_one(benchmark::State& state) {
  const ManyFiles files;
  const profile::Store store = files.store();
  for (auto _ : state) {
    for (int file = 0; file < ManyFiles::count; ++file) {
      load_or_skip(state, store, ManyFiles::name(file));
    }
    Diagnostics diagnostics;
    const auto text = nettune::read_file(files.all(), profile::max_file_size);
    const auto made = text ? checked(*text, diagnostics) : std::nullopt;
    if (!made) state.SkipWithError("no profile");
  }
}
BENCHMARK(load_64_one_by_one)->Unit(benchmark::kMillisecond);

const sysctl::ProcTree& kernel() {
  static const nettune::Result<sysctl::ProcTree> tree = sysctl::ProcTree::open("/proc/sys");
  if (!tree) std::abort();
  return *tree;
}

// The first `wanted` keys of links that can be written; fewer where there are fewer.
std::vector<sysctl::Key> keys_of_links(std::size_t wanted) {
  auto keys = kernel().list(*sysctl::KeyGlob::parse("net/ipv4/conf/*/*"));
  if (!keys) return {};
  std::erase_if(*keys, [](const sysctl::Key& key) {
    return kernel().access_of(key) != sysctl::Access::writable;
  });
  if (keys->size() > wanted)
    keys->erase(keys->begin() + static_cast<std::ptrdiff_t>(wanted), keys->end());
  return *std::move(keys);
}

std::optional<profile::Profile> profile_of_live_values(std::size_t count,
                                                       Diagnostics& diagnostics) {
  std::string text = "nettune: 1\nsummary: what is there\nsysctl:\n";
  const std::vector<sysctl::Key> keys = keys_of_links(count);
  if (keys.size() != count) return std::nullopt;
  for (const sysctl::Key& key : keys) {
    text += fmt::format("  {}: {}\n", key.path(), kernel().read(key).value_or("0"));
  }
  return checked(std::move(text), diagnostics);
}

void resolve_and_compare(benchmark::State& state) {
  Diagnostics diagnostics;
  auto made = profile_of_live_values(static_cast<std::size_t>(state.range(0)), diagnostics);
  const auto host = profile::read_host("");
  if (!made || !host) {
    state.SkipWithError("this network namespace has too few links");
    return;
  }
  const auto known = profile::resolve(*std::move(made), *host, kernel(), diagnostics);
  for (auto _ : state) {
    const auto resolved =
        known ? profile::resolve_again(*known, kernel(), diagnostics) : std::nullopt;
    if (!resolved) {
      state.SkipWithError("the profile does not resolve");
      return;
    }
    const audit::Audit compared = audit::compare(*resolved, kernel());
    if (!compared.is_in_sync()) {
      state.SkipWithError("live values differ from themselves");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(resolve_and_compare)
    ->Arg(8)
    ->Arg(100)
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMicrosecond);

// The share of the kernel in the above: each key opened, read, closed.
void read_keys(benchmark::State& state) {
  const std::vector<sysctl::Key> keys = keys_of_links(static_cast<std::size_t>(state.range(0)));
  if (keys.size() != static_cast<std::size_t>(state.range(0))) {
    state.SkipWithError("this network namespace has too few links");
    return;
  }
  for (auto _ : state) {
    for (const sysctl::Key& key : keys) benchmark::DoNotOptimize(kernel().read(key));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read_keys)->Arg(8)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

void lint_keys(benchmark::State& state) {
  Diagnostics diagnostics;
  auto made = profile_of_live_values(static_cast<std::size_t>(state.range(0)), diagnostics);
  const auto host = profile::read_host("");
  if (!made || !host) {
    state.SkipWithError("this network namespace has too few links");
    return;
  }
  const auto resolved = profile::resolve(*std::move(made), *host, kernel(), diagnostics);
  if (!resolved) {
    state.SkipWithError("the profile does not resolve");
    return;
  }
  for (auto _ : state) {
    Diagnostics found;
    profile::lint(*resolved, found);
    benchmark::DoNotOptimize(found.list.size());
  }
}
BENCHMARK(lint_keys)->Arg(8)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

void look_up_parameter(benchmark::State& state) {
  std::vector<std::string> paths;
  for (const sysctl::Parameter& parameter : sysctl::all_parameters()) {
    paths.emplace_back(parameter.pattern);
  }
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sysctl::find_parameter(paths[next]));
    next = next + 1 == paths.size() ? 0 : next + 1;
  }
}
BENCHMARK(look_up_parameter)->Unit(benchmark::kNanosecond);

void find_conflicts(benchmark::State& state) {
  const std::vector<sysctl::Key> keys = keys_of_links(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::vector<std::string> problems;
    benchmark::DoNotOptimize(audit::find_conflicts("", keys, problems));
  }
}
BENCHMARK(find_conflicts)->Arg(8)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
