--- The command :Ask and the <Plug> maps. Loads nothing until they are used.
if vim.g.loaded_askedit or vim.fn.has('nvim-0.7') == 0 then
  return
end
vim.g.loaded_askedit = true

local api = vim.api

-- `:'<,'>Ask` looks like any range to the command; only the command line itself tells the two apart, also
-- when it comes out of a map.
local left_cmdline
api.nvim_create_autocmd('CmdlineLeave', {
  pattern = ':',
  group = api.nvim_create_augroup('askedit', {}),
  callback = function()
    left_cmdline = vim.fn.getcmdline()
  end,
})

api.nvim_create_user_command('Ask', function(opts)
  opts.cmdline, left_cmdline = left_cmdline, nil
  require('askedit').command(opts)
end, {
  range = true,
  bang = true,
  nargs = '*',
  desc = 'ask about code',
  complete = function(lead, line)
    return require('askedit').complete(lead, line)
  end,
})

-- Not vim.keymap, which would be loaded for it.
local function plug(name, modes, words)
  local lhs, rhs = ('<Plug>(askedit-%s)'):format(name), ('<Cmd>Ask %s<CR>'):format(words)
  for _, mode in ipairs(modes) do
    api.nvim_set_keymap(mode, lhs, rhs, { noremap = true })
  end
end

plug('ask', { 'n', 'x' }, '')
plug('stop', { 'n' }, '/stop')
plug('retry', { 'n' }, '/retry')
plug('continue', { 'n' }, '/continue')
plug('model', { 'n' }, '/model')
for _, path in ipairs(api.nvim_get_runtime_file('lua/askedit/prompts/*', true)) do
  local name = path:match('/([%w_-]+)%.lua$') or path:match('/([%w_-]+)%.md$')
  if name then
    plug('prompt-' .. name, { 'n', 'x' }, '/' .. name)
  end
end

api.nvim_set_hl(0, 'AskeditStatus', { link = 'Comment', default = true })
api.nvim_set_hl(0, 'AskeditFault', { link = 'WarningMsg', default = true })
api.nvim_set_hl(0, 'AskeditThought', { link = 'Comment', default = true })
