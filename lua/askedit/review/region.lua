--- The part of a buffer that an edit is about: where it is now, what it holds, and the one write.
---
--- Two marks hold it, and they are not believed: a formatter, a filter or an undo can leave them anywhere.
--- What is written is decided by comparing the text between them with the one that the edit was made for.
--- The marks let in what is typed at the edges, so that undo and redo of the first and the last line stay
--- inside; the comparison then leaves it out. Whole lines that are moved leave such marks behind: two more,
--- which keep out what is typed, go along.
local compat = require('askedit.compat')
local states = require('askedit.review.states')

local M = {}

local fn, api = vim.fn, vim.api
local marks = api.nvim_create_namespace('askedit_range')

---@class askedit.Region
---@field buf integer
---@field kind 'lines'|'chars'
---@field base string[] its lines when the edit was asked for
---@field hunks askedit.Hunk[] what is proposed for them
---@field package taken table<askedit.Hunk, true> those that were taken when it was last looked at
---@field package is_inside_line boolean a place without text, behind some of its line
---@field package replaced table<askedit.Hunk, string[]> what some stand for that was not their old lines
---@field package previous askedit.Reading|nil of the text when it was last looked at
---@field package tick integer|nil changedtick at which it was looked at
---@field package seen askedit.Now|nil what was seen then
---@field package first integer mark
---@field package last integer mark
---@field package inner_first? integer mark
---@field package inner_last? integer mark
local Region = {}
Region.__index = Region

---@class askedit.Now where a region is now, and what has become of its base
---@field r1 integer
---@field c1 integer
---@field r2 integer lines: the row behind it; chars: its last row
---@field c2 integer
---@field lines string[]
---@field at askedit.Reading what has become of the hunks

local function read(kind, buf, r1, c1, r2, c2)
  if kind == 'lines' then
    return api.nvim_buf_get_lines(buf, r1, r2, true)
  elseif r1 == r2 and c1 == c2 then
    return {}
  end
  return api.nvim_buf_get_text(buf, r1, c1, r2, c2, {})
end

-- Where there is nothing and was nothing both marks stay in front of what is typed there.
function Region:place_marks(r1, c1, r2, c2)
  local is_place = r1 == r2 and c1 == c2 and #self.base == 0
  local function put(id, row, column, right_gravity)
    return api.nvim_buf_set_extmark(self.buf, marks, row, column, { id = id, right_gravity = right_gravity })
  end
  self.first = put(self.first, r1, c1, false)
  self.last = put(self.last, r2, c2, not is_place)
  if self.kind == 'lines' and not is_place then
    self.inner_first = put(self.inner_first, r1, c1, true)
    self.inner_last = put(self.inner_last, r2, c2, false)
  end
end

--- Text for "nothing" at a place in a line: a region without characters has a base of no lines.
---@param spot askedit.Spot
---@return askedit.Region
function M.new(spot)
  local kind = spot.kind == 'chars' and 'chars' or 'lines'
  local base = read(kind, spot.buf, spot.r1, spot.c1, spot.r2, spot.c2)
  local self = setmetatable({ buf = spot.buf, kind = kind, base = base }, Region)
  self.hunks, self.taken, self.replaced = {}, {}, {}
  self:place_marks(spot.r1, spot.c1, spot.r2, spot.c2)
  self.is_inside_line = kind == 'chars' and #base == 0 and spot.c1 > 0
  return self
end

--- Why a buffer cannot take a change, nil if it can.
---@param buf integer
---@return string|nil
function M.fault_of_buffer(buf)
  if vim.bo[buf].buftype == 'terminal' then
    return 'a terminal cannot be written to'
  elseif not vim.bo[buf].modifiable then
    return "this buffer cannot be changed ('nomodifiable')"
  end
end

local function is_behind(a, b)
  return a[1] > b[1] or (a[1] == b[1] and a[2] > b[2])
end

-- Where two marks are, the first one first; nil if they are gone.
local function between(buf, first, last)
  local a = api.nvim_buf_get_extmark_by_id(buf, marks, first, {})
  local b = api.nvim_buf_get_extmark_by_id(buf, marks, last, {})
  if not a[1] or not b[1] then
    return nil
  elseif is_behind(a, b) then
    return b, a
  end
  return a, b
