-- The Neovim of the demo: nothing of the user's, this checkout's plugin, the demo server as its provider.
-- scripts/demo starts it in a folder with a copy of sample.cpp and sets ASKEDIT_DEMO_URL and _TOKEN.

local uv = vim.uv or vim.loop
local root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h')

vim.opt.runtimepath:prepend(root)
vim.g.mapleader = ' '
vim.o.swapfile = false

-- Real services are not even offered.
for _, service in ipairs(require('askedit.services')) do
  local variable = (service.key or ''):match('^env:(.+)')
  if variable then
    vim.env[variable] = nil
  end
end

-- All that differs from real use: where the host is, whom it asks, and the token.
local address, key = vim.env.ASKEDIT_DEMO_URL, 'env:ASKEDIT_DEMO_TOKEN'
local scripted = {
  whole = {
    dialect = 'light_chat',
    url = address .. '/api/light/chat/createChatCompletion',
    key = key,
    model = 'scripted-demo',
    models = { 'scripted-demo' },
  },
  stream = { dialect = 'openai_chat', url = address .. '/v1', key = key, model = 'scripted-large' },
}
local settings = {
  host_path = root .. '/build/demo/askedit-host',
  provider = 'whole',
  providers = vim.deepcopy(scripted),
}
require('askedit').setup(settings)

vim.keymap.set({ 'n', 'x' }, '<Leader>e', '<Plug>(askedit-prompt-explain)')
vim.keymap.set({ 'n', 'x' }, '<Leader>r', '<Plug>(askedit-prompt-review)')
vim.keymap.set({ 'n', 'x' }, '<Leader>f', '<Plug>(askedit-prompt-refactor)')
vim.keymap.set('x', '<Leader>w', ':Ask Walk me through it<CR>')
vim.keymap.set('n', '<Leader>s', '<Plug>(askedit-stop)')
vim.keymap.set('n', '<Leader>c', '<Plug>(askedit-continue)')
vim.keymap.set('n', '<Leader>m', '<Plug>(askedit-model)')

-- The bar names who will answer the next question.
function _G.askedit_demo_bar()
  local found = require('askedit.config').get()
  local name = found and found.provider.name or 'whole'
  if scripted[name] then
    return '%#Todo#DEMO · scripted replies, no AI%< · 127.0.0.1%#TabLineFill#'
  end
  return ('%%#Todo#DEMO · not scripted: %s on this machine answers%%#TabLineFill#'):format(name)
end
vim.o.showtabline = 2
vim.o.tabline = '%!v:lua.askedit_demo_bar()'
vim.api.nvim_create_autocmd('User', { pattern = 'AskeditStart', command = 'redrawtabline' })

local pick = vim.ui.select
---The usual list to choose from; what is chosen may change the bar.
vim.ui.select = function(items, options, on_choice) -- luacheck: ignore 122
  pick(items, options, function(...)
    on_choice(...)
    vim.cmd('redrawtabline')
  end)
end

---What a crash would do to the host.
local function kill_host()
  for _, channel in ipairs(vim.api.nvim_list_chans()) do
    if channel.mode == 'rpc' and channel.stream == 'job' then
      uv.kill(vim.fn.jobpid(channel.id), 'sigkill')
    end
  end
end
vim.keymap.set('n', '<Leader>k', kill_host)

---@return integer buffer
local function open_tour()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, true, vim.fn.readfile(root .. '/demo/tour.md'))
  vim.api.nvim_buf_set_name(buffer, 'tour')
  vim.bo[buffer].modifiable = false
  vim.cmd('botright vertical 32split | buffer ' .. buffer)
  vim.cmd('setlocal nonumber wrap linebreak winfixwidth syntax=markdown')
  return buffer
end

---Adds to the tour how to ask a model server that answers on its usual port here. Until the user does, it is
---asked for nothing but its models.
local function offer_local_server(buffer)
  local server = require('askedit.local_servers').find(300)[1]
  if not server then
    return
  end
  settings.providers[server.name] = { url = server.url .. '/v1' }
  require('askedit').setup(settings)
  vim.keymap.set('n', '<Leader>l', ('<Cmd>Ask /model %s<CR>'):format(server.name))
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, -1, -1, true, {
    ('`Space l` lets %s answer,'):format(server.name),
    'a real one on this machine.',
  })
  vim.bo[buffer].modifiable = false
end

vim.api.nvim_create_autocmd('BufWinEnter', { pattern = '*.cpp', command = 'setlocal number nowrap' })

vim.api.nvim_create_autocmd('VimEnter', {
  nested = true, -- else opening the sample sets no file type
  callback = function()
    vim.cmd('edit sample.cpp')
    local tour = open_tour()
    vim.cmd('wincmd p')
    vim.fn.search('^double mean_temperature')
    vim.cmd('redraw') -- all can be seen while the servers of this machine are looked for
    offer_local_server(tour)
  end,
})
