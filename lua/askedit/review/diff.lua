--- Which lines of an edit differ: between two lists of lines, and between the old lines and new ones that are
--- still coming.
---
--- What streams is cut at anchors, so that no line is compared twice. An anchor: three new lines in a row
--- that equal three old ones, of which one stands only once in the old text. What is before it is settled
--- for good. It grows with each equal line after it.
---
---   old   a b c | d e f | g h i j k l        settled: the old lines to f, the new ones to f
---   new   a X c | d e f | y z                live: y z
---             1 hunk
local compat = require('askedit.compat')

local M = {}

local ANCHOR = 3
local LONG_TAIL = 4096 -- bytes; of a longer line that is still coming only the newest piece is shown

---@class askedit.Change lines of one text that are others in a second one
---@field from integer first old line, from 1, or the one before which lines are added
---@field count integer of old lines
---@field new_count integer of new lines

---@class askedit.Hunk old lines that give way to new ones
---@field from integer as of a change
---@field count integer
---@field new string[] the new lines

local function text_of(lines, first, last)
  if last < first then
    return ''
  end
  return table.concat(lines, '\n', first, last) .. '\n'
end

-- Hunks between parts of two texts, which begin at the lines `from` and `new_from`.
local function between(old, from, last, new, new_from, new_last)
  local found = compat.diff(text_of(old, from, last), text_of(new, new_from, new_last))
  local hunks = {}
  for i, each in ipairs(found) do
    -- Where one side has no lines, its number is that of the line before.
    local first = new_from - 1 + each[3] + (each[4] == 0 and 1 or 0)
    hunks[i] = {
      from = from - 1 + each[1] + (each[2] == 0 and 1 or 0),
      count = each[2],
      new = vim.list_slice(new, first, first + each[4] - 1),
    }
  end
  return hunks
end

---@param old string[]
---@param new string[]
---@return askedit.Hunk[]
function M.hunks(old, new)
  return between(old, 1, #old, new, 1, #new)
end

---@param old string[]
---@param new string[]
---@return askedit.Change[]
function M.changes(old, new)
  local found = compat.diff(text_of(old, 1, #old), text_of(new, 1, #new))
  local changes = {}
  for i, each in ipairs(found) do
    changes[i] = { from = each[1] + (each[2] == 0 and 1 or 0), count = each[2], new_count = each[4] }
  end
  return changes
end

--- A text in which hunks stand for their old lines.
---@param base string[]
---@param hunks askedit.Hunk[] in order
---@param counts? fun(hunk: askedit.Hunk): boolean whether a hunk does; all if left out
---@return string[]
function M.apply(base, hunks, counts)
  local out, at = {}, 1
  for _, hunk in ipairs(hunks) do
    if not counts or counts(hunk) then
      for i = at, hunk.from - 1 do
        out[#out + 1] = base[i]
      end
      for _, line in ipairs(hunk.new) do
        out[#out + 1] = line
      end
      at = hunk.from + hunk.count
    end
  end
  for i = at, #base do
    out[#out + 1] = base[i]
  end
  return out
end

---@class askedit.Proposal new lines for old ones, as far as they have come
---@field base string[] the old lines
---@field lines string[] the new lines that are whole
---@field tail string[] pieces of the one that is not
---@field tail_size integer bytes
---@field has_text boolean
---@field settled integer old lines up to the last anchor
---@field settled_new integer new lines up to there
---@field hunks askedit.Hunk[] before the last anchor; they do not change any more
---@field package places table<string, integer|false> where a line of the base stands, false if more than once
local Proposal = {}
Proposal.__index = Proposal

---@param base string[]
---@return askedit.Proposal
function M.proposal(base)
  local places = {}
  for i, line in ipairs(base) do
    places[line] = places[line] == nil and i or false
  end
  return setmetatable({
    base = base,
    lines = {},
    tail = {},
    tail_size = 0,
    has_text = false,
    settled = 0,
    settled_new = 0,
    hunks = {},
    places = places,
  }, Proposal)
end

-- The last old line of the anchor that the newest lines are, nil if they are none.
function Proposal:anchor()
  local first = #self.lines - ANCHOR + 1
  if first <= self.settled_new then
    return nil
  end
  for i = 0, ANCHOR - 1 do
    local place = self.places[self.lines[first + i]]
    local start = place and place - i
    if start and start > self.settled and self:equal(start, first) then
      return start + ANCHOR - 1
    end
  end
end

function Proposal:equal(start, new_start)
  for i = 0, ANCHOR - 1 do
    if self.base[start + i] ~= self.lines[new_start + i] then
      return false
    end
  end
  return true
end

function Proposal:settle_up_to(last)
  local new_last = #self.lines
  local hunks = between(self.base, self.settled + 1, last, self.lines, self.settled_new + 1, new_last)
  for _, hunk in ipairs(hunks) do -- vim.list_extend calls vim.validate, see compat.lines()
    self.hunks[#self.hunks + 1] = hunk
  end
  self.settled, self.settled_new = last, new_last
end

function Proposal:add_line(line)
  local lines = self.lines
  lines[#lines + 1] = line
  local goes_on = self.settled_new == #lines - 1 and self.settled > 0
  if goes_on and self.base[self.settled + 1] == line then
    self.settled, self.settled_new = self.settled + 1, #lines
    return
  end
  local last = self:anchor()
  if last then
    self:settle_up_to(last)
  end
end

--- More of the new text.
---@param text string
function Proposal:add(text)
  local from, at = 1, text:find('\n', 1, true)
  while at do
    self.tail[#self.tail + 1] = text:sub(from, at - 1)
    self:add_line(table.concat(self.tail))
    self.tail, self.tail_size = {}, 0
    from = at + 1
    at = text:find('\n', from, true)
  end
  if from <= #text then
    self.tail[#self.tail + 1] = text:sub(from)
    self.tail_size = self.tail_size + #text - from + 1
    self.has_text = true
  end
  self.has_text = self.has_text or #self.lines > 0
end

--- The new lines, with the last one as far as it has come.
---@return string[]
function Proposal:all_lines()
  local lines = vim.list_slice(self.lines)
  lines[#lines + 1] = table.concat(self.tail)
  return lines
end

-- How much of the rest a text that was cut would have changed is not known: no old line goes without a new
-- one for it.
local function without_the_unknown(hunks, old_lines)
  local last = hunks[#hunks]
  if last and last.from + last.count - 1 == old_lines and last.count > #last.new then
    last.count = #last.new
    if last.count == 0 then
      table.remove(hunks)
    end
  end
  return hunks
end

--- The newest lines since the last anchor, the one that is still coming too.
---@param count integer
---@return string[] lines
---@return integer hidden how many there are before them
function Proposal:newest(count)
  local first = math.max(self.settled_new + 1, #self.lines - count + 2)
  local lines = vim.list_slice(self.lines, first)
  if self.tail_size > 0 then
    lines[#lines + 1] = self.tail_size <= LONG_TAIL and table.concat(self.tail) or self.tail[#self.tail]
  end
  return lines, first - self.settled_new - 1
end

--- All hunks, as if the text ended here. Changes nothing: the text can still go on.
---@param is_cut boolean it should have been longer
---@return askedit.Hunk[] hunks those that have settled, and the others
function Proposal:final_hunks(is_cut)
  local lines = self:all_lines()
  local rest = between(self.base, self.settled + 1, #self.base, lines, self.settled_new + 1, #lines)
  if is_cut then
    without_the_unknown(rest, #self.base)
  end
  return vim.list_extend(vim.list_slice(self.hunks), rest)
end

return M
