/// Where a key comes from, and what may be one.
#pragma once

#include <string_view>

#include "base/secret.h"

namespace askedit::host {

/// Reads the key that `source` names: "env:NAME" or "file:PATH" ("~/" is the home folder). Blanks and line
/// ends after it are cut off. Fails with `key` if there is none, or if it holds blanks or control characters
/// (a header or a log would break on them); the message names the source, never the value.
Result<Secret> load_key(std::string_view source);

}  // namespace askedit::host
