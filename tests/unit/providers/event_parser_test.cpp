#include "providers/event_parser.h"

#include <array>

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::providers;

namespace {

std::string event(const std::string& delta) {
  return R"({"id":"c-1","choices":[{"index":0,"delta":{)" + delta +
         R"(},"finish_reason":null}],"usage":null})";
}

}  // namespace

TEST_CASE("Whatever came before it, an event is read as if it were alone", "[event_parser]") {
  const std::vector<std::string> events{
      event(R"("content":"one")"),
      event(R"("content":" two")"),
      event(R"("content":"a \"quote\" and a \\")"),
      event(R"("content":"\u4fee\ud83d\udc4d \n")"),
      event(R"("content":"")"),
      event(R"("content":"one","content":"twice")"),
      event(R"("content":"x","role":"assistant")"),
      event(R"("content":"x","other":"y")"),
      event(R"("content":"x\",\"other\":\"y")"),
      event(R"("content":null)"),
      event(R"("content":["x"])"),
      event(R"("reasoning_content":"thinks")"),
      event(R"("reasoning_content":"thinks","content":"says")"),
      event(R"("content": "blanks" )"),
      event("\"content\":\"bad \xFF byte\""),
      event(R"("content":"half \ud83d")"),
      event(R"("content":"the word \"content\": \"x\"")"),
      R"({"content":"elsewhere","choices":[{"delta":{"content":"here"}}]})",
      R"({"content":"elsewhere","choices":[]})",
      R"({"choices":[{"delta":{"cont\u0065nt":"spelt"}}]})",
      R"({"choices":[{"delta":{"content":"a","cont\u0065nt":"b"}}]})",
      R"({"choices":[{"delta":{"content":"b","cont\u0065nt":"b"}}]})",
      R"({"error":{"message":"busy"}})",
      event(R"("content":"cut)"),
      "[]",
      "7",
      "",
      "}",
  };
  for (const std::string& first : events)
    for (const std::string& second : events)
      for (const std::string& third : events) {
        EventParser parser("content", "/choices/0/delta/content");
        for (const auto* data : {&first, &second, &third}) {
          INFO(first << '\n' << second << '\n' << third);
          const auto read = parser.parse(*data);
          const auto alone = parse_json(*data);
          REQUIRE(read.has_value() == alone.has_value());
          if (alone) REQUIRE(**read == *alone);
        }
      }
}
