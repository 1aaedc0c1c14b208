--- A change to a part of a buffer that an answer proposes. Until it is taken the buffer stays as it is.
---
---   coming --end of the answer--> open --accept or reject--> closed
---     ^-----------retry------------+--------------------------'
---   waiting   as open, and takes itself in a still moment
---   choice    several blocks of code came; one is to be chosen
---   gone      the buffer was wiped or read anew
local block = require('askedit.block')
local compat = require('askedit.compat')
local diff = require('askedit.review.diff')
local keys = require('askedit.review.keys')
local changes = require('askedit.review.changes')
local picture = require('askedit.review.picture')
local region = require('askedit.review.region')
local take = require('askedit.review.take')
local watch = require('askedit.review.watch')

local M = {}

local api = vim.api

---@class askedit.Edit
---@field buf integer
---@field state 'coming'|'open'|'waiting'|'choice'|'closed'|'gone'
---@field region askedit.Region
---@field block? askedit.Block the region's lines are those of this block
---@field takes_itself boolean
---@field ends_on_break? boolean
---@field indent string what each line of the new text begins with
---@field proposal askedit.Proposal of the first block of code
---@field others string[][] pieces of each further block
---@field hunks askedit.Hunk[]
---@field lines string[] the whole new text, when it is there
---@field is_cut boolean
---@field status string the line that stands at it
---@field describe fun(): string makes that line
---@field is_apart boolean it is no longer the whole of its answer, so it cannot go on
---@field package shown table<askedit.Hunk, table> what is drawn, see picture.lua
---@field package live? integer
---@field package redraw_due? boolean
---@field package next_base? string[] the text that it is asked for again about
---@field package looked? string[] the text of the region when the proposal was looked at
---@field keys table<string, askedit.EditKey> by the name of what it does
local Edit = {}
Edit.__index = Edit

function Edit:is_open()
  return self.state ~= 'closed' and self.state ~= 'gone'
end

--- What is at its place now; nil if that is gone.
---@return askedit.Spot|nil
function Edit:spot()
  local now = self.state ~= 'gone' and self.region:now()
  if not now then
    return nil
  end
  local spot = self.region:spot(now)
  spot.kind = self.block and 'block' or spot.kind
  spot.block, spot.ends_on_break = self.block, self.ends_on_break
  return spot
end

--- How far a row is from an edit; nil if that has no place any more.
---@param row integer
---@return integer|nil
function Edit:distance(row)
  local first, behind = self.region:rows()
  if not first then
    return nil
  end
  return math.max(first - row, row - math.max(behind - 1, first), 0)
end

local function rows_of(spot)
  return spot.r1, spot.kind == 'chars' and spot.r2 + 1 or spot.r2
end

-- A text that takes the place of a blank line goes where that line was indented to.
local function indent_of(spot)
  if spot.kind ~= 'lines' or spot.r2 ~= spot.r1 + 1 then
    return ''
  end
  return api.nvim_buf_get_lines(spot.buf, spot.r1, spot.r2, true)[1]
end

---@class askedit.EditOptions
---@field takes_itself boolean
---@field keys table<string, askedit.EditKey>

---@class askedit.EditKey
---@field lhs string
---@field verb string for the line at the edit
---@field command string the words after :Ask
---@field desc string

--- Why an edit cannot be made here, nil if it can.
---@param spot askedit.Spot
---@param own askedit.Edit|nil one that may be there
---@return string|nil
function M.fault_of(spot, own)
  local r1, r2 = rows_of(spot)
  local fault = region.fault_of_buffer(spot.buf)
  if fault then
    return fault
  end
  if changes.overlapping(spot.buf, r1, r2, own) then
    return 'there is an open change to these lines: take or reject it first'
  end
end

--- Begins an edit. The caller has seen to it that fault_of() is nil.
---@param spot askedit.Spot
---@param options askedit.EditOptions
---@return askedit.Edit
function M.new(spot, options)
  return setmetatable({
    buf = spot.buf,
    state = 'closed',
    region = region.new(spot),
    block = spot.block,
    ends_on_break = spot.ends_on_break,
    takes_itself = options.takes_itself,
    indent = options.takes_itself and indent_of(spot) or '',
    keys = options.keys,
    status = '',
    describe = function()
      return ''
    end,
    shown = {},
    others = {},
  }, Edit)
end

