// SPDX-License-Identifier: MIT
// Host: the facts about a machine that an expression, a requirement or a lint may use.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "engine/result.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::profile {

/// Pages that the kernel takes as a base for its own defaults (nr_free_buffer_pages() at boot):
/// managed pages of the low zones less their high watermarks; 0: not known. The kernel adds its
/// answer up for each reader, so it is asked when the number is first needed, which is seldom. Not
/// for several threads at once.
class BufferPages {
 public:
  BufferPages(std::uint64_t pages = 0) : pages_(pages) {}
  /// Of a machine with `memory_pages` in all, by the file at `zoneinfo`.
  BufferPages(std::string zoneinfo, std::uint64_t memory_pages)
      : zoneinfo_(std::move(zoneinfo)), memory_pages_(memory_pages) {}
  operator std::uint64_t() const;

 private:
  mutable std::string zoneinfo_;  // not read yet; "": it was, or there is none
  std::uint64_t memory_pages_ = 0;
  mutable std::uint64_t pages_ = 0;
};

struct Host {
  std::uint64_t memory_bytes = 0;  ///< MemTotal; 0: not known (another machine's saved values)
  std::uint32_t page_size = 4096;  ///< bytes
  sysctl::Version kernel{};        ///< {0, 0}: not known
  std::string kernel_release{};    ///< "6.1.0-13-amd64"
  BufferPages buffer_pages{};
  int timer_hz = 0;                 ///< ticks of the kernel's timer in a second; 0: not known
  std::string possible_cpus{};      ///< the file that lists the CPUs it may have; "": not known
  bool is_child_namespace = false;  ///< the keys are those of a network namespace made later
};

/// Reads what proc/meminfo, proc/zoneinfo and proc/sys/kernel/osrelease below `root` tell ("" is
/// this host).
Result<Host> read_host(const std::string& root);

/// How many CPUs the kernel may have, numbered from 0; 0: not known.
std::size_t possible_cpus(const Host& host);

/// "6.1.0-13-amd64" -> {6, 1}; {0, 0} where it does not begin with two numbers.
sysctl::Version parse_kernel_version(std::string_view release);

}  // namespace nettune::profile
