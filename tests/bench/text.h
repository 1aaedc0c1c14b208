/// The text of every stream that is measured: Markdown of all kinds, in tokens of four bytes, without end.
#pragma once

#include <cstddef>
#include <string_view>

namespace askedit::bench {

inline constexpr std::string_view kText =
    "## What the loop does\n"
    "\n"
    "It walks over `items` once and keeps the largest value that it has seen so far. The list\n"
    "is not ever copied, so its cost is **linear** in its length and constant in memory.\n"
    "\n"
    "- an empty list gives `nil`, and nothing else is looked at\n"
    "- equal values: the *first* one wins, which the caller relies on\n"
    "\n"
    "```lua\n"
    "local function largest(items)\n"
    "  local best = items[1]\n"
    "  for i = 2, #items do\n"
    "    if items[i] > best then best = items[i] end\n"
    "  end\n"
    "  return best\n"
    "end\n"
    "```\n"
    "\n"
    "1. Call it with the numbers you have, such as `largest({ 3, 1, 2 })`.\n"
    "2. Compare what comes back with `nil` before you use it, for a list may be empty!\n"
    "\n";

inline constexpr std::size_t kTokenSize = 4;
static_assert(kText.size() % kTokenSize == 0);
inline constexpr std::size_t kTokens = kText.size() / kTokenSize;

inline constexpr std::string_view token(std::size_t number) {
  return kText.substr(number % kTokens * kTokenSize, kTokenSize);
}

}  // namespace askedit::bench
