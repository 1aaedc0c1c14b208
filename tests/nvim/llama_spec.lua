--- A real llama-server, with nothing set but its address: what it says arrives as it said it, and what is
-- stopped here stops there.
local Llama = require('llama')
local Model = require('llama_model')
local Product = require('product')
local Session = require('session')

local CODE = 'local answer = 42 -- '

describe('llama-server', function()
  local server

  setup(function() server = Llama.start() end)
  teardown(function() if server then server:stop() end end)
  after_each(Session.close_all)

  local function start(settings)
    settings = settings or { provider = { dialect = 'openai_chat', url = server.url } }
    return Product.start({ settings = settings })
  end

  --- Has a line of code explained that holds `word`; the server answers accordingly.
  local function explain(nvim, word)
    nvim:request('nvim_buf_set_lines', 0, 0, -1, true, { CODE .. word })
    nvim:feed(':%Ask /explain<CR>')
  end

  local function explained(nvim, word)
    explain(nvim, word)
    local over = nvim:event('AskeditDone')[1]
    assert.are.equal('stop', over.finish)
    assert.is_nil(over.error)
    Product.assert_quiet(nvim)
    return over
  end

  --- The text of the only answer, between its question and an empty line above the one with the status.
  local function shown(nvim)
    local lines = Product.answer(nvim, 1)
    assert.are.equal('> /explain (unnamed:1)', table.remove(lines, 1))
    assert.are.equal('', table.remove(lines, 1))
    assert.are.equal('', table.remove(lines))
    assert.are.equal('', table.remove(lines))
    return table.concat(lines, '\n')
  end

  for _, word in ipairs({ 'PLAIN', 'EMOJI', 'CODE' }) do
    it('explains as the model does: ' .. word, function()
      local nvim = start()
      assert.are.equal(Model.answers[word], explained(nvim, word).answer)
      assert.are.equal(Model.answers[word], shown(nvim))
      nvim:see(Model.answers[word]:match('[^\n]+$'))
      nvim:see('chain')
    end)
  end

  it('is known by name, and only its address is changed', function()
    local nvim = start({ provider = 'llama', providers = { llama = { url = server.url } } })
    assert.are.equal(Model.answers.PLAIN, explained(nvim, 'PLAIN').answer)
  end)

  it('lists its model', function()
    local nvim = start()
    nvim:exec_lua('vim.ui.select = function(names, _, choose) Names = names choose(names[1]) end')
    nvim:feed(':Ask /model<CR>')
    nvim:see('chain')
    assert.are.same({ 'chain' }, nvim:exec_lua('return Names'))
    assert.are.equal(1, #Product.said(nvim))
    nvim:command('messages clear')
    assert.are.equal('chain', explained(nvim, 'PLAIN').model)
  end)

  it('says where a limit cut it', function()
    local nvim = start({ provider = { dialect = 'openai_chat', url = server.url,
      body = { max_tokens = 8 } } })
    explain(nvim, 'LONG')
    local over = nvim:event('AskeditDone')[1]
    assert.are.same({ 'length', (Model.line .. Model.line):sub(1, #'And so it goes on,\nAnd so') },
      { over.finish, over.answer })
    nvim:see('the token limit')
  end)

  it('thinks apart from its answer', function()
    local nvim = start()
    assert.are.equal(Model.answers.THINK, explained(nvim, 'THINK').answer)
    local text = shown(nvim)
    assert.are.equal(Model.answers.THINK, text:sub(-#Model.answers.THINK))
    assert.is_nil(text:find('think>', 1, true), text)
    nvim:feed('<C-w>j:Ask and so?<CR>')
    nvim:event('AskeditDone')
    nvim:feed(':Ask /log<CR>')
    local page = table.concat(Product.page(nvim, '^askedit://log'), '\n')
    assert.is_truthy(page:find(Model.answers.THINK, 1, true), page)
    assert.is_nil(page:find(Model.thought:match('%a+'), 1, true), page)
  end)

  it('cannot reach the terminal or the editor with control characters', function()
    local nvim = start()
    assert.are.equal(Model.answers.CTRL, explained(nvim, 'CTRL').answer)
    assert.are.equal((Model.answers.CTRL:gsub('%z', '\226\144\128')), shown(nvim))
    nvim:see('esc^[[31mbell^G back^H nul\226\144\128 return^M del^? tab')
    nvim:see('turn<202e>')
    nvim:see('vim: set ft=sh :')
    assert.are_not.equal('sh', nvim:exec_lua([[return vim.bo[require('askedit').event().buf].filetype]]))
  end)

  it('may have nothing to say', function()
    local nvim = start()
    assert.are.equal('', explained(nvim, 'EMPTY').answer)
    nvim:see('the answer is empty')
    assert.are.equal(Model.answers.PLAIN, explained(nvim, 'PLAIN').answer)
  end)

  it('refactors, its fence not being written, and one u takes it back', function()
    local nvim = start()
    nvim:request('nvim_buf_set_lines', 0, 0, -1, true, { 'above', CODE .. 'CODE', 'below' })
    nvim:feed(':2Ask /refactor<CR>')
    local over = nvim:event('AskeditDone')[1]
    assert.are.equal(Model.answers.CODE, over.answer)
    local code = Model.answers.CODE:match('```%a*\n(.-)\n```')
    nvim:see(code:match('[^\n]+'))
    assert.are.same({ 'above', CODE .. 'CODE', 'below' }, Product.lines(nvim))
    nvim:feed(':Ask /accept!<CR>')
    assert.are.equal('above\n' .. code .. '\nbelow', table.concat(Product.lines(nvim), '\n'))
    nvim:feed('u')
    assert.are.same({ 'above', CODE .. 'CODE', 'below' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('ends its work when it is stopped in mid-answer', function()
    local cancelled = select(2, server:log():gsub('cancel task', ''))
    local nvim = start()
    explain(nvim, 'LONG')
    nvim:see('And so it goes on,')
    nvim:feed(':Ask /stop<CR>')
    local over = nvim:event('AskeditDone')[1]
    server:wait_log(nvim, cancelled + 1, 'cancel task')
    assert.is_true(over.stopped)
    assert.are.equal('cancelled', over.error.kind)
    local answer = over.answer
    local lines = math.ceil(#answer / #Model.line)
    assert.is_true(#answer >= #Model.line)
    assert.is_true(answer == Model.line:rep(lines):sub(1, #answer), 'words are lost or doubled')
    local text = shown(nvim)
    assert.is_true(text == (answer:gsub('\n$', '')), 'the split does not hold the answer')
    nvim:see('stopped')
    Product.assert_quiet(nvim)

    assert.are.equal(Model.answers.PLAIN, explained(nvim, 'PLAIN').answer)
    assert.are.equal(cancelled + 1, select(2, server:log():gsub('cancel task', '')))
  end)
end)
