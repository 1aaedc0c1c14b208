/// askedit-bench-writer: the least that a child of Neovim has to do to show a stream. It is the floor that
/// scripts/bench puts beside askedit-host: same draws, same credit (src/host/run.h), and nothing else.
///
/// Notifications from Neovim, with one argument:
///   hello {}               answered with a draw
///   write {tokens}         draws so many tokens of the text, which it has
///   relay {port, body}     posts the body to the server there, on a kept connection, and draws all that
///   stands
///                          in quotes behind "content":
/// A draw is a request `nvim_exec_lua("return Bench.floor.draw(...)", [id, {hello}])` or `[id, {text, end}]`.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <msgpack.hpp>
#include <string>

#include "text.h"

namespace askedit::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxDraw = 8 * 1024;
constexpr std::chrono::milliseconds kDrawInterval{16};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(fd, bytes.data(), bytes.size());
    if (size <= 0) die("askedit-bench-writer: write");
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

/// Everything there is to read now; empty at the end.
std::string read_some(int fd) {
  std::array<char, 1 << 16> buffer;
  const ssize_t size = read(fd, buffer.data(), buffer.size());
  return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

void request_draw(const std::map<std::string, msgpack::object>& fields) {
  msgpack::sbuffer buffer;
  msgpack::packer<msgpack::sbuffer> out(buffer);
  out.pack_array(4).pack(0).pack(1).pack("nvim_exec_lua");
  out.pack_array(2).pack("return Bench.floor.draw(...)");
  out.pack_array(2).pack(1).pack(fields);
  write_all(STDOUT_FILENO, {buffer.data(), buffer.size()});
}

/// Text comes in, draws go out: the first at once, then one in 16 ms or of 8 KiB, one in flight.
class Screen {
 public:
  void begin() {
    *this = Screen();
    over_ = false;
  }
  void add(std::string_view more) { text_ += more; }
  void end() { ended_ = true; }
  void replied() { in_flight_ = false; }

  /// Milliseconds until a draw is due; -1: not before something else happens.
  int wait() const {
    if (over_ || in_flight_ || (waiting() == 0 && !ended_)) return -1;
    if (waiting() >= kMaxDraw || (waiting() > 0 && drawn_ == 0)) return 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(not_before_ - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
  }

  void draw_if_due() {
    if (wait() != 0) return;
    const std::string_view piece = std::string_view(text_).substr(drawn_, kMaxDraw);
    drawn_ += piece.size();
    over_ = ended_ && waiting() == 0;
    std::map<std::string, msgpack::object> fields{{"text", msgpack::object(piece)}};
    if (over_) fields.emplace("end", msgpack::object(true));
    request_draw(fields);
    in_flight_ = true;
    not_before_ = Clock::now() + kDrawInterval;
  }

 private:
  std::size_t waiting() const { return text_.size() - drawn_; }

  std::string text_;
  std::size_t drawn_ = 0;
  bool ended_ = false;
  bool in_flight_ = false;
  bool over_ = true;
  Clock::time_point not_before_{};
};

/// The text in a stream of Chat Completions, with no more understanding than it takes for our own server.
class Relay {
 public:
  explicit Relay(Screen& screen) : screen_(screen) {}

  int fd() const { return fd_; }

  void request(std::uint16_t port, std::string_view body) {
    if (fd_ < 0) fd_ = connect_to(port);
    write_all(fd_,
              "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
              "Content-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    input_.clear();
  }

  void receive() {
    input_ += read_some(fd_);
    constexpr std::string_view mark = "\"content\":\"";
    std::size_t done = 0;
    for (;;) {
      const std::size_t at = input_.find(mark, done);
      const std::size_t end = at == std::string::npos ? at : add_quoted(at + mark.size());
      if (end == std::string::npos) break;
      done = end;
    }
    if (input_.find("data: [DONE]", done) != std::string::npos) screen_.end();
    input_.erase(0, done);
  }

 private:
  static int connect_to(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      die("askedit-bench-writer: connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
  }

  /// Hands on what stands from `at` to the closing quote, and says where that is; npos if it is not there
  /// yet.
  std::size_t add_quoted(std::size_t at) {
    std::string text;
    for (; at < input_.size() && input_[at] != '"'; ++at) {
      if (input_[at] != '\\') {
        text += input_[at];
      } else if (++at < input_.size()) {
        text += input_[at] == 'n' ? '\n' : input_[at];
      }
    }
    if (at >= input_.size()) return std::string::npos;
    screen_.add(text);
    return at;
  }

  Screen& screen_;
  std::string input_;
  int fd_ = -1;
};

class Writer {
 public:
  [[noreturn]] void run() {
    for (;;) {
      screen_.draw_if_due();
      std::array<pollfd, 2> fds{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{relay_.fd(), POLLIN, 0}};
      if (poll(fds.data(), fds.size(), screen_.wait()) < 0) die("askedit-bench-writer: poll");
      if (fds[0].revents != 0) receive();
      if (fds[1].revents != 0) relay_.receive();
    }
  }

 private:
  void receive() {
    const std::string bytes = read_some(STDIN_FILENO);
    if (bytes.empty()) std::exit(0);
    unpacker_.reserve_buffer(bytes.size());
    std::copy(bytes.begin(), bytes.end(), unpacker_.buffer());
    unpacker_.buffer_consumed(bytes.size());
    for (msgpack::object_handle message; unpacker_.next(message);) take(message.get().via.array);
  }

  void take(const msgpack::object_array& message) {
    constexpr int notification = 2;
    if (message.ptr[0].as<int>() != notification) return screen_.replied();
    const auto method = message.ptr[1].as<std::string>();
    const msgpack::object& argument = message.ptr[2].via.array.ptr[0];
    if (method == "hello") return request_draw({{"hello", msgpack::object(true)}});
    const auto fields = argument.as<std::map<std::string, msgpack::object>>();
    screen_.begin();
    if (method == "write")
      write_text(fields.at("tokens").as<std::size_t>());
    else
      relay_.request(fields.at("port").as<std::uint16_t>(), fields.at("body").as<std::string>());
  }

  /// As if it came in: the first token alone.
  void write_text(std::size_t tokens) {
    screen_.add(token(0));
    screen_.draw_if_due();
    for (std::size_t i = 1; i < tokens; ++i) screen_.add(token(i));
    screen_.end();
  }

  Screen screen_;
  Relay relay_{screen_};
  msgpack::unpacker unpacker_;
};

}  // namespace
}  // namespace askedit::bench

int main() {
  askedit::bench::Writer().run();
}
