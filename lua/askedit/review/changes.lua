--- The changes that are open, those that an undo may open again, and which of them, and of their hunks, is
--- meant.
local M = {}

local api = vim.api

local edits = {} ---@type askedit.Edit[]
local kept = {} ---@type askedit.Edit[] closed ones

local function remove_from(list, edit)
  for i, each in ipairs(list) do
    if each == edit then
      return table.remove(list, i)
    end
  end
end

local function has(list, buf)
  for _, edit in ipairs(list) do
    if edit.buf == buf then
      return true
    end
  end
  return false
end

local function of_buffer(list, buf)
  local found = {}
  for _, edit in ipairs(list) do
    if edit.buf == buf then
      found[#found + 1] = edit
    end
  end
  return found
end

--- It is open.
---@param edit askedit.Edit
function M.add(edit)
  remove_from(kept, edit)
  remove_from(edits, edit)
  edits[#edits + 1] = edit
end

--- It is not open any more.
---@param edit askedit.Edit
---@param may_return boolean
function M.remove(edit, may_return)
  remove_from(edits, edit)
  remove_from(kept, edit)
  if may_return then
    kept[#kept + 1] = edit
  end
end

--- The open edits of a buffer, oldest first.
---@param buf integer
---@return askedit.Edit[]
function M.in_buffer(buf)
  return of_buffer(edits, buf)
end

--- The closed edits of a buffer, which an undo may open again.
---@param buf integer
---@return askedit.Edit[]
function M.kept_in_buffer(buf)
  return of_buffer(kept, buf)
end

--- Both.
---@param buf integer
---@return askedit.Edit[]
function M.watched(buf)
  return vim.list_extend(of_buffer(edits, buf), of_buffer(kept, buf))
end

--- Whether there are any.
---@param buf integer
---@return boolean
function M.is_watched(buf)
  return has(edits, buf) or has(kept, buf)
end

--- Forgets the edits of a buffer, and returns them.
---@param buf integer
---@return askedit.Edit[]
function M.take_out(buf)
  local list = M.watched(buf)
  for _, edit in ipairs(list) do
    M.remove(edit, false)
  end
  return list
end

--- The open edits of all buffers, oldest first.
---@return askedit.Edit[]
function M.all()
  return vim.list_slice(edits)
end

--- The hunks of edits that are still to be decided on, by buffer and row.
---@param list askedit.Edit[]
---@return askedit.HunkNow[]
function M.hunks_of(list)
  local items = {}
  for _, edit in ipairs(list) do
    for _, item in ipairs(edit.hunks:undecided()) do
      items[#items + 1] = item
    end
  end
  table.sort(items, function(a, b)
    if a.edit.buf ~= b.edit.buf then
      return a.edit.buf < b.edit.buf
    end
    return a.first < b.first
  end)
  return items
end

--- The nearest to a row; the last one of those that are equally near.
---@param items askedit.HunkNow[]
---@param row integer
---@return askedit.HunkNow|nil
---@return integer|nil distance
function M.nearest_of(items, row)
  local best, least
  for _, item in ipairs(items) do
    local distance = math.max(item.first - row, row - item.last, 0)
    if not least or distance <= least then
      best, least = item, distance
    end
  end
  return best, least
end

--- The open edit of the current buffer that is nearest to the cursor.
---@return askedit.Edit|nil
function M.nearest_edit()
  local row = api.nvim_win_get_cursor(0)[1] - 1
  local best, least
  for _, edit in ipairs(M.in_buffer(api.nvim_get_current_buf())) do
    local distance = edit:distance(row)
    if distance and (not least or distance <= least) then
      best, least = edit, distance
    end
  end
  return best
end

--- What is nearest to the cursor in the current buffer: a hunk, or an edit that has none to decide on.
---@return askedit.Edit|nil
---@return askedit.HunkNow|nil
function M.nearest()
  local buf, row = api.nvim_get_current_buf(), api.nvim_win_get_cursor(0)[1] - 1
  local item, least = M.nearest_of(M.hunks_of(M.in_buffer(buf)), row)
  local best = item and item.edit
  for _, edit in ipairs(M.in_buffer(buf)) do
    local distance = #edit.hunks:undecided() == 0 and edit:distance(row)
    if distance and (not least or distance < least) then
      best, item, least = edit, nil, distance
    end
  end
  return best, item
end

local function is_inside(edit, other)
  while edit and edit ~= other do
    edit = edit.inside and edit.inside.edit
  end
  return edit ~= nil
end

local function meets(edit, r1, r2)
  local first, behind = edit.region:rows()
  return first ~= nil and first < math.max(r2, r1 + 1) and r1 < math.max(behind, first + 1)
end

--- An open edit to some of the rows r1 to r2-1.
---@param buf integer
---@param r1 integer
---@param r2 integer
---@param own askedit.Edit|nil one that may be there, and so may those that it is inside of
---@return askedit.Edit|nil
function M.overlapping(buf, r1, r2, own)
  for _, edit in ipairs(M.in_buffer(buf)) do
    if meets(edit, r1, r2) and not is_inside(own, edit) then
      return edit
    end
  end
end

--- A new edit takes the place of closed ones to its lines of which nothing is taken: what it writes may look
--- like theirs.
---@param edit askedit.Edit
function M.supersede(edit)
  local first, behind = edit.region:rows()
  for _, other in ipairs(first and M.kept_in_buffer(edit.buf) or {}) do
    if other ~= edit and other.hunks:taken_count() == 0 and meets(other, first, behind) then
      M.remove(other, false)
    end
  end
end

--- Whether an edit that is not open is where an open one is.
---@param edit askedit.Edit
---@return boolean
function M.overlaps_others(edit)
  local first, behind = edit.region:rows()
  return first ~= nil and M.overlapping(edit.buf, first, behind, edit) ~= nil
end

return M
