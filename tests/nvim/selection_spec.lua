--- What is selected is what is sent: exactly, from maps and from the command line, and nothing else changes.
--- With it go the facts about it: file, type, lines, diagnostics.
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local MAPS = [[
vim.o.hidden = true
vim.keymap.set({ 'n', 'x' }, '<F2>', '<Cmd>Ask /raw<CR>')
vim.keymap.set({ 'n', 'x' }, '<F3>', '<Plug>(askedit-prompt-raw)')
vim.keymap.set('x', '<F4>', ':Ask /raw<CR>')
vim.keymap.set('x', '<F5>', function() require('askedit').run('raw') end)
]]

-- `moves`: Vim itself puts the cursor on the start of the range.
local WAYS = {
  { 'a <Cmd> map', '<F2>' },
  { 'a <Plug> map', '<F3>' },
  { 'a Lua map', '<F5>' },
  { "a typed :'<,'>Ask", ':Ask /raw<CR>', moves = true },
  { "a mapped :'<,'>Ask", '<F4>', moves = true },
  { "a :'<,'>Ask after Visual mode", "<Esc>:'<LT>,'>Ask /raw<CR>" },
}

local function set_lines(nvim, lines)
  nvim:exec_lua([[
    vim.api.nvim_buf_set_lines(0, 0, -1, true, ...)
    vim.bo.modified = false]], lines)
end

--- Vim's own yank of the same selection, to see that the expectation is no invention.
local function yanked(nvim, keys)
  nvim:feed(keys .. '"by')
  return (nvim:exec_lua([[
    local taken = vim.fn.getreginfo('b')
    local lines = {}
    for i, line in ipairs(taken.regcontents) do lines[i] = line:gsub('\n', '\0') end
    return table.concat(lines, '\n') .. (taken.regtype == 'V' and '\n' or '')]]))
end

local function start(options)
  options = options or {}
  options.init = MAPS .. (options.init or '')
  return Product.start(options)
end

--- case: lines, keys, sent; set = options of Vim; yank = what Vim's yank gives, where it is not what is sent
local function check(case)
  local nvim, peer = start({ init = case.set and ('vim.cmd(%q)'):format('set ' .. case.set) })
  set_lines(nvim, case.lines)
  assert.are.equal(case.yank or case.sent, yanked(nvim, case.keys))
  for _, way in ipairs(WAYS) do
    local tick = nvim:exec_lua('return vim.b.changedtick')
    local sent = Product.words(Product.ask(nvim, peer, case.keys .. way[2]))
    assert.are.equal(case.sent, sent, 'by ' .. way[1])
    assert.are.equal('n', nvim:request('nvim_get_mode').mode)
    assert.are.equal(tick, nvim:exec_lua('return vim.b.changedtick'), 'changed by ' .. way[1])
  end
  Product.assert_quiet(nvim)
end

local function after()
  Session.close_all()
  Peer.close_all()
end

