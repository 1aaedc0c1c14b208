--- A change to a part of a buffer that an answer proposes. Until it is taken the buffer stays as it is.
---
---   coming --end of the answer--> open --no hunk is left--> closed
---     ^-----------retry------------+  ^------u, CTRL-R-------'
---   waiting   as open, and takes itself in a still moment
---   choice    several blocks of code came; one is to be chosen
---   gone      the buffer was wiped or read anew
---
--- Its hunks can be taken as soon as they have settled, so also while it is coming.
local block = require('askedit.block')
local compat = require('askedit.compat')
local diff = require('askedit.review.diff')
local keys = require('askedit.review.keys')
local changes = require('askedit.review.changes')
local danger = require('askedit.review.danger')
local picture = require('askedit.review.picture')
local region = require('askedit.review.region')
local scratch = require('askedit.review.scratch')
local states = require('askedit.review.states')
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
---@field hunks askedit.Hunk[] in order; while it is coming those that have settled
---@field is_cut boolean
---@field describe fun(hunk?: askedit.Hunk): string the line that stands at a hunk, or below the newest lines
---@field is_apart boolean it is no longer the whole of its answer, so it cannot go on
---@field took_itself boolean
---@field inside? {edit: askedit.Edit, hunk: askedit.Hunk} it is to take the place of this hunk
---@field keys table<string, string> by the name of what they do
---@field package rejected table<askedit.Hunk, true>
---@field package looked table<askedit.Hunk, string[]> the text at a hunk's place when it was looked at
---@field package known_warnings table<askedit.Hunk, string[]>
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

-- A text that takes the place of a blank line goes where that line was indented to.
local function indent_of(spot)
  if spot.kind ~= 'lines' or spot.r2 ~= spot.r1 + 1 then
    return ''
  end
  return api.nvim_buf_get_lines(spot.buf, spot.r1, spot.r2, true)[1]
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
  return setmetatable({
    buf = spot.buf,
    state = 'closed',
    region = region.new(spot),
    block = spot.block,
    ends_on_break = spot.ends_on_break,
    takes_itself = options.takes_itself,
    indent = options.takes_itself and indent_of(spot) or '',
    keys = options.keys,
    inside = options.inside,
    describe = function()
      return ''
    end,
    took_itself = false,
    hunks = {},
    shown = {},
    rejected = {},
    looked = {},
    known_warnings = {},
    drawn = 0,
    others = {},
  }, Edit)
end

-- Hunks -------------------------------------------------------------------------------------------------

---@class askedit.HunkNow a hunk that is still to be decided on
---@field edit askedit.Edit
---@field hunk askedit.Hunk
---@field number integer of all in the edit
---@field place askedit.HunkPlace
---@field now askedit.Now
---@field first integer its first row, of added lines the one that they stand below
---@field last integer

local function rows_of_hunk(now, place)
  local first = now.r1 + place.from - 1
  if place.count == 0 then
    first = math.max(first - 1, 0)
    return first, first
  end
  return first, first + place.count - 1
end

--- What has become of a hunk. A text that the user writes over one that he took is his.
---@param hunk askedit.Hunk
---@param now askedit.Now
---@return 'open'|'taken'|'rejected'|'stale'
function Edit:state_of(hunk, now)
  if now.at.taken[hunk] then
    self.rejected[hunk] = nil -- undone it is to be decided on again
    return 'taken'
  elseif self.rejected[hunk] then
    return 'rejected'
  end
  return states.place(hunk, now.at).stale and 'stale' or 'open'
end

---@param hunk askedit.Hunk
---@return boolean
function Edit:is_stale(hunk)
  local now = self.region:now()
  return now ~= nil and self:state_of(hunk, now) == 'stale'
end

--- A hunk, if it is neither taken nor rejected.
---@param number integer
---@param now askedit.Now
---@return askedit.HunkNow|nil
function Edit:item(number, now)
  local hunk = self.hunks[number]
  local state = self:state_of(hunk, now)
  if state == 'taken' or state == 'rejected' then
    return nil
  end
  local place = states.place(hunk, now.at)
  local first, last = rows_of_hunk(now, place)
  return { edit = self, hunk = hunk, number = number, place = place, now = now, first = first, last = last }
