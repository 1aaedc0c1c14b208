-- What a screen shows, as one SVG that needs nothing else: no font, no script, nothing to be loaded. The same
-- screen makes the same bytes.
--
-- Every run of text has its own place and its length in cells, so that the columns are right in whatever
-- monospaced font there is. Backgrounds and lines are drawn by themselves, not left to the font.

local M = {}

local CELL_WIDTH, CELL_HEIGHT = 9, 20
local FONT_SIZE, BASELINE = 15, 15 -- the letters of most monospaced fonts are 0.6 of their size wide
local MARGIN = 10
local FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

local function escaped(text)
  return (text:gsub('[&<>]', { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;' }))
end

-- A list in the order in which things were first asked for.
local function in_order()
  local list, places = {}, {}
  return list, function(name, value)
    if not places[name] then
      list[#list + 1] = value
      places[name] = #list
    end
    return list[places[name]], places[name]
  end
end

---@class askedit.demo.Look what is drawn of a cell
---@field fill string color of its text
---@field back string color behind it
---@field style string CSS of its text
---@field line string|nil color of a line under it
---@field strike boolean

local UNDERLINES = { 'underline', 'undercurl', 'underdouble', 'underdotted', 'underdashed', 'underlineline' }

-- All lines under text look the same here.
local function is_underlined(attributes)
  for _, name in ipairs(UNDERLINES) do
    if attributes[name] then
      return true
    end
  end
  return false
end

local function color(number)
  return ('#%06x'):format(number)
end

---@return askedit.demo.Look
local function look_of(screen, attributes, is_reversed)
  local fill = color(attributes.foreground or screen.colors.foreground)
  local back = color(attributes.background or screen.colors.background)
  if (attributes.reverse or false) ~= is_reversed then
    fill, back = back, fill
  end
  local style = 'fill:' .. fill
  style = style .. (attributes.bold and ';font-weight:bold' or '')
  style = style .. (attributes.italic and ';font-style:italic' or '')
  local line = is_underlined(attributes) and (attributes.special and color(attributes.special) or fill)
  return { fill = fill, back = back, style = style, line = line or nil, strike = attributes.strikethrough }
end

-- Each row's cells with their looks; the cell under a cursor that is a block is reversed.
local function cells_of(screen)
  local looks, rows = {}, {}
  local function look(number, is_reversed)
    local name = number .. (is_reversed and 'r' or '')
    looks[name] = looks[name] or look_of(screen, screen.attributes[number] or {}, is_reversed)
    return looks[name]
  end
  local cursor = screen.cursor.shape == 'block' and screen.cursor or {}
  for y, texts in ipairs(screen.rows) do
    rows[y] = {}
    for x, text in ipairs(texts) do
      local is_right_half = text == '' and x - 2 == cursor.column
      local is_cursor = y - 1 == cursor.row and (x - 1 == cursor.column or is_right_half)
      rows[y][x] = { text = text, look = look(screen.looks[y][x], is_cursor) }
    end
  end
  return rows
end

-- Rectangles of one color make one path. Those that go on in the next row are made one.
local function painter()
  local colors, color_named = in_order()
  local P = {}

  function P.add(name, x, y, width, height)
    local paint = color_named(name, { name = name, ended = {} })
    local key = x .. ' ' .. width
    local above = paint.ended[key]
    if above and above.y + above.height == y then
      above.height = above.height + height
    else
      above = { x = x, y = y, width = width, height = height }
      paint[#paint + 1], paint.ended[key] = above, above
    end
  end

  function P.write(out)
    for _, paint in ipairs(colors) do
      local path = {}
      for i, box in ipairs(paint) do
        path[i] = ('M%d %dh%dv%dh-%dz'):format(box.x, box.y, box.width, box.height, box.width)
      end
      out[#out + 1] = ('<path fill="%s" d="%s"/>'):format(paint.name, table.concat(path))
    end
  end

  return P
end

-- Paints what cells in a row have in common, as one piece.
local function paint_row(cells, of, paint)
  local from = 1
  for x = 1, #cells do
    local value = of(cells[x].look)
    if not cells[x + 1] or of(cells[x + 1].look) ~= value then
      if value then
        paint(value, (from - 1) * CELL_WIDTH, (x - from + 1) * CELL_WIDTH)
      end
      from = x + 1
    end
  end
end

local function paint_backs(rows, ground)
  local paint = painter()
  for y, cells in ipairs(rows) do
    paint_row(cells, function(look)
      return look.back ~= ground and look.back or nil
    end, function(value, x, width)
      paint.add(value, x, (y - 1) * CELL_HEIGHT, width, CELL_HEIGHT)
    end)
  end
  return paint
end

local function paint_lines(rows)
  local paint = painter()
  for y, cells in ipairs(rows) do
    local top = (y - 1) * CELL_HEIGHT
    paint_row(cells, function(look)
      return look.line
    end, function(value, x, width)
      paint.add(value, x, top + BASELINE + 2, width, 1)
    end)
    paint_row(cells, function(look)
      return look.strike and look.fill or nil
    end, function(value, x, width)
      paint.add(value, x, top + BASELINE - 5, width, 1)
    end)
  end
  return paint
end

-- A cursor that is no block is a bar of the color of the text.
local function paint_cursor(screen, paint)
  local cursor = screen.cursor
  local x, y = cursor.column * CELL_WIDTH, cursor.row * CELL_HEIGHT
  if cursor.shape == 'vertical' then
    paint.add(color(screen.colors.foreground), x, y, 2, CELL_HEIGHT)
  elseif cursor.shape == 'horizontal' then
    paint.add(color(screen.colors.foreground), x, y + CELL_HEIGHT - 3, CELL_WIDTH, 3)
  end
end

-- Whether every monospaced font has it, one cell wide.
local function is_plain(text)
  return text:find('^[%g ]$') ~= nil or text:find('^[\194\195][\128-\191]$') ~= nil
end

---@class askedit.demo.TextRun text of one style, without two blanks in a row
---@field x integer first cell, from 1
---@field size integer cells
---@field text string
---@field style string
---@field plain boolean

-- What is not in every font stands by itself, so that it moves nothing else.
local function goes_on(run, cell, x)
  return run ~= nil
    and run.plain
    and is_plain(cell.text)
    and run.style == cell.look.style
    and x - (run.x + run.size) <= 1
end

---@return askedit.demo.TextRun[]
local function runs_of(cells)
  local runs = {}
  for x, cell in ipairs(cells) do
    local last = runs[#runs]
    if cell.text == '' and last then
      last.size = last.size + 1
    elseif goes_on(last, cell, x) and cell.text ~= ' ' then
      last.text = last.text .. (' '):rep(x - last.x - last.size) .. cell.text
      last.size = x - last.x + 1
    elseif cell.text ~= ' ' and cell.text ~= '' then
      runs[#runs + 1] =
        { x = x, size = 1, text = cell.text, style = cell.look.style, plain = is_plain(cell.text) }
    end
  end
  return runs
end

local function write_text(rows, class_of, out)
  for y, cells in ipairs(rows) do
    local line = {}
    for i, run in ipairs(runs_of(cells)) do
      line[i] = ('<text%s x="%d" y="%d" textLength="%d"%s>%s</text>'):format(
        class_of(run.style),
        (run.x - 1) * CELL_WIDTH,
        (y - 1) * CELL_HEIGHT + BASELINE,
        run.size * CELL_WIDTH,
        run.plain and '' or ' lengthAdjust="spacingAndGlyphs"',
        escaped(run.text)
      )
    end
    out[#out + 1] = #line > 0 and table.concat(line) or nil
  end
end

-- Text of the usual color needs no class.
local function classes(usual)
  local rules, rule_named = in_order()
  return rules, function(style)
    if style == usual then
      return ''
    end
    local _, number = rule_named(style, style)
    return (' class="c%d"'):format(number)
  end
end

--- The whole screen.
---@param screen askedit.demo.Screen
---@param title string for those who do not see it
---@return string
function M.of(screen, title)
  local rows, ground = cells_of(screen), color(screen.colors.background)
  local width, height = #screen.rows[1] * CELL_WIDTH, #screen.rows * CELL_HEIGHT
  local full_width, full_height = width + 2 * MARGIN, height + 2 * MARGIN
  local usual = color(screen.colors.foreground)
  local rules, class_of = classes('fill:' .. usual)
  local text, css = {}, {}
  write_text(rows, class_of, text)
  for i, rule in ipairs(rules) do
    css[i] = ('.c%d{%s}'):format(i, rule)
  end
  local lines = paint_lines(rows)
  paint_cursor(screen, lines)

  local out = {
    '<svg xmlns="http://www.w3.org/2000/svg" role="img"',
    (' width="%d" height="%d" viewBox="-%d -%d %d %d"'):format(
      full_width,
      full_height,
      MARGIN,
      MARGIN,
      full_width,
      full_height
    ),
    (' font-family="%s" font-size="%d" fill="%s">'):format(FONTS, FONT_SIZE, usual),
    ('<title>%s</title>'):format(escaped(title)),
    ('<style>%s</style>'):format(table.concat(css)),
    ('<rect x="-%d" y="-%d" width="%d" height="%d" rx="6" fill="%s"/>'):format(
      MARGIN,
      MARGIN,
      full_width,
      full_height,
      ground
    ),
    '<g shape-rendering="crispEdges">',
  }
  paint_backs(rows, ground).write(out)
  lines.write(out)
  out[#out + 1] = '</g>'
  vim.list_extend(out, text)
  out[#out + 1] = '</svg>\n'
  return table.concat(out, '\n')
end

return M
