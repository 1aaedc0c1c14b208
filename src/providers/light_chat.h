/// The light-chat relay: POST of JSON with the key in the body; one envelope {code, data, message} back,
/// nothing streamed.
#pragma once

#include "llm/provider.h"

namespace askedit::providers {

/// Settings: `url`, `model`, `timeout`, `params`, `system`, `ca` (doc/protocol.md). The body carries the key,
/// so plain http is refused but to a literal loopback address.
Result<std::unique_ptr<llm::Provider>> make_light_chat(const Json& settings);

inline constexpr llm::Dialect kLightChat{
    .name = "light_chat",
    .make = make_light_chat,
};

}  // namespace askedit::providers
