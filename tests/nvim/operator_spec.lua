--- A prompt as an operator: what a motion went over is sent and replaced, `.` does it again elsewhere, and a
--- macro goes on.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local SWAP = "return { context = 'selection', target = 'replace', template = '{{code}}' }\n"
local MAPS = [[
vim.keymap.set('n', 'gs', function() return require('askedit').operator('swap') end, { expr = true })
vim.keymap.set('n', 'gS', '<Plug>(askedit-operator-swap)')
vim.keymap.set('n', 'gp', '<Plug>(askedit-operator-raw)')
vim.g.went_on = 0
]]

local function after()
  Session.close_all()
  Peer.close_all()
end

local function start(lines, options)
  options = options or {}
  options.prompts, options.name = { ['swap.lua'] = SWAP }, 'work.txt'
  options.init = MAPS .. (options.set and ('vim.cmd(%q)\n'):format('set ' .. options.set) or '')
  return Edits.start(lines, options)
end

local function text(nvim) return table.concat(Product.lines(nvim), '\n') end

local function registers(nvim)
  return nvim:exec_lua([[
    local found = {}
    for _, name in ipairs({ '"', '0', '1', '-', 'z' }) do found[name] = vim.fn.getreginfo(name) end
    return found]])
end

--- Answers the newest request and takes the change.
local function take(nvim, request, answer)
  Edits.answer(nvim, request, '```\n' .. answer .. '\n```\n')
  nvim:feed('gh')
end

--- case: lines, keys with gs in them, sent, answer, result; set = options of Vim
local function check(case)
  local nvim, peer = start(case.lines, { set = case.set })
  local before, own = table.concat(case.lines, '\n'), registers(nvim)
  for _, operator in ipairs({ 'gs', 'gS' }) do
    local request = Edits.ask(nvim, peer, (case.keys:gsub('gs', operator)))
    assert.are.equal(case.sent, Product.words(request))
    Edits.answer(nvim, request, '```\n' .. case.answer .. '\n```\n')
    assert.are.equal(before, text(nvim))
    assert.are.same(own, registers(nvim))
    assert.are.equal('n', nvim:request('nvim_get_mode').mode)
    nvim:feed('gh')
    assert.are.equal(case.result, text(nvim))
    nvim:feed('u')
    assert.are.equal(before, text(nvim))
    nvim:feed(':Ask /reject!<CR>') -- it is open again, and would be in the way of the next one
    assert.are.equal(before, text(nvim))
  end
  Product.assert_quiet(nvim)
end

