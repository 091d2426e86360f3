// SPDX-License-Identifier: MIT
// nettunectl run: starts a program whose TCP sockets get a preset, by a library that is loaded
// before libc. What such a library never reaches is refused before the start.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "command.hpp"
#include "engine/diagnostic.hpp"
#include "engine/file/unique_fd.hpp"
#include "input/elf_file.hpp"
#include "input/options.hpp"
#include "input/socket_preset.hpp"
#include "nettune/nettune.h"
#include "output/output.hpp"
#include "socket/seccomp_filters.hpp"

namespace nettune::ctl {
namespace {

// As env(1) has them.
constexpr int exit_not_startable = 126;
constexpr int exit_not_found = 127;

constexpr std::string_view library_name = "libnettune-preload.so";

// Where it was built, beside this program; else where it is installed.
std::string library_path() {
  std::array<char, PATH_MAX> self;
  const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size());
  if (size > 0) {
    std::string path(self.data(), static_cast<std::size_t>(size));
    path.erase(path.rfind('/') + 1);
    path += fmt::format("nettune/{}", library_name);
    if (::access(path.c_str(), R_OK) == 0) return path;
  }
  return fmt::format("{}/{}", NETTUNE_LIB_DIR, library_name);
}

struct Found {
  std::string path;  ///< "" where there is none
  int error;         ///< then ENOENT, or EACCES where a file is there that can't be run
};

// As execvp(3) looks for it.
Found find_program(const std::string& name) {
  const auto is_program = [](const std::string& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return errno == EACCES ? EACCES : ENOENT;
    return S_ISREG(facts.st_mode) && ::access(path.c_str(), X_OK) == 0 ? 0 : EACCES;
  };
  if (name.find('/') != std::string::npos) {
    const int error = is_program(name);
    return {error == 0 ? name : "", error};
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/bin:/usr/bin" : path;
  int worst = ENOENT;
  for (bool is_last = name.empty(); !is_last;) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string_view folder = rest.substr(0, end);
    is_last = end == rest.size();
    rest.remove_prefix(is_last ? end : end + 1);
    std::string candidate = folder.empty() ? name : fmt::format("{}/{}", folder, name);
    const int error = is_program(candidate);
    if (error == 0) return {std::move(candidate), 0};
    if (error == EACCES) worst = EACCES;
  }
  return {"", worst};
}

/// The start of a program's file, as far as it says how the program is loaded.
struct Head {
  std::array<char, 4096> bytes{};
  std::size_t size = 0;

