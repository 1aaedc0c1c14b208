--- The product as a user has it: a Neovim with the plugin, the real host, and a peer as its server.
--
--   local nvim, peer = Product.start({ script = function(conn) conn:write(Peer.light_chat('Hello.')) end })
--   nvim:feed(':Ask why?<CR>')
--   local request = peer:wait_request(nvim)
--   nvim:event('AskeditDone')
--
-- Product.start(options)   options of Session.start, and
--   script, accepted, raw, deaf   for the peer (see peer.lua)
--   peer       a peer to use instead of a new one
--   provider   settings of the provider beside its url;  settings: the others. Together: vim.g.askedit
--   settings = false leaves vim.g.askedit unset
--   prompts    { ['name.lua'] = text }, files of the user's prompt folder
-- Each User AskeditStart, AskeditDone and AskeditError is sent to the spec as an event with its data.
-- Every session has the prompt /raw, whose message is the selected code and nothing else.
--
--   Product.ask(nvim, peer, keys)     types, waits for the request and for the end of the answer; returns the
--                                     request
--   Product.messages_of(request)      the request's messages as a list of {role, content}
--   Product.words(request)            content of its last message
--   Product.said(nvim)                what the plugin said in :messages, a list
--   Product.assert_said(nvim, text)   it said one sentence, which holds `text` and fits one screen line;
--                                     no error occurred
--   Product.assert_quiet(nvim)        it said nothing, and no error occurred
--   Product.lines(nvim, buf)          lines of a buffer
--   Product.answer(nvim, number)      lines of the buffer of an answer
--   Product.page(nvim, pattern)       lines of the buffer in this tab page whose name matches
--
--   Product.watch_draws(nvim)    from now on the host's draws are counted, in Neovim: `Draws.count`,
--                                `Draws.largest` (bytes of text in one), `Draws.locked` (how often the text
--                                was locked). `Draws.room` is how many more may pass, all if it is nil; with
--                                the others the host is told to come again later
--   Product.hold_draws(nvim, n)  lets n more pass, and returns when they have; nil lets all pass and does not
--                                wait
local Peer = require('peer')
local Session = require('session')
local json = require('dkjson')
local assert = require('luassert')

local Product = {}

Product.host = os.getenv('ASKEDIT_HOST') or Session.root .. '/build/dev/askedit-host'
Product.key = 'sk-of-the-spec'

local EVENTS = [[
vim.api.nvim_create_autocmd('User', {
  pattern = 'Askedit*',
  callback = function(args)
    vim.rpcnotify(1, args.match, require('askedit').event())
  end,
})
]]

local RAW = "return { description = 'only the code', context = 'selection', template = '{{code}}' }\n"

local function settings_text(options, peer)
  if options.settings == false then return '' end
  local settings = { host_path = Product.host, provider = { url = peer.url } }
  for key, value in pairs(options.settings or {}) do settings[key] = value end
  for key, value in pairs(options.provider or {}) do settings.provider[key] = value end
  return ('vim.g.askedit = vim.json.decode(%q)\n'):format(json.encode(settings))
end

local function files_of(options)
  local files = { ['site/lua/askedit/prompts/raw.lua'] = RAW }
  for name, text in pairs(options.prompts or {}) do files['site/lua/askedit/prompts/' .. name] = text end
  for name, text in pairs(options.files or {}) do files[name] = text end
  return files
end

function Product.start(options)
  options = options or {}
  local peer = options.peer or Peer.new(options)
  local session = {}
  for key, value in pairs(options) do session[key] = value end
  session.env = { LIGHT_CHAT_TOKEN = Product.key }
  for name, value in pairs(options.env or {}) do session.env[name] = value end
  session.init = settings_text(options, peer) .. EVENTS .. (options.init or '')
  session.files = files_of(options)
  return Session.start(session), peer
end

function Product.ask(nvim, peer, keys)
  nvim:feed(keys)
  local request = peer:wait_request(nvim)
  nvim:event('AskeditDone')
  return request
end

function Product.messages_of(request)
  local list = {}
  for i, message in ipairs(request:json().messages) do list[i] = { message.role, message.content } end
  return list
end

function Product.words(request)
  local messages = Product.messages_of(request)
  return messages[#messages][2]
end

function Product.said(nvim)
  local list = {}
  for line in nvim:messages():gmatch('[^\n]+') do
    if line:find('^askedit:') then list[#list + 1] = line end
  end
  return list
end

local function assert_no_error(nvim)
  assert.are.equal('', nvim:exec_lua('return vim.v.errmsg'))
  assert.is_nil(nvim:messages():find('[Ee]rror executing'), nvim:messages())
  assert.is_nil(nvim:messages():find('traceback', 1, true), nvim:messages())
  assert.is_false(nvim:request('nvim_get_mode').blocking, 'a prompt is open:\n' .. nvim:text())
end

function Product.assert_said(nvim, text)
  local said = Product.said(nvim)
  assert.are.equal(1, #said, 'it said: ' .. table.concat(said, '\n'))
  assert.is_truthy(said[1]:find(text, 1, true), ('%q does not hold %q'):format(said[1], text))
  assert.is_true(nvim:exec_lua('return vim.fn.strdisplaywidth(...) <= vim.v.echospace', said[1]), said[1])
  assert_no_error(nvim)
end

function Product.assert_quiet(nvim)
  assert.are.same({}, Product.said(nvim))
  assert_no_error(nvim)
end

function Product.lines(nvim, buf) return nvim:request('nvim_buf_get_lines', buf or 0, 0, -1, true) end

function Product.answer(nvim, number)
  local buf = nvim:exec_lua([[
    for _, buf in ipairs(vim.api.nvim_list_bufs()) do
      if vim.api.nvim_buf_get_name(buf) == ... then return buf end
    end]], 'askedit://' .. number)
  assert.is_not_nil(buf, 'no buffer of answer ' .. number)
  return Product.lines(nvim, buf)
end

function Product.page(nvim, pattern)
  local buf = nvim:exec_lua([[
    for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
      local buf = vim.api.nvim_win_get_buf(win)
      if vim.api.nvim_buf_get_name(buf):find(...) then return buf end
    end]], pattern)
  assert.is_not_nil(buf, 'no window shows ' .. pattern)
  return Product.lines(nvim, buf)
end

return Product
