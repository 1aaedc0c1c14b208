--- Runs parts of the bench in the Neovim of $NVIM_PROG; ends with status 1 if a goal was missed. Started by
-- scripts/bench: lua5.1 tests/bench/bench.lua VERSION PART...
local Report = require('report')
local Session = require('session')

local who = table.remove(arg, 1)
local ok, fault = xpcall(function()
  for _, part in ipairs(arg) do require(part)(who) end
end, debug.traceback)
Session.close_all()
if not ok then error(fault, 0) end
os.exit(Report.missed == 0 and 0 or 1)
