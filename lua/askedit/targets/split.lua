--- The target that shows an answer in a window of its own. It never moves focus, mode or view of the user:
--- everything happens without autocommands, and the window that was current is current again afterwards.
---
--- The buffer: the text, and under it one empty line that carries the status as virtual text. A window
--- follows the text while its cursor is on that line.
local compat = require('askedit.compat')

local M = {}

local fn, api = vim.fn, vim.api
local status_marks = api.nvim_create_namespace('askedit_status')
local fault_marks = api.nvim_create_namespace('askedit_fault')

local LAST_LINE_MARK = 1
local LOCKED = 'not possible here: text and windows are locked'
local WIDE = 160
local WINDOW_OPTIONS = 'wrap linebreak nonumber norelativenumber nolist nospell nodiff noscrollbind '
  .. 'nocursorbind nopreviewwindow foldmethod=manual nofoldenable foldcolumn=0 signcolumn=no colorcolumn= '
  .. 'conceallevel=0 nowinfixheight nowinfixwidth'
local MODIFIERS =
  { 'aboveleft', 'leftabove', 'rightbelow', 'belowright', 'topleft', 'botright', 'vertical', 'horizontal' }
local PLACES = {
  below = 'belowright',
  above = 'aboveleft',
  left = 'vertical aboveleft',
  right = 'vertical belowright',
  tab = 'tab',
}
local KEYS = 'q close · <C-c> stop · :Ask TEXT goes on · :Ask /retry · :Ask /log · :Ask /show'

local function is_alive(buf)
  return buf ~= nil and api.nvim_buf_is_loaded(buf)
end

-- Windows ------------------------------------------------------------------------------------------------

