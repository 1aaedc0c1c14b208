--- A change to a part of a buffer that an answer proposes. Until it is taken the buffer stays as it is.
---
---   coming --end of the answer--> open --no hunk is left--> closed
---     ^-----------retry------------+  ^------u, CTRL-R-------'
---   waiting   as open, and takes itself in a still moment
---   choice    several blocks of code came; one is to be chosen
---   gone      the buffer was wiped or read anew
---
--- Its hunks can be taken as soon as they have settled, so also while it is coming.
local compat = require('askedit.compat')
local diff = require('askedit.review.diff')
local fit = require('askedit.review.fit')
local hunks = require('askedit.review.hunks')
local keys = require('askedit.review.keys')
local changes = require('askedit.review.changes')
local picture = require('askedit.review.picture')
local region = require('askedit.review.region')
local scratch = require('askedit.review.scratch')
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
---@field hunks askedit.Hunks
---@field is_cut boolean
---@field describe fun(hunk?: askedit.Hunk): string the line that stands at a hunk, or below the newest lines
---@field took_itself boolean
---@field inside? {edit: askedit.Edit, hunk: askedit.Hunk} it is to take the place of this hunk
---@field keys table<string, string|false> by the name of what they do, see keys.lua
---@field package shown table<askedit.Hunk, table> what is drawn, see picture.lua
---@field package drawn integer settled hunks that were drawn, or need not be
---@field package told? askedit.Hunk the hunk at which the line stands
---@field package live? integer
---@field package next_base? string[] the text that it is asked for again about
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

--- What is at the place of a hunk now.
---@param item askedit.HunkNow
---@return askedit.Spot
function Edit:spot_of(item)
  local now, from, count = item.now, item.place.from, item.place.count
  local row = now.r1 + from - 1
  local spot = { buf = self.buf, kind = 'lines', r1 = row, c1 = 0, r2 = row + count, c2 = 0 }
  if self.region.kind == 'chars' and count > 0 then
    local ends_it = from + count - 1 == #now.lines
    local last = api.nvim_buf_get_lines(self.buf, row + count - 1, row + count, true)[1]
    spot.kind, spot.c1 = 'chars', from == 1 and now.c1 or 0
    spot.r2, spot.c2 = row + count - 1, ends_it and now.c2 or #last
  end
  return spot
end

local function rows_of(spot)
  return spot.r1, spot.kind == 'chars' and spot.r2 + 1 or spot.r2
end

---@class askedit.EditOptions
---@field takes_itself boolean
---@field keys table<string, string|false> see keys.lua
---@field inside? {edit: askedit.Edit, hunk: askedit.Hunk}

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
  local self = setmetatable({
    buf = spot.buf,
    state = 'closed',
    region = region.new(spot),
    block = spot.block,
    ends_on_break = spot.ends_on_break,
    takes_itself = options.takes_itself,
    indent = options.takes_itself and fit.indent_of(spot) or '',
    keys = options.keys,
    inside = options.inside,
    describe = function()
      return ''
    end,
    took_itself = false,
    shown = {},
    drawn = 0,
    others = {},
  }, Edit)
  self.hunks = hunks.new(self)
  return self
end

--- It is to be asked for again, about the text that is there now.
---@return askedit.Spot|nil spot nil if its place is gone
function Edit:ask_again()
  local spot = self:spot()
  self.next_base = spot and self.region:now().lines
  return spot
end

--- Nobody will ask for it, or for it again.
function Edit:forget()
  if not self:is_open() and self.hunks:taken_count() == 0 then
    changes.remove(self, false)
    self.region:drop()
  end
end

--- An answer is on its way, for the first time or again.
function Edit:start()
  picture.erase(self)
  if self.next_base then
    self.region:rebase(self.next_base)
  end
  self.proposal, self.others = diff.proposal(self.block and {} or self.region.base), {}
  self.is_cut, self.took_itself = false, false
  self.hunks:clear()
  changes.supersede(self)
  if self.inside then
    self.inside.edit.hunks:give_away(self.inside.hunk)
    self.inside.edit:decide()
  end
  self:go_on()
end

--- An answer that was cut goes on.
function Edit:go_on()
  picture.erase(self)
  self.state = 'coming'
  self.hunks:propose(self.proposal.hunks, self.proposal.hunks)
  self:show()
  picture.unfold(self)
end

--- It is there for the user: drawn, with keys, and told of what happens to its text.
function Edit:show()
  changes.add(self)
  keys.on(self.buf, self.keys)
  watch.buffer(self.buf)
  picture.redraw(self)
end

---@return boolean
function Edit:has_code()
  return self.proposal.has_text
end

local function counted(count, noun)
  return ('%d %s%s'):format(count, noun, count == 1 and '' or 's')
end

