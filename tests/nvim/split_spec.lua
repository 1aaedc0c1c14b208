--- The answer in its split, on a real screen: it comes whole and in order, and the user's window, mode, view,
-- events and undo stay as they were, whatever the user does meanwhile.
local Draws = require('draws')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')

local function silent() end

--- `count` numbered lines of about 70 bytes; 120 of them are more than one draw.
local function lines_of(count)
  local lines = {}
  for i = 1, count do lines[i] = ('line %d %s.'):format(i, ('x'):rep(60)) end
  return table.concat(lines, '\n')
end

local function ask(nvim, words) nvim:exec_lua([[require('askedit').ask({ text = ... })]], words or 'why') end

--- A text of Neovim's in pieces: the decoder of the specs takes no message of many MiB.
local function fetch(nvim, expr)
  local size, pieces = nvim:exec_lua('Fetched = ' .. expr .. ' return #Fetched'), {}
  for from = 1, size, 100000 do
    pieces[#pieces + 1] = nvim:exec_lua('return Fetched:sub(...)', from, from + 99999)
  end
  return table.concat(pieces)
end

--- The text of the newest answer as its buffer has it, without the question and the line that carries the
--- status, and without the line break that ends its last line.
local function answer_in(nvim)
  local text = fetch(nvim, [[(function()
    for _, buf in ipairs(vim.fn.reverse(vim.api.nvim_list_bufs())) do
      if vim.api.nvim_buf_get_name(buf):find('^askedit://%d') then
        return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -2, true), '\n')
      end
    end
  end)()]])
  return (text:gsub('^> [^\n]*\n\n', '', 1):gsub('\n$', ''))
end

--- Says where two long texts part, instead of printing both.
local function assert_text(expected, text)
  if expected == text then return end
  local at = 1
  while expected:sub(at, at) == text:sub(at, at) do at = at + 1 end
  error(('the text of %d bytes should have %d, and is wrong at byte %d: %q'):format(#text, #expected, at,
    text:sub(math.max(at - 20, 1), at + 40)), 2)
end

--- Waits for the end of the newest run; returns the text that was kept and the kind of the error.
local function at_end(nvim)
  nvim:wait_for("(require('askedit').event() or {}).answer ~= nil")
  local kind = nvim:exec_lua("return (require('askedit').event().error or {}).kind")
  return { fetch(nvim, "require('askedit').event().answer"), kind or 'none' }
end

local function ours(nvim)
  local found = {}
  for line in nvim:messages():gmatch('[^\n]+') do
    if line:find('^askedit: ') then found[#found + 1] = line end
  end
  return found
end

local function no_faults(nvim)
  assert.are.equal('', nvim:exec_lua('return vim.v.errmsg'))
  assert.is_nil(nvim:messages():find('Error', 1, true))
end

-- Any two seconds in a row may be told in one frame where the machine is slow, so only their growth counts.
local function see_seconds_pass(nvim)
  local function seconds(lines) return tonumber(table.concat(lines, '\n'):match('waiting (%d+) s')) end
  nvim:see(function(lines) return seconds(lines) ~= nil end)
  local first = seconds(nvim:screen())
  nvim:see(function(lines) return (seconds(lines) or 0) > first end)
end

local function answer_window(nvim)
  return nvim:exec_lua([[
    for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
      if vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(win)):find('^askedit://') then return win end
    end
  ]])
end

