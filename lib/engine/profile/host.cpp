// SPDX-License-Identifier: MIT
#include "engine/profile/host.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/unique_fd.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;
using sysctl::Version;

constexpr std::size_t max_fact_file = 4u << 20;  // zoneinfo of a host with many nodes

// Files of /proc have no size: read until the end.
Result<std::string> read_facts(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return std::unexpected(Error{errno, "open", path});
  std::string text;
  constexpr std::size_t chunk = 16384;
  for (;;) {
    const std::size_t old_size = text.size();
    if (old_size > max_fact_file) return std::unexpected(Error{EFBIG, "read", path});
    text.resize(old_size + chunk);
    const ssize_t count = ::read(fd.get(), text.data() + old_size, chunk);
    if (count < 0) return std::unexpected(Error{errno, "read", path});
    text.resize(old_size + static_cast<std::size_t>(count));
    if (count == 0) return text;
  }
}

// The number behind the blanks at the begin of `text`; 0 where there is none.
std::uint64_t leading_number(std::string_view text) {
  std::size_t i = std::min(text.find_first_not_of(" \t"), text.size());
  std::uint64_t number = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    const auto digit = static_cast<std::uint64_t>(text[i] - '0');
    if (number > (UINT64_MAX - digit) / 10) return 0;
    number = number * 10 + digit;
  }
  return number;
}

std::uint64_t memory_of(std::string_view meminfo) {
  constexpr std::string_view word = "MemTotal:";
  const std::size_t place = meminfo.find(word);
  if (place == std::string_view::npos) return 0;
  const std::uint64_t kib = leading_number(meminfo.substr(place + word.size()));
  return kib > UINT64_MAX / 1024 ? 0 : kib * 1024;
}

// nr_free_buffer_pages(): what the zones up to ZONE_NORMAL manage, less their high watermarks.
std::uint64_t buffer_pages_of(std::string_view zoneinfo) {
  std::uint64_t pages = 0;
  std::uint64_t high = 0;
  bool counts = false;
  while (!zoneinfo.empty()) {
    const std::size_t end = std::min(zoneinfo.find('\n'), zoneinfo.size() - 1);
    std::string_view line = zoneinfo.substr(0, end);
    zoneinfo.remove_prefix(end + 1);
    if (line.starts_with("Node ")) {
      const std::size_t name = line.find_first_not_of(' ', line.find("zone") + 4);
      const std::string_view zone = name == std::string_view::npos ? "" : line.substr(name);
      counts = zone == "DMA" || zone == "DMA32" || zone == "Normal";
      high = 0;
      continue;
    }
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (!counts) continue;
    if (line.starts_with("high ")) high = leading_number(line.substr(5));
    if (line.starts_with("managed ")) {
      const std::uint64_t managed = leading_number(line.substr(8));
      if (managed > high) pages += managed - high;
    }
  }
  return pages;
}

// A default that changed: `before` up to and including `last_old`, `after` from `first_new` on.
// Between the two it is not known which.
bool changed(Version kernel, Version last_old, Version first_new, Integer before, Integer after,
             Integer& number) {
  if (kernel > last_old && kernel < first_new) return false;
  number = kernel >= first_new ? after : before;
  return true;
}

struct Constant {
  std::string_view pattern;
  std::int64_t number;
  std::int64_t second = 0;
};

// Defaults that neither the version (from 4.18 on) nor the memory changes, sorted by pattern.
constexpr auto constants = std::to_array<Constant>({
    {"net/core/busy_poll", 0},
    {"net/core/busy_read", 0},
    {"net/core/dev_weight", 64},
    {"net/core/netdev_budget", 300},
    {"net/core/netdev_max_backlog", 1000},
    {"net/core/rmem_default", 212992},
    {"net/core/rps_sock_flow_entries", 0},
    {"net/core/wmem_default", 212992},
    {"net/ipv4/ip_forward", 0},
    {"net/ipv4/ip_local_port_range", 32768, 60999},
    {"net/ipv4/tcp_autocorking", 1},
    {"net/ipv4/tcp_early_retrans", 3},
    {"net/ipv4/tcp_ecn", 2},
    {"net/ipv4/tcp_fastopen", 1},
    {"net/ipv4/tcp_fin_timeout", 60},
    {"net/ipv4/tcp_keepalive_intvl", 75},
    {"net/ipv4/tcp_keepalive_probes", 9},
    {"net/ipv4/tcp_keepalive_time", 7200},
    {"net/ipv4/tcp_moderate_rcvbuf", 1},
    {"net/ipv4/tcp_mtu_probing", 0},
    {"net/ipv4/tcp_no_metrics_save", 0},
    {"net/ipv4/tcp_notsent_lowat", 4294967295},
    {"net/ipv4/tcp_pacing_ca_ratio", 120},
    {"net/ipv4/tcp_pacing_ss_ratio", 200},
    {"net/ipv4/tcp_recovery", 1},
    {"net/ipv4/tcp_reordering", 3},
    {"net/ipv4/tcp_rfc1337", 0},
    {"net/ipv4/tcp_sack", 1},
    {"net/ipv4/tcp_slow_start_after_idle", 1},
    {"net/ipv4/tcp_syncookies", 1},
    {"net/ipv4/tcp_timestamps", 1},
    {"net/ipv4/tcp_tso_win_divisor", 3},
    {"net/ipv4/tcp_window_scaling", 1},
});
static_assert(std::ranges::is_sorted(constants, {}, &Constant::pattern));
constexpr Version constants_since{4, 18};

