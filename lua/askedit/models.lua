--- Whom to ask, and which model: lets the user choose for the session. Servers are asked for their models
--- through the host, without waiting.
local compat = require('askedit.compat')
local config = require('askedit.config')
local host = require('askedit.host')
local listeners = require('askedit.listeners')
local notify = require('askedit.notify')
local runs = require('askedit.runs')

local M = {}

-- Calls back with the names that the server tells, or with none and a sentence. After the host died it does
-- not: that is said already.
local function ask_server(found, entry, callback)
  local names = {}
  local id = listeners.listen(function(fields)
    names = fields.models or names
    local ending = fields['end']
    local fault = ending and ending.error
    local kind = fault and fault.kind
    -- The key may be put right in the environment, which only a new process sees.
    if (kind == 'key' or kind == 'auth') and #runs.running() == 0 then
      host.stop()
    end
    if kind == 'key' or kind == 'config' then
      notify.fault(fault.message)
    elseif ending and kind ~= 'host' then
      callback(names, fault and fault.message)
    end
  end)
  local fault = host.ensure(found.host_path, #runs.running() == 0)
    or host.notify('run', {
      id = id,
      kind = 'models',
      provider = config.on_the_wire(entry),
      prompt = vim.empty_dict(),
      context = vim.empty_dict(),
      history = {},
    })
  if fault then
    listeners.fail(fault, id)
    notify.fault(fault)
  end
end

local function choose(entry, model)
  config.choose(entry, model)
  notify.info(('%s is asked for %s from now on'):format(config.label(entry), model))
end

local function pick_from(entry, names, fault, go)
  if #names == 0 then
    names = entry.models or {}
  end
  if #names == 0 and entry.model then
    choose(entry, entry.model)
    return go()
  elseif #names == 0 then
    return notify.fault('no models, :Ask /model NAME sets one: ' .. (fault or 'the server lists none'))
  end
  local options = { prompt = 'Model of ' .. config.label(entry), kind = 'askedit' }
  compat.select(names, options, function(model)
    if model then
      choose(entry, model)
      go()
    end
  end)
end

local function pick_model(found, entry, go)
  -- The one dialect that cannot list them.
  if entry.dialect == 'light_chat' then
    return pick_from(entry, {}, 'a light-chat server has no list', go)
  end
  ask_server(found, entry, function(names, fault)
    -- A list that opens while somebody types would take what he types for a choice.
    compat.in_normal_mode(function()
      pick_from(entry, names, fault, go)
    end)
  end)
end

--- Whether a server that takes no request without a model would get none.
---@param entry askedit.Provider
---@return boolean
function M.is_missing(entry)
  return entry.pick_model == true and not entry.model
end

--- Lets the user choose a model of the entry in use, and goes on if one was chosen.
---@param found askedit.Config
---@param go fun()
function M.pick(found, go)
  pick_model(found, found.provider, go)
end

-- Those that could be asked: the one in use, those with a key, and those of the user.
local function usable(found)
  local list = { found.provider }
  for _, entry in ipairs(config.entries(found)) do
    local own = found.providers[entry.name] ~= nil
    if entry.name ~= found.provider.name and (own or config.has_key(entry)) then
      list[#list + 1] = entry
    end
  end
  return list
end

local function describe(entry)
  return ('%s  %s'):format(config.label(entry), entry.model or '')
end

--- `:Ask /model`: picks an entry if there are several, then one of its models. The name of an entry lists
--- its models; other words are a model of the entry in use.
---@param found askedit.Config
---@param words string
function M.choose(found, words)
  local function done() end
  for _, entry in ipairs(config.entries(found)) do
    if words == entry.name then
      return pick_model(found, entry, done)
    end
  end
  if words ~= '' then
    return choose(found.provider, words)
  end
  local entries = usable(found)
  if #entries == 1 then
    return pick_model(found, entries[1], done)
  end
  local options = { prompt = 'Whom to ask', kind = 'askedit', format_item = describe }
  compat.select(entries, options, function(entry)
    if entry then
      pick_model(found, entry, done)
    end
  end)
end

return M
