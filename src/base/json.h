/// JSON as the host uses it: no exceptions, a depth limit, and no byte that cannot be handled.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace askedit {

using Json = nlohmann::json;

/// Nesting beyond which JSON and msgpack values are refused.
inline constexpr int kMaxDepth = 128;
/// How many values one text or message may hold. A value takes many times the memory of the byte or two that
/// it may have on the wire, so bytes alone are no bound.
inline constexpr std::size_t kMaxValues = 1'000'000;

/// Parses bytes from outside. Invalid UTF-8 and lone surrogates become U+FFFD. Fails with `truncated` if the
/// text ends too early and with `protocol` otherwise.
Result<Json> parse_json(std::string_view text);

/// Makes a character whole whose two `\u` escapes were cut into two JSON texts: the first half at the end of
/// a string, the second at the start of one in a later text.
class SurrogateJoiner {
 public:
  /// `text` as it is to be parsed; valid until the next call, as `text` is.
  std::string_view join(std::string_view text);

 private:
  std::string half_;  ///< an escape that waits for its other half
  std::string joined_;
};

/// Never throws: invalid UTF-8 becomes U+FFFD. `indent` is the number of blanks a level, -1 = one line.
std::string dump_json(const Json& value, int indent = -1);

/// The member `name` of an object, or null if there is none or `value` is no object.
const Json& member(const Json& value, std::string_view name);

/// A string, or `otherwise` for any other type.
std::string string_or(const Json& value, std::string otherwise = {});

}  // namespace askedit
