// SPDX-License-Identifier: MIT
// Conflicts: who else on this host sets a key: the lines of sysctl.d in the order of precedence
// that systemd-sysctl and procps each use, and the active TuneD profile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/profile/resolve.hpp"
#include "engine/sysctl/key.hpp"

namespace nettune::audit {

enum class Loader { systemd_sysctl, procps, tuned };
std::string_view loader_name(Loader loader);  ///< "systemd-sysctl", "sysctl --system", "TuneD"

/// One line of a file that sets the key, with the answer of one loader.
struct Setter {
  Loader loader;
  std::string file;  ///< as found below the root: "/etc/sysctl.d/50-net.conf"
  int line = 0;
  std::string value;  ///< as written, after the loader's own trimming
  bool wins = false;  ///< this loader's last word on the key

  /// TuneD's ">2048" only raises, and "<2048" only lowers.
  enum class Bound : std::uint8_t { exactly, at_least, at_most };
  Bound bound = Bound::exactly;
  bool is_computed = false;  ///< TuneD works the value out when it runs: "${f:exec:…}"
};

struct Conflict {
  sysctl::Key key;
  std::vector<Setter> setters;    ///< in the order in which each loader reads them
  bool loaders_disagree = false;  ///< systemd-sysctl and `sysctl --system` end with other values

  /// Whose value the host has after a boot: TuneD writes after systemd-sysctl, and `sysctl
  /// --system` runs where somebody starts it. nullptr where neither sets the key.
  const Setter* last_at_boot() const;
};

/// The conflicts of `keys`, only keys that something sets, in the order of `keys`. `root` is "" for
/// this host. What cannot be read is reported in `problems`, one line each, and passed over.
std::vector<Conflict> find_conflicts(const std::string& root, const std::vector<sysctl::Key>& keys,
                                     std::vector<std::string>& problems);

}  // namespace nettune::audit
