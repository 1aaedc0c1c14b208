// How the host's messages leave it: whole, in order, whatever the reader does. And what it says to a human.
#include <sys/ioctl.h>

#include "scenarios/host_process.h"
#include "scenarios/server.h"
#include "unit/catch.h"

using namespace askedit;
using namespace askedit::scenarios;

namespace {

constexpr int kPipeSize = 4096;

Json run(host::RunId id, const Json& provider) {
  Json argument{{"id", id}, {"kind", "answer"}, {"provider", provider}, {"prompt", {{"text", "hi"}}}};
  argument["provider"]["dialect"] = "light_chat";
  argument["provider"].emplace("url", "http://127.0.0.1:1/");
  argument["provider"].emplace("key", "env:LIGHT_CHAT_TOKEN");
  return Json::array({2, "run", Json::array({argument})});
}

/// A run that ends at once, in one draw.
Json keyless_run(host::RunId id) {
  return run(id, {{"key", "env:ASKEDIT_NOT_SET"}});
}

std::vector<Json> values_of(std::string_view bytes) {
  rpc::Decoder decoder;
  decoder.feed(bytes);
  std::vector<Json> values;
  for (;;) {
    auto next = decoder.next();
    REQUIRE(next);
    if (!*next) break;
    values.push_back(**std::move(next));
  }
  // Nothing is left half read: one more value is read as such.
  decoder.feed("\xc3");
  const auto last = decoder.next();
  REQUIRE(last);
  REQUIRE(*last == Json(true));
  return values;
}

void check_ids(const std::vector<std::uint64_t>& ids, std::size_t count) {
  REQUIRE(ids.size() == count);
  bool in_order = true;
  for (std::size_t i = 0; i < count; ++i) in_order = in_order && ids[i] == i + 1;
  CHECK(in_order);
}

}  // namespace

TEST_CASE("With room, every write holds whole messages: 300 draws of a long answer", "[transport]") {
  Noticeboard board;
  Server server(board);
  server.serve(
      Server::parse("connection\nread request\nreply 200 application/json\n  "
                    R"({"code": 200, "data": {"completion": {"choices": [{"message": {"content": ")" +
                    std::string(300 * host::kMaxDraw - 1, 'x') + "\"}}]}}}\n"));
  HostProcess host({.channel = Channel::packets, .env = {{"LIGHT_CHAT_TOKEN", kToken}}}, board);
  host.send(run(1, {{"url", "http://127.0.0.1:" + std::to_string(server.port()) + "/"}}));
  host.await("the end", [&] { return host.ended(1); });
  CHECK(host.shown().at(1)["text"].get<std::string>().size() == 300 * host::kMaxDraw - 1);
  for (const std::string& packet : host.reads()) CHECK(!values_of(packet).empty());
  check_ids(host.request_ids(), 300);
  CHECK(host.fault() == "");
}

TEST_CASE("With room, every write holds whole messages: 300 runs in a row", "[transport]") {
  Noticeboard board;
  HostProcess host({.channel = Channel::packets}, board);
  for (host::RunId id = 1; id <= 300; ++id) host.send(keyless_run(id));
  host.await("300 ends", [&] { return host.shown().size() == 300; });
  for (const std::string& packet : host.reads()) CHECK(!values_of(packet).empty());
  check_ids(host.request_ids(), 300);
}

TEST_CASE("A full pipe: what was cut goes on where it stopped, before anything else", "[transport]") {
  Noticeboard board;
  HostProcess host({.channel = Channel::pipes, .pipe_size = kPipeSize}, board);
  host.set_reading(Reading::off);
  for (host::RunId id = 1; id <= 300; ++id) host.send(keyless_run(id));
  host.await("a full pipe", [&] {
    int waiting = 0;
    return ioctl(host.stdout_fd(), FIONREAD, &waiting) == 0 && waiting == kPipeSize;
  });
  host.send(Json::array({0, 7, "poll", Json::array()}));
  host.set_reading(Reading::on);
  host.await("300 ends and an answer",
             [&] { return host.shown().size() == 300 && host.answers().size() == 1; });
  check_ids(host.request_ids(), 300);
  std::string stream;
  for (const std::string& bytes : host.reads()) stream += bytes;
  CHECK(values_of(stream).size() == 301);
  // What filled the pipe was written before the question came, so the answer is not in it.
  rpc::Decoder in_pipe;
  in_pipe.feed(stream.substr(0, kPipeSize));
  for (auto next = in_pipe.next(); next && *next; next = in_pipe.next()) CHECK((**next)[0] == Json(0));
}

TEST_CASE("--version says version and protocol number", "[transport]") {
  const Outcome outcome = run_host({"--version"}, Stdin::nothing);
  CHECK(outcome.status == 0);
  CHECK(outcome.output == "askedit-host " ASKEDIT_VERSION " (protocol 1)\n");
}

TEST_CASE("Started by hand, the host says what it is and exits with 2", "[transport]") {
  for (const Outcome& outcome : {run_host({}, Stdin::terminal), run_host({"--nonsense"}, Stdin::nothing)}) {
    CHECK(outcome.status == 2);
    CHECK(outcome.output.find("native half of askedit.nvim") != std::string::npos);
  }
}

TEST_CASE("With no input at all the host ends at once", "[transport]") {
  const Outcome outcome = run_host({}, Stdin::nothing);
  CHECK(outcome.status == 0);
  CHECK(outcome.output == "");
}
