--- Plays random events at a change in a real Neovim, and compares what is there after each of them with a
--- plain model (review_model.lua).
--
--   local play = Play.new(nvim, peer, seed)   a new file, in a Neovim of Probe.start() (review_probe.lua)
--   play:run(skip)   all events but those whose numbers are in the set `skip`; raises what is wrong
--   play.log                     the events so far, a line each
--   play.hits['open']['take']    how often an event came in a state
--   play.count, play.idle        how many events there were, and how many of them could do nothing
--
-- Keys are typed, the host and its server are real. An event is over when its keys are done and what they
-- make the host do has been drawn; what the plugin does a moment later is waited for.
local Chat = require('chat')
local Edits = require('edits')
local Model = require('review_model')
local Product = require('product')

local Play = {}
Play.__index = Play

local events = {}
local FENCE = '```\n'

-- Chance ----------------------------------------------------------------------------------------------------

local MODULUS = 2147483647

--- Lehmer's generator, which is the same on all machines; near seeds give streams that are not alike.
local function random_from(seed, number)
  local state = (seed % 1000003 * 1009 + number * 7919) % (MODULUS - 1) + 1
  local function next_number(limit)
    state = state * 16807 % MODULUS
    return state % limit + 1
  end
  for _ = 1, 5 do next_number(1) end
  return next_number
end

