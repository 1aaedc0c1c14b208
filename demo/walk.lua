-- The tour without a terminal: presses its keys in a real Neovim, checks each step, and prints the screens.
-- Run by scripts/demo. Exit code 0 if every check holds, else 1.

local folder = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local Screen = dofile(folder .. '/screen.lua')

local WIDTH, HEIGHT = 80, 24
local BAR = 'DEMO · scripted replies, no AI · 127.0.0.1'

local token = assert(vim.env.ASKEDIT_DEMO_TOKEN, 'started by scripts/demo only')
local screen = Screen.start({ '--clean', '-u', folder .. '/init.lua' }, WIDTH, HEIGHT)

local function out(line)
  io.stdout:write(line, '\n')
end

local function check(holds, what)
  return holds or error({ missing = what })
end

local function print_screen()
  out('+' .. ('-'):rep(WIDTH) .. '+')
  for _, line in ipairs(screen:lines()) do
    out('|' .. line .. (' '):rep(WIDTH - vim.fn.strdisplaywidth(line)) .. '|')
  end
  out('+' .. ('-'):rep(WIDTH) .. '+')
end

---Prints the screen as it is now, after what holds for every screen of the demo.
local function present()
  check(screen:shows(BAR), 'the bar')
  check(not table.concat(screen:lines(), '\n'):find(token, 1, true), 'a screen without the token')
  print_screen()
end

local function lua(code)
  return screen:request('nvim_exec_lua', code, {})
end

---What the screen shows of the current window.
local function in_window()
  local place = lua([[
    local position = vim.api.nvim_win_get_position(0)
    return { position[1], position[2], vim.api.nvim_win_get_height(0), vim.api.nvim_win_get_width(0) }]])
  return screen:cut(unpack(place))
end

