-- Steps: a change hunk by hunk, the first ones while the rest of it is still on its way.

local TAKEN = 'double mean_high(const std::vector<Day>& days) {'
local SHOWN = 'return sum / double(days.size());'

return function(walker)
  local screen, check, present = walker.screen, walker.check, walker.present

  -- The text before the change.
  local before

  local function is_text(text, what)
    check(walker.text() == text, what)
  end

  local function is_coming()
    return walker.lua('return #require("askedit.runs").running() > 0')
  end

  local function line()
    return vim.trim(walker.lua('return vim.api.nvim_get_current_line()'))
  end

  ---The text with the first hunk taken.
  local function with_first()
    return (before:gsub('double mean_high%(std::vector<Day> days%) {', TAKEN))
  end

  return {
    {
      'In :e week.cpp. 11GVG Space f refactors it. A hunk can be decided on as soon as it is there.',
      function()
        screen:press(':e week.cpp<CR>11GVG')
        before = walker.text()
        screen:press('<Space>f')
        screen:press('12G')
        screen:see('gh takes')
        check(screen:shows(SHOWN), 'two hunks that are there')
        check(is_coming(), 'the rest of the change still on its way')
        present()
      end,
    },
    {
      'gg ]c goes to the first hunk, gh takes it. More comes meanwhile.',
      function()
        screen:press('gg]c')
        check(line() == 'double mean_high(std::vector<Day> days) {', 'the cursor at the first hunk')
        screen:see('gh takes')
        screen:press('gh')
        is_text(with_first(), 'the code with the first hunk')
        check(is_coming(), 'the rest of the change still on its way')
        present()
      end,
    },
    {
      ']c gH rejects the second. More comes meanwhile.',
      function()
        screen:press(']c')
        check(line() == 'return sum / 7;', 'the cursor at the second hunk')
        screen:press('gH')
        screen:miss(SHOWN)
        is_text(with_first(), 'the code with the first hunk alone')
        check(is_coming(), 'the rest of the change still on its way')
        present()
      end,
    },
    {
      'All has come. ]c zz goes on to the third: its line tells how things stand.',
      function()
        screen:wait('the end of the answer', function()
          return not is_coming()
        end)
        screen:press(']czz')
        check(line():find('i <= days', 1, true), 'the cursor at the third hunk')
        screen:see('3 of 5')
        check(screen:shows('1 taken'), 'how many are taken')
        present()
      end,
    },
    {
      '2]c zz gl opens the last one in a window of its own. There .1f is made .2f, and :w puts it back.',
      function()
        screen:press('2]czz')
        screen:see('5 of 5')
        check(screen:shows('1 taken'), 'how many are taken')
        screen:press('gl')
        screen:see('askedit://hunk')
        screen:press(':%s/[.]1f/.2f/<CR>')
        present()
        screen:press(':w<CR>:q<CR>')
        is_text(with_first(), 'the code as it was')
        screen:see('%.2f')
        present()
      end,
    },
    {
      'gh takes it as it was edited.',
      function()
        screen:press('gh')
        is_text((with_first():gsub('%%f', '%%.2f')), 'the code with two hunks')
        screen:see('2 taken')
        present()
      end,
    },
    {
      'u takes it back, and another u the first: both can be decided on again.',
      function()
        screen:press('u')
        is_text(with_first(), 'the code with the first hunk')
        screen:press('u')
        is_text(before, 'the code before the change')
        screen:press('gg]c')
        screen:see('1 of 5')
        check(screen:shows('mean_high(const std::vector<Day>&'), 'the first hunk')
        check(not screen:shows('taken'), 'no hunk that is taken')
        present()
      end,
    },
    {
      'gh takes it once more. :Ask /reject! drops all others, and the keys are what they were.',
      function()
        screen:press('gh:Ask /reject!<CR>')
        is_text(with_first(), 'the code with the first hunk')
        screen:miss('gh takes')
        check(walker.lua('return vim.fn.maparg("gh", "n") == ""'), 'no key of ours any more')
        present()
        screen:press(':b sample.cpp<CR>')
      end,
    },
  }
end
