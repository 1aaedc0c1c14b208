--- Whether four times the answer is four times the work: 4,000 and 16,000 chunks into a split with colours,
-- at a rate at which the answer streams and does not just arrive.
local Report = require('report')
local Rig = require('rig')

local SMALL, LARGE, RATE, RUNS = 4000, 16000, 2000, 3

local function measure(server, chunks)
  local nvim = Rig.nvim(server)
  nvim:exec_lua('Bench.listen()')
  Rig.ask(nvim, Rig.words(50))
  local host = Rig.host(nvim)
  local before = Rig.cpu(host)
  local measured = Rig.ask(nvim, Rig.words(chunks, RATE))
  measured.host_cpu = Rig.cpu(host) - before
  assert(measured.bytes == 4 * chunks, 'text is missing')
  nvim:close()
  return measured
end

--- The probe has a run of its own, since its ticks are work too.
local function probed(server, run) return Rig.probed(server, LARGE / RATE * 1000, run) end

local function steps(server)
  local ours = probed(server, function(nvim) return Rig.ask(nvim, Rig.words(LARGE, RATE)) end)
  local floor = probed(server, function(nvim) return Rig.relay(nvim, Rig.words(LARGE, RATE)) end)
  local control = probed(server)
  local function row(what, list, q, name, beside, goal)
    Report.row(('%d chunks: %s'):format(LARGE, what), Rig.quantile(list, q), 'ms',
      { [name] = Rig.quantile(beside, q) }, goal)
  end
  row('p99.9 of a draw', ours.steps, 0.999, 'relay', floor.steps, { at_most = 10 })
  row('p99.9 of the gaps of a 1 ms probe', ours.late, 0.999, 'relay', floor.late, { at_most = 10 })
  row('p99.9 of the gaps of a 1 ms probe', ours.late, 0.999, 'idle', control.late)
  row('longest gap of a 1 ms probe', ours.late, 1, 'relay', floor.late)
end

return function(who)
  Report.head(who, '4,000 and 16,000 chunks at 2,000 a second')
  local server = Rig.server()
  local small, large = {}, {}
  for i = 1, RUNS do
    small[i], large[i] = measure(server, SMALL), measure(server, LARGE)
  end
  local function row(what, field, unit, times)
    local beside = { [('at %d'):format(SMALL)] = Rig.median(small, field) }
    local goal = { times = times }
    Report.row(('%d chunks: %s'):format(LARGE, what), Rig.median(large, field), unit, beside, goal)
  end
  row('lines handed to a listener', 'lines', nil, 4.2)
  row('draws', 'draws', nil, 4.2)
  row('bytes drawn', 'bytes', nil, 4.2)
  row('CPU of Neovim', 'cpu', 'ms', 4.4)
  row('CPU of the host', 'host_cpu', 'ms', 4.4)
  steps(server)
end