describe('the split', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('opens at once with the model and the seconds waited, and then shows the text', function()
    local peer = Peer.new({ script = silent })
    local nvim = Product.start({ peer = peer })
    nvim:feed(':Ask why<CR>')
    nvim:see('gpt-3.5-turbo-1106 · waiting')
    see_seconds_pass(nvim)
    see_seconds_pass(nvim)
    peer:wait_request(nvim).conn:write(Peer.light_chat('Because.', { model = 'the-real-model' }))
    nvim:see('Because.')
    nvim:see('3 of 10 calls today · the-real-model')
    nvim:unsee('waiting')
    no_faults(nvim)
  end)

  it('counts the seconds while a command line is open', function()
    local peer = Peer.new({ script = silent })
    local nvim = Product.start({ peer = peer })
    ask(nvim)
    nvim:feed(':echo 12')
    see_seconds_pass(nvim)
    nvim:see(':echo 12')
  end)

  it('wraps long lines', function()
    local text = ('word '):rep(30) .. 'END'
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(text)) end })
    local nvim = Product.start({ peer = peer, init = 'vim.o.wrap = false', cols = 60 })
    ask(nvim)
    nvim:see('END')
  end)

  it('shows an answer that came at once from its beginning', function()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(60))) end })
    local nvim = Product.start({ peer = peer })
    ask(nvim)
    nvim:see('line 1 x')
    nvim:redraw()
    assert.is_truthy(nvim:text():find('> why', 1, true), nvim:text())
  end)

  it('follows the text only while its cursor is on the last line', function()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(1000))) end })
    local nvim = Product.start({ peer = peer })
    Draws.catch(nvim)
    ask(nvim)
    Draws.hold(nvim, 2)
    nvim:redraw()
    local last = nvim:exec_lua([[return vim.api.nvim_buf_line_count(require('askedit').event().buf)]])
    nvim:see('line ' .. last - 4 .. ' x')
    nvim:feed('<C-w>jgg2j')
    Draws.hold(nvim, 3)
    nvim:redraw()
    assert.are.same({ 3, 1 }, nvim:exec_lua([[return { vim.fn.line('.'), vim.fn.line('w0') }]]))
    nvim:feed('G')
    Draws.hold(nvim, 1)
    assert.are.equal(0, nvim:exec_lua([[return vim.fn.line('$') - vim.fn.line('.')]]))
    nvim:feed('<C-w>k')
    Draws.go_on(nvim)
    at_end(nvim)
    assert_text(lines_of(1000), answer_in(nvim))
    nvim:see('line 1000 x')
  end)

  it('goes on as a selection in it stays what it was', function()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(400))) end })
    local nvim = Product.start({ peer = peer })
    Draws.catch(nvim)
    ask(nvim)
    Draws.hold(nvim, 1)
    nvim:feed('<C-w>jGkVj')
    local selected = nvim:exec_lua([[return { vim.fn.line('v'), vim.fn.line('.'), vim.fn.mode() }]])
    Draws.hold(nvim, 2)
    assert.are.same(selected, nvim:exec_lua([[return { vim.fn.line('v'), vim.fn.line('.'), vim.fn.mode() }]]))
  end)

  it('has the keys q, <C-c> and g?', function()
    local peer = Peer.new({ script = silent })
    local nvim = Product.start({ peer = peer })
    ask(nvim)
    peer:wait_request(nvim)
    nvim:feed('<C-w>jg?')
    nvim:see('q close · <C-c> stop')
    nvim:feed('<C-c>')
    peer:wait_closed(nvim)
    nvim:see('stopped')
    nvim:feed('q')
    nvim:unsee('stopped')
    assert.are.same({ 1, '' }, nvim:exec_lua('return { #vim.api.nvim_list_wins(), vim.fn.bufname() }'))
    no_faults(nvim)
  end)

  it('is one window a tab page, and earlier answers stay as buffers', function()
    local peer = Peer.new({ script = function(conn, request)
      conn:write(Peer.light_chat('answer to ' .. request.body:match('number %d')))
    end })
    local nvim = Product.start({ peer = peer })
    for i = 1, 2 do
      ask(nvim, 'number ' .. i)
      nvim:see('answer to number ' .. i)
    end
    assert.are.equal(2, nvim:exec_lua('return #vim.api.nvim_tabpage_list_wins(0)'))
    nvim:command('tabnew')
    ask(nvim, 'number 3')
    nvim:see('answer to number 3')
    assert.are.same({ 2, 4 }, nvim:exec_lua(
      'return { #vim.api.nvim_tabpage_list_wins(0), #vim.api.nvim_list_wins() }'))
    for i = 1, 3 do
      nvim:command('buffer askedit://' .. i)
      nvim:see('answer to number ' .. i)
    end
  end)

  it('has a buffer that leaves nothing behind, and obeys no modeline', function()
    local text = 'vim: set ts=77 :\n' .. lines_of(3) .. '\nvim: set ts=77 :'
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(text)) end })
    local nvim = Product.start({ peer = peer,
      init = 'vim.o.undofile = true vim.o.modeline = true vim.o.swapfile = true' })
    ask(nvim)
    at_end(nvim)
    nvim:command('doautocmd BufRead')
    nvim:feed('<C-w>j')
    local bo = nvim:exec_lua([[
      local bo, values = vim.bo[require('askedit').event().buf], {}
      for _, name in ipairs({ 'buftype', 'modeline', 'swapfile', 'undofile', 'modifiable', 'buflisted',
        'modified', 'tabstop' }) do
        values[name] = bo[name]
      end
      return values
    ]])
    assert.are.same({ buftype = 'nofile', modeline = false, swapfile = false, undofile = false,
      modifiable = false,
      buflisted = false, modified = false, tabstop = 8 }, bo)
    nvim:notify('nvim_input', ':quit<CR>:qall<CR>')
    nvim:wait_exit()
  end)

  it('leaves the options of other windows as they were', function()
    local peer = Peer.new()
    local options = { 'wrap', 'linebreak', 'number', 'relativenumber', 'list', 'spell', 'signcolumn',
      'foldmethod', 'foldenable',
      'colorcolumn', 'conceallevel', 'foldcolumn', 'cursorbind', 'scrollbind' }
    local read = [[
      local values = {}
      for _, name in ipairs(...) do values[name] = { vim.o[name], vim.go[name] } end
      return values
    ]]
    local nvim = Product.start({ peer = peer,
      init = 'vim.o.wrap = false vim.o.number = true vim.o.list = true vim.o.foldcolumn = "2"' })
    local before = nvim:exec_lua(read, options)
    ask(nvim)
    nvim:see('Hello.')
    assert.are.same(before, nvim:exec_lua(read, options))
    for _, command in ipairs({ 'new', 'tabnew', 'tabfirst | wincmd b | new' }) do
      nvim:command(command)
      assert.are.same(before, nvim:exec_lua(read, options), command)
    end
  end)

  it('tells other plugins by events, and a statusline by status()', function()
    local peer = Peer.new({ script = silent })
    local nvim = Product.start({ peer = peer })
    nvim:exec_lua([[
      Heard = {}
      vim.api.nvim_create_autocmd('User', { pattern = 'Askedit*', callback = function(args)
        local event = require('askedit').event()
        if vim.fn.has('nvim-0.8') == 1 then assert(vim.deep_equal(args.data, event)) end
        Heard[#Heard + 1] = { args.match, event }
      end })
    ]])
    assert.are.equal('', nvim:exec_lua([[return require('askedit').status()]]))
    local source = nvim:exec_lua('return vim.api.nvim_get_current_buf()')
    ask(nvim)
    assert.are.equal('ask: gpt-3.5-turbo-1106', nvim:exec_lua([[return require('askedit').status()]]))
    peer:wait_request(nvim).conn:write(Peer.light_chat('Yes.'))
    nvim:wait_for('#Heard == 2')
    ask(nvim)
    peer:wait_request(nvim).conn:write(Peer.light_chat('', { code = 500, message = '余额不足' }))
    nvim:wait_for('#Heard == 4')
    ask(nvim)
    peer:wait_request(nvim)
    nvim:command('Ask /stop')
    nvim:wait_for('#Heard == 6')
    local heard = nvim:exec_lua('return Heard')
    assert.are.equal('AskeditStart AskeditDone AskeditStart AskeditError AskeditStart AskeditDone',
      table.concat({ heard[1][1], heard[2][1], heard[3][1], heard[4][1], heard[5][1], heard[6][1] }, ' '))
    local start, done, failed, stopped = heard[1][2], heard[2][2], heard[4][2], heard[6][2]
    assert.are.same({ 'ask', source, 'gpt-3.5-turbo-1106' }, { start.prompt, start.source, start.model })
    assert.are.same({ start.id, start.buf, 'Yes.', 'stop', false }, { done.id, done.buf, done.answer,
      done.finish, done.stopped })
    assert.are.equal('server', failed.error.kind)
    assert.is_truthy(failed.error.message:find('余额不足', 1, true))
    assert.are.same({ true, 'cancelled' }, { stopped.stopped, stopped.error.kind })
    assert.are.equal('', nvim:exec_lua([[return require('askedit').status()]]))
  end)
end)

