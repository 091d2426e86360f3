// SPDX-License-Identifier: MIT
#include "engine/sysctl/proc_tree.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/file/folder.hpp"
#include "engine/sysctl/net_namespace.hpp"

namespace nettune::sysctl {
namespace {

// A key's path without its first component, "net".
std::string_view below_net(const Key& key) { return key.path().substr(4); }

// There is nothing of that name: a folder that has gone is empty.
bool is_absence(int number) { return number == ENOENT || number == ENOTDIR; }

Result<std::vector<std::string>> names_in_folder(int fd, const std::string& folder) {
  Result<std::vector<std::string>> names = nettune::names_in(folder, fd);
  if (!names && is_absence(names.error().number)) return std::vector<std::string>();
  return names;
}

// One read at offset 0: the kernel answers a second one, at another offset, with "end of file", so
// a short buffer would cut a value without a word. No key prints more than a page.
Result<std::string> read_from(int fd, const Key& key) {
  // The kernel makes, and clears, a buffer of the size that is asked for: nearly every value is a
  // few bytes. One that fills it is asked for again.
  std::array<char, 1023> usual;
  std::string text;
  ssize_t count = ::pread(fd, usual.data(), usual.size(), 0);
  if (count == static_cast<ssize_t>(usual.size())) {
    text.resize(65536);
    count = ::pread(fd, text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  } else if (count > 0) {
    text.assign(usual.data(), static_cast<std::size_t>(count));
  }
  if (count < 0) return std::unexpected(Error{errno, "read", key.name()});
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

// One write at offset 0: with kernel.sysctl_writes_strict=1 a write at another offset succeeds and
// changes nothing.
Result<void> write_to(int fd, const Key& key, std::string_view text) {
  if (::pwrite(fd, text.data(), text.size(), 0) < 0) {
    return std::unexpected(Error{errno, "write", key.name()});
  }
  return {};
}

}  // namespace

Result<ProcTree> ProcTree::open(const std::string& directory, std::span<const std::string> held) {
  const std::string net = directory + "/net";
  ProcTree tree;
  tree.net_ = UniqueFd(::open(net.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree.net_) return std::unexpected(Error{errno, "open", net});
  for (const std::string& name : held) {
    UniqueFd fd(::openat(tree.net_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd && !is_absence(errno)) return std::unexpected(Error{errno, "open", "net/" + name});
    if (fd) tree.folders_.push_back({name, std::move(fd)});
  }
  return tree;
}

Result<ProcTree> ProcTree::open_in_namespace(const std::string& directory, int netns_fd) {
  const std::string net = directory + "/net";
  ProcTree tree;
  const Result<void> opened = in_net_namespace(netns_fd, [&]() -> Result<void> {
    const UniqueFd net_fd(::open(net.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!net_fd) return std::unexpected(Error{errno, "open", net});
    Result<std::vector<std::string>> names = names_in_folder(net_fd.get(), ".");
    if (!names) return std::unexpected(names.error());
    for (std::string& name : *names) {
      UniqueFd fd(::openat(net_fd.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      // Besides folders there are keys, which only the folders' own namespace has.
      if (!fd && !is_absence(errno)) return std::unexpected(Error{errno, "open", name});
      if (fd) tree.folders_.push_back({std::move(name), std::move(fd)});
    }
    return {};
  });
  if (!opened) return std::unexpected(opened.error());
  return tree;
}

ProcTree::Place ProcTree::locate(std::string_view path) const {
  const std::size_t slash = std::min(path.find('/'), path.size());
  for (const Folder& folder : folders_) {
    if (folder.name != path.substr(0, slash)) continue;
    const std::string_view rest = path.substr(std::min(slash + 1, path.size()));
    return {folder.fd.get(), rest.empty() ? "." : std::string(rest)};
  }
  if (net_) return {net_.get(), std::string(path)};
  // Such a folder is not in that namespace: nothing exists below a name that no file can have.
  return {AT_FDCWD, ""};
}

Result<std::vector<std::string>> ProcTree::names_in(const std::string& folder,
                                                    const std::string& pattern) const {
  std::vector<std::string> names;
  if (folder.empty() && !net_) {
    for (const Folder& known : folders_) names.push_back(known.name);
  } else {
    const Place place = locate(folder);
    Result<std::vector<std::string>> all =
        names_in_folder(place.fd, place.path.empty() && net_ ? "." : place.path);
    if (!all) return std::unexpected(all.error());
    names = *std::move(all);
  }
  std::erase_if(names, [&](const std::string& name) {
    return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) != 0;
  });
  std::ranges::sort(names);
  return names;
}

// A descriptor, or -1 with errno.
int ProcTree::open_key(const Key& key, int flags) const {
  const std::string_view path = below_net(key);
  const std::size_t slash = path.rfind('/');
  const std::string_view folder = path.substr(0, slash);
  const bool is_in_last = slash != std::string_view::npos && folder == last_.name;
  if (is_in_last && !last_.fd) {
    const Place place = locate(folder);
    last_.fd = UniqueFd(::openat(place.fd, place.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  if (is_in_last && last_.fd) {
    const int fd = ::openat(last_.fd.get(), path.data() + slash + 1, flags);
    // A link that was made anew has another folder than the one that is held.
    if (fd >= 0 || errno != ENOENT) return fd;
  }
  last_ = Folder{std::string(folder), UniqueFd()};
  const Place place = locate(path);
  return ::openat(place.fd, place.path.c_str(), flags);
}

// Where `key` is, or belongs.
std::vector<ProcTree::Kept>::iterator ProcTree::find_kept(const Key& key) const {
  const auto is_place = [&](std::size_t i) {
    return i <= kept_.size() && (i == 0 || kept_[i - 1].key < key) &&
           (i == kept_.size() || !(kept_[i].key < key));
  };
  const auto found = is_place(next_kept_) ? kept_.begin() + static_cast<std::ptrdiff_t>(next_kept_)
                                          : std::ranges::lower_bound(kept_, key, {}, &Kept::key);
  next_kept_ = static_cast<std::size_t>(found - kept_.begin()) + 1;
  return found;
}

Result<std::string> ProcTree::read(const Key& key) const {
  constexpr int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  if (keeps_after_use_) {
    if (const auto kept = find_kept(key); kept != kept_.end() && kept->key == key) {
      kept->key = key;  // its text, so that of a caller that is gone is not kept as well
      Result<std::string> text = read_from(kept->fd.get(), key);
      if (text || text.error().number != ENOENT) return text;
      kept_.erase(kept);  // of a link that is gone; it may be there anew
    }
  }
  if (kept_.size() < most_kept_) {
    // Its write needs no second look-up of it then. Where it may not be written, it is only read.
    UniqueFd fd(open_key(key, O_RDWR | flags));
    if (fd) {
      Result<std::string> text = read_from(fd.get(), key);
      if (!text) return text;
      read_last_.key = key;
      read_last_.fd = std::move(fd);
      if (keeps_after_use_) keep(key);
      return text;
    }
  }
  const UniqueFd fd(open_key(key, O_RDONLY | flags));
  if (!fd) return std::unexpected(Error{errno, "read", key.name()});
  return read_from(fd.get(), key);
}

void ProcTree::keep_open(std::size_t most) {
  keeps_after_use_ = true;
  most_kept_ = most;
}

void ProcTree::expect_writes(std::size_t most) {
  if (keeps_after_use_) return;  // more than was asked for
  most_kept_ = most;
  read_last_.fd = UniqueFd();
  kept_.clear();
}

void ProcTree::keep(const Key& key) const {
  if (!read_last_.fd || read_last_.key != key) return;
  const auto kept = find_kept(key);
  if (kept != kept_.end() && kept->key == key) {
    kept->fd = std::move(read_last_.fd);
  } else {
    kept_.insert(kept, {key, std::move(read_last_.fd)});
  }
}

Result<void> ProcTree::write(const Key& key, std::string_view text) {
  // Without O_TRUNC: it alone already reports a modification to every watcher (proc_sys_open).
  const UniqueFd fd(open_key(key, O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return std::unexpected(Error{errno, "write", key.name()});
  return write_to(fd.get(), key, text);
}

Result<std::string> ProcTree::write_and_read(const Key& key, std::string_view text) {
  if (const auto kept = find_kept(key); kept != kept_.end() && kept->key == key && kept->fd) {
    UniqueFd fd = std::move(kept->fd);
    const Result<void> written = write_to(fd.get(), key, text);
    // A link that was made anew has other keys than those that are held.
    if (written || written.error().number != ENOENT) {
      Result<std::string> now;
      if (written) {
        now = read_from(fd.get(), key);
      } else {
        now = std::unexpected(written.error());
      }
      if (keeps_after_use_) kept->fd = std::move(fd);
      return now;
    }
    if (keeps_after_use_) kept_.erase(kept);
  }
  const UniqueFd fd(open_key(key, O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!fd && errno == EACCES) return Tree::write_and_read(key, text);  // says which is refused
  if (!fd) return std::unexpected(Error{errno, "write", key.name()});
  const Result<void> written = write_to(fd.get(), key, text);
  if (!written) return std::unexpected(written.error());
  return read_from(fd.get(), key);
}

Result<std::vector<Key>> ProcTree::list(const KeyGlob& glob) const {
  std::vector<std::string> found{""};
  const std::string_view pattern = glob.pattern().substr(4);
  for (std::size_t begin = 0; begin <= pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin), pattern.size());
    const std::string component(pattern.substr(begin, end - begin));
    const bool is_literal = component.find_first_of("*?[") == std::string::npos;
    std::vector<std::string> next;
    for (const std::string& folder : found) {
      const std::string prefix = folder.empty() ? "" : folder + "/";
      if (is_literal) {
        next.push_back(prefix + component);
        continue;
      }
      const Result<std::vector<std::string>> names = names_in(folder, component);
      if (!names) return std::unexpected(names.error());
      for (const std::string& name : *names) next.push_back(prefix + name);
    }
    found = std::move(next);
    begin = end + 1;
  }
  std::vector<Key> keys;
  for (const std::string& path : found) {
    const Result<std::optional<struct ::stat>> status = examine(path);
    if (!status) return std::unexpected(status.error());
    const std::optional<struct ::stat>& found_now = *status;
    if (!found_now || !S_ISREG(found_now->st_mode)) continue;
    // A link's name may hold what no key may, such as a blank: such a link has no key.
    if (std::expected<Key, std::string> key = Key::parse("net/" + path)) keys.push_back(*key);
  }
  std::ranges::sort(keys);
  return keys;
}

Result<std::optional<struct ::stat>> ProcTree::examine(std::string_view path) const {
  struct ::stat status{};
  const Place place = locate(path);
  if (::fstatat(place.fd, place.path.c_str(), &status, 0) == 0) return status;
  if (is_absence(errno)) return std::nullopt;
  return std::unexpected(Error{errno, "examine", "net/" + std::string(path)});
}

Result<Access> ProcTree::access_of(const Key& key) const {
  const Result<std::optional<struct ::stat>> status = examine(below_net(key));
  if (!status) return std::unexpected(status.error());
  const std::optional<struct ::stat>& found = *status;
  if (!found) return Access::unknown;
  return (found->st_mode & 0222) == 0 ? Access::read_only : Access::writable;
}

Result<bool> ProcTree::is_secret(const Key& key) const {
  const Result<std::optional<struct ::stat>> status = examine(below_net(key));
  if (!status) return std::unexpected(status.error());
  const std::optional<struct ::stat>& found = *status;
  return found && (found->st_mode & 0444) != 0 && (found->st_mode & 0004) == 0;
}

Result<bool> ProcTree::has_folder_of(const Key& key) const {
  const std::string_view path = below_net(key);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return true;  // `net` itself, which open() has seen
  const Result<std::optional<struct ::stat>> status = examine(path.substr(0, slash));
  if (!status) return std::unexpected(status.error());
  const std::optional<struct ::stat>& found = *status;
  return found && S_ISDIR(found->st_mode);
}

}  // namespace nettune::sysctl
