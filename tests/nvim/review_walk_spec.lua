--- Many changes at once: in one buffer and in many, walked through, listed and told of.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local unpack = rawget(_G, 'unpack') or rawget(table, 'unpack')
local assert_lines, fenced, numbered = Edits.assert_lines, Edits.fenced, Edits.numbered

local function after()
  Session.close_all()
  Peer.close_all()
end

--- Proposes these new lines for the line under the cursor or another range.
local function propose(nvim, peer, range, new)
  Edits.answer(nvim, Edits.ask(nvim, peer, (':%sAsk /change<CR>'):format(range or '.')), fenced(new))
end

--- Files a.txt, b.txt, ... of 12 lines each that begin with the name, in buffers; the first is shown.
local function start(count, options)
  options = options or {}
  options.files, options.args = options.files or {}, {}
  for i = 1, count do
    local name = string.char(96 + i)
    options.files[name .. '.txt'] = table.concat(numbered(1, 12, name), '\n') .. '\n'
    options.args[i] = name .. '.txt'
  end
  options.name, options.text = 'unused.txt', ''
  return Edits.start_raw(nil, options)
end

local function place(nvim)
  return nvim:exec_lua("return vim.fn.expand('%:t:r') .. ' ' .. vim.fn.line('.')")
end

--- Types keys; each leaves the cursor in this buffer and line, having said this, or nothing.
local function assert_walk(nvim, steps)
  for i, step in ipairs(steps) do
    nvim:feed(step[1])
    local when = ('step %d, %s'):format(i, step[1])
    assert.are.equal(step[2], place(nvim), when)
    nvim:redraw()
    if step[3] then Product.assert_said(nvim, step[3]) else Product.assert_quiet(nvim) end
    nvim:command('messages clear')
  end
end

--- The quickfix list as 'FILE LINE TEXT'.
local LISTED = [[
  return vim.tbl_map(function(entry)
    local name = vim.fn.fnamemodify(vim.fn.bufname(entry.bufnr), ':t:r')
    return ('%s %d %s'):format(name, entry.lnum, entry.text)
  end, vim.fn.getqflist())
]]

