#include "base/secret.h"

#include <algorithm>
#include <array>
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
  std::size_t length = std::min(text.size(), what.empty() ? 0 : what.size() - 1);
  while (length > 0 && !text.ends_with(what.substr(0, length))) --length;
  return length;
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

std::string Secret::mask(std::string text) const {
  const std::string quoted = dump_json(value_);
  text = replace_all(std::move(text), value_, kMask);
  return replace_all(std::move(text), std::string_view(quoted).substr(1, quoted.size() - 2), kMask);
}

std::string SecretFilter::feed(std::string_view delta) {
  held_ += delta;
  std::string text = replace_all(std::exchange(held_, {}), secret_.reveal(), kMask);
  const std::size_t open = open_end(text, secret_.reveal());
  held_ = text.substr(text.size() - open);
  text.resize(text.size() - open);
  return text;
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
