--- Edits: changes to a part of a buffer that an answer proposes. Until one is taken the buffer stays as it is.
---
---   coming --end of the answer--> open --accept or reject--> closed
---     ^-----------retry------------'
---   waiting   as open, and takes itself in a still moment
---   choice    several blocks of code came; one is to be chosen
---   gone      the buffer was wiped or read anew
local compat = require('askedit.compat')
local block = require('askedit.block')
local diff = require('askedit.review.diff')
local draw = require('askedit.review.draw')
local keys = require('askedit.review.keys')
local notify = require('askedit.notify')
local region = require('askedit.review.region')

local M = {}

local api = vim.api

local REDRAW_LATER = 1000 -- lines of a region that is not compared again with each key
local PATIENCE = 150 -- milliseconds

local edits = {} ---@type askedit.Edit[]
local watched = {} ---@type table<integer, true>
local on_gone = function(_) end

---@class askedit.Edit
---@field buf integer
---@field state 'coming'|'open'|'waiting'|'choice'|'closed'|'gone'
---@field region askedit.Region
---@field block? askedit.Block the region's lines are those of this block
---@field takes_itself boolean
---@field ends_on_break? boolean
---@field indent string what each line of the new text begins with
---@field proposal askedit.Proposal of the first block of code
---@field others string[][] pieces of each further block
---@field hunks askedit.Hunk[]
---@field lines string[] the whole new text, when it is there
---@field is_cut boolean
---@field status string
---@field package shown table<askedit.Hunk, integer[]> what is drawn
---@field package live? integer
---@field package redraw_due? boolean
---@field package looked? string[] the text of the region when the proposal was looked at
---@field package keys {lhs: string, command: string, desc: string}[]
local Edit = {}
Edit.__index = Edit

--- Tells who stops the run of an edit whose buffer is gone.
---@param callback fun(edit: askedit.Edit)
function M.on_gone(callback)
  on_gone = callback
end

-- The open ones -----------------------------------------------------------------------------------------

function Edit:is_open()
  return self.state ~= 'closed' and self.state ~= 'gone'
end

local function open_in(buf)
  return vim.tbl_filter(function(edit)
    return edit.buf == buf
  end, edits)
end

--- Open edits, oldest first.
---@return askedit.Edit[]
function M.open_ones()
  return vim.list_slice(edits)
end

--- What is at its place now; nil if that is gone.
---@return askedit.Spot|nil
function Edit:spot()
  local now = self.state ~= 'gone' and self.region:now()
  if not now then
    return nil
  end
  local spot = self.region:spot(now)
  spot.kind = self.block and 'block' or spot.kind
  spot.block, spot.ends_on_break = self.block, self.ends_on_break
  return spot
end

--- How far a row is from an edit; nil if that has no place any more.
---@param row integer
---@return integer|nil
function Edit:distance(row)
  local first, behind = self.region:rows()
  if not first then
    return nil
  end
  return math.max(first - row, row - math.max(behind - 1, first), 0)
end

--- The open edit of the current buffer that is nearest to the cursor, the last one of those that are
--- equally near.
---@return askedit.Edit|nil
function M.nearest()
  local row = api.nvim_win_get_cursor(0)[1] - 1
  local best, least
  for _, edit in ipairs(open_in(api.nvim_get_current_buf())) do
    local distance = edit:distance(row)
    if distance and (not least or distance <= least) then
      best, least = edit, distance
    end
  end
  return best
end

local function overlapping(buf, r1, r2, own)
  for _, edit in ipairs(open_in(buf)) do
    local first, behind = edit.region:rows()
    if edit ~= own and first and first < math.max(r2, r1 + 1) and r1 < math.max(behind, first + 1) then
      return edit
    end
  end
end

-- Drawing -----------------------------------------------------------------------------------------------

-- The row of the region's line `number`, counted as it was asked for.
local function row_of(first, behind, number)
  return math.min(first + number - 1, math.max(behind - 1, first))
end

