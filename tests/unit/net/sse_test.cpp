// Event streams: the vectors of sse-vectors.json, each in its own chunks, at once, and byte by byte; and the
// limits.
#include "net/sse.h"

#include <fstream>
#include <iterator>

#include "base/json.h"
#include "unit/catch.h"

using namespace askedit;
using namespace askedit::net;

namespace {

std::string decode_base64(std::string_view text) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

std::vector<std::string> chunks_of(const Json& vector) {
  std::vector<std::string> chunks;
  for (const Json& chunk : vector["chunks"])
    chunks.push_back(vector["encoding"] == "base64" ? decode_base64(chunk.get<std::string>())
                                                    : chunk.get<std::string>());
  return chunks;
}

std::string joined(const std::vector<std::string>& chunks) {
  std::string all;
  for (const std::string& chunk : chunks) all += chunk;
  return all;
}

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  return bytes;
}

Json decoded(const std::vector<std::string>& chunks, SseDecoder::AtEnd mode) {
  SseDecoder decoder;
  Json events = Json::array();
  const auto keep = [&](const SseEvent& event) {
    events.push_back({{"event", event.event}, {"data", event.data}, {"id", event.id}});
    return Flow::go_on;
  };
  for (const std::string& chunk : chunks) REQUIRE(decoder.feed(chunk, keep));
  decoder.finish(mode, keep);
  return {{"events", events},
          {"last_event_id", decoder.last_id()},
          {"retry_ms", decoder.retry() ? Json(*decoder.retry()) : Json()},
          {"comment_lines", decoder.comment_lines()}};
}

Json vectors() {
  std::ifstream file(ASKEDIT_RECORDINGS "/../net/sse-vectors.json");
  REQUIRE(file);
  return Json::parse(file)["vectors"];
}

}  // namespace

TEST_CASE("Every vector gives the events of the grammar, however its bytes are split", "[sse]") {
  const Json all = vectors();
  REQUIRE(all.size() == 82);
  for (const Json& vector : all) {
    INFO(vector["id"] << ": " << vector["title"]);
    const auto chunks = chunks_of(vector);
    const std::string bytes = joined(chunks);
    for (const auto& pieces : {chunks, std::vector{bytes}, bytes_of(bytes)}) {
      CHECK(decoded(pieces, SseDecoder::AtEnd::discard) == vector["expected"]);
      const Json flushed = vector.value("expected_flush_at_eof", vector["expected"]["events"]);
      CHECK(decoded(pieces, SseDecoder::AtEnd::flush)["events"] == flushed);
    }
  }
}

TEST_CASE("Nothing is told after the handler has stopped the stream", "[sse]") {
  SseDecoder decoder;
  int told = 0;
  const auto stop = [&](const SseEvent&) {
    ++told;
    return Flow::stop;
  };
  REQUIRE(decoder.feed("data: 1\n\ndata: 2\n\n", stop));
  REQUIRE(decoder.feed("data: 3\n\n", stop));
  decoder.finish(SseDecoder::AtEnd::flush, stop);
  CHECK(told == 1);
}

TEST_CASE("A line or an event over the limit fails, whatever its pieces", "[sse]") {
  const auto ignore = [](const SseEvent&) { return Flow::go_on; };
  const std::string piece(1 << 20, 'x');
  SseDecoder one_line;
  SseDecoder many_lines;
  Result<void> line, event;
  for (int i = 0; i < 9 && line; ++i) line = one_line.feed(piece, ignore);
  for (int i = 0; i < 9 && event; ++i) event = many_lines.feed("data: " + piece + "\n", ignore);
  REQUIRE(!line);
  REQUIRE(!event);
  CHECK(line.error().kind == ErrorKind::too_large);
  CHECK(event.error().kind == ErrorKind::too_large);
  int told = 0;
  const auto count = [&](const SseEvent&) {
    ++told;
    return Flow::go_on;
  };
  for (SseDecoder* decoder : {&one_line, &many_lines}) {
    CHECK(decoder->feed("\n\ndata: more\n\n", count));
    decoder->finish(SseDecoder::AtEnd::flush, count);
  }
  CHECK(told == 0);
}

TEST_CASE("Lines that are no fields are kept apart, so many and no more", "[sse]") {
  SseDecoder decoder;
  const auto ignore = [](const SseEvent&) { return Flow::go_on; };
  REQUIRE(decoder.feed("data: x\nid: 1\n: note\nretry: no\n\nerror: {\n  \"a\": 1\n}\n", ignore));
  CHECK(decoder.stray() == "error: {\n  \"a\": 1\n}\n");
  for (int i = 0; i < 100; ++i) REQUIRE(decoder.feed(std::string(1000, 'x') + "\n", ignore));
  CHECK(decoder.stray().size() < 64 * 1024);
}

TEST_CASE("An NDJSON line over the limit fails, and nothing is told after it", "[sse]") {
  NdjsonDecoder decoder;
  int told = 0;
  const auto count = [&](std::string_view) {
    ++told;
    return Flow::go_on;
  };
  Result<void> fed;
  for (int i = 0; i < 9 && fed; ++i) fed = decoder.feed(std::string(1 << 20, 'x'), count);
  REQUIRE(!fed);
  CHECK(fed.error().kind == ErrorKind::too_large);
  CHECK(decoder.feed("\n{}\n", count));
  decoder.finish(count);
  CHECK(told == 0);
}

TEST_CASE("NDJSON is told line by line, blank lines left out, the last with or without its end", "[sse]") {
  const std::string text = "{\"a\":1}\n\r\n  \n{\"b\":\"\u2028\"}\r\n{\"c\":3}";
  for (const auto& pieces : {std::vector{text}, bytes_of(text)}) {
    NdjsonDecoder decoder;
    std::vector<std::string> lines;
    const auto keep = [&](std::string_view line) {
      lines.emplace_back(line);
      return Flow::go_on;
    };
    for (const std::string& piece : pieces) REQUIRE(decoder.feed(piece, keep));
    decoder.finish(keep);
    CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{\"b\":\"\u2028\"}\r", "{\"c\":3}"});
  }
}

TEST_CASE("An error line after text is told after it, wherever the bytes are cut", "[sse]") {
  const std::string text = R"({"message":{"role":"assistant","content":"Yes é"},"done":false})";
  const std::string error = R"({"error":"runner stopped"})";
  for (const std::string& bytes : {text + "\n" + error, text + "\r\n" + error + "\n"}) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      NdjsonDecoder decoder;
      std::vector<Json> told;
      const auto keep = [&](std::string_view line) {
        told.push_back(parse_json(line).value());
        return Flow::go_on;
      };
      REQUIRE(decoder.feed(bytes.substr(0, cut), keep));
      REQUIRE(decoder.feed(bytes.substr(cut), keep));
      decoder.finish(keep);
      REQUIRE(told == std::vector{Json::parse(text), Json::parse(error)});
    }
  }
}
