/// A dialect whose body is the text of the answer: for tests of what is the same for all dialects.
#pragma once

#include "llm/provider.h"

namespace askedit::llm {

/// Bytes that tell the name of the model instead.
inline constexpr std::string_view kModel = "\x01";

class TextDecoder : public StreamDecoder {
 public:
  void feed(std::string_view bytes, const EventSink& sink) override {
    if (bytes == kModel)
      sink(Started{"m-named"});
    else
      sink(TextDelta{std::string(bytes)});
  }
  void end(const EventSink& sink) override { sink(Finished{FinishReason::stop}); }
};

inline Call text_call(milliseconds silence = milliseconds(120'000)) {
  net::HttpRequest request;
  request.url = "https://example.org/";
  request.body = R"({"token":"sk-canary-7f3a","messages":[]})";
  return {std::move(request), std::make_unique<TextDecoder>(), silence};
}

}  // namespace askedit::llm