local function draw_live(edit)
  local first, behind = edit.region:rows()
  if not first then
    return
  end
  local proposal = edit.proposal
  local row
  if behind == first then
    row = first - 1
  else
    row = row_of(first, behind, math.max(proposal.settled, 1))
  end
  local lines, hidden = proposal:newest(draw.LIVE_LINES)
  edit.live = draw.live(edit.buf, row, lines, hidden, edit.status, edit.live)
end

local function erase_hunks(edit)
  for _, ids in pairs(edit.shown) do
    draw.erase(edit.buf, ids)
  end
  edit.shown = {}
end

local function erase_live(edit)
  if edit.live then
    draw.erase(edit.buf, { edit.live })
    edit.live = nil
  end
end

-- Rows and columns of lines of a region as it is now.
local function drawn_place(edit, now, place)
  local is_chars = edit.region.kind == 'chars'
  local first, last = now.r1 + place.from - 1, now.r1 + place.from + place.count - 2
  local ends_inside = is_chars and place.from + place.count - 1 == #now.lines
  local where = {
    r1 = first,
    c1 = is_chars and place.from == 1 and now.c1 or 0,
    r2 = ends_inside and last or last + 1,
    c2 = ends_inside and now.c2 or 0,
    below = last,
    stale = place.stale,
  }
  if place.count == 0 then
    where.r2, where.c2 = where.r1, where.c1
    where.below = is_chars and math.max(last, now.r1) or last
  end
  return where
end

local function hint(edit)
  local row = edit.keys.open
  return row and (' · %s opens'):format(row.lhs) or ' · :Ask /open'
end

local function draw_hunk(edit, hunk, now, lines, status)
  local place = drawn_place(edit, now, region.place(hunk, now.changes))
  edit.shown[hunk] = draw.hunk(edit.buf, place, lines, hunk, { status = status, hint = hint(edit) })
end

-- Hunks that settled since the last draw. The lines of earlier ones are where they were.
local function draw_settled(edit)
  local hunks, now = edit.proposal.hunks, nil
  for i = #hunks, 1, -1 do
    if edit.shown[hunks[i]] then
      return
    end
    now = now or edit.region:now()
    if not now then
      return
    end
    draw_hunk(edit, hunks[i], now, edit.proposal.lines)
  end
end

local function draw_review(edit)
  local now = edit.region:now()
  erase_hunks(edit)
  if not now then
    return
  end
  for i, hunk in ipairs(edit.hunks) do
    draw_hunk(edit, hunk, now, edit.lines, i == 1 and edit.status or nil)
  end
end

local function redraw(edit)
  if edit.state == 'coming' then
    erase_hunks(edit)
    draw_settled(edit)
    draw_live(edit)
  elseif edit.state == 'open' or edit.state == 'waiting' then
    draw_review(edit)
  elseif edit.state == 'choice' then
    draw_live(edit)
  end
end

-- What the user does to the buffer ----------------------------------------------------------------------

local function let_go(edit, state)
  erase_hunks(edit)
  erase_live(edit)
  edit.state = state
  for i, each in ipairs(edits) do
    if each == edit then
      table.remove(edits, i)
    end
  end
  if #open_in(edit.buf) == 0 then
    keys.off(edit.buf)
  end
end

local function lose(buf)
  for _, edit in ipairs(open_in(buf)) do
    let_go(edit, 'gone')
    on_gone(edit)
  end
end