-- What a user may be in the middle of. `enter` are keys (a function gets the session); `go_on` finishes it;
-- `result` is then the text of the source. With `before` the question is asked before (in Visual and Select
-- mode it takes the selection and ends the mode). All start in a file with the lines `alpha beta`, `gamma`,
-- `delta`.
local rest = '\ngamma\ndelta'
local states = {
  { 'in normal mode', enter = 'w', go_on = 'x', result = 'alpha eta' .. rest },
  { 'inserts text', enter = 'ityped ', go_on = 'more <Esc>', result = 'typed more alpha beta' .. rest },
  { 'replaces text', enter = 'RAL', go_on = 'P<Esc>', result = 'ALPha beta' .. rest },
  { 'is about to leave insert mode for one command', enter = 'A!<C-o>', go_on = '0?<Esc>',
    result = '?alpha beta!' .. rest },
  { 'has selected characters', before = true, enter = 'wvl', go_on = 'd', result = 'alpha ta' .. rest },
  { 'has selected a block', before = true, enter = '<C-v>jl', go_on = 'd', result = 'pha beta\nmma\ndelta' },
  { 'is in select mode', before = true, enter = 'gh<Right>', go_on = 'Z<Esc>', result = 'Zpha beta' .. rest },
  { 'has an operator pending', enter = 'd', go_on = 'w', result = 'beta' .. rest },
  { 'records a macro', enter = 'qqx', go_on = 'xq@q', result = 'a beta' .. rest },
  { 'types a command', enter = ':s/alpha/om', go_on = 'ega/<CR>', result = 'omega beta' .. rest },
  { 'searches', enter = '/del', go_on = 'ta<CR>x', result = 'alpha beta\ngamma\nelta' },
  { 'has the completion menu open', enter = ':set completeopt=menuone<CR>joga<C-p>', menu = true,
    go_on = '<C-y><Esc>',
    result = 'alpha beta\ngamma\ngamma\ndelta' },
  { 'is in a terminal', enter = ':terminal cat<CR>i', mode = 't', go_on = '<C-\\><C-n>',
    result = 'alpha beta' .. rest },
  { 'is in a floating window', enter = function(nvim)
    nvim:exec_lua([[vim.api.nvim_open_win(0, true, { relative = 'editor', row = 2, col = 2, width = 30,
      height = 5 })]])
  end, go_on = 'x', result = 'lpha beta' .. rest },
  { 'has only a help window', enter = ':help<CR><C-w>o', go_on = '<Ignore>', result = 'alpha beta' .. rest },
  { 'has only a quickfix window', enter = ':cexpr "a:1:b"<CR>:copen<CR><C-w>o', go_on = '<Ignore>',
    result = 'alpha beta' .. rest },
  { 'has windows that keep their buffer', enter = function(nvim)
    nvim:command([[if exists('+winfixbuf') | setlocal winfixbuf | endif]])
  end, go_on = 'x', result = 'lpha beta' .. rest },
  { 'has windows of equal size', enter = ':set equalalways | vsplit | split<CR>', go_on = 'x',
    result = 'lpha beta' .. rest },
}

