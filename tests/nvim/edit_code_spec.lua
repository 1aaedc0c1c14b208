--- What of an answer is written is code, not talk; and nothing else was ever shown as about to be written.
local Chat = require('chat')
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local HEAD, TAIL = 'head = 1', 'tail = 3'

local function after()
  Session.close_all()
  Peer.close_all()
end

local function started(options) return Edits.start({ HEAD, 'old = 2', TAIL }, options) end

local function ask(nvim, peer) return Edits.ask(nvim, peer, '2GV:Ask! change it<CR>') end

local function assert_untouched(nvim)
  assert.are.same({ HEAD, 'old = 2', TAIL }, Product.lines(nvim))
end

--- Taking all writes exactly `code`, and `u` takes it back.
local function assert_taken(nvim, code)
  assert_untouched(nvim)
  nvim:feed(':Ask /accept!<CR>')
  assert.are.equal(HEAD .. '\n' .. code .. '\n' .. TAIL, table.concat(Product.lines(nvim), '\n'))
  nvim:feed('u')
  assert_untouched(nvim)
end

local function assert_begins(code, shown, where)
  assert.are.equal(code:gsub(' +\n', '\n'):sub(1, #shown), shown, where)
end

local function on_screen(nvim, code)
  for line in code:gmatch('[^\n]+') do
    assert.is_truthy(nvim:text():find(line:gsub('\t.*', ''), 1, true), line .. ' is not on:\n' .. nvim:text())
  end
end

--- Sends `answer` in two parts, cut at every fifth byte.
local function cut_anywhere(answer, code, options)
  local nvim, peer = started(options)
  for at = answer:find('%S'), #answer - 1, 5 do
    local request = ask(nvim, peer)
    Edits.begin(request, answer:sub(1, at))
    Edits.arrived(nvim, answer:sub(1, at))
    assert_begins(code, Edits.preview(nvim), 'cut after ' .. at)
    Edits.finish(nvim, request, answer:sub(at + 1))
    assert.are.equal(code:gsub(' +\n', '\n'), Edits.preview(nvim), 'cut after ' .. at)
    on_screen(nvim, code)
    assert_taken(nvim, code)
    nvim:feed(':Ask /reject!<CR>') -- it is open again, and would be in the way of the next one
    assert_untouched(nvim)
  end
  Product.assert_quiet(nvim)
end

local INNER = '# Use\n\n```bash\nls\n```\n\nEnd'

describe('in a Markdown file', function()
  after_each(after)

  local cases = {
    ['the outer fence goes'] = { '```markdown\n' .. INNER .. '\n```', INNER },
    ['an outer fence of tildes goes'] = { '~~~markdown\n' .. INNER .. '\n~~~\n', INNER },
    ['an outer fence of four goes'] = { '````markdown\n' .. INNER .. '\n````', INNER },
    ['an outer fence without a name goes'] = { '```\n' .. INNER .. '\n```', INNER },
    ['no inner fence goes'] = { INNER, INNER },
    ['a fence that closes in the middle stays'] = { '```bash\nls\n```\n\nEnd', '```bash\nls\n```\n\nEnd' },
    ['fences at both ends that are no pair stay'] = { '```bash\na\n```\n\nx\n\n```bash\nb\n```',
      '```bash\na\n```\n\nx\n\n```bash\nb\n```' },
  }
  for name, case in pairs(cases) do
    it(name .. ', wherever it is cut', function()
      cut_anywhere(case[1], case[2], { name = 'README.md' })
    end)
  end
end)

local TALK = 'Here is it:\n\n```python\nx = 1\n```\nThis sets x.\n'

describe('in a file of code', function()
  after_each(after)

  local cases = {
    ['talk around a block is not written'] = { TALK, 'x = 1' },
    ['an opening fence alone is enough'] = { '```python\nx = 1\ny = 2', 'x = 1\ny = 2' },
    ['an answer without a fence is code'] = { 'x = 1\n\ny = 2\n', 'x = 1\n\ny = 2' },
    ['a name and more after the fence goes'] = { '```py title="a"\nx = 1\n```', 'x = 1' },
    ['a fence without a name goes'] = { '```\nx = 1\n```', 'x = 1' },
    ['carriage returns go'] = { '```python\r\nx = 1\r\ny = 2\r\n```\r\n', 'x = 1\ny = 2' },
    ['a fence deep in the code stays'] = { '```python\ns = """\n    ```\n"""\n```', 's = """\n    ```\n"""' },
    ['blank lines before it go'] = { '\n\n```python\nx = 1\n```', 'x = 1' },
    ['indentation stays'] = { '```python\n    x = 1\n```', '    x = 1' },
  }
  for name, case in pairs(cases) do
    it(name .. ', wherever it is cut', function() cut_anywhere(case[1], case[2]) end)
  end

  it('the talk can be read', function()
    local nvim, peer = started()
    Edits.answer(nvim, ask(nvim, peer), TALK)
    assert.is_nil(nvim:text():find('This sets x.', 1, true), nvim:text())
    nvim:feed(':Ask /show<CR>')
    nvim:see('This sets x.')
    local text = table.concat(Product.answer(nvim, 1), '\n')
    assert.are.equal('> change it (work.py:2)\n\n' .. TALK .. '\n', text)
    Product.assert_quiet(nvim)
  end)
end)

-- Thoughts --------------------------------------------------------------------------------------------------

describe('thoughts', function()
  after_each(after)

  local LATE = 'a = 1\nb = 2\n<think>\nc = 3\n</think>'
  local streams = {
    ['in tags'] = { { Chat.text('<th'), Chat.text('ink>\nrename it\n</th'), Chat.text('ink>\n\nfoo = 1') } },
    ['of their own field'] = { { Chat.thought('rename'), Chat.thought(' it'), Chat.text('foo = 1') } },
    ['before a fence'] = { { Chat.text('<think>rename it'), Chat.text('</think>\n```py\nfoo = 1\n```') } },
    ['whose opening tag is missing'] = { { Chat.text('rename it\n</th'), Chat.text('ink>\n\nfoo = 1') },
      think = 'opened' },
    ['that are code'] = { { Chat.text(LATE:sub(1, 15)), Chat.text(LATE:sub(16)) }, code = LATE },
  }
  for name, stream in pairs(streams) do
    it(name .. ' are kept apart from what is written', function()
      local nvim, peer = started({ provider = { dialect = 'openai_chat', think = stream.think } })
      local request, code = ask(nvim, peer), stream.code or 'foo = 1'
      request.conn:write(Chat.head)
      for _, event in ipairs(stream[1]) do
        request.conn:write(Chat.part(event))
        nvim:redraw()
        assert_begins(code, Edits.preview(nvim))
        assert.is_nil(nvim:text():find('rename it', 1, true), nvim:text())
      end
      Edits.finish(nvim, request)
      assert.are.equal(code, Edits.preview(nvim))
      assert_taken(nvim, code)
      Product.assert_quiet(nvim)
    end)
  end
end)

-- A choice --------------------------------------------------------------------------------------------------

local SELECT = [[
  vim.ui.select = function(items, opts, on_choice)
    Rows = vim.tbl_map(opts.format_item, items)
    Choose = function(i) on_choice(items[i], i) end
  end
]]

local TWO = 'Either\n```python\nx = 1\n```\nor\n```python\ny = 1\ny = 2\n```\nas you like.\n'

describe('two blocks', function()
  after_each(after)

  local function answered(options)
    local nvim, peer = started(options)
    Edits.answer(nvim, ask(nvim, peer), TWO)
    nvim:see('several blocks')
    return nvim, peer
  end

  for number, code in ipairs({ 'x = 1', 'y = 1\ny = 2' }) do
    it('are a choice: ' .. number, function()
      local nvim = answered({ init = SELECT })
      nvim:feed(':Ask /accept<CR>')
      assert.are.same({ 'x = 1 … (1 line)', 'y = 1 … (2 lines)' }, nvim:exec_lua('return Rows'))
      assert_untouched(nvim)
      nvim:exec_lua('Choose(...)', number)
      nvim:redraw()
      assert.are.equal(code, Edits.preview(nvim))
      on_screen(nvim, code)
      assert_taken(nvim, code)
      Product.assert_quiet(nvim)
    end)
  end

  it('are chosen from in the list of Neovim itself', function()
    local nvim = answered()
    nvim:feed('gh')
    nvim:see('y = 1 …')
    nvim:feed('2<CR>')
    nvim:unsee('y = 1 …')
    assert_taken(nvim, 'y = 1\ny = 2')
    Product.assert_quiet(nvim)
  end)

  it('can both be read first', function()
    local nvim = answered()
    nvim:feed('gl')
    nvim:see('y = 2')
    local text = table.concat(Product.page(nvim, 'change'), '\n')
    assert.are.equal('x = 1\n\ny = 1\ny = 2', text)
    assert_untouched(nvim)
    Product.assert_quiet(nvim)
  end)

  it('are still there after no choice', function()
    local nvim = answered({ init = SELECT })
    nvim:feed('gh')
    nvim:exec_lua('Choose(nil)')
    nvim:feed('gh')
    nvim:exec_lua('Choose(1)')
    assert_taken(nvim, 'x = 1')
  end)

  it('are rejected as one', function()
    local nvim = answered()
    nvim:feed('gH')
    nvim:redraw()
    assert_untouched(nvim)
    assert.are.equal('', Edits.preview(nvim))
    assert.is_nil(nvim:text():find('several blocks', 1, true), nvim:text())
    Product.assert_quiet(nvim)
  end)
end)

-- Nothing to write ------------------------------------------------------------------------------------------

describe('nothing is changed, and that is said once, after', function()
  after_each(after)

  local cases = {
    ['an empty answer'] = { '', 'nothing was changed' },
    ['blanks'] = { '\n  \n', 'nothing was changed' },
    ['the same text'] = { '```python\nold = 2\n```', 'same text' },
    ['a content filter'] = { 'I will', 'refused', 'content_filter' },
  }
  for name, case in pairs(cases) do
    it(name, function()
      local nvim, peer = started()
      local request = ask(nvim, peer)
      request.conn:write(Chat.head)
      Edits.finish(nvim, request, case[1] ~= '' and case[1] or nil, case[3])
      Product.assert_said(nvim, case[2])
      assert_untouched(nvim)
      assert.are.equal('', Edits.preview(nvim))
      assert.are.equal('', nvim:exec_lua("return vim.fn.maparg('gh', 'n')"))
    end)
  end
end)

-- Cut -------------------------------------------------------------------------------------------------------

describe('an answer that is cut', function()
  after_each(after)

  local function cut(last)
    local nvim, peer = started()
    local request = ask(nvim, peer)
    Edits.begin(request, 'Happy, ')
    Edits.more(request, 'creative ')
    Edits.more(request, 'day')
    Edits.arrived(nvim, 'Happy, creative day')
    last(request.conn)
    return nvim
  end

  local ends = {
    ['by a close'] = function(conn) conn:close() end,
    ['by a reset'] = function(conn) conn:reset() end,
    ['in the middle of an event'] = function(conn)
      conn:write(Chat.part(Chat.text('and more'):sub(1, 40)))
      conn:close()
    end,
  }
  for name, last in pairs(ends) do
    it(name .. ' can be taken as far as it came, by the user alone', function()
      local nvim = cut(last)
      assert.are.equal('Happy, creative day', nvim:event('AskeditError')[1].answer)
      nvim:redraw()
      Product.assert_said(nvim, 'end')
      nvim:see('/continue goes on')
      assert.are.equal('Happy, creative day', Edits.preview(nvim))
      assert_taken(nvim, 'Happy, creative day')
    end)
  end

  -- What had come of the new lines 2 to 7, and what is there after taking it.
  for come, taken in pairs({
    ['L2\nl3'] = 'l1 L2 l3 l4 l5 l6 l7 l8',
    ['l2\nl3\nl4\nL5\nl6'] = 'l1 l2 l3 l4 L5 l6 l7 l8',
  }) do
    it(('leaves the lines that it did not come to: %q'):format(come), function()
      local nvim, peer = Edits.start(Edits.words('l1 l2 l3 l4 l5 l6 l7 l8'))
      Edits.begin(Edits.ask(nvim, peer, ':2,7Ask! x<CR>'), '```python\n' .. come)
      Edits.arrived(nvim, '```python\n' .. come)
      nvim:feed(':Ask /stop<CR>')
      nvim:event('AskeditDone')
      nvim:see('/continue goes on')
      nvim:feed('gh')
      Edits.assert_lines(nvim, taken)
      Product.assert_quiet(nvim)
    end)
  end

  it('after its finish is whole', function()
    local nvim = cut(function(conn)
      conn:write(Chat.part(Chat.stop()))
      conn:close()
    end)
    assert.are.equal('stop', nvim:event('AskeditDone')[1].finish)
    nvim:redraw()
    assert.is_nil(nvim:text():find('goes on', 1, true), nvim:text())
    assert_taken(nvim, 'Happy, creative day')
    Product.assert_quiet(nvim)
  end)

  it('in its closing fence shows nothing of that', function()
    local nvim, peer = started()
    local request = ask(nvim, peer)
    Edits.begin(request, '```python\nx = 1\n``')
    Edits.arrived(nvim, '```python\nx = 1\n``')
    request.conn:close()
    nvim:event('AskeditError')
    assert.are.equal('x = 1', Edits.preview(nvim))
    assert_taken(nvim, 'x = 1')
  end)

  it('by the token limit is told so at its place', function()
    local nvim, peer = started()
    local request = ask(nvim, peer)
    request.conn:write(Chat.stream(Chat.text('```python\nx = 1\ny', 'length') .. Chat.done))
    assert.are.equal('length', nvim:event('AskeditDone')[1].finish)
    nvim:see('token limit')
    assert_taken(nvim, 'x = 1\ny')
    Product.assert_quiet(nvim)
  end)
end)
