/// Thoughts that a model writes into its answer, `<think>...</think>` at the very start, told apart from the
/// answer.
#pragma once

#include <string>
#include <string_view>

namespace askedit::providers {

/// Takes the text in any pieces. Only the start of the answer is looked at: a tag further on is text like any
/// other.
class ThinkSplitter {
 public:
  /// `maybe`: the answer may begin with the tag. `inside`: the chat template has opened it already.
  /// `outside`: no thoughts.
  enum class Start { maybe, inside, outside };
  struct Parts {
    std::string thought;
    std::string text;
  };

  explicit ThinkSplitter(Start start) : state_(start) {}

  /// What can be told after `delta`; a few bytes that may belong to a tag are held back.
  Parts feed(std::string_view delta);
  /// What was held back, at the end.
  Parts flush();
  /// From now on everything is text.
  void turn_off() { state_ = Start::outside; }

 private:
  void take_opening();
  void take_thought(Parts& parts);
  void take_text(Parts& parts);

  Start state_;
  bool after_thought_ = false;  ///< blank lines between thought and answer are neither
  std::string held_;
};

}  // namespace askedit::providers
