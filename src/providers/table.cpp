#include "providers/table.h"

#include <array>

#include "providers/light_chat.h"
#include "providers/openai_chat.h"

namespace askedit::providers {

std::span<const llm::Dialect> table() {
  static constexpr std::array rows{kLightChat, kOpenAiChat};
  return rows;
}

}  // namespace askedit::providers
