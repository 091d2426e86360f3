// SPDX-License-Identifier: MIT
// Runs in every audit: a file without a word of "net" outside its comments costs its read and a
// search, and a line about another key costs no allocation.
#include "engine/audit/conflicts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/file/folder.hpp"
#include "engine/file/read.hpp"
#include "engine/file/unique_fd.hpp"
#include "engine/foreign/sysctl_d.hpp"
#include "engine/foreign/sysctl_d_order.hpp"
#include "engine/foreign/tuned_conf.hpp"
#include "engine/profile/store.hpp"
#include "engine/sysctl/catalogue/catalogue.hpp"
#include "engine/sysctl/written.hpp"

namespace nettune::audit {
namespace {

using profile::Dialect;
using profile::SysctlLine;

constexpr std::array<std::string_view, 2> folders_of_tuned = {"/run/sysctl.d", "/etc/sysctl.d"};
constexpr std::string_view last_of_procps = "/etc/sysctl.conf";

struct File {
  std::string name;  // "50-net.conf"
  std::string path;  // below the root
  std::string text;
};

void add_problem(std::vector<std::string>& problems, int number, const std::string& path) {
  problems.push_back(describe(Error{number, "read", path}));
}

// What `path` below `root` leads to: an absolute link means the root's own tree, except for the
// device that masks a file.
std::string behind_links(const std::string& root, const std::string& path) {
  constexpr int most_links = 8;
  std::string place = root + path;
  if (root.empty()) return place;
  for (int i = 0; i < most_links; ++i) {
    std::array<char, 4096> target;
    const ssize_t size = ::readlink(place.c_str(), target.data(), target.size());
    if (size <= 0) break;
    const std::string_view link(target.data(), static_cast<std::size_t>(size));
    if (link == "/dev/null") return std::string(link);
    if (link.starts_with('/')) {
      place = fmt::format("{}{}", root, link);
    } else {
      place = fmt::format("{}/{}", place.substr(0, place.rfind('/')), link);
    }
  }
  return place;
}

bool is_null_device(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// The text of the file at `path` below `root`; "" where it is masked, absent or cannot be read. The
// last is a problem. `folder` and `name` are the same place, for a root without links to follow.
std::string read_text(const std::string& root, const std::string& path, int folder,
                      const char* name, bool may_be_link, std::vector<std::string>& problems) {
  const bool is_plain = root.empty() || !may_be_link;
  if (is_plain) {
    // What it does not read, read_file() knows why.
    if (Result<std::string> small = read_small_file(folder, name)) return *std::move(small);
  }
  const std::string place = behind_links(root, path);
  Result<std::string> text = read_file(place, profile::max_file_size);
  if (text) return std::move(*text);
  const int number = text.error().number;
  struct stat status{};
  const bool is_mask =
      number == ENXIO && ::stat(place.c_str(), &status) == 0 && is_null_device(status);
  if (number != ENOENT && !is_mask) add_problem(problems, number, root + path);
  return {};
}

// The files of all these folders that no other one hides, sorted as strcmp(3) does.
std::vector<File> read_files(const std::string& root, std::span<const std::string_view> folders,
                             std::vector<std::string>& problems) {
  std::vector<std::pair<dev_t, ino_t>> seen;
  std::vector<File> files;
  for (const std::string_view folder : folders) {
    const std::string path = fmt::format("{}{}", root, folder);
    Result<Folder> opened = Folder::open(path);
    if (!opened) {
      if (opened.error().number != ENOENT) problems.push_back(describe(opened.error()));
      continue;
    }
    const int fd = opened->fd();
    struct stat status{};
    if (::fstat(fd, &status) != 0) {
      add_problem(problems, errno, path);
      continue;
    }
    // /lib is most often a link to /usr/lib.
    const std::pair identity{status.st_dev, status.st_ino};
    if (std::ranges::find(seen, identity) != seen.end()) continue;
    seen.push_back(identity);
    const std::size_t earlier = files.size();
    for (;;) {
      const Result<const dirent*> next = opened->next();
      if (!next) problems.push_back(describe(next.error()));
      const dirent* const entry = next ? *next : nullptr;
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (!name.ends_with(".conf")) continue;
      const auto hides = [&](const File& file) { return file.name == name; };
      const auto end = files.begin() + static_cast<std::ptrdiff_t>(earlier);
      if (std::any_of(files.begin(), end, hides)) continue;
      std::string below_root = fmt::format("{}/{}", folder, name);
      std::string text =
          read_text(root, below_root, fd, entry->d_name, entry->d_type != DT_REG, problems);
      files.push_back({std::string(name), std::move(below_root), std::move(text)});
    }
  }
  std::ranges::sort(files, {}, &File::name);
  return files;
}

// One glob of a line whose key has braces; else a line as a whole.
struct Line {
  const File* file;
  int number;
  std::string written;  // the key of a glob, before its braces are expanded
  sysctl::KeyGlob key;
  std::string_view value;  // into the file's text
  bool is_exclusion;
};

// Whether a line that is no comment has a word of "net". What a distribution ships has comments
// alone, and both loaders would go through them.
bool may_name_net(std::string_view text) {
  // A carriage return or a NUL within a comment ends its line for systemd.
  const bool has_other_ends =
      text.find('\r') != std::string_view::npos || text.find('\0') != std::string_view::npos;
  for (std::size_t word = text.find("net"); word != std::string_view::npos;) {
    const std::size_t line = text.rfind('\n', word) + 1;  // 0 in the first one
    if (text[line] != '#' || has_other_ends) return true;
    word = text.find("net", std::min(text.find('\n', word), text.size()));
  }
  return false;
}

// Every line about a key of `net`, in the order of the files.
void add_lines(const File& file, Dialect dialect, std::vector<Line>& lines) {
  profile::SysctlScanner scanner(file.text, dialect);
  SysctlLine line;
  while (scanner.next(line)) {
    if (line.kind == SysctlLine::Kind::fault) continue;
    const std::string path = profile::normal_key(line.key, dialect);
    if (path.empty()) continue;
    for (const std::string& glob : profile::globs_of(path, dialect)) {
      std::expected<sysctl::KeyGlob, std::string> key = sysctl::KeyGlob::parse(glob);
      if (!key) continue;  // no loader finds such a key either
      const bool is_exclusion = line.kind == SysctlLine::Kind::exclusion;
      std::string written = key->is_literal() ? std::string() : path;
      lines.push_back(
          {&file, line.number, std::move(written), std::move(*key), line.value, is_exclusion});
    }
  }
}

bool is_same_line(const Line& one, const Line& other) {
  return one.file == other.file && one.number == other.number && one.written == other.written;
}

// The lines of one loader, by what they name, and which of them it would carry out.
class LoaderView {
 public:
  LoaderView(Loader loader, std::vector<Line> lines) : loader_(loader), lines_(std::move(lines)) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      if (!line.key.is_literal()) {
        globs_.push_back(i);
      } else {
        named_[line.key.pattern()].push_back(i);
      }
    }
    if (loader_ == Loader::systemd_sysctl) keep_last_globs();
  }

