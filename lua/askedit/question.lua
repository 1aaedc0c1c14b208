--- What happens between a question and its run:
--- words -> prompt -> context -> (words, consent and model asked back) -> request -> window -> host.
local compat = require('askedit.compat')
local config = require('askedit.config')
local context = require('askedit.context')
local host = require('askedit.host')
local listeners = require('askedit.listeners')
local models = require('askedit.models')
local notify = require('askedit.notify')
local prompts = require('askedit.prompts')
local edits = require('askedit.review.edit')
local runs = require('askedit.runs')
local transcript = require('askedit.transcript')
local view = require('askedit.view')
local watch = require('askedit.review.watch')

local M = {}

local CONFIRM_BYTES = 64 * 1024
-- The words that are said again show where the blank between the parts belongs; view.lua drops them.
local GO_ON = 'Your last answer was cut off. Go on where it ended: begin with its last few words exactly as '
  .. 'they stand there, then write the rest. Add no remark.'
-- The host makes "Answer in ..." of it.
local LANGUAGE_OF_WORDS = "the language of the user's own words"

-- Host --------------------------------------------------------------------------------------------------

local last_death

-- The whole sentence stands with each answer; the message line says it once in full and then briefly.
local function host_is_gone(sentence, list)
  view.fail(list, 'host', sentence)
  listeners.fail(sentence)
  notify.fault(sentence == last_death and 'the host still fails: see :checkhealth askedit' or sentence)
  last_death = sentence
end

host.on_death(function(sentence, worked)
  local lost = runs.running()
  if worked then
    local cure = #lost > 0 and ':Ask /retry starts it again' or 'the next question starts one'
    sentence = ('%s: %s'):format(sentence, cure)
  end
  host_is_gone(sentence, lost)
end)

view.connect({
  hello = function(hello)
    host.greet(hello)
  end,
  over = function(run)
    last_death = nil
    local kind = run.error and run.error.kind
    -- The key may be put right in the environment, which only a new process sees.
    if (kind == 'key' or kind == 'auth') and #runs.running() == 0 then
      host.stop()
    end
  end,
})

