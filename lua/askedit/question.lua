--- What happens between a question and its run:
--- words -> prompt -> context -> (words and consent asked back) -> request -> window -> host.
local compat = require('askedit.compat')
local config = require('askedit.config')
local context = require('askedit.context')
local host = require('askedit.host')
local notify = require('askedit.notify')
local prompts = require('askedit.prompts')
local view = require('askedit.view')

local M = {}

local CONFIRM_BYTES = 64 * 1024
-- The host makes "Answer in ..." of it.
local LANGUAGE_OF_WORDS = "the language of the user's own words"

-- Host ---------------------------------------------------------------------------------------------------

local last_death

-- The whole sentence stands with each answer; the message line says it once in full and then briefly.
local function host_is_gone(sentence, runs)
  view.fail(runs, 'host', sentence)
  notify.fault(sentence == last_death and 'the host still fails: see :checkhealth askedit' or sentence)
  last_death = sentence
end

host.on_death(function(sentence)
  host_is_gone(sentence, view.running())
end)

view.connect({
  hello = function(hello)
    host.greet(hello)
  end,
  over = function(run)
    last_death = nil
    local kind = run.error and run.error.kind
    -- The key may be put right in the environment, which only a new process sees.
    if (kind == 'key' or kind == 'auth') and #view.running() == 0 then
      host.stop()
    end
  end,
})

local function send(run, host_path, idle)
  local fault = host.ensure(host_path, idle)
  if fault then
    return host_is_gone(fault, { run })
  end
  local request = run.request
  fault = host.notify('run', {
    id = run.id,
    kind = 'answer',
    provider = request.provider,
    prompt = request.prompt,
    context = request.context,
    history = request.history,
  })
  if fault then
    view.fail({ run }, 'config', fault)
    notify.fault(fault)
  end
end

-- Checks that more than one function makes ---------------------------------------------------------------

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

-- From words to a run ------------------------------------------------------------------------------------

---@class askedit.Draft a question before it is asked
---@field prompt askedit.Prompt
---@field text string
---@field context askedit.Context
---@field source integer buffer it is asked from
---@field mods string
---@field answer? askedit.Answer the conversation that goes on
---@field history table[]
---@field replaces? askedit.Run the run that is asked again

local function title_of(draft)
  local prompt, about = draft.prompt, draft.context
  local title = prompt.name == 'ask' and draft.text or ('/%s %s'):format(prompt.name, draft.text)
  title = vim.trim(title)
  if not about.code then
    return title
  end
  local lines = about.first == about.last and about.first or ('%d-%d'):format(about.first, about.last)
  local file = about.file ~= '' and vim.fn.fnamemodify(about.file, ':t') or 'unnamed'
  return ('%s (%s:%s)'):format(title, file:gsub('%c', '?'), lines)
end

local function request_of(draft, found)
  local prompt, provider = draft.prompt, found.provider
  provider.model = prompt.model or provider.model
  local language = found.language ~= '' and found.language or 'English'
  return {
    prompt = {
      name = prompt.name,
      system = prompt.system or '',
      template = prompt.template,
      text = draft.text,
      language = draft.text ~= '' and LANGUAGE_OF_WORDS or language,
    },
    context = draft.context,
    provider = provider,
    history = draft.history,
  }
end

--- Asks: opens the window and hands the request to the host. A request that is in flight is not sent again.
---@param draft askedit.Draft
function M.submit(draft)
  local found = M.settings()
  if not found or not M.can_open_windows() then
    return
  end
  if draft.answer and not draft.answer.runs[#draft.answer.runs].over then
    return notify.fault('this answer is still coming: <C-c> stops it')
  end
  local request = request_of(draft, found)
  local place = { mods = draft.mods, split = found.split }
  local same = view.in_flight(request)
  if same then
    view.show(same.answer, place)
    return notify.info('this question is being answered already')
  end
  local idle = #view.running() == 0
  local run, fault = view.begin(request, {
    title = title_of(draft),
    source = draft.source,
    answer = draft.answer,
    replaces = draft.replaces,
    place = place,
  })
  if not run then
    return notify.fault(fault)
  end
  send(run, found.host_path, idle)
end

local function with_words(draft, go)
  local prompt = draft.prompt
  if draft.text ~= '' or (prompt.name ~= 'ask' and vim.trim(prompt.template) ~= '{{text}}') then
    return go()
  end
  compat.input({ prompt = 'Ask: ' }, function(words)
    if words and words:find('%S') then
      draft.text = words
      go()
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
    end
  end)
end

-- In an answer the question goes on with that conversation.
local function join_conversation(draft)
  local answer = view.answer_of(draft.source)
  if not answer then
    return true
  end
  if not answer.runs[#answer.runs].over then
    notify.fault('this answer is still coming: <C-c> stops it')
    return false
  end
  draft.answer, draft.history = answer, view.history(answer)
  return true
end

--- Where a question is asked from and what it is about, looked at once, before anything is asked back: a
--- picker may take the selection away.
---@param opts table what a command gets
---@return {context: askedit.Context, source: integer, mods: string}
function M.scene(opts)
  return {
    context = context.capture(opts),
    source = vim.api.nvim_get_current_buf(),
    mods = opts.mods or '',
  }
end

--- Starts a question with a prompt. Says what is missing.
---@param prompt askedit.Prompt
---@param text string
---@param scene {context: askedit.Context, source: integer, mods: string}
function M.start(prompt, text, scene)
  local about = scene.context
  if prompt.context == 'selection' and not about.code then
    return notify.fault(('/%s needs code: select some first, or give a range'):format(prompt.name))
  end
  local draft = {
    prompt = prompt,
    text = text,
    context = prompt.context == 'none' and {} or about,
    source = scene.source,
    mods = scene.mods,
    history = {},
  }
  if not M.settings() or not M.can_open_windows() or not join_conversation(draft) then
    return
  end
  with_words(draft, function()
    with_consent(draft, function()
      M.submit(draft)
    end)
  end)
end

--- Asks a run's question again with the context it had; `text` takes the place of its words.
---@param run askedit.Run
---@param text string '' = the same words
---@param mods string
function M.again(run, text, mods)
  local name = run.request.prompt.name
  local prompt, fault = prompts.get(name)
  if not prompt then
    return notify.fault(fault or ('the prompt /%s is gone'):format(name))
  end
  if not M.settings() or not M.can_open_windows() then
    return
  end
  if not run.over then
    M.stop(run)
    view.fail({ run }, 'cancelled', 'stopped')
  end
  M.submit({
    replaces = run,
    prompt = prompt,
    text = text ~= '' and text or run.request.prompt.text,
    context = run.request.context,
    source = run.source,
    mods = mods,
    answer = run.answer,
    history = run.request.history,
  })
end

--- Asks the host to stop a run; its end comes back as any other.
---@param run askedit.Run
function M.stop(run)
  view.mark_stopping(run)
  host.notify('stop', { id = run.id })
end

return M
