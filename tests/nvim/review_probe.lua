--- Looks at a change from inside of Neovim, for review_play.lua.
--
--   local nvim, peer = Probe.start()      a product with /change, on whose screen all hunks are in sight
--
-- In Neovim there are then:
--   Probe.begin(name, lines)     opens a new file, of which mirrors are kept from on_lines and on_bytes
--   Probe.look(is_undo, with_edits)   { lines, mirror = what is wrong with one or '', said = { {'fault' or
--                                'info', sentence} } since the last look, is_mapped = our keys are there,
--                                errmsg, mode, is_here = the file is in the current window,
--                                edits = { {state, is_lost, hunks = { {from, count, new, state} } } } }
--   Probe.listen()               to be called after :edit!
--   Probe.choice                 what vim.ui.select is answered
--   Probe.home()                 closes what was opened beside the file
--   Probe.kill_host()
--   Probe.over()                 wipes the file; returns what was left behind, or ''
--   Probe.want(id, bytes)        the event Drawn is sent when so much of a run's text has been drawn
-- Further events: Started and Over, both with the id of a run, and HostGone.
local Edits = require('edits')

local Probe = {}

-- Mirrors, what was said, and the edits as the plugin sees them. No function of vim.* in what runs often.
local PROBE = [[
  local api, fn = vim.api, vim.fn
  local edits = require('askedit.review.edit')
  local view, notify = require('askedit.view'), require('askedit.notify')
  Probe = { choice = 'yes' }

  vim.ui.select = function(_, _, choose) choose(Probe.choice) end

  for _, kind in ipairs({ 'fault', 'info' }) do
    local say = notify[kind]
    notify[kind] = function(sentence)
      Probe.said[#Probe.said + 1] = { kind, sentence }
      if sentence:find('^the host') then vim.rpcnotify(1, 'HostGone') end
      return say(sentence)
    end
  end

  local new = edits.new
  function edits.new(...)
    local edit = new(...)
    Probe.edits[#Probe.edits + 1] = edit
    return edit
  end

  -- Tells when a run's text has been drawn up to a number of bytes.
  local draw, drawn, wanted = view.draw, {}, {}
  function view.draw(id, fields)
    local reply = draw(id, fields)
    if reply == 'ok' and fields.text then drawn[id] = (drawn[id] or 0) + #fields.text end
    if wanted[id] and (drawn[id] or 0) >= wanted[id] then
      wanted[id] = nil
      vim.rpcnotify(1, 'Drawn')
    end
    return reply
  end

  function Probe.want(id, bytes) wanted[id] = bytes end

  vim.cmd('autocmd! User Askedit*')
  api.nvim_create_autocmd('User', { pattern = 'Askedit*', callback = function(args)
    local name = args.match == 'AskeditStart' and 'Started' or 'Over'
    vim.rpcnotify(1, name, require('askedit').event().id)
  end })

  local function text_of(lines) return table.concat(lines, '\n') .. '\n' end

  local function splice(list, first, last, others)
    local out = {}
    for i = 1, first do out[#out + 1] = list[i] end
    for i = 1, #others do out[#out + 1] = others[i] end
    for i = last + 1, #list do out[#out + 1] = list[i] end
    return out
  end

  local function listen(buf)
    local heard = {}
    local function all()
      heard.lines = api.nvim_buf_get_lines(buf, 0, -1, true)
      heard.text = text_of(heard.lines)
      heard.around = heard.text -- with NUL for each new byte
    end
    all()
    api.nvim_buf_attach(buf, false, { on_reload = all, on_lines = function(_, _, _, first, last, new_last)
      heard.lines = splice(heard.lines, first, last, api.nvim_buf_get_lines(buf, first, new_last, true))
    end })
    local function reloaded()
      all()
      heard.is_wrong = true -- Neovim adds what an undone reload removed to a later event
    end
    api.nvim_buf_attach(buf, false, { on_reload = reloaded,
      on_bytes = function(_, _, _, row, column, offset, _, _, length, new_rows, _, new_length)
        local rows = api.nvim_buf_get_lines(buf, row, row + new_rows + 1, false)
        local bytes = text_of(rows):sub(column + 1, column + new_length)
        heard.text = heard.text:sub(1, offset) .. bytes .. heard.text:sub(offset + length + 1)
        heard.around = heard.around:sub(1, offset) .. ('\0'):rep(new_length)
          .. heard.around:sub(offset + length + 1)
      end })
    return heard
  end

  -- How a mirror differs. After undo and redo the new bytes as they were read at the time are not looked at,
  -- only what stands around them: Neovim tells them when all parts of the step are done.
  local function mirror_fault(lines, is_undo)
    local text, heard = text_of(lines), Probe.heard
    local around = heard.around:gsub('()%z', function(at) return text:sub(at, at) end)
    if heard.is_wrong then around, heard.text = text, text end
    local fault = text_of(heard.lines) ~= text and 'on_lines made ' .. text_of(heard.lines)
      or around ~= text and 'around on_bytes there is ' .. around
      or not is_undo and heard.text ~= text and 'on_bytes made ' .. heard.text or ''
    heard.text, heard.around = text, text
    return fault
  end

  -- :edit! ends what was attached; an undo of it does not, it is a reload.
  function Probe.listen() Probe.heard = listen(Probe.buf) end

  function Probe.begin(name, lines)
    fn.writefile(lines, name)
    vim.cmd('silent edit! ' .. name .. ' | messages clear')
    vim.v.errmsg = ''
    Probe.buf, Probe.said, Probe.edits = api.nvim_get_current_buf(), {}, {}
    Probe.listen()
  end

  local function seen_of(edit)
    local now = edit.state ~= 'gone' and edit.region:now()
    local hunks = {}
    for i = 1, now and #edit.hunks.list or 0 do
      local hunk = edit.hunks.list[i]
      local state = edit.hunks:state_of(hunk, now)
      hunks[i] = { from = hunk.from, count = hunk.count, new = hunk.new, state = state }
    end
    return { state = edit.state, is_lost = not now, hunks = hunks }
  end

  local function is_mapped()
    for _, map in ipairs(api.nvim_buf_get_keymap(Probe.buf, 'n')) do
      if map.lhs == 'gh' then return true end
    end
    return false
  end

  function Probe.look(is_undo, with_edits)
    local lines = api.nvim_buf_get_lines(Probe.buf, 0, -1, true)
    local seen = { lines = lines, mirror = mirror_fault(lines, is_undo), said = Probe.said, edits = {},
      is_mapped = is_mapped(), errmsg = vim.v.errmsg, mode = api.nvim_get_mode().mode,
      is_here = api.nvim_get_current_buf() == Probe.buf }
    Probe.said = {}
    for i = 1, with_edits and #Probe.edits or 0 do seen.edits[i] = seen_of(Probe.edits[i]) end
    return seen
  end

  -- Closes what was opened beside the file.
  function Probe.home()
    local home = fn.bufwinid(Probe.buf)
    for _, win in ipairs(api.nvim_list_wins()) do
      if win ~= home then api.nvim_win_close(win, true) end
    end
  end

  function Probe.kill_host()
    for _, chan in ipairs(api.nvim_list_chans()) do
      if chan.mode == 'rpc' and chan.stream == 'job' then vim.loop.kill(fn.jobpid(chan.id), 9) end
    end
  end

  -- What is left behind when all is closed and the file is wiped.
  function Probe.over()
    local left = {}
    for name, space in pairs(api.nvim_get_namespaces()) do
      if name == 'askedit_change' and #api.nvim_buf_get_extmarks(Probe.buf, space, 0, -1, {}) > 0 then
        left[#left + 1] = 'marks of ' .. name
      end
    end
    if is_mapped() then left[#left + 1] = 'keys' end
    local broken = view.broken_draws()
    if #broken > 0 then left[#left + 1] = broken[#broken] end
    local messages = api.nvim_exec('messages', true)
    if messages:find('[Ee]rror executing') or messages:find('traceback', 1, true) then
      left[#left + 1] = messages
    end
    vim.cmd('bwipeout! ' .. Probe.buf)
    return table.concat(left, '\n')
  end
]]

function Probe.start()
  local nvim, peer = Edits.start_raw({ 'nothing' }, { name = 'nothing.txt', rows = 100 })
  nvim:exec_lua(PROBE)
  return nvim, peer
end

return Probe
