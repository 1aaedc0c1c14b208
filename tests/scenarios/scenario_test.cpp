// Runs the folders AREA/CASE/ beside this file. Each holds three files:
//
//   http.txt      what the peer at ${URL} does (scenarios/server.h); as many connections as it has scripts
//   rpc.jsonl     what the editor does, a step a line:
//                   {"env": {NAME: value}}, {"file": {name: text}}   before the start; a value of null unsets
//                   {"send": message}   {"bytes": "hex"}   {"close": "stdin" or "stdout"}   {"signal":
//                   "TERM"}
//                   {"await": event, "within_ms": N}   {"await end": id, "within_ms": N}   {"await draw": id}
//                   {"await text": id, "is": text}   {"post": event}
//   expect.jsonl  what must be seen in the end, a fact a line; members that are named must be equal, others
//   are
//                 free, null = absent:
//                   {"run": id, ...fields of its draws, texts and blocks joined}   {"run": id, "text_bytes":
//                   N}
//                   {"answer": id, "error": text}
//                   {"request": N, "line": text, "body": {...}, "headers": [...], "without": [names]}
//                   {"stderr": part}   {"exit": status, "within_ms": N}
//
// ${URL}, ${PORT}, ${TOKEN}, ${DIR} (a folder of the scenario's own) and ${x*100} (a hundred x) are filled
// in. Without a word about it, the host ends with 0 at the end of its stdin and says nothing on stderr. The
// token is in the environment, and must be in no output, no error text and no command line of any scenario.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "scenarios/host_process.h"
#include "scenarios/server.h"
#include "unit/catch.h"

using namespace askedit;
using namespace askedit::scenarios;
namespace fs = std::filesystem;

namespace {

using Words = std::map<std::string, std::string>;

/// Fills in what stands in ${...}.
std::string expanded(const std::string& text, const Words& words) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t open; (open = text.find("${", from)) != std::string::npos;) {
    const std::size_t close = text.find('}', open);
    const std::string name = text.substr(open + 2, close - open - 2);
    const std::size_t star = name.rfind('*');
    out.append(text, from, open - from);
    if (star != std::string::npos) {
      const std::size_t count = std::stoul(name.substr(star + 1));
      if (star == 1) out.append(count, name[0]);
      for (std::size_t i = 0; star > 1 && i < count; ++i) out.append(name, 0, star);
    } else {
      INFO("${" << name << "}");
      REQUIRE(words.contains(name));
      out += words.at(name);
    }
    from = close + 1;
  }
  return out.append(text, from);
}

std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  INFO(path.string());
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Json> lines_of(const fs::path& path, const Words& words) {
  std::istringstream text(contents_of(path));
  std::vector<Json> lines;
  for (std::string line; std::getline(text, line);) {
    INFO(path.string() << ": " << line);
    const auto value = parse_json(expanded(line, words));
    REQUIRE(value);
    lines.push_back(*value);
  }
  REQUIRE(!lines.empty());
  return lines;
}

/// Whether `actual` has everything that `expected` names.
bool matches(const Json& expected, const Json& actual) {
  if (!expected.is_object()) return expected == actual;
  for (const auto& [name, value] : expected.items())
    if (!matches(value, member(actual, name))) return false;
  return true;
}

std::string unhex(const std::string& hex) {
  std::string bytes;
  std::istringstream digits(hex);
  for (std::string byte; digits >> byte;) bytes += static_cast<char>(std::stoi(byte, nullptr, 16));
  return bytes;
}

class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "askedit-scenario-XXXXXX").string()) {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Scenario {
 public:
  Scenario(const fs::path& folder, Channel channel)
      : server_(board_),
        words_{{"PORT", std::to_string(server_.port())},
               {"URL", "http://127.0.0.1:" + std::to_string(server_.port()) + "/"},
               {"TOKEN", kToken},
               {"DIR", dir_.path()}},
        scripts_(Server::parse(expanded(contents_of(folder / "http.txt"), words_))),
        steps_(lines_of(folder / "rpc.jsonl", words_)),
        facts_(lines_of(folder / "expect.jsonl", words_)) {
    setup_.channel = channel;
    setup_.env = {{"LIGHT_CHAT_TOKEN", kToken}, {"HOME", dir_.path()}};
  }

