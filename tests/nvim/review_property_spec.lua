--- Random sequences of what can happen to a change under review, against a plain model of the text. One
--- Neovim for all of them, a new file for each.
---
---   SEQUENCES=700   how many, so more than 2,000 on three versions of Neovim
---   SEED=12345      of the first one; the others have the numbers after it. Alone it plays that one again;
---                   `clock` makes a new one. Without it each version has its own, the same at each run, so
---                   that a red run is about what was changed
---   SKIP=3,5        events that are left out, to find the ones that matter
---   LOG=1           prints the events of each
local Peer = require('peer')
local Play = require('review_play')
local Probe = require('review_probe')
local Session = require('session')

local STATES = { 'coming', 'open', 'closed' }
local EVENTS = { 'chunk', 'take', 'take_all', 'take_range', 'reject', 'open', 'edit_hunk', 'edit_inside',
  'edit_outside', 'edit_edge', 'undo', 'redo', 'reload', 'write', 'stop', 'retry', 'kill' }
local LEAST_HITS, MOST_IDLE = 50, 0.2

local wanted_seed = tonumber(os.getenv('SEED') or '')
local count = tonumber(os.getenv('SEQUENCES') or '') or (wanted_seed and 1 or 700)

local function first_seed(nvim)
  if os.getenv('SEED') == 'clock' then return os.time() % 1000000 end
  return wanted_seed or 70000 + 1000 * nvim:exec_lua('return vim.version().minor')
end

local function skipped()
  local set = {}
  for number in (os.getenv('SKIP') or ''):gmatch('%d+') do set[tonumber(number)] = true end
  return set
end

local function play(nvim, peer, seed, totals)
  local one = Play.new(nvim, peer, seed)
  local ok, fault = pcall(one.run, one, skipped())
  if os.getenv('LOG') then print(table.concat(one.log, '\n')) end
  if not ok then
    error(('%s\n\nSEED=%d replays it:\n%s'):format(fault, seed, table.concat(one.log, '\n')), 0)
  end
  for state, events in pairs(one.hits) do
    totals.hits[state] = totals.hits[state] or {}
    for name, hits in pairs(events) do totals.hits[state][name] = (totals.hits[state][name] or 0) + hits end
  end
  totals.count, totals.idle = totals.count + one.count, totals.idle + one.idle
end

local function table_of(totals, first)
  local rows = { ('%d sequences from SEED=%d, %d events, %.1f %% of them could do nothing'):format(count,
    first, totals.count, totals.idle * 100 / totals.count) }
  rows[2] = ('%-14s%8s%8s%8s'):format('', unpack(STATES))
  for _, name in ipairs(EVENTS) do
    local hits = {}
    for i, state in ipairs(STATES) do hits[i] = (totals.hits[state] or {})[name] or 0 end
    rows[#rows + 1] = ('%-14s%8d%8d%8d'):format(name, unpack(hits))
  end
  return table.concat(rows, '\n')
end

local function assert_hits(totals, report)
  for _, name in ipairs(EVENTS) do
    for _, state in ipairs(STATES) do
      local hits = (totals.hits[state] or {})[name] or 0
      assert.is_true(hits >= LEAST_HITS, ('%s came %d times while %s\n%s'):format(name, hits, state, report))
    end
  end
  assert.is_true(totals.idle / totals.count < MOST_IDLE, report)
end

describe('a change under review', function()
  after_each(Session.close_all)
  after_each(Peer.close_all)

  it('is as a plain model says, whatever happens', function()
    local nvim, peer = Probe.start()
    local totals = { hits = {}, count = 0, idle = 0 }
    local first = first_seed(nvim)
    for i = 0, count - 1 do play(nvim, peer, first + i, totals) end
    local report = table_of(totals, first)
    print('\n' .. report)
    if not wanted_seed or count >= 700 then assert_hits(totals, report) end
  end)
end)
