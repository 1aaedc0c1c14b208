--- The keys of hunks: what they walk to, what they take of a selection, how else that is called, and that
--- what they cover is as before.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local assert_lines, words, fenced = Edits.assert_lines, Edits.words, Edits.fenced

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10 l11 l12'
local NEW = 'l1 A l3 l4 l5 B l7 l8 l9 C l11 l12'

local function after()
  Session.close_all()
  Peer.close_all()
end

--- An open change to all lines of a file whose type brings no maps: three hunks, in lines 2, 6 and 10.
local function open_change(options, new)
  options = options or {}
  options.name = 'work.txt'
  local nvim, peer = Edits.start_raw(words(OLD), options)
  if options.user then nvim:exec_lua('vim.cmd(...)', options.user) end
  Edits.answer(nvim, Edits.ask(nvim, peer, ':%Ask /change<CR>'), fenced(new or NEW))
  nvim:feed('gg')
  return nvim, peer
end

local function line(nvim) return nvim:request('nvim_win_get_cursor', 0)[1] end

--- Types keys one after the other; each leaves the cursor in this line, having said this or nothing.
local function assert_walk(nvim, steps)
  for i, step in ipairs(steps) do
    nvim:feed(step[1])
    local when = ('step %d, %s'):format(i, step[1])
    assert.are.equal(step[2], line(nvim), when)
    if step[3] then Product.assert_said(nvim, step[3]) else Product.assert_quiet(nvim) end
    nvim:command('messages clear')
  end
end

