--- The page of :Ask /log: exactly what was sent (the host has masked the secrets) and how it went.
local M = {}

local PHASES = { 'lookup', 'connect', 'tls', 'first_byte', 'total' }

local function timings(log)
  local parts = {}
  for _, phase in ipairs(PHASES) do
    local ms = (log.timings or {})[phase]
    if ms and ms >= 0 then
      parts[#parts + 1] = ('%s %d ms'):format(phase:gsub('_', ' '), ms)
    end
  end
  return #parts > 0 and table.concat(parts, ', ') or 'none'
end

local function outcome(run)
  if run.error then
    return ('%s: %s'):format(run.error.kind, run.error.message)
  end
  return 'finished: ' .. (run.finish or 'unknown')
end

local function tokens(usage)
  local parts = {}
  for _, name in ipairs({ 'input', 'output', 'cached', 'reasoning' }) do
    if usage[name] and usage[name] >= 0 then
      parts[#parts + 1] = ('%s %d'):format(name, usage[name])
    end
  end
  return #parts > 0 and table.concat(parts, ', ') or 'not told'
end

local function turns(run)
  local lines = {}
  for i, turn in ipairs(run.request.history) do
    local words = turn.prompt.text ~= '' and turn.prompt.text or '/' .. turn.prompt.name
    lines[#lines + 1] = ('  %d. %s (answer of %d bytes)'):format(i, words:gsub('%s+', ' '), #turn.answer)
  end
  lines[#lines + 1] = ('  %d. this question'):format(#lines + 1)
  return lines
end

local function sent(log)
  return {
    'Request:   ' .. ('%s %s'):format(log.method or '', log.url or ''),
    'Status:    ' .. ((log.status or 0) > 0 and tostring(log.status) or 'none'),
    'Timings:   ' .. timings(log) .. ' (from the start)',
    'Body:      ' .. ('%d bytes sent, %d received'):format(log.sent or 0, log.received or 0),
  }
end

--- The page for one run.
---@param run askedit.Run
---@return string
function M.page(run)
  local lines = {
    ('# Request of answer %d'):format(run.answer.number),
    '',
    'Question:  ' .. run.title:gsub('\n', ' ') .. (run.continues and ' (the rest of a cut answer)' or ''),
    'Model:     ' .. run.model,
  }
  if not run.over then
    lines[#lines + 1] = 'Outcome:   still in flight; what was sent is known at its end'
    return table.concat(lines, '\n')
  end
  lines[#lines + 1] = 'Outcome:   ' .. outcome(run)
  lines[#lines + 1] = 'Tokens:    ' .. tokens(run.usage or {})
  local log = run.log
  if not log or not log.request or log.request == '' then
    lines[#lines + 1] = 'Request:   nothing is known to have been sent'
    return table.concat(lines, '\n')
  end
  vim.list_extend(lines, sent(log))
  lines[#lines + 1] = 'Turns sent:'
  vim.list_extend(lines, turns(run))
  vim.list_extend(lines, { '', 'Body, secrets masked:', '', '```json', log.request, '```' })
  return table.concat(lines, '\n')
end

return M
