--- Which words of a hunk differ, and how they look.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

--- The lines with [ ] around what differs, as { old lines, new lines, 'only blanks' or '' }; {} for nothing.
local MARKED = [[
  local old, new = ...
  local found = require('askedit.review.words').changed(old, new)
  local function bracketed(lines, spans)
    for number, list in pairs(spans) do
      for i = #list, 1, -1 do
        local line, from, to = lines[number], list[i][1], list[i][2]
        lines[number] = line:sub(1, from) .. '[' .. line:sub(from + 1, to) .. ']' .. line:sub(to + 1)
      end
    end
    return lines
  end
  if not found then return {} end
  return { bracketed(old, found.old), bracketed(new, found.new), found.only_blanks and 'only blanks' or '' }
]]

local RULES = {
  ['a word'] = { 'local x = foo(a, b)', 'local x = foo(a, c)', 'local x = foo(a, [b])',
    'local x = foo(a, [c])' },
  ['a word with digits and underscores'] = { 'a_1 = b + c', 'a_2 = b + c', '[a_1] = b + c', '[a_2] = b + c' },
  ['a character that is no letter'] = { 'a + b - c', 'a + b * c', 'a + b [-] c', 'a + b [*] c' },
  ['an added word'] = { 'f(a, b)', 'f(a, b, c)', 'f(a, b)', 'f(a, b[, c])' },
  ['neighbours as one'] = { 'a b c d e f', 'a b x+y c d e f', 'a b c d e f', 'a b [x+y ]c d e f' },
  ['a moved word here and there'] = { 'one two three four', 'two three four one', '[one ]two three four',
    'two three four[ one]' },
  ['letters beyond ASCII'] = { 'größe = 1 + é', 'größen = 1 + é', '[größe] = 1 + é', '[größen] = 1 + é' },
  ['Cyrillic, and a comma'] = { 'привет мир и все', 'привет, мир и вся', 'привет мир и [все]',
    'привет[,] мир и [вся]' },
  ['one Chinese character'] = { '名前は田中です', '名前は田辺です', '名前は田[中]です', '名前は田[辺]です' },
  ['one kana'] = { 'すべてのファイル', 'すべてのフェイル', 'すべてのフ[ァ]イル', 'すべてのフ[ェ]イル' },
  ['one Hangul syllable'] = { '한국어 a', '한국말 a', '한국[어] a', '한국[말] a' },
  ['one fullwidth character'] = { 'ＡＢＣ a', 'ＡＢＤ a', 'ＡＢ[Ｃ] a', 'ＡＢ[Ｄ] a' },
  ['a moved Chinese character'] = { '名前は田中です', '名前は中田です', '名前は[田]中です', '名前は中[田]です' },
  ['Chinese beside letters'] = { 'x = 名foo + y', 'x = 前foo + y', 'x = [名]foo + y', 'x = [前]foo + y' },
  ['a composed character with its base'] = { 'a=\204\184b c d', 'a=b c d', 'a[=\204\184]b c d', 'a[=]b c d' },
  ['a composed letter with its word'] = { 'cafe\204\129 a b', 'cafe a b', '[cafe\204\129] a b',
    '[cafe] a b' },
  ['an emoji'] = { 'a👍👎 b c', 'a👍👏 b c', 'a👍[👎] b c', 'a👍[👏] b c' },
  ['bytes that are not UTF-8'] = { 'a\255b c\226\128 d', 'a\254b c\226\129 d', 'a[\255]b c\226[\128] d',
    'a[\254]b c\226[\129] d' },
  ['words beside a NUL'] = { 'a\0b c', 'a\0d c', 'a\0[b] c', 'a\0[d] c' },
}

