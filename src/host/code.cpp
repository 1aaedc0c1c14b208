#include "host/code.h"

#include <algorithm>
#include <array>
#include <utility>

namespace askedit::host {
namespace {

constexpr std::array<std::string_view, 7> kMarkdownTypes{"markdown", "pandoc",  "quarto",    "rmd",
                                                         "mdx",      "vimwiki", "telekasten"};
constexpr std::array<std::string_view, 5> kMarkdownInfos{"markdown", "md", "mdx", "rmd", "qmd"};

constexpr std::size_t kLongTalk = 200;

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether a line of `text` is a fence.
bool has_fence(std::string_view text) {
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    FenceLine line;
    line.add(text.substr(0, end));
    if (line.opens()) return true;
    if (end == text.size()) return false;
    text.remove_prefix(end + 1);
  }
}

/// Whether `test` holds for a part of a dotted file type.
template <class Test>
bool any_part(std::string_view filetype, const Test& test) {
  for (;;) {
    const std::size_t dot = std::min(filetype.find('.'), filetype.size());
    if (test(filetype.substr(0, dot))) return true;
    if (dot == filetype.size()) return false;
    filetype.remove_prefix(dot + 1);
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

/// Whether a line ends with a colon, which may be a wide one.
bool announces(std::string_view line) {
  line = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
  return line.ends_with(':') || line.ends_with("：");
}

std::string_view without_indent(std::string_view line, std::size_t indent) {
  const std::size_t spaces = std::min(line.find_first_not_of(' '), line.size());
  return line.substr(std::min(spaces, indent));
}

}  // namespace

CodeFilter::CodeFilter(std::string_view filetype)
    : filetype_(lower(filetype)),
      markdown_(any_part(filetype_, [](std::string_view part) { return contains(kMarkdownTypes, part); })) {}

CodeFilter::Pieces CodeFilter::feed(std::string_view delta) {
  pass_lines(delta);
  return std::exchange(out_, {});
}

CodeFilter::Pieces CodeFilter::finish(End end) {
  settle(end);
  return std::exchange(out_, {});
}

void CodeFilter::resume(std::string_view part) {
  pass_lines(part);
  settle(End::cut);
  out_.clear();
  forget_watched();
  watching_ = inside();
}

// Line ends ------------------------------------------------------------------------------------------------

void CodeFilter::pass_lines(std::string_view delta) {
  if (delta.empty()) return;
  if (return_held_ && delta.front() != '\n') pass("\r");
  return_held_ = delta.ends_with('\r');
  if (return_held_) delta.remove_suffix(1);
  for (std::size_t at; (at = delta.find("\r\n")) != std::string_view::npos;) {
    pass(delta.substr(0, at));
    delta.remove_prefix(at + 1);
  }
  pass(delta);
}

void CodeFilter::pass(std::string_view text) {
  if (watching_)
    watch(text);
  else
    take(text);
}

// A fence that is opened again -----------------------------------------------------------------------------

void CodeFilter::watch(std::string_view text) {
  while (watching_ && deferred_ == Deferred::no && !text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t next = std::min(end + 1, text.size());
    watched_line_.add(text.substr(0, end));
    watched_ += text.substr(0, next);
    text.remove_prefix(next);
    const bool is_text = !watched_line_.blank() && !watched_line_.may_open();
    if (!doubt_.empty() && (end < next || is_text))
      join_doubt();
    else if (end < next)
      end_watched_line();
    else if (is_text && !may_be_talk())
      stop_watching();
  }
  if (deferred_ == Deferred::no)
    take(text);
  else
    defer(text);
}

void CodeFilter::end_watched_line() {
  if (watched_line_.blank()) {
    if (!watched_talk_) take(std::exchange(watched_, {}));
    watching_ = inside();
  } else {
    if (is_in_doubt()) {
      deferred_at_ = watched_.size();
      deferred_ = Deferred::blank;
      return;
    }
    if (watched_line_.opens() || !may_be_talk() || !announces(watched_)) return stop_watching();
    watched_talk_ = true;
  }
  watched_line_ = {};
}

/// One line such as "Here is the rest:" goes if a fence that names a language follows it. In Markdown such a
/// fence is content.
bool CodeFilter::may_be_talk() const {
  return mode_ == Mode::block && !markdown_ && !watched_talk_ && watched_.size() <= kLongTalk;
}

void CodeFilter::stop_watching() {
  watching_ = false;
  if (is_opened_again()) return open_again();
  take(std::exchange(watched_, {}));
}

void CodeFilter::forget_watched() {
  watched_.clear();
  watched_line_ = {};
  watched_talk_ = false;
  deferred_ = Deferred::no;
  deferred_line_ = {};
  deferred_indented_ = false;
}

/// In Markdown a block of another language is content.
bool CodeFilter::is_opened_again() const {
  if (!watched_line_.opens()) return false;
  if (watched_line_.info().empty()) return mode_ == Mode::plain && !markdown_;
  return !markdown_ || names_markdown(watched_line_.info());
}

void CodeFilter::open_again() {
  fence_ = watched_line_.fence();
  if (mode_ == Mode::plain) mode_ = markdown_ ? Mode::unwrapped : Mode::block;
  closing_.clear();
  if (released_) return;
  held_.clear();
  line_ = {};
}

// A bare fence at the start of the rest --------------------------------------------------------------------

/// At a cut nothing is known of a fence that nothing comes after, nor of half a fence.
void CodeFilter::keep_doubt() {
  doubt_ += watched_;
  forget_watched();
}

/// A fence that begins the next part stands for what was in doubt, unless it is the other half of it.
void CodeFilter::join_doubt() {
  FenceLine joined;
  joined.add(std::string_view(doubt_).substr(doubt_.rfind('\n') + 1));
  joined.add(std::string_view(watched_).substr(0, watched_.find('\n')));
  const bool is_half = joined.closes(fence_) && !watched_line_.closes(fence_);
  const std::string doubt = std::exchange(doubt_, {});
  const std::string text = (watched_line_.opens() && !is_half ? "" : doubt) + watched_;
  forget_watched();
  watch(text);
}

/// Whether the watched line may close the block, or open it again.
bool CodeFilter::is_in_doubt() const {
  return watched_line_.opens() && watched_line_.info().empty() &&
         (mode_ == Mode::block || mode_ == Mode::unwrapped);
}

void CodeFilter::defer(std::string_view text) {
  watched_ += text;
  for (std::size_t i = 0; i < text.size() && deferred_ == Deferred::blank; ++i) look_at_deferred(text[i]);
  // No talk is indented.
  const bool is_code = deferred_ == Deferred::text && deferred_indented_;
  if (is_code && mode_ == Mode::block && watched_line_.closes(fence_)) open_deferred();
}

void CodeFilter::look_at_deferred(char c) {
  if (c == '\n') {
    if (!deferred_line_.blank()) deferred_ = Deferred::text;
    deferred_line_ = {};
    deferred_indented_ = false;
    return;
  }
  const bool was_blank = deferred_line_.blank();
  deferred_line_.add({&c, 1});
  if (was_blank && deferred_line_.blank()) deferred_indented_ = true;
  if (!deferred_line_.blank() && !deferred_line_.may_open()) deferred_ = Deferred::text;
}

void CodeFilter::decide(End end) {
  CodeFilter opened = *this;
  opened.open_deferred();
  CodeFilter closed = *this;
  closed.close_deferred();
  const bool opened_matches = opened.ends_closed();
  bool closed_matches = closed.ends_closed();
  if (!opened_matches && !closed_matches && may_close_unlike()) {
    closed = *this;
    closed.close_unlike();
    closed_matches = closed.ends_closed();
  }
  CodeFilter& better = opens_again_rather(opened_matches, closed_matches, end) ? opened : closed;
  *this = std::move(better);
}

/// In an answer that came to its end, the fences after the first one match in one of the two readings only,
/// but for odd ones. In one that was cut, the block need not be closed.
bool CodeFilter::opens_again_rather(bool opened_matches, bool closed_matches, End end) const {
  const bool in_a_line = released_ && !line_.blank();
  if (opened_matches && closed_matches) return !markdown_ && (in_a_line || watched_line_.closes(fence_));
  if (opened_matches) return true;
  if (!closed_matches) return !markdown_;
  return end == End::cut && !markdown_ && !has_fence(std::string_view(watched_).substr(deferred_at_));
}

/// Whether the block may be meant to end with a fence that is not like its own.
bool CodeFilter::may_close_unlike() const {
  return mode_ == Mode::block && !markdown_ && !watched_talk_ && !watched_line_.closes(fence_);
}

void CodeFilter::close_unlike() {
  watching_ = false;
  deferred_ = Deferred::no;
  if (released_) end_line();
  close();
  line_ = {};
  take(std::exchange(watched_, {}).substr(deferred_at_));
}

void CodeFilter::open_deferred() {
  watching_ = false;
  deferred_ = Deferred::no;
  open_again();
  take(std::exchange(watched_, {}).substr(deferred_at_));
}

/// Takes it as it stands, but for a fence that closes the block where the line before it was not ended.
void CodeFilter::close_deferred() {
  watching_ = false;
  deferred_ = Deferred::no;
  if (watched_line_.closes(fence_) && released_ && !watched_talk_) end_line();
  take(std::exchange(watched_, {}));
}

/// Whether no block would be open if this were the end.
bool CodeFilter::ends_closed() const {
  CodeFilter ended = *this;
  if (!ended.line_.blank()) ended.end_line();
  return ended.mode_ == Mode::prose ||
         (ended.mode_ == Mode::unwrapped && ended.depth_ == 0 && !ended.closing_.empty());
}

// Lines ----------------------------------------------------------------------------------------------------

void CodeFilter::take(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) add_to_line(text.substr(0, end));
    if (end == text.size()) return;
    end_line();
    text.remove_prefix(end + 1);
  }
}

