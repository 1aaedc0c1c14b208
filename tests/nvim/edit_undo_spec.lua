--- Taking a change back, and what taking it leaves alone.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local assert_lines, words, fenced = Edits.assert_lines, Edits.words, Edits.fenced

--- Types keys one after the other; each leaves these lines.
local function assert_steps(nvim, steps)
  for i, step in ipairs(steps) do
    nvim:feed(step[1])
    assert_lines(nvim, step[2], ('step %d, %s'):format(i, step[1]))
  end
end

local function undo_states(nvim) return nvim:exec_lua('return vim.fn.undotree().seq_last') end

describe('taking a change back', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  -- Two changes that come at once, the second done first.
  local function two_changes()
    local nvim, peer = Edits.start(words('l1 l2 l3 l4 l5 l6 l7 l8 l9 l10'))
    local first = Edits.ask(nvim, peer, ':2Ask! one<CR>')
    Edits.begin(first, '```python\nA\nB')
    nvim:see('B')
    local second = Edits.ask(nvim, peer, ':8Ask! two<CR>')
    Edits.answer(nvim, second, fenced('Z'))
    Edits.finish(nvim, first, '\nC\n```\n')
    return nvim
  end

  local BOTH = 'l1 A B C l3 l4 l5 l6 l7 Z l9 l10'

  it('takes two changes of a buffer, the upper one first', function()
    local nvim = two_changes()
    assert_steps(nvim, {
      { 'gggh', 'l1 A B C l3 l4 l5 l6 l7 l8 l9 l10' },
      { 'Ggh', BOTH },
      { 'u', 'l1 A B C l3 l4 l5 l6 l7 l8 l9 l10' },
      { 'u', 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10' },
      { '2<C-r>', BOTH },
    })
    Product.assert_quiet(nvim)
  end)

  it('takes two changes of a buffer, the lower one first', function()
    local nvim = two_changes()
    assert_steps(nvim, {
      { 'Ggh', 'l1 l2 l3 l4 l5 l6 l7 Z l9 l10' },
      { 'gggh', BOTH },
      { 'u', 'l1 l2 l3 l4 l5 l6 l7 Z l9 l10' },
      { 'u', 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10' },
      { '2<C-r>', BOTH },
    })
    Product.assert_quiet(nvim)
  end)

  it('takes two changes around a line that was deleted between', function()
    local nvim = two_changes()
    assert_steps(nvim, {
      { 'gggh', 'l1 A B C l3 l4 l5 l6 l7 l8 l9 l10' },
      { '7Gdd', 'l1 A B C l3 l4 l6 l7 l8 l9 l10' },
      { 'Ggh', 'l1 A B C l3 l4 l6 l7 Z l9 l10' },
      { 'u', 'l1 A B C l3 l4 l6 l7 l8 l9 l10' },
      { 'u', 'l1 A B C l3 l4 l5 l6 l7 l8 l9 l10' },
      { 'u', 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10' },
    })
    Product.assert_quiet(nvim)
  end)

  it('takes all of a buffer in one step', function()
    local nvim = two_changes()
    local states = undo_states(nvim)
    assert_steps(nvim, { { ':Ask /accept!<CR>', BOTH } })
    assert.are.equal(states + 1, undo_states(nvim))
    assert_steps(nvim, { { 'u', 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10' }, { '<C-r>', BOTH } })
    Product.assert_quiet(nvim)
  end)

  local PERSISTENT = "vim.o.undofile, vim.o.undodir = true, %s\n"

  it('is one state among the user\'s own, also in a file that is opened again', function()
    local init = PERSISTENT:format("vim.env.HOME .. '/undo'") .. "vim.fn.mkdir(vim.o.undodir, 'p')"
    local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { init = init })
    local request = Edits.ask(nvim, peer, ':3Ask! better<CR>')
    Edits.begin(request, '```')
    nvim:feed('ggOfoo<Esc>')
    Edits.more(request, 'python')
    nvim:feed('u')
    Edits.more(request, '\nC')
    nvim:see('C')
    nvim:feed('ggObar<Esc>')
    Edits.more(request, '\n')
    local states = undo_states(nvim)
    Edits.finish(nvim, request, '```')
    assert.are.equal(states, undo_states(nvim))
    assert_steps(nvim, { { 'gh', 'bar a b C' } })
    assert.are.equal(states + 1, undo_states(nvim))
    assert_steps(nvim, {
      { 'u', 'bar a b c' },
      { 'u', 'a b c' },
      { '<C-r>', 'bar a b c' },
      { '<C-r>', 'bar a b C' },
      { ':write<CR>', 'bar a b C' },
      { ':earlier 1f<CR>', 'a b c' },
      { ':later 1f<CR>', 'bar a b C' },
    })
    Product.assert_quiet(nvim)
    nvim:feed(':quit<CR>')
    nvim:wait_exit()
    local again = Session.start({
      init = PERSISTENT:format(('%q'):format(nvim.dir .. '/undo')),
      args = { nvim.dir .. '/work.py' },
    })
    assert_steps(again, { { 'u', 'bar a b c' }, { 'u', 'a b c' }, { '2<C-r>', 'bar a b C' } })
  end)

  it('is never joined with what the user types around it', function()
    local init = "vim.api.nvim_set_keymap('i', '<F2>', '<Cmd>Ask /accept<CR>', {})"
    local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { init = init })
    Edits.answer(nvim, Edits.ask(nvim, peer, ':3Ask! better<CR>'), fenced('C'))
    nvim:feed('ggAone<F2>two<Esc>')
    assert_lines(nvim, 'aonetwo b C')
    local text, steps = table.concat(Product.lines(nvim), ' '), 0
    while text ~= 'a b c' do
      nvim:feed('u')
      local now = table.concat(Product.lines(nvim), ' ')
      local typed, written = text:match('^%S+') ~= now:match('^%S+'), text:match('%S+$') ~= now:match('%S+$')
      assert.is_true(typed ~= written, ('%q became %q'):format(text, now))
      text, steps = now, steps + 1
    end
    assert.is_true(steps >= 2)
    Product.assert_quiet(nvim)
  end)

  it('is never joined with what others write right before and after it', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    Edits.answer(nvim, Edits.ask(nvim, peer, ':2Ask! better<CR>'), fenced('B'))
    nvim:exec_lua([[
      vim.api.nvim_buf_set_lines(0, 0, 1, true, { 'A' })
      vim.cmd('Ask /accept')
      vim.api.nvim_buf_set_lines(0, 2, 3, true, { 'C' })]])
    assert_lines(nvim, 'A B C')
    assert_steps(nvim, { { 'u', 'A B c' }, { 'u', 'A b c' }, { 'u', 'a b c' } })
    Product.assert_quiet(nvim)
  end)

  it('leaves no trace of one that was rejected', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    local before = nvim:exec_lua('return { vim.b.changedtick, vim.fn.undotree(), vim.bo.modified }')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':3Ask! better<CR>'), fenced('C'))
    nvim:see('gH rejects')
    nvim:feed('gH')
    assert.are.same(before, nvim:exec_lua('return { vim.b.changedtick, vim.fn.undotree(), vim.bo.modified }'))
    nvim:redraw()
    assert.is_nil(nvim:text():find('gH', 1, true), nvim:text())
    Product.assert_quiet(nvim)
  end)
end)

describe('taking a change leaves', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  local OF_OTHERS = [[
    local api, fn = vim.api, vim.fn
    Others = api.nvim_create_namespace('somebody')
    for _, row in ipairs({ 1, 3, 7 }) do
      api.nvim_buf_set_extmark(0, Others, row, 1, { end_row = row, end_col = 2, hl_group = 'Search' })
    end
    fn.sign_define('S', { text = 'S>' })
    fn.sign_place(1, 'spec', 'S', '', { lnum = 2 })
    fn.sign_place(2, 'spec', 'S', '', { lnum = 6 })
    vim.cmd('5mark a | 8mark b | setlocal foldmethod=manual | 4,5fold | 8,9fold | normal! zE')
    vim.cmd('4,5fold | 8,9fold')
  ]]
  -- Each with the text of its line, so that it does not matter where that is.
  local LOOK = [[
    local api, fn, found = vim.api, vim.fn, {}
    for _, mark in ipairs(api.nvim_buf_get_extmarks(0, Others, 0, -1, { details = true })) do
      local row, column, details = mark[2], mark[3], mark[4]
      table.insert(found, { fn.getline(row + 1), column, fn.getline(details.end_row + 1), details.end_col })
    end
    for _, sign in ipairs(fn.sign_getplaced('', { group = 'spec' })[1].signs) do
      table.insert(found, fn.getline(sign.lnum))
    end
    for line = 1, fn.line('$') do
      if fn.foldlevel(line) > 0 then table.insert(found, 'fold ' .. fn.getline(line)) end
    end
    return vim.list_extend(found, { fn.getline("'a"), fn.getline("'b"), fn.getline('.'), fn.col('.') })
  ]]

  it('marks, signs, folds and the cursor where they were on the lines that stay', function()
    local nvim, peer = Edits.start(words('l1 l2 l3 l4 l5 l6 l7 l8 l9'))
    nvim:exec_lua(OF_OTHERS)
    nvim:feed('8G$')
    local before = nvim:exec_lua(LOOK)
    assert.are.equal(3 + 2 + 4 + 4, #before)
    local request = Edits.ask(nvim, peer, ':%Ask! better<CR>')
    Edits.answer(nvim, request, fenced('l1 l2 L3 L3b l4 l5 l6 L7 l8 l9 l10'))
    assert.are.same(before, nvim:exec_lua(LOOK))
    assert_steps(nvim, { { ':Ask /accept!<CR>', 'l1 l2 L3 L3b l4 l5 l6 L7 l8 l9 l10' } })
    assert.are.same(before, nvim:exec_lua(LOOK))
    nvim:feed('u8G$')
    assert.are.same(before, nvim:exec_lua(LOOK))
    Product.assert_quiet(nvim)
  end)

  it('the user\'s marks at the lines that take the place of theirs', function()
    local nvim, peer = Edits.start(words('l1 l2 l3 l4 l5 l6 l7 l8 l9'))
    nvim:feed(':3mark a<CR>:4mark b<CR>:8mark c<CR>:9mark d<CR>')
    local request = Edits.ask(nvim, peer, ':%Ask! better<CR>')
    Edits.answer(nvim, request, Edits.fenced('l1 l2 L3 L4 n4 l5 l6 l7 l9'))
    local lines = [[return vim.tbl_map(vim.fn.line, { "'a", "'b", "'c", "'d" })]]
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, 'l1 l2 L3 L4 n4 l5 l6 l7 l9')
    assert.are.same({ 3, 4, 9, 9 }, nvim:exec_lua(lines))
    nvim:feed('u')
    assert.are.same({ 3, 4, 8, 9 }, nvim:exec_lua(lines))
    Product.assert_quiet(nvim)
  end)

  it('the change marks around all that was written', function()
    local nvim, peer = Edits.start(words('l1 l2 l3 l4 l5 l6 l7 l8'))
    local request = Edits.ask(nvim, peer, ':2,8Ask! better<CR>')
    Edits.answer(nvim, request, fenced('l2 L3 L3b l4 l5 l6 seven l8'))
    assert_steps(nvim, { { ':Ask /accept!<CR>', 'l1 l2 L3 L3b l4 l5 l6 seven l8' } })
    assert.are.same({ 3, 1, 8, #'seven' }, nvim:exec_lua([[local fn = vim.fn
      return { fn.line("'["), fn.col("'["), fn.line("']"), fn.col("']") }]]))
    Product.assert_quiet(nvim)
  end)

  it('the cursor in its line where that is replaced', function()
    local nvim, peer = Edits.start({ 'first', 'second line', 'third' })
    Edits.answer(nvim, Edits.ask(nvim, peer, ':2Ask! better<CR>'), fenced('x'))
    nvim:feed('2G$gh')
    assert.are.same({ 2, 0 }, nvim:request('nvim_win_get_cursor', 0))
    nvim:feed('ix<Esc>')
    assert_lines(nvim, 'first xx third')
    Product.assert_quiet(nvim)
  end)

  it('the cursor below lines that go', function()
    local nvim, peer = Edits.start({ 'first', 'second', 'third', 'last' })
    Edits.answer(nvim, Edits.ask(nvim, peer, ':1,3Ask! better<CR>'), fenced('first'))
    nvim:feed('Glgh')
    assert_lines(nvim, 'first last')
    assert.are.same({ 2, 1 }, nvim:request('nvim_win_get_cursor', 0))
    Product.assert_quiet(nvim)
  end)
end)
