--- Going from hunk to hunk, also from buffer to buffer.
local changes = require('askedit.review.changes')
local compat = require('askedit.compat')
local draw = require('askedit.review.draw')
local notify = require('askedit.notify')

local M = {}

local fn, api = vim.fn, vim.api

-- One hunk for each row: a walk over two that stand at the same one would not go on.
local function stops()
  local list = {}
  for _, item in ipairs(changes.hunks_of(changes.all())) do
    local last = list[#list]
    if not last or last.edit.buf ~= item.edit.buf or last.first ~= item.first then
      list[#list + 1] = item
    end
  end
  return list
end

-- Where the walk begins: behind how many of the hunks the cursor is, and at which of them, if at one.
local function position(items, buf, row)
  local before, at = 0, nil
  for i, item in ipairs(items) do
    if item.edit.buf < buf or (item.edit.buf == buf and item.first < row) then
      before = i
    elseif item.edit.buf == buf and item.first == row then
      at = i
    end
  end
  return before, at
end

local function target(items, steps)
  local before, at = position(items, api.nvim_get_current_buf(), api.nvim_win_get_cursor(0)[1] - 1)
  local number = steps > 0 and (at or before) + steps or (at or before + 1) + steps
  return (number - 1) % #items + 1, number < 1 or number > #items
end

-- The window of this tab page that shows the buffer, or the current one.
local function show_buffer(buf)
  local win = fn.bufwinid(buf)
  if win >= 0 then
    return api.nvim_set_current_win(win)
  end
  vim.cmd('buffer ' .. buf)
end

local function go_to(item)
  vim.cmd("normal! m'")
  if api.nvim_get_current_buf() ~= item.edit.buf then
    local ok, fault = pcall(show_buffer, item.edit.buf)
    if not ok then
      notify.fault('the buffer of the next hunk cannot be shown: ' .. compat.words_of(fault))
      return false
    end
  end
  api.nvim_win_set_cursor(0, { math.min(item.first + 1, api.nvim_buf_line_count(0)), 0 })
  vim.cmd('normal! zv')
  draw.make_room(item.edit.buf, item.last)
  return true
end

--- Goes some hunks on, or back. Says it where the walk begins anew or another buffer was entered.
---@param steps integer
function M.go(steps)
  local items, from = stops(), api.nvim_get_current_buf()
  if #items == 0 then
    return notify.info('there is no open hunk')
  end
  local number, wraps = target(items, steps)
  local item = items[number]
  if not go_to(item) then
    return
  end
  if item.edit.buf ~= from then
    local name = fn.fnamemodify(api.nvim_buf_get_name(item.edit.buf), ':.')
    name = name ~= '' and name or 'a buffer without a name'
    notify.info(('hunk %d of %d, in %s'):format(number, #items, name))
  elseif wraps then
    notify.info(steps > 0 and 'on from the first hunk' or 'on from the last hunk')
  end
end

local function line_of(item)
  local hunk, total = item.hunk, #item.edit.hunks.list
  local text = hunk.new[1] and '+ ' .. vim.trim(hunk.new[1])
  text = text or ('- %s'):format(vim.trim(item.now.lines[item.place.from] or ''))
  return ('%d of %d%s  %s'):format(item.number, total, item.place.stale and ', lines changed' or '', text)
end

--- Puts all open hunks into the quickfix list, and shows that.
function M.list()
  local entries = {}
  for _, item in ipairs(changes.hunks_of(changes.all())) do
    local line = math.min(item.first + 1, api.nvim_buf_line_count(item.edit.buf))
    entries[#entries + 1] = { bufnr = item.edit.buf, lnum = line, text = (line_of(item):gsub('%z', '?')) }
  end
  if #entries == 0 then
    return notify.info('there is no open hunk')
  end
  fn.setqflist({}, ' ', { title = 'Open hunks', items = entries })
  vim.cmd('botright copen')
end

return M
