// SPDX-License-Identifier: MIT
#include "input/machine.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/file/read.hpp"
#include "engine/file/unique_fd.hpp"
#include "engine/profile/correction.hpp"
#include "engine/profile/quantity.hpp"
#include "engine/sysctl/proc_tree.hpp"
#include "engine/sysctl/saved_tree.hpp"
#include "engine/sysctl/traced_tree.hpp"
#include "input/files.hpp"
#include "output/output.hpp"

namespace nettune::ctl {
namespace {

constexpr std::size_t max_faults_shown = 10;

Result<std::string> read_saved(const std::string& file) {
  debug("opening {}", file == "-" ? "standard input" : file);
  if (file == "-") return read_to_end(STDIN_FILENO, "standard input", sysctl::SavedTree::max_size);
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));  // a pipe is waited for
  if (!fd) return std::unexpected(Error{errno, "open", file});
  return read_to_end(fd.get(), file, sysctl::SavedTree::max_size);
}

// The release that `sysctl -a` printed among the keys outside net.
std::string saved_release(std::string_view text) {
  constexpr std::string_view name = "kernel.osrelease";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name)) continue;
    const std::size_t value = line.find_first_not_of(" \t=", name.size());
    if (value == std::string_view::npos) continue;
    const std::string_view release = line.substr(value);
    return std::string(release.substr(0, release.find_first_of(" \t\r")));
  }
  return {};
}

bool open_saved(const std::string& file, Machine& machine) {
  const Result<std::string> read = read_saved(file);
  if (!read) {
    complain(describe(read.error()));
    return false;
  }
  std::string_view text = *read;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // an editor's byte order mark
  const std::string name = file == "-" ? "standard input" : file;
  std::vector<sysctl::SavedTree::Fault> faults;
  sysctl::SavedTree tree = sysctl::SavedTree::parse(text, faults);
  if (tree.size() == 0) {
    complain(fmt::format("{}: it has no net.* key; expected the output of \"sysctl -a\"", name));
    return false;
  }
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (i == max_faults_shown) {
      complain(
          fmt::format("{}: warning: {} more lines could not be read", name, faults.size() - i));
      break;
    }
    complain(fmt::format("{}:{}: warning: {}", name, faults[i].line, faults[i].reason));
  }
  machine.is_saved = true;
  machine.description = "saved values of " + name;
  machine.host = profile::Host{};
  machine.host.kernel_release = saved_release(text);
  machine.host.kernel = profile::parse_kernel_version(machine.host.kernel_release);
  machine.tree = std::make_unique<sysctl::SavedTree>(std::move(tree));
  return true;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void complain_of_namespace(const std::string& netns, const std::string& path, int number) {
  if (number == ENOENT && is_number(netns)) {
    complain(fmt::format("network namespace of process {}: there is no such process", netns));
  } else if (number == ENOENT && netns.find('/') == std::string::npos) {
    const std::vector<std::string> names = list_facts("/run/netns");
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest(netns, views);
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    complain(fmt::format("no network namespace \"{}\" in /run/netns; {}", netns,
                         !near.empty()  ? fmt::format("did you mean {}?", near)
                         : list.empty() ? std::string("none is there (see \"ip netns add\")")
                                        : "there are " + list));
  } else if (number == EACCES || number == EPERM) {
    complain(
        fmt::format("{}; looking into another network namespace needs root "
                    "(CAP_SYS_ADMIN, and CAP_SYS_PTRACE for another user's process)",
                    describe(Error{number, "enter network namespace", path})));
  } else if (number == EINVAL) {
    complain(fmt::format("{}: this is not a network namespace", path));
  } else {
    complain(describe(Error{number, "enter network namespace", path}));
  }
}

bool open_namespace(const std::string& netns, const std::string& directory, Machine& machine) {
  std::string path = netns;
  if (netns.find('/') == std::string::npos) {
    path = "/run/netns/" + netns;
    if (is_number(netns) && access(path.c_str(), F_OK) != 0) path = "/proc/" + netns + "/ns/net";
  }
  debug("entering {}", path);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    complain_of_namespace(netns, path, errno);
    return false;
  }
  Result<sysctl::ProcTree> tree = sysctl::ProcTree::open_in_namespace(directory, fd.get());
  if (!tree) {
    complain_of_namespace(netns, path, tree.error().number);
    return false;
  }
  machine.tree = std::make_unique<sysctl::ProcTree>(std::move(*tree));
  machine.description = "network namespace " + netns;
  machine.netns = std::move(fd);
  return true;
}

