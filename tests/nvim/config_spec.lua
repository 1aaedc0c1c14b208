--- Settings: none is needed, each takes effect, a bad one is one sentence with its name and what it accepts.
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function after()
  Session.close_all()
  Peer.close_all()
end

describe('a bad setting', function()
  after_each(after)

  local MAP = 'keys accepts a map of accept, reject, open, next and prev to keys that differ, or to false'
  local KEYS = 'accepted: dialect url model key models timeout ca params system'
  -- Lua text of the settings, and what the sentence holds
  local cases = {
    { "{ provider = { model = 7 } }", 'provider.model accepts the name of a model' },
    { "{ provider = { model = '' } }", 'provider.model accepts the name of a model' },
    { "{ provider = { url = {} } }", 'provider.url accepts an address such as https://host/path' },
    { "{ provider = { timeout = 0 } }", 'provider.timeout accepts a number of seconds above 0' },
    { "{ provider = { timeout = '60' } }", 'provider.timeout accepts a number of seconds above 0' },
    { '{ provider = { timeout = 90000 } }', 'provider.timeout accepts a number of seconds above 0, at most' },
    { "{ provider = { params = 'n=1' } }", 'provider.params accepts a map' },
    { "{ provider = { params = { 1, 2 } } }", 'provider.params accepts a map' },
    { "{ provider = { system = 'both' } }", "provider.system accepts 'message' or 'merge'" },
    { "{ provider = { ca = true } }", 'provider.ca accepts the path of a file' },
    { "{ provider = { dialect = '' } }", 'provider.dialect accepts the name of a wire dialect' },
    { "{ provider = 'nobody' }", 'provider accepts a map or a name: light_chat openai openrouter' },
    { '{ provider = 7 }', 'provider accepts the name of an entry, or a map' },
    { "{ provider = { modell = 'x' } }", 'no setting provider.modell; ' .. KEYS },
    { "{ provider = { body = {} } }", 'no setting provider.body; ' .. KEYS },
    { "{ modell = 'x' }",
      'no setting modell; accepted: host_path language split keys provider providers model' },
    { '{ model = {} }', 'model accepts the name of a model' },
    { "{ providers = { 'openai' } }", 'providers accepts a map of names to entries' },
    { "{ providers = { mine = 'http://127.0.0.1' } }", 'providers accepts a map of names to entries' },
    { '{ providers = { mine = { url = 7 } } }', 'providers.mine.url accepts an address' },
    { "{ provider = 'mine', providers = { mine = { url = 'x', params = {} } } }",
      'no setting providers.mine.params; accepted: dialect url model key models timeout ca body headers' },
    { "{ provider = 'llama', providers = { other = { url = 'http://127.0.0.1', timout = 3 } } }",
      'no setting providers.other.timout' },
    { "{ provider = 'llama', providers = { other = {} } }", 'providers.other.url is not set; it accepts an' },
    { "{ provider = { dialect = 'openai_chat' } }", 'provider.url is not set; it accepts an address' },
    { "{ provider = { dialect = 'openai_chat', url = 'http://[::1]', system = 'merge' } }",
      'no setting provider.system' },
    { "{ provider = { dialect = 'openai_chat', think = true } }", "provider.think accepts 'auto', 'opened'" },
    { "{ provider = { dialect = 'openai_chat', headers = { a = 'b\\nc' } } }",
      'provider.headers accepts a map of names to one-line strings' },
    { "{ provider = { models = 'gpt-4' } }", 'provider.models accepts a list of names' },
    { "{ host_path = 1 }", 'host_path accepts the path of askedit-host' },
    { "{ language = {} }", 'language accepts the name of a language' },
    { "{ split = 'floating' }", 'split accepts auto, below, above, left, right, tab' },
    { "{ keys = 'gh' }", MAP },
    { '{ keys = { accept = 7 } }', MAP },
    { "{ keys = { prev = '' } }", MAP },
    { "{ keys = { take = 'ga' } }", MAP },
    { "{ keys = { next = 'ga', prev = 'ga' } }", MAP },
    { "{ keys = { next = 'gh' } }", MAP }, -- that is /accept already
    { "7", 'accepts a map of settings' },
  }

  it('is one sentence, in vim.g.askedit and in setup(), and nothing is sent', function()
    local nvim, peer = Product.start({ cols = 160, settings = false })
    local asks = { ':Ask why?<CR>', ':%Ask /explain<CR>' }
    for i, case in ipairs(cases) do
      for _, form in ipairs({ "vim.g.askedit = %s", "vim.g.askedit = nil require('askedit').setup(%s)" }) do
        nvim:command('messages clear')
        nvim:exec_lua(form:format(case[1]))
        nvim:feed(asks[i % #asks + 1])
        Product.assert_said(nvim, case[2])
        nvim:exec_lua("require('askedit').setup()")
      end
    end
    assert.are.equal(0, #peer.requests)
    assert.are.same({}, nvim:children())
  end)

  it('is found when it is used, so setup() itself never fails', function()
    local nvim, peer = Product.start({ init = "require('askedit').setup({ split = 'nowhere', [1] = 2 })" })
    Product.assert_quiet(nvim)
    nvim:exec_lua("require('askedit').setup({})")
    Product.ask(nvim, peer, ':Ask why?<CR>')
    Product.assert_quiet(nvim)
  end)

  it('that only the host can judge ends the answer with one sentence, in the window too', function()
    local refused = 'provider.params must be a map without the names token, model, messages'
    for _, case in ipairs({
      { { params = { token = 'x' } }, refused },
      { { params = { model = 'x' } }, refused },
      { { params = { messages = { 'x' } } }, refused },
      { { url = 'http://192.0.2.1/x' }, 'provider.url must begin with https://' },
      { { url = 'ftp://127.0.0.1/' }, 'provider.url' },
      { { url = '127.0.0.1:80' }, 'provider.url' },
      { { dialect = 'smoke_signals' }, 'provider.dialect must be one of: light_chat' },
    }) do
      local nvim, peer = Product.start({ cols = 160, provider = case[1] })
      nvim:feed(':Ask why?<CR>')
      local event = nvim:event('AskeditError')[1]
      assert.are.equal('config', event.error.kind)
      Product.assert_said(nvim, case[2])
      assert.is_truthy(table.concat(Product.answer(nvim, 1), '\n'):find(case[2], 1, true))
      assert.are.equal(0, #peer.connections)
      after()
    end
  end)

  it('that holds a key itself is refused without repeating it', function()
    local literal = 'sk-1234567890-literal'
    local nvim, peer = Product.start({ provider = { key = literal }, cols = 160 })
    nvim:feed(':Ask why?<CR>')
    Product.assert_said(nvim, "provider.key accepts 'env:NAME' or 'file:PATH', not a key itself")
    nvim:command('messages clear')
    nvim:exec_lua("require('askedit').setup({ provider = { key = 'env:' .. ... } })", literal)
    nvim:feed(':Ask why?<CR>')
    Product.assert_said(nvim, "provider.key accepts 'env:NAME' or 'file:PATH', not a key itself")
    nvim:command('messages clear')
    nvim:exec_lua("require('askedit').setup({ provider = { key = { ... } } })", literal)
    nvim:feed(':Ask why?<CR>:Ask /log<CR>:Ask /show<CR>')
    assert.is_nil(nvim:messages():find('literal', 1, true))
    nvim:redraw()
    assert.is_nil(nvim:text():find('literal', 1, true))
    assert.are.equal(0, #peer.connections)
    assert.are.same({}, nvim:children())
  end)
end)

describe('without any setting', function()
  after_each(after)

  it('the host in $PATH and the key in LIGHT_CHAT_TOKEN are used; a missing key is said', function()
    local folder = Product.host:match('^(.*)/')
    local nvim, peer = Product.start({ settings = false,
      env = { LIGHT_CHAT_TOKEN = false, PATH = folder .. ':' .. os.getenv('PATH') } })
    nvim:feed(':Ask why?<CR>')
    assert.are.equal('key', nvim:event('AskeditError')[1].error.kind)
    Product.assert_said(nvim, 'LIGHT_CHAT_TOKEN')
    assert.is_truthy(table.concat(Product.answer(nvim, 1), '\n'):find("key = 'file:PATH'", 1, true))
    nvim:exec_lua('vim.env.LIGHT_CHAT_TOKEN = ... vim.g.askedit = { provider = { url = select(2, ...) } }',
      Product.key, peer.url .. '/p')
    local request = Product.ask(nvim, peer, ':Ask /retry<CR>')
    assert.are.equal('POST', request.method)
    assert.are.equal('/p', request.path)
    local body = request:json()
    assert.are.equal('gpt-3.5-turbo-1106', body.model)
    assert.are.equal(Product.key, body.token)
    assert.are.same({}, body.params)
    assert.is_nil(body.stream)
  end)

  it('nothing is loaded or started before the first use', function()
    local nvim = Product.start({ settings = false, init = "vim.g.before = 1" })
    assert.is_false(nvim:exec_lua([[
      for name in pairs(package.loaded) do if name:find('^askedit') then return name end end
      return false]]))
    assert.are.same({}, nvim:children())
    assert.are.equal(2, nvim:exec_lua("return vim.fn.exists(':Ask')"))
  end)
end)

describe('a setting', function()
  after_each(after)

  it('of setup() wins over vim.g.askedit, key by key, and each reaches the server', function()
    local nvim, peer = Product.start({ provider = { model = 'from vim.g', params = { top_p = 1 } } })
    nvim:exec_lua([[require('askedit').setup({ provider = {
      model = '任意/model:free %{text} v2',
      params = { temperature = 0.5, nested = { deep = { true } } },
    } })]])
    local body = Product.ask(nvim, peer, ':Ask why?<CR>'):json()
    assert.are.equal('任意/model:free %{text} v2', body.model)
    assert.are.same({ temperature = 0.5, nested = { deep = { true } } }, body.params)
    nvim:exec_lua("require('askedit').setup()")
    body = Product.ask(nvim, peer, ':Ask why?<CR>'):json()
    assert.are.equal('from vim.g', body.model)
    assert.are.same({ top_p = 1 }, body.params)
    Product.assert_quiet(nvim)
  end)

  it('says where the window opens', function()
    for _, split in ipairs({ 'below', 'above', 'left', 'right' }) do
      local nvim, peer = Product.start({ settings = { split = split } })
      Product.ask(nvim, peer, ':Ask why?<CR>')
      local source = nvim:exec_lua('return vim.fn.win_screenpos(0)')
      assert.are.equal(split == 'above', source[1] > 1, split)
      assert.are.equal(split == 'left', source[2] > 1, split)
      local side = nvim:exec_lua('return vim.fn.winlayout()[1]')
      assert.are.equal((split == 'left' or split == 'right') and 'row' or 'col', side, split)
      after()
    end
    local nvim, peer = Product.start({ settings = { split = 'tab' } })
    Product.ask(nvim, peer, ':Ask why?<CR>')
    assert.are.same({ 2, 1 }, nvim:exec_lua('return { vim.fn.tabpagenr("$"), vim.fn.tabpagenr() }'))
  end)

  it('split = auto goes right on a wide screen and below on a narrow one', function()
    for cols, side in pairs({ [170] = 'row', [100] = 'col' }) do
      local nvim, peer = Product.start({ cols = cols })
      Product.ask(nvim, peer, ':Ask why?<CR>')
      assert.are.equal(side, nvim:exec_lua('return vim.fn.winlayout()[1]'))
      assert.are.same({ 1, 1 }, nvim:exec_lua('return vim.fn.win_screenpos(0)'))
      after()
    end
  end)

  it('timeout ends a silent answer with one sentence', function()
    local nvim, peer = Product.start({ provider = { timeout = 0.3 }, script = function() end })
    nvim:feed(':Ask why?<CR>')
    peer:wait_request(nvim)
    assert.are.equal('timeout', nvim:event('AskeditError')[1].error.kind)
    peer:wait_closed(nvim)
    assert.are.equal(1, #Product.said(nvim))
  end)
end)

describe('the last event', function()
  after_each(after)

  it('can be read also where events carry no data', function()
    local nvim, peer = Product.start()
    assert.is_nil(nvim:exec_lua("return require('askedit').event()"))
    Product.ask(nvim, peer, ':Ask why?<CR>')
    assert.are.equal('Hello.', nvim:exec_lua("return require('askedit').event().answer"))
  end)
end)
