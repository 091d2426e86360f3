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

#include "engine/file/folder.hpp"
#include "engine/file/read.hpp"
#include "engine/file/trust.hpp"
#include "engine/file/unique_fd.hpp"

namespace nettune::profile {
namespace {

constexpr std::string_view extension = ".yaml";

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
    Result<std::string> text = read_file(path, max_file_size);
    if (!text) {
      std::string help;
      if (text.error().number == ENOENT && !path.ends_with(extension)) {
        help = "a path names a file with its extension; a name without a slash is searched for";
      } else if (text.error().number == EISDIR && origin.source == nullptr) {
        const bool is_sysctl_d = path.find("sysctl.d") != std::string::npos;
        help = fmt::format("name its files: {}",
                           in_directory(printable(path), is_sysctl_d ? "*.conf" : "*.yaml"));
      }
      error(origin,
            fmt::format("{} can't be read: {}", printable(path),
                        why_unreadable(text.error(), max_file_size)),
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
