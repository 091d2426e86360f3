// SPDX-License-Identifier: MIT
#include "engine/foreign/sysctl_d_order.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace nettune::profile {
namespace {

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The smaller, the stronger. A folder that is none of these is as strong as /etc.
std::size_t rank_of_folder(std::string_view path) {
  const std::string_view folder = path.substr(0, path.size() - name_of(path).size());
  for (std::size_t i = 1; i < sysctl_d_folders.size(); ++i) {
    if (folder.ends_with('/') &&
        folder.substr(0, folder.size() - 1).ends_with(sysctl_d_folders[i])) {
      return i;
    }
  }
  return 0;
}

}  // namespace

SysctlOrder order_of_sysctl_d(std::vector<std::string> files) {
  std::ranges::sort(files, {}, [](const std::string& file) {
    return std::tuple(name_of(file), rank_of_folder(file), std::string_view(file));
  });
  SysctlOrder order;
  std::vector<std::pair<dev_t, ino_t>> seen;
  for (std::string& file : files) {
    struct stat status{};
    if (stat(file.c_str(), &status) == 0) {
      const std::pair identity{status.st_dev, status.st_ino};
      if (std::ranges::find(seen, identity) != seen.end()) continue;
      seen.push_back(identity);
    }
    const bool is_masked = !order.read.empty() && name_of(order.read.back()) == name_of(file) &&
                           rank_of_folder(order.read.back()) != rank_of_folder(file);
    if (is_masked) {
      order.masked.emplace_back(std::move(file), order.read.back());
    } else {
      order.read.push_back(std::move(file));
    }
  }
  return order;
}

}  // namespace nettune::profile
