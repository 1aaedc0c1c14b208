-- Steps: an answer beside the code, and what stops it.

return function(walker)
  local screen, check, present = walker.screen, walker.check, walker.present

  return {
    {
      'Neovim opens on the sample. The bar says that this is a demo; the tour stands beside the code.',
      function()
        screen:see('double mean_temperature')
        screen:see('Tour')
        screen:see(':qa!')
        screen:press('<Esc>')
        local has_server = walker.lua('return #require("askedit.local_servers").find(300) > 0')
        check(screen:shows('`Space l`') == has_server, 'the offer of a model server, if one runs here')
        present()
      end,
    },
    {
      'V][ selects the function, Space e explains it: the answer window opens at once and counts the wait.',
      function()
        screen:press('V][<Space>e')
        screen:see('waiting')
        present()
      end,
    },
    {
      'While the answer is on its way, go on typing in the code.',
      function()
        screen:press('O// typed meanwhile')
        screen:see('// typed meanwhile')
        check(screen:shows('waiting'), 'the answer still on its way')
        present()
      end,
    },
    {
      'The answer came on a thread of the host. The cursor is still in the code, still in Insert mode.',
      function()
        screen:see('mean_temperature` drops')
        screen:press(', and after')
        screen:see('// typed meanwhile, and after')
        check(screen:request('nvim_get_mode').mode == 'i', 'Insert mode')
        present()
      end,
    },
    {
      'Esc, Ctrl-W j: the answer, page by page, so that it can be read whole.',
      function()
        screen:press('<Esc><C-w>j')
        check(walker.read_on():find('1 of 20 calls today', 1, true), 'the calls of the day')
      end,
    },
    {
      'In the answer, :Ask How do I fix it? goes on with the conversation.',
      function()
        screen:press('G:Ask How do I fix it?<CR>')
        screen:see('Let the library walk')
        check(walker.read_on():find('2 of 20 calls today', 1, true), 'the calls of the day')
      end,
    },
    {
      'In the code, u takes back what was typed. :Ask Take your time gets a slow answer.',
      function()
        screen:press('<C-w>ku:Ask Take your time<CR>')
        screen:see('waiting')
        check(not walker.text():find('typed', 1, true), 'the sample as it was')
        present()
      end,
    },
    {
      'Space s stops it: the connection is closed, and the text stays.',
      function()
        screen:press('<Space>s')
        screen:see('stopped')
        present()
      end,
    },
    {
      'Again a slow one, and Space k kills the host (kill -9), as a crash would. One sentence says so.',
      function()
        screen:press(':Ask Take your time<CR>')
        screen:see('waiting')
        local pid = walker.host_pid()
        screen:press('<Space>k')
        screen:see('the host ended')
        screen:see('failed')
        walker.check_gone(pid)
        present()
      end,
    },
    {
      'gv Space r: the next question, a review of the same lines, starts a new host.',
      function()
        screen:press('gv<Space>r')
        screen:see('1. **Wrong:**')
        present()
      end,
    },
  }
end
