--- The states of a change and what leads from one to the next: coming, under review, closed, gone.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local uv = require('luv')

local assert_lines, words = Edits.assert_lines, Edits.words

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10 l11 l12 l13 l14 l15 l16 l17 l18 l19 l20'
local FENCE = '```python\n'

local function after()
  Session.close_all()
  Peer.close_all()
end

--- The old lines with others in place of some: { l2 = 'A' }.
local function with(others)
  return (OLD:gsub('%S+', others or {}))
end

--- Lines `first` to `last` of these words, each with its end.
local function part(text, first, last)
  local list = words(text)
  return table.concat(list, '\n', first, math.min(last, #list)) .. '\n'
end

local ALL = { l2 = 'A', l7 = 'B', l12 = 'C', l17 = 'D' }

--- A change to all lines whose answer has come up to its line `last`, of which it is not known yet whether it
--- ends there; four of them are to differ.
local function coming(last, options)
  local nvim, peer = Edits.start_raw(words(OLD), options)
  local request = Edits.ask(nvim, peer, ':%Ask /change<CR>')
  local text = FENCE .. (last > 0 and part(with(ALL), 1, last) or '')
  Edits.begin(request, text)
  Edits.arrived(nvim, text)
  return nvim, peer, request
end

--- The same with another line up to `last`, as soon as it has been drawn.
local function goes_on(nvim, request, first, last)
  Edits.more(request, part(with(ALL), first, last))
  Edits.arrived(nvim, FENCE .. part(with(ALL), 1, last))
end

local function finish(nvim, request, first)
  Edits.finish(nvim, request, part(with(ALL), first, 20) .. '```\n')
end

--- The whole of it, under review.
local function reviewing(options)
  local nvim, peer, request = coming(11, options)
  finish(nvim, request, 12)
  return nvim, peer
end

local function status(nvim) return nvim:exec_lua("return require('askedit').status()") end

local function assert_status(nvim, text, when) assert.are.equal('ask: ' .. text, status(nvim), when) end

local function has_keys(nvim) return nvim:exec_lua("return vim.fn.maparg('gh', 'n') ~= ''") end

--- What an undo opens or closes, is so soon after it.
local function assert_closed(nvim, when)
  nvim:wait_for("require('askedit').status() == ''")
  assert.are.same({ '', false, '' }, { status(nvim), has_keys(nvim), Edits.preview(nvim) }, when)
end

local function assert_preview(nvim, text, when)
  nvim:redraw()
  assert.are.equal(text, (Edits.preview(nvim):gsub('\n', ' ')), when)
end

describe('a change that is coming', function()
  after_each(after)

  it('goes on with more text', function()
    local nvim, _, request = coming(11)
    assert_preview(nvim, 'A B')
    goes_on(nvim, request, 12, 16)
    assert_preview(nvim, 'A B C')
    assert.is_truthy(nvim:text():find('receiving', 1, true), nvim:text())
    assert_lines(nvim, OLD)
    Product.assert_quiet(nvim)
  end)

  it('shows what has settled, which can be taken while the rest comes', function()
    local nvim, _, request = coming(11)
    nvim:feed('2Ggh')
    assert_lines(nvim, with({ l2 = 'A' }))
    assert.is_truthy(status(nvim):find('1 taken', 1, true), status(nvim))
    goes_on(nvim, request, 12, 16)
    nvim:feed('12Ggh')
    assert_lines(nvim, with({ l2 = 'A', l12 = 'C' }))
    finish(nvim, request, 17)
    assert_preview(nvim, 'B D')
    assert_status(nvim, '4 of 4 · 2 taken')
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, with(ALL))
    assert_closed(nvim)
    nvim:feed('u')
    assert_lines(nvim, with({ l2 = 'A', l12 = 'C' }), 'after u')
    Product.assert_quiet(nvim)
  end)

  it('can be taken, rejected and edited in its parts before its end', function()
    local nvim, _, request = coming(11)
    nvim:feed('2Ggh7GgH')
    assert_preview(nvim, '')
    goes_on(nvim, request, 12, 16)
    nvim:feed('12Ggl')
    nvim:see('askedit://hunk')
    nvim:feed('ccmine<CR>too<Esc>:write<CR>:quit<CR>')
    assert_preview(nvim, 'mine too')
    assert_lines(nvim, with({ l2 = 'A' }))
    finish(nvim, request, 17)
    assert_preview(nvim, 'mine too D')
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, with({ l2 = 'A', l12 = 'mine too', l17 = 'D' }))
    assert_closed(nvim)
    Product.assert_quiet(nvim)
  end)

  it('is open again for what comes after all that was there was decided on', function()
    local nvim, _, request = coming(11)
    nvim:feed('2Ggh7GgH')
    assert.is_true(has_keys(nvim))
    finish(nvim, request, 12)
    assert_preview(nvim, 'C D')
    nvim:feed('12Ggh17GgH')
    assert_lines(nvim, with({ l2 = 'A', l12 = 'C' }))
    assert_closed(nvim)
  end)

  it('is open for the last one where all that was there was decided on', function()
    local nvim, _, request = coming(19)
    nvim:feed('2Ggh7GgH12Ggh')
    assert.is_true(has_keys(nvim))
    finish(nvim, request, 20)
    assert_preview(nvim, 'D')
    nvim:feed('17Ggh')
    assert_lines(nvim, with({ l2 = 'A', l12 = 'C', l17 = 'D' }))
    assert_closed(nvim)
  end)

  it('stops and is dropped where nothing has settled and it is rejected', function()
    local nvim, peer, request = coming(1)
    nvim:feed('gH')
    peer:wait_closed(nvim, request.conn)
    nvim:event('AskeditDone')
    nvim:redraw()
    assert_closed(nvim)
    assert_lines(nvim, OLD)
    Product.assert_quiet(nvim)
  end)

  -- How its answer ends, the sentence about that, and what is left of the lines that had come.
  local ends = {
    { 'is stopped', function(nvim)
      nvim:feed(':Ask /stop<CR>')
      assert.is_true(nvim:event('AskeditDone')[1].stopped)
    end, 'stopped' },
    { 'is cut', function(nvim, request) Edits.finish(nvim, request, nil, 'length') end, 'cut' },
    { 'fails', function(nvim, request)
      request.conn:reset()
      nvim:event('AskeditError')
    end, 'failed' },
  }
  for _, case in ipairs(ends) do
    it('is under review, marked so, when it ' .. case[1], function()
      local nvim, _, request = coming(16)
      nvim:feed('2Ggh')
      case[2](nvim, request)
      nvim:see(case[3])
      assert_preview(nvim, 'B C')
      nvim:feed(':Ask /accept!<CR>')
      assert_lines(nvim, with({ l2 = 'A', l7 = 'B', l12 = 'C' }))
      assert_closed(nvim)
      nvim:feed('uu')
      assert_lines(nvim, OLD)
    end)
  end

  it('is under review when it is done', function()
    local nvim = reviewing()
    assert_preview(nvim, 'A B C D')
    assert_lines(nvim, OLD)
    assert_status(nvim, '1 of 4')
    assert.is_true(has_keys(nvim))
    Product.assert_quiet(nvim)
  end)
end)