--- In Neovim: what must not change, and the events that must not happen.
local snapshot_functions = [[
  local api, fn = vim.api, vim.fn
  local names = { 'WinEnter', 'WinLeave', 'BufEnter', 'BufLeave', 'BufWinEnter', 'BufWinLeave', 'TabEnter',
    'TabLeave', 'WinNew',
    'WinClosed', 'CursorMoved', 'CursorMovedI', 'ModeChanged', 'InsertEnter', 'InsertLeave', 'TextChanged',
      'TextChangedI',
    'TextChangedP', 'CmdlineEnter', 'CmdlineLeave', 'CmdlineChanged', 'CompleteDone', 'TextYankPost' }
  Source, Events = api.nvim_get_current_buf(), {}
  function Watch()
    Events, Usual = {}, {}
    Windows = vim.tbl_filter(function(win)
      return not api.nvim_buf_get_name(api.nvim_win_get_buf(win)):find('^askedit://')
    end, api.nvim_list_wins())
    for _, name in ipairs(names) do
      api.nvim_create_autocmd(name, { callback = function(args)
        local event = name .. ' ' .. args.file
        -- Where the user stands in the answer, its text does change.
        local ours = name:find('^TextChanged') and args.file:find('^askedit://')
        if not Usual[event] and not ours then Events[#Events + 1] = event end
      end })
    end
  end
  function Unwatch()
    for _, name in ipairs(names) do api.nvim_clear_autocmds({ event = name }) end
  end
  local function view_of(win)
    if win == api.nvim_get_current_win() then return fn.winsaveview() end
    return api.nvim_win_call(win, fn.winsaveview)
  end
  function Snapshot()
    local shot = { mode = api.nvim_get_mode().mode, window = api.nvim_get_current_win(),
      tab = api.nvim_get_current_tabpage(),
      buffer = api.nvim_get_current_buf(), menu = fn.pumvisible(), command = fn.getcmdline(),
        column = fn.getcmdpos(),
      undo = fn.undotree().seq_last, alternate = fn.bufnr('#'), dot = fn.getreg('.'),
      search = fn.getreg('/'), tick = api.nvim_buf_get_changedtick(Source), views = {} }
    if api.nvim_get_current_buf() == Source then shot.jumps = fn.getjumplist() end
    for i, win in ipairs(Windows) do shot.views[i] = view_of(win) end
    return shot
  end
]]

describe('an answer is asked for and comes, nothing of the user changes, while the user', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  local function start()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(250))) end })
    local nvim = Product.start({ peer = peer, files = { ['code.txt'] = 'alpha beta' .. rest .. '\n' },
      args = { 'code.txt' }, rows = 40 })
    nvim:exec_lua(snapshot_functions)
    return nvim
  end

  local function enter(nvim, state)
    if type(state.enter) == 'function' then state.enter(nvim) else nvim:feed(state.enter) end
    nvim:request('nvim_get_mode')
    if state.menu then nvim:wait_for('vim.fn.pumvisible() == 1') end
    if state.mode then nvim:wait_for(('vim.api.nvim_get_mode().mode == %q'):format(state.mode)) end
  end

  --- Starts to watch. What happens at a request that does nothing happens at ours, too.
  local function watch(nvim)
    nvim:exec_lua('Watch()')
    nvim:redraw()
    nvim:exec_lua('for _, event in ipairs(Events) do Usual[event] = true end Events = {}')
    return nvim:exec_lua('return Snapshot()')
  end

  local function check(nvim, before)
    assert.are.same({}, nvim:exec_lua('Unwatch() return Events'))
    assert.are.same(before, nvim:exec_lua('return Snapshot()'))
    assert_text(lines_of(250), answer_in(nvim))
  end

  local function finish(nvim, state)
    nvim:feed(state.go_on)
    assert.are.equal(state.result,
      nvim:exec_lua([[return table.concat(vim.api.nvim_buf_get_lines(Source, 0, -1, true), '\n')]]))
    no_faults(nvim)
  end

  for _, state in ipairs(states) do
    it(state[1], function()
      local nvim = start()
      Draws.catch(nvim)
      if state.before then
        ask(nvim)
        Draws.hold(nvim, 1)
      end
      enter(nvim, state)
      local before = watch(nvim)
      if not state.before then ask(nvim) end
      Draws.go_on(nvim)
      at_end(nvim)
      check(nvim, before)
      finish(nvim, state)
    end)
  end

  it('is on another tab page', function()
    local nvim = start()
    Draws.catch(nvim)
    ask(nvim)
    Draws.hold(nvim, 1)
    nvim:feed(':tabnew<CR>ihere')
    local before = watch(nvim)
    Draws.go_on(nvim)
    at_end(nvim)
    check(nvim, before)
    nvim:feed('<Esc>gt')
    nvim:see('line 250 x')
  end)

  it('is in the command-line window', function()
    local nvim = start()
    Draws.catch(nvim)
    ask(nvim)
    Draws.hold(nvim, 1)
    nvim:feed('q:iecho')
    local before = watch(nvim)
    Draws.go_on(nvim)
    at_end(nvim)
    check(nvim, before)
    nvim:see('line 250 x')
    ask(nvim, 'from here')
    nvim:feed('<Esc>:q<CR>')
    nvim:wait('nothing was said', function() return #ours(nvim) > 0 end)
    assert.are.same({ 'askedit: not from the command-line window: close it first' }, ours(nvim))
    no_faults(nvim)
  end)

  it('walks about between the draws', function()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(1700))) end })
    local nvim = Product.start({ peer = peer, files = { ['one.txt'] = 'one\n', ['two.txt'] = 'two\n' },
      args = { 'one.txt', 'two.txt' } })
    nvim:exec_lua(snapshot_functions)
    Draws.catch(nvim)
    ask(nvim)
    local walk = { ':tabnew<CR>', 'ihere', '<Esc>', 'gT', ':vsplit<CR>', ':bnext<CR>', '<C-w>jgg', '<C-w>k',
      'otyped', '<Esc>',
      'ota<C-n>', '<Esc>', ':only<CR>', ':bprevious<CR>' }
    Draws.hold(nvim, 1)
    for _, keys in ipairs(walk) do
      nvim:feed(keys)
      local before = watch(nvim)
      Draws.hold(nvim, 1)
      assert.are.same({}, nvim:exec_lua('Unwatch() return Events'), keys)
      assert.are.same(before, nvim:exec_lua('return Snapshot()'), keys)
    end
    nvim:command('bwipeout! one.txt')
    Draws.go_on(nvim)
    at_end(nvim)
    assert_text(lines_of(1700), answer_in(nvim))
    no_faults(nvim)
  end)

  it('undoes and redoes', function()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(500))) end })
    local nvim = Product.start({ peer = peer, files = { ['one.txt'] = 'one\n' }, args = { 'one.txt' } })
    Draws.catch(nvim)
    nvim:feed('Atwo<Esc>')
    ask(nvim)
    Draws.hold(nvim, 1)
    nvim:feed('Athree')
    Draws.hold(nvim, 1)
    nvim:feed('four<Esc>')
    Draws.hold(nvim, 1)
    local line = function() return nvim:exec_lua('return vim.fn.getline(1)') end
    nvim:feed('u')
    assert.are.equal('onetwo', line())
    Draws.hold(nvim, 1)
    nvim:feed('<C-r>')
    assert.are.equal('onetwothreefour', line())
    nvim:feed('uu')
    assert.are.equal('one', line())
  end)
