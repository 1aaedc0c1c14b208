#include "host/run.h"

#include "base/text.h"

namespace askedit::host {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr char kBlockMark = '\xFF';  // no byte of UTF-8

/// An answer that the model was not let finish may go on in the middle of a line.
CodeFilter::End end_of(llm::FinishReason reason) {
  const bool cut = reason == llm::FinishReason::length || reason == llm::FinishReason::content_filter;
  return cut ? CodeFilter::End::cut : CodeFilter::End::proper;
}

Json error_json(const Error& error) {
  return {{"kind", to_string(error.kind)}, {"message", one_line(error.message)}};
}

}  // namespace

std::string PendingText::take() {
  const std::string_view rest = std::string_view(text_).substr(taken_);
  std::string piece(rest.substr(0, utf8_prefix(rest, kMaxDraw)));
  taken_ += piece.size();
  if (taken_ == text_.size()) {
    text_.clear();
    taken_ = 0;
  }
  return piece;
}

void PendingCode::add(const CodeFilter::Pieces& pieces) {
  for (const std::string& piece : pieces) {
    if (!began_ || &piece != &pieces.front()) text_.add({&kBlockMark, 1});
    began_ = true;
    text_.add(piece);
  }
}

CodeFilter::Pieces PendingCode::take() {
  if (size() == 0) return {};
  const std::string piece = text_.take();
  std::string_view rest = piece;
  if (!std::exchange(took_, true)) rest.remove_prefix(1);  // the first string begins the first block
  CodeFilter::Pieces pieces;
  for (std::size_t at; (at = rest.find(kBlockMark)) != std::string_view::npos; rest.remove_prefix(at + 1))
    pieces.emplace_back(rest.substr(0, at));
  pieces.emplace_back(rest);
  return pieces;
}

Run::Run(net::HttpClient& client, llm::Call call, Secret key, Time now, std::optional<CodeFilter> filter)
    : filter_(std::move(filter)) {
  const auto sink = [this](llm::Event event) { take(std::move(event)); };
  job_ = std::make_unique<llm::Job>(client, std::move(call), std::move(key), sink, now);
}

Run::Run(const Error& error) {
  end_ = Json{{"error", error_json(error)}};
}

void Run::stop() {
  if (job_) job_->cancel();
}

void Run::tick(Time now) {
  if (job_) job_->tick(now);
}

void Run::take(llm::Event event) {
  std::visit(Overloaded{
                 [&](llm::Started& started) {
                   if (!started.model.empty()) fields_["model"] = started.model;
                 },
                 [&](llm::TextDelta& text) { take_text(text.delta); },
                 [&](llm::ReasoningDelta& thought) { thoughts_.add(thought.delta); },
                 [&](llm::Notice& notice) { fields_["status"] = notice.line; },
                 [&](llm::Models& models) { fields_["models"] = models.names; },
                 [&](llm::Usage& usage) {
                   fields_["usage"] = {{"input", usage.input},
                                       {"output", usage.output},
                                       {"cached", usage.cached},
                                       {"reasoning", usage.reasoning}};
                 },
                 [&](llm::Finished& finished) {
                   end_code(end_of(finished.reason));
                   end_with({{"finish", llm::to_string(finished.reason)}});
                 },
                 [&](llm::Failed& failed) {
                   end_code(CodeFilter::End::cut);
                   end_with({{"error", error_json(failed.error)}});
                 },
             },
             event);
}

void Run::take_text(const std::string& delta) {
  text_.add(delta);
  if (filter_) code_.add(filter_->feed(delta));
}

void Run::end_code(CodeFilter::End end) {
  if (filter_) code_.add(filter_->finish(end));
}

void Run::end_with(Json end) {
  end_ = std::move(end);
}

bool Run::something_to_draw() const {
  return !fields_.empty() || something_to_read();
}

bool Run::something_to_read() const {
  return again_ || end_ || !all_is_drawn();
}

bool Run::all_is_drawn() const {
  return thoughts_.size() + text_.size() + code_.size() == 0;
}

std::optional<Json> Run::next_draw(Time now) {
  if (told_end_ || credit_ == Credit::owed || !something_to_draw()) return std::nullopt;
  // The name of the model alone shall not hold up the first text by the time of a reply.
  if (!not_before_ && !something_to_read()) not_before_ = now + kDrawInterval;
  if (not_before_ && now < *not_before_ && !urgent()) return std::nullopt;
  in_flight_ = again_ ? *std::exchange(again_, std::nullopt) : collect();
  credit_ = Credit::owed;
  not_before_ = now + kDrawInterval;
  return in_flight_;
}

/// The first text is what the user waits for; a full draw gains nothing by waiting.
bool Run::urgent() const {
  const bool first_text = text_.size() > 0 && !drew_text_;
  const auto is_full = [](std::size_t waiting) { return waiting >= kMaxDraw; };
  return !again_ &&
         (first_text || is_full(text_.size()) || is_full(thoughts_.size()) || is_full(code_.size()));
}

/// Everything that waits, of the text and the code no more than fits one draw; the answer not before the
/// thoughts, and the end only with the last of it.
Json Run::collect() {
  Json fields = std::exchange(fields_, Json::object());
  if (std::string thoughts = thoughts_.take(); !thoughts.empty()) fields["reasoning"] = std::move(thoughts);
  if (thoughts_.size() == 0 && text_.size() > 0) {
    fields["text"] = text_.take();
    drew_text_ = true;
  }
  if (thoughts_.size() == 0 && code_.size() > 0) fields["code"] = code_.take();
  if (end_ && all_is_drawn()) {
    fields["end"] = *end_;
    fields["end"]["log"] = job_ ? job_->log() : Json::object();
  }
  return fields;
}

void Run::replied(const Json& reply, Time now) {
  credit_ = Credit::free;
  if (reply == "later") {
    again_ = std::exchange(in_flight_, Json());
    not_before_ = now + kLaterInterval;
  } else if (reply == "ok") {
    told_end_ = in_flight_.contains("end");
    in_flight_ = Json();
  } else {
    job_.reset();
    told_end_ = true;
  }
}

std::optional<Time> Run::wake_at() const {
  const auto deadline = job_ ? job_->deadline() : std::nullopt;
  const bool will_draw = !told_end_ && credit_ == Credit::free && something_to_draw();
  return earlier(deadline, will_draw ? (urgent() ? Time{} : not_before_) : std::nullopt);
}

}  // namespace askedit::host
