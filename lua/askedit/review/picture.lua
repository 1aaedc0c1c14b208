--- What of an edit is on the screen: settled hunks and the newest lines while its answer comes, then all
--- hunks.
local draw = require('askedit.review.draw')
local changes = require('askedit.review.changes')
local states = require('askedit.review.states')

local M = {}

local api = vim.api

local measures = {} ---@type table<integer, askedit.Window> for which the edits of a buffer are drawn
local cursors = {} ---@type table<integer, {autocommand: integer, row: integer|nil}> of a buffer with edits
local status_is_due = false

-- Statuslines may tell how many hunks there are, and at which one the user is.
local function redraw_status()
  if not status_is_due then
    status_is_due = true
    vim.schedule(function()
      status_is_due = false
      vim.cmd('redrawstatus!')
    end)
  end
end

-- The row below which the newest lines stand; nil if the region is gone.
local function live_row(edit)
  local now = edit.region:now()
  if not now then
    return nil
  elseif #now.lines == 0 then
    return edit.region.kind == 'chars' and now.r1 or now.r1 - 1
  end
  local line = states.line_of_base(math.max(edit.proposal.settled, 1), now.at)
  return now.r1 + math.min(line, #now.lines) - 1
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
  edit.live = draw.live(edit.buf, row, lines, hidden, edit.describe(), edit.live)
end

--- A hunk is not drawn any more.
---@param edit askedit.Edit
---@param hunk askedit.Hunk
function M.erase_hunk(edit, hunk)
  local shown = edit.shown[hunk]
  if shown then
    draw.erase(edit.buf, shown.ids)
    edit.shown[hunk] = nil
  end
end

local function erase_hunks(edit)
  for hunk in pairs(edit.shown) do
    M.erase_hunk(edit, hunk)
  end
  edit.drawn, edit.told = 0, nil
end

--- The newest lines are not drawn any more.
---@param edit askedit.Edit
function M.erase_live(edit)
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
  return edit.keys.open and (' · %s opens'):format(edit.keys.open) or ' · :Ask /open'
end

-- The text that stands there, for the marks of words.
local function old_lines(item)
  local lines, place = {}, item.place
  if place.stale then
    return nil
  end
  for i = place.from, place.from + place.count - 1 do
    lines[#lines + 1] = item.now.lines[i]
  end
  return lines
end

local function draw_hunk(item, status)
  local edit, hunk = item.edit, item.hunk
  local place = drawn_place(edit, item.now, item.place)
  local words = { status = status, hint = hint(edit), warnings = edit.hunks:warnings(hunk) }
  M.erase_hunk(edit, hunk)
  local ids = draw.hunk(edit.buf, place, { old = old_lines(item), new = hunk.new }, words)
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
  local now = edit.drawn < #edit.hunks.list and edit.region:now()
  if not now then
    return
  end
  for number = edit.drawn + 1, #edit.hunks.list do
    local item = edit.hunks:item(number, now)
    if item then
      draw_hunk(item)
    end
  end
  edit.drawn = #edit.hunks.list
end

-- The hunk at which the line about the edit stands: the one nearest to the user's cursor, if he is there.
local function nearest(edit, items)
  if api.nvim_get_current_buf() ~= edit.buf then
    return items[1]
  end
  return changes.nearest_of(items, api.nvim_win_get_cursor(0)[1] - 1)
end

local function tell(edit, items)
  local told = nearest(edit, items)
  edit.told = told and told.hunk
  redraw_status()
  for _, item in ipairs(items) do
    local status = item == told and edit.describe(item.hunk) or nil
    local shown = edit.shown[item.hunk]
    if shown and shown.status ~= status then
      draw_hunk(item, status)
    end
  end
end

--- Puts the line about an edit to the hunk where the user is.
---@param edit askedit.Edit
function M.tell(edit)
  if next(edit.shown) then
    tell(edit, edit.hunks:undecided())
  end
end

-- Most of what is drawn moves along with the text by itself.
local function is_as_drawn(item)
  local shown = item.edit.shown[item.hunk]
  if not shown or shown.stale ~= item.place.stale then
    return false
  end
  local last, buf = shown.ids[#shown.ids], item.edit.buf
  local place = drawn_place(item.edit, item.now, item.place)
  if last and draw.row(buf, last) ~= place.below + shown.lines_below then
    return false
  end
  return item.place.count == 0 or draw.covers(buf, shown.ids[1], place)
end

local function draw_rows_anew(edit)
  local first, behind = edit.region:rows()
  if first then
    draw.anew(edit.buf, first - 1, behind)
  end
end

local function draw_review(edit)
  local items, left = edit.hunks:undecided(), {}
  for _, item in ipairs(items) do
    left[item.hunk] = true
    if not is_as_drawn(item) then
      draw_hunk(item)
    end
  end
  for hunk in pairs(edit.shown) do
    if not left[hunk] then
      M.erase_hunk(edit, hunk)
    end
  end
  edit.drawn = #edit.hunks.list
  tell(edit, items)
  draw_rows_anew(edit)
end

--- Draws anew what is not as its lines are now.
---@param edit askedit.Edit
function M.follow(edit)
  if edit.state == 'choice' then
    erase_hunks(edit)
    return draw_live(edit)
  end
  draw_review(edit)
  if edit.state == 'coming' then
    draw_live(edit)
  end
end

local function tell_all(buf)
  local row = api.nvim_win_get_cursor(0)[1]
  if row ~= cursors[buf].row then
    cursors[buf].row = row
    vim.tbl_map(M.tell, changes.in_buffer(buf))
  end
end

-- The lines about the edits of a buffer go along with the cursor.
local function follow_cursor(buf)
  if cursors[buf] then
    return
  end
  cursors[buf] = {}
  cursors[buf].autocommand = api.nvim_create_autocmd({ 'CursorMoved', 'CursorMovedI' }, {
    buffer = buf,
    desc = 'askedit: the line at the hunk nearest to the cursor',
    callback = function()
      tell_all(buf)
    end,
  })
end

--- Draws an edit anew, where its lines are now.
---@param edit askedit.Edit
function M.redraw(edit)
  measures[edit.buf] = draw.window(edit.buf)
  follow_cursor(edit.buf)
  erase_hunks(edit)
  M.follow(edit)
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
  if cursors[buf] then
    pcall(api.nvim_del_autocmd, cursors[buf].autocommand) -- it goes with a buffer that is wiped
  end
  measures[buf], cursors[buf] = nil, nil
end

--- Draws what has come since the last time.
---@param edit askedit.Edit
function M.grow(edit)
  local is_first = edit.drawn < #edit.hunks.list and not edit.told
  draw_settled(edit)
  draw_live(edit)
  if is_first then
    M.tell(edit)
  end
end

---@param edit askedit.Edit
function M.erase(edit)
  erase_hunks(edit)
  M.erase_live(edit)
end

--- Puts the windows right after it was erased for good.
---@param edit askedit.Edit
function M.settle(edit)
  redraw_status()
  if api.nvim_buf_is_loaded(edit.buf) then
    draw_rows_anew(edit)
    draw.settle_windows(edit.buf)
  end
end

--- Opens the folds that would hide the edit, and scrolls to where its newest lines will be.
---@param edit askedit.Edit
function M.unfold(edit)
  local first, behind = edit.region:rows()
  local row = first and live_row(edit)
  if row then
    draw.open_folds(edit.buf, first, behind - 1)
    draw.make_room(edit.buf, row)
  end
end

return M