void CodeFilter::add_to_line(std::string_view piece) {
  line_.add(piece);
  if (released_) return write(piece);
  if (inside()) {
    held_ += piece;
    if (!must_hold()) release();
  } else if (mode_ != Mode::prose) {
    kept_ += piece;
    if (mode_ == Mode::start && !line_.blank() && !line_.may_open()) begin_without_fence();
  }
}

void CodeFilter::end_line() {
  switch (mode_) {
    case Mode::start:
      end_first_line();
      break;
    case Mode::undecided:
      kept_ += '\n';
      if (line_.opens()) open();
      break;
    case Mode::prose:
      if (line_.opens()) open();
      break;
    case Mode::block:
      end_block_line();
      break;
    case Mode::plain:
      if (!released_) release();
      break;
    case Mode::wrapped:
      end_wrapped_line();
      break;
    case Mode::unwrapped:
      end_unwrapped_line();
      break;
  }
  line_ = {};
  released_ = false;
}

void CodeFilter::end_first_line() {
  if (line_.blank()) return kept_.clear();
  if (line_.opens()) return markdown_ ? wrap() : open();
  begin_without_fence();
  end_line();
}

void CodeFilter::begin_without_fence() {
  if (markdown_) return replay(Mode::plain, 0);
  mode_ = Mode::undecided;
}

