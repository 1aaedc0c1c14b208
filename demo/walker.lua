-- Who walks through the tour: its keys in a real Neovim, and looks at what that shows.

local folder = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local Screen = dofile(folder .. '/screen.lua')

local M = {}

local WIDTH, HEIGHT = 80, 24
local BAR = 'DEMO · scripted replies, no AI · 127.0.0.1'
local MOST_PAGES = 20

local token = assert(vim.env.ASKEDIT_DEMO_TOKEN, 'started by scripts/demo only')
local screen = Screen.start({ '--clean', '-u', folder .. '/init.lua' }, WIDTH, HEIGHT)
M.screen = screen

---@param line string
function M.out(line)
  io.stdout:write(line, '\n')
end

---@param holds any
---@param what string for the failure: what is missing if it does not hold
function M.check(holds, what)
  return holds or error({ missing = what })
end

function M.print_screen()
  M.out('+' .. ('-'):rep(WIDTH) .. '+')
  for _, line in ipairs(screen:lines()) do
    M.out('|' .. line .. (' '):rep(WIDTH - vim.fn.strdisplaywidth(line)) .. '|')
  end
  M.out('+' .. ('-'):rep(WIDTH) .. '+')
end

---Prints the screen as it is now, after what holds for every screen of the demo.
function M.present()
  M.check(screen:shows(BAR), 'the bar')
  M.check(not table.concat(screen:lines(), '\n'):find(token, 1, true), 'a screen without the token')
  M.print_screen()
end

---Runs Lua in the Neovim of the demo.
---@param code string
function M.lua(code)
  return screen:request('nvim_exec_lua', code, {})
end

---The text of the current buffer.
---@return string
function M.text()
  return M.lua('return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), "\\n")')
end

---What the screen shows of the current window.
local function in_window()
  local place = M.lua([[
    local position = vim.api.nvim_win_get_position(0)
    return { position[1], position[2], vim.api.nvim_win_get_height(0), vim.api.nvim_win_get_width(0) }]])
  return screen:cut(unpack(place))
end

---The rows that the screen shows of the current window, line numbers and blanks around them left out.
---@return string[]
function M.rows()
  local rows = {}
  for row in in_window():gmatch('[^\n]+') do -- vim.split() of 0.7.2 does not always end
    rows[#rows + 1] = vim.trim((row:gsub('^ *%d+ ', '')))
  end
  return rows
end

---How many rows of the current window begin with that text.
---@param text string
---@return integer
function M.count(text)
  return #vim.tbl_filter(function(row)
    return vim.startswith(row, text)
  end, M.rows())
end

---Whether a row that begins with `below` is the one below the row that begins with `above`.
---@param above string
---@param below string
---@return boolean
function M.is_below(above, below)
  local rows = M.rows()
  for i = 2, #rows do
    if vim.startswith(rows[i - 1], above) and vim.startswith(rows[i], below) then
      return true
    end
  end
  return false
end

---Reads the current window from its first line on to the end of its text, page by page. Each word of the text
---has to be on a page, in one piece, unless it is in a fold.
---@return string pages
function M.read_on()
  local text = M.lua([[
    local lines = {}
    for number = vim.fn.line('w0'), vim.fn.line('$') do
      lines[#lines + 1] = vim.fn.foldclosed(number) < 0 and vim.fn.getline(number) or nil
    end
    return table.concat(lines, ' ')]])
  local pages = {}
  repeat
    if #pages > 0 then
      screen:press('<C-f>')
    end
    M.lua('vim.cmd("redraw")')
    M.present()
    pages[#pages + 1] = in_window()
  until M.lua('return vim.fn.line("w$") == vim.fn.line("$")') or #pages == MOST_PAGES
  local all = table.concat(pages, '\n')
  for word in text:gmatch('[%w_\128-\255]+') do
    M.check(all:find(word, 1, true), '"' .. word .. '" on one of the screens')
  end
  return all
end

---Picks a name from the list at the bottom of the screen. Its number depends on what else is there.
---@param name string
function M.choose(name)
  local number = screen:wait('the choice ' .. name, function()
    return table.concat(screen:lines(), '\n'):match('\n(%d+): ' .. vim.pesc(name))
  end)
  M.present()
  screen:input(number .. '<CR>')
end

---The process of the host, while there is one.
---@return integer
function M.host_pid()
  return M.lua([[
    for _, channel in ipairs(vim.api.nvim_list_chans()) do
      if channel.mode == 'rpc' and channel.stream == 'job' then return vim.fn.jobpid(channel.id) end
    end]])
end

---A process that has ended may still be listed, as a zombie, until its parent asks for it.
local function runs(pid)
  local file = io.open(('/proc/%d/stat'):format(pid))
  local state = file and file:read('*a'):match('%) (%a)')
  if file then
    file:close()
  end
  return state ~= nil and state ~= 'Z'
end

---@param pid integer
function M.check_gone(pid)
  M.check(
    vim.wait(1000, function()
      return not runs(pid)
    end, 10),
    'the end of the host within a second'
  )
end

return M
