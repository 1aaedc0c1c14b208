--- The settings: one table says name, check, default and description, and everything else comes from it
--- (merging, error sentences, the options part of the help file).
local M = {}

-- `accepts` finishes the sentence "X accepts ...". `check` returns true for a good value.
local function is_string(value)
  return type(value) == 'string'
end

local function is_filled(value)
  return type(value) == 'string' and value ~= ''
end

local function one_of(...)
  local names = { ... }
  return function(value)
    return vim.tbl_contains(names, value)
  end
end

local function is_seconds(value)
  return type(value) == 'number' and value > 0 and value <= 86400
end

local function is_plain_map(value)
  if type(value) ~= 'table' or #value > 0 then
    return false
  end
  return (pcall(vim.mpack.encode, value))
end

local function is_key_source(value)
  return type(value) == 'string' and (value:find('^env:[%a_][%w_]*$') ~= nil or value:find('^file:.') ~= nil)
end

--- Suggestions only: the server decides which models it has.
M.models = { 'gpt-3.5-turbo-1106', 'gpt-3.5-turbo-16k', 'gpt-4', 'gpt-4-1106-preview' }

---@class askedit.ConfigRow
---@field key string dotted path
---@field default any nil = not set
---@field check fun(value: any): boolean
---@field accepts string
---@field doc string

---@type askedit.ConfigRow[]
M.rows = {
  {
    key = 'host_path',
    default = '',
    check = is_string,
    accepts = 'the path of askedit-host',
    doc = 'Program to start. Empty: `askedit-host` in $PATH, else the one that scripts/build made.',
  },
  {
    key = 'language',
    default = '',
    check = is_string,
    accepts = 'the name of a language',
    doc = 'Language of answers to prompts without words of yours, such as "Chinese". Empty: English. '
      .. 'A question with words is answered in the language of these words.',
  },
  {
    key = 'split',
    default = 'auto',
    check = one_of('auto', 'below', 'above', 'left', 'right', 'tab'),
    accepts = 'auto, below, above, left, right, tab',
    doc = 'Where the answer window opens. "auto": right of the source if the window has 160 columns, else '
      .. 'below. A modifier such as |:vertical| before `:Ask` wins.',
  },
  {
    key = 'provider.dialect',
    default = 'light_chat',
    check = is_filled,
    accepts = "the name of a wire dialect, such as 'light_chat'",
    doc = 'How the server is spoken to.',
  },
  {
    key = 'provider.url',
    default = 'https://chat.xutongbao.top/api/light/chat/createChatCompletion',
    check = is_filled,
    accepts = 'an address such as https://host/path',
    doc = 'Where requests go. `http:` is for the own machine only.',
  },
  {
    key = 'provider.model',
    default = M.models[1],
    check = is_filled,
    accepts = 'the name of a model, such as ' .. table.concat(M.models, ', '),
    doc = 'light chat documents ' .. table.concat(M.models, ', ') .. '; any other name is sent as it is.',
  },
  {
    key = 'provider.key',
    default = 'env:LIGHT_CHAT_TOKEN',
    check = is_key_source,
    accepts = "'env:NAME' or 'file:PATH', not a key itself",
    doc = 'Where the key comes from, never the key: an environment variable or a file with nothing else.',
  },
  {
    key = 'provider.timeout',
    default = 120,
    check = is_seconds,
    accepts = 'a number of seconds above 0, at most 86400',
    doc = 'Seconds without a byte from the server until an answer is given up.',
  },
  {
    key = 'provider.params',
    default = {},
    check = is_plain_map,
    accepts = 'a map of names to plain values',
    doc = 'Sent as `params`, as it is. The names `token`, `model` and `messages` are refused.',
  },
  {
    key = 'provider.system',
    default = 'message',
    check = one_of('message', 'merge'),
    accepts = "'message' or 'merge'",
    doc = 'Whether the system prompt is a message of its own or stands before the first question.',
  },
  {
    key = 'provider.ca',
    check = is_filled,
    accepts = 'the path of a file with CA certificates',
    doc = 'CA certificates to trust instead of those of the system.',
  },
}

local given = {}

local function known_keys(prefix)
  local keys = {}
  for _, row in ipairs(M.rows) do
    local key = row.key:match('^' .. prefix .. '([^.]+)')
    if key and not vim.tbl_contains(keys, key) then
      keys[#keys + 1] = key
    end
  end
  return keys
end

local function unknown_key(map, prefix)
  local keys = known_keys(prefix)
  for key in pairs(map) do
    if not vim.tbl_contains(keys, key) then
      return ('no setting %s%s; accepted: %s'):format(prefix, tostring(key), table.concat(keys, ' '))
    end
  end
end

local function lookup(map, key)
  for part in key:gmatch('[^.]+') do
    if type(map) ~= 'table' then
      return nil
    end
    map = map[part]
  end
  return map
end

-- First fault in one map of settings, as a sentence.
local function fault_in(map, where, dialect)
  if type(map) ~= 'table' then
    return where .. ' accepts a map of settings'
  end
  if map.provider ~= nil and type(map.provider) ~= 'table' then
    return 'provider accepts a map with: ' .. table.concat(known_keys('provider%.'), ' ')
  end
  for _, row in ipairs(M.rows) do
    local value = lookup(map, row.key)
    if value ~= nil and not row.check(value) then
      return ('%s accepts %s'):format(row.key, row.accepts)
    end
  end
  -- Settings of another dialect are judged by the host, which knows them.
  if dialect == 'light_chat' then
    return unknown_key(map, '') or unknown_key(map.provider or {}, 'provider.')
  end
  return unknown_key(map, '')
end

--- Keeps the settings given to setup(). They are looked at when they are first used.
---@param opts table|nil
function M.set(opts)
  given = opts == nil and {} or opts
end

local function absolute(path)
  return (vim.fn.fnamemodify(path, ':p'):gsub('(.)/$', '%1'))
end

local function with_paths_resolved(config)
  local provider = config.provider
  local path = provider.key:match('^file:(.+)')
  if path then
    provider.key = 'file:' .. absolute(path)
  end
  if provider.ca then
    provider.ca = absolute(provider.ca)
  end
  if config.host_path ~= '' then
    config.host_path = absolute(config.host_path)
  end
  return config
end

---@return askedit.Config
function M.defaults()
  local config = { provider = {} }
  for _, row in ipairs(M.rows) do
    local name = row.key:match('^provider%.(.+)')
    local map = name and config.provider or config
    map[name or row.key] = vim.deepcopy(row.default)
  end
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

--- The settings as they are now: setup() over vim.g.askedit over the defaults, key by key.
---@return askedit.Config|nil config
---@return string|nil fault one sentence, if a setting is wrong; then there is no config
function M.get()
  local global, given = without_null(vim.g.askedit), without_null(given) -- luacheck: ignore 431
  if global == nil or global == vim.NIL then
    global = {}
  end
  local dialect = lookup(given, 'provider.dialect') or lookup(global, 'provider.dialect') or 'light_chat'
  local fault = fault_in(given, 'setup()', dialect) or fault_in(global, 'vim.g.askedit', dialect)
  if fault then
    return nil, fault
  end
  local config = vim.tbl_deep_extend('force', M.defaults(), global, given)
  -- `params` is one value: the names of two places are not mixed.
  config.provider.params = lookup(given, 'provider.params') or lookup(global, 'provider.params') or {}
  return with_paths_resolved(config)
end

return M
