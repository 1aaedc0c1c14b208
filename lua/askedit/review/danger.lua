--- What a hunk does that is easily overlooked: settings of Neovim that its lines would make, characters that
--- cannot be seen or let text stand in another order than it has, and much that goes.
local M = {}

-- The settings that a line makes in Neovim if it is among the first or last ones of a file. Newer and older
-- versions may differ on `vim>800:`, hence each number counts.
--
--   [blank]vi:...  [blank]vim123:...  blank ex:...  [blank]Vim: set ...
--
-- Behind "set" they end at the next colon, without which there are none.
local function settings_at(line, at, is_first)
  local word, sign, number, behind = line:match('^(%a+)([<=>]?)(%d*):()', at)
  local is_plain = sign == '' and number == ''
  local is_modeline = word == 'vim'
    or (word == 'Vim' and line:find('^[ \t]*set', behind))
    or (word == 'vi' and is_plain)
    or (word == 'ex' and is_plain and not is_first)
  if not is_modeline then
    return nil
  elseif line:find('^[ \t]*set? ', behind) then
    local set, to = line:match('^[ \t]*set? +()[^:]*():', behind)
    while to and line:sub(to - 1, to - 1) == '\\' do
      to = line:match('^:[^:]*():', to)
    end
    return to and line:sub(set, to - 1):match('^.*%S.*$')
  end
  return line:match('^[ \t]*([^ \t].*)', behind)
end

-- The first that are found; what is behind them is part of them, or not looked at.
local function settings_of(line)
  local at = 1
  while at do
    local settings = settings_at(line, at, at == 1)
    if settings then
      return settings
    end
    at = line:match('%s()[vVe]', at)
  end
end

-- Characters --------------------------------------------------------------------------------------------

local JOINER = 0x200D

-- Without ASCII, which is told by itself.
local INVISIBLE = {
  { 0x0080, 0x009F }, -- control characters
  { 0x00AD, 0x00AD },
  { 0x034F, 0x034F },
  { 0x115F, 0x1160 },
  { 0x17B4, 0x17B5 },
  { 0x180B, 0x180E },
  { 0x200B, 0x200D },
  { 0x2028, 0x2029 },
  { 0x2060, 0x2064 },
  { 0x206A, 0x206F },
  { 0x2800, 0x2800 },
  { 0x3164, 0x3164 },
  { 0xFE00, 0xFE0E }, -- not the one that makes an emoji of a sign
  { 0xFEFF, 0xFEFF },
  { 0xFFA0, 0xFFA0 },
  { 0xFFF9, 0xFFFB },
  { 0xE0000, 0xE007F },
  { 0xE0100, 0xE01EF },
}

local BIDIRECTIONAL = {
  { 0x061C, 0x061C },
  { 0x200E, 0x200F },
  { 0x202A, 0x202E },
  { 0x2066, 0x2069 },
}

-- Those that are joined with others to one picture.
local EMOJI = {
  { 0x2190, 0x21FF },
  { 0x2300, 0x23FF },
  { 0x2600, 0x27BF },
  { 0x2B00, 0x2BFF },
  { 0x1F000, 0x1FAFF },
}

