// SPDX-License-Identifier: MIT
// ProcTree: a Tree on a directory: /proc/sys, that of another network namespace, or a test's
// folder.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/file/unique_fd.hpp"
#include "engine/sysctl/tree.hpp"

namespace nettune::sysctl {

/// For one thread at a time; descriptors stay open as long as the tree.
class ProcTree final : public Tree {
 public:
  /// `directory` is /proc/sys or a folder that looks like it. It must hold `net`.
  /// `held` names folders of `net` to keep open, where they are there. With many namespaces on a
  /// host that is much cheaper for several keys: a name below `net` is looked up among the entries
  /// of all namespaces. What was held is that of the namespace of this call.
  static Result<ProcTree> open(const std::string& directory,
                               std::span<const std::string> held = {});

  /// The keys of the network namespace behind `netns_fd` (setns(2)). The calling thread is in that
  /// namespace while this runs, and back in its own when it returns. EPERM without CAP_SYS_ADMIN.
  static Result<ProcTree> open_in_namespace(const std::string& directory, int netns_fd);

  ProcTree(ProcTree&& other) noexcept
      : net_(std::move(other.net_)),
        folders_(std::move(other.folders_)),
        last_(std::move(other.last_)),
        read_last_(std::move(other.read_last_)),
        kept_(std::move(other.kept_)),
        next_kept_(other.next_kept_),
        most_kept_(other.most_kept_),
        keeps_after_use_(other.keeps_after_use_) {}

  /// From now on up to `most` keys stay open from their first read on, so that the next one costs a
  /// sixth. One that was made anew, with its link, is opened anew.
  void keep_open(std::size_t most);

  Result<std::string> read(const Key& key) const override;
  Result<void> write(const Key& key, std::string_view text) override;
  Result<std::string> write_and_read(const Key& key, std::string_view text) override;
  void expect_writes(std::size_t most) override;
  void keep(const Key& key) const override;
  Result<std::vector<Key>> list(const KeyGlob& glob) const override;
  Result<Access> access_of(const Key& key) const override;
  Result<bool> is_secret(const Key& key) const override;
  Result<bool> has_folder_of(const Key& key) const override;

 private:
  struct Folder {
    std::string name;  // "ipv4"
    UniqueFd fd;
  };
  struct Opened {
    std::optional<Key> key;
    UniqueFd fd;
  };
  struct Kept {
    Key key;
    UniqueFd fd;
  };
  struct Place {
    int fd;
    std::string path;  // relative to fd
  };

  ProcTree() = default;
  int open_key(const Key& key, int flags) const;
  std::vector<Kept>::iterator find_kept(const Key& key) const;
  Place locate(std::string_view path) const;
  Result<std::vector<std::string>> names_in(const std::string& folder,
                                            const std::string& pattern) const;
  // What stat(2) says below `net`; nullopt where there is nothing.
  Result<std::optional<struct ::stat>> examine(std::string_view path) const;

  // A descriptor of `net` resolves what is below it in the namespace of whoever asks; only one of a
  // folder below `net` stays with the namespace in which it was opened. So one's own namespace
  // needs `net_` alone, and another one the folders below it. Where both are there, a folder wins.
  UniqueFd net_;
  std::vector<Folder> folders_;
  // The folder of the key before, once two keys in a row were in it: keys come in order, and to
  // walk the path to each is most of what a read costs.
  mutable Folder last_;
  mutable Opened read_last_;  // for writing as well, until keep() says whether it is to stay
  // Descriptors that were read and are to be written, or read again.
  mutable std::vector<Kept> kept_;     // by key; without a descriptor once it was written
  mutable std::size_t next_kept_ = 0;  // behind the one that was found last: keys come in order
  std::size_t most_kept_ = 0;
  bool keeps_after_use_ = false;
};

}  // namespace nettune::sysctl
