--- The window that shows answers: one in each tab page. It is opened and filled without moving the focus, the
--- mode or the view of the user; whoever calls this sees to it that no autocommand fires.
local M = {}

local fn, api = vim.fn, vim.api

local WIDE = 160
local WINDOW_OPTIONS = 'wrap linebreak nonumber norelativenumber nolist nospell nodiff noscrollbind '
  .. 'nocursorbind nopreviewwindow foldmethod=manual foldenable foldminlines=0 foldcolumn=0 signcolumn=no '
  .. 'colorcolumn= conceallevel=0 nowinfixheight nowinfixwidth'
local FOLD_TEXT = [[printf('%d\ %s\ of\ thought\ (zo\ opens)\ ',v:foldend-v:foldstart,]]
  .. [[v:foldend-v:foldstart==1?'line':'lines')]]
local MODIFIERS =
  { 'aboveleft', 'leftabove', 'rightbelow', 'belowright', 'topleft', 'botright', 'vertical', 'horizontal' }
local PLACES = {
  below = 'belowright',
  above = 'aboveleft',
  left = 'vertical aboveleft',
  right = 'vertical belowright',
  tab = 'tab',
}

-- The user's own words before :Ask, as far as they say where a window goes.
local function placing(mods)
  local words = {}
  for word in mods:gmatch('%S+') do
    if vim.tbl_contains(MODIFIERS, word) or word:find('^%d*tab$') then
      words[#words + 1] = word
    end
  end
  return table.concat(words, ' ')
end

local function split_command(place)
  local words = placing(place.mods)
  if words ~= '' then
    return words .. ' split'
  end
  local where = place.split
  if where == 'auto' then
    where = api.nvim_win_get_width(0) >= WIDE and 'right' or 'below'
  end
  -- A size keeps 'equalalways' from resizing the user's other windows.
  local size = ''
  if where == 'below' or where == 'above' then
    size = math.floor(api.nvim_win_get_height(0) / 2)
  elseif where == 'left' or where == 'right' then
    size = math.floor(api.nvim_win_get_width(0) / 2)
  end
  return ('%s %ssplit'):format(PLACES[where], size)
end

local function answer_window()
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    local ok, value = pcall(api.nvim_win_get_var, win, 'askedit')
    local name = api.nvim_buf_get_name(api.nvim_win_get_buf(win))
    if ok and value and name:find('^askedit://') then
      return win
    end
  end
end

local function views_of_tab()
  local views = {}
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if vim.bo[api.nvim_win_get_buf(win)].buftype ~= 'terminal' then
      views[win] = api.nvim_win_call(win, function()
        return { view = fn.winsaveview(), row = fn.winline() }
      end)
    end
  end
  return views
end

-- A window that became smaller keeps its first line wherever the cursor can still be seen then.
local function restore_views(views)
  for win, saved in pairs(views) do
    if api.nvim_win_is_valid(win) and saved.row <= api.nvim_win_get_height(win) then
      api.nvim_win_call(win, function()
        fn.winrestview(saved.view)
      end)
    end
  end
end

-- A floating window cannot be split.
local function leave_float()
  if api.nvim_win_get_config(0).relative == '' then
    return
  end
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if api.nvim_win_get_config(win).relative == '' then
      api.nvim_set_current_win(win)
      return
    end
  end
end

--- Closes folds in the current window. Folds belong to a window and a buffer; a buffer that comes back to its
--- window has them still.
---@param folds {first: integer, last: integer}[]
function M.fold(folds)
  for _, fold in ipairs(folds) do
    if fn.foldlevel(fold.first) == 0 then
      vim.cmd(('%d,%dfold'):format(fold.first, fold.last))
    end
  end
end

local function dress_window(win, folds)
  api.nvim_win_call(win, function()
    vim.cmd('setlocal ' .. WINDOW_OPTIONS .. ' foldtext=' .. FOLD_TEXT)
    M.fold(folds)
    if fn.exists('+statuscolumn') == 1 then
      vim.cmd('setlocal statuscolumn=')
    end
  end)
  api.nvim_win_set_var(win, 'askedit', true)
end

-- In this order: a buffer that is new to a window brings the global values of its options along.
local function put_buffer(win, buf, folds)
  api.nvim_win_call(win, function()
    if fn.exists('+winfixbuf') == 1 then
      vim.cmd('setlocal nowinfixbuf') -- else E1513
    end
  end)
  api.nvim_win_set_buf(win, buf)
  dress_window(win, folds)
end

--- Moves the cursor of a window to the end of its buffer.
---@param win integer
---@param buf integer
function M.put_at_end(win, buf)
  local last = api.nvim_buf_line_count(buf)
  api.nvim_win_set_cursor(win, { last, 0 })
  -- In another tab page 0.7 would leave only the last line on the screen: now, and when the height changes
  -- before the row of the cursor is known, which winline() computes.
  if api.nvim_win_get_tabpage(win) ~= api.nvim_get_current_tabpage() then
    api.nvim_win_call(win, function()
      fn.winrestview({ topline = math.max(1, last - api.nvim_win_get_height(0) + 1) })
      fn.winline()
    end)
  end
end

local function open_window(buf, place, folds)
  local from = api.nvim_get_current_win()
  local views = views_of_tab()
  leave_float()
  local ok, fault = pcall(vim.cmd, 'keepjumps keepalt ' .. split_command(place))
  local win = api.nvim_get_current_win()
  -- First back: another buffer in the current window would end Select mode.
  api.nvim_set_current_win(from)
  if ok then
    put_buffer(win, buf, folds)
    M.put_at_end(win, buf)
  end
  restore_views(views)
  if not ok then
    return fault:find('E36') and 'no room for a window' or 'no window can be opened now'
  end
end

--- Shows a buffer in the one answer window of this tab page, at its end.
---@param buf integer
---@param place askedit.Place
---@param folds {first: integer, last: integer}[] lines to be folded
---@return string|nil fault
function M.show(buf, place, folds)
  local win = answer_window()
  local elsewhere = placing(place.mods) ~= '' and win ~= api.nvim_get_current_win()
  if win and elsewhere and #api.nvim_tabpage_list_wins(0) > 1 then
    api.nvim_win_close(win, true)
    win = nil
  end
  if not win then
    return open_window(buf, place, folds)
  end
  if api.nvim_win_get_buf(win) ~= buf then
    put_buffer(win, buf, folds)
  end
  M.put_at_end(win, buf)
end

return M
