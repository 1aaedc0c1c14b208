--- A change to 3,000 lines: whether four times the answer is four times the work, and how long a step takes;
-- and one to 10,000 lines. The answer shares no line with the selection, so nothing settles before the end.
local Report = require('report')
local Rig = require('rig')

local SMALL, LARGE, RATE, RUNS = 4000, 16000, 2000, 3
local LINES, MANY_LINES = 3000, 10000

local function edit(nvim, lines, words)
  nvim:exec_lua('Bench.edit(...)', lines, words)
  return Rig.over(nvim)
end

local function measure(server, lines, chunks)
  local nvim = Rig.nvim(server)
  Rig.ask(nvim, Rig.words(50))
  local measured = edit(nvim, lines, Rig.words(chunks, RATE))
  assert(measured.bytes == 4 * chunks, 'text is missing')
  nvim:close()
  return measured
end

local function steps(server, lines)
  local ms = LARGE / RATE * 1000
  local ours = Rig.probed(server, ms, function(nvim) return edit(nvim, lines, Rig.words(LARGE, RATE)) end)
  local control = Rig.probed(server, ms)
  local title = ('%d chunks into %d lines: '):format(LARGE, lines)
  local goal = lines == LINES and { at_most = 10 } or nil
  Report.row(title .. 'p99.9 of a draw', Rig.quantile(ours.steps, 0.999), 'ms', nil, goal)
  Report.row(title .. 'p99.9 of the gaps of a 1 ms probe', Rig.quantile(ours.late, 0.999), 'ms',
    { idle = Rig.quantile(control.late, 0.999) }, goal)
  Report.row(title .. 'longest step', ours.steps[#ours.steps], 'ms')
end

return function(who)
  Report.head(who, 'changes of 4,000 and 16,000 chunks at 2,000 a second')
  local server = Rig.server()
  local small, large = {}, {}
  for i = 1, RUNS do
    small[i], large[i] = measure(server, LINES, SMALL), measure(server, LINES, LARGE)
  end
  local function row(what, field, unit, times)
    local beside = { [('at %d'):format(SMALL)] = Rig.median(small, field) }
    Report.row(('%d chunks into %d lines: %s'):format(LARGE, LINES, what), Rig.median(large, field), unit,
      beside, { times = times })
  end
  row('draws', 'draws', nil, 4.2)
  row('bytes drawn', 'bytes', nil, 4.2)
  row('CPU of Neovim', 'cpu', 'ms', 4.4)
  steps(server, LINES)
  steps(server, MANY_LINES)
end
