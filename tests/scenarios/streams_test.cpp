// Many streams of one host: connections are used again, runs do not wait for each other, a stop closes its
// own socket, and one huge event costs no more memory than its limit.
#include <fstream>
#include <sstream>

#include "net/sse.h"
#include "scenarios/host_process.h"
#include "scenarios/server.h"
#include "unit/catch.h"

using namespace askedit;
using namespace askedit::scenarios;

namespace {

Json run(host::RunId id, int port) {
  const Json provider{{"dialect", "openai_chat"}, {"url", "http://127.0.0.1:" + std::to_string(port)}};
  return Json::array(
      {2, "run",
       Json::array(
           {{{"id", id}, {"kind", "answer"}, {"provider", provider}, {"prompt", {{"text", "hi"}}}}})});
}

Json stop(host::RunId id) {
  return Json::array({2, "stop", Json::array({{{"id", id}}})});
}

Server::Directive send_bytes(std::string bytes) {
  return {"send", std::move(bytes)};
}

std::string chunk(const std::string& bytes) {
  std::ostringstream out;
  out << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return out.str();
}

std::string event(const std::string& text) {
  return "data: " + dump_json({{"choices", {{{"index", 0}, {"delta", {{"content", text}}}}}}}) + "\n\n";
}

const std::string kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kEnd = chunk("data: [DONE]\n\n") + "0\r\n\r\n";

std::string whole_json(const std::string& text) {
  const std::string body = dump_json({{"choices", {{{"message", {{"content", text}}}}}}});
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string text_of(const HostProcess& host, host::RunId id) {
  const auto shown = host.shown().find(id);
  return shown == host.shown().end() ? "" : string_or(member(shown->second, "text"));
}

bool finished(const HostProcess& host, host::RunId id) {
  return host.ended(id) && host.shown().at(id)["end"].contains("finish");
}

bool cancelled(const HostProcess& host, host::RunId id) {
  return host.ended(id) && host.shown().at(id)["end"]["error"]["kind"] == Json("cancelled");
}

void close_and_check(HostProcess& host, Server& server) {
  host.close_stdin();
  CHECK(host.await_exit() == 0);
  CHECK(host.errors() == "");
  CHECK(host.fault() == "");
  CHECK(server.fault() == "");
}

}  // namespace

TEST_CASE("Ten requests in a row open one connection, whole JSON or streams", "[streams]") {
  const bool streams = GENERATE(true, false);
  INFO((streams ? "streams" : "whole JSON"));
  const std::string answer = streams ? kStreamHead + chunk(event("Hi")) + kEnd : whole_json("Hi");
  Server::Script script;
  for (int i = 0; i < 10; ++i) {
    script.push_back({"read request", ""});
    script.push_back(send_bytes(answer));
  }
  Noticeboard board;
  Server server(board);
  server.serve({script});
  HostProcess host({}, board);
  for (host::RunId id = 1; id <= 10; ++id) {
    host.send(run(id, server.port()));
    host.await("an answer", [&] { return host.ended(id); });
    REQUIRE(text_of(host, id) == "Hi");
    REQUIRE(finished(host, id));
  }
  CHECK(server.connections() == 1);
  REQUIRE(board.await("served"));
  close_and_check(host, server);
}

TEST_CASE("The timings of a stream are there with its end, though the response goes on", "[streams]") {
  Noticeboard board;
  Server server(board);
  server.serve({{{"read request", ""},
                 send_bytes(kStreamHead + chunk(event("Hi")) + chunk("data: [DONE]\n\n")),
                 {"await close", ""}}});
  HostProcess host({}, board);
  host.send(run(1, server.port()));
  host.await("the end", [&] { return host.ended(1); });
  const Json timings = host.shown().at(1)["end"]["log"]["timings"];
  INFO(timings);
  CHECK(timings["connect"] > 0.0);
  CHECK(timings["first_byte"] > 0.0);
  CHECK(timings["total"] >= timings["first_byte"]);
  close_and_check(host, server);
}

TEST_CASE("A connection that was closed while nobody used it is made anew, and the run does not notice",
          "[streams]") {
  Noticeboard board;
  Server server(board);
  server.serve({{{"read request", ""}, send_bytes(whole_json("one")), {"pause until", "drawn"}},
                {{"read request", ""}, send_bytes(whole_json("two"))}});
  HostProcess host({}, board);
  host.send(run(1, server.port()));
  host.await("an answer", [&] { return host.ended(1); });
  board.post("drawn");
  host.send(run(2, server.port()));
  host.await("another", [&] { return host.ended(2); });
  CHECK(text_of(host, 1) == "one");
  CHECK(text_of(host, 2) == "two");
  CHECK(finished(host, 2));
  close_and_check(host, server);
}

TEST_CASE("A stop closes its own socket; the other stream goes on, and its connection is used again",
          "[streams]") {
  Noticeboard board;
  Server server(board);
  server.serve({{{"read request", ""}, send_bytes(kStreamHead + chunk(event("a"))), {"await close", ""}},
                {{"read request", ""},
                 send_bytes(kStreamHead + chunk(event("b"))),
                 {"pause until", "closed 1"},
                 send_bytes(chunk(event("B")) + kEnd),
                 {"read request", ""},
                 send_bytes(whole_json("again"))}});
  HostProcess host({}, board);
  host.send(run(1, server.port()));
  host.await("the first text", [&] { return text_of(host, 1) == "a"; });
  host.send(run(2, server.port()));
  host.await("the other text", [&] { return text_of(host, 2) == "b"; });
  host.send(stop(1));
  host.await("both ends", [&] { return host.ended(1) && host.ended(2); });
  CHECK(cancelled(host, 1));
  CHECK(text_of(host, 2) == "bB");
  host.send(run(3, server.port()));
  host.await("an answer", [&] { return host.ended(3); });
  CHECK(text_of(host, 3) == "again");
  CHECK(server.connections() == 2);
  close_and_check(host, server);
}

// Twenty streams; each says its numbers in rounds, and a round begins when the round before is on the screen
// of all that are left. After each round one is stopped, the last ones come to their end. Were one to wait
// for another, the rounds would not go on.
TEST_CASE("Twenty runs at once: each can be stopped alone, the others go on in order", "[streams]") {
  constexpr host::RunId kRuns = 20;
  constexpr int kRounds = 16;
  Noticeboard board;
  Server server(board);
  const auto script = [](int rounds) {
    Server::Script all{{"read request", ""}, send_bytes(kStreamHead)};
    for (int round = 0; round < rounds; ++round) {
      all.push_back({"pause until", "round " + std::to_string(round)});
      for (int i = 0; i < 10; ++i)
        all.push_back(send_bytes(chunk(event(std::to_string(10 * round + i) + " "))));
    }
    return all;
  };
  // Connections are made in the order of the runs, since each waits for the request of the one before.
  std::vector<Server::Script> scripts;
  for (host::RunId id = 1; id <= kRuns; ++id) {
    const bool stopped = id <= kRounds;
    scripts.push_back(script(stopped ? static_cast<int>(id) : kRounds));
    if (stopped)
      scripts.back().push_back({"await close", ""});
    else
      scripts.back().push_back(send_bytes(kEnd));
  }
  server.serve(std::move(scripts));
  HostProcess host({}, board);
  for (host::RunId id = 1; id <= kRuns; ++id) {
    host.send(run(id, server.port()));
    host.await("a request", [&] { return board.has("request " + std::to_string(id)); });
  }

  std::string numbers;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 10; ++i) numbers += std::to_string(10 * round + i) + " ";
    board.post("round " + std::to_string(round));
    for (host::RunId id = round + 1; id <= kRuns; ++id)
      host.await("round " + std::to_string(round) + " of run " + std::to_string(id),
                 [&] { return text_of(host, id) == numbers; });
    const host::RunId victim = round + 1;
    const Time since = Clock::now();
    host.send(stop(victim));
    host.await("its end",
               [&] { return host.ended(victim) && board.has("closed " + std::to_string(victim)); });
    CHECK(Clock::now() - since < kSlowness * milliseconds(500));
    CHECK(cancelled(host, victim));
    CHECK(text_of(host, victim) == numbers);
  }
  for (host::RunId id = kRounds + 1; id <= kRuns; ++id) {
    host.await("the end", [&] { return host.ended(id); });
    CHECK(finished(host, id));
    CHECK(text_of(host, id) == numbers);
  }
  CHECK(server.connections() == kRuns);
  REQUIRE(board.await("served"));
  close_and_check(host, server);
}

TEST_CASE("An event without an end is too large; the text before it is kept, and memory is bounded",
          "[streams]") {
  const auto peak_kib = [](pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;)
      if (word == "VmHWM:") {
        long value = 0;
        status >> value;
        return value;
      }
    return -1L;
  };
  Noticeboard board;
  Server server(board);
  server.serve(
      {{{"read request", ""},
        send_bytes("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + event("kept") + "data: {\"x\":\""),
        {"flood", std::string(1 << 16, 'x')}}});
  HostProcess host({}, board);
  host.send(run(1, server.port()));
  host.await("the text", [&] { return text_of(host, 1) == "kept"; });
  host.await("the end", [&] { return host.ended(1) && board.has("closed 1"); });
  CHECK(
      host.shown().at(1)["end"]["error"] ==
      Json{{"kind", "too_large"}, {"message", "the server sent an event over 8 MiB; what had come is kept"}});
  CHECK(text_of(host, 1) == "kept");
  const long peak = peak_kib(host.pid());
  INFO("peak " << peak << " KiB");
  CHECK(peak > 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they have memory of their own
  CHECK(peak < 64 * 1024);
#endif
  close_and_check(host, server);
}
