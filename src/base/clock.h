/// Time as the host measures it. Objects that wait take `now` as an argument, so tests can choose it.
#pragma once

#include <chrono>
#include <optional>

namespace askedit {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::milliseconds;

/// The earlier of two moments, either of which may be "never".
inline std::optional<Time> earlier(std::optional<Time> a, std::optional<Time> b) {
  if (!a || !b) return a ? a : b;
  return *a < *b ? a : b;
}

}  // namespace askedit
