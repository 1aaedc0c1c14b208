--- The colours of an answer: while it comes a small syntax of our own, at the end treesitter where there is a
--- parser. The syntax that Neovim brings takes tens of milliseconds to load into each new buffer, with HTML
--- inside, and as long to draw a screen; this one has its groups, so the colours are the same.
local compat = require('askedit.compat')

local M = {}

local fn, api = vim.fn, vim.api

-- Later ones win where two begin in the same place.
local SYNTAX = {
  [=[match markdownListMarker /^\s*\%([-*+]\|\d\+[.)]\)\s\@=/]=],
  [=[match markdownItalic /\*[^* \t][^*]*\*/]=],
  [=[match markdownBold /\*\*[^* \t].\{-}\*\*/ contains=markdownCode]=],
  [=[match markdownCode /`[^`]\+`/]=],
  [=[match markdownCode /``.\{-}``/]=],
  [=[match markdownLinkText /\[[^]]*\]([^) ]*)/]=],
  [=[match markdownH1 /^#\{1,6}\s.*$/ contains=markdownCode]=],
  [=[match markdownRule /^\%(-\{3,}\|\*\{3,}\)\s*$/]=],
  [=[match markdownBlockquote /^>\%(\s\|$\)/]=],
  [=[region markdownCodeBlock start=/^\s*\z(`\{3,}\)[^`]*$/ end=/^\s*\z1`*\s*$/ keepend]=],
  [=[region markdownCodeBlock start=/^\s*\z(\~\{3,}\)/ end=/^\s*\z1\~*\s*$/ keepend]=],
  [=[sync minlines=2000]=],
}

-- As Neovim's own syntax has them; where that, or the user, gave them colours, these stay.
local LINKS = {
  markdownH1 = 'Title',
  markdownListMarker = 'Statement',
  markdownLinkText = 'Underlined',
  markdownRule = 'PreProc',
  markdownBlockquote = 'Comment',
  markdownCode = 'String',
  markdownCodeBlock = 'String',
}

local function define_colours()
  for group, link in pairs(LINKS) do
    vim.cmd(('highlight default link %s %s'):format(group, link))
  end
  vim.cmd('highlight default markdownBold term=bold cterm=bold gui=bold')
  vim.cmd('highlight default markdownItalic term=italic cterm=italic gui=italic')
end

--- Colours that stay cheap while text is appended.
---@param buf integer
function M.start(buf)
  compat.stop_treesitter(buf)
  if not vim.g.syntax_on then
    return
  end
  define_colours()
  api.nvim_buf_call(buf, function()
    vim.cmd('syntax clear')
    for _, rule in ipairs(SYNTAX) do
      vim.cmd('syntax ' .. rule)
    end
  end)
  api.nvim_buf_set_var(buf, 'current_syntax', 'markdown')
end

--- The colours of another file type, without its autocommands: no language server starts for a look at a
--- text.
---@param buf integer
---@param language string
function M.colour(buf, language)
  compat.stop_treesitter(buf)
  if not compat.start_treesitter(buf, language) and vim.g.syntax_on then
    api.nvim_buf_call(buf, function()
      vim.cmd('silent! runtime! syntax/' .. fn.fnameescape(language) .. '.vim')
    end)
  end
end

--- Full colours for a text that is complete.
---@param buf integer
function M.settle(buf)
  if compat.start_treesitter(buf, 'markdown') then
    api.nvim_buf_call(buf, function()
      vim.cmd('syntax clear')
    end)
  end
end

return M
