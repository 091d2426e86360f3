// SPDX-License-Identifier: MIT
// Which files of sysctl.d are read, and in which order (sysctl.d(5)): what is read later wins.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nettune::profile {

/// Of files with one name only that in the first of these folders is read, by systemd-sysctl and by
/// sysctl --system. /lib is most often a link to /usr/lib.
inline constexpr std::array<std::string_view, 5> sysctl_d_folders = {
    "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
    "/lib/sysctl.d"};

struct SysctlOrder {
  std::vector<std::string> read;
  std::vector<std::pair<std::string, std::string>> masked;  ///< a file, and the one that hides it
};

/// Files of sysctl.d in the order in which systemd-sysctl reads them: by name, whatever the folder;
/// of two with one name only that in the stronger folder is read. Debian's 99-sysctl.conf is a link
/// to ../sysctl.conf: a file that is given twice is read once.
SysctlOrder order_of_sysctl_d(std::vector<std::string> files);

}  // namespace nettune::profile
