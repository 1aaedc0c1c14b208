--- The target that shows an answer in a window of its own. It never moves focus, mode or view of the user:
--- everything happens without autocommands, and the window that was current is current again afterwards.
---
--- The buffer: the text, and under it one empty line that carries the status as virtual text. A window
--- follows the text while its cursor is on that line.
local compat = require('askedit.compat')
local markdown = require('askedit.targets.markdown')
local window = require('askedit.targets.window')

local M = {}

local fn, api = vim.fn, vim.api
local status_marks = api.nvim_create_namespace('askedit_status')
local style_marks = api.nvim_create_namespace('askedit_style')

local LAST_LINE_MARK = 1
local LOCKED = 'not possible here: text and windows are locked'
local GROUPS = { fault = 'AskeditFault', thought = 'AskeditThought' }
local KEYS = 'q close · <C-c> stop · zo thoughts · :Ask TEXT, /continue, /retry, /log, /show'

local function is_alive(buf)
  return buf ~= nil and api.nvim_buf_is_loaded(buf)
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

local function colour(buf, first, column, last, group)
  api.nvim_buf_set_extmark(buf, style_marks, first, column, { end_row = last, end_col = 0, hl_group = group })
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
    colour(buf, row, #tail, row + #lines - 1, group)
  end
  for _, win in ipairs(following) do
    window.put_at_end(win, buf)
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

-- Thoughts ------------------------------------------------------------------------------------------------

-- A block of thoughts is a quotation: fences in it open nothing that goes on after it. It is folded from its
-- first line on. A fold grows with lines that are put in above its last one, by these functions and no others
-- on all versions.
local function insert_lines(buf, after, lines)
  vim.bo[buf].modifiable = true
  local ok, failed = pcall(fn.appendbufline, buf, after, lines)
  vim.bo[buf].modifiable = false
  return ok and failed == 0
end

local function replace_line(buf, lnum, line)
  vim.bo[buf].modifiable = true
  pcall(fn.setbufline, buf, lnum, line)
  vim.bo[buf].modifiable = false
end

local function open_thoughts(answer)
  local buf = answer.buf
  local tail = api.nvim_buf_line_count(buf) - 1
  if fn.getbufline(buf, tail)[1] ~= '' then
    if not insert_lines(buf, tail, { '', '' }) then
      return false
    end
    tail = tail + 2
  end
  if not insert_lines(buf, tail, { '> ' }) then
    return false
  end
  replace_line(buf, tail, '> Thoughts:')
  table.insert(answer.folds, { first = tail, last = tail + 1, open = true })
  for _, win in ipairs(fn.win_findbuf(buf)) do
    api.nvim_win_call(win, function()
      window.fold(answer.folds)
    end)
  end
  return true
end

local function open_fold(answer)
  local fold = answer.folds[#answer.folds]
  return fold and fold.open and fold or nil
end

local function append_thought(answer, lines)
  local buf = answer.buf
  local count = api.nvim_buf_line_count(buf)
  local following = followers(buf, count)
  if not open_fold(answer) and not open_thoughts(answer) then
    return false
  end
  local fold = open_fold(answer)
  lines[1] = fn.getbufline(buf, fold.last)[1] .. lines[1]
  for i = 2, #lines do
    lines[i] = '> ' .. lines[i]
  end
  local last = table.remove(lines)
  if #lines > 0 and not insert_lines(buf, fold.last - 1, lines) then
    return false
  end
  colour(buf, fold.last - 1, 0, fold.last + #lines, GROUPS.thought)
  fold.last = fold.last + #lines
  replace_line(buf, fold.last, last)
  for _, win in ipairs(following) do
    window.put_at_end(win, buf)
  end
  return true
end

-- What follows begins below the fold, after an empty line.
local function close_thoughts(answer)
  local fold = open_fold(answer)
  if fold and insert_lines(answer.buf, fold.last, { '', '' }) then
    fold.open = false
  end
  return not (fold and fold.open)
end

local function append(answer, text, style)
  if style == 'thought' then
    -- Models begin their thoughts with an empty line.
    local shown = open_fold(answer) and text or text:gsub('^%s+', '')
    return shown == '' or append_thought(answer, display_lines(shown))
  end
  local lines = display_lines(text)
  return close_thoughts(answer) and append_lines(answer.buf, lines, GROUPS[style])
end

local function make_buffer(answer, pieces)
  local buf = create_buffer(('askedit://%d'):format(answer.number))
  if not write(buf, 0, -1, { '', '' }) then
    vim.schedule(function()
      api.nvim_buf_delete(buf, { force = true })
    end)
    return false
  end
  answer.buf, answer.folds = buf, {}
  for _, piece in ipairs(pieces) do
    append(answer, piece.text, piece.style)
  end
  return true
end

-- The target ---------------------------------------------------------------------------------------------

--- Shows the answer; makes its buffer, filled with `pieces`, if there is none (any more).
---@param answer askedit.Answer
---@param place askedit.Place
---@param pieces {text: string, style?: askedit.Style}[]
---@return string|nil fault
function M.open(answer, place, pieces)
  local fault = compat.quietly(function()
    if not is_alive(answer.buf) and not make_buffer(answer, pieces) then
      return LOCKED
    end
    return window.show(answer.buf, place, answer.folds)
  end)
  if fault == LOCKED then
    return fault
  end
  markdown.start(answer.buf)
  return fault
end

--- Adds text. Thoughts are folded; a fault is a sentence about an error.
---@param answer askedit.Answer
---@param text string
---@param style? askedit.Style
---@return boolean drawn false while the text is locked
function M.append(answer, text, style)
  if not is_alive(answer.buf) then
    return true
  end
  return compat.quietly(function()
    return append(answer, text, style)
  end)
end

--- Takes the last lines back, so that the text goes on where it ended before them.
---@param answer askedit.Answer
---@param lines integer how many line breaks
---@param question integer line of a question behind which there is no status any more
---@return boolean drawn false while the text is locked
function M.take_back(answer, lines, question)
  local buf = answer.buf
  local last = api.nvim_buf_line_count(buf) - 1
  return compat.quietly(function()
    api.nvim_buf_del_extmark(buf, status_marks, question + 1)
    return write(buf, last - lines, last, {})
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
  local line = row
  while line <= last do
    local fold_end = fn.foldclosedend(line)
    rows = rows + (fold_end > 0 and 1 or math.max(1, math.ceil(fn.virtcol({ line, '$' }) / width)))
    line = math.max(line, fold_end) + 1
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
  markdown.settle(answer.buf)
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
---@param language? string a file type; Markdown if left out
---@return string|nil fault
function M.show_page(name, text, place, language)
  local buf
  local fault = compat.quietly(function()
    buf = create_buffer('askedit://' .. name)
    vim.bo[buf].bufhidden = 'wipe'
    write(buf, 0, -1, display_lines(text))
    local failed = window.show(buf, place, {})
    for _, win in ipairs(fn.win_findbuf(buf)) do
      api.nvim_win_set_cursor(win, { 1, 0 })
    end
    return failed
  end)
  if fault then
    api.nvim_buf_delete(buf, { force = true })
    return fault
  end
  if language then
    markdown.colour(buf, language)
  else
    markdown.start(buf)
  end
end

--- Shows a buffer that the user is to edit, in the answer window, and takes him there.
---@param buf integer
---@param name string
---@param place askedit.Place
---@param filetype string
---@return string|nil fault
function M.show_editable(buf, name, place, filetype)
  local fault = compat.quietly(function()
    if api.nvim_buf_get_name(buf) == '' then
      name_buffer(buf, 'askedit://' .. name)
    end
    return window.show(buf, place, {})
  end)
  if fault then
    return fault
  end
  api.nvim_set_current_win(fn.win_findbuf(buf)[1])
  api.nvim_win_set_cursor(0, { 1, 0 })
  if vim.bo[buf].filetype ~= filetype then
    vim.bo[buf].filetype = filetype
  end
end

return M
