/// What of an answer is code to be written: the blocks in its fences, or all of it where there are none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/fence.h"

namespace askedit::host {

/// Takes the answer in any pieces and gives its code as early as it is certain; what was given is never taken
/// back. Lines are joined with "\n", which comes with the line after it; "\r\n" counts as "\n". The work is
/// linear in the length of the answer, whatever the pieces. No I/O, no thread.
///
/// In a file of Markdown fences are content: only a pair around the whole answer goes. Elsewhere what is in
/// fences is code and what is around them is not; an answer without a fence is code as a whole, which is
/// known at its end only.
class CodeFilter {
 public:
  /// `proper`: the answer came to its end. `cut`: there might have been more of it.
  enum class End { proper, cut };
  /// The first string goes on with the present block, or begins the first one; each further one begins a new
  /// block. Empty: nothing new.
  using Pieces = std::vector<std::string>;

  /// `filetype` as the editor names it, such as "python" or "markdown.mdx"; may be empty.
  explicit CodeFilter(std::string_view filetype);

  /// What is certain after `delta`.
  Pieces feed(std::string_view delta);
  /// What was held back; to be called last. At a cut, a last line that may be half a fence is left out. An
  /// opened block of which not even its end has come is none.
  Pieces finish(End end);
  /// To be called first, once for each part of an answer that was cut after it: what follows goes on with it,
  /// and its code was given. A fence that the model opens again at the start of what follows is dropped, and
  /// so is a line of talk before it. A bare one opens the block again or closes it, whichever makes the
  /// fences after it match; what comes after it is held back until that is known.
  void resume(std::string_view part);

 private:
  enum class Mode {
    start,      ///< before the first line that is not blank
    undecided,  ///< text that is code if no fence comes
    prose,      ///< between blocks
    block,      ///< in a fence
    plain,      ///< all that comes is code
    wrapped,    ///< Markdown, after a fence that may belong to a pair around all of it
    unwrapped,  ///< Markdown, after the first fence of such a pair
  };

  enum class Deferred {
    no,
    blank,  ///< after a bare fence at the start of what follows resume(): nothing but blanks so far
    text,
  };

  void pass_lines(std::string_view delta);
  void pass(std::string_view text);
  void watch(std::string_view text);
  void end_watched_line();
  bool may_be_talk() const;
  void stop_watching();
  void forget_watched();
  bool is_opened_again() const;
  void open_again();

  void keep_doubt();
  void join_doubt();
  bool is_in_doubt() const;
  void defer(std::string_view text);
  void look_at_deferred(char c);
  void decide(End end);
  bool opens_again_rather(bool opened_matches, bool closed_matches, End end) const;
  bool may_close_unlike() const;
  void close_unlike();
  void open_deferred();
  void close_deferred();
  bool ends_closed() const;

  void take(std::string_view text);
  void add_to_line(std::string_view piece);
  void end_line();
  void end_first_line();
  void end_block_line();
  void end_unwrapped_line();
  void end_wrapped_line();
  void count_wrapped_line();
  bool closed_by_its_last_line() const { return depth_ == 0 && !closed_early_; }
  bool is_wrapping(End end) const;

  void begin_without_fence();
  void wrap();
  void open();
  void close();
  void replay(Mode mode, std::size_t from);

  bool inside() const { return mode_ == Mode::block || mode_ == Mode::plain || mode_ == Mode::unwrapped; }
  bool must_hold() const;
  void release();
  void hold_closing();
  void release_closing();

  void settle(End end);
  void settle_watched(End end);
  void settle_outside(End end);
  void settle_wrapped(End end);
  void settle_inside(End end);

  void begin_block();
  void write_line(std::string_view line);
  void write(std::string_view text);
  bool names_markdown(std::string_view info) const;

  std::string filetype_;
  bool markdown_;
  Mode mode_ = Mode::start;
  bool return_held_ = false;  ///< a "\r" that may belong to a "\n"

  FenceLine line_;         ///< the present line
  bool released_ = false;  ///< the start of the present line was given
  std::string held_;       ///< inside: the present line while it is not released
  std::string kept_;       ///< outside: all that may still be code

  Fence fence_;            ///< of the present block
  std::size_t depth_ = 0;  ///< blocks that are open inside of it; while wrapped, it counts too
  std::size_t wrap_size_ = 0;
  bool wrap_is_markdown_ = false;
  bool closed_early_ = false;
  bool last_line_closes_ = false;
  std::string closing_;  ///< unwrapped: lines that go if nothing follows them

  bool watching_ = false;      ///< what follows resume() may still be a fence, or talk and a fence
  bool watched_talk_ = false;  ///< a line that may be talk was held
  FenceLine watched_line_;
  std::string watched_;
  Deferred deferred_ = Deferred::no;
  std::size_t deferred_at_ = 0;  ///< where in `watched_` the line after the bare fence begins
  FenceLine deferred_line_;      ///< the first line after it that is not blank
  bool deferred_indented_ = false;
  std::string doubt_;  ///< what was watched at a cut: goes before the next part unless a fence begins that

  bool began_any_ = false;    ///< there is a block
  bool began_block_ = false;  ///< the present block is one of them
  Pieces out_;
};

}  // namespace askedit::host
