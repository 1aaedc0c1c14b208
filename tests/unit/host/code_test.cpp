#include "host/code.h"

#include <ctime>
#include <random>

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::host;

namespace {

using End = CodeFilter::End;
using Blocks = std::vector<std::string>;

/// What the editor does with `code`.
void write(Blocks& blocks, const CodeFilter::Pieces& pieces) {
  for (const std::string& piece : pieces) {
    if (blocks.empty() || &piece != &pieces.front()) blocks.emplace_back();
    blocks.back() += piece;
  }
}

Blocks blocks_of(const std::string& filetype, std::string_view answer, End end = End::proper) {
  CodeFilter filter(filetype);
  Blocks blocks;
  write(blocks, filter.feed(answer));
  write(blocks, filter.finish(end));
  return blocks;
}

/// What is written at once, before the end.
Blocks early(const std::string& filetype, std::string_view answer) {
  CodeFilter filter(filetype);
  Blocks blocks;
  write(blocks, filter.feed(answer));
  return blocks;
}

/// A stopped answer and the rest of it in a second run.
Blocks continued(const std::string& filetype, std::string_view before, std::string_view rest) {
  Blocks blocks = blocks_of(filetype, before, End::cut);
  CodeFilter filter(filetype);
  filter.resume(before);
  write(blocks, filter.feed(rest));
  write(blocks, filter.finish(End::proper));
  return blocks;
}

/// An answer that was stopped after each of its parts but the last.
Blocks in_parts(const std::string& filetype, const std::vector<std::string>& parts) {
  Blocks blocks;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    CodeFilter filter(filetype);
    for (std::size_t k = 0; k < i; ++k) filter.resume(parts[k]);
    write(blocks, filter.feed(parts[i]));
    write(blocks, filter.finish(i + 1 < parts.size() ? End::cut : End::proper));
  }
  return blocks;
}

struct Case {
  std::string filetype;
  std::string answer;
  Blocks blocks;
};

