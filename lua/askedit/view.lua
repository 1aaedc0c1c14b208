--- What came of each question. The host's only way in is draw(): it routes a batch to the target of its run.
--- The text is kept here, so a buffer that was wiped loses nothing.
local compat = require('askedit.compat')
local notify = require('askedit.notify')
local overlap = require('askedit.overlap')
local split = require('askedit.targets.split')
local transcript = require('askedit.transcript')

local M = {}

local KEPT_ANSWERS = 20
local LOCKED_TOO_LONG = 10e9 -- nanoseconds

local hrtime = compat.uv.hrtime
local running = {} ---@type table<integer, askedit.Run>
local listeners = {} ---@type table<integer, fun(fields: table)>
local answers = {} ---@type askedit.Answer[]
local last_id, last_number = 0, 0
local last_event
local broken_draws = {} ---@type string[]
local ticker

-- What the owner of the host wants to hear; see connect().
local on_hello = function(_) end
local on_over = function(_) end

--- Tells where the news go that are not about a text.
---@param owner {hello: fun(hello: table), over: fun(run: askedit.Run)}
function M.connect(owner)
  on_hello, on_over = owner.hello, owner.over
end

-- Requests that are no questions -------------------------------------------------------------------------

--- An id for a run whose draws go to `callback`, on the main loop, until the one with `end`.
---@param callback fun(fields: table)
---@return integer id
function M.listen(callback)
  last_id = last_id + 1
  listeners[last_id] = callback
  return last_id
end

local function hear(id, fields)
  local callback = listeners[id]
  if fields['end'] then
    listeners[id] = nil
  end
  -- Later: a picker that waits for the user must not hold back the reply.
  vim.schedule(function()
    callback(fields)
  end)
end

--- Ends listeners that the host cannot end any more.
---@param message string
---@param id? integer only this one
function M.fail_listeners(message, id)
  for _, each in ipairs(id and { id } or vim.tbl_keys(listeners)) do
    hear(each, { ['end'] = { error = { kind = 'host', message = message } } })
  end
end

-- Status -------------------------------------------------------------------------------------------------

local function show_status(run)
  split.status(run.answer, transcript.status(run))
end

-- The seconds are counted only while somebody waits for a first word.
local function tick()
  local waiting = false
  for _, run in pairs(running) do
    if #run.pieces == 0 then
      waiting = true
      show_status(run)
    end
  end
  if waiting then
    compat.redraw_under_cmdline()
  else
    ticker:stop()
  end
end

local function start_ticking()
  ticker = ticker or compat.uv.new_timer()
  if not ticker:is_active() then
    ticker:start(1000, 1000, vim.schedule_wrap(tick))
  end
end

-- Events -------------------------------------------------------------------------------------------------

local function emit(name, run)
  last_event = {
    id = run.id,
    prompt = run.request.prompt.name,
    model = run.model,
    buf = run.answer.buf,
    source = run.source,
  }
  if run.over then
    last_event.answer = transcript.answer(run)
    last_event.finish, last_event.error = run.finish, run.error
    last_event.stopped = run.error ~= nil and run.error.kind == 'cancelled'
  end
  compat.emit(name, last_event)
end

--- The data of the last event, for versions of Neovim whose events carry none.
---@return askedit.Event|nil
function M.last_event()
  return last_event
end

-- Life of a run ------------------------------------------------------------------------------------------

local function new_answer()
  last_number = last_number + 1
  return { number = last_number, buf = -1, folds = {}, runs = {}, asked_at = os.date('%H:%M') }
end