  std::string_view text() const { return {bytes.data(), size}; }
};

// Why no library of nettune's gets into the program with the file `fd`. "": it does, or the file is
// for the kernel to judge.
std::string why_not_loadable(int fd) {
  const std::optional<ElfFile> elf = read_elf_file(fd);
  if (!elf) return "";
  if (!elf->is_own_word_size) return "is built for another word size than nettune's library";
  const UniqueFd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const std::optional<ElfFile> own = read_elf_file(self.get());
  if (!elf->is_own_byte_order || (own && elf->machine != own->machine)) {
    return "is built for another kind of processor than nettune's library";
  }
  if (elf->loader.empty()) return "is linked statically: it loads no library";
  if (elf->is_go) return "is written in Go: it makes its system calls without libc";
  // A glibc elsewhere, as of NixOS, has a loader of the same name.
  const auto name_of = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  if (own && name_of(elf->loader) != name_of(own->loader)) {
    return fmt::format("is built for another C library than glibc: its loader is {}",
                       printable(elf->loader));
  }
  return "";
}

// The program that a script names in its first line; "" where the file is no script.
std::string interpreter_of(const Head& head) {
  std::string_view line = head.text();
  if (!line.starts_with("#!")) return "";
  line = line.substr(2, line.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

// Why the library does not reach the program at `path`, as "FILE ..."; "" where nothing says so.
// What can't be read is for the kernel to judge.
std::string why_not_covered(std::string path) {
  constexpr int most_interpreters = 5;  // as many as the kernel follows
  for (int depth = 0; depth <= most_interpreters; ++depth) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return "";
    Head head;
    if (fd) {
      const ssize_t size = ::pread(fd.get(), head.bytes.data(), head.bytes.size(), 0);
      head.size = size > 0 ? static_cast<std::size_t>(size) : 0;
    }
    std::string interpreter = interpreter_of(head);
    if (interpreter.empty()) {
      if ((facts.st_mode & S_ISUID) != 0) return fmt::format("{} is setuid", path);
      if ((facts.st_mode & S_ISGID) != 0 && (facts.st_mode & S_IXGRP) != 0) {
        return fmt::format("{} is setgid", path);
      }
      if (::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0) {
        return fmt::format("{} has file capabilities", path);
      }
      const std::string reason = why_not_loadable(fd.get());
      return reason.empty() ? "" : fmt::format("{} {}", path, reason);
    }
    path = std::move(interpreter);  // the bits of a script itself mean nothing
  }
  return "";
}

// The report's path for a program that may change its directory; nullopt: it can't be written,
// which was said. To write to a FIFO or a terminal may take for ever, and the program would wait.
std::optional<std::string> open_report(const std::string& name) {
  std::error_code failed;
  std::string path = std::filesystem::absolute(name, failed).string();
  const UniqueFd fd(::open(
      name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644));
  const int error = errno;
  struct stat facts{};
  if (fd ? ::fstat(fd.get(), &facts) == 0 && !S_ISREG(facts.st_mode) : error == ENXIO) {
    complain(fmt::format("run: --report {}: it is not a regular file", name));
    return std::nullopt;
  }
  if (failed || !fd) {
    complain(fmt::format("run: --report {}: {}", name, std::strerror(error)));
    return std::nullopt;
  }
  return path;
}

// What the library does to sockets, done to one of this program's own.
void try_preset(const std::string& line) {
  nettune_preset* preset = nullptr;
  std::array<char, 512> message{};
  if (nettune_preset_line(line.c_str(), &preset, message.data(), message.size()) != 0) return;
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  std::size_t count = 0;
  // What is refused is reported where the program's own sockets meet it.
  static_cast<void>(nettune_apply(preset, fd.get(), NETTUNE_CLIENT, 0, nullptr, 0, &count));
  static_cast<void>(nettune_apply(preset, fd.get(), NETTUNE_LISTENER, 0, nullptr, 0, &count));
  static_cast<void>(nettune_quickack_rearm(preset, fd.get()));
}

// Whether the seccomp filter of a container or a unit, which this process has inherited, kills for
// what the library does. Most do not, and there the preset works; so it is tried, in a child.
bool kills_for_preset(const std::string& line) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    try_preset(line);
    ::_exit(::write(in.get(), "", 1) == 1 ? 0 : 1);
  }
  in = UniqueFd();
  char byte = 0;
  const ssize_t size = ::read(out.get(), &byte, 1);  // it tells, even where SIGCHLD is ignored
  ::waitpid(child, nullptr, 0);
  return size == 0;
}

int start(std::vector<std::string>& words) {
  restore_sigpipe();
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp(pointers.front(), pointers.data());
  const int error = errno;
  complain(fmt::format("run: {}: {}", words.front(), std::strerror(error)));
  return error == ENOENT ? exit_not_found : exit_not_startable;
}

// The arguments with the "--" that is missing before the program's name; "" where there is none.
std::string with_mark(Arguments arguments) {
  constexpr std::array<std::string_view, 4> with_value = {"-p", "--preset", "--profile",
                                                          "--report"};
  std::string text;
  bool is_value = false;
  bool has_program = false;
  for (const std::string_view word : arguments) {
    if (!has_program && !is_value && !word.starts_with('-')) {
      text += " --";
      has_program = true;
    }
    text += fmt::format(" {}", word);
    is_value = !is_value && std::ranges::find(with_value, word) != with_value.end();
  }
  return has_program ? text : "";
}

