// What light_chat sends, and which settings it takes. What it makes of answers: law_suite_test.cpp.
#include "providers/light_chat.h"

#include "providers/table.h"
#include "unit/catch.h"

using namespace askedit;
using namespace askedit::llm;
using namespace askedit::providers;

namespace {

const Conversation kTalk{{Role::system, "Be brief."},
                         {Role::user, "你好"},
                         {Role::assistant, "Hi!"},
                         {Role::user, "bad \xFF and\nmore"}};

/// What every service has, and `settings` over it.
Json with_service(const Json& settings) {
  Json all{{"url", "https://relay.example.org/chat"}, {"key", "env:LIGHT_CHAT_TOKEN"}};
  all.update(settings);
  return all;
}

Call call(const Json& settings, const Conversation& conversation = kTalk) {
  return make_light_chat(with_service(settings)).value()->encode(conversation, Secret("sk-canary-7f3a"));
}

Json body(const Json& settings, const Conversation& conversation = kTalk) {
  return Json::parse(call(settings, conversation).request.body);
}

std::string fault(const Json& settings) {
  const auto provider = make_light_chat(with_service(settings));
  REQUIRE(!provider);
  CHECK(provider.error().kind == ErrorKind::config);
  return provider.error().message;
}

}  // namespace

TEST_CASE("The request is that of the API: model, token, messages, params", "[light_chat]") {
  CHECK(dump_json(body({{"model", "gpt-3.5-turbo-1106"}})) ==
        R"({"messages":[{"content":"Be brief.","role":"system"},{"content":"你好","role":"user"},)"
        R"({"content":"Hi!","role":"assistant"},{"content":"bad � and\nmore","role":"user"}],)"
        R"("model":"gpt-3.5-turbo-1106","params":{},"token":"sk-canary-7f3a"})");
  const auto request = call(Json::object()).request;
  CHECK(request.method == "POST");
  CHECK(request.url == "https://relay.example.org/chat");
  CHECK(request.headers ==
        std::vector<std::string>{"Content-Type: application/json", "Accept: application/json"});
  CHECK(!request.direct);
}

TEST_CASE("Nothing but the body holds the token", "[light_chat]") {
  const auto request = call(Json::object()).request;
  std::string rest = request.url + request.ca + request.method;
  for (const std::string& header : request.headers) rest += header;
  CHECK(rest.find("canary") == std::string::npos);
  CHECK(request.body.find("sk-canary-7f3a") != std::string::npos);
}

TEST_CASE("The system message can be merged into the first user message", "[light_chat]") {
  CHECK(dump_json(body({{"system", "merge"}})["messages"]) ==
        R"([{"content":"Be brief.\n\n你好","role":"user"},{"content":"Hi!","role":"assistant"},)"
        R"({"content":"bad � and\nmore","role":"user"}])");
  CHECK(dump_json(body({{"system", "merge"}}, {{Role::user, "q"}})["messages"]) ==
        R"([{"content":"q","role":"user"}])");
}

TEST_CASE("Settings are obeyed", "[light_chat]") {
  const Json settings{
      {"dialect", "light_chat"},    {"key", "env:X"}, {"url", "https://relay.example.org/v9"},
      {"model", "any text at all"}, {"timeout", 1.5}, {"params", {{"n", 1}, {"temperature", 0.5}}},
      {"ca", "/etc/ca.pem"}};
  const Call made = call(settings);
  CHECK(made.request.url == "https://relay.example.org/v9");
  CHECK(made.request.ca == "/etc/ca.pem");
  CHECK(made.silence == milliseconds(1500));
  CHECK(dump_json(body(settings)["params"]) == R"({"n":1,"temperature":0.5})");
  CHECK(body(settings)["model"] == Json("any text at all"));
}

TEST_CASE("Without settings: 120 s, no CA bundle; an empty array is an empty map", "[light_chat]") {
  CHECK(call(Json::object()).silence == milliseconds(120'000));
  CHECK(call(Json::object()).request.ca.empty());
  CHECK(dump_json(body({{"params", Json::array()}})["params"]) == "{}");
}

TEST_CASE("A loopback address is called without proxy, and may be plain http", "[light_chat]") {
  CHECK(call({{"url", "http://127.0.0.1:8080/x"}}).request.direct);
  CHECK(call({{"url", "http://[::1]:8080/x"}}).request.direct);
  CHECK(!call({{"url", "https://localhost/x"}}).request.direct);
  CHECK(fault({{"url", "http://localhost:8080/"}}) ==
        "provider.url must begin with https:// (plain http would show the key; only 127.0.0.1 may)");
  CHECK(fault({{"url", "http://relay.example.org/"}}).find("https://") != std::string::npos);
}

TEST_CASE("A setting at fault is named together with what it accepts", "[light_chat]") {
  struct Row {
    const char* settings;
    const char* sentence;
  };
  const Row row = GENERATE(values<Row>({
      {R"({"url": 5})", "provider.url must be a string"},
      {R"({"url": "nonsense"})", "provider.url must be like https://host/path or http://127.0.0.1:port/path"},
      {R"({"url": "https://u:p@host/"})",
       "provider.url must not hold a user name or password; give the key as key = 'env:NAME'"},
      {R"({"model": ["a"]})", "provider.model must be a string"},
      {R"({"ca": true})", "provider.ca must be a string"},
      {R"({"timeout": 0})", "provider.timeout must be a number of seconds over 0, at most 86400"},
      {R"({"timeout": -1})", "provider.timeout must be a number of seconds over 0, at most 86400"},
      {R"({"timeout": "60"})", "provider.timeout must be a number of seconds over 0, at most 86400"},
      {R"({"timeout": 1e300})", "provider.timeout must be a number of seconds over 0, at most 86400"},
      {R"({"system": "both"})", "provider.system must be one of: message, merge"},
      {R"({"params": [1]})", "provider.params must be a map"},
      {R"({"params": "n=1"})", "provider.params must be a map"},
      {R"({"params": {"token": "x"}})",
       "provider.params must be a map without the names token, model, messages"},
      {R"({"params": {"model": "x"}})",
       "provider.params must be a map without the names token, model, messages"},
      {R"({"params": {"messages": []}})",
       "provider.params must be a map without the names token, model, messages"},
      {R"({"modle": "x"})",
       "unknown setting provider.modle; accepted are dialect, url, model, ca, key, params, system, timeout"},
  }));
  INFO(row.settings);
  CHECK(fault(Json::parse(row.settings)) == row.sentence);
}

TEST_CASE("The table has the dialect and its defaults", "[light_chat]") {
  REQUIRE(!table().empty());
  CHECK(table().front().name == "light_chat");
  CHECK(!call(Json::object()).request.body.empty());
}
