#include "net/sse.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace askedit::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxStray = 64 * 1024;

tl::unexpected<Error> too_large() {
  return fail(ErrorKind::too_large, "the server sent an event over 8 MiB; what had come is kept");
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// The number that a `retry` field holds, if it is one and fits.
std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty() || text.size() > 18) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

Result<void> LineSplitter::feed(std::string_view bytes, const Sink& sink) {
  const auto is_end = [cr = ends_ == Ends::lf_or_cr](char c) { return c == '\n' || (cr && c == '\r'); };
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end =
        static_cast<std::size_t>(std::find_if(bytes.begin(), bytes.end(), is_end) - bytes.begin());
    line_ += bytes.substr(0, end);
    if (line_.size() > kMaxEvent) return too_large();
    if (end == bytes.size()) return {};
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    const Flow flow = sink(line_);
    line_.clear();
    if (flow == Flow::stop) return {};
  }
  return {};
}

std::string LineSplitter::take_rest() {
  return std::exchange(line_, {});
}

Result<void> SseDecoder::feed(std::string_view bytes, const Sink& sink) {
  if (stopped_) return {};
  const auto fed = lines_.feed(bytes, [&](std::string_view line) { return take_line(line, sink); });
  if (fed && !too_large_) return {};
  stopped_ = true;
  return too_large();
}

void SseDecoder::finish(AtEnd mode, const Sink& sink) {
  if (stopped_ || mode == AtEnd::discard) return;
  const std::string rest = lines_.take_rest();
  if (!rest.empty() && take_line(rest, sink) == Flow::stop) return;
  dispatch(sink);
}

Flow SseDecoder::take_line(std::string_view line, const Sink& sink) {
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark))
    line.remove_prefix(kByteOrderMark.size());
  if (line.empty()) return dispatch(sink);
  if (line.front() == ':') {
    ++comment_lines_;
    return Flow::go_on;
  }
  take_field(line);
  stopped_ = too_large_;
  return stopped_ ? Flow::stop : Flow::go_on;
}

void SseDecoder::take_field(std::string_view line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    data_ += valid_utf8(value);
    data_ += '\n';
    too_large_ = data_.size() > kMaxEvent;
  } else if (name == "event") {
    event_ = valid_utf8(value);
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    next_id_ = valid_utf8(value);
  } else if (name == "retry") {
    if (const auto number = digits(value)) retry_ = number;
  } else if (name != "id" && stray_.size() + line.size() < kMaxStray) {
    stray_.append(line).append("\n");
  }
}

Flow SseDecoder::dispatch(const Sink& sink) {
  last_id_ = next_id_;
  SseEvent event{std::exchange(event_, {}), std::exchange(data_, {}), last_id_};
  if (event.data.empty()) return Flow::go_on;
  event.data.pop_back();
  if (event.event.empty()) event.event = "message";
  const Flow flow = sink(event);
  stopped_ = flow == Flow::stop;
  return flow;
}

Result<void> NdjsonDecoder::feed(std::string_view bytes, const Sink& sink) {
  if (stopped_) return {};
  auto fed = lines_.feed(bytes, [&](std::string_view line) {
    if (is_blank(line)) return Flow::go_on;
    const Flow flow = sink(line);
    stopped_ = flow == Flow::stop;
    return flow;
  });
  stopped_ = stopped_ || !fed;
  return fed;
}

void NdjsonDecoder::finish(const Sink& sink) {
  const std::string rest = lines_.take_rest();
  if (!stopped_ && !is_blank(rest)) sink(rest);
}

}  // namespace askedit::net
