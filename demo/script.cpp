#include "script.h"

#include <cstddef>

namespace askedit::demo {
namespace {

using std::chrono::milliseconds;

/// A change is read while it comes.
constexpr milliseconds unhurried{60};
constexpr milliseconds brisk{20};

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

constexpr std::string_view refactored =
    "```cpp\n"
    "double mean_temperature(std::vector<double> readings) {\n"
    "  constexpr double absolute_zero = -273.15;\n"
    "  double sum = 0;\n"
    "  std::erase_if(readings, [&](double r) {\n"
    "    return r < absolute_zero;\n"
    "  });\n"
    "\n"
    "  for (double reading : readings) {\n"
    "    sum += reading;\n"
    "  }\n"
    "  // No good reading: not a number.\n"
    "  return sum / double(readings.size());\n"
    "}\n"
    "```\n";

constexpr std::string_view comment_of_main =
    "```cpp\n"
    "/// Prints the mean of a day with two good\n"
    "/// readings and two broken ones.\n"
    "```\n";

constexpr std::string_view refactored_week =
    "```cpp\n"
    "/// The mean of the highs.\n"
    "double mean_high(const std::vector<Day>& days) {\n"
    "  double sum = 0;\n"
    "  for (const Day& day : days) sum += day.high;\n"
    "  return sum / double(days.size());\n"
    "}\n"
    "\n"
    "/// The coldest day.\n"
    "const Day& coldest(const std::vector<Day>& days) {\n"
    "  std::size_t found = 0;\n"
    "  for (std::size_t i = 1; i < days.size(); ++i) {\n"
    "    if (days[i].low < days[found].low) found = i;\n"
    "  }\n"
    "  return days[found];\n"
    "}\n"
    "\n"
    "/// How far a day went, from low to high.\n"
    "double swing(const Day& day) {\n"
    "  return day.high - day.low;\n"
    "}\n"
    "\n"
    "int main() {\n"
    "  const std::vector<Day> days = {{\"Monday\", 11.5, 19.0}, {\"Tuesday\", 9.0, 17.5}, {\"Wednesday\", "
    "12.0, 21.5}};\n"
    "  const Day& cold = coldest(days);\n"
    "  std::printf(\"mean high %.1f\\n\", mean_high(days));\n"
    "  std::printf(\"coldest %s, swing %.1f\\n\", cold.name.c_str(), swing(cold));\n"
    "}\n"
    "```\n";

/// What is asked about: nothing else deserves the script.
enum class About { function, buggy_function, main, week };

struct Cue {
  std::string_view word;
  About about;
  Line line;
};

constexpr Cue cues[] = {
    {"explain", About::buggy_function, {explanation}},
    {"review", About::buggy_function, {review}},
    {"fix", About::buggy_function, {repair}},
    {"walk", About::buggy_function, {walk, walk_thought}},
    {"refactor", About::function, {refactored, {}, unhurried}},
    {"refactor", About::week, {refactored_week, {}, brisk, " - day.low"}},
    {"doc comment for main", About::main, {comment_of_main, {}, unhurried}},
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_about(std::string_view text, About about) {
  if (about == About::main) return contains(text, "\nint main() {\n  const double mean = mean_temperature(");
  const std::string_view selected = text.substr(0, text.find("\nWhat stands "));
  if (about == About::week) {
    return contains(selected, "double mean_high(std::vector<Day> days) {\n") &&
           contains(selected, "\n  std::printf(\"coldest ");
  }
  return contains(selected, "double mean_temperature(std::vector<double> readings) {\n") &&
         contains(selected, "\n    sum += reading;\n") && contains(selected, "\n  return sum / ") &&
         (about == About::function || contains(selected, "\n      readings.erase(it);\n"));
}

}  // namespace

const Line* line_for(std::string_view words, const std::vector<std::string_view>& texts) {
  const auto is_known = [&](About about) {
    for (const std::string_view text : texts)
      if (is_about(text, about)) return true;
    return false;
  };
  const Line* found = nullptr;
  std::size_t first = std::string_view::npos;
  for (const Cue& cue : cues) {
    const std::size_t at = words.find(cue.word);
    if (at >= first || !is_known(cue.about)) continue;
    first = at;
    found = &cue.line;
  }
  return found;
}

}  // namespace askedit::demo
