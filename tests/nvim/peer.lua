--- A TCP server on 127.0.0.1 for the specs: as broken as a spec wants, and it sees when the other end leaves.
-- It lives on the default luv loop of the test process, so it is served while a session waits (session.lua).
--
--   local Peer = require('peer')
--   after_each(Peer.close_all)      -- also raises what went wrong in a script
--   local peer = Peer.new({ script = function(conn, request) conn:write(Peer.light_chat('Hello.')) end })
--   ... nvim with url = peer.url ...
--   local request = peer:wait_request(nvim)
--
-- Peer.new(options)   all may be left out:
--   script(conn, request)   runs for each complete HTTP request; default: answers light_chat('Hello.')
--                           an empty function holds the request in silence
--   accepted(conn)          runs at each new connection, before any byte
--   raw = true              parses nothing: bytes pile up in conn.bytes (a TLS handshake that nobody answers)
--   deaf = true             its queue is full: who connects stays in the connecting phase;
--                           peer:connecting() counts them
-- peer.port, peer.url ('http://127.0.0.1:PORT'), peer.connections, peer.requests (in order of time)
-- request: method, path, headers (lower-case names), head, body, conn, at; request:json() decodes the body
-- conn: bytes (received), requests, accepted_at; once over, closed_at and closed ('fin', 'reset' or 'ours')
--   (libuv calls a RST that comes in the same moment as bytes 'fin')
--   conn:write(bytes)  conn:drip(pieces, ms)  one piece every ms  conn:close() (FIN)  conn:reset() (RST)
-- Times are uv.hrtime() nanoseconds, comparable with uv.hrtime() in the spec.
--
-- Waits, all with the session's deadline and its screen in the failure; ms may be left out:
--   peer:wait_connection(nvim, ms)   the next connection that no wait has returned yet
--   peer:wait_request(nvim, ms)      the same for requests
--   peer:wait_bytes(nvim, conn, n, ms)
--   peer:wait_closed(nvim, conn, ms) until the other end has closed conn (default: the newest); returns conn
--
-- Bytes of answers:
--   Peer.response(status, body, headers)
--   Peer.light_chat(text, options)   options: code, message, model, finish, used, limit, token, http status,
--                                    change(envelope) called before encoding. Peer.null is a JSON null
--   Peer.pieces(bytes, size)         cut for drip
local json = require('dkjson')
local uv = require('luv')

local Peer = { null = json.null }
Peer.__index = Peer

local Connection = {}
Connection.__index = Connection

local Request = {}
Request.__index = Request

local open = {}

-- Answers ---------------------------------------------------------------------------------------------------