  /// Adds the lines that set `key` and marks the one that wins. Returns the values that this loader
  /// writes to it, in order; the last one is the winner's.
  std::vector<std::string_view> collect(const sysctl::Key& key,
                                        std::vector<Setter>& setters) const {
    std::vector<std::size_t> all;
    std::vector<std::size_t> written;
    const auto named = named_.find(key.path());
    if (named != named_.end()) {
      all = named->second;
      written = written_of(named->second);
    }
    for (const std::size_t glob : globs_) {
      if (lines_[glob].key.matches(key)) all.push_back(glob);
    }
    // A key that is named anywhere, if only to exclude it, is left out of every glob.
    if (named == named_.end() && !all.empty()) written = written_globs(key);
    std::ranges::sort(all);
    const Line* before = nullptr;
    for (const std::size_t i : all) {
      const Line& line = lines_[i];
      // Two globs of its braces may match the key.
      if (line.is_exclusion || (before != nullptr && is_same_line(*before, line))) continue;
      before = &line;
      const bool wins = !written.empty() && is_same_line(line, lines_[written.back()]);
      setters.push_back({loader_, line.file->path, line.number, std::string(line.value), wins});
    }
    std::vector<std::string_view> values;
    values.reserve(written.size());
    for (const std::size_t i : written) values.push_back(lines_[i].value);
    return values;
  }

