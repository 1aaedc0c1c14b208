-- Steps: changes to the code. The buffer is the user's until one is taken.

-- The function as the script refactors it.
local REFACTORED = [[
double mean_temperature(std::vector<double> readings) {
  constexpr double absolute_zero = -273.15;
  double sum = 0;
  std::erase_if(readings, [&](double r) {
    return r < absolute_zero;
  });

  for (double reading : readings) {
    sum += reading;
  }
  // No good reading: not a number.
  return sum / double(readings.size());
}]]

local COMMENT = '/// Prints the mean of a day with two good\n/// readings and two broken ones.'

return function(walker)
  local screen, check, present = walker.screen, walker.check, walker.present

  -- The text before a change, and after it.
  local before, after
  -- The host that was killed.
  local killed

  ---The text with the function refactored.
  local function refactored(text)
    local first, last = text:find('double mean_temperature.-\n}')
    return text:sub(1, first - 1) .. REFACTORED .. text:sub(last + 1)
  end

  local function is_text(text, what)
    check(walker.text() == text, what)
  end

  local function tick()
    return walker.lua('return vim.b.changedtick')
  end

  return {
    {
      'q closes the answer. gv Space f refactors: what comes is shown where it goes, the code stays.',
      function()
        screen:press('q')
        before = walker.text()
        local tick_before = tick()
        screen:press('gv<Space>f')
        screen:see('erase_if')
        check(walker.count('double sum = 0;') == 2, 'the newest lines, below the code')
        check(screen:shows('stops'), 'how to stop it')
        check(tick() == tick_before, 'no change of the buffer')
        is_text(before, 'the code as it was')
        present()
      end,
    },
    {
      "'<O types a line above the function in mid-answer: the change moves along. What is settled stands at "
        .. 'its lines, and lines that stay are not repeated.',
      function()
        screen:press("'<lt>O// typed in mid-change<Esc>")
        screen:see('// No good')
        check(screen:shows('receiving'), 'the rest of the change still on its way')
        check(walker.is_below('// typed in mid-change', 'double mean'), 'the line, above the function')
        check(walker.is_below('const double absolute_zero', 'constexpr double'), 'the first hunk at its line')
        check(walker.count('double sum = 0;') == 1, 'no line twice that stays')
        present()
        before = before:gsub('\ndouble mean', '\n// typed in mid-change%0', 1)
        is_text(before, 'the code with the line that was typed')
      end,
    },
    {
      'All has come: three hunks, and the keys that take or reject each.',
      function()
        screen:see('of 3')
        check(screen:shows('gh takes · gH rejects · gl opens'), 'the keys')
        is_text(before, 'the code as it was')
        present()
      end,
    },
    {
      ':Ask /open! shows the new text as a whole, in a window of its own.',
      function()
        screen:press(':Ask /open!<CR>')
        screen:see('askedit://change')
        present()
        is_text(REFACTORED, 'the whole proposal')
        screen:press(':q<CR>')
      end,
    },
    {
      ':Ask /accept! takes all three: only the lines that differ are written.',
      function()
        screen:press(':Ask /accept!<CR>')
        after = refactored(before)
        is_text(after, 'the refactored code')
        screen:miss('gh takes')
        present()
      end,
    },
    {
      'u takes exactly that back; what was typed stays. Ctrl-R brings it again, u takes it back: all '
        .. 'three are open.',
      function()
        screen:press('u')
        is_text(before, 'the code before the change')
        screen:press('<C-r>')
        is_text(after, 'the refactored code')
        screen:press('u')
        is_text(before, 'the code before the change')
        screen:see('gh takes')
        present()
      end,
    },
    {
      ':Ask /reject! drops all three. gv Space f once more, and :Ask /reject! in mid-answer stops that, too.',
      function()
        local tick_before = tick()
        screen:press(':Ask /reject!<CR>')
        screen:miss('constexpr')
        screen:press('gv<Space>f')
        screen:see('constexpr')
        screen:press(':Ask /reject!<CR>')
        screen:miss('constexpr')
        check(tick() == tick_before, 'no change of the buffer')
        present()
      end,
    },
    {
      'And again: Space s stops it in mid-block. What came could be taken.',
      function()
        screen:press('gv<Space>f')
        screen:see('erase_if')
        screen:press('<Space>s')
        screen:see('stopped')
        check(screen:shows('gh takes'), 'the keys')
        present()
      end,
    },
    {
      'Space c goes on. The model opens its block and says its last words again; neither is there twice.',
      function()
        screen:press('<Space>c')
        screen:see('receiving')
        screen:see('return sum / double(readings.size());')
        screen:miss('receiving')
        check(not screen:shows('stopped'), 'no word of the stop any more')
        present()
      end,
    },
    {
      'Space k kills the host while the change is open. It can still be taken, the same to the letter.',
      function()
        killed = walker.host_pid()
        screen:press('<Space>k')
        screen:see('the host ended')
        walker.check_gone(killed)
        check(screen:shows('std::erase_if'), 'the change, still there')
        present()
        screen:press(':Ask /accept!<CR>')
        is_text(after, 'the refactored code')
        screen:press('u:Ask /reject!<CR>')
        is_text(before, 'the code before the change')
      end,
    },
    {
      'Above main, :Ask! a doc comment for main starts a new host, and writes by itself at the end.',
      function()
        screen:press('/Two good<CR>:Ask! a doc comment for main<CR>')
        screen:see('receiving')
        check(walker.host_pid() ~= killed, 'a new host')
        present()
        screen:miss('receiving')
        after = before:gsub('\nint main', '\n' .. COMMENT .. '%0')
        is_text(after, 'the code with the comment')
        present()
      end,
    },
    {
      'u takes the comment back, and nothing else.',
      function()
        screen:press('u')
        is_text(before, 'the code without the comment')
        screen:miss('/// Prints')
        present()
      end,
    },
  }
end
