--- What came of each question. The host's only way in is draw(): it routes a batch to the target of its run.
--- The text is kept here, so a buffer that was wiped loses nothing.
local compat = require('askedit.compat')
local notify = require('askedit.notify')
local split = require('askedit.targets.split')

local M = {}

local KEPT_ANSWERS = 20
local LOCKED_TOO_LONG = 10e9 -- nanoseconds
local FINISHES = {
  length = 'cut: the token limit was reached',
  content_filter = 'cut by the content filter of the server',
  tool_calls = 'the model wanted a tool, there are none',
}

local hrtime = compat.uv.hrtime
local running = {} ---@type table<integer, askedit.Run>
local answers = {} ---@type askedit.Answer[]
local last_id, last_number = 0, 0
local last_event
local broken_draws = {} ---@type string[]
local ticker

-- What the owner of the host wants to hear; see connect().
local on_hello = function(_) end
local on_over = function(_) end

--- Tells where the news go that are not about a text.
---@param listeners {hello: fun(hello: table), over: fun(run: askedit.Run)}
function M.connect(listeners)
  on_hello, on_over = listeners.hello, listeners.over
end

-- Text ---------------------------------------------------------------------------------------------------

--- The answer of one run so far.
---@param run askedit.Run
---@return string
function M.text(run)
  return table.concat(run.pieces)
end

local function question(run)
  local lines = compat.lines(run.title)
  return '> ' .. table.concat(lines, '\n> ') .. '\n\n'
end

