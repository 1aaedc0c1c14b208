--- The key: where it may come from, what is refused, and that it is in no place where somebody could find it.
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local uv = require('luv')

local function after()
  Session.close_all()
  Peer.close_all()
end

local function read(path)
  local file = io.open(path, 'rb')
  local text = file and file:read('*a') or ''
  if file then file:close() end
  return text
end

describe('the key that is sent', function()
  after_each(after)

  local function token_of(options, file)
    local nvim, peer = Product.start(options)
    if file then nvim:exec_lua("local path, text = ... local f = io.open(path, 'wb') f:write(text) f:close()",
      nvim.dir .. '/key', file) end
    local request = Product.ask(nvim, peer, ':Ask why?<CR>')
    Product.assert_quiet(nvim)
    assert.is_nil(request.headers.authorization)
    return request:json().token
  end

  it('comes from the environment, without a line end', function()
    assert.are.equal('sk-test', token_of({ env = { LIGHT_CHAT_TOKEN = 'sk-test\n' } }))
    after()
    assert.are.equal('sk-test', token_of({ env = { LIGHT_CHAT_TOKEN = 'sk-test\r\n' } }))
    after()
    local other = { env = { OTHER_KEY = 'sk-other' }, provider = { key = 'env:OTHER_KEY' } }
    assert.are.equal('sk-other', token_of(other))
  end)

  it('comes from a file, without a line end', function()
    for _, text in ipairs({ 'sk-test', 'sk-test\n', 'sk-test\r\n', 'sk-test \n\n' }) do
      assert.are.equal('sk-test', token_of({ provider = { key = 'file:~/key' } }, text))
      after()
    end
    assert.are.equal('sk-test', token_of({ provider = { key = 'file:key' } }, 'sk-test'))
  end)

  it('is read anew for each question', function()
    local nvim, peer = Product.start({ provider = { key = 'file:~/key' }, files = { key = 'sk-one' } })
    assert.are.equal('sk-one', Product.ask(nvim, peer, ':Ask why?<CR>'):json().token)
    nvim:exec_lua("vim.fn.writefile({ 'sk-two' }, vim.env.HOME .. '/key')")
    assert.are.equal('sk-two', Product.ask(nvim, peer, ':Ask why?<CR>'):json().token)
  end)
end)

