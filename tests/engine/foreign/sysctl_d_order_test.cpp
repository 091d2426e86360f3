// SPDX-License-Identifier: MIT
#include "engine/foreign/sysctl_d_order.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "support/temp_tree.hpp"

using namespace nettune;
using profile::order_of_sysctl_d;
using Paths = std::vector<std::string>;

TEST_CASE("files are read by name, whatever their folder") {
  CHECK(order_of_sysctl_d(
            {"/usr/lib/sysctl.d/50-b.conf", "/etc/sysctl.d/60-c.conf", "/run/sysctl.d/10-a.conf"})
            .read ==
        Paths{"/run/sysctl.d/10-a.conf", "/usr/lib/sysctl.d/50-b.conf", "/etc/sysctl.d/60-c.conf"});
}

TEST_CASE("of two with one name the one in the stronger folder is read") {
  const Paths strongest_first = {"/etc/sysctl.d/x.conf", "/run/sysctl.d/x.conf",
                                 "/usr/local/lib/sysctl.d/x.conf", "/usr/lib/sysctl.d/x.conf",
                                 "/lib/sysctl.d/x.conf"};
  for (std::size_t i = 0; i + 1 < strongest_first.size(); ++i) {
    const auto order = order_of_sysctl_d({strongest_first[i + 1], strongest_first[i]});
    CHECK(order.read == Paths{strongest_first[i]});
    REQUIRE(order.masked.size() == 1);
    CHECK(order.masked.front() == std::pair(strongest_first[i + 1], strongest_first[i]));
  }
  // Below another root the same; a folder that is none of these is as strong as /etc.
  CHECK(order_of_sysctl_d({"/mnt/usr/lib/sysctl.d/x.conf", "/mnt/etc/sysctl.d/x.conf"}).read ==
        Paths{"/mnt/etc/sysctl.d/x.conf"});
  CHECK(order_of_sysctl_d({"/srv/x.conf", "/etc/sysctl.d/x.conf"}).masked.empty());
}

TEST_CASE("a file that is given twice is read once") {
  const test::TempTree tree;
  const std::string file = tree.add("etc/sysctl.conf", "net.core.somaxconn = 1\n");
  std::filesystem::create_directory(tree.path() + "/etc/sysctl.d");
  const std::string link = tree.path() + "/etc/sysctl.d/99-sysctl.conf";
  std::filesystem::create_symlink("../sysctl.conf", link);
  CHECK(order_of_sysctl_d({file, link}).read == Paths{link});
}
