--- The life of the host process: found, started at first use, replaced, and every way in which it can fail.
-- Each failure is one sentence with the true reason and the cure; text stays, and the next question works as
-- soon as the cause is gone.
local Draws = require('draws')
local Chat = require('chat')
local Peer = require('peer')
local Product = require('product')
local Session = require('session')
local uv = require('luv')

--- Hosts that tests/CMakeLists.txt builds; their protocol number is the end of the name.
local OTHER_PROTOCOL = Session.root .. '/build/dev/tests/askedit-host-protocol-'

local function silent() end

local function read_file(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

--- Puts a program with these bytes at `path`, in one step as an update does.
local function place(path, bytes, mode)
  local file = assert(io.open(path .. '.new', 'wb'))
  file:write(bytes)
  file:close()
  assert(uv.fs_chmod(path .. '.new', tonumber(mode or '755', 8)))
  assert(uv.fs_rename(path .. '.new', path))
end

local function script(lines) return '#!/bin/sh\n' .. lines .. '\n' end

--- A Neovim whose host_path is `host` in its own folder, which is also its HOME; nothing is there yet.
local function start(options)
  options = options or {}
  options.settings = options.settings or { host_path = '~/host' }
  local nvim, peer = Product.start(options)
  return nvim, peer, nvim.dir .. '/host'
end

local function ask_in_vain(nvim, words)
  nvim:feed((':Ask %s<CR>'):format(words or 'why'))
  return nvim:event('AskeditError')[1]
end

local function ask(nvim, peer, words)
  nvim:feed((':Ask %s<CR>'):format(words or 'why'))
  return peer:wait_request(nvim)
end

--- Said once, in one screen line, and readable in the split.
local function assert_failed(nvim, sentence)
  local event = ask_in_vain(nvim)
  assert.are.equal('host', event.error.kind)
  assert.are.equal(sentence, event.error.message)
  nvim:wait('nothing was said', function() return #Product.said(nvim) > 0 end)
  Product.assert_said(nvim, sentence:sub(1, 40))
  local shown = table.concat(Product.answer(nvim, 1), '\n')
  assert.is_truthy(shown:find(sentence, 1, true), shown)
  nvim:see('failed')
end

local function assert_works(nvim, peer)
  ask(nvim, peer, 'now').conn:write(Peer.light_chat('It works.'))
  assert.are.equal('It works.', nvim:event('AskeditDone')[1].answer)
  nvim:see('It works.')
end

--- An ELF file for a processor that this is not.
local function foreign_elf()
  local bytes = read_file(Product.host)
  return bytes:sub(1, 18) .. '\243\254' .. bytes:sub(21, 4096)
end

--- What stands in place of the host, and what is said of it.
local unusable = {
  {
    'that is not there',
    put = function() end,
    says = 'there is no ~/host: correct host_path',
  },
  {
    'that is a directory',
    put = function(path) assert(uv.fs_mkdir(path, tonumber('755', 8))) end,
    says = '~/host is a directory: correct host_path',
  },
  {
    'that is not executable',
    put = function(path) place(path, read_file(Product.host), '644') end,
    says = '~/host is not executable: chmod +x it',
  },
  {
    'for another processor',
    put = function(path) place(path, foreign_elf()) end,
    says = '~/host is built for another processor: correct host_path',
  },
  {
    'that is no program',
    put = function(path) place(path, 'echo this is a text\n') end,
    says = '~/host is not a program for this system: correct host_path',
  },
  {
    'whose interpreter is missing',
    put = function(path) place(path, '#!/no/such/interpreter\n') end,
    says = nil, -- the words are Neovim's
  },
  {
    'for a newer libc',
    put = function(path) place(path,
      script([[echo "libc.so.6: version 'GLIBC_9.99' not found" >&2; exit 1]])) end,
    says = "the host does not start: libc.so.6: version 'GLIBC_9.99' not found (exit code 1); "
      .. 'correct host_path',
  },
  {
    'that ends with 127 and two lines',
    put = function(path) place(path, script('echo first line >&2; echo second line >&2; exit 127')) end,
    says = 'the host does not start: first line (exit code 127); correct host_path',
  },
  {
    'that prints text',
    put = function(path) place(path, script('echo hello; exec cat >/dev/null')) end,
    says = '~/host is no askedit-host (ended, exit code 0): correct host_path',
  },
  {
    'that ends at once',
    put = function(path) place(path, script('exit 3')) end,
    says = '~/host is no askedit-host (ended, exit code 3): correct host_path',
  },
  {
    'that never answers',
    put = function(path) place(path, script('exec sleep 1000')) end,
    says = '~/host did not answer in 10 s, it is no askedit-host: correct host_path',
  },
  {
    'of an older protocol',
    put = function(path) place(path,
      read_file(OTHER_PROTOCOL .. 0)) end,
    says = 'askedit-host 0.1.0 speaks protocol 0, the plugin 1: run scripts/build',
  },
  {
    'of a newer protocol',
    put = function(path) place(path,
      read_file(OTHER_PROTOCOL .. 99)) end,
    says = 'askedit-host 0.1.0 speaks protocol 99, the plugin 1: update the plugin',
  },
}

describe('a host', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  for _, case in ipairs(unusable) do
    it(case[1] .. ' is told of in full, then briefly; the right one is taken without a restart', function()
      local nvim, peer, path = start({ script = silent, cols = 110 })
      nvim.patience = 30000 -- one of them is given 10 s to answer, twice
      case.put(path)
      if case.says then
        assert_failed(nvim, case.says)
      else
        local message = ask_in_vain(nvim).error.message
        assert.is_truthy(message:find('^~/host cannot be started %(.+%): correct host_path$'), message)
      end
      assert.are.equal(2, nvim:exec_lua([[return vim.fn.exists(':Ask')]]))

      local again = ask_in_vain(nvim, 'again')
      assert.are.equal('host', again.error.kind)
      nvim:wait('nothing was said', function() return #Product.said(nvim) > 1 end)
      assert.are.equal('askedit: the host still fails: see :checkhealth askedit', Product.said(nvim)[2])
      assert.are.equal(2, #Product.said(nvim))
      assert.are.equal(0, #peer.connections)

      uv.fs_rmdir(path)
      place(path, read_file(Product.host))
      assert_works(nvim, peer)
      assert.are.equal('', nvim:exec_lua('return vim.v.errmsg'))
    end)
  end

  it('is not started, and nothing of the plugin is loaded, before the first question', function()
    local nvim, _, path = start()
    place(path, read_file(Product.host))
    assert.are.same({}, nvim:children())
    assert.are.same({}, nvim:exec_lua([[
      return vim.tbl_filter(function(name) return name:find('^askedit') ~= nil end,
        vim.tbl_keys(package.loaded))
    ]]))
    nvim:command('Ask why')
    assert.are.equal(1, #nvim:children())
    nvim:event('AskeditDone')
    nvim:command('Ask why')
    nvim:event('AskeditDone')
    assert.are.equal(1, #nvim:children())
  end)

  it('is the one of host_path, else the one in $PATH, else the one of scripts/build', function()
    local nvim, peer = start({ script = silent, settings = { host_path = '' },
      init = [[vim.env.PATH = vim.env.HOME .. '/bin:' .. vim.env.PATH]] })
    assert.are.equal('scripts/build', nvim:exec_lua([[return ({ require('askedit.host').find('') })[2] ]]))
    local mine = '/bin/askedit-host'
    assert.are.equal(Session.root .. mine, nvim:exec_lua([[return (require('askedit.host').find(''))]]))
    uv.fs_mkdir(nvim.dir .. '/bin', tonumber('755', 8))
    place(nvim.dir .. mine, read_file(Product.host))
    ask(nvim, peer)
    assert.are.equal(nvim.dir .. mine, uv.fs_readlink('/proc/' .. nvim:children()[1] .. '/exe'))
    assert.are.same({ '/some/host', 'host_path' },
      nvim:exec_lua([[return { require('askedit.host').find('/some/host') }]]))
  end)

  it('that dies right after its greeting is told of in full, then briefly; the next is taken', function()
    local answers = false -- an answer could be there before the greeting has been looked at
    local nvim = Product.start({ script = function(conn)
      if answers then conn:write(Peer.light_chat('Hello.')) end
    end })
    nvim:exec_lua([[
      local view = require('askedit.view')
      Draw = view.draw
      function view.draw(id, fields)
        local reply = Draw(id, fields)
        if id == 0 then
          for _, channel in ipairs(vim.api.nvim_list_chans()) do
            if channel.stream == 'job' then vim.loop.kill(vim.fn.jobpid(channel.id), 'sigkill') end
          end
        end
        return reply
      end
    ]])
    assert_failed(nvim, 'the host ended (signal 9): :Ask /retry starts it again')
    ask_in_vain(nvim)
    nvim:wait('nothing was said', function() return #Product.said(nvim) > 1 end)
    assert.are.equal('askedit: the host still fails: see :checkhealth askedit', Product.said(nvim)[2])
    nvim:exec_lua([[require('askedit.view').draw = Draw]])
    answers = true
    nvim:feed(':Ask now<CR>')
    assert.are.equal('Hello.', nvim:event('AskeditDone')[1].answer)
  end)

  it('that is killed in mid-answer is told of once, its text stays, and the next question works', function()
    local text = ('words of the answer\n'):rep(2000)
    local nvim, peer = Product.start({ script = function(conn) conn:write(Peer.light_chat(text)) end })
    Draws.catch(nvim)
    nvim:feed(':Ask why<CR>')
    Draws.hold(nvim, 2)
    local kept = nvim:exec_lua([[
      return require('askedit.transcript').text(require('askedit.runs').running()[1])]])
    assert.are.equal(kept, text:sub(1, #kept))
    assert.is_true(#kept > 8000)
    uv.kill(nvim:children('askedit-host')[1], 'sigkill')
    local event = nvim:event('AskeditError')[1]
    assert.are.equal('the host ended (signal 9): :Ask /retry starts it again', event.error.message)
    assert.are.equal(kept, event.answer)
    nvim:see('failed')
    nvim:see('the host ended (signal 9)')
    Product.assert_said(nvim, 'the host ended (signal 9): :Ask /retry starts it again')
    local shown = table.concat(Product.answer(nvim, 1), '\n')
    assert.is_truthy(shown:find(kept:sub(-100), 1, true))

    Draws.go_on(nvim)
    nvim:feed(':Ask /retry<CR>')
    assert.is_true(text == nvim:event('AskeditDone')[1].answer)
    assert.are.equal(2, #peer.requests)
    assert.are.equal(1, #Product.said(nvim))
  end)

  it('that is killed while several answers come is told of once', function()
    local nvim, peer = Product.start({ script = silent })
    for i = 1, 3 do ask(nvim, peer, 'number ' .. i) end
    uv.kill(nvim:children('askedit-host')[1], 'sigkill')
    for _ = 1, 3 do nvim:event('AskeditError') end
    Product.assert_said(nvim, 'the host ended (signal 9)')
    assert.are.equal('', nvim:exec_lua([[return require('askedit').status()]]))
    ask(nvim, peer, 'number 4').conn:write(Peer.light_chat('It works.'))
    assert.are.equal('It works.', nvim:event('AskeditDone')[1].answer)
  end)

  it('that is killed while idle is told of, and the next question works', function()
    local nvim, peer = Product.start()
    nvim:feed(':Ask why<CR>')
    nvim:event('AskeditDone')
    uv.kill(nvim:children('askedit-host')[1], 'sigkill')
    nvim:wait_for([[not require('askedit.host').report().running]])
    Product.assert_said(nvim, 'the host ended (signal 9)')
    nvim:feed(':Ask why<CR>')
    assert.are.equal('Hello.', nvim:event('AskeditDone')[1].answer)
    assert.are.equal(2, #peer.requests)
  end)

  it('that was replaced on disk gives way as soon as it is idle', function()
    local nvim, peer, path = start({ script = silent })
    place(path, read_file(Product.host))
    local first = ask(nvim, peer, 'first')
    local old = nvim:children()[1]
    place(path, read_file(Product.host))
    local second = ask(nvim, peer, 'second')
    assert.are.same({ old }, nvim:children())
    first.conn:write(Peer.light_chat('one'))
    second.conn:write(Peer.light_chat('two'))
    nvim:event('AskeditDone')
    nvim:event('AskeditDone')
    ask(nvim, peer, 'third').conn:write(Peer.light_chat('three'))
    assert.are.equal('three', nvim:event('AskeditDone')[1].answer)
    nvim:wait('the old host lives', function() return not Session.alive(old) end)
    assert.are.equal(1, #nvim:children())
    Product.assert_quiet(nvim)
  end)
end)

describe(':checkhealth', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  local PATH = Product.host:match('^(.*)/') .. ':' .. os.getenv('PATH')

  local function health(nvim)
    nvim:command('checkhealth askedit')
    return nvim:wait_for([[(function()
      local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
      return text:find('last messages', 1, true) and text
    end)()]])
  end

  it('names Neovim, the host, the provider, and where the key comes from but never the key', function()
    local nvim, peer = Product.start({ provider = { model = 'gpt-4' } })
    nvim:feed(':Ask why<CR>')
    nvim:event('AskeditDone')
    local text = health(nvim)
    for _, part in ipairs({ 'Neovim 0.', Product.host, 'host_path', 'askedit-host 0.1.0 (protocol 1)',
      'light_chat', 'gpt-4',
      peer.url, '$LIGHT_CHAT_TOKEN, which is set', '/explain' }) do
      assert.is_truthy(text:find(part, 1, true), part .. ' is not in:\n' .. text)
    end
    assert.is_nil(text:find(Product.key, 1, true))
    assert.is_nil(text:find('ERROR', 1, true), text)
  end)

  it('says what a host said that does not start, and the cure', function()
    local nvim, _, path = start({ env = { LIGHT_CHAT_TOKEN = false } })
    place(path, script('echo one reason >&2; echo and more >&2; exit 1'))
    ask_in_vain(nvim)
    local text = health(nvim)
    for _, part in ipairs({ path, 'exit code 1', 'one reason', 'and more', 'run scripts/build',
      '$LIGHT_CHAT_TOKEN, which is not set',
      'export LIGHT_CHAT_TOKEN' }) do
      assert.is_truthy(text:find(part, 1, true), part .. ' is not in:\n' .. text)
    end
  end)

  it('tells a host of another protocol', function()
    local nvim = Product.start({ settings = { host_path = OTHER_PROTOCOL .. 99 } })
    local text = health(nvim)
    assert.is_truthy(text:find('protocol 99', 1, true) and text:find('update the plugin', 1, true), text)
  end)

  it('offers a server that runs on this machine, which is not used unasked', function()
    local function answer(conn, request)
      conn:write(request.method == 'GET' and Chat.models({ 'local-model' }) or Peer.light_chat('Hello.'))
      conn:close()
    end
    local local_peer = Peer.new({ script = answer })
    local nvim = Product.start({ settings = false, env = { LIGHT_CHAT_TOKEN = false, PATH = PATH } })
    -- The usual ports are data; nobody can be sure of them in a test.
    nvim:exec_lua([[
      for _, service in ipairs(require('askedit.services')) do
        service.ports = service.name == 'ollama' and { ... } or nil
      end]], local_peer.port)
    local text = health(nvim)
    local settings = "provider = { dialect = 'openai_chat', url = '%s' }"
    local offer = ('ollama with local-model answers at %s: ' .. settings):format(local_peer.url,
      local_peer.url)
    assert.is_truthy(text:find(offer, 1, true), text)
    nvim:feed(':Ask why<CR>')
    assert.are.equal('key', nvim:event('AskeditError')[1].error.kind)
    assert.are.equal(1, #local_peer.requests)
    assert.are.equal('/v1/models', local_peer.requests[1].path)
  end)
end)