describe('a key that cannot be right', function()
  after_each(after)

  it('is refused before any connection, by the name of its source and not by its value', function()
    local holds = ' holds a blank or control character'
    for _, case in ipairs({
      { { env = { LIGHT_CHAT_TOKEN = '' } }, 'env:LIGHT_CHAT_TOKEN is empty' },
      { { env = { LIGHT_CHAT_TOKEN = ' \n' } }, 'env:LIGHT_CHAT_TOKEN is empty' },
      { { env = { LIGHT_CHAT_TOKEN = 'skx te\nst' } }, 'env:LIGHT_CHAT_TOKEN' .. holds },
      { { env = { LIGHT_CHAT_TOKEN = 'skx\27test' } }, 'env:LIGHT_CHAT_TOKEN' .. holds },
      { { env = { LIGHT_CHAT_TOKEN = '"skxtest"' } }, 'env:LIGHT_CHAT_TOKEN stands in quotes' },
      { { env = { LIGHT_CHAT_TOKEN = false } }, 'set the environment variable LIGHT_CHAT_TOKEN' },
      { { provider = { key = 'env:NOT_SET' } }, 'set the environment variable NOT_SET' },
      { { provider = { key = 'file:~/none' } }, '/none' },
      { { provider = { key = 'file:~' } }, 'is no file' },
      { { provider = { key = 'file:~/key' }, files = { key = 'skx\nurl: x\n' } }, holds },
      { { provider = { key = 'file:~/key' }, files = { key = '' } }, 'is empty' },
    }) do
      case[1].cols = 160
      local nvim, peer = Product.start(case[1])
      nvim:feed(':Ask why?<CR>')
      assert.are.equal('key', nvim:event('AskeditError')[1].error.kind, case[2])
      Product.assert_said(nvim, case[2])
      nvim:redraw()
      assert.is_nil((nvim:messages() .. nvim:text()):find('skx', 1, true))
      assert.are.equal(0, #peer.connections)
      after()
    end
  end)

  it('can be put right in the running editor', function()
    local nvim, peer = Product.start({ env = { LIGHT_CHAT_TOKEN = false } })
    nvim:feed(':Ask why?<CR>')
    nvim:event('AskeditError')
    nvim:command("let $LIGHT_CHAT_TOKEN = 'sk-late'")
    assert.are.equal('sk-late', Product.ask(nvim, peer, ':Ask /retry<CR>'):json().token)
  end)
end)

-- A canary -----------------------------------------------------------------------------------------------

local CANARY = 'sk-canary-7d1f0c3b9e'

--- Neovim with everything on that writes to the disk.
local WRITES = [[
vim.o.shadafile = vim.env.HOME .. '/main.shada'
vim.o.updatecount = 1
vim.o.directory = vim.env.HOME .. '/state//'
vim.o.undofile = true
vim.o.undodir = vim.env.HOME .. '/state'
vim.o.backup = true
vim.o.backupdir = vim.env.HOME .. '/state'
vim.o.swapfile = true
vim.o.verbosefile = vim.env.HOME .. '/verbose.log'
vim.o.verbose = 9
]]

--- All files below `folder` with their text.
local function texts_below(folder, found)
  found = found or {}
  local scan = assert(uv.fs_scandir(folder))
  for name, kind in function() return uv.fs_scandir_next(scan) end do
    local path = folder .. '/' .. name
    if kind == 'directory' then texts_below(path, found) end
    if kind == 'file' then found[path] = read(path) end
  end
  return found
end

--- The key, and what it becomes where something encodes it.
local function assert_clean(text, place)
  for _, form in ipairs({ CANARY, CANARY:sub(4), CANARY:reverse(), 'c2stY2FuYXJ5' }) do
    assert.is_nil(text:find(form, 1, true), place .. ' holds the key:\n' .. text)
  end
end

local function all_buffers(nvim)
  return nvim:exec_lua([[
    local texts = {}
    for _, buf in ipairs(vim.api.nvim_list_bufs()) do
      texts[#texts + 1] = vim.api.nvim_buf_get_name(buf)
      vim.list_extend(texts, vim.api.nvim_buf_get_lines(buf, 0, -1, false))
    end
    return table.concat(texts, '\n')]])
end

--- Every process there is: its arguments. The environment only of those that the host has started.
local function check_processes(nvim)
  local hosts = nvim:children('askedit-host')
  local scan = assert(uv.fs_scandir('/proc'))
  for pid in function() return uv.fs_scandir_next(scan) end do
    if pid:find('^%d+$') then
      assert_clean(read('/proc/' .. pid .. '/cmdline'), 'the arguments of process ' .. pid)
      local parent = tonumber(read('/proc/' .. pid .. '/stat'):match('%) %a (%d+)'))
      for _, host in ipairs(hosts) do assert.are_not.equal(host, parent, 'the host has started a process') end
    end
  end
  return hosts
end

--- All places in the running editor, and after its exit all files.
local function check_everywhere(nvim)
  nvim:redraw()
  assert_clean(nvim:text(), 'the screen')
  nvim:feed(':Ask /log<CR>')
  nvim:redraw()
  local page = table.concat(Product.page(nvim, '^askedit://log'), '\n')
  assert_clean(page, '/log')
  assert.is_truthy(page:find('"token"', 1, true), page)
  assert_clean(nvim:text(), 'the screen with /log')
  assert_clean(nvim:messages(), ':messages')
  assert_clean(all_buffers(nvim), 'a buffer')
  assert_clean(nvim:exec_lua("return vim.inspect(require('askedit').event())"), 'an event')
  assert_clean(nvim:exec_lua("return require('askedit').status()"), 'status()')
  assert_clean(nvim:exec_lua([[
    local all = {}
    for name in ('"01-/:.z'):gmatch('.') do all[#all + 1] = vim.fn.getreg(name) end
    return table.concat(all, '\n')]]), 'a register')
  nvim:command('wshada!')
  nvim:command('silent! wall')
  nvim:command('silent! preserve')
  nvim:notify('nvim_command', 'qa!')
  nvim:wait_exit()
  assert_clean(nvim.stderr, 'stderr')
  local files = texts_below(nvim.dir)
  -- What was typed is found there, so a key would be, too.
  assert.is_truthy(files[nvim.dir .. '/main.shada']:find('canary question', 1, true))
  assert.is_truthy(files[nvim.dir .. '/verbose.log'])
  for path, text in pairs(files) do
    if path ~= nvim.dir .. '/key' then assert_clean(text, path) end
  end
end

describe('the key is in no argument, file, message, log, buffer or screen', function()
  after_each(after)

  local function start(script, options)
    options = options or {}
    options.script, options.init, options.cols = script, WRITES, 120
    options.env = options.env or { LIGHT_CHAT_TOKEN = CANARY }
    options.files = options.files or {}
    options.files['source.txt'] = 'one\ntwo\n'
    options.args = { 'source.txt' }
    return Product.start(options)
  end

  --- Asks, looks at the processes while the request is open, waits for `ending`, and looks everywhere.
  local function check(script, ending, options)
    local nvim, peer = start(function() end, options)
    nvim:feed('oa change<Esc>:w<CR>V:Ask canary question<CR>')
    local request = peer:wait_request(nvim)
    assert.are.equal(CANARY, request:json().token)
    assert.are.equal(1, #check_processes(nvim))
    script(request.conn)
    local event = nvim:event(ending)[1]
    check_everywhere(nvim)
    return event
  end

  local function answer(options)
    return function(conn) conn:write(Peer.light_chat(options.text or 'Hello.', options)) end
  end

  it('after a success that echoes it in data.info.token', function()
    assert.are.equal('Hello.', check(answer({ token = CANARY }), 'AskeditDone').answer)
  end)

  it('after a success, when it comes from a file', function()
    check(answer({ token = CANARY }), 'AskeditDone', { provider = { key = 'file:~/key' },
      files = { key = CANARY .. '\n' }, env = { LIGHT_CHAT_TOKEN = false } })
  end)

  it('after an answer that holds it', function()
    local text = ('Your key is %s, is it? `%s`'):format(CANARY, CANARY)
    local event = check(answer({ text = text }), 'AskeditDone')
    assert.is_truthy(event.answer:find('^Your key is .+, is it%? `.+`$'), event.answer)
  end)

  it('after an answer that holds it as the name of the model', function()
    check(answer({ model = CANARY }), 'AskeditDone')
  end)

  it('after a refusal that holds it in the message', function()
    local event = check(answer({ code = 401, message = '无效 token: ' .. CANARY .. '!' }), 'AskeditError')
    assert.are.equal('auth', event.error.kind)
    assert.is_truthy(event.error.message:find('无效', 1, true), event.error.message)
  end)

  it('after HTTP 401 with it in the body', function()
    for _, body in ipairs({ '{"message":"wrong key ' .. CANARY .. '"}',
      '{"error":{"message":"' .. CANARY .. '"}}',
      '<html>' .. CANARY .. '</html>', '{"token":"' .. CANARY .. '"}',
      '{"message":"wrong key \\u0073k-canary-7d1f0c3b9e"}' }) do
      local event = check(function(conn) conn:write(Peer.response(401, body)) end, 'AskeditError')
      assert.are.equal('auth', event.error.kind)
      after()
    end
  end)

  it('after an answer that is no JSON', function()
    check(function(conn) conn:write(Peer.response(200, 'not json ' .. CANARY)) end, 'AskeditError')
  end)

  it('after a cancel', function()
    local nvim, peer = start(function() end)
    nvim:feed('oa change<Esc>:w<CR>V:Ask canary question<CR>')
    assert.are.equal(CANARY, peer:wait_request(nvim):json().token)
    check_processes(nvim)
    nvim:feed(':Ask /stop<CR>')
    peer:wait_closed(nvim)
    assert.is_true(nvim:event('AskeditDone')[1].stopped)
    check_everywhere(nvim)
  end)

  it('after a connection that was cut', function()
    check(function(conn)
      conn:write('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"token":"' .. CANARY .. '"')
      conn:close()
    end, 'AskeditError')
  end)
end)
