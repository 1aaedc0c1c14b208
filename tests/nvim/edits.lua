--- Changes for the specs: a product with a file in its window, whose server writes what a spec tells it to.
--
--   local nvim, peer = Edits.start({ 'a', 'b' })         work.py with these lines; its server waits
--   local request = Edits.ask(nvim, peer, '2GV:Ask! better<CR>')
--   Edits.begin(request, '```python\nB')                 the answer's head and its first words
--   Edits.more(request, '\n```\n')                       some more of it
--   Edits.finish(nvim, request, text, reason)            the rest; returns the data of AskeditDone
--   Edits.answer(nvim, request, text, pieces)            a whole answer, in events that match `pieces`
--                                                        (a Lua pattern; one event if left out)
--
--   Edits.arrived(nvim, text)   returns when all of the answer up to there, `text`, has been drawn
--   Edits.preview(nvim)         the lines that are shown as new in this buffer, top to bottom, as one string
--   Edits.see_new(nvim, text)   waits until that string holds `text`
--   Edits.row_of(nvim, text)    the row of the screen, from 1, that holds `text`
--   Edits.numbered(first, last, word)   the lines 'WORD 1;', 'WORD 2;', ... ('line' if left out)
--   Edits.words(text)           the words of `text`, a list: a buffer's lines in one string
--   Edits.assert_lines(nvim, text, when)   the lines of this buffer, one space between each two, are `text`
--   Edits.fenced(text)          an answer that is one block of code, with the words of `text` as its lines
--
-- Edits.start(lines, options)   options of Product.start, and
--   name    of the file (work.py);  text   its bytes, instead of `lines`
-- Edits.start_raw(lines, options)   the same with a prompt /change, which sends the selected text and the
--                                   words, nothing else
--
--   Edits.listen(nvim)   from now on on_lines and on_bytes of the current buffer are heard, and each keeps a
--                        copy of it from what it is told
--   Edits.heard(nvim)    how many events there were since, and whether 'changedtick' moved
--   Edits.mirror_fault(nvim, redone)   how a copy differs from the buffer; nil if none does. Neovim tells the
--                        bytes of a redo when all its parts are done, so after one (true) the new bytes that
--                        were read at the time of on_bytes are not looked at, only what stands around them
local Chat = require('chat')
local Product = require('product')
local assert = require('luassert')

local Edits = {}

function Edits.start(lines, options)
  options = options or {}
  local name = options.name or 'work.py'
  options.script = options.script or function() end
  options.provider = options.provider or { dialect = 'openai_chat' }
  options.files = options.files or {}
  options.files[name] = options.text or table.concat(lines, '\n') .. '\n'
  options.args = options.args or { name }
  -- Neovim's settings for Python look for a Python first, which takes a second.
  options.init = 'vim.g.loaded_python3_provider = 0\n' .. (options.init or '')
  return Product.start(options)
end

local CHANGE = "return { description = 'spec', context = 'selection', target = 'replace', "
  .. "template = '{{code}}{{text}}' }"

function Edits.start_raw(lines, options)
  options = options or {}
  options.prompts = { ['change.lua'] = CHANGE }
  return Edits.start(lines, options)
end

function Edits.ask(nvim, peer, keys)
  nvim:feed(keys)
  return peer:wait_request(nvim)
end

function Edits.begin(request, text) request.conn:write(Chat.head .. Chat.part(Chat.text(text))) end

function Edits.more(request, text) request.conn:write(Chat.part(Chat.text(text))) end

function Edits.finish(nvim, request, text, reason)
  local words = text and Chat.text(text) or ''
  request.conn:write(Chat.part(words .. Chat.stop(reason) .. Chat.done) .. Chat.last)
  local over = nvim:event('AskeditDone')[1]
  nvim:redraw()
  return over
end

function Edits.answer(nvim, request, text, pieces)
  local events = text:gsub(pieces or '^.*$', Chat.text)
  request.conn:write(Chat.head .. Chat.part(events))
  return Edits.finish(nvim, request)
end

