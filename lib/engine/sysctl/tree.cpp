// SPDX-License-Identifier: MIT
#include "engine/sysctl/tree.hpp"

#include <cerrno>
#include <utility>

#include "engine/sysctl/catalogue/catalogue.hpp"

namespace nettune::sysctl {

Result<std::optional<std::string>> read_unless_gone(const Tree& tree, const Key& key) {
  Result<std::string> text = tree.read(key);
  if (text) return *std::move(text);
  const Parameter* parameter = find_parameter(key);
  if (text.error().number != ENOENT || !may_go(parameter)) return std::unexpected(text.error());
  // A link takes the folder of its keys along; a module may share one with keys that stay.
  const Result<bool> has_folder = tree.has_folder_of(key);
  if (!has_folder) return std::unexpected(has_folder.error());
  if (!*has_folder || parameter == nullptr || !parameter->module.empty()) return std::nullopt;
  // The folder is there anew, and the key with it, or there is no saying where it is.
  text = tree.read(key);
  if (!text) return std::unexpected(text.error());
  return *std::move(text);
}

}  // namespace nettune::sysctl
