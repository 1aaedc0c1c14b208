// Proxies that the environment names: not on the way to this machine, named in errors, exempted by NO_PROXY.
// "models.localhost" is a name that curl resolves without a name server, and is no name of ours for this
// machine.
#include "scenarios/host_process.h"
#include "scenarios/server.h"
#include "unit/catch.h"

using namespace askedit;
using namespace askedit::scenarios;

namespace {

Json run(host::RunId id, const std::string& url) {
  const Json provider{{"dialect", "openai_chat"}, {"url", url}};
  return Json::array(
      {2, "run",
       Json::array(
           {{{"id", id}, {"kind", "answer"}, {"provider", provider}, {"prompt", {{"text", "hi"}}}}})});
}

std::string port_of(const Server& server) {
  return std::to_string(server.port());
}

HostProcess::Environment proxies(const std::string& url) {
  return {{"http_proxy", url}, {"https_proxy", url}, {"all_proxy", url}};
}

Json error_of(const HostProcess& host, host::RunId id) {
  return host.shown().at(id)["end"]["error"];
}

bool says(const Json& error, std::string_view part) {
  return string_or(member(error, "message")).find(part) != std::string::npos;
}

const auto kAnswers =
    "connection\nread request\nreply 200 application/json\n"
    "  {\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}\n";

}  // namespace

TEST_CASE("A server on this machine is asked past the proxy, by address and by name", "[proxy]") {
  Noticeboard board;
  Noticeboard of_proxy;
  Server proxy(of_proxy);
  proxy.serve({});
  Server server(board);
  server.serve(Server::parse(std::string(kAnswers) + kAnswers));
  HostProcess host({.env = proxies("http://127.0.0.1:" + port_of(proxy))}, board);
  host.send(run(1, "http://127.0.0.1:" + port_of(server)));
  host.send(run(2, "http://localhost:" + port_of(server)));
  host.await("both answers", [&] { return host.ended(1) && host.ended(2); });
  CHECK(host.shown().at(1)["text"] == Json("Hi"));
  CHECK(host.shown().at(2)["text"] == Json("Hi"));
  CHECK(proxy.connections() == 0);
}

TEST_CASE("Any other name goes through the proxy, whose refusal is told with its name", "[proxy]") {
  Noticeboard board;
  Server proxy(board);
  proxy.serve(Server::parse("connection\nread request\nreply 503 text/plain\n  go away\n"));
  HostProcess host({.env = proxies("http://user:hush@127.0.0.1:" + port_of(proxy))}, board);
  host.send(run(1, "https://models.localhost:1/v1"));
  host.await("the end", [&] { return host.ended(1); });
  CHECK(proxy.request(1).line == "CONNECT models.localhost:1 HTTP/1.1");
  const Json error = error_of(host, 1);
  INFO(error);
  CHECK(error["kind"] == "network");
  CHECK(says(error, "models.localhost:1 through the proxy 127.0.0.1:" + port_of(proxy) + " of https_proxy"));
  CHECK(says(error, "503"));
  CHECK(host.everything_visible().find("hush") == std::string::npos);
}

TEST_CASE("NO_PROXY is obeyed", "[proxy]") {
  const std::string exempt = GENERATE("models.localhost", "other.example, .localhost", "*");
  INFO(exempt);
  Noticeboard board;
  Noticeboard of_proxy;
  Server proxy(of_proxy);
  proxy.serve({});
  Server server(board);
  server.serve(Server::parse("connection\nread something\nclose\n"));
  auto env = proxies("http://127.0.0.1:" + port_of(proxy));
  env["NO_PROXY"] = exempt;
  HostProcess host({.env = env}, board);
  host.send(run(1, "https://models.localhost:" + port_of(server) + "/v1"));
  host.await("the end", [&] { return host.ended(1); });
  CHECK(board.has("something 1"));  // the beginning of a TLS connection
  CHECK(proxy.connections() == 0);
  CHECK(error_of(host, 1)["kind"] == "tls");
  CHECK(!says(error_of(host, 1), "proxy"));
}

TEST_CASE("A proxy that nobody runs is named, not the server behind it", "[proxy]") {
  Noticeboard board;
  HostProcess host({.env = proxies("http://user:hush@127.0.0.1:1")}, board);
  host.send(run(1, "https://models.localhost/v1"));
  host.await("the end", [&] { return host.ended(1); });
  CHECK(error_of(host, 1) ==
        Json{{"kind", "network"},
             {"message", "cannot connect to the proxy 127.0.0.1:1 of https_proxy: is it running there?"}});
}

TEST_CASE("A proxy that is said to speak TLS and does not is named within the time for a connection",
          "[proxy]") {
  Noticeboard board;
  Server proxy(board);
  const bool answers = GENERATE(true, false);
  INFO((answers ? "it answers in plain text" : "it waits for a line that never comes"));
  proxy.serve(Server::parse(std::string("connection\nread something\n") +
                            (answers ? "send HTTP/1.1 400 Bad Request\\r\\n\\r\\n\n" : "") +
                            "await close\n"));
  HostProcess host({.env = proxies("https://user:hush@127.0.0.1:" + port_of(proxy))}, board);
  const Time since = Clock::now();
  host.send(run(1, "https://models.localhost/v1"));
  host.await("the end", [&] { return host.ended(1); });
  CHECK(Clock::now() - since < milliseconds(11'000 * kSlowness));
  const Json error = error_of(host, 1);
  INFO(error);
  CHECK(error["kind"] == (answers ? "tls" : "timeout"));
  CHECK(says(error, "through the proxy 127.0.0.1:" + port_of(proxy) + " of https_proxy"));
  CHECK(host.everything_visible().find("hush") == std::string::npos);
}
