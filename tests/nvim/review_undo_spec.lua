--- Undo is the memory of a change: what is taken is one step, `u` brings it back as open and <C-r> takes it
--- again, whatever else was written meanwhile.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local words, fenced = Edits.words, Edits.fenced

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9'
local NEW = 'l2 L3 l4 l5 l6 L7 l8'
local BOTH = 'l1 l2 L3 l4 l5 l6 L7 l8 l9'
local FIRST = 'l1 l2 L3 l4 l5 l6 l7 l8 l9'
local LAST = 'l1 l2 l3 l4 l5 l6 L7 l8 l9'

local function after()
  Session.close_all()
  Peer.close_all()
end

--- The hunks that are open, by their new words, '-' for one that has none. Keys and what is drawn have to be
--- there with them, and only then.
local OPEN = [[
  local changes, list, shown = require('askedit.review.changes'), {}, {}
  for _, item in ipairs(changes.hunks_of(changes.all())) do
    list[#list + 1] = #item.hunk.new > 0 and table.concat(item.hunk.new, ' ') or '-'
  end
  local marks = vim.api.nvim_create_namespace('askedit_change')
  local drawn = vim.api.nvim_buf_get_extmarks(0, marks, 0, -1, { details = true })
  for _, mark in ipairs(drawn) do
    for _, chunks in ipairs(mark[4].virt_lines or {}) do
      if chunks[1][2]:find('^AskeditAdd') then
        local row = table.concat(vim.tbl_map(function(chunk) return chunk[1] end, chunks))
        shown[#shown + 1] = vim.trim(row)
      end
    end
  end
  local text = table.concat(list, ' ')
  local has_keys = vim.fn.maparg('gh', 'n') ~= ''
  local is_seen = table.concat(shown, ' ') == vim.trim((text:gsub('%-', ''):gsub('  +', ' ')))
  if has_keys ~= (#list > 0) or (#drawn > 0) ~= (#list > 0) or not is_seen then
    return ('%s, drawn: %s, %d marks, keys: %s'):format(text, table.concat(shown, ' '), #drawn, has_keys)
  end
  return text
]]

--- What an undo opens or closes, is so soon after it.
local function assert_open(nvim, open, when)
  local found
  local ok = pcall(nvim.wait, nvim, 'others are open', function()
    found = nvim:exec_lua(OPEN)
    return found == open
  end, 3000)
  if not ok then assert.are.equal(open, found, when) end
end

--- The bytes that an undo or a redo writes are told when all its parts are done; from then on only what
--- stands around them can be compared.
local function is_told_late(keys)
  for _, pattern in ipairs({ '^%d*u$', '^%d*<C%-r>', '^:%l+ %d', '^g%-' }) do
    if keys:find(pattern) then return true end
  end
  return false
end

--- Types keys one after the other; each leaves these lines and these open hunks.
local function assert_steps(nvim, steps)
  local late = false
  for i, step in ipairs(steps) do
    local when = ('step %d, %s'):format(i, step[1])
    nvim:feed(step[1])
    Edits.assert_lines(nvim, step[2], when)
    assert_open(nvim, step[3], when)
    late = late or is_told_late(step[1])
    assert.is_nil(Edits.mirror_fault(nvim, late), when)
  end
  Product.assert_quiet(nvim)
end

local function undo_states(nvim) return nvim:exec_lua('return vim.fn.undotree().seq_last') end

--- An open change: NEW for the lines 2 to 8, or others.
local function open_change(options)
  options = options or {}
  local nvim, peer = Edits.start_raw(options.old and words(options.old) or words(OLD), options)
  local request = Edits.ask(nvim, peer, (options.keys or ':2,8') .. 'Ask /change<CR>')
  Edits.answer(nvim, request, options.answer or fenced(options.new or NEW))
  Edits.listen(nvim)
  return nvim, peer
end

describe('taking', function()
  after_each(after)

  it('a hunk is one step of undo', function()
    local nvim = open_change()
    local states = undo_states(nvim)
    assert_steps(nvim, { { '3Ggh', FIRST, 'L7' } })
    assert.are.equal(states + 1, undo_states(nvim))
    assert_steps(nvim, { { '7Ggh', BOTH, '' } })
    assert.are.equal(states + 2, undo_states(nvim))
  end)

  for _, keys in ipairs({ ':Ask /accept!<CR>', ':%Ask /accept<CR>', 'ggVGgh' }) do
    it('all is one step of undo, ' .. keys, function()
      local nvim = open_change()
      local states = undo_states(nvim)
      assert_steps(nvim, { { keys, BOTH, '' } })
      assert.are.equal(states + 1, undo_states(nvim))
      assert_steps(nvim, { { 'u', OLD, 'L3 L7' }, { '<C-r>', BOTH, '' }, { 'u', OLD, 'L3 L7' } })
    end)
  end

  it('all of two changes in a buffer is one step of undo', function()
    local nvim, peer = Edits.start_raw(words(OLD))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':2,3Ask /change<CR>'), fenced('A l2 l3 B'))
    Edits.answer(nvim, Edits.ask(nvim, peer, ':7,8Ask /change<CR>'), fenced('C l8'))
    Edits.listen(nvim)
    local states, taken = undo_states(nvim), 'l1 A l2 l3 B l4 l5 l6 C l8 l9'
    assert_steps(nvim, { { ':Ask /accept!<CR>', taken, '' } })
    assert.are.equal(states + 1, undo_states(nvim))
    assert_steps(nvim, {
      { 'u', OLD, 'A B C' },
      { '<C-r>', taken, '' },
      { 'u', OLD, 'A B C' },
      { '1Ggh', 'l1 A l2 l3 l4 l5 l6 l7 l8 l9', 'B C' },
    })
  end)
end)

describe('undo', function()
  after_each(after)

  it('tells a hunk from what others write right before and after it', function()
    local nvim = open_change()
    nvim:exec_lua([[
      vim.api.nvim_buf_set_lines(0, 0, 1, true, { 'first' })
      vim.cmd('3Ask /accept')
      vim.api.nvim_buf_set_lines(0, 8, 9, true, { 'last' })
      vim.cmd('Ask /accept!')
      vim.api.nvim_buf_set_lines(0, 4, 5, true, { 'middle' })]])
    assert_steps(nvim, {
      { '1G', 'first l2 L3 l4 middle l6 L7 l8 last', '' },
      { 'u', 'first l2 L3 l4 l5 l6 L7 l8 last', '' },
      { 'u', 'first l2 L3 l4 l5 l6 l7 l8 last', 'L7' },
      { 'u', 'first l2 L3 l4 l5 l6 l7 l8 l9', 'L7' },
      { 'u', 'first l2 l3 l4 l5 l6 l7 l8 l9', 'L3 L7' },
      { 'u', OLD, 'L3 L7' },
      { '5<C-r>', 'first l2 L3 l4 middle l6 L7 l8 last', '' },
    })
  end)

  -- With what the user writes between: keys, the text then, the open hunks.
  local between = {
    ['nothing'] = {
      { '3Ggh', FIRST, 'L7' }, { 'u', OLD, 'L3 L7' }, { '<C-r>', FIRST, 'L7' }, { '7Ggh', BOTH, '' },
      { 'u', FIRST, 'L7' }, { 'u', OLD, 'L3 L7' }, { '2<C-r>', BOTH, '' }, { '2u', OLD, 'L3 L7' },
      { '7Ggh', LAST, 'L3' }, { '3Ggh', BOTH, '' }, { 'u', LAST, 'L3' },
    },
    ['a line above'] = {
      { '3Ggh', FIRST, 'L7' },
      { 'ggOnew<Esc>', 'new ' .. FIRST, 'L7' },
      { '8Ggh', 'new ' .. BOTH, '' },
      { 'u', 'new ' .. FIRST, 'L7' },
      { '2u', OLD, 'L3 L7' },
      { '3<C-r>', 'new ' .. BOTH, '' },
    },
    ['a line above that stays'] = {
      { 'ggOnew<Esc>', 'new ' .. OLD, 'L3 L7' },
      { '4Ggh', 'new ' .. FIRST, 'L7' },
      { 'u', 'new ' .. OLD, 'L3 L7' },
      { '<C-r>', 'new ' .. FIRST, 'L7' },
    },
    ['a line below'] = {
      { '7Ggh', LAST, 'L3' },
      { 'Gonew<Esc>', LAST .. ' new', 'L3' },
      { '3Ggh', BOTH .. ' new', '' },
      { '2u', LAST, 'L3' },
      { 'u', OLD, 'L3 L7' },
      { '2<C-r>', LAST .. ' new', 'L3' },
    },
    ['lines beside the hunks'] = {
      { '3Ggh', FIRST, 'L7' },
      { '5Gccnew<CR>er<Esc>', 'l1 l2 L3 l4 new er l6 l7 l8 l9', 'L7' },
      { ':Ask /accept!<CR>', 'l1 l2 L3 l4 new er l6 L7 l8 l9', '' },
      { 'u', 'l1 l2 L3 l4 new er l6 l7 l8 l9', 'L7' },
      { 'u', FIRST, 'L7' },
      { 'u', OLD, 'L3 L7' },
      { '3<C-r>', 'l1 l2 L3 l4 new er l6 L7 l8 l9', '' },
    },
    ['lines right above and below a hunk'] = {
      { '3Ggh', FIRST, 'L7' },
      { '3GOabove<Esc>', 'l1 l2 above L3 l4 l5 l6 l7 l8 l9', 'L7' },
      { '4Gobelow<Esc>', 'l1 l2 above L3 below l4 l5 l6 l7 l8 l9', 'L7' },
      { ':Ask /accept!<CR>', 'l1 l2 above L3 below l4 l5 l6 L7 l8 l9', '' },
      { 'u', 'l1 l2 above L3 below l4 l5 l6 l7 l8 l9', 'L7' },
      { '3u', OLD, 'L3 L7' },
      { '4<C-r>', 'l1 l2 above L3 below l4 l5 l6 L7 l8 l9', '' },
    },
    ['a line beside, first'] = {
      { '5Gccnew<Esc>', 'l1 l2 l3 l4 new l6 l7 l8 l9', 'L3 L7' },
      { ':Ask /accept!<CR>', 'l1 l2 L3 l4 new l6 L7 l8 l9', '' },
      { 'u', 'l1 l2 l3 l4 new l6 l7 l8 l9', 'L3 L7' },
      { '3Ggh', 'l1 l2 L3 l4 new l6 l7 l8 l9', 'L7' },
      { '2u', OLD, 'L3 L7' },
    },
    ['a write'] = {
      { '3Ggh:write<CR>', FIRST, 'L7' },
      { '7Ggh:write<CR>', BOTH, '' },
      { ':earlier 1f<CR>', FIRST, 'L7' },
      { ':later 1f<CR>', BOTH, '' },
      { 'u', FIRST, 'L7' },
      { ':write<CR>', FIRST, 'L7' },
      { 'u', OLD, 'L3 L7' },
      { ':write<CR>', OLD, 'L3 L7' },
      { '2<C-r>', BOTH, '' },
    },
    ['steps through time'] = {
      { '3Ggh', FIRST, 'L7' },
      { '7Ggh', BOTH, '' },
      { ':earlier 2<CR>', OLD, 'L3 L7' },
      { ':later 1<CR>', FIRST, 'L7' },
      { ':later 1<CR>', BOTH, '' },
      { ':undo 0<CR>', OLD, 'L3 L7' },
      { '7Ggh', LAST, 'L3' },
      { ':undo 2<CR>', BOTH, '' },
      { 'g-', FIRST, 'L7' },
      { ':undo 3<CR>', LAST, 'L3' },
    },
    ['a rejection'] = {
      { '3GgH', OLD, 'L7' },
      { '7Ggh', LAST, '' },
      { 'u', OLD, 'L7' },
      { '<C-r>', LAST, '' },
    },
  }
  for name, steps in pairs(between) do
    it('brings hunks back, with ' .. name .. ' between', function() assert_steps(open_change(), steps) end)
  end

  -- The file, the keys that select and the new text of that; then steps as above.
  local kinds = {
    ['characters'] = {
      { old = 'one', keys = '0v$h:', new = 'two' },
      { { 'gh', 'two', '' }, { 'u', 'one', 'two' }, { '<C-r>', 'two', '' }, { 'u', 'one', 'two' } },
    },
    ['lines at both ends of the buffer'] = {
      { old = 'a b c d e', keys = ':%', new = 'A b c d E' },
      {
        { 'gggh', 'A b c d e', 'E' }, { 'Ggh', 'A b c d E', '' }, { 'u', 'A b c d e', 'E' },
        { 'u', 'a b c d e', 'A E' }, { '<C-r>', 'A b c d e', 'E' }, { '<C-r>', 'A b c d E', '' },
        { '2u', 'a b c d e', 'A E' }, { ':Ask /accept!<CR>', 'A b c d E', '' }, { 'u', 'a b c d e', 'A E' },
      },
    },
    ['hunks that only add'] = {
      { old = 'a b c d e', keys = ':%', new = 'n1 a b c n2 d e n3' },
      {
        { ':Ask /accept!<CR>', 'n1 a b c n2 d e n3', '' }, { 'u', 'a b c d e', 'n1 n2 n3' },
        { 'gggh', 'n1 a b c d e', 'n2 n3' }, { 'Ggh', 'n1 a b c d e n3', 'n2' },
        { '4Ggh', 'n1 a b c n2 d e n3', '' }, { '3u', 'a b c d e', 'n1 n2 n3' },
        { '3<C-r>', 'n1 a b c n2 d e n3', '' },
      },
    },
    ['hunks that only remove'] = {
      { old = 'a b c d e f g', keys = ':%', new = 'b c e f' },
      {
        { ':Ask /accept!<CR>', 'b c e f', '' }, { 'u', 'a b c d e f g', '- - -' },
        { 'gggh', 'b c d e f g', '- -' }, { 'Ggh', 'b c d e f', '-' }, { '3Ggh', 'b c e f', '' },
        { 'u', 'b c d e f', '-' }, { '2u', 'a b c d e f g', '- - -' }, { '3<C-r>', 'b c e f', '' },
      },
    },
    ['equal lines around one more'] = {
      { old = 'x x x x', keys = ':2,3', new = 'x x x' },
      { { 'gh', 'x x x x x', '' }, { 'u', 'x x x x', 'x' }, { '<C-r>', 'x x x x x', '' } },
    },
    ['equal lines around one less'] = {
      { old = 'x x x x', keys = ':2,3', new = 'x' },
      { { 'gh', 'x x x', '' }, { 'u', 'x x x x', '-' }, { '<C-r>', 'x x x', '' } },
    },
    ['a hunk that says its neighbour'] = {
      { old = 'a b c', keys = ':%', new = 'a a c' },
      { { 'gh', 'a a c', '' }, { 'u', 'a b c', 'a' }, { '<C-r>', 'a a c', '' } },
    },
  }
  for name, case in pairs(kinds) do
    it('brings back ' .. name, function() assert_steps(open_change(case[1]), case[2]) end)
  end

  it('brings back the first and the last of several hunks of characters', function()
    local file = 'aa l1\nl2\nl3\nl4\nl5 zz\n'
    local nvim = open_change({ text = file, keys = 'gg0wvG0e:', new = 'L1 l2 l3 l4 L5' })
    assert_steps(nvim, {
      { 'gggh', 'aa L1 l2 l3 l4 l5 zz', 'L5' },
      { 'Ggh', 'aa L1 l2 l3 l4 L5 zz', '' },
      { 'u', 'aa L1 l2 l3 l4 l5 zz', 'L5' },
      { 'u', 'aa l1 l2 l3 l4 l5 zz', 'L1 L5' },
      { '<C-r>', 'aa L1 l2 l3 l4 l5 zz', 'L5' },
      { '<C-r>', 'aa L1 l2 l3 l4 L5 zz', '' },
      { '2u', 'aa l1 l2 l3 l4 l5 zz', 'L1 L5' },
      { 'Ggh', 'aa l1 l2 l3 l4 L5 zz', 'L1' },
      { 'u', 'aa l1 l2 l3 l4 l5 zz', 'L1 L5' },
      { '<C-r>gggh', 'aa L1 l2 l3 l4 L5 zz', '' },
    })
  end)

  it('brings back a block', function()
    local nvim = open_change({ old = 'abcd efgh ijkl', keys = 'gg0l<C-v>2jl:', new = 'BC fg JK' })
    assert_steps(nvim, {
      { 'gggh', 'aBCd efgh ijkl', 'iJKl' },
      { ':Ask /accept!<CR>', 'aBCd efgh iJKl', '' },
      { 'u', 'aBCd efgh ijkl', 'iJKl' },
      { 'u', 'abcd efgh ijkl', 'aBCd iJKl' },
      { '2<C-r>', 'aBCd efgh iJKl', '' },
    })
  end)

  it('does not bring back what wrote itself', function()
    local nvim, peer = Edits.start_raw({ 'a', '', 'c' })
    local request = Edits.ask(nvim, peer, '2G:Ask! more<CR>')
    Edits.listen(nvim)
    Edits.answer(nvim, request, fenced('B1 B2'))
    nvim:wait_for("vim.fn.getline(2) == 'B1'")
    assert_steps(nvim, {
      { '2G', 'a B1 B2 c', '' }, { 'u', 'a  c', '' }, { '<C-r>', 'a B1 B2 c', '' }, { 'u', 'a  c', '' },
    })
  end)
end)
