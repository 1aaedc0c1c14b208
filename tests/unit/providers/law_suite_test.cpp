// The laws of events (llm/types.h), held by every dialect: each folder beside this file is a dialect of the
// provider table, each NAME.http in it a recorded response (status line, headers, empty line, body), each
// NAME.events.jsonl the events it is, one a line. A new provider adds a folder.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "llm/job.h"
#include "providers/table.h"
#include "unit/fake_client.h"
#include "unit/llm/events.h"

using namespace askedit;
using namespace askedit::llm;
namespace fs = std::filesystem;

namespace {

std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  INFO(path.string());
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Recording {
  std::string dialect;
  std::string name;
  int status;
  std::string body;
  Json events;
};

Recording load(const fs::path& path) {
  const std::string response = contents_of(path);
  const std::size_t body = response.find("\r\n\r\n");
  REQUIRE(response.starts_with("HTTP/1.1 "));
  REQUIRE(body != std::string::npos);
  Recording recording{.dialect = path.parent_path().filename().string(),
                      .name = path.stem().string(),
                      .status = std::stoi(response.substr(9, 3)),
                      .body = response.substr(body + 4),
                      .events = Json::array()};
  std::istringstream lines(contents_of(fs::path(path).replace_extension(".events.jsonl")));
  for (std::string line; std::getline(lines, line);) recording.events.push_back(Json::parse(line));
  return recording;
}

std::vector<Recording> all_recordings() {
  std::vector<Recording> all;
  for (const auto& dialect : fs::directory_iterator(ASKEDIT_RECORDINGS)) {
    if (!dialect.is_directory()) continue;
    const std::size_t before = all.size();
    for (const auto& file : fs::directory_iterator(dialect))
      if (file.path().extension() == ".http") all.push_back(load(file));
    INFO(dialect.path().string());
    REQUIRE(all.size() > before);
  }
  return all;
}

const Provider& provider_of(const std::string& dialect) {
  static std::map<std::string, std::unique_ptr<Provider>> made;
  const Json settings{{"url", "https://relay.example.org"}, {"key", "env:RELAY_KEY"}};
  for (const Dialect& row : providers::table())
    if (row.name == dialect && !made.contains(dialect)) made[dialect] = row.make(settings).value();
  INFO("dialect " << dialect);
  REQUIRE(made.contains(dialect));
  return *made.at(dialect);
}

/// Masking takes its time, so the key is there only where a server repeats it.
Secret key_of(const Recording& recording) {
  const bool repeated = recording.body.find("sk-canary") != std::string::npos;
  return repeated ? Secret("sk-canary-7f3a") : Secret();
}

/// The request is not what is tested here, and a hundred thousand of them take their time.
Call call_of(const Recording& recording) {
  Call call = provider_of(recording.dialect).encode({{Role::user, "hi"}}, key_of(recording));
  call.request.body = "{}";
  return call;
}

/// A job, and what it has told, of a response that the test plays.
struct Play {
  FakeClient client;
  Events events;
  Job job;

  explicit Play(const Recording& recording)
      : job(
            client, call_of(recording), key_of(recording),
            [this](Event event) { events.push_back(std::move(event)); }, Time{}) {
    client.head(recording.status);
  }

  void feed(std::string_view piece) {
    if (client.last().open && !piece.empty()) client.body(piece);
  }
  void end(const std::optional<Error>& error = std::nullopt) {
    if (client.last().open) client.end(error);
    check_laws(events);
  }
};

Events played(const Recording& recording, const std::vector<std::string_view>& pieces) {
  Play play(recording);
  for (const std::string_view piece : pieces) play.feed(piece);
  play.end();
  return play.events;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  return bytes;
}

std::string_view terminal_kind(const Events& events) {
  const auto* failed = std::get_if<Failed>(&events.back());
  return failed == nullptr ? "finished" : to_string(failed->error.kind);
}

/// Held back as the tag of thoughts, and text after all where the answer ends there.
bool begins_a_tag(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos || std::string_view("<think>").starts_with(text.substr(first));
}

/// What is wrong with the events of a response that was cut at `cut`, or nothing.
std::string fault_of_cut(const Recording& recording, const Events& whole, std::size_t cut,
                         const std::optional<Error>& error) {
  Play play(recording);
  play.feed(std::string_view(recording.body).substr(0, cut));
  const std::string told = text_of(play.events);
  play.end(error);
  const Events& events = play.events;
  const std::string text = text_of(events);
  const bool same_end = to_json(events.back()) == to_json(whole.back());
  if (terminal_kind(events) == "finished" && !(same_end && text == text_of(whole)))
    return "half an answer is taken for a whole one";
  if (!same_end && cut == recording.body.size()) return "the whole is not taken for whole";
  const bool refused = recording.status >= 300;  // and how exactly, the cut body may not tell
  if (!same_end && !refused && terminal_kind(events) != "truncated" &&
      terminal_kind(events) != terminal_kind(whole))
    return "the failure is neither that of the whole nor truncated";
  if (!text_of(whole).starts_with(text) && !begins_a_tag(text)) return "other text";
  if (!text.starts_with(told)) return "the text that was told is not kept";
  return "";
}

}  // namespace

