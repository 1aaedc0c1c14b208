-- Steps: the other server once more, what was sent, and the end.

return function(walker, streamed)
  local screen, check, present = walker.screen, walker.check, walker.present

  return {
    {
      'Space m, back to the first one: its walk-through, in one piece, is the same to the letter.',
      function()
        screen:input('<Space>m')
        walker.choose('whole')
        walker.choose('scripted-demo')
        screen:see('whole is asked for scripted-demo from now on')
        screen:press('gv<Space>w')
        screen:see('waiting')
        screen:see('The function takes its readings')
        screen:press('<C-w>j')
        present()
        check(streamed.walk_through() == streamed.whole, 'the same text as that in two parts')
        screen:press('<C-w>k')
      end,
    },
    {
      'A question that the script has no reply to: true facts, and how to connect a real model.',
      function()
        screen:press(':Ask Who are you?<CR>')
        screen:see('There is no AI here')
        screen:press('<C-w>j')
        check(walker.read_on():find('LIGHT_CHAT_TOKEN', 1, true), 'how to connect a real model')
        screen:press('<C-w>k')
      end,
    },
    {
      ':Ask /log shows exactly what was sent. The token is masked.',
      function()
        screen:press(':Ask /log<CR>')
        screen:see('Request of answer')
        screen:press('<C-w>j')
        check(walker.read_on():find('[redacted]', 1, true), 'the masked token')
      end,
    },
    {
      ':qa! leaves. The host is gone with Neovim.',
      function()
        local pid = walker.host_pid()
        screen:input(':qa!<CR>')
        screen:wait('the end of Neovim', function()
          return screen.dead or nil
        end)
        walker.check_gone(pid)
      end,
    },
  }
end
