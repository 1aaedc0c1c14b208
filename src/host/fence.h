/// A line of Markdown that opens or closes a block of code, told from its bytes as they come.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace askedit::host {

/// What a block was opened with.
struct Fence {
  char mark = '`';  ///< '`' or '~'
  std::size_t length = 3;
  std::size_t indent = 0;
};

/// One line, without its end, in any pieces. A fence is at most three spaces, at least three marks of one
/// kind and an info string, which holds no back-tick after back-ticks.
class FenceLine {
 public:
  void add(std::string_view more);

  /// Nothing but blanks so far.
  bool blank() const { return state_ == State::indent || state_ == State::space; }
  /// What came may be the start of a fence.
  bool may_open() const { return state_ != State::space && state_ != State::text; }
  /// What came is a fence.
  bool opens() const { return may_open() && length_ >= 3; }
  /// What came may be the start of a line that closes `fence`.
  bool may_close(const Fence& fence) const;
  /// What came closes `fence`: the same mark, at least as long, and no info string.
  bool closes(const Fence& fence) const;
  /// What came opens a block inside of `fence`: the same mark, at least as long, with an info string.
  bool nests_in(const Fence& fence) const;

  /// Of a line that opens().
  Fence fence() const { return {mark_, length_, indent_}; }
  /// Of a line that opens(); blanks at its end may be left.
  const std::string& info() const { return info_; }

 private:
  enum class State { indent, space, marks, gap, info, text };

  void add(char c);
  State after_indent(char c);

  State state_ = State::indent;
  char mark_ = '\0';
  std::size_t length_ = 0;
  std::size_t indent_ = 0;
  std::string info_;
};

}  // namespace askedit::host
