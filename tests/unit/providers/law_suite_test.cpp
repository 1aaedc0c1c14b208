// The laws of events (llm/types.h), held by every dialect: each folder beside this file is a dialect of the
// provider table, each NAME.http in it a recorded response (status line, headers, empty line, body), each
// NAME.events.jsonl the events it is, one a line. A new provider adds a folder.
#include <filesystem>
#include <fstream>
#include <iterator>

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

Call call_of(std::string_view dialect) {
  for (const Dialect& row : providers::table())
    if (row.name == dialect)
      return row.make(Json::object()).value()->encode({{Role::user, "hi"}}, Secret("sk-canary-7f3a"));
  FAIL("no dialect " << dialect);
  throw;  // not reached
}

/// What a job makes of a response that comes in these pieces and ends with `error`.
Events played(const Recording& recording, const std::vector<std::string_view>& pieces,
              const std::optional<Error>& error = std::nullopt) {
  FakeClient client;
  Events events;
  Job job(
      client, call_of(recording.dialect), Secret("sk-canary-7f3a"),
      [&](Event event) { events.push_back(std::move(event)); }, Time{});
  client.head(recording.status);
  for (const std::string_view piece : pieces)
    if (!piece.empty() && !client.body(piece)) return events;
  client.end(error);
  check_laws(events);
  return events;
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

bool successful(const Recording& recording) {
  return recording.status >= 200 && recording.status < 300;
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

TEST_CASE("A response whose connection breaks after any byte is truncated and keeps its text", "[laws]") {
  for (const Recording& recording : all_recordings()) {
    const std::string_view body = recording.body;
    INFO(recording.dialect << "/" << recording.name);
    const Events whole = played(recording, {body});
    const auto right = successful(recording) ? "truncated" : terminal_kind(whole);
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      const Events events =
          played(recording, {body.substr(0, cut)}, Error{ErrorKind::truncated, "broke off"});
      if (terminal_kind(events) != right || !text_of(whole).starts_with(text_of(events))) {
        FAIL_CHECK("cut at byte " << cut << ": " << dump_json(joined(events)));
        break;
      }
    }
  }
}

TEST_CASE("A response that ends early without a word is never taken for a whole one", "[laws]") {
  for (const Recording& recording : all_recordings()) {
    const std::string_view body = recording.body;
    INFO(recording.dialect << "/" << recording.name);
    const Events whole = played(recording, {body});
    for (std::size_t cut = 0; cut < body.size(); ++cut) {
      const Events events = played(recording, {body.substr(0, cut)});
      const auto kind = terminal_kind(events);
      const bool same =
          kind == terminal_kind(whole) && (kind != "finished" || joined(events) == recording.events);
      if ((!same && kind != "truncated") || !text_of(whole).starts_with(text_of(events))) {
        FAIL_CHECK("cut at byte " << cut << ": " << dump_json(joined(events)));
        break;
      }
    }
  }
}

TEST_CASE("A response is cancelled after any byte with one end", "[laws]") {
  for (const Recording& recording : all_recordings()) {
    const std::string_view body = recording.body;
    INFO(recording.dialect << "/" << recording.name);
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
      FakeClient client;
      Events events;
      Job job(
          client, call_of(recording.dialect), Secret("sk-canary-7f3a"),
          [&](Event event) { events.push_back(std::move(event)); }, Time{});
      client.head(recording.status);
      if (cut > 0) client.body(body.substr(0, cut));
      job.cancel();
      check_laws(events);
    }
  }
}