local function redraw_soon(edit)
  if edit.redraw_due then
    return
  end
  edit.redraw_due = true
  vim.defer_fn(function()
    edit.redraw_due = false
    if edit:is_open() and api.nvim_buf_is_loaded(edit.buf) then
      redraw(edit)
    end
  end, #edit.region.base > REDRAW_LATER and PATIENCE or 0)
end

local function changed_rows(buf, first, last)
  for _, edit in ipairs(open_in(buf)) do
    local r1, behind = edit.region:rows()
    if r1 and first <= behind and last >= r1 then
      redraw_soon(edit)
    end
  end
end

local function watch(buf)
  if watched[buf] then
    return
  end
  watched[buf] = true
  local function gone()
    watched[buf] = nil
    vim.schedule(function()
      lose(buf)
    end)
  end
  api.nvim_buf_attach(buf, false, {
    on_lines = function(_, _, _, first, _, last)
      if #open_in(buf) == 0 then
        watched[buf] = nil
        return true
      end
      vim.schedule(function()
        if api.nvim_buf_is_loaded(buf) then
          changed_rows(buf, first, last)
        end
      end)
    end,
    on_reload = gone,
    on_detach = gone,
  })
end

-- Life of an edit ---------------------------------------------------------------------------------------

--- Why a buffer cannot take a change, nil if it can.
---@param buf integer
---@return string|nil
function M.fault_of_buffer(buf)
  if vim.bo[buf].buftype == 'terminal' then
    return 'a terminal cannot be written to'
  elseif not vim.bo[buf].modifiable then
    return "this buffer cannot be changed ('nomodifiable')"
  end
end

local function rows_of(spot)
  return spot.r1, spot.kind == 'chars' and spot.r2 + 1 or spot.r2
end

-- A text that takes the place of a blank line goes where that line was indented to.
local function indent_of(spot)
  if spot.kind ~= 'lines' or spot.r2 ~= spot.r1 + 1 then
    return ''
  end
  return api.nvim_buf_get_lines(spot.buf, spot.r1, spot.r2, true)[1]
end

---@class askedit.EditOptions
---@field takes_itself boolean
---@field keys table<string, {lhs: string, command: string, desc: string}>

--- Why an edit cannot be made here, nil if it can.
---@param spot askedit.Spot
---@param own askedit.Edit|nil one that may be there
---@return string|nil
function M.fault_of(spot, own)
  local r1, r2 = rows_of(spot)
  local fault = M.fault_of_buffer(spot.buf)
  if fault then
    return fault
  end
  if overlapping(spot.buf, r1, r2, own) then
    return 'there is an open change to these lines: take or reject it first'
  end
end

--- Begins an edit. The caller has seen to it that fault_of() is nil.
---@param spot askedit.Spot
---@param options askedit.EditOptions
---@return askedit.Edit
function M.new(spot, options)
  return setmetatable({
    buf = spot.buf,
    state = 'closed',
    region = region.new(spot),
    block = spot.block,
    ends_on_break = spot.ends_on_break,
    takes_itself = options.takes_itself,
    indent = options.takes_itself and indent_of(spot) or '',
    keys = options.keys,
    status = '',
    shown = {},
    others = {},
  }, Edit)
end

local function key_rows(edit)
  local rows = {}
  for _, row in pairs(edit.keys) do
    rows[#rows + 1] = row
  end
  return rows
end

--- An answer is on its way, for the first time or again: its text is compared with the region as it is now.
function Edit:start()
  local now = self.region:now()
  if not now then
    return
  end
  self.region:rebase(now)
  self.proposal, self.others = diff.proposal(self.block and {} or self.region.base), {}
  self.hunks, self.lines, self.is_cut, self.looked = {}, {}, false, nil
  self:go_on()
end

--- An answer that was cut goes on.
function Edit:go_on()
  erase_hunks(self)
  self.state = 'coming'
  if not vim.tbl_contains(edits, self) then
    edits[#edits + 1] = self
  end
  keys.on(self.buf, key_rows(self))
  watch(self.buf)
  local first, behind = self.region:rows()
  draw.open_folds(self.buf, first, behind - 1)
  redraw(self)
end

---@return boolean
function Edit:has_code()
  return self.proposal.has_text
end

--- How much there is, in words.
---@return string
function Edit:size()
  if self.state == 'open' then
    return ('%d %s'):format(#self.hunks, #self.hunks == 1 and 'hunk' or 'hunks')
  end
  local count = #self.proposal.lines + 1
  return ('%d %s'):format(count, count == 1 and 'line' or 'lines')
end

--- The text of the first block of code so far.
---@return string
function Edit:code()
  return table.concat(self.proposal:all_lines(), '\n')
end

--- More code: the first string goes on with the present block, each further one begins a new one.
---@param pieces string[]
function Edit:add(pieces)
  for i, piece in ipairs(pieces) do
    if i > 1 then
      self.others[#self.others + 1] = {}
    end
    local other = self.others[#self.others]
    if other then
      other[#other + 1] = piece
    else
      self.proposal:add(piece)
    end
  end
end

--- Draws what has come, with a line about the run below it.
---@param status string
function Edit:show(status)
  self.status = status
  if self.state == 'coming' then
    draw_settled(self)
    draw_live(self)
  end
end

local function indented(lines, indent)
  if indent == '' then
    return lines
  end
  for _, line in ipairs(lines) do
    if line:find('%S') and line:sub(1, #indent) == indent then
      return lines
    end
  end
  return vim.tbl_map(function(line)
    return line:find('%S') and indent .. line or line
  end, lines)
end

-- The new text of the whole region: `lines` is that of the answer. Returns a fault if it does not fit.
local function fit(edit, lines)
  if not edit.block then
    return indented(lines, edit.indent)
  end
  local count = #edit.region.base
  if #lines ~= count then
    return nil, ('the block has %d rows and the answer %d: nothing was changed'):format(count, #lines)
  end
  return block.replace(edit.region.base, edit.block, lines)
end

-- Hunks and lines for review. Returns a sentence if there is nothing to review.
local function propose(edit)
  local hunks, lines = edit.proposal:final_hunks(edit.is_cut)
  if edit.block or edit.indent ~= '' then
    local fault
    lines, fault = fit(edit, lines)
    if not lines then
      return fault
    end
    hunks = diff.hunks(edit.region.base, lines)
  end
  edit.hunks, edit.lines = hunks, lines
  if #hunks == 0 then
    return 'the answer is the same text: nothing to change'
  end
end

local function take_when_still(edit)
  edit.state = 'waiting'
  compat.in_still_moment(function()
    if edit.state == 'waiting' and api.nvim_buf_is_loaded(edit.buf) then
      M.accept(edit)
    end
  end)
end

--- The answer is over. Says why if nothing can be made of it; the edit is then closed.
---@param ending {cut: boolean, refused: boolean}
---@return string|nil sentence
function Edit:finish(ending)
  if self.state ~= 'coming' then
    return nil
  end
  erase_live(self)
  if not self.proposal.has_text and #self.others == 0 then
    let_go(self, 'closed')
    return not ending.cut and 'the answer holds no code: nothing was changed (:Ask /show)' or nil
  end
  if ending.refused then
    let_go(self, 'closed')
    return 'the answer was refused or filtered: nothing was changed (:Ask /show)'
  end
  self.is_cut = ending.cut
  return self:review()
end

--- Shows what was proposed, to be taken or not.
---@return string|nil sentence
function Edit:review()
  if #self.others > 0 then
    self.state = 'choice'
    return nil
  end
  local sentence = propose(self)
  if sentence then
    let_go(self, 'closed')
    return sentence
  end
  self.state = 'open'
  if self.takes_itself and not self.is_cut then
    take_when_still(self)
  end
end

--- Sets the line that stands at an edit whose answer is over.
---@param status string
function Edit:set_status(status)
  self.status = status
  if self:is_open() then
    redraw(self)
  end
end

-- Taking it ---------------------------------------------------------------------------------------------

local function equal_or_nil(a, b)
  return a ~= nil and vim.deep_equal(a, b)
end

-- Lines of the user that stand around a hunk which they belong to by now.
local function with_surroundings(place, now, new)
  local head = math.min(place.head, place.count)
  local tail = math.min(place.tail, place.count - head)
  local lines = vim.list_slice(now.lines, place.from, place.from + head - 1)
  vim.list_extend(lines, new)
  return vim.list_extend(lines, now.lines, place.from + place.count - tail, place.from + place.count - 1)
end

local function new_lines(edit, hunk)
  return vim.list_slice(edit.lines, hunk.new_from, hunk.new_from + hunk.new_count - 1)
end

-- What can be written now, and the hunks that cannot since the user changed their lines. Those can once the
-- proposal was looked at beside the text as it is.
local function pieces_of(edit, now)
  local pieces, stale, taken = {}, {}, {}
  local force = equal_or_nil(edit.looked, now.lines)
  for _, hunk in ipairs(edit.hunks) do
    local place = region.place(hunk, now.changes)
    if place.stale and not force then
      stale[#stale + 1] = hunk
    else
      local lines = with_surroundings(place, now, new_lines(edit, hunk))
      taken[#taken + 1] = hunk
      pieces[#pieces + 1] = { from = place.from, count = place.count, lines = lines }
    end
  end
  return pieces, stale, taken
end

-- What is left of an edit after some of its hunks were taken: these count as the base, and the rest moves
-- along.
local function keep_stale(edit, stale, taken)
  local base = vim.list_slice(edit.region.base)
  for i = #taken, 1, -1 do
    local hunk = taken[i]
    local rest = vim.list_slice(base, hunk.from + hunk.count)
    base = vim.list_slice(base, 1, hunk.from - 1)
    vim.list_extend(vim.list_extend(base, new_lines(edit, hunk)), rest)
    for _, other in ipairs(stale) do
      if other.from > hunk.from then
        other.from = other.from + hunk.new_count - hunk.count
      end
    end
  end
  edit.region.base, edit.hunks, edit.looked = base, stale, nil
  edit.state = 'open'
  redraw(edit)
end

local function choose(edit)
  local blocks = { edit:code() }
  for _, pieces in ipairs(edit.others) do
    blocks[#blocks + 1] = table.concat(pieces)
  end
  compat.select(blocks, {
    prompt = 'Which of the blocks of code?',
    kind = 'askedit',
    format_item = function(text)
      local lines = compat.lines(text)
      return ('%s … (%d %s)'):format(vim.trim(lines[1]), #lines, #lines == 1 and 'line' or 'lines')
    end,
  }, function(text)
    if text and edit.state == 'choice' then
      edit.proposal, edit.others = diff.proposal(edit.block and {} or edit.region.base), {}
      edit.proposal:add(text)
      erase_live(edit)
      local sentence = edit:review()
      if sentence then
        notify.info(sentence)
      end
      edit:set_status(edit.status)
    end
  end)
end

local function write(edit)
  local now = edit.region:now()
  if not now then
    return 'the place of this change is gone: :Ask /show has the text'
  end
  local pieces, stale, taken = pieces_of(edit, now)
  if #pieces == 0 then
    return 'you changed these lines: :Ask /open shows the change, then it can be taken; /retry asks again'
  end
  local fault = edit.region:write(now, pieces)
  if fault then
    return 'the change could not be written: ' .. fault:gsub('^.*E(%d+): ', 'E%1: '):gsub('\n.*', '')
  end
  if #stale > 0 then
    keep_stale(edit, stale, taken)
    return 'the rest is in lines that you changed: :Ask /open shows it, then it can be taken'
  end
  let_go(edit, 'closed')
end

--- Writes a change, as one step of undo. Says why if it cannot.
---@param edit askedit.Edit
function M.accept(edit)
  if edit.state == 'coming' then
    return notify.fault('this change is still coming: /stop ends it, then it can be taken')
  elseif edit.state == 'choice' then
    return choose(edit)
  end
  local fault = M.fault_of_buffer(edit.buf)
  local warns = vim.bo[edit.buf].readonly and not vim.bo[edit.buf].modified
  fault = fault or write(edit)
  if fault then
    return notify.fault(fault)
  end
  if warns then
    notify.info('W10: Warning: Changing a readonly file')
  end
end

--- Takes a change back that was not written. The buffer stays as it is.
---@param edit askedit.Edit
function M.reject(edit)
  let_go(edit, 'closed')
end

--- The whole text as it would be after taking the change, for a look at it. Lines that the user changed may
--- be taken afterwards.
---@param edit askedit.Edit
---@return string[]
function M.look_at(edit)
  local now = edit.region:now()
  edit.looked = now and now.lines
  if edit.state == 'open' or edit.state == 'waiting' then
    return edit.lines
  end
  local lines = edit.proposal:all_lines()
  for _, pieces in ipairs(edit.others) do
    vim.list_extend(lines, { '' })
    vim.list_extend(lines, compat.lines(table.concat(pieces)))
  end
  return lines
end

return M
