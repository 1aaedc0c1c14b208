--- Text that is written where the cursor was: by itself, in a still moment, as a step of undo of its own.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local unpack = rawget(_G, 'unpack') or rawget(table, 'unpack')

--- Neovim counts how often it is looked whether the moment is a still one.
local COUNT_LOOKS = [[
  local get_mode = vim.api.nvim_get_mode
  Looks = 0
  function vim.api.nvim_get_mode()
    Looks = Looks + 1
    return get_mode()
  end
]]

local REST = '\nG2\n```\n'

--- A product that was asked for text, which begins to come.
local function asked(lines, keys, options)
  local nvim, peer = Edits.start(lines, options)
  local request = Edits.ask(nvim, peer, keys)
  Edits.begin(request, '```python\nG1')
  nvim:see('G1')
  return nvim, peer, request
end

local function assert_lines(nvim, wanted, when) assert.are.same(wanted, Product.lines(nvim), when) end

--- Undoes and redoes; the text that is there is the last of these states.
local function assert_undone(nvim, states)
  local last = #states
  for i = last - 1, 1, -1 do
    nvim:feed('u')
    assert_lines(nvim, states[i], 'after u number ' .. last - i)
  end
  nvim:feed(last - 1 .. '<C-r>')
  assert_lines(nvim, states[last], 'after as many <C-r>')
end

local function mode(nvim) return nvim:request('nvim_get_mode').mode end

local function popup(nvim) return nvim:request('nvim_call_function', 'pumvisible', {}) end

--- Returns when it has been looked again, so often, whether the text can be written.
local function wait_for_looks(nvim, count)
  nvim:wait_for(('Looks >= %d'):format(nvim:exec_lua('return Looks') + count))
end

local function generated(lines)
  return { lines[1], 'G1', 'G2', unpack(lines, 3) }
end

local FILE = { 'a', '', 'forest', 'forget' }
local FOO = { 'a', '', 'forest', 'forget', 'foo' }
local FOO_BAR = { 'a', '', 'forest', 'forget', 'foo bar' }

-- What the user does while the answer ends, the mode he is in, what is there then; what he types then, how he
-- leaves it, what he has written by then, and what there is of that after one undo.
local moments = {
  { 'types and ends it with <Esc>', 'Gofoo', 'i', FOO, ' bar', '<Esc>', FOO_BAR, FILE },
  { 'types and ends it with <C-c>', 'Gofoo', 'i', FOO, ' bar', '<C-c>', FOO_BAR, FILE },
  { 'is in <C-o>', 'Gofoo<C-o>', 'niI', FOO, 'zz bar', '<Esc>', FOO_BAR, FOO },
  { 'is in <C-o> with an operator', 'Gofoo<C-o>y', 'no', FOO, 'y bar', '<C-c>', FOO_BAR, FOO },
  { 'has a completion menu open', 'Gofo<C-n>', 'ic', { 'a', '', 'forest', 'forget', 'forest' }, '<C-e>o',
    '<Esc>', FOO, FILE },
  { 'replaces', 'GR', 'R', FILE, 'bar', '<Esc>', { 'a', '', 'forest', 'barget' }, FILE },
  { 'has an operator pending', 'Gofoo<Esc>d', 'no', FOO, '', 'd', FILE, FOO },
  { 'selects', 'Gofoo<Esc>V', 'V', FOO, '', '<Esc>', FOO, FILE },
  { 'changes a selection', 'Gofoo<Esc>V', 'V', FOO, 'cfoo bar', '<Esc>', FOO_BAR, FOO },
  { 'types a command', 'Gofoo<Esc>:echo', 'c', FOO, '', '<C-c>', FOO, FILE },
}

