--- How the lines of an answer become those of the place they are for: as rows of a block, or as far indented
--- as the blank line that they take the place of.
local block = require('askedit.block')

local api = vim.api

local M = {}

--- What each line of a text begins with that takes the place of a blank line: that was indented to where it
--- goes.
---@param spot askedit.Spot
---@return string
function M.indent_of(spot)
  if spot.kind ~= 'lines' or spot.r2 ~= spot.r1 + 1 then
    return ''
  end
  return api.nvim_buf_get_lines(spot.buf, spot.r1, spot.r2, true)[1]
end

local function indented(lines, indent)
  if indent == '' then
    return lines
  end
  local is_indented = true
  for _, line in ipairs(lines) do
    is_indented = is_indented and (not line:find('%S') or line:sub(1, #indent) == indent)
  end
  if is_indented then
    return lines
  end
  return vim.tbl_map(function(line)
    return line:find('%S') and indent .. line or line
  end, lines)
end

--- The new text of the whole region of an edit.
---@param edit askedit.Edit
---@param lines string[] of the answer
---@return string[]|nil
---@return string|nil fault why they do not fit
function M.fit(edit, lines)
  if not edit.block then
    return indented(lines, edit.indent)
  end
  local count = #edit.region.base
  if #lines ~= count then
    return nil, ('the block has %d rows and the answer %d: nothing was changed'):format(count, #lines)
  end
  return block.replace(edit.region.base, edit.block, lines)
end

return M
