--- A hunk whose lines the user changed: it refuses, and is asked for again alone. And what was rejected is
--- told to the model.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local assert_lines, words, fenced = Edits.assert_lines, Edits.words, Edits.fenced

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10 l11'
local NEW = 'l2 L3 l4 l5 l6 L7 l8 l9 L10'
local STALE = 'l1 l2 l3 l4 l5 l6 mine l8 l9 l10 l11'

local function after()
  Session.close_all()
  Peer.close_all()
end

--- An open change to the lines 2 to 10, which differ in the lines 3, 7 and 10; the user has changed line 7.
local function stale_change()
  local nvim, peer = Edits.start_raw(words(OLD))
  Edits.answer(nvim, Edits.ask(nvim, peer, ':2,10Ask /change better<CR>'), fenced(NEW))
  nvim:feed('7Gccmine<Esc>')
  nvim:see('you changed these lines')
  return nvim, peer
end

local function retry(nvim, peer, text)
  return Edits.ask(nvim, peer, (':Ask /retry %s<CR>'):format(text or ''))
end

--- The new lines that are shown, once they are these.
local function see_proposed(nvim, text)
  local found
  nvim:wait('not proposed: ' .. text, function()
    found = Edits.preview(nvim):gsub('\n', ' ')
    return found == text
  end, 3000)
end

local function status(nvim) return nvim:exec_lua("return require('askedit').status()") end

describe('a hunk whose lines were changed', function()
  after_each(after)

  local refusals = {
    { 'gh', 'you changed these lines', STALE },
    { ':7Ask /accept<CR>', 'you changed these lines', STALE },
    { '7GVgh', 'you changed these lines', STALE },
    { ':Ask /accept!<CR>', 'you changed lines of the rest', 'l1 l2 L3 l4 l5 l6 mine l8 l9 L10 l11' },
    { 'ggVGgh', 'you changed lines of the rest', 'l1 l2 L3 l4 l5 l6 mine l8 l9 L10 l11' },
  }
  for _, case in ipairs(refusals) do
    it('is not taken, which is said, ' .. case[1], function()
      local nvim = stale_change()
      nvim:feed(case[1])
      nvim:redraw()
      assert_lines(nvim, case[3])
      Product.assert_said(nvim, case[2])
      assert.are.equal('normal', nvim.mode)
      nvim:feed(':messages clear<CR>:7<CR>gh')
      nvim:redraw()
      Product.assert_said(nvim, 'you changed these lines')
      assert_lines(nvim, case[3])
    end)
  end

  it('is taken as it stands after a look, or rejected', function()
    local nvim = stale_change()
    nvim:feed('7Ggl')
    nvim:wait_for("vim.fn.bufname() == 'askedit://hunk'")
    assert_lines(nvim, 'L7')
    nvim:feed(':quit<CR>gh')
    assert_lines(nvim, 'l1 l2 l3 l4 l5 l6 L7 l8 l9 l10 l11')
    nvim:feed('u')
    assert_lines(nvim, STALE)
    nvim:see('you changed these lines')
    nvim:feed('7GgH')
    assert_lines(nvim, STALE)
    see_proposed(nvim, 'L3 L10')
    Product.assert_quiet(nvim)
  end)

  it('is fresh again where the user takes his words back', function()
    local nvim = stale_change()
    nvim:feed('u')
    nvim:unsee('you changed')
    nvim:feed('7Ggh')
    assert_lines(nvim, 'l1 l2 l3 l4 l5 l6 L7 l8 l9 l10 l11')
    Product.assert_quiet(nvim)
  end)
end)