TEST_CASE("A recorded response is the events beside it, however its bytes are split", "[laws]") {
  for (const Recording& recording : all_recordings()) {
    const std::string_view body = recording.body;
    INFO(recording.dialect << "/" << recording.name);
    CHECK(dump_json(joined(played(recording, {body})), 1) == dump_json(recording.events, 1));
    CHECK(joined(played(recording, bytes_of(body))) == recording.events);
    for (std::size_t split = 0; split < body.size(); ++split)
      if (joined(played(recording, {body.substr(0, split), body.substr(split)})) != recording.events) {
        FAIL_CHECK("other events when split at byte " << split);
        break;
      }
  }
}

// An end may be known before the last byte: after "[DONE]", or where the answer has said why it stopped. A
// response cut there is whole; its usage may be missing.
TEST_CASE("A response that is cut after any byte is truncated and keeps its text, or is whole", "[laws]") {
  // Without a word, as at the end of a body whose length is not told; or as the transport sees a broken one.
  const auto error =
      GENERATE(std::optional<Error>(), std::optional(Error{ErrorKind::truncated, "broke off"}));
  for (const Recording& recording : all_recordings()) {
    INFO(recording.dialect << "/" << recording.name);
    const Events whole = played(recording, {recording.body});
    for (std::size_t cut = 0; cut <= recording.body.size(); ++cut) {
      const std::string fault = fault_of_cut(recording, whole, cut, error);
      if (fault.empty()) continue;
      FAIL_CHECK("cut at byte " << cut << ": " << fault);
      break;
    }
  }
}

// The middle of a stream says nothing about its end; the end marks are in its last two events at the
// earliest.
TEST_CASE("A streamed answer that is cut before its last events is truncated", "[laws]") {
  int streams = 0;
  for (const Recording& recording : all_recordings()) {
    const Events whole = played(recording, {recording.body});
    const std::size_t text = recording.body.find("\"content\":\"Hi\"");
    if (terminal_kind(whole) != "finished" || text == std::string::npos) continue;
    INFO(recording.dialect << "/" << recording.name);
    ++streams;
    const std::string_view until_text =
        std::string_view(recording.body).substr(0, recording.body.find("\n\n", text));
    const Events events = played(recording, {until_text});
    CHECK(terminal_kind(events) == "truncated");
    CHECK(text_of(events) == "Hi");
  }
  CHECK(streams > 10);
}

TEST_CASE("A stream that lacks any one of its events is told by the laws, and nothing reads null", "[laws]") {
  for (const Recording& recording : all_recordings()) {
    INFO(recording.dialect << "/" << recording.name);
    const std::string& body = recording.body;
    for (std::size_t begin = 0, end; (end = body.find("\n\n", begin)) != std::string::npos; begin = end + 2) {
      const std::string rest = body.substr(0, begin) + body.substr(end + 2);
      const std::string text = text_of(played(recording, {rest}));
      if (text.find("null") != std::string::npos)
        FAIL_CHECK("without the event at " << begin << ": " << text);
    }
  }
}

TEST_CASE("A response is cancelled after any byte with one end", "[laws]") {
  for (const Recording& recording : all_recordings()) {
    INFO(recording.dialect << "/" << recording.name);
    for (std::size_t cut = 0; cut <= recording.body.size(); ++cut) {
      Play play(recording);
      play.feed(std::string_view(recording.body).substr(0, cut));
      play.job.cancel();
      check_laws(play.events);
    }
  }
}
