--- Where an answer that was cut goes on: models often say the last words again, with other line breaks.
local M = {}

-- More than a sentence or two is not said again.
local LONGEST = 400

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

local function begins_word(text, at)
  return not is_blank(text:byte(at)) and (at == 1 or is_blank(text:byte(at - 1)))
end

-- One character, or digits alone, may as well be the other half of a number or a name.
local function is_telling(words)
  return #vim.trim(words) > 1 and words:find('[%a\128-\255]') ~= nil
end

--- How many bytes at the start of `more` say the end of `text` again: the longest repetition that begins with
--- a word. Nil as long as more of the new text is needed to tell.
---@param text string
---@param more string
---@return integer|nil
function M.length(text, more)
  for at = math.max(1, #text - LONGEST + 1), #text do
    if begins_word(text, at) and is_telling(text:sub(at)) then
      local length, open = compare(text, at, more)
      if length then
        return length
      elseif open then
        return nil
      end
    end
  end
  return 0
end

return M
