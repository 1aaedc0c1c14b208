--- A real llama-server for the specs, on a free port of 127.0.0.1, with the model of llama_model.lua.
-- It ends with the test process, however that comes. Without a llama-server, start() fails.
--
--   local server = Llama.start()    returns when its model is loaded
--   server.url                      'http://127.0.0.1:PORT'
--   server:log()                    what it has logged so far
--   server:wait_log(nvim, count, text)   waits until its log holds `text` `count` times
--   server:stop()
local Model = require('llama_model')
local Session = require('session')
local uv = require('luv')

local Llama = {}
Llama.__index = Llama

local STARTED_WITHIN = 60000

local function program()
  local pipe = assert(io.popen(Session.root .. '/scripts/get-llama-server'))
  local path = pipe:read('*l')
  pipe:close()
  return path or error('scripts/get-llama-server gave no llama-server', 0)
end

--- The shell holds the server as long as its own input is open.
local function spawn(self, path, model)
  local log = assert(uv.fs_open(self._dir .. '/log', 'w', tonumber('600', 8)))
  self._leash = uv.new_pipe(false)
  self._process = assert(uv.spawn('/bin/sh', {
    args = { '-c', '"$@" & read -r _; kill $!; wait $!', 'sh', path, '--model', model, '--alias', 'chain',
      '--host', '127.0.0.1', '--port', '0', '--offline', '--parallel', '2', '--ctx-size', '65536',
      '--threads', '1', '--no-warmup' },
    stdio = { self._leash, log, log },
  }, function() self._over = true end))
  uv.fs_close(log)
end

function Llama:log()
  local file = assert(io.open(self._dir .. '/log', 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

local function occurrences(text, words)
  local count, at = 0, 1
  while true do
    local from, to = text:find(words, at, true)
    if not from then return count end
    count, at = count + 1, to + 1
  end
end

--- Looks again at each write to the log.
local function watching(self, wait)
  local watch = uv.new_fs_event()
  assert(watch:start(self._dir .. '/log', {}, function() end))
  local ok, failure = pcall(wait)
  watch:close()
  uv.run('nowait')
  if not ok then error(failure, 0) end
end

function Llama:wait_log(nvim, count, text)
  watching(self, function()
    nvim:wait(('the log of llama-server did not hold %q %d times'):format(text, count),
      function() return occurrences(self:log(), text) >= count end)
  end)
end

local function wait_for_url(self)
  local late, deadline = false, uv.new_timer()
  uv.update_time()
  deadline:start(STARTED_WITHIN, 0, function() late = true end)
  watching(self, function()
    while true do
      self.url = self:log():match('listening on (http://[%d.:]+)')
      if self.url or late or self._over then return end
      uv.run('once')
    end
  end)
  deadline:close()
  uv.run('nowait')
  return self.url
end

function Llama.start()
  local path = program()
  local self = setmetatable({}, Llama)
  self._dir = assert(uv.fs_mkdtemp((os.getenv('TMPDIR') or '/tmp') .. '/askedit-llama-XXXXXX'))
  Model.write(self._dir .. '/model.gguf')
  spawn(self, path, self._dir .. '/model.gguf')
  if not wait_for_url(self) then
    local log = self:log()
    self:stop()
    error('llama-server did not start; its log:\n' .. log, 0)
  end
  return self
end

function Llama:stop()
  self._leash:close()
  while not self._over do uv.run('once') end
  self._process:close()
  uv.run('nowait') -- luv 1.44 crashes at exit over a handle that is half closed
  uv.fs_unlink(self._dir .. '/log')
  uv.fs_unlink(self._dir .. '/model.gguf')
  uv.fs_rmdir(self._dir)
end

return Llama
