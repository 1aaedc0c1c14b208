--- The harness itself, on a real Neovim and without our plugin: what it sees, when it fails, what it leaves.
local Peer = require('peer')
local Session = require('session')
local uv = require('luv')

--- The other end of a connection to `peer`: a socket of this process, which reports what comes to `received`.
local function client(peer, bytes)
  local self = { socket = uv.new_tcp(), received = '' }
  self.socket:connect('127.0.0.1', peer.port, function(failure)
    self.connected = not failure
    if failure then return end
    self.socket:read_start(function(err, data)
      self.received, self.over = self.received .. (data or ''), err or not data
    end)
    if bytes then self.socket:write(bytes) end
  end)
  return self
end

local function http_request(body)
  return 'POST /path HTTP/1.1\r\nHost: here\r\nContent-Length: ' .. #body .. '\r\n\r\n' .. body
end

local function silent() end

describe('a session', function()
  after_each(Session.close_all)

  it('shows the screen, the cursor and the mode', function()
    local nvim = Session.start({ plugin = false, cols = 60, rows = 10 })
    nvim:feed('iäöü 漢字 text')
    nvim:see('äöü 漢字 text')
    nvim:see(function() return nvim.mode == 'insert' end)
    assert.are.equal(10, #nvim:screen())
    assert.are.same({ 0, 13 }, nvim.cursor)
    nvim:feed('<Esc>:%d<CR>')
    nvim:unsee('text')
  end)

  it('keeps the screen right while it scrolls', function()
    local nvim = Session.start({ plugin = false, rows = 8 })
    nvim:exec_lua([[
      local lines = {}
      for i = 1, 200 do lines[i] = 'line ' .. i end
      vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
    ]])
    nvim:feed('3<C-e>')
    nvim:see(function(lines) return lines[1] == 'line 4' and lines[6] == 'line 9' end)
    nvim:feed('2<C-y>')
    nvim:see(function(lines) return lines[1] == 'line 2' and lines[6] == 'line 7' end)
    nvim:feed('G')
    nvim:see(function(lines) return lines[6] == 'line 200' end)
  end)

  it('serves a request after the keys typed before it', function()
    local nvim = Session.start({ plugin = false })
    nvim:feed('ione<LT>two<Esc>yypp')
    local lines = nvim:exec_lua('return vim.api.nvim_buf_get_lines(0, 0, -1, true)')
    assert.are.same({ 'one<two', 'one<two', 'one<two' }, lines)
  end)

  it('hands values to Lua and back', function()
    local nvim = Session.start({ plugin = false })
    local back = nvim:exec_lua('return { select("#", ...), ... }', 'a\0b\255', 7, { k = { true } })
    assert.are.same({ 3, 'a\0b\255', 7, { k = { true } } }, back)
    assert.is_nil(nvim:exec_lua('return nil'))
  end)

  it('takes a reply that comes in many pieces', function()
    local nvim = Session.start({ plugin = false })
    local back = nvim:exec_lua([[
      local list = {}
      for i = 1, 20000 do list[i] = { i, ('word '):rep(i % 50), { k = i } } end
      return list
    ]])
    assert.are.equal(20000, #back)
    for i, item in ipairs(back) do assert(item[1] == i and #item[2] == 5 * (i % 50) and item[3].k == i, i) end
  end)

  it('says what Lua raised', function()
    local nvim = Session.start({ plugin = false })
    assert.has_error.matches(function() nvim:exec_lua('error("broken on purpose")') end, 'broken on purpose')
    assert.has_error.matches(function() nvim:command('NoSuchCommand') end, 'NoSuchCommand')
    assert.has_error.matches(function() nvim:wait_for('vim.g.none.field') end, 'index')
  end)

  it('shows the messages and a prompt', function()
    local nvim = Session.start({ plugin = false })
    nvim:command('echomsg "remember me"')
    assert.is_truthy(nvim:messages():find('remember me', 1, true))
    nvim:feed([[:echo "two\nlines"<CR>]])
    nvim:see('Press ENTER')
    nvim:feed('<CR>')
    nvim:unsee('Press ENTER')
  end)

  it('fails at the deadline, at once if Neovim has gone, with the screen in the message', function()
    local nvim = Session.start({ plugin = false })
    nvim:feed('ithis is there')
    nvim:see('this is there')
    local started = uv.hrtime()
    local ok, message = pcall(function() nvim:see('this is not there', 200) end)
    assert.is_false(ok)
    assert.is_truthy(message:find('harness_spec.lua:%d+: .*this is not there.*this is there'), message)
    local took = (uv.hrtime() - started) / 1e6
    assert.is_true(took >= 200 and took < 5000, took)
    assert.has_error.matches(function() nvim:wait_for('vim.g.never == 1', 100) end, 'vim.g.never')
    assert.has_error.matches(function() nvim:event('never', 100) end, 'never')
    nvim:kill()
    nvim:wait_exit()
    assert.has_error.matches(function() nvim:exec_lua('return 1') end, 'has exited')
  end)

  it('waits for what happens later', function()
    local nvim = Session.start({ plugin = false })
    nvim:exec_lua([[vim.defer_fn(function()
      vim.g.later = 42
      vim.rpcnotify(1, 'second', 'x')
    end, 50)
    vim.rpcnotify(1, 'first', 1, 2)]])
    assert.are.equal(42, nvim:wait_for('vim.g.later'))
    assert.are.same({ 'x' }, nvim:event('second'))
    assert.are.same({ 1, 2 }, nvim:event('first'))
  end)

  it('is isolated: own folders, own environment, init and plugins of the spec only', function()
    local nvim = Session.start({
      plugin = false,
      env = { SPEC_WORD = 'word', TERM = false },
      init = 'vim.g.from_init = 1',
      files = { ['site/plugin/one.lua'] = 'vim.g.from_plugin = 1' },
    })
    local seen = nvim:exec_lua([[return {
      vim.fn.stdpath('config'), vim.env.HOME, vim.env.SPEC_WORD, vim.g.from_init, vim.g.from_plugin,
      vim.fn.environ().TERM or 'none', vim.fn.environ().LIGHT_CHAT_TOKEN or 'none', vim.fn.getcwd() }]])
    local dir = uv.fs_realpath(nvim.dir)
    assert.are.same({ nvim.dir .. '/config/nvim', nvim.dir, 'word', 1, 1, 'none', 'none', dir }, seen)
    assert.is_nil(nvim:exec_lua('return vim.o.runtimepath'):find(Session.root, 1, true))
    nvim:close()
    assert.is_nil(uv.fs_stat(nvim.dir))
  end)

  it('knows the children of Neovim, and their end', function()
    local nvim = Session.start({ plugin = false })
    nvim:exec_lua([[vim.fn.jobstart({ 'sleep', '1000' })]])
    nvim:wait('no child', function() return #nvim:children('sleep') == 1 end)
    local pid = nvim:children('sleep')[1]
    assert.is_true(Session.alive(pid))
    nvim:close()
    assert.is_not_nil(nvim.exited)
    nvim:wait('the child lives on', function() return not Session.alive(pid) end)
  end)

  it('closes a Neovim that waits at a prompt', function()
    local nvim = Session.start({ plugin = false })
    nvim:feed([[:call input("Name? ")<CR>]])
    nvim:see('Name?')
    local started = uv.hrtime()
    nvim:close()
    assert.is_true((uv.hrtime() - started) / 1e6 < 4000)
  end)
end)

describe('a peer', function()
  local nvim

  before_each(function() nvim = Session.start({ plugin = false, headless = true }) end)
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('reads requests and answers them', function()
    local peer = Peer.new({
      script = function(conn, request) conn:write(Peer.response(201, request.body:upper(), {})) end,
    })
    local one = client(peer, http_request('{"a": "b"}') .. http_request('more'))
    local request = peer:wait_request(nvim)
    assert.are.equal('POST', request.method)
    assert.are.equal('/path', request.path)
    assert.are.equal('here', request.headers.host)
    assert.are.same({ a = 'b' }, request:json())
    assert.are.equal('more', peer:wait_request(nvim).body)
    nvim:wait('no answer', function() return one.received:find('MORE', 1, true) end)
    assert.is_truthy(one.received:find('^HTTP/1.1 201 .*{"A": "B"}HTTP/1.1 201 '))
    one.socket:close()
  end)

  it('answers as light chat does', function()
    local peer = Peer.new()
    local one = client(peer, http_request('{}'))
    nvim:wait('no answer', function() return one.received:find('}$') end)
    local body = nvim:exec_lua('return vim.fn.json_decode(...)', one.received:match('\r\n\r\n(.*)'))
    assert.are.equal(200, body.code)
    assert.are.equal('Hello.', body.data.completion.choices[1].message.content)
    assert.are.equal(10, body.data.info.numOfOneDayCanCallApi)
    one.socket:close()
    local function no_data(envelope) envelope.data = Peer.null end
    local quota = Peer.light_chat('x', { code = 429, change = no_data })
    assert.is_truthy(quota:find('"code":429', 1, true))
    assert.is_truthy(quota:find('"data":null', 1, true))
  end)

  it('drips an answer', function()
    local peer = Peer.new({ script = function(conn) conn:drip(Peer.pieces('abcdefgh', 3), 1) end })
    local one = client(peer, http_request(''))
    nvim:wait('no answer', function() return one.received == 'abcdefgh' end)
    one.socket:close()
  end)

  it('sees FIN and RST of the other end, with the time', function()
    local peer = Peer.new({ script = silent })
    local one = client(peer, http_request('x'))
    peer:wait_request(nvim)
    assert.has_error.matches(function() peer:wait_closed(nvim, nil, 100) end, 'no end of the connection')
    local before = uv.hrtime()
    one.socket:close()
    local conn = peer:wait_closed(nvim)
    assert.are.equal('fin', conn.closed)
    assert.is_true(conn.closed_at >= before and conn.closed_at <= uv.hrtime())
    local two = client(peer, http_request('x'))
    peer:wait_request(nvim)
    two.socket:close_reset()
    assert.are.equal('reset', peer:wait_closed(nvim).closed)
    assert.are.equal(2, #peer.connections)
  end)

  it('closes and resets', function()
    local peer = Peer.new({ script = function(conn, request) conn[request.body](conn, 'part') end })
    local one = client(peer, http_request('write') .. http_request('close'))
    nvim:wait('no FIN', function() return one.over end)
    assert.are.equal('part', one.received)
    assert.is_true(one.over)
    local two = client(peer, http_request('reset'))
    nvim:wait('no RST', function() return two.over end)
    assert.are.equal('ECONNRESET', two.over)
    one.socket:close()
    two.socket:close()
  end)

  it('takes raw bytes and holds a connection in silence', function()
    local peer = Peer.new({ raw = true })
    local one = client(peer, '\22\3\1garbage')
    local conn = peer:wait_connection(nvim)
    peer:wait_bytes(nvim, conn, 10)
    assert.are.equal('\22\3\1garbage', conn.bytes)
    assert.are.equal(0, #peer.requests)
    one.socket:close()
  end)

  it('can keep others in the connecting phase', function()
    local peer = Peer.new({ deaf = true })
    assert.are.equal(0, peer:connecting())
    local one = client(peer)
    nvim:wait('nobody connects', function() return peer:connecting() == 1 end)
    local two = client(peer)
    nvim:wait('nobody else connects', function() return peer:connecting() == 2 end)
    assert.is_nil(one.connected) -- nor was it let in by what came after it
    assert.is_nil(two.connected)
    one.socket:close()
    two.socket:close()
    nvim:wait('still connecting', function() return peer:connecting() == 0 end)
  end)

  it('hands on what a script raises', function()
    local peer = Peer.new({ script = function() error('script broken on purpose') end })
    local one = client(peer, http_request('x'))
    local function wait_for_request()
      peer:wait_request(nvim)
      peer:wait_request(nvim)
    end
    assert.has_error.matches(wait_for_request, 'script broken on purpose')
    one.socket:close()
  end)
end)
