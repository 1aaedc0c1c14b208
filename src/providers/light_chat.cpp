#include "providers/light_chat.h"

#include "llm/http_error.h"
#include "net/url.h"
#include "providers/settings.h"

namespace askedit::providers {
namespace {

using namespace llm;

/// The largest body that can hold an answer of the size that is kept: JSON writes a byte with at most six.
constexpr std::size_t kMaxBody = 6 * kMaxAnswer + (std::size_t{1} << 20);

/// The calls of the day, "3 of 10 calls today"; empty if the envelope does not tell.
struct Quota {
  std::string line;
  bool used_up = false;
};

Quota quota_of(const Json& envelope) {
  const Json& info = member(member(envelope, "data"), "info");
  const Json& used = member(info, "numOfOneDayAlreadyCallApi");
  const Json& limit = member(info, "numOfOneDayCanCallApi");
  if (!used.is_number() || !limit.is_number()) return {};
  return {dump_json(used) + " of " + dump_json(limit) + " calls today",
          used.get<double>() >= limit.get<double>()};
}

std::int64_t code_of(const Json& envelope) {
  const Json& code = member(envelope, "code");
  if (code.is_number_integer()) return code.get<std::int64_t>();
  return code == Json("200") ? 200 : 0;
}

FinishReason finish_reason(const Json& reason) {
  for (const auto known :
       {FinishReason::stop, FinishReason::length, FinishReason::tool_calls, FinishReason::content_filter})
    if (reason == Json(to_string(known))) return known;
  return FinishReason::unknown;
}

std::int64_t tokens(const Json& usage, std::string_view name) {
  const Json& count = member(usage, name);
  return count.is_number_integer() ? count.get<std::int64_t>() : -1;
}

void emit_completion(const Json& completion, const EventSink& sink) {
  const Json& choice = member(completion, "choices")[0];
  sink(Started{string_or(member(completion, "model"))});
  const std::string text = string_or(member(member(choice, "message"), "content"));
  if (!text.empty()) sink(TextDelta{text});
  const Json& usage = member(completion, "usage");
  if (usage.is_object())
    sink(Usage{.input = tokens(usage, "prompt_tokens"), .output = tokens(usage, "completion_tokens")});
  sink(Finished{finish_reason(member(choice, "finish_reason"))});
}

/// The relay's own words, or its code where it has none. Whatever `code` says, a used-up quota is the reason.
Error refusal(const Json& envelope, const Quota& quota) {
  const Json& code = member(envelope, "code");
  std::string words = string_or(member(envelope, "message"));
  if (words.empty()) words = code.is_null() ? "no reason given" : "code " + dump_json(code);
  if (quota.used_up) return {ErrorKind::rate_limit, "the server refused: " + words + " (" + quota.line + ")"};
  return {kind_of_status(code_of(envelope)), "the server refused: " + words};
}

class Decoder : public StreamDecoder {
 public:
  void feed(std::string_view bytes, const EventSink& sink) override {
    body_ += bytes;
    if (body_.size() > kMaxBody)
      sink(Failed{{ErrorKind::too_large, "the server sent more than an answer can have"}});
  }

  void end(const EventSink& sink) override {
    const auto envelope = parse_json(body_);
    if (!envelope) return sink(Failed{unreadable(envelope.error())});
    if (!envelope->is_object()) return sink(Failed{{ErrorKind::protocol, kNotLightChat}});
    const Quota quota = quota_of(*envelope);
    if (!quota.line.empty()) sink(Notice{quota.line});
    if (code_of(*envelope) != 200) return sink(Failed{refusal(*envelope, quota)});
    const Json& completion = member(member(*envelope, "data"), "completion");
    const Json& choices = member(completion, "choices");
    if (!choices.is_array() || choices.empty()) return sink(Failed{{ErrorKind::protocol, kNotLightChat}});
    emit_completion(completion, sink);
  }

 private:
  static constexpr auto kNotLightChat = "the server's answer is not that of a light-chat server: check url";

  static Error unreadable(const Error& error) {
    if (error.kind == ErrorKind::truncated)
      return {error.kind, "the server's answer ended early: try :Ask /retry"};
    return {error.kind, kNotLightChat};
  }

  std::string body_;
};

struct Options {
  net::Url url;
  std::string model;
  std::string ca;
  std::string key;
  Json params;
  bool merge_system;
  milliseconds silence;
};

Json messages_of(const Conversation& conversation, bool merge_system) {
  static constexpr auto role = [](Role r) {
    return r == Role::system ? "system" : r == Role::user ? "user" : "assistant";
  };
  Json messages = Json::array();
  std::string before;
  for (const Message& message : conversation) {
    if (message.role == Role::system && merge_system) {
      before = message.text + "\n\n";
      continue;
    }
    messages.push_back({{"role", role(message.role)}, {"content", before + message.text}});
    before.clear();
  }
  return messages;
}

class LightChat : public Provider {
 public:
  explicit LightChat(Options options) : options_(std::move(options)) {}

  std::string key_source() const override { return options_.key; }

  Call encode(const Conversation& conversation, const Secret& key) const override {
    Json body{{"token", key.reveal()},
              {"messages", messages_of(conversation, options_.merge_system)},
              {"params", options_.params}};
    if (!options_.model.empty()) body["model"] = options_.model;
    net::HttpRequest request;
    request.url = options_.url.text;
    request.headers = {"Content-Type: application/json", "Accept: application/json"};
    request.body = dump_json(body);
    request.ca = options_.ca;
    request.direct = options_.url.loopback;
    if (options_.url.loopback) request.connect_timeout = milliseconds(2'000);
    return {std::move(request), std::make_unique<Decoder>(), options_.silence};
  }

 private:
  Options options_;
};

}  // namespace

Result<std::unique_ptr<Provider>> make_light_chat(const Json& values) {
  Settings settings(values);
  auto url = net::parse_url(settings.text("url", ""));
  Options options{
      .url = url.value_or(net::Url{}),
      .model = settings.text("model", ""),
      .ca = settings.text("ca", ""),
      .key = settings.text("key", ""),
      .params = settings.map("params", {"token", "model", "messages"}),
      .merge_system = settings.choice("system", {"message", "merge"}) == "merge",
      .silence = milliseconds(static_cast<std::int64_t>(settings.seconds("timeout", 120) * 1000))};
  if (auto checked = settings.check(); !checked) return tl::make_unexpected(checked.error());
  if (!url) return tl::make_unexpected(Error{url.error().kind, "provider." + url.error().message});
  if (url->scheme == "http" && !url->loopback)
    return fail(ErrorKind::config,
                "provider.url must begin with https:// (plain http would show the key; only 127.0.0.1 may)");
  if (options.key.empty()) return fail(ErrorKind::config, "provider.key must be 'env:NAME' or 'file:PATH'");
  return std::make_unique<LightChat>(std::move(options));
}

}  // namespace askedit::providers