describe('the selection that is sent', function()
  after_each(after)

  local words = { 'one two', 'three four', 'five six' }
  local cases = {
    ['is charwise in a line'] = { lines = words, keys = 'gg0wvl', sent = 'tw' },
    ['is charwise over lines'] = { lines = words, keys = 'gg0wvjl', sent = 'two\nthree ' },
    ['is charwise backwards'] = { lines = words, keys = 'G0wvkh', sent = 'e four\nfive s' },
    ['is one character'] = { lines = words, keys = 'gg0v', sent = 'o' },
    ['has its ends swapped by o'] = { lines = words, keys = 'gg0wvjoh', sent = ' two\nthree' },
    ['is linewise'] = { lines = words, keys = 'ggVj', sent = 'one two\nthree four\n' },
    ['is linewise backwards'] = { lines = words, keys = 'GVk', sent = 'three four\nfive six\n' },
    ['is the last line'] = { lines = words, keys = 'GV', sent = 'five six\n' },
    ['is a block'] = { lines = words, keys = 'gg0l<C-v>jjl', sent = 'ne\nhr\niv' },
    ['is a block from its other corner'] = { lines = words, keys = 'gg0l<C-v>jjlO', sent = 'ne\nhr\niv' },
    ['is a block to the line ends'] = { lines = { 'abc', 'a', 'abcdef' }, keys = 'gg0l<C-v>2j$',
      sent = 'bc\n\nbcdef' },
    ['is a block over a tab and a short line'] = { lines = { 'abcdefgh', 'a\tb', 'ab', 'abcdefgh' },
      keys = 'gg3|<C-v>3j2l', sent = 'cde\n   \n\ncde' },
    ['is whole wide characters'] = { lines = { 'let 名前 = "é"' }, keys = 'gg05|vl', sent = '名前' },
    ['takes a composing character along'] = { lines = { 'xe\204\129y' }, keys = 'gg0lv', sent = 'e\204\129' },
    ['is a block through the middle of wide characters'] = { lines = { 'abcdef', '名前名', 'abcdef' },
      keys = 'gg02|<C-v>2jl', sent = 'bc\n  \nbc' },
    ['holds tabs'] = { lines = { '\ta\tb' }, keys = 'ggV', sent = '\ta\tb\n' },
    ['holds NUL'] = { lines = { 'a\0b', '\0' }, keys = 'ggVj', sent = 'a\0b\n\0\n' },
    ['holds NUL in a part of a line'] = { lines = { 'a\0bc' }, keys = 'gg0vll', sent = 'a\0b' },
    ['holds a mark for bytes that are no UTF-8'] = { lines = { 'a\255b' }, keys = 'ggV',
      sent = 'a\239\191\189b\n', yank = 'a\255b\n' },
    ['holds odd carriage returns'] = { lines = { 'k\r', 'l' }, keys = 'ggVj', sent = 'k\r\nl\n' },
    ['ends before the cursor with selection=exclusive'] = { lines = words, keys = 'gg0wvll', sent = 'tw',
      set = 'selection=exclusive' },
    ['is a block with selection=exclusive'] = { lines = words, keys = 'gg0l<C-v>jll', sent = 'ne\nhr',
      set = 'selection=exclusive' },
    ['is padded past a line end with virtualedit=all'] = { lines = { 'ab', 'abcdef' }, keys = 'gg0l<C-v>jll',
      sent = 'b  \nbcd', set = 'virtualedit=all' },
    ['takes the line break that v$ selects'] = { lines = { 'alpha', 'beta' }, keys = 'gg0v$',
      sent = 'alpha\n' },
    ['takes the break of an empty line'] = { lines = { '', 'beta' }, keys = 'gg0v$', sent = '\n' },
    ['takes v$ on the last line'] = { lines = { 'alpha', 'beta' }, keys = 'G0v$', sent = 'beta' },
    ['takes v$ over all lines'] = { lines = { 'alpha', 'beta' }, keys = 'gg0vG$', sent = 'alpha\nbeta' },
    ['is an empty line'] = { lines = { 'a', '', 'b' }, keys = '2GV', sent = '\n' },
    ['is untouched by per cent signs and braces'] = {
      lines = { [[printf("100%% {{selection}} {selection} {{code}} $text %1 \1 &");]] }, keys = 'ggV',
      sent = [[printf("100%% {{selection}} {selection} {{code}} $text %1 \1 &");]] .. '\n' },
  }
  for promise, case in pairs(cases) do
    it(promise, function() check(case) end)
  end

  it('has plain line ends from a dos file and from one without an end of line', function()
    local nvim, peer = start({ files = { ['dos.txt'] = 'a\r\nb\r\n', ['noeol.txt'] = 'a\nb' } })
    nvim:command('edit dos.txt')
    assert.are.equal('dos', nvim:exec_lua('return vim.bo.fileformat'))
    assert.are.equal('a\nb\n', Product.words(Product.ask(nvim, peer, 'ggVj<F2>')))
    assert.are.equal('a', Product.words(Product.ask(nvim, peer, 'gg0v<F2>')))
    nvim:command('edit noeol.txt')
    assert.is_false(nvim:exec_lua('return vim.bo.endofline'))
    assert.are.equal('a\nb\n', Product.words(Product.ask(nvim, peer, 'ggVj<F2>')))
    assert.are.equal('b', Product.words(Product.ask(nvim, peer, 'G0v<F2>')))
    Product.assert_quiet(nvim)
  end)
end)