local ARRIVED = [[(function()
  local list = require('askedit.runs').all()
  return require('askedit.transcript').answer(list[#list]) == %q
end)()]]

function Edits.arrived(nvim, text) nvim:wait_for(ARRIVED:format(text)) end

local PREVIEW = [[
  local marks, rows = vim.api.nvim_create_namespace('askedit_change'), {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, marks, 0, -1, { details = true })) do
    for _, chunks in ipairs(mark[4].virt_lines or {}) do
      local row = {}
      for i, chunk in ipairs(chunks) do row[i] = chunk[2]:find('^AskeditAdd') and chunk[1] end
      if row[1] then rows[#rows + 1] = (table.concat(row):gsub(' +$', '')) end
    end
  end
  return table.concat(rows, '\n')
]]

function Edits.preview(nvim) return nvim:exec_lua(PREVIEW) end

function Edits.see_new(nvim, text)
  nvim:wait_for(('(function() %s end)():find(%q, 1, true)'):format(PREVIEW, text))
end

function Edits.row_of(nvim, text)
  for i, line in ipairs(nvim:screen()) do
    if line:find(text, 1, true) then return i end
  end
  error(text .. ' is not on:\n' .. nvim:text())
end

function Edits.numbered(first, last, word)
  local lines = {}
  for i = first, last do lines[#lines + 1] = ('%s %d;'):format(word or 'line', i) end
  return lines
end

function Edits.words(text)
  local list = {}
  for word in text:gmatch('%S+') do list[#list + 1] = word end
  return list
end

function Edits.assert_lines(nvim, text, when)
  assert.are.equal(text, table.concat(Product.lines(nvim), ' '), when)
end

function Edits.fenced(text) return '```python\n' .. text:gsub(' ', '\n') .. '\n```\n' end

local listen = [[
  local api = vim.api
  local buf = api.nvim_get_current_buf()
  local lines = api.nvim_buf_get_lines(buf, 0, -1, true)
  Heard = { events = 0, buf = buf, tick = vim.b.changedtick, lines = lines }
  Heard.text = table.concat(lines, '\n') .. '\n'
  Heard.around = Heard.text -- with NUL for each new byte
  -- Only what is new is asked of the buffer, and only at the time of the event.
  local function on_lines(_, _, _, first, last, new_last)
    local kept = vim.list_slice(Heard.lines, 1, first)
    vim.list_extend(kept, api.nvim_buf_get_lines(buf, first, new_last, true))
    Heard.lines = vim.list_extend(kept, Heard.lines, last + 1)
    Heard.events = Heard.events + 1
  end
  local function on_bytes(_, _, _, row, column, offset, _, _, length, new_rows, _, new_length)
    local rows = api.nvim_buf_get_lines(buf, row, row + new_rows + 1, false)
    local new = (table.concat(rows, '\n') .. '\n'):sub(column + 1, column + new_length)
    local function splice(text, bytes)
      return text:sub(1, offset) .. bytes .. text:sub(offset + length + 1)
    end
    Heard.text, Heard.around = splice(Heard.text, new), splice(Heard.around, ('\0'):rep(new_length))
    Heard.events = Heard.events + 1
  end
  api.nvim_buf_attach(buf, false, { on_lines = on_lines })
  api.nvim_buf_attach(buf, false, { on_bytes = on_bytes })
]]

function Edits.listen(nvim) nvim:exec_lua(listen) end

function Edits.heard(nvim)
  local heard = nvim:exec_lua('return { Heard.events, vim.b[Heard.buf].changedtick ~= Heard.tick }')
  return heard[1], heard[2]
end

local function difference(name, copy, text)
  if copy == text then return nil end
  local at = 1
  while copy:byte(at) == text:byte(at) do at = at + 1 end
  return ('%s: %q instead of %q at byte %d'):format(name, copy:sub(at, at + 60), text:sub(at, at + 60), at)
end

function Edits.mirror_fault(nvim, redone)
  local heard = nvim:exec_lua('return { Heard.lines, Heard.text, Heard.around, Heard.buf }')
  local text = table.concat(Product.lines(nvim, heard[4]), '\n') .. '\n'
  local around = heard[3]:gsub('()%z', function(at) return text:sub(at, at) end)
  return difference('on_lines', table.concat(heard[1], '\n') .. '\n', text)
    or difference('around on_bytes', around, text)
    or not redone and difference('on_bytes', heard[2], text) or nil
end

return Edits
