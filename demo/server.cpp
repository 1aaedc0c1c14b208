// askedit-demo-server: stands in for the chat service on 127.0.0.1, with scripted replies and no AI.
// Prints its address as the first line, and ends when its standard input does.
#include <httplib.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>

#include "light_chat.h"
#include "openai_chat.h"

namespace {

constexpr const char* light_chat_path = "/api/light/chat/createChatCompletion";
constexpr const char* openai_chat_path = "/v1/chat/completions";
constexpr const char* openai_models_path = "/v1/models";
constexpr std::size_t largest_request = 16 * 1024 * 1024;
constexpr std::size_t threads = 64;

/// Whoever started the server holds the other end of its input, so that it cannot outlive him.
void end_with_input() {
  char bytes[256];
  while (read(STDIN_FILENO, bytes, sizeof bytes) > 0) {
  }
  std::_Exit(0);  // requests in flight have nobody left to answer
}

void send(httplib::Response& response, const askedit::demo::Response& whole) {
  response.status = whole.status;
  response.set_content(whole.body, "application/json");
}

/// Answers with a stream, which is written when this has returned.
void send_stream(httplib::Response& response, askedit::demo::OpenAiChat& chat,
                 askedit::demo::Question question) {
  response.set_chunked_content_provider(
      "text/event-stream", [&chat, question = std::move(question)](std::size_t, httplib::DataSink& sink) {
        chat.answer(question, {[&](std::string_view bytes) { return sink.write(bytes.data(), bytes.size()); },
                               [&] { return sink.is_writable(); }});
        sink.done();
        return true;
      });
}

}  // namespace

int main() {
  const char* token = std::getenv("ASKEDIT_DEMO_TOKEN");
  if (token == nullptr || *token == '\0') {
    std::fputs("askedit-demo-server: set ASKEDIT_DEMO_TOKEN to the token that clients will send\n", stderr);
    return 2;
  }
  askedit::demo::LightChat light_chat(token);
  askedit::demo::OpenAiChat openai_chat(token);

  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(threads); };
  server.set_tcp_nodelay(true);
  server.set_payload_max_length(largest_request);
  server.Post(light_chat_path, [&](const httplib::Request& request, httplib::Response& response) {
    response.set_content(light_chat.respond(request.body), "application/json");
  });

  server.Get(openai_models_path, [&](const httplib::Request& request, httplib::Response& response) {
    send(response, openai_chat.models(request.get_header_value("Authorization")));
  });
  server.Post(openai_chat_path, [&](const httplib::Request& request, httplib::Response& response) {
    auto read = openai_chat.read(request.get_header_value("Authorization"), request.body);
    if (const auto* whole = std::get_if<askedit::demo::Response>(&read)) return send(response, *whole);
    send_stream(response, openai_chat, std::get<askedit::demo::Question>(std::move(read)));
  });

  const int port = server.bind_to_any_port("127.0.0.1");
  if (port <= 0) {
    std::fputs("askedit-demo-server: cannot listen on 127.0.0.1\n", stderr);
    return 1;
  }
  std::printf("http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
  std::thread(end_with_input).detach();
  return server.listen_after_bind() ? 0 : 1;
}
