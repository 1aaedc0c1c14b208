--- :Ask inside an answer goes on with that conversation: earlier turns are sent, shown, and listed in /log.
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local json = require('dkjson')

local function after()
  Session.close_all()
  Peer.close_all()
end

--- Answers "Answer 1.", "Answer 2.", ... in the order of the requests.
local function start(options)
  local count = 0
  options = options or {}
  options.script = options.script or function(conn)
    count = count + 1
    conn:write(Peer.light_chat('Answer ' .. count .. '.'))
  end
  return Product.start(options)
end

local function fill(nvim, lines)
  nvim:exec_lua('vim.api.nvim_buf_set_lines(0, 0, -1, true, ...)', lines)
end

local function turns(request)
  local messages = Product.messages_of(request)
  assert.are.equal('system', table.remove(messages, 1)[1])
  return messages
end

local FIRST = 'why?\n\nFile: (no name), line 1\n\n```\none\n```'

describe('a question inside an answer', function()
  after_each(after)

  it('sends the earlier turns as they were, and shows all', function()
    local nvim, peer = start()
    fill(nvim, { 'one', 'two' })
    Product.ask(nvim, peer, ':1Ask why?<CR>')
    fill(nvim, { 'changed' })
    local request = Product.ask(nvim, peer, '<C-w>j:Ask and then?<CR>')
    assert.are.same({ { 'user', FIRST }, { 'assistant', 'Answer 1.' }, { 'user', 'and then?' } },
      turns(request))
    request = Product.ask(nvim, peer, ':Ask more<CR>')
    assert.are.same({ { 'user', FIRST }, { 'assistant', 'Answer 1.' }, { 'user', 'and then?' },
      { 'assistant', 'Answer 2.' }, { 'user', 'more' } }, turns(request))
    local text = table.concat(Product.answer(nvim, 1), '\n')
    assert.is_truthy(text:find('> why? (unnamed:1)\n\nAnswer 1.\n\n> and then?\n\nAnswer 2.\n\n> more\n\n'
      .. 'Answer 3.', 1, true), text)
    assert.are.equal(2, #nvim:request('nvim_tabpage_list_wins', 0))
    Product.assert_quiet(nvim)
  end)

  it('is a new conversation outside of it', function()
    local nvim, peer = start()
    Product.ask(nvim, peer, ':Ask one<CR>')
    assert.are.same({ { 'user', 'two' } }, turns(Product.ask(nvim, peer, ':Ask two<CR>')))
    nvim:feed('<C-w>j')
    assert.are.same({ { 'user', 'two' }, { 'assistant', 'Answer 2.' }, { 'user', 'three' } },
      turns(Product.ask(nvim, peer, ':Ask three<CR>')))
    nvim:command('buffer askedit://1')
    assert.are.same({ { 'user', 'one' }, { 'assistant', 'Answer 1.' }, { 'user', 'four' } },
      turns(Product.ask(nvim, peer, ':Ask four<CR>')))
  end)

  it('is listed in /log with the turns before it', function()
    local nvim, peer = start()
    Product.ask(nvim, peer, ':Ask first words<CR>')
    local request = Product.ask(nvim, peer, '<C-w>j:Ask second words<CR>')
    nvim:feed(':Ask /log<CR>')
    local page = table.concat(Product.page(nvim, '^askedit://log'), '\n')
    assert.is_truthy(page:find('1. first words (answer of 9 bytes)\n  2. this question', 1, true), page)
    assert.are.same(request:json().messages, json.decode(page:match('\n```json\n(.*)\n```')).messages)
  end)

  it('may be about a part of the answer', function()
    local nvim, peer = start()
    Product.ask(nvim, peer, ':Ask why?<CR>')
    local request = Product.ask(nvim, peer, '<C-w>jgg/Answer<CR>v$h:Ask what is this?<CR>')
    local words = Product.words(request)
    assert.is_truthy(words:find('^what is this%?\n\nFile: '), words)
    assert.is_truthy(words:find('\nAnswer 1.\n```', 1, true), words)
    assert.are.equal(3, #turns(request))
    request = Product.ask(nvim, peer, 'gg/Answer 1<CR>v$h:Ask /raw<CR>')
    assert.are.equal('Answer 1.', Product.words(request))
    Product.assert_quiet(nvim)
  end)

  it('waits for the answer that is still coming', function()
    local nvim, peer = start({ script = function() end })
    nvim:feed(':Ask why?<CR>')
    peer:wait_request(nvim)
    nvim:feed('<C-w>j:Ask and then?<CR>')
    Product.assert_said(nvim, 'this answer is still coming')
    nvim:exec_lua("require('askedit').stop()")
    peer:wait_closed(nvim)
    assert.are.equal(1, #peer.requests)
  end)

  it('leaves out turns that have no answer', function()
    local count = 0
    local nvim, peer = start({ script = function(conn)
      count = count + 1
      conn:write(count == 2 and Peer.response(500, '{}') or Peer.light_chat('Answer ' .. count .. '.'))
    end })
    Product.ask(nvim, peer, ':Ask first<CR>')
    nvim:feed('<C-w>j:Ask failing<CR>')
    nvim:event('AskeditError')
    peer:wait_request(nvim)
    assert.are.same({ { 'user', 'first' }, { 'assistant', 'Answer 1.' }, { 'user', 'third' } },
      turns(Product.ask(nvim, peer, ':Ask third<CR>')))
  end)

  it('goes on where the buffer was wiped and shown again', function()
    local nvim, peer = start()
    Product.ask(nvim, peer, ':Ask first<CR>')
    nvim:feed('<C-w>j:bwipeout!<CR>:Ask /show<CR>')
    nvim:see('Answer 1.')
    assert.are.equal('', nvim:exec_lua('return vim.fn.bufname()'))
    assert.are.same({ { 'user', 'first' }, { 'assistant', 'Answer 1.' }, { 'user', 'second' } },
      turns(Product.ask(nvim, peer, '<C-w>j:Ask second<CR>')))
    Product.assert_quiet(nvim)
  end)
end)

describe('/retry inside an answer', function()
  after_each(after)

  it('asks its last question again with the turns before it, and takes its place in what follows', function()
    local nvim, peer = start()
    Product.ask(nvim, peer, ':Ask first<CR>')
    local second = Product.ask(nvim, peer, '<C-w>j:Ask second<CR>')
    local again = Product.ask(nvim, peer, ':Ask /retry<CR>')
    assert.are.equal(second.body, again.body)
    local changed = Product.ask(nvim, peer, ':Ask /retry other words<CR>')
    assert.are.same({ { 'user', 'first' }, { 'assistant', 'Answer 1.' }, { 'user', 'other words' } },
      turns(changed))
    assert.are.same({ { 'user', 'first' }, { 'assistant', 'Answer 1.' }, { 'user', 'other words' },
      { 'assistant', 'Answer 4.' }, { 'user', 'third' } }, turns(Product.ask(nvim, peer, ':Ask third<CR>')))
    Product.assert_quiet(nvim)
  end)

  it('asks that answer again and not the newest', function()
    local nvim, peer = start()
    local first = Product.ask(nvim, peer, ':Ask first<CR>')
    Product.ask(nvim, peer, ':Ask second<CR>')
    nvim:feed('<C-w>j')
    nvim:command('buffer askedit://1')
    assert.are.equal(first.body, Product.ask(nvim, peer, ':Ask /retry<CR>').body)
  end)
end)
