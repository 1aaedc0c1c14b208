--- Finds and reads prompts: `lua/askedit/prompts/NAME.lua` and `NAME.md` on the runtimepath, the first of a
--- name wins. They are read anew each time, so an edited file counts at once.
local M = {}

local FIELDS = {
  description = 'string',
  system = 'string',
  template = 'string',
  context = 'string',
  target = 'string',
  model = 'string',
}
local CONTEXTS = { selection = true, optional = true, none = true }
local TARGETS = { split = true, replace = true, insert = true }

-- What a model has to know where its answer is written into a file. A prompt with a system text of its own
-- says it in its own way.
local SYSTEMS = {
  replace = 'You are an experienced programmer who changes text inside an editor. Your answer takes the '
    .. 'place of exactly the text that you are given: answer with the new text for all of it in one fenced '
    .. 'code block, and with nothing before or after the block. Keep the indentation, the style and the line '
    .. 'breaks of the text, and change nothing that you are not asked to change. Do not repeat the lines '
    .. 'around it.',
  insert = 'You are an experienced programmer who writes text inside an editor. Your answer is put into the '
    .. 'file as it is: answer with the new text in one fenced code block, and with nothing before or after '
    .. 'the block. Use the style of the file and the indentation of the place. Do not repeat lines that are '
    .. 'there already.',
}

-- Files of prompts in the order of 'runtimepath'; `pattern` is that of a name.
local function files(pattern)
  return vim.api.nvim_get_runtime_file('lua/askedit/prompts/' .. pattern, true)
end

local function name_of(path)
  return path:match('/([%w_-]+)%.lua$') or path:match('/([%w_-]+)%.md$')
end

--- Names of all prompts, sorted.
---@return string[]
function M.names()
  local names = {}
  for _, path in ipairs(files('*')) do
    local name = name_of(path)
    if name and not vim.tbl_contains(names, name) then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

-- The file of one prompt.
local function file_of(name)
  if name:find('[^%w_-]') then
    return nil
  end
  for _, path in ipairs(files(name .. '.*')) do
    if name_of(path) == name then
      return path
    end
  end
end

-- "path:3: reason" as "line 3: reason", since the path is named already.
local function without_path(fault)
  local rest = fault:match(':(%d+: .*)$')
  return rest and 'line ' .. rest or fault
end

local function read_lua(path)
  local chunk, fault = loadfile(path)
  if not chunk then
    return nil, 'does not load: ' .. without_path(fault)
  end
  local ok, prompt = pcall(chunk)
  if not ok then
    return nil, 'fails: ' .. without_path(tostring(prompt))
  end
  if type(prompt) ~= 'table' then
    return nil, 'does not return a table'
  end
  return prompt
end

local function unquoted(value)
  return value:match('^"(.*)"$') or value:match("^'(.*)'$") or value
end

local function read_front_matter(head)
  local prompt = {}
  for line in head:gmatch('[^\n]+') do
    local key, value = line:match('^([%w_]+):%s*(.-)%s*$')
    if key then
      prompt[key] = unquoted(value)
    elseif line:find('%S') and not line:find('^%s*#') then
      return nil, ('has a line that is not "key: value" in its head: %s'):format(line)
    end
  end
  return prompt
end

local function read_markdown(path)
  local file, fault = io.open(path, 'rb')
  if not file then
    return nil, 'cannot be read: ' .. fault
  end
  local text = (file:read('*a') or ''):gsub('\r\n', '\n'):gsub('^\239\187\191', '')
  file:close()
  local head, body = ('\n' .. text):match('^\n%-%-%-[ \t]*\n(.-)\n?%-%-%-[ \t]*\n(.*)$')
  if not head then
    return { template = vim.trim(text) }
  end
  local prompt, wrong = read_front_matter(head)
  if prompt then
    prompt.template = vim.trim(body)
  end
  return prompt, wrong
end

local function fault_in(prompt)
  for key, value in pairs(prompt) do
    if not FIELDS[key] then
      local known = vim.tbl_keys(FIELDS)
      table.sort(known)
      return ('has an unknown field %s; known: %s'):format(tostring(key), table.concat(known, ', '))
    end
    if type(value) ~= FIELDS[key] then
      return ('needs a %s as %s'):format(FIELDS[key], key)
    end
  end
  if not prompt.template or prompt.template == '' then
    return 'has no template'
  end
  if prompt.context and not CONTEXTS[prompt.context] then
    return "accepts as context 'selection', 'optional' or 'none'"
  end
  if prompt.target and not TARGETS[prompt.target] then
    return "accepts as target 'split', 'replace' or 'insert'"
  end
end

--- Reads one prompt.
---@param name string
---@return askedit.Prompt|nil
---@return string|nil fault one sentence that names the file, or nil if there is no prompt of that name
function M.get(name)
  local path = file_of(name)
  if not path then
    return nil, nil
  end
  local read = path:find('%.lua$') and read_lua or read_markdown
  local prompt, fault = read(path)
  fault = prompt and fault_in(prompt) or fault
  if fault then
    return nil, ('prompt %s %s'):format(vim.fn.fnamemodify(path, ':~:.'), fault)
  end
  prompt.name = name
  prompt.context = prompt.context or 'optional'
  prompt.target = prompt.target or 'split'
  prompt.system = prompt.system or SYSTEMS[prompt.target]
  return prompt
end

return M