--- How much there is, in words; "2 of 5 · 1 taken" where there are several hunks.
---@param hunk? askedit.Hunk the one that is meant
---@return string
function Edit:size(hunk)
  local total, taken, number = #self.hunks.list, self.hunks:taken_when_read(), self.hunks:number_of(hunk)
  local is_coming = self.state == 'coming'
  local parts = {}
  if not number and (is_coming or self.state == 'choice') then
    parts[1] = counted(#self.proposal.lines + 1, 'line')
  end
  if is_coming and number then
    parts[1] = ('hunk %d'):format(number) -- of how many is not known yet
  elseif total > 0 then
    parts[#parts + 1] = number and total > 1 and ('%d of %d'):format(number, total) or counted(total, 'hunk')
  end
  parts[#parts + 1] = taken > 0 and ('%d taken'):format(taken) or nil
  return table.concat(parts, ' · ')
end

--- What a line of the user's may tell of it.
---@return string
function Edit:summary()
  return self:size(self.told)
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
  if self.state ~= 'coming' then
    return -- dropped, and its end is on the way
  end
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
    picture.grow(self)
  end
end

-- Hunks for review. Returns a sentence if there are none.
local function propose(edit)
  local list = edit.proposal:final_hunks(edit.is_cut)
  if edit.block or edit.indent ~= '' then
    local lines, fault = fit.fit(edit, edit.proposal:all_lines())
    if not lines then
      return fault
    end
    list = diff.hunks(edit.region.base, lines)
  end
  edit.hunks:propose(list, edit.proposal.hunks)
  edit.hunks.was_reviewed = #list > 0
  if #list == 0 then
    return 'the answer is the same text: nothing to change'
  end
end

local function is_harmless(edit)
  for _, hunk in ipairs(edit.hunks.list) do
    if #edit.hunks:warnings(hunk) > 0 then
      return false
    end
  end
  return true
end

local function take_when_still(edit)
  edit.state = 'waiting'
  compat.in_still_moment(function()
    if edit.state == 'waiting' and api.nvim_buf_is_loaded(edit.buf) then
      edit.took_itself = true
      take.take(edit.hunks:undecided())
      if edit.state == 'waiting' then
        edit.took_itself = false
        edit:set_state('open')
      end
    end
  end)
end

-- A hunk that another edit was to take the place of is there again if that came to nothing.
local function give_back_if_empty(edit)
  local inside = edit.inside
  local is_empty = edit.hunks:taken_count() == 0 and not edit.hunks.was_reviewed
  if inside and is_empty and inside.edit.state ~= 'gone' then
    inside.edit.hunks:give_back(inside.hunk)
    inside.edit:decide()
  end
end

-- Where an undo brought back a hunk under an edit that was open, that can be opened now.
local function after_close(buf)
  for _, edit in ipairs(changes.kept_in_buffer(buf)) do
    edit:decide()
  end
  scratch.tidy()
end

--- It is over, and kept: an undo or the user can bring it back. A text that wrote itself does not come back.
---@param state? 'closed'|'gone'
function Edit:close(state)
  picture.erase(self)
  picture.settle(self)
  self.state = state or 'closed'
  changes.remove(self, self.state == 'closed' and not self.took_itself and #self.hunks.list > 0)
  if #changes.in_buffer(self.buf) == 0 then
    keys.off(self.buf)
    picture.forget(self.buf)
  end
  give_back_if_empty(self)
  vim.schedule(function()
    after_close(self.buf)
  end)
end

--- A hunk was decided on: closes the edit if none is left, and opens it if there is one again.
function Edit:decide()
  local is_left = #self.hunks:undecided() > 0
  if self.state == 'closed' and is_left and not changes.overlaps_others(self) then
    self.state = 'open'
    self:show()
  elseif (self.state == 'open' or self.state == 'waiting') and not is_left and self.region:now() then
    self:close()
  elseif self:is_open() then
    picture.follow(self)
    vim.schedule(scratch.tidy)
  end
end

--- What was rejected of it is to be decided on after all.
---@return boolean opened false if it is gone, or nothing was
function Edit:reopen()
  if self.state ~= 'closed' then
    return false
  end
  self.hunks:give_all_back()
  self:decide()
  return self:is_open()
end

--- The answer is over. Says why if nothing can be made of it; the edit is then closed.
---@param ending {cut: boolean, refused: boolean}
---@return string|nil sentence
function Edit:finish(ending)
  if self.state ~= 'coming' then
    return nil
  end
  picture.erase_live(self)
  if ending.refused then
    local was_taken = self.hunks:taken_count() > 0
    self.hunks:reject_all()
    self:close()
    return ('refused or filtered: nothing %swas changed (:Ask /show)'):format(was_taken and 'else ' or '')
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
    self.hunks:propose({}, {}) -- those of the first block, which may not be chosen
    return nil
  end
  local sentence = propose(self)
  if sentence then
    self:close()
    return sentence
  end
  self.state = 'open'
  if self.takes_itself and not self.is_cut and is_harmless(self) then
    take_when_still(self)
  elseif #self.hunks:undecided() == 0 and self.region:now() then
    self:close()
  end
end

--- Draws it anew, with a line that tells of its state.
---@param state? string another one
function Edit:set_state(state)
  self.state = state or self.state
  if self:is_open() then
    picture.follow(self)
  end
end

return M
