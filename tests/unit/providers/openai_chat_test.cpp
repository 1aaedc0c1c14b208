// What openai_chat sends, where to, and which settings it takes. What it makes of answers:
// law_suite_test.cpp.
#include "providers/openai_chat.h"

#include "providers/think.h"
#include "unit/catch.h"
#include "unit/llm/events.h"

using namespace askedit;
using namespace askedit::llm;
using namespace askedit::providers;

namespace {

/// The address that every service has, and `settings` over it.
Json with_url(const Json& settings) {
  Json all{{"url", "https://relay.example.org/v1"}};
  all.update(settings);
  return all;
}

Call call(const Json& settings, const Secret& key = Secret("sk-canary-7f3a")) {
  const Conversation talk{{Role::system, "Be brief."}, {Role::user, "hi"}};
  return make_openai_chat(with_url(settings)).value()->encode(talk, key);
}

Json body(const Json& settings) {
  return Json::parse(call(settings).request.body);
}

std::string fault(const Json& settings) {
  const auto provider = make_openai_chat(with_url(settings));
  REQUIRE(!provider);
  CHECK(provider.error().kind == ErrorKind::config);
  return provider.error().message;
}

}  // namespace

TEST_CASE("A base address is joined with the path, none of its parts twice or lost", "[openai_chat]") {
  const std::pair<const char*, const char*> cases[] = {
      {"http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/chat/completions"},
      {"http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/chat/completions"},
      {"http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/chat/completions"},
      {"http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/chat/completions"},
      {" http://127.0.0.1:8080 ", "http://127.0.0.1:8080/v1/chat/completions"},
      {"http://[::1]:8080", "http://[::1]:8080/v1/chat/completions"},
      {"http://localhost:8080", "http://localhost:8080/v1/chat/completions"},
      {"https://h.example/gw/v1", "https://h.example/gw/v1/chat/completions"},
      {"https://h.example/v1/chat/completions", "https://h.example/v1/chat/completions"},
      {"https://h.example/chat/completions", "https://h.example/chat/completions"},
      {"https://v2.example", "https://v2.example/v1/chat/completions"},
      {"https://h.example/d/chat/completions?api-version=3",
       "https://h.example/d/chat/completions?api-version=3"},
  };
  for (const auto& [given, right] : cases) CHECK(call({{"url", given}}).request.url == right);
}

TEST_CASE("The body holds no sampling field and no limit unless set; false removes a field",
          "[openai_chat]") {
  const Json plain = body({{"url", "http://127.0.0.1:1"}});
  CHECK(dump_json(plain) ==
        R"({"messages":[{"content":"Be brief.","role":"system"},{"content":"hi","role":"user"}],)"
        R"("stream":true,"stream_options":{"include_usage":true}})");
  const Json set =
      body({{"model", "m"},
            {"body", {{"max_completion_tokens", 64}, {"temperature", false}, {"stream_options", false}}}});
  CHECK(set["model"] == "m");
  CHECK(set["max_completion_tokens"] == 64);
  CHECK(!set.contains("temperature"));
  CHECK(!set.contains("stream_options"));
}

TEST_CASE("The key is a bearer header; without one there is no such header", "[openai_chat]") {
  CHECK(call(Json::object()).request.headers.back() == "Authorization: Bearer sk-canary-7f3a");
  const auto bare = call({{"url", "http://127.0.0.1:1"}, {"headers", {{"X-Title", "t"}}}}, Secret()).request;
  CHECK(bare.headers == std::vector<std::string>{"Content-Type: application/json",
                                                 "Accept: text/event-stream", "X-Title: t"});
  CHECK(bare.direct);
}

TEST_CASE("A key is needed only if one is named", "[openai_chat]") {
  CHECK(make_openai_chat({{"url", "http://localhost:1"}}).value()->key_source() == "");
  CHECK(make_openai_chat({{"url", "https://relay.example.org"}, {"key", ""}}).value()->key_source() == "");
  CHECK(make_openai_chat({{"url", "http://[::1]:1"}, {"key", "env:K"}}).value()->key_source() == "env:K");
}