const std::vector<Case> kCases{
    // No fence: all of it.
    {"python", "", {}},
    {"python", "\n \n\t\n", {}},
    {"python", "x = 1", {"x = 1"}},
    {"python", "\n\n  x = 1\n\ny = 2\n", {"  x = 1\n\ny = 2"}},
    {"python", "x = 1\n\n", {"x = 1\n"}},
    {"python", "a\r\nb\rc\r\r\nd\r\n", {"a\nb\rc\r\nd"}},
    {"python", "a\r", {"a\r"}},
    {"python", "a `b`\n``\nc", {"a `b`\n``\nc"}},
    {"python", "``", {"``"}},
    {"python", "```a`b\nx", {"```a`b\nx"}},
    {"python", "    ```\nx\n    ```", {"    ```\nx\n    ```"}},
    // Fences.
    {"python", "```python\nx = 1\n```", {"x = 1"}},
    {"python", "\n\n```\nx = 1\ny = 2\n```\n", {"x = 1\ny = 2"}},
    {"python", "Here is it:\n\n```python\nx = 1\n```\nThis sets x.\n", {"x = 1"}},
    {"python", "A:\n```py title=\"a\"\na\n```\nB:\n\n``` py\nb\n\n```\nEnd.", {"a", "b\n"}},
    {"python", "```\n```", {""}},
    {"python", "```\n```\n\n```\na\n```\n```\n```\n", {"", "a", ""}},
    {"python", "```\n\n```", {""}},
    {"python", "```\n\n\n```", {"\n"}},
    {"python", "```python\r\nx = 1\r\n```\r\nThis.\r\n", {"x = 1"}},
    {"python", "```python\nx\n``` \t\nprose", {"x"}},
    {"python", "~~~ a`b\nx\n```\ny\n~~~", {"x\n```\ny"}},
    {"python", "````\nx\n```\ny\n`````\nprose", {"x\n```\ny"}},
    {"python", "```\na\n``\n``` x`y\n  ~~~\n    ```\nb\n```", {"a\n``\n``` x`y\n  ~~~\n    ```\nb"}},
    {"python", "  ```python\n  if x:\n      y\n z\n  ```\n", {"if x:\n    y\nz"}},
    {"python", "```\n  x\n\t```\n   ```", {"  x\n\t```"}},
    {"lua", "```lua\n-- ```lua\n--[[\n```lua\na\n```\n]]\n```\nEnd", {"-- ```lua\n--[[\n```lua\na\n```\n]]"}},
    {"lua", "```\n```a\n```b\nc\n```\n```\nd\n```\nprose", {"```a\n```b\nc\n```\n```\nd"}},
    {"", "```\nx\n```", {"x"}},
    // Not closed.
    {"python", "```python\nx = 1\ny", {"x = 1\ny"}},
    {"python", "```python\nx = 1\n``", {"x = 1\n``"}},
    {"python", "```python\nx = 1\n  ", {"x = 1\n  "}},
    {"python", "Here:\n```python\nx = 1\n\n", {"x = 1\n"}},
    {"python", "Here:\n```python\n", {}},
    {"python", "Here:\n```python", {}},
    {"python", "```python\nx\n```\n```", {"x"}},
    // Markdown without a pair around it.
    {"markdown", "", {}},
    {"markdown", "\n\n# Use\n\n```bash\nls\n```\n", {"# Use\n\n```bash\nls\n```"}},
    {"markdown", "```bash\nls\n```\n\ntext", {"```bash\nls\n```\n\ntext"}},
    {"markdown", "```bash\na\n```\n\nx\n\n```bash\nb\n```", {"```bash\na\n```\n\nx\n\n```bash\nb\n```"}},
    {"markdown", "```bash\nls\n", {"```bash\nls"}},
    {"markdown", "```bash", {"```bash"}},
    {"markdown", "``", {"``"}},
    {"markdown", "```markdown\n# A\n```\nI changed A.", {"```markdown\n# A\n```\nI changed A."}},
    // Markdown with one.
    {"markdown", "```markdown\n# Use\n\n```bash\nls\n```\n\nEnd\n```", {"# Use\n\n```bash\nls\n```\n\nEnd"}},
    {"markdown",
     "\n~~~markdown\n# Use\n\n```bash\nls\n```\n\nEnd\n~~~\n\n",
     {"# Use\n\n```bash\nls\n```\n\nEnd"}},
    {"markdown",
     "````markdown\n# Use\n\n```bash\nls\n```\n\nEnd\n````\n",
     {"# Use\n\n```bash\nls\n```\n\nEnd"}},
    {"markdown",
     "```md\r\n# A\r\n\r\n```\r\nls\r\n```\r\n\r\nEnd\r\n```\r\n",
     {"# A\n\n```\nls\n```\n\nEnd"}},
    {"markdown", "```\n# A\n```", {"# A"}},
    {"markdown", "```Markdown title=x\n```bash\nls\n```\n\n```\n \n", {"```bash\nls\n```\n"}},
    {"markdown", "```markdown\n```", {""}},
    {"markdown", "```markdown\n", {}},
    {"markdown", "```bash\nls\n```", {"ls"}},
    {"markdown", "```html\n```css\n```\n```\n\n", {"```css\n```"}},
    {"markdown", "```markdown\n# A\n\n```\nls\n```\n\nEnd", {"# A\n\n```\nls\n```\n\nEnd"}},
    {"quarto", "```qmd\n```{r}\n1\n```\n```", {"```{r}\n1\n```"}},
    {"markdown.mdx", "```mdx\n```js\n1\n```\n```", {"```js\n1\n```"}},
    {"telekasten", "```telekasten\na\n```\nb\n```", {"a\n```\nb"}},
};

bool is_prefix(const Blocks& blocks, const Blocks& whole) {
  if (blocks.size() > whole.size()) return false;
  for (std::size_t i = 0; i < blocks.size(); ++i)
    if (i + 1 < blocks.size() ? blocks[i] != whole[i] : !whole[i].starts_with(blocks[i])) return false;
  return true;
}

}  // namespace

TEST_CASE("The code of an answer", "[code]") {
  for (const Case& c : kCases) {
    INFO(c.filetype << ": " << c.answer);
    CHECK(blocks_of(c.filetype, c.answer) == c.blocks);
  }
}

