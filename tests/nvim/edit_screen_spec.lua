--- A change can be read before it is taken: at the edges of windows, in folds, in narrow windows, as a whole.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function after()
  Session.close_all()
  Peer.close_all()
end

local numbered, row_of = Edits.numbered, Edits.row_of

local function text_of(lines) return table.concat(lines, '\n') end

--- The lines of the screen without its first `margin` columns, joined: what was broken is whole again.
local function joined(nvim, margin)
  local rows = {}
  for i, line in ipairs(nvim:screen()) do rows[i] = line:sub((margin or 0) + 1) end
  return table.concat(rows)
end

local function assert_on_screen(nvim, text, margin)
  nvim:redraw()
  assert.is_truthy(joined(nvim, margin):find(text, 1, true), text .. ' is not on:\n' .. nvim:text())
end

local function assert_not_on_screen(nvim, text)
  nvim:redraw()
  assert.is_nil(nvim:text():find(text, 1, true), nvim:text())
end

local function answered(lines, keys, text, options)
  local nvim, peer = Edits.start(lines, options)
  local request = Edits.ask(nvim, peer, keys)
  Edits.answer(nvim, request, text)
  return nvim, peer
end

describe('a hunk of 200 lines in a window of 22', function()
  after_each(after)

  it('says how much there is, and is one key away as a whole', function()
    local new = numbered(1, 200)
    local nvim = answered(numbered(1, 5, 'old'), '3GV:Ask! more<CR>', text_of(new))
    assert_on_screen(nvim, 'line 1;')
    assert_on_screen(nvim, 'more lines · gl opens')
    assert_on_screen(nvim, 'old 4;')
    nvim:feed('gl100Gzz')
    nvim:see('line 100;')
    assert.are.same(new, Product.lines(nvim))
    assert.are.equal('python', nvim:exec_lua('return vim.b.current_syntax'))
    nvim:feed('<C-w>p')
    assert.are.same(numbered(1, 5, 'old'), Product.lines(nvim))
    nvim:feed('gh')
    assert.are.equal(204, #Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('can be read as far as it has come', function()
    local nvim, peer = Edits.start(numbered(1, 5, 'old'))
    local request = Edits.ask(nvim, peer, '3GV:Ask! more<CR>')
    Edits.begin(request, '```\n' .. text_of(numbered(1, 120)))
    nvim:see('line 120;')
    assert_on_screen(nvim, '… 110 lines above')
    assert_not_on_screen(nvim, 'line 110;')
    nvim:feed(':Ask /open<CR><C-w>j100Gzz')
    nvim:see('line 100;')
    assert.are.same(numbered(1, 120), Product.lines(nvim))
    Edits.finish(nvim, request)
    Product.assert_quiet(nvim)
  end)
end)

describe('a change that is read in a window of its own', function()
  after_each(after)

  for command, lines in pairs({ accept = { 'a', 'B', 'c' }, reject = { 'a', 'b', 'c' } }) do
    for _, keys in ipairs({ 'gl', ':Ask /open!<CR>' }) do
      it(('by %s is over with /%s there, and so is the window'):format(keys, command), function()
        local nvim, peer = Edits.start({ 'a', 'b', 'c' })
        local buf = nvim:exec_lua('return vim.api.nvim_get_current_buf()')
        Edits.answer(nvim, Edits.ask(nvim, peer, ':2Ask! x<CR>'), 'B')
        nvim:feed(keys)
        assert.are.same({ 'B' }, Product.lines(nvim))
        nvim:feed((':Ask /%s<CR>'):format(command))
        assert.are.same(lines, Product.lines(nvim, buf))
        nvim:unsee('gh takes')
        nvim:wait_for("vim.fn.winnr('$') == 1")
        assert.are.equal(buf, nvim:exec_lua('return vim.api.nvim_get_current_buf()'))
        Product.assert_quiet(nvim)
      end)
    end
  end

  it('holds all hunks of it with /open!, and one with gl', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    local buf = nvim:exec_lua('return vim.api.nvim_get_current_buf()')
    Edits.answer(nvim, Edits.ask(nvim, peer, ':%Ask! x<CR>'), 'A\nb\nC')
    nvim:feed('Ggl')
    assert.are.same({ 'C' }, Product.lines(nvim))
    nvim:feed('<C-w>p:Ask /open!<CR>')
    assert.are.same({ 'A', 'b', 'C' }, Product.lines(nvim))
    nvim:feed(':Ask /accept<CR>')
    assert.are.same({ 'A', 'b', 'C' }, Product.lines(nvim, buf))
    nvim:unsee('gh takes')
    Product.assert_quiet(nvim)
  end)
end)

describe('a new line', function()
  after_each(after)

  it('with control characters shows them as ?, and has them when it is taken', function()
    local text = 'x\27[31my\7z\127'
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    local request = Edits.ask(nvim, peer, ':2Ask! x<CR>')
    Edits.begin(request, '```\n' .. text)
    nvim:see('x?[31my?z?')
    Edits.finish(nvim, request, '\n```')
    assert.are.equal('x?[31my?z?', Edits.preview(nvim))
    nvim:feed('gh')
    assert.are.same({ 'a', text, 'c' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('is coloured to the edge of the window, wide characters or not', function()
    local text = '```\nB\n汉字\n\tx\n' .. ('汉'):rep(25) .. '\n```'
    local nvim = answered({ 'a', 'b', 'c' }, ':2Ask! x<CR>', text, { cols = 40 })
    assert.are.same({ 40, 40, 40, 40, 40 }, nvim:exec_lua([[
      local marks, widths = vim.api.nvim_create_namespace('askedit_change'), {}
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, marks, 0, -1, { details = true })) do
        for _, chunks in ipairs(mark[4].virt_lines or {}) do
          if chunks[1][2] == 'AskeditAdd' then widths[#widths + 1] = vim.fn.strdisplaywidth(chunks[1][1]) end
        end
      end
      return widths]]))
    Product.assert_quiet(nvim)
  end)
end)

describe('a line that is wider than the window', function()
  after_each(after)

  local WIDE = 'set number signcolumn=yes'
  local texts = {
    ['of digits'] = ('0123456789'):rep(10) .. 'END',
    ['of wide characters'] = ('汉'):rep(60) .. 'END',
    ['of both'] = ('0汉'):rep(40) .. 'END',
  }
  for name, text in pairs(texts) do
    it(name .. ' is broken, and again after a resize', function()
      local nvim = answered({ 'a', 'b', 'c' }, '2GV:Ask! x<CR>', text, { cols = 40,
        init = ('vim.cmd(%q)'):format(WIDE) })
      assert_on_screen(nvim, text, 6)
      for _, cols in ipairs({ 33, 60, 40 }) do
        nvim:request('nvim_ui_try_resize', cols, 24)
        nvim:see(function() return joined(nvim, 6):find(text, 1, true) end)
      end
      nvim:feed('gh')
      assert.are.same({ 'a', text, 'c' }, Product.lines(nvim))
    end)
  end

  it('with tabs shows all of its words', function()
    local text = ('word\t'):rep(12) .. 'END'
    local nvim = answered({ 'a', 'b', 'c' }, '2GV:Ask! x<CR>', text, { cols = 40,
      init = ('vim.cmd(%q)'):format(WIDE) })
    local rows = Edits.preview(nvim)
    assert.are.equal((text:gsub('\t', '')), (rows:gsub('%s', '')))
    for row in (rows .. '\n'):gmatch('(.-)\n') do
      assert.is_true(#row <= 34, row)
      assert_on_screen(nvim, row)
    end
    nvim:feed('gh')
    assert.are.same({ 'a', text, 'c' }, Product.lines(nvim))
  end)

  it('is broken as well while it streams', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { cols = 40, init = ('vim.cmd(%q)'):format(WIDE) })
    local request = Edits.ask(nvim, peer, '2GV:Ask! x<CR>')
    Edits.begin(request, '```\n' .. ('汉'):rep(60) .. 'END')
    nvim:see('END')
    assert_on_screen(nvim, ('汉'):rep(60) .. 'END', 6)
  end)

  it('shows its newest while it still comes', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    local request = Edits.ask(nvim, peer, ':2Ask! x<CR>')
    Edits.begin(request, '```\n' .. ('x'):rep(5000))
    nvim:see('xxxx')
    Edits.more(request, 'END')
    nvim:see('END')
    Edits.finish(nvim, request)
    nvim:feed('gh')
    assert.are.same({ 'a', ('x'):rep(5000) .. 'END', 'c' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('stays readable when the columns beside the text grow', function()
    local text = ('0123456789'):rep(10) .. 'END'
    local nvim = answered({ 'a', 'b', 'c' }, '2GV:Ask! x<CR>', text, { cols = 40 })
    assert_on_screen(nvim, text)
    nvim:feed(':set number signcolumn=yes<CR>')
    nvim:see(function() return joined(nvim, 6):find(text, 1, true) end)
  end)

  it('is begun even where it does not fit', function()
    local text = ('0123456789'):rep(300)
    local nvim = answered({ 'a', 'b', 'c' }, '2GV:Ask! x<CR>', text)
    assert_on_screen(nvim, ('0123456789'):rep(10))
    assert_on_screen(nvim, 'gl opens')
    nvim:feed('gl')
    assert.are.same({ text }, Product.lines(nvim))
  end)

  it('is shown where a window without wrap is scrolled sideways', function()
    local long = ('b'):rep(100)
    local nvim, peer = Edits.start({ 'a', long, 'c' }, { init = 'vim.o.wrap = false' })
    nvim:feed('2G90|')
    local request = Edits.ask(nvim, peer, ':.Ask! x<CR>')
    nvim:feed('90|')
    Edits.answer(nvim, request, 'START ' .. ('0123456789'):rep(10) .. 'END')
    assert_on_screen(nvim, 'START')
    assert_on_screen(nvim, 'END')
  end)
end)

describe('at the edge of a window or a buffer', function()
  after_each(after)

  it('lines before the first line are seen', function()
    local nvim = answered({ 'a', 'b' }, 'ggV:Ask! x<CR>', 'first;\nsecond;\na')
    nvim:redraw()
    assert.is_true(row_of(nvim, 'first;') < row_of(nvim, 'second;'))
    assert.are.equal('a', nvim:screen()[row_of(nvim, 'gh takes') + 1])
    nvim:feed('gh')
    assert.are.same({ 'first;', 'second;', 'a', 'b' }, Product.lines(nvim))
  end)

  it('lines after the last line are seen, in a file that fills the window', function()
    local old = numbered(1, 100, 'old')
    local nvim, peer = Edits.start(old)
    local request = Edits.ask(nvim, peer, 'GV:Ask! x<CR>')
    nvim:see('waiting')
    Edits.begin(request, '```\n' .. text_of(numbered(1, 8)))
    nvim:see('line 8;')
    Edits.finish(nvim, request)
    assert_on_screen(nvim, 'line 1;')
    assert_on_screen(nvim, 'line 8;')
    assert_on_screen(nvim, 'gh takes')
    assert_on_screen(nvim, 'old 100;')
    nvim:feed('gh')
    assert.are.equal(107, #Product.lines(nvim))
  end)

  it('a change to the last line of the window is seen', function()
    local nvim = answered(numbered(1, 100, 'old'), 'LV:Ask! x<CR>', text_of(numbered(1, 8)))
    assert_on_screen(nvim, 'line 8;')
    assert_on_screen(nvim, 'gh takes')
    Product.assert_quiet(nvim)
  end)

  it('the newest lines and the status are seen in a low window', function()
    local nvim, peer = Edits.start(numbered(1, 5, 'old'), { rows = 10 })
    local request = Edits.ask(nvim, peer, '3GV:Ask! x<CR>')
    Edits.begin(request, '```\n' .. text_of(numbered(1, 30)))
    nvim:see('line 30;')
    assert_on_screen(nvim, 'old 3;')
    assert_on_screen(nvim, '30 lines · spec-model · receiving')
    Edits.finish(nvim, request)
    Product.assert_quiet(nvim)
  end)

  it('a window of one line has the whole text one key away', function()
    local keys = ':split<CR><C-w>_3GV:Ask! x<CR>'
    local nvim = answered(numbered(1, 5, 'old'), keys, text_of(numbered(1, 3)))
    nvim:feed(':resize 1<CR>gl')
    nvim:see('line 3;')
    assert.are.same(numbered(1, 3), Product.lines(nvim))
    nvim:feed('<C-w>pgh')
    assert.are.equal(7, #Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('a window of one line without room for another has it in a tab page', function()
    local keys = ':set noequalalways<CR>:split<CR><C-w>_3GV:Ask! x<CR>'
    local nvim = answered(numbered(1, 5, 'old'), keys, text_of(numbered(1, 3)))
    nvim:feed(':resize 1<CR>:tab Ask /open<CR>')
    nvim:see('line 3;')
    assert.are.same(numbered(1, 3), Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)
end)

describe('a change in closed folds', function()
  after_each(after)

  it('is seen, and other folds stay closed', function()
    local keys = ':2,4fold<CR>:8,9fold<CR>:3,4Ask! x<CR>'
    local nvim = answered(numbered(1, 12, 'old'), keys, 'line 3;\nline 4;')
    assert_on_screen(nvim, 'line 3;')
    assert_on_screen(nvim, 'line 4;')
    assert_on_screen(nvim, 'old 3;')
    assert.are.same({ -1, 8 }, nvim:exec_lua('return { vim.fn.foldclosed(3), vim.fn.foldclosed(9) }'))
  end)
end)

describe('the line at a change', function()
  after_each(after)

  it('has the model, the seconds, the size and the keys', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    local request = Edits.ask(nvim, peer, '2GV:Ask! x<CR>')
    nvim:see(':Ask /stop stops')
    Edits.begin(request, '```\nB\nB2\n')
    nvim:see('2 lines · spec-model · receiving · :Ask /stop stops')
    Edits.finish(nvim, request, '```')
    nvim:see('gh takes · gH rejects · gl opens · 1 hunk · spec-model · ')
    local row = row_of(nvim, 'gh takes')
    assert.is_truthy(nvim:screen()[row]:find('· %d+%.%d s$'))
    assert.are.equal('b\nB\nB2', table.concat(nvim:screen(), '\n', row - 3, row - 1))
    assert.are.equal('c', nvim:screen()[row + 1])
  end)

  it('names the keys that there are', function()
    local nvim = answered({ 'a', 'b' }, '2GV:Ask! x<CR>', 'B', { settings = { keys = { accept = '<Space>y',
      reject = false } } })
    assert_on_screen(nvim, '<Space>y takes · gl opens · 1 hunk')
    assert_not_on_screen(nvim, 'rejects')
  end)

  it('names the commands where there are no keys', function()
    local nvim = answered({ 'a', 'b' }, '2GV:Ask! x<CR>', 'B', { settings = { keys = { accept = false,
      reject = false, open = false } } })
    assert_on_screen(nvim, ':Ask /accept, /reject, /open · 1 hunk')
  end)
end)

describe('a buffer in two windows', function()
  after_each(after)

  it('shows all of a line in both', function()
    local text = ('0123456789'):rep(8) .. 'END'
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    nvim:feed(':vsplit<CR>:vertical resize 50<CR>')
    Edits.answer(nvim, Edits.ask(nvim, peer, '2GV:Ask! x<CR>'), text)
    for _ = 1, 2 do
      nvim:redraw()
      local left, right = {}, {}
      for i, line in ipairs(nvim:screen()) do
        left[i], right[i] = line:match('^(.-) *│(.*)$')
      end
      assert.is_truthy(table.concat(left):find(text, 1, true), nvim:text())
      assert.is_truthy(table.concat(right):find(text, 1, true), nvim:text())
      nvim:feed('<C-w>w')
    end
  end)
end)
