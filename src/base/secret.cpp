#include "base/secret.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace askedit {
namespace {

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  std::size_t found = what.empty() ? std::string::npos : text.find(what);
  if (found == std::string::npos) return text;
  std::string out;
  std::size_t from = 0;
  for (; found != std::string::npos; found = text.find(what, from)) {
    out.append(text, from, found - from).append(with);
    from = found + what.size();
  }
  return out.append(text, from);
}

/// The length of the longest end of `text` that an occurrence of `what` could begin with.
std::size_t open_end(std::string_view text, std::string_view what) {
  if (what.empty()) return 0;
  const std::size_t longest = std::min(text.size(), what.size() - 1);
  std::size_t at = text.size() - longest;
  while ((at = text.find(what.front(), at)) != text.npos && !what.starts_with(text.substr(at))) ++at;
  return at == text.npos ? 0 : text.size() - at;
}

/// So much of a key's start is no chance any more; the first letters of a key are often the same for all.
constexpr std::size_t kTellingPart = 8;

std::string to_unicode_escape(char c) {
  static constexpr std::string_view digits = "0123456789abcdef";
  return std::string("\\u00") + digits[static_cast<unsigned char>(c) >> 4] + digits[c & 15];
}

std::string to_percent_escape(char c) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  return std::string("%") + digits[static_cast<unsigned char>(c) >> 4] + digits[c & 15];
}

/// `text` with all but letters, digits and "-._~" written by `escape`: what URLs escape, and some JSON
/// libraries too.
std::string escaped(const std::string& text, std::string (*escape)(char)) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : escape(c);
  }
  return out;
}

}  // namespace

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  value_ = other.value_;
  other.wipe();
  return *this;
}

void Secret::wipe() {
  volatile char* bytes =
      value_.data();  // volatile: the compiler must not drop writes to memory that is given back
  for (std::size_t i = 0; i < value_.size(); ++i) bytes[i] = 0;
  value_.clear();
}

std::vector<std::string> Secret::spellings() const {
  if (value_.empty()) return {};
  const std::string quoted = dump_json(value_);
  const std::string in_json = quoted.substr(1, quoted.size() - 2);
  std::vector<std::string> all{value_, in_json, replace_all(in_json, "/", "\\/"),
                               escaped(value_, to_unicode_escape), escaped(value_, to_percent_escape)};
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.size() == b.size() ? a < b : a.size() > b.size(); });
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::string Secret::mask(std::string text) const {
  for (const std::string& spelling : spellings()) text = replace_all(std::move(text), spelling, kMask);
  return text;
}

std::string SecretFilter::feed(std::string_view delta) {
  held_ += delta;
  std::string text = std::exchange(held_, {});
  std::size_t open = 0;
  for (const std::string& spelling : spellings_) {
    text = replace_all(std::move(text), spelling, kMask);
    open = std::max(open, open_end(text, spelling));
  }
  held_ = text.substr(text.size() - open);
  text.resize(text.size() - open);
  return text;
}

std::string SecretFilter::flush() {
  const std::string held = std::exchange(held_, {});
  return held.size() < kTellingPart ? held : std::string(kMask);
}

Json mask_fields(Json value) {
  static constexpr std::array names{
      "token",    "api_key", "apiKey",      "access_token",  "refresh_token", "id_token",    "client_secret",
      "password", "secret",  "oauth_token", "session_token", "authorization", "device_code", "key"};
  if (value.is_array()) {
    for (Json& item : value) item = mask_fields(std::move(item));
  } else if (value.is_object()) {
    for (auto& [name, item] : value.items()) {
      const bool secret = std::find(names.begin(), names.end(), name) != names.end();
      item = secret && item.is_string() ? Json(kMask) : mask_fields(std::move(item));
    }
  }
  return value;
}

}  // namespace askedit
