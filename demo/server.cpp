// askedit-demo-server: stands in for the chat service on 127.0.0.1, with scripted replies and no AI.
// Prints the address of its API as the first line, and ends when its standard input does.
#include <httplib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "light_chat.h"

namespace {

constexpr const char* light_chat_path = "/api/light/chat/createChatCompletion";
constexpr std::size_t largest_request = 16 * 1024 * 1024;
constexpr std::size_t threads = 64;

/// Whoever started the server holds the other end of its input, so that it cannot outlive him.
void end_with_input() {
  char bytes[256];
  while (read(STDIN_FILENO, bytes, sizeof bytes) > 0) {
  }
  std::_Exit(0);  // requests in flight have nobody left to answer
}

}  // namespace

int main() {
  const char* token = std::getenv("ASKEDIT_DEMO_TOKEN");
  if (token == nullptr || *token == '\0') {
    std::fputs("askedit-demo-server: set ASKEDIT_DEMO_TOKEN to the token that clients will send\n", stderr);
    return 2;
  }
  askedit::demo::LightChat light_chat(token);

  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(threads); };
  server.set_tcp_nodelay(true);
  server.set_payload_max_length(largest_request);
  server.Post(light_chat_path, [&](const httplib::Request& request, httplib::Response& response) {
    response.set_content(light_chat.respond(request.body), "application/json");
  });

  const int port = server.bind_to_any_port("127.0.0.1");
  if (port <= 0) {
    std::fputs("askedit-demo-server: cannot listen on 127.0.0.1\n", stderr);
    return 1;
  }
  std::printf("http://127.0.0.1:%d%s\n", port, light_chat_path);
  std::fflush(stdout);
  std::thread(end_with_input).detach();
  return server.listen_after_bind() ? 0 : 1;
}
