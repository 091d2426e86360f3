// SPDX-License-Identifier: MIT
// An echo server on epoll whose sockets have a preset:
//   epoll_echo PORT [PRESET-LINE]
// The listener is tuned before it listens, and what it accepts inherits that: a connection costs no
// further system call, but for quickack, which is set again after each read where the preset asks.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nettune/nettune.hpp>

namespace {

[[noreturn]] void give_up() {
  std::perror("epoll_echo");
  std::exit(1);
}

int listen_on(int port, const nettune::Preset& preset) {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) give_up();
  const nettune::Report report = preset.apply(fd, nettune::Role::listener);
  if (!report.ok()) {
    for (const nettune::Row& row : report.rows()) {
      std::fprintf(stderr, "%s\n", nettune::text(row).c_str());
    }
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<in_port_t>(port));
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, SOMAXCONN) != 0) {
    give_up();
  }
  return fd;
}

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Echoes what has come; false where the connection is over. A reader that is too slow ends it: an
// echo has no place to keep more.
bool echo(int fd, const nettune::Preset& preset) {
  std::array<char, 16384> data;
  const ssize_t size = ::read(fd, data.data(), data.size());
  if (size <= 0) return false;
  preset.quickack_rearm(fd);
  return ::write(fd, data.data(), static_cast<std::size_t>(size)) == size;
}

}  // namespace

int main(int argc, char** argv) {
  const auto preset = nettune::Preset::line(argc > 2 ? argv[2] : "nodelay=1,user-timeout=30s");
  if (argc < 2 || !preset) {
    std::fprintf(stderr, "usage: epoll_echo PORT [PRESET-LINE]\n%s\n",
                 preset.error().message.c_str());
    return 2;
  }
  const int listener = listen_on(std::atoi(argv[1]), preset.value());
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  for (;;) {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd != listener) {
        if (!echo(fd, preset.value())) ::close(fd);
        continue;
      }
      const int accepted = preset.value().accept(listener, SOCK_NONBLOCK | SOCK_CLOEXEC).status();
      if (accepted >= 0) watch(epoll, accepted);
    }
  }
}
