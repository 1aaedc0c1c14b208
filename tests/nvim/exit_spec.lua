--- When Neovim goes, by whatever means and in whatever phase, the host goes with it and closes its
-- connections; and Neovim does not wait for it.
local Draws = require('draws')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local uv = require('luv')

local KILLS = tonumber(os.getenv('ASKEDIT_KILLS') or 20)
local GONE_MS = 1000
-- Neovim waits 2 s for a host that does not end, and then kills it.
local PROMPT_MS = 1000

local function silent() end

local function half(conn) conn:write(Peer.light_chat('half of an answer'):sub(1, -20)) end

--- A Neovim that waits for an answer, its peer, and the pid of its host.
local function asking(options)
  options.script = options.script or silent
  local nvim, peer = Product.start(options)
  nvim:feed(':Ask why<CR>')
  peer:wait_request(nvim)
  return nvim, peer, assert(nvim:children('askedit-host')[1])
end

local function wait_gone(nvim, peer, host)
  nvim:wait('the host lives', function() return not Session.alive(host) end, GONE_MS)
  peer:wait_closed(nvim, nil, GONE_MS)
end

describe('Neovim ends', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it(('by kill -9 in mid-answer, %d times, and no host is left'):format(KILLS), function()
    for i = 1, KILLS do
      local nvim, peer, host = asking({ headless = i % 2 == 0, script = i % 3 == 0 and half or silent })
      nvim:kill('sigkill')
      nvim:wait_exit()
      wait_gone(nvim, peer, host)
      nvim:close()
      peer:close()
    end
  end)

  for how, leave in pairs({
    [':qa!'] = function(nvim) nvim:notify('nvim_input', ':qa!<CR>') end,
    [':cquit'] = function(nvim) nvim:notify('nvim_input', ':cquit<CR>') end,
    SIGTERM = function(nvim) nvim:kill('sigterm') end,
    SIGHUP = function(nvim) nvim:kill('sighup') end,
  }) do
    for phase, script in pairs({ ['while the server is silent'] = silent,
      ['while the body arrives'] = half }) do
      it(('by %s %s, at once, and no host is left'):format(how, phase), function()
        local nvim, peer, host = asking({ script = script })
        local from = uv.hrtime()
        leave(nvim)
        nvim:wait_exit()
        local took = (uv.hrtime() - from) / 1e6
        assert.is_true(took < PROMPT_MS, ('it took %d ms'):format(took))
        wait_gone(nvim, peer, host)
      end)
    end
  end

  it('by :qa! while the text is drawn, at once, and no host is left', function()
    local text = ('words of the answer\n'):rep(200000)
    local nvim, peer = Product.start({ script = function(conn) conn:write(Peer.light_chat(text)) end })
    Draws.catch(nvim)
    nvim:feed(':Ask why<CR>')
    Draws.hold(nvim, 3)
    local host = nvim:children('askedit-host')[1]
    local from = uv.hrtime()
    nvim:notify('nvim_input', ':qa!<CR>')
    nvim:wait_exit()
    assert.is_true((uv.hrtime() - from) / 1e6 < PROMPT_MS)
    wait_gone(nvim, peer, host)
  end)

  it('by :qa! with an idle host, at once, and no host is left', function()
    local nvim, peer = Product.start()
    nvim:feed(':Ask why<CR>')
    nvim:event('AskeditDone')
    local host = nvim:children('askedit-host')[1]
    local from = uv.hrtime()
    nvim:notify('nvim_input', ':qa!<CR>')
    nvim:wait_exit()
    assert.is_true((uv.hrtime() - from) / 1e6 < PROMPT_MS)
    wait_gone(nvim, peer, host)
  end)
end)
