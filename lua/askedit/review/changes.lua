--- The changes that are open, and which of them is meant.
local M = {}

local api = vim.api

local edits = {} ---@type askedit.Edit[]

---@param edit askedit.Edit
function M.add(edit)
  if not vim.tbl_contains(edits, edit) then
    edits[#edits + 1] = edit
  end
end

---@param edit askedit.Edit
function M.remove(edit)
  for i, each in ipairs(edits) do
    if each == edit then
      table.remove(edits, i)
    end
  end
end

--- The open edits of a buffer, oldest first.
---@param buf integer
---@return askedit.Edit[]
function M.in_buffer(buf)
  local found = {}
  for _, edit in ipairs(edits) do
    if edit.buf == buf then
      found[#found + 1] = edit
    end
  end
  return found
end

--- The open edit of the current buffer that is nearest to the cursor, the last one of those that are
--- equally near. In a window of ours, which shows what is proposed elsewhere, the only open one of all.
---@return askedit.Edit|nil
function M.nearest()
  local is_ours = api.nvim_buf_get_name(0):find('^askedit://') ~= nil
  if is_ours and #edits == 1 then
    return edits[1]
  end
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

--- An open edit to some of the rows r1 to r2-1.
---@param buf integer
---@param r1 integer
---@param r2 integer
---@param own askedit.Edit|nil one that may be there
---@return askedit.Edit|nil
function M.overlapping(buf, r1, r2, own)
  for _, edit in ipairs(M.in_buffer(buf)) do
    local first, behind = edit.region:rows()
    if edit ~= own and first and first < math.max(r2, r1 + 1) and r1 < math.max(behind, first + 1) then
      return edit
    end
  end
end

return M
