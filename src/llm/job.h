/// One completion: from its start to exactly one terminal event.
#pragma once

#include <optional>
#include <string>

#include "llm/http_error.h"
#include "llm/provider.h"

namespace askedit::llm {

/// How long the rest of a finished response is waited for, so that its connection can be used again.
inline constexpr milliseconds kDrain{500};

/// Loop thread only. Holds one HTTP request, feeds its body to the provider's decoder and passes the events
/// on, enforcing what is the same for all providers: the event laws, the limits, the time-out, and that the
/// key is in nothing that comes out.
class Job : private net::HttpHandler {
 public:
  /// Starts the request. `sink` hears of every event, from inside perform(), tick() or cancel(); it must not
  /// destroy the job. `client` outlives the job.
  Job(net::HttpClient& client, Call call, Secret key, EventSink sink, Time now);
  ~Job() override;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Closes the connection before it returns; then emits `failed` with kind `cancelled`. Nothing after the
  /// terminal event.
  void cancel();

  /// Ends the job if the server was silent for too long, and the drain of a response that has no end.
  void tick(Time now);
  /// When tick() is to be called next at the latest; nothing once closed().
  std::optional<Time> deadline() const;

  bool ended() const { return ended_; }
  /// The terminal event is out and the connection is closed or free for the next request. Some servers leave
  /// the stream open after their last word: it is then closed after kDrain.
  bool closed() const { return closed_; }

  /// What was sent and how long it took, for the user to read: the `log` map of doc/protocol.md. Holds no
  /// key.
  Json log() const;

 private:
  void on_head(const net::HttpHead& head) override;
  net::Flow on_body(std::string_view bytes) override;
  void on_end(const std::optional<Error>& error, const net::HttpTimings& timings) override;

  void decode(Event event);
  void pass_text(std::string text);
  void pass_thought(std::string text);
  bool fit(std::string& text);
  void emit_text(std::string text);
  void emit_thought(std::string text);
  void finish(Event terminal);
  void close();
  enum class Body { whole, cut };
  std::string masked_error_body(Body state) const;
  bool successful() const { return head_.status >= 200 && head_.status < 300; }

  net::HttpClient& client_;
  std::unique_ptr<StreamDecoder> decoder_;
  Secret key_;
  SecretFilter filter_;
  SecretFilter thought_filter_;
  EventSink sink_;
  EventSink decoded_;
  milliseconds silence_;
  Time heard_at_;
  bool heard_ = false;
  bool ended_ = false;
  bool failed_ = false;  ///< ended with `failed`: the rest of the response is not waited for
  bool closed_ = false;
  net::HttpId request_;
  net::HttpHead head_{};
  net::HttpTimings timings_;
  std::string error_body_;
  std::size_t answer_size_ = 0;
  std::size_t received_ = 0;
  Json log_;
};

}  // namespace askedit::llm
