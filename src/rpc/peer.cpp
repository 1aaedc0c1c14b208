#include "rpc/peer.h"

#include <cstdio>

namespace askedit::rpc {

Result<void> Peer::receive(std::string_view bytes) {
  decoder_.feed(bytes);
  for (;;) {
    auto value = decoder_.next();
    if (!value) return tl::make_unexpected(value.error());
    if (!*value) return {};
    auto message = to_message(**std::move(value));
    if (message)
      dispatch(*std::move(message));
    else
      std::fputs("askedit-host: dropped a msgpack value that is no RPC message\n", stderr);
  }
}

void Peer::dispatch(Message message) {
  if (message.type == Message::Type::request) {
    outbox_ += encode_response(message.id, "askedit-host answers no requests: " + message.method, nullptr);
  } else if (message.type == Message::Type::notification) {
    const auto found = handlers_.find(message.method);
    if (found != handlers_.end()) found->second(message.params.empty() ? Json() : message.params[0]);
  } else {
    const auto node = replies_.extract(message.id);
    if (!node.empty()) node.mapped()(message.error, message.result);
  }
}

void Peer::request(std::string_view method, const Json& params, ReplyHandler reply) {
  const std::uint64_t id = next_id_++;
  replies_.emplace(id, std::move(reply));
  outbox_ += encode_request(id, method, params);
}

void Peer::written(std::size_t size) {
  written_ += size;
  if (written_ < outbox_.size()) return;
  outbox_.clear();
  written_ = 0;
}

}  // namespace askedit::rpc
