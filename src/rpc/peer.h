/// The other end of the pipe: incoming messages to handlers, our requests to their replies, and what waits to
/// be written.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rpc/codec.h"

namespace askedit::rpc {

/// Loop thread only. Does no I/O: bytes go in by receive() and come out of pending().
class Peer {
 public:
  /// Called with the first argument of a notification; null if there is none.
  using NotificationHandler = std::function<void(const Json& argument)>;
  /// Exactly one of the two is not null.
  using ReplyHandler = std::function<void(const Json& error, const Json& result)>;

  /// Names the handler of a notification. Later notifications of other names are ignored.
  void on(std::string method, NotificationHandler handler) {
    handlers_[std::move(method)] = std::move(handler);
  }

  /// Decodes and dispatches. Fails if the stream is lost, and then for ever. A handler may call request().
  Result<void> receive(std::string_view bytes);

  /// Queues a request. `reply` is called once, when and if the answer comes; there is no time limit.
  void request(std::string_view method, const Json& params, ReplyHandler reply);

  /// Whole messages that wait to be written, oldest first; valid until the next call of this object.
  std::string_view pending() const { return std::string_view(outbox_).substr(written_); }
  /// The first `size` bytes of pending() have been written.
  void written(std::size_t size);

 private:
  void dispatch(Message message);

  Decoder decoder_;
  std::unordered_map<std::string, NotificationHandler> handlers_;
  std::unordered_map<std::uint64_t, ReplyHandler> replies_;
  std::uint64_t next_id_ = 1;
  std::string outbox_;
  std::size_t written_ = 0;
};

}  // namespace askedit::rpc
