--- The runs in flight and the last answers, and which of them the user means.
local M = {}

local api = vim.api

local KEPT_ANSWERS = 20

local last_id = 0
local running = {} ---@type table<integer, askedit.Run>
local answers = {} ---@type askedit.Answer[]

-- The oldest that is over goes, once there are too many.
local function forget_oldest()
  for i = 1, #answers - KEPT_ANSWERS do
    local last = answers[i].runs[#answers[i].runs]
    if last.over and not (last.edit and last.edit:is_open()) then
      return table.remove(answers, i)
    end
  end
end

--- An id that no other request has.
---@return integer
function M.new_id()
  last_id = last_id + 1
  return last_id
end

--- A run of an answer begins.
---@param run askedit.Run the last of its answer's
---@return askedit.Answer|nil forgotten an answer that is kept no longer
function M.add(run)
  running[run.id] = run
  if #run.answer.runs == 1 then
    answers[#answers + 1] = run.answer
    return forget_oldest()
  end
end

--- A run is over.
---@param run askedit.Run
function M.remove(run)
  running[run.id] = nil
end

--- A run in flight.
---@param id integer
---@return askedit.Run|nil
function M.find(id)
  return running[id]
end

--- Runs that are not over, oldest first.
---@return askedit.Run[]
function M.running()
  local runs = vim.tbl_values(running)
  table.sort(runs, function(a, b)
    return a.id < b.id
  end)
  return runs
end

--- The last answers, newest first.
---@return askedit.Answer[]
function M.answers()
  local list = {}
  for i = #answers, 1, -1 do
    list[#list + 1] = answers[i]
  end
  return list
end

--- The answer that a buffer shows.
---@param buf integer
---@return askedit.Answer|nil
function M.answer_of(buf)
  for _, answer in ipairs(answers) do
    if answer.buf == buf then
      return answer
    end
  end
end

--- All runs of the last answers.
---@return askedit.Run[]
function M.all()
  local runs = {}
  for _, answer in ipairs(answers) do
    vim.list_extend(runs, answer.runs)
  end
  return runs
end

--- The newest run of a change, if its answer is still kept.
---@param edit askedit.Edit
---@return askedit.Run|nil
function M.of_edit(edit)
  local found
  for _, answer in ipairs(answers) do
    for _, run in ipairs(answer.runs) do
      found = run.edit == edit and run or found
    end
  end
  return found
end

--- A run in flight that asks exactly the same.
---@param request askedit.Request
---@return askedit.Run|nil
function M.in_flight(request)
  for _, run in pairs(running) do
    if not run.stopping and vim.deep_equal(run.request, request) then
      return run
    end
  end
end

local function newest(runs, fits)
  local best
  for _, run in ipairs(runs) do
    if fits(run) and (not best or run.id > best.id) then
      best = run
    end
  end
  return best
end

-- The newest run of the open change that is nearest to the cursor, and how far that is.
local function of_nearest_edit(buf, runs)
  if buf ~= api.nvim_get_current_buf() then
    return nil
  end
  local row = api.nvim_win_get_cursor(0)[1] - 1
  local best, least
  for _, run in ipairs(runs) do
    local edit = run.edit
    local distance = edit and edit.buf == buf and edit:is_open() and edit:distance(row)
    if distance and (not least or distance <= least) then
      best, least = run, distance
    end
  end
  return best, least
end

-- The last asked from a buffer; among changes the nearest one. One at the cursor is meant before all others.
local function asked_from(buf, runs)
  local last = newest(runs, function(run)
    return run.source == buf
  end)
  local nearest, distance = of_nearest_edit(buf, runs)
  if nearest and (distance == 0 or not last or last.edit) then
    return nearest
  end
  return last
end

--- The run that the user means: the last of the answer in `buf`, else that of an open change at the cursor,
--- else the last asked from there or, if that is a change, the nearest open one, else the last of all.
---@param buf integer
---@param runs askedit.Run[] oldest first
---@return askedit.Run|nil
function M.nearest(buf, runs)
  return newest(runs, function(run)
    return run.answer.buf == buf
  end) or asked_from(buf, runs) or newest(runs, function()
    return true
  end)
end

return M
