--- A hunk, or a whole change, in a buffer of its own: read, edited, put back with :w, and taken there.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local assert_lines, words, fenced, numbered = Edits.assert_lines, Edits.words, Edits.fenced, Edits.numbered

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9'
local NEW = 'l2 L3 l4 l5 l6 L7 l8'

local function after()
  Session.close_all()
  Peer.close_all()
end

--- An open change to the lines 2 to 8, which differ in the lines 3 and 7; the file is in buffer 1.
local function open_change(options)
  options = options or {}
  local nvim, peer = Edits.start_raw(words(OLD), options)
  local request = Edits.ask(nvim, peer, ':2,8Ask /change<CR>')
  Edits.answer(nvim, request, fenced(options.new or NEW))
  return nvim, peer
end

local function shown(nvim)
  nvim:redraw()
  return nvim:exec_lua("return vim.fn.expand('%:t') .. ': ' .. table.concat(vim.fn.getline(1, '$'), ' ')")
end

local function assert_shown(nvim, text, when) assert.are.equal(text, shown(nvim), when) end

--- The new lines that are shown in the file, whichever buffer is the current one.
local function proposed(nvim)
  nvim:redraw()
  return nvim:exec_lua([[
    local marks, rows = vim.api.nvim_create_namespace('askedit_change'), {}
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(1, marks, 0, -1, { details = true })) do
      for _, chunks in ipairs(mark[4].virt_lines or {}) do
        local row = table.concat(vim.tbl_map(function(chunk) return chunk[1] end, chunks))
        if chunks[1][2]:find('^AskeditAdd') then rows[#rows + 1] = vim.trim(row) end
      end
    end
    return table.concat(rows, ' ')]])
end

local function file(nvim) return table.concat(Product.lines(nvim, 1), ' ') end

local function wait_windows(nvim, count)
  nvim:wait_for(('#vim.api.nvim_list_wins() == %d'):format(count))
end

