// SPDX-License-Identifier: MIT
// What a reader of YAML tells, as lines of text, to compare two readers of the same file.
#pragma once

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <string>

namespace nettune::test {

class YamlEvents final : public YAML::EventHandler {
 public:
  /// A line for each event: its mark, what it is, its tag and text.
  const std::string& text() const { return text_; }

  void OnDocumentStart(const YAML::Mark& mark) override { add(mark, "document", ""); }
  void OnDocumentEnd() override { text_ += "end of document\n"; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(mark, "null", ""); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { add(mark, "alias", ""); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    add(mark, "scalar", tag);
    text_ += fmt::format("  anchor {}, text \"{}\"\n", anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    add(mark, fmt::format("sequence {} {}", anchor, static_cast<int>(style)), tag);
  }
  void OnSequenceEnd() override { text_ += "end of sequence\n"; }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    add(mark, fmt::format("mapping {} {}", anchor, static_cast<int>(style)), tag);
  }
  void OnMapEnd() override { text_ += "end of mapping\n"; }

 private:
  void add(const YAML::Mark& mark, const std::string& what, const std::string& tag) {
    text_ += fmt::format("{}:{} at {}: {} {}\n", mark.line, mark.column, mark.pos, what, tag);
  }
  std::string text_;
};

}  // namespace nettune::test
