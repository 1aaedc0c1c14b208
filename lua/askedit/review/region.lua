--- The part of a buffer that an edit is about: where it is now, what it holds, and the one write.
---
--- Two marks hold it, and they are not believed: a formatter, a filter or an undo can leave them anywhere.
--- What is written is decided by comparing the text between them with the one that the edit was made for.
local compat = require('askedit.compat')
local diff = require('askedit.review.diff')

local M = {}

local fn, api = vim.fn, vim.api
local marks = api.nvim_create_namespace('askedit_range')

---@class askedit.Region
---@field buf integer
---@field kind 'lines'|'chars'
---@field base string[] its lines when the edit was asked for
---@field package is_inside_line boolean a place without text, behind some of its line
---@field package tick integer|nil changedtick at which it was looked at
---@field package seen askedit.Now|nil what was seen then
---@field package first integer mark
---@field package last integer mark
local Region = {}
Region.__index = Region

---@class askedit.Now where a region is now, and what has become of its base
---@field r1 integer
---@field c1 integer
---@field r2 integer lines: the row behind it; chars: its last row
---@field c2 integer
---@field lines string[]
---@field changes askedit.Hunk[] what the user made of the base
---@field base_count integer lines of the base

local function read(kind, buf, r1, c1, r2, c2)
  if kind == 'lines' then
    return api.nvim_buf_get_lines(buf, r1, r2, true)
  elseif r1 == r2 and c1 == c2 then
    return {}
  end
  return api.nvim_buf_get_text(buf, r1, c1, r2, c2, {})
end

-- Text typed at an edge stays outside. Where there is nothing in between both stay in front of it.
function Region:place_marks(r1, c1, r2, c2)
  local is_empty = r1 == r2 and c1 == c2
  local function put(id, row, column, right_gravity)
    return api.nvim_buf_set_extmark(self.buf, marks, row, column, { id = id, right_gravity = right_gravity })
  end
  self.first = put(self.first, r1, c1, not is_empty)
  self.last = put(self.last, r2, c2, false)
end

--- Text for "nothing" at a place in a line: a region without characters has a base of no lines.
---@param spot askedit.Spot
---@return askedit.Region
function M.new(spot)
  local kind = spot.kind == 'chars' and 'chars' or 'lines'
  local base = read(kind, spot.buf, spot.r1, spot.c1, spot.r2, spot.c2)
  local self = setmetatable({ buf = spot.buf, kind = kind, base = base }, Region)
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

-- Where the marks are; nil if the buffer or the marks are gone.
function Region:range()
  if not api.nvim_buf_is_loaded(self.buf) then
    return nil
  end
  local a = api.nvim_buf_get_extmark_by_id(self.buf, marks, self.first, {})
  local b = api.nvim_buf_get_extmark_by_id(self.buf, marks, self.last, {})
  if not a[1] or not b[1] then
    return nil
  end
  if is_behind(a, b) then
    a, b = b, a
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

-- Reads the region and compares it with its base.
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
  local changes = vim.deep_equal(lines, self.base) and {} or diff.hunks(self.base, lines)
  return { r1 = r1, c1 = c1, r2 = r2, c2 = c2, lines = lines, changes = changes, base_count = #self.base }
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
  end
  return self.seen
end

--- Takes other lines for the base.
---@param lines string[]
function Region:rebase(lines)
  self.base, self.tick = lines, nil
end

--- What stands between the marks as a spot, to be asked about again.
---@param now askedit.Now
---@return askedit.Spot
function Region:spot(now)
  return { buf = self.buf, kind = self.kind, r1 = now.r1, c1 = now.c1, r2 = now.r2, c2 = now.c2 }
end

-- Hunks on what the user has changed --------------------------------------------------------------------

local function behind(hunk)
  return hunk.from + hunk.count
end

---@class askedit.HunkPlace where a hunk is now, among the region's lines
---@field from integer
---@field count integer
---@field stale boolean
---@field head integer how many of these lines are before the hunk's own
---@field tail integer and after them

-- Both change the same lines. Lines that were added at an edge of the hunk are beside it.
local function collide(hunk, change)
  return change.from < behind(hunk) and hunk.from < behind(change)
end

local function is_changed(number, changes)
  for _, change in ipairs(changes) do
    if change.from <= number and number < behind(change) then
      return true
    end
  end
  return false
end

-- Whether neither of the lines is there any more between which lines are to be added.
local function hangs_on_nothing(hunk, now)
  if now.base_count == 0 then
    return false
  end
  local before, after = hunk.from - 1, hunk.from
  return (before < 1 or is_changed(before, now.changes))
    and (after > now.base_count or is_changed(after, now.changes))
end

--- Where a hunk is now: its first line among the region's lines, and how many they are. A hunk whose lines
--- the user changed is stale; its place then covers all that was changed there.
---@param hunk askedit.Hunk
---@param now askedit.Now
---@return askedit.HunkPlace
function M.place(hunk, now)
  local from, last, shift, inner = hunk.from, behind(hunk), 0, 0
  local stale = hunk.count == 0 and hangs_on_nothing(hunk, now)
  for _, change in ipairs(now.changes) do
    local grown = change.new_count - change.count
    if collide(hunk, change) then
      stale = true
      from, last = math.min(from, change.from), math.max(last, behind(change))
      inner = inner + grown
    elseif behind(change) <= hunk.from then
      shift = shift + grown
    end
  end
  return {
    from = from + shift,
    count = last - from + inner,
    stale = stale,
    head = hunk.from - from,
    tail = last - behind(hunk),
  }
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

-- A step of undo of its own: typing before and after it stays apart.
local function break_undo(buf)
  compat.quietly(function()
    api.nvim_buf_call(buf, function()
      vim.cmd('let &l:undolevels = &l:undolevels')
    end)
  end)
end

local function set_change_marks(buf, first, last)
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

-- The marks went with the text that was put at their places.
local function renew_marks(region, now, grown, tail)
  local row = now.r2 + grown
  local column = region.kind == 'chars' and #region:line(row) - #tail or 0
  region:place_marks(now.r1, now.c1, row, column)
end

--- Writes pieces, in order of their lines, as one step of undo. Lines that are in none are not touched.
---@param now askedit.Now
---@param pieces askedit.Piece[]
---@return string|nil fault
function Region:write(now, pieces)
  local buf, count = self.buf, api.nvim_buf_line_count(self.buf)
  local tail = self.kind == 'chars' and self:line(now.r2):sub(now.c2 + 1) or ''
  break_undo(buf)
  local ok, fault = pcall(compat.silently, function()
    for i = #pieces, 1, -1 do
      write_piece(self, now, pieces[i])
    end
  end)
  break_undo(buf)
  if not ok then
    return tostring(fault)
  end
  renew_marks(self, now, api.nvim_buf_line_count(buf) - count, tail)
  set_change_marks(buf, now.r1 + pieces[1].from, last_line_written(now, pieces))
end

--- Lets go of the marks.
function Region:drop()
  if api.nvim_buf_is_valid(self.buf) then
    api.nvim_buf_del_extmark(self.buf, marks, self.first)
    api.nvim_buf_del_extmark(self.buf, marks, self.last)
  end
end

return M
