/// One run's way to the screen: events come in at any rate, draws go out at the editor's.
///
///   events  --t--tttt-ttttttttt--t-----------F
///   draws   --D----D----D----D-----D----------D(end)      D waits for the reply to the D before it,
///              reply                                    and for 16 ms since then unless 8 KiB are there
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/code.h"
#include "llm/job.h"

namespace askedit::host {

using RunId = std::int64_t;

inline constexpr std::size_t kMaxDraw = 8 * 1024;
inline constexpr milliseconds kDrawInterval{16};
inline constexpr milliseconds kLaterInterval{20};

/// Text that waits to be drawn, a piece at a time; each byte is copied once.
class PendingText {
 public:
  void add(std::string_view more) { text_ += more; }
  std::size_t size() const { return text_.size() - taken_; }
  /// At most kMaxDraw bytes, ending between two characters.
  std::string take();

 private:
  std::string text_;
  std::size_t taken_ = 0;
};

/// Code that waits to be drawn, a piece at a time.
class PendingCode {
 public:
  /// As CodeFilter gives it.
  void add(const CodeFilter::Pieces& pieces);
  /// Bytes, and one for each block that begins.
  std::size_t size() const { return text_.size(); }
  /// At most kMaxDraw of it, ending between two characters, as `code` of a draw; empty if nothing waits.
  CodeFilter::Pieces take();

 private:
  PendingText text_;  ///< with a mark where a block begins
  bool began_ = false;
  bool took_ = false;
};

/// Loop thread only. Knows no RPC: it makes the fields of a draw (doc/protocol.md), its owner sends them.
class Run {
 public:
  /// Starts the job of `call`. With a filter the run is an edit: its draws also carry what that gives.
  Run(net::HttpClient& client, llm::Call call, Secret key, Time now,
      std::optional<CodeFilter> filter = std::nullopt);
  /// A run that could not start: it only has its end to tell.
  explicit Run(const Error& error);

  /// Closes the connection; what had come is still drawn.
  void stop();
  /// Lets the job notice its time-out.
  void tick(Time now);
  /// The fields of the draw that is due, if one is; then its reply is owed.
  std::optional<Json> next_draw(Time now);
  /// The reply to the last draw. "later" draws the same again, "ok" gives credit, anything else means the
  /// target is gone.
  void replied(const Json& reply, Time now);
  /// When tick() or next_draw() is to be called again at the latest.
  std::optional<Time> wake_at() const;
  /// Nothing is left to draw and nothing to wait for.
  bool over() const { return told_end_ && (!job_ || job_->closed()); }

 private:
  enum class Credit { free, owed };

  void take(llm::Event event);
  void take_text(const std::string& delta);
  void end_code(CodeFilter::End end);
  void end_with(Json end);
  bool something_to_draw() const;
  bool something_to_read() const;
  bool all_is_drawn() const;
  bool urgent() const;
  Json collect();

  std::unique_ptr<llm::Job> job_;
  Json fields_ = Json::object();  ///< what waits besides text
  PendingText thoughts_;
  PendingText text_;
  PendingCode code_;
  std::optional<CodeFilter> filter_;
  bool drew_text_ = false;
  std::optional<Json> end_;
  std::optional<Json> again_;  ///< the draw that was answered "later"
  Json in_flight_;
  Credit credit_ = Credit::free;
  std::optional<Time> not_before_;
  bool told_end_ = false;  ///< or there is nobody to tell
};

}  // namespace askedit::host
