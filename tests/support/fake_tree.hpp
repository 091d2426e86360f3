// SPDX-License-Identifier: MIT
// FakeTree: a Tree that is a map. It records what is written, and refuses what a test tells it to:
// the cases that a folder cannot show.
#pragma once

#include <cerrno>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/sysctl/tree.hpp"

namespace nettune {

using Keys = std::vector<std::string>;

class FakeTree final : public sysctl::Tree {
 public:
  FakeTree(std::initializer_list<std::pair<std::string, std::string>> values) {
    for (const auto& [name, text] : values) set(name, text);
  }

  /// As another program would: the change is not among writes().
  void set(std::string_view name, std::string text) {
    values_.insert_or_assign(key(name), std::move(text));
  }
  void remove(std::string_view name) { values_.erase(key(name)); }

  /// Every later write of the key fails with `number`.
  void refuse(std::string_view name, int number) { refusals_.insert_or_assign(key(name), number); }
  void allow(std::string_view name) { refusals_.erase(key(name)); }
  /// Every later read of the key fails with `number`.
  void hide(std::string_view name, int number) { hidden_.insert_or_assign(key(name), number); }
  void show(std::string_view name) { hidden_.erase(key(name)); }
  /// Every later read of any key, once `count` more were made, fails with `number`, or the next
  /// `most` of them; 0: none.
  void fail_reads(int number, int count = 0, int most = std::numeric_limits<int>::max()) {
    read_error_ = number;
    reads_until_error_ = count;
    errors_left_ = most;
    if (number != 0) has_failed_ = false;
  }
  /// Whether a read has failed since.
  bool has_failed() const { return has_failed_; }
  /// Every later look at a folder fails with `number`; 0: none.
  void fail_folders(int number) { folder_error_ = number; }
  void make_secret(std::string_view name) { secrets_.insert(key(name)); }
  void make_read_only(std::string_view name) { read_only_.insert(key(name)); }

  /// What the kernel does with a text that is written: it may set() this key and others. Gives an
  /// errno value, 0 for success. Without one the text is stored as it is.
  using Behaviour = std::function<int(FakeTree&, std::string_view text)>;
  void behave(std::string_view name, Behaviour behaviour) {
    behaviours_.insert_or_assign(key(name), std::move(behaviour));
  }

  /// What the key holds now.
  const std::string& live(std::string_view name) const { return values_.at(key(name)); }
  /// The names of the keys written so far, refused ones too.
  const Keys& writes() const { return writes_; }

  /// How often keys were listed so far.
  int lists() const { return lists_; }

  /// How often the key was read so far.
  int reads(std::string_view name) const {
    const auto found = reads_.find(key(name));
    return found == reads_.end() ? 0 : found->second;
  }

  Result<std::string> read(const sysctl::Key& key) const override {
    ++reads_[key];
    if (read_error_ != 0 && reads_until_error_-- <= 0 && errors_left_-- > 0) {
      has_failed_ = true;
      return std::unexpected(Error{read_error_, "read", key.name()});
    }
    if (const auto hidden = hidden_.find(key); hidden != hidden_.end()) {
      return std::unexpected(Error{hidden->second, "read", key.name()});
    }
    const auto found = values_.find(key);
    if (found == values_.end()) return std::unexpected(Error{ENOENT, "read", key.name()});
    return found->second;
  }

  Result<void> write(const sysctl::Key& key, std::string_view text) override {
    writes_.push_back(key.name());
    const auto refuse_with = [&](int number) {
      return std::unexpected(Error{number, "write", key.name()});
    };
    if (const auto refusal = refusals_.find(key); refusal != refusals_.end()) {
      return refuse_with(refusal->second);
    }
    if (read_only_.contains(key)) return refuse_with(EACCES);
    const auto found = values_.find(key);
    if (found == values_.end()) return refuse_with(ENOENT);
    if (const auto behaviour = behaviours_.find(key); behaviour != behaviours_.end()) {
      const int number = behaviour->second(*this, text);
      if (number != 0) return refuse_with(number);
      return {};
    }
    found->second = text;
    return {};
  }

  Result<std::vector<sysctl::Key>> list(const sysctl::KeyGlob& glob) const override {
    ++lists_;
    if (folder_error_ != 0) {
      return std::unexpected(Error{folder_error_, "list", std::string(glob.pattern())});
    }
    std::vector<sysctl::Key> keys;
    for (const auto& [key, text] : values_) {
      if (glob.matches(key)) keys.push_back(key);
    }
    return keys;
  }

  Result<sysctl::Access> access_of(const sysctl::Key& key) const override {
    if (!values_.contains(key)) return sysctl::Access::unknown;
    return read_only_.contains(key) ? sysctl::Access::read_only : sysctl::Access::writable;
  }

  Result<bool> is_secret(const sysctl::Key& key) const override { return secrets_.contains(key); }

  Result<bool> has_folder_of(const sysctl::Key& key) const override {
    if (folder_error_ != 0) return std::unexpected(Error{folder_error_, "examine", key.name()});
    const std::string_view folder = key.path().substr(0, key.path().rfind('/') + 1);
    for (const auto& [other, text] : values_) {
      if (other.path().starts_with(folder)) return true;
    }
    return false;
  }

 private:
  // A name that is no key is a fault of the test itself.
  static sysctl::Key key(std::string_view name) {
    const auto parsed = sysctl::Key::parse(name);
    if (!parsed) throw std::invalid_argument(parsed.error());
    return *parsed;
  }

  std::map<sysctl::Key, std::string> values_;
  std::map<sysctl::Key, int> refusals_;
  std::map<sysctl::Key, int> hidden_;
  std::set<sysctl::Key> read_only_;
  std::set<sysctl::Key> secrets_;
  std::map<sysctl::Key, Behaviour> behaviours_;
  int read_error_ = 0;
  mutable int reads_until_error_ = 0;
  mutable int errors_left_ = 0;
  mutable bool has_failed_ = false;
  int folder_error_ = 0;
  Keys writes_;
  mutable std::map<sysctl::Key, int> reads_;
  mutable int lists_ = 0;
};

}  // namespace nettune
