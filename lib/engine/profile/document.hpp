// SPDX-License-Identifier: MIT
// Document: YAML text as a tree of nodes that know where they stand. No word has a meaning yet, and
// no scalar is guessed to be a number. Only document.cpp and plain_yaml.cpp include yaml-cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/diagnostic.hpp"
#include "engine/text/characters.hpp"

namespace nettune::profile {

struct Node {
  enum class Kind : std::uint8_t { scalar, sequence, mapping };
  struct Entry;
  struct Children;

  Kind kind = Kind::scalar;
  bool quoted = false;  ///< a scalar that stood in quotes, or in a block of its own
  bool empty = false;   ///< a plain scalar without text, as in "key:"
  /// A scalar whose text stands in the file letter for letter, on one line (behind its quote where
  /// it has one): offsets in it are columns.
  bool verbatim = false;
  Origin origin;
  std::string_view text;               ///< of a scalar; owned by the Document
  std::unique_ptr<Children> children;  ///< nullptr: none

  std::span<const Node> items() const;     ///< of a sequence
  std::span<const Entry> entries() const;  ///< of a mapping, in the order of the file
};

struct Node::Entry {
  Node key;  ///< a scalar
  Node value;
};

struct Node::Children {
  std::vector<Node> items;
  std::vector<Entry> entries;
};

inline std::span<const Node> Node::items() const {
  return children == nullptr ? std::span<const Node>() : children->items;
}
inline std::span<const Node::Entry> Node::entries() const {
  return children == nullptr ? std::span<const Entry>() : children->entries;
}

struct NodeTree {
  Node root;
  std::deque<std::string> texts;  ///< of scalars that stand in the file otherwise
};

inline constexpr std::size_t max_file_size = 1u << 20;  // bytes
inline constexpr int max_depth = 16;
inline constexpr int max_nodes = 200'000;

class Document {
 public:
  const Node& root() const { return tree_.root; }
  const SourcePtr& source() const { return source_; }

 private:
  friend std::optional<Document> parse_document(std::string name, std::string text,
                                                Diagnostics& diagnostics);
  Document(SourcePtr source, NodeTree tree) : source_(std::move(source)), tree_(std::move(tree)) {}
  SourcePtr source_;
  NodeTree tree_;
};

/// Reads one YAML document. Refused, each with its own diagnostic: invalid UTF-8, characters that
/// no prose holds (TextKind), where they do not stand as an escape, duplicate keys, anchors,
/// aliases, tags, keys that are no plain text, `<<`, a second document, an empty one, more than
/// max_depth levels, max_nodes nodes or max_file_size bytes. Nothing is returned where a diagnostic
/// is an error of syntax; faults that leave the rest readable (a duplicate key, a tag) are
/// reported, and the document is returned all the same.
std::optional<Document> parse_document(std::string name, std::string text,
                                       Diagnostics& diagnostics);

/// What does not belong into the text of a scalar; an escape may stand for it.
std::optional<Stranger> find_stranger(const Node& node, TextKind kind);

/// Where it stands in the file: the character or its escape; the whole scalar where it has neither,
/// such as the line end of a block.
Origin origin_of(const Node& node, const Stranger& stranger);

}  // namespace nettune::profile
