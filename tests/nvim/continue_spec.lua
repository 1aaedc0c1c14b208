--- :Ask /continue goes on with an answer that was stopped or cut: no word twice, none lost, one answer in the
--- window, in events and in what is sent along later.
local Chat = require('chat')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function after()
  Session.close_all()
  Peer.close_all()
end

--- A product that has asked why, and a peer whose requests wait for what the spec writes.
local function asked()
  local nvim, peer = Product.start({ script = function() end, provider = { dialect = 'openai_chat' } })
  nvim:feed(':Ask why<CR>')
  return nvim, peer, peer:wait_request(nvim)
end

local function begin(nvim, request, text)
  request.conn:write(Chat.head .. Chat.part(Chat.text(text)))
  nvim:see(text:match('([^\n]*%S)%s*$'))
end

local function stopped(text)
  local nvim, peer, request = asked()
  begin(nvim, request, text)
  nvim:feed(':Ask /stop<CR>')
  assert.is_true(nvim:event('AskeditDone')[1].stopped)
  return nvim, peer
end

local function cut(text)
  local nvim, peer, request = asked()
  begin(nvim, request, text)
  request.conn:close()
  assert.are.equal(text, nvim:event('AskeditError')[1].answer)
  nvim:command('messages clear')
  return nvim, peer
end

local function at_limit(text)
  local nvim, peer, request = asked()
  request.conn:write(Chat.stream(Chat.text(text, 'length') .. Chat.done))
  assert.are.equal('length', nvim:event('AskeditDone')[1].finish)
  return nvim, peer
end

local CHARACTER = '[%z\1-\127\192-\255][\128-\191]*'

--- Goes on, the server saying `more` in one event or in events that match `pieces`.
local function continue(nvim, peer, more, pieces)
  nvim:feed(':Ask /continue<CR>')
  local request = peer:wait_request(nvim)
  local events = more:gsub(pieces or '^.*$', Chat.text)
  request.conn:write(Chat.stream(events .. Chat.stop() .. Chat.done))
  local over = nvim:event('AskeditDone')[1]
  assert.are.equal('stop', over.finish)
  return over.answer, request
end

--- The text under the question, to the empty line above the status.
local function shown(nvim)
  local lines = Product.answer(nvim, 1)
  assert.are.same({ '> why', '' }, { table.remove(lines, 1), table.remove(lines, 1) })
  assert.are.same({ '', '' }, { table.remove(lines), table.remove(lines) })
  return table.concat(lines, '\n')
end

