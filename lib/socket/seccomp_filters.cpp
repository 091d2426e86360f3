// SPDX-License-Identifier: MIT
#include "seccomp_filters.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace nettune::socket {
namespace {

// What the line adds to `filters`.
void take_line(std::string_view line, int& filters) {
  constexpr std::string_view mode = "Seccomp:\t";
  constexpr std::string_view count = "Seccomp_filters:\t";  // since Linux 5.9, after the mode
  if (line.starts_with(mode) && line != "Seccomp:\t0") filters = -1;
  if (!line.starts_with(count)) return;
  line.remove_prefix(count.size());
  std::from_chars(line.data(), line.data() + line.size(), filters);
}

}  // namespace

int seccomp_filters() {
  // prctl(PR_GET_SECCOMP) would be cheaper, but a filter that forbids it may kill.
  const int fd = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int filters = 0;  // a kernel without seccomp has no such line
  std::array<char, 1024> part;
  std::array<char, 32> line;  // the start of one: that of the groups may have 700 kB
  std::size_t length = 0;
  ssize_t size = 0;
  while ((size = ::read(fd, part.data(), part.size())) > 0) {
    for (const char c : std::string_view(part.data(), static_cast<std::size_t>(size))) {
      if (c == '\n') {
        take_line({line.data(), length}, filters);
        length = 0;
      } else if (length < line.size()) {
        line[length++] = c;
      }
    }
  }
  ::close(fd);
  return size < 0 ? -1 : filters;
}

}  // namespace nettune::socket
