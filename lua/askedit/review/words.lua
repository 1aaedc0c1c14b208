--- Which words differ between the old lines of a hunk and the new ones. A word is a run of letters, digits
--- and underscores, a run of blanks, or any other character; in scripts without blanks between words each
--- character is one. Line breaks are words too, but of no width.
local compat = require('askedit.compat')

local M = {}

local fn = vim.fn

-- Of both texts together. A comparison of so many words takes 4 ms at worst, and a screen does not hold them.
local MOST_LINES = 400
local MOST_BYTES = 32 * 1024
local MOST_WORDS = 3000

---@alias askedit.Spans integer[][] {from, to}: bytes of a line from 0, `to` behind the last

---@class askedit.ChangedWords
---@field old table<integer, askedit.Spans> by the number of the line; lines without any are not in it
---@field new table<integer, askedit.Spans>
---@field only_blanks boolean nothing but blanks and line breaks differs

---@class askedit.Words what stands in some lines, side by side; line breaks are of no line
---@field text string[]
---@field line integer[]|false[]
---@field from integer[]
---@field to integer[]

local function add_word(words, text, line, from, to)
  local i = #words.text + 1
  words.text[i], words.line[i], words.from[i], words.to[i] = text, line, from, to
end

local function is_blank(word)
  return word:find('^[ \t\n]') ~= nil
end

-- Kinds of characters -----------------------------------------------------------------------------------

-- Scripts and signs of which each character is a word, from U+0100 on. Of what is not in here, Neovim knows
-- which are letters.
local SINGLE = {
  { 0x1100, 0x11FF }, -- Hangul, also below
  { 0x2000, 0x2FFF }, -- punctuation, signs, parts of Chinese characters
  { 0x3000, 0xA4CF }, -- kana, Chinese characters
  { 0xA960, 0xA97F },
  { 0xAC00, 0xFAFF }, -- Hangul; icons of fonts; Chinese characters
  { 0xFE10, 0xFE6F },
  { 0xFF00, 0xFFFF }, -- fullwidth and halfwidth
  { 0x16FE0, 0x1B2FF },
  { 0x1F000, 0x10FFFF }, -- emoji, Chinese characters
}

-- Latin-1, where Neovim would look at 'iskeyword'.
local function is_latin_letter(code)
  return code == 0xAA or code == 0xB5 or code == 0xBA or (code >= 0xC0 and code ~= 0xD7 and code ~= 0xF7)
end

local function is_single(code)
  for _, range in ipairs(SINGLE) do
    if code <= range[2] then
      return code >= range[1]
    end
  end
  return false
end

-- Whether a character that is not ASCII is part of a longer word.
local function is_letter(char)
  if char:find('^[\128-\193]') or #char == 1 then
    return false -- not UTF-8
  end
  local code = fn.char2nr(char)
  if code < 0x100 then
    return is_latin_letter(code)
  end
  return not is_single(code) and fn.match(char, '^\\k') == 0
end

local kinds = {} ---@type table<string, string> of characters; emptied before it grows large
local kind_count = 0

local function kind_of(char)
  if char:find('^[%w_]') then
    return 'letter'
  elseif char == ' ' or char == '\t' then
    return 'blank'
  elseif not char:find('^[\128-\255]') then
    return 'other'
  end
  local kind = kinds[char]
  if not kind then
    if kind_count == 4096 then
      kinds, kind_count = {}, 0
    end
    kind = is_letter(char) and 'letter' or 'other'
    kinds[char], kind_count = kind, kind_count + 1
  end
  return kind
end

-- Words of lines ----------------------------------------------------------------------------------------

local function add_ascii_words(words, line, number)
  local at = 1
  while at <= #line do
    local _, to = line:find('^[%w_]+', at)
    if not to then
      _, to = line:find('^[ \t]+', at)
    end
    to = to or at
    add_word(words, line:sub(at, to), number, at - 1, to)
    at = to + 1
  end
end

-- Characters come with those that are composed onto them.
local function add_words(words, line, number)
  local from, at, before = 0, 0, nil
  for _, char in ipairs(fn.split((line:gsub('[%z\n]', '?')), '\\zs')) do
    local kind = kind_of(char)
    if at > from and (kind ~= before or kind == 'other') then
      add_word(words, line:sub(from + 1, at), number, from, at)
      from = at
    end
    at, before = at + #char, kind
  end
  if at > from then
    add_word(words, line:sub(from + 1, at), number, from, at)
  end
end

---@return askedit.Words
local function words_of(lines)
  local words = { text = {}, line = {}, from = {}, to = {} }
  for number, line in ipairs(lines) do
    if number > 1 then
      add_word(words, '\n', false, 0, 0)
    end
    if line:find('[\128-\255]') then
      add_words(words, line, number)
    else
      add_ascii_words(words, line, number)
    end
  end
  return words
end

-- Spans -------------------------------------------------------------------------------------------------

