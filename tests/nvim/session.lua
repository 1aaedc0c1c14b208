--- A real Neovim for the specs: started with a screen attached, isolated from the user's files, watched.
-- The only file that speaks msgpack-RPC for the tests (lua-mpack over lua-luv).
--
--   local Session = require('session')
--   after_each(Session.close_all)
--   local nvim = Session.start({ env = { LIGHT_CHAT_TOKEN = 'sk-test' }, init = "vim.g.askedit = {}" })
--
-- Session.start(options)   all options may be left out:
--   prog     Neovim to run; default $NVIM_PROG, else `nvim` in $PATH
--   cols, rows   size of the screen (80, 24); headless = true starts without a screen
--   env      variables for Neovim; false removes one. From our own environment only PATH and the sanitizers'
--            options are handed on. HOME, TMPDIR and the XDG folders lie in `nvim.dir`, removed by close()
--   init     Lua text of the init file; it runs with this plugin and `nvim.dir/site` on the runtimepath
--   plugin   false leaves our plugin off the runtimepath
--   files    { [path below nvim.dir] = text }, written before the start
--   args     more arguments for Neovim, such as files to edit
--   cwd      folder to start in; default nvim.dir
--
-- What it does:
--   nvim:feed(keys)          types (`<` is `<LT>`); a request made afterwards is served after the keys
--   nvim:exec_lua(code, ...) runs Lua in Neovim, `...` are its arguments; returns the result (no nil inside)
--   nvim:command(ex)         runs an Ex command
--   nvim:request(method, ...), nvim:notify(method, ...)   any API function
--   nvim:screen()            lines of the last complete frame;  nvim:text() the same as one string
--   nvim:redraw()            returns when the screen shows the present state: use it before saying what is
--                            *not* there
--   nvim.cursor, nvim.mode   { row, column } on the screen, from 0; 'normal', 'insert', 'cmdline_normal', ...
--   nvim:messages()          text of :messages
--   nvim:children([name])    pids of Neovim's child processes, of that program name
--   nvim:kill(signal)        default 'sigkill'
--   nvim:wait_exit(ms)       then `nvim.exited` is { code =, signal = }
--   Session.alive(pid)       false for a zombie, too
--   nvim:close(), Session.close_all()
--
-- Waiting. Every wait serves the default luv loop, hence also the peers of the spec; it looks again at each
-- event and fails after `nvim.patience` ms (15000, may be set) with the screen in the message.
--   nvim:see(text, ms)       waits until a frame holds `text` (plain; a function gets the lines instead)
--   nvim:unsee(text, ms)     waits until a frame does not hold it
--   nvim:wait_for(expr, ms)  waits until the Lua expression is true in Neovim; returns its value
--   nvim:event(name, ms)     waits for `vim.rpcnotify(1, name, ...)`; returns its arguments as a list
--   nvim:wait(what, check, ms)   waits until check() is true; `what` stands in the failure message
local mpack = require('mpack')
local uv = require('luv')

local Session = {}
Session.__index = Session

local open = {}
local unpack = rawget(_G, 'unpack') or rawget(table, 'unpack')
local here = debug.getinfo(1, 'S').source:match('^@(.*)[/\\][^/\\]*$') or '.'
Session.root = assert(uv.fs_realpath(here .. '/../..'))

--- Serves the loop until done() or the deadline, and tells which of the two it was. Looks at each event, and
--- every `every` ms.
local function run_until(done, ms, every)
  local late = false
  local deadline, again = uv.new_timer(), uv.new_timer()
  uv.update_time() -- else the time a spec has spent computing would be taken off
  deadline:start(ms, 0, function() late = true end)
  if every then again:start(every, every, function() end) end
  local ok, result = pcall(function()
    while not done() do
      if late then return false end
      uv.run('once')
    end
    return true
  end)
  deadline:close()
  again:close()
  uv.run('nowait') -- lets them go: luv 1.44 crashes at exit over a handle that is half closed
  if not ok then error(result, 0) end
  return result
end

-- Files -----------------------------------------------------------------------------------------------------

local function make_folders(path)
  local parent = path:match('^(.+)/[^/]+$')
  if parent and not uv.fs_stat(parent) then make_folders(parent) end
  uv.fs_mkdir(path, tonumber('700', 8))
end

local function write_file(path, text)
  make_folders(path:match('^(.+)/'))
  local file = assert(io.open(path, 'wb'))
  assert(file:write(text))
  assert(file:close())
