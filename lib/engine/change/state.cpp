// SPDX-License-Identifier: MIT
#include "engine/change/state.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <initializer_list>

#include "engine/checksum.hpp"
#include "engine/diagnostic.hpp"
#include "engine/file/read.hpp"
#include "engine/file/replace.hpp"
#include "engine/file/trust.hpp"
#include "engine/result.hpp"

namespace nettune::change {
namespace {

constexpr std::size_t max_state_size = 64u << 20;  // bytes; 10 000 keys take about 1 MiB
constexpr std::string_view hex_digits = "0123456789abcdef";

// --- the text ---

// One field of a line, behind a tab: no tab, line end or other control character stands in it as
// itself.
void append_field(std::string& out, std::string_view text) {
  const auto stands_as_itself = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7f && c != '\\';
  };
  out += '\t';
  if (std::ranges::all_of(text, stands_as_itself)) {
    out += text;
    return;
  }
  for (const char c : text) {
    if (stands_as_itself(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\x";
      out += hex_digits[byte >> 4u];
      out += hex_digits[byte & 0xfu];
    }
  }
}

void append_line(std::string& out, std::string_view word,
                 std::initializer_list<std::string_view> fields) {
  out += word;
  for (const std::string_view field : fields) append_field(out, field);
  out += '\n';
}

std::optional<std::string> unescaped(std::string_view field) {
  if (!field.contains('\\')) return std::string(field);
  std::string out;
  out.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\') {
      out += field[i];
      continue;
    }
    if (i + 3 >= field.size() || field[i + 1] != 'x') return std::nullopt;
    const std::size_t high = hex_digits.find(field[i + 2]);
    const std::size_t low = hex_digits.find(field[i + 3]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high << 4u | low);
    i += 3;
  }
  return out;
}

std::string_view purpose_name(JournalEntry::Purpose purpose) {
  switch (purpose) {
    case JournalEntry::Purpose::desired:
      return "desired";
    case JournalEntry::Purpose::restored:
      return "restored";
    case JournalEntry::Purpose::side_effect:
      return "side-effect";
  }
  return "";
}

template <typename Number>
std::optional<Number> number_of(std::string_view field) {
  Number number{};
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc{} || end != field.data() + field.size()) return std::nullopt;
  return number;
}

// The fields of one line after another.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // False at the end; a last line without its line feed was cut, and does not count.
  bool next() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) return false;
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    ++number_;
    fields_.clear();
    for (;;) {
      const std::size_t tab = line.find('\t');
      fields_.push_back(line.substr(0, tab));
      if (tab == std::string_view::npos) return true;
      line.remove_prefix(tab + 1);
    }
  }

  bool is(std::string_view word, std::size_t count) const {
    return fields_.size() == count && fields_[0] == word;
  }
  std::string_view field(std::size_t i) const { return fields_[i]; }
  std::optional<std::string> text(std::size_t i) const { return unescaped(fields_[i]); }
  int number() const { return number_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::vector<std::string_view> fields_;
  int number_ = 0;
};

// A key in the one form that is written.
std::optional<sysctl::Key> read_key(std::string_view field) {
  std::optional<std::string> meant;
  if (field.contains('\\')) {
    meant = unescaped(field);
    if (!meant) return std::nullopt;
    field = *meant;
  }
  std::expected<sysctl::Key, std::string> key = sysctl::Key::parse(field);
  if (!key || key->path() != field) return std::nullopt;
  return *std::move(key);
}

std::optional<Baseline> read_baseline(const Lines& lines) {
  std::optional<sysctl::Key> key = read_key(lines.field(1));
  const auto before = lines.text(3);
  const auto left = lines.text(4);
  const bool is_side_effect = lines.field(2) == "side-effect";
  if (!key || !before || !left || (!is_side_effect && lines.field(2) != "written")) {
    return std::nullopt;
  }
  return Baseline{*std::move(key), *before, *left, is_side_effect};
}

