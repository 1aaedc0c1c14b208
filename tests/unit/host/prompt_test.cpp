#include "host/prompt.h"

#include "unit/catch.h"

using namespace askedit;
using namespace askedit::host;
using askedit::llm::Role;

namespace {

const Json kContext =
    Json::parse(R"({"code": "int x;\n", "file": "a.cpp", "filetype": "cpp", "first": 3, "last": 5})");
const std::string kSection = "File: a.cpp (cpp), lines 3-5\n\n```cpp\nint x;\n```";

/// The messages of a run.
askedit::llm::Conversation conversation_of(const Json& run) {
  auto conversation = render(run);
  REQUIRE(conversation);
  return *std::move(conversation);
}

/// The only message of a run.
std::string rendered(const Json& prompt, const Json& context = Json::array()) {
  const auto conversation = conversation_of({{"prompt", prompt}, {"context", context}});
  REQUIRE(conversation.size() == 1);
  REQUIRE(conversation[0].role == Role::user);
  return conversation[0].text;
}

/// A context of nothing but rejected changes.
Json with_rejected(std::initializer_list<std::pair<std::string, std::string>> changes) {
  Json list = Json::array();
  for (const auto& [old_text, new_text] : changes) list.push_back({{"old", old_text}, {"new", new_text}});
  return {{"rejected", list}};
}

const std::string kRejected =
    "The user rejected these changes, which were proposed before; do not propose them again:\n\n";

/// How an added line is told.
std::string added(const std::string& text) {
  return "These lines were to be added:\n\n```\n" + text + "\n```";
}

}  // namespace

TEST_CASE("Placeholders are filled", "[prompt]") {
  CHECK(rendered({{"template", "{{text}}|{{code}}|{{file}}|{{filetype}}|{{lines}}|{{language}}"},
                  {"text", "why?"},
                  {"language", ""}},
                 kContext) == "why?|int x;\n|a.cpp|cpp|3-5|");
}

TEST_CASE("Text that is filled in is never searched for placeholders", "[prompt]") {
  CHECK(rendered({{"template", "{{text}} {{code}}"}, {"text", "{{code}} {{file}}"}},
                 {{"code", "{{text}}"}, {"file", "{{text}}"}}) == "{{code}} {{file}} {{text}}");
  CHECK(rendered({{"template", "{{text}}{{code}}"}, {"text", "{{"}}, {{"code", "file}}"}, {"file", "f"}}) ==
        "{{file}}");
}

TEST_CASE("An unknown or open placeholder stays as it is", "[prompt]") {
  CHECK(rendered({{"template", "{{nothing}} {{ text }} {{{text}}} {{text"}, {"text", "w"}}) ==
        "{{nothing}} {{ text }} {w} {{text");
}

TEST_CASE("A placeholder may stand twice", "[prompt]") {
  CHECK(rendered({{"template", "{{code}}={{code}}"}}, {{"code", "c"}}) == "c=c");
}

TEST_CASE("What the template leaves out is added at its end", "[prompt]") {
  CHECK(rendered({{"template", "Explain."}, {"text", "briefly"}}, kContext) ==
        "Explain.\n\nbriefly\n\n" + kSection);
  CHECK(rendered({{"template", "Explain: {{text}}"}, {"text", "it"}}, kContext) ==
        "Explain: it\n\n" + kSection);
  CHECK(rendered({{"template", "{{code}}"}, {"text", "briefly"}}, kContext) == "int x;\n\nbriefly");
  CHECK(rendered({{"text", "just a question"}}) == "just a question");
  CHECK(rendered({{"template", "Say hi."}}) == "Say hi.");
}

TEST_CASE("The fence is longer than any run of back-ticks in the code", "[prompt]") {
  CHECK(rendered({}, {{"code", "a ``` b ````\n"}}) == "File: (no name)\n\n`````\na ``` b ````\n`````");
  CHECK(rendered({}, {{"code", "no `end` of line"}, {"first", 7}, {"last", 7}}) ==
        "File: (no name), line 7\n\n```\nno `end` of line\n```");
}

TEST_CASE("Diagnostics follow the code", "[prompt]") {
  Json context = kContext;
  context["diagnostics"] =
      Json::parse(R"([{"line": 4, "severity": "error", "message": "no ;"}, "odd", {"line": 5}])");
  CHECK(rendered({}, context) ==
        kSection + "\n\nDiagnostics:\n- line 4: error: no ;\n- line : : \n- line 5: : \n");
  CHECK(rendered({{"template", "{{diagnostics}}{{code}}"}}, context).starts_with("- line 4: error: no ;\n"));
}

TEST_CASE("The system message comes first and names the language", "[prompt]") {
  const auto conversation =
      conversation_of({{"prompt", {{"system", "Be brief."}, {"language", "German"}, {"text", "hi"}}}});
  REQUIRE(conversation.size() == 2);
  CHECK(conversation[0].role == Role::system);
  CHECK(conversation[0].text == "Be brief.\n\nAnswer in German.");
  CHECK(conversation[1].text == "hi");
}

