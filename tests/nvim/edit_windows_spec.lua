--- Changes in odd windows: one that keeps its buffer, a floating one, one beside help or the quickfix list,
-- and the only one.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function windows(nvim)
  return nvim:exec_lua([[
    local list = {}
    for _, win in ipairs(vim.api.nvim_list_wins()) do
      list[#list + 1] = vim.fn.bufname(vim.api.nvim_win_get_buf(win)):match('[^/]*$')
    end
    return list]])
end

--- Proposes B for line 2 of the current window, looks at its hunk and at it whole, takes it and undoes it.
local function change_and_undo(nvim, peer)
  local before = windows(nvim)
  Edits.answer(nvim, Edits.ask(nvim, peer, ':2Ask! better<CR>'), Edits.fenced('B'))
  assert.are.equal('B', Edits.preview(nvim))
  for name, keys in pairs({ hunk = 'gl', change = ':Ask /open!<CR>' }) do
    nvim:feed(keys)
    nvim:wait_for(("vim.fn.bufname() == 'askedit://%s'"):format(name))
    assert.are.same({ 'B' }, Product.lines(nvim))
    nvim:feed(':quit<CR>')
    assert.are.same(before, windows(nvim))
  end
  nvim:feed('gh')
  assert.are.same({ 'a', 'B', 'c' }, Product.lines(nvim))
  nvim:feed('u')
  assert.are.same({ 'a', 'b', 'c' }, Product.lines(nvim))
  assert.are.same(before, windows(nvim))
  Product.assert_quiet(nvim)
end

describe('a change in', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for name, command in pairs({
    ['the only window'] = '',
    ['a window that keeps its buffer'] = "if exists('+winfixbuf') | setlocal winfixbuf | endif",
    ['a window beside help'] = 'help | wincmd p',
    ['a window beside the quickfix list'] = 'copen | wincmd p',
    ['a floating window'] = "lua vim.api.nvim_open_win(0, true, "
      .. "{ relative = 'editor', row = 2, col = 2, width = 40, height = 10 })",
  }) do
    it(name, function()
      local nvim, peer = Edits.start({ 'a', 'b', 'c' })
      nvim:command(command)
      change_and_undo(nvim, peer)
    end)
  end
end)
