/// Reads the JSON of a stream's events, of which hundreds in a row differ in one string only: the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace askedit::providers {

/// parse_json() at a quarter of its cost where an event repeats the one before it but for the string at one
/// place: the value of the last event is kept, and of the next one only that string is read.
class EventParser {
 public:
  /// `name` is the key of the string, `place` where it stands. The keys before it have to be the same bytes
  /// in the next event, and so has what follows it.
  EventParser(std::string_view name, const char* place)
      : name_('"' + std::string(name) + '"'), place_(place) {}

  /// The value is valid until the next call. Fails as parse_json() does.
  Result<const Json*> parse(std::string_view data);

 private:
  std::optional<std::string> text_in_same_place(std::string_view data) const;
  void remember_place(std::string_view data);

  std::string name_;
  Json::json_pointer place_;
  Json value_;
  Json* text_ = nullptr;  ///< in value_, if the next event may be read the short way
  std::string head_;      ///< of the last event, up to the first byte of its text
  std::string tail_;      ///< of the last event, from the quote behind its text on
};

}  // namespace askedit::providers