-- The ASCII characters among them, and how all the others begin. They are looked for one by one: a plain
-- search is twenty times as quick as one for a set of bytes, and a hunk can be a megabyte.
local BEGINNINGS = {
  '\127',
  '\194',
  '\205\143',
  '\216\156',
  '\225\133\159',
  '\225\133\160',
  '\225\158',
  '\225\160',
  '\226\128',
  '\226\129',
  '\226\160\128',
  '\227\133\164',
  '\239\184',
  '\239\187\191',
  '\239\190\160',
  '\239\191',
  '\243\160',
}
for byte = 0, 31 do
  if byte ~= 9 and byte ~= 10 then -- tabs, and what is between the lines
    BEGINNINGS[#BEGINNINGS + 1] = string.char(byte)
  end
end

-- What a line with settings has somewhere.
local SETTINGS_WORDS = { 'vim', 'Vim', 'vi:', 'ex:' }

local function is_in(ranges, code)
  for _, range in ipairs(ranges) do
    if code <= range[2] then
      return code >= range[1]
    end
  end
  return false
end

local TAILS = { '^[\128-\191]', '^[\128-\191][\128-\191]', '^[\128-\191][\128-\191][\128-\191]' }

-- The character that begins at a byte; nil if that is not UTF-8.
local function code_at(line, at)
  local lead = line:byte(at) or 0
  if lead < 0x80 then
    return lead
  end
  local more = lead >= 0xF0 and 3 or lead >= 0xE0 and 2 or 1
  if lead < 0xC2 or lead > 0xF4 or not line:find(TAILS[more], at + 1) then
    return nil
  end
  local code = lead % 2 ^ (6 - more)
  for i = 1, more do
    code = code * 64 + line:byte(at + i) % 64
  end
  return code
end

local function start_of_character_before(line, at)
  repeat
    at = at - 1
  until at < 1 or line:byte(at) < 0x80 or line:byte(at) >= 0xC0
  return at
end

-- What may stand between an emoji and a joiner: how it is shown, and the colour of a skin.
local function is_modifier(code)
  return code == 0xFE0F or (code >= 0x1F3FB and code <= 0x1F3FF)
end

-- A joiner makes one picture of those on both of its sides, where both are of the kind.
local function joins_emoji(line, at)
  local before = start_of_character_before(line, at)
  local code = before > 0 and code_at(line, before)
  if code and is_modifier(code) then
    before = start_of_character_before(line, before)
    code = before > 0 and code_at(line, before)
  end
  local code_behind = code_at(line, at + 3)
  return code and code_behind and is_in(EMOJI, code) and is_in(EMOJI, code_behind)
end

local function kind_of(line, at)
  local code = code_at(line, at)
  if not code then
    return nil
  elseif code < 0x80 or is_in(INVISIBLE, code) then
    return not (code == JOINER and joins_emoji(line, at)) and 'invisible' or nil, code
  end
  return is_in(BIDIRECTIONAL, code) and 'bidirectional' or nil, code
end

-- What lines hold ---------------------------------------------------------------------------------------

---@class askedit.Suspects how often each is there
---@field settings table<string, integer>
---@field invisible table<integer, integer> by character
---@field bidirectional table<integer, integer>

-- Calls `found` with each place of a word in a text.
local function each_place(text, word, found)
  local at = text:find(word, 1, true)
  while at do
    found(at)
    at = text:find(word, at + 1, true)
  end
end

-- Calls `found` with the start of each line that has a word in it.
local function each_line_with(text, word, found)
  local from, behind, told = 1, text:find('\n', 1, true), nil
  each_place(text, word, function(at)
    while behind and behind < at do
      from = behind + 1
      behind = text:find('\n', from, true)
    end
    if told ~= from then
      told = from
      found(from)
    end
  end)
end

---@return askedit.Suspects
local function suspects_of(lines, first, last)
  local suspects = { settings = {}, invisible = {}, bidirectional = {} }
  local text, seen = table.concat(lines, '\n', first, last), {}
  local function count(kind, key)
    suspects[kind][key] = (suspects[kind][key] or 0) + 1
  end
  for _, beginning in ipairs(BEGINNINGS) do
    each_place(text, beginning, function(at)
      local kind, code = kind_of(text, at)
      if kind then
        count(kind, code)
      end
    end)
  end
  for _, word in ipairs(SETTINGS_WORDS) do
    each_line_with(text, word, function(from)
      local settings = not seen[from] and settings_of(text:match('^[^\n]*', from))
      seen[from] = true
      if settings then
        count('settings', settings)
      end
    end)
  end
  return suspects
end

local function is_harmless(suspects)
  return not (next(suspects.settings) or next(suspects.invisible) or next(suspects.bidirectional))
end

-- How many there are more than before, and which.
local function more_than(before, now)
  local keys, count = {}, 0
  for key, times in pairs(now) do
    local added = times - (before[key] or 0)
    if added > 0 then
      keys[#keys + 1], count = key, count + added
    end
  end
  table.sort(keys)
  return keys, count
end

local MOST_NAMES = 3

local function names(codes)
  local out = {}
  for i = 1, math.min(#codes, MOST_NAMES) do
    out[i] = ('U+%04X'):format(codes[i])
  end
  out[#out + 1] = #codes > MOST_NAMES and '…' or nil
  return table.concat(out, ', ')
end

local function phrase(singular, count, article, codes)
  local words = count == 1 and article .. ' ' .. singular or ('%d %ss'):format(count, singular)
  words = 'adds ' .. words
  return codes and ('%s (%s)'):format(words, names(codes)) or words
end

local function share_that_goes(hunk, base)
  local count = hunk.count - #hunk.new
  if count * 2 > #base then
    return ('removes %d of %d %s'):format(count, #base, #base == 1 and 'line' or 'lines')
  end
end

--- What to tell the user before he takes a hunk; empty if it is harmless. Only what its new lines have more
--- of than the old ones.
---@param hunk {from: integer, count: integer, new: string[]}
---@param base string[]
---@return string[]
function M.of(hunk, base)
  local now, out = suspects_of(hunk.new, 1, #hunk.new), {}
  if is_harmless(now) then
    return { share_that_goes(hunk, base) }
  end
  local before = suspects_of(base, hunk.from, hunk.from + hunk.count - 1)
  local _, modelines = more_than(before.settings, now.settings)
  if modelines > 0 then
    out[1] = phrase('modeline', modelines, 'a')
  end
  local bidirectional, count = more_than(before.bidirectional, now.bidirectional)
  if count > 0 then
    out[#out + 1] = phrase('bidirectional control character', count, 'a', bidirectional)
  end
  local invisible, invisible_count = more_than(before.invisible, now.invisible)
  if invisible_count > 0 then
    out[#out + 1] = phrase('invisible character', invisible_count, 'an', invisible)
  end
  out[#out + 1] = share_that_goes(hunk, base)
  return out
end

return M