describe("the selection of :'<,'>Ask", function()
  after_each(after)

  it('is exact with modifiers, more blanks and a following name too', function()
    local nvim, peer = start()
    set_lines(nvim, { 'alpha', 'beta' })
    for _, keys in ipairs({ ":<C-u>vertical '<LT>,'>Ask /raw<CR>", ':  Ask   /raw<CR>', ':As /raw<CR>',
      ":<C-u>  sil! botright '<LT>,'>Ask /raw<CR>", ':Ask /raw words<CR>' }) do
      local sent = Product.words(Product.ask(nvim, peer, 'gg0lvjl' .. keys))
      assert.are.equal('lpha\nbet', (sent:gsub('\n\nwords$', '')), keys)
    end
    Product.assert_quiet(nvim)
  end)

  it('covers a closed fold as a yank does', function()
    local nvim, peer = start()
    set_lines(nvim, { 'l1', 'l2', 'l3', 'l4', 'l5' })
    nvim:command('2,4fold')
    for _, way in ipairs(WAYS) do
      assert.are.equal('l2\nl3\nl4\n', Product.words(Product.ask(nvim, peer, '3GV' .. way[2])), way[1])
      assert.are.equal(2, nvim:exec_lua('return vim.fn.foldclosed(3)'))
    end
    Product.assert_quiet(nvim)
  end)
end)

