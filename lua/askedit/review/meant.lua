--- Which hunks a command is about: those at the cursor, in the selection or the range, of the whole buffer,
--- or what the window shows.
local changes = require('askedit.review.changes')
local notify = require('askedit.notify')
local region = require('askedit.review.region')
local scratch = require('askedit.review.scratch')
local take = require('askedit.review.take')

local M = {}

local fn, api = vim.fn, vim.api

local NO_CHANGE = 'there is no open change in this buffer'

---@class askedit.Meant
---@field hunks askedit.HunkNow[]
---@field edits askedit.Edit[] at which they are, or one that has none to decide on
---@field is_one boolean the one hunk that the user is at, which he sees with its warnings

-- Rows of a range, or of a Visual selection, which ends with that; nil without either.
local function rows_of(opts)
  if opts.range then
    return opts.range[1] - 1, opts.range[2] - 1
  elseif not api.nvim_get_mode().mode:find('^[vV\22]') then
    return nil
  end
  local a, b = fn.line('v') - 1, fn.line('.') - 1
  vim.cmd('normal! ' .. api.nvim_replace_termcodes('<Esc>', true, true, true))
  return math.min(a, b), math.max(a, b)
end

-- Of a hunk that is in the rows in part only that part.
local function in_rows(first, last)
  local buf = api.nvim_get_current_buf()
  local edits, wanted, items = changes.in_buffer(buf), {}, {}
  local fault = region.fault_of_buffer(buf)
  if fault then
    return notify.fault(fault)
  end
  for _, item in ipairs(changes.hunks_of(edits)) do
    if item.first <= last and first <= item.last then
      wanted[take.part_in_rows(item, first, last)] = true
    end
  end
  for _, item in ipairs(changes.hunks_of(edits)) do
    items[#items + 1] = wanted[item.hunk] and item or nil
  end
  if #items == 0 then
    return notify.info('there is no open hunk in these lines')
  end
  return { hunks = items, edits = edits, is_one = false }
end

local function is_in_sight(item)
  return item.last + 1 >= fn.line('w0') and item.first + 1 <= fn.line('w$')
end

local function at_cursor()
  local edit, item = changes.nearest()
  if not edit then
    return notify.info(NO_CHANGE)
  elseif item and not is_in_sight(item) then
    local sentence = 'the nearest hunk is out of sight, at line %d: :Ask /next goes on to it'
    return notify.info(sentence:format(item.first + 1))
  end
  return { hunks = { item }, edits = { edit }, is_one = true }
end

-- What a window of ours shows. The page of a change whose code is not one block yet shows the only one there
-- is.
local function shown_here(buf)
  local shown, open = scratch.of(buf), changes.all()
  if shown then
    local items = vim.tbl_filter(function(item)
      return not shown.hunk or item.hunk == shown.hunk
    end, shown.edit.hunks:undecided())
    return { hunks = items, edits = { shown.edit }, is_one = shown.hunk ~= nil }
  elseif #open == 1 and api.nvim_buf_get_name(buf):find('^askedit://change') then
    return { hunks = open[1].hunks:undecided(), edits = open, is_one = false }
  end
  return notify.info(NO_CHANGE)
end

--- The hunks that are to be taken or rejected; nil if there are none, which is said here.
---@param opts {all?: boolean, range?: integer[]}
---@return askedit.Meant|nil
function M.hunks(opts)
  local buf = api.nvim_get_current_buf()
  if api.nvim_buf_get_name(buf):find('^askedit://') then
    return shown_here(buf)
  elseif opts.all then
    local edits = changes.in_buffer(buf)
    if #edits == 0 then
      return notify.info(NO_CHANGE)
    end
    return { hunks = changes.hunks_of(edits), edits = edits, is_one = false }
  end
  local first, last = rows_of(opts)
  if first then
    return in_rows(first, last)
  end
  return at_cursor()
end

return M
