--- The nearest change goes on, is stopped, taken or dropped without selecting it anew; and what is left of
--- one when the host is gone.
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

-- Going on --------------------------------------------------------------------------------------------------

describe('/continue', function()
  after_each(after)

  local function stopped(text)
    local nvim, peer = started()
    Edits.begin(ask(nvim, peer), text)
    Edits.arrived(nvim, text)
    nvim:feed(':Ask /stop<CR>')
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
    nvim:see('/continue goes on')
    return nvim, peer
  end

  local FENCE = '```python\n'
  local HALF = 'Here:\n\n' .. FENCE .. 'first = 1\nsecond = fun'
  local WHOLE = 'first = 1\nsecond = function(2)\nthird = 3'
  -- What the server says, and how it goes on.
  local parts = {
    ['goes on in the middle of a word'] = 'ction(2)\nthird = 3\n```\n',
    ['says its last words again'] = 'second = function(2)\nthird = 3\n```\n',
    ['opens the fence anew'] = FENCE .. 'ction(2)\nthird = 3\n```\n',
    ['opens the fence anew and says its last line again'] = FENCE .. 'second = function(2)\nthird = 3\n```\n',
    ['opens the fence anew and says all its code again'] = FENCE .. WHOLE .. '\n```',
    ['says all again'] = 'Here:\n\n' .. FENCE .. WHOLE .. '\n```\n',
    ['says that it goes on'] = 'Here is the rest:\n\n' .. FENCE .. 'second = function(2)\nthird = 3\n```\n',
    ['does not close the fence'] = 'ction(2)\nthird = 3',
  }
  for name, text in pairs(parts) do
    for how, pieces in pairs({ ['at once'] = '^.*$', ['letter by letter'] = '.' }) do
      it(('gives one change where the server %s, %s'):format(name, how), function()
        local nvim, peer = stopped(HALF)
        assert.are.equal('first = 1\nsecond = fun', Edits.preview(nvim))
        local request = Edits.ask(nvim, peer, ':Ask /continue<CR>')
        assert.are.equal('assistant', Product.messages_of(request)[#Product.messages_of(request) - 1][1])
        Edits.answer(nvim, request, text, pieces)
        assert.are.equal(WHOLE, Edits.preview(nvim))
        assert.is_nil(nvim:text():find('goes on', 1, true), nvim:text())
        nvim:feed('gh')
        assert_lines(nvim, 'a ' .. WHOLE:gsub('\n', ' ') .. ' c d')
        nvim:feed('u')
        assert_lines(nvim, 'a b c d')
        Product.assert_quiet(nvim)
      end)
    end
  end

  it('sends what was asked and said, and the code not once more', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    local first = Edits.ask(nvim, peer, ':2Ask! x<CR>')
    Edits.begin(first, '```\nB')
    Edits.arrived(nvim, '```\nB')
    nvim:feed(':Ask /stop<CR>')
    nvim:event('AskeditDone')
    local messages = Product.messages_of(Edits.ask(nvim, peer, ':Ask /continue<CR>'))
    local asked = Product.messages_of(first)
    asked[3] = { 'assistant', '```\nB' }
    assert.are.same(asked, { messages[1], messages[2], messages[3] })
    assert.are.equal(4, #messages)
    assert.is_truthy(messages[4][2]:find('^Your last answer was cut off'))
    assert.is_nil(messages[4][2]:find('File:', 1, true), messages[4][2])
  end)

  it('is not needed to take what is there', function()
    local nvim = stopped(HALF)
    nvim:feed('gh')
    assert_lines(nvim, 'a first = 1 second = fun c d')
    Product.assert_quiet(nvim)
  end)

  it('says that a closed change cannot go on', function()
    local nvim = stopped(HALF)
    nvim:feed('gH:Ask /continue<CR>')
    nvim:redraw()
    Product.assert_said(nvim, 'closed')
  end)

  it('keeps what it has if going on fails', function()
    local nvim, peer = stopped(HALF)
    local request = Edits.ask(nvim, peer, ':Ask /continue<CR>')
    request.conn:write(Peer.response(400, '{"error":{"message":"no prefill here"}}'))
    nvim:event('AskeditError')
    Product.assert_said(nvim, 'no prefill here')
    assert.are.equal('first = 1\nsecond = fun', Edits.preview(nvim))
    nvim:feed('gh')
    assert_lines(nvim, 'a first = 1 second = fun c d')
  end)
end)

-- All of a buffer -------------------------------------------------------------------------------------------

describe('several changes', function()
  after_each(after)

  local function two()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B\nB2')
    Edits.answer(nvim, Edits.ask(nvim, peer, '4GV:Ask /change<CR>'), 'D')
    return nvim, peer
  end

  it('are taken at once with /accept!', function()
    local nvim = two()
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, 'a B B2 c D')
    assert.are.equal('', Edits.preview(nvim))
    nvim:feed('u')
    assert_lines(nvim, 'a b c d')
    Product.assert_quiet(nvim)
  end)

  it('are dropped at once with /reject!', function()
    local nvim = two()
    local tick = nvim:exec_lua('return vim.b.changedtick')
    nvim:feed(':Ask /reject!<CR>')
    nvim:redraw()
    assert_lines(nvim, 'a b c d')
    assert.are.same({ '', tick }, { Edits.preview(nvim), nvim:exec_lua('return vim.b.changedtick') })
    Product.assert_quiet(nvim)
  end)

  it('are stopped each by itself', function()
    local nvim, peer = started()
    local first = ask(nvim, peer)
    local second = Edits.ask(nvim, peer, '4GV:Ask /change<CR>')
    nvim:feed('gg:Ask /stop<CR>')
    peer:wait_closed(nvim, first.conn)
    assert.is_nil(second.conn.closed)
    nvim:feed('G:Ask /reject<CR>')
    peer:wait_closed(nvim, second.conn)
    nvim:redraw()
    assert.is_nil(nvim:text():find('spec', 1, true), nvim:text())
    Product.assert_quiet(nvim)
  end)
end)

-- Without the host ------------------------------------------------------------------------------------------

describe('when the host is killed', function()
  after_each(after)

  local function kill(nvim)
    local pid = nvim:children('askedit-host')[1]
    nvim:exec_lua('vim.loop.kill(..., 9)', pid)
    nvim:wait_for("#vim.tbl_filter(function(c) return c.stream == 'job' end, vim.api.nvim_list_chans()) == 0")
  end

  it('a change that is open can still be taken', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), 'B')
    kill(nvim)
    Product.assert_said(nvim, 'the host ended (signal 9): the next question starts one')
    assert.are.equal('B', Edits.preview(nvim))
    nvim:feed('gh')
    assert_lines(nvim, 'a B c d')
    Edits.answer(nvim, Edits.ask(nvim, peer, '4GV:Ask /change<CR>'), 'D')
    nvim:feed('gh')
    assert_lines(nvim, 'a B c D')
  end)

  local function killed_while_streaming()
    local nvim, peer = started()
    Edits.begin(ask(nvim, peer), '```python\nB = 1\nB2')
    nvim:see('B2')
    kill(nvim)
    assert.are.equal('host', nvim:event('AskeditError')[1].error.kind)
    nvim:see('goes on')
    assert.are.equal('B = 1\nB2', Edits.preview(nvim))
    return nvim, peer
  end

  it('what had come can be taken', function()
    local nvim = killed_while_streaming()
    nvim:feed('gh')
    assert_lines(nvim, 'a B = 1 B2 c d')
    nvim:feed('u')
    assert_lines(nvim, 'a b c d')
  end)

  it('what had come goes on with a new host', function()
    local nvim, peer = killed_while_streaming()
    Edits.answer(nvim, Edits.ask(nvim, peer, ':Ask /continue<CR>'), ' = 2\n```')
    assert.are.equal('B = 1\nB2 = 2', Edits.preview(nvim))
    nvim:feed('gh')
    assert_lines(nvim, 'a B = 1 B2 = 2 c d')
  end)
end)

