--- Requests to the host that are no questions: who listens to their draws.
local runs = require('askedit.runs')

local M = {}

local callbacks = {} ---@type table<integer, fun(fields: table)>

--- An id for a request whose draws go to `callback`, on the main loop, until the one with `end`.
---@param callback fun(fields: table)
---@return integer id
function M.listen(callback)
  local id = runs.new_id()
  callbacks[id] = callback
  return id
end

--- Passes a draw on. Later: a picker that waits for the user must not hold back the reply.
---@param id integer
---@param fields table
---@return boolean heard false if nobody listens to that id
function M.hear(id, fields)
  local callback = callbacks[id]
  if not callback then
    return false
  end
  if fields['end'] then
    callbacks[id] = nil
  end
  vim.schedule(function()
    callback(fields)
  end)
  return true
end

--- Ends requests that the host cannot end any more.
---@param message string
---@param id? integer only this one
function M.fail(message, id)
  for _, each in ipairs(id and { id } or vim.tbl_keys(callbacks)) do
    M.hear(each, { ['end'] = { error = { kind = 'host', message = message } } })
  end
end

return M
