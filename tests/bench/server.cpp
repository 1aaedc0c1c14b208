/// askedit-bench-server: streams Chat Completions as fast as they are read, or at a chosen rate.
///
/// The question says what is wanted: words `bench n=N rate=R wait=MS` anywhere in the request's body, of
/// which the last count. N tokens, R of them a second (0: at once), the first of them after MS milliseconds.
/// On stdout, a line each, with the monotonic clock in nanoseconds: `port PORT`, `accept TIME`,
/// `request TIME` (its line is there), `first TIME` (before the first token is written), `done TIME`.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "text.h"

namespace askedit::bench {
namespace {

using Clock = std::chrono::steady_clock;

void tell(const char* what) {
  const auto now = std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
  std::printf("%s %lld\n", what, static_cast<long long>(now));
  std::fflush(stdout);
}

/// An event as the usual servers send it, in an HTTP chunk of its own.
std::string event(const std::string& data) {
  const std::string line = "data: " + data + "\n\n";
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", line.size());
  return size + line + "\r\n";
}

std::string completion(const std::string& delta, const std::string& finish) {
  return R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",)"
         R"("system_fingerprint":"fp_bench","choices":[{"index":0,"delta":)" +
         delta + R"(,"logprobs":null,"finish_reason":)" + finish + "}]}";
}

std::string token_event(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return event(completion(R"({"content":")" + quoted + "\"}", "null"));
}

/// All tokens once, ready to be written; begins[i] is where the i-th starts, with the end as one more.
struct Cycle {
  std::string bytes;
  std::vector<std::size_t> begins{0};

  Cycle() {
    for (std::size_t i = 0; i < kTokens; ++i) {
      bytes += token_event(token(i));
      begins.push_back(bytes.size());
    }
  }
};

const Cycle& cycle() {
  static const Cycle once;
  return once;
}

const std::string kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
    event(completion(R"({"role":"assistant","content":""})", "null"));
const std::string kTail =
    event(completion("{}", R"("stop")")) +
    event(R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",)"
          R"("choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}})") +
    event("[DONE]") + "0\r\n\r\n";

struct Order {
  std::size_t tokens = 1;
  std::size_t rate = 0;
  std::chrono::milliseconds wait{0};
};

Order order_in(std::string_view body) {
  Order order;
  const auto at = body.rfind("bench n=");
  if (at == std::string_view::npos) return order;
  std::size_t wait = 0;
  const std::string words(body.substr(at, 60));
  std::sscanf(words.c_str(), "bench n=%zu rate=%zu wait=%zu", &order.tokens, &order.rate, &wait);
  order.wait = std::chrono::milliseconds(wait);
  return order;
}

/// One client, served until it leaves.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  void serve() {
    while (const auto body = read_request()) answer(order_in(*body));
    close(fd_);
  }

 private:
  bool read_more() {
    char buffer[1 << 16];
    const ssize_t size = read(fd_, buffer, sizeof buffer);
    if (size > 0) input_.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }

  std::optional<std::string> read_request() {
    while (input_.find("\r\n") == std::string::npos)
      if (!read_more()) return std::nullopt;
    tell("request");
    while (input_.find("\r\n\r\n") == std::string::npos)
      if (!read_more()) return std::nullopt;
    const std::size_t head = input_.find("\r\n\r\n") + 4;
    const std::size_t length_at = input_.find("Content-Length: ");
    const std::size_t length =
        length_at < head ? std::strtoul(input_.c_str() + length_at + 16, nullptr, 10) : 0;
    while (input_.size() < head + length)
      if (!read_more()) return std::nullopt;
    std::string body = input_.substr(head, length);
    input_.erase(0, head + length);
    return body;
  }

  void answer(const Order& order) {
    send(kHead);
    std::this_thread::sleep_for(order.wait);
    tell("first");
    if (order.rate == 0)
      flood(order.tokens);
    else
      drip(order.tokens, order.rate);
    tell("done");  // before the end, so that who has seen the end finds this line
    send(kTail);
  }

  void flood(std::size_t tokens) {
    for (; tokens >= kTokens; tokens -= kTokens) send(cycle().bytes);
    send(std::string_view(cycle().bytes).substr(0, cycle().begins[tokens]));
  }

  /// By the clock, not by pauses: a late token is followed at once by those that were due meanwhile.
  void drip(std::size_t tokens, std::size_t rate) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < tokens && !broken_; ++i) {
      std::this_thread::sleep_until(start + std::chrono::nanoseconds(1'000'000'000 / rate * i));
      const auto begin = cycle().begins[i % kTokens];
      send(std::string_view(cycle().bytes).substr(begin, cycle().begins[i % kTokens + 1] - begin));
    }
  }

  void send(std::string_view bytes) {
    while (!bytes.empty() && !broken_) {
      const ssize_t size = write(fd_, bytes.data(), bytes.size());
      broken_ = size <= 0;
      if (!broken_) bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  int fd_;
  std::string input_;
  bool broken_ = false;
};

int listen_on_loopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, any, size) != 0 || listen(fd, 128) != 0 || getsockname(fd, any, &size) != 0) {
    std::perror("askedit-bench-server");
    std::exit(1);
  }
  std::printf("port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

[[noreturn]] void serve_all() {
  const int listener = listen_on_loopback();
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    tell("accept");
    std::thread([fd] { Connection(fd).serve(); }).detach();  // lives as long as its client or we do
  }
}

}  // namespace
}  // namespace askedit::bench

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  askedit::bench::cycle();
  askedit::bench::serve_all();
}
