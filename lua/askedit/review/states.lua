--- Which hunks of a change are taken: read off the text, so that undo, redo and whatever else writes need no
--- bookkeeping.
---
---   base      a b c d e       the old text
---   hunks       B     E       new lines for some of it
---   text      a B c x d e     what stands there now: the first hunk is taken, the second is not, and x is
---                             the user's own
---
--- It is read in this order: as nothing but the base and hunks; as what was read the last time, with some
--- hunks taken or undone since; and where the user wrote something at the same time, such that he wrote
--- least. Where that leaves a choice, a hunk is what it was before. What differs is the user's.
local diff = require('askedit.review.diff')

local M = {}

---@class askedit.Reading
---@field lines string[] what was read
---@field taken table<askedit.Hunk, true>
---@field expected string[] the base with the hunks that are taken
---@field changes askedit.Change[] what the user made of that
---@field taken_count integer
---@field grown integer lines that the hunks which are taken have more than there were
---@field package shifts table<integer, integer>|nil
---@field package starts table<askedit.Hunk, integer> first line in `expected`

local function same(a, a_from, b, b_from, count)
  for i = 0, count - 1 do
    if a[a_from + i] ~= b[b_from + i] then
      return false
    end
  end
  return true
end

local function equal(a, b)
  return #a == #b and same(a, 1, b, 1, #a)
end

local function expected_text(base, hunks, taken)
  if next(taken) == nil then
    return base
  end
  return diff.apply(base, hunks, function(hunk)
    return taken[hunk]
  end)
end

local function reading(hunks, lines, taken, expected, changes)
  local at = { lines = lines, taken = taken, taken_count = 0, grown = 0, starts = {} }
  at.expected, at.changes = expected, changes
  for _, hunk in ipairs(hunks) do
    at.starts[hunk] = hunk.from + at.grown
    if taken[hunk] then
      at.grown = at.grown + #hunk.new - hunk.count
      at.taken_count = at.taken_count + 1
    end
  end
  return at
end

-- The text is nothing but old and new lines: which ----------------------------------------------------------

local MANY_WAYS = 16

-- Ways to read the text up to a line, by that line; of several that lead there the one that changes least.
local function keep(ways, line, way)
  local other = ways.by_line[line]
  if not other then
    ways.count = ways.count + 1
  end
  if not other or way.flips < other.flips then
    ways.by_line[line] = way
  end
end

