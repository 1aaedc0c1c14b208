#include "providers/openai_chat.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "base/text.h"
#include "llm/http_error.h"
#include "net/sse.h"
#include "net/url.h"
#include "providers/event_parser.h"
#include "providers/settings.h"
#include "providers/think.h"

namespace askedit::providers {
namespace {

using namespace llm;

/// The largest body that can hold an answer of the size that is kept: JSON writes a byte with at most six.
constexpr std::size_t kMaxBody = 6 * kMaxAnswer + (std::size_t{1} << 20);
constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Where requests go, from what people give: a host, a base with or without version, or the whole address.
std::string endpoint_of(const std::string& given) {
  const std::size_t tail = std::min(given.find_first_of("?#"), given.size());
  std::string base = given.substr(0, tail);
  base.erase(base.find_last_not_of('/') + 1);
  if (base.ends_with("/chat/completions")) return base + given.substr(tail);
  const std::string last = base.substr(base.find_last_of('/') + 1);
  const bool versioned = last.size() > 1 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9' &&
                         base.find('/') + 2 < base.find_last_of('/');
  return base + (versioned ? "" : "/v1") + "/chat/completions" + given.substr(tail);
}

FinishReason finish_reason(const std::string& word) {
  if (word == "function_call") return FinishReason::tool_calls;
  for (const auto known :
       {FinishReason::stop, FinishReason::length, FinishReason::tool_calls, FinishReason::content_filter})
    if (word == to_string(known)) return known;
  return FinishReason::unknown;
}

std::int64_t count(const Json& object, std::string_view name) {
  const Json& value = member(object, name);
  return value.is_number_integer() && value >= 0 && value < 1'000'000'000'000 ? value.get<std::int64_t>()
                                                                              : -1;
}

/// Some servers count cached and thought tokens apart; here they are parts of the sums.
Usage usage_of(const Json& usage) {
  Usage out{.input = count(usage, "prompt_tokens"),
            .output = count(usage, "completion_tokens"),
            .cached = count(member(usage, "prompt_tokens_details"), "cached_tokens"),
            .reasoning = count(member(usage, "completion_tokens_details"), "reasoning_tokens")};
  if (out.cached < 0) out.cached = count(usage, "prompt_cache_hit_tokens");
  if (out.input >= 0 && out.cached > out.input) out.input += out.cached;
  if (out.output >= 0 && out.reasoning > out.output) out.output += out.reasoning;
  return out;
}

class Decoder : public StreamDecoder {
 public:
  explicit Decoder(ThinkSplitter::Start start) : think_(start) {}

  void feed(std::string_view bytes, const EventSink& sink) override {
    if (shape_ == Shape::unknown) bytes = sniff(bytes);
    if (shape_ == Shape::json) {
      body_ += bytes;
      if (body_.size() > kMaxBody)
        fail_with(sink, ErrorKind::too_large, "the server sent more than an answer can have");
    } else if (shape_ == Shape::events) {
      const auto fed =
          events_.feed(bytes, [&](const net::SseEvent& event) { return take_event(event, sink); });
      if (!fed && !over_) fail_with(sink, fed.error().kind, fed.error().message);
    }
  }

  void end(const EventSink& sink) override {
    no_more_ = true;
    if (shape_ == Shape::json) take_body(sink);
    if (shape_ == Shape::events)
      events_.finish(net::SseDecoder::AtEnd::flush,
                     [&](const net::SseEvent& event) { return take_event(event, sink); });
    if (over_) return;
    if (reason_) return finish(sink);
    if (const auto error = stray_error()) return take_error(*error, sink);
    fail_with(sink, ErrorKind::truncated,
              saw_choice_ ? "the answer ended early: :Ask /continue goes on"
                          : "the server ended without an answer: try :Ask /retry");
  }

 private:
  enum class Shape { unknown, json, events };

  /// The first byte that is neither blank nor a byte order mark tells what follows, whatever the label says.
  /// Returns the bytes from there on.
  std::string_view sniff(std::string_view bytes) {
    head_ += bytes;
    std::string_view rest = head_;
    for (bool more = true; more;) {
      rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
      more = rest.starts_with(kByteOrderMark);
      if (more) rest.remove_prefix(kByteOrderMark.size());
    }
    if (kByteOrderMark.starts_with(rest)) {
      head_ = std::string(rest);
      return {};
    }
    shape_ = rest.front() == '{' || rest.front() == '[' || rest.front() == '<' ? Shape::json : Shape::events;
    return rest;
  }