end

-- Where the marks are; nil if the buffer or the marks are gone.
function Region:range()
  if not api.nvim_buf_is_loaded(self.buf) then
    return nil
  end
  local a, b = between(self.buf, self.first, self.last)
  if not a then
    return nil
  elseif self.inner_first and not is_behind(b, a) then
    a, b = between(self.buf, self.inner_first, self.inner_last)
  end
  if self.kind == 'chars' then
    return a[1], a[2], b[1], b[2]
  end
  -- In the middle of a line after lines were joined: that line is a part of it.
  return a[1], 0, b[1] + (b[2] > 0 and 1 or 0), 0
end

--- Rows of the region, the second behind it; nil if it is gone.
---@return integer|nil
---@return integer|nil
function Region:rows()
  local r1, _, r2 = self:range()
  return r1, r1 and (self.kind == 'chars' and r2 + 1 or r2)
end

local function last_of(list)
  return list[#list]
end

-- How the first and the last line of the region may be without what was typed beside it.
local function edge_lines(self)
  local base, hunks = self.base, self.hunks
  local firsts, lasts = { base[1] }, { last_of(base) }
  local head, foot = hunks[1], last_of(hunks)
  if head and head.from == 1 then
    firsts[2] = head.new[1] or base[head.count + 1]
  end
  if foot and foot.from + foot.count > #base then
    lasts[2] = last_of(foot.new) or base[foot.from - 1]
  end
  return firsts, lasts
end

-- The longest of some texts that stands in a line where it should; nil if the line is one of them, or none.
local function find_edge(line, texts, is_there)
  local best
  for _, text in ipairs(texts) do
    if text == line then
      return nil
    elseif text ~= '' and #text > #(best or '') and is_there(text) then
      best = text
    end
  end
  return best
end

-- Columns of characters without what was typed right before and behind them.
local function without_typed(self, lines, c1, c2)
  local firsts, lasts = edge_lines(self)
  local first, last = lines[1], last_of(lines)
  if #lines == 1 then
    local whole = find_edge(first, vim.list_extend(firsts, lasts), function(text)
      return first:find(text, 1, true) ~= nil
    end)
    local at = whole and first:find(whole, 1, true)
    if not at then
      return lines, c1, c2
    end
    return { whole }, c1 + at - 1, c1 + at - 1 + #whole
  end
  lines = vim.list_slice(lines)
  local head = find_edge(first, firsts, function(text)
    return first:sub(-#text) == text
  end)
  local tail = find_edge(last, lasts, function(text)
    return last:sub(1, #text) == text
  end)
  lines[1], lines[#lines] = head or first, tail or last
  return lines, c1 + #first - #lines[1], c2 - #last + #last_of(lines)
end

-- Lines that were added at the edges are not part of it.
local function without_added(self, now)
  local changes, count = vim.list_slice(now.at.changes), #now.at.expected
  local head, foot = changes[1], last_of(changes)
  if count == 0 or not head then
    return now
  end
  local first, last = 1, #now.lines
  if head.from == 1 and head.count == 0 then
    first = head.new_count + 1
    now.r1, now.c1 = now.r1 + head.new_count, 0
    table.remove(changes, 1)
  end
  if foot.from == count + 1 and foot.count == 0 then
    last = last - foot.new_count
    now.r2 = now.r2 - foot.new_count
    now.c2 = self.kind == 'chars' and #self:line(now.r2) or 0
    table.remove(changes)
  end
  if last - first + 1 < #now.lines then
    now.lines = vim.list_slice(now.lines, first, last)
    now.at = states.with_changes(now.at, changes)
  end
  return now
end

-- Reads the region and compares it with what it may be.
local function look(self)
  local r1, c1, r2, c2 = self:range()
  local ok, lines = pcall(read, self.kind, self.buf, r1, c1, r2, c2)
  if not r1 or not ok then
    return nil
  end
  if self.kind == 'chars' and r2 >= api.nvim_buf_line_count(self.buf) then
    return nil -- it was in the last lines, which were deleted
  end
  if self.is_inside_line and c1 == 0 then
    return nil -- the line was deleted, and the marks are on the next one
  end
  if self.kind == 'chars' and #self.base > 0 and #lines > 0 then
    lines, c1, c2 = without_typed(self, lines, c1, c2)
  end
  local at = states.read(self, lines)
  self.previous = at
  return without_added(self, { r1 = r1, c1 = c1, r2 = r2, c2 = c2, lines = lines, at = at })
end

--- Where it is now; nil if it is gone. Looked at again only when the buffer has changed.
---@return askedit.Now|nil
function Region:now()
  if not api.nvim_buf_is_loaded(self.buf) then
    return nil
  end
  local tick = api.nvim_buf_get_changedtick(self.buf)
  if self.tick ~= tick then
    self.tick, self.seen = tick, look(self)
    self.taken = self.seen and self.seen.at.taken or self.taken
  end
  return self.seen
end

--- Where it was when it was last looked at.
---@return askedit.Now|nil
function Region:last_seen()
  return self.seen
end

--- Takes other lines for the base; nothing is proposed for them yet.
---@param lines string[]
function Region:rebase(lines)
  self.base, self.hunks, self.taken, self.replaced = lines, {}, {}, {}
  self.tick, self.previous = nil, nil
end

--- What is proposed for it. A list that only grew, and while the text is as it was, need not be told.
---@param hunks askedit.Hunk[] in order
function Region:propose(hunks)
  self.hunks, self.tick = hunks, nil
end

--- Hunks that were written: where the text could be read in several ways they count.
---@param hunks askedit.Hunk[]
---@param replaced table<askedit.Hunk, string[]> of some the lines that they were written for
function Region:count_as_taken(hunks, replaced)
  local taken = {}
  for hunk in pairs(self.taken) do
    taken[hunk] = true
  end
  for _, hunk in ipairs(hunks) do
    taken[hunk] = true
    self.replaced[hunk] = replaced[hunk]
  end
  self.taken, self.tick = taken, nil
end

--- What stands between the marks as a spot, to be asked about again.
---@param now askedit.Now
---@return askedit.Spot
function Region:spot(now)
  return { buf = self.buf, kind = self.kind, r1 = now.r1, c1 = now.c1, r2 = now.r2, c2 = now.c2 }
end

-- The write ---------------------------------------------------------------------------------------------

--- A part of the region that is to be replaced, in its lines as they are now.
---@class askedit.Piece
---@field from integer
---@field count integer
---@field lines string[]

local function point(region, now, line)
  local row = now.r1 + line - 1
  return row, line == 1 and now.c1 or 0, line == #now.lines and now.c2 or #region:line(row)
end

function Region:line(row)
  return api.nvim_buf_get_lines(self.buf, row, row + 1, true)[1]
end

-- Characters: added lines hang on the line before, removed ones take one line break along.
local function write_chars(region, now, piece)
  local set, buf = api.nvim_buf_set_text, region.buf
  local lines, last = vim.list_slice(piece.lines), piece.from + piece.count - 1
  if #now.lines == 0 then
    return set(buf, now.r1, now.c1, now.r1, now.c1, lines)
  end
  if piece.count == 0 and piece.from > 1 then
    local row, _, column = point(region, now, piece.from - 1)
    return set(buf, row, column, row, column, vim.list_extend({ '' }, lines))
  elseif piece.count == 0 then
    lines[#lines + 1] = ''
    return set(buf, now.r1, now.c1, now.r1, now.c1, lines)
  end
  local row, column = point(region, now, piece.from)
  local last_row, _, last_column = point(region, now, last)
  if #lines == 0 and last < #now.lines then
    last_row, last_column = last_row + 1, 0
  elseif #lines == 0 and piece.from > 1 then
    row, _, column = point(region, now, piece.from - 1)
  end
  set(buf, row, column, last_row, last_column, lines)
end

local function write_piece(region, now, piece)
  if region.kind == 'chars' then
    return write_chars(region, now, piece)
  end
  local row = now.r1 + piece.from - 1
  api.nvim_buf_set_lines(region.buf, row, row + piece.count, true, piece.lines)
end

local function break_undo(buf)
  compat.quietly(function()
    api.nvim_buf_call(buf, function()
      vim.cmd('let &l:undolevels = &l:undolevels')
    end)
  end)
end

--- Puts '[ and '] around what was written.
---@param buf integer
---@param first integer line
---@param last integer line
function M.set_change_marks(buf, first, last)
  compat.quietly(function()
    api.nvim_buf_call(buf, function()
      local count = api.nvim_buf_line_count(buf)
      first = math.min(first, count)
      fn.setpos("'[", { 0, first, 1, 0 })
      last = math.max(math.min(last, count), first)
      fn.setpos("']", { 0, last, math.max(#fn.getline(last), 1), 0 })
    end)
  end)
end

local function last_line_written(now, pieces)
  local last, shift = pieces[#pieces], 0
  for i = 1, #pieces - 1 do
    shift = shift + #pieces[i].lines - pieces[i].count
  end
  return now.r1 + last.from + shift + math.max(#last.lines, 1) - 1
end

-- The user's marks on lines that give way, which would go with them: by piece, and how far down in it.
local function marks_of_user(buf, now, pieces)
  local found = {}
  for byte = ('a'):byte(), ('z'):byte() do
    local name = string.char(byte)
    local line, column = unpack(api.nvim_buf_get_mark(buf, name))
    for i, piece in ipairs(pieces) do
      local down = line - now.r1 - piece.from
      if down >= 0 and down < piece.count then
        found[#found + 1] = { name = name, piece = i, down = down, column = column }
      end
    end
  end
  return found
end

-- They stand at the lines that took the place of theirs, as if these had been typed over.
local function put_back_marks(buf, now, pieces, found)
  local shift, shifts = 0, {}
  for i, piece in ipairs(pieces) do
    shifts[i], shift = shift, shift + #piece.lines - piece.count
  end
  for _, mark in ipairs(found) do
    local piece = pieces[mark.piece]
    local line = now.r1 + piece.from + shifts[mark.piece] + math.min(mark.down, math.max(#piece.lines - 1, 0))
    line = math.min(line, api.nvim_buf_line_count(buf))
    api.nvim_buf_set_mark(buf, mark.name, line, mark.column, {})
  end
end

-- The marks went with the text that was put at their places.
local function renew_marks(region, now, grown, tail)
  local row = now.r2 + grown
  local column = region.kind == 'chars' and #region:line(row) - #tail or 0
  region:place_marks(now.r1, now.c1, row, column)
end

--- What `writes` does to a buffer is a step of undo of its own: typing before and after it stays apart.
---@param buf integer
---@param writes fun()
function M.as_one_step(buf, writes)
  break_undo(buf)
  writes()
  break_undo(buf)
end

--- Writes pieces, in order of their lines. Lines that are in none are not touched.
---@param now askedit.Now
---@param pieces askedit.Piece[]
---@return string|nil fault
---@return integer|nil first line that was written
---@return integer|nil last
function Region:write(now, pieces)
  local buf, count = self.buf, api.nvim_buf_line_count(self.buf)
  local tail = self.kind == 'chars' and self:line(now.r2):sub(now.c2 + 1) or ''
  local found = marks_of_user(buf, now, pieces)
  local ok, fault = pcall(compat.silently, function()
    for i = #pieces, 1, -1 do
      write_piece(self, now, pieces[i])
    end
  end)
  if not ok then
    return tostring(fault)
  end
  put_back_marks(buf, now, pieces, found)
  renew_marks(self, now, api.nvim_buf_line_count(buf) - count, tail)
  return nil, now.r1 + pieces[1].from, last_line_written(now, pieces)
end

--- Lets go of the marks.
function Region:drop()
  if api.nvim_buf_is_valid(self.buf) then
    for _, id in ipairs({ self.first, self.last, self.inner_first, self.inner_last }) do
      api.nvim_buf_del_extmark(self.buf, marks, id)
    end
  end
end

return M
