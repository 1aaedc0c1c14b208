--- Exactly what is selected is sent and replaced, whatever kind of selection it is: the bytes around it are
-- on the disk afterwards as they were before, and one u puts the selected ones back.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local SWAP = "return { description = 'only the code', target = 'replace', template = '{{code}}' }\n"
local MAP = "vim.keymap.set('x', '<F2>', '<Plug>(askedit-prompt-swap)')\n"

local function written(nvim, keys)
  nvim:feed(keys .. ':silent write!<CR>')
  nvim:redraw()
  local file = assert(io.open(nvim.dir .. '/work.txt', 'rb'))
  local bytes = file:read('*a')
  file:close()
  return bytes
end

--- case: text, keys, sent, answer, result; set = options of Vim
local function check(case, way)
  local set = case.set and ('vim.cmd(%q)'):format('set ' .. case.set) or ''
  local init = MAP .. 'vim.o.fixendofline = false\n' .. set
  local nvim, peer = Edits.start(nil, { name = 'work.txt', text = case.text, init = init,
    prompts = { ['swap.lua'] = SWAP } })
  nvim:exec_lua("vim.fn.setreg('a', 'mine') vim.fn.setreg('\"', 'own')")
  local request = Edits.ask(nvim, peer, case.keys .. way)
  assert.are.equal(case.sent, Product.words(request))
  local tick = nvim:exec_lua('return vim.b.changedtick')
  Edits.answer(nvim, request, '```python\n' .. case.answer .. '\n```\n')
  assert.are.equal(tick, nvim:exec_lua('return vim.b.changedtick'))
  assert.are.equal(case.result, written(nvim, 'gh'))
  assert.are.equal(case.text, written(nvim, 'u'))
  assert.are.same({ 'mine', 'own', false }, nvim:exec_lua(
    "return { vim.fn.getreg('a'), vim.fn.getreg('\"'), vim.bo.modified }"))
  Product.assert_quiet(nvim)
end

local function cases(list)
  for _, case in ipairs(list) do
    for name, way in pairs({ map = '<F2>', command = ':Ask /swap<CR>' }) do
      it(('%s, by a %s'):format(case[1], name), function() check(case, way) end)
    end
  end
end

describe('a change to', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  local three = 'one two\nthree four\nfive six\n'
  cases({
    { 'characters of a line', text = three, keys = 'wviw', sent = 'two', answer = 'TWO',
      result = 'one TWO\nthree four\nfive six\n' },
    { 'characters over lines', text = three, keys = 'wvjE', sent = 'two\nthree four', answer = 'A\nB\nC',
      result = 'one A\nB\nC\nfive six\n' },
    { 'characters, by a text that is empty but for a line', text = three, keys = 'wviw', sent = 'two',
      answer = 'a\n', result = 'one a\n\nthree four\nfive six\n' },
    { 'the first character', text = three, keys = 'v', sent = 'o', answer = 'O',
      result = 'One two\nthree four\nfive six\n' },
    { 'the last character', text = three, keys = 'G$v', sent = 'x', answer = 'X\nY',
      result = 'one two\nthree four\nfive siX\nY\n' },
    { 'wide characters', text = 'let 名前 = "é"\n', keys = '5|vl', sent = '名前', answer = 'name',
      result = 'let name = "é"\n' },
    { 'a composed character', text = 'xe\204\129y\n', keys = 'lv', sent = 'e\204\129', answer = 'E',
      result = 'xEy\n' },
    { 'wide characters, by several lines', text = 'let 名前 = "é"\n', keys = '5|vl', sent = '名前',
      answer = 'n\na', result = 'let n\na = "é"\n' },
    { 'a line with its break', text = 'alpha\nbeta\n', keys = 'v$', sent = 'alpha\n', answer = 'ALPHA',
      result = 'ALPHA\nbeta\n' },
    { 'an empty line with its break', text = 'alpha\n\nbeta\n', keys = 'jv$', sent = '\n', answer = 'x',
      result = 'alpha\nx\nbeta\n' },
    { 'the last line with its break', text = 'alpha\nbeta\n', keys = 'Gv$', sent = 'beta', answer = 'BETA',
      result = 'alpha\nBETA\n' },
    { 'all of it with all breaks', text = 'alpha\nbeta\n', keys = 'ggvG$', sent = 'alpha\nbeta', answer = 'A',
      result = 'A\n' },
    { 'characters with selection=exclusive', text = three, set = 'selection=exclusive', keys = 'wve',
      sent = 'two', answer = 'TWO', result = 'one TWO\nthree four\nfive six\n' },
    { 'characters with selection=old', text = three, set = 'selection=old', keys = 'wviw', sent = 'two',
      answer = 'TWO', result = 'one TWO\nthree four\nfive six\n' },
    { 'characters with virtualedit=all', text = three, set = 'virtualedit=all', keys = 'wviw', sent = 'two',
      answer = 'TWO', result = 'one TWO\nthree four\nfive six\n' },
    { 'lines', text = three, keys = 'jV', sent = 'three four\n', answer = 'x\ny',
      result = 'one two\nx\ny\nfive six\n' },
    { 'the whole file', text = three, keys = 'ggVG', sent = three, answer = 'x', result = 'x\n' },
    { 'the last line', text = three, keys = 'GV', sent = 'five six\n', answer = 'x\ny',
      result = 'one two\nthree four\nx\ny\n' },
    { 'the last line of a file without a line end', text = 'a\nb', keys = 'GV', sent = 'b\n', answer = 'x\ny',
      result = 'a\nx\ny' },
    { 'lines of a dos file', text = 'a\r\nb\r\n', keys = 'GV', sent = 'b\n', answer = 'x\r\ny\r',
      result = 'a\r\nx\r\ny\r\n' },
    { 'lines of a unix file, by lines of a dos file', text = 'a\nk\r\nb\n', keys = 'GV', sent = 'b\n',
      answer = 'x\r\ny\r', result = 'a\nk\r\nx\ny\n' },
    { 'characters of a dos file', text = 'a b\r\nc\r\n', keys = 'wv', sent = 'b', answer = 'x\r\ny',
      result = 'a x\r\ny\r\nc\r\n' },
    { 'a line in a closed fold', text = three, set = 'foldmethod=manual', keys = 'VjzfggV',
      sent = 'one two\nthree four\n', answer = 'x', result = 'x\nfive six\n' },
    { 'a line between bytes that are no text', text = 'a\255\254\nb\n\0c\128\n', sent = 'b\n', answer = 'x',
      keys = ':silent edit ++bad=keep<CR>2GV', result = 'a\255\254\nx\n\0c\128\n' },
    { 'a block over a tab and a short line', text = 'abcdefgh\na\tb\nab\nabcdefgh\n', keys = 'gg3|<C-v>3j2l',
      sent = 'cde\n   \n\ncde', answer = '12\n34\n\n78', result = 'ab12fgh\na 34   b\nab\nab78fgh\n' },
    { 'a block from its other corner', text = 'abcd\nefgh\n', keys = 'G3|<C-v>kh', sent = 'bc\nfg',
      answer = 'x\ny', result = 'axd\neyh\n' },
    { 'a block to the ends of lines', text = 'abcd\nab\nabcdef\n', keys = '2|<C-v>2j$',
      sent = 'bcd\nb\nbcdef', answer = '1\n22\n3', result = 'a1\na22\na3\n' },
    { 'a block that cuts wide characters', text = 'abcdef\n名前かな\nabcdef\n', keys = '2|<C-v>2jl',
      sent = 'bc\n  \nbc', answer = '1\n2\n3', result = 'a1def\n 2 かな\na3def\n' },
    { 'a block in a file with other tabs', text = '\tab\n\tcd\n', set = 'tabstop=4', keys = '$<C-v>j',
      sent = 'b\nd', answer = 'x\ny', result = '\tax\n\tcy\n' },
  })
end)

