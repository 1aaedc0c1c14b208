--- What goes along with a change: the lines around it, how its file is indented, and its diagnostics.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local unpack = rawget(_G, 'unpack') or rawget(table, 'unpack')

describe('a change', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  -- The lines that are sent before and after the code of a change, as lists.
  local function around(request)
    local words, parts = Product.words(request), {}
    for i, title in ipairs({ 'before', 'after' }) do
      local text = words:match('\n\nWhat stands ' .. title .. ' it[^\n]*\n\n```[^\n]*\n(.-\n)```')
      parts[i] = {}
      for line in (text or ''):gmatch('(.-)\n') do table.insert(parts[i], line) end
    end
    return parts
  end

  it('goes with the 60 lines before it and the 30 after it', function()
    local lines = Edits.numbered(1, 200)
    local nvim, peer = Edits.start(lines, { name = 'work.txt' })
    local parts = around(Edits.ask(nvim, peer, ':101,102Ask! x<CR>'))
    assert.are.same({ Edits.numbered(41, 100), Edits.numbered(103, 132) }, parts)
    Product.assert_quiet(nvim)
  end)

  it('goes with the whole lines beside it that take 4 KiB at most', function()
    local lines = {}
    for i = 1, 40 do lines[i] = ('%03d'):format(i) .. ('x'):rep(1000 - 4) end
    local nvim, peer = Edits.start(lines, { name = 'work.txt' })
    local parts = around(Edits.ask(nvim, peer, ':20Ask! x<CR>'))
    assert.are.same({ { unpack(lines, 16, 19) }, { unpack(lines, 21, 24) } }, parts)
    Product.assert_quiet(nvim)
  end)

  it('goes with the rest of the lines that it is a part of', function()
    local nvim, peer = Edits.start({ 'above', 'one two three', 'below' }, { name = 'work.txt' })
    local parts = around(Edits.ask(nvim, peer, '2Gwviw:Ask! x<CR>'))
    assert.are.same({ { 'above', 'one ' }, { ' three', 'below' } }, parts)
    Product.assert_quiet(nvim)
  end)

  for set, says in pairs({
    ['expandtab shiftwidth=3'] = '3 spaces',
    ['expandtab shiftwidth=0 tabstop=5'] = '5 spaces',
    ['noexpandtab shiftwidth=2 tabstop=4'] = 'tabs, 4 columns wide',
  }) do
    for what, keys in pairs({ ['a change'] = ':1Ask! x<CR>', ['text at the cursor'] = ':Ask! x<CR>' }) do
      it(('goes with how its file is indented, as %s: %s'):format(what, set), function()
        local nvim, peer = Edits.start({ 'a', 'b' }, { name = 'work.txt' })
        nvim:command('setlocal ' .. set)
        local sent = Product.words(Edits.ask(nvim, peer, keys))
        assert.are.equal(says, sent:match('\n\nIndentation: ([^\n]*)\n\n'))
        Product.assert_quiet(nvim)
      end)
    end
  end

  it('of /fix goes with the diagnostics of its lines and no others', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c', 'd' }, { name = 'work.txt' })
    nvim:exec_lua([[
      local list = {}
      for i = 0, 3 do list[#list + 1] = { lnum = i, col = 0, message = 'bad ' .. i + 1, severity = 1 } end
      vim.diagnostic.set(vim.api.nvim_create_namespace('spec'), 0, list)]])
    local sent = Product.words(Edits.ask(nvim, peer, ':2,3Ask /fix<CR>'))
    local found = {}
    for number in sent:gmatch('bad (%d)') do found[#found + 1] = number end
    assert.are.same({ '2', '3' }, found)
    Product.assert_quiet(nvim)
  end)
end)
