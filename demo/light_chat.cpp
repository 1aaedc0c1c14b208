#include "light_chat.h"

#include <chrono>
#include <ctime>
#include <thread>

#include "chat_json.h"

namespace askedit::demo {
namespace {

constexpr int calls_a_day = 20;

/// How long a model might take for a whole answer.
constexpr std::chrono::milliseconds writing_time{2000};

/// The day in China, where the real service counts.
std::string today() {
  const std::time_t now = std::time(nullptr) + 8 * 60 * 60;
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[sizeof "2000-01-01"];
  return std::strftime(text, sizeof text, "%Y-%m-%d", &utc) ? text : "";
}

std::string failure(int code, const std::string& message, const Json& info = nullptr) {
  return dump(
      {{"code", code}, {"data", info.is_null() ? Json() : Json{{"info", info}}}, {"message", message}});
}

Json completion(const Question& question, const std::string& text, int number) {
  return {
      {"id", "chatcmpl-demo" + std::to_string(number)},
      {"object", "chat.completion"},
      {"created", std::time(nullptr)},
      {"model", "scripted-demo"},
      {"choices",
       {{{"index", 0}, {"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}}},
      {"usage", usage(question, text)}};
}

Json quota(const std::string& token, const std::string& day, int calls) {
  return {{"isSdHide", "2"},
          {"sdLimitCount", 100},
          {"sdTextToImg", 5},
          {"token", token},  // the real service echoes it too, and the client has to keep it off the screen
          {"numOfOneDayCanCallApi", calls_a_day},
          {"numOfOneDayAlreadyCallApi", calls},
          {"apiDate", day}};
}

}  // namespace

int LightChat::count_call(const std::string& day) {
  const std::lock_guard lock(mutex_);
  if (day != day_) calls_ = 0;
  day_ = day;
  return calls_ < calls_a_day ? ++calls_ : calls_ + 1;
}

std::string LightChat::respond(const std::string& body) {
  const Json request = Json::parse(body, nullptr, false);
  if (!request.is_object()) return failure(400, "the body is no JSON object");
  if (text_at(request, "token") != token_) return failure(401, "token 无效 (not the token of this demo)");
  const auto question = read_question(request, body.size());
  if (!question) return failure(400, "messages is no list of messages");

  const std::string day = today();
  const int call = count_call(day);
  if (call > calls_a_day) {
    return failure(429, "今日次数已用完 (the calls of today are used up: start the demo again)",
                   quota(token_, day, calls_a_day));
  }
  const Reply reply = reply_to(*question);
  std::this_thread::sleep_for(reply.silence + writing_time);
  return dump(
      {{"code", 200},
       {"data",
        {{"completion", completion(*question, reply.text, call)}, {"info", quota(token_, day, call)}}},
       {"message", "成功"}});
}

}  // namespace askedit::demo
