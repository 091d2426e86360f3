// SPDX-License-Identifier: MIT
#include "input/processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "engine/file/folder.hpp"
#include "input/files.hpp"

namespace nettune::ctl {
namespace {

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

// Adds those of one process, by descriptor.
Result<void> add_open_sockets(pid_t pid, std::vector<OpenSocket>& list) {
  Result<Folder> folder = Folder::open(fmt::format("/proc/{}/fd", pid));
  if (!folder) return std::unexpected(folder.error());
  const std::size_t first = list.size();
  for (;;) {
    const Result<const dirent*> entry = folder->next();
    if (!entry) return std::unexpected(entry.error());
    if (*entry == nullptr) break;
    const std::optional<int> fd = number_in<int>((*entry)->d_name);
    if (!fd) continue;
    std::array<char, 64> link{};
    const ssize_t size = ::readlinkat(folder->fd(), (*entry)->d_name, link.data(), link.size());
    if (size <= 0) continue;
    if (const auto inode = inode_in({link.data(), static_cast<std::size_t>(size)})) {
      list.push_back({pid, *fd, *inode});
    }
  }
  std::sort(list.begin() + static_cast<std::ptrdiff_t>(first), list.end(),
            [](const OpenSocket& a, const OpenSocket& b) { return a.fd < b.fd; });
  return {};
}

}  // namespace

bool is_gone(const Error& error) { return error.number == ENOENT || error.number == ESRCH; }

Result<OpenSockets> open_sockets(const std::vector<pid_t>& pids) {
  OpenSockets found;
  for (const pid_t pid : pids) {
    const Result<void> added = add_open_sockets(pid, found.list);
    if (added || is_gone(added.error())) continue;
    const int number = added.error().number;
    if (number != EACCES && number != EPERM) return std::unexpected(added.error());
    ++found.unreadable;
  }
  return found;
}

Result<std::vector<pid_t>> all_processes() {
  const Result<std::vector<std::string>> names = names_in("/proc");
  if (!names) return std::unexpected(names.error());
  std::vector<pid_t> pids;
  for (const std::string& name : *names) {
    if (const std::optional<pid_t> pid = number_in<pid_t>(name)) pids.push_back(*pid);
  }
  std::ranges::sort(pids);
  return pids;
}

Result<std::vector<pid_t>> processes_of_unit(const std::string& unit) {
  const std::string name =
      unit.find('.') == std::string::npos ? unit + ".service" : unit;  // as systemctl(1) does
  const Result<std::vector<pid_t>> all = all_processes();
  if (!all) return std::unexpected(all.error());
  std::vector<pid_t> pids;
  for (const pid_t pid : *all) {
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
