#include "base/text.h"

#include "unit/catch.h"

using namespace askedit;

TEST_CASE("valid_utf8() replaces what is invalid and nothing else", "[text]") {
  CHECK(valid_utf8("plain, 余额不足, 😀") == "plain, 余额不足, 😀");
  CHECK(valid_utf8("a\xFF\xFEz") == "a\uFFFD\uFFFDz");
  CHECK(valid_utf8("cut \xE4\xBD") == "cut \uFFFD");
  CHECK(valid_utf8("\xC0\x80").find('\0') == std::string::npos);
  CHECK(valid_utf8(std::string_view("a\0b", 3)) == std::string_view("a\0b", 3));
}

TEST_CASE("utf8_prefix() never ends inside a character", "[text]") {
  const std::string text = "aé余😀z";
  for (std::size_t limit = 1; limit <= text.size() + 1; ++limit) {
    const std::size_t size = utf8_prefix(text, limit);
    INFO("limit " << limit);
    CHECK(size <= limit);
    if (limit >= 4) {
      CHECK(valid_utf8(text.substr(0, size)) == text.substr(0, size));
      CHECK(limit - std::min(limit, text.size()) + 4 > limit - size);
    }
  }
  CHECK(utf8_prefix("\xA0\xA0\xA0\xA0", 2) == 2);  // no beginning of a character: still moves on
  CHECK(utf8_prefix("", 8) == 0);
}

TEST_CASE("one_line() makes a sentence that can do nothing to a screen", "[text]") {
  CHECK(one_line("  a\r\n\tb \x1b[31mc\x7f ") == "a b [31mc");
  CHECK(one_line("a\u202Eb\u2066c\u200Bd\uFEFF") == "a b c d");
  CHECK(one_line(std::string_view("a\0b", 3)) == "a b");
  CHECK(one_line("bad \xFF end") == "bad \uFFFD end");
  CHECK(one_line("余额不足", 4) == "余额不足");
  CHECK(one_line("余额不足", 3) == "余额不…");
  CHECK(one_line(std::string(10'000'000, 'x'), 5) == "xxxxx…");
  CHECK(one_line("") == "");
}
