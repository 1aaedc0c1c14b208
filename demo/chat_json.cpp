#include "chat_json.h"

namespace askedit::demo {
namespace {

/// There is no tokenizer here: four bytes a token is the usual estimate.
std::size_t tokens(std::size_t bytes) {
  return (bytes + 3) / 4;
}

}  // namespace

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<Question> read_question(const Json& request, std::size_t bytes) {
  const auto messages = request.find("messages");
  if (messages == request.end() || !messages->is_array() || messages->empty()) return std::nullopt;
  Question question{text_at(request, "model"), {}, bytes};
  for (const Json& message : *messages) {
    if (!message.is_object()) return std::nullopt;
    question.messages.push_back({text_at(message, "role"), text_at(message, "content")});
  }
  return question;
}

Json usage(const Question& question, const std::string& text) {
  const std::size_t input = tokens(question.bytes);
  const std::size_t output = tokens(text.size());
  return {{"prompt_tokens", input}, {"completion_tokens", output}, {"total_tokens", input + output}};
}

}  // namespace askedit::demo
