// SPDX-License-Identifier: MIT
// TracedTree: a Tree that tells of each read and write of another one. Nobody is told a value that
// only root may read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/sysctl/tree.hpp"

namespace nettune::sysctl {

class TracedTree final : public Tree {
 public:
  /// "read net.core.somaxconn: 4096", "write net.core.somaxconn: 1: Permission denied". Values are
  /// as the kernel has them: whoever prints the line escapes it.
  using Tell = std::function<void(std::string_view line)>;

  TracedTree(std::unique_ptr<Tree> tree, Tell tell)
      : tree_(std::move(tree)), tell_(std::move(tell)) {}

  Result<std::string> read(const Key& key) const override;
  Result<void> write(const Key& key, std::string_view text) override;
  Result<std::string> write_and_read(const Key& key, std::string_view text) override;
  void expect_writes(std::size_t most) override { tree_->expect_writes(most); }
  void keep(const Key& key) const override { tree_->keep(key); }
  Result<std::vector<Key>> list(const KeyGlob& glob) const override;
  Result<Access> access_of(const Key& key) const override { return tree_->access_of(key); }
  Result<bool> is_secret(const Key& key) const override { return tree_->is_secret(key); }
  Result<bool> has_folder_of(const Key& key) const override { return tree_->has_folder_of(key); }
  std::string_view absence() const override { return tree_->absence(); }

 private:
  std::string shown(const Key& key, std::string_view value) const;

  std::unique_ptr<Tree> tree_;
  Tell tell_;
};

}  // namespace nettune::sysctl
