--- The settings as data: name, check, default and description. The sentences about wrong values and the
--- options part of the help file are made from it.
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

local function is_map(value)
  if type(value) ~= 'table' or #value > 0 then
    return false
  end
  return (pcall(vim.mpack.encode, value))
end

local function all(values, check)
  for _, value in pairs(values) do
    if not check(value) then
      return false
    end
  end
  return true
end

local function is_map_of_maps(value)
  return is_map(value) and all(value, is_map)
end

local function is_map_of_lines(value)
  return is_map(value)
    and all(value, function(item)
      return type(item) == 'string' and not item:find('[\r\n]')
    end)
end

local function is_provider(value)
  return type(value) == 'string' or is_map(value)
end

local function is_list_of_names(value)
  return type(value) == 'table' and all(value, is_filled)
end

local function is_key_source(value)
  return type(value) == 'string'
    and (value == '' or value:find('^env:[%a_][%w_]*$') ~= nil or value:find('^file:.') ~= nil)
end

M.default_keys = { accept = 'gh', reject = 'gH', open = 'gl', next = ']c', prev = '[c' }

local function is_map_of_keys(value)
  if type(value) ~= 'table' then
    return false
  end
  for name, lhs in pairs(value) do
    if not M.default_keys[name] or not (lhs == false or is_filled(lhs)) then
      return false
    end
  end
  local taken = {}
  for name, default in pairs(M.default_keys) do
    local lhs = value[name] == nil and default or value[name]
    if lhs and taken[lhs] then
      return false
    end
    taken[lhs] = true
  end
  return true
end

---@class askedit.ConfigRow
---@field key string
---@field default any nil = not set
---@field check fun(value: any): boolean
---@field accepts string
---@field doc string
---@field dialect? string only entries of this dialect have it

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
    key = 'keys',
    default = M.default_keys,
    check = is_map_of_keys,
    accepts = 'a map of accept, reject, open, next and prev to keys that differ, or to false for none',
    doc = 'Keys in a buffer with an open change, as long as there is one. See |askedit-change|.',
  },
  {
    key = 'provider',
    default = '',
    check = is_provider,
    accepts = "the name of an entry, or a map such as { key = 'file:PATH' }",
    doc = 'Whom to ask: the name of an entry of |askedit-services| or of `providers`, or an entry itself. '
      .. 'A map without `dialect` changes the entry light_chat. Empty: the first entry whose key is there, '
      .. 'light_chat first. A server on this machine needs no key, so it is never used unasked.',
  },
  {
    key = 'providers',
    default = {},
    check = is_map_of_maps,
    accepts = 'a map of names to entries',
    doc = 'Entries of your own, and changes to known ones.',
  },
  {
    key = 'model',
    default = '',
    check = is_string,
    accepts = 'the name of a model',
    doc = 'The model to ask for, instead of the one in the entry. |:Ask-/model| chooses for the session.',
  },
}

--- The settings of an entry. One of a dialect that is not named here is judged by the host alone.
---@type askedit.ConfigRow[]
M.entry_rows = {
  {
    key = 'dialect',
    check = is_filled,
    accepts = "the name of a wire dialect: 'light_chat' or 'openai_chat'",
    doc = 'How the server is spoken to. Not set: light_chat in `provider`, and openai_chat in an entry of '
      .. '`providers` that is not a known one.',
  },
  {
    key = 'url',
    check = is_filled,
    accepts = 'an address such as https://host/path',
    doc = 'Where requests go. `http:` is for the own machine only. light_chat: the whole address. '
      .. 'openai_chat: the base, with or without `/v1`; one that ends in `/chat/completions` is taken as '
      .. 'it is, which also reaches a server without `/v1`.',
  },
  {
    key = 'model',
    check = is_filled,
    accepts = 'the name of a model',
    doc = 'The model, as the server calls it. Not set: none is named, and a server with one model uses it.',
  },
  {
    key = 'key',
    check = is_key_source,
    accepts = "'env:NAME' or 'file:PATH', not a key itself",
    doc = 'Where the key comes from, never the key: an environment variable or a file with nothing else. '
      .. 'Empty: the server wants none.',
  },
  {
    key = 'models',
    check = is_list_of_names,
    accepts = 'a list of names of models',
    doc = 'What |:Ask-/model| offers if the server does not list its models.',
  },
  {
    key = 'timeout',
    check = is_seconds,
    accepts = 'a number of seconds above 0, at most 86400',
    doc = 'Seconds without a byte from the server until an answer is given up. Not set: 120; 600 for a '
      .. 'server on this machine, which may have to load its model.',
  },
  {
    key = 'ca',
    check = is_filled,
    accepts = 'the path of a file with CA certificates',
    doc = 'CA certificates to trust instead of those of the system.',
  },
  {
    key = 'params',
    dialect = 'light_chat',
    default = {},
    check = is_map,
    accepts = 'a map of names to values',
    doc = 'Sent as `params`, as it is. The names `token`, `model` and `messages` are refused.',
  },
  {
    key = 'system',
    dialect = 'light_chat',
    default = 'message',
    check = one_of('message', 'merge'),
    accepts = "'message' or 'merge'",
    doc = 'Whether the system prompt is a message of its own or stands before the first question.',
  },
  {
    key = 'body',
    dialect = 'openai_chat',
    default = {},
    check = is_map,
    accepts = 'a map of names to values',
    doc = 'More fields of the request, such as `{ temperature = 0.2, max_completion_tokens = 500 }`; no '
      .. 'sampling or limit is sent unless it stands here. `false` removes a field that is sent otherwise, '
      .. 'such as `stream_options`; inside of a map it is sent. The names `messages` and `stream` are '
      .. 'refused.',
  },
  {
    key = 'headers',
    dialect = 'openai_chat',
    default = {},
    check = is_map_of_lines,
    accepts = 'a map of names to one-line strings',
    doc = 'More headers of the request, such as `{ ["X-Title"] = "askedit" }`. Not for keys.',
  },
  {
    key = 'think',
    dialect = 'openai_chat',
    default = 'auto',
    check = one_of('auto', 'opened', 'off'),
    accepts = "'auto', 'opened' or 'off'",
    doc = 'Thoughts that a model writes into its answer. "auto": `<think>` at the very start opens them. '
      .. '"opened": the answer begins with thoughts, without the tag, and `</think>` ends them. "off": all '
      .. 'is answer.',
  },
}

return M
