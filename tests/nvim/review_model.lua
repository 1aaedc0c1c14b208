--- What a buffer holds while changes to it are reviewed, told plainly: lists of lines, each of them an
--- object that stays itself wherever it goes, an undo tree of such lists, and what the user decided. No texts
--- are compared here, there are no marks, and none of the product's code is used: whether a hunk is taken is
--- seen by which objects stand in the list.
--
--   local model = Model.new({ 'a', 'b', 'c' })     a file that was just opened; with `true` as well, one of
--                                                  equal lines, whose hunks are learnt from the plugin
--   model.lines                                    list of Line { text, was = Line that it was typed over }
--   Model.texts(lines)
--   model:commit(lines)                            a step of undo;  model:back(n), model:forth(n) its steps
--   Model.inserted(lines, at, line), .changed(lines, at, text), .deleted(lines, at)   other lists
--
--   local edit = model:ask(first, last)            a change to these lines is asked for
--   model:ask_again(edit, first, last)             the same once more, about what stands there now
--   edit:answer(entries)                           what the model says: { keep = number of an old line } and
--                                                  { text = a new line }, in order
--   edit.said                                      that as one text;  edit.sent how much of it has come
--   edit:settle()                                  hunks that are certain by what has come
--   edit:finish(is_cut)                            the answer is over, with all hunks
--   edit.hunks                                     list of Hunk { from, count, new = Line[] }
--
-- A hunk as it stands in a list of lines, a Reading:
--   reading.states         set of what it may be called: open, taken, rejected, stale; more than one where
--                          nobody could tell which, e.g. of a taken line that was typed over
--   reading.first, .last   where its own lines are now (numbers from 1), nil if there are none
--   reading.gap            number of the line before which its new lines would go if it has no old ones
--   reading:distance(row)  least and greatest number of lines between it and a row that one may count
--
--   model:readings(lines, hunks_of)   readings of all edits, top to bottom
--   model:nearest(row)                the readings that may be meant with the cursor there, and whether it
--                                     may be none of them
--   Model.take(edit, hunk, lines)     the lists that taking it may give (mostly one)
--   Model.take_over(edit, hunk, lines)   the same of a stale hunk that was looked at; nil if it is not
--                                     certain what of the user's own would go
--   edit:part(hunk, first, last)      old lines `first` to `last` of a hunk (from 1) as a hunk, and the list
--                                     of hunks that stand for the whole then
--   edit:with_texts(hunk, texts), Model.rejected(hunk), Model.given_back(hunk)   other hunks
--   edit:hunks_with(hunk, others)     the list of its hunks with others in the place of one
--   edit:is_dangerous(hunk)           taking all asks about it
local Model = {}
Model.__index = Model

local Edit = {}
Edit.__index = Edit

local Reading = {}
Reading.__index = Reading

-- Lists of lines --------------------------------------------------------------------------------------------