std::optional<JournalEntry> read_entry(const Lines& lines) {
  using Purpose = JournalEntry::Purpose;
  std::optional<sysctl::Key> key = read_key(lines.field(1));
  const auto before = lines.text(3);
  const auto after = lines.text(4);
  constexpr std::array purposes = {Purpose::desired, Purpose::restored, Purpose::side_effect};
  const auto* const purpose = std::ranges::find(purposes, lines.field(2), purpose_name);
  if (!key || !before || !after || purpose == purposes.end()) return std::nullopt;
  return JournalEntry{*std::move(key), *before, *after, *purpose};
}

// --- the files ---

Failure state_failure(std::string message) {
  return Failure{Failure::Kind::state, std::move(message)};
}

Failure system_failure(std::string_view action, const std::string& path, int number) {
  const bool denied = number == EACCES || number == EPERM;
  return Failure{denied ? Failure::Kind::denied : Failure::Kind::state,
                 describe(Error{number, std::string(action), path})};
}

std::string file_name(const Place& place) {
  return fmt::format("netns-{}.state", place.netns.inode);
}

// The next state, until it is whole and takes the place of the one before.
std::string new_file_name(const Place& place) { return file_name(place) + ".new"; }

// Whether it is the user that the service runs as.
bool is_service_user(uid_t uid) {
  std::array<char, 4096> buffer;
  struct passwd entry{};
  struct passwd* found = nullptr;
  const int code = ::getpwnam_r("nettune", &entry, buffer.data(), buffer.size(), &found);
  return code == 0 && found != nullptr && found->pw_uid == uid;
}

// Refuses what somebody else could have written. What belongs to a user is his own affair: root,
// who changes the machine by it, takes only what is root's or the service's.
std::optional<std::string> why_not_taken(struct stat status) {
  const bool is_own = status.st_uid == 0 || status.st_uid == ::geteuid();
  if (!is_own && is_service_user(status.st_uid)) status.st_uid = 0;
  return why_untrusted(status, "it");
}

std::expected<UniqueFd, Failure> open_folder(const std::string& directory, struct stat& status) {
  UniqueFd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return std::unexpected(system_failure("open", directory, errno));
  if (::fstat(folder.get(), &status) != 0) {
    return std::unexpected(system_failure("examine", directory, errno));
  }
  if (const auto reason = why_not_taken(status)) {
    return std::unexpected(state_failure(fmt::format("{} is not trusted: {}", directory, *reason)));
  }
  return folder;
}

// The lock, made where it is missing for the owner of the folder. Whoever can open it for reading
// can keep a writer out with a lock for reading: nobody else may.
std::expected<UniqueFd, Failure> open_lock(int folder, const std::string& path,
                                           const struct stat& owner) {
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd lock(::openat(folder, "lock", flags));
  if (lock) {
    // Earlier versions let everybody read it.
    struct stat status{};
    const bool is_open_to_others = ::fstat(lock.get(), &status) == 0 && (status.st_mode & 077) != 0;
    if (is_open_to_others && ::fchmod(lock.get(), 0600) != 0 && status.st_uid == ::geteuid()) {
      return std::unexpected(system_failure("set the mode of", path, errno));
    }
    return lock;
  }
  if (errno != ENOENT) return std::unexpected(system_failure("open", path, errno));
  lock = UniqueFd(::openat(folder, "lock", flags | O_CREAT | O_EXCL, 0600));
  if (lock) {
    if (owner.st_uid == ::geteuid() || ::fchown(lock.get(), owner.st_uid, owner.st_gid) == 0) {
      return lock;
    }
    return std::unexpected(system_failure("give away", path, errno));
  }
  if (errno != EEXIST) return std::unexpected(system_failure("make", path, errno));
  lock = UniqueFd(::openat(folder, "lock", flags));  // another one was quicker
  if (!lock) return std::unexpected(system_failure("open", path, errno));
  return lock;
}

