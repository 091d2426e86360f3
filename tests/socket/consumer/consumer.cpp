// SPDX-License-Identifier: MIT
// A program that knows libnettune only as it is installed.
#include <sys/socket.h>
#include <unistd.h>

#include <nettune/nettune.hpp>

int main() {
  const auto preset = nettune::Preset::line("nodelay=1");
  if (!preset) return 1;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const nettune::Report report = preset.value().apply(fd, nettune::Role::client);
  close(fd);
  return report.ok() && report.rows().size() == 1 ? 0 : 1;
}
