--- :Ask and its names: how the words are read, and what /stop, /retry, /show and /log do.
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local json = require('dkjson')

local function after()
  Session.close_all()
  Peer.close_all()
end

--- A script that holds each request; release(n, text) answers the n-th.
local function holder()
  local self = { conns = {} }
  self.script = function(conn) self.conns[#self.conns + 1] = conn end
  self.release = function(n, text) self.conns[n]:write(Peer.light_chat(text or 'Hello.')) end
  return self
end

local function fill(nvim, lines)
  nvim:exec_lua('vim.api.nvim_buf_set_lines(0, 0, -1, true, ...)', lines)
end

--- vim.ui.select of a plugin: keeps what it was given, and chooses what `_G.choose` says.
local PICKER = [[
_G.picked = {}
vim.ui.select = function(items, opts, on_choice)
  local shown = {}
  for i, item in ipairs(items) do shown[i] = (opts.format_item or tostring)(item) end
  table.insert(_G.picked, { prompt = opts.prompt, shown = shown })
  on_choice(_G.choose and items[_G.choose(shown)] or nil)
end
]]

describe('the words after :Ask', function()
  after_each(after)

  it('are sent as they stand', function()
    local nvim, peer = Product.start()
    for typed, sent in pairs({
      ['stop using globals'] = 'stop using globals',
      ['what is % and # | "quoted" \\n \\\\ x'] = 'what is % and # | "quoted" \\n \\\\ x',
      ['two  blanks, <LT>tags>'] = 'two  blanks, <tags>',
      ['为什么 é 👍?'] = '为什么 é 👍?',
      ['//usr/bin is what?'] = '/usr/bin is what?',
      ['// alone'] = '/ alone',
      ['a /slash later'] = 'a /slash later',
      ["it's {{code}} {{text}}"] = "it's {{code}} {{text}}",
      ['!bang'] = '!bang',
    }) do
      assert.are.equal(sent, Product.words(Product.ask(nvim, peer, ':Ask ' .. typed .. '<CR>')))
    end
    Product.assert_quiet(nvim)
  end)

  it('are an error if they begin with an unknown name, and it lists the names', function()
    local nvim, peer = Product.start({ cols = 200 })
    nvim:feed(':Ask /nosuch thing<CR>')
    Product.assert_said(nvim, 'no /nosuch; names: accept ask continue document edit explain fix generate '
      .. 'hunks log model next open prev raw refactor reject retry review show simplify stop tests')
    nvim:command('messages clear')
    nvim:feed(':Ask /Explain<CR>')
    Product.assert_said(nvim, 'no /Explain')
    nvim:command('messages clear')
    nvim:feed(':%Ask /expl%d ../../x<CR>')
    Product.assert_said(nvim, 'no /expl%d')
    assert.are.equal(0, #peer.requests)
  end)

  it('are an error that fits one line of a narrow screen', function()
    local nvim = Product.start({ cols = 40 })
    nvim:feed(':Ask /nosuch<CR>')
    Product.assert_said(nvim, 'no /nosuch')
  end)

  it('with a ! are the user\'s own, no name', function()
    local nvim, peer = Product.start()
    fill(nvim, { 'one' })
    for _, keys in ipairs({ ':%Ask! /raw<CR>', ':Ask! /stop<CR>', ':Ask! /nosuch<CR>' }) do
      nvim:command('messages clear')
      nvim:feed(keys)
      Product.assert_said(nvim, ':Ask! takes your own words')
    end
    assert.are.equal(0, #peer.requests)
    assert.are.same({ 'one' }, Product.lines(nvim))
  end)

  it('are refused where a command takes none', function()
    local nvim, peer = Product.start()
    for _, case in ipairs({ { '/show me', '/show takes no words' }, { '/stop it', '/stop takes no words' },
      { '/log!', '/log takes no !' }, { '/explain! x', '/explain takes no !' } }) do
      nvim:command('messages clear')
      nvim:feed(':Ask ' .. case[1] .. '<CR>')
      Product.assert_said(nvim, case[2])
    end
    assert.are.equal(0, #peer.requests)
  end)
end)

describe('without words', function()
  after_each(after)

  it(":Ask opens Neovim's own prompt, with the selection of before", function()
    local nvim, peer = Product.start()
    fill(nvim, { 'one', 'two' })
    nvim:feed('2GV:Ask<CR>')
    nvim:see('Ask:')
    nvim:feed('why? "%" |x')
    assert.are.equal(0, #peer.requests)
    assert.are.equal('why? "%" |x\n\nFile: (no name), line 2\n\n```\ntwo\n```',
      Product.words(Product.ask(nvim, peer, '<CR>')))
    nvim:feed(':Ask<CR>')
    nvim:see('Ask:')
    assert.are.equal('again', Product.words(Product.ask(nvim, peer, 'again<CR>')))
    Product.assert_quiet(nvim)
  end)

  it(':Ask sends nothing if the prompt is left empty or given up', function()
    local nvim, peer = Product.start()
    for _, keys in ipairs({ '<CR>', '<Esc>', '<C-c>', '   <CR>' }) do
      nvim:feed(':Ask<CR>')
      nvim:see('Ask:')
      nvim:feed(keys)
      nvim:wait_for("vim.fn.mode() == 'n'")
      nvim:command('echo "left"')
      nvim:unsee('Ask:')
    end
    assert.are.equal('then', Product.words(Product.ask(nvim, peer, ':Ask then<CR>')))
    assert.are.equal(1, #peer.requests)
    Product.assert_quiet(nvim)
  end)

  it(":Ask and the map use a plugin's vim.ui.input, which may answer later", function()
    local nvim, peer = Product.start({ init = [[
      vim.ui.input = function(opts, on_confirm) _G.asked, _G.confirm = opts.prompt, on_confirm end
      vim.keymap.set({ 'n', 'x' }, '<F2>', '<Plug>(askedit-ask)')]] })
    fill(nvim, { 'one', 'two' })
    nvim:feed('ggV<F2>')
    assert.are.equal('Ask: ', nvim:exec_lua('return _G.asked'))
    fill(nvim, { 'changed', 'two' })
    nvim:feed('GVd')
    nvim:exec_lua("_G.confirm('why?')")
    assert.are.equal('why?\n\nFile: (no name), line 1\n\n```\none\n```',
      Product.words(peer:wait_request(nvim)))
    nvim:event('AskeditDone')
    nvim:feed('<F2>')
    nvim:exec_lua("_G.confirm(nil)")
    nvim:feed('<F2>')
    nvim:exec_lua("_G.confirm('without code')")
    assert.are.equal('without code', Product.words(peer:wait_request(nvim)))
    assert.are.equal(2, #peer.requests)
  end)

  it(':Ask / picks a name with its description, from a range too', function()
    local nvim, peer = Product.start({ init = PICKER })
    fill(nvim, { 'one', 'two' })
    nvim:exec_lua([[_G.choose = function(shown)
      for i, line in ipairs(shown) do if line:find('^/raw') then return i end end
    end]])
    assert.are.equal('two\n', Product.words(Product.ask(nvim, peer, ':2Ask /<CR>')))
    local picked = nvim:exec_lua('return _G.picked[1]')
    local text = table.concat(picked.shown, '\n')
    for _, line in ipairs({ '/explain  explain the selected code', '/raw  only the code', '/stop  stop',
      '/log  show' }) do
      assert.is_truthy(text:find(line, 1, true), text)
    end
    nvim:exec_lua('_G.choose = nil')
    nvim:feed(':2Ask /<CR>')
    assert.are.equal(2, nvim:exec_lua('return #_G.picked'))
    assert.are.equal(1, #peer.requests)
    Product.assert_quiet(nvim)
  end)

  it(":Ask / works with Neovim's own list", function()
    local nvim, peer = Product.start({ rows = 30 })
    fill(nvim, { 'one', 'two' })
    nvim:feed('2GV:Ask /<CR>')
    nvim:see('/review')
    local number = nvim:text():match('(%d+)[:.]? +/raw')
    assert.is_truthy(number, nvim:text())
    nvim:feed(number .. '<CR>')
    assert.are.equal('two\n', Product.words(peer:wait_request(nvim)))
    nvim:event('AskeditDone')
    nvim:command('redraw!')
    nvim:unsee('/review')
    nvim:feed(':Ask /<CR>')
    nvim:see('/review')
    nvim:feed('<C-c>')
    nvim:wait_for("vim.fn.mode() == 'n'")
    Product.assert_quiet(nvim)
    assert.are.equal(1, #peer.requests)
  end)
end)

describe('completion', function()
  after_each(after)

  it('offers the names as the first word only, with a range too', function()
    local nvim = Product.start()
    local function offered(line) return nvim:exec_lua("return vim.fn.getcompletion(..., 'cmdline')", line) end
    assert.are.same({ '/refactor', '/reject', '/retry', '/review' }, offered('Ask /re'))
    assert.are.same({ '/explain' }, offered('Ask /ex'))
    assert.are.same({ '/explain' }, offered("'<,'>Ask /ex"))
    assert.are.same({ '/explain' }, offered('2,3Ask /ex'))
    assert.are.same({ '/accept', '/ask', '/continue', '/document', '/edit', '/explain', '/fix', '/generate',
      '/hunks', '/log', '/model', '/next', '/open', '/prev', '/raw', '/refactor', '/reject', '/retry',
      '/review', '/show', '/simplify', '/stop', '/tests' }, offered('Ask /'))
    assert.are.same({ 'lmstudio' }, offered('Ask /model lm'))
    assert.are.same({}, offered('Ask /model lmstudio '))
    assert.are.same({}, offered('Ask why /ex'))
    assert.are.same({}, offered('Ask /explain /ex'))
    assert.are.same({}, offered('Ask /nosuch'))
    nvim:feed(':vertical Ask /ex<Tab>')
    nvim:see(':vertical Ask /explain')
  end)
end)

describe('a question from Lua', function()
  after_each(after)

  it('may have several lines, and is shown so', function()
    local nvim, peer = Product.start()
    nvim:exec_lua("require('askedit').ask({ text = ... })", 'first line\nsecond "line"')
    assert.are.equal('first line\nsecond "line"', Product.words(peer:wait_request(nvim)))
    nvim:event('AskeditDone')
    nvim:see('> second "line"')
    Product.assert_quiet(nvim)
  end)
end)

describe('the command-line window', function()
  after_each(after)

  it('is no place to ask from: one sentence, and nothing is sent', function()
    local nvim, peer = Product.start({ init = "vim.keymap.set('n', '<F2>', '<Cmd>Ask why?<CR>')" })
    nvim:feed('q:<F2>')
    nvim:see('askedit: not from the command-line window: close it first')
    assert.are.equal('last', Product.words(Product.ask(nvim, peer, ':quit<CR>:Ask last<CR>')))
    assert.are.equal(1, #peer.requests)
  end)
end)

describe('a window modifier', function()
  after_each(after)

  --- Where the answer opened, seen from the source window.
  local function layout(nvim)
    return nvim:exec_lua([[
      local answer
      for _, tab in ipairs(vim.api.nvim_list_tabpages()) do
        for _, win in ipairs(vim.api.nvim_tabpage_list_wins(tab)) do
          local name = vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(win))
          if name:find('^askedit://') then answer = { win = win, tab = tab } end
        end
      end
      if not answer then return 'none' end
      if answer.tab ~= vim.api.nvim_get_current_tabpage() then return 'tab' end
      local here, there = vim.fn.win_screenpos(0), vim.fn.win_screenpos(answer.win)
      if here[1] == there[1] then return here[2] < there[2] and 'right' or 'left' end
      return here[1] < there[1] and 'below' or 'above']])
  end

  it('is obeyed', function()
    for modifier, place in pairs({ [''] = 'below', vertical = 'left', ['vertical rightbelow'] = 'right',
      botright = 'below', topleft = 'above', ['vertical botright'] = 'right', aboveleft = 'above',
      tab = 'tab' }) do
      local nvim, peer = Product.start()
      local win = nvim:exec_lua('return vim.api.nvim_get_current_win()')
      Product.ask(nvim, peer, ':' .. modifier .. ' Ask why?<CR>')
      assert.are.equal(place, layout(nvim), modifier)
      assert.are.equal(win, nvim:exec_lua('return vim.api.nvim_get_current_win()'), modifier)
      Product.assert_quiet(nvim)
      after()
    end
  end)

  it('is obeyed by names, /show, /log and the Lua functions', function()
    for _, ask in ipairs({ ':%vertical botright Ask /raw<CR>',
      ":lua require('askedit').ask({ text = 'x', mods = 'vertical botright' })<CR>" }) do
      local nvim, peer = Product.start()
      fill(nvim, { 'one' })
      Product.ask(nvim, peer, (ask:gsub('^:%%(.*) Ask', ':%1 %%Ask')))
      assert.are.equal('right', layout(nvim), ask)
      nvim:feed('<C-w>o:vertical botright Ask /show<CR>')
      assert.are.equal('right', layout(nvim))
      nvim:feed('<C-w>o:topleft Ask /log<CR>')
      assert.are.equal('above', layout(nvim))
      Product.assert_quiet(nvim)
      after()
    end
  end)

  it('that means silence is no place', function()
    local nvim, peer = Product.start()
    Product.ask(nvim, peer, ':silent keepalt Ask why?<CR>')
    assert.are.equal('below', layout(nvim))
  end)
end)

describe('the same request', function()
  after_each(after)

  it('is sent once while it is in flight, and again when it is over', function()
    local held = holder()
    local nvim, peer = Product.start({ script = held.script })
    fill(nvim, { 'one', 'two' })
    nvim:feed(':1Ask why?<CR>')
    peer:wait_request(nvim)
    nvim:feed(':1Ask why?<CR>')
    Product.assert_said(nvim, 'being answered already')
    nvim:feed(':2Ask why?<CR>')
    assert.is_truthy(Product.words(peer:wait_request(nvim)):find('two', 1, true))
    held.release(1)
    nvim:event('AskeditDone')
    nvim:feed(':1Ask why?<CR>')
    assert.is_truthy(Product.words(peer:wait_request(nvim)):find('one', 1, true))
    assert.are.equal(3, #peer.requests)
  end)
end)

describe('a selection over 64 KiB', function()
  after_each(after)

  local big = {}
  for i = 1, 1025 do big[i] = ('x'):rep(63) end

  it('is sent only after a yes', function()
    local nvim, peer = Product.start({ init = PICKER })
    fill(nvim, big)
    nvim:feed(':%Ask /raw<CR>')
    assert.are.equal('Send 64 KiB of code?', nvim:exec_lua('return _G.picked[1].prompt'))
    nvim:exec_lua('_G.choose = function() return 1 end')
    nvim:feed(':%Ask /raw<CR>')
    assert.are.same({ 'no', 'yes' }, nvim:exec_lua('return _G.picked[2].shown'))
    assert.are.equal('small', Product.words(Product.ask(nvim, peer, ':Ask small<CR>')))
    assert.are.equal(1, #peer.requests)
    nvim:exec_lua('_G.choose = function() return 2 end')
    assert.are.equal(1025 * 64, #Product.words(Product.ask(nvim, peer, ':%Ask /raw<CR>')))
    assert.are.equal(1024 * 64, #Product.words(Product.ask(nvim, peer, ':1,1024Ask /raw<CR>')))
    assert.are.equal(3, nvim:exec_lua('return #_G.picked'))
    Product.assert_quiet(nvim)
  end)

  it("is confirmed with Neovim's own list", function()
    local nvim, peer = Product.start()
    fill(nvim, big)
    for _, keys in ipairs({ '1<CR>', '<CR>', '<Esc>', '<C-c>' }) do
      nvim:feed(':%Ask /raw<CR>')
      nvim:see('Send 64 KiB of code?')
      nvim:feed(keys)
      nvim:wait_for("vim.fn.mode() == 'n'")
      nvim:command('redraw!')
      nvim:unsee('Send 64 KiB of code?')
    end
    Product.assert_quiet(nvim)
    nvim:feed(':%Ask /raw<CR>')
    nvim:see('Send 64 KiB of code?')
    nvim:feed('2<CR>')
    assert.are.equal(1025 * 64, #Product.words(peer:wait_request(nvim)))
    assert.are.equal(1, #peer.requests)
  end)
end)

describe('/stop', function()
  after_each(after)

  it('stops the nearest run and no other', function()
    local held = holder()
    local nvim, peer = Product.start({ script = held.script, args = { 'a' } })
    local function ask(words)
      nvim:feed(':Ask ' .. words .. '<CR>')
      return peer:wait_request(nvim).conn
    end
    local first, second = ask('a1'), ask('a2')
    nvim:command('edit b')
    local third = ask('b1')
    nvim:command('edit a')
    nvim:feed(':Ask /stop<CR>')
    peer:wait_closed(nvim, second)
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
    nvim:command('edit b')
    nvim:feed(':Ask /stop<CR>')
    peer:wait_closed(nvim, third)
    nvim:event('AskeditDone')
    assert.is_nil(first.closed)
    held.release(1, 'still here')
    assert.are.equal('still here', nvim:event('AskeditDone')[1].answer)
    Product.assert_quiet(nvim)
  end)

  it('stops the answer that it is given in, by its key too', function()
    local held = holder()
    local nvim, peer = Product.start({ script = held.script })
    nvim:feed(':Ask first<CR>')
    local first = peer:wait_request(nvim).conn
    nvim:feed(':tabnew<CR>:Ask second<CR>')
    local second = peer:wait_request(nvim).conn
    nvim:feed('gt<C-w>j')
    nvim:wait_for("vim.api.nvim_buf_get_name(0) == 'askedit://1'")
    nvim:feed('<C-c>') -- by itself, since it throws away what was typed before
    peer:wait_closed(nvim, first)
    assert.is_nil(second.closed)
    nvim:event('AskeditDone')
    nvim:feed('gt:Ask /stop<CR>')
    peer:wait_closed(nvim, second)
    Product.assert_quiet(nvim)
  end)

  it('stops all with !', function()
    local held = holder()
    local nvim, peer = Product.start({ script = held.script })
    local conns = {}
    for i = 1, 3 do
      nvim:feed(':Ask q' .. i .. '<CR>')
      conns[i] = peer:wait_request(nvim).conn
    end
    nvim:feed(':Ask /stop!<CR>')
    for i = 1, 3 do
      peer:wait_closed(nvim, conns[i])
      assert.is_true(nvim:event('AskeditDone')[1].stopped)
    end
    assert.are.equal('', nvim:exec_lua("return require('askedit').status()"))
    Product.assert_quiet(nvim)
  end)

  it('says so if there is nothing to stop', function()
    local nvim = Product.start()
    nvim:feed(':Ask /stop<CR>')
    Product.assert_said(nvim, 'nothing to stop')
  end)
end)

describe('/retry', function()
  after_each(after)

  it('asks the same again, with the selection as it was', function()
    local nvim, peer = Product.start()
    fill(nvim, { 'one', 'two' })
    local first = Product.ask(nvim, peer, 'gg0vl:Ask why?<CR>')
    fill(nvim, { 'changed' })
    local second = Product.ask(nvim, peer, ':Ask /retry<CR>')
    assert.are.equal(first.body, second.body)
    nvim:exec_lua("require('askedit').retry()")
    assert.are.equal(first.body, peer:wait_request(nvim).body)
    nvim:event('AskeditDone')
    nvim:command('exe "norm \\<Plug>(askedit-retry)"')
    assert.are.equal(first.body, peer:wait_request(nvim).body)
    Product.assert_quiet(nvim)
  end)

  it('takes other words, and the next retry these', function()
    local nvim, peer = Product.start()
    fill(nvim, { 'one', 'two' })
    Product.ask(nvim, peer, ':1Ask why?<CR>')
    local section = '\n\nFile: (no name), line 1\n\n```\none\n```'
    assert.are.equal('what?' .. section, Product.words(Product.ask(nvim, peer, ':Ask /retry what?<CR>')))
    assert.are.equal('what?' .. section, Product.words(Product.ask(nvim, peer, ':Ask /retry<CR>')))
    Product.ask(nvim, peer, ':1Ask /explain<CR>')
    local explained = Product.words(Product.ask(nvim, peer, ':Ask /retry in one sentence<CR>'))
    assert.is_truthy(explained:find('^Explain this code'), explained)
    assert.is_truthy(explained:find('in one sentence' .. section, 1, true), explained)
  end)

  it('stops the request that is in flight', function()
    local held = holder()
    local nvim, peer = Product.start({ script = held.script })
    nvim:feed(':Ask why?<CR>')
    local first = peer:wait_request(nvim)
    nvim:feed(':Ask /retry<CR>')
    local second = peer:wait_request(nvim)
    assert.are.equal(first.body, second.body)
    peer:wait_closed(nvim, first.conn)
    held.release(2, 'the second')
    nvim:see('the second')
    Product.assert_quiet(nvim)
  end)

  it('asks again after a failure', function()
    local fails = true
    local nvim, peer = Product.start({ script = function(conn)
      conn:write(fails and Peer.response(500, '{}') or Peer.light_chat('Better.'))
    end })
    nvim:feed(':Ask why?<CR>')
    local first = peer:wait_request(nvim)
    nvim:event('AskeditError')
    fails = false
    assert.are.equal(first.body, Product.ask(nvim, peer, ':Ask /retry<CR>').body)
    nvim:see('Better.')
    assert.are.equal(2, #peer.requests)
  end)

  it('says so if there is nothing to ask again', function()
    local nvim = Product.start()
    nvim:feed(':Ask /retry<CR>')
    Product.assert_said(nvim, 'nothing to ask again')
  end)
end)

describe('/show', function()
  after_each(after)

  local function wipe(nvim, number)
    nvim:exec_lua([[
      for _, buf in ipairs(vim.api.nvim_list_bufs()) do
        if vim.api.nvim_buf_get_name(buf) == ... then vim.api.nvim_buf_delete(buf, { force = true }) end
      end]], 'askedit://' .. number)
  end

  local CHOOSE = [[
    local words = ...
    _G.choose = function(shown)
      for i, line in ipairs(shown) do if line:find(words, 1, true) then return i end end
    end]]

  it('offers the last twenty answers, wiped ones too', function()
    local count = 0
    local nvim, peer = Product.start({ init = PICKER, script = function(conn)
      count = count + 1
      conn:write(Peer.light_chat('Answer of ' .. count .. '.'))
    end })
    for i = 1, 22 do Product.ask(nvim, peer, ':Ask question' .. i .. '<CR>') end
    wipe(nvim, 3)
    wipe(nvim, 22)
    nvim:exec_lua(CHOOSE, 'question3')
    nvim:feed(':Ask /show<CR>')
    local shown = nvim:exec_lua('return _G.picked[1].shown')
    assert.are.equal(20, #shown)
    assert.is_truthy(shown[1]:find('^22 .* done +question22$'), shown[1])
    assert.is_truthy(shown[20]:find('question3', 1, true), shown[20])
    nvim:see('Answer of 3.')
    local text = table.concat(Product.answer(nvim, 3), '\n')
    assert.is_truthy(text:find('> question3\n\nAnswer of 3.', 1, true), text)
    nvim:exec_lua(CHOOSE, 'question22')
    nvim:feed(':Ask /show<CR>')
    nvim:see('Answer of 22.')
    Product.assert_quiet(nvim)
  end)

  it('shows the only answer at once, also when its window was closed or wiped in mid-answer', function()
    local held = holder()
    local nvim, peer = Product.start({ script = held.script })
    nvim:feed(':Ask why?<CR>')
    peer:wait_request(nvim)
    wipe(nvim, 1)
    nvim:feed(':Ask /show<CR>')
    nvim:see('> why?')
    nvim:feed('<C-w>o')
    wipe(nvim, 1)
    held.release(1, 'Nothing is lost.')
    nvim:event('AskeditDone')
    nvim:feed(':Ask /show<CR>')
    nvim:see('Nothing is lost.')
    nvim:see('3 of 10 calls today')
    Product.assert_quiet(nvim)
  end)

  it('says so if there are none', function()
    local nvim = Product.start()
    nvim:feed(':Ask /show<CR>')
    Product.assert_said(nvim, 'no answers yet')
  end)
end)

describe('/log', function()
  after_each(after)

  local function log_page(nvim)
    nvim:feed(':Ask /log<CR>')
    return table.concat(Product.page(nvim, '^askedit://log'), '\n')
  end

  --- The logged body and the one that the peer saw, the token taken from the latter.
  local function assert_same_body(page, request)
    local logged = json.decode(page:match('\n```json\n(.*)\n```'))
    local seen = request:json()
    assert.are.equal(Product.key, seen.token)
    assert.is_nil(logged.token:find(Product.key, 1, true))
    seen.token, logged.token = nil, nil
    assert.are.same(seen, logged)
  end

  it('shows exactly what was sent, with the token masked, and how long it took', function()
    local params = { n = 1, deep = { x = { 'y', 2.5 } } }
    local nvim, peer = Product.start({ provider = { params = params, model = '模型%{1}' } })
    fill(nvim, { 'printf("%d\\n", "é");\t`code`', 'a\0b\255' })
    local request = Product.ask(nvim, peer, ':%Ask 为什么 "x" \\?<CR>')
    local page = log_page(nvim)
    assert_same_body(page, request)
    assert.is_nil(page:find(Product.key, 1, true))
    assert.is_truthy(page:find('POST ' .. peer.url, 1, true), page)
    assert.is_truthy(page:find('Status: +200'), page)
    assert.is_truthy(page:find('first byte %d+ ms, total %d+ ms'), page)
    assert.is_truthy(page:find(#request.body .. ' bytes sent', 1, true), page)
    assert.is_truthy(page:find('input 8, output 2', 1, true), page)
    Product.assert_quiet(nvim)
  end)

  it('shows it for a failure, a stop, and for an answer that it is given in', function()
    local count = 0
    local nvim, peer = Product.start({ script = function(conn)
      count = count + 1
      if count == 1 then conn:write(Peer.light_chat('fine')) end
      if count == 2 then conn:write(Peer.response(500, '{}')) end
    end })
    local good = Product.ask(nvim, peer, ':Ask good<CR>')
    nvim:feed(':Ask bad<CR>')
    local bad = peer:wait_request(nvim)
    nvim:event('AskeditError')
    local page = log_page(nvim)
    assert_same_body(page, bad)
    assert.is_truthy(page:find('Status: +500'), page)
    nvim:feed(':Ask long<CR>')
    local stopped = peer:wait_request(nvim)
    assert.is_truthy(log_page(nvim):find('still in flight', 1, true))
    nvim:feed(':Ask /stop<CR>')
    nvim:event('AskeditDone')
    page = log_page(nvim)
    assert_same_body(page, stopped)
    assert.is_truthy(page:find('cancelled', 1, true), page)
    nvim:command('buffer askedit://1')
    assert_same_body(log_page(nvim), good)
  end)

  it('says so if nothing was asked', function()
    local nvim = Product.start()
    nvim:feed(':Ask /log<CR>')
    Product.assert_said(nvim, 'nothing was asked yet')
  end)
end)
