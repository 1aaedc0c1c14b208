#include "rpc/peer.h"

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::rpc;
using namespace std::string_literals;

namespace {

std::vector<Message> messages_of(std::string_view bytes) {
  Decoder decoder;
  decoder.feed(bytes);
  std::vector<Message> messages;
  for (;;) {
    auto next = decoder.next();
    REQUIRE(next);
    if (!*next) return messages;
    messages.push_back(to_message(**std::move(next)).value());
  }
}

}  // namespace

TEST_CASE("A notification reaches its handler with its first argument", "[peer]") {
  Peer peer;
  std::string got;
  peer.on("m", [&](const Json& argument) { got += dump_json(argument) + ";"; });
  CHECK(peer.receive("\x93\x02\xa1m\x92\x01\x02"s));
  CHECK(peer.receive("\x93\x02\xa1m\x90"s));
  CHECK(peer.receive("\x93\x02\xa1z\x91\x09"s));  // unknown: ignored
  CHECK(got == "1;null;");
  CHECK(peer.pending().empty());
}

TEST_CASE("A request is answered with an error", "[peer]") {
  Peer peer;
  CHECK(peer.receive("\x94\x00\x05\xa4poll\x90"s));
  const auto answers = messages_of(peer.pending());
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].type == Message::Type::response);
  CHECK(answers[0].id == 5);
  CHECK(answers[0].error.is_string());
  CHECK(answers[0].result.is_null());
}

TEST_CASE("A value that is no message is dropped, and the stream goes on", "[peer]") {
  Peer peer;
  int calls = 0;
  peer.on("m", [&](const Json&) { ++calls; });
  CHECK(peer.receive("\xff\xff\xff\x93\x02\xa1m\x90"s));
  CHECK(calls == 1);
}

TEST_CASE("A lost stream stays lost", "[peer]") {
  Peer peer;
  CHECK(!peer.receive("\xc1"));
  CHECK(!peer.receive("\x93\x02\xa1m\x90"s));
}

TEST_CASE("Half a message is waited for", "[peer]") {
  Peer peer;
  int calls = 0;
  peer.on("m", [&](const Json&) { ++calls; });
  CHECK(peer.receive("\x93\x02\xa1"s));
  CHECK(calls == 0);
  CHECK(peer.receive("m\x90"));
  CHECK(calls == 1);
}

TEST_CASE("Each reply finds its request, whatever the order; a second one is ignored", "[peer]") {
  Peer peer;
  std::string got;
  for (const std::string name : {"a", "b"})
    peer.request("f", Json::array(), [&got, name](const Json& error, const Json& result) {
      got += name + dump_json(error) + dump_json(result) + ";";
    });
  CHECK(peer.receive(encode_response(2, nullptr, "ok")));
  CHECK(peer.receive(encode_response(1, "why", nullptr)));
  CHECK(peer.receive(encode_response(1, nullptr, "ok")));
  CHECK(peer.receive(encode_response(99, nullptr, "ok")));
  CHECK(got == "bnull\"ok\";a\"why\"null;");
}

TEST_CASE("A handler may make a request, also from inside a reply", "[peer]") {
  Peer peer;
  int replies = 0;
  peer.on("m", [&](const Json&) {
    peer.request("f", Json::array(), [&](const Json&, const Json&) {
      if (++replies < 3) peer.request("f", Json::array(), [&](const Json&, const Json&) { ++replies; });
    });
  });
  CHECK(peer.receive("\x93\x02\xa1m\x90"s + encode_response(1, nullptr, 1) + encode_response(2, nullptr, 1)));
  CHECK(replies == 2);
  CHECK(messages_of(peer.pending()).size() == 2);
}

TEST_CASE("Messages wait whole and in order while ids pass 10, 13, 255 and 256", "[peer]") {
  Peer peer;
  for (int i = 1; i <= 300; ++i) {
    peer.request("f", Json::array({i}), [](const Json&, const Json&) {});
    const auto waiting = messages_of(peer.pending());  // REQUIREs whole messages
    REQUIRE(waiting.size() == static_cast<std::size_t>((i - 1) % 7 + 1));
    CHECK(waiting.back().id == static_cast<std::uint64_t>(i));
    if (i % 7 == 0) peer.written(peer.pending().size());
  }
}

TEST_CASE("What was half written goes on where it stopped, before anything else", "[peer]") {
  Peer peer;
  std::string stream;
  for (int i = 0; i < 50; ++i) {
    peer.request("method", Json::array({i}), [](const Json&, const Json&) {});
    const std::size_t size = std::min<std::size_t>(peer.pending().size(), 5);
    stream += peer.pending().substr(0, size);
    peer.written(size);
  }
  stream += peer.pending();
  const auto messages = messages_of(stream);
  REQUIRE(messages.size() == 50);
  for (std::size_t i = 0; i < 50; ++i) CHECK(messages[i].params[0] == Json(i));
}