describe('a range', function()
  after_each(after)

  it('is whole lines, however it is written', function()
    local nvim, peer = start()
    set_lines(nvim, { 'l1', 'l2', 'l3', 'l4' })
    local function sent(keys) return Product.words(Product.ask(nvim, peer, keys)) end
    assert.are.equal('l2\nl3\n', sent(':2,3Ask /raw<CR>'))
    assert.are.equal('l3\n', sent(':3Ask /raw<CR>'))
    assert.are.equal('l2\n', sent('2G:.Ask /raw<CR>'))
    assert.are.equal('l1\nl2\nl3\nl4\n', sent(':%Ask /raw<CR>'))
    assert.are.equal('l2\nl3\nl4\n', sent('2G3:Ask /raw<CR>'))
    assert.are.equal('l4\n', sent(':$Ask /raw<CR>'))
    nvim:command('2,3Ask /raw')
    assert.are.equal('l2\nl3\n', Product.words(peer:wait_request(nvim)))
    nvim:event('AskeditDone')
    nvim:exec_lua("require('askedit').run('raw', { range = { 1, 2 } })")
    assert.are.equal('l1\nl2\n', Product.words(peer:wait_request(nvim)))
    nvim:event('AskeditDone')
    Product.assert_quiet(nvim)
  end)

  it('is not taken for the selection that was on the same lines', function()
    local nvim, peer = start()
    set_lines(nvim, { 'alpha', 'beta' })
    nvim:feed('gg0lvjl<Esc>')
    assert.are.equal('alpha\nbeta\n', Product.words(Product.ask(nvim, peer, ':1,2Ask /raw<CR>')))
    assert.are.equal('alpha\nbeta\n', Product.words(Product.ask(nvim, peer, ':%Ask /raw<CR>')))
    assert.are.equal('alpha\nbeta\n', Product.words(Product.ask(nvim, peer, [[:exe "'<LT>,'>Ask /raw"<CR>]])))
    assert.are.equal('lpha\nbet', Product.words(Product.ask(nvim, peer, "gg0lvjl:Ask /raw<CR>")))
    nvim:command('1,2Ask /raw')
    assert.are.equal('alpha\nbeta\n', Product.words(peer:wait_request(nvim)))
  end)

  it('that does not exist is refused by Vim and nothing is sent', function()
    local nvim, peer = start()
    set_lines(nvim, { 'one' })
    nvim:feed(':5,6Ask /raw<CR>')
    assert.is_truthy(nvim:messages():find('E16', 1, true))
    assert.are.equal('one\n', Product.words(Product.ask(nvim, peer, ':1Ask /raw<CR>')))
  end)

  it('is missing: no code goes along', function()
    local nvim, peer = start()
    set_lines(nvim, { 'secret code', 'more' })
    nvim:feed('ggVj<Esc>')
    assert.are.equal('why?', Product.words(Product.ask(nvim, peer, ':Ask why?<CR>')))
    nvim:feed(':Ask /raw<CR>')
    Product.assert_said(nvim, 'select some')
    assert.are.equal(1, #peer.requests)
  end)
end)

local WATCH = [[
_G.seen = {}
vim.api.nvim_create_autocmd({ 'TextYankPost', 'ModeChanged', 'TextChanged', 'WinEnter', 'WinLeave',
  'BufEnter', 'BufLeave', 'InsertEnter' }, { callback = function(args)
  local what = args.event == 'ModeChanged' and ' ' .. args.match or ''
  table.insert(_G.seen, args.event .. what)
end })
_G.state = function()
  local registers = {}
  for _, name in ipairs({ '"', '0', '1', 'a', 'z', '-' }) do registers[name] = vim.fn.getreginfo(name) end
  return {
    registers = registers,
    search = vim.fn.getreg('/'),
    marks = { vim.fn.getpos("'["), vim.fn.getpos("']") },
    visual = { vim.fn.getpos("'<"), vim.fn.getpos("'>"), vim.fn.visualmode() },
    view = vim.fn.winsaveview(),
    selection = vim.o.selection,
    undo = vim.fn.undotree().seq_last,
    win = vim.api.nvim_get_current_win(),
    tick = vim.b.changedtick,
    modified = vim.bo.modified,
  }
end
]]

describe('taking the selection', function()
  after_each(after)

  --- Registers of each kind, a search, and a selection of its own; then asks and compares.
  local function check_untouched(prepare, select, way)
    local nvim, peer = start({ init = WATCH })
    set_lines(nvim, { 'first one', 'second two', 'third three', 'fourth' })
    nvim:feed(prepare)
    nvim:feed(select .. (way.moves and ':let g:none = 1<CR>' or '<Esc>'))
    local before = nvim:exec_lua('_G.seen = {} return _G.state()')
    nvim:feed('gv' .. way[2])
    peer:wait_request(nvim)
    nvim:event('AskeditDone')
    assert.are.same(before, nvim:exec_lua('return _G.state()'))
    local fired = {}
    for _, event in ipairs(nvim:exec_lua('return _G.seen')) do
      assert.is_truthy(event:find('^ModeChanged') and not fired[event], way[1] .. ' fired ' .. event)
      fired[event] = true
    end
    nvim:feed('gv')
    assert.are.equal(before.visual[3], nvim:request('nvim_get_mode').mode)
    nvim:feed('<Esc>')
    assert.are.same(before.visual, nvim:exec_lua('return _G.state().visual'))
  end

  local filled = '/two<CR>gg"ayiwww"zyy3Gyiw:2<CR>'
  for _, way in ipairs(WAYS) do
    it('leaves registers, marks, search, view and undo alone, by ' .. way[1], function()
      check_untouched(filled, '2G0lvjl', way)
      check_untouched(filled, '2G0l<C-v>jl', way)
      check_untouched(filled, '3GV', way)
    end)
  end

  it('leaves an empty z alone, one that the unnamed register stands for, and a deleted text', function()
    check_untouched('ggyiw', '3GV', WAYS[1])
    check_untouched('gg"zyiw', '3GV', WAYS[1])
    check_untouched('gg"ayiw', '3GV', WAYS[1])
    check_untouched('Gdd', '3GV', WAYS[1])
    check_untouched('ggx', '3GV', WAYS[1])
    check_untouched('', '3GV', WAYS[1])
  end)

  it('does not go through the clipboard', function()
    local nvim, peer = start({ init = [[
      _G.copies = 0
      local function copy() _G.copies = _G.copies + 1 end
      local function paste() return { { 'theirs' }, 'v' } end
      vim.g.clipboard = {
        name = 'spec',
        copy = { ['+'] = copy, ['*'] = copy },
        paste = { ['+'] = paste, ['*'] = paste },
      }
      vim.o.clipboard = 'unnamed,unnamedplus']] })
    set_lines(nvim, { 'first', 'second' })
    for _, way in ipairs(WAYS) do
      assert.are.equal('second\n', Product.words(Product.ask(nvim, peer, '2GV' .. way[2])), way[1])
    end
    assert.are.equal(0, nvim:exec_lua('return _G.copies'))
    Product.assert_quiet(nvim)
  end)

  it('works in a buffer that cannot be modified', function()
    local nvim, peer = start()
    set_lines(nvim, { 'first', 'second' })
    nvim:command('setlocal nomodifiable readonly')
    assert.are.equal('econd', Product.words(Product.ask(nvim, peer, '2G0lv$h<F2>')))
    Product.assert_quiet(nvim)
  end)
end)

describe("yesterday's selection", function()
  after_each(after)

  local lines = { 'first', 'second', 'third' }

  local function check_third(nvim, request)
    assert.are.equal('third\n', Product.words(request))
    nvim:feed('gv')
    assert.are.equal('V', nvim:request('nvim_get_mode').mode)
    assert.are.equal(3, nvim:exec_lua("return vim.fn.line('v')"))
    nvim:feed('<Esc>')
  end

  it('is not sent by a map in Visual mode', function()
    for _, way in ipairs({ '<F2>', '<F3>', '<F5>' }) do
      local nvim, peer = start()
      set_lines(nvim, lines)
      nvim:feed('ggV<Esc>')
      check_third(nvim, Product.ask(nvim, peer, '3GV' .. way))
    end
  end)

  it('is not sent by a picker that opens a float and calls back later', function()
    local nvim, peer = start({ init = [[
      vim.keymap.set('x', '<F6>', '<Cmd>Ask /<CR>')
      vim.ui.select = function(items, opts, on_choice)
        _G.shown = vim.tbl_map(opts.format_item, items)
        local buf = vim.api.nvim_create_buf(false, true)
        local win = vim.api.nvim_open_win(buf, true,
          { relative = 'editor', row = 2, col = 2, width = 20, height = 5 })
        vim.keymap.set('n', '<CR>', function()
          vim.api.nvim_win_close(win, true)
          vim.schedule(function() on_choice('raw') end)
        end, { buffer = buf })
      end]] })
    set_lines(nvim, lines)
    nvim:feed('ggV<Esc>3GV<F6>')
    nvim:wait_for("vim.api.nvim_win_get_config(0).relative == 'editor'")
    assert.are.equal('n', nvim:request('nvim_get_mode').mode)
    nvim:feed('ivisited<Esc>ggV<Esc>')
    check_third(nvim, Product.ask(nvim, peer, '<CR>'))
    Product.assert_quiet(nvim)
  end)

  it('is not sent from a macro, which goes on with its next key', function()
    for _, way in ipairs({ '<F2>', '<F3>', ':Ask /raw<CR>' }) do
      local nvim, peer = start({ init = 'vim.g.went_on = 0' })
      set_lines(nvim, lines)
      nvim:feed('ggV<Esc>ggyy/sec<CR>')
      check_third(nvim, Product.ask(nvim, peer, 'qa3GV' .. way .. ':let g:went_on += 1<CR>q'))
      assert.are.equal(1, nvim:exec_lua('return vim.g.went_on'))
      nvim:feed('ggV<Esc>')
      check_third(nvim, Product.ask(nvim, peer, '@a'))
      assert.are.equal(2, nvim:exec_lua('return vim.g.went_on'))
      assert.are.equal('first\n', nvim:exec_lua("return vim.fn.getreg('0')"))
      assert.are.equal('first\n', nvim:exec_lua([[return vim.fn.getreg('"')]]))
      assert.are.equal('sec', nvim:exec_lua("return vim.fn.getreg('/')"))
      Product.assert_quiet(nvim)
    end
  end)
end)

describe('with the selection', function()
  after_each(after)

  local facts = { ['facts.lua'] = [=[return { context = 'selection',
    template = '{{file}}|{{filetype}}|{{lines}}|{{diagnostics}}|{{code}}' }]=] }

  it('go file, type and lines', function()
    local nvim, peer = start({ prompts = facts, args = { 'src/a.c' },
      files = { ['src/a.c'] = 'int a;\nint b;\nint c;\n' } })
    nvim:command('set filetype=c')
    local function sent(keys) return Product.words(Product.ask(nvim, peer, keys .. ':Ask /facts<CR>')) end
    assert.are.equal('src/a.c|c|2-3||int b;\nint c;\n', sent('2GVj'))
    assert.are.equal('src/a.c|c|2||nt b', sent('2G0lvlll'))
    assert.are.equal('src/a.c|c|1||int a;\n', sent('gg0v$'))
    assert.are.equal('src/a.c|c|1-2||t a;\nint ', sent('gg0llvjl'))
    nvim:command('enew')
    set_lines(nvim, { 'one' })
    assert.are.equal('||1||one\n', Product.words(Product.ask(nvim, peer, ':%Ask /facts<CR>')))
  end)

  it('they stand before the code of a question', function()
    local nvim, peer = start({ files = { ['a.c'] = 'x```y\nint b;\n' }, args = { 'a.c' } })
    nvim:command('set filetype=c')
    assert.are.equal('why?\n\nFile: a.c (c), lines 1-2\n\n````c\nx```y\nint b;\n````',
      Product.words(Product.ask(nvim, peer, ':%Ask why?<CR>')))
    nvim:command('enew')
    set_lines(nvim, { 'one' })
    assert.are.equal('why?\n\nFile: (no name), line 1\n\n```\none\n```',
      Product.words(Product.ask(nvim, peer, ':%Ask why?<CR>')))
  end)

  it('go the diagnostics that touch it, and no more than twenty', function()
    local nvim, peer = start({ prompts = facts })
    set_lines(nvim, { 'l1', 'l2', 'l3', 'l4', 'l5' })
    nvim:exec_lua([[
      local ns = vim.api.nvim_create_namespace('spec')
      vim.diagnostic.set(ns, 0, {
        { lnum = 0, col = 0, message = 'before', severity = 1 },
        { lnum = 0, end_lnum = 2, col = 0, message = 'reaches in\nwith {{code}} two lines', severity = 2 },
        { lnum = 2, col = 0, message = 'inside 100%', severity = 1 },
        { lnum = 3, end_lnum = 4, col = 0, message = 'starts here', severity = 4 },
        { lnum = 4, col = 0, message = 'after', severity = 3 },
      })]])
    local sent = Product.words(Product.ask(nvim, peer, ':3,4Ask /facts<CR>'))
    assert.are.equal('||3-4|- line 1: warning: reaches in\nwith {{code}} two lines\n'
      .. '- line 3: error: inside 100%\n- line 4: hint: starts here\n|l3\nl4\n', sent)
    nvim:exec_lua([[
      local many = {}
      for i = 1, 30 do many[i] = { lnum = 1, col = 0, message = 'm' .. i, severity = 1 } end
      vim.diagnostic.set(vim.api.nvim_create_namespace('spec'), 0, many)]])
    sent = Product.words(Product.ask(nvim, peer, ':2Ask /facts<CR>'))
    assert.are.equal(20, select(2, sent:gsub('%- line 2: error: m%d+\n', '')))
  end)

  it('goes the exact name of the right file', function()
    local long = ('long'):rep(62) .. '.c'
    local names = { '[id].ts', 'i.ts', '(tab) a%b#c.ts', '-x.ts', '516-最长回文.cc', long }
    local files = {}
    for _, name in ipairs(names) do files[name] = 'text of ' .. name .. '\n' end
    local nvim, peer = start({ prompts = facts, files = files, cols = 40 })
    for _, name in ipairs(names) do
      nvim:exec_lua("vim.cmd('edit ' .. vim.fn.fnameescape('./' .. ...))", name)
    end
    for i, name in ipairs(names) do
      nvim:exec_lua([[vim.cmd('silent buffer ' .. ...)]], i)
      local sent = Product.words(Product.ask(nvim, peer, 'V<F2>'))
      assert.are.equal('text of ' .. name .. '\n', sent)
      sent = Product.words(Product.ask(nvim, peer, ':%Ask /facts<CR>'))
      local file = sent:match('^(.-)|')
      assert.are.equal(name, file)
      nvim:redraw()
      assert.is_nil(nvim:text():find('<%x%x>'), nvim:text()) -- half a character would be drawn so
    end
    Product.assert_quiet(nvim)
  end)
end)
