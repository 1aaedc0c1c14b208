--- Taking hunks: which lines are written, and what is said where that cannot be.
local compat = require('askedit.compat')
local diff = require('askedit.review.diff')
local notify = require('askedit.notify')
local picture = require('askedit.review.picture')
local region = require('askedit.review.region')
local states = require('askedit.review.states')

local M = {}

-- Lines of the user that stand around a hunk which they belong to by now.
local function with_surroundings(place, now, new)
  local head = math.min(place.head, place.count)
  local tail = math.min(place.tail, place.count - head)
  local lines = vim.list_slice(now.lines, place.from, place.from + head - 1)
  vim.list_extend(lines, new)
  return vim.list_extend(lines, now.lines, place.from + place.count - tail, place.from + place.count - 1)
end

-- What a hunk writes, of which the text it stands for can be a part of the expected one.
local function piece_of(hunks, first, count, new, now)
  local place = states.place_of(first, count, now.at)
  return {
    hunks = hunks,
    first = first,
    behind = first + count,
    new = new,
    place = place,
    from = place.from,
    count = place.count,
    lines = with_surroundings(place, now, new),
  }
end

-- One piece for two, with the lines between them.
local function both(a, b, now)
  local new = vim.list_extend(vim.list_slice(a.new), now.at.expected, a.behind, b.first - 1)
  local hunks = vim.list_extend(vim.list_slice(a.hunks), b.hunks)
  return piece_of(hunks, a.first, b.behind - a.first, vim.list_extend(new, b.new), now)
end

-- Whether the user changed the lines of two hunks and all that was between them.
local function is_one(last, piece)
  local behind = last.from + last.count
  return piece.from < behind or (piece.from == behind and piece.place.stale and last.place.stale)
end

