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
local touched = {} ---@type table<integer, true|'all'> buffers that changed since the main loop went round
local on_gone = function(_) end

--- Tells who stops the runs of edits whose buffer is gone.
---@param callback fun(lost: askedit.Edit[])
function M.on_gone(callback)
  on_gone = callback
end

local function lose(buf)
  local lost = changes.in_buffer(buf)
  for _, edit in ipairs(lost) do
    edit:close('gone')
    edit.region:drop()
  end
  changes.forget_buffer(buf)
  keys.off(buf)
  if #lost > 0 then
    on_gone(lost)
  end
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

-- What an undo opens again is to be seen at once.
local function can_wait(edit)
  local is_typing = api.nvim_get_mode().mode ~= 'n'
  return #edit.region.base > LONG and (edit:is_open() or is_typing)
end

local function look_soon(edit)
  if due[edit] then
    return
  end
  due[edit] = true
  vim.defer_fn(function()
    look(edit)
  end, can_wait(edit) and PATIENCE or 0)
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
  if not edit:is_open() and api.nvim_get_mode().mode == 'n' then
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
  for _, edit in ipairs(changes.watched(buf)) do
    local r1, behind = edit.region:rows()
    if r1 and (seen or (first <= behind and last >= r1)) then
      look_soon(edit)
      expect_keys(edit)
    end
  end
end

local function attach(buf)
  local function gone()
    -- What is due would be about a text that is not there any more.
    for edit in pairs(due) do
      due[edit] = edit.buf ~= buf or nil
    end
    vim.schedule(function()
      lose(buf)
    end)
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
    attach(buf)
  end
end

return M
