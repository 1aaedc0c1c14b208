/// The interface of a wire dialect: a conversation to a request, the response to events.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/secret.h"
#include "llm/types.h"
#include "net/http.h"

namespace askedit::llm {

/// Reads the body of one successful (2xx) response. Fed with any split of the bytes; does no I/O. After its
/// terminal event it is neither fed nor ended.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  virtual void feed(std::string_view bytes, const EventSink& sink) = 0;
  /// Nothing more comes, be it the end of the body or of the connection: emits the terminal event unless
  /// feed() did, `truncated` if the body is not whole.
  virtual void end(const EventSink& sink) = 0;
};

/// What a provider makes of a conversation.
struct Call {
  net::HttpRequest request;
  std::unique_ptr<StreamDecoder> decoder;
  milliseconds silence;  ///< how long the server may send nothing before the call fails
};

/// One configured dialect; stateless between calls.
class Provider {
 public:
  virtual ~Provider() = default;
  /// Where the key comes from, as load_key() takes it; empty = none is needed, and encode() gets an empty
  /// one.
  virtual std::string key_source() const = 0;
  virtual Call encode(const Conversation& conversation, const Secret& key) const = 0;
  /// Asks for the names of the models: one `models` event before the end. Nothing if the dialect cannot.
  virtual std::optional<Call> list_models(const Secret&) const { return std::nullopt; }
};

/// A row of the provider table (providers/table.h). Services, that is addresses, models and keys, are the
/// shim's data.
struct Dialect {
  std::string_view name;
  /// Checks the settings; fails with `config`, naming the setting and what it accepts.
  Result<std::unique_ptr<Provider>> (*make)(const Json& settings);
};

}  // namespace askedit::llm