int run(const Command& self, Arguments arguments) {
  std::string preset;
  std::string profile;
  std::string report;
  Options options(self);
  options.option("-p,--preset", "NAME|LINE", preset,
                 "a preset of the profile, or options such as nodelay=1,user-timeout=30s "
                 "(default: the preset \"default\")");
  options.option("--profile", "PROFILE|FILE", profile,
                 "whose preset (default: the active profile, else server-base)");
  options.option("--report", "FILE", report, "add to FILE what came of each option of each socket");
  const auto mark = std::ranges::find(arguments, "--");
  const auto count = static_cast<std::size_t>(mark - arguments.begin());
  if (mark == arguments.end()) {
    if (const std::string right = with_mark(arguments); !right.empty()) {
      return options.refuse(
          fmt::format("put \"--\" before the program: nettunectl run{}", printable(right)));
    }
  }
  if (const std::optional<int> status = options.parse(arguments.first(count))) return *status;
  if (mark == arguments.end() || count + 1 == arguments.size()) {
    return options.refuse("a program is missing: it stands after \"--\"");
  }
  std::vector<std::string> words(mark + 1, arguments.end());

  const std::optional<ChosenPreset> chosen = choose_preset(preset, profile);
  if (!chosen) return exit_trouble;
  const std::string library = library_path();
  if (::access(library.c_str(), R_OK) != 0) {
    complain(fmt::format("run: {}: {}", library, std::strerror(errno)));
    return exit_trouble;
  }
  if (library.find_first_of(": ") != std::string::npos) {
    complain(fmt::format("run: {}: LD_PRELOAD has no way to write a blank or a colon", library));
    return exit_trouble;
  }
  const Found program = find_program(words.front());
  if (program.path.empty()) {
    complain(fmt::format("run: {}: {}", words.front(), std::strerror(program.error)));
    return program.error == ENOENT ? exit_not_found : exit_not_startable;
  }
  if (const std::string reason = why_not_covered(program.path); !reason.empty()) {
    complain(fmt::format(
        "run: {}; static, setuid, Go and musl programs are not covered: see \"nettunectl "
        "sockets --apply\" for a running process",
        reason));
    return exit_trouble;
  }

  std::string preload = library;
  if (const char* other = std::getenv("LD_PRELOAD"); other != nullptr && *other != '\0') {
    preload = fmt::format("{}:{}", library, other);
  }
  ::setenv("LD_PRELOAD", preload.c_str(), 1);
  ::setenv("NETTUNE_PRESET_LINE", chosen->line.c_str(), 1);
  ::unsetenv("NETTUNE_REPORT");
  ::unsetenv(socket::known_filters_variable);
  if (const int filters = socket::seccomp_filters(); filters > 0) {
    if (kills_for_preset(chosen->line)) {
      complain(
          "run: the seccomp filter of this process kills a program that sets socket options; allow "
          "getsockopt and setsockopt, or start the program without \"nettunectl run\"");
      return exit_trouble;
    }
    ::setenv(socket::known_filters_variable, std::to_string(filters).c_str(), 1);
  }
  if (!report.empty()) {
    const std::optional<std::string> path = open_report(report);
    if (!path) return exit_trouble;
    ::setenv("NETTUNE_REPORT", path->c_str(), 1);
  }
  return start(words);
}

constexpr Example examples[] = {
    {"nettunectl run --preset latency -- gunicorn --workers 4 app:app",
     "a server with its worker processes"},
    {"nettunectl run --preset latency -- redis-server --port 6380",
     "every TCP socket of it, and of what it starts"},
    {"nettunectl run --preset nodelay=1,notsent-lowat=16KiB --report /tmp/sockets.txt -- iperf3 -s",
     "options without a profile, and what came of each"},
};

}  // namespace

const Command run_command = {
    "run",
    "-- PROGRAM [ARGUMENT...]",
    "start a program whose TCP sockets get a preset",
    "Starts PROGRAM with a library in front of libc that sets the preset's options on each TCP "
    "socket, before it listens or connects; quickack is set again after each read. The program's "
    "own calls give what they give without it. What the program starts inherits it.\n"
    "Not covered are static, Go and musl programs, those that are setuid or setgid or have file "
    "capabilities, and what a program does without libc's calls, as by io_uring. Such programs are "
    "found before the start, and refused. A process that sets a seccomp filter is left alone from "
    "then on. Options that have to precede bind are not set.\n"
    "Exit status: the program's own; 2 nothing was started: bad arguments, a faulty preset, a "
    "program that is not covered; 126 the program can't be run; 127 it is not found.",
    examples,
    run,
};

}  // namespace nettune::ctl
