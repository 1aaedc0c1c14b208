/// Events as data: recorded, compared, and held against their laws (llm/types.h).
#pragma once

#include <vector>

#include "base/json.h"
#include "llm/types.h"

namespace askedit::llm {

using Events = std::vector<Event>;

/// `{"text": "..."}`, `{"failed": {"kind": ..., "message": ...}}` and so on.
Json to_json(const Event& event);

/// The whole text of the answer.
std::string text_of(const Events& events);

/// As data, neighbouring deltas of one kind joined: what must not depend on how the bytes were split.
Json joined(const Events& events);

/// The failure at the end; fails the test if there is none.
Error failure_of(const Events& events);

/// Fails the test unless all laws hold and the events are complete, down to the one terminal event.
void check_laws(const Events& events);

}  // namespace askedit::llm
