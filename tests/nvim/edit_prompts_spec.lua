--- Each prompt that writes code, by its name and on a key; and the keys that stop, go on and ask again.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local unpack = rawget(_G, 'unpack') or rawget(table, 'unpack')

local assert_lines = Edits.assert_lines

--- Each prompt on a key, and the edit without one.
local MAPS = [[
for _, mode in ipairs({ 'n', 'x' }) do
  vim.api.nvim_set_keymap(mode, '<F2>', '<Plug>(askedit-edit)', {})
  for i, name in ipairs({ 'refactor', 'fix', 'document', 'simplify', 'generate', 'tests' }) do
    vim.api.nvim_set_keymap(mode, ('<F%d>'):format(i + 2), ('<Plug>(askedit-prompt-%s)'):format(name), {})
  end
end
]]

describe('a built-in prompt', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  -- What is typed in line 2 of three, and what the lines are after the answer B: at the cursor at once, over
  -- lines when it is taken.
  local ways = {
    ['/refactor'] = { ':.Ask /refactor<CR>', 'a B c' }, ['/refactor on a key'] = { 'V<F3>', 'a B c' },
    ['/fix'] = { ':.Ask /fix<CR>', 'a B c' }, ['/fix on a key'] = { 'V<F4>', 'a B c' },
    ['/document'] = { ':.Ask /document<CR>', 'a B c' }, ['/document on a key'] = { 'V<F5>', 'a B c' },
    ['/simplify'] = { ':.Ask /simplify<CR>', 'a B c' }, ['/simplify on a key'] = { 'V<F6>', 'a B c' },
    ['/edit'] = { ':.Ask /edit better<CR>', 'a B c' }, ['edit on a key'] = { 'V<F2>better<CR>', 'a B c' },
    ['/generate'] = { ':Ask /generate more<CR>', 'a b B c' },
    ['generate on a key'] = { '<F7>more<CR>', 'a b B c' },
    ['edit on a key, with nothing selected,'] = { '<F2>more<CR>', 'a b B c' },
  }
  for name, way in pairs(ways) do
    it(name .. ' writes what is taken', function()
      local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { init = MAPS })
      Edits.answer(nvim, Edits.ask(nvim, peer, '2G' .. way[1]), '```\nB\n```')
      if way[2] == 'a B c' then
        assert_lines(nvim, 'a b c')
        nvim:feed('gh')
      end
      assert_lines(nvim, way[2])
      nvim:feed('u')
      assert_lines(nvim, 'a b c')
      Product.assert_quiet(nvim)
    end)
  end

  for name, keys in pairs({ ['/tests'] = ':2Ask /tests<CR>', ['/tests on a key'] = '2GV<F8>' }) do
    it(name .. ' is read in a window', function()
      local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { init = MAPS })
      Edits.answer(nvim, Edits.ask(nvim, peer, keys), '```\nB\n```')
      assert.are.same({ '', '```', 'B', '```' }, { unpack(Product.answer(nvim, 1), 2, 5) })
      assert.are.equal('', Edits.preview(nvim))
      assert_lines(nvim, 'a b c')
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('the keys of a change that still comes', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('stop it, go on with it and ask for it again', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { init = [[
      for key, name in pairs({ ['<F2>'] = 'stop', ['<F3>'] = 'retry', ['<F4>'] = 'continue' }) do
        vim.api.nvim_set_keymap('n', key, ('<Plug>(askedit-%s)'):format(name), {})
      end]] })
    Edits.begin(Edits.ask(nvim, peer, ':2Ask! x<CR>'), '```\nB = ')
    nvim:see('B =')
    nvim:feed('<F2>')
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
    Edits.answer(nvim, Edits.ask(nvim, peer, '<F4>'), '1\n```')
    assert.are.equal('B = 1', Edits.preview(nvim))
    Edits.answer(nvim, Edits.ask(nvim, peer, '<F3>'), '```\nB = 2\n```')
    assert.are.equal('B = 2', Edits.preview(nvim))
    nvim:feed('gh')
    assert.are.same({ 'a', 'B = 2', 'c' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)
end)
