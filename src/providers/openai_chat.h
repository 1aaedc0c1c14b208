/// OpenAI's Chat Completions and the servers that imitate it: server-sent events, or one JSON object where
/// the server does not stream.
#pragma once

#include "llm/provider.h"

namespace askedit::providers {

/// Settings: `url` (base or whole), `model`, `timeout`, `ca`, `body` (more fields of the request; `false`
/// removes one), `headers`, `think` (see doc/askedit.txt).
Result<std::unique_ptr<llm::Provider>> make_openai_chat(const Json& settings);

inline constexpr llm::Dialect kOpenAiChat{
    .name = "openai_chat",
    .make = make_openai_chat,
};

}  // namespace askedit::providers
