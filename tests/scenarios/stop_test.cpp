// Stop in the two phases that no script of a peer can make: a connection that is never accepted, and a name
// server that says nothing. The other phases are scenarios (stop/).
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "scenarios/host_process.h"
#include "scenarios/server.h"
#include "unit/catch.h"

using namespace askedit;
using namespace askedit::scenarios;

namespace {

constexpr milliseconds kPrompt{1000 * kSlowness};

const HostProcess::Environment kEnv{{"LIGHT_CHAT_TOKEN", kToken}};

Json run(host::RunId id, const std::string& url) {
  return Json::array(
      {2, "run",
       Json::array({{{"id", id},
                     {"kind", "answer"},
                     {"provider", {{"dialect", "light_chat"}, {"url", url}, {"key", "env:LIGHT_CHAT_TOKEN"}}},
                     {"prompt", {{"text", "hi"}}}}})});
}

Json stop(host::RunId id) {
  return Json::array({2, "stop", Json::array({{{"id", id}}})});
}

std::string url_of(int port) {
  return "http://127.0.0.1:" + std::to_string(port) + "/";
}

sockaddr_in loopback(std::uint32_t address, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(address);
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  return out;
}

bool is_cancelled(const HostProcess& host, host::RunId id) {
  return host.ended(id) && host.shown().at(id)["end"]["error"]["kind"] == Json("cancelled");
}

/// A listener whose queue is full: the kernel leaves every further SYN without an answer.
class FullListener {
 public:
  FullListener() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(INADDR_LOOPBACK, 0);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(listener_, plain, size) == 0);
    REQUIRE(listen(listener_, 0) == 0);
    REQUIRE(getsockname(listener_, plain, &size) == 0);
    port_ = ntohs(address.sin_port);
    filler_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(connect(filler_, plain, size) == 0);
  }
  ~FullListener() {
    close(filler_);
    close(listener_);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  int port() const { return port_; }

  /// How many sockets of this machine are trying to connect.
  int waiting() const {
    constexpr auto kSynSent = "02";
    std::ifstream table("/proc/net/tcp");
    std::ostringstream remote;
    remote << ":" << std::hex << std::uppercase << port_;
    int count = 0;
    std::string slot, local, peer, state;
    for (std::string line; std::getline(table, line);) {
      std::istringstream(line) >> slot >> local >> peer >> state;
      if (peer.ends_with(remote.str()) && state == kSynSent) ++count;
    }
    return count;
  }

 private:
  int listener_;
  int filler_ = -1;
  int port_ = 0;
};

/// A name server that keeps what it is asked to itself, until answer().
class MuteNameServer {
 public:
  MuteNameServer() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    // An address of our own, for others may test at the same time.
    const std::uint32_t address =
        (127u << 24) | (53u << 16) | (static_cast<std::uint32_t>(getpid()) & 0xFFFF);
    const sockaddr_in name = loopback(address, 53);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
      FAIL("cannot be a name server at port 53 of loopback, which needs root: " << std::strerror(errno));
    file_ = (std::filesystem::temp_directory_path() / "askedit-resolv-XXXXXX").string();
    const int file = mkstemp(file_.data());
    REQUIRE(file >= 0);
    close(file);
    std::ofstream(file_) << "nameserver 127.53." << ((address >> 8) & 0xFF) << "." << (address & 0xFF)
                         << "\noptions timeout:10 attempts:1\n";
  }
  ~MuteNameServer() {
    close(socket_);
    std::filesystem::remove(file_);
  }
  MuteNameServer(const MuteNameServer&) = delete;
  MuteNameServer& operator=(const MuteNameServer&) = delete;

  /// A command that has its successor ask this server.
  std::vector<std::string> prefix() const {
    // In a chroot the root is no mount point, so its propagation cannot be set, and stays as the chroot has
    // it.
    static constexpr auto script =
        "unshare -m true 2>/dev/null || unchanged='--propagation unchanged'\n"
        "exec unshare -m $unchanged sh -c 'mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"' \"$0\" "
        "\"$@\"";
    return {"sh", "-c", script, file_};
  }

  bool asked() {
    for (Query query; (query.size = recvfrom(socket_, query.bytes.data(), query.bytes.size(), 0,
                                             reinterpret_cast<sockaddr*>(&query.from), &query.length)) > 0;)
      queries_.push_back(query);
    return !queries_.empty();
  }

  /// Says at last that every name that was asked for is 127.0.0.1.
  void answer() {
    asked();
    for (const Query& query : queries_) {
      const std::size_t end = query.bytes.find('\0', 12) + 5;  // of the question: name, type, class
      const bool wants_v4 = query.bytes[end - 3] == 1;
      std::string reply = query.bytes.substr(0, end);
      reply.replace(2, 10, std::string("\x81\x80\0\1\0\0\0\0\0\0", 10));
      if (wants_v4) {
        reply[7] = 1;
        reply += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1", 16);
      }
      sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&query.from),
             query.length);
    }
  }

 private:
  struct Query {
    std::string bytes = std::string(512, '\0');
    ssize_t size = 0;
    sockaddr_in from{};
    socklen_t length = sizeof(sockaddr_in);
  };
  int socket_;
  std::string file_;
  std::vector<Query> queries_;
};

