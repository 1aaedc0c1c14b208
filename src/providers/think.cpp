#include "providers/think.h"

#include <algorithm>
#include <utility>

namespace askedit::providers {
namespace {

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";
constexpr std::string_view kBlank = " \t\r\n";
constexpr std::size_t kMaxBlank = 64;  // so many blanks come before no tag

/// The length of the longest end of `text` that `tag` could go on from.
std::size_t open_end(std::string_view text, std::string_view tag) {
  std::size_t length = std::min(text.size(), tag.size() - 1);
  while (length > 0 && !text.ends_with(tag.substr(0, length))) --length;
  return length;
}

}  // namespace

ThinkSplitter::Parts ThinkSplitter::feed(std::string_view delta) {
  held_ += delta;
  Parts parts;
  if (state_ == Start::maybe) take_opening();
  if (state_ == Start::inside) take_thought(parts);
  if (state_ == Start::outside) take_text(parts);
  return parts;
}

void ThinkSplitter::take_opening() {
  const std::size_t begin = std::min(held_.find_first_not_of(kBlank), held_.size());
  const std::string_view rest = std::string_view(held_).substr(begin);
  if (begin > kMaxBlank) {
    state_ = Start::outside;
  } else if (rest.starts_with(kOpen)) {
    held_.erase(0, begin + kOpen.size());
    state_ = Start::inside;
  } else if (!kOpen.starts_with(rest)) {
    state_ = Start::outside;
  }
}

void ThinkSplitter::take_thought(Parts& parts) {
  const std::size_t close = held_.find(kClose);
  if (close == std::string::npos) {
    const std::size_t safe = held_.size() - open_end(held_, kClose);
    parts.thought = held_.substr(0, safe);
    held_.erase(0, safe);
    return;
  }
  parts.thought = held_.substr(0, close);
  held_.erase(0, close + kClose.size());
  state_ = Start::outside;
  after_thought_ = true;
}

void ThinkSplitter::take_text(Parts& parts) {
  if (after_thought_) held_.erase(0, std::min(held_.find_first_not_of(kBlank), held_.size()));
  after_thought_ = after_thought_ && held_.empty();
  parts.text = std::exchange(held_, {});
}

ThinkSplitter::Parts ThinkSplitter::flush() {
  std::string rest = std::exchange(held_, {});
  if (state_ == Start::inside) return {std::move(rest), {}};
  return {{}, std::move(rest)};
}

}  // namespace askedit::providers