local function key_rows(edit)
  local rows = {}
  for _, row in pairs(edit.keys) do
    rows[#rows + 1] = row
  end
  return rows
end

--- It is to be asked for again, about the text that is there now.
---@return askedit.Spot|nil spot nil if its place is gone
function Edit:ask_again()
  local spot = self:spot()
  self.next_base = spot and self.region:now().lines
  return spot
end

--- Nobody will ask for it.
function Edit:forget()
  self.region:drop()
end

--- An answer is on its way, for the first time or again.
function Edit:start()
  if self.next_base then
    self.region:rebase(self.next_base)
  end
  self.proposal, self.others = diff.proposal(self.block and {} or self.region.base), {}
  self.hunks, self.lines, self.is_cut, self.is_apart = {}, {}, false, false
  self:go_on()
end

--- An answer that was cut goes on.
function Edit:go_on()
  picture.erase(self)
  self.state, self.looked = 'coming', nil
  changes.add(self)
  keys.on(self.buf, key_rows(self))
  watch.buffer(self.buf)
  picture.unfold(self)
  picture.redraw(self)
end

---@return boolean
function Edit:has_code()
  return self.proposal.has_text
end

--- How much there is, in words.
---@return string
function Edit:size()
  if self.state == 'open' then
    return ('%d %s'):format(#self.hunks, #self.hunks == 1 and 'hunk' or 'hunks')
  end
  local count = #self.proposal.lines + 1
  return ('%d %s'):format(count, count == 1 and 'line' or 'lines')
end

--- The blocks of code so far.
---@return string[]
function Edit:blocks()
  local blocks = { table.concat(self.proposal:all_lines(), '\n') }
  for _, pieces in ipairs(self.others) do
    blocks[#blocks + 1] = table.concat(pieces)
  end
  return blocks
end

--- More code: the first string goes on with the present block, each further one begins a new one.
---@param pieces string[]
function Edit:add(pieces)
  for i, piece in ipairs(pieces) do
    if i > 1 then
      self.others[#self.others + 1] = {}
    end
    local other = self.others[#self.others]
    if other then
      other[#other + 1] = piece
    else
      self.proposal:add(piece)
    end
  end
end

--- Draws what has come since the last time.
function Edit:grow()
  if self.state == 'coming' then
    self.status = self.describe()
    picture.grow(self)
  end
end

local function indented(lines, indent)
  if indent == '' then
    return lines
  end
  local is_indented = true
  for _, line in ipairs(lines) do
    is_indented = is_indented and (not line:find('%S') or line:sub(1, #indent) == indent)
  end
  if is_indented then
    return lines
  end
  return vim.tbl_map(function(line)
    return line:find('%S') and indent .. line or line
  end, lines)
end

-- The new text of the whole region: `lines` is that of the answer. Returns a fault if it does not fit.
local function fit(edit, lines)
  if not edit.block then
    return indented(lines, edit.indent)
  end
  local count = #edit.region.base
  if #lines ~= count then
    return nil, ('the block has %d rows and the answer %d: nothing was changed'):format(count, #lines)
  end
  return block.replace(edit.region.base, edit.block, lines)
end

-- Hunks and lines for review. Returns a sentence if there is nothing to review.
local function propose(edit)
  local hunks, lines = edit.proposal:final_hunks(edit.is_cut)
  if edit.block or edit.indent ~= '' then
    local fault
    lines, fault = fit(edit, lines)
    if not lines then
      return fault
    end
    hunks = diff.hunks(edit.region.base, lines)
  end
  edit.hunks, edit.lines = hunks, lines
  if #hunks == 0 then
    return 'the answer is the same text: nothing to change'
  end
end

local function take_when_still(edit)
  edit.state = 'waiting'
  compat.in_still_moment(function()
    if edit.state == 'waiting' and api.nvim_buf_is_loaded(edit.buf) then
      take.accept(edit)
      if edit.state == 'waiting' then
        edit:set_state('open')
      end
    end
  end)
end

--- It is over, taken or not.
---@param state? 'closed'|'gone'
function Edit:close(state)
  picture.erase(self)
  picture.settle(self)
  self.state = state or 'closed'
  changes.remove(self)
  if #changes.in_buffer(self.buf) == 0 then
    keys.off(self.buf)
    picture.forget(self.buf)
  end
end

--- The answer is over. Says why if nothing can be made of it; the edit is then closed.
---@param ending {cut: boolean, refused: boolean}
---@return string|nil sentence
function Edit:finish(ending)
  if self.state ~= 'coming' then
    return nil
  end
  picture.erase(self)
  if ending.refused then
    self:close()
    return 'the answer was refused or filtered: nothing was changed (:Ask /show)'
  end
  if not self.proposal.has_text and #self.others == 0 then
    self:close()
    return not ending.cut and 'the answer holds no code: nothing was changed (:Ask /show)' or nil
  end
  self.is_cut = ending.cut
  return self:review()
end

--- Shows what was proposed, to be taken or not.
---@return string|nil sentence
function Edit:review()
  if #self.others > 0 then
    self.state = 'choice'
    return nil
  end
  local sentence = propose(self)
  if sentence then
    self:close()
    return sentence
  end
  self.state = 'open'
  if self.takes_itself and not self.is_cut then
    take_when_still(self)
  end
end

--- Draws it anew, with a line that tells of its state.
---@param state? string another one
function Edit:set_state(state)
  self.state = state or self.state
  if self:is_open() then
    self.status = self.describe()
    picture.redraw(self)
  end
end

--- One of several blocks was chosen, or some hunks were taken: what follows in the answer belongs to none of
--- what is left.
function Edit:set_apart()
  self.is_apart = true
end

return M