function Play:one_of(list) return list[self.random(#list)] end

function Play:chance(percent) return self.random(100) <= percent end

-- A list of {name, weight, ...}.
function Play:weighted(rows)
  local total = 0
  for _, row in ipairs(rows) do total = total + row[2] end
  local at = self.random(total)
  for _, row in ipairs(rows) do
    at = at - row[2]
    if at <= 0 then return row[1] end
  end
end

--- A text that no other line has, and that is no part of another.
function Play:text(word)
  self.words = self.words + 1
  return ('%s %03d;'):format(word, self.words)
end

-- Comparing -------------------------------------------------------------------------------------------------

---@class Outcome what there may be after an event
---@field lines table list of lines
---@field step 'new'|integer|nil what became of the undo tree
---@field hunks table|nil other lists of hunks, by edit
---@field faults boolean it may be said that something cannot be done
---@field speaks boolean something has to be said
---@field idle boolean nothing was done

local function same_texts(lines, texts)
  if #lines ~= #texts then return false end
  for i, line in ipairs(lines) do
    if line.text ~= texts[i] then return false end
  end
  return true
end

local function names_of(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ' or ')
end

local function hunk_fault(number, hunk, reading, seen)
  if not seen or seen.from ~= hunk.from or seen.count ~= hunk.count or not same_texts(hunk.new, seen.new) then
    return ('hunk %d is not %d,%d -> %s'):format(number, hunk.from, hunk.count,
      table.concat(Model.texts(hunk.new), ' '))
  elseif not reading.states[seen.state] then
    return ('hunk %d is %s, not %s'):format(number, seen.state, names_of(reading.states))
  end
end

function Play:edit_fault(number, edit, hunks, readings, seen)
  if edit.is_gone then -- of one that was closed nobody needs to be told
    local is_open = seen.state ~= 'gone' and seen.state ~= 'closed'
    return is_open and ('edit %d is not gone but %s'):format(number, seen.state) or nil
  end
  if (seen.state == 'coming') ~= edit.is_coming then return ('edit %d is %s'):format(number, seen.state) end
  if seen.is_lost or self.is_equal then return nil end
  if #hunks ~= #seen.hunks then
    return ('edit %d has %d hunks, not %d'):format(number, #seen.hunks, #hunks)
  end
  for i, hunk in ipairs(hunks) do
    local fault = hunk_fault(i, hunk, readings[hunk], seen.hunks[i])
    if fault then return ('edit %d: %s'):format(number, fault) end
  end
end

-- Keys are there as long as there is something to decide on.
local function keys_fault(model, readings, seen)
  local may_be, must_be = false, false
  for _, reading in pairs(readings) do
    may_be, must_be = may_be or reading:may_be_active(), must_be or reading:is_active()
  end
  for _, edit in ipairs(model.edits) do
    if edit.is_coming then may_be, must_be = true, true end
  end
  if seen.is_mapped and not may_be then return 'the keys are there' end
  return must_be and not seen.is_mapped and 'the keys are not there' or nil
end

function Play:states_fault(outcome, seen)
  local readings = {}
  for _, reading in ipairs(self.model:readings(outcome.lines, outcome.hunks)) do
    readings[reading.hunk] = reading
  end
  for i, edit in ipairs(self.model.edits) do
    local hunks = outcome.hunks and outcome.hunks[edit] or edit.hunks
    local fault = self:edit_fault(i, edit, hunks, readings, seen.edits[self.number_of[edit]])
    if fault then return fault end
  end
  if outcome.is_closed and seen.is_mapped then return 'the keys are there' end
  return not self.is_equal and keys_fault(self.model, readings, seen) or nil
end

local function speech_fault(outcome, said)
  for _, each in ipairs(said) do
    if each[1] == 'fault' and not outcome.faults then return 'it says: ' .. each[2] end
  end
  return outcome.speaks and #said == 0 and 'it says nothing' or nil
end

function Play:outcome_fault(outcome, seen)
  if not same_texts(outcome.lines, seen.lines) then
    return ('the lines are\n  %s\nand not\n  %s'):format(table.concat(seen.lines, ' | '),
      table.concat(Model.texts(outcome.lines), ' | '))
  end
  return self.looks and self:states_fault(outcome, seen) or speech_fault(outcome, seen.said)
end

-- What can never be.
local function general_fault(seen)
  if seen.mirror ~= '' then return 'a mirror: ' .. seen.mirror end
  if seen.errmsg ~= '' then return 'v:errmsg: ' .. seen.errmsg end
end

-- Among equal lines there are several ways to tell what a change is: the hunks are those of the plugin, if
-- they make of the old text what the model said.
function Play:learn(seen)
  for _, edit in ipairs(self.model.edits) do
    local found = seen.edits[self.number_of[edit]]
    if not edit.is_gone and not found.is_lost then edit:learn(found.hunks, found.state ~= 'coming') end
  end
end

function Play:look(is_undo)
  return self.nvim:exec_lua('return Probe.look(...)', is_undo, self.looks)
end

function Play:fitting(outcomes, seen)
  local faults = {}
  for i, outcome in ipairs(outcomes) do
    faults[i] = self:outcome_fault(outcome, seen)
    if not faults[i] then return outcome end
  end
  return nil, table.concat(faults, '\nor\n')
end

function Play:adopt(outcome)
  local model = self.model
  for edit, hunks in pairs(outcome.hunks or {}) do edit.hunks = hunks end
  if outcome.step == 'new' then
    model:commit(outcome.lines)
  elseif outcome.step then
    model:go_to(outcome.step)
  end
  for _, reading in ipairs(model:readings()) do
    local states = reading.states
    if states.taken then reading.hunk.was_taken = true end
    if states.taken and reading.hunk.rejected then reading.hunk.is_loose = true end
  end
end

--- Compares what is there with what there may be, and goes on with that. Waits, as some of it is done a
--- moment later.
function Play:expect(outcomes, is_undo)
  local chosen, fault
  local said = {}
  self.looks = self.looks or #outcomes > 1 -- the same text may come of either
  local function check()
    if self.nvim:request('nvim_get_mode').blocking then
      fault = 'a prompt is open:\n' .. self.nvim:text():gsub('\n[~\n]*\n', '\n')
      return false
    end
    local seen = self:look(is_undo)
    for _, each in ipairs(seen.said) do said[#said + 1] = each end
    seen.said = said
    fault = general_fault(seen)
    if fault then return true end
    if seen.mode ~= 'n' or not seen.is_here then
      fault = 'the mode is ' .. seen.mode
      return false
    end
    self.seen = seen
    if self.is_equal then self:learn(seen) end
    chosen, fault = self:fitting(outcomes, seen)
    return chosen ~= nil
  end
  local ok, message = pcall(self.nvim.wait, self.nvim, 'the model fits', check, self.patience)
  for _, each in ipairs(said) do self:say('“' .. each[2] .. '”') end
  if not chosen then error(fault or (ok and 'nothing fits') or message, 0) end
  self:adopt(chosen)
  return not chosen.idle
end

function Play:expect_same(options)
  local outcome = { lines = self.model.lines }
  for name, value in pairs(options or {}) do outcome[name] = value end
  return self:expect({ outcome })
end

-- Looking for places ----------------------------------------------------------------------------------------

local function filter(list, fits)
  local found = {}
  for _, item in ipairs(list) do
    if fits(item) then found[#found + 1] = item end
  end
  return found
end

function Play:any(list, fits)
  local found = filter(list, fits)
  return #found > 0 and self:one_of(found) or nil
end

function Play:all_coming()
  return filter(self.model.edits, function(edit) return edit.is_coming end)
end

function Play:living()
  return filter(self.model.edits, function(edit) return not edit.is_gone end)
end

function Play:coming()
  local coming = self:all_coming()
  return #coming > 0 and self:one_of(coming) or nil
end

function Play:state()
  if #self:all_coming() > 0 then return 'coming' end
  for _, reading in ipairs(self.model:readings()) do
    if reading:is_active() then return 'open' end
  end
  return self.seen.is_mapped and 'open' or 'closed' -- where the model cannot tell
end

function Play:has_hunk()
  return #filter(self.model:readings(), function(each) return each:is_active() end) > 0
end

--- A row on which the cursor means a hunk, and a random one now and then.
function Play:row()
  local reading = self:any(self.model:readings(), function(each) return each:may_be_active() end)
  if not reading or self:chance(15) then return self.random(#self.model.lines) end
  if reading.first then return reading.first + self.random(reading.last - reading.first + 1) - 1 end
  local gap = reading.above or reading.below or 1
  return math.max(math.min(gap - self.random(2) + 1, #self.model.lines), 1)
end

function Play:say(words) self.log[#self.log] = self.log[#self.log] .. '  ' .. words end

function Play:type(keys, ...)
  keys = keys:format(...)
  self:say(keys)
  self.nvim:feed(keys)
end

--- A key where it is mapped for certain, else the command.
function Play:type_at(row, key, command)
  local is_mapped = #self:all_coming() > 0
  for _, reading in ipairs(self.model:readings()) do is_mapped = is_mapped or reading:is_active() end
  if is_mapped and not self.is_equal and self:chance(70) then
    self:type('%dG%s', row, key)
  else
    self:type('%dG:Ask %s<CR>', row, command)
  end
end

-- Questions and answers -------------------------------------------------------------------------------------

function Play:wait_over(run)
  while not run.is_over do self.runs[self.nvim:event('Over')[1]].is_over = true end
end

-- Another text for `count` lines: runs of lines that stay, and hunks.
function Play:entries(count)
  local entries, old, hunks = {}, 0, 0
  local function keep(most)
    for _ = 1, math.min(most, count - old) do
      old = old + 1
      entries[#entries + 1] = { keep = old }
    end
  end
  local function add(number)
    for _ = 1, number do
      local is_dangerous = self:chance(4)
      local text = is_dangerous and self:text('new') .. ' vim: set ts=8:' or self:new_text()
      entries[#entries + 1] = { text = text }
    end
    hunks = hunks + 1
  end
  if self:chance(60) then keep(self.random(3)) end
  while old < count do
    local kind = self:weighted({ { 'change', 55 }, { 'add', 22 }, { 'delete', 23 } })
    local gone = kind == 'add' and 0 or math.min(self.random(3), count - old)
    if kind == 'delete' and gone < count then hunks = hunks + 1 else add(self.random(3)) end
    old = old + gone
    keep(self:weighted({ { 1, 20 }, { 2, 15 }, { 3, 30 }, { 4, 20 }, { 5, 15 } }))
  end
  local last = entries[#entries]
  if hunks == 0 or (last and last.keep and self:chance(20)) then add(self.random(2)) end
  return entries
end

function Play:begin_run(edit, request)
  local run = { id = self.nvim:event('Started')[1], conn = request.conn, is_over = false }
  self.runs[run.id], self.run_of[edit] = run, run
  self.has_host = true
  edit:answer(self:entries(#edit.base))
  local parts = {}
  for i, entry in ipairs(edit.entries) do parts[i] = entry.keep or entry.line.text end
  self:say('answer: ' .. table.concat(parts, ' '))
end

function Play:ask(first, last)
  self:type(':%d,%dAsk /change<CR>', first, last)
  local request = self.peer:wait_request(self.nvim)
  local edit = self.model:ask(first, last)
  self.asked = self.asked + 1
  self.number_of[edit] = self.asked
  self:begin_run(edit, request)
end

-- Sends the answer up to a byte; with the first words goes its head.
function Play:send(edit, upto)
  local run = self.run_of[edit]
  local text = edit.said:sub(edit.sent + 1, upto)
  if run.has_begun then
    Edits.more(run.conn.requests[#run.conn.requests], text)
  else
    run.conn:write(Chat.head .. Chat.part(Chat.text(FENCE .. text)))
  end
  run.has_begun, edit.sent = true, upto
end

-- How far the next piece goes: some lines on, to the end of one, behind its break, or a few bytes into it.
function Play:next_cut(edit)
  local at = 1
  while at < #edit.ends and edit.ends[at] < edit.sent do at = at + 1 end
  at = math.min(at + self:weighted({ { 0, 10 }, { 1, 20 }, { 3, 40 }, { 5, 30 } }), #edit.ends)
  local upto = edit.ends[at] + self:weighted({ { 0, 30 }, { 1, 30 }, { 4, 40 } })
  return math.min(math.max(upto, edit.sent + 1), #edit.said)
end

function events.chunk(self)
  local edit = self:coming()
  if not edit then
    local late = self.late_conn
    if not late then return nil end
    self.late_conn = nil
    late:write(Chat.part(Chat.text('late;\n')) .. Chat.last)
    return self:expect_same({ idle = true })
  elseif edit.sent == #edit.said then
    return self:finish(edit)
  end
  local run, upto = self.run_of[edit], self:next_cut(edit)
  self:say(('to %d of %d'):format(upto, #edit.said))
  self.nvim:exec_lua('Probe.want(...)', run.id, #FENCE + upto)
  self:send(edit, upto)
  self.nvim:event('Drawn')
  edit:settle()
  return self:expect_same()
end

function Play:finish(edit)
  local run, reason = self.run_of[edit], self:chance(15) and 'length' or 'stop'
  self:say(reason)
  self:send(edit, #edit.said)
  run.conn:write(Chat.part(Chat.text('\n```\n') .. Chat.stop(reason) .. Chat.done))
  -- A server may go on after the last event of an answer.
  self.late_conn = self:chance(80) and run.conn or nil
  if not self.late_conn then run.conn:write(Chat.last) end
  self:wait_over(run)
  edit:finish(reason == 'length')
  return self:expect_same()
end

function events.finish(self)
  local edit = self:coming()
  if edit then return self:finish(edit) end
end

-- The row of a change, where it has one.
local function row_of(self, edit) return (edit:span(self.model.lines)) end

function Play:stop(edit)
  self:type('%dG:Ask /stop<CR>', row_of(self, edit) or 1)
  self:wait_over(self.run_of[edit])
  edit:finish(true)
  return self:expect_same()
end

function events.stop(self)
  local edit = self:coming()
  if not edit then
    self:type(':Ask /stop<CR>')
    return self:expect_same({ speaks = true, idle = true })
  elseif #self:all_coming() > 1 then
    return nil -- which of them is nearest depends on marks
  end
  return self:stop(edit)
end

function events.kill(self)
  if not self.has_host then return nil end
  self.nvim:exec_lua('Probe.kill_host()')
  for _, edit in ipairs(self:all_coming()) do
    self:wait_over(self.run_of[edit])
    edit:finish(true)
  end
  self.nvim:event('HostGone')
  self.has_host = false
  return self:expect_same({ faults = true, speaks = true })
end

function events.ask(self)
  local lines, taken = self.model.lines, {}
  local count = 0
  for _, edit in ipairs(self.model.edits) do
    if not edit.is_gone then
      local first, last = edit:span(lines)
      count = count + 1
      first, last = (first or 1) - 1, (last or #lines) + 1
      while lines[first] and lines[first].typed do first = first - 1 end
      while lines[last] and lines[last].typed do last = last + 1 end
      for i = first, last do taken[i] = true end
    end
  end
  local first = self.random(#lines)
  local last = first
  if count > 1 or taken[first] then return nil end
  while last < #lines and not taken[last + 1] and last - first < 8 do last = last + 1 end
  self:ask(first, last)
  return self:expect_same()
end

-- The lines that are asked about again: those of the change, and maybe such as were typed at its edges.
function Play:asked_again(edit, code)
  local lines = self.model.lines
  local function is_typed(row) return lines[row] ~= nil and lines[row].typed end
  local low, high = edit:span(lines)
  local first, last = low, high
  while is_typed(low - 1) do low = low - 1 end
  while is_typed(high + 1) do high = high + 1 end
  while is_typed(first) do first = first + 1 end
  while is_typed(last) do last = last - 1 end
  if not self.model:is_later(lines, edit) then low, first, last, high = 1, #lines, 1, #lines end
  for from = low, first do
    for to = high, math.max(last, from), -1 do
      local text = table.concat(Model.texts(lines), '\n', from, to) .. '\n'
      local is_all = #code == #text or code:find('^\nThe user rejected', #text + 1)
      if is_all and code:sub(1, #text) == text then return from, to end
    end
  end
end

local function assert_rejected_are_told(edit, words)
  for _, hunk in ipairs(edit.hunks) do
    local text = table.concat(Model.texts(hunk.new), '\n')
    if hunk.rejected and not hunk.is_loose and not words:find(text, 1, true) then
      error('the model is not told that this was rejected: ' .. text, 0)
    end
  end
end

-- At a stale hunk it would ask for that hunk alone.
local function is_away_from_stale(self, row)
  for _, reading in ipairs(self.model:readings()) do
    if reading.states.stale and reading:distance(row) == 0 then return false end
  end
  return true
end

-- One that was closed when its file was read anew may still be known.
function Play:is_all_gone()
  local is_gone = #self.seen.edits == self.asked
  for _, each in ipairs(self.seen.edits) do is_gone = is_gone and each.state == 'gone' end
  return is_gone
end

function events.retry(self)
  local edit = self:any(self.model.edits, function(each) return not each.is_gone end)
  if not edit then
    if not self:is_all_gone() then return nil end
    self:type(':Ask /retry<CR>')
    return self:expect_same({ faults = true, speaks = true, idle = true })
  end
  local row = row_of(self, edit)
  if #self:living() > 1 or not row or not is_away_from_stale(self, row) then return nil end
  local old, was_coming = self.run_of[edit], edit.is_coming
  self:type('%dG:Ask /retry<CR>', row)
  local words = Product.words(self.peer:wait_request(self.nvim))
  local first, last = self:asked_again(edit, words)
  if not first then error('asks again about: ' .. words, 0) end
  assert_rejected_are_told(edit, words)
  if was_coming then self:wait_over(old) end
  self.model:ask_again(edit, first, last)
  self:begin_run(edit, self.peer.requests[#self.peer.requests])
  return self:expect_same()
end

-- Decisions -------------------------------------------------------------------------------------------------

-- Among equal lines nobody can tell what an undo made of hunks that were proposed after it.
function Play:is_clear()
  for _, edit in ipairs(self:living()) do
    if self.is_equal and not self.model:is_later(self.model.lines, edit) then return false end
  end
  return true
end

-- What becomes of a hunk that is taken: more than one list where it has no one place; nil where nobody can
-- say.
local function lists_of(self, reading, lines)
  local lists = {}
  if reading.states.open then lists = Model.take(reading.edit, reading.hunk, lines) end
  local looked = reading.hunk.looked
  if reading.states.stale and looked then
    local list = Model.take_over(reading.edit, reading.hunk, lines)
    if not list then return nil end
    lists[#lists + 1] = list
  end
  local is_sure = (looked == self.model.lines and not reading.states.open and not reading.states.taken)
    or not (reading.states.stale or reading.states.taken or reading.states.rejected)
  return lists, is_sure
end

function events.take(self)
  if not self:is_clear() then return nil end
  local row = self:row()
  local meant, may_be_none = self.model:nearest(row)
  if self.is_equal then -- which of them is meant is not known
    meant = filter(self.model:readings(), function(each) return each:may_be_active() end)
    may_be_none = true
  end
  local refused = { lines = self.model.lines, faults = true, speaks = true, idle = true }
  local outcomes = may_be_none and { refused } or {}
  for _, reading in ipairs(meant) do
    local lists, is_sure = lists_of(self, reading, self.model.lines)
    if not lists then return nil end
    for _, lines in ipairs(lists) do outcomes[#outcomes + 1] = { lines = lines, step = 'new' } end
    if not is_sure then outcomes[#outcomes + 1] = refused end
  end
  self:type_at(row, 'gh', '/accept')
  return self:expect(outcomes)
end

-- Each way to go on from each of some outcomes; nil if they are too many to tell them apart.
local function branch(outcomes, ways)
  local out = {}
  for _, outcome in ipairs(outcomes) do
    for _, way in ipairs(ways(outcome)) do out[#out + 1] = way end
  end
  return #out <= 32 and out or nil
end

-- What there may be after taking `hunk` too; `hunks` are the lists of hunks by then.
local function ways_to_take(self, reading, outcome, hunk, hunks)
  local ways = {}
  local lists = lists_of(self, reading, outcome.lines)
  if hunk ~= reading.hunk then lists = Model.take(reading.edit, hunk, outcome.lines) end
  for _, lines in ipairs(lists) do
    ways[#ways + 1] = { lines = lines, step = 'new', hunks = hunks, faults = outcome.faults }
  end
  return ways
end

local function left(outcome)
  return { lines = outcome.lines, step = outcome.step, hunks = outcome.hunks, faults = true,
    is_done = outcome.is_done }
end

local function mark_idle(outcomes)
  for _, outcome in ipairs(outcomes) do
    if not outcome.step then outcome.idle, outcome.speaks, outcome.faults = true, true, true end
  end
  return outcomes
end

function Play:take_all(choice)
  if not self:is_clear() then return nil end
  local outcomes = { { lines = self.model.lines } }
  for _, reading in ipairs(self.model:readings()) do
    if reading:may_be_active() and outcomes then
      local lists, is_sure = lists_of(self, reading, self.model.lines)
      if not lists then return nil end
      local is_left = choice == 'no' and reading.edit:is_dangerous(reading.hunk)
      outcomes = branch(outcomes, function(outcome)
        local ways = is_left and {} or ways_to_take(self, reading, outcome, reading.hunk)
        local may_stay = is_left or not is_sure or #lists == 0 or reading.states.stale
        if may_stay then ways[#ways + 1] = left(outcome) end
        return ways
      end)
    end
  end
  if not outcomes then return nil end
  self.nvim:exec_lua('Probe.choice = ...', choice)
  self:type(':Ask /accept!<CR>')
  self:say(choice)
  for _, outcome in ipairs(mark_idle(outcomes)) do outcome.speaks = outcome.speaks and choice == 'yes' end
  return self:expect(outcomes)
end

function events.take_all(self) return self:take_all(self:chance(70) and 'yes' or 'no') end

-- Whether rows are about a hunk: 'all', 'none', 'maybe', or which of its old lines they hold.
local function selected(reading, a, b)
  if reading.is_whole then
    local first, last = math.max(a, reading.first), math.min(b, reading.last)
    if first > last then return 'none' end
    if last - first + 1 == reading.hunk.count then return 'all' end
    return { first - reading.first + 1, last - reading.first + 1 }
  end
  local low = math.min(reading.first or math.huge, reading.above or math.huge, reading.below or math.huge) - 1
  local high = math.max(reading.last or 0, reading.above or 0, reading.below or 0)
  if low > high then return 'maybe' end
  if b < low - 1 or a > high + 1 then return 'none' end
  local is_inside = a <= low and high <= b and not reading.first and reading.above == reading.below
  return is_inside and 'all' or 'maybe'
end

-- What there may be where only lines from row `a` to `b` are meant.
function Play:outcomes_in_range(a, b, ways_of)
  local outcomes = { { lines = self.model.lines, hunks = {} } }
  for _, reading in ipairs(self.model:readings()) do
    local part = reading:may_be_active() and selected(reading, a, b) or 'none'
    if part ~= 'none' then
      outcomes = branch(outcomes, function(outcome) return ways_of(reading, part, outcome) end)
    end
    if not outcomes then return nil end
  end
  return mark_idle(outcomes)
end

-- The lists of hunks with others in the place of one.
local function with_hunks(outcome, edit, hunk, others)
  local hunks = {}
  for each, list in pairs(outcome.hunks) do hunks[each] = list end
  local list = {}
  for _, each in ipairs(hunks[edit] or edit.hunks) do
    for _, other in ipairs(each == hunk and others or { each }) do list[#list + 1] = other end
  end
  hunks[edit] = list
  return hunks
end

-- The selected part of a hunk, and the lists of hunks by then.
local function parted(reading, part, outcome)
  if type(part) ~= 'table' then return reading.hunk, outcome.hunks, { reading.hunk } end
  local middle, list = reading.edit:part(reading.hunk, part[1], part[2])
  return middle, with_hunks(outcome, reading.edit, reading.hunk, list), list
end

function Play:rows()
  local row = self:row()
  local first = math.max(row - self.random(3) + 1, 1)
  return first, math.min(row + self.random(4) - 1, #self.model.lines)
end

function Play:type_range(a, b, key, command)
  if self:state() ~= 'closed' and self.seen.is_mapped and self:chance(60) then
    self:type('%dGV%dG%s', a, b, key)
  else
    self:type(':%d,%dAsk %s<CR>', a, b, command)
  end
end

function events.take_range(self)
  if self.is_equal then return nil end
  local a, b = self:rows()
  for _, reading in ipairs(self.model:readings()) do
    if reading.states.stale and reading.hunk.looked then return nil end
  end
  local outcomes = self:outcomes_in_range(a, b, function(reading, part, outcome)
    local hunk, hunks = parted(reading, part, outcome)
    local ways = ways_to_take(self, reading, outcome, hunk, hunks)
    local _, is_sure = lists_of(self, reading, outcome.lines)
    if part == 'maybe' or not is_sure then ways[#ways + 1] = left(outcome) end
    return ways
  end)
  if not outcomes then return nil end
  self.nvim:exec_lua("Probe.choice = 'yes'") -- several are asked about, as all are
  self:type_range(a, b, 'gh', '/accept')
  return self:expect(outcomes)
end

-- Nobody can tell whether a hunk that may be taken was there to be rejected.
local function rejected(hunk, reading)
  local other = Model.rejected(hunk)
  other.is_free = not reading:is_active() or nil
  return other
end

function Play:reject_all()
  self:type(':Ask /reject!<CR>')
  local is_idle = true
  for _, edit in ipairs(self:all_coming()) do
    self:wait_over(self.run_of[edit])
    edit:stop()
    is_idle = false
  end
  for _, reading in ipairs(self.model:readings()) do
    if reading:may_be_active() then
      local edit = reading.edit
      edit.hunks, is_idle = edit:hunks_with(reading.hunk, { rejected(reading.hunk, reading) }), false
    end
  end
  return self:expect_same({ speaks = is_idle and not self.is_equal, idle = is_idle, is_closed = true })
end

function Play:reject_range()
  local a, b = self:rows()
  local outcomes = self:outcomes_in_range(a, b, function(reading, part, outcome)
    local hunk, _, list = parted(reading, part, outcome)
    local others = {}
    for i, each in ipairs(list) do others[i] = each == hunk and rejected(hunk, reading) or each end
    local hunks = with_hunks(outcome, reading.edit, reading.hunk, others)
    local way = { lines = outcome.lines, hunks = hunks, is_done = true }
    if part ~= 'maybe' and reading:is_active() then return { way } end
    return { left(outcome), way }
  end)
  if not outcomes then return nil end
  for _, outcome in ipairs(outcomes) do
    outcome.idle, outcome.speaks, outcome.faults = not outcome.is_done, not outcome.is_done, false
  end
  self:type_range(a, b, 'gH', '/reject')
  return self:expect(outcomes)
end

-- An answer without a hunk yet is stopped and dropped.
function Play:drop(edit)
  self:type_at(row_of(self, edit) or 1, 'gH', '/reject')
  self:wait_over(self.run_of[edit])
  edit:stop()
  return self:expect_same()
end

function events.reject(self)
  local way = self:weighted({ { 'one', 65 }, { 'all', 10 }, { 'range', 25 } })
  if way == 'all' or self.is_equal then return self:reject_all() end
  if way == 'range' then return self:reject_range() end
  local row = self:row()
  local meant, may_be_none = self.model:nearest(row)
  local edit = self:coming()
  if #meant == 0 and edit then
    if #self:living() > 1 or #edit.hunks > 0 or not row_of(self, edit) then return nil end
    return self:drop(edit)
  elseif may_be_none and #meant > 0 then
    return nil
  end
  local outcomes = {}
  for _, reading in ipairs(meant) do
    local hunks = reading.edit:hunks_with(reading.hunk, { rejected(reading.hunk, reading) })
    outcomes[#outcomes + 1] = { lines = self.model.lines, hunks = { [reading.edit] = hunks } }
  end
  if #meant == 0 then outcomes[1] = { lines = self.model.lines, speaks = true, idle = true } end
  self:type_at(row, 'gH', '/reject')
  return self:expect(outcomes)
end

-- What the user makes of the lines in the window of a hunk: keys, and the lines then.
local function edited(self, texts)
  local way = self:weighted({ { 'change', 50 }, { 'add', 30 }, { 'delete', 20 } })
  local text, out = self:text('new'), {}
  for i, each in ipairs(texts) do out[i] = each end
  -- A window with one empty line holds no line.
  if way == 'delete' and #texts > 1 and (#texts > 2 or texts[2] ~= '') then
    table.remove(out, 1)
    return 'ggdd', out
  elseif way == 'add' and #texts > 0 then
    out[#out + 1] = text
    return 'Go' .. text .. '<Esc>', out
  end
  out[1] = text
  return 'ggcc' .. text .. '<Esc>', out
end

-- The one hunk that is meant; nil if it is not certain.
function Play:only_meant(row)
  local meant, may_be_none = self.model:nearest(row)
  local reading = meant[1]
  return #meant == 1 and not may_be_none and reading:is_active() and reading or nil
end

-- Where nothing is open, what was rejected of a change is given back.
function Play:open_again()
  local outcomes = {}
  for _, edit in ipairs(self:living()) do
    local hunks, has_some = {}, false
    for i, hunk in ipairs(edit.hunks) do
      hunks[i], has_some = Model.given_back(hunk), has_some or hunk.rejected
    end
    if has_some then outcomes[#outcomes + 1] = { lines = self.model.lines, hunks = { [edit] = hunks } } end
  end
  outcomes[#outcomes + 1] = { lines = self.model.lines, speaks = true, idle = true }
  self:type(':Ask /open<CR>')
  return self:expect(outcomes)
end

function events.open(self)
  local row = self:row()
  local meant = self.model:nearest(row)
  if self:state() == 'closed' then
    local is_known = #self:living() == #self.model.edits or self:is_all_gone()
    if self.is_equal or not is_known then return nil end
    return self:open_again()
  elseif #meant == 0 then
    self:type(':Ask /open<CR>')
    local is_coming = #self:all_coming() > 0
    self.nvim:exec_lua('Probe.home()')
    return self:expect_same({ speaks = not is_coming, idle = true })
  end
  local reading = self:only_meant(row)
  if not reading then return nil end
  local edit, hunk = reading.edit, reading.hunk
  self:type_at(row, 'gl', '/open')
  local shown, texts = Product.lines(self.nvim), Model.texts(hunk.new)
  if table.concat(shown, '\n') ~= table.concat(texts, '\n') then
    error('shows as the hunk: ' .. table.concat(shown, ' | '), 0)
  end
  local hunks
  if self:chance(65) then
    local keys, others = edited(self, texts)
    self:type('%s:w<CR>', keys)
    local other = edit:with_texts(hunk, others)
    other.looked = self.model.lines
    hunks = { [edit] = edit:hunks_with(hunk, { other }) }
    edit.was_cut = edit.was_cut or edit.learns -- it is no longer what the model said
  else
    hunk.looked = self.model.lines
  end
  self.nvim:exec_lua('Probe.home()')
  return self:expect_same({ hunks = hunks })
end

-- The user's own --------------------------------------------------------------------------------------------

-- Types over a line, adds something to it, deletes it, or puts one beside it.
function Play:edit_line(row, ways)
  local lines, way = self.model.lines, self:weighted(ways)
  local text = self:new_text('my')
  local others
  if way == 'change' then
    others = Model.changed(lines, row, text)
    self:type('%dGcc%s<Esc>', row, text)
  elseif way == 'append' then
    others = Model.changed(lines, row, lines[row].text .. '+')
    self:type('%dGA+<Esc>', row)
  elseif way == 'above' then
    others = Model.inserted(lines, row, text)
    self:type('%dGO%s<Esc>', row, text)
  elseif way == 'below' then
    others = Model.inserted(lines, row + 1, text)
    self:type('%dGo%s<Esc>', row, text)
  else
    if #lines < 4 then return nil end
    others = Model.deleted(lines, row)
    self:type('%dGdd', row)
  end
  return self:expect({ { lines = others, step = 'new' } })
end

local ANYHOW = { { 'change', 35 }, { 'append', 15 }, { 'above', 15 }, { 'below', 15 }, { 'delete', 20 } }

function events.edit_hunk(self)
  if self.is_equal then return nil end
  local reading = self:any(self.model:readings(), function(each) return each.first ~= nil end)
  if not reading then return nil end
  local row = reading.first + self.random(reading.last - reading.first + 1) - 1
  local ways = { { 'change', 50 }, { 'append', 20 }, { 'delete', 15 } }
  if row < reading.last then ways[4] = { 'below', 15 } end
  return self:edit_line(row, ways)
end

-- Whether a row is in a change, and whether it is in none of its hunks.
function Play:is_in(row)
  local is_inside, is_beside = false, true
  for _, edit in ipairs(self.model.edits) do
    local first, last = edit:span(self.model.lines)
    is_inside = is_inside or (not edit.is_gone and first ~= nil and first <= row and row <= last)
  end
  for _, reading in ipairs(self.model:readings()) do
    local is_own = reading.first and reading.first <= row and row <= reading.last
    is_beside = is_beside and not is_own
  end
  return is_inside, is_inside and is_beside
end

function Play:row_where(fits)
  local rows = {}
  for row = 1, #self.model.lines do
    if fits(row) then rows[#rows + 1] = row end
  end
  return #rows > 0 and self:one_of(rows) or nil
end

function events.edit_inside(self)
  local row = not self.is_equal and self:row_where(function(each) return select(2, self:is_in(each)) end)
  return row and self:edit_line(row, ANYHOW)
end

function events.edit_outside(self)
  local row = self:row_where(function(each) return not self:is_in(each) end)
  return row and self:edit_line(row, ANYHOW)
end

-- A line above the first or below the last one of a change.
function events.edit_edge(self)
  local edit = self:any(self.model.edits, function(each) return not each.is_gone end)
  local first, last
  if edit then first, last = edit:span(self.model.lines) end
  if not first then return nil end
  if self:chance(50) then return self:edit_line(first, { { 'above', 1 } }) end
  return self:edit_line(last, { { 'below', 1 } })
end

local function go_through_steps(self, key, target)
  local model, is_idle, is_lost = self.model, target == self.model.step, self.model:goes_over_reload(target)
  local coming, was_open = self:all_coming(), self:state() ~= 'closed'
  self:type(key)
  if is_lost then
    for _, edit in ipairs(coming) do self:wait_over(self.run_of[edit]) end
    model:lose_edits()
  end
  local faults = is_lost and was_open
  local outcome = { lines = model.steps[target], step = target, idle = is_idle, faults = faults }
  return self:expect({ outcome }, true)
end

function events.undo(self)
  if self.model.step == 1 and self:chance(85) then return nil end
  local count = self:chance(20) and 2 or 1
  return go_through_steps(self, count .. 'u', self.model:back(count))
end

function events.redo(self)
  if self.model.step == #self.model.steps and self:chance(85) then return nil end
  local count = self:chance(20) and 2 or 1
  return go_through_steps(self, count .. '<C-r>', self.model:forth(count))
end

function events.write(self)
  self:type(':w<CR>')
  self.model:write()
  return self:expect_same()
end

function events.reload(self)
  local coming, was_open = self:all_coming(), self:state() ~= 'closed'
  self:type(':edit!<CR>')
  self.nvim:exec_lua('Probe.listen()')
  for _, edit in ipairs(coming) do self:wait_over(self.run_of[edit]) end
  self.model:reload()
  return self:expect_same({ faults = was_open })
end

-- A sequence ------------------------------------------------------------------------------------------------

-- How often each event comes, by state. What can do nothing in a state comes seldom.
local WEIGHTS = {
  begun = { chunk = 60, finish = 6, take = 1, take_all = 2, take_range = 2, reject = 3, open = 2,
    edit_inside = 5, edit_outside = 4, edit_edge = 3, undo = 5, redo = 6, reload = 2, write = 3, stop = 1,
    retry = 2, kill = 2, ask = 1 },
  coming = { chunk = 22, finish = 7, take = 12, take_all = 3, take_range = 10, reject = 8, open = 10,
    edit_hunk = 18, edit_inside = 5, edit_outside = 4, edit_edge = 4, undo = 10, redo = 18, reload = 4,
    write = 3, stop = 3, retry = 2, kill = 3, ask = 1 },
  open = { chunk = 6, take = 14, take_all = 4, take_range = 10, reject = 8, open = 12, edit_hunk = 10,
    edit_inside = 6, edit_outside = 7, edit_edge = 5, undo = 13, redo = 13, reload = 3, write = 9, stop = 2,
    retry = 5, kill = 8, ask = 2 },
  closed = { chunk = 12, take = 2, take_all = 2, take_range = 3, reject = 3, open = 10, edit_hunk = 9,
    edit_inside = 8, edit_outside = 5, edit_edge = 8, undo = 15, redo = 18, reload = 4, write = 5, stop = 2,
    retry = 20, kill = 4, ask = 14 },
}

local function rows_of_weights()
  local rows_of = {}
  for state, weights in pairs(WEIGHTS) do
    local names = {}
    for name in pairs(weights) do names[#names + 1] = name end
    table.sort(names)
    rows_of[state] = {}
    for i, name in ipairs(names) do rows_of[state][i] = { name, weights[name] } end
  end
  return rows_of
end

local ROWS = rows_of_weights()

function Play:first_lines(count, word)
  local texts = {}
  for i = 1, count do
    local is_equal = self.is_equal and self:chance(45)
    texts[i] = is_equal and self:one_of({ '', '}', 'end' }) or self:text(word)
  end
  return texts
end

function Play.new(nvim, peer, seed)
  local self = setmetatable({ nvim = nvim, peer = peer, seed = seed, log = {}, hits = {}, idle = 0, count = 0,
    words = 0, asked = 0, number_of = {}, run_of = {}, runs = {}, looks = true, patience = 5000 }, Play)
  self.random = random_from(seed, 0)
  self.is_equal = self:chance(15)
  local above, below, count = self.random(4), self.random(4), 3 + self.random(11)
  local texts = self:first_lines(above, 'above')
  for _, text in ipairs(self:first_lines(count, 'old')) do texts[#texts + 1] = text end
  for _, text in ipairs(self:first_lines(below, 'below')) do texts[#texts + 1] = text end
  self.length = 12 + self.random(18)
  self.model = Model.new(texts, self.is_equal)
  self.first_range = { above + 1, above + count }
  return self
end

function Play:new_text(word)
  local is_equal = self.is_equal and not word and self:chance(30)
  return is_equal and self:one_of({ '', '}', 'end' }) or self:text(word or 'new')
end

function Play:play(number)
  self.random = random_from(self.seed, number)
  local state = self:state()
  local name = self:weighted(ROWS[state == 'coming' and not self:has_hunk() and 'begun' or state])
  self.log[#self.log + 1] = ('%d %s: %s'):format(number, state, name)
  self.looks = self.is_equal or self:chance(80)
  local is_done = events[name](self)
  if is_done == nil then
    self:say('(not possible)')
    return
  end
  self.hits[state] = self.hits[state] or {}
  self.hits[state][name] = (self.hits[state][name] or 0) + 1
  self.count, self.idle = self.count + 1, self.idle + (is_done and 0 or 1)
end

function Play:step(name, fn)
  self.log[#self.log + 1] = name
  self.looks = true
  return fn()
end

-- What is left is taken or rejected, and then all is undone and done again: no line is lost or invented.
function Play:close()
  self.random = random_from(self.seed, self.length + 1)
  for _, edit in ipairs(self:all_coming()) do
    self:step('the rest of the answer', function() return self:finish(edit) end)
  end
  if self:chance(60) then self:step('take all', function() return self:take_all('yes') end) end
  self:step('reject all', function() return self:reject_all() end)
  local last = #self.model.steps
  self:step('back to the start', function() return go_through_steps(self, '99u', 1) end)
  self:step('to the end', function() return go_through_steps(self, '99<C-r>', last) end)
  self:step('reject all', function() return self:reject_all() end)
  local left_behind = self.nvim:exec_lua('return Probe.over()')
  if left_behind ~= '' then error('left behind: ' .. left_behind, 0) end
end

function Play:run(skip)
  self.log[1] = 'begin  ' .. table.concat(self.model.disk, ' ')
  self.nvim:exec_lua('Probe.begin(...)', 'work.txt', self.model.disk)
  self:ask(self.first_range[1], self.first_range[2])
  self:expect_same()
  for number = 1, self.length do
    if not skip[number] then self:play(number) end
  end
  self:close()
end

return Play
