#include "host/run.h"

#include "base/text.h"
#include "unit/fake_client.h"
#include "unit/llm/text_decoder.h"

using namespace askedit;
using namespace askedit::host;

namespace {

const Time kStart = Time{} + std::chrono::hours(1);

Time after(int time) {
  return kStart + milliseconds(time);
}

/// A run whose server and editor are played by the test.
struct Started {
  FakeClient client;
  Run run;

  explicit Started(llm::Call call = llm::text_call(), std::optional<CodeFilter> filter = std::nullopt)
      : run(client, std::move(call), Secret("sk-canary-7f3a"), kStart, std::move(filter)) {
    client.head(200);
  }

  /// The draw that is due at `time`; fails the test if none is.
  Json draw(int time) {
    auto fields = run.next_draw(after(time));
    REQUIRE(fields);
    return *std::move(fields);
  }
  bool draws(int time) { return run.next_draw(after(time)).has_value(); }
  void reply(const Json& reply, int time) { run.replied(reply, after(time)); }
};

std::string text(const Json& fields) {
  return string_or(member(fields, "text"));
}

}  // namespace

TEST_CASE("Nothing to say, no draw", "[run]") {
  Started s;
  CHECK(!s.draws(0));
  CHECK(!s.run.over());
}

TEST_CASE("The first text is drawn at once", "[run]") {
  Started s;
  s.client.body("Hi");
  CHECK(dump_json(s.draw(0)) == R"({"text":"Hi"})");
}

TEST_CASE("The model's name alone waits for the first text, and no longer than a draw may", "[run]") {
  Started s;
  s.client.body(llm::kModel);
  CHECK(!s.draws(0));
  SECTION("text comes") {
    s.client.body("Hi");
    CHECK(dump_json(s.draw(1)) == R"({"model":"m-named","text":"Hi"})");
  }
  SECTION("none comes") {
    CHECK(s.run.wake_at() == after(16));
    CHECK(dump_json(s.draw(16)) == R"({"model":"m-named"})");
  }
}

