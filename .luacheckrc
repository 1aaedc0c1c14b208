-- luacheck settings: Neovim's Lua is LuaJIT with one global of its own.
std = 'luajit'
read_globals = { 'vim' }
globals = { 'vim.g', 'vim.o', 'vim.bo', 'vim.env', 'vim.v' }
max_line_length = 110
files['lua/askedit/types.lua'] = { ignore = { '211' } }