---Reads the current window from its first line on to the end of its text, page by page. Each word of the text
---has to be on a page, in one piece, unless it is in a fold.
---@return string pages
local function read_on()
  local text = lua([[
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
    lua('vim.cmd("redraw")')
    present()
    pages[#pages + 1] = in_window()
  until lua('return vim.fn.line("w$") == vim.fn.line("$")') or #pages == 20
  local all = table.concat(pages, '\n')
  for word in text:gmatch('[%w_\128-\255]+') do
    check(all:find(word, 1, true), '"' .. word .. '" on one of the screens')
  end
  return all
end

---What was answered to the walk-through, as it stands in the current window.
local function walk_through()
  local text = lua('return table.concat(vim.fn.getline(1, "$"), "\\n")')
  return vim.trim(text:match('The function takes its readings.*') or '')
end

---Picks a name from the list at the bottom of the screen. Its number depends on what else is there.
local function choose(name)
  local number = screen:wait('the choice ' .. name, function()
    return table.concat(screen:lines(), '\n'):match('\n(%d+): ' .. vim.pesc(name))
  end)
  present()
  screen:input(number .. '<CR>')
end

local function host_pid()
  return lua([[
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

local function check_gone(pid)
  check(
    vim.wait(1000, function()
      return not runs(pid)
    end, 10),
    'the end of the host within a second'
  )
end

-- What the walk-through looked like when it was stopped, and when it had gone on.
local cut, continued

-- One step: what the user does, in words, and a function that does it with the same keys and looks.
local steps = {
  {
    'Neovim opens on the sample. The bar says that this is a demo; the tour stands beside the code.',
    function()
      screen:see('double mean_temperature')
      screen:see('Tour')
      screen:press('<Esc>')
      local has_server = lua('return #require("askedit.local_servers").find(300) > 0')
      check(screen:shows('`Space l`') == has_server, 'the offer of a model server, if one runs here')
      present()
    end,
  },
  {
    'V][ selects the function, Space e explains it: the answer window opens at once and counts the wait.',
    function()
      screen:press('V][<Space>e')
      screen:see('waiting')
      present()
    end,
  },
  {
    'While the answer is on its way, go on typing in the code.',
    function()
      screen:press('O// typed meanwhile')
      screen:see('// typed meanwhile')
      check(screen:shows('waiting'), 'the answer still on its way')
      present()
    end,
  },
  {
    'The answer came on a thread of the host. The cursor is still in the code, still in Insert mode.',
    function()
      screen:see('mean_temperature` drops')
      screen:press(', and after')
      screen:see('// typed meanwhile, and after')
      check(screen:request('nvim_get_mode').mode == 'i', 'Insert mode')
      present()
    end,
  },
  {
    'Esc, Ctrl-W j: the answer, page by page, so that it can be read whole.',
    function()
      screen:press('<Esc><C-w>j')
      check(read_on():find('1 of 20 calls today', 1, true), 'the calls of the day')
    end,
  },
  {
    'In the answer, :Ask How do I fix it? goes on with the conversation.',
    function()
      screen:press('G:Ask How do I fix it?<CR>')
      screen:see('Let the library walk')
      check(read_on():find('2 of 20 calls today', 1, true), 'the calls of the day')
    end,
  },
  {
    'In the code, :Ask Take your time gets a slow answer.',
    function()
      screen:press('<C-w>k:Ask Take your time<CR>')
      screen:see('waiting')
      present()
    end,
  },
  {
    'Space s stops it: the connection is closed, and the text stays.',
    function()
      screen:press('<Space>s')
      screen:see('stopped')
      present()
    end,
  },
  {
    'Again a slow one, and Space k kills the host (kill -9), as a crash would. One sentence says so.',
    function()
      screen:press(':Ask Take your time<CR>')
      screen:see('waiting')
      local pid = host_pid()
      screen:press('<Space>k')
      screen:see('the host ended')
      screen:see('failed')
      check_gone(pid)
      present()
    end,
  },
  {
    'gv Space r: the next question, a review of the same lines, starts a new host.',
    function()
      screen:press('gv<Space>r')
      screen:see('1. **Wrong:**')
      present()
    end,
  },
  {
    'Space m chooses whom to ask. The second server streams, and tells its models itself.',
    function()
      screen:input('<Space>m')
      choose('stream')
      choose('scripted-large')
      screen:see('stream is asked for scripted-large from now on')
      present()
    end,
  },
  {
    'gv Space w: the model thinks first, and its thoughts go into a fold.',
    function()
      screen:press('gv<Space>w')
      screen:see('thinking')
      screen:see('of thought (zo opens)')
      present()
    end,
  },
  {
    'The answer is on the screen while it is made. The cursor is still in the code.',
    function()
      screen:see('**The first loop**')
      check(screen:shows('receiving'), 'the rest of the answer still on its way')
      screen:press('O// typed in mid-answer<Esc>')
      check(screen:shows('// typed in mid-answer'), 'what was typed')
      check(screen:shows('receiving'), 'the rest of the answer still on its way')
      present()
    end,
  },
  {
    'Space s stops it in mid-answer. What has come stays, to be read from its first line on.',
    function()
      screen:see('invalidates')
      screen:press('<Space>s')
      screen:see('stopped · :Ask /continue goes on')
      screen:press('<C-w>jgg')
      local pages = read_on()
      cut = walk_through()
      check(pages:find('The first loop', 1, true), 'the text that had come')
      check(not cut:find('comment says', 1, true), 'an answer without its end')
    end,
  },
  {
    'zo opens the fold with the thoughts, zc closes it.',
    function()
      screen:press('3Gzo')
      screen:see('Line by line, then.')
      present()
      screen:press('zc')
    end,
  },
  {
    'Space c goes on. The model says its last words again; they do not stand there twice.',
    function()
      screen:press('G<Space>c')
      screen:see('comment says.')
      screen:press('gg')
      local pages = read_on()
      continued = walk_through()
      check(not pages:find('stopped', 1, true), 'no word of the stop any more')
      check(continued:sub(1, #cut) == cut, 'the text from before the stop, unchanged')
    end,
  },
  {
    'Space m, back to the first one: its answer, in one piece, is the same to the letter.',
    function()
      screen:press('<C-w>k')
      screen:input('<Space>m')
      choose('whole')
      choose('scripted-demo')
      screen:see('whole is asked for scripted-demo from now on')
      screen:press('gv<Space>w')
      screen:see('waiting')
      screen:see('The function takes its readings')
      screen:press('<C-w>j')
      present()
      check(walk_through() == continued, 'the same text as that in two parts')
      screen:press('<C-w>k')
    end,
  },
  {
    'A question that the script has no reply to: true facts, and how to connect a real model.',
    function()
      screen:press(':Ask Who are you?<CR>')
      screen:see('There is no AI here')
      screen:press('<C-w>j')
      check(read_on():find('LIGHT_CHAT_TOKEN', 1, true), 'how to connect a real model')
      screen:press('<C-w>k')
    end,
  },
  {
    ':Ask /log shows exactly what was sent. The token is masked.',
    function()
      screen:press(':Ask /log<CR>')
      screen:see('Request of answer')
      screen:press('<C-w>j')
      check(read_on():find('[redacted]', 1, true), 'the masked token')
    end,
  },
  {
    ':qa! leaves. The host is gone with Neovim.',
    function()
      local pid = host_pid()
      screen:input(':qa!<CR>')
      screen:wait('the end of Neovim', function()
        return screen.dead or nil
      end)
      check_gone(pid)
    end,
  },
}

local function walk()
  for number, step in ipairs(steps) do
    out(('\n%d of %d. %s'):format(number, #steps, step[1]))
    step[2]()
  end
end

local done, fault = pcall(walk)
if done then
  out(('\nAll %d steps of the tour are as they should be.'):format(#steps))
else
  print_screen()
  out('\nFAILED: missing ' .. (type(fault) == 'table' and fault.missing or tostring(fault)))
  screen:kill()
end
io.stdout:flush()
vim.cmd(done and 'qall!' or 'cquit')