local function slice(list, first, last)
  local out = {}
  for i = first, last do out[#out + 1] = list[i] end
  return out
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
  return list
end

--- `list` with others in the place of `count` items from `first` on.
local function spliced(list, first, count, others)
  return append(append(slice(list, 1, first - 1), others), slice(list, first + count, #list))
end

local function lines_of(texts)
  local lines = {}
  for i, text in ipairs(texts) do
    lines[i] = { text = text, danger = text:find('vim: set', 1, true) ~= nil }
  end
  return lines
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

function Model.texts(lines)
  local texts = {}
  for i, line in ipairs(lines) do texts[i] = line.text end
  return texts
end

--- What the user types is marked, as it can be taken for a part of what it stands beside.
function Model.inserted(lines, at, text) return spliced(lines, at, 0, { { text = text, typed = true } }) end

function Model.changed(lines, at, text)
  return spliced(lines, at, 1, { { text = text, typed = true, was = lines[at] } })
end

function Model.deleted(lines, at) return spliced(lines, at, 1, {}) end

-- The undo tree ---------------------------------------------------------------------------------------------

function Model.new(texts, learns)
  local lines = lines_of(texts)
  return setmetatable({ lines = lines, steps = { lines }, step = 1, edits = {}, disk = texts,
    learns = learns, is_reload = {} }, Model)
end

function Model:commit(lines)
  self.steps = append(slice(self.steps, 1, self.step), { lines })
  self:go_to(self.step + 1)
end

function Model:go_to(step)
  self.step = step
  self.lines = self.steps[step]
end

function Model:back(count) return math.max(self.step - count, 1) end

function Model:forth(count) return math.min(self.step + count, #self.steps) end

function Model:write() self.disk = Model.texts(self.lines) end

--- The file is read anew: a step of undo, and all edits are gone.
function Model:reload()
  self:lose_edits()
  local lines = lines_of(self.disk)
  self.is_reload[lines] = true
  self:commit(lines)
end

function Model:lose_edits()
  for _, edit in ipairs(self.edits) do edit.is_gone, edit.is_coming = true, false end
end

--- Whether lines came of those that an edit was asked about, and not an undo brought back what was before.
function Model:is_later(lines, edit)
  local step = self.step
  for i, each in ipairs(self.steps) do
    if each == lines then step = i end
  end
  if step < edit.born or self.steps[edit.born] ~= edit.born_lines then return false end
  for i = edit.born + 1, step do
    if edit.others[self.steps[i]] then return false end
  end
  return true
end

--- Whether the file was read anew between here and another step: to undo or redo that is the same again.
function Model:goes_over_reload(step)
  for i = math.min(self.step, step) + 1, math.max(self.step, step) do
    if self.is_reload[self.steps[i]] then return true end
  end
  return false
end

-- Edits and their answers -----------------------------------------------------------------------------------

function Model:ask(first, last)
  local edit = setmetatable({ is_gone = false, learns = self.learns }, Edit)
  self.edits[#self.edits + 1] = edit
  self:ask_again(edit, first, last)
  return edit
end

function Model:ask_again(edit, first, last)
  edit.base, edit.hunks, edit.planned = slice(self.lines, first, last), {}, 0
  edit.is_coming, edit.sent, edit.learnt, edit.was_cut = true, 0, false, false
  edit.born, edit.born_lines, edit.others = self.step, self.lines, set_of(self.steps) -- a redo leads there
  edit.own = set_of(edit.base)
end

function Edit:answer(entries)
  local texts = {}
  self.entries, self.ends = {}, {}
  for i, entry in ipairs(entries) do
    local line = entry.keep and self.base[entry.keep] or lines_of({ entry.text })[1]
    self.entries[i] = { keep = entry.keep, line = line }
    texts[i] = line.text
    self.ends[i] = (self.ends[i - 1] and self.ends[i - 1] + 1 or 0) + #line.text
  end
  self.said = table.concat(texts, '\n')
end

--- The hunks that the first `count` entries are, the old line up to which they go, and new lines behind it.
function Edit:hunks_of(count)
  local hunks, old, new = {}, 0, {}
  for i = 1, count do
    local entry = self.entries[i]
    if not entry.keep then
      new[#new + 1] = entry.line
    else
      if #new > 0 or entry.keep > old + 1 then
        hunks[#hunks + 1] = { from = old + 1, count = entry.keep - old - 1, new = new }
      end
      old, new = entry.keep, {}
    end
  end
  return hunks, old, new
end

-- Hunks are parted by what the user selects, so those of the answer are counted by themselves.
function Edit:add_planned(hunks)
  for i = self.planned + 1, #hunks do self.hunks[#self.hunks + 1] = self:with_own_lines(hunks[i]) end
  self.planned = math.max(#hunks, self.planned)
end

-- The last of three entries in a row that are three old lines in a row. A line is whole when something of the
-- next one is there.
function Edit:anchor()
  local anchor = 0
  for i = 3, #self.entries do
    local a, b, c = self.entries[i - 2].keep, self.entries[i - 1].keep, self.entries[i].keep
    local is_whole = self.ends[i] + 2 <= self.sent
    if is_whole and a and b and c and a + 1 == b and b + 1 == c then anchor = i end
  end
  return anchor
end

function Edit:settle()
  if not self.learns then self:add_planned((self:hunks_of(self:anchor()))) end
end

--- Takes over hunks as the plugin found them: no decision about these depends on what they are, but together
--- they have to make the text that was said of the old one.
function Edit:learn(found, is_over)
  for i = #self.hunks + 1, #found do
    local hunk = { from = found[i].from, count = found[i].count, new = lines_of(found[i].new) }
    self.hunks[i] = self:with_own_lines(hunk)
  end
  local was_cut = self.was_cut
  if is_over and not self.learnt and not was_cut and not self.is_coming then
    local lines, at = {}, 1
    for _, hunk in ipairs(found) do
      append(append(lines, slice(self.base, at, hunk.from - 1)), lines_of(hunk.new))
      at = hunk.from + hunk.count
    end
    local made = table.concat(Model.texts(append(lines, slice(self.base, at, #self.base))), '\n')
    if made ~= self.said and self.said ~= '' then error('the hunks make of the old text: ' .. made, 0) end
  end
  self.learnt = self.learnt or is_over
end

-- What has come of the entry that is not whole, as a line.
local function cut_line(edit, number)
  local from = (edit.ends[number] or -1) + 2
  local text = edit.said:sub(from, edit.sent)
  return text ~= '' and { { text = text } } or {}
end

-- Of a text that was cut, no old line goes without a new one for it.
local function rest_of_cut(edit, old, new)
  local count = math.min(#edit.base - old, #new)
  return #new > 0 and { { from = old + 1, count = count, new = new } } or {}
end

function Edit:finish(is_cut)
  self.is_coming, self.was_cut = false, self.was_cut or is_cut
  if self.learns then return end
  local count = #self.entries
  if is_cut then
    while count > 0 and self.ends[count] > self.sent do count = count - 1 end
  end
  local hunks, old, new = self:hunks_of(count)
  if is_cut then
    if count < #self.entries then append(new, cut_line(self, count)) end
    append(hunks, rest_of_cut(self, old, new))
  elseif #new > 0 or old < #self.base then
    hunks[#hunks + 1] = { from = old + 1, count = #self.base - old, new = new }
  end
  self:add_planned(hunks)
end

--- What is still to come of it is not wanted.
function Edit:stop() self.is_coming, self.was_cut = false, true end

function Edit:is_dangerous(hunk)
  for _, line in ipairs(hunk.new) do
    if line.danger then return true end
  end
  return (hunk.count - #hunk.new) * 2 > #self.base
end

function Edit:with_own_lines(hunk)
  local own = append(slice(self.base, hunk.from, hunk.from + hunk.count - 1), hunk.new)
  hunk.own = set_of(own)
  for _, line in ipairs(own) do self.own[line] = true end
  return hunk
end

function Edit:part(hunk, first, last)
  local function piece(from, to)
    local new = slice(hunk.new, from, to == hunk.count and #hunk.new or math.min(to, #hunk.new))
    return self:with_own_lines({ from = hunk.from + from - 1, count = to - from + 1, new = new,
      was_taken = hunk.was_taken })
  end
  local middle, list = piece(first, last), {}
  if first > 1 then list[1] = piece(1, first - 1) end
  list[#list + 1] = middle
  if last < hunk.count then list[#list + 1] = piece(last + 1, hunk.count) end
  return middle, list
end

--- The hunk with other new lines. Those it had stay its own, as an undo can bring them back.
function Edit:with_texts(hunk, texts)
  local new, old = lines_of(texts), {}
  for _, line in ipairs(hunk.new) do old[line.text] = line end
  for i, line in ipairs(new) do new[i] = old[line.text] or line end
  local other = self:with_own_lines({ from = hunk.from, count = hunk.count, new = new,
    was_taken = hunk.was_taken })
  for line in pairs(hunk.own) do other.own[line] = true end
  return other
end

--- The hunks with others in the place of one.
function Edit:hunks_with(hunk, others)
  local list = {}
  for _, each in ipairs(self.hunks) do append(list, each == hunk and others or { each }) end
  return list
end

local function with(hunk, is_rejected)
  local other = {}
  for name, value in pairs(hunk) do other[name] = value end
  other.rejected = is_rejected
  return other
end

function Model.rejected(hunk) return with(hunk, true) end

function Model.given_back(hunk) return with(hunk, nil) end

-- Readings --------------------------------------------------------------------------------------------------

local function positions(lines)
  local at = {}
  for i, line in ipairs(lines) do at[line] = i end
  return at
end

--- Which of some lines are there, and whether it is all of them, one below the other.
local function presence(at, lines)
  local seen, first, last, straight = 0, nil, nil, true
  for _, line in ipairs(lines) do
    local number = at[line]
    if number then
      straight = straight and (not last or number == last + 1)
      first, last, seen = first or number, number, seen + 1
    end
  end
  return { count = seen, first = first, last = last, is_whole = seen == #lines and straight }
end

local function descends_from(line, set)
  while line do
    if set[line] then return true end
    line = line.was
  end
  return false
end

--- The first and the last of the lines that are some, or were typed over some.
local function span(lines, set)
  local first, last
  for i, line in ipairs(lines) do
    if descends_from(line, set) then first, last = first or i, i end
  end
  return first, last
end

--- Where a change is now; nil if nothing is left of it.
function Edit:span(lines) return span(lines, self.own) end

local function strangers(lines, first, last, old, new)
  local count = 0
  for i = first or 1, last or 0 do
    if not old[lines[i]] and not new[lines[i]] then count = count + 1 end
  end
  return count
end

-- Where new lines go that have no old ones: behind the line before them, before the one after them.
local function gaps(edit, hunk, at)
  local before, after = at[edit.base[hunk.from - 1]], at[edit.base[hunk.from + hunk.count]]
  return before and before + 1, after
end

local function allowed_if_touched(seen, hunk, cost_open, cost_taken)
  local set = { stale = true }
  set.taken = cost_taken < cost_open or hunk.was_taken or not seen.is_framed or nil
  -- Of added lines, what is left or was typed over them may stand for the user's own beside them.
  set.open = hunk.count == 0 and cost_open <= cost_taken or nil
  return set
end

local function allowed_if_rejected(seen, hunk, cost_open, cost_taken)
  local set = { rejected = true }
  local is_cheaper = cost_taken < cost_open
  local is_unclear = not seen.is_open and not (seen.is_later and seen.is_framed)
  if seen.is_taken or is_cheaper or is_unclear then set.taken = true end
  -- It was taken meanwhile by a redo, and undone is to be decided on again.
  if hunk.is_loose then set.open, set.stale, set.taken = true, true, true end
  return set
end

--- What a hunk may be called. The fewest lines that differ decide; where that is even, what happened before.
local function allowed(seen, hunk)
  local cost_open = math.max(hunk.count - seen.old.count, seen.new.count + seen.foreign)
  local cost_taken = math.max(#hunk.new - seen.new.count, seen.old.count + seen.foreign)
  local is_open, is_taken, is_framed = seen.is_open, seen.is_taken, seen.is_framed
  if hunk.is_free then
    return { open = true, taken = true, rejected = true, stale = true }
  elseif hunk.rejected then
    return allowed_if_rejected(seen, hunk, cost_open, cost_taken)
  elseif not seen.is_later and not (is_open and hunk.count > 0) and not (is_taken and #hunk.new > 0) then
    return { open = true, taken = true, stale = true } -- what stood there before
  elseif is_open and hunk.count == 0 then
    local is_lost = not seen.above and not seen.below
    return { open = true, stale = is_lost or nil, taken = not is_framed and hunk.was_taken or nil }
  elseif is_open then
    return { open = true, taken = not is_framed and hunk.was_taken or nil }
  elseif is_taken then
    local is_unclear = not is_framed or nil
    return { taken = true, stale = is_unclear, open = hunk.count == 0 and is_unclear }
  end
  return allowed_if_touched(seen, hunk, cost_open, cost_taken)
end

-- Whether the lines beside it are there, at both sides: else a change of the user's goes over its edge.
local function has_frame(edit, hunk, at, lines, first, last)
  local before, after = at[edit.base[hunk.from - 1]], at[edit.base[hunk.from + hunk.count]]
  if not first then return before ~= nil and after == before + 1 end
  local function is_clean(there, own, line)
    if own then return there ~= nil end
    return not (line and line.typed)
  end
  return is_clean(before == first - 1 and before or nil, edit.base[hunk.from - 1], lines[first - 1])
    and is_clean(after == last + 1 and after or nil, edit.base[hunk.from + hunk.count], lines[last + 1])
end

local function read(edit, hunk, lines, at, is_later)
  local olds = slice(edit.base, hunk.from, hunk.from + hunk.count - 1)
  local old, new = presence(at, olds), presence(at, hunk.new)
  local first, last = span(lines, hunk.own)
  local foreign = strangers(lines, first, last, set_of(olds), set_of(hunk.new))
  local above, below = gaps(edit, hunk, at)
  local seen = { old = old, new = new, foreign = foreign, is_later = is_later, above = above, below = below,
    is_taken = old.count == 0 and new.is_whole and foreign == 0 and (hunk.count > 0 or #hunk.new > 0),
    is_open = new.count == 0 and old.is_whole and foreign == 0,
    is_framed = has_frame(edit, hunk, at, lines, first, last) }
  return setmetatable({
    edit = edit,
    hunk = hunk,
    states = allowed(seen, hunk),
    is_whole = hunk.count > 0 and seen.is_open,
    first = first,
    last = last,
    above = above,
    below = below,
    lines = lines,
  }, Reading)
end

--- Whether it is certain, or possible, that the user has not decided on it.
function Reading:is_active() return not self.states.taken and not self.states.rejected end

function Reading:may_be_active() return self.states.open or self.states.stale or false end

local function outside(row, first, last) return math.max(first - row, row - last, 0) end

function Reading:distance(row)
  if self.is_whole then
    local distance = outside(row, self.first, self.last)
    return distance, distance
  elseif self.first then
    -- What stands beside it counts as changed with it.
    local first, last = self.first, self.last
    while self.lines[first - 1] and self.lines[first - 1].typed do first = first - 1 end
    while self.lines[last + 1] and self.lines[last + 1].typed do last = last + 1 end
    return outside(row, first - 1, last + 1), outside(row, self.first, self.last) + 1
  elseif self.hunk.count == 0 and (self.above or self.below) then
    local least, greatest = math.huge, 0
    for _, gap in pairs({ self.above or self.below, self.below or self.above }) do
      for line = gap - 1, gap do
        least = math.min(least, math.abs(line - row))
        greatest = math.max(greatest, math.abs(line - row))
      end
    end
    return least, greatest
  end
  return 0, math.huge
end

function Model:readings(lines, hunks_of)
  local list, at = {}, positions(lines or self.lines)
  for _, edit in ipairs(self.edits) do
    local hunks = hunks_of and hunks_of[edit] or edit.hunks
    local is_later = self:is_later(lines or self.lines, edit)
    for _, hunk in ipairs(edit.is_gone and {} or hunks) do
      list[#list + 1] = read(edit, hunk, lines or self.lines, at, is_later)
    end
  end
  return list
end

--- Whether `other` is meant rather than `reading`, however one counts.
local function is_nearer(other, reading, row)
  local least = reading:distance(row)
  local _, greatest = other:distance(row)
  if greatest < least then return true end
  local is_exact = other.is_whole and reading.is_whole
  return is_exact and greatest == least and other.first > reading.first
end

--- An edit without hunks to decide on can be meant, too.
function Model:may_mean_none(readings, row)
  local is_sure = {}
  local least = math.huge
  for _, reading in ipairs(readings) do
    if reading:is_active() then
      is_sure[reading.edit] = true
      local _, greatest = reading:distance(row)
      least = math.min(least, greatest)
    end
  end
  for _, edit in ipairs(self.edits) do
    local first, last = edit:span(self.lines)
    local distance = first and outside(row, first, last) - 2 or 0
    if edit.is_coming and not is_sure[edit] and distance <= least then return true end
  end
  return next(is_sure) == nil
end

function Model:nearest(row)
  local readings, meant = self:readings(), {}
  for _, reading in ipairs(readings) do
    local is_meant = reading:may_be_active()
    for _, other in ipairs(readings) do
      if other ~= reading and other:is_active() and is_nearer(other, reading, row) then is_meant = false end
    end
    if is_meant then meant[#meant + 1] = reading end
  end
  return meant, self:may_mean_none(readings, row)
end

-- Taking ----------------------------------------------------------------------------------------------------

function Model.take(edit, hunk, lines)
  local reading = read(edit, hunk, lines, positions(lines), true)
  if reading.is_whole then
    return { spliced(lines, reading.first, hunk.count, hunk.new) }
  end
  local lists = {}
  local above, below = reading.above, reading.below
  if hunk.count == 0 and above then lists[1] = spliced(lines, above, 0, hunk.new) end
  if hunk.count == 0 and below and below ~= above then
    lists[#lists + 1] = spliced(lines, below, 0, hunk.new)
  end
  return lists
end

local function is_own_edge(edit, line) return not line or not (line.typed or edit.own[line]) end

function Model.take_over(edit, hunk, lines)
  local reading = read(edit, hunk, lines, positions(lines), true)
  local from, behind = reading.first or reading.above, reading.last and reading.last + 1 or reading.below
  if not from or not behind or (not reading.first and from ~= behind) then return nil end
  local before, after = edit.base[hunk.from - 1], edit.base[hunk.from + hunk.count]
  local is_framed = (before and reading.above == from or (not before and is_own_edge(edit, lines[from - 1])))
    and (after and reading.below == behind or (not after and is_own_edge(edit, lines[behind])))
  return is_framed and spliced(lines, from, behind - from, hunk.new) or nil
end

return Model