describe('a change that is stopped twice', function()
  after_each(after)

  for _, first in ipairs({ '```python\nA\n', '```python\nA\nBefore', '```python\nA\n  ' }) do
    it(('is right although the server opens its fence again: %q'):format(first), function()
      local nvim, peer = started()
      local function stop_after(request, text, sign)
        Edits.begin(request, text)
        Edits.see_new(nvim, sign)
        nvim:feed(':Ask /stop<CR>')
        nvim:event('AskeditDone')
        return Edits.ask(nvim, peer, ':Ask /continue<CR>')
      end
      local request = stop_after(ask(nvim, peer), first, 'A')
      request = stop_after(request, '```python\nzz xx\nC', 'zz xx')
      Edits.answer(nvim, request, '```python\n yy\nD\n```\n')
      local code = first:match('^```python\n(.*)$') .. 'zz xx\nC yy\nD'
      nvim:see('D')
      assert.are.equal(code, nvim:exec_lua("return require('askedit.review.changes').nearest():blocks()[1]"))
    end)
  end
end)

describe('what scripts are told of a change', function()
  after_each(after)

  it('is its buffer, prompt, model, answer and end', function()
    local nvim, peer = started()
    local buf = nvim:exec_lua('return vim.api.nvim_get_current_buf()')
    local over = Edits.answer(nvim, ask(nvim, peer), 'Here:\n```\nB\n```\n')
    assert.are.same({ buf, buf, 'change', 'spec-model', 'Here:\n```\nB\n```\n', 'stop', false },
      { over.buf, over.source, over.prompt, over.model, over.answer, over.finish, over.stopped })
    local start = nvim:event('AskeditStart')[1]
    assert.are.same({ over.id, buf, 'change' }, { start.id, start.buf, start.prompt })
    assert.is_nil(start.answer)
  end)
end)
