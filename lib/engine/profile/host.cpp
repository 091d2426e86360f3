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

#include "engine/file/read.hpp"
#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/value.hpp"
#include "engine/text/words.hpp"

namespace nettune::profile {
namespace {

// A whole file below /proc, which has no size to ask for; "" where there is none.
Result<std::string> read_fact(const std::string& path) {
  constexpr std::size_t limit = std::size_t{1} << 20;  // zoneinfo of a large machine: some 200 kB
  Result<std::string> text = read_to_end(path, limit);
  if (!text && text.error().number == ENOENT) return std::string();
  return text;
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
    std::string_view line = cut_line(meminfo);
    if (cut_word(line) != "MemTotal:") continue;
    const std::uint64_t kib = number_of(cut_word(line));
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
  return std::string(cut_line(rest));
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
    std::string_view line = cut_line(zoneinfo);
    const std::string_view word = cut_word(line);
    if (word == "Node") {  // "Node 0, zone   Normal"
      cut_word(line);
      cut_word(line);
      const std::string_view zone = cut_word(line);
      is_low = zone == "DMA" || zone == "DMA32" || zone == "Normal";
    } else if (word == "high") {
      if (is_low) reserved += number_of(cut_word(line));
    } else if (word == "managed") {
      (is_low ? low : elsewhere) += number_of(cut_word(line));
    }
  }
  if (low == 0) return 0;
  // MemTotal is the sum over all zones. A kernel that takes pages into its care as they are needed
  // shows fewer as managed than it counted on when it chose its defaults.
  if (memory_pages > elsewhere) low = std::max(low, memory_pages - elsewhere);
  return low > reserved ? low - reserved : 0;
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

}  // namespace nettune::profile
