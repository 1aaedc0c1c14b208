#include "replies.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string_view>

namespace askedit::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds a_minute{60'000};

constexpr std::string_view explanation =
    "`mean_temperature` drops the readings that cannot be a temperature (below −273.15 °C) and returns the "
    "mean of the rest.\n\n"
    "**The first loop has a bug.** `erase(it)` invalidates `it`. In practice it then names the *next* "
    "reading, and `++it` steps over that one unchecked: of two bad readings in a row the second stays, and "
    "the program prints `-319.7` instead of `20.0`. If the *last* reading is bad, the loop runs on past the "
    "end.\n\n"
    "And without a good reading 0 is divided by 0: the mean is not a number.";

constexpr std::string_view review =
    "1. **Wrong:** `readings.erase(it)` invalidates `it`, and `++it` goes on from there. The reading "
    "after a bad one is never checked, and a bad *last* one takes the loop past the end of the vector.\n"
    "2. **Wrong at the edge:** without a good reading `sum / readings.size()` is 0 / 0.\n"
    "3. **Cheaper:** the vector is copied only to be thinned out. One loop that adds up and counts the "
    "good readings needs no copy and no `erase`, and so has no bug 1 either.\n\n"
    "The names say what they mean, and there is nothing else to change.";

constexpr std::string_view repair =
    "Let the library walk (C++20):\n\n"
    "```cpp\n"
    "std::erase_if(readings, [&](double reading) { return reading < absolute_zero; });\n"
    "```\n\n"
    "Before C++20, go on from what `erase` returns, and step only if nothing was erased:\n\n"
    "```cpp\n"
    "for (auto it = readings.begin(); it != readings.end();) {\n"
    "  it = *it < absolute_zero ? readings.erase(it) : it + 1;\n"
    "}\n"
    "```\n\n"
    "With either the program prints `20.0`.";

constexpr std::string_view walk_thought =
    "Line by line, then. Most lines are plain. The loop that erases while it walks is the point: what does "
    "it "
    "look at after an erase? Two bad readings in a row show it, and the sample has just that.";

constexpr std::string_view walk =
    "The function takes its readings **by value**. It thins out a copy of its own, and the vector of the "
    "caller stays as it was.\n\n"
    "**`absolute_zero`** is the coldest there can be. What lies below is no temperature but the mark of a "
    "sensor without a value, `-999`.\n\n"
    "**The first loop** looks at each reading and erases those marks. `erase(it)` moves all later readings "
    "one place down and invalidates `it`. In practice `it` still names the same place, where the next "
    "reading "
    "now stands, and `++it` steps over that one:\n\n"
    "```text\n"
    "18 -999 -999 22   erases the first -999\n"
    "18 -999 22        stands at the other -999\n"
    "18 -999 22        after ++it stands at 22\n"
    "```\n\n"
    "Nobody has looked at the second mark, and it stays. If the *last* reading is a mark, things are worse: "
    "`it` is then already the end, `++it` goes past it, and the loop reads memory that is not its own.\n\n"
    "**The second loop** adds up what is left. For the sample that is 18, -999 and 22, which makes -959.\n\n"
    "**The last line** divides by the number of readings left. `sum` is a `double`, so nothing is rounded "
    "down: -959 / 3 is the `-319.7` that the program prints. Without any reading left it would be 0 / 0, and "
    "the mean not a number.\n\n"
    "What to do: let the library walk, with `std::erase_if`, and decide what the mean of nothing is. Then "
    "the program prints `20.0`, as its comment says.";

constexpr std::string_view slow_answer =
    "That took a minute, and you waited for it. `:Ask /stop` would have ended it.";

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

/// Whether the whole function of the sample is in it, with its bug: nothing else deserves the script.
bool has_sample(const Message& message) {
  return contains(message.content, "double mean_temperature(std::vector<double> readings) {\n") &&
         contains(message.content, "\n    if (*it < absolute_zero) {\n      readings.erase(it);\n") &&
         contains(message.content, "\n  return sum / readings.size();\n");
}

struct Line {
  std::string_view word;  ///< that asks for it
  std::string_view text;
  std::string_view thought = {};
};

/// The line of the script whose word comes first in what the user asks; none if no word does.
std::optional<Line> by_word(const std::string& words) {
  constexpr Line script[] = {
      {"explain", explanation}, {"review", review}, {"fix", repair}, {"walk", walk, walk_thought}};
  std::optional<Line> found;
  std::size_t first = std::string::npos;
  for (const Line& line : script) {
    const std::size_t at = words.find(line.word);
    if (at < first) {
      first = at;
      found = line;
    }
  }
  return found;
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
  std::string text = "There is no AI here, only a script without a line for this. What arrived:\n\n";
  text += "- model asked for: `" + question.model + "`\n";
  text += "- messages: " + std::to_string(question.messages.size()) + " (system " + count("system") +
          ", user " + count("user") + ", assistant " + count("assistant") + ")\n";
  text += "- request: " + std::to_string(question.bytes) + " bytes\n";
  text += "- code in the last message: " + std::to_string(code.lines) + " lines\n";
  if (!code.place.empty()) text += "- file: " + code.place + "\n";
  return text.append("\n").append(how_to_connect);
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

/// The rest of a reply of which the user has seen `cut`, from the last words of that on; none if `cut` is no
/// part of it.
std::optional<Reply> rest_of(const Reply& reply, const std::string& cut) {
  const std::size_t at = reply.text.rfind(cut.substr(last_words(cut)), cut.size());
  if (at == std::string::npos) return std::nullopt;
  return Reply{reply.text.substr(at == 0 ? cut.size() : at)};
}

/// What goes on with the last answer, if that is what the question asks for.
std::optional<Reply> continuation(const Question& question) {
  const auto& messages = question.messages;
  if (messages.size() < 3 || messages[messages.size() - 2].role != "assistant") return std::nullopt;
  const std::string words = lower(messages.back().content);
  if (!contains(words, "cut off") || !contains(words, "go on")) return std::nullopt;
  const Question before{question.model, {messages.begin(), messages.end() - 2}, question.bytes};
  return rest_of(reply_to(before), messages[messages.size() - 2].content);
}

}  // namespace

Reply reply_to(const Question& question) {
  if (auto rest = continuation(question)) return *std::move(rest);
  const auto last = std::find_if(question.messages.rbegin(), question.messages.rend(),
                                 [](const Message& message) { return message.role == "user"; });
  if (last == question.messages.rend()) return {facts(question)};
  const std::string words = lower(last->content);
  if (contains(words, "take your time")) return {std::string(slow_answer), "", a_minute};
  const bool about_sample = std::any_of(question.messages.begin(), question.messages.end(), has_sample);
  const auto line = about_sample ? by_word(words) : std::nullopt;
  if (!line) return {facts(question)};
  return {std::string(line->text), std::string(line->thought)};
}

}  // namespace askedit::demo
