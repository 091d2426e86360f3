// SPDX-License-Identifier: MIT
// nettunectl sockets: the TCP sockets of running processes against a preset, and set to it.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "command.hpp"
#include "engine/diagnostic.hpp"
#include "engine/sysctl/net_namespace.hpp"
#include "input/options.hpp"
#include "input/processes.hpp"
#include "input/socket_preset.hpp"
#include "netlink/tcp_sockets.hpp"
#include "nettune/nettune.h"
#include "output/output.hpp"
#include "output/terminal.hpp"
#include "render/json.hpp"
#include "socket/preset.hpp"

namespace nettune::ctl {
namespace {

struct Unref {
  void operator()(nettune_preset* preset) const noexcept { nettune_preset_unref(preset); }
};
using Preset = std::unique_ptr<nettune_preset, Unref>;

// One socket that was looked at.
struct Row {
  pid_t pid = 0;
  int fd = -1;
  netlink::TcpSocket socket;
  int status = 0;  // of nettune_apply()
  std::vector<nettune_result> results;
};

struct Findings {
  std::vector<Row> rows;
  std::map<pid_t, std::string> names;
  std::size_t differing = 0;                // sockets
  std::size_t set = 0;                      // sockets of which an option was set
  std::size_t unreadable = 0;               // processes whose descriptors this user may not see
  std::vector<netlink::TcpSocket> refused;  // whose process this user may not look into
  std::vector<netlink::TcpSocket> unseen;   // and those that no process has that was looked at
  std::vector<netlink::TcpSocket> unowned;  // that no process has at all: in TIME-WAIT, say
  std::optional<Error> problem;             // why a socket could not be looked at
};

bool is_wrong(const nettune_result& result) {
  return result.outcome == NETTUNE_DIFFERS || result.outcome == NETTUNE_ADJUSTED ||
         result.outcome == NETTUNE_UNSUPPORTED || result.outcome == NETTUNE_DENIED ||
         result.outcome == NETTUNE_INVALID || result.outcome == NETTUNE_FAILED;
}

bool was_set(const Row& row) {
  return std::ranges::any_of(
      row.results, [](const nettune_result& result) { return result.outcome == NETTUNE_APPLIED; });
}

std::string value_text(const nettune_result& result, const nettune_value& value) {
  const socket::OptionFacts& facts = *socket::find_option(result.option);
  std::array<char, 64> text{};
  socket::TextOut out(text.data(), text.size());
  socket::write_value(facts, value, out);
  return text.data();
}

bool is_buffer(const nettune_result& result) {
  return result.option == NETTUNE_RECEIVE_BUFFER || result.option == NETTUNE_SEND_BUFFER;
}

// A value that the kernel gave.
std::string held_text(const nettune_result& result, nettune_value value) {
  if (is_buffer(result)) value.number /= 2;  // the kernel counts twice
  if (result.option == NETTUNE_TOS && value.number < 0) return "not the same for IPv4 and IPv6";
  return value_text(result, value);
}

std::string live_text(const nettune_result& result) {
  if (result.outcome != NETTUNE_DIFFERS && result.outcome != NETTUNE_ADJUSTED &&
      result.outcome != NETTUNE_APPLIED && result.outcome != NETTUNE_ALREADY) {
    return "-";
  }
  return held_text(result, result.effective);
}

std::string why_text(const nettune_result& result) {
  std::string why = nettune_outcome_name(result.outcome);
  if (result.outcome == NETTUNE_DIFFERS && is_buffer(result) &&
      held_text(result, result.effective) == value_text(result, result.requested)) {
    why += ": autotuning came to that size, and may leave it";
  }
  if (result.outcome == NETTUNE_APPLIED) why += "; it was " + held_text(result, result.before);
  if (const char* reason = nettune_reason_text(result.reason);
      reason != nullptr && *reason != '\0') {
    why += fmt::format(": {}", reason);
  }
  if (result.error != 0) why += fmt::format(" ({})", ::strerrordesc_np(result.error));
  return why;
}

// --- looking ---

// The sockets of every network namespace that the processes are in, by inode.
std::optional<std::vector<netlink::TcpSocket>> list_sockets(const std::vector<pid_t>& pids,
                                                            bool in_all_namespaces) {
  Result<std::vector<netlink::TcpSocket>> own = netlink::list_tcp_sockets();
  if (!own) {
    complain(describe(own.error()));
    return std::nullopt;
  }
  if (!in_all_namespaces) return *std::move(own);
  std::vector<netlink::TcpSocket> all = *std::move(own);
  std::vector<sysctl::NetNamespace> seen;
  if (const auto current = sysctl::current_net_namespace()) seen.push_back(*current);
  for (const pid_t pid : pids) {
    const UniqueFd netns(::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns && errno != ENOENT && errno != ESRCH && errno != EACCES && errno != EPERM) {
      complain(
          describe(Error{errno, "open the network namespace of process", fmt::to_string(pid)}));
      return std::nullopt;
    }
    if (!netns) continue;  // it has gone, or its descriptors are not shown either
    const auto which = sysctl::net_namespace_of(netns.get());
    if (!which || std::ranges::find(seen, *which) != seen.end()) continue;
    seen.push_back(*which);
    const Result<void> done = sysctl::in_net_namespace(netns.get(), [&]() -> Result<void> {
      auto there = netlink::list_tcp_sockets();
      if (!there) return std::unexpected(there.error());
      all.insert(all.end(), there->begin(), there->end());
      return {};
    });
    if (!done) {
      complain(describe(done.error()));
      return std::nullopt;
    }
  }
  std::ranges::sort(all, {}, &netlink::TcpSocket::inode);
  return all;
}

Result<Findings> look(const nettune_preset& preset, const std::vector<pid_t>& pids,
                      const std::vector<netlink::TcpSocket>& sockets, bool only_listening,
                      unsigned flags) {
  Findings findings;
  const Result<OpenSockets> open = open_sockets(pids);
  if (!open) return std::unexpected(open.error());
  findings.unreadable = open->unreadable;
  std::vector<bool> is_done(sockets.size());
  std::vector<bool> is_refused(sockets.size());
  std::vector<bool> has_owner(sockets.size());
  std::optional<HeldProcess> process;
  pid_t held = 0;
  for (const OpenSocket& one : open->list) {
    const auto found = std::ranges::lower_bound(sockets, one.inode, {}, &netlink::TcpSocket::inode);
    if (found == sockets.end() || found->inode != one.inode) continue;  // not TCP
    const auto index = static_cast<std::size_t>(found - sockets.begin());
    has_owner[index] = true;
    if (only_listening && !found->is_listening) continue;
    if (is_done[index]) continue;  // another process has it as well
    if (held != one.pid) {
      process.reset();
      held = one.pid;
      auto opened = HeldProcess::hold(one.pid);
      if (opened) {
        process = *std::move(opened);
      } else if (!is_gone(opened.error())) {
        findings.problem = opened.error();
      }
    }
    if (!process) continue;  // it has ended
    const Result<UniqueFd> copy = process->copy_of(one.fd);
    if (!copy) {
      const int number = copy.error().number;
      if (number == EPERM) is_refused[index] = true;
      const bool is_closed = number == EBADF || is_gone(copy.error());
      if (number != EPERM && !is_closed) findings.problem = copy.error();
      continue;
    }
    Row row{one.pid, one.fd, *found, 0, {}};
    row.results.resize(NETTUNE_MOST_RESULTS);
    std::size_t count = 0;
    row.status = nettune_apply(&preset, copy->get(), NETTUNE_AUTO, flags, row.results.data(),
                               row.results.size(), &count);
    if (row.status < 0) continue;  // the number now belongs to something else
    row.results.resize(count);
    row.results.shrink_to_fit();
    is_done[index] = true;
    if (row.status > 0) ++findings.differing;
    if (was_set(row)) ++findings.set;
    if (!findings.names.contains(one.pid)) findings.names[one.pid] = process_name(one.pid);
    findings.rows.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (is_refused[i] && !is_done[i]) findings.refused.push_back(sockets[i]);
    if (has_owner[i] || (only_listening && !sockets[i].is_listening)) continue;
    (sockets[i].inode == 0 ? findings.unowned : findings.unseen).push_back(sockets[i]);
  }
  return findings;
}

// One that was closed meanwhile has no owner either.
void drop_closed(std::vector<netlink::TcpSocket>& sockets) {
  if (sockets.empty()) return;
  const auto now = netlink::list_tcp_sockets();
  if (!now) return;
  std::erase_if(sockets, [&](const netlink::TcpSocket& socket) {
    return !std::ranges::binary_search(*now, socket.inode, {}, &netlink::TcpSocket::inode);
  });
}

// --- saying ---

std::string process_text(const Findings& findings, pid_t pid) {
  return fmt::format("{} ({})", printable(findings.names.at(pid)), pid);
}

// Sockets of one process that are the same in all that is told of them.
struct Group {
  const Row* first;
  std::size_t count;
};

std::vector<Group> group(const Findings& findings, bool all) {
  using Told = std::vector<std::tuple<int, int, int, std::string>>;
  std::map<std::tuple<pid_t, bool, std::string, Told>, std::size_t> index;
  std::vector<Group> groups;
  for (const Row& row : findings.rows) {
    if (!all && row.status == 0 && !was_set(row)) continue;
    Told told;
    for (const nettune_result& result : row.results) {
      told.emplace_back(result.option, result.outcome, result.reason,
                        live_text(result) + ' ' + why_text(result));
    }
    const auto key = std::tuple{row.pid, row.socket.is_listening,
                                row.socket.is_listening ? row.socket.local : "", std::move(told)};
    const auto [found, is_new] = index.try_emplace(key, groups.size());
    if (is_new) groups.push_back({&row, 0});
    ++groups[found->second].count;
  }
  return groups;
}

std::string sockets_text(const Group& group) {
  const netlink::TcpSocket& socket = group.first->socket;
  if (socket.is_listening) return "listens on " + socket.local;
  const std::string one = socket.local + " - " + socket.remote;
  return group.count == 1 ? one : fmt::format("{} connections, as {}", group.count, one);
}

std::string to_table(const Findings& findings, const std::string& preset, bool all, bool applies,
                     const Terminal& terminal) {
  Table table;
  table.header = {"PROCESS", "SOCKET", "OPTION", "WANTED", "LIVE", "WHY"};
  for (const Group& one : group(findings, all)) {
    bool is_first = true;
    for (const nettune_result& result : one.first->results) {
      const bool is_shown = is_wrong(result) || (all && result.outcome != NETTUNE_NOT_APPLICABLE) ||
                            result.outcome == NETTUNE_APPLIED;
      if (!is_shown) continue;
      table.rows.push_back({is_first ? process_text(findings, one.first->pid) : "",
                            is_first ? sockets_text(one) : "", nettune_option_name(result.option),
                            value_text(result, result.requested), live_text(result),
                            why_text(result)});
      is_first = false;
    }
  }
  std::string out;
  if (!table.rows.empty()) {
    append_table(out, terminal, std::move(table));
    out += '\n';
  }
  if (!findings.unseen.empty()) {
    Table addresses;
    addresses.header = {"STATE", "LOCAL", "REMOTE"};
    for (const netlink::TcpSocket& socket : findings.unseen) {
      addresses.rows.push_back({socket.state, socket.local, socket.remote});
    }
    append_table(out, terminal, std::move(addresses));
    out += '\n';
  }
  append_wrapped(
      out, terminal, "", "",
      fmt::format("preset {}: {} of {}, {}", preset, count_of(findings.rows.size(), "TCP socket"),
                  findings.names.size() == 1 ? "1 process"
                                             : fmt::format("{} processes", findings.names.size()),
                  applies ? fmt::format("{} set, {} not as asked", findings.set, findings.differing)
                          : fmt::format("{} differ", findings.differing)));
  return out;
}

Json value_json(const nettune_result& result, const nettune_value& value) {
  if (socket::find_option(result.option)->kind == socket::Kind::text) return Json(value.text);
  return json_number(value.number);
}

Json row_json(const nettune_result& result) {
  std::array<char, 512> text{};
  nettune_result_text(&result, text.data(), text.size());
  return {{"option", nettune_option_name(result.option)},
          {"outcome", nettune_outcome_name(result.outcome)},
          {"reason", nettune_reason_name(result.reason)},
          {"errno", result.error},
          {"requested", value_json(result, result.requested)},
          {"before", value_json(result, result.before)},
          {"effective", value_json(result, result.effective)},
          {"text", text.data()}};
}

// A line for each element: indented, most of ten thousand sockets would be blanks.
std::string lines_text(std::string_view name, const std::vector<std::string>& elements) {
  return fmt::format(",\n\"{}\": [\n{}\n]", name, fmt::join(elements, ",\n"));
}

std::string compact_text(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string to_json(const Findings& findings, const ChosenPreset& preset, bool applies) {
  Json head = start_json("sockets/2");
  head["preset"] = preset.line;
  head["applied"] = applies;
  head["summary"] = {{"sockets", findings.rows.size()},
                     {"processes", findings.names.size()},
                     {"differing", findings.differing},
                     {"not_permitted", findings.unseen.size() + findings.unreadable}};
  // Most sockets share their results: each is written once, and referred to by its place.
  std::map<std::string, std::size_t> places;
  std::vector<std::string> results;
  std::vector<std::string> sockets;
  for (const Row& row : findings.rows) {
    Json shown = Json::array();
    for (const nettune_result& result : row.results) {
      const auto [found, is_new] =
          places.try_emplace(compact_text(row_json(result)), places.size());
      if (is_new) results.push_back(found->first);
      shown.push_back(found->second);
    }
    sockets.push_back(compact_text({{"pid", row.pid},
                                    {"process", findings.names.at(row.pid)},
                                    {"fd", row.fd},
                                    {"inode", row.socket.inode},
                                    {"state", row.socket.state},
                                    {"local", row.socket.local},
                                    {"remote", row.socket.remote},
                                    {"differing", row.status},
                                    {"results", std::move(shown)}}));
  }
  std::vector<std::string> unseen;
  unseen.reserve(findings.unseen.size());
  for (const netlink::TcpSocket& socket : findings.unseen) {
    unseen.push_back(compact_text({{"inode", socket.inode},
                                   {"state", socket.state},
                                   {"local", socket.local},
                                   {"remote", socket.remote}}));
  }
  std::string text = compact_text(head);
  text.pop_back();
  return text + lines_text("results", results) + lines_text("sockets", sockets) +
         lines_text("unseen", unseen) + "}\n";
}

// What could not be looked at and why; "": nothing.
std::string unseen_text(const Findings& findings, bool has_right) {
  if (!findings.unseen.empty()) {
    const bool is_one = findings.unseen.size() == 1;
    const std::string shown = fmt::format(
        "{} {} shown by {} address and state alone: ", count_of(findings.unseen.size(), "socket"),
        is_one ? "is" : "are", is_one ? "its" : "their");
    if (!has_right) {
      return shown +
             "the owner and the options of another user's socket need CAP_SYS_PTRACE; run as root";
    }
    return shown + fmt::format(
                       "no process that is visible here has {}; it is in another PID namespace, "
                       "hidden by the mount option hidepid, or the kernel itself",
                       is_one ? "it" : "them");
  }
  if (findings.unreadable == 0) return "";
  return fmt::format(
      "the sockets of {} could not be looked at: those of other users need "
      "CAP_SYS_PTRACE; run as root",
      findings.unreadable == 1 ? "1 process" : fmt::format("{} processes", findings.unreadable));
}

// --- the command ---

int show_preset_names(const std::string& profile) {
  const auto names = preset_names(profile);
  if (!names) return exit_trouble;
  return print(fmt::format("{}\n", fmt::join(*names, "\n")), exit_ok);
}

int show_preset(const std::string& name, const std::string& profile) {
  const auto preset = choose_preset(name, profile);
  if (!preset) return exit_trouble;
  return print(preset->line + '\n', exit_ok);
}

std::optional<pid_t> pid_in(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

// Which processes are meant; nullopt: none, and why was said.
std::optional<std::vector<pid_t>> choose_processes(const Options& options, const std::string& pid,
                                                   const std::string& unit) {
  if (!pid.empty()) {
    const std::optional<pid_t> number = pid_in(pid);
    if (!number) {
      static_cast<void>(options.refuse(fmt::format("\"{}\" is not a process id", printable(pid))));
      return std::nullopt;
    }
    if (::access(fmt::format("/proc/{}", *number).c_str(), F_OK) != 0) {
      complain(fmt::format("there is no process {}", *number));
      return std::nullopt;
    }
    return std::vector<pid_t>{*number};
  }
  Result<std::vector<pid_t>> pids = unit.empty() ? all_processes() : processes_of_unit(unit);
  if (!pids) {
    complain(describe(pids.error()));
    return std::nullopt;
  }
  if (pids->empty()) {
    complain(fmt::format("no process runs in the unit {}", printable(unit)));
    return std::nullopt;
  }
  return *std::move(pids);
}

int run(const Command& self, Arguments arguments) {
  std::string word;
  std::string name;
  std::string pid;
  std::string unit;
  std::string preset_name;
  std::string profile;
  std::string format = "table";
  bool only_listening = false;
  bool applies = false;
  bool as_line = false;
  bool all = false;
  bool quiet = false;
  Options options(self);
  options.argument("WORD", word);
  options.argument("NAME", name);
  options.option("--pid", "PID", pid, "the sockets of this process alone");
  options.option("--unit", "UNIT", unit, "those of the processes of a systemd unit");
  options.flag("--listening", only_listening, "listeners alone");
  options.option("-p,--preset", "NAME|LINE", preset_name,
                 "a preset of the profile (default: default), or options as a line: nodelay=1,...");
  options.option("--profile", "PROFILE", profile,
                 "the profile that has it (default: the active one, else server-base)");
  options.flag("--apply", applies, "set what can be set on the running sockets");
  options.flag("--line", as_line, "with \"preset NAME\": print it as one line (it always is)");
  options.choice("-f,--format", format, {"table", "json", "names"}, "output format");
  options.flag("-a,--all", all, "show what is right as well (JSON always does)");
  options.flag("-q,--quiet", quiet, "print nothing; the exit status is the answer");
  if (const std::optional<int> status = options.parse(arguments)) return *status;
  if (!word.empty()) {
    if (word != "preset") {
      return options.refuse(
          fmt::format("unexpected argument \"{}\"; only \"preset [NAME]\" is accepted", word));
    }
    return format == "names" ? show_preset_names(profile) : show_preset(name, profile);
  }
  if (format == "names") {
    return options.refuse("--format names belongs to \"sockets preset\"");
  }
  if (as_line) return options.refuse("--line belongs to \"sockets preset [NAME]\"");
  if (!pid.empty() && !unit.empty()) return options.refuse("give --pid or --unit, not both");

  const std::optional<std::vector<pid_t>> pids = choose_processes(options, pid, unit);
  if (!pids) return exit_trouble;
  const std::optional<ChosenPreset> chosen = choose_preset(preset_name, profile);
  if (!chosen) return exit_trouble;
  nettune_preset* made = nullptr;
  std::array<char, 512> message{};
  if (nettune_preset_line(chosen->line.c_str(), &made, message.data(), message.size()) != 0) {
    complain(message.data());
    return exit_trouble;
  }
  const Preset preset(made);
  const auto sockets = list_sockets(*pids, !pid.empty() || !unit.empty());
  if (!sockets) return exit_trouble;
  Result<Findings> looked = look(*preset, *pids, *sockets, only_listening,
                                 applies ? 0 : static_cast<unsigned>(NETTUNE_AUDIT));
  if (!looked) {
    complain(describe(looked.error()));
    return exit_trouble;
  }
  Findings& findings = *looked;
  const bool has_right = findings.unreadable == 0 && findings.refused.empty();
  if (pid.empty() && unit.empty()) {
    drop_closed(findings.unseen);
    findings.unreadable = 0;  // what they have of this namespace is among the unseen
  } else {
    findings.unseen.clear();  // others' too
  }
  const auto add_to_unseen = [&](const std::vector<netlink::TcpSocket>& sockets_too) {
    findings.unseen.insert(findings.unseen.end(), sockets_too.begin(), sockets_too.end());
  };
  add_to_unseen(findings.refused);
  // Who sees no owners can't tell those that have none.
  if (!has_right && !findings.unseen.empty() && pid.empty() && unit.empty()) {
    add_to_unseen(findings.unowned);
  }
  int status = findings.differing == 0 ? exit_ok : exit_differs;
  if (const std::string why = unseen_text(findings, has_right); !why.empty()) {
    complain("warning: " + why);
    if (findings.rows.empty()) status = exit_trouble;
  }
  if (findings.problem) {
    complain(describe(*findings.problem));
    status = exit_trouble;
  }
  if (quiet) return status;
  if (format == "json") return print(to_json(findings, *chosen, applies), status);
  return print(to_table(findings, chosen->name, all, applies, look_at_terminal(STDOUT_FILENO)),
               status);
}

constexpr Example examples[] = {
    {"nettunectl sockets --preset latency", "every TCP socket of this network namespace"},
    {"nettunectl sockets --unit nginx --preset latency --apply",
     "set on what runs, without a restart"},
    {"nettunectl sockets --preset nodelay=1 --listening", "options without a profile"},
    {"nettunectl sockets preset latency", "as one line, for a program that links libnettune"},
};

}  // namespace

const Command sockets_command = {
    "sockets",
    "",
    "compare the TCP sockets of running processes with a preset",
    "Looks at the options of TCP sockets that are open now, as \"audit\" does at sysctls: what "
    "differs from the preset, on which socket of which process, and why. With --apply it sets what "
    "can be set on a running socket; what has to precede bind, listen or connect is said.\n"
    "Of other users' sockets only address and state are shown: their owners and options need "
    "CAP_SYS_PTRACE. A socket that goes away meanwhile is no error. "
    "quickack is left out: only the program itself can set it after each read, see \"nettunectl "
    "run\".\n"
    "Exit status: 0 all as the preset says, 1 at least one socket differs, 2 trouble.",
    examples,
    run,
};

}  // namespace nettune::ctl