  void play() {
    const std::size_t connections = scripts_.size();
    server_.serve(std::move(scripts_));
    prepare();
    HostProcess host(setup_, board_);
    for (const Json& step : steps_) take(step, host);
    for (const Json& fact : facts_) await(fact, host);
    host.await("the peer's scripts",
               [&] { return board_.has("served") || !server_.fault().empty() || host.exited(); });
    finish(host);
    if (!board_.await("served")) FAIL("the peer's scripts did not end: " << server_.fault());
    INFO("stderr: " << host.errors());
    CHECK(server_.fault() == "");
    CHECK(server_.connections() == connections);
    CHECK(host.fault() == "");
    for (const Json& fact : facts_) check(fact, host);
    check_what_is_not_expected(host);
  }

 private:
  void prepare() {
    for (const Json& step : steps_) {
      for (const auto& [name, value] : member(step, "env").items()) {
        setup_.env.erase(name);
        if (value.is_string()) setup_.env[name] = value.get<std::string>();
      }
      for (const auto& [name, text] : member(step, "file").items())
        std::ofstream(dir_.path() + "/" + name, std::ios::binary) << text.get<std::string>();
    }
  }

  void take(const Json& step, HostProcess& host) {
    const std::string verb = step.begin().key();
    if (step.contains("send")) return host.send(step["send"]);
    if (step.contains("bytes")) return host.send_bytes(unhex(step["bytes"].get<std::string>()));
    if (step.contains("post")) return board_.post(step["post"].get<std::string>());
    if (step.contains("await")) return await_event(step, host);
    if (step.contains("await end")) return await_end(step, host);
    if (step.contains("await text"))
      return host.await("the text", [&] {
        const auto shown = host.shown().find(step["await text"].get<host::RunId>());
        return shown != host.shown().end() && member(shown->second, "text") == step["is"];
      });
    if (step.contains("await draw"))
      return host.await("a draw",
                        [&] { return host.shown().contains(step["await draw"].get<host::RunId>()); });
    if (step.contains("env") || step.contains("file")) return;
    left_at_ = Clock::now();
    if (step == Json{{"close", "stdin"}}) return host.close_stdin();
    if (step == Json{{"close", "stdout"}}) return host.close_stdout();
    if (step == Json{{"signal", "TERM"}}) return host.signal(SIGTERM);
    FAIL("no step: " << dump_json(step));
  }

  void await_event(const Json& step, HostProcess& host) {
    const Time since = Clock::now();
    const auto event = step["await"].get<std::string>();
    host.await(event, [&] { return board_.has(event); });
    if (step.contains("within_ms"))
      CHECK(Clock::now() - since < kSlowness * milliseconds(step["within_ms"].get<int>()));
  }

  void await_end(const Json& step, HostProcess& host) {
    const Time since = Clock::now();
    host.await("the end", [&] { return host.ended(step["await end"].get<host::RunId>()); });
    CHECK(Clock::now() - since < kSlowness * milliseconds(step["within_ms"].get<int>()));
  }

  void await(const Json& fact, HostProcess& host) {
    const bool endless = fact.contains("end") && fact["end"].is_null();
    if (fact.contains("run") && !endless) {
      const auto id = fact["run"].get<host::RunId>();
      host.await("the end of run " + std::to_string(id),
                 [&] { return id == 0 ? host.shown().contains(0) : host.ended(id); });
    }
    if (fact.contains("answer")) host.await("an answer", [&] { return !host.answers().empty(); });
  }

  /// Unless a step made it end already, the host is to end with its stdin.
  void finish(HostProcess& host) {
    Json expected{{"exit", 0}, {"within_ms", 1000}};
    for (const Json& fact : facts_)
      if (fact.contains("exit")) expected.update(fact);
    const bool by_itself = expected["exit"] != Json(0);
    if (!left_at_ && !by_itself) {
      left_at_ = Clock::now();
      host.close_stdin();
    }
    const int status = host.await_exit();
    INFO("stderr: " << host.errors());
    CHECK(status == expected["exit"].get<int>());
    if (left_at_)
      CHECK(Clock::now() - *left_at_ < kSlowness * milliseconds(expected["within_ms"].get<int>()));
  }

