--- A change while its answer streams: what is shown, what the user does meanwhile, and what it costs.
local Chat = require('chat')
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local numbered, row_of = Edits.numbered, Edits.row_of

local TAKE = ':Ask /accept!<CR>'

local function after()
  Session.close_all()
  Peer.close_all()
end

local function text_of(lines) return table.concat(lines, '\n') end

describe('while a change streams', function()
  after_each(after)

  --- 30 old lines of which all are selected; the answer has another line 5, and is there up to `last`.
  local function streaming(last, options)
    local old = numbered(1, 30, 'old')
    local new = numbered(1, last, 'old')
    new[5] = 'line 5;'
    local nvim, peer = Edits.start(old, options)
    local request = Edits.ask(nvim, peer, 'ggVG:Ask! x<CR>')
    Edits.begin(request, '```\n' .. text_of(new) .. '\n')
    nvim:see('receiving')
    Edits.arrived(nvim, '```\n' .. text_of(new) .. '\n')
    nvim:redraw()
    return nvim, request, old
  end

  it('settled hunks are shown, and lines that stay are not shown again', function()
    local nvim, request, old = streaming(12)
    assert.are.equal('line 5;', Edits.preview(nvim))
    local row = row_of(nvim, 'line 5;')
    local around = { row_of(nvim, 'old 5;'), row_of(nvim, 'gl opens · hunk 1'), row_of(nvim, 'old 6;') }
    assert.are.same({ row - 1, row + 1, row + 2 }, around)
    assert.are.equal(row_of(nvim, 'old 11;') + 1, row_of(nvim, 'receiving'))
    Edits.more(request, 'line 13;\n')
    nvim:see('line 13;')
    assert.are.equal('line 5;\nline 13;', Edits.preview(nvim))
    Edits.finish(nvim, request, text_of(numbered(14, 30, 'old')) .. '\n```')
    assert.are.equal('line 5;\nline 13;', Edits.preview(nvim))
    assert.are.same(old, Product.lines(nvim))
    nvim:feed(TAKE)
    old[5], old[13] = 'line 5;', 'line 13;'
    assert.are.same(old, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('lines typed above move it along', function()
    local nvim, request, old = streaming(12)
    nvim:feed('ggOabove<Esc>')
    Edits.more(request, 'line 13;\n')
    nvim:see('line 13;')
    local below = row_of(nvim, 'old 5;')
    assert.are.equal(below + 1, row_of(nvim, 'line 5;'))
    assert.are.equal(row_of(nvim, 'old 12;') + 1, row_of(nvim, 'line 13;'))
    Edits.finish(nvim, request, text_of(numbered(14, 30, 'old')) .. '\n```')
    nvim:feed(TAKE)
    old[5], old[13] = 'line 5;', 'line 13;'
    table.insert(old, 1, 'above')
    assert.are.same(old, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('who types goes on typing', function()
    local nvim, request, old = streaming(12)
    nvim:feed('20Gotyp')
    nvim:wait_for("vim.fn.mode() == 'i'")
    Edits.more(request, text_of(numbered(1, 5)) .. '\n')
    nvim:see('line 5;')
    nvim:feed('ed')
    nvim:redraw()
    assert.are.same({ row_of(nvim, 'typed') - 1, 5 }, nvim.cursor)
    assert.are.equal('insert', nvim.mode)
    table.insert(old, 21, 'typed')
    assert.are.same(old, Product.lines(nvim))
    nvim:feed('<Esc>u')
    table.remove(old, 21)
    assert.are.same(old, Product.lines(nvim))
  end)

  it('the newest ten lines are shown, and how many there are above', function()
    local nvim, peer = Edits.start({ 'a', 'b', 'c' })
    local request = Edits.ask(nvim, peer, '2GV:Ask! x<CR>')
    Edits.begin(request, '```\n' .. text_of(numbered(1, 30)))
    nvim:see('line 30;')
    assert.are.equal(text_of(numbered(21, 30)), Edits.preview(nvim))
    nvim:see('… 20 lines above')
    assert.are.equal(row_of(nvim, 'line 30;') + 1, row_of(nvim, '30 lines · spec-model · receiving'))
  end)
end)

describe('what settles', function()
  after_each(after)

  -- Old lines, new ones, what is shown as new at the end, and in how many hunks.
  local cases = {
    ['are not taken for others that are the same'] = { 'a p q r b p q r c', 'A p q r b p q r c', 'A', 1 },
    ['may have moved up'] = { 'a b c d e f g h i', 'g h i a b c', 'a b c', 2 },
    ['may have moved up, and more follows'] = { 'a b c d e f g h i', 'g h i a b c Z', 'a b c Z', 2 },
    ['may hold one that stands elsewhere'] = { 'a b c d e f g h i', 'a f b c d e F g h i', 'f F', 2 },
    ['may have been said twice'] = { 'a b c d e f', 'a b c a b c d e f', 'a b c', 1 },
    ['may come back after a change'] = { 'a b c d e f g h i', 'a b X d e f Y h i', 'X Y', 2 },
  }
  for name, case in pairs(cases) do
    it('lines ' .. name, function()
      local old, new = Edits.words(case[1]), Edits.words(case[2])
      local nvim, peer = Edits.start(old, { name = 'work.txt' })
      local text = '```\n' .. table.concat(new, '\n') .. '\n```\n'
      Edits.answer(nvim, Edits.ask(nvim, peer, ':%Ask! x<CR>'), text, '.')
      assert.are.equal(case[3], (Edits.preview(nvim):gsub('\n', ' ')))
      nvim:see(case[4] == 1 and ' 1 hunk · ' or (' of %d · '):format(case[4]))
      nvim:exec_lua('vim.ui.select = function(items, _, choose) choose(items[2]) end') -- where much goes
      nvim:feed(TAKE)
      assert.are.same(new, Product.lines(nvim))
      nvim:feed('u')
      assert.are.same(old, Product.lines(nvim))
      Product.assert_quiet(nvim)
    end)
  end
end)

-- Many ------------------------------------------------------------------------------------------------------

--- Counts, in Neovim, what the change makes it do.
local COUNT = [[
  local api, compat = vim.api, require('askedit.compat')
  Work = { marks = 0, rows = 0, deleted = 0, diffed = 0, read = 0, bytes = 0, draws = 0 }
  local function wrap(holder, name, count)
    local original = holder[name]
    holder[name] = function(...)
      count(...)
      return original(...)
    end
  end
  wrap(api, 'nvim_buf_set_extmark', function(_, _, _, _, options)
    Work.marks = Work.marks + 1
    Work.rows = Work.rows + #(options.virt_lines or {})
  end)
  wrap(api, 'nvim_buf_del_extmark', function() Work.deleted = Work.deleted + 1 end)
  wrap(compat, 'diff', function(old, new)
    local _, olds = old:gsub('\n', '')
    local _, news = new:gsub('\n', '')
    Work.diffed, Work.bytes = Work.diffed + olds + news, Work.bytes + #old + #new
  end)
  wrap(api, 'nvim_buf_get_lines', function(buf, first, last)
    Work.read = Work.read + (last < 0 and api.nvim_buf_line_count(buf) or last) - first
  end)
  wrap(require('askedit.view'), 'draw', function() Work.draws = Work.draws + 1 end)
]]

--- `count` lines; every eighth of the new ones differs.
local function texts(count)
  local old, new = {}, {}
  for i = 1, count do
    old[i] = ('%06d %s'):format(i, ('x'):rep(56))
    new[i] = i % 8 == 0 and ('%06d %s'):format(i, ('y'):rep(56)) or old[i]
  end
  return old, new
end

local function stream_of(lines)
  local parts = { Chat.head .. Chat.part(Chat.text('```\n')) }
  for _, line in ipairs(lines) do parts[#parts + 1] = Chat.part(Chat.text(line .. '\n')) end
  parts[#parts + 1] = Chat.part(Chat.text('```') .. Chat.stop() .. Chat.done) .. Chat.last
  return table.concat(parts)
end

--- What it cost to propose `count` lines in as many chunks for a selection of `selected` lines.
local function work(count, selected)
  local old, new = texts(count)
  local nvim, peer = Edits.start(nil, { text = table.concat(old, '\n', 1, selected) .. '\n' })
  local request = Edits.ask(nvim, peer, 'ggVG:Ask! x<CR>2<CR>')
  nvim:exec_lua(COUNT)
  request.conn:write(stream_of(new))
  nvim:wait_for("(require('askedit').event() or {}).answer ~= nil", 60000)
  nvim:redraw()
  local cost = nvim:exec_lua('return Work')
  nvim:feed(TAKE)
  assert.is_true(text_of(new) == text_of(Product.lines(nvim)), 'other lines')
  Product.assert_quiet(nvim)
  nvim:close()
  return cost
end

local function assert_linear(few, many)
  for what, count in pairs(many) do
    local ratio = count / math.max(few[what], 1)
    assert.is_true(ratio <= 4.2, ('%s grow %.2f times, from %d to %d'):format(what, ratio, few[what], count))
  end
  assert.is_true(many.marks > 100 and many.diffed > 100)
end

describe('16,000 chunks of a change', function()
  after_each(after)

  it('cost four times what 4,000 cost, over as many lines', function()
    assert_linear(work(4000, 4000), work(16000, 16000))
  end)

  it('cost four times what 4,000 cost, over 3,000 lines', function()
    assert_linear(work(4000, 3000), work(16000, 3000))
  end)
end)