-- The user's own words before :Ask, as far as they say where a window goes.
local function placing(mods)
  local words = {}
  for word in mods:gmatch('%S+') do
    if vim.tbl_contains(MODIFIERS, word) or word:find('^%d*tab$') then
      words[#words + 1] = word
    end
  end
  return table.concat(words, ' ')
end

local function split_command(place)
  local words = placing(place.mods)
  if words ~= '' then
    return words .. ' split'
  end
  local where = place.split
  if where == 'auto' then
    where = api.nvim_win_get_width(0) >= WIDE and 'right' or 'below'
  end
  -- A size keeps 'equalalways' from resizing the user's other windows.
  local size = ''
  if where == 'below' or where == 'above' then
    size = math.floor(api.nvim_win_get_height(0) / 2)
  elseif where == 'left' or where == 'right' then
    size = math.floor(api.nvim_win_get_width(0) / 2)
  end
  return ('%s %ssplit'):format(PLACES[where], size)
end

local function answer_window()
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    local ok, value = pcall(api.nvim_win_get_var, win, 'askedit')
    local name = api.nvim_buf_get_name(api.nvim_win_get_buf(win))
    if ok and value and name:find('^askedit://') then
      return win
    end
  end
end

local function views_of_tab()
  local views = {}
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if vim.bo[api.nvim_win_get_buf(win)].buftype ~= 'terminal' then
      views[win] = api.nvim_win_call(win, function()
        return { view = fn.winsaveview(), row = fn.winline() }
      end)
    end
  end
  return views
end

-- A window that became smaller keeps its first line wherever the cursor can still be seen then.
local function restore_views(views)
  for win, saved in pairs(views) do
    if api.nvim_win_is_valid(win) and saved.row <= api.nvim_win_get_height(win) then
      api.nvim_win_call(win, function()
        fn.winrestview(saved.view)
      end)
    end
  end
end

-- A floating window cannot be split.
local function leave_float()
  if api.nvim_win_get_config(0).relative == '' then
    return
  end
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if api.nvim_win_get_config(win).relative == '' then
      api.nvim_set_current_win(win)
      return
    end
  end
end

local function dress_window(win)
  api.nvim_win_call(win, function()
    vim.cmd('setlocal ' .. WINDOW_OPTIONS)
    if fn.exists('+statuscolumn') == 1 then
      vim.cmd('setlocal statuscolumn=')
    end
  end)
  api.nvim_win_set_var(win, 'askedit', true)
end

-- In this order: a buffer that is new to a window brings the global values of its options along.
local function put_buffer(win, buf)
  api.nvim_win_call(win, function()
    if fn.exists('+winfixbuf') == 1 then
      vim.cmd('setlocal nowinfixbuf') -- else E1513
    end
  end)
  api.nvim_win_set_buf(win, buf)
  dress_window(win)
end

local function put_at_end(win, buf)
  local last = api.nvim_buf_line_count(buf)
  api.nvim_win_set_cursor(win, { last, 0 })
  -- In another tab page 0.7 would leave only the last line on the screen: now, and when the height changes
  -- before the row of the cursor is known, which winline() computes.
  if api.nvim_win_get_tabpage(win) ~= api.nvim_get_current_tabpage() then
    api.nvim_win_call(win, function()
      fn.winrestview({ topline = math.max(1, last - api.nvim_win_get_height(0) + 1) })
      fn.winline()
    end)
  end
end

local function open_window(buf, place)
  local from = api.nvim_get_current_win()
  local views = views_of_tab()
  leave_float()
  local ok, fault = pcall(vim.cmd, 'keepjumps keepalt ' .. split_command(place))
  local win = api.nvim_get_current_win()
  -- First back: another buffer in the current window would end Select mode.
  api.nvim_set_current_win(from)
  if ok then
    put_buffer(win, buf)
    put_at_end(win, buf)
  end
  restore_views(views)
  if not ok then
    return fault:find('E36') and 'no room for a window' or 'no window can be opened now'
  end
end

-- Shows `buf` in the one answer window of this tab page, at its end.
local function show(buf, place)
  local win = answer_window()
  local elsewhere = placing(place.mods) ~= '' and win ~= api.nvim_get_current_win()
  if win and elsewhere and #api.nvim_tabpage_list_wins(0) > 1 then
    api.nvim_win_close(win, true)
    win = nil
  end
  if not win then
    return open_window(buf, place)
  end
  if api.nvim_win_get_buf(win) ~= buf then
    put_buffer(win, buf)
  end
  put_at_end(win, buf)
end

-- Buffers ------------------------------------------------------------------------------------------------

-- Closing the last window is not possible: it then shows what was there before.
local function close_window()
  if pcall(api.nvim_win_close, 0, false) then
    return
  end
  local buf = api.nvim_get_current_buf()
  pcall(vim.cmd, 'buffer #')
  if api.nvim_get_current_buf() == buf then
    vim.cmd('enew')
  end
end

local function map_keys(buf)
  local function map(lhs, rhs, desc)
    vim.keymap.set('n', lhs, rhs, { buffer = buf, nowait = true, silent = true, desc = desc })
  end
  map('q', close_window, 'close the answer window')
  map('<C-c>', '<Cmd>Ask /stop<CR>', 'stop the answer')
  map('g?', function()
    api.nvim_echo({ { fn.strcharpart(KEYS, 0, vim.v.echospace) } }, false, {})
  end, 'list the keys')
end

-- Names of ours only: nothing that a server or a file said. A name may be taken by a restored session.
local function name_buffer(buf, name)
  local try = name
  for i = 2, 100 do
    if pcall(api.nvim_buf_set_name, buf, try) then
      return
    end
    try = ('%s (%d)'):format(name, i)
  end
end

local function create_buffer(name)
  local buf = api.nvim_create_buf(false, true)
  name_buffer(buf, name)
  local options = vim.bo[buf]
  options.buftype, options.bufhidden, options.swapfile = 'nofile', 'hide', false
  options.modeline, options.undofile, options.undolevels = false, false, -1
  options.modifiable = false
  map_keys(buf)
  return buf
end

local function write(buf, first, last, lines)
  vim.bo[buf].modifiable = true
  local ok = pcall(api.nvim_buf_set_lines, buf, first, last, false, lines)
  vim.bo[buf].modifiable = false
  return ok
end

-- NUL would be drawn as a line break by some functions, and \r\n as a line with ^M.
local function display_lines(text)
  return compat.lines((text:gsub('\r\n', '\n'):gsub('%z', '\226\144\128')))
end

-- Windows to be moved to the end. Moving the cursor of a selection would change the selection.
local function followers(buf, count)
  local selecting = api.nvim_get_mode().mode:find('^[vV\22sS\19]') and api.nvim_get_current_win()
  local wins = {}
  for _, win in ipairs(fn.win_findbuf(buf)) do
    if win ~= selecting and api.nvim_win_get_cursor(win)[1] == count then
      wins[#wins + 1] = win
    end
  end
  return wins
end

-- The last two lines are replaced, since cursors on replaced lines stay where they are: a line put in above
-- the last one would take the end of a selection along, but not its start.
local function append_lines(buf, lines, group)
  local count = api.nvim_buf_line_count(buf)
  local row = math.max(count - 2, 0)
  local following = followers(buf, count)
  local tail = api.nvim_buf_get_lines(buf, row, row + 1, false)[1]
  lines[1] = tail .. lines[1]
  lines[#lines + 1] = ''
  if not write(buf, row, count, lines) then
    return false
  end
  if group then
    api.nvim_buf_set_extmark(buf, fault_marks, row, #tail, {
      end_row = row + #lines - 1,
      end_col = 0,
      hl_group = group,
    })
  end
  for _, win in ipairs(following) do
    put_at_end(win, buf)
  end
  return true
end

local function mark_status(buf, row, id, line)
  api.nvim_buf_set_extmark(buf, status_marks, row, 0, {
    id = id,
    virt_text = { { (line:gsub('%c', ' ')), 'AskeditStatus' } },
    hl_mode = 'combine',
  })
end

local function make_buffer(answer, text)
  local buf = create_buffer(('askedit://%d'):format(answer.number))
  if not write(buf, 0, -1, { '', '' }) then
    vim.schedule(function()
      api.nvim_buf_delete(buf, { force = true })
    end)
    return false
  end
  answer.buf = buf
  return append_lines(buf, display_lines(text))
end

-- The target ---------------------------------------------------------------------------------------------

--- Shows the answer; makes its buffer, filled with `text`, if there is none (any more).
---@param answer askedit.Answer
---@param place askedit.Place
---@param text string
---@return string|nil fault
function M.open(answer, place, text)
  local fault = compat.quietly(function()
    if not is_alive(answer.buf) and not make_buffer(answer, text) then
      return LOCKED
    end
    return show(answer.buf, place)
  end)
  if fault == LOCKED then
    return fault
  end
  -- Not quietly: colours are loaded by an event.
  compat.start_syntax(answer.buf)
  return fault
end

--- Adds text. `fault` marks it as a sentence about an error.
---@param answer askedit.Answer
---@param text string
---@param fault boolean
---@return boolean drawn false while the text is locked
function M.append(answer, text, fault)
  if not is_alive(answer.buf) then
    return true
  end
  return compat.quietly(function()
    return append_lines(answer.buf, display_lines(text), fault and 'AskeditFault' or nil)
  end)
end

--- Gives a forgotten answer's buffer back, unless it can be seen.
---@param answer askedit.Answer
function M.drop(answer)
  if is_alive(answer.buf) and #fn.win_findbuf(answer.buf) == 0 then
    compat.quietly(function()
      api.nvim_buf_delete(answer.buf, { force = true })
    end)
  end
end

--- Sets the status line under the text.
---@param answer askedit.Answer
---@param line string
function M.status(answer, line)
  if not is_alive(answer.buf) then
    return
  end
  mark_status(answer.buf, api.nvim_buf_line_count(answer.buf) - 1, LAST_LINE_MARK, line)
end

-- Whether the lines from `row` on need more than the current window, whose lines wrap.
local function overflows(row)
  local height, width = api.nvim_win_get_height(0), api.nvim_win_get_width(0)
  local last, rows = fn.line('$'), 0
  if last - row >= height then
    return true
  end
  for line = row, last do
    rows = rows + math.max(1, math.ceil(fn.virtcol({ line, '$' }) / width))
  end
  return rows > height
end

-- An answer that came at once is read from its first line; one that streamed was read as it came. Its status
-- is then out of sight at the end, so it stands behind the question too.
local function show_from(buf, row, line)
  for _, win in ipairs(followers(buf, api.nvim_buf_line_count(buf))) do
    api.nvim_win_call(win, function()
      if overflows(row) then
        fn.winrestview({ lnum = row, col = 0, topline = row })
        mark_status(buf, row - 1, row + 1, line)
      end
    end)
  end
end

--- Puts the status of an earlier run behind its question, where it stays.
---@param answer askedit.Answer
---@param row integer line of the question
---@param line string
function M.status_at(answer, row, line)
  if is_alive(answer.buf) and row < api.nvim_buf_line_count(answer.buf) then
    mark_status(answer.buf, row - 1, row + 1, line)
  end
end

--- The answer is complete: full colours, and if it came all at once it is shown from line `first`.
---@param answer askedit.Answer
---@param first integer|nil
---@param line string its status
function M.settle(answer, first, line)
  if not is_alive(answer.buf) then
    return
  end
  if first then
    compat.quietly(function()
      show_from(answer.buf, first, line)
    end)
  end
  compat.start_treesitter(answer.buf)
end

--- Number of the line that the next text goes to.
---@param answer askedit.Answer
---@return integer
function M.last_line(answer)
  return is_alive(answer.buf) and math.max(api.nvim_buf_line_count(answer.buf) - 1, 1) or 1
end

--- Shows text that is not an answer, in the answer window.
---@param name string
---@param text string
---@param place askedit.Place
---@return string|nil fault
function M.show_page(name, text, place)
  local buf
  local fault = compat.quietly(function()
    buf = create_buffer('askedit://' .. name)
    vim.bo[buf].bufhidden = 'wipe'
    write(buf, 0, -1, display_lines(text))
    local failed = show(buf, place)
    for _, win in ipairs(fn.win_findbuf(buf)) do
      api.nvim_win_set_cursor(win, { 1, 0 })
    end
    return failed
  end)
  if fault then
    api.nvim_buf_delete(buf, { force = true })
    return fault
  end
  compat.start_syntax(buf)
end

return M
