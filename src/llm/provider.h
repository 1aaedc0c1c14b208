/// The interface of a wire dialect: a conversation to a request, the response to events.
#pragma once

#include <memory>
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
  /// The body is complete: emits the terminal event unless feed() did.
  virtual void end(const EventSink& sink) = 0;
};

/// What a provider makes of a conversation.
struct Call {
  net::HttpRequest request;
  std::unique_ptr<StreamDecoder> decoder;
  std::string model;     ///< as asked for, to be shown until the server names its own
  milliseconds silence;  ///< how long the server may send nothing before the call fails
};

/// One configured dialect; stateless between calls.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual Call encode(const Conversation& conversation, const Secret& key) const = 0;
};

/// A row of the provider table (providers/table.h): a name, what is used where the settings say nothing, and
/// the maker.
struct Dialect {
  std::string_view name;
  std::string_view url;
  std::string_view model;
  std::string_view key;  ///< source, as load_key() takes it
  /// Checks the settings; fails with `config`, naming the setting and what it accepts.
  Result<std::unique_ptr<Provider>> (*make)(const Json& settings);
};

}  // namespace askedit::llm
