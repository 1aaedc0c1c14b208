/// Event streams: server-sent events (the WHATWG grammar) and newline-delimited JSON. Bytes in, events out;
/// no I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http.h"

namespace askedit::net {

/// The longest line, and the longest data of one event.
inline constexpr std::size_t kMaxEvent = std::size_t{8} << 20;

/// Splits a byte stream at LF, CR LF and, for SseDecoder, a lone CR. Each byte is looked at once, whatever
/// the split.
class LineSplitter {
 public:
  using Sink = std::function<Flow(std::string_view line)>;
  enum class Ends { lf, lf_or_cr };
  explicit LineSplitter(Ends ends) : ends_(ends) {}

  /// Calls `sink` for every line that is complete, without its end; stops after Flow::stop. Fails with
  /// `too_large` if a line is longer than kMaxEvent.
  Result<void> feed(std::string_view bytes, const Sink& sink);
  /// The unfinished last line, or empty.
  std::string take_rest();

 private:
  Ends ends_;
  std::string line_;
  bool after_cr_ = false;
};

struct SseEvent {
  std::string event;  ///< "message" unless the stream named another
  std::string data;   ///< valid UTF-8
  std::string id;     ///< the last id of the stream so far
};

class SseDecoder {
 public:
  using Sink = std::function<Flow(const SseEvent&)>;
  enum class AtEnd { discard, flush };

  /// Any split of the bytes, inside characters and line ends too. An event is told as soon as its empty line
  /// is there. Fails with `too_large` past kMaxEvent. After that or Flow::stop nothing more is told.
  Result<void> feed(std::string_view bytes, const Sink& sink);

  /// The stream is over. The grammar discards an event without its empty line; servers that imitate others
  /// forget that line, so AtEnd::flush tells it.
  void finish(AtEnd mode, const Sink& sink);

  const std::string& last_id() const { return last_id_; }
  std::optional<std::uint64_t> retry() const { return retry_; }
  std::size_t comment_lines() const { return comment_lines_; }
  /// The lines that are none of the grammar's fields, the first 64 KiB: some servers write an error so.
  const std::string& stray() const { return stray_; }

 private:
  Flow take_line(std::string_view line, const Sink& sink);
  void take_field(std::string_view line);
  Flow dispatch(const Sink& sink);

  LineSplitter lines_{LineSplitter::Ends::lf_or_cr};
  bool first_line_ = true;
  bool stopped_ = false;
  bool too_large_ = false;
  std::string event_;
  std::string data_;
  std::string next_id_;
  std::string last_id_;
  std::optional<std::uint64_t> retry_;
  std::size_t comment_lines_ = 0;
  std::string stray_;
};

/// One JSON text a line; blank lines are skipped and the last line may lack its end.
class NdjsonDecoder {
 public:
  using Sink = LineSplitter::Sink;
  /// Fails with `too_large` past kMaxEvent. After that or Flow::stop nothing more is told.
  Result<void> feed(std::string_view bytes, const Sink& sink);
  void finish(const Sink& sink);

 private:
  LineSplitter lines_{LineSplitter::Ends::lf};
  bool stopped_ = false;
};

}  // namespace askedit::net