end)

describe('the source buffer', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('gets no event and no changedtick while its answer comes', function()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(500))) end })
    local nvim = Product.start({ peer = peer, files = { ['code.txt'] = 'one\ntwo\n' },
      args = { 'code.txt' } })
    nvim:exec_lua([[
      Heard, Source = {}, vim.api.nvim_get_current_buf()
      Everywhere = { User = true, ChanOpen = true, ChanInfo = true, SafeState = true,
        WinScrolled = true, WinResized = true } -- of no buffer, or of its window
      local function hear(name) return function() Heard[#Heard + 1] = name end end
      vim.api.nvim_buf_attach(0, false, { on_lines = hear('lines'), on_bytes = hear('bytes'),
        on_changedtick = hear('tick'),
        on_detach = hear('detach'), on_reload = hear('reload') })
      for _, event in ipairs(vim.fn.getcompletion('', 'event')) do
        if not event:find('Cmd$') and not Everywhere[event] then
          pcall(vim.api.nvim_create_autocmd, event, { buffer = 0, callback = hear(event) })
        end
      end
      Tick = vim.b.changedtick
    ]])
    nvim:command('%Ask /explain')
    at_end(nvim)
    assert_text(lines_of(500), answer_in(nvim))
    assert.are.same({ {}, true },
      nvim:exec_lua('return { Heard, Tick == vim.api.nvim_buf_get_changedtick(Source) }'))
    nvim:feed('x')
    assert.are_not.same({}, nvim:exec_lua('return Heard'))
  end)
