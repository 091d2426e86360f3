// SPDX-License-Identifier: MIT
// Holds held_after_write() against the running kernel: every text on keys of every encoding, in a
// network namespace of our own. The host's keys are not touched.
#include "engine/sysctl/written.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/value.hpp"

using namespace nettune::sysctl;

namespace {

Version running_kernel() {
  utsname name{};
  unsigned major = 0;
  unsigned minor = 0;
  if (uname(&name) != 0 || std::sscanf(name.release, "%u.%u", &major, &minor) != 2) return {};
  return {static_cast<std::uint16_t>(major), static_cast<std::uint16_t>(minor)};
}

struct Answer {
  int error = 0;  // errno, 0 on success
  std::string text;
};

std::string full(const std::string& path) { return "/proc/sys/" + path; }

Answer read_key(const std::string& path) {
  const nettune::UniqueFd fd(open(full(path).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {errno, {}};
  std::string text(4096, '\0');
  const ssize_t size = pread(fd.get(), text.data(), text.size(), 0);
  if (size < 0) return {errno, {}};
  text.resize(static_cast<std::size_t>(size));
  return {0, std::move(text)};
}

int write_key(const std::string& path, const std::string& text) {
  const nettune::UniqueFd fd(open(full(path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  return pwrite(fd.get(), text.data(), text.size(), 0) < 0 ? errno : 0;
}

std::string shown(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, 60)) {
    const bool is_plain = c >= ' ' && c < '\x7f';
    result +=
        is_plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return result;
}

// A tick is what 1 ms becomes: 4 ms at 250 ticks a second. 0 where the key does not answer.
int find_hz() {
  const std::string key = "net/ipv4/neigh/lo/retrans_time_ms";
  if (write_key(key, "1") != 0) return 0;
  const int milliseconds = std::atoi(read_key(key).text.c_str());
  return milliseconds > 0 ? 1000 / milliseconds : 0;
}

struct Row {
  std::string key;
  std::string before;
};

const std::vector<Row> keys = {
    {"net/ipv4/tcp_max_syn_backlog", "77"},
    {"net/core/somaxconn", "77"},
    {"net/ipv4/tcp_reordering", "3"},
    {"net/ipv4/tcp_rmem", "4096 131072 6291456"},
    {"net/ipv4/tcp_wmem", "4096 16384 4194304"},
    {"net/ipv4/tcp_notsent_lowat", "77"},
    {"net/ipv4/tcp_no_metrics_save", "7"},
    {"net/ipv4/tcp_early_retrans", "1"},
    {"net/ipv4/tcp_tw_reuse", "1"},
    {"net/ipv4/tcp_comp_sack_delay_ns", "77"},
    {"net/ipv4/tcp_keepalive_time", "77"},
    {"net/ipv4/tcp_fin_timeout", "77"},
    {"net/ipv4/neigh/lo/retrans_time_ms", "400"},
    {"net/ipv4/neigh/lo/base_reachable_time_ms", "4000"},
    {"net/ipv4/neigh/lo/locktime", "100"},
    {"net/ipv4/conf/lo/rp_filter", "1"},
    {"net/ipv4/ip_local_port_range", "32768 60999"},
    {"net/ipv4/ping_group_range", "1 0"},
};

std::vector<std::string> numeric_texts() {
  std::vector<std::string> texts = {
      // white space and line ends
      "", "\n", " ", "\t\n", "8", "8\n", " 8", "\t8\n", "\v8", "\f8", "\r8", "\n8", "\2408",
      "8\r\n", "8\v", "8\f", "8 ", "8\t\t", "8\xa0",
      // bases
      "0", "00", "010", "0010", "08", "018", "0x10", "0X10", "0x", "0xg", "0xfF", "-0x10", "-010",
      "0b1", "030", "010000", "0x1000",
      // signs
      "-0", "-1", "-8", "+8", "-", "--8", "- 8", "-\n", "1-", "-2147483648", "-2147483649",
      "-4294967295", "-4294967296", "-9223372036854775808",
      // sizes
      "1", "2", "3", "5", "127", "128", "255", "256", "300", "32767", "65535", "65536",
      "2147483647", "2147483648", "4294967295", "4294967296", "4294967297", "8589934", "8589935",
      "8589936", "21474836", "21474837", "858993400", "858993500", "9223372036854775807",
      "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999",
      "999999999999999999999", "00000000000000000008", "000000000000000000008",
      "0000000000000000000008", "-0000000000000000008", "-00000000000000000008",
      // what is not a number
      "x", "8x", "8,9", "8.5", "1e3", "16M", "30s", "\"8\"", "true", "8%", "8;", "8#", "8 # note",
      "8 ; note", "8 x", "8 =", "8 9", "8\n9", "8  9", "#8",
      // tuples
      "5000", "5000 6000", "5000 6000 7000", "5000 6000 7000 8000", "5000\t6000\t7000\n",
      "5000\n6000\n7000", "5000,6000,7000", "5000 junk 7000", "5000 6000 junk",
      "5000 6000 7000 junk", "5000 6000 7000 # note", "5000 0 7000", "0 6000 7000",
      "-5000 6000 7000", "1 1 1", "16777216 131072 4096", "010000 020000 030000", "8192 ",
      "8192  \t 9000  ", "5000 -0 7000", "5000 6000 2147483648", "60000 50000", "40000", "61000",
      "2000 3000 4000", "1 0", "2 0", "0 0", "5000 6000\v7000"};
  texts.push_back(std::string("8\0", 2));
  texts.push_back(
      std::string("8\0"
                  "9",
                  3));
  texts.push_back(
      std::string("\0"
                  "8",
                  2));
  texts.push_back(std::string(4094, ' ') + "8");
  texts.push_back(std::string(4095, ' ') + "8");
  texts.push_back(std::string(4090, ' ') + "5000 6000");
  texts.push_back("8" + std::string(4200, ' '));
  return texts;
}

// The differences between the kernel's answers and ours, a line each.
std::vector<std::string> compare_all(int hz, std::size_t& compared) {
  std::vector<std::string> differences;
  const Version kernel = running_kernel();
  for (const Row& row : keys) {
    const Parameter* parameter = find_parameter(row.key);
    if (parameter == nullptr) {
      differences.push_back(row.key + ": not in the catalogue");
      continue;
    }
    Range range = range_on(*parameter, kernel);
    const Bound& bound = parameter->bounded_by;
    if (!bound.key.empty() && bound.kind != BoundKind::advised) {
      const auto ceiling =
          parse_decimal(Value::of_text(read_key(std::string(bound.key)).text).to_string());
      if (ceiling) range.maximum = *ceiling;
    }
    // In a user namespace of its own, a process has no group 1 to name.
    if (row.key == "net/ipv4/ping_group_range" && write_key(row.key, row.before) != 0) continue;
    for (const std::string& text : numeric_texts()) {
      if (write_key(row.key, row.before) != 0) {
        differences.push_back(row.key + ": cannot be set to " + row.before);
        break;
      }
      const auto before = Value::parse(parameter, read_key(row.key).text);
      if (!before) {
        differences.push_back(row.key + ": is not of its shape: " + before.error());
        break;
      }
      const int error = write_key(row.key, text);
      const auto live = Value::parse(parameter, read_key(row.key).text);
      const auto held = held_after_write(*parameter, *before, text, hz, range);
      const int our_error = held ? 0 : held.error().number;
      const Value& ours = held ? held->value : held.error().held;
      ++compared;
      if (!live) {
        differences.push_back(row.key + ": is not of its shape: " + live.error());
      } else if (error != our_error || *live != ours) {
        differences.push_back(fmt::format("{} <- \"{}\": the kernel {} [{}], we {} [{}]", row.key,
                                          shown(text), error, live->to_string(), our_error,
                                          ours.to_string()));
      }
    }
  }
  return differences;
}

std::vector<std::string> compare_names(std::size_t& compared) {
  std::vector<std::string> differences;
  const std::string key = "net/ipv4/tcp_congestion_control";
  const Parameter* parameter = find_parameter(key);
  if (parameter == nullptr) return {"tcp_congestion_control is not in the catalogue"};
  const std::string known = Value::of_text(read_key(key).text).to_string();
  for (const std::string& text :
       {known, known + "\n", known + " ", " " + known, known + "\t", known + "\nreno junk",
        std::string("\n"), std::string(" "), std::string(), known + std::string("\0x", 2),
        "\t" + known, known + " # note", known + "\r\n"}) {
    const Value before = Value::of_text(read_key(key).text);
    const int error = write_key(key, text);
    const Value live = Value::of_text(read_key(key).text);
    const auto held = held_after_write(*parameter, before, text, 0);
    const int our_error = held ? 0 : held.error().number;
    const Value& ours = held ? held->value : held.error().held;
    ++compared;
    if (error != our_error || live != ours) {
      differences.push_back(fmt::format("{} <- \"{}\": the kernel {} [{}], we {} [{}]", key,
                                        shown(text), error, live.to_string(), our_error,
                                        ours.to_string()));
    }
  }
  return differences;
}

// Lists of numbers and masks: whether the kernel takes them, and its own spelling of what it takes.
std::vector<std::string> compare_lists(std::size_t& compared) {
  struct ListRow {
    std::string key;
    std::string before;
    std::vector<std::string> texts;
  };
  const std::vector<ListRow> rows = {
      {"net/ipv4/ip_local_reserved_ports",
       "99",
       {"8080,1-5",
        "1-3,3-5",
        "1-3,4-5",
        "5,4,3",
        "1,2",
        "5-5",
        "80,80",
        "1-10,3-4,20",
        "\n",
        "7,",
        " 7",
        "7 ",
        "1,,2",
        "1-",
        "-5",
        "1-2-3",
        "5-1",
        "65535",
        "65536",
        "1 2",
        "0x10",
        "010",
        "0",
        ",1",
        "1, 2",
        "1,2,",
        "x",
        "1,x",
        "99999999999999999999"}},
      {"net/ipv6/icmp/ratemask", "3", {"255", "256", "0-1,3-127", "3,1", "1,2", "0-255"}},
      // The first two CPUs alone, which any machine may have.
      {"net/core/rps_default_mask",
       "1",
       {"0", "1", "01", "00000001", "1 ", " 1", "1,", ",1", "g", "0x1", "000000001", "\n"}}};
  std::vector<std::string> differences;
  for (const ListRow& row : rows) {
    const Parameter* parameter = find_parameter(row.key);
    if (write_key(row.key, row.before) != 0) continue;  // this kernel has no such key
    for (const std::string& text : row.texts) {
      if (write_key(row.key, row.before) != 0) {
        differences.push_back(row.key + ": cannot be set to " + row.before);
        break;
      }
      const bool is_taken = write_key(row.key, text) == 0;
      const auto live = Value::parse(parameter, read_key(row.key).text);
      const auto held = held_after_write(*parameter, Value::of_text(row.before), text, 0);
      const Value& ours = held ? held->value : held.error().held;
      ++compared;
      if (!live || is_taken != held.has_value() || *live != ours) {
        differences.push_back(fmt::format("{} <- \"{}\": the kernel {} [{}], we {} [{}]", row.key,
                                          shown(text), is_taken ? "takes it" : "refuses it",
                                          live ? live->to_string() : live.error(),
                                          held ? "take it" : "refuse it", ours.to_string()));
      }
    }
  }
  return differences;
}

// Runs in the child; the parent reads what it prints. Its status is 77 where no namespace is to be
// had.
int run_in_namespace() {
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    std::printf("no network namespace: %s\n", std::strerror(errno));
    return 77;
  }
  // Ports below it would be refused as the low end of ip_local_port_range.
  write_key("net/ipv4/ip_unprivileged_port_start", "0");
  const int hz = find_hz();
  if (hz == 0) {
    std::printf("net.ipv4.neigh.lo.retrans_time_ms does not take 1\n");
    return 77;
  }
  std::size_t compared = 0;
  std::vector<std::string> differences = compare_all(hz, compared);
  for (std::string& difference : compare_names(compared)) {
    differences.push_back(std::move(difference));
  }
  for (std::string& difference : compare_lists(compared)) {
    differences.push_back(std::move(difference));
  }
  for (const std::string& difference : differences) std::printf("%s\n", difference.c_str());
  std::printf("compared %zu writes at %d ticks a second\n", compared, hz);
  return differences.empty() ? 0 : 1;
}

struct Child {
  int status = -1;
  std::string output;
};

Child run_child() {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    const int status = run_in_namespace();
    std::fflush(nullptr);
    _exit(status);
  }
  close(ends[1]);
  const nettune::UniqueFd end(ends[0]);
  Child child;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(end.get(), buffer, sizeof buffer)) > 0;) {
    child.output.append(buffer, static_cast<std::size_t>(size));
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  child.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return child;
}

}  // namespace

TEST_CASE("a key holds what held_after_write says, for every text and encoding") {
  const Child child = run_child();
  if (child.status == 77) {
    MESSAGE("skipped: " << child.output);
    return;
  }
  CHECK_MESSAGE(child.status == 0, child.output);
  // A child that compared nothing would agree with everything.
  CHECK(child.output.find("compared ") != std::string::npos);
  MESSAGE(child.output);
}
