--- What differs between Neovim 0.7.2 and the newest, in one place.
local M = {}

local api = vim.api

M.uv = vim.uv or vim.loop

-- Runs `fn` under command modifiers, and returns what it returns.
local function modified(modifiers, fn)
  local ok, result
  M.modified_body = function()
    ok, result = pcall(fn)
  end
  local command = modifiers .. ' lua require("askedit.compat").modified_body()'
  pcall(vim.cmd, command)
  if ok == nil then -- 0.7.2: a CTRL-C that was typed before is taken for an interrupt of this
    vim.cmd(command)
  end
  M.modified_body = nil
  if not ok then
    error(result, 0)
  end
  return result
end

--- Runs `fn` while no autocommand fires, and returns what it returns. Errors pass through.
---@generic T
---@param fn fun(): T
---@return T
function M.quietly(fn)
  return modified('noautocmd', fn)
end

--- Runs `fn` without messages of Neovim's own: W10 about a readonly file would stand still for a second.
---@generic T
---@param fn fun(): T
---@return T
function M.silently(fn)
  return modified('silent', fn)
end

--- What Neovim says in an error, without where it was raised.
---@param fault any
---@return string
function M.words_of(fault)
  local words = tostring(fault):gsub('^.-(E%d+: )', '%1'):gsub('\n.*', '')
  return words
end

--- Runs `fn` now, or as soon as the user is back in Normal mode.
---@param fn fun()
function M.in_normal_mode(fn)
  if api.nvim_get_mode().mode == 'n' then
    return fn()
  end
  api.nvim_create_autocmd('ModeChanged', {
    pattern = '*:n',
    once = true,
    callback = function()
      vim.schedule(function()
        M.in_normal_mode(fn)
      end)
    end,
  })
end

local STILL_AGAIN = 50 -- milliseconds

local function is_still()
  return api.nvim_get_mode().mode == 'n' and vim.fn.pumvisible() == 0 and vim.fn.getcmdwintype() == ''
end

--- Runs `fn` in the next moment in which the user is in Normal mode with nothing begun, so never inside of
--- CTRL-O. No event tells that after CTRL-C on 0.7, so it is looked at again and again.
---@param fn fun()
function M.in_still_moment(fn)
  if is_still() then
    return fn()
  end
  local timer = M.uv.new_timer()
  timer:start(STILL_AGAIN, STILL_AGAIN, vim.schedule_wrap(function()
    if timer:is_active() and is_still() then
      timer:close()
      fn()
    end
  end))
end

--- Which lines differ: a list of {old line, old count, new line, new count}.
---@param old string
---@param new string
---@return integer[][]
function M.diff(old, new)
  local diff = vim.text and vim.text.diff or vim.diff
  return diff(old, new, { result_type = 'indices' })
end

--- Makes what was drawn visible while a command line is open; elsewhere the main loop does it.
function M.redraw_under_cmdline()
  if api.nvim_get_mode().mode:find('^c') then
    vim.cmd('redraw')
  end
end

--- Fires `User {name}`. The data goes along from 0.8 on; before that there is only askedit.event().
---@param name string
---@param data table
function M.emit(name, data)
  local opts = { pattern = name, modeline = false }
  if vim.fn.has('nvim-0.8') == 1 then
    opts.data = data
  end
  pcall(api.nvim_exec_autocmds, 'User', opts)
end

-- CTRL-C at Neovim's own prompts raises instead of calling back: it means no answer.
local function unless_interrupted(ask, ...)
  local ok, fault = pcall(ask, ...)
  if not ok and not tostring(fault):find('Keyboard interrupt', 1, true) then
    error(fault, 0)
  end
end

--- vim.ui.input, without an error at CTRL-C.
---@param opts table
---@param on_confirm fun(words: string|nil)
function M.input(opts, on_confirm)
  unless_interrupted(vim.ui.input, opts, on_confirm)
end

--- vim.ui.select, without an error at CTRL-C.
---@param items table
---@param opts table
---@param on_choice fun(item: any)
function M.select(items, opts, on_choice)
  unless_interrupted(vim.ui.select, items, opts, function(item)
    vim.cmd('redraw') -- Neovim's own list is still there; a message under it would wait for a key
    on_choice(item)
  end)
end

--- Lines of `text`. Written out because vim.split is broken by the JIT of 0.7.2 in code that runs often.
---@param text string
---@return string[]
function M.lines(text)
  local lines, from = {}, 1
  while true do
    local at = text:find('\n', from, true)
    if not at then
      lines[#lines + 1] = text:sub(from)
      return lines
    end
    lines[#lines + 1] = text:sub(from, at - 1)
    from = at + 1
  end
end

-- 0.10 parses the whole buffer in one step: above this it takes more than 10 ms.
local TREESITTER_LINES_0_10 = 200

--- Treesitter colours for a finished buffer, where there is a parser for it.
---@param buf integer
---@param language string
---@return boolean started
function M.start_treesitter(buf, language)
  if vim.fn.has('nvim-0.10') == 0 then
    return false
  end
  if vim.fn.has('nvim-0.11') == 0 and api.nvim_buf_line_count(buf) > TREESITTER_LINES_0_10 then
    return false
  end
  return (pcall(vim.treesitter.start, buf, language))
end

---@param buf integer
function M.stop_treesitter(buf)
  if vim.fn.has('nvim-0.10') == 1 and vim.b[buf].ts_highlight then
    pcall(vim.treesitter.stop, buf)
  end
end

--- The health functions under their new names.
---@return table
function M.health()
  local h = vim.health or require('health')
  return {
    start = h.start or h.report_start,
    ok = h.ok or h.report_ok,
    warn = h.warn or h.report_warn,
    error = h.error or h.report_error,
    info = h.info or h.report_info,
  }
end

return M
