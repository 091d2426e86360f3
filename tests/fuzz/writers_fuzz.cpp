// SPDX-License-Identifier: MIT
// Any text through the writers of text: a terminal's, YAML's and that of comments. None emits a
// character that is not seen, and YAML gives back what was written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "command/new_file.hpp"
#include "engine/diagnostic.hpp"
#include "engine/profile/document.hpp"
#include "engine/text/characters.hpp"
#include "invariant.hpp"
#include "render/profile.hpp"

namespace {

using nettune::Diagnostics;
using nettune::TextKind;
using nettune::fuzz::invariant;
namespace ctl = nettune::ctl;
namespace profile = nettune::profile;

void check_comment(std::string_view text) {
  std::string out;
  ctl::append_comment(out, "# ", "#   ", text);
  while (!out.empty()) {
    invariant(out.starts_with("# ") || out.starts_with("#\n"), "each line is a comment");
    out.erase(0, out.find('\n') + 1);
  }
}

// As the value of a key, and as an item of a list.
void check_yaml(std::string_view text, bool in_list) {
  const std::string scalar = ctl::yaml_scalar(text, in_list);
  invariant(
      !nettune::find_stranger(scalar, TextKind::prose) && scalar.find('\n') == std::string::npos,
      "a scalar is one line of what is seen");
  Diagnostics diagnostics;
  const auto document = profile::parse_document(
      "a.yaml", in_list ? "a: [" + scalar + "]\n" : "a: " + scalar + "\n", diagnostics);
  invariant(document.has_value() && !diagnostics.has_errors(), "a scalar can be read");
  const profile::Node& value = document->root().entries()[0].value;
  const profile::Node& node = in_list ? value.items()[0] : value;
  invariant(node.kind == profile::Node::Kind::scalar, "a scalar is a scalar");
  const bool is_utf8 = nettune::printable(text).find("\\x") == std::string::npos;
  invariant(!is_utf8 || node.text == text, "a scalar is read as what was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string shown = nettune::printable(text);
  const auto stranger = nettune::find_stranger(shown, TextKind::prose);
  invariant(!stranger && shown.find_first_of("\n\t") == std::string::npos,
            "what is printed is one line of what is seen");
  check_comment(text);
  check_yaml(text, false);
  check_yaml(text, true);
  return 0;
}
