#include "openai_chat.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

#include "chat_json.h"

namespace askedit::demo {
namespace {

using std::chrono::milliseconds;

struct Model {
  const char* name;
  milliseconds pause;  ///< before each token
  bool thinks;
};

/// The first is used if a request names none.
constexpr Model models_here[] = {{"scripted-large", milliseconds{25}, true},
                                 {"scripted-small", milliseconds{12}, false}};
constexpr milliseconds first_word{400};
constexpr milliseconds look_around{50};  ///< how often a silent stream looks whether the client is there
constexpr std::size_t largest_token = 6;
constexpr std::string_view blank = " \n";

const Model* find_model(const std::string& name) {
  if (name.empty()) return std::begin(models_here);
  const auto found = std::find_if(std::begin(models_here), std::end(models_here),
                                  [&](auto& model) { return name == model.name; });
  return found == std::end(models_here) ? nullptr : found;
}

Response failure(int status, const std::string& message, const char* code) {
  return {
      status,
      dump(
          {{"error",
            {{"message", message}, {"type", "invalid_request_error"}, {"param", nullptr}, {"code", code}}}})};
}

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

/// Cuts a text as the tokenizer of a model might: a word with the blanks before it, a long word in two or
/// more.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  while (!text.empty()) {
    const std::size_t word = std::min(text.find_first_not_of(blank), text.size());
    std::size_t end = std::min(text.find_first_of(blank, word), text.size());
    end = std::min(end, word + largest_token);
    while (end < text.size() && !begins_character(text[end])) ++end;
    tokens.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return tokens;
}

/// One answer on its way. Each function is false once the client is gone.
class Stream {
 public:
  Stream(const Model& model, milliseconds pause, int number, const Client& client)
      : model_(model), pause_(pause), id_("chatcmpl-demo" + std::to_string(number)), client_(client) {}

  bool wait(milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (client_.is_there()) {
      const auto left = end - std::chrono::steady_clock::now();
      if (left <= milliseconds{0}) return true;
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, look_around));
    }
    return false;
  }

  bool begin() const { return send_choice({{"role", "assistant"}, {"content", ""}}, nullptr); }

  bool say(const char* field, std::string_view text) const {
    for (const std::string& token : tokens_of(text)) {
      std::this_thread::sleep_for(pause_);
      if (!send_choice({{field, token}}, nullptr)) return false;
    }
    return true;
  }

  bool end(const Json& usage) const {
    return send_choice(Json::object(), "stop") && send(Json::array(), usage) && write("[DONE]");
  }

 private:
  bool send_choice(const Json& delta, const Json& finish_reason) const {
    return send({{{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}}}, nullptr);
  }

  bool send(const Json& choices, const Json& usage) const {
    return write(dump({{"id", id_},
                       {"object", "chat.completion.chunk"},
                       {"created", std::time(nullptr)},
                       {"model", model_.name},
                       {"choices", choices},
                       {"usage", usage}}));
  }

  bool write(const std::string& data) const { return client_.write("data: " + data + "\n\n"); }

  const Model& model_;
  const milliseconds pause_;  ///< before each token
  const std::string id_;
  const Client& client_;
};

}  // namespace

Response OpenAiChat::models(const std::string& authorization) const {
  if (authorization != authorization_) return failure(401, "not the key of this demo", "invalid_api_key");
  Json list = Json::array();
  for (const Model& model : models_here)
    list.push_back({{"id", model.name}, {"object", "model"}, {"owned_by", "askedit-demo"}});
  return {200, dump({{"object", "list"}, {"data", list}})};
}

std::variant<Question, Response> OpenAiChat::read(const std::string& authorization,
                                                  const std::string& body) const {
  if (authorization != authorization_) return failure(401, "not the key of this demo", "invalid_api_key");
  const Json request = Json::parse(body, nullptr, false);
  if (!request.is_object()) return failure(400, "the body is no JSON object", "invalid_json");
  if (request.value("stream", Json()) != Json(true))
    return failure(400, "this demo only streams: send stream: true", "unsupported_value");
  const auto question = read_question(request, body.size());
  if (!question) return failure(400, "messages is no list of messages", "invalid_messages");
  if (!find_model(question->model))
    return failure(404, "there is no model " + question->model + " here", "model_not_found");
  return *question;
}

void OpenAiChat::answer(const Question& question, const Client& client) {
  const Model& model = *find_model(question.model);
  const Reply reply = reply_to(question);
  const Stream stream(model, model.pause + reply.pause, ++answers_, client);
  if (!stream.begin() || !stream.wait(reply.silence + first_word)) return;
  if (model.thinks && !stream.say("reasoning_content", reply.thought)) return;
  const std::string_view text = reply.text;
  if (!stream.say("content", text.substr(0, reply.hold_at)) || !stream.wait(reply.hold)) return;
  if (stream.say("content", text.substr(reply.hold_at))) stream.end(usage(question, reply.text));
}

}  // namespace askedit::demo
