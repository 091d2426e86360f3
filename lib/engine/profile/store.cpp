// SPDX-License-Identifier: MIT
#include "engine/profile/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/folder.hpp"
#include "engine/unique_fd.hpp"

namespace nettune::profile {
namespace {

constexpr std::string_view extension = ".yaml";

// --- one file ---

bool is_same_state(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

// 0, or why such a file is not read.
int refusal(const struct stat& file, std::size_t limit) {
  if (S_ISDIR(file.st_mode)) return EISDIR;
  if (!S_ISREG(file.st_mode)) return ENXIO;
  if (file.st_size > 0 && static_cast<std::uintmax_t>(file.st_size) > limit) return EFBIG;
  return 0;
}

Result<std::string> read_once(const std::string& path, std::size_t limit) {
  const auto refused = [&](int number) { return std::unexpected(Error{number, "read", path}); };
  struct stat before{};
  // Before the file is opened: to open a device can already do something.
  if (::stat(path.c_str(), &before) != 0) return refused(errno);
  if (const int number = refusal(before, limit); number != 0) return refused(number);
  // Should it have become a FIFO meanwhile, O_NONBLOCK keeps open(2) from waiting for a writer.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return refused(errno);
  if (::fstat(fd.get(), &before) != 0) return refused(errno);
  if (const int number = refusal(before, limit); number != 0) return refused(number);

  std::string text;
  std::size_t room = std::min(limit, static_cast<std::size_t>(before.st_size)) + 1;
  for (std::size_t used = 0;;) {
    text.resize(used + room);
    const ssize_t count = ::read(fd.get(), text.data() + used, room);
    if (count < 0) {
      if (errno == EINTR) continue;
      return refused(errno);
    }
    used += static_cast<std::size_t>(count);
    if (used > limit) return refused(EFBIG);
    text.resize(used);
    // One byte more was asked for: that it did not come is the end.
    if (count == 0 || used == static_cast<std::size_t>(before.st_size)) break;
    room = std::min<std::size_t>(limit + 1 - used, 64 * std::size_t{1024});
  }

  struct stat after{};
  if (::fstat(fd.get(), &after) != 0) return refused(errno);
  // A size of 0 says nothing in /proc; elsewhere the file has grown, and its times tell.
  const bool is_whole =
      before.st_size == 0 || static_cast<std::uintmax_t>(before.st_size) == text.size();
  if (!is_whole || !is_same_state(before, after)) return refused(ESTALE);
  return text;
}

// Why a file can't be read, for the author of a profile rather than for a programmer.
std::string reason(const Error& error) {
  switch (error.number) {
    case EISDIR:
      return "it is a directory";
    case ENXIO:
      return "it is a FIFO, a device or a socket, not a regular file";
    case EFBIG:
      return fmt::format("it is larger than {} bytes", max_file_size);
    case ESTALE:
      return "it changed while it was read";
    case ELOOP:
      return "its symbolic links form a loop";
    default: {
      // "read <path>: <reason>"
      const std::string text = describe(error);
      return text.substr(error.action.size() + error.object.size() + 3);
    }
  }
}

// --- names and paths ---

bool is_name(std::string_view text) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > 200 || !is_alphanumeric(text.front())) return false;
  return std::ranges::all_of(
      text, [&](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_path(std::string_view text) {
  return text.find('/') != std::string_view::npos || text.ends_with(extension);
}

std::string in_directory(const std::string& directory, std::string_view file) {
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", file);
}

// A path that a file names is relative to that file.
std::string path_beside(const std::string& file, const std::string& path) {
  if (path.starts_with('/')) return path;
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return path;
  return file.substr(0, slash + 1) + (path.starts_with("./") ? path.substr(2) : path);
}

std::string joined(const std::vector<std::string>& directories) {
  std::string text;
  for (const std::string& directory : directories) {
    if (!text.empty()) text += ", ";
    text += printable(directory);
  }
  return text;
}

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

// What is there and can't be looked at is among them: find() finds it.
Result<std::vector<std::string>> yaml_files(const std::string& directory) {
  Result<Folder> folder = Folder::open(directory);
  if (!folder) return std::unexpected(folder.error());
  std::vector<std::string> names;
  for (;;) {
    const Result<const dirent*> entry = folder->next();
    if (!entry) return std::unexpected(entry.error());
    if (*entry == nullptr) return names;
    std::string_view name = (*entry)->d_name;
    if (!name.ends_with(extension)) continue;
    name.remove_suffix(extension.size());
    struct stat file{};
    const bool is_seen = ::fstatat(folder->fd(), (*entry)->d_name, &file, 0) == 0;
    const bool is_file = is_seen ? S_ISREG(file.st_mode) : errno != ENOENT;
    if (is_name(name) && is_file) names.emplace_back(name);
  }
}

// --- a profile with all that it inherits ---

class Loader {
 public:
  Loader(const Store& store, Diagnostics& diagnostics) : store_(store), diagnostics_(diagnostics) {}

  std::optional<Profile> load(const std::string& name_or_path) {
    const std::optional<std::string> path = locate(name_or_path, "", Origin{});
    if (!path) return std::nullopt;
    std::vector<Inherited> inherits;
    std::optional<Profile> own = read(*path, Origin{}, inherits);
    const bool complete = inherit(*path, inherits);
    if (!own || !check_size(*own)) return std::nullopt;
    if (!complete && store_.faulty() == Faulty::refuse) return std::nullopt;
    return ProfileBuilder::merge(std::move(parents_), std::move(*own));
  }

 private:
  // A file however it is spelled: two names may be links to it.
  using Identity = std::pair<dev_t, ino_t>;
  struct Step {
    Identity identity;
    std::string path;
  };

  void error(const Origin& origin, std::string message, std::string help = {}) {
    diagnostics_.list.push_back({Severity::error, origin, std::move(message), std::move(help), {}});
  }

  std::optional<std::string> locate(const std::string& text, const std::string& from,
                                    const Origin& origin) {
    if (text.empty()) {
      error(origin, "a profile's name is missing");
      return std::nullopt;
    }
    if (is_path(text)) return path_beside(from, text);
    if (!is_name(text)) {
      error(origin, fmt::format("\"{}\" is not a valid profile name", printable(text)),
            "a name consists of letters, digits, \"_\", \"-\" and \".\", and begins with a letter "
            "or a digit");
      return std::nullopt;
    }
    if (std::optional<std::string> found = store_.find(text)) return found;
    std::vector<Error> problems;  // fewer names are like it
    const std::vector<Store::Listed> listed = store_.list(problems);
    std::vector<std::string_view> names;
    names.reserve(listed.size());
    for (const Store::Listed& one : listed) names.push_back(one.name);
    const std::string_view near = nearest(text, names);
    std::string help = near.empty() ? "" : fmt::format("did you mean \"{}\"?\n", near);
    help += store_.directories().empty()
                ? "no directory is searched"
                : fmt::format("searched: {}", joined(store_.directories()));
    // Of an inherited name the folder would be another one.
    for (const std::string& file : {text, text + std::string(extension)}) {
      struct stat status{};
      if (!from.empty() || ::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      help += fmt::format("\na file is named by a path: ./{}", file);
      break;
    }
    error(origin, fmt::format("no profile is called \"{}\"", text), std::move(help));
    return std::nullopt;
  }

  // The profile that stands in `path`, without what it inherits. A faulty one has parents too,
  // whose faults are told in the same run.
  std::optional<Profile> read(const std::string& path, const Origin& origin,
                              std::vector<Inherited>& inherits) {
    if (store_.trusts_only_root()) {
      if (const std::optional<std::string> why = why_untrusted(path)) {
        error(origin, fmt::format("{} is not trusted: {}", printable(path), *why),
              "the service takes profiles that nobody but root may write");
        return std::nullopt;
      }
    }
    Result<std::string> text = read_file(path);
    if (!text) {
      std::string help;
      if (text.error().number == ENOENT && !path.ends_with(extension)) {
        help = "a path names a file with its extension; a name without a slash is searched for";
      } else if (text.error().number == EISDIR && origin.source == nullptr) {
        const bool is_sysctl_d = path.find("sysctl.d") != std::string::npos;
        help = fmt::format("name its files: {}",
                           in_directory(printable(path), is_sysctl_d ? "*.conf" : "*.yaml"));
      }
      error(origin, fmt::format("{} can't be read: {}", printable(path), reason(text.error())),
            std::move(help));
      return std::nullopt;
    }
    const std::optional<Document> document = parse_document(path, std::move(*text), diagnostics_);
    if (!document) return std::nullopt;
    // A duplicate key leaves a document to check further, and yet no profile.
    const bool is_sound = !has_error_in(document->source().get());
    std::optional<Profile> profile =
        ProfileBuilder::check(*document, diagnostics_, store_.kernel(), &inherits, store_.faulty());
    if (!is_sound && store_.faulty() == Faulty::refuse) return std::nullopt;
    return profile;
  }

  bool has_error_in(const Source* source) const {
    return std::ranges::any_of(diagnostics_.list, [&](const Diagnostic& diagnostic) {
      return diagnostic.severity == Severity::error && diagnostic.origin.source == source;
    });
  }

  static std::optional<Identity> identify(const std::string& path) {
    struct stat file{};
    if (::stat(path.c_str(), &file) != 0) return std::nullopt;
    return Identity{file.st_dev, file.st_ino};
  }

  // Adds to parents_ all of `inherits`, each file once and after what it inherits itself:
  // the cost is the sum of the files, however often they are named.
  bool inherit(const std::string& path, const std::vector<Inherited>& inherits) {
    const Identity identity = identify(path).value_or(Identity{});
    trail_.push_back({identity, path});
    bool complete = true;
    for (const Inherited& inherited : inherits) {
      if (!inherit_one(path, inherited)) complete = false;
      if (too_many_) return false;
    }
    trail_.pop_back();
    return complete;
  }

  bool inherit_one(const std::string& child_path, const Inherited& inherited) {
    const std::optional<std::string> path = locate(inherited.name, child_path, inherited.origin);
    if (!path) return false;
    const std::optional<Identity> identity = identify(*path);
    if (identity) {
      const auto same = std::ranges::find(trail_, *identity, &Step::identity);
      if (same != trail_.end()) {
        report_cycle(same, inherited);
        return false;
      }
      const auto known = done_.find(*identity);
      if (known != done_.end()) return known->second;
    }
    if (++files_ > max_inherited_files) {
      too_many_ = true;
      error(inherited.origin, fmt::format("more than {} files are inherited", max_inherited_files));
      return false;
    }
    std::vector<Inherited> inherits;
    std::optional<Profile> parent = read(*path, inherited.origin, inherits);
    const bool complete = inherit(*path, inherits) && parent.has_value();
    if (parent && (complete || store_.faulty() == Faulty::keep)) {
      parents_.push_back(std::move(*parent));
    }
    if (identity) done_[*identity] = complete;
    return complete;
  }

  void report_cycle(std::vector<Step>::const_iterator first, const Inherited& inherited) {
    std::string cycle;
    for (auto step = first; step != trail_.end(); ++step) {
      cycle += printable(stem_of(step->path)) + " -> ";
    }
    cycle += printable(stem_of(first->path));
    std::string help;
    // An administrator's file of the same name hides the one that it means to build on.
    if (first + 1 == trail_.end() && !is_path(inherited.name)) {
      for (const std::string& directory : store_.directories()) {
        const std::string other = in_directory(directory, inherited.name + std::string(extension));
        const std::optional<Identity> identity = identify(other);
        if (identity && *identity != first->identity) {
          help = fmt::format("to build on the one that this file hides, name its path: {}",
                             printable(other));
          break;
        }
      }
    }
    error(inherited.origin, fmt::format("a profile can't inherit itself: {}", cycle),
          std::move(help));
  }

  bool check_size(const Profile& own) {
    std::size_t count = 0;
    const auto fits = [&](const Profile& profile) {
      const std::size_t size = profile.entries().size();
      if (count + size <= max_keys) {
        count += size;
        return true;
      }
      error(profile.entries()[max_keys - count].origin,
            fmt::format("more than {} keys, with those that are inherited", max_keys));
      return false;
    };
    return std::ranges::all_of(parents_, fits) && fits(own);
  }

  const Store& store_;
  Diagnostics& diagnostics_;
  std::vector<Profile> parents_;  // in the order of their precedence, the weakest first
  std::vector<Step> trail_;       // from the profile asked for down to the one being read
  std::map<Identity, bool> done_;
  std::size_t files_ = 0;
  bool too_many_ = false;
};

}  // namespace

std::string why_unreadable(const Error& error) { return reason(error); }

namespace {

// Why one of the folders or links on this absolute way, or what it ends at, is not to be trusted.
std::optional<std::string> why_untrusted_way(std::string_view whole) {
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = whole.find('/', end + 1);
    const std::string part(whole.substr(0, end));
    struct stat file{};
    if (::lstat(part.c_str(), &file) != 0) return std::nullopt;  // reading it says why
    if (file.st_uid != 0 && file.st_uid != ::geteuid()) {
      return fmt::format("{} belongs to user {}", printable(part), file.st_uid);
    }
    // In a sticky folder nobody moves what belongs to another; a link has no mode of its own.
    const bool is_shared = S_ISDIR(file.st_mode) && (file.st_mode & S_ISVTX) != 0;
    if ((file.st_mode & 022) != 0 && !is_shared && !S_ISLNK(file.st_mode)) {
      return fmt::format("others may write {} (mode {:04o})", printable(part),
                         file.st_mode & 07777);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_untrusted(const std::string& path) {
  // The way that the name takes, link by link as it is written, and the one to what it leads to.
  if (path.starts_with('/')) {
    if (std::optional<std::string> why = why_untrusted_way(path)) return why;
  }
  const std::string folder =
      path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/') + 1);
  for (const std::string& way : {folder, path}) {
    const std::unique_ptr<char, FreeText> real(::realpath(way.c_str(), nullptr));
    if (real == nullptr) return std::nullopt;
    if (std::optional<std::string> why = why_untrusted_way(real.get())) return why;
  }
  return std::nullopt;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  // An editor that is just saving needs an instant; what changes without end is no profile.
  constexpr int attempts = 3;
  Result<std::string> text = read_once(path, limit);
  for (int i = 1; i < attempts && !text && text.error().number == ESTALE; ++i) {
    text = read_once(path, limit);
  }
  return text;
}

std::vector<std::string> Store::default_directories(const std::string& root) {
  std::string base = root;
  while (base.ends_with('/')) base.pop_back();
  return {base + "/etc/nettune/profiles", base + "/run/nettune/profiles",
          base + "/usr/share/nettune/profiles"};
}

std::vector<std::string> Store::split_directories(std::string_view path) {
  std::vector<std::string> directories;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    if (end > 0) directories.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return directories;
}

std::optional<Profile> Store::load(const std::string& name_or_path,
                                   Diagnostics& diagnostics) const {
  return Loader(*this, diagnostics).load(name_or_path);
}

std::optional<std::string> Store::find(const std::string& name) const {
  if (!is_name(name)) return std::nullopt;
  for (const std::string& directory : directories_) {
    std::string path = in_directory(directory, name + std::string(extension));
    struct stat file{};
    // One that is there and can't be read is found all the same: to pass over it in silence would
    // bring another profile of that name into force.
    if (::stat(path.c_str(), &file) == 0) return path;
    if (errno != ENOENT && errno != ENOTDIR) return path;
    if (::lstat(path.c_str(), &file) == 0) return path;
  }
  return std::nullopt;
}

std::vector<Store::Listed> Store::list(std::vector<Error>& problems) const {
  std::map<std::string, Listed> found;
  for (const std::string& directory : directories_) {
    const Result<std::vector<std::string>> names = yaml_files(directory);
    if (!names) {
      const int number = names.error().number;
      if (number != ENOENT && number != ENOTDIR) problems.push_back(names.error());
      continue;
    }
    for (const std::string& name : *names) {
      std::string path = in_directory(directory, name + std::string(extension));
      const auto [place, is_new] = found.try_emplace(name, Listed{name, path, {}});
      if (!is_new) place->second.hidden.push_back(std::move(path));
    }
  }
  std::vector<Listed> list;
  list.reserve(found.size());
  for (auto& [name, listed] : found) list.push_back(std::move(listed));
  return list;
}

}  // namespace nettune::profile
