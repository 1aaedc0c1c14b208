-- The picture of a review: presses its keys in a real Neovim, and writes what that shows to doc/review.svg.
-- Run by scripts/picture. Exit code 0 if it was written, else 1.

local folder = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local root = vim.fn.fnamemodify(folder, ':h')
local Screen = dofile(folder .. '/screen.lua')
local svg = dofile(folder .. '/svg.lua')

local WIDTH, HEIGHT = 80, 25
local TITLE = 'A change in review: the first hunk taken, the second rejected, the third under the cursor, '
  .. 'and more to come'

-- Nothing but the code. The colors of the change are those that the plugin takes from the color scheme, which
-- has been there since 0.10.
local LOOK = [[
  only
  set showtabline=0 laststatus=0 noshowcmd noshowmode noruler termguicolors background=dark
  colorscheme retrobox
  edit week.cpp
]]

local function lua(screen, code, ...)
  return screen:request('nvim_exec_lua', code, { ... })
end

local function review(screen)
  screen:see('Tour')
  screen:press('<Esc>')
  lua(screen, 'vim.cmd(...)', LOOK)
  screen:input(':Ask /model stream<CR>')
  screen:see('1: scripted-large')
  screen:press('1<CR>11Gzt:11,$Ask /refactor take your time<CR>')
  screen:see('i < days')
  screen:press(']cgh]cgH')
  screen:see('hunk 3')
  screen:press(']c')
  screen:see('return day.high')
  screen:see('1 taken')
  lua(screen, [[
    vim.fn.winrestview({ topline = 11 })
    vim.cmd('echo "" | redraw')
  ]])
  -- The third hunk. Neovim draws first and then says where the cursor is.
  screen:wait('the cursor at its place', function()
    local place = lua(screen, 'return vim.fn.screenpos(0, 21, 1)')
    return screen.cursor.row == place.row - 1 and screen.cursor.column == place.col - 1
  end)
end

local function write(screen)
  local file = assert(io.open(root .. '/doc/review.svg', 'w'))
  assert(file:write(svg.of(screen, TITLE)))
  assert(file:close())
end

local screen = Screen.start({ '--clean', '-u', folder .. '/init.lua' }, WIDTH, HEIGHT)
local done, fault = pcall(review, screen)
if done then
  done, fault = pcall(write, screen)
end
io.stdout:write(table.concat(screen:lines(), '\n'), '\n')
if not done then
  io.stdout:write('\nFAILED: missing ', type(fault) == 'table' and fault.missing or tostring(fault), '\n')
end
screen:kill()
io.stdout:flush()
vim.cmd(done and 'qall!' or 'cquit')
