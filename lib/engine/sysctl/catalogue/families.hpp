// SPDX-License-Identifier: MIT
// The facts of single parameters that net.ipv4 and net.ipv6 both have, alike in all but the name:
// for the files of the table alone.
#pragma once

#include "engine/sysctl/catalogue/entry.hpp"

namespace nettune::sysctl::data {

consteval Parameter ignore_routes_with_linkdown(const char* pattern) {
  return {.pattern = pattern,
          .shape = {Encoding::int32, Unit::flag, int_min, int_max},
          .default_text = "0",
          .meaning = "Whether routes over a link without carrier are passed over.",
          .source = "Documentation/networking/ip-sysctl.rst"};
}

consteval Parameter mc_forwarding(const char* pattern) {
  return {
      .pattern = pattern,
      .shape = {Encoding::int32, Unit::flag, int_min, int_max},
      .default_text = "0",
      .meaning = "Whether multicast is routed. Read only: a multicast routing daemon turns it on.",
      .source = "Documentation/networking/ip-sysctl.rst"};
}

consteval Parameter fib_multipath_hash_fields(const char* pattern) {
  return {.pattern = pattern,
          .shape = {Encoding::uint32, Unit::bits, 1, 4095},
          .since = {5, 14},
          .default_text = "7",
          .meaning =
              "What custom multipath hashing looks at, as bits: 1 source, 2 destination, 4 "
              "protocol, 8 flow label, 0x10 source port, 0x20 destination port; 0x40 to 0x800 "
              "the same of the packet inside a tunnel. Counts with fib_multipath_hash_policy 3.",
          .source = "Documentation/networking/ip-sysctl.rst"};
}

consteval Parameter fib_notify_on_flag_change(const char* pattern) {
  return {.pattern = pattern,
          .shape = {Encoding::uint8, Unit::mode, 0, 2},
          .since = {5, 12},
          .default_text = "0",
          .meaning =
              "Whether programs are told when a route is taken over by hardware: 0 no, 1 yes, 2 "
              "only if that failed.",
          .source = "Documentation/networking/ip-sysctl.rst"};
}

consteval Parameter frag_secret_interval(const char* pattern) {
  return {.pattern = pattern,
          .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
          .scope = Scope::host,
          .effect = Effect::never,
          .dead_since = {3, 17},
          .instead = "Drop the line.",
          .default_text = "0",
          .meaning =
              "Has no effect any more: the table of fragments needs no new key from time to time.",
          .source = "observed on Linux 6.18"};
}

}  // namespace nettune::sysctl::data
