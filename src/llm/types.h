/// What a completion is: the conversation that goes out and the events that come back.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace askedit::llm {

/// The longest answer that is kept, in bytes.
inline constexpr std::size_t kMaxAnswer = std::size_t{8} << 20;

enum class Role { system, user, assistant };

struct Message {
  Role role;
  std::string text;
};

/// A system message at most once, at the front; then user and assistant by turns; the last is the user's.
using Conversation = std::vector<Message>;

/// Every provider turns its wire format into these. Laws: `started` at most once and before any text; deltas
/// are never empty and complete UTF-8; `usage` and `notice` may repeat, each replacing the former; exactly
/// one of `finished` and `failed`, and nothing after it.
struct Started {
  std::string model;  ///< as the server names it; may be empty
};
struct TextDelta {
  std::string delta;
};
struct ReasoningDelta {
  std::string delta;  ///< for display only
};
/// Tokens; -1 = not known. `cached` is part of `input`, `reasoning` is part of `output`.
struct Usage {
  std::int64_t input = -1, output = -1, cached = -1, reasoning = -1;
};
/// One line about the account, such as a quota.
struct Notice {
  std::string line;
};
/// The models that the server offers.
struct Models {
  std::vector<std::string> names;
};
enum class FinishReason { stop, length, tool_calls, content_filter, unknown };
struct Finished {
  FinishReason reason;
};
struct Failed {
  Error error;
};

using Event = std::variant<Started, TextDelta, ReasoningDelta, Usage, Notice, Models, Finished, Failed>;
using EventSink = std::function<void(Event)>;

inline std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::content_filter:
      return "content_filter";
    case FinishReason::unknown:
      break;
  }
  return "unknown";
}

}  // namespace askedit::llm
