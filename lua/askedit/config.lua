--- The settings as they are: put together from where users set them, looked at for faults, and with the
--- provider entry that is to be used. What they are is in options.lua.
local options = require('askedit.options')
local services = require('askedit.services')

local M = {}

local given = {}
-- What :Ask /model chose for the session.
local chosen = {} ---@type {name?: string, label?: string, model?: string}

-- Each question comes through here before its request goes out, so this does without the functions of Neovim
-- that check their arguments.
local function extended(base, more)
  local map = {}
  for key, value in pairs(base) do
    map[key] = value
  end
  for key, value in pairs(more) do
    map[key] = value
  end
  return map
end

--- An entry as it goes over the wire: what is only for choosing stays here.
---@param entry askedit.Provider
---@return table
function M.on_the_wire(entry)
  local wire = extended(entry, {})
  wire.name, wire.models, wire.pick_model, wire.ports = nil, nil, nil, nil
  return wire
end

-- Faults -------------------------------------------------------------------------------------------------

local function keys_of(rows, fits)
  local keys = {}
  for _, row in ipairs(rows) do
    if fits(row) then
      keys[#keys + 1] = row.key
    end
  end
  return keys
end

local function unknown_key(map, rows, prefix, fits)
  local known = {}
  for _, row in ipairs(rows) do
    known[row.key] = fits(row)
  end
  for key in pairs(map) do
    if not known[key] then
      local accepted = table.concat(keys_of(rows, fits), ' ')
      return ('no setting %s%s; accepted: %s'):format(prefix, tostring(key), accepted)
    end
  end
end

local function wrong_value(map, rows, prefix)
  for _, row in ipairs(rows) do
    local value = map[row.key]
    if value ~= nil and not row.check(value) then
      return ('%s%s accepts %s'):format(prefix, row.key, row.accepts)
    end
  end
end

local function is_known_dialect(dialect)
  return dialect == 'light_chat' or dialect == 'openai_chat'
end

-- What only the whole entry tells, whose dialect is known. `prefix`: how the user has written it.
local function fault_in_entry(entry, prefix)
  if not is_known_dialect(entry.dialect) then
    return nil
  end
  local map = M.on_the_wire(entry)
  map.models = entry.models
  local fault = unknown_key(map, options.entry_rows, prefix, function(row)
    return row.dialect == nil or row.dialect == entry.dialect
  end)
  if not fault and not entry.url then
    fault = prefix .. 'url is not set; it accepts an address such as https://host/path'
  end
  return fault
end

-- First fault in one map of settings, as a sentence.
local function fault_in(map, where)
  if type(map) ~= 'table' then
    return where .. ' accepts a map of settings'
  end
  local fault = wrong_value(map, options.rows, '')
    or unknown_key(map, options.rows, '', function()
      return true
    end)
  if fault then
    return fault
  end
  if type(map.provider) == 'table' then
    fault = wrong_value(map.provider, options.entry_rows, 'provider.')
  end
  for name, entry in pairs(map.providers or {}) do
    fault = fault or wrong_value(entry, options.entry_rows, ('providers.%s.'):format(name))
  end
  return fault
end

-- Entries ------------------------------------------------------------------------------------------------

local function absolute(path)
  return (vim.fn.fnamemodify(path, ':p'):gsub('(.)/$', '%1'))
end

local function with_paths_resolved(entry)
  local path = (entry.key or ''):match('^file:(.+)')
  if path then
    entry.key = 'file:' .. absolute(path)
  end
  if entry.ca then
    entry.ca = absolute(entry.ca)
  end
  return entry
end

local function known(name)
  for _, service in ipairs(services) do
    if service.name == name then
      return extended(service, {})
    end
  end
end

local function entry_named(config, name)
  local base, own = known(name), config.providers[name]
  if base or own then
    local entry = extended(extended(base or { dialect = 'openai_chat' }, own or {}), { name = name })
    return with_paths_resolved(entry)
  end
end

--- All entries that have a name: the known ones, then those of the user.
---@param config askedit.Config
---@return askedit.Provider[]
function M.entries(config)
  local list = {}
  for _, service in ipairs(services) do
    list[#list + 1] = entry_named(config, service.name)
  end
  local own = vim.tbl_keys(config.providers)
  table.sort(own)
  for _, name in ipairs(own) do
    if not known(name) then
      list[#list + 1] = entry_named(config, name)
    end
  end
  return list
end

--- Whether the key of an entry is there. It is not looked at.
---@param entry askedit.Provider
---@return boolean
function M.has_key(entry)
  local kind, source = (entry.key or ''):match('^(%a+):(.*)$')
  if kind == 'env' then
    return (vim.env[source] or '') ~= ''
  end
  return kind == 'file' and vim.fn.filereadable(source) == 1
end

local function first_with_key(config)
  for _, entry in ipairs(M.entries(config)) do
    if M.has_key(entry) then
      return entry
    end
  end
  return entry_named(config, 'light_chat')
end

local function names_of(entries)
  return table.concat(
    vim.tbl_map(function(entry)
      return entry.name
    end, entries),
    ' '
  )
end

local function pick_entry(config)
  local picked = chosen.name and entry_named(config, chosen.name)
  if picked then
    return picked
  end
  local provider = config.provider
  if type(provider) == 'table' then
    return with_paths_resolved(extended(provider, {}))
  end
  if provider == '' then
    return first_with_key(config)
  end
  local entry = entry_named(config, provider)
  if entry then
    return entry
  end
  return nil, 'provider accepts a map or a name: ' .. names_of(M.entries(config))
end

--- What the user reads where an entry is meant.
---@param entry askedit.Provider
---@return string
function M.label(entry)
  return entry.name or entry.url or entry.dialect
end

--- Chooses for the session, until Neovim ends or the settings have no such entry any more.
---@param entry askedit.Provider
---@param model string
function M.choose(entry, model)
  chosen = { name = entry.name, label = M.label(entry), model = model }
end

-- Putting together ---------------------------------------------------------------------------------------

--- Keeps the settings given to setup(). They are looked at when they are first used.
---@param opts table|nil
function M.set(opts)
  given = opts == nil and {} or opts
end

-- `second` over `first` over the defaults: key by key, also in the entries, but the value of one setting of
-- an entry is one value.
local function merged(first, second)
  local config = {}
  for _, row in ipairs(options.rows) do
    config[row.key] = row.default
  end
  config = extended(extended(config, first), second)
  config.keys = extended(extended(options.default_keys, first.keys or {}), second.keys or {})
  config.providers = extended(config.providers, {})
  for name, entry in pairs(first.providers or {}) do
    config.providers[name] = extended(entry, config.providers[name] or {})
  end
  if type(first.provider) == 'table' and type(second.provider) == 'table' then
    config.provider = extended(first.provider, second.provider)
  end
  return config
end

-- A map as `provider` that names no other dialect changes the entry light_chat. Returns how the user has
-- written that entry.
local function place_of_light_chat(config)
  local map = config.provider
  if type(map) ~= 'table' or (map.dialect or 'light_chat') ~= 'light_chat' then
    return 'providers.light_chat.'
  end
  config.providers.light_chat = extended(config.providers.light_chat or {}, map)
  config.provider = 'light_chat'
  return 'provider.'
end

local function fault_in_entries(config, light_chat)
  local names = vim.tbl_keys(config.providers)
  table.sort(names)
  for _, name in ipairs(names) do
    local prefix = name == 'light_chat' and light_chat or ('providers.%s.'):format(name)
    local fault = fault_in_entry(entry_named(config, name), prefix)
    if fault then
      return fault
    end
  end
  return type(config.provider) == 'table' and fault_in_entry(config.provider, 'provider.') or nil
end

local function complete(config)
  local fault = fault_in_entries(config, place_of_light_chat(config))
  if fault then
    return nil, fault
  end
  local entry
  entry, fault = pick_entry(config)
  if not entry then
    return nil, fault
  end
  config.provider = entry
  entry.model = config.model ~= '' and config.model or entry.model
  if chosen.label == M.label(entry) then
    entry.model = chosen.model
  end
  if config.host_path ~= '' then
    config.host_path = absolute(config.host_path)
  end
  return config
end

--- The settings where nothing is set.
---@return askedit.Config
function M.defaults()
  local config = merged({}, {})
  config.provider = entry_named(config, 'light_chat')
  return config
end

-- Vim script's v:null is as good as not set.
local function without_null(value)
  if type(value) ~= 'table' then
    return value
  end
  local map = {}
  for key, item in pairs(value) do
    if item ~= vim.NIL then
      map[key] = without_null(item)
    end
  end
  return map
end

--- The settings as they are now: setup() over vim.g.askedit over the defaults, key by key. `provider` is the
--- entry that is to be used.
---@return askedit.Config|nil config
---@return string|nil fault one sentence, if a setting is wrong; then there is no config
function M.get()
  local global, own = without_null(vim.g.askedit), without_null(given)
  if global == nil or global == vim.NIL then
    global = {}
  end
  local fault = fault_in(own, 'setup()') or fault_in(global, 'vim.g.askedit')
  if fault then
    return nil, fault
  end
  return complete(merged(global, own))
end

return M