TEST_CASE("However an answer is cut into pieces, its code is the same", "[code]") {
  for (const Case& c : kCases) {
    for (std::size_t at = 0; at <= c.answer.size(); ++at) {
      INFO(c.filetype << ", cut at " << at << ": " << c.answer);
      CodeFilter filter(c.filetype);
      Blocks blocks;
      write(blocks, filter.feed(std::string_view(c.answer).substr(0, at)));
      write(blocks, filter.feed(std::string_view(c.answer).substr(at)));
      write(blocks, filter.finish(End::proper));
      CHECK(blocks == c.blocks);
    }
  }
}

TEST_CASE("Byte by byte, what was given is never taken back", "[code]") {
  for (const Case& c : kCases) {
    INFO(c.filetype << ": " << c.answer);
    CodeFilter filter(c.filetype);
    Blocks blocks;
    for (const char byte : c.answer) {
      write(blocks, filter.feed({&byte, 1}));
      CHECK(is_prefix(blocks, c.blocks));
    }
    write(blocks, filter.finish(End::proper));
    CHECK(blocks == c.blocks);
  }
}

TEST_CASE("Nothing is held back that is certain", "[code]") {
  CHECK(early("python", "```python\nx") == Blocks{"x"});
  CHECK(early("python", "```python\nx = 1\n") == Blocks{"x = 1"});
  CHECK(early("python", "```python\nx = 1\n   ") == Blocks{"x = 1"});
  CHECK(early("python", "```python\nx = 1\n    ") == Blocks{"x = 1\n    "});
  CHECK(early("python", "```python\nx = 1\n``") == Blocks{"x = 1"});
  CHECK(early("python", "```python\nx = 1\n~") == Blocks{"x = 1\n~"});
  CHECK(early("python", "```python\nx = 1\n`` ") == Blocks{"x = 1\n`` "});
  CHECK(early("python", "```python\nx = 1\n```p") == Blocks{"x = 1\n```p"});
  CHECK(early("python", "```python\nx = 1\r") == Blocks{"x = 1"});
  CHECK(early("python", "```python\n\n") == Blocks{""});
  CHECK(early("python", "```python\n```\n") == Blocks{""});
  CHECK(early("python", "Here is it:\n").empty());
  CHECK(early("markdown", "# U") == Blocks{"# U"});
  CHECK(early("markdown", "```bash\nls\n```\n\ntext\n") == Blocks{"```bash\nls\n```\n\ntext"});
  CHECK(early("markdown", "```markdown\n# U\n").empty());
}

TEST_CASE("What is held back comes at a cut, but for what may be half a fence", "[code]") {
  const auto cut = [](const std::string& filetype, std::string_view answer) {
    return blocks_of(filetype, answer, End::cut);
  };
  CHECK(cut("python", "x = 1\ny") == Blocks{"x = 1\ny"});
  CHECK(cut("python", "```python\nx\n``") == Blocks{"x"});
  CHECK(cut("python", "```python\nx\n```") == Blocks{"x"});
  CHECK(cut("python", "```python\nx\n  ") == Blocks{"x\n  "});
  CHECK(cut("python", "```python\nx\r") == Blocks{"x"});
  CHECK(cut("python", "```python\n").empty());
  CHECK(cut("python", "Here is it:\n```py").empty());
  CHECK(cut("markdown", "```markdown\n# A\n\n```bash\nls\n```\n") == Blocks{"# A\n\n```bash\nls\n```"});
  CHECK(cut("markdown", "```markdown\n# A\n```") == Blocks{"# A"});
  CHECK(cut("markdown", "```\n# A\n\n```\nls\n") == Blocks{"# A\n\n```\nls"});
  CHECK(cut("markdown", "```bash\nls\n```") == Blocks{"```bash\nls\n```"});
}

