--- The part of the measuring that runs inside Neovim; rig.lua makes it the global `Bench` before the plugin
-- is loaded.
--
--   Bench.ask(words...)     asks each of the questions, with the clock started;  <F5> asks Bench.words
--   Bench.edit(lines, words)           asks for a change to a buffer of so many lines
--   Bench.listen()          counts the lines that a listener of the next answers is handed
--   Bench.floor.start(program)         starts the writer
--   Bench.floor.ask(method, argument)  has it draw into a plain split;  <F6> has it relay Bench.order
--   Bench.probe(ms, count)  starts a timer that fires every so many ms; tells 'probed' after `count` times
--   Bench.gaps()            stops it: how late it was, in milliseconds, sorted
--   Bench.tell_keys()       tells 'typed' and the time for each key that arrives in the current buffer
--   Bench.take()            what was measured of the last question
-- The driver gets the notification 'over' at the end of an answer. Times are hrtime() nanoseconds.
local uv = vim.uv or vim.loop
local api = vim.api
local hrtime = uv.hrtime

local floor = {}
local Bench = { floor = floor }

local DRIVER = 1
local now

local function cpu()
  local used = uv.getrusage()
  return (used.utime.sec + used.stime.sec) * 1e9 + (used.utime.usec + used.stime.usec) * 1e3
end

local function begin()
  now = { draws = 0, bytes = 0, lines = 0, steps = {}, last_draw = {}, largest_gap = 0 }
  now.cpu, now.began = cpu(), hrtime()
end

local function over()
  now.over, now.used = hrtime(), cpu() - now.cpu
  vim.rpcnotify(DRIVER, 'over')
end

function Bench.take()
  if now.failed then error(now.failed) end
  return {
    hello = now.hello and (now.hello - now.began) / 1e6,
    first_text = now.first_text,
    wall = (now.over - now.began) / 1e6,
    cpu = now.used / 1e6,
    draws = now.draws,
    bytes = now.bytes,
    lines = now.lines,
    largest_gap = now.largest_gap / 1e6,
    steps = now.steps,
  }
end

-- Draws -----------------------------------------------------------------------------------------------------

local function note(id, fields, from, to)
  if fields.hello then now.hello = to end
  if not fields.text or fields.text == '' then return end
  now.first_text = now.first_text or to
  now.draws, now.bytes = now.draws + 1, now.bytes + #fields.text
  now.steps[#now.steps + 1] = (to - from) / 1e6
  now.largest_gap = math.max(now.largest_gap, from - (now.last_draw[id] or from))
  now.last_draw[id] = from
end

local function noted(draw)
  return function(id, fields)
    local from = hrtime()
    local reply = draw(id, fields)
    note(id, fields, from, hrtime())
    return reply
  end
end

-- Nothing is loaded earlier than it would be.
package.preload['askedit.view'] = function()
  local view = dofile(api.nvim_get_runtime_file('lua/askedit/view.lua', false)[1])
  view.draw = noted(view.draw)
  return view
end

-- The plugin ------------------------------------------------------------------------------------------------

local function on_user(events, callback)
  local function call() callback(require('askedit').event()) end
  api.nvim_create_autocmd('User', { pattern = events, callback = call })
end

on_user({ 'AskeditDone', 'AskeditError' }, function(event)
  now.failed = now.failed or event.error and event.error.message
  now.open = now.open - 1
  if now.open == 0 then over() end
end)

function Bench.ask(...)
  begin()
  now.open = select('#', ...)
  for i = 1, now.open do
    local ok, failure = pcall(vim.cmd, 'Ask ' .. select(i, ...))
    if not ok then
      now.failed = failure
      return over()
    end
  end
end

-- In a file of Markdown the whole answer is written, so all of it is drawn.
function Bench.edit(count, words)
  local lines = {}
  for i = 1, count do
    lines[i] = ('line %d of the text that is changed'):format(i)
  end
  api.nvim_buf_set_lines(0, 0, -1, false, lines)
  vim.cmd('noautocmd setlocal filetype=markdown')
  vim.ui.select = function(_, _, choose) choose("yes") end -- luacheck: ignore 122
  begin()
  now.open = 1
  vim.cmd('%Ask! ' .. words)
end

vim.keymap.set('n', '<F5>', function() Bench.ask(Bench.words) end)

function Bench.listen()
  on_user('AskeditStart', function(event)
    api.nvim_buf_attach(event.buf, false, { on_lines = function(_, _, _, first, _, last)
      now.lines = now.lines + last - first
    end })
  end)
end

-- The floor -------------------------------------------------------------------------------------------------

function floor.start(program)
  if floor.job then vim.fn.jobstop(floor.job) end
  begin()
  floor.job = vim.fn.jobstart({ program }, { rpc = true })
  vim.rpcnotify(floor.job, 'hello', vim.empty_dict())
end

local function open_split()
  floor.buf = api.nvim_create_buf(false, true)
  if not floor.win then
    vim.cmd('noautocmd belowright split')
    floor.win = api.nvim_get_current_win()
    vim.cmd('noautocmd wincmd p')
  end
  api.nvim_win_set_buf(floor.win, floor.buf)
  vim.bo[floor.buf].syntax = 'markdown'
end

local function append(text)
  local lines, from = {}, 1
  local count = api.nvim_buf_line_count(floor.buf)
  text = api.nvim_buf_get_lines(floor.buf, count - 1, count, false)[1] .. text
  for at in text:gmatch('()\n') do
    lines[#lines + 1], from = text:sub(from, at - 1), at + 1
  end
  lines[#lines + 1] = text:sub(from)
  api.nvim_buf_set_lines(floor.buf, count - 1, count, false, lines)
  api.nvim_win_set_cursor(floor.win, { count - 1 + #lines, 0 })
end

floor.draw = noted(function(_, fields)
  if fields.text then append(fields.text) end
  if fields['end'] or fields.hello then over() end
  return 'ok'
end)

function floor.ask(method, argument)
  begin()
  open_split()
  vim.rpcnotify(floor.job, method, argument)
end

-- With the split there already: it is no part of the way to the server.
vim.keymap.set('n', '<F6>', function()
  begin()
  vim.rpcnotify(floor.job, 'relay', Bench.order)
end)

-- The probe -------------------------------------------------------------------------------------------------

local timer, late

function Bench.probe(ms, count)
  local last = hrtime()
  timer, late = uv.new_timer(), {}
  timer:start(ms, ms, function()
    local at = hrtime()
    late[#late + 1], last = (at - last) / 1e6 - ms, at
    if #late == count then vim.rpcnotify(DRIVER, 'probed') end
  end)
end

function Bench.gaps()
  timer:close()
  table.sort(late)
  return late
end

-- A typed key -----------------------------------------------------------------------------------------------

function Bench.tell_keys()
  api.nvim_buf_attach(0, false, { on_lines = function() vim.rpcnotify(DRIVER, 'typed', hrtime()) end })
end

return Bench
