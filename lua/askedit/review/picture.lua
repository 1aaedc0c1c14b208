--- What of an edit is on the screen: settled hunks and the newest lines while its answer comes, then all
--- hunks.
local draw = require('askedit.review.draw')
local changes = require('askedit.review.changes')
local region = require('askedit.review.region')

local M = {}

local api = vim.api

local measures = {} ---@type table<integer, askedit.Window> for which the edits of a buffer are drawn

-- The row of the region's line `number`, counted as it was asked for.
local function row_of(first, behind, number)
  return math.min(first + number - 1, math.max(behind - 1, first))
end

-- The row below which the newest lines stand; nil if the region is gone.
local function live_row(edit)
  local first, behind = edit.region:rows()
  if not first or behind == first then
    return first and first - 1
  end
  return row_of(first, behind, math.max(edit.proposal.settled, 1))
end

-- The newest lines, but for one that may be the old line at its place: what stays is not shown as new.
local function newest(proposal)
  local lines, hidden = proposal:newest(draw.LIVE_LINES)
  local old = proposal.settled > 0 and proposal.base[proposal.settled + 1]
  if old and hidden == 0 and #lines == 1 and old:sub(1, #lines[1]) == lines[1] then
    return {}, 0
  end
  return lines, hidden
end

local function draw_live(edit)
  local row = live_row(edit)
  if not row then
    return
  end
  local lines, hidden = newest(edit.proposal)
  edit.live = draw.live(edit.buf, row, lines, hidden, edit.status, edit.live)
end

local function erase_hunks(edit)
  for _, shown in pairs(edit.shown) do
    draw.erase(edit.buf, shown.ids)
  end
  edit.shown = {}
end

local function erase_live(edit)
  if edit.live then
    draw.erase(edit.buf, { edit.live })
    edit.live = nil
  end
end

-- Rows and columns of lines of a region as it is now.
local function drawn_place(edit, now, place)
  local is_chars = edit.region.kind == 'chars'
  local first, last = now.r1 + place.from - 1, now.r1 + place.from + place.count - 2
  local ends_inside = is_chars and place.from + place.count - 1 == #now.lines
  local where = {
    r1 = first,
    c1 = is_chars and place.from == 1 and now.c1 or 0,
    r2 = ends_inside and last or last + 1,
    c2 = ends_inside and now.c2 or 0,
    below = last,
    stale = place.stale,
  }
  if place.count == 0 then
    where.r2, where.c2 = where.r1, where.c1
    where.below = is_chars and math.max(last, now.r1) or last
  end
  return where
end

local function hint(edit)
  local row = edit.keys.open
  return row and (' · %s opens'):format(row.lhs) or ' · :Ask /open'
end

local function draw_hunk(edit, hunk, now, lines, status)
  local place = drawn_place(edit, now, region.place(hunk, now))
  local ids = draw.hunk(edit.buf, place, lines, hunk, { status = status, hint = hint(edit) })
  local last = ids[#ids]
  edit.shown[hunk] = {
    ids = ids,
    stale = place.stale,
    status = status,
    lines_below = last and draw.row(edit.buf, last) - place.below,
  }
end

-- Hunks that settled since the last draw. The lines of earlier ones are where they were.
local function draw_settled(edit)
  local hunks, now = edit.proposal.hunks, nil
  for i = #hunks, 1, -1 do
    if edit.shown[hunks[i]] then
      return
    end
    now = now or edit.region:now()
    if not now then
      return
    end
    draw_hunk(edit, hunks[i], now, edit.proposal.lines)
  end
end

-- The hunk at which the line about the edit stands: the one nearest to the user's cursor, if he is there.
local function nearest_hunk(edit, now)
  if api.nvim_get_current_buf() ~= edit.buf then
    return 1
  end
  local row = api.nvim_win_get_cursor(0)[1] - 1
  local best, least
  for i, hunk in ipairs(edit.hunks) do
    local distance = math.abs(now.r1 + region.place(hunk, now).from - 1 - row)
    if not least or distance < least then
      best, least = i, distance
    end
  end
  return best
end

local function draw_review(edit)
  local now = edit.region:now()
  erase_hunks(edit)
  if not now then
    return
  end
  local told = nearest_hunk(edit, now)
  for i, hunk in ipairs(edit.hunks) do
    draw_hunk(edit, hunk, now, edit.lines, i == told and edit.status or nil)
  end
end

-- Most of what is drawn moves along with the text by itself.
local function is_as_drawn(edit, hunk, now)
  local shown = edit.shown[hunk]
  local place = shown and drawn_place(edit, now, region.place(hunk, now))
  if not shown or shown.stale ~= place.stale then
    return false
  end
  local last = shown.ids[#shown.ids]
  return not last or draw.row(edit.buf, last) == place.below + shown.lines_below
end

--- Draws anew what is not as its lines are now.
---@param edit askedit.Edit
function M.follow(edit)
  local now = (edit.state == 'open' or edit.state == 'waiting') and edit.region:now()
  if not now then
    return M.redraw(edit)
  end
  for _, hunk in ipairs(edit.hunks) do
    if not is_as_drawn(edit, hunk, now) then
      local shown = edit.shown[hunk]
      draw.erase(edit.buf, shown and shown.ids or {})
      draw_hunk(edit, hunk, now, edit.lines, shown and shown.status)
    end
  end
end

--- Draws an edit anew, where its lines are now.
---@param edit askedit.Edit
function M.redraw(edit)
  measures[edit.buf] = draw.window(edit.buf)
  if edit.state == 'coming' then
    erase_hunks(edit)
    draw_settled(edit)
    draw_live(edit)
  elseif edit.state == 'open' or edit.state == 'waiting' then
    draw_review(edit)
  elseif edit.state == 'choice' then
    draw_live(edit)
  end
end

-- Signs, line numbers and other windows take columns from the text, and no event tells it.
local function redraw_if_measures_changed(buf)
  if measures[buf] and not vim.deep_equal(measures[buf], draw.window(buf)) then
    measures[buf] = nil
    vim.schedule(function()
      vim.tbl_map(M.redraw, changes.in_buffer(buf))
    end)
  end
end

api.nvim_set_decoration_provider(api.nvim_create_namespace('askedit_measures'), {
  on_win = function(_, _, buf)
    redraw_if_measures_changed(buf)
    return false
  end,
})

--- Nothing is drawn in the buffer any more.
---@param buf integer
function M.forget(buf)
  measures[buf] = nil
end

--- Draws what has come since the last time.
---@param edit askedit.Edit
function M.grow(edit)
  draw_settled(edit)
  draw_live(edit)
end

---@param edit askedit.Edit
function M.erase(edit)
  erase_hunks(edit)
  erase_live(edit)
end

--- Puts the windows right after it was erased for good.
---@param edit askedit.Edit
function M.settle(edit)
  if api.nvim_buf_is_loaded(edit.buf) then
    draw.settle_windows(edit.buf)
  end
end

--- Opens the folds that would hide the edit, and scrolls to where its newest lines will be.
---@param edit askedit.Edit
function M.unfold(edit)
  local first, behind = edit.region:rows()
  if first then
    draw.open_folds(edit.buf, first, behind - 1)
    draw.make_room(edit.buf, live_row(edit))
  end
end

return M