describe('a change under review', function()
  after_each(after)

  -- What is done with it, what is there then, and what is still open.
  local decisions = {
    { '2Ggh', { l2 = 'A' }, 'B C D' },
    { '2GgH', {}, 'B C D' },
    { '2Ggh7GgH12Ggh', { l2 = 'A', l12 = 'C' }, 'D' },
    { '2Ggh7GgH12Ggh17GgH', { l2 = 'A', l12 = 'C' } },
    { '17GgH12GgH7GgH2GgH', {} },
    { '2Ggh7Ggh12Ggh17Ggh', ALL },
    { ':Ask /accept!<CR>', ALL },
    { ':Ask /reject!<CR>', {} },
    { '7GgH:Ask /accept!<CR>', { l2 = 'A', l12 = 'C', l17 = 'D' } },
    { '7Ggh:Ask /reject!<CR>', { l7 = 'B' } },
    { ':7,12Ask /accept<CR>', { l7 = 'B', l12 = 'C' }, 'A D' },
    { ':7,12Ask /reject<CR>', {}, 'A D' },
  }
  for _, case in ipairs(decisions) do
    local keys, taken, open = case[1], case[2], case[3]
    it((open and 'is under review, ' or 'is closed when no hunk is open, ') .. keys, function()
      local nvim = reviewing()
      nvim:feed(keys)
      assert_lines(nvim, with(taken))
      assert_preview(nvim, open or '')
      assert.are.equal(open ~= nil, has_keys(nvim))
      if not open then assert_closed(nvim) end
      Product.assert_quiet(nvim)
    end)
  end

  it('that is asked for again is coming, about the text as it is now', function()
    local nvim, peer = reviewing()
    nvim:feed('2Ggh7GgHggOmine<Esc>:%s/l20/end<CR>')
    local now = with({ l2 = 'A', l20 = 'end' })
    nvim:feed('3G')
    local request = Edits.ask(nvim, peer, ':Ask /retry<CR>')
    local sent = Product.words(request)
    assert.are.equal(part(now, 1, 20), sent:sub(1, #part(now, 1, 20)))
    local told = sent:sub(#part(now, 1, 20) + 1)
    assert.is_truthy(told:find('rejected', 1, true), told)
    assert.is_truthy(told:find('l7', 1, true), told)
    assert.is_truthy(told:find('B', 1, true), told)
    assert.is_nil(told:find('C', 1, true), told)
    assert_preview(nvim, '')
    Edits.answer(nvim, request, FENCE .. part(with({ l2 = 'A', l12 = 'X', l20 = 'end' }), 1, 20) .. '```\n')
    assert_preview(nvim, 'X')
    assert_status(nvim, '1 hunk')
    nvim:feed('gh')
    assert_lines(nvim, 'mine ' .. with({ l2 = 'A', l12 = 'X', l20 = 'end' }))
    assert_closed(nvim)
    Product.assert_quiet(nvim)
  end)

  it('works when the host is killed', function()
    local nvim = reviewing()
    nvim:feed('17GgH')
    uv.kill(nvim:children('askedit-host')[1], 'sigkill')
    nvim:see('the host')
    nvim:command('messages clear')
    nvim:feed('2Ggh')
    assert_lines(nvim, with({ l2 = 'A' }))
    nvim:feed('7GgH12Ggl')
    nvim:see('askedit://hunk')
    nvim:feed('ccmine<Esc>:write<CR>:quit<CR>')
    assert_preview(nvim, 'mine')
    nvim:feed('12Ggh')
    assert_lines(nvim, with({ l2 = 'A', l12 = 'mine' }))
    assert_closed(nvim)
    nvim:feed('u')
    assert_preview(nvim, 'mine')
    nvim:feed('gh')
    assert_lines(nvim, with({ l2 = 'A', l12 = 'mine' }))
    Product.assert_quiet(nvim)
  end)
end)

describe('a closed change', function()
  after_each(after)

  it('is open again where an undo brings a hunk back', function()
    local nvim = reviewing()
    nvim:feed('2Ggh7GgH:Ask /accept!<CR>')
    assert_closed(nvim)
    nvim:feed('u')
    assert_preview(nvim, 'C D')
    assert_status(nvim, '3 of 4 · 1 taken')
    assert.is_true(has_keys(nvim))
    nvim:feed('u')
    assert_preview(nvim, 'A C D')
    nvim:feed('12Ggl')
    nvim:see('askedit://hunk')
    assert.are.same({ 'C' }, Product.page(nvim, 'askedit://hunk'))
    nvim:feed(':quit<CR>2<C-r>')
    assert_closed(nvim)
    Product.assert_quiet(nvim)
  end)

  -- How it was closed, what is there, and what /open gives back.
  local given_back = {
    { ':Ask /reject!<CR>', {}, 'A B C D', '1 of 4' },
    { '2Ggh7GgH12GgH17GgH', { l2 = 'A' }, 'B C D', '4 of 4 · 1 taken' },
    { '2Ggh7Ggh12GgH17Ggh', { l2 = 'A', l7 = 'B', l17 = 'D' }, 'C', '3 of 4 · 3 taken' },
  }
  for _, case in ipairs(given_back) do
    it('of which something was rejected is opened again by /open, ' .. case[1], function()
      local nvim = reviewing()
      nvim:feed('gg' .. case[1])
      assert_closed(nvim)
      nvim:feed(':Ask /open<CR>')
      assert_preview(nvim, case[3])
      assert_status(nvim, case[4])
      assert.is_true(has_keys(nvim))
      assert_lines(nvim, with(case[2]))
      assert.are.equal(1, #nvim:request('nvim_list_wins'))
      nvim:feed(':Ask /accept!<CR>')
      assert_lines(nvim, with(ALL))
      assert_closed(nvim)
      Product.assert_quiet(nvim)
    end)
  end

  it('of which all was taken is not opened by /open', function()
    local nvim = reviewing()
    nvim:feed(':Ask /accept!<CR>:Ask /open<CR>')
    nvim:redraw()
    assert.are.equal(1, #nvim:request('nvim_list_wins'))
    Product.assert_said(nvim, 'there is no open change')
  end)

  it('of which nothing was taken does not come back by undo', function()
    local nvim = reviewing()
    nvim:feed('ggOmine<Esc>:Ask /reject!<CR>u<C-r>u')
    assert_lines(nvim, OLD)
    assert_closed(nvim)
    Product.assert_quiet(nvim)
  end)
end)

describe('a change whose buffer is gone', function()
  after_each(after)

  local function choice()
    local nvim, peer = Edits.start_raw(words(OLD))
    local request = Edits.ask(nvim, peer, ':%Ask /change<CR>')
    Edits.answer(nvim, request, FENCE .. 'first A\n```\nor\n' .. FENCE .. 'second\n```\n')
    nvim:see('several blocks')
    return nvim
  end

  local function waiting()
    local nvim, peer = Edits.start_raw(words(OLD))
    local request = Edits.ask(nvim, peer, ':Ask! more<CR>')
    nvim:feed('GA')
    Edits.answer(nvim, request, FENCE .. 'A\n```\n')
    nvim:see('comes in Normal mode')
    return nvim
  end

  local states = { coming = function() return coming(11) end, ['under review'] = reviewing,
    ['to be chosen from'] = choice, ['waiting for a still moment'] = waiting }
  for state, start in pairs(states) do
    for _, command in ipairs({ 'bwipeout!', 'edit!' }) do
      it(('is gone too, %s, :%s'):format(state, command), function()
        local nvim, peer, request = start()
        nvim:command(command)
        nvim:redraw()
        if state == 'coming' then
          peer:wait_closed(nvim, request.conn)
          assert.is_true(nvim:event('AskeditDone')[1].stopped)
        end
        nvim:wait('nothing was said', function() return #Product.said(nvim) > 0 end)
        Product.assert_said(nvim, 'the buffer of a change is gone')
        nvim:feed('<Esc>')
        assert_closed(nvim)
        assert_lines(nvim, command == 'edit!' and OLD or '')
        nvim:feed(':Ask /show<CR>')
        nvim:see(':')
        assert.is_truthy(table.concat(Product.answer(nvim, 1), '\n'):find('A', 1, true))
      end)
    end
  end

  it('is gone where it was closed', function()
    local nvim = reviewing()
    nvim:feed(':Ask /accept!<CR>:edit!<CR>')
    assert_lines(nvim, OLD)
    nvim:redraw()
    Product.assert_quiet(nvim)
    nvim:feed('u')
    assert_lines(nvim, with(ALL))
    nvim:feed('u')
    assert_lines(nvim, OLD)
    nvim:redraw()
    assert_closed(nvim)
    Product.assert_quiet(nvim)
  end)
end)
