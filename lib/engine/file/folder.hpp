// SPDX-License-Identifier: MIT
// Folder: a directory that is read to its end. A failure on the way is an error, where readdir(3)
// answers as if the end were there.
#pragma once

#include <dirent.h>
#include <fcntl.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/result.hpp"

namespace nettune {

class Folder {
 public:
  /// `path` is relative to the open folder `at`.
  static Result<Folder> open(const std::string& path, int at = AT_FDCWD);

  int fd() const { return fd_; }  ///< stays this object's

  /// The next entry that is neither "." nor ".."; nullptr at the end.
  Result<const dirent*> next();

 private:
  struct Close {
    void operator()(DIR* entries) const noexcept { ::closedir(entries); }
  };
  Folder(int fd, DIR* entries, std::string path)
      : fd_(fd), entries_(entries), path_(std::move(path)) {}

  int fd_;  // of entries_
  std::unique_ptr<DIR, Close> entries_;
  std::string path_;
};

/// The names in a folder, sorted, without "." and "..".
Result<std::vector<std::string>> names_in(const std::string& path, int at = AT_FDCWD);

}  // namespace nettune
