--- Writes two parts of doc/askedit.txt: the options from the tables in lua/askedit/options.lua and the
--- services from lua/askedit/services.lua, each between the line with the tag *askedit-options* or
--- *askedit-services* and the next ruler. With `--check` it writes nothing and fails if the file differs.
---
---   nvim --clean --headless -c 'luafile scripts/gen_help.lua' -c 'qall!'
---   nvim --clean --headless --cmd "lua arg = { '--check' }" \
---     -c "lua if not pcall(dofile, 'scripts/gen_help.lua') then vim.cmd('cq') end" -c 'qall!'
local root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h')
local help = root .. '/doc/askedit.txt'
package.path = root .. '/lua/?.lua;' .. package.path
local options = require('askedit.options')
local services = require('askedit.services')

local WIDTH = 78
local INDENT = (' '):rep(8)

local function wrap(text, indent)
  local lines, line = {}, indent
  for word in text:gmatch('%S+') do
    if #line + #word + 1 > WIDTH and line ~= indent then
      lines[#lines + 1] = line
      line = indent
    end
    line = line .. (line == indent and '' or ' ') .. word
  end
  lines[#lines + 1] = line
  return lines
end

local function default_of(row)
  if row.default == nil then
    return 'not set'
  end
  return (vim.inspect(row.default):gsub('^"(.*)"$', "'%1'"))
end

local function entry(row, prefix)
  local key = prefix .. row.key
  local tag = ('*askedit-%s*'):format(key)
  local lines = { ('%s%s'):format((' '):rep(WIDTH - #tag), tag), key }
  local only = row.dialect and ('Of dialect %s. '):format(row.dialect) or ''
  vim.list_extend(lines, wrap(only .. row.doc, INDENT))
  vim.list_extend(lines, wrap('Accepts ' .. row.accepts:gsub('^%u%l', string.lower) .. '.', INDENT))
  vim.list_extend(lines, wrap('Default: ' .. default_of(row), INDENT))
  lines[#lines + 1] = ''
  return lines
end

local INTRO = [[

Set them in vim.g.askedit or with setup(), before or after the plugin is
loaded. Both may be used; setup() wins, key by key. What is not set keeps its
default. >

        vim.g.askedit = { language = 'Chinese' }
        require('askedit').setup({ provider = 'openai', model = 'gpt-4' })
<
They are read at each question. A wrong one is one sentence that names it and
what it accepts, and nothing is sent until it is put right.
]]

local ENTRIES = [[
The settings of an entry stand in the map `provider`, or under the name of the
entry in `providers`. Here they are written in the first way.
]]

local function part_of_options()
  local lines = vim.split(INTRO, '\n', { plain = true })
  for _, row in ipairs(options.rows) do
    vim.list_extend(lines, entry(row, ''))
  end
  vim.list_extend(lines, vim.split(ENTRIES, '\n', { plain = true }))
  for _, row in ipairs(options.entry_rows) do
    vim.list_extend(lines, entry(row, 'provider.'))
  end
  return lines
end

local function part_of_services()
  local lines = { '', '        name        address, and where the key is looked for >', '' }
  for _, service in ipairs(services) do
    lines[#lines + 1] = ('        %-11s %s'):format(service.name, service.url)
    local key = service.key and '$' .. service.key:sub(5) or '(no key)'
    lines[#lines + 1] = ('        %-11s %s'):format('', key)
  end
  lines[#lines + 1] = '<'
  return lines
end

-- Puts `part` in the place of what stands between the line with the tag and the next ruler.
local function replaced(lines, tag, part)
  local out, inside, found = {}, false, false
  for _, line in ipairs(lines) do
    if inside and line:find('^[=-]+$') then
      inside = false
    end
    if not inside then
      out[#out + 1] = line
    end
    if line:find('*' .. tag .. '*', 1, true) then
      inside, found = true, true
      vim.list_extend(out, part)
    end
  end
  assert(found, ('no tag *%s* in %s'):format(tag, help))
  return out
end

local before = vim.fn.readfile(help)
local after = replaced(before, 'askedit-options', part_of_options())
after = replaced(after, 'askedit-services', part_of_services())
if (arg or {})[1] ~= '--check' then
  vim.fn.writefile(after, help)
elseif not vim.deep_equal(before, after) then
  error('doc/askedit.txt does not match lua/askedit/{options,services}.lua: run scripts/gen_help.lua', 0)
end