 private:
  // systemd-sysctl keeps one line for each text of a key: a later one takes its place, at the end
  // of the list, unless it says the same.
  void keep_last_globs() {
    std::unordered_map<std::string_view, std::span<const std::size_t>> kept;
    for (std::span<const std::size_t> rest = globs_; !rest.empty();) {
      const Line& line = lines_[rest.front()];
      const auto end = std::ranges::find_if_not(
          rest, [&](std::size_t i) { return is_same_line(line, lines_[i]); });
      const auto globs = rest.first(static_cast<std::size_t>(end - rest.begin()));
      rest = rest.subspan(globs.size());
      const auto [place, is_new] = kept.try_emplace(line.written, globs);
      if (!is_new) {
        const Line& old = lines_[place->second.front()];
        if (old.value == line.value && old.is_exclusion == line.is_exclusion) continue;
        std::erase_if(ordered_globs_, [&](std::size_t i) { return is_same_line(lines_[i], old); });
        place->second = globs;
      }
      ordered_globs_.insert(ordered_globs_.end(), globs.begin(), globs.end());
    }
  }

  std::vector<std::size_t> written_of(const std::vector<std::size_t>& named) const {
    if (loader_ == Loader::systemd_sysctl) {
      // An exclusion takes the place of a value like any other line.
      if (lines_[named.back()].is_exclusion) return {};
      return {named.back()};
    }
    // sysctl(8) writes each line in turn; an exclusion only keeps globs away.
    std::vector<std::size_t> written = named;
    std::erase_if(written, [&](std::size_t i) { return lines_[i].is_exclusion; });
    return written;
  }

  std::vector<std::size_t> written_globs(const sysctl::Key& key) const {
    std::vector<std::size_t> written = loader_ == Loader::systemd_sysctl ? ordered_globs_ : globs_;
    std::erase_if(written, [&](std::size_t i) {
      return lines_[i].is_exclusion || !lines_[i].key.matches(key);
    });
    return written;
  }

  Loader loader_;
  std::vector<Line> lines_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> named_;
  std::vector<std::size_t> globs_;          // in the order of the files
  std::vector<std::size_t> ordered_globs_;  // as systemd-sysctl carries them out
};

// What `parameter` holds after all of `texts` were written to it, refused ones included.
sysctl::Value held_after(const sysctl::Parameter& parameter, const sysctl::Value& before,
                         const std::vector<std::string_view>& texts) {
  sysctl::Value value = before;
  for (const std::string_view text : texts) {
    // Both loaders add a line feed.
    const auto held = sysctl::held_after_write(parameter, value, std::string(text) + '\n', 0);
    value = held ? held->value : held.error().held;
  }
  return value;
}

// Whether the key ends with the same value, whatever it had before.
bool is_same_end(const sysctl::Key& key, const std::vector<std::string_view>& a,
                 const std::vector<std::string_view>& b) {
  if (a == b) return true;
  const sysctl::Parameter* parameter = sysctl::find_parameter(key);
  if (parameter == nullptr) {
    if (a.empty() || b.empty()) return false;
    return sysctl::Value::of_text(a.back()) == sysctl::Value::of_text(b.back());
  }
  if (!sysctl::is_numeric(parameter->encoding)) {
    return held_after(*parameter, {}, a) == held_after(*parameter, {}, b);
  }
  // From the ends of the range: what neither of them decides may be anything.
  for (const sysctl::Integer start : {parameter->minimum, parameter->maximum}) {
    const auto before =
        sysctl::Value::of_numbers(std::vector<sysctl::Integer>(parameter->fields, start));
    if (held_after(*parameter, before, a) != held_after(*parameter, before, b)) return false;
  }
  return true;
}

// The lines of the active TuneD profile, and of what TuneD carries out after it, by key.
using TunedLines = std::unordered_map<std::string, std::vector<Setter>>;

// TuneD's own reading of sysctl.d: "name = value" to the letter, each dot a slash.
void add_reapplied(const File& file, TunedLines& lines) {
  constexpr std::string_view blanks = " \t\r\v\f";
  const auto trimmed = [&](std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
  };
  std::string_view rest = file.text;
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = line.find('=');
    if (!line.starts_with("net") || equals == std::string_view::npos) continue;
    std::string path(trimmed(line.substr(0, equals)));
    std::ranges::replace(path, '.', '/');
    std::vector<Setter>& setters = lines[std::move(path)];
    for (Setter& earlier : setters) earlier.wins = false;
    setters.push_back(
        {Loader::tuned, file.path, number, std::string(trimmed(line.substr(equals + 1))), true});
  }
}

