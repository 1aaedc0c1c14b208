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
local function plug(name, modes, words, bang)
  local lhs, rhs = ('<Plug>(askedit-%s)'):format(name), ('<Cmd>Ask%s %s<CR>'):format(bang or '', words)
  for _, mode in ipairs(modes) do
    api.nvim_set_keymap(mode, lhs, rhs, { noremap = true })
  end
end

plug('ask', { 'n', 'x' }, '')
plug('edit', { 'n', 'x', 'i' }, '', '!')
plug('accept', { 'n', 'x' }, '/accept')
plug('reject', { 'n', 'x' }, '/reject')
plug('open', { 'n' }, '/open')
plug('next', { 'n' }, '/next')
plug('prev', { 'n' }, '/prev')
plug('hunks', { 'n' }, '/hunks')
plug('stop', { 'n' }, '/stop')
plug('retry', { 'n' }, '/retry')
plug('continue', { 'n' }, '/continue')
plug('model', { 'n' }, '/model')
for _, path in ipairs(api.nvim_get_runtime_file('lua/askedit/prompts/*', true)) do
  local name = path:match('/([%w_-]+)%.lua$') or path:match('/([%w_-]+)%.md$')
  if name then
    plug('prompt-' .. name, { 'n', 'x' }, '/' .. name)
    local lhs, rhs = '<Plug>(askedit-operator-%s)', "luaeval('require(\"askedit\").operator(_A)', '%s')"
    api.nvim_set_keymap('n', lhs:format(name), rhs:format(name), { noremap = true, expr = true })
  end
end

api.nvim_set_hl(0, 'AskeditStatus', { link = 'Comment', default = true })
api.nvim_set_hl(0, 'AskeditFault', { link = 'WarningMsg', default = true })
api.nvim_set_hl(0, 'AskeditThought', { link = 'Comment', default = true })
api.nvim_set_hl(0, 'AskeditAdd', { link = 'DiffAdd', default = true })
api.nvim_set_hl(0, 'AskeditDelete', { link = 'DiffDelete', default = true })
api.nvim_set_hl(0, 'AskeditAddWord', { link = 'DiffText', default = true })
-- It lies on AskeditDelete. Before 0.10 DiffText had no colour for letters, and those of DiffDelete cannot be
-- read on it.
local delete_word = vim.fn.has('nvim-0.10') == 1 and 'DiffText' or 'IncSearch'
api.nvim_set_hl(0, 'AskeditDeleteWord', { link = delete_word, default = true })
api.nvim_set_hl(0, 'AskeditStale', { link = 'DiffText', default = true })
