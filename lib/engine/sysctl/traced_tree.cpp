// SPDX-License-Identifier: MIT
#include "engine/sysctl/traced_tree.hpp"

#include <fmt/format.h>

#include <cstring>

namespace nettune::sysctl {
namespace {

std::string reason(const Error& error) { return std::strerror(error.number); }

}  // namespace

std::string TracedTree::shown(const Key& key, std::string_view value) const {
  // Where the mode can't be read, it may be a secret.
  return tree_->is_secret(key) == false ? std::string(value) : "(not shown)";
}

Result<std::string> TracedTree::read(const Key& key) const {
  Result<std::string> text = tree_->read(key);
  tell_(fmt::format("read {}: {}", key.name(), text ? shown(key, *text) : reason(text.error())));
  return text;
}

Result<void> TracedTree::write(const Key& key, std::string_view text) {
  Result<void> written = tree_->write(key, text);
  if (written) {
    tell_(fmt::format("wrote {}: {}", key.name(), shown(key, text)));
  } else {
    tell_(fmt::format("write {}: {}: {}", key.name(), shown(key, text), reason(written.error())));
  }
  return written;
}

Result<std::string> TracedTree::write_and_read(const Key& key, std::string_view text) {
  Result<std::string> live = tree_->write_and_read(key, text);
  if (live) {
    tell_(fmt::format("wrote {}: {}; read {}", key.name(), shown(key, text), shown(key, *live)));
  } else {
    tell_(fmt::format("{} {}: {}: {}", live.error().action, key.name(), shown(key, text),
                      reason(live.error())));
  }
  return live;
}

Result<std::vector<Key>> TracedTree::list(const KeyGlob& glob) const {
  Result<std::vector<Key>> keys = tree_->list(glob);
  tell_(fmt::format("list {}: {}", glob.name(),
                    keys ? fmt::format("{} keys", keys->size()) : reason(keys.error())));
  return keys;
}

}  // namespace nettune::sysctl