local function read_hunk(ways, at, hunk, base, lines, before)
  local out = { by_line = {}, count = 0 }
  for line, way in pairs(ways.by_line) do
    local kept = hunk.from - at
    if kept >= 0 and same(base, at, lines, line, kept) then
      local start, was = line + kept, before[hunk] == true
      if same(base, hunk.from, lines, start, hunk.count) then
        keep(out, start + hunk.count, { flips = way.flips + (was and 1 or 0), before = way })
      end
      if same(hunk.new, 1, lines, start, #hunk.new) then
        keep(out, start + #hunk.new, { flips = way.flips + (was and 0 or 1), before = way, taken = hunk })
      end
    end
  end
  return out
end

-- The hunks that are taken, nil if there is more in the text.
local function parse(base, hunks, lines, before)
  local ways, at = { by_line = { [1] = { flips = 0 } }, count = 1 }, 1
  for _, hunk in ipairs(hunks) do
    ways = read_hunk(ways, at, hunk, base, lines, before)
    if ways.count == 0 or ways.count > MANY_WAYS then
      return nil
    end
    at = hunk.from + hunk.count
  end
  local rest = #base - at + 1
  local way = ways.by_line[#lines - rest + 1]
  if not way or not same(base, at, lines, #lines - rest + 1, rest) then
    return nil
  end
  local taken = {}
  while way do
    if way.taken then
      taken[way.taken] = true
    end
    way = way.before
  end
  return taken
end

-- The user has changed something, too -------------------------------------------------------------------

local function size(hunk, taken)
  return taken[hunk] and #hunk.new or hunk.count
end

local function behind(change)
  return change.from + change.count
end

local function lines_of(change)
  return math.max(change.count, change.new_count)
end

-- Whether something differs at a hunk or right beside it.
local function is_doubtful(hunk, at)
  local from = at.starts[hunk]
  local last = from + size(hunk, at.taken)
  for _, change in ipairs(at.changes) do
    if change.from <= last and from <= behind(change) then
      return true
    end
  end
  return false
end

-- How much the user wrote, if a reading is right.
local function cost(at)
  local total = 0
  for _, change in ipairs(at.changes) do
    total = total + lines_of(change)
  end
  return total
end

local function compare(base, hunks, lines, taken)
  local expected = expected_text(base, hunks, taken)
  local changes = equal(expected, lines) and {} or diff.changes(expected, lines)
  return reading(hunks, lines, taken, expected, changes)
end

local function flipped(taken, hunks)
  local out = {}
  for hunk in pairs(taken) do
    out[hunk] = true
  end
  for _, hunk in ipairs(hunks) do
    out[hunk] = not out[hunk] or nil
  end
  return out
end

-- How many hunks are other than they were.
local function flip_count(taken, before)
  local count = 0
  for hunk in pairs(taken) do
    count = count + (before[hunk] and 0 or 1)
  end
  for hunk in pairs(before) do
    count = count + (taken[hunk] and 0 or 1)
  end
  return count
end

local FEW, SHORT = 8, 2000 -- hunks and lines for which each hunk is tried by itself: each try is a diff

-- Where something differs it may be that a hunk was taken or undone.
local function with_fewest_changes(base, hunks, lines, as_before)
  local doubtful = {}
  for _, hunk in ipairs(hunks) do
    if is_doubtful(hunk, as_before) then
      doubtful[#doubtful + 1] = hunk
    end
  end
  local best, before = as_before, as_before.taken
  local function try(taken, may_tie)
    local other = compare(base, hunks, lines, taken)
    local gain = cost(best) - cost(other)
    local is_nearer = may_tie and gain == 0 and flip_count(taken, before) < flip_count(best.taken, before)
    if gain > 0 or is_nearer then
      best = other
    end
  end
  if #doubtful > 1 then
    try(flipped(before, doubtful), false)
  end
  if #doubtful <= FEW and #lines <= SHORT then
    -- First what makes it less; only then what it costs nothing to leave as it was.
    for _, may_tie in ipairs({ false, true }) do
      for _, hunk in ipairs(doubtful) do
        try(flipped(best.taken, { hunk }), may_tie)
      end
    end
  end
  return best
end

-- Hunks that were taken or undone since a text was read, and nothing else was changed; nil if there is more.
local function flips_since(previous, about, lines)
  local slots, hunk_of = {}, {}
  for _, hunk in ipairs(about.hunks) do
    local place = previous.starts[hunk] and M.place(hunk, previous)
    if place and not place.stale then
      local slot = { from = place.from, count = place.count, new = hunk.new }
      if previous.taken[hunk] then
        local old = vim.list_slice(about.base, hunk.from, hunk.from + hunk.count - 1)
        slot.new = about.replaced[hunk] or old
      end
      slots[#slots + 1], hunk_of[slot] = slot, hunk
    end
  end
  local flips = parse(previous.lines, slots, lines, {})
  local list = {}
  for slot in pairs(flips or {}) do
    list[#list + 1] = hunk_of[slot]
  end
  return flips and list
end

---@class askedit.About what is known of a text before it is read
---@field base string[]
---@field hunks askedit.Hunk[] in order
---@field taken table<askedit.Hunk, true> those that were taken when it was last looked at
---@field replaced table<askedit.Hunk, string[]> what some stand for that was no longer their old lines
---@field previous askedit.Reading|nil what was read then

--- What has become of the hunks.
---@param about askedit.About
---@param lines string[] what stands there now
---@return askedit.Reading
function M.read(about, lines)
  local base, hunks, before = about.base, about.hunks, about.taken
  local expected = expected_text(base, hunks, before)
  if equal(expected, lines) then
    return reading(hunks, lines, before, expected, {})
  end
  local taken = parse(base, hunks, lines, before)
  if taken then
    return reading(hunks, lines, taken, lines, {})
  end
  local flips = about.previous and flips_since(about.previous, about, lines)
  if flips then
    return compare(base, hunks, lines, flipped(about.previous.taken, flips))
  end
  local as_before = compare(base, hunks, lines, before)
  return #hunks > 0 and with_fewest_changes(base, hunks, lines, as_before) or as_before
end

-- Places ----------------------------------------------------------------------------------------------------

---@class askedit.HunkPlace where a hunk is now, among the lines that were read
---@field from integer
---@field count integer
---@field stale boolean the user changed its lines; the place covers all that was changed there
---@field head integer how many of these lines are before the hunk's own
---@field tail integer and after them

-- The number of the first change that ends behind a line; they are in order.
local function first_behind(changes, line)
  local low, high = 1, #changes + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if behind(changes[middle]) > line then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local function is_changed(line, changes)
  local change = changes[first_behind(changes, line)]
  return change ~= nil and change.from <= line
end

-- Whether neither of the lines is there any more between which lines are to be added.
local function hangs_on_nothing(from, at)
  local count = #at.expected
  if count == 0 then
    return false
  end
  return (from <= 1 or is_changed(from - 1, at.changes)) and (from > count or is_changed(from, at.changes))
end

-- By how much the lines behind each change, and those before the first, have moved.
local function shifts_of(changes)
  local shifts = { [0] = 0 }
  for i, change in ipairs(changes) do
    shifts[i] = shifts[i - 1] + change.new_count - change.count
  end
  return shifts
end

--- Where lines of the expected text are now. Lines that were added at their edges are beside them.
---@param first integer
---@param count integer
---@param at askedit.Reading
---@return askedit.HunkPlace
function M.place_of(first, count, at)
  local from, last, behind_all = first, first + count, first + count
  local stale = count == 0 and hangs_on_nothing(first, at)
  at.shifts = at.shifts or shifts_of(at.changes)
  local number = first_behind(at.changes, first)
  local shift, inner = at.shifts[number - 1], 0
  local change = at.changes[number]
  while change and change.from < behind_all do
    stale = true
    from, last = math.min(from, change.from), math.max(last, behind(change))
    inner = inner + change.new_count - change.count
    number = number + 1
    change = at.changes[number]
  end
  return {
    from = from + shift,
    count = last - from + inner,
    stale = stale,
    head = first - from,
    tail = last - first - count,
  }
end

--- The same reading, of a text without the lines that were added at its edges.
---@param at askedit.Reading
---@param changes askedit.Change[]
---@return askedit.Reading
function M.with_changes(at, changes)
  local other = {}
  for name, value in pairs(at) do
    other[name] = value
  end
  other.changes, other.shifts = changes, nil
  return other
end

--- First line of a hunk in the expected text. One that came after the text was read is behind all others.
---@param hunk askedit.Hunk
---@param at askedit.Reading
---@return integer
function M.start(hunk, at)
  return at.starts[hunk] or hunk.from + at.grown
end

--- Where a hunk is now.
---@param hunk askedit.Hunk
---@param at askedit.Reading
---@return askedit.HunkPlace
function M.place(hunk, at)
  return M.place_of(M.start(hunk, at), size(hunk, at.taken), at)
end

--- The line now behind which a line of the base stands that is after all hunks.
---@param number integer
---@param at askedit.Reading
---@return integer
function M.line_of_base(number, at)
  local place = M.place_of(number + at.grown, 1, at)
  return place.from + math.max(place.count, 1) - 1
end

return M
