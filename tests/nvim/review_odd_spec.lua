--- Changes in odd moments: several commands in one go, two changes at the same lines, hunks that are asked
--- about, and answers that end otherwise than they began.
local Chat = require('chat')
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local assert_lines, words, fenced = Edits.assert_lines, Edits.words, Edits.fenced

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10 l11 l12'
local NEW = 'l1 A l3 l4 l5 B l7 l8 l9 C l11 l12'
local HIDDEN = 'B\226\128\139' -- with a character that cannot be seen
local RISKY = NEW:gsub('B', HIDDEN)

local SELECT = [[
  Asked = {}
  vim.ui.select = function(items, opts, on_choice)
    Asked[#Asked + 1] = opts.prompt
    Items, Choose = items, function(i) on_choice(items[i], i) end
  end
]]

--- Which lines are coloured as old ones: 'ROW,COLUMN-ROW,COLUMN'.
local COVERED = [[
  local marks, list = vim.api.nvim_create_namespace('askedit_change'), {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, marks, 0, -1, { details = true })) do
    local more = mark[4]
    if more.hl_group == 'AskeditDelete' then
      list[#list + 1] = ('%d,%d-%d,%d'):format(mark[2], mark[3], more.end_row, more.end_col)
    end
  end
  return list
]]

local function after()
  Session.close_all()
  Peer.close_all()
end

local function start(options)
  options = options or {}
  options.name, options.init = 'work.txt', SELECT .. (options.init or '')
  return Edits.start_raw(words(OLD), options)
end

local function propose(nvim, peer, range, new)
  Edits.answer(nvim, Edits.ask(nvim, peer, (':%sAsk /change better<CR>'):format(range)), fenced(new))
end

--- An open change to all lines: three hunks, in lines 2, 6 and 10.
local function open_change(options, new)
  local nvim, peer = start(options)
  propose(nvim, peer, '%', new or NEW)
  nvim:feed('gg')
  return nvim, peer
end

local WRITTEN = [[return { vim.fn.line("'["), vim.fn.line("']") }]]

local function assert_asked(nvim, sentences) assert.are.same(sentences, nvim:exec_lua('return Asked')) end

local function line(nvim) return nvim:request('nvim_win_get_cursor', 0)[1] end

local function status(nvim) return nvim:exec_lua("return require('askedit').status()") end

local function preview(nvim)
  nvim:redraw()
  return (Edits.preview(nvim):gsub('\n', ' '))
end

local function has_keys(nvim) return nvim:exec_lua("return vim.fn.maparg('gh', 'n') ~= ''") end

--- Returns when all has been done that was put off for the next time the main loop goes round.
local function settle(nvim)
  nvim:exec_lua([[
    Rounds = 0
    local function next_round()
      Rounds = Rounds + 1
      if Rounds < 3 then vim.defer_fn(next_round, 0) end
    end
    vim.defer_fn(next_round, 0)]])
  nvim:wait_for('Rounds == 3')
end

describe('a hunk that carries a warning', function()
  after_each(after)

  it('keeps a text from writing itself, whichever of its hunks it is', function()
    local nvim, peer = Edits.start({ 'a', '', 'b' })
    local request = Edits.ask(nvim, peer, ':2<CR>:Ask! more<CR>')
    Edits.answer(nvim, request, 'first\n\n# vim: set modeline:')
    nvim:see('adds a modeline')
    settle(nvim)
    assert.are.same({ 'a', '', 'b' }, Product.lines(nvim))
    nvim:feed(':Ask /accept!<CR>')
    nvim:see('take it too?')
    nvim:feed('2<CR>')
    nvim:wait('it is not taken', function() return #Product.lines(nvim) == 5 end)
    assert.are.same({ 'a', 'first', '', '# vim: set modeline:', 'b' }, Product.lines(nvim))
  end)

  for _, keys in ipairs({ ':%Ask /accept<CR>', 'ggVGgh', ':Ask /open!<CR>gh', ':Ask /accept!<CR>' }) do
    for choice, new in ipairs({ NEW:gsub('B', 'l6'), RISKY }) do
      it(('is asked about among several, %s, choice %d'):format(keys, choice), function()
        local nvim = open_change(nil, RISKY)
        nvim:feed(keys)
        assert_asked(nvim, { '1 of 3 adds an invisible character (U+200B): take it too?' })
        assert.are.same({ 'no', 'yes' }, nvim:exec_lua('return Items'))
        assert.are.equal(OLD, table.concat(Product.lines(nvim, 1), ' '))
        nvim:exec_lua('Choose(...)', choice)
        assert.are.equal(new, table.concat(Product.lines(nvim, 1), ' '))
        Product.assert_quiet(nvim)
      end)
    end
  end

  it('is taken without a question where the user is at it', function()
    local nvim = open_change(nil, RISKY)
    nvim:feed('6Ggh')
    assert_lines(nvim, (OLD:gsub('l6', HIDDEN)))
    assert_asked(nvim, {})
    Product.assert_quiet(nvim)
  end)
end)

describe('in an answer about something else', function()
  after_each(after)

  for _, command in ipairs({ 'accept', 'accept!', 'reject', 'reject!' }) do
    it('nothing is done to a change by /' .. command, function()
      local nvim, peer = open_change()
      nvim:feed(':Ask why?<CR>')
      peer:wait_request(nvim).conn:write(Chat.answer('So.'))
      nvim:event('AskeditDone')
      nvim:feed((':wincmd p<CR>:Ask /%s<CR>'):format(command))
      assert.are.equal('askedit://2', nvim:exec_lua('return vim.fn.bufname()'))
      Product.assert_said(nvim, 'there is no open change in this buffer')
      assert.are.equal(OLD, table.concat(Product.lines(nvim, 1), ' '))
      nvim:command('wincmd p')
      assert.are.equal('A B C', preview(nvim))
    end)
  end
end)

describe('several blocks of code', function()
  after_each(after)

  it('have to be chosen from though hunks of the first one had settled', function()
    local nvim, peer = start()
    local request = Edits.ask(nvim, peer, ':%Ask /change<CR>')
    local first = '```\n' .. NEW:gsub(' ', '\n') .. '\n```\n'
    Edits.begin(request, first)
    Edits.arrived(nvim, first)
    assert.is_truthy(preview(nvim):find('^A B'))
    Edits.finish(nvim, request, 'or\n```\nX\n```\n')
    nvim:see('several blocks')
    for _, keys in ipairs({ 'gggh', '2Ggh', ':Ask /accept!<CR>' }) do
      nvim:exec_lua('Asked = {}')
      nvim:feed(keys)
      assert_asked(nvim, { 'Which of the blocks of code?' })
      assert_lines(nvim, OLD, keys)
    end
    nvim:feed('ggVGgh')
    assert_lines(nvim, OLD)
    nvim:exec_lua('Choose(2)')
    assert.are.equal('X', preview(nvim))
  end)
end)

describe('in one go', function()
  after_each(after)

  for _, keys in ipairs({ ':edit!<CR>:2,4Ask /change<CR>', ':edit! | 2,4Ask /change<CR>' }) do
    it('a change is asked for right after the text was read anew, ' .. keys, function()
      local nvim, peer = open_change()
      local request = Edits.ask(nvim, peer, keys)
      settle(nvim)
      Edits.answer(nvim, request, fenced('l2 X l4'))
      assert.are.equal('X', preview(nvim))
      nvim:feed('3Ggh')
      assert_lines(nvim, (OLD:gsub('l3', 'X')))
      assert.is_false(has_keys(nvim))
    end)
  end

  for _, keys in ipairs({ ':edit!<CR>2Ggh', ':edit! | normal 2Ggh<CR>', ':edit! | Ask /accept!<CR>' }) do
    it('nothing is written right after the text was read anew, ' .. keys, function()
      local nvim = open_change()
      nvim:feed(keys)
      settle(nvim)
      nvim:feed('<Esc>')
      assert_lines(nvim, OLD)
      assert.are.same({ '', false }, { status(nvim), has_keys(nvim) })
    end)
  end

  for _, keys in ipairs({ 'u:edit!<CR>', ':undo | edit!<CR>', 'u:edit!<CR>u' }) do
    it('no key stays mapped, ' .. keys, function()
      local nvim = open_change()
      nvim:feed(':Ask /accept!<CR>')
      assert.is_false(has_keys(nvim))
      nvim:feed(keys)
      settle(nvim)
      assert.are.same({ '', false }, { status(nvim), has_keys(nvim) })
    end)
  end

  for _, keys in ipairs({ 'ugH', 'ugh', 'u:Ask /reject<CR>' }) do
    it('a hunk is brought back and decided on, ' .. keys, function()
      local nvim, peer = start()
      propose(nvim, peer, '3', 'X')
      nvim:feed('3Ggh' .. keys)
      settle(nvim)
      assert_lines(nvim, keys == 'ugh' and OLD:gsub('l3', 'X') or OLD)
      assert.are.equal('n', nvim:request('nvim_get_mode').mode)
      assert.are.same({ '', '', false }, { preview(nvim), status(nvim), has_keys(nvim) })
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('a walk', function()
  after_each(after)

  it('goes on where several hunks stand at one row', function()
    local nvim = open_change()
    nvim:feed(':2,6delete<CR>Omine<Esc>')
    settle(nvim)
    nvim:feed('gg]c')
    assert.are.equal(2, line(nvim))
    nvim:feed(']c')
    assert.are.equal(6, line(nvim))
    nvim:feed('[c')
    assert.are.equal(2, line(nvim))
    Product.assert_quiet(nvim)
    nvim:feed('[c')
    assert.are.equal(6, line(nvim))
    Product.assert_said(nvim, 'on from the last hunk')
  end)

  it('ends with a sentence where a buffer cannot be entered', function()
    local nvim, peer = open_change({ files = { ['other.txt'] = 'o1\no2\n' } })
    nvim:feed(':Ask /reject!<CR>:edit! other.txt<CR>')
    propose(nvim, peer, '2', 'O')
    nvim:feed(':buffer 1<CR>')
    nvim:command("autocmd BufEnter other.txt throw 'no entry'")
    nvim:feed(':messages clear<CR>:Ask /next<CR>')
    nvim:redraw()
    Product.assert_said(nvim, 'the buffer of the next hunk cannot be shown')
  end)

  it("is what the user has made of its keys in a window with 'diff', also by a function", function()
    local nvim = open_change({ init = [[
      vim.keymap.set('n', ']c', function() return '<Cmd>let g:walked = 1<CR>' end, { expr = true })]] })
    nvim:feed(':set diff<CR>gg]c')
    assert.are.same({ 1, 1 }, { nvim:exec_lua('return vim.g.walked'), line(nvim) })
    nvim:feed(':set nodiff | unlet g:walked<CR>]c')
    assert.are.same({ true, 2 }, { nvim:exec_lua('return vim.g.walked == nil'), line(nvim) })
    assert_lines(nvim, OLD)
    Product.assert_quiet(nvim)
  end)
end)

describe('/retry', function()
  after_each(after)

  --- The hunk in line 6, whose line was changed, has been asked for again by itself.
  local function child(new)
    local nvim, peer = open_change()
    nvim:feed('6Gccmine<Esc>')
    nvim:see('you changed these lines')
    local request = Edits.ask(nvim, peer, ':Ask /retry<CR>')
    assert.are.equal('mine\nbetter', Product.words(request))
    if new then Edits.answer(nvim, request, fenced(new)) end
    return nvim, peer, request
  end

  for _, new in ipairs({ 'M6', false }) do
    local state = new and 'open' or 'coming'
    it('of the whole is refused where a hunk of it is ' .. state .. ' by itself', function()
      local nvim, _, request = child(new)
      nvim:feed('2G:Ask /retry<CR>')
      Product.assert_said(nvim, 'there is an open change to these lines')
      assert.are.equal(new and 'A M6 C' or 'A C', preview(nvim))
      if not new then Edits.answer(nvim, request, fenced('M6')) end
      nvim:feed(':Ask /accept!<CR>')
      assert_lines(nvim, (NEW:gsub('B', 'M6')))
      assert.are.same({ 2, 10 }, nvim:exec_lua(WRITTEN))
      assert.are.same({ '', false }, { status(nvim), has_keys(nvim) })
    end)
  end

  it('asks again for a hunk of which that was done already', function()
    local nvim, peer = child('M6')
    nvim:feed('6Gccother<Esc>')
    nvim:see('you changed these lines')
    local request = Edits.ask(nvim, peer, ':Ask /retry<CR>')
    assert.are.equal('other\nbetter', Product.words(request):sub(1, #'other\nbetter'))
    Edits.answer(nvim, request, fenced('N6'))
    assert.are.equal('A N6 C', preview(nvim))
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, (NEW:gsub('B', 'N6')))
    assert.are.same({ '', false }, { status(nvim), has_keys(nvim) })
    Product.assert_quiet(nvim)
  end)
end)

describe('two changes to the same lines', function()
  after_each(after)

  it('are open one after the other, where an undo brings one back under the other', function()
    local nvim, peer = start()
    propose(nvim, peer, '2,4', 'l2 X l4')
    nvim:feed('3Ggh')
    propose(nvim, peer, '2,4', 'l2 X Y')
    nvim:feed('u')
    settle(nvim)
    assert_lines(nvim, OLD)
    assert.is_nil(preview(nvim):find('X'))
    nvim:feed(':Ask /reject!<CR>')
    nvim:wait('it is not open', function() return preview(nvim) == 'X' end)
    assert.are.same({ 'ask: 1 hunk', true }, { status(nvim), has_keys(nvim) })
    nvim:feed('3Ggh')
    assert_lines(nvim, (OLD:gsub('l3', 'X')))
    assert.is_false(has_keys(nvim))
    Product.assert_quiet(nvim)
  end)

  it('do not come back for each other: the one that was rejected', function()
    local nvim, peer = start()
    propose(nvim, peer, '2,4', 'Z l3 X')
    nvim:feed('2Ggh4GgH')
    assert.are.equal('', status(nvim))
    propose(nvim, peer, '4', 'X')
    nvim:feed('4Ggh')
    settle(nvim)
    nvim:feed('u')
    nvim:wait('it is not open', function() return preview(nvim) == 'X' end)
    nvim:feed(':Ask /reject!<CR>')
    settle(nvim)
    assert.are.same({ '', '', false }, { preview(nvim), status(nvim), has_keys(nvim) })
    assert_lines(nvim, (OLD:gsub('l2', 'Z')))
    Product.assert_quiet(nvim)
  end)

  for _, ranges in ipairs({ { 2, 7, 11 }, { 11, 2, 7 }, { 7, 11, 2 } }) do
    it("are taken as one, which is between '[ and '], in the order " .. table.concat(ranges, ' '), function()
      local nvim, peer = start()
      for _, number in ipairs(ranges) do propose(nvim, peer, number, 'X Y') end
      nvim:feed(':Ask /accept!<CR>')
      assert.are.same({ 2, 14 }, nvim:exec_lua(WRITTEN))
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('a change', function()
  after_each(after)

  it('is not taken apart where nothing can be written', function()
    local nvim = open_change(nil, 'l1 A B C D l6 l7 l8 l9 l10 l11 l12')
    nvim:feed(':set nomodifiable<CR>:2,3Ask /accept<CR>')
    assert_lines(nvim, OLD)
    assert.are.equal('ask: 1 hunk', status(nvim))
    assert.are.equal(1, #Product.said(nvim))
    nvim:feed(':set modifiable<CR>:2,3Ask /accept<CR>')
    assert_lines(nvim, (OLD:gsub('l2', 'A'):gsub('l3', 'B')))
    assert.are.equal('ask: 2 of 2 · 1 taken', status(nvim))
  end)

  it('covers its old lines with their colour again after one went and came back', function()
    local nvim = open_change(nil, NEW:gsub('l7', 'B2'))
    local covered = { '1,0-2,0', '5,0-7,0', '9,0-10,0' }
    assert.are.same(covered, nvim:exec_lua(COVERED))
    nvim:feed('6GddP')
    settle(nvim)
    assert_lines(nvim, OLD)
    assert.are.same(covered, nvim:exec_lua(COVERED))
  end)

  for keys, sentence in pairs({ ['2Ggh'] = 'nothing else was changed', [''] = 'nothing was changed' }) do
    it('says what is so where the rest was refused, ' .. keys, function()
      local nvim, peer = start()
      local request = Edits.ask(nvim, peer, ':%Ask /change<CR>')
      local text = '```\nl1\nA\nl3\nl4\nl5\nl6\nl7\n'
      Edits.begin(request, text)
      Edits.arrived(nvim, text)
      nvim:see('gh takes')
      nvim:feed(keys)
      Edits.finish(nvim, request, nil, 'content_filter')
      settle(nvim)
      Product.assert_said(nvim, ('refused or filtered: %s (:Ask /show)'):format(sentence))
      assert_lines(nvim, keys == '' and OLD or OLD:gsub('l2', 'A'))
      assert.are.same({ '', '', false }, { preview(nvim), status(nvim), has_keys(nvim) })
    end)
  end
end)
