// SPDX-License-Identifier: MIT
// 16 threads and one preset, each thread with sockets of its own: built with ThreadSanitizer, which
// ends the program where two of them meet without an order.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>

#include "nettune/nettune.h"

namespace {

constexpr int rounds = 200;

// What one thread does; false where an answer is not the one that it would have alone.
bool work(nettune_preset* preset, int listener) {
  std::array<nettune_result, NETTUNE_MOST_RESULTS> rows;
  bool is_right = true;
  for (int round = 0; round < rounds; ++round) {
    nettune_preset* own = nettune_preset_ref(preset);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::size_t count = 0;
    is_right = nettune_apply(own, fd, NETTUNE_CLIENT, 0, rows.data(), rows.size(), &count) == 0 &&
               count == 4 && is_right;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    is_right = ::connect(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && is_right;
    // Another thread may get this one's connection: it gets that one's.
    const int accepted =
        nettune_accept(own, listener, nullptr, nullptr, SOCK_CLOEXEC, rows.data(), 4, &count);
    is_right = accepted >= 0 && rows[0].outcome == NETTUNE_INHERITED && is_right;
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
  nettune_preset* preset = nullptr;
  if (nettune_preset_line("nodelay=1,user-timeout=30s,priority=5,quickack=every-read", &preset,
                          nullptr, 0) != 0) {
    return 1;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  nettune_apply(preset, listener, NETTUNE_LISTENER, 0, nullptr, 0, nullptr);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 64) != 0) {
    return 1;
  }
  std::atomic<int> wrong = 0;
  {
    std::array<std::jthread, 16> threads;
    for (std::jthread& thread : threads) {
      thread = std::jthread([&] { wrong += work(preset, listener) ? 0 : 1; });
    }
  }
  nettune_preset_unref(preset);
  ::close(listener);
  std::printf("%d of 16 threads were wrong\n", wrong.load());
  return wrong.load() == 0 ? 0 : 1;
}