-- What stands under the text of a run that is over: nothing but an error that was not the user's stop.
local function closing(run)
  local text = run.pieces[#run.pieces] or ''
  local gap = text == '' and '' or (text:sub(-1) == '\n' and '' or '\n')
  if run.error and run.error.kind ~= 'cancelled' then
    return gap .. (text == '' and '' or '\n') .. run.error.message .. '\n', true
  end
  return gap, false
end

local function transcript(answer)
  local parts = {}
  for i, run in ipairs(answer.runs) do
    local close = run.over and closing(run) or ''
    parts[#parts + 1] = (i > 1 and '\n' or '') .. question(run) .. M.text(run) .. close
  end
  return table.concat(parts)
end

local function seconds_since(start)
  return (hrtime() - start) / 1e9
end

local function activity(run)
  if run.stopping then
    return 'stopping'
  end
  if #run.pieces > 0 then
    return 'receiving'
  end
  local doing = #run.thoughts > 0 and 'thinking' or 'waiting'
  return ('%s %d s'):format(doing, seconds_since(run.started))
end

local function status_line(run)
  local parts = {}
  if not run.over then
    local hint = run.status ~= '' and run.status or '<C-c> stops'
    return table.concat({ run.model, activity(run), hint }, ' · ')
  end
  local stopped = run.error and run.error.kind == 'cancelled'
  parts[#parts + 1] = stopped and 'stopped' or (run.error and 'failed') or FINISHES[run.finish]
  if run.finish and #run.pieces == 0 then
    parts[#parts + 1] = 'the answer is empty'
  end
  parts[#parts + 1] = run.status ~= '' and run.status or nil
  parts[#parts + 1] = run.model
  parts[#parts + 1] = ('%.1f s'):format(run.seconds)
  return table.concat(parts, ' · ')
end

local function show_status(run)
  split.status(run.answer, status_line(run))
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
    last_event.answer, last_event.finish, last_event.error = M.text(run), run.finish, run.error
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
  return { number = last_number, buf = -1, runs = {}, asked_at = os.date('%H:%M') }
end

-- Keeps a new answer; the oldest goes, with its buffer unless somebody looks at it.
local function keep(answer)
  answers[#answers + 1] = answer
  if #answers > KEPT_ANSWERS then
    split.drop(table.remove(answers, 1))
  end
end

-- The last line tells of the newest run only.
local function show_status_of_earlier(answer)
  for _, run in ipairs(answer.runs) do
    if run.over then
      split.status_at(answer, run.first_line, status_line(run))
    end
  end
end

-- Opens the window and writes the question. Where text is locked there is neither.
local function open(run, place)
  local answer = run.answer
  local gap = #answer.runs > 0 and '\n' or ''
  local fault = split.open(answer, place, transcript(answer))
  run.first_line = split.last_line(answer) + #gap
  if answer.buf == -1 or not split.append(answer, gap .. question(run), false) then
    return nil, fault or 'not possible here: the text is locked'
  end
  show_status_of_earlier(answer)
  answer.runs[#answer.runs + 1] = run
  return run, fault
end

--- Starts to show a question: in `answer`, or in a new one.
---@param request askedit.Request
---@param about askedit.Asked
---@return askedit.Run|nil
---@return string|nil fault a sentence, if it cannot be shown
function M.begin(request, about)
  local answer = about.answer or new_answer()
  last_id = last_id + 1
  local run = {
    id = last_id,
    answer = answer,
    request = request,
    title = about.title,
    source = about.source,
    started = hrtime(),
    pieces = {},
    held = '',
    thoughts = {},
    model = request.provider.model,
    status = '',
    stopping = false,
    replaces = about.replaces,
    over = false,
  }
  local opened, fault = open(run, about.place)
  if not opened then
    return nil, fault
  end
  if not about.answer then
    keep(answer)
  end
  running[run.id] = run
  show_status(run)
  start_ticking()
  if fault then
    notify.fault(fault .. ': :Ask /show opens the answer')
  end
  emit('AskeditStart', run)
  return run
end

-- The end of a run, by the host's word or ours. False while the text is locked.
local function finish(run, ending)
  run.finish, run.error = ending.finish, ending.error
  local text, is_fault = closing(run)
  if not split.append(run.answer, run.held .. text, is_fault) then
    return false
  end
  run.held, run.over = '', true
  run.log = ending.log
  run.seconds = seconds_since(run.started)
  running[run.id] = nil
  show_status(run)
  split.settle(run.answer, #run.pieces == 1 and run.first_line or nil, status_line(run))
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
    run.seconds = run.seconds or seconds_since(run.started)
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

local function add_text(run, text)
  local shown = run.held .. text
  local held = shown:sub(-1) == '\r' and '\r' or ''
  if not split.append(run.answer, shown:sub(1, #shown - #held), false) then
    return false
  end
  run.held, run.locked_since = held, nil
  run.pieces[#run.pieces + 1] = text
  return true
end

local function apply(run, fields)
  run.model = fields.model or run.model
  if fields.text and fields.text ~= '' and not add_text(run, fields.text) then
    return locked(run)
  end
  run.status = fields.status or run.status
  run.usage = fields.usage or run.usage
  local ending = fields['end']
  if ending and not finish(run, ending) then
    return locked(run)
  end
  run.thoughts[#run.thoughts + 1] = fields.reasoning
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

--- The turns of a conversation as they are sent along, oldest first.
---@param answer askedit.Answer
---@return table[]
function M.history(answer)
  local turns, replaced = {}, {}
  for _, run in ipairs(answer.runs) do
    if run.replaces and #run.pieces > 0 then
      replaced[run.replaces] = true
    end
  end
  for _, run in ipairs(answer.runs) do
    if not replaced[run] and #run.pieces > 0 then
      turns[#turns + 1] = { prompt = run.request.prompt, context = run.request.context, answer = M.text(run) }
    end
  end
  return turns
end

--- Shows an answer again.
---@param answer askedit.Answer
---@param place askedit.Place
function M.show(answer, place)
  local fault = split.open(answer, place, transcript(answer))
  local run = answer.runs[#answer.runs]
  if #answer.runs > 1 then
    show_status_of_earlier(answer)
  end
  show_status(run)
  if run.over then
    split.settle(answer, run.first_line, status_line(run))
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
