#include "providers/table.h"

#include <array>

#include "providers/light_chat.h"

namespace askedit::providers {

std::span<const llm::Dialect> table() {
  static constexpr std::array rows{
      llm::Dialect{.name = "light_chat", .default_key = "env:LIGHT_CHAT_TOKEN", .make = make_light_chat},
  };
  return rows;
}

}  // namespace askedit::providers
