// SPDX-License-Identifier: MIT
#include "input/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "engine/file/folder.hpp"
#include "engine/file/read.hpp"
#include "engine/file/replace.hpp"
#include "engine/file/unique_fd.hpp"
#include "output/output.hpp"

namespace nettune::ctl {

std::string read_fact(const std::string& path, std::size_t limit) {
  return read_start(path, limit).value_or("");
}

namespace {

Result<void> write_text(int fd, const std::string& path, std::string_view text) {
  if (const int number = write_all(fd, text)) return std::unexpected(Error{number, "write", path});
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
  const auto replaced = replace_file({.folder = AT_FDCWD,
                                      .name = target.c_str(),
                                      .next = next.c_str(),
                                      .text = text,
                                      .owner = is_there ? &old : nullptr});
  if (!replaced)
    return std::unexpected(Error{replaced.error().number, replaced.error().action, path});
  return {};
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
