#include "base/secret.h"

#include "unit/catch.h"

using namespace askedit;

namespace {

const std::string kKey = "sk-canary-7f3a";

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("mask() takes every occurrence out, plain and as JSON writes it", "[secret]") {
  const Secret key(kKey);
  CHECK(key.mask("a " + kKey + kKey + " b") == "a [redacted][redacted] b");
  const Secret quoted("q\"\\k");
  CHECK(quoted.mask(dump_json(Json{{"token", "q\"\\k"}})) == R"({"token":"[redacted]"})");
  CHECK(quoted.mask("q\"\\k") == "[redacted]");
}

TEST_CASE("A key is found as JSON libraries and URLs write it", "[secret]") {
  const Secret key("sk/ca+na=ry");
  for (const auto* spelling :
       {"sk/ca+na=ry", R"(sk\/ca+na=ry)", R"(sk\u002fca\u002bna\u003dry)", "sk%2Fca%2Bna%3Dry"}) {
    CHECK(key.mask(std::string("a ") + spelling + " b") == "a [redacted] b");
    SecretFilter filter(key);
    std::string out;
    for (const char c : std::string("a ") + spelling + " b") out += filter.feed({&c, 1});
    CHECK(out + filter.flush() == "a [redacted] b");
  }
}

TEST_CASE("A key that is cut at the end of a text is masked if enough of it is there to tell", "[secret]") {
  const Secret key(kKey);
  for (std::size_t size = 1; size < kKey.size(); ++size) {
    SecretFilter filter(key);
    CHECK(filter.feed("a " + kKey.substr(0, size)) == "a ");
    CHECK(filter.flush() == (size < 8 ? kKey.substr(0, size) : "[redacted]"));
  }
}

TEST_CASE("An empty secret masks nothing", "[secret]") {
  const Secret none;
  CHECK(none.mask("abc") == "abc");
  SecretFilter filter(none);
  CHECK(filter.feed("abc") == "abc");
  CHECK(filter.flush() == "");
}

TEST_CASE("The filter lets no part of a key out, wherever the text is split", "[secret]") {
  const Secret key(kKey);
  const std::string text = "é " + kKey + " and sk-can sk-" + kKey + "!";
  const std::string masked = "é [redacted] and sk-can sk-[redacted]!";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      SecretFilter filter(key);
      std::string out = filter.feed(text.substr(0, first));
      out += filter.feed(text.substr(first, second - first));
      out += filter.feed(text.substr(second));
      REQUIRE(out + filter.flush() == masked);
      REQUIRE(!holds(out, kKey));
    }
  }
}

TEST_CASE("The filter holds back no more than the beginning of a key", "[secret]") {
  const Secret key(kKey);
  SecretFilter filter(key);
  CHECK(filter.feed("plain") == "plain");
  CHECK(filter.feed("sk-cat") == "sk-cat");
  CHECK(filter.feed("x sk-can") == "x ");
  CHECK(filter.flush() == "sk-can");
  CHECK(filter.flush() == "");
}

TEST_CASE("mask_fields() masks credentials by name at any depth", "[secret]") {
  const Json masked = mask_fields(Json::parse(
      R"({"token":"a","data":[{"info":{"token":"b","api_key":"c"}}],"model":"m","password":{"token":"d"},"key":5})"));
  CHECK(dump_json(masked) ==
        R"({"data":[{"info":{"api_key":"[redacted]","token":"[redacted]"}}],"key":5,"model":"m",)"
        R"("password":{"token":"[redacted]"},"token":"[redacted]"})");
}

TEST_CASE("A moved secret leaves nothing behind", "[secret]") {
  Secret first(kKey);
  Secret second(std::move(first));
  CHECK(first.empty());  // NOLINT: that is the promise
  CHECK(second.reveal() == kKey);
  Secret third("other");
  third = std::move(second);
  CHECK(second.empty());  // NOLINT
  CHECK(third.reveal() == kKey);
}
