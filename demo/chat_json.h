// The JSON that both wires have in common, from the server's side.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "replies.h"

namespace askedit::demo {

using Json = nlohmann::json;

/// One line; bytes that are no UTF-8 are replaced.
std::string dump(const Json& value);

/// The string of that name; "" if there is none.
std::string text_at(const Json& object, const char* key);

/// The question in a request whose body had that many bytes; none if `messages` is no list of messages.
std::optional<Question> read_question(const Json& request, std::size_t bytes);

/// The `usage` of an answer with that text.
Json usage(const Question& question, const std::string& text);

}  // namespace askedit::demo
