--- What happens to a buffer with open edits: they are drawn anew where their lines change or a window does,
--- and closed when the buffer is.
local open = require('askedit.review.open')
local picture = require('askedit.review.picture')

local M = {}

local api = vim.api

local REDRAW_LATER = 1000 -- lines of a region that is not compared again with each key
local PATIENCE = 150 -- milliseconds

local attached = {} ---@type table<integer, true>
local on_gone = function(_) end

--- Tells who stops the run of an edit whose buffer is gone.
---@param callback fun(edit: askedit.Edit)
function M.on_gone(callback)
  on_gone = callback
end

local function lose(buf)
  for _, edit in ipairs(open.in_buffer(buf)) do
    edit:close('gone')
    on_gone(edit)
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
      picture.redraw(edit)
    end
  end, #edit.region.base > REDRAW_LATER and PATIENCE or 0)
end

local function lines_changed(buf, first, last)
  for _, edit in ipairs(open.in_buffer(buf)) do
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
      if #open.in_buffer(buf) == 0 then
        attached[buf] = nil
        return true
      end
      vim.schedule(function()
        if api.nvim_buf_is_loaded(buf) then
          lines_changed(buf, first, last)
        end
      end)
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
