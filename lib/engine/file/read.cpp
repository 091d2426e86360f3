// SPDX-License-Identifier: MIT
#include "engine/file/read.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "engine/file/unique_fd.hpp"

namespace nettune {
namespace {

// Should it be a FIFO, O_NONBLOCK keeps open(2) from waiting for a writer.
constexpr int careful = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool is_same_state(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

// 0, or why such a file is not read.
int refusal(const struct stat& file, std::size_t limit) {
  if (S_ISDIR(file.st_mode)) return EISDIR;
  if (!S_ISREG(file.st_mode)) return ENXIO;
  if (file.st_size > 0 && static_cast<std::uintmax_t>(file.st_size) > limit) return EFBIG;
  return 0;
}

Result<std::string> read_once(const std::string& path, std::size_t limit) {
  const auto refused = [&](int number) { return std::unexpected(Error{number, "read", path}); };
  struct stat before{};
  // Before the file is opened: to open a device can already do something.
  if (::stat(path.c_str(), &before) != 0) return refused(errno);
  if (const int number = refusal(before, limit); number != 0) return refused(number);
  const UniqueFd fd(::open(path.c_str(), careful));
  if (!fd) return refused(errno);
  if (::fstat(fd.get(), &before) != 0) return refused(errno);
  if (const int number = refusal(before, limit); number != 0) return refused(number);

  const auto size = static_cast<std::size_t>(before.st_size);
  Result<std::string> text = read_start(fd.get(), path, limit + 1, size);
  if (!text) return text;
  if (text->size() > limit) return refused(EFBIG);
  struct stat after{};
  if (::fstat(fd.get(), &after) != 0) return refused(errno);
  // A size of 0 says nothing in /proc; elsewhere the file has grown, and its times tell.
  const bool is_whole = size == 0 || size == text->size();
  if (!is_whole || !is_same_state(before, after)) return refused(ESTALE);
  return text;
}

}  // namespace

Result<std::string> read_start(int fd, const std::string& name, std::size_t limit,
                               std::size_t expected) {
  constexpr std::size_t piece = 64 * std::size_t{1024};
  std::string text;
  // One byte more is asked for: that it does not come is the end of a regular file.
  std::size_t room = std::min(limit, expected > 0 ? expected + 1 : std::size_t{4096});
  for (std::size_t used = 0; used < limit;) {
    text.resize(used + room);
    const ssize_t count = ::read(fd, text.data() + used, room);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(Error{errno, "read", name});
    used += static_cast<std::size_t>(count);
    text.resize(used);
    if (count == 0 || used == expected) break;
    room = std::min(limit - used, std::max(piece, used));
  }
  return text;
}

Result<std::string> read_start(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), careful));
  if (!fd) return std::unexpected(Error{errno, "read", path});
  return read_start(fd.get(), path, limit);
}

Result<std::string> read_to_end(int fd, const std::string& name, std::size_t limit) {
  Result<std::string> text = read_start(fd, name, limit + 1);
  if (text && text->size() > limit) return std::unexpected(Error{EFBIG, "read", name});
  return text;
}

Result<std::string> read_to_end(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), careful));
  if (!fd) return std::unexpected(Error{errno, "read", path});
  return read_to_end(fd.get(), path, limit);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  // An editor that is just saving needs an instant; what changes without end is no profile.
  constexpr int attempts = 3;
  Result<std::string> text = read_once(path, limit);
  for (int i = 1; i < attempts && !text && text.error().number == ESTALE; ++i) {
    text = read_once(path, limit);
  }
  return text;
}

Result<std::string> read_small_file(int folder, const char* name) {
  const auto refused = [&](int number) { return std::unexpected(Error{number, "read", name}); };
  const UniqueFd fd(::openat(folder, name, careful));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0) return refused(errno);
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) return std::string();
  if (!S_ISREG(status.st_mode)) return refused(ENXIO);
  constexpr std::size_t largest = 16384;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size >= largest) return refused(EFBIG);
  Result<std::string> text = read_start(fd.get(), name, size + 1, size);
  if (text && text->size() != size) return refused(EFBIG);
  return text;
}

std::string why_unreadable(const Error& error, std::size_t limit) {
  switch (error.number) {
    case EISDIR:
      return "it is a directory";
    case ENXIO:
      return "it is a FIFO, a device or a socket, not a regular file";
    case EFBIG:
      return fmt::format("it is larger than {} bytes", limit);
    case ESTALE:
      return "it changed while it was read";
    case ELOOP:
      return "its symbolic links form a loop";
    default: {
      // "read <path>: <reason>"
      const std::string text = describe(error);
      return text.substr(error.action.size() + error.object.size() + 3);
    }
  }
}

}  // namespace nettune