  /// What a server has written into its stream that is no event, if it is JSON.
  std::optional<Json> stray_error() const {
    const std::string_view stray = events_.stray();
    const auto json = parse_json(trim(stray.substr(std::min(stray.find('{'), stray.size()))));
    return json ? std::optional(*json) : std::nullopt;
  }

  void take_body(const EventSink& sink) {
    const auto body = parse_json(trim(body_));
    if (!body && body.error().kind == ErrorKind::truncated)
      return fail_with(sink, ErrorKind::truncated, "the server's answer ended early: try :Ask /retry");
    if (!body)
      return fail_with(sink, ErrorKind::protocol,
                       "the server's answer is not that of a chat server: check url");
    take_chunk(*body, sink);
    if (over_) return;
    if (saw_choice_) return finish(sink);
    const std::string words = message_of(*body);
    if (!words.empty()) return take_error(*body, sink);
    fail_with(sink, ErrorKind::protocol, "the server's answer holds no choice: check url");
  }

  net::Flow take_event(const net::SseEvent& event, const EventSink& sink) {
    const std::string_view data = surrogates_.join(trim(event.data));
    if (data == "[DONE]") {
      finish(sink);
    } else if (!data.empty()) {
      take_data(data, event.event == "error", sink);
    }
    return over_ ? net::Flow::stop : net::Flow::go_on;
  }