TEST_CASE("One draw is in flight; meanwhile text is merged", "[run]") {
  Started s;
  s.client.body("a");
  s.draw(0);
  for (const auto* piece : {"b", "c", "d"}) s.client.body(piece);
  CHECK(!s.draws(1000));
  CHECK(s.run.wake_at() == after(120'000));  // no need to look before the reply
  s.reply("ok", 1000);
  CHECK(text(s.draw(1000)) == "bcd");
}

TEST_CASE("Between two draws there are 16 ms, unless 8 KiB wait", "[run]") {
  Started s;
  s.client.body("a");
  s.draw(0);
  s.reply("ok", 1);
  s.client.body("b");
  CHECK(!s.draws(15));
  CHECK(s.run.wake_at() == after(16));
  SECTION("16 ms") {
    CHECK(text(s.draw(16)) == "b");
  }
  SECTION("8 KiB") {
    s.client.body(std::string(kMaxDraw - 1, 'x'));
    CHECK(text(s.draw(2)).size() == kMaxDraw);
  }
}

TEST_CASE("A fast stream is few draws, a slow one a draw a piece", "[run]") {
  const int interval = GENERATE(1, 20);
  Started s;
  int draws = 0;
  std::string shown;
  for (int piece = 0, time = 0; piece < 400; ++piece, time += interval) {
    s.client.body("word ");
    if (auto fields = s.run.next_draw(after(time))) {
      ++draws;
      shown += text(*fields);
      s.reply("ok", time);
    }
  }
  CHECK(draws == (interval == 1 ? 25 : 400));
  s.client.end();
  shown += text(s.draw(100'000));
  CHECK(shown.size() == 2000);
}

TEST_CASE("Text is cut into draws of at most 8 KiB, never inside a character, the end with the last",
          "[run]") {
  Started s;
  std::string whole = "z";
  for (int i = 0; i < 10'000; ++i) whole += "余";
  s.client.body(whole);
  s.client.end();
  std::string shown;
  int draws = 0;
  for (bool ended = false; !ended; ++draws) {
    const Json fields = s.draw(20 * draws);
    CHECK(text(fields).size() <= kMaxDraw);
    CHECK((draws == 3 || text(fields).size() > kMaxDraw - 4));
    CHECK(valid_utf8(text(fields)) == text(fields));
    shown += text(fields);
    ended = fields.contains("end");
    CHECK(ended == (shown.size() == whole.size()));
    s.reply("ok", 20 * draws);
  }
  CHECK(shown == whole);
  CHECK(draws == 4);
  CHECK(s.run.over());
}

namespace {

/// A call whose answer is all thoughts.
llm::Call thinking_call() {
  struct Thinker : llm::StreamDecoder {
    void feed(std::string_view bytes, const llm::EventSink& sink) override {
      sink(llm::ReasoningDelta{std::string(bytes)});
    }
    void end(const llm::EventSink& sink) override { sink(llm::Finished{llm::FinishReason::stop}); }
  };
  llm::Call call = llm::text_call();
  call.decoder = std::make_unique<Thinker>();
  return call;
}

}  // namespace

TEST_CASE("Long thoughts are cut into draws of 8 KiB too, and the end waits for the last", "[run]") {
  Started s(thinking_call());
  s.client.body(std::string(2 * kMaxDraw + 5, 't'));
  s.client.end();
  std::vector<std::size_t> sizes;
  for (int i = 0; !s.run.over(); ++i) {
    const Json fields = s.draw(20 * i);
    sizes.push_back(string_or(member(fields, "reasoning")).size());
    CHECK(fields.contains("end") == (sizes.size() == 3));
    s.reply("ok", 20 * i);
  }
  CHECK(sizes == std::vector<std::size_t>{kMaxDraw, kMaxDraw, 5});
}

TEST_CASE("A full draw of thoughts waits no longer than one of text", "[run]") {
  Started s(thinking_call());
  s.client.body("t");
  s.draw(0);
  s.reply("ok", 1);
  s.client.body(std::string(kMaxDraw, 't'));
  CHECK(s.run.wake_at() == Time{});
  CHECK(string_or(member(s.draw(2), "reasoning")).size() == kMaxDraw);
}

TEST_CASE("'later' draws the same fields again after 20 ms, and only then what came since", "[run]") {
  Started s;
  s.client.body("a");
  const Json first = s.draw(0);
  s.reply("later", 5);
  s.client.body(std::string(2 * kMaxDraw, 'b'));
  CHECK(!s.draws(24));
  CHECK(s.run.wake_at() == after(25));
  CHECK(s.draw(25) == first);
  s.reply("later", 30);
  CHECK(s.draw(50) == first);
  s.reply("ok", 51);
  CHECK(text(s.draw(70)) == std::string(kMaxDraw, 'b'));
}

TEST_CASE("An end that was answered 'later' is not over", "[run]") {
  Started s;
  s.client.end();
  const Json end = s.draw(0);
  REQUIRE(end.contains("end"));
  s.reply("later", 1);
  CHECK(!s.run.over());
  CHECK(s.draw(21) == end);
  s.reply("ok", 22);
  CHECK(s.run.over());
  CHECK(!s.draws(1000));
  CHECK(!s.run.wake_at());
}

TEST_CASE("'gone' or an error closes the connection, and nothing more is drawn", "[run]") {
  const Json reply = GENERATE(Json("gone"), Json::array({0, "E5108: Lua error"}), Json("nonsense"), Json());
  Started s;
  s.client.body("a");
  s.draw(0);
  s.client.body("b");
  s.reply(reply, 1);
  CHECK(s.client.last().cancelled);
  CHECK(s.run.over());
  CHECK(!s.draws(1000));
}

TEST_CASE("The end carries the finish and the log", "[run]") {
  Started s;
  s.client.body("a");
  s.client.end();
  const Json end = s.draw(0)["end"];
  CHECK(end["finish"] == Json("stop"));
  CHECK(!end.contains("error"));
  CHECK(end["log"]["status"] == Json(200));
  CHECK(end["log"]["received"] == Json(1));
}

TEST_CASE("Stop closes at once; what had come is still drawn, then the end", "[run]") {
  Started s;
  s.client.body("a");
  s.draw(0);
  s.client.body("b");
  s.run.stop();
  CHECK(s.client.last().cancelled);
  CHECK(!s.run.over());
  s.reply("ok", 1);
  const Json last = s.draw(16);
  CHECK(text(last) == "b");
  CHECK(last["end"]["error"]["kind"] == Json("cancelled"));
  s.reply("ok", 17);
  CHECK(s.run.over());
}

TEST_CASE("A time-out is noticed by tick() and drawn", "[run]") {
  Started s;
  s.run.tick(after(0));
  CHECK(s.run.wake_at() == after(120'000));
  s.run.tick(after(120'000));
  CHECK(s.draw(120'000)["end"]["error"]["kind"] == Json("timeout"));
}

TEST_CASE("A run that could not start has an end to tell, in one line", "[run]") {
  Run run(Error{ErrorKind::key, "no key:\nset X"});
  const auto fields = run.next_draw(kStart);
  REQUIRE(fields);
  CHECK(dump_json(*fields) == R"({"end":{"error":{"kind":"key","message":"no key: set X"},"log":{}}})");
  run.replied("ok", kStart);
  CHECK(run.over());
}

TEST_CASE("Model, status, usage and thoughts are fields; the newest replaces, thoughts are joined", "[run]") {
  struct Talker : llm::StreamDecoder {
    void feed(std::string_view, const llm::EventSink& sink) override {
      sink(llm::Started{"m-1"});
      sink(llm::ReasoningDelta{"I "});
      sink(llm::ReasoningDelta{"think"});
      sink(llm::Notice{"1 of 10"});
      sink(llm::Notice{"2 of 10"});
      sink(llm::Usage{.input = 1});
      sink(llm::Usage{.input = 5, .output = 6});
    }
    void end(const llm::EventSink& sink) override { sink(llm::Finished{llm::FinishReason::length}); }
  };
  llm::Call call = llm::text_call();
  call.decoder = std::make_unique<Talker>();
  Started s(std::move(call));
  s.client.body("x");
  CHECK(dump_json(s.draw(0)) == R"({"model":"m-1","reasoning":"I think","status":"2 of 10",)"
                                R"("usage":{"cached":-1,"input":5,"output":6,"reasoning":-1}})");
}

namespace {

/// An edit of a Python file.
struct StartedEdit : Started {
  StartedEdit() : Started(llm::text_call(), CodeFilter("python")) {}
};

Json code(const Json& fields) {
  return member(fields, "code");
}

}  // namespace

TEST_CASE("An edit carries the answer as it is, and the code of it", "[run]") {
  StartedEdit s;
  s.client.body("Here:\n```python\nx = 1\n");
  CHECK(dump_json(s.draw(0)) == R"({"code":["x = 1"],"text":"Here:\n```python\nx = 1\n"})");
  s.reply("ok", 1);
  s.client.body("y = 2\n```\n");
  CHECK(dump_json(s.draw(16)) == R"({"code":["\ny = 2"],"text":"y = 2\n```\n"})");
  s.reply("ok", 17);
  s.client.body("And:\n```\n```\n```\nz");
  CHECK(code(s.draw(32)) == Json({"", "", "z"}));
  s.reply("ok", 33);
  s.client.body("\n```\n");
  CHECK(dump_json(s.draw(48)) == R"({"text":"\n```\n"})");
}

TEST_CASE("An answer that is no edit has no code", "[run]") {
  Started s;
  s.client.body("```python\nx\n```\n");
  CHECK(dump_json(s.draw(0)) == R"({"text":"```python\nx\n```\n"})");
}

TEST_CASE("The first block may begin with nothing", "[run]") {
  StartedEdit s;
  s.client.body("```\n```\n");
  CHECK(code(s.draw(0)) == Json({""}));
  s.reply("ok", 1);
  s.client.body("```\nx");
  CHECK(code(s.draw(20)) == Json({"", "x"}));
}

TEST_CASE("Code that is known at the end only comes with the end, 8 KiB a draw, never inside a character",
          "[run]") {
  StartedEdit s;
  std::string whole = "z";
  for (int i = 0; i < 10'000; ++i) whole += "余";
  s.client.body(whole);
  for (int time = 0; time < 100; time += 20) {
    if (auto fields = s.run.next_draw(after(time))) {
      CHECK(!fields->contains("code"));
      s.reply("ok", time);
    }
  }
  s.client.end();
  std::string written;
  for (int draws = 0; !s.run.over(); ++draws) {
    CHECK(s.run.wake_at() <= after(100 + 20 * draws));
    const Json fields = s.draw(100 + 20 * draws);
    REQUIRE(code(fields).size() == 1);
    const std::string piece = code(fields)[0].get<std::string>();
    CHECK(piece.size() <= kMaxDraw);
    CHECK(valid_utf8(piece) == piece);
    written += piece;
    CHECK(fields.contains("end") == (written.size() == whole.size()));
    s.reply("ok", 100 + 20 * draws);
  }
  CHECK(written == whole);
}

TEST_CASE("Empty blocks count in a draw too", "[run]") {
  StartedEdit s;
  std::string answer;
  for (int i = 0; i < 20'000; ++i) answer += "```\n```\n";
  s.client.body(answer);
  s.client.end();
  std::size_t blocks = 1;
  for (int time = 0; !s.run.over(); time += 20) {
    const Json fields = s.draw(time);
    if (fields.contains("code")) {
      CHECK(code(fields).size() <= kMaxDraw + 1);
      blocks += code(fields).size() - 1;
    }
    s.reply("ok", time);
  }
  CHECK(blocks == 20'000);
}

TEST_CASE("Less than 8 KiB of code waits as text does", "[run]") {
  StartedEdit s;
  s.client.body("```\na");
  s.draw(0);
  s.reply("ok", 1);
  s.client.body("b");
  CHECK(!s.draws(15));
  CHECK(code(s.draw(16)) == Json({"b"}));
}

TEST_CASE("A stopped edit gives what it held back", "[run]") {
  StartedEdit s;
  s.client.body("```\nx = 1\n  ");
  CHECK(code(s.draw(0)) == Json({"x = 1"}));
  s.reply("ok", 1);
  s.run.stop();
  const Json last = s.draw(20);
  CHECK(code(last) == Json({"\n  "}));
  CHECK(last["end"]["error"]["kind"] == Json("cancelled"));
}

TEST_CASE("An answer that reached its limit was cut", "[run]") {
  struct Cutter : llm::TextDecoder {
    void end(const llm::EventSink& sink) override { sink(llm::Finished{llm::FinishReason::length}); }
  };
  llm::Call call = llm::text_call();
  call.decoder = std::make_unique<Cutter>();
  Started s(std::move(call), CodeFilter("python"));
  s.client.body("```\nx = 1\n``");
  s.client.end();
  CHECK(code(s.draw(0)) == Json({"x = 1"}));
}
