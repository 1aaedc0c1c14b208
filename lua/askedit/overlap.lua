--- Where an answer that was cut goes on: the model says its last words again, as it is asked to, with line
--- breaks of its own; or it begins anew.
local M = {}

-- More than a sentence or two is not said again, unless it is all.
local LONGEST = 400
-- So long a word is said again to be finished; a shorter one may be the start of another ("is", "issue").
local LONG_WORD = 6

local function is_blank(byte)
  return byte == 32 or (byte >= 9 and byte <= 13)
end

local function skip_blanks(text, at)
  while at <= #text and is_blank(text:byte(at)) do
    at = at + 1
  end
  return at
end

-- Compares `text` from `at` to its end with the start of `more`; a run of blanks equals any other. Returns
-- how much of `more` is the same, or nil; the second value says that it ended too early to tell.
local function compare(text, at, more)
  local i, j = at, skip_blanks(more, 1)
  while i <= #text do
    if j > #more then
      return nil, true
    end
    local a, b = text:byte(i), more:byte(j)
    if is_blank(a) and is_blank(b) then
      i, j = skip_blanks(text, i), skip_blanks(more, j)
    elseif a == b then
      i, j = i + 1, j + 1
    else
      return nil, false
    end
  end
  return j - 1, false
end

local function is_word_byte(text, at)
  return text:find('^[%w_]', at) ~= nil
end

-- Not inside a word of Latin letters, nor inside a character of others, which have no blanks between words.
local function may_begin(text, at)
  local byte = text:byte(at)
  if is_blank(byte) or (byte >= 0x80 and byte < 0xC0) then
    return false
  end
  return at == 1 or not (is_word_byte(text, at) and is_word_byte(text, at - 1))
end

-- One letter, one character of Chinese, or digits alone may as well be what comes next.
local function is_telling(words)
  local _, letters = words:gsub('%a', '')
  local _, others = words:gsub('[\128-\255]', '')
  return letters > 1 or others > 3
end

-- Whether words that were found at the start of `more` end there as a word does, or are too long for chance.
local function is_whole(words, more, length)
  local cut_in_word = is_word_byte(words, #words) and is_word_byte(more, length + 1)
  return not cut_in_word or words:find('[^%w_]') ~= nil or #words >= LONG_WORD
end

-- The whole text once more, byte for byte. Cheap, since it may be long.
local function begins_anew(text, more)
  if #text < LONG_WORD then
    return nil, false
  elseif #more < #text then
    return nil, #more > 0 and text:sub(1, #more) == more
  end
  return more:sub(1, #text) == text and #text or nil, false
end

-- The text ends with the indentation of a line that was not begun, and so does the other one begin.
local function indentation(text, more)
  local indent = text:match('\n([ \t]+)$')
  return indent and more:sub(1, #indent) == indent and #indent or 0
end

--- How many bytes at the start of `more` say the end of `text` again: the longest repetition, which is tried
--- first. Nil as long as more of the new text is needed to tell.
---@param text string
---@param more string
---@param is_all boolean no more will come
---@return integer|nil never nil if that is all
function M.length(text, more, is_all)
  local all, open = begins_anew(text, more)
  if all or (open and not is_all) then
    return all
  elseif open and #more >= LONG_WORD then
    return #more -- it ended while it said the old again
  end
  local tail = text:sub(-LONGEST)
  for at = 1, #tail do
    local words = may_begin(tail, at) and tail:sub(at)
    if words and is_telling(words) then
      local length, unknown = compare(tail, at, more)
      unknown = unknown or (length == #more and is_word_byte(words, #words))
      if unknown and not is_all then
        return nil
      elseif unknown and not length and #more >= LONG_WORD then
        return #more
      elseif length and is_whole(words, more, length) then
        return length
      end
    end
  end
  return indentation(text, more)
end

return M