TEST_CASE("Earlier turns are sent as they were, with the newest system message only", "[prompt]") {
  const Json first{{"system", "old"}, {"template", "Explain."}, {"language", "French"}};
  Json history = Json::array();
  history.push_back({{"prompt", first}, {"context", kContext}, {"answer", "It is x."}});
  const auto conversation =
      conversation_of({{"prompt", {{"system", "new"}, {"text", "and y?"}}}, {"history", history}});
  REQUIRE(conversation.size() == 4);
  CHECK(conversation[0].text == "new");
  CHECK(conversation[1].role == Role::user);
  CHECK(conversation[1].text == "Explain.\n\n" + kSection);
  CHECK(conversation[2].role == Role::assistant);
  CHECK(conversation[2].text == "It is x.");
  CHECK(conversation[3].role == Role::user);
  CHECK(conversation[3].text == "and y?");
}

TEST_CASE("Members of another type count as empty", "[prompt]") {
  CHECK(rendered({{"template", 5}, {"text", Json::array()}, {"language", nullptr}}, "odd") == "");
  CHECK(conversation_of(Json()).size() == 1);
  CHECK(conversation_of({{"prompt", 7}, {"context", 7}, {"history", 7}}).size() == 1);
}

TEST_CASE("Code that is to be changed comes with its indentation and what stands around it", "[prompt]") {
  Json context = kContext;
  context["before"] = "a();\n```\n";
  context["after"] = "b();";
  context["indent"] = "4 spaces";
  context["diagnostics"] = Json::parse(R"([{"line": 4, "severity": "error", "message": "no ;"}])");
  CHECK(
      rendered({}, context) ==
      kSection +
          "\n\nIndentation: 4 spaces"
          "\n\nWhat stands before it, for reference only and not to be repeated:\n\n````cpp\na();\n```\n````"
          "\n\nWhat stands after it, for reference only and not to be repeated:\n\n```cpp\nb();\n```"
          "\n\nDiagnostics:\n- line 4: error: no ;\n");
}

TEST_CASE("What stands around the code is left out where there is nothing", "[prompt]") {
  Json context = kContext;
  context["before"] = "";
  context["after"] = 7;
  context["indent"] = "";
  CHECK(rendered({}, context) == kSection);
}

TEST_CASE("What the template names itself is not added again", "[prompt]") {
  Json context = kContext;
  context["before"] = "a();\n";
  context["after"] = "b();\n";
  context["indent"] = "tabs, 8 columns wide";
  CHECK(rendered({{"template", "{{indent}}|{{before}}|{{code}}|{{after}}"}}, context) ==
        "tabs, 8 columns wide|a();\n|int x;\n|b();\n");
  CHECK(rendered({{"template", "{{indent}}{{before}}{{after}}"}}, context) ==
        "tabs, 8 columns widea();\nb();\n\n" + kSection);
  context.erase("code");
  context["cursor"] = true;
  CHECK(rendered({{"template", "{{before}}<HERE>{{after}}"}}, context) == "a();\n<HERE>b();\n");
}

TEST_CASE("A place for new text is told by what stands around it", "[prompt]") {
  Json context = Json::parse(
      R"({"cursor": true, "file": "x.py", "filetype": "python", "first": 3, "last": 3, "indent": "2 spaces"})");
  const std::string head = "add\n\nFile: x.py (python)\n\nIndentation: 2 spaces\n\n";
  const std::string above = "What stands before the new text:\n\n```python\na = 1\n```\n\n";
  const std::string below = "What stands after the new text:\n\n```python\nb = 2\n```\n\n";
  CHECK(rendered({{"text", "add"}}, context) == head + "The file is empty.");
  context["after"] = "b = 2\n";
  CHECK(rendered({{"text", "add"}}, context) ==
        head + below + "The new text goes directly before this; repeat nothing of it.");
  context["before"] = "a = 1\n";
  CHECK(rendered({{"text", "add"}}, context) ==
        head + above + below + "The new text goes exactly between these two; repeat nothing of them.");
  context.erase("after");
  CHECK(rendered({{"text", "add"}}, context) ==
        head + above + "The new text goes directly after this; repeat nothing of it.");
}

TEST_CASE("Without code and without a place there is no section", "[prompt]") {
  CHECK(rendered({{"text", "hi"}},
                 {{"before", "a"}, {"after", "b"}, {"indent", "4 spaces"}, {"cursor", 1}}) == "hi");
}

