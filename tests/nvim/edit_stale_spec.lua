--- What the user does to the lines of a change while it is open: what he wrote wins, no other line is ever
--- replaced, and the answer can always be read.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local assert_lines, words, fenced = Edits.assert_lines, Edits.words, Edits.fenced

local LINES = 'l1 l2 l3 l4 l5 l6 l7 l8 l9'
local NEW = 'l2 L3 l4 l5 l6 L7 l8'
local TAKEN = 'l1 l2 L3 l4 l5 l6 L7 l8 l9'

--- A product with an open change to the lines 2 to 8, whose lines 3 and 7 differ.
local function open_change(options)
  local nvim, peer = Edits.start(words(LINES), options)
  local request = Edits.ask(nvim, peer, ':2,8Ask! better<CR>')
  Edits.answer(nvim, request, fenced(NEW))
  nvim:see('gh takes')
  return nvim, peer, request
end

local STALE = 'you changed these lines'
local REST = 'you changed lines of the rest'

local TAKE, OPEN = ':Ask /accept!<CR>', ':Ask /open!<CR>'
local BACK = '<C-w>p'

--- Waits until the window of what was taken is gone.
local function see_one_window(nvim) nvim:wait_for("vim.fn.winnr('$') == 1") end

describe('a change whose lines the user edits', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  -- What he does, and what is there after taking the change: the hunks he did not touch.
  local beside = {
    { 'adds a line above it', 'ggOnew', 'new ' .. TAKEN },
    { 'adds a line in it', ':5<CR>onew', 'l1 l2 L3 l4 l5 new l6 L7 l8 l9' },
    { 'changes a line that stays', ':5<CR>Cnew', 'l1 l2 L3 l4 new l6 L7 l8 l9' },
    { 'deletes lines that stay', ':4,6delete<CR>', 'l1 l2 L3 L7 l8 l9' },
    { 'adds a line above a hunk', ':3<CR>Onew', 'l1 l2 new L3 l4 l5 l6 L7 l8 l9' },
    { 'adds a line below a hunk', ':3<CR>onew', 'l1 l2 L3 new l4 l5 l6 L7 l8 l9' },
    { 'deletes the line above it', 'ggdd', 'l2 L3 l4 l5 l6 L7 l8 l9' },
    { 'deletes the line below it', 'Gdd', 'l1 l2 L3 l4 l5 l6 L7 l8' },
    { 'moves all lines down', ':2,8move $<CR>', 'l1 l9 l2 L3 l4 l5 l6 L7 l8' },
  }
  for _, case in ipairs(beside) do
    it('is taken where he ' .. case[1], function()
      local nvim = open_change()
      nvim:feed(case[2] .. '<Esc>')
      local before = table.concat(Product.lines(nvim), ' ')
      nvim:feed(TAKE)
      assert_lines(nvim, case[3])
      nvim:feed('u')
      assert_lines(nvim, before)
      Product.assert_quiet(nvim)
    end)
  end

  it('is taken but for the hunk that he touched, and that one after a look at it', function()
    local nvim = open_change()
    nvim:feed(':3<CR>Cmine<Esc>' .. TAKE)
    nvim:see('1 of 2 · 1 taken')
    assert_lines(nvim, 'l1 l2 mine l4 l5 l6 L7 l8 l9')
    Product.assert_said(nvim, REST)
    for _, keys in ipairs({ 'gh', TAKE }) do
      nvim:feed(':messages clear<CR>' .. keys)
      assert_lines(nvim, 'l1 l2 mine l4 l5 l6 L7 l8 l9', 'again')
      Product.assert_said(nvim, STALE)
    end
    nvim:feed(':messages clear<CR>gl')
    assert.are.same({ 'L3' }, Product.page(nvim, 'askedit://hunk'))
    nvim:feed(BACK .. OPEN)
    assert.are.equal(NEW, table.concat(Product.page(nvim, 'askedit://change'), ' '))
    nvim:feed(BACK .. 'gh')
    see_one_window(nvim)
    assert_lines(nvim, TAKEN, 'after a look')
    nvim:feed('u')
    assert_lines(nvim, 'l1 l2 mine l4 l5 l6 L7 l8 l9', 'after u')
    Product.assert_quiet(nvim)
  end)

  it('has to be looked at again where he edits after the look', function()
    local nvim = open_change()
    nvim:feed(':3<CR>Cmine<Esc>gl' .. BACK .. ':3<CR>0Cyours<Esc>' .. TAKE)
    assert_lines(nvim, 'l1 l2 yours l4 l5 l6 L7 l8 l9')
    Product.assert_said(nvim, REST)
  end)

  -- Line 7 is his own: what is written when the rest is taken, and when that is taken too.
  for new, taken in pairs({
    ['l2 L3 L3b l4 l5 l6 L7 l8'] = { 'l1 l2 L3 L3b l4 l5 l6 mine l8 l9', 'l1 l2 L3 L3b l4 l5 l6 L7 l8 l9' },
    ['l2 l4 l5 l6 L7 l8'] = { 'l1 l2 l4 l5 l6 mine l8 l9', 'l1 l2 l4 l5 l6 L7 l8 l9' },
  }) do
    it('is taken where its lines are by then, after a part of it was taken: ' .. new, function()
      local nvim, peer = Edits.start(words(LINES))
      Edits.answer(nvim, Edits.ask(nvim, peer, ':2,8Ask! better<CR>'), fenced(new))
      nvim:feed(':7<CR>Cmine<Esc>' .. TAKE)
      assert_lines(nvim, taken[1], 'the first part')
      Product.assert_said(nvim, REST)
      nvim:feed(':messages clear<CR>glgh')
      see_one_window(nvim)
      assert_lines(nvim, taken[2], 'the rest')
      nvim:feed('u')
      assert_lines(nvim, taken[1], 'after u')
      Product.assert_quiet(nvim)
    end)
  end

  it('leaves what he wrote around the lines of a hunk, where it is taken after a look', function()
    local nvim = open_change()
    nvim:feed(':2,4s/l/m<CR>')
    assert_lines(nvim, 'l1 m2 m3 m4 l5 l6 l7 l8 l9')
    nvim:feed('gl' .. BACK .. TAKE)
    assert_lines(nvim, 'l1 m2 L3 m4 l5 l6 L7 l8 l9')
    nvim:feed('u')
    assert_lines(nvim, 'l1 m2 m3 m4 l5 l6 l7 l8 l9')
    Product.assert_quiet(nvim)
  end)

  -- What he replaces more than one hunk with, what is there then, and after a look.
  local across = {
    { 'one line', ':3,7delete<CR>Omine<Esc>', 'l1 l2 mine l8 l9', TAKEN },
    { 'several lines', ':3,7delete<CR>Omine<CR>yours<Esc>', 'l1 l2 mine yours l8 l9', TAKEN },
    { 'nothing', ':2,8delete<CR>', 'l1 l9', 'l1 L3 l4 l5 l6 L7 l9' },
  }
  for _, case in ipairs(across) do
    it('is what was looked at, once, where he put ' .. case[1] .. ' over its hunks', function()
      local nvim = open_change()
      nvim:feed(case[2])
      assert_lines(nvim, case[3])
      nvim:feed(OPEN .. 'gh')
      see_one_window(nvim)
      assert_lines(nvim, case[4])
      nvim:feed('u')
      assert_lines(nvim, case[3], 'after u')
      Product.assert_quiet(nvim)
    end)
  end

  it('leaves the rest of a line where he deletes what was between two hunks', function()
    local nvim, peer = Edits.start({ 'l1', 'l2', 'l3', 'l4', 'l5 stays', 'l6' })
    local request = Edits.ask(nvim, peer, '2Gv3jl:Ask! better<CR>')
    Edits.answer(nvim, request, fenced('l2 l4'))
    nvim:feed(':4delete<CR>' .. TAKE)
    assert.are.same({ 'l1', 'l2 stays', 'l6' }, Product.lines(nvim))
    nvim:feed('u')
    assert.are.same({ 'l1', 'l2', 'l3', 'l5 stays', 'l6' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('is whole again when he takes his own edit back', function()
    local nvim = open_change()
    nvim:feed(':3<CR>Cmine<Esc>u')
    assert_lines(nvim, LINES)
    nvim:feed(TAKE)
    assert_lines(nvim, TAKEN)
    Product.assert_quiet(nvim)
  end)

  it('keeps what he wrote while it streamed', function()
    local nvim, peer = Edits.start(words(LINES))
    local request = Edits.ask(nvim, peer, ':2,8Ask! better<CR>')
    Edits.begin(request, '```python\nl2\nL3\nl4')
    nvim:see('L3')
    nvim:feed(':3<CR>Cmine<Esc>:5<CR>onew<Esc>')
    Edits.finish(nvim, request, '\nl5\nl6\nL7\nl8\n```\n')
    assert_lines(nvim, 'l1 l2 mine l4 l5 new l6 l7 l8 l9')
    nvim:feed(TAKE)
    assert_lines(nvim, 'l1 l2 mine l4 l5 new l6 L7 l8 l9')
    Product.assert_said(nvim, REST)
  end)

  it('keeps a part of a line that he changed', function()
    local nvim, peer = Edits.start({ 'f(a, b) + g(c)' })
    local request = Edits.ask(nvim, peer, 'ggv6l:Ask! better<CR>')
    Edits.answer(nvim, request, fenced('h(x)'))
    nvim:feed('0Iint <Esc>A;<Esc>gh')
    assert_lines(nvim, 'int h(x) + g(c);')
    nvim:feed('u')
    assert_lines(nvim, 'int f(a, b) + g(c);')
    Product.assert_quiet(nvim)
  end)

  it('refuses a part of a line that he changed', function()
    local nvim, peer = Edits.start({ 'f(a, b) + g(c)' })
    local request = Edits.ask(nvim, peer, 'ggv6l:Ask! better<CR>')
    Edits.answer(nvim, request, fenced('h(x)'))
    nvim:feed('0farzgh')
    assert_lines(nvim, 'f(z, b) + g(c)')
    Product.assert_said(nvim, STALE)
  end)

  -- What takes all of the lines away, and what is there then.
  local overturned = {
    { 'filters them through a program', ':%!sort -r<CR>', 'l9 l8 l7 l6 l5 l4 l3 l2 l1' },
    { 'deletes them', ':2,8delete<CR>', 'l1 l9' },
    { 'deletes everything', ':%delete<CR>', '' },
    { 'joins them', ':%join<CR>', LINES },
    { 'replaces all of them', ':%s/l/x<CR>', 'x1 x2 x3 x4 x5 x6 x7 x8 x9' },
  }
  for _, case in ipairs(overturned) do
    it('is not taken where he ' .. case[1], function()
      local nvim = open_change()
      nvim:feed(case[2])
      nvim:wait_for(("table.concat(vim.fn.getline(1, '$'), ' ') == %q"):format(case[3]))
      for _, keys in ipairs({ 'gh', TAKE }) do
        nvim:command('messages clear')
        nvim:feed(keys)
        assert_lines(nvim, case[3])
        Product.assert_said(nvim, STALE)
      end
      nvim:feed('u')
      assert_lines(nvim, LINES)
      nvim:feed(':messages clear<CR>' .. TAKE)
      assert_lines(nvim, TAKEN, 'after taking that back')
    end)
  end

  it('is not taken where he undoes back over the selection', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    nvim:feed('Goone<CR>two<CR>three<Esc>')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':4,6Ask! better<CR>'), fenced('ONE two THREE'))
    nvim:feed('ugh')
    assert_lines(nvim, 'a b c')
    Product.assert_said(nvim, STALE)
    nvim:feed(':messages clear<CR>' .. TAKE)
    assert_lines(nvim, 'a b c')
    Product.assert_said(nvim, STALE)
    nvim:feed('<C-r>')
    assert_lines(nvim, 'a b c one two three')
    nvim:feed(TAKE)
    assert_lines(nvim, 'a b c ONE two THREE')
  end)
end)

describe('a change whose buffer', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  local function assert_readable(nvim)
    nvim:redraw()
    Product.assert_said(nvim, 'the buffer of a change')
    nvim:feed(':Ask /show<CR>')
    nvim:see('L7')
    nvim:command('messages clear')
  end

  local CHANGE_FILE = [[
    local name = vim.fn.expand('%:p')
    vim.fn.writefile({ 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7', 'x8', 'x9' }, name)
    Time = (Time or 0) + 10
    vim.loop.fs_utime(name, Time, Time)
    vim.cmd('checktime')
  ]]

  local ways = {
    { 'is wiped', function(nvim) nvim:feed(':bwipeout!<CR>') end, '' },
    { 'is deleted', function(nvim) nvim:feed(':bdelete!<CR>') end, '' },
    { 'is unloaded', function(nvim) nvim:feed(':badd other<CR>:bunload!<CR>') end, '' },
    { 'is read anew', function(nvim) nvim:feed(':edit!<CR>') end, LINES },
    { 'is read anew by itself', function(nvim) nvim:exec_lua(CHANGE_FILE) end, 'x1 x2 x3 x4 x5 x6 x7 x8 x9' },
  }
  for _, way in ipairs(ways) do
    it(way[1] .. ' is gone, and its answer can be read', function()
      local nvim = open_change({ init = 'vim.o.autoread = true' })
      way[2](nvim)
      nvim:redraw()
      assert_lines(nvim, way[3])
      assert_readable(nvim)
      nvim:feed(':Ask /accept<CR>')
      assert_lines(nvim, way[3])
      Product.assert_said(nvim, 'there is no open change')
    end)

    it(way[1] .. ' in mid-stream stops its answer', function()
      local nvim, peer = Edits.start(words(LINES), { init = 'vim.o.autoread = true' })
      local request = Edits.ask(nvim, peer, ':2,8Ask! better<CR>')
      Edits.begin(request, '```python\nl2\nL7')
      nvim:see('L7')
      way[2](nvim)
      peer:wait_closed(nvim, request.conn)
      nvim:event('AskeditDone')
      nvim:redraw()
      assert_lines(nvim, way[3])
      assert_readable(nvim)
    end)
  end

  it('is wiped with several changes says it once', function()
    local nvim, peer = Edits.start(words(LINES))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':2Ask! one<CR>'), fenced('L2'))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':8Ask! two<CR>'), fenced('L8'))
    nvim:feed(':bwipeout!<CR>')
    nvim:redraw()
    Product.assert_said(nvim, 'the buffer of a change is gone: :Ask /show has its text')
  end)

  it('is read anew by itself can have another change, and is heard once', function()
    local count = [[
      vim.o.autoread = true
      local attach = vim.api.nvim_buf_attach
      Attached = 0
      function vim.api.nvim_buf_attach(buf, send, options)
        Attached = Attached + (options.on_reload and 1 or 0) -- vim.diagnostic of 0.7 attaches, too
        return attach(buf, send, options)
      end
    ]]
    local nvim, peer = open_change({ init = count })
    for _ = 1, 2 do
      nvim:exec_lua(CHANGE_FILE)
      nvim:redraw()
      Product.assert_said(nvim, 'the buffer of a change')
      nvim:command('messages clear')
      Edits.answer(nvim, Edits.ask(nvim, peer, ':2,8Ask! better<CR>'), fenced(NEW))
    end
    assert.are.equal(1, nvim:exec_lua('return Attached'))
    nvim:feed('gh')
    assert_lines(nvim, 'x1 l2 L3 l4 l5 l6 L7 l8 x9')
    Product.assert_quiet(nvim)
  end)