-- Hands a run to the host. Returns a sentence and its kind if that cannot be done.
local function send(run, host_path)
  -- An idle host may give way to a new one.
  local fault = host.ensure(host_path, #runs.running() == 0)
  if fault then
    return fault, 'host'
  end
  local request = run.request
  return host.notify('run', {
    id = run.id,
    kind = run.edit and 'edit' or 'answer',
    provider = request.provider,
    prompt = request.prompt,
    context = request.context,
    history = request.history,
    before = run.edit and run.continues and transcript.parts(run.continues) or nil,
  }), 'config'
end

watch.on_gone(function(lost)
  for _, run in ipairs(runs.running()) do
    if vim.tbl_contains(lost, run.edit) then
      M.stop(run)
    end
  end
  notify.fault('the buffer of a change is gone: :Ask /show has its text')
end)

-- Checks that more than one function makes --------------------------------------------------------------

--- The settings, unless one is wrong; that is said here.
---@return askedit.Config|nil
function M.settings()
  local found, fault = config.get()
  if not found then
    notify.fault(fault)
  end
  return found
end

--- Whether a window can be opened now; if not, that is said here.
---@return boolean
function M.can_open_windows()
  if vim.fn.getcmdwintype() == '' then
    return true
  end
  notify.fault('not from the command-line window: close it first')
  return false
end

-- From words to a run -----------------------------------------------------------------------------------

---@class askedit.Draft a question before it is asked
---@field prompt askedit.Prompt
---@field text string
---@field context askedit.Context
---@field source integer buffer it is asked from
---@field mods string
---@field answer? askedit.Answer the conversation that goes on
---@field history table[]
---@field replaces? askedit.Run the run that is asked again
---@field edit? askedit.Edit where the answer is to be written

-- Prompts for the user's own words, whatever a file of that name makes of them, and others that are only
-- words.
local OWN_WORDS = { ask = true, edit = true, generate = true }

local function needs_words(prompt)
  return OWN_WORDS[prompt.name] or vim.trim(prompt.template) == '{{text}}'
end

local function title_of(draft)
  local prompt, about = draft.prompt, draft.context
  local title = needs_words(prompt) and draft.text or ('/%s %s'):format(prompt.name, draft.text)
  title = vim.trim(title)
  if not about.code then
    return title
  end
  local lines = about.first == about.last and about.first or ('%d-%d'):format(about.first, about.last)
  local file = about.file ~= '' and vim.fn.fnamemodify(about.file, ':t') or 'unnamed'
  return ('%s (%s:%s)'):format(title, file:gsub('%c', '?'), lines)
end

local function wire_prompt(draft, found)
  local prompt = draft.prompt
  local language = found.language ~= '' and found.language or 'English'
  return {
    name = prompt.name,
    system = prompt.system or '',
    template = prompt.template,
    text = draft.text,
    -- The language of what is written into a file is that of the file.
    language = draft.edit and '' or draft.text ~= '' and LANGUAGE_OF_WORDS or language,
  }
end

local function fault_of_answer(answer)
  if answer and not answer.runs[#answer.runs].over then
    return 'this answer is still coming: <C-c> stops it'
  end
end

-- The request goes out before the window is opened, which takes longer than all before it.
local function begin(request, about, found)
  about.model = found.provider.model or config.label(found.provider)
  local run = view.prepare(request, about)
  local fault, kind = send(run, found.host_path)
  if not view.begin(run, about.place) then
    host.notify('stop', { id = run.id })
  elseif fault and kind == 'host' then
    host_is_gone(fault, { run })
  elseif fault then
    view.fail({ run }, kind, fault)
    notify.fault(fault)
  end
end

-- The settings, if a question could be asked now; else it is said why not.
local function ready()
  local found = M.settings()
  return found and M.can_open_windows() and found or nil
end

local function fault_of_place(edit)
  local spot = edit and edit:spot()
  if edit and not spot then
    return 'the place of this change is gone: select it anew'
  end
  return spot and edits.fault_of(spot, edit)
end

-- The marks of a new place are set before anything is asked back: text may move meanwhile.
local function give_up(draft)
  if draft.edit and not draft.replaces then
    draft.edit:forget()
  end
end

-- Asks. A request that is in flight is not sent again.
local function submit(draft, found)
  local fault = fault_of_answer(draft.answer) or fault_of_place(draft.edit)
  if not found or not M.can_open_windows() or fault then
    give_up(draft)
    return found and fault and notify.fault(fault) or nil
  end
  found.provider.model = draft.prompt.model or found.provider.model
  if models.is_missing(found.provider) then
    return models.pick(found, function()
      submit(draft, ready())
    end)
  end
  local request = {
    prompt = wire_prompt(draft, found),
    context = draft.context,
    provider = config.on_the_wire(found.provider),
    history = draft.history,
  }
  local place = { mods = draft.mods, split = found.split }
  local same = not draft.edit and runs.in_flight(request)
  if same then
    view.show(same.answer, place)
    return notify.info('this question is being answered already')
  end
  begin(request, {
    title = title_of(draft),
    source = draft.source,
    answer = draft.answer,
    replaces = draft.replaces,
    edit = draft.edit,
    place = place,
  }, found)
end

local function with_words(draft, go)
  local prompt = draft.prompt
  if draft.text ~= '' or not needs_words(prompt) then
    return go()
  end
  compat.input({ prompt = 'Ask: ' }, function(words)
    if words and words:find('%S') then
      draft.text = words
      go()
    else
      give_up(draft)
    end
  end)
end

local function with_consent(draft, go)
  local size = #(draft.context.code or '')
  if size <= CONFIRM_BYTES then
    return go()
  end
  compat.select({ 'no', 'yes' }, { prompt = ('Send %d KiB of code?'):format(size / 1024) }, function(choice)
    if choice == 'yes' then
      go()
    else
      give_up(draft)
    end
  end)
end

-- In an answer the question goes on with that conversation.
local function join_conversation(draft)
  local answer = runs.answer_of(draft.source)
  if not answer or draft.edit then
    return true
  end
  local fault = fault_of_answer(answer)
  if fault then
    notify.fault(fault)
    return false
  end
  draft.answer, draft.history = answer, transcript.history(answer)
  return true
end

--- Where a question is asked from and what it is about, looked at once, before anything is asked back: a
--- picker may take the selection away.
---@param opts table what a command gets; `motion` is what an operatorfunc gets
---@return askedit.Scene
function M.scene(opts)
  local scene = { source = vim.api.nvim_get_current_buf(), mods = opts.mods or '' }
  if opts.motion then
    scene.context, scene.spot = context.capture_motion(opts.motion)
  else
    scene.context, scene.spot = context.capture(opts)
  end
  if not scene.spot then
    scene.cursor_context, scene.cursor = context.at_cursor()
  end
  return scene
end

---@class askedit.Scene
---@field context askedit.Context of the code that was selected
---@field spot? askedit.Spot where that code is
---@field cursor_context? askedit.Context of the cursor, where no code was selected
---@field cursor? askedit.Spot
---@field source integer
---@field mods string

-- Where the answer to a prompt is written, and what goes along: nothing to write for one that is read.
local function about(prompt, scene)
  if prompt.target == 'split' then
    return prompt.context == 'none' and {} or scene.context
  elseif prompt.target == 'insert' then
    local spot = scene.cursor or context.below(scene.spot)
    return context.around(scene.cursor_context or scene.context, spot), spot
  end
  return context.around(scene.context, scene.spot), scene.spot
end

--- Starts a question with a prompt. Says what is missing.
---@param prompt askedit.Prompt
---@param text string
---@param scene askedit.Scene
function M.start(prompt, text, scene)
  local needs_code = prompt.context == 'selection' or prompt.target == 'replace'
  if needs_code and not scene.context.code then
    return notify.fault(('/%s needs code: select some first, or give a range'):format(prompt.name))
  end
  local found = ready()
  if not found then
    return
  end
  local what, spot = about(prompt, scene)
  local fault = spot and edits.fault_of(spot)
  if fault then
    return notify.fault(fault)
  end
  local draft = {
    prompt = prompt,
    text = text,
    context = what,
    edit = spot and edits.new(spot, { takes_itself = prompt.target == 'insert', keys = found.keys }),
    source = scene.source,
    mods = scene.mods,
    history = {},
  }
  if not join_conversation(draft) then
    return
  end
  with_words(draft, function()
    with_consent(draft, function()
      submit(draft, found)
    end)
  end)
end

local MOST_REJECTED = 20 -- the host tells the model of no more

-- The newest last, each once; nil if there is none.
local function joint_list(earlier, later)
  local all, seen, list = vim.list_extend(vim.list_slice(earlier), later), {}, {}
  for i = #all, 1, -1 do
    local key = all[i].old .. '\0' .. all[i].new
    if not seen[key] and #list < MOST_REJECTED then
      seen[key] = true
      table.insert(list, 1, all[i])
    end
  end
  return #list > 0 and list or nil
end

-- What is sent along when a change is asked for again: what is at its place now, and what the user did not
-- want of all that was proposed for it.
local function context_of(edit, spot, request)
  local has_code = not edit.takes_itself and (spot.r2 > spot.r1 or spot.c2 > spot.c1)
  local what = context.around(has_code and context.again(spot) or context.at(spot), spot)
  what.rejected = joint_list(request.context.rejected or {}, edit.hunks:rejected_texts())
  return what
end

-- The prompt of a run as it is now; says it if that is gone.
local function prompt_of(run)
  local name = transcript.first_part(run).request.prompt.name
  local prompt, fault = prompts.get(name)
  if not prompt then
    notify.fault(fault or ('the prompt /%s is gone'):format(name))
  end
  return prompt
end

--- Asks for one hunk of a change again, about the text that stands there now.
---@param run askedit.Run the newest of the change
---@param item askedit.HunkNow
---@param text string '' = the same words
---@param mods string
function M.again_hunk(run, item, text, mods)
  local request = transcript.first_part(run).request
  local prompt, found = prompt_of(run), ready()
  if not prompt or not found then
    return
  end
  local edit, spot = item.edit, item.edit:spot_of(item)
  submit({
    prompt = prompt,
    text = text ~= '' and text or request.prompt.text,
    context = context_of(edit, spot, request),
    edit = edits.new(spot, {
      takes_itself = false,
      keys = found.keys,
      inside = { edit = edit, hunk = item.hunk },
    }),
    source = run.source,
    mods = mods,
    history = {},
  }, found)
end

--- Asks a run's question again with the context it had, a change about the text as it is now; `text` takes
--- the place of its words.
---@param run askedit.Run
---@param text string '' = the same words
---@param mods string
function M.again(run, text, mods)
  local request = transcript.first_part(run).request
  local prompt, found = prompt_of(run), ready()
  if not prompt or not found then
    return
  end
  local what = request.context
  if run.edit then
    local spot = run.edit:ask_again()
    if not spot then
      return notify.fault('the place of this change is gone: select it anew')
    end
    what = context_of(run.edit, spot, request)
  end
  if not run.over then
    M.stop(run)
    view.fail({ run }, 'cancelled', 'stopped')
  end
  submit({
    replaces = run,
    prompt = prompt,
    text = text ~= '' and text or request.prompt.text,
    context = what,
    edit = run.edit,
    source = run.source,
    mods = mods,
    answer = run.answer,
    history = request.history,
  }, found)
end

local function fault_of_going_on(run)
  if not run.over then
    return ('this answer is still coming: %s stops it'):format(run.edit and ':Ask /stop' or '<C-c>')
  elseif transcript.answer(run) == '' then
    return 'nothing of this answer had come: :Ask /retry asks again'
  elseif not transcript.is_cut(run) then
    return 'this answer is whole'
  elseif run.edit and (run.edit.hunks.is_apart or run.edit.state == 'gone') then
    return 'this change was taken, in part or as a whole, or closed: :Ask /retry asks again'
  elseif run ~= run.answer.runs[#run.answer.runs] then
    return 'the conversation went on after this answer'
  end
end

--- Goes on with an answer that was stopped or cut: the model gets what it has said, and the rest is put where
--- it ended.
---@param run askedit.Run
---@param mods string
function M.go_on(run, mods)
  local found = ready()
  if not found then
    return
  end
  local fault = fault_of_going_on(run) or fault_of_place(run.edit)
  if fault then
    return notify.fault(fault)
  end
  local asked = transcript.first_part(run).request.prompt
  local prompt = prompts.get(asked.name)
  found.provider.model = prompt and prompt.model or found.provider.model
  begin({
    prompt = { name = asked.name, system = asked.system, template = GO_ON, text = '', language = '' },
    context = run.edit and { filetype = run.request.context.filetype } or {},
    provider = config.on_the_wire(found.provider),
    history = transcript.history(run.answer),
  }, {
    title = run.title,
    source = run.source,
    answer = run.answer,
    continues = run,
    edit = run.edit,
    place = { mods = mods, split = found.split },
  }, found)
end

--- Drops all of a change that is not taken, and stops its answer if that is still coming.
---@param edit askedit.Edit
function M.reject(edit)
  for _, run in ipairs(runs.running()) do
    if run.edit == edit then
      M.stop(run)
    end
  end
  edit.hunks:reject_all()
  edit.hunks:set_apart()
  edit:close()
end

--- Asks the host to stop a run; its end comes back as any other.
---@param run askedit.Run
function M.stop(run)
  view.mark_stopping(run)
  host.notify('stop', { id = run.id })
end

return M
