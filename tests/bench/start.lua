--- From the command to the first text: the start of the host, the way to the server, the way back, and how
-- many connections ten questions take.
local Report = require('report')
local Rig = require('rig')

local COLD_RUNS, WARM_RUNS = 10, 50
local THINKING = 100 -- milliseconds of the server before its first token, in which all others come to rest

--- The key asks; returns what was measured, with the times from the key to the request and from the first
--- token's write to its place in the buffer.
local function ask_by_key(nvim, key)
  local pressed = Rig.press(nvim, key)
  local measured = Rig.over(nvim)
  measured.to_request = (Rig.told(nvim, 'request', pressed) - pressed) / 1e6
  measured.first = (measured.first_text - Rig.told(nvim, 'first', pressed)) / 1e6
  return measured
end

local function fresh(server)
  local nvim = Rig.nvim(server)
  nvim:exec_lua('Bench.words = ...', Rig.words(1))
  return nvim
end

local function cold(server)
  local runs, floors = {}, {}
  for i = 1, COLD_RUNS do
    local nvim = fresh(server)
    runs[i] = ask_by_key(nvim, '<F5>')
    nvim:close()
    nvim = fresh(server)
    floors[i] = Rig.start_writer(nvim)
    nvim:close()
  end
  Report.row('start-up: first command of a session to the host’s hello', Rig.median(runs, 'hello'), 'ms',
    { writer = Rig.median(floors, 'hello') })
  Report.row('first command of a session to its request', Rig.median(runs, 'to_request'), 'ms')
end

local function restarted(nvim)
  local runs, floors = {}, {}
  for i = 1, COLD_RUNS do
    nvim:exec_lua("require('askedit.host').stop()")
    nvim:wait('the host stays', function()
      Rig.pause(1) -- its end is no event of ours
      return #nvim:children('askedit-host') == 0
    end)
    runs[i] = Rig.ask(nvim, Rig.words(1))
    floors[i] = Rig.start_writer(nvim)
  end
  Report.row('start-up: command to the host’s hello, plugin loaded', Rig.median(runs, 'hello'), 'ms',
    { writer = Rig.median(floors, 'hello') })
end

local function warm(nvim)
  local runs, floors = {}, {}
  local words = Rig.words(1, 0, THINKING)
  nvim:exec_lua('Bench.words, Bench.order = ...', words, { port = nvim.server.port, body = words })
  Rig.relay(nvim, Rig.words(1))
  for i = 1, WARM_RUNS do
    Rig.pause(THINKING) -- Neovim still draws the end of the last answer
    runs[i] = ask_by_key(nvim, '<F5>')
    Rig.pause(THINKING)
    floors[i] = ask_by_key(nvim, '<F6>')
  end
  Report.row('key to request line at the server, warm', Rig.median(runs, 'to_request'), 'ms',
    { writer = Rig.median(floors, 'to_request') }, { at_most = 1 })
  Report.row('first text: written by the server to in the buffer', Rig.median(runs, 'first'), 'ms',
    { writer = Rig.median(floors, 'first') }, { beyond = 1 })
end

local function connections(server)
  local nvim = fresh(server)
  local before = #server.times.accept
  for _ = 1, 10 do Rig.ask(nvim, Rig.words(10)) end
  Report.row('connections for 10 questions', #server.times.accept - before, nil, nil, { at_most = 1 })
  nvim:close()
end

return function(who)
  Report.head(who, 'from the command to the first text')
  local server = Rig.server()
  cold(server)
  local nvim = fresh(server)
  Rig.ask(nvim, Rig.words(1))
  restarted(nvim)
  warm(nvim)
  nvim:close()
  connections(server)
end