describe('twenty changes', function()
  after_each(after)

  -- To every third of 60 lines.
  local function in_one_buffer(options)
    options = options or {}
    options.name, options.rows = 'work.txt', 200
    local nvim, peer = Edits.start_raw(numbered(1, 60), options)
    local new, listed = numbered(1, 60), {}
    for i = 1, 20 do
      propose(nvim, peer, 3 * i, 'new' .. i)
      new[3 * i], listed[i] = 'new' .. i, ('work %d 1 of 1  + new%d'):format(3 * i, i)
    end
    return nvim, new, listed
  end

  it('in one buffer are walked through and listed in the order of their lines', function()
    local nvim, _, listed = in_one_buffer()
    local steps = { { 'gg', 'work 1' } }
    for i = 1, 20 do steps[#steps + 1] = { ']c', 'work ' .. 3 * i } end
    steps[#steps + 1] = { ']c', 'work 3', 'on from the first hunk' }
    steps[#steps + 1] = { '19]c', 'work 60' }
    assert_walk(nvim, steps)
    nvim:feed(':Ask /hunks<CR>')
    assert.are.same(listed, nvim:exec_lua(LISTED))
    Product.assert_quiet(nvim)
  end)

  it('in one buffer are taken, undone and taken again in one step', function()
    local nvim, new = in_one_buffer()
    local old = table.concat(Product.lines(nvim), ' ')
    local states = nvim:exec_lua('return vim.fn.undotree().seq_last')
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, table.concat(new, ' '))
    assert.are.equal(states + 1, nvim:exec_lua('return vim.fn.undotree().seq_last'))
    nvim:feed('u')
    assert_lines(nvim, old)
    nvim:wait_for("#require('askedit.review.changes').all() == 20")
    nvim:feed('<C-r>')
    assert_lines(nvim, table.concat(new, ' '))
    nvim:wait_for("#require('askedit.review.changes').all() == 0")
    Product.assert_quiet(nvim)
  end)

  it('in one buffer are decided on one by one, in any order', function()
    local nvim, new = in_one_buffer()
    local order = { 7, 20, 1, 13, 4, 19, 2, 16, 10, 5, 12, 8, 3, 17, 6, 11, 18, 9, 15, 14 }
    for i, number in ipairs(order) do
      nvim:feed((':%d<CR>'):format(3 * number) .. (i % 4 == 0 and 'gH' or 'gh'))
      if i % 4 == 0 then new[3 * number] = ('line %d;'):format(3 * number) end
    end
    assert_lines(nvim, table.concat(new, ' '))
    assert.are.equal('', nvim:exec_lua("return require('askedit').status()"))
    Product.assert_quiet(nvim)
  end)

  it('in twenty buffers are walked through from one to the next', function()
    local nvim, peer = start(20, { init = 'vim.o.hidden = true' })
    local steps = { { ':buffer 1<CR>', 'a 12' } }
    for i = 1, 20 do
      nvim:feed((':buffer %d<CR>'):format(i))
      propose(nvim, peer, 6, 'new')
      nvim:feed('G')
    end
    nvim:command('messages clear')
    nvim:feed(':set shortmess+=F<CR>')
    for i = 2, 20 do
      local name = string.char(96 + i)
      steps[i] = { i == 2 and ']c' or ']c', name .. ' 6', ('hunk %d of 20, in %s.txt'):format(i, name) }
    end
    steps[21] = { ']c', 'a 6', 'hunk 1 of 20, in a.txt' }
    steps[22] = { '[c', 't 6', 'hunk 20 of 20, in t.txt' }
    steps[23] = { '2[c', 'r 6', 'hunk 18 of 20, in r.txt' }
    assert_walk(nvim, steps)
    nvim:feed(':Ask /hunks<CR>')
    assert.are.equal(20, #nvim:exec_lua(LISTED))
  end)
end)

describe('walking over several buffers', function()
  after_each(after)

  --- Changes of two hunks in each of three buffers; the second is shown in a window of its own.
  local function three()
    local nvim, peer = start(3, { init = 'vim.o.hidden = true' })
    for i = 1, 3 do
      local name = string.char(96 + i)
      nvim:feed((':buffer %d<CR>'):format(i))
      local new = numbered(1, 12, name)
      new[2], new[8] = name .. ' new 2;', name .. ' new 8;'
      Edits.answer(nvim, Edits.ask(nvim, peer, ':%Ask /change<CR>'),
        '```\n' .. table.concat(new, '\n') .. '\n```\n')
    end
    nvim:feed(':buffer 1<CR>gg:set shortmess+=F<CR>')
    nvim:command('messages clear')
    return nvim
  end

  it('goes through the hunks of this one first', function()
    assert_walk(three(), {
      { ']c', 'a 2' }, { ']c', 'a 8' }, { ']c', 'b 2', 'hunk 3 of 6, in b.txt' }, { '[c', 'a 8', 'in a.txt' },
      { '3]c', 'c 2', 'hunk 5 of 6, in c.txt' }, { '2]c', 'a 2', 'hunk 1 of 6, in a.txt' },
      { '[c', 'c 8', 'hunk 6 of 6, in c.txt' },
    })
  end)

  it('uses the window that shows the buffer', function()
    local nvim = three()
    nvim:feed(':split<CR>:buffer 2<CR><C-w>jG')
    assert_walk(nvim, { { ']c', 'b 2', 'hunk 3 of 6' } })
    assert.are.equal(1, nvim:exec_lua('return vim.fn.winnr()'))
    assert.are.equal(2, #nvim:request('nvim_list_wins'))
  end)

  it('leaves out a buffer in which all was decided on', function()
    local nvim = three()
    nvim:feed(':buffer 2<CR>:Ask /accept!<CR>:buffer 1<CR>G')
    assert_walk(nvim, { { ']c', 'c 2', 'hunk 3 of 4' } })
    nvim:feed(':Ask /reject!<CR>:buffer 1<CR>G')
    assert_walk(nvim, { { ']c', 'a 2', 'on from the first hunk' } })
  end)

  it('begins in a buffer without a hunk', function()
    local nvim = three()
    nvim:feed(':enew<CR>')
    assert_walk(nvim, { { ':Ask /next<CR>', 'a 2', 'hunk 1 of 6, in a.txt' } })
  end)

  it('says why it cannot go on, and stays', function()
    local nvim = three()
    nvim:feed('G:set nohidden<CR>iwords<Esc>')
    assert_walk(nvim, { { ']c', 'a 12', 'E37' } })
  end)

  it('lists the hunks of all with what they say', function()
    local nvim = three()
    nvim:feed(':buffer 3<CR>:2<CR>ccmine<Esc>8Ggh:Ask /hunks<CR>')
    assert.are.same({
      'a 2 1 of 2  + a new 2;', 'a 8 2 of 2  + a new 8;', 'b 2 1 of 2  + b new 2;', 'b 8 2 of 2  + b new 8;',
      'c 2 1 of 2, lines changed  + c new 2;',
    }, nvim:exec_lua(LISTED))
    assert.are.equal('quickfix', nvim:exec_lua('return vim.bo.buftype'))
    nvim:feed('3G<CR>')
    assert.are.equal('b 2', place(nvim))
    nvim:feed('gh')
    assert.are.equal('b new 2;', Product.lines(nvim)[2])
    Product.assert_quiet(nvim)
  end)

  it('lists nothing, and opens no window, where no hunk is open', function()
    local nvim = start(1)
    nvim:feed(':Ask /hunks<CR>')
    nvim:redraw()
    assert.are.equal(1, #nvim:request('nvim_list_wins'))
    Product.assert_said(nvim, 'there is no open hunk')
  end)
end)

describe('several changes of a buffer', function()
  after_each(after)

  -- Lines 4 to 6 have an open change.
  local ranges = { ['4,6'] = true, ['6,9'] = true, ['1,4'] = true, ['5'] = true, ['1,12'] = true,
    ['1,3'] = false, ['7,9'] = false }
  for range, is_refused in pairs(ranges) do
    it(('do not overlap: %s is %s'):format(range, is_refused and 'refused' or 'allowed'), function()
      local nvim, peer = start(1)
      propose(nvim, peer, '4,6', 'new')
      nvim:feed((':%sAsk /change<CR>'):format(range))
      nvim:redraw()
      if is_refused then
        assert.are.equal(1, #peer.requests)
        Product.assert_said(nvim, 'there is an open change to these lines')
      else
        peer:wait_request(nvim)
        Product.assert_quiet(nvim)
      end
    end)
  end

  it('do not overlap one that is still coming, nor one that an undo would open', function()
    local nvim, peer = start(1)
    local request = Edits.ask(nvim, peer, ':4,6Ask /change<CR>')
    Edits.begin(request, '```\nnew')
    nvim:feed(':5Ask /change<CR>')
    nvim:redraw()
    Product.assert_said(nvim, 'there is an open change to these lines')
    Edits.finish(nvim, request, '\n```\n')
    nvim:feed(':messages clear<CR>gh')
    propose(nvim, peer, '4', 'other')
    nvim:feed('u')
    assert.are.equal('a 5;', Product.lines(nvim)[5])
    nvim:redraw()
    assert.are.equal('other', Edits.preview(nvim))
    nvim:feed('<C-r>gh')
    assert.are.same({ 'a 3;', 'other', 'a 7;' }, { unpack(Product.lines(nvim), 3, 5) })
    Product.assert_quiet(nvim)
  end)

  it('with a hunk out of sight is not taken blindly', function()
    local nvim, peer = Edits.start_raw(numbered(1, 200), { name = 'work.txt' })
    propose(nvim, peer, 100, 'new')
    for _, keys in ipairs({ 'gg', 'G' }) do
      nvim:feed(keys .. 'gh')
      nvim:redraw()
      assert.are.equal('line 100;', Product.lines(nvim)[100])
      Product.assert_said(nvim, 'out of sight, at line 100')
      nvim:feed(':messages clear<CR>gH')
      nvim:redraw()
      Product.assert_said(nvim, 'out of sight, at line 100')
      nvim:command('messages clear')
    end
    assert.are.equal('ask: 1 hunk', nvim:exec_lua("return require('askedit').status()"))
    nvim:feed('gg]cgh')
    assert.are.equal('new', Product.lines(nvim)[100])
    Product.assert_quiet(nvim)
  end)
end)

describe('what is told of a change', function()
  after_each(after)

  local STATUS = "vim.o.laststatus, vim.o.statusline = 2, '[%{luaeval(\"require([[askedit]]).status()\")}]'"

  --- What is done, and what is told then; the last hunk of four is taken last.
  local steps = {
    { 'gg', '1 of 4' }, { '5G', '2 of 4' }, { ']c', '3 of 4' }, { 'gh', '4 of 4 · 1 taken' },
    { 'ggj', '1 of 4 · 1 taken' }, { 'gH', '2 of 4 · 1 taken' }, { 'u', '3 of 4' },
    { 'G<C-r>', '4 of 4 · 1 taken' }, { '11Ggh', '2 of 4 · 2 taken' },
    { ':Ask /accept!<CR>' }, { 'u', '2 of 4 · 2 taken' }, { '<C-r>' },
  }

  local function four_hunks(options)
    local new = numbered(1, 12)
    for i = 2, 11, 3 do new[i] = 'new ' .. i end
    options.name, options.rows = 'work.txt', 40
    local nvim, peer = Edits.start_raw(numbered(1, 12), options)
    Edits.answer(nvim, Edits.ask(nvim, peer, ':%Ask /change<CR>'),
      '```\n' .. table.concat(new, '\n') .. '\n```\n')
    return nvim
  end

  it('follows the cursor, what is taken and what is undone', function()
    local nvim = four_hunks({})
    for i, step in ipairs(steps) do
      nvim:feed(step[1])
      if step[2] then nvim:see('opens · ' .. step[2] .. ' · ') else nvim:unsee('gh takes') end
      local status = nvim:exec_lua("return require('askedit').status()")
      assert.are.equal(step[2] and 'ask: ' .. step[2] or '', status, ('step %d, %s'):format(i, step[1]))
    end
    Product.assert_quiet(nvim)
  end)

  it('stands so in a status line', function()
    local nvim = four_hunks({ init = STATUS })
    nvim:see('[ask: 1 of 4]', 2000)
    for _, step in ipairs(steps) do
      nvim:feed(step[1])
      nvim:see(step[2] and '[ask: ' .. step[2] .. ']' or '[]', 2000)
    end
  end)

  it('is about the nearest of several', function()
    local nvim, peer = start(1, { rows = 40 })
    propose(nvim, peer, '2', 'new')
    propose(nvim, peer, '6,12', 'n6 a 8; n12')
    for keys, told in pairs({ gg = 'ask: 1 hunk', G = 'ask: 1 hunk', [':enew!<CR>'] = '' }) do
      nvim:feed(keys)
      nvim:redraw()
      assert.are.equal(told, nvim:exec_lua("return require('askedit').status()"))
      nvim:feed(':buffer 1<CR>')
    end
    Product.assert_quiet(nvim)
  end)
end)
