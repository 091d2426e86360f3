// SPDX-License-Identifier: MIT
#include "engine/file/trust.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "engine/text/printable.hpp"

namespace nettune {
namespace {

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

// Of the folders and links on this absolute way, and of what it ends at.
std::optional<std::string> why_untrusted_way(std::string_view whole) {
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = whole.find('/', end + 1);
    const std::string part(whole.substr(0, end));
    struct stat file{};
    if (::lstat(part.c_str(), &file) != 0) return std::nullopt;  // reading it says why
    // In a sticky folder nobody moves what belongs to another; a link has no mode of its own.
    const bool is_shared = S_ISDIR(file.st_mode) && (file.st_mode & S_ISVTX) != 0;
    if (is_shared || S_ISLNK(file.st_mode)) file.st_mode &= ~mode_t{022};
    if (auto why = why_untrusted(file, printable(part))) return why;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_untrusted(const struct stat& status, std::string_view name) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fmt::format("{} belongs to user {}", name, status.st_uid);
  }
  if ((status.st_mode & 022) != 0) {
    return fmt::format("others may write {} (mode {:04o})", name, status.st_mode & 07777);
  }
  return std::nullopt;
}

std::optional<std::string> why_untrusted(const std::string& path) {
  // The way that the name takes, link by link as it is written, and the one to what it leads to.
  if (path.starts_with('/')) {
    if (std::optional<std::string> why = why_untrusted_way(path)) return why;
  }
  const std::string folder =
      path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/') + 1);
  for (const std::string& way : {folder, path}) {
    const std::unique_ptr<char, FreeText> real(::realpath(way.c_str(), nullptr));
    if (real == nullptr) return std::nullopt;
    if (std::optional<std::string> why = why_untrusted_way(real.get())) return why;
  }
  return std::nullopt;
}

}  // namespace nettune
