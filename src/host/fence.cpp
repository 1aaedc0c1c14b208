#include "host/fence.h"

namespace askedit::host {
namespace {

constexpr std::size_t kMaxIndent = 3;
constexpr std::size_t kMinLength = 3;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

}  // namespace

void FenceLine::add(std::string_view more) {
  for (const char c : more) {
    if (state_ == State::text) return;
    add(c);
  }
}

void FenceLine::add(char c) {
  if (state_ == State::indent) state_ = after_indent(c);
  if (state_ == State::space && !is_blank(c)) state_ = State::text;
  if (state_ == State::marks && c != mark_) state_ = length_ >= kMinLength ? State::gap : State::text;
  if (state_ == State::marks) ++length_;
  if (state_ == State::gap && !is_blank(c)) state_ = State::info;
  if (state_ == State::info && mark_ == '`' && c == '`') state_ = State::text;
  if (state_ == State::info) info_ += c;
}

FenceLine::State FenceLine::after_indent(char c) {
  if (c == ' ' && indent_ < kMaxIndent) {
    ++indent_;
    return State::indent;
  }
  if (c != '`' && c != '~') return State::space;
  mark_ = c;
  return State::marks;
}

bool FenceLine::may_close(const Fence& fence) const {
  if (state_ == State::indent) return true;
  if (state_ == State::marks) return mark_ == fence.mark;
  return closes(fence);
}

bool FenceLine::closes(const Fence& fence) const {
  const bool bare = state_ == State::marks || state_ == State::gap;
  return bare && mark_ == fence.mark && length_ >= fence.length;
}

bool FenceLine::nests_in(const Fence& fence) const {
  return state_ == State::info && mark_ == fence.mark && length_ >= fence.length;
}

}  // namespace askedit::host
