--- What is proposed, as a buffer to read and edit: a hunk that is too tall for the screen, or the whole. `:w`
--- puts the text back into the proposal; the user's own buffer stays as it is.
local compat = require('askedit.compat')
local diff = require('askedit.review.diff')
local keys = require('askedit.review.keys')
local notify = require('askedit.notify')

local M = {}

local api = vim.api

---@class askedit.Scratch
---@field edit askedit.Edit
---@field hunk askedit.Hunk|nil nil = the whole

local opened = {} ---@type table<integer, askedit.Scratch>

-- A buffer has a line where a text has none.
local function as_text(lines)
  return #lines == 0 and { '' } or lines
end

local function as_lines(buf, old)
  local lines = api.nvim_buf_get_lines(buf, 0, -1, true)
  local is_empty = #lines == 1 and lines[1] == '' and not vim.deep_equal(old, { '' })
  return is_empty and {} or lines
end

local function whole_text(edit)
  local now = edit.region:now()
  return diff.apply(edit.region.base, edit.hunks.list, function(hunk)
    return not now or edit.hunks:state_of(hunk, now) ~= 'rejected'
  end)
end

local function write_hunk(scratch, buf)
  local edit, hunk = scratch.edit, scratch.hunk
  if not edit:is_open() or not edit.hunks:is_undecided(hunk) then
    return 'this hunk is no longer open: nothing was put back'
  end
  local lines = as_lines(buf, hunk.new)
  if vim.deep_equal(lines, edit.hunks:old_lines(hunk)) then
    return 'this is the old text: :Ask /reject leaves it as it is'
  end
  scratch.hunk = { from = hunk.from, count = hunk.count, new = lines }
  edit.hunks:replace(hunk, { scratch.hunk })
  edit.hunks:look_at(scratch.hunk)
end

local function write_whole(scratch, buf)
  local edit = scratch.edit
  if edit.state ~= 'open' and edit.state ~= 'waiting' then
    return 'this change is no longer open: nothing was put back'
  end
  edit.hunks:replace_all(diff.hunks(edit.region.base, as_lines(buf, whole_text(edit))))
  for _, hunk in ipairs(edit.hunks.list) do
    edit.hunks:look_at(hunk)
  end
end

--- Puts the text of such a buffer back into the proposal, as :w does there.
---@param buf integer
---@return boolean written false if it cannot be, which is said here
function M.write(buf)
  local scratch = opened[buf]
  local fault = (scratch.hunk and write_hunk or write_whole)(scratch, buf)
  if fault then
    notify.fault(fault)
    return false
  end
  vim.bo[buf].modified = false
  scratch.edit:decide()
  return true
end

--- Puts back what is not, if a buffer is such a one.
---@param buf integer
---@return boolean done false if it cannot be, which is said here
function M.save(buf)
  return not opened[buf] or not vim.bo[buf].modified or M.write(buf)
end

-- Without a step of undo: `u` does not empty it.
local function fill(buf)
  local scratch, options = opened[buf], vim.bo[buf]
  local lines = scratch.hunk and scratch.hunk.new or whole_text(scratch.edit)
  options.undolevels = -1
  api.nvim_buf_set_lines(buf, 0, -1, true, as_text(lines))
  options.undolevels = vim.go.undolevels
  options.modified = false
end

-- `:w NAME` writes what it would write anywhere.
local function write_file(buf, name)
  local lines = api.nvim_buf_get_lines(buf, vim.fn.line("'[") - 1, vim.fn.line("']"), true)
  local ok, failed = pcall(vim.fn.writefile, lines, name)
  if not ok or failed ~= 0 then
    notify.fault(('%s cannot be written'):format(name))
  end
end

local function create(scratch)
  local buf = api.nvim_create_buf(false, true)
  local options = vim.bo[buf]
  options.buftype, options.bufhidden, options.swapfile = 'acwrite', 'hide', false
  options.modeline, options.undofile, options.modifiable = false, false, true
  opened[buf] = scratch
  fill(buf)
  api.nvim_create_autocmd('BufReadCmd', {
    buffer = buf,
    callback = function()
      fill(buf)
    end,
  })
  api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buf,
    callback = function(about)
      if about.file == api.nvim_buf_get_name(buf) then
        M.write(buf)
      else
        write_file(buf, about.file)
      end
    end,
  })
  keys.on_whole(buf, { accept = scratch.edit.keys.accept, reject = scratch.edit.keys.reject })
  return buf
end

local function forget(buf)
  opened[buf] = nil
  keys.off(buf)
  if api.nvim_buf_is_valid(buf) then
    api.nvim_buf_delete(buf, { force = true })
  end
end

--- The buffer for a hunk or the whole of an edit; the one that is there if it holds words of the user.
---@param edit askedit.Edit which is open
---@param hunk askedit.Hunk|nil nil = the whole
---@return integer buf
function M.buffer(edit, hunk)
  for buf, scratch in pairs(opened) do
    if api.nvim_buf_is_valid(buf) and scratch.edit == edit and scratch.hunk == hunk then
      if vim.bo[buf].modified then
        return buf
      end
      forget(buf)
    end
  end
  return create({ edit = edit, hunk = hunk })
end

--- What a buffer shows; nil if it is none of these.
---@param buf integer
---@return askedit.Scratch|nil
function M.of(buf)
  return opened[buf]
end

local function is_of_use(scratch)
  local edit, hunk = scratch.edit, scratch.hunk
  return edit:is_open() and (not hunk or edit.hunks:is_undecided(hunk))
end

--- Wipes what nobody needs any more, but for buffers in which words of the user were not written.
function M.tidy()
  if vim.fn.getcmdwintype() ~= '' then
    return compat.in_still_moment(M.tidy) -- E11
  end
  for buf, scratch in pairs(opened) do
    local is_valid = api.nvim_buf_is_valid(buf)
    if not is_valid or not (vim.bo[buf].modified or is_of_use(scratch)) then
      forget(buf)
    end
  end
end

return M