describe('a motion after the operator', function()
  after_each(after)

  local words = { 'one two', 'three four', '', 'five six' }
  local grid = { 'abcdefgh', 'ab', 'abcdefgh' }
  local cases = {
    ['may be a text object'] = { lines = words, keys = 'gg0wgsiw', sent = 'two', answer = 'A\nB',
      result = 'one A\nB\nthree four\n\nfive six' },
    ['may be a paragraph'] = { lines = words, keys = 'gggsip', sent = 'one two\nthree four\n', answer = 'A',
      result = 'A\n\nfive six' },
    ['may go over lines'] = { lines = words, keys = 'gggsj', sent = 'one two\nthree four\n', answer = 'A\nB',
      result = 'A\nB\n\nfive six' },
    ['may go up'] = { lines = words, keys = 'Ggsk', sent = '\nfive six\n', answer = 'A',
      result = 'one two\nthree four\nA' },
    ['may have a count'] = { lines = words, keys = 'gg2gsj', sent = 'one two\nthree four\n\n', answer = 'A',
      result = 'A\nfive six' },
    ['may be the end of the line'] = { lines = words, keys = 'gg0wgs$', sent = 'two', answer = 'A',
      result = 'one A\nthree four\n\nfive six' },
    ['may go back'] = { lines = words, keys = 'gg$gsb', sent = 'tw', answer = 'A',
      result = 'one Ao\nthree four\n\nfive six' },
    ['may end in another line'] = { lines = words, keys = 'gg0wgs/our<CR>', sent = 'two\nthree f',
      answer = 'A', result = 'one Aour\n\nfive six' },
    ['ends before the break that it comes to'] = { lines = words, keys = 'gg0wgs/^$<CR>',
      sent = 'two\nthree four', answer = 'A', result = 'one A\n\nfive six' },
    ['ends on a wide character'] = { lines = { 'x 名前 y' }, keys = 'gg0gse', sent = 'x 名前', answer = 'A',
      result = 'A y' },
    ['is one wide character'] = { lines = { 'x 名前' }, keys = 'gg$gsl', sent = '前', answer = 'A',
      result = 'x 名A' },
    ['is one wide character before others'] = { lines = { 'x 名前' }, keys = 'gg0wgsl', sent = '名',
      answer = 'A', result = 'x A前' },
    ['is one composed character'] = { lines = { 'ax\204\129 b' }, keys = 'gg0lgsl', sent = 'x\204\129',
      answer = 'A', result = 'aA b' },
    ['ends on a composed character'] = { lines = { 'ax\204\129 b' }, keys = 'gg0gse', sent = 'ax\204\129',
      answer = 'A', result = 'A b' },
    ['is exact with selection=exclusive'] = { lines = words, keys = 'gg0wgsiw', sent = 'two', answer = 'A',
      result = 'one A\nthree four\n\nfive six', set = 'selection=exclusive' },
    ['may find nothing in a line'] = { lines = words, keys = '3Ggsl', sent = '', answer = 'A\nB',
      result = 'one two\nthree four\nA\nB\nfive six' },
    ['may find nothing in the first line'] = { lines = { '', 'a' }, keys = 'gggsl', sent = '', answer = 'A',
      result = 'A\na' },
    ['may be made blockwise'] = { lines = { 'abcd', 'efgh' }, keys = 'gg0lgs<C-v>j', sent = 'b\nf',
      answer = 'X\nY', result = 'aXcd\neYgh' },
    ['may be a block that ends on a short line'] = { lines = grid, keys = 'gg05lgs<C-v>j', sent = 'bcdef\nb',
      answer = 'X\nY', result = 'aXgh\naY\nabcdefgh' },
    ['may be a block that begins on a short line'] = { lines = grid, keys = '3G05lgs<C-v>k',
      sent = 'b\nbcdef', answer = 'X\nY', result = 'abcdefgh\naX\naYgh' },
    ['may be a block over a tab'] = { lines = { 'a\tb', 'abcdefgh' }, keys = '2G03lgs<C-v>k',
      sent = '\t\nbcdefgh', answer = 'X\nY', result = 'aXb\naY' },
    ['may be a block over wide characters'] = { lines = { '名前か', 'abcdef' }, keys = '2G03lgs<C-v>k',
      sent = '前\ncd', answer = 'X\nY', result = '名Xか\nabYef' },
    ['may be a block to the end of lines'] = { lines = { 'abc', 'de' }, keys = 'gg0lgs<C-v>$', sent = 'bc',
      answer = 'X', result = 'aX\nde' },
  }
  for promise, case in pairs(cases) do
    it(promise, function() check(case) end)
  end
end)

