--- How a change looks before it is taken: old lines marked where they stand, new ones as virtual lines below
--- them, and one line that says what is going on. Neovim neither wraps nor scrolls virtual lines, so they are
--- broken here, and only as many are shown as can be read.
local words = require('askedit.review.words')

local M = {}

local fn, api = vim.fn, vim.api
local marks = api.nvim_create_namespace('askedit_change')

M.LIVE_LINES = 10
local LONG_LINE = 4096 -- bytes of a line that are shown
local MOST_MARKS = 200 -- words of the old lines of a hunk that are marked

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

-- Rows of the screen ------------------------------------------------------------------------------------

---@alias askedit.Chunk string[] {text, highlight}, as virtual lines have them

local function characters(text)
  if text:find('[\128-\255]') then
    return fn.split(text, '\\zs')
  end
  local list = {}
  for i = 1, #text do
    list[i] = text:sub(i, i)
  end
  return list
end

-- What is composed onto a tab is not shown.
local function is_tab(char)
  return char:byte() == 9
end

local function cells_of(char, column)
  if is_tab(char) then
    return fn.strdisplaywidth('\t', column)
  elseif #char == 1 and char:byte() < 128 then
    return 1
  end
  return fn.strdisplaywidth(char, column)
end

-- Returns a function that says whether a byte is in one of the spans. It must be asked from left to right.
local function inside(spans)
  local i = 1
  return function(at)
    while spans[i] and at >= spans[i][2] do
      i = i + 1
    end
    return spans[i] ~= nil and at >= spans[i][1]
  end
end

