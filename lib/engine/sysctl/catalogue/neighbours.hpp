// SPDX-License-Identifier: MIT
// The facts of net.ipv4.neigh and net.ipv6.neigh, which are the same but for one key, sorted by
// pattern, which begins behind the folder: for table.cpp alone.
#pragma once

#include "engine/sysctl/catalogue/entry.hpp"

namespace nettune::sysctl::data {

inline constexpr Parameter retrans_time_of_ipv4 = {
    .pattern = "*/retrans_time",
    .shape = {Encoding::userhz, Unit::centiseconds, 0, int_max},
    .alias_of = "*/retrans_time_ms",
    .meaning = "The time between two questions for a neighbour. retrans_time_ms is the finer one.",
    .source = "arp(7)"};
inline constexpr Parameter retrans_time_of_ipv6 = {
    .pattern = "*/retrans_time",
    .shape = {Encoding::int32, Unit::count, int_min, int_max},
    .instead = "retrans_time_ms, whose unit does not depend on the kernel.",
    .alias_of = "*/retrans_time_ms",
    .meaning =
        "The time between two questions for a neighbour, in ticks of the kernel. Use "
        "retrans_time_ms, whose unit is certain.",
    .source = "arp(7)"};

consteval auto neighbour_parameters(Family family) {
  const bool ipv4 = family == Family::ipv4;
  return std::to_array<Parameter>({
      {.pattern = "*/anycast_delay",
       .shape = {Encoding::userhz, Unit::centiseconds, 0, int_max},
       .default_text = "100",
       .meaning = "The longest random delay before an anycast neighbour solicitation is answered.",
       .source = "arp(7)"},
      {.pattern = "*/app_solicit",
       .shape = {Encoding::int32, Unit::count, 0, int_max},
       .default_text = "0",
       .meaning = "How often a user-space daemon is asked for an address before the network is.",
       .source = "arp(7)"},
      {.pattern = "*/base_reachable_time",
       .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
       .default_text = "30",
       .alias_of = "*/base_reachable_time_ms",
       .meaning = "How long a neighbour counts as reachable after it answered; the real time is "
                  "between a half and three halves of it. base_reachable_time_ms is the finer one.",
       .source = "arp(7)"},
      {.pattern = "*/base_reachable_time_ms",
       .shape = {Encoding::milliseconds, Unit::milliseconds, 0, int_max},
       .default_text = "30000",
       .alias_of = "*/base_reachable_time",
       .meaning = "How long a neighbour counts as reachable after it answered; the real time is "
                  "between a half and three halves of it.",
       .source = "observed on Linux 6.18"},
      {.pattern = "*/delay_first_probe_time",
       .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
       .default_text = "5",
       .meaning = "How long to wait for a sign of life in ordinary traffic before an old neighbour "
                  "is probed.",
       .source = "arp(7)"},
      {.pattern = "*/gc_interval",
       .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
       .scope = Scope::host,
       .default_text = "30",
       .meaning = "How often old entries of the table are looked for.",
       .source = "arp(7)"},
      {.pattern = "*/gc_stale_time",
       .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
       .default_text = "60",
       .meaning = "How long an unused entry is kept at least before it may be removed.",
       .source = "arp(7)"},
      {.pattern = "*/gc_thresh1",
       .shape = {Encoding::int32, Unit::entries, 0, int_max},
       .scope = Scope::host,
       .default_text = "128",
       .meaning = "Below this number no entry of the table is removed. One table for the host, all "
                  "network namespaces together.",
       .source = "Documentation/networking/ip-sysctl.rst"},
      {.pattern = "*/gc_thresh2",
       .shape = {Encoding::int32, Unit::entries, 0, int_max},
       .scope = Scope::host,
       .default_text = "512",
       .meaning = "Above this number entries that are unused for 5 seconds are removed. One table "
                  "for the host, all network namespaces together.",
       .source = "Documentation/networking/ip-sysctl.rst"},
      {.pattern = "*/gc_thresh3",
       .shape = {Encoding::int32, Unit::entries, 0, int_max},
       .scope = Scope::host,
       .default_text = "1024",
       .lock_out = "Too small a table cuts off neighbours at random.",
       .lock_out_at = {Comparison::less, 512},
       .meaning =
           "The largest number of neighbours in the table, permanent ones aside. New ones beyond "
           "it "
           "fail, with \"neighbour: table overflow\" in the kernel log. Keep gc_thresh1 <= "
           "gc_thresh2 <= gc_thresh3. One table for the host, all network namespaces together.",
       .source = "Documentation/networking/ip-sysctl.rst"},
      {.pattern = "*/interval_probe_time_ms",
       .shape = {Encoding::milliseconds, Unit::milliseconds, 1, int_max},
       .since = {6, 0},
       .default_text = "5000",
       .meaning = "How often managed entries, which routing daemons ask for, are probed.",
       .source = "Documentation/networking/ip-sysctl.rst"},
      {.pattern = "*/locktime",
       .shape = {Encoding::userhz, Unit::centiseconds, 0, int_max},
       .meaning =
           "How long an entry is not replaced by another answer, against flapping between two.",
       .source = "arp(7)"},
      {.pattern = "*/mcast_resolicit",
       .shape = {Encoding::int32, Unit::count, 0, int_max},
       .default_text = "0",
       .meaning = "How often a neighbour that no longer answers is asked for again by broadcast or "
                  "multicast.",
       .source = "observed on Linux 6.18"},
      {.pattern = "*/mcast_solicit",
       .shape = {Encoding::int32, Unit::count, 0, int_max},
       .default_text = "3",
       .meaning = "How often an unknown neighbour is asked for by broadcast or multicast before it "
                  "counts as unreachable.",
       .source = "arp(7)"},
      {.pattern = "*/proxy_delay",
       .shape = {Encoding::userhz, Unit::centiseconds, 0, int_max},
       .default_text = "80",
       .meaning = "The longest random delay before this host answers for another one as its proxy.",
       .source = "arp(7)"},
      {.pattern = "*/proxy_qlen",
       .shape = {Encoding::int32, Unit::packets, 0, int_max},
       .default_text = "64",
       .meaning = "How many questions may wait for the delayed answers of a proxy.",
       .source = "arp(7)"},
      ipv4 ? retrans_time_of_ipv4 : retrans_time_of_ipv6,
      {.pattern = "*/retrans_time_ms",
       .shape = {Encoding::milliseconds, Unit::milliseconds, 0, int_max},
       .default_text = "1000",
       .alias_of = "*/retrans_time",
       .meaning = "The time between two questions for a neighbour.",
       .source = "observed on Linux 6.18"},
      {.pattern = "*/ucast_solicit",
       .shape = {Encoding::int32, Unit::count, 0, int_max},
       .default_text = "3",
       .meaning = "How often a known neighbour is probed directly before it is asked for by "
                  "broadcast or multicast.",
       .source = "arp(7)"},
      {.pattern = "*/unres_qlen",
       .shape = {Encoding::int32, Unit::packets, 0, int_max / packet_memory},
       .instead = "unres_qlen_bytes, which it only converts.",
       .alias_of = "*/unres_qlen_bytes",
       .meaning = "How many packets may wait for an unresolved neighbour, converted from "
                  "unres_qlen_bytes.",
       .source = "Documentation/networking/ip-sysctl.rst"},
      {.pattern = "*/unres_qlen_bytes",
       .shape = {Encoding::int32, Unit::bytes, 0, int_max},
       .alias_of = "*/unres_qlen",
       .meaning = "How many bytes of packets may wait for each unresolved neighbour.",
       .source = "Documentation/networking/ip-sysctl.rst"},
  });
}

}  // namespace nettune::sysctl::data