-- Keeps a new answer; the oldest that is over goes, with its buffer unless somebody looks at it.
local function keep(answer)
  answers[#answers + 1] = answer
  for i = 1, #answers - KEPT_ANSWERS do
    local runs = answers[i].runs
    if runs[#runs].over then
      return split.drop(table.remove(answers, i))
    end
  end
end

-- The last line tells of the newest run only. A part that goes on has nothing to tell any more.
local function show_status_of_earlier(answer)
  for i, run in ipairs(answer.runs) do
    local after = answer.runs[i + 1]
    if run.over and not (after and after.continues == run) then
      split.status_at(answer, run.first_line, transcript.status(run))
    end
  end
end

-- Opens the window and writes the question. Where text is locked there is neither.
local function open(run, place)
  local answer = run.answer
  local gap = #answer.runs > 0 and '\n' or ''
  local fault = split.open(answer, place, transcript.of(answer))
  run.first_line = split.last_line(answer) + #gap
  if answer.buf == -1 or not split.append(answer, gap .. transcript.question(run)) then
    return nil, fault or 'not possible here: the text is locked'
  end
  show_status_of_earlier(answer)
  answer.runs[#answer.runs + 1] = run
  return run, fault
end

-- Opens the window of an answer that goes on, and takes back what closed its last part.
local function reopen(run, place)
  local answer, last = run.answer, run.continues
  local fault = split.open(answer, place, transcript.of(answer))
  local _, lines = transcript.closing(last):gsub('\n', '')
  if answer.buf == -1 or not split.take_back(answer, lines, last.first_line) then
    return nil, fault or 'not possible here: the text is locked'
  end
  run.first_line = last.first_line
  answer.runs[#answer.runs + 1] = run
  return run, fault
end

--- A run that nobody sees yet: of `about.answer`, or of a new one.
---@param request askedit.Request
---@param about askedit.Asked
---@return askedit.Run
function M.prepare(request, about)
  last_id = last_id + 1
  return {
    id = last_id,
    answer = about.answer or new_answer(),
    request = request,
    title = about.title,
    source = about.source,
    started = hrtime(),
    pieces = {},
    held = '',
    thoughts = {},
    model = about.model,
    status = '',
    stopping = false,
    replaces = about.replaces,
    continues = about.continues,
    before = about.continues and transcript.answer(about.continues),
    joint = about.continues and '' or nil,
    over = false,
  }
end

--- Opens the window and shows the question. Draws of the run are taken from now on.
---@param run askedit.Run
---@param place askedit.Place
---@return boolean shown false if it cannot be; that is said here
function M.begin(run, place)
  local opened, fault = (run.continues and reopen or open)(run, place)
  if not opened then
    notify.fault(fault)
    return false
  end
  if #run.answer.runs == 1 then
    keep(run.answer)
  end
  running[run.id] = run
  show_status(run)
  start_ticking()
  if fault then
    notify.fault(fault .. ': :Ask /show opens the answer')
  end
  emit('AskeditStart', run)
  return true
end

local function add_text(run, text)
  local shown = run.held .. text
  local held = shown:sub(-1) == '\r' and '\r' or ''
  if not split.append(run.answer, shown:sub(1, #shown - #held)) then
    return false
  end
  run.held, run.locked_since = held, nil
  run.pieces[#run.pieces + 1] = text
  return true
end

-- The start of an answer that goes on is held back until it is known how much of it was said before. Returns
-- what can be shown, and what is held back: nil once that is known.
local function without_repetition(run, text, is_last)
  local start = run.joint .. text
  local said = overlap.length(run.before, start, is_last)
  if not said then
    return '', start
  end
  return start:sub(said + 1), nil
end

-- The end of a run, by the host's word or ours. False while the text is locked.
local function finish(run, ending)
  local held = run.joint and without_repetition(run, '', true) or ''
  if held ~= '' and not add_text(run, held) then
    return false
  end
  run.joint = nil
  run.finish, run.error = ending.finish, ending.error
  local text, style = transcript.closing(run)
  if not split.append(run.answer, run.held .. text, style) then
    return false
  end
  run.held, run.over = '', true
  run.log = ending.log
  run.seconds = transcript.seconds(run)
  running[run.id] = nil
  show_status(run)
  local at_once = #run.pieces == 1 and not run.continues
  split.settle(run.answer, at_once and run.first_line or nil, transcript.status(run))
  return true
end

local function announce_end(run)
  local failed = run.error and run.error.kind ~= 'cancelled'
  emit(failed and 'AskeditError' or 'AskeditDone', run)
end

--- Ends runs that the host cannot end any more. Says nothing on the message line.
---@param runs askedit.Run[]
---@param kind string
---@param message string
function M.fail(runs, kind, message)
  for _, run in ipairs(runs) do
    finish(run, { error = { kind = kind, message = message } })
    -- Even where the text was locked: nobody else will end it.
    run.over, running[run.id] = true, nil
    run.seconds = run.seconds or transcript.seconds(run)
    announce_end(run)
  end
  compat.redraw_under_cmdline()
end

-- Text that cannot be shown is tried again by the host, but not for ever: after a while it is only kept.
local function locked(run)
  run.locked_since = run.locked_since or hrtime()
  if hrtime() - run.locked_since > LOCKED_TOO_LONG then
    run.answer.buf = -1
    notify.fault('the answer window is locked: :Ask /show opens the answer anew')
  end
  return 'later'
end

local function add_thought(run, text)
  if not split.append(run.answer, text, 'thought') then
    return false
  end
  run.locked_since = nil
  run.thoughts[#run.thoughts + 1] = text
  return true
end

local function apply_text(run, fields)
  if fields.reasoning and not add_thought(run, fields.reasoning) then
    return false
  end
  local text, joint = fields.text or '', run.joint
  if joint then
    text, joint = without_repetition(run, text, fields['end'] ~= nil)
  end
  if text ~= '' and not add_text(run, text) then
    return false
  end
  run.joint = joint -- only now: a draw that met a locked text comes again
  return true
end

local function apply(run, fields)
  run.model = fields.model or run.model
  if not apply_text(run, fields) then
    return locked(run)
  end
  run.status = fields.status or run.status
  run.usage = fields.usage or run.usage
  local ending = fields['end']
  if ending and not finish(run, ending) then
    return locked(run)
  end
  if not ending then
    show_status(run)
    return 'ok'
  end
  if run.error and run.error.kind ~= 'cancelled' then
    notify.fault(run.error.message)
  end
  announce_end(run)
  on_over(run)
  return 'ok'
end

local function draw(id, fields)
  if id == 0 then
    on_hello(fields.hello)
    return 'ok'
  end
  if listeners[id] then
    hear(id, fields)
    return 'ok'
  end
  local run = running[id]
  if not run then
    return 'gone'
  end
  local reply = apply(run, fields)
  compat.redraw_under_cmdline()
  return reply
end

--- Called by the host, and by nobody else. Never raises.
---@param id integer
---@param fields table see doc/protocol.md
---@return 'ok'|'later'|'gone'
function M.draw(id, fields)
  local ok, reply = pcall(draw, id, fields)
  if ok then
    return reply
  end
  broken_draws[#broken_draws + 1] = tostring(reply)
  local run = running[id]
  if run then
    local sentence = 'the answer could not be shown: see :checkhealth askedit, then :Ask /retry'
    if not pcall(M.fail, { run }, 'internal', sentence) then
      running[id], run.over = nil, true
    end
    notify.fault(sentence)
  end
  return 'gone'
end

--- What Lua said where a draw of ours failed, for :checkhealth.
---@return string[]
function M.broken_draws()
  return broken_draws
end

-- Looking things up --------------------------------------------------------------------------------------

--- Runs that are not over, oldest first.
---@return askedit.Run[]
function M.running()
  local runs = vim.tbl_values(running)
  table.sort(runs, function(a, b)
    return a.id < b.id
  end)
  return runs
end

--- The last answers, newest first.
---@return askedit.Answer[]
function M.answers()
  local list = {}
  for i = #answers, 1, -1 do
    list[#list + 1] = answers[i]
  end
  return list
end

--- The answer that a buffer shows.
---@param buf integer
---@return askedit.Answer|nil
function M.answer_of(buf)
  for _, answer in ipairs(answers) do
    if answer.buf == buf then
      return answer
    end
  end
end

local function newest(runs, fits)
  local best
  for _, run in ipairs(runs) do
    if fits(run) and (not best or run.id > best.id) then
      best = run
    end
  end
  return best
end

--- The run that the user means: the last of the answer in `buf`, else the last asked from there, else the
--- last of all.
---@param buf integer
---@param runs askedit.Run[]
---@return askedit.Run|nil
function M.nearest(buf, runs)
  return newest(runs, function(run)
    return run.answer.buf == buf
  end) or newest(runs, function(run)
    return run.source == buf
  end) or newest(runs, function()
    return true
  end)
end

--- All runs of the last answers.
---@return askedit.Run[]
function M.runs()
  local runs = {}
  for _, answer in ipairs(answers) do
    vim.list_extend(runs, answer.runs)
  end
  return runs
end

--- A run in flight that asks exactly the same.
---@param request askedit.Request
---@return askedit.Run|nil
function M.in_flight(request)
  for _, run in pairs(running) do
    if not run.stopping and vim.deep_equal(run.request, request) then
      return run
    end
  end
end

--- Shows an answer again.
---@param answer askedit.Answer
---@param place askedit.Place
function M.show(answer, place)
  local fault = split.open(answer, place, transcript.of(answer))
  local run = answer.runs[#answer.runs]
  if #answer.runs > 1 then
    show_status_of_earlier(answer)
  end
  show_status(run)
  if run.over then
    split.settle(answer, run.first_line, transcript.status(run))
  end
  if fault then
    notify.fault(fault)
  end
end

--- Shows a page that is no answer.
---@param name string
---@param text string
---@param place askedit.Place
function M.show_page(name, text, place)
  local fault = split.show_page(name, text, place)
  if fault then
    notify.fault(fault)
  end
end

--- Marks a run as being stopped; its end comes from the host.
---@param run askedit.Run
function M.mark_stopping(run)
  run.stopping = true
  show_status(run)
end

return M