TEST_CASE("An answer that goes on after any byte gives the same code", "[code]") {
  const std::vector<Case> cases{
      {"python", "```python\nx = 1\n\n\ty = 2\n```\nProse.\n\n```\nz\r\n```\n", {"x = 1\n\n\ty = 2", "z"}},
      {"python", "````\n```\na\n````\nProse.\n````\n````\n", {"```\na", ""}},
      {"markdown", "# Use\n\n    ls\n\n~~~\nls\n~~~\n", {"# Use\n\n    ls\n\n~~~\nls\n~~~"}},
      {"python", "```py\nx\n```\n\n```py\ny\n```", {"x", "y"}},
      {"python", "````\nx\n  ```\n  y\n  ```\n````\n", {"x\n  ```\n  y\n  ```"}},
      {"python", "~~~\nx\n```\ny\n```\n~~~~~\nProse.", {"x\n```\ny\n```"}},
      {"python", "```\nx\n~~~\ny\n```\nProse:\n\n```py\nz\n```", {"x\n~~~\ny", "z"}},
      {"markdown", "````md\n# Use\n\n```\nls\n```\n\nEnd\n````\n\n", {"# Use\n\n```\nls\n```\n\nEnd"}},
      {"markdown", "```md\n# Use\n\n```\nls\n```\n\nEnd\n```\n", {"# Use\n\n```\nls\n```\n\nEnd"}},
  };
  for (const Case& c : cases) {
    for (std::size_t at = 0; at <= c.answer.size(); ++at) {
      INFO(c.filetype << ", cut at " << at << ": " << c.answer);
      const std::string_view answer = c.answer;
      CHECK(continued(c.filetype, answer.substr(0, at), answer.substr(at)) == c.blocks);
    }
  }
}

TEST_CASE("Code without a fence goes on where it was cut", "[code]") {
  CHECK(continued("python", "x = 1\ny =", " 2\nz = 3\n") == Blocks{"x = 1\ny = 2\nz = 3"});
  CHECK(continued("python", "x = 1\n", "y = 2") == Blocks{"x = 1\ny = 2"});
}

TEST_CASE("A fence that is opened again at the start of the rest is dropped", "[code]") {
  CHECK(continued("python", "```python\nx = 1\n", "```python\ny = 2\n```\nProse") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "```python\nx = 1\ny", "```python\n = 2\n```") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "```python\nx = 1", "\n```python\ny = 2\n```") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "```python\nx = 1\n``", "~~~py\ny = 2\n~~~\nProse") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "x = 1\n", "```\ny = 2\n```\nProse") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "```python\nx = 1\n", "```python") == Blocks{"x = 1"});
  CHECK(continued("markdown", "# A\n\n", "```markdown\n# B\n```\n") == Blocks{"# A\n\n# B"});
  CHECK(continued("markdown", "```md\n# A\n", "```md\n# B\n```\n") == Blocks{"# A\n# B"});
}

TEST_CASE("A bare fence at the start of the rest opens the block again if the rest closes it", "[code]") {
  CHECK(continued("python", "```python\nx = 1\n", "```\ny = 2\n```") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "```\nx = 1\n``", "```\r\ny = 2\r\n```\r\nProse") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "```\nx = 1\n```", "```\ny = 2\n```") == Blocks{"x = 1\ny = 2"});
  CHECK(continued("python", "```\nx = f", "```\n(1)\n```\n") == Blocks{"x = f(1)"});
  CHECK(continued("python", "```\nx = f", "Here is the rest:\n\n```\n(1)\n```\n") == Blocks{"x = f(1)"});
  CHECK(continued("python", "```\nx\n", "```\ny\n```\nUse:\n```py\nz\n```") == Blocks{"x\ny", "z"});
  CHECK(continued("lua", "```\n--[[\n```lua\na\n", "```\nb\n```\n]]\n```") ==
        Blocks{"--[[\n```lua\na\nb\n```\n]]"});
  CHECK(continued("markdown", "```md\n# A\n", "```\n# B\n```\n") == Blocks{"# A\n# B"});
}

TEST_CASE("A bare fence that closes the block in the middle of a line is no code", "[code]") {
  CHECK(continued("python", "```\nx = 1", "```") == Blocks{"x = 1"});
  CHECK(continued("python", "```\nx = 1", "```\n\n \n") == Blocks{"x = 1"});
  CHECK(continued("python", "```\nx = 1", "```\nProse:\n```\ny\n```") == Blocks{"x = 1", "y"});
  CHECK(continued("python", "```\nx\n  ", "```\nProse") == Blocks{"x\n  "});
}

TEST_CASE("A line that may be talk comes at a cut", "[code]") {
  CHECK(in_parts("python", {"```\nif x", ":\n", "    y\n```"}) == Blocks{"if x:\n    y"});
  CodeFilter filter("python");
  filter.resume("```\nif x");
  CHECK(filter.feed(":\n").empty());
  CHECK(filter.finish(End::cut) == CodeFilter::Pieces{":"});
}

