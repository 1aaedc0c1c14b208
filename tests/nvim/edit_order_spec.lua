--- A change in orders of events that are rare: each of these once wrote something else than what was shown.
local Chat = require('chat')
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local assert_lines, fenced = Edits.assert_lines, Edits.fenced

local function started(text) return Edits.start(Edits.words(text)) end

local function stop(nvim)
  nvim:feed(':Ask /stop<CR>')
  nvim:event('AskeditDone')
end

local function groups(nvim)
  return nvim:exec_lua([[
    local names, space = {}, vim.api.nvim_get_namespaces().askedit_change
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
      if mark[4].hl_group then names[#names + 1] = mark[4].hl_group end
    end
    return table.concat(names, ' ')]])
end

local function rows_of_screen(nvim)
  local rows = {}
  for i = 1, 20 do rows[i] = nvim:screen()[i] end
  return rows
end

local function marks(nvim)
  return nvim:exec_lua([[
    local count = 0
    for name, space in pairs(vim.api.nvim_get_namespaces()) do
      if name:find('^askedit') then count = count + #vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {}) end
    end
    return count]])
end

describe('a change', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  --- N1 is new before l1, which has settled, and L7 is there for l7, which has not.
  local function stopped()
    local nvim, peer = started('l1 l2 l3 l4 l5 l6 l7 l8 l9')
    local request = Edits.ask(nvim, peer, ':%Ask! better<CR>')
    Edits.begin(request, '```\nN1\nl1\nl2\nl3\nl4\nl5\nl6\nL7\nl8\nl9\nl')
    nvim:see('L7')
    stop(nvim)
    return nvim, peer
  end

  it('of which a part was taken does not go on', function()
    local nvim, peer = stopped()
    nvim:feed('7Gccmine<Esc>:Ask /accept!<CR>')
    local taken = table.concat(Product.lines(nvim), ' ')
    assert.is_truthy(taken:find('^N1 l1 .*mine'), taken)
    nvim:command('messages clear')
    nvim:feed(':Ask /continue<CR>')
    Product.assert_said(nvim, 'was taken, in part')
    assert.are.equal(1, #peer.requests)
    assert_lines(nvim, taken)
  end)

  it('of which a hunk that had not settled was taken does not go on', function()
    local nvim, peer = stopped()
    nvim:feed('7Ggh:Ask /continue<CR>')
    Product.assert_said(nvim, 'was taken, in part')
    assert.are.equal(1, #peer.requests)
    assert_lines(nvim, 'l1 l2 l3 l4 l5 l6 L7 l8 l9')
  end)

  it('of which a hunk that had settled was taken goes on, and has that once', function()
    local nvim, peer = stopped()
    nvim:feed('gggh7Gccmine<Esc>')
    assert_lines(nvim, 'N1 l1 l2 l3 l4 l5 mine l7 l8 l9')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':Ask /continue<CR>'), '10\n```\n')
    assert_lines(nvim, 'N1 l1 l2 l3 l4 l5 mine l7 l8 l9')
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, 'N1 l1 l2 l3 l4 l5 mine L7 l8 l9 l10')
    nvim:feed('u')
    assert_lines(nvim, 'N1 l1 l2 l3 l4 l5 mine l7 l8 l9')
    Product.assert_quiet(nvim)
  end)

  it('of which a block was chosen does not go on', function()
    local nvim, peer = started('l1 l2 l3')
    nvim:exec_lua('vim.ui.select = function(items, _, choose) choose(items[1]) end')
    local request = Edits.ask(nvim, peer, ':2Ask! better<CR>')
    local begun = fenced('A1') .. 'or\n```\nB1\nB2'
    Edits.begin(request, begun)
    Edits.arrived(nvim, begun)
    stop(nvim)
    nvim:see('several blocks')
    nvim:feed('gh')
    nvim:see('1 hunk')
    nvim:unsee('several blocks')
    nvim:feed(':Ask /continue<CR>')
    Product.assert_said(nvim, 'was taken, in part')
    nvim:feed('gh')
    assert_lines(nvim, 'l1 A1 l3')
  end)

  it('whose end comes while text is locked is there once', function()
    local nvim, peer = started('l1 l2 l3')
    nvim:exec_lua([[
      local view = require('askedit.view')
      local draw = view.draw
      Later = 0
      function view.draw(...)
        local reply = draw(...)
        Later = Later + (reply == 'later' and 1 or 0)
        return reply
      end
      function Lock()
        vim.rpcnotify(1, 'locked')
        vim.wait(20000, function() return Later > 1 end, 5)
        return ''
      end
      vim.cmd('nnoremap <expr> Q v:lua.Lock()')]])
    local request = Edits.ask(nvim, peer, ':2Ask! better<CR>')
    Edits.begin(request, 'CODE1\nCODE2')
    Edits.arrived(nvim, 'CODE1\nCODE2')
    nvim:feed(':Ask /show<CR>Q')
    nvim:event('locked')
    request.conn:write(Chat.part(Chat.stop() .. Chat.done) .. Chat.last)
    nvim:event('AskeditDone')
    nvim:feed('gh')
    assert_lines(nvim, 'l1 CODE1 CODE2 l3')
  end)

  it('that was looked at half is not taken over what the user wrote', function()
    local nvim, peer = started('l1 l2 l3')
    local request = Edits.ask(nvim, peer, ':%Ask! better<CR>')
    Edits.begin(request, '```\nl1\n')
    Edits.arrived(nvim, '```\nl1\n')
    nvim:feed('2Gccmine<Esc>gl')
    Edits.finish(nvim, request, 'THEIRS\nl3\n```\n')
    nvim:feed('gh')
    assert_lines(nvim, 'l1 mine l3')
    Product.assert_said(nvim, 'you changed these lines')
  end)

  it('shows what is stale after a change that moved it too', function()
    local nvim, peer = started('l1 l2 l3 l4 l5 l6')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':5,6Ask! better<CR>'), fenced('X l6'))
    assert.are.equal('AskeditDelete', groups(nvim))
    nvim:exec_lua([[
      vim.cmd('normal! 5GAmine')
      vim.fn.append(0, { 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' })]])
    nvim:wait_for([[(function()
      local space = vim.api.nvim_get_namespaces().askedit_change
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
        if mark[4].hl_group == 'AskeditStale' then return true end
      end
    end)()]])
    nvim:feed('u')
    nvim:wait_for('vim.fn.line("$") == 6')
  end)

  for how, keys in pairs({ deleted = ':3,7d<CR>', sorted = ':%!sort -r<CR>', ['undone to nothing'] = 'u' }) do
    it('does not add lines where all that was around them is ' .. how, function()
      local nvim, peer = Edits.start({ '' })
      nvim:exec_lua([[
        local lines = { 'l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7', 'l8', 'l9' }
        vim.api.nvim_buf_set_lines(0, 0, -1, true, lines)]])
      Edits.answer(nvim, Edits.ask(nvim, peer, ':3,7Ask! better<CR>'), fenced('l3 l4 l5 l6 l7 ADDED'))
      nvim:feed(keys)
      nvim:redraw()
      local lines = table.concat(Product.lines(nvim), ' ')
      nvim:feed('gh')
      assert_lines(nvim, lines)
      Product.assert_said(nvim, 'you changed these lines')
    end)
  end

  it('leaves the screen as the buffer is when it is taken, and when it is undone', function()
    local list = {}
    for i = 1, 40 do list[i] = 'line ' .. i end
    local nvim, peer = Edits.start(list)
    local function assert_screen()
      nvim:redraw()
      assert.are.same(nvim:request('nvim_buf_get_lines', 0, 0, 20, true), rows_of_screen(nvim))
    end
    local request = Edits.ask(nvim, peer, ':3,5Ask! better<CR>')
    Edits.answer(nvim, request, fenced('L1 L2 L3 L4 L5 L6 L7 L8 L9 L10'), '[^\n]*\n')
    local open = rows_of_screen(nvim)
    nvim:feed('gh')
    assert_screen()
    nvim:feed('u')
    nvim:see('gh takes')
    nvim:redraw()
    assert.are.same(open, rows_of_screen(nvim))
    nvim:feed('gH')
    assert_screen()
  end)

  it('leaves no rows in a window that began with its lines', function()
    local list = {}
    for i = 1, 40 do list[i] = 'line ' .. i end
    local nvim, peer = Edits.start(list)
    nvim:feed(':vsplit<CR>')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':3,5Ask! better<CR>'), fenced('L1 L2 L3 L4 L5 L6 L7 L8'))
    nvim:exec_lua("vim.fn.winrestview({ topline = 6, lnum = 20, topfill = 6 })")
    nvim:redraw()
    nvim:feed('<C-w>wgH')
    nvim:redraw()
    assert.are.equal('line 6', nvim:screen()[1]:match('^line %d+'), nvim:text())
  end)

  it('that cannot be written at the cursor says so in its line', function()
    local nvim, peer = started('l1 l2')
    nvim:feed('o<Esc>')
    local request = Edits.ask(nvim, peer, ':Ask! more<CR>')
    Edits.begin(request, '```\nX')
    nvim:see('X')
    nvim:feed('Amine<Esc>')
    Edits.finish(nvim, request, '\n```\n')
    nvim:see('you changed these lines')
    nvim:unsee('comes in Normal mode')
    assert_lines(nvim, 'l1 mine l2')
  end)

  it('is lost with others of its buffer in one sentence', function()
    local nvim, peer = started('l1 l2 l3 l4 l5')
    for _, line in ipairs({ 1, 3, 5 }) do
      Edits.answer(nvim, Edits.ask(nvim, peer, (':%dAsk! better<CR>'):format(line)), fenced('X'))
    end
    nvim:feed(':bwipeout!<CR>')
    nvim:wait_for("vim.fn.execute('messages'):find('the buffer of a change')")
    nvim:redraw()
    Product.assert_said(nvim, 'the buffer of a change is gone')
  end)

  it('is kept as long as it is open, and leaves no mark when its answer is forgotten', function()
    local nvim, peer = started('l1 l2 l3')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':1Ask! better<CR>'), fenced('X'))
    nvim:feed('gH')
    local of_first = marks(nvim)
    assert.is_true(of_first > 0)
    local request = Edits.ask(nvim, peer, ':3Ask! other<CR>')
    Edits.answer(nvim, request, fenced('Y'))
    local before = marks(nvim)
    for i = 1, 21 do
      Edits.answer(nvim, Edits.ask(nvim, peer, (':Ask question %d<CR>'):format(i)), 'Yes.')
    end
    assert.are.equal(before - of_first, marks(nvim))
    nvim:feed('3G:Ask /retry<CR>')
    assert.is_truthy(Product.words(peer:wait_request(nvim)):find('^other'))
  end)

  it('gives way to a newer question unless the cursor is in it', function()
    local nvim, peer = started('l1 l2 l3 l4 l5')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':5Ask! better<CR>'), fenced('X'))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':Ask why<CR>'), 'So.')
    nvim:feed('gg:Ask /retry<CR>')
    local request = peer:wait_request(nvim)
    assert.are.equal('why', Product.words(request))
    Edits.answer(nvim, request, 'So.')
    nvim:feed('G:Ask /retry<CR>')
    assert.is_truthy(Product.words(peer:wait_request(nvim)):find('^better'))
  end)

  it('sends no more than 4 KiB of a line that it is in', function()
    local long = ('x'):rep(100000)
    local nvim, peer = Edits.start({ long .. ' word ' .. ('é'):rep(50000) })
    nvim:feed('/word<CR>')
    local request = Edits.ask(nvim, peer, 'viw:Ask! better<CR>')
    assert.is_true(#request.body < 20000, 'sent: ' .. #request.body)
    assert.is_nil(request.body:find('\239\191\189', 1, true))
  end)
end)
