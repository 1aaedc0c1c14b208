--- Stop, in each phase of a request: the connection is closed, nothing connects later, what came stays and
-- says that it was stopped, and other answers go on. (Name look-up needs a dead name server:
-- tests/bench/stop.lua and the scenarios have that.)
local Draws = require('draws')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function silent() end

--- Bytes that the host has not read yet from its connections to `peer`.
local function unread(peer)
  local bytes, remote = 0, (':%04X'):format(peer.port)
  for line in io.lines('/proc/net/tcp') do
    local port, queued = line:match('^%s*%d+: %x+:%x+ %x+(:%x+) 01 %x+:(%x+)')
    if port == remote then bytes = bytes + tonumber(queued, 16) end
  end
  return bytes
end

local function waits_for_close(nvim, peer) peer:wait_closed(nvim) end

--- The peer's options, `scheme` of the url if it is not http, `reached` waits for the phase, `left` for the
--- end of the connection.
local phases = {
  ['while it connects'] = {
    peer = { deaf = true },
    reached = function(nvim, peer) nvim:wait('nobody connects',
      function() return peer:connecting() == 1 end) end,
    left = function(nvim, peer) nvim:wait('still connecting',
      function() return peer:connecting() == 0 end) end,
  },
  ['in the TLS handshake'] = {
    peer = { raw = true },
    scheme = 'https',
    reached = function(nvim, peer) peer:wait_bytes(nvim, peer:wait_connection(nvim), 100) end,
    left = waits_for_close,
  },
  ['while the server is silent'] = {
    peer = { script = silent },
    reached = function(nvim, peer) peer:wait_request(nvim) end,
    left = waits_for_close,
  },
  ['while the body arrives'] = {
    peer = { script = silent },
    reached = function(nvim, peer)
      local bytes = Peer.light_chat('half of an answer')
      peer:wait_request(nvim).conn:write(bytes:sub(1, -20))
      nvim:wait('the host does not read', function() return unread(peer) == 0 end)
    end,
    left = waits_for_close,
  },
}

local ways = {
  ['<C-c> in the split'] = { '<C-w>j', '<C-c>' },
  ['/stop in the source'] = { ':Ask /stop<CR>' },
  ['a key bound to stop'] = { '<F2>' },
}

local function ask_at(nvim, url, words)
  nvim:exec_lua([[
    local settings = vim.g.askedit
    settings.provider.url = ...
    vim.g.askedit = settings
  ]], url)
  nvim:feed(':Ask ' .. words .. '<CR>')
end

describe('stop', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for phase_name, phase in pairs(phases) do
    for way_name, keys in pairs(ways) do
      it(('by %s, %s'):format(way_name, phase_name), function()
        local other = Peer.new({ script = silent })
        local peer = Peer.new(phase.peer)
        local nvim = Product.start({ peer = other,
          init = "vim.keymap.set('n', '<F2>', '<Plug>(askedit-stop)')" })
        ask_at(nvim, other.url, 'the other')
        local request = other:wait_request(nvim)
        ask_at(nvim, peer.url:gsub('^http', phase.scheme or 'http'), 'this one')
        phase.reached(nvim, peer)
        local connections = #peer.connections
        for _, typed in ipairs(keys) do
          nvim:feed(typed)
          nvim:redraw() -- <C-c> means what it means where the cursor is as it comes in
        end
        phase.left(nvim, peer)
        local over = nvim:event('AskeditDone')[1]
        assert.is_true(over.stopped)
        assert.are.equal('cancelled', over.error.kind)
        nvim:see('stopped · gpt-3.5-turbo-1106')
        nvim:see('> this one')

        assert.is_nil(request.conn.closed)
        request.conn:write(Peer.light_chat('the other answer'))
        assert.are.equal('the other answer', nvim:event('AskeditDone')[1].answer)
        assert.are.equal(connections, #peer.connections)
        assert.are.equal(0, phase.peer.deaf and peer:connecting() or 0)
        Product.assert_quiet(nvim)
      end)
    end
  end

  it('with ! ends all', function()
    local nvim, peer = Product.start({ script = silent })
    local conns = {}
    for i = 1, 3 do
      nvim:feed((':Ask number %d<CR>'):format(i))
      conns[i] = peer:wait_request(nvim).conn
    end
    nvim:feed(':new<CR>:Ask /stop!<CR>')
    for _, conn in ipairs(conns) do peer:wait_closed(nvim, conn) end
    for _ = 1, 3 do assert.is_true(nvim:event('AskeditDone')[1].stopped) end
    assert.are.equal('', nvim:exec_lua([[return require('askedit').status()]]))
    assert.are.equal(3, #peer.connections)
    Product.assert_quiet(nvim)
  end)

  it('keeps the text that had come', function()
    local text = ('words of the answer\n'):rep(2000)
    local nvim, peer = Product.start({ script = function(conn) conn:write(Peer.light_chat(text)) end })
    Draws.catch(nvim)
    nvim:feed(':Ask why<CR>')
    Draws.hold(nvim, 1)
    nvim:feed(':Ask /stop<CR>')
    nvim:see('stopping')
    Draws.go_on(nvim)
    assert.is_true(text == nvim:event('AskeditDone')[1].answer)
    assert.are.equal(2 + 2000 + 2, #Product.answer(nvim, 1))
    assert.are.equal(1, #peer.connections)
  end)

  it('of a follow-up leaves the conversation, which can go on', function()
    local nvim, peer = Product.start({ script = silent })
    nvim:feed(':Ask first<CR>')
    peer:wait_request(nvim).conn:write(Peer.light_chat('first answer'))
    nvim:event('AskeditDone')
    nvim:feed('<C-w>j:Ask second<CR>')
    peer:wait_request(nvim)
    nvim:redraw() -- during the command, <C-c> would interrupt it
    nvim:feed('<C-c>')
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
    nvim:feed(':Ask third<CR>')
    local request = peer:wait_request(nvim)
    request.conn:write(Peer.light_chat('third answer'))
    nvim:event('AskeditDone')
    local shown = table.concat(Product.answer(nvim, 1), '\n')
    assert.is_truthy(shown:find('first answer.*> second.*> third.*third answer'), shown)
    Product.assert_quiet(nvim)
  end)
end)