end)

describe('several changes of a buffer', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for _, range in ipairs({ '2', '8', '1,9', '5', '8,9', '%' }) do
    it('do not overlap: ' .. range .. ' is refused while 2 to 8 is open', function()
      local nvim, peer = open_change()
      nvim:feed((':%sAsk! worse<CR>'):format(range))
      Product.assert_said(nvim, 'there is an open change to these lines')
      nvim:feed(TAKE)
      assert_lines(nvim, TAKEN)
      assert.are.equal(1, #peer.requests)
    end)
  end

  it('stand beside each other', function()
    local nvim, peer = open_change()
    Edits.answer(nvim, Edits.ask(nvim, peer, ':1Ask! one<CR>'), fenced('L1'))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':9Ask! nine<CR>'), fenced('L9 L10'))
    nvim:feed('Ggh')
    assert_lines(nvim, 'l1 l2 l3 l4 l5 l6 l7 l8 L9 L10')
    nvim:feed('gggh')
    assert_lines(nvim, 'L1 l2 l3 l4 l5 l6 l7 l8 L9 L10')
    nvim:feed('5Ggh')
    assert_lines(nvim, 'L1 l2 l3 l4 l5 l6 L7 l8 L9 L10', 'of two that are equally near the later one')
    nvim:feed('gh')
    assert_lines(nvim, 'L1 l2 L3 l4 l5 l6 L7 l8 L9 L10')
    nvim:feed('4u')
    assert_lines(nvim, LINES)
    Product.assert_quiet(nvim)
  end)
end)
