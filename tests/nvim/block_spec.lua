--- Blocks are cut and filled as by Vim's own yank and put, but without what those leave behind.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local unpack = rawget(_G, 'unpack') or rawget(table, 'unpack')

-- The rows, and the lines after a put of others, as Vim makes them. A line above and one below let each
-- corner be reached. Of a line that ends further left Vim yanks blanks, and it fills one up to put nothing
-- there; ours leaves both.
local BY_VIM = [[
  local lines, new_rows, left, right = ...
  local guard = (' '):rep(40)
  local function to_register(rows)
    return vim.tbl_map(function(row) return (row:gsub('%z', '\n')) end, rows)
  end
  local function guarded(rows, edge)
    local all = vim.list_extend({ edge }, rows)
    all[#all + 1] = edge
    return all
  end
  local function on_block(command)
    vim.api.nvim_buf_set_lines(0, 0, -1, true, guarded(lines, guard))
    vim.cmd(('silent normal! gg%d|\22G%s"z%s'):format(left, right == 0 and '$' or right .. '|', command))
  end
  on_block('y')
  local taken = vim.fn.getreginfo('z').regcontents
  local rows, short = {}, {}
  for i = 2, #taken - 1 do
    short[i - 1] = vim.fn.strdisplaywidth((lines[i - 1]:gsub('%z', '\n'))) < left
    rows[i - 1] = short[i - 1] and '' or taken[i]:gsub('\n', '\0')
  end
  vim.fn.setreg('z', to_register(guarded(new_rows, '')), '\22')
  on_block('p')
  local put = vim.api.nvim_buf_get_lines(0, 1, -2, true)
  for i, row in ipairs(new_rows) do
    if short[i] and row == '' then put[i] = lines[i] end
  end
  return { rows, put }
]]

local OURS = [[
  local lines, new_rows, left, right = ...
  local block = require('askedit.block')
  local it = { left = left, width = math.max(right - left + 1, 0), to_end = right == 0,
    tabstop = vim.bo.tabstop, vartabstop = vim.bo.vartabstop, tabs_are_chars = false }
  return { block.rows(lines, it), block.replace(lines, it, new_rows) }
]]

local LINES = { 'abcdefghij', 'a\tb\t', '\t\tcd', '', 'ab', '名前かな', 'a名前かな',
  'xe\204\129y\204\128z', 'a\0b\0c', 'é\255ü', '\27[0m', '    ', 'ab  ', '👍a👍' }

-- ASCII only: Vim takes bytes for columns where it fills rows up.
local ROWS = { '12', '', '3', 'abc', 'x', 'y z', 'a  ', ' ', '12345', '', '[', 'e', '', '9' }

local SETTINGS = { 'tabstop=8', 'tabstop=3', 'vartabstop=2,5,3', 'virtualedit=all selection=exclusive' }

describe('a block of lines', function()
  after_each(Session.close_all)

  for _, setting in ipairs(SETTINGS) do
    it('is cut and filled as by Vim with ' .. setting, function()
      local nvim = Session.start({ headless = true })
      for left = 1, 12 do
        for _, right in ipairs({ left, left + 1, left + 4, 0 }) do
          nvim:command('set tabstop& vartabstop& virtualedit& selection&')
          if setting:find('tabstop') then nvim:command('set ' .. setting) end
          local wanted = nvim:exec_lua(BY_VIM, LINES, ROWS, left, right)
          nvim:command('set ' .. setting)
          local found = nvim:exec_lua(OURS, LINES, ROWS, left, right)
          assert.are.same(wanted, found, ('columns %d to %d'):format(left, right))
        end
      end
    end)
  end
end)

describe('rows of an answer', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  --- Asks for a change to a block, types, and has the answer end then.
  local function answered_while(typed)
    local nvim, peer = Edits.start({ 'abcd', 'efgh', 'ijklmn' })
    local request = Edits.ask(nvim, peer, '0l<C-v>jl:Ask! upper<CR>')
    nvim:feed(typed)
    local mode = nvim:request('nvim_get_mode').mode
    Edits.answer(nvim, request, '```\nBC\nFG\n```')
    assert.are.equal(mode, nvim:request('nvim_get_mode').mode)
    return nvim
  end

  it('leave what . repeats and the registers alone', function()
    local nvim = answered_while('3Gdw:undo<CR>3G0xdd:undo<CR>3G0x')
    nvim:feed('.')
    assert.are.same({ 'abcd', 'efgh', 'lmn' }, Product.lines(nvim))
    assert.are.same({ 'jklmn\n', '', 'k' }, nvim:exec_lua(
      "return { vim.fn.getreg('1'), vim.fn.getreg('2'), vim.fn.getreg('-') }"))
    nvim:feed('gggh')
    assert.are.same({ 'aBCd', 'eFGh', 'lmn' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)

  for name, mode in pairs({
    ['Visual mode'] = { '3G0lv', 'l"ay', 'jk' },
    ['blockwise Visual mode'] = { '3G0l<C-v>', 'l"ay', 'jk' },
    ['a pending operator'] = { '3G0"ay', 'e', 'ijklmn' },
    ['Insert mode'] = { '3Goxy', 'z<Esc>"ayiw', 'xyz' },
    ['the command line'] = { ':let @a = "x', 'y"<CR>', 'xy' },
  }) do
    it('come in ' .. name .. ', which goes on', function()
      local nvim = answered_while(mode[1])
      nvim:feed(mode[2])
      assert.are.equal(mode[3], nvim:exec_lua("return vim.fn.getreg('a')"))
      nvim:feed('gggh')
      assert.are.same({ 'aBCd', 'eFGh', 'ijklmn' }, { unpack(Product.lines(nvim), 1, 3) })
      Product.assert_quiet(nvim)
    end)
  end

  it('stand at their columns, wide ones and tabs too', function()
    local nvim, peer = Edits.start({ 'abcd', 'efgh', 'a', 'xyz' }, { name = 'work.txt' })
    local request = Edits.ask(nvim, peer, '0l<C-v>3j:Ask! swap<CR>')
    Edits.answer(nvim, request, '```\n名前\n\te\n1\n\n```')
    nvim:feed('gh')
    assert.are.same({ 'a名前    cd', 'e\tegh', 'a1', 'x        z' }, Product.lines(nvim))
    Product.assert_quiet(nvim)
  end)
end)
