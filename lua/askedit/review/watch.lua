--- What happens to a buffer with edits: they are drawn anew where their lines change or a window does, opened
--- again where an undo brings a hunk back, and closed when the buffer is.
local changes = require('askedit.review.changes')
local keys = require('askedit.review.keys')

local M = {}

local api = vim.api

local LONG = 1000 -- lines of a region that is not compared again with each key
local PATIENCE = 150 -- milliseconds

local attached = {} ---@type table<integer, true>
local due = {} ---@type table<askedit.Edit, true> to be looked at soon
local numbers = {} ---@type table<integer, integer> the newest change to each buffer
local touched = {} ---@type table<integer, true|'all'> buffers that changed since the main loop went round
local on_gone = function(_) end

--- Tells who stops the runs of edits whose buffer is gone.
---@param callback fun(lost: askedit.Edit[])
function M.on_gone(callback)
  on_gone = callback
end

-- They are gone at once, for keys that were typed before; what is drawn, and the rest, goes a little later.
local function lose(buf)
  local lost = changes.take_out(buf)
  for _, edit in ipairs(lost) do
    due[edit] = nil
  end
  vim.schedule(function()
    local were_open = vim.tbl_filter(function(edit)
      local was_open = edit:is_open()
      edit:close('gone')
      edit.region:drop()
      return was_open
    end, lost)
    if #changes.in_buffer(buf) == 0 then
      keys.off(buf)
    end
    if #were_open > 0 then
      on_gone(were_open)
    end
  end)
end

local function look(edit)
  if due[edit] then
    due[edit] = nil
    if edit.state ~= 'gone' and api.nvim_buf_is_loaded(edit.buf) then
      edit:decide()
      if #changes.in_buffer(edit.buf) == 0 then
        keys.off(edit.buf)
      end
    end
  end
end

-- New text has a new number. In the middle of an undo or a redo the number is still an old one.
local function is_undo(buf)
  if buf ~= api.nvim_get_current_buf() then
    return false
  end
  local number = vim.fn.changenr()
  local is_old = number <= (numbers[buf] or 0)
  numbers[buf] = math.max(number, numbers[buf] or 0)
  return is_old and api.nvim_get_mode().mode == 'n'
end

-- What an undo opens again is to be seen at once.
local function look_soon(edit, is_undone)
  if due[edit] then
    return
  end
  local can_wait = #edit.region.base > LONG and (edit:is_open() or not is_undone)
  due[edit] = true
  vim.defer_fn(function()
    look(edit)
  end, can_wait and PATIENCE or 0)
end

--- Looks at once at all that is to be looked at soon: a command is about what stands there now.
function M.catch_up()
  for _, edit in ipairs(vim.tbl_keys(due)) do
    look(edit)
  end
end

-- The next key may have been typed already, in a macro for one. Whether an undo opened the edit again can be
-- told only when it is over.
local function expect_keys(edit)
  if not edit:is_open() then
    keys.on(edit.buf, edit.keys)
  end
end

-- The rows are those of this moment; nothing may be drawn in it. Where a command changes lines in many
-- places the rows of the later ones say nothing: the marks of an undo are put back only at its end. There can
-- also be many edits that an undo may open again. So all are looked at then, once.
local function lines_changed(buf, first, last)
  local seen = touched[buf]
  if seen == 'all' then
    return
  elseif not seen then
    vim.schedule(function()
      touched[buf] = nil
    end)
  end
  touched[buf] = seen and 'all' or true
  local is_undone = is_undo(buf)
  for _, edit in ipairs(changes.watched(buf)) do
    local r1, behind = edit.region:rows()
    if r1 and (seen or (first <= behind and last >= r1)) then
      look_soon(edit, is_undone)
      if is_undone then
        expect_keys(edit)
      end
    end
  end
end

local function attach(buf)
  local function gone()
    lose(buf)
  end
  attached[buf] = api.nvim_buf_attach(buf, false, {
    on_lines = function(_, _, _, first, _, last)
      if not changes.is_watched(buf) then
        attached[buf] = nil
        return true
      end
      lines_changed(buf, first, last)
    end,
    on_reload = gone, -- goes on to hear the buffer
    on_detach = function()
      attached[buf] = nil
      gone()
    end,
  })
end

--- Watches a buffer as long as there are edits in it that are open or may be again.
---@param buf integer
function M.buffer(buf)
  if not attached[buf] then
    numbers[buf] = api.nvim_buf_call(buf, vim.fn.changenr)
    attach(buf)
  end
end

return M
