--- What happens to a buffer with open edits: they are drawn anew where their lines change or a window does,
--- and closed when the buffer is.
local changes = require('askedit.review.changes')
local picture = require('askedit.review.picture')

local M = {}

local api = vim.api

local REDRAW_LATER = 1000 -- lines of a region that is not compared again with each key
local PATIENCE = 150 -- milliseconds

local attached = {} ---@type table<integer, true>
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
  end
  if #lost > 0 then
    on_gone(lost)
  end
end

local function redraw_soon(edit)
  if edit.redraw_due then
    return
  end
  edit.redraw_due = true
  vim.defer_fn(function()
    edit.redraw_due = false
    if edit:is_open() and api.nvim_buf_is_loaded(edit.buf) then
      picture.follow(edit)
    end
  end, #edit.region.base > REDRAW_LATER and PATIENCE or 0)
end

-- The rows are those of this moment; nothing may be drawn in it.
local function lines_changed(edits, first, last)
  for _, edit in ipairs(edits) do
    local r1, behind = edit.region:rows()
    if r1 and first <= behind and last >= r1 then
      redraw_soon(edit)
    end
  end
end

local function attach(buf)
  local function gone()
    vim.schedule(function()
      lose(buf)
    end)
  end
  attached[buf] = api.nvim_buf_attach(buf, false, {
    on_lines = function(_, _, _, first, _, last)
      local edits = changes.in_buffer(buf)
      if #edits == 0 then
        attached[buf] = nil
        return true
      end
      lines_changed(edits, first, last)
    end,
    on_reload = gone, -- goes on to hear the buffer
    on_detach = function()
      attached[buf] = nil
      gone()
    end,
  })
end

--- Watches a buffer as long as there are open edits in it.
---@param buf integer
function M.buffer(buf)
  if not attached[buf] then
    attach(buf)
  end
end

return M
