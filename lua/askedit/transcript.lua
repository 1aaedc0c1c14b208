--- How a conversation reads: its questions, thoughts and answers, the closing words and the status lines, and
--- what of it is sent along with the next question. Text only; knows no buffers.
local compat = require('askedit.compat')

local M = {}

local FINISHES = {
  length = 'cut: the token limit was reached',
  content_filter = 'refused, or cut by the content filter',
  tool_calls = 'the model wanted a tool, there are none',
}

local hrtime = compat.uv.hrtime

--- What one run brought so far.
---@param run askedit.Run
---@return string
function M.text(run)
  return table.concat(run.pieces)
end

--- The first part of an answer that was continued, else the run itself.
---@param run askedit.Run
---@return askedit.Run
function M.first_part(run)
  while run.continues do
    run = run.continues
  end
  return run
end

--- The parts of an answer up to this one, each the text of a run.
---@param run askedit.Run
---@return string[]
function M.parts(run)
  local parts = run.continues and M.parts(run.continues) or {}
  parts[#parts + 1] = M.text(run)
  return parts
end

--- The answer with all its parts up to this one.
---@param run askedit.Run
---@return string
function M.answer(run)
  return table.concat(M.parts(run))
end

--- Whether an answer can go on: it was stopped or cut.
---@param run askedit.Run
---@return boolean
function M.is_cut(run)
  return run.over and (run.error ~= nil or run.finish == 'length')
end

---@param run askedit.Run
---@return string
function M.question(run)
  local lines = compat.lines(run.title)
  return '> ' .. table.concat(lines, '\n> ') .. '\n\n'
end

-- What ends a line, or makes an empty one, after `text`.
local function gap_after(text, breaks)
  if text == '' then
    return ''
  end
  return ('\n'):rep(text:sub(-1) == '\n' and breaks - 1 or breaks)
end

--- What stands under the text of a run that is over: nothing but an error that was not the user's stop.
---@param run askedit.Run
---@return string text
---@return 'fault'|nil style
function M.closing(run)
  local last = run.pieces[#run.pieces] or ''
  if last == '' and #run.thoughts == 0 and run.continues then
    last = M.answer(run.continues)
  end
  if run.error and run.error.kind ~= 'cancelled' then
    return gap_after(last, 2) .. run.error.message .. '\n', 'fault'
  end
  return gap_after(last, 1), nil
end

--- The whole conversation, in pieces that are each of one style.
---@param answer askedit.Answer
---@return {text: string, style?: askedit.Style}[]
function M.of(answer)
  local pieces = {}
  local function add(text, style)
    if text ~= '' then
      pieces[#pieces + 1] = { text = text, style = style }
    end
  end
  for i, run in ipairs(answer.runs) do
    if not run.continues then
      add((i > 1 and '\n' or '') .. M.question(run))
    end
    add(table.concat(run.thoughts), 'thought')
    add(M.text(run))
    local after = answer.runs[i + 1]
    if run.over and not (after and after.continues == run) then
      add(M.closing(run))
    end
  end
  return pieces
end

-- Status -------------------------------------------------------------------------------------------------

---@param run askedit.Run
---@return number
function M.seconds(run)
  return (hrtime() - run.started) / 1e9
end

local function activity(run)
  if run.stopping then
    return 'stopping'
  end
  if #run.pieces > 0 then
    return 'receiving'
  end
  return ('%s %d s'):format(#run.thoughts > 0 and 'thinking' or 'waiting', M.seconds(run))
end

--- One line about a run: what it is doing, or how it went.
---@param run askedit.Run
---@param stop_hint? string how it is stopped
---@return string
function M.status(run, stop_hint)
  if not run.over then
    local hint = run.status ~= '' and run.status or stop_hint or '<C-c> stops'
    return table.concat({ run.model, activity(run), hint }, ' · ')
  end
  local stopped = run.error and run.error.kind == 'cancelled'
  local parts = { stopped and 'stopped' or (run.error and 'failed') or FINISHES[run.finish] }
  if run.finish and #run.pieces == 0 then
    parts[#parts + 1] = 'the answer is empty'
  elseif M.is_cut(run) and M.answer(run) ~= '' then
    parts[#parts + 1] = ':Ask /continue goes on'
  end
  parts[#parts + 1] = run.status ~= '' and run.status or nil
  parts[#parts + 1] = run.model
  parts[#parts + 1] = ('%.1f s'):format(run.seconds)
  return table.concat(parts, ' · ')
end

-- What is sent along -------------------------------------------------------------------------------------

-- First parts whose place a retry has taken.
local function replaced_in(answer)
  local replaced = {}
  for _, run in ipairs(answer.runs) do
    if run.replaces and #run.pieces > 0 then
      replaced[M.first_part(run.replaces)] = true
    end
  end
  return replaced
end

--- The turns of a conversation as they are sent along, oldest first. An answer in parts is one turn.
---@param answer askedit.Answer
---@return askedit.Turn[]
function M.history(answer)
  local turns, turn_of, replaced = {}, {}, replaced_in(answer)
  for _, run in ipairs(answer.runs) do
    local first, text = M.first_part(run), M.text(run)
    local turn = turn_of[first]
    if turn then
      turn.answer = turn.answer .. text
    elseif not replaced[first] and text ~= '' then
      turn = { prompt = first.request.prompt, context = first.request.context, answer = text }
      turn_of[first] = turn
      turns[#turns + 1] = turn
    end
  end
  return turns
end

return M
