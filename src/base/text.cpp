#include "base/text.h"

#include <utf8.h>

#include <algorithm>
#include <iterator>

namespace askedit {
namespace {

/// Blanks, control characters, and characters that change the direction of a line or cannot be seen.
bool separates(char32_t c) {
  return c <= 0x20 || (c >= 0x7F && c <= 0xA0) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202F) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  const auto* const ascii_end =
      std::find_if(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
  if (utf8::is_valid(ascii_end, text.end())) return std::string(text);
  std::string out;
  out.reserve(text.size());
  utf8::replace_invalid(text.begin(), text.end(), std::back_inserter(out));
  return out;
}

std::size_t utf8_prefix(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text.size();
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return end > 0 ? end : limit;
}

std::string one_line(std::string_view text, std::size_t max_characters) {
  // A hostile page must not cost more than the line that is made of it.
  const std::string valid = valid_utf8(text.substr(0, utf8_prefix(text, max_characters * 16)));
  std::string out;
  std::size_t count = 0;
  bool gap = false;
  for (auto it = valid.begin(); it != valid.end();) {
    const char32_t c = utf8::next(it, valid.end());
    if (separates(c)) {
      gap = true;
      continue;
    }
    if (count == max_characters) return out + "…";
    if (gap && !out.empty()) out += ' ';
    gap = false;
    utf8::append(c, std::back_inserter(out));
    ++count;
  }
  return out;
}

}  // namespace askedit
