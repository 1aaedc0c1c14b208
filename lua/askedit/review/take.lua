--- Taking a change, or looking at it first.
local compat = require('askedit.compat')
local diff = require('askedit.review.diff')
local notify = require('askedit.notify')
local picture = require('askedit.review.picture')
local region = require('askedit.review.region')

local M = {}

local function equal_or_nil(a, b)
  return a ~= nil and vim.deep_equal(a, b)
end

-- Lines of the user that stand around a hunk which they belong to by now.
local function with_surroundings(place, now, new)
  local head = math.min(place.head, place.count)
  local tail = math.min(place.tail, place.count - head)
  local lines = vim.list_slice(now.lines, place.from, place.from + head - 1)
  vim.list_extend(lines, new)
  return vim.list_extend(lines, now.lines, place.from + place.count - tail, place.from + place.count - 1)
end

local function new_lines(edit, hunk)
  return vim.list_slice(edit.lines, hunk.new_from, hunk.new_from + hunk.new_count - 1)
end

-- One hunk for two, with the lines between them.
local function both(a, b)
  return {
    from = a.from,
    count = b.from + b.count - a.from,
    new_from = a.new_from,
    new_count = b.new_from + b.new_count - a.new_from,
  }
end

-- Whether the user changed the lines of two hunks and all that was between them.
local function is_one(last, place)
  local behind = last.from + last.count
  return place.from < behind or (place.from == behind and place.stale and last.stale)
end

-- Adds the piece that a hunk makes. Of hunks that the user's own change covers together one is made.
local function add_piece(pieces, edit, now, hunk, place)
  local last = pieces[#pieces]
  while last and is_one(last, place) do
    hunk = both(last.hunk, hunk)
    place = region.place(hunk, now)
    pieces[#pieces] = nil
    last = pieces[#pieces]
  end
  local lines = with_surroundings(place, now, new_lines(edit, hunk))
  pieces[#pieces + 1] = {
    hunk = hunk,
    stale = place.stale,
    from = place.from,
    count = place.count,
    lines = lines,
  }
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

-- What can be written now, and the hunks that cannot since the user changed their lines. Those can once the
-- proposal was looked at beside the text as it is.
local function pieces_of(edit, now)
  local pieces, is_stale = {}, {}
  local force = equal_or_nil(edit.looked, now.lines)
  for _, hunk in ipairs(edit.hunks) do
    local place = region.place(hunk, now)
    if place.stale and not force then
      is_stale[hunk] = true
    else
      add_piece(pieces, edit, now, hunk, place)
    end
  end
  return joined(pieces), is_stale
end

-- What is left of an edit after some of its hunks were taken: these count as the base, and the rest moves
-- along.
local function keep_stale(edit, is_stale)
  local base, old, at, left = {}, edit.region.base, 1, {}
  for _, hunk in ipairs(edit.hunks) do
    if is_stale[hunk] then
      left[#left + 1] = vim.tbl_extend('force', hunk, { from = hunk.from + #base - at + 1 })
    else
      vim.list_extend(base, old, at, hunk.from - 1)
      vim.list_extend(base, new_lines(edit, hunk))
      at = hunk.from + hunk.count
    end
  end
  vim.list_extend(base, old, at)
  edit.region:rebase(base)
  edit.hunks, edit.looked = left, nil
  edit:set_apart()
  edit:set_state('open')
end

local function choose(edit)
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
      edit:set_apart()
      picture.erase(edit)
      local sentence = edit:review()
      if sentence then
        notify.info(sentence)
      end
      edit:set_state()
    end
  end)
end

local function write(edit)
  local now = edit.region:now()
  if not now then
    return 'the place of this change is gone: :Ask /show has the text'
  end
  local pieces, is_stale = pieces_of(edit, now)
  if #pieces == 0 then
    return 'you changed these lines: :Ask /open, then take it'
  end
  local fault = edit.region:write(now, pieces)
  if fault then
    return 'the change could not be written: ' .. fault:gsub('^.*E(%d+): ', 'E%1: '):gsub('\n.*', '')
  end
  if next(is_stale) then
    keep_stale(edit, is_stale)
    return 'the rest is in lines you changed: :Ask /open, then take it'
  end
  edit:close()
end

--- Writes a change, as one step of undo. Says why if it cannot.
---@param edit askedit.Edit
function M.accept(edit)
  if edit.state == 'coming' then
    return notify.fault('this change is still coming: :Ask /stop ends it')
  elseif edit.state == 'choice' then
    return choose(edit)
  end
  local fault = region.fault_of_buffer(edit.buf)
  local warns = vim.bo[edit.buf].readonly and not vim.bo[edit.buf].modified
  fault = fault or write(edit)
  if fault then
    return notify.fault(fault)
  end
  if warns then
    notify.info('W10: Warning: Changing a readonly file')
  end
end

--- The whole text as it would be after taking the change, for a look at it. Lines that the user changed may
--- be taken afterwards.
---@param edit askedit.Edit
---@return string[]
function M.look_at(edit)
  if edit.state == 'open' or edit.state == 'waiting' then
    local now = edit.region:now()
    edit.looked = now and now.lines
    return edit.lines
  end
  return compat.lines(table.concat(edit:blocks(), '\n\n'))
end

return M