// {low, pressure, high} of a pool whose pressure mark is `pressure` pages.
KernelDefault pool(std::uint64_t pressure) {
  const auto middle = static_cast<Integer>(std::max<std::uint64_t>(pressure, 128));
  const Integer low = middle / 4 * 3;
  return {{low, middle, low * 2}};
}

}  // namespace

Result<Host> read_host(const std::string& root) {
  const Result<std::string> meminfo = read_facts(root + "/proc/meminfo");
  if (!meminfo) return std::unexpected(meminfo.error());
  const Result<std::string> release = read_facts(root + "/proc/sys/kernel/osrelease");
  if (!release) return std::unexpected(release.error());
  Host host;
  host.memory_bytes = memory_of(*meminfo);
  if (host.memory_bytes == 0) {
    return std::unexpected(Error{EINVAL, "find MemTotal in", root + "/proc/meminfo"});
  }
  host.page_size = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  host.kernel_release = *release;
  while (host.kernel_release.ends_with('\n')) host.kernel_release.pop_back();
  host.kernel = parse_kernel_version(host.kernel_release);
  // Only lints need it, and a container may hide it.
  if (const Result<std::string> zoneinfo = read_facts(root + "/proc/zoneinfo")) {
    host.buffer_pages = buffer_pages_of(*zoneinfo);
  }
  return host;
}

Version parse_kernel_version(std::string_view release) {
  const std::size_t dot = release.find('.');
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (dot == std::string_view::npos || dot == 0 || dot + 1 >= release.size() ||
      !std::ranges::all_of(release.substr(0, dot), is_digit) || !is_digit(release[dot + 1])) {
    return {};
  }
  const std::uint64_t major = leading_number(release);
  const std::uint64_t minor = leading_number(release.substr(dot + 1));
  if (major > UINT16_MAX || minor > UINT16_MAX) return {};
  return {static_cast<std::uint16_t>(major), static_cast<std::uint16_t>(minor)};
}

std::string to_string(Version version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

bool has_kernel_default(const sysctl::Parameter& parameter, const Host& host, KernelDefault& out) {
  const std::string_view pattern = parameter.pattern;
  const Version kernel = host.kernel;
  if (kernel < constants_since) return false;
  const auto constant = std::ranges::lower_bound(constants, pattern, {}, &Constant::pattern);
  if (constant != constants.end() && constant->pattern == pattern) {
    out = {{constant->number, constant->second, 0}};
    return true;
  }
  constexpr Integer mib = 1 << 20;
  if (pattern == "net/core/rmem_max" || pattern == "net/core/wmem_max") {
    return changed(kernel, {6, 17}, {6, 18}, 212992, 4 * mib, out.numbers[0]);
  }
  if (pattern == "net/core/optmem_max") {
    return changed(kernel, {6, 5}, {6, 8}, 20480, 131072, out.numbers[0]);
  }
  if (pattern == "net/core/somaxconn") {
    return changed(kernel, {5, 3}, {5, 4}, 128, 4096, out.numbers[0]);
  }
  if (pattern == "net/ipv4/tcp_limit_output_bytes") {
    return kernel >= Version{5, 0} &&
           changed(kernel, {6, 14}, {6, 17}, mib, 4 * mib, out.numbers[0]);
  }
  if (pattern == "net/ipv4/tcp_tw_reuse") {
    out = {{2, 0, 0}};
    return true;
  }
  if (host.buffer_pages == 0) return false;
  if (pattern == "net/ipv4/tcp_mem") {
    out = pool(host.buffer_pages / 16);
    return true;
  }
  if (pattern == "net/ipv4/udp_mem") {
    out = pool(host.buffer_pages / 8);
    return true;
  }
  const Integer share = static_cast<Integer>(host.buffer_pages) * host.page_size / 128;
  const Integer page = host.page_size;
  if (pattern == "net/ipv4/tcp_wmem") {
    out = {{page, 16384, std::max<Integer>(65536, std::min(4 * mib, share))}};
    return true;
  }
  if (pattern == "net/ipv4/tcp_rmem") {
    Integer ceiling = 0;
    if (kernel < Version{4, 20} || !changed(kernel, {6, 14}, {6, 17}, 6 * mib, 32 * mib, ceiling)) {
      return false;
    }
    out = {{page, 131072, std::max<Integer>(131072, std::min(ceiling, share))}};
    return true;
  }
  return false;
}

}  // namespace nettune::profile