std::expected<State, Failure> load_from(int folder, const std::string& directory,
                                        const Place& place) {
  const std::string path = directory + "/" + file_name(place);
  const UniqueFd fd(::openat(folder, file_name(place).c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return State{};
  if (!fd) return std::unexpected(system_failure("open", path, errno));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) {
    return std::unexpected(system_failure("examine", path, errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected(state_failure(fmt::format("{} is not a regular file", path)));
  }
  if (const auto reason = why_not_taken(status)) {
    return std::unexpected(state_failure(fmt::format("{} is not trusted: {}", path, *reason)));
  }
  if (status.st_size > static_cast<off_t>(max_state_size)) {
    return std::unexpected(
        state_failure(fmt::format("{} has {} bytes, more than any state", path, status.st_size)));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  const Result<std::string> text = read_start(fd.get(), path, size + 1, size);
  if (!text) return std::unexpected(system_failure("read", path, text.error().number));
  std::expected<State, std::string> state = parse_state(*text, place);
  if (!state) {
    return std::unexpected(state_failure(
        fmt::format("{} is not understood: {}; nothing is changed before it is moved away", path,
                    state.error())));
  }
  return *std::move(state);
}

// "process 4711 (nettunectl apply latency)".
std::string describe_process(pid_t pid) {
  const Result<std::string> line = read_start(fmt::format("/proc/{}/cmdline", pid), 4096);
  std::string command = line ? *line : std::string();
  while (command.ends_with('\0')) command.pop_back();
  std::ranges::replace(command, '\0', ' ');
  if (command.empty()) return fmt::format("process {}", pid);
  return fmt::format("process {} ({})", pid, printable(command));
}

Failure busy_failure(int lock) {
  struct flock held{};
  held.l_type = F_WRLCK;
  held.l_whence = SEEK_SET;
  std::string who = "another process";
  if (::fcntl(lock, F_GETLK, &held) == 0 && held.l_type != F_UNLCK && held.l_pid > 0) {
    who = describe_process(held.l_pid);
  }
  return Failure{Failure::Kind::busy, who + " is changing this host's keys"};
}

}  // namespace

const Baseline* State::find(const sysctl::Key& key) const {
  const auto found = std::ranges::lower_bound(baselines, key, {}, &Baseline::key);
  return found != baselines.end() && found->key == key ? &*found : nullptr;
}

void State::drop_foreign_with_baseline() {
  std::erase_if(foreign, [&](const Baseline& one) { return find(one.key) != nullptr; });
}

State kept(State state) {
  if (!state.journal) return state;
  const Journal journal = std::move(*state.journal);
  state.journal.reset();
  state.profile = journal.profile;
  std::vector<Baseline> added;
  for (const JournalEntry& entry : journal.entries) {
    const bool is_side_effect = entry.purpose == JournalEntry::Purpose::side_effect;
    const auto place = std::ranges::lower_bound(state.baselines, entry.key, {}, &Baseline::key);
    const bool is_known = place != state.baselines.end() && place->key == entry.key;
    if (entry.purpose == JournalEntry::Purpose::restored) {
      if (is_known) state.baselines.erase(place);
    } else if (is_known && is_side_effect && entry.after == entry.before) {
      // It did not change: where it is not as nettune left it, that is something else's work.
      if (place->is_side_effect && entry.after == place->before) state.baselines.erase(place);
    } else if (is_known) {
      place->left = entry.after;
      place->is_side_effect = place->is_side_effect && is_side_effect;
      if (place->is_side_effect && place->left == place->before) state.baselines.erase(place);
    } else if (!is_side_effect || entry.after != entry.before) {
      added.push_back({entry.key, entry.before, entry.after, is_side_effect});
    }
  }
  std::ranges::move(added, std::back_inserter(state.baselines));
  if (!std::ranges::is_sorted(state.baselines, {}, &Baseline::key)) {
    std::ranges::sort(state.baselines, {}, &Baseline::key);
  }
  state.drop_foreign_with_baseline();
  return state;
}

std::expected<Place, Failure> find_place(const std::string& root, int netns_fd) {
  constexpr std::size_t longest = 64;
  const std::string file = root + "/proc/sys/kernel/random/boot_id";
  const Result<std::string> text = read_to_end(file, longest);
  Place place;
  if (text) place.boot_id = text->substr(0, text->find('\n'));
  if (place.boot_id.empty()) {
    return std::unexpected(
        state_failure(file + " can't be read, so that this boot can't be told from another"));
  }
  const Result<sysctl::NetNamespace> netns =
      netns_fd < 0 ? sysctl::current_net_namespace() : sysctl::net_namespace_of(netns_fd);
  if (!netns) return std::unexpected(state_failure(describe(netns.error())));
  place.netns = *netns;
  return place;
}

std::string to_text(const State& state, const Place& place) {
  std::string text;
  text.reserve(256 + 128 * (state.baselines.size() + state.foreign.size() +
                            (state.journal ? state.journal->entries.size() : 0)));
  const auto digits = [](auto number) { return fmt::format_int(number).str(); };
  append_line(text, "nettune-state", {"2"});
  append_line(text, "boot", {place.boot_id});
  append_line(text, "netns",
              {digits(place.netns.device), digits(place.netns.inode), digits(place.netns.cookie)});
  append_line(text, "profile", {state.profile});
  const auto append_baselines = [&](std::string_view word, const std::vector<Baseline>& baselines) {
    for (const Baseline& baseline : baselines) {
      append_line(text, word,
                  {baseline.key.path(), baseline.is_side_effect ? "side-effect" : "written",
                   baseline.before, baseline.left});
    }
  };
  append_baselines("baseline", state.baselines);
  append_baselines("foreign", state.foreign);
  if (state.journal) {
    append_line(text, "journal",
                {digits(state.journal->confirm_until), digits(state.journal->waiting_pid),
                 state.journal->profile});
    for (const JournalEntry& entry : state.journal->entries) {
      append_line(text, "entry",
                  {entry.key.path(), purpose_name(entry.purpose), entry.before, entry.after});
    }
  }
  text += "end\t";
  return text + checksum(text) + '\n';
}

std::expected<State, std::string> parse_state(std::string_view text, const Place& place) {
  Lines lines(text);
  if (!lines.next()) return std::unexpected("it is empty or cut off");
  if (!lines.is("nettune-state", 2)) return std::unexpected("it is not a state file of nettune");
  const bool has_checksum = lines.field(1) == "2";
  if (!has_checksum && lines.field(1) != "1") {
    return std::unexpected(fmt::format("its format is {}, and this nettune knows formats 1 and 2",
                                       printable(lines.field(1))));
  }
  if (has_checksum) {
    const std::size_t end = text.rfind('\t') + 1;
    if (text.substr(end) != checksum(text.substr(0, end)) + '\n') {
      return std::unexpected("it is damaged: its checksum does not match");
    }
  }
  const auto fault = [&] {
    return std::unexpected(fmt::format("line {} is not valid", lines.number()));
  };
  if (!lines.next() || !lines.is("boot", 2)) return fault();
  const std::optional<std::string> boot = lines.text(1);
  if (!boot) return fault();
  if (!lines.next() || !lines.is("netns", 4)) return fault();
  const auto device = number_of<std::uint64_t>(lines.field(1));
  const auto inode = number_of<std::uint64_t>(lines.field(2));
  const auto cookie = number_of<std::uint64_t>(lines.field(3));
  if (!device || !inode || !cookie) return fault();

  State state;
  if (!lines.next() || !lines.is("profile", 2)) return fault();
  const std::optional<std::string> profile = lines.text(1);
  if (!profile) return fault();
  state.profile = *profile;
  bool more = lines.next();
  for (const auto& [word, list] :
       {std::pair{"baseline", &state.baselines}, std::pair{"foreign", &state.foreign}}) {
    for (; more && lines.is(word, 5); more = lines.next()) {
      std::optional<Baseline> baseline = read_baseline(lines);
      if (!baseline) return fault();
      if (!list->empty() && list->back().key >= baseline->key) return fault();
      if (list == &state.foreign && state.find(baseline->key) != nullptr) return fault();
      list->push_back(*std::move(baseline));
    }
  }
  if (more && lines.is("journal", 4)) {
    const auto until = number_of<std::int64_t>(lines.field(1));
    const auto pid = number_of<int>(lines.field(2));
    const std::optional<std::string> next_profile = lines.text(3);
    if (!until || !pid || !next_profile) return fault();
    state.journal = Journal{{}, *next_profile, *until, *pid};
    more = lines.next();
    for (; more && lines.is("entry", 5); more = lines.next()) {
      std::optional<JournalEntry> entry = read_entry(lines);
      if (!entry) return fault();
      state.journal->entries.push_back(*std::move(entry));
    }
  }
  if (!more) return std::unexpected("it is cut off");
  if (!lines.is("end", has_checksum ? 2 : 1) || !lines.at_end()) return fault();

  const sysctl::NetNamespace& here = place.netns;
  const bool is_same_namespace = *device == here.device && *inode == here.inode &&
                                 (*cookie == here.cookie || *cookie == 0 || here.cookie == 0);
  if (*boot != place.boot_id || !is_same_namespace) return State{};
  return state;
}

std::int64_t boot_time() {
  struct timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::expected<StateFolder, Failure> StateFolder::lock(const std::string& directory,
                                                      const Place& place, double wait_seconds) {
  if (::mkdir(directory.c_str(), 0755) == 0) {
    // Whatever the caller's umask.
    if (::chmod(directory.c_str(), 0755) != 0) {
      return std::unexpected(system_failure("set the mode of", directory, errno));
    }
  } else if (errno != EEXIST) {
    return std::unexpected(system_failure("make", directory, errno));
  }
  StateFolder folder;
  folder.directory_ = directory;
  folder.place_ = place;
  struct stat status{};
  std::expected<UniqueFd, Failure> opened = open_folder(directory, status);
  if (!opened) return std::unexpected(opened.error());
  folder.folder_ = *std::move(opened);
  std::expected<UniqueFd, Failure> lock =
      open_lock(folder.folder_.get(), directory + "/lock", status);
  if (!lock) return std::unexpected(lock.error());
  folder.lock_ = *std::move(lock);
  const std::int64_t deadline = boot_time() + static_cast<std::int64_t>(wait_seconds * 1e9);
  for (;;) {
    struct flock wanted{};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    if (::fcntl(folder.lock_.get(), F_SETLK, &wanted) == 0) {
      // What a writer that was killed while it stored a state has left: nobody reads it.
      ::unlinkat(folder.folder_.get(), new_file_name(place).c_str(), 0);
      return folder;
    }
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      return std::unexpected(system_failure("lock", directory + "/lock", errno));
    }
    if (boot_time() >= deadline) return std::unexpected(busy_failure(folder.lock_.get()));
    // A wait with a time limit: F_SETLKW has none, and a signal would be the whole process's.
    const struct timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

std::expected<State, Failure> StateFolder::load() const {
  return load_from(folder_.get(), directory_, place_);
}

std::expected<StateStamp, Failure> StateFolder::stamp() const {
  struct stat status{};
  if (::fstatat(folder_.get(), file_name(place_).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return StateStamp{};
    return std::unexpected(system_failure("examine", directory_ + "/" + file_name(place_), errno));
  }
  return StateStamp{status.st_ino, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
                    status.st_size};
}

std::expected<void, Failure> StateFolder::store(const State& state) const {
  const std::string name = file_name(place_);
  const std::string path = directory_ + "/" + name;
  const std::string next = new_file_name(place_);
  if (state.is_empty()) {
    if (::unlinkat(folder_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return std::unexpected(system_failure("remove", path, errno));
    }
    return {};
  }
  // Nothing after this asks for memory: an exception finds the one file in place, or the other.
  const std::string text = to_text(state, place_);
  const auto replaced = replace_file(
      {.folder = folder_.get(), .name = name.c_str(), .next = next.c_str(), .text = text});
  if (!replaced) {
    return std::unexpected(system_failure(replaced.error().action, path, replaced.error().number));
  }
  return {};
}

std::expected<State, Failure> look_at_state(const std::string& directory, const Place& place) {
  struct stat status{};
  std::expected<UniqueFd, Failure> folder = open_folder(directory, status);
  if (!folder) {
    if (::access(directory.c_str(), F_OK) != 0 && errno == ENOENT) return State{};
    return std::unexpected(folder.error());
  }
  return load_from(folder->get(), directory, place);
}

}  // namespace nettune::change
