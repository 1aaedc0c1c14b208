--- Writes the options part of doc/askedit.txt from the table in lua/askedit/config.lua: what stands between
--- the line with the tag *askedit-options* and the next ruler. With `--check` it writes nothing and fails if
--- the file differs.
---
---   nvim --clean --headless -c 'luafile scripts/gen_help.lua' -c 'qall!'
---   nvim --clean --headless --cmd "lua arg = { '--check' }" \
---     -c "lua if not pcall(dofile, 'scripts/gen_help.lua') then vim.cmd('cq') end" -c 'qall!'
local root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h')
local help = root .. '/doc/askedit.txt'
local config = dofile(root .. '/lua/askedit/config.lua')

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

local function entry(row)
  local tag = ('*askedit-%s*'):format(row.key)
  local lines = { ('%s%s'):format((' '):rep(WIDTH - #tag), tag), row.key }
  vim.list_extend(lines, wrap(row.doc, INDENT))
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
        require('askedit').setup({ provider = { model = 'gpt-4' } })
<
They are read at each question. A wrong one is one sentence that names it and
what it accepts, and nothing is sent until it is put right.
]]

local function generated()
  local lines = vim.split(INTRO, '\n', { plain = true })
  for _, row in ipairs(config.rows) do
    vim.list_extend(lines, entry(row))
  end
  return lines
end

local function replaced(lines)
  local out, inside, found = {}, false, false
  for _, line in ipairs(lines) do
    if inside and line:find('^====') then
      inside = false
    end
    if not inside then
      out[#out + 1] = line
    end
    if line:find('*askedit-options*', 1, true) then
      inside, found = true, true
      vim.list_extend(out, generated())
    end
  end
  assert(found, 'no tag *askedit-options* in ' .. help)
  return out
end

local before = vim.fn.readfile(help)
local after = replaced(before)
if (arg or {})[1] ~= '--check' then
  vim.fn.writefile(after, help)
elseif not vim.deep_equal(before, after) then
  error('doc/askedit.txt does not match lua/askedit/config.lua: run scripts/gen_help.lua', 0)
end