TunedLines read_active_tuned(const std::string& root, const File& sysctl_conf,
                             std::vector<std::string>& problems) {
  TunedLines lines;
  const std::vector<std::string> names = profile::active_tuned_profiles(root, problems);
  if (names.empty()) return lines;
  Diagnostics diagnostics;
  const auto tuned = profile::read_tuned(names, root, diagnostics);
  if (!tuned) {
    const auto fault = std::ranges::find(diagnostics.list, Severity::error, &Diagnostic::severity);
    problems.push_back(
        fault == diagnostics.list.end()
            ? fmt::format("read the TuneD profile {}", fmt::join(names, " "))
            : fmt::format("read the TuneD profile {}: {}", fmt::join(names, " "), fault->message));
    return lines;
  }
  for (const Diagnostic& diagnostic : diagnostics.list) {
    // An include that only TuneD can work out may hold lines that are missing here.
    if (diagnostic.lint == "not-plain") {
      problems.push_back(fmt::format("read the TuneD profile {}: {}: {}", fmt::join(names, " "),
                                     describe(diagnostic.origin), diagnostic.message));
    }
  }
  for (const profile::TunedAssignment& line : tuned->assignments) {
    using Bound = profile::TunedAssignment::Bound;
    Setter setter{Loader::tuned, line.origin.source->name.substr(root.size()), line.origin.line,
                  line.value, line.is_effective()};
    setter.is_computed = !line.open.empty();
    if (line.bound != Bound::exactly) {
      const bool raises = line.bound == Bound::at_least;
      setter.bound = raises ? Setter::Bound::at_least : Setter::Bound::at_most;
      setter.value.insert(0, raises ? ">" : "<");
    }
    lines[std::string(line.key.pattern())].push_back(std::move(setter));
  }
  if (tuned->reapplies_sysctl_d) {
    std::vector<std::string> known;  // what can't be read was a problem already
    for (const File& file : read_files(root, folders_of_tuned, known)) add_reapplied(file, lines);
    add_reapplied(sysctl_conf, lines);
  }
  return lines;
}

}  // namespace

std::string_view loader_name(Loader loader) {
  switch (loader) {
    case Loader::systemd_sysctl:
      return "systemd-sysctl";
    case Loader::procps:
      return "sysctl --system";
    case Loader::tuned:
      return "TuneD";
  }
  return "";
}

const Setter* Conflict::last_at_boot() const {
  const Setter* last = nullptr;
  for (const Setter& setter : setters) {
    if (setter.wins && setter.loader != Loader::procps) last = &setter;  // TuneD's come at the end
  }
  return last;
}

std::vector<Conflict> find_conflicts(const std::string& root, const std::vector<sysctl::Key>& keys,
                                     std::vector<std::string>& problems) {
  std::string base = root;
  while (base.ends_with('/')) base.pop_back();

  const std::vector<File> files = read_files(base, profile::sysctl_d_folders, problems);
  const std::string conf_path(last_of_procps);
  const File conf{"sysctl.conf", conf_path,
                  read_text(base, conf_path, AT_FDCWD, (base + conf_path).c_str(), true, problems)};

  std::vector<Line> of_systemd;
  std::vector<Line> of_procps;
  for (const File& file : files) {
    if (!may_name_net(file.text)) continue;
    // systemd-sysctl passes over hidden files, sysctl(8) does not.
    if (!file.name.starts_with('.')) add_lines(file, Dialect::systemd, of_systemd);
    add_lines(file, Dialect::procps, of_procps);
  }
  if (may_name_net(conf.text)) add_lines(conf, Dialect::procps, of_procps);
  const LoaderView systemd(Loader::systemd_sysctl, std::move(of_systemd));
  const LoaderView procps(Loader::procps, std::move(of_procps));
  const TunedLines tuned = read_active_tuned(base, conf, problems);

  std::vector<Conflict> conflicts;
  for (const sysctl::Key& key : keys) {
    Conflict conflict{key, {}, false};
    const std::vector<std::string_view> by_systemd = systemd.collect(key, conflict.setters);
    const std::vector<std::string_view> by_procps = procps.collect(key, conflict.setters);
    conflict.loaders_disagree = !is_same_end(key, by_systemd, by_procps);
    const auto found = tuned.empty() ? tuned.end() : tuned.find(std::string(key.path()));
    if (found != tuned.end()) {
      std::ranges::copy(found->second, std::back_inserter(conflict.setters));
    }
    if (!conflict.setters.empty()) conflicts.push_back(std::move(conflict));
  }
  return conflicts;
}

}  // namespace nettune::audit