end

local function remove_tree(path)
  local scan = uv.fs_scandir(path)
  while scan do
    local name, kind = uv.fs_scandir_next(scan)
    if not name then break end
    if kind == 'directory' then
      remove_tree(path .. '/' .. name)
    else
      uv.fs_unlink(path .. '/' .. name)
    end
  end
  uv.fs_rmdir(path)
end

-- Failing ---------------------------------------------------------------------------------------------------

local function fail(self, what, level)
  local state = 'running'
  if self.exited then state = ('exited, code %d, signal %d'):format(self.exited.code, self.exited.signal) end
  local rule = ('-'):rep(40)
  error(table.concat({ what, ('%s is %s; its screen:'):format(self.prog, state), rule, self:text(), rule,
    'stderr: ' .. self.stderr }, '\n'), level + 1)
end

local function wait(self, what, check, ms, level, every)
  ms = ms or self.patience
  if not run_until(check, ms, every) then fail(self, ('%s within %d ms'):format(what, ms), level + 1) end
end

-- Start -----------------------------------------------------------------------------------------------------

local handed_on = { 'PATH', 'ASAN_OPTIONS', 'LSAN_OPTIONS', 'TSAN_OPTIONS', 'UBSAN_OPTIONS' }

local function environment(dir, wanted)
  local vars = {
    HOME = dir,
    LANG = 'C.UTF-8',
    TERM = 'xterm-256color',
    TMPDIR = dir .. '/tmp',
    XDG_CACHE_HOME = dir .. '/cache',
    XDG_CONFIG_HOME = dir .. '/config',
    XDG_DATA_HOME = dir .. '/data',
    XDG_RUNTIME_DIR = dir .. '/run',
    XDG_STATE_HOME = dir .. '/state',
  }
  for _, name in ipairs(handed_on) do vars[name] = os.getenv(name) end
  for name, value in pairs(wanted or {}) do vars[name] = value or nil end
  local list = {}
  for name, value in pairs(vars) do list[#list + 1] = name .. '=' .. value end
  return list
end

local function arguments(dir, options)
  local args = { '--embed', '--clean', '-n', '-i', 'NONE', '-u', dir .. '/init.lua' }
  if options.headless then args[#args + 1] = '--headless' end
  for _, arg in ipairs(options.args or {}) do args[#args + 1] = arg end
  return args
end

local function init_text(dir, options)
  local site = ('vim.opt.runtimepath:prepend(%q)\n'):format(dir .. '/site')
  local plugin = ('vim.opt.runtimepath:prepend(%q)\n'):format(Session.root)
  return (options.plugin == false and '' or plugin) .. site .. (options.init or '')
end

local function prepare_folder(options)
  local dir = assert(uv.fs_mkdtemp((os.getenv('TMPDIR') or '/tmp') .. '/askedit-spec-XXXXXX'))
  for _, name in ipairs({ 'tmp', 'cache', 'config', 'data', 'run', 'state', 'site' }) do
    make_folders(dir .. '/' .. name)
  end
  write_file(dir .. '/init.lua', init_text(dir, options))
  for name, text in pairs(options.files or {}) do write_file(dir .. '/' .. name, text) end
  return dir
end

function Session.start(options)
  options = options or {}
  local self = setmetatable({
    prog = options.prog or os.getenv('NVIM_PROG') or 'nvim',
    dir = prepare_folder(options),
    patience = 15000,
    cursor = { 0, 0 },
    stderr = '',
    _grid = {},
    _frame = {},
    _events = {},
    _last_id = 0,
    _replies = {},
  }, Session)
  open[#open + 1] = self
  self:_spawn(options)
  if not options.headless then
    local screen = { ext_linegrid = true, rgb = true }
    self:request('nvim_ui_attach', options.cols or 80, options.rows or 24, screen)
  end
  self:wait_for('vim.v.vim_did_enter == 1')
  return self
end

function Session:_spawn(options)
  self._stdin, self._stdout, self._errors = uv.new_pipe(false), uv.new_pipe(false), uv.new_pipe(false)
  local process, pid = uv.spawn(self.prog, {
    args = arguments(self.dir, options),
    env = environment(self.dir, options.env),
    cwd = options.cwd or self.dir,
    stdio = { self._stdin, self._stdout, self._errors },
  }, function(code, signal) self.exited = { code = code, signal = signal } end)
  if not process then error(('cannot start %s: %s'):format(self.prog, pid), 3) end
  self._process, self.pid = process, pid
  self:_read()
end

-- Messages --------------------------------------------------------------------------------------------------

local function handle_id(_, packed) return mpack.unpack(packed) end

function Session:_read()
  local handles = { [0] = handle_id, [1] = handle_id, [2] = handle_id } -- buffer, window, tab page
  -- Not mpack.Session: it loses its way in a message that comes in pieces.
  self._unpack, self._pack = mpack.Unpacker({ ext = handles }), mpack.Packer()
  self._stdout:read_start(function(_, data) self:_receive(data) end)
  self._errors:read_start(function(_, data) self.stderr = self.stderr .. (data or '') end)
end

function Session:_receive(data)
  local position = 1
  while data and position <= #data do
    local message
    message, position = self._unpack(data, position)
    if message then self:_take(unpack(message, 1, 4)) end
  end
end

local REQUEST, RESPONSE, NOTIFICATION = 0, 1, 2

function Session:_take(kind, id_or_method, failure_or_args, result)
  if kind == NOTIFICATION then
    self:_notified(id_or_method, failure_or_args)
  elseif kind == REQUEST then
    self:_write(self._pack({ RESPONSE, id_or_method, 'the spec answers no requests', mpack.NIL }))
  else
    local reply = self._replies[id_or_method]
    self._replies[id_or_method] = nil
    reply(failure_or_args, result)
  end
end

function Session:_notified(method, args)
  if method ~= 'redraw' then
    self._events[#self._events + 1] = { name = method, args = self._plain(args) }
    return
  end
  for _, event in ipairs(args) do
    for i = 2, #event do self:_draw(event[1], event[i]) end
  end
end

function Session:_write(bytes)
  if not self.exited and not self._stdin:is_closing() then self._stdin:write(bytes) end
end

--- Results without mpack's stand-in for nil.
function Session._plain(value)
  if value == mpack.NIL then return nil end
  if type(value) ~= 'table' then return value end
  local plain = {}
  for key, item in pairs(value) do plain[key] = Session._plain(item) end
  return plain
end

local function arguments_of_request(...)
  local args = {}
  for i = 1, select('#', ...) do
    local value = select(i, ...)
    args[i] = value == nil and mpack.NIL or value
  end
  return args
end

--- `level` counts from the caller as in error(): 2 is the caller's caller, the spec.
local function request(self, method, args, level)
  local answered, failure, result = false, nil, nil
  self._last_id = self._last_id + 1
  self._replies[self._last_id] = function(err, value)
    answered, failure, result = true, err, value
  end
  self:_write(self._pack({ REQUEST, self._last_id, method, args }))
  wait(self, method .. ' was not answered', function() return answered or self.exited end, nil, level + 1)
  if not answered then fail(self, method .. ': Neovim has exited', level + 1) end
  if failure ~= mpack.NIL and failure ~= nil then
    error(type(failure) == 'table' and tostring(failure[2]) or tostring(failure), level + 1)
  end
  return self._plain(result)
end

function Session:request(method, ...) return (request(self, method, arguments_of_request(...), 2)) end

function Session:notify(method, ...)
  self:_write(self._pack({ NOTIFICATION, method, arguments_of_request(...) }))
end

function Session:feed(keys)
  local taken = 0
  while taken < #keys do taken = taken + request(self, 'nvim_input', { keys:sub(taken + 1) }, 2) end
end

function Session:exec_lua(code, ...)
  return (request(self, 'nvim_exec_lua', { code, arguments_of_request(...) }, 2))
end

function Session:command(ex) request(self, 'nvim_command', { ex }, 2) end

function Session:messages() return (request(self, 'nvim_exec', { 'messages', true }, 2)) end

-- The screen ------------------------------------------------------------------------------------------------

local draw = {}

function draw.grid_resize(self, _, cols, rows)
  self._grid = {}
  for r = 1, rows do
    self._grid[r] = {}
    for c = 1, cols do self._grid[r][c] = ' ' end
  end
end

function draw.grid_clear(self)
  for _, row in ipairs(self._grid) do
    for c = 1, #row do row[c] = ' ' end
  end
end

function draw.grid_line(self, _, row, column, cells)
  for _, cell in ipairs(cells) do
    for _ = 1, cell[3] or 1 do
      column = column + 1
      self._grid[row + 1][column] = cell[1]
    end
  end
end

function draw.grid_scroll(self, _, top, bottom, left, right, rows)
  local from, to, step = top + 1, bottom - rows, 1
  if rows < 0 then from, to, step = bottom, top + 1 - rows, -1 end
  for r = from, to, step do
    for c = left + 1, right do self._grid[r][c] = self._grid[r + rows][c] end
  end
end

function draw.grid_cursor_goto(self, _, row, column) self.cursor = { row, column } end

function draw.mode_change(self, mode) self.mode = mode end

--- Only here is a frame complete.
function draw.flush(self)
  local frame = {}
  for r, row in ipairs(self._grid) do frame[r] = (table.concat(row):gsub('%s+$', '')) end
  self._frame = frame
end

function Session:_draw(name, args)
  if draw[name] then draw[name](self, unpack(args)) end
end

function Session:screen() return self._frame end

function Session:text() return table.concat(self._frame, '\n') end

function Session:redraw() request(self, 'nvim_command', { 'redraw' }, 2) end

-- Waiting ---------------------------------------------------------------------------------------------------

-- Again and again, as a check that makes a request takes the event in that it waits for.
function Session:wait(what, check, ms) wait(self, what, check, ms, 2, 10) end

local function holds(self, text)
  if type(text) == 'function' then return text(self:screen()) end
  return self:text():find(text, 1, true) ~= nil
end

function Session:see(text, ms)
  local what = ('the screen did not show %q'):format(tostring(text))
  wait(self, what, function() return holds(self, text) end, ms, 2)
end

function Session:unsee(text, ms)
  local what = ('%q did not leave the screen'):format(tostring(text))
  wait(self, what, function() return not holds(self, text) end, ms, 2)
end

function Session:wait_for(expr, ms)
  local result, failure
  wait(self, 'not true: ' .. expr, function()
    local ok, value = pcall(request, self, 'nvim_exec_lua', { 'return ' .. expr, {} }, 0)
    if ok then result = value else failure = value end
    return failure or result
  end, ms, 2, 10) -- a change in Neovim that draws nothing sends no event, hence the 10 ms
  if failure then error(failure, 2) end
  return result
end

function Session:event(name, ms)
  local found
  wait(self, ('no event %q'):format(name), function()
    for i, event in ipairs(self._events) do
      if event.name == name then
        found = table.remove(self._events, i)
        return true
      end
    end
    return false
  end, ms, 2)
  return found.args
end

-- Processes -------------------------------------------------------------------------------------------------

--- Name, state and parent of a process, nil if there is none.
local function process(pid)
  local file = io.open('/proc/' .. pid .. '/stat', 'r')
  local line = file and file:read('*a') -- fails if the process ends between the two
  if file then file:close() end
  if not line then return nil end
  local name, state, parent = line:match('%((.*)%) (%a) (%d+)')
  return { name = name, state = state, parent = tonumber(parent) }
end

function Session.alive(pid)
  local found = process(pid)
  return found ~= nil and found.state ~= 'Z'
end

function Session:children(name)
  local pids = {}
  local scan = assert(uv.fs_scandir('/proc'))
  for entry in function() return uv.fs_scandir_next(scan) end do
    local found = entry:match('^%d+$') and process(entry)
    local named = found and (not name or found.name == name:sub(1, 15)) -- the kernel cuts a name there
    if named and found.parent == self.pid and found.state ~= 'Z' then
      pids[#pids + 1] = tonumber(entry)
    end
  end
  return pids
end

function Session:kill(signal) assert(self._process:kill(signal or 'sigkill')) end

function Session:wait_exit(ms)
  wait(self, 'Neovim did not exit', function() return self.exited end, ms, 2)
  return self.exited
end

function Session:_close_handles()
  local left = 0
  for _, handle in ipairs({ self._stdin, self._stdout, self._errors, self._process }) do
    if not handle:is_closing() then
      left = left + 1
      handle:close(function() left = left - 1 end)
    end
  end
  run_until(function() return left == 0 end, 5000)
end

function Session:close()
  if self._closed then return end
  self._closed = true
  if self._process then
    self._stdin:shutdown() -- to an embedded Neovim that is the order to quit
    if not run_until(function() return self.exited end, 5000) then
      self:kill('sigkill')
      run_until(function() return self.exited end, 5000)
    end
  end
  self:_close_handles()
  remove_tree(self.dir)
end

function Session.close_all()
  for i = #open, 1, -1 do table.remove(open, i):close() end
end

return Session
