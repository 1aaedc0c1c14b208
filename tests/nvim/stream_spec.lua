--- An answer that streams: on the screen as it is made, each piece once and in order, whole characters only,
-- nothing rewritten; and whatever a Chat Completions server may do on the way.
local Chat = require('chat')
local Draws = require('draws')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local json = require('dkjson')

local function silent() end

local function after()
  Session.close_all()
  Peer.close_all()
end

--- `provider`: settings beside dialect and url.
local function start(options)
  options = options or {}
  options.provider = options.provider or {}
  options.provider.dialect = 'openai_chat'
  return Product.start(options)
end

--- A product that has asked, and the connection on which its answer is awaited.
local function asked(options)
  options = options or {}
  options.script = options.script or silent
  local nvim, peer = start(options)
  nvim:feed(':Ask why<CR>')
  return nvim, peer:wait_request(nvim).conn, peer
end

--- The same, answered with one response.
local function answered(bytes, options)
  options = options or {}
  options.script = function(conn) conn:write(bytes) end
  local nvim, peer = start(options)
  nvim:feed(':Ask why<CR>')
  return nvim, peer
end

--- Watches the buffer of the next answer, in Neovim: `Seen.states` are its texts after each change if
-- `Seen.keep` is set, `Seen.lines` and `Seen.bytes` what a listener was handed, `Seen.rewritten` changes that
-- did more than add to what was there.
local WATCH = [[
  Seen = { states = {}, lines = 0, bytes = 0, rewritten = {} }
  local api = vim.api
  local function joined(lines, at_end)
    if at_end and lines[#lines] == '' then table.remove(lines) end -- the line with the status
    return table.concat(lines, '\n')
  end
  local function changed(buf, old, first, last, new_last)
    local before, at_end = {}, last == #old
    for row = first + 1, last do before[#before + 1] = old[row] end
    local after = api.nvim_buf_get_lines(buf, first, new_last, true)
    Seen.lines = Seen.lines + #after
    for _, line in ipairs(after) do Seen.bytes = Seen.bytes + #line + 1 end
    if at_end then
      for _ = first + 1, last do table.remove(old) end
      for _, line in ipairs(after) do old[#old + 1] = line end
    else
      for _ = first + 1, last do table.remove(old, first + 1) end
      for i, line in ipairs(after) do table.insert(old, first + i, line) end
    end
    local was, is = joined(before, at_end), joined(after, at_end)
    if #before > 2 or is:sub(1, #was) ~= was then
      Seen.rewritten[#Seen.rewritten + 1] = was .. ' -> ' .. is
    end
    if Seen.keep then Seen.states[#Seen.states + 1] = table.concat(old, '\n') end
  end
  api.nvim_create_autocmd('User', { pattern = 'AskeditStart', callback = function()
    local buf = require('askedit').event().buf
    local old = api.nvim_buf_get_lines(buf, 0, -1, true)
    api.nvim_buf_attach(buf, false, { on_lines = function(_, _, _, first, last, new_last)
      changed(buf, old, first, last, new_last)
    end })
  end })
]]

local function assert_appended_only(nvim)
  assert.are.same({}, nvim:exec_lua('return Seen.rewritten'))
end

--- What the newest answer's buffer shows of the answer.
local function shown(nvim, number)
  local lines = Product.answer(nvim, number or 1)
  assert.are.equal('', table.remove(lines))
  return (table.concat(lines, '\n'):gsub('^> [^\n]*\n\n', '', 1):gsub('\n$', ''))
end

describe('a streamed answer', function()
  after_each(after)

  it('is on the screen while it is made', function()
    local nvim, conn = asked()
    nvim:exec_lua(WATCH)
    conn:write(Chat.head .. Chat.part(Chat.text('First words')))
    nvim:see('First words')
    nvim:see('receiving')
    nvim:see('spec-model')
    conn:write(Chat.part(Chat.text(', and more')))
    nvim:see('First words, and more')
    conn:write(Chat.part(Chat.text(' to come.\n') .. Chat.stop() .. Chat.done) .. Chat.last)
    local over = nvim:event('AskeditDone')[1]
    assert.are.same({ 'First words, and more to come.\n', 'stop', 'spec-model' },
      { over.answer, over.finish, over.model })
    nvim:unsee('receiving')
    Product.assert_quiet(nvim)
  end)

  it('comes in one piece from a server that does not stream', function()
    local body = json.encode({ model = 'whole', choices = { { index = 0, finish_reason = 'stop',
      message = { role = 'assistant', content = 'All at once.' } } } })
    local nvim = answered(Peer.response(200, '\n\n' .. body))
    assert.are.equal('All at once.', nvim:event('AskeditDone')[1].answer)
    nvim:see('All at once.')
  end)

  it('is asked for with nothing set but what is set', function()
    local nvim, peer = answered(Chat.answer('Yes.'), { provider = { body = { temperature = 0.5,
      stream_options = false } } })
    local body = peer:wait_request(nvim):json()
    local names = {}
    for name in pairs(body) do names[#names + 1] = name end
    table.sort(names)
    assert.are.same({ 'messages', 'stream', 'temperature' }, names)
    assert.are.equal(0.5, body.temperature)
    assert.are.equal('/v1/chat/completions', peer.requests[1].path)
    assert.is_nil(peer.requests[1].headers.authorization)
  end)

  it('is taken over one connection, ten times', function()
    local nvim, peer = start({ script = function(conn) conn:write(Chat.answer('Yes.')) end })
    for i = 1, 10 do Product.ask(nvim, peer, (':Ask number %d<CR>'):format(i)) end
    assert.are.equal(1, #peer.connections)
  end)

  it('has regex colours as it comes and treesitter at its end where there is a parser', function()
    local has_treesitter = [[
      local highlighter = vim.treesitter.highlighter
      return highlighter ~= nil and highlighter.active[require('askedit').event().buf] ~= nil
    ]]
    --- Names of the colours at the third letter of the lines of the answer.
    local colours = [[
      local names = {}
      vim.api.nvim_buf_call(require('askedit').event().buf, function()
        for lnum = 3, vim.fn.line('$') - 1 do
          names[#names + 1] = vim.fn.synIDattr(vim.fn.synID(lnum, 3, 1), 'name')
        end
      end)
      return names
    ]]
    local nvim, conn = asked()
    conn:write(Chat.head .. Chat.part(Chat.text('# Title\n\nplain\n```lua\nlocal x\n')))
    nvim:see('local x')
    local names = nvim:exec_lua(colours)
    assert.are.same({ 'markdownH1', '', 'markdownCodeBlock' }, { names[1], names[3], names[5] })
    conn:write(Chat.part(Chat.text('# no title\n```\nplain again')))
    nvim:see('plain again')
    names = nvim:exec_lua(colours)
    assert.are.same({ 'markdownCodeBlock', '' }, { names[6], names[8] })
    assert.is_false(nvim:exec_lua(has_treesitter))
    conn:write(Chat.part(Chat.stop() .. Chat.done) .. Chat.last)
    nvim:event('AskeditDone')
    local able = nvim:exec_lua([[return vim.fn.has('nvim-0.10') == 1
      and #vim.api.nvim_get_runtime_file('parser/markdown.so', false) > 0]])
    assert.are.equal(able, nvim:exec_lua(has_treesitter))
  end)

  it('leaves the source alone', function()
    local nvim, peer = start({ script = silent })
    nvim:feed('isource<Esc>')
    nvim:exec_lua([[
      Events, Source = {}, vim.api.nvim_get_current_buf()
      local function heard(name) return function() Events[#Events + 1] = name end end
      vim.api.nvim_buf_attach(Source, false, { on_lines = heard('lines'), on_bytes = heard('bytes'),
        on_changedtick = heard('tick'), on_reload = heard('reload'), on_detach = heard('detach') })
      for _, name in ipairs({ 'TextChanged', 'TextChangedI', 'CursorMoved', 'WinEnter', 'BufEnter' }) do
        vim.api.nvim_create_autocmd(name, { callback = heard(name) })
      end
    ]])
    local state = "return { vim.api.nvim_buf_get_changedtick(Source), vim.fn.getpos('.'), vim.fn.winnr() }"
    local before = nvim:exec_lua(state)
    nvim:exec_lua("require('askedit').ask({ text = 'why' })")
    local conn = peer:wait_request(nvim).conn
    conn:write(Chat.head)
    for i = 1, 50 do
      conn:write(Chat.part(Chat.text(('line %d.\n'):format(i))))
      nvim:see(('line %d.'):format(i))
    end
    conn:write(Chat.part(Chat.stop() .. Chat.done) .. Chat.last)
    nvim:event('AskeditDone')
    assert.are.same(before, nvim:exec_lua(state))
    assert.are.same({}, nvim:exec_lua('return Events'))
  end)
end)

-- Characters ------------------------------------------------------------------------------------------------

local TEXT = '修复 é 👍\n'

local function events_of_text()
  local events = {}
  for i, piece in ipairs({ '修复', ' é ', '👍\n' }) do events[i] = Chat.text(piece):gsub('^data: ', 'data:') end
  events[#events + 1] = Chat.stop()
  events[#events + 1] = Chat.done
  return events
end

--- The same events, each after a comment, with other line ends.
local function with_line_ends(line_end)
  local parts = {}
  for i, event in ipairs(events_of_text()) do parts[i] = ': wait\n\n' .. event end
  return (table.concat(parts):gsub('\n', line_end))
end

local function escaped()
  local text = table.concat(events_of_text())
  return (text:gsub('👍', '\\ud83d\\udc4d'):gsub('é', '\\u00e9'))
end

describe('one byte a segment', function()
  after_each(after)

  local bodies = {
    ['with CRLF'] = with_line_ends('\r\n'),
    ['with LF'] = with_line_ends('\n'),
    ['with CR'] = with_line_ends('\r'),
    ['with escapes'] = escaped(),
  }
  for name, body in pairs(bodies) do
    it('shows whole characters at every step, ' .. name, function()
      local nvim, peer = start({ script = silent, init = WATCH .. 'Seen.keep = true\n' })
      nvim:feed(':Ask why<CR>')
      local conn = peer:wait_request(nvim).conn
      conn:write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
      conn:drip(Peer.pieces(body, 1), 1)
      assert.are.equal(TEXT, nvim:event('AskeditDone')[1].answer)
      assert_appended_only(nvim)
      local states = nvim:exec_lua('return Seen.states')
      assert.is_true(#states >= 3, 'seen: ' .. #states)
      for _, state in ipairs(states) do
        local text = state:gsub('^> why\n\n', ''):gsub('\n*$', '')
        local following = TEXT:byte(#text + 1) or 0
        assert.are.equal(TEXT:sub(1, #text), text)
        assert.is_true(following < 0x80 or following >= 0xC0, 'half a character: ' .. state)
      end
    end)
  end
end)

-- What servers do -------------------------------------------------------------------------------------------

describe('the end', function()
  after_each(after)

  it('may bring the last words', function()
    local nvim = answered(Chat.stream(Chat.text('ab') .. Chat.text('cd\n', 'stop') .. Chat.done))
    local over = nvim:event('AskeditDone')[1]
    assert.are.same({ 'abcd\n', 'stop' }, { over.answer, over.finish })
    assert.are.equal('abcd', shown(nvim))
  end)

  local said = {
    length = 'the token limit',
    content_filter = 'the content filter',
  }
  for reason, words in pairs(said) do
    it('is said if it is ' .. reason, function()
      local nvim = answered(Chat.stream(Chat.text('ab') .. Chat.text('cd\n', reason) .. Chat.done))
      local over = nvim:event('AskeditDone')[1]
      assert.are.same({ 'abcd\n', reason }, { over.answer, over.finish })
      nvim:see(words)
      nvim:see('abcd')
    end)
  end

  it('is said if the model refuses', function()
    local refusal = Chat.data({ choices = { { index = 0, delta = { refusal = 'I will not.' } } } })
    local nvim = answered(Chat.stream(refusal .. Chat.stop() .. Chat.done))
    local over = nvim:event('AskeditDone')[1]
    assert.are.same({ 'I will not.', 'content_filter' }, { over.answer, over.finish })
    nvim:see('I will not.')
    nvim:see('refused')
  end)

  local odd = {
    { choices = json.decode('[]'), prompt_filter_results = json.decode('[]') },
    { choices = { { index = 1, delta = { content = 'Hi' } } } },
    { choices = { { index = 1, delta = { content = json.null, role = json.null },
      finish_reason = 'stop' } } },
    { choices = json.decode('[]'), usage = { prompt_tokens = 3, completion_tokens = 1 } },
    '[DONE]',
  }
  for left_out = 0, #odd do
    it('comes through odd choices, without number ' .. left_out, function()
      local events = ''
      for i, event in ipairs(odd) do events = events .. (i == left_out and '' or Chat.data(event)) end
      local nvim = answered(Chat.stream(events))
      local over = nvim:event('AskeditDone')[1]
      assert.are.equal(left_out == 2 and '' or 'Hi', over.answer)
      assert.are.equal(left_out == 3 and 'unknown' or 'stop', over.finish)
      nvim:redraw()
      assert.is_nil(nvim:text():find('null', 1, true), nvim:text())
      assert.is_nil(nvim:text():find('nil', 1, true), nvim:text())
      Product.assert_quiet(nvim)
    end)
  end
end)

describe('an error inside an answer', function()
  after_each(after)

  local function failed(events, words)
    local nvim, peer = answered(Chat.head .. Chat.part(events) .. Chat.last)
    local over = nvim:event('AskeditError')[1]
    nvim:see(words)
    Product.assert_said(nvim, words)
    return over, nvim, peer
  end

  it('is said where it comes first', function()
    local over, nvim, peer = failed(Chat.data({ error = { code = 400, type = 'exceed_context_size_error',
      message = '9000 tokens, room for 4096' } }), '9000 tokens, room for 4096')
    assert.are.equal('', over.answer)
    assert.are.equal('context_length', over.error.kind)
    assert.are.equal(1, #peer.requests)
    assert.is_nil(nvim:text():find('{', 1, true), nvim:text())
  end)

  it('is said where the event is named so', function()
    local over = failed('event: error\n' .. Chat.data({ error = { message = 'ctx full' } }), 'ctx full')
    assert.are.equal('', over.answer)
  end)

  it('keeps the text before it, which is not asked for again', function()
    local over, nvim, peer = failed(Chat.text('Yes, ') .. Chat.text('and') ..
      'event: error\n' .. Chat.data({ error = { type = 'overloaded_error', message = 'busy' } }), 'busy')
    assert.are.equal('Yes, and', over.answer)
    assert.is_nil(over.finish)
    assert.are.equal('Yes, and', shown(nvim):match('^[^\n]*'))
    nvim:see('failed')
    assert.are.equal(1, #peer.requests)
  end)
end)

describe('a cut', function()
  after_each(after)

  --- The peer begins an answer and, once it is on the screen, ends the connection by `cut`.
  local function cut_off(cut, event)
    local nvim, conn, peer = asked()
    conn:write(Chat.head)
    for _, piece in ipairs({ 'Happy, ', 'creative ', 'day' }) do conn:write(Chat.part(Chat.text(piece))) end
    nvim:see('Happy, creative day')
    cut(conn)
    local over = nvim:event(event)[1]
    assert.are.equal('Happy, creative day', over.answer)
    nvim:redraw()
    nvim:see('Happy, creative day')
    assert.are.equal(1, #peer.requests)
    return over, nvim
  end

  local cuts = {
    ['between two events'] = function(conn) conn:close() end,
    ['by a reset'] = function(conn) conn:reset() end,
    ['in the middle of an event'] = function(conn)
      conn:write(Chat.part('data: {"choices":[{"index":0,"delta":{"content":"lost'))
      conn:close()
    end,
    ['in the middle of a chunk'] = function(conn)
      conn:write(Chat.part(Chat.text('lost')):sub(1, 20))
      conn:close()
    end,
    ['behind the last chunk'] = function(conn) conn:write(Chat.last) end,
  }
  for name, cut in pairs(cuts) do
    it('keeps the text, ' .. name, function()
      local over, nvim = cut_off(cut, 'AskeditError')
      assert.is_nil(over.finish)
      Product.assert_said(nvim, '/continue')
      assert.are.equal('Happy, creative day', shown(nvim):match('^[^\n]*'))
    end)
  end

  it('behind the finish is none', function()
    local over, nvim = cut_off(function(conn)
      conn:write(Chat.part(Chat.stop()))
      conn:close()
    end, 'AskeditDone')
    assert.are.equal('stop', over.finish)
    Product.assert_quiet(nvim)
  end)
end)

-- Thoughts --------------------------------------------------------------------------------------------------

describe('thoughts', function()
  after_each(after)

  local spellings = {
    ['in tags'] = { events = Chat.text('<th') .. Chat.text('ink>\nrename it\n</thi') ..
      Chat.text('nk>\n\nfoo = 1') },
    ['in a field'] = { events = Chat.thought('rename') .. Chat.thought(' it') .. Chat.text('foo = 1') },
    ['without the opening tag'] = { events = Chat.text('rename it\n</thi') .. Chat.text('nk>\n\nfoo = 1'),
      think = 'opened' },
  }
  for name, spelling in pairs(spellings) do
    it('are folded and no part of the answer, ' .. name, function()
      local nvim, peer = answered(Chat.stream(spelling.events .. Chat.stop() .. Chat.done),
        { provider = { think = spelling.think } })
      assert.are.equal('foo = 1', nvim:event('AskeditDone')[1].answer)
      nvim:see('foo = 1')
      nvim:redraw()
      assert.is_nil(nvim:text():find('rename it', 1, true), nvim:text())
      local text = shown(nvim)
      assert.are.equal('\n\nfoo = 1', text:sub(-9), text)
      assert.is_truthy(text:find('rename it', 1, true), text)
      assert.is_nil(text:find('think>', 1, true), text)
      nvim:feed('<C-w>j/rename<CR>zv')
      nvim:see('rename it')

      peer:wait_request(nvim)
      local request = Product.ask(nvim, peer, ':Ask and so?<CR>')
      assert.are.same({ 'assistant', 'foo = 1' }, Product.messages_of(request)[3])
      assert.is_nil(request.body:find('rename', 1, true), request.body)
    end)
  end

  it('are counted as thinking until there is an answer', function()
    local nvim, conn = asked()
    conn:write(Chat.head .. Chat.part(Chat.thought('let me see')))
    nvim:see('thinking')
    conn:write(Chat.part(Chat.text('So.')))
    nvim:see('So.')
    nvim:unsee('thinking')
  end)

  it('are all there before the answer begins, however fast they come', function()
    local thoughts = {}
    for i = 1, 1000 do thoughts[i] = ('%04d %s\n'):format(i, ('x'):rep(60)) end
    local events = table.concat(thoughts):gsub('[^\n]*\n', Chat.thought)
    local nvim = answered(Chat.stream(events .. Chat.text('foo = 1') .. Chat.stop() .. Chat.done))
    assert.are.equal('foo = 1', nvim:event('AskeditDone')[1].answer)
    local _, last_thought = shown(nvim):find(('1000 %s'):format(('x'):rep(60)), 1, true)
    assert.is_truthy(last_thought)
    assert.is_truthy(shown(nvim):find('\n\nfoo = 1$', last_thought))
    nvim:redraw()
    assert.is_nil(nvim:text():find('xxx', 1, true), nvim:text())
  end)

  it('are not looked for inside the answer', function()
    local code = 'a = 1\nb = 2\n<think>\nc = 3\n</think>\n'
    local nvim = answered(Chat.stream(Chat.text(code) .. Chat.stop() .. Chat.done))
    assert.are.equal(code, nvim:event('AskeditDone')[1].answer)
    assert.are.equal(code:gsub('\n$', ''), shown(nvim))
  end)
end)

-- Many ------------------------------------------------------------------------------------------------------

--- `count` chunks of 64 bytes, each a line with its number.
local NUMBERED = [[
  local count, lines = ..., {}
  for i = 1, count do lines[i] = ('%06d %s\n'):format(i, ('x'):rep(56)) end
  return table.concat(lines)
]]
local numbered = assert(loadstring(NUMBERED))

local function stream_of(count)
  local parts = { Chat.head }
  for line in numbered(count):gmatch('[^\n]*\n') do parts[#parts + 1] = Chat.part(Chat.text(line)) end
  parts[#parts + 1] = Chat.part(Chat.stop() .. Chat.done) .. Chat.last
  return table.concat(parts)
end

--- What it cost to show `count` chunks, none of which is lost or out of its place.
local function work(count)
  local nvim, peer = start({ script = silent, init = WATCH })
  Draws.watch(nvim)
  nvim:feed(':Ask why<CR>')
  peer:wait_request(nvim).conn:write(stream_of(count))
  nvim:wait_for("(require('askedit').event() or {}).answer ~= nil", 60000)
  assert.are.same({ true, true }, nvim:exec_lua(([[
    local expected = (function(...) %s end)(...)
    local event = require('askedit').event()
    local lines = vim.api.nvim_buf_get_lines(event.buf, 2, -1, true)
    return { event.answer == expected, table.concat(lines, '\n'):gsub('\n+$', '\n') == expected }
  ]]):format(NUMBERED), count))
  assert_appended_only(nvim)
  local cost = nvim:exec_lua('return { lines = Seen.lines, bytes = Seen.bytes, draws = Draws.count, '
    .. 'largest = Draws.largest }')
  nvim:close()
  return cost
end

describe('16,000 chunks', function()
  after_each(after)

  it('cost four times what 4,000 cost', function()
    local few, many = work(4000), work(16000)
    for _, what in ipairs({ 'lines', 'bytes', 'draws' }) do
      local ratio = many[what] / few[what]
      assert.is_true(ratio <= 4.2, ('%s grow %.2f times, from %d to %d'):format(what, ratio, few[what],
        many[what]))
    end
    assert.is_true(many.largest <= 8192, 'a draw of ' .. many.largest)
  end)
end)

describe('twenty answers at once', function()
  after_each(after)

  local STOP = [[
    vim.api.nvim_buf_call(vim.fn.bufnr(...), function() require('askedit').stop() end)
  ]]

  it('come whole, each stopped alone or not at all', function()
    local nvim, peer = start({ script = silent })
    local conns = {}
    for i = 1, 20 do
      nvim:feed((':Ask number %d<CR>'):format(i))
      conns[i] = peer:wait_request(nvim).conn
      conns[i]:write(Chat.head .. Chat.part(Chat.text(('Answer %d'):format(i))))
    end
    for i = 1, 20 do
      nvim:wait_for(("vim.fn.bufnr('askedit://%d') ~= -1 and vim.fn.join(vim.api.nvim_buf_get_lines("
        .. "vim.fn.bufnr('^askedit://%d$'), 0, -1, true)):find('Answer %d', 1, true)"):format(i, i, i))
    end
    for i = 1, 20, 2 do
      nvim:exec_lua(STOP, ('^askedit://%d$'):format(i))
      peer:wait_closed(nvim, conns[i])
      assert.is_nil(conns[i + 1].closed)
    end
    for word = 1, 200 do
      for i = 2, 20, 2 do conns[i]:write(Chat.part(Chat.text((' %d.%d'):format(i, word)))) end
    end
    for i = 2, 20, 2 do conns[i]:write(Chat.part(Chat.stop() .. Chat.done) .. Chat.last) end
    local stopped, whole = {}, {}
    for _ = 1, 20 do
      local over = nvim:event('AskeditDone')[1]
      local list = over.stopped and stopped or whole
      list[tonumber(over.answer:match('^Answer (%d+)'))] = over.answer
    end
    for i = 1, 20 do
      local words = { 'Answer ' .. i }
      for word = 1, 200 do words[#words + 1] = ('%d.%d'):format(i, word) end
      local expected = table.concat(words, ' ')
      assert.are.equal(i % 2 == 1 and 'Answer ' .. i or nil, stopped[i])
      assert.is_true(whole[i] == (i % 2 == 0 and expected or nil), 'answer ' .. i)
      assert.is_true(shown(nvim, i) == (whole[i] or stopped[i]), 'buffer ' .. i)
    end
    Product.assert_quiet(nvim)
  end)
end)
