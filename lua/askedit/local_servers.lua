--- Model servers on this machine that answer on their usual ports. They are only looked for when the user
--- wants to know; none is used unasked.
local compat = require('askedit.compat')
local services = require('askedit.services')

local M = {}

local uv = compat.uv
local MAX_BYTES = 256 * 1024

-- Names of the models in an HTTP response, or nil if it is no list of models.
local function models_in(response)
  local body = response:match('^HTTP/1%.%d 200.-\r\n\r\n(.*)$')
  local ok, list = pcall(vim.json.decode, body and body:match('{.*}') or '')
  if not ok or type(list) ~= 'table' or type(list.data) ~= 'table' then
    return nil
  end
  local names = {}
  for _, item in ipairs(list.data) do
    if type(item) == 'table' and type(item.id) == 'string' then
      names[#names + 1] = item.id
    end
  end
  return names
end

-- Asks one port. `callback` gets the whole response, or nothing.
local function ask(port, callback)
  local socket, response = uv.new_tcp(), {}
  local size, told = 0, false
  local function tell()
    if not told then
      told = true
      callback(table.concat(response))
      socket:close()
    end
  end
  socket:connect('127.0.0.1', port, function(fault)
    if fault then
      return tell()
    end
    socket:write(('GET /v1/models HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n'):format(port))
    socket:read_start(function(read_fault, bytes)
      response[#response + 1] = bytes
      size = size + #(bytes or '')
      if read_fault or not bytes or size > MAX_BYTES then
        tell()
      end
    end)
  end)
  return tell
end

--- The servers that answer within `patience` milliseconds. The main loop runs meanwhile.
---@param patience integer
---@return {name: string, url: string, models: string[]}[]
function M.find(patience)
  local found, give_up, open = {}, {}, 0
  for _, service in ipairs(services) do
    for _, port in ipairs(service.ports or {}) do
      open = open + 1
      give_up[#give_up + 1] = ask(port, function(response)
        open = open - 1
        found[#found + 1] = { name = service.name, port = port, response = response }
      end)
    end
  end
  vim.wait(patience, function()
    return open == 0
  end, 5)
  for _, tell in ipairs(give_up) do
    tell()
  end
  local servers = {}
  for _, each in ipairs(found) do
    local models = models_in(each.response)
    if models then
      servers[#servers + 1] = { name = each.name, url = 'http://127.0.0.1:' .. each.port, models = models }
    end
  end
  table.sort(servers, function(a, b)
    return a.url < b.url
  end)
  return servers
end

--- The settings that ask a server which was found.
---@param server {name: string, url: string}
---@return string
function M.settings_for(server)
  for _, service in ipairs(services) do
    if service.name == server.name and service.url == server.url .. '/v1' then
      return ("provider = '%s'"):format(server.name)
    end
  end
  return ("provider = { dialect = 'openai_chat', url = '%s' }"):format(server.url)
end

return M