-- Of hunks that the user's own change covers together one is made.
local function add_piece(pieces, piece, now)
  local last = pieces[#pieces]
  while last and is_one(last, piece) do
    piece = both(last, piece, now)
    pieces[#pieces] = nil
    last = pieces[#pieces]
  end
  pieces[#pieces + 1] = piece
end

-- Where the user took out all that was between two pieces they are one: each alone would not know any more
-- which line it hangs on.
local function joined(pieces)
  local out = {}
  for _, piece in ipairs(pieces) do
    local last = out[#out]
    if last and last.from + last.count == piece.from then
      last.count = last.count + piece.count
      vim.list_extend(last.lines, piece.lines)
    else
      out[#out + 1] = piece
    end
  end
  return out
end

-- What stands where the old lines of a hunk were.
local function users_lines(item)
  local place, lines = item.place, item.now.lines
  local head = math.min(place.head, place.count)
  local tail = math.min(place.tail, place.count - head)
  return vim.list_slice(lines, place.from + head, place.from + place.count - tail - 1)
end

---@class askedit.Written
---@field refused integer hunks whose lines the user changed, and that he did not look at since
---@field fault? string
---@field first? integer line
---@field last? integer

-- Writes hunks of one edit.
---@return askedit.Written
local function write(edit, items)
  local pieces, written, replaced = {}, {}, {}
  for _, item in ipairs(items) do
    local hunk, now = item.hunk, item.now
    if not item.place.stale or edit.hunks:is_looked_at(hunk, now) then
      add_piece(pieces, piece_of({ hunk }, states.start(hunk, now.at), hunk.count, hunk.new, now), now)
      written[#written + 1] = hunk
      replaced[hunk] = item.place.stale and users_lines(item) or nil
    end
  end
  local refused = #items - #written
  if #pieces == 0 then
    return { refused = refused }
  end
  local fault, first, last = edit.region:write(items[1].now, joined(pieces))
  if fault then
    local words = compat.words_of(fault)
    return { refused = 0, fault = 'the change could not be written: ' .. words }
  end
  edit.hunks:count_as_taken(written, replaced)
  return { refused = refused, first = first, last = last }
end

local function by_edit(items)
  local edits, items_of = {}, {}
  for _, item in ipairs(items) do
    if not items_of[item.edit] then
      items_of[item.edit] = {}
      edits[#edits + 1] = item.edit
    end
    table.insert(items_of[item.edit], item)
  end
  return edits, items_of
end

local function decided(items)
  for _, edit in ipairs((by_edit(items))) do
    edit:decide()
  end
end

local STALE = 'you changed %s: /open it first, or /retry'

-- From the first edit to the last. Each is read anew when its turn comes: the one before may have moved it.
---@return askedit.Written
local function write_all(items)
  local edits, items_of = by_edit(items)
  local all = { refused = 0 }
  for _, edit in ipairs(edits) do
    local wanted, fresh = {}, {}
    for _, item in ipairs(items_of[edit]) do
      wanted[item.hunk] = true
    end
    for _, item in ipairs(edit.hunks:undecided()) do
      fresh[#fresh + 1] = wanted[item.hunk] and item or nil
    end
    local written = write(edit, fresh)
    all.fault, all.refused = all.fault or written.fault, all.refused + written.refused
    all.first = math.min(all.first or math.huge, written.first or math.huge)
    all.last = math.max(all.last or 0, written.last or 0)
  end
  return all
end

--- Writes hunks of one buffer, as one step of undo. Says why if one cannot be written.
---@param items askedit.HunkNow[] that the user saw, or that carry no warning
function M.take(items)
  local buf = items[1] and items[1].edit.buf
  if not buf or not vim.api.nvim_buf_is_loaded(buf) then
    return notify.fault('the place of this change is gone: :Ask /show has the text')
  end
  local fault = region.fault_of_buffer(buf)
  if fault then
    return notify.fault(fault)
  end
  local warns = vim.bo[buf].readonly and not vim.bo[buf].modified
  local written
  region.as_one_step(buf, function()
    written = write_all(items)
  end)
  if written.last > 0 then
    region.set_change_marks(buf, written.first, written.last)
  end
  decided(items)
  if written.fault then
    notify.fault(written.fault)
  elseif written.refused > 0 then
    notify.fault(STALE:format(written.refused == #items and 'these lines' or 'lines of the rest'))
  elseif warns then
    notify.info('W10: Warning: Changing a readonly file')
  end
end

--- Drops hunks; what they stand for stays as it is.
---@param items askedit.HunkNow[]
function M.reject(items)
  for _, item in ipairs(items) do
    item.edit.hunks:reject(item.hunk)
  end
  decided(items)
end

local function words_of(items)
  local words, seen = {}, {}
  for _, item in ipairs(items) do
    for _, phrase in ipairs(item.edit.hunks:warnings(item.hunk)) do
      if not seen[phrase] then
        seen[phrase], words[#words + 1] = true, phrase
      end
    end
  end
  return table.concat(words, ', ')
end

--- Takes several hunks; those that carry a warning only if the user says so.
---@param items askedit.HunkNow[]
function M.several(items)
  local harmless, risky = {}, {}
  for _, item in ipairs(items) do
    local list = #item.edit.hunks:warnings(item.hunk) > 0 and risky or harmless
    list[#list + 1] = item
  end
  if #risky == 0 then
    return M.take(items)
  end
  local prompt = ('%d of %d %s: take %s too?'):format(
    #risky,
    #items,
    words_of(risky),
    #risky == 1 and 'it' or 'them'
  )
  compat.select({ 'no', 'yes' }, { prompt = prompt, kind = 'askedit' }, function(choice)
    local wanted = choice == 'yes' and items or choice == 'no' and harmless or {}
    if #wanted > 0 then
      M.take(wanted)
    end
  end)
end

--- Lets the user choose one of several blocks of code.
---@param edit askedit.Edit
function M.choose(edit)
  compat.select(edit:blocks(), {
    prompt = 'Which of the blocks of code?',
    kind = 'askedit',
    format_item = function(text)
      local lines = compat.lines(text)
      return ('%s … (%d %s)'):format(vim.trim(lines[1]), #lines, #lines == 1 and 'line' or 'lines')
    end,
  }, function(text)
    if text and edit.state == 'choice' then
      edit.proposal, edit.others = diff.proposal(edit.block and {} or edit.region.base), {}
      edit.proposal:add(text)
      edit.hunks:set_apart()
      picture.erase(edit)
      local sentence = edit:review()
      if sentence then
        notify.info(sentence)
      end
      edit:set_state()
    end
  end)
end

-- Parts of a hunk ---------------------------------------------------------------------------------------

local function part(hunk, first, last, new_last)
  return {
    from = hunk.from + first - 1,
    count = last - first + 1,
    new = vim.list_slice(hunk.new, first, new_last),
  }
end

-- The old lines `first` to `last` of a hunk and the new ones beside them, from 1; what is before and after.
-- The last old line has all further new ones.
local function parts(hunk, first, last)
  local list = {}
  if first > 1 then
    list[1] = part(hunk, 1, first - 1, math.min(first - 1, #hunk.new))
  end
  local middle = part(hunk, first, last, last == hunk.count and #hunk.new or math.min(last, #hunk.new))
  list[#list + 1] = middle
  if last < hunk.count then
    list[#list + 1] = part(hunk, last + 1, hunk.count, #hunk.new)
  end
  return list, middle
end

--- The part of a hunk that is in some rows; it is a hunk of its own from then on.
---@param item askedit.HunkNow
---@param first integer row
---@param last integer row
---@return askedit.Hunk
function M.part_in_rows(item, first, last)
  local hunk, row = item.hunk, item.first
  if hunk.count == 0 or item.place.stale or (first <= item.first and item.last <= last) then
    return hunk
  end
  local list, middle = parts(hunk, math.max(first - row, 0) + 1, math.min(last - row + 1, hunk.count))
  item.edit.hunks:replace(hunk, list)
  return middle
end

return M
