--- The hunks of an edit: which are still to be decided on, and what the user decided. Whether one is taken is
--- read off the text (see states.lua); only a rejection, which leaves no trace there, is kept.
local danger = require('askedit.review.danger')
local states = require('askedit.review.states')

local M = {}

---@class askedit.Hunks
---@field list askedit.Hunk[] in order; while the answer is coming those that have settled
---@field was_reviewed boolean the answer was there as a whole
---@field is_apart boolean decided on beyond what has settled: the answer that it came from cannot go on
---@field package edit askedit.Edit
---@field package region askedit.Region
---@field package settled askedit.Hunk[]
---@field package rejected table<askedit.Hunk, true|'elsewhere'> not wanted, or asked for again by itself
---@field package written table<askedit.Hunk, true> taken at some time
---@field package looked table<askedit.Hunk, string[]> the text at a hunk's place when it was looked at
---@field package known_warnings table<askedit.Hunk, string[]>
local Hunks = {}
Hunks.__index = Hunks

---@param edit askedit.Edit
---@return askedit.Hunks
function M.new(edit)
  local self = setmetatable({ edit = edit, region = edit.region }, Hunks)
  self:clear()
  return self
end

--- Nothing is proposed, and nothing was decided.
function Hunks:clear()
  self.rejected, self.written, self.looked, self.known_warnings = {}, {}, {}, {}
  self.is_apart, self.was_reviewed = false, false
  self:propose({}, {})
end

---@param list askedit.Hunk[]
---@param settled askedit.Hunk[] those of them that an answer which goes on leaves as they are; may be `list`
function Hunks:propose(list, settled)
  self.list, self.settled = list, settled
  self.region:propose(list)
end

-- What is there ---------------------------------------------------------------------------------------------

---@class askedit.HunkNow a hunk that is still to be decided on
---@field edit askedit.Edit
---@field hunk askedit.Hunk
---@field number integer of all in the edit
---@field place askedit.HunkPlace
---@field now askedit.Now
---@field first integer its first row, of added lines the one that they stand below
---@field last integer

local function rows_of(now, place)
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
function Hunks:state_of(hunk, now)
  local is_taken = now.at.taken[hunk]
  if not is_taken and self.rejected[hunk] then
    return 'rejected'
  elseif is_taken and not self.rejected[hunk] then
    return 'taken'
  end
  local is_stale = states.place(hunk, now.at).stale
  if is_taken and (is_stale or not self.written[hunk]) then
    return 'rejected' -- the user, or another edit, wrote what looks like it
  elseif is_taken then
    self.rejected[hunk] = nil -- taken again by a redo: undone it is to be decided on again
    return 'taken'
  end
  return is_stale and 'stale' or 'open'
end

---@param hunk askedit.Hunk
---@return boolean
function Hunks:is_stale(hunk)
  local now = self.region:now()
  return now ~= nil and self:state_of(hunk, now) == 'stale'
end

--- Whether one of them is still to be decided on.
---@param hunk askedit.Hunk
---@return boolean
function Hunks:is_undecided(hunk)
  local now = self.region:now()
  local state = now and vim.tbl_contains(self.list, hunk) and self:state_of(hunk, now)
  return state == 'open' or state == 'stale'
end

--- A hunk, if it is neither taken nor rejected.
---@param number integer
---@param now askedit.Now
---@return askedit.HunkNow|nil
function Hunks:item(number, now)
  local hunk = self.list[number]
  local state = self:state_of(hunk, now)
  if state == 'taken' or state == 'rejected' then
    return nil
  end
  local place = states.place(hunk, now.at)
  local item = { edit = self.edit, hunk = hunk, number = number, place = place, now = now }
  item.first, item.last = rows_of(now, place)
  return item
end

