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

  it('is about the lines that were selected, also if text moves before the words are there', function()
    local nvim, peer = started({ 'a', 'b', 'c' }, { init = 'vim.ui.input = function(_, go) Go = go end' })
    nvim:feed('2GV:Ask!<CR>')
    nvim:feed('ggOabove<Esc>')
    nvim:exec_lua("Go('big')")
    peer:wait_request(nvim).conn:write(Chat.answer('```\nB\n```'))
    nvim:event('AskeditDone')
    nvim:feed('gh')
    assert.are.same({ 'above', 'a', 'B', 'c' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  it('leaves no mark if there are no words', function()
    local nvim, peer = started({ 'a' }, { init = 'vim.ui.input = function(_, go) go(nil) end' })
    nvim:feed('V:Ask!<CR>')
    assert.are.equal(0, nvim:exec_lua([=[
      local count = 0
      for _, space in pairs(vim.api.nvim_get_namespaces()) do
        count = count + #vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {})
      end
      return count]=]))
    assert.are.equal(0, #peer.requests)
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
