// SPDX-License-Identifier: MIT
// nettune.hpp: who owns a preset, what a Result throws, and that each call reaches its C function.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <nettune/nettune.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

using nettune::Option;
using nettune::Outcome;
using nettune::Preset;
using nettune::Report;
using nettune::Role;

namespace {

// As an Asio socket has it.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(fd_); }
  [[nodiscard]] int native_handle() const { return fd_; }

 private:
  int fd_;
};

int tcp_socket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

int number(const Socket& socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  CHECK(getsockopt(socket.native_handle(), level, name, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("a preset is set on what has a native_handle, and undone") {
  Socket socket(tcp_socket());
  const int before = number(socket, IPPROTO_TCP, TCP_USER_TIMEOUT);
  const Preset preset = Preset::line("nodelay=1,user-timeout=30s").value();

  const Report report = preset.apply(socket, Role::client);

  CHECK(report.ok());
  REQUIRE(report.rows().size() == 2);
  CHECK(nettune::outcome(report.rows()[0]) == Outcome::applied);
  CHECK(report.find(Option::user_timeout)->effective.number == 30000);
  CHECK(report.find(Option::mark) == nullptr);
  CHECK(number(socket, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(number(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 30000);
  CHECK(preset.apply(socket.native_handle(), Role::client, nettune::Flags::audit).ok());

  CHECK(nettune::undo(socket, report) == 0);
  CHECK(number(socket, IPPROTO_TCP, TCP_NODELAY) == 0);
  CHECK(number(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == before);
}

TEST_CASE("a copy owns the preset too") {
  std::optional<Preset> copy;
  Preset kept = Preset::line("nodelay=1").value();
  {
    const Preset first = Preset::line("nodelay=0").value();
    copy.emplace(first);
    CHECK(copy->get() == first.get());
    kept = first;
  }
  CHECK(copy->text() == "nodelay=0");
  CHECK(kept.text() == "nodelay=0");
  const Preset moved = std::move(kept);
  CHECK(moved.text() == "nodelay=0");
}

TEST_CASE("a Result without a value has an error, and value() throws it") {
  const auto result = Preset::line("nodelai=1");
  CHECK_FALSE(result.has_value());
  CHECK(result.error().number == EINVAL);
  CHECK(result.error().message.find("nodelai") != std::string::npos);
  CHECK_THROWS_AS(static_cast<void>(result.value()), std::system_error);
  CHECK(Preset::line("nodelay=1").error().number == 0);
  CHECK_FALSE(Preset::load("/nonexistent/profile.yaml").has_value());
}

TEST_CASE("no socket is a status below 0, and no row") {
  const Preset preset = Preset::line("nodelay=1").value();
  const Report report = preset.apply(-1);
  CHECK(report.status() == -EBADF);
  CHECK(report.rows().empty());
  CHECK(preset.accept(-1).status() == -EBADF);
}

TEST_CASE("the plan, the hints and the words") {
  const Preset preset = Preset::line("nodelay=1,write-buffer-high=16KiB").value();
  const Report plan = preset.plan(Role::client);
  CHECK(plan.status() == 1);
  CHECK(nettune::outcome(plan.rows()[0]) == Outcome::planned);
  CHECK(preset.hints().write_high == 16384);
  CHECK(preset.hints().read_limit == -1);
  CHECK(std::string(nettune::name(Option::notsent_lowat)) == "notsent-lowat");
  CHECK(std::string(nettune::constant(Option::nodelay)) == "TCP_NODELAY");
  CHECK(std::string(nettune::name(Role::automatic)) == "auto");
  CHECK(std::string(nettune::text(nettune::Reason::none)).empty());
  CHECK(nettune::text(plan.rows()[0]).find("nodelay") == 0);
}
