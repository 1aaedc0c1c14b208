#include "replies.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string_view>

#include "script.h"

namespace askedit::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds a_minute{60'000};

constexpr std::string_view slow_answer =
    "That took a minute, and you waited for it. `:Ask /stop` would have ended it.";

constexpr std::string_view no_line = "There is no AI here, only a script without a line for this.";

constexpr std::string_view how_to_connect =
    "To get real answers, give the plugin a real token. In the shell:\n\n"
    "    export LIGHT_CHAT_TOKEN='your token'\n\n"
    "and `:Ask` needs nothing more. `:help askedit` tells how to take the token from a file and how to "
    "choose another model or address.";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::vector<std::string_view> texts_of(const Question& question) {
  std::vector<std::string_view> texts;
  for (const Message& message : question.messages) texts.emplace_back(message.content);
  return texts;
}

struct Code {
  std::string place;  ///< what the prompts of the plugin say of it: file, lines, file type
  std::ptrdiff_t lines = 0;
};

/// The code that a message carries between fences.
Code code_in(std::string_view message) {
  const std::size_t fence = message.find("```");
  const std::size_t begin = message.find('\n', std::min(fence, message.size()));
  if (begin == std::string_view::npos) return {};
  const std::string_view code = message.substr(begin + 1, message.find("\n```", begin) - begin);
  Code found{"", std::count(code.begin(), code.end(), '\n')};
  constexpr std::string_view label = "File: ";
  const std::size_t file = message.rfind(label, fence);
  if (file != std::string_view::npos) {
    const std::string_view rest = message.substr(file + label.size());
    found.place = rest.substr(0, rest.find('\n'));
  }
  return found;
}

std::string facts(const Question& question) {
  const auto count = [&](std::string_view role) {
    return std::to_string(std::count_if(question.messages.begin(), question.messages.end(),
                                        [&](const Message& message) { return message.role == role; }));
  };
  const Code code = question.messages.empty() ? Code{} : code_in(question.messages.back().content);
  std::string text = std::string(no_line) + " What arrived:\n\n";
  text += "- model asked for: `" + question.model + "`\n";
  text += "- messages: " + std::to_string(question.messages.size()) + " (system " + count("system") +
          ", user " + count("user") + ", assistant " + count("assistant") + ")\n";
  text += "- request: " + std::to_string(question.bytes) + " bytes\n";
  text += "- code in the last message: " + std::to_string(code.lines) + " lines\n";
  if (!code.place.empty()) text += "- file: " + code.place + "\n";
  return text.append("\n").append(how_to_connect);
}

/// Whether the answer is going to be written into a file, as the prompts of the plugin say it.
bool is_written(const Question& question) {
  return contains(question.messages.front().content, "nothing before or after the block");
}

Reply without_line(const Question& question) {
  if (question.messages.empty() || !is_written(question)) return {facts(question)};
  return {"```cpp\n// " + std::string(no_line) + "\n```\n"};
}

/// Where the last two words of a text begin; what has no letter is not counted as a word.
std::size_t last_words(std::string_view text) {
  int words = 0;
  bool has_letter = false;
  for (std::size_t at = text.size(); at > 0; --at) {
    const auto byte = static_cast<unsigned char>(text[at - 1]);
    if (std::isspace(byte) && has_letter && ++words == 2) return at;
    has_letter = std::isspace(byte) ? false : has_letter || std::isalpha(byte);
  }
  return 0;
}

/// What opens a block of code in which a text ends again; empty outside of blocks.
std::string open_fence(const std::string& text) {
  constexpr std::string_view opening = "```cpp\n";
  const std::size_t at = text.rfind(opening);
  const bool is_open = at != std::string::npos && !contains(text.substr(at + opening.size()), "\n```");
  return std::string(is_open ? opening : "");
}

/// The rest of a reply of which the user has seen `cut`, from the last words of that on; none if `cut` is no
/// part of it.
std::optional<Reply> rest_of(Reply reply, const std::string& cut) {
  const std::size_t at = reply.text.rfind(cut.substr(last_words(cut)), cut.size());
  if (at == std::string::npos) return std::nullopt;
  reply.text.erase(0, at == 0 ? cut.size() : at);
  reply.thought.clear();
  reply.hold_at = 0;
  reply.hold = {};
  return reply;
}

/// What goes on with the last answer, if that is what the question asks for.
std::optional<Reply> continuation(const Question& question) {
  const auto& messages = question.messages;
  if (messages.size() < 3 || messages[messages.size() - 2].role != "assistant") return std::nullopt;
  const std::string words = lower(messages.back().content);
  if (!contains(words, "cut off") || !contains(words, "go on")) return std::nullopt;
  const Question before{question.model, {messages.begin(), messages.end() - 2}, question.bytes};
  const std::string& cut = messages[messages.size() - 2].content;
  auto rest = rest_of(reply_to(before), cut);
  if (rest && is_written(question)) rest->text.insert(0, open_fence(cut));
  return rest;
}

}  // namespace

Reply reply_to(const Question& question) {
  if (auto rest = continuation(question)) return *std::move(rest);
  const auto last = std::find_if(question.messages.rbegin(), question.messages.rend(),
                                 [](const Message& message) { return message.role == "user"; });
  if (last == question.messages.rend()) return without_line(question);
  const std::string words = lower(last->content);
  const Line* line = line_for(words, texts_of(question));
  const bool is_slow = contains(words, "take your time");
  if (is_slow && (!line || line->slow_from.empty())) return {std::string(slow_answer), "", a_minute};
  if (!line) return without_line(question);
  Reply reply{std::string(line->text), std::string(line->thought), {}, line->pause};
  if (is_slow) {
    reply.hold_at = reply.text.find(line->slow_from);
    reply.hold = a_minute;
  }
  return reply;
}

}  // namespace askedit::demo