TEST_CASE("A bare fence that nothing comes after closes a block of any fence", "[code]") {
  CHECK(continued("python", "````\nx = 1\n", "```") == Blocks{"x = 1"});
  CHECK(continued("python", "~~~\nx = 1", "```\n\n") == Blocks{"x = 1"});
  CHECK(continued("python", "~~~\nx = 1\n", "```\nProse") == Blocks{"x = 1"});
}

TEST_CASE("A block may be opened again with any fence, after a stop at any byte", "[code]") {
  const std::string code = "if x:\n  y = `2`\n\nz = 3\n";
  const std::string first = GENERATE("```", "```py", "````", "~~~", "~~~~py");
  const std::string second = GENERATE("```", "```py", "````", "~~~", "~~~~");
  const std::string end = GENERATE("", "\n", "\n\nProse.\n");
  const std::string closing = second.substr(0, second.find('p'));
  for (std::size_t at = 0; at < code.size(); ++at) {
    const std::string part = first + "\n" + code.substr(0, at);
    const std::string rest = second + "\n" + code.substr(at) + closing + end;
    INFO(part << "|" << rest);
    Blocks whole = blocks_of("python", part, End::cut);
    if (whole.empty()) whole.emplace_back();
    const bool new_line = part.ends_with('\n') && at > 0;
    const std::string tail = code.substr(at, code.size() - at - 1);
    whole.back() += (new_line ? "\n" : "") + tail;
    CHECK(continued("python", part, rest) == whole);
    // The second answer byte by byte, and stopped once more after each of them.
    CodeFilter filter("python");
    filter.resume(part);
    Blocks blocks = blocks_of("python", part, End::cut);
    for (const char byte : rest) {
      write(blocks, filter.feed({&byte, 1}));
      CHECK(is_prefix(blocks, whole));
    }
    write(blocks, filter.finish(End::proper));
    CHECK(blocks == whole);
    for (std::size_t stop = 0; stop <= rest.size(); ++stop) {
      INFO("stopped at " << stop);
      CHECK(in_parts("python", {part, rest.substr(0, stop), rest.substr(stop)}) == whole);
    }
  }
}

TEST_CASE("A fence may be opened again after each of several stops", "[code]") {
  CHECK(in_parts("python", {"```\nA\n", "```\nB\n", "```\nC", "```\nD\n```\n"}) == Blocks{"A\nB\nCD"});
  CHECK(in_parts("python", {"```\nA\n", "```\n", "```\nB\n```"}) == Blocks{"A\nB"});
  CHECK(in_parts("python", {"```\nA\n", "```", "```py\nB\n```"}) == Blocks{"A\nB"});
  CHECK(in_parts("python", {"```\nA\n", "```\n", "", "\n"}) == Blocks{"A"});
  CHECK(in_parts("python", {"```python\nA\nB ", "```python\nx\nC", "```python\n y\nD\n```\n"}) ==
        Blocks{"A\nB x\nC y\nD"});
  CHECK(in_parts("python", {"A\nB", "\nC", "\nD"}) == Blocks{"A\nB\nC\nD"});
}

TEST_CASE("A line of talk before a fence that is opened again is dropped", "[code]") {
  CHECK(continued("python", "```python\nx = f", "Here is the rest:\n\n```python\n(1)\n```\n") ==
        Blocks{"x = f(1)"});
  CHECK(continued("python", "```python\nx = f", "以下：\r\n```py\r\n(1)\r\n```\r\n") == Blocks{"x = f(1)"});
  CHECK(continued("python", "```python\nif x", ":\n    y\n```\n") == Blocks{"if x:\n    y"});
  CHECK(continued("python", "```python\nif x", ":\n```\nThat is it.") == Blocks{"if x:"});
  CHECK(continued("python", "```python\nif x", ":\n\n") == Blocks{"if x:\n"});
  CHECK(continued("markdown", "# A\n", "Here:\n\n```bash\nls\n```") ==
        Blocks{"# A\nHere:\n\n```bash\nls\n```"});
}

