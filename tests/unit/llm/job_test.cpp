#include "llm/job.h"

#include "unit/fake_client.h"
#include "unit/llm/events.h"
#include "unit/llm/text_decoder.h"

using namespace askedit;
using namespace askedit::llm;
using std::chrono::seconds;

namespace {

const std::string kKey = "sk-canary-7f3a";
const Time kStart{};

/// A job at a fake server, and what it told.
struct Asked {
  FakeClient client;
  Events events;
  Job job;

  explicit Asked(Call call = text_call())
      : job(
            client, std::move(call), Secret(kKey),
            [this](Event event) { events.push_back(std::move(event)); }, kStart) {}
};

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("A job passes the events on and ends once", "[job]") {
  Asked asked;
  asked.client.head(200);
  asked.client.body("Hi ");
  asked.client.body("there");
  asked.client.end();
  CHECK(dump_json(joined(asked.events)) == R"([{"text":"Hi there"},{"finished":"stop"}])");
  CHECK(asked.job.ended());
  CHECK(!asked.job.deadline());
  asked.job.cancel();
  asked.job.tick(kStart + seconds(1000));
  check_laws(asked.events);
}

TEST_CASE("60 seconds of silence and then the answer is an answer", "[job]") {
  Asked asked;
  asked.job.tick(kStart + seconds(60));
  asked.client.head(200);
  asked.client.body("late");
  asked.client.end();
  asked.job.tick(kStart + seconds(60));
  check_laws(asked.events);
  CHECK(text_of(asked.events) == "late");
}

TEST_CASE("120 seconds of silence close the connection and are a time-out that says what to do", "[job]") {
  Asked asked;
  REQUIRE(asked.job.deadline() == kStart + seconds(120));
  asked.job.tick(kStart + seconds(120) - milliseconds(1));
  REQUIRE(asked.events.empty());
  asked.job.tick(kStart + seconds(120));
  CHECK(asked.client.last().cancelled);
  CHECK(failure_of(asked.events).kind == ErrorKind::timeout);
  CHECK(failure_of(asked.events).message ==
        "the server sent nothing for 120 s: try :Ask /retry, or set a longer timeout");
  check_laws(asked.events);
}

TEST_CASE("The silence is counted from the last byte, not from the start", "[job]") {
  Asked asked;
  asked.job.tick(kStart + seconds(100));
  asked.client.head(200);
  asked.job.tick(kStart + seconds(100));
  CHECK(asked.job.deadline() == kStart + seconds(220));
  asked.client.body("x");
  asked.job.tick(kStart + seconds(200));
  asked.job.tick(kStart + seconds(319));
  CHECK(!asked.job.ended());
  asked.job.tick(kStart + seconds(320));
  CHECK(failure_of(asked.events).kind == ErrorKind::timeout);
  CHECK(text_of(asked.events) == "x");
}

TEST_CASE("Part of a second is said as such", "[job]") {
  Asked asked(text_call(milliseconds(1500)));
  asked.job.tick(kStart + seconds(2));
  CHECK(holds(failure_of(asked.events).message, "nothing for 1.5 s"));
}

TEST_CASE("Cancel closes the connection before it tells, in each phase, and tells once", "[job]") {
  const int phase = GENERATE(0, 1, 2);
  INFO("0 = nothing came, 1 = the head, 2 = text: " << phase);
  FakeClient client;
  Events events;
  bool closed_first = false;
  Job job(
      client, text_call(), Secret(kKey),
      [&](Event event) {
        if (std::holds_alternative<Failed>(event)) closed_first = client.last().cancelled;
        events.push_back(std::move(event));
      },
      kStart);
  if (phase > 0) client.head(200);
  if (phase > 1) client.body("some");
  job.cancel();
  job.cancel();
  job.tick(kStart + seconds(1000));
  CHECK(closed_first);
  CHECK(failure_of(events).kind == ErrorKind::cancelled);
  CHECK(text_of(events) == (phase > 1 ? "some" : ""));
  check_laws(events);
}

TEST_CASE("The end of a job closes its connection", "[job]") {
  FakeClient client;
  {
    Job job(
        client, text_call(), Secret(kKey), [](const Event&) {}, kStart);
  }
  CHECK(client.last().cancelled);
}

TEST_CASE("An answer of 8 MiB is whole, of one byte more is cut there and kept", "[job]") {
  const std::string megabyte(std::size_t{1} << 20, 'x');
  Asked asked;
  asked.client.head(200);
  for (int i = 0; i < 8; ++i) REQUIRE(asked.client.body(megabyte));
  SECTION("whole") {
    asked.client.end();
    CHECK(std::holds_alternative<Finished>(asked.events.back()));
  }
  SECTION("one more") {
    CHECK(!asked.client.body("y"));  // the connection is closed
    CHECK(failure_of(asked.events).kind == ErrorKind::too_large);
  }
  CHECK(text_of(asked.events).size() == kMaxAnswer);
  check_laws(asked.events);
}

TEST_CASE("The cut of an answer that is too large is not inside a character", "[job]") {
  std::string text(kMaxAnswer - 1, 'x');
  Asked asked;
  asked.client.head(200);
  asked.client.body(text + "余");
  CHECK(text_of(asked.events) == text);
  check_laws(asked.events);
}

TEST_CASE("Thoughts count with the answer", "[job]") {
  struct Thinker : StreamDecoder {
    void feed(std::string_view bytes, const EventSink& sink) override {
      sink(ReasoningDelta{std::string(bytes)});
    }
    void end(const EventSink& sink) override { sink(Finished{FinishReason::stop}); }
  };
  Call call = text_call();
  call.decoder = std::make_unique<Thinker>();
  Asked asked(std::move(call));
  asked.client.head(200);
  REQUIRE(asked.client.body(std::string(kMaxAnswer, 'x')));
  CHECK(!asked.client.body("y"));
  CHECK(failure_of(asked.events).kind == ErrorKind::too_large);
  check_laws(asked.events);
}

TEST_CASE("Of an error body 64 KiB are read", "[job]") {
  Asked asked;
  asked.client.head(500);
  std::size_t sent = 0;
  do {
    REQUIRE(sent < 2 * kMaxErrorBody);
    sent += 1000;
  } while (asked.client.body(std::string(1000, 'e')));
  CHECK(sent == 66'000);
  CHECK(failure_of(asked.events).kind == ErrorKind::server);
  check_laws(asked.events);
}

TEST_CASE("A transfer that fails is the failure of the job, text kept", "[job]") {
  Asked asked;
  asked.client.head(200);
  asked.client.body("half");
  asked.client.end(Error{ErrorKind::network, "broke off"});
  CHECK(text_of(asked.events) == "half");
  CHECK(failure_of(asked.events).message == "broke off");
  check_laws(asked.events);
}

TEST_CASE("Whether an answer whose connection broke is whole, its decoder knows", "[job]") {
  /// An answer that ends with a full stop.
  struct Talker : StreamDecoder {
    std::string all;
    void feed(std::string_view bytes, const EventSink& sink) override {
      all += bytes;
      sink(TextDelta{std::string(bytes)});
    }
    void end(const EventSink& sink) override {
      if (all.ends_with('.')) return sink(Finished{FinishReason::stop});
      sink(Failed{{ErrorKind::truncated, "no full stop"}});
    }
  };
  const std::string text = GENERATE("Half an", "A whole.");
  Call call = text_call();
  call.decoder = std::make_unique<Talker>();
  Asked asked(std::move(call));
  asked.client.head(200);
  asked.client.body(text);
  asked.client.end(Error{ErrorKind::truncated, "broke off"});
  CHECK(text_of(asked.events) == text);
  CHECK(std::holds_alternative<Finished>(asked.events.back()) == (text == "A whole."));
  check_laws(asked.events);
}

TEST_CASE("An error status counts even if its body breaks off", "[job]") {
  Asked asked;
  asked.client.head(401);
  asked.client.body(R"({"error":{"message":"bad)");
  asked.client.end(Error{ErrorKind::truncated, "broke off"});
  CHECK(failure_of(asked.events).kind == ErrorKind::auth);
}

TEST_CASE("A key in the text is masked, wherever the text is split", "[job]") {
  const std::string text = "your key is " + kKey + ", again " + kKey;
  for (std::size_t split = 0; split <= text.size(); ++split) {
    Asked asked;
    asked.client.head(200);
    if (split > 0) asked.client.body(text.substr(0, split));
    if (split < text.size()) asked.client.body(text.substr(split));
    asked.client.end();
    REQUIRE(text_of(asked.events) == "your key is [redacted], again [redacted]");
    check_laws(asked.events);
  }
  Asked asked;
  asked.client.head(200);
  for (const char byte : text) asked.client.body({&byte, 1});
  asked.client.end();
  CHECK(text_of(asked.events) == "your key is [redacted], again [redacted]");
}

TEST_CASE("What looks like the beginning of a key comes out when it is none", "[job]") {
  Asked asked;
  asked.client.head(200);
  asked.client.body("it begins with sk-can");
  CHECK(text_of(asked.events) == "it begins with ");
  SECTION("at the end") {
    asked.client.end();
  }
  SECTION("at a stop") {
    asked.job.cancel();
  }
  SECTION("at a time-out") {
    asked.job.tick(kStart);
    asked.job.tick(kStart + seconds(120));
  }
  SECTION("at a cut") {
    asked.client.end(Error{ErrorKind::truncated, "cut"});
  }
  CHECK(text_of(asked.events) == "it begins with sk-can");
  check_laws(asked.events);
}

namespace {

/// The failure that a server makes with `body` and HTTP 400.
std::string refused(const std::string& body) {
  Asked asked;
  asked.client.head(400);
  if (!body.empty()) asked.client.body(body);
  asked.client.end();
  check_laws(asked.events);
  return failure_of(asked.events).message;
}

}  // namespace

TEST_CASE("A key in an error is masked, also where the sentence is cut in its middle", "[job]") {
  CHECK(refused(R"({"message":"no such token sk-canary-7f3a!"})") ==
        "the server answered HTTP 400: no such token [redacted]!");
  CHECK(holds(refused("<p>" + kKey + "</p>"), "[redacted]"));
  for (std::size_t before = 150; before < 320; ++before) {
    const std::string words = std::string(before, 'w') + kKey + " tail";
    for (const std::string& body :
         {words, dump_json(Json{{"message", words}}),
          R"({"message":")" + std::string(before, 'w') + R"(sk\u002dcanary-7f3a tail"})"}) {
      const std::string message = refused(body);
      INFO(message);
      REQUIRE(!holds(message, "sk-"));
    }
  }
}

TEST_CASE("A key at the 64 KiB cut of an error body leaves no part behind", "[job]") {
  for (std::size_t inside = 0; inside <= kKey.size(); ++inside) {
    const std::string page = "<p>" + std::string(kMaxErrorBody - inside - 7, '\n') + "<b>" + kKey + "</b>";
    Asked asked;
    asked.client.head(500);
    asked.client.body(page);
    if (!asked.job.ended()) asked.client.end();
    INFO(failure_of(asked.events).message);
    REQUIRE(!holds(failure_of(asked.events).message, kKey.substr(0, 3)));
  }
}

TEST_CASE("A key in the model's name, a notice, a thought or a failure is masked", "[job]") {
  struct Talker : StreamDecoder {
    void feed(std::string_view, const EventSink& sink) override {
      sink(Started{"model " + kKey});
      sink(Notice{"quota " + kKey});
      sink(ReasoningDelta{"I see sk-can"});
      sink(ReasoningDelta{"ary-7f3a, so"});
    }
    void end(const EventSink& sink) override { sink(Failed{{ErrorKind::auth, "bad " + kKey}}); }
  };
  Call call = text_call();
  call.decoder = std::make_unique<Talker>();
  Asked asked(std::move(call));
  asked.client.head(200);
  asked.client.body("x");
  asked.client.end();
  CHECK(
      dump_json(joined(asked.events)) ==
      R"([{"started":"model [redacted]"},{"notice":"quota [redacted]"},{"reasoning":"I see [redacted], so"},)"
      R"({"failed":{"kind":"auth","message":"bad [redacted]"}}])");
  check_laws(asked.events);
}

TEST_CASE("Nothing that a decoder says after its end comes out", "[job]") {
  struct Chatterbox : StreamDecoder {
    void feed(std::string_view, const EventSink& sink) override {
      sink(Finished{FinishReason::stop});
      sink(TextDelta{"more"});
      sink(Failed{{ErrorKind::server, "no"}});
    }
    void end(const EventSink&) override {}
  };
  Call call = text_call();
  call.decoder = std::make_unique<Chatterbox>();
  Asked asked(std::move(call));
  asked.client.head(200);
  asked.client.body("x");
  asked.client.body("y");
  asked.client.end();
  CHECK(dump_json(joined(asked.events)) == R"([{"finished":"stop"}])");
}

namespace {

/// Knows its end before the response has ended, as a stream with an end mark does.
struct MarkedDecoder : StreamDecoder {
  void feed(std::string_view bytes, const EventSink& sink) override {
    if (bytes == "DONE") return sink(Finished{FinishReason::stop});
    if (bytes == "ERROR") return sink(Failed{{ErrorKind::server, "no"}});
    sink(TextDelta{std::string(bytes)});
  }
  void end(const EventSink& sink) override { sink(Failed{{ErrorKind::truncated, "no mark"}}); }
};

Call marked_call() {
  Call call = text_call();
  call.decoder = std::make_unique<MarkedDecoder>();
  return call;
}

}  // namespace

TEST_CASE("After its end mark a response is read to its end, so that the connection can be used again",
          "[job]") {
  Asked asked(marked_call());
  asked.client.head(200);
  asked.client.body("Hi");
  REQUIRE(asked.client.body("DONE"));
  CHECK(asked.job.ended());
  CHECK(!asked.job.closed());
  CHECK(asked.job.log()["timings"]["total"] == Json(4.5));  // of the answer, not of what follows it
  asked.job.tick(kStart);
  REQUIRE(asked.client.body("0 0"));
  asked.client.end();
  CHECK(asked.job.closed());
  CHECK(!asked.job.deadline());
  CHECK(!asked.client.last().cancelled);
  check_laws(asked.events);
}

TEST_CASE("A response that goes on after its end mark is closed after half a second, silent or not",
          "[job]") {
  const bool silent = GENERATE(true, false);
  Asked asked(marked_call());
  asked.client.head(200);
  asked.client.body("DONE");
  asked.job.tick(kStart + seconds(9));
  for (int time = 0; time < 500; time += 100) {
    if (!silent) REQUIRE(asked.client.body(": wait"));
    asked.job.tick(kStart + seconds(9) + milliseconds(time));
    REQUIRE(!asked.job.closed());
  }
  REQUIRE(asked.job.deadline() == kStart + seconds(9) + kDrain);
  asked.job.tick(kStart + seconds(9) + kDrain);
  CHECK(asked.client.last().cancelled);
  CHECK(asked.job.closed());
  CHECK(!asked.job.deadline());
  CHECK(asked.job.log()["timings"]["total"] == Json(3.0));
  check_laws(asked.events);
}

TEST_CASE("A job that failed waits for nothing", "[job]") {
  Asked asked(marked_call());
  asked.client.head(200);
  CHECK(!asked.client.body("ERROR"));
  CHECK(asked.job.closed());
  check_laws(asked.events);
}

TEST_CASE("A job that was stopped or timed out is closed", "[job]") {
  Asked stopped;
  stopped.job.cancel();
  CHECK(stopped.job.closed());
  CHECK(!stopped.job.deadline());
  Asked silent;
  silent.job.tick(kStart + seconds(120));
  CHECK(silent.job.closed());
  CHECK(!silent.job.deadline());
}

TEST_CASE("A decoder that says no end has one: truncated", "[job]") {
  struct Mute : StreamDecoder {
    void feed(std::string_view, const EventSink&) override {}
    void end(const EventSink&) override {}
  };
  Call call = text_call();
  call.decoder = std::make_unique<Mute>();
  Asked asked(std::move(call));
  asked.client.head(200);
  asked.client.end();
  CHECK(failure_of(asked.events).kind == ErrorKind::truncated);
}

TEST_CASE("The log tells what was sent and how long it took, without the key", "[job]") {
  Call call = text_call();
  call.request.url = "https://example.org/?k=" + kKey;
  call.request.body =
      dump_json({{"token", kKey}, {"messages", {{{"content", "my key is " + kKey + " 余"}}}}});
  const std::size_t sent = call.request.body.size();
  Asked asked(std::move(call));
  asked.client.head(200);
  asked.client.body("12345");
  asked.client.end();
  const Json log = asked.job.log();
  CHECK(log["method"] == Json("POST"));
  CHECK(log["url"] == Json("https://example.org/?k=[redacted]"));
  CHECK(log["request"] == Json("{\n  \"messages\": [\n    {\n      \"content\": \"my key is [redacted] 余\"\n"
                               "    }\n  ],\n  \"token\": \"[redacted]\"\n}"));
  CHECK(log["status"] == Json(200));
  CHECK(log["sent"] == Json(sent));
  CHECK(log["received"] == Json(5));
  CHECK(dump_json(log["timings"]) ==
        R"({"connect":2.0,"first_byte":4.0,"lookup":1.0,"tls":3.0,"total":5.0})");
}

TEST_CASE("The log of a stopped job has the timings of the moment", "[job]") {
  Asked asked;
  asked.job.cancel();
  CHECK(asked.job.log()["status"] == Json(0));
  CHECK(asked.job.log()["timings"]["total"] == Json(3.0));
}
