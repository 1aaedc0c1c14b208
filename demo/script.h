// What is said about the sample file: the whole of the demo's knowledge.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

namespace askedit::demo {

struct Line {
  std::string_view text;                 ///< Markdown
  std::string_view thought = {};         ///< what a model that thinks might think before; may be empty
  std::chrono::milliseconds pause = {};  ///< before each token, besides that of the model
  std::string_view slow_from = {};       ///< before these words of it a model that takes its time is silent
};

/// The line whose cue comes first in `words`, which are in lower case; null if there is none. `texts` are
/// those of the conversation: one of them has to hold the part of the sample that the line is about.
const Line* line_for(std::string_view words, const std::vector<std::string_view>& texts);

}  // namespace askedit::demo
