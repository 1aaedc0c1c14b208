-- Steps: an answer that is seen while it is made, stopped and continued.

return function(walker, streamed)
  local screen, check, present = walker.screen, walker.check, walker.present

  -- What the walk-through looked like when it was stopped.
  local cut

  ---What was answered to the walk-through, as it stands in the current window.
  function streamed.walk_through()
    return vim.trim(walker.text():match('The function takes its readings.*') or '')
  end

  return {
    {
      'Space m chooses whom to ask. The second server streams, and tells its models itself.',
      function()
        screen:input('<Space>m')
        walker.choose('stream')
        walker.choose('scripted-large')
        screen:see('stream is asked for scripted-large from now on')
        present()
      end,
    },
    {
      'gv Space w: the model thinks first, and its thoughts go into a fold.',
      function()
        screen:press('gv<Space>w')
        screen:see('thinking')
        screen:see('of thought (zo opens)')
        present()
      end,
    },
    {
      'The answer is on the screen while it is made. The cursor is still in the code.',
      function()
        screen:see('**The first loop**')
        check(screen:shows('receiving'), 'the rest of the answer still on its way')
        screen:press('O// typed in mid-answer<Esc>')
        check(screen:shows('// typed in mid-answer'), 'what was typed')
        check(screen:shows('receiving'), 'the rest of the answer still on its way')
        present()
      end,
    },
    {
      'Space s stops it in mid-answer. What has come stays, to be read from its first line on.',
      function()
        screen:see('invalidates')
        screen:press('<Space>s')
        screen:see('stopped · :Ask /continue goes on')
        screen:press('<C-w>jgg')
        local pages = walker.read_on()
        cut = streamed.walk_through()
        check(pages:find('The first loop', 1, true), 'the text that had come')
        check(not cut:find('comment says', 1, true), 'an answer without its end')
      end,
    },
    {
      'zo opens the fold with the thoughts, zc closes it.',
      function()
        screen:press('3Gzo')
        screen:see('Line by line, then.')
        present()
        screen:press('zc')
      end,
    },
    {
      'Space c goes on. The model says its last words again; they do not stand there twice.',
      function()
        screen:press('G<Space>c')
        screen:see('comment says.')
        screen:press('gg')
        local pages = walker.read_on()
        streamed.whole = streamed.walk_through()
        check(not pages:find('stopped', 1, true), 'no word of the stop any more')
        check(streamed.whole:sub(1, #cut) == cut, 'the text from before the stop, unchanged')
      end,
    },
  }
end
