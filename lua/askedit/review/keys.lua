--- The keys of a buffer in which a change is open: there only then, and what they covered is as before
--- afterwards.
local M = {}

local fn, api = vim.fn, vim.api

-- By the names of the option `keys`. Those that walk do in a window with 'diff' what they do without us, and
-- give way to maps that somebody else has in the buffer, which walk through something, too.
local KEYS = {
  accept = { modes = { 'n', 'x' }, desc = 'take the hunk' },
  reject = { modes = { 'n', 'x' }, desc = 'reject the hunk' },
  open = { modes = { 'n' }, desc = 'open the hunk' },
  next = { modes = { 'n' }, desc = 'go to the next hunk', walks = true },
  prev = { modes = { 'n' }, desc = 'go to the hunk before', walks = true },
}
local OTHERS = { [']c'] = ']h', ['[c'] = '[h' }

-- As Neovim counts the modes of a map.
local MODE_BITS = { n = 1, x = 2, s = 64, o = 4, i = 16, c = 8 }

local saved = {} ---@type table<integer, askedit.OpenKey[]>

---@class askedit.OpenKey
---@field lhs string
---@field mode string
---@field command string in the right side of ours
---@field desc string ours
---@field covered table|nil the map that was there
---@field plug string|nil ours for the map that is there in all buffers

local function key_of(lhs)
  return api.nvim_replace_termcodes(lhs, true, true, true)
end

local function find(maps, lhs)
  local key = key_of(lhs)
  for _, map in ipairs(maps) do
    if map.lhs == lhs or key_of(map.lhs) == key then
      return map
    end
  end
end

local function map_at(buf, mode, lhs)
  return find(api.nvim_buf_get_keymap(buf, mode), lhs)
end

-- Not by all of `rhs`: Neovim has other words there for a key like <leader>.
local function is_ours(map, row)
  return map ~= nil and map.desc == row.desc and (map.rhs or ''):find(row.command, 1, true) ~= nil
end

-- Whether a map of several modes is still what is left of it after one was taken from it.
local function rest_is_there(lhs, mode, map)
  for other in pairs(MODE_BITS) do
    local rest = fn.maparg(lhs, other, false, true)
    if other ~= mode and rest.mode_bits == map.mode_bits - MODE_BITS[mode] then
      rest.mode, rest.mode_bits = map.mode, map.mode_bits
      return vim.deep_equal(rest, map)
    end
  end
  return false
end

-- A map as the API lists it, for a key of a buffer. `<SID>` has to be written out, as it is known only to the
-- script.
local function put(buf, mode, lhs, map)
  local rhs = (map.rhs or ''):gsub('<[sS][iI][dD]>', '<SNR>' .. (map.sid or 0) .. '_')
  api.nvim_buf_set_keymap(buf, mode, lhs, rhs, {
    noremap = map.noremap == 1,
    expr = map.expr == 1,
    silent = map.silent == 1,
    nowait = map.nowait == 1,
    script = map.script == 1 or nil,
    desc = map.desc,
    callback = map.callback,
    replace_keycodes = fn.has('nvim-0.8') == 1 and map.expr == 1 and map.replace_keycodes == 1 or nil,
  })
end

-- From 0.10 on Neovim does this itself.
local function put_back(buf, row)
  local lhs, mode, map = row.lhs, row.mode, row.covered
  if fn.has('nvim-0.10') == 0 then
    return put(buf, mode, lhs, map)
  end
  api.nvim_buf_call(buf, function()
    if rest_is_there(lhs, mode, map) then
      fn.mapset(map)
    else
      fn.mapset(mode, false, map)
    end
  end)
end

-- maparg() of 0.7 has a number where a function was mapped; that of 0.10 is what mapset() takes.
local function covered_by(buf, mode, lhs)
  local map = map_at(buf, mode, lhs)
  if map and fn.has('nvim-0.10') == 1 then
    return api.nvim_buf_call(buf, function()
      return fn.maparg(lhs, mode, false, true)
    end)
  end
  return map
end

-- What a key does without us, where it is mapped in all buffers, under a name that can be given back for it.
local function keep_global(buf, lhs, name)
  local map = find(api.nvim_get_keymap('n'), lhs)
  if map then
    local plug = ('<Plug>(askedit-covered-%s)'):format(name)
    put(buf, 'n', plug, map)
    return plug
  end
end

local function cover(buf, lhs, mode, name)
  local key = KEYS[name]
  local command, plug = 'Ask /' .. name, nil
  local rhs = ('<Cmd>%s<CR>'):format(command)
  if key.walks then
    plug = keep_global(buf, lhs, name)
    local without_us = plug and '"\\' .. plug .. '"' or "'" .. lhs:gsub("'", "''") .. "'"
    rhs = ([[&diff ? %s : "\<Cmd>%s\<CR>"]]):format(without_us, command)
  end
  local ours = {
    lhs = lhs,
    mode = mode,
    command = command,
    desc = 'askedit: ' .. key.desc,
    plug = plug,
    covered = covered_by(buf, mode, lhs),
  }
  local options = { noremap = not plug, silent = true, nowait = true, desc = ours.desc, expr = key.walks }
  api.nvim_buf_set_keymap(buf, mode, lhs, rhs, options)
  return ours
end

-- Both walk with the same letter.
local function are_taken(buf, keys)
  for _, lhs in ipairs({ keys.next or nil, keys.prev or nil }) do
    if map_at(buf, 'n', lhs) then
      return true
    end
  end
  return false
end

--- Maps the keys in a buffer. Nothing happens if they are mapped already.
---@param buf integer
---@param keys table<string, string|false> by name, as in the settings
function M.on(buf, keys)
  if saved[buf] then
    return
  end
  saved[buf] = {}
  local gives_way = are_taken(buf, keys)
  for name, key in pairs(KEYS) do
    local lhs = keys[name]
    if lhs and key.walks and gives_way then
      lhs = OTHERS[lhs] or lhs
    end
    for _, mode in ipairs(lhs and key.modes or {}) do
      table.insert(saved[buf], cover(buf, lhs, mode, name))
    end
  end
end

--- The same in a buffer that shows one hunk: only in Normal mode, as there is no part of it to be selected.
---@param buf integer
---@param keys table<string, string|false>
function M.on_whole(buf, keys)
  saved[buf] = {}
  for name, lhs in pairs(keys) do
    if lhs then
      table.insert(saved[buf], cover(buf, lhs, 'n', name))
    end
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
  -- A map of several modes that was taken apart is put together the other way round.
  for i = #rows, 1, -1 do
    local row = rows[i]
    if row.plug then
      pcall(api.nvim_buf_del_keymap, buf, 'n', row.plug)
    end
    if is_ours(map_at(buf, row.mode, row.lhs), row) then
      api.nvim_buf_del_keymap(buf, row.mode, row.lhs)
      if row.covered then
        put_back(buf, row)
      end
    end
  end
end

return M
