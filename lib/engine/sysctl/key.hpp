// SPDX-License-Identifier: MIT
// Key: a sysctl's name in one normal form, and KeyGlob, a pattern over keys. Both refuse whatever
// would leave /proc/sys/net.
#pragma once

#include <compare>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "engine/shared_text.hpp"

namespace nettune::sysctl {

/// A sysctl below `net`. The first separator of the text decides how it is spelled: in
/// net.ipv4.conf.eth0/100.forwarding and net/ipv4/conf/eth0.100/forwarding the other sign belongs
/// to a component (sysctl.d(5)); both are one key.
class Key {
 public:
  /// The reason why `text` is no key, as one sentence without a full stop, on failure.
  static std::expected<Key, std::string> parse(std::string_view text);

  /// Relative to /proc/sys, components joined by slashes: net/ipv4/conf/eth0.100/forwarding. A NUL
  /// follows it. Copies of a key share it.
  std::string_view path() const { return path_.view(); }

  /// What stands before the last slash of its path.
  std::string_view folder() const { return path().substr(0, path().rfind('/')); }

  /// As people write it: dotted, or the path where a component holds a dot.
  std::string name() const;

  friend bool operator==(const Key&, const Key&) = default;
  friend auto operator<=>(const Key& one, const Key& other) { return one.path() <=> other.path(); }

 private:
  friend class KeyGlob;
  explicit Key(SharedText path) : path_(std::move(path)) {}
  SharedText path_;
};

/// The slash form of a key or a pattern as people and files write it: dots and slashes change
/// places where the first of them is a dot (sysctl.d(5)). Nothing is checked.
std::string path_of(std::string_view text);
/// How people write the key or the pattern of a path: with dots, or as it is where it holds a dot.
std::string name_of(std::string_view path);

/// What matches `text` alone within a pattern: a link's name may hold what is special there.
std::string without_wildcards(std::string_view text);

/// A pattern over keys: `*`, `?` and `[..]` match within one component (fnmatch(3), FNM_PATHNAME).
class KeyGlob {
 public:
  static std::expected<KeyGlob, std::string> parse(std::string_view text);

  /// The slash form; a NUL follows it.
  std::string_view pattern() const { return pattern_.view(); }
  std::string name() const;

  bool is_literal() const;
  /// Precondition: is_literal().
  Key literal() const { return Key(pattern_); }
  bool matches(const Key& key) const;

  friend bool operator==(const KeyGlob&, const KeyGlob&) = default;

 private:
  explicit KeyGlob(SharedText pattern) : pattern_(std::move(pattern)) {}
  SharedText pattern_;
};

}  // namespace nettune::sysctl

template <>
struct std::hash<nettune::sysctl::Key> {
  std::size_t operator()(const nettune::sysctl::Key& key) const noexcept {
    return std::hash<std::string_view>{}(key.path());
  }
};
