--- The editor never waits: what a draw costs depends on its own size alone, and a host that does not move
-- holds nothing up.
local Draws = require('draws')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local uv = require('luv')

local MAX_DRAW = 8192

local function silent() end

local function lines_of(count)
  local lines = {}
  for i = 1, count do lines[i] = ('line %d of an answer that is long'):format(i) end
  return table.concat(lines, '\n')
end

--- Asks for an answer of `count` lines; returns how many draws it took, the bytes of the largest, and how
--- many lines those who listen to the answer's buffer (highlighters, language servers) were handed.
local function cost_of(count)
  local nvim = Product.start({ script = function(conn) conn:write(Peer.light_chat(lines_of(count))) end })
  nvim.patience = 30000
  Draws.watch(nvim)
  nvim:exec_lua([[
    Handed = 0
    vim.api.nvim_create_autocmd('User', { pattern = 'AskeditStart', callback = function()
      vim.api.nvim_buf_attach(require('askedit').event().buf, false, {
        on_lines = function(_, _, _, first, _, last) Handed = Handed + last - first end,
      })
    end })
  ]])
  nvim:feed(':Ask why<CR>')
  local answer = nvim:event('AskeditDone')[1].answer
  assert.is_true(lines_of(count) == answer)
  return nvim:exec_lua('return { Draws.count, Draws.largest, Handed }')
end

describe('the editor', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('does work that grows with the answer and no faster', function()
    local small, large = cost_of(4000), cost_of(16000)
    for _, cost in ipairs({ small, large }) do
      assert.is_true(cost[2] <= MAX_DRAW, 'a draw of ' .. cost[2] .. ' bytes')
      assert.is_true(cost[2] > MAX_DRAW / 2, 'the largest draw has ' .. cost[2] .. ' bytes')
    end
    assert.is_true(small[3] >= 4000 and large[3] >= 16000)
    assert.is_true(large[1] / small[1] <= 4.2, ('%d draws, then %d'):format(small[1], large[1]))
    assert.is_true(large[3] / small[3] <= 4.2, ('%d lines, then %d'):format(small[3], large[3]))
  end)

  it('answers keys while the host stands still, and goes on when it moves again', function()
    local nvim, peer = Product.start({ script = silent })
    nvim:feed(':Ask first<CR>')
    peer:wait_request(nvim)
    local host = nvim:children('askedit-host')[1]
    uv.kill(host, 'sigstop')
    nvim:exec_lua([[vim.fn.setline(1, vim.fn['repeat']({ ("x"):rep(60) }, 900))]])
    for _ = 1, 40 do -- far more than a pipe holds
      nvim:feed('o<Esc>')
      nvim:command('%Ask /explain')
    end
    nvim:feed('ggOtyped meanwhile<Esc>')
    nvim:see('typed meanwhile')
    nvim:command('Ask /stop!')
    uv.kill(host, 'sigcont')
    nvim:wait_for([[require('askedit').status() == '']])
    nvim:feed(':Ask again<CR>')
    nvim:wait('no further question', function()
      local request = peer.requests[#peer.requests]
      return request and request.body:find('again', 1, true)
    end)
    peer.requests[#peer.requests].conn:write(Peer.light_chat('Here I am.'))
    nvim:see('Here I am.')
    Product.assert_quiet(nvim)
  end)

  it('shows an answer that comes at a prompt as soon as the prompt is left', function()
    local nvim, peer = Product.start({ script = silent })
    nvim:feed(':Ask why<CR>')
    local request = peer:wait_request(nvim)
    nvim:feed(':call input("Name? ")<CR>')
    nvim:see('Name?')
    request.conn:write(Peer.light_chat('The answer.'))
    nvim:see('The answer.')
    nvim:see('Name?')
    nvim:feed('me<CR>')
    Product.assert_quiet(nvim)
  end)
end)