void CodeFilter::open() {
  kept_.clear();
  fence_ = line_.fence();
  depth_ = 0;
  began_block_ = false;
  mode_ = Mode::block;
}

void CodeFilter::end_block_line() {
  const bool closes = !released_ && line_.closes(fence_);
  if (closes && depth_ == 0) return close();
  if (!released_) release();
  if (closes) --depth_;
  if (line_.nests_in(fence_)) ++depth_;
}

void CodeFilter::close() {
  if (!began_block_) begin_block();
  held_.clear();
  mode_ = Mode::prose;
}

/// Takes what was kept again, now that it is known what it is.
void CodeFilter::replay(Mode mode, std::size_t from) {
  mode_ = mode;
  line_ = {};
  depth_ = 0;
  const std::string text = std::exchange(kept_, {});
  take(std::string_view(text).substr(from));
}

// Markdown in a fence --------------------------------------------------------------------------------------

void CodeFilter::wrap() {
  kept_ += '\n';
  wrap_size_ = kept_.size();
  wrap_is_markdown_ = line_.info().empty() || names_markdown(line_.info());
  fence_ = line_.fence();
  depth_ = 1;
  mode_ = Mode::wrapped;
}

void CodeFilter::end_wrapped_line() {
  kept_ += '\n';
  count_wrapped_line();
  if (closed_early_ && !wrap_is_markdown_) replay(Mode::plain, 0);
}

/// A bare fence outside of all blocks opens one.
void CodeFilter::count_wrapped_line() {
  if (line_.blank()) return;
  closed_early_ = closed_early_ || depth_ == 0;
  last_line_closes_ = line_.closes(fence_);
  if (last_line_closes_) depth_ = depth_ > 0 ? depth_ - 1 : 1;
  if (line_.nests_in(fence_)) ++depth_;
}

