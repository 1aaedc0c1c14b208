--- A change over a selection: what is written, and that nothing is until it is taken.
local Chat = require('chat')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function started(lines, options)
  options = options or {}
  options.script = options.script or function() end
  options.provider = { dialect = 'openai_chat' }
  options.files = { ['work.py'] = table.concat(lines, '\n') .. '\n' }
  options.args = { 'work.py' }
  return Product.start(options)
end

describe('a change', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('is taken as a whole', function()
    local nvim, peer = started({ 'a', 'b', 'c' })
    nvim:feed('2GV:Ask! make it big<CR>')
    local request = peer:wait_request(nvim)
    request.conn:write(Chat.head .. Chat.part(Chat.text('```python\nB\nB2')))
    nvim:see('B2')
    request.conn:write(Chat.part(Chat.text('\n```\n') .. Chat.stop() .. Chat.done) .. Chat.last)
    nvim:event('AskeditDone')
    nvim:redraw()
    assert.are.same({ 'a', 'b', 'c' }, Product.lines(nvim))
    nvim:feed('gh')
    assert.are.same({ 'a', 'B', 'B2', 'c' }, Product.lines(nvim))
    nvim:feed('u')
    assert.are.same({ 'a', 'b', 'c' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('generates', function()
    local nvim, peer = started({ 'a', '    ', 'c' })
    nvim:feed('2G:Ask! more<CR>')
    local request = peer:wait_request(nvim)
    request.conn:write(Chat.answer('```python\nB\n\nB2\n```\n'))
    nvim:event('AskeditDone')
    nvim:redraw()
    assert.are.same({ 'a', '    B', '', '    B2', 'c' }, Product.lines(nvim))
    nvim:feed('u')
    assert.are.same({ 'a', '    ', 'c' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)
end)