describe('a range', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for range, sent in pairs({ ['2,3'] = 'b\nc\n', ['%'] = 'a\nb\nc\n', ['.,+1'] = 'a\nb\n', ['$'] = 'c\n' }) do
    it(range .. ' is whole lines', function()
      local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { prompts = { ['swap.lua'] = SWAP } })
      local request = Edits.ask(nvim, peer, (':%sAsk /swap<CR>'):format(range))
      assert.are.equal(sent, Product.words(request))
      Edits.answer(nvim, request, '```\nX\n```')
      nvim:feed('gh')
      local all = 'a\nb\nc\n'
      local at = all:find(sent, 1, true)
      assert.are.equal(all:sub(1, at - 1) .. 'X\n' .. all:sub(at + #sent),
        table.concat(Product.lines(nvim), '\n') .. '\n')
      Product.assert_quiet(nvim)
    end)
  end

  it('of an empty buffer is its only line', function()
    local nvim, peer = Edits.start(nil, { text = '' })
    local request = Edits.ask(nvim, peer, ':%Ask! write<CR>')
    Edits.answer(nvim, request, '```\nX\nY\n```')
    nvim:feed('gh')
    assert.are.same({ 'X', 'Y' }, Product.lines(nvim))
    nvim:feed('u')
    assert.are.same({ '' }, Product.lines(nvim))
  end)
end)

describe('a block', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('takes no other number of rows', function()
    local nvim, peer = Edits.start({ 'abcd', 'efgh' })
    local request = Edits.ask(nvim, peer, '2|<C-v>jl:Ask! upper<CR>')
    Edits.answer(nvim, request, '```\nBC\nFG\nXY\n```')
    Product.assert_said(nvim, 'the block has 2 rows and the answer 3: nothing was changed')
    assert.are.same({ 'abcd', 'efgh' }, Product.lines(nvim))
    nvim:feed('gh')
    assert.are.same({ 'abcd', 'efgh' }, Product.lines(nvim))
  end)
end)

describe('a buffer that cannot be changed is refused before anything is sent:', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  local buffers = { nomodifiable = 'setlocal nomodifiable', help = 'help', terminal = 'terminal cat' }
  for name, command in pairs(buffers) do
    it(name, function()
      local nvim, peer = Edits.start({ 'a', 'b' })
      nvim:command(command)
      nvim:feed(':1Ask! better<CR>')
      nvim:feed(':Ask! more<CR>')
      local said = Product.said(nvim)
      assert.are.equal(2, #said, table.concat(said, '\n'))
      assert.are.equal(said[1], said[2])
      assert.is_truthy(said[1]:find(name == 'terminal' and 'terminal' or "'nomodifiable'", 1, true), said[1])
      assert.are.equal(0, #peer.connections)
    end)
  end

  it('not one that is readonly, of which Vim warns', function()
    local nvim, peer = Edits.start({ 'a', 'b' })
    nvim:command('setlocal readonly')
    local request = Edits.ask(nvim, peer, ':1Ask! better<CR>')
    Edits.answer(nvim, request, '```\nA\n```')
    nvim:feed('gh')
    assert.are.same({ 'A', 'b' }, Product.lines(nvim))
    Product.assert_said(nvim, 'W10: Warning: Changing a readonly file')
  end)
end)