-- Spans are added from left to right.
local function add_span(spans_of, line, from, to)
  local spans = spans_of[line]
  if not spans then
    spans_of[line] = { { from, to } }
  elseif spans[#spans][2] == from then
    spans[#spans][2] = to
  else
    spans[#spans + 1] = { from, to }
  end
end

-- Returns the words of a text as numbers, one a line: a word can hold anything. The same word is the same
-- number in each text.
local function numbering()
  local numbers, last = {}, 0
  return function(words)
    local out = {}
    for i, text in ipairs(words.text) do
      if not numbers[text] then
        last = last + 1
        numbers[text] = tostring(last)
      end
      out[i] = numbers[text]
    end
    out[#out + 1] = ''
    return table.concat(out, '\n')
  end
end

---@param words askedit.Words
---@param is_changed table<integer, boolean>
---@return table<integer, integer> all of each line, but for blanks
---@return table<integer, integer> those that differ
local function counts(words, is_changed)
  local all, changed = {}, {}
  for i, line in ipairs(words.line) do
    if line and not is_blank(words.text[i]) then
      all[line] = (all[line] or 0) + 1
      changed[line] = (changed[line] or 0) + (is_changed[i] and 1 or 0)
    end
  end
  return all, changed
end

-- A line of which no word stayed says so by its own colour: it has no spans, and does not count either.
-- Returns the spans, and of how many words in the other lines how many differ.
local function spans_of(words, is_changed)
  local all, changed = counts(words, is_changed)
  local spans, all_count, changed_count = {}, 0, 0
  for line, count in pairs(all) do
    if changed[line] < count then
      all_count, changed_count = all_count + count, changed_count + changed[line]
    end
  end
  for i, line in ipairs(words.line) do
    if line and is_changed[i] and (not all[line] or changed[line] < all[line]) then
      add_span(spans, line, words.from[i], words.to[i])
    end
  end
  return spans, all_count, changed_count
end

local function mark(is_changed, from, count)
  for i = from, from + count - 1 do
    is_changed[i] = true
  end
end

-- Where more than half of the words differ, the eye finds what stayed sooner than what changed, and much of
-- it stayed by chance: a bracket, a comma.
local function by_words(old, new)
  local old_words, new_words = words_of(old), words_of(new)
  if #old_words.text + #new_words.text > MOST_WORDS then
    return nil
  end
  local numbers, is_gone, is_new = numbering(), {}, {}
  for _, each in ipairs(compat.diff(numbers(old_words), numbers(new_words))) do
    mark(is_gone, each[1], each[2])
    mark(is_new, each[3], each[4])
  end
  local old_spans, old_count, gone_count = spans_of(old_words, is_gone)
  local new_spans, new_count, new_ones = spans_of(new_words, is_new)
  local is_telling = (gone_count + new_ones) * 2 <= old_count + new_count
  if is_telling and (next(old_spans) or next(new_spans)) then
    return { old = old_spans, new = new_spans, only_blanks = false }
  end
end

-- Only blanks differ ------------------------------------------------------------------------------------

local function without_blanks(text)
  return (text:gsub('[ \t\n]+', ''))
end

---@class askedit.Gap: askedit.Words blanks and line breaks that follow each other
---@field place integer how many bytes that are neither stand before it

---@return askedit.Gap[]
local function gaps_of(lines)
  local gaps, place = {}, 0
  local function add(text, line, from, to)
    local gap = gaps[#gaps]
    if not gap or gap.place < place then
      gap = { place = place, text = {}, line = {}, from = {}, to = {} }
      gaps[#gaps + 1] = gap
    end
    add_word(gap, text, line, from, to)
  end
  for number, line in ipairs(lines) do
    if number > 1 then
      add('\n', false, 0, 0)
    end
    local at = 1
    for from, blanks, behind in line:gmatch('()([ \t]+)()') do
      place = place + from - at
      add(blanks, number, from - 1, behind - 1)
      at = behind
    end
    place = place + #line - at + 1
  end
  return gaps
end

local NOTHING = { place = math.huge, text = {}, line = {}, from = {}, to = {} }

local function add_blanks(spans, gap, first, last)
  for i = first, last do
    if gap.line[i] then
      add_span(spans, gap.line[i], gap.from[i], gap.to[i])
    end
  end
end

-- What differs in one gap, but for what is the same at its start and its end.
local function compare_gap(gap, new_gap, old_spans, new_spans)
  local first, last, new_last = 1, #gap.text, #new_gap.text
  while first <= math.min(last, new_last) and gap.text[first] == new_gap.text[first] do
    first = first + 1
  end
  while math.min(last, new_last) >= first and gap.text[last] == new_gap.text[new_last] do
    last, new_last = last - 1, new_last - 1
  end
  add_blanks(old_spans, gap, first, last)
  add_blanks(new_spans, new_gap, first, new_last)
end

local function by_gaps(old, new)
  local gaps, new_gaps, old_spans, new_spans = gaps_of(old), gaps_of(new), {}, {}
  local i, k = 1, 1
  while gaps[i] or new_gaps[k] do
    local gap, new_gap = gaps[i] or NOTHING, new_gaps[k] or NOTHING
    local place = math.min(gap.place, new_gap.place)
    local is_here, is_there = gap.place == place, new_gap.place == place
    compare_gap(is_here and gap or NOTHING, is_there and new_gap or NOTHING, old_spans, new_spans)
    i, k = i + (is_here and 1 or 0), k + (is_there and 1 or 0)
  end
  return { old = old_spans, new = new_spans, only_blanks = true }
end

-- Both --------------------------------------------------------------------------------------------------

local function size(lines)
  local bytes = 0
  for _, line in ipairs(lines) do
    bytes = bytes + #line + 1
  end
  return bytes
end

--- The words that differ. Nil if that tells nothing: nothing gives way or nothing comes, it is too much, or
--- too little stays.
---@param old string[]
---@param new string[]
---@return askedit.ChangedWords|nil
function M.changed(old, new)
  if #old == 0 or #new == 0 or #old + #new > MOST_LINES or size(old) + size(new) > MOST_BYTES then
    return nil
  end
  local text, new_text = table.concat(old, '\n'), table.concat(new, '\n')
  if text == new_text then
    return nil
  elseif without_blanks(text) == without_blanks(new_text) then
    return by_gaps(old, new)
  end
  return by_words(old, new)
end

return M
