--- The keys of a buffer in which a change is open: there only then, and what they covered is as before
--- afterwards.
local M = {}

local api = vim.api

local saved = {} ---@type table<integer, askedit.OpenKey[]>

---@class askedit.OpenKey
---@field lhs string
---@field rhs string ours
---@field desc string ours
---@field covered table|nil the map that was there

local function key_of(lhs)
  return api.nvim_replace_termcodes(lhs, true, true, true)
end

local function map_at(buf, lhs)
  for _, map in ipairs(api.nvim_buf_get_keymap(buf, 'n')) do
    if key_of(map.lhs) == key_of(lhs) then
      return map
    end
  end
end

local function is_ours(map, row)
  return map ~= nil and map.rhs == row.rhs and map.desc == row.desc
end

-- Whether a map of several modes is still what is left of it after Normal mode was taken from it.
local function rest_is_there(lhs, map)
  for _, mode in ipairs({ 'x', 's', 'o' }) do
    local rest = vim.fn.maparg(lhs, mode, false, true)
    if rest.mode_bits == map.mode_bits - 1 then
      rest.mode, rest.mode_bits = map.mode, map.mode_bits
      return vim.deep_equal(rest, map)
    end
  end
  return false
end

-- From 0.10 on Neovim does this itself. Before, `<SID>` has to be written out, as it is known only to the
-- script.
local function put_back(buf, lhs, map)
  if vim.fn.has('nvim-0.10') == 1 then
    return api.nvim_buf_call(buf, function()
      if rest_is_there(lhs, map) then
        vim.fn.mapset(map)
      else
        vim.fn.mapset('n', false, map)
      end
    end)
  end
  local rhs = (map.rhs or ''):gsub('<[sS][iI][dD]>', '<SNR>' .. (map.sid or 0) .. '_')
  api.nvim_buf_set_keymap(buf, 'n', lhs, rhs, {
    noremap = map.noremap == 1,
    expr = map.expr == 1,
    silent = map.silent == 1,
    nowait = map.nowait == 1,
    script = map.script == 1 or nil,
    desc = map.desc,
    callback = map.callback,
  })
end

-- maparg() of 0.7 has a number where a function was mapped; that of 0.10 is what mapset() takes.
local function covered_by(buf, lhs)
  local map = map_at(buf, lhs)
  if map and vim.fn.has('nvim-0.10') == 1 then
    return api.nvim_buf_call(buf, function()
      return vim.fn.maparg(lhs, 'n', false, true)
    end)
  end
  return map
end

--- Maps the keys in a buffer. Nothing happens if they are mapped already.
---@param buf integer
---@param rows {lhs: string, command: string, desc: string}[]
function M.on(buf, rows)
  if saved[buf] then
    return
  end
  saved[buf] = {}
  for _, row in ipairs(rows) do
    local ours = {
      lhs = row.lhs,
      rhs = ('<Cmd>Ask %s<CR>'):format(row.command),
      desc = 'askedit: ' .. row.desc,
      covered = covered_by(buf, row.lhs),
    }
    table.insert(saved[buf], ours)
    local options = { noremap = true, silent = true, nowait = true, desc = ours.desc }
    api.nvim_buf_set_keymap(buf, 'n', ours.lhs, ours.rhs, options)
  end
end

--- Takes the keys away. One that somebody has mapped anew meanwhile stays theirs.
---@param buf integer
function M.off(buf)
  local rows = saved[buf] or {}
  saved[buf] = nil
  if not api.nvim_buf_is_valid(buf) then
    return
  end
  for _, row in ipairs(rows) do
    if is_ours(map_at(buf, row.lhs), row) then
      api.nvim_buf_del_keymap(buf, 'n', row.lhs)
      if row.covered then
        put_back(buf, row.lhs, row.covered)
      end
    end
  end
end

return M
