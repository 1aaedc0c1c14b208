#include "providers/event_parser.h"

#include <utility>

namespace askedit::providers {

Result<const Json*> EventParser::parse(std::string_view data) {
  if (auto text = text_in_same_place(data)) {
    *text_ = *std::move(text);
    return &value_;
  }
  text_ = nullptr;
  auto parsed = parse_json(data);
  if (!parsed) return tl::make_unexpected(parsed.error());
  value_ = *std::move(parsed);
  remember_place(data);
  return &value_;
}

/// What stands as one string between the very bytes of the event before.
std::optional<std::string> EventParser::text_in_same_place(std::string_view data) const {
  const bool same = text_ != nullptr && data.size() >= head_.size() + tail_.size() &&
                    data.starts_with(head_) && data.ends_with(tail_);
  if (!same) return std::nullopt;
  const auto quoted = data.substr(head_.size() - 1, data.size() - head_.size() - tail_.size() + 2);
  const auto string = parse_json(quoted);
  return string && string->is_string() ? std::optional(string->get<std::string>()) : std::nullopt;
}

/// Only where the key is in the event once, and none is spelt with escapes, can the string be no other's.
void EventParser::remember_place(std::string_view data) {
  const std::size_t at = data.find(name_);
  if (at == std::string_view::npos || data.find(name_, at + 1) != std::string_view::npos) return;
  const std::size_t open = data.find('"', at + name_.size());
  const std::size_t close = open == std::string_view::npos ? open : data.find('"', open + 1);
  if (close == std::string_view::npos || !value_.contains(place_)) return;
  Json& text = value_.at(place_);
  if (data.find('\\') != std::string_view::npos || text != Json(data.substr(open + 1, close - open - 1)))
    return;
  head_ = data.substr(0, open + 1);
  tail_ = data.substr(close);
  text_ = &text;
}

}  // namespace askedit::providers
