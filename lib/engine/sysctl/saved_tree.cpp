// SPDX-License-Identifier: MIT
#include "engine/sysctl/saved_tree.hpp"

#include <algorithm>
#include <cerrno>

#include "engine/text/words.hpp"

namespace nettune::sysctl {
namespace {

constexpr std::string_view blanks = " \t\r";

// The key that sysctl(8) says it could not read; empty if the line is no such message.
std::string_view refused_key(std::string_view line) {
  if (!line.starts_with("sysctl: ")) return {};
  const std::size_t begin = line.find_first_of("'\"");
  if (begin == std::string_view::npos) return {};
  const std::size_t end = line.find(line[begin], begin + 1);
  if (end == std::string_view::npos) return {};
  return line.substr(begin + 1, end - begin - 1);
}

}  // namespace

SavedTree SavedTree::parse(std::string_view text, std::vector<Fault>& faults) {
  SavedTree tree;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    ++number;
    const std::size_t end = text.find('\n', begin);
    const bool is_cut = end == std::string_view::npos;
    std::string_view line = text.substr(begin, is_cut ? end : end - begin);
    begin = is_cut ? text.size() : end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line, blanks).empty()) continue;
    if (line.starts_with("sysctl: ")) {
      if (const std::expected<Key, std::string> key = Key::parse(refused_key(line))) {
        tree.values_.insert_or_assign(std::string(key->path()), Saved{false, {}});
      }
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      faults.push_back({number, "not a line of \"sysctl -a\": it has no \"=\""});
      continue;
    }
    const std::string_view name = trim(line.substr(0, equals), blanks);
    if (!name.starts_with("net.") && !name.starts_with("net/")) continue;
    const std::expected<Key, std::string> key = Key::parse(name);
    if (!key) {
      faults.push_back({number, key.error()});
      continue;
    }
    if (is_cut) {
      faults.push_back({number, "the text ends within this line, so its value may be cut"});
      continue;
    }
    tree.values_.insert_or_assign(std::string(key->path()),
                                  Saved{true, std::string(trim(line.substr(equals + 1), blanks))});
  }
  return tree;
}

Result<std::string> SavedTree::read(const Key& key) const {
  const auto found = values_.find(key.path());
  if (found == values_.end()) return std::unexpected(Error{ENOENT, "read", key.name()});
  if (!found->second.readable) return std::unexpected(Error{EACCES, "read", key.name()});
  return found->second.text;
}

Result<void> SavedTree::write(const Key& key, std::string_view) {
  return std::unexpected(Error{EROFS, "write", key.name()});
}

Result<std::vector<Key>> SavedTree::list(const KeyGlob& glob) const {
  std::vector<Key> keys;
  for (const auto& [path, saved] : values_) {
    const std::expected<Key, std::string> key = Key::parse(path);
    if (key && glob.matches(*key)) keys.push_back(*key);
  }
  return keys;  // a map is sorted
}

Result<Access> SavedTree::access_of(const Key&) const { return Access::unknown; }

Result<bool> SavedTree::has_folder_of(const Key& key) const {
  const std::string_view folder = key.path().substr(0, key.path().rfind('/') + 1);
  const auto next = values_.lower_bound(folder);
  return next != values_.end() && next->first.starts_with(folder);
}

}  // namespace nettune::sysctl
