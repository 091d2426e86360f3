// SPDX-License-Identifier: MIT
#include "files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "engine/folder.hpp"
#include "engine/unique_fd.hpp"
#include "output.hpp"

namespace nettune::ctl {

Result<std::string> read_to_end(int fd, const std::string& name, std::size_t limit) {
  std::string text;
  std::size_t used = 0;
  for (;;) {
    if (text.size() - used < 65536) text.resize(std::max<std::size_t>(text.size() * 2, 262144));
    const ssize_t got = ::read(fd, text.data() + used, text.size() - used);
    if (got < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(Error{errno, "read", name});
    }
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit) return std::unexpected(Error{EFBIG, "read", name});
  }
  text.resize(used);
  return text;
}

std::string read_fact(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  if (!fd) return text;
  text.resize(limit);
  std::size_t used = 0;
  while (used < limit) {
    const ssize_t got = ::read(fd.get(), text.data() + used, limit - used);
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

namespace {

Result<void> write_text(int fd, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(Error{errno, "write", path});
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// A terminal, a pipe or /dev/null keeps its place.
Result<void> write_device(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return std::unexpected(Error{errno, "open", path});
  return write_text(fd.get(), path, text);
}

}  // namespace

Result<void> write_file(const std::string& path, std::string_view text) {
  struct stat old{};
  const bool is_there = ::stat(path.c_str(), &old) == 0;
  if (is_there && !S_ISREG(old.st_mode)) return write_device(path, text);
  std::error_code error;
  const std::string target = is_there ? std::filesystem::canonical(path, error).string() : path;
  if (error) return std::unexpected(Error{error.value(), "find", path});
  const std::string next = fmt::format("{}.{}.new", target, ::getpid());
  const UniqueFd fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) return std::unexpected(Error{errno, "make", next});
  const auto replace = [&]() -> Result<void> {
    if (is_there) {
      if (::fchown(fd.get(), old.st_uid, old.st_gid) != 0 ||
          ::fchmod(fd.get(), old.st_mode & 07777) != 0) {
        return std::unexpected(Error{errno, "keep the owner of", path});
      }
    }
    if (Result<void> written = write_text(fd.get(), path, text); !written) return written;
    if (::fsync(fd.get()) != 0) return std::unexpected(Error{errno, "write", path});
    if (::rename(next.c_str(), target.c_str()) != 0) {
      return std::unexpected(Error{errno, "replace", path});
    }
    return {};
  };
  Result<void> replaced = replace();
  if (!replaced) ::unlink(next.c_str());
  return replaced;
}

Result<void> write_new_file(const std::string& path, std::string_view text) {
  struct stat status{};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return write_device(path, text);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) return std::unexpected(Error{errno, "make", path});
  const Result<void> written = write_text(fd.get(), path, text);
  if (!written) ::unlink(path.c_str());
  return written;
}

std::vector<std::string> list_facts(const std::string& directory) {
  Result<std::vector<std::string>> names = names_in(directory);
  if (names) return *std::move(names);
  if (names.error().number != ENOENT) complain("warning: " + describe(names.error()));
  return {};
}

}  // namespace nettune::ctl
