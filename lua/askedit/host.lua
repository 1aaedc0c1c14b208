--- The host process: finds the program, starts it at first use and again when it died or was replaced, says
--- hello, and passes on notifications. Nothing here waits for it.
local compat = require('askedit.compat')

local M = {}

local uv = compat.uv

M.PROTOCOL = 1
local HELLO_MS = 10000
local STDERR_LINES = 20
local RENEW = 'run scripts/build'

---@class askedit.HostProcess
---@field job integer
---@field path string
---@field cure string what to do about a bad file
---@field stamp string what the file looked like when it was started
---@field greeted boolean it answered hello: the only proof that it is a host
---@field version? string
---@field first_line? string first line on stderr
---@field stderr string[] the last lines, the last one perhaps incomplete
---@field fate? string why we ended it, if it was us

---@type askedit.HostProcess|nil
local process
local last_stderr = {}
local on_death = function(_) end

--- Registers who hears, once, that the host is gone: one sentence with the reason. A host that does not start
--- needs a cure, which the sentence has; of one that has worked `worked` is true, and another may be started.
---@param callback fun(sentence: string, worked: boolean)
function M.on_death(callback)
  on_death = callback
end

-- Looked up at once: a relative 'runtimepath' is right only until the next :cd.
local plugin_root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h:h')

--- The folder of the plugin, where scripts/build puts bin/askedit-host.
---@return string
function M.plugin_root()
  return plugin_root
end

--- Where the host is looked for: the setting, $PATH, the plugin's own folder.
---@param host_path string the setting, '' if not set
---@return string path
---@return string origin
function M.find(host_path)
  if host_path ~= '' then
    return host_path, 'host_path'
  end
  local in_path = vim.fn.exepath('askedit-host')
  if in_path ~= '' then
    return in_path, '$PATH'
  end
  return M.plugin_root() .. '/bin/askedit-host', 'scripts/build'
end

local function cure_for(origin)
  return origin == 'host_path' and 'correct host_path' or RENEW
end

local function short(path)
  return vim.fn.fnamemodify(path, ':~')
end

local function first_bytes(path, count)
  local file = io.open(path, 'rb')
  local bytes = file and file:read(count) or ''
  if file then
    file:close()
  end
  return bytes or ''
end

local function is_elf(head)
  return head:sub(1, 4) == '\127ELF'
end

-- Class and byte order are bytes 5 and 6 of an ELF file, the machine bytes 19 and 20.
local function machine(head)
  return head:sub(5, 6) .. head:sub(19, 20)
end

-- The kernel refuses these, and Neovim before 0.12 then feeds the file to /bin/sh.
local function wrong_format(path)
  local own, head = first_bytes('/proc/self/exe', 20), first_bytes(path, 20)
  if not is_elf(own) or head:sub(1, 2) == '#!' then
    return nil
  end
  if not is_elf(head) then
    return 'is not a program for this system'
  end
  if machine(head) ~= machine(own) then
    return 'is built for another processor'
  end
end

--- Why this file cannot be started, as far as a look at it tells.
---@param path string
---@param origin string
---@return string|nil fault a sentence
function M.fault_of(path, origin)
  local stat = uv.fs_stat(path)
  local cure = cure_for(origin)
  if not stat and origin == 'scripts/build' then
    return 'askedit-host is not built: ' .. RENEW
  end
  if not stat then
    return ('there is no %s: %s'):format(short(path), cure)
  end
  if stat.type == 'directory' then
    return ('%s is a directory: %s'):format(short(path), cure)
  end
  if vim.fn.executable(path) == 0 then
    return ('%s is not executable: chmod +x it'):format(short(path))
  end
  local format = wrong_format(path)
  return format and ('%s %s: %s'):format(short(path), format, cure) or nil
end

local function stamp_of(path)
  local stat = uv.fs_stat(path)
  return stat and ('%d %d %d %d'):format(stat.ino, stat.size, stat.mtime.sec, stat.mtime.nsec) or ''
end