  void check(Json fact, HostProcess& host) {
    INFO("expected: " << dump_json(fact).substr(0, 2000));
    if (fact.contains("run")) {
      check_run(fact, host);
    } else if (fact.contains("answer")) {
      const auto& answers = host.answers();
      REQUIRE(answers.size() == 1);
      CHECK(answers[0].id == fact["answer"].get<std::uint64_t>());
      CHECK(answers[0].error == fact["error"]);
    } else if (fact.contains("request")) {
      check_request(fact);
    } else if (fact.contains("stderr")) {
      CHECK(host.errors().find(fact["stderr"].get<std::string>()) != std::string::npos);
    } else {
      CHECK(fact.contains("exit"));
    }
  }

  void check_request(const Json& fact) {
    const Server::Request request = server_.request(fact["request"].get<std::size_t>());
    INFO("actual: " << request.line << "\n" << dump_json(request.headers) << "\n" << request.body);
    if (fact.contains("line")) CHECK(request.line == fact["line"].get<std::string>());
    if (fact.contains("body")) CHECK(matches(fact["body"], Json::parse(request.body)));
    const auto count = [&](const auto& test) {
      return std::count_if(request.headers.begin(), request.headers.end(), test);
    };
    for (const Json& header : member(fact, "headers"))
      CHECK(count([&](const std::string& line) { return header == line; }) == 1);
    for (const Json& name : member(fact, "without"))
      CHECK(count([&](const std::string& line) { return line.starts_with(name.get<std::string>() + ":"); }) ==
            0);
  }

  static void check_run(Json fact, HostProcess& host) {
    const auto id = fact["run"].get<host::RunId>();
    fact.erase("run");
    const auto shown = host.shown().find(id);
    Json actual = shown == host.shown().end() ? Json::object() : shown->second;
    if (fact.contains("text_bytes")) {
      actual["text_bytes"] = string_or(member(actual, "text")).size();
      actual.erase("text");
    }
    INFO("actual: " << dump_json(actual));
    CHECK(matches(fact, actual));
  }

  void check_what_is_not_expected(HostProcess& host) {
    std::set<host::RunId> expected;
    bool silent = true;
    for (const Json& fact : facts_) {
      if (fact.contains("run")) expected.insert(fact["run"].get<host::RunId>());
      silent = silent && !fact.contains("stderr");
    }
    for (const auto& [id, fields] : host.shown()) {
      INFO("run " << id);
      CHECK((expected.contains(id) || !fields.contains("end")));
    }
    if (silent) CHECK(host.errors() == "");
    CHECK(host.command_line() == std::string(ASKEDIT_HOST) + '\0');
    CHECK(host.everything_visible().find("canary") == std::string::npos);
  }

  Folder dir_;
  Noticeboard board_;
  Server server_;
  Words words_;
  std::vector<Server::Script> scripts_;
  std::vector<Json> steps_;
  std::vector<Json> facts_;
  HostProcess::Setup setup_;
  std::optional<Time> left_at_;  ///< when a step gave the host a reason to end
};

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

void play_all(Channel channel) {
  int played = 0;
  for (const fs::path& area : folders_in(ASKEDIT_SCENARIOS)) {
    for (const fs::path& folder : folders_in(area)) {
      INFO("scenario " << area.filename().string() << "/" << folder.filename().string());
      // A section each, so that one failure does not hide the others.
      DYNAMIC_SECTION(area.filename().string() << "/" << folder.filename().string()) {
        Scenario(folder, channel).play();
      }
      ++played;
    }
  }
  CHECK(played > 40);
}

}  // namespace

TEST_CASE("Scenarios over pipes", "[scenarios]") {
  play_all(Channel::pipes);
}

TEST_CASE("Scenarios over sockets", "[scenarios]") {
  play_all(Channel::sockets);
}
