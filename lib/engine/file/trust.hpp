// SPDX-License-Identifier: MIT
// Which files a program with rights goes by: those that nobody else could have written.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

namespace nettune {

/// "others may write NAME (mode 0666)" or "NAME belongs to user 1000": why a file is not to be
/// trusted that belongs to neither root nor this process's user, or that others may write; nullopt
/// where it is. `name` is printable.
std::optional<std::string> why_untrusted(const struct stat& status, std::string_view name);

/// The same for the file at `path` and each folder and link on the way to it; nullopt as well where
/// it is not there.
std::optional<std::string> why_untrusted(const std::string& path);

}  // namespace nettune