/// Whether the fence on the first line is to go. Around Markdown it is more likely that fences inside are odd
/// than that it belongs to a block of the text.
bool CodeFilter::is_wrapping(End end) const {
  if (wrap_is_markdown_) return end == End::cut || last_line_closes_ || depth_ > 0;
  return end == End::proper && closed_by_its_last_line();
}

void CodeFilter::end_unwrapped_line() {
  if (!released_ && line_.closes(fence_)) return hold_closing();
  if (!released_ && line_.blank() && !closing_.empty()) {
    closing_ += std::exchange(held_, {}) + '\n';
    return;
  }
  if (!released_) release();
  if (line_.nests_in(fence_)) ++depth_;
}

void CodeFilter::hold_closing() {
  release_closing();
  closing_ = std::exchange(held_, {}) + '\n';
}

void CodeFilter::release_closing() {
  if (closing_.empty()) return;
  depth_ = depth_ > 0 ? depth_ - 1 : 1;
  std::string_view rest = closing_;
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1))
    write_line(rest.substr(0, end));
  closing_.clear();
}

// The end --------------------------------------------------------------------------------------------------

void CodeFilter::settle(End end) {
  if (end == End::proper && std::exchange(return_held_, false)) pass("\r");
  if (watching_) settle_watched(end);
  if (!inside()) settle_outside(end);
  if (mode_ == Mode::wrapped) settle_wrapped(end);
  if (inside()) settle_inside(end);
}

void CodeFilter::settle_watched(End end) {
  const bool begun = deferred_ == Deferred::no && !watched_talk_ && watched_line_.may_open() &&
                     (!watched_line_.blank() || !doubt_.empty());
  if (end == End::cut && (begun || deferred_ == Deferred::blank)) return keep_doubt();
  if (!doubt_.empty()) join_doubt();
  if (!watching_) return;
  if (deferred_ == Deferred::no) {
    if (!is_in_doubt()) return stop_watching();
    deferred_at_ = watched_.size();
  }
  decide(end);
}

/// A fence that is the last of an answer opens nothing; what stands before it is prose all the same.
void CodeFilter::settle_outside(End end) {
  if (mode_ == Mode::wrapped) return;
  if (end == End::proper && !line_.blank()) end_line();
  if (mode_ == Mode::undecided && !line_.opens()) replay(Mode::plain, 0);
}

void CodeFilter::settle_wrapped(End end) {
  count_wrapped_line();
  const bool wrapping = is_wrapping(end);
  replay(wrapping ? Mode::unwrapped : Mode::plain, wrapping ? wrap_size_ : 0);
}

void CodeFilter::settle_inside(End end) {
  if (end == End::proper) {
    if (!held_.empty()) end_line();
    if (!closing_.empty() && !began_block_) begin_block();
  } else {
    if (depth_ > 0) release_closing();
    if (!held_.empty() && line_.blank() && closing_.empty()) release();
  }
}

// What is given --------------------------------------------------------------------------------------------

/// Whether the present line may be no content.
bool CodeFilter::must_hold() const {
  if (mode_ == Mode::plain) return false;
  return line_.may_close(fence_) || (line_.blank() && !closing_.empty());
}

void CodeFilter::release() {
  release_closing();
  write_line(std::exchange(held_, {}));
  released_ = true;
}

void CodeFilter::write_line(std::string_view line) {
  if (began_block_)
    write("\n");
  else
    begin_block();
  write(mode_ == Mode::plain ? line : without_indent(line, fence_.indent));
}

void CodeFilter::begin_block() {
  if (began_any_ && out_.empty()) out_.emplace_back();
  out_.emplace_back();
  began_any_ = began_block_ = true;
}

void CodeFilter::write(std::string_view text) {
  if (text.empty()) return;
  if (out_.empty()) out_.emplace_back();
  out_.back() += text;
}

bool CodeFilter::names_markdown(std::string_view info) const {
  const std::string name = lower(info.substr(0, info.find_first_of(" \t\r,{")));
  return contains(kMarkdownInfos, name) || name == filetype_ ||
         any_part(filetype_, [&](std::string_view part) { return part == name; });
}

}  // namespace askedit::host