--- All that are neither taken nor rejected; none if the edit's place is gone.
---@return askedit.HunkNow[]
function Hunks:undecided()
  local items, now = {}, self.region:now()
  for number = 1, now and #self.list or 0 do
    items[#items + 1] = self:item(number, now)
  end
  return items
end

---@return integer
function Hunks:taken_count()
  local now = self.region:now()
  return now and now.at.taken_count or 0
end

--- How many there were when the text was last read: what is told may wait for the next time.
---@return integer
function Hunks:taken_when_read()
  local now = self.region:last_seen()
  return now and now.at.taken_count or 0
end

--- Which of all a hunk is.
---@param hunk askedit.Hunk|nil
---@return integer|nil
function Hunks:number_of(hunk)
  for i, each in ipairs(hunk and self.list or {}) do
    if each == hunk then
      return i
    end
  end
end

--- Why a hunk should be looked at with care.
---@param hunk askedit.Hunk
---@return string[] phrases none if it need not be
function Hunks:warnings(hunk)
  self.known_warnings[hunk] = self.known_warnings[hunk] or danger.of(hunk, self.region.base)
  return self.known_warnings[hunk]
end

--- The old lines of a hunk.
---@param hunk askedit.Hunk
---@return string[]
function Hunks:old_lines(hunk)
  return vim.list_slice(self.region.base, hunk.from, hunk.from + hunk.count - 1)
end

--- What was not wanted.
---@return {old: string, new: string}[]
function Hunks:rejected_texts()
  local texts = {}
  for _, hunk in ipairs(self.list) do
    if self.rejected[hunk] == true then
      local old = table.concat(self:old_lines(hunk), '\n')
      texts[#texts + 1] = { old = old, new = table.concat(hunk.new, '\n') }
    end
  end
  return texts
end

-- What is decided -------------------------------------------------------------------------------------------

function Hunks:set_apart()
  self.is_apart = true
end

local function mark_apart(self, hunk)
  if self.list ~= self.settled and not vim.tbl_contains(self.settled, hunk) then
    self:set_apart()
  end
end

--- Hunks were written.
---@param list askedit.Hunk[]
---@param replaced table<askedit.Hunk, string[]> see region.lua
function Hunks:count_as_taken(list, replaced)
  self.region:count_as_taken(list, replaced)
  for _, hunk in ipairs(list) do
    self.rejected[hunk], self.written[hunk] = nil, true
    mark_apart(self, hunk)
  end
end

---@param hunk askedit.Hunk
function Hunks:reject(hunk)
  self.rejected[hunk] = true
  mark_apart(self, hunk)
end

--- None that is still to be decided on is wanted.
function Hunks:reject_all()
  for _, item in ipairs(self:undecided()) do
    self:reject(item.hunk)
  end
end

--- Another edit is to take its place.
---@param hunk askedit.Hunk
function Hunks:give_away(hunk)
  self:reject(hunk)
  self.rejected[hunk] = 'elsewhere'
end

--- All that were rejected are to be decided on after all.
function Hunks:give_all_back()
  for hunk, why in pairs(self.rejected) do
    self.rejected[hunk] = why ~= true and why or nil
  end
end

--- It is to be decided on after all.
---@param hunk askedit.Hunk
function Hunks:give_back(hunk)
  self.rejected[hunk] = nil
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
function Hunks:replace(hunk, others)
  mark_apart(self, hunk)
  replace_in(self.list, hunk, others)
  if self.settled ~= self.list then
    replace_in(self.settled, hunk, others)
  end
  self:propose(self.list, self.settled)
end

--- Other hunks take the place of all.
---@param list askedit.Hunk[]
function Hunks:replace_all(list)
  self:clear()
  self:set_apart()
  self:propose(list, {})
end

-- The text at the place of a hunk now.
local function text_at(hunk, now)
  local place = states.place(hunk, now.at)
  return vim.list_slice(now.lines, place.from, place.from + place.count - 1)
end

--- The user sees what is proposed beside the text as it is: he may take it although he changed that.
---@param hunk askedit.Hunk
function Hunks:look_at(hunk)
  local now = self.region:now()
  self.looked[hunk] = now and text_at(hunk, now)
end

--- Whether it was looked at as it stands.
---@param hunk askedit.Hunk
---@param now askedit.Now
---@return boolean
function Hunks:is_looked_at(hunk, now)
  return self.looked[hunk] ~= nil and vim.deep_equal(self.looked[hunk], text_at(hunk, now))
end

return M
