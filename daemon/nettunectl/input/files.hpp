// SPDX-License-Identifier: MIT
// Reading what is no profile: a saved "sysctl -a", files of /proc and /sys, names in a folder.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"

namespace nettune::ctl {

/// The first `limit` bytes of a file of /proc or /sys; "" where it cannot be read: the caller takes
/// that as a fact that is not known. Never blocks on a FIFO.
std::string read_fact(const std::string& path, std::size_t limit = 65536);

/// Replaces the file by `text` as a whole, or makes it: whoever reads it meanwhile, and whatever
/// fails, the old text or the new one is there. A symbolic link stays, and so do owner and mode of
/// what it leads to; an old file that this user may not give away again is refused (EPERM).
Result<void> write_file(const std::string& path, std::string_view text);

/// Makes the file with `text` in it. EEXIST where there is one already; a device or a pipe is not
/// one. What could not be written whole is removed again.
Result<void> write_new_file(const std::string& path, std::string_view text);

/// The names in a folder, as nettune::names_in() has them, for facts that are not known without it:
/// none where there is no such folder, and none after a warning where it can't be listed.
std::vector<std::string> list_facts(const std::string& directory);

}  // namespace nettune::ctl
