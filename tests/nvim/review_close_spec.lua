--- What a change leaves behind when it is closed: nothing, but for invisible marks, with which an undo can
--- open it again.
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local OLD = 'l1 l2 l3 l4 l5 l6 l7 l8 l9 l10'
local ROUNDS, KEPT_ANSWERS = 100, 20
local MARKS = 4 -- of a change to lines: two that let in what is typed at the edges, two that do not

--- Everything that could be left, a list of texts that begin with what kind of thing it is. Marks are counted
--- for each namespace by its name.
local EVERYTHING = [[
  local api, list = vim.api, {}
  local function add(...) list[#list + 1] = table.concat({ ... }, ' ') end
  for _, mode in ipairs({ 'n', 'x', 's', 'o', 'i', 'c', 't' }) do
    for _, map in ipairs(api.nvim_get_keymap(mode)) do add('map', mode, map.lhs) end
  end
  for _, buf in ipairs(api.nvim_list_bufs()) do
    add('buffer', buf, api.nvim_buf_get_name(buf))
    for _, mode in ipairs({ 'n', 'x', 's', 'o', 'i', 'c', 't' }) do
      for _, map in ipairs(api.nvim_buf_get_keymap(buf, mode)) do add('map', mode, map.lhs, 'in', buf) end
    end
    for name, id in pairs(api.nvim_get_namespaces()) do
      -- Before 0.11 there is one that is called true and cannot be asked for.
      local count = name ~= true and #api.nvim_buf_get_extmarks(buf, id, 0, -1, {}) or 0
      if count > 0 then add('marks', name, count) end
    end
  end
  for _, each in ipairs(api.nvim_get_autocmds({})) do
    local group = each.group_name or ''
    if not group:find('iagnostic') then -- of Neovim's own status line
      add('autocommand', each.event, each.pattern, group, each.command, each.buffer or '')
    end
  end
  for _, win in ipairs(api.nvim_list_wins()) do add('window', win) end
  return list
]]

--- What is there now and was not there before, or the other way round.
local function difference(nvim, before)
  local counts, list = {}, {}
  for _, text in ipairs(nvim:exec_lua(EVERYTHING)) do counts[text] = (counts[text] or 0) + 1 end
  for _, text in ipairs(before) do counts[text] = (counts[text] or 0) - 1 end
  for text, count in pairs(counts) do
    if count ~= 0 then list[#list + 1] = (count > 0 and 'new: ' or 'gone: ') .. text end
  end
  table.sort(list)
  return list
end

local function finish(nvim, request, words) Edits.answer(nvim, request, Edits.fenced(words)) end

local function feed(keys)
  return function(nvim, request, words)
    finish(nvim, request, words)
    nvim:feed(keys)
  end
end

--- Ways to close a change of two hunks, in lines 3 and 7; which of them are taken in the end.
local WAYS = {
  { feed(':Ask /accept!<CR>'), true, true },
  { feed(':Ask /reject!<CR>'), false, false },
  { feed('3Ggh7GgH'), true, false },
  { feed('3GgH7GgH'), false, false },
  { feed('ggVGgh'), true, true },
  { function(nvim, request, words)
    finish(nvim, request, words)
    nvim:feed('3Gglgh')
    nvim:wait_for('#vim.api.nvim_list_wins() == 1')
    nvim:feed('7GgH')
  end, true, false },
  { function(nvim, request, words)
    finish(nvim, request, words)
    nvim:feed('3Ggl:write<CR>:quit<CR>:Ask /open!<CR>:Ask /accept<CR>')
    nvim:wait_for('#vim.api.nvim_list_wins() == 1')
  end, true, true },
  { feed('3Ggh7Gghu<C-r>'), true, true },
  { feed('3GAx<Esc>7Gghu3G:Ask /reject!<CR>u'), false, false },
  { feed(']c]c[cgH3GgH:Ask /hunks<CR>:cclose<CR>'), false, false },
  { function(nvim, request, words) -- taken while it comes, and the rest with what is still coming dropped
    local lines = words:gsub(' ', '\n')
    Edits.begin(request, '```python\n' .. lines:sub(1, lines:find('l7', 1, true) or -6))
    nvim:wait_for("require('askedit').status():find('hunk', 1, true)")
    nvim:feed('3Ggh:Ask /reject!<CR>')
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
  end, true, false },
  { function(nvim, request) -- nothing can be made of it
    request.conn:write(Peer.response(400, '{"error":{"message":"no"}}'))
    nvim:event('AskeditError')
  end, false, false },
  { function(nvim, request) finish(nvim, request, table.concat(Product.lines(nvim), ' ')) end, false, false },
}

local function words_of(round, third, seventh)
  return (OLD:gsub('l3', third or 'A' .. round):gsub('l7', seventh or 'B' .. round))
end

describe('a hundred changes', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('leave nothing behind but marks that nobody sees', function()
    local nvim, peer = Edits.start_raw(Edits.words(OLD), { name = 'work.txt' })
    local before, third, seventh, marks = nvim:exec_lua(EVERYTHING), 'l3', 'l7', 0
    for round = 1, ROUNDS do
      local way = WAYS[(round - 1) % #WAYS + 1]
      way[1](nvim, Edits.ask(nvim, peer, ':%Ask /change<CR>'), words_of(round))
      third, seventh = way[2] and 'A' .. round or third, way[3] and 'B' .. round or seventh
      Edits.assert_lines(nvim, words_of(round, third, seventh), 'round ' .. round)
      nvim:wait_for("require('askedit').status() == ''")
      local is_kept = way[2] or way[3] or round > ROUNDS - KEPT_ANSWERS
      marks = marks + (is_kept and MARKS or 0)
    end
    nvim:command('redraw')
    assert.are.same({ 'new: marks askedit_range ' .. marks }, difference(nvim, before))
  end)

  for how, keys in pairs({ unloaded = ':new | bunload! work.txt<CR>', ['read anew'] = ':edit!<CR>' }) do
    it('let go of these marks where the buffer is ' .. how, function()
      local nvim, peer = Edits.start_raw(Edits.words(OLD), { name = 'work.txt' })
      finish(nvim, Edits.ask(nvim, peer, ':%Ask /change<CR>'), words_of(1))
      nvim:feed('3Ggh7Ggh')
      nvim:redraw()
      nvim:feed(keys)
      nvim:redraw()
      nvim:redraw() -- what is scheduled is over by then
      local left = table.concat(nvim:exec_lua(EVERYTHING), '\n')
      assert.is_nil(left:find('marks askedit_%w+ %d+'), left:match('marks askedit_%w+ %d+'))
    end)
  end

  it('would be found out if they stayed open', function()
    local nvim, peer = Edits.start_raw(Edits.words(OLD), { name = 'work.txt' })
    local before = nvim:exec_lua(EVERYTHING)
    finish(nvim, Edits.ask(nvim, peer, ':%Ask /change<CR>'), words_of(1))
    nvim:feed('3Ggl')
    local left = table.concat(difference(nvim, before), '\n') .. '\n'
    for _, pattern in ipairs({ 'map n gh in 1\n', 'map x gh in 1\n', 'map n %]c in 1\n', 'map n gh in 2\n',
      'marks askedit_change %d', 'marks askedit_range ' .. MARKS .. '\n', 'autocommand BufWriteCmd',
      'buffer 2 askedit://hunk\n', 'window %d' }) do
      assert.is_truthy(left:find('new: ' .. pattern), pattern .. ' is not in\n' .. left)
    end
  end)
end)
