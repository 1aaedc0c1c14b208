/// A key that cannot be printed by accident, and the ways to take it out of text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace askedit {

inline constexpr std::string_view kMask = "[redacted]";

/// Holds one credential in memory and wipes it at the end. There is no operator<< and no conversion to a
/// string; reveal() is called where the request is built, nowhere else.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret&& other) noexcept : value_(other.value_) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  /// `text` with every occurrence of the value in any of its spellings() replaced by kMask.
  std::string mask(std::string text) const;

  /// The value as it is, and as JSON libraries and URLs write it; the longest first. Empty without a value.
  std::vector<std::string> spellings() const;

 private:
  void wipe();
  std::string value_;
};

/// Masks a secret in text that comes in pieces: the beginning of a possible occurrence is held back.
class SecretFilter {
 public:
  explicit SecretFilter(const Secret& secret) : spellings_(secret.spellings()) {}

  /// The text that is safe to show after `delta`; may be empty.
  std::string feed(std::string_view delta);
  /// What was held back, at the end of the text; masked if it is more of the key than chance would put there.
  std::string flush();

 private:
  std::vector<std::string> spellings_;
  std::string held_;
};

/// `value` with the strings under the usual names of credentials ("token", "api_key", ...) masked at any
/// depth.
Json mask_fields(Json value);

}  // namespace askedit
