// SPDX-License-Identifier: MIT
// 16 threads and one preset, each thread with sockets of its own: built with ThreadSanitizer, which
// ends the program where two of them meet without an order. Each round has a preset that is new:
// what it finds out at its first accepted socket, all threads find out at once.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdio>
#include <thread>

#include "nettune/nettune.h"

namespace {

constexpr int rounds = 100;
constexpr int thread_count = 16;
constexpr const char* line = "nodelay=1,user-timeout=30s,priority=5,quickack=every-read";
using Presets = std::array<nettune_preset*, rounds>;

// What one thread does; false where an answer is not the one that it would have alone.
bool work(const Presets& presets, int listener, std::barrier<>& gate) {
  std::array<nettune_result, NETTUNE_MOST_RESULTS> rows;
  bool is_right = true;
  for (nettune_preset* preset : presets) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::size_t count = 0;
    is_right =
        nettune_apply(preset, fd, NETTUNE_CLIENT, 0, rows.data(), rows.size(), &count) == 0 &&
        count == 4 && is_right;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    is_right = ::connect(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && is_right;
    // Owners are counted with an order between threads, and so come after.
    gate.arrive_and_wait();
    // Another thread may get this one's connection: it gets that one's.
    const int accepted =
        nettune_accept(preset, listener, nullptr, nullptr, SOCK_CLOEXEC, rows.data(), 4, &count);
    is_right = accepted >= 0 && rows[0].outcome == NETTUNE_INHERITED && is_right;
    nettune_preset* own = nettune_preset_ref(preset);
    is_right = nettune_quickack_rearm(own, accepted) == 0 && is_right;
    std::array<char, 256> text{};
    is_right = nettune_preset_text(own, text.data(), text.size()) > 0 && is_right;
    ::close(accepted);
    ::close(fd);
    nettune_preset_unref(own);
  }
  return is_right;
}

}  // namespace

int main() {
  Presets presets{};
  for (nettune_preset*& preset : presets) {
    if (nettune_preset_line(line, &preset, nullptr, 0) != 0) return 1;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  nettune_apply(presets[0], listener, NETTUNE_LISTENER, 0, nullptr, 0, nullptr);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 64) != 0) {
    return 1;
  }
  std::atomic<int> wrong = 0;
  {
    std::barrier gate(thread_count);
    std::array<std::jthread, thread_count> threads;
    for (std::jthread& thread : threads) {
      thread = std::jthread([&] { wrong += work(presets, listener, gate) ? 0 : 1; });
    }
  }
  for (nettune_preset* preset : presets) nettune_preset_unref(preset);
  ::close(listener);
  std::printf("%d of %d threads were wrong\n", wrong.load(), thread_count);
  return wrong.load() == 0 ? 0 : 1;
}
