--- Whom is asked, and for which model: the first entry whose key is there, the one that is set, or the one
--- chosen with :Ask /model, which lists a server's models without keeping anybody waiting.
local Chat = require('chat')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local json = require('dkjson')

local function after()
  Session.close_all()
  Peer.close_all()
end

--- A peer that speaks both dialects and tells which models it has.
local function server(names)
  return Peer.new({ script = function(conn, request)
    if request.method == 'GET' then
      conn:write(Chat.models(names or { 'small', 'large' }))
    elseif request.path:find('/chat/completions$') then
      conn:write(Chat.answer('Yes.'))
    else
      conn:write(Peer.light_chat('Yes.'))
    end
  end })
end

--- One openai_chat server, which is the setting `provider`, and no key for another.
local function start(options)
  options = options or {}
  options.env = options.env or {}
  options.env.LIGHT_CHAT_TOKEN = false
  options.provider = options.provider or {}
  options.provider.dialect = 'openai_chat'
  options.peer = options.peer or server()
  return Product.start(options)
end

local function model_of(request) return request:json().model end

--- What the plugin said since the last time.
local function said(nvim)
  local list = Product.said(nvim)
  nvim:command('messages clear')
  return list
end

--- vim.ui.select that keeps the lists in `Lists` and takes the choices in `choices`, in turn.
local function choosing(choices)
  return ([[
    Lists = {}
    local choices = vim.json.decode(%q)
    vim.ui.select = function(items, options, choose)
      local shown = {}
      for i, item in ipairs(items) do shown[i] = (options.format_item or tostring)(item) end
      Lists[#Lists + 1] = shown
      local number = table.remove(choices, 1)
      choose(items[number], number)
    end
  ]]):format(json.encode(choices))
end

describe('without a chosen provider', function()
  after_each(after)

  local KEYS = { light_chat = 'LIGHT_CHAT_TOKEN', openai = 'OPENAI_API_KEY', mistral = 'MISTRAL_API_KEY',
    mine = 'MY_KEY' }

  --- A product that knows an entry for each server, all of which listen here; `present` have their keys.
  local function with_keys(present)
    local peers, providers, env = {}, { mine = { key = 'env:MY_KEY' } }, { LIGHT_CHAT_TOKEN = false }
    for _, name in ipairs({ 'light_chat', 'openai', 'mistral', 'mine', 'llama', 'ollama' }) do
      peers[name] = server()
      providers[name] = providers[name] or {}
      providers[name].url, providers[name].model = peers[name].url, 'model-of-' .. name
    end
    for _, name in ipairs(present) do env[KEYS[name]] = 'sk-for-' .. name end
    local nvim = Product.start({ env = env, settings = { provider = '', providers = providers } })
    return nvim, peers
  end

  local function assert_only(peers, asked)
    for name, peer in pairs(peers) do
      assert.are.equal(name == asked and 1 or 0, #peer.connections, 'connections to ' .. name)
    end
  end

  local orders = {
    { 'light_chat', 'openai', 'mistral', 'mine' },
    { 'openai', 'mistral', 'mine' },
    { 'mistral', 'mine' },
    { 'mine' },
  }
  for _, present in ipairs(orders) do
    local first = present[1]
    it('asks ' .. first .. ' if there are keys for ' .. table.concat(present, ', '), function()
      local nvim, peers = with_keys(present)
      local request = Product.ask(nvim, peers[first], ':Ask why<CR>')
      assert.are.equal('model-of-' .. first, model_of(request))
      for _, name in ipairs(present) do
        local sent = (request.head .. request.body):find('sk-for-' .. name, 1, true) ~= nil
        assert.are.equal(name == first, sent, 'the key of ' .. name)
      end
      assert_only(peers, first)
      Product.assert_quiet(nvim)
    end)
  end

  it('never asks a server on this machine; without a key it says which one to set', function()
    local nvim, peers = with_keys({})
    nvim:feed(':Ask why<CR>')
    nvim:event('AskeditError')
    Product.assert_said(nvim, 'LIGHT_CHAT_TOKEN')
    assert_only(peers)
  end)
end)

describe('a provider', function()
  after_each(after)

  it('may be named, and its entry changed', function()
    local peer = server()
    local nvim = Product.start({ peer = peer, settings = { provider = 'vllm', model = 'big',
      providers = { vllm = { url = peer.url .. '/gw/v1/' } } } })
    local request = Product.ask(nvim, peer, ':Ask why<CR>')
    assert.are.same({ '/gw/v1/chat/completions', 'big' }, { request.path, model_of(request) })
    assert.is_nil(request.headers.authorization)
  end)

  it('may be an entry of one\'s own', function()
    local peer = server()
    local nvim = Product.start({ peer = peer, env = { MY_KEY = 'sk-mine' }, settings = { provider = 'mine',
      providers = { mine = { url = peer.url, key = 'env:MY_KEY', headers = { ['X-Title'] = 'spec' } } } } })
    local request = Product.ask(nvim, peer, ':Ask why<CR>')
    assert.are.equal('Bearer sk-mine', request.headers.authorization)
    assert.are.equal('spec', request.headers['x-title'])
    assert.is_nil(model_of(request))
  end)

  -- Settings, and what the one sentence has to hold.
  local wrong = {
    ['a name that nobody has'] = { { provider = 'nobody' }, 'provider accepts', 'light_chat openai' },
    ['a name of a setting'] = { { provider = { dialect = 'openai_chat', modle = 'x' } },
      'no setting provider.modle; accepted: ' },
    ['a name in an entry'] = { { provider = 'x', providers = { x = { modle = 'x' } } },
      'no setting providers.x.modle; accepted: ' },
    ['a word'] = { { provider = { dialect = 'openai_chat', think = 'aloud' } },
      "provider.think accepts 'auto', 'opened' or 'off'" },
    ['a type'] = { { provider = 'x', providers = { x = { timeout = 'long' } } },
      'providers.x.timeout accepts' },
    ['a header of two lines'] = { { provider = { dialect = 'openai_chat', headers = { A = 'b\r\nC: d' } } },
      'provider.headers accepts' },
    ['a setting of another dialect'] = { { provider = { dialect = 'openai_chat', params = { a = 1 } } },
      'no setting provider.params' },
    ['a key itself'] = { { provider = { dialect = 'openai_chat', key = 'sk-secret-of-the-spec' } },
      "provider.key accepts 'env:NAME' or 'file:PATH'" },
    ['a list of entries'] = { { providers = { { url = 'http://127.0.0.1' } } }, 'providers accepts' },
    ['a setting'] = { { modle = 'x' }, 'no setting modle; accepted: ' },
  }
  for name, case in pairs(wrong) do
    it('is not asked with the wrong ' .. name, function()
      local nvim, peer = Product.start({ peer = server(), settings = case[1] })
      nvim:feed(':Ask why<CR>')
      nvim:redraw()
      Product.assert_said(nvim, case[2])
      if case[3] then Product.assert_said(nvim, case[3]) end
      assert.is_nil(nvim:messages():find('sk-secret', 1, true))
      assert.are.equal(0, #peer.connections)
    end)
  end

  it('of an unknown dialect is refused with the names of those there are', function()
    local nvim = Product.start({ settings = { provider = { dialect = 'morse', url = 'http://127.0.0.1' } } })
    nvim:feed(':Ask why<CR>')
    nvim:event('AskeditError')
    Product.assert_said(nvim, 'provider.dialect must be one of: light_chat, openai_chat')
  end)
end)

describe('the address of a server', function()
  after_each(after)

  local function ask_at(nvim, url)
    nvim:exec_lua([[
      local settings = vim.g.askedit
      settings.provider.url = ...
      vim.g.askedit = settings
    ]], url)
    nvim:feed(':Ask why<CR>')
  end

  it('may be given with less or more of its path', function()
    local nvim, peer = start()
    local paths = {
      [''] = '/v1/chat/completions',
      ['/'] = '/v1/chat/completions',
      ['/v1'] = '/v1/chat/completions',
      ['/v1/'] = '/v1/chat/completions',
      ['/gw/v1'] = '/gw/v1/chat/completions',
      ['/v1/chat/completions'] = '/v1/chat/completions',
      ['/chat/completions'] = '/chat/completions',
    }
    for ending, path in pairs(paths) do
      ask_at(nvim, peer.url .. ending)
      assert.are.equal(path, peer:wait_request(nvim).path, ending)
      assert.are.equal('Yes.', nvim:event('AskeditDone')[1].answer)
    end
    ask_at(nvim, (' %s '):format(peer.url))
    assert.are.equal('/v1/chat/completions', peer:wait_request(nvim).path)
    nvim:event('AskeditDone')
    ask_at(nvim, peer.url:gsub('127.0.0.1', 'localhost'))
    assert.are.equal('/v1/chat/completions', peer:wait_request(nvim).path)
    nvim:event('AskeditDone')
    Product.assert_quiet(nvim)
  end)

  it('needs a scheme', function()
    local nvim, peer = start()
    ask_at(nvim, peer.url:gsub('http://', ''))
    nvim:event('AskeditError')
    Product.assert_said(nvim, 'provider.url')
    assert.are.equal(0, #peer.connections)
  end)

  it('is said with the method where there is nothing', function()
    local nvim, peer = start({ env = { MY_KEY = 'sk-mine' }, provider = { key = 'env:MY_KEY' }, cols = 160,
      peer = Peer.new({ script = function(conn) conn:write(Peer.response(404, 'not here')) end }) })
    nvim:feed(':Ask why<CR>')
    nvim:event('AskeditError')
    Product.assert_said(nvim, 'POST ' .. peer.url .. '/v1/chat/completions')
    assert.is_nil(nvim:text():find('sk-mine', 1, true))
  end)

  it('is that of a server that may refuse a field, which is said with what to do', function()
    local refusal = { error = { message = "unknown field 'max_tokens'", param = 'max_tokens',
      code = 'unsupported_parameter' } }
    local nvim, peer = start({ provider = { body = { max_tokens = 64 } }, cols = 160,
      peer = Peer.new({ script = function(conn)
        conn:write(Peer.response(400, json.encode(refusal)))
      end }) })
    nvim:feed(':Ask why<CR>')
    assert.are.equal(64, peer:wait_request(nvim):json().max_tokens)
    nvim:event('AskeditError')
    Product.assert_said(nvim, "unknown field 'max_tokens'")
    Product.assert_said(nvim, 'max_tokens = false')
  end)
end)

describe('/model', function()
  after_each(after)

  it('NAME is asked for until Neovim ends', function()
    local nvim, peer = start({ provider = { model = 'set' } })
    assert.are.equal('set', model_of(Product.ask(nvim, peer, ':Ask one<CR>')))
    nvim:feed(':Ask /model other-7b<CR>')
    assert.are.same({ 1 }, { #said(nvim) })
    assert.are.equal('other-7b', model_of(Product.ask(nvim, peer, ':Ask two<CR>')))
    assert.are.equal('other-7b', model_of(Product.ask(nvim, peer, '<C-w>j:Ask three<CR>')))
    assert.are.equal(0, #said(nvim))
  end)

  it('is heard of a key that was put right, also where there is no model', function()
    local peer = server()
    local nvim = Product.start({ peer = peer, settings = false,
      env = { OPENAI_API_KEY = false, LIGHT_CHAT_TOKEN = false } })
    nvim:exec_lua([[vim.g.askedit = { host_path = select(1, ...), provider = 'openai', model = '',
      providers = { openai = { url = select(2, ...) } } }]], Product.host, peer.url)
    nvim:feed(':Ask /model<CR>')
    nvim:see('OPENAI_API_KEY')
    Product.assert_said(nvim, 'no key: set the environment variable OPENAI_API_KEY')
    nvim:command("let $OPENAI_API_KEY = 'sk-now'")
    nvim:feed(':Ask /model<CR>')
    assert.are.equal('Bearer sk-now', peer:wait_request(nvim).headers.authorization)
  end)

  it('takes an entry with the model that it has where the server lists none', function()
    local nvim, peer = start({ peer = server({}), provider = { model = 'set' } })
    nvim:exec_lua('local g = vim.g.askedit g.providers = ... vim.g.askedit = g',
      { deep = { url = peer.url, model = 'deep-model' } })
    nvim:feed(':Ask /model deep<CR>')
    nvim:see('deep is asked for deep-model')
    peer:wait_request(nvim)
    assert.are.equal('deep-model', model_of(Product.ask(nvim, peer, ':Ask why<CR>')))
    nvim:exec_lua('local g = vim.g.askedit g.providers = nil vim.g.askedit = g')
    assert.are.equal('set', model_of(Product.ask(nvim, peer, ':Ask /retry<CR>')))
  end)

  it('lets the user pick from what the server lists', function()
    local nvim, peer = start()
    nvim:feed(':Ask /model<CR>')
    assert.are.same({ 'GET', '/v1/models' }, { peer:wait_request(nvim).method, peer.requests[1].path })
    nvim:see('2: large')
    nvim:feed('2<CR>')
    nvim:see('large from now on')
    assert.are.equal('large', model_of(Product.ask(nvim, peer, ':Ask why<CR>')))
  end)

  it('leaves everything as it was if nothing is picked', function()
    local nvim, peer = start({ init = choosing({}), provider = { model = 'set' } })
    nvim:feed(':Ask /model<CR>')
    nvim:wait_for('#Lists == 1')
    Product.assert_quiet(nvim)
    peer:wait_request(nvim)
    assert.are.equal('set', model_of(Product.ask(nvim, peer, ':Ask why<CR>')))
  end)

  it('keeps nobody waiting for a silent server', function()
    local held
    local silent = Peer.new({ script = function(conn, request)
      if request.method == 'GET' then
        held = conn
      else
        conn:write(Chat.answer('Yes.'))
      end
    end })
    local nvim = start({ peer = silent, init = choosing({ 1 }) })
    nvim:feed(':Ask /model<CR>')
    silent:wait_request(nvim)
    nvim:feed('ityped meanwhile<Esc>')
    assert.are.same({ 'typed meanwhile' }, Product.lines(nvim))
    nvim:feed(':Ask why<CR>')
    assert.are.equal('Yes.', nvim:event('AskeditDone')[1].answer)
    assert.are.same({}, nvim:exec_lua('return Lists'))
    held:write(Chat.models({ 'late' }))
    nvim:wait_for('#Lists == 1')
    assert.are.same({ { 'late' } }, nvim:exec_lua('return Lists'))
    Product.assert_said(nvim, 'late')
  end)

  it('picks an entry first where there are several', function()
    local one, two = server({ 'one-a', 'one-b' }), server({ 'two-a', 'two-b' })
    local nvim = Product.start({ peer = one, env = { LIGHT_CHAT_TOKEN = false }, init = choosing({ 2, 2 }),
      settings = { provider = 'one', providers = { one = { url = one.url }, two = { url = two.url } } } })
    nvim:feed(':Ask /model<CR>')
    nvim:wait_for('#Lists == 2')
    local lists = nvim:exec_lua('return Lists')
    assert.are.equal(2, #lists[1])
    assert.is_truthy(lists[1][2]:find('^two'), lists[1][2])
    assert.are.same({ 'two-a', 'two-b' }, lists[2])
    two:wait_request(nvim)
    assert.are.equal('two-b', model_of(Product.ask(nvim, two, ':Ask why<CR>')))
    assert.are.equal(0, #one.connections)
  end)

  it('goes to the entry that is named', function()
    local one, two = server(), server({ 'two-a' })
    local nvim = Product.start({ peer = one, init = choosing({ 1 }),
      settings = { provider = 'one', providers = { one = { url = one.url }, two = { url = two.url } } } })
    nvim:feed(':Ask /model two<CR>')
    nvim:wait_for('#Lists == 1')
    two:wait_request(nvim)
    assert.are.equal('two-a', model_of(Product.ask(nvim, two, ':Ask why<CR>')))
    assert.are.equal(0, #one.connections)
  end)

  it('offers what light chat documents', function()
    local peer = server()
    local nvim = Product.start({ peer = peer, init = choosing({ 3 }), settings = { provider = 'light_chat',
      providers = { light_chat = { url = peer.url } } } })
    nvim:feed(':Ask /model<CR>')
    nvim:wait_for('#Lists == 1')
    local model = nvim:exec_lua('return Lists[1][3]')
    assert.are.equal(0, #peer.connections)
    assert.are.equal(model, model_of(Product.ask(nvim, peer, ':Ask why<CR>')))
  end)

  it('says why there is no list, and what to do', function()
    local lists = {
      { Peer.response(404, '{"error":{"message":"no such path"}}'), 'HTTP 404' },
      { Peer.response(200, '<html>hello</html>'), 'no list of models' },
      { Chat.models({}), 'lists none' },
    }
    for _, list in ipairs(lists) do
      local nvim, peer = start({ cols = 100,
        peer = Peer.new({ script = function(conn) conn:write(list[1]) end }) })
      nvim:feed(':Ask /model<CR>')
      peer:wait_request(nvim)
      nvim:see('askedit: ')
      Product.assert_said(nvim, list[2])
      Product.assert_said(nvim, '/model NAME')
      nvim:close()
    end
  end)

  it('is asked back where a server takes no request without, and then the question goes on', function()
    local peer = server({ 'first', 'second' })
    local nvim = Product.start({ peer = peer, env = { OPENAI_API_KEY = 'sk-mine' }, init = choosing({ 2 }),
      settings = { provider = 'openai', providers = { openai = { url = peer.url } } } })
    nvim:feed(':Ask why<CR>')
    assert.are.equal('Yes.', nvim:event('AskeditDone')[1].answer)
    assert.are.same({ { 'first', 'second' } }, nvim:exec_lua('return Lists'))
    assert.are.same({ 'GET', 'POST' }, { peer.requests[1].method, peer.requests[2].method })
    assert.are.equal('Bearer sk-mine', peer.requests[1].headers.authorization)
    assert.are.equal('second', model_of(peer.requests[2]))
    assert.are.equal('why', Product.words(peer.requests[2]))
  end)

  it('completes the names of the entries', function()
    local nvim = start({ settings = { providers = { lima = { url = 'http://127.0.0.1' } } } })
    assert.are.same({ 'light_chat', 'lima', 'llama', 'lmstudio' }, nvim:exec_lua([[
      local names = vim.tbl_filter(function(name) return name ~= 'litellm' end,
        vim.fn.getcompletion('Ask /model l', 'cmdline'))
      table.sort(names)
      return names
    ]]))
  end)
end)
