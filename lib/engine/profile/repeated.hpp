// SPDX-License-Identifier: MIT
// drop_repeated: of items that must be different, the first of each stays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace nettune::profile {

/// Erases from `items` each one whose text stood before, after a call of `report(item, first)`.
/// `text_of(item)` gives the text. Items whose texts ascend, as most files have them, cost one
/// comparison each.
template <typename Item, typename TextOf, typename Report>
void drop_repeated(std::vector<Item>& items, TextOf text_of, Report report) {
  const auto not_ascending =
      std::ranges::adjacent_find(items, std::ranges::greater_equal{}, text_of);
  if (not_ascending == items.end()) return;
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto text_at = [&](std::size_t i) -> decltype(auto) { return text_of(items[i]); };
  std::ranges::stable_sort(order, {}, text_at);
  std::vector<bool> dropped(items.size());
  for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
    if (text_at(order[i]) != text_at(order[first])) {
      first = i;
      continue;
    }
    report(items[order[i]], items[order[first]]);
    dropped[order[i]] = true;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (dropped[i]) continue;
    if (kept != i) items[kept] = std::move(items[i]);
    ++kept;
  }
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(kept), items.end());
}

}  // namespace nettune::profile
