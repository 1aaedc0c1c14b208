--- What a question is about: the selected text exactly as it is, where it stands, and facts about it.
--- Leaves registers, marks, the view and the window alone; ends Visual mode as any operator does.
local block = require('askedit.block')

local M = {}

local MAX_DIAGNOSTICS = 20
local SEVERITIES = { 'error', 'warning', 'info', 'hint' }
local LINES_BEFORE, LINES_AFTER = 60, 30
local BYTES_AROUND = 4096
local END_OF_LINE = 2147483647 -- 'curswant' after $

local fn, api = vim.fn, vim.api

-- Where -------------------------------------------------------------------------------------------------

---@class askedit.Spot a place in a buffer; rows and byte columns from 0
---@field buf integer
---@field kind 'lines'|'chars'|'block' lines: whole lines r1 to r2-1; chars: from r1,c1 to before r2,c2
---@field r1 integer
---@field c1 integer
---@field r2 integer
---@field c2 integer
---@field block? askedit.Block of kind 'block', whose rows are those of 'lines'
---@field ends_on_break? boolean the selection took the last line's break along

-- Where a blockwise selection ends follows from its last cursor movement, which Visual mode alone knows.
local function goes_to_line_end(keys)
  if keys == '' then
    return fn.winsaveview().curswant == END_OF_LINE
  end
  local view = fn.winsaveview()
  vim.cmd('noautocmd silent keepjumps normal! ' .. keys)
  local to_end = fn.winsaveview().curswant == END_OF_LINE
  vim.cmd('noautocmd silent keepjumps normal! \27')
  fn.winrestview(view)
  return to_end
end

-- Yanking is the only way that is right for all kinds of selections, so `z` and the unnamed register are
-- put back. `keys` select: none while Visual mode is on, `gv` afterwards.
local function yank(keys)
  local z, unnamed = fn.getreginfo('z'), fn.getreginfo('"')
  local opening, closing, view = fn.getpos("'["), fn.getpos("']"), fn.winsaveview()
  vim.cmd('noautocmd silent keepjumps normal! ' .. keys .. '"zy')
  local taken, first = fn.getreginfo('z'), fn.getpos("'[")
  local corners = { fn.getpos("'<"), fn.getpos("'>") }
  fn.setreg('z', next(z) and z or {})
  local stood_for = (unnamed.points_to or ''):match('[%w-]') or '0'
  if stood_for ~= 'z' then
    fn.setreg(stood_for, vim.tbl_extend('force', fn.getreginfo(stood_for), { isunnamed = true }))
  end
  fn.setpos("'[", opening)
  fn.setpos("']", closing)
  fn.winrestview(view)
  return taken, first, corners
end

-- Vim keeps a NUL as a line feed inside a line.
local function joined(lines, linewise)
  local parts = {}
  for i, line in ipairs(lines) do
    parts[i] = (line:gsub('\n', '\0'))
  end
  return table.concat(parts, '\n') .. (linewise and '\n' or '')
end

-- 'list' shows tabs as ^I if 'listchars' has nothing for them.
local function tabs_are_chars()
  return fn.strdisplaywidth('\t', 0) == 2 and fn.strdisplaywidth('\t', 1) == 2
end

-- Columns are counted as if no line were wrapped: 'showbreak' and 'linebreak' take some that hold no text.
local function block_of(corners, width, to_end)
  local found = {
    width = width,
    to_end = to_end,
    tabstop = vim.bo.tabstop,
    vartabstop = vim.bo.vartabstop,
    tabs_are_chars = tabs_are_chars(),
  }
  local function column_of(corner)
    return block.columns(fn.getline(corner[2]):sub(1, corner[3] - 1), found) + corner[4] + 1
  end
  found.left = math.min(column_of(corners[1]), column_of(corners[2]))
  return found
end

local function spot_of_lines(first, last)
  return { buf = api.nvim_get_current_buf(), kind = 'lines', r1 = first - 1, c1 = 0, r2 = last, c2 = 0 }
end