end)

describe('nothing is lost', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for how, command in pairs({ closed = 'close', wiped = 'bwipeout', unloaded = 'bunload',
    deleted = 'bdelete' }) do
    it('of an answer whose split is ' .. how .. ' in the middle of it', function()
      local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(400))) end })
      local nvim = Product.start({ peer = peer })
      Draws.catch(nvim)
      ask(nvim)
      Draws.hold(nvim, 2)
      nvim:feed('<C-w>j:' .. command .. '<CR>')
      Draws.go_on(nvim)
      assert_text(lines_of(400), at_end(nvim)[1])
      assert.is_nil(answer_window(nvim))
      nvim:command('Ask /show')
      assert_text(lines_of(400), answer_in(nvim))
      nvim:see('line 1 x')
      no_faults(nvim)
    end)
  end

  it('of an answer that is shown again in the middle of it', function()
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(lines_of(400))) end })
    local nvim = Product.start({ peer = peer })
    Draws.catch(nvim)
    ask(nvim)
    Draws.hold(nvim, 2)
    nvim:feed('<C-w>j:bwipeout<CR>')
    Draws.hold(nvim, 1)
    nvim:command('Ask /show')
    Draws.go_on(nvim)
    at_end(nvim)
    assert_text(lines_of(400), answer_in(nvim))
  end)

  it('when the split was made the only window, and asks again', function()
    local peer = Peer.new()
    local nvim = Product.start({ peer = peer })
    ask(nvim)
    nvim:see('Hello.')
    nvim:feed('<C-w>j<C-w>o')
    nvim:command('Ask and then')
    nvim:see('> and then')
    nvim:wait('no second answer', function() return #peer.requests == 2 end)
    nvim:feed('q')
    nvim:unsee('> and then')
    no_faults(nvim)
  end)

  it('of 300 draws', function()
    local text = lines_of(34000)
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(text)) end })
    local nvim = Product.start({ peer = peer })
    nvim.patience = 60000
    Draws.watch(nvim)
    ask(nvim)
    assert.are.equal('none', at_end(nvim)[2])
    assert.is_true(nvim:exec_lua('return Draws.count') > 300)
    assert_text(text, answer_in(nvim))
    no_faults(nvim)
  end)

  it('of an answer over 8 MiB but what is over it, and that is said', function()
    local text = lines_of(130000)
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(text)) end })
    local nvim = Product.start({ peer = peer })
    nvim.patience = 60000
    ask(nvim)
    nvim:command('only') -- it is about the text: to colour it all on the way would take most of a minute
    local over = at_end(nvim)
    assert.are.equal('too_large', over[2])
    assert_text(text:sub(1, 8 * 1024 * 1024), over[1])
    assert.are.equal(1, #ours(nvim))
    assert.is_truthy(ours(nvim)[1]:find('8 MiB', 1, true))
  end)

  for _, prompt in ipairs({
    { 'hit-enter', [[:echo "one\ntwo"<CR>]], 'Press ENTER', '<CR>' },
    { 'more', [[:echo repeat("row\n", 60)<CR>]], '-- More --', 'q' },
  }) do
    it('of an answer that comes at a ' .. prompt[1] .. ' prompt', function()
      local peer = Peer.new({ script = silent })
      local nvim = Product.start({ peer = peer })
      ask(nvim)
      local request = peer:wait_request(nvim)
      nvim:feed(prompt[2])
      nvim:see(prompt[3])
      request.conn:write(Peer.light_chat(lines_of(250)))
      assert.is_true(nvim:request('nvim_get_mode').blocking)
      nvim:feed(prompt[4])
      at_end(nvim)
      assert_text(lines_of(250), answer_in(nvim))
      nvim:see('line 250 x')
    end)
  end

  it('of an answer that comes while text is locked', function()
    local peer = Peer.new({ script = silent })
    local nvim = Product.start({ peer = peer })
    Draws.watch(nvim)
    nvim:exec_lua([[
      vim.keymap.set('n', '<F2>', function()
        vim.rpcnotify(1, 'locked')
        vim.wait(20000, function() return Draws.locked >= 3 end, 5)
        return ''
      end, { expr = true })
    ]])
    ask(nvim)
    local request = peer:wait_request(nvim)
    nvim:feed('<F2>')
    nvim:event('locked')
    request.conn:write(Peer.light_chat(lines_of(250)))
    at_end(nvim)
    assert.is_true(nvim:exec_lua('return Draws.locked') >= 3)
    assert_text(lines_of(250), answer_in(nvim))
    no_faults(nvim)
  end)
