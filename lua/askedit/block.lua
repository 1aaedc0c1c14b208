--- Blockwise text: the rows that a block cuts out of lines, and the lines after other rows were put there.
--- Both are Vim's own yank and put in a buffer that nobody sees, so tabs, wide characters and short lines
--- come out as Vim does it.
local compat = require('askedit.compat')

local M = {}

local fn, api = vim.fn, vim.api

---@class askedit.Block columns of the screen, from 1
---@field left integer
---@field width integer
---@field to_end boolean every row goes to the end of its line
---@field tabstop integer
---@field vartabstop string

-- Lines as registers hold them: a NUL is a line feed there.
local function to_register(rows)
  return vim.tbl_map(function(row)
    return (row:gsub('%z', '\n'))
  end, rows)
end

local function from_register(rows)
  return vim.tbl_map(function(row)
    return (row:gsub('\n', '\0'))
  end, rows)
end

-- Selects the whole block with its guards and runs `command` on it.
local function on_block(block, command)
  local right = block.to_end and '$' or block.left + block.width - 1 .. '|'
  vim.cmd(('silent keepjumps normal! gg%d|\22G%s"z%s'):format(block.left, right, command))
end

local function with_z(rows, body)
  local z, unnamed = fn.getreginfo('z'), fn.getreginfo('"')
  if rows then
    fn.setreg('z', to_register(rows), '\22')
  end
  local ok, result = pcall(body)
  fn.setreg('z', next(z) and z or {})
  local stood_for = (unnamed.points_to or ''):match('[%w-]') or '0'
  if stood_for ~= 'z' then
    fn.setreg(stood_for, vim.tbl_extend('force', fn.getreginfo(stood_for), { isunnamed = true }))
  end
  return ok and result or error(result, 0)
end

-- A line above and one below on which any column can be reached: a corner of the block on a short line or in
-- the middle of a wide character would move its edge.
local function guarded(lines, guard)
  local all = vim.deepcopy(lines)
  table.insert(all, 1, guard)
  all[#all + 1] = guard
  return all
end

local function unguarded(lines)
  return vim.list_slice(lines, 2, #lines - 1)
end

-- Runs `body` in an unseen buffer with these lines.
local function in_copy(lines, block, body)
  local buf = api.nvim_create_buf(false, true)
  local selection, virtualedit = vim.o.selection, vim.o.virtualedit
  local guard = (' '):rep(block.left + block.width)
  local ok, result = pcall(function()
    api.nvim_buf_set_lines(buf, 0, -1, true, guarded(lines, guard))
    return api.nvim_buf_call(buf, function()
      vim.bo[buf].tabstop, vim.bo[buf].vartabstop = block.tabstop, block.vartabstop
      vim.o.selection, vim.o.virtualedit = 'inclusive', ''
      return body(buf)
    end)
  end)
  vim.o.selection, vim.o.virtualedit = selection, virtualedit
  api.nvim_buf_delete(buf, { force = true })
  return ok and result or error(result, 0)
end

--- The rows of a block.
---@param lines string[] the whole lines that it covers
---@param block askedit.Block
---@return string[]
function M.rows(lines, block)
  return compat.quietly(function()
    return in_copy(lines, block, function()
      return with_z(nil, function()
        on_block(block, 'y')
        return from_register(unguarded(fn.getreginfo('z').regcontents))
      end)
    end)
  end)
end

--- The lines with other rows in the block's place.
---@param lines string[]
---@param block askedit.Block
---@param rows string[] as many as there are lines
---@return string[]
function M.replace(lines, block, rows)
  return compat.quietly(function()
    return in_copy(lines, block, function(buf)
      return with_z(guarded(rows, ''), function()
        on_block(block, 'p')
        return unguarded(api.nvim_buf_get_lines(buf, 0, -1, true))
      end)
    end)
  end)
end

return M
