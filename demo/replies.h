// What the demo server says. Knows no wire: a dialect turns a request into a Question and a Reply into a
// response.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace askedit::demo {

struct Message {
  std::string role;
  std::string content;
};

/// A request as any chat dialect states it.
struct Question {
  std::string model;
  std::vector<Message> messages;
  std::size_t bytes = 0;  ///< of the request body
};

struct Reply {
  std::string text;                 ///< Markdown
  std::chrono::milliseconds delay;  ///< how long a model might have thought about it
};

/// The scripted reply to a question about the sample file; to anything else, true facts of the request.
Reply reply_to(const Question& question);

}  // namespace askedit::demo
