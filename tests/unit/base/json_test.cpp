#include "base/json.h"

#include "unit/catch.h"

using namespace askedit;

namespace {

std::string nested(std::size_t depth, std::string_view inside = "") {
  return std::string(depth, '[') + std::string(inside) + std::string(depth, ']');
}

ErrorKind kind_of(std::string_view text) {
  const auto parsed = parse_json(text);
  REQUIRE(!parsed);
  return parsed.error().kind;
}

}  // namespace

TEST_CASE("JSON is read 128 deep and refused at 129", "[json]") {
  CHECK(parse_json(nested(128)));
  CHECK(parse_json(nested(128, "1")));
  CHECK(kind_of(nested(129)) == ErrorKind::protocol);
  CHECK(kind_of(nested(129, "1")) == ErrorKind::protocol);
  CHECK(kind_of(nested(100'000)) == ErrorKind::protocol);
  CHECK(kind_of(std::string(100'000, '[')) == ErrorKind::protocol);  // too deep before it is cut
}

TEST_CASE("Brackets inside strings are no depth", "[json]") {
  const std::string text = "\"" + std::string(500, '[') + R"(\")" + std::string(500, '{') + "\"";
  CHECK(parse_json(text));
  CHECK(parse_json("[" + text + "," + nested(127) + "]"));
  CHECK(kind_of("[" + text + "," + nested(128) + "]") == ErrorKind::protocol);
}

TEST_CASE("JSON of over a million values is refused", "[json]") {
  std::string list = "[0";
  for (int i = 1; i < 999'000; ++i) list += ",0";
  CHECK(parse_json(list + "]"));
  for (int i = 0; i < 2'000; ++i) list += ",0";
  CHECK(kind_of(list + "]") == ErrorKind::protocol);
}

TEST_CASE("JSON that ends early is truncated, everything else that is wrong is a protocol error", "[json]") {
  const std::string whole = R"({"a":[1.5e3,true,null,"x\u00e9\n€"],"b":false})";
  REQUIRE(parse_json(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("the first " << size << " bytes");
    CHECK(kind_of(whole.substr(0, size)) == ErrorKind::truncated);
  }
  CHECK(kind_of("<html>") == ErrorKind::protocol);
  CHECK(kind_of("{} {}") == ErrorKind::protocol);
  CHECK(kind_of("{\"a\" 1}") == ErrorKind::protocol);
  CHECK(kind_of("nulx") == ErrorKind::protocol);
  CHECK(kind_of("\"a\nb\"") == ErrorKind::protocol);
}

TEST_CASE("Lone surrogates become U+FFFD, pairs and escaped backslashes stay", "[json]") {
  const auto text = [](std::string_view json) { return parse_json(json).value().get<std::string>(); };
  CHECK(text(R"("a\ud83db")") == "a\uFFFDb");
  CHECK(text(R"("a\uDE00b")") == "a\uFFFDb");
  CHECK(text(R"("\ud83d\ud83d\ude00")") == "\uFFFD😀");
  CHECK(text(R"("\ud83d\ude00")") == "😀");
  CHECK(text(R"("\ud83d \\ud83d")") == "\uFFFD \\ud83d");
  CHECK(text(R"("\ud83d\n")") == "\uFFFD\n");
}

TEST_CASE("Invalid UTF-8 in JSON becomes U+FFFD, in and out", "[json]") {
  CHECK(parse_json("\"a\xFFz\"").value().get<std::string>() == "a\uFFFDz");
  CHECK(parse_json("\"a\xE4\xB8z\"").value().get<std::string>() == "a\uFFFDz");
  CHECK(dump_json(Json("a\xFFz")) == "\"a\uFFFDz\"");
}

TEST_CASE("64-bit numbers and NUL survive JSON", "[json]") {
  const std::string text = R"([18446744073709551615,-9223372036854775808,"a\u0000b"])";
  CHECK(dump_json(parse_json(text).value()) == text);
}

TEST_CASE("member() and string_or() answer for any type", "[json]") {
  const Json object{{"a", "x"}, {"n", 1}};
  CHECK(string_or(member(object, "a")) == "x");
  CHECK(member(object, "b").is_null());
  CHECK(member(Json(7), "a").is_null());
  CHECK(member(Json::array({1}), "a").is_null());
  CHECK(string_or(member(object, "n"), "otherwise") == "otherwise");
}

TEST_CASE("The halves of a character are joined over two JSON texts, where strings end and begin", "[json]") {
  SurrogateJoiner joiner;
  const auto join = [&](std::string_view text) { return std::string(joiner.join(text)); };
  CHECK(join(R"({"a":"x\ud83d"})") == R"({"a":"x"})");
  CHECK(join(R"({"a":null})") == R"({"a":null})");
  CHECK(join(R"({"n":"\u4fee","a":"\udc4dy"})") == R"({"n":"\u4fee","a":"\ud83d\udc4dy"})");
  CHECK(join(R"({"a":"\udc4d"})") == R"({"a":"\udc4d"})");  // its other half has been used
  CHECK(join(R"({"a":"\ud83d-"})") == R"({"a":"\ud83d-"})");
  CHECK(join(R"({"a":"\ud83d\udc4d\\ud83d"})") == R"({"a":"\ud83d\udc4d\\ud83d"})");
  CHECK(join(R"(\udc4d)") == R"(\udc4d)");
}
