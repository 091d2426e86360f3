// SPDX-License-Identifier: MIT
// SavedTree: a read-only Tree on the text that `sysctl -a` printed, perhaps on another machine.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sysctl/tree.hpp"

namespace nettune::sysctl {

class SavedTree final : public Tree {
 public:
  struct Fault {
    int line;  ///< from 1
    std::string reason;
  };

  /// At most this many bytes are read; `sysctl -a` of a host with 1000 links prints 4 MiB.
  static constexpr std::size_t max_size = 64u << 20;

  /// Takes `key = value` and `key=value` lines, LF or CRLF. Keys outside `net.` are passed over.
  /// sysctl's own refusals ("sysctl: permission denied on key 'net.x'") make that key unreadable
  /// (EACCES). Any other line is a fault; so is a last line that a cut file leaves without an end.
  static SavedTree parse(std::string_view text, std::vector<Fault>& faults);

  SavedTree(SavedTree&& other) noexcept : values_(std::move(other.values_)) {}

  std::size_t size() const { return values_.size(); }

  Result<std::string> read(const Key& key) const override;
  Result<void> write(const Key& key, std::string_view text) override;  ///< EROFS
  Result<std::vector<Key>> list(const KeyGlob& glob) const override;
  Result<Access> access_of(const Key& key) const override;
  Result<bool> has_folder_of(const Key& key) const override;
  std::string_view absence() const override { return "it is not in the saved values"; }

 private:
  struct Saved {
    bool readable;
    std::string text;
  };
  SavedTree() = default;
  std::map<std::string, Saved, std::less<>> values_;  // by path
};

}  // namespace nettune::sysctl
