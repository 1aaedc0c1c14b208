#include "rpc/codec.h"

#include <cstring>
#include <msgpack.hpp>
#include <vector>

namespace askedit::rpc {
namespace {

/// Builds a Json value from msgpack-c's parse events. A visitor, not msgpack::object, because the latter
/// allocates what an array's header announces before a single element has come.
class Builder {
 public:
  void init() { *this = Builder(); }
  Json take() { return std::move(root_); }
  /// Why the value cannot be read, or nothing.
  std::optional<std::string_view> fault() const { return fault_; }

  bool visit_nil() { return put(nullptr); }
  bool visit_boolean(bool value) { return put(value); }
  bool visit_positive_integer(std::uint64_t value) { return put(value); }
  /// Called for every signed format, whatever number is in it.
  bool visit_negative_integer(std::int64_t value) {
    return value < 0 ? put(value) : put(static_cast<std::uint64_t>(value));
  }
  bool visit_float32(float value) { return put(value); }
  bool visit_float64(double value) { return put(value); }
  bool visit_str(const char* bytes, std::uint32_t size) { return put(std::string(bytes, size)); }
  bool visit_bin(const char* bytes, std::uint32_t size) { return put(std::string(bytes, size)); }
  bool visit_ext(const char*, std::uint32_t) { return put(nullptr); }

  bool start_array(std::uint32_t) { return open(Json::array()); }
  bool start_array_item() { return true; }
  bool end_array_item() { return true; }
  bool end_array() { return close(); }
  bool start_map(std::uint32_t) { return open(Json::object()); }
  bool start_map_key() { return open(nullptr); }
  bool end_map_key() {
    const Json key = std::move(open_.back());
    open_.pop_back();
    keys_.push_back(key.is_string() ? key.get<std::string>() : dump_json(key));
    return true;
  }
  bool start_map_value() { return true; }
  bool end_map_value() { return true; }
  bool end_map() { return close(); }

  void parse_error(std::size_t, std::size_t) { fault_ = "bytes that are no msgpack"; }
  void insufficient_bytes(std::size_t, std::size_t) {}
  bool referenced() const { return false; }

 private:
  bool open(Json value) {
    if (open_.size() >= static_cast<std::size_t>(kMaxDepth)) fault_ = "a message nested over 128 deep";
    if (!fault_) open_.push_back(std::move(value));
    return !fault_;
  }

  bool close() {
    Json value = std::move(open_.back());
    open_.pop_back();
    return put(std::move(value));
  }

  bool put(Json value) {
    if (++count_ > kMaxValues) fault_ = "a message of over a million values";
    if (fault_) return false;
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_array()) {
      open_.back().push_back(std::move(value));
    } else if (open_.back().is_object()) {
      open_.back()[keys_.back()] = std::move(value);
      keys_.pop_back();
    } else {
      open_.back() = std::move(value);  // the place of a map key
    }
    return true;
  }

  std::vector<Json> open_;  ///< the arrays and maps that have begun, and the places of map keys
  std::vector<std::string> keys_;
  Json root_;
  std::size_t count_ = 0;
  std::optional<std::string_view> fault_;
};

/// The parser holds a share of its buffer for values that point into it; ours never do.
struct NoReferences {
  void operator()(char*) const {}
};

struct Sink {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};
using Packer = msgpack::packer<Sink>;

void pack_string(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

void pack(Packer& packer, const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      packer.pack(value.get<bool>());
      break;
    case Json::value_t::number_integer:
      packer.pack(value.get<std::int64_t>());
      break;
    case Json::value_t::number_unsigned:
      packer.pack(value.get<std::uint64_t>());
      break;
    case Json::value_t::number_float:
      packer.pack(value.get<double>());
      break;
    case Json::value_t::string:
      pack_string(packer, value.get_ref<const std::string&>());
      break;
    case Json::value_t::array:
      packer.pack_array(static_cast<std::uint32_t>(value.size()));
      for (const Json& item : value) pack(packer, item);
      break;
    case Json::value_t::object:
      packer.pack_map(static_cast<std::uint32_t>(value.size()));
      for (const auto& [key, item] : value.items()) {
        pack_string(packer, key);
        pack(packer, item);
      }
      break;
    default:
      packer.pack_nil();
  }
}

bool is_id(const Json& value) {
  return value.is_number_unsigned();
}

}  // namespace

class Decoder::Parser : public msgpack::parser<Parser, NoReferences> {
 public:
  Parser() : parser(no_references_) {}
  Builder& visitor() { return builder_; }
  bool referenced() const { return false; }
  void set_referenced(bool) {}

 private:
  NoReferences no_references_;
  Builder builder_;
};

Decoder::Decoder() : parser_(std::make_unique<Parser>()) {}
Decoder::~Decoder() = default;

void Decoder::feed(std::string_view bytes) {
  parser_->reserve_buffer(bytes.size());
  std::memcpy(parser_->buffer(), bytes.data(), bytes.size());
  parser_->buffer_consumed(bytes.size());
}

Result<std::optional<Json>> Decoder::next() {
  if (parser_->next()) {
    std::optional<Json> value = parser_->visitor().take();
    parser_->reset();
    return value;
  }
  auto fault = parser_->visitor().fault();
  if (parser_->message_size() > kMaxFrame) fault = "a message over 64 MiB";
  if (fault) return fail(ErrorKind::protocol, "the editor sent " + std::string(*fault));
  return std::nullopt;
}

std::optional<Message> to_message(Json value) {
  if (!value.is_array() || value.size() < 3 || !value[0].is_number_unsigned()) return std::nullopt;
  const auto type = value[0].get<std::uint64_t>();
  if (type == 0 && value.size() == 4 && is_id(value[1]) && value[2].is_string() && value[3].is_array())
    return Message{.type = Message::Type::request,
                   .id = value[1].get<std::uint64_t>(),
                   .method = value[2].get<std::string>(),
                   .params = std::move(value[3]),
                   .error = {},
                   .result = {}};
  if (type == 1 && value.size() == 4 && is_id(value[1]))
    return Message{.type = Message::Type::response,
                   .id = value[1].get<std::uint64_t>(),
                   .method = {},
                   .params = {},
                   .error = std::move(value[2]),
                   .result = std::move(value[3])};
  if (type == 2 && value.size() == 3 && value[1].is_string() && value[2].is_array())
    return Message{.type = Message::Type::notification,
                   .id = 0,
                   .method = value[1].get<std::string>(),
                   .params = std::move(value[2]),
                   .error = {},
                   .result = {}};
  return std::nullopt;
}

std::string encode_request(std::uint64_t id, std::string_view method, const Json& params) {
  Sink sink;
  Packer packer(sink);
  packer.pack_array(4).pack(0).pack(id);
  pack_string(packer, method);
  pack(packer, params);
  return std::move(sink.bytes);
}

std::string encode_response(std::uint64_t id, const Json& error, const Json& result) {
  Sink sink;
  Packer packer(sink);
  packer.pack_array(4).pack(1).pack(id);
  pack(packer, error);
  pack(packer, result);
  return std::move(sink.bytes);
}

}  // namespace askedit::rpc
