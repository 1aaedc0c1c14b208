--- The window of a hunk in odd moments, and hunks at the edge of a window.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local words, fenced, numbered = Edits.words, Edits.fenced, Edits.numbered

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9'
local NEW = 'l2 L3 l4 l5 l6 L7 l8'

local function after()
  Session.close_all()
  Peer.close_all()
end

--- An open change to the lines 2 to 8, which differ in the lines 3 and 7; the file is in buffer 1.
local function open_change(options)
  local nvim, peer = Edits.start_raw(words(OLD), options)
  Edits.answer(nvim, Edits.ask(nvim, peer, ':2,8Ask /change<CR>'), fenced(NEW))
  return nvim, peer
end

local function shown(nvim)
  nvim:redraw()
  return nvim:exec_lua("return vim.fn.expand('%:t') .. ': ' .. table.concat(vim.fn.getline(1, '$'), ' ')")
end

--- What is proposed in the file, which is in another window.
local function proposed(nvim)
  nvim:command('wincmd p')
  nvim:redraw()
  local text = Edits.preview(nvim):gsub('\n', ' ')
  nvim:command('wincmd p')
  return text
end

local function file(nvim) return table.concat(Product.lines(nvim, 1), ' ') end

local function wait_windows(nvim, count)
  nvim:wait_for(('#vim.api.nvim_list_wins() == %d'):format(count))
end

describe('in the window of a hunk', function()
  after_each(after)

  it('gH rejects it also where its old text was typed back', function()
    local nvim = open_change()
    nvim:feed('3Gglccl3<Esc>gH')
    nvim:command('wincmd p')
    nvim:redraw()
    Product.assert_quiet(nvim)
    assert.are.equal('L7', Edits.preview(nvim))
    assert.are.equal(OLD, file(nvim))
  end)

  for keys, text in pairs({ u = 'L3', ['ccmine<Esc>uuu'] = 'L3', ['ccmine<Esc>:edit!<CR>'] = 'L3',
    [':edit<CR>'] = 'L3' }) do
    it('the proposal is still there after ' .. keys, function()
      local nvim = open_change()
      nvim:feed('3Ggl' .. keys)
      assert.are.equal('hunk: ' .. text, shown(nvim))
      assert.is_false(nvim:exec_lua('return vim.bo.modified'))
      assert.are.equal('L3 L7', proposed(nvim))
      nvim:feed('gh')
      wait_windows(nvim, 1)
      assert.are.equal((OLD:gsub('l3', 'L3')), file(nvim))
    end)
  end

  it('the keys are there in Normal mode only', function()
    local nvim = open_change()
    nvim:feed('3Ggl')
    nvim:see('askedit://hunk')
    assert.are.same({ true, '', true, '' }, nvim:exec_lua([[
      local function map(lhs, mode) return vim.fn.maparg(lhs, mode) end
      return { map('gh', 'n') ~= '', map('gh', 'x'), map('gH', 'n') ~= '', map('gH', 'x') }]]))
  end)

  for _, command in ipairs({ 'set', 'setglobal' }) do
    it('it can be edited after :' .. command .. ' nomodifiable', function()
      local nvim = open_change()
      nvim:feed((':%s nomodifiable<CR>3Ggl'):format(command))
      assert.are.equal('hunk: L3', shown(nvim))
      nvim:feed('ccmine<Esc>:write<CR>')
      assert.are.equal('mine L7', proposed(nvim))
      assert.are.equal(OLD, file(nvim))
      Product.assert_quiet(nvim)
    end)
  end

  for _, command in ipairs({ 'write other.txt', 'write! other.txt' }) do
    it('a file is written by :' .. command, function()
      local nvim = open_change()
      nvim:feed(('3Gglccmine<CR>more<Esc>:%s<CR>'):format(command))
      assert.are.equal('hunk: mine more', shown(nvim))
      local handle = assert(io.open(nvim.dir .. '/other.txt'))
      assert.are.equal('mine\nmore\n', handle:read('*a'))
      handle:close()
      assert.are.equal('L3 L7', proposed(nvim))
      assert.is_true(nvim:exec_lua('return vim.bo.modified'))
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('while the command-line window is open', function()
  after_each(after)

  for _, name in ipairs({ 'reject', 'accept' }) do
    it('the window of a hunk stays where its change ends, and goes then: /' .. name, function()
      local nvim = open_change()
      nvim:feed('3Ggl')
      assert.are.equal('hunk: L3', shown(nvim))
      nvim:feed('q:')
      nvim:wait_for("vim.fn.getcmdwintype() == ':'")
      nvim:exec_lua([[
        local name = ...
        vim.api.nvim_buf_call(1, function() require('askedit')[name]({ all = true }) end)
        vim.defer_fn(function() Over = true end, 0)]], name)
      nvim:wait_for('Over')
      assert.are.equal(3, #nvim:request('nvim_list_wins'))
      nvim:feed(':quit<CR>')
      wait_windows(nvim, 1)
      assert.are.equal('work.py', nvim:exec_lua("return vim.fn.expand('%:t')"))
      assert.are.equal(name == 'accept' and OLD:gsub('l3', 'L3'):gsub('l7', 'L7') or OLD, file(nvim))
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('at the last row of a window', function()
  after_each(after)

  -- The first line of a change, below which the new ones come, until the last of them is at the last row.
  for _, first in ipairs({ 14, 18, 21 }) do
    it('what comes is seen, below line ' .. first, function()
      local nvim, peer = Edits.start_raw(numbered(1, 60))
      local request = Edits.ask(nvim, peer, (':%d,%dAsk /change<CR>gg'):format(first, first + 5))
      Edits.begin(request, '```\n')
      for i = 1, 22 - first do
        Edits.more(request, ('new%d'):format(i))
        nvim:see(('new%d'):format(i))
        Edits.more(request, (' word%d'):format(i))
        nvim:see(('word%d'):format(i))
        Edits.more(request, '\n')
      end
    end)
  end

  it('the new lines of a hunk are seen that was gone to', function()
    for _, keys in ipairs({ ']c', ':Ask /next<CR>' }) do
      local nvim, peer = Edits.start_raw(numbered(1, 60), { name = 'work.txt' })
      local new = numbered(1, 60)
      new[22] = 'new22'
      local request = Edits.ask(nvim, peer, ':%Ask /change<CR>gg')
      Edits.answer(nvim, request, '```\n' .. table.concat(new, '\n') .. '\n```\n')
      assert.is_nil(nvim:text():find('new22', 1, true))
      nvim:feed(keys)
      nvim:see('new22')
      nvim:see('gh takes')
      assert.are.equal(22, nvim:request('nvim_win_get_cursor', 0)[1])
    end
  end)
end)
