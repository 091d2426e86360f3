// SPDX-License-Identifier: MIT
#include "engine/text/nearest.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/text/words.hpp"

namespace nettune {
namespace {

// Case, and the choice between - and _, are no mistake worth counting.
std::string folded(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    c = c == '_' ? '-' : to_lower(c);
  }
  return out;
}

// Insertions, deletions, replacements and swaps of neighbours, or more than `limit`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  const std::size_t difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > limit) return limit + 1;
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 128;  // what is longer was no slip of the finger
  if (word.empty() || word.size() > longest) return {};
  const std::string wanted = folded(word);
  // A third of the letters may be wrong; of a short word one, of the shortest none.
  const std::size_t allowed =
      wanted.size() < 3 ? 0 : std::clamp<std::size_t>(wanted.size() / 3, 1, 4);
  std::string_view best;
  std::size_t best_distance = allowed + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > wanted.size() + allowed || candidate.size() + allowed < wanted.size()) {
      continue;
    }
    const std::size_t found = distance(wanted, folded(candidate), best_distance - 1);
    if (found < best_distance) {  // the first of equals
      best = candidate;
      best_distance = found;
      if (found == 0) break;
    }
  }
  return best;
}

}  // namespace nettune
