// SPDX-License-Identifier: MIT
#include "processes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

#include "files.hpp"

namespace nettune::ctl {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// 12345 of "socket:[12345]".
std::optional<std::uint32_t> inode_in(std::string_view link) {
  constexpr std::string_view begin = "socket:[";
  if (!link.starts_with(begin) || !link.ends_with(']')) return std::nullopt;
  link.remove_prefix(begin.size());
  link.remove_suffix(1);
  return number_in<std::uint32_t>(link);
}

}  // namespace

OpenSockets open_sockets(const std::vector<pid_t>& pids) {
  OpenSockets found;
  for (const pid_t pid : pids) {
    const Folder folder(::opendir(fmt::format("/proc/{}/fd", pid).c_str()));
    if (folder == nullptr) {
      if (errno == EACCES || errno == EPERM) ++found.unreadable;
      continue;
    }
    const std::size_t first = found.list.size();
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::optional<int> fd = number_in<int>(entry->d_name);
      if (!fd) continue;
      std::array<char, 64> link{};
      const ssize_t size =
          ::readlinkat(::dirfd(folder.get()), entry->d_name, link.data(), link.size());
      if (size <= 0) continue;
      if (const auto inode = inode_in({link.data(), static_cast<std::size_t>(size)})) {
        found.list.push_back({pid, *fd, *inode});
      }
    }
    std::sort(found.list.begin() + static_cast<std::ptrdiff_t>(first), found.list.end(),
              [](const OpenSocket& a, const OpenSocket& b) { return a.fd < b.fd; });
  }
  return found;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  for (const std::string& name : names_in("/proc")) {
    if (const std::optional<pid_t> pid = number_in<pid_t>(name)) pids.push_back(*pid);
  }
  std::ranges::sort(pids);
  return pids;
}

std::vector<pid_t> processes_of_unit(const std::string& unit) {
  const std::string name =
      unit.find('.') == std::string::npos ? unit + ".service" : unit;  // as systemctl(1) does
  std::vector<pid_t> pids;
  for (const pid_t pid : all_processes()) {
    // "0::/system.slice/nginx.service"; a line for each hierarchy where there are several.
    const std::string text = read_fact(fmt::format("/proc/{}/cgroup", pid)) + "\n";
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string path = text.substr(at, end - at) + "/";
      if (path.find("/" + name + "/") != std::string::npos) {
        pids.push_back(pid);
        break;
      }
      at = end + 1;
    }
  }
  return pids;
}

std::string process_name(pid_t pid) {
  std::string name = read_fact(fmt::format("/proc/{}/comm", pid), 64);
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

Result<HeldProcess> HeldProcess::hold(pid_t pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return std::unexpected(Error{errno, "open", fmt::format("process {}", pid)});
  return HeldProcess(std::move(fd));
}

Result<UniqueFd> HeldProcess::copy_of(int fd) const {
  UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd_.get(), fd, 0)));
  if (!copy) return std::unexpected(Error{errno, "copy", fmt::format("descriptor {}", fd)});
  return copy;
}

}  // namespace nettune::ctl