describe('/continue', function()
  after_each(after)

  local ways = { ['a stop'] = stopped, ['a cut'] = cut, ['the token limit'] = at_limit }
  for name, way in pairs(ways) do
    it('goes on after ' .. name, function()
      local nvim, peer = way('One two')
      nvim:see('/continue goes on')
      assert.are.equal('One two three four.', (continue(nvim, peer, ' three four.')))
      assert.are.equal('One two three four.', shown(nvim))
      nvim:redraw()
      nvim:see('One two three four.')
      assert.is_nil(nvim:text():find('goes on', 1, true), nvim:text())
      assert.are.equal(2, #nvim:request('nvim_tabpage_list_wins', 0))
      Product.assert_quiet(nvim)
    end)
  end

  it('sends what was asked and what was said, and asks for the rest', function()
    local nvim, peer = stopped('One two')
    local _, request = continue(nvim, peer, ' three')
    local messages = Product.messages_of(request)
    assert.are.same(Product.messages_of(peer.requests[1])[2], messages[2])
    assert.are.same({ 'assistant', 'One two' }, messages[3])
    assert.are.equal('user', messages[4][1])
    assert.are.equal(4, #messages)
  end)

  local LONG = ('a word like any other\n'):rep(40) .. 'and the last'

  -- What had come, what the server then says, and what the answer is to be.
  local joints = {
    { 'repeats nothing', 'One two', ' three', 'One two three' },
    { 'repeats the last words', 'One two three', 'two three four', 'One two three four' },
    { 'repeats the last line', 'alpha\nbeta gamma\n', 'beta gamma\ndelta', 'alpha\nbeta gamma\ndelta' },
    { 'repeats with other blanks', 'alpha beta\n  gamma delta', 'beta gamma delta\nend',
      'alpha beta\n  gamma delta\nend' },
    { 'begins with line breaks', 'alpha beta', '\n\nbeta gamma', 'alpha beta gamma' },
    { 'was cut in a word', 'The functio', 'n returns', 'The function returns' },
    { 'repeats the word that was cut', 'The functio', 'function returns', 'The function returns' },
    { 'repeats wide characters', '这是 修复 漢字', '修复 漢字 完', '这是 修复 漢字 完' },
    { 'repeats what has no blanks', '我说：你好，世界', '你好，世界真大。完', '我说：你好，世界真大。完' },
    { 'repeats a character by chance', '慢慢看', '看书', '慢慢看看书' },
    { 'repeats from a bracket on', 'so (the value', 'the value) is 3', 'so (the value) is 3' },
    { 'goes on with a word that begins so', 'What it is', 'issue a warning', 'What it isissue a warning' },
    { 'goes on with a number', 'x = 1', '12', 'x = 112' },
    { 'begins the line anew', 'f()\n    ', '    return 1', 'f()\n    return 1' },
    { 'begins everything anew', LONG, LONG .. ' end', LONG .. ' end' },
    { 'begins like the last words', 'it is so', ' so good', 'it is so good' },
    { 'says nothing new', 'One two three', 'two three', 'One two three' },
    { 'goes on in code', '```lua\nx = 1\nz', ' = 2\n```', '```lua\nx = 1\nz = 2\n```' },
  }
  for _, joint in ipairs(joints) do
    for how, pieces in pairs({ ['at once'] = '^.*$', ['letter by letter'] = CHARACTER }) do
      it(('says no word twice where the server %s, %s'):format(joint[1], how), function()
        local nvim, peer = stopped(joint[2])
        assert.are.equal(joint[4], (continue(nvim, peer, joint[3], pieces)))
        assert.are.equal(joint[4], shown(nvim))
      end)
    end
  end

  it('can be stopped and goes on again', function()
    local nvim, peer = stopped('One two')
    nvim:feed(':Ask /continue<CR>')
    begin(nvim, peer:wait_request(nvim), ' three')
    nvim:feed(':Ask /stop<CR>')
    local over = nvim:event('AskeditDone')[1]
    assert.are.same({ 'One two three', true }, { over.answer, over.stopped })
    local answer, request = continue(nvim, peer, 'three four')
    assert.are.equal('One two three four', answer)
    assert.are.equal('One two three four', shown(nvim))
    assert.are.same({ 'assistant', 'One two three' }, Product.messages_of(request)[3])
    assert.are.equal(4, #Product.messages_of(request))
  end)

  it('keeps nothing of what is only said again until it is stopped', function()
    local nvim, peer = stopped('alpha beta gamma delta')
    nvim:feed(':Ask /continue<CR>')
    local request = peer:wait_request(nvim)
    request.conn:write(Chat.head .. Chat.part(Chat.text('alpha beta ga')))
    nvim:see('spec-model')
    nvim:feed(':Ask /stop<CR>')
    assert.are.equal('alpha beta gamma delta', nvim:event('AskeditDone')[1].answer)
    assert.are.equal('alpha beta gamma delta', shown(nvim))
  end)

  it('leaves one answer for the question that follows', function()
    local nvim, peer = cut('One two')
    continue(nvim, peer, ' three')
    nvim:feed('<C-w>j:Ask and then?<CR>')
    local messages = Product.messages_of(peer:wait_request(nvim))
    assert.are.same({ 'assistant', 'One two three' }, messages[3])
    assert.are.same({ 'user', 'and then?' }, messages[4])
    assert.are.equal(4, #messages)
  end)

  it('leaves a question that /retry asks as it was', function()
    local nvim, peer = cut('One two')
    continue(nvim, peer, ' three')
    nvim:feed('<C-w>j:Ask /retry<CR>')
    local request = peer:wait_request(nvim)
    assert.are.equal(peer.requests[1].body, request.body)
    request.conn:write(Chat.answer('Quite another.'))
    assert.are.equal('Quite another.', nvim:event('AskeditDone')[1].answer)
    nvim:feed(':Ask and then?<CR>')
    local messages = Product.messages_of(peer:wait_request(nvim))
    assert.are.same({ 'assistant', 'Quite another.' }, messages[3])
    assert.are.equal(4, #messages)
  end)

  it('shows the same after the buffer was wiped', function()
    local nvim, peer = cut('One two')
    continue(nvim, peer, ' three')
    nvim:feed('<C-w>j:bwipeout!<CR>:Ask /show<CR>')
    nvim:see('One two three')
    assert.are.equal('One two three', shown(nvim))
  end)

  it('thinks apart', function()
    local nvim, peer = stopped('One two')
    nvim:feed(':Ask /continue<CR>')
    peer:wait_request(nvim).conn:write(Chat.stream(Chat.thought('what was it') .. Chat.text('two three') ..
      Chat.stop() .. Chat.done))
    assert.are.equal('One two three', nvim:event('AskeditDone')[1].answer)
  end)

  it('keeps what it has if going on fails', function()
    local nvim, peer = stopped('One two')
    nvim:feed(':Ask /continue<CR>')
    peer:wait_request(nvim).conn:write(Peer.response(400, '{"error":{"message":"no prefill here"}}'))
    assert.are.equal('One two', nvim:event('AskeditError')[1].answer)
    nvim:see('no prefill here')
    Product.assert_said(nvim, 'no prefill here')
    nvim:command('messages clear')
    assert.are.equal('One two three', (continue(nvim, peer, ' three')))
    assert.are.equal('One two three', shown(nvim))
  end)
end)

describe('/continue says in one sentence', function()
  after_each(after)

  it('that there is no answer', function()
    local nvim = Product.start({ provider = { dialect = 'openai_chat' } })
    nvim:feed(':Ask /continue<CR>')
    Product.assert_said(nvim, 'no answer')
  end)

  it('that the answer is whole', function()
    local nvim, peer, request = asked()
    request.conn:write(Chat.answer('Because.'))
    nvim:event('AskeditDone')
    nvim:feed(':Ask /continue<CR>')
    Product.assert_said(nvim, 'whole')
    assert.are.equal(1, #peer.requests)
  end)

  it('that nothing had come', function()
    local nvim, peer = asked()
    nvim:feed(':Ask /stop<CR>')
    nvim:event('AskeditDone')
    nvim:feed(':Ask /continue<CR>')
    Product.assert_said(nvim, 'nothing of this answer')
    assert.are.equal(1, #peer.requests)
  end)

  it('that the answer is still coming', function()
    local nvim, peer, request = asked()
    begin(nvim, request, 'One')
    nvim:feed(':Ask /continue<CR>')
    Product.assert_said(nvim, 'still coming')
    assert.are.equal(1, #peer.requests)
  end)

  it('that the conversation went on', function()
    local nvim, peer = stopped('One two')
    nvim:feed('<C-w>j:Ask and then?<CR>')
    peer:wait_request(nvim).conn:write(Chat.answer('Then.'))
    nvim:event('AskeditDone')
    nvim:feed(':Ask /continue<CR>')
    Product.assert_said(nvim, 'whole')
    assert.are.equal(2, #peer.requests)
  end)
end)
