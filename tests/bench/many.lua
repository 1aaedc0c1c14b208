--- Twenty answers at the same time, 100 tokens a second each, while the user types in another window.
local Report = require('report')
local Rig = require('rig')

local STREAMS, RATE, SECONDS, KEYS = 20, 100, 4, 100
local KEY_INTERVAL = 20 -- milliseconds

--- How long each key took from its press to the buffer, sorted, in milliseconds.
local function type_keys(nvim)
  local delays = {}
  for i = 1, KEYS do
    local at = Rig.press(nvim, i % 20 == 0 and '<CR>' or 'x')
    delays[i] = (nvim:event('typed')[1] - at) / 1e6
    Rig.pause(KEY_INTERVAL)
  end
  table.sort(delays)
  return delays
end

local function questions(count)
  local list = {}
  for i = 1, count do
    list[i] = Rig.words(RATE * SECONDS, RATE, 100) .. (' number %d'):format(i)
  end
  return unpack(list)
end

--- Largest gap between two draws of one stream, with nothing else to do.
local function alone(server)
  local nvim = Rig.nvim(server)
  Rig.ask(nvim, Rig.words(50))
  local measured = Rig.ask(nvim, questions(1))
  nvim:close()
  return measured.largest_gap
end

return function(who)
  Report.head(who, '20 streams of 100 tokens a second')
  local server = Rig.server()
  local gap_alone = alone(server)
  local nvim = Rig.nvim(server)
  Rig.ask(nvim, Rig.words(50))
  nvim:exec_lua('Bench.tell_keys()')
  nvim:feed('i')
  local still = type_keys(nvim)
  nvim:exec_lua('Bench.ask(...)', questions(STREAMS))
  local busy = type_keys(nvim)
  local measured = Rig.over(nvim)
  assert(measured.bytes == STREAMS * RATE * SECONDS * 4, 'text is missing')
  nvim:close()
  Report.row('largest gap between two draws of one stream', measured.largest_gap, 'ms', { alone = gap_alone })
  Report.row('largest delay of a typed key', busy[#busy], 'ms', { idle = still[#still] }, { beyond = 10 })
  Report.row('median delay of a typed key', Rig.median(busy), 'ms', { idle = Rig.median(still) })
end
