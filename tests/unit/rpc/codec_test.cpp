#include "rpc/codec.h"

#include <malloc.h>

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::rpc;
using namespace std::string_literals;

namespace {

/// All values of `bytes`; fails the test if the stream is lost.
std::vector<Json> values_of(Decoder& decoder, std::string_view bytes) {
  decoder.feed(bytes);
  std::vector<Json> values;
  for (;;) {
    auto next = decoder.next();
    REQUIRE(next);
    if (!*next) return values;
    values.push_back(**std::move(next));
  }
}

Json value_of(std::string_view bytes) {
  Decoder decoder;
  auto values = values_of(decoder, bytes);
  REQUIRE(values.size() == 1);
  return values[0];
}

/// The error that `bytes` end the stream with.
Error error_of(std::string_view bytes) {
  Decoder decoder;
  decoder.feed(bytes);
  for (;;) {
    auto next = decoder.next();
    if (next) {
      REQUIRE(*next);
      continue;
    }
    CHECK(!decoder.next());  // lost for ever
    return next.error();
  }
}

std::size_t heap_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

TEST_CASE("The three messages are read as the specification writes them", "[codec]") {
  const auto request = to_message(value_of("\x94\x00\x07\xa3run\x91\x01"s));
  REQUIRE(request);
  CHECK(request->type == Message::Type::request);
  CHECK(request->id == 7);
  CHECK(request->method == "run");
  CHECK(dump_json(request->params) == "[1]");

  const auto response = to_message(value_of("\x94\x01\xcd\x01\x00\xc0\xa2ok"s));
  REQUIRE(response);
  CHECK(response->type == Message::Type::response);
  CHECK(response->id == 256);
  CHECK(response->error.is_null());
  CHECK(response->result == Json("ok"));

  const auto notification = to_message(value_of("\x93\x02\xa4stop\x91\x81\xa2id\x07"s));
  REQUIRE(notification);
  CHECK(notification->type == Message::Type::notification);
  CHECK(notification->method == "stop");
  CHECK(dump_json(notification->params) == R"([{"id":7}])");
}

TEST_CASE("Requests and responses are written as the specification says", "[codec]") {
  CHECK(encode_request(7, "f", {1u, "a", nullptr, true, -1, Json::array(), Json::object()}) ==
        "\x94\x00\x07\xa1"s + "f\x97\x01\xa1" + "a\xc0\xc3\xff\x90\x80");
  CHECK(encode_response(255, "no", nullptr) == "\x94\x01\xcc\xff\xa2no\xc0"s);
  CHECK(encode_response(256, nullptr, 1.5) ==
        "\x94\x01\xcd\x01\x00\xc0\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s);
}

TEST_CASE("What is no message is told from one", "[codec]") {
  for (const std::string& bytes : {"\x01"s, "\xc0"s, "\xff"s, "\x90"s, "\x94\x02\xa1m\x90\xc0"s,
                                   "\x93\x02\x01\x90"s, "\x93\x02\xa1m\x80"s, "\x94\x00\xff\xa1m\x90"s,
                                   "\x93\x03\xa1m\x90"s, "\x94\x01\xa1x\xc0\xc0"s, "\x80"s}) {
    CHECK(!to_message(value_of(bytes)));
  }
}

TEST_CASE("A message may be cut at every byte", "[codec]") {
  const std::string first = encode_request(300, "run", {{{"text", "余额"s + '\0' + "不足"}, {"n", -70000}}});
  const std::string both = first + encode_response(13, nullptr, "ok");
  const std::vector<Json> whole = [&] {
    Decoder decoder;
    return values_of(decoder, both);
  }();
  REQUIRE(whole.size() == 2);
  for (std::size_t cut = 0; cut <= both.size(); ++cut) {
    Decoder decoder;
    auto values = values_of(decoder, both.substr(0, cut));
    CHECK(values.size() == (cut < first.size() ? 0u : cut < both.size() ? 1u : 2u));
    for (Json& value : values_of(decoder, both.substr(cut))) values.push_back(std::move(value));
    REQUIRE(values == whole);
  }
  Decoder decoder;
  std::vector<Json> by_bytes;
  for (const char byte : both)
    for (Json& value : values_of(decoder, {&byte, 1})) by_bytes.push_back(std::move(value));
  CHECK(by_bytes == whole);
}

TEST_CASE("Strings keep every byte, both ways", "[codec]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const Json value = value_of(encode_request(1, "m", {all}));
  CHECK(value[3][0].get_ref<const std::string&>() == all);
  CHECK(value_of("\xc4\x03\x00\xff\x41"s).get_ref<const std::string&>() == "\x00\xff\x41"s);  // bin
}

TEST_CASE("Numbers of 64 bits keep every bit", "[codec]") {
  CHECK(value_of("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s) == Json(18446744073709551615u));
  CHECK(value_of("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s) == Json(std::numeric_limits<std::int64_t>::min()));
  CHECK(value_of("\xd0\x07"s).is_number_unsigned());  // a signed format that holds a positive number
  CHECK(value_of("\xca\x3f\xc0\x00\x00"s) == Json(1.5));
  for (const Json& number : {Json(18446744073709551615u), Json(std::numeric_limits<std::int64_t>::min())})
    CHECK(value_of(encode_request(1, "m", Json::array({number})))[3][0] == number);
}

TEST_CASE("Ext values become null, keys that are no strings their JSON text", "[codec]") {
  CHECK(dump_json(value_of("\x92\xd4\x01\x00\xc7\x03\x05"s + "abc")) == "[null,null]");
  CHECK(dump_json(value_of("\x84\x01\xa1"
                           "a\xc3\xa1"
                           "b\x91\x01\xa1"
                           "c\xa1k\xa1"
                           "d"s)) == R"({"1":"a","[1]":"c","k":"d","true":"b"})");
  CHECK(dump_json(value_of("\x81\x81\x01\x02\x81\x03\x04"s)) == R"({"{\"1\":2}":{"3":4}})");
}

TEST_CASE("Bytes FF are values, C1 is no msgpack", "[codec]") {
  Decoder decoder;
  CHECK(values_of(decoder, "\xff\xff\xff").size() == 3);
  CHECK(error_of("\xc1").kind == ErrorKind::protocol);
  CHECK(error_of("\x93\x02\xc1"s).message.find("no msgpack") != std::string::npos);
}

TEST_CASE("A value is read 128 deep and refused at 129", "[codec]") {
  CHECK(value_of(std::string(128, '\x91') + "\x01").is_array());
  CHECK(error_of(std::string(129, '\x91') + "\x01").message.find("128 deep") != std::string::npos);
  CHECK(error_of(std::string(100'000, '\x91')).message.find("128 deep") != std::string::npos);
  std::string maps;
  for (int i = 0; i < 129; ++i) maps += "\x81\xa1k";
  CHECK(error_of(maps).message.find("128 deep") != std::string::npos);
  CHECK(error_of(std::string(129, '\x81')).message.find("128 deep") != std::string::npos);  // maps as keys
}

TEST_CASE("A header that announces much allocates nothing", "[codec]") {
  for (const std::string& header : {"\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff"s, "\xdb\xff\xff\xff\xff"s,
                                    "\xc6\xff\xff\xff\xff"s, "\xc9\xff\xff\xff\xff\x01"s}) {
    const std::size_t before = heap_in_use();
    Decoder decoder;
    CHECK(values_of(decoder, header).empty());
    CHECK(heap_in_use() - before < 1'000'000);
  }
}

TEST_CASE("A message of 5 MB passes, one over 64 MiB does not", "[codec]") {
  const std::string text(5'000'000, 'x');
  CHECK(value_of(encode_request(1, "m", {text}))[3][0].get_ref<const std::string&>() == text);

  Decoder decoder;
  CHECK(values_of(decoder, "\xdb\xff\xff\xff\xff").empty());
  const std::string megabyte(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 63; ++i) CHECK(values_of(decoder, megabyte).empty());
  decoder.feed(megabyte);
  decoder.feed("x");
  const auto next = decoder.next();
  REQUIRE(!next);
  CHECK(next.error().message.find("64 MiB") != std::string::npos);
}

TEST_CASE("Many small messages in one piece are no large one", "[codec]") {
  const std::string one = encode_request(1, "m", {std::string(1'000'000, 'x')});
  std::string many;
  for (int i = 0; i < 70; ++i) many += one;
  Decoder decoder;
  CHECK(values_of(decoder, many).size() == 70);
}

TEST_CASE("A message of over a million values is refused", "[codec]") {
  CHECK(error_of("\xdd\x00\x20\x00\x00"s + std::string(1'100'000, '\x01')).message.find("million") !=
        std::string::npos);
}
