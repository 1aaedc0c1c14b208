--- What is coloured at a change: what goes, and what the user changed; and where the line with its keys is.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local fenced = Edits.fenced

--- The coloured parts of the buffer: 'GROUP ROW,COLUMN-ROW,COLUMN'.
local MARKED = [[
  local marks, list = vim.api.nvim_create_namespace('askedit_change'), {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, marks, 0, -1, { details = true })) do
    local more = mark[4]
    if more.hl_group then
      local from, to = { mark[2], mark[3] }, { more.end_row, more.end_col }
      list[#list + 1] = ('%s %s-%s'):format(more.hl_group, table.concat(from, ','), table.concat(to, ','))
    end
  end
  return list
]]

describe('a change', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('marks what goes on the real lines, and otherwise what the user changed', function()
    local nvim, peer = Edits.start(Edits.words('l1 l2 l3 l4 l5 l6 l7 l8'))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':2,8Ask! x<CR>'), fenced('l2 L3 l4 l5 l6 l6b l8'))
    assert.are.same({ 'AskeditDelete 2,0-3,0', 'AskeditDelete 6,0-7,0' }, nvim:exec_lua(MARKED))
    nvim:feed(':3<CR>Cmine<Esc>')
    nvim:wait_for(("(loadstring(%q)())[1] == 'AskeditStale 2,0-3,0'"):format(MARKED))
    assert.are.same({ 'AskeditStale 2,0-3,0', 'AskeditDelete 6,0-7,0' }, nvim:exec_lua(MARKED))
    nvim:feed('gH')
    assert.are.same({ 'AskeditDelete 6,0-7,0' }, nvim:exec_lua(MARKED))
    nvim:feed('gH')
    assert.are.same({}, nvim:exec_lua(MARKED))
    Product.assert_quiet(nvim)
  end)

  it('marks only the characters that were selected', function()
    local nvim, peer = Edits.start({ 'one two three' }, { name = 'work.txt' })
    Edits.answer(nvim, Edits.ask(nvim, peer, 'wviw:Ask! x<CR>'), fenced('2'))
    assert.are.same({ 'AskeditDelete 0,4-0,7' }, nvim:exec_lua(MARKED))
    Product.assert_quiet(nvim)
  end)

  it('has the colours of diffs, or the user\'s own', function()
    local own = 'vim.cmd("highlight AskeditAdd ctermfg=2")'
    for init, add in pairs({ [''] = 'DiffAdd', [own] = 'AskeditAdd' }) do
      local nvim = Edits.start({ 'a' }, { init = init })
      local function target(name)
        return nvim:exec_lua("return vim.fn.synIDattr(vim.fn.synIDtrans(vim.fn.hlID(...)), 'name')", name)
      end
      assert.are.same({ add, 'DiffDelete', 'DiffText' },
        { target('AskeditAdd'), target('AskeditDelete'), target('AskeditStale') })
    end
  end)

  it('stands at the hunk that is nearest to the cursor', function()
    local nvim, peer = Edits.start(Edits.numbered(1, 9, 'old'))
    local new = Edits.numbered(1, 9, 'old')
    new[2], new[8] = 'line 2;', 'line 8;'
    local answer = '```\n' .. table.concat(new, '\n') .. '\n```\n'
    local request = Edits.ask(nvim, peer, ':%Ask! x<CR>')
    nvim:feed('G')
    Edits.answer(nvim, request, answer)
    assert.are.equal(Edits.row_of(nvim, 'line 8;') + 1, Edits.row_of(nvim, 'gh takes'))
    Edits.answer(nvim, Edits.ask(nvim, peer, 'gg:Ask /retry<CR>'), answer)
    assert.are.equal(Edits.row_of(nvim, 'line 2;') + 1, Edits.row_of(nvim, 'gh takes'))
    Product.assert_quiet(nvim)
  end)
end)
