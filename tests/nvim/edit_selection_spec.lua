--- Exactly what is selected is sent and replaced, whatever kind of selection it is: the bytes around it are
--- on the disk afterwards as they were before, and one u puts the selected ones back.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local SWAP = "return { description = 'only the code', target = 'replace', template = '{{code}}' }\n"
local MAP = [[
vim.keymap.set('x', '<F2>', '<Plug>(askedit-prompt-swap)')
vim.cmd('command! -range Nothing let g:nothing = 1')
vim.o.fixendofline = false
]]

--- How to ask, and what leaves Visual mode in the same way and asks nothing.
local WAYS = { map = { '<F2>', '<Esc>' }, command = { ':Ask /swap<CR>', ':Nothing<CR>' } }

-- All that asking, and an answer that nobody has taken, leave alone.
local STATE = [[
  local registers = {}
  for _, name in ipairs({ '"', '0', '1', 'a', 'z', '-' }) do registers[name] = vim.fn.getreginfo(name) end
  local marks = {}
  for _, name in ipairs({ "'<", "'>", "'[", "']" }) do marks[name] = vim.fn.getpos(name) end
  local view = vim.fn.winsaveview()
  view.curswant = nil -- <Esc> forgets that it was the line's end
  return { registers, marks, vim.fn.visualmode(), view, vim.fn.undotree().seq_last,
    vim.b.changedtick, vim.bo.modified, vim.o.selection, vim.o.virtualedit }
]]

local function written(nvim, keys)
  nvim:feed(keys .. ':silent write!<CR>')
  nvim:redraw()
  local file = assert(io.open(nvim.dir .. '/work.txt', 'rb'))
  local bytes = file:read('*a')
  file:close()
  return bytes
end

--- case: text, keys, sent, answer, result; set = options of Vim, take = what takes several hunks
local function check(case, way)
  local set = case.set and ('vim.cmd(%q)'):format('set ' .. case.set) or ''
  local nvim, peer = Edits.start(nil, { name = 'work.txt', text = case.text, init = MAP .. set,
    prompts = { ['swap.lua'] = SWAP } })
  nvim:exec_lua("vim.fn.setreg('a', 'mine') vim.fn.setreg('\"', 'own')")
  nvim:feed(case.keys .. way[2])
  local before = nvim:exec_lua(STATE)
  local request = Edits.ask(nvim, peer, 'gv' .. way[1])
  assert.are.equal(case.sent, Product.words(request))
  assert.are.same(before, nvim:exec_lua(STATE))
  Edits.answer(nvim, request, '```python\n' .. case.answer .. '\n```\n')
  assert.are.same(before, nvim:exec_lua(STATE))
  assert.are.equal(case.result, written(nvim, case.take or 'gh'))
  assert.are.equal(case.text, written(nvim, 'u'))
  assert.are.same(before[1], nvim:exec_lua(STATE)[1])
  Product.assert_quiet(nvim)
end

