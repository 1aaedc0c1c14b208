#include "host/host.h"

#include "host/keys.h"
#include "host/prompt.h"

namespace askedit::host {
namespace {

constexpr auto kDraw = "return require('askedit.view').draw(...)";
constexpr RunId kNoRun = 0;  ///< the id of the draw that answers `hello`

std::optional<RunId> id_of(const Json& argument) {
  const Json& id = member(argument, "id");
  if (!id.is_number_unsigned()) return std::nullopt;
  return id.get<RunId>();
}

/// What of an edit is written; nothing for other kinds.
std::optional<CodeFilter> filter_of(const Json& argument) {
  if (member(argument, "kind") != Json("edit")) return std::nullopt;
  CodeFilter filter(string_or(member(member(argument, "context"), "filetype")));
  if (const Json& parts = member(argument, "before"); parts.is_array())
    for (const Json& part : parts) filter.resume(string_or(part));
  return filter;
}

Result<llm::Call> call_of(const std::string& kind, const Json& argument, const llm::Provider& provider,
                          const Secret& key) {
  if (kind == "models") {
    auto call = provider.list_models(key);
    if (!call) return fail(ErrorKind::bad_request, "this kind of server does not list its models");
    return *std::move(call);
  }
  const auto conversation = render(argument);
  if (!conversation) return tl::make_unexpected(conversation.error());
  return provider.encode(*conversation, key);
}

}  // namespace

Host::Host(rpc::Peer& peer, net::HttpClient& client, std::span<const llm::Dialect> dialects)
    : peer_(peer), client_(client), dialects_(dialects) {
  peer_.on("hello", [this](const Json& argument) { hello(argument); });
  peer_.on("run", [this](const Json& argument) { start(argument); });
  peer_.on("stop", [this](const Json& argument) { stop(argument); });
}

void Host::hello(const Json& argument) {
  outdated_ = member(argument, "protocol") != Json(ASKEDIT_PROTOCOL);
  draw(kNoRun, {{"hello", {{"protocol", ASKEDIT_PROTOCOL}, {"version", ASKEDIT_VERSION}}}});
}

void Host::start(const Json& argument) {
  const auto id = id_of(argument);
  if (!id || *id == kNoRun || runs_.contains(*id)) return;
  auto run = make_run(argument);
  runs_.emplace(*id, run ? *std::move(run) : std::make_unique<Run>(run.error()));
}

Result<std::unique_ptr<Run>> Host::make_run(const Json& argument) {
  if (outdated_)
    return fail(ErrorKind::outdated,
                "the host " ASKEDIT_VERSION " and the plugin speak different protocols: run scripts/build");
  const std::string kind = string_or(member(argument, "kind"));
  if (kind != "answer" && kind != "edit" && kind != "models")
    return fail(ErrorKind::bad_request, "the host knows no such kind of run");
  const Json& settings = member(argument, "provider");
  const auto* dialect = find_dialect(string_or(member(settings, "dialect")));
  if (dialect == nullptr) {
    std::string names;
    for (const auto& row : dialects_) names.append(names.empty() ? "" : ", ").append(row.name);
    return fail(ErrorKind::config, "provider.dialect must be one of: " + names);
  }
  const auto provider = dialect->make(settings);
  if (!provider) return tl::make_unexpected(provider.error());
  const std::string source = (*provider)->key_source();
  auto key = source.empty() ? Result<Secret>(Secret()) : load_key(source);
  if (!key) return tl::make_unexpected(key.error());
  auto call = call_of(kind, argument, **provider, *key);
  if (!call) return tl::make_unexpected(std::move(call).error());
  return std::make_unique<Run>(client_, *std::move(call), *std::move(key), Clock::now(), filter_of(argument));
}

const llm::Dialect* Host::find_dialect(std::string_view name) const {
  for (const auto& row : dialects_)
    if (row.name == name) return &row;
  return nullptr;
}

void Host::stop(const Json& argument) {
  const auto found = runs_.find(id_of(argument).value_or(kNoRun));
  if (found != runs_.end()) found->second->stop();
}

void Host::draw(RunId id, const Json& fields) {
  peer_.request("nvim_exec_lua", {kDraw, {id, fields}}, [this, id](const Json& error, const Json& result) {
    const auto found = runs_.find(id);
    if (found != runs_.end()) found->second->replied(error.is_null() ? result : error, Clock::now());
  });
}

void Host::tick(Time now) {
  for (auto it = runs_.begin(); it != runs_.end();) {
    auto& [id, run] = *it;
    run->tick(now);
    if (auto fields = run->next_draw(now)) draw(id, *fields);
    it = run->over() ? runs_.erase(it) : std::next(it);
  }
}

std::optional<Time> Host::wake_at() const {
  std::optional<Time> at;
  for (const auto& [id, run] : runs_) at = earlier(at, run->wake_at());
  return at;
}

}  // namespace askedit::host
