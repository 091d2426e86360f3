// SPDX-License-Identifier: MIT
#include "engine/file/replace.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/file/unique_fd.hpp"

namespace nettune {
namespace {

UniqueFd make(const Replacement& what) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(what.folder, what.next, flags, 0600));
  // What a process left that was killed.
  if (!fd && errno == EEXIST && ::unlinkat(what.folder, what.next, 0) == 0) {
    fd = UniqueFd(::openat(what.folder, what.next, flags, 0600));
  }
  return fd;
}

}  // namespace

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

std::expected<void, ReplaceFault> replace_file(const Replacement& what) {
  const auto failed = [&](const char* action, int number) {
    ::unlinkat(what.folder, what.next, 0);
    return std::unexpected(ReplaceFault{number, action});
  };
  {
    const UniqueFd fd = make(what);
    if (!fd) return std::unexpected(ReplaceFault{errno, "write"});
    if (what.owner != nullptr && ::fchown(fd.get(), what.owner->st_uid, what.owner->st_gid) != 0) {
      return failed("keep the owner of", errno);
    }
    const mode_t mode = what.owner != nullptr ? what.owner->st_mode & 07777 : what.mode;
    if (::fchmod(fd.get(), mode) != 0) return failed("set the mode of", errno);
    if (const int number = write_all(fd.get(), what.text)) return failed("write", number);
    if (::fsync(fd.get()) != 0) return failed("sync", errno);
  }
  if (::renameat(what.folder, what.next, what.folder, what.name) != 0) {
    return failed("replace", errno);
  }
  return {};
}

int sync_folder(const char* path) {
  const UniqueFd folder(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder && ::fsync(folder.get()) == 0 ? 0 : errno;
}

}  // namespace nettune