describe('the operator again, by .,', function()
  after_each(after)

  local lines = { 'one two', 'three four', '', 'five six' }

  it('sends what stands at the new place, before and after the first is taken', function()
    local nvim, peer = start(lines)
    local first = Edits.ask(nvim, peer, 'gg0gsiw')
    local second = Edits.ask(nvim, peer, 'j.')
    assert.are.same({ 'one', 'three' }, { Product.words(first), Product.words(second) })
    take(nvim, second, 'C')
    nvim:feed('gg')
    take(nvim, first, 'A')
    assert.are.equal('A two\nC four\n\nfive six', text(nvim))
    local third = Edits.ask(nvim, peer, 'Gw.')
    assert.are.equal('six', Product.words(third))
    take(nvim, third, 'F')
    assert.are.equal('A two\nC four\n\nfive F', text(nvim))
    Product.assert_quiet(nvim)
  end)

  it('goes on after u, on what was there before', function()
    local nvim, peer = start(lines)
    take(nvim, Edits.ask(nvim, peer, 'gg0gsiw'), 'A')
    nvim:feed('u')
    assert.are.equal(table.concat(lines, '\n'), text(nvim))
    nvim:feed(':Ask /reject<CR>') -- it is open again
    local request = Edits.ask(nvim, peer, 'gg0.')
    assert.are.equal('one', Product.words(request))
    take(nvim, request, 'B')
    assert.are.equal('B two\nthree four\n\nfive six', text(nvim))
    Product.assert_quiet(nvim)
  end)

  it('keeps a count, and takes another', function()
    local nvim, peer = start({ 'a', 'b', 'c', 'd', 'e', 'f', 'g' })
    local request = Edits.ask(nvim, peer, 'gg2gsj')
    assert.are.equal('a\nb\nc\n', Product.words(request))
    take(nvim, request, 'A\nB\nC')
    request = Edits.ask(nvim, peer, '4G.')
    assert.are.equal('d\ne\nf\n', Product.words(request))
    take(nvim, request, 'D\nE\nF')
    request = Edits.ask(nvim, peer, '5G1.')
    assert.are.equal('E\nF\n', Product.words(request))
  end)

  it('is a block again where it was one, also when the answer came before', function()
    local nvim, peer = start({ 'abcd', 'efgh', 'ijkl', 'mn' })
    take(nvim, Edits.ask(nvim, peer, 'gg0lgs<C-v>j'), 'X\nY')
    local request = Edits.ask(nvim, peer, '3G$.')
    assert.are.equal('jkl\nn', Product.words(request)) -- as y<C-v>j there
    take(nvim, request, '1\n2')
    assert.are.equal('aXcd\neYgh\ni1\nm2', text(nvim))
    Product.assert_quiet(nvim)
  end)

  it('asks again where the answer goes into a split', function()
    local nvim, peer = start(lines, { provider = { dialect = 'openai_chat' } })
    local request = Edits.ask(nvim, peer, 'gg0gpiw')
    assert.are.equal('one', Product.words(request))
    Edits.answer(nvim, request, 'First.')
    request = Edits.ask(nvim, peer, 'j.')
    assert.are.equal('three', Product.words(request))
    Edits.answer(nvim, request, 'Second.')
    assert.are.equal('Second.', Product.answer(nvim, 2)[3])
    assert.are.equal(table.concat(lines, '\n'), text(nvim))
    Product.assert_quiet(nvim)
  end)
end)

describe('a macro with the operator', function()
  after_each(after)

  for target, keys in pairs({ change = 'gsiw', split = 'gpiw' }) do
    it('goes on with its next key: ' .. target, function()
      local nvim, peer = start({ 'one two', 'three four' })
      local went_on = ':let g:went_on += 1<CR>'
      assert.are.equal('one', Product.words(Edits.ask(nvim, peer, 'qagg0' .. keys .. went_on .. 'q')))
      assert.are.equal(1, nvim:exec_lua('return vim.g.went_on'))
      local recorded = nvim:exec_lua("return vim.fn.getreg('a')")
      nvim:exec_lua("vim.fn.setreg('a', (...))", (recorded:gsub('^gg0', 'j0')))
      assert.are.equal('three', Product.words(Edits.ask(nvim, peer, '@a')))
      assert.are.equal(2, nvim:exec_lua('return vim.g.went_on'))
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('an operator', function()
  after_each(after)

  it('that is given up asks nothing', function()
    local nvim, peer = start({ 'one two' })
    nvim:feed('gs<Esc>gsfx')
    nvim:redraw()
    assert.are.equal(0, #peer.connections)
    assert.are.equal('one', Product.words(Edits.ask(nvim, peer, 'gsiw')))
  end)

  it('is refused in a buffer that cannot be changed, before anything is sent', function()
    local nvim, peer = start({ 'one two' })
    nvim:command('setlocal nomodifiable')
    nvim:feed('gsiw')
    Product.assert_said(nvim, "'nomodifiable'")
    assert.are.equal(0, #peer.connections)
  end)
end)
