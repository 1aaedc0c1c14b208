--- Holds back and counts the draws of the host in a session's Neovim, to look at an answer in its middle.
--
--   Draws.watch(nvim)     from now on there are, in Neovim: `Draws.count` of those with text,
--                         `Draws.largest` (bytes of text in one), `Draws.locked` (how often text was locked),
--                         `Draws.room`: how many more with text may pass, nil = all; after them the host is
--                         told to come later
--   Draws.catch(nvim)     the same, and none may pass before the first hold(): to be called before asking, as
--                         a host that is quick would be done by then
--   Draws.hold(nvim, n)   lets n more with text pass, and returns when they have
--   Draws.go_on(nvim)     lets all pass
local Draws = {}

local watch = [[
  local view = require('askedit.view')
  local draw = view.draw
  Draws = { count = 0, largest = 0, locked = 0 }
  function view.draw(id, fields)
    if id ~= 0 and Draws.room == 0 then return 'later' end
    local reply = draw(id, fields)
    if reply == 'later' then
      Draws.locked = Draws.locked + 1
    elseif fields.text then
      Draws.count, Draws.largest = Draws.count + 1, math.max(Draws.largest, #fields.text)
      Draws.room = Draws.room and Draws.room - 1
    end
    return reply
  end
]]

function Draws.watch(nvim) nvim:exec_lua(watch) end

function Draws.catch(nvim) nvim:exec_lua(watch .. 'Draws.room = 0') end

function Draws.hold(nvim, count)
  nvim:exec_lua('Draws.room = ...', count)
  nvim:wait_for('Draws.room == 0')
end

function Draws.go_on(nvim) nvim:exec_lua('Draws.room = nil') end

return Draws
