--- How a change looks before it is taken: old lines marked where they stand, new ones as virtual lines below
--- them, and one line that says what is going on. Neovim neither wraps nor scrolls virtual lines, so they are
--- broken here, and only as many are shown as can be read.
local M = {}

local fn, api = vim.fn, vim.api
local marks = api.nvim_create_namespace('askedit_change')

M.LIVE_LINES = 10
local LONG_LINE = 4096 -- bytes of a line that are shown

---@class askedit.Window measures of the window that a change is drawn for
---@field width integer cells for text
---@field height integer

-- Those in this tab page, if there are any. No function here that calls vim.validate: the JIT of 0.7.2 breaks
-- it in code that runs for each draw.
local function windows_of(buf)
  local all, here, tab = fn.win_findbuf(buf), {}, api.nvim_get_current_tabpage()
  for _, win in ipairs(all) do
    if api.nvim_win_get_tabpage(win) == tab then
      here[#here + 1] = win
    end
  end
  return #here > 0 and here or all
end

--- What is drawn is the same in all windows of a buffer: as wide as the narrowest, and as high as the current
--- one, or one of the others.
---@param buf integer
---@return askedit.Window
function M.window(buf)
  local current, width, height = api.nvim_get_current_win(), vim.o.columns, nil
  for _, win in ipairs(windows_of(buf)) do
    local info = fn.getwininfo(win)[1]
    width = math.min(width, info.width - info.textoff)
    height = (win == current or not height) and info.height or height
  end
  return { width = math.max(width, 8), height = height or vim.o.lines }
end

--- Scrolls the current window as far as is needed to see lines that are drawn below a row. To be called only
--- when the user asks for them.
---@param buf integer
---@param row integer
function M.make_room(buf, row)
  if api.nvim_get_current_buf() ~= buf then
    return
  end
  local line, height, view = math.max(row, 0) + 1, api.nvim_win_get_height(0), fn.winsaveview()
  local screen_row = fn.screenpos(0, line, math.max(#fn.getline(line), 1)).row
  local below = fn.win_screenpos(0)[1] + height - 1 - screen_row
  local missing = math.min(M.LIVE_LINES + 2, height - 1) - below
  -- 0.7 says -1 where the global value counts.
  local scrolloff = vim.wo.scrolloff >= 0 and vim.wo.scrolloff or vim.o.scrolloff
  local topline = math.min(view.topline + missing, view.lnum - scrolloff)
  if screen_row > 0 and topline > view.topline then
    fn.winrestview({ topline = topline })
  end
end

-- The screen lines of a line: tabs as blanks, wide characters whole.
local function wrap(line, width)
  local shown = line
  if #line > LONG_LINE then
    shown = line:sub(1, LONG_LINE):gsub('[\192-\255][\128-\191]*$', '') .. '…'
  end
  shown = shown:gsub('%z', '?'):gsub('[\1-\8\11-\31\127]', '?')
  local out, cells, column = {}, {}, 0
  for _, char in ipairs(fn.split(shown, '\\zs')) do
    local size = fn.strdisplaywidth(char, column)
    if column + size > width and column > 0 then
      out[#out + 1], cells, column = table.concat(cells), {}, 0
      size = fn.strdisplaywidth(char, 0)
    end
    cells[#cells + 1] = char == '\t' and (' '):rep(size) or char
    column = column + size
  end
  out[#out + 1] = table.concat(cells)
  return out
end

-- Most lines are plain and short; they need no splitting.
local function screen_lines(line, width)
  if #line < width and not line:find('[%c\128-\255]') then
    return { line }
  end
  return wrap(line, width)
end

local function padded(text, width)
  return text .. (' '):rep(width - fn.strdisplaywidth(text))
end

local function added(text, width)
  return { { padded(text, width), 'AskeditAdd' } }
end

local function remark(text)
  return { { text, 'AskeditStatus' } }
end

local SEPARATOR = ' · '

-- A line about the edit is broken between its parts where that will do.
local function remark_lines(text, width)
  local rows, row, from = {}, '', 1
  repeat
    local at, to = text:find(SEPARATOR, from, true)
    local part = text:sub(from, (at or #text + 1) - 1)
    local longer = row == '' and part or row .. SEPARATOR .. part
    if row ~= '' and fn.strdisplaywidth(longer) > width then
      rows[#rows + 1], row = row, part
    else
      row = longer
    end
    from = (to or #text) + 1
  until not at
  rows[#rows + 1] = row
  return rows
end

local function remarks(text, width)
  local out = {}
  for _, line in ipairs(remark_lines(text, width)) do
    for _, row in ipairs(wrap(line, width)) do
      out[#out + 1] = remark(row)
    end
  end
  return out
end

-- vim.list_extend would call vim.validate.
local function extend(list, more_items)
  for _, item in ipairs(more_items) do
    list[#list + 1] = item
  end
end

local function more(count, is_begun)
  if is_begun then
    return count == 1 and '… more of this line' or ('… more of this line, and %d more'):format(count - 1)
  end
  return ('… %d more %s'):format(count, count == 1 and 'line' or 'lines')
end

-- From the first line on, at most `room` screen lines; the last tells how many lines are not there. Of a line
-- that does not fit there is as much as does.
local function first_lines(lines, first, last, window, room, hint)
  local out = {}
  for i = first, last do
    local rows = screen_lines(lines[i], window.width)
    local free = room - #out
    local fits = #rows <= (i == last and free or free - 1)
    for k = 1, fits and #rows or free - 1 do
      out[#out + 1] = added(rows[k], window.width)
    end
    if not fits then
      out[#out + 1] = remark(more(last - i + 1, free > 1) .. hint)
      return out
    end
  end
  return out
end

-- The last of these lines, at most `room` screen lines, below the number of those that are not there.
local function last_lines(lines, hidden, window, room)
  local out, first = {}, #lines + 1
  while first > 1 do
    local rows = screen_lines(lines[first - 1], window.width)
    if #out > 0 and #out + #rows > room then
      break
    end
    for k = #rows, 1, -1 do
      table.insert(out, 1, added(rows[k], window.width))
    end
    first = first - 1
  end
  hidden = hidden + first - 1
  if hidden > 0 then
    table.insert(out, 1, remark(('… %d %s above'):format(hidden, hidden == 1 and 'line' or 'lines')))
  end
  return vim.list_slice(out, math.max(#out - room, 1))
end

-- Virtual lines above the first line of the buffer are out of sight until the window is scrolled to them.
local function reveal_above_first(buf, count)
  for _, win in ipairs(fn.win_findbuf(buf)) do
    api.nvim_win_call(win, function()
      local view = fn.winsaveview()
      if view.topline == 1 then
        fn.winrestview({ topline = 1, topfill = count })
      end
    end)
  end
end

-- 0.7 draws the cursor on the wrong row after virtual lines above it became more.
local function settle_cursor(buf)
  if fn.has('nvim-0.8') == 0 and api.nvim_get_current_buf() == buf then
    fn.winrestview(fn.winsaveview())
  end
end

-- Puts virtual lines below `row`, for -1 above the first line.
local function put_lines(buf, row, lines, id)
  local last = api.nvim_buf_line_count(buf) - 1
  local above = row < 0
  id = api.nvim_buf_set_extmark(buf, marks, math.min(math.max(row, 0), last), 0, {
    id = id,
    virt_lines = lines,
    virt_lines_above = above,
    right_gravity = not above,
  })
  if above then
    reveal_above_first(buf, #lines)
  end
  settle_cursor(buf)
  return id
end

local function mark_old(buf, place)
  return api.nvim_buf_set_extmark(buf, marks, place.r1, place.c1, {
    end_row = place.r2,
    end_col = place.c2,
    hl_group = place.stale and 'AskeditStale' or 'AskeditDelete',
    hl_eol = true,
  })
end

--- Draws what has come since the last settled hunk, and the status below it.
---@param buf integer
---@param row integer the line below which it stands, -1 = above the first
---@param lines string[] the newest
---@param hidden integer how many more there are before them
---@param status string
---@param id integer|nil what this returned before
---@return integer id
function M.live(buf, row, lines, hidden, status, id)
  local window = M.window(buf)
  local room = math.max(math.min(M.LIVE_LINES, window.height - 4), 1)
  local shown = last_lines(lines, hidden, window, room)
  extend(shown, remarks(status, window.width))
  return put_lines(buf, row, shown, id)
end

---@class askedit.DrawnPlace rows and columns of a hunk's old text; r2, c2 behind it
---@field r1 integer
---@field c1 integer
---@field r2 integer
---@field c2 integer
---@field below integer the row below which the new lines stand, -1 = above the first
---@field stale boolean

--- Draws a hunk: its old lines marked, the new ones below.
---@param buf integer
---@param place askedit.DrawnPlace
---@param lines string[] the whole new text
---@param hunk askedit.Hunk
---@param words {status: string|nil, hint: string}
---@return integer[] ids
function M.hunk(buf, place, lines, hunk, words)
  local window, ids = M.window(buf), {}
  if place.r2 > place.r1 or place.c2 > place.c1 then
    ids[1] = mark_old(buf, place)
  end
  local status = words.status and remarks(words.status, window.width) or {}
  local room = math.max(math.floor(window.height / 2) - #status, 1)
  local last = hunk.new_from + hunk.new_count - 1
  local shown = first_lines(lines, hunk.new_from, last, window, room, words.hint)
  extend(shown, status)
  if #shown > 0 then
    ids[#ids + 1] = put_lines(buf, place.below, shown)
  end
  return ids
end

--- The row of something that was drawn.
---@param buf integer
---@param id integer
---@return integer|nil
function M.row(buf, id)
  return api.nvim_buf_get_extmark_by_id(buf, marks, id, {})[1]
end

--- To be called after virtual lines went. A window whose first rows they were keeps the rows, and 0.7 leaves
--- text where it stood before.
---@param buf integer
function M.settle_windows(buf)
  for _, win in ipairs(fn.win_findbuf(buf)) do
    api.nvim_win_call(win, function()
      if fn.winsaveview().topfill > 0 and not vim.wo.diff then
        fn.winrestview({ topfill = 0 })
      end
    end)
  end
  if fn.has('nvim-0.8') == 0 then
    vim.cmd('redraw!')
  end
end

---@param buf integer
---@param ids integer[]
function M.erase(buf, ids)
  if api.nvim_buf_is_valid(buf) then
    for _, id in ipairs(ids) do
      api.nvim_buf_del_extmark(buf, marks, id)
    end
  end
end

local function open_closed_folds(first, last)
  local line = first
  while line <= last do
    local behind = fn.foldclosedend(line)
    if behind > 0 then
      vim.cmd(line .. 'foldopen!')
    end
    line = math.max(line, behind) + 1
  end
end

--- Opens the folds over lines, which would hide everything that is drawn there.
---@param buf integer
---@param first integer row
---@param last integer row
function M.open_folds(buf, first, last)
  for _, win in ipairs(fn.win_findbuf(buf)) do
    api.nvim_win_call(win, function()
      open_closed_folds(first + 1, math.max(first, last) + 1)
    end)
  end
end

return M