std::vector<Server::Script> answers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text +=
        "connection\nread request\nreply 200 application/json\n"
        "  {\"code\": 200, \"data\": {\"completion\": {\"choices\": [{\"message\": {\"content\": "
        "\"Hi!\"}}]}}}\n";
  return Server::parse(text);
}

}  // namespace

TEST_CASE("Stop while the connection is being made gives it up at once", "[stop]") {
  Noticeboard board;
  const FullListener listener;
  HostProcess host({.env = kEnv}, board);
  host.send(run(1, url_of(listener.port())));
  host.await("a connection that is being made", [&] { return listener.waiting() == 1; });
  const Time since = Clock::now();
  host.send(stop(1));
  host.await("its end", [&] { return listener.waiting() == 0 && host.ended(1); });
  CHECK(Clock::now() - since < kPrompt);
  CHECK(is_cancelled(host, 1));
}

TEST_CASE("A connection that is never made is a time-out that names the server", "[stop]") {
  Noticeboard board;
  const FullListener listener;
  HostProcess host({.env = kEnv}, board);
  host.send(run(1, url_of(listener.port())));
  host.await("the end", [&] { return host.ended(1); });
  CHECK(host.shown().at(1)["end"]["error"] ==
        Json{{"kind", "timeout"},
             {"message", "no connection to 127.0.0.1:" + std::to_string(listener.port()) + " within 2 s"}});
}

TEST_CASE("Stop while a name server is silent: an end at once, the loop free, no connection later",
          "[stop]") {
  Noticeboard board;
  MuteNameServer names;
  Server server(board);
  server.serve(answers(2));
  HostProcess host({.env = kEnv, .prefix = names.prefix()}, board);
  host.send(run(1, "https://silent.example:" + std::to_string(server.port()) + "/"));
  host.await("a question to the name server", [&] { return names.asked(); });

  const Time since = Clock::now();
  host.send(stop(1));
  host.send(run(2, url_of(server.port())));
  host.await("the end of the stopped run", [&] { return host.ended(1); });
  CHECK(Clock::now() - since < kPrompt);
  CHECK(is_cancelled(host, 1));
  host.await("another run", [&] { return host.ended(2); });
  CHECK(Clock::now() - since < kPrompt);
  CHECK(host.shown().at(2)["text"] == Json("Hi!"));

  names.answer();
  host.send(run(3, url_of(server.port())));
  host.await("a third run", [&] { return host.ended(3); });
  CHECK(server.connections() == 2);
  CHECK(server.fault() == "");

  const Time left = Clock::now();
  host.close_stdin();
  CHECK(host.await_exit() == 0);
  CHECK(Clock::now() - left < kPrompt);
  CHECK(host.errors() == "");
}