-- Of the words that changed, the blanks that nothing else would show: beside another word they are seen as a
-- distance, but not where a line begins or ends.
local function unseen_blanks(line, spans)
  local out = {}
  for _, span in ipairs(spans) do
    local text = line:sub(span[1] + 1, span[2])
    local head = text:match('^[ \t]*')
    local tail = #head < #text and span[2] == #line and text:match('[ \t]*$') or ''
    if #head == #text or span[1] == 0 then
      out[#out + 1] = { span[1], span[1] + #head }
    end
    out[#out + 1] = { span[2] - #tail, span[2] }
  end
  return out
end

-- Signs for blanks and tabs. Where signs like these take two cells, others do.
local function blank_signs()
  if fn.strdisplaywidth('·→') == 2 then
    return '·', '→'
  end
  return '.', '>'
end

-- Returns a function that gives the text of a character for the screen: tabs as blanks, and blanks that
-- nothing else would show as signs.
local function drawing(line, spans)
  if not spans then
    return function(char, cells)
      return is_tab(char) and (' '):rep(cells) or char
    end
  end
  local is_unseen, blank_sign, tab_sign = inside(unseen_blanks(line, spans)), blank_signs()
  return function(char, cells, at)
    if is_tab(char) then
      return is_unseen(at) and tab_sign .. (' '):rep(cells - 1) or (' '):rep(cells)
    end
    return char == ' ' and is_unseen(at) and blank_sign or char
  end
end

-- Control characters as one byte each, so that all stand where they stood.
local function printable(line)
  local shown = line
  if #line > LONG_LINE then
    shown = line:sub(1, LONG_LINE):gsub('[\192-\255][\128-\191]*$', '') .. '…'
  end
  return (shown:gsub('%z', '?'):gsub('[\1-\8\11-\31\127]', '?'))
end

local NO_SPANS = {}

-- The rows that a line takes, wide characters whole: chunks, the words in `spans` in a colour of their own.
---@param spans askedit.Spans|nil
---@return askedit.Chunk[][]
local function wrap(line, width, group, spans)
  local rows, row, pieces, column, at, now = {}, {}, {}, 0, 0, group
  local draws, is_changed = drawing(line, spans), inside(spans or NO_SPANS)
  local function end_chunk()
    if #pieces > 0 then
      row[#row + 1], pieces = { table.concat(pieces), now }, {}
    end
  end
  local function end_row()
    end_chunk()
    rows[#rows + 1], row, column = row, {}, 0
  end
  for _, char in ipairs(characters(printable(line))) do
    local cells = cells_of(char, column)
    if column + cells > width and column > 0 then
      end_row()
      cells = cells_of(char, 0)
    end
    local wanted = is_changed(at) and group .. 'Word' or group
    if wanted ~= now then
      end_chunk()
      now = wanted
    end
    pieces[#pieces + 1] = draws(char, cells, at)
    column, at = column + cells, at + #char
  end
  end_row()
  return rows
end

-- Coloured to the edge of the window.
local function pad(row, width)
  local last, text = row[#row], {}
  for i, chunk in ipairs(row) do
    text[i] = chunk[1]
  end
  local blanks = (' '):rep(width - fn.strdisplaywidth(table.concat(text)))
  if last and last[2] == 'AskeditAdd' then
    last[1] = last[1] .. blanks
  elseif blanks ~= '' or not last then
    row[#row + 1] = { blanks, 'AskeditAdd' }
  end
end

-- The rows of a line that is added. Most lines are plain and short; they need no splitting.
local function added(line, width, spans)
  if not spans and #line < width and not line:find('[%c\128-\255]') then
    return { { { line .. (' '):rep(width - #line), 'AskeditAdd' } } }
  end
  local rows = wrap(line, width, 'AskeditAdd', spans)
  for _, row in ipairs(rows) do
    pad(row, width)
  end
  return rows
end

local function remark(text)
  return { { text, 'AskeditStatus' } }
end

-- vim.list_extend would call vim.validate.
local function extend(list, more_items)
  for _, item in ipairs(more_items) do
    list[#list + 1] = item
  end
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

local function remarks(text, width, group)
  local out = {}
  for _, line in ipairs(remark_lines(text, width)) do
    extend(out, wrap(line, width, group or 'AskeditStatus'))
  end
  return out
end

local function more(count, is_begun)
  if is_begun then
    return count == 1 and '… more of this line' or ('… more of this line, and %d more'):format(count - 1)
  end
  return ('… %d more %s'):format(count, count == 1 and 'line' or 'lines')
end

-- From the first line on, at most `room` rows; the last tells how many lines are not there. Of a line that
-- does not fit there is as much as does.
---@param spans table<integer, askedit.Spans> words of the lines that changed
local function first_lines(lines, spans, window, room, hint)
  local out = {}
  for i, line in ipairs(lines) do
    local rows = added(line, window.width, spans[i])
    local free = room - #out
    local fits = #rows <= (i == #lines and free or free - 1)
    for k = 1, fits and #rows or free - 1 do
      out[#out + 1] = rows[k]
    end
    if not fits then
      out[#out + 1] = remark(more(#lines - i + 1, free > 1) .. hint)
      return out
    end
  end
  return out
end

-- The last of these lines, at most `room` rows, below the number of those that are not there.
local function last_lines(lines, hidden, window, room)
  local out, first = {}, #lines + 1
  while first > 1 do
    local rows = added(lines[first - 1], window.width)
    if #out > 0 and #out + #rows > room then
      break
    end
    for k = #rows, 1, -1 do
      table.insert(out, 1, rows[k])
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

--- Makes Neovim draw rows anew, with what stands below them, where it would not: it takes virtual lines for a
--- part of the line behind them, and draws nothing where that is below the window; and it does not notice
--- that an undo took their mark elsewhere. A highlight over the rows does it. (It cannot be that of the same
--- mark: 0.7 shows the lines of one with an end twice.)
---@param buf integer
---@param first integer
---@param last integer
function M.anew(buf, first, last)
  local count = api.nvim_buf_line_count(buf)
  local options = { end_row = math.min(last, count - 1), end_col = 0, hl_group = 'AskeditStatus' }
  first = math.max(math.min(first, options.end_row), 0)
  api.nvim_buf_del_extmark(buf, marks, api.nvim_buf_set_extmark(buf, marks, first, 0, options))
end

-- Of rows that move when virtual lines become more or fewer, Neovim draws some anew, and leaves out others.
local function draw_rows_in_sight_anew(buf)
  for _, win in ipairs(windows_of(buf)) do
    M.anew(buf, fn.line('w0', win) - 2, fn.line('w$', win) + 1)
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
  else
    draw_rows_in_sight_anew(buf)
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

local WORD_PRIORITY = 4097 -- just above the mark of the whole, which has what marks have

-- As far as they can be seen together with the first of them.
local function mark_old_words(buf, place, spans, last, ids)
  local first_id = #ids
  for i = 1, last do
    local row, column = place.r1 + i - 1, i == 1 and place.c1 or 0
    for _, span in ipairs(spans[i] or NO_SPANS) do
      if #ids - first_id == MOST_MARKS then
        return
      end
      ids[#ids + 1] = api.nvim_buf_set_extmark(buf, marks, row, column + span[1], {
        end_row = row,
        end_col = column + span[2],
        hl_group = 'AskeditDeleteWord',
        priority = WORD_PRIORITY,
      })
    end
  end
end

-- What was found for the new lines of a hunk, and for which old ones. Hunks are drawn again and again.
local found = setmetatable({}, { __mode = 'k' })

local NOTHING_CHANGED = { old = {}, new = {}, only_blanks = false }

local function is_same(lines, others)
  local same = #lines == #others
  for i = 1, same and #lines or 0 do
    same = same and lines[i] == others[i]
  end
  return same
end

---@return askedit.ChangedWords
local function changed_words(hunk)
  if not hunk.old then
    return NOTHING_CHANGED
  end
  local last = found[hunk.new]
  if not last or not is_same(last.old, hunk.old) or not is_same(last.new, hunk.new) then
    local changed = words.changed(hunk.old, hunk.new) or NOTHING_CHANGED
    last = { old = vim.list_slice(hunk.old), new = vim.list_slice(hunk.new), changed = changed }
    found[hunk.new] = last
  end
  return last.changed
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

-- What is told below the new lines of a hunk.
local function hunk_remarks(said, changed, width)
  local out = changed.only_blanks and remarks('only blanks change', width) or {}
  for _, warning in ipairs(said.warnings or {}) do
    extend(out, remarks('⚠ ' .. warning, width, 'AskeditFault'))
  end
  if said.status then
    extend(out, remarks(said.status, width))
  end
  return out
end

--- Draws a hunk: its old lines marked, the new ones below, and the words that differ. The last id is that of
--- the virtual lines, if there are any.
---@param buf integer
---@param place askedit.DrawnPlace
---@param hunk {old: string[]|nil, new: string[]} `old` is the text at the place; nil: no words are marked
---@param said {status: string|nil, hint: string, warnings: string[]|nil}
---@return integer[] ids
function M.hunk(buf, place, hunk, said)
  local window, ids, changed = M.window(buf), {}, changed_words(hunk)
  if place.r2 > place.r1 or place.c2 > place.c1 then
    ids[1] = mark_old(buf, place)
  end
  if hunk.old then
    mark_old_words(buf, place, changed.old, math.min(#hunk.old, window.height), ids)
  end
  local below = hunk_remarks(said, changed, window.width)
  local room = math.max(math.floor(window.height / 2) - #below, 1)
  local shown = first_lines(hunk.new, changed.new, window, room, said.hint)
  extend(shown, below)
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

--- Whether the mark of a hunk's old lines is where they are.
---@param buf integer
---@param id integer
---@param place askedit.DrawnPlace
---@return boolean
function M.covers(buf, id, place)
  local row, column, details = unpack(api.nvim_buf_get_extmark_by_id(buf, marks, id, { details = true }))
  local is_start = row == place.r1 and column == place.c1
  return is_start and details.end_row == place.r2 and details.end_col == place.c2
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
