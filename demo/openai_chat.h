// The wire of OpenAI's Chat Completions, from the server's side: answers as streams of server-sent events.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "replies.h"

namespace askedit::demo {

/// A response that is no stream.
struct Response {
  int status;        ///< of HTTP
  std::string body;  ///< JSON
};

/// Who gets a stream.
struct Client {
  std::function<bool(std::string_view)> write;  ///< false: the client is gone
  std::function<bool()> is_there;
};

/// Speaks like a server with two models: one thinks first, the other is faster. Any thread.
class OpenAiChat {
 public:
  /// `token` is the only one accepted.
  explicit OpenAiChat(const std::string& token) : authorization_("Bearer " + token) {}

  /// The list of models, for a request with that header.
  Response models(const std::string& authorization) const;

  /// What a request asks, from that header and its body.
  std::variant<Question, Response> read(const std::string& authorization, const std::string& body) const;

  /// Writes the whole stream, at the pace of the model, or until the client is gone.
  void answer(const Question& question, const Client& client);

 private:
  const std::string authorization_;
  std::atomic<int> answers_ = 0;
};

}  // namespace askedit::demo
