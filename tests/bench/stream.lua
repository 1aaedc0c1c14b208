--- A flood of tokens, 1,000 to 200,000, as fast as the server can, beside three others: the writer that has
-- the same text (the floor), the writer that takes it from the same server, and curl that throws it away.
local Report = require('report')
local Rig = require('rig')

local SIZES = { { 1000, 5 }, { 10000, 5 }, { 50000, 3 }, { 200000, 3 } } -- tokens, runs
local PROBE, TICKS_AFTER = 5, 40

local function longest_gap(nvim)
  local gaps = nvim:exec_lua('return Bench.gaps()')
  return gaps[#gaps] or 0
end

--- One run in a Neovim of its own, so that the peak of memory is its own too. The probe goes on for a while
-- after the end, when treesitter colours the answer.
local function measure(nvim, child, run)
  local before = Rig.cpu(child)
  nvim:exec_lua('Bench.probe(...)', PROBE)
  local measured = run()
  measured.child_cpu = Rig.cpu(child) - before
  measured.gap = longest_gap(nvim)
  nvim:exec_lua('Bench.probe(...)', PROBE, TICKS_AFTER)
  nvim:event('probed')
  measured.gap_after = longest_gap(nvim)
  measured.memory, measured.child_memory = Rig.peak(nvim.pid), Rig.peak(child)
  nvim:close()
  return measured
end

local subjects = {
  {
    'ours',
    function(server, tokens)
      local nvim = Rig.nvim(server)
      Rig.ask(nvim, Rig.words(50))
      return measure(nvim, Rig.host(nvim), function() return Rig.ask(nvim, Rig.words(tokens)) end)
    end,
  },
  {
    'writer',
    function(server, tokens)
      local nvim = Rig.nvim(server)
      Rig.start_writer(nvim)
      Rig.write(nvim, 50)
      return measure(nvim, Rig.writer(nvim), function() return Rig.write(nvim, tokens) end)
    end,
  },
  {
    'relay',
    function(server, tokens)
      local nvim = Rig.nvim(server)
      Rig.start_writer(nvim)
      Rig.relay(nvim, Rig.words(50))
      return measure(nvim, Rig.writer(nvim), function() return Rig.relay(nvim, Rig.words(tokens)) end)
    end,
  },
  { 'curl', function(server, tokens) return Rig.curl(server, Rig.words(tokens)) end },
}

local function rows(tokens, runs)
  local function row(what, field, unit, control, goal)
    what = ('%dk tokens: %s'):format(tokens / 1000, what)
    local beside = { [control] = Rig.median(runs[control], field) }
    Report.row(what, Rig.median(runs.ours, field), unit, beside, goal)
  end
  row('wall', 'wall', 'ms', 'writer', { times = 1.5 })
  row('wall', 'wall', 'ms', 'relay')
  row('wall', 'wall', 'ms', 'curl')
  row('CPU of Neovim', 'cpu', 'ms', 'writer', { times = 1.5 })
  row('CPU of the host', 'child_cpu', 'ms', 'relay')
  row('CPU of the host', 'child_cpu', 'ms', 'curl')
  row('draws', 'draws', nil, 'writer')
  row('longest gap of a 5 ms probe', 'gap', 'ms', 'writer')
  row('longest gap in the 200 ms after the end', 'gap_after', 'ms', 'writer')
  row('peak memory of Neovim', 'memory', 'MiB', 'writer')
  row('peak memory of the host', 'child_memory', 'MiB', 'writer')
end

return function(who)
  Report.head(who, 'a flood of tokens')
  local server = Rig.server()
  for _, size in ipairs(SIZES) do
    local tokens, count = size[1], size[2]
    local runs = { ours = {}, writer = {}, relay = {}, curl = {} }
    for i = 1, count do
      for _, subject in ipairs(subjects) do runs[subject[1]][i] = subject[2](server, tokens) end
    end
    rows(tokens, runs)
  end
end
