#include "llm/job.h"

#include "base/text.h"
#include "net/url.h"

namespace askedit::llm {
namespace {

/// The request body as it may be shown: credentials masked by name and by value.
std::string readable(const std::string& body, const Secret& key) {
  const auto parsed = parse_json(body);
  return key.mask(parsed ? dump_json(mask_fields(*parsed), 2) : body);
}

std::string in_seconds(milliseconds time) {
  const std::string text = std::to_string(static_cast<double>(time.count()) / 1000.0);
  return text.substr(0, time.count() % 1000 == 0 ? text.find('.') : text.find('.') + 2) + " s";
}

}  // namespace

Job::Job(net::HttpClient& client, Call call, Secret key, EventSink sink, Time now)
    : client_(client),
      decoder_(std::move(call.decoder)),
      key_(std::move(key)),
      filter_(key_),
      thought_filter_(key_),
      sink_(std::move(sink)),
      decoded_([this](Event event) { decode(std::move(event)); }),
      silence_(call.silence),
      heard_at_(now),
      log_{{"method", call.request.method},
           {"url", key_.mask(net::shown_url(call.request.url))},
           {"request", readable(call.request.body, key_)},
           {"sent", call.request.body.size()}} {
  request_ = client_.start(std::move(call.request), *this);
}

Job::~Job() {
  close();
}

void Job::close() {
  if (closed_) return;
  closed_ = true;
  timings_ = client_.cancel(request_);
}

void Job::cancel() {
  if (ended_) return;
  close();
  finish(Failed{{ErrorKind::cancelled, "stopped"}});
}

void Job::tick(Time now) {
  if (heard_) heard_at_ = now;
  heard_ = false;
  if (closed_ || now < *deadline()) return;
  close();
  if (ended_) return;
  finish(Failed{{ErrorKind::timeout, "the server sent nothing for " + in_seconds(silence_) +
                                         ": try :Ask /retry, or set a longer timeout"}});
}

std::optional<Time> Job::deadline() const {
  if (closed_) return std::nullopt;
  return heard_at_ + (ended_ ? kDrain : silence_);
}

Json Job::log() const {
  Json log = log_;
  log["status"] = head_.status;
  log["received"] = received_;
  log["timings"] = {{"lookup", timings_.lookup},
                    {"connect", timings_.connect},
                    {"tls", timings_.tls},
                    {"first_byte", timings_.first_byte},
                    {"total", timings_.total}};
  return log;
}

void Job::on_head(const net::HttpHead& head) {
  head_ = head;
  heard_ = true;
}

net::Flow Job::on_body(std::string_view bytes) {
  received_ += bytes.size();
  if (ended_) return net::Flow::go_on;  // drained, and no sign of life: the drain has an end
  heard_ = true;
  if (successful()) {
    decoder_->feed(bytes, decoded_);
    return failed_ ? net::Flow::stop : net::Flow::go_on;
  }
  error_body_ += bytes.substr(0, kMaxErrorBody - error_body_.size());
  return error_body_.size() < kMaxErrorBody ? net::Flow::go_on : net::Flow::stop;
}

void Job::on_end(const std::optional<Error>& error, const net::HttpTimings& timings) {
  timings_ = timings;
  closed_ = true;
  if (ended_) return;
  if (head_.status != 0 && !successful())
    return finish(Failed{error_of_response(head_, masked_error_body(error ? Body::cut : Body::whole), key_,
                                           string_or(log_["method"]) + " " + string_or(log_["url"]))});
  if (error && error->kind != ErrorKind::truncated) return finish(Failed{*error});
  decoder_->end(decoded_);  // knows whether what came is the whole, however the connection ended
  if (!ended_) finish(Failed{{ErrorKind::truncated, "the answer ended early"}});
}

/// Masked before a sentence is cut from it: half a key is a leak too. So is the half that a cut body ends
/// with.
std::string Job::masked_error_body(Body state) const {
  SecretFilter filter(key_);
  std::string body = filter.feed(error_body_);
  return state == Body::whole && error_body_.size() < kMaxErrorBody ? body + filter.flush() : body;
}

/// One event of the decoder: what has no key in it passes, text goes through the filter.
void Job::decode(Event event) {
  if (ended_) return;
  if (auto* text = std::get_if<TextDelta>(&event)) return pass_text(std::move(text->delta));
  if (auto* thought = std::get_if<ReasoningDelta>(&event)) return pass_thought(std::move(thought->delta));
  if (std::holds_alternative<Finished>(event) || std::holds_alternative<Failed>(event))
    return finish(std::move(event));
  if (auto* started = std::get_if<Started>(&event)) started->model = one_line(key_.mask(started->model), 100);
  if (auto* notice = std::get_if<Notice>(&event)) notice->line = one_line(key_.mask(notice->line));
  if (auto* models = std::get_if<Models>(&event))
    for (std::string& name : models->names) name = one_line(key_.mask(name), 200);
  sink_(std::move(event));
}

void Job::pass_text(std::string text) {
  const bool too_large = !fit(text);
  emit_text(filter_.feed(text));
  if (too_large) finish(Failed{{ErrorKind::too_large, "the answer is over 8 MiB; what had come is kept"}});
}

/// Thoughts count with the answer, so that a model that never ends to think has an end.
void Job::pass_thought(std::string text) {
  const bool too_large = !fit(text);
  emit_thought(thought_filter_.feed(text));
  if (too_large) finish(Failed{{ErrorKind::too_large, "the model's thoughts are over 8 MiB"}});
}

/// Cuts `text` to what may still come; whether all of it fitted.
bool Job::fit(std::string& text) {
  const std::size_t room = kMaxAnswer - answer_size_;
  const bool fits = text.size() <= room;
  if (!fits) text.resize(utf8_prefix(text, room));
  answer_size_ += text.size();
  return fits;
}

void Job::emit_text(std::string text) {
  if (!text.empty()) sink_(TextDelta{std::move(text)});
}

void Job::emit_thought(std::string text) {
  if (!text.empty()) sink_(ReasoningDelta{std::move(text)});
}

void Job::finish(Event terminal) {
  emit_thought(thought_filter_.flush());
  emit_text(filter_.flush());
  ended_ = true;
  if (!closed_) timings_ = client_.timings(request_);
  if (auto* failed = std::get_if<Failed>(&terminal)) {
    failed_ = true;
    failed->error.message = one_line(key_.mask(failed->error.message));
  }
  sink_(std::move(terminal));
}

}  // namespace askedit::llm
