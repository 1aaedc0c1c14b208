--- Prompts are files on the runtimepath, the user's own included: what is sent for them, what a bad one says.
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function after()
  Session.close_all()
  Peer.close_all()
end

local function fill(nvim, lines)
  nvim:exec_lua('vim.api.nvim_buf_set_lines(0, 0, -1, true, ...)', lines)
end

local SECTION = '\n\nFile: (no name), line 1\n\n```\none\n```'

describe('a built-in prompt', function()
  after_each(after)

  it('explains or reviews the selected code', function()
    local nvim, peer = Product.start()
    fill(nvim, { 'one', 'two' })
    for name, begins in pairs({ explain = 'Explain this code', review = 'Review this code' }) do
      local messages = Product.messages_of(Product.ask(nvim, peer, ('ggV:Ask /%s<CR>'):format(name)))
      assert.are.equal(2, #messages)
      assert.are.equal('system', messages[1][1])
      assert.is_truthy(messages[1][2]:find('programmer', 1, true))
      assert.are.equal('user', messages[2][1])
      assert.are.equal(1, (messages[2][2]:find(begins, 1, true)))
      assert.are.equal(SECTION, messages[2][2]:sub(-#SECTION))
    end
    Product.assert_quiet(nvim)
  end)

  it('says what to do if it needs code and has none', function()
    local nvim, peer = Product.start()
    for _, keys in ipairs({ ':Ask /explain<CR>', ':Ask /review with words<CR>',
      ":lua require('askedit').run('explain')<CR>" }) do
      nvim:command('messages clear')
      nvim:feed(keys)
      Product.assert_said(nvim, 'needs code: select some first, or give a range')
    end
    assert.are.equal(0, #peer.requests)
  end)

  it('takes words along', function()
    local nvim, peer = Product.start()
    fill(nvim, { 'one' })
    local sent = Product.words(Product.ask(nvim, peer, ':%Ask /explain only the names<CR>'))
    assert.is_truthy(sent:find('\n\nonly the names' .. SECTION, 1, true), sent)
  end)

  it('is on a key with one line, in Normal and Visual mode', function()
    local nvim, peer = Product.start({ init = [[
      vim.keymap.set({ 'n', 'x' }, '<F2>', '<Plug>(askedit-prompt-explain)')
      vim.cmd('map <F3> <Plug>(askedit-prompt-review)')]] })
    fill(nvim, { 'one' })
    assert.is_truthy(Product.words(Product.ask(nvim, peer, 'V<F2>')):find('^Explain'))
    assert.is_truthy(Product.words(Product.ask(nvim, peer, 'V<F3>')):find('^Review'))
    nvim:feed('<F2>')
    Product.assert_said(nvim, '/explain needs code')
  end)
end)

describe("a user's prompt", function()
  after_each(after)

  it('is a Lua or a Markdown file, with a key and a completion', function()
    local nvim, peer = Product.start({
      init = "vim.keymap.set({ 'n', 'x' }, '<F2>', '<Plug>(askedit-prompt-rhyme)')",
      prompts = {
        ['rhyme.lua'] = "return { system = 'You rhyme.', template = 'Rhyme {{code}}|{{text}}!' }",
        ['my-notes.md'] = '---\r\n# a remark\r\ndescription: "notes: all"\r\ncontext: none\r\n'
          .. 'model: model-of-the-file\r\n---\r\n\r\nFirst line.\r\n\r\n---\r\nLast {{nothing}} line.\r\n',
        ['bare_2.md'] = 'No head here: {{text}}\n',
      },
    })
    fill(nvim, { 'one' })
    local request = Product.ask(nvim, peer, 'V<F2>')
    assert.are.same({ { 'system', 'You rhyme.\n\nAnswer in English.' }, { 'user', 'Rhyme one\n|!' } },
      Product.messages_of(request))
    request = Product.ask(nvim, peer, ':Ask /rhyme it<CR>')
    assert.are.equal('Rhyme |it!', Product.words(request))
    request = Product.ask(nvim, peer, ':%Ask /my-notes<CR>')
    assert.are.equal('First line.\n\n---\nLast {{nothing}} line.', Product.words(request))
    assert.are.equal('model-of-the-file', request:json().model)
    request = Product.ask(nvim, peer, ':Ask /bare_2 words<CR>')
    assert.are.equal('No head here: words', Product.words(request))
    assert.are.equal('gpt-3.5-turbo-1106', request:json().model)
    assert.are.same({ '/my-notes' }, nvim:exec_lua("return vim.fn.getcompletion('Ask /my', 'cmdline')"))
    Product.assert_quiet(nvim)
  end)

  it('takes the place of a built-in one of its name', function()
    local nvim, peer = Product.start({
      prompts = { ['explain.md'] = '---\ncontext: optional\n---\nMine: {{text}}\n', ['ask.lua'] =
        "return { template = 'Asked: {{text}}' }" },
    })
    assert.are.equal('Mine: x', Product.words(Product.ask(nvim, peer, ':Ask /explain x<CR>')))
    assert.are.equal('Asked: y', Product.words(Product.ask(nvim, peer, ':Ask y<CR>')))
    nvim:feed(':Ask<CR>')
    nvim:see('Ask:')
    assert.are.equal('Asked: z', Product.words(Product.ask(nvim, peer, 'z<CR>')))
    Product.assert_quiet(nvim)
  end)

  it('cannot take the place of a command', function()
    local nvim, peer = Product.start({ prompts = { ['stop.md'] = 'never' } })
    nvim:feed(':Ask /stop<CR>')
    Product.assert_said(nvim, 'nothing to stop')
    assert.are.equal(0, #peer.requests)
  end)

  it('counts as it is now, also when it was made after the start', function()
    local nvim, peer = Product.start()
    nvim:exec_lua([[
      vim.fn.writefile({ 'Old.' }, vim.env.HOME .. '/site/lua/askedit/prompts/late.md')]])
    assert.are.equal('Old.', Product.words(Product.ask(nvim, peer, ':Ask /late<CR>')))
    nvim:exec_lua([[
      vim.fn.writefile({ 'New.' }, vim.env.HOME .. '/site/lua/askedit/prompts/late.md')]])
    assert.are.equal('New.', Product.words(Product.ask(nvim, peer, ':Ask /late<CR>')))
  end)

  it('that is bad is one sentence with its file, and the others still work', function()
    local nvim, peer = Product.start({
      cols = 160,
      prompts = {
        ['syntax.lua'] = 'return {',
        ['raises.lua'] = "error('on purpose')",
        ['number.lua'] = 'return 7',
        ['typed.lua'] = 'return { template = 7 }',
        ['unknown.lua'] = "return { template = 'x', contxt = 'none' }",
        ['empty.md'] = '\n\n',
        ['notemplate.lua'] = "return { description = 'x' }",
        ['context.md'] = '---\ncontext: sometimes\n---\nx',
        ['target.md'] = '---\ntarget: printer\n---\nx',
        ['head.md'] = '---\nno pair here\n---\nx',
        ['good.md'] = 'Good.',
      },
    })
    for name, says in pairs({
      syntax = 'does not load', raises = 'on purpose', number = 'does not return a table',
      typed = 'string as template',
      unknown = 'unknown field contxt; known: context, description, model, system, target, template',
      empty = 'has no template', notemplate = 'has no template',
      context = "'selection', 'optional' or 'none'",
      target = "'split'", head = 'no pair here',
    }) do
      nvim:command('messages clear')
      nvim:feed((':Ask /%s<CR>'):format(name))
      Product.assert_said(nvim, says)
      assert.is_truthy(Product.said(nvim)[1]:find('prompts/' .. name .. '%.'), Product.said(nvim)[1])
    end
    nvim:command('messages clear')
    nvim:exec_lua('vim.ui.select = function(items, opts) vim.tbl_map(opts.format_item, items) end')
    nvim:feed(':Ask /<CR>')
    assert.are.equal('Good.', Product.words(Product.ask(nvim, peer, ':Ask /good<CR>')))
    assert.are.equal(1, #peer.requests)
    Product.assert_quiet(nvim)
  end)
end)

describe('what a template holds', function()
  after_each(after)

  it('is filled in once: nothing that was put in is searched again', function()
    local nvim, peer = Product.start({ prompts = {
      ['twice.lua'] = "return { template = '{{code}}-{{text}}-{{code}}-{{unknown}} %1 {selection}' }",
    }, script = function(conn) conn:write(Peer.light_chat([[s = "50%2 \0 & {{filetype}} {{code}}"]])) end })
    local code = [[printf("100%% {{selection}} {selection} $text %1 \1 & {{text}}");]]
    fill(nvim, { code })
    local request = Product.ask(nvim, peer, ':%Ask /twice my {{code}} %d \\1<CR>')
    assert.are.equal(code .. '\n-my {{code}} %d \\1-' .. code .. '\n-{{unknown}} %1 {selection}',
      Product.words(request))
    nvim:see([[s = "50%2 \0 & {{filetype}} {{code}}"]])
    Product.assert_quiet(nvim)
  end)
end)

describe('the language of the answer', function()
  after_each(after)

  local function system_of(request) return Product.messages_of(request)[1][2] end

  it('is that of the words if there are some, else the setting, else English', function()
    local nvim, peer = Product.start()
    fill(nvim, { 'one' })
    local function language(keys)
      return system_of(Product.ask(nvim, peer, keys)):match('Answer in (.*)%.$')
    end
    local of_words = "the language of the user's own words"
    assert.are.equal(of_words, language(':Ask 为什么?<CR>'))
    assert.are.equal(of_words, language(':%Ask /explain 简短<CR>'))
    assert.are.equal('English', language(':%Ask /explain<CR>'))
    nvim:exec_lua("require('askedit').setup({ language = '中文' })")
    assert.are.equal('中文', language(':%Ask /explain<CR>'))
    assert.are.equal(of_words, language(':Ask why?<CR>'))
  end)

  it('stands in the template where that asks for it', function()
    local nvim, peer = Product.start({ settings = { language = 'German' },
      prompts = { ['tell.lua'] = "return { template = 'Tell in {{language}}' }" } })
    assert.are.equal('Tell in German', Product.words(Product.ask(nvim, peer, ':Ask /tell<CR>')))
  end)

  it('may stand before the question instead of in a message of its own', function()
    local nvim, peer = Product.start({ provider = { system = 'merge' } })
    local messages = Product.messages_of(Product.ask(nvim, peer, ':Ask why?<CR>'))
    assert.are.equal(1, #messages)
    assert.are.equal('user', messages[1][1])
    assert.is_truthy(messages[1][2]:find("own words.\n\nwhy?", 1, true), messages[1][2])
  end)
end)
