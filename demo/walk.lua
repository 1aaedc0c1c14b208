-- The tour without a terminal: presses its keys in a real Neovim, checks each step, and prints the screens.
-- Run by scripts/demo. Exit code 0 if every check holds, else 1.

local folder = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local walker = dofile(folder .. '/walker.lua')

-- One step: what the user does, in words, and a function that does it with the same keys and looks.
-- `streamed` is what the steps tell each other.
local streamed = {}
local steps = {}
for _, name in ipairs({ 'answer', 'stream', 'change', 'hunks', 'leave' }) do
  vim.list_extend(steps, dofile(('%s/steps/%s.lua'):format(folder, name))(walker, streamed))
end

local function walk()
  for number, step in ipairs(steps) do
    walker.out(('\n%d of %d. %s'):format(number, #steps, step[1]))
    step[2]()
  end
end

local started = vim.loop.hrtime()
local done, fault = pcall(walk)
if done then
  local seconds = (vim.loop.hrtime() - started) / 1e9
  walker.out(('\nAll %d steps of the tour are as they should be (%.0f s).'):format(#steps, seconds))
else
  walker.print_screen()
  walker.out('\nFAILED: missing ' .. (type(fault) == 'table' and fault.missing or tostring(fault)))
  walker.screen:kill()
end
io.stdout:flush()
vim.cmd(done and 'qall!' or 'cquit')
