--- The nearest change is asked for again: which lines and words that sends, and what is taken in the end.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function after()
  Session.close_all()
  Peer.close_all()
end

local assert_lines = Edits.assert_lines

local function started() return Edits.start_raw({ 'a', 'b', 'c', 'd' }) end

local function ask(nvim, peer) return Edits.ask(nvim, peer, '2GV:Ask /change<CR>') end

local function retry(nvim, peer, words)
  return Edits.ask(nvim, peer, (':Ask /retry %s<CR>'):format(words or ''))
end

describe('/retry', function()
  after_each(after)

  it('while it streams stops the old answer and asks anew', function()
    local nvim, peer = started()
    local first = ask(nvim, peer)
    Edits.begin(first, '```\nold answer')
    nvim:see('old answer')
    local second = retry(nvim, peer)
    peer:wait_closed(nvim, first.conn)
    assert.are.equal(first.body, second.body)
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
    nvim:unsee('old answer')
    Edits.answer(nvim, second, '```\nB\n```')
    assert.are.equal('B', Edits.preview(nvim))
    nvim:feed('gh')
    assert_lines(nvim, 'a B c d')
    nvim:feed('u')
    assert_lines(nvim, 'a b c d')
    Product.assert_quiet(nvim)
  end)

  it('takes other words', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B')
    local request = retry(nvim, peer, 'but shorter')
    assert.are.equal('b\nbut shorter', (Product.words(request):gsub('\n\n.*', '')))
    nvim:unsee('gh takes')
    assert.are.equal('', Edits.preview(nvim))
    Edits.answer(nvim, request, 'B2')
    assert.are.equal('B2', Edits.preview(nvim))
    nvim:feed('gh')
    assert_lines(nvim, 'a B2 c d')
  end)

  it('sends the text as it is now, from where it is now', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B')
    nvim:feed('ggOabove<Esc>3GccB now<Esc>')
    local request = retry(nvim, peer)
    assert.are.equal('B now\n', Product.words(request))
    Edits.answer(nvim, request, 'B then')
    nvim:feed('gh')
    assert_lines(nvim, 'above a B then c d')
    nvim:feed('u')
    assert_lines(nvim, 'above a B now c d')
    Product.assert_quiet(nvim)
  end)

  -- The keys, and what is sent.
  for name, case in pairs({
    ['a reject, and tells of it'] = { 'gH', 'b\n\nThe user rejected these changes, which were proposed '
      .. 'before; do not propose them again:\n\nThese lines:\n\n```python\nb\n```\n\n'
      .. 'were to become:\n\n```python\nB\n```' },
    ['an accept and its undo'] = { 'ghu', 'b\n' },
  }) do
    it('after ' .. name, function()
      local nvim, peer = started()
      Edits.answer(nvim, ask(nvim, peer), 'B')
      nvim:feed(case[1])
      assert_lines(nvim, 'a b c d')
      local request = retry(nvim, peer)
      assert.are.equal(case[2], Product.words(request))
      Edits.answer(nvim, request, 'B2')
      assert.are.equal('B2', Edits.preview(nvim))
      nvim:feed('gh')
      assert_lines(nvim, 'a B2 c d')
      nvim:feed('u')
      assert_lines(nvim, 'a b c d')
      Product.assert_quiet(nvim)
    end)
  end

  it('after an accept sends what was taken', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B\nB2')
    nvim:feed('gh')
    local request = retry(nvim, peer)
    assert.are.equal('B\nB2\n', Product.words(request))
    Edits.answer(nvim, request, 'B3')
    nvim:feed('gh')
    assert_lines(nvim, 'a B3 c d')
  end)

  -- What is asked about, what comes around it, and what is there in the end.
  for keys, case in pairs({
    ['2GV'] = { 'b\n', 'A\nb\nC', 'A\nb\nC\n', 'a D c d' },
    ['2Gv'] = { 'b', 'A\nb\nC', 'A\nb\nC', 'a D c d' },
  }) do
    it('after an accept sends also the lines that were added around, ' .. keys, function()
      local nvim, peer = started()
      local request = Edits.ask(nvim, peer, keys .. ':Ask /change<CR>')
      assert.are.equal(case[1], Product.words(request))
      Edits.answer(nvim, request, case[2])
      nvim:feed(':Ask /accept!<CR>')
      request = retry(nvim, peer)
      assert.are.equal(case[3], Product.words(request))
      Edits.answer(nvim, request, 'D')
      nvim:feed('gh')
      assert_lines(nvim, case[4])
      Product.assert_quiet(nvim)
    end)
  end

  it('sends the whole of a line that was joined with the one below', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B')
    nvim:feed(':2,3join<CR>')
    local request = retry(nvim, peer)
    assert.are.equal('b c\n', Product.words(request))
    Edits.answer(nvim, request, 'D')
    nvim:feed('gh')
    assert_lines(nvim, 'a D d')
    Product.assert_quiet(nvim)
  end)

  -- The file, the keys, what they send, the second answer, and what is there when it is taken.
  for name, case in pairs({
    ['a block'] = { 'abcd\nefgh\n', '0l<C-v>jl:Ask /change<CR>', 'bc\nfg', 'BC\nFG', 'aBCd\neFGh' },
    ['a line with its break'] = { 'abcd\nefgh\n', '0v$:Ask /change<CR>', 'abcd\n', 'x\ny', 'x\ny\nefgh' },
    ['a part of a line'] = { 'one two\n', 'wviw:Ask /change<CR>', 'two', '2', 'one 2' },
    ['lines'] = { 'a\nb\n', 'V:Ask /change<CR>', 'a\n', 'A', 'A\nb' },
  }) do
    it('of ' .. name .. ' is about the same again', function()
      local nvim, peer = Edits.start_raw(nil, { text = case[1], name = 'work.txt' })
      local request = Edits.ask(nvim, peer, case[2])
      assert.are.equal(case[3], Product.words(request))
      Edits.answer(nvim, request, '```\n' .. case[4]:lower() .. '!\n```')
      request = retry(nvim, peer)
      assert.are.equal(case[3], Product.words(request))
      Edits.answer(nvim, request, '```\n' .. case[4] .. '\n```')
      nvim:feed('gh')
      assert.are.equal(case[5], table.concat(Product.lines(nvim), '\n'))
      nvim:feed('u')
      assert.are.equal(case[1], table.concat(Product.lines(nvim), '\n') .. '\n')
      Product.assert_quiet(nvim)
    end)
  end

  it('asks for the change that is nearest', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B')
    Edits.answer(nvim, Edits.ask(nvim, peer, '4GV:Ask /change<CR>'), 'D')
    nvim:feed('gg')
    assert.are.equal('b\n', Product.words(retry(nvim, peer)))
  end)

  it('says that the place is gone', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B')
    nvim:feed('gH:bwipeout!<CR>:Ask /retry<CR>')
    nvim:redraw()
    Product.assert_said(nvim, 'select it anew')
    assert.are.equal(1, #peer.requests)
  end)
end)
