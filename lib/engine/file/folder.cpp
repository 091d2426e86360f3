// SPDX-License-Identifier: MIT
#include "engine/file/folder.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace nettune {

Result<Folder> Folder::open(const std::string& path, int at) {
  const int fd = ::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(Error{errno, "list", path});
  if (DIR* const entries = ::fdopendir(fd)) return Folder(fd, entries, path);
  const int number = errno;
  ::close(fd);
  return std::unexpected(Error{number, "list", path});
}

Result<const dirent*> Folder::next() {
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(entries_.get());
    if (entry == nullptr && errno != 0) return std::unexpected(Error{errno, "list", path_});
    if (entry == nullptr) return nullptr;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry;
  }
}

Result<std::vector<std::string>> names_in(const std::string& path, int at) {
  Result<Folder> folder = Folder::open(path, at);
  if (!folder) return std::unexpected(folder.error());
  std::vector<std::string> names;
  for (;;) {
    const Result<const dirent*> entry = folder->next();
    if (!entry) return std::unexpected(entry.error());
    if (*entry == nullptr) break;
    names.emplace_back((*entry)->d_name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace nettune
