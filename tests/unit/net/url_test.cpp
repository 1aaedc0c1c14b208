#include "net/url.h"

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::net;

TEST_CASE("A URL is taken apart", "[url]") {
  const auto url = parse_url(" https://chat.example.org:8443/api?x=1 \n").value();
  CHECK(url.text == "https://chat.example.org:8443/api?x=1");
  CHECK(url.scheme == "https");
  CHECK(url.host == "chat.example.org");
  CHECK(!url.loopback);
  CHECK(parse_url("http://[::1]:80/").value().host == "::1");
}

TEST_CASE("Only a literal loopback address is one", "[url]") {
  for (const auto* text : {"http://127.0.0.1", "http://127.8.9.1:80/x", "http://[::1]/"}) {
    INFO(text);
    CHECK(parse_url(text).value().loopback);
  }
  for (const auto* text : {"http://localhost", "http://127.0.0.1.example.org", "http://128.0.0.1",
                           "http://[::2]/", "http://example.org/127.0.0.1", "http://0.0.0.0"}) {
    INFO(text);
    CHECK(!parse_url(text).value().loopback);
  }
}

TEST_CASE("A URL that cannot be called is refused without being repeated", "[url]") {
  for (const auto* text : {"", "   ", "chat.example.org/sk-canary", "ftp://sk-canary/", "file:///sk-canary",
                           "https://", "http://a b/sk-canary", "sk-canary"}) {
    INFO(text);
    const auto url = parse_url(text);
    REQUIRE(!url);
    CHECK(url.error().kind == ErrorKind::config);
    CHECK(url.error().message.find("must be like https://") != std::string::npos);
    CHECK(url.error().message.find("sk-canary") == std::string::npos);
  }
  for (const auto* text : {"https://user@example.org", "https://user:sk-canary@example.org/"}) {
    const auto url = parse_url(text);
    REQUIRE(!url);
    CHECK(url.error().message.find("must not hold a user name") != std::string::npos);
    CHECK(url.error().message.find("sk-canary") == std::string::npos);
  }
}

TEST_CASE("A URL is shown without the credentials in its query", "[url]") {
  CHECK(shown_url("https://h/d?api-version=3&key=hush&x") == "https://h/d?api-version=3&key=[redacted]&x");
  CHECK(shown_url("https://h/?API_Token=a=b&sig=c") == "https://h/?API_Token=[redacted]&sig=[redacted]");
  for (const auto* plain : {"https://h", "https://h/key=1", "https://h/?", "https://h/?&&", "https://h?key"})
    CHECK(shown_url(plain) == plain);
}