local BLANKS = {
  ['more of them'] = { 'a  = b', 'a = b', 'a[  ]= b', 'a[ ]= b' },
  ['around brackets'] = { 'f(a,b)', 'f( a, b )', 'f(a,b)', 'f([ ]a,[ ]b[ ])' },
  ['inside a word'] = { 'foo bar', 'foobar', 'foo[ ]bar', 'foobar' },
  ['tabs for blanks'] = { '\tx', '    x', '[\t]x', '[    ]x' },
  ['at the end'] = { 'a  \nb', 'a\nb', 'a[  ]\nb', 'a\nb' },
  ['the indentation of one line'] = { 'if x\n  y\nend', 'if x\n    y\nend', 'if x\n[  ]y\nend',
    'if x\n[    ]y\nend' },
  ['a line break'] = { 'f(a) {', 'f(a)\n{', 'f(a)[ ]{', 'f(a)\n{' },
  ['an empty line, and the indentation stays'] = { 'a\n  b', 'a\n\n  b', 'a\n  b', 'a\n\n  b' },
  ['on an empty line'] = { 'a\n', 'a\n  ', 'a\n', 'a\n[  ]' },
}

local function lines_of(text)
  local lines = {}
  for line in (text .. '\n'):gmatch('(.-)\n') do lines[#lines + 1] = line end
  return lines
end

local function changed(nvim, old, new)
  return nvim:exec_lua(MARKED, lines_of(old), lines_of(new))
end

describe('between old and new lines', function()
  local nvim
  setup(function() nvim = Session.start({ headless = true }) end)
  teardown(Session.close_all)

  local function assert_marked(wanted_old, wanted_new, found, only_blanks)
    assert.are.same({ lines_of(wanted_old), lines_of(wanted_new), only_blanks or '' }, found)
  end

  for name, case in pairs(RULES) do
    it('the words that differ are found: ' .. name, function()
      assert_marked(case[3], case[4], changed(nvim, case[1], case[2]))
    end)
  end

  for name, case in pairs(BLANKS) do
    it('blanks alone differ: ' .. name, function()
      assert_marked(case[3], case[4], changed(nvim, case[1], case[2]), 'only blanks')
      assert_marked(case[4], case[3], changed(nvim, case[2], case[1]), 'only blanks')
    end)
  end

  it('a line of which no word stays has no marks, and does not keep others from theirs', function()
    local above, below = 'local one = two + three + four', '-- and so on'
    assert_marked('return f(x)', above .. '\nreturn f(x[, y])\n' .. below,
      changed(nvim, 'return f(x)', above .. '\nreturn f(x, y)\n' .. below))
  end)

  it('half of the words may differ, but not more', function()
    assert_marked('[a] = [c] +', '[b] = [d] +', changed(nvim, 'a = c +', 'b = d +'))
    assert.are.same({}, changed(nvim, 'a = c', 'b = d'))
    assert.are.same({}, changed(nvim, 'one', 'two'))
  end)

  it('there is nothing to say where one side is not there, or both are the same', function()
    local ask = "return require('askedit.review.words').changed(...) == nil"
    assert.is_true(nvim:exec_lua(ask, {}, { 'a b' }))
    assert.is_true(nvim:exec_lua(ask, { 'a b' }, {}))
    assert.is_true(nvim:exec_lua(ask, { 'a b' }, { 'a b' }))
    assert.is_false(nvim:exec_lua(ask, { 'a b' }, { 'a c' }))
  end)

  for name, case in pairs({
    ['lines'] = { 200, 'a b', '\n' },
    ['bytes'] = { 1, ('x'):rep(16 * 1024 - 1 - #' a b') .. ' a b', ' +' },
    ['words'] = { 1, ('a '):rep(748) .. 'a b', ' + +' },
  }) do
    it('nothing is said about too many ' .. name, function()
      local old = (case[2] .. '\n'):rep(case[1]):sub(1, -2)
      local new = old:gsub('b$', 'c')
      assert.are.equal('[b]', changed(nvim, old, new)[1][case[1]]:sub(-3))
      assert.are.same({}, changed(nvim, old .. case[3], new))
    end)
  end
end)

-- On the screen -------------------------------------------------------------------------------------------

local COLOURS = [[
  vim.o.termguicolors = true
  for i, name in ipairs({ 'Add', 'AddWord', 'Delete', 'DeleteWord', 'Fault', 'Status', 'Stale' }) do
    vim.cmd(('highlight Askedit%s guibg=#00000%d'):format(name, i))
  end
]]

-- The first call of this makes Neovim note where colours come from, and forget those that it has drawn.
local NOTE_COLOURS = "vim.api.nvim__inspect_cell(1, 0, 0) vim.cmd('redraw!')"

--- A row of the screen as two strings: its text, and a sign for the colour of each cell.
local CELLS = [[
  local row, cols = ...
  local signs, out, text = { 'a', 'A', 'd', 'D', '!', 's', 'S' }, {}, {}
  for column = 0, cols - 1 do
    local cell = vim.api.nvim__inspect_cell(1, row - 1, column)
    out[column + 1], text[column + 1] = signs[cell[2].background] or '.', cell[1]
  end
  return { table.concat(text), table.concat(out) }
]]

local DRAW = [[
  local old, new, warnings, column, is_stale = ...
  local lines = vim.list_slice(old)
  lines[1] = ('-'):rep(column) .. lines[1]
  local buf = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, vim.list_extend(lines, { 'after' }))
  local place = { r1 = 0, c1 = column, r2 = #old, c2 = 0, below = #old - 1, stale = is_stale }
  local hunk = { old = not is_stale and old or nil, new = new }
  local said = { hint = '', status = 'status', warnings = warnings }
  Ids = require('askedit.review.draw').hunk(buf, place, hunk, said)
]]

--- A hunk in a window, 24 cells wide.
local function drawn(old, new, options)
  options = options or {}
  local init = COLOURS .. (options.init or '')
  local nvim = Session.start({ cols = 24, rows = options.rows or 24, init = init })
  nvim:exec_lua(NOTE_COLOURS)
  nvim:exec_lua(DRAW, old, new, options.warnings or {}, options.column or 0, options.is_stale or false)
  nvim:redraw()
  return nvim
end

--- How many words of old lines are marked, and how many lines the last mark has.
local COUNTS = [[
  local space, words = vim.api.nvim_get_namespaces().askedit_change, 0
  for _, id in ipairs(Ids) do
    local more = vim.api.nvim_buf_get_extmark_by_id(0, space, id, { details = true })[3]
    words = words + (more.hl_group == 'AskeditDeleteWord' and 1 or 0)
  end
  local last = vim.api.nvim_buf_get_extmark_by_id(0, space, Ids[#Ids], { details = true })[3]
  return { words, #last.virt_lines }
]]

local function assert_row(nvim, row, text, colours)
  local cells = nvim:exec_lua(CELLS, row, #colours)
  assert.are.same({ text, colours }, { (cells[1]:gsub(' +$', '')), cells[2] }, nvim:text())
end

describe('on the screen', function()
  after_each(Session.close_all)

  it('words that go and words that come have their own colours', function()
    local nvim = drawn({ 'x = foo(a, b)' }, { 'x = foo(a, c, d)' })
    assert_row(nvim, 1, 'x = foo(a, b)', 'dddddddddddDdddddddddddd')
    assert_row(nvim, 2, 'x = foo(a, c, d)', 'aaaaaaaaaaaAAAAaaaaaaaaa')
    assert_row(nvim, 3, 'status', 'ssssss..................')
  end)

  it('words are marked from where the selection begins', function()
    local nvim = drawn({ 'f(a, b)', 'g(a, b)' }, { 'f(a, c)', 'g(a, c)' }, { column = 5 })
    assert_row(nvim, 1, '-----f(a, b)', '.....dddddDddddddddddddd')
    assert_row(nvim, 2, 'g(a, b)', 'dddddDdddddddddddddddddd')
  end)

  it('wide characters have the colour in both of their cells', function()
    local nvim = drawn({ '名前は田中です' }, { '名前は田辺です' })
    assert_row(nvim, 1, '名前は田中です', 'ddddddddDDdddddddddddddd')
    assert_row(nvim, 2, '名前は田辺です', 'aaaaaaaaAAaaaaaaaaaaaaaa')
  end)

  it('a word that the edge of the window breaks has it on both rows', function()
    local nvim = drawn({ 'aaaa(bbbb, cccc, dd)' }, { 'aaaa(bbbb, cccc, eeeeeeeeee)' })
    assert_row(nvim, 2, 'aaaa(bbbb, cccc, eeeeeee', 'aaaaaaaaaaaaaaaaaAAAAAAA')
    assert_row(nvim, 3, 'eee)', 'AAAaaaaaaaaaaaaaaaaaaaaa')
  end)

  it('a wide character that does not fit goes below whole', function()
    local nvim = drawn({ 'aaaa(bbbb, cccc, dddd,e' }, { 'aaaa(bbbb, cccc, dddd,e名' })
    assert_row(nvim, 2, 'aaaa(bbbb, cccc, dddd,e', 'aaaaaaaaaaaaaaaaaaaaaaaa')
    assert_row(nvim, 3, '名', 'AAaaaaaaaaaaaaaaaaaaaaaa')
  end)

  it('words behind tabs and a control character are at their cells', function()
    local nvim = drawn({ '\ta(b)\27c\td' }, { '\ta(b)\27c\te' })
    assert_row(nvim, 2, '        a(b)?c  e', 'aaaaaaaaaaaaaaaaAaaaaaaa')
  end)

  it('blanks that are all that changes are seen', function()
    local nvim = drawn({ '\tx=1  ', 'end' }, { '    x = 1', 'end\t' })
    assert_row(nvim, 1, '        x=1', 'DDDDDDDDdddDDddddddddddd')
    assert_row(nvim, 3, '····x·=·1', 'AAAAaAaAaaaaaaaaaaaaaaaa')
    assert_row(nvim, 4, 'end→', 'aaaAAAAAaaaaaaaaaaaaaaaa')
    assert_row(nvim, 5, 'only blanks change', 'ssssssssssssssssss......')
    assert_row(nvim, 6, 'status', 'ssssss..................')
  end)

  it('blanks beside a word that changes are signs only where nothing else shows them', function()
    local nvim = drawn({ 'f(a, b)', 'g(c, d)' }, { '  f(a, b + e)', 'g(c, d) x ' })
    assert_row(nvim, 3, '··f(a, b + e)', 'AAaaaaaaAAAAaaaaaaaaaaaa')
    assert_row(nvim, 4, 'g(c, d) x·', 'aaaaaaaAAAaaaaaaaaaaaaaa')
    nvim = drawn({ 'f(a, b)' }, { '  g(a, b)' })
    assert_row(nvim, 2, '··g(a, b)', 'AAAaaaaaaaaaaaaaaaaaaaaa')
  end)

  it('the words are those of the text that stands there now', function()
    local nvim = drawn({ 'f(a, b)' }, { 'f(a, c)' })
    nvim:exec_lua([[
      local place = { r1 = 0, c1 = 0, r2 = 1, c2 = 0, below = 0, stale = false }
      local draw, new = require('askedit.review.draw'), { 'f(a, c)' }
      local function put(old)
        draw.erase(1, Ids)
        vim.api.nvim_buf_set_lines(1, 0, -1, true, old)
        Ids = draw.hunk(1, place, { old = old, new = new }, { hint = '' })
      end
      put({ 'f(a, b)' })
      put({ 'f(b, c)' })]])
    nvim:redraw()
    assert_row(nvim, 1, 'f(b, c)', 'ddDddddddddddddddddddddd')
    assert_row(nvim, 2, 'f(a, c)', 'aaAaaaaaaaaaaaaaaaaaaaaa')
  end)

  it('blanks are one cell also where the sign for one takes two', function()
    local nvim = drawn({ 'f(a,b)' }, { 'f(a, b)\t' }, { init = "vim.o.ambiwidth = 'double'" })
    assert_row(nvim, 2, 'f(a,.b)>', 'aaaaAaaAaaaaaaaaaaaaaaaa')
  end)

  it('what is seen of a tall hunk is marked, and its last id is that of its new lines', function()
    local old, new = {}, {}
    for i = 1, 60 do
      old[i], new[i] = ('f(%d, a)'):format(i), ('f(%d, b)'):format(i)
    end
    local nvim = drawn(old, new, { rows = 14 })
    assert_row(nvim, 12, 'f(12, a)', 'ddddddDddddddddddddddddd')
    local counts = nvim:exec_lua(COUNTS)
    assert.are.same({ 12, 6 }, counts)
  end)

  it('of very many words the first ones are marked', function()
    local old, new = {}, {}
    for i = 1, 250 do
      old[i], new[i] = ('a%d +'):format(i), ('b%d +'):format(i)
    end
    local nvim = drawn({ table.concat(old, ' ') }, { table.concat(new, ' ') })
    assert_row(nvim, 1, 'a1 + a2 + a3 + a4 + a5 +', 'DDdddDDdddDDdddDDdddDDdd')
    assert.are.equal(200, nvim:exec_lua(COUNTS)[1])
  end)

  it('a stale hunk has no words', function()
    local nvim = drawn({ 'f(a, b)' }, { 'f(a, c)' }, { is_stale = true })
    assert_row(nvim, 1, 'f(a, b)', 'SSSSSSSSSSSSSSSSSSSSSSSS')
    assert_row(nvim, 2, 'f(a, c)', 'aaaaaaaaaaaaaaaaaaaaaaaa')
  end)

  it('warnings are lines of their own above the status, and broken at the edge', function()
    local warnings = { 'adds a modeline', 'adds an invisible character (U+200B)' }
    local nvim = drawn({ 'f(a, b)' }, { 'f(a, c)' }, { warnings = warnings })
    assert_row(nvim, 2, 'f(a, c)', 'aaaaaAaaaaaaaaaaaaaaaaaa')
    assert_row(nvim, 3, '⚠ adds a modeline', '!!!!!!!!!!!!!!!!!.......')
    assert_row(nvim, 4, '⚠ adds an invisible char', '!!!!!!!!!!!!!!!!!!!!!!!!')
    assert_row(nvim, 5, 'acter (U+200B)', '!!!!!!!!!!!!!!..........')
    assert_row(nvim, 6, 'status', 'ssssss..................')
  end)

  it('a warning is seen where all lines go', function()
    local nvim = drawn({ 'a', 'b' }, {}, { warnings = { 'removes 2 of 2 lines' } })
    assert_row(nvim, 2, 'b', 'dddddddddddddddddddddddd')
    assert_row(nvim, 3, '⚠ removes 2 of 2 lines', '!!!!!!!!!!!!!!!!!!!!!!..')
  end)
end)

describe('in a change', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  --- A change to these lines after the answer has come.
  local function answered(lines, keys, text, options)
    options = options or {}
    options.init = COLOURS
    local nvim, peer = Edits.start(lines, options)
    nvim:exec_lua(NOTE_COLOURS)
    Edits.answer(nvim, Edits.ask(nvim, peer, keys), text)
    return nvim
  end

  it('words are marked as long as the hunk is open', function()
    local nvim = answered({ 'one', 'x = f(a, b)', 'two' }, ':2Ask! x<CR>', 'x = f(a, c)')
    assert_row(nvim, 2, 'x = f(a, b)', 'dddddddddDdddddd')
    assert_row(nvim, 3, 'x = f(a, c)', 'aaaaaaaaaAaaaaaa')
    nvim:feed('gh')
    nvim:unsee('gh takes')
    assert_row(nvim, 2, 'x = f(a, c)', '................')
    assert_row(nvim, 3, 'two', '................')
    nvim:feed('u')
    nvim:see('gh takes')
    assert_row(nvim, 2, 'x = f(a, b)', 'dddddddddDdddddd')
    assert_row(nvim, 3, 'x = f(a, c)', 'aaaaaaaaaAaaaaaa')
    Product.assert_quiet(nvim)
  end)

  it('words are not marked in lines that the user changed', function()
    local nvim = answered({ 'one', 'x = f(a, b)', 'two' }, ':2Ask! x<CR>', 'x = f(a, c)')
    nvim:feed(':2<CR>Amine<Esc>')
    nvim:wait_for("vim.fn.getline(2) == 'x = f(a, b)mine'")
    nvim:see(function() return nvim:exec_lua(CELLS, 2, 3)[2] == 'SSS' end)
    assert_row(nvim, 2, 'x = f(a, b)mine', 'SSSSSSSSSSSSSSSSSSSS')
    assert_row(nvim, 3, 'x = f(a, c)', 'aaaaaaaaaaaaaaaaaaaa')
  end)

  it('words are marked in the characters that were selected', function()
    local nvim = answered({ 'one(f(a, b)) two' }, '4lvf)f):Ask! x<CR>', 'f(a, c))', { name = 'work.txt' })
    assert_row(nvim, 1, 'one(f(a, b)) two', '....dddddDdd....')
    assert_row(nvim, 2, 'f(a, c))', 'aaaaaAaaaaaaaaaa')
    nvim:feed('gh')
    assert.are.same({ 'one(f(a, c)) two' }, Product.lines(nvim))
  end)

  it('words are marked in a hunk that has settled while more comes', function()
    local lines = Edits.numbered(1, 9, 'old')
    local nvim, peer = Edits.start(lines, { init = COLOURS })
    nvim:exec_lua(NOTE_COLOURS)
    local request = Edits.ask(nvim, peer, 'ggVG:Ask! x<CR>')
    lines[2] = 'old two;'
    Edits.begin(request, '```\n' .. table.concat(lines, '\n', 1, 6) .. '\n')
    nvim:see('old two;')
    nvim:see(function() return nvim:exec_lua(CELLS, 3, 3)[2] == 'aaa' end)
    assert_row(nvim, 2, 'old 2;', 'ddddDddd')
    assert_row(nvim, 3, 'old two;', 'aaaaAAAa')
  end)

  it('blanks that are all that changes are seen', function()
    local nvim = answered({ 'if x', '  y=1  ', 'end' }, ':2Ask! x<CR>', '```\n\ty = 1\n```')
    assert_row(nvim, 2, '  y=1', 'DDdddDDdd')
    assert_row(nvim, 3, '→   y·=·1', 'AAAAaAaAaaaaaaaaaaaa')
    assert_row(nvim, 4, 'only blanks change', 'ssssssssssssssssss')
    nvim:feed('gh')
    assert.are.same({ 'if x', '\ty = 1', 'end' }, Product.lines(nvim))
  end)

  it('what is dangerous is a line above the status', function()
    local nvim = answered({ 'one', 'x = f(a, b)', 'two' }, ':2Ask! x<CR>', 'x = f(a, c)\n# vim: ts=3')
    assert_row(nvim, 3, 'x = f(a, c)', 'aaaaaaaaaAaaaaaa')
    assert_row(nvim, 4, '# vim: ts=3', 'aaaaaaaaaaaaaaaa')
    assert_row(nvim, 5, '⚠ adds a modeline', '!!!!!!!!!!!!!!!!!.')
    assert.is_truthy(nvim:screen()[6]:find('^gh takes'))
    nvim:feed('gh')
    assert.are.same({ 'one', 'x = f(a, c)', '# vim: ts=3', 'two' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)
end)

describe('the colours of words', function()
  after_each(Session.close_all)

  it('are those of diffs or the user\'s own, and stay with another colorscheme', function()
    for init, add in pairs({ [''] = 'DiffText', ['vim.cmd("highlight AskeditAddWord gui=bold")'] =
      'AskeditAddWord' }) do
      local nvim = Session.start({ headless = true, init = init })
      local function target(name)
        return nvim:exec_lua("return vim.fn.synIDattr(vim.fn.synIDtrans(vim.fn.hlID(...)), 'name')", name)
      end
      local delete = nvim:exec_lua("return vim.fn.has('nvim-0.10')") == 1 and 'DiffText' or 'IncSearch'
      assert.are.same({ add, delete }, { target('AskeditAddWord'), target('AskeditDeleteWord') })
      nvim:command('colorscheme desert')
      assert.are.equal(delete, target('AskeditDeleteWord'))
    end
  end)
end)
