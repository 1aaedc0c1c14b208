--- What the user's configuration and keys do around us, and must not do to us.
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function after()
  Session.close_all()
  Peer.close_all()
end

-- Asks and waits for the failure.
local function fails(nvim, peer, keys)
  nvim:feed(keys)
  peer:wait_request(nvim)
  nvim:event('AskeditError')
end

describe('a vim.notify of the user\'s', function()
  after_each(after)

  -- nvim-notify's way: the module is a table that can be called.
  it('may be a table that can be called', function()
    local nvim, peer = Product.start({
      init = [[vim.notify = setmetatable({}, { __call = function(_, text) Said = text end })]],
      script = function(conn) conn:write(Peer.light_chat(nil, { code = 500, message = 'busy' })) end,
    })
    fails(nvim, peer, ':Ask why?<CR>')
    assert.are.equal('askedit: the server refused: busy', nvim:exec_lua('return Said'))
    nvim:feed(':Ask /nothing<CR>')
    assert.is_truthy(nvim:exec_lua('return Said'):find('no /nothing', 1, true))
    Product.assert_quiet(nvim)
  end)

  it('may fail, and the answer is whole all the same', function()
    local nvim, peer = Product.start({
      init = [[vim.notify = function() error('no') end]],
      script = function(conn) conn:write(Peer.light_chat(nil, { code = 500, message = 'busy' })) end,
    })
    fails(nvim, peer, ':Ask why?<CR>')
    assert.are.equal('', nvim:exec_lua("return require('askedit').status()"))
    assert.is_truthy(table.concat(Product.answer(nvim, 1), '\n'):find('the server refused: busy', 1, true))
  end)
end)

describe('the user\'s keys and settings', function()
  after_each(after)

  -- The draw is made here, so that the key is surely in the queue before it; the words are those of the host.
  it('CTRL-C typed before a draw does not lose the answer', function()
    local nvim, peer = Product.start({ script = function() end })
    nvim:feed(':Ask why?<CR>')
    peer:wait_request(nvim)
    nvim:feed('ione word')
    assert.are.equal('ok', nvim:exec_lua([[
      vim.api.nvim_input('<C-c>')
      return require('askedit.view').draw(1, { text = 'Whole.', ['end'] = { finish = 'stop' } })
    ]]))
    assert.are.equal('Whole.', Product.answer(nvim, 1)[3])
    assert.are.equal('', nvim:exec_lua("return require('askedit').status()"))
    Product.assert_quiet(nvim)
  end)

  it('winfixbuf in the answer window does not keep the next answer out', function()
    local nvim, peer = Product.start()
    Product.ask(nvim, peer, ':Ask first?<CR>')
    if nvim:exec_lua("return vim.fn.exists('+winfixbuf')") == 1 then
      nvim:exec_lua("vim.fn.win_execute(vim.fn.bufwinid('askedit://1'), 'setlocal winfixbuf')")
    end
    Product.ask(nvim, peer, ':Ask second?<CR>')
    assert.is_true(nvim:exec_lua("return vim.fn.bufwinid('askedit://2') > 0"))
    Product.assert_quiet(nvim)
  end)

  it('v:null in the settings is as good as not set', function()
    local nvim, peer = Product.start({ settings = false })
    nvim:command(("let g:askedit = {'host_path': '%s', 'language': v:null, 'provider': "
      .. "{'url': '%s', 'key': v:null, 'ca': v:null}}"):format(Product.host, peer.url))
    nvim:command("let $LIGHT_CHAT_TOKEN = 'sk-of-the-spec'")
    Product.ask(nvim, peer, ':Ask why?<CR>')
    Product.assert_quiet(nvim)
  end)

  it('<C-c> in an answer that is over leaves the others alone', function()
    local scripts = { function(conn) conn:write(Peer.light_chat('One.')) end, function() end }
    local nvim, peer = Product.start({ script = function(conn) table.remove(scripts, 1)(conn) end })
    Product.ask(nvim, peer, ':Ask first?<CR>')
    nvim:feed(':vertical Ask second?<CR>')
    local request = peer:wait_request(nvim)
    nvim:command('split | buffer askedit://1')
    nvim:redraw()
    nvim:feed('<C-c>')
    nvim:see('nothing to stop')
    assert.is_nil(request.conn.closed)
    assert.is_true(nvim:exec_lua("return require('askedit').status() ~= ''"))
  end)
end)

describe('a retry that fails', function()
  after_each(after)

  it('leaves the good answer in the conversation', function()
    local answers = {
      Peer.light_chat('Good.'),
      Peer.light_chat(nil, { code = 500, message = 'busy' }),
      Peer.light_chat('More.'),
    }
    local nvim, peer = Product.start({ script = function(conn) conn:write(table.remove(answers, 1)) end })
    Product.ask(nvim, peer, ':Ask why?<CR>')
    fails(nvim, peer, ':Ask /retry<CR>')
    nvim:command('wincmd w')
    local request = Product.ask(nvim, peer, ':Ask and then?<CR>')
    local sent = {}
    for _, message in ipairs(Product.messages_of(request)) do
      if message[1] ~= 'system' then sent[#sent + 1] = message[2] end
    end
    assert.are.same({ 'why?', 'Good.', 'and then?' }, sent)
  end)
end)
