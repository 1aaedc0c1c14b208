#include "base/json.h"

#include <utf8.h>

#include <iterator>
#include <optional>
#include <utility>

#include "base/text.h"

namespace askedit {
namespace {

/// The value of the `\uXXXX` at `at`, if there is one.
std::optional<unsigned> unicode_escape(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
    const bool is_digit = c >= '0' && c <= '9';
    if (digit == std::string_view::npos || (digit < 10 && !is_digit)) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

struct LoneSurrogate {
  std::size_t at;
  bool high;
};

/// `text` with each escape of half a surrogate pair replaced by what `replace` makes of it.
template <class Replace>
std::string with_lone_surrogates(std::string_view text, const Replace& replace) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto unit = unicode_escape(text, i);
    if (!unit) {
      const std::size_t length = text[i] == '\\' ? 2 : 1;  // an escaped backslash does not begin an escape
      out += text.substr(i, length);
      i += length;
      continue;
    }
    const auto next = unicode_escape(text, i + 6);
    const bool high = *unit >= 0xD800 && *unit < 0xDC00;
    const bool paired = high && next && *next >= 0xDC00 && *next < 0xE000;
    const bool lone = !paired && *unit >= 0xD800 && *unit < 0xE000;
    const std::size_t length = paired ? 12 : 6;
    if (lone)
      out += replace(LoneSurrogate{i, high});
    else
      out += text.substr(i, length);
    i += length;
  }
  return out;
}

/// The parser refuses the whole text for one.
std::string replace_lone_surrogates(std::string_view text) {
  return with_lone_surrogates(text, [](LoneSurrogate) { return "\\ufffd"; });
}

struct Parsed {
  Json value;
  std::optional<Error> error;
};

/// Why `text` is not even to be parsed. A scan of its own, since the parser's callback looks through the
/// whole parent at the end of every object.
std::optional<Error> beyond_limits(std::string_view text) {
  int depth = 0;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') ++i;
    if (in_string) continue;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (c == ',' || c == '[' || c == '{') ++values;
    if (depth > kMaxDepth) return Error{ErrorKind::protocol, "JSON is nested too deeply"};
    if (values > kMaxValues) return Error{ErrorKind::protocol, "JSON holds too many values"};
  }
  return std::nullopt;
}

Parsed parse_strict(std::string_view text) {
  if (auto error = beyond_limits(text)) return {nullptr, std::move(error)};
  try {
    return {Json::parse(text), std::nullopt};
  } catch (const Json::exception& e) {
    const auto* parse_error = dynamic_cast<const Json::parse_error*>(&e);
    const bool at_end = parse_error != nullptr && parse_error->byte > text.size();
    return {nullptr, Error{at_end ? ErrorKind::truncated : ErrorKind::protocol, "not JSON"}};
  }
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  Parsed parsed = parse_strict(text);
  if (parsed.error) parsed = parse_strict(replace_lone_surrogates(valid_utf8(text)));
  if (parsed.error) return tl::make_unexpected(*std::move(parsed.error));
  return std::move(parsed.value);
}

std::string_view SurrogateJoiner::join(std::string_view text) {
  if (text.find("\\u") == std::string_view::npos) return text;
  joined_ = with_lone_surrogates(text, [&](LoneSurrogate half) {
    const std::string escape(text.substr(half.at, 6));
    if (!half.high && text.substr(0, half.at).ends_with('"')) return std::exchange(half_, {}) + escape;
    if (!half.high || text.substr(half.at + 6, 1) != "\"") return escape;
    half_ = escape;
    return std::string();
  });
  return joined_;
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

const Json& member(const Json& value, std::string_view name) {
  static const Json null;
  if (!value.is_object()) return null;
  const auto found = value.find(name);
  return found == value.end() ? null : *found;
}

std::string string_or(const Json& value, std::string otherwise) {
  return value.is_string() ? value.get<std::string>() : std::move(otherwise);
}

}  // namespace askedit