describe('text at the cursor', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for _, moment in ipairs(moments) do
    local name, keys, in_mode, there, more, leave, after, before = unpack(moment)
    it('waits while the user ' .. name, function()
      local nvim, _, request = asked(FILE, '2G:Ask! more<CR>', { init = COUNT_LOOKS })
      nvim:feed(keys)
      local menu = in_mode == 'ic' and 1 or 0
      assert.are.same({ in_mode, menu }, { mode(nvim), popup(nvim) })
      Edits.finish(nvim, request, REST)
      wait_for_looks(nvim, 2)
      assert.are.same({ in_mode, menu }, { mode(nvim), popup(nvim) })
      assert_lines(nvim, there, 'before ' .. leave)
      nvim:feed(more)
      wait_for_looks(nvim, 2) -- CTRL-C throws away what is typed before it
      assert.are_not.equal('G1', Product.lines(nvim)[2])
      nvim:feed(leave)
      nvim:wait_for("vim.fn.getline(2) == 'G1'")
      assert_lines(nvim, generated(after), 'after ' .. leave)
      assert_undone(nvim, { before, after, generated(after) })
      Product.assert_quiet(nvim)
    end)
  end

  it('waits while the user is in the command-line window', function()
    local nvim, _, request = asked(FILE, '2G:Ask! more<CR>', { init = COUNT_LOOKS })
    local source = nvim:exec_lua('return vim.api.nvim_get_current_buf()')
    nvim:feed('q:')
    assert.are.equal(':', nvim:exec_lua('return vim.fn.getcmdwintype()'))
    Edits.finish(nvim, request, REST)
    wait_for_looks(nvim, 2)
    assert.are.same(FILE, Product.lines(nvim, source))
    nvim:feed(':quit<CR>')
    nvim:wait_for("vim.fn.getline(2) == 'G1'")
    assert_undone(nvim, { FILE, generated(FILE) })
    Product.assert_quiet(nvim)
  end)

  it('says that it waits', function()
    local nvim, _, request = asked({ 'a', '', 'c' }, '2G:Ask! more<CR>')
    nvim:feed('GA')
    Edits.finish(nvim, request, REST)
    nvim:see('comes in Normal mode')
    nvim:feed('<Esc>')
    nvim:wait_for("vim.fn.getline(2) == 'G1'")
    nvim:unsee('comes in Normal mode')
    Product.assert_quiet(nvim)
  end)

  local function marks(nvim)
    return nvim:exec_lua([[local fn = vim.fn
      return { fn.line("'["), fn.col("'["), fn.line("']"), fn.col("']") }]])
  end

  -- The cursor, the lines, and what they are afterwards; the lines of the text.
  local places = {
    { 'takes the place and indent of blanks', 2, { 'a', '\t' }, { 'a', '\tG1', '\tG2' }, 2, 3 },
    { 'takes the place of an empty line', 2, { 'a', '', 'c' }, { 'a', 'G1', 'G2', 'c' }, 2, 3 },
    { 'goes below a line with text', 2, { 'a', '  b', 'c' }, { 'a', '  b', 'G1', 'G2', 'c' }, 3, 4 },
    { 'goes below the last line', 2, { 'a', 'b' }, { 'a', 'b', 'G1', 'G2' }, 3, 4 },
    { 'takes the place of an empty buffer', 1, { '' }, { 'G1', 'G2' }, 1, 2 },
  }
  for _, place in ipairs(places) do
    local name, line, before, after, first, last = unpack(place)
    it(name .. ', and the marks span it', function()
      local nvim, _, request = asked(before, line .. 'G:Ask! more<CR>')
      assert_lines(nvim, before, 'meanwhile')
      Edits.finish(nvim, request, REST)
      assert_lines(nvim, after, 'at the end')
      assert.are.same({ first, 1, last, #after[last] }, marks(nvim))
      assert_undone(nvim, { before, after })
      Product.assert_quiet(nvim)
    end)
  end

  local function asked_in_insert_mode()
    local map = "vim.api.nvim_set_keymap('i', '<C-g>', '<Plug>(askedit-edit)', {})"
    local options = { name = 'work.txt', init = map .. COUNT_LOOKS }
    return asked({ 'f()', 'end' }, 'ggf)i<C-g>more<CR>', options)
  end

  it('goes where the cursor was in Insert mode, and the user types on', function()
    local nvim, _, request = asked_in_insert_mode()
    assert.are.equal('i', mode(nvim))
    nvim:feed('x, y')
    Edits.finish(nvim, request, ', G2\n```\n')
    wait_for_looks(nvim, 2)
    assert_lines(nvim, { 'f(x, y)', 'end' })
    nvim:feed(', z<Esc>')
    nvim:wait_for("vim.fn.getline(1) ~= 'f(x, y, z)'")
    assert_lines(nvim, { 'f(G1, G2x, y, z)', 'end' })
    assert_undone(nvim, { { 'f()', 'end' }, { 'f(x, y, z)', 'end' }, { 'f(G1, G2x, y, z)', 'end' } })
    Product.assert_quiet(nvim)
  end)

  it('is indented on a blank line as a whole, whatever the indentation inside of it', function()
    local nvim, _, request = asked({ 'class A:', '    ' }, 'G:Ask! more<CR>')
    Edits.finish(nvim, request, '\ndef a():\n    return 1\n```\n')
    nvim:wait_for('vim.fn.line("$") > 2')
    local lines = Product.lines(nvim)
    assert.are.same({ '    def a():', '        return 1' }, { lines[#lines - 1], lines[#lines] })
  end)

  it('goes nowhere if the last line, where the cursor was, is deleted', function()
    local map = "vim.api.nvim_set_keymap('i', '<C-g>', '<Plug>(askedit-edit)', {})"
    local nvim, _, request = asked({ 'a', 'f()' }, 'Gf)i<C-g>more<CR>', { init = map })
    nvim:feed('<Esc>dd')
    Edits.finish(nvim, request, '\n```\n')
    assert_lines(nvim, { 'a' })
    Product.assert_said(nvim, 'the place of this change is gone')
  end)

  it('goes where the cursor was in Insert mode, also with line breaks', function()
    local nvim, _, request = asked_in_insert_mode()
    Edits.finish(nvim, request, ',\nG2\n```\n')
    nvim:feed('x<CR>y<Esc>')
    nvim:wait_for("vim.fn.getline(1) ~= 'f(x'")
    assert_lines(nvim, { 'f(G1,', 'G2x', 'y)', 'end' })
    nvim:feed('u')
    assert_lines(nvim, { 'f(x', 'y)', 'end' })
    Product.assert_quiet(nvim)
  end)

  it('is written to a buffer that is hidden by then', function()
    local nvim, _, request = asked({ 'a', '', 'c' }, '2G:Ask! more<CR>')
    nvim:feed(':enew<CR>')
    Edits.finish(nvim, request, REST)
    assert_lines(nvim, { '' })
    nvim:feed(':buffer work.py<CR>')
    assert_lines(nvim, { 'a', 'G1', 'G2', 'c' })
    assert_undone(nvim, { { 'a', '', 'c' }, { 'a', 'G1', 'G2', 'c' } })
    Product.assert_quiet(nvim)
  end)

  it('is not written by itself if it was stopped, but can be taken', function()
    local nvim, peer, request = asked({ 'a', '', 'c' }, '2G:Ask! more<CR>')
    nvim:feed(':Ask /stop<CR>')
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
    assert.is_truthy(peer:wait_closed(nvim, request.conn))
    nvim:redraw()
    nvim:see('gh takes')
    assert_lines(nvim, { 'a', '', 'c' })
    nvim:feed('gh')
    assert_lines(nvim, { 'a', 'G1', 'c' })
    assert_undone(nvim, { { 'a', '', 'c' }, { 'a', 'G1', 'c' } })
    Product.assert_quiet(nvim)
  end)

  it('waits no more when it is rejected', function()
    local nvim, _, request = asked({ 'a', '', 'c' }, '2G:Ask! more<CR>', { init = COUNT_LOOKS })
    local tick = nvim:exec_lua('return vim.b.changedtick')
    nvim:feed('v')
    Edits.finish(nvim, request, REST)
    nvim:command('Ask /reject')
    nvim:feed('<Esc>')
    wait_for_looks(nvim, 1)
    nvim:redraw()
    assert.is_nil(nvim:text():find('G1', 1, true))
    assert.are.equal(tick, nvim:exec_lua('return vim.b.changedtick'))
    Product.assert_quiet(nvim)
  end)

  it('does not replace what the user wrote in its place', function()
    local nvim, _, request = asked({ 'a', '', 'c' }, '2G:Ask! more<CR>')
    nvim:feed('Amine')
    Edits.finish(nvim, request, REST)
    nvim:feed('<Esc>')
    nvim:wait_for("vim.fn.execute('messages'):find('you changed these lines')")
    assert_lines(nvim, { 'a', 'mine', 'c' })
    Product.assert_said(nvim, 'you changed these lines')
    nvim:redraw()
    assert.is_nil(nvim:text():find('comes in Normal mode', 1, true), nvim:text())
    nvim:feed('gl<C-w>pgh')
    assert_lines(nvim, { 'a', 'G1', 'G2', 'c' })
    nvim:feed('u')
    assert_lines(nvim, { 'a', 'mine', 'c' })
  end)

  -- Where the user is: what stays when lines are written, and what only stays while none are.
  local WHERE = [[
    local api, fn, views = vim.api, vim.fn, {}
    for _, win in ipairs(api.nvim_list_wins()) do
      views[#views + 1] = { win, api.nvim_win_get_buf(win), api.nvim_win_call(win, fn.winsaveview) }
    end
    local tab, jumps = api.nvim_get_current_tabpage(), fn.getjumplist()
    return {
      { tab, fn.winlayout(), fn.win_getid(), fn.bufnr('%'), fn.bufnr('#'), fn.mode(), fn.pumvisible(),
        fn.getline('.'), fn.col('.'), #jumps[1], jumps[2] },
      { views, jumps, fn.getreginfo('"'), fn.getreg('.'), fn.getreg('/'), vim.v.this_session },
    }
  ]]
  local LOG = [[
    Fired = {}
    local names = { 'WinEnter', 'WinLeave', 'BufEnter', 'BufLeave', 'TabEnter', 'CursorMoved', 'CursorMovedI',
      'InsertEnter', 'InsertLeave', 'BufWinEnter', 'WinNew', 'WinClosed', 'BufAdd', 'ModeChanged' }
    vim.api.nvim_create_autocmd(names, { callback = function(args) table.insert(Fired, args.event) end })
  ]]

  -- What he does, how he comes back to Normal mode, and the events that are right when lines are written: the
  -- number of the cursor's line changes where they come above it.
  local walks = {
    { 'is in another tab page', ':tabnew<CR>ix', '<Esc>', {} },
    { 'is elsewhere in another window', ':vsplit<CR>G', '', { 'CursorMoved' } },
    { 'is in another buffer', ':enew<CR>', '', {} },
    { 'types in the buffer', 'Gox', '<Esc>', { 'CursorMoved' } },
    { 'types above', 'ggOx', '<Esc>', {} },
    { 'has a completion menu open', 'GA li<C-n>', '<C-e><Esc>', { 'CursorMoved' } },
  }
  for _, walk in ipairs(walks) do
    local name, keys, leave, events = unpack(walk)
    it('leaves the user where he is while he ' .. name, function()
      local lines, answer = { 'line one', '' }, '```python\nG1'
      for i = 3, 60 do lines[i] = 'line ' .. i end
      local nvim, _, request = asked(lines, '2G:Ask! more<CR>')
      local source = nvim:exec_lua('return vim.api.nvim_get_current_buf()')
      nvim:feed(keys)
      nvim:redraw()
      nvim:exec_lua(LOG)
      local before = nvim:exec_lua(WHERE)
      for i = 2, 20 do
        Edits.more(request, '\nG' .. i)
        answer = answer .. '\nG' .. i
      end
      Edits.arrived(nvim, answer)
      nvim:redraw()
      assert.are.same({ before, {} }, { nvim:exec_lua(WHERE), nvim:exec_lua('return Fired') })

      nvim:feed(leave)
      nvim:redraw()
      nvim:exec_lua('Fired = {}')
      before = nvim:exec_lua(WHERE)
      Edits.finish(nvim, request, '\n```\n')
      local count = nvim:exec_lua('return vim.api.nvim_buf_line_count(...)', source)
      assert.are.equal(name:find('^types') and 80 or 79, count)
      assert.are.same({ before[1], events }, { nvim:exec_lua(WHERE)[1], nvim:exec_lua('return Fired') })
      Product.assert_quiet(nvim)
    end)
  end

  it('can be read if its buffer is wiped in mid-stream', function()
    local nvim, peer, request = asked({ 'a', '', 'c' }, '2G:Ask! more<CR>')
    nvim:feed(':bwipeout!<CR>')
    peer:wait_closed(nvim, request.conn)
    nvim:event('AskeditDone')
    nvim:redraw()
    Product.assert_said(nvim, 'the buffer of a change')
    nvim:feed(':Ask /show<CR>')
    nvim:see('G1')
  end)
end)
