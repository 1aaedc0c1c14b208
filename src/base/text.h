/// Text from outside, made safe: UTF-8 that is complete, and sentences without control characters.
#pragma once

#include <string>
#include <string_view>

namespace askedit {

/// `text` with each invalid sequence replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// The length of the longest prefix of at most `limit` bytes that does not end inside a character.
std::size_t utf8_prefix(std::string_view text, std::size_t limit);

/// One line for a message: valid UTF-8, each run of blanks and control characters (bidi controls too) one
/// blank, none at the ends, at most `max_characters` and then an ellipsis.
std::string one_line(std::string_view text, std::size_t max_characters = 300);

}  // namespace askedit
