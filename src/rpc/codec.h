/// Bytes to msgpack-RPC messages and back. Knows the format, nothing of the methods.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace askedit::rpc {

/// A message longer than this ends the connection, so that memory is bounded whatever the peer sends.
inline constexpr std::size_t kMaxFrame = std::size_t{64} << 20;

/// One message of the msgpack-RPC specification. Only the members of its type are set.
struct Message {
  enum class Type { request, response, notification };
  Type type;
  std::uint64_t id = 0;  ///< request and response
  std::string method;    ///< request and notification
  Json params;           ///< request and notification: an array
  Json error;            ///< response: null if it succeeded
  Json result;           ///< response
};

/// Turns a byte stream into values. Strings are kept byte for byte; ext values become null; the key of a map
/// that is no string becomes its JSON text.
class Decoder {
 public:
  Decoder();
  ~Decoder();

  void feed(std::string_view bytes);

  /// The next whole value, or nothing until more bytes come. After an error (no msgpack, over kMaxFrame or
  /// kMaxDepth) the stream is lost and every further call fails.
  Result<std::optional<Json>> next();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

/// The message that `value` is, or nothing if it is none.
std::optional<Message> to_message(Json value);

std::string encode_request(std::uint64_t id, std::string_view method, const Json& params);
std::string encode_response(std::uint64_t id, const Json& error, const Json& result);

}  // namespace askedit::rpc