local function cases(list)
  for _, case in ipairs(list) do
    for name, way in pairs(WAYS) do
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
    { 'half of lines with selection=old', text = three, set = 'selection=old', keys = 'wvj$', answer = 'A',
      sent = 'two\nthree four', result = 'one A\nfive six\n' },
    { 'a line without its break, with selection=exclusive', text = three, set = 'selection=exclusive',
      keys = 'v$', sent = 'one two', answer = 'A\nB', result = 'A\nB\nthree four\nfive six\n' },
    { 'a character and what is not there behind it', text = 'ab\ncd\n', set = 'virtualedit=all',
      keys = 'lv3lo', sent = 'b   ', answer = 'X', result = 'aX\ncd\n' },
    { 'characters backwards', text = three, keys = 'Gwvkh', sent = 'e four\nfive s', answer = 'A',
      result = 'one two\nthreAix\n' },
    { 'an empty line that is the last', text = 'a\n\n', keys = 'Gv$', sent = '', answer = 'x',
      result = 'a\nx\n' },
    { 'an empty line that is all', text = '\n', keys = 'V', sent = '\n', answer = 'x\ny', result = 'x\ny\n' },
    { 'lines by a count', text = 'a\nb\nc\nd\n', keys = 'j2V', sent = 'b\nc\n', answer = 'x',
      result = 'a\nx\nd\n' },
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
      sent = 'cde\n   \n\ncde', answer = '12\n34\n\n78', take = ':Ask /accept!<CR>',
      result = 'ab12fgh\na 34   b\nab\nab78fgh\n' },
    { 'a block behind tabs that show as ^I', text = 'a\tbc\nd\tef\n', set = 'list listchars=eol:$',
      keys = '$h<C-v>j', sent = 'b\ne', answer = 'X\nY', result = 'a\tXc\nd\tYf\n' },
    { 'a block of wrapped lines', text = ('word '):rep(30) .. 'abc\n' .. ('long '):rep(30) .. 'def\n',
      set = 'linebreak showbreak=>>>>', keys = '$h<C-v>j', sent = 'b\ne', answer = 'X\nY',
      result = ('word '):rep(30) .. 'aXc\n' .. ('long '):rep(30) .. 'dYf\n' },
    { 'a block past the ends of lines', text = 'ab\nabcdef\n', set = 'virtualedit=block', keys = 'l<C-v>jll',
      sent = 'b  \nbcd', answer = 'X\nY', result = 'aX\naYef\n' },
    { 'a block with selection=exclusive', text = 'abcd\nefgh\n', set = 'selection=exclusive',
      keys = 'l<C-v>jll', sent = 'bc\nfg', answer = 'x\ny', result = 'axd\neyh\n' },
    { 'a block in a dos file with a NUL and no last line end', text = 'a\0b\r\ncde', keys = '$<C-v>j',
      sent = 'b\n', answer = 'x\ny', result = 'a\0x\r\ncdey' },
    { 'a block beside bytes that are no text', text = 'a\255b\nabc\n', sent = 'a\na', answer = 'x\ny',
      keys = ':silent edit ++bad=keep<CR>gg0<C-v>j', result = 'x\255b\nybc\n' },
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

  -- The built-in prompt of :Ask!, but that only the code and the words go along.
  local edit = { ['edit.lua'] = SWAP:gsub('{{code}}', '{{code}}<{{text}}>') }

  for keys, sent in pairs({
    [':2,3Ask! x<CR>'] = 'b\nc\n',
    [':%Ask! x<CR>'] = 'a\nb\nc\n',
    [':.,+1Ask! x<CR>'] = 'a\nb\n',
    [':$Ask! x<CR>'] = 'c\n',
    ['2:Ask! x<CR>'] = 'a\nb\n',
    ['j:.Ask! x<CR>'] = 'b\n',
    ["mbGmc:'b,'cAsk! x<CR>"] = 'a\nb\nc\n',
  }) do
    it(keys .. ' is whole lines', function()
      local nvim, peer = Edits.start({ 'a', 'b', 'c' }, { prompts = edit })
      nvim:feed('gglvjl<Esc>gg')
      local request = Edits.ask(nvim, peer, keys)
      assert.are.equal(sent .. '<x>', Product.words(request))
      Edits.answer(nvim, request, '```\nX\n```')
      nvim:feed('gh')
      local all = 'a\nb\nc\n'
      local at = all:find(sent, 1, true)
      assert.are.equal(all:sub(1, at - 1) .. 'X\n' .. all:sub(at + #sent),
        table.concat(Product.lines(nvim), '\n') .. '\n')
      nvim:feed('u')
      assert.are.same({ 'a', 'b', 'c' }, Product.lines(nvim))
      Product.assert_quiet(nvim)
    end)
  end

  it('of an empty buffer is its only line', function()
    local nvim, peer = Edits.start(nil, { name = 'work.txt', text = '', prompts = edit })
    local request = Edits.ask(nvim, peer, ':%Ask! x<CR>')
    assert.are.equal('\n<x>', Product.words(request))
    Edits.answer(nvim, request, '```\nX\nY\n```')
    assert.are.equal('X\nY\n', written(nvim, 'gh'))
    assert.are.equal('', written(nvim, 'u'))
    Product.assert_quiet(nvim)
  end)
end)

