// SPDX-License-Identifier: MIT
#include "engine/sysctl/key.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cstring>

#include "engine/text/characters.hpp"

namespace nettune::sysctl {
namespace {

constexpr std::size_t max_length = 1024;
constexpr std::size_t max_component = 255;  // NAME_MAX

std::string fault_of_component(std::string_view component, std::size_t position) {
  if (component.empty()) return "a key has no empty component";
  if (component == "." || component == "..") return "a key never leaves /proc/sys/net";
  if (component.size() > max_component) return "a key's component has at most 255 bytes";
  if (position == 0 && component != "net") {
    return "only keys below net. are supported";
  }
  return {};
}

// The reason why this path is not one of a key; empty if it is.
std::string fault(std::string_view path) {
  if (path.empty()) return "a key must not be empty";
  if (path.size() > max_length) return "a key has at most 1024 bytes";
  if (path.front() == '/') return "a key is relative to /proc/sys, so it begins with \"net.\"";
  std::size_t components = 0;
  bool is_ascii = true;
  std::string reason;  // of a component; white space anywhere comes first
  for (std::size_t begin = 0; begin <= path.size();) {
    std::size_t end = begin;
    for (; end < path.size() && path[end] != '/'; ++end) {
      if (static_cast<unsigned char>(path[end]) <= ' ' || path[end] == '\x7f') {
        return "a key holds no white space and no control character";
      }
      if (static_cast<unsigned char>(path[end]) > '\x7f') is_ascii = false;
    }
    if (reason.empty()) reason = fault_of_component(path.substr(begin, end - begin), components);
    ++components;
    begin = end + 1;
  }
  if (!reason.empty()) return reason;
  // The bus and JSON take valid UTF-8 alone, and a person tells no two keys apart that differ in
  // what is not seen. A link may have such a name: it has no key then.
  if (is_ascii) return components < 2 ? "\"net\" is a folder of keys, not a key" : "";
  if (const std::optional<Stranger> found = find_stranger(path, TextKind::name)) {
    return found->character.length == 0 ? "a key is valid UTF-8"
                                        : "a key holds no " + found->what(path);
  }
  if (components < 2) return "\"net\" is a folder of keys, not a key";
  return {};
}

}  // namespace

std::string path_of(std::string_view text) {
  std::string path(text);
  const auto first = std::ranges::find_if(path, [](char c) { return c == '.' || c == '/'; });
  if (first == path.end() || *first == '/') return path;
  for (char& c : path) {
    if (c == '.') {
      c = '/';
    } else if (c == '/') {
      c = '.';
    }
  }
  return path;
}

std::string name_of(std::string_view path) {
  std::string name(path);
  if (path.find('.') != std::string_view::npos) return name;
  std::ranges::replace(name, '/', '.');
  return name;
}

std::expected<Key, std::string> Key::parse(std::string_view text) {
  const std::string path = path_of(text);
  if (std::string reason = fault(path); !reason.empty()) return std::unexpected(std::move(reason));
  return Key(SharedText(path));
}

std::string Key::name() const { return name_of(path()); }

std::string without_wildcards(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    const bool is_wildcard = c == '*' || c == '?' || c == '[';
    if (is_wildcard) pattern += '[';
    pattern += c;
    if (is_wildcard) pattern += ']';
  }
  return pattern;
}

std::expected<KeyGlob, std::string> KeyGlob::parse(std::string_view text) {
  const std::string path = path_of(text);
  if (std::string reason = fault(path); !reason.empty()) return std::unexpected(std::move(reason));
  return KeyGlob(SharedText(path));
}

std::string KeyGlob::name() const { return name_of(pattern()); }

bool KeyGlob::is_literal() const { return std::strpbrk(pattern_.c_str(), "*?[") == nullptr; }

bool KeyGlob::matches(const Key& key) const {
  if (is_literal()) return pattern() == key.path();
  return fnmatch(pattern_.c_str(), key.path_.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

}  // namespace nettune::sysctl
