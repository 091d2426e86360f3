// SPDX-License-Identifier: MIT
// A profile from its text, and its diagnostics as a person sees them: for tests that show their
// whole world in a few lines.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/diagnostic.hpp"
#include "engine/profile/lint.hpp"
#include "engine/profile/profile.hpp"
#include "engine/profile/resolve.hpp"

namespace nettune::test {

inline profile::Host host_of(std::uint64_t gib, sysctl::Version kernel = {6, 18}) {
  profile::Host host;
  host.memory_bytes = gib << 30;
  host.page_size = 4096;
  host.kernel = kernel;
  host.buffer_pages = (gib << 30) / 4096 / 100 * 99;
  return host;
}

inline std::string formatted(Diagnostics& diagnostics) {
  sort_and_cut(diagnostics);
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.list) {
    text += format_diagnostic(diagnostic, DiagnosticStyle{});
  }
  return text;
}

/// The profile that `body` declares below "nettune: 1"; a fault fails the test and shows itself.
inline profile::Profile profile_of(std::string_view body) {
  Diagnostics diagnostics;
  const auto document =
      profile::parse_document("test.yaml", "nettune: 1\n" + std::string(body), diagnostics);
  std::optional<profile::Profile> profile;
  if (document) profile = profile::ProfileBuilder::check(*document, diagnostics);
  const std::string text = formatted(diagnostics);
  if (!profile || diagnostics.has_errors()) throw std::runtime_error(text);
  return std::move(*profile);
}

inline profile::ResolvedProfile resolved_of(std::string_view body, const sysctl::Tree& tree,
                                            const profile::Host& host = host_of(8)) {
  Diagnostics diagnostics;
  std::optional<profile::ResolvedProfile> resolved =
      profile::resolve(profile_of(body), host, tree, diagnostics);
  const std::string text = formatted(diagnostics);
  if (!resolved || diagnostics.has_errors()) throw std::runtime_error(text);
  return std::move(*resolved);
}

}  // namespace nettune::test
