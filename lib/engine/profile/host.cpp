// SPDX-License-Identifier: MIT
#include "engine/profile/host.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/personality.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <limits>
#include <optional>

#include "engine/sysctl/value.hpp"
#include "engine/unique_fd.hpp"

namespace nettune::profile {
namespace {

using sysctl::Integer;
using sysctl::Version;

// A whole file below /proc, which has no size to ask for; "" where there is none.
Result<std::string> read_fact(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (errno == ENOENT) return std::string();
    return std::unexpected(Error{errno, "read", path});
  }
  constexpr std::size_t limit = std::size_t{1} << 20;  // zoneinfo of a large machine: some 200 kB
  std::array<char, 4096> piece;
  std::string text;
  for (;;) {
    if (text.size() >= limit) return std::unexpected(Error{EFBIG, "read", path});
    const ssize_t count = ::read(fd.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(Error{errno, "read", path});
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

// Cuts the first line off `text`.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Cuts the first word off `line`; "" at its end.
std::string_view next_word(std::string_view& line) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const char* const begin = std::ranges::find_if_not(line, is_blank);
  const char* const end = std::find_if(begin, line.end(), is_blank);
  line = std::string_view(end, line.end());
  return {begin, end};
}

std::uint64_t number_of(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
  return fault == std::errc{} && end == word.data() + word.size() ? number : 0;
}

std::optional<std::uint16_t> component_of(std::string_view digits) {
  if (digits.empty() || digits.size() > 5) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

std::uint64_t memory_of(std::string_view meminfo) {
  while (!meminfo.empty()) {
    std::string_view line = next_line(meminfo);
    if (next_word(line) != "MemTotal:") continue;
    const std::uint64_t kib = number_of(next_word(line));
    return kib <= std::numeric_limits<std::uint64_t>::max() / 1024 ? kib * 1024 : 0;
  }
  return 0;
}

// MemTotal in bytes. The kernel prints some fifty other numbers with it, and sysinfo(2) tells that
// one alone; but a container may have a file of its own in the place of the kernel's.
Result<std::uint64_t> read_memory(const std::string& root) {
  const std::string path = root + "/proc/meminfo";
  struct statfs where{};
  struct sysinfo facts{};
  if (::statfs(path.c_str(), &where) == 0 && where.f_type == PROC_SUPER_MAGIC &&
      ::sysinfo(&facts) == 0) {
    return std::uint64_t{facts.totalram} * facts.mem_unit;
  }
  const Result<std::string> meminfo = read_fact(path);
  if (!meminfo) return std::unexpected(meminfo.error());
  return memory_of(*meminfo);
}

// "6.1.0-13-amd64"; "" where that is not shown. A process may be told an old one (UNAME26).
Result<std::string> read_release(const std::string& root) {
  struct utsname names{};
  constexpr unsigned long only_ask = 0xffffffff;
  if (root.empty() && (::personality(only_ask) & UNAME26) == 0 && ::uname(&names) == 0) {
    return std::string(names.release);
  }
  const Result<std::string> text = read_fact(root + "/proc/sys/kernel/osrelease");
  if (!text) return std::unexpected(text.error());
  std::string_view rest = *text;
  return std::string(next_line(rest));
}

// The coarse clocks advance with the timer: their resolution is one tick.
int timer_hz() {
  constexpr long nanoseconds = 1'000'000'000;
  timespec tick{};
  if (::clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_sec != 0) return 0;
  // Linux knows rates from 24 to 1200; a tick of 1/300 s is 3333333 ns.
  const long hz = tick.tv_nsec > 0 ? (nanoseconds + tick.tv_nsec / 2) / tick.tv_nsec : 0;
  return hz >= 24 && hz <= 1200 ? static_cast<int>(hz) : 0;
}

// What nr_free_buffer_pages() counts: the zones that a plain allocation of the kernel may use.
std::uint64_t buffer_pages_of(std::string_view zoneinfo, std::uint64_t memory_pages) {
  bool is_low = false;
  std::uint64_t low = 0;
  std::uint64_t elsewhere = 0;
  std::uint64_t reserved = 0;
  while (!zoneinfo.empty()) {
    std::string_view line = next_line(zoneinfo);
    const std::string_view word = next_word(line);
    if (word == "Node") {  // "Node 0, zone   Normal"
      next_word(line);
      next_word(line);
      const std::string_view zone = next_word(line);
      is_low = zone == "DMA" || zone == "DMA32" || zone == "Normal";
    } else if (word == "high") {
      if (is_low) reserved += number_of(next_word(line));
    } else if (word == "managed") {
      (is_low ? low : elsewhere) += number_of(next_word(line));
    }
  }
  if (low == 0) return 0;
  // MemTotal is the sum over all zones. A kernel that takes pages into its care as they are needed
  // shows fewer as managed than it counted on when it chose its defaults.
  if (memory_pages > elsewhere) low = std::max(low, memory_pages - elsewhere);
  return low > reserved ? low - reserved : 0;
}

// --- the kernel's own defaults ---

// A default that is the same on every machine, from the kernel `from` until, and without, `until`.
// A version that stands in no row of its key is one of which the value is not certain.
struct FixedDefault {
  std::string_view pattern;
  std::array<Integer, 2> numbers;
  Version from{3, 16};
  Version until{std::numeric_limits<std::uint16_t>::max(), 0};
};

constexpr Integer mib = 1 << 20;

constexpr auto fixed_defaults = std::to_array<FixedDefault>({
    {"net/core/busy_poll", {0}},
    {"net/core/busy_read", {0}},
    {"net/core/dev_weight", {64}},
    {"net/core/dev_weight_rx_bias", {1}},
    {"net/core/dev_weight_tx_bias", {1}},
    {"net/core/high_order_alloc_disable", {0}},
    {"net/core/netdev_budget", {300}},
    {"net/core/netdev_max_backlog", {1000}},
    {"net/core/optmem_max", {20480}, {3, 16}, {6, 6}},
    {"net/core/optmem_max", {131072}, {6, 8}},
    {"net/core/rmem_default", {212992}},
    {"net/core/rmem_max", {212992}, {3, 16}, {6, 18}},
    {"net/core/rmem_max", {4 * mib}, {6, 18}},
    {"net/core/rps_sock_flow_entries", {0}},
    {"net/core/somaxconn", {128}, {3, 16}, {5, 4}},
    {"net/core/somaxconn", {4096}, {5, 4}},
    {"net/core/wmem_default", {212992}},
    {"net/core/wmem_max", {212992}, {3, 16}, {6, 18}},
    {"net/core/wmem_max", {4 * mib}, {6, 18}},
    {"net/ipv4/ip_local_port_range", {32768, 60999}, {4, 4}},
    {"net/ipv4/tcp_adv_win_scale", {1}},
    {"net/ipv4/tcp_app_win", {31}},
    {"net/ipv4/tcp_autocorking", {1}},
    {"net/ipv4/tcp_comp_sack_delay_ns", {1'000'000}, {4, 18}},
    {"net/ipv4/tcp_comp_sack_nr", {44}, {4, 18}},
    {"net/ipv4/tcp_comp_sack_slack_ns", {100'000}, {5, 8}},
    {"net/ipv4/tcp_dsack", {1}},
    {"net/ipv4/tcp_early_retrans", {3}},
    {"net/ipv4/tcp_ecn", {2}},
    {"net/ipv4/tcp_fastopen", {1}},
    {"net/ipv4/tcp_fin_timeout", {60}},
    {"net/ipv4/tcp_keepalive_intvl", {75}},
    {"net/ipv4/tcp_keepalive_probes", {9}},
    {"net/ipv4/tcp_keepalive_time", {7200}},
    {"net/ipv4/tcp_limit_output_bytes", {131072}, {3, 16}, {4, 2}},
    {"net/ipv4/tcp_limit_output_bytes", {262144}, {4, 3}, {5, 0}},
    {"net/ipv4/tcp_limit_output_bytes", {1 * mib}, {5, 0}, {6, 15}},
    {"net/ipv4/tcp_limit_output_bytes", {4 * mib}, {6, 17}},
    {"net/ipv4/tcp_min_tso_segs", {2}},
    {"net/ipv4/tcp_moderate_rcvbuf", {1}},
    {"net/ipv4/tcp_mtu_probing", {0}},
    {"net/ipv4/tcp_no_metrics_save", {0}},
    {"net/ipv4/tcp_no_ssthresh_metrics_save", {1}, {5, 7}},
    {"net/ipv4/tcp_notsent_lowat", {4'294'967'295}, {4, 12}},
    {"net/ipv4/tcp_pacing_ca_ratio", {120}, {4, 3}},
    {"net/ipv4/tcp_pacing_ss_ratio", {200}, {4, 3}},
    {"net/ipv4/tcp_pingpong_thresh", {1}, {6, 8}},
    {"net/ipv4/tcp_recovery", {1}, {4, 4}},
    {"net/ipv4/tcp_reordering", {3}},
    {"net/ipv4/tcp_retries1", {3}},
    {"net/ipv4/tcp_retries2", {15}},
    {"net/ipv4/tcp_rfc1337", {0}},
    {"net/ipv4/tcp_rto_max_ms", {120'000}, {6, 17}},
    {"net/ipv4/tcp_rto_min_us", {200'000}, {6, 12}},
    {"net/ipv4/tcp_sack", {1}},
    {"net/ipv4/tcp_shrink_window", {0}},
    {"net/ipv4/tcp_slow_start_after_idle", {1}},
    {"net/ipv4/tcp_syn_retries", {6}},
    {"net/ipv4/tcp_synack_retries", {5}},
    {"net/ipv4/tcp_syncookies", {1}},
    {"net/ipv4/tcp_thin_linear_timeouts", {0}},
    {"net/ipv4/tcp_timestamps", {1}},
    {"net/ipv4/tcp_tso_win_divisor", {3}},
    {"net/ipv4/tcp_tw_reuse", {0}, {3, 16}, {4, 16}},
    {"net/ipv4/tcp_tw_reuse", {2}, {4, 18}},
    {"net/ipv4/tcp_tw_reuse_delay", {1000}, {6, 14}},
    {"net/ipv4/tcp_window_scaling", {1}},
});
static_assert(std::ranges::is_sorted(fixed_defaults, {}, &FixedDefault::pattern));

// tcp_mem and udp_mem: the pressure mark, and the two others from it, truncated as the kernel does.
std::array<Integer, 3> three_marks(Integer pages) {
  const Integer pressure = std::max<Integer>(pages, 128);
  const Integer low = pressure / 4 * 3;
  return {low, pressure, 2 * low};
}

bool default_of_mem(std::string_view pattern, const Host& host, KernelDefault& out) {
  if (host.buffer_pages == 0) return false;
  const auto pages = static_cast<Integer>(host.buffer_pages);
  out.is_estimate = true;
  if (pattern == "net/ipv4/udp_mem") {
    out.numbers = three_marks(pages / 8);
    return true;
  }
  if (host.kernel >= Version{4, 3}) {
    out.numbers = three_marks(pages / 16);
    return true;
  }
  if (host.kernel < Version{4, 2}) {
    out.numbers = three_marks(pages / 8);
    return true;
  }
  return false;
}

// Whether a share of the memory that is known within 0.5 % may be what holds, and not a bound.
bool may_lie_within(Integer share, Integer least, Integer most) {
  return share > least - least / 200 && share < most + most / 200;
}

bool default_of_buffers(bool is_receive, const Host& host, KernelDefault& out) {
  // A child namespace starts with what the host has now, not with what the kernel would choose.
  if (host.is_child_namespace || host.buffer_pages == 0) return false;
  // The first field was 4096 for a while, whatever the page; since then it is the page.
  if (host.page_size != 4096 && host.kernel < Version{6, 1}) return false;
  const Integer share = static_cast<Integer>(host.buffer_pages) * host.page_size / 128;
  if (!is_receive) {
    out.numbers = {host.page_size, 16384, std::clamp<Integer>(share, 65536, 4 * mib)};
    out.is_estimate = may_lie_within(share, 65536, 4 * mib);
    return true;
  }
  Integer initial = 131072;
  if (host.kernel < Version{4, 20}) {
    if (host.kernel >= Version{4, 19}) return false;  // the change went into some 4.19 releases
    initial = 87380;
  }
  Integer ceiling = 6 * mib;
  if (host.kernel >= Version{6, 17}) {
    ceiling = 32 * mib;
  } else if (host.kernel >= Version{6, 15} && share > ceiling) {
    return false;
  }
  out.numbers = {host.page_size, initial, std::clamp(share, initial, ceiling)};
  out.is_estimate = may_lie_within(share, initial, ceiling);
  return true;
}

}  // namespace

BufferPages::operator std::uint64_t() const {
  if (zoneinfo_.empty()) return pages_;
  // Some containers hide it. What is derived from it is then not known, and nothing else.
  const Result<std::string> text = read_fact(std::exchange(zoneinfo_, {}));
  if (text) pages_ = buffer_pages_of(*text, memory_pages_);
  return pages_;
}

// "0-3,8" -> 9
std::size_t possible_cpus(const Host& host) {
  if (host.possible_cpus.empty()) return 0;
  const Result<std::string> text = read_fact(host.possible_cpus);
  if (!text) return 0;
  std::string_view list = *text;
  list = list.substr(0, list.find_last_of("0123456789") + 1);
  const std::size_t last = list.find_last_not_of("0123456789");
  const auto number =
      sysctl::parse_decimal(list.substr(last == std::string_view::npos ? 0 : last + 1));
  return number ? static_cast<std::size_t>(*number) + 1 : 0;
}

Result<Host> read_host(const std::string& root) {
  Host host;
  const long page_size = ::sysconf(_SC_PAGESIZE);
  if (page_size > 0) host.page_size = static_cast<std::uint32_t>(page_size);

  const Result<std::uint64_t> memory_bytes = read_memory(root);
  if (!memory_bytes) return std::unexpected(memory_bytes.error());
  Result<std::string> release = read_release(root);
  if (!release) return std::unexpected(release.error());

  host.memory_bytes = *memory_bytes;
  host.buffer_pages = {root + "/proc/zoneinfo", host.memory_bytes / host.page_size};
  host.kernel_release = *std::move(release);
  host.kernel = parse_kernel_version(host.kernel_release);
  if (root.empty()) host.timer_hz = timer_hz();
  host.possible_cpus = root + "/sys/devices/system/cpu/possible";
  return host;
}

sysctl::Version parse_kernel_version(std::string_view release) {
  const std::size_t point = release.find('.');
  if (point == std::string_view::npos) return {};
  const std::string_view rest = release.substr(point + 1);
  const std::size_t end = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const std::optional<std::uint16_t> major = component_of(release.substr(0, point));
  const std::optional<std::uint16_t> minor = component_of(rest.substr(0, end));
  if (!major || !minor) return {};
  return {*major, *minor};
}

std::string to_string(sysctl::Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

bool has_kernel_default(const sysctl::Parameter& parameter, const Host& host, KernelDefault& out) {
  const std::string_view pattern = parameter.pattern;
  out.is_estimate = false;
  if (host.kernel == Version{}) return false;
  if (pattern == "net/ipv4/tcp_mem" || pattern == "net/ipv4/udp_mem") {
    return default_of_mem(pattern, host, out);
  }
  if (pattern == "net/ipv4/tcp_rmem") return default_of_buffers(true, host, out);
  if (pattern == "net/ipv4/tcp_wmem") return default_of_buffers(false, host, out);
  const bool is_page = pattern == "net/core/mem_pcpu_rsv" || pattern == "net/ipv4/udp_rmem_min" ||
                       pattern == "net/ipv4/udp_wmem_min";
  if (is_page) {  // 1 MiB in pages, and one page
    if (host.page_size != 4096) return false;
    out.numbers = {pattern == "net/core/mem_pcpu_rsv" ? 256 : 4096};
    return true;
  }
  const auto rows = std::ranges::equal_range(fixed_defaults, pattern, {}, &FixedDefault::pattern);
  for (const FixedDefault& row : rows) {
    if (host.kernel < row.from || host.kernel >= row.until) continue;
    out.numbers = {row.numbers[0], row.numbers[1]};
    return true;
  }
  return false;
}

}  // namespace nettune::profile
