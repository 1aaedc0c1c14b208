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
  std::string text;                     ///< Markdown
  std::string thought = {};             ///< what a model that thinks might think before; may be empty
  std::chrono::milliseconds silence{};  ///< before the first word
  std::chrono::milliseconds pause{};    ///< before each token, besides that of the model
  std::size_t hold_at = 0;              ///< byte of the text before which there is another silence
  std::chrono::milliseconds hold{};     ///< how long that is
};

/// The scripted reply to a question about the sample file; to anything else, true facts of the request, or
/// one line of a comment where the answer will be written into a file. If the question is to go on with an
/// answer that was cut: the rest, and before it the last words once more, in a block of code below a fence of
/// their own, since models do that.
Reply reply_to(const Question& question);

}  // namespace askedit::demo