describe('/retry at such a hunk', function()
  after_each(after)

  it('asks for it alone, with its lines as they are now, and the others stay', function()
    local nvim, peer = stale_change()
    local request = retry(nvim, peer)
    assert.are.equal('mine\nbetter', Product.words(request))
    see_proposed(nvim, 'L3 L10')
    assert_lines(nvim, STALE)
    nvim:feed('3Ggh')
    assert_lines(nvim, 'l1 l2 L3 l4 l5 l6 mine l8 l9 l10 l11')
    Edits.answer(nvim, request, fenced('M7 M7b'))
    see_proposed(nvim, 'M7 M7b L10')
    nvim:feed('7Ggh')
    assert_lines(nvim, 'l1 l2 L3 l4 l5 l6 M7 M7b l8 l9 l10 l11')
    nvim:feed('11Ggh')
    assert_lines(nvim, 'l1 l2 L3 l4 l5 l6 M7 M7b l8 l9 L10 l11')
    assert.are.equal('', status(nvim))
    Product.assert_quiet(nvim)
  end)

  it('takes other words', function()
    local nvim, peer = stale_change()
    assert.are.equal('mine\nshorter', Product.words(retry(nvim, peer, 'shorter')))
  end)

  it('is about the lines that were typed, also several', function()
    local nvim, peer = stale_change()
    nvim:feed('7Gcc1<CR>2<CR>3<Esc>8G')
    local request = retry(nvim, peer)
    assert.are.equal('1\n2\n3\nbetter', Product.words(request))
    Edits.answer(nvim, request, fenced('1 2'))
    nvim:feed('9Ggh')
    assert_lines(nvim, 'l1 l2 l3 l4 l5 l6 1 2 l8 l9 l10 l11')
    Product.assert_quiet(nvim)
  end)

  it('elsewhere asks for the whole', function()
    local nvim, peer = stale_change()
    nvim:feed('5G')
    local sent = Product.words(retry(nvim, peer))
    assert.are.equal('l2\nl3\nl4\nl5\nl6\nmine\nl8\nl9\nl10\nbetter', sent)
  end)

  it('at one that is fresh asks for the whole', function()
    local nvim, peer = stale_change()
    nvim:feed('3G')
    local sent = Product.words(retry(nvim, peer))
    assert.are.equal('l2\nl3\nl4\nl5\nl6\nmine\nl8\nl9\nl10\nbetter', sent)
  end)

  it('is undone step by step, and taken again', function()
    local nvim, peer = stale_change()
    Edits.answer(nvim, retry(nvim, peer), fenced('M7'))
    local taken = 'l1 l2 L3 l4 l5 l6 M7 l8 l9 L10 l11'
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, taken)
    assert.are.equal('', status(nvim))
    nvim:feed('u')
    assert_lines(nvim, STALE)
    see_proposed(nvim, 'L3 M7 L10')
    nvim:feed('<C-r>')
    assert_lines(nvim, taken)
    nvim:wait_for("require('askedit').status() == ''")
    Product.assert_quiet(nvim)
  end)

  it('can be done for two hunks at once', function()
    local nvim, peer = stale_change()
    nvim:feed('3Gccthree<Esc>')
    local third = retry(nvim, peer)
    assert.are.equal('three\nbetter', Product.words(third))
    nvim:feed('7G')
    local seventh = retry(nvim, peer)
    assert.are.equal('mine\nbetter', Product.words(seventh))
    see_proposed(nvim, 'L10')
    Edits.answer(nvim, seventh, fenced('M7'))
    Edits.answer(nvim, third, fenced('M3 M3b'))
    nvim:feed(':Ask /accept!<CR>')
    assert_lines(nvim, 'l1 l2 M3 M3b l4 l5 l6 M7 l8 l9 L10 l11')
    assert.are.equal('', status(nvim))
    Product.assert_quiet(nvim)
  end)

  it('goes with the buffer', function()
    local nvim, peer = stale_change()
    local request = retry(nvim, peer)
    nvim:feed(':edit!<CR>')
    peer:wait_closed(nvim, request.conn)
    nvim:redraw()
    assert.are.equal('', Edits.preview(nvim))
    assert_lines(nvim, OLD)
    Product.assert_said(nvim, 'the buffer of a change is gone')
  end)

  -- How its answer comes to nothing.
  local failures = {
    ['fails'] = function(nvim, request)
      request.conn:write(Peer.response(400, '{"error":{"message":"no"}}'))
      nvim:event('AskeditError')
    end,
    ['is stopped before its first word'] = function(nvim)
      nvim:feed(':Ask /stop<CR>')
      nvim:event('AskeditDone')
    end,
    ['holds no code'] = function(nvim, request) Edits.answer(nvim, request, '```python\n```\n') end,
    ['is the text that is there'] = function(nvim, request) Edits.answer(nvim, request, fenced('mine')) end,
    ['is refused'] = function(nvim, request)
      Edits.begin(request, 'M7')
      Edits.finish(nvim, request, nil, 'content_filter')
    end,
  }
  for name, fail in pairs(failures) do
    it('leaves the old hunk as it was where the answer ' .. name, function()
      local nvim, peer = stale_change()
      fail(nvim, retry(nvim, peer))
      see_proposed(nvim, 'L3 L7 L10')
      nvim:feed('7G')
      nvim:see('you changed these lines')
      assert.are.equal('ask: 2 of 3', status(nvim))
      nvim:feed('u7Ggh')
      assert_lines(nvim, 'l1 l2 l3 l4 l5 l6 L7 l8 l9 l10 l11')
    end)
  end
end)

describe('the model is told', function()
  after_each(after)

  --- What is told to it of rejected hunks: everything after the code and the words.
  local function told(request) return Product.words(request):match('better\n*(.*)$') end

  local function change()
    local nvim, peer = Edits.start_raw(words(OLD))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':2,10Ask /change better<CR>'), fenced(NEW))
    return nvim, peer
  end

  local function assert_told(request, wanted)
    local text = told(request)
    for _, word in ipairs({ 'L3', 'L7', 'L10', 'N3' }) do
      assert.are.equal(wanted[word] or false, text:find(word, 1, true) ~= nil, word .. ' in ' .. text)
    end
  end

  it('nothing where no hunk was rejected', function()
    local nvim, peer = change()
    nvim:feed('3Ggh')
    assert.are.equal('', told(retry(nvim, peer)))
  end)

  it('which hunks were rejected, with their old lines', function()
    local nvim, peer = change()
    nvim:feed('3GgH10GgH7Ggh')
    local request = retry(nvim, peer)
    assert_told(request, { L3 = true, L10 = true })
    assert.is_truthy(told(request):find('l3.*L3.*l10.*L10'), told(request))
  end)

  it('which were rejected all at once', function()
    local nvim, peer = change()
    nvim:feed(':Ask /reject!<CR>')
    assert_told(retry(nvim, peer), { L3 = true, L7 = true, L10 = true })
  end)

  it('of those of earlier answers too', function()
    local nvim, peer = change()
    nvim:feed('3GgH')
    local request = retry(nvim, peer)
    assert_told(request, { L3 = true })
    Edits.answer(nvim, request, fenced('l2 N3 l4 l5 l6 L7 l8 l9 l10'))
    nvim:feed('3GgH')
    request = retry(nvim, peer)
    assert_told(request, { L3 = true, N3 = true })
  end)

  it('at a hunk that is asked for alone too', function()
    local nvim, peer = change()
    nvim:feed('3GgH7Gccmine<Esc>')
    nvim:see('you changed these lines')
    local request = retry(nvim, peer)
    assert.are.equal('mine\nbetter', Product.words(request):sub(1, #'mine\nbetter'))
    assert_told(request, { L3 = true })
  end)
end)
