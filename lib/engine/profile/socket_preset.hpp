// SPDX-License-Identifier: MIT
// SocketPreset: the named socket options below `sockets:`, checked against the names and ranges
// that the kernel takes. The companion library applies them; here they are only data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/profile/document.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::profile {

struct SocketOption {
  std::string name;  ///< flat: "nodelay", "keepalive-idle", "write-buffer-high"
  Origin origin;
  bool is_word = false;
  std::string word;            ///< "every-read", "kernel", a congestion control
  sysctl::Integer number = 0;  ///< in the option's unit, see socket_option_facts
  std::string text;            ///< as written
};

struct SocketPreset {
  std::string name;
  Origin origin;
  std::vector<SocketOption> options;  ///< in the order of the file
  std::string why;                    ///< "" where nothing is said
};

/// Reads the mapping below `sockets:`. Every fault is a diagnostic.
std::vector<SocketPreset> check_presets(const Node& sockets, Diagnostics& diagnostics);

/// The preset in the one-line form of libnettune:
/// "nodelay=1,notsent-lowat=16384,user-timeout=30000ms".
std::string to_line(const SocketPreset& preset);

/// What the language knows of one option; also what documents and completion list.
struct SocketOptionFacts {
  std::string_view name;
  sysctl::Unit unit;  ///< flag, bytes, seconds, milliseconds, count …
  sysctl::Integer minimum;
  sysctl::Integer maximum;
  std::string_view words;    ///< words it takes instead of a number, separated by blanks
  std::string_view meaning;  ///< one sentence
};
const std::vector<SocketOptionFacts>& all_socket_options();

}  // namespace nettune::profile