TEST_CASE("A server on this machine is called without proxy, in plain http, and has time to load",
          "[openai_chat]") {
  for (const char* near : {"http://127.0.0.1:8080", "http://localhost:8080/v1", "https://[::1]"}) {
    const Call made = call({{"url", near}});
    CHECK(made.request.direct);
    CHECK(made.silence == milliseconds(600'000));
  }
  CHECK(!call(Json::object()).request.direct);
  CHECK(call(Json::object()).silence == milliseconds(120'000));
  CHECK(call({{"url", "http://localhost"}, {"timeout", 2.5}}).silence == milliseconds(2500));
}

TEST_CASE("A header of the settings replaces ours of that name, in any case of letters", "[openai_chat]") {
  CHECK(call({{"headers", {{"authorization", "Basic b"}, {"content-type", "application/json; x=1"}}}})
            .request.headers == std::vector<std::string>{"Accept: text/event-stream",
                                                         "authorization: Basic b",
                                                         "content-type: application/json; x=1"});
}

TEST_CASE("A wrong setting names itself and what it accepts", "[openai_chat]") {
  CHECK(fault({{"url", "h.example:80"}}) ==
        "provider.url must be like https://host/path or http://127.0.0.1:port/path");
  CHECK(fault({{"url", "http://h.example"}}).starts_with("provider.url must begin with https://"));
  CHECK(fault({{"max_tokens", 5}}).starts_with("unknown setting provider.max_tokens; accepted are "));
  CHECK(fault({{"body", {{"stream", false}}}}) ==
        "provider.body must be a map without the names messages, stream");
  CHECK(fault({{"headers", {{"A", "b\r\nC: d"}}}}) ==
        "provider.headers must be a map of names to one-line strings");
  CHECK(fault({{"think", "deep"}}) == "provider.think must be one of: auto, opened, off");
}

TEST_CASE("Thoughts are told apart for every split, from the start of the answer only", "[openai_chat]") {
  const auto split = [](ThinkSplitter::Start start, const std::string& text, std::size_t at) {
    ThinkSplitter splitter(start);
    std::string thought, answer;
    for (const auto& parts :
         {splitter.feed(text.substr(0, at)), splitter.feed(text.substr(at)), splitter.flush()}) {
      thought += parts.thought;
      answer += parts.text;
    }
    return thought + "|" + answer;
  };
  const std::string tagged = "\n<think>a <b></think>\n\nyes </think>";
  for (std::size_t at = 0; at <= tagged.size(); ++at)
    CHECK(split(ThinkSplitter::Start::maybe, tagged, at) == "a <b>|yes </think>");
  const std::string opened = "a</think>b";
  for (std::size_t at = 0; at <= opened.size(); ++at)
    CHECK(split(ThinkSplitter::Start::inside, opened, at) == "a|b");
  const std::string text = "<thinking> is no tag";
  for (std::size_t at = 0; at <= text.size(); ++at)
    CHECK(split(ThinkSplitter::Start::maybe, text, at) == "|" + text);
}

TEST_CASE("Thoughts cost one look at each byte, and blanks without end are text", "[openai_chat]") {
  ThinkSplitter splitter(ThinkSplitter::Start::maybe);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += splitter.feed(" ").text;
  CHECK(text.size() == 1000);
  const std::string blanks(100, ' ');
  CHECK(ThinkSplitter(ThinkSplitter::Start::maybe).feed(blanks + "<think>").text == blanks + "<think>");
  ThinkSplitter inside(ThinkSplitter::Start::inside);
  std::string thought;
  for (int i = 0; i < 1000; ++i) thought += inside.feed("</thin").thought;
  CHECK(thought.size() >= 6 * 999);  // no more than the beginning of a tag is held back
}

namespace {

/// What a decoder of `settings` makes of a body.
Events decoded(const Json& settings, const std::vector<std::string>& pieces) {
  const Call made = call(settings);
  Events events;
  const auto keep = [&](Event event) { events.push_back(std::move(event)); };
  const auto over = [&] {
    return !events.empty() &&
           (std::holds_alternative<Finished>(events.back()) || std::holds_alternative<Failed>(events.back()));
  };
  for (const std::string& piece : pieces)
    if (!over()) made.decoder->feed(piece, keep);
  if (!over()) made.decoder->end(keep);
  check_laws(events);
  return events;
}

std::string content(const std::string& text) {
  return "data: " + dump_json({{"choices", {{{"delta", {{"content", text}}}}}}}) + "\n\n";
}

}  // namespace

TEST_CASE("An event over 8 MiB is too large; the text before it is kept, down to half a tag",
          "[openai_chat]") {
  std::vector<std::string> pieces{content("<th"), "data: "};
  for (int i = 0; i < 9; ++i) pieces.emplace_back(1 << 20, 'x');
  const Events events = decoded(Json::object(), pieces);
  CHECK(text_of(events) == "<th");
  CHECK(failure_of(events).kind == ErrorKind::too_large);
}

TEST_CASE("Blanks before an answer cost nothing, be they ever so many", "[openai_chat]") {
  std::vector<std::string> pieces(200'000, "\n");
  pieces.push_back(content("Hi") + "data: [DONE]\n\n");
  CHECK(text_of(decoded(Json::object(), pieces)) == "Hi");
}

TEST_CASE("Where the template has opened the thoughts, the setting says so", "[openai_chat]") {
  const std::vector<std::string> body{content("\nrename it\n</thi"), content("nk>\n\nfoo = 1"),
                                      "data: [DONE]"};
  CHECK(dump_json(joined(decoded({{"think", "opened"}}, body))) ==
        R"([{"started":""},{"reasoning":"\nrename it\n"},{"text":"foo = 1"},{"finished":"unknown"}])");
  const std::vector<std::string> tagged{content("<think>a</think>b"), "data: [DONE]"};
  CHECK(text_of(decoded({{"think", "off"}}, tagged)) == "<think>a</think>b");
}

TEST_CASE("A list of models is names, whatever stands beside them", "[openai_chat]") {
  const auto models = [](const std::string& body) {
    const auto made = make_openai_chat(with_url(Json::object())).value()->list_models(Secret());
    Events events;
    const auto keep = [&](Event event) { events.push_back(std::move(event)); };
    for (const char byte : body) made->decoder->feed({&byte, 1}, keep);
    made->decoder->end(keep);
    check_laws(events);
    return dump_json(joined(events));
  };
  const std::string two = R"([{"models":["a","b"]},{"finished":"stop"}])";
  CHECK(models(R"({"object":"list","data":[{"id":"a","max_model_len":9},{"id":"b"}]})") == two);
  CHECK(models("\n"
               R"([{"id":"a"},{"id":""},{"name":"x"},null,"b"])") == two);
  CHECK(models(R"({"data":[]})") == R"([{"models":[]},{"finished":"stop"}])");
  CHECK(models(R"({"data":[{"id":"a")").find("truncated") != std::string::npos);
  CHECK(models(R"({"error":{"message":"no key"}})").find("no list of models: no key") != std::string::npos);
  CHECK(models("<html>").find("no list of models: check url") != std::string::npos);
}