describe('carriage returns', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  -- case-11: the pair is cut between two events.
  for format, eol in pairs({ dos = '\r\n', unix = '\n' }) do
    it('of the answer follow a file that is ' .. format, function()
      local nvim, peer = Edits.start(nil, { name = 'work.txt', text = 'a' .. eol .. 'b' .. eol })
      local request = Edits.ask(nvim, peer, ':2Ask! x<CR>')
      assert.is_nil(request.body:find('\\r', 1, true))
      local answer = { 'x\r', '\ny\r', '\n' }
      Edits.begin(request, answer[1])
      Edits.arrived(nvim, 'x\r')
      nvim:redraw()
      assert.is_nil(nvim:text():find('^M', 1, true))
      Edits.more(request, answer[2])
      Edits.arrived(nvim, 'x\r\ny\r')
      nvim:redraw()
      assert.is_nil(nvim:text():find('^M', 1, true))
      Edits.finish(nvim, request, answer[3])
      assert.is_nil(nvim:text():find('^M', 1, true))
      assert.are.equal('x\ny', Edits.preview(nvim))
      assert.are.equal(('a\nx\ny\n'):gsub('\n', eol), written(nvim, 'gh'))
      assert.are.equal(format, nvim:exec_lua('return vim.bo.fileformat'))
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('a block', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('takes no other number of rows', function()
    local nvim, peer = Edits.start({ 'abcd', 'efgh' })
    local request = Edits.ask(nvim, peer, '2|<C-v>jl:Ask! upper<CR>')
    Edits.answer(nvim, request, '```\nBC\nFG\nXY\n```')
    Product.assert_said(nvim, 'the block has 2 rows and the answer 3: nothing was changed')
    nvim:feed('ggh')
    assert.are.same({ 'abcd', 'efgh' }, Product.lines(nvim))
    assert.are.equal('', Edits.preview(nvim))
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

  it('after the question too, and the change stays', function()
    local nvim, peer = Edits.start({ 'a', 'b' })
    local request = Edits.ask(nvim, peer, ':1Ask! better<CR>')
    Edits.answer(nvim, request, '```\nA\n```')
    nvim:command('setlocal nomodifiable')
    nvim:feed('gh')
    Product.assert_said(nvim, "'nomodifiable'")
    nvim:command('setlocal modifiable')
    nvim:feed('gh')
    assert.are.same({ 'A', 'b' }, Product.lines(nvim))
  end)
end)

describe('a readonly buffer is written, and what Vim says is said once:', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for name, keys in pairs({ ['a change'] = ':1Ask! x<CR>', ['text at the cursor'] = ':Ask! x<CR>' }) do
    it(name, function()
      local nvim, peer = Edits.start({ '', 'b' })
      nvim:command('setlocal readonly')
      for _, new in ipairs({ 'A', 'B' }) do
        local request = Edits.ask(nvim, peer, 'gg' .. keys)
        Edits.answer(nvim, request, '```\n' .. new .. '\n```')
        nvim:feed(keys:find('1') and 'gh' or '')
        assert.are.equal(new, Product.lines(nvim)[keys:find('1') and 1 or new == 'A' and 1 or 2])
      end
      Product.assert_said(nvim, 'W10: Warning: Changing a readonly file')
      assert.is_truthy(nvim:exec_lua('return vim.v.warningmsg'):find('^W10'))
      nvim:feed('ix<Esc>')
      assert.are.equal(1, select(2, nvim:messages():gsub('W10', '')))
    end)
  end
end)
