/// A key that cannot be printed by accident, and the ways to take it out of text.
#pragma once

#include <string>
#include <string_view>

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

  /// `text` with every occurrence of the value, plain or as JSON writes it, replaced by kMask.
  std::string mask(std::string text) const;

 private:
  void wipe();
  std::string value_;
};

/// Masks a secret in text that comes in pieces: the beginning of a possible occurrence is held back.
class SecretFilter {
 public:
  /// `secret` must outlive the filter.
  explicit SecretFilter(const Secret& secret) : secret_(secret) {}

  /// The text that is safe to show after `delta`; may be empty.
  std::string feed(std::string_view delta);
  /// What was held back, at the end of the text.
  std::string flush() { return std::exchange(held_, {}); }

 private:
  const Secret& secret_;
  std::string held_;
};

/// `value` with the strings under the usual names of credentials ("token", "api_key", ...) masked at any
/// depth.
Json mask_fields(Json value);

}  // namespace askedit
