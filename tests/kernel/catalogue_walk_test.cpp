// SPDX-License-Identifier: MIT
// Holds the catalogue against the running kernel: every key of /proc/sys/net here and in network
// namespaces of our own, and the ends of every range by writing there. The host's keys are only
// read.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/value.hpp"

using namespace nettune::sysctl;

namespace {

const std::string proc_sys = "/proc/sys/";

Version running_kernel() {
  utsname name{};
  unsigned major = 0;
  unsigned minor = 0;
  if (uname(&name) != 0 || std::sscanf(name.release, "%u.%u", &major, &minor) != 2) return {};
  return {static_cast<std::uint16_t>(major), static_cast<std::uint16_t>(minor)};
}

std::string text_of(Version version) { return fmt::format("{}.{}", version.major, version.minor); }

/// What a walk found out: failures, and what is only worth telling. A child sends it line by line.
struct Findings {
  std::vector<std::string> failures;
  std::vector<std::string> remarks;

  void fail(std::string text) { failures.push_back(std::move(text)); }
  void remark(std::string text) { remarks.push_back(std::move(text)); }
};

struct Answer {
  int error = 0;  // errno, 0 on success
  std::string text;
};

Answer read_key(const std::string& path) {
  const nettune::UniqueFd fd(open((proc_sys + path).c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return {errno, {}};
  std::string text(65536, '\0');
  const ssize_t size = read(fd.get(), text.data(), text.size());
  if (size < 0) return {errno, {}};
  text.resize(static_cast<std::size_t>(size));
  return {0, std::move(text)};
}

int write_key(const std::string& path, const std::string& text) {
  const nettune::UniqueFd fd(open((proc_sys + path).c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.get() < 0) return errno;
  return pwrite(fd.get(), text.data(), text.size(), 0) < 0 ? errno : 0;
}

/// The keys of this task's network namespace with their modes.
std::map<std::string, mode_t> keys_here() {
  std::map<std::string, mode_t> keys;
  std::error_code ignored;  // a link may go away during the walk
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  for (std::filesystem::recursive_directory_iterator entry(proc_sys + "net", options, ignored), end;
       entry != end; entry.increment(ignored)) {
    struct stat status{};
    if (stat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    keys.emplace(entry->path().string().substr(proc_sys.size()), status.st_mode & 07777);
  }
  return keys;
}

/// The modes of all keys of a pattern, joined; absent where no link has such a key.
std::map<std::string_view, mode_t> patterns_of(const std::map<std::string, mode_t>& keys) {
  std::map<std::string_view, mode_t> patterns;
  for (const auto& [path, mode] : keys) {
    if (const Parameter* parameter = find_parameter(path)) patterns[parameter->pattern] |= mode;
  }
  return patterns;
}

void check_shapes(const std::map<std::string, mode_t>& keys, Version kernel, Findings& findings) {
  std::vector<std::string> unknown;
  int unreadable = 0;
  for (const auto& [path, mode] : keys) {
    const Parameter* parameter = find_parameter(path);
    if (parameter == nullptr) {
      unknown.push_back(path);
      continue;
    }
    if ((mode & 0444) == 0) continue;  // a trigger
    const Answer live = read_key(path);
    if (live.error != 0) {
      // A secret that nobody has set yet (EIO), one that is not for this user, a link that went.
      ++unreadable;
      continue;
    }
    const auto value = Value::parse(parameter, live.text);
    if (!value) {
      findings.fail(fmt::format("{}: {}", path, value.error()));
      continue;
    }
    const Range range = range_on(*parameter, kernel);
    for (const Integer number : value->numbers()) {
      if (number < range.minimum || number > range.maximum) {
        findings.fail(fmt::format("{}: {} is outside {} to {}", path, to_string(number),
                                  to_string(range.minimum), to_string(range.maximum)));
      }
    }
  }
  findings.remark(fmt::format("{} keys, {} not in the catalogue, {} not readable", keys.size(),
                              unknown.size(), unreadable));
  for (const std::string& path : unknown) findings.remark("not in the catalogue: " + path);
}

/// The keys of a child namespace against those of its parent.
void check_scopes(const std::map<std::string_view, mode_t>& parent,
                  const std::map<std::string_view, mode_t>& child, bool in_user_namespace,
                  Version kernel, Findings& findings) {
  constexpr Version shown_read_only{6, 12};  // before, such keys were absent in a child
  for (const auto& [pattern, mode] : parent) {
    const Parameter& parameter = *find_parameter(pattern);
    if (kernel < parameter.per_namespace_since) continue;
    const auto found = child.find(pattern);
    const bool present = found != child.end();
    const bool writable = present && (found->second & 0222) != 0;
    switch (parameter.scope) {
      case Scope::host:
        if (present) findings.fail(fmt::format("{}: a host's key, yet in a child too", pattern));
        break;
      case Scope::host_read_only:
        if (!present && kernel >= shown_read_only) {
          findings.fail(fmt::format("{}: not shown in a child namespace", pattern));
        }
        if (writable) findings.fail(fmt::format("{}: writable in a child namespace", pattern));
        break;
      case Scope::net_namespace:
        if (!present) {
          // The kernel hides some keys from namespaces whose owner has no rights on the host.
          const std::string text = fmt::format("{}: absent in a child namespace", pattern);
          in_user_namespace ? findings.remark(text) : findings.fail(text);
        } else if ((mode & 0222) != 0 && !writable) {
          findings.fail(fmt::format("{}: not writable in a child namespace", pattern));
        }
        break;
    }
  }
}

/// Whose ends cannot be tried one key at a time, and why.
struct Exception {
  std::string_view pattern;
  std::string_view reason;
};
constexpr Exception not_tried[] = {
    {"net/bridge/bridge-nf-call-arptables", "stores any number as 0 or 1 instead of refusing it"},
    {"net/bridge/bridge-nf-call-ip6tables", "stores any number as 0 or 1 instead of refusing it"},
    {"net/bridge/bridge-nf-call-iptables", "stores any number as 0 or 1 instead of refusing it"},
    {"net/bridge/bridge-nf-filter-pppoe-tagged", "stores any number as 0 or 1"},
    {"net/bridge/bridge-nf-filter-vlan-tagged", "stores any number as 0 or 1"},
    {"net/bridge/bridge-nf-pass-vlan-input-dev", "stores any number as 0 or 1"},
    {"net/ipv4/ip_local_port_range", "low <= high, and low >= ip_unprivileged_port_start"},
    {"net/ipv4/ip_unprivileged_port_start", "at most the low end of ip_local_port_range"},
    {"net/ipv4/ipfrag_high_thresh", "at least ipfrag_low_thresh"},
    {"net/ipv4/ipfrag_low_thresh", "at most ipfrag_high_thresh"},
    {"net/ipv4/neigh/*/unres_qlen", "its largest number depends on the size of a packet"},
    {"net/ipv4/ping_group_range", "first <= last"},
    {"net/ipv4/tcp_probe_interval", "its largest number depends on the kernel's tick"},
    {"net/ipv4/tcp_reordering", "at most tcp_max_reordering"},
    {"net/ipv4/tcp_rmem", "stable branches of 6.1 and 6.12 have the smallest number of 7.2"},
    {"net/ipv6/ip6frag_high_thresh", "at least ip6frag_low_thresh"},
    {"net/ipv6/ip6frag_low_thresh", "at most ip6frag_high_thresh"},
    {"net/ipv6/neigh/*/unres_qlen", "its largest number depends on the size of a packet"},
    {"net/netfilter/nf_conntrack_frag6_high_thresh", "at least nf_conntrack_frag6_low_thresh"},
    {"net/netfilter/nf_conntrack_frag6_low_thresh", "at most nf_conntrack_frag6_high_thresh"},
    {"net/netfilter/nf_hooks_lwtunnel", "turns on for the whole host, until the next boot"},
};

/// A key of `parameter` that a fresh namespace has: of the default, or of its only link.
std::string path_in_child(const Parameter& parameter) {
  std::string path(parameter.pattern);
  const std::size_t star = path.find('*');
  if (star != std::string::npos) {
    path.replace(star, 1, path.find("/neigh/") != std::string::npos ? "lo" : "default");
  }
  return path;
}

std::string tuple_of(const Parameter& parameter, Integer number) {
  std::string text = to_string(number);
  for (int i = 1; i < parameter.fields; ++i) text += ' ' + to_string(number);
  return text;
}

/// Writes the ends of each range, and what is just beyond them. Only in a namespace of our own.
/// Returns what was written to.
std::set<std::string> check_ranges(const std::map<std::string, mode_t>& keys, Version kernel,
                                   Findings& findings) {
  std::set<std::string> written;
  for (const Parameter& parameter : all_parameters()) {
    // Hundredths of a second wrap where others are refused: there is no end to try.
    if (parameter.scope != Scope::net_namespace || !is_numeric(parameter.encoding) ||
        parameter.encoding == Encoding::userhz || kernel < parameter.per_namespace_since) {
      continue;
    }
    if (std::ranges::find(not_tried, parameter.pattern.view(), &Exception::pattern) !=
        std::end(not_tried)) {
      continue;
    }
    const std::string path = path_in_child(parameter);
    const auto key = keys.find(path);
    if (key == keys.end() || (key->second & 0222) == 0) continue;
    const Answer before = read_key(path);
    if (before.error != 0) continue;

    // Stable branches take over limits of later kernels: there a difference is no fault.
    const bool may_have_backport =
        !parameter.earlier_ranges.empty() && kernel < (parameter.earlier_ranges.end() - 1)->until;
    const auto differ = [&](const std::string& text) {
      may_have_backport ? findings.remark(text) : findings.fail(text);
    };
    const Range range = range_on(parameter, kernel);
    const auto expect_taken = [&](Integer number) {
      const int error = write_key(path, tuple_of(parameter, number));
      if (error != 0) {
        differ(fmt::format("{}: {} is refused: {}", path, to_string(number), std::strerror(error)));
      }
    };
    const auto expect_refused = [&](Integer number) {
      const int error = write_key(path, tuple_of(parameter, number));
      if (error != EINVAL) {
        differ(fmt::format("{}: {} is not refused as invalid: {}", path, to_string(number),
                           error == 0 ? "taken" : std::strerror(error)));
      }
    };

    written.insert(path);
    // The largest number of seconds depends on the tick; the catalogue has that of the slowest.
    const bool by_tick = parameter.encoding == Encoding::seconds;
    expect_taken(by_tick ? 0 : range.minimum);
    if (!by_tick) expect_taken(range.maximum);
    expect_refused(range.minimum - 1);
    expect_refused(range.maximum + 1);

    if (const int error = write_key(path, before.text)) {
      findings.fail(
          fmt::format("{}: the first value is not taken back: {}", path, std::strerror(error)));
    } else if (read_key(path).text != before.text) {
      findings.fail(fmt::format("{}: does not hold its first value again", path));
    }
  }
  findings.remark(fmt::format("tried the ends of {} ranges", written.size()));
  return written;
}

void check_child(const std::map<std::string_view, mode_t>& parent, bool in_user_namespace,
                 Version kernel, Findings& findings, std::set<std::string>& written) {
  const auto keys = keys_here();
  check_shapes(keys, kernel, findings);
  check_scopes(parent, patterns_of(keys), in_user_namespace, kernel, findings);
  if (kernel < Version{5, 14}) {
    findings.remark("ranges not tried: before Linux 5.14 a host's key may be writable in a child");
  } else if (write_key("net/ipv4/tcp_sack", "1") == EROFS) {
    findings.remark("ranges not tried: /proc/sys is mounted read-only");
  } else {
    written = check_ranges(keys, kernel, findings);
  }
}

struct ChildOutcome {
  int refused = 0;  // errno of unshare(2)
  bool complete = false;
  Findings findings;
  std::set<std::string> written;
};

/// Runs check_child() in a forked process in namespaces of its own. Its findings come back as
/// lines: F for a failure, R for a remark, W for a key that was written, E for unshare's errno, "."
/// last.
ChildOutcome in_child_namespace(int flags, const std::map<std::string_view, mode_t>& parent,
                                Version kernel) {
  ChildOutcome outcome;
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  nettune::UniqueFd read_end(ends[0]);
  nettune::UniqueFd write_end(ends[1]);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::string lines;
    const auto say = [&lines](char kind, std::string text) {
      std::ranges::replace(text, '\n', ' ');
      lines += kind + text + '\n';
    };
    if (unshare(flags) != 0) {
      say('E', std::to_string(errno));
    } else {
      Findings findings;
      std::set<std::string> written;
      check_child(parent, (flags & CLONE_NEWUSER) != 0, kernel, findings, written);
      for (const std::string& text : findings.failures) say('F', text);
      for (const std::string& text : findings.remarks) say('R', text);
      for (const std::string& path : written) say('W', path);
    }
    lines += ".\n";
    std::size_t sent = 0;
    while (sent < lines.size()) {
      const ssize_t size = write(write_end.get(), lines.data() + sent, lines.size() - sent);
      if (size < 0) _exit(1);
      sent += static_cast<std::size_t>(size);
    }
    _exit(0);
  }
  write_end = nettune::UniqueFd();
  std::string lines;
  char buffer[4096];
  for (ssize_t size; (size = read(read_end.get(), buffer, sizeof buffer)) > 0;) {
    lines.append(buffer, static_cast<std::size_t>(size));
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    const std::string line = lines.substr(begin, end - begin);
    begin = end + 1;
    if (line == ".") outcome.complete = true;
    if (line.starts_with('E')) outcome.refused = std::stoi(line.substr(1));
    if (line.starts_with('F')) outcome.findings.fail(line.substr(1));
    if (line.starts_with('R')) outcome.findings.remark(line.substr(1));
    if (line.starts_with('W')) outcome.written.insert(line.substr(1));
  }
  return outcome;
}

void report(const Findings& findings) {
  for (const std::string& text : findings.remarks) MESSAGE(text);
  for (const std::string& text : findings.failures) FAIL_CHECK(text);
}

std::map<std::string, std::string> values_of(const std::map<std::string, mode_t>& keys) {
  std::map<std::string, std::string> values;
  for (const auto& [path, mode] : keys) {
    Answer live = read_key(path);
    if (live.error == 0) values.emplace(path, std::move(live.text));
  }
  return values;
}

/// A child of its own: shapes, scopes and ranges there; and nothing of it shows here.
void walk_child(int flags, const char* skip_reason) {
  const Version kernel = running_kernel();
  const auto keys = keys_here();
  const auto values = values_of(keys);
  const ChildOutcome outcome = in_child_namespace(flags, patterns_of(keys), kernel);
  CHECK(outcome.complete);
  if (outcome.refused != 0) {
    MESSAGE(fmt::format("skipped: {}: {}", skip_reason, std::strerror(outcome.refused)));
    return;
  }
  report(outcome.findings);
  for (const std::string& path : outcome.written) {
    const auto before = values.find(path);
    if (before == values.end()) continue;
    CAPTURE(path);
    CHECK_MESSAGE(read_key(path).text == before->second,
                  "a write in a network namespace of its own changed the key here");
  }
}

}  // namespace

TEST_CASE("every key of this network namespace has the catalogue's shape and range") {
  const Version kernel = running_kernel();
  REQUIRE(kernel != Version{});
  const auto keys = keys_here();
  if (keys.empty()) {
    MESSAGE("skipped: there is no /proc/sys/net here");
    return;
  }
  Findings findings;
  check_shapes(keys, kernel, findings);
  report(findings);
}

TEST_CASE("a key that this kernel has removed is not there, nor one that is newer than it") {
  const Version kernel = running_kernel();
  const auto patterns = patterns_of(keys_here());
  for (const Parameter& parameter : all_parameters()) {
    if (!patterns.contains(parameter.pattern)) continue;
    CAPTURE(parameter.pattern);
    if (parameter.removed != Version{} && parameter.removed <= kernel) {
      FAIL_CHECK(fmt::format("gone since Linux {}, yet here on {}", text_of(parameter.removed),
                             text_of(kernel)));
    }
    // A stable branch or a distribution may have brought it to an older kernel.
    if (kernel < parameter.since) {
      MESSAGE(fmt::format("{}: since Linux {}, yet here on {}", parameter.pattern,
                          text_of(parameter.since), text_of(kernel)));
    }
  }
}

TEST_CASE("a network namespace of the host's own users has the catalogue's keys and ranges") {
  walk_child(CLONE_NEWNET, "a network namespace needs CAP_SYS_ADMIN");
}

TEST_CASE("a network namespace inside a user namespace has the catalogue's keys and ranges") {
  walk_child(CLONE_NEWUSER | CLONE_NEWNET, "user namespaces are not allowed here");
}

TEST_CASE("each exception from the trial of ranges is a key of the catalogue") {
  for (const Exception& exception : not_tried) {
    CAPTURE(exception.pattern);
    CHECK(find_parameter(exception.pattern) != nullptr);
    CHECK_FALSE(exception.reason.empty());
  }
}
