// SPDX-License-Identifier: MIT
// Writing: all of a text, and a file that is replaced as a whole: whoever reads it meanwhile, and
// whatever fails, the old text or the new one is there.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string_view>

struct stat;

namespace nettune {

/// 0, or the errno value. Interrupted and short writes are gone on with.
int write_all(int fd, std::string_view text);

struct Replacement {
  int folder;        ///< an open folder, or AT_FDCWD
  const char* name;  ///< in it
  const char* next;  ///< beside it, where the new text is made; what is there is thrown away
  std::string_view text;
  mode_t mode = 0644;                  ///< of the new file, whatever the umask
  const struct stat* owner = nullptr;  ///< whose owner and mode it gets; nullptr: this process's
};

struct ReplaceFault {
  int number;          ///< an errno value
  const char* action;  ///< "write", "sync", "replace", …
};

/// The text is on disk before the name is the new file's; sync_folder() then keeps it there.
/// Nothing here asks for memory. After a fault the old file is in place, and `next` is gone.
std::expected<void, ReplaceFault> replace_file(const Replacement& what);

/// What was renamed in the folder stays so when the power fails. 0, or the errno value.
int sync_folder(const char* path);

}  // namespace nettune
