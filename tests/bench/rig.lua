--- What scripts/bench measures with: the server, a Neovim with the plugin and one of its controls.
--
--   local server = Rig.server()      server.port, server.url; server.times.accept, .request, .first, .done:
--                                    lists of nanoseconds of the monotonic clock (server.cpp)
--   local nvim = Rig.nvim(server)    a Session (tests/nvim/session.lua) with `Bench` of inside.lua in it
--   Rig.ask(nvim, words...)          asks, waits for the end, returns what was measured (Bench.take)
--   Rig.start_writer(nvim)           starts the floor; returns the same
--   Rig.write(nvim, tokens)          the floor draws text that it has;  Rig.relay(nvim, words) asks for it
--   Rig.press(nvim, key)             presses a key; returns the time
--   Rig.over(nvim)                   waits for the end of an answer, returns what was measured
--   Rig.told(nvim, what, since)      waits for what the server tells of that after `since`; returns its time
--   Rig.pause(ms)                    lets the time pass
--   Rig.words(tokens, rate, wait)    a question that asks the server for that
--   Rig.probed(server, ms, run)      what a 1 ms probe sees meanwhile
--   Rig.host(nvim), Rig.writer(nvim) pids of the children
--   Rig.cpu(pid), Rig.peak(pid)      milliseconds of processor time, MiB of memory at most
--   Rig.curl(server, words)          { wall, child_cpu } of a curl that throws the same away, in ms
--   Rig.median(list, field)          of the field of each if there is one;  Rig.quantile(sorted, q)
local Session = require('session')
local uv = require('luv')

local Rig = {}

local PATIENCE = 30000
local HOST, WRITER, SERVER = os.getenv('ASKEDIT_HOST'), os.getenv('BENCH_WRITER'), os.getenv('BENCH_SERVER')

local INIT = [[
  vim.g.askedit = { host_path = %q, split = 'below', model = 'bench',
    provider = { dialect = 'openai_chat', url = %q, key = '' } }
  Bench = dofile(%q)
]]

-- The server ------------------------------------------------------------------------------------------------

local function take_lines(server, data)
  server.unread = server.unread .. data
  for what, number in server.unread:gmatch('(%a+) (%d+)\n') do
    if what == 'port' then
      server.port = tonumber(number)
    else
      table.insert(server.times[what], tonumber(number))
    end
  end
  server.unread = server.unread:match('[^\n]*$')
end

local function spawn(program, on_data)
  local out = uv.new_pipe(false)
  local process, failure = uv.spawn(program, { stdio = { nil, out } }, function() end)
  assert(process, ('cannot start %s: %s'):format(program, tostring(failure)))
  out:read_start(function(_, data) if data then on_data(data) end end)
  return process
end

function Rig.server()
  local server = { unread = '', times = { accept = {}, request = {}, first = {}, done = {} } }
  server.process = spawn(SERVER, function(data) take_lines(server, data) end)
  while not server.port do uv.run('once') end
  server.url = ('http://127.0.0.1:%d/v1'):format(server.port)
  return server
end

function Rig.told(nvim, what, since)
  local times, found = nvim.server.times[what], nil
  nvim:wait('the server told of no ' .. what, function()
    for i = #times, 1, -1 do
      if times[i] < since then break end
      found = times[i]
    end
    return found
  end)
  return found
end

-- Neovim ----------------------------------------------------------------------------------------------------

function Rig.nvim(server)
  local inside = Session.root .. '/tests/bench/inside.lua'
  local nvim = Session.start({ cols = 120, rows = 40, init = INIT:format(HOST, server.url, inside) })
  nvim.patience = PATIENCE
  nvim.server = server
  -- The screen comes, but to work it out would take a processor from what is measured.
  nvim._draw = function() end
  return nvim
end

function Rig.press(nvim, key)
  local at = uv.hrtime()
  nvim:notify('nvim_input', key)
  return at
end

function Rig.over(nvim)
  nvim:event('over')
  return nvim:exec_lua('return Bench.take()')
end

function Rig.pause(ms)
  local timer, over = uv.new_timer(), false
  uv.update_time()
  timer:start(ms, 0, function() over = true end)
  while not over do uv.run('once') end
  timer:close()
end

function Rig.words(tokens, rate, wait)
  return ('bench n=%d rate=%d wait=%d'):format(tokens, rate or 0, wait or 0)
end

function Rig.ask(nvim, ...)
  nvim:exec_lua('Bench.ask(...)', ...)
  return Rig.over(nvim)
end

function Rig.start_writer(nvim)
  nvim:exec_lua('Bench.floor.start(...)', WRITER)
  return Rig.over(nvim)
end

function Rig.write(nvim, tokens)
  nvim:exec_lua('Bench.floor.ask(...)', 'write', { tokens = tokens })
  return Rig.over(nvim)
end

function Rig.relay(nvim, words)
  nvim:exec_lua('Bench.floor.ask(...)', 'relay', { port = nvim.server.port, body = words })
  return Rig.over(nvim)
end

function Rig.host(nvim) return assert(nvim:children('askedit-host')[1]) end

function Rig.writer(nvim) return assert(nvim:children('askedit-bench-writer')[1]) end

--- What a 1 ms probe of a fresh Neovim sees in `ms` milliseconds, while run() goes on if there is one: what
--- that measured, its steps sorted, and `late`, the sorted gaps.
function Rig.probed(server, ms, run)
  local nvim = Rig.nvim(server)
  Rig.start_writer(nvim)
  Rig.ask(nvim, Rig.words(50))
  nvim:exec_lua('Bench.probe(1, ...)', ms)
  local measured = { steps = {} }
  if run then
    measured = run(nvim)
  else
    nvim:event('probed')
  end
  measured.late = nvim:exec_lua('return Bench.gaps()')
  table.sort(measured.steps)
  nvim:close()
  return measured
end

-- Processes -------------------------------------------------------------------------------------------------

local function first_line(path, pattern)
  for line in io.lines(path) do
    local found = line:match(pattern)
    if found then return tonumber(found) end
  end
  error(path .. ' tells nothing')
end

function Rig.cpu(pid)
  local sum, folder = 0, ('/proc/%d/task/'):format(pid)
  local scan = assert(uv.fs_scandir(folder))
  for thread in function() return uv.fs_scandir_next(scan) end do
    sum = sum + first_line(folder .. thread .. '/schedstat', '^(%d+)')
  end
  return sum / 1e6
end

function Rig.peak(pid) return first_line(('/proc/%d/status'):format(pid), '^VmHWM:%s*(%d+) kB') / 1024 end

function Rig.curl(server, words)
  local command = ([[LC_ALL=C bash -c 'TIMEFORMAT="%%U %%S"
    time curl --silent --output /dev/null --write-out "%%{time_total} " --data "$1" "$2"' sh '%s' '%s' 2>&1]])
  local output = io.popen(command:format(words, server.url .. '/chat/completions')):read('*a')
  local wall, user, system = output:match('^([%d.]+) ([%d.]+) ([%d.]+)')
  assert(wall, 'curl said: ' .. output)
  return { wall = wall * 1000, child_cpu = (user + system) * 1000 }
end

-- Numbers ---------------------------------------------------------------------------------------------------

--- The smallest of the sorted values that is not below the share q of them.
function Rig.quantile(sorted, q) return sorted[math.max(1, math.ceil(q * #sorted))] end

function Rig.median(list, field)
  local values = {}
  for i, item in ipairs(list) do values[i] = field and item[field] or item end
  table.sort(values)
  return (values[math.floor((#values + 1) / 2)] + values[math.ceil((#values + 1) / 2)]) / 2
end

return Rig