end)

describe('text of the server', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  local function shown(text, options)
    local peer = Peer.new({ script = function(conn) conn:write(Peer.light_chat(text, options)) end })
    local nvim = Product.start({ peer = peer })
    ask(nvim)
    local over = at_end(nvim)
    no_faults(nvim)
    return nvim, answer_in(nvim), over[1]
  end

  it('is shown with its control characters, and moves nothing', function()
    local nvim, text = shown('a\27[31mred\27[0m \7bell\8 tab\there\127')
    assert.are.equal('a\27[31mred\27[0m \7bell\8 tab\there\127', text)
    nvim:see('a^[[31mred^[[0m ^Gbell^H tab')
  end)

  it('may hold NUL, which stands on the screen as a sign', function()
    local nvim, text, answer = shown('before\0after')
    assert.are.equal('before\226\144\128after', text)
    assert.are.equal('before\0after', answer)
    nvim:see('before␀after')
  end)

  it('may end its lines with CRLF, also where a draw ends between the two', function()
    local line = ('x'):rep(62) .. '\r\n'
    local nvim, text = shown('x' .. line:rep(300))
    assert_text((('x' .. line:rep(300)):gsub('\r\n', '\n')), text .. '\n')
    assert.is_nil(nvim:text():find('^M', 1, true))
  end)

  it('may be one very long line', function()
    local _, text = shown(('0123456789'):rep(30000) .. 'END')
    assert.are.equal(300003, #text)
  end)

  it('is cut between characters only', function()
    local wide = ('汉字 é 👍🏽 👨‍👩‍👧 e\204\129\n'):rep(2000)
    local nvim, text, answer = shown(wide)
    assert_text(wide, answer)
    assert_text(wide, text .. '\n')
    nvim:see('汉字 é')
  end)

  it('that is no UTF-8 is shown as far as it is', function()
    local nvim, text = shown('good \255\254 bad \192\128 half \230\177')
    assert.is_truthy(text:find('^good .+ bad .+ half'))
    assert.is_nil(text:find('\255', 1, true))
    nvim:see('good')
  end)

  it('is never run in a statusline, winbar or name', function()
    local evil = '%{execute("let g:ran = 1")}%#Error#%@Fn@'
    local peer = Peer.new({ script = function(conn)
      conn:write(Peer.light_chat(lines_of(300), { model = evil, message = evil }))
    end })
    local nvim = Product.start({ peer = peer, cols = 120, init = [[
      vim.o.laststatus = 2
      vim.o.statusline = "%!v:lua.require'askedit'.status()"
      if vim.fn.exists('+winbar') == 1 then vim.o.winbar = "%{%v:lua.require'askedit'.status()%} %f" end
    ]] })
    Draws.catch(nvim)
    ask(nvim, evil)
    Draws.hold(nvim, 1)
    nvim:command('redrawstatus!')
    nvim:see('ask: ' .. evil)
    Draws.go_on(nvim)
    at_end(nvim)
    nvim:feed('<C-w>j')
    nvim:command('set statusline& | redrawstatus!')
    nvim:redraw()
    assert.is_nil(nvim:exec_lua('return vim.g.ran'))
    assert.are.equal('askedit://1', nvim:exec_lua('return vim.fn.bufname()'))
  end)

  it('in an error is one line and one message', function()
    local peer = Peer.new({ script = function(conn)
      conn:write(Peer.light_chat('', { code = 403,
        message = 'no\n\27[31m%{execute("let g:ran=1")}\r\n' .. ('很长'):rep(300) }))
    end })
    local nvim = Product.start({ peer = peer })
    ask(nvim)
    at_end(nvim)
    nvim:see('askedit: the server refused: no')
    assert.is_false(nvim:request('nvim_get_mode').blocking)
    assert.are.equal(1, #ours(nvim))
    assert.is_nil(nvim:exec_lua('return vim.g.ran'))
    no_faults(nvim)
  end)
end)
