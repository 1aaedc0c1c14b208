/// Reads a provider's settings: each value is checked, each unknown name is refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace askedit::providers {

/// Collects the first fault instead of throwing, so that a provider reads all its settings in a row and asks
/// once.
class Settings {
 public:
  /// `values` is a map (an empty array counts as an empty one); it must outlive the reader.
  explicit Settings(const Json& values) : values_(values) {}

  std::string text(std::string_view name, std::string otherwise);
  /// More than 0.
  double seconds(std::string_view name, double otherwise);
  /// One of `accepted`, the first if it is not set.
  std::string choice(std::string_view name, const std::vector<std::string_view>& accepted);
  /// A map whose names are none of `refused`.
  Json map(std::string_view name, const std::vector<std::string_view>& refused);
  /// A map of names to strings without line breaks.
  Json texts(std::string_view name);

  /// The first fault, or a setting that no call has read.
  Result<void> check() const;

 private:
  const Json& read(std::string_view name);
  void fault(std::string_view name, std::string_view accepted);

  const Json& values_;
  std::vector<std::string> read_{"dialect"};
  std::string fault_;
};

}  // namespace askedit::providers
