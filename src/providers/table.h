/// The dialects that the host speaks. A new one is a file beside this and a row in table.cpp.
#pragma once

#include <span>

#include "llm/provider.h"

namespace askedit::providers {

std::span<const llm::Dialect> table();

}  // namespace askedit::providers