function Peer.response(status, body, headers)
  local lines = { ('HTTP/1.1 %d Spec'):format(status), 'Content-Length: ' .. #body }
  for name, value in pairs(headers or { ['Content-Type'] = 'application/json; charset=utf-8' }) do
    lines[#lines + 1] = name .. ': ' .. value
  end
  return table.concat(lines, '\r\n') .. '\r\n\r\n' .. body
end

local function completion(text, options)
  local message = { role = 'assistant', content = text }
  local choice = { index = 0, message = message, finish_reason = options.finish or 'stop' }
  return {
    id = 'chatcmpl-spec',
    object = 'chat.completion',
    created = 1700000000,
    model = options.model or 'gpt-3.5-turbo-1106',
    choices = { choice },
    usage = { prompt_tokens = 8, completion_tokens = 2, total_tokens = 10 },
    system_fingerprint = 'fp_spec',
  }
end

function Peer.light_chat(text, options)
  options = options or {}
  local info = {
    isSdHide = '2',
    sdLimitCount = 100,
    sdTextToImg = 5,
    token = options.token or 'sk-echoed-by-the-peer',
    numOfOneDayCanCallApi = options.limit or 10,
    numOfOneDayAlreadyCallApi = options.used or 3,
    apiDate = '2024-01-01',
  }
  local envelope = {
    code = options.code or 200,
    data = { completion = completion(text, options), info = info },
    message = options.message or '成功',
  }
  if options.change then envelope = options.change(envelope) or envelope end
  return Peer.response(options.http or 200, json.encode(envelope))
end

function Peer.pieces(bytes, size)
  local pieces = {}
  for from = 1, #bytes, size do pieces[#pieces + 1] = bytes:sub(from, from + size - 1) end
  return pieces
end

-- Requests --------------------------------------------------------------------------------------------------

function Request:json()
  local value, _, failure = json.decode(self.body)
  if failure then error('the body of the request is no JSON: ' .. failure, 2) end
  return value
end

local function parse_head(head)
  local request = setmetatable({ head = head, headers = {}, at = uv.hrtime() }, Request)
  request.method, request.path = head:match('^(%S+) (%S+) ')
  for name, value in head:gmatch('\r\n([^:\r\n]+):[ \t]*([^\r\n]*)') do
    request.headers[name:lower()] = value
  end
  return request
end

--- Takes one complete request off conn.unparsed; nil while there is none.
local function take_request(conn)
  local _, head_end = conn.unparsed:find('\r\n\r\n', 1, true)
  if not head_end then return nil end
  local request = parse_head(conn.unparsed:sub(1, head_end))
  if request.headers.expect and not conn.continued then
    conn.continued = true
    conn:write('HTTP/1.1 100 Continue\r\n\r\n')
  end
  local request_end = head_end + (tonumber(request.headers['content-length']) or 0)
  if #conn.unparsed < request_end then return nil end
  request.conn, request.body = conn, conn.unparsed:sub(head_end + 1, request_end)
  conn.unparsed, conn.continued = conn.unparsed:sub(request_end + 1), nil
  return request
end

-- Connections -----------------------------------------------------------------------------------------------

local function ended(conn, how)
  if conn.closed then return end
  conn.closed, conn.closed_at = how, uv.hrtime()
  if conn._drip then conn._drip:close() end
  conn._drip = nil
end

local function received(conn, failure, data)
  local peer = conn.peer
  if not data then
    ended(conn, failure and 'reset' or 'fin')
    if not conn._socket:is_closing() then conn._socket:close() end
    return
  end
  conn.bytes = conn.bytes .. data
  if peer._raw then return end
  conn.unparsed = conn.unparsed .. data
  for request in function() return take_request(conn) end do
    conn.requests[#conn.requests + 1] = request
    peer.requests[#peer.requests + 1] = request
    peer:_call(peer._script, conn, request)
  end
end

--- Without effect on a connection that is over, so that a script need not know.
function Connection:write(bytes)
  if not self.closed then self._socket:write(bytes) end
end

function Connection:drip(pieces, ms)
  local next_piece = 1
  self._drip = uv.new_timer()
  self._drip:start(0, ms, function()
    self:write(pieces[next_piece])
    next_piece = next_piece + 1
    if next_piece > #pieces and self._drip then
      self._drip:close()
      self._drip = nil
    end
  end)
end

--- What has been written is still delivered.
function Connection:close()
  if self.closed then return end
  self._socket:shutdown(function() if not self._socket:is_closing() then self._socket:close() end end)
  ended(self, 'ours')
end

function Connection:reset()
  if self.closed then return end
  ended(self, 'ours')
  self._socket:close_reset()
end

-- The server ------------------------------------------------------------------------------------------------

--- An error in a callback would end the test process: it is kept for the next wait or for close().
function Peer:_call(callback, ...)
  local ok, failure = pcall(callback, ...)
  if not ok then self._fault = self._fault or failure end
end

function Peer:_accept()
  local socket = uv.new_tcp()
  assert(self._listener:accept(socket))
  socket:nodelay(true)
  local conn = setmetatable({ peer = self, accepted_at = uv.hrtime(), _socket = socket }, Connection)
  conn.bytes, conn.unparsed, conn.requests = '', '', {}
  self.connections[#self.connections + 1] = conn
  self:_call(self._accepted, conn)
  if not conn.closed then socket:read_start(function(failure, data) received(conn, failure, data) end) end
end

function Peer.new(options)
  options = options or {}
  local self = setmetatable({
    connections = {},
    requests = {},
    _fillers = {},
    _returned = { connections = 0, requests = 0 },
    _raw = options.raw,
    _accepted = options.accepted or function() end,
    _script = options.script or function(conn) conn:write(Peer.light_chat('Hello.')) end,
    _listener = uv.new_tcp(),
  }, Peer)
  open[#open + 1] = self
  assert(self._listener:bind('127.0.0.1', 0))
  self.port = self._listener:getsockname().port
  self.url = 'http://127.0.0.1:' .. self.port
  if options.deaf then
    self:_stop_hearing()
  else
    assert(self._listener:listen(128, function() self:_accept() end))
  end
  return self
end

--- luv takes one connection off the queue and, as nobody accepts it, no more; a queue of length 0 holds one.
function Peer:_stop_hearing()
  assert(self._listener:listen(0, function() end))
  for i = 1, 2 do
    local connected = false
    self._fillers[i] = uv.new_tcp()
    self._fillers[i]:connect('127.0.0.1', self.port, function() connected = true end)
    while not connected do uv.run('once') end
    uv.run('nowait')
  end
end

--- Number of sockets that are trying to connect to this peer.
function Peer:connecting()
  local count, wanted = 0, (':%04X'):format(self.port)
  for line in io.lines('/proc/net/tcp') do
    local remote, state = line:match('^%s*%d+: %x+:%x+ %x+(:%x+) (%x%x)')
    if remote == wanted and state == '02' then count = count + 1 end -- 02 is SYN_SENT
  end
  return count
end

local function close_handle(handle)
  if not handle:is_closing() then handle:close() end
end

function Peer:_raise_fault()
  local fault = self._fault
  self._fault = nil
  if fault then error('in a script of the peer: ' .. tostring(fault), 0) end
end

function Peer:close()
  close_handle(self._listener)
  for _, filler in ipairs(self._fillers) do close_handle(filler) end
  for _, conn in ipairs(self.connections) do
    ended(conn, 'ours')
    close_handle(conn._socket)
  end
  uv.run('nowait') -- luv 1.44 crashes at exit over a handle that is half closed
  self:_raise_fault()
end

function Peer.close_all()
  local failure
  for i = #open, 1, -1 do
    local ok, fault = pcall(Peer.close, table.remove(open, i))
    if not ok then failure = fault end
  end
  if failure then error(failure, 0) end
end

-- Waiting ---------------------------------------------------------------------------------------------------

function Peer:_wait(session, what, check, ms)
  session:wait('the peer saw ' .. what, function() return self._fault or check() end, ms)
  self:_raise_fault()
end

function Peer:_next(session, list, what, ms)
  local number = self._returned[list] + 1
  self:_wait(session, what .. ' ' .. number, function() return self[list][number] end, ms)
  self._returned[list] = number
  return self[list][number]
end

function Peer:wait_connection(session, ms) return self:_next(session, 'connections', 'no connection', ms) end

function Peer:wait_request(session, ms) return self:_next(session, 'requests', 'no request', ms) end

function Peer:wait_bytes(session, conn, count, ms)
  self:_wait(session, 'no ' .. count .. ' bytes', function() return #conn.bytes >= count end, ms)
end

function Peer:wait_closed(session, conn, ms)
  conn = conn or self.connections[#self.connections]
  if not conn then error('nobody has connected to the peer', 2) end
  self:_wait(session, 'no end of the connection', function() return conn.closed end, ms)
  return conn
end

return Peer
