// SPDX-License-Identifier: MIT
#include "saved_choice.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>

#include "engine/file/read.hpp"
#include "engine/file/replace.hpp"

namespace nettune::daemon {
namespace {

constexpr std::size_t max_choice_size = 4096;  // bytes

}  // namespace

Result<std::optional<std::string>> read_choice(const std::string& path) {
  const Result<std::string> text = read_file(path, max_choice_size);
  if (!text && text.error().number == ENOENT) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  return text->substr(0, text->find('\n'));
}

Result<void> write_choice(const std::string& path, const std::string& choice) {
  const std::string folder = path.substr(0, path.rfind('/'));
  const auto failed = [&](const char* action, int number) {
    return std::unexpected(Error{number, action, path});
  };
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    return failed("make the folder of", errno);
  }
  const std::string next = path + ".new";
  const std::string line = choice + "\n";
  const auto replaced =
      replace_file({.folder = AT_FDCWD, .name = path.c_str(), .next = next.c_str(), .text = line});
  if (!replaced) return failed(replaced.error().action, replaced.error().number);
  if (const int number = sync_folder(folder.c_str())) return failed("sync the folder of", number);
  return {};
}

}  // namespace nettune::daemon