--- The maps of the buffer, as 'MODE LHS'.
local MAPS = [[
  local list = {}
  for _, mode in ipairs({ 'n', 'x', 's', 'o', 'i', 'c', 't' }) do
    for _, map in ipairs(vim.api.nvim_buf_get_keymap(0, mode)) do list[#list + 1] = mode .. ' ' .. map.lhs end
  end
  table.sort(list)
  return list
]]
local OURS = { 'n [c', 'n ]c', 'n gH', 'n gh', 'n gl', 'x gH', 'x gh' }

describe('walking from hunk to hunk', function()
  after_each(after)

  it('goes on, goes back, counts and wraps', function()
    local nvim = open_change()
    assert_walk(nvim, {
      { ']c', 2 }, { ']c', 6 }, { ']c', 10 }, { ']c', 2, 'on from the first hunk' },
      { '[c', 10, 'on from the last hunk' }, { '[c', 6 }, { '2[c', 10, 'on from the last hunk' },
      { 'gg2]c', 6 }, { '2]c', 2, 'on from the first hunk' }, { 'G[c', 10 },
      { '3[c', 10, 'on from the last hunk' }, { '8G]c', 10 }, { '8G[c', 6 }, { '6G$]c', 10 }, { '<C-o>', 6 },
      { 'gg100]c', 2, 'on from the first hunk' },
    })
  end)

  it('leaves out what was decided on', function()
    local nvim = open_change()
    assert_walk(nvim, { { '6Ggh', 6 }, { 'gg]c', 2 }, { ']c', 10 }, { 'gH', 10 } })
    assert_walk(nvim, { { 'gg]c', 2 }, { ']c', 2, 'on from the first hunk' }, { 'ugg2]c', 6 } })
  end)

  it('goes to a hunk whose lines were changed, and opens its fold', function()
    local nvim = open_change()
    nvim:feed(':6<CR>ccmine<Esc>:set foldmethod=manual<CR>:5,7fold<CR>')
    assert_walk(nvim, { { '2G]c', 6 } })
    assert.are.equal(-1, nvim:exec_lua('return vim.fn.foldclosed(6)'))
  end)

  it('says that there is none', function()
    local nvim = open_change()
    nvim:feed(':Ask /reject!<CR>:Ask /next<CR>')
    assert.are.equal(1, line(nvim))
    Product.assert_said(nvim, 'there is no open hunk')
  end)

  it('is done by other keys where something else in the buffer has these', function()
    local nvim = open_change({ user = 'nnoremap <buffer> ]c G' })
    assert.are.same({ 'n [h', 'n ]c', 'n ]h', 'n gH', 'n gh', 'n gl', 'x gH', 'x gh' }, nvim:exec_lua(MAPS))
    assert_walk(nvim, { { ']c', 12 }, { '[h', 10 }, { 'gg2]h', 6 } })
    nvim:feed(':Ask /reject!<CR>')
    assert.are.same({ 'n ]c' }, nvim:exec_lua(MAPS))
    assert_walk(nvim, { { 'gg]c', 12 } })
  end)

  -- A map of all buffers, or none, and where the key goes in a window with 'diff'.
  for user, there in pairs({ [''] = 4, ['nnoremap ]c G'] = 12 }) do
    it("is not what the keys do in a window with 'diff', " .. user, function()
      local other = OLD:gsub('l4', 'other'):gsub(' ', '\n') .. '\n'
      local nvim = open_change({ user = user, files = { ['other.txt'] = other } })
      nvim:feed(':vertical diffsplit other.txt<CR><C-w>p')
      assert.are.equal('work.txt', nvim:exec_lua("return vim.fn.expand('%:t')"))
      assert_walk(nvim, { { 'gg]c', there } })
      nvim:feed(':diffoff!<CR>')
      assert_walk(nvim, { { 'gg]c', 2 } })
    end)
  end
end)

-- Parts of hunks --------------------------------------------------------------------------------------------

describe('in Visual mode', function()
  after_each(after)

  local MORE = 'l1 l2 A B C D E l6 l7 l8 l9 X l12' -- for l3 l4 l5, and for l10 l11
  -- What is selected and done, what is there then, and what is open. Of MORE:
  local more = {
    { '3GVgh', 'l1 l2 A l4 l5 l6 l7 l8 l9 l10 l11 l12', 'B C D E X' },
    { '4GVgh', 'l1 l2 l3 B l5 l6 l7 l8 l9 l10 l11 l12', 'A C D E X' },
    { '5GVgh', 'l1 l2 l3 l4 C D E l6 l7 l8 l9 l10 l11 l12', 'A B X' },
    { '3GVjgh', 'l1 l2 A B l5 l6 l7 l8 l9 l10 l11 l12', 'C D E X' },
    { '5GVkgh', 'l1 l2 l3 B C D E l6 l7 l8 l9 l10 l11 l12', 'A X' },
    { '3GV2jgh', 'l1 l2 A B C D E l6 l7 l8 l9 l10 l11 l12', 'X' },
    { 'ggV2jgh', 'l1 l2 A l4 l5 l6 l7 l8 l9 l10 l11 l12', 'B C D E X' },
    { '5GVGgh', 'l1 l2 l3 l4 C D E l6 l7 l8 l9 X l12', 'A B' },
    { '10GVgh', 'l1 l2 l3 l4 l5 l6 l7 l8 l9 X l11 l12', 'A B C D E' },
    { '11GVgh', 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10 l12', 'A B C D E X' },
    { '5GV10Ggh', 'l1 l2 l3 l4 C D E l6 l7 l8 l9 X l11 l12', 'A B' },
    { '4G$vgh', 'l1 l2 l3 B l5 l6 l7 l8 l9 l10 l11 l12', 'A C D E X' },
    { '4G<C-v>jgh', 'l1 l2 l3 B C D E l6 l7 l8 l9 l10 l11 l12', 'A X' },
    { '3GVgH', OLD, 'B C D E X' },
    { '4GVgH', OLD, 'A C D E X' },
    { '5GVGgH', OLD, 'A B' },
    { '4GVgHGVgggh', 'l1 l2 A l4 C D E l6 l7 l8 l9 X l12', '' },
    { ':4Ask /accept<CR>', 'l1 l2 l3 B l5 l6 l7 l8 l9 l10 l11 l12', 'A C D E X' },
    { ':4,11Ask /reject<CR>', OLD, 'A' },
  }
  for _, case in ipairs(more) do
    it('only what is selected is meant, ' .. case[1], function()
      local nvim = open_change(nil, MORE)
      nvim:feed(case[1])
      assert_lines(nvim, case[2])
      nvim:redraw()
      assert.are.equal(case[3], (Edits.preview(nvim):gsub('\n', ' ')))
      assert.are.equal('normal', nvim.mode)
      Product.assert_quiet(nvim)
      nvim:feed(':Ask /accept!<CR>')
      local rest = case[1]:find('gH') or case[1]:find('reject')
      if not rest then assert_lines(nvim, MORE, 'with the rest') end
    end)
  end

  it('a part is one step of undo, and open again after it', function()
    local nvim = open_change(nil, MORE)
    nvim:feed('4GVgh')
    nvim:feed('u')
    assert_lines(nvim, OLD)
    nvim:wait('not all is open', function() return Edits.preview(nvim) == 'A\nB\nC\nD\nE\nX' end)
    nvim:feed('3Ggh')
    assert_lines(nvim, 'l1 l2 A l4 l5 l6 l7 l8 l9 l10 l11 l12')
    nvim:feed('<C-r>')
    assert_lines(nvim, 'l1 l2 A l4 l5 l6 l7 l8 l9 l10 l11 l12', 'after another step')
    Product.assert_quiet(nvim)
  end)

  it('it is said that there is no hunk in the lines', function()
    local nvim = open_change(nil, MORE)
    nvim:feed('7GVjgh')
    assert_lines(nvim, OLD)
    Product.assert_said(nvim, 'no open hunk in these lines')
  end)
end)

-- Other ways to call it -------------------------------------------------------------------------------------

--- What is done by any of its names, the line where that leaves the cursor, the text, and what is open.
local DOINGS = {
  accept = { 6, 'l1 l2 l3 l4 l5 B l7 l8 l9 l10 l11 l12', 'A C' },
  reject = { 6, OLD, 'A C' },
  next = { 10, OLD, 'A B C' },
  prev = { 2, OLD, 'A B C' },
}

local function assert_done(nvim, name)
  local wanted = DOINGS[name]
  assert_lines(nvim, wanted[2])
  assert.are.equal(wanted[1], line(nvim))
  nvim:redraw()
  assert.are.equal(wanted[3], (Edits.preview(nvim):gsub('\n', ' ')))
  Product.assert_quiet(nvim)
end

describe('what a key does is done', function()
  after_each(after)

  local none = { keys = { accept = false, reject = false, open = false, next = false, prev = false } }
  for name in pairs(DOINGS) do
    local lua = ":lua require('askedit').%s()<CR>"
    for _, way in ipairs({ '<Plug>(askedit-%s)', ':Ask /%s<CR>', lua }) do
      it(('by %s as well'):format(way:format(name)), function()
        local nvim = open_change({ settings = none })
        assert.are.same({}, nvim:exec_lua(MAPS))
        nvim:command('nmap <F2> ' .. way:format(name))
        nvim:feed('6G<F2>')
        assert_done(nvim, name)
      end)
    end
  end

  for _, way in ipairs({ '<Plug>(askedit-open)', ':Ask /open<CR>', ":lua require('askedit').open()<CR>" }) do
    it(('by %s as well'):format(way), function()
      local nvim = open_change({ settings = none })
      nvim:command('nmap <F2> ' .. way)
      nvim:feed('6G<F2>')
      assert.are.same({ 'B' }, Product.lines(nvim))
      Product.assert_quiet(nvim)
    end)
  end

  local lua_hunks = ":lua require('askedit').hunks()<CR>"
  for _, way in ipairs({ '<Plug>(askedit-hunks)', ':Ask /hunks<CR>', lua_hunks }) do
    it(('by %s as well'):format(way), function()
      local nvim = open_change({ settings = none })
      nvim:command('nmap <F2> ' .. way)
      nvim:feed('<F2>')
      assert.are.equal(3, nvim:exec_lua('return #vim.fn.getqflist()'))
      Product.assert_quiet(nvim)
    end)
  end

  it('for all of the buffer, or for a range, by Lua', function()
    local nvim = open_change()
    nvim:exec_lua("require('askedit').accept({ range = { 5, 7 } })")
    assert_lines(nvim, 'l1 l2 l3 l4 l5 B l7 l8 l9 l10 l11 l12')
    nvim:exec_lua("require('askedit').reject({ range = { 10, 10 } })")
    nvim:exec_lua("require('askedit').accept({ all = true })")
    assert_lines(nvim, 'l1 A l3 l4 l5 B l7 l8 l9 l10 l11 l12')
    assert.are.same({}, nvim:exec_lua(MAPS))
    Product.assert_quiet(nvim)
  end)

  it('by Lua with a count, and by <Plug> with one', function()
    local nvim = open_change()
    nvim:exec_lua("require('askedit').next({ count = 2 })")
    assert.are.equal(6, line(nvim))
    nvim:exec_lua("require('askedit').prev({ count = 1 })")
    assert.are.equal(2, line(nvim))
    nvim:command('nmap <F2> <Plug>(askedit-next)')
    nvim:feed('2<F2>')
    assert.are.equal(10, line(nvim))
    Product.assert_quiet(nvim)
  end)

  it('by other keys if they are set', function()
    local keys = { accept = 'ga', reject = false, open = '<C-l>', next = '<Down>', prev = '<Up>' }
    local nvim = open_change({ settings = { keys = keys } })
    assert.are.same({ 'n <C-L>', 'n <Down>', 'n <Up>', 'n ga', 'x ga' }, nvim:exec_lua(MAPS))
    assert_walk(nvim, { { '2<Down>', 6 }, { '<Up>', 2 } })
    nvim:feed('gaVGga')
    assert_lines(nvim, NEW)
    assert.are.same({}, nvim:exec_lua(MAPS))
  end)
end)

-- What they cover -------------------------------------------------------------------------------------------

local SCRIPT = [[
let g:hit = ''
function! Hit(word)
  let g:hit = a:word
  return ''
endfunction
function! s:hit(word)
  return Hit(a:word)
endfunction
nnoremap <SID>(hit) :<C-u>call Hit('script')<CR>
xnoremap <SID>(hit) :<C-u>call Hit('script')<CR>
]]

-- How the user has mapped all of these keys, and in which modes.
local LHS = { 'gh', 'gH', 'gl', ']c', '[c', ']h', '[h' }
local COVERED = {
  { "noremap <buffer> LHS :<C-u>call Hit('LHS')<CR>", 'nx' },
  { "nnoremap <buffer> <nowait> LHS :call Hit('LHS')<CR>", 'n' },
  { "xnoremap <buffer> <silent> LHS :<C-u>call Hit('LHS')<CR>", 'x' },
  { "vnoremap <buffer> <expr> LHS Hit('LHS')", 'x' },
  { "nnoremap <buffer> <expr> LHS Hit('LHS')", 'n' },
  { "map <buffer> <silent> LHS :<C-u>call <SID>hit('LHS')<CR>", 'nx' },
  { 'noremap <buffer> <script> LHS <SID>(hit)', 'nx', 'script' },
  { "lua vim.keymap.set({ 'n', 'x' }, 'LHS', function() vim.g.hit = 'LHS' end, "
    .. "{ buffer = 0, desc = 'my' })", 'nx' },
  { "lua vim.keymap.set({ 'n', 'x' }, 'LHS', function() vim.g.hit = 'LHS' return '' end, "
    .. '{ buffer = 0, expr = true, nowait = true })', 'nx' },
}

--- The maps, and all that maparg() says about the keys where it says it so that it can be compared.
local KEPT = MAPS:gsub('return list', [[
  local args = {}
  for _, lhs in ipairs({ 'gh', 'gH', 'gl', ']c', '[c', ']h', '[h' }) do
    for _, mode in ipairs({ 'n', 'x', 's', 'o' }) do
      local map = vim.fn.maparg(lhs, mode, false, true)
      if map.callback then map.callback = tostring(map.callback) end
      args[mode .. ' ' .. lhs] = vim.inspect(map)
    end
  end
  return { list, vim.fn.has('nvim-0.10') == 1 and args or {} }]])

describe('the map that a key covers', function()
  after_each(after)

  for _, case in ipairs(COVERED) do
    it('is as before: ' .. case[1], function()
      local script = SCRIPT
      for _, lhs in ipairs(LHS) do script = script .. case[1]:gsub('LHS', lhs) .. '\n' end
      local nvim, peer = Edits.start_raw(words(OLD), { name = 'work.txt', files = { ['user.vim'] = script } })
      nvim:command('source user.vim')
      local before = nvim:exec_lua(KEPT)
      for _, close in ipairs({ ':Ask /reject!<CR>', '2GghVGgh' }) do
        Edits.answer(nvim, Edits.ask(nvim, peer, ':%Ask /change<CR>'), fenced(NEW))
        nvim:feed('gg' .. close)
        assert.are.same(before, nvim:exec_lua(KEPT))
      end
      assert_lines(nvim, NEW)
      for _, lhs in ipairs(LHS) do
        for mode in case[2]:gmatch('.') do
          nvim:command("let g:hit = ''")
          nvim:feed((mode == 'x' and 'v' or '') .. lhs)
          assert.are.equal(case[3] or lhs, nvim:exec_lua('return vim.g.hit'), mode .. ' ' .. lhs)
          nvim:feed('<Esc>')
        end
      end
      assert_lines(nvim, NEW)
    end)
  end

  it('is ours as long as the change is open', function()
    local nvim = open_change()
    assert.are.same(OURS, nvim:exec_lua(MAPS))
    nvim:feed('2GghggVGgH')
    assert.are.same({}, nvim:exec_lua(MAPS))
    nvim:feed('u')
    nvim:wait_for("vim.fn.maparg('gh', 'n') ~= ''")
    assert.are.same(OURS, nvim:exec_lua(MAPS))
    nvim:feed('<C-r>')
    nvim:wait_for("vim.fn.maparg('gh', 'n') == ''")
    assert.are.same({}, nvim:exec_lua(MAPS))
    Product.assert_quiet(nvim)
  end)
end)
