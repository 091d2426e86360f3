// SPDX-License-Identifier: MIT
// Tree: the one interface between nettune and /proc/sys. Nothing else opens a file below it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/result.hpp"
#include "engine/sysctl/key.hpp"

namespace nettune::sysctl {

/// unknown: there is no such key here, or this tree does not tell.
enum class Access { unknown, read_only, writable };

class Tree {
 public:
  Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  virtual ~Tree() = default;

  /// The text that the kernel prints, without its last line feed. ENOENT: there is no such key
  /// here.
  [[nodiscard]] virtual Result<std::string> read(const Key& key) const = 0;

  /// Writes the whole text at once. Success says only that the kernel took it: read it back.
  [[nodiscard]] virtual Result<void> write(const Key& key, std::string_view text) = 0;

  /// write() and then read(), cheaper where both can go through one descriptor. An error says
  /// whether the write or the read was refused by its action.
  [[nodiscard]] virtual Result<std::string> write_and_read(const Key& key, std::string_view text) {
    const Result<void> written = write(key, text);
    if (!written) return std::unexpected(written.error());
    return read(key);
  }

  /// Says that keys that are read from now on may be written soon: those of them that keep() names
  /// may be kept open until then, or until the next call, up to `most`. Descriptors count against
  /// the process's limit.
  virtual void expect_writes(std::size_t most) { static_cast<void>(most); }

  /// Says that `key`, which was read just now, will probably be written.
  virtual void keep(const Key& key) const { static_cast<void>(key); }

  /// The keys that are there now and match, sorted. None is not an error.
  [[nodiscard]] virtual Result<std::vector<Key>> list(const KeyGlob& glob) const = 0;

  /// Whether the key's mode, which follows the namespace, forbids each write of it.
  [[nodiscard]] virtual Result<Access> access_of(const Key& key) const = 0;

  /// Whether only the owner may read the key: its value is a secret of the kernel's.
  [[nodiscard]] virtual Result<bool> is_secret(const Key& key) const {
    static_cast<void>(key);
    return false;
  }

  /// Whether the folder that would hold `key` is there: it tells a link or module that is absent
  /// from a key that this kernel lacks.
  [[nodiscard]] virtual Result<bool> has_folder_of(const Key& key) const = 0;

  /// What it means that a key is not here, for the reader of a report.
  virtual std::string_view absence() const { return "this kernel has no such key"; }
};

/// The text of a key that was there; nullopt where it has gone together with its link or module,
/// and its value with it. Whatever else keeps it from being read is an error, and no absence: too
/// many open files, say, or ENOENT of a key that no kernel takes away.
[[nodiscard]] Result<std::optional<std::string>> read_unless_gone(const Tree& tree, const Key& key);

}  // namespace nettune::sysctl
