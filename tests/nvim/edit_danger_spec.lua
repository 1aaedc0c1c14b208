--- What a hunk does that is easily overlooked is told: modelines, characters that cannot be seen or turn the
--- order of text round, and much that goes.
local Session = require('session')

--- What is said about a hunk that puts new lines in the place of old ones, which are all of its base, or the
--- `count` from `from` on.
local TOLD = [[
  local old, new, from, count = ...
  local hunk = { from = from or 1, count = count or #old, new = new }
  return require('askedit.review.danger').of(hunk, old)
]]

--- Whether Neovim makes settings of a line, which sets 'textwidth' to 3 or is an error.
local OBEYED = [[
  local name = vim.fn.tempname()
  vim.fn.writefile({ ... }, name)
  vim.cmd('set modeline modelines=5 textwidth=0')
  local ok = pcall(vim.cmd, 'silent edit ' .. name)
  local width = vim.bo.textwidth
  vim.cmd('silent! bwipeout!')
  return not ok or width == 3
]]

local MODELINE = 'adds a modeline'

-- Each line, and whether it is a modeline.
local LINES = {
  ['vim: tw=3'] = true,
  ['vim:tw=3'] = true,
  ['vi: tw=3'] = true,
  ['\tvi:noai:tw=3 ts=6'] = true,
  ['# vim: tw=3'] = true,
  ['/* vim: set tw=3: */'] = true,
  ['/* vim: se tw=3: */'] = true,
  ['// Vim: set tw=3:'] = true,
  ['Vim:set tw=3:'] = true,
  ['x ex: tw=3'] = true,
  ['vim600: tw=3'] = true,
  ['# vim>600: tw=3'] = true,
  ['# vim<9999: tw=3'] = true,
  ['vim: no such setting'] = true,
  ['-- é vim: tw=3'] = true,
  ['xvim: vim: tw=3'] = true,
  ['a vimx: a vi: tw=3'] = true,
  ['vim: set ft=a\\:b tw=3:'] = true,
  ['ex: tw=3'] = false,
  ['xvim: tw=3'] = false,
  ['(vim: tw=3)'] = false,
  ['Vim: tw=3'] = false,
  ['Vi: set tw=3:'] = false,
  ['vi600: tw=3'] = false,
  ['x ex600: tw=3'] = false,
  ['VIM: set tw=3:'] = false,
  ['vim set tw=3:'] = false,
  ['vim : tw=3'] = false,
  ['# vim: set tw=3'] = false,
  ['vim: set ft=a\\:b tw=3\\:'] = false,
  ['vim:'] = false,
  ['vim: set :'] = false,
  ['I use vim, vi or ex'] = false,
}

local BIDIRECTIONAL = { 0x61C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068,
  0x2069 }

local INVISIBLE = { 0x01, 0x0D, 0x1B, 0x7F, 0x80, 0x85, 0x9F, 0xAD, 0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5,
  0x180B, 0x180C, 0x180D, 0x180E, 0x200B, 0x200C, 0x200D, 0x2028, 0x2029, 0x2060, 0x2064, 0x206A, 0x206F,
  0x2800, 0x3164, 0xFE00,
  0xFEFF, 0xFFA0, 0xFFF9, 0xFFFB, 0xE0000, 0xE0041, 0xE007F, 0xE0100, 0xE01EF }

--- Neighbours of those above, other blanks, and what stands beside them in their first bytes.
local HARMLESS = { 0x09, 0x20, 0x7E, 0xA0, 0xAC, 0xAE, 0x34E, 0x350, 0x61B, 0x61D, 0x115E, 0x1161, 0x17B3,
  0x17B6, 0x180A, 0x180F, 0x2009, 0x2010, 0x2014, 0x2019, 0x202F, 0x205F, 0x2065, 0x2070, 0x3042,
  0x3163, 0x3165, 0xFE0F, 0xFEFE, 0xFF9F, 0xFFA1, 0xFFF8, 0xFFFC, 0xFFFD, 0x1F44D, 0xE0080, 0xE01F0 }

local JOINER, SELECTOR, MAN, WOMAN, SKIN, HEART = '\226\128\141', '\239\184\143', '👨', '👩', '🏽', '❤'

describe('danger', function()
  local nvim
  setup(function() nvim = Session.start({ headless = true }) end)
  teardown(Session.close_all)

  local function told(old, new, ...) return nvim:exec_lua(TOLD, old, new, ...) end

  local function char(code) return nvim:exec_lua('return vim.fn.nr2char(...)', code) end

  for line, is_modeline in pairs(LINES) do
    it((is_modeline and 'is' or 'is not') .. ' a modeline: ' .. line, function()
      assert.are.equal(is_modeline, nvim:exec_lua(OBEYED, line), 'Neovim')
      assert.are.same(is_modeline and { MODELINE } or {}, told({ 'a' }, { line }))
    end)
  end

  it('is a modeline for another version', function()
    assert.are.same({ MODELINE }, told({ 'a' }, { '# vim<600: tw=3' }))
    assert.are.same({ MODELINE }, told({ 'a' }, { '# vim=702: tw=3' }))
  end)

  it('is only a modeline that was not there', function()
    assert.are.same({}, told({ '# vim: ts=4' }, { 'new', '-- vim: ts=4' }))
    assert.are.same({}, told({ '/* vim: set ts=4: */' }, { '# vim: set ts=4:' }))
    assert.are.same({}, told({ '# vim: ts=4' }, { 'new' }))
    assert.are.same({ MODELINE }, told({ '# vim: ts=4' }, { '# vim: ts=8' }))
    assert.are.same({ MODELINE }, told({ '# vim: ts=4' }, { '# vim: ts=4', '# vim: ts=4' }))
    assert.are.same({ 'adds 2 modelines' }, told({ 'a' }, { 'vim: ts=4', 'vi: sw=4' }))
  end)

  it('is not what stands in lines that the hunk leaves alone', function()
    assert.are.same({ MODELINE }, told({ '# vim: ts=4', 'b', 'c' }, { '# vim: ts=4' }, 2, 1))
    assert.are.same({ MODELINE }, told({ '# vim: ts=4', 'b', 'c' }, { '# vim: ts=4' }, 2, 0))
  end)

  it('is a character that turns the order of text round', function()
    for _, code in ipairs(BIDIRECTIONAL) do
      local text = ('adds a bidirectional control character (U+%04X)'):format(code)
      assert.are.same({ text }, told({ 'a' }, { 'a' .. char(code) .. 'b' }))
    end
  end)

  it('is a character that cannot be seen', function()
    for _, code in ipairs(INVISIBLE) do
      local text = ('adds an invisible character (U+%04X)'):format(code)
      assert.are.same({ text }, told({ 'a' }, { 'a' .. char(code) .. 'b' }))
    end
    assert.are.same({ 'adds an invisible character (U+0000)' }, told({ 'a' }, { 'a\0b' }))
  end)

  it('is no other character', function()
    for _, code in ipairs(HARMLESS) do
      assert.are.same({}, told({ 'a' }, { 'a' .. char(code) .. 'b' }), ('U+%04X'):format(code))
    end
    assert.are.same({}, told({ 'a' }, { 'naïve “名前” — かな 한국어 ﾊ' }))
  end)

  it('is only characters of which there were fewer', function()
    local space, other = char(0x200B), char(0x202E)
    assert.are.same({}, told({ 'a' .. space }, { 'b' .. space .. 'c' }))
    assert.are.same({}, told({ 'a' .. other, 'b' .. space }, { 'b' }, 1, 1))
    local text = 'adds an invisible character (U+%04X)'
    assert.are.same({ text:format(0x200B) }, told({ 'a' .. space }, { space .. space }))
    assert.are.same({ text:format(0x2060) }, told({ 'a' .. space }, { 'a' .. char(0x2060) }))
  end)

  it('is told in few words', function()
    local three = { 'a\1', 'b\1\2' .. char(0x202E) }
    assert.are.same({ 'adds a bidirectional control character (U+202E)',
      'adds 3 invisible characters (U+0001, U+0002)' }, told({ 'a', 'b' }, three))
    assert.are.same({ 'adds 5 invisible characters (U+0001, U+0002, U+0003, …)' },
      told({ 'a' }, { '\5\4\3\2\1' }))
  end)

  it('is no joiner between two emoji', function()
    for _, text in ipairs({ MAN .. JOINER .. WOMAN, WOMAN .. SKIN .. JOINER .. '💻',
      HEART .. SELECTOR .. JOINER .. '🔥', WOMAN .. JOINER .. HEART .. SELECTOR .. JOINER .. MAN,
      '🏳' .. SELECTOR .. JOINER .. '🌈' }) do
      assert.are.same({}, told({ 'a' }, { 'x ' .. text .. ' y' }), text)
    end
  end)

  it('is a joiner anywhere else', function()
    for _, text in ipairs({ 'a' .. JOINER .. 'b', MAN .. JOINER, JOINER .. MAN, MAN .. JOINER .. 'a',
      'a' .. JOINER .. MAN, MAN .. JOINER .. JOINER .. MAN, MAN .. ' ' .. JOINER .. MAN,
      'a' .. SELECTOR .. JOINER .. MAN, SELECTOR .. JOINER .. MAN, SKIN .. JOINER .. MAN }) do
      assert.are_not.same({}, told({ 'a' }, { text }), text)
    end
  end)

  it('is more than half of the lines gone', function()
    local four = { 'a', 'b', 'c', 'd' }
    assert.are.same({}, told(four, { 'x', 'y' }))
    assert.are.same({}, told(four, {}, 2, 2))
    assert.are.same({ 'removes 3 of 4 lines' }, told(four, { 'x' }))
    assert.are.same({ 'removes 3 of 4 lines' }, told(four, {}, 2, 3))
    assert.are.same({ 'removes 1 of 1 line' }, told({ 'a' }, {}))
    assert.are.same({}, told({}, { 'a' }))
  end)

  it('is no text that is not UTF-8, or its end', function()
    for _, text in ipairs({ '\226', '\226\128', 'a\226\128b', '\128\139', '\243\160\129', '\255\254',
      '\224\128\139', '\194' }) do
      assert.are.same({}, told({ 'a' }, { text }), ('%q'):format(text))
    end
  end)

  it('is all of it in one hunk', function()
    local new = { '# vim: ts=4' .. char(0x200B) .. char(0x2066) }
    assert.are.same({ MODELINE, 'adds a bidirectional control character (U+2066)',
      'adds an invisible character (U+200B)', 'removes 2 of 3 lines' }, told({ 'a', 'b', 'c' }, new))
  end)

  it('is found in a hunk of very long lines', function()
    local markers, joiners = ('Vim: '):rep(20000), JOINER:rep(20000)
    assert.are.same({ 'adds 20000 invisible characters (U+200D)' }, told({ 'a' }, { markers, joiners }))
  end)
end)