-- `v$` takes the line break along, which shows as an empty item at the end and is no line of its own: a
-- selected line break stays one.
local function spot_of_chars(lines, first)
  local last = first[2] + #lines - 1
  local from = math.min(first[3] - 1, #fn.getline(first[2]))
  local to = math.min((#lines == 1 and from or 0) + #lines[#lines], #fn.getline(last))
  local spot = spot_of_lines(first[2], last)
  spot.kind, spot.c1, spot.r2, spot.c2 = 'chars', from, last - 1, to
  if #lines > 1 and lines[#lines] == '' then
    spot.r2, spot.c2, spot.ends_on_break = last - 2, #fn.getline(last - 1), true
  end
  return spot
end

local function selected(keys, kind_of_block)
  local to_end = kind_of_block and goes_to_line_end(keys)
  local taken, first, corners = yank(keys)
  local lines, kind = taken.regcontents or {}, (taken.regtype or 'V'):sub(1, 1)
  if #lines == 0 then
    lines = { '' }
  end
  local last = math.min(first[2] + #lines - 1, fn.line('$'))
  local spot
  if kind == 'v' then
    spot = spot_of_chars(lines, first)
  else
    spot = spot_of_lines(first[2], last)
  end
  if kind == '\22' then
    spot.kind = 'block'
    spot.block = block_of(corners, tonumber(taken.regtype:sub(2)), to_end or false)
  end
  return joined(lines, kind == 'V'), spot
end

-- Facts -------------------------------------------------------------------------------------------------

local function diagnostics(buf, first, last)
  local found = {}
  for _, d in ipairs(vim.diagnostic.get(buf)) do
    local from, to = d.lnum + 1, (d.end_lnum or d.lnum) + 1
    if from <= last and math.max(to, from) >= first and #found < MAX_DIAGNOSTICS then
      found[#found + 1] = { line = from, severity = SEVERITIES[d.severity] or 'info', message = d.message }
    end
  end
  return found
end

local function name_of(buf)
  local name = api.nvim_buf_get_name(buf)
  return name ~= '' and fn.fnamemodify(name, ':~:.') or ''
end

local function with_facts(code, spot)
  local first, last = spot.r1 + 1, spot.kind == 'chars' and spot.r2 + 1 or spot.r2
  return {
    code = code,
    first = first,
    last = math.max(first, last),
    file = name_of(spot.buf),
    filetype = vim.bo[spot.buf].filetype,
    diagnostics = diagnostics(spot.buf, first, last),
  }
end

local function indentation(buf)
  local options = vim.bo[buf]
  local width = options.shiftwidth > 0 and options.shiftwidth or options.tabstop
  if options.expandtab then
    return ('%d spaces'):format(width)
  end
  return ('tabs, %d columns wide'):format(options.tabstop)
end

-- Of a line that is too long, no half character.
local function first_bytes(text)
  return #text <= BYTES_AROUND and text or (text:sub(1, BYTES_AROUND):gsub('[\192-\255][\128-\191]*$', ''))
end

local function last_bytes(text)
  return #text <= BYTES_AROUND and text or (text:sub(-BYTES_AROUND):gsub('^[\128-\191]+', ''))
end

-- At most so many bytes, whole lines only; the ones that are nearest to the place.
local function near(lines, from_end, used)
  local kept, bytes = {}, used or 0
  for i = 1, #lines do
    local line = lines[from_end and #lines + 1 - i or i]
    bytes = bytes + #line + 1
    if bytes > BYTES_AROUND then
      break
    end
    table.insert(kept, from_end and 1 or #kept + 1, line)
  end
  return #kept > 0 and table.concat(kept, '\n') .. '\n' or ''
end

--- What a change needs to know besides: the lines around the place, and how they are indented.
---@param context askedit.Context is added to
---@param spot askedit.Spot
---@return askedit.Context
function M.around(context, spot)
  local buf, next_row = spot.buf, spot.kind == 'chars' and spot.r2 + 1 or spot.r2
  local above = api.nvim_buf_get_lines(buf, math.max(spot.r1 - LINES_BEFORE, 0), spot.r1, false)
  local below = api.nvim_buf_get_lines(buf, next_row, next_row + LINES_AFTER, false)
  context.before, context.after = near(above, true), near(below, false)
  if spot.kind == 'chars' then
    local head = api.nvim_buf_get_lines(buf, spot.r1, spot.r1 + 1, true)[1]:sub(1, spot.c1)
    local tail = api.nvim_buf_get_lines(buf, spot.r2, spot.r2 + 1, true)[1]:sub(spot.c2 + 1)
    context.before = near(above, true, #head) .. last_bytes(head)
    context.after = first_bytes(tail) .. '\n' .. near(below, false, #tail)
  end
  context.indent = indentation(buf)
  return context
end

-- Capture -----------------------------------------------------------------------------------------------

local function visual_mode_is_on()
  return api.nvim_get_mode().mode:find('^[vV\22]') ~= nil
end

-- `:'<,'>Ask` gives line numbers only. It meant the selection if the command line that was just left had that
-- range before this command (nothing else but modifiers), and the marks are still where the range is.
local function range_is_selection(opts)
  local typed = opts.cmdline or ''
  return typed:find("^[%s:%w!]*'<,'>[%s%w!]*%f[%w]As?k?%f[%W]") ~= nil
    and typed:find(opts.args, 1, true) ~= nil
    and fn.line("'<") == opts.line1
    and fn.line("'>") == opts.line2
end

--- The context of a command or map, and where it is: the Visual selection, the range, or {} without either.
---@param opts {range?: integer, line1?: integer, line2?: integer, args?: string, cmdline?: string}
---@return askedit.Context
---@return askedit.Spot|nil
function M.capture(opts)
  local code, spot
  if visual_mode_is_on() then
    code, spot = selected('', api.nvim_get_mode().mode == '\22')
  elseif (opts.range or 0) == 0 then
    return {}
  elseif range_is_selection(opts) then
    code, spot = selected('gv', fn.visualmode() == '\22')
  else
    spot = spot_of_lines(opts.line1, math.min(opts.line2, fn.line('$')))
    code = table.concat(api.nvim_buf_get_lines(0, spot.r1, spot.r2, false), '\n') .. '\n'
  end
  return with_facts(code, spot), spot
end

-- Byte column behind the character at a mark, whose column may be that of any of its bytes.
local function behind(mark)
  local line = fn.getline(mark[2])
  local char = fn.charidx(line, math.min(mark[3] - 1, math.max(#line - 1, 0)))
  local byte = char < 0 and -1 or fn.byteidx(line, char + 1)
  return byte < 0 and #line or byte
end

local function spot_between(opening, closing)
  local spot = spot_of_lines(opening[2], closing[2])
  spot.kind, spot.r2 = 'chars', closing[2] - 1
  spot.c1, spot.c2 = math.min(opening[3] - 1, #fn.getline(opening[2])), behind(closing)
  -- A motion over nothing leaves the marks in the wrong order.
  if spot.r2 < spot.r1 or (spot.r2 == spot.r1 and spot.c2 < spot.c1) then
    spot.r2, spot.c2 = spot.r1, spot.c1
  end
  return spot
end

-- A motion that is made blockwise goes through Visual mode. The marks of that are at its corners, while those
-- of the motion end where a line does. `.` after a Visual selection sets only the latter.
local function has_visual_marks(opening, closing)
  return fn.visualmode() == '\22' and fn.line("'<") == opening[2] and fn.line("'>") == closing[2]
end

local function spot_of_corners(opening, closing)
  local spot = spot_of_lines(opening[2], closing[2])
  spot.kind, spot.block = 'block', block_of({ opening, closing }, 0, false)
  local right = block.columns(fn.getline(closing[2]):sub(1, behind(closing)), spot.block)
  spot.block.width = right - spot.block.left + 1
  return spot
end

--- The context of what a motion went over, in an 'operatorfunc'.
---@param kind 'char'|'line'|'block'
---@return askedit.Context
---@return askedit.Spot
function M.capture_motion(kind)
  local opening, closing = fn.getpos("'["), fn.getpos("']")
  if kind == 'block' and has_visual_marks(opening, closing) then
    local code, spot = selected('gv', true)
    return with_facts(code, spot), spot
  end
  local spot
  if kind == 'block' then
    spot = spot_of_corners(opening, closing)
  elseif kind == 'char' then
    spot = spot_between(opening, closing)
  else
    spot = spot_of_lines(opening[2], closing[2])
  end
  return M.again(spot), spot
end

-- A line that holds nothing but blanks gives its place; below any other the text begins a line of its own.
local function spot_at_cursor()
  local row, column = unpack(api.nvim_win_get_cursor(0))
  if api.nvim_get_mode().mode:find('^[iR]') then
    local spot = spot_of_lines(row, row - 1)
    spot.kind, spot.c1, spot.r2, spot.c2 = 'chars', column, row - 1, column
    return spot
  end
  local blank = not api.nvim_get_current_line():find('%S')
  return blank and spot_of_lines(row, row) or spot_of_lines(row + 1, row)
end

--- The context of text that is to be written at a place.
---@param spot askedit.Spot
---@return askedit.Context
function M.at(spot)
  local context = with_facts(nil, spot)
  context.diagnostics, context.cursor = {}, true
  return context
end

--- The context of text that is to be written where the cursor is.
---@return askedit.Context
---@return askedit.Spot
function M.at_cursor()
  local spot = spot_at_cursor()
  return M.at(spot), spot
end

--- The place below a selection.
---@param spot askedit.Spot
---@return askedit.Spot
function M.below(spot)
  local row = spot.kind == 'chars' and spot.r2 + 1 or spot.r2
  return { buf = spot.buf, kind = 'lines', r1 = row, c1 = 0, r2 = row, c2 = 0 }
end

--- What an edit's place holds now.
---@param spot askedit.Spot
---@return askedit.Context
function M.again(spot)
  local lines
  if spot.kind == 'chars' then
    lines = api.nvim_buf_get_text(spot.buf, spot.r1, spot.c1, spot.r2, spot.c2, {})
  else
    lines = api.nvim_buf_get_lines(spot.buf, spot.r1, spot.r2, true)
  end
  if spot.kind == 'block' then
    lines = block.rows(lines, spot.block)
  end
  local ends = spot.kind == 'lines' or spot.ends_on_break
  return with_facts(table.concat(lines, '\n') .. (ends and '\n' or ''), spot)
end

return M