-- The first item of `data` continues the last line.
local function keep_stderr(self, data)
  local lines = self.stderr
  for i, text in ipairs(data) do
    if i == 1 and #lines > 0 then
      lines[#lines] = lines[#lines] .. text
    else
      lines[#lines + 1] = text
    end
  end
  -- The last item may still grow.
  for i = 1, self.first_line and 0 or #lines - 1 do
    if lines[i]:find('%S') then
      self.first_line = lines[i]
      break
    end
  end
  while #lines > STDERR_LINES do
    table.remove(lines, 1)
  end
  last_stderr = lines
end

local function first_words(self)
  if self.first_line then
    return self.first_line
  end
  local line = self.stderr[1]
  return line and line:find('%S') and line or nil
end

local function last_words(self)
  for i = #self.stderr, 1, -1 do
    if self.stderr[i]:find('%S') then
      return self.stderr[i]
    end
  end
end

local function exit_reason(code)
  if code > 128 then
    return ('signal %d'):format(code - 128)
  end
  return ('exit code %d'):format(code)
end

local function death_sentence(self, code)
  if self.fate then
    return self.fate
  end
  if self.greeted then
    local words = last_words(self)
    local reason = exit_reason(code) .. (words and ': ' .. words or '')
    return ('the host ended (%s)'):format(reason)
  end
  local line = first_words(self)
  if line then
    return ('the host does not start: %s (%s); %s'):format(line, exit_reason(code), self.cure)
  end
  return ('%s is no askedit-host (ended, %s): %s'):format(short(self.path), exit_reason(code), self.cure)
end

local function on_exit(self, code)
  -- 0.7 tells this while it exits itself, on a terminal that is the shell's again.
  if process == self and vim.v.exiting == vim.NIL then
    process = nil
    on_death(death_sentence(self, code), self.greeted and not self.fate or false)
  end
end

-- A program that never answers hello is no host; it may wait for input for ever.
local function watch_for_hello(self)
  vim.defer_fn(function()
    if process == self and not self.greeted then
      self.fate = ('%s did not answer in %d s, it is no askedit-host: %s'):format(
        short(self.path),
        HELLO_MS / 1000,
        self.cure
      )
      vim.fn.jobstop(self.job)
    end
  end, HELLO_MS)
end

-- Neovim's own words without its error number, the place in our code, and the path that we name ourselves.
local function plain(message)
  return (tostring(message):gsub('^.*Vim:?', ''):gsub('^E%d+: ', ''):gsub(': "[^"]*"$', ''))
end

local function start(path, origin)
  local fault = M.fault_of(path, origin)
  if fault then
    return fault
  end
  local self = { path = path, cure = cure_for(origin), stamp = stamp_of(path) }
  self.greeted, self.stderr = false, {}
  local ok, job = pcall(vim.fn.jobstart, { path }, {
    rpc = true,
    on_stderr = function(_, data)
      keep_stderr(self, data)
    end,
    on_exit = function(_, code)
      on_exit(self, code)
    end,
  })
  if not ok or job <= 0 then
    local reason = ok and 'no process' or plain(job)
    return ('%s cannot be started (%s): %s'):format(short(path), reason, self.cure)
  end
  self.job = job
  process = self
  watch_for_hello(self)
  M.notify('hello', { protocol = M.PROTOCOL })
end

-- Later, since we may be inside a request of the very process.
local function end_process(self)
  process = nil
  vim.schedule(function()
    pcall(vim.fn.jobstop, self.job)
  end)
end

--- Ends the host without telling anybody; the next question starts it again, with the environment of then.
function M.stop()
  if process then
    end_process(process)
  end
end

--- Makes sure that a host runs. With `idle`, a host whose file was replaced on disk gives way to the new one.
---@param host_path string the setting
---@param idle boolean no answer is on its way
---@return string|nil fault a sentence, if there is no host now
function M.ensure(host_path, idle)
  local path, origin = M.find(host_path)
  if process and idle and (process.path ~= path or process.stamp ~= stamp_of(path)) then
    M.stop()
  end
  if not process then
    return start(path, origin)
  end
end

--- Sends a notification; a host that is gone is heard of through on_death.
---@param method 'hello'|'run'|'stop'
---@param argument table
---@return string|nil fault a sentence, if the argument cannot be sent
function M.notify(method, argument)
  if not process then
    return 'the host is not running'
  end
  local ok, fault = pcall(vim.rpcnotify, process.job, method, argument)
  if not ok and not tostring(fault):find('channel') then
    return 'the question cannot be sent: ' .. plain(fault)
  end
end

--- Takes the host's answer to hello.
---@param hello {protocol: integer, version: string}
function M.greet(hello)
  local self = process
  if not self then
    return
  end
  self.greeted, self.version = true, hello.version
  if hello.protocol == M.PROTOCOL then
    return
  end
  local older = hello.protocol < M.PROTOCOL
  end_process(self)
  on_death(
    ('askedit-host %s speaks protocol %d, the plugin %d: %s'):format(
      tostring(hello.version),
      hello.protocol,
      M.PROTOCOL,
      older and RENEW or 'update the plugin'
    )
  )
end

--- What :checkhealth and /log say about the process.
---@return {running: boolean, path?: string, version?: string, stderr: string[]}
function M.report()
  return {
    running = process ~= nil,
    path = process and process.path,
    version = process and process.version,
    stderr = vim.deepcopy(last_stderr),
  }
end

return M