TEST_CASE("Changes that were rejected follow the code", "[prompt]") {
  Json context = kContext;
  context["diagnostics"] = Json::parse(R"([{"line": 4, "severity": "error", "message": "no ;"}])");
  context["rejected"] = Json::parse(R"([{"old": "int x;", "new": "long x;\nlong y;"},
                                        {"old": "", "new": "int z;"}, {"old": "int w;", "new": ""}])");
  CHECK(rendered({{"template", "Fix it."}, {"text", "now"}}, context) ==
        "Fix it.\n\nnow\n\n" + kSection + "\n\nDiagnostics:\n- line 4: error: no ;\n\n" + kRejected +
            "These lines:\n\n```cpp\nint x;\n```\n\nwere to become:\n\n```cpp\nlong x;\nlong y;\n```\n\n"
            "These lines were to be added:\n\n```cpp\nint z;\n```\n\n"
            "These lines were to be removed:\n\n```cpp\nint w;\n```");
}

TEST_CASE("Rejected changes are told whatever else there is", "[prompt]") {
  const Json changes = with_rejected({{"", "x"}})["rejected"];
  Json context = kContext;
  context["rejected"] = changes;
  CHECK(rendered({{"template", "{{code}}"}}, context).starts_with("int x;\n\n" + kRejected));
  CHECK(rendered({{"text", "add"}}, {{"cursor", true}, {"rejected", changes}}) ==
        "add\n\nFile: (no name)\n\nThe file is empty.\n\n" + kRejected + added("x"));
  CHECK(rendered({{"text", "hi"}}, {{"rejected", changes}}) == "hi\n\n" + kRejected + added("x"));
}

TEST_CASE("The text of a rejected change is told as it is", "[prompt]") {
  CHECK(rendered({}, with_rejected({{"a ``` b", "{{text}}\n````"}})) ==
        kRejected + "These lines:\n\n````\na ``` b\n````\n\nwere to become:\n\n`````\n{{text}}\n````\n`````");
  CHECK(rendered({}, with_rejected({{"", "\na\n\n"}})) == kRejected + added("\na\n\n"));
}

TEST_CASE("Without a rejected change that has text nothing is said of them", "[prompt]") {
  CHECK(rendered({{"text", "hi"}}, with_rejected({})) == "hi");
  CHECK(rendered({{"text", "hi"}}, with_rejected({{"", ""}})) == "hi");
  CHECK(rendered({{"text", "hi"}}, {{"rejected", nullptr}}) == "hi");
}

TEST_CASE("Of many rejected changes the newest are told, in their order", "[prompt]") {
  Json context = with_rejected({});
  for (int i = 1; i <= 22; ++i) context["rejected"].push_back({{"old", ""}, {"new", std::to_string(i)}});
  context["rejected"].push_back({{"old", ""}, {"new", ""}});
  std::string told = kRejected + added("3");
  for (int i = 4; i <= 22; ++i) told += "\n\n" + added(std::to_string(i));
  CHECK(rendered({}, context) == told);
}

TEST_CASE("Rejected changes have room for 8 KiB of text", "[prompt]") {
  const auto letters = [](char letter, std::size_t count) { return std::string(count, letter); };
  const std::string all = letters('a', 8192);
  CHECK(rendered({}, with_rejected({{"", all}})) == kRejected + added(all));
  CHECK(rendered({}, with_rejected({{"a", all}})) == "");
  CHECK(rendered({}, with_rejected({{"", "a"}, {"", all}})) == kRejected + added(all));
  // The second is too long for the room that the third leaves, the first is not.
  const std::string newest = letters('c', 8000);
  CHECK(rendered({}, with_rejected({{"", letters('a', 192)}, {"", letters('b', 193)}, {"", newest}})) ==
        kRejected + added(letters('a', 192)) + "\n\n" + added(newest));
}

TEST_CASE("Rejected changes of an earlier turn are told in it", "[prompt]") {
  Json history = Json::array();
  history.push_back(
      {{"prompt", {{"text", "add"}}}, {"context", with_rejected({{"", "x"}})}, {"answer", "y"}});
  const auto conversation = conversation_of({{"prompt", {{"text", "more"}}}, {"history", history}});
  REQUIRE(conversation.size() == 3);
  CHECK(conversation[0].text == "add\n\n" + kRejected + added("x"));
  CHECK(conversation[2].text == "more");
}

TEST_CASE("Rejected changes of another type are an error", "[prompt]") {
  const auto* const odd =
      GENERATE(R"("x")", "7", "true", "{}", R"({"old": "a", "new": "b"})", R"(["x"])", "[[]]",
               R"([{"old": "a"}])", R"([{"new": "b"}])", R"([{"old": "a", "new": 1}])",
               R"([{"old": ["a"], "new": "b"}])", R"([{"old": "a", "new": "b"}, null])");
  CAPTURE(odd);
  const Json context{{"rejected", Json::parse(odd)}};
  const auto now = render({{"prompt", {{"text", "hi"}}}, {"context", context}});
  REQUIRE(!now);
  CHECK(now.error().kind == ErrorKind::bad_request);
  CHECK(now.error().message == "context.rejected must be a list of {old, new}, both of them strings");
  Json history = Json::array();
  history.push_back({{"context", context}});
  CHECK(!render({{"prompt", {{"text", "hi"}}}, {"history", history}}));
}
