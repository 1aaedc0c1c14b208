--- The only way from this plugin to the message line: one sentence, one line, said once.
local M = {}

local KEPT = 10
local recent = {}

-- Neovim's own vim.notify uses the message line; one that a plugin put in its place has room. The newest
-- Neovim does not say which file its own is from.
local function has_room()
  -- A table that can be called is somebody's, too.
  if type(vim.notify) ~= 'function' then
    return true
  end
  local source = debug.getinfo(vim.notify, 'S').source
  return source ~= '?' and source ~= '=?' and not source:find('^@?vim/')
end

-- A message wider than this makes Neovim wait at a hit-enter prompt, and all drawing waits with it.
local function cut(message)
  if has_room() then
    return message
  end
  local room = math.max(vim.v.echospace, 20)
  if vim.fn.strdisplaywidth(message) <= room then
    return message
  end
  local chars = math.min(vim.fn.strchars(message), room)
  local short
  repeat
    chars = chars - 1
    short = vim.fn.strcharpart(message, 0, chars) .. '…'
  until vim.fn.strdisplaywidth(short) <= room
  return short
end

local function show(message, level)
  -- A vim.notify of the user's that fails must not take an answer with it; recent() still has the message.
  pcall(vim.notify, cut(message), level, { title = 'askedit' })
end

local show_after_cmdline

-- A message would be drawn over an open command line.
local function show_when_possible(message, level)
  if vim.api.nvim_get_mode().mode:find('^c') then
    show_after_cmdline(message, level)
  else
    show(message, level)
  end
end

function show_after_cmdline(message, level)
  vim.api.nvim_create_autocmd('CmdlineLeave', {
    once = true,
    callback = function()
      vim.schedule(function()
        show_when_possible(message, level) -- it may have been the prompt of CTRL-R =
      end)
    end,
  })
end

local function say(sentence, level)
  local message = 'askedit: ' .. sentence:gsub('%c+', ' ')
  recent[#recent + 1] = message
  if #recent > KEPT then
    table.remove(recent, 1)
  end
  show_when_possible(message, level)
end

--- Something could not be done. The level is WARN, as ERROR would set v:errmsg.
---@param sentence string what failed, why, what to do
function M.fault(sentence)
  say(sentence, vim.log.levels.WARN)
end

---@param sentence string
function M.info(sentence)
  say(sentence, vim.log.levels.INFO)
end

--- The last messages, whole, oldest first; the message line may have shown them cut.
---@return string[]
function M.recent()
  return vim.deepcopy(recent)
end

return M