describe('a hunk that is opened', function()
  after_each(after)

  for name, filetype in pairs({ ['work.py'] = 'python', ['work.lua'] = 'lua', ['work.md'] = 'markdown',
    ['work.txt'] = 'text' }) do
    it('has the file type of its file: ' .. filetype, function()
      local nvim = open_change({ name = name, init = 'vim.cmd("filetype on")' })
      local tick = nvim:exec_lua('return vim.b.changedtick')
      nvim:feed('3Ggl')
      assert_shown(nvim, 'hunk: L3')
      assert.are.same({ filetype, 'acwrite', false, false, false }, nvim:exec_lua([[
        local options = vim.bo
        return { options.filetype, options.buftype, options.modified, options.swapfile, options.modeline }]]))
      assert.are.equal(OLD, file(nvim))
      assert.are.equal(tick, nvim:exec_lua('return vim.api.nvim_buf_get_changedtick(1)'))
      Product.assert_quiet(nvim)
    end)
  end

  it('is put back with :w, and the file stays as it is until it is taken', function()
    local nvim = open_change()
    nvim:feed('3GglAx<CR>more<Esc>')
    assert.are.equal('L3 L7', proposed(nvim))
    nvim:feed(':write<CR>')
    assert.are.equal('L3x more L7', proposed(nvim))
    assert.are.equal(OLD, file(nvim))
    assert.is_false(nvim:exec_lua('return vim.bo.modified'))
    nvim:feed('gh')
    assert.are.equal('l1 l2 L3x more l4 l5 l6 l7 l8 l9', file(nvim))
    wait_windows(nvim, 1)
    assert.are.equal('L7', proposed(nvim))
    nvim:feed('u')
    assert_lines(nvim, OLD)
    nvim:wait('the hunk is not open', function() return proposed(nvim) == 'L3x more L7' end)
    Product.assert_quiet(nvim)
  end)

  -- What is done in its window, what the file is then, and what is proposed.
  local doings = {
    { 'gh', 'l1 l2 L3 l4 l5 l6 l7 l8 l9', 'L7' },
    { 'ccmine<Esc>gh', 'l1 l2 mine l4 l5 l6 l7 l8 l9', 'L7' },
    { 'ccmine<Esc>:Ask /accept<CR>', 'l1 l2 mine l4 l5 l6 l7 l8 l9', 'L7' },
    { 'ccmine<Esc>ZZ', OLD, 'mine L7', 'stays' },
    { 'ccmine<Esc>:wq<CR>', OLD, 'mine L7', 'stays' },
    { 'dd:write<CR>gh', 'l1 l2 l4 l5 l6 l7 l8 l9', 'L7' },
    { 'gH', OLD, 'L7' },
    { ':Ask /reject<CR>', OLD, 'L7' },
    { ':quit<CR>', OLD, 'L3 L7', 'stays' },
    { 'ccmine<Esc>:quit!<CR>', OLD, 'L3 L7', 'stays' },
  }
  for _, case in ipairs(doings) do
    it('can be decided on there, ' .. case[1], function()
      local nvim = open_change()
      nvim:feed('3Ggl' .. case[1])
      wait_windows(nvim, 1)
      assert.are.equal(case[2], file(nvim))
      assert.are.equal(case[3], proposed(nvim))
      if case[4] then
        nvim:feed('3Ggh')
        local taken = case[3]:gsub(' L7', '')
        assert.are.equal((OLD:gsub('l3', taken)), file(nvim), 'taken then')
      end
      Product.assert_quiet(nvim)
    end)
  end

  it('refuses its old text', function()
    local nvim = open_change()
    nvim:feed('3Gglccl3<Esc>:write<CR>')
    nvim:redraw()
    Product.assert_said(nvim, 'this is the old text')
    assert.is_true(nvim:exec_lua('return vim.bo.modified'))
    assert_shown(nvim, 'hunk: l3')
    assert.are.equal('L3 L7', proposed(nvim))
  end)

  -- How the hunk goes while words were typed into its buffer, and what is in the file then.
  local LEAVE = 'ccmine<Esc><C-w>p'
  local losses = {
    ['was taken'] = { '3Ggh', 'l1 l2 L3 l4 l5 l6 l7 l8 l9' },
    ['was rejected'] = { '3GgH', OLD },
    ['was rejected with all others'] = { ':Ask /reject!<CR>', OLD },
    ['was taken with all others'] = { ':Ask /accept!<CR>', 'l1 l2 L3 l4 l5 l6 L7 l8 l9' },
    ['is gone with its buffer'] = { ':edit!<CR>', OLD },
  }
  for name, case in pairs(losses) do
    it('that ' .. name .. ' meanwhile is said to be gone at :w, and no word is lost', function()
      local nvim = open_change()
      nvim:feed('3Ggl' .. LEAVE .. case[1])
      assert.are.equal(case[2], file(nvim))
      nvim:redraw()
      nvim:feed(':messages clear<CR><C-w>p')
      assert_shown(nvim, 'hunk: mine', 'before :w')
      nvim:feed(':write<CR>')
      nvim:redraw()
      Product.assert_said(nvim, 'no longer open: nothing was put back')
      assert_shown(nvim, 'hunk: mine')
      assert.is_true(nvim:exec_lua('return vim.bo.modified'))
      assert.are.equal(case[2], file(nvim))
      nvim:feed(':messages clear<CR>gh')
      nvim:redraw()
      assert.are.equal(case[2], file(nvim), 'after gh there')
      assert_shown(nvim, 'hunk: mine', 'after gh there')
    end)
  end

  for _, keys in ipairs({ '3Ggh', '3GgH', ':Ask /accept!<CR>', ':Ask /reject!<CR>', ':edit!<CR>' }) do
    it('goes where it holds no words of the user, ' .. keys, function()
      local nvim = open_change()
      nvim:feed('3Ggl<C-w>p')
      assert.are.equal(2, #nvim:request('nvim_list_wins'))
      nvim:feed(keys)
      wait_windows(nvim, 1)
      assert.are.equal(1, #nvim:request('nvim_list_bufs'))
    end)
  end

  it('shows the words of the user again where they were not written', function()
    local nvim = open_change()
    nvim:feed('3Gglccmine<Esc><C-w>p3Ggl')
    assert_shown(nvim, 'hunk: mine')
    assert.are.equal(2, #nvim:request('nvim_list_wins'))
    nvim:feed(':write<CR><C-w>pG:3<CR>gl')
    assert_shown(nvim, 'hunk: mine')
    assert.are.equal(2, #nvim:request('nvim_list_wins'))
    Product.assert_quiet(nvim)
  end)

  it('stands beside another one that is open', function()
    local nvim = open_change()
    nvim:feed('3Gglccone<Esc><C-w>p7Gglccseven<Esc>')
    assert.are.equal('L3 L7', proposed(nvim))
    nvim:feed(':wall<CR>')
    assert.are.equal('one seven', proposed(nvim))
    nvim:feed('gh')
    nvim:wait('it is not taken', function() return file(nvim) == 'l1 l2 l3 l4 l5 l6 seven l8 l9' end)
    wait_windows(nvim, 1)
    nvim:feed('3Ggl')
    assert_shown(nvim, 'hunk: one')
    Product.assert_quiet(nvim)
  end)

  it('is the one that is nearest', function()
    local nvim = open_change()
    nvim:feed('Ggl')
    assert_shown(nvim, 'hunk: L7')
    Product.assert_quiet(nvim)
  end)

  it('is whole where it is too tall to be shown, also after it was edited', function()
    local new = numbered(1, 60, 'new')
    local nvim, peer = Edits.start_raw(words(OLD))
    local answer = '```\n' .. table.concat(new, '\n') .. '\n```\n'
    Edits.answer(nvim, Edits.ask(nvim, peer, ':3Ask /change<CR>'), answer)
    nvim:see('more lines')
    assert.is_nil(nvim:text():find('new 55;', 1, true))
    nvim:feed('3Ggl')
    assert.are.same(new, Product.lines(nvim))
    nvim:feed(':55<CR>ccmine<Esc>:write<CR>gh')
    wait_windows(nvim, 1)
    new[55] = 'mine'
    assert_lines(nvim, 'l1 l2 ' .. table.concat(new, ' ') .. ' l4 l5 l6 l7 l8 l9')
    nvim:feed('u')
    assert_lines(nvim, OLD)
    Product.assert_quiet(nvim)
  end)

  it('is a part of a line where that was asked about', function()
    local nvim, peer = Edits.start_raw({ 'one two three' })
    Edits.answer(nvim, Edits.ask(nvim, peer, 'wviw:Ask /change<CR>'), fenced('2'))
    nvim:feed('gl')
    assert_shown(nvim, 'hunk: 2')
    nvim:feed('A!<CR>?<Esc>:write<CR>gh')
    wait_windows(nvim, 1)
    assert.are.same({ 'one 2!', '? three' }, Product.lines(nvim, 1))
    Product.assert_quiet(nvim)
  end)
end)

describe('a whole change that is opened', function()
  after_each(after)

  it('is what would be there, but for what was rejected', function()
    local nvim = open_change()
    nvim:feed('3Ggh7GgHu:Ask /open!<CR>')
    assert_shown(nvim, 'change: l2 L3 l4 l5 l6 l7 l8')
    assert.are.equal('python', nvim:exec_lua('return vim.bo.filetype'))
    assert.are.equal(OLD, file(nvim))
    Product.assert_quiet(nvim)
  end)

  it('is put back with :w, as other hunks', function()
    local nvim = open_change()
    nvim:feed(':Ask /open!<CR>')
    assert_shown(nvim, 'change: ' .. NEW)
    nvim:feed(':3<CR>ccmine<Esc>:6<CR>ccl7<Esc>:write<CR>')
    assert.are.equal(OLD, file(nvim))
    nvim:wait('it is not put back', function() return proposed(nvim) == 'L3 mine' end)
    nvim:feed('gh')
    wait_windows(nvim, 1)
    assert_lines(nvim, 'l1 l2 L3 mine l5 l6 l7 l8 l9')
    nvim:feed('u')
    assert_lines(nvim, OLD)
    nvim:wait('the hunk is not open', function() return proposed(nvim) == 'L3 mine' end)
    Product.assert_quiet(nvim)
  end)

  it('keeps what was taken of it', function()
    local nvim = open_change()
    nvim:feed('3Ggh:Ask /open!<CR>')
    assert_shown(nvim, 'change: ' .. NEW)
    nvim:feed(':4<CR>ccmine<Esc>:write<CR>')
    assert.are.equal('mine L7', proposed(nvim))
    nvim:feed(':Ask /accept<CR>')
    wait_windows(nvim, 1)
    assert_lines(nvim, 'l1 l2 L3 l4 mine l6 L7 l8 l9')
    nvim:feed('u')
    assert_lines(nvim, 'l1 l2 L3 l4 l5 l6 l7 l8 l9')
    nvim:feed('u')
    assert_lines(nvim, OLD)
    nvim:wait('not all is open', function() return proposed(nvim) == 'L3 mine L7' end)
    Product.assert_quiet(nvim)
  end)

  it('says at :w that it is over, and loses nothing', function()
    local nvim = open_change()
    nvim:feed(':Ask /open!<CR>:3<CR>ccmine<Esc><C-w>p:Ask /accept!<CR><C-w>p:write<CR>')
    nvim:redraw()
    Product.assert_said(nvim, 'no longer open: nothing was put back')
    assert_shown(nvim, 'change: l2 L3 mine l5 l6 L7 l8')
    assert.is_true(nvim:exec_lua('return vim.bo.modified'))
    assert.are.equal('l1 l2 L3 l4 l5 l6 L7 l8 l9', file(nvim))
  end)

  it('can only be read while it comes', function()
    local nvim, peer = Edits.start_raw(words(OLD))
    local request = Edits.ask(nvim, peer, ':2,8Ask /change<CR>')
    Edits.begin(request, '```python\nl2\nL3\nl4\nl5\nl6\nL7')
    Edits.arrived(nvim, '```python\nl2\nL3\nl4\nl5\nl6\nL7')
    nvim:feed(':Ask /open!<CR>')
    nvim:redraw()
    assert.are.equal('l2 L3 l4 l5 l6 L7', table.concat(Product.page(nvim, 'askedit://change'), ' '))
    Edits.finish(nvim, request, '\nl8\n```\n')
    assert.are.equal('L3 L7', proposed(nvim))
    Product.assert_quiet(nvim)
  end)
end)
