--- The public functions of the plugin, and what :Ask does with its words.
local commands = require('askedit.commands')
local compat = require('askedit.compat')
local config = require('askedit.config')
local log = require('askedit.log')
local meant = require('askedit.review.meant')
local models = require('askedit.models')
local notify = require('askedit.notify')
local prompts = require('askedit.prompts')
local question = require('askedit.question')
local changes = require('askedit.review.changes')
local runs = require('askedit.runs')
local scratch = require('askedit.review.scratch')
local take = require('askedit.review.take')
local view = require('askedit.view')
local walk = require('askedit.review.walk')
local watch = require('askedit.review.watch')

local M = {}

local api = vim.api

-- `range = {first, last}` of the Lua functions becomes what a command gets.
local function as_command(opts)
  local range = opts.range
  return {
    range = range and 2 or 0,
    line1 = range and range[1],
    line2 = range and range[2],
    args = '',
    mods = opts.mods,
  }
end

local function names()
  local list = {}
  for _, command in ipairs(commands.list) do
    list[#list + 1] = command.name
  end
  for _, name in ipairs(prompts.names()) do
    if not commands.find(name) then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

local function start(name, text, scene)
  local prompt, fault = prompts.get(name)
  if not prompt then
    return notify.fault(fault or ('no /%s; names: %s'):format(name, table.concat(names(), ' ')))
  end
  question.start(prompt, text, scene)
end

-- Looking at what is there needs no right settings.
local function place_for(opts)
  if question.can_open_windows() then
    local found = config.get() or config.defaults()
    return { mods = opts and opts.mods or '', split = found.split }
  end
end

local function nearest()
  return runs.nearest(api.nvim_get_current_buf(), runs.all())
end

--- Keeps settings. Not needed: every setting has a default, and vim.g.askedit does the same.
---@param opts? table see |askedit-options|
function M.setup(opts)
  config.set(opts)
end

--- Runs a prompt on the Visual selection or the range if there is one.
---@param name string
---@param opts? {text?: string, range?: integer[], mods?: string}
function M.run(name, opts)
  opts = opts or {}
  start(name, opts.text or '', question.scene(as_command(opts)))
end

--- Asks in free words, about the Visual selection or the range if there is one; asks for missing words.
---@param opts? {text?: string, range?: integer[], mods?: string}
function M.ask(opts)
  M.run('ask', opts)
end

--- Changes the Visual selection or the range in free words; without either writes text at the cursor. Asks
--- for missing words.
---@param opts? {text?: string, range?: integer[], mods?: string}
function M.edit(opts)
  opts = opts or {}
  local scene = question.scene(as_command(opts))
  start(scene.spot and 'edit' or 'generate', opts.text or '', scene)
end

local operator_name

--- For a map with `expr`: runs a prompt on what the next motion or text object goes over; `.` repeats it.
---@param name string
---@return string keys
function M.operator(name)
  operator_name = name
  vim.o.operatorfunc = "v:lua.require'askedit'.on_motion"
  return 'g@'
end

--- What 'operatorfunc' calls.
---@param kind 'char'|'line'|'block'
function M.on_motion(kind)
  start(operator_name, '', question.scene({ motion = kind }))
end

-- Hunks -------------------------------------------------------------------------------------------------

-- An edit that has no hunks which could be taken.
local function take_without_hunks(edit)
  if edit.state == 'choice' then
    return take.choose(edit)
  elseif edit.state == 'coming' then
    return notify.fault('this change is still coming: :Ask /stop ends it')
  end
  notify.fault('the place of this change is gone: :Ask /show has the text')
end

--- Writes the hunk at the cursor, or the nearest one in sight, or those of the Visual selection or the range
--- as far as they are in it: one step of undo.
---@param opts? {all?: boolean, range?: integer[]} all of this buffer
function M.accept(opts)
  opts = opts or {}
  watch.catch_up()
  local found = scratch.save(api.nvim_get_current_buf()) and meant.hunks(opts)
  if not found then
    return
  elseif #found.hunks == 0 then
    take_without_hunks(found.edits[1])
  elseif found.is_one then
    take.take(found.hunks)
  else
    take.several(found.hunks)
  end
end

-- One key too many must not drop what is still coming after hunks that were decided on.
local function reject_without_hunks(edit)
  if edit.state == 'coming' and #edit.hunks.list > 0 then
    return notify.info('the next hunk is still coming: :Ask /stop ends it')
  end
  question.reject(edit)
end

--- Drops hunks: those that accept() would write; the buffer stays as it is. An answer that is still coming
--- is stopped if none of its hunks is there yet, or all are dropped.
---@param opts? {all?: boolean, range?: integer[]} all of this buffer
function M.reject(opts)
  opts = opts or {}
  watch.catch_up()
  local found = meant.hunks(opts)
  if not found then
    return
  elseif opts.all then
    vim.tbl_map(question.reject, found.edits)
  elseif #found.hunks > 0 then
    take.reject(found.hunks)
  else
    reject_without_hunks(found.edits[1])
  end
end

-- The last change of this buffer, if something of it was rejected.
local function reopen()
  local run = nearest()
  local edit = run and run.edit
  return edit and edit.buf == api.nvim_get_current_buf() and edit:reopen()
end

-- The whole of a change, or a text that is still coming or has several blocks, only to be read.
local function open_whole(edit, place)
  local filetype = vim.bo[edit.buf].filetype
  if edit.state ~= 'open' and edit.state ~= 'waiting' then
    return view.show_page('change', table.concat(edit:blocks(), '\n\n'), place, filetype)
  end
  for _, item in ipairs(edit.hunks:undecided()) do
    edit.hunks:look_at(item.hunk)
  end
  view.show_editable(scratch.buffer(edit), 'change', place, filetype)
end

--- Opens the hunk at the cursor, or the nearest one, in a buffer of its own: `:w` there puts the text back
--- into the change. A hunk whose lines were changed meanwhile can be taken afterwards. Where no change is
--- open it gives back what was rejected of the last one.
---@param opts? {all?: boolean, mods?: string} the whole change
function M.open(opts)
  watch.catch_up()
  local place = place_for(opts)
  local edit, item = changes.nearest()
  if not place then
    return
  elseif not edit and not reopen() then
    return notify.info('there is no open change in this buffer')
  elseif edit and (not item or (opts and opts.all)) then
    open_whole(edit, place)
  elseif edit then
    edit.hunks:look_at(item.hunk)
    view.show_editable(scratch.buffer(edit, item.hunk), 'hunk', place, vim.bo[edit.buf].filetype)
  end
end

--- Goes to the next open hunk: of this buffer, then of the others that have some.
---@param opts? {count?: integer}
function M.next(opts)
  watch.catch_up()
  walk.go((opts and opts.count) or vim.v.count1)
end

--- Goes to the open hunk before.
---@param opts? {count?: integer}
function M.prev(opts)
  watch.catch_up()
  walk.go(-((opts and opts.count) or vim.v.count1))
end

--- Lists all open hunks in the quickfix window.
function M.hunks()
  watch.catch_up()
  if question.can_open_windows() then
    walk.list()
  end
end

--- Stops the nearest answer: the one in this buffer; elsewhere the newest asked from here, else the newest.
---@param opts? {all?: boolean}
function M.stop(opts)
  local list, buf = runs.running(), api.nvim_get_current_buf()
  if not (opts and opts.all) then
    list = { runs.nearest(buf, list) }
  end
  -- In an answer that is over, nobody means another one.
  if #list == 0 or (runs.answer_of(buf) and not (opts and opts.all) and list[1].answer.buf ~= buf) then
    return notify.info('nothing to stop')
  end
  for _, run in ipairs(list) do
    question.stop(run)
  end
end

--- Asks the nearest question again with the selection as it was then; `text` takes the place of its words.
--- At a hunk whose lines were changed meanwhile it asks for that hunk alone.
---@param opts? {text?: string, mods?: string}
function M.retry(opts)
  watch.catch_up()
  local edit, item = changes.nearest()
  local row = api.nvim_win_get_cursor(0)[1] - 1
  local is_alone = item and item.place.stale and not edit.block -- rows of a block are asked for together
  local of_edit = is_alone and item.first <= row and row <= item.last and runs.of_edit(edit)
  if of_edit then
    return question.again_hunk(of_edit, item, opts and opts.text or '', opts and opts.mods or '')
  end
  local run = nearest()
  if not run then
    return notify.info('nothing to ask again')
  end
  question.again(run, opts and opts.text or '', opts and opts.mods or '')
end

--- Goes on with the nearest answer if it was stopped or cut.
---@param opts? {mods?: string}
function M.continue(opts)
  local run = nearest()
  if not run then
    return notify.info('there is no answer to go on with')
  end
  question.go_on(run, opts and opts.mods or '')
end

--- Chooses whom to ask until Neovim ends: one of the entries, and one of its models.
---@param opts? {text?: string} name of an entry, or of a model of the one in use; picked if left out
function M.model(opts)
  local found = question.settings()
  if found then
    models.choose(found, opts and opts.text or '')
  end
end

local function state_of(run)
  if not run.over then
    return 'coming'
  end
  if not run.error then
    return 'done'
  end
  return run.error.kind == 'cancelled' and 'stopped' or 'failed'
end

local function describe(answer)
  local run = answer.runs[#answer.runs]
  local title = run.title:gsub('%s+', ' ')
  return ('%d  %s  %s  %s'):format(answer.number, answer.asked_at, state_of(run), title)
end

--- Shows one of the last 20 answers again, also if its buffer was wiped.
---@param opts? {mods?: string}
function M.show(opts)
  local place = place_for(opts)
  local list = runs.answers()
  if not place then
    return
  end
  if #list == 0 then
    return notify.info('there are no answers yet')
  end
  if #list == 1 then
    return view.show(list[1], place)
  end
  compat.select(list, { prompt = 'Show answer', format_item = describe, kind = 'askedit' }, function(answer)
    if answer then
      view.show(answer, place)
    end
  end)
end

--- Shows exactly what was sent for the nearest question, with secrets masked, and the timings.
---@param opts? {mods?: string}
function M.log(opts)
  local run = nearest()
  if not run then
    return notify.info('nothing was asked yet')
  end
  local place = place_for(opts)
  if place then
    view.show_page('log', log.page(run), place)
  end
end

--- For a statusline: what is running, and the hunks of the nearest change; '' if there is neither. Safe
--- there, `%` is doubled.
---@return string
function M.status()
  local list, parts = runs.running(), {}
  local edit = changes.nearest_edit()
  if #list > 0 then
    parts[1] = #list == 1 and list[1].model or ('%d running'):format(#list)
  end
  parts[#parts + 1] = edit and edit:summary()
  if #parts == 0 then
    return ''
  end
  return (('ask: ' .. table.concat(parts, ' · ')):gsub('%c', ' '):gsub('%%', '%%%%'))
end

--- The data of the last User AskeditStart, AskeditDone or AskeditError, also where events carry none.
---@return askedit.Event|nil
function M.event()
  return view.last_event()
end

-- :Ask --------------------------------------------------------------------------------------------------

local function run_command(command, parsed, opts)
  if parsed.bang and not command.bang then
    return notify.fault(('/%s takes no !'):format(command.name))
  end
  if parsed.text ~= '' and not command.text then
    return notify.fault(('/%s takes no words; a question goes without the slash'):format(command.name))
  end
  M[command.name]({
    all = parsed.bang,
    text = parsed.text,
    mods = opts.mods or '',
    range = command.range and (opts.range or 0) > 0 and { opts.line1, opts.line2 } or nil,
  })
end

local function run_named(parsed, scene)
  local command = commands.find(parsed.name)
  if command then
    return run_command(command, parsed, { mods = scene.mods })
  end
  if parsed.bang then
    return notify.fault(('/%s takes no !'):format(parsed.name))
  end
  start(parsed.name, parsed.text, scene)
end

local function description_of(name)
  local entry = commands.find(name) or prompts.get(name)
  return ('/%s  %s'):format(name, entry and entry.description or '')
end

local function pick(scene)
  compat.select(names(), { prompt = 'Ask', format_item = description_of, kind = 'askedit' }, function(name)
    if name then
      run_named({ name = name, bang = false, text = '' }, scene)
    end
  end)
end

--- Chooses a name with vim.ui.select and runs it on what was selected before.
---@param opts? {range?: integer[], mods?: string}
function M.pick(opts)
  pick(question.scene(as_command(opts or {})))
end

--- What :Ask does.
---@param opts table what nvim_create_user_command gives, and `cmdline`, the command line that was left last
function M.command(opts)
  local parsed = commands.parse(opts.args)
  local command = parsed.name and commands.find(parsed.name)
  if opts.bang and parsed.name then
    local sentence = ':Ask! takes your own words; a name goes without the !: :Ask /%s'
    return notify.fault(sentence:format(parsed.name))
  end
  if command then
    return run_command(command, parsed, opts)
  end
  local scene = question.scene(opts)
  if opts.bang then
    start(scene.spot and 'edit' or 'generate', parsed.text, scene)
  elseif not parsed.name then
    start('ask', parsed.text, scene)
  elseif parsed.name == '' then
    pick(scene)
  else
    run_named(parsed, scene)
  end
end

local function names_of_entries()
  local found = config.get() or config.defaults()
  return vim.tbl_map(function(entry)
    return entry.name
  end, config.entries(found))
end

--- Completes the name after :Ask, and the name of an entry after /model.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = line:match('Ask%s+(.*)$')
  local candidates = {}
  if words == lead then
    candidates = vim.tbl_map(function(name)
      return '/' .. name
    end, names())
  elseif words and words:match('^/model%s+(.*)$') == lead then
    candidates = names_of_entries()
  end
  return vim.tbl_filter(function(candidate)
    return candidate:sub(1, #lead) == lead
  end, candidates)
end

return M
