--- Blockwise text: the rows that a block cuts out of lines, and the lines after other rows were put there.
--- Both come out as by Vim's own yank and put. Those would take along what `.` repeats, the numbered
--- registers and Visual mode, and an answer can end at any time.
local M = {}

local fn = vim.fn

---@class askedit.Block columns of the screen, from 1
---@field left integer
---@field width integer
---@field to_end boolean every row goes to the end of its line
---@field tabstop integer
---@field vartabstop string
---@field tabs_are_chars boolean tabs show as ^I

local function tab_width(block, column)
  if block.tabs_are_chars then
    return 2
  end
  local stop, size = 0, block.tabstop
  for number in block.vartabstop:gmatch('%d+') do
    size = tonumber(number)
    stop = stop + size
    if column < stop then
      return stop - column
    end
  end
  return size - (column - stop) % size
end

-- Calls `each(char, first, behind)` for the characters of a text, composed ones as one, with their columns
-- from 0. The text begins at `column`; returns the one behind it. A NUL is a line feed to Vim.
local function walk(text, block, column, each)
  for _, char in ipairs(fn.split((text:gsub('%z', '\n')), '\\zs')) do
    local behind = column + (char == '\t' and tab_width(block, column) or fn.strdisplaywidth(char))
    each(char == '\n' and '\0' or char, column, behind)
    column = behind
  end
  return column
end

--- How many columns a text takes at the start of a line.
---@param text string
---@param block askedit.Block
---@return integer
function M.columns(text, block)
  return walk(text, block, 0, function() end)
end

local function blanks(count)
  return (' '):rep(math.max(count, 0))
end

-- What is before, in and behind the block, and the width of it all. A character that an edge cuts is blanks
-- on both of its sides.
local function cut(line, block)
  local left = block.left - 1
  local right = block.to_end and math.huge or left + block.width
  local head, row, tail = {}, {}, {}
  local width = walk(line, block, 0, function(char, first, behind)
    if behind <= left then
      head[#head + 1] = char
    elseif first >= right then
      tail[#tail + 1] = char
    elseif first >= left and behind <= right then
      row[#row + 1] = char
    else
      head[#head + 1] = blanks(left - first)
      row[#row + 1] = blanks(math.min(behind, right) - math.max(first, left))
      tail[#tail + 1] = blanks(behind - right)
    end
  end)
  return table.concat(head), table.concat(row), table.concat(tail), width
end

--- The rows of a block.
---@param lines string[] the whole lines that it covers
---@param block askedit.Block
---@return string[]
function M.rows(lines, block)
  return vim.tbl_map(function(line)
    return (select(2, cut(line, block)))
  end, lines)
end

local function width_of(row, block)
  local left = block.left - 1
  return walk(row, block, left, function() end) - left
end

-- Short lines are filled up to the block if something is put there, rows if something is behind them.
local function with_row(line, block, row, width)
  local head, _, tail, line_width = cut(line, block)
  if row == '' and tail == '' then
    return head
  end
  local fill = tail ~= '' and blanks(width - width_of(row, block)) or ''
  return head .. blanks(block.left - 1 - line_width) .. row .. fill .. tail
end

--- The lines with other rows in the block's place.
---@param lines string[]
---@param block askedit.Block
---@param rows string[] as many as there are lines
---@return string[]
function M.replace(lines, block, rows)
  local width, out = 0, {}
  for _, row in ipairs(rows) do
    width = math.max(width, width_of(row, block))
  end
  for i, line in ipairs(lines) do
    out[i] = with_row(line, block, rows[i], width)
  end
  return out
end

return M