  /// Some proxies put several objects, each on a line of its own, into one event.
  void take_data(std::string_view data, bool is_error, const EventSink& sink) {
    const auto whole = parser_.parse(data);
    if (whole) return is_error ? take_error(**whole, sink) : take_chunk(**whole, sink);
    for (std::string_view rest = data; !over_ && !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const auto line = parse_json(rest.substr(0, end));
      if (!line) return unreadable(is_error, data, line.error().kind, sink);
      take_chunk(*line, sink);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  void unreadable(bool is_error, std::string_view data, ErrorKind kind, const EventSink& sink) {
    if (is_error) return fail_with(sink, ErrorKind::server, "the server failed: " + std::string(data));
    if (no_more_) return;  // half an event; end() knows whether the answer is whole without it
    if (kind == ErrorKind::truncated)
      return fail_with(sink, kind, "the answer broke off: :Ask /continue goes on");
    fail_with(sink, ErrorKind::protocol, "the server sent something that is no answer: check url");
  }

  void take_chunk(const Json& chunk, const EventSink& sink) {
    if (over_) return;
    const Json& groq = member(chunk, "x_groq");
    if (chunk.is_array() || !member(chunk, "error").is_null() || member(chunk, "object") == Json("error"))
      return take_error(chunk, sink);
    if (!member(groq, "error").is_null()) return take_error(groq, sink);
    const Json& choices = member(chunk, "choices");
    const bool speaks = choices.is_array() && !choices.empty();
    start(string_or(member(chunk, "model")), speaks, sink);
    if (speaks)
      for (const Json& choice : choices) take_choice(choice, sink);
    for (const Json* usage : {&member(chunk, "usage"), &member(groq, "usage")})
      if (!over_ && usage->is_object()) sink(usage_of(*usage));
  }

  /// The first chunk may come before the model is known; text may not come before the start.
  void start(const std::string& model, bool speaks, const EventSink& sink) {
    if (started_ || (model.empty() && !speaks)) return;
    started_ = true;
    sink(Started{model});
  }

  /// Of several answers the one that began; the only one may have any index, or none.
  bool is_ours(const Json& choice) {
    const Json& index = member(choice, "index");
    if (!index.is_number_integer()) return true;
    if (index_.is_null()) index_ = index;
    return index == index_;
  }

  void take_choice(const Json& choice, const EventSink& sink) {
    if (over_ || !choice.is_object() || !is_ours(choice)) return;
    saw_choice_ = true;
    const Json& delta =
        member(choice, "delta").is_object() ? member(choice, "delta") : member(choice, "message");
    take_reasoning(delta, sink);
    take_content(member(delta, "content"), sink);
    const std::string refusal = string_or(member(delta, "refusal"));
    if (!refusal.empty()) {
      take_text(refusal, sink);
      refused_ = true;
    }
    const Json& calls = member(delta, "tool_calls");
    wants_tool_ = wants_tool_ || (calls.is_array() && !calls.empty());
    if (!member(choice, "error").is_null()) return take_error(choice, sink);
    const std::string reason = string_or(member(choice, "finish_reason"));
    if (reason == "error" || reason == "insufficient_system_resource")
      return fail_with(sink, ErrorKind::server,
                       "the server gave up in mid-answer (" + reason + "): try :Ask /continue");
    if (!reason.empty()) reason_ = finish_reason(reason);
  }

  void take_reasoning(const Json& delta, const EventSink& sink) {
    std::string thought = string_or(member(delta, "reasoning_content"));
    if (thought.empty()) thought = string_or(member(delta, "reasoning"));
    if (thought.empty()) return;
    emit_thought(thought, sink);
    think_.turn_off();  // a server that names its thoughts puts none into the text
  }

  /// A string, or (Mistral) a list of parts of which some are thoughts.
  void take_content(const Json& content, const EventSink& sink) {
    if (content.is_string()) return take_text(content.get<std::string>(), sink);
    if (!content.is_array()) return;
    for (const Json& part : content) {
      const Json& thoughts = member(part, "thinking");
      if (thoughts.is_array()) think_.turn_off();
      for (const Json& thought : thoughts) emit_thought(string_or(member(thought, "text")), sink);
      if (!thoughts.is_array()) take_text(string_or(member(part, "text")), sink);
    }
  }

  void emit_thought(const std::string& thought, const EventSink& sink) {
    if (!thought.empty()) sink(ReasoningDelta{thought});
  }

  void take_text(const std::string& text, const EventSink& sink) { tell(think_.feed(text), sink); }
  void flush_text(const EventSink& sink) { tell(think_.flush(), sink); }

  void tell(const ThinkSplitter::Parts& parts, const EventSink& sink) {
    emit_thought(parts.thought, sink);
    if (!parts.text.empty()) sink(TextDelta{parts.text});
  }

  void take_error(const Json& body, const EventSink& sink) {
    const std::string words = message_of(body);
    fail_with(sink, kind_of_error(body, ErrorKind::server),
              "the server failed: " + (words.empty() ? "no reason given" : words));
  }

  void fail_with(const EventSink& sink, ErrorKind kind, std::string message) {
    flush_text(sink);
    over_ = true;
    sink(Failed{{kind, std::move(message)}});
  }

  void finish(const EventSink& sink) {
    flush_text(sink);
    FinishReason reason = reason_.value_or(FinishReason::unknown);
    if (reason == FinishReason::stop && wants_tool_) reason = FinishReason::tool_calls;
    if (refused_) reason = FinishReason::content_filter;
    over_ = true;
    sink(Finished{reason});
  }

  Shape shape_ = Shape::unknown;
  std::string head_;
  std::string body_;
  net::SseDecoder events_;
  EventParser parser_{"content", "/choices/0/delta/content"};
  SurrogateJoiner surrogates_;
  ThinkSplitter think_;
  bool started_ = false;
  bool saw_choice_ = false;
  bool refused_ = false;
  bool wants_tool_ = false;
  bool no_more_ = false;
  bool over_ = false;
  Json index_;  ///< of the choice that is the answer
  std::optional<FinishReason> reason_;
};

/// The body of GET .../models: {"data": [{"id"}]}, or the list alone at some imitators.
class ModelsDecoder : public StreamDecoder {
 public:
  void feed(std::string_view bytes, const EventSink& sink) override {
    body_ += bytes;
    if (body_.size() > kMaxBody) sink(Failed{{ErrorKind::too_large, "the list of models is too long"}});
  }

  void end(const EventSink& sink) override {
    const auto body = parse_json(trim(body_));
    if (!body && body.error().kind == ErrorKind::truncated)
      return sink(Failed{{ErrorKind::truncated, "the list of models ended early: ask for it again"}});
    if (!body) return sink(Failed{no_list("")});
    const Json& rows = body->is_array() ? *body : member(*body, "data");
    if (!rows.is_array()) return sink(Failed{no_list(message_of(*body))});
    Models models;
    for (const Json& row : rows)
      if (std::string name = string_or(row.is_string() ? row : member(row, "id")); !name.empty())
        models.names.push_back(std::move(name));
    sink(std::move(models));
    sink(Finished{FinishReason::stop});
  }

 private:
  static Error no_list(const std::string& words) {
    return {ErrorKind::protocol,
            "the server gave no list of models: " + (words.empty() ? "check url" : words)};
  }

  std::string body_;
};

struct Options {
  std::string url;
  bool near;
  std::string model;
  std::string ca;
  std::string key;
  Json body;
  Json headers;
  ThinkSplitter::Start think;
  milliseconds silence;
};

Json body_of(const Options& options, const Conversation& conversation) {
  static constexpr auto role = [](Role r) {
    return r == Role::system ? "system" : r == Role::user ? "user" : "assistant";
  };
  Json messages = Json::array();
  for (const Message& message : conversation)
    messages.push_back({{"role", role(message.role)}, {"content", message.text}});
  Json body{{"messages", messages}, {"stream", true}, {"stream_options", {{"include_usage", true}}}};
  if (!options.model.empty()) body["model"] = options.model;
  for (const auto& [name, value] : options.body.items()) {
    if (value == Json(false))
      body.erase(name);
    else
      body[name] = value;
  }
  return body;
}

/// Header names are the same in any case.
bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

class OpenAiChat : public Provider {
 public:
  explicit OpenAiChat(Options options) : options_(std::move(options)) {}

  std::string key_source() const override { return options_.key; }

  Call encode(const Conversation& conversation, const Secret& key) const override {
    net::HttpRequest request = request_to(
        options_.url, key, {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}});
    request.body = dump_json(body_of(options_, conversation));
    return {std::move(request), std::make_unique<Decoder>(options_.think), options_.silence};
  }

  std::optional<Call> list_models(const Secret& key) const override {
    constexpr std::string_view tail = "/chat/completions";
    std::string url = options_.url;
    url.replace(url.find(tail), tail.size(), "/models");
    net::HttpRequest request = request_to(url, key, {{"Accept", "application/json"}});
    request.method = "GET";
    return Call{std::move(request), std::make_unique<ModelsDecoder>(), milliseconds(30'000)};
  }

 private:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// A header of the settings takes the place of ours with its name.
  net::HttpRequest request_to(const std::string& url, const Secret& key, Headers headers) const {
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key.reveal());
    for (const auto& [name, value] : options_.headers.items()) {
      std::erase_if(headers, [&, &given = name](const auto& ours) { return same_name(ours.first, given); });
      headers.emplace_back(name, string_or(value));
    }
    net::HttpRequest request;
    request.url = url;
    for (const auto& [name, value] : headers) request.headers.push_back(name + ": " + value);
    request.ca = options_.ca;
    request.direct = options_.near;
    if (options_.near) request.connect_timeout = milliseconds(2'000);
    return request;
  }

  Options options_;
};

/// A server on this machine: no proxy, no key unless one is named, plain http, and patience, since it loads
/// its model.
bool is_near(const net::Url& url) {
  return url.loopback || url.host == "localhost";
}

}  // namespace

Result<std::unique_ptr<Provider>> make_openai_chat(const Json& values) {
  Settings settings(values);
  const auto url = net::parse_url(settings.text("url", ""));
  const bool near = url && is_near(*url);
  const std::string think = settings.choice("think", {"auto", "opened", "off"});
  Options options{.url = url ? endpoint_of(url->text) : "",
                  .near = near,
                  .model = settings.text("model", ""),
                  .ca = settings.text("ca", ""),
                  .key = settings.text("key", ""),
                  .body = settings.map("body", {"messages", "stream"}),
                  .headers = settings.texts("headers"),
                  .think = think == "auto"     ? ThinkSplitter::Start::maybe
                           : think == "opened" ? ThinkSplitter::Start::inside
                                               : ThinkSplitter::Start::outside,
                  .silence = milliseconds(
                      static_cast<std::int64_t>(settings.seconds("timeout", near ? 600 : 120) * 1000))};
  if (auto checked = settings.check(); !checked) return tl::make_unexpected(checked.error());
  if (!url) return tl::make_unexpected(Error{url.error().kind, "provider." + url.error().message});
  if (url->scheme == "http" && !near)
    return fail(ErrorKind::config,
                "provider.url must begin with https:// (plain http is for this machine only)");
  return std::make_unique<OpenAiChat>(std::move(options));
}

}  // namespace askedit::providers