TEST_CASE("A fence at the start of the rest that is not opened again stays", "[code]") {
  CHECK(continued("python", "```\nx = 1\n", "```\nProse") == Blocks{"x = 1"});
  CHECK(continued("python", "```\nx = 1\n```\n", "```\ny\n```") == Blocks{"x = 1", "y"});
  CHECK(continued("python", "```\nx = 1\n", "y = 2\n```py\n") == Blocks{"x = 1\ny = 2\n```py"});
  CHECK(continued("markdown", "# A\n", "```bash\nls\n```") == Blocks{"# A\n```bash\nls\n```"});
  CHECK(continued("markdown", "```md\n# A\n", "```bash\nls\n```\n```") == Blocks{"# A\n```bash\nls\n```"});
}

TEST_CASE("The second block of a stopped answer begins where the second run has something of it", "[code]") {
  CodeFilter filter("python");
  filter.resume("```\na\n```\nProse\n```\n");
  CHECK(filter.feed("b\n") == CodeFilter::Pieces{"", "b"});
  CHECK(filter.feed("c") == CodeFilter::Pieces{"\nc"});
}

TEST_CASE("After a bare fence an indented line is code at once", "[code]") {
  CodeFilter filter("python");
  filter.resume("```\nif x:\n");
  CHECK(filter.feed("```\n\n").empty());
  CHECK(filter.feed("  y") == CodeFilter::Pieces{"\n\n  y"});
}

TEST_CASE("The laws hold for any mixture of fences, texts and line ends", "[code]") {
  const std::vector<std::string> parts{"```",  "``",  "````", "~~~",   "`",      "markdown", "py",
                                       " ",    "   ", "x",    "é",     "\n",     "\n",       "\n",
                                       "\r\n", "\r",  "\t",   "```\n", "\n```\n"};
  std::mt19937 random(7);
  const auto any = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  for (int round = 0; round < 4000; ++round) {
    std::string answer;
    for (std::size_t left = any(24) + 1; left > 0; --left) answer += parts[any(parts.size())];
    const std::string filetype = round % 2 == 0 ? "python" : "markdown";
    const End end = round % 3 == 0 ? End::cut : End::proper;
    INFO(filetype << ": " << answer);
    const Blocks whole = blocks_of(filetype, answer, end);
    CodeFilter filter(filetype);
    Blocks blocks;
    bool held = true;
    for (const char byte : answer) {
      write(blocks, filter.feed({&byte, 1}));
      held = held && is_prefix(blocks, whole);
    }
    write(blocks, filter.finish(end));
    CHECK(held);
    CHECK(blocks == whole);
    const auto rest_in = [&](std::string_view part, std::string_view rest, std::size_t size) {
      CodeFilter second(filetype);
      second.resume(part);
      Blocks given;
      for (; !rest.empty(); rest.remove_prefix(std::min(size, rest.size())))
        write(given, second.feed(rest.substr(0, size)));
      write(given, second.finish(end));
      return given;
    };
    const std::size_t at = any(answer.size() + 1);
    const std::string_view rest = std::string_view(answer).substr(at);
    CHECK(rest_in(answer.substr(0, at), rest, 1) == rest_in(answer.substr(0, at), rest, answer.size()));
    const Blocks stopped = blocks_of(filetype, answer.substr(0, at), End::cut);
    CHECK(is_prefix(stopped, continued(filetype, answer.substr(0, at), answer.substr(at))));
  }
}

TEST_CASE("What is held back costs no more, however long it gets", "[code]") {
  constexpr std::size_t kSize = std::size_t{1} << 18;
  constexpr double kSeconds = 5;  // far more than it takes, far less than if all were looked at for each byte
  const std::string filetype = GENERATE("python", "markdown");
  const std::string start = GENERATE("", "```\n", "x\n", "```a\n```");
  const std::string unit = GENERATE("`", " ", "\n", "```\n\n");
  const std::string before = GENERATE("", "```\na\n");
  CodeFilter filter(filetype);
  if (!before.empty()) filter.resume(before);
  Blocks blocks;
  const std::clock_t began = std::clock();
  write(blocks, filter.feed(start));
  for (std::size_t i = 0; i < kSize; ++i) write(blocks, filter.feed({&unit[i % unit.size()], 1}));
  write(blocks, filter.finish(End::proper));
  CHECK(static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC < kSeconds);
}
