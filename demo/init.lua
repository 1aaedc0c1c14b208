-- The Neovim of the demo: nothing of the user's, this checkout's plugin, the demo server as its provider.
-- scripts/demo starts it in a folder with a copy of sample.cpp and sets ASKEDIT_DEMO_URL and _TOKEN.

local uv = vim.uv or vim.loop
local root = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h')

vim.opt.runtimepath:prepend(root)
vim.g.mapleader = ' '
vim.o.swapfile = false

vim.o.showtabline = 2
vim.o.tabline = '%#Todo#DEMO · scripted replies, no AI%< · 127.0.0.1%#TabLineFill#'

-- All that differs from real use: where the host is, whom it asks, and the token.
require('askedit').setup({
  host_path = root .. '/build/demo/askedit-host',
  provider = { url = vim.env.ASKEDIT_DEMO_URL, key = 'env:ASKEDIT_DEMO_TOKEN' },
})

vim.keymap.set({ 'n', 'x' }, '<Leader>e', '<Plug>(askedit-prompt-explain)')
vim.keymap.set({ 'n', 'x' }, '<Leader>r', '<Plug>(askedit-prompt-review)')
vim.keymap.set('n', '<Leader>s', '<Plug>(askedit-stop)')

---What a crash would do to the host.
local function kill_host()
  for _, channel in ipairs(vim.api.nvim_list_chans()) do
    if channel.mode == 'rpc' and channel.stream == 'job' then
      uv.kill(vim.fn.jobpid(channel.id), 'sigkill')
    end
  end
end
vim.keymap.set('n', '<Leader>k', kill_host)

local function open_tour()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, true, vim.fn.readfile(root .. '/demo/tour.md'))
  vim.api.nvim_buf_set_name(buffer, 'tour')
  vim.bo[buffer].modifiable = false
  vim.cmd('botright vertical 32split | buffer ' .. buffer)
  vim.cmd('setlocal nonumber wrap linebreak winfixwidth syntax=markdown')
end

vim.api.nvim_create_autocmd('VimEnter', {
  nested = true, -- else opening the sample sets no file type
  callback = function()
    vim.cmd('edit sample.cpp | setlocal number nowrap')
    open_tour()
    vim.cmd('wincmd p')
    vim.fn.search('^double mean_temperature')
  end,
})
