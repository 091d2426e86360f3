// SPDX-License-Identifier: MIT
// libnettune beside the same system calls written by hand, on fresh sockets, and what a preset
// without quickack costs after each read.
#include <benchmark/benchmark.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>

#include "nettune/nettune.h"

namespace {

// The options of the preset "latency" that a fresh client has.
constexpr const char* latency =
    "nodelay=1,notsent-lowat=16KiB,user-timeout=30s,keepalive-idle=60s,keepalive-interval=10s,"
    "keepalive-probes=6,keepalive=1,quickack=every-read";
struct Option {
  int level, number, value;
};
constexpr auto options = std::to_array<Option>({{IPPROTO_TCP, TCP_NODELAY, 1},
                                                {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384},
                                                {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000},
                                                {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                                                {IPPROTO_TCP, TCP_KEEPINTVL, 10},
                                                {IPPROTO_TCP, TCP_KEEPCNT, 6},
                                                {SOL_SOCKET, SO_KEEPALIVE, 1}});

nettune_preset* make_preset(const char* line) {
  nettune_preset* preset = nullptr;
  if (nettune_preset_line(line, &preset, nullptr, 0) != 0) std::abort();
  return preset;
}

// Calls work(fd) for sockets that nothing has touched; only that is timed. The number of batches is
// given: the library would choose it by the time of one call, and take minutes.
constexpr int batches = 250;
template <class Work>
void on_fresh_sockets(benchmark::State& state, Work work) {
  constexpr int batch = 200;
  std::array<int, batch> sockets{};
  for (auto _ : state) {
    for (int& fd : sockets) {
      fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0) std::abort();
    }
    const auto begin = std::chrono::steady_clock::now();
    for (const int fd : sockets) work(fd);
    const auto end = std::chrono::steady_clock::now();
    state.SetIterationTime(std::chrono::duration<double>(end - begin).count() / batch);
    for (const int fd : sockets) ::close(fd);
  }
}

int get(int fd, int level, int number) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, level, number, &value, &size) != 0) std::abort();
  return value;
}

void socket_apply(benchmark::State& state) {
  nettune_preset* preset = make_preset(latency);
  std::array<nettune_result, NETTUNE_MOST_RESULTS> rows;
  on_fresh_sockets(state, [&](int fd) {
    std::size_t count = 0;
    if (nettune_apply(preset, fd, NETTUNE_CLIENT, 0, rows.data(), rows.size(), &count) != 0) {
      std::abort();
    }
    benchmark::DoNotOptimize(rows);
  });
  nettune_preset_unref(preset);
}
BENCHMARK(socket_apply)->Iterations(batches)->UseManualTime()->Unit(benchmark::kNanosecond);

void socket_by_hand(benchmark::State& state) {
  on_fresh_sockets(state, [](int fd) {
    get(fd, SOL_SOCKET, SO_DOMAIN);
    get(fd, SOL_SOCKET, SO_TYPE);
    get(fd, SOL_SOCKET, SO_PROTOCOL);
    unsigned char tcp_state = 0;
    socklen_t size = sizeof tcp_state;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp_state, &size) != 0) std::abort();
    sockaddr_storage address{};
    size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) std::abort();
    for (const Option& option : options) {
      if (get(fd, option.level, option.number) == option.value) continue;
      if (::setsockopt(fd, option.level, option.number, &option.value, sizeof option.value) != 0 ||
          get(fd, option.level, option.number) != option.value) {
        std::abort();
      }
    }
  });
}
BENCHMARK(socket_by_hand)->Iterations(batches)->UseManualTime()->Unit(benchmark::kNanosecond);

void rearm_when_off(benchmark::State& state) {
  nettune_preset* preset = make_preset("nodelay=1");
  for (auto _ : state) benchmark::DoNotOptimize(nettune_quickack_rearm(preset, 0));
  nettune_preset_unref(preset);
}
BENCHMARK(rearm_when_off)->Unit(benchmark::kNanosecond);

}  // namespace

BENCHMARK_MAIN();
