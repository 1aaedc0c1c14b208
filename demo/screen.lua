-- A Neovim in a child process with a screen attached: keys in, screen out. Every wait has an end.

local uv = vim.uv or vim.loop

---@class askedit.demo.Screen
---@field rows string[][] the cells of the screen; '' is the right half of a wide character
---@field looks integer[][] how each cell looks: the number of an entry in `attributes`, 0: none
---@field attributes table<integer, table> as `hl_attr_define` of `:help ui-linegrid` gives them
---@field colors {foreground: integer, background: integer} where an entry says nothing
---@field cursor {row: integer, column: integer, shape: string} row and column count from 0
---@field dead boolean whether the child has ended
local Screen = {}
Screen.__index = Screen

---How long anything may take before the tour has failed, in milliseconds.
Screen.patience = 15000

-- Keys are handled some time after they were put in. This one, put in after them, tells that they were.
local PRESSED = [[
  vim.g.pressed = 0
  vim.keymap.set({ 'n', 'x', 'i' }, '<F12>', '<Cmd>let g:pressed += 1<CR>')
]]

---@param args string[] of nvim, besides --embed
---@param width integer
---@param height integer
---@return askedit.demo.Screen
function Screen.start(args, width, height)
  local self = setmetatable({
    rows = {},
    looks = {},
    attributes = {},
    colors = {},
    cursor = { row = 0, column = 0, shape = 'block' },
    modes = {},
    replies = {},
    last_id = 0,
    pressed = 0,
    dead = false,
  }, Screen)
  local stdout = uv.new_pipe(false)
  self.stdin = uv.new_pipe(false)
  local options = { args = vim.list_extend({ '--embed' }, args), stdio = { self.stdin, stdout, nil } }
  self.process = assert(uv.spawn(vim.v.progpath, options, function()
    self.dead = true
  end))
  self:listen(stdout)
  self:request('nvim_ui_attach', width, height, { ext_linegrid = true, rgb = true })
  self:request('nvim_exec_lua', PRESSED, {})
  return self
end

function Screen:listen(stdout)
  local function handle(_, data)
    return vim.mpack.decode(data)
  end
  local unpack_message = vim.mpack.Unpacker({ ext = { [0] = handle, [1] = handle, [2] = handle } })
  stdout:read_start(function(_, data)
    local position = 1
    while data and position <= #data do
      local message
      message, position = unpack_message(data, position)
      if message and message[1] == 1 then
        self.replies[message[2]] = message
      elseif message and message[2] == 'redraw' then
        self:redraw(message[3])
      end
    end
  end)
end

local events = {}

function events.grid_resize(self, _, width, height)
  self.rows, self.looks = {}, {}
  for row = 1, height do
    self.rows[row], self.looks[row] = {}, {}
    for column = 1, width do
      self.rows[row][column], self.looks[row][column] = ' ', 0
    end
  end
end

function events.grid_clear(self)
  events.grid_resize(self, 1, #self.rows[1], #self.rows)
end

function events.grid_line(self, _, row, column, cells)
  local look
  for _, cell in ipairs(cells) do
    look = cell[2] or look
    for _ = 1, cell[3] or 1 do
      column = column + 1
      self.rows[row + 1][column], self.looks[row + 1][column] = cell[1], look
    end
  end
end

function events.grid_scroll(self, _, top, bottom, left, right, count)
  local from, to, step = top + 1, bottom - count, 1
  if count < 0 then
    from, to, step = bottom, top + 1 - count, -1
  end
  for row = from, to, step do
    for column = left + 1, right do
      self.rows[row][column] = self.rows[row + count][column]
      self.looks[row][column] = self.looks[row + count][column]
    end
  end
end

function events.grid_cursor_goto(self, _, row, column)
  self.cursor.row, self.cursor.column = row, column
end

function events.hl_attr_define(self, look, attributes)
  self.attributes[look] = attributes
end

function events.default_colors_set(self, foreground, background)
  self.colors = { foreground = foreground, background = background }
end

function events.mode_info_set(self, _, modes)
  self.modes = modes
end

function events.mode_change(self, _, number)
  self.cursor.shape = (self.modes[number + 1] or {}).cursor_shape or 'block'
end

function Screen:redraw(batch)
  for _, event in ipairs(batch) do
    local apply = events[event[1]]
    for i = 2, apply and #event or 1 do
      apply(self, unpack(event[i]))
    end
  end
end

---@param what string for the failure: what was waited for
---@param happened fun(): any
function Screen:wait(what, happened)
  local result
  local ends = uv.hrtime() + self.patience * 1e6 -- vim.wait() of 0.7.2 does not count short waits
  vim.wait(self.patience, function()
    result = happened()
    return result or self.dead or uv.hrtime() > ends
  end, 10)
  return result or error({ missing = what .. (self.dead and ' (Neovim has ended)' or '') })
end

---Calls the child's API.
function Screen:request(method, ...)
  self.last_id = self.last_id + 1
  local id = self.last_id
  self.stdin:write(vim.mpack.encode({ 0, id, method, { ... } }))
  local reply = self:wait('a reply to ' .. method, function()
    return self.replies[id]
  end)
  self.replies[id] = nil
  if reply[3] ~= vim.NIL then
    error({ missing = method .. ': ' .. tostring(reply[3][2]) })
  end
  return reply[4]
end

---Puts keys in, named as in `:help key-notation`.
function Screen:input(keys)
  self:request('nvim_input', keys)
end

---Puts keys in and waits until Neovim has handled them. A prompt that wants an answer is a failure.
function Screen:press(keys)
  self.pressed = self.pressed + 1
  self:input(keys .. '<F12>')
  self:wait('Neovim to handle ' .. keys, function()
    return self:request('nvim_get_var', 'pressed') == self.pressed
  end)
end

function Screen:lines()
  local lines = {}
  for i, row in ipairs(self.rows) do
    lines[i] = table.concat(row):gsub('%s+$', '')
  end
  return lines
end

---The text of a part of the screen; row and column count from 0.
---@return string
function Screen:cut(row, column, height, width)
  local lines = {}
  for i = row + 1, row + height do
    lines[#lines + 1] = table.concat(self.rows[i], '', column + 1, column + width)
  end
  return table.concat(lines, '\n')
end

---Whether the screen shows the text, in one line.
function Screen:shows(text)
  for _, line in ipairs(self:lines()) do
    if line:find(text, 1, true) then
      return true
    end
  end
  return false
end

---Waits until the screen shows the text.
function Screen:see(text)
  self:wait('"' .. text .. '" on the screen', function()
    return self:shows(text)
  end)
end

---Waits until the screen does not show the text any more.
function Screen:miss(text)
  self:wait('a screen without "' .. text .. '"', function()
    return not self:shows(text)
  end)
end

function Screen:kill()
  if not self.dead then
    self.process:kill('sigkill')
  end
end

return Screen
