--- While a change comes, nobody who listens to the buffer hears of it: not one event, and 'changedtick'
--- stays. What is written in the end, once, is told to them as it is.
local Draws = require('draws')
local Edits = require('edits')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local LINES, AROUND = 200, 5

--- 200 lines, what becomes of them, and the file that holds them. Each fifth line stays, some become two and
--- some go, so the change is many hunks; no three lines that stay follow each other, so none settles before
--- the end.
local function refactoring()
  local old, new, file = {}, {}, {}
  for i = 1, LINES do
    local stays = ('value_%03d = %d'):format(i, i)
    old[i] = i % 5 == 0 and stays or ('v%d = %d  # old'):format(i, i)
    if i % 5 == 0 then
      new[#new + 1] = stays
    elseif i % 7 ~= 0 then
      new[#new + 1] = ('value_%03d: int = %d'):format(i, i)
    end
    if i % 11 == 0 then new[#new + 1] = ('check(value_%03d)'):format(i) end
  end
  for i = 1, AROUND do file[i] = 'above ' .. i end
  for _, line in ipairs(old) do file[#file + 1] = line end
  for i = 1, AROUND do file[#file + 1] = 'below ' .. i end
  return file, new
end

--- Reads the newest lines of the change off the screen into `read`, at their numbers.
local function read_screen(nvim, read)
  local number
  for _, row in ipairs(nvim:screen()) do
    local above = row:match('^… (%d+) lines? above$')
    if above then
      number = above + 1
    elseif not number and #read < 10 and row:find('^value_001:') then
      number = 1
    end
    if number and row:find('spec-model', 1, true) then return end
    if number and not above then
      read[number] = row
      number = number + 1
    end
  end
  error('no change on the screen:\n' .. nvim:text(), 0)
end

--- Streams the change in events that cut it anywhere. Returns what was read off the screen meanwhile, or what
--- went wrong.
local function stream(nvim, request, text)
  local read, from = {}, 1
  Edits.begin(request, '```python\n')
  Draws.hold(nvim, 1)
  while from <= #text do
    local piece = text:sub(from, from + 60 + from % 50)
    Edits.more(request, piece)
    Draws.hold(nvim, 1)
    nvim:redraw()
    local ok, fault = pcall(read_screen, nvim, read)
    local events, ticked = Edits.heard(nvim)
    if events > 0 or ticked then return nil, events .. ' events before acceptance' end
    if not ok then return nil, fault end
    from = from + #piece
  end
  return read
end

--- The whole of it: nil, or what is wrong.
local function fault_of(nvim, peer)
  local file, new = refactoring()
  Edits.listen(nvim)
  Draws.catch(nvim)
  local keys = (':%d,%dAsk! better<CR>'):format(AROUND + 1, AROUND + LINES)
  local request = Edits.ask(nvim, peer, keys)
  local text = table.concat(new, '\n')
  local read, fault = stream(nvim, request, text)
  if not read then return fault end
  if table.concat(read, '\n') ~= text then return 'read off the screen: ' .. table.concat(read, '\n') end
  Draws.go_on(nvim)
  Edits.finish(nvim, request, '\n```\n')
  local events, ticked = Edits.heard(nvim)
  if events > 0 or ticked then return events .. ' events before acceptance' end
  local wanted = {}
  for i = 1, AROUND do wanted[i] = file[i] end
  for _, line in ipairs(new) do wanted[#wanted + 1] = line end
  for i = 1, AROUND do wanted[#wanted + 1] = file[AROUND + LINES + i] end
  for _, step in ipairs({ { ':Ask /accept!<CR>', wanted }, { 'u', file }, { '<C-r>', wanted } }) do
    local heard = Edits.heard(nvim)
    nvim:feed(step[1])
    assert.are.same(step[2], Product.lines(nvim), 'after ' .. step[1])
    if Edits.heard(nvim) == heard then return 'no event at ' .. step[1] end
    fault = Edits.mirror_fault(nvim, step[1] == '<C-r>')
    if fault then return ('after %s %s'):format(step[1], fault) end
  end
end

-- A target as others have it.
local WRITES_AT_ONCE = [[
  local edits = require('askedit.review.edit')
  local new = edits.new
  function edits.new(...)
    local edit = new(...)
    function edit:add(pieces)
      getmetatable(self).add(self, pieces)
      local _, behind = self.region:rows()
      local lines = vim.split(table.concat(pieces), '\n', { plain = true })
      vim.api.nvim_buf_set_lines(self.buf, behind, behind, true, lines)
    end
    return edit
  end
]]

describe('listeners of a buffer with a change', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('hear nothing until it is taken, and then what is written', function()
    local nvim, peer = Edits.start(refactoring())
    assert.is_nil(fault_of(nvim, peer))
    Product.assert_quiet(nvim)
  end)

  it('would hear a target that writes piece by piece', function()
    local nvim, peer = Edits.start(refactoring(), { init = WRITES_AT_ONCE })
    assert.is_truthy((fault_of(nvim, peer) or ''):find('events before acceptance', 1, true))
  end)
end)
