--- The names that :Ask knows besides prompts, and how its words are read.
local M = {}

---@class askedit.Command
---@field name string also the function of require('askedit') that does it
---@field bang? boolean `!` may follow the name
---@field text? boolean words may follow the name
---@field range? boolean it can be about some lines only
---@field description string

---@type askedit.Command[]
M.list = {
  { name = 'stop', bang = true, description = 'stop the nearest answer, ! all' },
  { name = 'retry', text = true, description = 'ask the last question again, with other words if given' },
  { name = 'continue', description = 'go on with an answer that was stopped or cut' },
  { name = 'accept', bang = true, range = true, description = 'take the hunk here, ! all in this buffer' },
  { name = 'reject', bang = true, range = true, description = 'reject the hunk here, ! all in this buffer' },
  { name = 'open', bang = true, description = 'open the hunk here to read and edit it, ! the whole change' },
  { name = 'next', description = 'go to the next hunk that is open' },
  { name = 'prev', description = 'go to the open hunk before' },
  { name = 'hunks', description = 'list all open hunks in the quickfix window' },
  { name = 'model', text = true, description = 'choose whom to ask, and which model' },
  { name = 'show', description = 'show one of the last answers' },
  { name = 'log', description = 'show what was sent, and the timings' },
}

---@param name string
---@return askedit.Command|nil
function M.find(name)
  for _, command in ipairs(M.list) do
    if command.name == name then
      return command
    end
  end
end

--- Reads the words after :Ask. `name` is nil for free text and '' for a lone slash.
---@param words string
---@return {name: string|nil, bang: boolean, text: string}
function M.parse(words)
  if words:sub(1, 2) == '//' then
    return { bang = false, text = words:sub(2) }
  end
  local name, bang, text = words:match('^/([^%s!]*)(!?)%s*(.*)$')
  if not name then
    return { bang = false, text = words }
  end
  return { name = name, bang = bang == '!', text = text }
end

return M
