--- What goes along with a question: the selected text exactly as it is, and facts about it.
--- Leaves registers, marks, the view and the window alone; ends Visual mode as any operator does.
local M = {}

local MAX_DIAGNOSTICS = 20
local SEVERITIES = { 'error', 'warning', 'info', 'hint' }

local fn, api = vim.fn, vim.api

-- Yanking is the only way that is right for all kinds of selections, so `z` and the unnamed register are
-- put back. `prefix` is '' while Visual mode is on and 'gv' afterwards.
local function yank(prefix)
  local z, unnamed = fn.getreginfo('z'), fn.getreginfo('"')
  local opening, closing, view = fn.getpos("'["), fn.getpos("']"), fn.winsaveview()
  vim.cmd('noautocmd silent keepjumps normal! ' .. prefix .. '"zy')
  local taken, first = fn.getreginfo('z'), fn.getpos("'[")[2]
  fn.setreg('z', next(z) and z or {})
  local stood_for = (unnamed.points_to or ''):match('[%w-]') or '0'
  if stood_for ~= 'z' then
    fn.setreg(stood_for, vim.tbl_extend('force', fn.getreginfo(stood_for), { isunnamed = true }))
  end
  fn.setpos("'[", opening)
  fn.setpos("']", closing)
  fn.winrestview(view)
  return taken, first
end

-- Vim keeps a NUL as a line feed inside a line.
local function joined(lines, linewise)
  local parts = {}
  for i, line in ipairs(lines) do
    parts[i] = (line:gsub('\n', '\0'))
  end
  return table.concat(parts, '\n') .. (linewise and '\n' or '')
end

local function from_visual(prefix)
  local taken, first = yank(prefix)
  local lines, kind = taken.regcontents or {}, (taken.regtype or 'V'):sub(1, 1)
  -- `v$` takes the line break along, which shows as an empty item at the end and is no line of its own.
  local ends_on_break = kind == 'v' and #lines > 1 and lines[#lines] == ''
  local last = first + math.max(#lines, 1) - (ends_on_break and 2 or 1)
  return { code = joined(lines, kind == 'V'), first = first, last = math.min(last, fn.line('$')) }
end

local function from_lines(first, last)
  local lines = api.nvim_buf_get_lines(0, first - 1, last, false)
  return { code = table.concat(lines, '\n') .. '\n', first = first, last = first + #lines - 1 }
end

local function diagnostics(first, last)
  local found = {}
  for _, d in ipairs(vim.diagnostic.get(0)) do
    local from, to = d.lnum + 1, (d.end_lnum or d.lnum) + 1
    if from <= last and math.max(to, from) >= first and #found < MAX_DIAGNOSTICS then
      found[#found + 1] = { line = from, severity = SEVERITIES[d.severity] or 'info', message = d.message }
    end
  end
  return found
end

local function with_facts(context)
  local name = api.nvim_buf_get_name(0)
  context.file = name ~= '' and fn.fnamemodify(name, ':~:.') or ''
  context.filetype = vim.bo.filetype
  context.diagnostics = diagnostics(context.first, context.last)
  return context
end

---@return boolean
function M.visual_mode_is_on()
  return api.nvim_get_mode().mode:find('^[vV\22]') ~= nil
end

-- `:'<,'>Ask` gives line numbers only. It meant the selection if the command line that was just left had that
-- range before this command (nothing else but modifiers), and the marks are still where the range is.
local function range_is_selection(opts)
  local typed = opts.cmdline or ''
  return typed:find("^[%s:%w!]*'<,'>[%s%w!]*%f[%w]As?k?%f[%W]") ~= nil
    and typed:find(opts.args, 1, true) ~= nil
    and fn.line("'<") == opts.line1
    and fn.line("'>") == opts.line2
end

--- The context of a command or map: the Visual selection, the range, or {} without either.
---@param opts {range?: integer, line1?: integer, line2?: integer, args?: string, cmdline?: string}
---@return askedit.Context
function M.capture(opts)
  if M.visual_mode_is_on() then
    return with_facts(from_visual(''))
  end
  if (opts.range or 0) == 0 then
    return {}
  end
  if range_is_selection(opts) then
    return with_facts(from_visual('gv'))
  end
  return with_facts(from_lines(opts.line1, opts.line2))
end

return M
