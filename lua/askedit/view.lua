--- What came of each question. The host's only way in is draw(): it routes a batch to the target of its run.
--- The text is kept here, so a buffer that was wiped loses nothing.
local compat = require('askedit.compat')
local listeners = require('askedit.listeners')
local notify = require('askedit.notify')
local overlap = require('askedit.overlap')
local split = require('askedit.targets.split')
local runs = require('askedit.runs')
local transcript = require('askedit.transcript')

local M = {}

local LOCKED_TOO_LONG = 10e9 -- nanoseconds

local hrtime = compat.uv.hrtime
local last_number = 0
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

-- Status ------------------------------------------------------------------------------------------------

local VERBS = { accept = 'takes', reject = 'rejects', open = 'opens' }
local STALE_VERBS = { open = 'shows it beside them', reject = 'rejects' }

-- How the keys of an edit are called in its line: those that are mapped.
local function hints(edit, verbs)
  local parts = {}
  for _, name in ipairs({ 'accept', 'reject', 'open' }) do
    local lhs = edit.keys[name]
    if lhs and verbs[name] then
      parts[#parts + 1] = ('%s %s'):format(lhs, verbs[name])
    end
  end
  return #parts > 0 and table.concat(parts, ' · ') or ':Ask /accept, /reject, /open'
end

local WAITS = { waiting = 'comes in Normal mode', choice = 'there are several blocks of code' }

-- The line at a hunk, or below the newest lines.
local function status_at_edit(run, hunk)
  local edit, line = run.edit, transcript.status(run, ':Ask /stop stops')
  local is_stale = hunk and edit.hunks:is_stale(hunk)
  if not run.over and not hunk then
    return edit:has_code() and ('%s · %s'):format(edit:size(), line) or line
  end
  local parts = { hints(edit, VERBS), WAITS[edit.state] or edit:size(hunk), run.over and line or nil }
  if is_stale then
    parts[1] = ('you changed these lines · %s · :Ask /retry asks again'):format(hints(edit, STALE_VERBS))
  end
  return table.concat(parts, ' · ')
end

local function show_status(run)
  split.status(run.answer, transcript.status(run))
  if run.edit then
    run.edit:grow()
  end
end

-- The seconds are counted only while somebody waits for a first word.
local function tick()
  local waiting = false
  for _, run in ipairs(runs.running()) do
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

-- Events ------------------------------------------------------------------------------------------------

local function emit(name, run)
  last_event = {
    id = run.id,
    prompt = run.request.prompt.name,
    model = run.model,
    buf = run.edit and run.edit.buf or run.answer.buf,
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

-- Life of a run -----------------------------------------------------------------------------------------

local function new_answer()
  last_number = last_number + 1
  return { number = last_number, buf = -1, folds = {}, runs = {}, asked_at = os.date('%H:%M') }
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

-- A change is seen at its place. Its answer gets a buffer only when it is asked for.
local function open_edit(run)
  local answer = run.answer
  if not run.continues and answer.buf ~= -1 then
    split.append(answer, (#answer.runs > 0 and '\n' or '') .. transcript.question(run))
  end
  run.first_line = split.last_line(answer)
  answer.runs[#answer.runs + 1] = run
  run.edit.describe = function(hunk)
    return status_at_edit(run, hunk)
  end
  if run.continues then
    run.edit:go_on()
  else
    run.edit:start()
  end
  return run
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

local function newest_block(edit)
  local blocks = edit:blocks()
  return blocks[#blocks]
end

--- A run that nobody sees yet: of `about.answer`, or of a new one.
---@param request askedit.Request
---@param about askedit.Asked
---@return askedit.Run
function M.prepare(request, about)
  return {
    id = runs.new_id(),
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
    edit = about.edit,
    before = about.continues and transcript.answer(about.continues),
    joint = about.continues and '' or nil,
    code_before = about.continues and about.edit and newest_block(about.edit) or nil,
    code_joint = about.continues and about.edit and '' or nil,
    over = false,
  }
end

-- Nothing can be asked again about an answer that is kept no longer.
local function forget(answer)
  split.drop(answer)
  for _, run in ipairs(answer.runs) do
    if run.edit then
      run.edit:forget()
    end
  end
end

--- Opens the window and shows the question. Draws of the run are taken from now on.
---@param run askedit.Run
---@param place askedit.Place
---@return boolean shown false if it cannot be; that is said here
function M.begin(run, place)
  local opened, fault = (run.edit and open_edit or run.continues and reopen or open)(run, place)
  if not opened then
    notify.fault(fault)
    return false
  end
  local forgotten = runs.add(run)
  if forgotten then
    forget(forgotten)
  end
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
local function without_repetition(before, start, is_last)
  local said = overlap.length(before, start, is_last)
  if not said then
    return '', start
  end
  return start:sub(said + 1), nil
end

-- The code of a change that goes on: words that are said again are looked for in the code by itself, since
-- the fence before it is no part of that.
local function add_code(run, pieces, is_last)
  if run.code_joint then
    local start = run.code_joint .. (pieces[1] or '')
    local text, joint = without_repetition(run.code_before, start, is_last or #pieces > 1)
    run.code_joint = joint
    pieces = { text, unpack(pieces, 2) }
  end
  run.edit:add(pieces)
end

-- The line that stands at the change from now on, or why there is no change.
local function finish_edit(run)
  local edit = run.edit
  local sentence = edit:finish({ cut = transcript.is_cut(run), refused = run.finish == 'content_filter' })
  if sentence then
    notify.info(sentence)
  end
  edit:set_state()
end

-- The end of a run, by the host's word or ours. False while the text is locked.
local function finish(run, ending, code)
  local held = run.joint and without_repetition(run.before, run.joint, true) or ''
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
  if run.edit then
    add_code(run, code or {}, true)
  end
  run.log = ending.log
  run.seconds = transcript.seconds(run)
  runs.remove(run)
  show_status(run)
  if run.edit then
    finish_edit(run)
  end
  local at_once = #run.pieces == 1 and not run.continues
  split.settle(run.answer, at_once and run.first_line or nil, transcript.status(run))
  return true
end

local function announce_end(run)
  local failed = run.error and run.error.kind ~= 'cancelled'
  emit(failed and 'AskeditError' or 'AskeditDone', run)
end

--- Ends runs that the host cannot end any more. Says nothing on the message line.
---@param list askedit.Run[]
---@param kind string
---@param message string
function M.fail(list, kind, message)
  for _, run in ipairs(list) do
    finish(run, { error = { kind = kind, message = message } })
    -- Even where the text was locked: nobody else will end it.
    run.over = true
    runs.remove(run)
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
    text, joint = without_repetition(run.before, joint .. text, fields['end'] ~= nil)
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
  -- Code only where the draw cannot come again any more.
  if ending and not finish(run, ending, fields.code) then
    return locked(run)
  end
  if not ending then
    if run.edit and fields.code then
      add_code(run, fields.code, false)
    end
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
  if listeners.hear(id, fields) then
    return 'ok'
  end
  local run = runs.find(id)
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
  local run = runs.find(id)
  if run then
    local sentence = 'the answer could not be shown: see :checkhealth askedit, then :Ask /retry'
    if not pcall(M.fail, { run }, 'internal', sentence) then
      run.over = true
      runs.remove(run)
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

-- Showing again -----------------------------------------------------------------------------------------

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
---@param language? string file type of the text, if it is not Markdown
function M.show_page(name, text, place, language)
  local fault = split.show_page(name, text, place, language)
  if fault then
    notify.fault(fault)
  end
end

--- Takes the user to a buffer that he may edit.
---@param buf integer
---@param name string
---@param place askedit.Place
---@param filetype string
function M.show_editable(buf, name, place, filetype)
  local fault = split.show_editable(buf, name, place, filetype)
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
