--- How long from the stop key to the end of the connection, in each phase of a request.
--
-- The clock starts when the key is sent to Neovim (`nvim_input`) and ends when a raw socket on the other side
-- sees FIN or RST. In two phases there is nothing to see there: while it connects, the end is the moment at
-- which the host has no longer the socket that is connecting (to a millisecond); during name look-up it is
-- the arrival of the end in Neovim, which the host can only tell when its loop is free. Beside it stands what
-- the measuring itself takes: the same key path, from `nvim_input` to a notification back from Neovim.
--
-- The key is pressed when all threads of the host sleep. One moment of work is thus left out: at the first
-- TLS connection of its life the host reads the system's CA certificates, some 20 ms of processor time, and a
-- stop waits until it has.
local Peer = require('peer')
local Report = require('report')
local Rig = require('rig')
local Session = require('session')
local uv = require('luv')

local RUNS = 20
local GOAL_MS = 5
local NAME_SERVER, NAME_PORT = os.getenv('BENCH_NAME_SERVER'), 53

local function silent() end

local settings = [[
  vim.g.askedit = { host_path = %q, provider = { url = %q } }
  vim.keymap.set('n', '<F2>', '<Plug>(askedit-stop)')
  vim.keymap.set('n', '<F3>', function() vim.rpcnotify(1, 'control') end)
  local view = require('askedit.view')
  local draw = view.draw
  function view.draw(id, fields)
    if fields['end'] then vim.rpcnotify(1, 'over', (vim.uv or vim.loop).hrtime()) end
    return draw(id, fields)
  end
]]

local host = os.getenv('ASKEDIT_HOST')

local function start(url)
  return Session.start({ env = { LIGHT_CHAT_TOKEN = 'sk-of-the-bench' }, init = settings:format(host, url) })
end

local function press(nvim, key)
  local from = uv.hrtime()
  nvim:notify('nvim_input', key)
  return from
end

local function at_close(nvim, conn)
  nvim:wait('the connection stays', function() return conn.closed end)
  return conn.closed_at
end

--- The lines of the kernel's table of TCP sockets that are connected, or trying to, to `peer`: state, bytes
--- unread, inode.
local function sockets_to(peer)
  local found, remote = {}, (':%04X'):format(peer.port)
  local pattern = '^%s*%d+: %x+:%x+ %x+(:%x+) (%x%x) %x+:(%x+) %x+:%x+ %x+ +%d+ +%d+ (%d+)'
  for line in io.lines('/proc/net/tcp') do
    local port, state, unread, inode = line:match(pattern)
    if port == remote then found[#found + 1] = { state = state, unread = tonumber(unread, 16),
      inode = inode } end
  end
  return found
end

local SYN_SENT = '02'

--- The inode of the host's socket that is connecting; the peer's own fillers are not.
local function connecting_inode(peer)
  for _, socket in ipairs(sockets_to(peer)) do
    if socket.state == SYN_SENT then return socket.inode end
  end
end

local function has_socket(pid, inode)
  local folder = ('/proc/%d/fd'):format(pid)
  local scan = assert(uv.fs_scandir(folder))
  for name in function() return uv.fs_scandir_next(scan) end do
    if uv.fs_readlink(folder .. '/' .. name) == ('socket:[%s]'):format(inode) then return true end
  end
  return false
end

local function has_read_all(peer)
  for _, socket in ipairs(sockets_to(peer)) do
    if socket.unread > 0 then return false end
  end
  return true
end

local function all_threads_sleep(pid)
  local scan = assert(uv.fs_scandir(('/proc/%d/task'):format(pid)))
  for thread in function() return uv.fs_scandir_next(scan) end do
    local file = io.open(('/proc/%d/task/%s/stat'):format(pid, thread), 'r')
    local state = file and file:read('*a'):match('%) (%a) ')
    if file then file:close() end
    if state and state ~= 'S' then return false end
  end
  return true
end

--- A socket that takes questions for addresses and answers none.
local function mute_name_server()
  local self = { questions = 0, socket = uv.new_udp() }
  assert(self.socket:bind(NAME_SERVER, NAME_PORT))
  self.socket:recv_start(function(_, bytes)
    if bytes then self.questions = self.questions + 1 end
  end)
  return self
end

--- Phases: open() gives what a url is made of; reached(nvim, it) waits until the request is there; left(nvim,
--- it) waits for the end and returns its time.
local phases = {
  {
    'name look-up, name server silent',
    open = function() return mute_name_server() end,
    url = function() return 'https://bench.askedit.test/' end,
    reached = function(nvim, server)
      nvim:wait('no question for an address', function() return server.questions > 0 end)
    end,
    left = function(nvim) return nvim:event('over')[1] end,
    close = function(server)
      server.socket:close()
      uv.run('nowait')
    end,
  },
  {
    'connect, queue of the server full',
    open = function() return Peer.new({ deaf = true }) end,
    reached = function(nvim, peer)
      nvim:wait('nobody connects', function()
        Rig.pause(1) -- it is no event of ours
        peer.inode = connecting_inode(peer)
        return peer.inode
      end)
    end,
    left = function(nvim, peer)
      while has_socket(nvim.host, peer.inode) do uv.sleep(1) end
      return uv.hrtime()
    end,
  },
  {
    'TLS handshake, server silent',
    open = function() return Peer.new({ raw = true }) end,
    url = function(peer) return peer.url:gsub('^http:', 'https:') end,
    reached = function(nvim, peer) peer:wait_bytes(nvim, peer:wait_connection(nvim), 100) end,
    left = function(nvim, peer) return at_close(nvim, peer.connections[1]) end,
  },
  {
    'request sent, server silent',
    open = function() return Peer.new({ script = silent }) end,
    reached = function(nvim, peer) peer:wait_request(nvim) end,
    left = function(nvim, peer) return at_close(nvim, peer.connections[1]) end,
  },
  {
    'body arriving',
    open = function() return Peer.new({ script = silent }) end,
    reached = function(nvim, peer)
      peer:wait_request(nvim).conn:write(Peer.light_chat('half of an answer'):sub(1, -20))
      nvim:wait('the host does not read', function() return has_read_all(peer) end)
    end,
    left = function(nvim, peer) return at_close(nvim, peer.connections[1]) end,
  },
}

local function measure(phase)
  local it = phase.open()
  local nvim = start(phase.url and phase.url(it) or it.url)
  nvim.patience = 30000
  nvim:feed(':Ask why<CR>')
  phase.reached(nvim, it)
  nvim.host = assert(nvim:children('askedit-host')[1])
  while not all_threads_sleep(nvim.host) do nvim:redraw() end
  local control = press(nvim, '<F3>')
  nvim:event('control')
  control = uv.hrtime() - control
  local from = press(nvim, '<F2>')
  local took = phase.left(nvim, it) - from
  nvim:close()
  if phase.close then phase.close(it) else it:close() end
  return took / 1e6, control / 1e6
end

return function(who)
  Report.head(who, 'from the stop key to the end of the connection')
  for _, phase in ipairs(phases) do
    local times, controls = {}, {}
    for i = 1, RUNS do
      times[i], controls[i] = measure(phase)
    end
    table.sort(times)
    Report.row(('%s (%.1f to %.1f)'):format(phase[1], times[1], times[RUNS]), Rig.median(times), 'ms',
      { key = Rig.median(controls) }, { at_most = GOAL_MS })
  end
end
