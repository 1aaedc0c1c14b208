--- The keys of a change: in its buffer alone, as long as it is open, and what they covered is as before then.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function after()
  Session.close_all()
  Peer.close_all()
end

--- In a file whose type brings no maps.
local function started(options)
  options = options or {}
  options.name = 'work.txt'
  return Edits.start({ 'a', 'b', 'c', 'd' }, options)
end

--- Proposes B for line 2, or for the line of `keys`.
local function propose(nvim, peer, keys, text)
  Edits.answer(nvim, Edits.ask(nvim, peer, keys or '2GV:Ask! x<CR>'), text or 'B')
end

--- All maps of a buffer, as 'MODE LHS'; a list that can be compared.
local function maps(nvim, buf)
  return nvim:exec_lua([[
    local list = {}
    for _, mode in ipairs({ 'n', 'x', 's', 'o', 'i', 'c', 't', 'l' }) do
      for _, map in ipairs(vim.api.nvim_buf_get_keymap(..., mode)) do
        list[#list + 1] = mode .. ' ' .. map.lhs
      end
    end
    table.sort(list)
    return list
  ]], buf or 0)
end

local OURS = { 'n [c', 'n ]c', 'n gH', 'n gh', 'n gl', 'x gH', 'x gh' }

describe('keys of a change', function()
  after_each(after)

  it('are there while it is open, in its buffer', function()
    local nvim, peer = started()
    local before, other = maps(nvim), nvim:request('nvim_create_buf', true, false)
    local request = Edits.ask(nvim, peer, '2GV:Ask! x<CR>')
    assert.are.same(OURS, maps(nvim))
    Edits.answer(nvim, request, 'B')
    assert.are.same(OURS, maps(nvim))
    assert.are.same({}, maps(nvim, other))
    nvim:feed('gH')
    assert.are.same(before, maps(nvim))
    Product.assert_quiet(nvim)
  end)

  it('go with the last of several changes', function()
    local nvim, peer = started()
    propose(nvim, peer)
    propose(nvim, peer, '4GV:Ask! x<CR>', 'D')
    nvim:feed('gh')
    assert.are.same({ 'a', 'b', 'c', 'D' }, Product.lines(nvim))
    assert.are.same(OURS, maps(nvim))
    nvim:feed('gggh')
    assert.are.same({ 'a', 'B', 'c', 'D' }, Product.lines(nvim))
    assert.are.same({}, maps(nvim))
    Product.assert_quiet(nvim)
  end)

  it('go with an answer of which nothing can be made', function()
    local nvim, peer = started()
    propose(nvim, peer, nil, 'b')
    assert.are.same({}, maps(nvim))
  end)

  it('can be others, or none', function()
    local keys = { accept = '<leader>y', reject = '<C-Space>', open = false }
    keys.next, keys.prev = '<leader>n', false
    local nvim, peer = started({ settings = { keys = keys }, init = "vim.g.mapleader = ','" })
    propose(nvim, peer)
    assert.are.same({ 'n ,n', 'n ,y', 'n <C-Space>', 'x ,y', 'x <C-Space>' }, maps(nvim))
    nvim:feed(',y')
    assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
    propose(nvim, peer, '1GV:Ask! x<CR>', 'A')
    nvim:feed('<C-Space>')
    assert.are.same({}, maps(nvim))
    assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
  end)

  it('let Neovim\'s own keys alone', function()
    local nvim, peer = started()
    propose(nvim, peer)
    for _, map in ipairs(maps(nvim)) do
      local lhs = map:match('^%a (.*)$')
      assert.is_nil(lhs:find('^<[Ee][Ss][Cc]>') or lhs:find('^<[Tt]ab>') or lhs:find('^<C%-[I%[]>')
        or lhs:find('^d'), map)
      assert.is_truthy(map:find('^[nx] '), map)
    end
    nvim:feed('1Gdd')
    assert.are.same({ 'b', 'c', 'd' }, Product.lines(nvim))
  end)

  it('are not there before, and never for all buffers', function()
    local nvim, peer = started()
    local function global()
      return nvim:exec_lua([[
        local list = {}
        for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
          if not map.lhs:find('^<Plug>') then list[#list + 1] = map.lhs end
        end
        return list]])
    end
    local before = global()
    propose(nvim, peer)
    assert.are.same(before, global())
  end)

  it('do not wait for a longer map of all buffers', function()
    local longer = "vim.o.timeout = false vim.api.nvim_set_keymap('n', 'ghx', '<Nop>', {})"
    local nvim, peer = started({ init = longer })
    propose(nvim, peer)
    nvim:feed('gh')
    assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('that are <Plug> maps do the same', function()
    local keys = { accept = false, reject = false, open = false }
    local nvim, peer = started({ settings = { keys = keys }, init = [[
      vim.api.nvim_set_keymap('n', '<F2>', '<Plug>(askedit-accept)', {})
      vim.api.nvim_set_keymap('n', '<F3>', '<Plug>(askedit-reject)', {})
      vim.api.nvim_set_keymap('n', '<F4>', '<Plug>(askedit-open)', {})]] })
    propose(nvim, peer)
    nvim:feed('<F4>')
    assert.are.same({ 'B' }, Product.page(nvim, 'hunk'))
    nvim:feed('<F2>')
    nvim:wait_for("vim.fn.winnr('$') == 1")
    assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
    propose(nvim, peer, '1GV:Ask! x<CR>', 'A')
    nvim:feed('<F3>')
    nvim:redraw()
    assert.are.equal('', Edits.preview(nvim))
    assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
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
function! s:say()
  return ":call Hit('expr')\<CR>"
endfunction
nnoremap <SID>(hit) :call Hit('script')<CR>
nnoremap <Plug>(user-hit) :call Hit('plug')<CR>
]]

local COVERED = {
  ['of the user'] = { "nnoremap <buffer> gh :call Hit('own')<CR>", 'own' },
  ['with bars and specials'] = { "nnoremap <buffer> gh :call Hit('a<Bar>b<lt>Esc>')<CR>", 'a|b<Esc>' },
  ['that is mapped again'] = { 'nmap <buffer> gh <Plug>(user-hit)', 'plug' },
  ['that is an expression'] = { "nnoremap <buffer> <expr> gh Hit('expr')", 'expr' },
  ['that is an expression of a script'] = { 'nnoremap <buffer> <silent> <expr> gh <SID>say()', 'expr' },
  ['of a function of a script'] = { "nnoremap <buffer> <silent> gh :call <SID>hit('sid')<CR>", 'sid' },
  ['that only its script may map again'] = { 'nnoremap <buffer> <script> gh <SID>(hit)', 'script' },
  ['that does not wait'] = { "nnoremap <buffer> <nowait> gh :call Hit('now')<CR>", 'now' },
  ['of Lua'] = { "lua vim.keymap.set('n', 'gh', function() vim.g.hit = 'lua' end, "
    .. "{ buffer = 0, desc = 'mine' })", 'lua' },
  ['of Lua that is an expression'] = { "lua vim.keymap.set('n', 'gh', function() return \":call "
    .. "Hit('keys')\\r\" end, { buffer = 0, expr = true })", 'keys' },
  ['of several modes'] = { "noremap <buffer> gh :call Hit('modes')<CR>", 'modes' },
}

--- Keeps what maparg() says, and tells later how it differs.
local KEEP = "Before = vim.fn.maparg('gh', 'n', false, true)"
local DIFFERENCE = [[
  local now, list = vim.fn.maparg('gh', 'n', false, true), {}
  for key, value in pairs(vim.tbl_extend('keep', vim.deepcopy(now), Before)) do
    if not vim.deep_equal(now[key], Before[key]) then
      list[#list + 1] = ('%s: %s, was %s'):format(key, vim.inspect(now[key]), vim.inspect(Before[key]))
    end
  end
  return list
]]

describe('a map that was covered', function()
  after_each(after)

  local function covered(map)
    local nvim, peer = started({ files = { ['user.vim'] = SCRIPT .. map .. '\n' } })
    nvim:command('source user.vim')
    nvim:exec_lua(KEEP)
    local before = maps(nvim)
    propose(nvim, peer)
    return nvim, before
  end

  for name, case in pairs(COVERED) do
    it(name .. ' is as before', function()
      local nvim, before = covered(case[1])
      nvim:feed('gh')
      assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
      assert.are.equal('', nvim:exec_lua('return vim.g.hit'))
      nvim:feed('gh')
      assert.are.equal(case[2], nvim:exec_lua('return vim.g.hit'))
      assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
      assert.are.same(before, maps(nvim))
      if nvim:exec_lua("return vim.fn.has('nvim-0.10')") == 1 then
        assert.are.same({}, nvim:exec_lua(DIFFERENCE))
      end
      Product.assert_quiet(nvim)
    end)
  end

  it('is as before after a second change too', function()
    local nvim, peer = started({ files = { ['user.vim'] = SCRIPT .. COVERED['of the user'][1] .. '\n' } })
    nvim:command('source user.vim')
    for _ = 1, 2 do
      propose(nvim, peer)
      nvim:feed('gHgh')
      assert.are.equal('own', nvim:exec_lua('return vim.g.hit'))
      nvim:command("let g:hit = ''")
    end
  end)

  it('is left alone where somebody has mapped over ours', function()
    local nvim, before = covered(COVERED['of the user'][1])
    nvim:command("nnoremap <buffer> gh :call Hit('theirs')<CR>")
    nvim:feed('gH')
    assert.are.same(before, maps(nvim))
    nvim:feed('gh')
    assert.are.equal('theirs', nvim:exec_lua('return vim.g.hit'))
    Product.assert_quiet(nvim)
  end)

  it('is not made where somebody has taken ours away', function()
    local nvim, peer = started()
    propose(nvim, peer)
    nvim:command('nunmap <buffer> gh')
    nvim:feed(':Ask /accept<CR>')
    assert.are.same({ 'a', 'B', 'c', 'd' }, Product.lines(nvim))
    assert.are.same({}, maps(nvim))
    Product.assert_quiet(nvim)
  end)

  it('of several modes is left alone in those that somebody has mapped anew', function()
    local nvim = covered(COVERED['of several modes'][1])
    nvim:command("xnoremap <buffer> gh :call Hit('theirs')<CR>")
    nvim:feed('gHgh')
    assert.are.equal('modes', nvim:exec_lua('return vim.g.hit'))
    nvim:feed('vgh')
    assert.are.equal('theirs', nvim:exec_lua('return vim.g.hit'))
  end)

  it('is as before once the answer could not come', function()
    local nvim, peer = started({ files = { ['user.vim'] = SCRIPT .. COVERED['of the user'][1] .. '\n' } })
    nvim:command('source user.vim')
    local request = Edits.ask(nvim, peer, '2GV:Ask! x<CR>')
    request.conn:write(Peer.response(400, '{"error":{"message":"no"}}'))
    nvim:event('AskeditError')
    nvim:feed('gh')
    assert.are.equal('own', nvim:exec_lua('return vim.g.hit'))
  end)
end)
