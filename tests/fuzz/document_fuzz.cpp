// SPDX-License-Identifier: MIT
// A profile's text on its whole way: document, profile, resolved profile, lints, audit. What comes
// out of each stage keeps its promises, and a text is only refused with a reason.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/audit/compare.hpp"
#include "engine/profile/document.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/profile.hpp"
#include "engine/profile/resolve.hpp"
#include "engine/sysctl/saved_tree.hpp"
#include "invariant.hpp"

namespace {

using nettune::Diagnostics;
using nettune::fuzz::check_diagnostics;
using nettune::fuzz::check_origin;
using nettune::fuzz::invariant;
namespace audit = nettune::audit;
namespace profile = nettune::profile;
namespace sysctl = nettune::sysctl;

// The nodes below `node`, itself included.
int check_node(const profile::Node& node, int depth) {
  invariant(depth <= profile::max_depth, "a document is at most max_depth levels deep");
  check_origin(node.origin);
  int nodes = 1;
  switch (node.kind) {
    case profile::Node::Kind::scalar:
      invariant(node.items().empty() && node.entries().empty(), "a scalar holds no nodes");
      invariant(!node.empty || (node.text.empty() && !node.quoted), "an empty scalar has no text");
      break;
    case profile::Node::Kind::sequence:
      invariant(node.entries().empty(), "a sequence has no keys");
      for (const profile::Node& item : node.items()) nodes += check_node(item, depth + 1);
      break;
    case profile::Node::Kind::mapping:
      invariant(node.items().empty(), "a mapping has no items");
      for (const profile::Node::Entry& entry : node.entries()) {
        invariant(entry.key.kind == profile::Node::Kind::scalar, "a mapping's keys are scalars");
        nodes += check_node(entry.key, depth + 1) + check_node(entry.value, depth + 1);
      }
      break;
  }
  return nodes;
}

const sysctl::SavedTree& live_values() {
  static const sysctl::SavedTree tree = [] {
    std::vector<sysctl::SavedTree::Fault> faults;
    return sysctl::SavedTree::parse(
        "net.core.rmem_max = 212992\nnet.core.wmem_max = 212992\nnet.core.somaxconn = 4096\n"
        "net.ipv4.tcp_rmem = 4096\t131072\t6291456\nnet.ipv4.tcp_mem = 188000\t250000\t376000\n"
        "net.ipv4.tcp_congestion_control = cubic\n"
        "net.ipv4.tcp_available_congestion_control = reno cubic\n"
        "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 2\n"
        "net/ipv4/conf/eth0.100/rp_filter = 1\nsysctl: permission denied on key "
        "'net.ipv4.tcp_fastopen_key'\n",
        faults);
  }();
  return tree;
}

void check_profile(profile::Profile made, Diagnostics& diagnostics) {
  invariant(made.entries().size() <= profile::max_keys, "a profile has at most max_keys keys");
  for (const profile::Entry& entry : made.entries()) {
    check_origin(entry.origin);
    invariant(!entry.rules.empty(), "an entry has a rule");
    for (const profile::Rule& rule : entry.rules) {
      check_origin(rule.origin);
      for (const profile::Expression& operand : rule.operands()) check_origin(operand.origin);
      if (rule.kind == profile::Rule::Kind::between) {
        invariant(rule.operands().size() == 2, "between has two operands");
      } else if (rule.kind == profile::Rule::Kind::keep) {
        invariant(rule.operands().empty(), "keep has no operand");
      } else {
        invariant(!rule.operands().empty(), "a rule has an operand");
      }
    }
  }
  const profile::Host host{.memory_bytes = 8ull << 30,
                           .page_size = 4096,
                           .kernel = {6, 1},
                           .kernel_release = "6.1.0-13-amd64",
                           .buffer_pages = 2'000'000,
                           .is_child_namespace = false};
  for (const profile::Requirement& requirement : made.requirements()) {
    check_origin(requirement.origin);
    static_cast<void>(profile::unmet(requirement, host));
  }
  const std::optional<profile::ResolvedProfile> resolved =
      profile::resolve(std::move(made), host, live_values(), diagnostics);
  if (!resolved) {
    invariant(diagnostics.has_errors(), "what cannot be resolved has a reason");
    return;
  }
  profile::lint(*resolved, diagnostics);
  const audit::Audit compared = audit::compare(*resolved, live_values());
  invariant(compared.findings().size() >= resolved->desired().size(),
            "each key of the profile has a verdict");
  for (const audit::Finding& finding : compared.findings()) {
    const bool is_plain =
        finding.verdict == audit::Verdict::match || finding.verdict == audit::Verdict::drift;
    invariant(is_plain || !finding.reason.empty(), "a key that was not compared has a reason");
    if (finding.desired != nullptr) {
      invariant(!profile::to_string(*finding.desired).empty(), "a desired value can be printed");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Diagnostics diagnostics;
  const std::optional<profile::Document> document = profile::parse_document(
      "fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size), diagnostics);
  if (document) {
    invariant(check_node(document->root(), 1) <= profile::max_nodes,
              "a document has at most max_nodes nodes");
    if (std::optional<profile::Profile> made =
            profile::ProfileBuilder::check(*document, diagnostics)) {
      check_profile(*std::move(made), diagnostics);
    } else {
      invariant(diagnostics.has_errors(), "a refused profile has a reason");
    }
  } else {
    invariant(diagnostics.has_errors(), "a refused document has a reason");
  }
  check_diagnostics(std::move(diagnostics));
  return 0;
}
