// SPDX-License-Identifier: MIT
// Which of the shipped profiles suits a host, with the facts that speak for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/profile/host.hpp"
#include "engine/profile/store.hpp"

namespace nettune::ctl {

/// What a host shows of its work, without root. 0 and empty: nothing of that kind, or not known.
struct Facts {
  std::uint64_t memory_bytes = 0;
  std::int64_t fastest_link = 0;  ///< Mbit/s
  std::string fastest_link_name;
  std::vector<int> listening_ports;    ///< sorted, each once
  std::vector<std::string> processes;  ///< the names that points are given for; sorted, each once
  std::uint64_t tcp_sockets = 0;       ///< in use now
  std::uint64_t time_wait_sockets = 0;
  // Counters since boot.
  std::uint64_t listen_overflows = 0;
  std::uint64_t receive_collapsed = 0;
  std::uint64_t receive_pruned = 0;
  std::uint64_t memory_pressures = 0;
  std::uint64_t softnet_dropped = 0;
};

/// Reads proc/ and sys/ below `root`.
Facts gather_facts(const std::string& root, const profile::Host& host);

struct Recommendation {
  std::string name;
  int points = 0;
  std::vector<std::string> reasons;  ///< for it, the strongest first
};

/// The shipped profiles, the best first. The same facts give the same answer.
std::vector<Recommendation> rank(const Facts& facts);

/// The best of them that `store` has and that applies to `host`; nullopt where none does.
std::optional<std::string> recommended_profile(const std::string& root, const profile::Host& host,
                                               const profile::Store& store);

}  // namespace nettune::ctl
