// SPDX-License-Identifier: MIT
#include "engine/file/read.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>

#include "support/temp_tree.hpp"

using namespace nettune;

namespace {

constexpr std::size_t limit = std::size_t{1} << 20;

int refusal(const std::string& path, std::size_t most = limit) {
  const Result<std::string> text = read_file(path, most);
  return text ? 0 : text.error().number;
}

}  // namespace

TEST_CASE("a regular file is read whole, up to the limit") {
  const test::TempTree folder;
  folder.add("a", "text\n");
  folder.add("empty", "");
  CHECK(read_file(folder / "a", limit).value() == "text\n");
  CHECK(read_file(folder / "a", 5).value() == "text\n");
  CHECK(refusal(folder / "a", 4) == EFBIG);
  CHECK(read_file(folder / "empty", limit).value().empty());
  REQUIRE(::symlink("a", (folder / "link").c_str()) == 0);
  CHECK(read_file(folder / "link", limit).value() == "text\n");
}

TEST_CASE("what is no regular file is refused by its kind, and never waited for") {
  const test::TempTree folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  REQUIRE(::symlink("loop", (folder / "loop").c_str()) == 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = folder / "socket";
  REQUIRE(name.size() < sizeof(address.sun_path));
  name.copy(address.sun_path, name.size());
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);

  CHECK(refusal(folder / "fifo") == ENXIO);
  CHECK(refusal(folder / "socket") == ENXIO);
  CHECK(refusal("/dev/zero") == ENXIO);
  CHECK(refusal(folder.path()) == EISDIR);
  CHECK(refusal(folder / "loop") == ELOOP);
  CHECK(refusal(folder / "absent") == ENOENT);
  CHECK(refusal("") == ENOENT);
  folder.add("a", "x");
  CHECK(refusal(folder / "a/") == ENOTDIR);
  ::close(fd);
}

TEST_CASE("a file of two gigabytes is refused by its size and not read") {
  const test::TempTree folder;
  folder.add("huge", "");
  REQUIRE(::truncate((folder / "huge").c_str(), std::int64_t{1} << 31) == 0);
  CHECK(refusal(folder / "huge") == EFBIG);
}

TEST_CASE("a file that holds less than it announced has changed while it was read") {
  // Files of sysfs announce a page and hold a line: the one case that needs no second writer.
  const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0 || file.st_size < 4096) {
    MESSAGE("skipped: " << path << " is not there");
    return;
  }
  CHECK(refusal(path) == ESTALE);
}

TEST_CASE("a file that another process writes to again and again is not taken half") {
  const test::TempTree folder;
  folder.add("busy", "");
  // Large enough for the writer to come in between: its times have changed then, not its size.
  constexpr std::size_t size = std::size_t{64} << 20;
  REQUIRE(::truncate((folder / "busy").c_str(), size) == 0);
  CHECK(read_file(folder / "busy", size).has_value());
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) {
    const int fd = ::open((folder / "busy").c_str(), O_WRONLY | O_CLOEXEC);
    for (;;) {
      if (::pwrite(fd, "x", 1, 0) != 1) ::_exit(1);
    }
  }
  int number = 0;
  for (int i = 0; i < 100 && number == 0; ++i) {
    const Result<std::string> text = read_file(folder / "busy", size);
    if (!text) number = text.error().number;
  }
  ::kill(writer, SIGKILL);
  CHECK(::waitpid(writer, nullptr, 0) == writer);
  CHECK(number == ESTALE);
  CHECK(read_file(folder / "busy", size).has_value());
}

TEST_CASE("a pipe is read to its end, in as many pieces as it comes in, and up to a limit") {
  const std::string text(100'000, 'x');
  const auto read_pipe = [&](std::size_t most) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const pid_t writer = ::fork();
    REQUIRE(writer >= 0);
    if (writer == 0) {
      ::close(ends[0]);
      std::signal(SIGPIPE, SIG_DFL);
      for (std::size_t at = 0; at < text.size(); at += 1000) {
        if (::write(ends[1], text.data() + at, 1000) != 1000) ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    Result<std::string> got = read_to_end(ends[0], "the pipe", most);
    ::close(ends[0]);
    CHECK(::waitpid(writer, nullptr, 0) == writer);
    return got;
  };
  CHECK(read_pipe(text.size()).value() == text);
  const Result<std::string> more = read_pipe(text.size() - 1);
  REQUIRE_FALSE(more.has_value());
  CHECK(describe(more.error()) == "read the pipe: File too large");
}

TEST_CASE("the beginning of a file is read, whatever its length, and a FIFO is not waited for") {
  const test::TempTree folder;
  folder.add("a", "0123456789");
  CHECK(read_start(folder / "a", 4).value() == "0123");
  CHECK(read_start(folder / "a", 10).value() == "0123456789");
  CHECK(read_start(folder / "a", 100).value() == "0123456789");
  CHECK(read_start("/proc/self/comm", 100).value().ends_with('\n'));
  CHECK(read_start(folder / "absent", 4).error().number == ENOENT);
  CHECK(read_start(folder.path(), 4).error().number == EISDIR);
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(read_start(folder / "fifo", 4).value().empty());
}

TEST_CASE("a small file is read from its folder, a mask is empty, and all else is refused") {
  const test::TempTree folder;
  folder.add("a", "text");
  folder.add("empty", "");
  folder.add("large", std::string(20'000, 'x'));
  REQUIRE(::symlink("/dev/null", (folder / "mask").c_str()) == 0);
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const int fd = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(read_small_file(fd, "a").value() == "text");
  CHECK(read_small_file(fd, "empty").value().empty());
  CHECK(read_small_file(fd, "mask").value().empty());
  CHECK(read_small_file(fd, "large").error().number == EFBIG);
  CHECK(read_small_file(fd, "fifo").error().number == ENXIO);
  CHECK(read_small_file(fd, "absent").error().number == ENOENT);
  ::close(fd);
}

TEST_CASE("why a file can't be read is told with the limit that was asked for") {
  const test::TempTree folder;
  folder.add("a", "text");
  const auto why = [&](const std::string& path, std::size_t most) {
    return why_unreadable(read_file(path, most).error(), most);
  };
  CHECK(why(folder / "a", 3) == "it is larger than 3 bytes");
  CHECK(why(folder.path(), 3) == "it is a directory");
  CHECK(why(folder / "absent", 3) == "No such file or directory");
}