end

--- All that are neither taken nor rejected; none if the edit's place is gone.
---@return askedit.HunkNow[]
function Edit:undecided()
  local list, now = {}, self.state ~= 'gone' and self.region:now() or nil
  for number = 1, now and #self.hunks or 0 do
    list[#list + 1] = self:item(number, now)
  end
  return list
end

---@return integer
function Edit:taken_count()
  local now = self.region:now()
  return now and now.at.taken_count or 0
end

--- Why a hunk should be looked at with care.
---@param hunk askedit.Hunk
---@return string[] phrases none if it need not be
function Edit:warnings(hunk)
  self.known_warnings[hunk] = self.known_warnings[hunk] or danger.of(hunk, self.region.base)
  return self.known_warnings[hunk]
end

-- What an answer that goes on would propose anew is no longer decided by its text alone.
local function mark_apart(edit, hunk)
  if edit.state ~= 'coming' and not vim.tbl_contains(edit.proposal.hunks, hunk) then
    edit:set_apart()
  end
end

--- Hunks were written.
---@param hunks askedit.Hunk[]
function Edit:count_as_taken(hunks)
  self.region:count_as_taken(hunks)
  for _, hunk in ipairs(hunks) do
    self.rejected[hunk] = nil
    mark_apart(self, hunk)
  end
end

---@param hunk askedit.Hunk
function Edit:reject(hunk)
  self.rejected[hunk] = true
  mark_apart(self, hunk)
end

--- The other way round: it is to be decided on after all.
---@param hunk askedit.Hunk
function Edit:give_back(hunk)
  self.rejected[hunk] = nil
  self:decide()
end

--- What was not wanted of it.
---@return {old: string, new: string}[]
function Edit:rejected_texts()
  local texts = {}
  for _, hunk in ipairs(self.hunks) do
    if self.rejected[hunk] then
      local old = vim.list_slice(self.region.base, hunk.from, hunk.from + hunk.count - 1)
      texts[#texts + 1] = { old = table.concat(old, '\n'), new = table.concat(hunk.new, '\n') }
    end
  end
  return texts
end

local function replace_in(list, hunk, others)
  for i, each in ipairs(list) do
    if each == hunk then
      table.remove(list, i)
      for k, other in ipairs(others) do
        table.insert(list, i + k - 1, other)
      end
      return
    end
  end
end

--- Other hunks take the place of one.
---@param hunk askedit.Hunk
---@param others askedit.Hunk[] in order
function Edit:replace_hunk(hunk, others)
  mark_apart(self, hunk)
  picture.erase_hunk(self, hunk)
  replace_in(self.hunks, hunk, others)
  if self.proposal.hunks ~= self.hunks then
    replace_in(self.proposal.hunks, hunk, others)
  end
  self.region:propose(self.hunks)
end

--- Other hunks for the whole of it.
---@param hunks askedit.Hunk[]
function Edit:replace_all(hunks)
  self:set_apart()
  picture.erase(self)
  self.hunks, self.rejected, self.looked = hunks, {}, {}
  self.region:propose(hunks)
end

--- The user saw what is proposed beside the text as it is: he may take it although he changed that.
---@param hunk askedit.Hunk
function Edit:look_at(hunk)
  local now = self.region:now()
  local place = now and states.place(hunk, now.at)
  self.looked[hunk] = place and vim.list_slice(now.lines, place.from, place.from + place.count - 1)
end

--- Whether it was looked at as it stands.
---@param hunk askedit.Hunk
---@param now askedit.Now
---@return boolean
function Edit:is_looked_at(hunk, now)
  local place, looked = states.place(hunk, now.at), self.looked[hunk]
  return looked ~= nil
    and vim.deep_equal(looked, vim.list_slice(now.lines, place.from, place.from + place.count - 1))
end

-- From the question to its end --------------------------------------------------------------------------

--- It is to be asked for again, about the text that is there now.
---@return askedit.Spot|nil spot nil if its place is gone
function Edit:ask_again()
  local spot = self:spot()
  self.next_base = spot and self.region:now().lines
  return spot
end

--- Nobody will ask for it, or for it again.
function Edit:forget()
  if not changes.is_kept(self) then
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
  self.is_cut, self.is_apart, self.took_itself = false, false, false
  self.rejected, self.looked = {}, {}
  if self.inside then
    self.inside.edit:reject(self.inside.hunk)
    self.inside.edit:decide()
  end
  self:go_on()
end

--- An answer that was cut goes on.
function Edit:go_on()
  picture.erase(self)
  self.state = 'coming'
  self.hunks = self.proposal.hunks
  self.region:propose(self.hunks)
  self:show()
end

--- It is there for the user: drawn, with keys, and told of what happens to its text.
function Edit:show()
  changes.add(self)
  keys.on(self.buf, self.keys)
  watch.buffer(self.buf)
  picture.unfold(self)
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
  local total, taken, number = #self.hunks, self:taken_count(), nil
  for i, each in ipairs(hunk and self.hunks or {}) do
    number = each == hunk and i or number
  end
  if self.state == 'coming' and number then
    return ('hunk %d'):format(number) -- of how many is not known yet
  end
  local parts = {}
  if self.state == 'coming' or self.state == 'choice' then
    parts[1] = counted(#self.proposal.lines + 1, 'line')
  end
  if total > 0 then
    parts[#parts + 1] = number and total > 1 and ('%d of %d'):format(number, total) or counted(total, 'hunk')
  end
  parts[#parts + 1] = taken > 0 and ('%d taken'):format(taken) or nil
  return table.concat(parts, ' · ')
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

-- Hunks for review. Returns a sentence if there are none.
local function propose(edit)
  local hunks = edit.proposal:final_hunks(edit.is_cut)
  if edit.block or edit.indent ~= '' then
    local lines, fault = fit(edit, edit.proposal:all_lines())
    if not lines then
      return fault
    end
    hunks = diff.hunks(edit.region.base, lines)
  end
  edit.hunks = hunks
  edit.region:propose(hunks)
  if #hunks == 0 then
    return 'the answer is the same text: nothing to change'
  end
end

local function take_when_still(edit)
  edit.state = 'waiting'
  compat.in_still_moment(function()
    if edit.state == 'waiting' and api.nvim_buf_is_loaded(edit.buf) then
      edit.took_itself = true
      take.take(edit:undecided())
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
  if inside and #edit.hunks == 0 and inside.edit.state ~= 'gone' then
    inside.edit:give_back(inside.hunk)
  end
end

--- It is over. One of which something was taken is kept, so that an undo can bring it back.
---@param state? 'closed'|'gone'
function Edit:close(state)
  picture.erase(self)
  picture.settle(self)
  self.state = state or 'closed'
  changes.remove(self, self.state == 'closed' and not self.took_itself and self:taken_count() > 0)
  if #changes.in_buffer(self.buf) == 0 then
    keys.off(self.buf)
    picture.forget(self.buf)
  end
  give_back_if_empty(self)
  vim.schedule(scratch.tidy)
end

--- A hunk was decided on: closes the edit if none is left, and opens it if there is one again.
function Edit:decide()
  local is_left = #self:undecided() > 0
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
  if self.takes_itself and not self.is_cut and #self:warnings(self.hunks[1]) == 0 then
    take_when_still(self)
  elseif #self:undecided() == 0 and self.region:now() then
    self:close()
  end
end

--- Draws it anew, with a line that tells of its state.
---@param state? string another one
function Edit:set_state(state)
  self.state = state or self.state
  if self:is_open() then
    picture.redraw(self)
  end
end

--- One of several blocks was chosen, or some hunks were taken: what follows in the answer belongs to none of
--- what is left.
function Edit:set_apart()
  self.is_apart = true
end

return M
