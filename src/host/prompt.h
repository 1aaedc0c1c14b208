/// A prompt's template and the user's code to the conversation that is sent.
#pragma once

#include "base/json.h"
#include "llm/types.h"

namespace askedit::host {

/// Renders the `run` message of doc/protocol.md: the system message, the earlier turns, the new one. Text
/// that is filled in is never searched for placeholders. Members that are missing or of another type count as
/// empty, but for `context.rejected`, without which the user would be proposed again what was not wanted: it
/// fails with `bad_request` if it is of another type.
Result<llm::Conversation> render(const Json& run);

}  // namespace askedit::host
