// SPDX-License-Identifier: MIT
#include "engine/sysctl/net_namespace_list.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/file/folder.hpp"
#include "engine/file/read.hpp"

namespace nettune::sysctl {
namespace {

// In numbers: "10" comes after "9".
Result<std::vector<pid_t>> processes_in(const std::string& directory) {
  const Result<std::vector<std::string>> names = names_in(directory);
  if (!names) return std::unexpected(names.error());
  std::vector<pid_t> processes;
  for (const std::string& name : *names) {
    pid_t process = 0;
    const char* end = name.data() + name.size();
    const auto [rest, fault] = std::from_chars(name.data(), end, process);
    if (fault == std::errc{} && rest == end && process > 0) processes.push_back(process);
  }
  std::ranges::sort(processes);
  return processes;
}

std::string folder_of(const std::string& root, pid_t process) {
  return root + "/proc/" + std::to_string(process);
}

// "" where the process is gone.
std::string command_of(const std::string& root, pid_t process) {
  constexpr std::size_t longest = 64;
  std::string text = read_start(folder_of(root, process) + "/comm", longest).value_or("");
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

using Identity = std::pair<std::uint64_t, std::uint64_t>;  // device and inode

Identity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

class Collector {
 public:
  Collector(const std::string& root, Identity own) : root_(root), own_(own) {}

  void add_own() { found_[own_]; }

  void add_processes(const std::vector<pid_t>& processes) {
    for (const pid_t process : processes) {
      struct stat status{};
      if (::stat((folder_of(root_, process) + "/ns/net").c_str(), &status) == 0) {
        found_[identity_of(status)].processes.push_back(process);
      } else if (errno == EACCES || errno == EPERM) {
        ++list_.hidden_processes;
      }  // else it has ended, or is a zombie, which is in no namespace any more
    }
  }

  Result<void> add_names() {
    const std::string directory = root_ + "/run/netns";
    Result<std::vector<std::string>> names = names_in(directory);
    if (!names && names.error().number == ENOENT) return {};  // "ip netns add" makes it
    if (!names) return std::unexpected(names.error());
    for (std::string& name : *names) {
      const std::string path = fmt::format("{}/{}", directory, name);
      struct stat status{};
      if (::stat(path.c_str(), &status) != 0) {
        if (errno != ENOENT) list_.unreadable.push_back({errno, "look at", path});
      } else if (status.st_dev != own_.first) {
        // All namespaces are files of one file system. Others are what "ip netns add" mounts over:
        // left behind, or the mount is in a mount namespace that is not the caller's.
        list_.unreadable.push_back({EINVAL, "look at", path});
      } else {
        found_[identity_of(status)].names.push_back(std::move(name));
      }
    }
    return {};
  }

  NetNamespaceList finish() {
    for (auto& [identity, listed] : found_) {
      std::tie(listed.device, listed.inode) = identity;
      listed.is_own = identity == own_;
      for (const pid_t process : listed.processes) {
        listed.command = command_of(root_, process);
        if (listed.command.empty()) continue;
        listed.first_process = process;
        break;
      }
      // The kernel's own threads never leave the namespace that it started with, and process 2 is
      // their parent; in a process namespace of a container it is another, or none.
      listed.is_initial =
          std::ranges::binary_search(listed.processes, 2) && command_of(root_, 2) == "kthreadd";
      list_.namespaces.push_back(std::move(listed));
    }
    std::ranges::sort(list_.namespaces, {}, [](const ListedNetNamespace& listed) {
      return std::tuple(!listed.is_own, !listed.is_initial, listed.names.empty(),
                        listed.names.empty() ? std::string() : listed.names.front(),
                        listed.processes.empty() ? 0 : listed.processes.front(), listed.inode);
    });
    return std::move(list_);
  }

 private:
  const std::string& root_;
  Identity own_;
  std::map<Identity, ListedNetNamespace> found_;
  NetNamespaceList list_;
};

}  // namespace

Result<NetNamespaceList> list_net_namespaces(const std::string& root) {
  struct stat own{};
  if (::stat("/proc/thread-self/ns/net", &own) != 0) {
    return std::unexpected(Error{errno, "read", "/proc/thread-self/ns/net"});
  }
  const Result<std::vector<pid_t>> processes = processes_in(root + "/proc");
  if (!processes) return std::unexpected(processes.error());
  Collector collector(root, identity_of(own));
  if (root.empty()) collector.add_own();
  collector.add_processes(*processes);
  if (Result<void> added = collector.add_names(); !added) return std::unexpected(added.error());
  return collector.finish();
}

Result<UniqueFd> open_listed(const ListedNetNamespace& listed, const std::string& root) {
  Error refusal{ENOENT, "open", "the network namespace"};
  const auto try_path = [&](const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status{};
    if (!fd) {
      // ESRCH: the process ended between the look-up and the opening.
      if (errno != ENOENT && errno != ESRCH) refusal = {errno, "open", path};
    } else if (::fstat(fd.get(), &status) != 0) {
      refusal = {errno, "look at", path};
    } else if (identity_of(status) == Identity{listed.device, listed.inode}) {
      return fd;
    }  // else the name or the process id has been used again
    return UniqueFd();
  };
  for (const std::string& name : listed.names) {
    if (UniqueFd fd = try_path(fmt::format("{}/run/netns/{}", root, name))) return fd;
  }
  for (const pid_t process : listed.processes) {
    if (UniqueFd fd = try_path(folder_of(root, process) + "/ns/net")) return fd;
  }
  return std::unexpected(std::move(refusal));
}

}  // namespace nettune::sysctl
