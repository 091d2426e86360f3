// SPDX-License-Identifier: MIT
// Holds find_conflicts() against the real systemd-sysctl and sysctl(8): each set of files is put
// where they look for it, in mount and network namespaces of our own, and both are run. The host's
// files and keys are not touched.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/audit/conflicts.hpp"
#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/value.hpp"
#include "engine/sysctl/written.hpp"

using namespace nettune;

namespace {

constexpr int skipped = 77;

const std::string systemd_sysctl = "/lib/systemd/systemd-sysctl";
const std::string procps_sysctl = "/usr/sbin/sysctl";

// The keys that the files are about, with what they hold before each run.
const std::vector<std::pair<std::string, std::string>> start = {
    {"net.ipv4.tcp_sack", "7"},
    {"net.ipv4.tcp_window_scaling", "7"},
    {"net.ipv4.tcp_fastopen", "77"},
    {"net.ipv4.tcp_rmem", "5000 131072 6291456"},
    {"net.ipv4.conf.lo.rp_filter", "0"},
    {"net.ipv4.conf.lo.log_martians", "0"},
    {"net/ipv4/conf/d0.100/rp_filter", "0"},
    {"net.ipv4.conf.d1.rp_filter", "0"},
};

struct File {
  std::string path;
  std::string text;  // "-> target" makes a link
};

struct Fixture {
  std::string name;
  std::vector<File> files;
  bool disagree = false;  // on some key
};

const std::string sack = "net.ipv4.tcp_sack";
const std::string scaling = "net.ipv4.tcp_window_scaling";
const std::string all_filters = "net.ipv4.conf.*.rp_filter";
const std::string lo_filter = "net.ipv4.conf.lo.rp_filter";

const std::vector<Fixture> fixtures = {
    {"one line", {{"/etc/sysctl.d/a.conf", sack + " = 1\n"}}},
    {"files are sorted by name, not by folder",
     {{"/usr/lib/sysctl.d/z.conf", sack + " = 1\n"}, {"/etc/sysctl.d/a.conf", sack + " = 2\n"}}},
    {"names are compared byte by byte",
     {{"/usr/lib/sysctl.d/9.conf", sack + " = 1\n"},
      {"/etc/sysctl.d/10.conf", sack + " = 2\n"},
      {"/etc/sysctl.d/Z.conf", scaling + " = 3\n"},
      {"/etc/sysctl.d/b.conf", scaling + " = 4\n"}}},
    {"a file hides those of its name in later folders",
     {{"/usr/lib/sysctl.d/a.conf", sack + " = 1\n"},
      {"/usr/local/lib/sysctl.d/a.conf", sack + " = 2\n"},
      {"/run/sysctl.d/a.conf", sack + " = 3\n"}}},
    {"/etc comes before /run",
     {{"/etc/sysctl.d/a.conf", scaling + " = 1\n"}, {"/run/sysctl.d/a.conf", sack + " = 3\n"}}},
    {"a link to /dev/null masks",
     {{"/usr/lib/sysctl.d/a.conf", sack + " = 1\n"}, {"/etc/sysctl.d/a.conf", "-> /dev/null"}}},
    {"a link to nothing masks as well",
     {{"/usr/lib/sysctl.d/a.conf", sack + " = 1\n"}, {"/etc/sysctl.d/a.conf", "-> /nowhere"}}},
    {"an empty file masks",
     {{"/usr/lib/sysctl.d/a.conf", sack + " = 1\n"}, {"/etc/sysctl.d/a.conf", ""}}},
    {"only .conf counts",
     {{"/etc/sysctl.d/a.conf~", sack + " = 1\n"}, {"/etc/sysctl.d/a.CONF", sack + " = 2\n"}}},
    {"sysctl(8) reads hidden files", {{"/etc/sysctl.d/.a.conf", sack + " = 1\n"}}, true},
    {"sysctl(8) reads /etc/sysctl.conf last",
     {{"/etc/sysctl.d/z.conf", sack + " = 1\n"}, {"/etc/sysctl.conf", sack + " = 2\n"}},
     true},
    {"a link to /etc/sysctl.conf makes both read it",
     {{"/etc/sysctl.d/99-sysctl.conf", "-> ../sysctl.conf"},
      {"/etc/sysctl.conf", sack + " = 2\n"}}},
    {"other spellings of one value agree",
     {{"/etc/sysctl.d/z.conf", sack + " = 2\n"}, {"/etc/sysctl.conf", sack + " = 0x2\n"}}},
    {"a glob sets what is there", {{"/etc/sysctl.d/a.conf", all_filters + " = 1\n"}}},
    {"a named key wins over a later glob",
     {{"/etc/sysctl.d/a.conf", lo_filter + " = 2\n"},
      {"/etc/sysctl.d/b.conf", all_filters + " = 1\n"}}},
    {"a glob of /etc/sysctl.conf spares named keys",
     {{"/etc/sysctl.d/a.conf", lo_filter + " = 2\n"}, {"/etc/sysctl.conf", all_filters + " = 1\n"}},
     true},
    {"slash and dot name one key",
     {{"/etc/sysctl.d/a.conf", "net/ipv4/conf/lo/rp_filter = 2\n" + all_filters + " = 1\n"}}},
    {"the later of two globs wins",
     {{"/etc/sysctl.d/a.conf", all_filters + " = 1\nnet.ipv4.conf.l*.rp_filter = 2\n"}}},
    {"a repeated glob keeps its place for systemd",
     {{"/etc/sysctl.d/a.conf",
       all_filters + " = 1\nnet.ipv4.conf.l*.rp_filter = 2\n" + all_filters + " = 1\n"}},
     true},
    {"a changed glob moves to the end",
     {{"/etc/sysctl.d/a.conf",
       all_filters + " = 0\nnet.ipv4.conf.l*.rp_filter = 2\n" + all_filters + " = 1\n"}}},
    {"an exclusion keeps globs away",
     {{"/etc/sysctl.d/a.conf", all_filters + " = 1\n-" + lo_filter + "\n"}}},
    {"an exclusion in slash form",
     {{"/etc/sysctl.d/a.conf", "-net/ipv4/conf/lo/rp_filter\n" + all_filters + " = 1\n"}}},
    {"an exclusion behind a value ends it for systemd alone",
     {{"/etc/sysctl.d/a.conf", lo_filter + " = 2\n-" + lo_filter + "\n" + all_filters + " = 1\n"}},
     true},
    {"a value behind an exclusion counts",
     {{"/etc/sysctl.d/a.conf", "-" + lo_filter + "\n" + lo_filter + " = 2\n"}}},
    {"an exclusion with a blank is one for systemd alone",
     {{"/etc/sysctl.d/a.conf", "- " + lo_filter + "\n" + all_filters + " = 1\n"}},
     true},
    {"a glob can be taken back by systemd alone",
     {{"/etc/sysctl.d/a.conf", all_filters + " = 1\n-" + all_filters + "\n"}},
     true},
    {"an exclusion with another glob changes nothing",
     {{"/etc/sysctl.d/a.conf", "-net.ipv4.conf.l*.rp_filter\n" + all_filters + " = 1\n"}}},
    {"a dash before the key", {{"/etc/sysctl.d/a.conf", "-" + sack + " = 1\n"}}},
    {"a blank behind the dash", {{"/etc/sysctl.d/a.conf", "- " + sack + " = 1\n"}}, true},
    {"two dashes", {{"/etc/sysctl.d/a.conf", "--" + sack + " = 1\n"}}, true},
    {"a dotted link's name in both spellings",
     {{"/etc/sysctl.d/a.conf",
       "net.ipv4.conf.d0/100.rp_filter = 1\n" + lo_filter + " = 1\n" + all_filters + " = 2\n"}}},
    {"a dotted link's name in slash form",
     {{"/etc/sysctl.d/a.conf", "net/ipv4/conf/d0.100/rp_filter = 1\n"}}},
    {"dots alone name another key",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.d0.100.rp_filter = 1\n"}}},
    {"blanks and comments",
     {{"/etc/sysctl.d/a.conf",
       "  # " + sack + " = 1\n\t; " + sack + " = 1\n\n  " + scaling + "   =   3   \n"}}},
    {"a trailing comment is written", {{"/etc/sysctl.d/a.conf", sack + " = 1 # off\n"}}},
    {"a refused value changes nothing", {{"/etc/sysctl.d/a.conf", sack + " = \"1\"\n"}}},
    {"an empty value is refused", {{"/etc/sysctl.d/a.conf", sack + " =\n"}}},
    {"sysctl(8) writes the earlier line too",
     {{"/etc/sysctl.d/a.conf", sack + " = 1\n" + sack + " = x\n"}},
     true},
    {"sysctl(8) fills a short vector from the earlier line",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.tcp_rmem = 4096 8192 16384\nnet.ipv4.tcp_rmem = 6000\n"}},
     true},
    {"a line without an equals sign is passed over",
     {{"/etc/sysctl.d/a.conf", sack + " 1\n" + scaling + " = 3\n"}}},
    {"there is no continuation",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.tcp_rmem = 4096 \\\n 8192 16384\n"}}},
    {"carriage returns at line ends",
     {{"/etc/sysctl.d/a.conf", sack + " = 1\r\n" + scaling + " = 3\r\n"}}},
    {"a carriage return inside a line",
     {{"/etc/sysctl.d/a.conf", sack + " = 1\r" + scaling + " = 3\n"}},
     true},
    {"a NUL inside a line",
     {{"/etc/sysctl.d/a.conf", sack + " = 1" + std::string(1, '\0') + scaling + " = 3\n"}},
     true},
    {"no line feed at the end", {{"/etc/sysctl.d/a.conf", sack + " = 1"}}},
    {"a leading slash", {{"/etc/sysctl.d/a.conf", "/net/ipv4/tcp_sack = 1\n"}}},
    {"repeated separators",
     {{"/etc/sysctl.d/a.conf", "net//ipv4/tcp_sack = 1\nnet..ipv4.tcp_window_scaling = 3\n"}}},
    {"a trailing slash", {{"/etc/sysctl.d/a.conf", "net/ipv4/tcp_sack/ = 1\n"}}, true},
    {"a path below /proc/sys is no key",
     {{"/etc/sysctl.d/a.conf", "/proc/sys/net/ipv4/tcp_sack = 1\n"}}},
    {"octal, hexadecimal and short vectors are written as they stand",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.tcp_fastopen = 010\nnet.ipv4.tcp_rmem = 0x1000 8192\n"}}},
    {"braces are no glob", {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.{lo,d1}.rp_filter = 1\n"}}},
    {"systemd-sysctl expands braces in a glob",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.{lo,d1}.rp_f* = 1\n"}},
     true},
    {"braces within braces, one alternative without a sign",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.{tcp_sack,conf.{lo,d*}.rp_filter} = 1\n"}},
     true},
    {"an alternative without a sign is a glob, which spares named keys",
     {{"/etc/sysctl.d/a.conf", sack + " = 2\nnet.ipv4.{tcp_sack,tcp_window_scalin?} = 3\n"}},
     true},
    {"two alternatives match one key",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.{l*,?o}.rp_filter = 1\n"}},
     true},
    {"a glob with braces is another one than its alternatives",
     {{"/etc/sysctl.d/a.conf",
       "net.ipv4.conf.{l*,d1}.rp_filter = 1\nnet.ipv4.conf.l*.rp_filter = 2\n"
       "net.ipv4.conf.{l*,d1}.rp_filter = 1\n"}},
     true},
    {"a changed glob with braces moves to the end",
     {{"/etc/sysctl.d/a.conf",
       "net.ipv4.conf.{l*,d1}.rp_filter = 0\nnet.ipv4.conf.l*.rp_filter = 2\n"
       "net.ipv4.conf.{l*,d1}.rp_filter = 1\n"}},
     true},
    {"a glob with braces can be taken back by systemd alone",
     {{"/etc/sysctl.d/a.conf",
       "net.ipv4.conf.{l*,d1}.rp_filter = 1\n-net.ipv4.conf.{l*,d1}.rp_filter\n"}}},
    {"a brace that is never closed is a sign like others",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.{lo,d1.rp_f* = 1\n"}}},
    {"an empty alternative, and a single one",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.lo{}.rp_f* = 1\nnet.ipv4.conf.{d1}.rp_f* = 2\n"}},
     true},
    {"an escaped brace is itself",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.\\{lo,d1\\}.rp_f* = 1\n"}}},
    {"a backslash in a glob is no part of the name",
     {{"/etc/sysctl.d/a.conf", "net.*.conf.\\lo.rp_filter = 1\n"}}},
    {"an escaped sign is itself", {{"/etc/sysctl.d/a.conf", "net.*.conf.\\*.rp_filter = 1\n"}}},
    {"a backslash without a glob is a part of the name",
     {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.\\lo.rp_filter = 1\n"}}},
    {"a character class", {{"/etc/sysctl.d/a.conf", "net.ipv4.conf.[ld]?.rp_filter = 1\n"}}},
};

std::string proc_path(const std::string& name) {
  return fmt::format("/proc/sys/{}", sysctl::Key::parse(name)->path());
}

std::string read_key(const std::string& name) {
  std::ifstream in(proc_path(name));
  std::string line;
  std::getline(in, line);
  return line;
}

bool write_key(const std::string& name, const std::string& text) {
  const UniqueFd fd(open(proc_path(name).c_str(), O_WRONLY | O_CLOEXEC));
  return fd && pwrite(fd.get(), text.data(), text.size(), 0) >= 0;
}

std::string run(const std::vector<std::string>& command) {
  int ends[2];
  if (pipe(ends) != 0) return "pipe failed";
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  const UniqueFd end(ends[0]);
  std::string output;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(end.get(), buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<std::size_t>(size));
  }
  waitpid(pid, nullptr, 0);
  return output;
}

// The folders that the loaders look into, each an empty one of ours. "" or what went wrong.
std::string make_world() {
  const auto failed = [](const std::string& what) { return what + ": " + std::strerror(errno); };
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0) return failed("no namespace");
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("no mounts");
  if (mount("tmpfs", "/run", "tmpfs", 0, nullptr) != 0) return failed("/run");
  // Debian 13 has no such file to lay ours over: then one is made in a layer over /etc.
  if (access("/etc/sysctl.conf", F_OK) != 0) {
    mkdir("/run/etc", 0755);
    mkdir("/run/etc.work", 0755);
    if (mount("overlay", "/etc", "overlay", 0,
              "lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work") != 0) {
      return failed("/etc");
    }
    std::ofstream("/etc/sysctl.conf").close();
  }
  for (const char* folder : {"/usr/local/lib", "/etc/sysctl.d", "/usr/lib/sysctl.d"}) {
    if (mount("tmpfs", folder, "tmpfs", 0, nullptr) != 0) return failed(folder);
  }
  std::ofstream("/run/sysctl.conf").close();
  if (mount("/run/sysctl.conf", "/etc/sysctl.conf", nullptr, MS_BIND, nullptr) != 0) {
    return failed("/etc/sysctl.conf");
  }
  // A link with a dot in its name; without it, its keys are left out.
  if (std::system("ip link add d0.100 type veth peer name d1 >/dev/null 2>&1") != 0) errno = 0;
  return {};
}

void put_files(const std::vector<File>& files) {
  namespace fs = std::filesystem;
  for (const char* folder :
       {"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"}) {
    fs::create_directories(folder);
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      fs::remove_all(entry.path());
    }
  }
  std::ofstream("/etc/sysctl.conf").close();
  for (const File& file : files) {
    if (file.text.starts_with("-> ")) {
      fs::create_symlink(file.text.substr(3), file.path);
    } else {
      std::ofstream(file.path, std::ios::binary) << file.text;
    }
  }
}

struct Outcome {
  std::vector<std::string> differences;
  std::size_t compared = 0;
};

// What the key holds after the lines that `loader` writes, as find_conflicts tells of them. Only
// sysctl(8) writes the lines before the winner too, and only named ones where the key is named.
std::string predicted(const audit::Conflict& conflict, audit::Loader loader,
                      const std::string& before) {
  const sysctl::Parameter* parameter = sysctl::find_parameter(conflict.key);
  sysctl::Value value = *sysctl::Value::parse(parameter, before);
  const auto winner = std::ranges::find_if(conflict.setters, [&](const audit::Setter& setter) {
    return setter.loader == loader && setter.wins;
  });
  if (winner == conflict.setters.end()) return value.to_string();
  for (auto setter = conflict.setters.begin(); setter <= winner; ++setter) {
    if (setter->loader != loader) continue;
    if (loader == audit::Loader::systemd_sysctl && setter != winner) continue;
    const auto held = sysctl::held_after_write(*parameter, value, setter->value + "\n", 0);
    value = held ? held->value : held.error().held;
  }
  return value.to_string();
}

void compare(const Fixture& fixture, Outcome& outcome) {
  put_files(fixture.files);
  std::vector<sysctl::Key> keys;
  std::vector<std::string> befores;
  for (const auto& [name, text] : start) {
    if (!write_key(name, text)) continue;
    keys.push_back(*sysctl::Key::parse(name));
    befores.push_back(read_key(name));
  }
  std::vector<std::string> problems;
  const std::vector<audit::Conflict> conflicts = audit::find_conflicts("", keys, problems);

  bool live_differs = false;
  bool says_so = false;
  std::vector<std::string> after_systemd;
  for (const audit::Loader loader : {audit::Loader::systemd_sysctl, audit::Loader::procps}) {
    for (const auto& [name, text] : start) write_key(name, text);
    if (loader == audit::Loader::systemd_sysctl) {
      run({systemd_sysctl, "--prefix=/net"});
    } else {
      run({procps_sysctl, "--system"});
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const sysctl::Parameter* parameter = sysctl::find_parameter(keys[i]);
      const std::string live =
          sysctl::Value::parse(parameter, read_key(std::string(keys[i].path())))->to_string();
      const auto conflict = std::ranges::find(conflicts, keys[i], &audit::Conflict::key);
      const std::string expected = conflict == conflicts.end()
                                       ? sysctl::Value::parse(parameter, befores[i])->to_string()
                                       : predicted(*conflict, loader, befores[i]);
      ++outcome.compared;
      if (live != expected) {
        outcome.differences.push_back(fmt::format("{}: {}: {} ends with [{}], we say [{}]",
                                                  fixture.name, audit::loader_name(loader),
                                                  keys[i].name(), live, expected));
      }
      if (loader == audit::Loader::systemd_sysctl) {
        after_systemd.push_back(live);
        continue;
      }
      const bool differs = live != after_systemd[i];
      const bool said = conflict != conflicts.end() && conflict->loaders_disagree;
      live_differs = live_differs || differs;
      says_so = says_so || said;
      if (differs != said) {
        outcome.differences.push_back(
            fmt::format("{}: {}: the loaders {}, we say they {}", fixture.name, keys[i].name(),
                        differs ? "disagree" : "agree", said ? "disagree" : "agree"));
      }
    }
  }
  if (live_differs != fixture.disagree || says_so != fixture.disagree) {
    outcome.differences.push_back(fixture.name + ": the loaders' disagreement is not as written");
  }
}

// The files that systemd-sysctl itself lists, in its order, against the order of our lines.
void compare_listing(Outcome& outcome) {
  put_files({{"/usr/lib/sysctl.d/50-b.conf", sack + " = 1\n"},
             {"/usr/lib/sysctl.d/60-masked.conf", sack + " = 1\n"},
             {"/etc/sysctl.d/60-masked.conf", "-> /dev/null"},
             {"/run/sysctl.d/40-c.conf", sack + " = 1\n"},
             {"/usr/local/lib/sysctl.d/50-b.conf", sack + " = 2\n"},
             {"/etc/sysctl.d/70-a.conf", sack + " = 3\n"},
             {"/etc/sysctl.d/.hidden.conf", sack + " = 4\n"}});
  std::vector<std::string> theirs;
  std::istringstream listing(run({systemd_sysctl, "--cat-config"}));
  for (std::string line; std::getline(listing, line);) {
    if (line.starts_with("# /") && !line.ends_with("masked.conf")) theirs.push_back(line.substr(2));
  }
  std::vector<std::string> problems;
  const auto conflicts = audit::find_conflicts("", {*sysctl::Key::parse(sack)}, problems);
  std::vector<std::string> ours;
  for (const audit::Conflict& conflict : conflicts) {
    for (const audit::Setter& setter : conflict.setters) {
      if (setter.loader == audit::Loader::systemd_sysctl) ours.push_back(setter.file);
    }
  }
  ++outcome.compared;
  if (theirs.empty() || theirs != ours) {
    outcome.differences.push_back(fmt::format("systemd-sysctl --cat-config lists [{}], we [{}]",
                                              fmt::join(theirs, " "), fmt::join(ours, " ")));
  }
}

int run_in_world() {
  if (const std::string fault = make_world(); !fault.empty()) {
    std::printf("%s\n", fault.c_str());
    return skipped;
  }
  Outcome outcome;
  for (const Fixture& fixture : fixtures) compare(fixture, outcome);
  compare_listing(outcome);
  for (const std::string& difference : outcome.differences) std::printf("%s\n", difference.c_str());
  std::printf("compared %zu values after %zu sets of files\n", outcome.compared, fixtures.size());
  return outcome.differences.empty() ? 0 : 1;
}

}  // namespace

TEST_CASE("who sets a key is who sets it when systemd-sysctl and sysctl(8) really run") {
  for (const std::string& program : {systemd_sysctl, procps_sysctl}) {
    if (access(program.c_str(), X_OK) != 0) {
      MESSAGE("skipped: there is no " << program);
      return;
    }
  }
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    const int status = run_in_world();
    std::fflush(nullptr);
    _exit(status);
  }
  close(ends[1]);
  const UniqueFd end(ends[0]);
  std::string output;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(end.get(), buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<std::size_t>(size));
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == skipped) {
    MESSAGE("skipped: " << output);
    return;
  }
  CHECK_MESSAGE(WEXITSTATUS(status) == 0, output);
  CHECK(output.find("compared ") != std::string::npos);
  MESSAGE(output);
}