// The size in bytes that is meant; nullopt where no machine has it.
std::optional<std::uint64_t> size_of(sysctl::Integer bytes) {
  constexpr sysctl::Integer least = 1 << 20;
  constexpr sysctl::Integer most = static_cast<sysctl::Integer>(1) << 60;
  if (bytes < least || bytes > most) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

std::optional<std::uint64_t> memory_of(const std::string& text) {
  const auto expression = profile::parse_expression(text, Origin{});
  if (!expression) return std::nullopt;
  const auto bytes = profile::evaluate(*expression, sysctl::Unit::bytes, profile::Host{});
  return bytes ? size_of(*bytes) : std::nullopt;
}

bool set_memory(const std::string& text, profile::Host& host) {
  const std::expected<profile::Expression, profile::QuantityFault> expression =
      profile::parse_expression(text, Origin{});
  std::string why;
  std::string help;
  if (!expression) {
    why = expression.error().message;
    help = expression.error().help.substr(0, expression.error().help.find('\n'));
  } else if (const auto bytes =
                 profile::evaluate(*expression, sysctl::Unit::bytes, profile::Host{});
             !bytes) {
    why = bytes.error().message;
    help = bytes.error().help;
  } else if (const std::optional<std::uint64_t> memory = size_of(*bytes); !memory) {
    why = "no machine has that much or that little";
    const bool is_number = expression->kind == profile::Expression::Kind::literal &&
                           expression->quantity.dimension == profile::Dimension::number;
    if (is_number && *bytes > 0) why = "a unit is missing";
  } else {
    // What the kernel takes as the base of its defaults is all but a percent or two of the memory.
    if (*memory != host.memory_bytes) host.buffer_pages = *memory / host.page_size / 100 * 98;
    host.memory_bytes = *memory;
    return true;
  }
  std::vector<profile::Reading> readings = profile::readings_of_memory(text);
  std::erase_if(readings, [](const profile::Reading& reading) { return !memory_of(reading.text); });
  if (!readings.empty()) help = profile::help_of(readings, true);
  complain(
      fmt::format("--memory \"{}\": {}{}{}", printable(text), why, help.empty() ? "" : "; ", help));
  return false;
}

bool set_kernel(const std::string& text, profile::Host& host) {
  host.kernel = profile::parse_kernel_version(text);
  if (host.kernel != sysctl::Version{}) {
    host.kernel_release = text;
    return true;
  }
  const std::string version = profile::version_in(text);
  const bool is_known = profile::parse_kernel_version(version) != sysctl::Version{};
  complain(fmt::format(
      "--kernel \"{}\": not a Linux version; {}", printable(text),
      is_known ? fmt::format("write {}", version) : "it is two numbers with a point between them"));
  return false;
}

}  // namespace

std::optional<Machine> open_machine(const MachineOptions& options) {
  Machine machine;
  machine.root = options.root;
  while (machine.root.ends_with('/')) machine.root.pop_back();
  const std::string directory = machine.root + "/proc/sys";
  if (!options.live.empty() && !options.netns.empty()) {
    complain("--live and --netns cannot be combined");
    return std::nullopt;
  }
  if (!options.live.empty()) {
    if (!open_saved(options.live, machine)) return std::nullopt;
  } else {
    machine.description =
        machine.root.empty() ? "this machine" : "the machine below " + machine.root;
    if (!options.netns.empty()) {
      if (!open_namespace(options.netns, directory, machine)) return std::nullopt;
    } else {
      Result<sysctl::ProcTree> tree = sysctl::ProcTree::open(directory);
      if (!tree) {
        complain(fmt::format("{}; {}", describe(tree.error()),
                             machine.root.empty()
                                 ? "is /proc mounted here?"
                                 : "--root needs a folder with proc/sys/net in it"));
        return std::nullopt;
      }
      machine.tree = std::make_unique<sysctl::ProcTree>(std::move(*tree));
    }
    Result<profile::Host> host = profile::read_host(machine.root);
    if (!host) {
      complain(describe(host.error()));
      return std::nullopt;
    }
    machine.host = std::move(*host);
  }
  if (!options.memory.empty() && !set_memory(options.memory, machine.host)) return std::nullopt;
  if (!options.kernel.empty() && !set_kernel(options.kernel, machine.host)) return std::nullopt;
  if (!options.memory.empty() || !options.kernel.empty()) {
    // Another machine is described, whose processors and timer are not known.
    machine.host.possible_cpus.clear();
    machine.host.timer_hz = 0;
  }
  machine.is_other_kernel = !options.kernel.empty();
  debug("looking at {}: Linux {}, {} B of memory, {} timer ticks a second", machine.description,
        machine.host.kernel_release, machine.host.memory_bytes, machine.host.timer_hz);
  if (is_debugging) {
    machine.tree = std::make_unique<sysctl::TracedTree>(std::move(machine.tree), debug_line);
  }
  return machine;
}

}  // namespace nettune::ctl
