--- Rows of a Markdown table: value, what stands beside it, their ratio, the goal, and whether it is reached.
--
--   Report.head('0.7.2', 'a stream of tokens')
--   Report.row('wall', 12.3, 'ms', { writer = 10 }, { times = 1.5 })
--
-- The control is a map of one name to a number, or nil. Goals: times = the ratio at most, at_most = the value
-- at most, beyond = the value at most that much above the control; nil if the row only informs.
local Report = { missed = 0 }

function Report.head(who, what)
  print(('\n### %s: %s\n'):format(who, what))
  print('| row | value | beside it | ratio | goal | |\n| --- | --: | --: | --: | --: | --- |')
end

local function number(value)
  if value == math.floor(value) then return ('%d'):format(value) end
  return (value < 10 and '%.2f' or value < 100 and '%.1f' or '%.0f'):format(value)
end

local function words_of(goal)
  if goal.times then return ('≤ %g×'):format(goal.times) end
  return goal.beyond and ('≤ control + %g'):format(goal.beyond) or ('≤ %g'):format(goal.at_most)
end

local function reached(goal, value, control)
  if goal.times then return value <= goal.times * control end
  return value <= (goal.at_most or control + goal.beyond)
end

function Report.row(what, value, unit, beside, goal)
  local name, control = next(beside or {})
  local verdict = ''
  if goal then verdict = reached(goal, value, control) and 'ok' or 'OVER' end
  if verdict == 'OVER' then Report.missed = Report.missed + 1 end
  print(('| %s | %s | %s | %s | %s | %s |'):format(what, number(value) .. (unit and ' ' .. unit or ''),
    control and ('%s %s'):format(name, number(control)) or '',
    control and control > 0 and ('%.2f'):format(value / control) or '',
    goal and words_of(goal) or '', verdict))
  io.stdout:flush()
end

return Report
